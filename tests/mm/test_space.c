/* tests/mm/test_space.c: address spaces: page tables, what the engine is told, coming and going. */
#include "mm/space.h"
#include "support.h"

#include <string.h>

/* What a process leaves behind: nothing, a thousand times. */
static void thousand_processes(void **state)
{
    struct machine m;
    (void)state;

    machine_create(&m, 64 * MB, 0, WITH_ENGINE | WITH_THREADS);
    struct mm_statistics before = settled(&m);
    for (int i = 0; i < 1000; i++) {
        struct mm_space *space = process_create(&m);
        uint64_t base = allocate(space, 0x40000000, 64 * KB, PAGE_READWRITE);
        assert_ok(write_byte(space, base + (uint64_t)(i % 16) * PAGE_SIZE, 1));
        assert_ok(write_byte(space, allocate(space, 0x700000000, 1, PAGE_READWRITE), 1));
        assert_ok(protect(space, base, PAGE_SIZE, PAGE_READWRITE | PAGE_GUARD));
        process_destroy(&m, space);
    }
    struct mm_statistics after = settled(&m);
    assert_same_pages(&before, &after);
    machine_destroy(&m);
}

/* Tables come with the first page and go with the last. */
static void tables_come_and_go(void **state)
{
    struct machine m;
    (void)state;

    machine_create(&m, 64 * MB, 0, 0);
    struct mm_space *space = process_create(&m);
    uint64_t tables = space->tables; /* KUSER_SHARED_DATA's */
    assert_int_equal(tables, 3);
    uint64_t base = allocate(space, 0x80000000, 4 * MB, PAGE_READWRITE);
    assert_int_equal(space->tables, tables);
    assert_ok(write_byte(space, base, 1));
    assert_int_equal(space->tables, tables + 2); /* its own directory and table */
    assert_ok(write_byte(space, base + 2 * MB, 1));
    assert_int_equal(space->tables, tables + 3);
    assert_ok(release(space, base, 2 * MB));
    assert_int_equal(space->tables, tables + 2);
    assert_ok(release(space, base + 2 * MB, 0));
    assert_int_equal(space->tables, tables);
    /* Across the largest tables: the 512 GB edge. */
    base = allocate(space, 0x7FFFFF0000, 128 * KB, PAGE_READWRITE);
    assert_ok(write_byte(space, base, 1));
    assert_ok(write_byte(space, base + 64 * KB, 1));
    assert_int_equal(space->tables, tables + 2 + 3);
    assert_ok(release(space, base, 0));
    assert_int_equal(space->tables, tables);
    process_destroy(&m, space);
    machine_destroy(&m);
}

/* The engine hears of pages that lose rights, and of nothing else. */
static void invalidation(void **state)
{
    struct machine m;
    const struct recorder *r = &m.recorder;
    (void)state;

    machine_create(&m, 64 * MB, 0, WITH_ENGINE);
    struct mm_space *space = process_create(&m);
    uint64_t base = allocate(space, 0, MB, PAGE_READWRITE);
    for (uint64_t at = 0; at < MB; at += PAGE_SIZE)
        assert_ok(write_byte(space, base + at, 1));
    assert_int_equal(r->pages, 0);
    assert_ok(protect(space, base, 2 * PAGE_SIZE, PAGE_READONLY));
    assert_int_equal(r->pages, 2);
    assert_int_equal(r->invalidate_calls, 1);
    assert_ok(protect(space, base, 2 * PAGE_SIZE, PAGE_READWRITE)); /* more rights */
    assert_int_equal(r->pages, 2);
    assert_ok(protect(space, base, PAGE_SIZE, PAGE_NOACCESS));
    assert_int_equal(r->pages, 3);
    assert_ok(decommit(space, base, 2 * PAGE_SIZE)); /* one of them not valid any more */
    assert_int_equal(r->pages, 4);
    assert_ok(release(space, base, 0));
    assert_int_equal(r->pages, 4 + 254);
    assert_int_equal(r->invalidate_calls, 4 + 1 + 254 / MI_FLUSH_PAGES - 1);
    process_destroy(&m, space);
    machine_destroy(&m);
}

