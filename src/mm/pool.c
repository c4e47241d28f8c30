/* src/mm/pool.c: paged and nonpaged pool, blocks below a page.
 *
 * A pool page is cut into blocks without a gap, each behind a POOL_HEADER; sizes count in units of
 * 16 bytes, header included:
 *
 *      page |hdr  block      |hdr  block |hdr  free           |hdr free|
 *            BlockSize 5      3           4                    1         sum 256
 *            PreviousSize 0   5           3                    4
 *
 * PoolType has bit 1 set while a block is in use, and bit 0 for paged pool. A free block is on the
 * descriptor's list for its size, linked behind its header; a block of one unit has no room for
 * links and waits to be merged with a neighbour. Freeing merges both ways, so no two neighbours are
 * free; a page that is one free block goes back to the pool's region. Requests above what fits a
 * page go to bigpool.c.
 *
 * PoolTrackTable counts allocations, frees and bytes by tag.
 *
 * Sources: POOL_HEADER and POOL_DESCRIPTOR of build 7601.17514; Windows Internals 6, part 2, ch. 10
 * "Kernel-Mode Heaps"; bugcheck code reference for 0x19 and 0xC2.
 */
#include <string.h>

#include "mm/resource.h"
#include "mm/system.h"

#define UNIT sizeof(POOL_HEADER)
#define PAGE_UNITS (PAGE_SIZE / UNIT)
#define MOST_SMALL (PAGE_SIZE - 2 * UNIT) /* larger requests get pages of their own */

#define BAD_POOL_HEADER 0x19u
#define BAD_POOL_CALLER 0xC2u
#define TRACK_TABLE_ENTRIES 1024u

/* PoolType while in use; a free block has 0. */
enum { POOL_IN_USE = 2 };

static LIST_ENTRY *links_of(POOL_HEADER *header)
{
    return (LIST_ENTRY *)(header + 1);
}

static POOL_HEADER *header_of(LIST_ENTRY *links)
{
    return (POOL_HEADER *)links - 1;
}

static POOL_HEADER *next_block(POOL_HEADER *header)
{
    return header + header->BlockSize;
}

static POOL_HEADER *previous_block(POOL_HEADER *header)
{
    return header - header->PreviousSize;
}

/* The first byte of a page: in the window, pages are page aligned. */
static bool is_page_start(const void *p)
{
    return (uintptr_t)p % PAGE_SIZE == 0;
}

static bool is_free(const POOL_HEADER *header)
{
    return !(header->PoolType & POOL_IN_USE);
}

/* Whether the block behind agrees about the size. */
static bool size_is_right(POOL_HEADER *header)
{
    POOL_HEADER *next = next_block(header);

    return is_page_start(next) || next->PreviousSize == header->BlockSize;
}

/* ---- lists of free blocks: LIST_ENTRYs in guest memory ---- */

static uint64_t kernel_address(struct mi_pool *pool, const void *host)
{
    const struct mi_region *region = pool->region;

    return region->start + (uint64_t)((const char *)host - region->host);
}

static LIST_ENTRY *host_links(struct mi_pool *pool, uint64_t va)
{
    return kspace_host(&pool->mm->ke->ks, va);
}

/* List heads are in nt, not in the pool. */
static uint64_t head_address(struct mi_pool *pool, size_t units)
{
    const char *head = (const char *)&pool->descriptor->ListHeads[units];

    return pool->mm->ke->nt_base + (uint64_t)(head - (const char *)pool->mm->nt_image);
}

static void list_push(struct mi_pool *pool, POOL_HEADER *header)
{
    LIST_ENTRY *head = &pool->descriptor->ListHeads[header->BlockSize];
    LIST_ENTRY *links = links_of(header);
    uint64_t va = kernel_address(pool, links);

    links->Flink.va = head->Flink.va;
    links->Blink.va = head_address(pool, header->BlockSize);
    host_links(pool, head->Flink.va)->Blink.va = va;
    head->Flink.va = va;
    bitmap_set(&(struct bitmap){pool->nonempty, PAGE_UNITS}, header->BlockSize);
}

