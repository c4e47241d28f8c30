/* src/mm/space.c: address spaces and their page tables.
 *
 *      PML4 (above 187000)
 *        user half -> PDPT -> PD -> PT -> pages     made when first needed, freed when empty
 *        1ED       -> itself
 *        1EE       -> PDPT -> PD -> PT -> MMWSL     hyperspace, the process's own (hyperspace.c)
 *        1EF..     -> shared with all processes (boot.c)
 *
 * A table's MMPFN counts its entries: UsedPageTableEntries those that are not zero, ShareCount one
 * for itself and one for each that holds a frame. When the last entry becomes zero, the table goes,
 * and with it perhaps the one above. A PML4 counts its user half and hyperspace only.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "x64 Virtual Address Translation"; addresses of
 * hyperspace as a debugger shows them on build 7601.
 */
#include <stdlib.h>
#include <string.h>

#include "mm/color.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/vad.h"
#include "mm/wset.h"

#define MINIMUM_WORKING_SET 50u
#define MAXIMUM_WORKING_SET 345u
#define HYPERSPACE_FRAMES 5u /* and the PML4 */
#define FIRST_KERNEL_SLOT 256u
#define HYPERSPACE_SLOT (PXE_SELFMAP_SLOT + 1)

/* ---- counted changes ---- */

/* The processor marks valid entries, and entries in transition change under the PFN lock alone
 * (transition.c): those have to be exchanged. All others are the caller's. */
static MMPTE replace_pte(MMPTE *pte, MMPTE value)
{
    MMPTE old = mi_read_pte(pte);

    if (old.u.Hard.Valid || mi_pte_is_transition(old))
        return mi_exchange_pte(pte, value);
    mi_write_pte(pte, value);
    return old;
}

MMPTE mi_change_pte(struct mm *mm, MMPTE *pte, MMPTE value)
{
    MMPTE old = replace_pte(pte, value);
    MMPFN *table = mi_pfn(mm, mi_frame_of(mm, pte));

    table->UsedPageTableEntries =
        (USHORT)(table->UsedPageTableEntries + (value.u.Long != 0) - (old.u.Long != 0));
    int held = mi_pte_holds_frame(value) - mi_pte_holds_frame(old);
    if (held != 0) /* atomic: pages in transition may go behind our back (transition.c) */
        __atomic_fetch_add(&table->u2.ShareCount, (ULONG64)held, __ATOMIC_RELAXED);
    return old;
}

size_t mi_change_bare_ptes(struct mm *mm, MMPTE *pte, size_t count, MMPTE value,
                           struct mi_deleted *said)
{
    MMPFN *table = mi_pfn(mm, mi_frame_of(mm, pte));
    uint64_t used = 0, decommitted = 0;
    size_t done = 0;

    ASSERT(mi_pte_is_bare(value));
    for (; done < count; done++) {
        MMPTE old = mi_read_pte(&pte[done]);
        if (!mi_pte_is_bare(old))
            break;
        used += old.u.Long != 0;
        decommitted += old.u.Soft.Protection == MM_DECOMMIT;
        if (old.u.Long != value.u.Long)
            mi_write_pte(&pte[done], value);
    }
    said->committed += used - decommitted;
    said->decommitted += decommitted;
    table->UsedPageTableEntries =
        (USHORT)(table->UsedPageTableEntries + (value.u.Long != 0 ? done : 0) - used);
    return done;
}

/* ---- finding and making entries ---- */

/* An entry above the last level: it may also map a large page. */
static bool leads_to_table(MMPTE entry)
{
    return entry.u.Hard.Valid && !entry.u.Hard.LargePage;
}

/* The table that `entry`, of `level` on the way to `va`, leads to. */
static MMPTE *table_below(const struct mm_space *space, MMPTE entry, uint64_t va, unsigned level)
{
    if (__builtin_expect(entry.u.Hard.PageFrameNumber >= space->mm->frames, 0)) {
        for (; level > 0; level--)
            va = mi_pte_va(va);
        mi_corrupt_pte(space->mm, va, entry);
    }
    return mi_frame(space->mm, entry.u.Hard.PageFrameNumber);
}

