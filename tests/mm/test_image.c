/* tests/mm/test_image.c: images in address spaces, with the small PE that the reader's tests make.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "mm/vad.h"
#include "pe/pe.h"
#include "sample.h"

static struct machine machine;
static struct mm_space *space;
static uint8_t file[SAMPLE_SIZE];
static struct pe_image image;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 64 * MB, 0, WITH_ENGINE);
    space = process_create(&machine);
    sample_make(file);
    assert_int_equal(pe_open(&image, file, sizeof(file)), PE_OK);
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

/* A section of the image for one view, at *base if that is not 0. */
static NTSTATUS map_image(struct mm_space *in, uint64_t *base, uint64_t *size)
{
    struct mm_view view = {.base = *base, .protect = PAGE_EXECUTE_READ, .inherit = 1};
    struct mm *mm = mm_space_mm(in);
    NTSTATUS status = mm_create_image_section(mm, &image, NULL, &view.segment);

    if (!NT_SUCCESS(status))
        return status;
    status = mm_map_view(in, &view);
    mm_close_section(mm, view.segment);
    if (NT_SUCCESS(status)) {
        *base = view.base;
        *size = view.size;
    }
    return status;
}

static uint64_t read_u64(uint64_t va)
{
    uint64_t value = 0;

    assert_ok(mm_copy_from_user(space, &value, va, sizeof(value)));
    return value;
}

static void at_its_base(void **state)
{
    uint64_t base = 0, size = 0;
    char mz[2];
    (void)state;

    assert_ok(map_image(space, &base, &size));
    assert_int_equal(base, SAMPLE_BASE);
    assert_int_equal(size, SAMPLE_IMAGE_SIZE);
    assert_ok(mm_copy_from_user(space, mz, base, 2));
    assert_memory_equal(mz, "MZ", 2);
    assert_int_equal(read_u64(base + SAMPLE_POINTER_RVA), SAMPLE_BASE + 0x1000);
    assert_int_equal(read_u64(base + SAMPLE_STRADDLE_RVA), SAMPLE_BASE + 0x2000);
    assert_int_equal(read_u64(base + 0x4F00), 0); /* behind the file's data */

    MEMORY_BASIC_INFORMATION q = query(space, base);
    assert_int_equal(q.Type, MEM_IMAGE);
    assert_int_equal(q.State, MEM_COMMIT);
    assert_int_equal(q.Protect, PAGE_READONLY);
    assert_int_equal(q.AllocationProtect, PAGE_EXECUTE_WRITECOPY);
    assert_int_equal(q.RegionSize, PAGE_SIZE);
    assert_int_equal(query(space, base + 0x1000).Protect, PAGE_EXECUTE_READ);
    assert_int_equal(query(space, base + 0x2000).Protect, PAGE_READONLY);
    assert_int_equal(query(space, base + 0x3000).Protect, PAGE_WRITECOPY);
    assert_status(STATUS_ACCESS_VIOLATION, write_byte(space, base + 0x1000, 1));
    assert_status(STATUS_ACCESS_VIOLATION, execute(space, base + 0x3000));
    assert_ok(execute(space, base + 0x1000));
    assert_ok(write_byte(space, base + 0x3000, 1));
    assert_int_equal(query(space, base + 0x3000).Protect, PAGE_READWRITE); /* its own now */
    MMVAD_SHORT *vad = mi_vad_find(space, MI_VPN(base));
    assert_int_equal(vad->u.VadFlags.VadType, MI_VAD_IMAGE_MAP);
    assert_int_equal(vad->u.VadFlags.PrivateMemory, 0);
}

/* Its base is taken: elsewhere, and everything that names the base says so. */
static void relocated(void **state)
{
    uint64_t base = 0, size;
    uint32_t low;
    IMAGE_NT_HEADERS64 headers;
    (void)state;

    allocate(space, SAMPLE_BASE, PAGE_SIZE, PAGE_READWRITE);
    assert_status(STATUS_IMAGE_NOT_AT_BASE, map_image(space, &base, &size));
    assert_int_not_equal(base, SAMPLE_BASE);
    assert_int_equal(base % MM_ALLOCATION_GRANULARITY, 0);
    assert_int_equal(read_u64(base + SAMPLE_POINTER_RVA), base + 0x1000);
    assert_int_equal(read_u64(base + SAMPLE_STRADDLE_RVA), base + 0x2000);
    assert_ok(mm_copy_from_user(space, &low, base + SAMPLE_LOW_RVA, sizeof(low)));
    assert_int_equal(low, (uint32_t)(base + 0x1000));
    assert_ok(mm_copy_from_user(space, &headers, base + SAMPLE_NT_HEADERS, sizeof(headers)));
    assert_int_equal(headers.OptionalHeader.ImageBase, base);
    /* A second copy, at a place that the caller names. */
    uint64_t wanted = 0x200000000;
    assert_status(STATUS_IMAGE_NOT_AT_BASE, map_image(space, &wanted, &size));
    assert_int_equal(wanted, 0x200000000);
    assert_int_equal(read_u64(wanted + SAMPLE_POINTER_RVA), wanted + 0x1000);
    assert_status(STATUS_CONFLICTING_ADDRESSES, map_image(space, &wanted, &size));
}