static void list_unlink(struct mi_pool *pool, POOL_HEADER *header)
{
    LIST_ENTRY *links = links_of(header);
    LIST_ENTRY *flink = host_links(pool, links->Flink.va);
    LIST_ENTRY *blink = host_links(pool, links->Blink.va);
    uint64_t va = kernel_address(pool, links);

    ASSERT(size_is_right(header));
    if (flink->Blink.va != va || blink->Flink.va != va)
        ke_bug_check(pool->mm->ke, BAD_POOL_HEADER, 3, va, flink->Blink.va, blink->Flink.va);
    flink->Blink = links->Blink;
    blink->Flink = links->Flink;
    if (flink == blink)
        bitmap_clear(&(struct bitmap){pool->nonempty, PAGE_UNITS}, header->BlockSize);
}

/* ---- blocks ---- */

static void set_block(struct mi_pool *pool, POOL_HEADER *header, size_t units, size_t previous,
                      bool in_use)
{
    header->PreviousSize = (ULONG)previous;
    header->PoolIndex = 0;
    header->BlockSize = (ULONG)units;
    header->PoolType = in_use ? POOL_IN_USE | pool->type : 0;
}

/* The block behind `header` learns its predecessor's size. */
static void tell_next(POOL_HEADER *header)
{
    POOL_HEADER *next = next_block(header);

    if (!is_page_start(next))
        next->PreviousSize = header->BlockSize;
}

static void give_free(struct mi_pool *pool, POOL_HEADER *header)
{
    if (header->BlockSize > 1)
        list_push(pool, header);
}

static void take_free(struct mi_pool *pool, POOL_HEADER *header)
{
    if (header->BlockSize > 1)
        list_unlink(pool, header);
}

/* Use the first `units` of a free block that is on no list; the rest stays free. */
static void split(struct mi_pool *pool, POOL_HEADER *header, size_t have, size_t units)
{
    set_block(pool, header, units, header->PreviousSize, true);
    if (have > units) {
        POOL_HEADER *rest = next_block(header);
        set_block(pool, rest, have - units, units, false);
        rest->PoolTag = header->PoolTag;
        tell_next(rest);
        give_free(pool, rest);
    }
}

/* The smallest block of at least `units`, still on its list; NULL when there is none. */
static POOL_HEADER *find_free(struct mi_pool *pool, size_t units)
{
    struct bitmap lists = {.words = pool->nonempty, .bits = PAGE_UNITS};
    size_t list = bitmap_next_set(&lists, units);

    return list == BITMAP_NONE
               ? NULL
               : header_of(host_links(pool, pool->descriptor->ListHeads[list].Flink.va));
}

/* ---- tags ---- */

