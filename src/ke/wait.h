/* src/ke/wait.h: waiting for dispatcher objects.
 *
 * A thread that has to wait links one KWAIT_BLOCK per object into the objects' wait lists, sets its
 * State to Waiting, gives its processor back and sleeps on the word of its KTHREAD that holds
 * State. Who ends the wait (a signal, an APC, an alert, a termination) unlinks the blocks, stores
 * KTHREAD.WaitStatus, sets State to Ready and wakes the word; the sleeper itself does so on
 * timeout. So the debugger sees what every thread waits for: WaitBlockList, WaitReason, WaitMode.
 *
 *      KEVENT.WaitListHead <-> WaitBlock[0] (thread A) <-> WaitBlock[0] (thread B)
 *                                  | NextWaitBlock
 *      KMUTANT.WaitListHead <-> WaitBlock[1] (thread A)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nt/info.h"
#include "nt/ke.h"
#include "nt/status.h"

struct ke;

#define MAXIMUM_WAIT_OBJECTS 64
#define THREAD_WAIT_OBJECTS 3 /* what the KTHREAD itself has blocks for */

enum _MODE { KernelMode, UserMode };

/* Everything about a wait but the objects. */
struct ke_wait {
    enum _KWAIT_REASON reason; /* UserRequest for services */
    enum _MODE mode;           /* UserMode: APCs and termination end the wait */
    bool alertable;
    const int64_t *timeout; /* as in ke_due_time; NULL: none; 0: only try */
};

/* Wait for `object`. `thread` is the caller's.
 * => STATUS_WAIT_0, STATUS_ABANDONED_WAIT_0 (a mutant whose owner died; it is the caller's now),
 *    STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ALERTED, STATUS_MUTANT_LIMIT_EXCEEDED,
 *    STATUS_THREAD_IS_TERMINATING (mode is UserMode, and the thread was told to end) */
NTSTATUS ke_wait_for_single_object(struct ke *ke, KTHREAD *thread, void *object,
                                   const struct ke_wait *wait);

/* Wait for one or all of `objects`: at most MAXIMUM_WAIT_OBJECTS; more than THREAD_WAIT_OBJECTS
 * need `blocks` (guest memory, one per object), else that is NULL.
 * => as above; STATUS_WAIT_0 + n and STATUS_ABANDONED_WAIT_0 + n for the nth object with WaitAny;
 *    STATUS_INVALID_PARAMETER_MIX never: the same object twice is the caller's to refuse (WaitAll)
 */
NTSTATUS ke_wait_for_multiple_objects(struct ke *ke, KTHREAD *thread, unsigned count,
                                      void *const objects[], enum _WAIT_TYPE type,
                                      const struct ke_wait *wait, KWAIT_BLOCK *blocks);

/* Sleep. => STATUS_SUCCESS when the time is over; STATUS_USER_APC, STATUS_ALERTED, ... */
NTSTATUS ke_delay_execution(struct ke *ke, KTHREAD *thread, enum _MODE mode, bool alertable,
                            int64_t interval);

/* ---- waiting in the host ---- */

/* A guest thread about to block in a host call (read from a terminal) says so: it gives its
 * processor back, counts as parked, and is shown as Waiting. `event` becomes readable when the call
 * should be given up because the thread is to end: poll it beside the descriptor. */
struct ke_host_wait {
    int event;   /* eventfd */
    bool parked; /* gave a processor back */
    KTHREAD *thread;
    struct ke_host_wait *next;
};

/* => STATUS_INSUFFICIENT_RESOURCES, STATUS_THREAD_IS_TERMINATING: not begun */
NTSTATUS ke_begin_host_wait(struct ke *ke, KTHREAD *thread, enum _KWAIT_REASON reason,
                            struct ke_host_wait *wait);
/* => STATUS_THREAD_IS_TERMINATING when the thread was told to end meanwhile */
NTSTATUS ke_end_host_wait(struct ke *ke, struct ke_host_wait *wait);
