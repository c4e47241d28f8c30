/* tests/mm/test_paging.c: a page's way out of memory and back, transition by transition. */
#include "mm/frames.h"
#include "mm/space.h"
#include "support.h"

#include <string.h>

#define PAGEFILE (64 * MB)

struct fixture {
    struct machine machine;
    struct mm_space *space;
    struct mm_statistics before;
};

static void up(struct fixture *f, uint64_t pagefile)
{
    machine_create(&f->machine, 32 * MB, pagefile, WITH_ENGINE);
    f->before = settled(&f->machine);
    f->space = process_create(&f->machine);
}

static void down(struct fixture *f)
{
    process_destroy(&f->machine, f->space);
    struct mm_statistics after = settled(&f->machine);
    assert_same_pages(&f->before, &after);
    machine_destroy(&f->machine);
}

static MMPTE pte_of(struct fixture *f, uint64_t va)
{
    MMPTE *pte = mi_find_pte(f->space, va);

    return pte ? mi_read_pte(pte) : (MMPTE){.u.Long = 0};
}

static const MMPFN *page_of(struct fixture *f, uint64_t va)
{
    return mi_pfn(f->machine.mm, pte_of(f, va).u.Hard.PageFrameNumber);
}

static const MMPAGING_FILE *paging_file(struct fixture *f, unsigned number)
{
    return k2h(&f->machine.ke.ks, f->machine.ke.nt.MmPagingFile[number]);
}

/* Take standby frames for other things until there is none left. */
static void repurpose_all(struct fixture *f)
{
    struct mm_space *other = process_create(&f->machine);
    struct mm_statistics statistics;
    mm_get_statistics(f->machine.mm, &statistics);
    uint64_t size = (statistics.available_pages - 8) * PAGE_SIZE;
    uint64_t base = allocate(other, 0, size, PAGE_READWRITE);

    for (uint64_t va = base; va < base + size; va += PAGE_SIZE) {
        mm_get_statistics(f->machine.mm, &statistics);
        if (statistics.zeroed + statistics.free <= MI_SYSTEM_FRAMES &&
            statistics.available_pages == statistics.zeroed + statistics.free)
            break;
        if (!NT_SUCCESS(write_byte(other, va, 1)))
            break;
    }
    process_destroy(&f->machine, other);
}

/* Active, modified, standby, page file, active: everything that can be seen on the way. */
static void journey(void **state)
{
    struct fixture f;
    struct mm_statistics now;
    uint8_t byte = 0;
    (void)state;

    up(&f, PAGEFILE);
    uint64_t va = allocate(f.space, 0, PAGE_SIZE, PAGE_READWRITE);
    assert_ok(write_byte(f.space, va + 5, 77));
    assert_int_equal(page_of(&f, va)->u3.e1.PageLocation, ActiveAndValid);
    assert_consistent(&f.machine);

    assert_int_equal(mm_empty_working_set(f.space), 1);
    assert_true(mi_pte_is_transition(pte_of(&f, va)));
    assert_int_equal(page_of(&f, va)->u3.e1.PageLocation, ModifiedPageList);
    assert_int_equal(mm_space_process(f.space)->Vm.WorkingSetSize, MI_FIXED_WSLES);
    assert_consistent(&f.machine);

    assert_int_equal(mm_write_modified_pages(f.machine.mm, 100), 1);
    assert_true(mi_pte_is_transition(pte_of(&f, va)));
    const MMPFN *page = page_of(&f, va);
    assert_int_equal(page->u3.e1.PageLocation, StandbyPageList);
    assert_int_equal(page->u3.e1.Modified, 0);
    assert_true(mi_pte_in_page_file(page->OriginalPte));
    assert_int_equal(paging_file(&f, 0)->FreeSpace, PAGEFILE / PAGE_SIZE - 2);
    assert_consistent(&f.machine);

    repurpose_all(&f);
    MMPTE pte = pte_of(&f, va);
    assert_true(mi_pte_in_page_file(pte));
    assert_int_equal(pte.u.Soft.Protection, MM_READWRITE);
    assert_consistent(&f.machine);

    assert_ok(read_byte(f.space, va + 5, &byte));
    assert_int_equal(byte, 77);
    assert_int_equal(page_of(&f, va)->u3.e1.PageLocation, ActiveAndValid);
    assert_int_equal(page_of(&f, va)->u3.e1.Modified, 0);
    assert_true(mi_pte_in_page_file(page_of(&f, va)->OriginalPte));
    assert_int_equal(mm_space_process(f.space)->Vm.HardFaultCount, 1);
    assert_consistent(&f.machine);

    /* Clean, so it goes straight to standby; written, it gives its slot back. */
    assert_int_equal(mm_empty_working_set(f.space), 1);
    assert_int_equal(page_of(&f, va)->u3.e1.PageLocation, StandbyPageList);
    assert_ok(write_byte(f.space, va + 5, 78));
    assert_int_equal(mm_empty_working_set(f.space), 1);
    assert_int_equal(page_of(&f, va)->u3.e1.PageLocation, ModifiedPageList);
    assert_int_equal(paging_file(&f, 0)->FreeSpace, PAGEFILE / PAGE_SIZE - 1);
    mm_get_statistics(f.machine.mm, &now);
    assert_int_equal(now.modified, 1);
    assert_consistent(&f.machine);
    down(&f);
}

