/* guest/kernel32/thread.c: creating threads, and what a thread does to itself and to others.
 *
 * A thread begins in ntdll's RtlUserThreadStart, which calls the start routine and ends the thread
 * with its result; ExitThread takes the same road from inside. */
#include "k32.h"

HANDLE GetCurrentThread(void)
{
    return CURRENT_THREAD;
}

ULONG GetCurrentThreadId(void)
{
    return (ULONG)(ULONG64)current_teb()->ClientId.UniqueThread;
}

/* Create a thread in `process`. `stack` is the initial commit, or the reserve with
 * STACK_SIZE_PARAM_IS_A_RESERVATION. Source: CreateRemoteThread documentation. */
HANDLE CreateRemoteThread(HANDLE process, const SECURITY_ATTRIBUTES *security, ULONG64 stack,
                          THREAD_START *start, void *parameter, ULONG flags, ULONG *id)
{
    if (flags & ~(CREATE_SUSPENDED | STACK_SIZE_PARAM_IS_A_RESERVATION)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    BOOL is_reserve = (flags & STACK_SIZE_PARAM_IS_A_RESERVATION) != 0;
    BOOL suspended = (flags & CREATE_SUSPENDED) != 0;
    HANDLE thread = NULL;
    CLIENT_ID client = {0};
    NTSTATUS status = RtlCreateUserThread(
        process, security ? security->lpSecurityDescriptor : NULL, (BOOLEAN)suspended, 0,
        is_reserve ? stack : 0, is_reserve ? 0 : stack, (void *)start, parameter, &thread, &client);
    if (!done(status))
        return NULL;
    if (id)
        *id = (ULONG)(ULONG64)client.UniqueThread;
    if (security && security->bInheritHandle)
        SetHandleInformation(thread, 1, 1);
    return thread;
}

HANDLE CreateThread(const SECURITY_ATTRIBUTES *security, ULONG64 stack, THREAD_START *start,
                    void *parameter, ULONG flags, ULONG *id)
{
    return CreateRemoteThread(CURRENT_PROCESS, security, stack, start, parameter, flags, id);
}

void ExitThread(ULONG code)
{
    RtlExitUserThread((NTSTATUS)code);
}

/* Where RtlUserThreadStart hands over: the image's entry point or a thread's start routine.
 * Windows passes a first argument of 0 for both. Source: BaseThreadInitThunk in public stack
 * traces. */
void BaseThreadInitThunk(ULONG unused, THREAD_START *start, void *parameter)
{
    (void)unused;
    RtlExitUserThread((NTSTATUS)start(parameter));
}

BOOL TerminateThread(HANDLE thread, ULONG code)
{
    return done(NtTerminateThread(thread, (NTSTATUS)code));
}

static BOOL query_thread(HANDLE thread, THREAD_BASIC_INFORMATION *info)
{
    return done(NtQueryInformationThread(thread, ThreadBasicInformation, info, sizeof *info, NULL));
}

BOOL GetExitCodeThread(HANDLE thread, ULONG *code)
{
    THREAD_BASIC_INFORMATION info;
    if (!query_thread(thread, &info))
        return FALSE;
    *code = (ULONG)info.ExitStatus;
    return TRUE;
}

ULONG GetThreadId(HANDLE thread)
{
    THREAD_BASIC_INFORMATION info;
    return query_thread(thread, &info) ? (ULONG)(ULONG64)info.ClientId.UniqueThread : 0;
}

ULONG GetProcessIdOfThread(HANDLE thread)
{
    THREAD_BASIC_INFORMATION info;
    return query_thread(thread, &info) ? (ULONG)(ULONG64)info.ClientId.UniqueProcess : 0;
}

ULONG ResumeThread(HANDLE thread)
{
    ULONG count;
    return done(NtResumeThread(thread, &count)) ? count : (ULONG)-1;
}

ULONG SuspendThread(HANDLE thread)
{
    ULONG count;
    return done(NtSuspendThread(thread, &count)) ? count : (ULONG)-1;
}

HANDLE OpenThread(ULONG access, BOOL inherit, ULONG id)
{
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .Attributes = inherit ? OBJ_INHERIT : 0};
    CLIENT_ID client = {.UniqueThread = (void *)(ULONG64)id};
    HANDLE thread;
    return done(NtOpenThread(&thread, access, &attributes, &client)) ? thread : NULL;
}

