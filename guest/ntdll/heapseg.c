/* guest/ntdll/heapseg.c: where heaps get their memory: segments, and large blocks of their own.
 *
 * A segment reserves address space and commits it from the start. One uncommitted range is left at
 * its end, described by a HEAP_UCR_DESCRIPTOR behind the segment's header. The sentinel, one busy
 * unit, ends the committed part; committing more turns it into the head of a free block. */
#include "heap.h"

#define COMMIT_STEP                                                                                \
    0x10000ull /* what a growing heap commits at least, to make few system calls                   \
                */
#define LARGEST_SEGMENT 0x1000000ull

struct segment_header {
    HEAP_SEGMENT segment;
    HEAP_UCR_DESCRIPTOR uncommitted;
};

struct heap_header { /* segment 0 */
    HEAP heap;
    HEAP_UCR_DESCRIPTOR uncommitted;
    HEAP_LOCK lock;
    HEAP_LIST_LOOKUP index;
    ULONG in_use[HEAP_INDEX_SIZE / 32];
    LIST_ENTRY *hints[HEAP_INDEX_SIZE];
};

static HEAP_UCR_DESCRIPTOR *uncommitted(HEAP *heap, HEAP_SEGMENT *segment)
{
    return (void *)segment == (void *)heap ? &((struct heap_header *)heap)->uncommitted
                                           : &((struct segment_header *)segment)->uncommitted;
}

static ULONG64 round_up(ULONG64 value, ULONG64 to)
{
    return (value + to - 1) & -to;
}

static ULONG protection(const HEAP *heap)
{
    return heap->Flags & HEAP_CREATE_ENABLE_EXECUTE ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
}

static bool commit(HEAP *heap, void *address, ULONG64 size)
{
    if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &address, 0, &size, MEM_COMMIT,
                                            protection(heap)))) {
        heap->Counters.CommitFailures++;
        return false;
    }
    heap->Counters.CommittOps++;
    heap->Counters.TotalMemoryCommitted += size;
    return true;
}

static void release(void *base)
{
    ULONG64 size = 0;
    NtFreeVirtualMemory(NtCurrentProcess(), &base, &size, MEM_RELEASE);
}

/* Keep lists and counts in step with the size of the uncommitted range. */
static void set_uncommitted(HEAP *heap, HEAP_SEGMENT *segment, void *address, ULONG64 size)
{
    HEAP_UCR_DESCRIPTOR *ucr = uncommitted(heap, segment);
    if (ucr->Size && !size) {
        list_remove(&ucr->ListEntry);
        list_remove(&ucr->SegmentEntry);
        segment->NumberOfUnCommittedRanges--;
        heap->Counters.TotalUCRs--;
    } else if (!ucr->Size && size) {
        list_append(&heap->UCRList, &ucr->ListEntry);
        list_append(&segment->UCRSegmentList, &ucr->SegmentEntry);
        segment->NumberOfUnCommittedRanges++;
        heap->Counters.TotalUCRs++;
    }
    ucr->Address = address;
    ucr->Size = size;
    segment->NumberOfUnCommittedPages = (ULONG)(size / HEAP_PAGE);
}

static void put_sentinel(HEAP_ENTRY *at, USHORT previous)
{
    at->Size = 1;
    at->PreviousSize = previous;
    at->Flags = HEAP_ENTRY_BUSY | HEAP_ENTRY_LAST_ENTRY;
    at->SegmentOffset = 0;
    at->UnusedBytes = 0;
    block_seal(at);
}

