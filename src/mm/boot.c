/* src/mm/boot.c: from an empty memory file to a machine with system space, PFN database and pools.
 *
 * Physical memory as it is laid out:
 *
 *      0         1            187       400         C00                              RAM
 *      |unused| kernel tables | PML4 ... | nt, 8 MB | PFN database | nonpaged | tables | free ...
 *               (first come)     of       2 MB                       pool's      of
 *                              System     pages                      floor       regions
 *
 * and system space, all of whose tables are made here, so that every process's PML4 can share the
 * kernel half by copying its entries once:
 *
 *      slot 1ED  self map              1EE  hyperspace (each process its own)
 *           1EF  KUSER_SHARED_DATA     1F0  nt, large pages
 *           1F1  system PTEs, paged pool    1F5  PFN database, nonpaged pool
 *
 * When tables are complete, bootpfn.c gives every frame its MMPFN.
 */
#include "mm/color.h"
#include "mm/frames.h"
#include "mm/system.h"

#define LARGE_PAGE_FRAMES 512u
#define NT_FIRST_FRAME 0x400u
#define KERNEL_FIRST_SLOT 256u
#define NT_FRAMES (MM_BOOT_IMAGE_SIZE >> PAGE_SHIFT)

struct boot {
    struct mm *mm;
    uint64_t low;  /* next frame of low memory, for kernel tables */
    uint64_t next; /* next frame behind nt */
};

static uint64_t boot_frames(struct boot *boot, uint64_t count)
{
    uint64_t pfn = boot->next;

    boot->next += count;
    return boot->next <= boot->mm->frames ? pfn : MI_LIST_END;
}

static uint64_t boot_table(struct boot *boot)
{
    if (boot->low < mi_system_directory_frame())
        return boot->low++;
    return boot_frames(boot, 1);
}

/* The entry for `va` in the table of `level`, making the tables above it. NULL: out of memory. */
static MMPTE *boot_entry(struct boot *boot, uint64_t va, unsigned level)
{
    MMPTE *table = mi_frame(boot->mm, mi_system_directory_frame());

    for (unsigned l = 4; l > level; l--) {
        MMPTE *entry = &table[mi_table_index(va, l)];
        if (!entry->u.Hard.Valid) {
            uint64_t pfn = boot_table(boot);
            if (pfn == MI_LIST_END)
                return NULL;
            *entry = mi_kernel_table_pte(pfn);
        }
        table = mi_frame(boot->mm, entry->u.Hard.PageFrameNumber);
    }
    return &table[mi_table_index(va, level)];
}

