/* bench/bench_calls.c: what calls cost a program on ntmm, on the engine that auto takes.
 *
 * calls.exe measures itself, in ntmm and in Wine by turns; each of its figures is a median, and the
 * median over the runs counts. Peers that are no Windows program are measured here, in between:
 *
 *      null service    a Linux system call, plus handing over to another thread and back
 *      first touch     Linux's own, of as many pages
 *      computing       the same source as a Linux program
 *
 * The hand-over is two threads that look at each other's word: what any design pays that has the
 * program and the kernel in two of Linux's processes.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "wine.h"

enum { RUNS = 3, ROUNDS = 20000, TOUCHED_PAGES = 20000, PAGE = 4096, TEXT = 1024 };

/* What calls.exe and compute print, in this order. */
enum figure {
    NULL_CALL,
    EVENT,
    ALLOC,
    RESERVE,
    COMMIT,
    PROTECT,
    QUERY,
    VIEW,
    TOUCH,
    COMPUTE,
    FIGURES
};
static const char *const figure_name[FIGURES] = {"null",    "event", "alloc", "reserve", "commit",
                                                 "protect", "query", "view",  "touch",   "compute"};

struct figures {
    double seconds[FIGURES][RUNS];
};

/* ---- Linux's own ---- */

static double system_call(void)
{
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < ROUNDS; i++) {
        syscall(SYS_getppid);
    }
    return (bench_seconds(CLOCK_MONOTONIC) - from) / ROUNDS;
}

struct exchange {
    _Alignas(64) atomic_uint asked;
    _Alignas(64) atomic_uint answered;
};

static void *answer(void *context)
{
    struct exchange *x = context;
    for (unsigned i = 1; i <= ROUNDS; i++) {
        while (atomic_load(&x->asked) != i) {
            __builtin_ia32_pause();
        }
        atomic_store(&x->answered, i);
    }
    return NULL;
}

/* To another thread and back. */
static double hand_over(void)
{
    struct exchange x = {0};
    pthread_t thread;
    if (pthread_create(&thread, NULL, answer, &x)) {
        return 0;
    }
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        atomic_store(&x.asked, i);
        while (atomic_load(&x.answered) != i) {
            __builtin_ia32_pause();
        }
    }
    double seconds = (bench_seconds(CLOCK_MONOTONIC) - from) / ROUNDS;
    pthread_join(thread, NULL);
    return seconds;
}

static double first_touch(void)
{
    const size_t size = (size_t)TOUCHED_PAGES * PAGE;
    volatile char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return 0;
    }
    madvise((void *)p, size, MADV_NOHUGEPAGE);
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (size_t i = 0; i < TOUCHED_PAGES; i++) {
        p[i * PAGE] = 1;
    }
    double seconds = (bench_seconds(CLOCK_MONOTONIC) - from) / TOUCHED_PAGES;
    munmap((void *)p, size);
    return seconds;
}

/* ---- programs ---- */

/* Take the figures of a program's output as those of run `run`. */
static void take_figures(struct figures *f, unsigned run, char *text)
{
    char *rest;
    for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
        char *value = strchr(line, ' ');
        for (enum figure i = 0; value && i < FIGURES; i++) {
            if (strncmp(line, figure_name[i], (size_t)(value - line)) == 0 &&
                figure_name[i][value - line] == 0) {
                f->seconds[i][run] = strtod(value, NULL) / 1e9;
            }
        }
    }
}

/* Run `command` (NULL: none), with "run" behind it for ntmm, on the program of that name. */
static void run_program(struct figures *f, unsigned run, const struct bench_commands *c,
                        const char *command, const char *program)
{
    char path[PATH_MAX + 64], text[TEXT];
    snprintf(path, sizeof path, "%s/%s", c->folder, program);
    char *arguments[] = {strdupa(command ? command : path), NULL, NULL, NULL};
    if (command == c->ntmm) {
        arguments[1] = strdupa("run");
    }
    if (command) {
        arguments[command == c->ntmm ? 2 : 1] = path;
    }
    if (bench_run(arguments, text, sizeof text)) {
        fprintf(stderr, "bench_calls: %s %s does not run\n", arguments[0], program);
        exit(1);
    }
    take_figures(f, run, text);
}

/* ---- the table ---- */

static double median_of(struct figures *f, enum figure figure)
{
    return bench_median(f->seconds[figure], RUNS);
}

static struct bench_pair pair(struct figures *ours, struct figures *peers, enum figure figure)
{
    return (struct bench_pair){median_of(ours, figure), median_of(peers, figure)};
}

static void print(struct figures *ours, struct figures *linux_own, struct figures *wine)
{
    bench_title("a program's calls", "ntmm", "Linux");
    bench_line("null service: call + hand-over", pair(ours, linux_own, NULL_CALL), 1.0 / 2);
    bench_line("first touch of a page", pair(ours, linux_own, TOUCH), 1.0 / 3);
    bench_line("computing", pair(ours, linux_own, COMPUTE), 0.97);
    if (!wine) {
        printf("no Wine here to compare the other calls with\n");
        return;
    }
    bench_title("", "ntmm", "Wine");
    bench_line("null service", pair(ours, wine, NULL_CALL), 0);
    bench_line("CreateEvent + CloseHandle", pair(ours, wine, EVENT), 1);
    bench_line("VirtualAlloc + VirtualFree, 64 KB", pair(ours, wine, ALLOC), 1);
    bench_line("reserve + release, 64 KB", pair(ours, wine, RESERVE), 1);
    bench_line("commit + decommit, 64 KB", pair(ours, wine, COMMIT), 1);
    bench_line("VirtualProtect, 64 KB", pair(ours, wine, PROTECT), 1);
    bench_line("VirtualQuery", pair(ours, wine, QUERY), 1);
    bench_line("map + unmap of a section, 1 MB", pair(ours, wine, VIEW), 20);
    bench_line("first touch of a page", pair(ours, wine, TOUCH), 0);
}

int main(void)
{
    struct bench_commands c;
    struct figures ours = {0}, linux_own = {0}, wine = {0};
    if (!bench_find_commands(&c)) {
        return 1;
    }
    char calls[PATH_MAX + sizeof "/calls.exe"];
    snprintf(calls, sizeof calls, "%s/calls.exe", c.folder);
    bool with_wine = c.wine && c.server;
    bool warm = with_wine && bench_warm_wine(&c, calls, 0);
    for (unsigned i = 0; i < RUNS; i++) {
        run_program(&ours, i, &c, c.ntmm, "calls.exe");
        run_program(&ours, i, &c, c.ntmm, "compute.exe");
        run_program(&linux_own, i, &c, NULL, "compute");
        linux_own.seconds[NULL_CALL][i] = system_call() + hand_over();
        linux_own.seconds[TOUCH][i] = first_touch();
        if (warm) {
            run_program(&wine, i, &c, c.wine, "calls.exe");
        }
    }
    if (with_wine) {
        bench_remove_wine(&c);
    }
    print(&ours, &linux_own, warm ? &wine : NULL);
    return 0;
}
