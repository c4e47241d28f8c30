/* src/cli/lab_run.c: run debugger commands and compare their answers with what must come.
 *
 * One pass over the script's lines, with three things to remember:
 *
 *      answer     what the last command printed; `expect` and `reject` look at it
 *      groups     the parts in parentheses of the last `expect`; `let` takes them
 *      variables  what `let` kept; ${name} in any later line is replaced by it
 *
 * The first check that fails ends the run: later ones would work with values that were never seen.
 */
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_script_int.h"

enum { GROUPS = 10, VARIABLES = 64 };

struct variable {
    char name[LAB_NAME_SIZE];
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

static bool fail(struct run *run, const struct lab_line *line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Say why; always false. */
static bool fail(struct run *run, const struct lab_line *line, const char *format, ...)
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

/* Write what stands at *at and move behind it: a variable's value, an escape, or a character. */
static bool expand_one(struct run *run, const struct lab_line *line, const char **at, bool regex,
                       FILE *file)
{
    const char *text = *at, *end = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
    if (end) {
        const char *value = variable(run, text + 2, (size_t)(end - text - 2));
        *at = end + 1;
        if (!value) {
            return fail(run, line, "no let gave %.*s a value", (int)(*at - text), text);
        }
        if (regex) {
            put_quoted(file, value);
        } else {
            fputs(value, file);
        }
    } else if (regex && text[0] == '\\' && text[1]) {
        *at = text + 2;
        if (text[1] == 'n') {
            fputc('\n', file);
        } else {
            fwrite(text, 1, 2, file);
        }
    } else {
        *at = text + 1;
        fputc(*text, file);
    }
    return true;
}

/* The line's text with every ${name} replaced; the caller frees it. In a regular expression (for
 * `expect`, `reject`) a value stands for itself, and \n for a line's end. NULL: was printed. */
static char *expand(struct run *run, const struct lab_line *line)
{
    bool regex = line->word == WORD_EXPECT || line->word == WORD_REJECT, good = true;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file) {
        fail(run, line, "out of memory");
        return NULL;
    }
    for (const char *at = line->text; *at && good;) {
        good = expand_one(run, line, &at, regex, file);
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
static bool ask(struct run *run, const struct lab_line *line, const char *command, bool show)
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
static bool match(struct run *run, const struct lab_line *line, const char *pattern)
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

static bool let(struct run *run, const struct lab_line *line)
{
    char name[LAB_NAME_SIZE];
    unsigned group;
    if (!lab_parse_let(line->text, name, &group)) {
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
static bool check(struct run *run, const struct lab_line *line, const char *expression)
{
    char command[2 * LAB_LINE_SIZE], *end;
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

static bool run_line(struct run *run, const struct lab_line *line)
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
