/* src/mm/checksection.c: sections, their prototype PTEs and pages. See check.c.
 *
 * A valid prototype's frame is active and mapped as often as its share count says; one in
 * transition is on a list, but none of a section in large pages; each holds a share of the paged
 * pool page that it lies in.
 */
#include "ke/list.h"
#include "mm/check.h"
#include "mm/section.h"
#include "mm/system.h"

/* What a prototype says, or its page remembers, of a page of a file: which one it is. */
static void check_file_pte(struct mi_check *check, struct mi_control *control,
                           const struct mi_run *run, uint64_t index, MMPTE original)
{
    bool same = mi_control_of_pte(check->mm, original) == control &&
                mi_page_of_proto(control, &run->ptes[index], original) == run->first + index &&
                (control->ptes || mi_subsection_of_pte(check->mm, original) == run->subsection);

    MI_CHECK(check, same, "page %llu of control area %p: its prototype leads elsewhere",
             (unsigned long long)(run->first + index), (const void *)control->area);
}

/* The subsections of a data file follow one another, and the file's end is where the last pages
 * say. */
static void check_subsections(struct mi_check *check, const struct mi_control *control)
{
    const struct kspace *ks = &check->mm->ke->ks;
    const SEGMENT *segment = MI_CHECK_AT(check, control->segment);
    uint64_t pages = 0, bytes = 0;

    for (const SUBSECTION *s = mi_subsection(control, 0); s; s = mi_next_subsection(ks, s)) {
        MI_CHECK(check, s->StartingSector == pages && k2h(ks, s->ControlArea) == control->area,
                 "subsection %p begins at page %u, not %llu", (const void *)s, s->StartingSector,
                 (unsigned long long)pages);
        pages += s->PtesInSubsection;
        bytes += MI_VA(s->NumberOfFullSectors) + s->u.SubsectionFlags.SectorEndOffset;
    }
    MI_CHECK(check,
             pages == control->pages && pages == segment->TotalNumberOfPtes &&
                 bytes == segment->SizeOfSegment && bytes == control->size,
             "control area %p: %llu pages and %llu bytes in subsections",
             (const void *)control->area, (unsigned long long)pages, (unsigned long long)bytes);
}

const MMPFN *mi_check_held_proto(struct mi_check *check, const MMPTE *proto, uint32_t own)
{
    struct mm *mm = check->mm;
    MMPTE value = mi_read_pte(MI_CHECK_AT(check, proto));
    uint64_t pfn = value.u.Hard.PageFrameNumber, va = h2k(&mm->ke->ks, proto);
    size_t index = mi_region_index(&mm->paged, proto);
    uint64_t table = mm->paged.ptes[index].u.Hard.PageFrameNumber;

    check->share[table]++;
    if (pfn >= mm->frames) {
        mi_check_failed(check, "prototype %llx holds %llx, which is no frame",
                        (unsigned long long)va, (unsigned long long)pfn);
        return NULL;
    }
    const MMPFN *page = &mm->pfn[pfn];
    check->share[pfn] += own;
    MI_CHECK(check,
             page->u4.PrototypePte && page->PteAddress.va == va && page->u4.PteFrame == table,
             "prototype %llx: frame %llx names prototype %llx", (unsigned long long)va,
             (unsigned long long)pfn, (unsigned long long)page->PteAddress.va);
    if (value.u.Hard.Valid) {
        MI_CHECK(check, check->share[pfn] > 0 && !mi_check_is_listed(check, pfn),
                 "prototype %llx is valid, but nobody maps frame %llx", (unsigned long long)va,
                 (unsigned long long)pfn);
    } else {
        MI_CHECK(check, check->share[pfn] == 0 && mi_check_is_listed(check, pfn),
                 "prototype %llx is in transition, but frame %llx is mapped, or on no list",
                 (unsigned long long)va, (unsigned long long)pfn);
        check->share[pfn]++;
    }
    return page;
}

/* A prototype that holds a frame. => whether it is of a file */
static bool check_held(struct mi_check *check, struct mi_control *control, const struct mi_run *run,
                       uint64_t at)
{
    bool large = MI_CHECK_AT(check, control->segment)->SegmentFlags.LargePages;
    const MMPFN *page = mi_check_held_proto(check, &run->ptes[at], large); /* the section itself */
    bool of_file = page && page->OriginalPte.u.Soft.Prototype;

    if (of_file)
        check_file_pte(check, control, run, at, page->OriginalPte);
    return of_file;
}

static void check_control(struct mi_check *check, struct mi_control *control)
{
    const struct kspace *ks = &check->mm->ke->ks;
    const CONTROL_AREA *area = control->area;
    const SEGMENT *segment = MI_CHECK_AT(check, control->segment);
    uint64_t views = 0, committed = 0, in_memory = 0;
    bool file = area->u.Flags.Image || area->u.Flags.File, data = !control->ptes;
    struct mi_run run;

    for (uint64_t page = 0; mi_next_run(control, page, &run); page = run.first + run.count) {
        for (uint64_t i = 0; i < run.count; i++) {
            MMPTE value = mi_read_pte(MI_CHECK_AT(check, &run.ptes[i]));
            committed += value.u.Long != 0;
            if (mi_pte_in_page_file(value))
                mi_check_slot(check, value);
            if (mi_pte_holds_frame(value))
                in_memory += check_held(check, control, &run, i);
            else if (value.u.Soft.Prototype)
                check_file_pte(check, control, &run, i, value);
        }
    }
    MI_CHECK(check, area->NumberOfPfnReferences == in_memory,
             "control area %p: %llu pages in memory, found %llu", (const void *)area,
             (unsigned long long)area->NumberOfPfnReferences, (unsigned long long)in_memory);
    if (data)
        check_subsections(check, control);
    ke_list_for_each(ks, entry, &area->ViewList) views++;
    MI_CHECK(check, area->NumberOfMappedViews == views, "control area %p: %llu views, found %llu",
             (const void *)area, (unsigned long long)area->NumberOfMappedViews,
             (unsigned long long)views);
    MI_CHECK(check, area->NumberOfSectionReferences + views > 0, "control area %p: nobody needs it",
             (const void *)area);
    /* Who copies to or from cached pages refers to the section, but is no user of it. */
    MI_CHECK(check,
             area->NumberOfUserReferences >= views &&
                 area->NumberOfUserReferences <= area->NumberOfSectionReferences + views &&
                 (data || area->NumberOfUserReferences == area->NumberOfSectionReferences + views),
             "control area %p: %llu user references", (const void *)area,
             (unsigned long long)area->NumberOfUserReferences);
    MI_CHECK(check, file || segment->NumberOfCommittedPages == committed,
             "control area %p: %llu committed pages, found %llu", (const void *)area,
             (unsigned long long)segment->NumberOfCommittedPages, (unsigned long long)committed);
    check->section_commit += segment->NumberOfCommittedPages;
    check->resident += segment->SegmentFlags.LargePages ? control->pages : 0;
    check->views -= views;
}

void mi_check_sections(struct mi_check *check)
{
    struct mm *mm = check->mm;

    list_for_each(node, &mm->controls)
        check_control(check, list_entry(node, struct mi_control, link));
    MI_CHECK(check, check->views == 0, "%lld views in no list of views", (long long)check->views);
}
