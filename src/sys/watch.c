/* src/sys/watch.c: NtGetWriteWatch, NtResetWriteWatch.
 *
 * The caller's array can be as long as it likes; mm is asked for a stretch of the region at a time,
 * so that what is captured here has a fixed size. Whether the array can be written is made sure of
 * before any page's watch is reset.
 * Source: GetWriteWatch, ResetWriteWatch, documentation.
 */
#include "mm/mm.h"
#include "sys/sys.h"

#define WRITE_WATCH_FLAG_RESET 1u
#define STRETCH_PAGES 512u

/* A region given by base and size, not empty and in user space. */
static bool is_region(uint64_t base, uint64_t size)
{
    return size && base <= MM_HIGHEST_USER_ADDRESS && size <= MM_HIGHEST_USER_ADDRESS + 1 - base;
}

struct watch {
    uint64_t start, end;
    bool reset;
    uint64_t array, room; /* the caller's; entries */
    uint64_t count;       /* stored */
};

static NTSTATUS get_pages(struct sys_call *call, struct mm_space *space, struct watch *w)
{
    const uint64_t stretch = STRETCH_PAGES * PAGE_SIZE;
    uint64_t pages[STRETCH_PAGES];
    size_t found;
    /* All of it must be such memory before any of it changes. */
    NTSTATUS status = mm_get_write_watch(space, w->start, w->end, false, NULL, 0, &found);
    for (uint64_t at = w->start; at < w->end && w->count < w->room && NT_SUCCESS(status);) {
        uint64_t next = (at / stretch + 1) * stretch, left = w->room - w->count;
        size_t room = left < STRETCH_PAGES ? left : STRETCH_PAGES;
        next = next < w->end ? next : w->end;
        status = mm_get_write_watch(space, at, next, w->reset, pages, room, &found);
        if (NT_SUCCESS(status)) {
            status =
                sys_put(call, w->array + w->count * sizeof *pages, pages, found * sizeof *pages);
        }
        w->count += found;
        at = next;
    }
    return status;
}

/* NtGetWriteWatch(process, flags, base, size, *addresses, *count, *granularity) */
static NTSTATUS get_watch(struct sys_call *call)
{
    struct watch w = {.reset = call->arg[1] & WRITE_WATCH_FLAG_RESET, .array = call->arg[4]};
    uint32_t granularity;
    struct ps_process *process;
    if ((uint32_t)call->arg[1] & ~WRITE_WATCH_FLAG_RESET) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (!is_region(call->arg[2], call->arg[3])) {
        return STATUS_INVALID_PARAMETER_3;
    }
    w.start = call->arg[2] / PAGE_SIZE * PAGE_SIZE;
    w.end = call->arg[2] + call->arg[3];
    NTSTATUS status = SYS_GET(call, w.room, call->arg[5]);
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[5], w.room);
    }
    if (NT_SUCCESS(status)) {
        status = SYS_GET(call, granularity, call->arg[6]);
    }
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[6], granularity);
    }
    if (NT_SUCCESS(status) && w.room == 0) {
        status = STATUS_INVALID_PARAMETER_5;
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint64_t most = (w.end - w.start + PAGE_SIZE - 1) / PAGE_SIZE;
    w.room = w.room < most ? w.room : most;
    status = sys_probe_write(call, w.array, w.room * sizeof(uint64_t));
    if (NT_SUCCESS(status)) {
        status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = get_pages(call, process->space, &w);
    ps_dereference_process(process);
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[5], w.count);
    }
    granularity = PAGE_SIZE;
    return NT_SUCCESS(status) ? SYS_PUT(call, call->arg[6], granularity) : status;
}

/* NtResetWriteWatch(process, base, size) */
static NTSTATUS reset_watch(struct sys_call *call)
{
    uint64_t base = call->arg[1], size = call->arg[2];
    struct ps_process *process;
    if (!is_region(base, size)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    NTSTATUS status = sys_get_process(call, call->arg[0], PROCESS_VM_OPERATION, &process);
    if (NT_SUCCESS(status)) {
        status = mm_reset_write_watch(process->space, base, base + size);
        ps_dereference_process(process);
    }
    return status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtGetWriteWatch, get_watch},
    {SERVICE_NtResetWriteWatch, reset_watch},
};
const struct sys_family sys_watch_family = {entries, sizeof entries / sizeof *entries};
