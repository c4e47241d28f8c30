/* src/mm/wset.h: working sets, inside mm: the pages that a process has valid PTEs for.
 *
 *      hyperspace.c   the pages that a process's working set list lies in
 *      wsle.c         the list: entries come, go, and change places
 *      wshash.c       finding the entry of a shared page
 *      wset.c         which pages go: ageing, trimming
 *      wslimits.c     how large it may become
 *      wslock.c       pages that stay
 *      wsquery.c      what programs are told of it
 *
 * (W) is the working set lock of the process: everything here is under it.
 */
#pragma once

#include "mm/space.h"

/* ---- hyperspace.c ---------------------------------------------------------------------------- */

/* Source: addresses as a debugger shows them on build 7601. NonDirectHash's is ours: all of it lies
 * below one page directory. */
#define MI_WORKING_SET_LIST 0xFFFFF70001080000ull
#define MI_WSLES (MI_WORKING_SET_LIST + sizeof(MMWSL))
#define MI_WSLES_END 0xFFFFF70020000000ull
#define MI_WSLE_HASH MI_WSLES_END
#define MI_WSLE_HASH_END 0xFFFFF70040000000ull

/* Paged pool's list: in the range that Windows keeps system working sets in, as far from its
 * beginning as a process's is from that of hyperspace. Everything here counts with a process's
 * addresses, and mi_list_va says what that is for paged pool. Source of the range: Windows
 * Internals 6, part 2, ch. 10 "x64 Virtual Address Space Layouts". */
#define MI_PAGED_POOL_LIST 0xFFFFF78001080000ull

static inline uint64_t mi_list_va(const struct mm_space *space, uint64_t va)
{
    return space->process ? va : va - MI_WORKING_SET_LIST + MI_PAGED_POOL_LIST;
}

/* Host view of an address of hyperspace. => there is a page */
static inline void *mi_hyperspace(const struct mm_space *space, uint64_t va)
{
    struct mm *mm = space->mm;
    MMPTE pde = mi_read_pte(&space->hyperspace[mi_table_index(va, 2)]);
    const MMPTE *table = mi_frame(mm, pde.u.Hard.PageFrameNumber);
    MMPTE pte = mi_read_pte(&table[mi_table_index(va, 1)]);

    return (char *)mi_frame(mm, pte.u.Hard.PageFrameNumber) + va % PAGE_SIZE;
}

/* The first page, which holds the MMWSL, and the tables that lead to it: four frames, all zero. */
void mi_hyperspace_create(struct mm_space *space, const uint64_t pfn[4]);
void mi_hyperspace_destroy(struct mm_space *space);
/* One more page, all zero, charged to the process. => STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT */
NTSTATUS mi_hyperspace_add(struct mm_space *space, uint64_t va);
/* It goes again; its table stays. */
void mi_hyperspace_remove(struct mm_space *space, uint64_t va);

/* ---- wsle.c ---------------------------------------------------------------------------------- */

#define MI_WSLE_NONE 0xFFFFFFFFu        /* the last free entry's NextFree */
#define MI_WSLE_NONE_BEFORE 0x7FFFFFFFu /* the first one's PreviousFree */
#define MI_FIXED_WSLES 5u               /* the PML4 and hyperspace's tables and first page */
#define MI_WSLE_OLDEST 6u               /* AgeDistribution has seven ages */

static inline uint32_t mi_fixed_wsles(const struct mm_space *space)
{
    return space->process ? MI_FIXED_WSLES : 0;
}

static inline MMWSL *mi_wsl(const struct mm_space *space)
{
    return space->working_set_list;
}

static inline MMWSLE *mi_wsle(const struct mm_space *space, uint32_t index)
{
    return mi_hyperspace(space, MI_WSLES + index * sizeof(MMWSLE));
}

static inline uint64_t mi_wsle_va(MMWSLE entry)
{
    return MI_VA(entry.u1.e1.VirtualPageNumber);
}

