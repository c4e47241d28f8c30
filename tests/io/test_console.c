/* tests/io/test_console.c: the host's standard files. */
#include "volume.h"

#include "ke/thread.h"
#include "nt/ps.h"

#include <pthread.h>

static FILE_OBJECT *standard(struct volume *v, unsigned index)
{
    uint64_t handle;
    void *object;

    assert_ok(io_open_console(v->io, &v->caller, index, &handle));
    assert_ok(ob_reference_object_by_handle(v->e->ob, &v->caller, handle, 0, NULL, &object, NULL));
    ob_dereference_object(v->e->ob, object);
    return object;
}

static ULONG device_type(struct volume *v, FILE_OBJECT *file)
{
    FILE_FS_DEVICE_INFORMATION device;
    size_t returned;

    assert_ok(io_query_volume_information_file(v->io, file, FileFsDeviceInformation, &device,
                                               sizeof(device), &returned));
    return device.DeviceType;
}

static void pipes(void **state)
{
    int in[2], out[2];
    char buffer[256];
    size_t done;

    (void)state;
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    struct volume *v = volume_create((int[]){in[0], out[1], -1});
    FILE_OBJECT *input = standard(v, 0), *output = standard(v, 1);
    uint64_t none;

    assert_status(STATUS_NO_SUCH_DEVICE, io_open_console(v->io, &v->caller, 2, &none));
    assert_int_equal(device_type(v, input), FILE_DEVICE_NAMED_PIPE);
    assert_int_equal(write(in[1], "line\n", 5), 5);
    assert_ok(io_read_file(v->io, NULL, input, buffer, sizeof(buffer), NULL, &done));
    assert_int_equal(done, 5);
    close(in[1]);
    assert_status(STATUS_PIPE_BROKEN,
                  io_read_file(v->io, NULL, input, buffer, sizeof(buffer), NULL, &done));
    assert_ok(io_write_file(v->io, NULL, output, FILE_WRITE_DATA, "hello", 5, NULL, &done));
    assert_int_equal(read(out[0], buffer, sizeof(buffer)), 5);
    close(out[0]);
    /* Nobody reads any more: a status, not a signal. */
    assert_status(STATUS_PIPE_CLOSING,
                  io_write_file(v->io, NULL, output, FILE_WRITE_DATA, "hello", 5, NULL, &done));
    volume_destroy(v);
    close(in[0]);
    close(out[1]);
}

static void redirected_files(void **state)
{
    FILE *file = tmpfile();
    int null = open("/dev/null", O_RDWR);
    char buffer[16];
    int64_t start = 0;
    size_t done;

    (void)state;
    struct volume *v = volume_create((int[]){null, fileno(file), fileno(file)});
    FILE_OBJECT *output = standard(v, 1), *error = standard(v, 2);

    assert_int_equal(device_type(v, output), FILE_DEVICE_DISK);
    assert_int_equal(device_type(v, standard(v, 0)), FILE_DEVICE_NULL);
    /* Two handles to one host file go on after each other. */
    assert_ok(io_write_file(v->io, NULL, output, FILE_WRITE_DATA, "one,", 4, NULL, &done));
    assert_ok(io_write_file(v->io, NULL, error, FILE_WRITE_DATA, "two", 3, NULL, &done));
    assert_ok(io_read_file(v->io, NULL, output, buffer, sizeof(buffer), &start, &done));
    assert_int_equal(done, 7);
    assert_memory_equal(buffer, "one,two", 7);
    volume_destroy(v);
    fclose(file);
    close(null);
}

static void null_device(void **state)
{
    struct volume *v = volume_create(NULL);
    struct opened o;
    char buffer[4];
    size_t done;

    (void)state;
    assert_ok(open_as(v, "\\\?\?\\NUL", GENERIC_READ | GENERIC_WRITE, 7, FILE_OPEN, 0, &o));
    assert_ok(io_write_file(v->io, NULL, o.file, FILE_WRITE_DATA, "gone", 4, NULL, &done));
    assert_int_equal(done, 4);
    assert_status(STATUS_END_OF_FILE, io_read_file(v->io, NULL, o.file, buffer, 4, NULL, &done));
    assert_int_equal(device_type(v, o.file), FILE_DEVICE_NULL);
    close_it(v, &o);
    volume_destroy(v);
}

struct reader {
    struct volume *v;
    FILE_OBJECT *file;
    ETHREAD *thread;
    NTSTATUS status;
};

static void *read_for_ever(void *context)
{
    struct reader *r = context;
    char byte;
    size_t done;

    r->status = io_read_file(r->v->io, &r->thread->Tcb, r->file, &byte, 1, NULL, &done);
    return NULL;
}

static void a_blocked_reader_can_be_ended(void **state)
{
    int in[2];
    pthread_t host;

    (void)state;
    assert_int_equal(pipe(in), 0);
    struct volume *v = volume_create((int[]){in[0], -1, -1});
    struct ke *ke = &v->e->machine.ke;
    struct reader r = {.v = v, .file = standard(v, 0)};

    r.thread = ex_allocate_pool(v->e->machine.mm, NonPagedPool, sizeof(*r.thread), mm_tag("Thre"));
    memset(r.thread, 0, sizeof(*r.thread));
    ke_initialize_process(ke, &v->process->Pcb, 0);
    ke_initialize_thread(ke, &r.thread->Tcb, &v->process->Pcb, 0);
    pthread_create(&host, NULL, read_for_ever, &r);
    while (__atomic_load_n(&r.thread->Tcb.State, __ATOMIC_ACQUIRE) != KE_THREAD_WAITING)
        sched_yield();
    ke_terminate_thread(ke, &r.thread->Tcb);
    pthread_join(host, NULL);
    assert_status(STATUS_THREAD_IS_TERMINATING, r.status);
    ke_exit_thread(ke, &r.thread->Tcb);
    ex_free_pool(v->e->machine.mm, r.thread);
    volume_destroy(v);
    close(in[0]);
    close(in[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipes),
        cmocka_unit_test(redirected_files),
        cmocka_unit_test(null_device),
        cmocka_unit_test(a_blocked_reader_can_be_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
