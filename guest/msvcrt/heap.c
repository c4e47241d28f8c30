/* guest/msvcrt/heap.c: malloc and its family on the process heap. */
#include "crt.h"
#include "msvcrt.h"

static void *checked(void *block)
{
    if (!block)
        *_errno() = ENOMEM;
    return block;
}

void *malloc(size_t size)
{
    return checked(RtlAllocateHeap(GetProcessHeap(), 0, size));
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return checked(NULL);
    return checked(RtlAllocateHeap(GetProcessHeap(), HEAP_ZERO_MEMORY, bytes));
}

void free(void *block)
{
    if (block)
        RtlFreeHeap(GetProcessHeap(), 0, block);
}

void *realloc(void *block, size_t size)
{
    if (!block)
        return malloc(size);
    if (!size) {
        free(block);
        return NULL;
    }
    return checked(RtlReAllocateHeap(GetProcessHeap(), 0, block, size));
}

void *_recalloc(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return checked(NULL);
    if (!block)
        return calloc(count, size);
    return checked(RtlReAllocateHeap(GetProcessHeap(), HEAP_ZERO_MEMORY, block, bytes));
}

size_t _msize(void *block)
{
    if (!block) {
        *_errno() = EINVAL;
        return (size_t)-1;
    }
    return RtlSizeHeap(GetProcessHeap(), 0, block);
}

void *_expand(void *block, size_t size)
{
    return RtlReAllocateHeap(GetProcessHeap(), HEAP_REALLOC_IN_PLACE_ONLY, block, size);
}

#define _HEAPOK (-2)
#define _HEAPBADNODE (-4)

int _heapchk(void)
{
    return HeapValidate(GetProcessHeap(), 0, NULL) ? _HEAPOK : _HEAPBADNODE;
}

int _heapmin(void)
{
    HeapCompact(GetProcessHeap(), 0);
    return 0;
}

intptr_t _get_heap_handle(void)
{
    return (intptr_t)GetProcessHeap();
}

/* An aligned block: the pointer to the heap's block sits just before the address handed out. */
void *_aligned_offset_malloc(size_t size, size_t alignment, size_t offset)
{
    size_t total;
    if (alignment & (alignment - 1) || (offset && offset >= size)) {
        *_errno() = EINVAL;
        return NULL;
    }
    if (alignment < sizeof(void *))
        alignment = sizeof(void *);
    if (__builtin_add_overflow(size, alignment + 2 * sizeof(void *), &total))
        return checked(NULL);
    char *block = malloc(total);
    if (!block)
        return NULL;
    ULONG64 address = (ULONG64)block + sizeof(void *) + offset;
    address = ((address + alignment - 1) & ~(ULONG64)(alignment - 1)) - offset;
    memcpy((void *)(address - sizeof(void *)), &block, sizeof block);
    return (void *)address;
}

void *_aligned_malloc(size_t size, size_t alignment)
{
    return _aligned_offset_malloc(size, alignment, 0);
}

static void *aligned_block(const void *address)
{
    void *block;
    memcpy(&block, (const char *)address - sizeof block, sizeof block);
    return block;
}

void _aligned_free(void *address)
{
    if (address)
        free(aligned_block(address));
}

void *_aligned_offset_realloc(void *address, size_t size, size_t alignment, size_t offset)
{
    if (!address)
        return _aligned_offset_malloc(size, alignment, offset);
    if (!size) {
        _aligned_free(address);
        return NULL;
    }
    char *block = aligned_block(address);
    size_t old = _msize(block) - (size_t)((char *)address - block);
    void *fresh = _aligned_offset_malloc(size, alignment, offset);
    if (fresh) {
        memcpy(fresh, address, old < size ? old : size);
        free(block);
    }
    return fresh;
}

void *_aligned_realloc(void *address, size_t size, size_t alignment)
{
    return _aligned_offset_realloc(address, size, alignment, 0);
}
