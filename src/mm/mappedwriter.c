/* src/mm/mappedwriter.c: writing modified pages back to the files they are from.
 *
 *      MmModifiedPageListHead   -> page --> its prototype PTE
 *                                                 |
 *      prototype PTEs   | valid | modified | modified | modified | clean |
 *                               '--------- one write -----------'
 *
 * The oldest page on the list is written together with its neighbours in the file that are modified
 * and that nobody maps either. Such pages are on no list meanwhile, as in writer.c. A write that
 * fails is tried again for each page by itself, so that one bad page costs no other; what cannot be
 * written stays modified, and goes to the end of the list.
 *
 * Nothing is locked during the write, and no section is referenced. What keeps the control area
 * alive is ModifiedWriteCount: writes of its pages that are on their way. Who takes its pages apart
 * holds writes off (mi_hold_writes) and waits for those first.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Modified Page Writer".
 */
#include "ke/futex.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/system.h"

#define FAILURES_MOST 64u /* pages, before a writer gives up for now */

struct cluster {
    struct mi_control *control;
    uint64_t page; /* of the section */
    size_t count;
    uint64_t pfn[MI_CLUSTER_PAGES];
};

/* ---- holding writes off ---------------------------------------------------------------------- */

void mi_await_writes(const struct mi_control *control)
{
    const uint32_t *writes = (const uint32_t *)&control->area->ModifiedWriteCount;
    uint32_t now;

    while ((now = __atomic_load_n(writes, __ATOMIC_ACQUIRE)) != 0)
        (void)ke_futex_wait(writes, now, KE_FUTEX_GUEST, NULL);
}

void mi_hold_writes(struct mi_control *control)
{
    ke_acquire_lock(&control->mm->pfn_lock);
    control->write_holds++;
    ke_release_lock(&control->mm->pfn_lock);
    mi_await_writes(control);
}

void mi_release_writes(struct mi_control *control)
{
    ke_acquire_lock(&control->mm->pfn_lock);
    ASSERT(control->write_holds > 0);
    control->write_holds--;
    ke_release_lock(&control->mm->pfn_lock);
}

/* => (P) */
static void count_write(struct mi_control *control)
{
    __atomic_fetch_add(&control->area->ModifiedWriteCount, 1, __ATOMIC_RELAXED);
}

/* The last thing that is done with a control area: it may be gone after that. => (P) */
static void uncount_write(struct mi_control *control)
{
    uint32_t *writes = (uint32_t *)&control->area->ModifiedWriteCount;

    if (__atomic_sub_fetch(writes, 1, __ATOMIC_RELEASE) == 0)
        ke_futex_wake(writes, INT_MAX, KE_FUTEX_GUEST);
}

/* ---- gathering ------------------------------------------------------------------------------- */

/* A page that is on one of the two lists and belongs on the other, since the flag of its control
 * area changed. => whether it was one; (P) */
static bool change_list(struct mm *mm, uint64_t pfn)
{
    const MMPFN *page = mi_pfn(mm, pfn);
    bool held_back = page->u3.e1.PageLocation == ModifiedNoWritePageList;

    if (mi_page_is_held_back(mm, page) == held_back)
        return false;
    mi_take_off_list(mm, pfn);
    mi_dereference_page(mm, pfn);
    return true;
}

/* Pages that may be written by now. */
static void let_go(struct mm *mm)
{
    uint64_t next;

    ke_acquire_lock(&mm->pfn_lock);
    for (uint64_t pfn = mm->ke->nt.MmModifiedNoWritePageListHead->Flink; pfn != MI_LIST_END;
         pfn = next) {
        next = mi_pfn(mm, pfn)->u1.Flink;
        (void)change_list(mm, pfn);
    }
    ke_release_lock(&mm->pfn_lock);
}

/* The control area of a page on the list. => NULL: not to be written now; (P) */
static struct mi_control *control_of_page(struct mm *mm, const MMPFN *page)
{
    const struct kspace *ks = &mm->ke->ks;
    const SUBSECTION *subsection = mi_subsection_of_pte(mm, page->OriginalPte);
    const CONTROL_AREA *area = k2h(ks, subsection->ControlArea);
    struct mi_control *control = mi_control_of_area_with_pages(mm, area);

    return control && control->write_holds == 0 ? control : NULL;
}

/* Whether a prototype's page can be written along. => (P) */
static bool is_modified(const struct mm *mm, const MMPTE *proto)
{
    if (!mi_paged_pool_is_there(mm, proto))
        return false; /* else what it holds would keep it there */
    MMPTE value = mi_read_pte(proto);

    return mi_pte_is_transition(value) &&
           mi_pfn(mm, value.u.Trans.PageFrameNumber)->u3.e1.PageLocation == ModifiedPageList;
}

