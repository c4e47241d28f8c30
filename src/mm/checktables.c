/* src/mm/checktables.c: page tables against the PFN database. See check.c.
 *
 * All tables are walked from the top, so each frame's holders are counted, and each MMPFN must name
 * the very entry that led to it. Frames that several address spaces map (KUSER_SHARED_DATA) name
 * one of the entries: the system's.
 */
#include "base/words.h"
#include "mm/check.h"
#include "mm/clone.h"
#include "mm/vad.h"

#define FIRST_KERNEL_SLOT 256u
#define HYPERSPACE_SLOT (PXE_SELFMAP_SLOT + 1)
#define LARGE_PAGE_FRAMES 512u

struct walk {
    struct mi_check *check;
    const struct mm_space *space; /* whose user half it is, or NULL */
    uint64_t space_forks;         /* PTEs of pages of forks */
    uint64_t space_valid;         /* valid user PTEs of private pages */
    uint64_t space_shared;        /* and of pages with a prototype */
    uint64_t space_tables;
    uint64_t space_entries; /* user PTEs that are not zero */
    uint64_t space_large;   /* large pages */
};

static void check_holder(struct walk *walk, uint64_t pfn, uint64_t entry_va, uint64_t table)
{
    const MMPFN *page = &walk->check->mm->pfn[pfn];

    MI_CHECK(walk->check, page->PteAddress.va == entry_va,
             "frame %llx names PTE %llx, but %llx holds it", (unsigned long long)pfn,
             (unsigned long long)page->PteAddress.va, (unsigned long long)entry_va);
    MI_CHECK(walk->check, page->u4.PteFrame == table,
             "frame %llx names table %llx, but %llx holds it", (unsigned long long)pfn,
             (unsigned long long)page->u4.PteFrame, (unsigned long long)table);
}

/* A page that is mapped through a prototype names that instead. */
static void check_shared(struct walk *walk, uint64_t pfn, uint64_t entry_va)
{
    struct mm *mm = walk->check->mm;
    uint64_t proto_va = mm->pfn[pfn].PteAddress.va;
    bool in_pool =
        proto_va >= mm->paged.start && proto_va < mm->paged.start + MI_VA(mm->paged.pages);

    if (!in_pool) {
        mi_check_failed(walk->check, "frame %llx names prototype %llx, outside of paged pool",
                        (unsigned long long)pfn, (unsigned long long)proto_va);
        return;
    }
    const MMPTE *at = kspace_host(&mm->ke->ks, proto_va);
    MMPTE proto = mi_read_pte(MI_CHECK_AT(walk->check, at));
    MI_CHECK(walk->check, proto.u.Hard.Valid && proto.u.Hard.PageFrameNumber == pfn,
             "PTE %llx maps frame %llx, whose prototype %llx does not",
             (unsigned long long)entry_va, (unsigned long long)pfn, (unsigned long long)proto_va);
}

/* An entry that holds frames; tables are counted and not entered here. */
static bool check_entry(struct walk *walk, MMPTE entry, uint64_t entry_va, uint64_t table)
{
    struct mi_check *check = walk->check;
    const struct mm *mm = check->mm;
    uint64_t pfn = entry.u.Hard.PageFrameNumber;
    uint64_t count = entry.u.Hard.Valid && entry.u.Hard.LargePage ? LARGE_PAGE_FRAMES : 1;

    if (pfn + count > mm->frames) {
        mi_check_failed(check, "PTE %llx holds %llx, which is no frame",
                        (unsigned long long)entry_va, (unsigned long long)pfn);
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        check->share[pfn + i]++;
        if (mm->pfn[pfn + i].u4.PrototypePte)
            check_shared(walk, pfn + i, entry_va);
        else if (pfn != mm->shared_user_data_pfn || !entry.u.Hard.Owner)
            check_holder(walk, pfn + i, entry_va, table);
    }
    if (!entry.u.Hard.Valid) {
        unsigned location = mm->pfn[pfn].u3.e1.PageLocation;
        MI_CHECK(check,
                 location == ModifiedPageList || location == ModifiedNoWritePageList ||
                     location == StandbyPageList,
                 "transition PTE %llx: frame %llx is in location %d", (unsigned long long)entry_va,
                 (unsigned long long)pfn, location);
    }
    return true;
}

/* => the entry may hold what is no frame */
static bool is_fork(const struct mm *mm, MMPTE entry)
{
    return (!entry.u.Hard.Valid || entry.u.Hard.PageFrameNumber < mm->frames) &&
           mi_pte_is_fork(mm, entry);
}

