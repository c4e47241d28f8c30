/* src/ke/thread.h: threads and processes as the kernel sees them.
 *
 * KTHREAD is the first member of an ETHREAD and KPROCESS of an EPROCESS, always (the flag that a
 * thread is to end is ETHREAD.CrossThreadFlags.Terminated). Both are waitable: signalled when
 * ended.
 *
 * A thread is asked to do something before it next runs user code by state that it looks at in
 * ke_prepare_user_mode: suspension, user APCs, termination, a frozen machine, an ended quantum. Who
 * asks sets the state, then ends the thread's wait or gets it out of user mode (ops.preempt).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ke/wait.h"
#include "nt/ke.h"
#include "nt/status.h"

struct ke;

#define MAXIMUM_SUSPEND_COUNT 127

/* Set up the kernel's part of a process in zeroed memory: header, thread list, priority, affinity.
 */
void ke_initialize_process(struct ke *ke, KPROCESS *process, uint64_t directory_table_base);
/* The process ended: signal it. => previous state */
LONG ke_set_process(struct ke *ke, KPROCESS *process);

/* Set up the kernel's part of a thread in zeroed memory (header, lists, wait blocks, timer, APC
 * state, suspension) and put it on the process's ThreadListHead. State is Initialized; it runs when
 * its host thread calls ke_acquire_processor. */
void ke_initialize_thread(struct ke *ke, KTHREAD *thread, KPROCESS *process, uint64_t teb);
/* The thread ends; called by its own host thread, last of all with a processor: abandons its
 * mutants, signals it, takes it off the process, gives the processor back. Its APCs are gone
 * already. */
void ke_exit_thread(struct ke *ke, KTHREAD *thread);

/* ---- before user mode ---- */

enum ke_user_action {
    KE_RUN_USER,    /* go on */
    KE_DELIVER_APC, /* ke_remove_user_apc has one: build its frame, then ask again */
    KE_EXIT_THREAD, /* the thread was told to end */
};

/* Do what has to be done before `thread` runs user code, in this order: park while frozen, stop
 * while suspended, give way at the end of a quantum. => inside, no lock held */
enum ke_user_action ke_prepare_user_mode(struct ke *ke, KTHREAD *thread);

/* ---- user APCs ---- */

/* Set up `apc` (pool memory of the caller): run `routine(context, argument1, argument2)` in user
 * mode. All are user-mode values. */
void ke_initialize_apc(struct ke *ke, KAPC *apc, KTHREAD *thread, uint64_t routine,
                       uint64_t context);
/* Queue it and end an alertable user-mode wait.
 * => false: already queued, or the thread takes no more */
bool ke_insert_queue_apc(struct ke *ke, KAPC *apc, uint64_t argument1, uint64_t argument2);
/* The next APC to deliver, taken off the queue; NULL when none is pending. It is the caller's. */
KAPC *ke_remove_user_apc(struct ke *ke, KTHREAD *thread);
/* Take all APCs off an ending thread and refuse further ones; `release` gets each. */
void ke_flush_apcs(struct ke *ke, KTHREAD *thread, void (*release)(void *context, KAPC *apc),
                   void *context);

/* ---- alerts ---- */

/* => whether that mode was alerted before */
bool ke_alert_thread(struct ke *ke, KTHREAD *thread, enum _MODE mode);
/* NtTestAlert: clear the mode's alert; make queued user APCs pending. => whether it was alerted */
bool ke_test_alert_thread(struct ke *ke, KTHREAD *thread, enum _MODE mode);

/* ---- suspension and the end ---- */

/* => STATUS_SUSPEND_COUNT_EXCEEDED, STATUS_THREAD_IS_TERMINATING. *previous: count before */
NTSTATUS ke_suspend_thread(struct ke *ke, KTHREAD *thread, ULONG *previous);
/* => the count before; the thread runs when that was 1 */
ULONG ke_resume_thread(struct ke *ke, KTHREAD *thread);

/* Tell a thread to end: its user-mode waits, host waits and suspension are over, and it gets
 * KE_EXIT_THREAD before user mode. Any thread. */
void ke_terminate_thread(struct ke *ke, KTHREAD *thread);
bool ke_is_terminating(const KTHREAD *thread);
