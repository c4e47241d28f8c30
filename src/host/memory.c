/* src/host/memory.c: memory files and address space. */
#include "host/host.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

NTSTATUS host_memory_create(const char *name, uint64_t size, int *fd)
{
    if (size > INT64_MAX)
        return STATUS_INVALID_PARAMETER;
    int file = memfd_create(name, MFD_CLOEXEC);
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

static NTSTATUS map(int fd, uint64_t offset, uint64_t size, int protection, int flags,
                    void **address)
{
    if (size == 0 || size > INT64_MAX || offset > INT64_MAX)
        return STATUS_INVALID_PARAMETER;
    void *mapped = mmap(NULL, size, protection, flags, fd, (off_t)offset);
    if (mapped == MAP_FAILED)
        return host_status(errno);
    *address = mapped;
    return STATUS_SUCCESS;
}

NTSTATUS host_memory_map(int fd, uint64_t offset, uint64_t size, void **address)
{
    return map(fd, offset, size, PROT_READ | PROT_WRITE, MAP_SHARED, address);
}

uint64_t host_memory_next_data(int fd, uint64_t offset, uint64_t size)
{
    off_t data = lseek(fd, (off_t)offset, SEEK_DATA);
    if (data >= 0)
        return (uint64_t)data;
    return errno == ENXIO ? size : offset;
}

NTSTATUS host_memory_reserve(uint64_t size, void **address)
{
    return map(-1, 0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, address);
}

NTSTATUS host_memory_allocate(uint64_t size, void **address)
{
    NTSTATUS status =
        map(-1, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, address);
    if (NT_SUCCESS(status)) {
        (void)madvise(*address, size, MADV_HUGEPAGE); /* only faster */
    }
    return status;
}

void host_memory_unmap(void *address, uint64_t size)
{
    if (address)
        munmap(address, size);
}
