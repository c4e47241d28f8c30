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
#include "kd/source.h"

#define DEEPEST 32 /* blocks and scripts inside of each other */

/* How a piece of text ended. */
enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE, FLOW_STOP };

static enum flow run_range(struct kd *kd, struct kd_source source);

static enum flow syntax(struct kd *kd, const char *what)
{
    kd_error(kd, "Syntax error: %s", what);
    return FLOW_STOP;
}

static bool condition(struct kd *kd, struct kd_source s, bool *value)
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

static enum flow run_if(struct kd *kd, struct kd_source *s)
{
    struct kd_source test, block;
    bool done = false, value;
    enum flow flow = FLOW_ON;
    do {
        if (!kd_source_block(s, '(', ')', &test) || !kd_source_block(s, '{', '}', &block)) {
            return syntax(kd, ".if (CONDITION) { COMMANDS }");
        }
        if (!done) {
            if (!condition(kd, test, &value)) {
                return FLOW_STOP;
            }
            flow = value ? run_range(kd, block) : FLOW_ON;
            done = value;
        }
    } while (kd_source_word(s, ".elsif"));
    if (kd_source_word(s, ".else")) {
        if (!kd_source_block(s, '{', '}', &block)) {
            return syntax(kd, ".else { COMMANDS }");
        }
        flow = done ? flow : run_range(kd, block);
    }
    return flow;
}

/* Run a block while the condition holds; `step` runs after each round. */
static enum flow loop(struct kd *kd, struct kd_source test, struct kd_source block,
                      struct kd_source step)
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

static enum flow run_while(struct kd *kd, struct kd_source *s)
{
    struct kd_source test, block;
    if (!kd_source_block(s, '(', ')', &test) || !kd_source_block(s, '{', '}', &block)) {
        return syntax(kd, ".while (CONDITION) { COMMANDS }");
    }
    return loop(kd, test, block, (struct kd_source){block.end, block.end});
}

