/* src/mm/paging.h: pages on their way out of memory and back, inside mm.
 *
 *      transition.c   pages that nobody maps but that are still in memory
 *      pagefile.c     paging files and their slots
 *      inpage.c       reading pages
 *      writer.c       writing modified pages
 *      trim.c         what happens when pages run short
 *
 * (P) is the PFN lock, (W) the working set lock of the process, as everywhere in mm.
 */
#pragma once

#include <pthread.h>
#include <sys/uio.h>

#include "ke/pushlock.h"
#include "mm/mm.h"
#include "mm/pte.h"

#define MI_READ_CLUSTER 8u   /* pages read at once, with the one that is needed */
#define MI_WRITE_CLUSTER 64u /* pages written at once */

/* ---- transition.c ---------------------------------------------------------------------------- */

/* Where the PTE or prototype PTE that a page belongs to is, in the direct map. => (P), or nobody
 * else can change the page's owner */
MMPTE *mi_pte_of_page(const struct mm *mm, const MMPFN *page);
/* Mark a page changed: its copy in a paging file is worth nothing any more. => (P) */
void mi_page_changed(struct mm *mm, MMPFN *page);
/* Which list it is on, or goes to, as a modified page: what is written to files and what to paging
 * files wait apart. => (P) */
MMPFNLIST *mi_modified_list(const struct mm *mm, const MMPFN *page);
/* Whether it is to be written only when its file is flushed (CONTROL_AREA's NoModifiedWriting), and
 * waits on the modified-no-write list till then. => (P) */
bool mi_page_is_held_back(struct mm *mm, const MMPFN *page);
/* Off the modified list, to be written; and after that. A page that was changed meanwhile, or could
 * not be written, is modified as before. => (P) */
void mi_begin_write(struct mm *mm, uint64_t pfn);
void mi_end_write(struct mm *mm, uint64_t pfn, bool written);
/* Nobody needs what is in a page any more: it is as good as never written. => not (P) */
void mi_page_useless(struct mm *mm, uint64_t pfn);
/* One reference less: with the last, the page goes to the list that its state says, or is freed
 * when its owner gave it up. => (P) */
void mi_dereference_page(struct mm *mm, uint64_t pfn);
/* The last valid PTEs of pages are in transition now, and every processor knows. */
struct mi_unshare;
void mi_unmap_pages(struct mm *mm, const struct mi_unshare *pages, size_t count);
void mi_unmap_page_locked(struct mm *mm, uint64_t pfn, bool dirty); /* => (P) */
/* Take an unmapped page back into use: one PTE maps it. => (P); not being read */
void mi_activate_page(struct mm *mm, uint64_t pfn);
/* The same for a fault of a thread, whose memory priority it has then. */
void mi_activate_user_page(struct mm *mm, uint64_t pfn);
/* Its owner gives a page up that nobody maps. => (P) */
void mi_give_up_page(struct mm *mm, uint64_t pfn);
/* The same for one that nobody maps any more, and that is not in transition yet. => (P) */
void mi_give_up_active_page(struct mm *mm, uint64_t pfn);
/* Off the standby or modified list, with one reference. => (P) */
void mi_take_off_list(struct mm *mm, uint64_t pfn);
/* A read failed: its PTE gets back what it said. => (P) */
void mi_page_not_read(struct mm *mm, uint64_t pfn);
/* Take a standby page away from its PTE, which says then where its contents are. => (P); it is on
 * no list any more */
void mi_repurpose(struct mm *mm, uint64_t pfn);
/* Clear, or replace by `value`, a private PTE that is not valid; free what it held. => (W) */
void mi_delete_invalid_pte(struct mm *mm, MMPTE *pte, MMPTE value);

/* Paging files are full: take up to `most` slots from pages that are in use, which are modified
 * then. => how many; not (P) */
size_t mi_take_back_slots(struct mm *mm, size_t most);

/* A page whose owner is gone while it is being read or written. Source: Windows marks bit 0 of
 * PteAddress likewise. */
static inline bool mi_page_is_given_up(const MMPFN *page)
{
    return page->PteAddress.va % 2 != 0;
}

/* ---- pagefile.c ------------------------------------------------------------------------------ */

struct mi_paging_file {
    MMPAGING_FILE *file; /* in nonpaged pool */
    void *storage;       /* the ops' */
};

#define MI_LEAST_PAGING_FILE (2 * PAGE_SIZE) /* slot 0 and one more */
#define MI_PAGING_FILES 16u                  /* what PageFileLow can say */

