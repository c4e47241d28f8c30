/* tests/mm/test_section.c: sections between address spaces: sharing, copy-on-write, statuses. */
#include "support.h"

#include <string.h>

#include "mm/frames.h"
#include "mm/section.h"
#include "mm/space.h"
#include "sample.h"

#define VIEW_UNMAP 2u

static struct machine machine;
static struct mm_space *a, *b;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 64 * MB, 0, WITH_ENGINE);
    a = process_create(&machine);
    b = process_create(&machine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_consistent(&machine);
    process_destroy(&machine, a);
    process_destroy(&machine, b);
    machine_destroy(&machine);
    return 0;
}

static SEGMENT *section_create(uint64_t size, uint32_t protect, uint32_t attributes)
{
    SEGMENT *segment = NULL;

    assert_ok(mm_create_page_file_section(machine.mm, size, protect, attributes, &segment));
    return segment;
}

static NTSTATUS try_map(struct mm_space *space, SEGMENT *segment, uint32_t protect, uint64_t offset,
                        uint64_t size, uint64_t *base)
{
    struct mm_view view = {.segment = segment,
                           .base = *base,
                           .offset = offset,
                           .size = size,
                           .protect = protect,
                           .inherit = VIEW_UNMAP};
    NTSTATUS status = mm_map_view(space, &view);

    *base = view.base;
    return status;
}

static uint64_t map(struct mm_space *space, SEGMENT *segment, uint32_t protect)
{
    uint64_t base = 0;

    assert_ok(try_map(space, segment, protect, 0, 0, &base));
    return base;
}

static uint8_t get(struct mm_space *space, uint64_t va)
{
    uint8_t byte = 0;

    assert_ok(read_byte(space, va, &byte));
    return byte;
}

static uint64_t frame_at(struct mm_space *space, uint64_t va)
{
    uint64_t pa = 0;

    assert_true(mm_translate(space, va, &pa));
    return pa >> PAGE_SHIFT;
}

static uint64_t commit_of(struct mm_space *space)
{
    return mm_space_process(space)->CommitCharge - space->tables - space->overhead;
}

/* ---- memory -----------------------------------------------------------------------------------
 */

static void two_processes_share_bytes(void **state)
{
    SEGMENT *segment = section_create(64 * KB, PAGE_READWRITE, SEC_COMMIT);
    uint64_t at_a = map(a, segment, PAGE_READWRITE), at_b = map(b, segment, PAGE_READONLY);
    (void)state;

    assert_ok(write_byte(a, at_a + 0x3001, 77));
    assert_int_equal(get(b, at_b + 0x3001), 77);
    assert_int_equal(frame_at(a, at_a + 0x3000), frame_at(b, at_b + 0x3000));
    const MMPFN *page = mi_pfn(machine.mm, frame_at(a, at_a + 0x3000));
    assert_int_equal(page->u2.ShareCount, 2);
    assert_int_equal(page->u4.PrototypePte, 1);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(b, at_b + 0x3001, 1));
    assert_consistent(&machine);
    assert_ok(mm_unmap_view(a, at_a + 0x5000));
    assert_int_equal(page->u2.ShareCount, 1);
    assert_int_equal(get(b, at_b + 0x3001), 77);
    mm_close_section(machine.mm, segment);
    assert_int_equal(get(b, at_b + 0x3001), 77); /* the view keeps it */
}

static void contents_outlive_views(void **state)
{
    SEGMENT *segment = section_create(2 * PAGE_SIZE, PAGE_READWRITE, SEC_COMMIT);
    uint64_t base = map(a, segment, PAGE_READWRITE);
    (void)state;

    assert_ok(write_byte(a, base, 5));
    assert_ok(mm_unmap_view(a, base));
    assert_consistent(&machine); /* in transition, on the modified list */
    base = map(b, segment, PAGE_READWRITE);
    assert_int_equal(get(b, base), 5);
    assert_int_equal(get(b, base + PAGE_SIZE), 0);
    mm_close_section(machine.mm, segment);
}

/* A process keeps the hash table of its shared pages once it has had any. */
static void have_shared_page(struct mm_space *process)
{
    SEGMENT *segment = section_create(PAGE_SIZE, PAGE_READWRITE, SEC_COMMIT);
    uint64_t base = map(process, segment, PAGE_READWRITE);

    assert_ok(write_byte(process, base, 1));
    assert_ok(mm_unmap_view(process, base));
    mm_close_section(machine.mm, segment);
}

