/* src/ob/ob.c: the object manager's life, and objects by name. */
#include "ob/ob.h"

#include <stdlib.h>
#include <string.h>

#include "ob/obi.h"

static const struct ob_caller kernel = {.mode = KernelMode};

struct ke *ob_ke(const struct ob *ob)
{
    return ob->ke;
}

struct mm *ob_mm(const struct ob *ob)
{
    return ob->mm;
}

void ob_set_pseudo_handles(struct ob *ob,
                           void *(*resolve)(void *owner, const struct ob_caller *, uint64_t handle),
                           void *owner)
{
    ob->resolve_pseudo = resolve;
    ob->pseudo_owner = owner;
}

void ob_set_system_process(struct ob *ob, EPROCESS *system)
{
    ob->system = system;
    ob->kernel_table->QuotaProcess.va = h2k(obp_ks(ob), system);
    ob->kernel_table->UniqueProcessId.va = system->UniqueProcessId.va;
    system->ObjectTable.va = h2k(obp_ks(ob), ob->kernel_table);
}

/* ---- by name ---- */

NTSTATUS ob_reference_object_by_name(struct ob *ob, const struct ob_caller *caller,
                                     const struct ob_attributes *attributes, OBJECT_TYPE *type,
                                     ULONG access, void *context, void **object)
{
    struct obp_lookup lookup = {.caller = caller,
                                .attributes = attributes,
                                .type = type,
                                .access = access,
                                .context = context};
    ULONG granted;
    NTSTATUS status = obp_lookup_name(ob, &lookup, object);

    if (!NT_SUCCESS(status))
        return status;
    status = obp_granted_access(ob, caller, ob_object_type(ob, *object), access, &granted);
    if (!NT_SUCCESS(status)) {
        ob_dereference_object(ob, *object);
        *object = NULL;
    }
    return status;
}

NTSTATUS ob_open_object_by_name(struct ob *ob, const struct ob_caller *caller,
                                const struct ob_attributes *attributes, OBJECT_TYPE *type,
                                ULONG access, void *context, uint64_t *handle)
{
    ULONG granted;
    void *object;
    NTSTATUS status =
        ob_reference_object_by_name(ob, caller, attributes, type, access, context, &object);

    if (!NT_SUCCESS(status))
        return status;
    status = obp_granted_access(ob, caller, ob_object_type(ob, object), access, &granted);
    if (NT_SUCCESS(status))
        status = obp_create_handle(ob, caller, object, attributes->flags, granted, handle);
    if (!NT_SUCCESS(status))
        ob_dereference_object(ob, object);
    return status;
}

/* ---- inserting ---- */

/* Enter a named object. => *object (referenced by the caller) may have become an existing one, with
 * STATUS_OBJECT_NAME_EXISTS */
static NTSTATUS enter_name(struct ob *ob, const struct ob_caller *caller, void **object,
                           const struct ob_attributes *attributes, bool open_if)
{
    struct obp_lookup lookup = {.caller = caller, .attributes = attributes, .insert = *object};
    OBJECT_TYPE *type = ob_object_type(ob, *object);
    void *found;
    NTSTATUS status = obp_lookup_name(ob, &lookup, &found);

    if (!NT_SUCCESS(status))
        return status;
    if (status == STATUS_OBJECT_NAME_EXISTS) {
        if (!open_if || ob_object_type(ob, found) != type) {
            status = !open_if ? STATUS_OBJECT_NAME_COLLISION : STATUS_OBJECT_TYPE_MISMATCH;
            ob_dereference_object(ob, found);
            return status;
        }
    }
    ob_dereference_object(ob, *object); /* the new one's first reference, or the lookup's second */
    *object = found;
    return status;
}

NTSTATUS ob_insert_object(struct ob *ob, const struct ob_caller *caller, void *object,
                          const struct ob_attributes *attributes, ULONG access, uint64_t *handle,
                          void **found)
{
    bool open_if = handle && attributes && (attributes->flags & OBJ_OPENIF);
    bool named = ob_name_info(ob, object) != NULL;
    NTSTATUS status = STATUS_SUCCESS, handle_status;
    ULONG granted;

    __atomic_and_fetch(&ob_header(object)->Flags, (UCHAR)~OBP_FLAG_NEW, __ATOMIC_RELAXED);
    if (named)
        status = enter_name(ob, caller, &object, attributes, open_if);
    if (NT_SUCCESS(status) && handle) {
        handle_status =
            obp_granted_access(ob, caller, ob_object_type(ob, object), access, &granted);
        if (NT_SUCCESS(handle_status))
            handle_status = obp_create_handle(ob, caller, object,
                                              attributes ? attributes->flags : 0, granted, handle);
        if (!NT_SUCCESS(handle_status)) {
            ob_make_temporary_object(ob, object); /* an existing one with handles keeps its name */
            status = handle_status;
        }
    }
    if (!NT_SUCCESS(status))
        ob_dereference_object(ob, object);
    else if (found)
        *found = object;
    return status;
}

