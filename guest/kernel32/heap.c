/* guest/kernel32/heap.c: the heap functions and their 16-bit heirs, Global* and Local*.
 *
 * Global and Local memory is a block of the process heap. A fixed block's handle is its address. A
 * moveable block's handle is the address of a `struct moveable`, whose address ends in 8 so that
 * the two kinds can be told apart; heap blocks are 16-byte aligned, so a fixed handle never does.
 */
#include "k32.h"

#define GMEM_MOVEABLE 0x2u
#define GMEM_ZEROINIT 0x40u
#define GMEM_MODIFY 0x80u
#define GMEM_DISCARDABLE 0x100u
#define GMEM_INVALID_HANDLE 0x8000u
#define GMEM_VALID_FLAGS 0x7F72u

#define MOVEABLE_MAGIC 0x4D4F564Cu

struct moveable_block {
    ULONG64 pad; /* puts `handle` 8 bytes into a 16-byte aligned block */
    void *data;  /* the handle is the address of this member */
    ULONG magic;
    ULONG locks;
};

HANDLE GetProcessHeap(void)
{
    return current_peb()->ProcessHeap;
}

ULONG GetProcessHeaps(ULONG count, HANDLE *heaps)
{
    return RtlGetProcessHeaps(count, heaps);
}

HANDLE HeapCreate(ULONG options, ULONG64 initial, ULONG64 maximum)
{
    ULONG flags =
        options & (HEAP_NO_SERIALIZE | HEAP_GENERATE_EXCEPTIONS | HEAP_CREATE_ENABLE_EXECUTE);
    if (maximum == 0)
        flags |= HEAP_GROWABLE;
    else if (initial > maximum)
        initial = maximum;
    HANDLE heap = RtlCreateHeap(flags, NULL, maximum, initial, NULL, NULL);
    if (!heap)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return heap;
}

BOOL HeapDestroy(HANDLE heap)
{
    return RtlDestroyHeap(heap) == NULL ? TRUE : fail_error(ERROR_INVALID_HANDLE);
}

BOOL HeapFree(HANDLE heap, ULONG flags, void *block)
{
    return RtlFreeHeap(heap, flags, block) ? TRUE : fail_error(ERROR_INVALID_PARAMETER);
}

BOOL HeapValidate(HANDLE heap, ULONG flags, const void *block)
{
    return RtlValidateHeap(heap, flags, (void *)block);
}

ULONG64 HeapCompact(HANDLE heap, ULONG flags)
{
    return RtlCompactHeap(heap, flags);
}

BOOL HeapLock(HANDLE heap)
{
    return RtlLockHeap(heap);
}

BOOL HeapUnlock(HANDLE heap)
{
    return RtlUnlockHeap(heap);
}

BOOL HeapSetInformation(HANDLE heap, ULONG class, void *info, ULONG64 length)
{
    return done(RtlSetHeapInformation(heap, class, info, length));
}

static struct moveable_block *moveable_of(const void *handle)
{
    if (((ULONG64)handle & 0xF) != 8)
        return NULL;
    struct moveable_block *block =
        (struct moveable_block *)((char *)handle - offsetof(struct moveable_block, data));
    return block->magic == MOVEABLE_MAGIC ? block : NULL;
}

static HANDLE alloc_moveable(ULONG flags, ULONG64 size)
{
    HANDLE heap = GetProcessHeap();
    struct moveable_block *block = heap_alloc(sizeof *block);
    if (!block)
        return NULL;
    *block = (struct moveable_block){.magic = MOVEABLE_MAGIC};
    if (size) {
        block->data = RtlAllocateHeap(heap, flags & GMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0, size);
        if (!block->data) {
            heap_free(block);
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
            return NULL;
        }
    }
    return &block->data;
}

HANDLE GlobalAlloc(UINT flags, ULONG64 size)
{
    if (flags & ~GMEM_VALID_FLAGS) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (flags & GMEM_MOVEABLE)
        return alloc_moveable(flags, size);
    void *block =
        RtlAllocateHeap(GetProcessHeap(), flags & GMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0, size);
    if (!block)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return block;
}

