/* src/mm/pfn.c: page frames and the lists they wait on.
 *
 * Every frame of RAM has an MMPFN in the PFN database. PageLocation says where it is:
 *
 *            take                    map                         unmap, free
 *   zeroed ---------.                                       .--------------> free
 *      ^             >--> active <--------- modified        |                  |
 *      |  free -----'        |  make inaccessible ^         |                  |
 *      |                     '--------------------'---------'                  |
 *      '------------------- zero-page thread ----------------------------------'
 *
 * Lists are MMPFNLISTs in nt, linked by frame number through u1.Flink and u2.Blink; the ends are
 * all ones. Zeroed and free frames have a list for each colour (color.c); the Totals of
 * MmZeroedPageListHead and MmFreePageListHead count all of them. Frames are taken from and given to
 * the head, so that the memory that was touched last is used first. MmAvailablePages counts zeroed,
 * free and standby frames.
 *
 * Modified pages wait on two lists, by where they are to be written: in files on
 * MmModifiedPageListHead, in paging files on MmModifiedPageListByColor. The Total of the first
 * counts both. Source: SYSTEM_MEMORY_LIST_INFORMATION, whose ModifiedPageCountPageFile is a part of
 * its ModifiedPageCount; symbols.
 *
 * A page table that was freed because it became empty is all zero, and goes to the zeroed list.
 * A freed page table is in transition on no list (quarantine) until the engine forgot the
 * translations it made from it: engines that shadow page tables would otherwise hand them to the
 * next user of the frame.
 *
 * A frame that is marked bad leaves this picture the next time that it would be free (badpage.c).
 */
#include <string.h>

#include "mm/color.h"
#include "mm/frames.h"
#include "nt/info.h"

#define QUARANTINE_MOST 64u
#define RUN_SEARCH_FRAMES 32768u /* looked at under one lock, when searching for a run */
#define DEFAULT_PRIORITY MEMORY_PRIORITY_NORMAL
#define CACHE_ATTRIBUTE_CACHED 1u

void mi_list_initialize(MMPFNLIST *list, MMLISTS name)
{
    *list = (MMPFNLIST){.ListName = name, .Flink = MI_LIST_END, .Blink = MI_LIST_END};
}

static bool list_is_available(const MMPFNLIST *list)
{
    return list->ListName <= StandbyPageList;
}

/* The head that counts this list's frames as well. NULL: it counts for itself. */
static MMPFNLIST *list_of_all(struct mm *mm, const MMPFNLIST *list)
{
    struct nt_globals *nt = &mm->ke->nt;

    if (list->ListName <= FreePageList)
        return list->ListName == FreePageList ? nt->MmFreePageListHead : nt->MmZeroedPageListHead;
    return list == nt->MmModifiedPageListByColor ? nt->MmModifiedPageListHead : NULL;
}

/* Others look at counts without the lock. */
static void add_to(ULONG64 *count, int64_t by)
{
    __atomic_store_n(count, *count + (uint64_t)by, __ATOMIC_RELAXED);
}

static void list_count(struct mm *mm, MMPFNLIST *list, int64_t by)
{
    MMPFNLIST *all = list_of_all(mm, list);

    add_to(&list->Total, by);
    if (all)
        add_to(&all->Total, by);
    if (list_is_available(list))
        add_to(mm->ke->nt.MmAvailablePages, by);
}

/* mm_prepare_frame looks at heads without the lock. */
static void set_first(MMPFNLIST *list, uint64_t pfn)
{
    __atomic_store_n(&list->Flink, pfn, __ATOMIC_RELAXED);
}

static void list_link(struct mm *mm, MMPFNLIST *list, uint64_t before, uint64_t pfn, uint64_t after)
{
    MMPFN *page = mi_pfn(mm, pfn);

    page->u1.Flink = after;
    page->u2.Blink = before;
    if (before == MI_LIST_END)
        set_first(list, pfn);
    else
        mi_pfn(mm, before)->u1.Flink = pfn;
    if (after == MI_LIST_END)
        list->Blink = pfn;
    else
        mi_pfn(mm, after)->u2.Blink = pfn;
    page->u3.e1.PageLocation = list->ListName;
    list_count(mm, list, 1);
}

void mi_list_insert_head(struct mm *mm, MMPFNLIST *list, uint64_t pfn)
{
    list_link(mm, list, MI_LIST_END, pfn, list->Flink);
}

