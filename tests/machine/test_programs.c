/* tests/machine/test_programs.c: programs start, run together, and end, in every way they can. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TINY_EXIT_CODE = 42 };

/* How long spinning programs are left alone before something is asked of the machine. */
static void let_it_run(void)
{
    usleep(20000);
}

/* ---- a thousand ---- */

struct runner {
    ntmm_machine *machine;
    unsigned runs;
    unsigned bad; /* ended with another status, or could not be started */
    const char *path;
    int code; /* of its programs; given as their argument too */
};

/* Runs on a host thread of its own, where cmocka's assertions cannot be used. */
static void *run_programs(void *context)
{
    struct runner *r = context;
    char argument[16];
    snprintf(argument, sizeof argument, "%d", r->code);
    const ntmm_program program = {.path = r->path, .command_line = argument};
    for (unsigned i = 0; i < r->runs; i++) {
        ntmm_process *process;
        ntmm_status status = STATUS_PENDING;
        char error[256] = "";
        ntmm_status created =
            ntmm_process_create(r->machine, &program, &process, error, sizeof error);
        if (created < 0) {
            print_error("run %u of %s is not created: 0x%x %s\n", i, r->path, (unsigned)created,
                        error);
            r->bad++;
            continue;
        }
        ntmm_status started = ntmm_process_start(process);
        ntmm_status waited = ntmm_process_wait(process, &status);
        if (started < 0 || waited < 0 || status != r->code) {
            print_error("run %u of %s: start 0x%x, wait 0x%x, exit 0x%x instead of 0x%x\n", i,
                        r->path, (unsigned)started, (unsigned)waited, (unsigned)status,
                        (unsigned)r->code);
            r->bad++;
        }
        ntmm_process_release(process);
    }
    return NULL;
}

static void run_in_threads(struct runner *runners, unsigned count)
{
    pthread_t threads[8];
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_programs, &runners[i]), 0);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(runners[i].bad, 0);
    }
}

static void a_thousand_programs(void **state)
{
    enum { PROGRAMS = SANITIZED ? 100 : 1000, AT_ONCE = 2 };
    struct runner runners[AT_ONCE];
    (void)state;
    ntmm_machine *machine = machine_create(2, 64 * MB, 0, NULL);
    for (unsigned i = 0; i < AT_ONCE; i++) {
        runners[i] = (struct runner){
            .machine = machine, .runs = 4, .path = PROGRAM("tiny"), .code = TINY_EXIT_CODE};
    }
    run_in_threads(runners, AT_ONCE); /* what stays for good (names of folders) is there now */
    ntmm_statistics before = settled(machine);
    for (unsigned i = 0; i < AT_ONCE; i++) {
        runners[i].runs = PROGRAMS / AT_ONCE;
    }
    run_in_threads(runners, AT_ONCE);
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
}

/* ---- at once ---- */

/* Each with threads of its own, from several host threads, on two processors. */
static void programs_from_several_threads(void **state)
{
    enum { HOST_THREADS = 4 };
    struct runner runners[HOST_THREADS];
    (void)state;
    ntmm_machine *machine = machine_create(2, 128 * MB, 0, NULL);
    for (unsigned i = 0; i < HOST_THREADS; i++) {
        runners[i] = (struct runner){
            .machine = machine, .runs = 3, .path = PROGRAM("counter"), .code = (int)(10 + i)};
    }
    run_in_threads(runners, HOST_THREADS);
    machine_destroy(machine);
}

struct first_start {
    ntmm_machine *machine;
    pthread_barrier_t *together;
    ntmm_status status;
    char error[256];
};

static void *start_first(void *context)
{
    struct first_start *f = context;
    const ntmm_program program = {.path = PROGRAM("tiny"), .command_line = ""};
    ntmm_process *process;
    pthread_barrier_wait(f->together);
    f->status = ntmm_process_create(f->machine, &program, &process, f->error, sizeof f->error);
    if (f->status >= 0) {
        f->status = ntmm_process_terminate(process, 0);
        ntmm_process_release(process);
    }
    return NULL;
}

/* The first programs of a machine come from one folder at the same moment: who is not the first
 * must find it on C: all the same. */
static void first_programs_at_once(void **state)
{
    enum { MACHINES = SANITIZED ? 5 : 40, AT_ONCE = 4 };
    (void)state;
    for (unsigned i = 0; i < MACHINES; i++) {
        ntmm_machine *machine = machine_create(2, 64 * MB, 0, NULL);
        struct first_start starts[AT_ONCE];
        pthread_t threads[AT_ONCE];
        pthread_barrier_t together;
        pthread_barrier_init(&together, NULL, AT_ONCE);
        for (unsigned j = 0; j < AT_ONCE; j++) {
            starts[j] = (struct first_start){.machine = machine, .together = &together};
            assert_int_equal(pthread_create(&threads[j], NULL, start_first, &starts[j]), 0);
        }
        for (unsigned j = 0; j < AT_ONCE; j++) {
            pthread_join(threads[j], NULL);
        }
        for (unsigned j = 0; j < AT_ONCE; j++) {
            if (starts[j].status < 0) {
                print_error("%s\n", starts[j].error);
            }
            assert_ok(starts[j].status);
        }
        pthread_barrier_destroy(&together);
        machine_destroy(machine);
    }
}

/* Two machines, each with programs, side by side. */
static void two_machines_run(void **state)
{
    struct runner runners[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        runners[i] = (struct runner){.machine = machine_create(1, 64 * MB, 0, NULL),
                                     .runs = 3,
                                     .path = PROGRAM("counter"),
                                     .code = (int)(20 + i)};
    }
    run_in_threads(runners, 2);
    for (unsigned i = 0; i < 2; i++) {
        machine_destroy(runners[i].machine);
    }
}

