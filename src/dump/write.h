/* src/dump/write.h: writing dumps of machines whose physical memory can be read. */
#pragma once

#include "dump/dump.h"

/* Where the memory comes from. */
struct dump_source {
    /* Copy one page. => false: there is no RAM there */
    bool (*read_page)(void *context, uint64_t pa, void *page);
    /* Called now and then; NULL: never. => false: give up (-EINTR) */
    bool (*go_on)(void *context, uint64_t done, uint64_t all);
    void *context;
};

/* Write `path`. From `info`: what its comments say; type DUMP_TYPE_FULL or DUMP_TYPE_BITMAP_FULL,
 * physical_size bytes of addresses are looked at; processors, context and the kernel's addresses go
 * into the header as they are. A file that could not be completed is removed.
 * => 0, or negative errno. -E2BIG: more than 42 runs of memory, which a full dump cannot name;
 *    -EINVAL: no page at all, or another type */
int dump_write(const char *path, const struct dump_info *info, const struct dump_source *source);
