/* src/io/section.c: the sections that files are behind.
 *
 * mm keeps one control area for a file's data and one for it as an image, found through the file's
 * SectionObjectPointer. The pages of data are read and written here, by the file's descriptor,
 * which has the same number as long as the file object lives. The bytes that the pages of an image
 * are made of are the whole file as it was when the image was made. */
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

#include "io/ioi.h"
#include "mm/mm.h"
#include "pe/pe.h"

NTSTATUS io_image_status(enum pe_status status)
{
    switch (status) {
    case PE_OK:
        return STATUS_SUCCESS;
    case PE_NOT_MZ:
        return STATUS_INVALID_IMAGE_NOT_MZ;
    case PE_NOT_PE:
        return STATUS_INVALID_IMAGE_PROTECT;
    case PE_WIN16:
        return STATUS_INVALID_IMAGE_WIN_16;
    default:
        return STATUS_INVALID_IMAGE_FORMAT;
    }
}

NTSTATUS io_create_image_section(struct io *io, FILE_OBJECT *file, SEGMENT **segment)
{
    struct pe_image image;
    const void *bytes;
    size_t size;
    NTSTATUS status = io_file_host_bytes(io, file, &bytes, &size);

    if (NT_SUCCESS(status))
        status = io_image_status(pe_open(&image, bytes, size));
    return NT_SUCCESS(status) ? mm_create_image_section(ob_mm(io->ob), &image, file, segment)
                              : status;
}

NTSTATUS io_create_data_section(struct io *io, FILE_OBJECT *file, bool writable, uint64_t *size,
                                SEGMENT **segment)
{
    struct io_open *open = io_open_of(io, file);
    struct stat stat;
    int fd;

    if (open->kind != IO_KIND_FILE || open->fcb->directory)
        return STATUS_INVALID_FILE_FOR_SECTION;
    NTSTATUS status = io_descriptor_of(io, open->fcb, writable, &fd);
    if (!NT_SUCCESS(status))
        return status;
    io_lock_size(open->fcb);
    if (fstat(fd, &stat) != 0)
        status = host_status(errno);
    uint64_t has = NT_SUCCESS(status) ? (uint64_t)stat.st_size : 0;
    if (*size == 0)
        *size = has;
    if (NT_SUCCESS(status) && *size > has)
        status = writable ? io_set_size(io, open->fcb, *size) : STATUS_SECTION_TOO_BIG;
    if (NT_SUCCESS(status))
        status = mm_create_file_section(ob_mm(io->ob), file, *size > has ? *size : has, segment);
    io_unlock_size(open->fcb);
    return status;
}

/* ---- paging I/O: what mm asks for ------------------------------------------------------------ */

/* Transfer all parts, or up to the end of the file. */
static NTSTATUS transfer(int fd, uint64_t offset, const struct iovec *parts, size_t count,
                         ssize_t (*move)(int, const struct iovec *, int, off_t), size_t *done)
{
    struct iovec left[IOV_MAX];
    size_t next = 0;

    ASSERT(count <= IOV_MAX);
    *done = 0;
    for (size_t i = 0; i < count; i++)
        left[i] = parts[i];
    while (next < count) {
        ssize_t n = move(fd, left + next, (int)(count - next), (off_t)(offset + *done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return host_status(errno);
        if (n == 0)
            break;
        *done += (size_t)n;
        for (; next < count && (size_t)n >= left[next].iov_len; next++)
            n -= (ssize_t)left[next].iov_len;
        if (next < count) {
            left[next].iov_base = (char *)left[next].iov_base + n;
            left[next].iov_len -= (size_t)n;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS io_paging_read(struct io *io, FILE_OBJECT *file, uint64_t offset,
                        const struct iovec *parts, size_t count, size_t *done)
{
    return transfer(io_open_of(io, file)->fcb->fd, offset, parts, count, preadv, done);
}

NTSTATUS io_paging_write(struct io *io, FILE_OBJECT *file, uint64_t offset,
                         const struct iovec *parts, size_t count)
{
    size_t done, wanted = 0;
    NTSTATUS status = transfer(io_open_of(io, file)->fcb->fd, offset, parts, count, pwritev, &done);

    for (size_t i = 0; i < count; i++)
        wanted += parts[i].iov_len;
    return NT_SUCCESS(status) && done < wanted ? STATUS_DISK_FULL : status;
}

NTSTATUS io_create_image_section_of(struct io *io, const WCHAR *path, size_t length,
                                    SEGMENT **segment)
{
    const struct ob_caller kernel = {.mode = KernelMode};
    const struct io_create create = {
        .attributes = {.name = path,
                       .name_length = (USHORT)(length * sizeof(WCHAR)),
                       .flags = OBJ_CASE_INSENSITIVE},
        .access = FILE_READ_DATA | FILE_EXECUTE | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        .share = FILE_SHARE_READ | FILE_SHARE_DELETE,
        .disposition = FILE_OPEN,
        .options = FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT,
    };
    FILE_OBJECT *file;

    if (length > UINT16_MAX / sizeof(WCHAR))
        return STATUS_NAME_TOO_LONG;
    NTSTATUS status = io_open_file(io, &kernel, &create, &file);
    if (!NT_SUCCESS(status))
        return status;
    status = io_create_image_section(io, file, segment);
    ob_dereference_object(io->ob, file);
    return status;
}
