/* src/ke/wait.c: waiting, and being woken.
 *
 * A wait has four steps: try (an object may be signalled already, or something forbids waiting),
 * link the blocks, sleep, return what WaitStatus says. From the moment the blocks are linked until
 * State is no longer Waiting, whoever holds the dispatcher lock may end the wait (ki_unwait); the
 * sleeper itself is only one of them, when its time is over. */
#include "ke/wait.h"

#include <sys/eventfd.h>

#include "ke/ki.h"

/* The last of a KTHREAD's blocks belongs to its timer. */
enum { TIMER_WAIT_BLOCK = 3 };

/* ---- objects ---- */

static bool is_signalled(struct ke *ke, const DISPATCHER_HEADER *object, const KTHREAD *thread)
{
    if (object->SignalState > 0)
        return true;
    return object->Type == MutantObject &&
           ((const KMUTANT *)object)->OwnerThread.va == h2k(&ke->ks, thread);
}

/* => STATUS_ABANDONED_WAIT_0 when the owner before died, else STATUS_WAIT_0 */
static NTSTATUS take_mutant(struct ke *ke, KMUTANT *mutant, KTHREAD *thread)
{
    NTSTATUS status = mutant->Abandoned ? STATUS_ABANDONED_WAIT_0 : STATUS_WAIT_0;

    if (mutant->Header.SignalState == 1) {
        mutant->OwnerThread.va = h2k(&ke->ks, thread);
        mutant->Abandoned = 0;
        ke_list_insert_tail(&ke->ks, &thread->MutantListHead, &mutant->MutantListEntry);
    }
    __atomic_store_n(&mutant->Header.SignalState, mutant->Header.SignalState - 1, __ATOMIC_RELAXED);
    return status;
}

/* Take from a signalled object what a wait of `thread` takes. */
static NTSTATUS satisfy(struct ke *ke, DISPATCHER_HEADER *object, KTHREAD *thread)
{
    switch ((enum _KOBJECTS)object->Type) {
    case EventSynchronizationObject:
    case TimerSynchronizationObject:
        __atomic_store_n(&object->SignalState, 0, __ATOMIC_RELAXED);
        return STATUS_WAIT_0;
    case SemaphoreObject:
        __atomic_store_n(&object->SignalState, object->SignalState - 1, __ATOMIC_RELAXED);
        return STATUS_WAIT_0;
    case MutantObject:
        return take_mutant(ke, (KMUTANT *)object, thread);
    default:
        return STATUS_WAIT_0;
    }
}

/* ---- ending a wait ---- */

#define for_each_block(ke, block, thread)                                                          \
    for (KWAIT_BLOCK *first_ = k2h(&(ke)->ks, (thread)->WaitBlockList), *block = first_; block;    \
         block = k2h(&(ke)->ks, block->NextWaitBlock) == first_                                    \
                     ? NULL                                                                        \
                     : k2h(&(ke)->ks, block->NextWaitBlock))

bool ki_in_wait(const KTHREAD *thread)
{
    return ki_state(thread) == KE_THREAD_WAITING && thread->WaitBlockList.va != 0;
}

static void unlink_blocks(struct ke *ke, KTHREAD *thread)
{
    for_each_block(ke, block, thread)
    {
        ke_list_remove(&ke->ks, &block->WaitListEntry);
    }
    thread->WaitBlockList.va = 0;
    thread->TimerActive = 0;
}

void ki_unwait(struct ke *ke, KTHREAD *thread, NTSTATUS status)
{
    ASSERT(ki_in_wait(thread));
    unlink_blocks(ke, thread);
    thread->WaitStatus = status;
    ki_set_state(thread, KE_THREAD_READY);
    ke_futex_wake(ki_state_word(thread), 1, KE_FUTEX_GUEST);
}

static bool all_signalled(struct ke *ke, KTHREAD *thread)
{
    for_each_block(ke, block, thread)
    {
        if (!is_signalled(ke, k2h(&ke->ks, block->Object), thread))
            return false;
    }
    return true;
}

/* `block`'s object became signalled: end the thread's wait if that is enough. => whether it was */
static bool serve(struct ke *ke, KWAIT_BLOCK *block)
{
    KTHREAD *thread = k2h(&ke->ks, block->Thread);
    NTSTATUS status = STATUS_WAIT_0;

    if (block->WaitType == WaitAny) {
        status = satisfy(ke, k2h(&ke->ks, block->Object), thread) + block->WaitKey;
    } else {
        if (!all_signalled(ke, thread))
            return false;
        for_each_block(ke, each, thread)
        {
            status |= satisfy(ke, k2h(&ke->ks, each->Object), thread);
        }
    }
    ki_unwait(ke, thread, status);
    return true;
}

void ki_wait_test(struct ke *ke, DISPATCHER_HEADER *object)
{
    bool served = true;

    /* Serving one may take several blocks off the list (the same object twice), so start over. */
    while (served && object->SignalState > 0) {
        served = false;
        ke_list_for_each(&ke->ks, entry, &object->WaitListHead)
        {
            if ((served = serve(ke, ke_list_entry(entry, KWAIT_BLOCK, WaitListEntry))))
                break;
        }
    }
}

