/* src/cli/cli.h: the commands of ntmm, one file each. */
#pragma once

#include "ntmm.h"

/* A subcommand: argv[0] is its name. Returns the exit code of the program. */
typedef int cli_command(int argc, char **argv);

cli_command cli_run, cli_kd, cli_lab, cli_doctor;

#define CLI_EXIT_FAILED 1 /* could not do what was asked; one line says why */
#define CLI_EXIT_USAGE 2  /* the command line is wrong */

/* One line on standard error, "ntmm: " before it. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What `run` and `kd` have in common: the machine's options and the programs. */
struct cli_session {
    ntmm_options options;
    ntmm_mount *mounts;
    ntmm_pagefile pagefiles[NTMM_PAGEFILES];
    ntmm_program *programs; /* the first is the command line's own, then -p's */
    char **owned;           /* strings that the above point into */
    size_t program_count, owned_count;
    const char *crash_dump; /* file for a bugcheck; NULL: none */
    /* kd only */
    const char *commands, *script, *symbol_path, *dump;
    bool bare, help;
};

/* Parse options up to PROGRAM and its arguments. False: an error was printed. */
bool cli_parse_session(struct cli_session *session, int argc, char **argv, bool debugger);
void cli_free_session(struct cli_session *session);

/* Create the machine and every program's process, started (with a debugger: ready to be resumed).
 * False: an error was printed. */
bool cli_start(const struct cli_session *session, ntmm_machine **machine,
               ntmm_process ***processes);
void cli_stop(const struct cli_session *session, ntmm_machine *machine, ntmm_process **processes);

/* The text of the options that run and kd share, for --help. */
extern const char cli_session_options[];
