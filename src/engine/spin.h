/* src/engine/spin.h: looking at a word of another processor before sleeping.
 *
 * To be woken costs 40 to 90 microseconds on nested hosts, so either side of a hand-over looks for
 * about as long first. With one processor that would keep the other side from running: nobody does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* About what a sleep costs. */
enum { ENGINE_SPIN_US = 100 };

struct engine_spin {
    uint32_t pauses; /* ENGINE_SPIN_US in `pause` instructions; 0: do not look, sleep */
    uint64_t ticks;  /* the same by the time stamp counter */
};

/* Find out how long that is here, in some microseconds. */
struct engine_spin engine_spin_measure(void);

/* Looking that did not help is a hint that the other side has no processor to run on, so the next
 * time it is for half as long (ticks >> doubt); and twice when it did. */
static inline void engine_spin_learn(unsigned *doubt, bool helped)
{
    enum { DOUBT_MOST = 5 };
    if (helped) {
        *doubt -= *doubt > 0;
    } else {
        *doubt += *doubt < DOUBT_MOST;
    }
}
