/* src/machine/boot.h: making and destroying a machine; boot.c and its helpers. */
#pragma once

#include "machine/machine.h"

/* Put one line into error[error_size] (may be NULL). */
void machine_error(char *error, size_t error_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* KUSER_SHARED_DATA (shared.c): everything but the times. */
void shared_data_init(struct ntmm_machine *m);
void shared_data_set_gate(struct ntmm_machine *m);
/* PsLoadedModuleList with nt in it (modules.c). */
NTSTATUS modules_init(struct ntmm_machine *m);
/* Virtual processors, and the engine that runs them (cpus.c). => engine: System exists */
NTSTATUS cpus_init(struct ntmm_machine *m);
NTSTATUS engine_init(struct ntmm_machine *m, char *error, size_t error_size);
void engine_deinit(struct ntmm_machine *m);
/* Without an engine nobody has translations to forget. */
const struct mm_ops *machine_mm_ops(const struct ntmm_machine *m);
extern const struct ps_ops machine_ps_ops;
extern const struct ke_ops machine_ke_ops;

/* Do all threads of programs, or of the system's own processes, wait without an end? False when
 * there is none (stuck.c). */
bool machine_threads_wait(struct ntmm_machine *m, bool background);
/* Can nothing ever happen any more unless from outside? (stuck.c) => the machine is frozen */
bool machine_is_stuck(struct ntmm_machine *m);

/* ke's bug_check: stop the machine for good, for the debugger to look at (crash.c). */
_Noreturn void machine_bug_check(void *owner, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                                 uint64_t p4);

/* Write every thread's user registers to its kernel stack, and those of who has a processor to its
 * KPRCB (trapframe.c). => the machine is frozen, or has crashed
 */
void machine_store_trap_frames(struct ntmm_machine *m);
