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
 * (NumberOfMappedViews); with the last of them its pages, prototypes and file reference go. The
 * prototype PTEs of all subsections follow one another, so a view needs one pointer.
 *
 * Page-file backed sections are charged for their committed pages when these are committed, since
 * any process may write them; views of images and copying views are charged to their process.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Section Objects"; layouts by symbols.
 */
#include "mm/section.h"

#include <stdlib.h>
#include <string.h>

#include "ke/list.h"

#define SECTION_PAGES_MOST 0x7FFFFFFFu

/* ---- companions ------------------------------------------------------------------------------ */

static struct mi_segment_tail *tail_of(const SEGMENT *segment)
{
    return (struct mi_segment_tail *)(void *)&(
        (MMPTE *)segment->ThePtes)[segment->TotalNumberOfPtes];
}

struct mi_control *mi_control_of(struct mm *mm, const SEGMENT *segment)
{
    uint32_t id = tail_of(segment)->id;

    ke_acquire_lock(&mm->sections_lock);
    struct mi_control *control = id < mm->control_count ? mm->control_by_id[id] : NULL;
    ke_release_lock(&mm->sections_lock);
    ASSERT(control && control->segment == segment);
    return control;
}

struct mi_control *mi_control_of_vad(struct mm *mm, const MMVAD_SHORT *vad)
{
    const struct kspace *ks = &mm->ke->ks;
    const SUBSECTION *subsection = k2h(ks, ((const MMVAD *)vad)->Subsection);
    const CONTROL_AREA *area = k2h(ks, subsection->ControlArea);

    return mi_control_of(mm, k2h(ks, area->Segment));
}

