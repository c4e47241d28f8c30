/* src/cli/lab_script.c: run debugger commands and compare their answers with what must come.
 *
 * A script is read once into an array of lines; what can be wrong with a line alone (an unknown
 * word, a bad expression, a check before any command) is found then, before a machine exists.
 * Running it is one pass over the array with three things to remember:
 *
 *      answer     what the last command printed; `expect` and `reject` look at it
 *      groups     the parts in parentheses of the last `expect`; `let` takes them
 *      variables  what `let` kept; ${name} in any later line is replaced by it
 *
 * The first check that fails ends the run: later ones would work with values that were never seen.
 */
#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_script.h"

enum { GROUPS = 10, LINE_SIZE = 2048, VARIABLES = 64, NAME_SIZE = 32 };

enum word {
    WORD_TITLE,
    WORD_PROGRAM,
    WORD_OPTION,
    WORD_SAY,
    WORD_COMMAND,
    WORD_EXPECT,
    WORD_REJECT,
    WORD_LET,
    WORD_CHECK
};

static const struct {
    const char *name;
    enum word word;
} words[] = {
    {"title", WORD_TITLE},   {"program", WORD_PROGRAM}, {"option", WORD_OPTION},
    {"say", WORD_SAY},       {">", WORD_COMMAND},       {"expect", WORD_EXPECT},
    {"reject", WORD_REJECT}, {"let", WORD_LET},         {"check", WORD_CHECK},
};

struct line {
    enum word word;
    unsigned number;
    char *text; /* what follows the word */
};

struct lab_script {
    char *path;
    struct line *lines;
    size_t count, capacity;
};

struct variable {
    char name[NAME_SIZE];
    char *value;
};

struct run {
    const struct lab_script *script;
    const struct lab_debugger *debugger;
    FILE *out;
    char *answer;
    char *groups[GROUPS];
    struct variable variables[VARIABLES];
    size_t variable_count;
    unsigned passed;
};

/* ---- reading ---- */

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
static bool split_word(const char *text, enum word *word, const char **rest)
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

static bool append(struct lab_script *script, enum word word, unsigned number, const char *text)
{
    if (script->count == script->capacity) {
        size_t capacity = script->capacity ? 2 * script->capacity : 32;
        struct line *lines = realloc(script->lines, capacity * sizeof *lines);
        if (!lines) {
            return false;
        }
        script->lines = lines;
        script->capacity = capacity;
    }
    char *copy = strdup(text);
    if (copy) {
        script->lines[script->count++] = (struct line){word, number, copy};
    }
    return copy != NULL;
}

/* A `let` line: NAME = \DIGIT. */
static bool parse_let(const char *text, char name[NAME_SIZE], unsigned *group)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_') {
        length++;
    }
    if (length == 0 || length >= NAME_SIZE) {
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
    const struct line *line = &script->lines[at];
    char name[NAME_SIZE];
    unsigned group;
    bool command = false, expect = false;
    for (size_t i = 0; i < at; i++) {
        enum word word = script->lines[i].word;
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
        if (!parse_let(line->text, name, &group)) {
            return "it must be NAME = \\1 (to \\9)";
        }
        return expect ? NULL : "there is no expect after the last command";
    default:
        return NULL;
    }
}

static bool read_lines(struct lab_script *script, FILE *file, char *error, size_t error_size)
{
    char text[LINE_SIZE];
    for (unsigned number = 1; fgets(text, sizeof text, file); number++) {
        size_t length = strcspn(text, "\r\n");
        if (!text[length] && !feof(file)) {
            set_error(error, error_size, "%s:%u: longer than %d characters", script->path, number,
                      LINE_SIZE - 2);
            return false;
        }
        while (length && strchr(" \t", text[length - 1])) {
            length--;
        }
        text[length] = 0;
        const char *rest, *start = skip_blanks(text);
        enum word word;
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
static const char *nth(const struct lab_script *script, enum word word, size_t index)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script->lines[i].word == word && index-- == 0) {
            return script->lines[i].text;
        }
    }
    return NULL;
}

