/* src/mm/proto.c: prototype PTEs, the one place where a page that several processes share is kept.
 *
 *      process A's PTE --valid--.                      .--> frame; MMPFN.PteAddress = the prototype
 *      process B's PTE --valid---+-- prototype PTE ----'    ShareCount = the PTEs that map it
 *      process C's PTE  zero  ---'   (paged pool)
 *
 *      prototype        meaning                              next
 *      zero             SEC_RESERVE: not committed           commit: demand zero
 *      demand zero      nobody touched it                    fault: valid
 *      subsection       to be made from the file             fault: valid
 *      valid            ShareCount PTEs map it               last one goes: transition
 *      transition       on the standby list (as a file       fault: valid; standby frames may be
 *                       has it) or the modified list         taken: OriginalPte comes back
 *      page file        was written there                    fault: read, then transition
 *
 * Every change of a prototype happens under the PFN lock, with the page that it lies in in memory
 * (pagedpool.c): brought in before the lock is taken, unless it is held there because prototypes in
 * it, as the one in question, hold frames. Who brings a page in holds the segment's lock as well,
 * so a page is made once however many processes wait for it.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Prototype PTEs"; layouts by symbols.
 */
#include <string.h>

#include "mm/clone.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/system.h"
#include "mm/vad.h"

unsigned mi_protection_of_copy(unsigned protection)
{
    if (!mi_protection_is_copy(protection))
        return protection;
    return protection - MM_WRITECOPY + MM_READWRITE; /* the execute variants are as far apart */
}

MMPTE *mi_proto_of(const struct mm *mm, const MMVAD_SHORT *vad, uint64_t va)
{
    const struct kspace *ks = &mm->ke->ks;
    const MMVAD *view = (const MMVAD *)vad;
    MMPTE *first = k2h(ks, view->FirstPrototypePte), *last = k2h(ks, view->LastContiguousPte);
    uint64_t index = MI_VPN(va) - vad->StartingVpn;

    if (index <= (uint64_t)(last - first))
        return first + index;
    const SUBSECTION *subsection = k2h(ks, view->Subsection);
    index -= (uint64_t)(last - first) + 1;
    subsection = mi_next_subsection(ks, subsection);
    for (ULONG pages;
         index >= (pages = __atomic_load_n(&subsection->PtesInSubsection, __ATOMIC_ACQUIRE));
         subsection = mi_next_subsection(ks, subsection))
        index -= pages;
    return (MMPTE *)k2h(ks, subsection->SubsectionBase) + index;
}

uint64_t mi_view_first_page(struct mm *mm, const MMVAD_SHORT *vad)
{
    const struct kspace *ks = &mm->ke->ks;
    const struct mi_control *control = mi_control_of_vad(mm, vad);
    const MMVAD *view = (const MMVAD *)vad;
    const MMPTE *first = k2h(ks, view->FirstPrototypePte);
    const SUBSECTION *subsection = k2h(ks, view->Subsection);

    if (control->ptes)
        return (uint64_t)(first - control->ptes);
    return subsection->StartingSector +
           (uint64_t)(first - (MMPTE *)k2h(ks, subsection->SubsectionBase));
}

MMPTE mi_shared_page_pte(uint64_t pfn, unsigned protection)
{
    MMPTE pte = mi_user_page_pte(pfn, protection);

    if (mi_protection_is_copy(protection)) {
        pte.u.Hard.Write = 0;
        pte.u.Hard.Dirty1 = 0;
        pte.u.Hard.CopyOnWrite = 1;
    }
    return pte;
}

bool mi_pte_is_shared(const struct mm *mm, MMPTE pte)
{
    return pte.u.Hard.Valid && mi_pfn(mm, pte.u.Hard.PageFrameNumber)->u4.PrototypePte;
}

