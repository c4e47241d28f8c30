/* src/io/pipe.c: pipes: \Device\NamedPipe, what CreatePipe is made of.
 *
 * A pipe has a name, one server end (NtCreateNamedPipeFile) and one client end (NtCreateFile of the
 * name). Behind them is a pair of host sockets, so that a read or write that has to wait does as
 * the console's do (console.c). An end that is closed is shut down: what it sent can still be read,
 * then the other end reads STATUS_PIPE_BROKEN and writes STATUS_PIPE_CLOSING.
 *
 *      server io_open --> struct io_pipe { fd[0] } ====== { fd[1] } <-- client io_open
 *
 * Pipes are streams of bytes; there is one instance of a name at a time, and a closed client does
 * not make room for another. Messages, connecting again and asynchronous listening are not there.
 *
 * Lock: `volume`, for the list and all members but the descriptors, which stay until both ends are
 * gone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/ioi.h"

enum io_pipe_end { SERVER, CLIENT, ENDS };

struct io_pipe {
    struct list_node node; /* io.pipes */
    unsigned references;   /* ends that have an io_open */
    bool connected;        /* the client end was opened */
    bool closed[ENDS];
    int fd[ENDS];
    size_t chars;
    WCHAR name[];
};

static struct io_pipe *find_pipe(struct io *io, const WCHAR *name, size_t chars)
{
    list_for_each(link, &io->pipes)
    {
        struct io_pipe *pipe = list_entry(link, struct io_pipe, node);

        if (!pipe->closed[SERVER] && io_equal_names(pipe->name, pipe->chars, name, chars))
            return pipe;
    }
    return NULL;
}

static NTSTATUS make_pipe(struct io *io, const WCHAR *name, size_t chars, struct io_pipe **out)
{
    struct io_pipe *pipe = calloc(1, sizeof(*pipe) + chars * sizeof(WCHAR));

    if (!pipe)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pipe->fd) != 0) {
        free(pipe);
        return host_status(errno);
    }
    pipe->chars = chars;
    memcpy(pipe->name, name, chars * sizeof(WCHAR));
    list_insert_tail(&pipe->node, &io->pipes);
    *out = pipe;
    return STATUS_SUCCESS;
}

/* => volume lock held */
static NTSTATUS take_end(struct io *io, const struct io_create *create, const WCHAR *name,
                         size_t chars, struct io_pipe **out)
{
    struct io_pipe *pipe = find_pipe(io, name, chars);

    if (create->pipe) {
        if (pipe)
            return STATUS_INSTANCE_NOT_AVAILABLE;
        return create->disposition == FILE_OPEN ? STATUS_OBJECT_NAME_NOT_FOUND
                                                : make_pipe(io, name, chars, out);
    }
    if (!pipe)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (pipe->connected)
        return STATUS_PIPE_NOT_AVAILABLE;
    pipe->connected = true;
    *out = pipe;
    return STATUS_SUCCESS;
}

NTSTATUS io_open_pipe(struct io *io, struct io_parse_context *context, ULONG access,
                      const WCHAR *name, size_t length, FILE_OBJECT **file)
{
    const struct io_create *create = context->create;
    struct io_open *open;
    NTSTATUS status;

    if (length <= sizeof(WCHAR))
        return STATUS_NOT_SUPPORTED; /* the device and its folder of pipes */
    status = io_make_file_object(io, io->pipe_device, create, access, name, length, IO_KIND_PIPE,
                                 file, &open);
    if (!NT_SUCCESS(status))
        return status;
    io_lock_volume(io);
    status = take_end(io, create, name, length / sizeof(WCHAR), &open->pipe);
    if (NT_SUCCESS(status))
        open->pipe->references++;
    io_unlock_volume(io);
    open->pipe_end = create->pipe ? SERVER : CLIENT;
    context->information = create->pipe ? FILE_CREATED : FILE_OPENED;
    if (!NT_SUCCESS(status))
        ob_dereference_object(io->ob, *file);
    return status;
}

void io_close_pipe_end(struct io *io, struct io_open *open)
{
    struct io_pipe *pipe = open->pipe;

    io_lock_volume(io);
    if (!open->cleaned) {
        open->cleaned = true;
        pipe->closed[open->pipe_end] = true;
        (void)shutdown(pipe->fd[open->pipe_end], SHUT_RDWR);
    }
    io_unlock_volume(io);
}

void io_put_pipe(struct io *io, struct io_open *open)
{
    struct io_pipe *pipe = open->pipe;
    bool gone;

    io_lock_volume(io);
    gone = --pipe->references == 0;
    if (gone)
        list_remove(&pipe->node);
    io_unlock_volume(io);
    if (!gone)
        return;
    close(pipe->fd[SERVER]);
    close(pipe->fd[CLIENT]);
    free(pipe);
}

/* The descriptor for a transfer. => STATUS_PIPE_LISTENING: no client was there yet */
static NTSTATUS end_of(struct io *io, const struct io_open *open, int *fd)
{
    const struct io_pipe *pipe = open->pipe;
    NTSTATUS status;

    io_lock_volume(io);
    *fd = pipe->fd[open->pipe_end];
    status = pipe->connected ? STATUS_SUCCESS : STATUS_PIPE_LISTENING;
    io_unlock_volume(io);
    return status;
}

NTSTATUS io_read_pipe(struct io *io, KTHREAD *thread, struct io_open *open, void *buffer,
                      size_t size, size_t *done)
{
    int fd;
    NTSTATUS status = end_of(io, open, &fd);

    return NT_SUCCESS(status) ? io_console_read(io, thread, fd, buffer, size, NULL, done) : status;
}

NTSTATUS io_write_pipe(struct io *io, KTHREAD *thread, struct io_open *open, const void *buffer,
                       size_t size, size_t *done)
{
    int fd;
    NTSTATUS status = end_of(io, open, &fd);

    return NT_SUCCESS(status) ? io_console_write(io, thread, fd, buffer, size, NULL, done) : status;
}

NTSTATUS io_peek_pipe(struct io *io, FILE_OBJECT *file, FILE_PIPE_PEEK_BUFFER *out, size_t room,
                      size_t *copied)
{
    struct io_open *open = io_open_of(io, file);
    int fd, waiting = 0;
    char probe;
    ssize_t n;
    NTSTATUS status;

    *copied = 0;
    if (open->kind != IO_KIND_PIPE)
        return STATUS_INVALID_DEVICE_REQUEST;
    status = end_of(io, open, &fd);
    if (!NT_SUCCESS(status))
        return status;
    if (ioctl(fd, FIONREAD, &waiting) != 0)
        return host_status(errno);
    n = recv(fd, &probe, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n == 0)
        return STATUS_PIPE_BROKEN;
    if (n > 0 && room > 0)
        n = recv(fd, out->Data, room, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return host_status(errno);
    *copied = n > 0 && room > 0 ? (size_t)n : 0;
    out->NamedPipeState = FILE_PIPE_CONNECTED_STATE;
    out->ReadDataAvailable = (ULONG)waiting;
    out->NumberOfMessages = 0; /* of a stream of bytes */
    out->MessageLength = 0;
    return *copied < (size_t)waiting ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}
