/* tests/mm/test_watch.c: write watches and MEM_RESET, also across paging. */
#include "support.h"

#include <limits.h>

#define PAGES 64u

static struct machine machine;
static struct mm_space *space;

static int setup(void **state)
{
    (void)state;
    machine_create_on(&machine, 32 * MB, 64 * MB, WITH_ENGINE, &test_paging_ops);
    machine.recorder.reads_left = machine.recorder.writes_left = LONG_MAX;
    space = process_create(&machine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_consistent(&machine);
    process_destroy(&machine, space);
    machine_destroy(&machine);
    return 0;
}

static uint64_t watched(uint64_t pages, uint32_t more)
{
    uint64_t base = 0, size = pages * PAGE_SIZE;

    assert_ok(mm_allocate_virtual_memory(space, &base, 0, &size,
                                         MEM_RESERVE | MEM_WRITE_WATCH | more, PAGE_READWRITE));
    return base;
}

static size_t get(uint64_t base, bool reset, uint64_t *pages)
{
    size_t count;

    assert_ok(
        mm_get_write_watch(space, base, base + PAGES * PAGE_SIZE, reset, pages, PAGES, &count));
    return count;
}

/* Everything leaves the working set, and what was changed goes to the paging file. */
static void page_out(void)
{
    mm_empty_working_set(space);
    while (mm_write_modified_pages(machine.mm, PAGES) > 0) {
    }
}

static void writes_are_told_once_reset(void **state)
{
    uint64_t base = watched(PAGES, MEM_COMMIT), pages[PAGES];
    uint8_t byte;
    (void)state;

    assert_int_equal(get(base, false, pages), 0);
    assert_ok(read_byte(space, base + PAGE_SIZE, &byte));
    assert_int_equal(get(base, false, pages), 0);
    assert_ok(write_byte(space, base + 5 * PAGE_SIZE, 1));
    assert_ok(write_byte(space, base, 2));
    size_t told = machine.recorder.pages;
    assert_int_equal(get(base, true, pages), 2);
    assert_int_equal(pages[0], base);
    assert_int_equal(pages[1], base + 5 * PAGE_SIZE);
    /* The processor must set Dirty again. */
    assert_int_equal(machine.recorder.pages, told + 2);
    assert_int_equal(get(base, true, pages), 0);
    assert_ok(write_byte(space, base, 3));
    assert_int_equal(get(base, true, pages), 1);
    assert_consistent(&machine);
}

/* A page that went through the paging file was written if it was, and its contents are right though
 * its Dirty bit was taken away between. */
static void watches_outlive_paging(void **state)
{
    uint64_t base = watched(PAGES, MEM_COMMIT), pages[PAGES];
    uint8_t byte;
    (void)state;

    for (unsigned i = 0; i < PAGES; i++)
        assert_ok(write_byte(space, base + i * PAGE_SIZE, (uint8_t)i));
    assert_int_equal(get(base, true, pages), PAGES);
    page_out();
    assert_int_equal(get(base, false, pages), 0);
    assert_ok(write_byte(space, base + 7 * PAGE_SIZE, 77));
    page_out();
    assert_ok(read_byte(space, base + 8 * PAGE_SIZE, &byte));
    assert_int_equal(get(base, true, pages), 1);
    assert_int_equal(pages[0], base + 7 * PAGE_SIZE);
    page_out();
    for (unsigned i = 0; i < PAGES; i++) {
        assert_ok(read_byte(space, base + i * PAGE_SIZE, &byte));
        assert_int_equal(byte, i == 7 ? 77 : i);
    }
    assert_int_equal(get(base, false, pages), 0);
    assert_consistent(&machine);
}

static void protection_does_not_hide_writes(void **state)
{
    uint64_t base = watched(PAGES, MEM_COMMIT), pages[PAGES];
    (void)state;

    assert_ok(write_byte(space, base, 1));
    assert_ok(protect(space, base, PAGE_SIZE, PAGE_NOACCESS));
    assert_int_equal(get(base, false, pages), 1);
    assert_ok(protect(space, base, PAGE_SIZE, PAGE_READONLY));
    assert_int_equal(get(base, true, pages), 1);
    assert_int_equal(get(base, true, pages), 0);
    assert_consistent(&machine);
}

/* Decommitted, it is told still: the region is the same, and its contents are not. */
static void decommitting_does_not_hide_writes(void **state)
{
    uint64_t base = watched(PAGES, MEM_COMMIT), pages[PAGES];
    uint8_t byte;
    (void)state;

    assert_ok(write_byte(space, base + PAGE_SIZE, 1));
    assert_ok(read_byte(space, base + 2 * PAGE_SIZE, &byte));
    assert_ok(decommit(space, base, 4 * PAGE_SIZE));
    assert_int_equal(get(base, false, pages), 1);
    assert_int_equal(pages[0], base + PAGE_SIZE);
    assert_ok(commit(space, base, 4 * PAGE_SIZE, PAGE_READWRITE));
    assert_int_equal(get(base, true, pages), 1);
    assert_int_equal(get(base, true, pages), 0);
    assert_consistent(&machine);
}

static void not_such_memory(void **state)
{
    uint64_t base = watched(16, 0), other = allocate(space, 0, PAGE_SIZE, PAGE_READWRITE);
    uint64_t end = base + 16 * PAGE_SIZE, page;
    size_t count;
    (void)state;

    assert_status(STATUS_INVALID_PARAMETER_1,
                  mm_get_write_watch(space, base, end + 1, false, &page, 1, &count));
    assert_status(STATUS_INVALID_PARAMETER_1,
                  mm_reset_write_watch(space, other, other + PAGE_SIZE));
    assert_status(STATUS_FREE_VM_NOT_AT_BASE, release(space, base + PAGE_SIZE, PAGE_SIZE));
    assert_ok(commit(space, base, PAGE_SIZE, PAGE_READWRITE));
    assert_ok(write_byte(space, base, 1));
    assert_ok(decommit(space, base, PAGE_SIZE));
    assert_consistent(&machine);
    assert_ok(release(space, base, 0));
    assert_status(STATUS_INVALID_PARAMETER_1, mm_reset_write_watch(space, base, end));
}

/* ---- MEM_RESET ---- */

static void reset(uint64_t base, uint64_t size)
{
    assert_ok(mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESET, PAGE_READWRITE));
}