/* A frame that was a page table waits until the engine was told. */
static void quarantine(void **state)
{
    struct machine m;
    struct mm_statistics s;
    (void)state;

    machine_create(&m, 64 * MB, 0, WITH_ENGINE);
    struct mm_space *space = process_create(&m);
    size_t calls = m.recorder.table_calls;
    uint64_t base = allocate(space, 0x80000000, PAGE_SIZE, PAGE_READWRITE);
    assert_ok(write_byte(space, base, 1));
    mm_get_statistics(m.mm, &s);
    uint64_t available = s.available_pages;
    assert_ok(release(space, base, 0));
    mm_get_statistics(m.mm, &s);
    assert_int_equal(s.available_pages, available + 1); /* the page, not its two tables */
    assert_int_equal(m.mm->quarantine.count, 2);
    assert_int_equal(mm_check(m.mm), 0);
    assert_int_equal(m.recorder.table_calls, calls);
    mm_settle(m.mm);
    mm_get_statistics(m.mm, &s);
    assert_int_equal(s.available_pages, available + 3);
    assert_int_equal(m.recorder.table_calls, calls + 1);
    /* Many in a row are released in batches. */
    for (int i = 0; i < 200; i++) {
        base = allocate(space, 0x80000000, PAGE_SIZE, PAGE_READWRITE);
        assert_ok(write_byte(space, base, 1));
        assert_ok(release(space, base, 0));
    }
    assert_true(m.recorder.table_calls > calls + 1 && m.recorder.table_calls < calls + 20);
    process_destroy(&m, space);
    assert_int_equal(m.mm->quarantine.count, 0);
    machine_destroy(&m);
}

/* Exit tells the engine once, not page by page. */
static void exit_is_one_call(void **state)
{
    struct machine m;
    (void)state;

    machine_create(&m, 64 * MB, 0, WITH_ENGINE);
    struct mm_space *space = process_create(&m);
    uint64_t base = allocate(space, 0, 4 * MB, PAGE_READWRITE);
    for (uint64_t at = 0; at < 4 * MB; at += PAGE_SIZE)
        assert_ok(write_byte(space, base + at, 1));
    mm_space_clean(space);
    assert_int_equal(m.recorder.invalidate_calls, 0);
    assert_int_equal(m.recorder.table_calls, 1);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, base, 1));
    EPROCESS *process = mm_space_process(space);
    mm_space_destroy(space);
    ex_free_pool(m.mm, process);
    machine_destroy(&m);
}

/* What one process frees never shows in another. */
static void nothing_leaks(void **state)
{
    struct machine m;
    uint8_t byte;
    (void)state;

    machine_create(&m, 32 * MB, 0, 0);
    for (int round = 0; round < 3; round++) {
        struct mm_space *space = process_create(&m);
        uint64_t size = 8 * MB, base = allocate(space, 0, size, PAGE_READWRITE);
        for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
            assert_ok(read_byte(space, base + at + 77, &byte));
            assert_int_equal(byte, 0);
            assert_ok(write_byte(space, base + at + 77, 0xEE));
        }
        process_destroy(&m, space);
    }
    machine_destroy(&m);
}

/* Two machines in one host process know nothing of each other. */
static void two_machines(void **state)
{
    struct machine a, b;
    uint8_t byte;
    (void)state;

    machine_create(&a, 32 * MB, 0, WITH_THREADS);
    machine_create(&b, 64 * MB, 0, WITH_THREADS);
    struct mm_space *in_a = process_create(&a), *in_b = process_create(&b);
    allocate(in_a, 0x40000000, PAGE_SIZE, PAGE_READWRITE);
    allocate(in_b, 0x40000000, PAGE_SIZE, PAGE_READWRITE);
    assert_ok(write_byte(in_a, 0x40000000, 'a'));
    assert_ok(write_byte(in_b, 0x40000000, 'b'));
    assert_ok(read_byte(in_a, 0x40000000, &byte));
    assert_int_equal(byte, 'a');
    process_destroy(&a, in_a);
    machine_destroy(&a);
    assert_ok(read_byte(in_b, 0x40000000, &byte));
    assert_int_equal(byte, 'b');
    process_destroy(&b, in_b);
    machine_destroy(&b);
}

