/* src/engine/trial.h: try an engine on this host. */
#pragma once

#include "engine/engine.h"

/* Run a few system calls and page faults on a machine of a few pages and write down what they cost.
 * `measure_exit` (may be NULL) is called with a cpu that just returned from a system call, and
 * gives microseconds, or a negative errno. Takes about a hundred round trips. */
void engine_trial(const struct engine_ops *ops,
                  double (*measure_exit)(struct engine_cpu *cpu, unsigned rounds),
                  struct engine_probe *out);
