/* src/engine/trial.h: try an engine on this host. */
#pragma once

#include "engine/engine.h"

/* Microseconds of a bare trap: run `context`, whose next instruction traps, `rounds` times with the
 * least that the engine's mechanism needs. Negative errno when that fails. */
typedef double engine_exit_meter(struct engine_cpu *cpu, struct engine_space *space,
                                 struct engine_context *context, unsigned rounds);

/* Run a few system calls and page faults on a machine of a few pages and write down what they cost.
 * `meter` may be NULL. Takes about a hundred round trips. */
void engine_trial(const struct engine_ops *ops, engine_exit_meter *meter, struct engine_probe *out);
