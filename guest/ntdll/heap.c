/* guest/ntdll/heap.c: blocks inside segments: the free list, splitting, coalescing. See heap.h. */
#include "heap.h"

static HEAP_ENTRY *block_of(LIST_ENTRY *link)
{
    return (HEAP_ENTRY *)CONTAINER(link, HEAP_FREE_ENTRY, FreeList);
}

static LIST_ENTRY *link_of(HEAP_ENTRY *block)
{
    return &((HEAP_FREE_ENTRY *)block)->FreeList;
}

void heap_corrupt(void *address)
{
    EXCEPTION_RECORD record = {.ExceptionCode = STATUS_HEAP_CORRUPTION,
                               .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
                               .NumberParameters = 1};
    record.ExceptionInformation[0] = (ULONG64)address;
    RtlRaiseException(&record);
}

/* ---- the index: hint[size] is the first free block of exactly that size, hint[127] of 127 or more
 * ---- */

static ULONG index_of(const HEAP_ENTRY *block)
{
    return block->Size < HEAP_INDEX_SIZE - 1 ? block->Size : HEAP_INDEX_SIZE - 1;
}

static void index_set(HEAP_LIST_LOOKUP *index, ULONG i, LIST_ENTRY *link)
{
    index->ListHints[i] = link;
    if (link) {
        index->ListsInUseUlong[i / 32] |= 1u << i % 32;
    } else {
        index->ListsInUseUlong[i / 32] &= ~(1u << i % 32);
    }
}

/* The first free block of at least `units` as far as the index knows: of the last hint, the first
 * of its list. The list head when there is none. */
static LIST_ENTRY *index_find(HEAP *heap, ULONG units)
{
    HEAP_LIST_LOOKUP *index = heap->BlocksIndex;
    ULONG i = units < HEAP_INDEX_SIZE - 1 ? units : HEAP_INDEX_SIZE - 1;
    ULONG word = index->ListsInUseUlong[i / 32] & ~0u << i % 32;
    for (i /= 32; !word;) {
        if (++i == HEAP_INDEX_SIZE / 32) {
            return &heap->FreeLists;
        }
        word = index->ListsInUseUlong[i];
    }
    return index->ListHints[i * 32 + (ULONG)__builtin_ctz(word)];
}

static LIST_ENTRY *find_fit(HEAP *heap, ULONG units)
{
    LIST_ENTRY *link = index_find(heap, units);
    while (link != &heap->FreeLists && block_of(link)->Size < units) {
        link = link->Flink;
    }
    return link;
}

static void insert_free(HEAP *heap, HEAP_ENTRY *block)
{
    HEAP_LIST_LOOKUP *index = heap->BlocksIndex;
    ULONG i = index_of(block);
    LIST_ENTRY *position = find_fit(heap, block->Size);
    list_insert_before(position, link_of(block));
    LIST_ENTRY *hint = index->ListHints[i];
    if (!hint || hint == position) {
        index_set(index, i, link_of(block));
    }
    index->ItemCount++;
    heap->TotalFreeSize += block->Size;
}

void heap_unlink(HEAP *heap, HEAP_ENTRY *block)
{
    HEAP_LIST_LOOKUP *index = heap->BlocksIndex;
    LIST_ENTRY *link = link_of(block);
    ULONG i = index_of(block);
    if (link->Flink->Blink != link || link->Blink->Flink != link) {
        heap_corrupt(block);
    }
    if (index->ListHints[i] == link) {
        LIST_ENTRY *next = link->Flink;
        bool same = next != &heap->FreeLists && index_of(block_of(next)) == i;
        index_set(index, i, same ? next : NULL);
    }
    list_remove(link);
    index->ItemCount--;
    heap->TotalFreeSize -= block->Size;
}

/* ---- blocks ---- */

/* Head `units` at `block` as one free block (several, if they are too many for one), and list it.
 */
