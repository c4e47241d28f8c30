/* src/mm/check.c: is all of memory management's state consistent?
 *
 * The promises, each looked at from both sides:
 *
 *      lists   each list is linked both ways, as long as its Total says, and all its frames say
 *              that they are on it, zeroed and free ones on that of their colour; every frame is
 *              on one list, in quarantine, at hand of one process (slist.c), or active
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

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "mm/color.h"
#include "mm/frames.h"

#define ZEROED_LOOKED_AT 256u

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
    if (page->u3.e1.PageLocation == ModifiedPageList ||
        page->u3.e1.PageLocation == ModifiedNoWritePageList)
        MI_CHECK(check, page->u3.e1.Modified && !mi_pte_in_page_file(original),
                 "modified frame %llx has a slot", (unsigned long long)pfn);
}

/* A frame that some list leads to. => false: it is no frame, or was met before, so that this list
 * is not to be followed any further */
static bool enter_frame(struct mi_check *check, uint64_t pfn, const char *list)
{
    if (pfn >= check->mm->frames || mi_check_is_listed(check, pfn)) {
        mi_check_failed(check, "%s: frame %llx is no frame, or listed twice", list,
                        (unsigned long long)pfn);
        return false;
    }
    bitmap_set(&check->listed, pfn);
    check_original(check, pfn);
    return true;
}

static const char *const list_names[] = {
    [ZeroedPageList] = "zeroed list",     [FreePageList] = "free list",
    [StandbyPageList] = "standby list",   [ModifiedPageList] = "modified list",
    [BadPageList] = "list of bad frames", [ModifiedNoWritePageList] = "modified-no-write list"};

/* `elsewhere` frames of its Total are on another list. */
static void check_list(struct mi_check *check, const MMPFNLIST *list, MMLISTS name,
                       uint64_t elsewhere)
{
    const struct mm *mm = check->mm;
    uint64_t before = MI_LIST_END, count = 0;

    MI_CHECK(check, list->ListName == name, "list %d says that it is list %d", name,
             list->ListName);
    for (uint64_t pfn = list->Flink; pfn != MI_LIST_END; pfn = mm->pfn[pfn].u1.Flink) {
        if (!enter_frame(check, pfn, list_names[name]))
            return;
        const MMPFN *page = &mm->pfn[pfn];
        if (name == StandbyPageList || name == ModifiedPageList || name == ModifiedNoWritePageList)
            bitmap_set(&check->kept, pfn);
        MI_CHECK(check, page->u2.Blink == before, "list %d: frame %llx has a wrong Blink", name,
                 (unsigned long long)pfn);
        MI_CHECK(check, page->u3.e1.PageLocation == name, "list %d: frame %llx says location %d",
                 name, (unsigned long long)pfn, page->u3.e1.PageLocation);
        MI_CHECK(check, page->u3.e2.ReferenceCount == 0, "list %d: frame %llx is referenced", name,
                 (unsigned long long)pfn);
        MI_CHECK(check, name != ModifiedPageList || mi_modified_list(mm, page) == list,
                 "frame %llx is on the wrong list of modified pages", (unsigned long long)pfn);
        MI_CHECK(check, name > FreePageList || mi_color_list(mm, name, pfn) == list,
                 "frame %llx is on the list of another colour", (unsigned long long)pfn);
        MI_CHECK(check, page->u4.PageColor == 0, "frame %llx says node %u", (unsigned long long)pfn,
                 page->u4.PageColor);
        before = pfn;
        count++;
    }
    MI_CHECK(check, list->Blink == before, "list %d: wrong Blink at its head", name);
    MI_CHECK(check, list->Total == count + elsewhere, "list %d: Total is %llu for %llu frames",
             name, (unsigned long long)list->Total, (unsigned long long)(count + elsewhere));
}

/* The lists by colour have the frames, and the head of all has their count. */
static void check_colors(struct mi_check *check, const MMPFNLIST *all, MMLISTS name)
{
    const struct mm *mm = check->mm;
    uint64_t total = 0;

    for (uint32_t color = 0; color < mm->colors; color++) {
        const MMPFNLIST *list = mi_color_list(mm, name, color);
        check_list(check, list, name, 0);
        total += list->Total;
    }
    check_list(check, all, name, total);
    MI_CHECK(check, all->Flink == MI_LIST_END, "list %d: its head has frames of its own", name);
    MI_CHECK(check,
             mm->ke->nt.MmFreePagesByColor[name].va == h2k(&mm->ke->ks, mi_color_list(mm, name, 0)),
             "list %d: MmFreePagesByColor is wrong", name);
}

static void check_lists(struct mi_check *check)
{
    const struct nt_globals *nt = &check->mm->ke->nt;
    uint64_t available = nt->MmZeroedPageListHead->Total + nt->MmFreePageListHead->Total;

    check_colors(check, nt->MmZeroedPageListHead, ZeroedPageList);
    check_colors(check, nt->MmFreePageListHead, FreePageList);
    MI_CHECK(check,
             *nt->MmSecondaryColors == check->mm->colors &&
                 *nt->MmSecondaryColorMask == check->mm->colors - 1,
             "MmSecondaryColors is %u, MmSecondaryColorMask %x", *nt->MmSecondaryColors,
             *nt->MmSecondaryColorMask);
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
    return words_are_zero(mi_frame(mm, pfn), PAGE_SIZE / sizeof(uint64_t));
}

/* Pages on the zeroed lists read as zero; looking at all of a large RAM would touch all of it, so
 * only the heads of the lists, where frames come back, are looked at. */
