/* guest/ntdll/vectored.c: handlers that see every exception of the process, before frames do
 * (exception handlers) and after somebody said to continue (continue handlers). */
#include "ntdllp.h"

struct vectored {
    LIST_ENTRY link;
    VECTORED_HANDLER *handler; /* encoded */
    ULONG references;          /* the list, and walks that stand on it */
    bool removed;
};

struct vectored_list {
    LIST_ENTRY head;
    RTL_SRWLOCK lock;
};

static struct vectored_list lists[2] = {{.head = {&lists[0].head, &lists[0].head}},
                                        {.head = {&lists[1].head, &lists[1].head}}};
enum { EXCEPTIONS, CONTINUES };

static void *add(struct vectored_list *list, ULONG first, VECTORED_HANDLER *handler)
{
    struct vectored *entry = process_alloc(sizeof *entry);
    if (!entry) {
        return NULL;
    }
    entry->handler = (VECTORED_HANDLER *)RtlEncodePointer((void *)handler);
    entry->references = 1;
    RtlAcquireSRWLockExclusive(&list->lock);
    if (first) {
        list_prepend(&list->head, &entry->link);
    } else {
        list_append(&list->head, &entry->link);
    }
    RtlReleaseSRWLockExclusive(&list->lock);
    return entry;
}

/* => list locked exclusively. true: the entry is to be freed */
static bool drop(struct vectored *entry)
{
    if (--entry->references) {
        return false;
    }
    list_remove(&entry->link);
    return true;
}

static ULONG remove_handler(struct vectored_list *list, void *cookie)
{
    ULONG found = 0;
    bool gone = false;
    RtlAcquireSRWLockExclusive(&list->lock);
    for (LIST_ENTRY *link = list->head.Flink; link != &list->head; link = link->Flink) {
        struct vectored *entry = CONTAINER(link, struct vectored, link);
        if (entry == cookie && !entry->removed) {
            entry->removed = true;
            found = 1;
            gone = drop(entry);
            break;
        }
    }
    RtlReleaseSRWLockExclusive(&list->lock);
    if (gone) {
        process_free(cookie);
    }
    return found;
}

/* The entry after `entry` that is not removed, with a reference; that to `entry` is given up. */
static struct vectored *step(struct vectored_list *list, struct vectored *entry)
{
    RtlAcquireSRWLockExclusive(&list->lock);
    LIST_ENTRY *link = entry ? entry->link.Flink : list->head.Flink;
    struct vectored *next = NULL;
    for (; link != &list->head && !next; link = link->Flink) {
        struct vectored *candidate = CONTAINER(link, struct vectored, link);
        if (!candidate->removed) {
            candidate->references++;
            next = candidate;
        }
    }
    bool gone = entry && drop(entry);
    RtlReleaseSRWLockExclusive(&list->lock);
    if (gone) {
        process_free(entry);
    }
    return next;
}

/* Handlers may add, remove and raise; the list is not locked while they run. */
static bool call(struct vectored_list *list, EXCEPTION_RECORD *record, CONTEXT *context)
{
    EXCEPTION_POINTERS pointers = {.ExceptionRecord = record, .ContextRecord = context};
    bool handled = false;
    if (list_empty(&list->head)) {
        return false;
    }
    struct vectored *entry = step(list, NULL);
    while (entry && !handled) {
        VECTORED_HANDLER *handler = (VECTORED_HANDLER *)RtlDecodePointer((void *)entry->handler);
        handled = handler(&pointers) == EXCEPTION_CONTINUE_EXECUTION;
        if (!handled) {
            entry = step(list, entry);
        }
    }
    if (entry) {
        RtlAcquireSRWLockExclusive(&list->lock);
        bool gone = drop(entry);
        RtlReleaseSRWLockExclusive(&list->lock);
        if (gone) {
            process_free(entry);
        }
    }
    return handled;
}

bool vectored_exception(EXCEPTION_RECORD *record, CONTEXT *context)
{
    return call(&lists[EXCEPTIONS], record, context);
}

void vectored_continue(EXCEPTION_RECORD *record, CONTEXT *context)
{
    call(&lists[CONTINUES], record, context);
}

void *RtlAddVectoredExceptionHandler(ULONG first, VECTORED_HANDLER *handler)
{
    current_peb()->ProcessUsingVEH = 1;
    return add(&lists[EXCEPTIONS], first, handler);
}

ULONG RtlRemoveVectoredExceptionHandler(void *cookie)
{
    return remove_handler(&lists[EXCEPTIONS], cookie);
}

void *RtlAddVectoredContinueHandler(ULONG first, VECTORED_HANDLER *handler)
{
    current_peb()->ProcessUsingVCH = 1;
    return add(&lists[CONTINUES], first, handler);
}

ULONG RtlRemoveVectoredContinueHandler(void *cookie)
{
    return remove_handler(&lists[CONTINUES], cookie);
}
