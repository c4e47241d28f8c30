/* tests/ke/test_lock.c: push locks, rundown and fast references, host locks. */
#include "ke_fixture.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, TURNS = 20000 };

static void push_lock_values(void **state)
{
    EX_PUSH_LOCK lock = {0};

    (void)state;
    ex_acquire_push_lock_exclusive(&lock, KE_RANK_UNCHECKED);
    assert_int_equal(lock.Value, 1);
    assert_true(ex_push_lock_is_held_exclusive(&lock));
    assert_false(ex_try_push_lock_exclusive(&lock, KE_RANK_UNCHECKED));
    assert_false(ex_try_push_lock_shared(&lock, KE_RANK_UNCHECKED));
    ex_release_push_lock_exclusive(&lock, KE_RANK_UNCHECKED);
    assert_int_equal(lock.Value, 0);

    ex_acquire_push_lock_shared(&lock, KE_RANK_UNCHECKED);
    assert_true(ex_try_push_lock_shared(&lock, KE_RANK_UNCHECKED));
    assert_int_equal(lock.Shared, 2);
    assert_int_equal(lock.Locked, 1);
    assert_false(ex_push_lock_is_held_exclusive(&lock));
    assert_false(ex_try_push_lock_exclusive(&lock, KE_RANK_UNCHECKED));
    ex_release_push_lock_shared(&lock, KE_RANK_UNCHECKED);
    ex_release_push_lock_shared(&lock, KE_RANK_UNCHECKED);
    assert_int_equal(lock.Value, 0);
}

struct shared {
    EX_PUSH_LOCK push;
    struct ke_lock host;
    uint64_t a, b; /* equal whenever nobody writes */
    uint64_t c;
    bool torn;
};

static void *fight(void *context)
{
    struct shared *s = context;

    for (int i = 0; i < TURNS; i++) {
        if (i % 4 == 0) {
            ex_acquire_push_lock_exclusive(&s->push, KE_RANK_ADDRESS_CREATION);
            s->a++;
            s->b++;
            if (i % 16 == 0)
                ex_release_push_lock_exclusive(&s->push, KE_RANK_ADDRESS_CREATION);
            else
                ex_release_kept_push_lock_exclusive(&s->push, KE_RANK_ADDRESS_CREATION);
        } else {
            ex_acquire_push_lock_shared(&s->push, KE_RANK_ADDRESS_CREATION);
            if (s->a != s->b)
                __atomic_store_n(&s->torn, true, __ATOMIC_RELAXED);
            ex_release_push_lock_shared(&s->push, KE_RANK_ADDRESS_CREATION);
        }
        ke_acquire_lock(&s->host);
        s->c++;
        ke_release_lock(&s->host);
    }
    return NULL;
}

static void locks_exclude(void **state)
{
    struct shared s = {.host = KE_LOCK_INIT(KE_RANK_PFN)};
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, fight, &s);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_false(s.torn);
    assert_int_equal(s.a, THREADS * TURNS / 4);
    assert_int_equal(s.c, THREADS * TURNS);
    assert_int_equal(s.push.Value, 0);
    assert_false(ke_lock_is_held(&s.host));
}

static void *take_exclusive(void *context)
{
    ex_acquire_push_lock_exclusive(context, KE_RANK_UNCHECKED);
    ex_release_push_lock_exclusive(context, KE_RANK_UNCHECKED);
    return NULL;
}

static void *take_shared(void *context)
{
    ex_acquire_push_lock_shared(context, KE_RANK_UNCHECKED);
    ex_release_push_lock_shared(context, KE_RANK_UNCHECKED);
    return NULL;
}

/* All who sleep on a lock get it, whatever they want and however it is given back. */
static void sleepers_wake(void **state)
{
    EX_PUSH_LOCK lock = {0};
    pthread_t threads[THREADS];

    (void)state;
    for (int round = 0; round < 20; round++) {
        ex_acquire_push_lock_exclusive(&lock, KE_RANK_UNCHECKED);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, i % 2 ? take_shared : take_exclusive, &lock), 0);
        while (ex_push_lock_waiters(&lock) < THREADS)
            sched_yield();
        assert_true(ex_push_lock_is_held_exclusive(&lock));
        if (round % 2)
            ex_release_push_lock_exclusive(&lock, KE_RANK_UNCHECKED);
        else
            ex_release_kept_push_lock_exclusive(&lock, KE_RANK_UNCHECKED);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(lock.Value, 0);
    }
}

