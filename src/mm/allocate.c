/* src/mm/allocate.c: reserving and committing private memory.
 *
 *      reserve            a VAD, no charge, no PTEs
 *      reserve + commit   a VAD with MemCommit: every page of it is committed with the VAD's
 *                         protection unless its PTE says otherwise; charged at once, no PTEs
 *      commit             charged; each page gets a demand-zero PTE with its protection, except
 *                         where a MemCommit VAD says the same without, as one does that is
 *                         committed as a whole with its own protection
 *
 *      PTE                       VAD without MemCommit     VAD with MemCommit
 *      zero, or no table         reserved                  committed, VAD's protection
 *      demand zero, valid, ...   committed                 committed
 *      MM_DECOMMIT               -                         reserved
 */
#include <stdlib.h>

#include "mm/frames.h"
#include "mm/section.h"
#include "mm/vad.h"

#define ZERO_BITS_MOST 21u /* counted from bit 31 down */

struct allocation {
    struct mm_space *space;
    uint64_t base, size; /* as asked for */
    uint64_t limit;      /* first page number behind what ZeroBits allow */
    uint32_t type;
    unsigned protection;
    uint64_t first, last;  /* page numbers */
    const uint64_t *large; /* MEM_LARGE_PAGES: the first frame of each large page */
};

/* Source: NtAllocateVirtualMemory, documentation: the number of high-order zero bits counts from
 * bit 31, at most 21; a value above 32 is a mask of the bits that may be set. */
static NTSTATUS zero_bits_limit(uint64_t zero_bits, uint64_t *limit)
{
    uint64_t highest = MM_HIGHEST_VAD_ADDRESS;

    if (zero_bits > ZERO_BITS_MOST && zero_bits <= 32)
        return STATUS_INVALID_PARAMETER_3;
    if (zero_bits > 32)
        highest = UINT64_MAX >> __builtin_clzll(zero_bits);
    else if (zero_bits > 0)
        highest = UINT32_MAX >> zero_bits;
    if (highest > MM_HIGHEST_VAD_ADDRESS)
        highest = MM_HIGHEST_VAD_ADDRESS;
    *limit = MI_VPN(highest + 1);
    return STATUS_SUCCESS;
}

/* Source: VirtualAlloc and NtAllocateVirtualMemory, documentation. */
static NTSTATUS check_type(const struct allocation *a)
{
    const uint32_t known = MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_TOP_DOWN | MEM_WRITE_WATCH |
                           MEM_PHYSICAL | MEM_LARGE_PAGES;
    uint32_t type = a->type;

    if ((type & ~known) != 0 || !(type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET)))
        return STATUS_INVALID_PARAMETER_5;
    if ((type & MEM_RESET) && type != MEM_RESET)
        return STATUS_INVALID_PARAMETER_5;
    if ((type & MEM_PHYSICAL) && (type & ~MEM_TOP_DOWN) != (MEM_RESERVE | MEM_PHYSICAL))
        return STATUS_INVALID_PARAMETER_5;
    if ((type & MEM_LARGE_PAGES) &&
        (type & (MEM_COMMIT | MEM_RESERVE)) != (MEM_COMMIT | MEM_RESERVE))
        return STATUS_INVALID_PARAMETER_5;
    if ((type & MEM_WRITE_WATCH) && (!(type & MEM_RESERVE) || (type & MEM_LARGE_PAGES)))
        return STATUS_INVALID_PARAMETER_5;
    return STATUS_SUCCESS;
}

/* Source: VirtualAlloc, MEM_LARGE_PAGES: size and alignment are multiples of the large page. */
static NTSTATUS check_large(const struct allocation *a)
{
    if (!mi_large_may_have(a->protection))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (a->base % MI_TABLE_SPAN != 0)
        return STATUS_INVALID_PARAMETER_2;
    if (a->size % MI_TABLE_SPAN != 0)
        return STATUS_INVALID_PARAMETER_4;
    return STATUS_SUCCESS;
}

static NTSTATUS check(struct allocation *a, uint64_t zero_bits, uint32_t protect)
{
    NTSTATUS status = zero_bits_limit(zero_bits, &a->limit);

    if (NT_SUCCESS(status))
        status = check_type(a);
    if (NT_SUCCESS(status))
        status = mi_make_protection(protect, false, &a->protection);
    if (!NT_SUCCESS(status))
        return status;
    if ((a->type & MEM_PHYSICAL) && a->protection != MM_READWRITE)
        return STATUS_INVALID_PARAMETER_6;
    if (a->base > MM_HIGHEST_VAD_ADDRESS)
        return STATUS_INVALID_PARAMETER_2;
    if (a->size == 0 || a->size > MM_HIGHEST_VAD_ADDRESS + 1 - a->base)
        return STATUS_INVALID_PARAMETER_4;
    return a->type & MEM_LARGE_PAGES ? check_large(a) : STATUS_SUCCESS;
}

