/* src/mm/vad.h: the ranges of a process and what is special in some, inside mm.
 *
 *      vad.c       the tree
 *      vadfind.c   which VAD is at an address
 *      vadhole.c   room between ranges
 *      vadindex.c  a short way to one of very many
 *      vadblock.c  pool blocks for them
 *      awe.c       physical pages that a program owns and maps itself
 *      large.c     large pages
 *      watch.c     write watches
 */
#pragma once

#include "mm/space.h"

/* ---- vad.c, vadfind.c, vadhole.c ------------------------------------------------------------- */

#define MI_VAD_UNIT (MM_ALLOCATION_GRANULARITY >> PAGE_SHIFT) /* pages; ranges start at such */

/* MMVAD_FLAGS.VadType. Source: MI_VAD_TYPE, symbols. */
#define MI_VAD_IMAGE_MAP 2
#define MI_VAD_AWE 3
#define MI_VAD_WRITE_WATCH 4
#define MI_VAD_LARGE_PAGES 5
#define MI_VAD_LARGE_SECTION 7

/* How much room lies before a VAD, and the most before any VAD of its left and of its right
 * subtree; kept behind the structure in the same pool block. In pages, counted from the next 64 KB
 * boundary. The children's answers are here so that nobody has to look at both children. */
struct mi_vad_gap {
    uint32_t own;
    uint32_t below[2];
};

static inline struct mi_vad_gap *mi_vad_gap(MMVAD_SHORT *vad)
{
    return vad->u.VadFlags.PrivateMemory ? (struct mi_vad_gap *)(vad + 1)
                                         : (struct mi_vad_gap *)((MMVAD *)vad + 1);
}

#define MI_VAD_BALANCE_VALUES 4u /* of the two bits below the parent link */

/* Balanced trees of any ranges that do not overlap; nodes are in nonpaged pool. */
void mi_avl_initialize(struct mm *mm, MM_AVL_TABLE *table);
void mi_avl_insert(struct mm *mm, MM_AVL_TABLE *table, MMADDRESS_NODE *node);
void mi_avl_remove(struct mm *mm, MM_AVL_TABLE *table, MMADDRESS_NODE *node);
/* The lowest range that ends at or above `key`, NULL: none; and the one in front of it, unless it
 * holds `key`. */
MMADDRESS_NODE *mi_avl_find_between(const struct mm *mm, MM_AVL_TABLE *table, uint64_t key,
                                    MMADDRESS_NODE **before);

void mi_vad_table_initialize(struct mm *mm, EPROCESS *process);
/* The VAD of `vpn`, NULL when it is free. => (CW) read */
MMVAD_SHORT *mi_vad_find(const struct mm_space *space, uint64_t vpn);
/* The lowest VAD that touches or lies above `vpn`. */
MMVAD_SHORT *mi_vad_find_from(const struct mm_space *space, uint64_t vpn);
/* The same, and if `vpn` is free the VAD in front of it, NULL when there is none. */
MMVAD_SHORT *mi_vad_find_between(const struct mm_space *space, uint64_t vpn, MMVAD_SHORT **before);
bool mi_vad_range_is_free(const struct mm_space *space, uint64_t first, uint64_t last);
/* The top of the tree and the children of a node. Nodes, and the EPROCESS with the sentinel, are in
 * nonpaged pool, so a link and a pointer differ by a constant: looking each up in kspace took most
 * of the time of a way through nodes that are in the cache. */
