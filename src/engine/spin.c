/* src/engine/spin.c: see spin.h. */
#include "engine/spin.h"

#include <time.h>
#include <unistd.h>

struct engine_spin engine_spin_measure(void)
{
    enum { PAUSES = 400, NS_PER_US = 1000, NS_PER_SECOND = 1000 * 1000 * 1000 };
    struct engine_spin spin = {0};
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    uint64_t ticks = __builtin_ia32_rdtsc();
    for (unsigned i = 0; i < PAUSES; i++) {
        __builtin_ia32_pause();
    }
    ticks = __builtin_ia32_rdtsc() - ticks;
    clock_gettime(CLOCK_MONOTONIC, &to);
    long ns = (to.tv_sec - from.tv_sec) * NS_PER_SECOND + to.tv_nsec - from.tv_nsec;
    uint64_t spin_ns = ENGINE_SPIN_US * NS_PER_US, measured_ns = ns > 0 ? (uint64_t)ns : 1;
    spin.ticks = ticks * spin_ns / measured_ns;
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
        spin.pauses = (uint32_t)(PAUSES * spin_ns / measured_ns) + 1;
    }
    return spin;
}
