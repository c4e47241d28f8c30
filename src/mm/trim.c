/* src/mm/trim.c: what happens when pages run short.
 *
 * Most of the time the balance set manager and the writers have pages ready (balance.c). Who needs
 * a frame and finds none all the same does not fail: it makes room, one thread at a time, and tries
 * again:
 *
 *      1. trim pages that were not used lately from all processes
 *      2. write modified pages, which makes them standby, which are available
 *      3. nothing gained: trim regardless of use; write
 *      4. nothing gained: take slots of paging files back from pages that are in memory
 *      5. nothing gained, but others are writing pages, or had working sets locked: wait a little
 *      6. nothing gained: a fault waits for others to give memory back, the process that has most
 *         charged for a short time only; then STATUS_NO_MEMORY
 *
 * So it is the program that took the memory that is told that there is no more, as a rule, and what
 * it held is there for the others when it is gone.
 *
 * This may happen under almost any lock, for a pool block perhaps, so nothing is waited for here
 * that its holder could have: a working set that is locked is passed by, and the writers lock
 * nothing but the PFN database.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Balance Set Manager and Swapper", "Working Set
 * Management".
 */
#include <time.h>

#include "mm/frames.h"
#include "mm/system.h"
#include "mm/wset.h"

#define ROOM_PAGES 128u         /* made at once */
#define WAITS_OF_THE_LARGEST 5u /* of 10 milliseconds */
#define WAITS_OF_OTHERS 300u
#define ROUNDS_MOST 2000 /* of a millisecond at most, when others hold what could be had */

static uint64_t available(const struct mm *mm)
{
    return __atomic_load_n(mm->ke->nt.MmAvailablePages, __ATOMIC_RELAXED);
}

bool mi_frames_are_plenty(const struct mm *mm)
{
    return available(mm) > MI_SYSTEM_FRAMES + ROOM_PAGES;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* What a space has above its maximum, which it may while memory is abundant. => (W)
 * Source: QUOTA_LIMITS_HARDWS_MAX_DISABLE, SetProcessWorkingSetSizeEx documentation. */
static size_t above_maximum(const struct mm_space *space)
{
    const MMSUPPORT *vm = &space->process->Vm;

    return vm->WorkingSetSize > vm->MaximumWorkingSetSize
               ? vm->WorkingSetSize - vm->MaximumWorkingSetSize
               : 0;
}

/* => (S) */
static size_t count_spaces(const struct mm *mm)
{
    size_t count = 0;

    list_for_each(node, &mm->spaces) count++;
    return count;
}

/* Trim each space once, with `excess` those above their maximum only, and down to that. Who was
 * trimmed comes last the next time. => (S); how many pages */
static size_t trim_each(struct mm *mm, size_t most, enum mi_trim which, bool excess, bool *busy)
{
    size_t trimmed = 0;

    for (size_t count = count_spaces(mm); count > 0 && trimmed < most; count--) {
        struct mm_space *space = list_entry(mm->spaces.next, struct mm_space, link);
        list_remove(&space->link);
        list_insert_tail(&space->link, &mm->spaces);
        if (!mi_try_lock_working_set(space)) {
            *busy = true;
            continue;
        }
        trimmed += mi_slist_drain(space, most - trimmed);
        size_t left = most - trimmed, over = excess ? above_maximum(space) : left;
        if (left > 0)
            trimmed += mi_trim_working_set(space, over < left ? over : left, which);
        mi_unlock_working_set(space);
    }
    return trimmed;
}

size_t mi_trim_all(struct mm *mm, size_t most, bool all, bool *busy)
{
    enum mi_trim which = all ? MI_TRIM_ANY : MI_TRIM_OLD;

    *busy = false;
    pthread_mutex_lock(&mm->spaces_lock);
    size_t share = most / (count_spaces(mm) + 1) + 1; /* paged pool's is one of so many */
    size_t trimmed = mi_trim_paged_pool(mm, share, all, busy);
    for (int excess = 1; excess >= 0 && trimmed < most; excess--)
        trimmed += trim_each(mm, most - trimmed, which, excess, busy);
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
        if (mi_take_back_slots(mm, ROOM_PAGES + pages) > 0)
            continue;
        if (!others_are_at_it(mm, busy))
            break;
        nanosleep(&moment, NULL);
    }
    bool room = available(mm) >= enough;
    ke_release_lock(&mm->reclaim_lock);
    return room;
}

/* ---- when there is nothing left ---------------------------------------------------------------
 *
 * A fault that finds no room waits for others to give memory back, the process that has most
 * charged for a short time only. So it is the program that took the memory that is told that there
 * is no more, as a rule, and what it held is there for the others when it is gone. */

/* Whether no process has more memory charged. */
static bool is_largest(struct mm_space *space)
{
    struct mm *mm = space->mm;
    uint64_t own = __atomic_load_n(&space->process->CommitCharge, __ATOMIC_RELAXED);
    bool largest = true;

    pthread_mutex_lock(&mm->spaces_lock);
    list_for_each(node, &mm->spaces)
    {
        const EPROCESS *other = list_entry(node, struct mm_space, link)->process;
        if (__atomic_load_n(&other->CommitCharge, __ATOMIC_RELAXED) > own)
            largest = false;
    }
    pthread_mutex_unlock(&mm->spaces_lock);
    return largest;
}

bool mi_wait_for_room(struct mm_space *space, unsigned waits)
{
    const struct timespec moment = {.tv_nsec = 10000000};

    if (waits >= (is_largest(space) ? WAITS_OF_THE_LARGEST : WAITS_OF_OTHERS))
        return false;
    nanosleep(&moment, NULL);
    return true;
}

size_t mm_write_modified_pages(struct mm *mm, size_t most)
{
    size_t written = mi_write_modified(mm, most);

    return written + mi_write_mapped(mm, most - written);
}
