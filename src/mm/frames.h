/* src/mm/frames.h: frames of RAM and promises of them, inside mm: who has which, and how many are
 * still to be had.
 *
 *      pfn.c     taking and freeing frames, page lists, quarantine of page tables
 *      slist.c   frames that a process has at hand
 *      boot*.c   the first state of all of them
 *      zero.c    the zero-page thread
 *      commit.c  commit charge, resident available pages
 */
#pragma once

#include "mm/mi.h"

/* ---- pfn.c ---------------------------------------------------------------------------------- */

enum mi_page_want {
    MI_PAGE_ANY,       /* contents undefined */
    MI_PAGE_ZEROED,    /* all zero */
    MI_PAGE_DIRECTORY, /* zeroed, and above the System process's page directory */
    MI_PAGE_USER,      /* the same as the first two, but not from the last MI_SYSTEM_FRAMES */
    MI_PAGE_USER_ZEROED,
};

/* Take a frame off the lists. It comes active, with one reference and nothing mapping it.
 * => false: there is none, not even in quarantine */
bool mi_allocate_page(struct mm *mm, enum mi_page_want want, uint64_t *pfn);
/* The same for a process: of its next colour if possible, or else of one that follows. => (W) */
bool mi_allocate_process_page(struct mm_space *space, enum mi_page_want want, uint64_t *pfn);
/* Take `count` consecutive frames; contents undefined. => false: none found nearby */
bool mi_allocate_run(struct mm *mm, size_t count, uint64_t *first);
/* The same with MI_PAGE_USER, or for the system itself MI_PAGE_ANY. => (P) */
bool mi_take_page_locked(struct mm *mm, enum mi_page_want want, uint64_t *pfn);
/* Put frames that nothing maps any more, and the slots of their pages, back; one that is being
 * written goes when that is done. */
void mi_free_pages(struct mm *mm, const uint64_t *pfn, size_t count);
static inline void mi_free_page(struct mm *mm, uint64_t pfn)
{
    mi_free_pages(mm, &pfn, 1);
}

/* A frame that just left its list: active, one reference, nothing known of who maps it. */
void mi_page_taken(MMPFN *page);
#define MI_PRIORITIES 8u /* of pages: MEMORY_PRIORITY_*, and two for the system */
/* The memory priority of what the calling thread brings in; below MI_PRIORITIES. */
unsigned mi_page_priority(const struct mm *mm);
/* Whether the entry of an active page says nothing but what mi_page_taken and mi_initialize_pfn
 * wrote. */
bool mi_page_is_ordinary(const MMPFN *page);
/* Say who maps a frame: `pte_va` as the self map shows it, in the table `table`; `protection` is
 * what OriginalPte keeps. */
void mi_initialize_pfn(struct mm *mm, uint64_t pfn, uint64_t pte_va, uint64_t table,
                       unsigned protection);

/* `by` more PTEs map a page that several address spaces share. */
void mi_share_page(struct mm *mm, uint64_t pfn, int by);

/* How many PTEs map a page that several address spaces share. */
uint64_t mi_share_count(struct mm *mm, uint64_t pfn);

/* Put a frame on the free list, or one that is all zero on the zeroed one. => (P); on no list, and
 * nobody else refers to it */
void mi_free_frame_locked(struct mm *mm, uint64_t pfn, bool zero);

void mi_list_initialize(MMPFNLIST *list, MMLISTS name);
void mi_list_insert_head(struct mm *mm, MMPFNLIST *list, uint64_t pfn);
void mi_list_insert_tail(struct mm *mm, MMPFNLIST *list, uint64_t pfn);
void mi_list_remove(struct mm *mm, MMPFNLIST *list, uint64_t pfn);
/* Append `count` frames of one colour to its list, each one turn of colours after the one before,
 * whose entries lead to each other already. => (P) */
void mi_list_append_run(struct mm *mm, MMPFNLIST *list, uint64_t first, uint64_t count);

/* Free a frame that was a page table, and with `zero` has no entry left; it is reused only after
 * the engine forgot it. */
void mi_free_table(struct mm *mm, uint64_t pfn, bool zero);
void mi_release_quarantine(struct mm *mm);

/* ---- slist.c: all => (W) unless they say otherwise ---------------------------------------- */

void mi_slist_initialize(struct mm *mm);
/* As mi_allocate_page, for the process. */
bool mi_slist_take(struct mm_space *space, enum mi_page_want want, uint64_t *pfn);
/* As mi_free_pages, for pages that the process had. */
void mi_slist_free(struct mm_space *space, const uint64_t *pfn, size_t count);
/* As mi_free_table, for a table of the process that has no entry left. */
void mi_slist_free_table(struct mm_space *space, uint64_t pfn);
/* Give up to `most` of them back to the lists. => how many */
size_t mi_slist_drain(struct mm_space *space, size_t most);
/* Those of all processes whose working set is not locked. => not (W), not (S) */
void mi_slist_drain_all(struct mm *mm);
/* How many all processes have. => not (S) */
void mi_slist_count(struct mm *mm, uint64_t *zeroed, uint64_t *free);

static inline struct mi_here *mi_here(struct mm *mm)
{
    return &mm->here[ke_host_processor() % MI_HERE_SLOTS];
}

