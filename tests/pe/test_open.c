/* tests/pe/test_open.c: which files are refused and why; sections, ranges and reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "pe/pe.h"
#include "sample.h"

static uint8_t file[SAMPLE_SIZE];

static enum pe_status open_file(void)
{
    struct pe_image image;
    return pe_open(&image, file, sizeof(file));
}

/* Make the sample anew, change one thing, expect one status. */
#define expect_after(change, expected)                                                             \
    do {                                                                                           \
        sample_make(file);                                                                         \
        IMAGE_NT_HEADERS64 *nt = sample_headers(file);                                             \
        IMAGE_SECTION_HEADER *section = sample_sections(file);                                     \
        (void)nt;                                                                                  \
        (void)section;                                                                             \
        change;                                                                                    \
        assert_int_equal(open_file(), expected);                                                   \
    } while (0)

static void test_kinds_of_files(void **state)
{
    (void)state;
    struct pe_image image;
    expect_after((void)0, PE_OK);
    assert_int_equal(pe_open(&image, NULL, 0), PE_NOT_MZ);
    assert_int_equal(pe_open(&image, "M", 1), PE_NOT_MZ);
    assert_int_equal(pe_open(&image, "MZ", 2), PE_NOT_PE);
    assert_int_equal(pe_open(&image, "\177ELF\2\1\1", 7), PE_NOT_MZ);
    expect_after(nt->Signature = IMAGE_OS2_SIGNATURE, PE_WIN16);
    expect_after(nt->Signature = IMAGE_OS2_SIGNATURE_LE, PE_WIN16);
    expect_after(nt->Signature = 0, PE_NOT_PE);
    expect_after(((IMAGE_DOS_HEADER *)file)->e_lfanew = -4, PE_NOT_PE);
    expect_after(((IMAGE_DOS_HEADER *)file)->e_lfanew = INT32_MAX, PE_NOT_PE);
    expect_after(nt->FileHeader.Machine = IMAGE_FILE_MACHINE_I386, PE_WRONG_MACHINE);
    expect_after(nt->FileHeader.Characteristics = 0, PE_NOT_EXECUTABLE);
    expect_after(nt->FileHeader.SizeOfOptionalHeader = 0, PE_NOT_EXECUTABLE);
    expect_after(nt->FileHeader.SizeOfOptionalHeader = 0x6F, PE_CORRUPT);
    expect_after(nt->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR32_MAGIC, PE_CORRUPT);
    for (int status = 0; status < PE_STATUS_COUNT; status++)
        assert_non_null(pe_status_text((enum pe_status)status));
}

static void test_contradictions(void **state)
{
    (void)state;
    expect_after(nt->OptionalHeader.FileAlignment = 0, PE_CORRUPT);
    expect_after(nt->OptionalHeader.FileAlignment = 0x300, PE_CORRUPT);
    expect_after(nt->OptionalHeader.FileAlignment = 0x10, PE_CORRUPT);
    expect_after(nt->OptionalHeader.SectionAlignment = 0x200000, PE_OK); /* ours are pages anyway */
    expect_after(nt->OptionalHeader.SectionAlignment = 0x3000, PE_CORRUPT);
    expect_after(nt->OptionalHeader.SectionAlignment = 0x100, PE_CORRUPT);
    expect_after(nt->OptionalHeader.SizeOfImage = 0, PE_CORRUPT);
    expect_after(nt->OptionalHeader.SizeOfImage = UINT32_MAX, PE_CORRUPT);
    expect_after(nt->OptionalHeader.SizeOfImage = 0x5000, PE_CORRUPT);
    expect_after(nt->OptionalHeader.SizeOfHeaders = 0, PE_CORRUPT);
    expect_after(nt->OptionalHeader.SizeOfHeaders = 0x7000, PE_CORRUPT);
    expect_after(nt->OptionalHeader.ImageBase = 0x140001000, PE_CORRUPT);
    expect_after(nt->OptionalHeader.AddressOfEntryPoint = SAMPLE_IMAGE_SIZE, PE_CORRUPT);
    expect_after(nt->FileHeader.NumberOfSections = 97, PE_CORRUPT);
    expect_after(section[1].VirtualAddress = 0x1800, PE_CORRUPT);   /* overlaps .text */
    expect_after(section[1].VirtualAddress = 0x3000, PE_CORRUPT);   /* a hole */
    expect_after(section[0].VirtualAddress = 0x1D01, PE_CORRUPT);   /* not on a page */
    expect_after(section[1].Misc.VirtualSize = 0x1001, PE_CORRUPT); /* into .data */
    expect_after(section[3].Misc.VirtualSize = UINT32_MAX, PE_CORRUPT);
    expect_after(section[2].PointerToRawData = SAMPLE_SIZE, PE_TRUNCATED);
    expect_after(section[2].PointerToRawData = UINT32_MAX, PE_TRUNCATED);
    expect_after((section[3].Misc.VirtualSize = 0, section[3].SizeOfRawData = 0), PE_CORRUPT);
    /* File data beyond the section's memory is nobody's business. */
    expect_after(section[3].SizeOfRawData = UINT32_MAX, PE_TRUNCATED);
    expect_after(section[0].SizeOfRawData = 0x2000, PE_OK);
}

