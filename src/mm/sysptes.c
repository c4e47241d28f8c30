/* src/mm/sysptes.c: regions of system space: system PTEs, paged and nonpaged pool.
 *
 * A region is a stretch of kernel addresses whose page tables were made at boot, one after another
 * in physical memory, so that its PTEs are one flat array. Pages are handed out by a bitmap, lowest
 * first, and backed by frames when first needed; the host sees them through the region's window,
 * where each backed run is a mapping of the RAM file.
 *
 *      page:   0 ... floor-1 | floor ...           |                   |
 *      used:   ##  #  ###    | ##  #   #           |        #          |
 *      backed: ==============|=====================|===================|  not backed
 *              for good        group of 64 pages     group               PTE zero, host PROT_NONE
 *
 * A backed page of paged pool need not be in memory: pagedpool.c.
 *
 * Pools back whole groups, by consecutive frames where possible, and keep a few idle groups; the
 * system PTE area (kernel stacks) gives frames back at once, so that a use after free faults.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/host.h"
#include "mm/frames.h"
#include "mm/space.h"
#include "mm/system.h"

#define IDLE_GROUPS_KEPT 4u

static uint64_t window_size(const struct mi_region *region)
{
    return MI_VA(region->prefix + region->pages);
}

NTSTATUS mi_region_create(struct mm *mm, struct mi_region *region)
{
    size_t words = BITMAP_WORDS(region->pages);

    region->mm = mm;
    ke_lock_init(&region->lock, KE_RANK_SYSTEM_SPACE);
    region->used.bits = region->pages;
    region->used.words = calloc(words, sizeof(uint64_t));
    region->group_used = calloc(region->pages / MI_GROUP_PAGES + 1, 1);
    if (!region->used.words || !region->group_used)
        return STATUS_INSUFFICIENT_RESOURCES;
    void *window;
    NTSTATUS status = host_memory_reserve(window_size(region), &window);
    if (!NT_SUCCESS(status))
        return status;
    region->window = window;
    region->host = region->window + (region->prefix << PAGE_SHIFT);
    return STATUS_SUCCESS;
}

void mi_region_destroy(struct mi_region *region)
{
    if (region->window)
        host_memory_unmap(region->window, window_size(region));
    free(region->used.words);
    free(region->group_used);
    region->window = NULL;
    region->used.words = NULL;
    region->group_used = NULL;
}

static uint64_t page_va(const struct mi_region *region, size_t index)
{
    return region->start + (index << PAGE_SHIFT);
}

static bool is_backed(const struct mi_region *region, size_t index)
{
    return mi_read_pte(&region->ptes[index]).u.Long != 0;
}

bool mi_region_map_host_as(struct mi_region *region, int64_t index, uint64_t pfn, size_t count,
                           int rights)
{
    void *at = region->host + index * (int64_t)PAGE_SIZE;

    return mmap(at, count << PAGE_SHIFT, rights, MAP_SHARED | MAP_FIXED, region->mm->ram_fd,
                (off_t)(pfn << PAGE_SHIFT)) == at;
}

bool mi_region_map_host(struct mi_region *region, int64_t index, uint64_t pfn, size_t count)
{
    return mi_region_map_host_as(region, index, pfn, count, PROT_READ | PROT_WRITE);
}

static void unmap_host(struct mi_region *region, size_t index, size_t count)
{
    void *at = mi_region_host(region, index);
    void *got = mmap(at, count << PAGE_SHIFT, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

    ASSERT(got == at);
}

/* Enter `count` frames from `pfn` on at pages index...; frames and charge are the caller's.
 * => how many */
static size_t enter_frames(struct mi_region *region, size_t index, uint64_t pfn, size_t count)
{
    struct mm *mm = region->mm;

    if (region->pageable) {
        count = mi_paged_pool_enter(mm, index, pfn, count);
    } else {
        for (size_t i = 0; i < count; i++) {
            MMPTE *pte = &region->ptes[index + i];
            uint64_t pte_va = mi_pte_va(page_va(region, index + i));
            mi_initialize_pfn(mm, pfn + i, pte_va, mi_frame_of(mm, pte), MM_READWRITE);
            mi_change_pte(mm, pte, mi_kernel_page_pte(pfn + i, region->executable));
        }
    }
    if (index >= region->floor)
        region->backed_pages += count;
    return count;
}

