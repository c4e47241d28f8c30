/* src/mm/transition.c: pages that nobody maps, but that are still in memory.
 *
 * When the last valid PTE of a page goes, its PTE (private memory) or prototype PTE (sections)
 * says transition, and the page has three ways to be:
 *
 *                        unmap, clean                 unmap, changed
 *                  .------------------- active --------------------.
 *                  v                    ^    ^                     v
 *             standby list -- fault ----'    '---- fault ---- modified list
 *                  |   ^                                           |
 *         repurpose|   '----- written -- WriteInProgress <-- write-'
 *                  v                     (on no list)
 *        the PTE says page file,
 *        subsection or demand zero ---- fault ---> ReadInProgress ---> standby, active
 *                                                  (on no list)
 *
 * ReferenceCount is one for the mapping, however many PTEs share it, and one for a read or write in
 * progress; a page is on a list only at zero. A page that is on no list and unmapped says
 * TransitionPage. If its owner goes meanwhile it is given up, and whoever holds the last reference
 * frees it.
 *
 * A transition PTE may be changed to another form by who takes the page off the standby list, under
 * the PFN lock alone. So whoever sees one takes that lock and looks again before he acts on it.
 *
 * Modified: the page differs from its copy in a file, if it has one. The processor's Dirty bit is
 * collected when a PTE goes. From then on a copy in a paging file is worthless, so its slot is
 * freed: OriginalPte names a slot only while what is in it is right, or being written. The slot of
 * a page that changes while it is written is freed when the write is over, lest somebody else's
 * write to it comes first. A changed page of an image is no longer the file's: it goes to a paging
 * file from then on. Pages of a file whose control area says NoModifiedWriting wait on a list of
 * their own (modified-no-write), which no writer looks at: they are written when somebody flushes
 * the file, as a file system with a log does when the log is written. Nothing here sets that flag;
 * a debugger can, and it is honoured from the writer's next look on.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Page List Dynamics", "PFN Data Structures".
 */
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/space.h"

#define SLOTS_PAGES 4096u /* looked at under one lock, when slots are taken back */

MMPTE *mi_pte_of_page(const struct mm *mm, const MMPFN *page)
{
    char *table = mi_frame(mm, page->u4.PteFrame);

    return (MMPTE *)(void *)(table + page->PteAddress.va % PAGE_SIZE);
}

/* The list that a page is on. => it is on one of these */
static MMPFNLIST *list_of(struct mm *mm, const MMPFN *page)
{
    struct nt_globals *nt = &mm->ke->nt;

    switch (page->u3.e1.PageLocation) {
    case StandbyPageList:
        return &nt->MmStandbyPageListByPriority[page->u3.e1.Priority];
    case ModifiedPageList:
        return mi_modified_list(mm, page);
    case ModifiedNoWritePageList:
        return nt->MmModifiedNoWritePageListHead;
    default:
        ASSERT(false);
        return NULL;
    }
}

static void leave_list(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    mi_list_remove(mm, list_of(mm, page), pfn);
    page->u1.Flink = 0;
    page->u2.ShareCount = 0;
    page->u3.e1.PageLocation = TransitionPage;
}

void mi_take_off_list(struct mm *mm, uint64_t pfn)
{
    leave_list(mm, pfn);
    mi_pfn(mm, pfn)->u3.e2.ReferenceCount = 1;
}

static void forget_slot(struct mm *mm, MMPFN *page)
{
    if (!mi_pte_in_page_file(page->OriginalPte))
        return;
    mi_free_slot(mm, page->OriginalPte);
    mi_write_pte(&page->OriginalPte, mi_demand_zero_pte(page->OriginalPte.u.Soft.Protection));
}

/* Nothing is written back to an image. */
static void leave_image(struct mm *mm, MMPFN *page)
{
    const struct kspace *ks = &mm->ke->ks;
    MMPTE original = page->OriginalPte;

    if (!original.u.Soft.Prototype)
        return;
    const CONTROL_AREA *area = k2h(ks, mi_subsection_of_pte(mm, original)->ControlArea);
    if (!area->u.Flags.Image)
        return;
    mi_count_file_page(mm, original, -1);
    mi_write_pte(&page->OriginalPte, mi_demand_zero_pte(original.u.Soft.Protection));
}

