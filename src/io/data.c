/* src/io/data.c: reading and writing files, and whole files for sections.
 *
 *      NtReadFile, NtWriteFile --> cached pages, where the file has a section that covers them
 *                              \-> the host's file, for the rest
 *
 * A section's pages are the newest there is of a file, so transfers go through them while there is
 * one. That there is none must stay so while the host's file is read or written directly: hence
 * io_fcb.size_lock, which section creation takes exclusively, as does all that changes the size.
 *
 * A synchronous file object has a position (CurrentByteOffset) and serves one transfer at a time,
 * so that threads that share a handle do not write over each other: io_open.transfer is held
 * meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
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

NTSTATUS io_descriptor_of(struct io *io, struct io_fcb *fcb, bool writing, int *fd)
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

static NTSTATUS read_locked(struct io *io, struct io_fcb *fcb, void *buffer, size_t size,
                            int64_t at, size_t *done)
{
    size_t more = 0;

    ex_acquire_push_lock_shared(&fcb->size_lock, KE_RANK_FILE_SIZE);
    NTSTATUS status =
        mm_copy_file(ob_mm(io->ob), fcb->sections, (uint64_t)at, buffer, size, false, done);
    if (NT_SUCCESS(status) && (*done < size || size == 0)) {
        status =
            read_all(fcb->fd, (char *)buffer + *done, size - *done, at + (int64_t)*done, &more);
        *done += more;
        if (*done > 0)
            status = STATUS_SUCCESS;
    }
    ex_release_push_lock_shared(&fcb->size_lock, KE_RANK_FILE_SIZE);
    return status;
}

/* The security driver gives random bytes to whoever reads it. */
static NTSTATUS read_random(char *buffer, size_t size, size_t *done)
{
    while (*done < size) {
        ssize_t n = getrandom(buffer + *done, size - *done, 0);

        if (n < 0 && errno != EINTR)
            return host_status(errno);
        *done += n > 0 ? (size_t)n : 0;
    }
    return STATUS_SUCCESS;
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
    if (open->kind == IO_KIND_RANDOM)
        return read_random(buffer, size, done);
    if (open->kind == IO_KIND_PIPE)
        return io_read_pipe(io, thread, open, buffer, size, done);
    begin_transfer(file, open);
    status = io_descriptor_of(io, open->fcb, false, &fd);
    if (NT_SUCCESS(status))
        status = transfer_offset(file, offset, &at);
    if (NT_SUCCESS(status))
        status = read_locked(io, open->fcb, buffer, size, at, done);
    if (NT_SUCCESS(status) && io_is_synchronous(file))
        set_position(file, at + (int64_t)*done);
    end_transfer(file, open);
    return status;
}

/* Zeroes in front of what is written behind the end need space as well, so that a page that is
 * mapped can be written back. A host that cannot promise space makes a hole. */
static NTSTATUS grow(int fd, uint64_t from, uint64_t to)
{
    int error = fallocate(fd, 0, (off_t)from, (off_t)(to - from)) == 0 ? 0 : errno;

    if (error == EOPNOTSUPP)
        error = ftruncate(fd, (off_t)to) == 0 ? 0 : errno;
    return error == 0 ? STATUS_SUCCESS : error == EFBIG ? STATUS_DISK_FULL : host_status(error);
}

NTSTATUS io_set_size(struct io *io, struct io_fcb *fcb, uint64_t size)
{
    struct mm *mm = ob_mm(io->ob);
    int fd = fcb->fd;
    struct stat stat;
    NTSTATUS status;

    if (fstat(fd, &stat) != 0)
        return host_status(errno);
    uint64_t before = (uint64_t)stat.st_size;
    if (size > INT64_MAX)
        return STATUS_INVALID_PARAMETER;
    if (size >= before) {
        status = size > before ? grow(fd, before, size) : STATUS_SUCCESS;
        if (NT_SUCCESS(status))
            mm_set_file_size(mm, fcb->sections, size);
        else
            (void)!ftruncate(fd, stat.st_size); /* what there was room for */
        return status;
    }
    if (!mm_can_file_be_truncated(mm, fcb->sections, size))
        return STATUS_USER_MAPPED_FILE;
    mm_set_file_size(mm, fcb->sections, size);
    return ftruncate(fd, (off_t)size) == 0 ? STATUS_SUCCESS : host_status(errno);
}

/* What a transfer cannot have from cached pages it has from the host. => size_lock held */
static NTSTATUS write_through(struct io *io, struct io_fcb *fcb, const void *buffer, size_t size,
                              int64_t at, size_t *done)
{
    size_t more = 0;
    NTSTATUS status =
        mm_copy_file(ob_mm(io->ob), fcb->sections, (uint64_t)at, (void *)buffer, size, true, done);

    if (!NT_SUCCESS(status) || *done == size)
        return status;
    status =
        write_all(fcb->fd, (const char *)buffer + *done, size - *done, at + (int64_t)*done, &more);
    *done += more;
    return *done > 0 ? STATUS_SUCCESS : status;
}

/* A file with a section grows before it is written, so that its pages can be; another grows with
 * the write. => size_lock held exclusively */
static NTSTATUS write_behind_end(struct io *io, struct io_fcb *fcb, const void *buffer, size_t size,
                                 int64_t at, size_t *done)
{
    if (fcb->sections->DataSectionObject.va) {
        NTSTATUS status = io_set_size(io, fcb, (uint64_t)at + size);
        if (!NT_SUCCESS(status))
            return status;
    }
    return write_through(io, fcb, buffer, size, at, done);
}

/* Write at `at`, or at the end as it is then; two appenders must not meet there. */
static NTSTATUS write_locked(struct io *io, struct io_fcb *fcb, const void *buffer, size_t size,
                             bool to_end, int64_t *at, size_t *done)
{
    NTSTATUS status = STATUS_SUCCESS;
    struct stat stat = {.st_size = 0};
    bool within = false;

    if (size > INT64_MAX - (size_t)(to_end ? 0 : *at))
        return STATUS_INVALID_PARAMETER;
    if (!to_end) {
        ex_acquire_push_lock_shared(&fcb->size_lock, KE_RANK_FILE_SIZE);
        within = fstat(fcb->fd, &stat) == 0 && *at + (int64_t)size <= stat.st_size;
        if (within)
            status = write_through(io, fcb, buffer, size, *at, done);
        ex_release_push_lock_shared(&fcb->size_lock, KE_RANK_FILE_SIZE);
    }
    if (within)
        return status;
    io_lock_size(fcb);
    if (fstat(fcb->fd, &stat) != 0)
        status = host_status(errno);
    if (to_end)
        *at = stat.st_size;
    if (NT_SUCCESS(status))
        status = *at + (int64_t)size > stat.st_size
                     ? write_behind_end(io, fcb, buffer, size, *at, done)
                     : write_through(io, fcb, buffer, size, *at, done);
    io_unlock_size(fcb);
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
    if (open->kind == IO_KIND_RANDOM)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (open->kind == IO_KIND_PIPE)
        return io_write_pipe(io, thread, open, buffer, size, done);
    begin_transfer(file, open);
    status = io_descriptor_of(io, open->fcb, true, &fd);
    if (NT_SUCCESS(status) && !to_end)
        status = transfer_offset(file, offset, &at);
    if (NT_SUCCESS(status))
        status = write_locked(io, open->fcb, buffer, size, to_end, &at, done);
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
    NTSTATUS status = mm_flush_file(ob_mm(io->ob), open->fcb->sections);
    if (!NT_SUCCESS(status))
        return status;
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
