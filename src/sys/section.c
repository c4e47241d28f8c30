/* src/sys/section.c: section objects over image files.
 *
 * A section object leads, as on Windows, over its SEGMENT and CONTROL_AREA to the FILE_OBJECT that
 * backs it; views are made by mm_map_image. Sections of data are not there yet.
 *
 *      SECTION_OBJECT.Segment -> SEGMENT.ControlArea -> CONTROL_AREA.FilePointer -> FILE_OBJECT
 */
#include <string.h>

#include "io/io.h"
#include "ke/list.h"
#include "mm/mm.h"
#include "nt/info.h"
#include "pe/pe.h"
#include "sys/sys.h"

#define SEC_FILE 0x00800000u
#define SEC_IMAGE 0x01000000u
#define FAST_REF_MASK 0xFull

static const struct ob_type_ops section_type = {
    .name = "Section",
    .body_size = sizeof(SECTION_OBJECT),
    .mapping = {READ_CONTROL | SECTION_QUERY | SECTION_MAP_READ, READ_CONTROL | SECTION_MAP_WRITE,
                READ_CONTROL | SECTION_MAP_EXECUTE, SECTION_ALL_ACCESS},
    .valid_access = SECTION_ALL_ACCESS,
    .wait_offset = -1,
};

static SEGMENT *segment_of(struct sys *sys, const SECTION_OBJECT *section)
{
    return section->Segment.va ? kspace_host(&sys->ke->ks, section->Segment.va) : NULL;
}

static FILE_OBJECT *file_of(struct sys *sys, const SECTION_OBJECT *section)
{
    const SEGMENT *segment = segment_of(sys, section);
    const CONTROL_AREA *area = k2h(&sys->ke->ks, segment->ControlArea);
    return kspace_host(&sys->ke->ks, area->FilePointer.Value & ~FAST_REF_MASK);
}

static void delete_section(struct ob *ob, void *object)
{
    struct sys *sys = ob_type_ops_of(ob, ob_object_type(ob, object))->owner;
    SEGMENT *segment = segment_of(sys, object);
    if (segment) {
        FILE_OBJECT *file = file_of(sys, object);
        ex_free_pool(sys->mm, k2h(&sys->ke->ks, segment->ControlArea));
        ex_free_pool(sys->mm, segment);
        ob_dereference_object(ob, file);
    }
}

NTSTATUS sys_create_section_type(struct sys *sys)
{
    sys->section_ops = section_type;
    sys->section_ops.delete = delete_section;
    sys->section_ops.owner = sys;
    NTSTATUS status = ob_create_type(sys->ob, &sys->section_ops, &sys->section_type);
    if (NT_SUCCESS(status)) {
        sys->ke->nt.MmSectionObjectType->va = h2k(&sys->ke->ks, sys->section_type);
    }
    return status;
}

