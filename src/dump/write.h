/* src/dump/write.h: writing dumps: of machines, and of processes. */
#pragma once

#include "dump/dump.h"

/* Where the memory comes from. */
struct dump_source {
    /* Copy one page. => false: there is no RAM there */
    bool (*read_page)(void *context, uint64_t pa, void *page);
    /* The first address >= pa with RAM; NULL: every page is tried. => false: there is none */
    bool (*next)(void *context, uint64_t pa, uint64_t *found);
    /* Called now and then; NULL: never. => false: give up (-EINTR) */
    bool (*go_on)(void *context, uint64_t done, uint64_t all);
    void *context;
};

/* Write `path`. From `info`: what its comments say; type DUMP_TYPE_FULL or DUMP_TYPE_BITMAP_FULL,
 * physical_size bytes of addresses are looked at; processors, context and the kernel's addresses go
 * into the header as they are. A file that could not be completed is removed.
 * => 0, or negative errno. -E2BIG: more than 42 runs of memory, which a full dump cannot name, or
 *    addresses beyond 16 TB; -EINVAL: no page at all, or another type */
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

/* A thread of a process that is dumped. */
struct dump_minidump_thread {
    struct dump_thread thread; /* id, suspended, TEB, context */
    struct dump_block stack;   /* from its pointer to its base; size 0: not known */
    uint32_t priority, exit_status;
    uint64_t create_time, exit_time; /* 100 ns since 1601 */
    uint64_t kernel_time, user_time; /* 100 ns */
    uint64_t start_address, affinity;
};

/* What a minidump holds. */
struct dump_minidump {
    const struct dump_minidump_thread *threads; /* at least one */
    size_t thread_count;
    const struct dump_module *modules;
    size_t module_count;
    const struct dump_region *regions; /* none: the file says nothing of regions */
    size_t region_count;
    const struct dump_handle *handles;
    size_t handle_count;
    const struct dump_block *blocks; /* memory: ascending, apart, each readable as a whole */
    size_t block_count;
    bool full; /* the blocks are all the memory there is: more than 4 GB have room */
    bool with_thread_times;
    uint64_t flags;                               /* MINIDUMP_WITH_* */
    const char *service_pack;                     /* "Service Pack 1" */
    uint32_t priority_class;                      /* of the process */
    uint32_t create_time, user_time, kernel_time; /* of the process: seconds since 1970, seconds */
    /* Bytes readable from `va` on, at most `size`, copied. */
    size_t (*read)(void *context, uint64_t va, void *buffer, size_t size);
    /* As in struct dump_source; counts blocks. */
    bool (*go_on)(void *context, uint64_t done, uint64_t all);
    void *context;
};

/* Write a minidump. From `info`: major, minor, build, processors, process_id, time_stamp, and with
 * has_exception the record of thread number exception_thread.
 * => 0, or negative errno. -E2BIG: too much for the offsets of the file; -EFAULT: a block could not
 *    be read after all */
int dump_write_minidump(const char *path, const struct dump_info *info,
                        const struct dump_minidump *minidump);