/* ---- reserve -------------------------------------------------------------------------------- */

/* Where it goes. => address creation lock held */
static NTSTATUS place(struct allocation *a)
{
    uint64_t pages = MI_VPN(a->size - 1) + 1;
    NTSTATUS status = mi_space_status(a->space);

    if (!NT_SUCCESS(status))
        return status;
    if (a->base == 0) {
        uint64_t slack = a->large ? MI_LARGE_FRAMES - MI_VAD_UNIT : 0;
        status =
            mi_vad_find_hole(a->space, pages + slack, a->limit, a->type & MEM_TOP_DOWN, &a->first);
        if (a->large)
            a->first = (a->first + slack) / MI_LARGE_FRAMES * MI_LARGE_FRAMES;
        a->last = a->first + pages - 1;
        return status;
    }
    a->first = MI_VPN(a->base) / MI_VAD_UNIT * MI_VAD_UNIT;
    a->last = MI_VPN(a->base + a->size - 1);
    if (a->first < MI_VPN(MM_LOWEST_USER_ADDRESS))
        return STATUS_INVALID_PARAMETER_2;
    return mi_vad_range_is_free(a->space, a->first, a->last) ? STATUS_SUCCESS
                                                             : STATUS_CONFLICTING_ADDRESSES;
}

NTSTATUS mi_vad_enter(struct mm_space *space, MMVAD_SHORT *vad, uint64_t charge)
{
    mi_lock_working_set(space);
    if (!mi_charge_process_commit(space, charge, MI_COMMIT_USER)) {
        mi_unlock_working_set(space);
        return STATUS_COMMITMENT_LIMIT;
    }
    mi_vad_insert(space, vad);
    mi_virtual_size_add(space, (int64_t)MI_VA(mi_vad_pages(vad)));
    if (vad->u.VadFlags.VadType == MI_VAD_WRITE_WATCH)
        mi_watch_begin(space);
    mi_unlock_working_set(space);
    return STATUS_SUCCESS;
}

/* => (C) */
static MMVAD_SHORT *take_vad(const struct allocation *a)
{
    return a->type & MEM_WRITE_WATCH ? mi_watch_allocate_vad(a->space->mm, a->last - a->first + 1)
                                     : mi_vad_take(a->space);
}

/* What makes it memory of its kind. */
static void set_type(const struct allocation *a, MMVAD_SHORT *vad)
{
    if (a->type & MEM_PHYSICAL)
        vad->u.VadFlags.VadType = MI_VAD_AWE;
    if (a->large)
        vad->u.VadFlags.VadType = MI_VAD_LARGE_PAGES;
}

static NTSTATUS enter(const struct allocation *a, MMVAD_SHORT *vad)
{
    return a->large ? mi_enter_large(a->space, vad, a->large)
                    : mi_vad_enter(a->space, vad, mi_vad_commit(vad));
}

static NTSTATUS reserve(struct allocation *a)
{
    struct mm_space *space = a->space;
    bool commit = a->type & MEM_COMMIT;

    mi_lock_address_space(space);
    NTSTATUS status = place(a);
    MMVAD_SHORT *vad = NT_SUCCESS(status) ? take_vad(a) : NULL;
    if (NT_SUCCESS(status) && !vad)
        status = STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status)) {
        vad->StartingVpn = a->first;
        vad->EndingVpn = a->last;
        vad->u.VadFlags.Protection = a->protection;
        vad->u.VadFlags.MemCommit = commit;
        vad->u.VadFlags.CommitCharge = commit ? a->last - a->first + 1 : 0;
        set_type(a, vad);
        status = enter(a, vad);
    }
    if (!NT_SUCCESS(status) && vad)
        mi_vad_give(space, vad);
    mi_unlock_address_space(space);
    return status;
}

/* The physical pages are found first: that may take long, and memory of others. */
static NTSTATUS reserve_large(struct allocation *a)
{
    struct mm *mm = a->space->mm;
    size_t count = a->size / MI_TABLE_SPAN;
    uint64_t *pages = count <= mm->frames / MI_LARGE_FRAMES ? calloc(count, sizeof *pages) : NULL;
    NTSTATUS status = pages ? mi_take_large_pages(mm, pages, count) : STATUS_INSUFFICIENT_RESOURCES;

    if (NT_SUCCESS(status)) {
        a->large = pages;
        status = reserve(a);
        if (!NT_SUCCESS(status))
            mi_give_large_pages(mm, pages, count);
    }
    free(pages);
    return status;
}

