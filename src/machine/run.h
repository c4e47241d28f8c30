/* src/machine/run.h: guest threads on host threads; run.c. */
#pragma once

#include "machine/machine.h"

/* Host thread body; argument is a struct machine_thread. */
void *run_thread(void *argument);

/* Have a thread's registers complete in t->registers. => it is not in user mode */
void run_collect_registers(struct ntmm_machine *m, struct machine_thread *t);
/* Keep a thread out of user mode for a moment, to look at its registers or change them; it may be
 * the caller's own. => the caller is no other thread that is held */
void run_hold_out_of_user_mode(struct ntmm_machine *m, struct machine_thread *t);
void run_let_go(struct machine_thread *t);
/* The thread is gone: nobody needs what a processor still holds of it. */
void run_forget_registers(struct machine_thread *t);

/* NtRaiseException: `context` is where the exception happened. */
void run_raise_exception(struct ntmm_machine *m, struct machine_thread *t,
                         const EXCEPTION_RECORD *record, const CONTEXT *context, bool first_chance);
/* Nobody handled it: the debugger's last word, else the process ends with the code. */
void run_second_chance(struct ntmm_machine *m, struct machine_thread *t,
                       const EXCEPTION_RECORD *record);
