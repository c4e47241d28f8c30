/* src/ke/dispatcher.h: objects that threads wait for.
 *
 * Each begins with a DISPATCHER_HEADER: Type (KOBJECTS), SignalState, and the list of KWAIT_BLOCKs
 * of threads that wait. Who changes SignalState in favour of waiters serves them in order, as far
 * as the state lasts:
 *
 *      object                      signalled when        what a satisfied wait takes
 *      event, notification         set                   nothing
 *      event, synchronization      set                   resets it
 *      semaphore                   count > 0             one of the count
 *      mutant                      free, or yours        ownership
 *      timer                       expired               synchronization: resets it
 *      thread, process             ended                 nothing
 *
 * All pointers are host pointers to structures in guest memory that the caller keeps referenced.
 * All functions take the dispatcher lock; none blocks on anything else. Functions that return a
 * LONG return the previous SignalState, as KeSetEvent and its family do. Source:
 * KeWaitForSingleObject, KeSetEvent, KeReleaseMutex, KeSetTimerEx documentation; Windows Internals
 * 6, part 1, ch. 3.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nt/ke.h"
#include "nt/status.h"

struct ke;

/* ---- events ---- */

void ke_initialize_event(struct ke *ke, KEVENT *event, enum _EVENT_TYPE type, bool signalled);
LONG ke_set_event(struct ke *ke, KEVENT *event);
LONG ke_reset_event(struct ke *ke, KEVENT *event);
LONG ke_pulse_event(struct ke *ke, KEVENT *event);
LONG ke_read_state(struct ke *ke, const void *object);

/* ---- semaphores ---- */

/* => 0 <= count <= limit, limit > 0 */
void ke_initialize_semaphore(struct ke *ke, KSEMAPHORE *semaphore, LONG count, LONG limit);
/* => STATUS_SEMAPHORE_LIMIT_EXCEEDED: nothing changed. *previous may be NULL */
NTSTATUS ke_release_semaphore(struct ke *ke, KSEMAPHORE *semaphore, LONG adjustment,
                              LONG *previous);

/* ---- mutants ---- */

/* With `owner`, owned by that thread from the start; NULL: free. */
void ke_initialize_mutant(struct ke *ke, KMUTANT *mutant, KTHREAD *owner);
/* => STATUS_MUTANT_NOT_OWNED. *previous: 1 - number of acquisitions before, may be NULL */
NTSTATUS ke_release_mutant(struct ke *ke, KMUTANT *mutant, KTHREAD *thread, LONG *previous);

/* The mutant's memory is about to go: nobody owns it any more. */
void ke_disown_mutant(struct ke *ke, KMUTANT *mutant);

/* ---- timers ---- */

/* `synchronization`: satisfies one wait per expiry. */
void ke_initialize_timer(struct ke *ke, KTIMER *timer, bool synchronization);
/* Start or restart: due as in ke_due_time, then every `period` ms when that is not 0.
 * => whether it was running before. Needs a processor (its KPRCB.TimerTable holds the timers) and a
 *    started clock */
bool ke_set_timer(struct ke *ke, KTIMER *timer, int64_t due, uint32_t period);
/* => whether it was running */
bool ke_cancel_timer(struct ke *ke, KTIMER *timer);

/* For the clock: signal what is due. => interrupt time of the next one, INT64_MAX when there is
 * none */
int64_t ke_expire_timers(struct ke *ke);
