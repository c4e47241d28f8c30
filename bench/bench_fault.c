/* bench/bench_fault.c: what a page fault of a program costs, and how much of it is our own work.
 *
 *      program writes | engine leaves | mm resolves the fault | engine enters | write is done
 *                     '-------------------- whole fault ----------------------'
 *                                     '----- own work -------'
 *
 * Own work is measured through ntmm_touch on a machine without an engine: the same code on the same
 * state, plus what it takes to enter and leave the executive. The whole fault is the run of a
 * program that touches many fresh pages, less the same program's run with none, by page. The bare
 * exit is the engine's own trial.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "engine/engine.h"
#include "ntmm.h"

enum { PAGES = 2048, RUNS = 9 };

static const uint64_t page = 4096;

static ntmm_machine *machine_create(const char *engine)
{
    char error[256];
    ntmm_machine *machine;
    const ntmm_options options = {.ram_size = 128 << 20,
                                  .engine = engine,
                                  .log_level = NTMM_LOG_WARNING,
                                  .system_root = getenv("NTMM_SYSTEM")};
    if (ntmm_machine_create(&options, &machine, error, sizeof error) < 0) {
        fprintf(stderr, "bench_fault: %s\n", error);
        return NULL;
    }
    return machine;
}

/* ---- own work ---- */

/* Seconds for a demand-zero fault; negative: it did not work. */
static double touch_pages(ntmm_process *process)
{
    uint64_t base = 0, size = PAGES * page, whole = 0;
    if (ntmm_allocate(process, &base, 0, &size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT,
                      NTMM_PAGE_READWRITE) < 0) {
        return -1;
    }
    int failed = 0;
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < PAGES; i++) {
        failed |= ntmm_touch(process, base + i * page, NTMM_WRITE) < 0;
    }
    double seconds = bench_seconds(CLOCK_MONOTONIC) - from;
    failed |= ntmm_free(process, &base, &whole, NTMM_MEM_RELEASE) < 0;
    return failed ? -1 : seconds / PAGES;
}

static double own_work(void)
{
    double seconds[BENCH_WARM_UP + BENCH_TRIALS];
    ntmm_process *process;
    ntmm_machine *machine = machine_create("none");
    if (!machine || ntmm_process_create(machine, NULL, &process, NULL, 0) < 0) {
        return -1;
    }
    for (unsigned i = 0; i < BENCH_WARM_UP + BENCH_TRIALS; i++) {
        seconds[i] = touch_pages(process);
    }
    ntmm_process_release(process);
    ntmm_machine_destroy(machine);
    return bench_median(seconds + BENCH_WARM_UP, BENCH_TRIALS);
}

/* ---- the whole fault ---- */

/* Seconds that the program runs; negative: it did not. */
static double run_program(ntmm_machine *machine, const char *path, const char *pages)
{
    ntmm_process *process;
    ntmm_status status = -1;
    const ntmm_program program = {.path = path, .command_line = pages};
    if (ntmm_process_create(machine, &program, &process, NULL, 0) < 0) {
        return -1;
    }
    double from = bench_seconds(CLOCK_MONOTONIC);
    if (ntmm_process_start(process) >= 0) {
        (void)ntmm_process_wait(process, &status);
    }
    double seconds = bench_seconds(CLOCK_MONOTONIC) - from;
    ntmm_process_release(process);
    return status == 0 ? seconds : -1;
}

static double whole_fault(const char *engine, const char *path)
{
    double none[RUNS], many[RUNS];
    char pages[16];
    ntmm_machine *machine = machine_create(engine);
    snprintf(pages, sizeof pages, "%d", PAGES);
    for (unsigned i = 0; machine && i < RUNS; i++) {
        none[i] = run_program(machine, path, "0");
        many[i] = run_program(machine, path, pages);
        if (none[i] < 0 || many[i] < 0) {
            fprintf(stderr, "bench_fault: %s does not run\n", path);
            ntmm_machine_destroy(machine);
            return -1;
        }
    }
    if (!machine) {
        return -1;
    }
    ntmm_machine_destroy(machine);
    return (bench_median(many, RUNS) - bench_median(none, RUNS)) / PAGES;
}

/* The program lies beside this one. */
static void program_path(char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof "/bench/touch.exe");
    path[length > 0 ? length : 0] = 0;
    char *slash = strrchr(path, '/');
    strcpy(slash ? slash : path, "/bench/touch.exe");
}

int main(void)
{
    const double aim = 0.1;
    char path[PATH_MAX];
    int failed = 0;
    double own = own_work();
    program_path(path);
    if (own < 0) {
        return 1;
    }
    printf("%-10s %12s %12s %12s   own work : bare exit\n", "engine", "bare exit", "whole fault",
           "own work");
    for (const struct engine_ops *const *e = engine_list; *e; e++) {
        struct engine_probe probe;
        (*e)->probe(&probe);
        if (!probe.usable) {
            printf("%-10s not usable: %s\n", (*e)->name, probe.why);
            continue;
        }
        double whole = whole_fault((*e)->name, path) * 1e6;
        double ratio = own * 1e6 / probe.exit_us;
        failed |= whole < 0;
        printf("%-10s %9.2f us %9.2f us %9.3f us   %.4f   aim %.1f: %s\n", (*e)->name,
               probe.exit_us, whole, own * 1e6, ratio, aim, ratio <= aim ? "met" : "MISSED");
    }
    return failed;
}