/* A PTE in page-file form that goes frees its slot; a protection changes and the contents stay. */
static void protect_and_free_paged_out(void **state)
{
    struct fixture f;
    uint8_t byte = 0;
    (void)state;

    up(&f, PAGEFILE);
    uint64_t va = allocate(f.space, 0, 4 * PAGE_SIZE, PAGE_READWRITE);
    for (int i = 0; i < 4; i++)
        assert_ok(write_byte(f.space, va + i * PAGE_SIZE, (uint8_t)(10 + i)));
    mm_empty_working_set(f.space);
    assert_int_equal(mm_write_modified_pages(f.machine.mm, 100), 4);
    repurpose_all(&f);
    assert_true(mi_pte_in_page_file(pte_of(&f, va)));
    assert_ok(protect(f.space, va, PAGE_SIZE, PAGE_READONLY));
    assert_ok(protect(f.space, va + PAGE_SIZE, PAGE_SIZE, PAGE_READWRITE | PAGE_GUARD));
    assert_ok(decommit(f.space, va + 2 * PAGE_SIZE, PAGE_SIZE));
    assert_consistent(&f.machine);
    assert_int_equal(paging_file(&f, 0)->FreeSpace, PAGEFILE / PAGE_SIZE - 4);
    assert_ok(read_byte(f.space, va, &byte));
    assert_int_equal(byte, 10);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(f.space, va, 1));
    assert_status(STATUS_GUARD_PAGE_VIOLATION, read_byte(f.space, va + PAGE_SIZE, &byte));
    assert_ok(read_byte(f.space, va + PAGE_SIZE, &byte));
    assert_int_equal(byte, 11);
    assert_ok(commit(f.space, va + 2 * PAGE_SIZE, PAGE_SIZE, PAGE_READWRITE));
    assert_ok(read_byte(f.space, va + 2 * PAGE_SIZE, &byte));
    assert_int_equal(byte, 0);
    assert_ok(read_byte(f.space, va + 3 * PAGE_SIZE, &byte));
    assert_int_equal(byte, 13);
    assert_consistent(&f.machine);
    down(&f);
}

/* More memory than there is, written and read back twice. */
static void more_than_ram(void **state)
{
    struct fixture f;
    uint64_t size = 96 * MB;
    (void)state;

    up(&f, 128 * MB);
    uint64_t va = allocate(f.space, 0, size, PAGE_READWRITE);
    for (uint64_t round = 0; round < 2; round++) {
        for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
            uint64_t value = at ^ round << 32;
            assert_ok(mm_copy_to_user(f.space, va + at + 16, &value, sizeof(value)));
        }
        assert_consistent(&f.machine);
        for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
            uint64_t value = 0;
            assert_ok(mm_copy_from_user(f.space, &value, va + at + 16, sizeof(value)));
            assert_int_equal(value, at ^ round << 32);
        }
        assert_consistent(&f.machine);
    }
    down(&f);
}

/* A read that fails is one program's trouble, and the page is still there when it works again. */
static void read_fails(void **state)
{
    struct fixture f;
    uint8_t byte = 0;
    (void)state;

    machine_create_on(&f.machine, 32 * MB, PAGEFILE, WITH_ENGINE, &test_paging_ops);
    f.before = settled(&f.machine);
    f.space = process_create(&f.machine);
    uint64_t va = allocate(f.space, 0, 12 * PAGE_SIZE, PAGE_READWRITE);
    for (unsigned i = 0; i < 12; i++)
        assert_ok(write_byte(f.space, va + i * PAGE_SIZE, (uint8_t)(i + 1)));
    mm_empty_working_set(f.space);
    assert_int_equal(mm_write_modified_pages(f.machine.mm, 100), 12);
    assert_int_equal(f.machine.recorder.writes, 1); /* a cluster */
    repurpose_all(&f);
    f.machine.recorder.reads_left = 0;
    assert_status(STATUS_IN_PAGE_ERROR, read_byte(f.space, va + PAGE_SIZE, &byte));
    assert_true(mi_pte_in_page_file(pte_of(&f, va + PAGE_SIZE)));
    assert_consistent(&f.machine);
    f.machine.recorder.reads_left = -1;
    f.machine.recorder.reads = 0;
    for (unsigned i = 0; i < 12; i++) {
        assert_ok(read_byte(f.space, va + i * PAGE_SIZE, &byte));
        assert_int_equal(byte, i + 1);
    }
    assert_int_equal(f.machine.recorder.reads, 2); /* clusters of 8 */
    down(&f);
}

