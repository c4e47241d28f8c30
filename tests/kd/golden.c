/* tests/kd/golden.c: run a script of commands and compare what they print.
 *
 *      golden GUEST-FOLDER FILE            compare; exit status 1 at the first difference
 *      golden --write GUEST-FOLDER FILE    print FILE anew with what is printed now
 *      golden --commands                   print the names of all commands
 *
 * A file is a sequence of commands, each on a line that starts with "> ", and the output expected
 * of it, line by line, with the wildcards of match.h. In a file called err.* every command must
 * fail, in others none may.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kd/commands.h"
#include "kd/kd.h"
#include "kd/kdi.h"
#include "match.h"
#include "world.h"

struct buffer {
    char *text;
    size_t length;
};

static void collect(void *owner, const char *text, size_t length)
{
    struct buffer *buffer = owner;
    buffer->text = realloc(buffer->text, buffer->length + length + 1);
    if (buffer->text == NULL) {
        exit(2);
    }
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    buffer->text[buffer->length] = '\0';
}

struct golden {
    struct golden_values values;
    struct kd *kd;
    struct buffer output;
    bool write, failing; /* failing: err.* */
    unsigned wrong, commands;
};

static void check(struct golden *golden, const char *typed, const char *expected)
{
    char *command = golden_expand(typed, &golden->values);
    if (!command) {
        perror("memory");
        exit(2);
    }
    unsigned failed = kd_failed(golden->kd);
    golden->output.length = 0;
    collect(&golden->output, "", 0);
    kd_execute(golden->kd, command);
    golden->commands++;
    if (golden->write) {
        printf("> %s\n%s", typed, golden->output.text);
        free(command);
        return;
    }
    bool failing = kd_failed(golden->kd) != failed;
    if (failing != golden->failing) {
        printf("'%s' should have %s\n", command, golden->failing ? "failed" : "succeeded");
        golden->wrong++;
    }
    if (!golden_match(expected, golden->output.text, &golden->values)) {
        printf("'%s' printed\n%sexpected\n%s", command, golden->output.text, expected);
        golden->wrong++;
    }
    free(command);
}

static void run_file(struct golden *golden, FILE *file)
{
    char *line = NULL, command[1024] = "";
    struct buffer expected = {NULL, 0};
    size_t size = 0;
    collect(&expected, "", 0);
    for (;;) {
        ssize_t length = getline(&line, &size, file);
        if (length < 0 || strncmp(line, "> ", 2) == 0) {
            if (*command != '\0') {
                check(golden, command, expected.text);
            }
            if (length < 0) {
                break;
            }
            snprintf(command, sizeof command, "%s", line + 2);
            command[strcspn(command, "\n")] = '\0';
            expected.length = 0;
            collect(&expected, "", 0);
        } else {
            collect(&expected, line, (size_t)length);
        }
    }
    free(expected.text);
    free(line);
}

static int list_commands(void)
{
    const struct kd_command *row;
    for (size_t i = 0; (row = kd_command_get(i)) != NULL; i++) {
        printf("%s\n", row->name);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--commands") == 0) {
        return list_commands();
    }
    struct golden golden = {.write = argc > 3 && strcmp(argv[1], "--write") == 0};
    if (argc != 3 + golden.write) {
        fprintf(stderr, "usage: golden [--write] GUEST-FOLDER FILE\n");
        return 2;
    }
    const char *guest = argv[1 + golden.write], *path = argv[2 + golden.write];
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    golden.failing = strncmp(name, "err.", 4) == 0;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return 2;
    }
    struct world *world = world_create(guest);
    const struct kd_config config = {
        .target = &world->target, .output = collect, .owner = &golden.output};
    if (kd_create(&config, &golden.kd) != 0) {
        return 2;
    }
    run_file(&golden, file);
    kd_destroy(golden.kd);
    world_destroy(world);
    free(golden.output.text);
    fclose(file);
    if (golden.commands == 0) {
        fprintf(stderr, "%s: no commands\n", path);
        return 2;
    }
    return golden.wrong != 0;
}
