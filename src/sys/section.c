/* src/sys/section.c: section objects.
 *
 *      SECTION_OBJECT.Segment -> SEGMENT.ControlArea -> CONTROL_AREA.FilePointer -> FILE_OBJECT
 *
 * The object is a name and a protection; what is shared belongs to mm, which keeps it while a
 * section object or a view needs it. Sections of images, of data files (all sections of one share
 * its pages, each with a size of its own), and of memory (SEC_COMMIT, SEC_RESERVE) without a file.
 */
#include <string.h>

#include "io/io.h"
#include "mm/mm.h"
#include "nt/info.h"
#include "sys/sys.h"

#define SEC_KINDS (SEC_IMAGE | SEC_RESERVE | SEC_COMMIT)
#define SEC_KNOWN (SEC_KINDS | SEC_NOCACHE | SEC_WRITECOMBINE | SEC_LARGE_PAGES)

/* The body of a section object: what Windows keeps behind SECTION_OBJECT, whose public layout ends
 * with the segment. */
struct section {
    SECTION_OBJECT object;
    LARGE_INTEGER size;
    ULONG attributes; /* SEC_* */
    ULONG protection; /* PAGE_* */
};

static const struct ob_type_ops section_type = {
    .name = "Section",
    .body_size = sizeof(struct section),
    .mapping = {READ_CONTROL | SECTION_QUERY | SECTION_MAP_READ, READ_CONTROL | SECTION_MAP_WRITE,
                READ_CONTROL | SECTION_MAP_EXECUTE, SECTION_ALL_ACCESS},
    .valid_access = SECTION_ALL_ACCESS,
    .wait_offset = -1,
};

static SEGMENT *segment_of(struct sys *sys, const struct section *section)
{
    uint64_t va = section->object.Segment.va;
    return va ? kspace_host(&sys->ke->ks, va) : NULL;
}

