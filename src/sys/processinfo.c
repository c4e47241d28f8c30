/* src/sys/processinfo.c: what can be asked of a process, and set.
 *
 * Most questions need no more than PROCESS_QUERY_LIMITED_INFORMATION, which a handle with
 * PROCESS_QUERY_INFORMATION grants as well. Each class is a row: its number, the right, who
 * answers. Source: GetExitCodeProcess, GetProcessTimes, QueryFullProcessImageName, ...
 * documentation.
 */
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"

/* NtQueryInformationProcess and NtSetInformationProcess(process, class, buffer, length, *return
 * length) */
enum { ARG_PROCESS, ARG_CLASS, ARG_BUFFER, ARG_LENGTH };

/* ---- asking -------------------------------------------------------------------------------------
 */

static NTSTATUS basic(struct sys_call *call, struct ps_process *process)
{
    const EPROCESS *p = process->process;
    PROCESS_BASIC_INFORMATION information = {
        .ExitStatus = p->ExitStatus,
        .AffinityMask = p->Pcb.Affinity.Bitmap[0],
        .BasePriority = p->Pcb.BasePriority,
        .UniqueProcessId = p->UniqueProcessId.va,
        .InheritedFromUniqueProcessId = p->InheritedFromUniqueProcessId.va,
    };
    information.PebBaseAddress.va = p->Peb.va;
    return sys_answer(call, ARG_BUFFER, &information, sizeof information);
}

static NTSTATUS io_counters(struct sys_call *call, struct ps_process *process)
{
    const EPROCESS *p = process->process;
    const IO_COUNTERS counters = {
        .ReadOperationCount = (ULONG64)p->ReadOperationCount.QuadPart,
        .WriteOperationCount = (ULONG64)p->WriteOperationCount.QuadPart,
        .OtherOperationCount = (ULONG64)p->OtherOperationCount.QuadPart,
        .ReadTransferCount = (ULONG64)p->ReadTransferCount.QuadPart,
        .WriteTransferCount = (ULONG64)p->WriteTransferCount.QuadPart,
        .OtherTransferCount = (ULONG64)p->OtherTransferCount.QuadPart,
    };
    return sys_answer(call, ARG_BUFFER, &counters, sizeof counters);
}

VM_COUNTERS_EX sys_vm_counters(const EPROCESS *p)
{
    return (VM_COUNTERS_EX){
        .PeakVirtualSize = p->PeakVirtualSize,
        .VirtualSize = p->VirtualSize,
        .PageFaultCount = p->Vm.PageFaultCount,
        .PeakWorkingSetSize = (ULONG64)p->Vm.PeakWorkingSetSize * PAGE_SIZE,
        .WorkingSetSize = (ULONG64)p->Vm.WorkingSetSize * PAGE_SIZE,
        .QuotaPeakPagedPoolUsage = p->ProcessQuotaPeak[1],
        .QuotaPagedPoolUsage = p->ProcessQuotaUsage[1],
        .QuotaPeakNonPagedPoolUsage = p->ProcessQuotaPeak[0],
        .QuotaNonPagedPoolUsage = p->ProcessQuotaUsage[0],
        .PagefileUsage = p->CommitCharge * PAGE_SIZE,
        .PeakPagefileUsage = p->CommitChargePeak * PAGE_SIZE,
        .PrivateUsage = p->CommitCharge * PAGE_SIZE,
    };
}

static NTSTATUS vm_counters(struct sys_call *call, struct ps_process *process)
{
    const VM_COUNTERS_EX counters = sys_vm_counters(process->process);
    /* Programs built for older systems ask for the structure without its last member. */
    const size_t without_private = offsetof(VM_COUNTERS_EX, PrivateUsage);
    return sys_answer(call, ARG_BUFFER, &counters,
                      (uint32_t)call->arg[ARG_LENGTH] == without_private ? without_private
                                                                         : sizeof counters);
}

static NTSTATUS times(struct sys_call *call, struct ps_process *process)
{
    const EPROCESS *p = process->process;
    const KERNEL_USER_TIMES information = {
        .CreateTime = p->CreateTime,
        .ExitTime = p->ExitTime,
        .KernelTime.QuadPart = (LONG64)p->Pcb.KernelTime * KE_CLOCK_INTERVAL,
        .UserTime.QuadPart = (LONG64)p->Pcb.UserTime * KE_CLOCK_INTERVAL,
    };
    return sys_answer(call, ARG_BUFFER, &information, sizeof information);
}

static NTSTATUS error_mode(struct sys_call *call, struct ps_process *process)
{
    const ULONG mode = process->process->DefaultHardErrorProcessing;
    return sys_answer(call, ARG_BUFFER, &mode, sizeof mode);
}

static NTSTATUS priority_class(struct sys_call *call, struct ps_process *process)
{
    const PROCESS_PRIORITY_CLASS class = {.PriorityClass = process->process->PriorityClass};
    return sys_answer(call, ARG_BUFFER, &class, sizeof class);
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
    return sys_answer(call, ARG_BUFFER, &value, sizeof value);
}

