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
#define MI_LINE_FRAMES 8u /* whose entries of the PFN database fill pairs of cache lines */
struct mi_slist {
    uint32_t zeroed_count, free_count; /* (W) */
    uint64_t dealt;                    /* (W) the last frame that came from a list */
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

/* The short way to a VAD, see vadindex.c. */
struct mi_vad_index {
    struct mi_vad_line *line; /* (CW) the table; NULL: there are few VADs */
    unsigned line_bits;       /* (CW) it has 2^line_bits lines */
    uint32_t edits;           /* (CW) struct mm.edits when it was begun */
};

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
    MMVAD_SHORT *spare_view;           /* (C) for the next view's */
    struct mi_vad_index vad_index;
    uint32_t edits;    /* (A) struct mm.edits when the tree of VADs was looked at for damage */
    EJOB *job;         /* (CW) whose CurrentJobMemoryUsed its commit counts in, or NULL */
    uint64_t overhead; /* (W) PML4, hyperspace's tables and pages */
    MMPTE *hyperspace; /* (I) host view of its page directory */
    MMWSL *working_set_list; /* (I) host view of its first page */
    uint32_t hash_pages;     /* (W) of NonDirectHash */
    struct list_node link;
};

/* What mm_check notes by frame and by page of paged pool, and its copies of pages that are in a
 * paging file. */
struct mi_check_memory {
    uint64_t *words;
    char *copies;
    size_t copies_room; /* pages */
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
    MMPFNLIST *free_pages[2];        /* (I) lists by colour, zeroed and free; behind the database */
    uint32_t colors;                 /* (I) power of two, see color.c */
    uint32_t cache_size, cache_ways; /* (I) of the second level, by which colours go; or 0 */
    struct mi_check_memory check;    /* kept from one mm_check to the next */
    uint32_t slist_most;             /* (I) of each kind, see slist.c */
    uint32_t boot_frames;            /* (A) futex: enum mi_boot_frames */
    bool threads;                    /* (I) there may be workers */
    struct mi_thresholds thresholds; /* (I) */
    uint64_t vad_index_from;         /* (I) VADs, from which on a process has an index of them */
    uint32_t edits;                  /* (A) how often mm_memory_edited was called */
    char apart[128]; /* what is above is read all the time, and hardly ever written */
    struct ke_lock pfn_lock;
    uint64_t listed_frames; /* (P) frames from here on are not on a list yet, see bootpfn.c */
    uint64_t run_rover;     /* (P) where the search for contiguous frames goes on */
    struct mi_quarantine quarantine;
    char apart_too[128];
    struct mi_worker worker[MI_WORKERS];
    uint64_t zeroed_last;      /* (P) the free frame that was zeroed last */
    uint64_t zeroed_by_others; /* (A) how often the zero-page thread was spared work */

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
_Noreturn void mi_corrupt_vad(const struct mm *mm, const MMADDRESS_NODE *node);
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
    uint64_t value;

    if (size == sizeof(value))
        __asm__ volatile("mov %1, %0\n\tmov %0, %2"
                         : "=&r"(value)
                         : "m"(*(const uint64_t *)from), "m"(*(uint64_t *)to)
                         : "memory");
    else
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

/* ---- locks ---------------------------------------------------------------------------------- */

/* Who takes one of a process's locks may walk its tree of VADs. If somebody has written to guest
 * memory since it was walked last, it is looked at first (corrupt.c). => (C) or (W), shared will do
 */
void mi_look_at_edited_vads(struct mm_space *space);
static inline void mi_heed_edits(struct mm_space *space)
{
    if (__builtin_expect(__atomic_load_n(&space->edits, __ATOMIC_RELAXED) !=
                             __atomic_load_n(&space->mm->edits, __ATOMIC_RELAXED),
                         0))
        mi_look_at_edited_vads(space);
}

static inline void mi_lock_address_space(struct mm_space *space)
{
    ex_acquire_push_lock_exclusive(&space->process->AddressCreationLock, KE_RANK_ADDRESS_CREATION);
    mi_heed_edits(space);
}

static inline void mi_unlock_address_space(struct mm_space *space)
{
    ex_release_kept_push_lock_exclusive(&space->process->AddressCreationLock,
                                        KE_RANK_ADDRESS_CREATION);
}

/* Whether there is an address space to change or to ask about: not once a process's memory was
 * deleted, while handles still lead to it. => (C) or (W), shared will do */
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
    mi_heed_edits(space);
}

static inline bool mi_try_lock_working_set(struct mm_space *space)
{
    return ex_try_push_lock_exclusive(&space->vm->WorkingSetMutex, mi_working_set_rank(space));
}

static inline void mi_unlock_working_set(struct mm_space *space)
{
    ex_release_kept_push_lock_exclusive(&space->vm->WorkingSetMutex, mi_working_set_rank(space));
}

static inline void mi_lock_working_set_shared(struct mm_space *space)
{
    ex_acquire_push_lock_shared(&space->vm->WorkingSetMutex, mi_working_set_rank(space));
    mi_heed_edits(space);
}

static inline void mi_unlock_working_set_shared(struct mm_space *space)
{
    ex_release_push_lock_shared(&space->vm->WorkingSetMutex, mi_working_set_rank(space));
}
