/* src/mm/system.h: system space, inside mm: regions of it, pools in them, paged pool's pages. */
#pragma once

#include "mm/mi.h"

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
