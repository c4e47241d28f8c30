/* tests/mm/test_pool.c: pools, system pages and what they show a debugger. */
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static POOL_HEADER *header(void *block)
{
    return (POOL_HEADER *)block - 1;
}

static void blocks(void **state)
{
    struct machine m;
    (void)state;

    machine_create(&m, 64 * MB, 0, 0);
    for (int type = NonPagedPool; type <= PagedPool; type++) {
        void *a = ex_allocate_pool(m.mm, (enum _POOL_TYPE)type, 1, mm_tag("TagA"));
        void *b = ex_allocate_pool(m.mm, (enum _POOL_TYPE)type, 4064, mm_tag("TagB"));
        void *zero = ex_allocate_pool(m.mm, (enum _POOL_TYPE)type, 0, mm_tag("Tag0"));
        assert_int_equal((uintptr_t)a % 16, 0);
        assert_int_equal(header(a)->BlockSize, 2);
        assert_int_equal(header(a)->PoolTag, mm_tag("TagA"));
        assert_int_equal(header(a)->PoolType, 2 | type);
        assert_int_equal(header(b)->BlockSize, 255);
        memset(a, 1, 16);
        memset(b, 2, 4064);
        assert_int_equal(mm_check(m.mm), 0);
        ex_free_pool(m.mm, b);
        ex_free_pool(m.mm, zero);
        ex_free_pool(m.mm, a);
    }
    machine_destroy(&m);
}

/* Freeing in any order merges everything: the page goes back. */
static void merging(void **state)
{
    static const int orders[3][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}};
    struct machine m;
    void *block[4];
    (void)state;

    machine_create(&m, 64 * MB, 0, 0);
    for (int o = 0; o < 3; o++) {
        LONG pages = m.ke.nt.ExpPagedPoolDescriptor->TotalPages;
        for (int i = 0; i < 4; i++)
            block[i] = ex_allocate_pool(m.mm, PagedPool, 1000, mm_tag("Mrge"));
        assert_int_equal(m.ke.nt.ExpPagedPoolDescriptor->TotalPages, pages + 1);
        for (int i = 0; i < 4; i++) {
            ex_free_pool(m.mm, block[orders[o][i]]);
            assert_int_equal(mm_check(m.mm), 0);
        }
        assert_int_equal(m.ke.nt.ExpPagedPoolDescriptor->TotalPages, pages);
    }
    machine_destroy(&m);
}

static const POOL_TRACKER_BIG_PAGES *find_big(struct machine *m, void *block)
{
    const POOL_TRACKER_BIG_PAGES *table = k2h(&m->ke.ks, *m->ke.nt.PoolBigPageTable);

    for (uint64_t i = 0; i < *m->ke.nt.PoolBigPageTableSize; i++) {
        if (table[i].Va.va == h2k(&m->ke.ks, block))
            return &table[i];
    }
    return NULL;
}

/* Big blocks are in the table; the table grows when it fills up. */
static void big_blocks(void **state)
{
    enum { COUNT = 2500 };
    static void *block[COUNT];
    struct machine m;
    (void)state;

    machine_create(&m, 128 * MB, 0, 0);
    struct mm_statistics before = settled(&m);
    uint64_t size = *m.ke.nt.PoolBigPageTableSize;
    for (int i = 0; i < COUNT; i++) {
        block[i] = ex_allocate_pool(m.mm, i % 2 ? PagedPool : NonPagedPool, 4065, mm_tag("Big "));
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % PAGE_SIZE, 0);
    }
    assert_true(*m.ke.nt.PoolBigPageTableSize > size);
    const POOL_TRACKER_BIG_PAGES *entry = find_big(&m, block[7]);
    assert_non_null(entry);
    assert_int_equal(entry->NumberOfBytes, 4065);
    assert_int_equal(entry->Key, mm_tag("Big "));
    assert_int_equal(mm_check(m.mm), 0);
    for (int i = 0; i < COUNT; i++)
        ex_free_pool(m.mm, block[i]);
    assert_null(find_big(&m, block[7]));
    struct mm_statistics after = settled(&m);
    assert_same_pages(&before, &after);
    assert_null(ex_allocate_pool(m.mm, PagedPool, 1ull << 40, mm_tag("Huge")));
    assert_null(ex_allocate_pool(m.mm, PagedPool, SIZE_MAX, mm_tag("Huge")));
    machine_destroy(&m);
}

