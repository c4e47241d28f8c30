/* tests/pe/test_program.c: an ordinary mingw program, read whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pe/pe.h"

struct program {
    uint8_t *bytes;
    struct pe_image image;
};

static int setup(void **state)
{
    struct program *program = malloc(sizeof(*program));
    FILE *file = fopen(PROGRAM, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    program->bytes = malloc(size);
    assert_int_equal(fread(program->bytes, 1, size, file), size);
    fclose(file);
    assert_int_equal(pe_open(&program->image, program->bytes, size), PE_OK);
    *state = program;
    return 0;
}

static int teardown(void **state)
{
    struct program *program = *state;
    free(program->bytes);
    free(program);
    return 0;
}

static void test_headers(void **state)
{
    struct program *program = *state;
    uint32_t checksum;
    struct pe_tls tls;
    struct pe_section text;
    assert_int_equal(program->image.optional.Subsystem, IMAGE_SUBSYSTEM_WINDOWS_CUI);
    assert_int_equal(pe_checksum(&program->image, &checksum), PE_OK);
    assert_int_equal(checksum, program->image.optional.CheckSum); /* as the linker computed it */
    assert_int_equal(pe_tls(&program->image, &tls), PE_OK);
    assert_true(tls.callbacks != 0);
    assert_int_equal(
        pe_find_section(&program->image, program->image.optional.AddressOfEntryPoint, &text),
        PE_OK);
    assert_string_equal(text.name, ".text");
}

struct search {
    const char *name;
    uint32_t found; /* times, or the RVA */
};

static bool find_import(void *context, const struct pe_import *import)
{
    struct search *search = context;
    search->found +=
        strcmp(import->module, "msvcrt.dll") == 0 && strcmp(import->name, search->name) == 0;
    return true;
}

static bool find_symbol(void *context, const struct pe_symbol *symbol)
{
    struct search *search = context;
    if (strcmp(symbol->name, search->name) == 0)
        search->found = symbol->rva;
    return search->found == 0;
}

static void test_names(void **state)
{
    struct program *program = *state;
    struct search import = {"__getmainargs", 0}, symbol = {"main", 0};
    IMAGE_RUNTIME_FUNCTION_ENTRY function;
    assert_int_equal(pe_foreach_import(&program->image, find_import, &import), PE_OK);
    assert_int_equal(import.found, 1);
    assert_int_equal(pe_foreach_symbol(&program->image, find_symbol, &symbol), PE_OK);
    assert_int_equal(pe_find_function(&program->image, symbol.found + 1, &function), PE_OK);
    assert_int_equal(function.BeginAddress, symbol.found);
}

static void test_functions(void **state)
{
    struct program *program = *state;
    IMAGE_RUNTIME_FUNCTION_ENTRY function;
    struct pe_unwind unwind;
    uint32_t count = pe_function_count(&program->image), previous_end = 0;
    assert_true(count > 10);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(pe_function(&program->image, i, &function), PE_OK);
        assert_true(function.BeginAddress >= previous_end);
        assert_true(function.EndAddress > function.BeginAddress);
        previous_end = function.EndAddress;
        assert_int_equal(pe_read_unwind(&program->image, function.UnwindInfoAddress, &unwind),
                         PE_OK);
        assert_int_equal(unwind.version, 1);
        for (unsigned c = 0; c < unwind.code_count; c++)
            assert_true(unwind.code[c].prolog_offset <= unwind.prolog_size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_functions, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