MMPTE *mi_find_pte(const struct mm_space *space, uint64_t va)
{
    MMPTE *table = space->pml4;

    for (unsigned level = 4; level > 1; level--) {
        MMPTE entry = mi_read_pte(&table[mi_table_index(va, level)]);
        if (!leads_to_table(entry))
            return NULL;
        table = table_below(space, entry, va, level);
    }
    return &table[mi_table_index(va, 1)];
}

MMPTE *mi_find_large(const struct mm_space *space, uint64_t va)
{
    MMPTE *table = space->pml4;

    for (unsigned level = 4; level > 2; level--) {
        MMPTE entry = mi_read_pte(&table[mi_table_index(va, level)]);
        if (!leads_to_table(entry))
            return NULL;
        table = table_below(space, entry, va, level);
    }
    MMPTE *pde = &table[mi_table_index(va, 2)];
    MMPTE entry = mi_read_pte(pde);
    return entry.u.Hard.Valid && entry.u.Hard.LargePage ? pde : NULL;
}

MMPTE *mi_next_pte(const struct mm_space *space, uint64_t *va, uint64_t end)
{
    while (*va < end) {
        MMPTE *table = space->pml4;
        unsigned level = 4;
        for (; level > 1; level--) {
            MMPTE entry = mi_read_pte(&table[mi_table_index(*va, level)]);
            if (!leads_to_table(entry))
                break;
            table = table_below(space, entry, *va, level);
        }
        if (level == 1)
            return &table[mi_table_index(*va, 1)];
        uint64_t span = MI_TABLE_SPAN << (9 * (level - 2));
        *va = (*va / span + 1) * span;
    }
    return NULL;
}

NTSTATUS mi_allocate_charged_page(struct mm_space *space, uint64_t *pfn)
{
    if (!mi_charge_process_commit(space, 1, MI_COMMIT_SYSTEM))
        return STATUS_COMMITMENT_LIMIT;
    if (!mi_slist_take(space, MI_PAGE_ZEROED, pfn)) {
        mi_return_process_commit(space, 1, MI_COMMIT_SYSTEM);
        return STATUS_NO_MEMORY;
    }
    return STATUS_SUCCESS;
}

static void count_table(struct mm_space *space, int by)
{
    __atomic_store_n(&space->tables, space->tables + (uint64_t)by, __ATOMIC_RELAXED);
}

/* Hang a new, empty table into `entry`, whose own address in the self map is `entry_va`. */
static NTSTATUS make_table(struct mm_space *space, MMPTE *entry, uint64_t entry_va)
{
    struct mm *mm = space->mm;
    uint64_t pfn;
    NTSTATUS status = mi_allocate_charged_page(space, &pfn);

    if (!NT_SUCCESS(status))
        return status;
    mi_initialize_pfn(mm, pfn, entry_va, mi_frame_of(mm, entry), MM_EXECUTE_READWRITE);
    mi_change_pte(mm, entry, mi_user_table_pte(pfn));
    count_table(space, 1);
    return STATUS_SUCCESS;
}

/* The entry of `last` level that leads to `va`, with the tables above it. */
static NTSTATUS make_entry(struct mm_space *space, uint64_t va, unsigned last, MMPTE **made)
{
    uint64_t entry_va[5] = {0, mi_pte_va(va)};
    MMPTE *table = space->pml4;

    for (unsigned level = 2; level <= 4; level++)
        entry_va[level] = mi_pte_va(entry_va[level - 1]);
    for (unsigned level = 4; level > last; level--) {
        MMPTE *entry = &table[mi_table_index(va, level)];
        ASSERT(!mi_read_pte(entry).u.Hard.LargePage);
        if (!entry->u.Hard.Valid) {
            NTSTATUS status = make_table(space, entry, entry_va[level]);
            if (!NT_SUCCESS(status)) {
                mi_trim_tables(space, va, va + PAGE_SIZE);
                return status;
            }
        }
        table = table_below(space, mi_read_pte(entry), va, level);
    }
    *made = &table[mi_table_index(va, last)];
    return STATUS_SUCCESS;
}

