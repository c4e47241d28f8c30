/* tests/machine/test_pressure.c: programs that use several times as much memory as there is, at
 * once, with every byte right in the end; see programs/pressure.c and names.c. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "machine/machine.h"
#include "mm/mi.h"

#define RAM (32 * MB)
#define PROGRAMS 3u
/* Each writes three areas and copies a quarter: together four times the RAM. */
#define PAGES (SANITIZED ? "1500" : "3200")

static char folder[] = "/tmp/ntmm-pressure-XXXXXX"; /* C:\\work */

static ntmm_machine *create_small_machine(void)
{
    return machine_create_in(folder, false, 2, RAM, 512 * MB);
}

static void run_programs(ntmm_machine *machine)
{
    ntmm_process *process[PROGRAMS];
    for (unsigned i = 0; i < PROGRAMS; i++) {
        char arguments[64];
        snprintf(arguments, sizeof arguments, "%u %s", i + 1, PAGES);
        process[i] = start(machine, PROGRAM("pressure"), arguments);
    }
    for (unsigned i = 0; i < PROGRAMS; i++) {
        assert_int_equal(finish(process[i]), 0);
    }
}

static void several_programs_larger_than_ram(void **state)
{
    (void)state;
    ntmm_machine *machine = create_small_machine();
    run_programs(machine);
    machine_destroy(machine);
}

/* Names of objects lie in paged pool, whose pages leave memory for the program's, and are read back
 * when the names are looked for. */
static void names_leave_memory(void **state)
{
    (void)state;
    ntmm_machine *machine = create_small_machine();
    const MMSUPPORT *pool = machine->ke.nt.MmPagedPoolWs;
    ULONG hard = pool->HardFaultCount;
    assert_int_equal(finish(start(machine, PROGRAM("names"), "2000 8000")), 0);
    if (host_windows_ready()) {
        assert_true(pool->HardFaultCount > hard);
    }
    machine_destroy(machine);
}

struct disturber {
    ntmm_machine *machine;
    pthread_t thread;
    bool stop;
};

/* Trim, write and check at moments that have nothing to do with what programs need. */
static void *disturb(void *context)
{
    struct disturber *d = context;
    struct mm *mm = d->machine->mm;
    uint64_t random = random_seed();
    bool busy;
    while (!__atomic_load_n(&d->stop, __ATOMIC_RELAXED)) {
        unsigned what = random_below(&random, 64);
        ke_enter(&d->machine->ke);
        if (what < 24) {
            mi_trim_all(mm, what * 32 + 1, what % 2, &busy);
        } else if (what < 44) {
            mi_write_modified(mm, what);
        } else {
            mi_write_mapped(mm, what);
        }
        ke_leave(&d->machine->ke);
        if (what == 63 && ntmm_check(d->machine) != 0) {
            return d;
        }
        nanosleep(&(struct timespec){.tv_nsec = random_below(&random, 3000000)}, NULL);
    }
    return NULL;
}

static void trimmed_and_written_at_random_moments(void **state)
{
    (void)state;
    struct disturber d = {.machine = create_small_machine()};
    void *failed;
    assert_int_equal(pthread_create(&d.thread, NULL, disturb, &d), 0);
    run_programs(d.machine);
    __atomic_store_n(&d.stop, true, __ATOMIC_RELAXED);
    pthread_join(d.thread, &failed);
    assert_null(failed);
    machine_destroy(d.machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_programs_larger_than_ram),
        cmocka_unit_test(names_leave_memory),
        cmocka_unit_test(trimmed_and_written_at_random_moments),
    };
    if (!mkdtemp(folder)) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