/* Fill a segment's header of `header` bytes and make its committed rest one free block. */
static void init_segment(HEAP *heap, HEAP_SEGMENT *segment, ULONG64 header, ULONG64 committed,
                         ULONG64 reserved)
{
    char *base = (char *)segment;
    segment->SegmentSignature = HEAP_SEGMENT_SIGNATURE;
    segment->Heap = heap;
    segment->BaseAddress = base;
    segment->NumberOfPages = (ULONG)(reserved / HEAP_PAGE);
    segment->Entry.Size = (USHORT)(header / HEAP_UNIT);
    segment->Entry.Flags = HEAP_ENTRY_BUSY;
    block_seal(&segment->Entry);
    segment->FirstEntry = (HEAP_ENTRY *)(base + header);
    segment->LastValidEntry = (HEAP_ENTRY *)(base + reserved);
    list_init(&segment->UCRSegmentList);
    list_append(&heap->SegmentList, &segment->SegmentListEntry);
    heap->Counters.TotalSegments++;
    heap->Counters.TotalMemoryReserved += reserved;
    set_uncommitted(heap, segment, base + committed, reserved - committed);

    HEAP_ENTRY *sentinel = (HEAP_ENTRY *)(base + committed) - 1;
    put_sentinel(sentinel, 0);
    heap_make_free(heap, segment->FirstEntry, (ULONG64)(sentinel - segment->FirstEntry),
                   segment->Entry.Size);
    segment->FirstEntry->PreviousSize = 0; /* nothing to coalesce with below */
}

HEAP *heap_create(ULONG flags, void *base, ULONG64 reserve, ULONG64 initial)
{
    const PEB *peb = current_peb();
    ULONG64 header = round_up(sizeof(struct heap_header), HEAP_UNIT);
    ULONG64 least = round_up(header + 4 * HEAP_UNIT, HEAP_PAGE);
    initial = round_up(initial ? initial : peb->HeapSegmentCommit, HEAP_PAGE);
    initial = initial < least ? least : initial;
    reserve = round_up(reserve ? reserve : peb->HeapSegmentReserve, MM_ALLOCATION_GRANULARITY);
    reserve = reserve < initial ? round_up(initial, MM_ALLOCATION_GRANULARITY) : reserve;

    HEAP created = {.Flags = flags};
    if (!base && !NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &reserve,
                                                     MEM_RESERVE, protection(&created)))) {
        return NULL;
    }
    if (!commit(&created, base, initial)) {
        release(base);
        return NULL;
    }
    struct heap_header *h = base;
    HEAP *heap = &h->heap;
    memset(h, 0, sizeof *h);
    heap->Flags = flags;
    heap->ForceFlags = flags & (HEAP_NO_SERIALIZE | HEAP_GENERATE_EXCEPTIONS | HEAP_ZERO_MEMORY);
    heap->Signature = HEAP_SIGNATURE;
    heap->VirtualMemoryThreshold = HEAP_MAXIMUM_UNITS;
    heap->SegmentReserve = peb->HeapSegmentReserve;
    heap->SegmentCommit = peb->HeapSegmentCommit;
    heap->DeCommitFreeBlockThreshold = peb->HeapDeCommitFreeBlockThreshold / HEAP_UNIT;
    heap->DeCommitTotalFreeThreshold = peb->HeapDeCommitTotalFreeThreshold / HEAP_UNIT;
    heap->MaximumAllocationSize = MM_HIGHEST_USER_ADDRESS - HEAP_PAGE;
    heap->HeaderValidateLength = (USHORT)sizeof(HEAP);
    heap->AlignRound = 8 + HEAP_UNIT - 1;
    heap->AlignMask = -(ULONG64)HEAP_UNIT;
    heap->Counters.CommittOps = 1;
    heap->Counters.TotalMemoryCommitted = initial;
    list_init(&heap->UCRList);
    list_init(&heap->VirtualAllocdBlocks);
    list_init(&heap->SegmentList);
    list_init(&heap->FreeLists);
    heap->BlocksIndex = &h->index;
    h->index = (HEAP_LIST_LOOKUP){.ArraySize = HEAP_INDEX_SIZE,
                                  .ListHead = &heap->FreeLists,
                                  .ListsInUseUlong = h->in_use,
                                  .ListHints = h->hints};
    if (!(flags & HEAP_NO_SERIALIZE)) {
        heap->LockVariable = &h->lock;
        RtlInitializeCriticalSectionAndSpinCount(&h->lock.Lock.CriticalSection, 4000);
    }
    init_segment(heap, (HEAP_SEGMENT *)heap, header, initial, reserve);
    return heap;
}

