/* src/mm/protect.c: page protections, and changing them.
 *
 * User interfaces speak PAGE_*, VADs and PTEs a 5-bit MM_* protection: three bits of base rights
 * and two of modifiers (no cache, guard, write combined). A resident page shows its rights to the
 * processor in its PTE and keeps the protection in MMPFN.OriginalPte; one that may not be touched
 * (no access, guard) has no valid PTE, so making a resident page such puts it in transition.
 */
#include "mm/clone.h"
#include "mm/section.h"
#include "mm/vad.h"
#include "mm/wset.h"

/* Base rights, which MM_* counts as 0 .. 7. */
struct rights {
    uint32_t protect; /* PAGE_* */
    bool read, write, execute;
};

static const struct rights rights_of[8] = {
    [MM_ZERO_ACCESS] = {PAGE_NOACCESS, false, false, false},
    [MM_READONLY] = {PAGE_READONLY, true, false, false},
    [MM_EXECUTE] = {PAGE_EXECUTE, true, false, true},
    [MM_EXECUTE_READ] = {PAGE_EXECUTE_READ, true, false, true},
    [MM_READWRITE] = {PAGE_READWRITE, true, true, false},
    [MM_WRITECOPY] = {PAGE_WRITECOPY, true, true, false},
    [MM_EXECUTE_READWRITE] = {PAGE_EXECUTE_READWRITE, true, true, true},
    [MM_EXECUTE_WRITECOPY] = {PAGE_EXECUTE_WRITECOPY, true, true, true},
};

union protection { /* the five bits, taken apart */
    unsigned all;
    struct {
        unsigned base : 3, modifier : 2;
    };
};

enum { MODIFIER_NONE, MODIFIER_NOCACHE, MODIFIER_GUARD, MODIFIER_WRITECOMBINE };

static const struct rights *rights(unsigned protection)
{
    return &rights_of[(union protection){.all = protection}.base];
}

static unsigned modifier(unsigned protection)
{
    return (union protection){.all = protection}.modifier;
}

bool mi_protection_readable(unsigned protection)
{
    return rights(protection)->read;
}

bool mi_protection_writable(unsigned protection)
{
    return rights(protection)->write;
}

bool mi_protection_executable(unsigned protection)
{
    return rights(protection)->execute;
}

bool mi_protection_guard(unsigned protection)
{
    return mi_protection_readable(protection) && modifier(protection) == MODIFIER_GUARD;
}

unsigned mi_protection_rights(unsigned protection)
{
    return (union protection){.base = (union protection){.all = protection}.base}.all;
}

unsigned mi_protection_without_guard(unsigned protection)
{
    return mi_protection_guard(protection) ? mi_protection_rights(protection) : protection;
}

unsigned mi_protection_caching(unsigned protection)
{
    unsigned kept = modifier(protection);

    if (!mi_protection_readable(protection) || kept == MODIFIER_GUARD)
        kept = MODIFIER_NONE;
    return (union protection){.modifier = kept}.all;
}

unsigned mi_pte_caching(MMPTE pte)
{
    if (pte.u.Hard.CacheDisable)
        return MM_NOCACHE;
    return pte.u.Hard.WriteThrough ? MM_WRITECOMBINE : 0;
}

#define BIT_OF(flag) (unsigned)__builtin_ctz(flag)

/* Source: memory protection constants, documentation: exactly one base protection; PAGE_GUARD,
 * PAGE_NOCACHE and PAGE_WRITECOMBINE exclude each other and PAGE_NOACCESS. */
NTSTATUS mi_make_protection(uint32_t protect, bool image, unsigned *protection)
{
    static const struct {
        uint32_t flag;
        unsigned modifier;
    } modifiers[] = {{PAGE_NOCACHE, MODIFIER_NOCACHE},
                     {PAGE_GUARD, MODIFIER_GUARD},
                     {PAGE_WRITECOMBINE, MODIFIER_WRITECOMBINE}};
    /* A single bit, each: their numbers. */
    static const uint8_t base_of[] = {
        [BIT_OF(PAGE_READONLY)] = MM_READONLY,
        [BIT_OF(PAGE_READWRITE)] = MM_READWRITE,
        [BIT_OF(PAGE_WRITECOPY)] = MM_WRITECOPY,
        [BIT_OF(PAGE_EXECUTE)] = MM_EXECUTE,
        [BIT_OF(PAGE_EXECUTE_READ)] = MM_EXECUTE_READ,
        [BIT_OF(PAGE_EXECUTE_READWRITE)] = MM_EXECUTE_READWRITE,
        [BIT_OF(PAGE_EXECUTE_WRITECOPY)] = MM_EXECUTE_WRITECOPY,
    };
    union protection made = {.all = 0};
    uint32_t left = protect;

    for (unsigned i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++) {
        if (!(left & modifiers[i].flag))
            continue;
        if (made.modifier != MODIFIER_NONE)
            return STATUS_INVALID_PAGE_PROTECTION;
        made.modifier = modifiers[i].modifier;
        left -= modifiers[i].flag;
    }
    if (left == PAGE_NOACCESS && made.modifier == MODIFIER_NONE) {
        *protection = MM_NOACCESS;
        return STATUS_SUCCESS;
    }
    unsigned bit = left ? BIT_OF(left) : 0;
    if (left != 1u << bit || bit >= sizeof(base_of) || !base_of[bit])
        return STATUS_INVALID_PAGE_PROTECTION;
    made.base = base_of[bit];
    if (!image && (made.base == MM_WRITECOPY || made.base == MM_EXECUTE_WRITECOPY))
        return STATUS_INVALID_PAGE_PROTECTION;
    *protection = made.all;
    return STATUS_SUCCESS;
}

