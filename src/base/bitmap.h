/* src/base/bitmap.h: bit maps over caller-provided words.
 *
 * Bit i is bit i % 64 of word i / 64; the words may lie in guest memory, where the same bytes are
 * an RTL_BITMAP. Searches work a word at a time and name their result by bit number, BITMAP_NONE
 * when there is none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

#define BITMAP_NONE SIZE_MAX
#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

struct bitmap {
    uint64_t *words;
    size_t bits;
};

static inline bool bitmap_test(const struct bitmap *map, size_t bit)
{
    ASSERT(bit < map->bits);
    return map->words[bit / 64] >> (bit % 64) & 1;
}

static inline void bitmap_set(struct bitmap *map, size_t bit)
{
    ASSERT(bit < map->bits);
    map->words[bit / 64] |= 1ull << (bit % 64);
}

static inline void bitmap_clear(struct bitmap *map, size_t bit)
{
    ASSERT(bit < map->bits);
    map->words[bit / 64] &= ~(1ull << (bit % 64));
}

/* Give all of first .. first + count one value. */
void bitmap_set_range(struct bitmap *map, size_t first, size_t count);
void bitmap_clear_range(struct bitmap *map, size_t first, size_t count);

/* Whether first .. first + count all have one value; an empty range has both. */
bool bitmap_range_is_set(const struct bitmap *map, size_t first, size_t count);
bool bitmap_range_is_clear(const struct bitmap *map, size_t first, size_t count);

/* The first clear (set) bit at or above `from`. */
size_t bitmap_next_clear(const struct bitmap *map, size_t from);
size_t bitmap_next_set(const struct bitmap *map, size_t from);

/* Start of `count` clear bits in a row: the lowest at or above `hint`, else the lowest of all. */
size_t bitmap_find_clear(const struct bitmap *map, size_t count, size_t hint);
/* The same, and set them. */
size_t bitmap_find_clear_and_set(struct bitmap *map, size_t count, size_t hint);

/* How many bits are set. */
size_t bitmap_count_set(const struct bitmap *map);