uint32_t sys_handle_count(struct sys *sys, struct ps_process *process)
{
    EX_RUNDOWN_REF *rundown = &process->process->RundownProtect;
    uint32_t count = 0;
    if (ex_acquire_rundown_protection(rundown)) {
        const HANDLE_TABLE *table = k2h(&sys->ke->ks, process->process->ObjectTable);
        count = table ? __atomic_load_n(&table->HandleCount, __ATOMIC_RELAXED) : 0;
        ex_release_rundown_protection(rundown);
    }
    return count;
}

static NTSTATUS handle_count(struct sys_call *call, struct ps_process *process)
{
    const ULONG count = sys_handle_count(call->sys, process);
    return sys_answer(call, ARG_BUFFER, &count, sizeof count);
}

/* UNICODE_STRING and its text behind it, in the caller's buffer; `length` in bytes. */
static NTSTATUS answer_string(struct sys_call *call, const WCHAR *text, size_t length)
{
    static const WCHAR end;
    UNICODE_STRING string = {.Length = (USHORT)length,
                             .MaximumLength = (USHORT)(length + sizeof end)};
    uint32_t needed = (uint32_t)sizeof string + string.MaximumLength;
    NTSTATUS status = sys_put_optional(call, call->arg[ARG_LENGTH + 1], &needed, sizeof needed);
    if (NT_SUCCESS(status) && (uint32_t)call->arg[ARG_LENGTH] < needed) {
        status = STATUS_INFO_LENGTH_MISMATCH;
    }
    string.Buffer.va = call->arg[ARG_BUFFER] + sizeof string;
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[ARG_BUFFER], string);
    }
    if (NT_SUCCESS(status)) {
        status = sys_put(call, string.Buffer.va, text, length);
    }
    return NT_SUCCESS(status) ? sys_put(call, string.Buffer.va + length, &end, sizeof end) : status;
}

static const UNICODE_STRING *image_path(struct sys_call *call, const struct ps_process *process)
{
    const OBJECT_NAME_INFORMATION *name =
        k2h(&call->sys->ke->ks, process->process->SeAuditProcessCreationInfo.ImageFileName);
    return name ? &name->Name : NULL;
}

static NTSTATUS image_file_name(struct sys_call *call, struct ps_process *process)
{
    const UNICODE_STRING *path = image_path(call, process);
    return path ? answer_string(call, k2h(&call->sys->ke->ks, path->Buffer), path->Length)
                : STATUS_UNSUCCESSFUL;
}

/* The same as a path of C:, which is the one volume. */
static NTSTATUS image_file_name_win32(struct sys_call *call, struct ps_process *process)
{
    static const WCHAR volume[] = u"\\Device\\HarddiskVolume1", drive[] = u"C:";
    const size_t volume_bytes = sizeof volume - sizeof *volume,
                 drive_bytes = sizeof drive - sizeof *drive;
    const UNICODE_STRING *path = image_path(call, process);
    if (!path) {
        return STATUS_UNSUCCESSFUL;
    }
    const char *text = (const char *)k2h(&call->sys->ke->ks, path->Buffer);
    if (path->Length < volume_bytes || memcmp(text, volume, volume_bytes) != 0) {
        return image_file_name(call, process);
    }
    size_t rest = path->Length - volume_bytes;
    WCHAR *win32 = malloc(drive_bytes + rest);
    if (!win32) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(win32, drive, drive_bytes);
    memcpy((char *)win32 + drive_bytes, text + volume_bytes, rest);
    NTSTATUS status = answer_string(call, win32, drive_bytes + rest);
    free(win32);
    return status;
}

static NTSTATUS image_information(struct sys_call *call, struct ps_process *process)
{
    const SECTION_OBJECT *section = k2h(&call->sys->ke->ks, process->process->SectionObject);
    if (!section) {
        return STATUS_INVALID_PARAMETER;
    }
    SECTION_IMAGE_INFORMATION information;
    mm_query_image_section(call->sys->mm, kspace_host(&call->sys->ke->ks, section->Segment.va),
                           &information);
    information.TransferAddress.va = process->entry;
    return sys_answer(call, ARG_BUFFER, &information, sizeof information);
}

static NTSTATUS session(struct sys_call *call, struct ps_process *process)
{
    const ULONG id = process->session == PS_NO_SESSION ? 0 : process->session;
    return sys_answer(call, ARG_BUFFER, &id, sizeof id);
}

/* Nobody debugs it from inside; it is a 64-bit process. */
static NTSTATUS none(struct sys_call *call, struct ps_process *process)
{
    const uint64_t zero = 0;
    (void)process;
    return sys_answer(call, ARG_BUFFER, &zero, sizeof zero);
}

static NTSTATUS page_priority(struct sys_call *call, struct ps_process *process)
{
    const PAGE_PRIORITY_INFORMATION information = {ps_process_page_priority(process)};
    return sys_answer(call, ARG_BUFFER, &information, sizeof information);
}

