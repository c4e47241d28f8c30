/* src/dump/full.c: dumps that name the runs of pages they hold.
 *
 *      type 1              header: run 0, run 1, ...     pages of the runs from 0x2000 on, in order
 *      type 8, 9, 0xA      RDMP_HEADER64, 16 bytes, then  pages of the ranges from FirstPage on
 *                          {first page, count} up to FirstPage or a count of 0
 */
#include "dump/dump_int.h"

#define RANGE_LIST (DUMP_HEADER64_SIZE + 0x30) /* where the ranges of types 8, 9, 0xA begin */

/* One run of pages, whose bytes are at *offset; moves that behind them. */
static int add_run(struct dump_file *file, const struct _PHYSICAL_MEMORY_RUN64 *run,
                   uint64_t *offset)
{
    const uint64_t most = UINT64_MAX >> DUMP_PAGE_SHIFT;
    if (run->BasePage > most || run->PageCount > most) {
        return dump_damaged(file, "damaged: a run of 0x%llx pages at page 0x%llx",
                            (unsigned long long)run->PageCount, (unsigned long long)run->BasePage);
    }
    uint64_t size = run->PageCount << DUMP_PAGE_SHIFT;
    int error = dump_add_range(file, run->BasePage << DUMP_PAGE_SHIFT, size, *offset);
    *offset += size;
    return error;
}

static bool claims_full(const struct dump_file *file)
{
    return file->info.type == DUMP_TYPE_FULL;
}

static int open_full(struct dump_file *file)
{
    struct _PHYSICAL_MEMORY_DESCRIPTOR64 block;
    const uint64_t at = __builtin_offsetof(struct _DUMP_HEADER64, PhysicalMemoryBlock);
    if (!reader_read(&file->reader, at, &block, sizeof block)) {
        return dump_damaged(file, "truncated: the header is not complete");
    }
    if (block.NumberOfRuns == 0 || block.NumberOfRuns > DUMP_MOST_RUNS) {
        return dump_damaged(file, "damaged: %u runs of memory; a header holds 1 to %u",
                            block.NumberOfRuns, DUMP_MOST_RUNS);
    }
    uint64_t offset = DUMP_HEADER64_SIZE, pages = 0;
    for (size_t i = 0; i < block.NumberOfRuns; i++) {
        int error = add_run(file, &block.Run[i], &offset);
        if (error) {
            return error;
        }
        pages += block.Run[i].PageCount;
    }
    if (pages != block.NumberOfPages) {
        return dump_damaged(file, "damaged: 0x%llx pages in all, but the runs have 0x%llx",
                            (unsigned long long)block.NumberOfPages, (unsigned long long)pages);
    }
    return dump_sort_ranges(file, false);
}

static bool claims_ranges(const struct dump_file *file)
{
    return file->info.type >= DUMP_TYPE_RANGE_KERNEL && file->info.type <= DUMP_TYPE_RANGE_COMPLETE;
}

static int open_ranges(struct dump_file *file)
{
    struct _RDMP_HEADER64 header;
    if (!reader_read(&file->reader, DUMP_HEADER64_SIZE, &header, sizeof header)) {
        return dump_damaged(file, "truncated: the list of ranges is missing");
    }
    if (header.Marker != DUMP_RANGE_MARKER || header.Signature != DUMP_RANGE_SIGNATURE ||
        header.ValidDump != DUMP_VALID_SUMMARY || header.FirstPage < RANGE_LIST) {
        return dump_damaged(file, "damaged: no list of ranges at 0x2000");
    }
    uint64_t offset = header.FirstPage;
    struct _PHYSICAL_MEMORY_RUN64 run;
    for (uint64_t at = RANGE_LIST; header.FirstPage - at >= sizeof run; at += sizeof run) {
        if (!reader_read(&file->reader, at, &run, sizeof run)) {
            return dump_damaged(file, "truncated: the list of ranges is not complete");
        }
        if (run.PageCount == 0) {
            break;
        }
        int error = add_run(file, &run, &offset);
        if (error) {
            return error;
        }
    }
    return dump_sort_ranges(file, false);
}

const struct dump_format dump_format_full = {
    .name = "full",
    .claims = claims_full,
    .open = open_full,
    .locate = dump_locate_range,
};

const struct dump_format dump_format_ranges = {
    .name = "ranges",
    .claims = claims_ranges,
    .open = open_ranges,
    .locate = dump_locate_range,
};
