/* tests/mm/test_color.c: page colours: which lists free frames are on, and whose turn it is. */
#include "mm/color.h"

#include <string.h>

#include "hw/bits.h"
#include "mm/frames.h"
#include "mm/space.h"
#include "support.h"

#define CACHE (1u << 20)
#define WAYS 16u
#define COLORS 16u
#define PAGES 200u

static struct machine machine;
static struct mm_space *space;
static uint64_t base; /* PAGES committed pages, whose page table is there */

static NTSTATUS touch(uint64_t va)
{
    return mm_access_fault(space, va, (uint32_t)hw_fault_set_write((hw_fault){0}, true).value);
}

static uint64_t frame_of(uint64_t va)
{
    return mi_read_pte(mi_find_pte(space, va)).u.Hard.PageFrameNumber;
}

static uint32_t color_of(uint64_t va)
{
    return (uint32_t)(frame_of(va) % COLORS);
}

static int setup(void **state)
{
    (void)state;
    machine_create_with_cache(&machine, 64 * MB, CACHE, WAYS);
    space = process_create(&machine);
    base = allocate(space, 0, (PAGES + 1) * PAGE_SIZE, PAGE_READWRITE) + PAGE_SIZE;
    assert_ok(touch(base - PAGE_SIZE));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    process_destroy(&machine, space);
    machine_destroy(&machine);
    return 0;
}

/* ---- how many ---- */

static void a_way_has_each_once(void **state)
{
    static const struct {
        uint32_t size, ways, colors;
    } caches[] = {
        {256u << 10, 8, 8},    {512u << 10, 8, 16}, {1u << 20, 16, 16}, {2u << 20, 16, 32},
        {1280u << 10, 20, 16}, {3u << 20, 12, 64},  {64u << 10, 16, 2}, {16u << 10, 16, 2},
        {64u << 20, 1, 512},   {0, 0, 64},          {1u << 20, 0, 64},  {UINT32_MAX, 1, 512},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++)
        assert_int_equal(caches[i].colors, mi_color_count(caches[i].size, caches[i].ways));
}

static void any_number_works(void **state)
{
    static const struct {
        uint32_t size, ways, colors;
    } caches[] = {{64u << 10, 16, 2}, {64u << 20, 1, 512}};
    (void)state;

    for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
        struct machine other;
        machine_create_with_cache(&other, 64 * MB, caches[i].size, caches[i].ways);
        assert_int_equal(caches[i].colors, *other.ke.nt.MmSecondaryColors);
        struct mm_statistics before = settled(&other);
        struct mm_space *process = process_create(&other);
        uint64_t at = allocate(process, 0, 4 * MB, PAGE_READWRITE);
        for (uint64_t page = 0; page < 4 * MB; page += PAGE_SIZE)
            assert_ok(write_byte(process, at + page, 1));
        assert_consistent(&other);
        process_destroy(&other, process);
        struct mm_statistics after = settled(&other);
        assert_same_pages(&before, &after);
        machine_destroy(&other);
    }
}

/* ---- what nt's variables say ---- */

static void lists_are_in_guest_memory(void **state)
{
    struct nt_globals *nt = &machine.ke.nt;
    uint64_t found[2] = {0, 0};
    (void)state;

    assert_int_equal(COLORS, *nt->MmSecondaryColors);
    assert_int_equal(COLORS - 1, *nt->MmSecondaryColorMask);
    assert_int_equal(4, *nt->MmSecondaryColorNodeShift);
    assert_int_equal(CACHE, *nt->MiSecondLevelCacheSize);
    for (unsigned name = 0; name < 2; name++) {
        const MMPFNLIST *list = k2h(&machine.ke.ks, nt->MmFreePagesByColor[name]);
        for (uint32_t color = 0; color < COLORS; color++, list++) {
            found[name] += list->Total;
            assert_int_equal(name, list->ListName);
            if (list->Flink != MI_LIST_END)
                assert_int_equal(color, list->Flink % COLORS);
        }
    }
    assert_int_equal(nt->MmZeroedPageListHead->Total, found[ZeroedPageList]);
    assert_int_equal(nt->MmFreePageListHead->Total, found[FreePageList]);
    assert_int_not_equal(0, found[ZeroedPageList]);
}

static void processors_know_their_cache(void **state)
{
    KPCR pcr;
    (void)state;

    memset(&pcr, 0, sizeof(pcr));
    mm_initialize_processor(machine.mm, &pcr);
    assert_int_equal(CACHE, pcr.SecondLevelCacheSize);
    assert_int_equal(WAYS, pcr.SecondLevelCacheAssociativity);
    assert_int_equal(COLORS - 1, pcr.Prcb.SecondaryColorMask);
}

/* ---- whose turn it is ---- */

static void faults_take_them_in_turn(void **state)
{
    (void)state;

    for (uint64_t va = base; va < base + PAGES * PAGE_SIZE; va += PAGE_SIZE) {
        uint32_t next = space->process->Vm.NextPageColor % COLORS;
        assert_ok(touch(va));
        assert_int_equal(next, color_of(va));
        assert_int_equal((next + 1) % COLORS, space->process->Vm.NextPageColor % COLORS);
    }
}

