/* src/mm/imagesec.c: the control area of an executable image.
 *
 *      range of the file       subsection, and its prototype PTEs
 *      headers                 subsection PTEs: read from the file at the first fault
 *      section, file data      subsection PTEs, relocated when read
 *      section, behind it      demand zero, or as above when relocations reach there
 *
 * Writable sections are write-copy, so each process that writes a page gets its own; only sections
 * that the linker marked as shared are writable for all. Shared writable pages are charged to the
 * system, the others to the processes that may come to have copies.
 *
 * All pages of a control area are made for one base address. Its pages are then the same in every
 * process that has the image there; where another base is needed, the view gets a control area of
 * its own (view.c).
 */
#include <stddef.h>
#include <string.h>

#include "mm/frames.h"
#include "mm/section.h"
#include "mm/space.h"
#include "nt/image.h"

#define SECTOR_SIZE 512u

/* What MI_SECTION_IMAGE_INFORMATION holds. Source: symbols of later builds. */
struct image_information {
    SECTION_IMAGE_INFORMATION exported;
    ULONG size_of_headers, size_of_image;
};

static unsigned range_protection(const struct pe_image *image, uint32_t index,
                                 uint32_t characteristics)
{
    static const unsigned protection[2][2][2] = {
        /* execute, write, read */
        {{MM_NOACCESS, MM_READONLY}, {MM_WRITECOPY, MM_WRITECOPY}},
        {{MM_EXECUTE, MM_EXECUTE_READ}, {MM_EXECUTE_WRITECOPY, MM_EXECUTE_WRITECOPY}}};
    unsigned made = protection[(characteristics & IMAGE_SCN_MEM_EXECUTE) != 0]
                              [(characteristics & IMAGE_SCN_MEM_WRITE) != 0]
                              [(characteristics & IMAGE_SCN_MEM_READ) != 0];

    if (index == 0 && !image->single_range)
        return MM_READONLY;
    return characteristics & IMAGE_SCN_MEM_SHARED ? mi_protection_of_copy(made) : made;
}

static bool note_relocation(void *context, uint32_t rva, unsigned type)
{
    (void)rva;
    (void)type;
    *(bool *)context = true;
    return false;
}

/* How many bytes of the range have contents: its file data, or all of it when relocations reach
 * behind them. */
static uint64_t contents_of(const struct mi_control *control, const struct pe_section *range)
{
    const struct pe_image *image = &control->image;
    bool found = false;

    if (range->raw_size < range->virtual_size)
        (void)pe_foreach_relocation(image, range->rva + range->raw_size,
                                    range->virtual_size - range->raw_size, note_relocation, &found);
    return found ? range->virtual_size : range->raw_size;
}

static void fill_subsection(struct mi_control *control, uint32_t index,
                            const struct pe_section *range, uint64_t pages, unsigned protection)
{
    struct mm *mm = control->mm;
    SUBSECTION *subsection = mi_subsection(control, index);
    uint64_t first = MI_VPN(range->rva), contents = contents_of(control, range);

    subsection->SubsectionBase.va = h2k(&mm->ke->ks, control->ptes + first);
    subsection->PtesInSubsection = (ULONG)pages;
    subsection->StartingSector = range->raw_offset / SECTOR_SIZE;
    subsection->NumberOfFullSectors = range->raw_size / SECTOR_SIZE;
    subsection->u.SubsectionFlags.SectorEndOffset = range->raw_size % SECTOR_SIZE;
    subsection->u.SubsectionFlags.Protection = protection;
    for (uint64_t i = 0; i < pages; i++) {
        mi_write_pte(&control->ptes[first + i], MI_VA(i) < contents
                                                    ? mi_subsection_pte(mm, subsection, protection)
                                                    : mi_demand_zero_pte(protection));
    }
}

static NTSTATUS fill_range(struct mi_control *control, uint32_t index)
{
    struct pe_section range;

    if (pe_range(&control->image, index, &range) != PE_OK)
        return STATUS_INVALID_IMAGE_FORMAT;
    uint64_t pages = MI_VPN((uint64_t)range.virtual_size + PAGE_SIZE - 1);
    if (range.rva % PAGE_SIZE != 0 || MI_VPN(range.rva) + pages > control->pages)
        return STATUS_INVALID_IMAGE_FORMAT;
    unsigned protection = range_protection(&control->image, index, range.characteristics);
    fill_subsection(control, index, &range, pages, protection);
    if (mi_protection_is_copy(protection))
        control->segment->u1.ImageCommitment += pages;
    if (!mi_protection_writable(protection) || mi_protection_is_copy(protection))
        return STATUS_SUCCESS;
    if (!mi_charge_commit(control->mm, pages, MI_COMMIT_USER))
        return STATUS_COMMITMENT_LIMIT;
    control->segment->NumberOfCommittedPages += pages;
    return STATUS_SUCCESS;
}

