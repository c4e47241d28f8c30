/* tests/dump/test_dump.c: every format is read, written dumps come back, damage is told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dump/dump.h"
#include "dump/write.h"
#include "sample.h"

static struct dump_file *open_sample(const struct sample *s)
{
    struct dump_file *file = NULL;
    char reason[DUMP_REASON_SIZE] = "";
    int error = dump_open_bytes(s->bytes, s->size, &file, reason);
    if (error) {
        fail_msg("%d: %s", error, reason);
    }
    return file;
}

static void check_bytes(const struct dump_file *file, uint64_t pa, size_t size)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(dump_read_physical(file, pa, bytes, size), 0);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], sample_byte(pa + i));
    }
    free(bytes);
}

static void test_physical(void **state)
{
    (void)state;
    for (int kind = SAMPLE_FULL; kind <= SAMPLE_ELF; kind++) {
        struct sample s = sample_make(kind);
        struct dump_file *file = open_sample(&s);
        uint8_t byte[2];
        assert_string_equal(dump_get_info(file)->format, sample_name(kind));
        assert_int_equal(dump_get_info(file)->physical_size, 0x6000);
        check_bytes(file, 0x1000, 0x2000);
        check_bytes(file, 0x1FFF, 2); /* over a page boundary */
        check_bytes(file, 0x5000, 0x1000);
        assert_int_equal(dump_read_physical(file, 0, byte, 1), -EFAULT);
        assert_int_equal(dump_read_physical(file, 0x2FFF, byte, 2), -EFAULT);
        assert_int_equal(dump_read_physical(file, 0x3000, byte, 1), -EFAULT);
        assert_int_equal(dump_read_physical(file, 0x5FFF, byte, 2), -EFAULT);
        assert_int_equal(dump_read_physical(file, UINT64_MAX, byte, 2), -EFAULT);
        assert_int_equal(dump_read_virtual(file, 0x1000, byte, 1), 0);
        dump_close(file);
        free(s.bytes);
    }
}

static void test_header(void **state)
{
    (void)state;
    struct sample s = sample_make(SAMPLE_FULL);
    struct dump_file *file = open_sample(&s);
    const struct dump_info *info = dump_get_info(file);
    assert_int_equal(info->type, DUMP_TYPE_FULL);
    assert_int_equal(info->build, 7601);
    assert_int_equal(info->processors, 2);
    assert_int_equal(info->directory_base, 0x187000);
    assert_int_equal(info->bugcheck, 0x7E);
    assert_int_equal(info->bugcheck_parameter[0], 0xC0000005);
    assert_true(info->has_context);
    assert_int_equal(info->context.Rip, 0xFFFFF80400001234);
    assert_true(info->has_exception);
    assert_string_equal(info->comment, ""); /* the filler is no comment */
    dump_close(file);
    free(s.bytes);
}

static void test_raw(void **state)
{
    (void)state;
    struct sample s = sample_make(SAMPLE_RAW);
    struct dump_file *file = open_sample(&s);
    assert_int_equal(dump_get_info(file)->directory_base, SAMPLE_DIRECTORY);
    check_bytes(file, 0x4000, 0x4000);
    dump_close(file);
    uint64_t twice = SAMPLE_DIRECTORY | 3; /* a second self-reference: no page directory */
    char reason[DUMP_REASON_SIZE];
    memcpy(s.bytes + SAMPLE_DIRECTORY + 0x1EE * 8, &twice, sizeof twice);
    assert_int_equal(dump_open_bytes(s.bytes, s.size, &file, reason), -ENOEXEC);
    assert_non_null(strstr(reason, "page directory"));
    free(s.bytes);
}

static void test_triage(void **state)
{
    (void)state;
    struct sample s = sample_make(SAMPLE_TRIAGE);
    struct dump_file *file = open_sample(&s);
    const struct dump_info *info = dump_get_info(file);
    uint8_t bytes[0x100];
    uint64_t found;
    struct dump_module module;
    assert_true(info->virtual_only);
    assert_int_equal(info->thread, SAMPLE_THREAD);
    assert_int_equal(info->process, SAMPLE_PROCESS);
    assert_int_equal(dump_read_virtual(file, SAMPLE_STACK, bytes, 0x100), 0x100);
    assert_int_equal(bytes[5], sample_byte(SAMPLE_STACK + 5));
    assert_int_equal(dump_read_virtual(file, SAMPLE_BLOCK - 1, bytes, 8), 0);
    assert_int_equal(dump_read_virtual(file, SAMPLE_BLOCK, bytes, 0x100), 0x50);
    for (size_t i = 0; i < 0x50; i++) {
        assert_int_equal(bytes[i], sample_byte(SAMPLE_BLOCK + i));
    }
    assert_int_equal(dump_read_physical(file, 0, bytes, 1), -ENOTSUP);
    assert_true(dump_next_virtual(file, SAMPLE_BLOCK - 0x10, &found));
    assert_int_equal(found, SAMPLE_BLOCK);
    assert_false(dump_next_virtual(file, UINT64_MAX, &found));
    assert_int_equal(dump_module_count(file), 1);
    assert_true(dump_get_module(file, 0, &module));
    assert_string_equal(module.name, "win.sys");
    assert_int_equal(module.size, 0x5000);
    assert_false(dump_get_module(file, 1, &module));
    dump_close(file);
    free(s.bytes);
}

