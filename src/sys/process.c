/* src/sys/process.c: processes. */
#include <string.h>

#include "nt/info.h"
#include "sys/sys.h"

#define NORMAL_BASE_PRIORITY 8

/* NtTerminateProcess(process, status). Without a process: all threads of the caller's but itself,
 * which is how a program begins to end. */
static NTSTATUS terminate(struct sys_call *call)
{
    struct ps_process *process;
    if (!call->arg[0]) {
        return ps_terminate_other_threads(call->thread, (NTSTATUS)call->arg[1]);
    }
    NTSTATUS status = sys_get_process(call, call->arg[0], PROCESS_TERMINATE, &process);
    if (NT_SUCCESS(status)) {
        status = ps_terminate_process(process, process == call->process ? call->thread : NULL,
                                      (NTSTATUS)call->arg[1]);
        ps_dereference_process(process);
    }
    return status;
}

/* The process of a client id: by process id, or by the id of one of its threads. */
static NTSTATUS lookup(struct sys_call *call, const CLIENT_ID *id, struct ps_process **process)
{
    struct ps_thread *thread;
    if (!id->UniqueThread.va) {
        return ps_lookup_process(call->sys->ps, id->UniqueProcess.va, process);
    }
    NTSTATUS status = ps_lookup_thread(call->sys->ps, id->UniqueThread.va, &thread);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    *process = thread->process;
    if (id->UniqueProcess.va && id->UniqueProcess.va != thread->thread->Cid.UniqueProcess.va) {
        status = STATUS_INVALID_CID;
    } else {
        ps_reference_process(*process);
    }
    ps_dereference_thread(thread);
    return status;
}

/* What a program may do with a process of its machine. The System process is the kernel's: of it
 * there is nothing but what anybody may ask, as for programs without privileges on Windows. */
