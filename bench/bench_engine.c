/* bench/bench_engine.c: what a trap costs on each engine of this host.
 *
 * One line per engine: its name, then microseconds for a bare exit (a page fault taken by the
 * engine's mechanism with nothing done about it), a system call and a page fault, there and back,
 * and both as ratios to the bare exit. Each figure is the median of several trials.
 */
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRIALS = 15 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, TRIALS, sizeof(*values), by_value);
    return values[TRIALS / 2];
}

static int bench(const struct engine_ops *ops)
{
    double exits[TRIALS], syscalls[TRIALS], faults[TRIALS];
    for (int i = 0; i < TRIALS; i++) {
        struct engine_probe p;
        ops->probe(&p);
        if (!p.usable) {
            printf("engine %-8s not usable: %s\n", ops->name, p.why);
            return 1;
        }
        exits[i] = p.exit_us;
        syscalls[i] = p.syscall_us;
        faults[i] = p.fault_us;
    }
    double exit_us = median(exits), syscall_us = median(syscalls), fault_us = median(faults);
    printf("engine %-8s bare exit %6.2f us   syscall %6.2f us   fault %6.2f us", ops->name, exit_us,
           syscall_us, fault_us);
    if (exit_us > 0) {
        printf("   ratios %.2f %.2f", syscall_us / exit_us, fault_us / exit_us);
    }
    printf("\n");
    return 0;
}

int main(void)
{
    int failed = 0;
    for (const struct engine_ops *const *e = engine_list; *e; e++) {
        failed |= bench(*e);
    }
    return failed;
}
