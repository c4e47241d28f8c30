/* tests/mm/test_check.c: each checker finds the damage that it is for.
 *
 * A machine with a process in every state is damaged in one place at a time; mm_check must report
 * it, and report nothing once the place is as before.
 */
#include "support.h"

#include <string.h>

#include "mm/color.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/vad.h"

static struct machine machine;
static struct mm_space *space;
static uint64_t resident, guarded;

static int setup(void **state)
{
    (void)state;
    machine_create(&machine, 32 * MB, 0, WITH_ENGINE);
    space = process_create(&machine);
    for (int i = 0; i < 5; i++)
        reserve(space, 0, 64 * KB);
    resident = allocate(space, 0, 4 * PAGE_SIZE, PAGE_READWRITE);
    assert_ok(write_byte(space, resident, 1));
    guarded = resident + PAGE_SIZE;
    assert_ok(write_byte(space, guarded, 1));
    assert_ok(protect(space, guarded, 1, PAGE_READWRITE | PAGE_GUARD));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    process_destroy(&machine, space);
    machine_destroy(&machine);
    return 0;
}

/* `place` holds something else for a while. */
#define DAMAGED(place, value)                                                                      \
    do {                                                                                           \
        __typeof__(place) good = (place);                                                          \
        assert_int_equal(mm_check(machine.mm), 0);                                                 \
        (place) = (value);                                                                         \
        assert_int_not_equal(mm_check(machine.mm), 0);                                             \
        (place) = good;                                                                            \
        assert_int_equal(mm_check(machine.mm), 0);                                                 \
    } while (0)

static uint64_t frame_of(uint64_t va)
{
    return mi_read_pte(mi_find_pte(space, va)).u.Hard.PageFrameNumber;
}

static void lists(void **state)
{
    struct nt_globals *nt = &machine.ke.nt;
    MMPFNLIST *zeroed = mi_color_list(machine.mm, ZeroedPageList, 3);
    MMPFN *first = mi_pfn(machine.mm, zeroed->Flink);
    (void)state;

    DAMAGED(zeroed->Total, good + 1);
    DAMAGED(zeroed->Flink, first->u1.Flink);
    DAMAGED(zeroed->Blink, 5u);
    DAMAGED(zeroed->ListName, FreePageList);
    DAMAGED(nt->MmZeroedPageListHead->Total, good - 1);
    DAMAGED(nt->MmZeroedPageListHead->Flink, zeroed->Flink);
    DAMAGED(nt->MmFreePagesByColor[FreePageList].va, good + sizeof(MMPFNLIST));
    DAMAGED(*nt->MmSecondaryColorMask, good / 2);
    DAMAGED(first->u2.Blink, 7u);
    DAMAGED(first->u1.Flink, machine.mm->frames);
    DAMAGED(first->u1.Flink, zeroed->Flink); /* a cycle */
    DAMAGED(first->u3.e2.ShortFlags, 1u);
    DAMAGED(*nt->MmAvailablePages, good - 1);
    uint64_t *word = mi_frame(machine.mm, zeroed->Flink);
    DAMAGED(word[511], 1u);
}

/* A frame between those of another colour: linked both ways, and counted. */
static void colors(void **state)
{
    struct mm *mm = machine.mm;
    MMPFNLIST *list = mi_color_list(mm, ZeroedPageList, 3);
    uint64_t pfn = list->Flink;
    (void)state;

    mi_list_remove(mm, list, pfn);
    mi_list_insert_head(mm, mi_color_list(mm, ZeroedPageList, 4), pfn);
    assert_int_not_equal(mm_check(mm), 0);
    mi_list_remove(mm, mi_color_list(mm, ZeroedPageList, 4), pfn);
    mi_list_insert_head(mm, list, pfn);
    assert_int_equal(mm_check(mm), 0);
    mi_pfn(mm, pfn)->u4.PageColor = 1; /* a node that there is not */
    assert_int_not_equal(mm_check(mm), 0);
    mi_pfn(mm, pfn)->u4.PageColor = 0;
}

static void frames(void **state)
{
    MMPFN *page = mi_pfn(machine.mm, frame_of(resident));
    MMPFN *table = mi_pfn(machine.mm, page->u4.PteFrame);
    (void)state;

    DAMAGED(page->PteAddress.va, good + 8);
    DAMAGED(page->u2.ShareCount, 2u);
    DAMAGED(page->u3.e2.ReferenceCount, 0);
    DAMAGED(table->UsedPageTableEntries, good + 1);
    DAMAGED(table->u2.ShareCount, good - 1);
    MMPFN good = *page;
    page->u4.PteFrame++;
    assert_int_not_equal(mm_check(machine.mm), 0);
    *page = good;
    page->u3.e1.PageLocation = FreePageList;
    assert_int_not_equal(mm_check(machine.mm), 0);
    *page = good;
    MMPFN *transition = mi_pfn(machine.mm, frame_of(guarded));
    good = *transition;
    transition->u3.e1.PageLocation = ActiveAndValid;
    assert_int_not_equal(mm_check(machine.mm), 0);
    *transition = good;
}

