/* src/mm/zero.c: the zero-page thread.
 *
 * Freed frames hold what their last owner left, so they go on the free list; a thread of low
 * urgency zeroes them and moves them to the zeroed list, from which faults are served without
 * further work. It sleeps until enough has gathered, and zeroes outside of the PFN lock, a few
 * frames at a time: a frame being zeroed is on no list. Its first work, at boot, is to list most of
 * the frames there are (bootpfn.c).
 */
#include <string.h>

#include "ke/futex.h"
#include "mm/mi.h"

#define WAKE_AT 512u /* free frames that make it worth waking */
#define BATCH 16u

/* Take up to BATCH frames off the free list. => how many */
static size_t take_free(struct mm *mm, uint64_t pfn[BATCH], size_t most)
{
    MMPFNLIST *list = mm->ke->nt.MmFreePageListHead;
    size_t count = 0;

    ke_acquire_lock(&mm->pfn_lock);
    while (count < BATCH && count < most && list->Flink != MI_LIST_END) {
        pfn[count] = list->Flink;
        mi_list_remove(mm, list, pfn[count]);
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
        page->u3.e2.ReferenceCount = 0;
        page->u3.e1.Modified = 0;
        mi_list_insert_head(mm, mm->ke->nt.MmZeroedPageListHead, pfn[i]);
    }
    ke_release_lock(&mm->pfn_lock);
    return count;
}

size_t mi_zero_free_pages(struct mm *mm, size_t most)
{
    size_t total = 0, count;

    do {
        pthread_mutex_lock(&mm->zero.pause);
        count = zero_batch(mm, most - total);
        pthread_mutex_unlock(&mm->zero.pause);
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
    struct mi_zero_thread *zero = &mm->zero;
    uint32_t asleep = 0;

    if (!zero->running || free_frames(mm) < WAKE_AT ||
        __atomic_load_n(&zero->awake, __ATOMIC_RELAXED))
        return;
    if (__atomic_compare_exchange_n(&zero->awake, &asleep, 1, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED))
        ke_futex_wake(&zero->awake, 1, KE_FUTEX_HOST);
}

static void *zero_thread(void *context)
{
    struct mm *mm = context;
    struct mi_zero_thread *zero = &mm->zero;

    if (!mi_boot_late_frames(mm))
        return NULL;
    while (!__atomic_load_n(&zero->stop, __ATOMIC_ACQUIRE)) {
        mi_zero_free_pages(mm, WAKE_AT);
        if (free_frames(mm) >= WAKE_AT)
            continue;
        /* Sequentially consistent, like the stopper's stores: one of us sees the other. */
        __atomic_store_n(&zero->awake, 0, __ATOMIC_SEQ_CST);
        while (!__atomic_load_n(&zero->stop, __ATOMIC_SEQ_CST) &&
               !__atomic_load_n(&zero->awake, __ATOMIC_SEQ_CST))
            (void)ke_futex_wait(&zero->awake, 0, KE_FUTEX_HOST, NULL);
    }
    return NULL;
}

NTSTATUS mi_zero_thread_start(struct mm *mm)
{
    struct mi_zero_thread *zero = &mm->zero;

    zero->awake = 1;
    zero->running = pthread_create(&zero->thread, NULL, zero_thread, mm) == 0;
    return zero->running ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

void mi_zero_thread_stop(struct mm *mm)
{
    struct mi_zero_thread *zero = &mm->zero;

    if (!zero->running)
        return;
    __atomic_store_n(&zero->stop, true, __ATOMIC_SEQ_CST);
    __atomic_store_n(&zero->awake, 1, __ATOMIC_SEQ_CST);
    ke_futex_wake(&zero->awake, 1, KE_FUTEX_HOST);
    pthread_join(zero->thread, NULL);
    zero->running = false;
}