void mi_page_changed(struct mm *mm, MMPFN *page)
{
    page->u3.e1.Modified = 1;
    if (page->u3.e1.WriteInProgress)
        return;
    forget_slot(mm, page);
    leave_image(mm, page);
}

MMPFNLIST *mi_modified_list(const struct mm *mm, const MMPFN *page)
{
    return page->OriginalPte.u.Soft.Prototype ? mm->ke->nt.MmModifiedPageListHead
                                              : mm->ke->nt.MmModifiedPageListByColor;
}

bool mi_page_is_held_back(struct mm *mm, const MMPFN *page)
{
    MMPTE original = page->OriginalPte;

    if (!original.u.Soft.Prototype)
        return false;
    const SUBSECTION *subsection = mi_subsection_of_pte(mm, original);
    const CONTROL_AREA *area = k2h(&mm->ke->ks, subsection->ControlArea);
    return area->u.Flags.NoModifiedWriting;
}

size_t mi_take_back_slots(struct mm *mm, size_t most)
{
    size_t taken = 0;

    for (uint64_t pfn = 0; pfn < mm->frames && taken < most;) {
        ke_acquire_lock(&mm->pfn_lock);
        for (uint64_t end = pfn + SLOTS_PAGES; pfn < end && pfn < mm->frames && taken < most;
             pfn++) {
            MMPFN *page = mi_pfn(mm, pfn);
            if (page->u3.e1.PageLocation != ActiveAndValid || page->u3.e1.WriteInProgress ||
                !mi_pte_in_page_file(mi_read_pte(&page->OriginalPte)))
                continue;
            mi_page_changed(mm, page);
            taken++;
        }
        ke_release_lock(&mm->pfn_lock);
    }
    return taken;
}

void mi_page_useless(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    ke_acquire_lock(&mm->pfn_lock);
    page->u3.e1.Modified = 0;
    forget_slot(mm, page);
    ke_release_lock(&mm->pfn_lock);
}

/* Its PTE no longer holds the page, but says where else its contents are. => (P) */
static void restore_original(struct mm *mm, const MMPFN *page)
{
    mi_write_pte(mi_pte_of_page(mm, page), page->OriginalPte);
    __atomic_fetch_sub(&mi_pfn(mm, page->u4.PteFrame)->u2.ShareCount, 1, __ATOMIC_RELAXED);
}

/* A private page that is as if it had never been written, after MEM_RESET: a page of zeroes will do
 * for it. */
static bool is_worthless(const MMPFN *page)
{
    return !page->u3.e1.Modified && !page->u4.PrototypePte &&
           !mi_pte_in_page_file(page->OriginalPte);
}

void mi_dereference_page(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    ASSERT(page->u3.e2.ReferenceCount > 0);
    /* Atomic, and what was done to the page comes before it: its process looks without the lock
     * whether it alone is left (slist.c). */
    if (__atomic_sub_fetch(&page->u3.e2.ReferenceCount, 1, __ATOMIC_RELEASE) > 0)
        return;
    if (mi_page_is_given_up(page)) {
        forget_slot(mm, page);
        mi_free_frame_locked(mm, pfn, false);
    } else if (is_worthless(page)) {
        restore_original(mm, page);
        mi_free_frame_locked(mm, pfn, false);
    } else if (page->u3.e1.Modified) {
        mi_list_insert_tail(mm,
                            mi_page_is_held_back(mm, page)
                                ? mm->ke->nt.MmModifiedNoWritePageListHead
                                : mi_modified_list(mm, page),
                            pfn);
    } else {
        mi_list_insert_tail(mm, &mm->ke->nt.MmStandbyPageListByPriority[page->u3.e1.Priority], pfn);
    }
}

