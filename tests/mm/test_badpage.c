/* tests/mm/test_badpage.c: frames that are marked bad: whoever has one keeps it, and nobody gets it
 * after that. */
#include "support.h"

#include "mm/frames.h"
#include "mm/vad.h"

#define PAGES 64u

static struct machine machine;
static struct mm_space *space;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 32 * MB, 0, WITH_ENGINE);
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

static uint64_t bad_frames(void)
{
    return machine.ke.nt.MmBadPageListHead->Total;
}

static uint64_t frame_of(uint64_t va)
{
    return mi_read_pte(mi_find_pte(space, va)).u.Hard.PageFrameNumber;
}

static void mark(uint64_t pfn)
{
    mi_pfn(machine.mm, pfn)->u3.e1.ParityError = 1;
}

/* Everybody who can get a frame gets another one. */
static void assert_nobody_has(uint64_t pfn)
{
    const MMPFN *page = mi_pfn(machine.mm, pfn);

    take_all_frames(&machine);
    assert_int_equal(page->u3.e1.PageLocation, BadPageList);
    assert_int_equal(page->u3.e2.ReferenceCount, 0);
    assert_consistent(&machine);
}

static void kept_until_freed(void **state)
{
    uint64_t base = allocate(space, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    uint64_t limit = *machine.ke.nt.MmTotalCommitLimit;
    uint8_t byte = 0;
    (void)state;

    for (unsigned i = 0; i < PAGES; i++)
        assert_ok(write_byte(space, base + i * PAGE_SIZE, (uint8_t)i));
    uint64_t pfn = frame_of(base + 7 * PAGE_SIZE);
    mark(pfn);
    assert_ok(read_byte(space, base + 7 * PAGE_SIZE, &byte));
    assert_int_equal(byte, 7);
    mm_empty_working_set(space); /* modified, and back */
    assert_ok(read_byte(space, base + 7 * PAGE_SIZE, &byte));
    assert_int_equal(byte, 7);
    assert_int_equal(frame_of(base + 7 * PAGE_SIZE), pfn);
    assert_int_equal(bad_frames(), 0);
    assert_consistent(&machine);
    assert_ok(release(space, base, 0));
    assert_int_equal(bad_frames(), 1);
    assert_int_equal(*machine.ke.nt.MmTotalCommitLimit, limit - 1);
    assert_nobody_has(pfn);
    assert_int_equal(bad_frames(), 1);
}

/* A table's frame, and one of a process that ends. */
static void freed_by_others(void **state)
{
    struct mm_space *other = process_create(&machine);
    uint64_t base = allocate(other, 0, PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    assert_ok(write_byte(other, base, 1));
    const MMPTE *pte = mi_find_pte(other, base);
    uint64_t table = mi_frame_of(machine.mm, pte), pfn = mi_read_pte(pte).u.Hard.PageFrameNumber;
    mark(table);
    mi_pfn(machine.mm, pfn)->u3.e1.RemovalRequested = 1;
    process_destroy(&machine, other);
    (void)settled(&machine);
    assert_int_equal(bad_frames(), 2);
    assert_nobody_has(table);
    assert_nobody_has(pfn);
}

/* Frames that wait to be taken, zeroed, free or standby, are passed by when it is their turn. */
static void found_on_lists(void **state)
{
    uint64_t first = machine.mm->frames - 40;
    (void)state;

    mi_list_all_frames(machine.mm);
    mi_zero_free_pages(machine.mm, 8);
    uint64_t available = *machine.ke.nt.MmAvailablePages;
    for (uint64_t pfn = first; pfn < first + 32; pfn++) {
        assert_true(mi_pfn(machine.mm, pfn)->u3.e1.PageLocation <= FreePageList);
        mark(pfn);
    }
    uint64_t base = allocate(space, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    for (unsigned i = 0; i < PAGES; i++) {
        assert_ok(write_byte(space, base + i * PAGE_SIZE, 1));
        uint64_t pfn = frame_of(base + i * PAGE_SIZE);
        assert_false(pfn >= first && pfn < first + 32);
    }
    assert_consistent(&machine);
    take_all_frames(&machine);
    assert_int_equal(bad_frames(), 32);
    assert_true(*machine.ke.nt.MmAvailablePages <= available - 32);
    assert_consistent(&machine);
    mi_zero_free_pages(machine.mm, SIZE_MAX);
    assert_int_equal(bad_frames(), 32);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(kept_until_freed),
        TEST(freed_by_others),
        TEST(found_on_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
