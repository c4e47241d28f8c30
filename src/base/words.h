/* src/base/words.h: where something is, in memory that is mostly zero.
 *
 * Page tables, free pages and counts by frame are looked through again and again by the checkers,
 * and hardly anything in them is not zero.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first of words[from .. count) that is not zero; `count` when there is none.
 * => nobody writes to them meanwhile, or it does not matter whether that is seen */
size_t words_next_nonzero(const uint64_t *words, size_t from, size_t count);

static inline bool words_are_zero(const uint64_t *words, size_t count)
{
    return words_next_nonzero(words, 0, count) == count;
}
