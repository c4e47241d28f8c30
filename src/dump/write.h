/* src/dump/write.h: writing dumps. */
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

/* A piece of virtual memory. */
struct dump_block {
    uint64_t va;
    uint64_t size; /* bytes; 0: there is none */
};

/* What a triage dump holds. Bytes that cannot be read are left out; of the first five a block
 * counts only as a whole. */
struct dump_triage {
    struct dump_block prcb, process, thread, debugger_data, stack;
    const struct dump_module *modules; /* kernel images, the kernel itself among them */
    size_t module_count;
    const struct dump_block *blocks; /* other memory, in any order */
    size_t block_count;
    /* Bytes readable from `va` on, at most `size`, copied. */
    size_t (*read)(void *context, uint64_t va, void *buffer, size_t size);
    void *context;
};

#define DUMP_TRIAGE_MOST (64u << 20) /* bytes of a triage dump */

/* Write a triage dump (type 4). From `info` as for dump_write.
 * => 0, or negative errno. -E2BIG: more than DUMP_TRIAGE_MOST */
int dump_write_triage(const char *path, const struct dump_info *info,
                      const struct dump_triage *triage);
