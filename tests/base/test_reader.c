/* tests/base/test_reader.c: no offset or length leads outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/reader.h"

static const uint8_t bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 'a', 'b', 'c', 0, 'x', 'y', 'z', 'w'};

static void test_bounds(void **state)
{
    (void)state;
    /* On the heap, so that the address sanitizer sees every byte too far. */
    uint8_t *heap = malloc(sizeof(bytes));
    memcpy(heap, bytes, sizeof(bytes));
    struct byte_reader reader = reader_of_bytes(heap, sizeof(bytes));
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    assert_true(reader_u64(&reader, 0, &u64));
    assert_int_equal(u64, 0x0807060504030201ull);
    assert_true(reader_u32(&reader, 1, &u32));
    assert_int_equal(u32, 0x05040302u);
    assert_true(reader_u16(&reader, 14, &u16));
    assert_false(reader_u16(&reader, 15, &u16));
    assert_true(reader_u8(&reader, 15, &u8));
    assert_false(reader_u8(&reader, 16, &u8));
    assert_false(reader_u64(&reader, UINT64_MAX - 3, &u64));
    assert_false(reader_read(&reader, 1, &u64, SIZE_MAX));
    assert_true(reader_read(&reader, 16, NULL, 0));
    assert_non_null(reader_view(&reader, 8, 8));
    assert_null(reader_view(&reader, 8, 9));
    free(heap);
}

static void test_sub(void **state)
{
    (void)state;
    struct byte_reader reader = reader_of_bytes(bytes, sizeof(bytes)), sub, inner;
    uint8_t u8;

    assert_true(reader_sub(&reader, 4, 8, &sub));
    assert_true(reader_u8(&sub, 0, &u8));
    assert_int_equal(u8, 5);
    assert_false(reader_u8(&sub, 8, &u8)); /* in the source, but not in the range */
    assert_true(reader_sub(&sub, 7, 1, &inner));
    assert_true(reader_u8(&inner, 0, &u8));
    assert_int_equal(u8, 0);
    assert_false(reader_sub(&sub, 7, 2, &inner));
    assert_false(reader_sub(&sub, 1, UINT64_MAX, &inner));
}

static void test_cstr(void **state)
{
    (void)state;
    struct byte_reader reader = reader_of_bytes(bytes, sizeof(bytes));
    char text[4];

    assert_true(reader_cstr(&reader, 8, text, sizeof(text)));
    assert_string_equal(text, "abc");
    assert_false(reader_cstr(&reader, 8, text, 3));
    assert_string_equal(text, "");
    assert_false(reader_cstr(&reader, 13, text, sizeof(text))); /* ends with the bytes */
    assert_false(reader_cstr(&reader, UINT64_MAX, text, sizeof(text)));
}

struct source {
    uint64_t missing; /* a page that is not there */
    int fetches;
};

static bool fetch(void *context, uint64_t offset, void *buffer, size_t size)
{
    struct source *source = context;
    source->fetches++;
    if (offset / 4096 == source->missing || (offset + size - 1) / 4096 == source->missing)
        return false;
    memset(buffer, (int)(offset / 4096), size);
    return true;
}

static void test_source(void **state)
{
    (void)state;
    struct source source = {.missing = 2};
    struct byte_reader reader = reader_of_source(fetch, &source, 0x1000, 0x3000);
    uint8_t u8;
    uint32_t u32;

    assert_true(reader_u8(&reader, 0, &u8));
    assert_int_equal(u8, 1);
    assert_false(reader_u32(&reader, 0x1000 - 2, &u32));
    assert_true(reader_u8(&reader, 0x2000, &u8));
    assert_int_equal(u8, 3);
    assert_int_equal(source.fetches, 3);
    assert_false(reader_u8(&reader, 0x3000, &u8)); /* behind the end: not even asked for */
    assert_int_equal(source.fetches, 3);
    assert_null(reader_view(&reader, 0, 1));
    reader = reader_of_source(fetch, &source, UINT64_MAX - 1, 16);
    assert_int_equal(reader.size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_sub),
        cmocka_unit_test(test_cstr),
        cmocka_unit_test(test_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
