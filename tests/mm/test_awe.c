/* tests/mm/test_awe.c: physical pages that a process owns, at random against a model, and what they
 * cost others. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define OWN_MOST 96u
#define WINDOW 40u

static struct machine machine;
static struct mm_space *space;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 32 * MB, 64 * MB, WITH_ENGINE);
    space = process_create(&machine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_consistent(&machine);
    process_destroy(&machine, space);
    machine_destroy(&machine);
    return 0;
}

static uint64_t window(uint64_t pages)
{
    uint64_t base = 0, size = pages * PAGE_SIZE;

    assert_ok(mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESERVE | MEM_PHYSICAL,
                                         PAGE_READWRITE));
    return base;
}

static size_t own(uint64_t *pfn, size_t count)
{
    assert_ok(mm_allocate_physical_pages(space, pfn, &count));
    return count;
}

static void give_back(const uint64_t *pfn, size_t count)
{
    size_t freed = count;

    assert_ok(mm_free_physical_pages(space, pfn, &freed));
    assert_int_equal(freed, count);
}

/* ---- a model: which frames are owned, what is in them, which is where ---- */

struct model {
    uint64_t base, pfn[OWN_MOST];
    uint8_t value[OWN_MOST]; /* what every such page was filled with; 0: nothing yet */
    size_t count;
    int at[WINDOW]; /* index of what is mapped there, -1: nothing */
    uint64_t random;
};

static bool is_mapped(const struct model *m, size_t frame)
{
    for (unsigned i = 0; i < WINDOW; i++) {
        if (m->at[i] == (int)frame)
            return true;
    }
    return false;
}

static void random_own(struct model *m)
{
    size_t more = random_below(&m->random, 8);

    if (m->count + more > OWN_MOST)
        return;
    assert_int_equal(own(m->pfn + m->count, more), more);
    memset(m->value + m->count, 0, more);
    m->count += more;
}

static void random_give_back(struct model *m)
{
    if (m->count == 0)
        return;
    size_t frame = random_below(&m->random, (uint32_t)m->count), last = --m->count;
    give_back(&m->pfn[frame], 1);
    m->pfn[frame] = m->pfn[last];
    m->value[frame] = m->value[last];
    for (unsigned i = 0; i < WINDOW; i++) {
        if (m->at[i] == (int)frame)
            m->at[i] = -1;
        else if (m->at[i] == (int)last)
            m->at[i] = (int)frame;
    }
}

static void random_map(struct model *m)
{
    unsigned place = random_below(&m->random, WINDOW);
    uint64_t va = m->base + place * PAGE_SIZE;

    if (random_below(&m->random, 4) == 0 || m->count == 0) {
        assert_ok(mm_map_physical_pages(space, &va, NULL, 1));
        m->at[place] = -1;
        return;
    }
    size_t frame = random_below(&m->random, (uint32_t)m->count);
    bool mapped = is_mapped(m, frame);
    assert_status(mapped ? STATUS_INVALID_PARAMETER_3 : STATUS_SUCCESS,
                  mm_map_physical_pages(space, &va, &m->pfn[frame], 1));
    if (!mapped)
        m->at[place] = (int)frame;
}

static void random_touch(struct model *m)
{
    unsigned place = random_below(&m->random, WINDOW);
    uint64_t va = m->base + place * PAGE_SIZE + random_below(&m->random, PAGE_SIZE);
    uint8_t byte = 0, fill = (uint8_t)(1 + random_below(&m->random, 255));

    if (m->at[place] < 0) {
        assert_status(STATUS_ACCESS_VIOLATION, read_byte(space, va, &byte));
        return;
    }
    assert_ok(read_byte(space, va, &byte));
    assert_int_equal(byte, m->value[m->at[place]]);
    char page[PAGE_SIZE];
    memset(page, fill, sizeof(page));
    assert_ok(mm_copy_to_user(space, m->base + place * PAGE_SIZE, page, sizeof(page)));
    m->value[m->at[place]] = fill;
}

static void random_operations(void **state)
{
    static void (*const operations[])(struct model *) = {
        random_own, random_give_back, random_map, random_map, random_touch, random_touch};
    struct model m = {.base = window(WINDOW), .random = random_seed()};
    (void)state;

    memset(m.at, -1, sizeof(m.at));
    for (unsigned i = 0, steps = random_steps(3000); i < steps; i++) {
        operations[random_below(&m.random, sizeof(operations) / sizeof(*operations))](&m);
        if (i % 16 == 0) {
            mm_empty_working_set(space); /* leaves them where they are */
            assert_consistent(&machine);
        }
    }
}

