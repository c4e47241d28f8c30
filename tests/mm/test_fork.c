/* tests/mm/test_fork.c: address spaces that are cloned: pages in every state, written on either
 * side, processes that end in any order, and clones that fail half way.
 *
 * That nothing is lost or left is seen three ways: by reads on both sides, by the whole-state check
 * (which counts the references to each clone block), and by page counts when all processes are
 * gone.
 */
#include "support.h"

#include <limits.h>
#include <string.h>

#include "mm/clone.h"
#include "mm/frames.h"
#include "mm/vad.h"
#include "nt/info.h"
#include "pe/pe.h"
#include "sample.h"

#define PAGES 16u

static struct machine machine;
static struct mm_statistics before;
static struct mm_space *parent;

static void up(uint64_t ram)
{
    machine_create_on(&machine, ram, 64 * MB, WITH_ENGINE, &test_paging_ops);
    machine.recorder.reads_left = machine.recorder.writes_left = LONG_MAX;
    before = settled(&machine);
    parent = process_create(&machine);
}

static int setup(void **state)
{
    (void)state;
    up(32 * MB);
    return 0;
}

/* The parent and whoever else was made are gone. */
static int teardown(void **state)
{
    (void)state;
    struct mm_statistics after = settled(&machine);
    assert_same_pages(&before, &after);
    machine_destroy(&machine);
    return 0;
}

static struct mm_space *forked(struct mm_space *from)
{
    struct mm_space *child = process_create(&machine);

    assert_ok(mm_clone_address_space(from, child));
    assert_consistent(&machine);
    return child;
}

static void ends(struct mm_space *space)
{
    process_destroy(&machine, space);
    assert_consistent(&machine);
}

static MMPTE pte_of(const struct mm_space *space, uint64_t va)
{
    return mi_pte_or_zero(space, va);
}

static const MMCLONE_BLOCK *block_of(const struct mm_space *space, uint64_t va)
{
    return kspace_host(&machine.ke.ks, mi_clone_block_va(machine.mm, pte_of(space, va)));
}

static bool is_fork(const struct mm_space *space, uint64_t va)
{
    return mi_pte_is_fork(machine.mm, pte_of(space, va));
}

static void fill(struct mm_space *space, uint64_t base, unsigned pages, uint8_t seed)
{
    for (unsigned i = 0; i < pages; i++)
        assert_ok(write_byte(space, base + i * PAGE_SIZE + 9, (uint8_t)(seed + i)));
}

static void assert_filled(struct mm_space *space, uint64_t base, unsigned pages, uint8_t seed)
{
    uint8_t byte;

    for (unsigned i = 0; i < pages; i++) {
        assert_ok(read_byte(space, base + i * PAGE_SIZE + 9, &byte));
        assert_int_equal(byte, (uint8_t)(seed + i));
    }
}

/* To the paging file and out of memory. */
static void page_out(void)
{
    while (mm_write_modified_pages(machine.mm, 64) > 0) {
    }
    take_all_frames(&machine);
}

/* ---- one page, step by step -------------------------------------------------------------------
 */

