/* src/mm/section.c: what a section is made of, and its life.
 *
 *      SECTION_OBJECT -> SEGMENT ------> prototype PTEs (paged pool, one block 'MmSt')
 *                         | ^             ^
 *                         v |             |  SubsectionBase
 *        FILE_OBJECT <- CONTROL_AREA, SUBSECTION, SUBSECTION ...   (nonpaged pool, one block)
 *           ^               ^ |
 *           |               | '--ViewList--> MMVAD of each view
 *      SectionObjectPointer-'  so that the next section of the same file is the same control area
 *
 * A control area lives while a section refers to it (NumberOfSectionReferences) or a view
 * (NumberOfMappedViews); with the last of them its pages, prototypes and file reference go.
 * Copies to and from a file's cached pages refer to it as well, without being a user of the section
 * (NumberOfUserReferences counts sections and views). Who is the last to leave a data file's writes
 * what was modified before it can no longer be found, so that nobody reads the file before that.
 *
 * The prototype PTEs of images and of memory follow one another across all subsections; a data
 * file's grow, so that each subsection has its own (filesec.c).
 *
 * Page-file backed sections are charged for their committed pages when these are committed, since
 * any process may write them; views of images and copying views are charged to their process.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Section Objects"; layouts by symbols.
 */
#include "mm/section.h"
#include "mm/frames.h"
#include "mm/vad.h"

#include <stdlib.h>
#include <string.h>

#include "ke/list.h"

/* ---- companions ------------------------------------------------------------------------------ */

static struct mi_area_front *front_of(const CONTROL_AREA *area)
{
    return (struct mi_area_front *)(void *)(uintptr_t)area - 1;
}

struct mi_control *mi_control_of_area(struct mm *mm, const CONTROL_AREA *area)
{
    struct mi_control *control = mi_control_of_area_with_pages(mm, area);

    ASSERT(control && control->area == area);
    return control;
}

struct mi_control *mi_control_of(struct mm *mm, const SEGMENT *segment)
{
    return mi_control_of_area(mm, k2h(&mm->ke->ks, segment->ControlArea));
}

/* Who asks learned of the area after its control was entered, so what he sees of the table is at
 * least as new. */
struct mi_control *mi_control_of_area_with_pages(struct mm *mm, const CONTROL_AREA *area)
{
    struct mi_control_table *table = __atomic_load_n(&mm->control_table, __ATOMIC_ACQUIRE);
    uint64_t id = front_of(area)->id;

    return table && id < table->count ? __atomic_load_n(&table->by_id[id], __ATOMIC_ACQUIRE) : NULL;
}

struct mi_control *mi_control_of_vad(struct mm *mm, const MMVAD_SHORT *vad)
{
    const struct kspace *ks = &mm->ke->ks;
    const SUBSECTION *subsection = k2h(ks, ((const MMVAD *)vad)->Subsection);

    return mi_control_of_area(mm, k2h(ks, subsection->ControlArea));
}

/* Make the table larger. Others may be looking at the one there is, which stays. => (L) */
static NTSTATUS grow_table(struct mm *mm)
{
    struct mi_control_table *old = mm->control_table;
    uint32_t count = old ? old->count : 0, more = count ? 2 * count : 64;
    struct mi_control_table *grown = calloc(1, sizeof(*grown) + more * sizeof(struct mi_control *));

    if (!grown)
        return STATUS_INSUFFICIENT_RESOURCES;
    grown->smaller = old;
    grown->count = more;
    for (uint32_t id = 0; id < count; id++)
        grown->by_id[id] = old->by_id[id];
    __atomic_store_n(&mm->control_table, grown, __ATOMIC_RELEASE);
    return STATUS_SUCCESS;
}

void mi_free_control_table(struct mm *mm)
{
    while (mm->control_table) {
        struct mi_control_table *table = mm->control_table;
        mm->control_table = table->smaller;
        free(table);
    }
}

/* => (L) */
static NTSTATUS register_control(struct mm *mm, struct mi_control *control)
{
    const struct mi_control_table *table = mm->control_table;
    uint32_t id = 0;

    while (table && id < table->count && table->by_id[id])
        id++;
    if (!table || id == table->count) {
        NTSTATUS status = grow_table(mm);
        if (!NT_SUCCESS(status))
            return status;
    }
    front_of(control->area)->id = id;
    __atomic_store_n(&mm->control_table->by_id[id], control, __ATOMIC_RELEASE);
    list_insert_tail(&control->link, &mm->controls);
    return STATUS_SUCCESS;
}

/* ---- prototype PTEs -------------------------------------------------------------------------- */

