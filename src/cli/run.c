/* src/cli/run.c: ntmm run. */
#include <stdio.h>

#include "cli/cli.h"

static void usage(void)
{
    printf("ntmm run [options] PROGRAM.exe [ARGS...]\n\n"
           "Run a 64-bit Windows console program. Its exit code (low 8 bits) is ours.\n\n%s",
           cli_session_options);
}

int cli_run(int argc, char **argv)
{
    struct cli_session session;
    if (!cli_parse_session(&session, argc, argv, false)) {
        cli_free_session(&session);
        return CLI_EXIT_USAGE;
    }
    int result = CLI_EXIT_USAGE;
    ntmm_machine *machine;
    ntmm_process **processes;
    if (session.help) {
        usage();
        result = 0;
    } else if (!session.program_count) {
        cli_error("run what? ntmm run PROGRAM.exe [ARGS...]");
    } else if (!cli_start(&session, &machine, &processes)) {
        result = CLI_EXIT_FAILED;
    } else {
        ntmm_status status = 0;
        for (size_t i = session.program_count; i-- > 0;) {
            ntmm_process_wait(processes[i], &status);
        }
        result = status & 0xFF; /* the first program's, waited for last */
        cli_stop(&session, machine, processes);
    }
    cli_free_session(&session);
    return result;
}
