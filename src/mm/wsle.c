/* src/mm/wsle.c: the working set list of a process.
 *
 * Every valid PTE of user space (KUSER_SHARED_DATA's, which all processes have for good, excepted)
 * has one entry (MMWSLE) in an array behind the MMWSL:
 *
 *      0         FirstDynamic                        LastEntry          LastInitializedWsle
 *      |  fixed, locked  |  what may go, with free entries between  |  free entries   |
 *                            ^ NextSlot        ^ NextAgingSlot
 *
 * A valid entry says which page, and how many times it was looked at without having been used
 * (Age). Free entries are chained both ways from FirstFree on. Entries in front of FirstDynamic
 * stay: the process's own tables (fixed), and pages that were locked.
 *
 * The way from a page to its entry:
 *
 *      private    Direct: MMPFN.u1.WsIndex
 *      shared     Hashed: several processes map the page, each with an entry of its own, so
 *                 NonDirectHash leads from the address to the index
 *
 * The array grows page by page; mi_wsle_shrink moves entries to the front and gives pages back when
 * three quarters of them are free.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Working Sets"; layouts by symbols; free entries and
 * the five fixed ones as a debugger shows them on build 7601.
 */
#include "mm/space.h"
#include "mm/wset.h"

static uint64_t pages_of_list(const struct mm_space *space)
{
    return space->vm->ActualWslePages;
}

/* ---- free entries ---------------------------------------------------------------------------- */

static MMWSLE free_entry(uint32_t before, uint32_t next)
{
    return (MMWSLE){.u1.e2 = {.PreviousFree = before, .NextFree = next}};
}

/* The entry `index`, given that of `from`: free entries often lead to their neighbours. */
static MMWSLE *near(const struct mm_space *space, MMWSLE *entry, uint32_t from, uint32_t index)
{
    uint64_t va = MI_WSLES + from * sizeof(MMWSLE), wanted = MI_WSLES + index * sizeof(MMWSLE);

    return MI_VPN(va) == MI_VPN(wanted) ? entry + (int64_t)index - from : mi_wsle(space, index);
}

static void push_free(struct mm_space *space, uint32_t index, MMWSLE *entry)
{
    MMWSL *list = mi_wsl(space);

    if (list->FirstFree != MI_WSLE_NONE)
        near(space, entry, index, list->FirstFree)->u1.e2.PreviousFree = index;
    *entry = free_entry(MI_WSLE_NONE_BEFORE, list->FirstFree);
    list->FirstFree = index;
}

/* => there is one */
static uint32_t pop_free(struct mm_space *space, MMWSLE **entry)
{
    MMWSL *list = mi_wsl(space);
    uint32_t index = list->FirstFree;

    ASSERT(index <= list->LastInitializedWsle);
    *entry = mi_wsle(space, index);
    list->FirstFree = (*entry)->u1.e2.NextFree;
    if (list->FirstFree != MI_WSLE_NONE)
        near(space, *entry, index, list->FirstFree)->u1.e2.PreviousFree = MI_WSLE_NONE_BEFORE;
    if (index > list->LastEntry)
        list->LastEntry = index;
    return index;
}

/* Take an entry out of the middle of the chain. */
static void unlink_free(struct mm_space *space, const MMWSLE *entry)
{
    uint32_t before = entry->u1.e2.PreviousFree, next = entry->u1.e2.NextFree;

    if (before == MI_WSLE_NONE_BEFORE)
        mi_wsl(space)->FirstFree = next;
    else
        mi_wsle(space, before)->u1.e2.NextFree = next;
    if (next != MI_WSLE_NONE)
        mi_wsle(space, next)->u1.e2.PreviousFree = before;
}

/* Chain what is free of first .. last in front of the other free entries, in order. */
static void chain_free(struct mm_space *space, uint32_t first, uint32_t last)
{
    for (uint32_t i = last + 1; i-- > first;) {
        MMWSLE *entry = mi_wsle(space, i);
        if (!entry->u1.e1.Valid)
            push_free(space, i, entry);
    }
}

/* ---- pages of the list ----------------------------------------------------------------------- */

static NTSTATUS add_page(struct mm_space *space)
{
    MMWSL *list = mi_wsl(space);
    uint64_t pages = pages_of_list(space), va = MI_WORKING_SET_LIST + MI_VA(pages);
    uint32_t first = list->LastInitializedWsle + 1;

    NTSTATUS status = va < MI_WSLES_END ? mi_hyperspace_add(space, va) : STATUS_NO_MEMORY;
    if (!NT_SUCCESS(status))
        return status;
    space->vm->ActualWslePages = space->vm->ChargedWslePages = (ULONG)(pages + 1);
    list->LastInitializedWsle = mi_wsles_in(pages + 1) - 1;
    chain_free(space, first, list->LastInitializedWsle);
    return STATUS_SUCCESS;
}