static void pages_are_shared_until_written(void **state)
{
    uint64_t va = allocate(parent, 0, 2 * PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    fill(parent, va, 2, 10);
    uint64_t pfn = pte_of(parent, va).u.Hard.PageFrameNumber;
    uint64_t commit = mm_space_process(parent)->CommitCharge - parent->overhead;
    machine.recorder.pages = 0;
    struct mm_space *child = forked(parent);
    assert_true(machine.recorder.pages >= 2); /* the engine forgot that they may be written */
    MMPTE ours = pte_of(parent, va), theirs = pte_of(child, va);
    assert_true(ours.u.Hard.Valid && ours.u.Hard.CopyOnWrite && !ours.u.Hard.Dirty1);
    assert_int_equal(ours.u.Hard.PageFrameNumber, pfn);
    assert_true(mi_pte_is_away_fork(theirs));
    assert_ptr_equal(block_of(parent, va), block_of(child, va));
    assert_int_equal(block_of(parent, va)->CloneRefCount, 2);
    assert_int_equal(mm_space_process(parent)->CommitCharge - parent->overhead, commit);
    assert_int_equal(mi_pfn(machine.mm, pfn)->u2.ShareCount, 1);

    assert_filled(child, va, 2, 10);
    assert_int_equal(pte_of(child, va).u.Hard.PageFrameNumber, pfn);
    assert_int_equal(mi_pfn(machine.mm, pfn)->u2.ShareCount, 2);
    assert_consistent(&machine);
    fill(child, va, 1, 50); /* a copy */
    assert_int_not_equal(pte_of(child, va).u.Hard.PageFrameNumber, pfn);
    assert_false(is_fork(child, va));
    assert_int_equal(block_of(parent, va)->CloneRefCount, 1);
    assert_filled(parent, va, 2, 10);
    assert_consistent(&machine);
    fill(parent, va, 1, 60); /* nobody else has it: no copy */
    assert_int_equal(pte_of(parent, va).u.Hard.PageFrameNumber, pfn);
    assert_false(is_fork(parent, va));
    assert_filled(child, va, 1, 50);
    assert_consistent(&machine);
    assert_int_not_equal(mm_space_process(parent)->CloneRoot.va, 0); /* the second page */
    fill(child, va + PAGE_SIZE, 1, 51);
    assert_int_equal(mm_space_process(child)->CloneRoot.va, 0);
    ends(child);
    assert_filled(parent, va + PAGE_SIZE, 1, 11);
    ends(parent);
}

/* Three generations; a block has as many references as processes that did not write. */
static void forks_of_forks(void **state)
{
    uint64_t va = allocate(parent, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    fill(parent, va, PAGES, 1);
    struct mm_space *child = forked(parent);
    fill(child, va, 4, 100);
    struct mm_space *grandchild = forked(child);
    struct mm_space *another = forked(grandchild);
    assert_int_equal(block_of(another, va + 5 * PAGE_SIZE)->CloneRefCount, 4);
    assert_int_equal(block_of(another, va)->CloneRefCount, 3);
    ends(parent); /* whose page it was first */
    ends(grandchild);
    assert_filled(child, va, 4, 100);
    assert_filled(another, va, 4, 100);
    assert_filled(another, va + 4 * PAGE_SIZE, PAGES - 4, 5);
    fill(another, va, PAGES, 200);
    assert_filled(child, va + 4 * PAGE_SIZE, PAGES - 4, 5);
    ends(child);
    assert_filled(another, va, PAGES, 200);
    assert_int_equal(mm_space_process(another)->CloneRoot.va, 0);
    ends(another);
}

/* ---- states of pages --------------------------------------------------------------------------
 */

static void paged_out_pages(void **state)
{
    uint64_t va = allocate(parent, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    fill(parent, va, PAGES, 1);
    mm_empty_working_set(parent); /* transition, modified */
    struct mm_space *child = forked(parent);
    page_out();
    assert_true(mi_pte_in_page_file(block_of(parent, va)->ProtoPte));
    struct mm_space *other = forked(child); /* of pages that are in a paging file */
    assert_filled(other, va, PAGES, 1);
    fill(other, va, PAGES, 80);
    fill(child, va, PAGES / 2, 40);
    for (int i = 0; i < 2; i++) {
        mm_empty_working_set(parent);
        mm_empty_working_set(child);
        mm_empty_working_set(other);
        assert_consistent(&machine);
        page_out();
        assert_consistent(&machine);
        assert_filled(child, va, PAGES / 2, 40);
        assert_filled(child, va + PAGES / 2 * PAGE_SIZE, PAGES / 2, 1 + PAGES / 2);
        assert_filled(parent, va, PAGES, 1);
        assert_filled(other, va, PAGES, 80);
    }
    page_out();
    ends(parent);
    ends(other);
    ends(child);
}

/* Private pages that were read back from a paging file, and not changed since, keep their slots. */
static void clean_pages(void **state)
{
    uint64_t va = allocate(parent, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    fill(parent, va, PAGES, 1);
    mm_empty_working_set(parent);
    page_out();
    assert_filled(parent, va, PAGES, 1);
    struct mm_space *child = forked(parent);
    assert_filled(child, va, PAGES, 1);
    mm_empty_working_set(parent);
    mm_empty_working_set(child);
    machine.recorder.writes = 0;
    page_out();
    assert_int_equal(machine.recorder.writes, 0);
    assert_filled(child, va, PAGES, 1);
    ends(child);
    assert_filled(parent, va, PAGES, 1);
    ends(parent);
}

static void read_errors(void **state)
{
    uint64_t va = allocate(parent, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    uint8_t byte;
    (void)state;

    fill(parent, va, PAGES, 1);
    mm_empty_working_set(parent);
    struct mm_space *child = forked(parent);
    page_out();
    machine.recorder.reads_left = 0;
    assert_status(STATUS_IN_PAGE_ERROR, read_byte(child, va, &byte));
    assert_status(STATUS_IN_PAGE_ERROR, write_byte(parent, va, 1));
    assert_consistent(&machine);
    machine.recorder.reads_left = LONG_MAX;
    assert_filled(child, va, PAGES, 1);
    ends(parent);
    ends(child);
}

static const uint32_t kinds[] = {PAGE_READWRITE,
                                 PAGE_READONLY,
                                 PAGE_NOACCESS,
                                 PAGE_READWRITE | PAGE_GUARD,
                                 PAGE_EXECUTE,
                                 PAGE_EXECUTE_READ,
                                 PAGE_EXECUTE_READWRITE,
                                 PAGE_READWRITE | PAGE_NOCACHE,
                                 PAGE_READWRITE | PAGE_WRITECOMBINE};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void assert_kinds(struct mm_space *space, uint64_t va)
{
    for (unsigned i = 0; i < KINDS; i++) {
        MEMORY_BASIC_INFORMATION q = query(space, va + i * PAGE_SIZE);
        assert_int_equal(q.State, MEM_COMMIT);
        assert_int_equal(q.Protect, kinds[i]);
    }
}

/* Protections are copied, and then each process's own. */
static void protections(void **state)
{
    uint64_t va = allocate(parent, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    fill(parent, va, PAGES, 1);
    for (unsigned i = 0; i < KINDS; i++)
        assert_ok(protect(parent, va + i * PAGE_SIZE, 1, kinds[i]));
    struct mm_space *child = forked(parent);
    assert_kinds(parent, va);
    assert_kinds(child, va);
    assert_status(STATUS_GUARD_PAGE_VIOLATION, write_byte(child, va + 3 * PAGE_SIZE, 7));
    assert_status(STATUS_GUARD_PAGE_VIOLATION, write_byte(parent, va + 3 * PAGE_SIZE, 7));
    assert_ok(write_byte(child, va + 3 * PAGE_SIZE + 9, 7));
    for (unsigned i = 0; i < KINDS; i++) {
        for (unsigned to = 0; to < KINDS; to++) {
            assert_ok(protect(child, va + i * PAGE_SIZE, 1, kinds[to]));
            assert_int_equal(query(child, va + i * PAGE_SIZE).Protect, kinds[to]);
        }
        assert_consistent(&machine);
    }
    assert_ok(protect(child, va, KINDS * PAGE_SIZE, PAGE_READWRITE));
    assert_ok(protect(parent, va, KINDS * PAGE_SIZE, PAGE_READONLY));
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(parent, va, 1));
    fill(child, va, PAGES, 90);
    assert_filled(parent, va, PAGES, 1);
    assert_ok(protect(parent, va, KINDS * PAGE_SIZE, PAGE_READWRITE));
    fill(parent, va, PAGES, 40);
    assert_filled(child, va, PAGES, 90);
    ends(parent);
    ends(child);
}

/* Without a page there is nothing to share: reserved, decommitted, committed and never touched. */
static void pages_that_are_not_there(void **state)
{
    uint64_t size = PAGES * PAGE_SIZE, reserved = reserve(parent, 0, size);
    uint64_t whole = allocate(parent, 0, size, PAGE_READWRITE);
    uint8_t byte;
    (void)state;

    assert_ok(commit(parent, reserved + PAGE_SIZE, PAGE_SIZE, PAGE_READONLY));
    assert_ok(decommit(parent, whole + PAGE_SIZE, PAGE_SIZE));
    struct mm_space *child = forked(parent);
    assert_int_equal(mm_space_process(child)->CloneRoot.va, 0);
    assert_int_equal(mm_space_process(child)->VirtualSize, mm_space_process(parent)->VirtualSize);
    assert_int_equal(query(child, reserved).State, MEM_RESERVE);
    assert_int_equal(query(child, reserved + PAGE_SIZE).Protect, PAGE_READONLY);
    assert_int_equal(query(child, whole + PAGE_SIZE).State, MEM_RESERVE);
    assert_ok(read_byte(child, whole, &byte));
    assert_int_equal(byte, 0);
    assert_ok(commit(child, whole + PAGE_SIZE, PAGE_SIZE, PAGE_READWRITE));
    fill(child, whole, PAGES, 3);
    assert_status(STATUS_ACCESS_VIOLATION, read_byte(parent, whole + PAGE_SIZE, &byte));
    assert_ok(read_byte(parent, whole, &byte));
    assert_int_equal(byte, 0);
    assert_ok(release(child, whole, 0));
    assert_ok(decommit(child, reserved, size));
    ends(child);
    ends(parent);
}

/* Pages of forks are freed, decommitted and released as others are; MEM_RESET leaves them alone. */
static void pages_go(void **state)
{
    uint64_t va = allocate(parent, 0, PAGES * PAGE_SIZE, PAGE_READWRITE), base = va;
    uint64_t size = PAGES * PAGE_SIZE;
    (void)state;

    fill(parent, va, PAGES, 1);
    struct mm_space *child = forked(parent);
    assert_filled(child, va, 3, 1);
    assert_ok(mm_allocate_virtual_memory(child, &base, 0, &size, MEM_RESET, PAGE_READWRITE));
    assert_filled(parent, va, PAGES, 1);
    assert_ok(decommit(child, va, 6 * PAGE_SIZE));
    assert_consistent(&machine);
    assert_ok(release(child, va + 6 * PAGE_SIZE, 2 * PAGE_SIZE));
    assert_consistent(&machine);
    assert_ok(release(parent, va + 7 * PAGE_SIZE, PAGE_SIZE));
    assert_consistent(&machine);
    assert_filled(parent, va, 7, 1);
    assert_filled(child, va + 8 * PAGE_SIZE, PAGES - 8, 9);
    ends(parent);
    assert_filled(child, va + 8 * PAGE_SIZE, PAGES - 8, 9);
    ends(child);
}

static void locked_pages_stay(void **state)
{
    uint64_t va = allocate(parent, 0, PAGES * PAGE_SIZE, PAGE_READWRITE), base = va;
    uint64_t size = 4 * PAGE_SIZE;
    (void)state;

    fill(parent, va, PAGES, 1);
    assert_ok(mm_lock_virtual_memory(parent, &base, &size, MAP_PROCESS));
    struct mm_space *child = forked(parent);
    mm_empty_working_set(parent);
    assert_true(pte_of(parent, va).u.Hard.Valid);
    assert_false(pte_of(parent, va + 5 * PAGE_SIZE).u.Hard.Valid);
    assert_filled(child, va, PAGES, 1);
    mm_empty_working_set(child); /* locks are not inherited */
    assert_false(pte_of(child, va).u.Hard.Valid);
    fill(parent, va, 4, 70); /* the copies are locked */
    mm_empty_working_set(parent);
    assert_true(pte_of(parent, va).u.Hard.Valid);
    assert_ok(mm_unlock_virtual_memory(parent, &base, &size, MAP_PROCESS));
    ends(child);
    ends(parent);
}

static size_t written(struct mm_space *space, uint64_t base, bool reset)
{
    uint64_t pages[PAGES];
    size_t count;

    assert_ok(
        mm_get_write_watch(space, base, base + PAGES * PAGE_SIZE, reset, pages, PAGES, &count));
    return count;
}

static void write_watches(void **state)
{
    uint64_t base = 0, size = PAGES * PAGE_SIZE;
    (void)state;

    assert_ok(mm_allocate_virtual_memory(
        parent, &base, 0, &size, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE));
    fill(parent, base, 5, 1);
    struct mm_space *child = forked(parent);
    assert_int_equal(written(parent, base, true), 5);
    assert_int_equal(written(child, base, true), 5);
    fill(child, base, 3, 9);
    assert_int_equal(written(child, base, false), 3);
    assert_int_equal(written(parent, base, false), 0);
    fill(parent, base, 4, 8);
    assert_int_equal(written(parent, base, false), 4);
    ends(parent);
    ends(child);
}

/* ---- views ------------------------------------------------------------------------------------
 */

static uint64_t map(SEGMENT *segment, uint32_t protection, uint32_t inherit)
{
    struct mm_view view = {.segment = segment, .protect = protection, .inherit = inherit};

    assert_ok(mm_map_view(parent, &view));
    return view.base;
}

static void views(void **state)
{
    SEGMENT *segment;
    uint8_t byte;
    (void)state;

    assert_ok(mm_create_page_file_section(machine.mm, PAGES * PAGE_SIZE, PAGE_READWRITE, SEC_COMMIT,
                                          &segment));
    uint64_t shared = map(segment, PAGE_READWRITE, ViewShare);
    uint64_t copied = map(segment, PAGE_WRITECOPY, ViewShare);
    uint64_t kept = map(segment, PAGE_READWRITE, ViewUnmap);
    mm_close_section(machine.mm, segment);
    fill(parent, shared, PAGES, 1);
    fill(parent, copied, 4, 50);
    assert_ok(protect(parent, shared + PAGE_SIZE, 1, PAGE_READONLY));
    assert_ok(protect(parent, shared + 2 * PAGE_SIZE, 1, PAGE_READWRITE | PAGE_GUARD));
    assert_ok(protect(parent, copied + PAGE_SIZE, 1, PAGE_READONLY));
    struct mm_space *child = forked(parent);
    assert_int_equal(query(child, kept).State, MEM_FREE);
    assert_int_equal(query(child, shared + PAGE_SIZE).Protect, PAGE_READONLY);
    assert_int_equal(query(child, shared + 2 * PAGE_SIZE).Protect, PAGE_READWRITE | PAGE_GUARD);
    assert_int_equal(query(child, copied).Protect, query(parent, copied).Protect);
    assert_int_equal(query(child, copied + PAGE_SIZE).Protect, PAGE_READONLY);
    fill(child, shared + 5 * PAGE_SIZE, 3, 90);
    assert_filled(parent, kept + 5 * PAGE_SIZE, 3, 90); /* coherent */
    assert_filled(child, copied, 4, 50);                /* the parent's copies */
    assert_ok(protect(child, copied + PAGE_SIZE, 1, PAGE_WRITECOPY));
    fill(child, copied, 6, 120);
    assert_filled(parent, copied, 4, 50);
    assert_consistent(&machine);
    mm_empty_working_set(child);
    mm_empty_working_set(parent);
    page_out();
    assert_filled(child, copied, 6, 120);
    assert_filled(parent, copied, 4, 50);
    ends(parent);
    assert_ok(read_byte(child, shared + 9, &byte)); /* its view keeps the section */
    assert_int_equal(byte, 1);
    ends(child);
}

/* An image, relocated and hooked, is in the child as it is in the parent. */
static void images(void **state)
{
    static uint8_t file[SAMPLE_SIZE];
    struct pe_image image;
    struct mm_view view = {.protect = PAGE_EXECUTE_READ, .inherit = ViewUnmap};
    (void)state;

    sample_make(file);
    assert_int_equal(pe_open(&image, file, sizeof(file)), PE_OK);
    assert_ok(mm_create_image_section(machine.mm, &image, NULL, &view.segment));
    view.base = image.base + 64 * MB;
    assert_status(STATUS_IMAGE_NOT_AT_BASE, mm_map_view(parent, &view));
    mm_close_section(machine.mm, view.segment);
    uint64_t code = view.base + PAGE_SIZE;
    uint32_t usual = query(parent, code).Protect;
    assert_ok(protect(parent, code, 1, PAGE_EXECUTE_READWRITE));
    assert_ok(write_byte(parent, code + 9, 0xCC));
    struct mm_space *child = forked(parent);
    assert_filled(child, code, 1, 0xCC);
    assert_true(is_fork(child, code));
    assert_int_equal(query(child, code).Protect, query(parent, code).Protect);
    assert_ok(write_byte(child, code + 9, 0x90));
    assert_filled(parent, code, 1, 0xCC);
    assert_ok(protect(parent, code, 1, usual));
    assert_consistent(&machine);
    assert_ok(mm_unmap_view(child, view.base));
    assert_consistent(&machine);
    ends(parent);
    ends(child);
}

/* Memory that cannot be shared page by page is left out. */
static void left_out(void **state)
{
    uint64_t large = 0, awe = 0, size = MI_TABLE_SPAN;
    (void)state;

    assert_ok(mm_allocate_virtual_memory(
        parent, &large, 0, &size, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE));
    size = 64 * KB;
    assert_ok(mm_allocate_virtual_memory(parent, &awe, 0, &size, MEM_RESERVE | MEM_PHYSICAL,
                                         PAGE_READWRITE));
    struct mm_space *child = forked(parent);
    assert_int_equal(query(child, large).State, MEM_FREE);
    assert_int_equal(query(child, awe).State, MEM_FREE);
    assert_int_equal(query(child, MM_SHARED_USER_DATA_VA).Protect, PAGE_READONLY);
    ends(parent);
    ends(child);
}

/* ---- clones that fail -------------------------------------------------------------------------
 */

static void commit_limit(void **state)
{
    uint64_t va = allocate(parent, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    uint64_t *limit = machine.ke.nt.MmTotalCommitLimit, usual = *limit;
    uint64_t much = allocate(parent, 0, 10 * MB, PAGE_READWRITE);
    (void)state;

    fill(parent, va, PAGES, 1);
    fill(parent, much, PAGES, 1);
    struct mm_space *child = process_create(&machine);
    mi_drain_cached_commit(machine.mm);
    *limit = *machine.ke.nt.MmTotalCommittedPages + 600;
    assert_status(STATUS_COMMITMENT_LIMIT, mm_clone_address_space(parent, child));
    assert_consistent(&machine);
    *limit = usual;
    ends(child);
    assert_filled(parent, va, PAGES, 1);
    fill(parent, va, PAGES, 20); /* its own again */
    assert_filled(parent, va, PAGES, 20);
    fill(parent, much, PAGES, 20);
    assert_int_equal(mm_space_process(parent)->CloneRoot.va, 0);
    ends(forked(parent));
    ends(parent);
}

static void parent_is_gone(void **state)
{
    struct mm_space *child = process_create(&machine);
    (void)state;

    mm_space_clean(parent);
    assert_status(STATUS_PROCESS_IS_TERMINATING, mm_clone_address_space(parent, child));
    ends(child);
    ends(parent);
}

/* ---- the checker ------------------------------------------------------------------------------
 */

/* `place` holds something else for a while. */
#define DAMAGED(place, value)                                                                      \
    do {                                                                                           \
        __typeof__(place) good = (place);                                                          \
        (place) = (value);                                                                         \
        assert_int_not_equal(mm_check(machine.mm), 0);                                             \
        (place) = good;                                                                            \
        assert_int_equal(mm_check(machine.mm), 0);                                                 \
    } while (0)

static void damage_is_found(void **state)
{
    uint64_t va = allocate(parent, 0, PAGES * PAGE_SIZE, PAGE_READWRITE);
    (void)state;

    fill(parent, va, PAGES, 1);
    struct mm_space *child = forked(parent);
    MMCLONE_BLOCK *block = (MMCLONE_BLOCK *)(uintptr_t)block_of(child, va);
    MMCLONE_DESCRIPTOR *descriptor = mi_clone_find_from(child, 0);
    MMCLONE_HEADER *header = k2h(&machine.ke.ks, descriptor->CloneHeader);
    MMPTE *pte = mi_find_pte(child, va);
    DAMAGED(block->CloneRefCount, good + 1);
    DAMAGED(block->ProtoPte.u.Long, 0u);
    DAMAGED(block->ProtoPte.u.Long, good + PAGE_SIZE);
    DAMAGED(descriptor->NumberOfReferences, good - 1);
    DAMAGED(descriptor->NumberOfPtes, good + 1);
    DAMAGED(descriptor->EndingCloneBlock, good - 1);
    DAMAGED(header->NumberOfProcessReferences, 1);
    DAMAGED(pte->u.Long, mi_away_fork_pte(mi_away_fork_block_va(*pte) + 16, MM_READWRITE).u.Long);
    DAMAGED(pte->u.Long, mi_away_fork_pte(header->ClonePtes.va - 16, MM_READWRITE).u.Long);
    ends(parent);
    ends(child);
}

int main(void)
{
#define FORK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        FORK_TEST(pages_are_shared_until_written),
        FORK_TEST(forks_of_forks),
        FORK_TEST(paged_out_pages),
        FORK_TEST(clean_pages),
        FORK_TEST(read_errors),
        FORK_TEST(protections),
        FORK_TEST(pages_that_are_not_there),
        FORK_TEST(pages_go),
        FORK_TEST(locked_pages_stay),
        FORK_TEST(write_watches),
        FORK_TEST(views),
        FORK_TEST(images),
        FORK_TEST(left_out),
        FORK_TEST(commit_limit),
        FORK_TEST(parent_is_gone),
        FORK_TEST(damage_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