static void everything_goes_with_the_last_reference(void **state)
{
    have_shared_page(a);
    struct mm_statistics before = settled(&machine);
    SEGMENT *segment = section_create(MB, PAGE_READWRITE, SEC_COMMIT);
    struct mm_statistics made = settled(&machine);
    (void)state;

    /* Its pages, and some of paged pool for the prototypes. */
    assert_int_equal(segment->NumberOfCommittedPages, 256);
    assert_in_range(made.committed_pages - before.committed_pages, 256, 256 + 2 * MI_GROUP_PAGES);
    uint64_t base = map(a, segment, PAGE_READWRITE);
    for (uint64_t at = 0; at < MB; at += PAGE_SIZE)
        assert_ok(write_byte(a, base + at, 1));
    mm_close_section(machine.mm, segment);
    assert_consistent(&machine);
    assert_ok(mm_unmap_view(a, base));
    struct mm_statistics after = settled(&machine);
    assert_same_pages(&before, &after);
    assert_int_equal(before.committed_pages, after.committed_pages);
}

static void process_exit_unmaps(void **state)
{
    struct mm_statistics before = settled(&machine);
    struct mm_space *process = process_create(&machine);
    SEGMENT *segment = section_create(64 * KB, PAGE_READWRITE, SEC_COMMIT);
    (void)state;

    for (int i = 0; i < 3; i++)
        assert_ok(write_byte(process, map(process, segment, PAGE_READWRITE), 1));
    assert_int_equal(mm_section_control_area(machine.mm, segment)->NumberOfMappedViews, 3);
    mm_close_section(machine.mm, segment);
    process_destroy(&machine, process);
    struct mm_statistics after = settled(&machine);
    assert_same_pages(&before, &after);
}

static void partial_views(void **state)
{
    SEGMENT *segment = section_create(256 * KB, PAGE_READWRITE, SEC_COMMIT);
    uint64_t whole = map(a, segment, PAGE_READWRITE), part = 0;
    (void)state;

    assert_ok(write_byte(a, whole + 64 * KB, 9));
    assert_ok(try_map(a, segment, PAGE_READWRITE, 64 * KB, 5000, &part));
    assert_int_equal(get(a, part), 9);
    MEMORY_BASIC_INFORMATION q = query(a, part);
    assert_int_equal(q.RegionSize, 2 * PAGE_SIZE);
    assert_int_equal(q.Type, MEM_MAPPED);
    assert_int_equal(q.State, MEM_COMMIT);
    assert_int_equal(q.Protect, PAGE_READWRITE);
    assert_int_equal(q.AllocationProtect, PAGE_READWRITE);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(a, part + 2 * PAGE_SIZE, 1));
    mm_close_section(machine.mm, segment);
}

static void copying_views(void **state)
{
    SEGMENT *segment = section_create(64 * KB, PAGE_READWRITE, SEC_COMMIT);
    uint64_t shared = map(a, segment, PAGE_READWRITE), before = commit_of(b);
    uint64_t copy = map(b, segment, PAGE_WRITECOPY);
    (void)state;

    assert_int_equal(commit_of(b) - before, 16);
    assert_ok(write_byte(a, shared, 1));
    assert_int_equal(get(b, copy), 1);
    assert_ok(write_byte(a, shared, 2));
    assert_int_equal(get(b, copy), 2); /* not written yet: the same page */
    assert_int_equal(query(b, copy).Protect, PAGE_WRITECOPY);
    assert_ok(write_byte(b, copy, 3));
    assert_int_equal(query(b, copy).Protect, PAGE_READWRITE);
    assert_ok(write_byte(b, copy + PAGE_SIZE, 4)); /* written before it was read */
    assert_int_equal(get(a, shared), 2);
    assert_int_equal(get(a, shared + PAGE_SIZE), 0);
    assert_ok(write_byte(a, shared, 5));
    assert_int_equal(get(b, copy), 3);
    assert_int_not_equal(frame_at(a, shared), frame_at(b, copy));
    assert_consistent(&machine);
    assert_ok(mm_unmap_view(b, copy));
    assert_int_equal(commit_of(b), before);
    mm_close_section(machine.mm, segment);
}