static size_t count(const struct lab_script *script, enum word word)
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

/* ---- running ---- */

static bool fail(struct run *run, const struct line *line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Say why; always false. */
static bool fail(struct run *run, const struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(run->out, "%s:%u: ", run->script->path, line->number);
    vfprintf(run->out, format, arguments);
    fputc('\n', run->out);
    va_end(arguments);
    return false;
}

static const char *variable(const struct run *run, const char *name, size_t length)
{
    for (size_t i = 0; i < run->variable_count; i++) {
        const struct variable *v = &run->variables[i];
        if (strlen(v->name) == length && strncmp(v->name, name, length) == 0) {
            return v->value;
        }
    }
    return NULL;
}

/* Write a value so that a regular expression takes it literally. */
static void put_quoted(FILE *file, const char *value)
{
    for (; *value; value++) {
        if (strchr("\\^$.|?*+()[]{}", *value)) {
            fputc('\\', file);
        }
        fputc(*value, file);
    }
}

/* The line's text with every ${name} replaced; the caller frees it. In a regular expression (for
 * `expect`, `reject`) a value stands for itself, and \n for a line's end. NULL: was printed. */
static char *expand(struct run *run, const struct line *line)
{
    bool regex = line->word == WORD_EXPECT || line->word == WORD_REJECT;
    char *text = NULL;
    size_t size;
    bool good = true;
    FILE *file = open_memstream(&text, &size);
    if (!file) {
        fail(run, line, "out of memory");
        return NULL;
    }
    for (const char *at = line->text; *at && good;) {
        const char *end = at[0] == '$' && at[1] == '{' ? strchr(at, '}') : NULL;
        if (end) {
            const char *value = variable(run, at + 2, (size_t)(end - at - 2));
            if (!value) {
                good = fail(run, line, "no let gave %.*s a value", (int)(end - at + 1), at);
            } else if (regex) {
                put_quoted(file, value);
            } else {
                fputs(value, file);
            }
            at = end + 1;
        } else if (regex && at[0] == '\\' && at[1] == 'n') {
            fputc('\n', file);
            at += 2;
        } else if (regex && at[0] == '\\' && at[1]) {
            fwrite(at, 1, 2, file);
            at += 2;
        } else {
            fputc(*at++, file);
        }
    }
    if (fclose(file) != 0) {
        good = fail(run, line, "out of memory");
    }
    if (!good) {
        free(text);
        return NULL;
    }
    return text;
}

static void forget_groups(struct run *run)
{
    for (size_t i = 0; i < GROUPS; i++) {
        free(run->groups[i]);
        run->groups[i] = NULL;
    }
}

/* Run a command and keep its answer; it is printed too when `show`. */
static bool ask(struct run *run, const struct line *line, const char *command, bool show)
{
    size_t size;
    const char *why = "";
    free(run->answer);
    run->answer = NULL;
    if (show) {
        fprintf(run->out, "%s%s\n", run->debugger->prompt(run->debugger->owner), command);
        fflush(run->out);
    }
    FILE *answer = open_memstream(&run->answer, &size);
    if (!answer) {
        return fail(run, line, "out of memory");
    }
    bool good = run->debugger->execute(run->debugger->owner, command, answer, &why);
    if (fclose(answer) != 0 || !run->answer) {
        return fail(run, line, "out of memory");
    }
    if (show) {
        fputs(run->answer, run->out);
        if (size && run->answer[size - 1] != '\n') {
            fputc('\n', run->out);
        }
        fflush(run->out);
    }
    return good ? true : fail(run, line, "%s: %s", command, why);
}

static bool keep_groups(struct run *run, const regmatch_t *matches)
{
    forget_groups(run);
    for (size_t i = 0; i < GROUPS; i++) {
        if (matches[i].rm_so < 0) {
            continue;
        }
        size_t length = (size_t)(matches[i].rm_eo - matches[i].rm_so);
        run->groups[i] = strndup(run->answer + matches[i].rm_so, length);
        if (!run->groups[i]) {
            return false;
        }
    }
    return true;
}

/* `expect` and `reject`. */
static bool match(struct run *run, const struct line *line, const char *pattern)
{
    regex_t regex;
    regmatch_t matches[GROUPS];
    int error = regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE);
    if (error) {
        char why[128];
        regerror(error, &regex, why, sizeof why);
        return fail(run, line, "%s: %s", pattern, why);
    }
    bool found = regexec(&regex, run->answer, GROUPS, matches, 0) == 0;
    regfree(&regex);
    if (found != (line->word == WORD_EXPECT)) {
        return fail(run, line, "the answer %s: %s",
                    found ? "has what must not be there" : "lacks what must be there", pattern);
    }
    if (line->word == WORD_EXPECT && !keep_groups(run, matches)) {
        return fail(run, line, "out of memory");
    }
    run->passed++;
    return true;
}

