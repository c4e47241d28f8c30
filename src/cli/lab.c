/* src/cli/lab.c: ntmm lab: the experiments: list them, or run one and check its result.
 *
 * An experiment is a folder with lab.kd (lab_script.h), the programs that it names, and README.md.
 * Those of the project lie beside the command, in labs/; any other folder can be named by a path.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/lab_session.h"

#define SCRIPT_NAME "lab.kd"

enum { PATH_SIZE = 4096, ERROR_SIZE = 512 };

/* ---- one experiment ---- */

/* The folder's script; false when there is none. */
static bool script_path(char path[PATH_SIZE], const char *folder)
{
    return snprintf(path, PATH_SIZE, "%s/" SCRIPT_NAME, folder) < PATH_SIZE &&
           access(path, R_OK) == 0;
}

/* One experiment: its folder, and what the user wants of the machine. */
struct lab {
    const char *name, *folder;
    int option_count;
    char **options;
};

/* The command line of `ntmm kd` that the script's option and program lines stand for, with the
 * user's options behind them. Words point into *storage, the script and the user's options. */
static int command_line(const struct lab *lab, const struct lab_script *script, char **storage,
                        char ***argv)
{
    size_t programs = lab_script_program_count(script), options = lab_script_option_count(script);
    size_t length = 1;
    for (size_t i = 0; i < options; i++) {
        length += strlen(lab_script_option(script, i)) + 1;
    }
    *storage = malloc(length);
    *argv = calloc(length + 2 * programs + (size_t)lab->option_count + 2, sizeof **argv);
    if (!*storage || !*argv) {
        return -1;
    }
    int argc = 0;
    char *at = *storage;
    (*argv)[argc++] = "lab";
    for (size_t i = 0; i < options; i++) {
        char *rest, *word = strtok_r(strcpy(at, lab_script_option(script, i)), " \t", &rest);
        at += strlen(lab_script_option(script, i)) + 1;
        for (; word; word = strtok_r(NULL, " \t", &rest)) {
            (*argv)[argc++] = word;
        }
    }
    for (int i = 0; i < lab->option_count; i++) {
        (*argv)[argc++] = lab->options[i];
    }
    for (size_t i = 0; i < programs; i++) {
        (*argv)[argc++] = "-p";
        (*argv)[argc++] = (char *)lab_script_program(script, i);
    }
    return argc;
}

/* Programs lie in the experiment's folder. Their new paths are in *paths, NULL at the end. */
static bool place_programs(const struct lab *lab, struct cli_session *session, char ***paths)
{
    *paths = calloc(session->program_count + 1, sizeof **paths);
    for (size_t i = 0; *paths && i < session->program_count; i++) {
        if (asprintf(&(*paths)[i], "%s/%s", lab->folder, session->programs[i].path) < 0) {
            (*paths)[i] = NULL;
            return false;
        }
        session->programs[i].path = (*paths)[i];
    }
    session->options.work = lab->folder;
    return *paths != NULL;
}

/* `output`: where the programs' output can be read. */
static struct lab_result run_session(const struct cli_session *session,
                                     const struct lab_script *script, int output)
{
    struct lab_result result = {.failed = true};
    ntmm_machine *machine;
    ntmm_process **processes;
    if (!cli_start(session, &machine, &processes)) {
        return result;
    }
    struct kd_target *target = ntmm_debug_target(machine);
    if (target) {
        result = lab_session_run(script, session->options.work, target, output);
    } else {
        cli_error("the first program cannot be started: out of host resources");
    }
    ntmm_debug_end(machine);
    cli_stop(session, machine, processes);
    return result;
}

/* What the programs print goes through a pipe, so that it becomes a part of the answers. */
static struct lab_result run_with_pipe(struct cli_session *session, const struct lab_script *script)
{
    struct lab_result result = {.failed = true};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
        cli_error("no pipe for the programs' output: %s", strerror(errno));
        return result;
    }
    const int console[] = {STDIN_FILENO, ends[1], ends[1]};
    session->options.console = console;
    result = run_session(session, script, ends[0]);
    close(ends[0]);
    close(ends[1]);
    return result;
}

