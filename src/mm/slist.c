/* src/mm/slist.c: free frames that a process has at hand.
 *
 * The page lists are the whole machine's, behind the PFN lock. So that processes do not wait for
 * each other there, each has a few frames of its own in front of them, under its working set lock,
 * which who needs a frame has anyway:
 *
 *      zeroed, free lists --replenish--> zeroed |  --take--> active
 *                                               |  at hand
 *      free list  <------ too many ------- free |  <--free-- active
 *
 * A frame that the process itself just gave up is taken again while it is still in the processor's
 * cache, where zeroing it costs less than fetching one that somebody else zeroed.
 *
 * In the PFN database a frame at hand is active, with one reference, and nothing shares or maps it
 * (ShareCount and PteAddress 0). It is not available, so MmAvailablePages is what the lists have,
 * as ever. While pages are short nobody has any at hand: nothing is replenished, what is freed goes
 * to the lists, and who trims a working set takes these first.
 *
 * Source: the idea of free lists without the PFN lock in front of the page lists is Windows'
 * (MiReplenishPageSlist, symbols; SLIST/Temp in what !memusage shows, documentation). Windows has
 * them for all processes, by colour; here those of a process were dealt colours in turn (color.c).
 */
#include <string.h>

#include "mm/color.h"
#include "mm/frames.h"
#include "mm/space.h"
#include "nt/info.h"

#define REPLENISH 32u     /* at once: so many that few touch those at the ends, see below */
#define SHARE_OF_RAM 512u /* a process may have so small a part of it at hand */

void mi_slist_initialize(struct mm *mm)
{
    uint64_t most = mm->frames / SHARE_OF_RAM;

    mm->slist_most = most < MI_SLIST_MOST ? (uint32_t)most : MI_SLIST_MOST;
}

static void set(uint32_t *count, uint32_t value)
{
    __atomic_store_n(count, value, __ATOMIC_RELAXED); /* statistics look without the lock */
}

static bool may_have_some(const struct mm_space *space)
{
    const struct mm *mm = space->mm;
    uint64_t available = __atomic_load_n(mm->ke->nt.MmAvailablePages, __ATOMIC_RELAXED);

    return space->process && !space->cleaned &&
           available > mm->thresholds.enough + MI_SYSTEM_FRAMES;
}

/* A frame of no list: at hand. => its reference count, if it was mapped, is one; (P) */
static void put_at_hand(MMPFN *page)
{
    mi_page_taken(page);
    page->u2.ShareCount = 0;
    page->u4.PteFrame = 0;
    page->u4.PrototypePte = 0;
}

/* Frames on the list often follow one another, so the entries of one process's frames end where the
 * next one's begin. Who stops where a cache line of the database ends, or rather a pair, since
 * processors fetch both, does not take the next one's away with each write. They also fetch ahead
 * of who goes through entries in order, past his last one. => (P) */
static bool may_stop_before(uint32_t count, uint32_t most, const MMPFNLIST *list)
{
    return count + MI_LINE_FRAMES > most && list->Flink % MI_LINE_FRAMES == 0;
}

/* Up to `most` frames of the lists `name`, of colours in turn from *color on; the last one was
 * *last. They are taken from the end, so that one comes first. => how many; (P) */
static uint32_t deal(struct mm *mm, MMLISTS name, uint32_t *color, uint64_t *last, uint64_t *frames,
                     uint32_t most)
{
    uint64_t dealt[REPLENISH];
    uint32_t count = 0;
    MMPFNLIST *list;

    while (count < most && (list = mi_list_with_color(mm, name, *color)) != NULL &&
           !(name == ZeroedPageList && may_stop_before(count, most, list))) {
        uint64_t pfn = mi_frame_after(mm, name, list, *last);
        *last = pfn;
        mi_list_remove(mm, list, pfn);
        if (mi_retire_if_bad(mm, pfn))
            continue;
        dealt[count++] = pfn;
        put_at_hand(mi_pfn(mm, pfn));
        *color = (uint32_t)pfn + 1;
    }
    for (uint32_t i = 0; i < count; i++)
        frames[i] = dealt[count - 1 - i];
    return count;
}

