/* tests/chance.h: what random tests have in common. */
#pragma once

#include <stdint.h>

/* NTMM_SEED from the environment, or one from the clock; printed, so that a run can be repeated.
 * Never 0. */
uint64_t random_seed(void);

/* The next number below `limit`, which is not 0. `*state` is not 0. */
uint32_t random_below(uint64_t *state, uint32_t limit);

/* Print what was done: so many operations, and "checked after each" of what. */
void random_report(uint64_t operations, const char *of_what, unsigned processes, unsigned threads,
                   uint64_t seed);

/* How many steps or rounds a random test takes: `usual`, times NTMM_LONGER from the environment. */
unsigned random_steps(unsigned usual);
