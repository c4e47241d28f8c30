/* tests/with_engine.c: run a test on a chosen engine.
 *
 *      with_engine NAME COMMAND...
 *
 * NAME becomes NTMM_ENGINE, which the command `ntmm` and the tests that make machines take for
 * their engine. Exit status 77 (skipped), with the reason, when the engine cannot be used here, or
 * has no hardware breakpoints and NTMM_TEST_NEEDS is "breakpoints".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"

enum { SKIPPED = 77, WRONG = 2 };

int main(int argc, char **argv)
{
    const struct engine_ops *ops;
    struct engine_probe probe;
    if (argc < 3) {
        fprintf(stderr, "usage: with_engine NAME COMMAND...\n");
        return WRONG;
    }
    int error = engine_choose(argv[1], false, &ops, &probe);
    if (error == -ENODEV) {
        printf("skipped: engine %s cannot be used here: %s\n", argv[1], probe.why);
        return SKIPPED;
    }
    const char *needs = getenv("NTMM_TEST_NEEDS");
    if (!error && needs && !strcmp(needs, "breakpoints") && !probe.debug_registers) {
        printf("skipped: engine %s has no hardware breakpoints here\n", argv[1]);
        return SKIPPED;
    }
    if (error || setenv("NTMM_ENGINE", argv[1], 1)) {
        fprintf(stderr, "with_engine: there is no engine called %s\n", argv[1]);
        return WRONG;
    }
    fflush(stdout);
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return WRONG;
}
