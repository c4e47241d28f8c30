/* src/host/temporary.c: files without a name. They are gone when they are closed, also when the
 * process is killed. */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

/* Where the file system has no O_TMPFILE, a file that is unlinked at once. */
static int create_and_unlink(const char *folder)
{
    char path[HOST_PATH_MAX];
    size_t used = 0;

    for (; folder[used] && used < sizeof(path) - sizeof("/ntmm-XXXXXX"); used++)
        path[used] = folder[used];
    __builtin_memcpy(path + used, "/ntmm-XXXXXX", sizeof("/ntmm-XXXXXX"));
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

NTSTATUS host_temporary_create(uint64_t size, int *fd)
{
    const char *folder = getenv("TMPDIR");

    if (size > INT64_MAX)
        return STATUS_INVALID_PARAMETER;
    if (!folder || !*folder)
        folder = "/var/tmp"; /* on disk, where /tmp often is memory */
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0)
        file = create_and_unlink(folder);
    if (file < 0)
        return host_status(errno);
    if (ftruncate(file, (off_t)size) != 0) {
        NTSTATUS status = host_status(errno);
        close(file);
        return status;
    }
    *fd = file;
    return STATUS_SUCCESS;
}

/* Step over `done` bytes of parts. */
static int advance(struct iovec *parts, int count, size_t done)
{
    int i = 0;

    while (i < count && done >= parts[i].iov_len)
        done -= parts[i++].iov_len;
    if (i < count) {
        parts[i].iov_base = (char *)parts[i].iov_base + done;
        parts[i].iov_len -= done;
    }
    return i;
}

static NTSTATUS transfer(int fd, uint64_t offset, const struct iovec *parts, int count, bool write)
{
    struct iovec left[HOST_PARTS_MOST];
    int first = 0;

    if (count < 0 || count > HOST_PARTS_MOST || offset > INT64_MAX)
        return STATUS_INVALID_PARAMETER;
    for (int i = 0; i < count; i++)
        left[i] = parts[i];
    while (first < count) {
        ssize_t done = write ? pwritev(fd, left + first, count - first, (off_t)offset)
                             : preadv(fd, left + first, count - first, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return host_status(errno);
        if (done == 0)
            return write ? STATUS_DISK_FULL : STATUS_END_OF_FILE;
        offset += (uint64_t)done;
        first += advance(left + first, count - first, (size_t)done);
    }
    return STATUS_SUCCESS;
}

NTSTATUS host_read_at(int fd, uint64_t offset, const struct iovec *parts, int count)
{
    return transfer(fd, offset, parts, count, false);
}

NTSTATUS host_write_at(int fd, uint64_t offset, const struct iovec *parts, int count)
{
    return transfer(fd, offset, parts, count, true);
}
