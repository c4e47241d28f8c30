/* src/sys/processlist.c: SystemProcessInformation, the list behind task managers and Toolhelp.
 *
 * Entries lie one after the other in the caller's buffer:
 *
 *      process | its threads | its name | (8-byte aligned) process | ...
 *
 * A list that does not fit is STATUS_INFO_LENGTH_MISMATCH, with the size that it has now.
 */
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"

#define IMAGE_NAME_CHARACTERS 260u

/* The list under construction. Sizes go on being counted when it is full. */
struct list {
    struct sys_call *call;
    char *bytes;
    size_t room, used, last; /* last: where the last entry begins */
};

static void *add(struct list *list, size_t size)
{
    void *at = list->used + size <= list->room ? list->bytes + list->used : NULL;
    list->used += size;
    return at;
}

static void add_thread(struct list *list, const struct ps_thread *thread)
{
    const ETHREAD *t = thread->thread;
    SYSTEM_THREAD_INFORMATION *information = add(list, sizeof *information);
    if (!information) {
        return;
    }
    *information = (SYSTEM_THREAD_INFORMATION){
        .KernelTime.QuadPart = (LONG64)t->Tcb.KernelTime * KE_CLOCK_INTERVAL,
        .UserTime.QuadPart = (LONG64)t->Tcb.UserTime * KE_CLOCK_INTERVAL,
        .CreateTime = t->CreateTime,
        .WaitTime = t->Tcb.WaitTime,
        .ClientId = t->Cid,
        .Priority = t->Tcb.Priority,
        .BasePriority = t->Tcb.BasePriority,
        .ContextSwitches = t->Tcb.ContextSwitches,
        .ThreadState = t->Tcb.State,
        .WaitReason = t->Tcb.WaitReason,
    };
    information->StartAddress.va = t->StartAddress.va;
}

/* The last component of the image's path, behind the threads. */
static void add_name(struct list *list, const struct ps_process *process, size_t entry)
{
    const struct kspace *ks = &list->call->sys->ke->ks;
    const OBJECT_NAME_INFORMATION *name =
        k2h(ks, process->process->SeAuditProcessCreationInfo.ImageFileName);
    WCHAR text[IMAGE_NAME_CHARACTERS];
    size_t length = 0, capacity = sizeof process->process->ImageFileName;
    if (name) {
        const WCHAR *path = k2h(ks, name->Name.Buffer);
        size_t end = name->Name.Length / sizeof(WCHAR), begin = end;
        while (begin && path[begin - 1] != '\\') {
            begin--;
        }
        for (; begin < end && length + 1 < IMAGE_NAME_CHARACTERS; begin++) {
            text[length++] = path[begin];
        }
    } else {
        for (; length < capacity && process->process->ImageFileName[length]; length++) {
            text[length] = process->process->ImageFileName[length];
        }
    }
    text[length] = 0;
    size_t bytes = (length + 1) * sizeof *text, at = list->used;
    char *to = add(list, (bytes + 7) / 8 * 8);
    if (to) {
        SYSTEM_PROCESS_INFORMATION *p = (SYSTEM_PROCESS_INFORMATION *)(list->bytes + entry);
        memcpy(to, text, bytes);
        p->ImageName.Length = (USHORT)(bytes - sizeof *text);
        p->ImageName.MaximumLength = (USHORT)bytes;
        p->ImageName.Buffer.va = list->call->arg[1] + at;
    }
}

static void fill_process(struct sys *sys, struct ps_process *process,
                         SYSTEM_PROCESS_INFORMATION *to)
{
    const EPROCESS *p = process->process;
    const VM_COUNTERS_EX memory = sys_vm_counters(p);
    *to = (SYSTEM_PROCESS_INFORMATION){
        .NumberOfThreadsHighWatermark = p->ActiveThreadsHighWatermark,
        .CreateTime = p->CreateTime,
        .UserTime.QuadPart = (LONG64)p->Pcb.UserTime * KE_CLOCK_INTERVAL,
        .KernelTime.QuadPart = (LONG64)p->Pcb.KernelTime * KE_CLOCK_INTERVAL,
        .BasePriority = p->Pcb.BasePriority,
        .HandleCount = sys_handle_count(sys, process),
        .SessionId = process->session == PS_NO_SESSION ? 0 : process->session,
        .UniqueProcessKey = process->va,
        .PeakVirtualSize = memory.PeakVirtualSize,
        .VirtualSize = memory.VirtualSize,
        .PageFaultCount = memory.PageFaultCount,
        .PeakWorkingSetSize = memory.PeakWorkingSetSize,
        .WorkingSetSize = memory.WorkingSetSize,
        .WorkingSetPrivateSize.QuadPart = (LONG64)p->Vm.WorkingSetPrivateSize * PAGE_SIZE,
        .PagefileUsage = memory.PagefileUsage,
        .PeakPagefileUsage = memory.PeakPagefileUsage,
        .PrivatePageCount = memory.PrivateUsage,
        .ReadOperationCount = p->ReadOperationCount,
        .WriteOperationCount = p->WriteOperationCount,
        .OtherOperationCount = p->OtherOperationCount,
        .ReadTransferCount = p->ReadTransferCount,
        .WriteTransferCount = p->WriteTransferCount,
        .OtherTransferCount = p->OtherTransferCount,
    };
    to->UniqueProcessId.va = p->UniqueProcessId.va;
    to->InheritedFromUniqueProcessId.va = p->InheritedFromUniqueProcessId.va;
}

static void add_process(struct list *list, struct ps_process *process)
{
    size_t entry = list->used;
    SYSTEM_PROCESS_INFORMATION *information = add(list, sizeof *information);
    ULONG threads = 0;
    if (information) {
        fill_process(list->call->sys, process, information);
        if (entry) {
            SYSTEM_PROCESS_INFORMATION *previous =
                (SYSTEM_PROCESS_INFORMATION *)(list->bytes + list->last);
            previous->NextEntryOffset = (ULONG)(entry - list->last);
        }
        list->last = entry;
    }
    for (struct ps_thread *t = NULL; (t = ps_next_thread(process, t)) != NULL; threads++) {
        add_thread(list, t);
    }
    if (information) {
        information->NumberOfThreads = threads;
    }
    add_name(list, process, entry);
}

NTSTATUS sys_process_list(struct sys_call *call)
{
    const size_t most = 16u << 20;
    struct list list = {.call = call, .room = (uint32_t)call->arg[2]};
    list.room = list.room > most ? most : list.room;
    list.bytes = malloc(list.room + 1);
    if (!list.bytes) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (struct ps_process *p = NULL; (p = ps_next_process(call->sys->ps, p)) != NULL;) {
        if (!p->process->ExitTime.QuadPart) { /* else only its object is left */
            add_process(&list, p);
        }
    }
    uint32_t needed = (uint32_t)list.used;
    NTSTATUS status = sys_put_optional(call, call->arg[3], &needed, sizeof needed);
    if (NT_SUCCESS(status)) {
        status = list.used > list.room ? STATUS_INFO_LENGTH_MISMATCH
                                       : sys_put(call, call->arg[1], list.bytes, list.used);
    }
    free(list.bytes);
    return status;
}
