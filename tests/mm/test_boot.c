/* tests/mm/test_boot.c: what a machine looks like right after mm_create. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "hw/walk.h"

static bool read_physical(void *context, hw_pa pa, uint64_t *value)
{
    struct mm *mm = context;

    if (pa.value + sizeof(*value) > mm_ram_size(mm))
        return false;
    __builtin_memcpy(value, mm_ram(mm) + pa.value, sizeof(*value));
    return true;
}

static struct hw_walk walk(struct machine *machine, uint64_t cr3, uint64_t va)
{
    struct hw_mmu mmu = {.cr3 = {cr3},
                         .maxphyaddr = 40,
                         .nx = true,
                         .wp = true,
                         .read_physical = read_physical,
                         .context = machine->mm};
    struct hw_walk out;

    hw_walk(&mmu, (hw_va){va}, (struct hw_access){0}, &out);
    return out;
}

/* The address space that the debugger expects, through the MMU's eyes. */
static void system_space(void **state)
{
    struct machine machine;
    (void)state;

    machine_create(&machine, 64 * MB, 0, 0);
    uint64_t cr3 = MM_SYSTEM_PAGE_DIRECTORY;
    struct hw_walk w = walk(&machine, cr3, PXE_BASE + PXE_SELFMAP_SLOT * 8);
    assert_int_equal(w.result, HW_OK);
    assert_int_equal(w.pa.value, MM_SYSTEM_PAGE_DIRECTORY + PXE_SELFMAP_SLOT * 8);
    assert_false(w.user);
    assert_true(w.executable);

    w = walk(&machine, cr3, MM_BOOT_IMAGE_START + 0x123456);
    assert_int_equal(w.result, HW_OK);
    assert_int_equal(w.page_size, 2 * MB);
    assert_int_equal(w.pa.value % (2 * MB), 0x123456);
    assert_memory_equal(mm_ram(machine.mm) + w.pa.value - 0x123456, "MZ", 2);

    w = walk(&machine, cr3, MM_PFN_DATABASE + 0x187 * sizeof(MMPFN));
    assert_int_equal(w.result, HW_OK);
    const MMPFN *pfn = (MMPFN *)(mm_ram(machine.mm) + w.pa.value);
    assert_int_equal(pfn->u4.PteFrame, 0x187);
    assert_int_equal(pfn->PteAddress.va, PXE_BASE + PXE_SELFMAP_SLOT * 8);
    assert_int_equal(pfn->u3.e1.PageLocation, ActiveAndValid);

    w = walk(&machine, cr3, KI_USER_SHARED_DATA);
    assert_int_equal(w.result, HW_OK);
    assert_false(w.user);
    machine_destroy(&machine);
}

/* What the host sees through a window is what the page tables map. */
static void windows(void **state)
{
    struct machine machine;
    (void)state;

    machine_create(&machine, 64 * MB, 0, 0);
    uint64_t va[3];
    void *block = ex_allocate_pool(machine.mm, NonPagedPool, 100, mm_tag("Test"));
    void *paged = ex_allocate_pool(machine.mm, PagedPool, 100, mm_tag("Test"));
    va[0] = h2k(&machine.ke.ks, block);
    va[1] = h2k(&machine.ke.ks, paged);
    va[2] = mm_allocate_system_pages(machine.mm, 6, false);
    for (int i = 0; i < 3; i++) {
        uint64_t *host = kspace_host(&machine.ke.ks, va[i]);
        *host = 0x1122334455667788 + (uint64_t)i;
        struct hw_walk w = walk(&machine, MM_SYSTEM_PAGE_DIRECTORY, va[i]);
        assert_int_equal(w.result, HW_OK);
        assert_memory_equal(mm_ram(machine.mm) + w.pa.value, host, 8);
        assert_ptr_equal(kspace_host(&machine.ke.ks, h2k(&machine.ke.ks, host)), host);
    }
    ex_free_pool(machine.mm, block);
    ex_free_pool(machine.mm, paged);
    mm_free_system_pages(machine.mm, va[2], 6);
    machine_destroy(&machine);
}