MMPTE mi_subsection_pte(struct mm *mm, const SUBSECTION *subsection, unsigned protection)
{
    MMPTE pte = {.u.Long = 0};

    pte.u.Subsect.SubsectionAddress = (LONG64)(h2k(&mm->ke->ks, subsection) << 16) >> 16;
    pte.u.Subsect.Protection = protection;
    pte.u.Subsect.Prototype = 1;
    return pte;
}

SUBSECTION *mi_subsection_of_pte(struct mm *mm, MMPTE pte)
{
    return kspace_host(&mm->ke->ks, (uint64_t)pte.u.Subsect.SubsectionAddress);
}

struct mi_control *mi_control_of_pte(struct mm *mm, MMPTE original)
{
    const struct kspace *ks = &mm->ke->ks;

    if (!original.u.Soft.Prototype)
        return NULL;
    return mi_control_of_area(mm, k2h(ks, mi_subsection_of_pte(mm, original)->ControlArea));
}

uint64_t mi_page_of_proto(const struct mi_control *control, const MMPTE *proto, MMPTE original)
{
    const struct kspace *ks = &control->mm->ke->ks;

    if (control->ptes)
        return (uint64_t)(proto - control->ptes);
    const SUBSECTION *subsection = mi_subsection_of_pte(control->mm, original);
    return subsection->StartingSector +
           (uint64_t)(proto - (MMPTE *)k2h(ks, subsection->SubsectionBase));
}

bool mi_next_run(const struct mi_control *control, uint64_t from, struct mi_run *run)
{
    const struct kspace *ks = &control->mm->ke->ks;
    SUBSECTION *next = mi_subsection(control, 0);

    if (control->ptes) {
        *run = (struct mi_run){next, control->ptes, 0, control->pages};
        return from < control->pages;
    }
    for (; next; next = mi_next_subsection(ks, next)) {
        uint64_t base = __atomic_load_n(&next->SubsectionBase.va, __ATOMIC_ACQUIRE);
        uint64_t first = next->StartingSector;
        uint64_t count = __atomic_load_n(&next->PtesInSubsection, __ATOMIC_ACQUIRE);
        if (base && from < first + count) {
            *run = (struct mi_run){next, kspace_host(ks, base), first, count};
            return true;
        }
    }
    return false;
}

/* ---- creation and deletion ------------------------------------------------------------------- */

SUBSECTION *mi_subsection(const struct mi_control *control, uint32_t index)
{
    return (SUBSECTION *)(control->area + 1) + index;
}

static void free_control(struct mi_control *control)
{
    struct mm *mm = control->mm;

    if (control->segment) {
        uint64_t information = control->segment->u2.ImageInformation.va;
        if (control->area->u.Flags.Image && information)
            ex_free_pool(mm, kspace_host(&mm->ke->ks, information));
        ex_free_pool(mm, control->segment);
    }
    if (control->area) {
        mi_free_file_subsections(control);
        ex_free_pool(mm, front_of(control->area));
    }
    free(control);
}

static void link_control(struct mi_control *control, uint32_t subsections)
{
    const struct kspace *ks = &control->mm->ke->ks;
    CONTROL_AREA *area = control->area;
    SEGMENT *segment = control->segment;

    area->Segment.va = h2k(ks, segment);
    area->NumberOfSectionReferences = area->NumberOfUserReferences = 1;
    area->FilePointer.Value = control->file ? h2k(ks, control->file) : 0;
    ke_list_init(ks, &area->DereferenceList);
    ke_list_init(ks, &area->ViewList);
    segment->ControlArea.va = h2k(ks, area);
    segment->TotalNumberOfPtes = (ULONG)control->pages;
    segment->SizeOfSegment = control->size = MI_VA(control->pages);
    segment->PrototypePte.va = control->ptes ? h2k(ks, control->ptes) : 0;
    ex_initialize_push_lock(&segment->SegmentLock);
    for (uint32_t i = 0; i < subsections; i++) {
        SUBSECTION *subsection = mi_subsection(control, i);
        subsection->ControlArea.va = h2k(ks, area);
        if (i + 1 < subsections)
            subsection->NextSubsection.va = h2k(ks, subsection + 1);
    }
}

NTSTATUS mi_control_create(struct mm *mm, FILE_OBJECT *file, uint32_t subsections, uint64_t pages,
                           struct mi_control **out)
{
    bool data = pages == 0;
    size_t area_size = sizeof(struct mi_area_front) + sizeof(CONTROL_AREA) +
                       (data ? sizeof(MSUBSECTION) : subsections * sizeof(SUBSECTION));
    size_t segment_size = offsetof(SEGMENT, ThePtes) + (pages ? pages : 1) * sizeof(MMPTE);
    struct mi_control *control = calloc(1, sizeof(*control));

