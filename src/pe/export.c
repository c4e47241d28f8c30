/* src/pe/export.c: what an image offers to others, and what it asks from them.
 *
 * The export directory has three arrays: addresses by ordinal, names in byte order, and for each
 * name the index of its address. An address inside the directory itself is not code but the text
 * of a forwarder.
 *
 *      names      [ "Alpha" "Beta" ... ]     binary search
 *      ordinals   [    4       0   ... ]     index, not yet biased by Base
 *      functions  [ rva rva rva rva rva ]
 *
 * Ordinals have 16 bits, so a directory that claims more of anything is corrupt; this also bounds
 * the work that a hostile image can ask for.
 */
#include "pe/pe.h"

#include <limits.h>

#include "base/bitmap.h"

#define MOST_EXPORTS 0x10000u
#define MOST_IMPORTS 0x40000u /* of one image, all modules together */

struct export_table {
    const struct pe_image *image;
    IMAGE_DATA_DIRECTORY where;
    IMAGE_EXPORT_DIRECTORY directory;
};

static enum pe_status open_exports(const struct pe_image *image, struct export_table *table)
{
    table->image = image;
    if (!pe_directory(image, IMAGE_DIRECTORY_ENTRY_EXPORT, &table->where))
        return PE_NOT_FOUND;
    enum pe_status status =
        pe_read(image, table->where.VirtualAddress, &table->directory, sizeof(table->directory));
    if (status != PE_OK)
        return status;
    if (table->directory.NumberOfFunctions > MOST_EXPORTS ||
        table->directory.NumberOfNames > MOST_EXPORTS)
        return PE_CORRUPT;
    return PE_OK;
}

/* Fill everything but the name for the function at `index`. => PE_NOT_FOUND: an unused slot */
static enum pe_status read_function(const struct export_table *table, uint32_t index,
                                    struct pe_export *out)
{
    uint32_t rva;
    if (index >= table->directory.NumberOfFunctions)
        return PE_NOT_FOUND;
    uint64_t at = table->directory.AddressOfFunctions + (uint64_t)index * sizeof(rva);
    enum pe_status status = pe_read(table->image, at, &rva, sizeof(rva));
    if (status != PE_OK)
        return status;
    if (rva == 0)
        return PE_NOT_FOUND;
    out->rva = rva;
    out->ordinal = table->directory.Base + index;
    out->has_name = false;
    out->name[0] = out->forwarder[0] = '\0';
    out->forwarded =
        rva >= table->where.VirtualAddress && rva - table->where.VirtualAddress < table->where.Size;
    if (out->forwarded)
        return pe_read_cstr(table->image, rva, out->forwarder, sizeof(out->forwarder));
    return PE_OK;
}

static enum pe_status read_name(const struct export_table *table, uint32_t index, char *name,
                                size_t capacity)
{
    uint32_t rva;
    uint64_t at = table->directory.AddressOfNames + (uint64_t)index * sizeof(rva);
    enum pe_status status = pe_read(table->image, at, &rva, sizeof(rva));
    if (status != PE_OK)
        return status;
    return pe_read_cstr(table->image, rva, name, capacity);
}

static enum pe_status read_name_ordinal(const struct export_table *table, uint32_t index,
                                        uint16_t *function)
{
    uint64_t at = table->directory.AddressOfNameOrdinals + (uint64_t)index * sizeof(*function);
    return pe_read(table->image, at, function, sizeof(*function));
}

/* The export that the name at `index` of the name table stands for. */
static enum pe_status read_named(const struct export_table *table, uint32_t index, const char *name,
                                 struct pe_export *out)
{
    uint16_t function;
    enum pe_status status = read_name_ordinal(table, index, &function);
    if (status == PE_OK)
        status = read_function(table, function, out);
    if (status != PE_OK)
        return status;
    out->has_name = true;
    memcpy(out->name, name, strlen(name) + 1);
    return PE_OK;
}

enum pe_status pe_find_export(const struct pe_image *image, const char *name, struct pe_export *out)
{
    struct export_table table;
    char candidate[PE_NAME_MAX];
    enum pe_status status = open_exports(image, &table);
    uint32_t low = 0, high = status == PE_OK ? table.directory.NumberOfNames : 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        status = read_name(&table, middle, candidate, sizeof(candidate));
        if (status != PE_OK)
            return status;
        int order = strcmp(name, candidate);
        if (order == 0)
            return read_named(&table, middle, candidate, out);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return status == PE_OK ? PE_NOT_FOUND : status;
}

/* The lowest name of a function, if it has one. */
static enum pe_status name_of_function(const struct export_table *table, uint32_t index,
                                       struct pe_export *out)
{
    for (uint32_t i = 0; i < table->directory.NumberOfNames; i++) {
        uint16_t function;
        enum pe_status status = read_name_ordinal(table, i, &function);
        if (status != PE_OK)
            return status;
        if (function == index) {
            out->has_name = true;
            return read_name(table, i, out->name, sizeof(out->name));
        }
    }
    return PE_OK;
}

