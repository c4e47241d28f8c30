/* A triage dump of memory that exists for this test alone, written and opened again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dump/write.h"
#include "nt/kdbg.h"
#include "sample.h"

/*      PRCB | THREAD | PROCESS | KDBG      a stretch each, and memory of sample_byte elsewhere
 *      below HOLE; nothing from HOLE on */
#define PRCB 0xFFFFF80400100000ull
#define KDBG 0xFFFFF80400200000ull
#define HOLE 0xFFFFFA8000010010ull

static size_t read_memory(void *context, uint64_t va, void *buffer, size_t size)
{
    struct _KDDEBUGGER_DATA64 kdbg = {
        .Header = {.OwnerTag = KDBG_TAG, .Size = sizeof kdbg},
        .KernBase = 0xFFFFF80400000000,
        .OffsetPrcbCurrentThread = 8,
        .OffsetKThreadApcProcess = 0xB8,
        .SizeEThread = 0x100,
        .SizeEProcess = 0x100,
    };
    const uint64_t thread = SAMPLE_THREAD, process = SAMPLE_PROCESS;
    (void)context;
    size = va >= HOLE ? 0 : va + size > HOLE ? HOLE - va : size;
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)buffer)[i] = sample_byte(va + i);
    }
    if (va == PRCB && size >= 16) {
        memcpy((char *)buffer + 8, &thread, sizeof thread);
    } else if (va == SAMPLE_THREAD && size >= 0xC0) {
        memcpy((char *)buffer + 0xB8, &process, sizeof process);
    } else if (va == KDBG && size == sizeof kdbg) {
        memcpy(buffer, &kdbg, sizeof kdbg);
    }
    return size;
}

static const struct dump_module modules[] = {
    {.base = 0xFFFFF80400000000,
     .size = 0x5E7000,
     .checksum = 0x1234,
     .timestamp = 0x4CE7951A,
     .name = "\\SystemRoot\\system32\\ntoskrnl.exe"},
    {.base = 0xFFFFF88000F00000, .size = 0x9000, .checksum = 1, .timestamp = 2},
    {.base = 0xFFFFF88000E00000, .size = 0x8000, .checksum = 3, .timestamp = 4, .name = "disk.sys"},
};

static const struct dump_block blocks[] = {
    {SAMPLE_BLOCK, 0x123},
    {SAMPLE_BLOCK + 0x100, 0x1000},
    {HOLE - 0x10, 0x20},
    {HOLE, 0x100},
};

static struct dump_triage parts(void)
{
    return (struct dump_triage){
        .prcb = {PRCB, 0x100},
        .thread = {SAMPLE_THREAD, 0x100},
        .process = {SAMPLE_PROCESS, 0x100},
        .debugger_data = {KDBG, sizeof(struct _KDDEBUGGER_DATA64)},
        .stack = {SAMPLE_STACK, 0x333},
        .modules = modules,
        .module_count = sizeof modules / sizeof modules[0],
        .blocks = blocks,
        .block_count = sizeof blocks / sizeof blocks[0],
        .read = read_memory,
    };
}

static const struct dump_info machine = {
    .major = 15,
    .build = 7601,
    .processors = 2,
    .debugger_data = KDBG,
    .bugcheck = 0x50,
    .bugcheck_parameter = {1, 2, 3, 4},
};

static struct dump_file *write_and_open(const struct dump_triage *triage)
{
    char path[] = "ntmm-triage-XXXXXX", reason[DUMP_REASON_SIZE];
    struct dump_file *file = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(dump_write_triage(path, &machine, triage), 0);
    int error = dump_open(path, &file, reason);
    unlink(path);
    if (error) {
        fail_msg("%s", reason);
    }
    return file;
}

static void check_memory(const struct dump_file *file, uint64_t va, size_t size)
{
    uint8_t bytes[0x1200];
    assert_true(size <= sizeof bytes);
    assert_int_equal(dump_read_virtual(file, va, bytes, size), size);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], sample_byte(va + i));
    }
}

static void test_everything(void **state)
{
    (void)state;
    const struct dump_triage triage = parts();
    struct dump_file *file = write_and_open(&triage);
    const struct dump_info *info = dump_get_info(file);
    uint8_t byte;
    assert_string_equal(info->format, "triage");
    assert_int_equal(info->bugcheck, 0x50);
    assert_int_equal(info->bugcheck_parameter[3], 4);
    assert_int_equal(info->thread, SAMPLE_THREAD);
    assert_int_equal(info->process, SAMPLE_PROCESS);
    assert_int_equal(info->stack_base, SAMPLE_STACK);
    check_memory(file, SAMPLE_STACK, 0x333);
    check_memory(file, SAMPLE_BLOCK, 0x1100);
    assert_int_equal(dump_read_virtual(file, SAMPLE_BLOCK + 0x1100, &byte, 1), 0);
    check_memory(file, HOLE - 0x10, 0x10);
    assert_int_equal(dump_read_virtual(file, HOLE, &byte, 1), 0);
    dump_close(file);
}

static void test_modules(void **state)
{
    (void)state;
    const struct dump_triage triage = parts();
    struct dump_file *file = write_and_open(&triage);
    struct dump_module module;
    assert_int_equal(dump_module_count(file), 3);
    assert_true(dump_get_module(file, 0, &module));
    assert_memory_equal(&module, &modules[0], sizeof module);
    assert_false(dump_get_module(file, 1, &module)); /* its name is not known */
    assert_true(dump_get_module(file, 2, &module));
    assert_string_equal(module.name, "disk.sys");
    assert_false(dump_get_module(file, 3, &module));
    dump_close(file);
}

static void test_nothing_readable(void **state)
{
    (void)state;
    struct dump_triage triage = parts();
    triage.prcb.va = triage.thread.va = triage.process.va = triage.debugger_data.va = HOLE;
    struct dump_file *file = write_and_open(&triage);
    assert_int_equal(dump_get_info(file)->thread, 0);
    assert_int_equal(dump_module_count(file), 3);
    dump_close(file);
}

static void test_refused(void **state)
{
    (void)state;
    struct dump_triage triage = parts();
    const struct dump_block huge = {SAMPLE_BLOCK, DUMP_TRIAGE_MOST};
    triage.blocks = &huge;
    triage.block_count = 1;
    assert_int_equal(dump_write_triage("ntmm-refused.dmp", &machine, &triage), -E2BIG);
    assert_int_not_equal(access("ntmm-refused.dmp", F_OK), 0);
    triage.block_count = 0;
    assert_int_equal(dump_write_triage("/nowhere/x.dmp", &machine, &triage), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_modules),
        cmocka_unit_test(test_nothing_readable),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
