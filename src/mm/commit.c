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
 * Paging files that may grow do when a charge would pass the limit, which grows with them.
 *
 * What is never paged takes frames for good, and is charged against those that boot left as well
 * (MmResidentAvailablePages).
 *
 * A paging file is sparse, so its disk may turn out to be full. What its free slots stand for is
 * then withheld from the limit until something can be written again: who asks for memory is told,
 * rather than who touches some.
 *
 * A charge is taken from what the processor has cached (KPRCB.CachedCommit), and goes back there,
 * as long as that is enough and not too much: else processors would pass the cache line of
 * MmTotalCommittedPages around, which counts what is cached as committed. Before a charge is
 * refused all processors give theirs back.
 *
 * Windows charges the page tables of a range when the range is made; we charge each as it is made,
 * so a reserve keeps committed memory usable when others commit all the rest.
 * Source: Windows Internals 6, part 2, ch. 10 "Commit Charge and the System Commit Limit".
 */
#include "mm/frames.h"

#define COMMIT_MOST (1ull << 40) /* pages: more than any machine will have */
#define RESIDENT_LEAST 256u      /* pages that stay for what is paged */
#define CACHED_MOST 256u         /* pages, by one processor */
#define CACHED_AT_ONCE 128u
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

/* ---- frames for good ---------------------------------------------------------------------------
 */

