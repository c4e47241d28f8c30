/* bench/bench_mm.c: the memory manager without an engine against Linux's, call for call.
 *
 *      ours                                  Linux
 *      reserve + release                     mmap(PROT_NONE) + munmap
 *      reserve and commit + release          mmap(read/write) + munmap
 *      first touch of a committed page       first touch of a mapped page (4 KB pages, a page
 * fault) commit, touch all, release            mmap, touch all, munmap
 *
 * Ours are calls of include/ntmm.h; each takes the locks and makes the VADs, PTEs and PFN entries
 * in guest memory that the same service makes for a running program. Linux's include what the
 * processor spends on entering and leaving its kernel; that is what a program on Linux pays.
 *
 * Freed frames are zeroed by the zero-page thread, beside the caller when there is a second
 * processor. The lines "all threads" count processor time of the whole process instead of the
 * clock, so that its work is in there.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "ntmm.h"

#define PAGE 4096ull
#define KB 1024ull
#define MB (1024 * KB)

struct bench {
    ntmm_machine *machine;
    ntmm_process *process;
    uint64_t size; /* bytes of one allocation */
    clockid_t clock;
};

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_mm: %s failed\n", what);
        exit(1);
    }
}

/* ---- the calls ---- */

static uint64_t our_allocate(ntmm_process *process, uint64_t size, uint32_t type)
{
    uint64_t base = 0;
    must(ntmm_allocate(process, &base, 0, &size, type, NTMM_PAGE_READWRITE) >= 0, "allocate");
    return base;
}

static void our_release(ntmm_process *process, uint64_t base)
{
    uint64_t size = 0;
    must(ntmm_free(process, &base, &size, NTMM_MEM_RELEASE) >= 0, "free");
}

static void our_touch(ntmm_process *process, uint64_t base, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += PAGE) {
        must(ntmm_touch(process, base + at, NTMM_WRITE) >= 0, "touch");
    }
}

static char *linux_map(uint64_t size, int protection)
{
    char *p = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(p != MAP_FAILED, "mmap");
    return p;
}

static void linux_touch(char *p, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += PAGE) {
        ((volatile char *)p)[at] = 1;
    }
}

/* ---- trials ---- */

static double our_reserve(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        our_release(b->process, our_allocate(b->process, b->size, NTMM_MEM_RESERVE));
    }
    return bench_seconds(b->clock) - from;
}

static double linux_reserve(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        munmap(linux_map(b->size, PROT_NONE), b->size);
    }
    return bench_seconds(b->clock) - from;
}

static double our_commit(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        our_release(b->process,
                    our_allocate(b->process, b->size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT));
    }
    return bench_seconds(b->clock) - from;
}

static double linux_commit(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        munmap(linux_map(b->size, PROT_READ | PROT_WRITE), b->size);
    }
    return bench_seconds(b->clock) - from;
}

/* Only the touches count. */
static double our_first_touch(void *context, unsigned rounds)
{
    struct bench *b = context;
    uint64_t size = rounds * PAGE;
    uint64_t base = our_allocate(b->process, size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT);
    double from = bench_seconds(b->clock);
    our_touch(b->process, base, size);
    double seconds = bench_seconds(b->clock) - from;
    our_release(b->process, base);
    return seconds;
}

static double linux_first_touch(void *context, unsigned rounds)
{
    struct bench *b = context;
    uint64_t size = rounds * PAGE;
    char *p = linux_map(size, PROT_READ | PROT_WRITE);
    madvise(p, size, MADV_NOHUGEPAGE);
    double from = bench_seconds(b->clock);
    linux_touch(p, size);
    double seconds = bench_seconds(b->clock) - from;
    munmap(p, size);
    return seconds;
}

static double our_life(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t base = our_allocate(b->process, b->size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT);
        our_touch(b->process, base, b->size);
        our_release(b->process, base);
    }
    return bench_seconds(b->clock) - from;
}

static double linux_life(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        char *p = linux_map(b->size, PROT_READ | PROT_WRITE);
        madvise(p, b->size, MADV_NOHUGEPAGE);
        linux_touch(p, b->size);
        munmap(p, b->size);
    }
    return bench_seconds(b->clock) - from;
}