static void check_minidump_lists(const struct dump_file *file)
{
    struct dump_region region;
    struct dump_handle handle;
    assert_true(dump_get_region(file, 0, &region) && region.size == SAMPLE_USER);
    assert_true(dump_get_region(file, 1, &region) && region.base == SAMPLE_USER);
    assert_true(region.allocation_protect == 0x80 && region.protect == 0x20);
    assert_true(region.state == 0x1000 && region.type == 0x1000000 && region.size == 0x5000);
    assert_false(dump_get_region(file, 2, &region));
    assert_true(dump_get_handle(file, 0, &handle) && handle.handle == 0x24);
    assert_string_equal(handle.type, "Event");
    assert_string_equal(handle.name, "");
    assert_true(handle.access == 0x100003 && handle.handles == 2 && handle.pointers == 3);
    assert_false(dump_get_handle(file, 1, &handle));
}

/* Heads that promise more than the stream has, or elements that are too short: no list. */
static void test_minidump_bad_lists(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        uint32_t value;
    } damage[] = {{0x440, 0x91}, {0x444, 0x2F}, {0x444, 0}, {0x448, 3}, {0x44C, 1},
                  {0x9D0, 0x31}, {0x9D4, 0x1F}, {0x9D4, 0}, {0x9D8, 2}, {0x9D8, UINT32_MAX}};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        struct sample s = sample_make(SAMPLE_MINIDUMP);
        memcpy(s.bytes + damage[i].offset, &damage[i].value, sizeof damage[i].value);
        struct dump_file *file;
        char reason[DUMP_REASON_SIZE];
        struct dump_region region;
        struct dump_handle handle;
        bool of_regions = damage[i].offset < 0x9D0;
        assert_int_equal(dump_open_bytes(s.bytes, s.size, &file, reason), 0);
        assert_int_equal(dump_get_region(file, 0, &region), !of_regions);
        assert_int_equal(dump_get_handle(file, 0, &handle), of_regions);
        dump_close(file);
        free(s.bytes);
    }
}

static void test_minidump(void **state)
{
    (void)state;
    struct sample s = sample_make(SAMPLE_MINIDUMP);
    struct dump_file *file = open_sample(&s);
    const struct dump_info *info = dump_get_info(file);
    struct dump_thread thread;
    struct dump_module module;
    uint8_t bytes[0x200];
    assert_string_equal(info->format, "minidump");
    assert_true(info->virtual_only && info->one_process);
    assert_int_equal(info->build, 7601);
    assert_int_equal(info->process_id, 0x1A4);
    assert_int_equal(info->processors, 3);
    assert_int_equal(info->threads, 2);
    assert_int_equal(info->exception_thread, 1);
    assert_int_equal(info->exception.ExceptionCode, 0xC0000005);
    assert_true(dump_get_thread(file, 0, &thread) && thread.has_context);
    assert_int_equal(thread.context.Rip, SAMPLE_USER + 0x20);
    assert_true(dump_get_thread(file, 1, &thread) && thread.has_context);
    assert_int_equal(thread.context.Rip, SAMPLE_USER + 0x10);
    assert_int_equal(thread.teb, 0x7FFFFFDC000);
    assert_false(dump_get_thread(file, 2, &thread));
    assert_int_equal(dump_read_virtual(file, SAMPLE_USER, bytes, 0x200), 0x100);
    assert_int_equal(bytes[9], sample_byte(SAMPLE_USER + 9));
    assert_int_equal(dump_read_virtual(file, SAMPLE_USER64, bytes, 0x200), 0xC0);
    assert_int_equal(bytes[0xB0], sample_byte(SAMPLE_USER64 + 0xB0));
    assert_int_equal(dump_module_count(file), 1);
    assert_true(dump_get_module(file, 0, &module));
    assert_string_equal(module.name, "C:\\a.exe");
    assert_true(module.has_debug_record);
    assert_string_equal(module.pdb, "a.pdb");
    assert_int_equal(module.age, 9);
    check_minidump_lists(file);
    dump_close(file);
    uint16_t arm = 12;
    char reason[DUMP_REASON_SIZE];
    memcpy(s.bytes + 0x100, &arm, sizeof arm);
    assert_int_equal(dump_open_bytes(s.bytes, s.size, &file, reason), -ENOEXEC);
    assert_non_null(strstr(reason, "processor architecture 12"));
    free(s.bytes);
}

