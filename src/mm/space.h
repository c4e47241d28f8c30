/* src/mm/space.h: the page tables of a process, inside mm: finding and making entries, changing
 * them, and taking out what they hold.
 *
 *      space.c    tables and their entries
 *      delete.c   pages that go: the engine is told, frames are freed
 *      protect.c  what entries allow
 */
#pragma once

#include "mm/mi.h"

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
/* How many pages were deleted, by what their PTEs said. */
struct mi_deleted {
    uint64_t committed, decommitted;
};
/* Change up to `count` PTEs of one table to another bare value (mi_pte_is_bare), and the counts of
 * the table; the first that is not bare ends it. Adds to *said what they said.
 * => how many; (W) */
size_t mi_change_bare_ptes(struct mm *mm, MMPTE *pte, size_t count, MMPTE value,
                           struct mi_deleted *said);
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
        bool dirty;        /* written through the PTE that is gone */
        uint64_t block_va; /* of a page of a fork: the PTE no longer leads there; or 0 */
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
    flush->unmap[flush->unmap_count++] = (struct mi_unshare){pfn, dirty, 0};
}
/* The same for a page that has a prototype: one PTE less maps it. */
static inline void mi_flush_unshare(struct mi_flush *flush, uint64_t pfn, bool dirty)
{
    if (flush->shared_count == MI_FLUSH_PAGES)
        mi_flush_end(flush);
    flush->shared[flush->shared_count++] = (struct mi_unshare){pfn, dirty, 0};
}
/* The same for one of a fork, whose block (clone.h) the PTE leads to no longer. */
static inline void mi_flush_release(struct mi_flush *flush, uint64_t pfn, uint64_t block_va)
{
    mi_flush_unshare(flush, pfn, false);
    flush->shared[flush->shared_count - 1].block_va = block_va;
}

/* Clear the PTEs of start .. end and free what they hold. => (W); the caller trims tables */
struct mi_deleted mi_delete_pages(struct mi_flush *flush, uint64_t start, uint64_t end);
/* Write an invalid PTE that holds nothing over another and free what that held. => (W) */
void mi_replace_page(struct mi_flush *flush, MMPTE *pte, uint64_t va, MMPTE value);
/* A page of a fork leaves the working set, if it is in it, and its PTE becomes `away`. => (W) */
void mi_fork_page_leaves(struct mi_flush *flush, MMPTE *pte, uint64_t va, MMPTE away);
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
