/* guest/kernel32/workingset.c: limits of working sets, and what is in them.
 * Source: memoryapi.h, psapi.h, documentation. */
#include "nt/se.h"
#include "nt/security.h"
#include "psapi.h"

/* TOKEN_PRIVILEGES of one. */
struct privilege {
    ULONG count;
    LUID_AND_ATTRIBUTES one;
};

/* Enable the caller's SeIncreaseWorkingSetPrivilege, if it has it, or make it what it was. */
static BOOL adjust_privilege(struct privilege *to, struct privilege *was)
{
    HANDLE token;
    ULONG needed;
    NTSTATUS status =
        NtOpenProcessToken(NtCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token);
    if (!NT_SUCCESS(status))
        return FALSE;
    status = NtAdjustPrivilegesToken(token, FALSE, to, was ? sizeof *was : 0, was, &needed);
    NtClose(token);
    return status == STATUS_SUCCESS;
}

static RTL_SRWLOCK token_lock; /* one thread at a time borrows the privilege of all */

/* The limits are set with the privilege that a larger minimum needs, as far as the caller has it,
 * enabled for this call. */
BOOL SetProcessWorkingSetSizeEx(HANDLE process, ULONG64 minimum, ULONG64 maximum, ULONG flags)
{
    const QUOTA_LIMITS_EX limits = {
        .MinimumWorkingSetSize = minimum, .MaximumWorkingSetSize = maximum, .Flags = flags};
    struct privilege enabled = {.count = 1}, was = {.count = 0};
    enabled.one.Luid.LowPart = SE_INC_WORKING_SET_PRIVILEGE;
    enabled.one.Attributes = SE_PRIVILEGE_ENABLED;
    RtlAcquireSRWLockExclusive(&token_lock);
    BOOL adjusted = adjust_privilege(&enabled, &was);
    NTSTATUS status =
        NtSetInformationProcess(process, ProcessQuotaLimits, (void *)&limits, sizeof limits);
    if (adjusted && was.count > 0)
        adjust_privilege(&was, NULL);
    RtlReleaseSRWLockExclusive(&token_lock);
    return done(status);
}

BOOL SetProcessWorkingSetSize(HANDLE process, ULONG64 minimum, ULONG64 maximum)
{
    return SetProcessWorkingSetSizeEx(process, minimum, maximum, 0);
}

BOOL GetProcessWorkingSetSizeEx(HANDLE process, ULONG64 *minimum, ULONG64 *maximum, ULONG *flags)
{
    QUOTA_LIMITS_EX limits;
    if (!done(NtQueryInformationProcess(process, ProcessQuotaLimits, &limits, sizeof limits, NULL)))
        return FALSE;
    *minimum = limits.MinimumWorkingSetSize;
    *maximum = limits.MaximumWorkingSetSize;
    *flags = limits.Flags;
    return TRUE;
}

BOOL GetProcessWorkingSetSize(HANDLE process, ULONG64 *minimum, ULONG64 *maximum)
{
    ULONG flags;
    return GetProcessWorkingSetSizeEx(process, minimum, maximum, &flags);
}

BOOL K32EmptyWorkingSet(HANDLE process)
{
    const ULONG64 empty = (ULONG64)-1;
    return SetProcessWorkingSetSize(process, empty, empty);
}

BOOL K32QueryWorkingSet(HANDLE process, void *buffer, ULONG size)
{
    return done(
        NtQueryVirtualMemory(process, NULL, MemoryWorkingSetInformation, buffer, size, NULL));
}

BOOL K32QueryWorkingSetEx(HANDLE process, void *buffer, ULONG size)
{
    return done(
        NtQueryVirtualMemory(process, NULL, MemoryWorkingSetExInformation, buffer, size, NULL));
}