/* Release all memory of a heap, which nobody uses any more; the one with the HEAP itself last. */
void heap_destroy(HEAP *heap)
{
    while (!list_empty(&heap->VirtualAllocdBlocks)) {
        LIST_ENTRY *link = heap->VirtualAllocdBlocks.Flink;
        list_remove(link);
        release(CONTAINER(link, HEAP_VIRTUAL_ALLOC_ENTRY, Entry));
    }
    if (heap->LockVariable) {
        RtlDeleteCriticalSection(&heap->LockVariable->Lock.CriticalSection);
    }
    heap->Signature = 0;
    while (!list_empty(&heap->SegmentList)) {
        LIST_ENTRY *link = heap->SegmentList.Blink;
        HEAP_SEGMENT *segment = CONTAINER(link, HEAP_SEGMENT, SegmentListEntry);
        if ((void *)segment == (void *)heap) {
            break;
        }
        list_remove(link);
        release(segment);
    }
    release(heap);
}

/* Commit more at the end of a segment: at least `bytes`, a step if there is as much. */
static bool extend(HEAP *heap, HEAP_SEGMENT *segment, ULONG64 bytes)
{
    HEAP_UCR_DESCRIPTOR *ucr = uncommitted(heap, segment);
    ULONG64 size = round_up(bytes, HEAP_PAGE);
    if (size > ucr->Size) {
        return false;
    }
    if (size < COMMIT_STEP) {
        size = ucr->Size < COMMIT_STEP ? ucr->Size : COMMIT_STEP;
    }
    char *start = ucr->Address;
    if (!commit(heap, start, size)) {
        return false;
    }
    set_uncommitted(heap, segment, start + size, ucr->Size - size);

    HEAP_ENTRY *block = (HEAP_ENTRY *)start - 1; /* the old sentinel */
    ULONG64 units = size / HEAP_UNIT;
    USHORT previous = block->PreviousSize;
    put_sentinel((HEAP_ENTRY *)(start + size) - 1, 0);
    if (previous) {
        HEAP_ENTRY *before = block - previous;
        if (!(before->Flags & HEAP_ENTRY_BUSY)) {
            heap_unlink(heap, before);
            units += before->Size;
            block = before;
            previous = before->PreviousSize;
        }
    }
    heap_make_free(heap, block, units, previous);
    return true;
}

/* Free units directly before the sentinel, which new memory will join. */
static ULONG tail_units(HEAP *heap, HEAP_SEGMENT *segment)
{
    HEAP_ENTRY *sentinel = (HEAP_ENTRY *)uncommitted(heap, segment)->Address - 1;
    HEAP_ENTRY *last = sentinel - sentinel->PreviousSize;
    return sentinel->PreviousSize && !(last->Flags & HEAP_ENTRY_BUSY) ? last->Size : 0;
}

static bool add_segment(HEAP *heap, ULONG units)
{
    ULONG64 header = round_up(sizeof(struct segment_header), HEAP_UNIT);
    ULONG64 need = round_up(header + (units + 1ull) * HEAP_UNIT, HEAP_PAGE);
    ULONG64 reserve = heap->SegmentReserve;
    if (reserve < need) {
        reserve = round_up(need, MM_ALLOCATION_GRANULARITY);
    }
    void *base = NULL;
    if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &reserve, MEM_RESERVE,
                                            protection(heap)))) {
        return false;
    }
    ULONG64 initial = need < COMMIT_STEP ? COMMIT_STEP : need;
    if (!commit(heap, base, initial)) {
        release(base);
        return false;
    }
    if (heap->SegmentReserve < LARGEST_SEGMENT) {
        heap->SegmentReserve *= 2;
    }
    memset(base, 0, header);
    init_segment(heap, base, header, initial, reserve);
    return true;
}

