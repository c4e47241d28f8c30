/* src/mm/mi.h: the inside of the memory manager.
 *
 * Letters behind fields say what protects them:
 *      (I) immutable after boot            (A) atomic
 *      (P) PFN lock                        (W) working set lock of the process
 *      (C) address creation lock of the process; (CW) both to change, either to read
 *      (R) the region's lock               (S) spaces_lock
 *
 * Frames and their owners. A frame on a page list belongs to the PFN lock. A frame that is on none
 * belongs to whoever took it off: its MMPFN is then changed under the lock of the PTE that maps it
 * (working set lock for user pages and page tables, region lock for system pages) without the PFN
 * lock, so that a fault holds the machine-wide lock only to take one frame off a list. Only u3
 * (reference count and location) always changes under the PFN lock: searches look at it.
 */
#pragma once

#include <pthread.h>

#include "base/assert.h"
#include "base/bitmap.h"
#include "base/list.h"
#include "base/log.h"
#include "host/host.h"
#include "ke/ke.h"
#include "ke/pushlock.h"
#include "mm/mm.h"
#include "mm/paging.h"
#include "mm/pte.h"
#include "nt/ps.h"

/* End of a list of frames. Source: LM_LIST_HEAD / MM_EMPTY_LIST as a debugger shows it. */
#define MI_LIST_END UINT64_MAX

/* Share of VA reserved for the host's view of a region; pages appear in it as they are backed. */
struct mi_region {
    struct mm *mm;
    const char *name;    /* (I) */
    uint64_t start;      /* (I) kernel address of page 0 */
    size_t pages;        /* (I) */
    size_t floor;        /* (I) the first pages are backed from boot on, for good */
    size_t prefix;       /* (I) pages in front of page 0 that its window shows too */
    char *window;        /* (I) host reservation: prefix and pages */
    char *host;          /* (I) host address of page 0 */
    MMPTE *ptes;         /* (R) the flat array of its PTEs, in the direct map */
    bool shrink;         /* (I) give frames back as soon as pages are freed */
    bool executable;     /* (I) */
    bool pageable;       /* (I) its pages come and go: pagedpool.c */
    struct bitmap used;  /* (R) */
    size_t hint;         /* (R) no clear bit below it */
    size_t used_pages;   /* (R) */
    size_t backed_pages; /* (R) above the floor */
    uint8_t *group_used; /* (R) used pages of each group of MI_GROUP_PAGES */
    size_t idle_groups;  /* (R) backed above the floor, and without a used page */
    struct ke_lock lock;
};

#define MI_GROUP_PAGES 64u

struct mi_pool {
    struct mm *mm;
    POOL_DESCRIPTOR *descriptor; /* in nt */
    struct mi_region *region;
    unsigned type;        /* (I) NonPagedPool or PagedPool */
    uint64_t nonempty[4]; /* which lists of free blocks have any; the pool's lock */
    struct ke_lock lock;
};

/* Where freed frames that were page tables wait: an engine may still hold translations derived
 * from them. Chained through u1.Flink; u2.ShareCount says whether they are all zero. */
struct mi_quarantine {
    uint64_t first; /* (P) */
    size_t count;   /* (P) */
};

/* Free frames that a process has at hand, see slist.c. Counts are also read without the lock. */
#define MI_SLIST_MOST 64u
struct mi_slist {
    uint32_t zeroed_count, free_count; /* (W) */
    uint64_t zeroed[MI_SLIST_MOST];    /* (W) */
    uint64_t free[MI_SLIST_MOST];      /* (W) */
};

/* What each processor of the host keeps for itself, in cache lines of its own. */
#define MI_HERE_SLOTS 16u
struct mi_here {
    uint64_t next_frame; /* (A) which the next demand-zero fault takes; MI_LIST_END: of the lists */
    int64_t system_commit; /* (A) their sum: what of all commit is not user memory */
    char apart[112];
};

#define MI_SPARE_VADS 8u

