/* tests/base/test_bitmap.c: bitmaps against an array of bool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"

#define BITS 301 /* not a multiple of the word size */

static void test_edges(void **state)
{
    (void)state;
    uint64_t words[BITMAP_WORDS(BITS)] = {0};
    struct bitmap map = {words, BITS};

    assert_true(bitmap_range_is_clear(&map, 0, BITS));
    assert_true(bitmap_range_is_set(&map, BITS, 0));
    bitmap_set_range(&map, 63, 2);
    assert_int_equal(words[0], 1ull << 63);
    assert_int_equal(words[1], 1);
    assert_int_equal(bitmap_next_set(&map, 0), 63);
    assert_int_equal(bitmap_next_clear(&map, 63), 65);
    assert_int_equal(bitmap_find_clear(&map, 64, 0), 65);
    assert_int_equal(bitmap_find_clear(&map, 63, 0), 0);
    bitmap_set_range(&map, 0, BITS);
    assert_int_equal(bitmap_next_clear(&map, 0), BITMAP_NONE);
    assert_int_equal(bitmap_find_clear(&map, 1, 0), BITMAP_NONE);
    assert_int_equal(bitmap_next_set(&map, BITS), BITMAP_NONE);
    assert_int_equal(bitmap_count_set(&map), BITS);
    /* Bits behind the end are nobody's. */
    words[BITS / 64] |= 1ull << 63;
    assert_int_equal(bitmap_count_set(&map), BITS);
}

static void test_hint(void **state)
{
    (void)state;
    uint64_t words[BITMAP_WORDS(BITS)] = {0};
    struct bitmap map = {words, BITS};

    /*  0..9 free | 10..199 used | 200..203 free | 204.. used */
    bitmap_set_range(&map, 10, BITS - 10);
    bitmap_clear_range(&map, 200, 4);
    assert_int_equal(bitmap_find_clear(&map, 4, 100), 200);
    assert_int_equal(bitmap_find_clear(&map, 5, 100), 0);
    assert_int_equal(bitmap_find_clear(&map, 4, 201), 0);
    assert_int_equal(bitmap_find_clear(&map, 11, 0), BITMAP_NONE);
    assert_int_equal(bitmap_find_clear_and_set(&map, 3, 200), 200);
    assert_true(bitmap_range_is_set(&map, 200, 3));
    assert_false(bitmap_test(&map, 203));
}

static size_t model_find(const bool *model, size_t count, size_t from)
{
    for (size_t i = from, run = 0; i < BITS; i++) {
        run = model[i] ? 0 : run + 1;
        if (run == count)
            return i + 1 - count;
    }
    return BITMAP_NONE;
}

static void check_against(const struct bitmap *map, const bool *model)
{
    size_t set = 0, first_set = BITMAP_NONE;
    for (size_t i = 0; i < BITS; i++) {
        assert_int_equal(bitmap_test(map, i), model[i]);
        set += model[i];
        if (model[i] && first_set == BITMAP_NONE)
            first_set = i;
    }
    assert_int_equal(bitmap_count_set(map), set);
    assert_int_equal(bitmap_next_set(map, 0), first_set);
}

static void test_random(void **state)
{
    (void)state;
    uint64_t words[BITMAP_WORDS(BITS)] = {0};
    struct bitmap map = {words, BITS};
    bool model[BITS] = {false};
    unsigned seed = 7601;

    for (int step = 0; step < 2000; step++) {
        size_t first = (size_t)rand_r(&seed) % BITS;
        size_t count = (size_t)rand_r(&seed) % (BITS - first) % 70;
        bool value = rand_r(&seed) & 1;
        (value ? bitmap_set_range : bitmap_clear_range)(&map, first, count);
        for (size_t i = 0; i < count; i++)
            model[first + i] = value;
        check_against(&map, model);
        size_t want = 1 + (size_t)rand_r(&seed) % 40, hint = (size_t)rand_r(&seed) % BITS;
        size_t expected = model_find(model, want, hint);
        if (expected == BITMAP_NONE)
            expected = model_find(model, want, 0);
        assert_int_equal(bitmap_find_clear(&map, want, hint), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_hint),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