void mi_list_insert_tail(struct mm *mm, MMPFNLIST *list, uint64_t pfn)
{
    list_link(mm, list, list->Blink, pfn, MI_LIST_END);
}

void mi_list_remove(struct mm *mm, MMPFNLIST *list, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);
    uint64_t before = page->u2.Blink, after = page->u1.Flink;

    ASSERT(page->u3.e1.PageLocation == list->ListName);
    if (before == MI_LIST_END)
        set_first(list, after);
    else
        mi_pfn(mm, before)->u1.Flink = after;
    if (after == MI_LIST_END)
        list->Blink = before;
    else
        mi_pfn(mm, after)->u2.Blink = before;
    list_count(mm, list, -1);
}

void mi_list_append_run(struct mm *mm, MMPFNLIST *list, uint64_t first, uint64_t count)
{
    uint64_t last = first + (count - 1) * mm->colors;

    mi_pfn(mm, first)->u2.Blink = list->Blink;
    mi_pfn(mm, last)->u1.Flink = MI_LIST_END;
    if (list->Blink == MI_LIST_END)
        set_first(list, first);
    else
        mi_pfn(mm, list->Blink)->u1.Flink = first;
    list->Blink = last;
    list_count(mm, list, (int64_t)count);
}

void mi_page_taken(MMPFN *page)
{
    page->u1.Flink = 0;
    page->u2.ShareCount = 1;
    page->PteAddress.va = 0;
    page->OriginalPte.u.Long = 0;
    page->UsedPageTableEntries = 0;
    page->u3.e1.PageLocation = ActiveAndValid;
    page->u3.e1.Modified = 1; /* anonymous memory has no clean copy elsewhere */
    page->u3.e1.CacheAttribute = CACHE_ATTRIBUTE_CACHED;
    page->u3.e1.Priority = DEFAULT_PRIORITY;
    page->u3.e2.ReferenceCount = 1;
}

unsigned mi_page_priority(const struct mm *mm)
{
    unsigned priority =
        mm->ops->page_priority ? mm->ops->page_priority(mm->owner) : DEFAULT_PRIORITY;

    return priority % MI_PRIORITIES;
}

/* A page of user memory is as important as the thread that brings it in. => (P) */
static void set_user_priority(struct mm *mm, uint64_t pfn)
{
    if (pfn != MI_LIST_END)
        mi_pfn(mm, pfn)->u3.e1.Priority = (UCHAR)mi_page_priority(mm);
}

bool mi_page_is_ordinary(const MMPFN *page)
{
    return page->u3.e1.PageLocation == ActiveAndValid && page->u3.e1.Modified &&
           page->u3.e1.CacheAttribute == CACHE_ATTRIBUTE_CACHED &&
           page->u3.e1.Priority == DEFAULT_PRIORITY && !page->u4.PrototypePte &&
           !page->u4.AweAllocation && !mi_frame_is_bad(page);
}

/* Find a frame of `list` above the System process's page directory. */
static uint64_t find_above_system_directory(struct mm *mm, const MMPFNLIST *list)
{
    uint64_t pfn = list->Flink;

    while (pfn != MI_LIST_END && pfn <= MI_VPN(MM_SYSTEM_PAGE_DIRECTORY))
        pfn = mi_pfn(mm, pfn)->u1.Flink;
    return pfn;
}

/* A frame whose contents can be had again, of the lowest priority there is. => PFN lock held */
static uint64_t take_standby(struct mm *mm, enum mi_page_want want)
{
    for (unsigned priority = 0; priority < MI_PRIORITIES;) {
        const MMPFNLIST *list = &mm->ke->nt.MmStandbyPageListByPriority[priority];
        uint64_t pfn =
            want == MI_PAGE_DIRECTORY ? find_above_system_directory(mm, list) : list->Flink;
        if (pfn == MI_LIST_END) {
            priority++;
            continue;
        }
        mi_repurpose(mm, pfn);
        if (mi_retire_if_bad(mm, pfn))
            continue;
        mi_page_taken(mi_pfn(mm, pfn));
        return pfn;
    }
    return MI_LIST_END;
}

/* A frame of the lists `name`: of `colour`, or of the first after it that has one. => (P) */
static uint64_t find_free(struct mm *mm, enum mi_page_want want, MMLISTS name, uint32_t color)
{
    if (want != MI_PAGE_DIRECTORY) {
        const MMPFNLIST *list = mi_list_with_color(mm, name, color);
        return list ? list->Flink : MI_LIST_END;
    }
    for (uint32_t i = 0; i < mm->colors; i++) {
        uint64_t pfn = find_above_system_directory(mm, mi_color_list(mm, name, color + i));
        if (pfn != MI_LIST_END)
            return pfn;
    }
    return MI_LIST_END;
}

