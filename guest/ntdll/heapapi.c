/* guest/ntdll/heapapi.c: Rtl*Heap: arguments, locking, sizes; and the list of a process's heaps. */
#include "heap.h"

#define HEAP_LIST_STEP 16u

void *process_alloc(ULONG64 size)
{
    return RtlAllocateHeap(current_peb()->ProcessHeap, HEAP_ZERO_MEMORY, size);
}

void process_free(void *block)
{
    if (block) {
        RtlFreeHeap(current_peb()->ProcessHeap, 0, block);
    }
}

static bool lock(HEAP *heap, ULONG flags)
{
    if (((flags | heap->ForceFlags) & HEAP_NO_SERIALIZE) || !heap->LockVariable) {
        return false;
    }
    RtlEnterCriticalSection(&heap->LockVariable->Lock.CriticalSection);
    return true;
}

static void unlock(HEAP *heap, bool locked)
{
    if (locked) {
        RtlLeaveCriticalSection(&heap->LockVariable->Lock.CriticalSection);
    }
}

/* The header of a block that the caller says is his; NULL when it cannot be one. */
static HEAP_ENTRY *busy_block(const void *address)
{
    HEAP_ENTRY *block = (HEAP_ENTRY *)address - 1;
    if (!address || (ULONG64)address % HEAP_UNIT || !(block->Flags & HEAP_ENTRY_BUSY) ||
        (block->Flags & HEAP_ENTRY_LAST_ENTRY) || block->SmallTagIndex != block_checksum(block)) {
        return NULL;
    }
    return block;
}

static ULONG64 user_size(HEAP_ENTRY *block)
{
    if (block->Flags & HEAP_ENTRY_VIRTUAL_ALLOC) {
        return heap_large_entry(block)->CommitSize - block->Size;
    }
    return (ULONG64)block->Size * HEAP_UNIT - block->UnusedBytes;
}

static void *fail(ULONG flags)
{
    if (flags & HEAP_GENERATE_EXCEPTIONS) {
        RtlRaiseStatus(STATUS_NO_MEMORY);
    }
    return NULL;
}

static void set_user_size(HEAP_ENTRY *block, ULONG64 size)
{
    block->UnusedBytes = (UCHAR)((ULONG64)block->Size * HEAP_UNIT - size);
}

/* => heap locked, when it is to be */
static void *allocate(HEAP *heap, ULONG64 size)
{
    ULONG64 units = units_for(size);
    heap->Counters.AllocAndFreeOps++;
    if (units > heap->VirtualMemoryThreshold) {
        return heap->Flags & HEAP_GROWABLE ? heap_large_allocate(heap, size) : NULL;
    }
    HEAP_ENTRY *block = heap_take(heap, (ULONG)units);
    if (!block) {
        return NULL;
    }
    set_user_size(block, size);
    return block + 1;
}

/* NULL (or the exception STATUS_NO_MEMORY, by flag) when there is no memory. Blocks are 16-byte
 * aligned. */
void *RtlAllocateHeap(void *handle, ULONG flags, ULONG64 size)
{
    HEAP *heap = handle;
    flags |= heap->ForceFlags;
    if (size > heap->MaximumAllocationSize) {
        return fail(flags);
    }
    bool locked = lock(heap, flags);
    void *user = allocate(heap, size);
    unlock(heap, locked);
    if (!user) {
        return fail(flags);
    }
    if (flags & HEAP_ZERO_MEMORY) {
        memset(user, 0, size);
    }
    return user;
}

BOOLEAN RtlFreeHeap(void *handle, ULONG flags, void *address)
{
    HEAP *heap = handle;
    if (!address) {
        return 1;
    }
    bool locked = lock(heap, flags);
    HEAP_ENTRY *block = busy_block(address);
    if (!block) {
        unlock(heap, locked);
        heap_corrupt(address);
        return 0;
    }
    heap->Counters.AllocAndFreeOps++;
    if (block->Flags & HEAP_ENTRY_VIRTUAL_ALLOC) {
        heap_large_free(heap, block);
    } else {
        heap_give(heap, block);
    }
    unlock(heap, locked);
    return 1;
}

static bool resize(HEAP *heap, HEAP_ENTRY *block, ULONG64 size)
{
    ULONG64 units = units_for(size);
    if (block->Flags & HEAP_ENTRY_VIRTUAL_ALLOC) {
        HEAP_VIRTUAL_ALLOC_ENTRY *entry = heap_large_entry(block);
        ULONG64 room = entry->CommitSize - sizeof *entry;
        if (units <= heap->VirtualMemoryThreshold || size > room || room - size >= HEAP_PAGE) {
            return false;
        }
        block->Size = (USHORT)(entry->CommitSize - size);
        block_seal(block);
        return true;
    }
    if (units > heap->VirtualMemoryThreshold || !heap_resize_in_place(heap, block, (ULONG)units)) {
        return false;
    }
    set_user_size(block, size);
    return true;
}

