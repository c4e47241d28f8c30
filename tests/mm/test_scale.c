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

/* ---- the index of VADs ---- */

static void fill(uint64_t units_apart)
{
    for (uint64_t i = 0; i < RANGES; i++)
        reserve(space, 0x100000000 + i * units_apart * UNIT, UNIT);
}

static void clear(uint64_t units_apart)
{
    for (uint64_t i = 0; i < RANGES; i++)
        assert_ok(release(space, 0x100000000 + i * units_apart * UNIT, 0));
}

/* However far apart they are, most VADs have an entry; those that have none are found as well. */
static void most_are_found_at_once(void **state)
{
    static const uint64_t apart[] = {1, 2, 3, 16, 17, 32, 160, 1024};
    (void)state;
    for (size_t a = 0; a < sizeof(apart) / sizeof(*apart); a++) {
        unsigned found = 0;
        fill(apart[a]);
        for (uint64_t i = 0; i < RANGES; i++) {
            uint64_t vpn = MI_VPN(0x100000000 + i * apart[a] * UNIT);
            MMVAD_SHORT *vad = mi_vad_find(space, vpn);
            assert_non_null(vad);
            assert_int_equal(vad->StartingVpn, vpn);
            found += mi_vad_index_has(space, vad);
        }

        assert_in_range(found, RANGES * 3 / 4, RANGES);
        assert_int_equal(mm_check(machine.mm), 0);
        clear(apart[a]);
    }
}

/* Neighbours are found from a VAD close by: behind, in front, and where there is none. */
static void neighbours_are_found(void **state)
{
    (void)state;
    fill(4);
    for (uint64_t i = 0; i < RANGES - 1; i += 7) {
        uint64_t vpn = MI_VPN(0x100000000 + i * 4 * UNIT);
        const MMVAD_SHORT *vad = mi_vad_find(space, vpn);
        for (uint64_t page = MI_VPN(UNIT); page < MI_VPN(4 * UNIT); page += 5) {
            MMVAD_SHORT *before, *behind = mi_vad_find_between(space, vpn + page, &before);
            assert_ptr_equal(before, vad);
            assert_int_equal(behind->StartingVpn, vpn + MI_VPN(4 * UNIT));
            assert_null(mi_vad_find(space, vpn + page));
        }
        assert_true(mi_vad_range_is_free(space, vpn + MI_VPN(UNIT), vpn + MI_VPN(4 * UNIT) - 1));
        assert_false(mi_vad_range_is_free(space, vpn + MI_VPN(UNIT), vpn + MI_VPN(4 * UNIT)));
    }
}

/* It comes with many ranges, and goes with them. */
static void index_goes_with_ranges(void **state)
{
    (void)state;
    assert_false(mi_vad_index_is_good(space));
    fill(2);
    assert_true(mi_vad_index_is_good(space));
    clear(2);
    assert_false(mi_vad_index_is_good(space));
    assert_int_equal(mi_vad_index_count(space), 0);
}

/* A VAD that nothing hangs on and that has an entry, and the link that leads to it. */
static MMVAD_SHORT *find_leaf(uint64_t **link)
{
    for (MMVAD_SHORT *at = mi_vad_first(space); at; at = mi_vad_next(space, at)) {
        if (!at->LeftChild.va && !at->RightChild.va && mi_vad_index_has(space, at)) {
            MMVAD_SHORT *above = mi_vad_parent(space, at);
            *link = mi_vad_left(space, above) == at ? &above->LeftChild.va : &above->RightChild.va;
            return at;
        }
    }
    fail();
    return NULL;
}

/* The tree is in guest memory, and a debugger may change it there: what it says then holds. */
static void edits_are_honoured(void **state)
{
    uint64_t *link = NULL;
    (void)state;
    fill(2);
    MMVAD_SHORT *vad = find_leaf(&link);
    uint64_t va = MI_VA(vad->StartingVpn), good = *link;
    assert_int_equal(query(space, va).State, MEM_RESERVE);
    *link = 0; /* out of the tree */
    mm_memory_edited(machine.mm);
    assert_int_equal(query(space, va).State, MEM_FREE);
    *link = good;
    mm_memory_edited(machine.mm);
    assert_int_equal(query(space, va).State, MEM_RESERVE);

    vad->StartingVpn += MI_VPN(UNIT); /* into the room behind it */
    vad->EndingVpn += MI_VPN(UNIT);
    mm_memory_edited(machine.mm);
    assert_int_equal(query(space, va).State, MEM_FREE);
    assert_int_equal(query(space, va + UNIT).State, MEM_RESERVE);
    vad->StartingVpn -= MI_VPN(UNIT);
    vad->EndingVpn -= MI_VPN(UNIT);
    mm_memory_edited(machine.mm);

    assert_false(mi_vad_index_is_good(space));
    uint64_t more = reserve(space, 0, UNIT); /* the next change begins it anew */
    assert_true(mi_vad_index_is_good(space));
    assert_true(mi_vad_index_has(space, mi_vad_find(space, MI_VPN(more))));
    assert_false(mi_vad_index_has(space, vad));
    assert_int_equal(query(space, va).State,
                     MEM_RESERVE); /* found by a neighbour, or the long way */
    assert_int_equal(mm_check(machine.mm), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ways_stay_short),        TEST(ranges_are_small),     TEST(whole_ranges_need_no_tables),
        TEST(most_are_found_at_once), TEST(neighbours_are_found), TEST(index_goes_with_ranges),
        TEST(edits_are_honoured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
