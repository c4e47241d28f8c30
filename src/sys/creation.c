/* src/sys/creation.c: what a caller of NtCreateUserProcess says, captured.
 *
 * Everything is copied once, before anything is made: the caller's memory may change meanwhile. */
#include "sys/creation.h"

#include <stdlib.h>

#define THREAD_FLAGS (THREAD_CREATE_FLAGS_CREATE_SUSPENDED | THREAD_CREATE_FLAGS_SKIP_THREAD_ATTACH)
#define ENVIRONMENT_LIMIT 0x100000u /* bytes */
#define HANDLE_LIST_LIMIT 1024u

static NTSTATUS get_image_name(struct creation *c, const PS_ATTRIBUTE *attribute)
{
    size_t size = attribute->Size;
    if (c->image_name || !size || size % sizeof(WCHAR) || size > UINT16_MAX - sizeof(WCHAR)) {
        return STATUS_INVALID_PARAMETER;
    }
    c->image_name = malloc(size + sizeof(WCHAR));
    if (!c->image_name) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    c->image_name_length = size / sizeof(WCHAR);
    c->image_name[c->image_name_length] = 0;
    return sys_get(c->call, c->image_name, attribute->Value, size);
}

static NTSTATUS get_handle_list(struct creation *c, const PS_ATTRIBUTE *attribute)
{
    size_t size = attribute->Size;
    if (c->handles || !size || size % sizeof *c->handles ||
        size / sizeof *c->handles > HANDLE_LIST_LIMIT) {
        return STATUS_INVALID_PARAMETER;
    }
    c->handles = malloc(size);
    if (!c->handles) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    c->handle_count = size / sizeof *c->handles;
    return sys_get(c->call, c->handles, attribute->Value, size);
}

/* An attribute whose value is a small thing elsewhere. */
static NTSTATUS get_value(struct creation *c, const PS_ATTRIBUTE *attribute, void *to, size_t size)
{
    return attribute->Size == size ? sys_get(c->call, to, attribute->Value, size)
                                   : STATUS_INVALID_PARAMETER;
}

