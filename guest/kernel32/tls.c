/* guest/kernel32/tls.c: thread-local and fiber-local storage by index.
 *
 * TLS: 64 slots in the TEB, then 1024 more in a block that a thread gets on first use. Which
 * indexes are taken is in two bitmaps in the PEB, as on Windows; the kernel zeroes a freed index in
 * every thread (ThreadZeroTlsCell).
 *
 * FLS: PEB.FlsBitmapBits says which of the 128 indexes are taken, PEB.FlsCallback has their
 * callbacks, TEB.FlsData points to the thread's values, and all of these blocks hang on
 * PEB.FlsListHead so that FlsFree reaches every thread's value. All under the PEB lock, except for
 * callbacks themselves. */
#include "k32.h"

#define BITS_PER_WORD 32u

static void lock(void)
{
    RtlAcquirePebLock();
}

static void unlock(void)
{
    RtlReleasePebLock();
}

static ULONG take_clear_bit(ULONG *words, ULONG count)
{
    for (ULONG i = 0; i < count; i++) {
        ULONG bit = 1u << (i % BITS_PER_WORD);
        if (!(words[i / BITS_PER_WORD] & bit)) {
            words[i / BITS_PER_WORD] |= bit;
            return i;
        }
    }
    return TLS_OUT_OF_INDEXES;
}

static BOOL test_bit(const ULONG *words, ULONG index)
{
    return (words[index / BITS_PER_WORD] >> (index % BITS_PER_WORD)) & 1;
}

static void clear_bit(ULONG *words, ULONG index)
{
    words[index / BITS_PER_WORD] &= ~(1u << (index % BITS_PER_WORD));
}

/* The thread's slot for an index, or NULL when it is an expansion slot that it has no block for. */
static void **tls_slot(ULONG index)
{
    TEB *teb = current_teb();
    if (index < TLS_MINIMUM_AVAILABLE)
        return &teb->TlsSlots[index];
    if (!teb->TlsExpansionSlots)
        return NULL;
    return &teb->TlsExpansionSlots[index - TLS_MINIMUM_AVAILABLE];
}

static BOOL ensure_expansion(void)
{
    TEB *teb = current_teb();
    if (!teb->TlsExpansionSlots)
        teb->TlsExpansionSlots = RtlAllocateHeap(current_peb()->ProcessHeap, HEAP_ZERO_MEMORY,
                                                 TLS_EXPANSION_SLOTS * sizeof(void *));
    return teb->TlsExpansionSlots ? TRUE : fail_error(ERROR_NOT_ENOUGH_MEMORY);
}

ULONG TlsAlloc(void)
{
    PEB *peb = current_peb();
    lock();
    ULONG index = take_clear_bit(peb->TlsBitmapBits, TLS_MINIMUM_AVAILABLE);
    if (index == TLS_OUT_OF_INDEXES && ensure_expansion()) {
        index = take_clear_bit(peb->TlsExpansionBitmapBits, TLS_EXPANSION_SLOTS);
        if (index != TLS_OUT_OF_INDEXES)
            index += TLS_MINIMUM_AVAILABLE;
    }
    if (index == TLS_OUT_OF_INDEXES)
        SetLastError(ERROR_NO_MORE_ITEMS);
    else
        *tls_slot(index) = NULL;
    unlock();
    return index;
}

BOOL TlsFree(ULONG index)
{
    PEB *peb = current_peb();
    ULONG *words = peb->TlsBitmapBits;
    ULONG bit = index;
    if (index >= TLS_MINIMUM_AVAILABLE + TLS_EXPANSION_SLOTS)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (index >= TLS_MINIMUM_AVAILABLE) {
        words = peb->TlsExpansionBitmapBits;
        bit = index - TLS_MINIMUM_AVAILABLE;
    }
    lock();
    BOOL taken = test_bit(words, bit);
    if (taken) {
        NTSTATUS status =
            NtSetInformationThread(CURRENT_THREAD, ThreadZeroTlsCell, &index, sizeof index);
        void **slot = tls_slot(index);
        if (!NT_SUCCESS(status) && slot)
            *slot = NULL;
        clear_bit(words, bit);
    }
    unlock();
    return taken ? TRUE : fail_error(ERROR_INVALID_PARAMETER);
}

void *TlsGetValue(ULONG index)
{
    if (index >= TLS_MINIMUM_AVAILABLE + TLS_EXPANSION_SLOTS) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    void **slot = tls_slot(index);
    SetLastError(ERROR_SUCCESS); /* documented: tells a stored 0 from a failure */
    return slot ? *slot : NULL;
}

BOOL TlsSetValue(ULONG index, void *value)
{
    if (index >= TLS_MINIMUM_AVAILABLE + TLS_EXPANSION_SLOTS)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (index >= TLS_MINIMUM_AVAILABLE && !ensure_expansion())
        return FALSE;
    *tls_slot(index) = value;
    return TRUE;
}

