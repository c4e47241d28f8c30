/* src/sys/workingset.c: working sets: locking pages, limits, and what is in them.
 *
 * Source: VirtualLock, SetProcessWorkingSetSizeEx, QueryWorkingSet, QueryWorkingSetEx,
 * documentation; argument order as these services are known.
 */
#include <stdlib.h>

#include "mm/mm.h"
#include "nt/info.h"
#include "nt/se.h"
#include "sys/sys.h"

/* ---- NtLockVirtualMemory, NtUnlockVirtualMemory(process, *base, *size, type) ------------------
 */

typedef NTSTATUS lock_memory(struct mm_space *space, uint64_t *base, uint64_t *size, uint32_t type);

static NTSTATUS change_locks(struct sys_call *call, lock_memory *change)
{
    struct sys_region region;
    struct ps_process *process;
    uint32_t type = (uint32_t)call->arg[3];
    NTSTATUS status = sys_get_region(call, call->arg[1], call->arg[2], &region);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (type == 0 || type & ~(MAP_PROCESS | MAP_SYSTEM)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (type & MAP_SYSTEM && !se_process_has_privilege(&call->sys->ps->se, call->process->process,
                                                       SE_LOCK_MEMORY_PRIVILEGE)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = change(process->space, &region.base, &region.size, type);
    ps_dereference_process(process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    NTSTATUS put = sys_put_region(call, call->arg[1], call->arg[2], &region);
    return NT_SUCCESS(put) ? status : put;
}

static NTSTATUS lock(struct sys_call *call)
{
    return change_locks(call, mm_lock_virtual_memory);
}

static NTSTATUS unlock(struct sys_call *call)
{
    return change_locks(call, mm_unlock_virtual_memory);
}

/* ---- NtQueryVirtualMemory(process, address, class, buffer, length, *return length) ------------
 */

enum { QUERY_BUFFER = 3, QUERY_LENGTH, QUERY_RETURNED };

/* How many bytes a caller's buffer is worth to us at once: a buffer may be said to be larger than
 * all there could be to tell. */
static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

NTSTATUS sys_query_working_set(struct sys_call *call, struct ps_process *process)
{
    const uint64_t head = offsetof(MEMORY_WORKING_SET_INFORMATION, WorkingSetInfo),
                   entry = sizeof(MEMORY_WORKING_SET_BLOCK);
    uint64_t room = (call->arg[QUERY_LENGTH] - head) / entry, count;
    NTSTATUS status = mm_query_working_set(process->space, NULL, 0, &count);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint64_t most = least(room, count);
    MEMORY_WORKING_SET_BLOCK *blocks = malloc(most * entry + 1);
    if (!blocks) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = mm_query_working_set(process->space, blocks, most, &count);
    uint64_t told = least(count, most), size = head + told * entry;
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[QUERY_BUFFER], count);
    }
    if (NT_SUCCESS(status)) {
        status = sys_put(call, call->arg[QUERY_BUFFER] + head, blocks, told * entry);
    }
    free(blocks);
    if (NT_SUCCESS(status)) {
        status = sys_put_optional(call, call->arg[QUERY_RETURNED], &size, sizeof size);
    }
    return NT_SUCCESS(status) && told < count ? STATUS_INFO_LENGTH_MISMATCH : status;
}

/* The caller says which pages; the answers go behind each, a piece of the array at a time. */
NTSTATUS sys_query_working_set_ex(struct sys_call *call, struct ps_process *process)
{
    MEMORY_WORKING_SET_EX_INFORMATION piece[64];
    uint64_t length = call->arg[QUERY_LENGTH], done = 0;
    if (length % sizeof *piece != 0) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    while (done < length) {
        uint64_t at = call->arg[QUERY_BUFFER] + done, size = least(length - done, sizeof piece);
        NTSTATUS status = sys_get(call, piece, at, size);
        if (NT_SUCCESS(status)) {
            status = mm_query_working_set_ex(process->space, piece, size / sizeof *piece);
        }
        if (NT_SUCCESS(status)) {
            status = sys_put(call, at, piece, size);
        }
        if (!NT_SUCCESS(status)) {
            return status;
        }
        done += size;
    }
    return sys_put_optional(call, call->arg[QUERY_RETURNED], &length, sizeof length);
}

/* ---- ProcessQuotaLimits ------------------------------------------------------------------------
 */

enum { ARG_BUFFER = 2, ARG_LENGTH };

NTSTATUS sys_query_quota_limits(struct sys_call *call, struct ps_process *process)
{
    const uint64_t no_limit = UINT64_MAX;
    QUOTA_LIMITS_EX limits = {.PagedPoolLimit = no_limit,
                              .NonPagedPoolLimit = no_limit,
                              .PagefileLimit = no_limit,
                              .TimeLimit.QuadPart = -1};
    uint32_t flags;
    mm_get_working_set_limits(process->space, &limits.MinimumWorkingSetSize,
                              &limits.MaximumWorkingSetSize, &flags);
    limits.Flags = flags;
    /* The structure without its newer members is as good. */
    bool old = (uint32_t)call->arg[ARG_LENGTH] == sizeof(QUOTA_LIMITS);
    return sys_answer(call, ARG_BUFFER, &limits, old ? sizeof(QUOTA_LIMITS) : sizeof limits);
}

/* More memory for one process alone is a privilege; a lower minimum, or to be emptied, is not.
 * Source: SE_INC_WORKING_SET_NAME, privilege constants, documentation. */
static bool may_set(struct sys_call *call, struct ps_process *process,
                    const QUOTA_LIMITS_EX *limits)
{
    uint64_t minimum, maximum;
    uint32_t flags;
    mm_get_working_set_limits(process->space, &minimum, &maximum, &flags);
    bool emptied =
        limits->MinimumWorkingSetSize == UINT64_MAX && limits->MaximumWorkingSetSize == UINT64_MAX;
    bool more = limits->MinimumWorkingSetSize > minimum ||
                (limits->Flags & ~flags & QUOTA_LIMITS_HARDWS_MIN_ENABLE);
    return emptied || !more ||
           se_process_has_privilege(&call->sys->ps->se, call->process->process,
                                    SE_INC_WORKING_SET_PRIVILEGE);
}

/* => also STATUS_PRIVILEGE_NOT_HELD: a larger or hard minimum without SeIncreaseWorkingSetPrivilege
 */
NTSTATUS sys_set_quota_limits(struct sys_call *call, struct ps_process *process)
{
    QUOTA_LIMITS_EX limits = {.Flags = 0};
    uint32_t length = (uint32_t)call->arg[ARG_LENGTH];
    if (length != sizeof(QUOTA_LIMITS) && length != sizeof limits) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    NTSTATUS status = sys_get(call, &limits, call->arg[ARG_BUFFER], length);
    if (NT_SUCCESS(status) && !may_set(call, process, &limits)) {
        status = STATUS_PRIVILEGE_NOT_HELD;
    }
    return NT_SUCCESS(status)
               ? mm_set_working_set_limits(process->space, limits.MinimumWorkingSetSize,
                                           limits.MaximumWorkingSetSize, limits.Flags)
               : status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtLockVirtualMemory, lock},
    {SERVICE_NtUnlockVirtualMemory, unlock},
};
const struct sys_family sys_working_set_family = {entries, sizeof entries / sizeof *entries};
