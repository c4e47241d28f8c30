/* src/kd/cmd/symbols.c: x, ln, lm: names and modules. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kd/cmd/cmd.h"
#include "kd/dt.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

bool kd_need_modules(struct kd *kd)
{
    if (kd->symbols && kd_module_count(kd->symbols))
        return true;
    return kd_error(kd, "No modules are known: no kernel found in this memory");
}

/* ---- x ---- */

struct examine {
    struct kd *kd;
    const char *pattern;
    bool brief_address; /* /1 */
    bool brief_name;    /* /2 */
    bool functions;     /* /f */
    size_t count;
};

/* Behind a variable's name: its value in short, for what has one. */
static void show_data(struct kd *kd, const struct kd_symbol *symbol)
{
    struct pdb_type type;
    struct pdb *pdb = kd_module_pdb(kd->symbols, symbol->module);
    uint64_t pointer;
    char text[KD_ADDRESS_TEXT];
    kd_printf(kd, " = ");
    if (!symbol->type || !pdb || !pdb_type_get(pdb, symbol->type, &type)) {
        kd_printf(kd, "<no type information>");
        return;
    }
    if (type.kind == PDB_TYPE_POINTER && kd_read_u64(kd, symbol->address, &pointer)) {
        kd_printf(kd, "0x%s", kd_address_text(pointer, text));
        return;
    }
    if (type.kind == PDB_TYPE_STRUCT || type.kind == PDB_TYPE_UNION)
        kd_printf(kd, "%s ", type.kind == PDB_TYPE_UNION ? "union" : "struct");
    kd_dt_value(kd, (struct kd_type){pdb, symbol->type}, symbol->address);
}

static bool examine_symbol(void *context, const struct kd_symbol *symbol)
{
    struct examine *e = context;
    char address[KD_ADDRESS_TEXT];
    if (kd_interrupted(e->kd))
        return false;
    if (!kd_wildcard_match(e->pattern, symbol->name) || (e->functions && !symbol->function))
        return true;
    e->count++;
    if (!e->brief_name)
        kd_printf(e->kd, "%s", kd_address_text(symbol->address, address));
    if (!e->brief_address)
        kd_printf(e->kd, "%s%s!%s", e->brief_name ? "" : " ", symbol->module->name, symbol->name);
    if (!e->brief_name && !e->brief_address) {
        if (symbol->function)
            kd_printf(e->kd, symbol->size ? " (void)" : " (<no parameter info>)");
        else
            show_data(e->kd, symbol);
    }
    kd_printf(e->kd, "\n");
    return true;
}

static bool examine_option(struct examine *e, char letter)
{
    switch (letter) {
    case '1':
        e->brief_address = true;
        return true;
    case '2':
        e->brief_name = true;
        return true;
    case 'f':
        e->functions = true;
        return true;
    case 'a': /* by address, which is our order */
    case 'v':
        return true;
    default:
        return kd_error(e->kd, "Unknown option '/%c'", letter);
    }
}

static bool cmd_x(struct kd *kd, const char *args)
{
    struct examine e = {.kd = kd};
    char module[64] = "*";
    char word[256];
    if (!kd_need_modules(kd))
        return false;
    while (args[0] == '/' && args[1]) {
        if (!examine_option(&e, args[1]))
            return false;
        args = kd_skip(args + 2);
    }
    if (!kd_word(&args, word, sizeof word))
        return kd_error(kd, "x: which symbols? usage: x [/1 | /2] [/f] MODULE!PATTERN");
    const char *bang = strchr(word, '!');
    e.pattern = bang ? bang + 1 : word;
    if (bang)
        snprintf(module, sizeof module, "%.*s", (int)(bang - word), word);
    size_t modules = 0;
    for (size_t i = 0; i < kd_module_count(kd->symbols) && !kd_interrupted(kd); i++) {
        const struct kd_module *m = kd_module_get(kd->symbols, i);
        if (!kd_wildcard_match(module, m->name))
            continue;
        modules++;
        kd_symbols_each(kd->symbols, m, examine_symbol, &e);
    }
    return modules ? true : kd_error(kd, "Couldn't resolve error at '%s'", word);
}

