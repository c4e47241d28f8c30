/* src/mm/flush.c: modified pages of mapped files on their way back.
 *
 *      PTE.Dirty (each process's) --unmapped, or flushed by it--> MMPFN.Modified --written--> clean
 *
 * A page that is being written counts as mapped once more, so that it stays where it is, and as
 * clean, so that a write meanwhile makes it modified again. It is written from the frame itself:
 * whoever writes last writes what is newest. What cannot be written stays modified; then each page
 * of the cluster is tried by itself, so that one bad page costs no other. A page that the mapped
 * page writer is at (mappedwriter.c) is awaited, and looked at again after that.
 *
 * Source: FlushViewOfFile, documentation; Windows Internals 6, part 2, ch. 10 "Modified Page
 * Writer".
 */
#include "mm/section.h"
#include "mm/vad.h"

/* Pages that are written at once. */
struct cluster {
    uint64_t first;
    size_t count;
    bool busy; /* it ended at a page that is being written */
    uint64_t pfn[MI_CLUSTER_PAGES];
};

/* => (G) */
static NTSTATUS write_cluster(struct mi_control *control, struct cluster *cluster)
{
    struct mm *mm = control->mm;
    NTSTATUS status = STATUS_SUCCESS, first = STATUS_SUCCESS;

    if (cluster->count == 0)
        return STATUS_SUCCESS;
    bool all =
        NT_SUCCESS(control->backing->write(control, cluster->first, cluster->pfn, cluster->count));
    for (size_t i = 0; i < cluster->count; i++) {
        if (!all)
            status = control->backing->write(control, cluster->first + i, &cluster->pfn[i], 1);
        if (NT_SUCCESS(first))
            first = status;
        mi_unshare_page(mm, cluster->pfn[i], !NT_SUCCESS(status));
    }
    cluster->count = 0;
    return first;
}

/* The modified pages of first .. end - 1 of a run, gathered as far as they follow one another.
 * => where to go on; (G) */
static uint64_t gather(struct mi_control *control, const struct mi_run *run, uint64_t first,
                       uint64_t end, struct cluster *cluster)
{
    uint64_t page = first;

    for (; page < end && cluster->count < MI_CLUSTER_PAGES; page++) {
        uint64_t *pfn = &cluster->pfn[cluster->count];
        enum mi_modified modified =
            mi_proto_take_modified(control->mm, &run->ptes[page - run->first], pfn);
        cluster->busy = modified == MI_BEING_WRITTEN;
        if (cluster->busy || (modified == MI_CLEAN && cluster->count > 0))
            break;
        if (modified == MI_TAKEN && cluster->count++ == 0)
            cluster->first = page;
    }
    return page;
}

NTSTATUS mi_flush_control(struct mi_control *control, uint64_t first, uint64_t count)
{
    SEGMENT *segment = control->segment;
    NTSTATUS result = STATUS_SUCCESS;
    struct cluster cluster = {.count = 0};
    uint64_t page = first, last = first + count;
    struct mi_run run;

    while (page < last && mi_next_run(control, page, &run)) {
        uint64_t end = run.first + run.count < last ? run.first + run.count : last;
        if (page < run.first)
            page = run.first;
        while (page < end) {
            ex_acquire_push_lock_exclusive(&segment->SegmentLock, KE_RANK_SECTION);
            page = gather(control, &run, page, end, &cluster);
            NTSTATUS status = write_cluster(control, &cluster);
            ex_release_push_lock_exclusive(&segment->SegmentLock, KE_RANK_SECTION);
            if (NT_SUCCESS(result))
                result = status;
            if (cluster.busy)
                mi_await_writes(control);
            cluster.busy = false;
        }
    }
    return result;
}

NTSTATUS mm_flush_file(struct mm *mm, SECTION_OBJECT_POINTERS *sections)
{
    struct mi_control *control = mi_find_control(mm, sections, false, false);

    if (!control)
        return STATUS_SUCCESS;
    NTSTATUS status = mi_flush_control(control, 0, control->pages);
    mi_control_dereference(control);
    return status;
}

