/* symbols.c: names to addresses and back, over all modules. */
#define _GNU_SOURCE 1 /* asprintf */

#include "kd/symbols_int.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct kd_symbols *kd_symbols_create(const struct kd_memory *memory, const char *path)
{
    struct kd_symbols *symbols = calloc(1, sizeof *symbols);
    if (!symbols)
        return NULL;
    symbols->memory = *memory;
    symbols->path = strdup(path ? path : "");
    symbols->find = symfind_create(&symbols->host);
    if (!symbols->path || !symbols->find || !symfind_set_path(symbols->find, symbols->path)) {
        kd_symbols_destroy(symbols);
        return NULL;
    }
    return symbols;
}

void kd_symbols_destroy(struct kd_symbols *symbols)
{
    if (!symbols)
        return;
    kd_modules_clear(symbols);
    kd_types_deinit(symbols);
    kd_symload_deinit(symbols);
    symfind_destroy(symbols->find);
    free(symbols->modules);
    free(symbols->path);
    free(symbols);
}

/* "A;B", of which either may be empty. NULL: out of memory. */
static char *join(const char *a, const char *b)
{
    char *joined;
    return asprintf(&joined, "%s%s%s", a, *a && *b ? ";" : "", b) < 0 ? NULL : joined;
}

/* Search along `path` and the host's own from now on. */
static bool use_path(struct kd_symbols *symbols, const char *path)
{
    const char *own = symbols->host.own_path ? symbols->host.own_path : "";
    char *whole = join(path, own);
    bool used = whole && symfind_set_path(symbols->find, whole);
    free(whole);
    for (size_t i = 0; used && i < symbols->module_count; i++) {
        if (!symbols->modules[i]->pdb)
            kd_module_forget(symbols, symbols->modules[i]);
    }
    return used;
}

void kd_symbols_set_host(struct kd_symbols *symbols, const struct kd_symbols_host *host)
{
    symbols->host = *host;
    use_path(symbols, symbols->path);
}

void kd_symbols_set_path(struct kd_symbols *symbols, const char *path, bool append)
{
    char *joined = join(append ? symbols->path : "", path);
    if (!joined || !use_path(symbols, joined)) {
        free(joined);
        return;
    }
    free(symbols->path);
    symbols->path = joined;
}

const struct sympath *kd_symbols_elements(const struct kd_symbols *symbols)
{
    return symfind_path(symbols->find);
}

void kd_symbols_ask_again(struct kd_symbols *symbols)
{
    symfind_forget(symbols->find);
}

const char *kd_symbols_path(const struct kd_symbols *symbols)
{
    return symbols->path;
}

bool kd_symbols_read(const struct kd_symbols *symbols, uint64_t address, void *buffer, size_t size)
{
    return symbols->memory.read(symbols->memory.context, address, buffer, size) == size;
}

bool kd_wildcard_match(const char *pattern, const char *name)
{
    const char *star = NULL; /* behind the last one; what it swallows grows on a mismatch */
    const char *retry = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = name;
        } else if (*pattern == '?' ||
                   tolower((unsigned char)*pattern) == tolower((unsigned char)*name)) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

/* ---- by name ---- */

static void fill(const struct kd_module_entry *entry, const struct pdb_symbol *from,
                 struct kd_symbol *to)
{
    *to = (struct kd_symbol){
        .module = &entry->public,
        .name = from->name,
        .address = entry->public.base + from->rva,
        .size = from->size,
        .type = entry->pdb ? from->type : 0,
        .function = from->kind == PDB_FUNCTION || from->kind == PDB_PUBLIC_FUNCTION,
    };
}

static bool find_in(struct kd_symbols *symbols, struct kd_module_entry *entry, const char *name,
                    struct kd_symbol *symbol)
{
    const struct symtab *names = kd_module_names(symbols, entry);
    const struct pdb_symbol *found = names ? symtab_find(names, name) : NULL;
    if (found)
        fill(entry, found, symbol);
    return found != NULL;
}