/* ---- ln ---- */

static bool cmd_ln(struct kd *kd, const char *args)
{
    uint64_t address, offset, line_offset;
    struct kd_symbol symbol, next;
    struct pdb_line line;
    char text[KD_ADDRESS_TEXT];
    if (!kd_need_modules(kd) || !kd_evaluate(kd, &args, &address))
        return false;
    if (!kd_symbol_at(kd->symbols, address, &symbol, &offset))
        return true; /* WinDbg says nothing too */
    if (kd_source_line(kd->symbols, address, &line, &line_offset)) {
        kd_printf(kd, "%s(%u)", line.file, line.line);
        if (line_offset)
            kd_printf(kd, "+0x%" PRIx64, line_offset);
        kd_printf(kd, "\n");
    }
    kd_printf(kd, "(%s)   %s!%s", kd_address_text(symbol.address, text), symbol.module->name,
              symbol.name);
    if (offset)
        kd_printf(kd, "+0x%" PRIx64, offset);
    if (kd_symbol_after(kd->symbols, address, &next))
        kd_printf(kd, "   |  (%s)   %s!%s", kd_address_text(next.address, text), next.module->name,
                  next.name);
    kd_printf(kd, "\n");
    if (offset == 0)
        kd_printf(kd, "Exact matches:\n    %s!%s%s\n", symbol.module->name, symbol.name,
                  !symbol.function ? " = <no type information>"
                  : symbol.size    ? " (void)"
                                   : " (<no parameter info>)");
    return true;
}

/* ---- lm ---- */

struct module_filter {
    bool kernel, user; /* neither: both */
    bool verbose;
    bool names; /* 1m: names only */
    bool at;
    uint64_t address; /* with `at` */
    char pattern[64];
};

const char *kd_symbol_source_text(const struct kd_module *module)
{
    switch (module->source) {
    case KD_SYMBOLS_DEFERRED:
        return "(deferred)";
    case KD_SYMBOLS_EXPORT:
        return "(export symbols)";
    case KD_SYMBOLS_COFF:
        return "(coff symbols)";
    case KD_SYMBOLS_PDB:
        return "(pdb symbols)";
    case KD_SYMBOLS_NONE:
        break;
    }
    return "(no symbols)";
}

static const char *image_name(const struct kd_module *module)
{
    const char *name = strrchr(module->image, '\\');
    return name ? name + 1 : module->image;
}

static void show_details(struct kd *kd, const struct kd_module *module)
{
    char when[64] = "unavailable";
    time_t stamp = module->timestamp;
    struct tm tm;
    const char *name = image_name(module);
    if (module->source != KD_SYMBOLS_DEFERRED && module->source != KD_SYMBOLS_NONE)
        kd_printf(kd, "    Loaded symbol image file: %s\n", name);
    kd_printf(kd, "    Image path: %s\n    Image name: %s\n", module->image, name);
    if (stamp && gmtime_r(&stamp, &tm))
        strftime(when, sizeof when, "%a %b %d %H:%M:%S %Y", &tm);
    kd_printf(kd, "    Timestamp:        %s (%08X)\n", when, module->timestamp);
    kd_printf(kd, "    CheckSum:         %08X\n", module->checksum);
    kd_printf(kd, "    ImageSize:        %08" PRIX64 "\n", module->size);
}

static bool filter_accepts(const struct module_filter *f, const struct kd_module *module)
{
    if ((f->kernel || f->user) && !(module->kernel ? f->kernel : f->user))
        return false;
    if (f->at && f->address - module->base >= module->size)
        return false;
    return kd_wildcard_match(f->pattern, module->name);
}

static void show_module(struct kd *kd, const struct module_filter *f,
                        const struct kd_module *module)
{
    char start[KD_ADDRESS_TEXT], end[KD_ADDRESS_TEXT];
    char row[700];
    if (f->names) {
        kd_printf(kd, "%s\n", module->name);
        return;
    }
    const char *file = module->symbol_file;
    if (module->source == KD_SYMBOLS_EXPORT && !*file)
        file = image_name(module);
    snprintf(row, sizeof row, "%s %s   %-8s   %-23s%s", kd_address_text(module->base, start),
             kd_address_text(module->base + module->size, end), module->name,
             kd_symbol_source_text(module), file);
    kd_printf(kd, "%s\n", row);
    if (f->verbose)
        show_details(kd, module);
}