/* => PFN lock held. *dirty: it needs zeroing */
static uint64_t take_page(struct mm *mm, enum mi_page_want want, uint32_t color, bool *dirty)
{
    MMLISTS first = want == MI_PAGE_ANY || want == MI_PAGE_USER ? FreePageList : ZeroedPageList;
    MMLISTS order[2] = {first, first == FreePageList ? ZeroedPageList : FreePageList};

    for (int i = 0; i < 2;) {
        uint64_t pfn = find_free(mm, want, order[i], color);
        if (pfn == MI_LIST_END) {
            i++;
            continue;
        }
        mi_list_remove(mm, mi_color_list(mm, order[i], pfn), pfn);
        if (mi_retire_if_bad(mm, pfn))
            continue;
        mi_page_taken(mi_pfn(mm, pfn));
        *dirty = order[i] != ZeroedPageList;
        return pfn;
    }
    if (mm->listed_frames < mm->frames)
        return MI_LIST_END; /* there are free ones, see bootpfn.c */
    *dirty = true;
    return take_standby(mm, want);
}

/* => PFN lock held */
static uint64_t take_wanted(struct mm *mm, enum mi_page_want want, uint32_t color, bool *dirty)
{
    bool user = want == MI_PAGE_USER || want == MI_PAGE_USER_ZEROED;

    if (user && *mm->ke->nt.MmAvailablePages <= MI_SYSTEM_FRAMES)
        return MI_LIST_END;
    uint64_t pfn = take_page(mm, want, color, dirty);
    if (user)
        set_user_priority(mm, pfn);
    return pfn;
}

bool mi_take_page_locked(struct mm *mm, enum mi_page_want want, uint64_t *pfn)
{
    bool dirty;

    *pfn = take_wanted(mm, want, mi_next_system_color(mm), &dirty);
    return *pfn != MI_LIST_END;
}

static bool allocate_page(struct mm *mm, enum mi_page_want want, uint32_t color, uint64_t *pfn)
{
    bool dirty = false, any = want == MI_PAGE_ANY || want == MI_PAGE_USER;

    ke_acquire_lock(&mm->pfn_lock);
    *pfn = take_wanted(mm, want, color, &dirty);
    ke_release_lock(&mm->pfn_lock);
    if (*pfn == MI_LIST_END) {
        mi_list_all_frames(mm);
        mi_release_quarantine(mm);
        ke_acquire_lock(&mm->pfn_lock);
        *pfn = take_wanted(mm, want, color, &dirty);
        ke_release_lock(&mm->pfn_lock);
    }
    if (*pfn == MI_LIST_END)
        return false;
    if (dirty && !any)
        memset(mi_frame(mm, *pfn), 0, PAGE_SIZE);
    return true;
}

bool mi_allocate_page(struct mm *mm, enum mi_page_want want, uint64_t *pfn)
{
    return allocate_page(mm, want, mi_next_system_color(mm), pfn);
}

bool mi_allocate_process_page(struct mm_space *space, enum mi_page_want want, uint64_t *pfn)
{
    if (!allocate_page(space->mm, want, space->vm->NextPageColor, pfn))
        return false;
    mi_color_dealt(space->vm, *pfn);
    return true;
}

static bool frame_is_free(const struct mm *mm, uint64_t pfn)
{
    const MMPFN *page = &mm->pfn[pfn];

    return page->u3.e1.PageLocation <= FreePageList && !mi_frame_is_bad(page);
}

/* => PFN lock held */
static uint64_t find_run(struct mm *mm, size_t count)
{
    uint64_t start = mm->run_rover, length = 0;

    for (uint64_t looked = 0; looked < RUN_SEARCH_FRAMES && looked < mm->listed_frames; looked++) {
        uint64_t at = start + length;
        if (at >= mm->listed_frames) {
            start = 1;
            length = 0;
        } else if (frame_is_free(mm, at)) {
            if (++length == count)
                return start;
        } else {
            start = at + 1;
            length = 0;
        }
    }
    mm->run_rover = start;
    return MI_LIST_END;
}

