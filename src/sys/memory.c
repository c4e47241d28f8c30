/* src/sys/memory.c: Nt*VirtualMemory.
 *
 * Capture base and size, name the process, act, give base and size back. Base and size are probed
 * for writing before anything happens, so that a call which succeeded can say so. Source of the
 * argument order: documentation of each service.
 */
#include <string.h>

#include "mm/mm.h"
#include "nt/file.h"
#include "sys/sys.h"

#define MEMORY_BASIC_INFORMATION_CLASS 0

struct region {
    uint64_t base;
    uint64_t size;
};

/* Base and size of a region, from two user variables that can also be written. */
static NTSTATUS get_region(struct sys_call *call, uint64_t base_va, uint64_t size_va,
                           struct region *region)
{
    NTSTATUS status = SYS_GET(call, region->base, base_va);
    if (NT_SUCCESS(status)) {
        status = SYS_GET(call, region->size, size_va);
    }
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, base_va, region->base);
    }
    return NT_SUCCESS(status) ? SYS_PUT(call, size_va, region->size) : status;
}

static NTSTATUS put_region(struct sys_call *call, uint64_t base_va, uint64_t size_va,
                           const struct region *region)
{
    NTSTATUS status = SYS_PUT(call, base_va, region->base);
    return NT_SUCCESS(status) ? SYS_PUT(call, size_va, region->size) : status;
}

/* NtAllocateVirtualMemory(process, *base, zero bits, *size, type, protection) */
static NTSTATUS allocate(struct sys_call *call)
{
    struct region region;
    struct ps_process *process;
    NTSTATUS status = get_region(call, call->arg[1], call->arg[3], &region);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = mm_allocate_virtual_memory(process->space, &region.base, call->arg[2], &region.size,
                                        (uint32_t)call->arg[4], (uint32_t)call->arg[5]);
    ps_dereference_process(process);
    return NT_SUCCESS(status) ? put_region(call, call->arg[1], call->arg[3], &region) : status;
}

/* NtFreeVirtualMemory(process, *base, *size, type) */
static NTSTATUS release(struct sys_call *call)
{
    struct region region;
    struct ps_process *process;
    NTSTATUS status = get_region(call, call->arg[1], call->arg[2], &region);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status =
        mm_free_virtual_memory(process->space, &region.base, &region.size, (uint32_t)call->arg[3]);
    ps_dereference_process(process);
    return NT_SUCCESS(status) ? put_region(call, call->arg[1], call->arg[2], &region) : status;
}

/* NtProtectVirtualMemory(process, *base, *size, protection, *old protection) */
static NTSTATUS protect(struct sys_call *call)
{
    struct region region;
    struct ps_process *process;
    uint32_t old;
    NTSTATUS status = get_region(call, call->arg[1], call->arg[2], &region);
    if (NT_SUCCESS(status)) {
        status = SYS_GET(call, old, call->arg[4]);
    }
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[4], old);
    }
    if (NT_SUCCESS(status)) {
        status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = mm_protect_virtual_memory(process->space, &region.base, &region.size,
                                       (uint32_t)call->arg[3], &old);
    ps_dereference_process(process);
    if (NT_SUCCESS(status)) {
        status = put_region(call, call->arg[1], call->arg[2], &region);
    }
    return NT_SUCCESS(status) ? SYS_PUT(call, call->arg[4], old) : status;
}

/* NtQueryVirtualMemory(process, address, class, buffer, length, *return length) */
static NTSTATUS query(struct sys_call *call)
{
    if (call->arg[2] != MEMORY_BASIC_INFORMATION_CLASS) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (call->arg[4] < sizeof(MEMORY_BASIC_INFORMATION)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    struct ps_process *process;
    NTSTATUS status = sys_get_process(call, call->arg[0], PROCESS_QUERY_INFORMATION, &process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    MEMORY_BASIC_INFORMATION information;
    memset(&information, 0, sizeof information);
    status = mm_query_virtual_memory(process->space, call->arg[1], &information);
    ps_dereference_process(process);
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[3], information);
    }
    uint64_t length = sizeof information;
    return NT_SUCCESS(status) ? sys_put_optional(call, call->arg[5], &length, sizeof length)
                              : status;
}

/* The bytes between `va` and `va + size` as the documentation wants them checked: an end beyond
 * user space is an access violation, whoever the process is. */
static bool user_range(uint64_t va, uint64_t size)
{
    return va + size >= va && va + size <= MM_HIGHEST_USER_ADDRESS + 1;
}

static NTSTATUS copy(struct sys_call *call, bool write)
{
    uint64_t remote = call->arg[1], local = call->arg[2], size = call->arg[3], copied = 0;
    if (!user_range(remote, size) || !user_range(local, size)) {
        return STATUS_ACCESS_VIOLATION;
    }
    struct ps_process *process;
    NTSTATUS status =
        sys_get_process(call, call->arg[0], write ? PROCESS_VM_WRITE : PROCESS_VM_READ, &process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status =
        write ? mm_copy_virtual_memory(call->space, local, process->space, remote, size, &copied)
              : mm_copy_virtual_memory(process->space, remote, call->space, local, size, &copied);
    ps_dereference_process(process);
    NTSTATUS said = sys_put_optional(call, call->arg[4], &copied, sizeof copied);
    return NT_SUCCESS(status) ? said : status;
}

/* NtReadVirtualMemory(process, address, buffer, size, *copied) */
static NTSTATUS read_memory(struct sys_call *call)
{
    return copy(call, false);
}

/* NtWriteVirtualMemory(process, address, buffer, size, *copied) */
static NTSTATUS write_memory(struct sys_call *call)
{
    return copy(call, true);
}

/* NtFlushInstructionCache(process, address, length): x64 keeps instruction fetch coherent. */
static NTSTATUS flush_instruction_cache(struct sys_call *call)
{
    struct ps_process *process;
    NTSTATUS status = sys_get_process(call, call->arg[0], PROCESS_VM_WRITE, &process);
    if (NT_SUCCESS(status)) {
        ps_dereference_process(process);
    }
    return status;
}

/* NtFlushVirtualMemory(process, *base, *size, *status block) */
static NTSTATUS flush(struct sys_call *call)
{
    struct region region;
    struct ps_process *process;
    IO_STATUS_BLOCK block;
    memset(&block, 0, sizeof block);
    NTSTATUS status = get_region(call, call->arg[1], call->arg[2], &region);
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[3], block);
    }
    if (NT_SUCCESS(status)) {
        status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = mm_flush_virtual_memory(process->space, &region.base, &region.size);
    ps_dereference_process(process);
    block.Status = status;
    if (NT_SUCCESS(status)) {
        block.Information = region.size;
        status = put_region(call, call->arg[1], call->arg[2], &region);
    }
    NTSTATUS put = SYS_PUT(call, call->arg[3], block);
    return NT_SUCCESS(status) ? put : status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtAllocateVirtualMemory, allocate},
    {SERVICE_NtFreeVirtualMemory, release},
    {SERVICE_NtProtectVirtualMemory, protect},
    {SERVICE_NtQueryVirtualMemory, query},
    {SERVICE_NtReadVirtualMemory, read_memory},
    {SERVICE_NtWriteVirtualMemory, write_memory},
    {SERVICE_NtFlushInstructionCache, flush_instruction_cache},
    {SERVICE_NtFlushVirtualMemory, flush},
};
const struct sys_family sys_memory_family = {entries, sizeof entries / sizeof *entries};
