/* run.h: letting the target run. => run.c */
#pragma once

#include "kd/kdi.h"

/* Run until an event that is to be seen, and follow it there. KD_RESUME_STEP: for one instruction.
 * Breakpoints, pass counts and filters are taken care of. => false: an error was printed */
bool kd_run(struct kd *kd, enum kd_resume how);

/* The same from the commands of a breakpoint (`gc`): what was run to before is still run to. */
bool kd_run_on(struct kd *kd, enum kd_resume how);

/* Have the next kd_run stop at `address` too, once, in this thread (an ETHREAD; 0: any) of the
 * current process, where rsp is above `stack` (0: anywhere), so that deeper calls of a recursion do
 * not count. */
void kd_run_to(struct kd *kd, uint64_t address, uint64_t thread, uint64_t stack);