NTSTATUS mi_wsle_reserve(struct mm_space *space, bool shared)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (mi_wsl(space)->FirstFree == MI_WSLE_NONE)
        status = add_page(space);
    return shared && NT_SUCCESS(status) ? mi_wshash_reserve(space) : status;
}

/* ---- entries come and go --------------------------------------------------------------------- */

static void count(struct mm_space *space, MMWSLE entry, int by)
{
    MMSUPPORT *vm = space->vm;

    vm->AgeDistribution[entry.u1.e1.Age] += (ULONG)by;
    vm->WorkingSetSize += (ULONG)by;
    if (vm->WorkingSetSize > vm->PeakWorkingSetSize)
        vm->PeakWorkingSetSize = vm->WorkingSetSize;
}

static void count_private(struct mm_space *space, int by)
{
    if (space->process)
        space->process->NumberOfPrivatePages += (ULONG64)by;
    space->vm->WorkingSetPrivateSize += (ULONG)by;
}

static uint32_t add(struct mm_space *space, uint64_t va, bool shared)
{
    MMWSLE *entry;
    uint32_t index = pop_free(space, &entry);

    *entry = (MMWSLE){
        .u1.e1 = {
            .Valid = 1, .Hashed = shared, .Direct = !shared, .VirtualPageNumber = MI_VPN(va)}};
    count(space, *entry, 1);
    return index;
}

void mi_wsle_add(struct mm_space *space, uint64_t va, uint64_t pfn)
{
    mi_pfn(space->mm, pfn)->u1.WsIndex = add(space, va, false);
    count_private(space, 1);
}

void mi_wsle_add_shared(struct mm_space *space, uint64_t va)
{
    mi_wshash_insert(space, va, add(space, va, true));
}

/* An entry is at `index` now: whoever leads to it says so. => its PTE is valid */
static void entry_moved(struct mm_space *space, MMWSLE entry, uint32_t index)
{
    uint64_t va = mi_wsle_va(entry);

    if (entry.u1.e1.Hashed) {
        mi_wshash_move(space, va, index);
    } else {
        MMPTE pte = mi_read_pte(mi_find_pte(space, va));
        mi_pfn(space->mm, pte.u.Hard.PageFrameNumber)->u1.WsIndex = index;
    }
}

/* When it was locked, the last locked entry takes its place. */
static void remove_entry(struct mm_space *space, uint32_t index)
{
    MMWSL *list = mi_wsl(space);
    MMWSLE *entry = mi_wsle(space, index);

    count(space, *entry, -1);
    if (entry->u1.e1.Spare)
        space->process->NumberOfLockedPages--;
    if (index < list->FirstDynamic) {
        MMWSLE *last = mi_wsle(space, --list->FirstDynamic);
        *entry = *last;
        if (last != entry)
            entry_moved(space, *entry, index);
        entry = last;
        index = list->FirstDynamic;
    }
    push_free(space, index, entry);
}

void mi_wsle_remove(struct mm_space *space, uint64_t pfn)
{
    MMPFN *page = mi_pfn(space->mm, pfn);

    remove_entry(space, (uint32_t)page->u1.WsIndex);
    page->u1.WsIndex = 0;
    count_private(space, -1);
}

void mi_wsle_remove_shared(struct mm_space *space, uint64_t va)
{
    uint32_t index = mi_wshash_find(space, va);

    remove_entry(space, index);
    mi_wshash_remove(space, va);
}

void mi_wsle_make_private(struct mm_space *space, uint64_t va, uint64_t pfn)
{
    uint32_t index = mi_wshash_find(space, va);
    MMWSLE *entry = mi_wsle(space, index);

    mi_wshash_remove(space, va);
    entry->u1.e1.Hashed = 0;
    entry->u1.e1.Direct = 1;
    mi_pfn(space->mm, pfn)->u1.WsIndex = index;
    count_private(space, 1);
}

void mi_wsle_make_shared(struct mm_space *space, uint64_t va, uint64_t pfn)
{
    MMPFN *page = mi_pfn(space->mm, pfn);
    uint32_t index = (uint32_t)page->u1.WsIndex;
    MMWSLE *entry = mi_wsle(space, index);

    page->u1.WsIndex = 0;
    entry->u1.e1.Direct = 0;
    entry->u1.e1.Hashed = 1;
    mi_wshash_insert(space, va, index);
    count_private(space, -1);
}

uint32_t mi_wsle_find(const struct mm_space *space, uint64_t va, MMPTE pte)
{
    const MMPFN *page = mi_pfn(space->mm, pte.u.Hard.PageFrameNumber);

    return page->u4.PrototypePte ? mi_wshash_find(space, va) : (uint32_t)page->u1.WsIndex;
}