void heap_make_free(HEAP *heap, HEAP_ENTRY *block, ULONG64 units, USHORT previous)
{
    while (units) {
        ULONG64 part = units;
        if (part > HEAP_MAXIMUM_UNITS) { /* leave room for a last block that is not too small */
            part = units - HEAP_MAXIMUM_UNITS < HEAP_MINIMUM_UNITS
                       ? HEAP_MAXIMUM_UNITS - HEAP_MINIMUM_UNITS
                       : HEAP_MAXIMUM_UNITS;
        }
        block->Size = (USHORT)part;
        block->PreviousSize = previous;
        block->Flags = 0;
        block->SegmentOffset = 0;
        block->UnusedBytes = 0;
        block_seal(block);
        insert_free(heap, block);
        previous = (USHORT)part;
        block += part;
        units -= part;
    }
    block->PreviousSize = previous;
}

static bool intact(const HEAP_ENTRY *block)
{
    return block->SmallTagIndex == block_checksum(block);
}

static bool is_free(HEAP_ENTRY *block)
{
    if (!intact(block)) {
        heap_corrupt(block);
    }
    return !(block->Flags & HEAP_ENTRY_BUSY);
}

/* Keep the first `units` of a block that is in no list; the rest becomes free when it can be a
 * block. */
static void split(HEAP *heap, HEAP_ENTRY *block, ULONG units)
{
    ULONG rest = block->Size - units;
    if (rest < HEAP_MINIMUM_UNITS) {
        return;
    }
    HEAP_ENTRY *next = block_next(block);
    HEAP_ENTRY *remainder = block + units;
    block->Size = (USHORT)units;
    if (is_free(next) && rest + next->Size <= HEAP_MAXIMUM_UNITS) {
        heap_unlink(heap, next);
        rest += next->Size;
    }
    heap_make_free(heap, remainder, rest, (USHORT)units);
}

/* A busy block of at least `units`; NULL when the heap has none and cannot grow. */
HEAP_ENTRY *heap_take(HEAP *heap, ULONG units)
{
    LIST_ENTRY *link = find_fit(heap, units);
    if (link == &heap->FreeLists) {
        if (!heap_grow(heap, units)) {
            return NULL;
        }
        link = find_fit(heap, units);
        if (link == &heap->FreeLists) {
            return NULL;
        }
    }
    HEAP_ENTRY *block = block_of(link);
    if (!intact(block)) {
        heap_corrupt(block);
    }
    heap_unlink(heap, block);
    split(heap, block, units);
    block->Flags = HEAP_ENTRY_BUSY;
    block_seal(block);
    return block;
}

/* Make a busy block free, joined with free neighbours. */
void heap_give(HEAP *heap, HEAP_ENTRY *block)
{
    ULONG units = block->Size;
    HEAP_ENTRY *next = block_next(block);
    if (is_free(next) && units + next->Size <= HEAP_MAXIMUM_UNITS) {
        heap_unlink(heap, next);
        units += next->Size;
    }
    if (block->PreviousSize) {
        HEAP_ENTRY *previous = block - block->PreviousSize;
        if (is_free(previous) && units + previous->Size <= HEAP_MAXIMUM_UNITS) {
            heap_unlink(heap, previous);
            units += previous->Size;
            block = previous;
        }
    }
    heap_make_free(heap, block, units, block->PreviousSize);
    heap_trim(heap, block);
}

/* Make a busy block `units` long where it is. */
bool heap_resize_in_place(HEAP *heap, HEAP_ENTRY *block, ULONG units)
{
    if (units > block->Size) {
        HEAP_ENTRY *next = block_next(block);
        if (!is_free(next) || (ULONG)block->Size + next->Size < units) {
            return false;
        }
        heap_unlink(heap, next);
        ULONG whole = (ULONG)block->Size + next->Size;
        HEAP_ENTRY *after = block_next(next);
        if (whole > 0xFFFF) { /* too long for one header: give back what is not needed */
            heap_make_free(heap, block + units, whole - units, (USHORT)units);
            block->Size = (USHORT)units;
            block_seal(block);
            return true;
        }
        block->Size = (USHORT)whole;
        after->PreviousSize = (USHORT)whole;
    }
    split(heap, block, units);
    block_seal(block);
    return true;
}
