/* src/mm/wset.c: which pages a process keeps, and which go.
 *
 * Ageing. The processor marks a PTE when it is used (Accessed). Looking at an entry takes the mark
 * away; if it was there the page is young (Age 0), else it is a look older, up to 6.
 * AgeDistribution counts the entries of each age.
 *
 * Trimming takes the oldest first, from NextSlot on, round and round. Before a page goes its mark
 * is looked at once more; only when nothing else is left go those that were just used. When too few
 * are old, more entries are aged, from NextAgingSlot on, until all were looked at once.
 *
 *      who trims                    which pages                       what is kept
 *      pages run short (trim.c)     not used lately, then the oldest  minimum, then a hard one
 *      a process at a hard maximum  one of its own, the oldest        -
 *      EmptyWorkingSet              all                               locked pages
 *
 * The maximum only counts when it is a hard one: then a page that comes replaces another. Locked
 * pages never go (wslock.c).
 *
 * Trimming a page turns its valid PTE into a transition PTE, and has every processor forget it
 * before the page goes to a list: a page on the standby list is one that nobody writes any more.
 *
 * Paged pool's working set is aged and trimmed in the same way; what is different about one page of
 * it is in pagedpool.c.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Working Set Management"; SetProcessWorkingSetSizeEx,
 * documentation.
 */
#include "mm/wset.h"
#include "mm/clone.h"
#include "mm/section.h"
#include "mm/system.h"
#include "mm/vad.h"

#define AGE_AT_ONCE 256u   /* entries looked at before trimming is tried again */
#define AGE_TO_REPLACE 16u /* and when one page is to be replaced */

/* ---- one page -------------------------------------------------------------------------------- */

void mi_trim_page(struct mi_flush *flush, MMPTE *pte, uint64_t va)
{
    struct mm_space *space = flush->space;
    struct mm *mm = space->mm;
    MMPTE value = mi_read_pte(pte);
    uint64_t pfn = value.u.Hard.PageFrameNumber;
    unsigned protection;

    if (mi_pte_is_fork(mm, value)) {
        uint64_t block_va = mi_clone_block_va(mm, value);
        protection = mi_pte_protection(mm, value, NULL);
        mi_fork_page_leaves(flush, pte, va, mi_away_fork_pte(block_va, protection));
        return;
    }
    if (mi_pte_is_shared(mm, value)) {
        (void)mi_view_page(space, mi_vad_find(space, MI_VPN(va)), va, value, &protection);
        mi_replace_page(flush, pte, va, mi_lookup_pte(protection));
        return;
    }
    protection = mi_read_pte(&mi_pfn(mm, pfn)->OriginalPte).u.Soft.Protection;
    value = mi_change_pte(mm, pte, mi_transition_pte(pfn, protection));
    mi_flush_page(flush, va, pfn);
    mi_wsle_remove(space, pfn);
    mi_note_written(space, va, value);
    mi_flush_unmap(flush, pfn, value.u.Hard.Dirty);
}

/* Whether a page was used since it was last looked at; from now on it was not. */
static bool take_accessed(struct mi_flush *flush, MMPTE *pte, uint64_t va)
{
    const MMPTE accessed = {.u.Hard = {.Accessed = 1}};
    MMPTE value = mi_read_pte(pte);

    if (!flush->space->process)
        return mi_paged_pool_take_accessed(flush->space->mm, pte, va);
    if (!value.u.Hard.Accessed)
        return false;
    __atomic_fetch_and(&pte->u.Long, ~accessed.u.Long, __ATOMIC_RELAXED);
    mi_flush_page(flush, va, value.u.Hard.PageFrameNumber);
    return true;
}

/* => false: it has to stay */
static bool trim_entry(struct mi_flush *flush, MMPTE *pte, uint64_t va)
{
    if (!flush->space->process)
        return mi_paged_pool_trim(flush->space->mm, pte, va);
    mi_trim_page(flush, pte, va);
    return true;
}

/* ---- the list, round and round ----------------------------------------------------------------
 */

/* How many entries there are that may go, free ones included. */
static uint32_t slots(const struct mm_space *space)
{
    return mi_wsl(space)->LastEntry + 1 - mi_wsl(space)->FirstDynamic;
}

/* The entry that a hand of the clock points to; the hand goes on. => there are slots */
static MMWSLE *next_slot(struct mm_space *space, ULONG *hand)
{
    const MMWSL *list = mi_wsl(space);

    if (*hand < list->FirstDynamic || *hand > list->LastEntry)
        *hand = list->FirstDynamic;
    return mi_wsle(space, (*hand)++);
}

