/* src/dump/dump_int.h: what the formats share.
 *
 *      address -- locate --> offset in the file, and how many bytes follow it there
 *
 * Every format but the bitmap is a sorted table of ranges that do not overlap, so they share one
 * locate. Addresses are physical, or virtual for triage dumps. */
#pragma once

#include <stdio.h>

#include "base/reader.h"
#include "dump/dump.h"

#define DUMP_PAGE_SHIFT 12
#define DUMP_PAGE_SIZE (1ull << DUMP_PAGE_SHIFT)
#define DUMP_MOST_RANGES (1u << 22)

struct dump_range {
    uint64_t start, size, offset;
};

struct dump_file;

struct dump_format {
    const char *name;
    /* Is the file of this format? May look at info.type when that is set. */
    bool (*claims)(const struct dump_file *file);
    /* Fill in the table, and what the format knows of info. => 0, or negative errno and a reason */
    int (*open)(struct dump_file *file);
    bool (*locate)(const struct dump_file *file, uint64_t address, uint64_t *offset,
                   uint64_t *available);
    /* The first page at or above `address` that is there; NULL: the table of ranges tells. */
    bool (*next)(const struct dump_file *file, uint64_t address, uint64_t *found);
    /* Images that the file lists; both NULL: it has no list. get_module: => false: damaged */
    size_t (*count_modules)(const struct dump_file *file);
    bool (*get_module)(const struct dump_file *file, size_t i, struct dump_module *out);
};

/* Elements of a minidump's list whose head says how large each is. */
struct dump_list {
    uint64_t first; /* offset in the file */
    uint64_t count;
    uint32_t size;
};

struct dump_file {
    const struct dump_format *format;
    struct byte_reader reader;
    void *map; /* NULL: the bytes are the caller's */
    size_t map_size;
    struct dump_info info;
    char *reason;
    struct dump_range *ranges;
    size_t range_count, range_room;
    /* bitmap */
    uint64_t bits, group_bits, first_page;
    uint64_t *rank; /* pages present before each group of the bitmap */
    /* triage */
    struct _TRIAGE_DUMP64 triage;
    /* minidump: offsets of the elements */
    uint64_t threads_at, modules_at;
    uint32_t module_count;
    struct dump_list regions, handles;
};

extern const struct dump_format dump_format_full, dump_format_bitmap, dump_format_ranges,
    dump_format_triage, dump_format_minidump, dump_format_lime, dump_format_elf, dump_format_raw;

/* A name of `count` UTF-16 units at `offset`, with `?` for what is not ASCII, into `size` bytes.
 * => false: empty, longer than there is room for, or not in the file */
bool dump_read_name(const struct dump_file *file, uint64_t offset, uint32_t count, char *name,
                    size_t size);

/* Say what is wrong. => -ENOEXEC */
int dump_damaged(struct dump_file *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Add a range, in any order. => 0, -ENOMEM; -ENOEXEC: it is not inside the file, or wraps */
int dump_add_range(struct dump_file *file, uint64_t start, uint64_t size, uint64_t offset);
/* Sort the ranges. With `may_overlap` the later of two gives way, else that is damage. */
int dump_sort_ranges(struct dump_file *file, bool may_overlap);
bool dump_locate_range(const struct dump_file *file, uint64_t address, uint64_t *offset,
                       uint64_t *available);

/* Copy what can be had from `address` on; the bytes copied. */
size_t dump_copy(const struct dump_file *file, uint64_t address, void *buffer, size_t size);

/* For files that do not say where the System page directory is: find it, or leave 0. */
void dump_find_directory(struct dump_file *file);

/* The header of a Windows dump of `size` bytes, without the runs of a full one. */
void dump_fill_header(const struct dump_info *info, uint64_t size, struct _DUMP_HEADER64 *header);

/* Make the file `path` anew; one that is there is unlinked first, for it may be the one that is
 * being looked at. => NULL: errno says why */
FILE *dump_create_file(const char *path);

/* Remove what could not be completed; a device stays. */
void dump_remove_file(const char *path);

/* Write a file of these bytes, or none. => 0, or negative errno */
int dump_write_bytes(const char *path, const void *bytes, size_t size);