/* The same when the process gets its frames from the lists one by one. */
static void so_it_is_without_frames_at_hand(void **state)
{
    (void)state;

    for (uint64_t va = base; va < base + PAGES * PAGE_SIZE; va += PAGE_SIZE) {
        mi_slist_drain(space, SIZE_MAX);
        uint32_t next = space->process->Vm.NextPageColor % COLORS;
        assert_ok(touch(va));
        assert_int_equal(next, color_of(va));
    }
}

static void processes_begin_apart(void **state)
{
    enum { OTHERS = 8 };
    uint32_t colors = 0;
    (void)state;

    for (int i = 0; i < OTHERS; i++) {
        struct mm_space *other = process_create(&machine);
        colors |= 1u << other->process->Vm.NextPageColor % COLORS;
        process_destroy(&machine, other);
    }
    assert_int_equal(COLORS / MI_LINE_FRAMES, __builtin_popcount(colors));
}

static void system_pages_take_turns(void **state)
{
    const struct ke_processors *p = &machine.ke.processors;
    uint64_t pfn;
    (void)state;

    for (ULONG color = COLORS - 2; color < COLORS + 2; color++) {
        ULONG sum = 0;
        for (unsigned i = 0; i < p->count; i++)
            p->prcb[i]->PageColor = color; /* whichever we run on */
        assert_true(mi_allocate_page(machine.mm, MI_PAGE_ZEROED, &pfn));
        assert_int_equal(color % COLORS, pfn % COLORS);
        for (unsigned i = 0; i < p->count; i++)
            sum += p->prcb[i]->PageColor;
        assert_int_equal(p->count * color + 1, sum);
        mi_free_page(machine.mm, pfn);
    }
}

/* ---- when there is none ---- */

/* Nobody gets a frame of this colour any more. => how many there were, chained through u1.Flink */
static uint64_t hide(uint32_t color, uint64_t *chain)
{
    struct mm *mm = machine.mm;
    uint64_t count = 0;

    *chain = MI_LIST_END;
    ke_acquire_lock(&mm->pfn_lock);
    for (unsigned name = 0; name < 2; name++) {
        MMPFNLIST *list = mi_color_list(mm, name, color);
        for (uint64_t pfn; (pfn = list->Flink) != MI_LIST_END; count++) {
            mi_list_remove(mm, list, pfn);
            mi_page_taken(mi_pfn(mm, pfn));
            mi_pfn(mm, pfn)->u1.Flink = *chain;
            *chain = pfn;
        }
    }
    ke_release_lock(&mm->pfn_lock);
    return count;
}

static void show(uint64_t chain)
{
    while (chain != MI_LIST_END) {
        uint64_t pfn = chain;
        chain = mi_pfn(machine.mm, pfn)->u1.Flink;
        mi_free_page(machine.mm, pfn);
    }
}

static void another_color_does_as_well(void **state)
{
    uint64_t chain[2];
    (void)state;

    mi_slist_drain(space, SIZE_MAX);
    space->process->Vm.NextPageColor = 5;
    assert_int_not_equal(0, hide(7, &chain[0]));
    assert_int_not_equal(0, hide(8, &chain[1]));
    for (uint32_t i = 0; i < COLORS; i++) {
        static const uint32_t turn[COLORS] = {5, 6, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6};
        assert_ok(touch(base + i * PAGE_SIZE));
        assert_int_equal(turn[i], color_of(base + i * PAGE_SIZE));
    }
    show(chain[0]);
    show(chain[1]);
}

/* Zeroed frames of other colours come before free ones that have to be zeroed, and those before
 * none. */
static void free_frames_come_last(void **state)
{
    struct mm *mm = machine.mm;
    MMPFNLIST *zeroed = machine.ke.nt.MmZeroedPageListHead;
    uint64_t chain = MI_LIST_END, pfn;
    (void)state;

    mi_slist_drain(space, SIZE_MAX);
    while (zeroed->Total > 1) {
        assert_true(mi_allocate_page(mm, MI_PAGE_ZEROED, &pfn));
        memset(mi_frame(mm, pfn), 0xA5, PAGE_SIZE);
        mi_pfn(mm, pfn)->u1.Flink = chain;
        chain = pfn;
    }
    show(chain);
    uint64_t last = mi_list_with_color(mm, ZeroedPageList, 0)->Flink;
    space->process->Vm.NextPageColor = (USHORT)(last + 9);
    assert_ok(touch(base));
    assert_int_equal(last, frame_of(base));
    assert_int_equal(0, zeroed->Total);
    for (uint64_t va = base + PAGE_SIZE; va < base + 40 * PAGE_SIZE; va += PAGE_SIZE) {
        uint32_t next = space->process->Vm.NextPageColor % COLORS;
        uint8_t byte = 1;
        assert_ok(touch(va));
        assert_int_equal(next, color_of(va));
        assert_ok(read_byte(space, va + 100, &byte));
        assert_int_equal(0, byte);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_way_has_each_once), cmocka_unit_test(any_number_works),
        TEST(lists_are_in_guest_memory),       TEST(processors_know_their_cache),
        TEST(faults_take_them_in_turn),        TEST(so_it_is_without_frames_at_hand),
        TEST(processes_begin_apart),           TEST(system_pages_take_turns),
        TEST(another_color_does_as_well),      TEST(free_frames_come_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
