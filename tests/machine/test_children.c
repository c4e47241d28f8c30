/* tests/machine/test_children.c: programs that start programs, and what is left of them. */
#include "support.h"

#include <unistd.h>

/* How long programs are left alone before something is asked of the machine. */
static void let_it_run(void)
{
    usleep(20000);
}

/* Run families twice over: the second time leaves what the first left. */
static void assert_leaves_nothing(ntmm_machine *machine, const char *what, ntmm_status expected,
                                  unsigned at_once)
{
    ntmm_statistics before, after;
    for (unsigned round = 0; round < 3; round++) {
        ntmm_process *process[8];
        before = after;
        for (unsigned i = 0; i < at_once; i++) {
            process[i] = start(machine, PROGRAM("family"), what);
        }
        for (unsigned i = 0; i < at_once; i++) {
            assert_status(expected, finish(process[i]));
        }
        ntmm_wait_all(machine);
        after = settled(machine);
    }
    assert_same_counts(&before, &after);
}

static void families_leave_nothing(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(2, 128 * MB, 0, NULL);
    assert_leaves_nothing(machine, "work", 7, 1);
    assert_leaves_nothing(machine, "work", 7, SANITIZED ? 2 : 4);
    machine_destroy(machine);
}

/* A child that outlives its parent is waited for as well, and has a console till then. */
static void orphans_end_by_themselves(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(1, 64 * MB, 0, NULL);
    assert_leaves_nothing(machine, "orphan", 5, 2);
    machine_destroy(machine);
}

static void a_child_ends_its_parent(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(2, 64 * MB, 0, NULL);
    assert_leaves_nothing(machine, "victim", 9, 2);
    machine_destroy(machine);
}

/* No memory for one more: the parent is told, nothing is lost, and the next program runs. */
static void a_crowd_meets_the_commit_limit(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(2, 64 * MB, 1, NULL);
    assert_leaves_nothing(machine, "crowd", 7, 1);
    machine_destroy(machine);
}

/* Programs that start others faster than they could be ended one by one. */
static void breeding_programs_can_be_ended(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(2, 64 * MB, 0, NULL);
    ntmm_process *process = start(machine, PROGRAM("family"), "breed");
    let_it_run();
    ntmm_terminate_all(machine, 77);
    ntmm_wait_all(machine);
    assert_int_equal(finish(process), 77);
    machine_destroy(machine);
    machine = machine_create(2, 64 * MB, 0, NULL);
    ntmm_process_release(start(machine, PROGRAM("family"), "breed"));
    let_it_run();
    ntmm_machine_destroy(machine);
}

/* Children that nobody lets run, and parents that are gone. */
static void machine_destroyed_with_families(void **state)
{
    (void)state;
    for (unsigned i = 0; i < (SANITIZED ? 2 : 6); i++) {
        ntmm_machine *machine = machine_create(2, 64 * MB, 0, NULL);
        ntmm_process_release(start(machine, PROGRAM("family"), "work"));
        ntmm_process_release(start(machine, PROGRAM("family"), "crowd"));
        ntmm_process_release(start(machine, PROGRAM("family"), "victim"));
        usleep(i * 4000);
        ntmm_machine_destroy(machine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_leave_nothing),
        cmocka_unit_test(orphans_end_by_themselves),
        cmocka_unit_test(a_child_ends_its_parent),
        cmocka_unit_test(a_crowd_meets_the_commit_limit),
        cmocka_unit_test(breeding_programs_can_be_ended),
        cmocka_unit_test(machine_destroyed_with_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