struct mm_space {
    struct mm *mm;
    EPROCESS *process; /* (I) NULL: paged pool's, which is a working set alone (pagedpool.c) */
    MMSUPPORT *vm;     /* (I) the process's Vm, or MmPagedPoolWs */
    void *owner;
    bool system;
    bool cleaned;          /* (CW) its threads are gone: the engine forgets all at once */
    uint64_t directory;    /* (I) frame of the PML4 */
    MMPTE *pml4;           /* host view of it */
    uint64_t tables;       /* (W) user page tables below the PML4; also read without it */
    struct mi_slist slist; /* (W) */
    uint64_t large_pages;  /* (W) page directory entries that map large pages */
    bool watched;          /* (W) it has, or had, memory with a write watch */
    MMVAD_SHORT *spare[MI_SPARE_VADS]; /* (C) pool blocks for the next private VADs */
    unsigned spare_count;              /* (C) */
    MMVAD_SHORT *spare_view;           /* (A) for the next view's */
    EJOB *job;               /* (CW) whose CurrentJobMemoryUsed its commit counts in, or NULL */
    uint64_t overhead;       /* (W) PML4, hyperspace's tables and pages */
    MMPTE *hyperspace;       /* (I) host view of its page directory */
    MMWSL *working_set_list; /* (I) host view of its first page */
    uint32_t hash_pages;     /* (W) of NonDirectHash */
    struct list_node link;
};

/* How far boot has come with the page lists, see bootpfn.c. */
enum mi_boot_frames {
    MI_FRAMES_NONE,  /* there are no lists yet */
    MI_FRAMES_EARLY, /* frames below struct mm.listed_frames are on them */
    MI_FRAMES_LISTING,
    MI_FRAMES_ALL
};

struct mm {
    struct ke *ke;
    const struct mm_ops *ops;
    void *owner;
    const struct log *log;
    unsigned maxphyaddr;

    int ram_fd;
    uint8_t *ram; /* direct map: physical address 0 */
    uint64_t ram_size;
    uint64_t frames; /* ram_size in pages */

    MMPFN *pfn;                      /* PFN database, by frame number */
    uint64_t database_frame;         /* (I) its first frame */
    uint64_t *check_memory;          /* what mm_check notes by frame, once it was called */
    uint32_t slist_most;             /* (I) of each kind, see slist.c */
    uint32_t boot_frames;            /* (A) futex: enum mi_boot_frames */
    bool threads;                    /* (I) there may be workers */
    struct mi_thresholds thresholds; /* (I) */
    char apart[128]; /* what is above is read all the time, and hardly ever written */
    struct ke_lock pfn_lock;
    uint64_t listed_frames; /* (P) frames from here on are not on a list yet, see bootpfn.c */
    uint64_t run_rover;     /* (P) where the search for contiguous frames goes on */
    struct mi_quarantine quarantine;
    char apart_too[128];
    struct mi_worker worker[MI_WORKERS];

    struct mi_paging paging_files;
    struct mi_inpages inpages;
    struct ke_lock reclaim_lock;  /* KE_RANK_RECLAIM */
    uint64_t pages_being_written; /* (A) */

    uint64_t resident;       /* (I) MmResidentAvailablePages after boot */
    bool mapped_writes_fail; /* (A) the last one did */

    struct mi_region nonpaged, paged, system_ptes;
    struct mi_pool pool[2];          /* NonPagedPool, PagedPool */
    struct mm_space pool_space;      /* the working set of paged pool */
    struct host_window paged_window; /* (I) */
    struct ke_lock big_pages_lock;
    uint64_t big_pages_taken;      /* entries of PoolBigPageTable in use or freed; big_pages_lock */
    uint64_t shared_user_data_pfn; /* (I) */
    void *nt_image;                /* (I) host view of the MM_BOOT_IMAGE_SIZE bytes at nt_base */

    pthread_mutex_t sessions_lock; /* MiSessionWsList and all below it (session.c) */
    pthread_mutex_t spaces_lock;   /* who holds it waits for no lock but (P) */
    struct list_node spaces;       /* (S) struct mm_space.link */

    struct ke_lock sections_lock;           /* (L): see section.h */
    struct list_node controls;              /* (L) struct mi_control.link */
    struct mi_control_table *control_table; /* (L) to change; section.c */

    struct mi_here here[MI_HERE_SLOTS]; /* by processor of the host */
};

