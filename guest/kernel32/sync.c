/* guest/kernel32/sync.c: events, mutexes, semaphores, timers, and waiting for them.
 *
 * Create functions of named objects open an existing one and say so with ERROR_ALREADY_EXISTS; NT
 * does both in one call with OBJ_OPENIF and returns STATUS_OBJECT_NAME_EXISTS. */
#include "k32.h"

HANDLE CreateEventW(const SECURITY_ATTRIBUTES *security, BOOL manual, BOOL signaled,
                    const WCHAR *name)
{
    struct named_object object;
    HANDLE handle = NULL;
    if (!named_object_init(&object, security, name))
        return NULL;
    NTSTATUS status =
        NtCreateEvent(&handle, EVENT_ALL_ACCESS, &object.attributes,
                      manual ? NotificationEvent : SynchronizationEvent, (BOOLEAN)(signaled != 0));
    return created(status, handle);
}

HANDLE CreateMutexW(const SECURITY_ATTRIBUTES *security, BOOL owned, const WCHAR *name)
{
    struct named_object object;
    HANDLE handle = NULL;
    if (!named_object_init(&object, security, name))
        return NULL;
    NTSTATUS status =
        NtCreateMutant(&handle, MUTANT_ALL_ACCESS, &object.attributes, (BOOLEAN)(owned != 0));
    return created(status, handle);
}

HANDLE CreateSemaphoreW(const SECURITY_ATTRIBUTES *security, LONG initial, LONG maximum,
                        const WCHAR *name)
{
    struct named_object object;
    HANDLE handle = NULL;
    if (!named_object_init(&object, security, name))
        return NULL;
    NTSTATUS status =
        NtCreateSemaphore(&handle, SEMAPHORE_ALL_ACCESS, &object.attributes, initial, maximum);
    return created(status, handle);
}

HANDLE CreateWaitableTimerW(const SECURITY_ATTRIBUTES *security, BOOL manual, const WCHAR *name)
{
    struct named_object object;
    HANDLE handle = NULL;
    if (!named_object_init(&object, security, name))
        return NULL;
    NTSTATUS status = NtCreateTimer(&handle, TIMER_ALL_ACCESS, &object.attributes,
                                    manual ? NotificationTimer : SynchronizationTimer);
    return created(status, handle);
}

HANDLE CreateEventA(const SECURITY_ATTRIBUTES *security, BOOL manual, BOOL signaled,
                    const char *name)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, name))
        return NULL;
    HANDLE handle = CreateEventW(security, manual, signaled, arg.text);
    wide_arg_deinit(&arg);
    return handle;
}

HANDLE CreateMutexA(const SECURITY_ATTRIBUTES *security, BOOL owned, const char *name)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, name))
        return NULL;
    HANDLE handle = CreateMutexW(security, owned, arg.text);
    wide_arg_deinit(&arg);
    return handle;
}

HANDLE CreateSemaphoreA(const SECURITY_ATTRIBUTES *security, LONG initial, LONG maximum,
                        const char *name)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, name))
        return NULL;
    HANDLE handle = CreateSemaphoreW(security, initial, maximum, arg.text);
    wide_arg_deinit(&arg);
    return handle;
}

HANDLE CreateWaitableTimerA(const SECURITY_ATTRIBUTES *security, BOOL manual, const char *name)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, name))
        return NULL;
    HANDLE handle = CreateWaitableTimerW(security, manual, arg.text);
    wide_arg_deinit(&arg);
    return handle;
}

HANDLE OpenEventW(ULONG access, BOOL inherit, const WCHAR *name)
{
    return open_named(NtOpenEvent, access, inherit, name);
}

HANDLE OpenEventA(ULONG access, BOOL inherit, const char *name)
{
    return open_named_ansi(NtOpenEvent, access, inherit, name);
}

HANDLE OpenMutexW(ULONG access, BOOL inherit, const WCHAR *name)
{
    return open_named(NtOpenMutant, access, inherit, name);
}

HANDLE OpenMutexA(ULONG access, BOOL inherit, const char *name)
{
    return open_named_ansi(NtOpenMutant, access, inherit, name);
}

HANDLE OpenSemaphoreW(ULONG access, BOOL inherit, const WCHAR *name)
{
    return open_named(NtOpenSemaphore, access, inherit, name);
}

HANDLE OpenSemaphoreA(ULONG access, BOOL inherit, const char *name)
{
    return open_named_ansi(NtOpenSemaphore, access, inherit, name);
}

HANDLE OpenWaitableTimerW(ULONG access, BOOL inherit, const WCHAR *name)
{
    return open_named(NtOpenTimer, access, inherit, name);
}

HANDLE OpenWaitableTimerA(ULONG access, BOOL inherit, const char *name)
{
    return open_named_ansi(NtOpenTimer, access, inherit, name);
}

BOOL SetEvent(HANDLE event)
{
    return done(NtSetEvent(event, NULL));
}

BOOL ResetEvent(HANDLE event)
{
    return done(NtClearEvent(event));
}

BOOL PulseEvent(HANDLE event)
{
    return done(NtPulseEvent(event, NULL));
}

BOOL ReleaseMutex(HANDLE mutex)
{
    return done(NtReleaseMutant(mutex, NULL));
}

BOOL ReleaseSemaphore(HANDLE semaphore, LONG count, LONG *previous)
{
    return done(NtReleaseSemaphore(semaphore, count, previous));
}

