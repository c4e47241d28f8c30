/* bench/bench.c: see bench.h. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

double bench_seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

struct bench_pair bench_compare(bench_trial *ours, bench_trial *peers, void *context,
                                unsigned rounds)
{
    double a[BENCH_WARM_UP + BENCH_TRIALS], b[BENCH_WARM_UP + BENCH_TRIALS];
    for (unsigned i = 0; i < BENCH_WARM_UP + BENCH_TRIALS; i++) {
        a[i] = ours(context, rounds) / rounds;
        b[i] = peers(context, rounds) / rounds;
    }
    return (struct bench_pair){bench_median(a + BENCH_WARM_UP, BENCH_TRIALS),
                               bench_median(b + BENCH_WARM_UP, BENCH_TRIALS)};
}

void bench_title(const char *title, const char *ours, const char *peer)
{
    printf("%-40s %12s %12s   ratio\n", title, ours, peer);
}

void bench_line(const char *what, struct bench_pair pair, double aim)
{
    double ratio = pair.peers / pair.ours;
    printf("  %-38s %9.3f us %9.3f us %6.1fx", what, pair.ours * 1e6, pair.peers * 1e6, ratio);
    if (aim > 0) {
        printf("   aim %.1fx: %s", aim, ratio >= aim ? "met" : "MISSED");
    }
    printf("\n");
}
