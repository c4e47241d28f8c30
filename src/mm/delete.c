/* src/mm/delete.c: taking pages out of an address space.
 *
 * A page whose PTE was valid may still be in some processor's translation caches. So frames are not
 * freed where PTEs are cleared: both are gathered in a struct mi_flush, the engine is told of a
 * batch of pages at once, and only then the frames go to the free list, under one PFN lock.
 */
#include "mm/clone.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/vad.h"
#include "mm/wset.h"

/* Pages that leave together are written together, to slots in a row, and read together if they were
 * neighbours: so they leave in the order of their addresses. Mostly they are in order already. */
static void sort_by_address(const struct mm *mm, struct mi_unshare *pages, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct mi_unshare page = pages[i];
        uint64_t pte = mi_pfn(mm, page.pfn)->PteAddress.va;
        size_t to = i;
        for (; to > 0 && mi_pfn(mm, pages[to - 1].pfn)->PteAddress.va > pte; to--)
            pages[to] = pages[to - 1];
        pages[to] = page;
    }
}

void mi_flush_all(struct mi_flush *flush)
{
    struct mm_space *space = flush->space;
    const struct mm_ops *ops = space->mm->ops;

    if (flush->count > 0 && ops->invalidate && !space->cleaned)
        ops->invalidate(space->mm->owner, space, flush->page, flush->count);
    if (flush->free_count > 0)
        mi_slist_free(space, flush->free, flush->free_count);
    if (flush->shared_count > 0)
        mi_unshare_pages(space->mm, flush->shared, flush->shared_count);
    for (size_t i = 0; i < flush->shared_count; i++) {
        if (flush->shared[i].block_va)
            mi_clone_release(space, flush->shared[i].block_va);
    }
    sort_by_address(space->mm, flush->unmap, flush->unmap_count);
    if (flush->unmap_count > 0)
        mi_unmap_pages(space->mm, flush->unmap, flush->unmap_count);
    flush->count = 0;
    flush->free_count = 0;
    flush->shared_count = 0;
    flush->unmap_count = 0;
}

/* Free what the old, valid value of the PTE of `va` held. */
static void release_page(struct mi_flush *flush, uint64_t va, MMPTE old)
{
    struct mm_space *space = flush->space;
    struct mm *mm = space->mm;
    uint64_t pfn = old.u.Hard.PageFrameNumber;

    if (pfn >= mm->frames)
        mi_corrupt_pte(mm, mi_pte_va(va), old);
    mi_flush_page(flush, va, pfn);
    if (pfn == mm->shared_user_data_pfn) {
        mi_share_page(mm, pfn, -1);
        return;
    }
    if (mi_pte_is_awe(mm, old)) {
        mi_awe_unmapped(mm, pfn);
        return;
    }
    if (mi_pte_is_fork(mm, old)) {
        mi_wsle_remove_shared(space, va);
        mi_flush_release(flush, pfn, mi_pfn(mm, pfn)->PteAddress.va);
    } else if (mi_pte_is_shared(mm, old)) {
        mi_wsle_remove_shared(space, va);
        mi_flush_unshare(flush, pfn, old.u.Hard.Dirty);
    } else {
        /* A free page, a page table, somebody else's page: it would be freed twice. */
        if (mi_pfn(mm, pfn)->PteAddress.va != mi_pte_va(va))
            mi_corrupt_pte(mm, mi_pte_va(va), old);
        mi_note_written(space, va, old);
        mi_wsle_remove(space, pfn);
        mi_flush_free(flush, pfn);
    }
}

void mi_replace_page(struct mi_flush *flush, MMPTE *pte, uint64_t va, MMPTE value)
{
    struct mm *mm = flush->space->mm;
    MMPTE old = mi_read_pte(pte);

    if (old.u.Hard.Valid) {
        release_page(flush, va, mi_change_pte(mm, pte, value));
    } else if (mi_pte_is_away_fork(old)) {
        uint64_t block_va = mi_away_fork_block_va(old);
        if (!mi_clone_find(flush->space, block_va))
            mi_corrupt_pte(mm, mi_pte_va(va), old);
        mi_change_pte(mm, pte, value);
        mi_clone_release(flush->space, block_va);
    } else {
        mi_delete_invalid_pte(mm, pte, value);
    }
}

void mi_fork_page_leaves(struct mi_flush *flush, MMPTE *pte, uint64_t va, MMPTE away)
{
    struct mm_space *space = flush->space;
    MMPTE old = mi_change_pte(space->mm, pte, away);

    if (!old.u.Hard.Valid)
        return;
    mi_flush_page(flush, va, old.u.Hard.PageFrameNumber);
    mi_wsle_remove_shared(space, va);
    mi_flush_unshare(flush, old.u.Hard.PageFrameNumber, false);
}

struct mi_deleted mi_delete_pages(struct mi_flush *flush, uint64_t start, uint64_t end)
{
    struct mm *mm = flush->space->mm;
    const MMPTE none = {.u.Long = 0};
    struct mi_deleted deleted = {0, 0};
    MMPTE *pte;

    if (flush->space->large_pages > 0)
        deleted.committed = mi_delete_large(flush, start, end);
    for (uint64_t va = start; (pte = mi_next_pte(flush->space, &va, end)) != NULL;) {
        uint64_t stop = mi_table_end(va, end);
        for (size_t done = 1; va < stop; va += MI_VA(done), pte += done, done = 1) {
            if (mi_pte_is_bare(mi_read_pte(pte))) {
                done = mi_change_bare_ptes(mm, pte, MI_VPN(stop - va), none, &deleted);
            } else {
                deleted.committed++;
                mi_replace_page(flush, pte, va, none);
            }
        }
    }
    return deleted;
}

uint64_t mi_count_committed(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t first,
                            uint64_t last)
{
    uint64_t end = MI_VA(last + 1), committed = 0, decommitted = 0;
    MMPTE *pte;

    if (mi_vad_is_view(vad))
        return mi_view_charge(space, vad, first, last);
    for (uint64_t va = MI_VA(first); (pte = mi_next_pte(space, &va, end)) != NULL;) {
        uint64_t stop = mi_table_end(va, end);
        for (; va < stop; va += PAGE_SIZE, pte++) {
            MMPTE value = mi_read_pte(pte);
            if (mi_pte_is_decommitted(value))
                decommitted++;
            else if (value.u.Long != 0)
                committed++;
        }
    }
    return vad->u.VadFlags.MemCommit ? last - first + 1 - decommitted : committed;
}