static void reserved_sections(void **state)
{
    SEGMENT *segment = section_create(MB, PAGE_READWRITE, SEC_RESERVE);
    uint64_t at_a = map(a, segment, PAGE_READWRITE), at_b = map(b, segment, PAGE_READWRITE);
    (void)state;

    assert_int_equal(query(a, at_a).State, MEM_RESERVE);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(a, at_a, 1));
    assert_status(STATUS_NOT_COMMITTED, protect(a, at_a, PAGE_SIZE, PAGE_READONLY));
    assert_ok(commit(a, at_a + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PAGE_READWRITE));
    assert_int_equal(segment->NumberOfCommittedPages, 2);
    assert_ok(commit(b, at_b + 2 * PAGE_SIZE, 3 * PAGE_SIZE, PAGE_READONLY));
    assert_int_equal(segment->NumberOfCommittedPages, 3);
    assert_ok(write_byte(a, at_a + 2 * PAGE_SIZE, 8));
    assert_int_equal(get(b, at_b + 2 * PAGE_SIZE), 8);
    assert_int_equal(query(b, at_b + 2 * PAGE_SIZE).Protect, PAGE_READONLY);
    assert_int_equal(query(b, at_b + 2 * PAGE_SIZE).RegionSize, 3 * PAGE_SIZE);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(b, at_b + 2 * PAGE_SIZE, 1));
    mm_close_section(machine.mm, segment);
}

static void protecting_views(void **state)
{
    SEGMENT *segment = section_create(64 * KB, PAGE_READWRITE, SEC_COMMIT);
    uint64_t at = map(a, segment, PAGE_READWRITE), only = map(b, segment, PAGE_READONLY);
    uint64_t before = commit_of(a);
    (void)state;

    assert_status(STATUS_SECTION_PROTECTION, protect(b, only, 1, PAGE_READWRITE));
    assert_status(STATUS_SECTION_PROTECTION, protect(a, at, 1, PAGE_EXECUTE_READ));
    assert_ok(write_byte(a, at, 1));
    assert_ok(protect(a, at, 2 * PAGE_SIZE, PAGE_READONLY));
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(a, at, 2));
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(a, at + PAGE_SIZE, 2));
    assert_ok(protect(a, at, 2 * PAGE_SIZE, PAGE_NOACCESS));
    uint8_t byte;
    assert_status(STATUS_ACCESS_VIOLATION, read_byte(a, at, &byte));
    assert_consistent(&machine);
    assert_ok(protect(a, at, 2 * PAGE_SIZE, PAGE_READWRITE | PAGE_GUARD));
    assert_status(STATUS_GUARD_PAGE_VIOLATION, read_byte(a, at, &byte));
    assert_int_equal(get(a, at), 1);
    assert_int_equal(get(b, only), 1);
    /* A page to be copied is charged, and no longer when it is not. */
    assert_ok(protect(a, at, 4 * PAGE_SIZE, PAGE_WRITECOPY));
    assert_int_equal(commit_of(a) - before, 4);
    assert_ok(write_byte(a, at, 6));
    assert_int_equal(get(b, only), 1);
    assert_ok(protect(a, at, 4 * PAGE_SIZE, PAGE_READONLY));
    assert_int_equal(commit_of(a) - before, 1);
    assert_int_equal(get(a, at), 6);
    mm_close_section(machine.mm, segment);
}

/* ---- images -----------------------------------------------------------------------------------
 */

static uint8_t file[SAMPLE_SIZE];

static SEGMENT *image_create(void)
{
    struct pe_image image;
    SEGMENT *segment = NULL;

    sample_make(file);
    assert_int_equal(pe_open(&image, file, sizeof(file)), PE_OK);
    assert_ok(mm_create_image_section(machine.mm, &image, NULL, &segment));
    return segment;
}

static void image_pages_are_shared(void **state)
{
    SEGMENT *segment = image_create();
    uint64_t at_a = map(a, segment, PAGE_EXECUTE_READ), at_b = map(b, segment, PAGE_EXECUTE_READ);
    (void)state;

    assert_int_equal(at_a, SAMPLE_BASE);
    assert_int_equal(at_b, SAMPLE_BASE);
    assert_ok(execute(a, at_a + 0x1000));
    assert_ok(execute(b, at_b + 0x1000));
    assert_int_equal(frame_at(a, at_a + 0x1000), frame_at(b, at_b + 0x1000));
    /* A hook in one is invisible in the other. */
    uint8_t was = get(b, at_b + 0x1000);
    assert_ok(protect(a, at_a + 0x1000, 1, PAGE_EXECUTE_READWRITE));
    assert_int_equal(query(a, at_a + 0x1000).Protect, PAGE_EXECUTE_WRITECOPY);
    assert_ok(write_byte(a, at_a + 0x1000, (uint8_t)(was + 1)));
    assert_int_equal(query(a, at_a + 0x1000).Protect, PAGE_EXECUTE_READWRITE);
    assert_int_equal(get(b, at_b + 0x1000), was);
    assert_int_equal(get(a, at_a + 0x1000), (uint8_t)(was + 1));
    assert_consistent(&machine);
    /* Clean pages that nobody maps wait on the standby list, and come back from there. */
    assert_ok(mm_unmap_view(b, at_b));
    assert_ok(mm_unmap_view(a, at_a));
    struct mm_statistics statistics;
    mm_get_statistics(machine.mm, &statistics);
    assert_int_equal(statistics.standby[5], 1);
    assert_consistent(&machine);
    at_b = map(b, segment, PAGE_EXECUTE_READ);
    assert_int_equal(get(b, at_b + 0x1000), was);
    mm_get_statistics(machine.mm, &statistics);
    assert_int_equal(statistics.standby[5], 0);
    mm_close_section(machine.mm, segment);
}