/* ---- corrupt.c: what cannot be ends the machine ---- */
_Noreturn void mi_corrupt_pfn(const struct mm *mm, uint64_t pfn);
/* `pte_va`: where the self map shows the entry. */
_Noreturn void mi_corrupt_pte(const struct mm *mm, uint64_t pte_va, MMPTE value);
/* A process without ranges has no user page tables. => (W) */
void mi_check_no_tables(const struct mm_space *space);

static inline MMPFN *mi_pfn(const struct mm *mm, uint64_t pfn)
{
    if (__builtin_expect(pfn >= mm->frames, 0))
        mi_corrupt_pfn(mm, pfn);
    return &mm->pfn[pfn];
}

/* Host view of a frame. */
static inline void *mi_frame(const struct mm *mm, uint64_t pfn)
{
    return mm->ram + (pfn << PAGE_SHIFT);
}

/* The frame that a host pointer into the direct map lies in. */
static inline uint64_t mi_frame_of(const struct mm *mm, const void *host)
{
    return (uint64_t)((const uint8_t *)host - mm->ram) >> PAGE_SHIFT;
}

static inline void mi_copy_page(void *to, const void *from)
{
    __builtin_memcpy(to, from, PAGE_SIZE);
}

/* Copy to or from memory that running user code may change meanwhile. That is the user's race, so
 * the copy is an instruction that the thread sanitizer does not look into. */
static inline void mi_copy_racing(void *to, const void *from, size_t size)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

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
/* Append frames first .. first + count - 1, whose entries lead to each other already. => (P) */
void mi_list_append_run(struct mm *mm, MMPFNLIST *list, uint64_t first, uint64_t count);

/* Free a frame that was a page table, and with `zero` has no entry left; it is reused only after
 * the engine forgot it. */
void mi_free_table(struct mm *mm, uint64_t pfn, bool zero);
void mi_release_quarantine(struct mm *mm);

/* ---- slist.c: frames that a process has at hand; all => (W) unless they say otherwise ---------
 */

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

    return p->count ? p->prcb[ke_host_processor() % p->count] : NULL;
}

/* One more in a count of the KPRCB, a LONG. */
#define MI_COUNT(mm, field)                                                                        \
    do {                                                                                           \
        KPRCB *count_prcb = mi_prcb(mm);                                                           \
        if (count_prcb)                                                                            \
            __atomic_fetch_add(&count_prcb->field, 1, __ATOMIC_RELAXED);                           \
    } while (0)

/* ---- boot.c, bootpfn.c, bootnt.c --------------------------------------------------------------
 */

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
/* The same for a process: charges both it and the system. */
bool mi_charge_process_commit(struct mm_space *space, uint64_t pages, enum mi_commit_for what);
void mi_return_process_commit(struct mm_space *space, uint64_t pages, enum mi_commit_for what);
/* What processors keep charged for the next who asks (KPRCB.CachedCommit): a part of
 * MmTotalCommittedPages that nobody uses. */
uint64_t mi_cached_commit(const struct mm *mm);
void mi_drain_cached_commit(struct mm *mm);
/* The part that is not user memory. */
uint64_t mi_system_commit(const struct mm *mm);

/* ---- sysptes.c: regions of system space ------------------------------------------------------ */

NTSTATUS mi_region_create(struct mm *mm, struct mi_region *region);
void mi_region_destroy(struct mi_region *region);
/* `pages` consecutive pages, backed by frames; contents undefined unless `zeroed`.
 * => index of the first, SIZE_MAX when there is no room, commit or memory */
size_t mi_region_allocate(struct mi_region *region, size_t pages, bool zeroed);
void mi_region_free(struct mi_region *region, size_t first, size_t pages);
/* Give back the frames of idle groups that are kept for the next allocation. */
void mi_region_trim(struct mi_region *region);

/* Show `count` frames at pages `index`... of the window; negative ones are in the prefix. */
bool mi_region_map_host(struct mi_region *region, int64_t index, uint64_t pfn, size_t count);
/* The same with host rights (PROT_*). */
bool mi_region_map_host_as(struct mi_region *region, int64_t index, uint64_t pfn, size_t count,
                           int rights);

static inline void *mi_region_host(const struct mi_region *region, size_t index)
{
    return region->host + (index << PAGE_SHIFT);
}