bool mi_charge_resident(struct mm *mm, uint64_t pages)
{
    ULONG64 *left = mm->ke->nt.MmResidentAvailablePages;
    ULONG64 seen = __atomic_load_n(left, __ATOMIC_RELAXED);

    do {
        if (pages > seen || seen - pages < RESIDENT_LEAST)
            return false;
    } while (!__atomic_compare_exchange_n(left, &seen, seen - pages, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

void mi_return_resident(struct mm *mm, uint64_t pages)
{
    __atomic_fetch_add(mm->ke->nt.MmResidentAvailablePages, pages, __ATOMIC_RELAXED);
}

/* ---- the total ------------------------------------------------------------------------------- */

static bool charge_total(struct mm *mm, uint64_t pages, enum mi_commit_for what)
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
    return true;
}

static void return_to_total(struct mm *mm, uint64_t pages)
{
    ULONG64 before = __atomic_fetch_sub(mm->ke->nt.MmTotalCommittedPages, pages, __ATOMIC_RELAXED);

    ASSERT(before >= pages);
}

/* ---- what processors have cached ------------------------------------------------------------- */

/* User memory may not have what the reserve is for, wherever it comes from. */
static bool take_cached(const struct mm *mm, KPRCB *prcb, uint64_t pages, enum mi_commit_for what)
{
    ULONG seen = __atomic_load_n(&prcb->CachedCommit, __ATOMIC_RELAXED);

    if (__atomic_load_n(mm->ke->nt.MmTotalCommittedPages, __ATOMIC_RELAXED) > limit_for(mm, what))
        return false;
    do {
        if (seen < pages)
            return false;
    } while (!__atomic_compare_exchange_n(&prcb->CachedCommit, &seen, seen - (ULONG)pages, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

static bool give_cached(KPRCB *prcb, uint64_t pages)
{
    ULONG seen = __atomic_load_n(&prcb->CachedCommit, __ATOMIC_RELAXED);

    do {
        if (pages > CACHED_MOST || seen > CACHED_MOST - pages)
            return false;
    } while (!__atomic_compare_exchange_n(&prcb->CachedCommit, &seen, seen + (ULONG)pages, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

uint64_t mi_cached_commit(const struct mm *mm)
{
    const struct ke_processors *p = &mm->ke->processors;
    uint64_t cached = 0;

    for (unsigned i = 0; i < p->count; i++)
        cached += __atomic_load_n(&p->prcb[i]->CachedCommit, __ATOMIC_RELAXED);
    return cached;
}

static uint64_t drain(struct mm *mm)
{
    const struct ke_processors *p = &mm->ke->processors;
    uint64_t cached = 0;

    for (unsigned i = 0; i < p->count; i++)
        cached += __atomic_exchange_n(&p->prcb[i]->CachedCommit, 0, __ATOMIC_RELAXED);
    if (cached > 0)
        return_to_total(mm, cached);
    return cached;
}

void mi_drain_cached_commit(struct mm *mm)
{
    (void)drain(mm);
}

/* ---- both ------------------------------------------------------------------------------------ */

static bool charge(struct mm *mm, uint64_t pages, enum mi_commit_for what)
{
    KPRCB *prcb = mi_prcb(mm);

    if (prcb && take_cached(mm, prcb, pages, what))
        return true;
    /* Some more for the next, as far as user memory could have it. */
    if (prcb && pages < CACHED_AT_ONCE &&
        charge_total(mm, pages + CACHED_AT_ONCE, MI_COMMIT_USER)) {
        if (!give_cached(prcb, CACHED_AT_ONCE))
            return_to_total(mm, CACHED_AT_ONCE);
        return true;
    }
    return charge_total(mm, pages, what) || (drain(mm) > 0 && charge_total(mm, pages, what));
}

static void count_system(struct mm *mm, int64_t pages, enum mi_commit_for what)
{
    if (what == MI_COMMIT_SYSTEM)
        __atomic_fetch_add(&mi_here(mm)->system_commit, pages, __ATOMIC_RELAXED);
}

uint64_t mi_system_commit(const struct mm *mm)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < MI_HERE_SLOTS; i++)
        sum += __atomic_load_n(&mm->here[i].system_commit, __ATOMIC_RELAXED);
    return (uint64_t)sum;
}

/* How many pages are missing for a charge. */
static uint64_t missing(const struct mm *mm, uint64_t pages, enum mi_commit_for what)
{
    uint64_t used = __atomic_load_n(mm->ke->nt.MmTotalCommittedPages, __ATOMIC_RELAXED);
    uint64_t limit = limit_for(mm, what);

    return used + pages > limit && used + pages >= used ? used + pages - limit : 0;
}

/* Have paging files grow, unless their disk is full. => whether the charge may be tried again */
static bool raise_limit(struct mm *mm, uint64_t pages, enum mi_commit_for what)
{
    if (__atomic_load_n(&mm->paging_files.withheld, __ATOMIC_RELAXED) > 0)
        return mi_retry_full_disk(mm);
    uint64_t more = missing(mm, pages, what);
    return more == 0 || mi_extend_paging_files(mm, more);
}

bool mi_charge_commit(struct mm *mm, uint64_t pages, enum mi_commit_for what)
{
    while (!charge(mm, pages, what)) {
        if (pages > COMMIT_MOST || !raise_limit(mm, pages, what))
            return false;
    }
    count_system(mm, (int64_t)pages, what);
    return true;
}

void mi_return_commit(struct mm *mm, uint64_t pages, enum mi_commit_for what)
{
    KPRCB *prcb = mi_prcb(mm);

    if (!prcb || !give_cached(prcb, pages))
        return_to_total(mm, pages);
    count_system(mm, -(int64_t)pages, what);
}

/* Add to a count, if it stays within its limit (0: none). => what it is then, 0: it would not */
static uint64_t add_within(ULONG64 *count, uint64_t pages, uint64_t limit)
{
    ULONG64 seen = __atomic_load_n(count, __ATOMIC_RELAXED);

    do {
        if (limit && (pages > limit || seen > limit - pages))
            return 0;
    } while (!__atomic_compare_exchange_n(count, &seen, seen + pages, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return seen + pages;
}

/* Counts in a process's job, if it has one. Page tables must be had for memory that was committed,
 * so they count, but are not refused. */
static bool charge_job(struct mm_space *space, uint64_t pages, bool limited)
{
    EJOB *job = space->job;

    if (!job)
        return true;
    uint64_t limit = limited ? __atomic_load_n(&job->JobMemoryLimit, __ATOMIC_RELAXED) : 0;
    uint64_t now = add_within(&job->CurrentJobMemoryUsed, pages, limit);
    if (now)
        raise_peak(&job->PeakJobMemoryUsed, now);
    return now != 0;
}

static void return_to_job(struct mm_space *space, uint64_t pages)
{
    if (space->job)
        __atomic_fetch_sub(&space->job->CurrentJobMemoryUsed, pages, __ATOMIC_RELAXED);
}

/* CommitCharge and its peak are the working set lock's; others look at them without. */
static bool charge_process(struct mm_space *space, uint64_t pages, bool limited)
{
    EPROCESS *process = space->process;
    uint64_t limit = limited ? __atomic_load_n(&process->CommitChargeLimit, __ATOMIC_RELAXED) : 0;
    uint64_t now = process->CommitCharge + pages;

    ASSERT(ex_push_lock_is_held_exclusive(&space->vm->WorkingSetMutex));
    if ((limit && now > limit) || !charge_job(space, pages, limited))
        return false;
    __atomic_store_n(&process->CommitCharge, now, __ATOMIC_RELAXED);
    if (now > process->CommitChargePeak)
        __atomic_store_n(&process->CommitChargePeak, now, __ATOMIC_RELAXED);
    if (space->job)
        raise_peak(&space->job->PeakProcessMemoryUsed, now);
    return true;
}

static void return_to_process(struct mm_space *space, uint64_t pages)
{
    EPROCESS *process = space->process;

    ASSERT(ex_push_lock_is_held_exclusive(&space->vm->WorkingSetMutex));
    ASSERT(process->CommitCharge >= pages);
    __atomic_store_n(&process->CommitCharge, process->CommitCharge - pages, __ATOMIC_RELAXED);
    return_to_job(space, pages);
}

bool mi_charge_process_commit(struct mm_space *space, uint64_t pages, enum mi_commit_for what)
{
    if (pages == 0)
        return true;
    if (!space->process)
        return mi_charge_commit(space->mm, pages, what);
    if (!charge_process(space, pages, what == MI_COMMIT_USER))
        return false;
    if (mi_charge_commit(space->mm, pages, what))
        return true;
    return_to_process(space, pages);
    return false;
}

void mi_return_process_commit(struct mm_space *space, uint64_t pages, enum mi_commit_for what)
{
    if (pages == 0)
        return;
    if (space->process)
        return_to_process(space, pages);
    mi_return_commit(space->mm, pages, what);
}

void mm_space_set_job(struct mm_space *space, EJOB *job)
{
    mi_lock_address_space(space);
    mi_lock_working_set(space); /* nobody charges meanwhile */
    uint64_t charge = __atomic_load_n(&space->process->CommitCharge, __ATOMIC_RELAXED);
    if (!job || !space->cleaned) {
        return_to_job(space, charge);
        space->job = job;
        (void)charge_job(space, charge, false);
    }
    mi_unlock_working_set(space);
    mi_unlock_address_space(space);
}