/* => (L) */
static NTSTATUS register_control(struct mm *mm, struct mi_control *control)
{
    uint32_t id = 0;

    while (id < mm->control_count && mm->control_by_id[id])
        id++;
    if (id == mm->control_count) {
        uint32_t count = id ? 2 * id : 64;
        struct mi_control **grown = realloc(mm->control_by_id, count * sizeof(control));
        if (!grown)
            return STATUS_INSUFFICIENT_RESOURCES;
        memset(grown + id, 0, (count - id) * sizeof(control));
        mm->control_by_id = grown;
        mm->control_count = count;
    }
    mm->control_by_id[id] = control;
    tail_of(control->segment)->id = id;
    list_insert_tail(&control->link, &mm->controls);
    return STATUS_SUCCESS;
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
    if (control->area)
        ex_free_pool(mm, control->area);
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
    segment->SizeOfSegment = MI_VA(control->pages);
    segment->PrototypePte.va = h2k(ks, control->ptes);
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
    size_t area_size = sizeof(CONTROL_AREA) + subsections * sizeof(SUBSECTION);
    size_t segment_size =
        offsetof(SEGMENT, ThePtes) + pages * sizeof(MMPTE) + sizeof(struct mi_segment_tail);
    struct mi_control *control = calloc(1, sizeof(*control));

    if (!control)
        return STATUS_INSUFFICIENT_RESOURCES;
    control->mm = mm;
    control->file = file;
    control->pages = pages;
    control->area = ex_allocate_pool(mm, NonPagedPool, area_size, mm_tag(file ? "MmCi" : "MmCa"));
    if (control->area) {
        memset(control->area, 0, area_size);
        control->segment = ex_allocate_pool(mm, PagedPool, segment_size, mm_tag("MmSt"));
    }
    if (!control->segment) {
        free_control(control);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(control->segment, 0, segment_size);
    control->ptes = control->segment->ThePtes;
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

static SECTION_OBJECT_POINTERS *pointers_of(struct mm *mm, const FILE_OBJECT *file)
{
    return k2h(&mm->ke->ks, file->SectionObjectPointer);
}

/* Nobody refers to it any more, and nobody can find it. => no locks */
static void delete_control(struct mi_control *control)
{
    struct mm *mm = control->mm;
    FILE_OBJECT *file = control->file;

    for (uint64_t i = 0; i < control->pages; i++)
        mi_proto_delete(mm, &control->ptes[i]);
    mi_return_commit(mm, control->segment->NumberOfCommittedPages, MI_COMMIT_USER);
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
        pointers_of(mm, control->file)->ImageSectionObject.va = 0;
    mm->control_by_id[tail_of(control->segment)->id] = NULL;
    list_remove(&control->link);
    return true;
}

void mm_close_section(struct mm *mm, SEGMENT *segment)
{
    struct mi_control *control = mi_control_of(mm, segment);

    ke_acquire_lock(&mm->sections_lock);
    control->area->NumberOfSectionReferences--;
    control->area->NumberOfUserReferences--;
    bool unused = forget_if_unused(control);
    ke_release_lock(&mm->sections_lock);
    if (unused)
        delete_control(control);
}

void mi_control_add_view(struct mi_control *control, MMVAD *vad)
{
    const struct kspace *ks = &control->mm->ke->ks;
    CONTROL_AREA *area = control->area;

    ke_acquire_lock(&control->mm->sections_lock);
    area->NumberOfMappedViews++;
    area->NumberOfUserReferences++;
    ke_list_insert_tail(ks, &area->ViewList, &vad->ViewLinks);
    ke_release_lock(&control->mm->sections_lock);
}

void mi_control_remove_view(struct mi_control *control, MMVAD *vad)
{
    struct mm *mm = control->mm;
    CONTROL_AREA *area = control->area;

    ke_acquire_lock(&mm->sections_lock);
    ke_list_remove(&mm->ke->ks, &vad->ViewLinks);
    area->NumberOfMappedViews--;
    area->NumberOfUserReferences--;
    bool unused = forget_if_unused(control);
    ke_release_lock(&mm->sections_lock);
    if (unused)
        delete_control(control);
}

/* ---- sections of images ---------------------------------------------------------------------- */

/* The control area that the file has, with one more reference. */
static SEGMENT *find_image(struct mm *mm, const FILE_OBJECT *file)
{
    const struct kspace *ks = &mm->ke->ks;
    SEGMENT *segment = NULL;

    ke_acquire_lock(&mm->sections_lock);
    uint64_t va = pointers_of(mm, file)->ImageSectionObject.va;
    if (va) {
        CONTROL_AREA *area = kspace_host(ks, va);
        area->NumberOfSectionReferences++;
        area->NumberOfUserReferences++;
        segment = k2h(ks, area->Segment);
    }
    ke_release_lock(&mm->sections_lock);
    return segment;
}

/* Make a new control area the file's. => false: somebody else was faster */
static bool publish_image(struct mi_control *control)
{
    struct mm *mm = control->mm;
    SECTION_OBJECT_POINTERS *pointers = pointers_of(mm, control->file);

    ke_acquire_lock(&mm->sections_lock);
    bool first = pointers->ImageSectionObject.va == 0;
    if (first) {
        pointers->ImageSectionObject.va = h2k(&mm->ke->ks, control->area);
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
        *out = file ? find_image(mm, file) : NULL;
        if (*out)
            return STATUS_SUCCESS;
        NTSTATUS status = mi_create_image_control(mm, image, image->base, file, &control);
        if (!NT_SUCCESS(status))
            return status;
        *out = control->segment;
        if (!file || publish_image(control))
            return STATUS_SUCCESS;
        mm_close_section(mm, control->segment);
    }
}

/* ---- page-file backed sections --------------------------------------------------------------- */

NTSTATUS mm_create_page_file_section(struct mm *mm, uint64_t size, uint32_t protect,
                                     uint32_t attributes, SEGMENT **out)
{
    struct mi_control *control;
    unsigned protection;
    bool commit = attributes & SEC_COMMIT;
    NTSTATUS status = mi_make_protection(protect, true, &protection);

    if (!NT_SUCCESS(status))
        return status;
    if (!mi_protection_readable(protection) || mi_protection_guard(protection))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (size == 0)
        return STATUS_INVALID_PARAMETER_4;
    uint64_t pages = MI_VPN(size - 1) + 1;
    if (pages > SECTION_PAGES_MOST)
        return STATUS_SECTION_TOO_BIG;
    if (commit && !mi_charge_commit(mm, pages, MI_COMMIT_USER))
        return STATUS_COMMITMENT_LIMIT;
    status = mi_control_create(mm, NULL, 1, pages, &control);
    if (!NT_SUCCESS(status)) {
        mi_return_commit(mm, commit ? pages : 0, MI_COMMIT_USER);
        return status;
    }
    SUBSECTION *subsection = mi_subsection(control, 0);
    subsection->SubsectionBase.va = control->segment->PrototypePte.va;
    subsection->PtesInSubsection = (ULONG)pages;
    subsection->u.SubsectionFlags.Protection = protection;
    control->segment->SegmentFlags.DefaultProtectionMask = protection;
    control->segment->NumberOfCommittedPages = commit ? pages : 0;
    control->area->u.Flags.Commit = commit;
    control->area->u.Flags.Reserve = !commit;
    for (uint64_t i = 0; commit && i < pages; i++)
        mi_write_pte(&control->ptes[i], mi_demand_zero_pte(protection));
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