static POOL_TRACKER_TABLE *find_tracker(struct mi_pool *pool, uint32_t tag)
{
    struct nt_globals *nt = &pool->mm->ke->nt;
    POOL_TRACKER_TABLE *table = k2h(&pool->mm->ke->ks, *nt->PoolTrackTable);
    uint32_t hash = tag * 2654435761u >> 22;

    for (uint32_t i = 0; i < TRACK_TABLE_ENTRIES - 1; i++) {
        POOL_TRACKER_TABLE *entry = &table[(hash + i) % (TRACK_TABLE_ENTRIES - 1)];
        LONG key = __atomic_load_n(&entry->Key, __ATOMIC_RELAXED);
        if (key == 0 && __atomic_compare_exchange_n(&entry->Key, &key, (LONG)tag, false,
                                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return entry;
        if (key == (LONG)tag)
            return entry;
    }
    POOL_TRACKER_TABLE *overflow = &table[TRACK_TABLE_ENTRIES - 1];
    __atomic_store_n(&overflow->Key, (LONG)mm_tag("Ovfl"), __ATOMIC_RELAXED);
    return overflow;
}

void mi_pool_track(struct mi_pool *pool, uint32_t tag, size_t bytes, bool allocate)
{
    POOL_TRACKER_TABLE *entry = find_tracker(pool, tag);
    POOL_DESCRIPTOR *descriptor = pool->descriptor;

    if (pool->type == NonPagedPool) {
        *(allocate ? &entry->NonPagedAllocs : &entry->NonPagedFrees) += 1;
        entry->NonPagedBytes += allocate ? bytes : -bytes;
    } else {
        *(allocate ? &entry->PagedAllocs : &entry->PagedFrees) += 1;
        entry->PagedBytes += allocate ? bytes : -bytes;
    }
    *(allocate ? &descriptor->RunningAllocs : &descriptor->RunningDeAllocs) += 1;
    descriptor->TotalBytes += allocate ? bytes : -bytes;
}

/* ---- allocate and free ---- */

/* A page of the region as one free block of 256 units, on no list. => pool lock not held */
static POOL_HEADER *new_page(struct mi_pool *pool)
{
    size_t index = mi_region_allocate(pool->region, 1, false);

    if (index == SIZE_MAX)
        return NULL;
    POOL_HEADER *header = mi_region_host(pool->region, index);
    memset(header, 0, sizeof(*header));
    return header;
}

static void *allocate_small(struct mi_pool *pool, size_t units, uint32_t tag)
{
    ke_acquire_lock(&pool->lock);
    POOL_HEADER *header = find_free(pool, units);
    size_t have = PAGE_UNITS;
    if (header) {
        have = header->BlockSize;
        take_free(pool, header);
    } else {
        ke_release_lock(&pool->lock);
        header = new_page(pool);
        if (!header)
            return NULL;
        ke_acquire_lock(&pool->lock);
        pool->descriptor->TotalPages++;
    }
    split(pool, header, have, units);
    header->PoolTag = tag;
    mi_pool_track(pool, tag, units * UNIT, true);
    ke_release_lock(&pool->lock);
    return header + 1;
}

static void *allocate(struct mi_pool *pool, size_t size, uint32_t tag)
{
    if (size > MOST_SMALL)
        return mi_big_pool_allocate(pool, size, tag);
    size_t units = (size + UNIT - 1) / UNIT + 1;
    return allocate_small(pool, units > 1 ? units : 2, tag);
}

void *ex_allocate_pool(struct mm *mm, enum _POOL_TYPE type, size_t size, uint32_t tag)
{
    struct mi_pool *pool = &mm->pool[type % 2 ? PagedPool : NonPagedPool];
    void *block = allocate(pool, size, tag);
    uint64_t pages = MI_VPN(size) + 1;

    if (!block && pages <= pool->region->pages && mi_make_room(mm, pages))
        block = allocate(pool, size, tag);
    return block;
}

struct mi_pool *mi_pool_of(struct mm *mm, const void *block)
{
    for (int i = 0; i < 2; i++) {
        struct mi_region *region = mm->pool[i].region;
        if ((uint64_t)((const char *)block - region->host) < MI_VA(region->pages))
            return &mm->pool[i];
    }
    return NULL;
}

static void check_block(struct mi_pool *pool, POOL_HEADER *header)
{
    struct ke *ke = pool->mm->ke;
    uint64_t va = kernel_address(pool, header);

    if (header->BlockSize == 0 || is_page_start(header) != (header->PreviousSize == 0) ||
        !size_is_right(header) ||
        (!is_page_start(header) && previous_block(header)->BlockSize != header->PreviousSize))
        ke_bug_check(ke, BAD_POOL_HEADER, 0x20, va, va + header->BlockSize * UNIT, header->Ulong1);
    if (is_free(header))
        ke_bug_check(ke, BAD_POOL_CALLER, 7, 0, header->Ulong1, va + UNIT);
}

/* Merge a block that is on no list with its free neighbours. => the merged block's first header;
 * *units: its size, up to a page */
static POOL_HEADER *merge(struct mi_pool *pool, POOL_HEADER *header, size_t *units)
{
    POOL_HEADER *next = next_block(header);

    *units = header->BlockSize;
    if (!is_page_start(next) && is_free(next)) {
        take_free(pool, next);
        *units += next->BlockSize;
    }
    if (!is_page_start(header)) {
        POOL_HEADER *previous = previous_block(header);
        if (is_free(previous)) {
            take_free(pool, previous);
            *units += previous->BlockSize;
            header = previous;
        }
    }
    return header;
}

static void free_small(struct mi_pool *pool, POOL_HEADER *header)
{
    size_t units;

    ke_acquire_lock(&pool->lock);
    check_block(pool, header);
    mi_pool_track(pool, header->PoolTag, header->BlockSize * UNIT, false);
    header->PoolType = 0;
    header = merge(pool, header, &units);
    bool whole_page = units == PAGE_UNITS;
    if (whole_page) {
        pool->descriptor->TotalPages--;
    } else {
        set_block(pool, header, units, header->PreviousSize, false);
        tell_next(header);
        give_free(pool, header);
    }
    ke_release_lock(&pool->lock);
    if (whole_page)
        mi_region_free(pool->region, mi_region_index(pool->region, header), 1);
}

void ex_free_pool(struct mm *mm, void *block)
{
    struct mi_pool *pool = mi_pool_of(mm, block);

    if (!pool || (uintptr_t)block % UNIT != 0)
        ke_bug_check(mm->ke, BAD_POOL_CALLER, 0x40, (uint64_t)block, 0, 0);
    if (is_page_start(block))
        mi_big_pool_free(mm, block);
    else
        free_small(pool, (POOL_HEADER *)block - 1);
}

uint64_t mi_pool_bytes(struct mi_pool *pool)
{
    ke_acquire_lock(&pool->lock);
    uint64_t bytes = pool->descriptor->TotalBytes;
    ke_release_lock(&pool->lock);
    return bytes;
}

/* ---- boot ---- */

static void initialize_pool(struct mm *mm, unsigned type, POOL_DESCRIPTOR *descriptor,
                            struct mi_region *region)
{
    struct mi_pool *pool = &mm->pool[type];

    *pool = (struct mi_pool){.mm = mm, .descriptor = descriptor, .region = region, .type = type};
    ke_lock_init(&pool->lock, KE_RANK_POOL);
    memset(descriptor, 0, sizeof(*descriptor));
    descriptor->PoolType = (POOL_TYPE)type;
    for (size_t i = 0; i < PAGE_UNITS; i++) {
        uint64_t va = head_address(pool, i);
        descriptor->ListHeads[i].Flink.va = va;
        descriptor->ListHeads[i].Blink.va = va;
    }
}

NTSTATUS mi_pool_boot(struct mm *mm)
{
    struct nt_globals *nt = &mm->ke->nt;
    struct mi_region *region = &mm->nonpaged;
    NTSTATUS status = mi_paged_pool_boot(mm);

    if (!NT_SUCCESS(status))
        return status;
    initialize_pool(mm, NonPagedPool, nt->NonPagedPoolDescriptor, region);
    initialize_pool(mm, PagedPool, nt->ExpPagedPoolDescriptor, &mm->paged);
    size_t bytes = TRACK_TABLE_ENTRIES * sizeof(POOL_TRACKER_TABLE);
    size_t index = mi_region_allocate(region, (bytes + PAGE_SIZE - 1) / PAGE_SIZE, true);
    if (index == SIZE_MAX)
        return STATUS_INSUFFICIENT_RESOURCES;
    nt->PoolTrackTable->va = region->start + MI_VA(index);
    *nt->PoolTrackTableSize = TRACK_TABLE_ENTRIES;
    ex_resources_init(mm);
    return mi_big_pool_boot(mm);
}
