/* src/cli/kd.c: ntmm kd: a machine with the debugger's prompt. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kd/kd.h"
#include "kd/target_dump.h"

/* The debugger that Ctrl-C interrupts; a signal handler gets no argument. */
static struct kd *volatile interrupted;

static void on_interrupt(int signal)
{
    (void)signal;
    if (interrupted) {
        kd_interrupt(interrupted);
    }
}

/* The machine that is debugged: `.restart` puts another in its place. */
struct debuggee {
    const struct cli_session *session;
    ntmm_machine *machine; /* NULL: none (a dump) */
    ntmm_process **processes;
};

static struct kd_target *start(struct debuggee *d)
{
    if (!cli_start(d->session, &d->machine, &d->processes)) {
        d->machine = NULL;
        return NULL;
    }
    struct kd_target *target = ntmm_debug_target(d->machine);
    if (!target) {
        cli_error("the program's first thread cannot be started: out of host resources");
    }
    return target;
}

static void stop(struct debuggee *d)
{
    if (d->machine) {
        cli_stop(d->session, d->machine, d->processes);
        d->machine = NULL;
    }
}

static struct kd_target *restart(void *owner)
{
    stop(owner);
    return start(owner);
}

static void output(void *owner, const char *text, size_t length)
{
    (void)owner;
    fwrite(text, 1, length, stdout);
    fflush(stdout);
}

static void usage(void)
{
    printf(
        "ntmm kd [options] [PROGRAM.exe [ARGS...]]\n\n"
        "A machine stopped at the program's first instruction, with WinDbg's prompt: g runs it,\n"
        "Ctrl-C or int3 in a program breaks in, .help lists the commands, q leaves.\n\n"
        "  -c \"cmd; cmd\"         run these commands first; ending in q makes a batch tool\n"
        "  -cf FILE             run the commands in FILE first, one per line\n"
        "  -z FILE              a dump or an image of memory instead of a machine\n"
        "  -y PATH              more folders with PDB files, ; between them, and WinDbg's\n"
        "                       srv*FOLDER*URL; _NT_SYMBOL_PATH and _NT_SYMBOL_PROXY count too\n"
        "%s",
        cli_session_options);
}

/* Show a command as if it had been typed, before programs print anything. */
static void echo(struct kd *kd, const char *line)
{
    printf("%s%s\n", kd_prompt(kd), line);
    fflush(stdout);
}

/* Where names are looked for: -y, then the folders of the programs, which hold their PDBs and their
 * COFF symbols, then _NT_ALT_SYMBOL_PATH and _NT_SYMBOL_PATH. NULL: out of memory. */
static char *symbol_path(const struct cli_session *session)
{
    char *path = NULL;
    size_t size;
    FILE *stream = open_memstream(&path, &size);
    if (!stream) {
        return NULL;
    }
    const char *const given[] = {session->symbol_path, getenv("_NT_ALT_SYMBOL_PATH"),
                                 getenv("_NT_SYMBOL_PATH")};
    fputs(given[0] ? given[0] : "", stream);
    for (size_t i = 0; i < session->program_count; i++) {
        const char *program = session->programs[i].path, *slash = strrchr(program, '/');
        size_t length = slash ? (size_t)(slash - program) + (slash == program) : 1;
        fprintf(stream, "%s%.*s", ftell(stream) ? ";" : "", (int)length, slash ? program : ".");
    }
    for (size_t i = 1; i < sizeof given / sizeof given[0]; i++) {
        if (given[i] && *given[i]) {
            fprintf(stream, "%s%s", ftell(stream) ? ";" : "", given[i]);
        }
    }
    if (fclose(stream)) {
        free(path);
        return NULL;
    }
    return path;
}

/* $XDG_STATE_HOME/ntmm/kd_history, by default below ~/.local/state; its folders are made. NULL: no
 * home, or out of memory. */
static char *history_file(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    bool given = state && *state == '/';
    char *path = NULL;
    if ((!given && !home) || asprintf(&path, "%s%s/ntmm/kd_history", given ? state : home,
                                      given ? "" : "/.local/state") < 0) {
        return NULL;
    }
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700); /* what fails here is missed when the file is written */
        *slash = '/';
    }
    return path;
}

