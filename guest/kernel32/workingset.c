/* guest/kernel32/workingset.c: limits of working sets, and what is in them.
 * Source: memoryapi.h, psapi.h, documentation. */
#include "psapi.h"

BOOL SetProcessWorkingSetSizeEx(HANDLE process, ULONG64 minimum, ULONG64 maximum, ULONG flags)
{
    const QUOTA_LIMITS_EX limits = {
        .MinimumWorkingSetSize = minimum, .MaximumWorkingSetSize = maximum, .Flags = flags};
    return done(
        NtSetInformationProcess(process, ProcessQuotaLimits, (void *)&limits, sizeof limits));
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