/* ---- full names ---- */

enum { MAX_DEPTH = 64 };

size_t ob_query_name(struct ob *ob, void *object, WCHAR *name, size_t capacity)
{
    const struct ob_type_ops *ops = ob_type_ops_of(ob, ob_object_type(ob, object));
    OBJECT_HEADER_NAME_INFO *part[MAX_DEPTH];
    size_t length = 0;
    int depth = 0;

    if (ops->query_name)
        return ops->query_name(ob, object, name, capacity);
    while (depth < MAX_DEPTH && object != ob->root) {
        OBJECT_HEADER_NAME_INFO *info = ob_name_info(ob, object);
        uint64_t directory = info ? __atomic_load_n(&info->Directory.va, __ATOMIC_ACQUIRE) : 0;

        if (!directory)
            break;
        part[depth++] = info;
        object = kspace_host(obp_ks(ob), directory);
    }
    if (depth == 0 && object == ob->root) {
        if (capacity >= sizeof(WCHAR))
            name[0] = '\\';
        return sizeof(WCHAR);
    }
    while (depth-- > 0) {
        const WCHAR *text = k2h(obp_ks(ob), part[depth]->Name.Buffer);
        size_t chars = part[depth]->Name.Length / sizeof(WCHAR);

        for (size_t i = 0; i <= chars; i++, length += sizeof(WCHAR)) {
            if (length + sizeof(WCHAR) <= capacity)
                name[length / sizeof(WCHAR)] = i == 0 ? '\\' : text[i - 1];
        }
    }
    return length;
}

/* ---- directories and links ---- */

NTSTATUS ob_create_directory_object(struct ob *ob, const struct ob_caller *caller, ULONG access,
                                    const struct ob_attributes *attributes, uint64_t *handle)
{
    void *object;
    NTSTATUS status = ob_create_object(ob, attributes, ob->directory_type, 0, &object);

    if (!NT_SUCCESS(status))
        return status;
    return ob_insert_object(ob, caller, object, attributes, access, handle, NULL);
}