static inline size_t mi_region_index(const struct mi_region *region, const void *host)
{
    return (size_t)((const char *)host - region->host) >> PAGE_SHIFT;
}

/* ---- pagedpool.c: which pages of paged pool are in memory --------------------------------------
 *
 * (Q) is the working set lock of paged pool, under all that a thread may hold that touches it. */

NTSTATUS mi_paged_pool_boot(struct mm *mm);
void mi_paged_pool_close(struct mm *mm);
/* Enter `count` frames, which the window shows already, at pages `index`...
 * => how many: an entry of the working set list could not be had for the next; not (Q) */
size_t mi_paged_pool_enter(struct mm *mm, size_t index, uint64_t pfn, size_t count);
/* What pages index .. index + count have goes, wherever it is; the window shows them no longer.
 * => how many had something; not (Q) */
size_t mi_paged_pool_remove(struct mm *mm, size_t index, size_t count);
/* Take (P), with the page of paged pool that `p` lies in in memory, and writable: it stays so until
 * (P) is given back. => not (Q) */
void mi_lock_pfn_with(struct mm *mm, const void *p);
/* Whether it is. => (P) */
bool mi_paged_pool_is_there(const struct mm *mm, const void *p);
/* The Accessed mark of a valid page: it is gone, and the next touch makes it again.
 * => whether there was one; (Q) */
bool mi_paged_pool_take_accessed(struct mm *mm, MMPTE *pte, uint64_t va);
/* Take a page out of the working set. => false: pages of sections need it; (Q) */
bool mi_paged_pool_trim(struct mm *mm, MMPTE *pte, uint64_t va);
/* Take up to `most` pages out of memory, with `all` used ones too. => how many; *busy: somebody was
 * at it; any lock below KE_RANK_PFN may be held */
size_t mi_trim_paged_pool(struct mm *mm, size_t most, bool all, bool *busy);
/* Bring back whatever is not in memory. => no locks */
void mi_paged_pool_settle(struct mm *mm);

/* ---- pool.c, bigpool.c ---------------------------------------------------------------------- */

NTSTATUS mi_pool_boot(struct mm *mm);
/* Blocks of whole pages: entered into PoolBigPageTable. */
void *mi_big_pool_allocate(struct mi_pool *pool, size_t size, uint32_t tag);
void mi_big_pool_free(struct mm *mm, void *block);
NTSTATUS mi_big_pool_boot(struct mm *mm);
/* Count an allocation or a free in PoolTrackTable. => the pool's lock held */
void mi_pool_track(struct mi_pool *pool, uint32_t tag, size_t bytes, bool allocate);
struct mi_pool *mi_pool_of(struct mm *mm, const void *block);
uint64_t mi_pool_bytes(struct mi_pool *pool);

/* ---- space.c: page tables of a process ------------------------------------------------------- */

/* The PTE of a user address; NULL when its page table does not exist, as in large pages. => (W),
 * shared will do */
MMPTE *mi_find_pte(const struct mm_space *space, uint64_t va);
/* The page directory entry that maps a large page there; NULL: none does. => as mi_find_pte */
MMPTE *mi_find_large(const struct mm_space *space, uint64_t va);
/* The same, making tables that are missing. => STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT; (W) */
NTSTATUS mi_make_pte(struct mm_space *space, uint64_t va, MMPTE **pte);
/* A zeroed frame for a table or a page of the process's own lists, charged to it.
 * => STATUS_COMMITMENT_LIMIT, STATUS_NO_MEMORY */
NTSTATUS mi_allocate_charged_page(struct mm_space *space, uint64_t *pfn);
/* The same for the page directory entry of `va`. */
NTSTATUS mi_make_pde(struct mm_space *space, uint64_t va, MMPTE **pde);
/* Make all tables that start .. end needs. => as mi_make_pte */
NTSTATUS mi_make_tables(struct mm_space *space, uint64_t start, uint64_t end);
/* The first PTE at or after *va and below `end` whose table exists; *va moves to it.
 * => NULL: no table there */