/* ---- single cases ---- */

static void all_or_nothing(void **state)
{
    uint64_t base = window(4), pfn[4], va[4], other = allocate(space, 0, PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    own(pfn, 4);
    for (unsigned i = 0; i < 4; i++)
        va[i] = base + i * PAGE_SIZE;
    va[3] = other;
    assert_status(STATUS_INVALID_PARAMETER_1, mm_map_physical_pages(space, va, pfn, 4));
    va[3] = base + 3 * PAGE_SIZE;
    uint64_t wrong[4] = {pfn[0], pfn[1], pfn[2], pfn[0]};
    assert_status(STATUS_INVALID_PARAMETER_3, mm_map_physical_pages(space, va, wrong, 4));
    wrong[3] = 0;
    assert_status(STATUS_CONFLICTING_ADDRESSES, mm_map_physical_pages(space, va, wrong, 4));
    wrong[3] = UINT64_MAX;
    assert_status(STATUS_CONFLICTING_ADDRESSES, mm_map_physical_pages(space, va, wrong, 4));
    assert_int_equal(query(space, base).State, MEM_RESERVE);
    assert_int_equal(query(space, base).RegionSize, 4 * PAGE_SIZE);
    assert_consistent(&machine);
    assert_ok(mm_map_physical_pages(space, va, pfn, 4));
    assert_int_equal(query(space, base).State, MEM_COMMIT);
    assert_consistent(&machine);
}

/* Pages in use come and go through page tables that come and go. */
static void release_keeps_pages(void **state)
{
    uint64_t base = window(2), pfn[2], va[2] = {base, base + PAGE_SIZE};
    uint8_t byte;
    (void)state;

    own(pfn, 2);
    uint64_t commit = mm_space_process(space)->CommitCharge - space->tables;
    assert_ok(mm_map_physical_pages(space, va, pfn, 2));
    assert_ok(write_byte(space, base + PAGE_SIZE, 9));
    assert_status(STATUS_FREE_VM_NOT_AT_BASE, release(space, base, PAGE_SIZE));
    assert_status(STATUS_MEMORY_NOT_ALLOCATED, decommit(space, base, PAGE_SIZE));
    assert_status(STATUS_CONFLICTING_ADDRESSES,
                  mm_allocate_virtual_memory(space, &base, 0, &(uint64_t){PAGE_SIZE}, MEM_COMMIT,
                                             PAGE_READWRITE));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, protect(space, base, PAGE_SIZE, PAGE_READONLY));
    assert_ok(release(space, base, 0));
    assert_int_equal(mm_space_process(space)->CommitCharge - space->tables, commit);
    assert_consistent(&machine);
    va[0] = window(1);
    assert_ok(mm_map_physical_pages(space, va, &pfn[1], 1));
    /* Such pages are in no working set: there is nothing to lock, nor to take out. */
    uint64_t start = va[0], size = PAGE_SIZE;
    assert_ok(mm_lock_virtual_memory(space, &start, &size, 1));
    assert_status(STATUS_NOT_LOCKED, mm_unlock_virtual_memory(space, &start, &size, 1));
    assert_consistent(&machine);
    assert_ok(read_byte(space, va[0], &byte));
    assert_int_equal(byte, 9);
    give_back(pfn, 2);
    assert_status(STATUS_ACCESS_VIOLATION, read_byte(space, va[0], &byte));
}

/* Who asks for more than there is gets what there is, and the machine goes on. */
static void more_than_there_is(void **state)
{
    size_t most = 32 * MB / PAGE_SIZE, got = most;
    uint64_t *pfn = calloc(most, sizeof(*pfn));
    (void)state;

    assert_ok(mm_allocate_physical_pages(space, pfn, &got));
    assert_true(got > 0 && got < most);
    assert_consistent(&machine);
    struct mm_space *other = process_create(&machine);
    uint64_t base = allocate(other, 0, 16 * PAGE_SIZE, PAGE_READWRITE);
    for (unsigned i = 0; i < 16; i++)
        assert_ok(write_byte(other, base + i * PAGE_SIZE, 1));
    size_t more = 1;
    NTSTATUS status = mm_allocate_physical_pages(other, &base, &more);
    assert_true(status == STATUS_SUCCESS || status == STATUS_INSUFFICIENT_RESOURCES);
    process_destroy(&machine, other);
    give_back(pfn, got / 2); /* the rest goes with the process */
    free(pfn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_operations, setup, teardown),
        cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(release_keeps_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_there_is, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