NTSTATUS mm_create_peb_or_teb(struct mm_space *space, uint64_t size, uint64_t *base)
{
    uint64_t pages = MI_VPN(size + PAGE_SIZE - 1), first = 0;
    MMVAD_SHORT *vad = mi_vad_allocate(space->mm, false);

    if (!vad)
        return STATUS_INSUFFICIENT_RESOURCES;
    mi_lock_address_space(space);
    NTSTATUS status = mi_space_status(space);
    if (NT_SUCCESS(status))
        status = mi_vad_find_hole_by_page(space, pages, &first);
    if (NT_SUCCESS(status)) {
        vad->StartingVpn = first;
        vad->EndingVpn = first + pages - 1;
        vad->u.VadFlags.Protection = MM_READWRITE;
        vad->u.VadFlags.MemCommit = 1;
        vad->u.VadFlags.CommitCharge = pages;
        status = mi_vad_enter(space, vad, pages);
        *base = MI_VA(first);
    }
    mi_unlock_address_space(space);
    if (!NT_SUCCESS(status))
        mi_vad_free(space->mm, vad);
    return status;
}

/* ---- commit --------------------------------------------------------------------------------- */

/* => tables exist, unless the VAD says all there is to say */
static void commit_pages(const struct allocation *a, const MMVAD_SHORT *vad)
{
    const MMPTE committed = mi_demand_zero_pte(a->protection);
    bool by_pte = !vad->u.VadFlags.MemCommit; /* a zero PTE says reserved */
    struct mm *mm = a->space->mm;
    uint64_t end = MI_VA(a->last + 1);
    struct mi_deleted bare = {0, 0};
    struct mi_flush flush;
    MMPTE *pte;

    mi_flush_begin(&flush, a->space);
    for (uint64_t va = MI_VA(a->first); (pte = mi_next_pte(a->space, &va, end)) != NULL;) {
        uint64_t stop = mi_table_end(va, end);
        for (size_t done = 1; va < stop; va += MI_VA(done), pte += done, done = 1) {
            MMPTE value = mi_read_pte(pte);
            if (by_pte && mi_pte_is_bare(value))
                done = mi_change_bare_ptes(mm, pte, MI_VPN(stop - va), committed, &bare);
            else if (!mi_pte_is_committed(value, vad) ||
                     mi_pte_protection(mm, value, vad) != a->protection)
                mi_set_page_protection(&flush, pte, va, a->protection);
        }
    }
    mi_flush_end(&flush);
}

/* => both locks held */
static NTSTATUS commit_locked(const struct allocation *a, MMVAD_SHORT *vad)
{
    struct mm_space *space = a->space;
    bool whole = a->first == vad->StartingVpn && a->last == vad->EndingVpn;
    bool vad_says_it =
        (vad->u.VadFlags.MemCommit || whole) && vad->u.VadFlags.Protection == a->protection;
    uint64_t pages = a->last - a->first + 1;
    uint64_t charge = pages - mi_count_committed(space, vad, a->first, a->last);

    if (!mi_charge_process_commit(space, charge, MI_COMMIT_USER))
        return STATUS_COMMITMENT_LIMIT;
    if (!vad_says_it) {
        NTSTATUS status = mi_make_tables(space, MI_VA(a->first), MI_VA(a->last + 1));
        if (!NT_SUCCESS(status)) {
            mi_return_process_commit(space, charge, MI_COMMIT_USER);
            return status;
        }
    }
    if (vad_says_it)
        vad->u.VadFlags.MemCommit = 1;
    vad->u.VadFlags.CommitCharge += charge;
    commit_pages(a, vad);
    return STATUS_SUCCESS;
}

/* The VAD that holds the whole range, which becomes first..last. => address creation lock held */
static NTSTATUS find_private(struct allocation *a, MMVAD_SHORT **out)
{
    a->first = MI_VPN(a->base);
    a->last = MI_VPN(a->base + a->size - 1);
    NTSTATUS status = mi_space_status(a->space);
    MMVAD_SHORT *vad = mi_vad_find(a->space, a->first);

    if (!NT_SUCCESS(status))
        return status;
    if (!vad || vad->EndingVpn < a->last)
        return STATUS_CONFLICTING_ADDRESSES;
    if (mi_vad_is_view(vad)) {
        *out = vad;
        return STATUS_SUCCESS;
    }
    if (vad->u.VadFlags.NoChange)
        return STATUS_INVALID_PAGE_PROTECTION;
    if (vad->u.VadFlags.VadType == MI_VAD_AWE || mi_vad_is_large(vad))
        return STATUS_CONFLICTING_ADDRESSES; /* it has the pages that are mapped there */
    *out = vad;
    return STATUS_SUCCESS;
}