MMPTE *mi_next_pte(const struct mm_space *space, uint64_t *va, uint64_t end);
/* Change a PTE and the counts of its table. => the old value */
MMPTE mi_change_pte(struct mm *mm, MMPTE *pte, MMPTE value);
/* Free the tables between `start` and `end` that became empty, and what the working set list has
 * too much. */
void mi_trim_tables(struct mm_space *space, uint64_t start, uint64_t end);

/* Pages whose PTEs were cleared, weakened or turned elsewhere: told to the engine, and those that
 * nothing maps any more freed, in batches. */
#define MI_FLUSH_PAGES 128u
struct mi_flush {
    struct mm_space *space;
    size_t count;        /* to be invalidated */
    size_t free_count;   /* to be freed after that */
    size_t shared_count; /* to be unshared after that */
    size_t unmap_count;  /* private, in transition: to go to their list after that */
    struct mm_page page[MI_FLUSH_PAGES];
    uint64_t free[MI_FLUSH_PAGES];
    struct mi_unshare {
        uint64_t pfn;
        bool dirty; /* written through the PTE that is gone */
    } shared[MI_FLUSH_PAGES], unmap[MI_FLUSH_PAGES];
};
static inline void mi_flush_begin(struct mi_flush *flush, struct mm_space *space)
{
    flush->space = space;
    flush->count = 0;
    flush->free_count = 0;
    flush->shared_count = 0;
    flush->unmap_count = 0;
}
void mi_flush_all(struct mi_flush *flush);
static inline void mi_flush_end(struct mi_flush *flush)
{
    if (flush->count + flush->free_count + flush->shared_count + flush->unmap_count > 0)
        mi_flush_all(flush);
}
/* A valid PTE of `va` mapped `pfn` and does so no longer, or with fewer rights. */
static inline void mi_flush_page(struct mi_flush *flush, uint64_t va, uint64_t pfn)
{
    if (flush->count == MI_FLUSH_PAGES)
        mi_flush_end(flush);
    flush->page[flush->count++] = (struct mm_page){va, pfn};
}
/* Free `pfn`, once the engine has forgotten what was told before. */
static inline void mi_flush_free(struct mi_flush *flush, uint64_t pfn)
{
    if (flush->free_count == MI_FLUSH_PAGES)
        mi_flush_end(flush);
    flush->free[flush->free_count++] = pfn;
}
/* A private page whose PTE is in transition now goes to its list then. */
static inline void mi_flush_unmap(struct mi_flush *flush, uint64_t pfn, bool dirty)
{
    if (flush->unmap_count == MI_FLUSH_PAGES)
        mi_flush_end(flush);
    flush->unmap[flush->unmap_count++] = (struct mi_unshare){pfn, dirty};
}
/* The same for a page that has a prototype: one PTE less maps it. */
static inline void mi_flush_unshare(struct mi_flush *flush, uint64_t pfn, bool dirty)
{
    if (flush->shared_count == MI_FLUSH_PAGES)
        mi_flush_end(flush);
    flush->shared[flush->shared_count++] = (struct mi_unshare){pfn, dirty};
}

/* How many pages were deleted, by what their PTEs said. */
struct mi_deleted {
    uint64_t committed, decommitted;
};
/* Clear the PTEs of start .. end and free what they hold. => (W); the caller trims tables */
struct mi_deleted mi_delete_pages(struct mi_flush *flush, uint64_t start, uint64_t end);
/* Write an invalid PTE that holds nothing over another and free what that held. => (W) */
void mi_replace_page(struct mi_flush *flush, MMPTE *pte, uint64_t va, MMPTE value);
/* VirtualSize and its peak. => (CW) */
static inline void mi_virtual_size_add(struct mm_space *space, int64_t bytes)
{
    EPROCESS *process = space->process;

    process->VirtualSize += (ULONG64)bytes;
    if (process->VirtualSize > process->PeakVirtualSize)
        process->PeakVirtualSize = process->VirtualSize;
}

/* ---- protect.c ------------------------------------------------------------------------------ */

/* PAGE_* to MM_* and back. `image` allows write-copy protections.
 * => STATUS_INVALID_PAGE_PROTECTION */
