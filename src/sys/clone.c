/* src/sys/clone.c: processes that are copies of others.
 *
 *      NtCreateUserProcess without parameters   the caller, with the calling thread: it returns
 *                                               twice, with STATUS_PROCESS_CLONED in the child
 *      NtCreateProcess, NtCreateProcessEx       any process, without a thread
 *      without a section
 *
 * Source: NtCreateProcess, NtCreateProcessEx and RtlCloneUserProcess, as the Native API reference
 * (Nebbett) and phnt's headers have them; STATUS_PROCESS_CLONED, [MS-ERREF] 2.3.
 */
#include "sys/creation.h"

/* NtCreateProcessEx(*handle, access, attributes, parent, flags, section, debug port, exception
 * port, in job) */
enum {
    EX_HANDLE,
    EX_ACCESS,
    EX_ATTRIBUTES,
    EX_PARENT,
    EX_FLAGS,
    EX_SECTION,
    EX_DEBUG_PORT,
    EX_EXCEPTION_PORT,
    EX_IN_JOB,
};

/* ---- NtCreateUserProcess ------------------------------------------------------------------------
 */

/* What is known of the image that both processes run. */
static void describe_image(struct creation *c, const EPROCESS *process)
{
    const struct sys *sys = c->call->sys;
    if (!process->SectionObject.va) {
        return;
    }
    const SECTION_OBJECT *section = kspace_host(&sys->ke->ks, process->SectionObject.va);
    const SEGMENT *segment = kspace_host(&sys->ke->ks, section->Segment.va);
    mm_query_image_section(sys->mm, segment, &c->about);
    c->about.TransferAddress.va += process->SectionBaseAddress.va - segment->BasedAddress.va;
}

NTSTATUS sys_clone_caller(struct creation *c)
{
    const struct ps_program how = {
        .inherit_handles = c->call->arg[ARG_PROCESS_FLAGS] & PROCESS_CREATE_FLAGS_INHERIT_HANDLES,
        .inherit_only = c->handles,
        .inherit_count = c->handle_count,
        .break_away = c->call->arg[ARG_PROCESS_FLAGS] & PROCESS_CREATE_FLAGS_BREAKAWAY,
        .priority_class = c->priority_class,
        .error_mode = c->error_mode,
        .set_error_mode = c->set_error_mode,
    };
    const struct ps_thread_parameters same = {
        .clone_of = c->call->thread,
        .clone_result = STATUS_PROCESS_CLONED,
        .suspended = c->call->arg[ARG_THREAD_FLAGS] & THREAD_CREATE_FLAGS_CREATE_SUSPENDED,
    };
    struct ps_process *process;
    if (c->parent != c->call->process) {
        return STATUS_INVALID_PARAMETER; /* where the calling thread does not run */
    }
    NTSTATUS status = ps_clone_process(c->parent, &how, &process);
    if (NT_SUCCESS(status)) {
        c->info.State = PsCreateSuccess;
        describe_image(c, process->process);
        status = sys_start_creation(c, process, &same);
        ps_dereference_process(process);
    }
    return status;
}

/* ---- NtCreateProcess, NtCreateProcessEx ---------------------------------------------------------
 */

static NTSTATUS create_process(struct sys_call *call, uint32_t flags)
{
    const struct ob_caller caller = ps_caller(call->thread);
    const struct ps_program how = {
        .inherit_handles = flags & PROCESS_CREATE_FLAGS_INHERIT_HANDLES,
        .break_away = flags & PROCESS_CREATE_FLAGS_BREAKAWAY,
    };
    const uint64_t none = 0;
    struct sys_attributes attributes;
    struct ps_process *parent, *process;
    uint64_t handle;
    NTSTATUS status = SYS_PUT(call, call->arg[EX_HANDLE], none);
    if (NT_SUCCESS(status)) {
        status = sys_get_attributes(call, call->arg[EX_ATTRIBUTES], &attributes);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint32_t object_flags = attributes.attributes;
    sys_free_attributes(&attributes);
    status = sys_get_process(call, call->arg[EX_PARENT], PROCESS_CREATE_PROCESS, &parent);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ps_clone_process(parent, &how, &process);
    ps_dereference_process(parent);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ob_open_object_by_pointer(call->sys->ob, &caller, process->process, object_flags,
                                       (uint32_t)call->arg[EX_ACCESS], call->sys->ps->process_type,
                                       &handle);
    if (NT_SUCCESS(status)) {
        status = sys_put_handle(call, call->arg[EX_HANDLE], handle, status);
    }
    if (!NT_SUCCESS(status)) {
        NTSTATUS ended = ps_terminate_process(process, NULL, status);
        (void)ended; /* by somebody else, perhaps */
    }
    ps_dereference_process(process);
    return status;
}

/* A new program needs parameters, and has them from NtCreateUserProcess alone; there are no ports
 * to debug by. */
static bool is_supported(const struct sys_call *call)
{
    return !call->arg[EX_SECTION] && !call->arg[EX_DEBUG_PORT] && !call->arg[EX_EXCEPTION_PORT];
}

static NTSTATUS create_process_ex(struct sys_call *call)
{
    uint32_t flags = (uint32_t)call->arg[EX_FLAGS];
    if (flags & ~SYS_PROCESS_FLAGS) {
        return STATUS_INVALID_PARAMETER;
    }
    return is_supported(call) ? create_process(call, flags) : STATUS_NOT_SUPPORTED;
}

/* NtCreateProcess(*handle, access, attributes, parent, inherit handles, section, debug port,
 * exception port) */
static NTSTATUS create_process_old(struct sys_call *call)
{
    bool inherit = (uint8_t)call->arg[EX_FLAGS];
    if (!is_supported(call)) {
        return STATUS_NOT_SUPPORTED;
    }
    return create_process(call, inherit ? PROCESS_CREATE_FLAGS_INHERIT_HANDLES : 0);
}

static const struct sys_entry entries[] = {
    {SERVICE_NtCreateProcess, create_process_old},
    {SERVICE_NtCreateProcessEx, create_process_ex},
};
const struct sys_family sys_clone_family = {entries, sizeof entries / sizeof *entries};