/* The page of `proto` and its neighbours. => (P) */
static void take_cluster(struct mm *mm, struct cluster *cluster, MMPTE *proto, size_t most)
{
    const struct kspace *ks = &mm->ke->ks;
    MMPTE original = mi_pfn(mm, mi_read_pte(proto).u.Trans.PageFrameNumber)->OriginalPte;
    const SUBSECTION *subsection = mi_subsection_of_pte(mm, original);
    MMPTE *first = k2h(ks, subsection->SubsectionBase);
    MMPTE *end = first + __atomic_load_n(&subsection->PtesInSubsection, __ATOMIC_ACQUIRE);

    for (size_t back = 1; back < most && proto > first && is_modified(mm, proto - 1); back++)
        proto--;
    cluster->page = mi_page_of_proto(cluster->control, proto, original);
    for (; cluster->count < most && proto < end && is_modified(mm, proto); proto++) {
        uint64_t pfn = mi_read_pte(proto).u.Trans.PageFrameNumber;
        mi_begin_write(mm, pfn);
        cluster->pfn[cluster->count++] = pfn;
    }
}

/* => false: nothing to be written */
static bool gather(struct mm *mm, struct cluster *cluster, size_t most)
{
    *cluster = (struct cluster){.control = NULL};
    ke_acquire_lock(&mm->pfn_lock);
    uint64_t pfn = mm->ke->nt.MmModifiedPageListHead->Flink, next;
    for (; pfn != MI_LIST_END; pfn = next) {
        next = mi_pfn(mm, pfn)->u1.Flink;
        if (change_list(mm, pfn))
            continue;
        cluster->control = control_of_page(mm, mi_pfn(mm, pfn));
        if (cluster->control)
            break;
    }
    if (cluster->control) {
        MMPTE *proto = kspace_host(&mm->ke->ks, mi_pfn(mm, pfn)->PteAddress.va);
        count_write(cluster->control);
        take_cluster(mm, cluster, proto, most < MI_CLUSTER_PAGES ? most : MI_CLUSTER_PAGES);
    }
    ke_release_lock(&mm->pfn_lock);
    return cluster->control != NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* => how many pages were written; *status of the last that was not */
static size_t write_cluster(struct mm *mm, const struct cluster *cluster, NTSTATUS *status)
{
    struct mi_control *control = cluster->control;
    bool written[MI_CLUSTER_PAGES];
    size_t total = 0;

    *status = STATUS_SUCCESS;
    bool all =
        NT_SUCCESS(control->backing->write(control, cluster->page, cluster->pfn, cluster->count));
    for (size_t i = 0; i < cluster->count; i++) {
        NTSTATUS one =
            all ? STATUS_SUCCESS
                : control->backing->write(control, cluster->page + i, &cluster->pfn[i], 1);
        written[i] = NT_SUCCESS(one);
        total += written[i];
        if (!written[i])
            *status = one;
    }
    ke_acquire_lock(&mm->pfn_lock);
    for (size_t i = 0; i < cluster->count; i++)
        mi_end_write(mm, cluster->pfn[i], written[i]);
    uncount_write(control);
    ke_release_lock(&mm->pfn_lock);
    return total;
}

size_t mi_write_mapped(struct mm *mm, size_t most)
{
    struct cluster cluster;
    NTSTATUS status = STATUS_SUCCESS;
    size_t total = 0, failed = 0;

    let_go(mm);
    /* What fails comes to the end of the list: others have their turn before it is tried again. */
    while (total < most && failed < FAILURES_MOST && gather(mm, &cluster, most - total)) {
        NTSTATUS one;
        size_t written = write_cluster(mm, &cluster, &one);
        MI_COUNT_BY(mm, MmMappedPagesWriteCount, (LONG)written);
        MI_COUNT_BY(mm, MmMappedWriteIoCount, written == cluster.count ? 1 : (LONG)written);
        total += written;
        failed += cluster.count - written;
        if (!NT_SUCCESS(one))
            status = one;
    }
    bool fails = !NT_SUCCESS(status);
    if (total + failed > 0 &&
        !__atomic_exchange_n(&mm->mapped_writes_fail, fails, __ATOMIC_RELAXED) && fails)
        log_warning(mm->log, "%zu pages of mapped files cannot be written (status 0x%08x)", failed,
                    (unsigned)status);
    return total;
}