static void entries(void **state)
{
    MMPTE *pte = mi_find_pte(space, resident);
    (void)state;

    DAMAGED(pte->u.Long, 0u);            /* a frame leaks */
    DAMAGED(pte[1].u.Long, pte->u.Long); /* two PTEs, one frame */
    DAMAGED(pte[2].u.Long, mi_demand_zero_pte(MM_DECOMMIT).u.Long);
    DAMAGED(pte[100].u.Long, mi_demand_zero_pte(MM_READONLY).u.Long); /* outside of every VAD */
    DAMAGED(pte->u.Long, mi_user_page_pte(machine.mm->frames, MM_READONLY).u.Long);
    DAMAGED(space->pml4[0x1F1].u.Long, 0u); /* the kernel half is everybody's */
}

static void vads(void **state)
{
    EPROCESS *process = space->process;
    MMVAD_SHORT *vad = mi_vad_find(space, MI_VPN(resident)), *top = mi_vad_top(space);
    (void)state;

    DAMAGED(vad->u.LongFlags, good + 1); /* CommitCharge */
    DAMAGED(vad->EndingVpn, good + 16);
    DAMAGED(mi_vad_first(space)->StartingVpn, good + 1);
    DAMAGED(mi_vad_gap(top)->own, good + 1);
    DAMAGED(mi_vad_gap(top)->subtree, good + 1);
    DAMAGED(top->u1.Parent.va, good + 1); /* Balance */
    DAMAGED(process->CommitCharge, good + 1);
    DAMAGED(process->VirtualSize, good + 1);
    DAMAGED(process->NumberOfPrivatePages, good + 1);
    DAMAGED(process->Vm.WorkingSetSize, good + 1);
    MM_AVL_TABLE good = process->VadRoot;
    process->VadRoot.NumberGenericTableElements++;
    assert_int_not_equal(mm_check(machine.mm), 0);
    process->VadRoot = good;
    process->VadRoot.DepthOfTree++;
    assert_int_not_equal(mm_check(machine.mm), 0);
    process->VadRoot = good;
}

static void working_sets(void **state)
{
    struct mm_view view = {.size = 0, .protect = PAGE_READWRITE, .inherit = 1};
    MMSUPPORT *vm = &space->process->Vm;
    MMPFN *page = mi_pfn(machine.mm, frame_of(resident));
    MMWSL *list = mi_wsl(space);
    (void)state;

    assert_ok(mm_create_page_file_section(machine.mm, 64 * KB, PAGE_READWRITE, SEC_COMMIT,
                                          &view.segment));
    assert_ok(mm_map_view(space, &view));
    assert_ok(write_byte(space, view.base, 1));
    MMWSLE *own = mi_wsle(space, (uint32_t)page->u1.WsIndex);
    MMWSLE *shared = mi_wsle(space, mi_wshash_find(space, view.base));
    MMWSLE *free = mi_wsle(space, list->FirstFree);
    MMWSLE_NONDIRECT_HASH *hash = mi_hyperspace(space, MI_WSLE_HASH);
    DAMAGED(page->u1.WsIndex, good + 1);
    DAMAGED(own->u1.Long, good + PAGE_SIZE); /* of another page */
    DAMAGED(own->u1.Long, good + (1 << 9));  /* Age */
    DAMAGED(own->u1.Long, shared->u1.Long);  /* two of one page, none of the other */
    DAMAGED(own->u1.Long, 0u);
    DAMAGED(shared->u1.Long, 0u);
    DAMAGED(free->u1.Long, good + 2); /* PreviousFree */
    DAMAGED(free->u1.Long, own->u1.Long);
    DAMAGED(list->FirstFree, MI_WSLE_NONE);
    DAMAGED(list->FirstFree, list->LastInitializedWsle + 1);
    DAMAGED(list->FirstDynamic, list->LastEntry + 2);
    DAMAGED(list->LastEntry, MI_FIXED_WSLES);
    DAMAGED(list->LastInitializedWsle, good + 1);
    DAMAGED(list->NonDirectCount, good + 1);
    DAMAGED(vm->AgeDistribution[3], good + 1);
    DAMAGED(vm->PeakWorkingSetSize, 1);
    DAMAGED(vm->WorkingSetPrivateSize, good + 1);
    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*hash); i++) {
        if (hash[i].Key.va == view.base) {
            DAMAGED(hash[i].Index, good + 1);
            DAMAGED(hash[i].Key.va, 0u);
        }
    }
    assert_ok(mm_unmap_view(space, view.base));
    mm_close_section(machine.mm, view.segment);
    assert_consistent(&machine);
}

static void commit_total(void **state)
{
    (void)state;
    DAMAGED(*machine.ke.nt.MmTotalCommittedPages, good + 1);
    DAMAGED(machine.ke.processors.prcb[1]->CachedCommit, good + 1);
    DAMAGED(machine.mm->here[0].system_commit, good + 1);
    DAMAGED(space->tables, good + 1);
}