/* The next entry that says anything. */
static size_t next_entry(const MMPTE *entries, size_t from, size_t end)
{
    return words_next_nonzero((const uint64_t *)entries, from, end);
}

static void check_table(struct walk *walk, uint64_t table, unsigned level, uint64_t entry_va,
                        unsigned first, unsigned last)
{
    struct mi_check *check = walk->check;
    const struct mm *mm = check->mm;
    const MMPTE *entries = mi_frame(mm, table);
    unsigned used = 0, held = 0;

    for (size_t i = next_entry(entries, first, last); i < last;
         i = next_entry(entries, i + 1, last)) {
        MMPTE entry = mi_read_pte(&entries[i]);
        uint64_t va = entry_va + i * sizeof(MMPTE);
        used++;
        walk->space_entries += level == 1;
        if (level == 1 && mi_pte_in_page_file(entry))
            mi_check_slot(check, entry);
        if (level == 1 && walk->space && is_fork(mm, entry)) {
            walk->space_forks++;
            mi_check_clone_pte(check, walk->space, entry);
        }
        if (!mi_pte_holds_frame(entry))
            continue;
        held++;
        if (!check_entry(walk, entry, va, table))
            continue;
        uint64_t pfn = entry.u.Hard.PageFrameNumber;
        if (level == 1) {
            bool shared = mm->pfn[pfn].u4.PrototypePte;
            walk->space_shared += entry.u.Hard.Valid && shared;
            walk->space_valid += entry.u.Hard.Valid && !shared && !mm->pfn[pfn].u4.AweAllocation &&
                                 pfn != mm->shared_user_data_pfn;
        } else if (entry.u.Hard.LargePage) {
            walk->space_large++;
        } else {
            walk->space_tables++;
            check_table(walk, pfn, level - 1, mi_va_of_pte(va), 0, MI_PTES_PER_TABLE);
        }
    }
    if (level == 4)
        return; /* counts of a PML4 cover several stretches: see the callers */
    MI_CHECK(check, mm->pfn[table].UsedPageTableEntries == used,
             "table %llx: UsedPageTableEntries %u, found %u", (unsigned long long)table,
             mm->pfn[table].UsedPageTableEntries, used);
    check->share[table] += held;
}

void mi_check_system_tables(struct mi_check *check)
{
    struct walk walk = {.check = check};
    uint64_t directory = MI_VPN(MM_SYSTEM_PAGE_DIRECTORY);

    check_table(&walk, directory, 4, PXE_BASE, FIRST_KERNEL_SLOT, PXE_SELFMAP_SLOT);
    check_table(&walk, directory, 4, PXE_BASE, HYPERSPACE_SLOT + 1, MI_PTES_PER_TABLE);
    if (check->share[directory] == 0) /* else a space's turn */
        check->share[directory] = 1;
}

/* The user half, hyperspace and the PML4 itself. */
static void check_space_tables(struct walk *walk, struct mm_space *space)
{
    struct mi_check *check = walk->check;
    const MMPFN *top = &check->mm->pfn[space->directory];
    uint64_t self = PXE_BASE + PXE_SELFMAP_SLOT * sizeof(MMPTE);
    unsigned held = 0;

    check_table(walk, space->directory, 4, PXE_BASE, HYPERSPACE_SLOT, HYPERSPACE_SLOT + 1);
    uint64_t overhead = !space->system + walk->space_tables + walk->space_valid;
    MI_CHECK(check, space->overhead == overhead, "process %p: overhead %llu, found %llu",
             (const void *)space->process, (unsigned long long)space->overhead,
             (unsigned long long)overhead);
    walk->space_tables = 0;
    walk->space_valid = 0;
    walk->space_shared = 0;
    walk->space_entries = 0;
    walk->space_large = 0;
    walk->space = space;
    check_table(walk, space->directory, 4, PXE_BASE, 0, FIRST_KERNEL_SLOT);
    for (unsigned i = 0; i < FIRST_KERNEL_SLOT; i++)
        held += mi_read_pte(&space->pml4[i]).u.Hard.Valid;
    held++; /* hyperspace */
    MI_CHECK(check, top->UsedPageTableEntries == held, "PML4 %llx: %u used entries, found %u",
             (unsigned long long)space->directory, top->UsedPageTableEntries, held);
    check->share[space->directory] = 1 + held;
    check_holder(walk, space->directory, self, space->directory);
    const MMPTE *system = mi_frame(check->mm, MI_VPN(MM_SYSTEM_PAGE_DIRECTORY));
    for (unsigned i = FIRST_KERNEL_SLOT; i < MI_PTES_PER_TABLE; i++) {
        if (i == PXE_SELFMAP_SLOT || i == HYPERSPACE_SLOT)
            continue;
        MI_CHECK(check, space->pml4[i].u.Long == system[i].u.Long,
                 "PML4 %llx: kernel slot %x differs from System's",
                 (unsigned long long)space->directory, i);
    }
}

