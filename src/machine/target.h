/* src/machine/target.h: a running machine as a target of the debugger; target.c. */
#pragma once

#include "machine/machine.h"

NTSTATUS target_create(struct ntmm_machine *m);
void target_destroy(struct ntmm_machine *m); /* harmless without one */
/* The machine as it has crashed, to be looked at by the host thread that found it broken: takes no
 * lock, and is never freed. NULL: no memory. */
struct kd_target *target_of_crash(struct ntmm_machine *m, const struct kd_event *event);
/* The first resume also starts this thread. */
NTSTATUS target_add_thread(struct ntmm_machine *m, struct ps_thread *thread);
