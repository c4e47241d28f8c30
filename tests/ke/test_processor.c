/* tests/ke/test_processor.c: processors, suspension, freezing, time. */
#include "ke_fixture.h"

#include <time.h>

/* User code: runs until told to end, counting; comes out of user mode when asked, as an engine
 * does. */
static void spin(struct runner *r)
{
    while (ke_prepare_user_mode(&r->f->ke, r->thread) == KE_RUN_USER)
        __atomic_add_fetch(&r->value, 1, __ATOMIC_RELAXED);
}

static int64_t progress(struct runner *r)
{
    return __atomic_load_n(&r->value, __ATOMIC_RELAXED);
}

static void await_progress(struct runner *r)
{
    int64_t before = progress(r);

    while (progress(r) < before + 10)
        sched_yield();
}

/* Three threads share one processor; every one gets ahead. */
static void quantum_serves_all(void **state)
{
    struct fixture *f = fixture_create(1);
    struct runner r[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        runner_start(&r[i], f, spin, NULL);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3; i++)
            await_progress(&r[i]);
    }
    assert_true(__atomic_load_n(&f->preempted, __ATOMIC_ACQUIRE) & 1);
    ke_acquire_lock(&f->ke.processors.lock);
    assert_int_equal(f->ke.processors.busy, 1);
    ke_release_lock(&f->ke.processors.lock);
    for (int i = 0; i < 3; i++)
        ke_terminate_thread(&f->ke, r[i].thread);
    for (int i = 0; i < 3; i++)
        runner_join(&r[i]);
    assert_int_equal(f->ke.processors.prcb[0]->ReadySummary, 0);
    fixture_destroy(f);
}

/* A more urgent thread does not wait for the quantum's end. */
static void urgent_threads_come_first(void **state)
{
    struct fixture *f = fixture_create(1);
    struct runner low, high;

    (void)state;
    runner_start(&low, f, spin, NULL);
    await_progress(&low);
    f->process->Pcb.BasePriority = 13;
    runner_start(&high, f, spin, NULL);
    await_progress(&high);
    assert_int_equal(fixture_state(low.thread), KE_THREAD_READY);
    ke_acquire_lock(&f->ke.processors.lock);
    assert_int_equal(f->ke.processors.prcb[0]->ReadySummary, 1u << 8);
    assert_ptr_equal(k2h(&f->ke.ks, f->ke.processors.prcb[0]->CurrentThread), high.thread);
    ke_release_lock(&f->ke.processors.lock);
    ke_terminate_thread(&f->ke, high.thread);
    runner_join(&high);
    await_progress(&low);
    ke_terminate_thread(&f->ke, low.thread);
    runner_join(&low);
    fixture_destroy(f);
}

static void suspension_counts(void **state)
{
    struct fixture *f = fixture_create(2);
    struct runner r;
    ULONG previous;
    int64_t before;

    (void)state;
    runner_start(&r, f, spin, NULL);
    await_progress(&r);
    assert_int_equal(ke_suspend_thread(&f->ke, r.thread, &previous), STATUS_SUCCESS);
    assert_int_equal(previous, 0);
    assert_int_equal(ke_suspend_thread(&f->ke, r.thread, &previous), STATUS_SUCCESS);
    assert_int_equal(previous, 1);
    fixture_await_state(r.thread, KE_THREAD_WAITING);
    assert_int_equal(r.thread->WaitReason, Suspended);
    before = progress(&r);
    assert_int_equal(ke_resume_thread(&f->ke, r.thread), 2);
    assert_int_equal(fixture_state(r.thread), KE_THREAD_WAITING);
    assert_int_equal(progress(&r), before);
    assert_int_equal(ke_resume_thread(&f->ke, r.thread), 1);
    await_progress(&r);
    assert_int_equal(ke_resume_thread(&f->ke, r.thread), 0);

    for (int i = 0; i < MAXIMUM_SUSPEND_COUNT; i++)
        assert_int_equal(ke_suspend_thread(&f->ke, r.thread, NULL), STATUS_SUCCESS);
    assert_int_equal(ke_suspend_thread(&f->ke, r.thread, NULL), STATUS_SUSPEND_COUNT_EXCEEDED);
    ke_terminate_thread(&f->ke, r.thread); /* also ends a suspended thread */
    runner_join(&r);
    assert_int_equal(ke_suspend_thread(&f->ke, r.thread, NULL), STATUS_THREAD_IS_TERMINATING);
    fixture_destroy(f);
}

static void sleeper(struct runner *r)
{
    while (ke_prepare_user_mode(&r->f->ke, r->thread) == KE_RUN_USER) {
        __atomic_add_fetch(&r->value, 1, __ATOMIC_RELAXED);
        (void)ke_delay_execution(&r->f->ke, r->thread, UserMode, false, -TICKS_PER_MS);
    }
}

