/* src/machine/debug.h: what happens to guest threads when a debugger looks on; debug.c. */
#pragma once

#include "machine/machine.h"

void debug_init(struct ntmm_machine *m, bool attached);
void debug_deinit(struct ntmm_machine *m);

/* An exception of thread `t`, whose registers are in t->registers. True: the debugger dealt with
 * it, go on with t->registers. */
bool debug_exception(struct ntmm_machine *m, struct machine_thread *t,
                     const EXCEPTION_RECORD *record, bool first_chance);
/* Before user code runs: first instruction, break-in, attach. True: stopped meanwhile, look again
 * at what has to be done before user mode. */
bool debug_before_user_mode(struct ntmm_machine *m, struct machine_thread *t);
/* A service is done. It may have mapped an image at the address that *(r8) holds, or have been
 * called by single-stepped code: that was the step. `arguments`: its first four. */
void debug_service_done(struct ntmm_machine *m, struct machine_thread *t,
                        const uint64_t arguments[4], NTSTATUS status);
/* The thread has left user mode for good, but nothing of it is gone yet. */
void debug_before_exit(struct ntmm_machine *m, struct machine_thread *t);
/* The thread ends. */
void debug_thread_gone(struct ntmm_machine *m, struct machine_thread *t);
/* The machine has crashed, on the host thread of `t` (NULL: of no guest thread): complete the event
 * and make it the last one. The debugger is told afterwards. */
struct kd_event debug_take_bug_check(struct ntmm_machine *m, struct machine_thread *t,
                                     struct kd_event event);
void debug_tell_bug_check(struct ntmm_machine *m);
/* All programs have ended. */
void debug_ended(struct ntmm_machine *m, NTSTATUS status);

/* The debugger's hardware breakpoints, while user code of `t` runs: they take the place of the
 * thread's own debug registers, which come back afterwards. */
struct debug_watching {
    bool active;
    uint64_t dr[8]; /* the thread's own */
};
void debug_watch_begin(struct ntmm_machine *m, struct machine_thread *t, struct debug_watching *w);
/* True: the trap was one of them. Then call debug_watch_report once the thread may stand still. */
bool debug_watch_end(struct ntmm_machine *m, struct machine_thread *t, struct debug_watching *w,
                     const struct engine_trap *trap, unsigned *index);
void debug_watch_report(struct ntmm_machine *m, struct machine_thread *t, unsigned index);
