/* bench/bench_start.c: hello world, from starting the command to its exit, against Wine.
 *
 *      ntmm run hello.exe      boots a machine, runs the program, takes everything down
 *      wine64 hello.exe        warm: its server runs, its prefix exists, files are in the page
 *                              cache
 *
 * Both write to /dev/null and must come back with the program's exit code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "wine.h"

enum { HELLO_EXIT_CODE = 7 };

struct start {
    struct bench_commands commands;
    char hello[PATH_MAX + sizeof "/hello.exe"];
};

static double time_runs(char *const arguments[], unsigned rounds)
{
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < rounds; i++) {
        int code = bench_run(arguments, NULL, 0);
        if (code != HELLO_EXIT_CODE) {
            fprintf(stderr, "bench_start: %s: exit code %d instead of %d\n", arguments[0], code,
                    HELLO_EXIT_CODE);
            exit(1);
        }
    }
    return bench_seconds(CLOCK_MONOTONIC) - from;
}

static double ours(void *context, unsigned rounds)
{
    struct start *s = context;
    return time_runs((char *[]){s->commands.ntmm, (char[]){"run"}, s->hello, NULL}, rounds);
}

static double wines(void *context, unsigned rounds)
{
    struct start *s = context;
    return time_runs((char *[]){strdupa(s->commands.wine), s->hello, NULL}, rounds);
}

int main(void)
{
    struct start start;
    struct bench_commands *c = &start.commands;
    if (!bench_find_commands(c)) {
        return 1;
    }
    snprintf(start.hello, sizeof start.hello, "%s/hello.exe", c->folder);
    (void)ours(&start, 1); /* ends here when it does not work */
    if (!c->wine || !c->server) {
        double runs[BENCH_TRIALS];
        for (unsigned i = 0; i < BENCH_TRIALS; i++) {
            runs[i] = ours(&start, 1);
        }
        printf("hello world, start to exit: %.1f ms; no Wine here to compare with\n",
               bench_median(runs, BENCH_TRIALS) * 1e3);
        return 0;
    }
    bool warm = bench_warm_wine(c, start.hello, HELLO_EXIT_CODE);
    if (warm) {
        bench_title("start to exit", "ntmm", "Wine, warm");
        bench_line("hello world", bench_compare(ours, wines, &start, 1), 2);
    } else {
        fprintf(stderr, "bench_start: Wine does not run the program here\n");
    }
    bench_remove_wine(c);
    return warm ? 0 : 1;
}
