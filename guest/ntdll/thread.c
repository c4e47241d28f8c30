/* guest/ntdll/thread.c: threads, and small things of the PEB and TEB. */
#include "ntdllp.h"

/* Start a thread at start(parameter) in a process, through RtlUserThreadStart. Sizes in bytes, 0:
 * the program's. Handle and ids may be NULL. */
NTSTATUS RtlCreateUserThread(HANDLE process, void *descriptor, BOOLEAN suspended, ULONG zero_bits,
                             ULONG64 reserve, ULONG64 commit, void *start, void *parameter,
                             HANDLE *thread, CLIENT_ID *id)
{
    CLIENT_ID client;
    HANDLE handle;
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes, .SecurityDescriptor = descriptor};
    PS_ATTRIBUTE_LIST list = {
        .TotalLength = offsetof(PS_ATTRIBUTE_LIST, Attributes[1]),
        .Attributes[0] = {.Attribute = PS_ATTRIBUTE_CLIENT_ID, .Size = sizeof client}};
    list.Attributes[0].ValuePtr = &client;
    NTSTATUS status = NtCreateThreadEx(
        &handle, THREAD_ALL_ACCESS, &attributes, process, start, parameter,
        suspended ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0, zero_bits, commit, reserve, &list);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (id) {
        *id = client;
    }
    if (thread) {
        *thread = handle;
    } else {
        NtClose(handle);
    }
    return STATUS_SUCCESS;
}

/* The end of the calling thread; of the process, when it is the last. */
void RtlExitUserThread(NTSTATUS status)
{
    ULONG last = 0;
    NtQueryInformationThread(NtCurrentThread(), ThreadAmILastThread, &last, sizeof last, NULL);
    if (last) {
        RtlExitUserProcess(status);
    }
    LdrShutdownThread();
    for (;;) {
        NtTerminateThread(NtCurrentThread(), status);
    }
}

PEB *RtlGetCurrentPeb(void)
{
    return current_peb();
}

void RtlAcquirePebLock(void)
{
    RtlEnterCriticalSection(&FastPebLock);
}

void RtlReleasePebLock(void)
{
    RtlLeaveCriticalSection(&FastPebLock);
}

ULONG RtlGetLastWin32Error(void)
{
    return current_teb()->LastErrorValue;
}

void RtlSetLastWin32Error(ULONG error)
{
    current_teb()->LastErrorValue = error;
}

NTSTATUS RtlGetLastNtStatus(void)
{
    return (NTSTATUS)current_teb()->LastStatusValue;
}

void RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS status)
{
    current_teb()->LastErrorValue = RtlNtStatusToDosError(status);
}

/* ---- pointers that are stored where an overflow might reach them: xored and rotated by a cookie
 * ---- */

static ULONG64 cookie(void)
{
    static ULONG value;
    if (!value) {
        ULONG asked = 0;
        NtQueryInformationProcess(NtCurrentProcess(), ProcessCookie, &asked, sizeof asked, NULL);
        value = asked | 1;
    }
    return value;
}

void *RtlEncodePointer(void *pointer)
{
    ULONG64 key = cookie(), v = (ULONG64)pointer ^ key;
    ULONG by = key & 63;
    return (void *)(by ? v >> by | v << (64 - by) : v);
}

void *RtlDecodePointer(void *pointer)
{
    ULONG64 key = cookie(), v = (ULONG64)pointer;
    ULONG by = key & 63;
    return (void *)((by ? v << by | v >> (64 - by) : v) ^ key);
}

void *RtlEncodeSystemPointer(void *pointer)
{
    return (void *)((ULONG64)pointer ^ SharedUserData->Cookie);
}

void *RtlDecodeSystemPointer(void *pointer)
{
    return RtlEncodeSystemPointer(pointer);
}

/* Documented generator: seed = (7FFFFFED * seed + 7FFFFFC3) mod 2^31 - 1. */
ULONG RtlRandomEx(ULONG *seed)
{
    *seed = (ULONG)((0x7FFFFFEDull * *seed + 0x7FFFFFC3ull) % 0x7FFFFFFFull);
    return *seed;
}