/* The RW bit of a shared page's PTE, set behind the memory manager's back: the write goes to the
 * page that all share. */
static void write_bit_by_hand(void **state)
{
    SEGMENT *segment = image_create();
    uint64_t at_a = map(a, segment, PAGE_EXECUTE_READ), at_b = map(b, segment, PAGE_EXECUTE_READ);
    uint8_t was = get(b, at_b + 0x1000);
    (void)state;

    assert_int_equal(get(a, at_a + 0x1000), was);
    MMPTE *pte = mi_find_pte(a, at_a + 0x1000);
    pte->u.Hard.Dirty1 = 1;
    assert_ok(write_byte(a, at_a + 0x1000, (uint8_t)(was + 1)));
    assert_int_equal(get(b, at_b + 0x1000), (uint8_t)(was + 1));
    /* Changed, it is not to be lost. */
    assert_ok(mm_unmap_view(a, at_a));
    assert_ok(mm_unmap_view(b, at_b));
    struct mm_statistics statistics;
    mm_get_statistics(machine.mm, &statistics);
    assert_int_equal(statistics.standby[5], 0);
    assert_int_equal(statistics.modified, 1);
    at_b = map(b, segment, PAGE_EXECUTE_READ);
    assert_int_equal(get(b, at_b + 0x1000), (uint8_t)(was + 1));
    mm_close_section(machine.mm, segment);
}

/* Where it cannot be at the base that others have it at, a process has pages of its own. */
static void image_at_two_bases(void **state)
{
    SEGMENT *segment = image_create();
    uint64_t at_a = map(a, segment, PAGE_EXECUTE_READ), at_b = 0, pointer;
    (void)state;

    allocate(b, SAMPLE_BASE, PAGE_SIZE, PAGE_READWRITE);
    assert_status(STATUS_IMAGE_NOT_AT_BASE, try_map(b, segment, PAGE_EXECUTE_READ, 0, 0, &at_b));
    assert_int_not_equal(at_b, at_a);
    assert_ok(mm_copy_from_user(a, &pointer, at_a + SAMPLE_POINTER_RVA, sizeof(pointer)));
    assert_int_equal(pointer, at_a + 0x1000);
    assert_ok(mm_copy_from_user(b, &pointer, at_b + SAMPLE_POINTER_RVA, sizeof(pointer)));
    assert_int_equal(pointer, at_b + 0x1000);
    mm_close_section(machine.mm, segment);
}

/* Standby pages are taken when nothing else is left, and made again when they are needed. */
static void standby_is_memory(void **state)
{
    SEGMENT *segment = image_create();
    uint64_t at = map(b, segment, PAGE_EXECUTE_READ);
    uint8_t was = get(b, at + 0x1000);
    struct mm_statistics statistics;
    (void)state;

    assert_ok(mm_unmap_view(b, at));
    mm_get_statistics(machine.mm, &statistics);
    assert_int_equal(statistics.standby[5], 1);
    uint64_t block = allocate(a, 0, 32 * MB, PAGE_READWRITE), used = 0, pfn;
    for (; used < 32 * MB; used += PAGE_SIZE)
        assert_ok(write_byte(a, block + used, 1));
    uint64_t first = MI_LIST_END; /* take all the rest, chained through the frames */
    while (mi_allocate_page(machine.mm, MI_PAGE_ANY, &pfn)) {
        *(uint64_t *)mi_frame(machine.mm, pfn) = first;
        first = pfn;
    }
    mm_get_statistics(machine.mm, &statistics);
    assert_int_equal(statistics.standby[5], 0);
    while (first != MI_LIST_END) {
        pfn = first;
        first = *(uint64_t *)mi_frame(machine.mm, pfn);
        mi_free_page(machine.mm, pfn);
    }
    at = map(b, segment, PAGE_EXECUTE_READ);
    assert_int_equal(get(b, at + 0x1000), was);
    mm_close_section(machine.mm, segment);
}

