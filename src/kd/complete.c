/* complete.c: what Tab adds to a line.
 *
 *      !pro|             commands that begin so
 *      dt nt!_EPR|       types of the module, for dt; else its symbols
 *      bp ker|           modules, with the `!` that has to follow
 *
 * The last word is what stands behind the last blank or operator. Letters of symbols count without
 * case, as in the commands themselves; what is typed stays as it is.
 */
#include "kd/complete.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "kd/commands.h"
#include "kd/pdb.h"
#include "kd/pdb_types.h"
#include "kd/symbols.h"

struct completion {
    const char *typed;
    size_t length;
    char common[KD_COMPLETION_SIZE]; /* of all words found */
    unsigned count;
    bool exact_case;
    void (*each)(void *context, const char *word);
    void *context;
};

static void consider(struct completion *c, const char *word)
{
    int (*compare)(const char *, const char *, size_t) = c->exact_case ? strncmp : strncasecmp;
    if (compare(word, c->typed, c->length) != 0 || strlen(word) >= sizeof c->common) {
        return;
    }
    if (c->count == 0) {
        strcpy(c->common, word);
    }
    size_t same = 0;
    while (c->common[same] != '\0' && c->common[same] == word[same]) {
        same++;
    }
    c->common[same < c->length ? c->length : same] = '\0';
    if (c->each != NULL && c->count < KD_COMPLETION_LISTED) {
        c->each(c->context, word);
    }
    c->count++;
}

static bool consider_symbol(void *context, const struct kd_symbol *symbol)
{
    consider(context, symbol->name);
    return true;
}

static bool consider_type(void *context, const struct pdb_type *type)
{
    if (strchr(type->name, '<') == NULL) {
        consider(context, type->name);
    }
    return true;
}

static void consider_commands(struct completion *c)
{
    const struct kd_command *row;
    c->exact_case = true;
    for (size_t i = 0; (row = kd_command_get(i)) != NULL; i++) {
        consider(c, row->name);
    }
}

static void consider_modules(struct kd *kd, struct completion *c)
{
    for (size_t i = 0; i < kd_module_count(kd->symbols); i++) {
        char name[sizeof(((struct kd_module *)0)->name) + 1];
        strcpy(name, kd_module_get(kd->symbols, i)->name);
        consider(c, strcat(name, "!"));
    }
}

/* MODULE!PREFIX: types for dt, else symbols. */
static void consider_members(struct kd *kd, struct completion *c, const char *bang, bool types)
{
    char name[64];
    size_t length = (size_t)(bang - c->typed);
    if (length >= sizeof name) {
        return;
    }
    memcpy(name, c->typed, length);
    name[length] = '\0';
    const struct kd_module *module = kd_module_find(kd->symbols, name);
    c->typed = bang + 1;
    c->length = strlen(c->typed);
    struct pdb *pdb = module != NULL && types ? kd_module_pdb(kd->symbols, module) : NULL;
    if (pdb != NULL) {
        pdb_types_each(pdb, consider_type, c);
    } else if (module != NULL) {
        kd_symbols_each(kd->symbols, module, consider_symbol, c);
    }
}

static const char *last_word(const char *line)
{
    const char *word = line;
    for (const char *at = line; *at != '\0'; at++) {
        if (isspace((unsigned char)*at) || strchr(";(+-*/,\"@[", *at) != NULL) {
            word = at + 1;
        }
    }
    return word;
}

/* The start of the command that the line ends in. */
static const char *last_command(const char *line)
{
    const char *semicolon = strrchr(line, ';');
    return kd_skip(semicolon != NULL ? semicolon + 1 : line);
}

unsigned kd_complete(struct kd *kd, const char *line, char rest[KD_COMPLETION_SIZE],
                     void (*each)(void *context, const char *word), void *context)
{
    struct completion c = {.typed = last_word(line), .each = each, .context = context};
    const char *command = last_command(line), *bang = strchr(c.typed, '!');
    c.length = strlen(c.typed);
    if (strpbrk(command, " \t") == NULL) {
        c.typed = command;
        c.length = strlen(command);
        consider_commands(&c);
    } else if (kd->symbols != NULL && bang == NULL) {
        consider_modules(kd, &c);
    } else if (kd->symbols != NULL) {
        consider_members(kd, &c, bang, strncmp(command, "dt", 2) == 0);
    }
    strcpy(rest, c.count > 0 ? c.common + c.length : "");
    return c.count;
}
