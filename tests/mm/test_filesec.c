/* tests/mm/test_filesec.c: sections of data files: one cached copy, growth, what goes back to the
 * file and when, and what happens when the file fails. */
#include "support.h"

#include <string.h>

#include "mm/frames.h"
#include "mm/section.h"

#define VIEW_UNMAP 2u

static struct machine machine;
static struct mm_space *a, *b;
static struct test_file *file;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 64 * MB, 0, WITH_ENGINE);
    a = process_create(&machine);
    b = process_create(&machine);
    file = test_file_create(&machine, MB);
    for (size_t i = 0; i < file->capacity; i++)
        file->bytes[i] = (uint8_t)(i / PAGE_SIZE + 1);
    file->size = 3 * PAGE_SIZE + 100;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_consistent(&machine);
    process_destroy(&machine, a);
    process_destroy(&machine, b);
    assert_int_equal(file->references, 0);
    test_file_destroy(file);
    machine_destroy(&machine);
    return 0;
}

static SEGMENT *section(void)
{
    SEGMENT *segment = NULL;

    assert_ok(mm_create_file_section(machine.mm, file->object, file->size, &segment));
    return segment;
}

static uint64_t map_part(struct mm_space *space, SEGMENT *segment, uint32_t protect,
                         uint64_t offset, uint64_t size)
{
    struct mm_view view = {.segment = segment,
                           .offset = offset,
                           .size = size,
                           .protect = protect,
                           .inherit = VIEW_UNMAP};

    assert_ok(mm_map_view(space, &view));
    return view.base;
}

static uint64_t map(struct mm_space *space, SEGMENT *segment, uint32_t protect)
{
    return map_part(space, segment, protect, 0, 0);
}

static uint8_t get(struct mm_space *space, uint64_t va)
{
    uint8_t byte = 0;

    assert_ok(read_byte(space, va, &byte));
    return byte;
}

static NTSTATUS flush(struct mm_space *space, uint64_t base, uint64_t size)
{
    return mm_flush_virtual_memory(space, &base, &size);
}

static size_t copy(uint64_t offset, void *buffer, size_t size, bool write)
{
    size_t done;

    assert_ok(
        mm_copy_file(machine.mm, test_file_sections(file), offset, buffer, size, write, &done));
    return done;
}

/* ---- one copy --------------------------------------------------------------------------------
 */

static void pages_come_from_the_file(void **state)
{
    SEGMENT *segment = section();
    uint64_t at = map(a, segment, PAGE_READONLY);
    (void)state;

    assert_int_equal(get(a, at), 1);
    assert_int_equal(get(a, at + 3 * PAGE_SIZE + 99), 4);
    assert_int_equal(get(a, at + 3 * PAGE_SIZE + 100), 0); /* behind the end */
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(a, at, 1));
    assert_int_equal(query(a, at).RegionSize, 4 * PAGE_SIZE);
    assert_int_equal(query(a, at).Type, MEM_MAPPED);
    assert_int_equal(mm_section_control_area(machine.mm, segment)->NumberOfPfnReferences, 4);
    assert_consistent(&machine);
    mm_close_section(machine.mm, segment);
    assert_int_equal(get(a, at + PAGE_SIZE), 2); /* the view keeps it */
    assert_ok(mm_unmap_view(a, at));
    assert_int_equal(file->writes, 0);
    assert_int_equal(file->references, 0);
}

static void everybody_sees_the_same(void **state)
{
    SEGMENT *segment = section(), *again = section();
    uint64_t at_a = map(a, segment, PAGE_READWRITE), at_b = map(b, again, PAGE_READONLY);
    uint8_t bytes[2 * PAGE_SIZE];
    (void)state;

    assert_ptr_equal(segment, again);
    assert_ok(write_byte(a, at_a + PAGE_SIZE + 5, 77));
    assert_int_equal(get(b, at_b + PAGE_SIZE + 5), 77);
    assert_int_equal(copy(PAGE_SIZE, bytes, sizeof(bytes), false), sizeof(bytes));
    assert_int_equal(bytes[5], 77);
    memset(bytes, 88, sizeof(bytes));
    assert_int_equal(copy(100, bytes, 5000, true), 5000);
    assert_int_equal(get(b, at_b + 99), 1);
    assert_int_equal(get(b, at_b + 100), 88);
    assert_int_equal(get(a, at_a + 5099), 88);
    assert_int_equal(get(a, at_a + 5100), 2);
    /* What the section does not reach the file itself has to say. */
    assert_int_equal(copy(3 * PAGE_SIZE + 50, bytes, 500, false), 50);
    assert_int_equal(copy(file->size, bytes, 1, false), 0);
    assert_int_equal(file->bytes[100], 1);
    mm_close_section(machine.mm, segment);
    mm_close_section(machine.mm, again);
    assert_consistent(&machine);
}