/* Writes that fail lose nothing: the pages stay in memory, and are written when that works. */
static void write_fails(void **state)
{
    struct fixture f;
    struct mm_statistics now;
    uint8_t byte = 0;
    (void)state;

    machine_create_on(&f.machine, 32 * MB, PAGEFILE, WITH_ENGINE, &test_paging_ops);
    f.before = settled(&f.machine);
    f.space = process_create(&f.machine);
    uint64_t va = allocate(f.space, 0, 8 * PAGE_SIZE, PAGE_READWRITE);
    for (unsigned i = 0; i < 8; i++)
        assert_ok(write_byte(f.space, va + i * PAGE_SIZE, (uint8_t)(i + 1)));
    mm_empty_working_set(f.space);
    f.machine.recorder.writes_left = 0;
    assert_int_equal(mm_write_modified_pages(f.machine.mm, 100), 0);
    assert_consistent(&f.machine);
    mm_get_statistics(f.machine.mm, &now);
    assert_int_equal(now.modified, 8);
    assert_int_equal(paging_file(&f, 0)->FreeSpace, PAGEFILE / PAGE_SIZE - 1);
    assert_ok(read_byte(f.space, va, &byte));
    assert_int_equal(byte, 1);
    f.machine.recorder.writes_left = -1;
    assert_int_equal(mm_write_modified_pages(f.machine.mm, 100), 7);
    repurpose_all(&f);
    for (unsigned i = 0; i < 8; i++) {
        assert_ok(read_byte(f.space, va + i * PAGE_SIZE, &byte));
        assert_int_equal(byte, i + 1);
    }
    assert_consistent(&f.machine);
    down(&f);
}

/* Paging files fill in turn; the last slot taken, the rest stays in memory. */
static void several_paging_files(void **state)
{
    struct fixture f;
    (void)state;

    up(&f, 16 * PAGE_SIZE);
    ULONG64 limit = *f.machine.ke.nt.MmTotalCommitLimit;
    assert_ok(mm_create_paging_file(f.machine.mm, 32 * PAGE_SIZE, 32 * PAGE_SIZE));
    assert_status(STATUS_INVALID_PARAMETER_2,
                  mm_create_paging_file(f.machine.mm, PAGE_SIZE, 32 * PAGE_SIZE));
    assert_status(STATUS_INVALID_PARAMETER_3,
                  mm_create_paging_file(f.machine.mm, 32 * PAGE_SIZE, 31 * PAGE_SIZE));
    assert_int_equal(*f.machine.ke.nt.MmTotalCommitLimit, limit + 31);
    assert_int_equal(*f.machine.ke.nt.MmNumberOfPagingFiles, 2);
    uint64_t va = allocate(f.space, 0, 64 * PAGE_SIZE, PAGE_READWRITE);
    for (unsigned i = 0; i < 64; i++)
        assert_ok(write_byte(f.space, va + i * PAGE_SIZE, (uint8_t)(i + 1)));
    mm_empty_working_set(f.space);
    assert_int_equal(mm_write_modified_pages(f.machine.mm, 100), 15 + 31);
    assert_int_equal(paging_file(&f, 0)->FreeSpace, 0);
    assert_int_equal(paging_file(&f, 1)->FreeSpace, 0);
    assert_int_equal(paging_file(&f, 1)->PeakUsage, 31);
    assert_consistent(&f.machine);
    assert_ok(release(f.space, va, 0));
    assert_int_equal(paging_file(&f, 0)->FreeSpace, 15);
    assert_int_equal(paging_file(&f, 1)->FreeSpace, 31);
    assert_consistent(&f.machine);
    process_destroy(&f.machine, f.space);
    machine_destroy(&f.machine);
}

/* A paging file grows when more is committed than the limit allows, as far as it may, and not at
 * all when that would not be enough; what it grew by is used like the rest. */