static struct lab_result run_script(const struct lab *lab, const struct lab_script *script)
{
    struct lab_result result = {.failed = true};
    char *storage = NULL, **argv = NULL, **paths = NULL;
    struct cli_session session = {0};
    int argc = command_line(lab, script, &storage, &argv);
    if (argc < 0) {
        cli_error("out of memory");
    } else if (cli_parse_session(&session, argc, argv, true)) {
        if (place_programs(lab, &session, &paths)) {
            result = run_with_pipe(&session, script);
        } else {
            cli_error("out of memory");
        }
    }
    for (size_t i = 0; paths && paths[i]; i++) {
        free(paths[i]);
    }
    free(paths);
    cli_free_session(&session);
    free(argv);
    free(storage);
    return result;
}

static int run(const struct lab *lab)
{
    char path[PATH_SIZE], error[ERROR_SIZE];
    if (!script_path(path, lab->folder)) {
        cli_error("there is no experiment in %s: it has no " SCRIPT_NAME, lab->folder);
        return CLI_EXIT_FAILED;
    }
    struct lab_script *script = lab_script_load(path, error, sizeof error);
    if (!script) {
        cli_error("lab %s: %s", lab->name, error);
        return CLI_EXIT_FAILED;
    }
    printf("%s\n\n", lab_script_title(script));
    fflush(stdout);
    struct lab_result result = run_script(lab, script);
    lab_script_free(script);
    if (result.failed) {
        printf("\nlab %s: failed after %u passed checks\n", lab->name, result.passed);
        return CLI_EXIT_FAILED;
    }
    printf("\nlab %s: %u checks passed\n", lab->name, result.passed);
    return 0;
}

/* ---- finding them ---- */

/* The folder with the project's experiments: labs/ beside the command. */
static bool labs_folder(char folder[PATH_SIZE])
{
    ssize_t length = readlink("/proc/self/exe", folder, PATH_SIZE - sizeof "/labs");
    if (length <= 0 || length >= (ssize_t)(PATH_SIZE - sizeof "/labs")) {
        return false;
    }
    folder[length] = 0;
    char *slash = strrchr(folder, '/');
    if (!slash) {
        return false;
    }
    strcpy(slash, "/labs");
    return access(folder, R_OK) == 0;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool join(char path[PATH_SIZE], const char *folder, const char *name)
{
    return snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE;
}

static int list(const char *labs)
{
    struct dirent **entries;
    char folder[PATH_SIZE], path[PATH_SIZE], error[ERROR_SIZE];
    int found = 0, count = scandir(labs, &entries, visible, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (join(folder, labs, name) && script_path(path, folder)) {
            struct lab_script *script = lab_script_load(path, error, sizeof error);
            printf("%-20s %s\n", name, script ? lab_script_title(script) : error);
            if (script) {
                lab_script_free(script);
            }
            found++;
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    if (!found) {
        cli_error("there are no experiments in %s; build the project with mingw-w64 installed",
                  labs);
        return CLI_EXIT_FAILED;
    }
    printf("\nntmm lab NAME runs one.\n");
    return 0;
}

static void usage(FILE *out)
{
    fprintf(
        out,
        "ntmm lab [options] [NAME]\n\n"
        "Without NAME: list the experiments. With NAME: run one, show its session and check\n"
        "its result; the exit code is 0 when every check held. NAME with a / in it is a folder\n"
        "with an experiment of your own (docs/labs.md).\n\n%s",
        cli_session_options);
}

int cli_lab(int argc, char **argv)
{
    char labs[PATH_SIZE], folder[PATH_SIZE], path[PATH_SIZE];
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage(stdout);
        return 0;
    }
    const char *name = argc > 1 ? argv[argc - 1] : NULL;
    if (name && *name == '-') {
        usage(stderr);
        return CLI_EXIT_USAGE;
    }
    struct lab lab = {name, folder, argc - 2, argv + 1};
    if (name && strchr(name, '/')) {
        lab.folder = name;
        return run(&lab);
    }
    if (!labs_folder(labs)) {
        cli_error("there is no folder labs beside this command; build the project with mingw-w64 "
                  "installed");
        return CLI_EXIT_FAILED;
    }
    if (!name) {
        return list(labs);
    }
    if (!join(folder, labs, name) || !script_path(path, folder)) {
        cli_error("there is no experiment %s; ntmm lab lists them", name);
        return CLI_EXIT_FAILED;
    }
    return run(&lab);
}
