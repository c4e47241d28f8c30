/* guest/ntdll/heap.h: the inside of heaps, in the structures of Windows 7.
 *
 *      segment 0:  HEAP (starts with a HEAP_SEGMENT) | lock, index | blocks ... | sentinel |
 * uncommitted segment n:  HEAP_SEGMENT                      |             | blocks ... | sentinel |
 * uncommitted
 *
 * Blocks lie back to back, counted in units of 16 bytes. A HEAP_ENTRY heads each:
 *
 *      Size            units, header included
 *      PreviousSize    Size of the block before; 0 for the first
 *      Flags           HEAP_ENTRY_BUSY, ...; HEAP_ENTRY_LAST_ENTRY on the sentinel, which is always
 * busy SmallTagIndex   checksum: exclusive or of the bytes of Size and Flags UnusedBytes     busy:
 * bytes of the block that the owner did not ask for, header included
 *
 * The first quadword of a header belongs to the block before it, so the overhead is 8 bytes. Free
 * blocks are in HEAP.FreeLists, sorted by size; HEAP.BlocksIndex has for each small size the first
 * one. Blocks beyond VirtualMemoryThreshold are allocations of their own, in VirtualAllocdBlocks.
 *
 * Lock: HEAP.LockVariable for everything here. */
#pragma once

#include "nt/layout.h"
#include "ntdllp.h"

#define HEAP_UNIT 16u
#define HEAP_MINIMUM_UNITS 2u
#define HEAP_MAXIMUM_UNITS 0xFE00u
#define HEAP_PAGE 0x1000ull
#define HEAP_SIGNATURE 0xEEFFEEFFu
#define HEAP_SEGMENT_SIGNATURE 0xFFEEFFEEu
#define HEAP_INDEX_SIZE 128u

#define HEAP_ENTRY_BUSY 0x01u
#define HEAP_ENTRY_VIRTUAL_ALLOC 0x08u
#define HEAP_ENTRY_LAST_ENTRY 0x10u
#define HEAP_LARGE_UNUSED 4u /* UnusedBytes of a virtual block's entry; Size has the count */

static inline HEAP_ENTRY *block_next(HEAP_ENTRY *block)
{
    return block + block->Size;
}

static inline UCHAR block_checksum(const HEAP_ENTRY *block)
{
    return (UCHAR)(block->Size ^ block->Size >> 8 ^ block->Flags);
}

static inline void block_seal(HEAP_ENTRY *block)
{
    block->SmallTagIndex = block_checksum(block);
}

/* What a request needs: the quadword that the next header lends, whole units, at least two. */
static inline ULONG64 units_for(ULONG64 size)
{
    ULONG64 units = (size + 8 + HEAP_UNIT - 1) / HEAP_UNIT;
    return units < HEAP_MINIMUM_UNITS ? HEAP_MINIMUM_UNITS : units;
}

/* heap.c */
HEAP_ENTRY *heap_take(HEAP *heap, ULONG units);
void heap_give(HEAP *heap, HEAP_ENTRY *block);
void heap_make_free(HEAP *heap, HEAP_ENTRY *block, ULONG64 units, USHORT previous);
void heap_unlink(HEAP *heap, HEAP_ENTRY *block);
bool heap_resize_in_place(HEAP *heap, HEAP_ENTRY *block, ULONG units);
/* The heap's structures are damaged: raise STATUS_HEAP_CORRUPTION, which ends the process. */
void heap_corrupt(void *address);

/* heapseg.c */
HEAP *heap_create(ULONG flags, void *base, ULONG64 reserve, ULONG64 commit);
void heap_destroy(HEAP *heap);
/* Make more free memory of at least `units` in one block. */
bool heap_grow(HEAP *heap, ULONG units);
/* Give whole pages at the end of a segment back, when `block`, free, is the last before the
 * sentinel. */
void heap_trim(HEAP *heap, HEAP_ENTRY *block);
HEAP_SEGMENT *heap_segment_of(HEAP *heap, const void *address);
void *heap_large_allocate(HEAP *heap, ULONG64 size);
void heap_large_free(HEAP *heap, HEAP_ENTRY *block);
HEAP_VIRTUAL_ALLOC_ENTRY *heap_large_entry(HEAP_ENTRY *block);
