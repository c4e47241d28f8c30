/* tests/ke/test_wait.c: dispatcher objects and waits, as their documentation says. */
#include <unistd.h>

#include "ke_fixture.h"

static const int64_t at_once = 0, soon = -10 * TICKS_PER_MS, long_time = -60000 * TICKS_PER_MS;

static NTSTATUS try_wait(struct fixture *f, KTHREAD *thread, void *object)
{
    struct ke_wait wait = user_wait(&at_once);

    return ke_wait_for_single_object(&f->ke, thread, object, &wait);
}

static void wait_long(struct runner *r)
{
    struct ke_wait wait = user_wait(&long_time);

    r->status = ke_wait_for_single_object(&r->f->ke, r->thread, r->object, &wait);
}

static void event_states(void **state)
{
    struct fixture *f = fixture_create(1);
    KTHREAD *thread = fixture_thread(f);
    KEVENT *event = fixture_allocate(f, sizeof(*event));

    (void)state;
    ke_initialize_event(&f->ke, event, NotificationEvent, false);
    assert_int_equal(try_wait(f, thread, event), STATUS_TIMEOUT);
    assert_int_equal(ke_set_event(&f->ke, event), 0);
    assert_int_equal(ke_set_event(&f->ke, event), 1);
    assert_int_equal(try_wait(f, thread, event), STATUS_WAIT_0);
    assert_int_equal(try_wait(f, thread, event), STATUS_WAIT_0);
    assert_int_equal(ke_reset_event(&f->ke, event), 1);
    assert_int_equal(try_wait(f, thread, event), STATUS_TIMEOUT);

    ke_initialize_event(&f->ke, event, SynchronizationEvent, true);
    assert_int_equal(try_wait(f, thread, event), STATUS_WAIT_0);
    assert_int_equal(try_wait(f, thread, event), STATUS_TIMEOUT);
    assert_int_equal(ke_pulse_event(&f->ke, event), 0);
    assert_int_equal(ke_read_state(&f->ke, event), 0);
    fixture_destroy(f);
}

