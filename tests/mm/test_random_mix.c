/* tests/mm/test_random_mix.c: all calls at random, and the whole state checked after each.
 *
 *      one thread       a step, the check, a step, the check ...
 *      several threads  each takes a step, all at once; when all are done, the check
 *      rounds           each takes many steps before the check, so that they drift apart
 *
 * NTMM_SEED repeats a run of the first kind; of the others it repeats the calls, not their order.
 * NTMM_LONGER multiplies the steps (script/soak).
 */
#include "mix.h"

#define THREADS 8u
#define STEPS 1000u

static struct mix mix;

struct crew {
    struct mix_worker worker[THREADS];
    pthread_barrier_t barrier;
    uint64_t rounds;
    unsigned steps; /* of each in a round */
    size_t violations;
};

struct member {
    pthread_t thread;
    struct crew *crew;
    struct mix_worker *worker;
};

static void one_thread(void **state)
{
    uint64_t seed = random_seed();
    struct mix_worker worker = {.mix = &mix, .random = seed};
    (void)state;

    mix_create(&mix, 0);
    mix.alone = true;
    for (unsigned steps = random_steps(STEPS); steps; steps--) {
        mix_step(&worker);
        mix_assert_right(&worker);
        assert_consistent(&mix.machine);
    }
    mix_destroy(&mix);
    random_report(worker.steps, "", MIX_PROCESSES, 1, seed);
}

/* One thread of a round: what was wrong stops all of them, after the check. */
static void *work(void *argument)
{
    struct member *member = argument;
    struct crew *crew = member->crew;
    bool stop = false;

    for (uint64_t round = 0; round < crew->rounds && !stop; round++) {
        for (unsigned i = 0; i < crew->steps; i++)
            mix_step(member->worker);
        if (pthread_barrier_wait(&crew->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            crew->violations = mm_check(mix.machine.mm);
        pthread_barrier_wait(&crew->barrier);
        stop = crew->violations > 0;
        for (unsigned i = 0; i < THREADS; i++)
            stop |= crew->worker[i].wrong != NULL;
        pthread_barrier_wait(&crew->barrier);
    }
    return NULL;
}

static uint64_t run(struct crew *crew, uint64_t seed)
{
    struct member member[THREADS];
    uint64_t steps = 0;

    pthread_barrier_init(&crew->barrier, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        crew->worker[i] = (struct mix_worker){.mix = &mix, .random = seed + i * 0x9E3779B97F4A7C15};
        member[i] = (struct member){.crew = crew, .worker = &crew->worker[i]};
        assert_int_equal(pthread_create(&member[i].thread, NULL, work, &member[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(member[i].thread, NULL);
    pthread_barrier_destroy(&crew->barrier);
    for (unsigned i = 0; i < THREADS; i++) {
        mix_assert_right(&crew->worker[i]);
        steps += crew->worker[i].steps;
    }
    if (crew->violations)
        print_error("%s\n", mix.machine.recorder.message);
    assert_int_equal(crew->violations, 0);
    return steps;
}

static void several_threads(void **state)
{
    struct crew crew = {.rounds = random_steps(4 * STEPS / THREADS), .steps = 1};
    uint64_t seed = random_seed();
    (void)state;

    mix_create(&mix, WITH_THREADS);
    uint64_t steps = run(&crew, seed);
    mix_destroy(&mix);
    random_report(steps, " eight at once", MIX_PROCESSES, THREADS, seed);
}

static void rounds(void **state)
{
    struct crew crew = {.rounds = random_steps(4 * STEPS / THREADS / 100), .steps = 100};
    uint64_t seed = random_seed();
    (void)state;

    mix_create(&mix, WITH_THREADS);
    uint64_t steps = run(&crew, seed);
    mix_destroy(&mix);
    random_report(steps, " round of 800", MIX_PROCESSES, THREADS, seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread),
        cmocka_unit_test(several_threads),
        cmocka_unit_test(rounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