/* Frames that were to be entered at pages index... are not; their charge goes, too. */
static void give_back_frames(struct mi_region *region, size_t index, uint64_t pfn, size_t count)
{
    struct mm *mm = region->mm;

    if (count > 0)
        unmap_host(region, index, count);
    for (size_t i = 0; i < count; i++)
        mi_free_page(mm, pfn + i);
    mi_return_commit(mm, count, MI_COMMIT_SYSTEM);
}

/* Back `count` unbacked pages by consecutive frames. */
static bool back_run(struct mi_region *region, size_t index, size_t count)
{
    struct mm *mm = region->mm;
    uint64_t pfn;

    if (!mi_charge_commit(mm, count, MI_COMMIT_SYSTEM))
        return false;
    bool taken =
        count == 1 ? mi_allocate_page(mm, MI_PAGE_ANY, &pfn) : mi_allocate_run(mm, count, &pfn);
    if (!taken) {
        mi_return_commit(mm, count, MI_COMMIT_SYSTEM);
        return false;
    }
    size_t entered = 0;
    if (mi_region_map_host(region, (int64_t)index, pfn, count))
        entered = enter_frames(region, index, pfn, count);
    give_back_frames(region, index + entered, pfn + entered, count - entered);
    return entered == count;
}

/* Back what is not backed of index .. index + count, in runs if that can be had. */
static bool back_pages(struct mi_region *region, size_t index, size_t count)
{
    for (size_t i = index; i < index + count;) {
        size_t run = 0;
        while (i + run < index + count && !is_backed(region, i + run))
            run++;
        if (run == 0) {
            i++;
            continue;
        }
        if (run > 1 && back_run(region, i, run)) {
            i += run;
            continue;
        }
        if (!back_run(region, i, 1))
            return false;
        i++;
    }
    return true;
}

/* Give frames of pages that never leave memory back. => how many */
static size_t remove_frames(struct mi_region *region, size_t index, size_t count)
{
    struct mm *mm = region->mm;
    uint64_t freed[MI_GROUP_PAGES];
    size_t n = 0, total = 0;

    for (size_t i = index; i < index + count; i++) {
        if (!is_backed(region, i))
            continue;
        MMPTE old = mi_change_pte(mm, &region->ptes[i], (MMPTE){.u.Long = 0});
        freed[n++] = old.u.Hard.PageFrameNumber;
        total++;
        if (n == MI_GROUP_PAGES) {
            mi_free_pages(mm, freed, n);
            n = 0;
        }
    }
    mi_free_pages(mm, freed, n);
    return total;
}

/* Give the frames of index .. index + count back; pages that are not backed are skipped. */
static void unback_pages(struct mi_region *region, size_t index, size_t count)
{
    unmap_host(region, index, count);
    size_t total = region->pageable ? mi_paged_pool_remove(region->mm, index, count)
                                    : remove_frames(region, index, count);
    region->backed_pages -= total;
    mi_return_commit(region->mm, total, MI_COMMIT_SYSTEM);
}

static bool group_is_above_floor(const struct mi_region *region, size_t group)
{
    return group * MI_GROUP_PAGES >= region->floor;
}

static size_t group_size(const struct mi_region *region, size_t group)
{
    size_t left = region->pages - group * MI_GROUP_PAGES;
    return left < MI_GROUP_PAGES ? left : MI_GROUP_PAGES;
}

static bool group_has_backing(const struct mi_region *region, size_t group)
{
    size_t first = group * MI_GROUP_PAGES;
    for (size_t i = first; i < first + group_size(region, group); i++) {
        if (is_backed(region, i))
            return true;
    }
    return false;
}