static void tags(void **state)
{
    struct machine m;
    (void)state;

    machine_create(&m, 64 * MB, 0, 0);
    void *a = ex_allocate_pool(m.mm, NonPagedPool, 100, mm_tag("Coun"));
    void *b = ex_allocate_pool(m.mm, NonPagedPool, 5000, mm_tag("Coun"));
    const POOL_TRACKER_TABLE *table = k2h(&m.ke.ks, *m.ke.nt.PoolTrackTable), *found = NULL;
    for (uint64_t i = 0; i < *m.ke.nt.PoolTrackTableSize; i++) {
        if (table[i].Key == (LONG)mm_tag("Coun"))
            found = &table[i];
    }
    assert_non_null(found);
    assert_int_equal(found->NonPagedAllocs, 2);
    assert_int_equal(found->NonPagedBytes, 128 + 5000);
    ex_free_pool(m.mm, a);
    ex_free_pool(m.mm, b);
    assert_int_equal(found->NonPagedFrees, 2);
    assert_int_equal(found->NonPagedBytes, 0);
    machine_destroy(&m);
}

/* Nonpaged pool beyond what boot set aside, until nothing is left; all of it comes back. */
static void growth(void **state)
{
    enum { SIZE = 64 * 1024 };
    static void *block[4096];
    struct machine m;
    size_t count = 0;
    (void)state;

    machine_create(&m, 64 * MB, 0, WITH_ENGINE);
    struct mm_statistics before = settled(&m);
    while ((block[count] = ex_allocate_pool(m.mm, NonPagedPool, SIZE, mm_tag("Grow"))) != NULL) {
        memset(block[count], (int)count, SIZE);
        count++;
    }
    assert_true(count > 32 * MB / SIZE);
    assert_int_equal(mm_check(m.mm), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(*(uint8_t *)block[i], (uint8_t)i);
        ex_free_pool(m.mm, block[i]);
    }
    struct mm_statistics after = settled(&m);
    assert_same_pages(&before, &after);
    machine_destroy(&m);
}

static void system_pages(void **state)
{
    struct machine m;
    uint64_t va[8];
    (void)state;

    machine_create(&m, 64 * MB, 0, 0);
    struct mm_statistics before = settled(&m);
    assert_int_equal(mm_allocate_system_pages(m.mm, 0, false), 0);
    for (int i = 0; i < 8; i++) {
        va[i] = mm_allocate_system_pages(m.mm, 6, i % 2);
        assert_true(va[i] >= MM_SYSTEM_PTE_START);
        uint8_t *bytes = kspace_host(&m.ke.ks, va[i]);
        for (size_t at = 0; at < 6 * PAGE_SIZE; at++)
            assert_int_equal(bytes[at], 0);
        memset(bytes, 0xCC, 6 * PAGE_SIZE);
    }
    assert_int_equal(mm_check(m.mm), 0);
    for (int i = 0; i < 8; i++)
        mm_free_system_pages(m.mm, va[i], 6);
    struct mm_statistics after = settled(&m);
    assert_same_pages(&before, &after);
    machine_destroy(&m);
}

/* ---- damage is a bugcheck ---- */

static void on_bug_check(void *owner, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                         uint64_t p4)
{
    (void)owner, (void)p1, (void)p2, (void)p3, (void)p4;
    _exit((int)code);
}

/* Run `damage` in a process of its own. => the bugcheck code, 0 when it survived */
static int bug_check_of(void (*damage)(struct machine *m, void *block))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct machine m;
        machine_create(&m, 64 * MB, 0, 0);
        m.ke.bug_check = on_bug_check;
        void *block = ex_allocate_pool(m.mm, NonPagedPool, 48, mm_tag("Dmg "));
        (void)!freopen("/dev/null", "w", stderr);
        damage(&m, block);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void twice(struct machine *m, void *block)
{
    ex_free_pool(m->mm, block);
    ex_free_pool(m->mm, block);
}

static void overrun(struct machine *m, void *block)
{
    memset(block, 0xFF, 64);
    ex_free_pool(m->mm, block);
}

static void stranger(struct machine *m, void *block)
{
    ex_free_pool(m->mm, (char *)block + 8);
}

static void nothing(struct machine *m, void *block)
{
    ex_free_pool(m->mm, block);
}

static void damage(void **state)
{
    (void)state;
    assert_int_equal(bug_check_of(nothing), 0);
    assert_int_equal(bug_check_of(twice), 0xC2);
    assert_int_equal(bug_check_of(overrun), 0x19);
    assert_int_equal(bug_check_of(stranger), 0xC2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks), cmocka_unit_test(merging), cmocka_unit_test(big_blocks),
        cmocka_unit_test(tags),   cmocka_unit_test(growth),  cmocka_unit_test(system_pages),
        cmocka_unit_test(damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
