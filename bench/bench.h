/* bench/bench.h: measuring two things against each other in one run.
 *
 * Trials of ours and of the peer take turns, so that whatever else the host does meets both; the
 * first trials warm up and are dropped; what counts is the median of the rest, and the ratio of the
 * two medians. The ratio is what to read: absolute figures are this host's. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { BENCH_WARM_UP = 3, BENCH_TRIALS = 25 };

/* Seconds on a clock, CLOCK_MONOTONIC or CLOCK_PROCESS_CPUTIME_ID. */
double bench_seconds(clockid_t clock);

/* One trial of something: does it `rounds` times, returns the seconds that counted. */
typedef double bench_trial(void *context, unsigned rounds);

struct bench_pair {
    double ours, peers; /* seconds per round, medians */
};

struct bench_pair bench_compare(bench_trial *ours, bench_trial *peers, void *context,
                                unsigned rounds);
/* The median of `count` values, which are sorted by it. */
double bench_median(double *values, size_t count);

/* A heading, and lines "what  ours  peer  N.Nx faster". Aim: at least this ratio; 0: none. */
void bench_title(const char *title, const char *ours, const char *peer);
void bench_line(const char *what, struct bench_pair pair, double aim);