/* Page tables for a region, consecutive in physical memory. */
static NTSTATUS boot_region_tables(struct boot *boot, struct mi_region *region, uint64_t start,
                                   uint64_t end)
{
    uint64_t tables = (end - start) / MI_TABLE_SPAN;
    uint64_t pfn = boot_frames(boot, tables);

    if (pfn == MI_LIST_END)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (uint64_t i = 0; i < tables; i++) {
        MMPTE *pde = boot_entry(boot, start + i * MI_TABLE_SPAN, 2);
        if (!pde)
            return STATUS_INSUFFICIENT_RESOURCES;
        *pde = mi_kernel_table_pte(pfn + i);
    }
    MMPTE *ptes = mi_frame(boot->mm, pfn);
    region->ptes = ptes + MI_VPN(region->start - start);
    return STATUS_SUCCESS;
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static uint64_t at_least(uint64_t value, uint64_t least)
{
    return value > least ? value : least;
}

static uint64_t database_bytes(const struct mm *mm)
{
    return mm->frames * sizeof(MMPFN) + mi_color_list_bytes(mm);
}

/* How large each region may become. Source of the orders of magnitude: Windows Internals 6, part 2,
 * ch. 10 "Pool Sizes": nonpaged pool up to 75% of RAM. */
static void size_regions(struct mm *mm)
{
    uint64_t database = round_up(database_bytes(mm), MI_TABLE_SPAN);

    mm->nonpaged = (struct mi_region){
        .name = "nonpaged pool",
        .prefix = database >> PAGE_SHIFT,
        .start = MM_PFN_DATABASE + database,
        .pages = round_up(mm->ram_size / 4 * 3, MI_TABLE_SPAN) >> PAGE_SHIFT,
        .floor = at_least(mm->frames / 32, 256) / MI_GROUP_PAGES * MI_GROUP_PAGES,
        .executable = true,
    };
    mm->paged = (struct mi_region){
        .name = "paged pool",
        .start = MM_PAGED_POOL_START,
        .pages = round_up(mm->ram_size / 2, MI_TABLE_SPAN) >> PAGE_SHIFT,
        .pageable = true,
    };
    mm->system_ptes = (struct mi_region){
        .name = "system PTEs",
        .start = MM_SYSTEM_PTE_START,
        .pages = at_least(round_up(mm->ram_size / 4, MI_TABLE_SPAN), 64ull << 20) >> PAGE_SHIFT,
        .shrink = true,
    };
}

static uint64_t region_end(const struct mi_region *region)
{
    return region->start + (region->pages << PAGE_SHIFT);
}

/* PFN database and the floor of nonpaged pool: frames, PTEs and windows. */
static NTSTATUS boot_nonpaged(struct boot *boot)
{
    struct mm *mm = boot->mm;
    struct mi_region *pool = &mm->nonpaged;
    uint64_t database_pages = round_up(database_bytes(mm), PAGE_SIZE) >> PAGE_SHIFT;
    uint64_t database = boot_frames(boot, database_pages);
    uint64_t floor = boot_frames(boot, pool->floor);

    if (floor == MI_LIST_END)
        return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = boot_region_tables(boot, pool, MM_PFN_DATABASE, region_end(pool));
    if (!NT_SUCCESS(status))
        return status;
    for (uint64_t i = 0; i < database_pages; i++)
        *boot_entry(boot, MM_PFN_DATABASE + MI_VA(i), 1) = mi_kernel_page_pte(database + i, false);
    for (uint64_t i = 0; i < pool->floor; i++)
        pool->ptes[i] = mi_kernel_page_pte(floor + i, pool->executable);
    if (!mi_region_map_host(pool, -(int64_t)pool->prefix, database, database_pages) ||
        !mi_region_map_host(pool, 0, floor, pool->floor))
        return STATUS_INSUFFICIENT_RESOURCES;
    mm->pfn = (MMPFN *)pool->window;
    mm->database_frame = database;
    return STATUS_SUCCESS;
}

static NTSTATUS boot_tables(struct boot *boot)
{
    struct mm *mm = boot->mm;
    MMPTE *self = boot_entry(boot, PXE_BASE, 4);

    *self = mi_kernel_table_pte(mi_system_directory_frame());
    for (uint64_t i = 0; i < NT_FRAMES; i += LARGE_PAGE_FRAMES) {
        MMPTE *pde = boot_entry(boot, MM_BOOT_IMAGE_START + MI_VA(i), 2);
        *pde = mi_kernel_large_pte(NT_FIRST_FRAME + i);
    }
    NTSTATUS status = boot_nonpaged(boot);
    if (NT_SUCCESS(status))
        status = boot_region_tables(boot, &mm->paged, mm->paged.start, region_end(&mm->paged));
    if (NT_SUCCESS(status)) {
        status = boot_region_tables(boot, &mm->system_ptes, mm->system_ptes.start,
                                    region_end(&mm->system_ptes));
    }
    if (!NT_SUCCESS(status))
        return status;
    mm->shared_user_data_pfn = boot_table(boot);
    MMPTE *shared = boot_entry(boot, KI_USER_SHARED_DATA, 1);
    if (!shared || mm->shared_user_data_pfn == MI_LIST_END)
        return STATUS_INSUFFICIENT_RESOURCES;
    *shared = mi_kernel_page_pte(mm->shared_user_data_pfn, false);
    return STATUS_SUCCESS;
}

/* Windows through which the host sees system space, those first that most structures are in. */
static void boot_windows(struct mm *mm)
{
    struct kspace *ks = &mm->ke->ks;
    uint64_t pool_pages = mm->nonpaged.prefix + mm->nonpaged.pages;

    kspace_init(ks);
    kspace_add_window(ks, MM_PFN_DATABASE, pool_pages << PAGE_SHIFT, mm->nonpaged.window);
    kspace_add_window(ks, mm->paged.start, mm->paged.pages << PAGE_SHIFT, mm->paged.host);
    kspace_add_window(ks, MM_BOOT_IMAGE_START, MM_BOOT_IMAGE_SIZE, mi_frame(mm, NT_FIRST_FRAME));
    kspace_add_window(ks, mm->system_ptes.start, mm->system_ptes.pages << PAGE_SHIFT,
                      mm->system_ptes.host);
    kspace_add_window(ks, KI_USER_SHARED_DATA, PAGE_SIZE, mi_frame(mm, mm->shared_user_data_pfn));
}

static NTSTATUS create_regions(struct mm *mm)
{
    struct mi_region *regions[] = {&mm->nonpaged, &mm->paged, &mm->system_ptes};

    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        NTSTATUS status = mi_region_create(mm, regions[i]);
        if (!NT_SUCCESS(status))
            return status;
    }
    return STATUS_SUCCESS;
}

NTSTATUS mi_boot_system_space(struct mm *mm, uint64_t *first_free)
{
    struct boot boot = {.mm = mm, .low = 1, .next = NT_FIRST_FRAME + NT_FRAMES};

    size_regions(mm);
    NTSTATUS status = create_regions(mm);
    if (NT_SUCCESS(status))
        status = boot_tables(&boot);
    if (!NT_SUCCESS(status))
        return status;
    mm->nt_image = mi_frame(mm, NT_FIRST_FRAME);
    boot_windows(mm);
    *first_free = boot.next;
    return STATUS_SUCCESS;
}