/* Pages in memory need not be written any more, and those elsewhere are gone. */
static void reset_pages_are_not_written(void **state)
{
    uint64_t base = allocate(space, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    uint8_t byte;
    (void)state;

    for (unsigned i = 0; i < PAGES; i++)
        assert_ok(write_byte(space, base + i * PAGE_SIZE, 1));
    reset(base, PAGES * PAGE_SIZE);
    assert_consistent(&machine);
    assert_ok(read_byte(space, base, &byte));
    assert_int_equal(byte, 1); /* it never left */
    assert_ok(write_byte(space, base + PAGE_SIZE, 2));
    size_t before = machine.recorder.writes;
    page_out();
    assert_true(machine.recorder.writes > before); /* that one page */
    assert_ok(read_byte(space, base + PAGE_SIZE, &byte));
    assert_int_equal(byte, 2);
    page_out();
    struct mm_statistics statistics;
    mm_get_statistics(machine.mm, &statistics);
    assert_true(statistics.modified == 0);
}

static void reset_frees_slots(void **state)
{
    uint64_t base = allocate(space, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    uint8_t byte;
    (void)state;

    for (unsigned i = 0; i < PAGES; i++)
        assert_ok(write_byte(space, base + i * PAGE_SIZE, 1));
    page_out();
    size_t reads = machine.recorder.reads;
    reset(base, PAGES * PAGE_SIZE);
    assert_consistent(&machine);
    for (unsigned i = 0; i < PAGES; i++) {
        assert_ok(read_byte(space, base + i * PAGE_SIZE, &byte));
        assert_int_equal(byte, 0);
    }
    assert_int_equal(machine.recorder.reads, reads);
    assert_int_equal(query(space, base).RegionSize, PAGES * PAGE_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_are_told_once_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(watches_outlive_paging, setup, teardown),
        cmocka_unit_test_setup_teardown(protection_does_not_hide_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(decommitting_does_not_hide_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(not_such_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(reset_pages_are_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(reset_frees_slots, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