bool mi_allocate_run(struct mm *mm, size_t count, uint64_t *first)
{
    ke_acquire_lock(&mm->pfn_lock);
    uint64_t run = find_run(mm, count);
    if (run == MI_LIST_END && mm->listed_frames < mm->frames) {
        ke_release_lock(&mm->pfn_lock);
        mi_list_all_frames(mm);
        ke_acquire_lock(&mm->pfn_lock);
        run = find_run(mm, count);
    }
    if (run != MI_LIST_END) {
        for (uint64_t pfn = run; pfn < run + count; pfn++) {
            MMPFN *page = mi_pfn(mm, pfn);
            mi_list_remove(mm, mi_color_list(mm, page->u3.e1.PageLocation, pfn), pfn);
            mi_page_taken(page);
        }
        mm->run_rover = run + count;
    }
    ke_release_lock(&mm->pfn_lock);
    *first = run;
    return run != MI_LIST_END;
}

void mi_free_frame_locked(struct mm *mm, uint64_t pfn, bool zero)
{
    MMPFN *page = mi_pfn(mm, pfn);

    ASSERT(page->u3.e1.PageLocation >= ActiveAndValid);
    if (mi_retire_if_bad(mm, pfn))
        return;
    page->PteAddress.va = 0;
    page->OriginalPte.u.Long = 0;
    page->UsedPageTableEntries = 0;
    page->u4.PteFrame = 0;
    page->u3.e1.Modified = 0;
    page->u3.e2.ReferenceCount = 0;
    mi_list_insert_head(mm, mi_color_list(mm, zero ? ZeroedPageList : FreePageList, pfn), pfn);
}

void mi_free_pages(struct mm *mm, const uint64_t *pfn, size_t count)
{
    ke_acquire_lock(&mm->pfn_lock);
    for (size_t i = 0; i < count; i++)
        mi_give_up_active_page(mm, pfn[i]);
    ke_release_lock(&mm->pfn_lock);
    mi_zero_thread_poke(mm);
}

void mi_initialize_pfn(struct mm *mm, uint64_t pfn, uint64_t pte_va, uint64_t table,
                       unsigned protection)
{
    MMPFN *page = mi_pfn(mm, pfn);

    page->PteAddress.va = pte_va;
    mi_write_pte(&page->OriginalPte, mi_demand_zero_pte(protection));
    page->u2.ShareCount = 1;
    page->u4.PteFrame = table;
}

void mi_share_page(struct mm *mm, uint64_t pfn, int by)
{
    ke_acquire_lock(&mm->pfn_lock);
    mi_pfn(mm, pfn)->u2.ShareCount += (ULONG64)by;
    ke_release_lock(&mm->pfn_lock);
}

uint64_t mi_share_count(struct mm *mm, uint64_t pfn)
{
    ke_acquire_lock(&mm->pfn_lock);
    uint64_t count = mi_pfn(mm, pfn)->u2.ShareCount;
    ke_release_lock(&mm->pfn_lock);
    return count;
}

void mi_free_table(struct mm *mm, uint64_t pfn, bool zero)
{
    MMPFN *page = mi_pfn(mm, pfn);
    bool wait = mm->ops->invalidate_tables != NULL;

    ke_acquire_lock(&mm->pfn_lock);
    if (wait) {
        page->u1.Flink = mm->quarantine.first;
        page->u2.ShareCount = zero;
        page->PteAddress.va = 0;
        page->u3.e1.PageLocation = TransitionPage;
        mm->quarantine.first = pfn;
        mm->quarantine.count++;
    } else {
        mi_free_frame_locked(mm, pfn, zero);
    }
    bool full = mm->quarantine.count >= QUARANTINE_MOST;
    ke_release_lock(&mm->pfn_lock);
    if (full)
        mi_release_quarantine(mm);
}

void mi_release_quarantine(struct mm *mm)
{
    ke_acquire_lock(&mm->pfn_lock);
    struct mi_quarantine held = mm->quarantine;
    mm->quarantine = (struct mi_quarantine){.first = MI_LIST_END};
    ke_release_lock(&mm->pfn_lock);
    if (held.count == 0)
        return;
    mm->ops->invalidate_tables(mm->owner);
    ke_acquire_lock(&mm->pfn_lock);
    while (held.first != MI_LIST_END) {
        uint64_t pfn = held.first;
        held.first = mi_pfn(mm, pfn)->u1.Flink;
        mi_free_frame_locked(mm, pfn, mi_pfn(mm, pfn)->u2.ShareCount);
    }
    ke_release_lock(&mm->pfn_lock);
}
