/* src/mm/checkpaged.c: paged pool as the checkers see it. See check.c.
 *
 * To look at a page through the pool's window would bring it in, and the state that is to be
 * checked would be another one. So each page is looked at where it is: in its frame, whether valid
 * or in transition, or, when it is in a paging file, in a copy.
 */
#include <stdlib.h>

#include "base/words.h"
#include "mm/check.h"
#include "mm/system.h"

static size_t next_page(const struct mm *mm, size_t from)
{
    return words_next_nonzero((const uint64_t *)mm->paged.ptes, from, mm->paged.pages);
}

static MMPTE pte_at(const struct mm *mm, size_t index)
{
    return mi_read_pte(&mm->paged.ptes[index]);
}

/* Room for copies of the pages that are away. */
static bool make_room(struct mm *mm)
{
    size_t away = 0;

    for (size_t i = next_page(mm, 0); i < mm->paged.pages; i = next_page(mm, i + 1))
        away += !mi_pte_holds_frame(pte_at(mm, i));
    if (away <= mm->check.copies_room)
        return true;
    free(mm->check.copies);
    mm->check.copies = malloc(MI_VA(away));
    mm->check.copies_room = mm->check.copies ? away : 0;
    return mm->check.copies;
}

bool mi_check_paged_pool_begin(struct mi_check *check)
{
    struct mm *mm = check->mm;
    size_t copies = 0;

    if (!make_room(mm))
        return false;
    for (size_t i = next_page(mm, 0); i < mm->paged.pages; i = next_page(mm, i + 1)) {
        MMPTE pte = pte_at(mm, i);
        if (!mi_pte_holds_frame(pte)) {
            char *copy = mm->check.copies + MI_VA(copies++);
            if (!NT_SUCCESS(mi_read_slot(mm, pte, copy)))
                return false;
            check->paged[i] = copy;
        } else if (pte.u.Hard.PageFrameNumber < mm->frames) {
            check->paged[i] = mi_frame(mm, pte.u.Hard.PageFrameNumber);
        } else {
            return false;
        }
    }
    return true;
}

void mi_check_paged_pool(struct mi_check *check)
{
    struct mm *mm = check->mm;
    uint64_t valid = 0;

    for (size_t i = next_page(mm, 0); i < mm->paged.pages; i = next_page(mm, i + 1)) {
        MMPTE pte = pte_at(mm, i);
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
