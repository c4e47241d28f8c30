/* src/sys/thread.c: threads. */
#include <string.h>

#include "ke/thread.h"
#include "nt/info.h"
#include "sys/sys.h"

/* Answer the attributes that a new thread can tell about itself. */
static NTSTATUS put_attributes(struct sys_call *call, const struct ps_thread *thread, uint64_t list)
{
    uint64_t total;
    NTSTATUS status = SYS_GET(call, total, list);
    const uint64_t first = offsetof(PS_ATTRIBUTE_LIST, Attributes), most = 16;
    for (uint64_t at = first; NT_SUCCESS(status) && at + sizeof(PS_ATTRIBUTE) <= total &&
                              at < first + most * sizeof(PS_ATTRIBUTE);
         at += sizeof(PS_ATTRIBUTE)) {
        PS_ATTRIBUTE attribute;
        status = SYS_GET(call, attribute, list + at);
        if (!NT_SUCCESS(status)) {
            break;
        }
        if (attribute.Attribute == PS_ATTRIBUTE_CLIENT_ID &&
            attribute.Size >= sizeof thread->thread->Cid) {
            status = SYS_PUT(call, attribute.Value, thread->thread->Cid);
        } else if (attribute.Attribute == PS_ATTRIBUTE_TEB_ADDRESS &&
                   attribute.Size >= sizeof thread->teb) {
            status = SYS_PUT(call, attribute.Value, thread->teb);
        }
    }
    return status;
}

/* NtCreateThreadEx(*handle, access, attributes, process, start, argument, flags, zero bits, commit,
 * reserve, attribute list) */