static void globals(void **state)
{
    struct machine machine;
    struct mm_statistics s;
    (void)state;

    machine_create(&machine, 64 * MB, 16 * MB, 0);
    struct nt_globals *nt = &machine.ke.nt;
    mm_get_statistics(machine.mm, &s);
    assert_int_equal(s.total_pages, 16384);
    assert_int_equal(*nt->MmNumberOfPhysicalPages, 16384);
    assert_int_equal(*nt->MmAvailablePages, s.zeroed + s.free);
    assert_int_equal(s.free, 0);
    /* Slot 0 is never used; the working set list of paged pool has a page and its table. */
    assert_int_equal(s.commit_limit, s.available_pages + 4095 + 2);
    assert_int_equal(nt->MmPfnDatabase->va, MM_PFN_DATABASE);
    assert_int_equal(nt->MmZeroedPageListHead->Total, s.zeroed);
    assert_int_equal(nt->MmProtectToValue[MM_READWRITE], PAGE_READWRITE);
    assert_int_equal(machine.ke.nt_base, MM_BOOT_IMAGE_START);
    machine_destroy(&machine);
}

/* A process shares the kernel half and has its own user half. */
static void process_directory(void **state)
{
    struct machine machine;
    (void)state;

    machine_create(&machine, 64 * MB, 0, 0);
    struct mm_space *space = process_create(&machine);
    uint64_t cr3 = mm_space_directory(space);
    assert_true(cr3 > MM_SYSTEM_PAGE_DIRECTORY);
    assert_int_equal(mm_space_process(space)->Pcb.DirectoryTableBase, cr3);
    struct hw_walk w = walk(&machine, cr3, PXE_BASE + PXE_SELFMAP_SLOT * 8);
    assert_int_equal(w.pa.value, cr3 + PXE_SELFMAP_SLOT * 8);
    w = walk(&machine, cr3, MM_SHARED_USER_DATA_VA);
    assert_int_equal(w.result, HW_OK);
    assert_true(w.user);
    assert_false(w.writable);
    assert_false(w.executable);
    uint64_t shared = w.pa.value;
    w = walk(&machine, cr3, KI_USER_SHARED_DATA);
    assert_int_equal(w.pa.value, shared);
    MMPFN *pfn = &machine.mm->pfn[shared >> PAGE_SHIFT];
    assert_int_equal(pfn->u2.ShareCount, 2);
    /* System space that grows later is visible at once. */
    uint64_t stack = mm_allocate_system_pages(machine.mm, 6, false);
    w = walk(&machine, cr3, stack);
    assert_int_equal(w.result, HW_OK);
    mm_free_system_pages(machine.mm, stack, 6);
    w = walk(&machine, cr3, mm_space_process(space)->Vm.VmWorkingSetList.va);
    assert_int_equal(w.pa.value >> PAGE_SHIFT, mm_space_process(space)->WorkingSetPage);
    process_destroy(&machine, space);
    machine_destroy(&machine);
}

static void bad_configurations(void **state)
{
    struct ke ke;
    struct mm *mm = NULL;
    size_t size;
    (void)state;

    /* nt's globals are known only when its image is good: nobody may look at them before. */
    memset(&ke, 0x5A, sizeof(ke));
    const void *nt = guest_module("ntoskrnl.exe", &size);
    struct mm_config good = {
        .ke = &ke, .ram_size = 64 * MB, .maxphyaddr = 40, .nt_image = nt, .nt_image_size = size};
    struct mm_config bad = good;
    bad.ram_size = 14 * MB;
    assert_status(STATUS_INVALID_PARAMETER, mm_create(&bad, &mm));
    bad.ram_size = 64 * MB + 4096;
    assert_status(STATUS_INVALID_PARAMETER, mm_create(&bad, &mm));
    bad = good;
    bad.maxphyaddr = 35;
    assert_status(STATUS_INVALID_PARAMETER, mm_create(&bad, &mm));
    bad = good;
    bad.nt_image_size = 100;
    assert_status(STATUS_INVALID_IMAGE_FORMAT, mm_create(&bad, &mm));
    bad.nt_image_size = size / 2;
    assert_status(STATUS_INVALID_IMAGE_FORMAT, mm_create(&bad, &mm));
    assert_null(mm);
    free((void *)nt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_space),
        cmocka_unit_test(windows),
        cmocka_unit_test(globals),
        cmocka_unit_test(process_directory),
        cmocka_unit_test(bad_configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