static void copies_stay_private(void **state)
{
    SEGMENT *segment = section();
    uint64_t shared = map(a, segment, PAGE_READWRITE), own = map(b, segment, PAGE_WRITECOPY);
    (void)state;

    assert_ok(write_byte(a, shared, 50));
    assert_int_equal(get(b, own), 50);
    assert_ok(write_byte(b, own, 60));
    assert_ok(write_byte(a, shared, 51));
    assert_int_equal(get(b, own), 60);
    assert_ok(mm_unmap_view(b, own));
    assert_ok(mm_unmap_view(a, shared));
    mm_close_section(machine.mm, segment);
    assert_int_equal(file->bytes[0], 51);
}

/* ---- back to the file --------------------------------------------------------------------------
 */

static void last_user_writes(void **state)
{
    SEGMENT *segment = section();
    uint64_t at_a = map(a, segment, PAGE_READWRITE), at_b = map(b, segment, PAGE_READWRITE);
    (void)state;

    assert_ok(write_byte(a, at_a, 91));
    assert_ok(write_byte(b, at_b + 3 * PAGE_SIZE + 99, 92));
    assert_ok(write_byte(b, at_b + 3 * PAGE_SIZE + 100, 93)); /* nobody's */
    mm_close_section(machine.mm, segment);
    assert_ok(mm_unmap_view(a, at_a));
    assert_int_equal(file->bytes[0], 1);
    assert_consistent(&machine);
    assert_ok(mm_unmap_view(b, at_b));
    assert_int_equal(file->bytes[0], 91);
    assert_int_equal(file->bytes[3 * PAGE_SIZE + 99], 92);
    assert_int_equal(file->bytes[3 * PAGE_SIZE + 100], 4);
    assert_int_equal(file->size, 3 * PAGE_SIZE + 100);
    assert_int_equal(file->writes, 2); /* two runs of one page */
}

static void exit_writes(void **state)
{
    struct mm_space *process = process_create(&machine);
    SEGMENT *segment = section();
    uint64_t at = map(process, segment, PAGE_READWRITE);
    (void)state;

    assert_ok(write_byte(process, at + PAGE_SIZE, 33));
    mm_close_section(machine.mm, segment);
    process_destroy(&machine, process);
    assert_int_equal(file->bytes[PAGE_SIZE], 33);
    assert_int_equal(file->references, 0);
}