/* A relocated image says in its header where it is. Source: observed on Vista and later. */
static void patch_image_base(const struct mi_control *control, uint64_t rva, char *page)
{
    uint64_t field = control->image.headers_offset + offsetof(IMAGE_NT_HEADERS64, OptionalHeader) +
                     offsetof(IMAGE_OPTIONAL_HEADER64, ImageBase);
    const char *base = (const char *)&control->base;

    for (size_t i = 0; i < sizeof(control->base); i++) {
        if (field + i >= rva && field + i < rva + PAGE_SIZE)
            page[field + i - rva] = base[i];
    }
}

/* The range that holds a page. => false: none does */
static bool find_range(const struct mi_control *control, uint64_t rva, struct pe_section *range)
{
    for (uint32_t i = 0; pe_range(&control->image, i, range) == PE_OK; i++) {
        uint64_t end = range->rva + MI_VA(MI_VPN((uint64_t)range->virtual_size + PAGE_SIZE - 1));
        if (rva >= range->rva && rva < end)
            return true;
    }
    return false;
}

static NTSTATUS read_page(const struct mi_control *control, uint64_t index, void *page)
{
    const struct pe_image *image = &control->image;
    uint64_t rva = MI_VA(index), delta = control->base - image->base, size = 0;
    struct pe_section range;

    memset(page, 0, PAGE_SIZE);
    if (!find_range(control, rva, &range))
        return STATUS_INVALID_IMAGE_FORMAT;
    if (rva - range.rva < range.raw_size)
        size = range.raw_size - (rva - range.rva);
    if (size > PAGE_SIZE)
        size = PAGE_SIZE;
    if (size > 0 && pe_read(image, rva, page, size) != PE_OK)
        return STATUS_IN_PAGE_ERROR;
    if (delta == 0)
        return STATUS_SUCCESS;
    if (pe_relocate_range(image, delta, (uint32_t)rva, page, PAGE_SIZE) != PE_OK)
        return STATUS_IN_PAGE_ERROR;
    patch_image_base(control, rva, page);
    return STATUS_SUCCESS;
}

static NTSTATUS read_pages(struct mi_control *control, uint64_t page, const uint64_t *pfn,
                           size_t count)
{
    NTSTATUS status = STATUS_SUCCESS;

    for (size_t i = 0; NT_SUCCESS(status) && i < count; i++)
        status = read_page(control, page + i, mi_frame(control->mm, pfn[i]));
    return status;
}

static const struct mi_backing image_backing = {.read = read_pages};

/* What NtQuerySection tells. Source: SECTION_IMAGE_INFORMATION by symbols. */
static NTSTATUS describe(struct mi_control *control)
{
    struct mm *mm = control->mm;
    const struct pe_image *image = &control->image;
    const IMAGE_OPTIONAL_HEADER64 *optional = &image->optional;
    struct image_information *information =
        ex_allocate_pool(mm, PagedPool, sizeof(*information), mm_tag("MmSi"));

    if (!information)
        return STATUS_INSUFFICIENT_RESOURCES;
    memset(information, 0, sizeof(*information));
    SECTION_IMAGE_INFORMATION *exported = &information->exported;
    exported->TransferAddress.va = control->base + optional->AddressOfEntryPoint;
    exported->MaximumStackSize = optional->SizeOfStackReserve;
    exported->CommittedStackSize = optional->SizeOfStackCommit;
    exported->SubSystemType = optional->Subsystem;
    exported->SubSystemMajorVersion = optional->MajorSubsystemVersion;
    exported->SubSystemMinorVersion = optional->MinorSubsystemVersion;
    exported->ImageCharacteristics = image->file.Characteristics;
    exported->DllCharacteristics = optional->DllCharacteristics;
    exported->Machine = image->file.Machine;
    exported->ImageContainsCode = optional->SizeOfCode != 0;
    exported->LoaderFlags = optional->LoaderFlags;
    exported->CheckSum = optional->CheckSum;
    information->size_of_headers = optional->SizeOfHeaders;
    information->size_of_image = pe_size_of_image(image);
    control->segment->u2.ImageInformation.va = h2k(&mm->ke->ks, information);
    return STATUS_SUCCESS;
}

NTSTATUS mi_create_image_control(struct mm *mm, const struct pe_image *image, uint64_t base,
                                 FILE_OBJECT *file, struct mi_control **out)
{
    uint32_t ranges = pe_range_count(image);
    uint64_t pages = MI_VPN((uint64_t)pe_size_of_image(image) + PAGE_SIZE - 1);
    struct mi_control *control;

    if (pages == 0 || image->base % MM_ALLOCATION_GRANULARITY != 0)
        return STATUS_INVALID_IMAGE_FORMAT;
    NTSTATUS status = mi_control_create(mm, file, ranges, pages, &control);
    if (!NT_SUCCESS(status))
        return status;
    control->backing = &image_backing;
    control->image = *image;
    control->base = base;
    control->area->u.Flags.Image = 1;
    control->area->u.Flags.File = file != NULL;
    control->segment->BasedAddress.va = base;
    status = describe(control);
    for (uint32_t i = 0; NT_SUCCESS(status) && i < ranges; i++)
        status = fill_range(control, i);
    if (!NT_SUCCESS(status)) {
        mm_close_section(mm, control->segment);
        return status;
    }
    *out = control;
    return STATUS_SUCCESS;
}
