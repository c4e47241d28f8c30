/* src/sys/memory.c: Nt*VirtualMemory.
 *
 * Capture base and size, name the process, act, give base and size back. Base and size are probed
 * for writing before anything happens, so that a call which succeeded can say so. Source of the
 * argument order: documentation of each service.
 */
#include <string.h>

#include "mm/mm.h"
#include "nt/file.h"
#include "nt/info.h"
#include "sys/sys.h"

#define VARIABLE(address, lvalue)                                                                  \
    {                                                                                              \
        .va = (address), .copy = &(lvalue), .size = sizeof(lvalue)                                 \
    }

NTSTATUS sys_get_region(struct sys_call *call, uint64_t base_va, uint64_t size_va,
                        struct sys_region *region)
{
    const struct mm_variable v[] = {VARIABLE(base_va, region->base),
                                    VARIABLE(size_va, region->size)};
    return mm_capture_variables(call->space, v, 2);
}

NTSTATUS sys_put_region(struct sys_call *call, uint64_t base_va, uint64_t size_va,
                        struct sys_region *region)
{
    const struct mm_variable v[] = {VARIABLE(base_va, region->base),
                                    VARIABLE(size_va, region->size)};
    return mm_return_variables(call->space, v, 2);
}

/* Large pages are never paged, so not everybody may have them. Types that make no sense are mm's
 * to refuse. Source: VirtualAlloc, "Large-Page Support", documentation. */
static bool may_allocate(struct sys_call *call, uint32_t type)
{
    const uint32_t large = MEM_LARGE_PAGES | MEM_RESERVE | MEM_COMMIT;

    return (type & ~MEM_TOP_DOWN) != large ||
           se_process_has_privilege(&call->sys->ps->se, call->process->process,
                                    SE_LOCK_MEMORY_PRIVILEGE);
}

/* NtAllocateVirtualMemory(process, *base, zero bits, *size, type, protection).
 * => also STATUS_PRIVILEGE_NOT_HELD: MEM_LARGE_PAGES without SeLockMemoryPrivilege */
static NTSTATUS allocate(struct sys_call *call)
{
    struct sys_region region;
    struct ps_process *process;
    NTSTATUS status = sys_get_region(call, call->arg[1], call->arg[3], &region);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint32_t type = (uint32_t)call->arg[4];
    status = may_allocate(call, type)
                 ? mm_allocate_virtual_memory(process->space, &region.base, call->arg[2],
                                              &region.size, type, (uint32_t)call->arg[5])
                 : STATUS_PRIVILEGE_NOT_HELD;
    ps_dereference_process(process);
    return NT_SUCCESS(status) ? sys_put_region(call, call->arg[1], call->arg[3], &region) : status;
}

/* NtFreeVirtualMemory(process, *base, *size, type) */
static NTSTATUS release(struct sys_call *call)
{
    struct sys_region region;
    struct ps_process *process;
    NTSTATUS status = sys_get_region(call, call->arg[1], call->arg[2], &region);
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
    return NT_SUCCESS(status) ? sys_put_region(call, call->arg[1], call->arg[2], &region) : status;
}

