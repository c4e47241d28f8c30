/* src/mm/check.c: is all of memory management's state consistent?
 *
 * The promises, each looked at from both sides:
 *
 *      lists   each list is linked both ways, as long as its Total says, and all its frames say
 *              that they are on it; every frame is on one list, in quarantine, at hand of one
 *              process (slist.c), or active
 *      tables  (checktables.c) every PTE's frame names that PTE and table; share counts are the
 *              number of PTEs; UsedPageTableEntries are the entries that are not zero
 *      working sets (checkwset.c) each valid user PTE has one entry, which is found from its page
 *      VADs    (checkvad.c) order, balance, gaps; commit charges are the committed pages
 *      commit  charges of all owners add up to MmTotalCommittedPages
 *      sections (checksection.c) prototype PTEs against frames and page tables; references
 *      forks   (checkclone.c) blocks against the PTEs of all processes that lead to them
 *      pools   (checkpool.c) blocks fill their pages; lists, tags and descriptors agree with them
 *      paged pool (checkpaged.c) its working set has an entry for each page that is in memory
 *
 * A frame that no table reaches, and a PTE that no VAD covers, are leaks and reported as such.
 * The machine must be quiescent: no call into mm from other threads meanwhile.
 */
#include "mm/check.h"
#include "mm/frames.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void mi_check_failed(struct mi_check *check, const char *format, ...)
{
    char message[256];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    log_error(check->mm->log, "mm_check: %s", message);
    check->violations++;
}

/* ---- page lists ----------------------------------------------------------------------------- */

/* `elsewhere` frames of its Total are on another list. */
static void check_list(struct mi_check *check, const MMPFNLIST *list, MMLISTS name,
                       uint64_t elsewhere)
{
    const struct mm *mm = check->mm;
    uint64_t before = MI_LIST_END, count = 0;

    MI_CHECK(check, list->ListName == name, "list %d says that it is list %d", name,
             list->ListName);
    for (uint64_t pfn = list->Flink; pfn != MI_LIST_END; pfn = mm->pfn[pfn].u1.Flink) {
        if (pfn >= mm->frames || check->listed[pfn]) {
            mi_check_failed(check, "list %d: frame %llx is no frame, or listed twice", name,
                            (unsigned long long)pfn);
            return;
        }
        const MMPFN *page = &mm->pfn[pfn];
        check->listed[pfn] = true;
        MI_CHECK(check, page->u2.Blink == before, "list %d: frame %llx has a wrong Blink", name,
                 (unsigned long long)pfn);
        MI_CHECK(check, page->u3.e1.PageLocation == name, "list %d: frame %llx says location %d",
                 name, (unsigned long long)pfn, page->u3.e1.PageLocation);
        MI_CHECK(check, page->u3.e2.ReferenceCount == 0, "list %d: frame %llx is referenced", name,
                 (unsigned long long)pfn);
        MI_CHECK(check, name != ModifiedPageList || mi_modified_list(mm, page) == list,
                 "frame %llx is on the wrong list of modified pages", (unsigned long long)pfn);
        before = pfn;
        count++;
    }
    MI_CHECK(check, list->Blink == before, "list %d: wrong Blink at its head", name);
    MI_CHECK(check, list->Total == count + elsewhere, "list %d: Total is %llu for %llu frames",
             name, (unsigned long long)list->Total, (unsigned long long)(count + elsewhere));
}

static void check_lists(struct mi_check *check)
{
    const struct nt_globals *nt = &check->mm->ke->nt;
    uint64_t available = nt->MmZeroedPageListHead->Total + nt->MmFreePageListHead->Total;

    check_list(check, nt->MmZeroedPageListHead, ZeroedPageList, 0);
    check_list(check, nt->MmFreePageListHead, FreePageList, 0);
    for (int i = 0; i < 8; i++) {
        check_list(check, &nt->MmStandbyPageListByPriority[i], StandbyPageList, 0);
        available += nt->MmStandbyPageListByPriority[i].Total;
    }
    check_list(check, nt->MmModifiedPageListHead, ModifiedPageList,
               nt->MmModifiedPageListByColor->Total);
    check_list(check, nt->MmModifiedPageListByColor, ModifiedPageList, 0);
    check_list(check, nt->MmModifiedNoWritePageListHead, ModifiedNoWritePageList, 0);
    check_list(check, nt->MmBadPageListHead, BadPageList, 0);
    MI_CHECK(check, *nt->MmAvailablePages == available,
             "MmAvailablePages is %llu, the lists have %llu",
             (unsigned long long)*nt->MmAvailablePages, (unsigned long long)available);
}

