/* script.c: lines of commands, with blocks.
 *
 *      text:   command ; command ; .if (EXPRESSION) { text } .else { text } command
 *
 * `;` and the ends of lines separate commands, except inside of quotes and braces. `*` at the start
 * of a command makes the rest of the line a comment, `$$` only up to the next `;`. The words of the
 * table below take blocks; everything else is one command and goes to kd_run_command. Blocks are
 * run where they stand in the text, so that nothing is parsed before it is reached.
 *
 * Source: debugger documentation, "Control Flow Tokens".
 */
#include "kd/script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kd/run.h"

#define DEEPEST 32 /* blocks and scripts inside of each other */

/* How a piece of text ended. */
enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE, FLOW_STOP };

/* A stretch of text being run; `at` moves. */
struct source {
    const char *at, *end;
};

static enum flow run_range(struct kd *kd, struct source source);

/* ---- finding ends -----------------------------------------------------------------------------
 */

const char *kd_string_end(const char *text)
{
    const char *at = text + 1;
    while (*at != '\0' && *at != '"') {
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return at;
}

char *kd_take_string(const char **text)
{
    const char *at = *text, *end = *at == '"' ? kd_string_end(at) : "";
    char *out = *end == '"' ? malloc((size_t)(end - at)) : NULL;
    if (out == NULL) {
        return NULL;
    }
    size_t length = 0;
    for (at++; at < end; at++) {
        at += at[0] == '\\' && at[1] == '"';
        out[length++] = *at;
    }
    out[length] = '\0';
    *text = end + 1;
    return out;
}

/* The closing partner of the bracket at `at`; NULL: none before `end`. */
static const char *closing(const char *at, const char *end, char open, char close)
{
    unsigned depth = 0;
    for (; at < end; at++) {
        if (*at == '"') {
            at = kd_string_end(at);
        } else if (*at == open) {
            depth++;
        } else if (*at == close && --depth == 0) {
            return at;
        }
    }
    return NULL;
}

static const char *command_end(const char *at, const char *end)
{
    while (at < end && *at != ';' && *at != '\n') {
        if (*at == '"') {
            at = kd_string_end(at);
        } else if (*at == '{') {
            const char *close = closing(at, end, '{', '}');
            at = close != NULL ? close : end - 1;
        }
        at++;
    }
    return at < end ? at : end;
}

static void skip(struct source *s)
{
    while (s->at < s->end && isspace((unsigned char)*s->at)) {
        s->at++;
    }
}

static enum flow syntax(struct kd *kd, const char *what)
{
    kd_error(kd, "Syntax error: %s", what);
    return FLOW_STOP;
}

/* { text } or ( text ): *inside gets what is between. */
static bool take_block(struct source *s, char open, char close, struct source *inside)
{
    skip(s);
    const char *end = s->at < s->end && *s->at == open ? closing(s->at, s->end, open, close) : NULL;
    if (end == NULL) {
        return false;
    }
    *inside = (struct source){s->at + 1, end};
    s->at = end + 1;
    return true;
}

static bool condition(struct kd *kd, struct source s, bool *value)
{
    char *text = strndup(s.at, (size_t)(s.end - s.at));
    const char *at = text;
    uint64_t number = 0;
    bool ok = text != NULL && kd_evaluate(kd, &at, &number) &&
              (kd_at_end(at) || kd_error(kd, "Extra character error in '%s'", at));
    free(text);
    *value = number != 0;
    return ok;
}

/* ---- words that take blocks -------------------------------------------------------------------
 */

static bool take_word(struct source *s, const char *word)
{
    struct source ahead = *s;
    skip(&ahead);
    size_t length = strlen(word);
    if ((size_t)(ahead.end - ahead.at) < length || strncmp(ahead.at, word, length) != 0 ||
        (ahead.at + length < ahead.end && isalpha((unsigned char)ahead.at[length]))) {
        return false;
    }
    ahead.at += length;
    *s = ahead;
    return true;
}

static enum flow run_if(struct kd *kd, struct source *s)
{
    struct source test, block;
    bool done = false, value;
    enum flow flow = FLOW_ON;
    do {
        if (!take_block(s, '(', ')', &test) || !take_block(s, '{', '}', &block)) {
            return syntax(kd, ".if (CONDITION) { COMMANDS }");
        }
        if (!done) {
            if (!condition(kd, test, &value)) {
                return FLOW_STOP;
            }
            flow = value ? run_range(kd, block) : FLOW_ON;
            done = value;
        }
    } while (take_word(s, ".elsif"));
    if (take_word(s, ".else")) {
        if (!take_block(s, '{', '}', &block)) {
            return syntax(kd, ".else { COMMANDS }");
        }
        flow = done ? flow : run_range(kd, block);
    }
    return flow;
}

/* Run a block while the condition holds; `step` runs after each round. */
static enum flow loop(struct kd *kd, struct source test, struct source block, struct source step)
{
    bool value;
    while (!kd->quit && !kd_interrupted(kd)) {
        if (!condition(kd, test, &value)) {
            return FLOW_STOP;
        }
        enum flow flow = value ? run_range(kd, block) : FLOW_BREAK;
        if (flow == FLOW_BREAK || flow == FLOW_STOP) {
            return flow == FLOW_BREAK ? FLOW_ON : flow;
        }
        if (run_range(kd, step) == FLOW_STOP) {
            return FLOW_STOP;
        }
    }
    return FLOW_ON;
}

static enum flow run_while(struct kd *kd, struct source *s)
{
    struct source test, block;
    if (!take_block(s, '(', ')', &test) || !take_block(s, '{', '}', &block)) {
        return syntax(kd, ".while (CONDITION) { COMMANDS }");
    }
    return loop(kd, test, block, (struct source){block.end, block.end});
}

static enum flow run_for(struct kd *kd, struct source *s)
{
    struct source head, block;
    if (!take_block(s, '(', ')', &head) || !take_block(s, '{', '}', &block)) {
        return syntax(kd, ".for (FIRST; CONDITION; STEP) { COMMANDS }");
    }
    struct source first = {head.at, command_end(head.at, head.end)};
    struct source test = {first.end, first.end}, step;
    if (first.end < head.end) {
        test.at++;
        test.end = command_end(test.at, head.end);
    }
    if (test.end == head.end) {
        return syntax(kd, ".for wants two semicolons");
    }
    step = (struct source){test.end + 1, head.end};
    return run_range(kd, first) == FLOW_STOP ? FLOW_STOP : loop(kd, test, block, step);
}

/* ---- .foreach ---- */

struct capture {
    char *text;
    size_t length;
};

static void collect(void *owner, const char *text, size_t length)
{
    struct capture *c = owner;
    char *grown = realloc(c->text, c->length + length + 1);
    if (grown != NULL) {
        c->text = grown;
        memcpy(c->text + c->length, text, length);
        c->length += length;
        c->text[c->length] = '\0';
    }
}

/* What commands print, instead of showing it. */
static char *output_of(struct kd *kd, struct source commands)
{
    struct capture capture = {strdup(""), 0};
    kd_output_fn *output = kd->output;
    void *owner = kd->output_owner;
    FILE *log = kd->log;
    struct kd_screen screen = kd->screen;
    kd->screen = (struct kd_screen){.on = false};
    kd->log = NULL;
    kd->output = collect;
    kd->output_owner = &capture;
    run_range(kd, commands);
    kd->output = output;
    kd->output_owner = owner;
    kd->screen = screen;
    kd->log = log;
    return capture.text;
}

/* One round: the variable is replaced in the block's text. */
static enum flow round_with(struct kd *kd, struct source block, const char *name, const char *value)
{
    const struct kd_alias variable = {(char *)(uintptr_t)name, (char *)(uintptr_t)value};
    char *text = strndup(block.at, (size_t)(block.end - block.at));
    char *replaced = text != NULL ? kd_alias_replace(&variable, 1, text) : NULL;
    free(text);
    if (replaced == NULL) {
        return syntax(kd, ".foreach: the commands became too long");
    }
    enum flow flow = run_range(kd, (struct source){replaced, replaced + strlen(replaced)});
    free(replaced);
    return flow;
}

/* /pS FIRST-TOKENS-SKIPPED and /ps TOKENS-SKIPPED-AFTER-EACH; /s is left to the caller. */
static bool foreach_options(struct kd *kd, struct source *s, uint64_t *first, uint64_t *between,
                            bool *string)
{
    for (skip(s); s->at < s->end && *s->at == '/'; skip(s)) {
        uint64_t *number = take_word(s, "/pS") ? first : take_word(s, "/ps") ? between : NULL;
        char word[32];
        const char *at = word;
        if (number == NULL && take_word(s, "/s")) {
            *string = true;
        } else if (number == NULL || !kd_word(&s->at, word, sizeof word) ||
                   !kd_evaluate(kd, &at, number)) {
            return false;
        }
    }
    return true;
}

static enum flow foreach_tokens(struct kd *kd, char *text, struct source block, const char *name,
                                uint64_t skipped, uint64_t between)
{
    char *save = NULL;
    enum flow flow = FLOW_ON;
    for (char *token = strtok_r(text, " \t\r\n", &save);
         token != NULL && flow != FLOW_STOP && flow != FLOW_BREAK && !kd_interrupted(kd);
         token = strtok_r(NULL, " \t\r\n", &save)) {
        if (skipped > 0) {
            skipped--;
            continue;
        }
        flow = round_with(kd, block, name, token);
        skipped = between;
    }
    return flow == FLOW_STOP ? flow : FLOW_ON;
}

static enum flow run_foreach(struct kd *kd, struct source *s)
{
    struct source head, commands, block;
    uint64_t first = 0, between = 0;
    bool string = false;
    char name[64];
    const char usage[] = ".foreach [/pS N] [/ps N] (NAME { COMMANDS }) { COMMANDS }";
    if (!foreach_options(kd, s, &first, &between, &string) || !take_block(s, '(', ')', &head) ||
        !take_block(s, '{', '}', &block)) {
        return syntax(kd, usage);
    }
    skip(&head);
    size_t length = strcspn(head.at, " \t{\"");
    if (length == 0 || length >= sizeof name) {
        return syntax(kd, usage);
    }
    memcpy(name, head.at, length);
    name[length] = '\0';
    head.at += length;
    skip(&head);
    char *text = NULL;
    if (string && head.at < head.end && *head.at == '"') {
        text = strndup(head.at + 1, (size_t)(kd_string_end(head.at) - head.at - 1));
    } else if (!string && take_block(&head, '{', '}', &commands)) {
        text = output_of(kd, commands);
    }
    if (text == NULL) {
        return syntax(kd, usage);
    }
    enum flow flow = foreach_tokens(kd, text, block, name, first, between);
    free(text);
    return flow;
}

static enum flow run_block(struct kd *kd, struct source *s)
{
    struct source block;
    if (!take_block(s, '{', '}', &block)) {
        return syntax(kd, ".block { COMMANDS }");
    }
    char *text = strndup(block.at, (size_t)(block.end - block.at));
    char *replaced = text ? kd_alias_replace(kd->aliases.row, kd->aliases.count, text) : NULL;
    enum flow flow = replaced
                         ? run_range(kd, (struct source){replaced, replaced + strlen(replaced)})
                         : FLOW_STOP;
    free(text);
    free(replaced);
    return flow;
}

static enum flow run_break(struct kd *kd, struct source *s)
{
    (void)kd, (void)s;
    return FLOW_BREAK;
}

static enum flow run_continue(struct kd *kd, struct source *s)
{
    (void)kd, (void)s;
    return FLOW_CONTINUE;
}

static const struct {
    const char *word;
    enum flow (*run)(struct kd *kd, struct source *s);
} words[] = {{".if", run_if},
             {".while", run_while},
             {".for", run_for},
             {".foreach", run_foreach},
             {".block", run_block},
             {".break", run_break},
             {".continue", run_continue}};

/* ---- lines ------------------------------------------------------------------------------------
 */

/* The commands of a breakpoint that was hit; their own `g` may hit the next. When they leave the
 * target where it stopped, that is shown now. */
static void run_pending(struct kd *kd)
{
    while (kd->pending != NULL && !kd->quit && !kd_interrupted(kd)) {
        char *line = kd->pending;
        unsigned stop = kd->stops;
        kd->pending = NULL;
        kd_run_text(kd, line);
        free(line);
        if (kd->stops == stop && !kd->quit) {
            kd_show_location(kd);
        }
    }
}

static void run_simple(struct kd *kd, const char *at, const char *end)
{
    char *text = strndup(at, (size_t)(end - at));
    if (text == NULL) {
        kd_error(kd, "Out of memory");
        return;
    }
    kd_run_command(kd, text);
    free(text);
    if (kd->pending != NULL && !kd->in_pending) {
        kd->in_pending = true;
        run_pending(kd);
        kd->in_pending = false;
    }
}

/* One command or block; s->at moves behind it. */
static enum flow run_next(struct kd *kd, struct source *s)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (take_word(s, words[i].word)) {
            return words[i].run(kd, s);
        }
    }
    const char *end = command_end(s->at, s->end);
    bool comment = strncmp(s->at, "$$", 2) == 0 && s->at[2] != '<' && s->at[2] != '>';
    if (*s->at == '*') {
        end = s->at + strcspn(s->at, "\n");
        end = end < s->end ? end : s->end;
    } else if (!comment) {
        run_simple(kd, s->at, end);
    }
    s->at = end;
    return FLOW_ON;
}