HANDLE GlobalFree(HANDLE handle)
{
    struct moveable_block *block = moveable_of(handle);
    if (!handle)
        return NULL;
    if (block) {
        heap_free(block->data);
        block->magic = 0;
        heap_free(block);
        return NULL;
    }
    if (RtlFreeHeap(GetProcessHeap(), 0, handle))
        return NULL;
    SetLastError(ERROR_INVALID_HANDLE);
    return handle;
}

static HANDLE realloc_moveable(struct moveable_block *block, ULONG64 size, ULONG heap_flags)
{
    HANDLE heap = GetProcessHeap();
    void *data = block->data ? RtlReAllocateHeap(heap, heap_flags, block->data, size)
                             : RtlAllocateHeap(heap, heap_flags, size);
    if (!data) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    block->data = data;
    return &block->data;
}

HANDLE GlobalReAlloc(HANDLE handle, ULONG64 size, UINT flags)
{
    struct moveable_block *block = moveable_of(handle);
    ULONG heap_flags = flags & GMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    if (flags & ~(GMEM_VALID_FLAGS | GMEM_MODIFY)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (flags & GMEM_MODIFY)
        return handle; /* only the discardable attribute can change, and nothing is discarded */
    if (block)
        return realloc_moveable(block, size, heap_flags);
    if (!(flags & GMEM_MOVEABLE))
        heap_flags |= HEAP_REALLOC_IN_PLACE_ONLY;
    void *data = RtlReAllocateHeap(GetProcessHeap(), heap_flags, handle, size);
    if (!data)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return data;
}

void *GlobalLock(HANDLE handle)
{
    struct moveable_block *block = moveable_of(handle);
    if (!block)
        return handle;
    if (block->data)
        __atomic_add_fetch(&block->locks, 1, __ATOMIC_SEQ_CST);
    return block->data;
}

BOOL GlobalUnlock(HANDLE handle)
{
    struct moveable_block *block = moveable_of(handle);
    if (!block)
        return TRUE;
    ULONG locks = __atomic_load_n(&block->locks, __ATOMIC_SEQ_CST);
    do {
        if (locks == 0)
            return fail_error(ERROR_NOT_LOCKED);
    } while (!__atomic_compare_exchange_n(&block->locks, &locks, locks - 1, FALSE, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    if (locks == 1)
        return fail_error(ERROR_SUCCESS); /* unlocked now: FALSE with no error, as documented */
    return TRUE;
}

ULONG64 GlobalSize(HANDLE handle)
{
    struct moveable_block *block = moveable_of(handle);
    void *data = block ? block->data : handle;
    if (!data)
        return 0;
    ULONG64 size = RtlSizeHeap(GetProcessHeap(), 0, data);
    if (size == (ULONG64)-1) {
        SetLastError(ERROR_INVALID_HANDLE);
        return 0;
    }
    return size;
}

UINT GlobalFlags(HANDLE handle)
{
    struct moveable_block *block = moveable_of(handle);
    if (block)
        return block->locks & 0xFF;
    if (RtlSizeHeap(GetProcessHeap(), 0, handle) == (ULONG64)-1) {
        SetLastError(ERROR_INVALID_HANDLE);
        return GMEM_INVALID_HANDLE;
    }
    return 0;
}

HANDLE LocalAlloc(UINT flags, ULONG64 size)
{
    return GlobalAlloc(flags, size);
}

HANDLE LocalFree(HANDLE handle)
{
    return GlobalFree(handle);
}

HANDLE LocalReAlloc(HANDLE handle, ULONG64 size, UINT flags)
{
    return GlobalReAlloc(handle, size, flags);
}

void *LocalLock(HANDLE handle)
{
    return GlobalLock(handle);
}

BOOL LocalUnlock(HANDLE handle)
{
    return GlobalUnlock(handle);
}

ULONG64 LocalSize(HANDLE handle)
{
    return GlobalSize(handle);
}

UINT LocalFlags(HANDLE handle)
{
    return GlobalFlags(handle);
}