static void grows_to_its_maximum(void **state)
{
    struct fixture f;
    (void)state;

    up(&f, 16 * PAGE_SIZE);
    assert_ok(mm_create_paging_file(f.machine.mm, 64 * PAGE_SIZE, 8192 * PAGE_SIZE));
    const MMPAGING_FILE *fixed = paging_file(&f, 0), *file = paging_file(&f, 1);
    ULONG64 *limit = f.machine.ke.nt.MmTotalCommitLimit, least = *limit, base = 0;
    ULONG64 much = (least + 1024) * PAGE_SIZE;
    uint64_t size = (least + 8192) * PAGE_SIZE;
    assert_int_equal(file->Size, 64);
    assert_int_equal(file->MaximumSize, 8192);
    assert_status(STATUS_COMMITMENT_LIMIT,
                  mm_allocate_virtual_memory(f.space, &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
                                             PAGE_READWRITE));
    assert_int_equal(file->Size, 64);
    uint64_t va = allocate(f.space, 0, much, PAGE_READWRITE);
    assert_true(file->Size > 1024 && file->Size < 4096);
    assert_int_equal(*limit, least + file->Size - 64);
    assert_int_equal(file->FreeSpace, file->Size - 1);
    assert_int_equal(fixed->Size, 16);
    f.machine.recorder.writes_left = f.machine.recorder.reads_left = -1;
    for (uint64_t offset = 0; offset < much; offset += PAGE_SIZE)
        assert_ok(write_byte(f.space, va + offset, (uint8_t)(offset / PAGE_SIZE % 251)));
    for (uint64_t offset = 0; offset < much; offset += PAGE_SIZE) {
        uint8_t byte;
        assert_ok(read_byte(f.space, va + offset, &byte));
        assert_int_equal(byte, offset / PAGE_SIZE % 251);
    }
    assert_true(file->HighestPage > 64);
    assert_consistent(&f.machine);
    assert_ok(release(f.space, va, 0));
    assert_int_equal(file->FreeSpace, file->Size - 1);
    process_destroy(&f.machine, f.space);
    machine_destroy(&f.machine);
}

/* `pages` of memory written once, out of the working set and on disk as well. */
static uint64_t standby_pages(struct fixture *f, unsigned pages)
{
    uint64_t va = allocate(f->space, 0, pages * PAGE_SIZE, PAGE_READWRITE);

    for (unsigned i = 0; i < pages; i++)
        assert_ok(write_byte(f->space, va + i * PAGE_SIZE, (uint8_t)(i + 1)));
    mm_empty_working_set(f->space);
    assert_int_equal(mm_write_modified_pages(f->machine.mm, pages), pages);
    return va;
}

/* Pages wait on the standby list of their priority, and the least important go first. */
static void by_priority(void **state)
{
    struct fixture f;
    struct mm_statistics now;
    uint8_t byte;
    (void)state;

    up(&f, PAGEFILE);
    f.machine.recorder.below_normal = 4;
    uint64_t low = standby_pages(&f, 6);
    f.machine.recorder.below_normal = 0;
    uint64_t normal = standby_pages(&f, 3);
    mm_get_statistics(f.machine.mm, &now);
    assert_int_equal(now.standby[1], 6);
    assert_int_equal(now.standby[5], 3);
    /* Who takes one back has it as important as he is; his others go before it. */
    assert_ok(read_byte(f.space, low, &byte));
    assert_int_equal(page_of(&f, low)->u3.e1.Priority, 5);
    f.machine.recorder.below_normal = 3;
    assert_ok(read_byte(f.space, normal, &byte));
    assert_int_equal(page_of(&f, normal)->u3.e1.Priority, 2);
    mm_empty_working_set(f.space);
    mm_get_statistics(f.machine.mm, &now);
    assert_int_equal(now.standby[1], 5);
    assert_int_equal(now.standby[2], 1);
    assert_int_equal(now.standby[5], 3);
    assert_consistent(&f.machine);
    f.machine.recorder.below_normal = 0;
    /* In the order of their lists, once nothing is free. */
    mi_slist_drain_all(f.machine.mm);
    mm_get_statistics(f.machine.mm, &now);
    uint64_t free = now.zeroed + now.free, *frames = test_calloc(free + 9, sizeof *frames);
    for (uint64_t i = 0; i < free + 6; i++) {
        assert_true(mi_allocate_page(f.machine.mm, MI_PAGE_ANY, &frames[i]));
        mm_get_statistics(f.machine.mm, &now);
        uint64_t gone = i < free ? 0 : i - free + 1;
        assert_int_equal(now.standby[1], gone < 5 ? 5 - gone : 0);
        assert_int_equal(now.standby[2], gone < 6 ? 1 : 0);
        assert_int_equal(now.standby[5], 3);
    }
    mi_free_pages(f.machine.mm, frames, free + 6);
    test_free(frames);
    for (unsigned i = 0; i < 6; i++) {
        assert_ok(read_byte(f.space, low + i * PAGE_SIZE, &byte));
        assert_int_equal(byte, i + 1);
    }
    down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(journey),
        cmocka_unit_test(protect_and_free_paged_out),
        cmocka_unit_test(more_than_ram),
        cmocka_unit_test(read_fails),
        cmocka_unit_test(write_fails),
        cmocka_unit_test(several_paging_files),
        cmocka_unit_test(grows_to_its_maximum),
        cmocka_unit_test(by_priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