/* ---- beginning one ---- */

struct request {
    KTHREAD *thread;
    unsigned count;
    void *const *objects;
    enum _WAIT_TYPE type;
    const struct ke_wait *wait;
    int64_t due; /* interrupt time; INT64_MAX: none */
};

/* Can the wait be satisfied at once? */
static bool try_satisfy(struct ke *ke, const struct request *r, NTSTATUS *status)
{
    unsigned i;

    *status = STATUS_WAIT_0;
    for (i = 0; i < r->count; i++) {
        DISPATCHER_HEADER *object = r->objects[i];

        if (object->Type == MutantObject && object->SignalState == INT32_MIN) {
            *status = STATUS_MUTANT_LIMIT_EXCEEDED;
            return true;
        }
        if (is_signalled(ke, object, r->thread) != (r->type == WaitAll))
            break;
    }
    if (r->type == WaitAny) {
        if (i == r->count)
            return false;
        *status = satisfy(ke, r->objects[i], r->thread) + (NTSTATUS)i;
        return true;
    }
    if (i < r->count)
        return false;
    for (i = 0; i < r->count; i++)
        *status |= satisfy(ke, r->objects[i], r->thread);
    return true;
}

/* Is there a reason not to wait? Clears an alert that is one. */
static bool is_interrupted(struct ke *ke, KTHREAD *thread, const struct ke_wait *wait,
                           NTSTATUS *status)
{
    if (wait->mode == UserMode && ke_is_terminating(thread)) {
        *status = STATUS_THREAD_IS_TERMINATING;
        return true;
    }
    if (wait->alertable) {
        for (int mode = wait->mode; mode >= KernelMode; mode--) {
            if (thread->Alerted[mode]) {
                thread->Alerted[mode] = 0;
                *status = STATUS_ALERTED;
                return true;
            }
        }
    }
    if (wait->mode == UserMode && wait->alertable &&
        !ke_list_empty(&ke->ks, &thread->ApcState.ApcListHead[UserMode]))
        thread->ApcState.UserApcPending = 1;
    if (wait->mode == UserMode && thread->ApcState.UserApcPending) {
        *status = STATUS_USER_APC;
        return true;
    }
    return false;
}

/* Link one block per object, in a ring, and become Waiting. */
static void link_blocks(struct ke *ke, const struct request *r, KWAIT_BLOCK *blocks)
{
    KTHREAD *thread = r->thread;

    for (unsigned i = 0; i < r->count; i++) {
        DISPATCHER_HEADER *object = r->objects[i];

        blocks[i].Thread.va = h2k(&ke->ks, thread);
        blocks[i].Object.va = h2k(&ke->ks, object);
        blocks[i].NextWaitBlock.va = h2k(&ke->ks, &blocks[(i + 1) % r->count]);
        blocks[i].WaitKey = (USHORT)i;
        blocks[i].WaitType = (UCHAR)r->type;
        ke_list_insert_tail(&ke->ks, &object->WaitListHead, &blocks[i].WaitListEntry);
    }
    thread->WaitBlockList.va = h2k(&ke->ks, blocks);
    thread->WaitReason = (UCHAR)r->wait->reason;
    thread->WaitMode = (CHAR)r->wait->mode;
    thread->Alertable = r->wait->alertable;
    thread->WaitTime = (ULONG)ke_query_tick_count(ke);
    thread->WaitStatus = STATUS_SUCCESS;
    if (r->due != INT64_MAX) {
        thread->Timer.DueTime.QuadPart = (ULONG64)r->due;
        thread->TimerActive = 1;
    }
    ki_set_state(thread, KE_THREAD_WAITING);
}

/* The deadline came: end the wait, unless somebody was faster or the machine's time stood still. */
static void time_out(struct ke *ke, const struct request *r)
{
    ke_enter(ke);
    ke_acquire_lock(&ke->dispatcher_lock);
    if (ki_in_wait(r->thread) && ke_query_interrupt_time(ke) >= r->due)
        ki_unwait(ke, r->thread, STATUS_TIMEOUT);
    ke_release_lock(&ke->dispatcher_lock);
    ke_leave(ke);
}

static void sleep_while_waiting(struct ke *ke, const struct request *r)
{
    KTHREAD *thread = r->thread;

    for (;;) {
        uint32_t word = __atomic_load_n(ki_state_word(thread), __ATOMIC_ACQUIRE);
        struct timespec deadline;

        if (ki_state(thread) != KE_THREAD_WAITING)
            return;
        if (r->due == INT64_MAX) {
            ke_futex_wait(ki_state_word(thread), word, KE_FUTEX_GUEST, NULL);
        } else if (ke_query_interrupt_time(ke) >= r->due) {
            time_out(ke, r);
        } else {
            deadline = ki_host_deadline(ke, r->due);
            if (ke_futex_wait(ki_state_word(thread), word, KE_FUTEX_GUEST, &deadline) != 0 &&
                ke_freeze_requested(&ke->processors))
                time_out(ke, r); /* waits for the thaw */
        }
    }
}

