/* tests/mm/test_view.c: what is asked about views, and views that a new process inherits. */
#include "support.h"

#include "mm/section.h"
#include "mm/space.h"
#include "nt/info.h"

#define NOTHING (1ull << 40) /* an address where nothing is */

static struct machine machine;
static struct mm_space *parent, *child;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 64 * MB, 0, WITH_ENGINE);
    parent = process_create(&machine);
    child = process_create(&machine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_consistent(&machine);
    process_destroy(&machine, parent);
    process_destroy(&machine, child);
    machine_destroy(&machine);
    return 0;
}

static SEGMENT *section_create(uint64_t size, uint32_t attributes)
{
    SEGMENT *segment = NULL;

    assert_ok(mm_create_page_file_section(machine.mm, size, PAGE_READWRITE, attributes, &segment));
    return segment;
}

static uint64_t map_at(SEGMENT *segment, uint64_t base, uint32_t protection, uint32_t inherit,
                       uint64_t offset)
{
    struct mm_view view = {.segment = segment,
                           .base = base,
                           .offset = offset,
                           .protect = protection,
                           .inherit = inherit};

    assert_ok(mm_map_view(parent, &view));
    return view.base;
}

static void inherited_views_share(void **state)
{
    SEGMENT *segment = section_create(256 * KB, SEC_COMMIT);
    uint64_t shared = map_at(segment, 64 * MB, PAGE_READWRITE, ViewShare, 64 * KB);
    uint64_t copied = map_at(segment, 65 * MB, PAGE_WRITECOPY, ViewShare, 0);
    uint64_t kept = map_at(segment, 66 * MB, PAGE_READWRITE, ViewUnmap, 0);
    uint8_t byte;
    (void)state;

    assert_ok(write_byte(parent, shared, 1));
    assert_ok(write_byte(parent, copied, 2));
    mm_close_section(machine.mm, segment);
    assert_ok(mm_inherit_views(parent, child));
    assert_consistent(&machine);
    assert_int_equal(query(child, kept).State, MEM_FREE);
    assert_int_equal(query(child, shared).RegionSize, 192 * KB);
    assert_int_equal(query(child, copied).Protect, PAGE_WRITECOPY);
    assert_ok(write_byte(child, shared + 1, 3));
    assert_ok(read_byte(parent, shared + 1, &byte));
    assert_int_equal(byte, 3);
    assert_ok(read_byte(child, copied, &byte));
    assert_int_equal(byte, 0);
    assert_ok(mm_unmap_view(parent, shared));
    assert_ok(read_byte(child, shared, &byte));
    assert_int_equal(byte, 1);
}

static void no_room_to_inherit(void **state)
{
    SEGMENT *segment = section_create(64 * KB, SEC_COMMIT);
    (void)state;

    map_at(segment, 64 * MB, PAGE_READWRITE, ViewShare, 0);
    allocate(child, 64 * MB, PAGE_SIZE, PAGE_READWRITE);
    assert_status(STATUS_CONFLICTING_ADDRESSES, mm_inherit_views(parent, child));
    mm_close_section(machine.mm, segment);
}

static void regions(void **state)
{
    SEGMENT *segment = section_create(64 * KB, SEC_RESERVE);
    uint64_t view = map_at(segment, 0, PAGE_READONLY, ViewUnmap, 0);
    uint64_t private = reserve(parent, 0, MB);
    MEMORY_REGION_INFORMATION region;
    FILE_OBJECT *file;
    (void)state;

    assert_ok(commit(parent, private + 64 * KB, PAGE_SIZE, PAGE_READONLY));
    assert_ok(mm_query_region(parent, private + 64 * KB + 1, &region));
    assert_int_equal(region.AllocationBase.va, private);
    assert_int_equal(region.AllocationProtect, PAGE_NOACCESS);
    assert_int_equal(region.RegionSize, MB);
    assert_int_equal(region.RegionType, 1);
    assert_ok(mm_query_region(parent, view, &region));
    assert_int_equal(region.MappedPageFile, 1);
    assert_int_equal(region.AllocationProtect, PAGE_READONLY);
    assert_status(STATUS_INVALID_ADDRESS, mm_query_region(parent, NOTHING, &region));
    assert_status(STATUS_INVALID_PARAMETER, mm_query_region(parent, UINT64_MAX, &region));
    assert_status(STATUS_FILE_INVALID, mm_reference_mapped_file(parent, view, &file));
    assert_status(STATUS_INVALID_ADDRESS, mm_reference_mapped_file(parent, private, &file));
    mm_close_section(machine.mm, segment);
}

