/* src/mm/corrupt.c: page tables and page frames that say what cannot be.
 *
 * They lie in memory, and whoever can write to memory (a debugger, most of all) can break them.
 * What would make the memory manager itself go astray ends the machine, as on Windows:
 *
 *      MEMORY_MANAGEMENT 41790   a page table counts more entries than there are: its MMPFN
 *      MEMORY_MANAGEMENT 41792   an entry leads to a frame that it cannot have: address, value
 *      PFN_LIST_CORRUPT  99      a frame number beyond physical memory
 *
 * Source: "Bug Check 0x1A: MEMORY_MANAGEMENT", "Bug Check 0x4E: PFN_LIST_CORRUPT", documentation.
 */
#include "mm/mi.h"

#define MEMORY_MANAGEMENT 0x1Au
#define PFN_LIST_CORRUPT 0x4Eu
#define PAGE_TABLE_CORRUPTED 0x41790u
#define PTE_CORRUPTED 0x41792u
#define PFN_CORRUPTED 0x99u

void mi_corrupt_pfn(const struct mm *mm, uint64_t pfn)
{
    ke_bug_check(mm->ke, PFN_LIST_CORRUPT, PFN_CORRUPTED, pfn, 0, 0);
}

void mi_corrupt_pte(const struct mm *mm, uint64_t pte_va, MMPTE value)
{
    ke_bug_check(mm->ke, MEMORY_MANAGEMENT, PTE_CORRUPTED, pte_va, value.u.Long & UINT32_MAX,
                 value.u.Long >> 32);
}

/* The first table of user space that is still there: the deepest of the first way down. */
static uint64_t first_table(const struct mm_space *space)
{
    const unsigned entries = PAGE_SIZE / sizeof(MMPTE), user_entries = entries / 2;
    const MMPTE *table = space->pml4;
    uint64_t found = space->directory;

    for (unsigned level = 4; level > 1; level--) {
        unsigned i = 0, count = level == 4 ? user_entries : entries;
        while (i < count && !table[i].u.Hard.Valid)
            i++;
        if (i == count)
            break;
        found = table[i].u.Hard.PageFrameNumber;
        table = mi_frame(space->mm, found);
    }
    return found;
}

void mi_check_no_tables(const struct mm_space *space)
{
    struct mm *mm = space->mm;

    if (space->tables != 0)
        ke_bug_check(mm->ke, MEMORY_MANAGEMENT, PAGE_TABLE_CORRUPTED,
                     MM_PFN_DATABASE + first_table(space) * sizeof(MMPFN), 0, 0);
}
