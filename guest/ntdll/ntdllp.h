/* guest/ntdll/ntdllp.h: what the files of ntdll share.
 *
 * ntdll's process-wide state hangs off the PEB where Windows keeps it there, and is one struct ldr
 * (ldr_state()) otherwise.
 *
 * Locks, outermost first: loader lock (PEB.LoaderLock), PEB lock (PEB.FastPebLock), a heap's lock,
 * the bucket spin locks of park.c. */
#pragma once

#include <stdbool.h>

#include "ntdll.h"

#define ARRAY_COUNT(a) (sizeof(a) / sizeof *(a))
#define CONTAINER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* ---- lists ---- */
static inline void list_init(LIST_ENTRY *head)
{
    head->Flink = head->Blink = head;
}

static inline bool list_empty(const LIST_ENTRY *head)
{
    return head->Flink == head;
}

static inline void list_insert_before(LIST_ENTRY *position, LIST_ENTRY *entry)
{
    entry->Flink = position;
    entry->Blink = position->Blink;
    position->Blink->Flink = entry;
    position->Blink = entry;
}

static inline void list_append(LIST_ENTRY *head, LIST_ENTRY *entry)
{
    list_insert_before(head, entry);
}

static inline void list_prepend(LIST_ENTRY *head, LIST_ENTRY *entry)
{
    list_insert_before(head->Flink, entry);
}

static inline void list_remove(LIST_ENTRY *entry)
{
    entry->Blink->Flink = entry->Flink;
    entry->Flink->Blink = entry->Blink;
    entry->Flink = entry->Blink = entry;
}

/* ---- the process heap ---- */
void *process_alloc(ULONG64 size); /* zeroed */
void process_free(void *block);

/* ---- process-wide state that Windows has in variables of ntdll ---- */
extern RTL_CRITICAL_SECTION LdrpLoaderLock;
extern RTL_CRITICAL_SECTION FastPebLock;
bool shutdown_by_this_thread(void);
NTSTATUS shutdown_status(void);

/* entry.c */
_Noreturn void LdrpInitialize(CONTEXT *context, void *ntdll_base);
_Noreturn void RtlpUserThreadStart(void *start, void *parameter);
void LdrpMissingExportThunk(void);
int RtlpExecuteHandlerForException(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                   DISPATCHER_CONTEXT *dispatcher);
int RtlpExecuteHandlerForUnwind(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                DISPATCHER_CONTEXT *dispatcher);
void KiUserExceptionDispatcher(void);

/* vectored.c: run the handlers; true when one said "continue execution" */
bool vectored_exception(EXCEPTION_RECORD *record, CONTEXT *context);
void vectored_continue(EXCEPTION_RECORD *record, CONTEXT *context);

/* exception.c */
LONG unhandled_filter(EXCEPTION_POINTERS *pointers);
/* Raise `status` without parameters from `address`; used where a handler may still save the day. */
void raise_at(NTSTATUS status, ULONG flags, void *address);

/* format.c: printf family over a sink; returns the characters that the whole text has */
struct format_sink {
    void (*put)(struct format_sink *sink, WCHAR c);
    void *buffer;
    size_t size; /* characters of room */
    size_t used; /* characters produced, also beyond the room */
};
void format_text(struct format_sink *sink, const WCHAR *wide, const char *narrow,
                 va_list arguments);

/* park.c: see there */
struct parked {
    LIST_ENTRY link;
    const void *key;
    HANDLE event;
    ULONG tag;
    bool woken;
};
struct park_bucket;
struct park_bucket *park_lock(const void *key);
void park_unlock(struct park_bucket *bucket);
void park_enqueue(struct park_bucket *bucket, struct parked *self, const void *key, ULONG tag);
bool park_wait(struct parked *self, LARGE_INTEGER *timeout);
struct parked *park_dequeue(struct park_bucket *bucket, const void *key);
struct parked *park_first(struct park_bucket *bucket, const void *key);
void park_wake(struct parked *list);