    if (!control)
        return STATUS_INSUFFICIENT_RESOURCES;
    control->mm = mm;
    control->file = file;
    control->pages = pages;
    control->arrivals = 1;
    struct mi_area_front *front =
        ex_allocate_pool(mm, NonPagedPool, area_size, mm_tag(file ? "MmCi" : "MmCa"));
    if (front) {
        memset(front, 0, area_size);
        control->area = (CONTROL_AREA *)(front + 1);
        control->segment = ex_allocate_pool(mm, PagedPool, segment_size, mm_tag("MmSt"));
    }
    if (!control->segment) {
        free_control(control);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(control->segment, 0, segment_size);
    control->ptes = data ? NULL : control->segment->ThePtes;
    link_control(control, subsections);
    ke_acquire_lock(&mm->sections_lock);
    NTSTATUS status = register_control(mm, control);
    ke_release_lock(&mm->sections_lock);
    if (!NT_SUCCESS(status)) {
        free_control(control);
        return status;
    }
    if (file)
        mm->ops->reference_file(mm->owner, file);
    *out = control;
    return STATUS_SUCCESS;
}

/* Where a file says what its control area is. => (L) */
static ULONG64 *slot_of(SECTION_OBJECT_POINTERS *sections, bool image)
{
    return image ? &sections->ImageSectionObject.va : &sections->DataSectionObject.va;
}

static ULONG64 *slot_of_control(const struct mi_control *control)
{
    const struct kspace *ks = &control->mm->ke->ks;

    return slot_of(k2h(ks, control->file->SectionObjectPointer), control->area->u.Flags.Image);
}

static bool has_large_pages(const struct mi_control *control)
{
    return control->segment->SegmentFlags.LargePages;
}

/* Nobody refers to it any more, and nobody can find it. => no locks */
static void delete_control(struct mi_control *control)
{
    struct mm *mm = control->mm;
    FILE_OBJECT *file = control->file;

    struct mi_run run;

    mi_hold_writes(control);
    for (uint64_t page = 0; mi_next_run(control, page, &run); page = run.first + run.count) {
        for (uint64_t i = 0; i < run.count; i++)
            mi_proto_delete(mm, &run.ptes[i], (MMPTE){.u.Long = 0});
    }
    mi_return_commit(mm, control->segment->NumberOfCommittedPages, MI_COMMIT_USER);
    if (has_large_pages(control))
        mi_return_resident(mm, control->pages);
    free_control(control);
    if (file)
        mm->ops->dereference_file(mm->owner, file);
}

/* Take it out of the tables when nobody needs it. => whether it is to be deleted; (L) */
static bool forget_if_unused(struct mi_control *control)
{
    struct mm *mm = control->mm;
    const CONTROL_AREA *area = control->area;

    if (area->NumberOfSectionReferences > 0 || area->NumberOfMappedViews > 0)
        return false;
    if (control->shared)
        *slot_of_control(control) = 0;
    __atomic_store_n(&mm->control_table->by_id[front_of(area)->id], NULL, __ATOMIC_RELEASE);
    list_remove(&control->link);
    return true;
}

/* Write what was modified, if nobody else is there. => what `arrivals` said before */
static uint64_t write_back(struct mi_control *control)
{
    struct mm *mm = control->mm;

    ke_acquire_lock(&mm->sections_lock);
    uint64_t arrivals = control->arrivals;
    ke_release_lock(&mm->sections_lock);
    NTSTATUS status = mi_flush_control(control, 0, control->pages);
    if (!NT_SUCCESS(status))
        log_message(mm->log, LOG_ERROR, "delayed write failed, data of a mapped file is lost: %08x",
                    (unsigned)status);
    return arrivals;
}

void mi_control_dereference(struct mi_control *control)
{
    struct mm *mm = control->mm;
    CONTROL_AREA *area = control->area;
    bool writes = control->backing && control->backing->write;
    uint64_t written = 0;

    ke_acquire_lock(&mm->sections_lock);
    while (writes && area->NumberOfSectionReferences == 1 && area->NumberOfMappedViews == 0 &&
           written != control->arrivals) {
        ke_release_lock(&mm->sections_lock);
        written = write_back(control);
        ke_acquire_lock(&mm->sections_lock);
    }
    area->NumberOfSectionReferences--;
    bool unused = forget_if_unused(control);
    ke_release_lock(&mm->sections_lock);
    if (unused)
        delete_control(control);
}

/* => (L) */
static void refer(struct mi_control *control, bool user)
{
    control->area->NumberOfSectionReferences++;
    control->area->NumberOfUserReferences += user;
    control->arrivals++;
}

void mi_control_reference(struct mi_control *control)
{
    ke_acquire_lock(&control->mm->sections_lock);
    refer(control, false);
    ke_release_lock(&control->mm->sections_lock);
}

void mm_close_section(struct mm *mm, SEGMENT *segment)
{
    struct mi_control *control = mi_control_of(mm, segment);

    ke_acquire_lock(&mm->sections_lock);
    control->area->NumberOfUserReferences--;
    ke_release_lock(&mm->sections_lock);
    mi_control_dereference(control);
}

void mi_control_add_view(struct mi_control *control, MMVAD *vad)
{
    const struct kspace *ks = &control->mm->ke->ks;
    CONTROL_AREA *area = control->area;

    ke_acquire_lock(&control->mm->sections_lock);
    area->NumberOfMappedViews++;
    area->NumberOfUserReferences++;
    control->arrivals++;
    ke_list_insert_tail(ks, &area->ViewList, &vad->ViewLinks);
    ke_release_lock(&control->mm->sections_lock);
}

enum mi_view_leaves mi_control_remove_view(struct mi_control *control, MMVAD *vad)
{
    struct mm *mm = control->mm;
    CONTROL_AREA *area = control->area;

