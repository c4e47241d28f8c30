/* tests/machine/test_disk.c: disks that do not give back what was on them, or take no more: the
 * program that needs such a page is told, and nobody else notices. See programs/inpage.c. */
#include "support.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define REFUSED 4 /* by programs/inpage.c */

static char folder[] = "/tmp/ntmm-disk-XXXXXX"; /* C:\work */

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void make_file(const char *name, off_t size)
{
    int fd = open(in_folder(name), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "x", 1, 0), 1);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

static void await_file(const char *name)
{
    while (access(in_folder(name), F_OK) != 0) {
        usleep(2000);
    }
}

static void remove_file(const char *name)
{
    unlink(in_folder(name));
}

/* A mapped file is cut off from outside: STATUS_IN_PAGE_ERROR, because of STATUS_END_OF_FILE. */
static void file_cut_from_outside(void **state)
{
    (void)state;
    make_file("file.bin", 1 << 20);
    ntmm_machine *machine = machine_create_in(folder, true, 2, 64 * MB, 0);
    ntmm_process *process = start(machine, PROGRAM("inpage"), "file");
    await_file("mapped");
    assert_int_equal(truncate(in_folder("file.bin"), 8192), 0);
    make_file("cut", 1);
    assert_int_equal(finish(process), (uint8_t)STATUS_END_OF_FILE);
    assert_int_equal(finish(start(machine, PROGRAM("counter"), "6")), 6);
    machine_destroy(machine);
    remove_file("file.bin");
    remove_file("mapped");
    remove_file("cut");
}

/* The disk of the paging file takes 2 MB of the 512 that it should. */
static bool mount_small_disk(const char *at)
{
    if (mkdir(at, 0700) != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return false;
    }
    return mount("tmpfs", at, "tmpfs", 0, "size=2m") == 0;
}

static void disk_of_the_paging_file_is_full(void **state)
{
    (void)state;
    char disk[160];
    snprintf(disk, sizeof disk, "%s", in_folder("disk"));
    if (!mount_small_disk(disk)) {
        rmdir(disk);
        print_message("no file systems can be mounted here\n");
        skip();
    }
    const char *before = getenv("TMPDIR");
    setenv("TMPDIR", disk, 1);
    ntmm_machine *machine = machine_create_in(folder, true, 2, 32 * MB, 512 * MB);
    ntmm_process *small = start(machine, PROGRAM("inpage"), "small");
    await_file("ready");
    /* It is told when it touches memory, or already when it commits some. */
    ntmm_status status = finish(start(machine, PROGRAM("inpage"), "memory"));
    if (status != (uint8_t)STATUS_NO_MEMORY && status != (uint8_t)STATUS_COMMITMENT_LIMIT &&
        status != REFUSED) {
        assert_int_equal((uint32_t)status >> 30, 3); /* there was no page for its handler either */
    }
    assert_int_equal(ntmm_check(machine), 0);
    /* Its memory is free again, so the next one finds as much. */
    assert_int_equal(finish(start(machine, PROGRAM("counter"), "6")), 6);
    make_file("enough", 1);
    assert_int_equal(finish(small), 0);
    machine_destroy(machine);
    if (before) {
        setenv("TMPDIR", before, 1);
    } else {
        unsetenv("TMPDIR");
    }
    assert_int_equal(umount(disk), 0);
    rmdir(disk);
    remove_file("ready");
    remove_file("enough");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_cut_from_outside),
        cmocka_unit_test(disk_of_the_paging_file_is_full),
    };
    if (!mkdtemp(folder)) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
