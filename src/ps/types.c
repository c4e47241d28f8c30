/* src/ps/types.c: the object types Process and Thread, references to their objects, and the start
 * and end of ps itself. */
#include <stdlib.h>
#include <string.h>

#include "ke/list.h"
#include "ke/thread.h"
#include "ob/handle_table.h"
#include "pe/pe.h"
#include "ps/psi.h"

#define IMAGE_FILE_NAME_SIZE 15

static struct ps *ps_of(struct ob *ob, void *object)
{
    return ob_type_ops_of(ob, ob_object_type(ob, object))->owner;
}

static void delete_process(struct ob *ob, void *object)
{
    psp_delete_process(ps_of(ob, object), object);
}

static void delete_thread(struct ob *ob, void *object)
{
    psp_delete_thread(ps_of(ob, object), object);
}

/* Generic rights. Source: Process Security and Access Rights, Thread Security and Access Rights. */
static const struct ob_type_ops process_type = {
    .name = "Process",
    .body_size = sizeof(EPROCESS),
    .mapping = {READ_CONTROL | PROCESS_VM_READ | PROCESS_QUERY_INFORMATION,
                READ_CONTROL | PROCESS_CREATE_PROCESS | PROCESS_CREATE_THREAD |
                    PROCESS_VM_OPERATION | PROCESS_VM_WRITE | PROCESS_DUP_HANDLE |
                    PROCESS_TERMINATE | PROCESS_SET_QUOTA | PROCESS_SET_INFORMATION |
                    PROCESS_SUSPEND_RESUME,
                READ_CONTROL | SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_ALL_ACCESS},
    .valid_access = PROCESS_ALL_ACCESS,
    .wide_right = PROCESS_QUERY_INFORMATION,
    .implied_right = PROCESS_QUERY_LIMITED_INFORMATION,
    .wait_offset = offsetof(EPROCESS, Pcb),
    .delete = delete_process,
};

static const struct ob_type_ops thread_type = {
    .name = "Thread",
    .body_size = sizeof(ETHREAD),
    .mapping = {READ_CONTROL | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION,
                READ_CONTROL | THREAD_TERMINATE | THREAD_SUSPEND_RESUME | THREAD_ALERT |
                    THREAD_SET_CONTEXT | THREAD_SET_INFORMATION,
                READ_CONTROL | SYNCHRONIZE | THREAD_QUERY_LIMITED_INFORMATION, THREAD_ALL_ACCESS},
    .valid_access = THREAD_ALL_ACCESS,
    .wide_right = THREAD_QUERY_INFORMATION,
    .implied_right = THREAD_QUERY_LIMITED_INFORMATION,
    .wait_offset = offsetof(ETHREAD, Tcb),
    .delete = delete_thread,
};

NTSTATUS psp_create_types(struct ps *ps)
{
    ps->process_ops = process_type;
    ps->thread_ops = thread_type;
    ps->process_ops.owner = ps->thread_ops.owner = ps;
    NTSTATUS status = ob_create_type(ps->ob, &ps->process_ops, &ps->process_type);
    if (NT_SUCCESS(status)) {
        status = ob_create_type(ps->ob, &ps->thread_ops, &ps->thread_type);
    }
    if (NT_SUCCESS(status)) {
        status = psp_create_job_type(ps);
    }
    if (NT_SUCCESS(status)) {
        ps->ke->nt.PsProcessType->va = h2k(&ps->ke->ks, ps->process_type);
        ps->ke->nt.PsThreadType->va = h2k(&ps->ke->ks, ps->thread_type);
    }
    return status;
}

/* The System process: no user memory, the page directory that boot made. */
static NTSTATUS create_system_process(struct ps *ps)
{
    NTSTATUS status = psp_create_process_object(ps, NULL, true, &ps->system);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    static const char name[IMAGE_FILE_NAME_SIZE] = "System";
    memcpy(ps->system->process->ImageFileName, name, sizeof name);
    ps->system->findable = true;
    ps->ke->nt.PsInitialSystemProcess->va = ps->system->va;
    ob_set_system_process(ps->ob, ps->system->process);
    return STATUS_SUCCESS;
}

static void *resolve_pseudo_handle(void *owner, const struct ob_caller *caller, uint64_t handle)
{
    const uint64_t current_process = UINT64_MAX, current_thread = UINT64_MAX - 1;
    struct ps *ps = owner;
    void *object = NULL;
    if (handle == current_process) {
        object = caller->process ? caller->process : ps->system->process;
    } else if (handle == current_thread && caller->thread) {
        object = caller->thread; /* KTHREAD is the first member of ETHREAD */
    }
    if (object) {
        ob_reference_object(ps->ob, object);
    }
    return object;
}