static NTSTATUS permitted_access(struct sys_call *call, const struct ps_process *process,
                                 uint32_t *access)
{
    const uint32_t harmless = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE;
    if (process != call->sys->ps->system) {
        return STATUS_SUCCESS;
    }
    if (*access & MAXIMUM_ALLOWED) {
        *access = (*access & ~MAXIMUM_ALLOWED) | harmless;
    }
    return *access & ~harmless ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

/* NtOpenProcess(*handle, access, attributes, *client id) */
static NTSTATUS open_process(struct sys_call *call)
{
    struct ob_caller caller = ps_caller(call->thread);
    struct sys_attributes attributes;
    struct ps_process *process;
    CLIENT_ID id;
    uint64_t handle;
    NTSTATUS status = SYS_GET(call, id, call->arg[3]);
    if (NT_SUCCESS(status)) {
        status = sys_get_attributes(call, call->arg[2], &attributes);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint32_t flags = attributes.attributes, access = (uint32_t)call->arg[1];
    sys_free_attributes(&attributes);
    status = lookup(call, &id, &process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = permitted_access(call, process, &access);
    if (NT_SUCCESS(status)) {
        status = ob_open_object_by_pointer(call->sys->ob, &caller, process->process, flags, access,
                                           call->sys->ps->process_type, &handle);
    }
    ps_dereference_process(process);
    return NT_SUCCESS(status) ? sys_put_handle(call, call->arg[0], handle, status) : status;
}

static NTSTATUS basic_information(struct sys_call *call, const struct ps_process *process)
{
    PROCESS_BASIC_INFORMATION information = {
        .ExitStatus = process->process->ExitStatus,
        .AffinityMask = (1ull << *call->sys->ke->nt.KeNumberProcessors) - 1,
        .BasePriority = NORMAL_BASE_PRIORITY,
        .UniqueProcessId = process->process->UniqueProcessId.va,
        .InheritedFromUniqueProcessId = process->process->InheritedFromUniqueProcessId.va,
    };
    information.PebBaseAddress.va = process->process->Peb.va;
    return sys_answer(call, 2, &information, sizeof information);
}

static NTSTATUS vm_counters(struct sys_call *call, const struct ps_process *process)
{
    const EPROCESS *p = process->process;
    VM_COUNTERS_EX counters = {
        .PeakVirtualSize = p->PeakVirtualSize,
        .VirtualSize = p->VirtualSize,
        .PageFaultCount = p->Vm.PageFaultCount,
        .PeakWorkingSetSize = p->Vm.PeakWorkingSetSize * PAGE_SIZE,
        .WorkingSetSize = p->Vm.WorkingSetSize * PAGE_SIZE,
        .PagefileUsage = p->CommitCharge * PAGE_SIZE,
        .PeakPagefileUsage = p->CommitChargePeak * PAGE_SIZE,
        .PrivateUsage = p->CommitCharge * PAGE_SIZE,
    };
    /* Programs built for older systems ask for the structure without its last member. */
    const size_t without_private = offsetof(VM_COUNTERS_EX, PrivateUsage);
    return sys_answer(call, 2, &counters,
                      (uint32_t)call->arg[3] == without_private ? without_private
                                                                : sizeof counters);
}

static NTSTATUS times(struct sys_call *call, const struct ps_process *process)
{
    KERNEL_USER_TIMES information;
    memset(&information, 0, sizeof information);
    information.CreateTime = process->process->CreateTime;
    information.ExitTime = process->process->ExitTime;
    return sys_answer(call, 2, &information, sizeof information);
}

/* A number that a process gets once and keeps; ntdll encodes pointers with it. */
static NTSTATUS cookie(struct sys_call *call, struct ps_process *process)
{
    ULONG *cell = &process->process->Cookie, none = 0;
    if (process != call->process) {
        return STATUS_INVALID_PARAMETER;
    }
    ULONG fresh = (ULONG)ke_query_performance_counter(call->sys->ke) * 2654435761u | 1;
    __atomic_compare_exchange_n(cell, &none, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    ULONG value = __atomic_load_n(cell, __ATOMIC_RELAXED);
    return sys_answer(call, 2, &value, sizeof value);
}

static NTSTATUS handle_count(struct sys_call *call, const struct ps_process *process)
{
    EX_RUNDOWN_REF *rundown = &process->process->RundownProtect;
    ULONG count = 0;
    if (ex_acquire_rundown_protection(rundown)) {
        const HANDLE_TABLE *table = k2h(&call->sys->ke->ks, process->process->ObjectTable);
        count = (ULONG)__atomic_load_n(&table->HandleCount, __ATOMIC_RELAXED);
        ex_release_rundown_protection(rundown);
    }
    return sys_answer(call, 2, &count, sizeof count);
}

/* UNICODE_STRING and its text behind it, in the caller's buffer. */
static NTSTATUS image_file_name(struct sys_call *call, const struct ps_process *process)
{
    const struct kspace *ks = &call->sys->ke->ks;
    const OBJECT_NAME_INFORMATION *name =
        k2h(ks, process->process->SeAuditProcessCreationInfo.ImageFileName);
    if (!name) {
        return STATUS_UNSUCCESSFUL;
    }
    UNICODE_STRING string = name->Name;
    const void *text = k2h(ks, name->Name.Buffer);
    uint32_t length = (uint32_t)sizeof string + name->Name.MaximumLength;
    NTSTATUS status = sys_put_optional(call, call->arg[4], &length, sizeof length);
    if (NT_SUCCESS(status) && (uint32_t)call->arg[3] < length) {
        status = STATUS_INFO_LENGTH_MISMATCH;
    }
    string.Buffer.va = call->arg[2] + sizeof string;
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[2], string);
    }
    return NT_SUCCESS(status) ? sys_put(call, string.Buffer.va, text, name->Name.MaximumLength)
                              : status;
}

static NTSTATUS answer(struct sys_call *call, struct ps_process *process)
{
    const uint64_t none = 0;
    switch ((uint32_t)call->arg[1]) {
    case ProcessBasicInformation:
        return basic_information(call, process);
    case ProcessVmCounters:
        return vm_counters(call, process);
    case ProcessTimes:
        return times(call, process);
    case ProcessCookie:
        return cookie(call, process);
    case ProcessHandleCount:
        return handle_count(call, process);
    case ProcessImageFileName:
        return image_file_name(call, process);
    case ProcessDebugPort:        /* nobody debugs it from inside */
    case ProcessWow64Information: /* a 64-bit process */
        return sys_answer(call, 2, &none, sizeof none);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* NtQueryInformationProcess(process, class, buffer, length, *return length) */
static NTSTATUS query_information(struct sys_call *call)
{
    struct ps_process *process;
    NTSTATUS status = sys_get_process(call, call->arg[0], PROCESS_QUERY_INFORMATION, &process);
    if (NT_SUCCESS(status)) {
        status = answer(call, process);
        ps_dereference_process(process);
    }
    return status;
}

/* NtSetInformationProcess(process, class, buffer, length) */
static NTSTATUS set_information(struct sys_call *call)
{
    struct ps_process *process;
    uint32_t mode = 0;
    if (call->arg[1] != ProcessDefaultHardErrorMode) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if ((uint32_t)call->arg[3] != sizeof mode) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    NTSTATUS status = SYS_GET(call, mode, call->arg[2]);
    if (NT_SUCCESS(status)) {
        status = sys_get_process(call, call->arg[0], PROCESS_SET_INFORMATION, &process);
    }
    if (NT_SUCCESS(status)) {
        process->process->DefaultHardErrorProcessing = mode;
        ps_dereference_process(process);
    }
    return status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtTerminateProcess, terminate},
    {SERVICE_NtOpenProcess, open_process},
    {SERVICE_NtQueryInformationProcess, query_information},
    {SERVICE_NtSetInformationProcess, set_information},
};
const struct sys_family sys_process_family = {entries, sizeof entries / sizeof *entries};
