/* bench/wine.h: running programs, on ntmm and on Wine. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct bench_commands {
    char ntmm[PATH_MAX], folder[PATH_MAX]; /* the command, and where the benchmarks' programs are */
    const char *wine, *server;             /* NULL: not installed */
    char prefix[64];                       /* of Wine, while it is warm */
};

/* Find the commands beside this program. false: said why not. */
bool bench_find_commands(struct bench_commands *c);

/* Exit code of a command that runs without input; negative: it did not run. Its output goes to
 * /dev/null, or as text to `output`. */
int bench_run(char *const arguments[], char *output, size_t output_size);

/* A fresh prefix with its server running, in which `program` ran once and came back with
 * `exit_code`: what is measured from then on is warm. */
bool bench_warm_wine(struct bench_commands *c, const char *program, int exit_code);
void bench_remove_wine(struct bench_commands *c);
