/* src/mm/writer.c: writing modified pages to a paging file.
 *
 * Pages leave from the head of the modified list, oldest first, as many at once as there are free
 * slots in a row: pages that were trimmed together lie together, and are read together. While they
 * are written they are on no list, with WriteInProgress and a reference; a fault takes them back
 * into use meanwhile, and their owner may give them up. A page that nobody changed during the write
 * is then clean, and on the standby list unless it is in use.
 *
 * When the write fails the slots are freed and the pages are modified as before.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Modified Page Writer".
 */
#include "mm/mi.h"

struct batch {
    struct mi_slots slots;
    uint64_t pfn[MI_WRITE_CLUSTER];
};

/* Whether this is written to a paging file: not what came from a file and goes back there. */
static bool goes_to_paging_file(const MMPFN *page)
{
    return !page->OriginalPte.u.Soft.Prototype;
}

/* The next pages of the modified list to be written, still on it. => (P) */
static size_t choose(struct mm *mm, struct batch *batch, size_t most)
{
    uint64_t pfn = mm->ke->nt.MmModifiedPageListHead->Flink;
    size_t count = 0;

    for (; pfn != MI_LIST_END && count < most; pfn = mi_pfn(mm, pfn)->u1.Flink) {
        if (goes_to_paging_file(mi_pfn(mm, pfn)))
            batch->pfn[count++] = pfn;
    }
    return count;
}

/* => (P) */
static void begin_write(struct mm *mm, const struct mi_slots *slots, size_t i, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    mi_take_off_list(mm, pfn);
    page->u3.e1.WriteInProgress = 1;
    page->u3.e1.Modified = 0;
    unsigned protection = page->OriginalPte.u.Soft.Protection;
    page->OriginalPte = mi_page_file_pte(slots->file, slots->first + i, protection);
}

/* => false: nothing to write, or nowhere to write it */
static bool gather(struct mm *mm, struct batch *batch, size_t most)
{
    ke_acquire_lock(&mm->pfn_lock);
    size_t count = choose(mm, batch, most < MI_WRITE_CLUSTER ? most : MI_WRITE_CLUSTER);
    batch->slots = count ? mi_allocate_slots(mm, count) : (struct mi_slots){.count = 0};
    for (size_t i = 0; i < batch->slots.count; i++)
        begin_write(mm, &batch->slots, i, batch->pfn[i]);
    ke_release_lock(&mm->pfn_lock);
    return batch->slots.count > 0;
}

static void finish(struct mm *mm, const struct batch *batch, bool written)
{
    ke_acquire_lock(&mm->pfn_lock);
    for (size_t i = 0; i < batch->slots.count; i++) {
        MMPFN *page = mi_pfn(mm, batch->pfn[i]);
        page->u3.e1.WriteInProgress = 0;
        if (!written)
            mi_page_changed(mm, page);
        mi_dereference_page(mm, batch->pfn[i]);
    }
    ke_release_lock(&mm->pfn_lock);
}

size_t mi_write_modified(struct mm *mm, size_t most)
{
    struct batch batch;
    size_t total = 0;

    while (total < most && gather(mm, &batch, most - total)) {
        NTSTATUS status = mi_write_slots(mm, &batch.slots, batch.pfn);
        finish(mm, &batch, NT_SUCCESS(status));
        if (!NT_SUCCESS(status)) {
            log_warning(mm->log, "paging file %u cannot be written (status 0x%08x)",
                        batch.slots.file, (unsigned)status);
            break;
        }
        total += batch.slots.count;
    }
    return total;
}