static void translate(void **state)
{
    struct machine m;
    uint64_t pa = 0;
    (void)state;

    machine_create(&m, 32 * MB, 0, 0);
    struct mm_space *space = process_create(&m);
    uint64_t base = allocate(space, 0, PAGE_SIZE, PAGE_READWRITE);
    assert_false(mm_translate(space, base, &pa));
    assert_ok(write_byte(space, base + 5, 0x5A));
    assert_true(mm_translate(space, base + 5, &pa));
    assert_int_equal(mm_ram(m.mm)[pa], 0x5A);
    assert_true(mm_translate(space, MM_BOOT_IMAGE_START + 0x201000, &pa));
    assert_int_equal(pa, 0x601000);
    process_destroy(&m, space);
    machine_destroy(&m);
}

/* Two processes of a job, whose commit is held against its limit and their own. */
static void commit_of_a_job(void **state)
{
    struct machine m;
    (void)state;

    machine_create(&m, 64 * MB, 0, WITH_ENGINE);
    struct mm_space *a = process_create(&m), *b = process_create(&m);
    EJOB *job = ex_allocate_pool(m.mm, NonPagedPool, sizeof(*job), mm_tag("Job "));
    uint64_t size = 20 * PAGE_SIZE, base = 0;

    memset(job, 0, sizeof(*job));
    mm_space_set_job(a, job);
    mm_space_set_job(b, job);
    uint64_t before = job->CurrentJobMemoryUsed;
    assert_int_equal(before, mm_space_process(a)->CommitCharge + mm_space_process(b)->CommitCharge);
    job->JobMemoryLimit = before + 20;
    mm_space_process(b)->CommitChargeLimit = mm_space_process(b)->CommitCharge + 5;
    uint64_t mine = allocate(a, 0, 10 * PAGE_SIZE, PAGE_READWRITE);
    assert_status(
        STATUS_COMMITMENT_LIMIT,
        mm_allocate_virtual_memory(a, &base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    size = 6 * PAGE_SIZE;
    assert_status(
        STATUS_COMMITMENT_LIMIT,
        mm_allocate_virtual_memory(b, &base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(job->CurrentJobMemoryUsed, before + 10);
    assert_consistent(&m);
    allocate(b, 0, 5 * PAGE_SIZE, PAGE_READWRITE);
    allocate(a, 0, 5 * PAGE_SIZE, PAGE_READWRITE);
    /* What was committed can be used, though its page tables make it more. */
    assert_ok(write_byte(a, mine, 1));
    assert_true(job->CurrentJobMemoryUsed > job->JobMemoryLimit);
    assert_int_equal(job->PeakJobMemoryUsed, job->CurrentJobMemoryUsed);
    assert_ok(release(a, mine, 0));
    assert_consistent(&m);
    mm_space_set_job(a, NULL);
    assert_int_equal(job->CurrentJobMemoryUsed, mm_space_process(b)->CommitCharge);
    mm_space_clean(b);
    mm_space_set_job(b, NULL);
    assert_int_equal(job->CurrentJobMemoryUsed, 0);
    mm_space_set_job(b, job); /* too late */
    assert_int_equal(job->CurrentJobMemoryUsed, 0);
    process_destroy(&m, a);
    process_destroy(&m, b);
    ex_free_pool(m.mm, job);
    machine_destroy(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousand_processes), cmocka_unit_test(tables_come_and_go),
        cmocka_unit_test(invalidation),       cmocka_unit_test(quarantine),
        cmocka_unit_test(exit_is_one_call),   cmocka_unit_test(nothing_leaks),
        cmocka_unit_test(two_machines),       cmocka_unit_test(translate),
        cmocka_unit_test(commit_of_a_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
