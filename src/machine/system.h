/* src/machine/system.h: the processes of a booted Windows; system.c. */
#pragma once

#include "machine/machine.h"

/* Start all of them; they run on by themselves. `error` gets one line when one cannot be started.
 */
NTSTATUS system_start(struct ntmm_machine *m, char *error, size_t error_size);

/* Wait until all their threads wait for good. => the caller is outside of the machine */
void system_settle(struct ntmm_machine *m);
