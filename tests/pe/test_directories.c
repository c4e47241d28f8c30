/* tests/pe/test_directories.c: what the data directories say, from the file and from memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pe/pe.h"
#include "sample.h"

struct fixture {
    uint8_t file[SAMPLE_SIZE];
    uint8_t memory[SAMPLE_IMAGE_SIZE];
    struct pe_image image[2]; /* by layout */
};

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));
    sample_make(f->file);
    assert_int_equal(pe_open(&f->image[PE_LAYOUT_FILE], f->file, SAMPLE_SIZE), PE_OK);
    assert_int_equal(pe_read(&f->image[PE_LAYOUT_FILE], 0, f->memory, SAMPLE_IMAGE_SIZE), PE_OK);
    assert_int_equal(pe_open_reader(&f->image[PE_LAYOUT_MAPPED],
                                    reader_of_bytes(f->memory, SAMPLE_IMAGE_SIZE),
                                    PE_LAYOUT_MAPPED),
                     PE_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* ---- relocations ---- */

static uint64_t u64_at(const uint8_t *memory, uint32_t rva)
{
    uint64_t value;
    memcpy(&value, memory + rva, sizeof(value));
    return value;
}

static void test_relocate(void **state)
{
    struct fixture *f = *state;
    const struct pe_image *image = &f->image[PE_LAYOUT_FILE];
    const uint64_t delta = 0x7FE00000000ull - SAMPLE_BASE;
    uint8_t pages[SAMPLE_IMAGE_SIZE];
    uint32_t low;

    assert_true(pe_is_relocatable(image));
    memcpy(pages, f->memory, sizeof(pages));
    assert_int_equal(pe_relocate(image, f->memory, SAMPLE_IMAGE_SIZE, delta), PE_OK);
    assert_int_equal(u64_at(f->memory, SAMPLE_POINTER_RVA), SAMPLE_BASE + 0x1000 + delta);
    assert_int_equal(u64_at(f->memory, SAMPLE_STRADDLE_RVA), SAMPLE_BASE + 0x2000 + delta);
    memcpy(&low, f->memory + SAMPLE_LOW_RVA, sizeof(low));
    assert_int_equal(low, (uint32_t)(SAMPLE_BASE + 0x1000 + delta));

    /* Page by page, last first: the same. */
    for (uint32_t rva = SAMPLE_IMAGE_SIZE; rva > 0;) {
        rva -= 0x1000;
        assert_int_equal(pe_relocate_range(image, delta, rva, pages + rva, 0x1000), PE_OK);
    }
    assert_memory_equal(pages, f->memory, SAMPLE_IMAGE_SIZE);
}

static bool count_relocation(void *context, uint32_t rva, unsigned type)
{
    (void)rva;
    (void)type;
    return --*(int *)context > 0;
}

static void test_foreach_relocation(void **state)
{
    struct fixture *f = *state;
    const struct pe_image *image = &f->image[PE_LAYOUT_MAPPED];
    int budget = 100;
    assert_int_equal(pe_foreach_relocation(image, 0, UINT64_MAX, count_relocation, &budget), PE_OK);
    assert_int_equal(budget, 97);
    /* Only the one that reaches into the page. */
    budget = 100;
    assert_int_equal(pe_foreach_relocation(image, 0x4000, 0x1000, count_relocation, &budget),
                     PE_OK);
    assert_int_equal(budget, 99);
    budget = 2;
    assert_int_equal(pe_foreach_relocation(image, 0, UINT64_MAX, count_relocation, &budget), PE_OK);
    assert_int_equal(budget, 0);
}

static enum pe_status relocate_after(struct fixture *f, uint32_t offset, uint32_t value)
{
    sample_make(f->file);
    memcpy(f->file + SAMPLE_RELOC_FILE + offset, &value, sizeof(value));
    return pe_relocate(&f->image[PE_LAYOUT_FILE], f->memory, SAMPLE_IMAGE_SIZE, 0x10000);
}

static void test_corrupt_relocations(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(relocate_after(f, 4, 0), PE_CORRUPT);           /* would never end */
    assert_int_equal(relocate_after(f, 4, 7), PE_CORRUPT);           /* less than its header */
    assert_int_equal(relocate_after(f, 4, UINT32_MAX), PE_CORRUPT);  /* beyond the directory */
    assert_int_equal(relocate_after(f, 0, 0x5F00), PE_CORRUPT);      /* beyond the image */
    assert_int_equal(relocate_after(f, 0, UINT32_MAX), PE_CORRUPT);  /* wraps around */
    assert_int_equal(relocate_after(f, 8, 0x40104010u), PE_CORRUPT); /* a type of other machines */

    sample_make(f->file);
    sample_headers(f->file)->FileHeader.Characteristics |= IMAGE_FILE_RELOCS_STRIPPED;
    struct pe_image stripped;
    assert_int_equal(pe_open(&stripped, f->file, SAMPLE_SIZE), PE_OK);
    assert_false(pe_is_relocatable(&stripped));
    assert_int_equal(pe_relocate(&stripped, f->memory, SAMPLE_IMAGE_SIZE, 0x10000), PE_NOT_FOUND);
    assert_int_equal(pe_relocate(&stripped, f->memory, SAMPLE_IMAGE_SIZE, 0), PE_OK);
}

/* ---- exports and imports ---- */

static bool list_export(void *context, const struct pe_export *export)
{
    char item[PE_NAME_MAX * 3];
    snprintf(item, sizeof(item), "%u:%s%s%s ", export->ordinal, export->name,
             export->forwarded ? "=" : "", export->forwarder);
    strcat(context, item);
    return true;
}

static void test_exports(void **state)
{
    struct fixture *f = *state;
    for (int layout = 0; layout < 2; layout++) {
        const struct pe_image *image = &f->image[layout];
        struct pe_export export;
        char all[256] = "", name[32];

        assert_int_equal(pe_find_export(image, "Beta", &export), PE_OK);
        assert_int_equal(export.rva, 0x1010);
        assert_int_equal(export.ordinal, 5);
        assert_false(export.forwarded);
        assert_int_equal(pe_find_export(image, "Gamma", &export), PE_OK);
        assert_true(export.forwarded);
        assert_string_equal(export.forwarder, "OTHER.Delta");
        assert_int_equal(pe_find_export(image, "beta", &export), PE_NOT_FOUND);
        assert_int_equal(pe_find_export(image, "", &export), PE_NOT_FOUND);

        assert_int_equal(pe_find_export_ordinal(image, 8, &export), PE_OK);
        assert_int_equal(export.rva, 0x1020);
        assert_false(export.has_name);
        assert_int_equal(pe_find_export_ordinal(image, 5, &export), PE_OK);
        assert_string_equal(export.name, "Alpha");
        assert_int_equal(pe_find_export_ordinal(image, 6, &export), PE_NOT_FOUND); /* unused */
        assert_int_equal(pe_find_export_ordinal(image, 4, &export), PE_NOT_FOUND);
        assert_int_equal(pe_find_export_ordinal(image, 9, &export), PE_NOT_FOUND);

        assert_int_equal(pe_foreach_export(image, list_export, all), PE_OK);
        assert_string_equal(all, "5:Alpha 5:Beta 7:Gamma=OTHER.Delta 8: ");
        assert_int_equal(pe_export_module_name(image, name, sizeof(name)), PE_OK);
        assert_string_equal(name, "sample.dll");
    }
}

static bool list_import(void *context, const struct pe_import *import)
{
    char item[PE_NAME_MAX * 3];
    snprintf(item, sizeof(item), "%s!%s#%u@%x ", import->module, import->name, import->ordinal,
             import->thunk);
    strcat(context, item);
    return true;
}

static void test_imports(void **state)
{
    struct fixture *f = *state;
    for (int layout = 0; layout < 2; layout++) {
        char all[256] = "";
        assert_int_equal(pe_foreach_import(&f->image[layout], list_import, all), PE_OK);
        assert_string_equal(all, "first.dll!One#7@2280 first.dll!#42@2288 second.dll!Two#0@22a0 ");
    }
}

/* ---- debug information ---- */

static void test_debug_id(void **state)
{
    struct fixture *f = *state;
    for (int layout = 0; layout < 2; layout++) {
        struct pe_debug_id id;
        assert_int_equal(pe_debug_id(&f->image[layout], &id), PE_OK);
        assert_int_equal(id.age, 3);
        assert_int_equal(id.guid[15], 16);
        assert_int_equal(id.time_stamp, 0x12345678);
        assert_string_equal(id.pdb, "sample.pdb");
    }
    f->memory[0x2440] = 'N';
    struct pe_debug_id none;
    assert_int_equal(pe_debug_id(&f->image[PE_LAYOUT_MAPPED], &none), PE_NOT_FOUND);
}

static bool list_symbol(void *context, const struct pe_symbol *symbol)
{
    char item[PE_NAME_MAX * 3];
    snprintf(item, sizeof(item), "%s=%x/%d/%u ", symbol->name, symbol->rva, symbol->section,
             symbol->storage_class);
    strcat(context, item);
    return true;
}

static void test_symbols(void **state)
{
    struct fixture *f = *state;
    char all[256] = "";
    assert_int_equal(pe_foreach_symbol(&f->image[PE_LAYOUT_FILE], list_symbol, all), PE_OK);
    assert_string_equal(all, "main=1010/1/2 a_name_of_some_length=3020/3/2 eightchr=9/-1/3 ");
    assert_int_equal(pe_foreach_symbol(&f->image[PE_LAYOUT_MAPPED], list_symbol, all),
                     PE_NOT_FOUND);
}

/* ---- functions and TLS ---- */

static void test_functions(void **state)
{
    struct fixture *f = *state;
    for (int layout = 0; layout < 2; layout++) {
        const struct pe_image *image = &f->image[layout];
        IMAGE_RUNTIME_FUNCTION_ENTRY function;
        assert_int_equal(pe_function_count(image), 3);
        assert_int_equal(pe_find_function(image, 0x100F, &function), PE_OK);
        assert_int_equal(function.BeginAddress, 0x1000);
        assert_int_equal(pe_find_function(image, 0x1010, &function), PE_OK);
        assert_int_equal(function.BeginAddress, 0x1010);
        assert_int_equal(pe_find_function(image, 0x1020, &function), PE_NOT_FOUND);
        assert_int_equal(pe_find_function(image, 0, &function), PE_NOT_FOUND);
        assert_int_equal(pe_find_function(image, 0x1035, &function), PE_OK);
        assert_int_equal(function.BeginAddress, 0x1000);
    }
}

static void test_unwind(void **state)
{
    struct fixture *f = *state;
    static const struct pe_unwind_code expected[] = {
        {0x20, UWOP_SAVE_XMM128, 6, 0x20},     {0x1C, UWOP_SAVE_NONVOL, 6, 0x48},
        {0x18, UWOP_ALLOC_LARGE, 1, 0x100000}, {0x10, UWOP_ALLOC_LARGE, 0, 0x2000},
        {0x06, UWOP_ALLOC_SMALL, 3, 0x20},     {0x01, UWOP_PUSH_NONVOL, 3, 0},
    };
    struct pe_unwind unwind;
    assert_int_equal(pe_read_unwind(&f->image[PE_LAYOUT_FILE], 0x2600, &unwind), PE_OK);
    assert_int_equal(unwind.code_count, sizeof(expected) / sizeof(expected[0]));
    for (unsigned i = 0; i < unwind.code_count; i++) {
        assert_int_equal(unwind.code[i].prolog_offset, expected[i].prolog_offset);
        assert_int_equal(unwind.code[i].operation, expected[i].operation);
        assert_int_equal(unwind.code[i].info, expected[i].info);
        assert_int_equal(unwind.code[i].operand, expected[i].operand);
    }
    assert_int_equal(unwind.frame_register, 5);
    assert_int_equal(unwind.frame_offset, 0x20);
    assert_true(unwind.has_handler && !unwind.chained);
    assert_int_equal(unwind.handler, 0x1070);
    assert_int_equal(unwind.handler_data, 0x2620);

    assert_int_equal(pe_read_unwind(&f->image[PE_LAYOUT_FILE], 0x2640, &unwind), PE_OK);
    assert_true(unwind.chained && !unwind.has_handler);
    assert_int_equal(unwind.chain.UnwindInfoAddress, 0x2600);

    f->memory[0x2602] = 10; /* one slot less: the last push is gone, and so is the padding */
    assert_int_equal(pe_read_unwind(&f->image[PE_LAYOUT_MAPPED], 0x2600, &unwind), PE_OK);
    assert_int_equal(unwind.code_count, 5);
    f->memory[0x2602] = 1; /* an operation without its operand */
    assert_int_equal(pe_read_unwind(&f->image[PE_LAYOUT_MAPPED], 0x2600, &unwind), PE_CORRUPT);
    f->memory[0x2600] = 0x0B; /* version 3 */
    assert_int_equal(pe_read_unwind(&f->image[PE_LAYOUT_MAPPED], 0x2600, &unwind), PE_CORRUPT);
}

static void test_tls(void **state)
{
    struct fixture *f = *state;
    struct pe_tls tls;
    assert_int_equal(pe_tls(&f->image[PE_LAYOUT_FILE], &tls), PE_OK);
    assert_int_equal(tls.data, 0x3100);
    assert_int_equal(tls.data_size, 0x10);
    assert_int_equal(tls.zero_size, 0x30);
    assert_int_equal(tls.index, 0x3120);
    assert_int_equal(tls.callbacks, 0);
    f->memory[0x2701] = 0x32; /* ends before it starts */
    assert_int_equal(pe_tls(&f->image[PE_LAYOUT_MAPPED], &tls), PE_CORRUPT);
    f->image[PE_LAYOUT_MAPPED].base = 0; /* addresses far outside */
    assert_int_equal(pe_tls(&f->image[PE_LAYOUT_MAPPED], &tls), PE_CORRUPT);
}

/* ---- hostile bytes ---- */

/* Random changes to the headers and directories. What counts is that nothing reads outside (the
 * sanitizers watch) and that it ends; also that most images still open, or nothing was tested. */
static void test_mutations(void **state)
{
    struct fixture *f = *state;
    static const uint8_t evil[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    unsigned seed = 20091022, opened = 0;
    const int rounds = 4000;
    for (int round = 0; round < rounds; round++) {
        struct pe_image image;
        sample_make(f->file);
        for (int change = 1 + rand_r(&seed) % 3; change > 0; change--) {
            size_t where = (size_t)rand_r(&seed) % 0x900;
            if (where >= 0x200)
                where += 0x400; /* headers, then .rdata */
            if (rand_r(&seed) % 8 == 0)
                where = SAMPLE_RELOC_FILE + where % 0x20;
            f->file[where] = evil[(size_t)rand_r(&seed) % sizeof(evil)];
        }
        opened += pe_open(&image, f->file, SAMPLE_SIZE) == PE_OK;
        sample_exercise(f->file, SAMPLE_SIZE);
    }
    assert_true(opened > rounds / 2 && opened < rounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_relocate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreach_relocation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_corrupt_relocations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exports, setup, teardown),
        cmocka_unit_test_setup_teardown(test_imports, setup, teardown),
        cmocka_unit_test_setup_teardown(test_debug_id, setup, teardown),
        cmocka_unit_test_setup_teardown(test_symbols, setup, teardown),
        cmocka_unit_test_setup_teardown(test_functions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unwind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mutations, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