/* ---- NtFlushVirtualMemory ---------------------------------------------------------------------
 */

/* The pages of a batch were modified; the engine has forgotten that they were marked so. */
static void note_dirty(struct mi_flush *flush, uint64_t *dirty, size_t *count)
{
    mi_flush_end(flush);
    for (size_t i = 0; i < *count; i++)
        mi_note_dirty(flush->space->mm, dirty[i]);
    *count = 0;
}

/* What the process modified is known to the pages, no longer to its PTEs. A page counts as modified
 * only when no processor writes to it any more without marking its PTE again. => (W) */
static void collect_dirty(struct mm_space *space, uint64_t start, uint64_t end)
{
    static const MMPTE dirty_bit = {.u.Hard = {.Dirty = 1}};
    uint64_t dirty[MI_FLUSH_PAGES];
    struct mi_flush flush;
    size_t count = 0;
    MMPTE *pte;

    mi_flush_begin(&flush, space);
    for (uint64_t va = start; (pte = mi_next_pte(space, &va, end)) != NULL;) {
        uint64_t stop = mi_table_end(va, end);
        for (; va < stop; va += PAGE_SIZE, pte++) {
            MMPTE value = mi_read_pte(pte);
            if (!mi_pte_is_shared(space->mm, value) || !value.u.Hard.Dirty)
                continue;
            __atomic_fetch_and(&pte->u.Long, ~dirty_bit.u.Long, __ATOMIC_RELAXED);
            mi_flush_page(&flush, va, value.u.Hard.PageFrameNumber);
            dirty[count++] = value.u.Hard.PageFrameNumber;
            if (count == MI_FLUSH_PAGES)
                note_dirty(&flush, dirty, &count);
        }
    }
    note_dirty(&flush, dirty, &count);
}

struct range {
    uint64_t start, end;
    struct mi_control *control; /* referenced */
    uint64_t page;              /* of the section, at start */
};

/* => (C) */
static NTSTATUS find_range(struct mm_space *space, uint64_t base, uint64_t size,
                           struct range *range)
{
    NTSTATUS status = mi_space_status(space);
    MMVAD_SHORT *vad = mi_vad_find(space, MI_VPN(base));

    if (!NT_SUCCESS(status))
        return status;
    if (!vad || !mi_vad_is_view(vad))
        return STATUS_NOT_MAPPED_VIEW;
    struct mi_control *control = mi_control_of_vad(space->mm, vad);
    if (!control->backing || !control->backing->write)
        return STATUS_NOT_MAPPED_DATA;
    range->start = MI_VA(MI_VPN(base));
    range->end = MI_VA(size ? MI_VPN(base + size - 1) + 1 : vad->EndingVpn + 1);
    if (range->end > MI_VA(vad->EndingVpn + 1))
        return STATUS_INVALID_PARAMETER_2;
    range->page = mi_view_first_page(space->mm, vad) + (MI_VPN(base) - vad->StartingVpn);
    range->control = control;
    mi_control_reference(control);
    return STATUS_SUCCESS;
}

NTSTATUS mm_flush_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size)
{
    struct range range;

    if (*base > MM_HIGHEST_VAD_ADDRESS)
        return STATUS_INVALID_PARAMETER_2;
    if (*size > MM_HIGHEST_VAD_ADDRESS + 1 - *base)
        return STATUS_INVALID_PARAMETER_3;
    mi_lock_address_space(space);
    NTSTATUS status = find_range(space, *base, *size, &range);
    if (NT_SUCCESS(status)) {
        mi_lock_working_set(space);
        collect_dirty(space, range.start, range.end);
        mi_unlock_working_set(space);
    }
    mi_unlock_address_space(space);
    if (!NT_SUCCESS(status))
        return status;
    status = mi_flush_control(range.control, range.page, MI_VPN(range.end - range.start));
    mi_control_dereference(range.control);
    *base = range.start;
    *size = range.end - range.start;
    return status;
}