/* ---- two processes at once ---- */

enum { SCALING_ROUNDS = 2000 };

static void *scaling_thread(void *context)
{
    (void)our_life(context, SCALING_ROUNDS);
    return NULL;
}

/* Seconds until one process, or each of two at once, has done its rounds. */
static double our_lives(struct bench *one, struct bench *other)
{
    pthread_t thread;
    double from = bench_seconds(CLOCK_MONOTONIC);
    if (other) {
        must(pthread_create(&thread, NULL, scaling_thread, other) == 0, "pthread_create");
    }
    (void)our_life(one, SCALING_ROUNDS);
    if (other) {
        pthread_join(thread, NULL);
    }
    return bench_seconds(CLOCK_MONOTONIC) - from;
}

static double linux_lives(struct bench *one, unsigned processes)
{
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < processes; i++) {
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0) {
            (void)linux_life(one, SCALING_ROUNDS);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < processes; i++) {
        must(wait(NULL) > 0, "wait");
    }
    return bench_seconds(CLOCK_MONOTONIC) - from;
}

static void scaling(const struct bench *b)
{
    enum { TRIALS = 7 };
    double our_gain[TRIALS], linux_gain[TRIALS];
    struct bench one = *b, other = *b;
    one.size = other.size = 64 * KB;
    must(ntmm_process_create(b->machine, NULL, &other.process, NULL, 0) >= 0, "process");
    for (unsigned i = 0; i < TRIALS; i++) {
        our_gain[i] = 2 * our_lives(&one, NULL) / our_lives(&one, &other);
        linux_gain[i] = 2 * linux_lives(&one, 1) / linux_lives(&one, 2);
    }
    ntmm_process_release(other.process);
    printf("two processes at once, throughput against one: ours %.2fx, Linux %.2fx "
           "(%ld processors here; ours are threads of one Linux process)\n",
           bench_median(our_gain, TRIALS), bench_median(linux_gain, TRIALS),
           sysconf(_SC_NPROCESSORS_ONLN));
}

/* ---- the table ---- */

static void run(struct bench *b)
{
    static const uint64_t sizes[] = {64 * KB, MB, 16 * MB};
    const double aim = 5;
    char what[64];
    bench_title("memory calls without an engine", "ntmm", "Linux");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        b->size = sizes[i];
        snprintf(what, sizeof what, "reserve + release, %llu KB", (unsigned long long)b->size / KB);
        bench_line(what, bench_compare(our_reserve, linux_reserve, b, 2000), aim);
        snprintf(what, sizeof what, "commit + release, %llu KB", (unsigned long long)b->size / KB);
        bench_line(what, bench_compare(our_commit, linux_commit, b, 2000), aim);
    }
    bench_line("demand-zero first touch of a page",
               bench_compare(our_first_touch, linux_first_touch, b, 1024), aim);
    b->size = 64 * KB;
    bench_line("commit, touch all, release, 64 KB", bench_compare(our_life, linux_life, b, 200), 0);
    b->clock = CLOCK_PROCESS_CPUTIME_ID;
    bench_line("demand-zero first touch, all threads",
               bench_compare(our_first_touch, linux_first_touch, b, 1024), 0);
    bench_line("the same 64 KB, all threads", bench_compare(our_life, linux_life, b, 200), 0);
    b->clock = CLOCK_MONOTONIC;
    scaling(b);
}

int main(void)
{
    char error[256];
    struct bench b = {.clock = CLOCK_MONOTONIC};
    const ntmm_options options = {.ram_size = 256 * MB,
                                  .engine = "none",
                                  .log_level = NTMM_LOG_WARNING,
                                  .system_root = getenv("NTMM_SYSTEM")};
    if (ntmm_machine_create(&options, &b.machine, error, sizeof error) < 0) {
        fprintf(stderr, "bench_mm: %s\n", error);
        return 1;
    }
    must(ntmm_process_create(b.machine, NULL, &b.process, NULL, 0) >= 0, "process");
    run(&b);
    ntmm_process_release(b.process);
    ntmm_machine_destroy(b.machine);
    return 0;
}
