/* tests/host/test_misc.c: clocks, memory files, whole files, errno. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"

static void test_time(void **state)
{
    (void)state;
    static const struct {
        struct timespec unix_time;
        uint64_t nt;
    } cases[] = {
        {{0, 0}, 116444736000000000ull},                 /* 1970 */
        {{-11644473600, 0}, 0},                          /* 1601 */
        {{-11644473600, 150}, 1},                        /* rounds down to 100 ns */
        {{946684800, 999999900}, 125911584009999999ull}, /* 2000, the last tick of a second */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(host_time_from_unix(cases[i].unix_time), cases[i].nt);
        struct timespec back = host_time_to_unix(cases[i].nt);
        assert_int_equal(back.tv_sec, cases[i].unix_time.tv_sec);
        assert_int_equal(back.tv_nsec, cases[i].unix_time.tv_nsec / 100 * 100);
    }
    assert_int_equal(host_time_from_unix((struct timespec){-11644473601, 0}), 0);
    assert_true(host_time_from_unix((struct timespec){INT64_MAX, 0}) <= INT64_MAX);
    assert_true(host_system_time() > 125911584000000000ull);
    uint64_t before = host_monotonic_time();
    assert_true(host_monotonic_time() >= before);
}

static void test_memory(void **state)
{
    (void)state;
    const uint64_t size = 1 << 20;
    uint8_t *first, *second, *reserved;
    int fd;
    assert_int_equal(host_memory_create("test", size, &fd), STATUS_SUCCESS);
    assert_int_equal(host_memory_map(fd, 0, size, (void **)&first), STATUS_SUCCESS);
    assert_int_equal(host_memory_map(fd, 4096, 4096, (void **)&second), STATUS_SUCCESS);
    assert_int_equal(first[4096], 0);
    second[0] = 42;
    assert_int_equal(first[4096], 42);
    assert_int_equal(host_memory_map(fd, 0, 0, (void **)&second), STATUS_INVALID_PARAMETER);
    assert_int_equal(host_memory_map(fd, 0, UINT64_MAX, (void **)&second),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(host_memory_create("test", UINT64_MAX, &fd), STATUS_INVALID_PARAMETER);
    host_memory_unmap(first, size);
    host_memory_unmap(second, 4096);
    close(fd);
    assert_int_equal(host_memory_reserve(1ull << 38, (void **)&reserved), STATUS_SUCCESS);
    host_memory_unmap(reserved, 1ull << 38);
    host_memory_unmap(NULL, 1);
}

static void test_read_file(void **state)
{
    (void)state;
    char path[] = "/tmp/ntmm-file-XXXXXX";
    struct host_file_bytes file;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(host_read_file(path, 100, &file), STATUS_SUCCESS);
    assert_int_equal(file.size, 0);
    host_free_bytes(&file);
    assert_int_equal(write(fd, "hello", 5), 5);
    assert_int_equal(host_read_file(path, 5, &file), STATUS_SUCCESS);
    assert_int_equal(file.size, 5);
    /* What happens to the file afterwards does not matter. */
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_memory_equal(file.bytes, "hello", 5);
    host_free_bytes(&file);
    assert_int_equal(pwrite(fd, "hello!", 6, 0), 6);
    assert_int_equal(host_read_file(path, 5, &file), STATUS_FILE_TOO_LARGE);
    close(fd);
    unlink(path);
    assert_int_equal(host_read_file(path, 5, &file), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(host_read_file("/tmp", 5, &file), STATUS_FILE_IS_A_DIRECTORY);
    assert_int_equal(host_read_file("/dev/zero", 5, &file), STATUS_INVALID_DEVICE_REQUEST);
}

static void test_errno(void **state)
{
    (void)state;
    assert_int_equal(host_status(ENOENT), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(host_status(EACCES), STATUS_ACCESS_DENIED);
    assert_int_equal(host_status(ENOSPC), STATUS_DISK_FULL);
    assert_int_equal(host_status(123456), STATUS_UNSUCCESSFUL);
    /* Whatever errno there is, it is no success. */
    for (int error = 1; error < 200; error++)
        assert_true(host_status(error) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_read_file),
        cmocka_unit_test(test_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