/* ---- spinning ---- */

/* One processor, two programs that never give it up: a third gets its turn, and they can be ended.
 */
static void spinning_programs_share_a_processor(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(1, 64 * MB, 0, NULL);
    ntmm_process *one = start(machine, PROGRAM("spin"), NULL);
    ntmm_process *two = start(machine, PROGRAM("spin"), NULL);
    let_it_run();
    assert_int_equal(finish(start(machine, PROGRAM("tiny"), NULL)), TINY_EXIT_CODE);
    assert_ok(ntmm_process_terminate(one, 17));
    assert_int_equal(finish(one), 17);
    assert_int_equal(finish(start(machine, PROGRAM("tiny"), NULL)), TINY_EXIT_CODE);
    assert_ok(ntmm_process_terminate(two, STATUS_CONTROL_C_EXIT));
    assert_status(STATUS_CONTROL_C_EXIT, finish(two));
    machine_destroy(machine);
}

/* Memory of a program can be read and changed while it runs. */
static void memory_of_a_running_program(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(2, 64 * MB, 0, NULL);
    ntmm_process *process = start(machine, PROGRAM("spin"), NULL);
    let_it_run();
    for (unsigned i = 0; i < 50; i++) {
        uint64_t base = 0, size = 16 * 4096, whole = 0;
        uint32_t old;
        char text[6] = "";
        assert_ok(ntmm_allocate(process, &base, 0, &size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT,
                                NTMM_PAGE_READWRITE));
        assert_ok(ntmm_write(process, base + 4093, "hello", 6, NULL));
        assert_ok(ntmm_protect(process, &base, &size, NTMM_PAGE_READONLY, &old));
        assert_status(STATUS_ACCESS_VIOLATION, ntmm_write(process, base, "x", 1, NULL));
        assert_ok(ntmm_read(process, base + 4093, text, sizeof text, NULL));
        assert_string_equal(text, "hello");
        assert_ok(ntmm_free(process, &base, &whole, NTMM_MEM_RELEASE));
    }
    assert_ok(ntmm_process_terminate(process, 1));
    assert_int_equal(finish(process), 1);
    machine_destroy(machine);
}

/* ---- ends ---- */

static void ended_before_it_started(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(1, 64 * MB, 0, NULL);
    ntmm_process_release(create(machine, PROGRAM("tiny"), NULL));
    ntmm_statistics before = settled(machine);
    ntmm_process_release(create(machine, PROGRAM("tiny"), NULL));
    ntmm_process *process = create(machine, PROGRAM("spin"), NULL);
    assert_ok(ntmm_process_terminate(process, 5));
    assert_int_equal(ntmm_process_start(process), STATUS_PROCESS_IS_TERMINATING);
    assert_int_equal(finish(process), 5);
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
}

/* The caller lets go of a program that runs; it ends by itself. */
static void released_while_running(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(1, 64 * MB, 0, NULL);
    for (unsigned i = 0; i < 5; i++) {
        ntmm_process_release(start(machine, PROGRAM("counter"), "3"));
    }
    assert_int_equal(finish(start(machine, PROGRAM("counter"), "4")), 4);
    machine_destroy(machine);
}

static void machine_destroyed_while_programs_run(void **state)
{
    (void)state;
    for (unsigned i = 0; i < (SANITIZED ? 2 : 5); i++) {
        ntmm_machine *machine = machine_create(2, 64 * MB, 0, NULL);
        ntmm_process_release(start(machine, PROGRAM("spin"), NULL));
        ntmm_process_release(start(machine, PROGRAM("spin"), NULL));
        ntmm_process_release(start(machine, PROGRAM("counter"), "1"));
        ntmm_process_release(create(machine, PROGRAM("tiny"), NULL));
        usleep(i * 3000);
        ntmm_machine_destroy(machine);
    }
}

/* ---- no memory ---- */

/* As good as no page file: the commit limit is met before RAM is out, and the program is told. */
static void program_meets_the_commit_limit(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(2, 64 * MB, 1, NULL);
    assert_int_equal(finish(start(machine, PROGRAM("greedy"), NULL)), 0);
    ntmm_statistics before = settled(machine);
    assert_int_equal(finish(start(machine, PROGRAM("greedy"), NULL)), 0);
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
}

/* More committed and used than there is RAM: it pages, and every byte comes back. */
static void program_larger_than_ram(void **state)
{
    (void)state;
    ntmm_machine *machine = machine_create(1, 64 * MB, 128 * MB, NULL);
    assert_int_equal(finish(start(machine, PROGRAM("greedy"), "all")), 0);
    assert_int_equal(finish(start(machine, PROGRAM("greedy"), NULL)), 0);
    assert_int_equal(finish(start(machine, PROGRAM("counter"), "6")), 6);
    machine_destroy(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_programs),
        cmocka_unit_test(programs_from_several_threads),
        cmocka_unit_test(first_programs_at_once),
        cmocka_unit_test(two_machines_run),
        cmocka_unit_test(spinning_programs_share_a_processor),
        cmocka_unit_test(memory_of_a_running_program),
        cmocka_unit_test(ended_before_it_started),
        cmocka_unit_test(released_while_running),
        cmocka_unit_test(machine_destroyed_while_programs_run),
        cmocka_unit_test(program_meets_the_commit_limit),
        cmocka_unit_test(program_larger_than_ram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
