/* tests/mm/support.h: a machine's memory without an engine, for tests. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chance.h"
#include "mm/space.h"
#include "mm/wset.h"

#define MB (1ull << 20)
#define KB (1ull << 10)

/* What the engine was told, and what the log said. */
struct recorder {
    size_t invalidate_calls, pages, table_calls;
    struct mm_page last[MI_FLUSH_PAGES];
    size_t last_count;
    size_t messages;
    char message[256];
    /* Paging files in memory (test_paging): calls, and how many more of them succeed. */
    size_t reads, writes;
    long reads_left, writes_left;
    unsigned below_normal;      /* so much is the priority of pages that are brought in */
    void (*during_write)(void); /* once, before the next write; also to files */
};

/* Paging files whose reads and writes fail once reads_left or writes_left of the recorder is 0;
 * below, they never do. */
extern const struct mm_paging_ops test_paging_ops;

struct machine {
    struct ke ke;
    struct mm *mm;
    struct log log;
    struct recorder recorder;
};

enum { WITH_ENGINE = 1, WITH_THREADS = 2 };

void machine_create(struct machine *machine, uint64_t ram, uint64_t pagefile, int flags);
/* The same with paging files of the test's own; `owner` of their open is the recorder. */
void machine_create_on(struct machine *machine, uint64_t ram, uint64_t pagefile, int flags,
                       const struct mm_paging_ops *paging);
/* One whose processors have such a second-level cache, without a paging file. */
void machine_create_with_cache(struct machine *machine, uint64_t ram, uint32_t size, uint32_t ways);
/* Also checks the whole state. */
void machine_destroy(struct machine *machine);

struct mm_space *process_create(struct machine *machine);
void process_destroy(struct machine *machine, struct mm_space *space);

/* A data file in host memory, as io would have it, that can be made to fail. */
#define NO_BAD_PAGE UINT64_MAX
struct test_file {
    struct machine *machine;
    FILE_OBJECT *object; /* in nonpaged pool, with its SECTION_OBJECT_POINTERS behind it */
    uint8_t *bytes;
    size_t size, capacity;
    size_t references;
    size_t reads, writes; /* calls */
    uint64_t bad_page;    /* cannot be read (STATUS_IN_PAGE_ERROR) or written (STATUS_DISK_FULL) */
};

struct test_file *test_file_create(struct machine *machine, size_t capacity);
void test_file_destroy(struct test_file *file);
SECTION_OBJECT_POINTERS *test_file_sections(const struct test_file *file);

/* Page counts after everything deferred was done. */
struct mm_statistics settled(struct machine *machine);
void assert_same_pages(const struct mm_statistics *a, const struct mm_statistics *b);
/* No violation found; else shows the last one. */
void assert_consistent(struct machine *machine);

/* What else happens in a machine, at any time: pages are trimmed and written, frames are taken for
 * something else for a moment, writes fail now and then. Nobody may notice. */
void disturb(struct machine *machine, uint64_t *random);
/* The same again and again, by a thread of its own. */
struct disturber {
    struct machine *machine;
    pthread_t thread;
    uint64_t random;
    bool stop;
};
void disturber_start(struct disturber *disturber, struct machine *machine, uint64_t random);
void disturber_stop(struct disturber *disturber);
/* Whatever can be had again goes to somebody else, for a moment. => nobody else is in mm */
void take_all_frames(struct machine *machine);

#define assert_status(expected, call) assert_int_equal((uint32_t)(expected), (uint32_t)(call))
#define assert_ok(call) assert_status(STATUS_SUCCESS, call)

/* Calls with less to write; they fail the test unless they succeed. */
uint64_t reserve(struct mm_space *space, uint64_t base, uint64_t size);
uint64_t allocate(struct mm_space *space, uint64_t base, uint64_t size, uint32_t protect);
NTSTATUS commit(struct mm_space *space, uint64_t base, uint64_t size, uint32_t protect);
NTSTATUS decommit(struct mm_space *space, uint64_t base, uint64_t size);
NTSTATUS release(struct mm_space *space, uint64_t base, uint64_t size);
NTSTATUS protect(struct mm_space *space, uint64_t base, uint64_t size, uint32_t to);
MEMORY_BASIC_INFORMATION query(struct mm_space *space, uint64_t address);
/* What user code would do. */
NTSTATUS read_byte(struct mm_space *space, uint64_t va, uint8_t *byte);
NTSTATUS write_byte(struct mm_space *space, uint64_t va, uint8_t byte);
NTSTATUS execute(struct mm_space *space, uint64_t va);

/* The bytes of a guest module that was built with us. */
const void *guest_module(const char *name, size_t *size);
