/* src/cli/run.c: ntmm run.
 *
 * Signals that end a command end its programs instead, as Ctrl-C does on Windows
 * (STATUS_CONTROL_C_EXIT); then the machine is taken down in the ordinary way, and the exit code is
 * the shell's for the signal. They are blocked in every thread, and one waits for them. A second
 * one, should the first not be enough, ends the command at once.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"

#define CONTROL_C_EXIT ((ntmm_status)0xC000013A)
#define EXIT_OF_SIGNAL 128
#define END_OF_WATCH SIGUSR1 /* nobody's business but the watcher's */

static void usage(void)
{
    printf("ntmm run [options] PROGRAM.exe [ARGS...]\n\n"
           "Run a 64-bit Windows console program. Its exit code (low 8 bits) is ours.\n\n%s",
           cli_session_options);
}

struct watch {
    sigset_t signals;
    pthread_t thread;
    ntmm_machine *machine;
    ntmm_process **processes;
    atomic_int caught; /* 0: none */
};

static void *watch_signals(void *argument)
{
    struct watch *w = argument;
    int signal;
    while (sigwait(&w->signals, &signal) == 0 && signal != END_OF_WATCH) {
        if (atomic_exchange(&w->caught, signal)) {
            _exit(EXIT_OF_SIGNAL + signal);
        }
        ntmm_terminate_all(w->machine, CONTROL_C_EXIT);
    }
    return NULL;
}

/* => no thread was started yet: they inherit the mask */
static void block_signals(struct watch *w)
{
    sigemptyset(&w->signals);
    sigaddset(&w->signals, SIGINT);
    sigaddset(&w->signals, SIGTERM);
    sigaddset(&w->signals, SIGHUP);
    sigaddset(&w->signals, END_OF_WATCH);
    pthread_sigmask(SIG_BLOCK, &w->signals, NULL);
    signal(SIGPIPE, SIG_IGN); /* a closed output is a status of the program's write */
}

static int wait_for_programs(struct watch *w)
{
    bool watching = pthread_create(&w->thread, NULL, watch_signals, w) == 0;
    if (!watching) {
        pthread_sigmask(SIG_UNBLOCK, &w->signals, NULL); /* they end the command, then */
    }
    ntmm_status status = 0;
    ntmm_wait_all(w->machine); /* and for what they started: it shares the terminal */
    ntmm_process_wait(w->processes[0], &status);
    if (watching) {
        pthread_kill(w->thread, END_OF_WATCH);
        pthread_join(w->thread, NULL);
    }
    int caught = atomic_load(&w->caught);
    return caught ? EXIT_OF_SIGNAL + caught : status & 0xFF;
}

int cli_run(int argc, char **argv)
{
    struct cli_session session;
    if (!cli_parse_session(&session, argc, argv, false)) {
        cli_free_session(&session);
        return CLI_EXIT_USAGE;
    }
    int result = CLI_EXIT_USAGE;
    struct watch watch = {0};
    if (session.help) {
        usage();
        result = 0;
    } else if (!session.program_count) {
        cli_error("run what? ntmm run PROGRAM.exe [ARGS...]");
    } else {
        block_signals(&watch);
        result = CLI_EXIT_FAILED;
        if (cli_start(&session, &watch.machine, &watch.processes)) {
            result = wait_for_programs(&watch);
            cli_stop(&session, watch.machine, watch.processes);
        }
    }
    cli_free_session(&session);
    return result;
}