/* A link object, not yet named. */
static NTSTATUS make_link(struct ob *ob, const struct ob_attributes *attributes,
                          const WCHAR *target, USHORT target_length, void **object)
{
    OBJECT_SYMBOLIC_LINK *link;
    NTSTATUS status = ob_create_object(ob, attributes, ob->link_type, 0, object);
    WCHAR *text;

    if (!NT_SUCCESS(status))
        return status;
    link = *object;
    text = ex_allocate_pool(ob->mm, PagedPool, target_length + sizeof(WCHAR), mm_tag("Symt"));
    if (!text) {
        ob_dereference_object(ob, *object);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(text, target, target_length);
    text[target_length / sizeof(WCHAR)] = 0;
    link->LinkTarget.Buffer.va = h2k(obp_ks(ob), text);
    link->LinkTarget.Length = target_length;
    link->LinkTarget.MaximumLength = target_length + sizeof(WCHAR);
    link->CreationTime.QuadPart = ke_query_system_time(ob->ke);
    return STATUS_SUCCESS;
}

NTSTATUS ob_create_symbolic_link_object(struct ob *ob, const struct ob_caller *caller, ULONG access,
                                        const struct ob_attributes *attributes, const WCHAR *target,
                                        USHORT target_length, uint64_t *handle)
{
    void *object;
    NTSTATUS status;

    if (target_length == 0 || target_length % sizeof(WCHAR) ||
        target_length > UINT16_MAX - sizeof(WCHAR))
        return STATUS_INVALID_PARAMETER;
    status = make_link(ob, attributes, target, target_length, &object);
    if (!NT_SUCCESS(status))
        return status;
    return ob_insert_object(ob, caller, object, attributes, access, handle, NULL);
}

enum { MAX_BOOT_PATH = 128 };

/* Attributes of a permanent object at an ASCII path, in `text`. */
static struct ob_attributes boot_name(const char *path, WCHAR text[MAX_BOOT_PATH])
{
    size_t length = strlen(path);

    ASSERT(length < MAX_BOOT_PATH);
    for (size_t i = 0; i < length; i++)
        text[i] = (WCHAR)(unsigned char)path[i];
    return (struct ob_attributes){.name = text,
                                  .name_length = (USHORT)(length * sizeof(WCHAR)),
                                  .flags = OBJ_PERMANENT | OBJ_CASE_INSENSITIVE};
}

/* Enter a permanent object: its directory entry keeps it. */
static NTSTATUS insert_permanent(struct ob *ob, void *object,
                                 const struct ob_attributes *attributes)
{
    NTSTATUS status = ob_insert_object(ob, &kernel, object, attributes, 0, NULL, NULL);

    if (NT_SUCCESS(status))
        ob_dereference_object(ob, object);
    return status;
}

NTSTATUS ob_create_directory(struct ob *ob, const char *path)
{
    WCHAR text[MAX_BOOT_PATH];
    struct ob_attributes attributes = boot_name(path, text);
    void *object;
    NTSTATUS status = ob_create_object(ob, &attributes, ob->directory_type, 0, &object);

    return NT_SUCCESS(status) ? insert_permanent(ob, object, &attributes) : status;
}

NTSTATUS ob_create_symbolic_link(struct ob *ob, const char *path, const char *target)
{
    WCHAR text[MAX_BOOT_PATH], target_text[MAX_BOOT_PATH];
    struct ob_attributes attributes = boot_name(path, text), to = boot_name(target, target_text);
    void *object;
    NTSTATUS status = make_link(ob, &attributes, to.name, to.name_length, &object);

    return NT_SUCCESS(status) ? insert_permanent(ob, object, &attributes) : status;
}

/* ---- birth and death ---- */

static NTSTATUS create_root(struct ob *ob)
{
    struct ob_attributes unnamed = {.flags = OBJ_PERMANENT};
    void *object;
    NTSTATUS status = ob_create_object(ob, &unnamed, ob->directory_type, 0, &object);

    if (!NT_SUCCESS(status))
        return status;
    ob->root = object;
    ob->ke->nt.ObpRootDirectoryObject->va = h2k(obp_ks(ob), object);
    return STATUS_SUCCESS;
}

/* Objects of programs are named in the BaseNamedObjects of their session, in which Local, Global
 * and Session\N lead to its own, session 0's and any session's.
 * Source: "Kernel Object Namespaces", documentation; Windows Internals 6, part 1, ch. 3 "Session
 * Namespace". */
static NTSTATUS create_namespace(struct ob *ob)
{
    static const char *const directories[] = {
        "\\BaseNamedObjects",
        "\\Device",
        "\\GLOBAL\?\?",
        "\\KernelObjects",
        "\\Sessions",
        "\\KnownDlls",
        "\\RPC Control",
        "\\Windows",
        "\\Driver",
        "\\FileSystem",
        "\\Callback",
        "\\Security",
        "\\NLS",
        "\\Sessions\\0",
        "\\Sessions\\1",
        "\\Sessions\\1\\BaseNamedObjects",
        "\\Sessions\\BNOLINKS",
    };
    static const char *const links[][2] = {
        {"\\\?\?", "\\GLOBAL\?\?"},
        {"\\DosDevices", "\\\?\?"},
        {"\\BaseNamedObjects\\Global", "\\BaseNamedObjects"},
        {"\\BaseNamedObjects\\Local", "\\BaseNamedObjects"},
        {"\\BaseNamedObjects\\Session", "\\Sessions\\BNOLINKS"},
        {"\\Sessions\\1\\BaseNamedObjects\\Global", "\\BaseNamedObjects"},
        {"\\Sessions\\1\\BaseNamedObjects\\Local", "\\Sessions\\1\\BaseNamedObjects"},
        {"\\Sessions\\1\\BaseNamedObjects\\Session", "\\Sessions\\BNOLINKS"},
        {"\\Sessions\\BNOLINKS\\0", "\\BaseNamedObjects"},
        {"\\Sessions\\BNOLINKS\\1", "\\Sessions\\1\\BaseNamedObjects"},
        {"\\GLOBAL\?\?\\GLOBALROOT", ""},
        {"\\GLOBAL\?\?\\Global", "\\GLOBAL\?\?"},
    };
    NTSTATUS status = STATUS_SUCCESS;

    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]) && NT_SUCCESS(status); i++)
        status = ob_create_directory(ob, directories[i]);
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && NT_SUCCESS(status); i++)
        status = ob_create_symbolic_link(ob, links[i][0], links[i][1]);
    return status;
}

static NTSTATUS boot(struct ob *ob)
{
    NTSTATUS status = obp_create_first_types(ob);

    if (NT_SUCCESS(status))
        status = create_root(ob);
    if (NT_SUCCESS(status))
        status = ob_create_directory(ob, "\\ObjectTypes");
    if (NT_SUCCESS(status))
        status = obp_publish_first_types(ob);
    if (NT_SUCCESS(status))
        status = obp_create_dispatcher_types(ob);
    if (NT_SUCCESS(status))
        status = create_namespace(ob);
    if (NT_SUCCESS(status) && !(ob->kernel_table = ex_create_handle_table(ob, NULL)))
        status = STATUS_INSUFFICIENT_RESOURCES;
    return status;
}

NTSTATUS ob_create(struct mm *mm, struct ke *ke, struct ob **out)
{
    struct ob *ob = calloc(1, sizeof(*ob));
    NTSTATUS status;

    if (!ob)
        return STATUS_INSUFFICIENT_RESOURCES;
    ob->mm = mm;
    ob->ke = ke;
    ke_list_init(&ke->ks, ke->nt.HandleTableListHead);
    obp_fill_offset_table(ob);
    status = boot(ob);
    if (!NT_SUCCESS(status)) {
        free(ob);
        return status;
    }
    *out = ob;
    return STATUS_SUCCESS;
}

void ob_destroy(struct ob *ob)
{
    free(ob);
}