static void delete_section(struct ob *ob, void *object)
{
    struct sys *sys = ob_type_ops_of(ob, ob_object_type(ob, object))->owner;
    SEGMENT *segment = segment_of(sys, object);
    if (segment) {
        mm_close_section(sys->mm, segment);
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

/* ---- creating and opening ----------------------------------------------------------------------
 */

struct creation {
    int64_t size; /* 0: none given */
    uint32_t protection, attributes;
    uint64_t file;
    SEGMENT *segment;
};

/* Source: NtCreateSection, CreateFileMapping, documentation: exactly one of SEC_COMMIT, SEC_RESERVE
 * and SEC_IMAGE; nothing else goes with SEC_IMAGE, one kind of caching with the others, and
 * SEC_LARGE_PAGES with SEC_COMMIT and without a file. */
static NTSTATUS check_creation(struct sys_call *call, const struct creation *c)
{
    uint32_t kind = c->attributes & SEC_KINDS;
    if ((c->attributes & ~SEC_KNOWN) != 0 || kind == 0 || (kind & (kind - 1)) != 0) {
        return STATUS_INVALID_PARAMETER_6;
    }
    const uint32_t caching = SEC_NOCACHE | SEC_WRITECOMBINE;
    if (kind == SEC_IMAGE && (c->attributes & (caching | SEC_LARGE_PAGES))) {
        return STATUS_INVALID_PARAMETER_6;
    }
    if ((c->attributes & caching) == caching ||
        (kind == SEC_RESERVE && c->attributes & SEC_LARGE_PAGES)) {
        return STATUS_INVALID_PARAMETER_6;
    }
    if (kind == SEC_IMAGE && !c->file) {
        return STATUS_INVALID_FILE_FOR_SECTION;
    }
    if (c->attributes & SEC_LARGE_PAGES && c->file) {
        return STATUS_INVALID_PARAMETER_6;
    }
    if (c->attributes & SEC_LARGE_PAGES &&
        !se_process_has_privilege(&call->sys->ps->se, call->process->process,
                                  SE_LOCK_MEMORY_PRIVILEGE)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    return c->size < 0 || (!c->file && c->size == 0) ? STATUS_INVALID_PARAMETER_4 : STATUS_SUCCESS;
}

/* What a handle to a file must grant for a section of that protection; 0: no such protection.
 * Source: CreateFileMapping, documentation. */
static uint32_t file_access_for(uint32_t protect)
{
    static const struct {
        uint32_t protect, access;
    } rows[] = {{PAGE_READONLY, FILE_READ_DATA},
                {PAGE_WRITECOPY, FILE_READ_DATA},
                {PAGE_READWRITE, FILE_READ_DATA | FILE_WRITE_DATA},
                {PAGE_EXECUTE, FILE_EXECUTE},
                {PAGE_EXECUTE_READ, FILE_EXECUTE | FILE_READ_DATA},
                {PAGE_EXECUTE_WRITECOPY, FILE_EXECUTE | FILE_READ_DATA},
                {PAGE_EXECUTE_READWRITE, FILE_EXECUTE | FILE_READ_DATA | FILE_WRITE_DATA}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].protect == protect) {
            return rows[i].access;
        }
    }
    return 0;
}

static bool is_writable(uint32_t protect)
{
    return protect == PAGE_READWRITE || protect == PAGE_EXECUTE_READWRITE;
}

static NTSTATUS create_file_segment(struct sys_call *call, struct creation *c)
{
    struct sys *sys = call->sys;
    bool image = c->attributes & SEC_IMAGE;
    uint32_t access = file_access_for(c->protection), granted;
    uint64_t size = (uint64_t)c->size;
    FILE_OBJECT *file;
    if (!access) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    NTSTATUS status = sys_get_file(call, c->file, access, &file, &granted);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = image ? io_create_image_section(sys->io, file, &c->segment)
                   : io_create_data_section(sys->io, file, is_writable(c->protection), &size,
                                            &c->segment);
    ob_dereference_object(sys->ob, file);
    if (NT_SUCCESS(status)) {
        c->size = image ? (int64_t)c->segment->SizeOfSegment : (int64_t)size;
    }
    return status;
}

static NTSTATUS create_segment(struct sys_call *call, struct creation *c)
{
    return c->file ? create_file_segment(call, c)
                   : mm_create_page_file_section(call->sys->mm, (uint64_t)c->size, c->protection,
                                                 c->attributes, &c->segment);
}

/* The object of a segment, whose reference it takes over. */
static NTSTATUS create_object(struct sys_call *call, const struct creation *c)
{
    struct sys *sys = call->sys;
    struct sys_attributes attributes;
    void *object;
    NTSTATUS status = sys_get_attributes(call, call->arg[2], &attributes);
    if (!NT_SUCCESS(status)) {
        mm_close_section(sys->mm, c->segment);
        return status;
    }
    struct ob_attributes named = sys_ob_attributes(&attributes);
    status = ob_create_object(sys->ob, &named, sys->section_type, 0, &object);
    if (NT_SUCCESS(status)) {
        struct section *section = object;
        section->object.Segment.va = h2k(&sys->ke->ks, c->segment);
        section->size.QuadPart = c->size;
        section->attributes = c->attributes | (c->file ? SEC_FILE : 0);
        section->protection = c->protection;
        status = sys_insert(call, object, &named, (uint32_t)call->arg[1], call->arg[0]);
    } else {
        mm_close_section(sys->mm, c->segment);
    }
    sys_free_attributes(&attributes);
    return status;
}

NTSTATUS sys_create_image_section(struct sys *sys, FILE_OBJECT *file, SECTION_OBJECT **out)
{
    SEGMENT *segment;
    void *object;
    NTSTATUS status = io_create_image_section(sys->io, file, &segment);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ob_create_object(sys->ob, NULL, sys->section_type, 0, &object);
    if (!NT_SUCCESS(status)) {
        mm_close_section(sys->mm, segment);
        return status;
    }
    struct section *section = object;
    section->object.Segment.va = h2k(&sys->ke->ks, segment);
    section->size.QuadPart = (LONG64)segment->SizeOfSegment;
    section->attributes = SEC_IMAGE | SEC_FILE;
    section->protection = PAGE_EXECUTE;
    *out = &section->object;
    return STATUS_SUCCESS;
}

/* NtCreateSection(*handle, access, attributes, *maximum size, protection, allocation, file) */
static NTSTATUS create(struct sys_call *call)
{
    struct creation c = {.protection = (uint32_t)call->arg[4],
                         .attributes = (uint32_t)call->arg[5],
                         .file = call->arg[6]};
    NTSTATUS status = call->arg[3] ? SYS_GET(call, c.size, call->arg[3]) : STATUS_SUCCESS;
    if (NT_SUCCESS(status)) {
        status = check_creation(call, &c);
    }
    if (NT_SUCCESS(status)) {
        status = create_segment(call, &c);
    }
    return NT_SUCCESS(status) ? create_object(call, &c) : status;
}

/* NtOpenSection(*handle, access, attributes) */
static NTSTATUS open(struct sys_call *call)
{
    return sys_open_named(call, call->sys->section_type);
}

static NTSTATUS reference_section(struct sys_call *call, uint64_t handle, uint32_t access,
                                  struct section **section)
{
    void *object;
    NTSTATUS status = sys_get_object(call, handle, access, call->sys->section_type, &object);
    *section = object;
    return status;
}

/* ---- views -------------------------------------------------------------------------------------
 */

/* What a handle must grant for a view of that protection; 0: no such protection.
 * Source: MapViewOfFile, documentation. */
static uint32_t access_for(uint32_t protect)
{
    static const struct {
        uint32_t protect, access;
    } rows[] = {{PAGE_NOACCESS, SECTION_MAP_READ},
                {PAGE_READONLY, SECTION_MAP_READ},
                {PAGE_WRITECOPY, SECTION_MAP_READ},
                {PAGE_READWRITE, SECTION_MAP_WRITE},
                {PAGE_EXECUTE, SECTION_MAP_EXECUTE},
                {PAGE_EXECUTE_READ, SECTION_MAP_EXECUTE | SECTION_MAP_READ},
                {PAGE_EXECUTE_WRITECOPY, SECTION_MAP_EXECUTE | SECTION_MAP_READ},
                {PAGE_EXECUTE_READWRITE, SECTION_MAP_EXECUTE | SECTION_MAP_WRITE}};
    uint32_t base = protect & ~(PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].protect == base) {
            return rows[i].access;
        }
    }
    return 0;
}

