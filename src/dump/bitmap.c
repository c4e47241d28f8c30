/* src/dump/bitmap.c: dumps with a bitmap of the pages that they hold.
 *
 *      bit n set  -->  page n is the (number of set bits before n)-th page from FirstPage on
 *
 * That number is kept for each group of bits when the file is opened, so a look-up counts at most
 * one group. There are at most 2048 groups, however large the memory is: groups of 512 bits up to
 * 4 GB, and beyond that larger ones instead of more. */
#include "dump/dump_int.h"

#include <errno.h>
#include <stdlib.h>

#define BITMAP_OFFSET (DUMP_HEADER64_SIZE + sizeof(struct _SUMMARY_DUMP64))
#define WORD_BITS 64u
#define GROUP_BITS_LEAST 512u
#define GROUPS_MOST 2048u

static bool claims(const struct dump_file *file)
{
    return file->info.type == DUMP_TYPE_KERNEL || file->info.type == DUMP_TYPE_BITMAP_FULL ||
           file->info.type == DUMP_TYPE_BITMAP_KERNEL;
}

/* 64 bits from bit `first` (a multiple of 64) on; bits behind the end are 0. */
static uint64_t word_at(const struct dump_file *file, uint64_t first)
{
    uint64_t word = 0, bytes = (file->bits - first + 7) / 8;
    reader_read(&file->reader, BITMAP_OFFSET + first / 8, &word,
                bytes < sizeof word ? (size_t)bytes : sizeof word);
    if (file->bits - first < WORD_BITS) {
        word &= (1ull << (file->bits - first)) - 1;
    }
    return word;
}

/* Count the pages, group by group. */
static int build_rank(struct dump_file *file, uint64_t *pages)
{
    uint64_t group = (file->bits + GROUPS_MOST - 1) / GROUPS_MOST;
    group = (group + WORD_BITS - 1) / WORD_BITS * WORD_BITS;
    file->group_bits = group > GROUP_BITS_LEAST ? group : GROUP_BITS_LEAST;
    file->rank = calloc((file->bits + file->group_bits - 1) / file->group_bits, sizeof *file->rank);
    if (!file->rank) {
        return -ENOMEM;
    }
    *pages = 0;
    for (uint64_t first = 0; first < file->bits; first += WORD_BITS) {
        if (first % file->group_bits == 0) {
            file->rank[first / file->group_bits] = *pages;
        }
        uint64_t word = word_at(file, first);
        *pages += (uint64_t)__builtin_popcountll(word);
        if (word) {
            uint64_t last = first + WORD_BITS - 1 - (uint64_t)__builtin_clzll(word);
            file->info.physical_size = (last + 1) << DUMP_PAGE_SHIFT;
        }
    }
    return 0;
}

static int open_bitmap(struct dump_file *file)
{
    struct _SUMMARY_DUMP64 header;
    if (!reader_read(&file->reader, DUMP_HEADER64_SIZE, &header, sizeof header)) {
        return dump_damaged(file, "truncated: the bitmap is missing");
    }
    bool known =
        header.Signature == DUMP_SUMMARY_SIGNATURE || header.Signature == DUMP_FULL_SIGNATURE;
    if (!known || header.ValidDump != DUMP_VALID_SUMMARY) {
        return dump_damaged(file, "damaged: no bitmap at 0x2000");
    }
    if (header.BitmapPages == 0 || header.BitmapPages > file->reader.size * 8 ||
        !reader_has(&file->reader, BITMAP_OFFSET, (header.BitmapPages + 7) / 8)) {
        return dump_damaged(file, "damaged: a bitmap of 0x%llx pages does not fit in the file",
                            (unsigned long long)header.BitmapPages);
    }
    file->bits = header.BitmapPages;
    file->first_page = header.FirstPage;
    uint64_t pages;
    int error = build_rank(file, &pages);
    if (error) {
        return error;
    }
    if (pages != header.TotalPresentPages) {
        return dump_damaged(file, "damaged: 0x%llx pages in all, but the bitmap has 0x%llx",
                            (unsigned long long)header.TotalPresentPages,
                            (unsigned long long)pages);
    }
    if (!reader_has(&file->reader, file->first_page, pages << DUMP_PAGE_SHIFT)) {
        return dump_damaged(file, "truncated: the file ends before the last of its 0x%llx pages",
                            (unsigned long long)pages);
    }
    return 0;
}

static bool locate(const struct dump_file *file, uint64_t address, uint64_t *offset,
                   uint64_t *available)
{
    uint64_t page = address >> DUMP_PAGE_SHIFT;
    if (page >= file->bits) {
        return false;
    }
    uint64_t group = page / file->group_bits, word_start = page / WORD_BITS * WORD_BITS;
    uint64_t index = file->rank[group];
    for (uint64_t at = group * file->group_bits; at < word_start; at += WORD_BITS) {
        index += (uint64_t)__builtin_popcountll(word_at(file, at));
    }
    uint64_t word = word_at(file, word_start), bit = 1ull << (page - word_start);
    if (!(word & bit)) {
        return false;
    }
    index += (uint64_t)__builtin_popcountll(word & (bit - 1));
    *offset = file->first_page + (index << DUMP_PAGE_SHIFT) + address % DUMP_PAGE_SIZE;
    *available = DUMP_PAGE_SIZE - address % DUMP_PAGE_SIZE;
    return true;
}

static bool next_page(const struct dump_file *file, uint64_t address, uint64_t *found)
{
    uint64_t page = address >> DUMP_PAGE_SHIFT;
    while (page < file->bits) {
        uint64_t word = word_at(file, page / WORD_BITS * WORD_BITS) >> page % WORD_BITS;
        if (word) {
            uint64_t next = (page + (uint64_t)__builtin_ctzll(word)) << DUMP_PAGE_SHIFT;
            *found = next > address ? next : address;
            return true;
        }
        page = (page / WORD_BITS + 1) * WORD_BITS;
    }
    return false;
}

const struct dump_format dump_format_bitmap = {
    .name = "bitmap",
    .claims = claims,
    .open = open_bitmap,
    .locate = locate,
    .next = next_page,
};