static enum flow run_range(struct kd *kd, struct source source)
{
    enum flow flow = FLOW_ON;
    if (kd->depth >= DEEPEST) {
        return syntax(kd, "blocks and scripts inside of each other, too deep");
    }
    kd->depth++;
    while (flow == FLOW_ON && !kd->quit && !kd_interrupted(kd)) {
        while (source.at < source.end &&
               (isspace((unsigned char)*source.at) || *source.at == ';')) {
            source.at++;
        }
        if (source.at >= source.end) {
            break;
        }
        flow = run_next(kd, &source);
    }
    kd->depth--;
    return flow;
}

/* Lines that speak of aliases by name are taken as they are. */
static bool names_aliases(const char *text)
{
    text = kd_skip(text);
    return text[0] == 'a' && strchr("sSdl", text[1]) != NULL && text[1] != '\0' &&
           (text[2] == '\0' || isspace((unsigned char)text[2]));
}

void kd_run_text(struct kd *kd, const char *text)
{
    size_t count = names_aliases(text) ? 0 : kd->aliases.count;
    char *replaced = kd_alias_replace(kd->aliases.row, count, text);
    if (replaced == NULL) {
        kd_error(kd, "The line became too long");
        return;
    }
    run_range(kd, (struct source){replaced, replaced + strlen(replaced)});
    free(replaced);
}
