/* src/mm/corrupt.c: page tables, page frames and VADs that say what cannot be.
 *
 * They lie in memory, and whoever can write to memory (a debugger, most of all) can break them.
 * What would make the memory manager itself go astray ends the machine, as on Windows:
 *
 *      MEMORY_MANAGEMENT 41790   a page table counts more entries than there are: its MMPFN
 *      MEMORY_MANAGEMENT 41792   an entry leads to a frame that it cannot have: address, value
 *      PFN_LIST_CORRUPT  99      a frame number beyond physical memory
 *      KERNEL_SECURITY_CHECK_FAILURE 1D   a node of a tree whose links lead astray: its address
 * last
 *
 * A tree of VADs may lack some (to unlink one is how things are hidden), be out of balance, or have
 * other addresses in it than it had. What it may not have is links out of the pool, in a circle, or
 * up to another node than down.
 *
 * Source: "Bug Check 0x1A: MEMORY_MANAGEMENT", "Bug Check 0x4E: PFN_LIST_CORRUPT", "Bug Check
 * 0x139: KERNEL_SECURITY_CHECK_FAILURE" (which later versions of Windows than 7 give for trees),
 * documentation.
 */
#include "mm/space.h"
#include "mm/vad.h"

#define MEMORY_MANAGEMENT 0x1Au
#define PFN_LIST_CORRUPT 0x4Eu
#define KERNEL_SECURITY_CHECK_FAILURE 0x139u
#define PAGE_TABLE_CORRUPTED 0x41790u
#define PTE_CORRUPTED 0x41792u
#define PFN_CORRUPTED 0x99u
#define TREE_CORRUPTED 0x1Du
#define DEEPEST 64u /* as deep as a balanced tree of VADs never is */

void mi_corrupt_pfn(const struct mm *mm, uint64_t pfn)
{
    ke_bug_check(mm->ke, PFN_LIST_CORRUPT, PFN_CORRUPTED, pfn, 0, 0);
}

void mi_corrupt_pte(const struct mm *mm, uint64_t pte_va, MMPTE value)
{
    ke_bug_check(mm->ke, MEMORY_MANAGEMENT, PTE_CORRUPTED, pte_va, value.u.Long & UINT32_MAX,
                 value.u.Long >> 32);
}

void mi_corrupt_vad(const struct mm *mm, const MMADDRESS_NODE *node)
{
    ke_bug_check(mm->ke, KERNEL_SECURITY_CHECK_FAILURE, TREE_CORRUPTED, 0, 0,
                 h2k(&mm->ke->ks, node));
}

/* Can there be a node at a kernel address? It says what there is, no more. */
static bool may_be_node(const struct mm *mm, uint64_t va)
{
    const struct mi_region *pool = &mm->nonpaged;
    uint64_t offset = va - pool->start, last = offset + sizeof(MMVAD_SHORT) - 1;

    return va % sizeof(POOL_HEADER) == 0 && last >= offset && MI_VPN(last) < pool->pages &&
           bitmap_test(&pool->used, MI_VPN(offset)) && bitmap_test(&pool->used, MI_VPN(last));
}

static void look_below(const struct mm_space *space, const MMADDRESS_NODE *node, unsigned depth)
{
    const uint64_t links[] = {node->LeftChild.va, node->RightChild.va};

    for (unsigned i = 0; i < 2; i++) {
        if (links[i] == 0)
            continue;
        if (depth == DEEPEST || !may_be_node(space->mm, links[i]))
            mi_corrupt_vad(space->mm, node);
        const MMVAD_SHORT *child = mi_vad_at(space, links[i]);
        if ((const MMADDRESS_NODE *)mi_vad_parent(space, child) != node)
            mi_corrupt_vad(space->mm, (const MMADDRESS_NODE *)child);
        look_below(space, (const MMADDRESS_NODE *)child, depth + 1);
    }
}

void mi_look_at_edited_vads(struct mm_space *space)
{
    uint32_t edits = __atomic_load_n(&space->mm->edits, __ATOMIC_RELAXED);

    if (space->process && !space->cleaned)
        look_below(space, &space->process->VadRoot.BalancedRoot, 0);
    __atomic_store_n(&space->edits, edits, __ATOMIC_RELAXED);
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