NTSTATUS mi_make_pte(struct mm_space *space, uint64_t va, MMPTE **pte)
{
    return make_entry(space, va, 1, pte);
}

NTSTATUS mi_make_pde(struct mm_space *space, uint64_t va, MMPTE **pde)
{
    return make_entry(space, va, 2, pde);
}

NTSTATUS mi_make_tables(struct mm_space *space, uint64_t start, uint64_t end)
{
    MMPTE *pte;

    for (uint64_t va = start; va < end; va = (va / MI_TABLE_SPAN + 1) * MI_TABLE_SPAN) {
        NTSTATUS status = mi_make_pte(space, va, &pte);
        if (!NT_SUCCESS(status)) {
            mi_trim_tables(space, start, end);
            return status;
        }
    }
    return STATUS_SUCCESS;
}

/* ---- freeing tables ---- */

static void free_table(struct mm_space *space, MMPTE *entry)
{
    MMPTE old = mi_change_pte(space->mm, entry, (MMPTE){.u.Long = 0});

    mi_slist_free_table(space, old.u.Hard.PageFrameNumber);
    mi_return_process_commit(space, 1, MI_COMMIT_SYSTEM);
    count_table(space, -1);
}

/* Free the empty tables below the entries of `table` (of `level`) for start .. end. */
static void trim_below(struct mm_space *space, MMPTE *table, unsigned level, uint64_t start,
                       uint64_t end)
{
    uint64_t span = MI_TABLE_SPAN << (9 * (level - 2));

    for (uint64_t va = start; va < end;) {
        uint64_t behind = (va / span + 1) * span;
        MMPTE *entry = &table[mi_table_index(va, level)];
        MMPTE value = mi_read_pte(entry);
        if (leads_to_table(value)) {
            if (level > 2)
                trim_below(space, table_below(space, value, va, level), level - 1, va,
                           behind < end ? behind : end);
            if (mi_pfn(space->mm, value.u.Hard.PageFrameNumber)->UsedPageTableEntries == 0)
                free_table(space, entry);
        }
        va = behind;
    }
}

void mi_trim_tables(struct mm_space *space, uint64_t start, uint64_t end)
{
    trim_below(space, space->pml4, 4, start, end);
    mi_wsle_shrink(space);
}

/* ---- life ---- */

/* The kernel half, which all share, and the self map. */
static void make_directory(struct mm_space *space)
{
    struct mm *mm = space->mm;
    const MMPTE *system = mi_frame(mm, MI_VPN(MM_SYSTEM_PAGE_DIRECTORY));

    mi_initialize_pfn(mm, space->directory, PXE_BASE + PXE_SELFMAP_SLOT * sizeof(MMPTE),
                      space->directory, MM_EXECUTE_READWRITE);
    for (unsigned i = FIRST_KERNEL_SLOT; i < MI_PTES_PER_TABLE; i++) {
        if (i != PXE_SELFMAP_SLOT && i != HYPERSPACE_SLOT)
            mi_write_pte(&space->pml4[i], system[i]);
    }
    mi_write_pte(&space->pml4[PXE_SELFMAP_SLOT], mi_kernel_table_pte(space->directory));
}

static void fill_process(struct mm_space *space)
{
    EPROCESS *process = space->process;

    process->Pcb.DirectoryTableBase = MI_VA(space->directory);
    process->HighestUserAddress.va = MM_USER_PROBE_ADDRESS;
    process->HasAddressSpace = 1;
    process->Vm.MinimumWorkingSetSize = MINIMUM_WORKING_SET;
    process->Vm.MaximumWorkingSetSize = MAXIMUM_WORKING_SET;
    ex_initialize_push_lock(&process->AddressCreationLock);
    ex_initialize_push_lock(&process->Vm.WorkingSetMutex);
    mi_vad_table_initialize(space->mm, process);
}

