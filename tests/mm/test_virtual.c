/* tests/mm/test_virtual.c: private memory, call by call. */
#include "support.h"

static struct machine machine;
static struct mm_space *space;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 64 * MB, 0, WITH_ENGINE);
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

/* Reserve, commit, write, read back, decommit, release. */
static void life_of_a_page(void **state)
{
    uint8_t byte = 0;
    (void)state;

    uint64_t base = reserve(space, 0x40000000, 64 * KB);
    assert_int_equal(base, 0x40000000);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, base, 'a'));
    assert_ok(commit(space, base, 4096, PAGE_READWRITE));
    assert_ok(write_byte(space, base, 'a'));
    assert_ok(read_byte(space, base, &byte));
    assert_int_equal(byte, 'a');
    assert_consistent(&machine);
    assert_ok(decommit(space, base, 4096));
    assert_status(STATUS_ACCESS_VIOLATION, read_byte(space, base, &byte));
    assert_ok(commit(space, base, 4096, PAGE_READWRITE));
    assert_ok(read_byte(space, base, &byte));
    assert_int_equal(byte, 0);
    assert_ok(release(space, base, 0));
    assert_status(STATUS_ACCESS_VIOLATION, read_byte(space, base, &byte));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(life_of_a_page, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