/* How many entries lie in so many pages from the one of the MMWSL on. */
static inline uint32_t mi_wsles_in(uint64_t pages)
{
    return (uint32_t)((MI_VA(pages) - sizeof(MMWSL)) / sizeof(MMWSLE));
}

/* The list of a new process: its fixed entries. */
void mi_wsle_initialize(struct mm_space *space);
/* Have an entry ready for one page more, shared or private.
 * => STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT */
NTSTATUS mi_wsle_reserve(struct mm_space *space, bool shared);
/* The PTE of `va` became valid: it maps the private page `pfn`, or a shared one. => reserved */
void mi_wsle_add(struct mm_space *space, uint64_t va, uint64_t pfn);
void mi_wsle_add_shared(struct mm_space *space, uint64_t va);
/* It is not valid any more. */
void mi_wsle_remove(struct mm_space *space, uint64_t pfn);
void mi_wsle_remove_shared(struct mm_space *space, uint64_t va);
/* It mapped a shared page, and maps a copy of the process's own now. */
void mi_wsle_make_private(struct mm_space *space, uint64_t va, uint64_t pfn);
/* The other way. => there is room in the hash table (mi_wshash_reserve) */
void mi_wsle_make_shared(struct mm_space *space, uint64_t va, uint64_t pfn);
/* The entry of the page that a valid PTE of `va` maps. */
uint32_t mi_wsle_find(const struct mm_space *space, uint64_t va, MMPTE pte);
void mi_wsle_set_age(struct mm_space *space, MMWSLE *entry, unsigned age);
/* An entry goes to the locked ones in front, or is no longer one of them. */
void mi_wsle_lock(struct mm_space *space, uint32_t index);
void mi_wsle_unlock(struct mm_space *space, uint32_t index);
/* Give back pages of the list and the hash table, when there are many more than needed. */
void mi_wsle_shrink(struct mm_space *space);
/* The same for all that are not needed. */
void mi_wsle_fit(struct mm_space *space);

/* ---- wshash.c -------------------------------------------------------------------------------- */

/* Have room for one more. => STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT */
NTSTATUS mi_wshash_reserve(struct mm_space *space);
void mi_wshash_insert(struct mm_space *space, uint64_t va, uint32_t index);
void mi_wshash_remove(struct mm_space *space, uint64_t va);
/* => it is there */
uint32_t mi_wshash_find(const struct mm_space *space, uint64_t va);
void mi_wshash_move(struct mm_space *space, uint64_t va, uint32_t index);
void mi_wshash_shrink(struct mm_space *space);
/* For the checker: it may not be there, and how many are. */
bool mi_wshash_look_up(const struct mm_space *space, uint64_t va, uint32_t *index);
uint32_t mi_wshash_count(const struct mm_space *space);

/* ---- wset.c ---------------------------------------------------------------------------------- */

/* Which pages may go. */
enum mi_trim {
    MI_TRIM_OLD,  /* those not used lately, and none of the minimum */
    MI_TRIM_ANY,  /* the oldest there are, and none of a hard minimum */
    MI_TRIM_EMPTY /* all that are not locked */
};

/* Take one page out of it, whose PTE is valid. */
void mi_trim_page(struct mi_flush *flush, MMPTE *pte, uint64_t va);
/* Take up to `most` pages out of a process's working set. => how many */
size_t mi_trim_working_set(struct mm_space *space, size_t most, enum mi_trim which);
/* A process that ends needs no hard minimum any more. => (W) */
void mi_return_working_set_reserve(struct mm_space *space);
/* There is to be one page more, shared or private: make room for it in the working set, by its
 * limits. => STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT */
NTSTATUS mi_grow_working_set(struct mm_space *space, bool shared);

/* ---- wslock.c -------------------------------------------------------------------------------- */

#define MI_FLUID_PAGES 8u /* of the minimum, that may not be locked */

/* Whether a page has a lock of either kind. => shared will do */
bool mi_page_is_locked(const struct mm_space *space, uint64_t va);
/* Whether any page of start .. end has. */
bool mi_any_page_is_locked(const struct mm_space *space, uint64_t start, uint64_t end);