uint32_t mi_page_protect(const struct mm *mm, unsigned protection)
{
    return mm->ke->nt.MmProtectToValue[protection];
}

MMPTE mi_user_page_pte(uint64_t pfn, unsigned protection)
{
    bool write = mi_protection_writable(protection);
    MMPTE pte = {.u.Hard = {.Valid = 1,
                            .Dirty1 = write,
                            .Owner = 1,
                            .Write = write,
                            .PageFrameNumber = pfn,
                            .NoExecute = !mi_protection_executable(protection)}};

    if (modifier(protection) == MODIFIER_NOCACHE) {
        pte.u.Hard.CacheDisable = 1;
        pte.u.Hard.WriteThrough = 1;
    } else if (modifier(protection) == MODIFIER_WRITECOMBINE) {
        pte.u.Hard.WriteThrough = 1;
    }
    return pte;
}

unsigned mi_pte_protection(const struct mm *mm, MMPTE pte, const MMVAD_SHORT *vad)
{
    if (pte.u.Long == 0)
        return vad->u.VadFlags.Protection;
    if (mi_pte_is_fork(mm, pte))
        return pte.u.Hard.Valid ? pte.u.Hard.SoftwareWsIndex : pte.u.Proto.Protection;
    if (!pte.u.Hard.Valid)
        return pte.u.Soft.Protection;
    if (pte.u.Hard.PageFrameNumber == mm->shared_user_data_pfn)
        return vad->u.VadFlags.Protection;
    return mi_read_pte(&mi_pfn(mm, pte.u.Hard.PageFrameNumber)->OriginalPte).u.Soft.Protection;
}

bool mi_pte_is_committed(MMPTE pte, const MMVAD_SHORT *vad)
{
    return pte.u.Long == 0 ? vad->u.VadFlags.MemCommit : !mi_pte_is_decommitted(pte);
}

/* Whether a processor that still holds `old` could do what `now` forbids, or do it another way. */
static bool is_weaker(MMPTE now, MMPTE old)
{
    return (old.u.Hard.Dirty1 && !now.u.Hard.Dirty1) ||
           (!old.u.Hard.NoExecute && now.u.Hard.NoExecute) ||
           old.u.Hard.CacheDisable != now.u.Hard.CacheDisable ||
           old.u.Hard.WriteThrough != now.u.Hard.WriteThrough;
}

