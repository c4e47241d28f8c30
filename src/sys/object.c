/* src/sys/object.c: handles, and the directories and links of the namespace. */
#include <stdlib.h>
#include <string.h>

#include "nt/info.h"
#include "sys/sys.h"

#define NAME_LIMIT 0x8000u

/* NtClose(handle) */
static NTSTATUS close_handle(struct sys_call *call)
{
    struct ob_caller caller = ps_caller(call->thread);
    return ob_close_handle(call->sys->ob, &caller, call->arg[0]);
}

/* The handle tables of both processes stay meanwhile. `to` NULL: only close the source. */
static NTSTATUS copy_handle(struct sys_call *call, struct ps_process *from, struct ps_process *to,
                            uint64_t *handle)
{
    struct ob_caller source = ps_caller(call->thread), target = source;
    if (!ex_acquire_rundown_protection(&from->process->RundownProtect)) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    if (to && !ex_acquire_rundown_protection(&to->process->RundownProtect)) {
        ex_release_rundown_protection(&from->process->RundownProtect);
        return STATUS_PROCESS_IS_TERMINATING;
    }
    source.process = from->process;
    target.process = to ? to->process : NULL;
    NTSTATUS status =
        ob_duplicate_object(call->sys->ob, &source, call->arg[1], &target, to ? handle : NULL,
                            (uint32_t)call->arg[4], (uint32_t)call->arg[5], (uint32_t)call->arg[6]);
    if (to) {
        ex_release_rundown_protection(&to->process->RundownProtect);
    }
    ex_release_rundown_protection(&from->process->RundownProtect);
    return status;
}

/* NtDuplicateObject(source process, source handle, target process, *target handle, access,
 * attributes, options) */
static NTSTATUS duplicate(struct sys_call *call)
{
    struct ps_process *from, *to = NULL;
    uint64_t handle = 0;
    NTSTATUS status = sys_get_process(call, call->arg[0], PROCESS_DUP_HANDLE, &from);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (call->arg[2]) {
        status = sys_get_process(call, call->arg[2], PROCESS_DUP_HANDLE, &to);
    }
    if (NT_SUCCESS(status) && to) {
        status = sys_put_optional(call, call->arg[3], &handle, sizeof handle);
    }
    if (NT_SUCCESS(status)) {
        status = copy_handle(call, from, to, &handle);
    }
    if (NT_SUCCESS(status) && to) {
        status = sys_put_optional(call, call->arg[3], &handle, sizeof handle);
    }
    if (to) {
        ps_dereference_process(to);
    }
    ps_dereference_process(from);
    return status;
}

typedef struct _OBJECT_BASIC_INFORMATION {
    ULONG Attributes;
    ULONG GrantedAccess;
    ULONG HandleCount;
    ULONG PointerCount;
    ULONG Reserved[10];
} OBJECT_BASIC_INFORMATION;
NT_SIZE(OBJECT_BASIC_INFORMATION, 0x38);

typedef struct _OBJECT_HANDLE_FLAG_INFORMATION {
    BOOLEAN Inherit;
    BOOLEAN ProtectFromClose;
} OBJECT_HANDLE_FLAG_INFORMATION;

NTSTATUS sys_put_name(struct sys_call *call, void *object, uint64_t buffer, size_t size,
                      size_t *needed)
{
    UNICODE_STRING string;
    memset(&string, 0, sizeof string);
    WCHAR *text = malloc(NAME_LIMIT);
    if (!text) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    size_t length = ob_query_name(call->sys->ob, object, text, NAME_LIMIT - sizeof(WCHAR));
    NTSTATUS status = STATUS_SUCCESS;
    *needed = sizeof string + (length ? length + sizeof(WCHAR) : 0);
    if (size < *needed) {
        status = STATUS_BUFFER_OVERFLOW;
    } else if (length > NAME_LIMIT - sizeof(WCHAR)) {
        status = STATUS_NAME_TOO_LONG;
    }
    if (NT_SUCCESS(status) && length) {
        text[length / sizeof(WCHAR)] = 0;
        string.Length = (USHORT)length;
        string.MaximumLength = (USHORT)(length + sizeof(WCHAR));
        string.Buffer.va = buffer + sizeof string;
        status = sys_put(call, string.Buffer.va, text, length + sizeof(WCHAR));
    }
    free(text);
    return NT_SUCCESS(status) ? SYS_PUT(call, buffer, string) : status;
}

static NTSTATUS query_name(struct sys_call *call, void *object)
{
    size_t needed;
    NTSTATUS status = sys_put_name(call, object, call->arg[2], (uint32_t)call->arg[3], &needed);
    uint32_t said = (uint32_t)needed;
    NTSTATUS put = sys_put_optional(call, call->arg[4], &said, sizeof said);
    if (!NT_SUCCESS(put)) {
        return put;
    }
    return status == STATUS_BUFFER_OVERFLOW ? STATUS_INFO_LENGTH_MISMATCH : status;
}