/* Split "module!name"; false when there is no '!' or the module's name is too long. */
static bool split(const char *text, char module[64], const char **name)
{
    const char *bang = strchr(text, '!');
    if (!bang || (size_t)(bang - text) >= 64)
        return false;
    memcpy(module, text, (size_t)(bang - text));
    module[bang - text] = 0;
    *name = bang + 1;
    return true;
}

bool kd_symbol_find(struct kd_symbols *symbols, const char *name, struct kd_symbol *symbol)
{
    char module_name[64];
    const char *rest;
    if (split(name, module_name, &rest)) {
        const struct kd_module *module = kd_module_find(symbols, module_name);
        return module && find_in(symbols, kd_module_entry(module), rest, symbol);
    }
    const struct kd_module *nt = kd_module_find(symbols, "nt");
    if (nt && find_in(symbols, kd_module_entry(nt), name, symbol))
        return true;
    for (size_t i = 0; i < symbols->module_count; i++) {
        if (find_in(symbols, symbols->modules[i], name, symbol))
            return true;
    }
    return false;
}

bool kd_symbol_address(struct kd_symbols *symbols, const char *name, uint64_t *address)
{
    struct kd_symbol symbol;
    if (!kd_symbol_find(symbols, name, &symbol))
        return false;
    *address = symbol.address;
    return true;
}

/* ---- by address ---- */

bool kd_symbol_at(struct kd_symbols *symbols, uint64_t address, struct kd_symbol *symbol,
                  uint64_t *offset)
{
    const struct kd_module *module = kd_module_at(symbols, address);
    if (!module)
        return false;
    struct kd_module_entry *entry = kd_module_entry(module);
    const struct symtab *names = kd_module_names(symbols, entry);
    const struct pdb_symbol *found =
        names ? symtab_at(names, (uint32_t)(address - module->base)) : NULL;
    if (!found)
        return false;
    fill(entry, found, symbol);
    *offset = address - symbol->address;
    return true;
}

bool kd_symbol_after(struct kd_symbols *symbols, uint64_t address, struct kd_symbol *symbol)
{
    const struct kd_module *module = kd_module_at(symbols, address);
    if (!module)
        return false;
    struct kd_module_entry *entry = kd_module_entry(module);
    const struct symtab *names = kd_module_names(symbols, entry);
    size_t i = names ? symtab_above(names, (uint32_t)(address - module->base)) : 0;
    if (!names || i == names->count)
        return false;
    fill(entry, &names->list[i], symbol);
    return true;
}

bool kd_source_line(struct kd_symbols *symbols, uint64_t address, struct pdb_line *line,
                    uint64_t *offset)
{
    const struct kd_module *module = kd_module_at(symbols, address);
    struct pdb *pdb = module ? kd_module_pdb(symbols, module) : NULL;
    if (!pdb || !pdb_line_at(pdb, (uint32_t)(address - module->base), line))
        return false;
    *offset = address - module->base - line->rva;
    return true;
}

bool kd_symbol_name(struct kd_symbols *symbols, uint64_t address, char *buffer, size_t size)
{
    struct kd_symbol symbol;
    uint64_t offset;
    const struct kd_module *module = kd_module_at(symbols, address);
    if (size)
        buffer[0] = 0;
    if (!module)
        return false;
    if (!kd_symbol_at(symbols, address, &symbol, &offset)) {
        offset = address - module->base;
        snprintf(buffer, size, offset ? "%s+0x%" PRIx64 : "%s", module->name, offset);
    } else if (offset) {
        snprintf(buffer, size, "%s!%s+0x%" PRIx64, module->name, symbol.name, offset);
    } else {
        snprintf(buffer, size, "%s!%s", module->name, symbol.name);
    }
    return true;
}

void kd_symbols_each(struct kd_symbols *symbols, const struct kd_module *module,
                     bool (*visit)(void *context, const struct kd_symbol *symbol), void *context)
{
    struct kd_module_entry *entry = kd_module_entry(module);
    const struct symtab *names = kd_module_names(symbols, entry);
    for (size_t i = 0; names && i < names->count; i++) {
        struct kd_symbol symbol;
        fill(entry, &names->list[i], &symbol);
        if (!visit(context, &symbol))
            return;
    }
}
