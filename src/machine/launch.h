/* src/machine/launch.h: programs of the host become processes of the machine; launch.c. */
#pragma once

#include "machine/machine.h"

/* Put together the guest's C:. `error` gets one line. */
NTSTATUS launch_mount(struct ntmm_machine *m, char *error, size_t error_size);
void launch_unmount(struct ntmm_machine *m);

/* A process for `program`, its first thread made but not started. */
NTSTATUS launch_program(struct ntmm_machine *m, const ntmm_program *program,
                        struct ps_process **process, struct ps_thread **thread, char *error,
                        size_t error_size);

/* A process for program->nt_path, whose image this opens, without a thread.
 * => as sys_open_program and ps_create_process */
NTSTATUS launch_create_process(struct ntmm_machine *m, struct ps_program *program,
                               struct ps_process **process);
/* UTF-16 that ends with 0. */
struct ps_text launch_text(const WCHAR *text);

/* Tell every thread of every program to end; none begins any more. => inside, or the machine is
 * frozen */
void launch_terminate_all(struct ntmm_machine *m, NTSTATUS status);
/* End every process and wait until no guest thread is left. */
void launch_end_all(struct ntmm_machine *m);
