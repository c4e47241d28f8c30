/* src/base/bitmap.c: ranges and searches, a word at a time. */
#include "base/bitmap.h"

#define WORD_BITS 64

/* The bits of word `word` that fall into first .. end. */
static uint64_t range_mask(size_t word, size_t first, size_t end)
{
    size_t low = word * WORD_BITS, high = low + WORD_BITS;
    uint64_t mask = UINT64_MAX;
    if (first > low)
        mask &= UINT64_MAX << (first - low);
    if (end < high)
        mask &= UINT64_MAX >> (high - end);
    return mask;
}

static void check_range(const struct bitmap *map, size_t first, size_t count)
{
    ASSERT(first <= map->bits && count <= map->bits - first);
}

void bitmap_set_range(struct bitmap *map, size_t first, size_t count)
{
    check_range(map, first, count);
    size_t end = first + count;
    for (size_t word = first / WORD_BITS; word * WORD_BITS < end; word++)
        map->words[word] |= range_mask(word, first, end);
}

void bitmap_clear_range(struct bitmap *map, size_t first, size_t count)
{
    check_range(map, first, count);
    size_t end = first + count;
    for (size_t word = first / WORD_BITS; word * WORD_BITS < end; word++)
        map->words[word] &= ~range_mask(word, first, end);
}

/* The first bit at or above `from` of the map with every word xor `flip`. */
static size_t next_bit(const struct bitmap *map, size_t from, uint64_t flip)
{
    for (size_t word = from / WORD_BITS; word * WORD_BITS < map->bits; word++) {
        uint64_t found = (map->words[word] ^ flip) & range_mask(word, from, map->bits);
        if (found)
            return word * WORD_BITS + (size_t)__builtin_ctzll(found);
    }
    return BITMAP_NONE;
}

size_t bitmap_next_clear(const struct bitmap *map, size_t from)
{
    return from < map->bits ? next_bit(map, from, UINT64_MAX) : BITMAP_NONE;
}

size_t bitmap_next_set(const struct bitmap *map, size_t from)
{
    return from < map->bits ? next_bit(map, from, 0) : BITMAP_NONE;
}

/* The map as far as a range of it goes. */
static struct bitmap up_to(const struct bitmap *map, size_t first, size_t count)
{
    check_range(map, first, count);
    return (struct bitmap){map->words, first + count};
}

bool bitmap_range_is_set(const struct bitmap *map, size_t first, size_t count)
{
    struct bitmap part = up_to(map, first, count);

    return bitmap_next_clear(&part, first) == BITMAP_NONE;
}

bool bitmap_range_is_clear(const struct bitmap *map, size_t first, size_t count)
{
    struct bitmap part = up_to(map, first, count);

    return bitmap_next_set(&part, first) == BITMAP_NONE;
}

static size_t find_clear_from(const struct bitmap *map, size_t count, size_t from)
{
    for (size_t start = bitmap_next_clear(map, from); start != BITMAP_NONE;) {
        size_t end = bitmap_next_set(map, start);
        if (end == BITMAP_NONE)
            end = map->bits;
        if (end - start >= count)
            return start;
        start = bitmap_next_clear(map, end);
    }
    return BITMAP_NONE;
}

size_t bitmap_find_clear(const struct bitmap *map, size_t count, size_t hint)
{
    ASSERT(count > 0);
    size_t found = find_clear_from(map, count, hint);
    if (found == BITMAP_NONE && hint > 0)
        found = find_clear_from(map, count, 0);
    return found;
}

size_t bitmap_find_clear_and_set(struct bitmap *map, size_t count, size_t hint)
{
    size_t found = bitmap_find_clear(map, count, hint);
    if (found != BITMAP_NONE)
        bitmap_set_range(map, found, count);
    return found;
}

size_t bitmap_count_set(const struct bitmap *map)
{
    size_t count = 0;
    for (size_t word = 0; word * WORD_BITS < map->bits; word++)
        count += (size_t)__builtin_popcountll(map->words[word] & range_mask(word, 0, map->bits));
    return count;
}