NTSTATUS ps_init(struct ps *ps)
{
    pthread_mutex_init(&ps->lock, NULL);
    ke_list_init(&ps->ke->ks, ps->ke->nt.PsActiveProcessHead);
    HANDLE_TABLE *ids = ex_create_handle_table(ps->ob, NULL);
    if (!ids) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ps->ke->nt.PspCidTable->va = h2k(&ps->ke->ks, ids);
    NTSTATUS status = se_init(&ps->se, ps->ob);
    if (NT_SUCCESS(status)) {
        status = psp_create_types(ps);
    }
    if (NT_SUCCESS(status)) {
        ob_set_pseudo_handles(ps->ob, resolve_pseudo_handle, ps);
        status = create_system_process(ps);
    }
    return status;
}

void ps_deinit(struct ps *ps)
{
    /* The System object goes with the machine's RAM; its companion and its address space are ours.
     */
    if (ps->system) {
        mm_space_clean(ps->system->space);
        mm_space_destroy(ps->system->space);
        free(ps->system);
    }
    free(ps->process_by_id);
    free(ps->thread_by_id);
    pthread_mutex_destroy(&ps->lock);
}

NTSTATUS ps_set_ntdll(struct ps *ps, const void *bytes, size_t size)
{
    struct pe_image image;
    if (pe_open(&image, bytes, size) != PE_OK) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    ps->ntdll_base = image.base;
    const struct {
        const char *name;
        uint64_t *address;
    } entries[] = {
        {"LdrInitializeThunk", &ps->entry.LdrInitializeThunk},
        {"RtlUserThreadStart", &ps->entry.RtlUserThreadStart},
        {"KiUserExceptionDispatcher", &ps->entry.KiUserExceptionDispatcher},
        {"KiUserApcDispatcher", &ps->entry.KiUserApcDispatcher},
    };
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        struct pe_export found;
        if (pe_find_export(&image, entries[i].name, &found) != PE_OK || found.forwarded) {
            return STATUS_ENTRYPOINT_NOT_FOUND;
        }
        *entries[i].address = image.base + found.rva;
    }
    return STATUS_SUCCESS;
}

/* ---- references ---------------------------------------------------------------------------------
 */

struct ob_caller ps_caller(struct ps_thread *thread)
{
    return (struct ob_caller){
        .process = thread->process->process, .thread = &thread->thread->Tcb, .mode = UserMode};
}

void ps_reference_process(struct ps_process *process)
{
    ob_reference_object(process->ps->ob, process->process);
}

void ps_dereference_process(struct ps_process *process)
{
    ob_dereference_object(process->ps->ob, process->process);
}

void ps_reference_thread(struct ps_thread *thread)
{
    ob_reference_object(thread->ps->ob, thread->thread);
}

void ps_dereference_thread(struct ps_thread *thread)
{
    ob_dereference_object(thread->ps->ob, thread->thread);
}

NTSTATUS ps_reference_process_by_handle(struct ps_thread *caller, uint64_t handle, uint32_t access,
                                        struct ps_process **out)
{
    struct ps *ps = caller->ps;
    struct ob_caller who = ps_caller(caller);
    void *object;
    NTSTATUS status = ob_reference_object_by_handle(ps->ob, &who, handle, access, ps->process_type,
                                                    &object, NULL);
    /* The System process is the kernel's: programs may ask, and wait, and nothing else, however
     * they came by the handle. */
    const uint32_t harmless = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE;
    if (NT_SUCCESS(status) && object == ps->system->process && (access & ~harmless)) {
        ob_dereference_object(ps->ob, object);
        status = STATUS_ACCESS_DENIED;
    }
    if (NT_SUCCESS(status)) {
        *out = psp_process_of(ps, object);
    }
    return status;
}

NTSTATUS ps_reference_thread_by_handle(struct ps_thread *caller, uint64_t handle, uint32_t access,
                                       struct ps_thread **out)
{
    struct ps *ps = caller->ps;
    struct ob_caller who = ps_caller(caller);
    void *object;
    NTSTATUS status =
        ob_reference_object_by_handle(ps->ob, &who, handle, access, ps->thread_type, &object, NULL);
    if (NT_SUCCESS(status)) {
        *out = psp_thread_of(ps, object);
    }
    return status;
}