NTSTATUS mi_make_protection(uint32_t protect, bool image, unsigned *protection);
uint32_t mi_page_protect(const struct mm *mm, unsigned protection);
/* What a protection allows. */
bool mi_protection_readable(unsigned protection);
bool mi_protection_writable(unsigned protection);
bool mi_protection_executable(unsigned protection);
bool mi_protection_guard(unsigned protection);
unsigned mi_protection_without_guard(unsigned protection);
/* The rights alone, without guard and caching. */
unsigned mi_protection_rights(unsigned protection);
/* MM_NOCACHE, MM_WRITECOMBINE or 0: how the pages of a protection, or that a valid PTE maps, are
 * cached. */
unsigned mi_protection_caching(unsigned protection);
unsigned mi_pte_caching(MMPTE pte);
/* The valid PTE for a private page of that protection. => it is accessible and not guarded */
MMPTE mi_user_page_pte(uint64_t pfn, unsigned protection);
/* Protection of a committed page, from its PTE or else the VAD's. */
unsigned mi_pte_protection(const struct mm *mm, MMPTE pte, const MMVAD_SHORT *vad);
/* Give a committed page another protection. */
void mi_set_page_protection(struct mi_flush *flush, MMPTE *pte, uint64_t va, unsigned protection);
/* A valid entry, of a page or a large one, gets the rights of another protection, which allows
 * some. => whether a processor must forget what it said before */
bool mi_change_rights(MMPTE *pte, unsigned protection);
/* Whether a page is committed, by its PTE or else the VAD. */
bool mi_pte_is_committed(MMPTE pte, const MMVAD_SHORT *vad);

/* ---- vad.c, vadhole.c ------------------------------------------------------------------------ */

/* MMVAD_FLAGS.VadType. Source: MI_VAD_TYPE, symbols. */
#define MI_VAD_IMAGE_MAP 2
#define MI_VAD_AWE 3
#define MI_VAD_WRITE_WATCH 4
#define MI_VAD_LARGE_PAGES 5
#define MI_VAD_LARGE_SECTION 7

/* How much room lies before a VAD, and the most before any VAD of its subtree; kept behind the
 * structure in the same pool block. In pages, counted from the next 64 KB boundary. */
struct mi_vad_gap {
    uint32_t own;
    uint32_t subtree;
};

static inline struct mi_vad_gap *mi_vad_gap(MMVAD_SHORT *vad)
{
    return vad->u.VadFlags.PrivateMemory ? (struct mi_vad_gap *)(vad + 1)
                                         : (struct mi_vad_gap *)((MMVAD *)vad + 1);
}

void mi_vad_table_initialize(struct mm *mm, EPROCESS *process);
/* The VAD of `vpn`, NULL when it is free. => (CW) read */
MMVAD_SHORT *mi_vad_find(const struct mm_space *space, uint64_t vpn);
/* The lowest VAD that touches or lies above `vpn`. */
MMVAD_SHORT *mi_vad_find_from(const struct mm_space *space, uint64_t vpn);
bool mi_vad_range_is_free(const struct mm_space *space, uint64_t first, uint64_t last);
/* The top of the tree and the children of a node. */
static inline MMVAD_SHORT *mi_vad_at(const struct mm_space *space, uint64_t va)
{
    return va ? kspace_host(&space->mm->ke->ks, va) : NULL;
}
static inline MMVAD_SHORT *mi_vad_top(const struct mm_space *space)
{
    return mi_vad_at(space, space->process->VadRoot.BalancedRoot.RightChild.va);
}
static inline MMVAD_SHORT *mi_vad_left(const struct mm_space *space, const MMVAD_SHORT *vad)
{
    return mi_vad_at(space, vad->LeftChild.va);
}
static inline MMVAD_SHORT *mi_vad_right(const struct mm_space *space, const MMVAD_SHORT *vad)
{
    return mi_vad_at(space, vad->RightChild.va);
}
MMVAD_SHORT *mi_vad_first(const struct mm_space *space);
MMVAD_SHORT *mi_vad_last(const struct mm_space *space);
MMVAD_SHORT *mi_vad_next(const struct mm_space *space, MMVAD_SHORT *vad);
MMVAD_SHORT *mi_vad_previous(const struct mm_space *space, MMVAD_SHORT *vad);
/* => (CW) change; the range is free */
void mi_vad_insert(struct mm_space *space, MMVAD_SHORT *vad);
void mi_vad_remove(struct mm_space *space, MMVAD_SHORT *vad);
/* StartingVpn or EndingVpn of a VAD in the tree moves, without passing a neighbour. */
void mi_vad_resize(struct mm_space *space, MMVAD_SHORT *vad, uint64_t first, uint64_t last);
/* Pool block for a VAD of private memory, or with `view` for a view of a section. */
MMVAD_SHORT *mi_vad_allocate(struct mm *mm, bool view);
void mi_vad_free(struct mm *mm, MMVAD_SHORT *vad);
/* The same for private memory, keeping some blocks at hand. => (C) */
MMVAD_SHORT *mi_vad_take(struct mm_space *space);
void mi_vad_give(struct mm_space *space, MMVAD_SHORT *vad);
/* For views. */
MMVAD_SHORT *mi_vad_take_view(struct mm_space *space);
void mi_vad_give_view(struct mm_space *space, MMVAD_SHORT *vad);
/* Free what is at hand. => (C), or nobody else has the space */
void mi_vad_free_spares(struct mm_space *space);
/* The same for all processes whose address space is not locked. => not (S) */
void mi_vad_free_all_spares(struct mm *mm);

