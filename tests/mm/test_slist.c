/* tests/mm/test_slist.c: frames that processes have at hand, and commit that processors have
 * cached: they are found again when somebody needs them. */
#include <string.h>

#include "hw/bits.h"
#include "mm/frames.h"
#include "mm/space.h"
#include "support.h"

#define PAGES 300u
#define MANY_PAGES 1000u

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

static uint32_t at_hand(void)
{
    return space->slist.zeroed_count + space->slist.free_count;
}

static NTSTATUS touch(struct mm_space *process, uint64_t va, bool write)
{
    return mm_access_fault(process, va, (uint32_t)hw_fault_set_write((hw_fault){0}, write).value);
}

static void touch_all(uint64_t base, unsigned pages)
{
    for (unsigned i = 0; i < pages; i++)
        assert_ok(touch(space, base + i * PAGE_SIZE, true));
}

static uint64_t frame_of(uint64_t va)
{
    return mi_read_pte(mi_find_pte(space, va)).u.Hard.PageFrameNumber;
}

/* Touch pages until the process has no zeroed frame at hand. => the last of them */
static uint64_t use_up_zeroed(void)
{
    uint64_t base;

    do {
        base = allocate(space, 0, PAGE_SIZE, PAGE_READWRITE);
        touch_all(base, 1);
    } while (space->slist.zeroed_count > 0);
    return base;
}

/* What a process gave up it gets again, and never sees what was in it. */
static void own_frames_come_back(void **state)
{
    (void)state;
    uint64_t base = use_up_zeroed(), pfn = frame_of(base);
    const uint64_t *word = mi_frame(machine.mm, pfn);
    memset(mi_frame(machine.mm, pfn), 0xA5, PAGE_SIZE);
    assert_ok(release(space, base, 0));
    assert_int_equal(space->slist.free[space->slist.free_count - 1], pfn);
    assert_int_equal(mi_pfn(machine.mm, pfn)->u2.ShareCount, 0);
    assert_consistent(&machine);

    base = allocate(space, 0, PAGE_SIZE, PAGE_READWRITE);
    touch_all(base, 1);
    assert_int_equal(frame_of(base), pfn);
    for (size_t i = 0; i < PAGE_SIZE / sizeof(*word); i++)
        assert_int_equal(word[i], 0);
}

