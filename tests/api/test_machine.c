/* tests/api/test_machine.c: machines and processes come and go; options that are refused. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- several machines ---- */

static ntmm_machine *create_with(uint64_t ram, unsigned maxphyaddr)
{
    ntmm_machine *machine = NULL;
    const ntmm_options options = {.ram_size = ram,
                                  .maxphyaddr = maxphyaddr,
                                  .cpus = 1,
                                  .system_root = NTMM_GUEST_OUTPUT,
                                  .log_level = NTMM_LOG_WARNING};
    assert_ok(ntmm_machine_create(&options, &machine, NULL, 0));
    return machine;
}

/* One virtual address in four processes of two machines: four pages. */
static void machines_do_not_share(void **state)
{
    enum { MACHINES = 2, PROCESSES = 2 };
    ntmm_machine *machine[MACHINES];
    ntmm_process *process[MACHINES][PROCESSES];
    (void)state;

    for (unsigned m = 0; m < MACHINES; m++) {
        machine[m] = create_with(32 * MB, 0);
        for (unsigned p = 0; p < PROCESSES; p++) {
            char byte = (char)('a' + m * PROCESSES + p);
            process[m][p] = process_create(machine[m]);
            assert_ok(allocate(process[m][p], 0x40000000, PAGE, MEM_RESERVE | MEM_COMMIT,
                               PAGE_READWRITE));
            assert_ok(ntmm_write(process[m][p], 0x40000000, &byte, 1, NULL));
        }
    }
    for (unsigned m = 0; m < MACHINES; m++) {
        uint64_t size, physical[PROCESSES];
        for (unsigned p = 0; p < PROCESSES; p++) {
            assert_true(ntmm_translate(process[m][p], 0x40000000, &physical[p]));
            assert_int_equal(ntmm_ram(machine[m], &size)[physical[p]], 'a' + m * PROCESSES + p);
        }
        assert_int_equal(size, 32 * MB);
        assert_int_not_equal(physical[0], physical[1]);
        assert_int_not_equal(ntmm_process_id(process[m][0]), ntmm_process_id(process[m][1]));
    }
    for (unsigned m = 0; m < MACHINES; m++) {
        for (unsigned p = 0; p < PROCESSES; p++) {
            ntmm_process_release(process[m][p]);
        }
        machine_destroy(machine[m]);
    }
}

/* Physical addresses stay below what the processor has, whatever that is; machines end in another
 * order than they began. */
static void maxphyaddr_of_all_sizes(void **state)
{
    static const unsigned bits[] = {36, 40, 52};
    enum { MACHINES = sizeof bits / sizeof *bits };
    ntmm_machine *machine[MACHINES];
    (void)state;

    for (unsigned m = 0; m < MACHINES; m++) {
        machine[m] = create_with((32 + 2 * m) * MB, bits[m]);
    }
    for (unsigned m = MACHINES; m-- > 0;) {
        ntmm_process *process = process_create(machine[m]);
        uint64_t base = committed(process, 16 * PAGE, PAGE_READWRITE), physical, size;
        for (unsigned page = 0; page < 16; page++) {
            assert_ok(ntmm_touch(process, base + page * PAGE, NTMM_WRITE));
            assert_true(ntmm_translate(process, base + page * PAGE, &physical));
            (void)ntmm_ram(machine[m], &size);
            assert_true(physical < size);
        }
        ntmm_process_release(process);
        machine_destroy(machine[m]);
    }
}

/* Nothing of a machine stays behind on the host: descriptors, threads, temporary folders. */
static void nothing_stays_behind(void **state)
{
    char folder[] = "/tmp/ntmm-test-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    setenv("TMPDIR", folder, 1);
    size_t files = count_entries("/proc/self/fd"), threads = count_entries("/proc/self/task");
    for (unsigned i = 0; i < 5; i++) {
        ntmm_machine *machine = create_with(32 * MB, 0);
        assert_null(ntmm_machine_engine(machine));
        ntmm_process_release(process_create(machine));
        machine_destroy(machine);
    }
    assert_int_equal(count_entries("/proc/self/fd"), files);
    assert_int_equal(count_entries("/proc/self/task"), threads);
    unsetenv("TMPDIR");
    assert_int_equal(rmdir(folder), 0);
}

/* ---- options ---- */

static const ntmm_mount wrong_drive = {.guest = "D:\\data", .host = "/tmp"};
static const ntmm_mount no_folder = {.guest = "C:\\data", .host = "/nonexistent"};

static const struct {
    ntmm_options options;
    uint32_t status; /* 0: any failure, the host decides */
    const char *says;
} refused[] = {
    {{.ram_size = 1}, STATUS_INVALID_PARAMETER, "RAM"},
    {{.ram_size = 30 * MB}, STATUS_INVALID_PARAMETER, "RAM"},
    {{.ram_size = 33 * MB}, STATUS_INVALID_PARAMETER, "RAM"},
    {{.maxphyaddr = 35}, STATUS_INVALID_PARAMETER, "MAXPHYADDR"},
    {{.maxphyaddr = 53}, STATUS_INVALID_PARAMETER, "MAXPHYADDR"},
    {{.ram_size = 128ull << 30, .maxphyaddr = 36}, STATUS_INVALID_PARAMETER, "MAXPHYADDR"},
    {{.ram_size = UINT64_MAX - 2 * MB + 1}, STATUS_INVALID_PARAMETER, "MAXPHYADDR"},
    {{.cpus = 100000}, STATUS_INVALID_PARAMETER, "processors"},
    {{.engine = "steam"}, STATUS_NOT_SUPPORTED, "steam"},
    {{.system_root = "/nonexistent"}, STATUS_OBJECT_PATH_NOT_FOUND, "/nonexistent"},
    {{.system_root = "/proc"}, STATUS_OBJECT_NAME_NOT_FOUND, "ntoskrnl.exe"},
    {{.work = "/nonexistent"}, STATUS_OBJECT_PATH_NOT_FOUND, "/nonexistent"},
    {{.mounts = &wrong_drive, .mount_count = 1}, STATUS_INVALID_PARAMETER, "D:\\data"},
    {{.mounts = &no_folder, .mount_count = 1}, 0, "/nonexistent"},
};

