/* tests/api/test_limits.c: RAM, commit and pool run out; a thousand processes come and go.
 *
 * Whoever asks for more than there is gets the documented status, nothing is half done, others go
 * on, and when the greedy one has gone every count is where it was. */
#include "support.h"

#include <stdlib.h>

#define SMALL_RAM (32 * MB)

/* Commit without touching, until the limit; others then get what is given back. */
static void commit_runs_out(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(SMALL_RAM, 16 * MB);
    ntmm_statistics before = settled(machine);
    ntmm_process *greedy = process_create(machine), *other = process_create(machine);
    ntmm_status status;
    uint64_t base = 0, size = MB, last = 0, chunks = 0;
    while ((status = ntmm_allocate(greedy, &base, 0, &size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT,
                                   NTMM_PAGE_READWRITE)) >= 0) {
        last = base;
        base = 0;
        chunks++;
    }
    assert_status(STATUS_COMMITMENT_LIMIT, status);
    ntmm_statistics full = settled(machine);
    assert_in_range(chunks, 16, (SMALL_RAM + 16 * MB) / MB);
    assert_true(full.committed_pages <= full.commit_limit);
    assert_true(full.commit_limit - full.committed_pages < full.commit_limit / 8);
    /* Reserving needs no commit; committing what is reserved does. */
    uint64_t reserved = 0;
    assert_ok(ntmm_allocate(other, &reserved, 0, &size, NTMM_MEM_RESERVE, NTMM_PAGE_READWRITE));
    assert_status(STATUS_COMMITMENT_LIMIT,
                  allocate(other, reserved, size, MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(query(other, reserved).state, MEM_RESERVE);
    assert_consistent(machine);
    assert_ok(release(greedy, last, 0));
    assert_ok(allocate(other, reserved, size, MEM_COMMIT, PAGE_READWRITE));
    assert_ok(ntmm_touch(other, reserved, NTMM_WRITE));
    ntmm_process_release(greedy);
    assert_ok(ntmm_touch(other, reserved + PAGE, NTMM_WRITE));
    ntmm_process_release(other);
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
}

/* Touch committed memory, of which there is twice as much as RAM: it pages. */
static void more_than_ram(void **state)
{
    const uint64_t size = 64 * MB;
    (void)state;
    ntmm_machine *machine = machine_create(SMALL_RAM, 128 * MB);
    ntmm_statistics before = settled(machine);
    ntmm_process *greedy = process_create(machine), *other = process_create(machine);
    uint64_t base = committed(greedy, size, PAGE_READWRITE);
    uint64_t kept = committed(other, PAGE, PAGE_READWRITE);
    assert_ok(ntmm_write(other, kept, "kept", 4, NULL));
    for (uint64_t at = 0; at < size; at += PAGE) {
        assert_ok(ntmm_write(greedy, base + at, &at, sizeof at, NULL));
    }
    assert_consistent(machine);
    for (uint64_t at = 0, back; at < size; at += PAGE) {
        assert_ok(ntmm_read(greedy, base + at, &back, sizeof back, NULL));
        assert_int_equal(back, at);
    }
    /* Who had memory has it still; a new process finds room. */
    char text[4];
    assert_ok(ntmm_read(other, kept, text, sizeof text, NULL));
    assert_memory_equal(text, "kept", 4);
    ntmm_process *another = process_create(machine);
    assert_consistent(machine);
    ntmm_process_release(another);
    ntmm_process_release(greedy);
    ntmm_process_release(other);
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
}

/* Page tables spread as thinly as can be: one page in each 2 MB. */
static void page_tables_run_out(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(SMALL_RAM, 0);
    ntmm_statistics before = settled(machine);
    ntmm_process *process = process_create(machine);
    ntmm_status status = STATUS_SUCCESS;
    uint64_t base = 0x100000000, tables = 0;
    for (; status >= 0 && tables < SMALL_RAM / PAGE; base += 2 * MB, tables++) {
        status = allocate(process, base, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (status >= 0) {
            status = ntmm_touch(process, base, NTMM_WRITE);
        }
    }
    assert_true(status == STATUS_COMMITMENT_LIMIT || status == STATUS_NO_MEMORY);
    assert_true(settled(machine).page_table_pages + 2 >= tables);
    assert_consistent(machine);
    ntmm_process_release(process);
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
}

/* Reservations cost only pool; processes cost a little of everything. */
static void processes_until_nothing_is_left(void **state)
{
    enum { MOST = 20000 };
    ntmm_process **processes = calloc(MOST, sizeof *processes);
    size_t count = 0;
    ntmm_status status = STATUS_SUCCESS;
    (void)state;
    assert_non_null(processes);
    ntmm_machine *machine = machine_create(SMALL_RAM, 0);
    ntmm_statistics before = settled(machine);
    while (count < MOST && status >= 0) {
        status = ntmm_process_create(machine, NULL, &processes[count], NULL, 0);
        count += status >= 0;
    }
    assert_true(count > 100 && count < MOST);
    assert_true(status == STATUS_NO_MEMORY || status == STATUS_COMMITMENT_LIMIT ||
                status == STATUS_INSUFFICIENT_RESOURCES);
    assert_consistent(machine);
    /* Any one of them makes room for another. */
    ntmm_process_release(processes[count / 2]);
    processes[count / 2] = process_create(machine);
    for (size_t i = 0; i < count; i++) {
        ntmm_process_release(processes[i]);
    }
    free(processes);
    ntmm_statistics after = settled(machine);
    assert_int_equal(after.active + after.available_pages, before.active + before.available_pages);
    assert_int_equal(after.page_table_pages, before.page_table_pages);
    assert_consistent(machine);
    machine_destroy(machine);
}

/* Processes with some private memory in different states, some ended and some just released. */
static void use(ntmm_process *process, unsigned number)
{
    uint64_t base = committed(process, (1 + number % 40) * PAGE, PAGE_READWRITE);
    for (unsigned page = 0; page <= number % 40; page += 3) {
        assert_ok(ntmm_touch(process, base + page * PAGE, NTMM_WRITE));
    }
    assert_ok(allocate(process, 0x40000000, MB, MEM_RESERVE, PAGE_READWRITE));
    assert_ok(allocate(process, 0x40003000, 4 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_ok(ntmm_write(process, 0x40004FFF, "ab", 2, NULL));
    assert_ok(protect(process, 0x40004000, PAGE, PAGE_READWRITE | PAGE_GUARD));
    if (number % 3 == 0) {
        assert_ok(release(process, base, 0));
    }
    if (number % 2) {
        assert_ok(ntmm_process_terminate(process, (ntmm_status)number));
    }
}

static void a_thousand_processes(void **state)
{
    enum { PROCESSES = 1000, AT_ONCE = 10 };
    ntmm_process *process[AT_ONCE];
    (void)state;
    ntmm_machine *machine = machine_create(SMALL_RAM, 0);
    ntmm_statistics before = settled(machine);
    for (unsigned i = 0; i < PROCESSES; i += AT_ONCE) {
        for (unsigned j = 0; j < AT_ONCE; j++) {
            process[j] = process_create(machine);
            use(process[j], i + j);
        }
        for (unsigned j = 0; j < AT_ONCE; j++) {
            ntmm_process_release(process[(j * 7) % AT_ONCE]);
        }
        if (i % 250 == 0) {
            assert_consistent(machine);
        }
    }
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commit_runs_out),      cmocka_unit_test(more_than_ram),
        cmocka_unit_test(page_tables_run_out),  cmocka_unit_test(processes_until_nothing_is_left),
        cmocka_unit_test(a_thousand_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