/* What a prototype says about its page. => false: not committed */
static bool proto_protection(const struct mm *mm, MMPTE value, unsigned *protection)
{
    if (value.u.Long == 0)
        return false;
    if (value.u.Hard.Valid)
        value = mi_pfn(mm, value.u.Hard.PageFrameNumber)->OriginalPte;
    *protection = value.u.Soft.Protection; /* at the same place in every other form */
    return true;
}

/* What a view says about a page that its PTE says nothing about. => (P) */
static bool view_protection(const struct mm *mm, const MMVAD_SHORT *vad, MMPTE proto,
                            unsigned *protection)
{
    bool committed = proto_protection(mm, proto, protection);

    if (vad->u.VadFlags.VadType != MI_VAD_IMAGE_MAP)
        *protection = vad->u.VadFlags.Protection;
    return committed;
}

/* The rights in a valid PTE of a shared page. The one that the view gives is preferred, since
 * several protections make the same PTE. */
static unsigned shared_protection(MMPTE pte, unsigned usual)
{
    MMPTE made = mi_shared_page_pte(pte.u.Hard.PageFrameNumber, usual);
    unsigned caching = mi_pte_caching(pte);
    bool execute = !pte.u.Hard.NoExecute;

    if (mi_protection_readable(usual) && made.u.Hard.Write == pte.u.Hard.Write &&
        made.u.Hard.CopyOnWrite == pte.u.Hard.CopyOnWrite &&
        made.u.Hard.NoExecute == pte.u.Hard.NoExecute)
        return mi_protection_without_guard(usual);
    if (pte.u.Hard.CopyOnWrite)
        return caching | (execute ? MM_EXECUTE_WRITECOPY : MM_WRITECOPY);
    if (pte.u.Hard.Write)
        return caching | (execute ? MM_EXECUTE_READWRITE : MM_READWRITE);
    return caching | (execute ? MM_EXECUTE_READ : MM_READONLY);
}

static bool is_copy(const struct mm *mm, MMPTE pte)
{
    if (pte.u.Long == 0 || mi_pte_is_lookup(pte))
        return false;
    return !mi_pte_is_shared(mm, pte) || mi_pte_is_fork(mm, pte);
}

bool mi_view_page(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t va, MMPTE pte,
                  unsigned *protection)
{
    struct mm *mm = space->mm;

    if (is_copy(mm, pte)) {
        *protection = mi_pte_protection(mm, pte, vad);
        return true;
    }
    const MMPTE *proto = mi_proto_of(mm, vad, va);
    mi_lock_pfn_with(mm, proto);
    bool committed = mi_view_page_by(mm, vad, pte, mi_read_pte(proto), protection);
    ke_release_lock(&mm->pfn_lock);
    return committed;
}

bool mi_view_page_is_charged(const struct mm *mm, MMPTE pte, unsigned protection)
{
    return is_copy(mm, pte) || mi_protection_is_copy(protection);
}

bool mi_view_page_by(const struct mm *mm, const MMVAD_SHORT *vad, MMPTE pte, MMPTE proto,
                     unsigned *protection)
{
    unsigned usual = MM_NOACCESS;
    bool committed = view_protection(mm, vad, proto, &usual);

    if (is_copy(mm, pte)) {
        *protection = mi_pte_protection(mm, pte, vad);
        return true;
    }
    if (pte.u.Hard.Valid)
        *protection = shared_protection(pte, usual);
    else
        *protection = pte.u.Long == 0 ? usual : pte.u.Soft.Protection;
    return committed;
}

/* ---- pages and their prototypes -------------------------------------------------------------- */

static uint64_t frame_of_proto(const struct mm *mm, const MMPTE *proto)
{
    return mm->paged.ptes[mi_region_index(&mm->paged, proto)].u.Hard.PageFrameNumber;
}

/* The same prototype in the direct map, where PTEs are told apart by frame. */
static MMPTE *direct_proto(const struct mm *mm, const MMPTE *proto)
{
    char *page = mi_frame(mm, frame_of_proto(mm, proto));

    return (MMPTE *)(void *)(page + (uintptr_t)proto % PAGE_SIZE);
}

