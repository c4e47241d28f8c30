/* src/io/console.c: the host's standard files as the guest's console.
 *
 * They may be a terminal, a pipe, or a file, and FileFsDeviceInformation tells which. A read or
 * write that would block is announced to ke, so that the thread gives its processor up and can be
 * told to end: it polls ke's event beside the descriptor. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/ioi.h"

ULONG io_console_device_type(int fd)
{
    struct stat stat;

    if (fd < 0 || fstat(fd, &stat) != 0)
        return FILE_DEVICE_NULL;
    if (S_ISREG(stat.st_mode))
        return FILE_DEVICE_DISK;
    if (S_ISFIFO(stat.st_mode) || S_ISSOCK(stat.st_mode))
        return FILE_DEVICE_NAMED_PIPE;
    return isatty(fd) ? FILE_DEVICE_CONSOLE : FILE_DEVICE_NULL;
}

static bool is_pipe(int fd)
{
    return io_console_device_type(fd) == FILE_DEVICE_NAMED_PIPE;
}

static bool is_ready(int fd, short events)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};

    return poll(&poll_fd, 1, 0) != 0;
}

/* Wait until the descriptor is ready. => STATUS_THREAD_IS_TERMINATING */
static NTSTATUS await(struct io *io, KTHREAD *thread, int fd, short events)
{
    struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = -1, .events = POLLIN}};
    struct ke_host_wait wait;
    NTSTATUS status;

    if (is_ready(fd, events))
        return STATUS_SUCCESS;
    if (thread) {
        status = ke_begin_host_wait(io->ke, thread, UserRequest, &wait);
        if (!NT_SUCCESS(status))
            return status;
        fds[1].fd = wait.event;
    }
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    return thread ? ke_end_host_wait(io->ke, &wait) : STATUS_SUCCESS;
}

/* A redirected file can be read anywhere; everything else only goes on. */
static bool is_at_offset(int fd, const int64_t *offset)
{
    return offset && *offset >= 0 && io_console_device_type(fd) == FILE_DEVICE_DISK;
}

NTSTATUS io_console_read(struct io *io, KTHREAD *thread, int fd, void *buffer, size_t size,
                         const int64_t *offset, size_t *done)
{
    for (;;) {
        NTSTATUS status = await(io, thread, fd, POLLIN);
        ssize_t n;

        if (!NT_SUCCESS(status))
            return status;
        n = is_at_offset(fd, offset) ? pread(fd, buffer, size, *offset) : read(fd, buffer, size);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return host_status(errno);
        *done = (size_t)n;
        if (n > 0 || size == 0)
            return STATUS_SUCCESS;
        if (is_pipe(fd))
            return STATUS_PIPE_BROKEN;
        /* End of file; at a terminal (Ctrl-D), an empty line's worth. */
        return io_console_device_type(fd) == FILE_DEVICE_CONSOLE ? STATUS_SUCCESS
                                                                 : STATUS_END_OF_FILE;
    }
}

/* write(), where nobody reading is an error and not a signal. */
static ssize_t write_quietly(int fd, const void *buffer, size_t size)
{
    const struct timespec now = {0};
    sigset_t pipe_signal, old, pending;
    bool was_pending;
    ssize_t n;
    int error;

    if (!is_pipe(fd))
        return write(fd, buffer, size);
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
    n = write(fd, buffer, size);
    error = errno;
    if (n < 0 && error == EPIPE && !was_pending)
        sigtimedwait(&pipe_signal, NULL, &now);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = error;
    return n;
}

NTSTATUS io_console_write(struct io *io, KTHREAD *thread, int fd, const void *buffer, size_t size,
                          const int64_t *offset, size_t *done)
{
    *done = 0;
    while (*done < size) {
        const char *from = (const char *)buffer + *done;
        NTSTATUS status = await(io, thread, fd, POLLOUT);
        ssize_t n;

        if (!NT_SUCCESS(status))
            return *done ? STATUS_SUCCESS : status;
        if (is_at_offset(fd, offset))
            n = pwrite(fd, from, size - *done, *offset + (int64_t)*done);
        else
            n = write_quietly(fd, from, size - *done);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return errno == EPIPE ? STATUS_PIPE_CLOSING : host_status(errno);
        *done += (size_t)n;
    }
    return STATUS_SUCCESS;
}