/* Cut off anywhere, the sample is refused or read within its bounds. */
static void test_truncation(void **state)
{
    (void)state;
    sample_make(file);
    for (size_t size = 0; size < SAMPLE_SIZE; size += size < 0x400 ? 1 : 37) {
        uint8_t *cut = malloc(size ? size : 1);
        struct pe_image image;
        memcpy(cut, file, size);
        enum pe_status status = pe_open(&image, cut, size);
        assert_int_equal(status == PE_OK, size >= SAMPLE_RELOC_FILE + 0x200);
        sample_exercise(cut, size);
        free(cut);
    }
}

static void test_ranges(void **state)
{
    (void)state;
    static const struct {
        uint32_t rva, size, raw, raw_size;
    } expected[] = {{0, 0x1000, 0, 0x400},
                    {0x1000, 0x1000, 0x400, 0x200},
                    {0x2000, 0x1000, 0x600, 0xA00},
                    {0x3000, 0x2000, 0x1000, 0x1200},
                    {0x5000, 0x1000, 0x2200, 0x200}};
    struct pe_image image;
    struct pe_section range;
    sample_make(file);
    assert_int_equal(pe_open(&image, file, sizeof(file)), PE_OK);
    assert_int_equal(pe_range_count(&image), 5);
    assert_int_equal(pe_size_of_image(&image), SAMPLE_IMAGE_SIZE);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(pe_range(&image, i, &range), PE_OK);
        assert_int_equal(range.rva, expected[i].rva);
        assert_int_equal(range.virtual_size, expected[i].size);
        assert_int_equal(range.raw_offset, expected[i].raw);
        assert_int_equal(range.raw_size, expected[i].raw_size);
    }
    assert_int_equal(pe_range(&image, 5, &range), PE_NOT_FOUND);
    assert_int_equal(pe_section(&image, 4, &range), PE_NOT_FOUND);
    assert_int_equal(pe_find_section(&image, 0x4FFF, &range), PE_OK);
    assert_string_equal(range.name, ".data");
    assert_int_equal(range.virtual_size, 0x1800);
    assert_int_equal(pe_find_section(&image, 0xFFF, &range), PE_NOT_FOUND);
    assert_int_equal(pe_find_section(&image, 0x6000, &range), PE_NOT_FOUND);
}