/* => (P) */
static void write_proto(struct mm *mm, MMPTE *proto, MMPTE value)
{
    MMPTE old = mi_exchange_pte(proto, value);
    MMPFN *table = mi_pfn(mm, frame_of_proto(mm, proto));
    int held = mi_pte_holds_frame(value) - mi_pte_holds_frame(old);

    __atomic_fetch_add(&table->u2.ShareCount, (ULONG64)held, __ATOMIC_RELAXED);
}

/* One page more (or less) of a file is in memory. => (P) */
void mi_count_file_page(struct mm *mm, MMPTE original, int by)
{
    const struct kspace *ks = &mm->ke->ks;

    if (!original.u.Soft.Prototype)
        return;
    CONTROL_AREA *area = k2h(ks, mi_subsection_of_pte(mm, original)->ControlArea);
    area->NumberOfPfnReferences += (ULONG64)by;
}

static MMPTE valid_proto(uint64_t pfn)
{
    MMPTE pte = mi_kernel_page_pte(pfn, false);

    pte.u.Hard.Global = 0;
    return pte;
}

/* In transition, and not on its way in: back into use, for one PTE. => (P) */
static uint64_t revive(struct mm *mm, MMPTE *proto, MMPTE value)
{
    uint64_t pfn = value.u.Trans.PageFrameNumber;

    mi_activate_user_page(mm, pfn);
    write_proto(mm, proto, valid_proto(pfn));
    return pfn;
}

/* => (P) */
static void unshare(struct mm *mm, uint64_t pfn, bool dirty)
{
    MMPFN *page = mi_pfn(mm, pfn);

    ASSERT(page->u2.ShareCount > 0);
    if (dirty)
        mi_page_changed(mm, page);
    if (page->u2.ShareCount > 1) {
        page->u2.ShareCount--;
        return;
    }
    MMPTE *proto = kspace_host(&mm->ke->ks, page->PteAddress.va);
    MMPTE gone = mi_transition_pte(pfn, page->OriginalPte.u.Soft.Protection);
    gone.u.Trans.Owner = 0;
    write_proto(mm, proto, gone);
    mi_unmap_page_locked(mm, pfn, false);
}

void mi_unshare_pages(struct mm *mm, const struct mi_unshare *pages, size_t count)
{
    ke_acquire_lock(&mm->pfn_lock);
    for (size_t i = 0; i < count; i++)
        unshare(mm, pages[i].pfn, pages[i].dirty);
    ke_release_lock(&mm->pfn_lock);
    mi_balance(mm);
}

void mi_note_dirty(struct mm *mm, uint64_t pfn)
{
    ke_acquire_lock(&mm->pfn_lock);
    mi_page_changed(mm, mi_pfn(mm, pfn));
    ke_release_lock(&mm->pfn_lock);
}

void mi_proto_delete_locked(struct mm *mm, MMPTE *proto, MMPTE replacement)
{
    MMPTE value = mi_read_pte(proto);

    write_proto(mm, proto, replacement);
    if (mi_pte_is_transition(value)) {
        uint64_t pfn = value.u.Trans.PageFrameNumber;
        mi_count_file_page(mm, mi_pfn(mm, pfn)->OriginalPte, -1);
        mi_give_up_page(mm, pfn);
    } else if (mi_pte_in_page_file(value)) {
        mi_free_slot(mm, value);
    } else if (value.u.Hard.Valid) { /* of a large page, which its section holds */
        ASSERT(mi_pfn(mm, value.u.Hard.PageFrameNumber)->u2.ShareCount == 1);
        mi_give_up_active_page(mm, value.u.Hard.PageFrameNumber);
    }
}

void mi_proto_delete(struct mm *mm, MMPTE *proto, MMPTE replacement)
{
    mi_lock_pfn_with(mm, proto);
    mi_proto_delete_locked(mm, proto, replacement);
    ke_release_lock(&mm->pfn_lock);
}

