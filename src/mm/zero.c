/* src/mm/zero.c: the zero-page thread.
 *
 * Freed frames hold what their last owner left, so they go on the free list; a thread of low
 * urgency zeroes them and moves them to the zeroed list, from which faults are served without
 * further work. It sleeps until enough has gathered, and zeroes outside of the PFN lock, a few
 * frames at a time: a frame being zeroed is on no list. Its first work is to list the frames that
 * boot left out (bootpfn.c).
 *
 * An engine's host thread that waits for user code which touches page after page zeroes one for
 * each (mm_prepare_frame). As long as that goes on the thread stands back: with two processors they
 * are both in use, and who has to share his makes the other side wait as well.
 */
#include <string.h>

#include "mm/color.h"
#include "mm/frames.h"

#define WAKE_AT 512u /* free frames that make it worth waking */
#define BATCH 16u
#define WHILE_WAITING 2u /* at once; twice as many as are taken meanwhile */
#define AHEAD 64u        /* frames that are looked at for one that is free */
#define STAND_BACK_MS 1

/* The free frame to be zeroed next: the next one, past some that are not free, or one of the list
 * of the next colour that has any. MI_LIST_END: there is none. => (P) */
static uint64_t next_free(const struct mm *mm)
{
    const uint64_t last = mm->zeroed_last;
    const MMPFNLIST *list;

    for (uint64_t pfn = last + 1; pfn <= last + AHEAD; pfn++) {
        if (mi_is_listed(mm, FreePageList, pfn))
            return pfn;
    }
    list = mi_list_with_color(mm, FreePageList, (uint32_t)last + 1);
    return list ? mi_frame_after(mm, FreePageList, list, last) : MI_LIST_END;
}

/* Take up to BATCH frames off the free list. => how many */
static size_t take_free(struct mm *mm, uint64_t pfn[BATCH], size_t most)
{
    size_t count = 0;

    ke_acquire_lock(&mm->pfn_lock);
    while (count < BATCH && count < most && (pfn[count] = next_free(mm)) != MI_LIST_END) {
        mm->zeroed_last = pfn[count];
        mi_list_remove(mm, mi_color_list(mm, FreePageList, pfn[count]), pfn[count]);
        mi_page_taken(mi_pfn(mm, pfn[count]));
        count++;
    }
    ke_release_lock(&mm->pfn_lock);
    return count;
}

static size_t zero_batch(struct mm *mm, size_t most)
{
    uint64_t pfn[BATCH];
    size_t count = take_free(mm, pfn, most);

    for (size_t i = 0; i < count; i++)
        memset(mi_frame(mm, pfn[i]), 0, PAGE_SIZE);
    ke_acquire_lock(&mm->pfn_lock);
    for (size_t i = 0; i < count; i++) {
        MMPFN *page = mi_pfn(mm, pfn[i]);
        if (mi_retire_if_bad(mm, pfn[i]))
            continue;
        page->u3.e2.ReferenceCount = 0;
        page->u3.e1.Modified = 0;
        mi_list_insert_head(mm, mi_color_list(mm, ZeroedPageList, pfn[i]), pfn[i]);
    }
    ke_release_lock(&mm->pfn_lock);
    return count;
}

size_t mi_zero_free_pages(struct mm *mm, size_t most)
{
    size_t total = 0, count;

    do {
        count = zero_batch(mm, most - total);
        total += count;
    } while (count > 0 && total < most);
    return total;
}

static uint64_t free_frames(const struct mm *mm)
{
    return __atomic_load_n(&mm->ke->nt.MmFreePageListHead->Total, __ATOMIC_RELAXED);
}

void mi_zero_thread_poke(struct mm *mm)
{
    if (mm->threads && free_frames(mm) >= WAKE_AT)
        (void)mi_worker_poke(&mm->worker[MI_WORKER_ZERO]);
}

void mi_zero_while_waiting(struct mm *mm)
{
    struct mi_worker *worker = &mm->worker[MI_WORKER_ZERO];

    if (free_frames(mm) < WAKE_AT)
        return;
    __atomic_fetch_add(&mm->zeroed_by_others, 1, __ATOMIC_RELAXED);
    if (pthread_mutex_trylock(&worker->pause) != 0)
        return; /* the thread is at it, or somebody keeps it out */
    mi_zero_free_pages(mm, WHILE_WAITING);
    pthread_mutex_unlock(&worker->pause);
}

/* Did others begin to zero frames since the last look? */
static bool others_do_it(const struct mm *mm, uint64_t *seen)
{
    uint64_t before = *seen;

    *seen = __atomic_load_n(&mm->zeroed_by_others, __ATOMIC_RELAXED);
    return *seen != before;
}

int mi_zero_work(struct mi_worker *worker)
{
    struct mm *mm = worker->mm;
    uint64_t seen = __atomic_load_n(&mm->zeroed_by_others, __ATOMIC_RELAXED);

    mi_list_all_frames(mm);
    do {
        if (others_do_it(mm, &seen)) {
            mi_worker_back_off(worker, STAND_BACK_MS);
            continue;
        }
        mi_worker_enter(worker);
        mi_zero_free_pages(mm, WAKE_AT);
        mi_worker_leave(worker);
    } while (free_frames(mm) >= WAKE_AT && !mi_worker_is_stopped(worker));
    return MI_WORKER_IDLE;
}
