/* src/cli/lab_script.c: read the script of an experiment.
 *
 * A script is read once into an array of lines. What can be wrong with a line, seen with those
 * before it (an unknown word, a check before any command, a program after one), is found here,
 * before a machine exists; what depends on answers is lab_run.c's.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_script_int.h"

static const struct {
    const char *name;
    enum lab_word word;
} words[] = {
    {"title", WORD_TITLE},   {"program", WORD_PROGRAM}, {"option", WORD_OPTION},
    {"say", WORD_SAY},       {">", WORD_COMMAND},       {"expect", WORD_EXPECT},
    {"reject", WORD_REJECT}, {"let", WORD_LET},         {"check", WORD_CHECK},
};

static void set_error(char *error, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set_error(char *error, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* The word that a line begins with; *rest is what follows it. */
static bool split_word(const char *text, enum lab_word *word, const char **rest)
{
    size_t length = strcspn(text, " \t");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i].name) == length && strncmp(words[i].name, text, length) == 0) {
            *word = words[i].word;
            *rest = skip_blanks(text + length);
            return true;
        }
    }
    return false;
}

static bool append(struct lab_script *script, enum lab_word word, unsigned number, const char *text)
{
    if (script->count == script->capacity) {
        size_t capacity = script->capacity ? 2 * script->capacity : 32;
        struct lab_line *lines = realloc(script->lines, capacity * sizeof *lines);
        if (!lines) {
            return false;
        }
        script->lines = lines;
        script->capacity = capacity;
    }
    char *copy = strdup(text);
    if (copy) {
        script->lines[script->count++] = (struct lab_line){word, number, copy};
    }
    return copy != NULL;
}

bool lab_parse_let(const char *text, char name[LAB_NAME_SIZE], unsigned *group)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_') {
        length++;
    }
    if (length == 0 || length >= LAB_NAME_SIZE) {
        return false;
    }
    memcpy(name, text, length);
    name[length] = 0;
    text = skip_blanks(text + length);
    if (*text++ != '=') {
        return false;
    }
    text = skip_blanks(text);
    if (text[0] != '\\' || text[1] < '1' || text[1] > '9' || text[2]) {
        return false;
    }
    *group = (unsigned)(text[1] - '0');
    return true;
}

/* What is wrong with the line at `at`, seen with those before it; NULL when nothing is. */
static const char *complain(const struct lab_script *script, size_t at)
{
    const struct lab_line *line = &script->lines[at];
    char name[LAB_NAME_SIZE];
    unsigned group;
    bool command = false, expect = false;
    for (size_t i = 0; i < at; i++) {
        enum lab_word word = script->lines[i].word;
        command = command || word == WORD_COMMAND;
        expect = word == WORD_EXPECT || (expect && word != WORD_COMMAND);
    }
    if (!*line->text && line->word != WORD_SAY) {
        return "nothing follows the word";
    }
    switch (line->word) {
    case WORD_PROGRAM:
    case WORD_OPTION:
        return command ? "programs and options come before the first command" : NULL;
    case WORD_EXPECT:
    case WORD_REJECT:
        return command ? NULL : "there is no command before it";
    case WORD_LET:
        if (!lab_parse_let(line->text, name, &group)) {
            return "it must be NAME = \\1 (to \\9)";
        }
        return expect ? NULL : "there is no expect after the last command";
    default:
        return NULL;
    }
}

static bool read_lines(struct lab_script *script, FILE *file, char *error, size_t error_size)
{
    char text[LAB_LINE_SIZE];
    for (unsigned number = 1; fgets(text, sizeof text, file); number++) {
        size_t length = strcspn(text, "\r\n");
        if (!text[length] && !feof(file)) {
            set_error(error, error_size, "%s:%u: longer than %d characters", script->path, number,
                      LAB_LINE_SIZE - 2);
            return false;
        }
        while (length && strchr(" \t", text[length - 1])) {
            length--;
        }
        text[length] = 0;
        const char *rest, *start = skip_blanks(text);
        enum lab_word word;
        if (!*start || *start == '#') {
            continue;
        }
        if (!split_word(start, &word, &rest)) {
            set_error(error, error_size, "%s:%u: no such word: %s", script->path, number, start);
            return false;
        }
        if (!append(script, word, number, rest)) {
            set_error(error, error_size, "out of memory");
            return false;
        }
        const char *why = complain(script, script->count - 1);
        if (why) {
            set_error(error, error_size, "%s:%u: %s: %s", script->path, number, start, why);
            return false;
        }
    }
    return true;
}

struct lab_script *lab_script_load(const char *path, char *error, size_t error_size)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        set_error(error, error_size, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    struct lab_script *script = calloc(1, sizeof *script);
    bool good = script && (script->path = strdup(path));
    if (!good) {
        set_error(error, error_size, "out of memory");
    }
    good = good && read_lines(script, file, error, error_size);
    fclose(file);
    if (!good && script) {
        lab_script_free(script);
        script = NULL;
    }
    return script;
}

void lab_script_free(struct lab_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        free(script->lines[i].text);
    }
    free(script->lines);
    free(script->path);
    free(script);
}

/* The index-th line that begins with `word`; NULL past the last. */
static const char *nth(const struct lab_script *script, enum lab_word word, size_t index)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script->lines[i].word == word && index-- == 0) {
            return script->lines[i].text;
        }
    }
    return NULL;
}

static size_t count(const struct lab_script *script, enum lab_word word)
{
    size_t n = 0;
    while (nth(script, word, n)) {
        n++;
    }
    return n;
}

const char *lab_script_title(const struct lab_script *script)
{
    const char *title = nth(script, WORD_TITLE, 0);
    return title ? title : "";
}

size_t lab_script_program_count(const struct lab_script *script)
{
    return count(script, WORD_PROGRAM);
}

const char *lab_script_program(const struct lab_script *script, size_t index)
{
    return nth(script, WORD_PROGRAM, index);
}

size_t lab_script_option_count(const struct lab_script *script)
{
    return count(script, WORD_OPTION);
}

const char *lab_script_option(const struct lab_script *script, size_t index)
{
    return nth(script, WORD_OPTION, index);
}
