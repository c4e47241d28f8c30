/* tests/mm/test_scale.c: what a call does does not grow with what else there is, counted in work
 * rather than time. bench_scale does the same with a million ranges and a clock. */
#include "mm/vad.h"
#include "support.h"

#define RANGES 20000u
#define UNIT MM_ALLOCATION_GRANULARITY

static struct machine machine;
static struct mm_space *space;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 64 * MB, 0, 0);
    space = process_create(&machine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    process_destroy(&machine, space);
    machine_destroy(&machine);
    return 0;
}

/* The height of an AVL tree of so many nodes is at most 1.44 times that of a full one; 3/2 here. */
static unsigned most_height(uint64_t nodes)
{
    unsigned full = 0;

    for (; nodes > 0; nodes /= 2)
        full++;
    return full * 3 / 2;
}

/* How many nodes lie on the way from the top to the VAD of an address. */
static unsigned steps_to(uint64_t va)
{
    unsigned steps = 0;

    for (MMVAD_SHORT *at = mi_vad_top(space); at; steps++) {
        if (at->StartingVpn <= MI_VPN(va) && MI_VPN(va) <= at->EndingVpn)
            return steps + 1;
        at = at->EndingVpn < MI_VPN(va) ? mi_vad_right(space, at) : mi_vad_left(space, at);
    }
    fail();
    return 0;
}

static void ways_stay_short(void **state)
{
    const MM_AVL_TABLE *table = &space->process->VadRoot;
    (void)state;
    for (uint64_t i = 0; i < RANGES; i++)
        reserve(space, 0x100000000 + i * 2 * UNIT, UNIT);
    unsigned most = most_height(table->NumberGenericTableElements);
    assert_in_range(table->DepthOfTree, 1, most);
    for (uint64_t i = 0; i < RANGES; i += 97)
        assert_in_range(steps_to(0x100000000 + i * 2 * UNIT), 1, most);
    for (uint64_t i = 0; i < RANGES; i++) {
        if (i % 8 != 0)
            assert_ok(release(space, 0x100000000 + i * 2 * UNIT, 0));
    }
    assert_in_range(table->DepthOfTree, 1, most_height(table->NumberGenericTableElements));
}

/* Ranges that are only reserved take a block of pool each, and no page tables. */
static void ranges_are_small(void **state)
{
    struct mm_statistics before = settled(&machine);
    (void)state;
    for (uint64_t i = 0; i < RANGES; i++)
        reserve(space, 0, UNIT);
    struct mm_statistics after = settled(&machine);
    assert_int_equal(after.page_table_pages, before.page_table_pages);
    assert_in_range(after.nonpaged_pool_bytes - before.nonpaged_pool_bytes, RANGES * 64,
                    RANGES * 112);
}

/* Nor does committing all of a range, and taking it back, make any. */
static void whole_ranges_need_no_tables(void **state)
{
    (void)state;
    uint64_t base = reserve(space, 0, 16 * MB), tables = space->tables;
    assert_ok(commit(space, base, 16 * MB, PAGE_NOACCESS));
    assert_int_equal(space->tables, tables);
    assert_int_equal(query(space, base).State, MEM_COMMIT);
    assert_int_equal(query(space, base).RegionSize, 16 * MB);
    assert_ok(decommit(space, base, 16 * MB));
    assert_int_equal(space->tables, tables);
    assert_int_equal(query(space, base).State, MEM_RESERVE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ways_stay_short),
        TEST(ranges_are_small),
        TEST(whole_ranges_need_no_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