/* ---- statuses ---------------------------------------------------------------------------------
 */

static NTSTATUS try_create(uint64_t size, uint32_t protect)
{
    SEGMENT *segment;
    NTSTATUS status = mm_create_page_file_section(machine.mm, size, protect, SEC_COMMIT, &segment);

    if (NT_SUCCESS(status))
        mm_close_section(machine.mm, segment);
    return status;
}

static void statuses(void **state)
{
    SEGMENT *segment = section_create(128 * KB, PAGE_READONLY, SEC_COMMIT);
    uint64_t base = 0, taken = allocate(a, 0, 64 * KB, PAGE_READWRITE);
    (void)state;

    assert_status(STATUS_INVALID_PARAMETER_4, try_create(0, PAGE_READWRITE));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, try_create(1, PAGE_NOACCESS));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, try_create(1, PAGE_READWRITE | PAGE_READONLY));
    assert_status(STATUS_SECTION_TOO_BIG, try_create(UINT64_MAX, PAGE_READWRITE));
    assert_status(STATUS_COMMITMENT_LIMIT, try_create(1ull << 40, PAGE_READWRITE));

    assert_status(STATUS_SECTION_PROTECTION, try_map(a, segment, PAGE_READWRITE, 0, 0, &base));
    assert_status(STATUS_SECTION_PROTECTION, try_map(a, segment, PAGE_EXECUTE_READ, 0, 0, &base));
    assert_status(STATUS_INVALID_PAGE_PROTECTION, try_map(a, segment, 0, 0, 0, &base));
    assert_status(STATUS_MAPPED_ALIGNMENT, try_map(a, segment, PAGE_READONLY, 4096, 0, &base));
    assert_status(STATUS_INVALID_VIEW_SIZE, try_map(a, segment, PAGE_READONLY, 128 * KB, 0, &base));
    assert_status(STATUS_INVALID_VIEW_SIZE,
                  try_map(a, segment, PAGE_READONLY, 64 * KB, 64 * KB + 1, &base));
    assert_status(STATUS_INVALID_VIEW_SIZE,
                  try_map(a, segment, PAGE_READONLY, 64 * KB, UINT64_MAX, &base));
    assert_status(STATUS_INVALID_VIEW_SIZE,
                  try_map(a, segment, PAGE_READONLY, UINT64_MAX & ~0xFFFFull, 0, &base));
    base = 0x10001000;
    assert_status(STATUS_MAPPED_ALIGNMENT, try_map(a, segment, PAGE_READONLY, 0, 0, &base));
    base = taken;
    assert_status(STATUS_CONFLICTING_ADDRESSES, try_map(a, segment, PAGE_READONLY, 0, 0, &base));
    base = UINT64_MAX & ~0xFFFFull;
    assert_status(STATUS_INVALID_PARAMETER_3, try_map(a, segment, PAGE_READONLY, 0, 0, &base));
    base = 0x10000000;
    assert_ok(try_map(a, segment, PAGE_WRITECOPY, 0, 0, &base));
    assert_int_equal(base, 0x10000000);
    assert_status(STATUS_ALREADY_COMMITTED, commit(a, base, PAGE_SIZE, PAGE_READONLY));
    uint64_t at = base, size = 0;
    assert_status(STATUS_UNABLE_TO_DELETE_SECTION,
                  mm_free_virtual_memory(a, &at, &size, MEM_RELEASE));
    assert_status(STATUS_NOT_MAPPED_VIEW, mm_unmap_view(a, taken));
    assert_status(STATUS_NOT_MAPPED_VIEW, mm_unmap_view(a, base - 1));
    assert_ok(mm_unmap_view(a, base));
    assert_status(STATUS_NOT_MAPPED_VIEW, mm_unmap_view(a, base));
    mm_close_section(machine.mm, segment);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_processes_share_bytes),
        TEST(contents_outlive_views),
        TEST(everything_goes_with_the_last_reference),
        TEST(process_exit_unmaps),
        TEST(partial_views),
        TEST(copying_views),
        TEST(reserved_sections),
        TEST(protecting_views),
        TEST(image_pages_are_shared),
        TEST(write_bit_by_hand),
        TEST(image_at_two_bases),
        TEST(standby_is_memory),
        TEST(statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
