/* src/ke/ke.h: the kernel context that every part of one machine's executive shares.
 *
 * No mutable globals: whoever needs kernel memory, nt's variables or a bugcheck is handed a
 * struct ke, directly or through its own context.
 *
 *      pushlock.h     locks                     lock_order.h  their order
 *      dispatcher.h   events, mutants, semaphores, timers
 *      wait.h         waiting for them          thread.h      threads, APCs, suspension
 *      processor.h    virtual processors        clock.h       time
 */
#pragma once

#include "base/kspace.h"
#include "ke/clock.h"
#include "ke/processor.h"
#include "ke/pushlock.h"
#include "nt/globals.h"

/* What ke needs from the machine; slots and the table may be NULL. */
struct ke_ops {
    /* Get whoever runs on this processor out of user mode, soon. Any thread, locks may be held. */
    void (*preempt)(void *owner, unsigned processor);
    /* A timer whose Dpc is not null expired; called without locks, from inside (ke_enter). */
    void (*timer_dpc)(void *owner, KTIMER *timer);
    /* Kernel address of the KTHREAD that calls; 0: a thread of the host. */
    uint64_t (*current_thread)(void *owner);
};

struct ke_host_wait;

struct ke {
    struct kspace ks;     /* kernel addresses <-> host pointers */
    struct nt_globals nt; /* nt's variables, in guest memory */
    uint64_t nt_base;     /* kernel address of the nt image */
    /* What the machine does on a bugcheck; must not return. */
    void (*bug_check)(void *owner, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                      uint64_t p4);
    void *owner;
    const struct ke_ops *ops;        /* called with `owner` */
    struct ke_lock dispatcher_lock;  /* KE_RANK_DISPATCHER */
    struct ke_host_wait *host_waits; /* under the dispatcher lock */
    struct ke_processors processors;
    struct ke_clock clock;
};

/* Set up an empty context: no windows, no globals, no processors, clock at rest. `owner`,
 * `bug_check` and `ops` are set by the caller afterwards. */
void ke_init(struct ke *ke);
/* Stop what runs in the background (the clock). => no guest thread is left */
void ke_deinit(struct ke *ke);

/* Stop the machine: an invariant of the executive is broken. p1 is unique to the call site.
 * Source: bugcheck code reference. */
_Noreturn void ke_bug_check(struct ke *ke, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                            uint64_t p4);