/* ---- damage ---- */

/* Every length short of the whole is refused, with a reason. */
static void test_truncated(void **state)
{
    (void)state;
    for (int kind = 0; kind < SAMPLE_KINDS; kind++) {
        struct sample s = sample_make(kind);
        for (size_t size = 0; size < s.size; size += 1 + size / 7) {
            struct dump_file *file = NULL;
            char reason[DUMP_REASON_SIZE] = "";
            uint8_t *copy = malloc(size + 1);
            assert_non_null(copy);
            memcpy(copy, s.bytes, size);
            int error = dump_open_bytes(copy, size, &file, reason);
            bool whole_part = kind == SAMPLE_RAW || kind == SAMPLE_LIME;
            if (error == 0 && whole_part) {
                dump_close(file); /* cut between two parts: a smaller file of its own right */
            } else if (error != -ENOEXEC || reason[0] == '\0' || strchr(reason, '\n')) {
                fail_msg("%s cut to %zu: %d '%s'", sample_name(kind), size, error, reason);
            }
            free(copy);
        }
        free(s.bytes);
    }
}

static void test_damaged(void **state)
{
    static const struct {
        enum sample_kind kind;
        size_t offset;
        uint64_t value;
        const char *says;
    } cases[] = {
        {SAMPLE_FULL, 0x30, 0x14C | 2ull << 32, "machine type"},
        {SAMPLE_FULL, 0x30, 0x8664, "processors"},
        {SAMPLE_FULL, 0xF98, 3, "type 3"},
        {SAMPLE_FULL, 0x88, 0, "runs"},
        {SAMPLE_FULL, 0x88, 43, "runs"},
        {SAMPLE_FULL, 0x90, 4, "pages in all"},
        {SAMPLE_FULL, 0x98, UINT64_MAX, "a run of"},
        {SAMPLE_FULL, 0xA0, UINT64_MAX >> 12, "0x1000"},
        {SAMPLE_FULL, 0xA8, 2, "twice"},
        {SAMPLE_FULL, 0x4, 0x504D5544, "32-bit"},
        {SAMPLE_BITMAP, 0x2000, 0, "no bitmap"},
        {SAMPLE_BITMAP, 0x2020, UINT64_MAX, "truncated"},
        {SAMPLE_BITMAP, 0x2028, 9, "pages in all"},
        {SAMPLE_BITMAP, 0x2030, UINT64_MAX, "does not fit"},
        {SAMPLE_RANGES, 0x2000, 0, "no list of ranges"},
        {SAMPLE_RANGES, 0x2018, UINT64_MAX, "truncated"},
        {SAMPLE_RANGES, 0x2038, 1ull << 40, "truncated"},
        {SAMPLE_LIME, 0x8, UINT64_MAX, "no header"},
        {SAMPLE_ELF, 0x10, 2, "no core"},
        {SAMPLE_ELF, 0x20, UINT64_MAX, "program headers"},
        {SAMPLE_TRIAGE, 0x2078, UINT32_MAX | 1ull << 32, "blocks"},
        {SAMPLE_TRIAGE, 0x2030, 0xFFFFFFFF00002500, "drivers"},
        {SAMPLE_TRIAGE, 0x2B08, UINT64_MAX, "truncated"},
        {SAMPLE_TRIAGE, 0x2B00, UINT64_MAX, "wraps"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample s = sample_make(cases[i].kind);
        struct dump_file *file;
        char reason[DUMP_REASON_SIZE] = "";
        memcpy(s.bytes + cases[i].offset, &cases[i].value, sizeof cases[i].value);
        int error = dump_open_bytes(s.bytes, s.size, &file, reason);
        if (error != -ENOEXEC || !strstr(reason, cases[i].says)) {
            fail_msg("case %zu: %d '%s', not '%s'", i, error, reason, cases[i].says);
        }
        free(s.bytes);
    }
}

static void test_missing_file(void **state)
{
    struct dump_file *file;
    char reason[DUMP_REASON_SIZE] = "";
    (void)state;
    assert_int_equal(dump_open("/nonexistent/x.dmp", &file, reason), -ENOENT);
    assert_string_equal(reason, "No such file or directory");
}

/* ---- writing ---- */

/* From hole to memory, in every format by physical address. */
static void test_next_physical(void **state)
{
    static const struct {
        uint64_t from, found;
    } rows[] = {{0, 0x1000},      {0x1000, 0x1000}, {0x1234, 0x1234}, {0x2FFF, 0x2FFF},
                {0x3000, 0x5000}, {0x4FFF, 0x5000}, {0x5FFF, 0x5FFF}};
    static const enum sample_kind kinds[] = {SAMPLE_FULL, SAMPLE_BITMAP, SAMPLE_RANGES, SAMPLE_LIME,
                                             SAMPLE_ELF};
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct sample s = sample_make(kinds[k]);
        struct dump_file *file;
        char reason[DUMP_REASON_SIZE];
        uint64_t found;
        assert_int_equal(dump_open_bytes(s.bytes, s.size, &file, reason), 0);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            assert_true(dump_next_physical(file, rows[i].from, &found));
            assert_true(found == rows[i].found);
        }
        assert_false(dump_next_physical(file, 0x6000, &found));
        assert_false(dump_next_physical(file, UINT64_MAX, &found));
        dump_close(file);
        free(s.bytes);
    }
}