struct mi_paging {
    const struct mm_paging_ops *ops;
    struct ke_lock lock;      /* KE_RANK_PAGE_FILE: bitmaps and counts */
    pthread_mutex_t creation; /* whoever makes a file, or one larger; outside of all locks */
    struct mi_paging_file files[MI_PAGING_FILES];
    unsigned count;    /* (A) */
    uint64_t limit;    /* slots that all files together may have; lock */
    unsigned rover;    /* the file that gets the next cluster */
    bool fails;        /* (A) the last write did */
    uint64_t withheld; /* (A) slots that cannot be written: the disk is full */
};

/* A stretch of slots of one paging file. */
struct mi_slots {
    unsigned file;
    uint64_t first;
    size_t count;
};

/* Up to `most` free slots in a row. => count 0: all paging files are full */
struct mi_slots mi_allocate_slots(struct mm *mm, size_t most);
/* Have the commit limit higher by at least so many slots. => false: paging files cannot grow so
 * much, and none did; any lock above KE_RANK_PAGE_FILE may be held */
bool mi_extend_paging_files(struct mm *mm, uint64_t slots);
/* How many slots more all files together may have; let one of them have up to so many more.
 * => how many; lock held */
uint64_t mi_paging_room_locked(const struct mm *mm);
uint64_t mi_extend_file_locked(struct mm *mm, MMPAGING_FILE *file, uint64_t slots);
/* The slot that a PTE in page-file form names. */
void mi_free_slot(struct mm *mm, MMPTE pte);
/* Whether a PTE in page-file form names a slot that exists and is in use. => lock held, or the
 * machine is quiescent */
bool mi_slot_is_used(struct mm *mm, MMPTE pte);
/* One read or write of consecutive slots. => the storage's status */
NTSTATUS mi_read_slots(struct mm *mm, const struct mi_slots *slots, const uint64_t *pfn);
NTSTATUS mi_write_slots(struct mm *mm, const struct mi_slots *slots, const uint64_t *pfn);
/* What is in the slot of a PTE in page-file form, for the checker. => STATUS_INVALID_PARAMETER:
 * there is no such slot */
NTSTATUS mi_read_slot(struct mm *mm, MMPTE pte, void *page);
/* Files of the host without a name. */
extern const struct mm_paging_ops mi_host_paging;

/* ---- pagefiles.c -----------------------------------------------------------------------------
 */

void mi_paging_files_initialize(struct mm *mm, const struct mm_paging_ops *ops);
void mi_paging_files_close(struct mm *mm);

static inline MMPTE mi_page_file_pte(unsigned file, uint64_t slot, unsigned protection)
{
    return (MMPTE){.u.Soft = {.PageFileLow = file, .Protection = protection, .PageFileHigh = slot}};
}

/* ---- inpage.c -------------------------------------------------------------------------------- */

/* A read in progress: what Windows keeps in an MMINPAGE_SUPPORT. u1.Event of each page leads to its
 * event. */
struct mi_inpage {
    uint32_t done;       /* (A) futex */
    unsigned references; /* (P) the reader and who waits; 0: free */
    KEVENT *event;       /* (I) */
    struct mi_slots slots;
    uint64_t pfn[MI_READ_CLUSTER];
};

/* A read that a fault has to do, or has to wait for, before it goes on. */
struct mi_read {
    struct mi_inpage *inpage; /* NULL: none */
    bool mine;
};

#define MI_INPAGES 64u /* reads at once */

struct mi_inpages {
    KEVENT *events; /* one block of nonpaged pool */
    struct mi_inpage inpage[MI_INPAGES];
};

NTSTATUS mi_inpage_boot(struct mm *mm);
/* Begin to read the page of `pte`, which is in page-file form, and its neighbours as far as that is
 * cheap. `pte_va` is what MMPFN.PteAddress will say. `step`: how many PTEs it is to the next
 * prototype PTE; 0: it is none. => none: no frame, or too many reads; (P) */
struct mi_read mi_inpage_begin(struct mm *mm, MMPTE *pte, uint64_t pte_va, unsigned step);
/* Do it. => no lock of mm but (C) held; what the storage says */
NTSTATUS mi_inpage_read(struct mm *mm, struct mi_inpage *inpage);
/* Somebody else is reading this page: have a reference to his read. => (P) */
struct mi_read mi_inpage_join(struct mm *mm, const MMPFN *page);
/* Wait until it is done. => no lock but (C) */
void mi_inpage_wait(struct mm *mm, struct mi_inpage *inpage);

/* ---- writer.c, mappedwriter.c ---------------------------------------------------------------- */

