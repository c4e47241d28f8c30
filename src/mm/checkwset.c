/* src/mm/checkwset.c: working set lists against page tables. See check.c. Process 0 is none: paged
 * pool's list.
 *
 * Every valid entry must name a valid PTE, and be the one that the way from that page leads to; so
 * two entries cannot name the same PTE. There are as many entries as PTEs, so no PTE is without.
 */
#include "mm/check.h"
#include "mm/space.h"
#include "mm/wset.h"

struct count {
    uint64_t valid, hashed, locked;
    uint64_t age[MI_WSLE_OLDEST + 1];
};

/* Whether the page that an entry names leads back to it. */
static bool leads_back(const struct mm_space *space, MMWSLE entry, uint32_t index)
{
    const struct mm *mm = space->mm;
    uint64_t va = mi_wsle_va(entry);
    const MMPTE *pte = mi_find_pte(space, va);
    MMPTE value = pte ? mi_read_pte(pte) : (MMPTE){.u.Long = 0};
    uint32_t found;

    if (!value.u.Hard.Valid || value.u.Hard.PageFrameNumber >= mm->frames)
        return false;
    const MMPFN *page = &mm->pfn[value.u.Hard.PageFrameNumber];
    if (page->u4.PrototypePte)
        return entry.u1.e1.Hashed && !entry.u1.e1.Direct && mi_wshash_look_up(space, va, &found) &&
               found == index;
    return entry.u1.e1.Direct && !entry.u1.e1.Hashed && page->u1.WsIndex == index;
}

static void check_entry(struct mi_check *check, const struct mm_space *space, uint32_t index,
                        struct count *count)
{
    const MMWSL *list = mi_wsl(space);
    MMWSLE entry = *mi_wsle(space, index);
    bool fixed = index < mi_fixed_wsles(space);
    uint64_t va = mi_wsle_va(entry);

    MI_CHECK(check, entry.u1.e1.Valid || index >= list->FirstDynamic,
             "process %p: WSLE %x is locked, but free", (const void *)space->process, index);
    if (!entry.u1.e1.Valid)
        return;
    MI_CHECK(check, index <= list->LastEntry, "process %p: WSLE %x is behind LastEntry",
             (const void *)space->process, index);
    MI_CHECK(check, fixed == (va > MM_HIGHEST_USER_ADDRESS) || !space->process,
             "process %p: WSLE %x is not for address %llx", (const void *)space->process, index,
             (unsigned long long)va);
    MI_CHECK(check, leads_back(space, entry, index), "process %p: WSLE %x is not that of %llx",
             (const void *)space->process, index, (unsigned long long)va);
    count->valid++;
    count->hashed += entry.u1.e1.Hashed;
    count->locked += entry.u1.e1.Spare;
    if (entry.u1.e1.Age <= MI_WSLE_OLDEST)
        count->age[entry.u1.e1.Age]++;
}

/* => how many are free */
static uint64_t check_free(struct mi_check *check, const struct mm_space *space)
{
    const MMWSL *list = mi_wsl(space);
    uint64_t free = 0, before = MI_WSLE_NONE_BEFORE;

    for (uint32_t i = list->FirstFree; i != MI_WSLE_NONE;) {
        if (i > list->LastInitializedWsle || free > list->LastInitializedWsle) {
            mi_check_failed(check, "process %p: WSLE %x is no entry, or twice among the free ones",
                            (const void *)space->process, i);
            break;
        }
        MMWSLE entry = *mi_wsle(space, i);
        MI_CHECK(check, !entry.u1.e2.MustBeZero && entry.u1.e2.PreviousFree == before,
                 "process %p: free WSLE %x is not, or does not lead back",
                 (const void *)space->process, i);
        before = i;
        i = entry.u1.e2.NextFree;
        free++;
    }
    return free;
}

static void check_counts(struct mi_check *check, const struct mm_space *space,
                         const struct count *count)
{
    const MMSUPPORT *vm = space->vm;
    const MMWSL *list = mi_wsl(space);

    MI_CHECK(check, vm->WorkingSetSize == count->valid,
             "process %p: working set size %u, %llu entries", (const void *)space->process,
             vm->WorkingSetSize, (unsigned long long)count->valid);
    MI_CHECK(check, vm->PeakWorkingSetSize >= vm->WorkingSetSize,
             "process %p: working set above its peak", (const void *)space->process);
    uint64_t locked = space->process ? space->process->NumberOfLockedPages : 0;
    MI_CHECK(check, locked == count->locked, "process %p: NumberOfLockedPages %llu, found %llu",
             (const void *)space->process, (unsigned long long)locked,
             (unsigned long long)count->locked);
    for (unsigned i = 0; i <= MI_WSLE_OLDEST; i++) {
        MI_CHECK(check, vm->AgeDistribution[i] == count->age[i],
                 "process %p: %u entries of age %u, found %llu", (const void *)space->process,
                 vm->AgeDistribution[i], i, (unsigned long long)count->age[i]);
    }
    MI_CHECK(
        check, list->NonDirectCount == count->hashed && mi_wshash_count(space) == count->hashed,
        "process %p: NonDirectCount %u, hash table %u, entries %llu", (const void *)space->process,
        list->NonDirectCount, mi_wshash_count(space), (unsigned long long)count->hashed);
}

void mi_check_working_set(struct mi_check *check, struct mm_space *space, uint64_t private,
                          uint64_t shared)
{
    const MMSUPPORT *vm = space->vm;
    const MMWSL *list = mi_wsl(space);
    uint32_t total = list->LastInitializedWsle + 1;
    struct count count = {.valid = 0};

    MI_CHECK(check,
             vm->VmWorkingSetList.va == mi_list_va(space, MI_WORKING_SET_LIST) &&
                 list->Wsle.va == mi_list_va(space, MI_WSLES),
             "process %p: its working set list is elsewhere", (const void *)space->process);
    if (total != mi_wsles_in(vm->ActualWslePages)) {
        mi_check_failed(check, "process %p: LastInitializedWsle %x for %u pages",
                        (const void *)space->process, list->LastInitializedWsle,
                        vm->ActualWslePages);
        return;
    }
    MI_CHECK(check, list->FirstDynamic >= mi_fixed_wsles(space) && list->LastEntry < total,
             "process %p: FirstDynamic %x, LastEntry %x", (const void *)space->process,
             list->FirstDynamic, list->LastEntry);
    for (uint32_t i = 0; i < total; i++)
        check_entry(check, space, i, &count);
    check_counts(check, space, &count);
    uint64_t free = check_free(check, space);
    MI_CHECK(check, free == total - count.valid, "process %p: %llu WSLEs are free, found %llu",
             (const void *)space->process, (unsigned long long)(total - count.valid),
             (unsigned long long)free);
    MI_CHECK(check, count.valid == mi_fixed_wsles(space) + private + shared,
             "process %p: %llu entries for %llu private and %llu shared pages",
             (const void *)space->process, (unsigned long long)count.valid,
             (unsigned long long)private, (unsigned long long)shared);
    MI_CHECK(check, vm->WorkingSetPrivateSize == private + mi_fixed_wsles(space),
             "process %p: WorkingSetPrivateSize %u, found %llu", (const void *)space->process,
             vm->WorkingSetPrivateSize, (unsigned long long)private + mi_fixed_wsles(space));
}
