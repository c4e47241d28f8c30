/* src/kd/cmd/types.c: dt.
 *
 *      dt [options] [module!]type [members...] [address]
 *      dt [options] module!variable
 *
 * Nothing marks where the members end and the address begins. A word that names a member of the
 * type is one; the first that does not starts the address expression.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kd/dt.h"
#include "kd/kdi.h"

#define DEFAULT_DEPTH 4 /* of -r without a number */
#define LIST_MOST 65536 /* elements that -l follows */

struct dt_command {
    struct kd_dt dt;
    char type[256];
    char words[KD_DT_FILTERS][128];
    const char *filters[KD_DT_FILTERS];
    char list[128]; /* -l: member that links the elements; "": none */
};

/* A name with a wildcard lists the types that fit. */
struct lister {
    struct kd *kd;
    const struct kd_module *module;
    const char *pattern;
    size_t count;
};

static bool list_type(void *context, const struct pdb_type *type)
{
    struct lister *l = context;
    if (kd_wildcard_match(l->pattern, type->name) && !strstr(type->name, "<unnamed")) {
        kd_printf(l->kd, "          %s!%s\n", l->module->name, type->name);
        l->count++;
    }
    return !kd_interrupted(l->kd);
}

static bool list_types(struct kd *kd, const char *text)
{
    char module[64] = "*";
    const char *bang = strchr(text, '!');
    struct lister l = {.kd = kd, .pattern = bang ? bang + 1 : text};
    if (bang)
        snprintf(module, sizeof module, "%.*s", (int)(bang - text), text);
    for (size_t i = 0; i < kd_module_count(kd->symbols); i++) {
        l.module = kd_module_get(kd->symbols, i);
        struct pdb *pdb =
            kd_wildcard_match(module, l.module->name) ? kd_module_pdb(kd->symbols, l.module) : NULL;
        if (pdb)
            pdb_types_each(pdb, list_type, &l);
    }
    return l.count ? true : kd_error(kd, "Symbol %s not found.", text);
}

/* ---- the command line ---- */

static bool take_option(struct kd *kd, struct dt_command *c, const char **args)
{
    char word[128] = "";
    kd_word(args, word, sizeof word);
    switch (word[1]) {
    case 'r':
        c->dt.depth = word[2] ? (unsigned)strtoul(word + 2, NULL, 10) : DEFAULT_DEPTH;
        return true;
    case 'b':
        c->dt.blocks = true;
        return true;
    case 'v':
        c->dt.verbose = true;
        return true;
    case 'o':
        c->dt.omit_offsets = true;
        return true;
    case 'a':
        c->dt.arrays = true;
        return true;
    case 'l':
        kd_word(args, c->list, sizeof c->list);
        return c->list[0] ? true : kd_error(kd, "-l needs the member that links the elements");
    case 'n': /* -n NAME, -ny NAME: the name follows like any other */
        return true;
    default:
        return kd_error(kd, "Unknown option '%s'", word);
    }
}

/* Can the word be nothing but a member that is not there? */
static bool looks_like_member(struct kd *kd, const char *word)
{
    uint64_t value;
    if (!isalpha((unsigned char)word[0]) && word[0] != '_')
        return false;
    if (strspn(word, "0123456789abcdefABCDEF`") == strlen(word))
        return false;
    for (const char *p = word; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("_.>-*?", *p))
            return false;
    }
    return !kd_symbol_address(kd->symbols, word, &value) && !kd_register_value(kd, word, &value);
}

/* Members, options and the address, in what order they come. */
static bool take_rest(struct kd *kd, struct dt_command *c, struct kd_type type, const char *args)
{
    while (!kd_at_end(args)) {
        args = kd_skip(args);
        char *word = c->words[c->dt.filter_count];
        const char *next = args;
        if (args[0] == '-' && isalpha((unsigned char)args[1])) {
            if (!take_option(kd, c, &args))
                return false;
            continue;
        }
        kd_word(&next, word, sizeof c->words[0]);
        bool member = type.pdb && kd_dt_names_member(type, word);
        if (member && c->dt.filter_count + 1 < KD_DT_FILTERS) {
            c->filters[c->dt.filter_count++] = word;
            args = next;
        } else if (c->dt.has_address || looks_like_member(kd, word)) {
            return kd_error(kd, "Cannot find specified field members.");
        } else {
            if (!kd_evaluate(kd, &args, &c->dt.address))
                return false;
            c->dt.has_address = true;
        }
    }
    c->dt.filters = c->filters;
    return true;
}