/* The KPRCB whose counts the caller uses, so that two processors of the host seldom write the same;
 * whoever it is, it may be another one's a moment later. NULL: the machine has none yet. */
static inline KPRCB *mi_prcb(const struct mm *mm)
{
    const struct ke_processors *p = &mm->ke->processors;
    unsigned index = ke_host_processor();

    if (index >= p->count) /* mostly not, and a division takes its time */
        index = p->count ? index % p->count : 0;
    return p->prcb[index];
}

/* `by` more in a count of the KPRCB, a LONG; one more. */
#define MI_COUNT_BY(mm, field, by)                                                                 \
    do {                                                                                           \
        KPRCB *count_prcb = mi_prcb(mm);                                                           \
        if (count_prcb)                                                                            \
            __atomic_fetch_add(&count_prcb->field, (by), __ATOMIC_RELAXED);                        \
    } while (0)
#define MI_COUNT(mm, field) MI_COUNT_BY(mm, field, 1)

/* ---- badpage.c ------------------------------------------------------------------------------- */

/* Whether a frame was marked as failing, or to be taken away: it goes to the list of bad frames
 * instead of becoming free, or when it is its turn to be taken. */
static inline bool mi_frame_is_bad(const MMPFN *page)
{
    return page->u3.e1.ParityError || page->u3.e1.RemovalRequested;
}
/* Put such a frame, which is on no list and nobody's, where nobody takes it from. => (P) */
void mi_retire_frame(struct mm *mm, uint64_t pfn);
/* The same if it is one. => whether it was */
static inline bool mi_retire_if_bad(struct mm *mm, uint64_t pfn)
{
    bool bad = mi_frame_is_bad(mi_pfn(mm, pfn));

    if (__builtin_expect(bad, 0))
        mi_retire_frame(mm, pfn);
    return bad;
}

/* ---- boot.c, bootpfn.c, bootnt.c ----------------------------------------------------------- */

/* Lay out RAM, make the tables of system space and the windows onto it. Frames from *first_free on
 * are free. */
NTSTATUS mi_boot_system_space(struct mm *mm, uint64_t *first_free);
/* Decide which frames are early: those in use and enough free ones to go on with. */
void mi_boot_divide_frames(struct mm *mm, uint64_t first_free);
/* Give early frames their MMPFN and put the free ones on the zeroed list. => nt's globals are known
 */
void mi_boot_early_frames(struct mm *mm);
/* Have the other frames where they belong, too. Any thread, as often as it likes. => PFN lock not
 * held */
void mi_list_all_frames(struct mm *mm);
/* Few of the early frames are left, and the others are not listed yet. */
bool mi_early_frames_are_short(const struct mm *mm);

static inline uint64_t mi_system_directory_frame(void)
{
    return MI_VPN(MM_SYSTEM_PAGE_DIRECTORY);
}

/* Put nt where its large pages are, and find its globals. */
NTSTATUS mi_boot_nt(struct mm *mm, const void *bytes, size_t size);

/* ---- zero.c --------------------------------------------------------------------------------- */

/* What the zero-page thread does. */
int mi_zero_work(struct mi_worker *worker);
/* Move up to `most` frames from the free to the zeroed list. => how many */
size_t mi_zero_free_pages(struct mm *mm, size_t most);
/* The same with one frame, by who would only wait; for the zero-page thread, where that has much to
 * do. => inside (ke/processor.h), no lock held */
void mi_zero_while_waiting(struct mm *mm);
/* Wake the zero-page thread if there is enough for it to do. => PFN lock not held */
void mi_zero_thread_poke(struct mm *mm);

/* ---- commit.c ------------------------------------------------------------------------------- */

enum mi_commit_for {
    MI_COMMIT_USER,   /* private memory: leaves a reserve for the page tables it will need */
    MI_COMMIT_LARGE,  /* the same for large pages, which no limit of a job is held against */
    MI_COMMIT_SYSTEM, /* page tables, pools, kernel stacks */
};

/* Promise `pages` frames. => false: that would pass the commit limit; nothing charged */
bool mi_charge_commit(struct mm *mm, uint64_t pages, enum mi_commit_for what);
void mi_return_commit(struct mm *mm, uint64_t pages, enum mi_commit_for what);
/* Promise that `pages` frames are never asked back: large pages, pages that a process owns, hard
 * minimum working sets. They go off MmResidentAvailablePages.
 * => false: too few would be left for what is paged; nothing charged */
bool mi_charge_resident(struct mm *mm, uint64_t pages);
void mi_return_resident(struct mm *mm, uint64_t pages);
/* Commit for a process: charges both it and the system. => (W), or pages is 0 */
bool mi_charge_process_commit(struct mm_space *space, uint64_t pages, enum mi_commit_for what);
void mi_return_process_commit(struct mm_space *space, uint64_t pages, enum mi_commit_for what);
/* What processors keep charged for the next who asks (KPRCB.CachedCommit): a part of
 * MmTotalCommittedPages that nobody uses. */
uint64_t mi_cached_commit(const struct mm *mm);
void mi_drain_cached_commit(struct mm *mm);
/* The part that is not user memory. */
uint64_t mi_system_commit(const struct mm *mm);