/* Lowest (highest) hole of `pages` pages that starts on 64 KB and ends at or below `limit` (the
 * first page number behind). => STATUS_NO_MEMORY; (CW) read */
NTSTATUS mi_vad_find_hole(const struct mm_space *space, uint64_t pages, uint64_t limit,
                          bool top_down, uint64_t *first);
/* Highest hole at page granularity. */
NTSTATUS mi_vad_find_hole_by_page(const struct mm_space *space, uint64_t pages, uint64_t *first);

static inline uint64_t mi_vad_commit(const MMVAD_SHORT *vad)
{
    return vad->u.VadFlags.CommitCharge;
}

static inline uint64_t mi_vad_pages(const MMVAD_SHORT *vad)
{
    return vad->EndingVpn - vad->StartingVpn + 1;
}

/* How many pages of first..last are committed. => (W) */
uint64_t mi_count_committed(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t first,
                            uint64_t last);

/* Enter a new VAD: tree and VirtualSize. => (C), not (W) */
void mi_vad_enter(struct mm_space *space, MMVAD_SHORT *vad);

/* ---- awe.c ---------------------------------------------------------------------------------- */

/* Whether a valid PTE maps a page that its process owns as such. */
static inline bool mi_pte_is_awe(const struct mm *mm, MMPTE pte)
{
    return mi_pfn(mm, pte.u.Hard.PageFrameNumber)->u4.AweAllocation;
}
/* The PTE that mapped such a page is gone. => (W) */
void mi_awe_unmapped(struct mm *mm, uint64_t pfn);
/* How many a process owns; charged to its commit. => (W) */
uint64_t mi_awe_pages(const struct mm_space *space);
/* It owns none any more. => (CW) */
void mi_awe_clean(struct mm_space *space);

/* ---- large.c -------------------------------------------------------------------------------- */

#define MI_LARGE_FRAMES MI_PTES_PER_TABLE /* that make a large page, of MI_TABLE_SPAN bytes */

/* Take `count` large pages out of the lists, all zero: the first frame of each goes to `pages`.
 * => STATUS_INSUFFICIENT_RESOURCES: there are not so many; none was taken. No lock but (C) */
NTSTATUS mi_take_large_pages(struct mm *mm, uint64_t *pages, size_t count);
/* Give back such as nothing maps. => not (P) */
void mi_give_large_pages(struct mm *mm, const uint64_t *pages, size_t count);
/* Enter a new VAD of large pages, and map them: `pages`, or those of the section that it is a view
 * of. => (C), not (W)
 * STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT: no page directories; nothing was entered */