static void unmapping(void **state)
{
    uint64_t base = 0, size;
    (void)state;

    struct mm_statistics before = settled(&machine);
    assert_ok(map_image(space, &base, &size));
    /* A view is not private memory. */
    uint64_t at = base, zero = 0;
    assert_status(STATUS_UNABLE_TO_DELETE_SECTION,
                  mm_free_virtual_memory(space, &at, &zero, MEM_RELEASE));
    assert_status(STATUS_ALREADY_COMMITTED, commit(space, base, 1, PAGE_READWRITE));
    assert_ok(protect(space, base + 0x2000, 1, PAGE_READWRITE));
    assert_ok(protect(space, base + 0x2000, 1, PAGE_WRITECOPY));
    assert_status(STATUS_NOT_MAPPED_VIEW, mm_unmap_view(space, base - 1));
    assert_status(STATUS_NOT_MAPPED_VIEW, mm_unmap_view(space, MM_SHARED_USER_DATA_VA));
    assert_status(STATUS_NOT_MAPPED_VIEW, mm_unmap_view(space, UINT64_MAX));
    assert_ok(mm_unmap_view(space, base + 0x1234));
    assert_int_equal(query(space, base).State, MEM_FREE);
    struct mm_statistics after = settled(&machine);
    assert_same_pages(&before, &after);
}

/* Bases that no program may have. */
static void bad_bases(void **state)
{
    static const uint64_t bases[] = {
        0, 0x1000, 0x140001000, 0x7FFFFFF0000, MM_SYSTEM_RANGE_START, UINT64_MAX - 0xFFFF};
    (void)state;

    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        uint64_t base = 0, size = 0;
        sample_headers(file)->OptionalHeader.ImageBase = bases[i];
        if (pe_open(&image, file, sizeof(file)) != PE_OK)
            continue;
        NTSTATUS status = map_image(space, &base, &size);
        if (bases[i] % MM_ALLOCATION_GRANULARITY != 0)
            assert_status(STATUS_INVALID_IMAGE_FORMAT, status);
        else
            assert_status(STATUS_IMAGE_NOT_AT_BASE, status);
        assert_consistent(&machine);
    }
    /* Without relocations there is nowhere else to go. */
    sample_make(file);
    sample_headers(file)->FileHeader.Characteristics |= IMAGE_FILE_RELOCS_STRIPPED;
    sample_headers(file)->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_BASERELOC] =
        (IMAGE_DATA_DIRECTORY){0, 0};
    assert_int_equal(pe_open(&image, file, sizeof(file)), PE_OK);
    allocate(space, SAMPLE_BASE, PAGE_SIZE, PAGE_READWRITE);
    uint64_t base = 0, size = 0;
    assert_status(STATUS_CONFLICTING_ADDRESSES, map_image(space, &base, &size));
}

/* Whatever single byte of the headers is wrong: mapped or refused, and nothing lost. */
static void hostile_headers(void **state)
{
    (void)state;

    struct mm_statistics before = settled(&machine);
    for (size_t at = 0; at < 0x400; at++) {
        for (int flip = 0; flip < 3; flip++) {
            uint64_t base = 0, size = 0;
            sample_make(file);
            file[at] ^= (uint8_t)(flip == 0 ? 0x01 : flip == 1 ? 0x80 : 0xFF);
            if (pe_open(&image, file, sizeof(file)) == PE_OK &&
                NT_SUCCESS(map_image(space, &base, &size)))
                assert_ok(mm_unmap_view(space, base));
        }
    }
    struct mm_statistics after = settled(&machine);
    assert_same_pages(&before, &after);
}

/* No memory half way: everything is taken back. */
static void no_memory(void **state)
{
    struct machine small;
    uint64_t base = 0, size;
    (void)state;

    machine_create_on(&small, 32 * MB, 64 * MB, 0, &test_paging_ops);
    small.recorder.writes_left = 0;
    struct mm_space *process = process_create(&small);
    uint64_t block = allocate(process, 0, 64 * MB, PAGE_READWRITE), at = block;
    while (NT_SUCCESS(write_byte(process, at, 1)))
        at += PAGE_SIZE;
    for (unsigned left = 0; left < 9; left++) {
        mm_empty_working_set(process); /* which whoever looks for memory may do as well */
        struct mm_statistics before = settled(&small);
        NTSTATUS status = map_image(process, &base, &size);
        assert_consistent(&small);
        if (NT_SUCCESS(status)) {
            assert_ok(mm_unmap_view(process, base));
        } else {
            assert_status(STATUS_INSUFFICIENT_RESOURCES, status); /* no pool for the section */
        }
        mm_empty_working_set(process);
        struct mm_statistics after = settled(&small);
        /* Who looked for room has trimmed pages, but could write none. */
        before.active += before.modified;
        after.active += after.modified;
        before.modified = after.modified = 0;
        assert_same_pages(&before, &after);
        assert_ok(decommit(process, block + left * PAGE_SIZE, PAGE_SIZE));
    }
    process_destroy(&small, process);
    machine_destroy(&small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(at_its_base), TEST(relocated),       TEST(unmapping),
        TEST(bad_bases),   TEST(hostile_headers), TEST(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