/* One class: who answers, or takes it. */
struct class_row {
    uint32_t class, access;
    NTSTATUS (*serve)(struct sys_call *call, struct ps_process *process);
};

static const struct class_row questions[] = {
    {ProcessBasicInformation, PROCESS_QUERY_LIMITED_INFORMATION, basic},
    {ProcessQuotaLimits, PROCESS_QUERY_INFORMATION, sys_query_quota_limits},
    {ProcessIoCounters, PROCESS_QUERY_LIMITED_INFORMATION, io_counters},
    {ProcessVmCounters, PROCESS_QUERY_LIMITED_INFORMATION, vm_counters},
    {ProcessTimes, PROCESS_QUERY_LIMITED_INFORMATION, times},
    {ProcessDebugPort, PROCESS_QUERY_INFORMATION, none},
    {ProcessDefaultHardErrorMode, PROCESS_QUERY_INFORMATION, error_mode},
    {ProcessPriorityClass, PROCESS_QUERY_LIMITED_INFORMATION, priority_class},
    {ProcessHandleCount, PROCESS_QUERY_LIMITED_INFORMATION, handle_count},
    {ProcessSessionInformation, PROCESS_QUERY_LIMITED_INFORMATION, session},
    {ProcessWow64Information, PROCESS_QUERY_LIMITED_INFORMATION, none},
    {ProcessImageFileName, PROCESS_QUERY_LIMITED_INFORMATION, image_file_name},
    {ProcessCookie, PROCESS_QUERY_INFORMATION, cookie},
    {ProcessImageInformation, PROCESS_QUERY_INFORMATION, image_information},
    {ProcessPagePriority, PROCESS_QUERY_INFORMATION, page_priority},
    {ProcessImageFileNameWin32, PROCESS_QUERY_LIMITED_INFORMATION, image_file_name_win32},
};

static NTSTATUS serve(struct sys_call *call, const struct class_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].class != (uint32_t)call->arg[ARG_CLASS]) {
            continue;
        }
        struct ps_process *process;
        NTSTATUS status = sys_get_process(call, call->arg[ARG_PROCESS], rows[i].access, &process);
        if (NT_SUCCESS(status)) {
            status = rows[i].serve(call, process);
            ps_dereference_process(process);
        }
        return status;
    }
    return STATUS_INVALID_INFO_CLASS;
}

static NTSTATUS query(struct sys_call *call)
{
    return serve(call, questions, sizeof questions / sizeof *questions);
}

/* ---- setting ------------------------------------------------------------------------------------
 */

/* What is set, of a fixed size. */
static NTSTATUS get_value(struct sys_call *call, void *to, size_t size)
{
    return (uint32_t)call->arg[ARG_LENGTH] == size ? sys_get(call, to, call->arg[ARG_BUFFER], size)
                                                   : STATUS_INFO_LENGTH_MISMATCH;
}

static NTSTATUS set_error_mode(struct sys_call *call, struct ps_process *process)
{
    ULONG mode;
    NTSTATUS status = get_value(call, &mode, sizeof mode);
    if (NT_SUCCESS(status)) {
        process->process->DefaultHardErrorProcessing = mode;
    }
    return status;
}

static NTSTATUS set_priority_class(struct sys_call *call, struct ps_process *process)
{
    PROCESS_PRIORITY_CLASS class;
    NTSTATUS status = get_value(call, &class, sizeof class);
    return NT_SUCCESS(status) ? ps_set_priority_class(process, class.PriorityClass) : status;
}

static NTSTATUS set_affinity(struct sys_call *call, struct ps_process *process)
{
    uint64_t mask;
    NTSTATUS status = get_value(call, &mask, sizeof mask);
    return NT_SUCCESS(status) ? ps_set_process_affinity(process, mask) : status;
}

static NTSTATUS set_page_priority(struct sys_call *call, struct ps_process *process)
{
    PAGE_PRIORITY_INFORMATION information;
    NTSTATUS status = get_value(call, &information, sizeof information);
    return NT_SUCCESS(status) ? ps_set_process_page_priority(process, information.PagePriority)
                              : status;
}

static const struct class_row settings[] = {
    {ProcessQuotaLimits, PROCESS_SET_QUOTA, sys_set_quota_limits},
    {ProcessDefaultHardErrorMode, PROCESS_SET_INFORMATION, set_error_mode},
    {ProcessPriorityClass, PROCESS_SET_INFORMATION, set_priority_class},
    {ProcessAffinityMask, PROCESS_SET_INFORMATION, set_affinity},
    {ProcessPagePriority, PROCESS_SET_INFORMATION, set_page_priority},
};

static NTSTATUS set(struct sys_call *call)
{
    return serve(call, settings, sizeof settings / sizeof *settings);
}

static const struct sys_entry entries[] = {
    {SERVICE_NtQueryInformationProcess, query},
    {SERVICE_NtSetInformationProcess, set},
};
const struct sys_family sys_process_info_family = {entries, sizeof entries / sizeof *entries};
