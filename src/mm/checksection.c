/* src/mm/checksection.c: sections, their prototype PTEs and pages. See check.c.
 *
 * A valid prototype's frame is active and mapped as often as its share count says; one in
 * transition is on a list; each holds a share of the paged pool page that it lies in.
 */
#include "ke/list.h"
#include "mm/check.h"
#include "mm/section.h"

/* A prototype that holds a frame. */
static void check_held(struct mi_check *check, const MMPTE *proto)
{
    struct mm *mm = check->mm;
    MMPTE value = mi_read_pte(proto);
    uint64_t pfn = value.u.Hard.PageFrameNumber, va = h2k(&mm->ke->ks, proto);
    size_t index = mi_region_index(&mm->paged, proto);
    uint64_t table = mm->paged.ptes[index].u.Hard.PageFrameNumber;

    check->share[table]++;
    if (pfn >= mm->frames) {
        mi_check_failed(check, "prototype %llx holds %llx, which is no frame",
                        (unsigned long long)va, (unsigned long long)pfn);
        return;
    }
    const MMPFN *page = &mm->pfn[pfn];
    MI_CHECK(check,
             page->u4.PrototypePte && page->PteAddress.va == va && page->u4.PteFrame == table,
             "prototype %llx: frame %llx names prototype %llx", (unsigned long long)va,
             (unsigned long long)pfn, (unsigned long long)page->PteAddress.va);
    if (value.u.Hard.Valid) {
        MI_CHECK(check, check->share[pfn] > 0 && !check->listed[pfn],
                 "prototype %llx is valid, but nobody maps frame %llx", (unsigned long long)va,
                 (unsigned long long)pfn);
    } else {
        MI_CHECK(check, check->share[pfn] == 0 && check->listed[pfn],
                 "prototype %llx is in transition, but frame %llx is mapped, or on no list",
                 (unsigned long long)va, (unsigned long long)pfn);
        check->share[pfn]++;
    }
}

static void check_control(struct mi_check *check, struct mi_control *control)
{
    const struct kspace *ks = &check->mm->ke->ks;
    const CONTROL_AREA *area = control->area;
    uint64_t views = 0, committed = 0;
    bool image = area->u.Flags.Image;

    for (uint64_t i = 0; i < control->pages; i++) {
        MMPTE value = mi_read_pte(&control->ptes[i]);
        committed += value.u.Long != 0;
        if (mi_pte_holds_frame(value))
            check_held(check, &control->ptes[i]);
    }
    ke_list_for_each(ks, entry, &area->ViewList) views++;
    MI_CHECK(check, area->NumberOfMappedViews == views, "control area %p: %llu views, found %llu",
             (const void *)area, (unsigned long long)area->NumberOfMappedViews,
             (unsigned long long)views);
    MI_CHECK(check, area->NumberOfSectionReferences + views > 0, "control area %p: nobody needs it",
             (const void *)area);
    MI_CHECK(check, area->NumberOfUserReferences == area->NumberOfSectionReferences + views,
             "control area %p: %llu user references", (const void *)area,
             (unsigned long long)area->NumberOfUserReferences);
    MI_CHECK(check, image || control->segment->NumberOfCommittedPages == committed,
             "control area %p: %llu committed pages, found %llu", (const void *)area,
             (unsigned long long)control->segment->NumberOfCommittedPages,
             (unsigned long long)committed);
    check->section_commit += control->segment->NumberOfCommittedPages;
    check->views -= views;
}

void mi_check_sections(struct mi_check *check)
{
    struct mm *mm = check->mm;

    ke_acquire_lock(&mm->sections_lock);
    list_for_each(node, &mm->controls)
        check_control(check, list_entry(node, struct mi_control, link));
    ke_release_lock(&mm->sections_lock);
    MI_CHECK(check, check->views == 0, "%lld views in no list of views", (long long)check->views);
}