static void check_zeroed(struct mi_check *check)
{
    const struct mm *mm = check->mm;

    for (uint32_t i = 0; i < mm->colors; i++) {
        uint64_t pfn = mi_color_list(mm, ZeroedPageList, i)->Flink;
        for (uint32_t n = 0; n <= ZEROED_LOOKED_AT / mm->colors && pfn < mm->frames; n++) {
            MI_CHECK(check, is_zero_page(mm, pfn), "frame %llx is on the zeroed list, but not zero",
                     (unsigned long long)pfn);
            pfn = mm->pfn[pfn].u1.Flink;
        }
    }
}

static void check_quarantine(struct mi_check *check)
{
    const struct mm *mm = check->mm;
    size_t count = 0;

    for (uint64_t pfn = mm->quarantine.first; pfn != MI_LIST_END; pfn = mm->pfn[pfn].u1.Flink) {
        if (!enter_frame(check, pfn, "quarantine"))
            return;
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
        if (!enter_frame(check, pfn, "at hand"))
            return;
        const MMPFN *page = &mm->pfn[pfn];
        MI_CHECK(check,
                 page->u3.e1.PageLocation == ActiveAndValid && page->u3.e2.ReferenceCount == 1 &&
                     page->u2.ShareCount == 0 && page->PteAddress.va == 0,
                 "at hand: frame %llx is somebody's", (unsigned long long)pfn);
        MI_CHECK(check, !zeroed || is_zero_page(mm, pfn), "at hand: frame %llx is not zero",
                 (unsigned long long)pfn);
    }
}

/* A frame that is on no list. */
static void check_active(struct mi_check *check, uint64_t pfn)
{
    const MMPFN *page = &check->mm->pfn[pfn];

    check_original(check, pfn);
    MI_CHECK(check, page->u3.e1.PageLocation == ActiveAndValid,
             "frame %llx says location %u, but is on no list", (unsigned long long)pfn,
             page->u3.e1.PageLocation);
    MI_CHECK(check, page->u3.e2.ReferenceCount == 1, "frame %llx: reference count %u",
             (unsigned long long)pfn, page->u3.e2.ReferenceCount);
    MI_CHECK(check, check->share[pfn] != 0, "frame %llx is active, but no PTE holds it",
             (unsigned long long)pfn);
    MI_CHECK(check, page->u2.ShareCount == check->share[pfn],
             "frame %llx: share count %llu, found %u", (unsigned long long)pfn,
             (unsigned long long)page->u2.ShareCount, check->share[pfn]);
}

/* A frame of a list: PTEs in transition, or prototypes, hold what is on the standby and modified
 * lists, and nothing else. */
static void check_idle(struct mi_check *check, uint64_t pfn)
{
    MI_CHECK(check, (check->share[pfn] != 0) == bitmap_test(&check->kept, pfn),
             "frame %llx in location %u is held by %u PTEs", (unsigned long long)pfn,
             check->mm->pfn[pfn].u3.e1.PageLocation, check->share[pfn]);
}

/* Whether all frames of a word of the maps are on lists, and nobody holds any, as is right. */
static bool are_all_idle(const struct mi_check *check, size_t word)
{
    const uint64_t *shares = (const uint64_t *)&check->share[word * 64];

    return check->listed.words[word] == UINT64_MAX && check->kept.words[word] == 0 &&
           words_are_zero(shares, 64 * sizeof(*check->share) / sizeof(*shares));
}

/* After all tables were walked: frames against what was found. Frame 0 is nobody's. */
static void check_frames(struct mi_check *check)
{
    for (uint64_t pfn = 1; pfn < check->mm->frames; pfn++) {
        if (pfn % 64 == 0 && are_all_idle(check, pfn / 64)) {
            pfn += 63;
            continue;
        }
        if (mi_check_is_listed(check, pfn))
            check_idle(check, pfn);
        else
            check_active(check, pfn);
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

/* ---- what is found is noted in memory that stays for the next time ----------------------------
 */

/* Words of counts by frame, for whole words of the maps. */
static size_t share_words(const struct mm *mm)
{
    return BITMAP_WORDS(mm->frames) * (64 * sizeof(uint32_t) / sizeof(uint64_t));
}

static bool begin(struct mi_check *check)
{
    struct mm *mm = check->mm;
    size_t shares = share_words(mm), map = BITMAP_WORDS(mm->frames);
    size_t paged = mm->paged.pages;
    size_t bytes = (shares + 2 * map + paged) * sizeof(uint64_t);

    if (!mm->check.words)
        mm->check.words = malloc(bytes);
    if (!mm->check.words)
        return false;
    memset(mm->check.words, 0, bytes);
    check->share = (uint32_t *)mm->check.words;
    check->listed = (struct bitmap){mm->check.words + shares, mm->frames};
    check->kept = (struct bitmap){mm->check.words + shares + map, mm->frames};
    check->paged = (const char **)(mm->check.words + shares + 2 * map);
    return mi_check_paging_begin(check);
}

size_t mm_check(struct mm *mm)
{
    struct mi_check check = {.mm = mm};

    mi_list_all_frames(mm);
    if (begin(&check)) {
        mi_pause_workers(mm);
        pthread_mutex_lock(&mm->spaces_lock);
        if (mi_check_paged_pool_begin(&check))
            check_all(&check);
        else
            mi_check_failed(&check, "paged pool cannot be read");
        pthread_mutex_unlock(&mm->spaces_lock);
        mi_resume_workers(mm);
    } else {
        mi_check_failed(&check, "no memory to check with");
    }
    mi_check_paging_end(&check);
    return check.violations;
}