/* A waiting writer keeps new readers out. */
static void writers_do_not_starve(void **state)
{
    EX_PUSH_LOCK lock = {0};
    pthread_t writer;

    (void)state;
    ex_acquire_push_lock_shared(&lock, KE_RANK_UNCHECKED);
    pthread_create(&writer, NULL, take_exclusive, &lock);
    while (ex_push_lock_waiters(&lock) == 0)
        sched_yield();
    assert_false(ex_try_push_lock_shared(&lock, KE_RANK_UNCHECKED));
    ex_release_push_lock_shared(&lock, KE_RANK_UNCHECKED);
    pthread_join(writer, NULL);
    assert_int_equal(lock.Value, 0);
}

static void *run_down(void *context)
{
    ex_wait_for_rundown_protection_release(context);
    return NULL;
}

static void rundown_waits_for_users(void **state)
{
    EX_RUNDOWN_REF ref = {0};
    pthread_t thread;

    (void)state;
    assert_true(ex_acquire_rundown_protection(&ref));
    assert_true(ex_acquire_rundown_protection(&ref));
    pthread_create(&thread, NULL, run_down, &ref);
    while (!(__atomic_load_n(&ref.Count, __ATOMIC_RELAXED) & EX_RUNDOWN_ACTIVE))
        sched_yield();
    assert_false(ex_acquire_rundown_protection(&ref));
    ex_release_rundown_protection(&ref);
    ex_release_rundown_protection(&ref);
    pthread_join(thread, NULL);
    assert_int_equal(ref.Count, EX_RUNDOWN_ACTIVE);
}

static void fast_references(void **state)
{
    const uint64_t object = 0xFFFFFA8000001230, other = 0xFFFFFA8000004560;
    EX_FAST_REF ref;
    unsigned cached, unused;

    (void)state;
    ex_initialize_fast_reference(&ref, object);
    assert_int_equal(ref.RefCnt, 15);
    for (unsigned i = 15; i > 0; i--) {
        assert_int_equal(ex_fast_reference(&ref, &cached), object);
        assert_int_equal(cached, i);
    }
    assert_int_equal(ex_fast_reference(&ref, &cached), object);
    assert_int_equal(cached, 0);
    assert_int_equal(ex_fast_ref_object(&ref), object);
    assert_true(ex_fast_dereference(&ref, object));
    assert_false(ex_fast_dereference(&ref, other));
    assert_int_equal(ex_swap_fast_reference(&ref, other, &unused), object);
    assert_int_equal(unused, 1);
    assert_false(ex_fast_dereference(&ref, other)); /* full */
    assert_int_equal(ex_swap_fast_reference(&ref, 0, &unused), other);
    assert_int_equal(ex_fast_reference(&ref, &cached), 0);
}

#if defined(NTMM_DEBUG)
/* In a child process: take two locks in the wrong order. */
static void wrong_order_stops(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct ke_lock pfn = KE_LOCK_INIT(KE_RANK_PFN);
        EX_PUSH_LOCK creation = {0};

        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        signal(SIGABRT, SIG_DFL);
        ke_acquire_lock(&pfn);
        ex_acquire_push_lock_exclusive(&creation, KE_RANK_ADDRESS_CREATION);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
#endif

/* From now on the kernel orders the program's threads, if it can; before, sleeps are short. */
static int have_threads_ordered(void **state)
{
    struct ke_inside *inside = calloc(1, sizeof(*inside));

    (void)state;
    ke_inside_init(inside);
    free(inside);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(push_lock_values),
        cmocka_unit_test(locks_exclude),
        cmocka_unit_test(sleepers_wake),
        cmocka_unit_test(writers_do_not_starve),
        cmocka_unit_test(rundown_waits_for_users),
        cmocka_unit_test(fast_references),
#if defined(NTMM_DEBUG)
        cmocka_unit_test(wrong_order_stops),
#endif
    };
    int failed = cmocka_run_group_tests_name("alone", tests, NULL, NULL);

    return failed +
           cmocka_run_group_tests_name("with the kernel's help", tests, have_threads_ordered, NULL);
}