static enum flow run_for(struct kd *kd, struct kd_source *s)
{
    struct kd_source head, block;
    if (!kd_source_block(s, '(', ')', &head) || !kd_source_block(s, '{', '}', &block)) {
        return syntax(kd, ".for (FIRST; CONDITION; STEP) { COMMANDS }");
    }
    struct kd_source first = {head.at, kd_source_command_end(head.at, head.end)};
    struct kd_source test = {first.end, first.end}, step;
    if (first.end < head.end) {
        test.at++;
        test.end = kd_source_command_end(test.at, head.end);
    }
    if (test.end == head.end) {
        return syntax(kd, ".for wants two semicolons");
    }
    step = (struct kd_source){test.end + 1, head.end};
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
static char *output_of(struct kd *kd, struct kd_source commands)
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
static enum flow round_with(struct kd *kd, struct kd_source block, const char *name,
                            const char *value)
{
    const struct kd_alias variable = {(char *)(uintptr_t)name, (char *)(uintptr_t)value};
    char *text = strndup(block.at, (size_t)(block.end - block.at));
    char *replaced = text != NULL ? kd_alias_replace(&variable, 1, text) : NULL;
    free(text);
    if (replaced == NULL) {
        return syntax(kd, ".foreach: the commands became too long");
    }
    enum flow flow = run_range(kd, (struct kd_source){replaced, replaced + strlen(replaced)});
    free(replaced);
    return flow;
}

/* /pS FIRST-TOKENS-SKIPPED and /ps TOKENS-SKIPPED-AFTER-EACH; /s is left to the caller. */
static bool foreach_options(struct kd *kd, struct kd_source *s, uint64_t *first, uint64_t *between,
                            bool *string)
{
    for (kd_source_skip(s); s->at < s->end && *s->at == '/'; kd_source_skip(s)) {
        uint64_t *number = kd_source_word(s, "/pS")   ? first
                           : kd_source_word(s, "/ps") ? between
                                                      : NULL;
        char word[32];
        const char *at = word;
        if (number == NULL && kd_source_word(s, "/s")) {
            *string = true;
        } else if (number == NULL || !kd_word(&s->at, word, sizeof word) ||
                   !kd_evaluate(kd, &at, number)) {
            return false;
        }
    }
    return true;
}

static enum flow foreach_tokens(struct kd *kd, char *text, struct kd_source block, const char *name,
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

static enum flow run_foreach(struct kd *kd, struct kd_source *s)
{
    struct kd_source head, commands, block;
    uint64_t first = 0, between = 0;
    bool string = false;
    char name[64];
    const char usage[] = ".foreach [/pS N] [/ps N] (NAME { COMMANDS }) { COMMANDS }";
    if (!foreach_options(kd, s, &first, &between, &string) ||
        !kd_source_block(s, '(', ')', &head) || !kd_source_block(s, '{', '}', &block)) {
        return syntax(kd, usage);
    }
    kd_source_skip(&head);
    size_t length = strcspn(head.at, " \t{\"");
    if (length == 0 || length >= sizeof name) {
        return syntax(kd, usage);
    }
    memcpy(name, head.at, length);
    name[length] = '\0';
    head.at += length;
    kd_source_skip(&head);
    char *text = NULL;
    if (string && head.at < head.end && *head.at == '"') {
        text = strndup(head.at + 1, (size_t)(kd_string_end(head.at) - head.at - 1));
    } else if (!string && kd_source_block(&head, '{', '}', &commands)) {
        text = output_of(kd, commands);
    }
    if (text == NULL) {
        return syntax(kd, usage);
    }
    enum flow flow = foreach_tokens(kd, text, block, name, first, between);
    free(text);
    return flow;
}

static enum flow run_block(struct kd *kd, struct kd_source *s)
{
    struct kd_source block;
    if (!kd_source_block(s, '{', '}', &block)) {
        return syntax(kd, ".block { COMMANDS }");
    }
    char *text = strndup(block.at, (size_t)(block.end - block.at));
    char *replaced = text ? kd_alias_replace(kd->aliases.row, kd->aliases.count, text) : NULL;
    enum flow flow = replaced
                         ? run_range(kd, (struct kd_source){replaced, replaced + strlen(replaced)})
                         : FLOW_STOP;
    free(text);
    free(replaced);
    return flow;
}

/* One alternative of j: 'commands' in quotes, or one command. */
static struct kd_source take_alternative(struct kd_source *s)
{
    kd_source_skip(s);
    bool quoted = s->at < s->end && (*s->at == '\'' || *s->at == '"');
    struct kd_source out = {s->at + quoted, s->end};
    if (quoted) {
        const char *quote = memchr(out.at, *s->at, (size_t)(s->end - out.at));
        out.end = quote != NULL ? quote : s->end;
        s->at = quote != NULL ? quote + 1 : s->end;
    } else {
        out.end = kd_source_command_end(out.at, s->end);
        s->at = out.end;
    }
    return out;
}

/* j EXPRESSION 'IF-TRUE' ; 'IF-FALSE' */
static enum flow run_choice(struct kd *kd, struct kd_source *s)
{
    char *text = strndup(s->at, (size_t)(s->end - s->at));
    const char *at = text;
    uint64_t value;
    bool ok = text != NULL && kd_evaluate(kd, &at, &value);
    s->at += ok ? at - text : 0;
    free(text);
    if (!ok) {
        return FLOW_STOP;
    }
    struct kd_source yes = take_alternative(s), no = {s->at, s->at};
    kd_source_skip(s);
    if (s->at < s->end && *s->at == ';') {
        s->at++;
        no = take_alternative(s);
    }
    return run_range(kd, value != 0 ? yes : no);
}

static enum flow run_break(struct kd *kd, struct kd_source *s)
{
    (void)kd, (void)s;
    return FLOW_BREAK;
}

static enum flow run_continue(struct kd *kd, struct kd_source *s)
{
    (void)kd, (void)s;
    return FLOW_CONTINUE;
}

static const struct {
    const char *word;
    enum flow (*run)(struct kd *kd, struct kd_source *s);
} words[] = {{".if", run_if},           {".while", run_while},      {".for", run_for},
             {".foreach", run_foreach}, {".block", run_block},      {"j", run_choice},
             {".break", run_break},     {".continue", run_continue}};

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
static enum flow run_next(struct kd *kd, struct kd_source *s)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (kd_source_word(s, words[i].word)) {
            return words[i].run(kd, s);
        }
    }
    const char *end = kd_source_command_end(s->at, s->end);
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

static enum flow run_range(struct kd *kd, struct kd_source source)
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
    run_range(kd, (struct kd_source){replaced, replaced + strlen(replaced)});
    free(replaced);
}