static bool is_zero_page(const struct mm *mm, uint64_t pfn)
{
    const uint64_t *word = mi_frame(mm, pfn);

    for (size_t i = 0; i < PAGE_SIZE / sizeof(*word); i++) {
        if (word[i] != 0)
            return false;
    }
    return true;
}

/* Pages on the zeroed list read as zero; looking at all of a large RAM would touch all of it, so
 * only the head of the list, where frames come back, is looked at. */
static void check_zeroed(struct mi_check *check)
{
    const struct mm *mm = check->mm;
    uint64_t pfn = mm->ke->nt.MmZeroedPageListHead->Flink;

    for (int i = 0; i < 256 && pfn < mm->frames; i++, pfn = mm->pfn[pfn].u1.Flink) {
        MI_CHECK(check, is_zero_page(mm, pfn), "frame %llx is on the zeroed list, but not zero",
                 (unsigned long long)pfn);
    }
}

static void check_quarantine(struct mi_check *check)
{
    const struct mm *mm = check->mm;
    size_t count = 0;

    for (uint64_t pfn = mm->quarantine.first; pfn != MI_LIST_END; pfn = mm->pfn[pfn].u1.Flink) {
        if (pfn >= mm->frames || check->listed[pfn]) {
            mi_check_failed(check, "quarantine: frame %llx is no frame, or listed twice",
                            (unsigned long long)pfn);
            return;
        }
        check->listed[pfn] = true;
        MI_CHECK(check, mm->pfn[pfn].u3.e1.PageLocation == TransitionPage,
                 "quarantine: frame %llx says location %d", (unsigned long long)pfn,
                 mm->pfn[pfn].u3.e1.PageLocation);
        count++;
    }
    MI_CHECK(check, count == mm->quarantine.count, "quarantine: wrong count");
}

/* Frames that a process has at hand: active, but nobody's. */
static void check_at_hand(struct mi_check *check, const struct mm_space *space)
{
    const struct mm *mm = check->mm;
    const struct mi_slist *slist = &space->slist;
    uint32_t count = slist->zeroed_count + slist->free_count;

    MI_CHECK(check, slist->zeroed_count <= mm->slist_most && slist->free_count <= mm->slist_most,
             "process %p has too many frames at hand", (const void *)space->process);
    for (uint32_t i = 0; i < count; i++) {
        bool zeroed = i < slist->zeroed_count;
        uint64_t pfn = zeroed ? slist->zeroed[i] : slist->free[i - slist->zeroed_count];
        if (pfn >= mm->frames || check->listed[pfn]) {
            mi_check_failed(check, "at hand: frame %llx is no frame, or listed twice",
                            (unsigned long long)pfn);
            return;
        }
        const MMPFN *page = &mm->pfn[pfn];
        check->listed[pfn] = true;
        MI_CHECK(check,
                 page->u3.e1.PageLocation == ActiveAndValid && page->u3.e2.ReferenceCount == 1 &&
                     page->u2.ShareCount == 0 && page->PteAddress.va == 0,
                 "at hand: frame %llx is somebody's", (unsigned long long)pfn);
        MI_CHECK(check, !zeroed || is_zero_page(mm, pfn), "at hand: frame %llx is not zero",
                 (unsigned long long)pfn);
    }
}

/* A page that is not mapped is where its list says it is: a standby page has its contents elsewhere
 * too, and one that was modified has them nowhere else. */
static void check_original(struct mi_check *check, uint64_t pfn)
{
    const MMPFN *page = &check->mm->pfn[pfn];
    MMPTE original = page->OriginalPte;

    if (mi_pte_in_page_file(original))
        mi_check_slot(check, original);
    if (page->u3.e1.PageLocation == StandbyPageList)
        MI_CHECK(check,
                 !page->u3.e1.Modified &&
                     (mi_pte_in_page_file(original) || original.u.Soft.Prototype),
                 "standby frame %llx has its contents nowhere else", (unsigned long long)pfn);
    if (page->u3.e1.PageLocation == ModifiedPageList)
        MI_CHECK(check, page->u3.e1.Modified && !mi_pte_in_page_file(original),
                 "modified frame %llx has a slot", (unsigned long long)pfn);
}

