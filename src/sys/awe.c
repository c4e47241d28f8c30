/* src/sys/awe.c: Nt*UserPhysicalPages*: pages that a program owns and maps itself (AWE). Arrays of
 * frame numbers are captured whole, since a call succeeds for all pages or changes nothing.
 * Source: AllocateUserPhysicalPages and its kin, documentation. */
#include <stdlib.h>

#include "mm/mm.h"
#include "sys/sys.h"

/* No call can be about more pages than there is RAM. */
static bool is_possible(struct sys_call *call, uint64_t count)
{
    return count <= mm_ram_size(call->sys->mm) / PAGE_SIZE;
}

/* An array of numbers, to be freed. => STATUS_INSUFFICIENT_RESOURCES, STATUS_ACCESS_VIOLATION */
static NTSTATUS get_array(struct sys_call *call, uint64_t va, uint64_t count, uint64_t **out)
{
    *out = calloc(count + 1, sizeof **out);
    if (!*out) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = sys_get(call, *out, va, count * sizeof **out);
    if (!NT_SUCCESS(status)) {
        free(*out);
        *out = NULL;
    }
    return status;
}

/* The count behind a pointer, which can also be written. */
static NTSTATUS get_count(struct sys_call *call, uint64_t va, uint64_t *count)
{
    NTSTATUS status = SYS_GET(call, *count, va);
    return NT_SUCCESS(status) ? SYS_PUT(call, va, *count) : status;
}

/* NtAllocateUserPhysicalPages(process, *count, frames). Fewer than asked for is a success. */
static NTSTATUS allocate(struct sys_call *call)
{
    struct ps_process *process;
    uint64_t count;
    NTSTATUS status = get_count(call, call->arg[1], &count);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint64_t most = mm_ram_size(call->sys->mm) / PAGE_SIZE;
    count = count < most ? count : most;
    status = sys_probe_write(call, call->arg[2], count * sizeof(uint64_t));
    if (NT_SUCCESS(status)) {
        status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint64_t *frames = calloc(count + 1, sizeof *frames);
    size_t got = count;
    if (!se_process_has_privilege(&call->sys->ps->se, call->process->process,
                                  SE_LOCK_MEMORY_PRIVILEGE)) {
        status = STATUS_PRIVILEGE_NOT_HELD;
    } else {
        status = frames ? mm_allocate_physical_pages(process->space, frames, &got)
                        : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (NT_SUCCESS(status)) {
        count = got;
        status = sys_put(call, call->arg[2], frames, got * sizeof *frames);
        if (NT_SUCCESS(status)) {
            status = SYS_PUT(call, call->arg[1], count);
        }
        if (!NT_SUCCESS(status)) { /* nobody would know of them */
            (void)mm_free_physical_pages(process->space, frames, &got);
        }
    }
    free(frames);
    ps_dereference_process(process);
    return status;
}

/* NtFreeUserPhysicalPages(process, *count, frames) */
static NTSTATUS release(struct sys_call *call)
{
    struct ps_process *process;
    uint64_t count, *frames;
    NTSTATUS status = get_count(call, call->arg[1], &count);
    if (NT_SUCCESS(status) && !is_possible(call, count)) {
        status = STATUS_INVALID_PARAMETER_2;
    }
    if (NT_SUCCESS(status)) {
        status = get_array(call, call->arg[2], count, &frames);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    if (NT_SUCCESS(status)) {
        size_t freed = count;
        status = mm_free_physical_pages(process->space, frames, &freed);
        ps_dereference_process(process);
        count = freed;
        NTSTATUS put = SYS_PUT(call, call->arg[1], count);
        status = NT_SUCCESS(status) ? put : status;
    }
    free(frames);
    return status;
}

/* Map `count` pages at the addresses of `va`, which is freed. */
static NTSTATUS map_at(struct sys_call *call, uint64_t *va, uint64_t count, uint64_t frames_va)
{
    uint64_t *frames = NULL;
    NTSTATUS status = frames_va ? get_array(call, frames_va, count, &frames) : STATUS_SUCCESS;
    if (NT_SUCCESS(status)) {
        status = mm_map_physical_pages(call->space, va, frames, count);
    }
    free(frames);
    free(va);
    return status;
}

/* NtMapUserPhysicalPages(address, count, frames or 0) */
static NTSTATUS map(struct sys_call *call)
{
    uint64_t base = call->arg[0], count = call->arg[1];
    if (!is_possible(call, count)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    uint64_t *va = calloc(count + 1, sizeof *va);
    if (!va) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (uint64_t i = 0; i < count; i++) {
        va[i] = base + i * PAGE_SIZE;
    }
    return map_at(call, va, count, call->arg[2]);
}

/* NtMapUserPhysicalPagesScatter(addresses, count, frames or 0) */
static NTSTATUS map_scatter(struct sys_call *call)
{
    uint64_t count = call->arg[1], *va;
    if (!is_possible(call, count)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    NTSTATUS status = get_array(call, call->arg[0], count, &va);
    return NT_SUCCESS(status) ? map_at(call, va, count, call->arg[2]) : status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtAllocateUserPhysicalPages, allocate},
    {SERVICE_NtFreeUserPhysicalPages, release},
    {SERVICE_NtMapUserPhysicalPages, map},
    {SERVICE_NtMapUserPhysicalPagesScatter, map_scatter},
};
const struct sys_family sys_awe_family = {entries, sizeof entries / sizeof *entries};