void mi_begin_write(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    mi_take_off_list(mm, pfn);
    page->u3.e1.WriteInProgress = 1;
    page->u3.e1.Modified = 0;
    __atomic_fetch_add(&mm->pages_being_written, 1, __ATOMIC_RELAXED);
}

void mi_end_write(struct mm *mm, uint64_t pfn, bool written)
{
    MMPFN *page = mi_pfn(mm, pfn);

    page->u3.e1.WriteInProgress = 0;
    if (!written || page->u3.e1.Modified)
        mi_page_changed(mm, page);
    mi_dereference_page(mm, pfn);
    __atomic_fetch_sub(&mm->pages_being_written, 1, __ATOMIC_RELAXED);
}

void mi_unmap_page_locked(struct mm *mm, uint64_t pfn, bool dirty)
{
    MMPFN *page = mi_pfn(mm, pfn);

    ASSERT(page->u3.e1.PageLocation == ActiveAndValid);
    if (dirty)
        mi_page_changed(mm, page);
    page->u1.Flink = 0;
    page->u2.ShareCount = 0;
    page->u3.e1.PageLocation = TransitionPage;
    mi_dereference_page(mm, pfn);
}

void mi_unmap_pages(struct mm *mm, const struct mi_unshare *pages, size_t count)
{
    ke_acquire_lock(&mm->pfn_lock);
    for (size_t i = 0; i < count; i++)
        mi_unmap_page_locked(mm, pages[i].pfn, pages[i].dirty);
    ke_release_lock(&mm->pfn_lock);
    mi_balance(mm);
}

void mi_activate_page(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    ASSERT(!page->u3.e1.ReadInProgress);
    if (page->u3.e1.PageLocation != TransitionPage)
        leave_list(mm, pfn);
    page->u3.e2.ReferenceCount++;
    page->u2.ShareCount = 1;
    page->u3.e1.PageLocation = ActiveAndValid;
}

void mi_activate_user_page(struct mm *mm, uint64_t pfn)
{
    mi_activate_page(mm, pfn); /* while its priority says on which list it is */
    mi_pfn(mm, pfn)->u3.e1.Priority = (UCHAR)mi_page_priority(mm);
}

static void give_up(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    page->PteAddress.va |= 1;
    page->u4.PrototypePte = 0;
    mi_dereference_page(mm, pfn);
}

void mi_give_up_page(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    if (page->u3.e1.PageLocation != TransitionPage)
        mi_take_off_list(mm, pfn);
    else
        page->u3.e2.ReferenceCount++; /* besides that of a read or write */
    give_up(mm, pfn);
}

void mi_give_up_active_page(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    ASSERT(page->u3.e1.PageLocation == ActiveAndValid);
    page->u2.ShareCount = 0;
    page->u3.e1.PageLocation = TransitionPage;
    give_up(mm, pfn);
}

void mi_repurpose(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    leave_list(mm, pfn);
    if (page->u4.PrototypePte)
        mi_count_file_page(mm, page->OriginalPte, -1);
    restore_original(mm, page);
    page->u4.PteFrame = 0;
    page->u4.PrototypePte = 0;
}

void mi_page_not_read(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    if (!mi_page_is_given_up(page)) {
        restore_original(mm, page);
        page->OriginalPte.u.Long = 0; /* the slot is the PTE's now */
        page->PteAddress.va = 1;
        page->u4.PrototypePte = 0;
    }
    mi_dereference_page(mm, pfn);
}

void mi_delete_invalid_pte(struct mm *mm, MMPTE *pte, MMPTE value)
{
    MMPTE old = mi_read_pte(pte);

    if (!mi_pte_is_transition(old)) {
        mi_change_pte(mm, pte, value);
    } else {
        ke_acquire_lock(&mm->pfn_lock);
        old = mi_change_pte(mm, pte, value);
        if (mi_pte_is_transition(old))
            mi_give_up_page(mm, old.u.Trans.PageFrameNumber);
        ke_release_lock(&mm->pfn_lock);
    }
    if (mi_pte_in_page_file(old))
        mi_free_slot(mm, old);
}