bool heap_grow(HEAP *heap, ULONG units)
{
    LIST_ENTRY *head = &heap->UCRList;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        HEAP_UCR_DESCRIPTOR *ucr = CONTAINER(link, HEAP_UCR_DESCRIPTOR, ListEntry);
        HEAP_SEGMENT *segment = heap_segment_of(heap, (char *)ucr->Address - 1);
        if (segment &&
            extend(heap, segment, (units - tail_units(heap, segment)) * (ULONG64)HEAP_UNIT)) {
            return true;
        }
    }
    return (heap->Flags & HEAP_GROWABLE) && add_segment(heap, units);
}

void heap_trim(HEAP *heap, HEAP_ENTRY *block)
{
    HEAP_ENTRY *sentinel = block_next(block);
    if (!(sentinel->Flags & HEAP_ENTRY_LAST_ENTRY) ||
        block->Size < heap->DeCommitFreeBlockThreshold ||
        heap->TotalFreeSize < heap->DeCommitTotalFreeThreshold) {
        return;
    }
    HEAP_SEGMENT *segment = heap_segment_of(heap, block);
    char *end = (char *)(sentinel + 1);
    char *keep = (char *)round_up((ULONG64)(block + HEAP_MINIMUM_UNITS + 1), COMMIT_STEP);
    if (!segment || keep >= end) {
        return;
    }
    void *base = keep;
    ULONG64 size = (ULONG64)(end - keep);
    if (!NT_SUCCESS(NtFreeVirtualMemory(NtCurrentProcess(), &base, &size, MEM_DECOMMIT))) {
        return;
    }
    heap->Counters.DeCommitOps++;
    heap->Counters.TotalMemoryCommitted -= size;
    USHORT previous = block->PreviousSize;
    heap_unlink(heap, block);
    HEAP_ENTRY *last = (HEAP_ENTRY *)keep - 1;
    put_sentinel(last, 0);
    heap_make_free(heap, block, (ULONG64)(last - block), previous);
    set_uncommitted(heap, segment, keep, uncommitted(heap, segment)->Size + size);
}

HEAP_SEGMENT *heap_segment_of(HEAP *heap, const void *address)
{
    LIST_ENTRY *head = &heap->SegmentList;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        HEAP_SEGMENT *segment = CONTAINER(link, HEAP_SEGMENT, SegmentListEntry);
        if ((ULONG64)address - (ULONG64)segment->BaseAddress < segment->NumberOfPages * HEAP_PAGE) {
            return segment;
        }
    }
    return NULL;
}

/* ---- large blocks ---- */

HEAP_VIRTUAL_ALLOC_ENTRY *heap_large_entry(HEAP_ENTRY *block)
{
    return CONTAINER(block, HEAP_VIRTUAL_ALLOC_ENTRY, BusyBlock);
}

void *heap_large_allocate(HEAP *heap, ULONG64 size)
{
    void *base = NULL;
    ULONG64 bytes = round_up(size + sizeof(HEAP_VIRTUAL_ALLOC_ENTRY), HEAP_PAGE);
    if (bytes < size ||
        !NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &bytes,
                                            MEM_RESERVE | MEM_COMMIT, protection(heap)))) {
        return NULL;
    }
    HEAP_VIRTUAL_ALLOC_ENTRY *entry = base;
    entry->CommitSize = entry->ReserveSize = bytes;
    entry->BusyBlock.Size = (USHORT)(bytes - size); /* less than a page and the header */
    entry->BusyBlock.Flags = HEAP_ENTRY_BUSY | HEAP_ENTRY_VIRTUAL_ALLOC;
    entry->BusyBlock.UnusedBytes = HEAP_LARGE_UNUSED;
    block_seal(&entry->BusyBlock);
    list_append(&heap->VirtualAllocdBlocks, &entry->Entry);
    heap->Counters.TotalSizeInVirtualBlocks += bytes;
    return &entry->BusyBlock + 1;
}

void heap_large_free(HEAP *heap, HEAP_ENTRY *block)
{
    HEAP_VIRTUAL_ALLOC_ENTRY *entry = heap_large_entry(block);
    list_remove(&entry->Entry);
    heap->Counters.TotalSizeInVirtualBlocks -= entry->CommitSize;
    release(entry);
}
