/* src/mm/checkpaged.c: paged pool as the checkers see it. See check.c.
 *
 * To look at a page through the pool's window would bring it in, and the state that is to be
 * checked would be another one. So when some are not there, a copy of the window is made at another
 * place: frames are mapped, whether the page is valid or in transition, and what is in a paging
 * file is read into pages of the copy's own.
 */
#include <sys/mman.h>

#include "mm/check.h"
#include "mm/system.h"

static MMPTE pte_at(const struct mm *mm, size_t index)
{
    return mi_read_pte(&mm->paged.ptes[index]);
}

static bool all_are_there(const struct mm *mm)
{
    for (size_t i = 0; i < mm->paged.pages; i++) {
        MMPTE pte = pte_at(mm, i);
        if (pte.u.Long != 0 && !(pte.u.Hard.Valid && pte.u.Hard.Accessed))
            return false;
    }
    return true;
}

static bool copy_page(const struct mi_check *check, size_t index)
{
    struct mm *mm = check->mm;
    void *at = check->paged + MI_VA(index);
    MMPTE pte = pte_at(mm, index);

    if (mi_pte_holds_frame(pte))
        return mmap(at, PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, mm->ram_fd,
                    (off_t)MI_VA(pte.u.Hard.PageFrameNumber)) == at;
    return mprotect(at, PAGE_SIZE, PROT_READ | PROT_WRITE) == 0 &&
           NT_SUCCESS(mi_read_slot(mm, pte, at));
}

bool mi_check_paged_pool_begin(struct mi_check *check)
{
    struct mm *mm = check->mm;
    void *copy;

    check->paged = mm->paged.host;
    if (all_are_there(mm))
        return true;
    if (!NT_SUCCESS(host_memory_reserve(MI_VA(mm->paged.pages), &copy)))
        return false;
    check->paged = copy;
    for (size_t i = 0; i < mm->paged.pages; i++) {
        if (pte_at(mm, i).u.Long != 0 && !copy_page(check, i))
            return false;
    }
    return true;
}

void mi_check_paged_pool_end(struct mi_check *check)
{
    if (check->paged != check->mm->paged.host)
        host_memory_unmap(check->paged, MI_VA(check->mm->paged.pages));
    check->paged = NULL;
}

void mi_check_paged_pool(struct mi_check *check)
{
    struct mm *mm = check->mm;
    uint64_t valid = 0;

    for (size_t i = 0; i < mm->paged.pages; i++) {
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