/* A status and one line that names what was wrong, and nothing half made. */
static void options_are_refused(void **state)
{
    (void)state;
    size_t files = count_entries("/proc/self/fd"), threads = count_entries("/proc/self/task");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char error[256] = "";
        ntmm_machine *machine = NULL;
        ntmm_options options = refused[i].options;
        options.log_level = NTMM_LOG_ERROR;
        options.ram_size = options.ram_size ? options.ram_size : 32 * MB;
        options.system_root = options.system_root ? options.system_root : NTMM_GUEST_OUTPUT;
        ntmm_status status = ntmm_machine_create(&options, &machine, error, sizeof error);
        assert_true(status < 0);
        if (refused[i].status) {
            assert_status(refused[i].status, status);
        }
        assert_null(machine);
        assert_non_null(strstr(error, refused[i].says));
        assert_null(strchr(error, '\n'));
        assert_status(status, ntmm_machine_create(&options, &machine, NULL, 0));
    }
    assert_int_equal(count_entries("/proc/self/fd"), files);
    assert_int_equal(count_entries("/proc/self/task"), threads);
}

/* A buffer too small for the line gets as much as fits. */
static void error_lines_are_cut(void **state)
{
    char error[9] = "xxxxxxxx";
    ntmm_machine *machine = NULL;
    const ntmm_options options = {.ram_size = 1};
    (void)state;
    assert_true(ntmm_machine_create(&options, &machine, error, 4) < 0);
    assert_string_equal(error, "RAM");
    assert_string_equal(error + 4, "xxxx");
}

/* ---- processes ---- */

static ntmm_status create_program(ntmm_machine *machine, const char *path, char *error, size_t size)
{
    const ntmm_program program = {.path = path};
    ntmm_process *process = NULL;
    ntmm_status status = ntmm_process_create(machine, &program, &process, error, size);
    assert_null(process);
    return status;
}

/* Programs that cannot be had: a status, one line, and every count as it was. */
static void programs_are_refused(void **state)
{
    static const struct {
        const char *path, *says;
        uint32_t status;
    } programs[] = {
        {"/nonexistent/x.exe", "no such file", STATUS_OBJECT_NAME_NOT_FOUND},
        {"/tmp", "folder", STATUS_FILE_IS_A_DIRECTORY},
        {"/dev/null", "/dev/null", 0},
        {"/proc/self/exe", "not a Windows program", STATUS_INVALID_IMAGE_NOT_MZ},
        {NTMM_GUEST_OUTPUT "/ntdll.dll", "not a valid 64-bit", STATUS_INVALID_IMAGE_FORMAT},
    };
    (void)state;
    ntmm_machine *machine = machine_create(32 * MB, 0);
    ntmm_statistics before = settled(machine);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        char error[256] = "";
        ntmm_status status = create_program(machine, programs[i].path, error, sizeof error);
        assert_true(status < 0);
        if (programs[i].status) {
            assert_status(programs[i].status, status);
        }
        assert_non_null(strstr(error, programs[i].says));
        assert_null(strchr(error, '\n'));
        ntmm_statistics after = settled(machine);
        assert_same_counts(&before, &after);
    }
    machine_destroy(machine);
}

/* A process without threads: lives until released, can be ended before, cannot be started. */
static void process_without_threads(void **state)
{
    ntmm_status exit_status = 0;
    (void)state;
    ntmm_machine *machine = machine_create(32 * MB, 0);
    ntmm_statistics before = settled(machine);
    ntmm_process *process = process_create(machine);
    uint64_t base = committed(process, 64 * KB, PAGE_READWRITE);
    assert_ok(ntmm_touch(process, base, NTMM_WRITE));
    assert_true(ntmm_process_id(process) > 0);
    assert_int_equal(ntmm_process_id(process) % 4, 0);
    assert_status(STATUS_INVALID_PARAMETER, ntmm_process_start(process));
    assert_ok(ntmm_process_terminate(process, 42));
    assert_ok(ntmm_process_wait(process, &exit_status));
    assert_int_equal(exit_status, 42);
    assert_consistent(machine);

    /* What is left of it has no memory. */
    ntmm_region region;
    assert_status(STATUS_PROCESS_IS_TERMINATING, ntmm_query(process, base, &region));
    assert_status(STATUS_PROCESS_IS_TERMINATING,
                  allocate(process, 0, PAGE, MEM_RESERVE, PAGE_NOACCESS));
    assert_status(STATUS_ACCESS_VIOLATION, ntmm_touch(process, base, NTMM_READ));
    ntmm_process_release(process);
    ntmm_statistics after = settled(machine);
    assert_same_counts(&before, &after);
    machine_destroy(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machines_do_not_share),   cmocka_unit_test(maxphyaddr_of_all_sizes),
        cmocka_unit_test(nothing_stays_behind),    cmocka_unit_test(options_are_refused),
        cmocka_unit_test(error_lines_are_cut),     cmocka_unit_test(programs_are_refused),
        cmocka_unit_test(process_without_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