/* None is at hand. Free ones are dealt only if there are no zeroed ones: what a cache line's end
 * leaves out is not made up for from elsewhere, which would break up neighbours. => whether there
 * is one now */
static bool replenish(struct mm_space *space)
{
    struct mi_slist *slist = &space->slist;
    struct mm *mm = space->mm;
    uint32_t most = mm->slist_most < REPLENISH ? mm->slist_most : REPLENISH;
    uint32_t color = space->vm->NextPageColor;

    if (!may_have_some(space))
        return false;
    ke_acquire_lock(&mm->pfn_lock);
    uint32_t zeroed = deal(mm, ZeroedPageList, &color, &slist->dealt, slist->zeroed, most);
    uint32_t free = zeroed ? 0 : deal(mm, FreePageList, &color, &slist->dealt, slist->free, most);
    ke_release_lock(&mm->pfn_lock);
    set(&slist->zeroed_count, zeroed);
    set(&slist->free_count, free);
    return zeroed + free > 0;
}

static uint64_t pop(const uint64_t *frames, uint32_t *count)
{
    set(count, *count - 1);
    return frames[*count];
}

/* The frame that will be taken next on this processor, as far as one can say (mm_prepare_frame). */
static void note_next(const struct mm_space *space)
{
    struct mm *mm = space->mm;
    uint32_t left = space->slist.zeroed_count;

    if (!mm->ops->invalidate)
        return;
    const uint64_t *next =
        left ? &space->slist.zeroed[left - 1]
             : &mi_color_list(mm, ZeroedPageList, space->vm->NextPageColor)->Flink;
    __atomic_store_n(&mi_here(mm)->next_frame, __atomic_load_n(next, __ATOMIC_RELAXED),
                     __ATOMIC_RELAXED);
}

/* What is at hand has normal priority, as nearly everybody wants it. */
static void set_priority(struct mm *mm, uint64_t pfn)
{
    unsigned priority = mi_page_priority(mm);

    if (priority == MEMORY_PRIORITY_NORMAL)
        return;
    ke_acquire_lock(&mm->pfn_lock);
    mi_pfn(mm, pfn)->u3.e1.Priority = (UCHAR)priority;
    ke_release_lock(&mm->pfn_lock);
}

bool mi_slist_take(struct mm_space *space, enum mi_page_want want, uint64_t *pfn)
{
    struct mi_slist *slist = &space->slist;
    struct mm *mm = space->mm;
    bool zero = want == MI_PAGE_ZEROED || want == MI_PAGE_USER_ZEROED;

    if (slist->zeroed_count + slist->free_count == 0 && !replenish(space))
        return mi_allocate_process_page(space, want, pfn); /* which sets the priority as well */
    if (slist->free_count > 0 && (!zero || slist->zeroed_count == 0)) {
        *pfn = pop(slist->free, &slist->free_count);
        if (zero)
            memset(mi_frame(mm, *pfn), 0, PAGE_SIZE);
    } else {
        *pfn = pop(slist->zeroed, &slist->zeroed_count);
    }
    mi_color_dealt(space->vm, *pfn);
    note_next(space);
    if (want != MI_PAGE_ZEROED)
        set_priority(mm, *pfn);
    return true;
}

/* Whether the frame of a page that the process gave up is as any other: nobody else refers to it,
 * no slot is its, and it was not made special. Only who writes a page changes anything of it behind
 * the process's back; that ends with the slot's end and then the reference's (mi_end_write), so who
 * looks for these in that order sees a page that is left alone. */