static bool charge_overhead(struct mm_space *space)
{
    mi_lock_working_set(space);
    bool charged = mi_charge_process_commit(space, space->overhead, MI_COMMIT_SYSTEM);
    mi_unlock_working_set(space);
    return charged;
}

static void return_overhead(struct mm_space *space)
{
    mi_lock_working_set(space);
    mi_return_process_commit(space, space->overhead, MI_COMMIT_SYSTEM);
    mi_unlock_working_set(space);
}

/* Frames of the PML4 (System's exists) and hyperspace, charged. */
static NTSTATUS take_frames(struct mm_space *space)
{
    struct mm *mm = space->mm;
    uint64_t pfn[5];
    size_t count = 0, first = space->system;

    space->overhead = 5 - first;
    if (!charge_overhead(space))
        return STATUS_COMMITMENT_LIMIT;
    for (size_t i = first; i < 5; i++, count++) {
        if (!mi_allocate_page(mm, i == 0 ? MI_PAGE_DIRECTORY : MI_PAGE_ZEROED, &pfn[i])) {
            mi_free_pages(mm, pfn + first, count);
            return_overhead(space);
            return STATUS_NO_MEMORY;
        }
    }
    space->directory = space->system ? MI_VPN(MM_SYSTEM_PAGE_DIRECTORY) : pfn[0];
    space->pml4 = mi_frame(mm, space->directory);
    if (!space->system)
        make_directory(space);
    mi_hyperspace_create(space, pfn + 1);
    return STATUS_SUCCESS;
}

/* KUSER_SHARED_DATA, readable at 7FFE0000: 64 KB that cannot be freed or changed, of which the
 * first page is there. Source: KUSER_SHARED_DATA documentation; the VAD as !vad shows it.
 * Nobody runs in the process yet, but it may be trimmed already. => (C), not (W) */
static NTSTATUS map_shared_user_data(struct mm_space *space)
{
    struct mm *mm = space->mm;
    MMVAD_SHORT *vad = mi_vad_take(space);
    MMPTE *pte;

    if (!vad)
        return STATUS_INSUFFICIENT_RESOURCES;
    mi_lock_working_set(space);
    NTSTATUS status = mi_make_pte(space, MM_SHARED_USER_DATA_VA, &pte);
    if (!NT_SUCCESS(status)) {
        mi_unlock_working_set(space);
        mi_vad_give(space, vad);
        return status;
    }
    vad->StartingVpn = MI_VPN(MM_SHARED_USER_DATA_VA);
    vad->EndingVpn = vad->StartingVpn + MI_VAD_UNIT - 1;
    vad->u.VadFlags.Protection = MM_READONLY;
    vad->u.VadFlags.NoChange = 1;
    mi_vad_insert(space, vad);
    mi_change_pte(mm, pte, mi_user_page_pte(mm->shared_user_data_pfn, MM_READONLY));
    mi_share_page(mm, mm->shared_user_data_pfn, 1);
    mi_virtual_size_add(space, (int64_t)MM_ALLOCATION_GRANULARITY);
    mi_unlock_working_set(space);
    return STATUS_SUCCESS;
}

NTSTATUS mm_space_create(struct mm *mm, EPROCESS *process, bool system, struct mm_space **out)
{
    struct mm_space *space = calloc(1, sizeof(*space));

    if (!space)
        return STATUS_INSUFFICIENT_RESOURCES;
    space->mm = mm;
    space->process = process;
    space->vm = &process->Vm;
    space->system = system;
    NTSTATUS status = take_frames(space);
    if (status == STATUS_NO_MEMORY && mi_make_room(mm, HYPERSPACE_FRAMES))
        status = take_frames(space);
    if (!NT_SUCCESS(status)) {
        free(space);
        return status;
    }
    fill_process(space);
    mi_wsle_initialize(space);
    mi_seed_color(mm, space->vm);
    pthread_mutex_lock(&mm->spaces_lock);
    list_insert_tail(&space->link, &mm->spaces);
    pthread_mutex_unlock(&mm->spaces_lock);
    if (!system) {
        mi_lock_address_space(space);
        status = map_shared_user_data(space);
        mi_unlock_address_space(space);
    }
    if (!NT_SUCCESS(status)) {
        mm_space_clean(space);
        mm_space_destroy(space);
        return status;
    }
    *out = space;
    return STATUS_SUCCESS;
}