void *RtlReAllocateHeap(void *handle, ULONG flags, void *address, ULONG64 size)
{
    HEAP *heap = handle;
    flags |= heap->ForceFlags;
    if (!address || size > heap->MaximumAllocationSize) {
        return address ? fail(flags) : NULL;
    }
    bool locked = lock(heap, flags);
    HEAP_ENTRY *block = busy_block(address);
    if (!block) {
        unlock(heap, locked);
        heap_corrupt(address);
        return NULL;
    }
    ULONG64 old = user_size(block);
    void *user = address;
    if (!resize(heap, block, size)) {
        user = flags & HEAP_REALLOC_IN_PLACE_ONLY ? NULL : allocate(heap, size);
        if (user) {
            memcpy(user, address, old < size ? old : size);
            if (block->Flags & HEAP_ENTRY_VIRTUAL_ALLOC) {
                heap_large_free(heap, block);
            } else {
                heap_give(heap, block);
            }
        }
    }
    unlock(heap, locked);
    if (!user) {
        return fail(flags);
    }
    if ((flags & HEAP_ZERO_MEMORY) && size > old) {
        memset((char *)user + old, 0, size - old);
    }
    return user;
}

/* Bytes that were asked for; -1 when it is not a block. */
ULONG64 RtlSizeHeap(void *handle, ULONG flags, const void *address)
{
    HEAP *heap = handle;
    bool locked = lock(heap, flags);
    HEAP_ENTRY *block = busy_block(address);
    ULONG64 size = block ? user_size(block) : (ULONG64)-1;
    unlock(heap, locked);
    return size;
}

BOOLEAN RtlLockHeap(void *handle)
{
    return lock(handle, 0);
}

BOOLEAN RtlUnlockHeap(void *handle)
{
    HEAP *heap = handle;
    if (!heap->LockVariable) {
        return 0;
    }
    unlock(heap, true);
    return 1;
}

/* ---- checking ---- */

/* Walk the blocks of a segment: headers intact, sizes chained, free ones counted. */
static bool check_segment(HEAP *heap, HEAP_SEGMENT *segment, const HEAP_ENTRY *wanted, bool *seen,
                          ULONG64 *free_units)
{
    HEAP_UCR_DESCRIPTOR *ucr = NULL;
    if (!list_empty(&segment->UCRSegmentList)) {
        ucr = CONTAINER(segment->UCRSegmentList.Flink, HEAP_UCR_DESCRIPTOR, SegmentEntry);
    }
    HEAP_ENTRY *end = ucr ? ucr->Address : segment->LastValidEntry;
    USHORT previous = 0;
    (void)heap;
    for (HEAP_ENTRY *block = segment->FirstEntry; block < end; block = block_next(block)) {
        if (block->SmallTagIndex != block_checksum(block) || !block->Size ||
            block->PreviousSize != previous) {
            return false;
        }
        if (!(block->Flags & HEAP_ENTRY_BUSY)) {
            *free_units += block->Size;
        }
        *seen |= block == wanted;
        if (block->Flags & HEAP_ENTRY_LAST_ENTRY) {
            return block + 1 == end;
        }
        previous = block->Size;
    }
    return false;
}

/* The whole heap, or that `address` is one of its busy blocks. */
BOOLEAN RtlValidateHeap(void *handle, ULONG flags, const void *address)
{
    HEAP *heap = handle;
    if (!heap || heap->Signature != HEAP_SIGNATURE) {
        return 0;
    }
    bool locked = lock(heap, flags);
    HEAP_ENTRY *wanted = address ? busy_block(address) : NULL;
    bool ok = !address || wanted, seen = !address;
    ULONG64 free_units = 0;
    LIST_ENTRY *head = &heap->SegmentList;
    for (LIST_ENTRY *link = head->Flink; ok && link != head; link = link->Flink) {
        ok = check_segment(heap, CONTAINER(link, HEAP_SEGMENT, SegmentListEntry), wanted, &seen,
                           &free_units);
    }
    head = &heap->VirtualAllocdBlocks;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        seen |= wanted == &CONTAINER(link, HEAP_VIRTUAL_ALLOC_ENTRY, Entry)->BusyBlock;
    }
    ok = ok && seen && free_units == heap->TotalFreeSize;
    unlock(heap, locked);
    return ok;
}

