/* src/io/data.c: reading and writing files, and whole files for sections.
 *
 * A synchronous file object has a position (CurrentByteOffset) and serves one transfer at a time,
 * so that threads that share a handle do not write over each other: io_open.transfer is held
 * meanwhile. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/ioi.h"

enum { WRITE_RIGHTS = FILE_WRITE_DATA | FILE_APPEND_DATA };

static int64_t position_of(const FILE_OBJECT *file)
{
    return __atomic_load_n(&file->CurrentByteOffset.QuadPart, __ATOMIC_RELAXED);
}

static void set_position(FILE_OBJECT *file, int64_t position)
{
    __atomic_store_n(&file->CurrentByteOffset.QuadPart, position, __ATOMIC_RELAXED);
}

/* Where a transfer begins. => STATUS_INVALID_PARAMETER */
static NTSTATUS transfer_offset(const FILE_OBJECT *file, const int64_t *offset, int64_t *at)
{
    bool current = !offset || *offset == FILE_USE_FILE_POINTER_POSITION;

    if (current && !io_is_synchronous(file))
        return STATUS_INVALID_PARAMETER;
    *at = current ? position_of(file) : *offset;
    return *at < 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

/* ---- regular files ---- */

static NTSTATUS read_all(int fd, void *buffer, size_t size, int64_t at, size_t *done)
{
    *done = 0;
    while (*done < size) {
        ssize_t n = pread(fd, (char *)buffer + *done, size - *done, at + (int64_t)*done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return *done ? STATUS_SUCCESS : host_status(errno);
        if (n == 0)
            break;
        *done += (size_t)n;
    }
    return *done == 0 && size > 0 ? STATUS_END_OF_FILE : STATUS_SUCCESS;
}

static NTSTATUS write_all(int fd, const void *buffer, size_t size, int64_t at, size_t *done)
{
    *done = 0;
    while (*done < size) {
        ssize_t n = pwrite(fd, (const char *)buffer + *done, size - *done, at + (int64_t)*done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return *done ? STATUS_SUCCESS : host_status(errno);
        *done += (size_t)n;
    }
    return STATUS_SUCCESS;
}

/* The descriptor, opened now if the create did not need one. */
static NTSTATUS descriptor_of(struct io *io, struct io_fcb *fcb, bool writing, int *fd)
{
    NTSTATUS status;

    if (fcb->directory)
        return STATUS_INVALID_DEVICE_REQUEST;
    io_lock_volume(io);
    status = io_fcb_open(io, fcb, writing);
    *fd = fcb->fd;
    io_unlock_volume(io);
    return status;
}

/* One transfer at a time through a synchronous file object. */
static void begin_transfer(const FILE_OBJECT *file, struct io_open *open)
{
    if (io_is_synchronous(file))
        ex_acquire_push_lock_exclusive(&open->transfer, KE_RANK_FILE);
}

static void end_transfer(const FILE_OBJECT *file, struct io_open *open)
{
    if (io_is_synchronous(file))
        ex_release_push_lock_exclusive(&open->transfer, KE_RANK_FILE);
}

NTSTATUS io_read_file(struct io *io, KTHREAD *thread, FILE_OBJECT *file, void *buffer, size_t size,
                      const int64_t *offset, size_t *done)
{
    struct io_open *open = io_open_of(io, file);
    int64_t at;
    int fd;
    NTSTATUS status;

    *done = 0;
    if (open->kind == IO_KIND_CONSOLE)
        return io_console_read(io, thread, io->console[open->console], buffer, size, offset, done);
    if (open->kind == IO_KIND_NULL)
        return STATUS_END_OF_FILE;
    begin_transfer(file, open);
    status = descriptor_of(io, open->fcb, false, &fd);
    if (NT_SUCCESS(status))
        status = transfer_offset(file, offset, &at);
    if (NT_SUCCESS(status))
        status = read_all(fd, buffer, size, at, done);
    if (NT_SUCCESS(status) && io_is_synchronous(file))
        set_position(file, at + (int64_t)*done);
    end_transfer(file, open);
    return status;
}

/* Write at the end as it is then; two appenders must not meet there. */
static NTSTATUS append(struct io *io, int fd, const void *buffer, size_t size, int64_t *at,
                       size_t *done)
{
    NTSTATUS status;
    struct stat stat;

    io_lock_volume(io);
    if (fstat(fd, &stat) != 0) {
        status = host_status(errno);
    } else {
        *at = stat.st_size;
        status = write_all(fd, buffer, size, *at, done);
    }
    io_unlock_volume(io);
    return status;
}

NTSTATUS io_write_file(struct io *io, KTHREAD *thread, FILE_OBJECT *file, ULONG granted,
                       const void *buffer, size_t size, const int64_t *offset, size_t *done)
{
    struct io_open *open = io_open_of(io, file);
    bool to_end = (offset && *offset == FILE_WRITE_TO_END_OF_FILE) ||
                  (granted & WRITE_RIGHTS) == FILE_APPEND_DATA;
    int64_t at = 0;
    int fd;
    NTSTATUS status;

    *done = 0;
    if (open->kind == IO_KIND_CONSOLE)
        return io_console_write(io, thread, io->console[open->console], buffer, size, offset, done);
    if (open->kind == IO_KIND_NULL) {
        *done = size;
        return STATUS_SUCCESS;
    }
    begin_transfer(file, open);
    status = descriptor_of(io, open->fcb, true, &fd);
    if (NT_SUCCESS(status) && to_end)
        status = append(io, fd, buffer, size, &at, done);
    else if (NT_SUCCESS(status) && NT_SUCCESS(status = transfer_offset(file, offset, &at)))
        status = write_all(fd, buffer, size, at, done);
    if (NT_SUCCESS(status)) {
        __atomic_or_fetch(&file->Flags, FO_FILE_MODIFIED, __ATOMIC_RELAXED);
        if (io_is_synchronous(file))
            set_position(file, at + (int64_t)*done);
    }
    end_transfer(file, open);
    return status;
}

NTSTATUS io_flush_buffers_file(struct io *io, FILE_OBJECT *file)
{
    struct io_open *open = io_open_of(io, file);

    if (open->kind != IO_KIND_FILE || open->fcb->fd < 0 || !open->fcb->writable)
        return STATUS_SUCCESS;
    /* What is in the overlay does not outlive us anyway. */
    if (open->fcb->where.layer == IO_LAYER_UPPER)
        return STATUS_SUCCESS;
    return fdatasync(open->fcb->fd) == 0 ? STATUS_SUCCESS : host_status(errno);
}

/* ---- whole files ---- */

NTSTATUS io_file_size(struct io *io, FILE_OBJECT *file, uint64_t *size)
{
    struct io_open *open = io_open_of(io, file);
    struct stat stat;
    NTSTATUS status;

    if (open->kind != IO_KIND_FILE || open->fcb->directory)
        return STATUS_INVALID_FILE_FOR_SECTION;
    io_lock_volume(io);
    status = io_fcb_stat(io, open->fcb, &stat);
    io_unlock_volume(io);
    if (NT_SUCCESS(status))
        *size = (uint64_t)stat.st_size;
    return status;
}

NTSTATUS io_file_read_at(struct io *io, FILE_OBJECT *file, void *buffer, size_t size,
                         uint64_t offset, size_t *done)
{
    struct io_open *open = io_open_of(io, file);
    int fd;
    NTSTATUS status;

    *done = 0;
    if (open->kind != IO_KIND_FILE || offset > INT64_MAX)
        return STATUS_INVALID_FILE_FOR_SECTION;
    status = descriptor_of(io, open->fcb, false, &fd);
    return NT_SUCCESS(status) ? read_all(fd, buffer, size, (int64_t)offset, done) : status;
}

/* A base that nobody is expected to change is mapped; all else is copied, since a mapped file that
 * shrinks under us would fault. => volume lock held */
static NTSTATUS take_bytes(struct io_fcb *fcb)
{
    struct host_file_bytes copy;
    struct stat stat;
    NTSTATUS status;

    if (fcb->bytes)
        return STATUS_SUCCESS;
    if (fstat(fcb->fd, &stat) != 0)
        return host_status(errno);
    if (stat.st_size > 0 && fcb->where.mount->mode == IO_MOUNT_READ_ONLY) {
        void *map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fcb->fd, 0);

        if (map != MAP_FAILED) {
            fcb->bytes = map;
            fcb->bytes_size = (size_t)stat.st_size;
            return STATUS_SUCCESS;
        }
    }
    status = host_read_fd(fcb->fd, SIZE_MAX, &copy);
    if (!NT_SUCCESS(status))
        return status;
    fcb->bytes = copy.bytes;
    fcb->bytes_size = copy.size;
    return STATUS_SUCCESS;
}

NTSTATUS io_file_host_bytes(struct io *io, FILE_OBJECT *file, const void **bytes, size_t *size)
{
    struct io_open *open = io_open_of(io, file);
    NTSTATUS status;

    if (open->kind != IO_KIND_FILE || open->fcb->directory)
        return STATUS_INVALID_FILE_FOR_SECTION;
    io_lock_volume(io);
    status = io_fcb_open(io, open->fcb, false);
    if (NT_SUCCESS(status))
        status = take_bytes(open->fcb);
    *bytes = open->fcb->bytes;
    *size = open->fcb->bytes_size;
    io_unlock_volume(io);
    return status;
}
