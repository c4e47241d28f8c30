/* bench/bench_scale.c: does memory management keep its speed with more processes, and more ranges?
 *
 * Two processes at once: each its own thread, both the same calls; throughput against one alone.
 * Ours are two host threads in one Linux process, Linux's are two Linux processes. "of processors"
 * is by the processor time spent instead of the clock: it does not see who waits asleep, but the
 * host's other work does not change it either. Two processors that do not disturb each other give
 * 2.0.
 *
 * Many ranges: a call in a process with a thousand VADs, and with a million, at places all over
 * them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "memory.h"

/* ---- two processes at once ---- */

enum { TRIALS = 9 };

struct work {
    const char *what;
    void (*ours)(ntmm_process *process);
    void (*peer)(void);
    unsigned rounds;
    double aim;
};

struct runner {
    const struct work *work;
    ntmm_process *process; /* NULL: Linux's */
};

static void our_reserve(ntmm_process *process)
{
    our_release(process, our_allocate(process, 64 * KB, NTMM_MEM_RESERVE));
}

static void linux_reserve(void)
{
    munmap(linux_map(64 * KB, PROT_NONE), 64 * KB);
}

static void our_commit(ntmm_process *process)
{
    our_release(process, our_allocate(process, 64 * KB, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT));
}

static void linux_commit(void)
{
    munmap(linux_map(64 * KB, PROT_READ | PROT_WRITE), 64 * KB);
}

static void our_life(ntmm_process *process)
{
    uint64_t base = our_allocate(process, 64 * KB, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT);
    our_touch(process, base, 64 * KB);
    our_release(process, base);
}

static void linux_life(void)
{
    char *p = linux_map(64 * KB, PROT_READ | PROT_WRITE);
    madvise(p, 64 * KB, MADV_NOHUGEPAGE);
    linux_touch(p, 64 * KB);
    munmap(p, 64 * KB);
}

/* The runners lie on the first thread's stack, beside the frames of its calls. A second one that
 * looked there in each round would wait for a cache line that the first one writes all the time. */
static void *run(void *context)
{
    const struct runner runner = *(const struct runner *)context;
    for (unsigned i = 0; i < runner.work->rounds; i++) {
        if (runner.process) {
            runner.work->ours(runner.process);
        } else {
            runner.work->peer();
        }
    }
    return NULL;
}

struct spent {
    double clock, processors; /* seconds */
};