/* NtProtectVirtualMemory(process, *base, *size, protection, *old protection) */
static NTSTATUS protect(struct sys_call *call)
{
    struct sys_region region;
    struct ps_process *process;
    uint32_t old;
    const struct mm_variable v[] = {VARIABLE(call->arg[1], region.base),
                                    VARIABLE(call->arg[2], region.size),
                                    VARIABLE(call->arg[4], old)};
    NTSTATUS status = mm_capture_variables(call->space, v, 3);
    if (NT_SUCCESS(status)) {
        status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = mm_protect_virtual_memory(process->space, &region.base, &region.size,
                                       (uint32_t)call->arg[3], &old);
    ps_dereference_process(process);
    return NT_SUCCESS(status) ? mm_return_variables(call->space, v, 3) : status;
}

/* ---- NtQueryVirtualMemory(process, address, class, buffer, length, *return length) ----------- */

enum { QUERY_ADDRESS = 1, QUERY_CLASS, QUERY_BUFFER, QUERY_LENGTH, QUERY_RETURNED };

/* An answer of a fixed size, which the buffer has room for. */
static NTSTATUS put_answer(struct sys_call *call, const void *answer, uint64_t size)
{
    NTSTATUS status = sys_put(call, call->arg[QUERY_BUFFER], answer, size);
    return NT_SUCCESS(status)
               ? sys_put_optional(call, call->arg[QUERY_RETURNED], &size, sizeof size)
               : status;
}

static NTSTATUS query_basic(struct sys_call *call, struct ps_process *process)
{
    MEMORY_BASIC_INFORMATION information;
    memset(&information, 0, sizeof information);
    NTSTATUS status =
        mm_query_virtual_memory(process->space, call->arg[QUERY_ADDRESS], &information);
    return NT_SUCCESS(status) ? put_answer(call, &information, sizeof information) : status;
}

static NTSTATUS query_region(struct sys_call *call, struct ps_process *process)
{
    MEMORY_REGION_INFORMATION information;
    NTSTATUS status = mm_query_region(process->space, call->arg[QUERY_ADDRESS], &information);
    return NT_SUCCESS(status) ? put_answer(call, &information, sizeof information) : status;
}

/* The name of the file behind a view. */
static NTSTATUS query_section_name(struct sys_call *call, struct ps_process *process)
{
    FILE_OBJECT *file;
    size_t needed;
    NTSTATUS status = mm_reference_mapped_file(process->space, call->arg[QUERY_ADDRESS], &file);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sys_put_name(call, file, call->arg[QUERY_BUFFER], call->arg[QUERY_LENGTH], &needed);
    ob_dereference_object(call->sys->ob, file);
    if (!NT_SUCCESS(status) && status != STATUS_BUFFER_OVERFLOW) {
        return status;
    }
    uint64_t said = needed;
    NTSTATUS put = sys_put_optional(call, call->arg[QUERY_RETURNED], &said, sizeof said);
    return NT_SUCCESS(put) ? status : put;
}

static const struct question {
    uint32_t class, access;
    size_t least; /* bytes of buffer */
    NTSTATUS (*serve)(struct sys_call *call, struct ps_process *process);
} questions[] = {
    {MemoryBasicInformation, PROCESS_QUERY_INFORMATION, sizeof(MEMORY_BASIC_INFORMATION),
     query_basic},
    {MemoryWorkingSetInformation, PROCESS_QUERY_INFORMATION | PROCESS_VM_READ,
     sizeof(MEMORY_WORKING_SET_INFORMATION), sys_query_working_set},
    {MemorySectionName, PROCESS_QUERY_INFORMATION, sizeof(UNICODE_STRING), query_section_name},
    {MemoryRegionInformation, PROCESS_QUERY_INFORMATION, sizeof(MEMORY_REGION_INFORMATION),
     query_region},
    {MemoryWorkingSetExInformation, PROCESS_QUERY_INFORMATION,
     sizeof(MEMORY_WORKING_SET_EX_INFORMATION), sys_query_working_set_ex},
};

static NTSTATUS query(struct sys_call *call)
{
    const struct question *question = NULL;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        if (questions[i].class == (uint32_t)call->arg[QUERY_CLASS]) {
            question = &questions[i];
        }
    }
    if (!question) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (call->arg[QUERY_LENGTH] < question->least) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    struct ps_process *process;
    NTSTATUS status = sys_get_process(call, call->arg[0], question->access, &process);
    if (NT_SUCCESS(status)) {
        status = question->serve(call, process);
        ps_dereference_process(process);
    }
    return status;
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
    struct sys_region region;
    struct ps_process *process;
    IO_STATUS_BLOCK block;
    memset(&block, 0, sizeof block);
    NTSTATUS status = sys_get_region(call, call->arg[1], call->arg[2], &region);
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
        status = sys_put_region(call, call->arg[1], call->arg[2], &region);
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
