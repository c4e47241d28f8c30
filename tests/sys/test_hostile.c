/* A machine under attack: programs/fuzz.c calls every service with arguments that mean harm, beside
 * a well-behaved program. Whatever becomes of the attacker, the machine under it must stay whole:
 * the neighbour ends as it should, a fresh program runs, the checkers find nothing, and every page
 * comes back.
 *
 *      test_hostile FUZZ.exe GOOD.exe [FIRST_SEED [ROUNDS [CALLS]]]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>

#include "ntmm.h"

#define GOOD_EXIT 0
#define KILLED 0x77
#define PATIENCE_SECONDS 6

static const char *fuzz_program, *good_program;
static unsigned long first_seed = 1, rounds = 6, calls = 3000;

static void quiet(void *context, int level, const char *message)
{
    (void)context;
    (void)level;
    (void)message;
}

static ntmm_process *start(ntmm_machine *m, const char *path, const char *command_line)
{
    ntmm_process *process;
    char error[256];
    const ntmm_program program = {.path = path, .command_line = command_line};
    if (ntmm_process_create(m, &program, &process, error, sizeof error) < 0) {
        fail_msg("%s: %s", path, error);
    }
    assert_int_equal(ntmm_process_start(process), 0);
    return process;
}

static ntmm_status finish(ntmm_process *process)
{
    ntmm_status status = -1;
    ntmm_process_wait(process, &status);
    ntmm_process_release(process);
    return status;
}

/* An attacker may well have stopped itself for good; then it is ended from outside. */
struct guard {
    ntmm_process *process;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool over;
};

static void *end_when_late(void *argument)
{
    struct guard *g = argument;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_SECONDS;
    pthread_mutex_lock(&g->lock);
    while (!g->over && pthread_cond_timedwait(&g->ended, &g->lock, &until) == 0) {
    }
    if (!g->over) {
        ntmm_process_terminate(g->process, KILLED);
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

static void attack(ntmm_machine *m, unsigned long seed)
{
    char arguments[64];
    struct guard g = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    pthread_t watcher;
    snprintf(arguments, sizeof arguments, "%lu %lu", seed, calls);
    g.process = start(m, fuzz_program, arguments);
    ntmm_process *neighbour = start(m, good_program, "");
    assert_int_equal(pthread_create(&watcher, NULL, end_when_late, &g), 0);
    ntmm_process_wait(g.process, NULL);
    pthread_mutex_lock(&g.lock);
    g.over = true;
    pthread_cond_signal(&g.ended);
    pthread_mutex_unlock(&g.lock);
    pthread_join(watcher, NULL);
    ntmm_process_release(g.process);
    /* The attacker may open and end its neighbour: nothing forbids that on Windows either. */
    finish(neighbour);
}

static void machine_stays_whole(void **state)
{
    (void)state;
    ntmm_machine *m;
    ntmm_statistics before, after;
    char error[256] = "";
    const char *engine = getenv("NTMM_ENGINE");
    const ntmm_options options = {.ram_size = 128u << 20,
                                  .cpus = 4,
                                  .engine = engine ? engine : "auto",
                                  .work = ".",
                                  .log = quiet};
    if (ntmm_machine_create(&options, &m, error, sizeof error) < 0) {
        print_message("%s\n", error);
        skip(); /* no engine on this host */
    }
    for (unsigned long i = 0; i < rounds; i++) {
        print_message("seed %lu\n", first_seed + i);
        ntmm_settle(m);
        ntmm_get_statistics(m, &before);
        attack(m, first_seed + i);
        assert_int_equal(finish(start(m, good_program, "")), GOOD_EXIT);
        assert_int_equal(ntmm_check(m), 0);
        ntmm_settle(m);
        ntmm_get_statistics(m, &after);
        assert_int_equal(after.committed_pages, before.committed_pages);
    }
    ntmm_machine_destroy(m);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "test_hostile FUZZ.exe GOOD.exe [FIRST_SEED [ROUNDS [CALLS]]]\n");
        return 2;
    }
    fuzz_program = argv[1];
    good_program = argv[2];
    first_seed = argc > 3 ? strtoul(argv[3], NULL, 0) : first_seed;
    rounds = argc > 4 ? strtoul(argv[4], NULL, 0) : rounds;
    calls = argc > 5 ? strtoul(argv[5], NULL, 0) : calls;
    const struct CMUnitTest tests[] = {cmocka_unit_test(machine_stays_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