BOOL GetThreadContext(HANDLE thread, CONTEXT *context)
{
    return done(NtGetContextThread(thread, context));
}

BOOL SetThreadContext(HANDLE thread, const CONTEXT *context)
{
    return done(NtSetContextThread(thread, (CONTEXT *)context));
}

BOOL SwitchToThread(void)
{
    return NtYieldExecution() == STATUS_SUCCESS;
}

ULONG SleepEx(ULONG milliseconds, BOOL alertable)
{
    LARGE_INTEGER time = {.QuadPart = INT64_MIN};
    nt_timeout(&time, milliseconds);
    NTSTATUS status;
    do
        status = NtDelayExecution((BOOLEAN)alertable, &time);
    while (milliseconds == INFINITE && status == STATUS_SUCCESS);
    return status == STATUS_USER_APC ? (ULONG)STATUS_USER_APC : 0;
}

void Sleep(ULONG milliseconds)
{
    SleepEx(milliseconds, FALSE);
}

/* An APC routine of the API takes one argument; NT gives three, of which the first carries it. */
static void apc_thunk(void *routine, void *argument, void *unused)
{
    (void)unused;
    ((void (*)(ULONG64))routine)((ULONG64)argument);
}

ULONG QueueUserAPC(void (*routine)(ULONG64), HANDLE thread, ULONG64 argument)
{
    return (ULONG)done(
        NtQueueApcThread(thread, (void *)apc_thunk, (void *)routine, (void *)argument, NULL));
}

#define THREAD_PRIORITY_ERROR_RETURN 0x7FFFFFFF
#define THREAD_PRIORITY_IDLE (-15)
#define THREAD_PRIORITY_TIME_CRITICAL 15
#define BASE_INCREMENT_LIMIT 16 /* NT's spelling of idle and time critical: saturation */

BOOL SetThreadPriority(HANDLE thread, int priority)
{
    LONG increment = priority;
    if (priority == THREAD_PRIORITY_TIME_CRITICAL)
        increment = BASE_INCREMENT_LIMIT;
    else if (priority == THREAD_PRIORITY_IDLE)
        increment = -BASE_INCREMENT_LIMIT;
    else if (priority < -2 || priority > 2)
        return fail_error(ERROR_INVALID_PARAMETER);
    return done(NtSetInformationThread(thread, ThreadBasePriority, &increment, sizeof increment));
}

int GetThreadPriority(HANDLE thread)
{
    THREAD_BASIC_INFORMATION info;
    if (!query_thread(thread, &info))
        return THREAD_PRIORITY_ERROR_RETURN;
    if (info.BasePriority >= BASE_INCREMENT_LIMIT)
        return THREAD_PRIORITY_TIME_CRITICAL;
    if (info.BasePriority <= -BASE_INCREMENT_LIMIT)
        return THREAD_PRIORITY_IDLE;
    return info.BasePriority;
}

ULONG64 SetThreadAffinityMask(HANDLE thread, ULONG64 mask)
{
    THREAD_BASIC_INFORMATION info;
    if (!query_thread(thread, &info))
        return 0;
    return done(NtSetInformationThread(thread, ThreadAffinityMask, &mask, sizeof mask))
               ? info.AffinityMask
               : 0;
}

BOOL GetThreadTimes(HANDLE thread, FILETIME *creation, FILETIME *exit, FILETIME *kernel,
                    FILETIME *user)
{
    KERNEL_USER_TIMES times;
    if (!done(NtQueryInformationThread(thread, ThreadTimes, &times, sizeof times, NULL)))
        return FALSE;
    *creation = filetime_of(times.CreateTime);
    *exit = filetime_of(times.ExitTime);
    *kernel = filetime_of(times.KernelTime);
    *user = filetime_of(times.UserTime);
    return TRUE;
}

BOOL DisableThreadLibraryCalls(HANDLE module)
{
    return done(LdrDisableThreadCalloutsForDll(module));
}