/* Segment and control area for a file; takes over the reference to it on success. */
static NTSTATUS attach_file(struct sys *sys, SECTION_OBJECT *section, FILE_OBJECT *file,
                            const struct pe_image *image)
{
    const struct kspace *ks = &sys->ke->ks;
    SEGMENT *segment = ex_allocate_pool(sys->mm, PagedPool, sizeof *segment, mm_tag("MmSt"));
    CONTROL_AREA *area = ex_allocate_pool(sys->mm, NonPagedPool, sizeof *area, mm_tag("MmCa"));
    if (!segment || !area) {
        if (segment) {
            ex_free_pool(sys->mm, segment);
        }
        if (area) {
            ex_free_pool(sys->mm, area);
        }
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(segment, 0, sizeof *segment);
    memset(area, 0, sizeof *area);
    segment->ControlArea.va = h2k(ks, area);
    segment->SizeOfSegment = pe_size_of_image(image);
    segment->TotalNumberOfPtes = (ULONG)(segment->SizeOfSegment / PAGE_SIZE);
    segment->BasedAddress.va = image->optional.ImageBase;
    area->Segment.va = h2k(ks, segment);
    area->NumberOfSectionReferences = area->NumberOfUserReferences = 1;
    area->u.Flags.Image = 1;
    area->u.Flags.File = 1;
    area->FilePointer.Value = h2k(ks, file);
    ke_list_init(ks, &area->DereferenceList);
    ke_list_init(ks, &area->ViewList);
    section->Segment.va = h2k(ks, segment);
    return STATUS_SUCCESS;
}

static NTSTATUS open_image(struct sys *sys, FILE_OBJECT *file, struct pe_image *image)
{
    const void *bytes;
    size_t size;
    NTSTATUS status = io_file_host_bytes(sys->io, file, &bytes, &size);
    return NT_SUCCESS(status) ? ps_image_status(pe_open(image, bytes, size)) : status;
}

/* NtCreateSection(*handle, access, attributes, *maximum size, protection, allocation, file) */
static NTSTATUS create(struct sys_call *call)
{
    struct sys *sys = call->sys;
    struct ob_caller caller = ps_caller(call->thread);
    if (!(call->arg[5] & SEC_IMAGE)) {
        return STATUS_NOT_IMPLEMENTED;
    }
    void *file, *section;
    NTSTATUS status = ob_reference_object_by_handle(
        sys->ob, &caller, call->arg[6], FILE_EXECUTE,
        k2h(&sys->ke->ks, *sys->ke->nt.IoFileObjectType), &file, NULL);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct sys_attributes attributes;
    struct ob_attributes named;
    struct pe_image image;
    status = open_image(sys, file, &image);
    if (NT_SUCCESS(status)) {
        status = sys_get_attributes(call, call->arg[2], &attributes);
    }
    if (!NT_SUCCESS(status)) {
        ob_dereference_object(sys->ob, file);
        return status;
    }
    named = sys_ob_attributes(&attributes);
    status = ob_create_object(sys->ob, &named, sys->section_type, 0, &section);
    if (NT_SUCCESS(status)) {
        status = attach_file(sys, section, file, &image);
        if (!NT_SUCCESS(status)) {
            ob_dereference_object(sys->ob, section);
        }
    }
    if (NT_SUCCESS(status)) {
        status = sys_insert(call, section, &named, (uint32_t)call->arg[1], call->arg[0]);
    } else {
        ob_dereference_object(sys->ob, file);
    }
    sys_free_attributes(&attributes);
    return status;
}

static NTSTATUS reference_section(struct sys_call *call, uint64_t handle, uint32_t access,
                                  void **section)
{
    struct ob_caller caller = ps_caller(call->thread);
    return ob_reference_object_by_handle(call->sys->ob, &caller, handle, access,
                                         call->sys->section_type, section, NULL);
}

/* NtMapViewOfSection(section, process, *base, zero bits, commit, *offset, *size, inherit, type,
 * protection) */
static NTSTATUS map(struct sys_call *call)
{
    struct sys *sys = call->sys;
    uint64_t base, size;
    void *section;
    struct ps_process *process;
    NTSTATUS status = SYS_GET(call, base, call->arg[2]);
    if (NT_SUCCESS(status)) {
        status = SYS_GET(call, size, call->arg[6]);
    }
    if (NT_SUCCESS(status)) {
        status = reference_section(call, call->arg[0], SECTION_MAP_EXECUTE, &section);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sys_get_process(call, call->arg[1], PROCESS_VM_OPERATION, &process);
    if (!NT_SUCCESS(status)) {
        ob_dereference_object(sys->ob, section);
        return status;
    }
    struct pe_image image;
    status = open_image(sys, file_of(sys, section), &image);
    NTSTATUS mapped = status;
    if (NT_SUCCESS(status)) {
        mapped = status = mm_map_image(process->space, &image, &base, &size);
    }
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[2], base);
    }
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[6], size);
    }
    ps_dereference_process(process);
    ob_dereference_object(sys->ob, section);
    return NT_SUCCESS(status) ? mapped : status;
}

/* NtUnmapViewOfSection(process, base) */
static NTSTATUS unmap(struct sys_call *call)
{
    struct ps_process *process;
    NTSTATUS status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    if (NT_SUCCESS(status)) {
        status = mm_unmap_image(process->space, call->arg[1]);
        ps_dereference_process(process);
    }
    return status;
}

static SECTION_IMAGE_INFORMATION image_information(const struct pe_image *image)
{
    SECTION_IMAGE_INFORMATION information;
    memset(&information, 0, sizeof information);
    information.TransferAddress.va = image->base + image->optional.AddressOfEntryPoint;
    information.MaximumStackSize = image->optional.SizeOfStackReserve;
    information.CommittedStackSize = image->optional.SizeOfStackCommit;
    information.SubSystemType = image->optional.Subsystem;
    information.SubSystemMinorVersion = image->optional.MinorSubsystemVersion;
    information.SubSystemMajorVersion = image->optional.MajorSubsystemVersion;
    information.ImageCharacteristics = image->file.Characteristics;
    information.DllCharacteristics = image->optional.DllCharacteristics;
    information.Machine = image->file.Machine;
    information.ImageContainsCode = image->optional.SizeOfCode != 0;
    information.LoaderFlags = image->optional.LoaderFlags;
    information.CheckSum = image->optional.CheckSum;
    return information;
}

/* NtQuerySection(section, class, buffer, length, *return length) */
static NTSTATUS query(struct sys_call *call)
{
    void *section;
    NTSTATUS status = reference_section(call, call->arg[0], SECTION_QUERY, &section);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct pe_image image;
    status = open_image(call->sys, file_of(call->sys, section), &image);
    if (NT_SUCCESS(status) && call->arg[1] == SectionImageInformation) {
        SECTION_IMAGE_INFORMATION information = image_information(&image);
        status = sys_answer(call, 2, &information, sizeof information);
    } else if (NT_SUCCESS(status) && call->arg[1] == SectionBasicInformation) {
        SECTION_BASIC_INFORMATION information = {.AllocationAttributes = SEC_IMAGE | SEC_FILE};
        information.MaximumSize.QuadPart = pe_size_of_image(&image);
        status = sys_answer(call, 2, &information, sizeof information);
    } else if (NT_SUCCESS(status)) {
        status = STATUS_INVALID_INFO_CLASS;
    }
    ob_dereference_object(call->sys->ob, section);
    return status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtCreateSection, create},
    {SERVICE_NtMapViewOfSection, map},
    {SERVICE_NtUnmapViewOfSection, unmap},
    {SERVICE_NtQuerySection, query},
};
const struct sys_family sys_section_family = {entries, sizeof entries / sizeof *entries};