/* Where symbols from servers are kept: among the user's caches. => false: there is no such place */
static bool symbol_store(char path[PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/') {
        return snprintf(path, PATH_MAX, "%s/ntmm/symbols", cache) < PATH_MAX;
    }
    return home && *home == '/' &&
           snprintf(path, PATH_MAX, "%s/.cache/ntmm/symbols", home) < PATH_MAX;
}

/* The folder of the guest's system files, whose PDBs fit dumps of this program's machines:
 * --system, else `guest` beside the command. */
static const char *system_folder(const struct cli_session *session, char path[PATH_MAX])
{
    if (session->options.system_root) {
        return session->options.system_root;
    }
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof "/guest");
    char *slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
    if (!slash) {
        return NULL;
    }
    strcpy(slash, "/guest");
    return path;
}

/* Commands of a file, line by line. */
static enum kd_verdict run_script(struct kd *kd, const char *path, bool *found)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    enum kd_verdict verdict = KD_NEXT;
    *found = file != NULL;
    if (!file) {
        cli_error("cannot read the script %s", path);
        return KD_QUIT;
    }
    while (verdict == KD_NEXT && getline(&line, &capacity, file) >= 0) {
        line[strcspn(line, "\r\n")] = 0;
        echo(kd, line);
        verdict = kd_execute(kd, line);
    }
    free(line);
    fclose(file);
    return verdict;
}

static int debug(const struct cli_session *session, struct kd_target *target,
                 struct debuggee *debuggee)
{
    char *path = symbol_path(session), *history = history_file(), store[PATH_MAX];
    const struct kd_config config = {
        .target = target,
        .output = output,
        .owner = debuggee,
        .restart = debuggee ? restart : NULL,
        .symbol_path = path,
        .symbol_store = symbol_store(store) ? store : NULL,
        .symbol_proxy = getenv("_NT_SYMBOL_PROXY"),
        .history = history,
    };
    struct kd *kd;
    int error = path ? kd_create(&config, &kd) : -ENOMEM;
    free(path);
    if (error) {
        free(history);
        cli_error("the debugger cannot start: %s", strerror(-error));
        return CLI_EXIT_FAILED;
    }
    interrupted = kd;
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);

    bool found = true;
    enum kd_verdict verdict = KD_NEXT;
    kd_show_event(kd);
    if (session->script) {
        verdict = run_script(kd, session->script, &found);
    }
    if (verdict == KD_NEXT && session->commands) {
        echo(kd, session->commands);
        verdict = kd_execute(kd, session->commands);
    }
    if (verdict == KD_NEXT) {
        kd_interact(kd, stdin, stdout);
    }
    signal(SIGINT, SIG_DFL);
    interrupted = NULL;
    bool failed = kd_failed(kd) != 0;
    kd_destroy(kd);
    free(history);
    return !found || failed ? CLI_EXIT_FAILED : 0;
}

static int open_dump(const struct cli_session *session)
{
    char reason[DUMP_REASON_SIZE], folder[PATH_MAX];
    struct kd_target *target;
    if (kd_dump_open(session->dump, &target, reason)) {
        cli_error("%s: %s", session->dump, reason);
        return CLI_EXIT_FAILED;
    }
    target->symbol_path = system_folder(session, folder);
    int result = debug(session, target, NULL);
    kd_dump_close(target);
    return result;
}

int cli_kd(int argc, char **argv)
{
    struct cli_session session;
    if (!cli_parse_session(&session, argc, argv, true)) {
        cli_free_session(&session);
        return CLI_EXIT_USAGE;
    }
    int result = CLI_EXIT_USAGE;
    struct debuggee debuggee = {.session = &session};
    if (session.help) {
        usage();
        result = 0;
    } else if (session.dump) {
        result = open_dump(&session);
    } else {
        struct kd_target *target = start(&debuggee);
        result = target ? debug(&session, target, &debuggee) : CLI_EXIT_FAILED;
        stop(&debuggee);
    }
    cli_free_session(&session);
    return result;
}