void mi_wsle_set_age(struct mm_space *space, MMWSLE *entry, unsigned age)
{
    ULONG *distribution = space->vm->AgeDistribution;

    distribution[entry->u1.e1.Age]--;
    entry->u1.e1.Age = age;
    distribution[age]++;
}

/* ---- entries change places ------------------------------------------------------------------- */

static void swap(struct mm_space *space, uint32_t a, uint32_t b)
{
    MMWSLE *first = mi_wsle(space, a), *second = mi_wsle(space, b), held = *first;

    if (a == b)
        return;
    *first = *second;
    *second = held;
    entry_moved(space, *first, a);
    entry_moved(space, *second, b);
}

void mi_wsle_lock(struct mm_space *space, uint32_t index)
{
    uint32_t front = mi_wsl(space)->FirstDynamic++;
    MMWSLE *entry = mi_wsle(space, index), *to = mi_wsle(space, front);

    if (to->u1.e1.Valid) {
        swap(space, index, front);
        return;
    }
    unlink_free(space, to);
    *to = *entry;
    entry_moved(space, *to, front);
    push_free(space, index, entry);
}

void mi_wsle_unlock(struct mm_space *space, uint32_t index)
{
    swap(space, index, --mi_wsl(space)->FirstDynamic);
}

/* Move the entries from `end` on to free ones in front of it. => there are enough */
static void move_to_front(struct mm_space *space, uint32_t end)
{
    MMWSL *list = mi_wsl(space);
    uint32_t to = list->FirstDynamic;

    for (uint32_t from = end; from <= list->LastEntry; from++) {
        MMWSLE *entry = mi_wsle(space, from);
        if (!entry->u1.e1.Valid)
            continue;
        while (mi_wsle(space, to)->u1.e1.Valid)
            to++;
        *mi_wsle(space, to) = *entry;
        entry_moved(space, *entry, to);
    }
}

/* Keep the first `needed` pages of the list, which are enough. */
static void shrink_to(struct mm_space *space, uint64_t needed)
{
    MMWSL *list = mi_wsl(space);
    uint32_t end = mi_wsles_in(needed);

    move_to_front(space, end);
    for (uint64_t pages = pages_of_list(space); pages > needed; pages--)
        mi_hyperspace_remove(space, MI_WORKING_SET_LIST + MI_VA(pages - 1));
    space->vm->ActualWslePages = space->vm->ChargedWslePages = (ULONG)needed;
    list->LastInitializedWsle = end - 1;
    if (list->LastEntry >= end)
        list->LastEntry = end - 1;
    list->FirstFree = MI_WSLE_NONE;
    chain_free(space, list->FirstDynamic, end - 1);
}

void mi_wsle_shrink(struct mm_space *space)
{
    uint64_t needed = pages_of_list(space);

    while (needed > 1 && space->vm->WorkingSetSize < mi_wsles_in(needed) / 4)
        needed = (needed + 1) / 2;
    if (needed < pages_of_list(space))
        shrink_to(space, needed);
    mi_wshash_shrink(space);
}

void mi_wsle_fit(struct mm_space *space)
{
    uint64_t needed = 1;

    while (mi_wsles_in(needed) < space->vm->WorkingSetSize)
        needed++;
    if (needed < pages_of_list(space))
        shrink_to(space, needed);
    mi_wshash_shrink(space);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* The tables that lead to the list, and its first page, never leave. */
static void add_fixed(struct mm_space *space)
{
    uint64_t va[MI_FIXED_WSLES] = {[0] = PXE_BASE, [MI_FIXED_WSLES - 1] = MI_WORKING_SET_LIST};

    for (unsigned i = MI_FIXED_WSLES - 2; i >= 1; i--)
        va[i] = MI_VA(MI_VPN(mi_pte_va(va[i + 1])));
    for (unsigned i = 0; i < MI_FIXED_WSLES; i++) {
        uint32_t index = add(space, va[i], false);
        MMPTE pte = mi_read_pte(mi_find_pte(space, va[i]));
        mi_pfn(space->mm, pte.u.Hard.PageFrameNumber)->u1.WsIndex = index;
    }
    space->vm->WorkingSetPrivateSize = MI_FIXED_WSLES;
}

void mi_wsle_initialize(struct mm_space *space)
{
    MMWSL *list = mi_wsl(space);

    space->vm->ActualWslePages = space->vm->ChargedWslePages = 1;
    list->Wsle.va = mi_list_va(space, MI_WSLES);
    list->FirstFree = MI_WSLE_NONE;
    list->LastInitializedWsle = mi_wsles_in(1) - 1;
    chain_free(space, 0, list->LastInitializedWsle);
    if (space->process)
        add_fixed(space);
    list->FirstDynamic = mi_fixed_wsles(space);
    list->NextSlot = mi_fixed_wsles(space);
    list->NextAgingSlot = mi_fixed_wsles(space);
}
