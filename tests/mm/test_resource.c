/* tests/mm/test_resource.c: executive resources: who owns them, and that they exclude each other.
 */
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ke/list.h"
#include "mm/resource.h"

enum { SHARERS = 11, THREADS = 4, TURNS = 4000 };

struct shared {
    struct machine m;
    ERESOURCE *resource;
    pthread_barrier_t all_in;
    uint64_t a, b; /* equal whenever nobody has it exclusively */
    bool torn;
};

static void create(struct shared *s)
{
    *s = (struct shared){.torn = false};
    machine_create(&s->m, 64 * MB, 0, 0);
    s->resource = ex_allocate_pool(s->m.mm, NonPagedPool, sizeof *s->resource, mm_tag("Rsrc"));
    assert_non_null(s->resource);
    ex_initialize_resource(s->m.mm, s->resource);
}

static void destroy(struct shared *s)
{
    const struct kspace *ks = &s->m.ke.ks;
    ex_delete_resource(s->m.mm, s->resource);
    ex_free_pool(s->m.mm, s->resource);
    assert_true(ke_list_empty(ks, s->m.ke.nt.ExpSystemResourcesList));
    assert_int_equal(mm_check(s->m.mm), 0);
    machine_destroy(&s->m);
}

static void exclusive(struct shared *s)
{
    ex_acquire_resource_exclusive(s->m.mm, s->resource, KE_RANK_TOKEN);
}

static void share(struct shared *s)
{
    ex_acquire_resource_shared(s->m.mm, s->resource, KE_RANK_TOKEN);
}

static void give_back(struct shared *s)
{
    ex_release_resource(s->m.mm, s->resource, KE_RANK_TOKEN);
}

static void free_again(const ERESOURCE *r)
{
    assert_int_equal(r->ActiveEntries, 0);
    assert_int_equal(r->ActiveCount, 0);
    assert_int_equal(r->Flag, 0);
    assert_int_equal(r->OwnerEntry.OwnerThread, 0);
}

/* Who has it exclusively may have it again, either way. */
static void one_owner(void **state)
{
    struct shared s;
    (void)state;
    create(&s);
    ERESOURCE *r = s.resource;
    exclusive(&s);
    assert_int_equal(r->Flag, RESOURCE_OWNED_EXCLUSIVE);
    assert_int_equal(r->ActiveEntries, 1);
    assert_int_equal(r->OwnerEntry.OwnerThread & 3, 3); /* no guest thread */
    exclusive(&s);
    share(&s);
    assert_int_equal(r->OwnerEntry.OwnerCount, 3);
    assert_int_equal(r->ActiveEntries, 1);
    give_back(&s);
    give_back(&s);
    assert_int_equal(r->Flag, RESOURCE_OWNED_EXCLUSIVE);
    give_back(&s);
    free_again(r);
    share(&s);
    share(&s);
    assert_int_equal(r->Flag, 0);
    assert_int_equal(r->OwnerEntry.OwnerCount, 2);
    give_back(&s);
    assert_int_equal(r->ActiveEntries, 1);
    give_back(&s);
    free_again(r);
    assert_int_equal(r->ContentionCount, 0);
    destroy(&s);
}

static void *share_together(void *context)
{
    struct shared *s = context;
    share(s);
    pthread_barrier_wait(&s->all_in); /* all have it */
    pthread_barrier_wait(&s->all_in); /* somebody has looked */
    give_back(s);
    return NULL;
}

/* More owners than the first entry holds: each has one in the table, which grows. */
static void many_owners(void **state)
{
    struct shared s;
    pthread_t thread[SHARERS];
    (void)state;
    create(&s);
    ERESOURCE *r = s.resource;
    pthread_barrier_init(&s.all_in, NULL, SHARERS + 1);
    for (int i = 0; i < SHARERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, share_together, &s), 0);
    pthread_barrier_wait(&s.all_in);
    const OWNER_ENTRY *table = k2h(&s.m.ke.ks, r->OwnerTable);
    unsigned owners = r->OwnerEntry.OwnerThread != 0;
    assert_non_null(table);
    for (unsigned i = 1; i < table->TableSize; i++) {
        owners += table[i].OwnerThread != 0;
        assert_int_equal(table[i].OwnerCount, table[i].OwnerThread != 0);
    }
    assert_int_equal(owners, SHARERS);
    assert_int_equal(r->ActiveEntries, SHARERS);
    pthread_barrier_wait(&s.all_in);
    for (int i = 0; i < SHARERS; i++)
        pthread_join(thread[i], NULL);
    free_again(r);
    pthread_barrier_destroy(&s.all_in);
    destroy(&s);
}

static void *wait_for_it(void *context)
{
    exclusive(context);
    give_back(context);
    return NULL;
}

/* Who waits is counted, and has it when it is free. */
static void a_waiter(void **state)
{
    struct shared s;
    pthread_t thread;
    (void)state;
    create(&s);
    share(&s);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_it, &s), 0);
    while (__atomic_load_n(&s.resource->NumberOfExclusiveWaiters, __ATOMIC_RELAXED) == 0)
        sched_yield();
    share(&s); /* again: not behind the one that waits for this thread */
    give_back(&s);
    give_back(&s);
    pthread_join(thread, NULL);
    assert_int_equal(s.resource->ContentionCount, 1);
    assert_int_equal(s.resource->NumberOfExclusiveWaiters, 0);
    free_again(s.resource);
    destroy(&s);
}

static void *fight(void *context)
{
    struct shared *s = context;
    for (int i = 0; i < TURNS; i++) {
        if (i % 4 == 0) {
            exclusive(s);
            s->a++;
            s->b++;
        } else {
            share(s);
            if (s->a != s->b)
                __atomic_store_n(&s->torn, true, __ATOMIC_RELAXED);
        }
        give_back(s);
    }
    return NULL;
}

static void threads(void **state)
{
    struct shared s;
    pthread_t thread[THREADS];
    (void)state;
    create(&s);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, fight, &s), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_false(s.torn);
    assert_int_equal(s.a, THREADS * TURNS / 4);
    assert_int_equal(s.b, s.a);
    free_again(s.resource);
    destroy(&s);
}

static void on_bug_check(void *owner, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                         uint64_t p4)
{
    (void)owner, (void)p1, (void)p2, (void)p3, (void)p4;
    _exit((int)code);
}

/* Giving back what is somebody else's, or nobody's, is a bugcheck (RESOURCE_NOT_OWNED). */
static void not_owned(void **state)
{
    int status;
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct shared s;
        create(&s);
        s.m.ke.bug_check = on_bug_check;
        give_back(&s);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0xE3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_owner), cmocka_unit_test(many_owners), cmocka_unit_test(a_waiter),
        cmocka_unit_test(threads),   cmocka_unit_test(not_owned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
