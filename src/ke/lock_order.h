/* src/ke/lock_order.h: in which order locks may be taken.
 *
 * Every lock belongs to a rank; a thread may only take locks of a higher rank than all it holds, so
 * no two threads can wait for each other. Debug builds (NTMM_DEBUG) keep what each host thread
 * holds and stop at the first violation, with both ranks; other builds compile the checks away. A
 * try never waits, so it may go against the order, but what it took counts from then on.
 */
#pragma once

/* X(name, rank, what it protects), outermost first. */
#define KE_LOCK_RANKS(X)                                                                           \
    X(KE_RANK_UNCHECKED, 0, "no order known")                                                      \
    X(KE_RANK_FILE, 10, "one open file: position, directory scan")                                 \
    X(KE_RANK_FILE_SIZE, 11, "one file: its size, and whether it has a section")                   \
    X(KE_RANK_VOLUME, 12, "files of a volume: share access, overlay")                              \
    X(KE_RANK_REGISTRY, 14, "all hives and key control blocks")                                    \
    X(KE_RANK_PROCESS_LIST, 16, "PsActiveProcessHead")                                             \
    X(KE_RANK_PROCESS, 18, "EPROCESS.ProcessLock")                                                 \
    X(KE_RANK_OBJECT_TYPE, 20, "OBJECT_TYPE.TypeLock")                                             \
    X(KE_RANK_OBJECT_DIRECTORY, 22, "OBJECT_DIRECTORY.Lock")                                       \
    X(KE_RANK_OBJECT, 24, "OBJECT_HEADER.Lock")                                                    \
    X(KE_RANK_HANDLE_TABLE_LIST, 26, "HandleTableListHead")                                        \
    X(KE_RANK_HANDLE_TABLE, 28, "HANDLE_TABLE.HandleLock: free list and growth")                   \
    X(KE_RANK_ADDRESS_CREATION, 40, "EPROCESS.AddressCreationLock: VAD tree")                      \
    X(KE_RANK_WORKING_SET, 50, "EPROCESS.Vm.WorkingSetMutex: page tables of the process")          \
    X(KE_RANK_SECTION, 51, "control areas; SEGMENT.SegmentLock: who brings its pages in")          \
    X(KE_RANK_BIG_PAGES, 52, "PoolBigPageTable")                                                   \
    X(KE_RANK_SYSTEM_SPACE, 54, "system PTEs and system page tables")                              \
    X(KE_RANK_POOL, 58, "pool descriptors")                                                        \
    X(KE_RANK_RECLAIM, 59, "who makes room: takes working sets by try only")                       \
    X(KE_RANK_PFN, 60, "PFN database, page lists, commit")                                         \
    X(KE_RANK_PAGE_FILE, 62, "slots of paging files")                                              \
    X(KE_RANK_PROCESSOR, 80, "ready queue and processors")                                         \
    X(KE_RANK_DISPATCHER, 90, "dispatcher objects, wait lists, APC queues")

enum ke_lock_rank {
#define X(name, rank, what) name = (rank),
    KE_LOCK_RANKS(X)
#undef X
};

#if defined(NTMM_DEBUG)
/* About to wait for a lock of `rank`: stop when the thread holds one of the same or a higher rank.
 */
void ke_lock_order_check(enum ke_lock_rank rank);
/* The lock is held now / was given back. */
void ke_lock_order_took(enum ke_lock_rank rank);
void ke_lock_order_gave(enum ke_lock_rank rank);
/* Stop when the calling thread holds a lock; for places that may sleep or leave the kernel. */
void ke_lock_order_none_held(void);
#else
static inline void ke_lock_order_check(enum ke_lock_rank rank)
{
    (void)rank;
}
static inline void ke_lock_order_took(enum ke_lock_rank rank)
{
    (void)rank;
}
static inline void ke_lock_order_gave(enum ke_lock_rank rank)
{
    (void)rank;
}
static inline void ke_lock_order_none_held(void) {}
#endif
