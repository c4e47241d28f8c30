/* src/sys/sync.c: events, mutants, semaphores, timers, and waiting.
 *
 * Creating and opening differ between the four only in type, state and checks, so each is a row of
 * data and a small function for its state; the rest is shared.
 */
#include <string.h>

#include "ke/dispatcher.h"
#include "ke/thread.h"
#include "ke/wait.h"
#include "nt/info.h"
#include "sys/sys.h"

/* NtCreateX begins with (*handle, access, attributes); then the object's state. */
static NTSTATUS create(struct sys_call *call, OBJECT_TYPE *type,
                       void (*initialise)(struct sys_call *call, void *object))
{
    struct sys_attributes attributes;
    void *object;
    NTSTATUS status = sys_get_attributes(call, call->arg[2], &attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct ob_attributes named = sys_ob_attributes(&attributes);
    status = ob_create_object(call->sys->ob, &named, type, 0, &object);
    if (NT_SUCCESS(status)) {
        initialise(call, object);
        status = sys_insert(call, object, &named, (uint32_t)call->arg[1], call->arg[0]);
    }
    sys_free_attributes(&attributes);
    return status;
}

#define TYPE(call, name) k2h(&(call)->sys->ke->ks, *(call)->sys->ke->nt.name)

/* ---- events
 * -------------------------------------------------------------------------------------- */

static void initialise_event(struct sys_call *call, void *object)
{
    ke_initialize_event(call->sys->ke, object, (enum _EVENT_TYPE)call->arg[3],
                        (uint8_t)call->arg[4] != 0);
}

/* NtCreateEvent(*handle, access, attributes, type, initial state) */
static NTSTATUS create_event(struct sys_call *call)
{
    if (call->arg[3] != NotificationEvent && call->arg[3] != SynchronizationEvent) {
        return STATUS_INVALID_PARAMETER;
    }
    return create(call, TYPE(call, ExEventObjectType), initialise_event);
}

static NTSTATUS open_event(struct sys_call *call)
{
    return sys_open_named(call, TYPE(call, ExEventObjectType));
}

/* NtSetEvent, NtResetEvent, NtPulseEvent(event, *previous), NtClearEvent(event) */
static NTSTATUS change_event(struct sys_call *call, LONG (*change)(struct ke *, KEVENT *),
                             uint64_t previous_va)
{
    void *event;
    NTSTATUS status = sys_get_object(call, call->arg[0], EVENT_MODIFY_STATE,
                                     TYPE(call, ExEventObjectType), &event);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    LONG previous = change(call->sys->ke, event);
    ob_dereference_object(call->sys->ob, event);
    return sys_put_optional(call, previous_va, &previous, sizeof previous);
}

static NTSTATUS set_event(struct sys_call *call)
{
    return change_event(call, ke_set_event, call->arg[1]);
}

static NTSTATUS reset_event(struct sys_call *call)
{
    return change_event(call, ke_reset_event, call->arg[1]);
}

static NTSTATUS pulse_event(struct sys_call *call)
{
    return change_event(call, ke_pulse_event, call->arg[1]);
}

static NTSTATUS clear_event(struct sys_call *call)
{
    return change_event(call, ke_reset_event, 0);
}

/* NtQueryEvent(event, class, buffer, length, *return length) */
static NTSTATUS query_event(struct sys_call *call)
{
    void *object;
    if (call->arg[1] != EventBasicInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    NTSTATUS status = sys_get_object(call, call->arg[0], EVENT_QUERY_STATE,
                                     TYPE(call, ExEventObjectType), &object);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const KEVENT *event = object;
    EVENT_BASIC_INFORMATION information = {
        .EventType = event->Header.Type,
        .EventState = ke_read_state(call->sys->ke, event),
    };
    ob_dereference_object(call->sys->ob, object);
    return sys_answer(call, 2, &information, sizeof information);
}

/* ---- mutants
 * ------------------------------------------------------------------------------------- */

static void initialise_mutant(struct sys_call *call, void *object)
{
    ke_initialize_mutant(call->sys->ke, object,
                         (uint8_t)call->arg[3] ? &call->thread->thread->Tcb : NULL);
}

/* NtCreateMutant(*handle, access, attributes, initial owner) */
static NTSTATUS create_mutant(struct sys_call *call)
{
    return create(call, TYPE(call, ExMutantObjectType), initialise_mutant);
}

static NTSTATUS open_mutant(struct sys_call *call)
{
    return sys_open_named(call, TYPE(call, ExMutantObjectType));
}

/* NtReleaseMutant(mutant, *previous) */
static NTSTATUS release_mutant(struct sys_call *call)
{
    void *mutant;
    LONG previous;
    NTSTATUS status =
        sys_get_object(call, call->arg[0], 0, TYPE(call, ExMutantObjectType), &mutant);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ke_release_mutant(call->sys->ke, mutant, &call->thread->thread->Tcb, &previous);
    ob_dereference_object(call->sys->ob, mutant);
    return NT_SUCCESS(status) ? sys_put_optional(call, call->arg[1], &previous, sizeof previous)
                              : status;
}

/* ---- semaphores
 * ---------------------------------------------------------------------------------- */

static void initialise_semaphore(struct sys_call *call, void *object)
{
    ke_initialize_semaphore(call->sys->ke, object, (LONG)call->arg[3], (LONG)call->arg[4]);
}

/* NtCreateSemaphore(*handle, access, attributes, initial count, maximum) */
static NTSTATUS create_semaphore(struct sys_call *call)
{
    LONG count = (LONG)call->arg[3], maximum = (LONG)call->arg[4];
    if (maximum <= 0 || count < 0 || count > maximum) {
        return STATUS_INVALID_PARAMETER;
    }
    return create(call, TYPE(call, ExSemaphoreObjectType), initialise_semaphore);
}

static NTSTATUS open_semaphore(struct sys_call *call)
{
    return sys_open_named(call, TYPE(call, ExSemaphoreObjectType));
}

/* NtReleaseSemaphore(semaphore, count, *previous) */
static NTSTATUS release_semaphore(struct sys_call *call)
{
    void *semaphore;
    LONG previous;
    if ((LONG)call->arg[1] <= 0) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS status = sys_get_object(call, call->arg[0], SEMAPHORE_MODIFY_STATE,
                                     TYPE(call, ExSemaphoreObjectType), &semaphore);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ke_release_semaphore(call->sys->ke, semaphore, (LONG)call->arg[1], &previous);
    ob_dereference_object(call->sys->ob, semaphore);
    return NT_SUCCESS(status) ? sys_put_optional(call, call->arg[2], &previous, sizeof previous)
                              : status;
}

/* ---- timers
 * -------------------------------------------------------------------------------------- */

static void initialise_timer(struct sys_call *call, void *object)
{
    ke_initialize_timer(call->sys->ke, object, call->arg[3] == SynchronizationTimer);
}

/* NtCreateTimer(*handle, access, attributes, type) */
static NTSTATUS create_timer(struct sys_call *call)
{
    if (call->arg[3] != NotificationTimer && call->arg[3] != SynchronizationTimer) {
        return STATUS_INVALID_PARAMETER_4;
    }
    return create(call, TYPE(call, ExTimerObjectType), initialise_timer);
}

static NTSTATUS open_timer(struct sys_call *call)
{
    return sys_open_named(call, TYPE(call, ExTimerObjectType));
}

/* NtSetTimer(timer, *due, apc, apc context, resume, period, *previous). Timer APCs are not there.
 */
static NTSTATUS set_timer(struct sys_call *call)
{
    int64_t due;
    void *timer;
    if (call->arg[2]) {
        return STATUS_NOT_IMPLEMENTED;
    }
    NTSTATUS status = SYS_GET(call, due, call->arg[1]);
    if (NT_SUCCESS(status)) {
        status = (LONG)call->arg[5] < 0 ? STATUS_INVALID_PARAMETER_6 : STATUS_SUCCESS;
    }
    if (NT_SUCCESS(status)) {
        status = sys_get_object(call, call->arg[0], TIMER_MODIFY_STATE,
                                TYPE(call, ExTimerObjectType), &timer);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    BOOLEAN was_running = ke_set_timer(call->sys->ke, timer, due, (uint32_t)call->arg[5]);
    ob_dereference_object(call->sys->ob, timer);
    return sys_put_optional(call, call->arg[6], &was_running, sizeof was_running);
}

/* NtCancelTimer(timer, *was running) */
static NTSTATUS cancel_timer(struct sys_call *call)
{
    void *timer;
    NTSTATUS status = sys_get_object(call, call->arg[0], TIMER_MODIFY_STATE,
                                     TYPE(call, ExTimerObjectType), &timer);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    BOOLEAN was_running = ke_cancel_timer(call->sys->ke, timer);
    ob_dereference_object(call->sys->ob, timer);
    return sys_put_optional(call, call->arg[1], &was_running, sizeof was_running);
}

/* ---- waiting
 * ------------------------------------------------------------------------------------- */

static NTSTATUS get_timeout(struct sys_call *call, uint64_t va, int64_t *timeout,
                            struct ke_wait *wait)
{
    if (!va) {
        return STATUS_SUCCESS;
    }
    wait->timeout = timeout;
    return sys_get(call, timeout, va, sizeof *timeout);
}

/* The object behind a handle, and what of it to wait for. */
static NTSTATUS reference_waitable(struct sys_call *call, uint64_t handle, void **object,
                                   void **waited)
{
    NTSTATUS status = sys_get_object(call, handle, SYNCHRONIZE, NULL, object);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    *waited = ob_wait_object(call->sys->ob, *object);
    if (!*waited) {
        ob_dereference_object(call->sys->ob, *object);
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS wait_for(struct sys_call *call, uint64_t handle, const struct ke_wait *wait)
{
    void *object, *waited;
    NTSTATUS status = reference_waitable(call, handle, &object, &waited);
    if (NT_SUCCESS(status)) {
        status = ke_wait_for_single_object(call->sys->ke, &call->thread->thread->Tcb, waited, wait);
        ob_dereference_object(call->sys->ob, object);
    }
    return status;
}

/* NtWaitForSingleObject(handle, alertable, *timeout) */
static NTSTATUS wait_single(struct sys_call *call)
{
    int64_t timeout;
    struct ke_wait wait = {
        .reason = UserRequest, .mode = UserMode, .alertable = (uint8_t)call->arg[1] != 0};
    NTSTATUS status = get_timeout(call, call->arg[2], &timeout, &wait);
    return NT_SUCCESS(status) ? wait_for(call, call->arg[0], &wait) : status;
}

static bool has_duplicates(void *const objects[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = i + 1; j < count; j++) {
            if (objects[i] == objects[j]) {
                return true;
            }
        }
    }
    return false;
}

static NTSTATUS wait_for_objects(struct sys_call *call, void *const waited[], unsigned count,
                                 enum _WAIT_TYPE type, const struct ke_wait *wait)
{
    KWAIT_BLOCK *blocks = NULL;
    if (type == WaitAll && has_duplicates(waited, count)) {
        return STATUS_INVALID_PARAMETER_MIX;
    }
    if (count > THREAD_WAIT_OBJECTS) {
        blocks =
            ex_allocate_pool(call->sys->mm, NonPagedPool, count * sizeof *blocks, mm_tag("Wait"));
        if (!blocks) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    NTSTATUS status = ke_wait_for_multiple_objects(call->sys->ke, &call->thread->thread->Tcb, count,
                                                   (void *const *)waited, type, wait, blocks);
    if (blocks) {
        ex_free_pool(call->sys->mm, blocks);
    }
    return status;
}

/* NtWaitForMultipleObjects(count, *handles, type, alertable, *timeout) */
static NTSTATUS wait_multiple(struct sys_call *call)
{
    unsigned count = (unsigned)call->arg[0], referenced = 0;
    uint64_t handles[MAXIMUM_WAIT_OBJECTS];
    void *objects[MAXIMUM_WAIT_OBJECTS], *waited[MAXIMUM_WAIT_OBJECTS];
    int64_t timeout;
    struct ke_wait wait = {
        .reason = UserRequest, .mode = UserMode, .alertable = (uint8_t)call->arg[3] != 0};
    if (!count || count > MAXIMUM_WAIT_OBJECTS) {
        return STATUS_INVALID_PARAMETER_1;
    }
    if (call->arg[2] != WaitAll && call->arg[2] != WaitAny) {
        return STATUS_INVALID_PARAMETER_3;
    }
    NTSTATUS status = get_timeout(call, call->arg[4], &timeout, &wait);
    if (NT_SUCCESS(status)) {
        status = sys_get(call, handles, call->arg[1], count * sizeof *handles);
    }
    while (NT_SUCCESS(status) && referenced < count) {
        status = reference_waitable(call, handles[referenced], &objects[referenced],
                                    &waited[referenced]);
        referenced += NT_SUCCESS(status);
    }
    if (NT_SUCCESS(status)) {
        status = wait_for_objects(call, waited, count, (enum _WAIT_TYPE)call->arg[2], &wait);
    }
    while (referenced) {
        ob_dereference_object(call->sys->ob, objects[--referenced]);
    }
    return status;
}

static NTSTATUS signal_object(struct sys_call *call, uint64_t handle)
{
    struct sys *sys = call->sys;
    struct ob_caller caller = ps_caller(call->thread);
    struct ob_handle_information granted;
    void *object;
    NTSTATUS status =
        ob_reference_object_by_handle(sys->ob, &caller, handle, 0, NULL, &object, &granted);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const OBJECT_TYPE *type = ob_object_type(sys->ob, object);
    if (type == TYPE(call, ExMutantObjectType)) {
        status = ke_release_mutant(sys->ke, object, &call->thread->thread->Tcb, NULL);
    } else if ((type == TYPE(call, ExEventObjectType) && !(granted.access & EVENT_MODIFY_STATE)) ||
               (type == TYPE(call, ExSemaphoreObjectType) &&
                !(granted.access & SEMAPHORE_MODIFY_STATE))) {
        status = STATUS_ACCESS_DENIED;
    } else if (type == TYPE(call, ExEventObjectType)) {
        ke_set_event(sys->ke, object);
    } else if (type == TYPE(call, ExSemaphoreObjectType)) {
        status = ke_release_semaphore(sys->ke, object, 1, NULL);
    } else {
        status = STATUS_OBJECT_TYPE_MISMATCH;
    }
    ob_dereference_object(sys->ob, object);
    return status;
}

/* NtSignalAndWaitForSingleObject(signal, wait, alertable, *timeout) */
static NTSTATUS signal_and_wait(struct sys_call *call)
{
    int64_t timeout;
    struct ke_wait wait = {
        .reason = UserRequest, .mode = UserMode, .alertable = (uint8_t)call->arg[2] != 0};
    void *object, *waited;
    NTSTATUS status = get_timeout(call, call->arg[3], &timeout, &wait);
    if (NT_SUCCESS(status)) {
        status = reference_waitable(call, call->arg[1], &object, &waited);
    }
    if (!NT_SUCCESS(status)) {
        return status; /* nothing was signalled */
    }
    status = signal_object(call, call->arg[0]);
    if (NT_SUCCESS(status)) {
        status =
            ke_wait_for_single_object(call->sys->ke, &call->thread->thread->Tcb, waited, &wait);
    }
    ob_dereference_object(call->sys->ob, object);
    return status;
}

/* NtDelayExecution(alertable, *interval) */
static NTSTATUS delay_execution(struct sys_call *call)
{
    int64_t interval;
    NTSTATUS status = SYS_GET(call, interval, call->arg[1]);
    return NT_SUCCESS(status) ? ke_delay_execution(call->sys->ke, &call->thread->thread->Tcb,
                                                   UserMode, (uint8_t)call->arg[0] != 0, interval)
                              : status;
}

static NTSTATUS yield_execution(struct sys_call *call)
{
    return ke_yield_processor(call->sys->ke, &call->thread->thread->Tcb)
               ? STATUS_SUCCESS
               : STATUS_NO_YIELD_PERFORMED;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtCreateEvent, create_event},
    {SERVICE_NtOpenEvent, open_event},
    {SERVICE_NtSetEvent, set_event},
    {SERVICE_NtResetEvent, reset_event},
    {SERVICE_NtPulseEvent, pulse_event},
    {SERVICE_NtClearEvent, clear_event},
    {SERVICE_NtQueryEvent, query_event},
    {SERVICE_NtCreateMutant, create_mutant},
    {SERVICE_NtOpenMutant, open_mutant},
    {SERVICE_NtReleaseMutant, release_mutant},
    {SERVICE_NtCreateSemaphore, create_semaphore},
    {SERVICE_NtOpenSemaphore, open_semaphore},
    {SERVICE_NtReleaseSemaphore, release_semaphore},
    {SERVICE_NtCreateTimer, create_timer},
    {SERVICE_NtOpenTimer, open_timer},
    {SERVICE_NtSetTimer, set_timer},
    {SERVICE_NtCancelTimer, cancel_timer},
    {SERVICE_NtWaitForSingleObject, wait_single},
    {SERVICE_NtWaitForMultipleObjects, wait_multiple},
    {SERVICE_NtSignalAndWaitForSingleObject, signal_and_wait},
    {SERVICE_NtDelayExecution, delay_execution},
    {SERVICE_NtYieldExecution, yield_execution},
};
const struct sys_family sys_sync_family = {entries, sizeof entries / sizeof *entries};
