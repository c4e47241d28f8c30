/* src/mm/pte.h: page-table entries as values.
 *
 * An MMPTE is one of these, told apart by Valid, then Prototype, then Transition:
 *
 *      zero           nothing decided: the VAD alone says what is here
 *      hardware       Valid: the processor uses it. Dirty1 is the processor's W bit, Write is what
 *                     the page allows; both are set together on private pages
 *      transition     not valid, but the frame still holds the page (standby or modified list)
 *      software       PageFileHigh 0: demand zero with that Protection; MM_DECOMMIT: decommitted
 *      page file      PageFileHigh is a slot of paging file PageFileLow
 *
 * Entries are read and written whole, with atomic operations: while a thread runs in the address
 * space, the processor sets Accessed and Dirty behind our back.
 * Source of the layouts: symbols of build 7601.17514 (include/nt/mm.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nt/layout.h"
#include "nt/memory.h"
#include "nt/mm.h"

#define MI_PTES_PER_TABLE 512u
#define MI_TABLE_SPAN (PAGE_SIZE * MI_PTES_PER_TABLE) /* of a page table: 2 MB */
#define MI_VPN(va) ((va) >> PAGE_SHIFT)
#define MI_VA(vpn) ((uint64_t)(vpn) << PAGE_SHIFT)

static inline MMPTE mi_read_pte(const MMPTE *pte)
{
    return (MMPTE){.u.Long = __atomic_load_n(&pte->u.Long, __ATOMIC_RELAXED)};
}

static inline void mi_write_pte(MMPTE *pte, MMPTE value)
{
    __atomic_store_n(&pte->u.Long, value.u.Long, __ATOMIC_RELEASE);
}

static inline MMPTE mi_exchange_pte(MMPTE *pte, MMPTE value)
{
    return (MMPTE){.u.Long = __atomic_exchange_n(&pte->u.Long, value.u.Long, __ATOMIC_ACQ_REL)};
}

static inline bool mi_pte_is_transition(MMPTE pte)
{
    return !pte.u.Hard.Valid && !pte.u.Soft.Prototype && pte.u.Soft.Transition;
}

/* The page lies in a slot of a paging file. Slot 0 is never used, so PageFileHigh 0 is demand zero.
 * Also asked of MMPFN.OriginalPte: whether the page has a copy there. */
static inline bool mi_pte_in_page_file(MMPTE pte)
{
    return !pte.u.Hard.Valid && !pte.u.Soft.Prototype && !pte.u.Soft.Transition &&
           pte.u.Soft.PageFileHigh != 0;
}

/* Whether a frame is behind it. */
static inline bool mi_pte_holds_frame(MMPTE pte)
{
    return pte.u.Hard.Valid || mi_pte_is_transition(pte);
}

static inline bool mi_pte_is_decommitted(MMPTE pte)
{
    return !mi_pte_holds_frame(pte) && pte.u.Soft.Protection == MM_DECOMMIT;
}

/* Zero, or demand zero, or decommitted: a protection at most. */
static inline bool mi_pte_is_bare(MMPTE pte)
{
    return pte.u.Long == (MMPTE){.u.Soft = {.Protection = pte.u.Soft.Protection}}.u.Long;
}

/* Where the page table of `va` ends, or `end` if that comes first. */
static inline uint64_t mi_table_end(uint64_t va, uint64_t end)
{
    uint64_t stop = (va / MI_TABLE_SPAN + 1) * MI_TABLE_SPAN;

    return stop < end ? stop : end;
}

/* Index of `va` in its table at `level`: 4 PML4 .. 1 page table. */
static inline unsigned mi_table_index(uint64_t va, unsigned level)
{
    return (unsigned)(va >> (PAGE_SHIFT + 9 * (level - 1))) % MI_PTES_PER_TABLE;
}

/* Where the self map shows the PTE of `va`; applied twice the PDE, and so on. */
static inline uint64_t mi_pte_va(uint64_t va)
{
    return PTE_BASE + (va << 16 >> 16 >> PAGE_SHIFT) * sizeof(MMPTE);
}

/* The other way: the page that a PTE of the self map maps. For a PDE that is the page table, as the
 * self map shows it. */
static inline uint64_t mi_va_of_pte(uint64_t pte_va)
{
    uint64_t va = (pte_va - PTE_BASE) / sizeof(MMPTE) << PAGE_SHIFT;

    return (uint64_t)((int64_t)(va << 16) >> 16); /* canonical */
}

/* Whether an address that the self map shows a PTE at is that of a user page's. */
static inline bool mi_pte_va_is_user(uint64_t pte_va)
{
    return pte_va >= PTE_BASE && pte_va < mi_pte_va(MM_USER_PROBE_ADDRESS);
}

/* ---- entries of the kernel ---- */

/* A page table, directory or parent in kernel space. */
static inline MMPTE mi_kernel_table_pte(uint64_t pfn)
{
    return (MMPTE){.u.Hard = {.Valid = 1,
                              .Dirty1 = 1,
                              .Accessed = 1,
                              .Dirty = 1,
                              .Write = 1,
                              .PageFrameNumber = pfn}};
}

/* A page of system space, the same in every address space. */
static inline MMPTE mi_kernel_page_pte(uint64_t pfn, bool executable)
{
    MMPTE pte = mi_kernel_table_pte(pfn);
    pte.u.Hard.Global = 1;
    pte.u.Hard.NoExecute = !executable;
    return pte;
}

static inline MMPTE mi_kernel_large_pte(uint64_t pfn)
{
    MMPTE pte = mi_kernel_page_pte(pfn, true);
    pte.u.Hard.LargePage = 1;
    return pte;
}

/* ---- entries of user space ---- */

static inline MMPTE mi_user_table_pte(uint64_t pfn)
{
    MMPTE pte = mi_kernel_table_pte(pfn);
    pte.u.Hard.Owner = 1;
    return pte;
}

static inline MMPTE mi_demand_zero_pte(unsigned protection)
{
    return (MMPTE){.u.Soft = {.Protection = protection}};
}

static inline MMPTE mi_transition_pte(uint64_t pfn, unsigned protection)
{
    return (MMPTE){
        .u.Trans = {.Owner = 1, .Protection = protection, .Transition = 1, .PageFrameNumber = pfn}};
}