/* `count` pages from `first` on become used (or, with -1, free): keep the groups' counts. */
static void count_groups(struct mi_region *region, size_t first, size_t count, int by)
{
    for (size_t i = first; i < first + count; i++) {
        size_t group = i / MI_GROUP_PAGES;
        bool idle_before = region->group_used[group] == 0;
        region->group_used[group] = (uint8_t)(region->group_used[group] + by);
        if (region->shrink || !group_is_above_floor(region, group))
            continue;
        if (idle_before && group_has_backing(region, group)) {
            region->idle_groups--;
        } else if (by < 0 && region->group_used[group] == 0 && group_has_backing(region, group)) {
            if (region->idle_groups < IDLE_GROUPS_KEPT)
                region->idle_groups++;
            else
                unback_pages(region, group * MI_GROUP_PAGES, group_size(region, group));
        }
    }
    region->used_pages += (size_t)((int64_t)count * by);
}

/* Pools grow by groups; with little memory left, by what is needed. */
static bool back_for_use(struct mi_region *region, size_t first, size_t count)
{
    if (!region->shrink) {
        size_t from = first / MI_GROUP_PAGES * MI_GROUP_PAGES;
        size_t to = (first + count + MI_GROUP_PAGES - 1) / MI_GROUP_PAGES * MI_GROUP_PAGES;
        bool missing = false;
        for (size_t i = first; i < first + count && !missing; i++)
            missing = !is_backed(region, i);
        if (!missing)
            return true;
        if (back_pages(region, from, (to < region->pages ? to : region->pages) - from))
            return true;
    }
    return back_pages(region, first, count);
}

size_t mi_region_allocate(struct mi_region *region, size_t pages, bool zeroed)
{
    ke_acquire_lock(&region->lock);
    size_t first = bitmap_find_clear(&region->used, pages, region->hint);
    if (first == BITMAP_NONE) {
        ke_release_lock(&region->lock);
        return SIZE_MAX;
    }
    bitmap_set_range(&region->used, first, pages);
    count_groups(region, first, pages, 1);
    bool backed = back_for_use(region, first, pages);
    if (backed) {
        if (first == region->hint)
            region->hint = first + pages;
    } else {
        if (region->shrink)
            unback_pages(region, first, pages);
        bitmap_clear_range(&region->used, first, pages);
        count_groups(region, first, pages, -1);
    }
    ke_release_lock(&region->lock);
    if (!backed)
        return SIZE_MAX;
    if (zeroed)
        memset(mi_region_host(region, first), 0, pages << PAGE_SHIFT);
    return first;
}

void mi_region_free(struct mi_region *region, size_t first, size_t pages)
{
    ke_acquire_lock(&region->lock);
    ASSERT(bitmap_range_is_set(&region->used, first, pages));
    if (region->shrink)
        unback_pages(region, first, pages);
    bitmap_clear_range(&region->used, first, pages);
    count_groups(region, first, pages, -1);
    if (first < region->hint)
        region->hint = first;
    ke_release_lock(&region->lock);
}

void mi_region_trim(struct mi_region *region)
{
    ke_acquire_lock(&region->lock);
    for (size_t group = 0; region->idle_groups > 0 && group * MI_GROUP_PAGES < region->pages;
         group++) {
        if (!group_is_above_floor(region, group) || region->group_used[group] > 0 ||
            !group_has_backing(region, group))
            continue;
        unback_pages(region, group * MI_GROUP_PAGES, group_size(region, group));
        region->idle_groups--;
    }
    ke_release_lock(&region->lock);
}

uint64_t mm_allocate_system_pages(struct mm *mm, size_t pages, bool executable)
{
    struct mi_region *region = &mm->system_ptes;

    if (pages == 0 || pages > region->pages)
        return 0;
    size_t first = mi_region_allocate(region, pages, true);
    if (first == SIZE_MAX && mi_make_room(mm, pages))
        first = mi_region_allocate(region, pages, true);
    if (first == SIZE_MAX)
        return 0;
    if (executable) {
        for (size_t i = first; i < first + pages; i++) {
            MMPTE pte = mi_read_pte(&region->ptes[i]);
            pte.u.Hard.NoExecute = 0;
            mi_write_pte(&region->ptes[i], pte);
        }
    }
    return page_va(region, first);
}

void mm_free_system_pages(struct mm *mm, uint64_t va, size_t pages)
{
    mi_region_free(&mm->system_ptes, (va - mm->system_ptes.start) >> PAGE_SHIFT, pages);
}
