/* src/host/file.c: whole files in memory.
 *
 * They are copied, not mapped: a mapped file that someone else truncates faults in the middle of a
 * read, and one that someone else writes changes between a check and its use.
 */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Read up to `size` bytes from the start. => the number of bytes, or -1 with errno */
static ssize_t read_all(int fd, uint8_t *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, buffer + done, size - done, (off_t)done);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -1;
        if (got > 0)
            done += (size_t)got;
    }
    return (ssize_t)done;
}

NTSTATUS host_read_fd(int fd, size_t limit, struct host_file_bytes *out)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return host_status(errno);
    if (S_ISDIR(info.st_mode))
        return STATUS_FILE_IS_A_DIRECTORY;
    if (!S_ISREG(info.st_mode))
        return STATUS_INVALID_DEVICE_REQUEST;
    if ((uint64_t)info.st_size > limit)
        return STATUS_FILE_TOO_LARGE;
    *out = (struct host_file_bytes){NULL, 0};
    if (info.st_size == 0)
        return STATUS_SUCCESS;
    const size_t size = (size_t)info.st_size;
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return host_status(errno);
    ssize_t got = read_all(fd, bytes, size);
    if (got < 0) {
        NTSTATUS status = host_status(errno);
        munmap(bytes, size);
        return status;
    }
    mprotect(bytes, size, PROT_READ);
    /* A file that shrank meanwhile leaves zeroes at the end. */
    *out = (struct host_file_bytes){bytes, size};
    return STATUS_SUCCESS;
}

NTSTATUS host_read_file(const char *path, size_t limit, struct host_file_bytes *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return host_status(errno);
    NTSTATUS status = host_read_fd(fd, limit, out);
    close(fd);
    return status;
}

void host_free_bytes(struct host_file_bytes *file)
{
    if (file->bytes)
        munmap(file->bytes, file->size);
    *file = (struct host_file_bytes){NULL, 0};
}
