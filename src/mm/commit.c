/* src/mm/commit.c: commit charge, the promise that memory will be there when it is touched.
 *
 * Whoever makes pages needs a charge for each: private memory when it is committed (not when it is
 * touched), page tables when they are made, pools and kernel stacks as they grow. The limit is what
 * RAM had left after boot plus the page files, so without page files a charged page always finds a
 * frame.
 *
 *      0                                        limit - reserve       limit
 *      |---- private memory, tables, pools ... -------|--- reserve -----|
 *      user memory may be charged up to here .........^                 ^ all else up to here
 *
 * A paging file is sparse, so its disk may turn out to be full. What its free slots stand for is
 * then withheld from the limit until something can be written again: who asks for memory is told,
 * rather than who touches some.
 *
 * Windows charges the page tables of a range when the range is made; we charge each as it is made,
 * so a reserve keeps committed memory usable when others commit all the rest.
 * Source: Windows Internals 6, part 2, ch. 10 "Commit Charge and the System Commit Limit".
 */
#include "mm/mi.h"

#define RESERVE_SHARE 128u                     /* of the limit */
#define RESERVE_LEAST (16u + MI_SYSTEM_FRAMES) /* pages */

static uint64_t limit_for(const struct mm *mm, enum mi_commit_for what)
{
    uint64_t limit = *mm->ke->nt.MmTotalCommitLimit;
    uint64_t withheld = __atomic_load_n(&mm->paging_files.withheld, __ATOMIC_RELAXED);

    limit -= withheld < limit ? withheld : limit;
    uint64_t reserve = limit / RESERVE_SHARE + RESERVE_LEAST;

    if (what == MI_COMMIT_SYSTEM)
        return limit > MI_SYSTEM_FRAMES ? limit - MI_SYSTEM_FRAMES : 0;
    return limit > reserve ? limit - reserve : 0;
}

static void raise_peak(ULONG64 *peak, uint64_t value)
{
    ULONG64 seen = __atomic_load_n(peak, __ATOMIC_RELAXED);

    while (value > seen && !__atomic_compare_exchange_n(peak, &seen, value, true, __ATOMIC_RELAXED,
                                                        __ATOMIC_RELAXED)) {
    }
}

static bool charge(struct mm *mm, uint64_t pages, enum mi_commit_for what)
{
    ULONG64 *total = mm->ke->nt.MmTotalCommittedPages;
    ULONG64 seen = __atomic_load_n(total, __ATOMIC_RELAXED);
    uint64_t limit = limit_for(mm, what);

    do {
        if (pages > limit || seen > limit - pages)
            return false;
    } while (!__atomic_compare_exchange_n(total, &seen, seen + pages, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    raise_peak(mm->ke->nt.MmPeakCommitment, seen + pages);
    if (what == MI_COMMIT_SYSTEM)
        __atomic_fetch_add(&mm->system_commit, pages, __ATOMIC_RELAXED);
    return true;
}

bool mi_charge_commit(struct mm *mm, uint64_t pages, enum mi_commit_for what)
{
    if (charge(mm, pages, what))
        return true;
    return mi_retry_full_disk(mm) && charge(mm, pages, what);
}

void mi_return_commit(struct mm *mm, uint64_t pages, enum mi_commit_for what)
{
    ULONG64 before = __atomic_fetch_sub(mm->ke->nt.MmTotalCommittedPages, pages, __ATOMIC_RELAXED);

    ASSERT(before >= pages);
    if (what == MI_COMMIT_SYSTEM)
        __atomic_fetch_sub(&mm->system_commit, pages, __ATOMIC_RELAXED);
}

/* CommitCharge is changed under the address creation lock by some and under the working set lock by
 * others, hence atomically. */
static void add_process_commit(EPROCESS *process, uint64_t pages)
{
    ULONG64 now = __atomic_add_fetch(&process->CommitCharge, pages, __ATOMIC_RELAXED);

    raise_peak(&process->CommitChargePeak, now);
}

bool mi_charge_process_commit(struct mm_space *space, uint64_t pages, enum mi_commit_for what)
{
    EPROCESS *process = space->process;

    if (pages == 0)
        return true;
    if (!mi_charge_commit(space->mm, pages, what))
        return false;
    add_process_commit(process, pages);
    return true;
}

void mi_return_process_commit(struct mm_space *space, uint64_t pages, enum mi_commit_for what)
{
    if (pages == 0)
        return;
    ULONG64 before = __atomic_fetch_sub(&space->process->CommitCharge, pages, __ATOMIC_RELAXED);
    ASSERT(before >= pages);
    mi_return_commit(space->mm, pages, what);
}
