/* tests/ke/test_inside.c: while the machine is frozen nobody is inside, however they count. */
#include <pthread.h>
#include <sched.h>

#include "ke_fixture.h"

enum { FEW_THREADS = 4, MOST_THREADS = KE_INSIDE_THREADS + 8, FREEZES = 120 };

/* Each thread changes its own two counts, first one and then the other, from inside only. */
struct visitor {
    struct ke *ke;
    pthread_t thread;
    uint64_t first, second;
    bool yields; /* there are many */
    bool *stop;
};

static void *visit(void *context)
{
    struct visitor *v = context;

    while (!__atomic_load_n(v->stop, __ATOMIC_RELAXED)) {
        ke_enter(v->ke);
        __atomic_store_n(&v->first, v->first + 1, __ATOMIC_RELAXED);
        __atomic_store_n(&v->second, v->second + 1, __ATOMIC_RELAXED);
        ke_leave(v->ke);
        if (v->yields)
            sched_yield();
    }
    return NULL;
}

static void await_visits(const struct visitor *v, uint64_t until)
{
    while (__atomic_load_n(&v->second, __ATOMIC_RELAXED) < until)
        sched_yield();
}

/* Freeze again and again while `count` threads come and go. Meanwhile the number of those inside
 * says nothing: who finds the machine frozen has counted in already, and counts out again. */
static void freeze_among(struct ke *ke, unsigned count)
{
    static struct visitor visitors[MOST_THREADS];
    bool stop = false;

    for (unsigned i = 0; i < count; i++) {
        visitors[i] = (struct visitor){.ke = ke, .yields = count > FEW_THREADS, .stop = &stop};
        assert_int_equal(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
    }
    for (unsigned i = 0; i < count; i++)
        await_visits(&visitors[i], 1);
    for (unsigned round = 0; round < FREEZES / count; round++) {
        uint64_t seen[MOST_THREADS];

        ke_freeze(ke);
        for (unsigned i = 0; i < count; i++) {
            seen[i] = __atomic_load_n(&visitors[i].first, __ATOMIC_RELAXED);
            assert_int_equal(seen[i], __atomic_load_n(&visitors[i].second, __ATOMIC_RELAXED));
        }
        sched_yield();
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(__atomic_load_n(&visitors[i].first, __ATOMIC_RELAXED), seen[i]);
        ke_thaw(ke);
        await_visits(&visitors[round % count], seen[round % count] + 1);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < count; i++)
        pthread_join(visitors[i].thread, NULL);
    assert_int_equal(ke_inside_count(&ke->processors.inside), 0);
}

static void nobody_is_inside_while_frozen(void **state)
{
    struct fixture *f = fixture_create(2);

    (void)state;
    freeze_among(&f->ke, FEW_THREADS);
    fixture_destroy(f);
}

/* More threads than there are slots for: some count in their processor's. */
static void slots_run_out(void **state)
{
    struct fixture *f = fixture_create(2);

    (void)state;
    freeze_among(&f->ke, MOST_THREADS);
    for (unsigned i = 0; i < KE_INSIDE_THREADS && f->ke.processors.inside.asymmetric; i++)
        assert_int_not_equal(f->ke.processors.inside.own[i].thread, 0);
    freeze_among(&f->ke, FEW_THREADS); /* and with others' slots */
    fixture_destroy(f);
}

/* A kernel that does not order what other threads do. */
static void without_help(void **state)
{
    struct ke *ke = malloc(sizeof(*ke));

    (void)state;
    ke_init(ke);
    ke->processors.inside.asymmetric = false;
    freeze_among(ke, FEW_THREADS);
    for (unsigned i = 0; i < KE_INSIDE_THREADS; i++)
        assert_int_equal(ke->processors.inside.own[i].thread, 0);
    ke_deinit(ke);
    free(ke);
}

/* A thread keeps its slot, and comes back into it. */
static void a_thread_has_one_slot(void **state)
{
    struct fixture *f = fixture_create(1);
    struct ke_inside *inside = &f->ke.processors.inside;
    struct ke_inside_slot *slot = ke_inside_slot(inside);

    (void)state;
    ke_enter(&f->ke);
    assert_int_equal(slot->count, 1);
    assert_ptr_equal(ke_inside_slot(inside), slot);
    assert_int_equal(ke_inside_count(inside), 1);
    ke_leave(&f->ke);
    assert_int_equal(slot->count, 0);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_inside_while_frozen),
        cmocka_unit_test(slots_run_out),
        cmocka_unit_test(without_help),
        cmocka_unit_test(a_thread_has_one_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