NTSTATUS mi_enter_large(struct mm_space *space, MMVAD_SHORT *vad, const uint64_t *pages);
/* What maps a large page at `va`; zero: nothing does. => (W), shared will do */
static inline MMPTE mi_large_or_zero(const struct mm_space *space, uint64_t va)
{
    MMPTE *pde = space->large_pages > 0 ? mi_find_large(space, va) : NULL;

    return pde ? mi_read_pte(pde) : (MMPTE){.u.Long = 0};
}
static inline bool mi_vad_is_large(const MMVAD_SHORT *vad)
{
    return vad->u.VadFlags.VadType == MI_VAD_LARGE_PAGES ||
           vad->u.VadFlags.VadType == MI_VAD_LARGE_SECTION;
}
/* Unmap the large pages of start .. end, and free those that are private. => how many small pages
 * that is; (W) */
uint64_t mi_delete_large(struct mi_flush *flush, uint64_t start, uint64_t end);
/* NtProtectVirtualMemory. => (W)
 * STATUS_CONFLICTING_ADDRESSES: not whole large pages; STATUS_INVALID_PAGE_PROTECTION,
 * STATUS_SECTION_PROTECTION */
NTSTATUS mi_protect_large(struct mm_space *space, const MMVAD_SHORT *vad, uint64_t start,
                          uint64_t end, unsigned protection);
/* Whether large pages can have a protection: only such as gives rights at once. */
bool mi_large_may_have(unsigned protection);
/* The protection of the large page at `va`. => (W), shared will do */
unsigned mi_large_protection(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t va);

/* ---- watch.c -------------------------------------------------------------------------------- */

/* A VAD for `pages` pages whose writes are watched; mi_vad_free frees it. => NULL: no pool */
MMVAD_SHORT *mi_watch_allocate_vad(struct mm *mm, uint64_t pages);
/* What such a VAD owns besides its block. */
void mi_watch_free(struct mm *mm, MMVAD_SHORT *vad);
/* The process has such memory from now on. => (CW) */
void mi_watch_begin(struct mm_space *space);
/* A page was written. => (W) */
void mi_watch_note(struct mm_space *space, uint64_t va);
/* A valid PTE of private memory goes, or its Dirty bit does; it said `old`. => (W) */
static inline void mi_note_written(struct mm_space *space, uint64_t va, MMPTE old)
{
    if (space->watched && old.u.Hard.Dirty)
        mi_watch_note(space, va);
}
/* MEM_RESET for private memory. => (W) */
void mi_reset_pages(struct mm_space *space, uint64_t first, uint64_t last);

/* ---- section.c ------------------------------------------------------------------------------ */

void mi_free_control_table(struct mm *mm);

/* ---- locks ---------------------------------------------------------------------------------- */

static inline void mi_lock_address_space(struct mm_space *space)
{
    ex_acquire_push_lock_exclusive(&space->process->AddressCreationLock, KE_RANK_ADDRESS_CREATION);
}

static inline void mi_unlock_address_space(struct mm_space *space)
{
    ex_release_push_lock_exclusive(&space->process->AddressCreationLock, KE_RANK_ADDRESS_CREATION);
}

/* Whether address ranges may still be made and changed: not once a process's memory was deleted,
 * while handles still lead to it. => (C) */
static inline NTSTATUS mi_space_status(const struct mm_space *space)
{
    return space->cleaned ? STATUS_PROCESS_IS_TERMINATING : STATUS_SUCCESS;
}

static inline enum ke_lock_rank mi_working_set_rank(const struct mm_space *space)
{
    return space->process ? KE_RANK_WORKING_SET : KE_RANK_SYSTEM_WORKING_SET;
}

static inline void mi_lock_working_set(struct mm_space *space)
{
    ex_acquire_push_lock_exclusive(&space->vm->WorkingSetMutex, mi_working_set_rank(space));
}

static inline bool mi_try_lock_working_set(struct mm_space *space)
{
    return ex_try_push_lock_exclusive(&space->vm->WorkingSetMutex, mi_working_set_rank(space));
}

static inline void mi_unlock_working_set(struct mm_space *space)
{
    ex_release_push_lock_exclusive(&space->vm->WorkingSetMutex, mi_working_set_rank(space));
}

static inline void mi_lock_working_set_shared(struct mm_space *space)
{
    ex_acquire_push_lock_shared(&space->vm->WorkingSetMutex, mi_working_set_rank(space));
}

static inline void mi_unlock_working_set_shared(struct mm_space *space)
{
    ex_release_push_lock_shared(&space->vm->WorkingSetMutex, mi_working_set_rank(space));
}