static void semaphore_counts(void **state)
{
    struct fixture *f = fixture_create(1);
    KTHREAD *thread = fixture_thread(f);
    KSEMAPHORE *semaphore = fixture_allocate(f, sizeof(*semaphore));
    LONG previous = -1;

    (void)state;
    ke_initialize_semaphore(&f->ke, semaphore, 1, 2);
    assert_int_equal(try_wait(f, thread, semaphore), STATUS_WAIT_0);
    assert_int_equal(try_wait(f, thread, semaphore), STATUS_TIMEOUT);
    assert_int_equal(ke_release_semaphore(&f->ke, semaphore, 2, &previous), STATUS_SUCCESS);
    assert_int_equal(previous, 0);
    assert_int_equal(ke_release_semaphore(&f->ke, semaphore, 1, &previous),
                     STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    assert_int_equal(ke_release_semaphore(&f->ke, semaphore, INT32_MAX, NULL),
                     STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    assert_int_equal(ke_release_semaphore(&f->ke, semaphore, 0, NULL),
                     STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    assert_int_equal(ke_read_state(&f->ke, semaphore), 2);
    fixture_destroy(f);
}

static void mutant_ownership(void **state)
{
    struct fixture *f = fixture_create(1);
    KTHREAD *a = fixture_thread(f), *b = fixture_thread(f);
    KMUTANT *mutant = fixture_allocate(f, sizeof(*mutant));
    LONG previous;

    (void)state;
    ke_initialize_mutant(&f->ke, mutant, NULL);
    assert_int_equal(try_wait(f, a, mutant), STATUS_WAIT_0);
    assert_int_equal(try_wait(f, a, mutant), STATUS_WAIT_0); /* recursion */
    assert_int_equal(ke_read_state(&f->ke, mutant), -1);
    assert_int_equal(try_wait(f, b, mutant), STATUS_TIMEOUT);
    assert_int_equal(ke_release_mutant(&f->ke, mutant, b, NULL), STATUS_MUTANT_NOT_OWNED);
    assert_int_equal(ke_release_mutant(&f->ke, mutant, a, &previous), STATUS_SUCCESS);
    assert_int_equal(previous, -1);
    assert_int_equal(ke_release_mutant(&f->ke, mutant, a, &previous), STATUS_SUCCESS);
    assert_int_equal(previous, 0);
    assert_int_equal(ke_release_mutant(&f->ke, mutant, a, NULL), STATUS_MUTANT_NOT_OWNED);

    /* The owner dies: the next one learns it, once. */
    assert_int_equal(try_wait(f, a, mutant), STATUS_WAIT_0);
    ke_exit_thread(&f->ke, a);
    assert_int_equal(try_wait(f, b, mutant), STATUS_ABANDONED_WAIT_0);
    assert_int_equal(ke_release_mutant(&f->ke, mutant, b, NULL), STATUS_SUCCESS);
    assert_int_equal(try_wait(f, b, mutant), STATUS_WAIT_0);
    mutant->Header.SignalState = INT32_MIN;
    assert_int_equal(try_wait(f, b, mutant), STATUS_MUTANT_LIMIT_EXCEEDED);
    fixture_destroy(f);
}

static void several_objects(void **state)
{
    struct fixture *f = fixture_create(1);
    KTHREAD *thread = fixture_thread(f);
    KEVENT *events = fixture_allocate(f, 5 * sizeof(*events));
    KWAIT_BLOCK *blocks = fixture_allocate(f, 5 * sizeof(*blocks));
    void *objects[5];
    struct ke_wait wait = user_wait(&at_once);

    (void)state;
    for (int i = 0; i < 5; i++) {
        ke_initialize_event(&f->ke, &events[i], SynchronizationEvent, i == 3 || i == 4);
        objects[i] = &events[i];
    }
    assert_int_equal(
        ke_wait_for_multiple_objects(&f->ke, thread, 5, objects, WaitAll, &wait, blocks),
        STATUS_TIMEOUT);
    assert_int_equal(ke_read_state(&f->ke, &events[3]), 1); /* nothing was taken */
    assert_int_equal(
        ke_wait_for_multiple_objects(&f->ke, thread, 5, objects, WaitAny, &wait, blocks),
        STATUS_WAIT_0 + 3);
    assert_int_equal(
        ke_wait_for_multiple_objects(&f->ke, thread, 5, objects, WaitAny, &wait, blocks),
        STATUS_WAIT_0 + 4);
    wait.timeout = &soon;
    assert_int_equal(
        ke_wait_for_multiple_objects(&f->ke, thread, 5, objects, WaitAny, &wait, blocks),
        STATUS_TIMEOUT);
    for (int i = 0; i < 5; i++)
        assert_true(ke_list_empty(&f->ke.ks, &events[i].Header.WaitListHead));
    for (int i = 0; i < 5; i++)
        ke_set_event(&f->ke, &events[i]);
    assert_int_equal(
        ke_wait_for_multiple_objects(&f->ke, thread, 5, objects, WaitAll, &wait, blocks),
        STATUS_WAIT_0);
    assert_int_equal(ke_read_state(&f->ke, &events[0]), 0);
    fixture_destroy(f);
}

struct pair {
    KEVENT *event;
    KMUTANT *mutant;
};

static void wait_for_pair(struct runner *r)
{
    struct pair *pair = r->object;
    void *objects[2] = {pair->mutant, pair->event};
    struct ke_wait wait = user_wait(&long_time);

    r->status =
        ke_wait_for_multiple_objects(&r->f->ke, r->thread, 2, objects, WaitAll, &wait, NULL);
}

/* WaitAll takes nothing until it can take everything, and sees an abandoned mutant. */
static void all_or_nothing(void **state)
{
    struct fixture *f = fixture_create(2);
    KTHREAD *owner = fixture_thread(f);
    struct pair pair = {fixture_allocate(f, sizeof(KEVENT)), fixture_allocate(f, sizeof(KMUTANT))};
    struct runner r;

    (void)state;
    ke_initialize_event(&f->ke, pair.event, SynchronizationEvent, false);
    ke_initialize_mutant(&f->ke, pair.mutant, owner);
    runner_start(&r, f, wait_for_pair, &pair);
    fixture_await_state(r.thread, KE_THREAD_WAITING);
    ke_set_event(&f->ke, pair.event);
    assert_int_equal(ke_read_state(&f->ke, pair.event), 1);
    assert_int_equal(fixture_state(r.thread), KE_THREAD_WAITING);
    assert_int_equal(r.thread->WaitReason, UserRequest);
    ke_exit_thread(&f->ke, owner);
    runner_join(&r);
    assert_int_equal(r.status, STATUS_ABANDONED_WAIT_0);
    assert_int_equal(ke_read_state(&f->ke, pair.event), 0);
    fixture_destroy(f);
}

static void wakes_and_ends(void **state)
{
    struct fixture *f = fixture_create(2);
    KEVENT *event = fixture_allocate(f, sizeof(*event));
    KTHREAD *self = fixture_thread(f);
    struct ke_wait wait = user_wait(&long_time);
    struct runner r[3];

    (void)state;
    ke_initialize_event(&f->ke, event, SynchronizationEvent, false);
    for (int i = 0; i < 3; i++) {
        runner_start(&r[i], f, wait_long, event);
        fixture_await_state(r[i].thread, KE_THREAD_WAITING);
    }
    /* In order of arrival, one for each signal. */
    ke_set_event(&f->ke, event);
    runner_join(&r[0]);
    assert_int_equal(r[0].status, STATUS_WAIT_0);
    assert_int_equal(fixture_state(r[1].thread), KE_THREAD_WAITING);
    assert_int_equal(try_wait(f, self, r[0].thread), STATUS_WAIT_0); /* ended: signalled */
    assert_int_equal(try_wait(f, self, r[1].thread), STATUS_TIMEOUT);
    assert_int_equal(fixture_state(r[0].thread), KE_THREAD_TERMINATED);

    ke_terminate_thread(&f->ke, r[1].thread);
    assert_int_equal(ke_wait_for_single_object(&f->ke, self, r[1].thread, &wait), STATUS_WAIT_0);
    runner_join(&r[1]);
    assert_int_equal(r[1].status, STATUS_THREAD_IS_TERMINATING);
    ke_pulse_event(&f->ke, event);
    runner_join(&r[2]);
    assert_int_equal(r[2].status, STATUS_WAIT_0);
    assert_int_equal(ke_set_process(&f->ke, &f->process->Pcb), 0);
    assert_int_equal(try_wait(f, self, f->process), STATUS_WAIT_0);
    fixture_destroy(f);
}

static void timers(void **state)
{
    struct fixture *f = fixture_create(1);
    KTHREAD *thread = fixture_thread(f);
    KTIMER *timer = fixture_allocate(f, sizeof(*timer)),
           *other = fixture_allocate(f, sizeof(*other));
    struct ke_wait wait = user_wait(&long_time);
    int64_t begin = ke_query_interrupt_time(&f->ke);

    (void)state;
    ke_initialize_timer(&f->ke, timer, true);
    ke_initialize_timer(&f->ke, other, false);
    assert_false(ke_set_timer(&f->ke, other, long_time, 0));
    assert_false(ke_set_timer(&f->ke, timer, soon, 5));
    for (int i = 0; i < 3; i++)
        assert_int_equal(ke_wait_for_single_object(&f->ke, thread, timer, &wait), STATUS_WAIT_0);
    assert_true(ke_query_interrupt_time(&f->ke) - begin >= 20 * TICKS_PER_MS);
    assert_true(ke_cancel_timer(&f->ke, timer));
    assert_false(ke_cancel_timer(&f->ke, timer));
    assert_true(ke_set_timer(&f->ke, other, ke_query_system_time(&f->ke), 0)); /* absolute, now */
    assert_int_equal(ke_wait_for_single_object(&f->ke, thread, other, &wait), STATUS_WAIT_0);
    assert_int_equal(try_wait(f, thread, other), STATUS_WAIT_0); /* notification: stays */
    assert_false(ke_cancel_timer(&f->ke, other));
    assert_int_equal(ke_delay_execution(&f->ke, thread, UserMode, false, soon), STATUS_SUCCESS);
    fixture_destroy(f);
}

static void wait_alertably(struct runner *r)
{
    struct ke_wait wait = {UserRequest, UserMode, true, &long_time};

    r->status = ke_wait_for_single_object(&r->f->ke, r->thread, r->object, &wait);
    if (r->status == STATUS_USER_APC &&
        ke_prepare_user_mode(&r->f->ke, r->thread) == KE_DELIVER_APC)
        r->value = (int64_t)ke_remove_user_apc(&r->f->ke, r->thread)->NormalRoutine.va;
}

static void no_release(void *context, KAPC *apc)
{
    (void)apc;
    ++*(int *)context;
}

static void apcs_and_alerts(void **state)
{
    struct fixture *f = fixture_create(2);
    KEVENT *event = fixture_allocate(f, sizeof(*event));
    KAPC *apc = fixture_allocate(f, sizeof(*apc));
    KTHREAD *self = fixture_thread(f);
    struct ke_wait wait = {UserRequest, UserMode, true, &at_once};
    struct runner r;
    int flushed = 0;

    (void)state;
    ke_initialize_event(&f->ke, event, NotificationEvent, false);
    runner_start(&r, f, wait_alertably, event);
    fixture_await_state(r.thread, KE_THREAD_WAITING);
    ke_initialize_apc(&f->ke, apc, r.thread, 0x1234, 1);
    assert_true(ke_insert_queue_apc(&f->ke, apc, 2, 3));
    runner_join(&r);
    assert_int_equal(r.status, STATUS_USER_APC);
    assert_int_equal(r.value, 0x1234);
    assert_int_equal(apc->SystemArgument2.va, 3);

    runner_start(&r, f, wait_alertably, event);
    fixture_await_state(r.thread, KE_THREAD_WAITING);
    assert_false(ke_alert_thread(&f->ke, r.thread, UserMode));
    runner_join(&r);
    assert_int_equal(r.status, STATUS_ALERTED);

    /* Not in a wait: remembered until it is willing. */
    assert_false(ke_alert_thread(&f->ke, self, UserMode));
    assert_true(ke_alert_thread(&f->ke, self, UserMode));
    assert_int_equal(try_wait(f, self, event), STATUS_TIMEOUT); /* not alertable */
    assert_int_equal(ke_wait_for_single_object(&f->ke, self, event, &wait), STATUS_ALERTED);
    ke_initialize_apc(&f->ke, apc, self, 0x5678, 0);
    assert_true(ke_insert_queue_apc(&f->ke, apc, 0, 0));
    assert_false(ke_insert_queue_apc(&f->ke, apc, 0, 0));
    assert_int_equal(try_wait(f, self, event), STATUS_TIMEOUT);
    assert_null(ke_remove_user_apc(&f->ke, self));
    assert_int_equal(ke_wait_for_single_object(&f->ke, self, event, &wait), STATUS_USER_APC);
    assert_ptr_equal(ke_remove_user_apc(&f->ke, self), apc);
    assert_true(ke_insert_queue_apc(&f->ke, apc, 0, 0));
    assert_false(ke_test_alert_thread(&f->ke, self, UserMode));
    assert_int_equal(self->ApcState.UserApcPending, 1);
    ke_flush_apcs(&f->ke, self, no_release, &flushed);
    assert_int_equal(flushed, 1);
    assert_false(ke_insert_queue_apc(&f->ke, apc, 0, 0));
    fixture_destroy(f);
}

static void host_wait(struct runner *r)
{
    struct ke_host_wait wait;
    uint64_t count;

    r->status = ke_begin_host_wait(&r->f->ke, r->thread, UserRequest, &wait);
    while (read(wait.event, &count, sizeof(count)) < 0)
        sched_yield();
    r->status = ke_end_host_wait(&r->f->ke, &wait);
}

static void termination_ends_host_waits(void **state)
{
    struct fixture *f = fixture_create(1);
    struct runner r;

    (void)state;
    runner_start(&r, f, host_wait, NULL);
    fixture_await_state(r.thread, KE_THREAD_WAITING);
    ke_terminate_thread(&f->ke, r.thread);
    runner_join(&r);
    assert_int_equal(r.status, STATUS_THREAD_IS_TERMINATING);
    assert_null(f->ke.host_waits);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_states),
        cmocka_unit_test(semaphore_counts),
        cmocka_unit_test(mutant_ownership),
        cmocka_unit_test(several_objects),
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(wakes_and_ends),
        cmocka_unit_test(timers),
        cmocka_unit_test(apcs_and_alerts),
        cmocka_unit_test(termination_ends_host_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
