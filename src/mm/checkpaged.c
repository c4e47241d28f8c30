/* src/mm/checkpaged.c: paged pool as the checkers see it. See check.c.
 *
 * To look at a page through the pool's window would bring it in, and the state that is to be
 * checked would be another one. So each page is looked at where it is: in its frame, whether valid
 * or in transition, or, read from the paging file, in a page of the checkers' own.
 */
#include <stdlib.h>

#include "base/words.h"
#include "mm/check.h"
#include "mm/system.h"

static size_t next_page(const struct mm *mm, size_t from)
{
    return words_next_nonzero((const uint64_t *)mm->paged.ptes, from, mm->paged.pages);
}

static const char *page_at(struct mm *mm, MMPTE pte)
{
    if (mi_pte_holds_frame(pte))
        return pte.u.Hard.PageFrameNumber < mm->frames ? mi_frame(mm, pte.u.Hard.PageFrameNumber)
                                                       : NULL;
    char *copy = malloc(PAGE_SIZE);
    if (copy && !NT_SUCCESS(mi_read_slot(mm, pte, copy))) {
        free(copy);
        copy = NULL;
    }
    return copy;
}

bool mi_check_paged_pool_begin(struct mi_check *check)
{
    struct mm *mm = check->mm;

    for (size_t i = next_page(mm, 0); i < mm->paged.pages; i = next_page(mm, i + 1)) {
        check->paged[i] = page_at(mm, mi_read_pte(&mm->paged.ptes[i]));
        if (!check->paged[i])
            return false;
    }
    return true;
}

void mi_check_paged_pool_end(struct mi_check *check)
{
    struct mm *mm = check->mm;

    for (size_t i = next_page(mm, 0); i < mm->paged.pages; i = next_page(mm, i + 1)) {
        if (!mi_pte_holds_frame(mi_read_pte(&mm->paged.ptes[i])))
            free((void *)check->paged[i]);
    }
}

void mi_check_paged_pool(struct mi_check *check)
{
    struct mm *mm = check->mm;
    uint64_t valid = 0;

    for (size_t i = next_page(mm, 0); i < mm->paged.pages; i = next_page(mm, i + 1)) {
        MMPTE pte = mi_read_pte(&mm->paged.ptes[i]);
        if (!mi_pte_holds_frame(pte) || pte.u.Hard.PageFrameNumber >= mm->frames)
            continue;
        valid += pte.u.Hard.Valid;
        /* check->share has counted one more by now, for the PTE itself */
        MI_CHECK(check,
                 check->share[pte.u.Hard.PageFrameNumber] == 1 ||
                     mi_paged_pool_is_there(mm, mi_region_host(&mm->paged, i)),
                 "paged pool: page %zu has prototype PTEs that hold frames, but is not there", i);
    }
    mi_lock_working_set(&mm->pool_space);
    mi_check_working_set(check, &mm->pool_space, valid, 0);
    mi_unlock_working_set(&mm->pool_space);
}