BOOL SetWaitableTimer(HANDLE timer, const LARGE_INTEGER *due, LONG period,
                      void (*routine)(void *, ULONG, ULONG), void *argument, BOOL resume)
{
    LARGE_INTEGER when = *due;
    if (period < 0)
        return fail_error(ERROR_INVALID_PARAMETER);
    return done(
        NtSetTimer(timer, &when, (void *)routine, argument, (BOOLEAN)(resume != 0), period, NULL));
}

BOOL CancelWaitableTimer(HANDLE timer)
{
    return done(NtCancelTimer(timer, NULL));
}

/* Handles of the standard streams may be waited for by their small numbers. */
static HANDLE real_handle(HANDLE handle)
{
    ULONG number = (ULONG)(ULONG64)handle;
    if (number == STD_INPUT_HANDLE || number == STD_OUTPUT_HANDLE || number == STD_ERROR_HANDLE)
        return GetStdHandle(number);
    return handle;
}

ULONG WaitForSingleObjectEx(HANDLE handle, ULONG milliseconds, BOOL alertable)
{
    LARGE_INTEGER time;
    LARGE_INTEGER *timeout = nt_timeout(&time, milliseconds);
    NTSTATUS status;
    do
        status = NtWaitForSingleObject(real_handle(handle), (BOOLEAN)alertable, timeout);
    while (alertable && status == STATUS_ALERTED);
    if (!NT_SUCCESS(status)) {
        fail_status(status);
        return WAIT_FAILED;
    }
    return (ULONG)status;
}

ULONG WaitForSingleObject(HANDLE handle, ULONG milliseconds)
{
    return WaitForSingleObjectEx(handle, milliseconds, FALSE);
}

ULONG WaitForMultipleObjectsEx(ULONG count, const HANDLE *handles, BOOL all, ULONG milliseconds,
                               BOOL alertable)
{
    HANDLE real[MAXIMUM_WAIT_OBJECTS];
    if (count == 0 || count > MAXIMUM_WAIT_OBJECTS) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return WAIT_FAILED;
    }
    for (ULONG i = 0; i < count; i++)
        real[i] = real_handle(handles[i]);
    LARGE_INTEGER time;
    LARGE_INTEGER *timeout = nt_timeout(&time, milliseconds);
    NTSTATUS status;
    do
        status = NtWaitForMultipleObjects(count, real, all ? WaitAll : WaitAny, (BOOLEAN)alertable,
                                          timeout);
    while (alertable && status == STATUS_ALERTED);
    if (!NT_SUCCESS(status)) {
        fail_status(status);
        return WAIT_FAILED;
    }
    return (ULONG)status;
}

ULONG WaitForMultipleObjects(ULONG count, const HANDLE *handles, BOOL all, ULONG milliseconds)
{
    return WaitForMultipleObjectsEx(count, handles, all, milliseconds, FALSE);
}

ULONG SignalObjectAndWait(HANDLE signal, HANDLE handle, ULONG milliseconds, BOOL alertable)
{
    LARGE_INTEGER time;
    NTSTATUS status = NtSignalAndWaitForSingleObject(signal, handle, (BOOLEAN)alertable,
                                                     nt_timeout(&time, milliseconds));
    if (!NT_SUCCESS(status)) {
        fail_status(status);
        return WAIT_FAILED;
    }
    return (ULONG)status;
}

/* The void and BOOL forms of what ntdll returns a status for. */
void InitializeCriticalSection(RTL_CRITICAL_SECTION *section)
{
    RtlInitializeCriticalSection(section);
}

BOOL InitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION *section, ULONG spins)
{
    return done(RtlInitializeCriticalSectionAndSpinCount(section, spins));
}

BOOL InitializeCriticalSectionEx(RTL_CRITICAL_SECTION *section, ULONG spins, ULONG flags)
{
    (void)flags; /* they only choose debug information */
    return done(RtlInitializeCriticalSectionAndSpinCount(section, spins));
}

BOOL SleepConditionVariableCS(void *variable, RTL_CRITICAL_SECTION *section, ULONG milliseconds)
{
    LARGE_INTEGER time;
    NTSTATUS status =
        RtlSleepConditionVariableCS(variable, section, nt_timeout(&time, milliseconds));
    if (status == STATUS_TIMEOUT)
        return fail_error(ERROR_TIMEOUT);
    return done(status);
}

BOOL SleepConditionVariableSRW(void *variable, RTL_SRWLOCK *lock, ULONG milliseconds, ULONG flags)
{
    LARGE_INTEGER time;
    NTSTATUS status =
        RtlSleepConditionVariableSRW(variable, lock, nt_timeout(&time, milliseconds), flags);
    if (status == STATUS_TIMEOUT)
        return fail_error(ERROR_TIMEOUT);
    return done(status);
}

BOOL InitOnceExecuteOnce(void *once, BOOL (*initialize)(void *, void *, void **), void *parameter,
                         void **context)
{
    return done(RtlRunOnceExecuteOnce(once, (void *)initialize, parameter, context));
}

BOOL InitOnceBeginInitialize(void *once, ULONG flags, BOOL *pending, void **context)
{
    NTSTATUS status = RtlRunOnceBeginInitialize(once, flags, context);
    if (!done(status))
        return FALSE;
    *pending = status == STATUS_PENDING;
    return TRUE;
}

BOOL InitOnceComplete(void *once, ULONG flags, void *context)
{
    return done(RtlRunOnceComplete(once, flags, context));
}