/* Write up to `most` modified pages that go to paging files. => how many were; any thread, not (P)
 */
size_t mi_write_modified(struct mm *mm, size_t most);
/* The same for those that go to the files they are from. */
size_t mi_write_mapped(struct mm *mm, size_t most);

/* After a write to a paging file, or one that failed: what a full disk cannot take is withheld from
 * the commit limit. */
void mi_note_disk(struct mm *mm, unsigned file, NTSTATUS written);
/* Something is withheld: try whether the disk is full still. => false: nothing has changed */
bool mi_retry_full_disk(struct mm *mm);

struct mi_control;

/* From the first to the second, no page of a control area's file is being written by
 * mi_write_mapped: who changes the size of the file, or takes its pages apart, is alone. Waits.
 * => not (P); counted */
void mi_hold_writes(struct mi_control *control);
void mi_release_writes(struct mi_control *control);
/* Wait for the writes of its pages that are on their way. => not (P) */
void mi_await_writes(const struct mi_control *control);

/* ---- worker.c: threads of mm's own ----------------------------------------------------------- */

/* A thread that is made when there is first something to do, and sleeps when there is nothing. */
struct mi_worker {
    struct mm *mm;
    /* A part of the work, between mi_worker_enter and _leave as far as it touches guest memory.
     * => in how many milliseconds to come again at the latest, MI_WORKER_IDLE: when poked */
    int (*work)(struct mi_worker *worker);
    pthread_t thread;
    uint32_t state;        /* (A) futex: enum mi_worker_state */
    bool stop;             /* (A) */
    pthread_mutex_t pause; /* held while it is at work */
};

#define MI_WORKER_IDLE (-1)

enum mi_worker_state { MI_WORKER_ABSENT, MI_WORKER_ASLEEP, MI_WORKER_AT_WORK, MI_WORKER_POKED };

void mi_worker_initialize(struct mi_worker *worker, struct mm *mm,
                          int (*work)(struct mi_worker *worker));
/* There is something to do. Any thread, any lock but (P). => false: it could not be started */
bool mi_worker_poke(struct mi_worker *worker);
/* For its own thread: nobody has stopped the machine, or checks it, until _leave. */
void mi_worker_enter(struct mi_worker *worker);
void mi_worker_leave(struct mi_worker *worker);
/* The same: sleep for so many milliseconds, whoever pokes. */
void mi_worker_back_off(struct mi_worker *worker, int delay);
bool mi_worker_is_stopped(const struct mi_worker *worker);
/* End the thread, if there is one, after what it is at. */
void mi_worker_stop(struct mi_worker *worker);
void mi_worker_deinitialize(struct mi_worker *worker);
/* None of a machine's workers is at work between these. */
void mi_pause_workers(struct mm *mm);
void mi_resume_workers(struct mm *mm);

/* ---- balance.c ------------------------------------------------------------------------------- */

enum { MI_WORKER_ZERO, MI_WORKER_MODIFIED, MI_WORKER_MAPPED, MI_WORKER_BALANCE, MI_WORKERS };

/* When they have something to do; in pages. */
struct mi_thresholds {
    uint64_t low;      /* fewer available: trim and write */
    uint64_t enough;   /* until there are so many */
    uint64_t modified; /* more modified: write */
};

/* Whether a paging file has a free slot, as far as one can see without a lock. */
bool mi_paging_files_have_room(const struct mm *mm);
void mi_balance_initialize(struct mm *mm, bool threads);
/* Pages were taken, or became modified: wake who has to do something about it. => not (P) */
void mi_balance(struct mm *mm);

/* ---- trim.c ---------------------------------------------------------------------------------- */

/* Frames that only the system itself may take: page tables, pools. */
#define MI_SYSTEM_FRAMES 24u

/* Whether there are frames to spare, for what is not needed at once. => (P) */
bool mi_frames_are_plenty(const struct mm *mm);
/* Take up to `most` pages out of all working sets that nobody is at; with `all`, those as well that
 * were just used. *busy says that some were
 * passed by. => how many; not (P) */
size_t mi_trim_all(struct mm *mm, size_t most, bool all, bool *busy);
/* There was no page: have `pages` available for whoever asks, besides the system's own. => false:
 * there is nothing to be had; any lock below KE_RANK_RECLAIM may be held */
bool mi_make_room(struct mm *mm, uint64_t pages);
/* There was no room either: wait a moment for others to give something back. => false: enough of
 * that, after `waits` moments; no lock but (C) held */
bool mi_wait_for_room(struct mm_space *space, unsigned waits);
