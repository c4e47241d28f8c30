/* src/ke/dispatcher.c: events, semaphores, mutants. (timer.c has the timers.)
 *
 * The dispatcher lock protects all of it. SignalState is stored atomically, since ke_read_state and
 * the debugger look at it without the lock. */
#include "ke/dispatcher.h"

#include "ke/ki.h"

static void set_state(DISPATCHER_HEADER *header, LONG state)
{
    __atomic_store_n(&header->SignalState, state, __ATOMIC_RELAXED);
}

void ki_initialize_header(struct ke *ke, DISPATCHER_HEADER *header, enum _KOBJECTS type,
                          size_t size, LONG state)
{
    header->Lock = 0;
    header->Type = (UCHAR)type;
    header->Size = (UCHAR)(size / sizeof(ULONG));
    header->SignalState = state;
    ke_list_init(&ke->ks, &header->WaitListHead);
}

LONG ke_read_state(struct ke *ke, const void *object)
{
    (void)ke;
    return __atomic_load_n(&((const DISPATCHER_HEADER *)object)->SignalState, __ATOMIC_RELAXED);
}

/* ---- events ---- */

void ke_initialize_event(struct ke *ke, KEVENT *event, enum _EVENT_TYPE type, bool signalled)
{
    ki_initialize_header(ke, &event->Header,
                         type == NotificationEvent ? EventNotificationObject
                                                   : EventSynchronizationObject,
                         sizeof(*event), signalled);
}

LONG ke_set_event(struct ke *ke, KEVENT *event)
{
    LONG previous;

    ke_acquire_lock(&ke->dispatcher_lock);
    previous = event->Header.SignalState;
    set_state(&event->Header, 1);
    if (previous == 0)
        ki_wait_test(ke, &event->Header);
    ke_release_lock(&ke->dispatcher_lock);
    return previous;
}

LONG ke_reset_event(struct ke *ke, KEVENT *event)
{
    LONG previous;

    ke_acquire_lock(&ke->dispatcher_lock);
    previous = event->Header.SignalState;
    set_state(&event->Header, 0);
    ke_release_lock(&ke->dispatcher_lock);
    return previous;
}

LONG ke_pulse_event(struct ke *ke, KEVENT *event)
{
    LONG previous;

    ke_acquire_lock(&ke->dispatcher_lock);
    previous = event->Header.SignalState;
    set_state(&event->Header, 1);
    if (previous == 0)
        ki_wait_test(ke, &event->Header);
    set_state(&event->Header, 0);
    ke_release_lock(&ke->dispatcher_lock);
    return previous;
}

/* ---- semaphores ---- */

void ke_initialize_semaphore(struct ke *ke, KSEMAPHORE *semaphore, LONG count, LONG limit)
{
    ASSERT(limit > 0 && count >= 0 && count <= limit);
    ki_initialize_header(ke, &semaphore->Header, SemaphoreObject, sizeof(*semaphore), count);
    semaphore->Limit = limit;
}

NTSTATUS ke_release_semaphore(struct ke *ke, KSEMAPHORE *semaphore, LONG adjustment, LONG *previous)
{
    NTSTATUS status = STATUS_SUCCESS;
    LONG count, next;

    ke_acquire_lock(&ke->dispatcher_lock);
    count = semaphore->Header.SignalState;
    if (adjustment <= 0 || __builtin_add_overflow(count, adjustment, &next) ||
        next > semaphore->Limit) {
        status = STATUS_SEMAPHORE_LIMIT_EXCEEDED;
    } else {
        set_state(&semaphore->Header, next);
        if (count == 0)
            ki_wait_test(ke, &semaphore->Header);
        if (previous)
            *previous = count;
    }
    ke_release_lock(&ke->dispatcher_lock);
    return status;
}

/* ---- mutants ---- */

void ke_initialize_mutant(struct ke *ke, KMUTANT *mutant, KTHREAD *owner)
{
    ki_initialize_header(ke, &mutant->Header, MutantObject, sizeof(*mutant), owner ? 0 : 1);
    mutant->OwnerThread.va = 0;
    mutant->Abandoned = 0;
    mutant->ApcDisable = 0;
    if (!owner)
        return;
    ke_acquire_lock(&ke->dispatcher_lock);
    mutant->OwnerThread.va = h2k(&ke->ks, owner);
    ke_list_insert_tail(&ke->ks, &owner->MutantListHead, &mutant->MutantListEntry);
    ke_release_lock(&ke->dispatcher_lock);
}

/* Nobody owns it any more: off the owner's list, and on to the next waiter. */
static void free_mutant(struct ke *ke, KMUTANT *mutant)
{
    ke_list_remove(&ke->ks, &mutant->MutantListEntry);
    mutant->OwnerThread.va = 0;
    set_state(&mutant->Header, 1);
    ki_wait_test(ke, &mutant->Header);
}

NTSTATUS ke_release_mutant(struct ke *ke, KMUTANT *mutant, KTHREAD *thread, LONG *previous)
{
    NTSTATUS status = STATUS_SUCCESS;

    ke_acquire_lock(&ke->dispatcher_lock);
    if (mutant->OwnerThread.va != h2k(&ke->ks, thread)) {
        status = STATUS_MUTANT_NOT_OWNED;
    } else {
        LONG state = mutant->Header.SignalState;

        if (previous)
            *previous = state;
        if (state == 0)
            free_mutant(ke, mutant);
        else
            set_state(&mutant->Header, state + 1);
    }
    ke_release_lock(&ke->dispatcher_lock);
    return status;
}

void ke_disown_mutant(struct ke *ke, KMUTANT *mutant)
{
    ke_acquire_lock(&ke->dispatcher_lock);
    if (mutant->OwnerThread.va != 0) {
        ke_list_remove(&ke->ks, &mutant->MutantListEntry);
        mutant->OwnerThread.va = 0;
    }
    ke_release_lock(&ke->dispatcher_lock);
}

void ki_abandon_mutants(struct ke *ke, KTHREAD *thread)
{
    LIST_ENTRY *head = &thread->MutantListHead;

    while (!ke_list_empty(&ke->ks, head)) {
        KMUTANT *mutant = ke_list_entry(k2h(&ke->ks, head->Flink), KMUTANT, MutantListEntry);

        mutant->Abandoned = 1;
        free_mutant(ke, mutant);
    }
}