/* Blocks are coalesced as they are freed; the largest free one, in bytes. */
ULONG64 RtlCompactHeap(void *handle, ULONG flags)
{
    HEAP *heap = handle;
    bool locked = lock(heap, flags);
    ULONG64 largest = 0;
    if (!list_empty(&heap->FreeLists)) {
        largest = CONTAINER(heap->FreeLists.Blink, HEAP_FREE_ENTRY, FreeList)->Size;
        largest = largest * HEAP_UNIT - 8;
    }
    unlock(heap, locked);
    return largest;
}

/* ---- a process's heaps: PEB.ProcessHeaps, under the PEB lock ---- */

static bool list_heap(HEAP *heap)
{
    PEB *peb = current_peb();
    bool ok = true;
    RtlAcquirePebLock();
    if (peb->NumberOfHeaps == peb->MaximumNumberOfHeaps) {
        ULONG count = peb->MaximumNumberOfHeaps + HEAP_LIST_STEP;
        void *owner = peb->ProcessHeap ? peb->ProcessHeap : heap;
        void **grown = RtlAllocateHeap(owner, HEAP_ZERO_MEMORY, count * sizeof *grown);
        if (grown) {
            void **old = peb->ProcessHeaps;
            memcpy(grown, old, peb->NumberOfHeaps * sizeof *grown);
            peb->ProcessHeaps = grown;
            peb->MaximumNumberOfHeaps = count;
            RtlFreeHeap(owner, 0, old);
        }
        ok = grown != NULL;
    }
    if (ok) {
        peb->ProcessHeaps[peb->NumberOfHeaps++] = heap;
        heap->ProcessHeapsListIndex = (USHORT)peb->NumberOfHeaps;
    }
    RtlReleasePebLock();
    return ok;
}

static void unlist_heap(HEAP *heap)
{
    PEB *peb = current_peb();
    RtlAcquirePebLock();
    for (ULONG i = 0; i < peb->NumberOfHeaps; i++) {
        if (peb->ProcessHeaps[i] == heap) {
            HEAP *last = peb->ProcessHeaps[--peb->NumberOfHeaps];
            peb->ProcessHeaps[i] = last;
            last->ProcessHeapsListIndex = (USHORT)(i + 1);
            break;
        }
    }
    RtlReleasePebLock();
}

/* `lock` and `parameters` are accepted as NULL only: a caller's own lock or commit routine is not
 * had. */
void *RtlCreateHeap(ULONG flags, void *base, ULONG64 reserve, ULONG64 commit, void *lock_section,
                    void *parameters)
{
    if (lock_section || parameters) {
        return NULL;
    }
    HEAP *heap = heap_create(flags, base, reserve, commit);
    if (heap && !list_heap(heap)) {
        heap_destroy(heap);
        heap = NULL;
    }
    return heap;
}

/* => NULL for success, the heap when it is none or the process's own */
void *RtlDestroyHeap(void *handle)
{
    HEAP *heap = handle;
    if (!heap || heap == current_peb()->ProcessHeap || heap->Signature != HEAP_SIGNATURE) {
        return handle;
    }
    unlist_heap(heap);
    heap_destroy(heap);
    return NULL;
}

ULONG RtlGetProcessHeaps(ULONG count, void **heaps)
{
    PEB *peb = current_peb();
    RtlAcquirePebLock();
    ULONG total = peb->NumberOfHeaps;
    if (total <= count) {
        memcpy(heaps, peb->ProcessHeaps, total * sizeof *heaps);
    }
    RtlReleasePebLock();
    return total;
}

enum { HeapCompatibilityInformation = 0, HeapEnableTerminationOnCorruption = 1 };

/* Corruption always ends the process here; the low-fragmentation front end (2) is taken as advice.
 */
NTSTATUS RtlSetHeapInformation(void *handle, ULONG class, void *information, ULONG64 length)
{
    (void)handle;
    if (class == HeapEnableTerminationOnCorruption) {
        return STATUS_SUCCESS;
    }
    if (class != HeapCompatibilityInformation) {
        return STATUS_INVALID_PARAMETER;
    }
    if (length < sizeof(ULONG)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    return *(ULONG *)information <= 2 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

NTSTATUS RtlQueryHeapInformation(void *handle, ULONG class, void *information, ULONG64 length,
                                 ULONG64 *returned)
{
    if (returned) {
        *returned = sizeof(ULONG);
    }
    if (class != HeapCompatibilityInformation) {
        return STATUS_INVALID_PARAMETER;
    }
    if (length < sizeof(ULONG)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    *(ULONG *)information = ((HEAP *)handle)->FrontEndHeapType;
    return STATUS_SUCCESS;
}