/* PTEs that are not zero must lie in a VAD. */
static uint64_t entries_in_vads(const struct mm_space *space)
{
    uint64_t count = 0;

    for (MMVAD_SHORT *vad = mi_vad_first(space); vad; vad = mi_vad_next(space, vad)) {
        uint64_t end = MI_VA(vad->EndingVpn + 1), stop;
        MMPTE *pte;
        for (uint64_t va = MI_VA(vad->StartingVpn); (pte = mi_next_pte(space, &va, end)) != NULL;
             va = stop) {
            stop = (va / MI_TABLE_SPAN + 1) * MI_TABLE_SPAN; /* the end of this table, or of ours */
            stop = stop < end ? stop : end;
            size_t here = MI_VPN(stop - va);
            for (size_t i = next_entry(pte, 0, here); i < here; i = next_entry(pte, i + 1, here))
                count++;
        }
    }
    return count;
}

/* Large pages lie in VADs of their own, which have no others. */
static uint64_t large_pages_of_vads(struct mi_check *check, const struct mm_space *space)
{
    uint64_t count = 0;

    for (MMVAD_SHORT *vad = mi_vad_first(space); vad; vad = mi_vad_next(space, vad)) {
        if (!mi_vad_is_large(vad))
            continue;
        uint64_t start = MI_VA(vad->StartingVpn), end = MI_VA(vad->EndingVpn + 1);
        check->resident += vad->u.VadFlags.PrivateMemory ? mi_vad_pages(vad) : 0;
        for (uint64_t va = start; va < end; va += MI_TABLE_SPAN, count++)
            MI_CHECK(check, mi_find_large(space, va), "VAD %llx: no large page at %llx",
                     (unsigned long long)vad->StartingVpn, (unsigned long long)va);
    }
    return count;
}

void mi_check_space(struct mi_check *check, struct mm_space *space)
{
    struct walk walk = {.check = check};
    const EPROCESS *process = space->process;

    mi_lock_address_space(space);
    mi_lock_working_set(space);
    uint64_t forks = mi_check_clone_root(check, space);
    check_space_tables(&walk, space);
    MI_CHECK(check, walk.space_forks == forks,
             "process %p: %llu references to clone blocks, found %llu", (const void *)process,
             (unsigned long long)forks, (unsigned long long)walk.space_forks);
    MI_CHECK(check, walk.space_tables == space->tables, "process %p: %llu tables, found %llu",
             (const void *)process, (unsigned long long)space->tables,
             (unsigned long long)walk.space_tables);
    mi_check_working_set(check, space, walk.space_valid, walk.space_shared);
    MI_CHECK(check, process->NumberOfPrivatePages == walk.space_valid,
             "process %p: NumberOfPrivatePages %llu, found %llu", (const void *)process,
             (unsigned long long)process->NumberOfPrivatePages,
             (unsigned long long)walk.space_valid);
    check->tables += space->tables;
    check->resident +=
        process->Vm.Flags.MinimumWorkingSetHard ? process->Vm.MinimumWorkingSetSize : 0;
    check->overhead += space->overhead;
    mi_check_vads(check, space);
    mi_check_awe(check, space);
    uint64_t large = large_pages_of_vads(check, space);
    MI_CHECK(check, walk.space_large == space->large_pages && walk.space_large == large,
             "process %p: %llu large pages, found %llu, VADs have %llu", (const void *)process,
             (unsigned long long)space->large_pages, (unsigned long long)walk.space_large,
             (unsigned long long)large);
    uint64_t covered = entries_in_vads(space);
    MI_CHECK(check, walk.space_entries == covered,
             "process %p: %llu PTEs in use, %llu of them in VADs", (const void *)process,
             (unsigned long long)walk.space_entries, (unsigned long long)covered);
    mi_unlock_working_set(space);
    mi_unlock_address_space(space);
}
