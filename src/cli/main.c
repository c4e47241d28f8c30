/* src/cli/main.c: ntmm, the command: picks the subcommand. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/cli.h"

static const struct {
    const char *name;
    cli_command *run;
    const char *summary;
} commands[] = {
    {"run", cli_run, "run a Windows program; its exit code (low 8 bits) is ours"},
    {"kd", cli_kd,
     "the same machine, stopped at the program's first instruction, with WinDbg's prompt"},
    {"lab", cli_lab, "experiments: list them, or run one and check its result"},
    {"doctor", cli_doctor, "what this host offers: engines, costs, tools"},
};

void cli_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("ntmm: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static void usage(FILE *out)
{
    fputs("ntmm: the Windows NT memory manager on Linux\n\n"
          "  ntmm run [options] PROGRAM.exe [ARGS...]\n"
          "  ntmm kd  [options] [PROGRAM.exe [ARGS...]]\n"
          "  ntmm lab [NAME]\n"
          "  ntmm doctor\n\n",
          out);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        fprintf(out, "  %-8s%s\n", commands[i].name, commands[i].summary);
    }
    fputs("\nntmm COMMAND --help tells more about each.\n", out);
}

/* Each process of a machine takes a few descriptors, and shells allow few by default. */
static void allow_many_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* it works with fewer, too */
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return CLI_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    allow_many_descriptors();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    cli_error("there is no command %s; ntmm --help lists them", argv[1]);
    return CLI_EXIT_USAGE;
}
