/* src/mm/writer.c: writing modified pages to a paging file.
 *
 * Pages leave from the head of the list, oldest first, as many at once as there are free slots in a
 * row: pages that were trimmed together lie together, and are read together. While they are written
 * they are on no list, with WriteInProgress and a reference; a fault takes them back into use
 * meanwhile, and their owner may give them up. A page that nobody changed during the write is then
 * clean, and on the standby list unless it is in use.
 *
 * When the write fails the slots are freed and the pages are modified as before; when the disk is
 * full, new commitments are refused as well (commit.c).
 *
 * Any number of threads may be at this at once: nothing is shared between them but the list and the
 * slots, and a slot is not free before what is being written to it is.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Modified Page Writer".
 */
#include "mm/frames.h"

struct batch {
    struct mi_slots slots;
    uint64_t pfn[MI_WRITE_CLUSTER];
};

/* The next pages to be written, still on their list. => (P) */
static size_t choose(struct mm *mm, struct batch *batch, size_t most)
{
    uint64_t pfn = mm->ke->nt.MmModifiedPageListByColor->Flink;
    size_t count = 0;

    for (; pfn != MI_LIST_END && count < most; pfn = mi_pfn(mm, pfn)->u1.Flink)
        batch->pfn[count++] = pfn;
    return count;
}

/* => false: nothing to write, or nowhere to write it */
static bool gather(struct mm *mm, struct batch *batch, size_t most)
{
    ke_acquire_lock(&mm->pfn_lock);
    size_t count = choose(mm, batch, most < MI_WRITE_CLUSTER ? most : MI_WRITE_CLUSTER);
    batch->slots = count ? mi_allocate_slots(mm, count) : (struct mi_slots){.count = 0};
    for (size_t i = 0; i < batch->slots.count; i++) {
        MMPFN *page = mi_pfn(mm, batch->pfn[i]);
        mi_begin_write(mm, batch->pfn[i]);
        page->OriginalPte = mi_page_file_pte(batch->slots.file, batch->slots.first + i,
                                             page->OriginalPte.u.Soft.Protection);
    }
    ke_release_lock(&mm->pfn_lock);
    return batch->slots.count > 0;
}

static void finish(struct mm *mm, const struct batch *batch, bool written)
{
    ke_acquire_lock(&mm->pfn_lock);
    for (size_t i = 0; i < batch->slots.count; i++)
        mi_end_write(mm, batch->pfn[i], written);
    ke_release_lock(&mm->pfn_lock);
}

void mi_note_disk(struct mm *mm, unsigned file, NTSTATUS written)
{
    struct mi_paging *paging = &mm->paging_files;
    bool fails = !NT_SUCCESS(written);
    uint64_t withheld = 0;

    if (!fails && !__atomic_load_n(&paging->fails, __ATOMIC_RELAXED))
        return;
    if (!__atomic_exchange_n(&paging->fails, fails, __ATOMIC_RELAXED) && fails)
        log_warning(mm->log, "paging file %u cannot be written (status 0x%08x)", file,
                    (unsigned)written);
    for (unsigned i = 0; written == STATUS_DISK_FULL && i < paging->count; i++)
        withheld += __atomic_load_n(&paging->files[i].file->FreeSpace, __ATOMIC_RELAXED);
    __atomic_store_n(&paging->withheld, withheld, __ATOMIC_RELAXED);
}

bool mi_retry_full_disk(struct mm *mm)
{
    uint64_t *withheld = &mm->paging_files.withheld;

    if (__atomic_load_n(withheld, __ATOMIC_RELAXED) == 0)
        return false;
    if (__atomic_load_n(&mm->ke->nt.MmModifiedPageListByColor->Total, __ATOMIC_RELAXED) == 0)
        __atomic_store_n(withheld, 0, __ATOMIC_RELAXED); /* nobody knows until somebody writes */
    else
        (void)mi_write_modified(mm, MI_WRITE_CLUSTER);
    return __atomic_load_n(withheld, __ATOMIC_RELAXED) == 0;
}

size_t mi_write_modified(struct mm *mm, size_t most)
{
    struct batch batch;
    size_t total = 0;

    while (total < most && gather(mm, &batch, most - total)) {
        NTSTATUS status = mi_write_slots(mm, &batch.slots, batch.pfn);
        finish(mm, &batch, NT_SUCCESS(status));
        mi_note_disk(mm, batch.slots.file, status);
        if (!NT_SUCCESS(status))
            break;
        MI_COUNT_BY(mm, MmDirtyPagesWriteCount, (LONG)batch.slots.count);
        MI_COUNT(mm, MmDirtyWriteIoCount);
        total += batch.slots.count;
    }
    return total;
}
