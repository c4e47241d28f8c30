/* src/io/section.c: the sections that files are behind.
 *
 * mm keeps one control area per image file, found through the file's SectionObjectPointer; the
 * bytes that its pages are made of are the whole file, which stays while the file object lives. */
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