/* Alignment below a page: one range, mapped as it lies in the file. */
static void test_single_range(void **state)
{
    (void)state;
    struct pe_image image;
    struct pe_section range;
    uint8_t bytes[0x20];
    sample_make(file);
    IMAGE_NT_HEADERS64 *nt = sample_headers(file);
    nt->OptionalHeader.SectionAlignment = nt->OptionalHeader.FileAlignment = 0x20;
    nt->FileHeader.NumberOfSections = 1;
    sample_sections(file)[0].VirtualAddress = 0x400;
    assert_int_equal(pe_open(&image, file, sizeof(file)), PE_OK);
    assert_true(image.single_range);
    assert_int_equal(pe_range_count(&image), 1);
    assert_int_equal(pe_range(&image, 0, &range), PE_OK);
    assert_int_equal(range.virtual_size, SAMPLE_IMAGE_SIZE);
    assert_int_equal(range.raw_size, SAMPLE_SIZE);
    assert_true(range.characteristics & IMAGE_SCN_MEM_EXECUTE);
    assert_int_equal(pe_read(&image, 0x600, bytes, sizeof(bytes)), PE_OK);
    assert_memory_equal(bytes, file + 0x600, sizeof(bytes));
}

static void test_read(void **state)
{
    (void)state;
    struct pe_image image, mapped;
    uint8_t *memory = malloc(SAMPLE_IMAGE_SIZE);
    uint8_t bytes[0x20], zeroes[0x20] = {0};
    char text[16];
    sample_make(file);
    memset(file + 0x5F0, 0xCC, 0x10); /* the last of .text's file data */
    assert_int_equal(pe_open(&image, file, sizeof(file)), PE_OK);

    assert_int_equal(pe_read(&image, 0x11F0, bytes, 0x20), PE_OK);
    assert_memory_equal(bytes, file + 0x5F0, 0x10);
    assert_memory_equal(bytes + 0x10, zeroes, 0x10);               /* behind the file data */
    assert_int_equal(pe_read(&image, 0x1FF0, bytes, 0x20), PE_OK); /* across two sections */
    assert_memory_equal(bytes, zeroes, 0x10);
    assert_memory_equal(bytes + 0x10, file + 0x600, 0x10);
    assert_int_equal(pe_read(&image, 0x5FF0, bytes, 0x10), PE_OK);
    assert_int_equal(pe_read(&image, 0x5FF1, bytes, 0x10), PE_TRUNCATED);
    assert_int_equal(pe_read(&image, UINT64_MAX, bytes, 2), PE_TRUNCATED);
    assert_int_equal(pe_read_cstr(&image, 0x2080, text, sizeof(text)), PE_OK);
    assert_string_equal(text, "sample.dll");
    assert_int_equal(pe_read_cstr(&image, 0x2080, text, 10), PE_CORRUPT);

    /* A mapped copy of all that reads the same. */
    assert_int_equal(pe_read(&image, 0, memory, SAMPLE_IMAGE_SIZE), PE_OK);
    assert_int_equal(
        pe_open_reader(&mapped, reader_of_bytes(memory, SAMPLE_IMAGE_SIZE), PE_LAYOUT_MAPPED),
        PE_OK);
    assert_int_equal(pe_read(&mapped, 0x11F0, bytes, 0x20), PE_OK);
    assert_memory_equal(bytes, file + 0x5F0, 0x10);
    assert_int_equal(pe_read_cstr(&mapped, 0x2080, text, sizeof(text)), PE_OK);
    free(memory);
}

/* As documented for CheckSumMappedFile: a stored checksum does not count itself. */
static void test_checksum(void **state)
{
    (void)state;
    struct pe_image image;
    uint32_t first, second;
    sample_make(file);
    assert_int_equal(pe_open(&image, file, sizeof(file)), PE_OK);
    assert_int_equal(pe_checksum(&image, &first), PE_OK);
    sample_headers(file)->OptionalHeader.CheckSum = first;
    assert_int_equal(pe_checksum(&image, &second), PE_OK);
    assert_int_equal(second, first);
    file[SAMPLE_SIZE - 2] ^= 1;
    assert_int_equal(pe_checksum(&image, &second), PE_OK);
    assert_int_equal(second, first + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_files), cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_truncation),     cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_single_range),   cmocka_unit_test(test_read),
        cmocka_unit_test(test_checksum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