static bool is_just_ours(const MMPFN *page)
{
    MMPTE original = {.u.Long = __atomic_load_n(&page->OriginalPte.u.Long, __ATOMIC_ACQUIRE)};

    return !mi_pte_in_page_file(original) &&
           __atomic_load_n(&page->u3.e2.ReferenceCount, __ATOMIC_ACQUIRE) == 1 &&
           mi_page_is_ordinary(page);
}

/* A frame that the process had mapped, or for a page table. It stays active and referenced, and
 * nobody but the process refers to it: nothing that the PFN lock protects changes. */
static void keep(uint64_t *frames, uint32_t *count, MMPFN *page, uint64_t pfn)
{
    page->u1.Flink = 0;
    page->u2.ShareCount = 0;
    page->PteAddress.va = 0;
    mi_write_pte(&page->OriginalPte, (MMPTE){.u.Long = 0});
    page->UsedPageTableEntries = 0;
    page->u4.PteFrame = 0;
    frames[*count] = pfn;
    set(count, *count + 1);
}

void mi_slist_free(struct mm_space *space, const uint64_t *pfn, size_t count)
{
    struct mi_slist *slist = &space->slist;
    struct mm *mm = space->mm;
    uint32_t most = may_have_some(space) ? mm->slist_most : 0;
    uint64_t others[MI_FLUSH_PAGES];
    size_t other_count = 0;

    ASSERT(count <= MI_FLUSH_PAGES);
    for (size_t i = 0; i < count; i++) {
        MMPFN *page = mi_pfn(mm, pfn[i]);
        if (slist->free_count < most && is_just_ours(page))
            keep(slist->free, &slist->free_count, page, pfn[i]);
        else
            others[other_count++] = pfn[i];
    }
    if (other_count > 0)
        mi_free_pages(mm, others, other_count);
}

void mi_slist_free_table(struct mm_space *space, uint64_t pfn)
{
    struct mi_slist *slist = &space->slist;
    struct mm *mm = space->mm;

    /* Engines that know page tables have to forget this one first. */
    if (mm->ops->invalidate_tables || slist->zeroed_count >= mm->slist_most ||
        !may_have_some(space) || mi_frame_is_bad(mi_pfn(mm, pfn))) {
        mi_free_table(mm, pfn, true);
        return;
    }
    keep(slist->zeroed, &slist->zeroed_count, mi_pfn(mm, pfn), pfn);
}

size_t mi_slist_drain(struct mm_space *space, size_t most)
{
    struct mi_slist *slist = &space->slist;
    struct mm *mm = space->mm;
    size_t count = 0;

    if (slist->zeroed_count + slist->free_count == 0)
        return 0;
    ke_acquire_lock(&mm->pfn_lock);
    for (; slist->zeroed_count > 0 && count < most; count++)
        mi_free_frame_locked(mm, pop(slist->zeroed, &slist->zeroed_count), true);
    for (; slist->free_count > 0 && count < most; count++)
        mi_free_frame_locked(mm, pop(slist->free, &slist->free_count), false);
    ke_release_lock(&mm->pfn_lock);
    return count;
}

void mi_slist_drain_all(struct mm *mm)
{
    pthread_mutex_lock(&mm->spaces_lock);
    list_for_each(node, &mm->spaces)
    {
        struct mm_space *space = list_entry(node, struct mm_space, link);
        if (!mi_try_lock_working_set(space))
            continue; /* who has it uses them */
        mi_slist_drain(space, SIZE_MAX);
        mi_unlock_working_set(space);
    }
    pthread_mutex_unlock(&mm->spaces_lock);
}

void mi_slist_count(struct mm *mm, uint64_t *zeroed, uint64_t *free)
{
    *zeroed = *free = 0;
    pthread_mutex_lock(&mm->spaces_lock);
    list_for_each(node, &mm->spaces)
    {
        const struct mm_space *space = list_entry(node, struct mm_space, link);
        *zeroed += __atomic_load_n(&space->slist.zeroed_count, __ATOMIC_RELAXED);
        *free += __atomic_load_n(&space->slist.free_count, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&mm->spaces_lock);
}