/* The whole wait. */
static NTSTATUS wait_for(struct ke *ke, const struct request *r, KWAIT_BLOCK *blocks)
{
    NTSTATUS status;
    bool owned;

    ke_acquire_lock(&ke->dispatcher_lock);
    if (try_satisfy(ke, r, &status) || is_interrupted(ke, r->thread, r->wait, &status)) {
        ke_release_lock(&ke->dispatcher_lock);
        return status;
    }
    if (r->wait->timeout && *r->wait->timeout == 0) {
        ke_release_lock(&ke->dispatcher_lock);
        return STATUS_TIMEOUT;
    }
    link_blocks(ke, r, blocks);
    ke_release_lock(&ke->dispatcher_lock);

    owned = ke_owns_processor(r->thread);
    if (owned)
        ke_release_processor(ke, r->thread);
    sleep_while_waiting(ke, r);
    if (owned)
        ke_acquire_processor(ke, r->thread);
    return (NTSTATUS)r->thread->WaitStatus;
}

NTSTATUS ke_wait_for_multiple_objects(struct ke *ke, KTHREAD *thread, unsigned count,
                                      void *const objects[], enum _WAIT_TYPE type,
                                      const struct ke_wait *wait, KWAIT_BLOCK *blocks)
{
    struct request request = {
        .thread = thread,
        .count = count,
        .objects = objects,
        .type = type,
        .wait = wait,
        .due = wait->timeout ? ke_due_time(ke, *wait->timeout) : INT64_MAX,
    };

    ke_lock_order_none_held();
    ASSERT(count > 0 && count <= (blocks ? MAXIMUM_WAIT_OBJECTS : THREAD_WAIT_OBJECTS));
    return wait_for(ke, &request, blocks ? blocks : thread->WaitBlock);
}

NTSTATUS ke_wait_for_single_object(struct ke *ke, KTHREAD *thread, void *object,
                                   const struct ke_wait *wait)
{
    return ke_wait_for_multiple_objects(ke, thread, 1, &object, WaitAny, wait, NULL);
}

NTSTATUS ke_delay_execution(struct ke *ke, KTHREAD *thread, enum _MODE mode, bool alertable,
                            int64_t interval)
{
    struct ke_wait wait = {DelayExecution, mode, alertable, &interval};
    void *object = &thread->Timer;
    struct request request = {
        .thread = thread,
        .count = 1,
        .objects = &object,
        .type = WaitAny,
        .wait = &wait,
        .due = ke_due_time(ke, interval),
    };
    NTSTATUS status;

    ke_lock_order_none_held();
    status = wait_for(ke, &request, &thread->WaitBlock[TIMER_WAIT_BLOCK]);
    if (status != STATUS_TIMEOUT)
        return status;
    if (interval == 0 && ke_owns_processor(thread))
        ke_yield_processor(ke, thread);
    return STATUS_SUCCESS;
}

/* ---- waiting in the host ---- */

NTSTATUS ke_begin_host_wait(struct ke *ke, KTHREAD *thread, enum _KWAIT_REASON reason,
                            struct ke_host_wait *wait)
{
    ke_lock_order_none_held();
    *wait =
        (struct ke_host_wait){.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .thread = thread};
    if (wait->event < 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    ke_acquire_lock(&ke->dispatcher_lock);
    if (ke_is_terminating(thread)) {
        ke_release_lock(&ke->dispatcher_lock);
        close(wait->event);
        return STATUS_THREAD_IS_TERMINATING;
    }
    wait->next = ke->host_waits;
    ke->host_waits = wait;
    thread->WaitReason = (UCHAR)reason;
    thread->WaitMode = UserMode;
    thread->Alertable = 0;
    ki_set_state(thread, KE_THREAD_WAITING);
    ke_release_lock(&ke->dispatcher_lock);
    wait->parked = ke_owns_processor(thread);
    if (wait->parked)
        ke_release_processor(ke, thread);
    return STATUS_SUCCESS;
}

NTSTATUS ke_end_host_wait(struct ke *ke, struct ke_host_wait *wait)
{
    KTHREAD *thread = wait->thread;

    if (wait->parked)
        ke_acquire_processor(ke, thread);
    ke_acquire_lock(&ke->dispatcher_lock);
    for (struct ke_host_wait **link = &ke->host_waits; *link; link = &(*link)->next) {
        if (*link == wait) {
            *link = wait->next;
            break;
        }
    }
    if (!wait->parked)
        ki_set_state(thread, KE_THREAD_RUNNING);
    ke_release_lock(&ke->dispatcher_lock);
    close(wait->event);
    return ke_is_terminating(thread) ? STATUS_THREAD_IS_TERMINATING : STATUS_SUCCESS;
}
