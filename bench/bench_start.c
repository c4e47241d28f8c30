/* bench/bench_start.c: hello world, from starting the command to its exit, against Wine.
 *
 *      ntmm run hello.exe      boots a machine, runs the program, takes everything down
 *      wine64 hello.exe        warm: its server runs, its prefix exists, files are in the page
 * cache
 *
 * Wine gets a prefix of its own, made before and removed after; so the first run takes long. Both
 * write to /dev/null and must come back with the program's exit code.
 */
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { HELLO_EXIT_CODE = 7 };

extern char **environ;

struct commands {
    char ntmm[PATH_MAX], hello[PATH_MAX];
    const char *wine, *server; /* NULL: not installed */
};

/* Exit code of a command that runs without input and output; negative: it did not run. */
static int run(char *const arguments[])
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (getenv("NTMM_LOG") == NULL) {
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    if (posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ) == 0 &&
        waitpid(pid, &status, 0) == pid && WIFEXITED(status)) {
        status = WEXITSTATUS(status);
    }
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

static double time_runs(char *const arguments[], unsigned rounds)
{
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < rounds; i++) {
        int code = run(arguments);
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
    struct commands *c = context;
    return time_runs((char *[]){c->ntmm, (char[]){"run"}, c->hello, NULL}, rounds);
}

static double wines(void *context, unsigned rounds)
{
    struct commands *c = context;
    return time_runs((char *[]){strdupa(c->wine), c->hello, NULL}, rounds);
}

/* ---- what is here ---- */

static const char *first_of(const char *const *paths)
{
    while (*paths && access(*paths, X_OK) != 0) {
        paths++;
    }
    return *paths;
}

static bool find_commands(struct commands *c)
{
    static const char *const wines_here[] = {"/usr/lib/wine/wine64", "/usr/bin/wine64",
                                             "/usr/local/bin/wine64", "/usr/bin/wine", NULL};
    static const char *const servers[] = {"/usr/lib/wine/wineserver64", "/usr/lib/wine/wineserver",
                                          "/usr/bin/wineserver", "/usr/local/bin/wineserver", NULL};
    char self[PATH_MAX - sizeof "/bench/hello.exe"];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) {
        return false;
    }
    self[length] = 0;
    *strrchr(self, '/') = 0;
    snprintf(c->ntmm, sizeof c->ntmm, "%s/ntmm", self);
    snprintf(c->hello, sizeof c->hello, "%s/bench/hello.exe", self);
    c->wine = first_of(wines_here);
    c->server = first_of(servers);
    if (access(c->ntmm, X_OK) != 0 || access(c->hello, R_OK) != 0) {
        fprintf(stderr, "bench_start: %s and %s are needed\n", c->ntmm, c->hello);
        return false;
    }
    return true;
}

/* ---- Wine's prefix ---- */

/* A fresh prefix with its server running, so that what is measured is warm. */
static bool warm_wine(const struct commands *c, char *prefix)
{
    if (!mkdtemp(prefix)) {
        return false;
    }
    setenv("WINEPREFIX", prefix, 1);
    setenv("WINEDEBUG", "-all", 1);
    setenv("WINEDLLOVERRIDES", "mscoree,mshtml=", 1); /* asks for nothing, starts sooner */
    unsetenv("DISPLAY");
    (void)run((char *[]){strdupa(c->server), (char[]){"-p"}, NULL});
    return run((char *[]){strdupa(c->wine), strdupa(c->hello), NULL}) == HELLO_EXIT_CODE;
}

static void remove_wine(const struct commands *c, char *prefix)
{
    (void)run((char *[]){strdupa(c->server), (char[]){"-k"}, NULL});
    (void)run((char *[]){strdupa(c->server), (char[]){"-w"}, NULL});
    (void)run((char *[]){(char[]){"/bin/rm"}, (char[]){"-rf"}, prefix, NULL});
}

int main(void)
{
    struct commands commands;
    char prefix[] = "/tmp/ntmm-wine-XXXXXX";
    if (!find_commands(&commands)) {
        return 1;
    }
    (void)ours(&commands, 1); /* ends here when it does not work */
    if (!commands.wine || !commands.server) {
        double runs[BENCH_TRIALS];
        for (unsigned i = 0; i < BENCH_TRIALS; i++) {
            runs[i] = ours(&commands, 1);
        }
        printf("hello world, start to exit: %.1f ms; no Wine here to compare with\n",
               bench_median(runs, BENCH_TRIALS) * 1e3);
        return 0;
    }
    bool warm = warm_wine(&commands, prefix);
    if (warm) {
        bench_title("start to exit", "ntmm", "Wine, warm");
        bench_line("hello world", bench_compare(ours, wines, &commands, 1), 2);
    } else {
        fprintf(stderr, "bench_start: Wine does not run the program here\n");
    }
    remove_wine(&commands, prefix);
    return warm ? 0 : 1;
}