static void mapped_files(void **state)
{
    struct test_file *file = test_file_create(&machine, 64 * KB);
    SEGMENT *segment;
    FILE_OBJECT *found;
    MEMORY_REGION_INFORMATION region;
    (void)state;

    file->size = 64 * KB;
    assert_ok(mm_create_file_section(machine.mm, file->object, file->size, &segment));
    uint64_t a = map_at(segment, 0, PAGE_READONLY, ViewUnmap, 0);
    uint64_t b = map_at(segment, 0, PAGE_READWRITE, ViewShare, 0);
    uint64_t private = allocate(parent, 0, PAGE_SIZE, PAGE_READWRITE);
    mm_close_section(machine.mm, segment);
    assert_ok(mm_reference_mapped_file(parent, a + PAGE_SIZE, &found));
    assert_ptr_equal(found, file->object);
    file->references--; /* as mm_ops.dereference_file would */
    assert_ok(mm_query_region(parent, a, &region));
    assert_int_equal(region.RegionType, 2);
    assert_ok(mm_are_mapped_files_the_same(parent, a, b + PAGE_SIZE));
    assert_status(STATUS_CONFLICTING_ADDRESSES, mm_are_mapped_files_the_same(parent, a, private));
    assert_status(STATUS_INVALID_ADDRESS, mm_are_mapped_files_the_same(parent, a, NOTHING));
    assert_ok(mm_inherit_views(parent, child));
    assert_int_equal(query(child, a).State, MEM_FREE);
    assert_ok(write_byte(child, b, 9));
    assert_ok(mm_unmap_view(child, b));
    assert_ok(mm_unmap_view(parent, a));
    assert_ok(mm_unmap_view(parent, b));
    assert_int_equal(file->bytes[0], 9);
    test_file_destroy(file);
}

/* The PTEs that user code runs on say how a page is cached, for shared pages and copies alike. */
static void caching(void **state)
{
    SEGMENT *segment = section_create(64 * KB, SEC_COMMIT | SEC_NOCACHE);
    uint64_t shared = map_at(segment, 0, PAGE_READWRITE, ViewUnmap, 0);
    uint64_t copied = map_at(segment, 0, PAGE_WRITECOPY, ViewUnmap, 0);
    struct mm_view wrong = {
        .segment = segment, .protect = PAGE_READWRITE | PAGE_NOCACHE, .inherit = ViewUnmap};
    (void)state;

    assert_status(STATUS_INVALID_PAGE_PROTECTION, mm_map_view(parent, &wrong));
    assert_ok(write_byte(parent, shared, 1));
    assert_ok(write_byte(parent, copied, 2));
    assert_int_equal(mi_find_pte(parent, shared)->u.Hard.CacheDisable, 1);
    assert_int_equal(mi_find_pte(parent, copied)->u.Hard.CacheDisable, 1);
    assert_int_equal(query(parent, copied).Protect, PAGE_READWRITE | PAGE_NOCACHE);
    assert_ok(protect(parent, shared, PAGE_SIZE, PAGE_READONLY));
    assert_int_equal(query(parent, shared).Protect, PAGE_READONLY | PAGE_NOCACHE);
    assert_status(STATUS_INVALID_PAGE_PROTECTION,
                  protect(parent, shared, PAGE_SIZE, PAGE_READONLY | PAGE_WRITECOMBINE));
    mm_close_section(machine.mm, segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(inherited_views_share, setup, teardown),
        cmocka_unit_test_setup_teardown(no_room_to_inherit, setup, teardown),
        cmocka_unit_test_setup_teardown(regions, setup, teardown),
        cmocka_unit_test_setup_teardown(mapped_files, setup, teardown),
        cmocka_unit_test_setup_teardown(caching, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
