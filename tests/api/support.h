/* tests/api/support.h: machines through include/ntmm.h, for tests.
 *
 * These tests see what an embedding program sees: ntmm.h, and the names of NT's constants. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chance.h"
#include "nt/memory.h"
#include "nt/status.h"
#include "ntmm.h"

#define KB (1ull << 10)
#define MB (1ull << 20)
#define PAGE 4096ull
#define LOWEST 0x10000ull            /* below is the null guard */
#define UPPER_GUARD 0x7FFFFFE0000ull /* what lies above cannot be allocated */
#define USER_END 0x7FFFFFF0000ull    /* behind the highest user address */
#define KERNEL 0xFFFFF80000000000ull

/* A machine without an engine; the test fails when there is none. */
ntmm_machine *machine_create(uint64_t ram, uint64_t pagefile);
/* Checks every invariant first. */
void machine_destroy(ntmm_machine *machine);
ntmm_process *process_create(ntmm_machine *machine);

/* Statistics once nothing is deferred any more. */
ntmm_statistics settled(ntmm_machine *machine);
/* Every count of pages, commit and pool; not those that only ever grow. */
void assert_same_counts(const ntmm_statistics *a, const ntmm_statistics *b);
void assert_consistent(ntmm_machine *machine);

/* Entries of a folder of the host, "." and ".." aside. */
size_t count_entries(const char *folder);

#define assert_status(expected, call) assert_int_equal((uint32_t)(expected), (uint32_t)(call))
#define assert_ok(call) assert_status(STATUS_SUCCESS, call)

/* Calls with less to write. */
ntmm_status allocate(ntmm_process *process, uint64_t base, uint64_t size, uint32_t type,
                     uint32_t protect);
/* Reserved and committed, anywhere; fails the test unless it succeeds. */
uint64_t committed(ntmm_process *process, uint64_t size, uint32_t protect);
ntmm_status decommit(ntmm_process *process, uint64_t base, uint64_t size);
ntmm_status release(ntmm_process *process, uint64_t base, uint64_t size);
ntmm_status protect(ntmm_process *process, uint64_t base, uint64_t size, uint32_t protect);
ntmm_region query(ntmm_process *process, uint64_t address);
