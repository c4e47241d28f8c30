/* src/sys/capture.c: from the caller's memory to ours, once, before anything is decided.
 *
 * What has been captured cannot change any more under our feet; what has not been captured is never
 * looked at. Strings are bounded by their own 16-bit length.
 */
#include <stdlib.h>

#include "mm/mm.h"
#include "sys/sys.h"

NTSTATUS sys_get(struct sys_call *call, void *to, uint64_t from_va, size_t size)
{
    return mm_copy_from_user(call->space, to, from_va, size);
}

NTSTATUS sys_put(struct sys_call *call, uint64_t to_va, const void *from, size_t size)
{
    return mm_copy_to_user(call->space, to_va, from, size);
}

NTSTATUS sys_put_optional(struct sys_call *call, uint64_t to_va, const void *from, size_t size)
{
    return to_va ? sys_put(call, to_va, from, size) : STATUS_SUCCESS;
}

NTSTATUS sys_probe_write(struct sys_call *call, uint64_t va, size_t size)
{
    const uint32_t user_write = 6; /* page-fault code: write, user */
    if (!size) {
        return STATUS_SUCCESS;
    }
    if (va > MM_HIGHEST_USER_ADDRESS || size > MM_HIGHEST_USER_ADDRESS + 1 - va) {
        return STATUS_ACCESS_VIOLATION;
    }
    NTSTATUS status = STATUS_SUCCESS;
    for (uint64_t page = va / PAGE_SIZE * PAGE_SIZE; NT_SUCCESS(status) && page < va + size;
         page += PAGE_SIZE) {
        status = mm_access_fault(call->space, page < va ? va : page, user_write);
    }
    return status;
}