void mm_space_clean(struct mm_space *space)
{
    const struct kspace *ks = &space->mm->ke->ks;
    MMVAD_SHORT *vad, *views = NULL; /* chained through LeftChild: released without locks */
    struct mi_flush flush;

    mi_lock_address_space(space);
    mi_lock_working_set(space);
    space->cleaned = true;
    mi_vad_index_free(space);
    mi_flush_begin(&flush, space);
    while ((vad = mi_vad_top(space)) != NULL) {
        if (mi_vad_is_view(vad)) {
            mi_view_remove(space, &flush, vad);
            vad->LeftChild.va = views ? h2k(ks, views) : 0;
            views = vad;
            continue;
        }
        mi_vad_remove(space, vad);
        mi_delete_pages(&flush, MI_VA(vad->StartingVpn), MI_VA(vad->EndingVpn + 1));
        mi_return_process_commit(space, mi_vad_commit(vad), MI_COMMIT_USER);
        mi_virtual_size_add(space, -(int64_t)MI_VA(mi_vad_pages(vad)));
        mi_vad_free(space->mm, vad);
    }
    mi_awe_clean(space);
    mi_return_working_set_reserve(space);
    mi_vad_free_spares(space);
    mi_flush_end(&flush);
    mi_trim_tables(space, 0, MM_USER_PROBE_ADDRESS);
    mi_check_no_tables(space);
    mi_slist_drain(space, SIZE_MAX);
    mi_unlock_working_set(space);
    mi_unlock_address_space(space);
    while ((vad = views) != NULL) {
        views = vad->LeftChild.va ? kspace_host(ks, vad->LeftChild.va) : NULL;
        mi_view_release(space, vad);
    }
    mi_release_quarantine(space->mm);
}

void mm_space_destroy(struct mm_space *space)
{
    struct mm *mm = space->mm;

    ASSERT(!mi_vad_top(space) && space->tables == 0);
    pthread_mutex_lock(&mm->spaces_lock);
    list_remove(&space->link);
    pthread_mutex_unlock(&mm->spaces_lock);
    mi_hyperspace_destroy(space);
    if (!space->system)
        mi_free_table(mm, space->directory, false);
    mi_release_quarantine(mm);
    return_overhead(space);
    free(space);
}

EPROCESS *mm_space_process(const struct mm_space *space)
{
    return space->process;
}

struct mm *mm_space_mm(const struct mm_space *space)
{
    return space->mm;
}

void mm_space_set_owner(struct mm_space *space, void *owner)
{
    space->owner = owner;
}

void *mm_space_owner(const struct mm_space *space)
{
    return space->owner;
}

uint64_t mm_space_directory(const struct mm_space *space)
{
    return MI_VA(space->directory);
}

bool mm_translate(struct mm_space *space, uint64_t va, uint64_t *pa)
{
    MMPTE *table = space->pml4;

    mi_lock_working_set_shared(space);
    unsigned level = 4;
    MMPTE entry = {.u.Long = 0};
    for (; level >= 1; level--) {
        entry = mi_read_pte(&table[mi_table_index(va, level)]);
        if (!entry.u.Hard.Valid || level == 1 || entry.u.Hard.LargePage)
            break;
        table = table_below(space, entry, va, level);
    }
    uint64_t span = PAGE_SIZE << (9 * (level - 1));
    if (entry.u.Hard.Valid)
        *pa = MI_VA(entry.u.Hard.PageFrameNumber) + va % span;
    mi_unlock_working_set_shared(space);
    return entry.u.Hard.Valid;
}