    ke_acquire_lock(&mm->sections_lock);
    ke_list_remove(&mm->ke->ks, &vad->ViewLinks);
    area->NumberOfMappedViews--;
    area->NumberOfUserReferences--;
    bool writes = control->backing && control->backing->write;
    if (writes)
        area->NumberOfSectionReferences++; /* until what it wrote is safe */
    bool unused = !writes && forget_if_unused(control);
    ke_release_lock(&mm->sections_lock);
    return writes ? MI_VIEW_LEAVES_WRITES : unused ? MI_VIEW_LEAVES_UNUSED : MI_VIEW_LEAVES_NOTHING;
}

void mi_control_view_left(struct mi_control *control, enum mi_view_leaves leaves)
{
    if (leaves == MI_VIEW_LEAVES_WRITES)
        mi_control_dereference(control);
    else if (leaves == MI_VIEW_LEAVES_UNUSED)
        delete_control(control);
}

/* ---- sections of files ----------------------------------------------------------------------- */

struct mi_control *mi_find_control(struct mm *mm, SECTION_OBJECT_POINTERS *sections, bool image,
                                   bool user)
{
    const struct kspace *ks = &mm->ke->ks;
    struct mi_control *control = NULL;

    ke_acquire_lock(&mm->sections_lock);
    uint64_t va = *slot_of(sections, image);
    if (va) {
        const CONTROL_AREA *area = kspace_host(ks, va);
        control = mi_control_of_area(mm, area);
        refer(control, user);
    }
    ke_release_lock(&mm->sections_lock);
    return control;
}

bool mi_publish_control(struct mi_control *control)
{
    struct mm *mm = control->mm;

    ke_acquire_lock(&mm->sections_lock);
    ULONG64 *slot = slot_of_control(control);
    bool first = *slot == 0;
    if (first) {
        *slot = h2k(&mm->ke->ks, control->area);
        control->shared = true;
    }
    ke_release_lock(&mm->sections_lock);
    return first;
}

NTSTATUS mm_create_image_section(struct mm *mm, const struct pe_image *image, FILE_OBJECT *file,
                                 SEGMENT **out)
{
    struct mi_control *control;

    for (;;) {
        control =
            file ? mi_find_control(mm, k2h(&mm->ke->ks, file->SectionObjectPointer), true, true)
                 : NULL;
        if (control) {
            *out = control->segment;
            return STATUS_SUCCESS;
        }
        NTSTATUS status = mi_create_image_control(mm, image, image->base, file, &control);
        if (!NT_SUCCESS(status))
            return status;
        *out = control->segment;
        if (!file || mi_publish_control(control))
            return STATUS_SUCCESS;
        mm_close_section(mm, control->segment);
    }
}

/* ---- page-file backed sections --------------------------------------------------------------- */

static void fill_memory_section(struct mi_control *control, unsigned protection,
                                uint32_t attributes)
{
    SEGMENT *segment = control->segment;
    SUBSECTION *subsection = mi_subsection(control, 0);
    bool commit = attributes & SEC_COMMIT;

    subsection->SubsectionBase.va = segment->PrototypePte.va;
    subsection->PtesInSubsection = (ULONG)control->pages;
    subsection->u.SubsectionFlags.Protection = protection;
    segment->SegmentFlags.DefaultProtectionMask = protection;
    segment->SegmentFlags.NoCache = (attributes & SEC_NOCACHE) != 0;
    segment->SegmentFlags.WriteCombined = (attributes & SEC_WRITECOMBINE) != 0;
    segment->NumberOfCommittedPages = commit ? control->pages : 0;
    control->area->u.Flags.Commit = commit;
    control->area->u.Flags.Reserve = !commit;
    for (uint64_t i = 0; commit && i < control->pages; i++)
        mi_write_pte(&control->ptes[i], mi_demand_zero_pte(protection));
}

/* Give a new section of large pages its memory, all of it and for good: each frame is mapped once
 * by the section itself. => STATUS_INSUFFICIENT_RESOURCES */
static NTSTATUS fill_large(struct mi_control *control)
{
    struct mm *mm = control->mm;
    size_t count = control->pages / MI_LARGE_FRAMES;
    uint64_t *first = count <= mm->frames / MI_LARGE_FRAMES ? calloc(count, sizeof *first) : NULL;
    NTSTATUS status = first ? mi_take_large_pages(mm, first, count) : STATUS_INSUFFICIENT_RESOURCES;

    for (uint64_t i = 0; NT_SUCCESS(status) && i < control->pages; i++)
        mi_proto_take(mm, &control->ptes[i], mi_read_pte(&control->ptes[i]),
                      first[i / MI_LARGE_FRAMES] + i % MI_LARGE_FRAMES);
    control->segment->SegmentFlags.LargePages = NT_SUCCESS(status);
    free(first);
    return status;
}

NTSTATUS mm_create_page_file_section(struct mm *mm, uint64_t size, uint32_t protect,
                                     uint32_t attributes, SEGMENT **out)
{
    struct mi_control *control;
    unsigned protection;
    bool commit = attributes & SEC_COMMIT, large = attributes & SEC_LARGE_PAGES;
    NTSTATUS status = mi_make_protection(protect, true, &protection);

    if (!NT_SUCCESS(status))
        return status;
    if (!mi_protection_readable(protection) || mi_protection_guard(protection) ||
        mi_protection_caching(protection)) /* SEC_NOCACHE says that */
        return STATUS_INVALID_PAGE_PROTECTION;
    if (large && mi_protection_is_copy(protection))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (size == 0 || (large && size % MI_TABLE_SPAN != 0))
        return STATUS_INVALID_PARAMETER_4;
    uint64_t pages = MI_VPN(size - 1) + 1;
    if (pages > MI_SECTION_PAGES_MOST)
        return STATUS_SECTION_TOO_BIG;
    if (commit && !mi_charge_commit(mm, pages, MI_COMMIT_USER))
        return STATUS_COMMITMENT_LIMIT;
    status = mi_control_create(mm, NULL, 1, pages, &control);
    if (!NT_SUCCESS(status)) {
        mi_return_commit(mm, commit ? pages : 0, MI_COMMIT_USER);
        return status;
    }
    fill_memory_section(control, protection, attributes);
    status = large ? fill_large(control) : STATUS_SUCCESS;
    if (!NT_SUCCESS(status)) {
        mm_close_section(mm, control->segment);
        return status;
    }
    *out = control->segment;
    return STATUS_SUCCESS;
}

/* ---- looking --------------------------------------------------------------------------------- */

CONTROL_AREA *mm_section_control_area(struct mm *mm, const SEGMENT *segment)
{
    return k2h(&mm->ke->ks, segment->ControlArea);
}

FILE_OBJECT *mm_section_file(struct mm *mm, const SEGMENT *segment)
{
    return mi_control_of(mm, segment)->file;
}

void mm_query_image_section(struct mm *mm, const SEGMENT *segment,
                            SECTION_IMAGE_INFORMATION *information)
{
    const struct mi_control *control = mi_control_of(mm, segment);

    ASSERT(control->area->u.Flags.Image);
    ke_acquire_lock(&mm->sections_lock);
    memcpy(information, kspace_host(&mm->ke->ks, segment->u2.ImageInformation.va),
           sizeof(*information));
    ke_release_lock(&mm->sections_lock);
}

void mi_place_image(struct mi_control *control, uint64_t base)
{
    SECTION_IMAGE_INFORMATION *information =
        kspace_host(&control->mm->ke->ks, control->segment->u2.ImageInformation.va);

    information->TransferAddress.va += base - control->base;
    control->segment->BasedAddress.va = base;
    control->base = base;
    control->placed = true;
}
