/* symload.c: where the symbols of an image come from.
 *
 *      1. the PDB that the image's RSDS record names, found along the symbol path
 *      2. COFF symbols in the host's copy of the image (programs built with mingw)
 *      3. exports, from memory or from the host's copy
 *
 * A file counts only when it is the right one: a PDB by GUID and age, an image by time stamp and
 * size. Pages that hold the RSDS record or the exports may not be in the guest's memory; the host's
 * copy of the image then answers for them.
 */
#define _GNU_SOURCE 1 /* asprintf */

#include "kd/symbols_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- PDBs ---- */

struct pdb_search {
    struct kd_symbols *symbols;
    struct kd_module_entry *entry;
};

/* The folder in a symbol store: GUID and age in hexadecimal. Data1-3 of a GUID are little-endian
 * numbers, Data4 is bytes. */
static void store_key(const struct pdb_id *id, char *text, size_t size)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t n = 0;
    for (size_t i = 0; i < sizeof order; i++)
        n += (size_t)snprintf(text + n, size - n, "%02X", id->guid[order[i]]);
    snprintf(text + n, size - n, "%X", id->age);
}

static struct pdb *open_cached(struct kd_symbols *symbols, const char *path)
{
    for (size_t i = 0; i < symbols->file_count; i++) {
        if (strcmp(symbols->files[i].path, path) == 0)
            return symbols->files[i].pdb;
    }
    struct kd_pdb_file file = {.path = NULL};
    if (symbols->file_count == symbols->file_room) {
        size_t room = symbols->file_room ? 2 * symbols->file_room : 16;
        struct kd_pdb_file *files = realloc(symbols->files, room * sizeof *files);
        if (!files)
            return NULL;
        symbols->files = files;
        symbols->file_room = room;
    }
    if (pdb_open(path, &file.pdb) != PDB_OK)
        return NULL;
    file.path = strdup(path);
    if (!file.path) {
        pdb_close(file.pdb);
        return NULL;
    }
    symbols->files[symbols->file_count++] = file;
    return file.pdb;
}

void kd_symbols_note(const struct kd_symbols *symbols, const char *subject, const char *what)
{
    char *line;
    if (symbols->host.note && asprintf(&line, "DBGHELP: %s - %s\n", subject, what) >= 0) {
        symbols->host.note(symbols->host.context, line);
        free(line);
    }
}

static bool accept_pdb(void *context, const char *path)
{
    struct pdb_search *search = context;
    struct kd_module *module = &search->entry->public;
    struct pdb *pdb = open_cached(search->symbols, path);
    bool fits = pdb && pdb_matches(pdb, &module->id);
    kd_symbols_note(search->symbols, path,
                    fits  ? "OK"
                    : pdb ? "mismatched pdb"
                          : "not a pdb, or damaged");
    if (fits) {
        search->entry->pdb = pdb;
        module->source = KD_SYMBOLS_PDB;
        snprintf(module->symbol_file, sizeof module->symbol_file, "%s", path);
    }
    return fits;
}

static bool load_pdb(struct kd_symbols *symbols, struct kd_module_entry *entry)
{
    const struct kd_module *module = &entry->public;
    struct pdb_search search = {.symbols = symbols, .entry = entry};
    char key[64];
    if (!module->has_debug_record)
        return false;
    const char *name = kd_safe_file_name(module->pdb_name);
    store_key(&module->id, key, sizeof key);
    return name && symfind_file(symbols->find, name, key, accept_pdb, &search);
}

/* ---- COFF symbols and exports ---- */

enum { STORAGE_EXTERNAL = 2, STORAGE_STATIC = 3, TYPE_FUNCTION = 0x20 };

static bool add_coff(void *context, const struct pe_symbol *symbol)
{
    bool named = symbol->storage_class == STORAGE_EXTERNAL ||
                 (symbol->storage_class == STORAGE_STATIC && symbol->name[0] != '.');
    struct pdb_symbol to = {
        .name = symbol->name,
        .rva = symbol->rva,
        .kind = symbol->type & TYPE_FUNCTION ? PDB_PUBLIC_FUNCTION : PDB_PUBLIC_DATA,
    };
    return symbol->section <= 0 || !named || symtab_add_copy(context, &to);
}

struct export_builder {
    struct symtab *names;
    const struct pe_image *image;
};