/* Pages of a section that was reserved. => (C) */
static NTSTATUS commit_in_view(const struct allocation *a, MMVAD_SHORT *vad)
{
    struct mm_space *space = a->space;

    if (mi_vad_is_large(vad))
        return STATUS_ALREADY_COMMITTED;
    mi_lock_working_set(space);
    NTSTATUS status = mi_make_tables(space, MI_VA(a->first), MI_VA(a->last + 1));
    if (NT_SUCCESS(status))
        status = mi_commit_view(space, vad, a->first, a->last, a->protection);
    if (NT_SUCCESS(status) && a->protection != vad->u.VadFlags.Protection)
        status = mi_protect_view(space, vad, a->first, a->last, a->protection);
    mi_trim_tables(space, MI_VA(a->first), MI_VA(a->last + 1));
    mi_unlock_working_set(space);
    return status;
}

static NTSTATUS commit(struct allocation *a)
{
    struct mm_space *space = a->space;
    MMVAD_SHORT *vad;

    mi_lock_address_space(space);
    NTSTATUS status = find_private(a, &vad);
    if (NT_SUCCESS(status) && mi_vad_is_view(vad)) {
        status = commit_in_view(a, vad);
    } else if (NT_SUCCESS(status)) {
        mi_lock_working_set(space);
        status = commit_locked(a, vad);
        mi_unlock_working_set(space);
    }
    mi_unlock_address_space(space);
    return status;
}

/* ---- reset ---------------------------------------------------------------------------------- */

/* What private pages contain is of no more use. Pages of a section are others' as well, and keep
 * theirs. Source: VirtualAlloc, documentation: not for memory that a file is behind. */
static NTSTATUS reset(struct allocation *a)
{
    struct mm_space *space = a->space;
    MMVAD_SHORT *vad;

    mi_lock_address_space(space);
    NTSTATUS status = find_private(a, &vad);
    if (NT_SUCCESS(status) && mi_vad_is_view(vad)) {
        if (mi_control_of_vad(space->mm, vad)->file)
            status = STATUS_USER_MAPPED_FILE;
    } else if (NT_SUCCESS(status)) {
        mi_lock_working_set(space);
        mi_reset_pages(space, a->first, a->last);
        mi_unlock_working_set(space);
    }
    mi_unlock_address_space(space);
    return status;
}

/* NtAllocateVirtualMemory.
 * => STATUS_INVALID_PARAMETER_2     base in the null or upper guard region, or not user space
 *    STATUS_INVALID_PARAMETER_3     ZeroBits 22..32
 *    STATUS_INVALID_PARAMETER_4     size 0, or the end is not in user space
 *    STATUS_INVALID_PARAMETER_5     unknown or contradicting allocation type
 *    STATUS_INVALID_PAGE_PROTECTION not a protection for private memory
 *    STATUS_CONFLICTING_ADDRESSES   reserve: something is there; commit: not all in one reservation
 *                                   that is neither physical nor of large pages
 *    STATUS_ALREADY_COMMITTED       commit in a view of an image
 *    STATUS_NO_MEMORY               no hole of that size
 *    STATUS_COMMITMENT_LIMIT        RAM and page files are promised to others
 *    STATUS_PROCESS_IS_TERMINATING  its memory was deleted already
 *    STATUS_INSUFFICIENT_RESOURCES  MEM_LARGE_PAGES: too little of RAM is free in one piece
 *    STATUS_USER_MAPPED_FILE        MEM_RESET in a view of a file
 *    STATUS_INVALID_PARAMETER_6     MEM_PHYSICAL with another protection than PAGE_READWRITE
 * Nothing changes on failure. Source: VirtualAlloc, NtAllocateVirtualMemory, documentation. */
NTSTATUS mm_allocate_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t zero_bits,
                                    uint64_t *size, uint32_t type, uint32_t protect)
{
    struct allocation a = {.space = space, .base = *base, .size = *size, .type = type};
    NTSTATUS status = check(&a, zero_bits, protect);

    if (NT_SUCCESS(status)) {
        bool new_range = (type & MEM_RESERVE) || (a.base == 0 && (type & MEM_COMMIT));
        status = type & MEM_LARGE_PAGES ? reserve_large(&a)
                 : new_range            ? reserve(&a)
                 : type == MEM_RESET    ? reset(&a)
                                        : commit(&a);
    }
    if (!NT_SUCCESS(status))
        return status;
    *base = MI_VA(a.first);
    *size = MI_VA(a.last - a.first + 1);
    return STATUS_SUCCESS;
}