void mi_proto_adopt(struct mm *mm, MMPTE *proto, MMPTE value)
{
    if (!mi_pte_holds_frame(value)) {
        write_proto(mm, proto, value);
        return;
    }
    uint64_t pfn = value.u.Hard.PageFrameNumber;
    MMPFN *page = mi_pfn(mm, pfn);
    MMPTE gone = mi_transition_pte(pfn, page->OriginalPte.u.Soft.Protection);
    gone.u.Trans.Owner = 0;
    page->PteAddress.va = h2k(&mm->ke->ks, proto);
    page->u4.PteFrame = frame_of_proto(mm, proto);
    page->u4.PrototypePte = 1;
    write_proto(mm, proto, value.u.Hard.Valid ? valid_proto(pfn) : gone);
}

void mi_proto_give(struct mm *mm, MMPTE *proto, uint64_t pte_va, uint64_t table,
                   unsigned protection)
{
    MMPFN *page = mi_pfn(mm, mi_read_pte(proto).u.Hard.PageFrameNumber);

    ASSERT(page->u3.e1.PageLocation == ActiveAndValid && page->u2.ShareCount == 1);
    write_proto(mm, proto, (MMPTE){.u.Long = 0});
    page->PteAddress.va = pte_va;
    page->u4.PteFrame = table;
    page->u4.PrototypePte = 0;
    page->OriginalPte.u.Soft.Protection = protection;
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* One more for a page that is in memory, and not on its way in. Who uses it together finds it as
 * important as the one does that needs it most. => (P) */
static uint64_t share(struct mm *mm, MMPTE *proto, MMPTE value)
{
    if (!value.u.Hard.Valid)
        return revive(mm, proto, value);
    MMPFN *page = mi_pfn(mm, value.u.Hard.PageFrameNumber);
    unsigned priority = mi_page_priority(mm);
    page->u2.ShareCount++;
    if (page->u3.e1.Priority < priority)
        page->u3.e1.Priority = (UCHAR)priority;
    return value.u.Hard.PageFrameNumber;
}

static bool is_being_read(const struct mm *mm, MMPTE value)
{
    return mi_pte_is_transition(value) &&
           mi_pfn(mm, value.u.Trans.PageFrameNumber)->u3.e1.ReadInProgress;
}

/* Share the page if it is in memory, or begin to read it; the next prototype is `step` PTEs away.
 * => whether that is all to be done */
static bool share_or_read(struct mm *mm, MMPTE *proto, unsigned step, uint64_t *pfn,
                          struct mi_read *read, NTSTATUS *status)
{
    bool known = true;

    mi_lock_pfn_with(mm, proto);
    MMPTE value = mi_read_pte(proto);
    *status = STATUS_SUCCESS;
    if (mi_pte_in_page_file(value)) {
        *read = mi_inpage_begin(mm, direct_proto(mm, proto), h2k(&mm->ke->ks, proto), step);
        if (!read->inpage)
            *status = STATUS_NO_MEMORY;
    } else if (is_being_read(mm, value)) {
        *read = mi_inpage_join(mm, mi_pfn(mm, value.u.Trans.PageFrameNumber));
    } else if (mi_pte_holds_frame(value)) {
        *pfn = share(mm, proto, value);
    } else {
        known = false;
    }
    ke_release_lock(&mm->pfn_lock);
    return known;
}

void mi_proto_take(struct mm *mm, MMPTE *proto, MMPTE value, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    page->PteAddress.va = h2k(&mm->ke->ks, proto);
    mi_write_pte(&page->OriginalPte, value); /* who looks for slots to take back sees it already */
    mi_lock_pfn_with(mm, proto);
    page->u4.PteFrame = frame_of_proto(mm, proto);
    page->u4.PrototypePte = 1;
    page->u3.e1.Modified = !value.u.Soft.Prototype;
    write_proto(mm, proto, valid_proto(pfn));
    mi_count_file_page(mm, value, 1);
    ke_release_lock(&mm->pfn_lock);
}

/* Make the page that a prototype stands for. => (G) */
static NTSTATUS make_page(struct mi_control *control, MMPTE *proto, MMPTE value, uint64_t *pfn)
{
    struct mm *mm = control->mm;

    if (value.u.Soft.Prototype)
        return mi_proto_read(control, proto, value, pfn);
    if (!mi_allocate_page(mm, MI_PAGE_USER_ZEROED, pfn))
        return STATUS_NO_MEMORY;
    mi_proto_take(mm, proto, value, *pfn);
    MI_COUNT(mm, MmDemandZeroCount);
    return STATUS_SUCCESS;
}

/* => no page of it is in a paging file, unless *read is looked at */
static NTSTATUS have(struct mi_control *control, MMPTE *proto, uint64_t *pfn, struct mi_read *read)
{
    struct mm *mm = control->mm;
    NTSTATUS status;

    if (share_or_read(mm, proto, 1, pfn, read, &status))
        return status;
    ex_acquire_push_lock_exclusive(&control->segment->SegmentLock, KE_RANK_SECTION);
    if (!share_or_read(mm, proto, 1, pfn, read, &status))
        status = make_page(control, proto, mi_read_pte(proto), pfn);
    ex_release_push_lock_exclusive(&control->segment->SegmentLock, KE_RANK_SECTION);
    return status;
}

NTSTATUS mi_proto_fault(struct mm_space *space, const MMVAD_SHORT *vad, MMPTE *proto, uint64_t *pfn,
                        struct mi_read *read)
{
    struct mm *mm = space->mm;
    NTSTATUS status;

    if (share_or_read(mm, proto, 1, pfn, read, &status))
        return status;
    return have(mi_control_of_vad(mm, vad), proto, pfn, read);
}

NTSTATUS mi_proto_fault_fork(struct mm *mm, MMPTE *proto, uint64_t *pfn, struct mi_read *read)
{
    NTSTATUS status;
    bool known = share_or_read(mm, proto, MI_CLONE_STEP, pfn, read, &status);

    ASSERT(known); /* it has a page as long as anybody refers to it */
    return status;
}

NTSTATUS mi_proto_have(struct mi_control *control, MMPTE *proto, uint64_t *pfn)
{
    struct mi_read read = {.inpage = NULL};
    NTSTATUS status = have(control, proto, pfn, &read);

    ASSERT(!read.inpage); /* a file's pages are never in a paging file */
    return status;
}

bool mi_proto_share_resident(struct mm *mm, MMPTE *proto, uint64_t *pfn)
{
    mi_lock_pfn_with(mm, proto);
    MMPTE value = mi_read_pte(proto);
    bool resident = mi_pte_holds_frame(value) && !is_being_read(mm, value);
    if (resident)
        *pfn = share(mm, proto, value);
    ke_release_lock(&mm->pfn_lock);
    return resident;
}

enum mi_modified mi_proto_take_modified(struct mm *mm, MMPTE *proto, uint64_t *pfn)
{
    enum mi_modified result = MI_CLEAN;

    if (!mi_pte_holds_frame(mi_read_pte(proto)))
        return MI_CLEAN;
    mi_lock_pfn_with(mm, proto);
    MMPTE value = mi_read_pte(proto);
    if (mi_pte_holds_frame(value) && !is_being_read(mm, value)) {
        MMPFN *page = mi_pfn(mm, value.u.Hard.PageFrameNumber);
        if (page->u3.e1.WriteInProgress)
            result = MI_BEING_WRITTEN;
        else if (page->u3.e1.Modified)
            result = MI_TAKEN;
    }
    if (result == MI_TAKEN) {
        *pfn = share(mm, proto, value);
        mi_pfn(mm, *pfn)->u3.e1.Modified = 0;
    }
    ke_release_lock(&mm->pfn_lock);
    return result;
}
