/* src/mm/clone.h: pages that processes share after a fork, inside mm. See clone.c.
 *
 * (P) PFN lock; (W) working set lock of the process. CloneRefCount and ProtoPte are (P), a
 * process's tree of descriptors (W), NumberOfProcessReferences is atomic.
 */
#pragma once

#include "mm/section.h"
#include "nt/clone.h"

/* From one prototype PTE of a fork to the next, in PTEs. */
#define MI_CLONE_STEP (sizeof(MMCLONE_BLOCK) / sizeof(MMPTE))

/* ---- forms of PTEs --------------------------------------------------------------------------- */

/* The PTE of a page of a fork while the process does not have it in its working set: a prototype
 * PTE that names the block. */
static inline MMPTE mi_away_fork_pte(uint64_t block_va, unsigned protection)
{
    MMPTE pte = {.u.Long = 0};

    pte.u.Proto.Prototype = 1;
    pte.u.Proto.Protection = protection;
    pte.u.Proto.ProtoAddress = (int64_t)block_va;
    return pte;
}
static inline uint64_t mi_away_fork_block_va(MMPTE pte)
{
    return (uint64_t)(int64_t)pte.u.Proto.ProtoAddress;
}
static inline bool mi_pte_is_away_fork(MMPTE pte)
{
    return !pte.u.Hard.Valid && pte.u.Proto.Prototype && !mi_pte_is_lookup(pte);
}

/* The valid one. A write makes a copy. */
MMPTE mi_fork_page_pte(uint64_t pfn, unsigned protection);

/* Whether it is either of them. */
bool mi_pte_is_fork(const struct mm *mm, MMPTE pte);

/* ---- clone.c: blocks and who refers to them -------------------------------------------------- */

/* Where the block is that the PTE of a page of a fork leads to. => (W), shared will do */
uint64_t mi_clone_block_va(const struct mm *mm, MMPTE pte);
/* A header with `count` empty blocks, referred to by one descriptor, which is not in a tree.
 * => NULL: no pool */
MMCLONE_DESCRIPTOR *mi_clone_create(struct mm *mm, uint64_t count);
/* A descriptor for another process. => NULL: no pool */
MMCLONE_DESCRIPTOR *mi_clone_refer(struct mm *mm, const MMCLONE_DESCRIPTOR *to);
/* It goes, and with the last one the blocks. => in no tree, no references; not (P) */
void mi_clone_dereference(struct mm *mm, MMCLONE_DESCRIPTOR *descriptor);
/* Have a tree of descriptors. => STATUS_INSUFFICIENT_RESOURCES; (W) */
NTSTATUS mi_clone_make_root(struct mm_space *space);
/* It goes if it is empty. => (W) */
void mi_clone_trim_root(struct mm_space *space);
/* => (W); there is a root */
void mi_clone_insert(struct mm_space *space, MMCLONE_DESCRIPTOR *descriptor);
void mi_clone_remove(struct mm_space *space, MMCLONE_DESCRIPTOR *descriptor);
/* The descriptor that covers a block, or is the first behind it; NULL: none. => (W), shared will do
 */
MMCLONE_DESCRIPTOR *mi_clone_find_from(const struct mm_space *space, uint64_t block_va);
/* The descriptor that covers it; NULL: none. */
MMCLONE_DESCRIPTOR *mi_clone_find(const struct mm_space *space, uint64_t block_va);
/* A PTE of the process leads to the block no longer; with the last of all processes the page goes.
 * => (W), not (P) */
void mi_clone_release(struct mm_space *space, uint64_t block_va);
/* Nobody else has the page that the valid `pte` of `va` maps: it becomes the process's own, to be
 * written. => false: somebody has; (W) */
bool mi_clone_take_over(struct mm_space *space, MMPTE *pte, uint64_t va);
