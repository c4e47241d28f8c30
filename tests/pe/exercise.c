/* tests/pe/exercise.c: everything the reader can be asked, of bytes that may hold anything. */
#include <stdlib.h>

#include "pe/pe.h"
#include "sample.h"

#define MOST_VISITS 4096 /* a hostile image may have a great many of everything */

struct tally {
    uint64_t sum;
    unsigned visits;
};

static bool count(struct tally *tally, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < size; i++)
        tally->sum = tally->sum * 31 + p[i];
    return ++tally->visits < MOST_VISITS;
}

static bool on_relocation(void *context, uint32_t rva, unsigned type)
{
    const uint32_t both[] = {rva, type};
    return count(context, both, sizeof(both));
}

static bool on_export(void *context, const struct pe_export *export)
{
    return count(context, export->name, strlen(export->name)) &&
           count(context, export->forwarder, strlen(export->forwarder));
}

static bool on_import(void *context, const struct pe_import *import)
{
    return count(context, import->module, strlen(import->module)) &&
           count(context, import->name, strlen(import->name));
}

static bool on_symbol(void *context, const struct pe_symbol *symbol)
{
    return count(context, symbol->name, strlen(symbol->name));
}

static void exercise_directories(const struct pe_image *image, struct tally *tally)
{
    struct pe_export export;
    struct pe_debug_id id;
    struct pe_tls tls;
    uint32_t checksum;
    char name[64];

    pe_foreach_relocation(image, 0, UINT64_MAX, on_relocation, tally);
    pe_foreach_export(image, on_export, tally);
    pe_foreach_import(image, on_import, tally);
    pe_foreach_symbol(image, on_symbol, tally);
    if (pe_find_export(image, "Beta", &export) == PE_OK)
        on_export(tally, &export);
    for (uint32_t ordinal = 0; ordinal < 16; ordinal++) {
        if (pe_find_export_ordinal(image, ordinal, &export) == PE_OK)
            on_export(tally, &export);
    }
    if (pe_export_module_name(image, name, sizeof(name)) == PE_OK)
        count(tally, name, strlen(name));
    if (pe_debug_id(image, &id) == PE_OK)
        count(tally, id.pdb, strlen(id.pdb));
    if (pe_tls(image, &tls) == PE_OK)
        count(tally, &tls, sizeof(tls));
    if (pe_checksum(image, &checksum) == PE_OK)
        count(tally, &checksum, sizeof(checksum));
}

static void exercise_functions(const struct pe_image *image, struct tally *tally)
{
    IMAGE_RUNTIME_FUNCTION_ENTRY function;
    struct pe_unwind unwind;
    for (uint32_t i = 0; i < 64 && pe_function(image, i, &function) == PE_OK; i++) {
        if (pe_read_unwind(image, function.UnwindInfoAddress, &unwind) == PE_OK)
            count(tally, unwind.code, unwind.code_count * sizeof(unwind.code[0]));
        if (pe_find_function(image, function.BeginAddress, &function) == PE_OK)
            count(tally, &function, sizeof(function));
    }
}

/* Every range has to hold what pe.h promises the memory manager. */
static void exercise_ranges(const struct pe_image *image, struct tally *tally)
{
    struct pe_section range;
    uint8_t page[0x1000];
    uint64_t end = 0;
    for (uint32_t i = 0; pe_range(image, i, &range) == PE_OK; i++) {
        if (range.rva != end || range.virtual_size % sizeof(page) != 0 ||
            range.raw_size > range.virtual_size)
            abort();
        end = (uint64_t)range.rva + range.virtual_size;
        if (pe_read(image, range.rva, page, sizeof(page)) == PE_OK)
            count(tally, page, sizeof(page));
        pe_relocate_range(image, 0x10000, range.rva, page, sizeof(page));
        count(tally, page, sizeof(page));
    }
    if (end != pe_size_of_image(image))
        abort();
}

uint64_t sample_exercise(const uint8_t *bytes, size_t size)
{
    struct tally tally = {0};
    struct pe_image image;
    if (pe_open(&image, bytes, size) == PE_OK) {
        exercise_ranges(&image, &tally);
        exercise_directories(&image, &tally);
        exercise_functions(&image, &tally);
    }
    if (pe_open_reader(&image, reader_of_bytes(bytes, size), PE_LAYOUT_MAPPED) == PE_OK) {
        exercise_directories(&image, &tally);
        exercise_functions(&image, &tally);
    }
    return tally.sum;
}