static NTSTATUS create(struct sys_call *call)
{
    struct ob_caller caller = ps_caller(call->thread);
    struct sys_attributes attributes;
    struct ps_process *process;
    struct ps_thread *thread;
    uint64_t handle;
    NTSTATUS status = sys_get_attributes(call, call->arg[2], &attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint32_t flags = attributes.attributes;
    sys_free_attributes(&attributes);
    status = sys_get_process(call, call->arg[3], PROCESS_CREATE_THREAD, &process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const struct ps_thread_parameters parameters = {
        .start_address = call->arg[4],
        .argument = call->arg[5],
        .stack_commit = call->arg[8],
        .stack_reserve = call->arg[9],
        .suspended = call->arg[6] & THREAD_CREATE_FLAGS_CREATE_SUSPENDED,
    };
    status = ps_create_thread(process, &parameters, &thread);
    ps_dereference_process(process);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ob_open_object_by_pointer(call->sys->ob, &caller, thread->thread, flags,
                                       (uint32_t)call->arg[1], call->sys->ps->thread_type, &handle);
    if (NT_SUCCESS(status)) {
        status = sys_put_handle(call, call->arg[0], handle, status);
    }
    if (NT_SUCCESS(status) && call->arg[10]) {
        status = put_attributes(call, thread, call->arg[10]);
        if (!NT_SUCCESS(status)) {
            NTSTATUS closed = ob_close_handle(call->sys->ob, &caller, handle);
            (void)closed; /* another thread may have done so */
        }
    }
    return ps_finish_thread(thread, status);
}

/* NtOpenThread(*handle, access, attributes, *client id) */
static NTSTATUS open_thread(struct sys_call *call)
{
    struct ob_caller caller = ps_caller(call->thread);
    struct ps_thread *thread;
    CLIENT_ID id;
    uint64_t handle;
    uint32_t flags;
    NTSTATUS status = sys_get_client_id(call, &id, &flags);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ps_lookup_thread(call->sys->ps, id.UniqueThread.va, &thread);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (id.UniqueProcess.va && id.UniqueProcess.va != thread->thread->Cid.UniqueProcess.va) {
        status = STATUS_INVALID_CID;
    } else {
        status =
            ob_open_object_by_pointer(call->sys->ob, &caller, thread->thread, flags,
                                      (uint32_t)call->arg[1], call->sys->ps->thread_type, &handle);
    }
    ps_dereference_thread(thread);
    return NT_SUCCESS(status) ? sys_put_handle(call, call->arg[0], handle, status) : status;
}

/* NtTerminateThread(thread, status); no thread: the caller. */
static NTSTATUS terminate(struct sys_call *call)
{
    struct ps_thread *thread;
    const uint64_t current = UINT64_MAX - 1;
    if (!call->arg[0] && call->process->process->ActiveThreads == 1) {
        return STATUS_CANT_TERMINATE_SELF;
    }
    NTSTATUS status =
        sys_get_thread(call, call->arg[0] ? call->arg[0] : current, THREAD_TERMINATE, &thread);
    if (NT_SUCCESS(status)) {
        status = ps_terminate_thread(thread, (NTSTATUS)call->arg[1]);
        ps_dereference_thread(thread);
    }
    return status;
}

/* NtSuspendThread, NtResumeThread(thread, *previous count) */
static NTSTATUS suspend(struct sys_call *call)
{
    struct ps_thread *thread;
    ULONG previous = 0;
    NTSTATUS status = sys_get_thread(call, call->arg[0], THREAD_SUSPEND_RESUME, &thread);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ke_suspend_thread(call->sys->ke, &thread->thread->Tcb, &previous);
    ps_dereference_thread(thread);
    return NT_SUCCESS(status) ? sys_put_optional(call, call->arg[1], &previous, sizeof previous)
                              : status;
}

static NTSTATUS resume(struct sys_call *call)
{
    struct ps_thread *thread;
    NTSTATUS status = sys_get_thread(call, call->arg[0], THREAD_SUSPEND_RESUME, &thread);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    ULONG previous = ke_resume_thread(call->sys->ke, &thread->thread->Tcb);
    ps_dereference_thread(thread);
    return sys_put_optional(call, call->arg[1], &previous, sizeof previous);
}

/* NtGetContextThread, NtSetContextThread(thread, *context). Another thread's registers stand still
 * while it is suspended, which is the caller's affair, as documented. */
static NTSTATUS get_context(struct sys_call *call)
{
    const struct ps *ps = call->sys->ps;
    struct ps_thread *thread;
    CONTEXT context;
    NTSTATUS status = SYS_GET(call, context, call->arg[1]);
    if (NT_SUCCESS(status)) {
        status = sys_get_thread(call, call->arg[0], THREAD_GET_CONTEXT, &thread);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    ps->ops->get_context(ps->owner, thread, &context);
    ps_dereference_thread(thread);
    return SYS_PUT(call, call->arg[1], context);
}

static NTSTATUS set_context(struct sys_call *call)
{
    const struct ps *ps = call->sys->ps;
    struct ps_thread *thread;
    CONTEXT context;
    NTSTATUS status = SYS_GET(call, context, call->arg[1]);
    if (NT_SUCCESS(status)) {
        status = sys_get_thread(call, call->arg[0], THREAD_SET_CONTEXT, &thread);
    }
    if (NT_SUCCESS(status)) {
        ps->ops->set_context(ps->owner, thread, &context);
        ps_dereference_thread(thread);
    }
    return status;
}

/* NtQueueApcThread(thread, routine, context, argument 1, argument 2) */
static NTSTATUS queue_apc(struct sys_call *call)
{
    struct sys *sys = call->sys;
    struct ps_thread *thread;
    NTSTATUS status = sys_get_thread(call, call->arg[0], THREAD_SET_CONTEXT, &thread);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    KAPC *apc = ex_allocate_pool(sys->mm, NonPagedPool, sizeof *apc, mm_tag("Psap"));
    if (apc) {
        ke_initialize_apc(sys->ke, apc, &thread->thread->Tcb, call->arg[1], call->arg[2]);
        if (!ke_insert_queue_apc(sys->ke, apc, call->arg[3], call->arg[4])) {
            ex_free_pool(sys->mm, apc);
            status = STATUS_UNSUCCESSFUL;
        }
    } else {
        status = STATUS_NO_MEMORY;
    }
    ps_dereference_thread(thread);
    return status;
}

static NTSTATUS test_alert(struct sys_call *call)
{
    return ke_test_alert_thread(call->sys->ke, &call->thread->thread->Tcb, UserMode)
               ? STATUS_ALERTED
               : STATUS_SUCCESS;
}

static NTSTATUS alert(struct sys_call *call)
{
    struct ps_thread *thread;
    NTSTATUS status = sys_get_thread(call, call->arg[0], THREAD_ALERT, &thread);
    if (NT_SUCCESS(status)) {
        ke_alert_thread(call->sys->ke, &thread->thread->Tcb, UserMode);
        ps_dereference_thread(thread);
    }
    return status;
}

static NTSTATUS answer(struct sys_call *call, const struct ps_thread *thread)
{
    const ETHREAD *t = thread->thread;
    switch ((uint32_t)call->arg[1]) {
    case ThreadBasicInformation: {
        THREAD_BASIC_INFORMATION information = {
            .ExitStatus = t->ExitStatus,
            .ClientId = t->Cid,
            .AffinityMask = t->Tcb.UserAffinity.Mask,
            .Priority = t->Tcb.Priority,
            .BasePriority = ps_base_priority_increment(thread),
        };
        information.TebBaseAddress.va = t->Tcb.Teb.va;
        return sys_answer(call, 2, &information, sizeof information);
    }
    case ThreadTimes: {
        KERNEL_USER_TIMES information;
        memset(&information, 0, sizeof information);
        information.CreateTime = t->CreateTime;
        information.KernelTime.QuadPart = (LONG64)t->Tcb.KernelTime * KE_CLOCK_INTERVAL;
        information.UserTime.QuadPart = (LONG64)t->Tcb.UserTime * KE_CLOCK_INTERVAL;
        if (t->ExitStatus != STATUS_PENDING) {
            information.ExitTime = t->ExitTime;
        }
        return sys_answer(call, 2, &information, sizeof information);
    }
    case ThreadQuerySetWin32StartAddress: {
        uint64_t start = t->Win32StartAddress.va;
        return sys_answer(call, 2, &start, sizeof start);
    }
    case ThreadAmILastThread: {
        ULONG last = thread->process->process->ActiveThreads == 1;
        return sys_answer(call, 2, &last, sizeof last);
    }
    case ThreadPagePriority: {
        PAGE_PRIORITY_INFORMATION information = {ps_thread_page_priority(thread)};
        return sys_answer(call, 2, &information, sizeof information);
    }
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* NtQueryInformationThread(thread, class, buffer, length, *return length) */
static NTSTATUS query_information(struct sys_call *call)
{
    struct ps_thread *thread;
    uint32_t class = (uint32_t)call->arg[1];
    bool limited = class == ThreadBasicInformation || class == ThreadTimes;
    NTSTATUS status = sys_get_thread(
        call, call->arg[0], limited ? THREAD_QUERY_LIMITED_INFORMATION : THREAD_QUERY_INFORMATION,
        &thread);
    if (NT_SUCCESS(status)) {
        status = answer(call, thread);
        ps_dereference_thread(thread);
    }
    return status;
}

/* ThreadZeroTlsCell: TlsFree clears the slot in every thread of the process. */
static NTSTATUS zero_tls_cell(struct sys_call *call, uint32_t index)
{
    const uint32_t slots = sizeof((TEB *)0)->TlsSlots / sizeof(uint64_t), expansion = 1024;
    if (index >= slots + expansion) {
        return STATUS_INVALID_PARAMETER;
    }
    for (struct ps_thread *t = NULL; (t = ps_next_thread(call->process, t)) != NULL;) {
        const uint64_t zero = 0;
        uint64_t cell = t->teb + offsetof(TEB, TlsSlots) + index * sizeof zero;
        if (index >= slots) {
            NTSTATUS status = SYS_GET(call, cell, t->teb + offsetof(TEB, TlsExpansionSlots));
            if (!NT_SUCCESS(status) || !cell) {
                continue;
            }
            cell += (index - slots) * sizeof zero;
        }
        NTSTATUS status = SYS_PUT(call, cell, zero);
        (void)status; /* a TEB that its program has made unreadable is its own affair */
    }
    return STATUS_SUCCESS;
}

/* A value of a fixed size for a thread. */
static NTSTATUS set_value(struct sys_call *call, void *value, size_t size,
                          struct ps_thread **thread)
{
    if ((uint32_t)call->arg[3] != size) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    NTSTATUS status = sys_get(call, value, call->arg[2], size);
    return NT_SUCCESS(status) ? sys_get_thread(call, call->arg[0], THREAD_SET_INFORMATION, thread)
                              : status;
}

/* NtSetInformationThread(thread, class, buffer, length) */
static NTSTATUS set_information(struct sys_call *call)
{
    struct ps_thread *thread;
    uint32_t value = 0;
    uint64_t mask = 0;
    NTSTATUS status;
    switch ((uint32_t)call->arg[1]) {
    case ThreadHideFromDebugger:
        return STATUS_SUCCESS; /* nothing of the machine can be hidden from its debugger */
    case ThreadZeroTlsCell:
        if ((uint32_t)call->arg[3] != sizeof value) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        status = SYS_GET(call, value, call->arg[2]);
        return NT_SUCCESS(status) ? zero_tls_cell(call, value) : status;
    case ThreadBasePriority:
        status = set_value(call, &value, sizeof value, &thread);
        if (NT_SUCCESS(status)) {
            status = ps_set_base_priority(thread, (LONG)value);
            ps_dereference_thread(thread);
        }
        return status;
    case ThreadPagePriority:
        status = set_value(call, &value, sizeof value, &thread);
        if (NT_SUCCESS(status)) {
            status = ps_set_thread_page_priority(thread, value);
            ps_dereference_thread(thread);
        }
        return status;
    case ThreadAffinityMask:
        status = set_value(call, &mask, sizeof mask, &thread);
        if (NT_SUCCESS(status)) {
            status = ps_set_thread_affinity(thread, mask);
            ps_dereference_thread(thread);
        }
        return status;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

static const struct sys_entry entries[] = {
    {SERVICE_NtCreateThreadEx, create},
    {SERVICE_NtOpenThread, open_thread},
    {SERVICE_NtTerminateThread, terminate},
    {SERVICE_NtSuspendThread, suspend},
    {SERVICE_NtResumeThread, resume},
    {SERVICE_NtGetContextThread, get_context},
    {SERVICE_NtSetContextThread, set_context},
    {SERVICE_NtQueueApcThread, queue_apc},
    {SERVICE_NtTestAlert, test_alert},
    {SERVICE_NtAlertThread, alert},
    {SERVICE_NtQueryInformationThread, query_information},
    {SERVICE_NtSetInformationThread, set_information},
};
const struct sys_family sys_thread_family = {entries, sizeof entries / sizeof *entries};