/* The arguments of NtMapViewOfSection, captured. */
static NTSTATUS get_view(struct sys_call *call, struct mm_view *view)
{
    int64_t offset = 0;
    NTSTATUS status = SYS_GET(call, view->base, call->arg[2]);
    if (NT_SUCCESS(status)) {
        status = SYS_GET(call, view->size, call->arg[6]);
    }
    if (NT_SUCCESS(status) && call->arg[5]) {
        status = SYS_GET(call, offset, call->arg[5]);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    view->offset = (uint64_t)offset;
    view->zero_bits = call->arg[3];
    view->inherit = (uint32_t)call->arg[7];
    view->type = (uint32_t)call->arg[8];
    view->protect = (uint32_t)call->arg[9];
    if (view->inherit != ViewShare && view->inherit != ViewUnmap) {
        return STATUS_INVALID_PARAMETER_8;
    }
    return access_for(view->protect) ? STATUS_SUCCESS : STATUS_INVALID_PAGE_PROTECTION;
}

static NTSTATUS put_view(struct sys_call *call, const struct mm_view *view)
{
    NTSTATUS status = SYS_PUT(call, call->arg[2], view->base);
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[6], view->size);
    }
    return NT_SUCCESS(status)
               ? sys_put_optional(call, call->arg[5], &view->offset, sizeof view->offset)
               : status;
}

/* The first bytes of a view of a reserved section are committed with it. */
static NTSTATUS map_committed(struct sys_call *call, struct mm_space *space, struct mm_view *view)
{
    uint64_t committed = call->arg[4];
    bool reserved = mm_section_control_area(call->sys->mm, view->segment)->u.Flags.Reserve;
    NTSTATUS status = mm_map_view(space, view), mapped = status;
    if (NT_SUCCESS(status) && reserved && committed) {
        uint64_t base = view->base;
        status = committed > view->size ? STATUS_INVALID_PARAMETER_5
                                        : mm_allocate_virtual_memory(space, &base, 0, &committed,
                                                                     MEM_COMMIT, view->protect);
        if (!NT_SUCCESS(status)) {
            (void)mm_unmap_view(space, view->base);
            return status;
        }
    }
    return mapped;
}

/* NtMapViewOfSection(section, process, *base, zero bits, commit, *offset, *size, inherit, type,
 * protection) */
