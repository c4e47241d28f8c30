/* src/mm/checkpool.c: regions of system space and the pools in them. See check.c. */
#include <stdlib.h>

#include "base/words.h"
#include "mm/check.h"
#include "mm/system.h"

#define UNIT sizeof(POOL_HEADER)
#define PAGE_UNITS (PAGE_SIZE / UNIT)

/* ---- regions -------------------------------------------------------------------------------- */

/* Whether there is nothing in a group: no page is used, and none has a frame, or had to. */
static bool is_empty_group(const struct mi_region *region, size_t first)
{
    return first >= region->floor && first + MI_GROUP_PAGES <= region->pages &&
           bitmap_range_is_clear(&region->used, first, MI_GROUP_PAGES) &&
           words_are_zero((const uint64_t *)&region->ptes[first], MI_GROUP_PAGES);
}

static void check_region(struct mi_check *check, struct mi_region *region)
{
    size_t used = 0, backed = 0, idle = 0;

    for (size_t group = 0; group * MI_GROUP_PAGES < region->pages; group++) {
        size_t in_use = 0, with_frame = 0, first = group * MI_GROUP_PAGES;
        if (is_empty_group(region, first) && region->group_used[group] == 0)
            continue;
        for (size_t i = first; i < first + MI_GROUP_PAGES && i < region->pages; i++) {
            bool is_used = bitmap_test(&region->used, i);
            MMPTE pte = mi_read_pte(&region->ptes[i]);
            bool is_backed = region->pageable ? pte.u.Long != 0 : pte.u.Hard.Valid;
            in_use += is_used;
            with_frame += is_backed;
            backed += is_backed && i >= region->floor;
            MI_CHECK(check, is_backed || !is_used, "%s: page %zu is in use without a frame",
                     region->name, i);
            MI_CHECK(check, is_backed || i >= region->floor, "%s: page %zu lost its frame",
                     region->name, i);
        }
        MI_CHECK(check, region->group_used[group] == in_use, "%s: group %zu counts wrong",
                 region->name, group);
        used += in_use;
        idle += !region->shrink && first >= region->floor && in_use == 0 && with_frame > 0;
    }
    MI_CHECK(check, region->used_pages == used, "%s: %zu pages in use, found %zu", region->name,
             region->used_pages, used);
    MI_CHECK(check, region->backed_pages == backed, "%s: %zu pages backed, found %zu", region->name,
             region->backed_pages, backed);
    MI_CHECK(check, region->idle_groups == idle, "%s: %zu idle groups, found %zu", region->name,
             region->idle_groups, idle);
}

void mi_check_regions(struct mi_check *check)
{
    check_region(check, &check->mm->nonpaged);
    check_region(check, &check->mm->paged);
    check_region(check, &check->mm->system_ptes);
}

/* ---- pools ---------------------------------------------------------------------------------- */

struct pool_walk {
    struct mi_check *check;
    struct mi_pool *pool;
    bool *other; /* by page: not a page of small blocks */
    uint64_t bytes, blocks, pages, big_pages;
    uint64_t free[PAGE_UNITS]; /* free blocks by size */
};

static void mark_pages(struct pool_walk *walk, const void *host, uint64_t bytes)
{
    size_t first = mi_region_index(walk->pool->region, host);

    for (size_t i = first; i < first + MI_VPN(bytes + PAGE_SIZE - 1); i++)
        walk->other[i] = true;
}

static void walk_big_pages(struct pool_walk *walk)
{
    struct mm *mm = walk->check->mm;
    struct nt_globals *nt = &mm->ke->nt;
    const POOL_TRACKER_BIG_PAGES *table = k2h(&mm->ke->ks, *nt->PoolBigPageTable);
    uint64_t size = *nt->PoolBigPageTableSize;

    if (walk->pool->type == NonPagedPool) {
        mark_pages(walk, table, size * sizeof(*table));
        mark_pages(walk, k2h(&mm->ke->ks, *nt->PoolTrackTable),
                   *nt->PoolTrackTableSize * sizeof(POOL_TRACKER_TABLE));
    }
    for (uint64_t i = 0; i < size; i++) {
        if (table[i].Va.va % 2 != 0 || table[i].PoolType != walk->pool->type)
            continue;
        mark_pages(walk, k2h(&mm->ke->ks, table[i].Va), table[i].NumberOfBytes);
        walk->bytes += table[i].NumberOfBytes;
        walk->big_pages += MI_VPN(table[i].NumberOfBytes + PAGE_SIZE - 1);
        walk->blocks++;
    }
}