/* NtQueryObject(handle, class, buffer, length, *return length) */
static NTSTATUS query(struct sys_call *call)
{
    struct ob_caller caller = ps_caller(call->thread);
    struct ob_handle_information handle;
    void *object;
    NTSTATUS status = ob_reference_object_by_handle(call->sys->ob, &caller, call->arg[0], 0, NULL,
                                                    &object, &handle);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const OBJECT_HEADER *header = ob_header(object);
    if (call->arg[1] == ObjectBasicInformation) {
        OBJECT_BASIC_INFORMATION information = {
            .Attributes = handle.attributes,
            .GrantedAccess = handle.access,
            .HandleCount = (ULONG)header->HandleCount,
            .PointerCount = (ULONG)header->PointerCount,
        };
        status = sys_answer(call, 2, &information, sizeof information);
    } else if (call->arg[1] == ObjectHandleFlagInformation) {
        OBJECT_HANDLE_FLAG_INFORMATION information = {
            .Inherit = (handle.attributes & OBJ_INHERIT) != 0,
            .ProtectFromClose = (handle.attributes & OBJ_PROTECT_CLOSE) != 0,
        };
        status = sys_answer(call, 2, &information, sizeof information);
    } else if (call->arg[1] == ObjectNameInformation) {
        status = query_name(call, object);
    } else {
        status = STATUS_INVALID_INFO_CLASS;
    }
    ob_dereference_object(call->sys->ob, object);
    return status;
}

/* NtSetInformationObject(handle, class, buffer, length) */
static NTSTATUS set(struct sys_call *call)
{
    struct ob_caller caller = ps_caller(call->thread);
    OBJECT_HANDLE_FLAG_INFORMATION flags;
    if (call->arg[1] != ObjectHandleFlagInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if ((uint32_t)call->arg[3] != sizeof flags) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    NTSTATUS status = SYS_GET(call, flags, call->arg[2]);
    return NT_SUCCESS(status) ? ob_set_handle_attributes(call->sys->ob, &caller, call->arg[0],
                                                         flags.Inherit, flags.ProtectFromClose)
                              : status;
}

/* NtCreateDirectoryObject(*handle, access, attributes) */
static NTSTATUS create_directory(struct sys_call *call)
{
    struct ob_caller caller = ps_caller(call->thread);
    struct sys_attributes attributes;
    uint64_t handle;
    NTSTATUS status = sys_get_attributes(call, call->arg[2], &attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct ob_attributes named = sys_ob_attributes(&attributes);
    status =
        ob_create_directory_object(call->sys->ob, &caller, (uint32_t)call->arg[1], &named, &handle);
    sys_free_attributes(&attributes);
    return NT_SUCCESS(status) ? sys_put_handle(call, call->arg[0], handle, status) : status;
}

/* NtOpenDirectoryObject(*handle, access, attributes) */
static NTSTATUS open_directory(struct sys_call *call)
{
    const struct ke *ke = call->sys->ke;
    return sys_open_named(call, k2h(&ke->ks, *ke->nt.ObpDirectoryObjectType));
}

/* NtMakeTemporaryObject(handle): its name goes with its last handle.
 * Source: ZwMakeTemporaryObject, documentation. */
static NTSTATUS make_temporary(struct sys_call *call)
{
    void *object;
    NTSTATUS status = sys_get_object(call, call->arg[0], DELETE, NULL, &object);
    if (NT_SUCCESS(status)) {
        ob_make_temporary_object(call->sys->ob, object);
        ob_dereference_object(call->sys->ob, object);
    }
    return status;
}

/* NtMakePermanentObject(handle): it stays, by its name.
 * => STATUS_PRIVILEGE_NOT_HELD: no SeCreatePermanentPrivilege */
static NTSTATUS make_permanent(struct sys_call *call)
{
    void *object;
    if (!se_process_has_privilege(&call->sys->ps->se, call->process->process,
                                  SE_CREATE_PERMANENT_PRIVILEGE)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    NTSTATUS status = sys_get_object(call, call->arg[0], 0, NULL, &object);
    if (NT_SUCCESS(status)) {
        ob_make_permanent_object(object);
        ob_dereference_object(call->sys->ob, object);
    }
    return status;
}

static const struct sys_entry entries[] = {
    {SERVICE_NtClose, close_handle},
    {SERVICE_NtDuplicateObject, duplicate},
    {SERVICE_NtQueryObject, query},
    {SERVICE_NtSetInformationObject, set},
    {SERVICE_NtCreateDirectoryObject, create_directory},
    {SERVICE_NtOpenDirectoryObject, open_directory},
    {SERVICE_NtMakeTemporaryObject, make_temporary},
    {SERVICE_NtMakePermanentObject, make_permanent},
};
const struct sys_family sys_object_family = {entries, sizeof entries / sizeof *entries};