/* An attribute that is to be answered: where. */
static NTSTATUS get_answer(const PS_ATTRIBUTE *attribute, uint64_t *va, size_t size)
{
    *va = attribute->Value;
    return attribute->Size >= size ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static NTSTATUS get_attribute(struct creation *c, const PS_ATTRIBUTE *attribute)
{
    NTSTATUS status;
    switch (attribute->Attribute) {
    case PS_ATTRIBUTE_IMAGE_NAME:
        return get_image_name(c, attribute);
    case PS_ATTRIBUTE_HANDLE_LIST:
        return get_handle_list(c, attribute);
    case PS_ATTRIBUTE_STD_HANDLE_INFO:
        return get_value(c, attribute, &c->standard, sizeof c->standard);
    case PS_ATTRIBUTE_PRIORITY_CLASS:
        status = get_value(c, attribute, &c->priority_class, sizeof c->priority_class);
        return NT_SUCCESS(status) && (c->priority_class < PROCESS_PRIORITY_CLASS_IDLE ||
                                      c->priority_class > PROCESS_PRIORITY_CLASS_ABOVE_NORMAL)
                   ? STATUS_INVALID_PARAMETER
                   : status;
    case PS_ATTRIBUTE_ERROR_MODE:
        c->set_error_mode = true;
        return get_value(c, attribute, &c->error_mode, sizeof c->error_mode);
    case PS_ATTRIBUTE_PARENT_PROCESS:
        return c->parent
                   ? STATUS_INVALID_PARAMETER
                   : sys_get_process(c->call, attribute->Value, PROCESS_CREATE_PROCESS, &c->parent);
    case PS_ATTRIBUTE_CLIENT_ID:
        return get_answer(attribute, &c->client_id, sizeof(CLIENT_ID));
    case PS_ATTRIBUTE_TEB_ADDRESS:
        return get_answer(attribute, &c->teb_address, sizeof(uint64_t));
    case PS_ATTRIBUTE_IMAGE_INFO:
        return get_answer(attribute, &c->image_info, sizeof c->about);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

static NTSTATUS get_attributes(struct creation *c)
{
    const uint64_t list = c->call->arg[ARG_LIST], first = offsetof(PS_ATTRIBUTE_LIST, Attributes);
    bool clone = sys_creation_is_clone(c);
    uint64_t total;
    if (clone && !list) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = list ? SYS_GET(c->call, total, list) : STATUS_INVALID_PARAMETER;
    if (NT_SUCCESS(status) && (total < first || (total - first) % sizeof(PS_ATTRIBUTE) ||
                               total > sizeof(PS_ATTRIBUTE_LIST))) {
        status = STATUS_INVALID_PARAMETER;
    }
    for (uint64_t at = first; NT_SUCCESS(status) && at < total; at += sizeof(PS_ATTRIBUTE)) {
        PS_ATTRIBUTE attribute;
        status = SYS_GET(c->call, attribute, list + at);
        if (NT_SUCCESS(status)) {
            status = get_attribute(c, &attribute);
        }
    }
    return NT_SUCCESS(status) && !c->image_name != clone ? STATUS_INVALID_PARAMETER : status;
}

/* One string of the parameters. Pointers in a block that is not normalised are distances from its
 * beginning. */
static NTSTATUS get_parameter(struct creation *c, UNICODE_STRING string, WCHAR **text,
                              struct ps_text *to)
{
    if (string.Length % sizeof(WCHAR)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!string.Length) {
        return STATUS_SUCCESS;
    }
    if (!(c->parameters.values.Flags & RTL_USER_PROC_PARAMS_NORMALIZED)) {
        string.Buffer.va += c->call->arg[ARG_PARAMETERS];
    }
    *text = malloc(string.Length);
    if (!*text) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *to = (struct ps_text){*text, string.Length / sizeof(WCHAR)};
    return sys_get(c->call, *text, string.Buffer.va, string.Length);
}

/* A block of environment: its end is checked, since the child walks it. */
static NTSTATUS get_environment(struct creation *c)
{
    const RTL_USER_PROCESS_PARAMETERS *values = &c->parameters.values;
    size_t size = values->EnvironmentSize, length = size / sizeof(WCHAR);
    if (!values->Environment.va) {
        return STATUS_SUCCESS;
    }
    if (size % sizeof(WCHAR) || length < 2 || size > ENVIRONMENT_LIMIT) {
        return STATUS_INVALID_PARAMETER;
    }
    c->environment = malloc(size);
    if (!c->environment) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = sys_get(c->call, c->environment, values->Environment.va, size);
    if (NT_SUCCESS(status) && (c->environment[length - 1] || c->environment[length - 2])) {
        status = STATUS_INVALID_PARAMETER;
    }
    c->parameters.environment = (struct ps_text){c->environment, length};
    return status;
}

static NTSTATUS get_parameters(struct creation *c)
{
    struct ps_process_parameters *p = &c->parameters;
    RTL_USER_PROCESS_PARAMETERS *values = &p->values;
    NTSTATUS status = SYS_GET(c->call, *values, c->call->arg[ARG_PARAMETERS]);
    if (NT_SUCCESS(status) &&
        (values->Length < sizeof *values || values->Length > values->MaximumLength)) {
        status = STATUS_INVALID_PARAMETER;
    }
    const struct {
        const UNICODE_STRING *from;
        struct ps_text *to;
    } strings[PARAMETER_STRINGS] = {
        {&values->CurrentDirectory.DosPath, &p->current_directory},
        {&values->DllPath, &p->dll_path},
        {&values->ImagePathName, &p->image_path},
        {&values->CommandLine, &p->command_line},
        {&values->WindowTitle, &p->window_title},
        {&values->DesktopInfo, &p->desktop},
        {&values->ShellInfo, &p->shell},
        {&values->RuntimeData, &p->runtime_data},
    };
    for (size_t i = 0; NT_SUCCESS(status) && i < PARAMETER_STRINGS; i++) {
        status = get_parameter(c, *strings[i].from, &c->text[i], strings[i].to);
    }
    return NT_SUCCESS(status) ? get_environment(c) : status;
}

/* OBJECT_ATTRIBUTES of the process or the thread, of which the flags count. */
static NTSTATUS get_flags(struct sys_call *call, uint64_t va, uint32_t *flags)
{
    struct sys_attributes attributes;
    NTSTATUS status = sys_get_attributes(call, va, &attributes);
    if (NT_SUCCESS(status)) {
        *flags = attributes.attributes;
        sys_free_attributes(&attributes);
    }
    return status;
}

NTSTATUS sys_capture_creation(struct creation *c)
{
    struct sys_call *call = c->call;
    const uint64_t none = 0;
    if (((uint32_t)call->arg[ARG_PROCESS_FLAGS] & ~SYS_PROCESS_FLAGS) ||
        ((uint32_t)call->arg[ARG_THREAD_FLAGS] & ~THREAD_FLAGS)) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS status = SYS_PUT(call, call->arg[ARG_PROCESS], none);
    if (NT_SUCCESS(status)) {
        status = SYS_PUT(call, call->arg[ARG_THREAD], none);
    }
    if (NT_SUCCESS(status)) {
        status = SYS_GET(call, c->info, call->arg[ARG_CREATE_INFO]);
    }
    if (NT_SUCCESS(status) &&
        (c->info.Size != sizeof c->info || c->info.State != PsCreateInitialState)) {
        status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(status)) {
        status = get_flags(call, call->arg[ARG_PROCESS_ATTRIBUTES], &c->process_attributes);
    }
    if (NT_SUCCESS(status)) {
        status = get_flags(call, call->arg[ARG_THREAD_ATTRIBUTES], &c->thread_attributes);
    }
    if (NT_SUCCESS(status)) {
        status = get_attributes(c);
    }
    if (NT_SUCCESS(status) && !sys_creation_is_clone(c)) {
        status = get_parameters(c);
    }
    if (NT_SUCCESS(status) && !c->parent) {
        c->parent = call->process;
        ps_reference_process(c->parent);
    }
    return status;
}

void sys_release_creation(struct creation *c)
{
    struct ob *ob = c->call->sys->ob;
    if (c->parent) {
        ps_dereference_process(c->parent);
    }
    if (c->section) {
        ob_dereference_object(ob, c->section);
    }
    if (c->file) {
        ob_dereference_object(ob, c->file);
    }
    for (size_t i = 0; i < PARAMETER_STRINGS; i++) {
        free(c->text[i]);
    }
    free(c->environment);
    free(c->image_name);
    free(c->handles);
}
