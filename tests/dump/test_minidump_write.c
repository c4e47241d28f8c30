/* A minidump of a process that exists for this test alone, written and opened again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dump/minidump_layout.h"
#include "dump/write.h"
#include "sample.h"

/*      CODE        STACK
 *      0x200       0x333                    memory is sample_byte */
#define CODE 0x140001F80ull
#define STACK 0x22FDE0ull
#define FOUR_GB (4ull << 30)

static size_t readable; /* bytes until reading fails */

static size_t read_memory(void *context, uint64_t va, void *buffer, size_t size)
{
    (void)context;
    size = size < readable ? size : readable;
    readable -= size;
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)buffer)[i] = sample_byte(va + i);
    }
    return size;
}

static bool stop(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    return done == 0 && all != 0;
}

static const struct dump_block blocks[] = {{STACK, 0x333}, {CODE, 0x200}};

static const struct dump_minidump_thread threads[] = {
    {.thread = {.id = 0x10, .suspended = 1, .teb = 0x7FFFFFDD000},
     .exit_status = 0x103,
     .create_time = 5},
    {.thread = {.id = 0x14,
                .teb = 0x7FFFFFDB000,
                .has_context = true,
                .context = {.Rip = CODE + 0x80, .Rsp = STACK}},
     .stack = {STACK, 0x333},
     .start_address = CODE},
};

static const struct dump_module modules[] = {
    {.base = 0x140000000,
     .size = 0x21000,
     .checksum = 0x1234,
     .timestamp = 0x4CE7951A,
     .name = "C:\\work\\a.exe",
     .has_debug_record = true,
     .guid = {1, 2, 3},
     .age = 7,
     .pdb = "a.pdb"},
    {.base = 0x77880000, .size = 0x24000, .name = "C:\\Windows\\System32\\ntdll.dll"},
};

static const struct dump_region regions[] = {
    {.base = 0, .size = 0x10000, .state = 0x10000, .protect = 1},
    {.base = 0x10000, .allocation_base = 0x10000, .size = 0x1000, .state = 0x1000, .protect = 4},
};

static const struct dump_handle handles[] = {
    {.handle = 4, .access = 0x120089, .handles = 1, .pointers = 2, .type = "File", .name = "\\x"},
    {.handle = 8, .type = "Event"},
};

static struct dump_minidump parts(bool full)
{
    readable = SIZE_MAX;
    return (struct dump_minidump){
        .threads = threads,
        .thread_count = sizeof threads / sizeof threads[0],
        .modules = modules,
        .module_count = sizeof modules / sizeof modules[0],
        .regions = regions,
        .region_count = sizeof regions / sizeof regions[0],
        .handles = handles,
        .handle_count = sizeof handles / sizeof handles[0],
        .blocks = blocks,
        .block_count = sizeof blocks / sizeof blocks[0],
        .full = full,
        .with_thread_times = true,
        .service_pack = "Service Pack 1",
        .read = read_memory,
    };
}

static struct dump_info what_happened(void)
{
    return (struct dump_info){
        .major = 6,
        .minor = 1,
        .build = 7601,
        .processors = 3,
        .process_id = 0x1A4,
        .time_stamp = 0x60000000,
        .has_exception = true,
        .exception_thread = 1,
        .exception = {.ExceptionCode = 0xC0000005, .ExceptionAddress = CODE + 0x80},
    };
}

static char path[] = "/tmp/ntmm-minidump-XXXXXX";

static int write_dump(const struct dump_info *info, const struct dump_minidump *minidump)
{
    return dump_write_minidump(path, info, minidump);
}

static struct dump_file *open_dump(void)
{
    struct dump_file *file;
    char reason[DUMP_REASON_SIZE] = "";
    if (dump_open(path, &file, reason) != 0) {
        fail_msg("%s", reason);
    }
    return file;
}

static void check_memory(const struct dump_file *file)
{
    uint8_t bytes[0x400];
    for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++) {
        assert_int_equal(dump_read_virtual(file, blocks[b].va, bytes, sizeof bytes),
                         blocks[b].size);
        for (size_t i = 0; i < blocks[b].size; i++) {
            assert_int_equal(bytes[i], sample_byte(blocks[b].va + i));
        }
    }
    uint64_t found;
    assert_true(dump_next_virtual(file, STACK + 0x333, &found));
    assert_true(found == CODE);
    assert_false(dump_next_virtual(file, CODE + 0x200, &found));
}