/* Look at `count` entries. */
static void age_entries(struct mi_flush *flush, uint32_t count)
{
    struct mm_space *space = flush->space;

    for (; count > 0; count--) {
        MMWSLE *entry = next_slot(space, &mi_wsl(space)->NextAgingSlot);
        if (!entry->u1.e1.Valid)
            continue;
        uint64_t va = mi_wsle_va(*entry);
        unsigned age = entry->u1.e1.Age;
        if (take_accessed(flush, mi_find_pte(space, va), va))
            mi_wsle_set_age(space, entry, 0);
        else if (age < MI_WSLE_OLDEST)
            mi_wsle_set_age(space, entry, age + 1);
    }
}

/* Trim up to `most` pages of one age; with `used`, those as well that were just used. */
static size_t trim_age(struct mi_flush *flush, unsigned age, size_t most, bool used)
{
    struct mm_space *space = flush->space;
    const ULONG *left = &space->vm->AgeDistribution[age];
    size_t trimmed = 0;

    for (uint32_t n = slots(space); n > 0 && trimmed<most && * left> 0; n--) {
        MMWSLE *entry = next_slot(space, &mi_wsl(space)->NextSlot);
        if (!entry->u1.e1.Valid || entry->u1.e1.Age != age || entry->u1.e1.Spare)
            continue;
        uint64_t va = mi_wsle_va(*entry);
        MMPTE *pte = mi_find_pte(space, va);
        if (!used && mi_read_pte(pte).u.Hard.Accessed) {
            mi_wsle_set_age(space, entry, 0); /* the mark stays, for the next look */
            continue;
        }
        trimmed += trim_entry(flush, pte, va);
    }
    return trimmed;
}

/* The same for all ages from the oldest down to `youngest`. */
static size_t trim_ages(struct mi_flush *flush, unsigned youngest, size_t most, bool used)
{
    size_t trimmed = 0;

    for (unsigned age = MI_WSLE_OLDEST + 1; age-- > youngest && trimmed < most;)
        trimmed += trim_age(flush, age, most - trimmed, used);
    return trimmed;
}

/* ---- trimming ---------------------------------------------------------------------------------
 */

/* How many pages may go by the limits. */
static size_t above_minimum(const struct mm_space *space, enum mi_trim which)
{
    const MMSUPPORT *vm = space->vm;
    bool keep = which == MI_TRIM_OLD || (which == MI_TRIM_ANY && vm->Flags.MinimumWorkingSetHard);

    if (!keep)
        return vm->WorkingSetSize;
    return vm->WorkingSetSize > vm->MinimumWorkingSetSize
               ? vm->WorkingSetSize - vm->MinimumWorkingSetSize
               : 0;
}

size_t mi_trim_working_set(struct mm_space *space, size_t most, enum mi_trim which)
{
    size_t allowed = above_minimum(space, which), trimmed = 0;
    struct mi_flush flush;

    if (most > allowed)
        most = allowed;
    mi_flush_begin(&flush, space);
    if (which != MI_TRIM_OLD) {
        trimmed = trim_ages(&flush, 0, most, true);
    } else {
        uint32_t left = slots(space), now;
        trimmed = trim_ages(&flush, 1, most, false);
        for (; left > 0 && trimmed < most; left -= now) {
            now = left < AGE_AT_ONCE ? left : AGE_AT_ONCE;
            age_entries(&flush, now);
            trimmed += trim_ages(&flush, 1, most - trimmed, false);
        }
    }
    mi_flush_end(&flush);
    return trimmed;
}

size_t mm_empty_working_set(struct mm_space *space)
{
    mi_lock_working_set(space);
    size_t trimmed = mi_trim_working_set(space, SIZE_MAX, MI_TRIM_EMPTY);
    mi_wsle_shrink(space);
    mi_unlock_working_set(space);
    return trimmed;
}

/* ---- growing ----------------------------------------------------------------------------------
 */

/* One of the process's own pages makes place for another. => false: all are locked */
static bool replace_own(struct mm_space *space)
{
    uint32_t count = slots(space);
    struct mi_flush flush;

    mi_flush_begin(&flush, space);
    age_entries(&flush, count < AGE_TO_REPLACE ? count : AGE_TO_REPLACE);
    size_t trimmed = trim_ages(&flush, 0, 1, true);
    mi_flush_end(&flush);
    return trimmed > 0;
}

/* Source: QUOTA_LIMITS_HARDWS_MAX_ENABLE, SetProcessWorkingSetSizeEx documentation. */
static bool is_full(const struct mm_space *space)
{
    const MMSUPPORT *vm = space->vm;

    return vm->Flags.MaximumWorkingSetHard && vm->WorkingSetSize >= vm->MaximumWorkingSetSize;
}

NTSTATUS mi_grow_working_set(struct mm_space *space, bool shared)
{
    while (is_full(space) && replace_own(space))
        ;
    NTSTATUS status = mi_wsle_reserve(space, shared);
    if (status == STATUS_COMMITMENT_LIMIT && replace_own(space))
        status = mi_wsle_reserve(space, shared);
    return status;
}
