/* src/mm/bootnt.c: the image of nt, which a real machine's boot loader would have put in memory.
 *
 * It goes to MM_BOOT_IMAGE_START on large pages, headers and sections as a loader maps them,
 * relocated. Its export NtmmGlobals is an array with the address of each variable of
 * include/nt/globals.h, in that order; struct ke gets host pointers to them.
 */
#include <string.h>

#include "mm/frames.h"
#include "pe/pe.h"

static NTSTATUS find_globals(struct mm *mm, const struct pe_image *image)
{
    struct ke *ke = mm->ke;
    struct pe_export table;
    uint64_t va[NT_GLOBAL_COUNT];
    void *host[NT_GLOBAL_COUNT];

    _Static_assert(sizeof(ke->nt) == sizeof(host), "struct nt_globals is an array of pointers");
    if (pe_find_export(image, "NtmmGlobals", &table) != PE_OK || table.forwarded ||
        table.rva > MM_BOOT_IMAGE_SIZE - sizeof(va))
        return STATUS_ENTRYPOINT_NOT_FOUND;
    memcpy(va, (char *)mm->nt_image + table.rva, sizeof(va));
    for (size_t i = 0; i < NT_GLOBAL_COUNT; i++) {
        uint64_t offset = va[i] - ke->nt_base;
        if (offset >= pe_size_of_image(image))
            return STATUS_INVALID_IMAGE_FORMAT;
        host[i] = (char *)mm->nt_image + offset;
    }
    memcpy(&ke->nt, host, sizeof(host));
    return STATUS_SUCCESS;
}

NTSTATUS mi_boot_nt(struct mm *mm, const void *bytes, size_t size)
{
    struct pe_image image;
    struct pe_section range;

    if (pe_open(&image, bytes, size) != PE_OK || pe_size_of_image(&image) > MM_BOOT_IMAGE_SIZE)
        return STATUS_INVALID_IMAGE_FORMAT;
    for (uint32_t i = 0; i < pe_range_count(&image); i++) {
        if (pe_range(&image, i, &range) != PE_OK ||
            (uint64_t)range.rva + range.raw_size > MM_BOOT_IMAGE_SIZE)
            return STATUS_INVALID_IMAGE_FORMAT;
        if (range.raw_size &&
            pe_read(&image, range.rva, (char *)mm->nt_image + range.rva, range.raw_size) != PE_OK)
            return STATUS_INVALID_IMAGE_FORMAT;
    }
    mm->ke->nt_base = MM_BOOT_IMAGE_START;
    uint64_t delta = MM_BOOT_IMAGE_START - image.base;
    if (delta != 0 && pe_relocate(&image, mm->nt_image, pe_size_of_image(&image), delta) != PE_OK)
        return STATUS_INVALID_IMAGE_FORMAT;
    return find_globals(mm, &image);
}