/* The letters of `lm`, glued to the name or not; m and a take what follows. */
static bool parse_filter(struct kd *kd, const char *letters, const char *args,
                         struct module_filter *f)
{
    char word[64];
    *f = (struct module_filter){.pattern = "*"};
    for (;;) {
        for (; *letters; letters++) {
            bool last = letters[1] == 0;
            f->verbose |= *letters == 'v';
            f->kernel |= *letters == 'k';
            f->user |= *letters == 'u';
            f->names |= *letters == '1';
            if (*letters == 'm' && last && !f->names) {
                if (!kd_word(&args, f->pattern, sizeof f->pattern))
                    return kd_error(kd, "lm m: which modules?");
            } else if (*letters == 'a' && last) {
                f->at = true;
                if (!kd_evaluate(kd, &args, &f->address))
                    return false;
                args = kd_skip(args);
            } else if (!strchr("vku1mlnfo", *letters)) {
                return kd_error(kd, "lm: unknown option '%c'", *letters);
            }
        }
        if (!kd_word(&args, word, sizeof word))
            return true;
        letters = word;
    }
}

static bool list_modules(struct kd *kd, const char *letters, const char *args)
{
    struct module_filter f;
    if (!kd_need_modules(kd) || !parse_filter(kd, letters, args, &f))
        return false;
    if (!f.names)
        kd_printf(kd, "start             end                 module name\n");
    for (size_t i = 0; i < kd_module_count(kd->symbols) && !kd_interrupted(kd); i++) {
        const struct kd_module *module = kd_module_get(kd->symbols, i);
        if (filter_accepts(&f, module))
            show_module(kd, &f, module);
    }
    return true;
}

static bool cmd_lm(struct kd *kd, const char *args)
{
    return list_modules(kd, "", args);
}

static bool cmd_lmv(struct kd *kd, const char *args)
{
    return list_modules(kd, "v", args);
}

static bool cmd_lmvm(struct kd *kd, const char *args)
{
    return list_modules(kd, "vm", args);
}

static bool cmd_lmm(struct kd *kd, const char *args)
{
    return list_modules(kd, "m", args);
}

static bool cmd_lmk(struct kd *kd, const char *args)
{
    return list_modules(kd, "k", args);
}

static bool cmd_lmu(struct kd *kd, const char *args)
{
    return list_modules(kd, "u", args);
}

static bool cmd_lma(struct kd *kd, const char *args)
{
    return list_modules(kd, "a", args);
}

const struct kd_command kd_commands_symbols[] = {
    {"x", "x [/1 | /2] [/f] MODULE!PATTERN", "symbols by name, with * and ?", cmd_x,
     KD_NEEDS_NOTHING},
    {"ln", "ln ADDRESS", "the symbols nearest to an address", cmd_ln, KD_NEEDS_NOTHING},
    {"lm", "lm [v] [k | u] [m PATTERN] [a ADDRESS]", "modules", cmd_lm, KD_NEEDS_NOTHING},
    {"lmv", "lmv [m PATTERN]", "modules with their details", cmd_lmv, KD_NEEDS_NOTHING},
    {"lmvm", "lmvm PATTERN", "details of modules with this name", cmd_lmvm, KD_NEEDS_NOTHING},
    {"lmm", "lmm PATTERN", "modules with this name", cmd_lmm, KD_NEEDS_NOTHING},
    {"lmk", "lmk", "kernel modules", cmd_lmk, KD_NEEDS_NOTHING},
    {"lmu", "lmu", "modules of the process", cmd_lmu, KD_NEEDS_NOTHING},
    {"lma", "lma ADDRESS", "the module at an address", cmd_lma, KD_NEEDS_NOTHING},
    {0},
};