static void check_lists(const struct dump_file *file)
{
    const struct dump_info *info = dump_get_info(file);
    struct dump_thread thread;
    struct dump_module module;
    assert_int_equal(info->threads, 2);
    assert_true(dump_get_thread(file, 0, &thread));
    assert_int_equal(thread.id, 0x10);
    assert_int_equal(thread.suspended, 1);
    assert_false(thread.has_context);
    assert_true(dump_get_thread(file, 1, &thread));
    assert_true(thread.teb == 0x7FFFFFDB000 && thread.has_context);
    assert_true(thread.context.Rip == CODE + 0x80 && thread.context.Rsp == STACK);
    assert_int_equal(dump_module_count(file), 2);
    assert_true(dump_get_module(file, 0, &module));
    assert_memory_equal(&module, &modules[0], sizeof module);
    assert_true(dump_get_module(file, 1, &module));
    assert_string_equal(module.name, modules[1].name);
    assert_false(module.has_debug_record);
    struct dump_region region;
    struct dump_handle handle;
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        assert_true(dump_get_region(file, i, &region));
        assert_memory_equal(&region, &regions[i], sizeof region);
    }
    assert_false(dump_get_region(file, sizeof regions / sizeof regions[0], &region));
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        assert_true(dump_get_handle(file, i, &handle));
        assert_memory_equal(&handle, &handles[i], sizeof handle);
    }
    assert_false(dump_get_handle(file, sizeof handles / sizeof handles[0], &handle));
}

static void check_kind(bool full)
{
    struct dump_info info = what_happened();
    struct dump_minidump minidump = parts(full);
    assert_int_equal(write_dump(&info, &minidump), 0);
    struct dump_file *file = open_dump();
    const struct dump_info *read = dump_get_info(file);
    assert_true(read->one_process && read->virtual_only && read->has_exception);
    assert_int_equal(read->major, 6);
    assert_int_equal(read->build, 7601);
    assert_int_equal(read->processors, 3);
    assert_int_equal(read->process_id, 0x1A4);
    assert_int_equal(read->time_stamp, 0x60000000);
    assert_int_equal(read->exception_thread, 1);
    assert_int_equal(read->exception.ExceptionCode, 0xC0000005);
    check_lists(file);
    check_memory(file);
    dump_close(file);
}

static void test_all_memory(void **state)
{
    (void)state;
    check_kind(true);
}

static void test_some_memory(void **state)
{
    (void)state;
    check_kind(false);
}

static void test_no_exception(void **state)
{
    (void)state;
    struct dump_info info = what_happened();
    struct dump_minidump minidump = parts(false);
    info.has_exception = false;
    assert_int_equal(write_dump(&info, &minidump), 0);
    struct dump_file *file = open_dump();
    assert_false(dump_get_info(file)->has_exception);
    dump_close(file);
}

/* What cannot be completed leaves no file behind. */
static void test_failures(void **state)
{
    (void)state;
    const struct dump_block large[] = {{0x10000, FOUR_GB}};
    struct dump_info info = what_happened();
    struct dump_minidump minidump = parts(false);
    minidump.blocks = large;
    minidump.block_count = 1;
    assert_int_equal(write_dump(&info, &minidump), -E2BIG);
    minidump = parts(true);
    readable = 0x400; /* the second block ends early */
    assert_int_equal(write_dump(&info, &minidump), -EFAULT);
    assert_int_not_equal(access(path, F_OK), 0);
    minidump = parts(true);
    minidump.go_on = stop;
    assert_int_equal(write_dump(&info, &minidump), -EINTR);
    assert_int_not_equal(access(path, F_OK), 0);
    minidump = parts(true);
    assert_int_equal(dump_write_minidump("/nowhere/x.dmp", &info, &minidump), -ENOENT);
}

/* A device that is full stays where it is. */
static void test_device(void **state)
{
    (void)state;
    struct dump_info info = what_happened();
    struct dump_minidump minidump = parts(true);
    struct stat status;
    unlink(path);
    assert_int_equal(symlink("/dev/full", path), 0);
    assert_int_equal(write_dump(&info, &minidump), -EIO);
    assert_int_equal(lstat(path, &status), 0);
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_memory),   cmocka_unit_test(test_some_memory),
        cmocka_unit_test(test_no_exception), cmocka_unit_test(test_failures),
        cmocka_unit_test(test_device),
    };
    int file = mkstemp(path);
    if (file < 0) {
        perror(path);
        return 1;
    }
    close(file);
    return cmocka_run_group_tests(tests, NULL, remove_file);
}
