/* src/machine/registry.h: what the registry of a machine begins with. */
#pragma once

#include "machine/machine.h"

/* The registry itself, still empty. => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS registry_create(struct ntmm_machine *m);
/* The services of the machine's processes, below SYSTEM (registry_services.c).
 * => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS registry_fill_services(struct cm *cm);