enum pe_status pe_find_export_ordinal(const struct pe_image *image, uint32_t ordinal,
                                      struct pe_export *out)
{
    struct export_table table;
    enum pe_status status = open_exports(image, &table);
    if (status != PE_OK)
        return status;
    if (ordinal < table.directory.Base)
        return PE_NOT_FOUND;
    uint32_t index = ordinal - table.directory.Base;
    status = read_function(&table, index, out);
    return status == PE_OK ? name_of_function(&table, index, out) : status;
}

enum pe_status pe_foreach_export(const struct pe_image *image,
                                 bool (*visit)(void *context, const struct pe_export *export),
                                 void *context)
{
    struct export_table table;
    struct pe_export export;
    char name[PE_NAME_MAX];
    uint16_t function;
    uint64_t words[BITMAP_WORDS(MOST_EXPORTS)] = {0};
    struct bitmap named = {words, MOST_EXPORTS};
    enum pe_status status = open_exports(image, &table);

    if (status != PE_OK)
        return status;
    for (uint32_t i = 0; i < table.directory.NumberOfNames; i++) {
        status = read_name(&table, i, name, sizeof(name));
        if (status == PE_OK)
            status = read_name_ordinal(&table, i, &function);
        if (status == PE_OK)
            status = read_named(&table, i, name, &export);
        if (status != PE_OK)
            return status == PE_NOT_FOUND ? PE_CORRUPT : status;
        bitmap_set(&named, function);
        if (!visit(context, &export))
            return PE_OK;
    }
    for (uint32_t i = 0; i < table.directory.NumberOfFunctions; i++) {
        if (bitmap_test(&named, i))
            continue;
        status = read_function(&table, i, &export);
        if (status != PE_OK && status != PE_NOT_FOUND)
            return status;
        if (status == PE_OK && !visit(context, &export))
            return PE_OK;
    }
    return PE_OK;
}

enum pe_status pe_export_module_name(const struct pe_image *image, char *name, size_t capacity)
{
    struct export_table table;
    enum pe_status status = open_exports(image, &table);
    if (status != PE_OK)
        return status;
    return pe_read_cstr(image, table.directory.Name, name, capacity);
}

/* ---- imports ------------------------------------------------------------------------------ */

struct import_visit {
    const struct pe_image *image;
    bool (*visit)(void *context, const struct pe_import *import);
    void *context;
    uint32_t budget; /* imports that may still come */
    bool stopped;
    struct pe_import import;
};

/* One entry of a lookup table: an ordinal with the top bit set, or the RVA of hint and name. */
static enum pe_status decode_lookup(struct import_visit *v, uint64_t lookup)
{
    struct pe_import *import = &v->import;
    import->by_ordinal = (lookup & IMAGE_ORDINAL_FLAG64) != 0;
    import->name[0] = '\0';
    if (import->by_ordinal) {
        import->ordinal = (uint16_t)lookup;
        return PE_OK;
    }
    if (lookup > INT_MAX) /* an RVA has 31 bits */
        return PE_CORRUPT;
    enum pe_status status = pe_read(v->image, lookup, &import->ordinal, sizeof(import->ordinal));
    if (status != PE_OK)
        return status;
    return pe_read_cstr(v->image, lookup + sizeof(import->ordinal), import->name,
                        sizeof(import->name));
}

static enum pe_status visit_module(struct import_visit *v, const IMAGE_IMPORT_DESCRIPTOR *module)
{
    /* Old linkers leave the lookup table out; the address table then says the same on disk. */
    uint64_t lookup_at =
        module->OriginalFirstThunk ? module->OriginalFirstThunk : module->FirstThunk;
    uint64_t thunk_at = module->FirstThunk;
    enum pe_status status =
        pe_read_cstr(v->image, module->Name, v->import.module, sizeof(v->import.module));

    while (status == PE_OK && !v->stopped) {
        uint64_t lookup;
        status = pe_read(v->image, lookup_at, &lookup, sizeof(lookup));
        if (status != PE_OK || lookup == 0)
            break;
        if (v->budget-- == 0 || thunk_at > INT_MAX)
            return PE_CORRUPT;
        status = decode_lookup(v, lookup);
        if (status != PE_OK)
            break;
        v->import.thunk = (uint32_t)thunk_at;
        v->stopped = !v->visit(v->context, &v->import);
        lookup_at += sizeof(lookup);
        thunk_at += sizeof(lookup);
    }
    return status;
}

enum pe_status pe_foreach_import(const struct pe_image *image,
                                 bool (*visit)(void *context, const struct pe_import *import),
                                 void *context)
{
    struct import_visit v = {
        .image = image, .visit = visit, .context = context, .budget = MOST_IMPORTS};
    IMAGE_DATA_DIRECTORY directory;
    IMAGE_IMPORT_DESCRIPTOR module;

    if (!pe_directory(image, IMAGE_DIRECTORY_ENTRY_IMPORT, &directory))
        return PE_OK;
    for (uint64_t at = directory.VirtualAddress; !v.stopped; at += sizeof(module)) {
        enum pe_status status = pe_read(image, at, &module, sizeof(module));
        if (status != PE_OK)
            return status;
        if (module.Name == 0 || module.FirstThunk == 0)
            return PE_OK;
        if (v.budget-- == 0)
            return PE_CORRUPT;
        status = visit_module(&v, &module);
        if (status != PE_OK)
            return status;
    }
    return PE_OK;
}
