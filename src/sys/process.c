/* src/sys/process.c: processes. */
#include "sys/sys.h"

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
    struct ps_process *process;
    CLIENT_ID id;
    uint64_t handle;
    uint32_t flags, access = (uint32_t)call->arg[1];
    NTSTATUS status = sys_get_client_id(call, &id, &flags);
    if (!NT_SUCCESS(status)) {
        return status;
    }
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

static const struct sys_entry entries[] = {
    {SERVICE_NtTerminateProcess, terminate},
    {SERVICE_NtOpenProcess, open_process},
};
const struct sys_family sys_process_family = {entries, sizeof entries / sizeof *entries};