/* After all tables were walked: frames against what was found. Frame 0 is nobody's. */
static void check_frames(struct mi_check *check)
{
    const struct mm *mm = check->mm;

    for (uint64_t pfn = 1; pfn < mm->frames; pfn++) {
        const MMPFN *page = &mm->pfn[pfn];
        unsigned location = page->u3.e1.PageLocation;
        check_original(check, pfn);
        if (check->listed[pfn]) {
            /* A transition PTE, or prototype, holds it. */
            bool kept = location == ModifiedPageList || location == StandbyPageList;
            MI_CHECK(check, (check->share[pfn] != 0) == kept,
                     "frame %llx in location %u is held by %u PTEs", (unsigned long long)pfn,
                     location, check->share[pfn]);
            continue;
        }
        MI_CHECK(check, location == ActiveAndValid,
                 "frame %llx says location %u, but is on no list", (unsigned long long)pfn,
                 location);
        MI_CHECK(check, page->u3.e2.ReferenceCount == 1, "frame %llx: reference count %u",
                 (unsigned long long)pfn, page->u3.e2.ReferenceCount);
        MI_CHECK(check, check->share[pfn] != 0, "frame %llx is active, but no PTE holds it",
                 (unsigned long long)pfn);
        MI_CHECK(check, page->u2.ShareCount == check->share[pfn],
                 "frame %llx: share count %llu, found %u", (unsigned long long)pfn,
                 (unsigned long long)page->u2.ShareCount, check->share[pfn]);
    }
}

static void check_commit(struct mi_check *check)
{
    const struct mm *mm = check->mm;
    uint64_t total = *mm->ke->nt.MmTotalCommittedPages, cached = mi_cached_commit(mm);
    uint64_t system = mm->nonpaged.backed_pages + mm->paged.backed_pages +
                      mm->system_ptes.backed_pages + mm->pool_space.overhead + check->tables +
                      check->overhead;

    MI_CHECK(check, mi_system_commit(mm) == system, "system commit is %llu, found %llu",
             (unsigned long long)mi_system_commit(mm), (unsigned long long)system);
    MI_CHECK(check, total == system + check->user_commit + check->section_commit + cached,
             "MmTotalCommittedPages is %llu, found %llu", (unsigned long long)total,
             (unsigned long long)(system + check->user_commit + check->section_commit + cached));
}

static void check_resident(struct mi_check *check)
{
    uint64_t left = *check->mm->ke->nt.MmResidentAvailablePages;

    MI_CHECK(check, left + check->resident == check->mm->resident,
             "MmResidentAvailablePages is %llu of %llu, found %llu promised",
             (unsigned long long)left, (unsigned long long)check->mm->resident,
             (unsigned long long)check->resident);
}

/* What a job counts is what its processes have. Each job is looked at with its first process. */
static void check_job(struct mi_check *check, const struct mm_space *first)
{
    uint64_t charge = 0;

    list_for_each(node, &check->mm->spaces)
    {
        const struct mm_space *space = list_entry(node, struct mm_space, link);
        if (space->job != first->job)
            continue;
        if (charge == 0 && space != first)
            return;
        charge += space->process->CommitCharge;
    }
    MI_CHECK(check, first->job->CurrentJobMemoryUsed == charge,
             "job %p: CurrentJobMemoryUsed %llu, found %llu", (const void *)first->job,
             (unsigned long long)first->job->CurrentJobMemoryUsed, (unsigned long long)charge);
}

static void check_jobs(struct mi_check *check)
{
    list_for_each(node, &check->mm->spaces)
    {
        const struct mm_space *space = list_entry(node, struct mm_space, link);
        if (space->job)
            check_job(check, space);
    }
}

static void check_all(struct mi_check *check)
{
    struct mm *mm = check->mm;

    ke_acquire_lock(&mm->pfn_lock);
    check_lists(check);
    check_zeroed(check);
    check_quarantine(check);
    ke_release_lock(&mm->pfn_lock);
    mi_check_system_tables(check);
    list_for_each(node, &mm->spaces)
    {
        struct mm_space *space = list_entry(node, struct mm_space, link);
        check_at_hand(check, space);
        mi_check_space(check, space);
    }
    mi_check_sections(check);
    mi_check_clones(check);
    check_frames(check);
    mi_check_paging_files(check);
    mi_check_regions(check);
    mi_check_paged_pool(check);
    mi_check_pools(check);
    check_commit(check);
    check_resident(check);
    check_jobs(check);
}

size_t mm_check(struct mm *mm)
{
    struct mi_check check = {.mm = mm};

    mi_list_all_frames(mm);
    check.share = calloc(mm->frames, sizeof(*check.share));
    check.listed = calloc(mm->frames, sizeof(*check.listed));
    if (check.share && check.listed && mi_check_paging_begin(&check)) {
        mi_pause_workers(mm);
        pthread_mutex_lock(&mm->spaces_lock);
        if (mi_check_paged_pool_begin(&check))
            check_all(&check);
        else
            mi_check_failed(&check, "paged pool cannot be read");
        mi_check_paged_pool_end(&check);
        pthread_mutex_unlock(&mm->spaces_lock);
        mi_resume_workers(mm);
    } else {
        mi_check_failed(&check, "no memory to check with");
    }
    mi_check_paging_end(&check);
    free(check.share);
    free(check.listed);
    return check.violations;
}
