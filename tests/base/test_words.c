/* tests/base/test_words.c: what is not zero is found, wherever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/words.h"

#define WORDS 70u

/* Each word alone, in each stretch that begins and ends around it. */
static void one_word(void **state)
{
    uint64_t words[WORDS] = {0};
    (void)state;

    for (size_t at = 0; at < WORDS; at++) {
        words[at] = 1ull << (at % 64);
        for (size_t from = 0; from <= WORDS; from++) {
            assert_int_equal(words_next_nonzero(words, from, WORDS), from <= at ? at : WORDS);
            assert_int_equal(words_next_nonzero(words, 0, from), from <= at ? from : at);
        }
        assert_false(words_are_zero(words, WORDS));
        assert_true(words_are_zero(words, at));
        words[at] = 0;
    }
    assert_true(words_are_zero(words, WORDS));
}

static void every_word(void **state)
{
    uint64_t words[WORDS];
    (void)state;

    memset(words, 0xFF, sizeof(words));
    for (size_t from = 0; from <= WORDS; from++)
        assert_int_equal(words_next_nonzero(words, from, WORDS), from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_word),
        cmocka_unit_test(every_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