/* The type that the first word means: a type, or a variable with its type. */
static bool resolve(struct kd *kd, struct dt_command *c, struct kd_type *type)
{
    struct kd_symbol symbol;
    if (kd_type_find(kd->symbols, c->type, type))
        return true;
    if (!kd_symbol_find(kd->symbols, c->type, &symbol) || !symbol.type || symbol.function)
        return false;
    type->pdb = kd_module_pdb(kd->symbols, symbol.module);
    type->index = symbol.type;
    c->dt.address = symbol.address;
    c->dt.has_address = true;
    return true;
}

/* ---- showing ---- */

/* A type that was named without its module is shown with it: "nt!_EPROCESS". */
static void show_full_name(struct kd *kd, const struct dt_command *c, struct kd_type type)
{
    struct pdb_type details;
    if (strchr(c->type, '!') || !type.pdb || !pdb_type_get(type.pdb, type.index, &details) ||
        !*details.name) /* a structure, a union or an enumeration has one */
        return;
    for (size_t i = 0; i < kd_module_count(kd->symbols); i++) {
        const struct kd_module *module = kd_module_get(kd->symbols, i);
        if (kd_module_pdb(kd->symbols, module) == type.pdb) {
            kd_printf(kd, "%s!%s\n", module->name, details.name);
            return;
        }
    }
}

static bool show_one(struct kd *kd, struct dt_command *c, struct kd_type type)
{
    return kd_dt_show(&c->dt, type, 0) || kd_error(kd, "Cannot find specified field members.");
}

/* -l: the element, then those that its link leads to. A link is a pointer to the link of the next
 * element (LIST_ENTRY), or to the next element itself. */
static bool show_list(struct kd *kd, struct dt_command *c, struct kd_type type)
{
    struct kd_field link;
    struct kd_field head = {.offset = 0};
    struct pdb_type details;
    uint64_t first = c->dt.address;
    char outer[128];
    snprintf(outer, sizeof outer, "%.*s", (int)strcspn(c->list, "."), c->list);
    if (!c->dt.has_address)
        return kd_error(kd, "-l needs an address");
    if (!kd_type_path(type, c->list, &link) || !kd_type_path(type, outer, &head) ||
        !pdb_type_get(type.pdb, head.type.index, &details))
        return kd_error(kd, "Cannot find specified field members.");
    bool embedded = details.kind == PDB_TYPE_STRUCT;
    for (unsigned i = 0; i < LIST_MOST && !kd_interrupted(kd); i++) {
        uint64_t next;
        char text[KD_ADDRESS_TEXT];
        kd_printf(kd, "%s at 0x%s\n---------------------------------------------\n", c->list,
                  kd_address_text(c->dt.address, text));
        if (!show_one(kd, c, type))
            return false;
        if (!kd_field_read(kd->symbols, &link, c->dt.address, &next) || next == 0)
            return true;
        next -= embedded ? head.offset : 0;
        if (next == first || next == c->dt.address)
            return true;
        kd_printf(kd, "\n");
        c->dt.address = next;
    }
    return true;
}

static bool cmd_dt(struct kd *kd, const char *args)
{
    struct dt_command c = {.dt = {.kd = kd}};
    struct kd_type type = {NULL, 0};
    if (!kd_need_symbols(kd))
        return false;
    while (args[0] == '-') {
        if (!take_option(kd, &c, &args))
            return false;
        args = kd_skip(args);
    }
    if (!kd_word(&args, c.type, sizeof c.type))
        return kd_error(kd,
                        "dt: which type? usage: dt [options] [module!]TYPE [MEMBER...] [ADDRESS]");
    if (strpbrk(c.type, "*?"))
        return list_types(kd, c.type);
    if (!resolve(kd, &c, &type))
        return kd_error(kd, "Symbol %s not found.", c.type);
    if (!take_rest(kd, &c, type, args))
        return false;
    show_full_name(kd, &c, type);
    return c.list[0] ? show_list(kd, &c, type) : show_one(kd, &c, type);
}

const struct kd_command kd_commands_types[] = {
    {"dt", "dt [-r[N]] [-b] [-a] [-v] [-o] [-l LINK] [MODULE!]TYPE [MEMBER...] [ADDRESS]",
     "layout of a type, or what is at an address; TYPE with * lists types", cmd_dt,
     KD_NEEDS_NOTHING},
    {0},
};