static bool add_export(void *context, const struct pe_export *export)
{
    struct export_builder *b = context;
    struct pe_section section;
    if (export->forwarded || !export->has_name)
        return true;
    bool code = pe_find_section(b->image, export->rva, &section) == PE_OK &&
                (section.characteristics & IMAGE_SCN_MEM_EXECUTE);
    struct pdb_symbol to = {
        .name = export->name,
        .rva = export->rva,
        .kind = code ? PDB_PUBLIC_FUNCTION : PDB_PUBLIC_DATA,
    };
    return symtab_add_copy(b->names, &to);
}

static bool load_exports(struct kd_module_entry *entry, const struct pe_image *image)
{
    struct export_builder b = {.names = &entry->names, .image = image};
    pe_foreach_export(image, add_export, &b);
    return entry->names.count != 0;
}

static bool load_coff(struct kd_module_entry *entry, const struct pe_image *image)
{
    pe_foreach_symbol(image, add_coff, &entry->names);
    return entry->names.count != 0;
}

static void take_debug_record(struct kd_module *module, const struct pe_image *image)
{
    struct pe_debug_id id;
    if (module->has_debug_record || pe_debug_id(image, &id) != PE_OK)
        return;
    module->has_debug_record = true;
    memcpy(module->id.guid, id.guid, sizeof id.guid);
    module->id.age = id.age;
    snprintf(module->pdb_name, sizeof module->pdb_name, "%.*s", (int)sizeof module->pdb_name - 1,
             id.pdb);
}

/* What the host's copy gives: its record leads to a PDB, else its own symbols, else exports. */
static void load_from_file(struct kd_symbols *symbols, struct kd_module_entry *entry)
{
    struct kd_module *module = &entry->public;
    struct kd_image_file *file = kd_image_file(symbols, entry);
    if (!file)
        return;
    take_debug_record(module, &file->image);
    if (!load_pdb(symbols, entry)) {
        if (load_coff(entry, &file->image))
            module->source = KD_SYMBOLS_COFF;
        else if (load_exports(entry, &file->image))
            module->source = KD_SYMBOLS_EXPORT;
        snprintf(module->symbol_file, sizeof module->symbol_file, "%s", file->path);
    }
}

/* ---- loading ---- */

enum kd_symbol_source kd_module_load(struct kd_symbols *symbols, const struct kd_module *module)
{
    struct kd_module_entry *entry = kd_module_entry(module);
    struct pe_image image;
    if (module->source != KD_SYMBOLS_DEFERRED)
        return module->source;
    entry->public.source = KD_SYMBOLS_NONE;
    if (!load_pdb(symbols, entry))
        load_from_file(symbols, entry);
    if (module->source == KD_SYMBOLS_NONE &&
        kd_image_open(symbols, module->base, &image) == PE_OK && load_exports(entry, &image))
        entry->public.source = KD_SYMBOLS_EXPORT;
    symtab_finish(&entry->names);
    symbols->generation++;
    static const char *const results[] = {"deferred", "no symbols", "export symbols",
                                          "coff symbols", "private symbols & lines"};
    kd_symbols_note(symbols, module->name, results[module->source]);
    return module->source;
}

const struct symtab *kd_module_names(struct kd_symbols *symbols, struct kd_module_entry *entry)
{
    switch (kd_module_load(symbols, &entry->public)) {
    case KD_SYMBOLS_PDB:
        return pdb_symbols(entry->pdb);
    case KD_SYMBOLS_COFF:
    case KD_SYMBOLS_EXPORT:
        return &entry->names;
    default:
        return NULL;
    }
}

struct pdb *kd_module_pdb(struct kd_symbols *symbols, const struct kd_module *module)
{
    kd_module_load(symbols, module);
    return kd_module_entry(module)->pdb;
}

void kd_module_forget(struct kd_symbols *symbols, struct kd_module_entry *entry)
{
    symtab_deinit(&entry->names);
    kd_image_file_close(entry);
    entry->pdb = NULL;
    entry->public.source = KD_SYMBOLS_DEFERRED;
    entry->public.symbol_file[0] = 0;
    symbols->generation++;
}

void kd_symload_deinit(struct kd_symbols *symbols)
{
    for (size_t i = 0; i < symbols->file_count; i++) {
        pdb_close(symbols->files[i].pdb);
        free(symbols->files[i].path);
    }
    free(symbols->files);
}
