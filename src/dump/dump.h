/* src/dump/dump.h: files that hold the memory of a machine that has stopped.
 *
 * Whatever wrote it, a file answers the same questions: what is at this physical address, what did
 * the processors look like, where does the debugger begin. Formats differ only in how they find the
 * bytes, so each is one row of an ops table (dump_int.h):
 *
 *      PAGEDU64, type 1             runs of pages            full.c
 *      PAGEDU64, type 2, 5, 6       bitmap of pages          bitmap.c
 *      PAGEDU64, type 8, 9, 0xA     ranges of pages          full.c
 *      PAGEDU64, type 4 (triage)    blocks by virtual address  triage.c
 *      LiME, ELF core               ranges of addresses      ranges.c
 *      MDMP (one process)           ranges by virtual address  minidump.c
 *      anything else                raw: offset is address   raw.c
 *
 * A file is mapped read-only and looked at where it is asked about; what is kept in memory is a
 * table of its ranges. Every byte of it is hostile: all reads go through a byte_reader.
 *
 * => an open file does not change: any number of threads may read it
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dump/layout.h"

#define DUMP_PAGE_BYTES 0x1000u

struct dump_file;

/* What a file tells about its machine. Fields it does not tell are 0. */
struct dump_info {
    const char *format; /* "full", "bitmap", "ranges", "triage", "minidump", "lime", "elf", "raw" */
    unsigned type;      /* enum dump_type; 0: no Windows dump */
    bool virtual_only;  /* memory can be had by virtual address only */
    bool one_process;   /* a minidump: user memory of one process */
    uint32_t major, minor, build, processors; /* major, minor: of minidumps the version of Windows,
                                                 of others 15 free, 12 checked, and 0 */
    uint64_t directory_base;                  /* physical */
    uint64_t pfn_database, loaded_modules, active_processes, debugger_data;
    uint64_t physical_size; /* one past the highest address of a page that is there */
    uint32_t bugcheck;
    uint64_t bugcheck_parameter[4];
    bool has_context, has_exception;
    struct _CONTEXT context; /* of the processor that wrote the dump */
    struct _EXCEPTION_RECORD64 exception;
    uint64_t system_time, up_time; /* 100 ns; system_time since 1601 */
    char comment[129];
    /* triage: addresses of the current objects, found among the saved blocks; 0: not known */
    uint64_t process, thread;
    uint64_t stack_base, stack_size; /* bytes of the stack that were saved */
    /* minidump: exception and context are those of thread exception_thread */
    uint32_t process_id, time_stamp; /* seconds since 1970 */
    size_t threads, exception_thread;
};

/* An image that a triage dump or a minidump lists. */
struct dump_module {
    uint64_t base;
    uint32_t size, checksum, timestamp;
    char name[260];
    bool has_debug_record; /* minidumps: what the image's RSDS record says */
    uint8_t guid[16];
    uint32_t age;
    char pdb[260];
};

/* A thread of a minidump. */
struct dump_thread {
    uint32_t id, suspended;
    uint64_t teb;
    bool has_context;
    struct _CONTEXT context; /* of the exception, for the thread that had it */
};

/* What VirtualQuery would tell: PAGE_*, MEM_*. */
struct dump_region {
    uint64_t base, allocation_base, size;
    uint32_t allocation_protect, state, protect, type;
};

/* An open handle. Names are "" where there is none. */
struct dump_handle {
    uint64_t handle;
    uint32_t attributes, access, handles, pointers;
    char type[64], name[512];
};

#define DUMP_REASON_SIZE 160

/* Open a file. Cost does not depend on its size, but for the bitmap of a bitmap dump.
 * => 0, or negative errno; then `reason` says in one line what is wrong. -ENOEXEC: not a dump or
 *    damaged */
int dump_open(const char *path, struct dump_file **out, char reason[DUMP_REASON_SIZE]);
/* The same for bytes in memory, which outlive the file. */
int dump_open_bytes(const void *bytes, size_t size, struct dump_file **out,
                    char reason[DUMP_REASON_SIZE]);
void dump_close(struct dump_file *file);

const struct dump_info *dump_get_info(const struct dump_file *file);

/* Copy `size` bytes. Whole or nothing: 0, -EFAULT when a byte is not in the file, -ENOTSUP for
 * triage dumps. */
int dump_read_physical(const struct dump_file *file, uint64_t pa, void *buffer, size_t size);

/* The first address >= pa that is there. => false: none, or a file by virtual address */
bool dump_next_physical(const struct dump_file *file, uint64_t pa, uint64_t *found);

/* Bytes readable from `va` on, at most `size`, copied; 0 for files by physical address. */
size_t dump_read_virtual(const struct dump_file *file, uint64_t va, void *buffer, size_t size);

/* The first saved address >= va. => false: none, or a file by physical address */
bool dump_next_virtual(const struct dump_file *file, uint64_t va, uint64_t *found);

/* Images listed by a triage dump or a minidump: the i-th. => false: there are not so many, or it is
 * damaged */
bool dump_get_module(const struct dump_file *file, size_t i, struct dump_module *out);
size_t dump_module_count(const struct dump_file *file);

/* The i-th thread of a minidump. => false: there are not so many */
bool dump_get_thread(const struct dump_file *file, size_t i, struct dump_thread *out);

/* The i-th region of user memory, the i-th open handle that a minidump lists.
 * => false: there are not so many, or the file says nothing of them */
bool dump_get_region(const struct dump_file *file, size_t i, struct dump_region *out);
bool dump_get_handle(const struct dump_file *file, size_t i, struct dump_handle *out);