static void flushing(void **state)
{
    SEGMENT *segment = section();
    uint64_t at = map(a, segment, PAGE_READWRITE), base = at + PAGE_SIZE + 7, size = 1;
    (void)state;

    assert_ok(flush(a, at, 0));
    assert_int_equal(file->writes, 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_ok(write_byte(a, at + i * PAGE_SIZE, 40));
    assert_ok(mm_flush_virtual_memory(a, &base, &size));
    assert_int_equal(base, at + PAGE_SIZE);
    assert_int_equal(size, PAGE_SIZE);
    assert_int_equal(file->bytes[PAGE_SIZE], 40);
    assert_int_equal(file->bytes[0], 1);
    assert_ok(flush(a, at, 0));
    assert_int_equal(file->bytes[0], 40);
    assert_int_equal(file->bytes[2 * PAGE_SIZE], 40);
    size_t writes = file->writes;
    assert_ok(flush(a, at, 0)); /* clean by now */
    assert_int_equal(file->writes, writes);
    assert_ok(write_byte(a, at, 41)); /* and dirty again */
    assert_ok(flush(a, at, 0));
    assert_int_equal(file->bytes[0], 41);
    /* Rights that are taken away do not take away what was written. */
    assert_ok(write_byte(a, at, 42));
    assert_ok(protect(a, at, PAGE_SIZE, PAGE_READONLY));
    assert_ok(write_byte(a, at + PAGE_SIZE, 43));
    assert_ok(protect(a, at + PAGE_SIZE, PAGE_SIZE, PAGE_NOACCESS));
    assert_ok(flush(a, at, 0));
    assert_int_equal(file->bytes[0], 42);
    assert_int_equal(file->bytes[PAGE_SIZE], 43);
    mm_close_section(machine.mm, segment);
}

static void flush_statuses(void **state)
{
    SEGMENT *segment = section(), *memory;
    uint64_t at = map(a, segment, PAGE_READWRITE), own = allocate(a, 0, 64 * KB, PAGE_READWRITE);
    (void)state;

    assert_ok(
        mm_create_page_file_section(machine.mm, 64 * KB, PAGE_READWRITE, SEC_COMMIT, &memory));
    assert_status(STATUS_NOT_MAPPED_DATA, flush(a, map(a, memory, PAGE_READWRITE), 0));
    assert_status(STATUS_NOT_MAPPED_VIEW, flush(a, own, 0));
    assert_status(STATUS_NOT_MAPPED_VIEW, flush(a, 0x10000000, 0));
    assert_status(STATUS_NOT_MAPPED_VIEW, flush(b, at, 0));
    assert_status(STATUS_INVALID_PARAMETER_2, flush(a, at, 5 * PAGE_SIZE));
    assert_status(STATUS_INVALID_PARAMETER_2, flush(a, UINT64_MAX, 0));
    assert_status(STATUS_INVALID_PARAMETER_3, flush(a, at, UINT64_MAX));
    assert_ok(flush(a, at, 4 * PAGE_SIZE));
    mm_close_section(machine.mm, segment);
    mm_close_section(machine.mm, memory);
}

/* ---- size --------------------------------------------------------------------------------------
 */

static void sections_grow(void **state)
{
    SEGMENT *segment = section();
    uint64_t at = map(a, segment, PAGE_READWRITE);
    const CONTROL_AREA *area = mm_section_control_area(machine.mm, segment);
    (void)state;

    assert_ok(write_byte(a, at + 3 * PAGE_SIZE + 100, 99)); /* must not be seen when it grows */
    for (size_t size = file->size; size < file->capacity; size += 7 * PAGE_SIZE + 13) {
        file->size = size;
        SEGMENT *again = section();
        assert_ptr_equal(again, segment);
        assert_int_equal(segment->SizeOfSegment, size);
        mm_close_section(machine.mm, again);
        assert_consistent(&machine);
    }
    uint64_t whole = map(a, segment, PAGE_READWRITE);
    assert_int_equal(get(a, whole + 3 * PAGE_SIZE + 100), 0);
    assert_int_equal(get(a, at + 3 * PAGE_SIZE + 100), 0);
    assert_int_equal(get(a, whole + 200 * PAGE_SIZE), 201);
    assert_ok(write_byte(a, whole + 200 * PAGE_SIZE, 7));
    assert_ok(write_byte(a, whole, 8));
    assert_int_equal(get(a, at), 8);
    uint64_t part = map_part(b, segment, PAGE_READONLY, 128 * KB, 700 * KB);
    assert_int_equal(get(b, part + 200 * PAGE_SIZE - 128 * KB), 7);
    assert_consistent(&machine);
    assert_int_equal(area->NumberOfMappedViews, 3);
    assert_ok(flush(a, whole + 200 * PAGE_SIZE, 1));
    assert_int_equal(file->bytes[200 * PAGE_SIZE], 7);
    mm_close_section(machine.mm, segment);
}

static void large_files_cost_what_is_used(void **state)
{
    struct mm_statistics before = settled(&machine), after;
    SEGMENT *segment = NULL;
    uint64_t size = 300ull << 30; /* 300 GB */
    (void)state;

    assert_ok(mm_create_file_section(machine.mm, file->object, size, &segment));
    uint64_t at = map_part(a, segment, PAGE_READONLY, 0, 64 * KB);
    assert_int_equal(get(a, at + PAGE_SIZE), 2);
    uint64_t across = map_part(b, segment, PAGE_READONLY, 32 * MB - 64 * KB, 128 * KB);
    uint8_t byte;
    assert_status(STATUS_IN_PAGE_ERROR, read_byte(b, across + 64 * KB, &byte));
    assert_consistent(&machine);
    mm_get_statistics(machine.mm, &after);
    assert_true(after.paged_pool_bytes - before.paged_pool_bytes < 256 * KB);
    assert_true(after.nonpaged_pool_bytes - before.nonpaged_pool_bytes < 4 * MB);
    mm_close_section(machine.mm, segment);
    assert_ok(mm_unmap_view(a, at));
    assert_ok(mm_unmap_view(b, across));
    after = settled(&machine);
    assert_int_equal(after.paged_pool_bytes, before.paged_pool_bytes);
    assert_int_equal(after.nonpaged_pool_bytes, before.nonpaged_pool_bytes);
}

static void cutting(void **state)
{
    SECTION_OBJECT_POINTERS *sections = test_file_sections(file);
    SEGMENT *segment = section();
    uint64_t at = map(a, segment, PAGE_READWRITE);
    (void)state;

    assert_false(mm_can_file_be_truncated(machine.mm, sections, PAGE_SIZE));
    assert_true(mm_can_file_be_truncated(machine.mm, sections, file->size));
    assert_false(mm_flush_image_section(machine.mm, sections, MM_FLUSH_FOR_DELETE));
    assert_true(mm_flush_image_section(machine.mm, sections, MM_FLUSH_FOR_WRITE));
    assert_ok(mm_unmap_view(a, at));
    assert_false(mm_can_file_be_truncated(machine.mm, sections, PAGE_SIZE)); /* still open */
    /* Pages that somebody copies to and from, with no user of the section. */
    struct mi_control *control = mi_find_control(machine.mm, sections, false, false);
    uint8_t bytes[4 * PAGE_SIZE];
    mm_close_section(machine.mm, segment);
    memset(bytes, 71, sizeof(bytes));
    copy(0, bytes, sizeof(bytes), true);
    assert_true(mm_can_file_be_truncated(machine.mm, sections, PAGE_SIZE + 10));
    mm_set_file_size(machine.mm, sections, PAGE_SIZE + 10);
    file->size = PAGE_SIZE + 10;
    assert_consistent(&machine);
    assert_int_equal(copy(0, bytes, sizeof(bytes), false), PAGE_SIZE + 10);
    mm_set_file_size(machine.mm, sections, 2 * PAGE_SIZE + 1);
    memset(file->bytes + file->size, 0, 2 * PAGE_SIZE + 1 - file->size);
    file->size = 2 * PAGE_SIZE + 1;
    memset(bytes, 1, sizeof(bytes));
    assert_int_equal(copy(0, bytes, sizeof(bytes), false), 2 * PAGE_SIZE + 1);
    assert_int_equal(bytes[PAGE_SIZE + 9], 71);
    assert_int_equal(bytes[PAGE_SIZE + 10], 0);
    assert_int_equal(bytes[2 * PAGE_SIZE], 0);
    mi_control_dereference(control);
    assert_int_equal(file->bytes[PAGE_SIZE + 9], 71);
    assert_int_equal(file->size, 2 * PAGE_SIZE + 1);
    assert_true(mm_flush_image_section(machine.mm, sections, MM_FLUSH_FOR_DELETE));
}

static void size_statuses(void **state)
{
    SEGMENT *segment = section(), *none = NULL;
    uint64_t at = 0;
    struct mm_view view = {.segment = segment, .protect = PAGE_READWRITE, .inherit = VIEW_UNMAP};
    (void)state;

    assert_status(STATUS_MAPPED_FILE_SIZE_ZERO,
                  mm_create_file_section(machine.mm, file->object, 0, &none));
    assert_status(STATUS_SECTION_TOO_BIG,
                  mm_create_file_section(machine.mm, file->object, INT64_MAX, &none));
    view.section_protect = PAGE_READONLY;
    assert_status(STATUS_SECTION_PROTECTION, mm_map_view(a, &view));
    view.section_protect = PAGE_WRITECOPY;
    assert_status(STATUS_SECTION_PROTECTION, mm_map_view(a, &view));
    view.section_protect = PAGE_READWRITE;
    view.section_size = PAGE_SIZE + 1;
    view.size = 2 * PAGE_SIZE + 1;
    assert_status(STATUS_INVALID_VIEW_SIZE, mm_map_view(a, &view));
    view.size = 2 * PAGE_SIZE;
    assert_ok(mm_map_view(a, &view));
    assert_int_equal(view.size, 2 * PAGE_SIZE);
    at = view.base;
    assert_status(STATUS_ALREADY_COMMITTED, commit(a, at, PAGE_SIZE, PAGE_READWRITE));
    mm_close_section(machine.mm, segment);
}

/* ---- failures ---------------------------------------------------------------------------------
 */

/* The host cut the file: who touches what is gone is told, and nobody else. */
static void cut_from_outside(void **state)
{
    SEGMENT *segment = section();
    uint64_t at = map(a, segment, PAGE_READWRITE);
    uint8_t byte = 0;
    size_t done;
    (void)state;

    assert_int_equal(get(a, at + 3 * PAGE_SIZE), 4);
    assert_ok(write_byte(a, at + 3 * PAGE_SIZE, 44));
    file->size = PAGE_SIZE + 10;
    assert_int_equal(get(a, at), 1);
    assert_int_equal(get(a, at + PAGE_SIZE + 9), 2);
    assert_int_equal(get(a, at + PAGE_SIZE + 10), 0);
    assert_status(STATUS_IN_PAGE_ERROR, read_byte(a, at + 2 * PAGE_SIZE, &byte));
    assert_status(STATUS_IN_PAGE_ERROR, mm_copy_file(machine.mm, test_file_sections(file),
                                                     2 * PAGE_SIZE, &byte, 1, false, &done));
    assert_int_equal(get(a, at + 3 * PAGE_SIZE), 44); /* in memory all the time */
    assert_consistent(&machine);
    assert_ok(mm_unmap_view(a, at));
    mm_close_section(machine.mm, segment);
    assert_int_equal(file->bytes[3 * PAGE_SIZE], 44); /* what was written is not lost */
}

/* A page that cannot be written costs no other page, and is written when it can be. */
static void write_failure(void **state)
{
    SEGMENT *segment = section();
    uint64_t at = map(a, segment, PAGE_READWRITE);
    (void)state;

    for (uint64_t i = 0; i < 4; i++)
        assert_ok(write_byte(a, at + i * PAGE_SIZE, 80));
    file->bad_page = 1;
    assert_status(STATUS_DISK_FULL, flush(a, at, 0));
    assert_int_equal(file->bytes[0], 80);
    assert_int_equal(file->bytes[PAGE_SIZE], 2);
    assert_int_equal(file->bytes[2 * PAGE_SIZE], 80);
    assert_int_equal(file->bytes[3 * PAGE_SIZE], 80);
    assert_consistent(&machine);
    assert_status(STATUS_DISK_FULL, mm_flush_file(machine.mm, test_file_sections(file)));
    file->bad_page = NO_BAD_PAGE;
    assert_ok(mm_unmap_view(a, at));
    mm_close_section(machine.mm, segment);
    assert_int_equal(file->bytes[PAGE_SIZE], 80);
}

static void read_failure(void **state)
{
    SEGMENT *segment = section();
    uint64_t at = map(a, segment, PAGE_READWRITE);
    uint8_t byte;
    (void)state;

    file->bad_page = 2;
    assert_status(STATUS_IN_PAGE_ERROR, read_byte(a, at + 2 * PAGE_SIZE, &byte));
    assert_int_equal(get(a, at + PAGE_SIZE), 2);
    file->bad_page = NO_BAD_PAGE;
    assert_int_equal(get(a, at + 2 * PAGE_SIZE), 3);
    mm_close_section(machine.mm, segment);
}

/* No data of a file is lost when nobody can write it any more: the machine says so. */
static void delayed_write_failure(void **state)
{
    SEGMENT *segment = section();
    uint64_t at = map(a, segment, PAGE_READWRITE);
    (void)state;

    assert_ok(write_byte(a, at, 80));
    assert_ok(write_byte(a, at + PAGE_SIZE, 80));
    file->bad_page = 0;
    mm_close_section(machine.mm, segment);
    assert_ok(mm_unmap_view(a, at));
    assert_non_null(strstr(machine.recorder.message, "delayed write failed"));
    assert_int_equal(file->bytes[0], 1);
    assert_int_equal(file->bytes[PAGE_SIZE], 80);
}

static ULONG pages_read(void)
{
    ULONG count = 0;

    for (unsigned i = 0; i < machine.ke.processors.count; i++)
        count += (ULONG)machine.ke.processors.prcb[i]->MmPageReadCount;
    return count;
}

/* Pages that follow are read with the one that is touched, up to eight and to the end of the file;
 * they wait on the standby list, and are nobody's to be told of when they cannot be read. */
static void neighbours_come_along(void **state)
{
    (void)state;
    file->size = 20 * PAGE_SIZE + 100;
    SEGMENT *segment = section();
    uint64_t at = map(a, segment, PAGE_READWRITE);
    const CONTROL_AREA *area = mm_section_control_area(machine.mm, segment);
    uint64_t standby = settled(&machine).standby[5];
    ULONG before = pages_read();
    uint8_t byte;

    assert_int_equal(get(a, at + 2 * PAGE_SIZE), 3);
    assert_int_equal(file->reads, 1);
    assert_int_equal(area->NumberOfPfnReferences, 8);
    assert_int_equal(settled(&machine).standby[5], standby + 7);
    assert_consistent(&machine);
    for (unsigned i = 2; i < 10; i++)
        assert_int_equal(get(a, at + i * PAGE_SIZE), i + 1);
    assert_int_equal(file->reads, 1);
    assert_int_equal(settled(&machine).standby[5], standby);
    /* Those that are there already, or not there at all, are not read. */
    assert_int_equal(get(a, at), 1);
    assert_int_equal(area->NumberOfPfnReferences, 10);
    assert_int_equal(get(a, at + 18 * PAGE_SIZE), 19);
    assert_int_equal(area->NumberOfPfnReferences, 13);
    assert_int_equal(file->reads, 3);
    assert_int_equal(get(a, at + 20 * PAGE_SIZE + 99), 21);
    assert_int_equal(get(a, at + 20 * PAGE_SIZE + 100), 0);
    /* One that cannot be read spoils the whole read, and nothing else. */
    file->bad_page = 13;
    assert_int_equal(get(a, at + 12 * PAGE_SIZE), 13);
    assert_int_equal(file->reads, 5);
    assert_status(STATUS_IN_PAGE_ERROR, read_byte(a, at + 13 * PAGE_SIZE, &byte));
    assert_int_equal(get(a, at + 14 * PAGE_SIZE), 15);
    assert_int_equal(area->NumberOfPfnReferences, 18);
    assert_int_equal(pages_read() - before, 18);
    mm_close_section(machine.mm, segment);
}

/* Clean pages are memory for others, and come from the file again. */
static void pages_are_taken_and_come_back(void **state)
{
    SEGMENT *segment = section();
    uint64_t at = map(b, segment, PAGE_READWRITE), pfn, first = MI_LIST_END;
    (void)state;

    assert_int_equal(get(b, at), 1);
    assert_ok(write_byte(b, at + PAGE_SIZE, 20));
    assert_ok(mm_unmap_view(b, at));
    assert_ok(mm_flush_file(machine.mm, test_file_sections(file)));
    const CONTROL_AREA *area = mm_section_control_area(machine.mm, segment);
    assert_int_equal(area->NumberOfPfnReferences, 4);
    while (mi_allocate_page(machine.mm, MI_PAGE_ANY, &pfn)) {
        *(uint64_t *)mi_frame(machine.mm, pfn) = first;
        first = pfn;
    }
    assert_int_equal(area->NumberOfPfnReferences, 0);
    while (first != MI_LIST_END) {
        pfn = first;
        first = *(uint64_t *)mi_frame(machine.mm, pfn);
        mi_free_page(machine.mm, pfn);
    }
    at = map(b, segment, PAGE_READWRITE);
    assert_int_equal(get(b, at), 1);
    assert_int_equal(get(b, at + PAGE_SIZE), 20);
    mm_close_section(machine.mm, segment);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_come_from_the_file),
        TEST(everybody_sees_the_same),
        TEST(copies_stay_private),
        TEST(last_user_writes),
        TEST(exit_writes),
        TEST(flushing),
        TEST(flush_statuses),
        TEST(sections_grow),
        TEST(large_files_cost_what_is_used),
        TEST(cutting),
        TEST(size_statuses),
        TEST(cut_from_outside),
        TEST(write_failure),
        TEST(read_failure),
        TEST(delayed_write_failure),
        TEST(neighbours_come_along),
        TEST(pages_are_taken_and_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