static inline MMVAD_SHORT *mi_vad_at(const struct mm_space *space, uint64_t va)
{
    const struct mi_region *region = &space->mm->nonpaged;

    return va ? (MMVAD_SHORT *)(region->host + (va - region->start)) : NULL;
}
/* Where it is for the kernel. */
static inline uint64_t mi_vad_va(const struct mm_space *space, const MMVAD_SHORT *vad)
{
    const struct mi_region *region = &space->mm->nonpaged;

    return region->start + (uint64_t)((const char *)vad - region->host);
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
/* The node above one, at the top BalancedRoot, which is its own. */
static inline MMVAD_SHORT *mi_vad_parent(const struct mm_space *space, const MMVAD_SHORT *vad)
{
    uint64_t link = vad->u1.Parent.va;

    return mi_vad_at(space, link - link % MI_VAD_BALANCE_VALUES);
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

/* ---- vadindex.c ------------------------------------------------------------------------------ */

/* VADs, from which on a process has one: fewer are all in a processor's first cache. */
#define MI_VAD_INDEX_FROM 256u

/* Whether there is one, and nobody has changed memory behind its back. => (CW) read */
static inline bool mi_vad_index_is_good(const struct mm_space *space)
{
    return space->vad_index.line &&
           space->vad_index.edits == __atomic_load_n(&space->mm->edits, __ATOMIC_RELAXED);
}
void mi_vad_index_enter(struct mm_space *space, const MMVAD_SHORT *vad);
void mi_vad_index_forget(struct mm_space *space, const MMVAD_SHORT *vad);
/* A VAD came into the tree, or is about to leave it, by the address that it has then. => (CW) */
static inline void mi_vad_index_add(struct mm_space *space, const MMVAD_SHORT *vad)
{
    if (space->process->VadRoot.NumberGenericTableElements >= space->mm->vad_index_from ||
        space->vad_index.line)
        mi_vad_index_enter(space, vad);
}
static inline void mi_vad_index_remove(struct mm_space *space, const MMVAD_SHORT *vad)
{
    if (space->vad_index.line)
        mi_vad_index_forget(space, vad);
}

/* These want a good one.
 *
 * A VAD was found in the tree the long way. => (CW) read */
void mi_vad_index_note(const struct mm_space *space, const MMVAD_SHORT *vad);
/* The nodes above a VAD that just came: those whose balance that changed, and on to one that is
 * known already. => (CW) */
void mi_vad_index_note_way(const struct mm_space *space, const MMVAD_SHORT *vad);
void mi_vad_index_prefetch_way(const struct mm_space *space, uint64_t vpn, unsigned gaps);
/* A VAD of the tree that starts in the same megabyte as `vpn` lies in: the last one known at or
 * below its 64 KB, or else the first above. => NULL: none is known; (CW) read */
MMVAD_SHORT *mi_vad_index_near(const struct mm_space *space, uint64_t vpn);

/* A VAD is about to come to `vpn` or to go from there: what was noted of the way up from it will be
 * needed, with the gaps of the lowest `gaps` nodes. Of room that is taken a few nodes are told;
 * what is given may be the most of all, which goes on to the top, but the nodes there are in the
 * cache.
 * => (C); the sooner the better */
#define MI_VAD_GAPS_COMING 4u
#define MI_VAD_GAPS_GOING 10u
static inline void mi_vad_prefetch(const struct mm_space *space, uint64_t vpn, unsigned gaps)
{
    if (mi_vad_index_is_good(space))
        mi_vad_index_prefetch_way(space, vpn, gaps);
}
/* => (CW), or nobody else has the space */
void mi_vad_index_free(struct mm_space *space);
/* Whether a VAD can be found by it, and how many entries there are. => (CW) read */
bool mi_vad_index_has(const struct mm_space *space, const MMVAD_SHORT *vad);
uint64_t mi_vad_index_count(const struct mm_space *space);

/* ---- vadblock.c ------------------------------------------------------------------------------ */

/* Pool block for a VAD of private memory, or with `view` for a view of a section. */
MMVAD_SHORT *mi_vad_allocate(struct mm *mm, bool view);
void mi_vad_free(struct mm *mm, MMVAD_SHORT *vad);
/* The same for private memory, keeping some blocks at hand. => (C) */
MMVAD_SHORT *mi_vad_take(struct mm_space *space);
void mi_vad_give(struct mm_space *space, MMVAD_SHORT *vad);
/* The same for views. */
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

/* Enter a new VAD: tree, VirtualSize, and first a charge of `charge` pages.
 * => STATUS_COMMITMENT_LIMIT: nothing was entered; (C), not (W) */
NTSTATUS mi_vad_enter(struct mm_space *space, MMVAD_SHORT *vad, uint64_t charge);

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
/* Enter a new VAD of large pages, charged with its CommitCharge, and map them: `pages`, or those of
 * the section that it is a view of. => (C), not (W)
 * STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT: no charge or no page directories; nothing was entered
 */
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
/* The same for a process that has what this one has: what was written already, too. */
MMVAD_SHORT *mi_watch_copy_vad(struct mm *mm, const MMVAD_SHORT *vad);
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