NTSTATUS sys_get_string(struct sys_call *call, uint64_t va, struct sys_string *out)
{
    UNICODE_STRING string;
    *out = (struct sys_string){NULL, 0};
    NTSTATUS status = SYS_GET(call, string, va);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (string.Length % sizeof(WCHAR)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    out->text = malloc(string.Length + sizeof(WCHAR));
    if (!out->text) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = sys_get(call, out->text, string.Buffer.va, string.Length);
    if (!NT_SUCCESS(status)) {
        sys_free_string(out);
        return status;
    }
    out->length = string.Length / sizeof(WCHAR);
    out->text[out->length] = 0;
    return STATUS_SUCCESS;
}

void sys_free_string(struct sys_string *string)
{
    free(string->text);
    *string = (struct sys_string){NULL, 0};
}

/* What stays when nobody uses it is not for everybody.
 * Source: SE_CREATE_PERMANENT_NAME, privilege constants; OBJECT_ATTRIBUTES, documentation. */
static NTSTATUS check_flags(struct sys_call *call, uint32_t flags)
{
    const uint32_t known = OBJ_INHERIT | OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_CASE_INSENSITIVE |
                           OBJ_OPENIF | OBJ_OPENLINK | OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK;
    if (flags & ~known) {
        return STATUS_INVALID_PARAMETER;
    }
    bool may = !(flags & OBJ_PERMANENT) ||
               se_process_has_privilege(&call->sys->ps->se, call->process->process,
                                        SE_CREATE_PERMANENT_PRIVILEGE);
    return may ? STATUS_SUCCESS : STATUS_PRIVILEGE_NOT_HELD;
}

NTSTATUS sys_get_attributes(struct sys_call *call, uint64_t va, struct sys_attributes *out)
{
    OBJECT_ATTRIBUTES attributes;
    *out = (struct sys_attributes){0};
    if (!va) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = SYS_GET(call, attributes, va);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (attributes.Length != sizeof attributes) {
        return STATUS_INVALID_PARAMETER;
    }
    status = check_flags(call, attributes.Attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    out->root = attributes.RootDirectory.va;
    out->attributes = attributes.Attributes;
    return attributes.ObjectName.va ? sys_get_string(call, attributes.ObjectName.va, &out->name)
                                    : STATUS_SUCCESS;
}

void sys_free_attributes(struct sys_attributes *attributes)
{
    sys_free_string(&attributes->name);
}

NTSTATUS sys_get_client_id(struct sys_call *call, CLIENT_ID *id, uint32_t *handle_flags)
{
    struct sys_attributes attributes;
    NTSTATUS status = sys_get_attributes(call, call->arg[2], &attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    bool named = attributes.name.text != NULL;
    *handle_flags = attributes.attributes;
    sys_free_attributes(&attributes);
    return named || !call->arg[3] ? STATUS_INVALID_PARAMETER_MIX
                                  : sys_get(call, id, call->arg[3], sizeof *id);
}

NTSTATUS sys_get_object(struct sys_call *call, uint64_t handle, uint32_t access, OBJECT_TYPE *type,
                        void **object)
{
    struct ob_caller caller = ps_caller(call->thread);
    NTSTATUS status =
        ob_reference_object_by_handle(call->sys->ob, &caller, handle, access, type, object, NULL);
    if (!NT_SUCCESS(status)) {
        *object = NULL;
    }
    return status;
}

NTSTATUS sys_get_process(struct sys_call *call, uint64_t handle, uint32_t access,
                         struct ps_process **out)
{
    return ps_reference_process_by_handle(call->thread, handle, access, out);
}

NTSTATUS sys_get_thread(struct sys_call *call, uint64_t handle, uint32_t access,
                        struct ps_thread **out)
{
    return ps_reference_thread_by_handle(call->thread, handle, access, out);
}

struct ob_attributes sys_ob_attributes(const struct sys_attributes *attributes)
{
    return (struct ob_attributes){
        .root = attributes->root,
        .name = attributes->name.text,
        .name_length = (USHORT)(attributes->name.length * sizeof(WCHAR)),
        .flags = attributes->attributes,
    };
}

NTSTATUS sys_open_named(struct sys_call *call, OBJECT_TYPE *type)
{
    struct ob_caller caller = ps_caller(call->thread);
    struct sys_attributes attributes;
    uint64_t handle;
    NTSTATUS status = sys_probe_write(call, call->arg[0], sizeof handle);
    if (NT_SUCCESS(status)) {
        status = sys_get_attributes(call, call->arg[2], &attributes);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct ob_attributes named = sys_ob_attributes(&attributes);
    status = ob_open_object_by_name(call->sys->ob, &caller, &named, type, (uint32_t)call->arg[1],
                                    NULL, &handle);
    sys_free_attributes(&attributes);
    return NT_SUCCESS(status) ? sys_put_handle(call, call->arg[0], handle, status) : status;
}

NTSTATUS sys_insert(struct sys_call *call, void *object, const struct ob_attributes *attributes,
                    uint32_t access, uint64_t handle_va)
{
    struct ob_caller caller = ps_caller(call->thread);
    uint64_t handle;
    NTSTATUS status =
        ob_insert_object(call->sys->ob, &caller, object, attributes, access, &handle, NULL);
    return NT_SUCCESS(status) ? sys_put_handle(call, handle_va, handle, status) : status;
}

NTSTATUS sys_put_handle(struct sys_call *call, uint64_t handle_va, uint64_t handle, NTSTATUS status)
{
    NTSTATUS said = SYS_PUT(call, handle_va, handle);
    if (!NT_SUCCESS(said)) {
        struct ob_caller caller = ps_caller(call->thread);
        NTSTATUS closed = ob_close_handle(call->sys->ob, &caller, handle);
        (void)closed; /* another thread may have closed it; it is gone either way */
        return said;
    }
    return status;
}

NTSTATUS sys_answer(struct sys_call *call, unsigned buffer, const void *answer, size_t size)
{
    uint32_t length = (uint32_t)size;
    NTSTATUS status = sys_put_optional(call, call->arg[buffer + 2], &length, sizeof length);
    if (NT_SUCCESS(status) && (uint32_t)call->arg[buffer + 1] < size) {
        status = STATUS_INFO_LENGTH_MISMATCH;
    }
    return NT_SUCCESS(status) ? sys_put(call, call->arg[buffer], answer, size) : status;
}