/* What TEB.FlsData points to: the links of PEB.FlsListHead, then the values. */
struct fls_block {
    LIST_ENTRY links;
    void *values[FLS_MAXIMUM_AVAILABLE];
};

/* => PEB lock held */
static FLS_CALLBACK **fls_callbacks(void)
{
    PEB *peb = current_peb();
    if (!peb->FlsCallback) {
        peb->FlsCallback = RtlAllocateHeap(peb->ProcessHeap, HEAP_ZERO_MEMORY,
                                           FLS_MAXIMUM_AVAILABLE * sizeof(FLS_CALLBACK *));
        if (!peb->FlsListHead.Flink) {
            peb->FlsListHead.Flink = &peb->FlsListHead;
            peb->FlsListHead.Blink = &peb->FlsListHead;
        }
    }
    return (FLS_CALLBACK **)peb->FlsCallback;
}

ULONG FlsAlloc(FLS_CALLBACK *callback)
{
    PEB *peb = current_peb();
    ULONG index = FLS_OUT_OF_INDEXES;
    lock();
    FLS_CALLBACK **callbacks = fls_callbacks();
    if (callbacks) {
        peb->FlsBitmapBits[0] |= 1; /* index 0 is never given out */
        index = take_clear_bit(peb->FlsBitmapBits, FLS_MAXIMUM_AVAILABLE);
    }
    if (index != FLS_OUT_OF_INDEXES) {
        callbacks[index] = callback;
        if (index > peb->FlsHighIndex)
            peb->FlsHighIndex = index;
    }
    unlock();
    if (index == FLS_OUT_OF_INDEXES)
        SetLastError(callbacks ? ERROR_INVALID_PARAMETER : ERROR_NOT_ENOUGH_MEMORY);
    return index;
}

/* => PEB lock not held: callbacks run without it */
static void call_back(FLS_CALLBACK *callback, void **slot)
{
    void *value = *slot;
    *slot = NULL;
    if (value && callback)
        callback(value);
}

BOOL FlsFree(ULONG index)
{
    PEB *peb = current_peb();
    if (index == 0 || index >= FLS_MAXIMUM_AVAILABLE)
        return fail_error(ERROR_INVALID_PARAMETER);
    lock();
    BOOL taken = test_bit(peb->FlsBitmapBits, index) && peb->FlsCallback;
    if (taken) {
        FLS_CALLBACK **callbacks = fls_callbacks();
        for (LIST_ENTRY *e = peb->FlsListHead.Flink; e != &peb->FlsListHead; e = e->Flink)
            call_back(callbacks[index], &((struct fls_block *)e)->values[index]);
        callbacks[index] = NULL;
        clear_bit(peb->FlsBitmapBits, index);
    }
    unlock();
    return taken ? TRUE : fail_error(ERROR_INVALID_PARAMETER);
}

void *FlsGetValue(ULONG index)
{
    const struct fls_block *block = current_teb()->FlsData;
    if (index == 0 || index >= FLS_MAXIMUM_AVAILABLE) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    SetLastError(ERROR_SUCCESS);
    return block ? block->values[index] : NULL;
}

BOOL FlsSetValue(ULONG index, void *value)
{
    PEB *peb = current_peb();
    TEB *teb = current_teb();
    if (index == 0 || index >= FLS_MAXIMUM_AVAILABLE)
        return fail_error(ERROR_INVALID_PARAMETER);
    struct fls_block *block = teb->FlsData;
    if (!block) {
        block = RtlAllocateHeap(peb->ProcessHeap, HEAP_ZERO_MEMORY, sizeof *block);
        if (!block)
            return fail_error(ERROR_NOT_ENOUGH_MEMORY);
        lock();
        fls_callbacks();
        block->links.Flink = &peb->FlsListHead;
        block->links.Blink = peb->FlsListHead.Blink;
        block->links.Blink->Flink = &block->links;
        peb->FlsListHead.Blink = &block->links;
        unlock();
        teb->FlsData = block;
    }
    block->values[index] = value;
    return TRUE;
}

void fls_thread_detach(void)
{
    PEB *peb = current_peb();
    TEB *teb = current_teb();
    struct fls_block *block = teb->FlsData;
    if (!block)
        return;
    for (ULONG i = 1; i <= peb->FlsHighIndex; i++)
        call_back(((FLS_CALLBACK **)peb->FlsCallback)[i], &block->values[i]);
    lock();
    block->links.Blink->Flink = block->links.Flink;
    block->links.Flink->Blink = block->links.Blink;
    unlock();
    teb->FlsData = NULL;
    heap_free(block);
}
