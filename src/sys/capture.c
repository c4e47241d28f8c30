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
    out->root = attributes.RootDirectory.va;
    out->attributes = attributes.Attributes;
    return attributes.ObjectName.va ? sys_get_string(call, attributes.ObjectName.va, &out->name)
                                    : STATUS_SUCCESS;
}

void sys_free_attributes(struct sys_attributes *attributes)
{
    sys_free_string(&attributes->name);
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