/* One process, or two at once, each do their rounds. */
static struct spent our_runs(const struct work *work, ntmm_process *const *processes,
                             unsigned count)
{
    struct runner first = {work, processes[0]}, second = {work, processes[1]};
    pthread_t thread;
    double clock = bench_seconds(CLOCK_MONOTONIC), cpu = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (count > 1) {
        must(pthread_create(&thread, NULL, run, &second) == 0, "pthread_create");
    }
    run(&first);
    if (count > 1) {
        pthread_join(thread, NULL);
    }
    return (struct spent){bench_seconds(CLOCK_MONOTONIC) - clock,
                          bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu};
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double children_time(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static struct spent linux_runs(const struct work *work, unsigned count)
{
    struct runner runner = {work, NULL};
    double clock = bench_seconds(CLOCK_MONOTONIC), cpu = children_time();
    for (unsigned i = 0; i < count; i++) {
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0) {
            run(&runner);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        must(wait(NULL) > 0, "wait");
    }
    return (struct spent){bench_seconds(CLOCK_MONOTONIC) - clock, children_time() - cpu};
}

/* What munmap leaves to be freed later (RCU), Linux frees beside whoever runs next, for some 30 ms:
 * that must not be us, nor its own next trial. */
static void settle(void)
{
    const struct timespec rest = {.tv_nsec = 100000000};
    nanosleep(&rest, NULL);
}

static void two_processes(ntmm_process *const *processes, const struct work *work)
{
    double ours[TRIALS], ours_cpu[TRIALS], peers[TRIALS], peers_cpu[TRIALS];
    for (unsigned i = 0; i < TRIALS; i++) {
        settle();
        struct spent one = our_runs(work, processes, 1), two = our_runs(work, processes, 2);
        ours[i] = 2 * one.clock / two.clock;
        ours_cpu[i] = 4 * one.processors / two.processors;
        one = linux_runs(work, 1);
        settle();
        two = linux_runs(work, 2);
        peers[i] = 2 * one.clock / two.clock;
        peers_cpu[i] = 4 * one.processors / two.processors;
    }
    double gain = bench_median(ours, TRIALS), by_processors = bench_median(ours_cpu, TRIALS);
    printf("  %-38s %8.2fx %8.2fx %12.2fx %8.2fx   aim %.1fx: %s\n", work->what, gain,
           by_processors, bench_median(peers, TRIALS), bench_median(peers_cpu, TRIALS), work->aim,
           gain >= work->aim ? "met" : "MISSED");
}

static void scaling(void)
{
    static const struct work works[] = {
        {"reserve + release, 64 KB", our_reserve, linux_reserve, 100000, 1.8},
        {"commit + release, 64 KB", our_commit, linux_commit, 100000, 1.8},
        {"commit, touch all, release, 64 KB", our_life, linux_life, 5000, 1.8},
    };
    ntmm_machine *machine = our_machine(256 * MB);
    ntmm_process *processes[2] = {our_process(machine), our_process(machine)};
    printf("two processes at once against one (%ld processors here)\n",
           sysconf(_SC_NPROCESSORS_ONLN));
    printf("  %-38s %9s %9s %13s %9s\n", "throughput", "ntmm", "of cpus", "Linux", "of cpus");
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        two_processes(processes, &works[i]);
    }
    ntmm_process_release(processes[0]);
    ntmm_process_release(processes[1]);
    ntmm_machine_destroy(machine);
}

/* ---- many ranges ---- */

enum { FEW = 1000, MANY = 1000000, PLACES = 4096, STEPS = 20000 };

/* A process with `count` ranges of 64 KB, each behind 64 KB of room, committed or reserved by
 * turns, and addresses of some of them from all over. */
struct ranges {
    ntmm_process *process;
    uint64_t first;
    uint64_t place[PLACES];
};

#define STRIDE (128 * KB)

static void fill(struct ranges *ranges, ntmm_machine *machine, unsigned count)
{
    uint64_t seed = 1;
    ranges->process = our_process(machine);
    ranges->first = 0x100000000;
    for (unsigned i = 0; i < count; i++) {
        our_allocate_at(ranges->process, ranges->first + i * STRIDE, 64 * KB, NTMM_MEM_RESERVE);
    }
    for (unsigned i = 0; i < PLACES; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        ranges->place[i] = ranges->first + (seed >> 33) % count * STRIDE;
    }
}

static void reserve_between(struct ranges *r, uint64_t place)
{
    our_release(r->process,
                our_allocate_at(r->process, place + 64 * KB, 64 * KB, NTMM_MEM_RESERVE));
}

/* Its place among the VADs is a new one each time. */
static void release_and_reserve(struct ranges *r, uint64_t place)
{
    our_release(r->process, place);
    our_allocate_at(r->process, place, 64 * KB, NTMM_MEM_RESERVE);
}

static void reserve_anywhere(struct ranges *r, uint64_t place)
{
    (void)place;
    our_release(r->process, our_allocate(r->process, 64 * KB, NTMM_MEM_RESERVE));
}

static void commit_one(struct ranges *r, uint64_t place)
{
    our_allocate_at(r->process, place, 64 * KB, NTMM_MEM_COMMIT);
    our_decommit(r->process, place, 64 * KB);
}

static void query_one(struct ranges *r, uint64_t place)
{
    our_query(r->process, place);
}

struct call {
    const char *what;
    void (*call)(struct ranges *ranges, uint64_t place);
};

static double time_of(const struct call *call, struct ranges *ranges)
{
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < STEPS; i++) {
        call->call(ranges, ranges->place[i % PLACES]);
    }
    return (bench_seconds(CLOCK_MONOTONIC) - from) / STEPS;
}

static void compare(const struct call *call, struct ranges *few, struct ranges *many)
{
    double at_few[TRIALS], at_many[TRIALS];
    const double most = 3;
    for (unsigned i = 0; i < TRIALS; i++) {
        at_few[i] = time_of(call, few);
        at_many[i] = time_of(call, many);
    }
    double low = bench_median(at_few, TRIALS), high = bench_median(at_many, TRIALS);
    printf("  %-38s %9.3f us %9.3f us %6.1fx   at most %.0fx: %s\n", call->what, low * 1e6,
           high * 1e6, high / low, most, high / low <= most ? "met" : "MISSED");
}

static void many_ranges(void)
{
    static const struct call calls[] = {{"reserve at a place + release", reserve_between},
                                        {"reserve anywhere + release", reserve_anywhere},
                                        {"release + reserve again", release_and_reserve},
                                        {"commit + decommit", commit_one},
                                        {"query", query_one}};
    static struct ranges few, many;
    ntmm_machine *machine = our_machine(512 * MB);
    fill(&few, machine, FEW);
    fill(&many, machine, MANY);
    printf("%-40s %12s %12s\n", "a call in a process with VADs", "1,000", "1,000,000");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        compare(&calls[i], &few, &many);
    }
    ntmm_process_release(few.process);
    ntmm_process_release(many.process);
    ntmm_machine_destroy(machine);
}

int main(void)
{
    scaling();
    many_ranges();
    return 0;
}