static bool let(struct run *run, const struct line *line)
{
    char name[NAME_SIZE];
    unsigned group;
    if (!parse_let(line->text, name, &group)) {
        return fail(run, line, "it must be NAME = \\1 (to \\9)");
    }
    if (!run->groups[group]) {
        return fail(run, line, "the last expect has no group \\%u", group);
    }
    size_t i = 0;
    while (i < run->variable_count && strcmp(run->variables[i].name, name) != 0) {
        i++;
    }
    if (i == VARIABLES) {
        return fail(run, line, "more than %d names", VARIABLES);
    }
    char *value = strdup(run->groups[group]);
    if (!value) {
        return fail(run, line, "out of memory");
    }
    if (i == run->variable_count) {
        run->variable_count++;
        strcpy(run->variables[i].name, name);
    }
    free(run->variables[i].value);
    run->variables[i].value = value;
    return true;
}

/* The debugger's own `?` decides; its answer is `Evaluate expression: 1 = 00000000`00000001`. */
static bool check(struct run *run, const struct line *line, const char *expression)
{
    char command[2 * LINE_SIZE], *end;
    static const char before[] = "Evaluate expression: ";
    if ((size_t)snprintf(command, sizeof command, "? %s", expression) >= sizeof command) {
        return fail(run, line, "too long");
    }
    forget_groups(run);
    if (!ask(run, line, command, false)) {
        return false;
    }
    const char *value = strstr(run->answer, before);
    if (!value) {
        return fail(run, line, "%s cannot be evaluated: %s", expression, run->answer);
    }
    value += sizeof before - 1;
    long long number = strtoll(value, &end, 10);
    if (end == value || number == 0) {
        return fail(run, line, "does not hold: %s", expression);
    }
    run->passed++;
    return true;
}

static bool run_line(struct run *run, const struct line *line)
{
    if (line->word == WORD_LET) {
        return let(run, line);
    }
    char *text = expand(run, line);
    if (!text) {
        return false;
    }
    bool good = true;
    switch (line->word) {
    case WORD_SAY:
        fprintf(run->out, "%s%s\n", *text ? "  | " : "", text);
        break;
    case WORD_COMMAND:
        forget_groups(run);
        good = ask(run, line, text, true);
        break;
    case WORD_EXPECT:
    case WORD_REJECT:
        good = match(run, line, text);
        break;
    case WORD_CHECK:
        good = check(run, line, text);
        break;
    default:
        break;
    }
    free(text);
    return good;
}

struct lab_result lab_script_run(const struct lab_script *script,
                                 const struct lab_debugger *debugger, FILE *out)
{
    struct run run = {.script = script, .debugger = debugger, .out = out};
    bool good = true;
    for (size_t i = 0; i < script->count && good; i++) {
        good = run_line(&run, &script->lines[i]);
    }
    if (good && run.passed == 0) {
        fprintf(out, "%s: checks nothing\n", script->path);
        good = false;
    }
    forget_groups(&run);
    for (size_t i = 0; i < run.variable_count; i++) {
        free(run.variables[i].value);
    }
    free(run.answer);
    return (struct lab_result){.passed = run.passed, .failed = !good};
}