static NTSTATUS map(struct sys_call *call)
{
    struct sys *sys = call->sys;
    struct mm_view view = {0};
    struct section *section;
    struct ps_process *process;
    NTSTATUS status = get_view(call, &view);
    if (NT_SUCCESS(status)) {
        status = put_view(call, &view); /* can be told what becomes of it */
    }
    if (NT_SUCCESS(status)) {
        status = reference_section(call, call->arg[0], access_for(view.protect), &section);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sys_get_process(call, call->arg[1], PROCESS_VM_OPERATION, &process);
    if (NT_SUCCESS(status)) {
        view.segment = segment_of(sys, section);
        view.prefetch = section->attributes & SEC_IMAGE;
        view.section_size = (uint64_t)__atomic_load_n(&section->size.QuadPart, __ATOMIC_RELAXED);
        view.section_protect = section->protection;
        status = map_committed(call, process->space, &view);
        ps_dereference_process(process);
    }
    ob_dereference_object(sys->ob, section);
    if (NT_SUCCESS(status)) {
        NTSTATUS put = put_view(call, &view);
        return NT_SUCCESS(put) ? status : put;
    }
    return status;
}

/* NtUnmapViewOfSection(process, base) */
static NTSTATUS unmap(struct sys_call *call)
{
    struct ps_process *process;
    NTSTATUS status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    if (NT_SUCCESS(status)) {
        status = mm_unmap_view(process->space, call->arg[1]);
        ps_dereference_process(process);
    }
    return status;
}

/* ---- asking ------------------------------------------------------------------------------------
 */

/* NtQuerySection(section, class, buffer, length, *return length) */
static NTSTATUS query(struct sys_call *call)
{
    struct section *section;
    NTSTATUS status = reference_section(call, call->arg[0], SECTION_QUERY, &section);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (call->arg[1] == SectionBasicInformation) {
        SECTION_BASIC_INFORMATION information = {.AllocationAttributes = section->attributes,
                                                 .MaximumSize = section->size};
        status = sys_answer(call, 2, &information, sizeof information);
    } else if (call->arg[1] != SectionImageInformation) {
        status = STATUS_INVALID_INFO_CLASS;
    } else if (!(section->attributes & SEC_IMAGE)) {
        status = STATUS_SECTION_NOT_IMAGE;
    } else {
        SECTION_IMAGE_INFORMATION information;
        mm_query_image_section(call->sys->mm, segment_of(call->sys, section), &information);
        status = sys_answer(call, 2, &information, sizeof information);
    }
    ob_dereference_object(call->sys->ob, section);
    return status;
}

/* A section of a data file grows, and its file if need be, but never shrinks. => *size: what it is
 */
static NTSTATUS extend_file_section(struct sys_call *call, struct section *section, int64_t *size)
{
    struct sys *sys = call->sys;
    int64_t has = __atomic_load_n(&section->size.QuadPart, __ATOMIC_RELAXED);
    if (*size <= has) {
        *size = has;
        return STATUS_SUCCESS;
    }
    SEGMENT *segment;
    FILE_OBJECT *file = mm_section_file(sys->mm, segment_of(sys, section));
    uint64_t wanted = (uint64_t)*size;
    NTSTATUS status =
        io_create_data_section(sys->io, file, is_writable(section->protection), &wanted, &segment);
    if (NT_SUCCESS(status)) {
        mm_close_section(sys->mm, segment); /* the same as the section's, which keeps it */
        while (has < *size &&
               !__atomic_compare_exchange_n(&section->size.QuadPart, &has, *size, false,
                                            __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        }
    }
    return status;
}

/* NtExtendSection(section, *size): only a writable section of a file grows.
 * Source: NtExtendSection as described in Windows Internals 6, part 2, ch. 10. */
static NTSTATUS extend(struct sys_call *call)
{
    struct section *section;
    int64_t size;
    NTSTATUS status = SYS_GET(call, size, call->arg[1]);
    if (NT_SUCCESS(status)) {
        status = reference_section(call, call->arg[0], SECTION_EXTEND_SIZE, &section);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    bool data = section->attributes & SEC_FILE && !(section->attributes & SEC_IMAGE) &&
                is_writable(section->protection);
    status = data ? extend_file_section(call, section, &size) : STATUS_SECTION_NOT_EXTENDED;
    ob_dereference_object(call->sys->ob, section);
    return NT_SUCCESS(status) ? SYS_PUT(call, call->arg[1], size) : status;
}

/* NtAreMappedFilesTheSame(address, address) */
static NTSTATUS are_same(struct sys_call *call)
{
    return mm_are_mapped_files_the_same(call->space, call->arg[0], call->arg[1]);
}

static const struct sys_entry entries[] = {
    {SERVICE_NtCreateSection, create},
    {SERVICE_NtOpenSection, open},
    {SERVICE_NtMapViewOfSection, map},
    {SERVICE_NtUnmapViewOfSection, unmap},
    {SERVICE_NtQuerySection, query},
    {SERVICE_NtExtendSection, extend},
    {SERVICE_NtAreMappedFilesTheSame, are_same},
};
const struct sys_family sys_section_family = {entries, sizeof entries / sizeof *entries};