static void walk_page(struct pool_walk *walk, size_t index)
{
    const POOL_HEADER *page =
        MI_CHECK_AT(walk->check, (const POOL_HEADER *)mi_region_host(walk->pool->region, index));
    size_t at = 0, previous = 0;
    bool was_free = false;

    for (; at < PAGE_UNITS; at += previous) {
        const POOL_HEADER *header = page + at;
        bool is_free = header->PoolType == 0;
        if (header->BlockSize == 0 || header->PreviousSize != previous ||
            (!is_free && header->PoolType != (2u | walk->pool->type)) || (is_free && was_free)) {
            mi_check_failed(walk->check, "%s: bad block at offset %zx of page %zu",
                            walk->pool->region->name, at * UNIT, index);
            return;
        }
        previous = header->BlockSize;
        was_free = is_free;
        if (is_free) {
            walk->free[previous]++;
        } else {
            walk->bytes += previous * UNIT;
            walk->blocks++;
        }
    }
    MI_CHECK(walk->check, at == PAGE_UNITS, "%s: blocks of page %zu do not end with it",
             walk->pool->region->name, index);
    walk->pages++;
}

static void check_free_lists(struct pool_walk *walk)
{
    const struct kspace *ks = &walk->check->mm->ke->ks;
    struct mi_pool *pool = walk->pool;

    for (size_t size = 2; size < PAGE_UNITS; size++) {
        const LIST_ENTRY *head = &pool->descriptor->ListHeads[size], *before = head;
        uint64_t count = 0;
        const LIST_ENTRY *at = kspace_host(ks, head->Flink.va), *links;
        for (; at != head && count <= walk->free[size]; at = kspace_host(ks, links->Flink.va)) {
            links = MI_CHECK_AT(walk->check, at);
            const POOL_HEADER *header = (const POOL_HEADER *)links - 1;
            MI_CHECK(walk->check, header->BlockSize == size && header->PoolType == 0,
                     "%s: a block of size %u is on list %zu", pool->region->name, header->BlockSize,
                     size);
            MI_CHECK(walk->check, kspace_host(ks, links->Blink.va) == before,
                     "%s: list %zu has a wrong Blink", pool->region->name, size);
            before = at;
            count++;
        }
        MI_CHECK(walk->check, count == walk->free[size],
                 "%s: %llu free blocks of size %zu, %llu on the list", pool->region->name,
                 (unsigned long long)walk->free[size], size, (unsigned long long)count);
    }
}

static void check_totals(struct pool_walk *walk)
{
    struct mm *mm = walk->check->mm;
    const POOL_DESCRIPTOR *descriptor = walk->pool->descriptor;
    const POOL_TRACKER_TABLE *table = k2h(&mm->ke->ks, *mm->ke->nt.PoolTrackTable);
    const char *name = walk->pool->region->name;
    uint64_t by_tag = 0;

    for (uint64_t i = 0; i < *mm->ke->nt.PoolTrackTableSize; i++)
        by_tag += walk->pool->type == NonPagedPool ? table[i].NonPagedBytes : table[i].PagedBytes;
    MI_CHECK(walk->check, descriptor->TotalBytes == walk->bytes, "%s: TotalBytes %llu, found %llu",
             name, (unsigned long long)descriptor->TotalBytes, (unsigned long long)walk->bytes);
    MI_CHECK(walk->check, by_tag == walk->bytes, "%s: %llu bytes by tag, found %llu", name,
             (unsigned long long)by_tag, (unsigned long long)walk->bytes);
    MI_CHECK(walk->check, (uint64_t)descriptor->TotalPages == walk->pages,
             "%s: TotalPages %d, found %llu", name, descriptor->TotalPages,
             (unsigned long long)walk->pages);
    MI_CHECK(walk->check, (uint64_t)descriptor->TotalBigPages == walk->big_pages,
             "%s: TotalBigPages %d, found %llu", name, descriptor->TotalBigPages,
             (unsigned long long)walk->big_pages);
    MI_CHECK(walk->check,
             (uint32_t)(descriptor->RunningAllocs - descriptor->RunningDeAllocs) == walk->blocks,
             "%s: RunningAllocs - RunningDeAllocs is not the %llu blocks found", name,
             (unsigned long long)walk->blocks);
}

static void check_pool(struct mi_check *check, struct mi_pool *pool)
{
    struct mi_region *region = pool->region;
    struct pool_walk walk = {.check = check, .pool = pool};

    walk.other = calloc(region->pages, sizeof(*walk.other));
    if (!walk.other) {
        mi_check_failed(check, "no memory to check with");
        return;
    }
    walk_big_pages(&walk);
    for (size_t i = bitmap_next_set(&region->used, 0); i != BITMAP_NONE;
         i = i + 1 < region->pages ? bitmap_next_set(&region->used, i + 1) : BITMAP_NONE) {
        if (!walk.other[i])
            walk_page(&walk, i);
    }
    check_free_lists(&walk);
    check_totals(&walk);
    free(walk.other);
}

void mi_check_pools(struct mi_check *check)
{
    check_pool(check, &check->mm->pool[NonPagedPool]);
    check_pool(check, &check->mm->pool[PagedPool]);
}
