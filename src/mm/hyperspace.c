/* src/mm/hyperspace.c: the part of system space that each process has for itself.
 *
 *      FFFFF700`01080000  MMWSL, and behind it its entries (MMWSLE), as many pages as they need
 *      FFFFF700`20000000  the hash table of those that are shared (MMWSLE_NONDIRECT_HASH)
 *
 *      PML4[1EE] -> PDPT[0] -> PD -> PT -> page      first page: with the process
 *                              |
 *                              '--> more tables and pages, as they are needed
 *
 * The host reaches a page through the page directory and table that map it (mi_hyperspace): there
 * is no second way to it that could disagree. Pages here are charged to the process as page tables
 * are. They are supervisor pages that user code cannot reach, so a page that comes is nothing an
 * engine has to know; one that goes waits in quarantine like a table.
 *
 * Paged pool's working set list is kept in the same way, in system space (mi_list_va).
 */
#include "mm/frames.h"
#include "mm/space.h"
#include "mm/wset.h"

#define HYPERSPACE_LEVELS 4u

void mi_hyperspace_create(struct mm_space *space, const uint64_t pfn[HYPERSPACE_LEVELS])
{
    struct mm *mm = space->mm;
    uint64_t entry_va[HYPERSPACE_LEVELS + 1] = {0, mi_pte_va(MI_WORKING_SET_LIST)};
    MMPTE *table = space->pml4;

    for (unsigned level = 2; level <= HYPERSPACE_LEVELS; level++)
        entry_va[level] = mi_pte_va(entry_va[level - 1]);
    for (unsigned level = HYPERSPACE_LEVELS; level >= 1; level--) {
        uint64_t frame = pfn[HYPERSPACE_LEVELS - level];
        MMPTE *entry = &table[mi_table_index(MI_WORKING_SET_LIST, level)];
        MMPTE value = mi_kernel_table_pte(frame);
        value.u.Hard.NoExecute = level == 1;
        mi_initialize_pfn(mm, frame, entry_va[level], mi_frame_of(mm, table), MM_READWRITE);
        mi_change_pte(mm, entry, value);
        if (level == 2)
            space->hyperspace = table;
        table = mi_frame(mm, frame);
    }
    space->working_set_list = mi_frame(mm, pfn[3]);
    space->process->WorkingSetPage = pfn[3];
    space->process->Vm.VmWorkingSetList.va = MI_WORKING_SET_LIST;
}

/* A frame for a page or table of hyperspace. */
static NTSTATUS fill_entry(struct mm_space *space, MMPTE *entry, uint64_t entry_va, bool table)
{
    struct mm *mm = space->mm;
    uint64_t pfn;
    NTSTATUS status = mi_allocate_charged_page(space, &pfn);

    if (!NT_SUCCESS(status))
        return status;
    MMPTE value = mi_kernel_table_pte(pfn);
    value.u.Hard.NoExecute = !table;
    mi_initialize_pfn(mm, pfn, entry_va, mi_frame_of(mm, entry), MM_READWRITE);
    mi_change_pte(mm, entry, value);
    space->overhead++;
    return STATUS_SUCCESS;
}

static MMPTE *pte_of(const struct mm_space *space, uint64_t va)
{
    MMPTE pde = mi_read_pte(&space->hyperspace[mi_table_index(va, 2)]);

    return (MMPTE *)mi_frame(space->mm, pde.u.Hard.PageFrameNumber) + mi_table_index(va, 1);
}

NTSTATUS mi_hyperspace_add(struct mm_space *space, uint64_t va)
{
    MMPTE *pde = &space->hyperspace[mi_table_index(va, 2)];
    uint64_t entry_va = mi_pte_va(mi_list_va(space, va));
    NTSTATUS status = STATUS_SUCCESS;

    if (!mi_read_pte(pde).u.Hard.Valid)
        status = fill_entry(space, pde, mi_pte_va(entry_va), true);
    return NT_SUCCESS(status) ? fill_entry(space, pte_of(space, va), entry_va, false) : status;
}

static void empty_entry(struct mm_space *space, MMPTE *entry)
{
    MMPTE old = mi_change_pte(space->mm, entry, (MMPTE){.u.Long = 0});

    mi_free_table(space->mm, old.u.Hard.PageFrameNumber, false);
}

void mi_hyperspace_remove(struct mm_space *space, uint64_t va)
{
    empty_entry(space, pte_of(space, va));
    space->overhead--;
    mi_return_process_commit(space, 1, MI_COMMIT_SYSTEM);
}

static void empty_table(struct mm_space *space, MMPTE *table, unsigned level)
{
    for (unsigned i = 0; i < MI_PTES_PER_TABLE; i++) {
        MMPTE value = mi_read_pte(&table[i]);
        if (!value.u.Hard.Valid)
            continue;
        if (level > 1)
            empty_table(space, mi_frame(space->mm, value.u.Hard.PageFrameNumber), level - 1);
        empty_entry(space, &table[i]);
    }
}

void mi_hyperspace_destroy(struct mm_space *space)
{
    MMPTE *entry = &space->pml4[mi_table_index(MI_WORKING_SET_LIST, HYPERSPACE_LEVELS)];

    empty_table(space, mi_frame(space->mm, mi_read_pte(entry).u.Hard.PageFrameNumber),
                HYPERSPACE_LEVELS - 1);
    empty_entry(space, entry);
    space->process->WorkingSetPage = 0;
    space->process->Vm.VmWorkingSetList.va = 0;
}
