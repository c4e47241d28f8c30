/* src/mm/balance.c: who trims and writes, and when.
 *
 *      available pages            modified pages
 *      |                          |
 *      |  idle                    |  writers awake until there are half as many
 *      |------- enough            |------- modified
 *      |  goes on every second    |  idle
 *      |------- low               |
 *      |  balance set manager     |
 *      |  and writers awake       |
 *      |------- system's own      |
 *      |  who needs a page makes room itself (trim.c)
 *
 * Three workers (worker.c): the balance set manager takes pages out of working sets, the modified
 * page writer writes to paging files, the mapped page writer to the files that pages are from. They
 * are looked after where pages are taken or leave working sets (mi_balance): two loads and
 * compares, while there is memory. A machine that never runs short never has these threads.
 *
 * Trimming is gentle at first: a pass takes what was not used since the one before. Only when
 * several did not help it takes what is used. A writer whose pages cannot be written tries again
 * after a while.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Balance Set Manager and Swapper", "Modified Page
 * Writer".
 */
#include "mm/frames.h"

#define GENTLE_PASSES 3u
#define PASS_MS 20       /* between passes while pages are short */
#define PERIOD_MS 1000   /* after that, until there are enough */
#define BACK_OFF_MS 1000 /* after a write that failed */

/* Of all frames. */
#define LOW_SHARE 64u
#define MODIFIED_SHARE 8u
#define LOW_MOST 1024u
#define MODIFIED_MOST 16384u
#define WRITTEN_AT_ONCE 256u /* before the machine can be stopped */

static uint64_t load(const ULONG64 *value)
{
    return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static uint64_t available(const struct mm *mm)
{
    return load(mm->ke->nt.MmAvailablePages);
}

static uint64_t modified_for_paging_files(const struct mm *mm)
{
    return load(&mm->ke->nt.MmModifiedPageListByColor->Total);
}

static uint64_t modified_for_files(const struct mm *mm)
{
    uint64_t all = load(&mm->ke->nt.MmModifiedPageListHead->Total);
    uint64_t paging = modified_for_paging_files(mm);

    return all > paging ? all - paging : 0;
}

static void poke(struct mm *mm, int worker)
{
    (void)mi_worker_poke(&mm->worker[worker]); /* at worst the one who needs a page does the work */
}

/* `most`: as many modified pages as may be. */
static void poke_writers(struct mm *mm, uint64_t most)
{
    if (modified_for_paging_files(mm) > most && mi_paging_files_have_room(mm))
        poke(mm, MI_WORKER_MODIFIED);
    if (modified_for_files(mm) > most)
        poke(mm, MI_WORKER_MAPPED);
}

void mi_balance(struct mm *mm)
{
    if (!mm->threads)
        return;
    if (mi_early_frames_are_short(mm))
        poke(mm, MI_WORKER_ZERO);
    if (available(mm) < mm->thresholds.low)
        poke(mm, MI_WORKER_BALANCE);
    if (load(&mm->ke->nt.MmModifiedPageListHead->Total) > mm->thresholds.modified)
        poke_writers(mm, mm->thresholds.modified);
}

/* ---- the workers ----------------------------------------------------------------------------- */

/* => when to come again */
static int balance_work(struct mi_worker *worker)
{
    struct mm *mm = worker->mm;
    bool busy;

    for (unsigned pass = 0; available(mm) < mm->thresholds.low; pass++) {
        if (mi_worker_is_stopped(worker))
            return MI_WORKER_IDLE;
        mi_worker_enter(worker);
        uint64_t has = available(mm);
        if (has < mm->thresholds.enough)
            mi_trim_all(mm, mm->thresholds.enough - has, pass >= GENTLE_PASSES, &busy);
        mi_worker_leave(worker);
        poke_writers(mm, 0);
        if (pass > GENTLE_PASSES)
            return PERIOD_MS; /* that was all there is to be had */
        mi_worker_back_off(worker, PASS_MS);
    }
    if (available(mm) >= mm->thresholds.enough)
        return MI_WORKER_IDLE;
    poke_writers(mm, 0);
    return PERIOD_MS;
}

static bool is_enough(const struct mm *mm, uint64_t modified)
{
    return available(mm) >= mm->thresholds.enough && modified <= mm->thresholds.modified / 2;
}

static int write(struct mi_worker *worker, size_t (*some)(struct mm *, size_t),
                 uint64_t (*modified)(const struct mm *))
{
    struct mm *mm = worker->mm;

    while (!mi_worker_is_stopped(worker) && modified(mm) > 0 && !is_enough(mm, modified(mm))) {
        mi_worker_enter(worker);
        size_t written = some(mm, WRITTEN_AT_ONCE);
        mi_worker_leave(worker);
        if (written == 0) {
            mi_worker_back_off(worker, BACK_OFF_MS);
            break;
        }
    }
    return MI_WORKER_IDLE;
}

static int modified_work(struct mi_worker *worker)
{
    return write(worker, mi_write_modified, modified_for_paging_files);
}

static int mapped_work(struct mi_worker *worker)
{
    return write(worker, mi_write_mapped, modified_for_files);
}

/* ---- boot ------------------------------------------------------------------------------------ */

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

void mi_balance_initialize(struct mm *mm, bool threads)
{
    static int (*const work[MI_WORKERS])(struct mi_worker *) = {[MI_WORKER_ZERO] = mi_zero_work,
                                                                [MI_WORKER_MODIFIED] =
                                                                    modified_work,
                                                                [MI_WORKER_MAPPED] = mapped_work,
                                                                [MI_WORKER_BALANCE] = balance_work};

    for (int i = 0; i < MI_WORKERS; i++)
        mi_worker_initialize(&mm->worker[i], mm, work[i]);
    mm->threads = threads;
    mm->thresholds.low = at_most(mm->frames / LOW_SHARE, LOW_MOST);
    mm->thresholds.enough = 2 * mm->thresholds.low;
    mm->thresholds.modified = at_most(mm->frames / MODIFIED_SHARE, MODIFIED_MOST);
}
