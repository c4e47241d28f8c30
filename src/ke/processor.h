/* src/ke/processor.h: virtual processors, who runs on them, and stopping all of it.
 *
 * A guest thread has a host thread, but to run (in user mode or in the kernel) it needs one of the
 * machine's processors. There are N; each is a KPCR with its KPRCB in guest memory, whose
 * CurrentThread is the thread that has it. Who finds none free is Ready and queues in a KPRCB's
 * DispatcherReadyListHead by priority; who gives one back hands it to the first of the highest
 * priority. A thread gives its processor back when it waits, and takes one again afterwards; the
 * functions of wait.h do both.
 *
 *                    acquire                    wait
 *      Initialized ----------> Running (owns a ------------> Waiting (owns none)
 *                        ^      processor)                      |
 *                 handed |          | quantum end, yield        | signalled, timed out
 *                  over  |          v                           |
 *                        +------- Ready <-----------------------+
 *
 * Quantum: while somebody is ready and unserved, the clock marks KPRCB.QuantumEnd of processors
 * whose thread had its share, and asks the machine to get it out of user mode (ops.preempt).
 *
 * Freezing: a host thread that touches guest kernel memory is *inside*: a guest thread between
 * taking a processor and giving it up, a system thread between ke_enter and ke_leave. ke_freeze
 * lets nobody in any more, gets everybody who is in user mode out of it, and waits until all are
 * out or parked at a safe point; parked threads keep their processor, so that the debugger sees
 * them as Running.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ke/inside.h"
#include "ke/pushlock.h"
#include "nt/ke.h"

struct ke;

#define KE_MAXIMUM_PROCESSORS 64

/* KTHREAD.State, as the debugger names it. */
enum ke_thread_state {
    KE_THREAD_INITIALIZED,
    KE_THREAD_READY,
    KE_THREAD_RUNNING,
    KE_THREAD_STANDBY,
    KE_THREAD_TERMINATED,
    KE_THREAD_WAITING,
};

struct ke_processors {
    struct ke_lock lock; /* KE_RANK_PROCESSOR: everything here, ready lists, CurrentThread */
    unsigned count;
    KPRCB *prcb[KE_MAXIMUM_PROCESSORS];      /* (I) */
    int64_t taken_at[KE_MAXIMUM_PROCESSORS]; /* interrupt time: start of the quantum */
    bool in_user[KE_MAXIMUM_PROCESSORS];     /* (A) its thread runs user code, as the clock sees */
    unsigned busy;                           /* processors with a thread */
    unsigned ready;                          /* threads queued for one */
    struct ke_inside inside; /* who is inside, not parked; frozen by who has the lock (ke_halt:
                                without) */
};

/* The end of a machine: nobody gets a processor any more, and all are told to leave user mode.
 * Takes no lock. */
void ke_halt(struct ke *ke);
/* Is nobody inside any more, but for the caller if it is? */
bool ke_is_quiet(const struct ke *ke, bool caller_is_inside);

/* Make `pcr` (guest memory, zeroed) the machine's next processor: Self, CurrentPrcb, Number, lists,
 * KiProcessorBlock, KeNumberProcessors. `idle` is shown as CurrentThread while nobody runs; may be
 * NULL. At boot only.
 * => STATUS_INSUFFICIENT_RESOURCES: more than KE_MAXIMUM_PROCESSORS */
NTSTATUS ke_add_processor(struct ke *ke, KPCR *pcr, KTHREAD *idle);

/* Get a processor for `thread` (whose host thread calls), waiting for one, and for a thaw. */
void ke_acquire_processor(struct ke *ke, KTHREAD *thread);
/* Give it back to whoever is ready. */
void ke_release_processor(struct ke *ke, KTHREAD *thread);

static inline bool ke_owns_processor(const KTHREAD *thread)
{
    return __atomic_load_n(&thread->Running, __ATOMIC_RELAXED) != 0;
}

/* => the thread owns one */
static inline unsigned ke_processor_number(const KTHREAD *thread)
{
    return __atomic_load_n(&thread->NextProcessor, __ATOMIC_RELAXED);
}

/* Let another ready thread of at least the same priority run. => false: there was none */
bool ke_yield_processor(struct ke *ke, KTHREAD *thread);

/* For the clock: threads whose quantum is over come off their processors. */
void ke_check_quantum(struct ke *ke);
/* For the clock: whoever has a processor now is said to have had it for `ticks` clock intervals, in
 * user mode or in the kernel as it happens to be now. Source: Windows Internals 6, part 1, ch. 5:
 * times of threads and processes are kept by the clock interrupt. */
void ke_account_time(struct ke *ke, uint32_t ticks);
/* The thread on a processor enters or leaves user mode. */
static inline void ke_set_user_mode(struct ke_processors *processors, unsigned index, bool user)
{
    __atomic_store_n(&processors->in_user[index], user, __ATOMIC_RELAXED);
}

/* The processors (bits) that the thread may use from now on; it leaves one that it may not when it
 * next enters user mode. => not 0 */
void ke_set_affinity_thread(struct ke *ke, KTHREAD *thread, uint64_t mask);
/* Base and current priority; counts when it next becomes ready. */
void ke_set_base_priority(struct ke *ke, KTHREAD *thread, CHAR priority);

/* ---- stopping the world ---- */

/* For host threads that are no guest thread (zero-page thread, clock): bracket what touches guest
 * kernel memory. ke_enter waits while the machine is frozen. Not nested. */
void ke_enter(struct ke *ke);
void ke_leave(struct ke *ke);

/* Let nobody in any more; does not wait. What a guest thread calls on a breakpoint, before it parks
 * itself at its next safe point. Harmless when frozen already. Any thread. */
void ke_request_freeze(struct ke *ke);
/* Request, then wait until the whole machine stands still. => caller is not inside */
void ke_freeze(struct ke *ke);
/* Run on. */
void ke_thaw(struct ke *ke);

static inline bool ke_freeze_requested(const struct ke_processors *processors)
{
    return ke_inside_is_frozen(&processors->inside);
}

/* Where a guest thread may be stopped: no lock held, all guest structures consistent, its registers
 * saved where the debugger finds them. Parks while the machine is frozen. */
void ke_safe_point(struct ke *ke, KTHREAD *thread);
