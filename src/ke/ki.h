/* src/ke/ki.h: the inside of ke. */
#pragma once

#include "ke/dispatcher.h"
#include "ke/futex.h"
#include "ke/ke.h"
#include "ke/list.h"
#include "ke/thread.h"
#include "ke/wait.h"

/* ---- KTHREAD.State and the word threads sleep on ---- */

/* State lies in one dword with three bytes that change only while the thread runs. */
_Static_assert(offsetof(KTHREAD, State) % 4 == 0, "a futex is a dword");

static inline uint32_t *ki_state_word(KTHREAD *thread)
{
    return (uint32_t *)(void *)&thread->State;
}

static inline enum ke_thread_state ki_state(const KTHREAD *thread)
{
    return (enum ke_thread_state)__atomic_load_n(&thread->State, __ATOMIC_ACQUIRE);
}

static inline void ki_set_state(KTHREAD *thread, enum ke_thread_state state)
{
    __atomic_store_n(&thread->State, (UCHAR)state, __ATOMIC_RELEASE);
}

/* ---- dispatcher: => dispatcher lock held for all of these ---- */

/* Serve the waiters of an object whose state changed in their favour. */
void ki_wait_test(struct ke *ke, DISPATCHER_HEADER *object);
/* End the wait of a Waiting thread with `status`. */
void ki_unwait(struct ke *ke, KTHREAD *thread, NTSTATUS status);
/* Is the thread in a wait that ki_unwait may end (not blocked in the host)? */
bool ki_in_wait(const KTHREAD *thread);
/* Take a mutant's ownership away from an ending thread. */
void ki_abandon_mutants(struct ke *ke, KTHREAD *thread);
/* Set up a dispatcher header. `size` is that of the whole object in bytes. Takes no lock. */
void ki_initialize_header(struct ke *ke, DISPATCHER_HEADER *header, enum _KOBJECTS type,
                          size_t size, LONG state);

/* ---- processors and clock ---- */

/* Get `thread` out of user mode if it is there. No lock needed. */
void ki_kick(struct ke *ke, KTHREAD *thread);
/* Bring KUSER_SHARED_DATA up to date. => processors' lock held */
void ki_update_shared_time(struct ke *ke);
/* Timers that run until a system time are due `by` (100 ns) later. => dispatcher lock */
void ki_move_absolute_timers(struct ke *ke, int64_t by);
/* Time stops (starts again). => processors' lock held */
void ki_stop_time(struct ke *ke);
void ki_start_time(struct ke *ke);
/* Host time (CLOCK_MONOTONIC) at which the interrupt time will be `due`, if nothing freezes. */
struct timespec ki_host_deadline(const struct ke *ke, int64_t due);
