/* src/mm/trim.c: taking pages out of working sets, and what happens when pages run short.
 *
 * Most of the time the balance set manager and the writers have pages ready (balance.c). Who needs
 * a frame and finds none all the same does not fail: it makes room, one thread at a time, and tries
 * again:
 *
 *      1. trim pages that were not used lately from all processes
 *      2. write modified pages, which makes them standby, which are available
 *      3. nothing gained: trim regardless of use; write
 *      4. nothing gained, but others are writing pages, or had working sets locked: wait a little
 *      5. nothing gained: STATUS_NO_MEMORY
 *
 * This may happen under almost any lock, for a pool block perhaps, so nothing is waited for here
 * that its holder could have: a working set that is locked is passed by, and the writers lock
 * nothing but the PFN database.
 *
 * Trimming a page turns its valid PTE into a transition PTE, and has every processor forget it
 * before the page goes to a list: a page on the standby list is one that nobody writes any more.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Balance Set Manager and Swapper", "Working Set
 * Management".
 */
#include <time.h>

#include "mm/section.h"

#define ROOM_PAGES 128u  /* made at once */
#define ROUNDS_MOST 2000 /* of a millisecond at most, when others hold what could be had */

bool mi_frames_are_plenty(const struct mm *mm)
{
    return *mm->ke->nt.MmAvailablePages > MI_SYSTEM_FRAMES + ROOM_PAGES;
}

/* ---- one page -------------------------------------------------------------------------------- */

/* A valid PTE goes. => (W) */
static void trim_page(struct mi_flush *flush, MMPTE *pte, uint64_t va, MMPTE value)
{
    struct mm_space *space = flush->space;
    struct mm *mm = space->mm;
    uint64_t pfn = value.u.Hard.PageFrameNumber;

    unsigned protection;
    if (mi_pte_is_shared(mm, value)) {
        (void)mi_view_page(space, mi_vad_find(space, MI_VPN(va)), va, value, &protection);
        mi_replace_page(flush, pte, va, mi_lookup_pte(protection));
        return;
    }
    protection = mi_read_pte(&mi_pfn(mm, pfn)->OriginalPte).u.Soft.Protection;
    value = mi_change_pte(mm, pte, mi_transition_pte(pfn, protection));
    mi_flush_page(flush, va, pfn);
    mi_working_set_remove(space);
    mi_note_written(space, va, value);
    mi_flush_unmap(flush, pfn, value.u.Hard.Dirty);
}

/* ---- one working set ------------------------------------------------------------------------- */

size_t mi_trim_working_set(struct mm_space *space, size_t most, bool all)
{
    struct mm *mm = space->mm;
    struct mi_flush flush;
    size_t trimmed = 0;
    const MMPTE accessed = {.u.Hard = {.Accessed = 1}};
    MMPTE *pte;

    mi_flush_begin(&flush, space);
    for (uint64_t va = 0; trimmed < most; va += PAGE_SIZE) {
        pte = mi_next_pte(space, &va, MM_USER_PROBE_ADDRESS);
        if (!pte)
            break;
        MMPTE value = mi_read_pte(pte);
        if (!value.u.Hard.Valid || value.u.Hard.PageFrameNumber == mm->shared_user_data_pfn ||
            mi_pte_is_awe(mm, value))
            continue;
        if (value.u.Hard.Accessed && !all) {
            __atomic_fetch_and(&pte->u.Long, ~accessed.u.Long, __ATOMIC_RELAXED);
            mi_flush_page(&flush, va, value.u.Hard.PageFrameNumber);
            continue;
        }
        trim_page(&flush, pte, va, value);
        trimmed++;
    }
    mi_flush_end(&flush);
    return trimmed;
}

size_t mm_empty_working_set(struct mm_space *space)
{
    mi_lock_working_set(space);
    size_t trimmed = mi_trim_working_set(space, SIZE_MAX, true);
    mi_unlock_working_set(space);
    return trimmed;
}

/* ---- all ------------------------------------------------------------------------------------- */

static uint64_t available(const struct mm *mm)
{
    return __atomic_load_n(mm->ke->nt.MmAvailablePages, __ATOMIC_RELAXED);
}

/* Who was trimmed comes last the next time. */
size_t mi_trim_all(struct mm *mm, size_t most, bool all, bool *busy)
{
    size_t trimmed = 0, count = 0;

    *busy = false;
    pthread_mutex_lock(&mm->spaces_lock);
    list_for_each(node, &mm->spaces) count++;
    for (; count > 0 && trimmed < most; count--) {
        struct mm_space *space = list_entry(mm->spaces.next, struct mm_space, link);
        list_remove(&space->link);
        list_insert_tail(&space->link, &mm->spaces);
        if (!mi_try_lock_working_set(space)) {
            *busy = true;
            continue;
        }
        trimmed += mi_trim_working_set(space, most - trimmed, all);
        mi_unlock_working_set(space);
    }
    pthread_mutex_unlock(&mm->spaces_lock);
    return trimmed;
}

/* One round. => whether something was gained */
static bool make_some_room(struct mm *mm, size_t most, bool all, bool *busy)
{
    uint64_t before = available(mm);
    size_t written;

    mi_trim_all(mm, most, all, busy);
    written = mi_write_modified(mm, most);
    written += mi_write_mapped(mm, most);
    return written > 0 || available(mm) > before;
}

/* Whether others have pages in hand that will be there soon. */
static bool others_are_at_it(const struct mm *mm, bool busy)
{
    return busy || __atomic_load_n(&mm->pages_being_written, __ATOMIC_RELAXED) > 0;
}

bool mi_make_room(struct mm *mm, uint64_t pages)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    uint64_t enough = MI_SYSTEM_FRAMES + pages;
    bool busy;

    mi_release_quarantine(mm);
    ke_acquire_lock(&mm->reclaim_lock);
    for (int round = 0; round < ROUNDS_MOST && available(mm) < enough; round++) {
        if (make_some_room(mm, ROOM_PAGES + pages, round > 0, &busy) || round == 0)
            continue;
        if (!others_are_at_it(mm, busy))
            break;
        nanosleep(&moment, NULL);
    }
    bool room = available(mm) >= enough;
    ke_release_lock(&mm->reclaim_lock);
    return room;
}

size_t mm_write_modified_pages(struct mm *mm, size_t most)
{
    size_t written = mi_write_modified(mm, most);

    return written + mi_write_mapped(mm, most - written);
}
