/* src/mm/worker.c: threads that memory management has of its own.
 *
 *      absent --poke--> poked --> at work --nothing left--> asleep
 *       (no thread)       ^         |   ^                     |
 *                         '--poke---'   '--------poke---------'
 *
 * A machine that never runs short of memory has no thread but the one that zeroes pages: a worker's
 * thread is made by the first poke. Who pokes one that is at work sends it through its work once
 * more, so nothing that was worth a poke is missed.
 *
 * What a worker does to guest memory it does between mi_worker_enter and _leave. There it counts as
 * somebody inside (ke/processor.h), so that a debugger that has stopped the machine sees nothing
 * change; and whoever checks the whole state can keep it out.
 */
#include <errno.h>
#include <time.h>

#include "ke/futex.h"
#include "mm/mi.h"

void mi_worker_initialize(struct mi_worker *worker, struct mm *mm,
                          int (*work)(struct mi_worker *worker))
{
    *worker = (struct mi_worker){.mm = mm, .work = work, .state = MI_WORKER_ABSENT};
    pthread_mutex_init(&worker->pause, NULL);
}

void mi_worker_deinitialize(struct mi_worker *worker)
{
    pthread_mutex_destroy(&worker->pause);
}

bool mi_worker_is_stopped(const struct mi_worker *worker)
{
    return __atomic_load_n(&worker->stop, __ATOMIC_SEQ_CST);
}

void mi_worker_enter(struct mi_worker *worker)
{
    ke_enter(worker->mm->ke); /* first: who checks may have stopped the machine */
    pthread_mutex_lock(&worker->pause);
}

void mi_worker_leave(struct mi_worker *worker)
{
    pthread_mutex_unlock(&worker->pause);
    ke_leave(worker->mm->ke);
}

static void add_milliseconds(struct timespec *time, int delay)
{
    uint64_t ns = (uint64_t)time->tv_nsec + (uint64_t)delay * 1000000u;

    time->tv_sec += (time_t)(ns / 1000000000u);
    time->tv_nsec = (long)(ns % 1000000000u);
}

/* Nothing to do: sleep until poked, or for `delay` milliseconds. */
static void rest(struct mi_worker *worker, int delay)
{
    uint32_t state = MI_WORKER_AT_WORK;
    struct timespec until;

    if (delay != MI_WORKER_IDLE) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        add_milliseconds(&until, delay);
    }
    if (!__atomic_compare_exchange_n(&worker->state, &state, MI_WORKER_ASLEEP, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return;
    while (__atomic_load_n(&worker->state, __ATOMIC_SEQ_CST) == MI_WORKER_ASLEEP &&
           !mi_worker_is_stopped(worker)) {
        int rc = ke_futex_wait(&worker->state, MI_WORKER_ASLEEP, KE_FUTEX_HOST,
                               delay == MI_WORKER_IDLE ? NULL : &until);
        if (rc != 0 && delay != MI_WORKER_IDLE)
            break; /* timed out, most likely; else it comes a little early */
    }
}

void mi_worker_back_off(struct mi_worker *worker, int delay)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    add_milliseconds(&until, delay);
    __atomic_store_n(&worker->state, MI_WORKER_POKED, __ATOMIC_SEQ_CST);
    while (!mi_worker_is_stopped(worker) &&
           (ke_futex_wait(&worker->state, MI_WORKER_POKED, KE_FUTEX_HOST, &until) == 0 ||
            errno == EINTR)) {
    }
}

static void *worker_main(void *context)
{
    struct mi_worker *worker = context;

    while (!mi_worker_is_stopped(worker)) {
        __atomic_store_n(&worker->state, MI_WORKER_AT_WORK, __ATOMIC_SEQ_CST);
        rest(worker, worker->work(worker));
    }
    return NULL;
}

bool mi_worker_poke(struct mi_worker *worker)
{
    uint32_t before;

    if (__atomic_load_n(&worker->state, __ATOMIC_RELAXED) == MI_WORKER_POKED)
        return true;
    before = __atomic_exchange_n(&worker->state, MI_WORKER_POKED, __ATOMIC_SEQ_CST);
    if (before == MI_WORKER_ASLEEP)
        ke_futex_wake(&worker->state, 1, KE_FUTEX_HOST);
    if (before != MI_WORKER_ABSENT)
        return true;
    if (pthread_create(&worker->thread, NULL, worker_main, worker) == 0)
        return true;
    __atomic_store_n(&worker->state, MI_WORKER_ABSENT, __ATOMIC_SEQ_CST); /* the next may try */
    return false;
}

void mi_worker_stop(struct mi_worker *worker)
{
    if (__atomic_load_n(&worker->state, __ATOMIC_SEQ_CST) == MI_WORKER_ABSENT)
        return;
    __atomic_store_n(&worker->stop, true, __ATOMIC_SEQ_CST);
    __atomic_store_n(&worker->state, MI_WORKER_POKED, __ATOMIC_SEQ_CST);
    ke_futex_wake(&worker->state, 1, KE_FUTEX_HOST); /* also one that backs off */
    pthread_join(worker->thread, NULL);
    worker->state = MI_WORKER_ABSENT;
}

void mi_pause_workers(struct mm *mm)
{
    for (int i = 0; i < MI_WORKERS; i++)
        pthread_mutex_lock(&mm->worker[i].pause);
}

void mi_resume_workers(struct mm *mm)
{
    for (int i = MI_WORKERS; i-- > 0;)
        pthread_mutex_unlock(&mm->worker[i].pause);
}
