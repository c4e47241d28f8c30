/* guest/kernel32/stack.c: the end of a thread's stack.
 *
 * The kernel grows a stack by its guard pages and keeps them as large as the TEB's
 * GuaranteedStackBytes ask for, so that so much is left for whoever handles the overflow. The guard
 * that is there when more is asked for is enlarged at once. Source: SetThreadStackGuarantee
 * documentation. */
#include "k32.h"

/* Pages below the stack's limit become its guard. */
static NTSTATUS enlarge_guard(const TEB *teb, ULONG64 bytes)
{
    void *guard = (char *)teb->NtTib.StackLimit - bytes;
    ULONG64 size = bytes;
    ULONG old;
    if ((ULONG64)guard <= (ULONG64)teb->DeallocationStack + PAGE_SIZE_BYTES)
        return STATUS_INVALID_PARAMETER;
    NTSTATUS status =
        NtAllocateVirtualMemory(CURRENT_PROCESS, &guard, 0, &size, MEM_COMMIT, PAGE_READWRITE);
    return NT_SUCCESS(status) ? NtProtectVirtualMemory(CURRENT_PROCESS, &guard, &size,
                                                       PAGE_READWRITE | PAGE_GUARD, &old)
                              : status;
}

BOOL SetThreadStackGuarantee(ULONG *size)
{
    TEB *teb = current_teb();
    ULONG wanted = *size, has = teb->GuaranteedStackBytes;
    if (wanted > (ULONG64)teb->NtTib.StackBase - (ULONG64)teb->DeallocationStack)
        return fail_error(ERROR_INVALID_PARAMETER);
    wanted = (wanted + PAGE_SIZE_BYTES - 1) / PAGE_SIZE_BYTES * PAGE_SIZE_BYTES;
    if (wanted > has) {
        NTSTATUS status = enlarge_guard(teb, stack_guard_bytes(wanted));
        if (!NT_SUCCESS(status))
            return fail_status(status);
        teb->GuaranteedStackBytes = wanted;
    }
    *size = has;
    return TRUE;
}