/* While frozen nothing of the guest moves, and time stands still. */
static void freeze_stops_everything(void **state)
{
    struct fixture *f = fixture_create(2);
    struct runner r[3];
    int64_t values[3], now;
    struct timespec pause = {.tv_nsec = 5000000};

    (void)state;
    runner_start(&r[0], f, spin, NULL);
    runner_start(&r[1], f, sleeper, NULL);
    runner_start(&r[2], f, spin, NULL);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 3; i++)
            await_progress(&r[i]);
        ke_freeze(&f->ke);
        assert_int_equal(ke_inside_count(&f->ke.processors.inside), 0);
        now = ke_query_interrupt_time(&f->ke);
        for (int i = 0; i < 3; i++)
            values[i] = progress(&r[i]);
        nanosleep(&pause, NULL);
        for (int i = 0; i < 3; i++)
            assert_int_equal(progress(&r[i]), values[i]);
        assert_int_equal(ke_query_interrupt_time(&f->ke), now);
        ke_thaw(&f->ke);
    }
    ke_freeze(&f->ke);
    for (int i = 0; i < 3; i++)
        ke_terminate_thread(&f->ke, r[i].thread);
    ke_thaw(&f->ke);
    for (int i = 0; i < 3; i++)
        runner_join(&r[i]);
    fixture_destroy(f);
}

struct ping_pong {
    KEVENT *ping, *pong;
};

static void answer(struct runner *r)
{
    struct ping_pong *p = r->object;
    struct ke_wait wait = user_wait(NULL);

    while (ke_wait_for_single_object(&r->f->ke, r->thread, p->ping, &wait) == STATUS_WAIT_0) {
        r->value++;
        ke_set_event(&r->f->ke, p->pong);
    }
}

static void ask(struct runner *r)
{
    struct ping_pong *p = r->object;
    struct ke_wait wait = user_wait(NULL);

    while (r->value < 2000) {
        ke_set_event(&r->f->ke, p->ping);
        r->status = ke_wait_for_single_object(&r->f->ke, r->thread, p->pong, &wait);
        r->value++;
    }
}

/* Handing over one processor on every wait loses no wake-up. */
static void ping_pong(void **state)
{
    for (unsigned processors = 1; processors <= 2; processors++) {
        struct fixture *f = fixture_create(processors);
        struct ping_pong p = {fixture_allocate(f, sizeof(KEVENT)),
                              fixture_allocate(f, sizeof(KEVENT))};
        struct runner a, b;

        ke_initialize_event(&f->ke, p.ping, SynchronizationEvent, false);
        ke_initialize_event(&f->ke, p.pong, SynchronizationEvent, false);
        runner_start(&b, f, answer, &p);
        runner_start(&a, f, ask, &p);
        runner_join(&a);
        assert_int_equal(a.status, STATUS_WAIT_0);
        ke_terminate_thread(&f->ke, b.thread);
        runner_join(&b);
        assert_int_equal(b.value, 2000);
        fixture_destroy(f);
    }
    (void)state;
}

static void affinity_is_kept(void **state)
{
    struct fixture *f = fixture_create(2);
    KTHREAD *a = fixture_thread(f), *b = fixture_thread(f);

    (void)state;
    a->Affinity.Mask = 2;
    ke_acquire_processor(&f->ke, a);
    assert_int_equal(ke_processor_number(a), 1);
    ke_acquire_processor(&f->ke, b);
    assert_int_equal(ke_processor_number(b), 0);
    assert_false(ke_yield_processor(&f->ke, b));
    ke_release_processor(&f->ke, b);
    ke_release_processor(&f->ke, a);
    fixture_destroy(f);
}

static int64_t read_time(KSYSTEM_TIME *time)
{
    LONG high;
    ULONG low;

    do {
        high = __atomic_load_n(&time->High1Time, __ATOMIC_ACQUIRE);
        low = __atomic_load_n(&time->LowPart, __ATOMIC_ACQUIRE);
    } while (high != __atomic_load_n(&time->High2Time, __ATOMIC_ACQUIRE));
    return (int64_t)high << 32 | low;
}

static void shared_time_runs_with_user_code(void **state)
{
    struct fixture *f = fixture_create(1);
    KUSER_SHARED_DATA *shared = fixture_allocate(f, sizeof(*shared));
    struct runner r;
    int64_t start;

    (void)state;
    ke_set_shared_data(&f->ke, shared);
    assert_int_equal(shared->TickCountMultiplier, 0x0FA00000);
    runner_start(&r, f, spin, NULL);
    await_progress(&r);
    start = read_time(&shared->InterruptTime);
    while (read_time(&shared->InterruptTime) < start + 2 * KE_CLOCK_INTERVAL)
        sched_yield();
    assert_true(read_time(&shared->SystemTime) > 132000000000000000ll); /* after 2019 */
    assert_true(read_time(&shared->TickCount) >= 2);
    ke_terminate_thread(&f->ke, r.thread);
    runner_join(&r);
    fixture_destroy(f);
}

/* Whatever the clock's thread is at when it is told to stop: it does. */
static void clock_stops_at_any_moment(void **state)
{
    struct fixture *f = fixture_create(1);

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        ke_stop_clock(&f->ke);
        assert_int_equal(ke_start_clock(&f->ke), 0);
        for (unsigned moment = i % 50; moment; moment--)
            ke_poke_clock(&f->ke);
    }
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantum_serves_all),
        cmocka_unit_test(urgent_threads_come_first),
        cmocka_unit_test(suspension_counts),
        cmocka_unit_test(freeze_stops_everything),
        cmocka_unit_test(ping_pong),
        cmocka_unit_test(affinity_is_kept),
        cmocka_unit_test(shared_time_runs_with_user_code),
        cmocka_unit_test(clock_stops_at_any_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