bool mi_change_rights(MMPTE *pte, unsigned protection)
{
    MMPTE old = mi_read_pte(pte), now;

    do {
        now = mi_user_page_pte(old.u.Hard.PageFrameNumber, protection);
        now.u.Hard.Accessed = old.u.Hard.Accessed;
        now.u.Hard.Dirty = old.u.Hard.Dirty;
        now.u.Hard.LargePage = old.u.Hard.LargePage;
    } while (!__atomic_compare_exchange_n(&pte->u.Long, &old.u.Long, now.u.Long, true,
                                          __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return is_weaker(now, old);
}

static MMPTE with_protection(MMPTE pte, unsigned protection)
{
    pte.u.Soft.Protection = protection; /* at the same place in every form that is not valid */
    return pte;
}

/* OriginalPte of a page in use is the working set lock's, except that the writer, or who notes that
 * the page was changed, takes the slot out of it under the PFN lock. */
static void set_original_protection(struct mm *mm, MMPFN *page, unsigned protection)
{
    MMPTE original = mi_read_pte(&page->OriginalPte);

    if (!mi_pte_in_page_file(original)) {
        mi_write_pte(&page->OriginalPte, with_protection(original, protection));
        return;
    }
    ke_acquire_lock(&mm->pfn_lock);
    mi_write_pte(&page->OriginalPte, with_protection(page->OriginalPte, protection));
    ke_release_lock(&mm->pfn_lock);
}

/* A page that is not valid: in transition perhaps, but that can end at any time. */
static void change_invalid(struct mm *mm, MMPTE *pte, unsigned protection)
{
    MMPTE old = mi_read_pte(pte);

    if (!mi_pte_is_transition(old)) {
        mi_change_pte(mm, pte,
                      mi_pte_in_page_file(old) ? with_protection(old, protection)
                                               : mi_demand_zero_pte(protection));
        return;
    }
    ke_acquire_lock(&mm->pfn_lock);
    old = mi_read_pte(pte);
    if (mi_pte_is_transition(old)) {
        MMPFN *page = mi_pfn(mm, old.u.Trans.PageFrameNumber);
        page->OriginalPte = with_protection(page->OriginalPte, protection);
    }
    mi_write_pte(pte, with_protection(old, protection));
    ke_release_lock(&mm->pfn_lock);
}

/* A page of a fork: what the process may do with it, until it writes. */
static void set_fork_protection(struct mi_flush *flush, MMPTE *pte, uint64_t va,
                                unsigned protection)
{
    struct mm_space *space = flush->space;
    struct mm *mm = space->mm;
    MMPTE old = mi_read_pte(pte);
    uint64_t block_va = mi_clone_block_va(mm, old);
    bool accessible = mi_protection_readable(protection) && !mi_protection_guard(protection);

    if (!old.u.Hard.Valid || !accessible) {
        mi_fork_page_leaves(flush, pte, va, mi_away_fork_pte(block_va, protection));
        return;
    }
    uint64_t pfn = old.u.Hard.PageFrameNumber;
    MMPTE now = mi_fork_page_pte(pfn, protection);
    now.u.Hard.Accessed = old.u.Hard.Accessed;
    mi_change_pte(mm, pte, now);
    if (is_weaker(now, old))
        mi_flush_page(flush, va, pfn);
}

void mi_set_page_protection(struct mi_flush *flush, MMPTE *pte, uint64_t va, unsigned protection)
{
    struct mm_space *space = flush->space;
    struct mm *mm = space->mm;
    MMPTE old = mi_read_pte(pte);

    if (mi_pte_is_fork(mm, old)) {
        set_fork_protection(flush, pte, va, protection);
        return;
    }
    if (!old.u.Hard.Valid) {
        change_invalid(mm, pte, protection);
        return;
    }
    uint64_t pfn = old.u.Hard.PageFrameNumber;
    set_original_protection(mm, mi_pfn(mm, pfn), protection);
    if (mi_protection_readable(protection) && !mi_protection_guard(protection)) {
        if (mi_change_rights(pte, protection))
            mi_flush_page(flush, va, pfn);
    } else {
        old = mi_change_pte(mm, pte, mi_transition_pte(pfn, protection));
        mi_flush_page(flush, va, pfn);
        mi_wsle_remove(space, pfn);
        mi_note_written(space, va, old);
        mi_flush_unmap(flush, pfn, old.u.Hard.Dirty);
    }
}

/* ---- the service ---- */

struct protect {
    struct mm_space *space;
    MMVAD_SHORT *vad;
    uint64_t start, end; /* bytes, page aligned */
    unsigned protection;
};

/* Every page must be committed. */
static NTSTATUS check_committed(const struct protect *p)
{
    unsigned protection;

    for (uint64_t va = p->start; mi_vad_is_view(p->vad) && va < p->end; va += PAGE_SIZE) {
        if (!mi_view_page(p->space, p->vad, va, mi_pte_or_zero(p->space, va), &protection))
            return STATUS_NOT_COMMITTED;
    }
    if (mi_vad_is_view(p->vad))
        return STATUS_SUCCESS;
    for (uint64_t va = p->start; va < p->end;) {
        uint64_t found = va;
        MMPTE *pte = mi_next_pte(p->space, &found, p->end);
        if (found > va && !p->vad->u.VadFlags.MemCommit)
            return STATUS_NOT_COMMITTED; /* no table, no page */
        if (!pte)
            return STATUS_SUCCESS;
        uint64_t stop = mi_table_end(found, p->end);
        for (va = found; va < stop; va += PAGE_SIZE, pte++) {
            if (!mi_pte_is_committed(mi_read_pte(pte), p->vad))
                return STATUS_NOT_COMMITTED;
        }
    }
    return STATUS_SUCCESS;
}

/* => tables exist for the whole range */
static void set_protections(const struct protect *p)
{
    const MMPTE untouched = mi_demand_zero_pte(p->protection);
    struct mi_deleted bare = {0, 0};
    struct mi_flush flush;
    MMPTE *pte;

    mi_flush_begin(&flush, p->space);
    for (uint64_t va = p->start; (pte = mi_next_pte(p->space, &va, p->end)) != NULL;) {
        uint64_t stop = mi_table_end(va, p->end);
        for (size_t done = 1; va < stop; va += MI_VA(done), pte += done, done = 1) {
            if (mi_pte_is_bare(mi_read_pte(pte)))
                done = mi_change_bare_ptes(p->space->mm, pte, MI_VPN(stop - va), untouched, &bare);
            else
                mi_set_page_protection(&flush, pte, va, p->protection);
        }
    }
    mi_flush_end(&flush);
}

/* => (W) */
static NTSTATUS change_range(const struct protect *p, unsigned *old)
{
    if (p->vad->u.VadFlags.NoChange || p->vad->u.VadFlags.VadType == MI_VAD_AWE)
        return STATUS_INVALID_PAGE_PROTECTION;
    if (mi_vad_is_large(p->vad)) {
        *old = mi_large_protection(p->space, p->vad, p->start);
        return mi_protect_large(p->space, p->vad, p->start, p->end, p->protection);
    }
    NTSTATUS status = check_committed(p);
    if (!NT_SUCCESS(status))
        return status;
    status = mi_make_tables(p->space, p->start, p->end);
    if (!NT_SUCCESS(status))
        return status;
    MMPTE first = mi_read_pte(mi_find_pte(p->space, p->start));
    if (mi_vad_is_view(p->vad)) {
        (void)mi_view_page(p->space, p->vad, p->start, first, old);
        status =
            mi_protect_view(p->space, p->vad, MI_VPN(p->start), MI_VPN(p->end - 1), p->protection);
        mi_trim_tables(p->space, p->start, p->end);
        return status;
    }
    *old = mi_pte_protection(p->space->mm, first, p->vad);
    set_protections(p);
    return STATUS_SUCCESS;
}

/* A locked page that becomes inaccessible is unlocked, and the caller told. => (W)
 * Source: STATUS_WAS_UNLOCKED, [MS-ERREF] 2.3. */
static NTSTATUS protect_locked(const struct protect *p, unsigned *old)
{
    bool accessible = mi_protection_readable(p->protection) && !mi_protection_guard(p->protection);
    bool unlocks = !accessible && mi_any_page_is_locked(p->space, p->start, p->end);
    NTSTATUS status = change_range(p, old);

    return status == STATUS_SUCCESS && unlocks ? STATUS_WAS_UNLOCKED : status;
}

/* NtProtectVirtualMemory.
 * => STATUS_WAS_UNLOCKED (a success) some page was locked, and is not any more
 *    STATUS_INVALID_PAGE_PROTECTION  not a valid protection, or not for this kind of memory
 *    STATUS_INVALID_PARAMETER_2, _3  base or end outside of user space, size 0
 *    STATUS_CONFLICTING_ADDRESSES    not all in one allocation, or not whole large pages
 *    STATUS_PROCESS_IS_TERMINATING   its memory was deleted already
 *    STATUS_NOT_COMMITTED            some page is not committed; nothing was changed
 *    STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT  no page tables to note the protection in
 * Source: VirtualProtect, documentation. */
NTSTATUS mm_protect_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size,
                                   uint32_t protect, uint32_t *old_protect)
{
    struct protect p = {.space = space};
    unsigned old = 0;
    NTSTATUS status = mi_make_protection(protect, true, &p.protection);

    if (!NT_SUCCESS(status))
        return status;
    if (*base > MM_HIGHEST_VAD_ADDRESS)
        return STATUS_INVALID_PARAMETER_2;
    if (*size == 0 || *size > MM_HIGHEST_VAD_ADDRESS + 1 - *base)
        return STATUS_INVALID_PARAMETER_3;
    p.start = MI_VA(MI_VPN(*base));
    p.end = MI_VA(MI_VPN(*base + *size - 1) + 1);
    mi_lock_address_space(space);
    status = mi_space_status(space);
    p.vad = mi_vad_find(space, MI_VPN(p.start));
    if (NT_SUCCESS(status) && (!p.vad || p.vad->EndingVpn < MI_VPN(p.end - 1)))
        status = STATUS_CONFLICTING_ADDRESSES;
    if (NT_SUCCESS(status))
        status = mi_make_protection(protect, mi_vad_is_view(p.vad), &p.protection);
    if (NT_SUCCESS(status) && mi_vad_is_view(p.vad) && mi_protection_caching(p.protection))
        status = STATUS_INVALID_PAGE_PROTECTION; /* the section decides that */
    if (NT_SUCCESS(status)) {
        mi_lock_working_set(space);
        status = protect_locked(&p, &old);
        mi_unlock_working_set(space);
    }
    mi_unlock_address_space(space);
    if (!NT_SUCCESS(status))
        return status;
    *base = p.start;
    *size = p.end - p.start;
    *old_protect = mi_page_protect(space->mm, old);
    return status;
}
