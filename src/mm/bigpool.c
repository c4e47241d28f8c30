/* src/mm/bigpool.c: pool blocks of whole pages, and PoolBigPageTable.
 *
 * Such a block has no header in front of it, so its tag and size are kept in PoolBigPageTable: a
 * hash table by page address with linear probing. An entry that was freed keeps its place with bit
 * 0 of Va set, so that searches go on past it; Va 1 was never used. When three quarters of the
 * entries are taken, the table moves to one of twice the size.
 *
 * Source: POOL_TRACKER_BIG_PAGES and the meaning of bit 0 of Va: documentation of !poolused, !pool
 * and published descriptions of the big page tracker.
 */
#include <string.h>

#include "mm/system.h"

#define FIRST_ENTRIES 2048u
#define NEVER_USED 1u
#define BAD_POOL_CALLER 0xC2u

static size_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static bool is_free_entry(const POOL_TRACKER_BIG_PAGES *entry)
{
    return entry->Va.va % 2 != 0;
}

static uint64_t hash(uint64_t va, uint64_t size)
{
    return (MI_VPN(va) * 0x9E3779B97F4A7C15ull >> 20) % size;
}

static POOL_TRACKER_BIG_PAGES *table_of(struct mm *mm)
{
    return k2h(&mm->ke->ks, *mm->ke->nt.PoolBigPageTable);
}

/* => big_pages_lock held; the table has room */
static void insert(struct mm *mm, uint64_t va, uint32_t tag, unsigned type, uint64_t bytes)
{
    POOL_TRACKER_BIG_PAGES *table = table_of(mm);
    uint64_t size = *mm->ke->nt.PoolBigPageTableSize;
    uint64_t i = hash(va, size);

    while (!is_free_entry(&table[i]))
        i = (i + 1) % size;
    if (table[i].Va.va == NEVER_USED)
        mm->big_pages_taken++;
    table[i] =
        (POOL_TRACKER_BIG_PAGES){.Va.va = va, .Key = tag, .PoolType = type, .NumberOfBytes = bytes};
}

static POOL_TRACKER_BIG_PAGES *find(struct mm *mm, uint64_t va)
{
    POOL_TRACKER_BIG_PAGES *table = table_of(mm);
    uint64_t size = *mm->ke->nt.PoolBigPageTableSize;

    for (uint64_t i = hash(va, size); table[i].Va.va != NEVER_USED; i = (i + 1) % size) {
        if (table[i].Va.va == va)
            return &table[i];
    }
    return NULL;
}

/* Make an empty table of `entries` at page `index` the current one. */
static void install_table(struct mm *mm, size_t index, uint64_t entries)
{
    POOL_TRACKER_BIG_PAGES *table = mi_region_host(&mm->nonpaged, index);

    for (uint64_t i = 0; i < entries; i++)
        table[i] = (POOL_TRACKER_BIG_PAGES){.Va.va = NEVER_USED};
    mm->ke->nt.PoolBigPageTable->va = mm->nonpaged.start + MI_VA(index);
    *mm->ke->nt.PoolBigPageTableSize = entries;
    mm->big_pages_taken = 0;
}

/* Move to a table of twice the size. => big_pages_lock held. false: no memory */
static bool grow(struct mm *mm)
{
    struct mi_region *region = &mm->nonpaged;
    POOL_TRACKER_BIG_PAGES *old = table_of(mm);
    uint64_t old_size = *mm->ke->nt.PoolBigPageTableSize;
    size_t bytes = 2 * old_size * sizeof(*old);
    size_t index = mi_region_allocate(region, pages_of(bytes), false);

    if (index == SIZE_MAX)
        return false;
    install_table(mm, index, 2 * old_size);
    for (uint64_t i = 0; i < old_size; i++) {
        if (!is_free_entry(&old[i]))
            insert(mm, old[i].Va.va, old[i].Key, old[i].PoolType, old[i].NumberOfBytes);
    }
    mi_region_free(region, mi_region_index(region, old), pages_of(old_size * sizeof(*old)));
    return true;
}

static bool make_room(struct mm *mm)
{
    return mm->big_pages_taken < *mm->ke->nt.PoolBigPageTableSize / 4 * 3 || grow(mm);
}

void *mi_big_pool_allocate(struct mi_pool *pool, size_t size, uint32_t tag)
{
    struct mm *mm = pool->mm;
    struct mi_region *region = pool->region;

    if (size > MI_VA(region->pages))
        return NULL;
    size_t index = mi_region_allocate(region, pages_of(size), false);
    if (index == SIZE_MAX)
        return NULL;
    ke_acquire_lock(&mm->big_pages_lock);
    bool room = make_room(mm);
    if (room)
        insert(mm, region->start + MI_VA(index), tag, pool->type, size);
    ke_release_lock(&mm->big_pages_lock);
    if (!room) {
        mi_region_free(region, index, pages_of(size));
        return NULL;
    }
    ke_acquire_lock(&pool->lock);
    pool->descriptor->TotalBigPages += (LONG)pages_of(size);
    mi_pool_track(pool, tag, size, true);
    ke_release_lock(&pool->lock);
    return mi_region_host(region, index);
}

void mi_big_pool_free(struct mm *mm, void *block)
{
    struct mi_pool *pool = mi_pool_of(mm, block);
    size_t index = mi_region_index(pool->region, block);
    uint64_t va = pool->region->start + MI_VA(index);

    ke_acquire_lock(&mm->big_pages_lock);
    POOL_TRACKER_BIG_PAGES *entry = find(mm, va);
    if (!entry)
        ke_bug_check(mm->ke, BAD_POOL_CALLER, 0x42, va, 0, 0);
    uint64_t bytes = entry->NumberOfBytes;
    uint32_t tag = entry->Key;
    entry->Va.va |= 1;
    ke_release_lock(&mm->big_pages_lock);
    ke_acquire_lock(&pool->lock);
    pool->descriptor->TotalBigPages -= (LONG)pages_of(bytes);
    mi_pool_track(pool, tag, bytes, false);
    ke_release_lock(&pool->lock);
    mi_region_free(pool->region, index, pages_of(bytes));
}

NTSTATUS mi_big_pool_boot(struct mm *mm)
{
    size_t bytes = FIRST_ENTRIES * sizeof(POOL_TRACKER_BIG_PAGES);
    size_t index = mi_region_allocate(&mm->nonpaged, pages_of(bytes), false);

    ke_lock_init(&mm->big_pages_lock, KE_RANK_BIG_PAGES);
    if (index == SIZE_MAX)
        return STATUS_INSUFFICIENT_RESOURCES;
    install_table(mm, index, FIRST_ENTRIES);
    return STATUS_SUCCESS;
}
