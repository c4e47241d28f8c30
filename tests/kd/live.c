/* tests/kd/live.c: golden tests over a live machine, or over a dump, through the command.
 *
 *      kd_live [--write] NTMM FILE [DUMP]
 *
 * FILE begins with lines `program X.exe ARGS` (in the current folder), `system` where the system's
 * own processes are to be there, and `ram SIZE`, and goes on as golden.c's files do. The command is
 * driven as another program would drive it: its prompt is waited for, a line is written, and what
 * comes before the next prompt is the answer, programs' output included. With DUMP that file is
 * looked at, and FILE begins with its first command.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "match.h"

#define MOST_PROGRAMS 16
#define PATIENCE 240000 /* ms for one answer: a hanging machine must not hang the tests */

struct live {
    const char *path, *dump; /* dump: NULL: a machine */
    FILE *file;
    char *programs[MOST_PROGRAMS];
    size_t program_count;
    int to, from; /* pipes */
    pid_t pid;
    char *answer;
    size_t length;
    struct golden_values values;
    char ram[16]; /* empty: as usual */
    bool system, write, ended;
    unsigned wrong, commands;
};

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static void start(struct live *l, const char *ntmm)
{
    const char *arguments[2 * MOST_PROGRAMS + 10];
    size_t n = 0;
    arguments[n++] = ntmm;
    arguments[n++] = "kd";
    if (!l->system && !l->dump) {
        arguments[n++] = "--bare";
    }
    if (l->ram[0]) {
        arguments[n++] = "--ram";
        arguments[n++] = l->ram;
    }
    for (size_t i = 1; i < l->program_count; i++) {
        arguments[n++] = "-p";
        arguments[n++] = l->programs[i];
    }
    if (l->dump) {
        const char *const look[] = {"-y", ".", "-z", l->dump};
        memcpy(arguments + n, look, sizeof look);
        n += sizeof look / sizeof *look;
    }
    char *save = NULL;
    for (char *word = l->dump ? NULL : strtok_r(l->programs[0], " ", &save);
         word && n < 2 * MOST_PROGRAMS + 9; word = strtok_r(NULL, " ", &save)) {
        arguments[n++] = word;
    }
    arguments[n] = NULL;
    int in[2], out[2];
    if (pipe(in) || pipe(out)) {
        die("pipe");
    }
    l->pid = fork();
    if (l->pid < 0) {
        die("fork");
    }
    if (l->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        execv(ntmm, (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    close(in[0]), close(out[1]);
    l->to = in[1];
    l->from = out[0];
}

static size_t digits_before(const struct live *l, size_t at)
{
    while (at > 0 && isdigit((unsigned char)l->answer[at - 1])) {
        at--;
    }
    return at;
}

/* "0: kd> ", or of a process "0:000> ", at the end of what has come, at the start of a line. */
static size_t prompt_length(const struct live *l)
{
    const char machine[] = ": kd> ", process[] = "> ";
    size_t size = sizeof machine - 1, at = 0;
    if (l->length > size && memcmp(l->answer + l->length - size, machine, size) == 0) {
        at = digits_before(l, l->length - size);
    } else {
        size = sizeof process - 1;
        if (l->length <= size || memcmp(l->answer + l->length - size, process, size) != 0) {
            return 0;
        }
        at = digits_before(l, l->length - size);
        if (at == l->length - size || at == 0 || l->answer[at - 1] != ':') {
            return 0;
        }
        at = digits_before(l, at - 1);
    }
    return at == 0 || l->answer[at - 1] == '\n' ? l->length - at : 0;
}

/* Up to the next prompt, which is cut off, or the end. */
static void read_answer(struct live *l)
{
    l->length = 0;
    for (;;) {
        struct pollfd poller = {.fd = l->from, .events = POLLIN};
        if (poll(&poller, 1, PATIENCE) <= 0) {
            fprintf(stderr, "%s: no answer after command %u\n", l->path, l->commands);
            exit(2);
        }
        l->answer = realloc(l->answer, l->length + 4097);
        ssize_t count = l->answer ? read(l->from, l->answer + l->length, 4096) : -1;
        if (count < 0) {
            die("read");
        }
        l->length += (size_t)count;
        l->ended = count == 0;
        l->answer[l->length] = '\0';
        size_t prompt = prompt_length(l);
        if (prompt != 0 || l->ended) {
            l->answer[l->length - prompt] = '\0';
            return;
        }
    }
}

static void check(struct live *l, const char *typed, const char *expected)
{
    char *command = golden_expand(typed, &l->values);
    if (!command) {
        die("memory");
    }
    if (l->ended || dprintf(l->to, "%s\n", command) < 0) {
        printf("%s: ntmm has ended before '%s'\n", l->path, command);
        l->wrong++;
        free(command);
        return;
    }
    read_answer(l);
    l->commands++;
    bool good = golden_match(expected, l->answer, &l->values);
    if (l->write) {
        printf("> %s\n%s", typed, l->answer);
    } else if (!good) {
        printf("'%s' printed\n%sexpected\n%s", command, l->answer, expected);
        l->wrong++;
    }
    free(command);
}

static void add_program(struct live *l, char *text)
{
    if (l->program_count == MOST_PROGRAMS) {
        fprintf(stderr, "%s: too many programs\n", l->path);
        exit(2);
    }
    l->programs[l->program_count++] = strdup(text);
    if (l->write) {
        printf("program %s\n", text);
    }
}

static void run_file(struct live *l, const char *ntmm)
{
    char *line = NULL, *command = NULL, *expected = strdup("");
    size_t size = 0;
    ssize_t length;
    do {
        length = getline(&line, &size, l->file);
        if (length > 0 && !command && strncmp(line, "program ", 8) == 0) {
            line[strcspn(line, "\n")] = '\0';
            add_program(l, line + 8);
        } else if (!command && strcmp(line, "system\n") == 0) {
            l->system = true;
        } else if (!command && sscanf(line, "ram %15s", l->ram) == 1) {
            printf("%s", l->write ? line : "");
        } else if (length < 0 || strncmp(line, "> ", 2) == 0) {
            if (command) {
                check(l, command, expected);
            } else {
                start(l, ntmm);
                read_answer(l);
            }
            free(command);
            line[strcspn(line, "\n")] = '\0';
            command = strdup(line + (length < 0 ? 0 : 2));
            expected[0] = '\0';
        } else {
            expected = realloc(expected, strlen(expected) + (size_t)length + 1);
            strcat(expected, line);
        }
    } while (length >= 0);
    free(line);
    free(command);
    free(expected);
}

int main(int argc, char **argv)
{
    bool write = argc > 1 && strcmp(argv[1], "--write") == 0;
    if (argc != 3 + write && argc != 4 + write) {
        fprintf(stderr, "usage: kd_live [--write] NTMM FILE [DUMP]\n");
        return 2;
    }
    struct live l = {.path = argv[2 + write], .dump = argv[3 + write], .write = write};
    l.file = fopen(l.path, "r");
    if (!l.file) {
        die(l.path);
    }
    run_file(&l, argv[1 + write]);
    fclose(l.file);
    close(l.to);
    int status;
    if (waitpid(l.pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) > 1) {
        printf("%s: ntmm did not end as it should (status %x)\n", l.path, (unsigned)status);
        l.wrong++;
    }
    for (size_t i = 0; i < l.program_count; i++) {
        free(l.programs[i]);
    }
    free(l.answer);
    return l.wrong != 0 || l.commands == 0;
}