/* The bitmap counts across groups of 512 bits, so there are pages on both sides of one. */
static bool has_page(uint64_t pfn)
{
    return pfn == 0 || pfn == 3 || (pfn >= 500 && pfn < 520) || pfn == 1200;
}

static bool read_page(void *context, uint64_t pa, void *page)
{
    (void)context;
    for (uint64_t i = 0; i < SAMPLE_PAGE; i++) {
        ((uint8_t *)page)[i] = sample_byte(pa + i);
    }
    return has_page(pa / SAMPLE_PAGE);
}

static void test_write(void **state)
{
    static const unsigned types[] = {DUMP_TYPE_FULL, DUMP_TYPE_BITMAP_FULL};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char path[] = "/tmp/ntmm-dump-XXXXXX", reason[DUMP_REASON_SIZE] = "";
        struct dump_info info = {.type = types[i],
                                 .major = 15,
                                 .build = 7601,
                                 .processors = 3,
                                 .directory_base = 0x187000,
                                 .debugger_data = 0xFFFFF80002800000,
                                 .bugcheck = 0x50,
                                 .system_time = 12345,
                                 .physical_size = 1300 * SAMPLE_PAGE,
                                 .context = {.Rip = 77},
                                 .comment = "a test"};
        const struct dump_source source = {.read_page = read_page};
        struct dump_file *file;
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(dump_write(path, &info, &source), 0);
        int error = dump_open(path, &file, reason);
        unlink(path);
        if (error) {
            fail_msg("%s", reason);
        }
        const struct dump_info *got = dump_get_info(file);
        assert_int_equal(got->type, types[i]);
        assert_int_equal(got->processors, 3);
        assert_int_equal(got->debugger_data, info.debugger_data);
        assert_int_equal(got->bugcheck, 0x50);
        assert_int_equal(got->context.Rip, 77);
        assert_int_equal(got->context.MxCsr, got->context.FltSave.MxCsr);
        assert_string_equal(got->comment, "a test");
        for (uint64_t pfn = 0; pfn < 1300; pfn++) {
            uint8_t byte;
            if (has_page(pfn)) {
                check_bytes(file, pfn * SAMPLE_PAGE, SAMPLE_PAGE);
            } else {
                assert_int_equal(dump_read_physical(file, pfn * SAMPLE_PAGE, &byte, 1), -EFAULT);
            }
        }
        dump_close(file);
    }
}

static bool every_other(void *context, uint64_t pa, void *page)
{
    (void)context;
    memset(page, 0, SAMPLE_PAGE);
    return pa / SAMPLE_PAGE % 2;
}

static void test_write_refused(void **state)
{
    const char *path = "ntmm-refused.dmp";
    struct dump_info info = {.type = DUMP_TYPE_FULL, .physical_size = 100 * SAMPLE_PAGE};
    const struct dump_source source = {.read_page = every_other};
    (void)state;
    assert_int_equal(dump_write(path, &info, &source), -E2BIG);
    assert_int_not_equal(access(path, F_OK), 0); /* nothing half done stays behind */
    info.type = DUMP_TYPE_TRIAGE;
    assert_int_equal(dump_write(path, &info, &source), -EINVAL);
    info.type = DUMP_TYPE_FULL;
    info.physical_size = SAMPLE_PAGE; /* page 0 is not there */
    assert_int_equal(dump_write(path, &info, &source), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_physical),
        cmocka_unit_test(test_physical),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_triage),
        cmocka_unit_test(test_minidump),
        cmocka_unit_test(test_minidump_bad_lists),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