static void few_are_kept(void **state)
{
    const struct nt_globals *nt = &machine.ke.nt;
    (void)state;
    uint64_t base = allocate(space, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    uint64_t before = *nt->MmAvailablePages;
    touch_all(base, PAGES);
    assert_ok(release(space, base, 0));
    assert_in_range(space->slist.free_count, 1, machine.mm->slist_most);
    assert_in_range(space->slist.zeroed_count, 0, machine.mm->slist_most);
    assert_in_range(before - *nt->MmAvailablePages, 0, 2 * machine.mm->slist_most);
}

/* Pages that are touched in order mostly get frames in order, where the lists have such. */
static void neighbours_stay_neighbours(void **state)
{
    (void)state;
    unsigned neighbours = 0;
    uint64_t base = allocate(space, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    touch_all(base, PAGES);
    for (unsigned i = 1; i < PAGES; i++)
        neighbours += frame_of(base + i * PAGE_SIZE) == frame_of(base + (i - 1) * PAGE_SIZE) + 1;
    assert_in_range(neighbours, PAGES * 3 / 4, PAGES);
    assert_ok(release(space, base, 0));
}

/* Of these frames, how many lie zeroed on a list? */
static unsigned zeroed_among(const uint64_t *pfn, unsigned count)
{
    unsigned zeroed = 0;
    for (unsigned i = 0; i < count; i++) {
        if (mi_pfn(machine.mm, pfn[i])->u3.e1.PageLocation != ZeroedPageList)
            continue;
        const uint64_t *word = mi_frame(machine.mm, pfn[i]);
        for (size_t k = 0; k < PAGE_SIZE / sizeof(*word); k++)
            assert_int_equal(word[k], 0);
        zeroed++;
    }
    return zeroed;
}

/* Who waits zeroes two frames, if many are to be zeroed and nobody is at it. */
static void waiting_zeroes_frames(void **state)
{
    const ULONG64 *free = &machine.ke.nt.MmFreePageListHead->Total;
    uint64_t base = allocate(space, 0, MANY_PAGES * PAGE_SIZE, PAGE_READWRITE), before = *free;
    static uint64_t pfn[MANY_PAGES];
    (void)state;
    touch_all(base, MANY_PAGES);
    for (unsigned i = 0; i < MANY_PAGES; i++) {
        pfn[i] = frame_of(base + i * PAGE_SIZE);
        memset(mi_frame(machine.mm, pfn[i]), 0xA5, PAGE_SIZE);
    }
    assert_ok(release(space, base, 0));
    uint64_t had = *free;
    assert_int_equal(zeroed_among(pfn, MANY_PAGES), 0);
    mi_pause_workers(machine.mm);
    mm_prepare_frame(machine.mm);
    mi_resume_workers(machine.mm);
    assert_int_equal(*free, had);
    for (unsigned i = 1; i <= 10; i++) {
        mm_prepare_frame(machine.mm);
        assert_int_equal(*free, had - 2 * i);
    }
    assert_in_range(zeroed_among(pfn, MANY_PAGES), before == 0 ? 20 : 0, 20);
    assert_consistent(&machine);
}

static void settling_gives_them_back(void **state)
{
    (void)state;
    struct mm_statistics before = settled(&machine);
    uint64_t base = allocate(space, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    touch_all(base, PAGES);
    assert_ok(release(space, base, 0));
    assert_int_not_equal(at_hand(), 0);
    struct mm_statistics after = settled(&machine);
    assert_int_equal(at_hand(), 0);
    assert_same_pages(&before, &after);
}

/* While pages are short nobody keeps any. */
static void they_are_the_first_to_go(void **state)
{
    bool busy;
    (void)state;
    uint64_t base = allocate(space, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    touch_all(base, PAGES);
    assert_ok(release(space, base, 0));
    uint32_t had = at_hand();
    assert_int_not_equal(had, 0);
    assert_int_equal(mi_trim_all(machine.mm, had, false, &busy), had);
    assert_int_equal(at_hand(), 0);

    ULONG64 *available = machine.ke.nt.MmAvailablePages, good;
    base = allocate(space, 0, 4 * PAGE_SIZE, PAGE_READWRITE);
    good = *available;
    *available = machine.mm->thresholds.enough;
    touch_all(base, 4);
    assert_int_equal(at_hand(), 0);
    assert_ok(release(space, base, 0));
    assert_int_equal(at_hand(), 0);
    *available += good - machine.mm->thresholds.enough;
    assert_consistent(&machine);
}

/* A page that is in a paging file too has a slot, which goes with it. */
static void pages_with_slots_are_not_kept(void **state)
{
    (void)state;
    struct machine small;
    machine_create(&small, 64 * MB, 16 * MB, 0);
    struct mm_space *process = process_create(&small);
    uint64_t base = allocate(process, 0, PAGE_SIZE, PAGE_READWRITE);
    assert_ok(touch(process, base, true));
    mm_empty_working_set(process);
    assert_int_not_equal(mm_write_modified_pages(small.mm, 16), 0);
    assert_ok(touch(process, base, false));
    MMPTE pte = mi_read_pte(mi_find_pte(process, base));
    MMPFN *page = mi_pfn(small.mm, pte.u.Hard.PageFrameNumber);
    assert_true(mi_pte_in_page_file(page->OriginalPte));
    uint32_t had = process->slist.free_count;
    assert_ok(release(process, base, 0));
    assert_int_equal(process->slist.free_count, had);
    process_destroy(&small, process);
    machine_destroy(&small);
}

/* ---- commit ---- */

static uint64_t cached(void)
{
    return mi_cached_commit(machine.mm);
}

static void commit_is_cached(void **state)
{
    const ULONG64 *total = machine.ke.nt.MmTotalCommittedPages;
    (void)state;
    uint64_t base = allocate(space, 0, 4 * PAGE_SIZE, PAGE_READWRITE);
    assert_ok(release(space, base, 0));
    uint64_t had = cached(), before = *total;
    assert_in_range(had, 4, 1024);
    base = allocate(space, 0, 4 * PAGE_SIZE, PAGE_READWRITE);
    assert_int_equal(*total - cached(), before - had + 4); /* whichever processor it was */
    assert_ok(release(space, base, 0));
    assert_consistent(&machine);
    mm_settle(machine.mm);
    assert_int_equal(cached(), 0);
    assert_consistent(&machine);
}

/* Before somebody is refused, all processors give back what they have. */
static void cached_commit_is_not_lost(void **state)
{
    struct ke_processors *p = &machine.ke.processors;
    ULONG64 *total = machine.ke.nt.MmTotalCommittedPages;
    (void)state;
    mm_settle(machine.mm);
    uint64_t base = 0, size, room = *machine.ke.nt.MmTotalCommitLimit - *total;
    for (;; room--) { /* the most that is to be had */
        size = MI_VA(room);
        base = 0;
        if (NT_SUCCESS(mm_allocate_virtual_memory(space, &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
                                                  PAGE_READWRITE)))
            break;
    }
    assert_ok(release(space, base, 0));
    mm_settle(machine.mm);
    for (unsigned i = 0; i < p->count; i++) {
        p->prcb[i]->CachedCommit = 100;
        *total += 100;
    }
    assert_consistent(&machine);
    base = allocate(space, 0, MI_VA(room), PAGE_READWRITE);
    assert_int_equal(cached(), 0);
    assert_ok(release(space, base, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(own_frames_come_back),          TEST(few_are_kept),
        TEST(neighbours_stay_neighbours),    TEST(waiting_zeroes_frames),
        TEST(settling_gives_them_back),      TEST(they_are_the_first_to_go),
        TEST(pages_with_slots_are_not_kept), TEST(commit_is_cached),
        TEST(cached_commit_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