static void frames_at_hand(void **state)
{
    struct mi_slist *slist = &space->slist;
    (void)state;

    assert_int_not_equal(slist->zeroed_count, 0);
    MMPFN *page = mi_pfn(machine.mm, slist->zeroed[0]);
    uint64_t *word = mi_frame(machine.mm, slist->zeroed[0]);
    DAMAGED(slist->zeroed[0], machine.mm->frames);
    DAMAGED(slist->zeroed[0], frame_of(resident));
    DAMAGED(slist->zeroed_count, good - 1); /* a frame leaks */
    DAMAGED(slist->zeroed_count, MI_SLIST_MOST + 1);
    DAMAGED(page->u2.ShareCount, 1u);
    DAMAGED(page->PteAddress.va, mi_pte_va(resident));
    DAMAGED(page->u3.e2.ReferenceCount, 0);
    DAMAGED(word[511], 1u);
}

static void pools(void **state)
{
    struct nt_globals *nt = &machine.ke.nt;
    POOL_DESCRIPTOR *descriptor = nt->NonPagedPoolDescriptor;
    void *block = ex_allocate_pool(machine.mm, NonPagedPool, 64, mm_tag("Chck"));
    void *gone = ex_allocate_pool(machine.mm, NonPagedPool, 64, mm_tag("Chck"));
    void *big = ex_allocate_pool(machine.mm, NonPagedPool, 9000, mm_tag("Chck"));
    POOL_HEADER *header = (POOL_HEADER *)block - 1;
    LIST_ENTRY *links = gone;
    (void)state;

    ex_free_pool(machine.mm, gone);
    DAMAGED(header->Ulong1, good + 1);          /* PreviousSize */
    DAMAGED(header->Ulong1, good + (1u << 16)); /* BlockSize */
    DAMAGED(header->Ulong1, good - (2u << 24)); /* PoolType: freed, on no list */
    DAMAGED(links->Blink.va, good + 16);
    DAMAGED(descriptor->TotalBytes, good + 1);
    DAMAGED(descriptor->TotalPages, good + 1);
    DAMAGED(descriptor->TotalBigPages, good + 1);
    DAMAGED(descriptor->RunningAllocs, good + 1);
    POOL_TRACKER_TABLE *tags = k2h(&machine.ke.ks, *nt->PoolTrackTable);
    DAMAGED(tags[3].NonPagedBytes, good + 16);
    DAMAGED(machine.mm->nonpaged.used_pages, good + 1);
    DAMAGED(machine.mm->nonpaged.group_used[0], (uint8_t)(good + 1));
    DAMAGED(machine.mm->paged.backed_pages, good + 1);
    ex_free_pool(machine.mm, block);
    ex_free_pool(machine.mm, big);
}

/* A page of a section that is mapped, one in transition, and a view. */
static void sections(void **state)
{
    struct mm *mm = machine.mm;
    struct mm_view view = {.size = 0, .protect = PAGE_READWRITE, .inherit = 1};
    (void)state;

    assert_ok(mm_create_page_file_section(mm, 64 * KB, PAGE_READWRITE, SEC_COMMIT, &view.segment));
    assert_ok(mm_map_view(space, &view));
    uint64_t first = view.base;
    assert_ok(write_byte(space, first, 1));
    view.base = 0;
    assert_ok(mm_map_view(space, &view));
    assert_ok(write_byte(space, view.base + PAGE_SIZE, 1));
    assert_ok(mm_unmap_view(space, view.base));

    struct mi_control *control = mi_control_of(mm, view.segment);
    CONTROL_AREA *area = control->area;
    MMVAD *vad = (MMVAD *)mi_vad_find(space, MI_VPN(first));
    MMPFN *page = mi_pfn(mm, frame_of(first));
    MMPFN *waiting = mi_pfn(mm, control->ptes[1].u.Trans.PageFrameNumber);
    MMPFN *table = mi_pfn(mm, page->u4.PteFrame);
    DAMAGED(page->PteAddress.va, good + 8);
    DAMAGED(page->u2.ShareCount, good + 1);
    DAMAGED(waiting->PteAddress.va, good - 8);
    DAMAGED(table->u2.ShareCount, good - 1);
    DAMAGED(control->ptes[0].u.Long, 0u);
    DAMAGED(control->ptes[1].u.Long, mi_demand_zero_pte(MM_READWRITE).u.Long);
    DAMAGED(control->ptes[2].u.Long, 0u); /* committed pages */
    DAMAGED(view.segment->NumberOfCommittedPages, good + 1);
    DAMAGED(area->NumberOfMappedViews, good + 1);
    DAMAGED(area->NumberOfUserReferences, good - 1);
    DAMAGED(vad->FirstPrototypePte.va, good - 8);
    DAMAGED(vad->LastContiguousPte.va, good + 8);
    DAMAGED(vad->VadsProcess.va, good + 8);
    mm_close_section(mm, view.segment);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists),        TEST(colors),       TEST(frames), TEST(entries),  TEST(vads),
        TEST(commit_total), TEST(working_sets), TEST(pools),  TEST(sections), TEST(frames_at_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
