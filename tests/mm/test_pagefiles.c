/* tests/mm/test_pagefiles.c: paging files that programs make and enlarge, within what the user of
 * the machine allowed. What they are used for: test_paging.c. */
#include "mm/frames.h"
#include "support.h"

#define PAGES(n) ((uint64_t)(n)*PAGE_SIZE)
#define MACHINES 1024u /* pages of the file that the machine begins with */

static struct machine machine;
static struct mm_space *space;

static const WCHAR first[] = u"\\??\\C:\\pagefile.sys";
static const WCHAR second[] = u"\\??\\C:\\second.sys";

#define ADD(name, minimum, maximum)                                                                \
    mm_add_paging_file(machine.mm, name, sizeof(name) / sizeof(WCHAR) - 1, PAGES(minimum),         \
                       PAGES(maximum))

static int setup(void **state)
{
    (void)state;
    machine_create_on(&machine, 64 * MB, PAGES(MACHINES), 0, &test_paging_ops);
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

static struct mm_paging_file file(unsigned number)
{
    struct mm_paging_file found;

    assert_true(mm_query_paging_file(machine.mm, number, &found));
    return found;
}

static const MMPAGING_FILE *structure(unsigned number)
{
    return k2h(&machine.ke.ks, machine.ke.nt.MmPagingFile[number]);
}

static ULONG64 commit_limit(void)
{
    return *machine.ke.nt.MmTotalCommitLimit;
}

/* The user of the machine allows `pages` more. */
static void allow(uint64_t pages)
{
    assert_ok(mm_create_paging_file(machine.mm, PAGES(2), PAGES(2 + pages)));
}

static void what_is_told(void **state)
{
    struct mm_paging_file found;
    (void)state;

    assert_int_equal(MACHINES, file(0).size);
    assert_int_equal(0, file(0).in_use);
    assert_int_equal(sizeof(first) / sizeof(WCHAR) - 1, file(0).name_length);
    found = file(0);
    assert_memory_equal(first, found.name, found.name_length * sizeof(WCHAR));
    assert_false(mm_query_paging_file(machine.mm, 1, &found));
    assert_false(mm_query_paging_file(machine.mm, UINT32_MAX, &found));
}

static void within_the_limit(void **state)
{
    ULONG64 limit = commit_limit();
    (void)state;

    assert_status(STATUS_DISK_FULL, ADD(second, 256, 256));
    assert_int_equal(1, *machine.ke.nt.MmNumberOfPagingFiles);
    allow(300);
    assert_status(STATUS_DISK_FULL, ADD(second, 301, 301));
    assert_ok(ADD(second, 256, 100000));
    assert_int_equal(3, *machine.ke.nt.MmNumberOfPagingFiles);
    assert_int_equal(limit + 1 + 255, commit_limit());
    assert_int_equal(256, structure(2)->Size);
    assert_int_equal(MACHINES + 302, structure(2)->MaximumSize); /* no more is ever allowed */
    assert_consistent(&machine);
    /* What it has, the other cannot grow by: 44 are left for both. */
    assert_false(mi_extend_paging_files(machine.mm, 45));
    assert_true(mi_extend_paging_files(machine.mm, 44));
    assert_int_equal(limit + 1 + 255 + 44, commit_limit());
    assert_false(mi_extend_paging_files(machine.mm, 1));
    assert_status(STATUS_DISK_FULL, ADD(second, 300, 100000));
    assert_consistent(&machine);
}

static void sizes_and_names(void **state)
{
    static const WCHAR longest[MM_PAGING_NAME_MOST + 2];
    (void)state;

    allow(100000);
    assert_status(STATUS_INVALID_PARAMETER_2, ADD(second, 0, 1000));
    assert_status(STATUS_INVALID_PARAMETER_2, ADD(second, 255, 1000));
    assert_status(STATUS_INVALID_PARAMETER_2, ADD(second, 1ull << 32, 1ull << 32));
    assert_status(STATUS_INVALID_PARAMETER_3, ADD(second, 1000, 999));
    assert_status(STATUS_INVALID_PARAMETER_3, ADD(second, 1000, 1ull << 32));
    assert_status(
        STATUS_OBJECT_NAME_INVALID,
        mm_add_paging_file(machine.mm, longest, MM_PAGING_NAME_MOST + 1, PAGES(256), PAGES(256)));
    assert_status(STATUS_OBJECT_NAME_INVALID,
                  mm_add_paging_file(machine.mm, longest, 0, PAGES(256), PAGES(256)));
    assert_int_equal(2, *machine.ke.nt.MmNumberOfPagingFiles);
    assert_ok(mm_add_paging_file(machine.mm, longest, MM_PAGING_NAME_MOST, PAGES(256), PAGES(256)));
    assert_int_equal(MM_PAGING_NAME_MOST, file(2).name_length);
}

static void sixteen_are_enough(void **state)
{
    (void)state;

    allow(100000);
    for (WCHAR name[] = u"n"; *machine.ke.nt.MmNumberOfPagingFiles < 16; name[0]++)
        assert_ok(ADD(name, 256, 256));
    assert_status(STATUS_TOO_MANY_PAGING_FILES, ADD(second, 256, 256));
    assert_ok(ADD(first, MACHINES, MACHINES + 1)); /* that is none more */
    assert_consistent(&machine);
}

/* A file that is in use is enlarged under its pages. */
static void what_is_there_grows(void **state)
{
    enum { PAGES_OUT = 100 };
    uint64_t va = allocate(space, 0, PAGES(PAGES_OUT), PAGE_READWRITE);
    ULONG64 limit = commit_limit();
    (void)state;

    for (unsigned i = 0; i < PAGES_OUT; i++)
        assert_ok(write_byte(space, va + PAGES(i), (uint8_t)(i + 1)));
    mm_empty_working_set(space);
    assert_int_equal(PAGES_OUT, mm_write_modified_pages(machine.mm, PAGES_OUT));
    take_all_frames(&machine);
    assert_int_equal(PAGES_OUT, file(0).in_use);

    assert_status(STATUS_INVALID_PARAMETER_2, ADD(first, MACHINES - 1, MACHINES));
    assert_status(STATUS_INVALID_PARAMETER_2, ADD(u"\\??\\c:\\PageFile.SYS", 256, 300));
    assert_status(STATUS_DISK_FULL, ADD(first, MACHINES + 1, 100000));
    assert_int_equal(limit, commit_limit());
    allow(100000);
    limit = commit_limit();
    uint64_t bitmap = structure(0)->Bitmap.va;
    assert_ok(ADD(u"\\??\\c:\\PageFile.SYS", 2 * MACHINES, 50000));
    assert_int_not_equal(bitmap, structure(0)->Bitmap.va);
    assert_int_equal(2, *machine.ke.nt.MmNumberOfPagingFiles);
    assert_int_equal(2 * MACHINES, structure(0)->MinimumSize);
    assert_int_equal(50000, structure(0)->MaximumSize);
    assert_int_equal(limit + MACHINES, commit_limit());
    assert_int_equal(PAGES_OUT, file(0).in_use);
    assert_consistent(&machine);
    assert_status(STATUS_INVALID_PARAMETER_3, ADD(first, 2 * MACHINES, 49999));
    for (unsigned i = 0; i < PAGES_OUT; i++) {
        uint8_t byte = 0;
        assert_ok(read_byte(space, va + PAGES(i), &byte));
        assert_int_equal((uint8_t)(i + 1), byte);
    }
    assert_ok(release(space, va, 0));
    assert_int_equal(0, file(0).in_use);
    assert_consistent(&machine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_told),       TEST(within_the_limit),    TEST(sizes_and_names),
        TEST(sixteen_are_enough), TEST(what_is_there_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
