/* src/ob/handle.c: handles to objects, on top of handle tables.
 *
 * An entry points to the OBJECT_HEADER and owns one PointerCount and one HandleCount. A process's
 * handles are in EPROCESS.ObjectTable; kernel handles (upper half of the value set) in System's
 * table, and only kernel callers may name them. */
#include "ob/obi.h"

static void *entry_object(struct ob *ob, const HANDLE_TABLE_ENTRY *entry)
{
    OBJECT_HEADER *header = kspace_host(obp_ks(ob), ex_handle_entry_pointer(entry));

    return &header->Body;
}

static bool is_kernel_handle(const struct ob_caller *caller, uint64_t handle)
{
    return caller->mode == KernelMode && (handle & KERNEL_HANDLE_FLAG) == KERNEL_HANDLE_FLAG;
}

/* The table that `*handle` counts in, and the value without the kernel flag; NULL: none. */
static HANDLE_TABLE *table_of(struct ob *ob, const struct ob_caller *caller, uint64_t *handle)
{
    if (is_kernel_handle(caller, *handle)) {
        *handle &= ~KERNEL_HANDLE_FLAG;
        return ob->kernel_table;
    }
    if (!caller->process)
        return ob->kernel_table;
    return k2h(obp_ks(ob), caller->process->ObjectTable);
}

static HANDLE_TABLE_ENTRY *lock_entry(struct ob *ob, const struct ob_caller *caller,
                                      uint64_t handle, HANDLE_TABLE **table, uint64_t *value)
{
    *value = handle;
    *table = table_of(ob, caller, value);
    return *table ? ex_lock_handle(ob, *table, *value) : NULL;
}

/* ---- counting ---- */

static void count_handle(struct ob *ob, void *object)
{
    OBJECT_TYPE *type = ob_object_type(ob, object);

    __atomic_add_fetch(&ob_header(object)->HandleCount, 1, __ATOMIC_ACQ_REL);
    ex_acquire_push_lock_exclusive(&type->TypeLock, KE_RANK_OBJECT_TYPE);
    if (++type->TotalNumberOfHandles > type->HighWaterNumberOfHandles)
        type->HighWaterNumberOfHandles = type->TotalNumberOfHandles;
    ex_release_push_lock_exclusive(&type->TypeLock, KE_RANK_OBJECT_TYPE);
}

/* A handle is gone: tell the type, let the name go with the last one, give the reference back. */
static void uncount_handle(struct ob *ob, const struct ob_caller *caller, void *object)
{
    OBJECT_TYPE *type = ob_object_type(ob, object);
    const struct ob_type_ops *ops = ob_type_ops_of(ob, type);
    LONG64 left = __atomic_sub_fetch(&ob_header(object)->HandleCount, 1, __ATOMIC_ACQ_REL);

    ex_acquire_push_lock_exclusive(&type->TypeLock, KE_RANK_OBJECT_TYPE);
    type->TotalNumberOfHandles--;
    ex_release_push_lock_exclusive(&type->TypeLock, KE_RANK_OBJECT_TYPE);
    if (ops->close)
        ops->close(ob, caller, object, left);
    if (left == 0)
        obp_delete_name(ob, object);
    ob_dereference_object(ob, object);
}

/* ---- making ---- */

NTSTATUS obp_granted_access(struct ob *ob, const struct ob_caller *caller, OBJECT_TYPE *type,
                            ULONG access, ULONG *granted)
{
    const struct ob_type_ops *ops = ob_type_ops_of(ob, type);
    ULONG valid = type->TypeInfo.ValidAccessMask;

    access = ob_map_generic(&type->TypeInfo.GenericMapping, access);
    if (access & MAXIMUM_ALLOWED)
        access = (access & ~MAXIMUM_ALLOWED) | valid;
    if (caller->mode == UserMode && (access & ~(valid | SYNCHRONIZE)))
        return STATUS_ACCESS_DENIED;
    if (access & ops->wide_right)
        access |= ops->implied_right;
    *granted = access & HANDLE_ENTRY_ACCESS;
    return STATUS_SUCCESS;
}

NTSTATUS obp_create_handle(struct ob *ob, const struct ob_caller *caller, void *object,
                           ULONG attributes, ULONG access, uint64_t *handle)
{
    bool kernel = (attributes & OBJ_KERNEL_HANDLE) && caller->mode == KernelMode;
    HANDLE_TABLE *table = ob->kernel_table;
    uint64_t pointer = h2k(obp_ks(ob), ob_header(object));
    NTSTATUS status;

    if (!kernel && caller->process)
        table = k2h(obp_ks(ob), caller->process->ObjectTable);
    if (!table)
        return STATUS_PROCESS_IS_TERMINATING;
    if (attributes & OBJ_INHERIT)
        pointer |= HANDLE_ENTRY_INHERIT;
    if (attributes & OBJ_AUDIT_OBJECT_CLOSE)
        pointer |= HANDLE_ENTRY_AUDIT;
    if (attributes & OBJ_PROTECT_CLOSE)
        access |= HANDLE_ENTRY_PROTECT;
    count_handle(ob, object); /* before anybody can close it */
    ob_reference_object(ob, object);
    status = ex_create_handle(ob, table, pointer, access, handle);
    if (!NT_SUCCESS(status)) {
        uncount_handle(ob, caller, object);
        return status;
    }
    ob_dereference_object(ob, object);
    if (table == ob->kernel_table)
        *handle |= KERNEL_HANDLE_FLAG;
    return STATUS_SUCCESS;
}

NTSTATUS ob_open_object_by_pointer(struct ob *ob, const struct ob_caller *caller, void *object,
                                   ULONG attributes, ULONG access, OBJECT_TYPE *type,
                                   uint64_t *handle)
{
    OBJECT_TYPE *actual = ob_object_type(ob, object);
    ULONG granted;
    NTSTATUS status;

    if (type && type != actual)
        return STATUS_OBJECT_TYPE_MISMATCH;
    status = obp_granted_access(ob, caller, actual, access, &granted);
    if (!NT_SUCCESS(status))
        return status;
    ob_reference_object(ob, object);
    status = obp_create_handle(ob, caller, object, attributes, granted, handle);
    if (!NT_SUCCESS(status))
        ob_dereference_object(ob, object);
    return status;
}

/* ---- using ---- */

static NTSTATUS check_reference(struct ob *ob, const struct ob_caller *caller, void *object,
                                OBJECT_TYPE *type, ULONG access, ULONG granted)
{
    if (type && ob_object_type(ob, object) != type)
        return STATUS_OBJECT_TYPE_MISMATCH;
    if (caller->mode == UserMode && (access & ~granted))
        return STATUS_ACCESS_DENIED;
    return STATUS_SUCCESS;
}

/* -1 and -2: every right. => false: it is none of them */
static bool reference_pseudo(struct ob *ob, const struct ob_caller *caller, uint64_t handle,
                             OBJECT_TYPE *type, void **object,
                             struct ob_handle_information *information, NTSTATUS *status)
{
    if ((int64_t)handle >= 0 || !ob->resolve_pseudo ||
        !(*object = ob->resolve_pseudo(ob->pseudo_owner, caller, handle)))
        return false;
    *status = STATUS_SUCCESS;
    if (type && ob_object_type(ob, *object) != type) {
        *status = STATUS_OBJECT_TYPE_MISMATCH;
        ob_dereference_object(ob, *object);
        *object = NULL;
    } else if (information) {
        *information = (struct ob_handle_information){
            .access = ob_object_type(ob, *object)->TypeInfo.ValidAccessMask};
    }
    return true;
}

NTSTATUS ob_reference_object_by_handle(struct ob *ob, const struct ob_caller *caller,
                                       uint64_t handle, ULONG access, OBJECT_TYPE *type,
                                       void **object, struct ob_handle_information *information)
{
    HANDLE_TABLE_ENTRY *entry;
    HANDLE_TABLE *table;
    uint64_t value;
    NTSTATUS status;
    void *found;

    *object = NULL;
    if (reference_pseudo(ob, caller, handle, type, object, information, &status))
        return status;
    if (!(entry = lock_entry(ob, caller, handle, &table, &value)))
        return STATUS_INVALID_HANDLE;
    found = entry_object(ob, entry);
    status = check_reference(ob, caller, found, type, access,
                             entry->GrantedAccess & HANDLE_ENTRY_ACCESS);
    if (NT_SUCCESS(status)) {
        ob_reference_object(ob, found);
        *object = found;
    }
    if (NT_SUCCESS(status) && information) {
        information->access = entry->GrantedAccess & HANDLE_ENTRY_ACCESS;
        information->attributes =
            (ex_handle_entry_is_inherited(entry) ? OBJ_INHERIT : 0) |
            (entry->GrantedAccess & HANDLE_ENTRY_PROTECT ? OBJ_PROTECT_CLOSE : 0);
    }
    ex_unlock_handle(entry);
    return status;
}

NTSTATUS ob_close_handle(struct ob *ob, const struct ob_caller *caller, uint64_t handle)
{
    HANDLE_TABLE_ENTRY *entry;
    HANDLE_TABLE *table;
    uint64_t value;
    void *object;

    if (!(entry = lock_entry(ob, caller, handle, &table, &value)))
        return STATUS_INVALID_HANDLE;
    if (entry->GrantedAccess & HANDLE_ENTRY_PROTECT) {
        ex_unlock_handle(entry);
        return STATUS_HANDLE_NOT_CLOSABLE;
    }
    object = entry_object(ob, entry);
    ex_destroy_handle(ob, table, value, entry);
    uncount_handle(ob, caller, object);
    return STATUS_SUCCESS;
}

NTSTATUS ob_set_handle_attributes(struct ob *ob, const struct ob_caller *caller, uint64_t handle,
                                  bool inherit, bool protect)
{
    HANDLE_TABLE_ENTRY *entry;
    HANDLE_TABLE *table;
    uint64_t value;

    if (!(entry = lock_entry(ob, caller, handle, &table, &value)))
        return STATUS_INVALID_HANDLE;
    if (inherit)
        __atomic_or_fetch(&entry->Value, HANDLE_ENTRY_INHERIT, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(&entry->Value, ~HANDLE_ENTRY_INHERIT, __ATOMIC_RELAXED);
    if (protect)
        entry->GrantedAccess |= HANDLE_ENTRY_PROTECT;
    else
        entry->GrantedAccess &= ~HANDLE_ENTRY_PROTECT;
    ex_unlock_handle(entry);
    return STATUS_SUCCESS;
}

/* ---- copying ---- */

/* The copy's handle in the target. => the reference of the caller stays */
static NTSTATUS duplicate_into(struct ob *ob, const struct ob_caller *target, void *object,
                               const struct ob_handle_information *from, ULONG access,
                               ULONG attributes, ULONG options, uint64_t *handle)
{
    ULONG granted = from->access;
    NTSTATUS status = STATUS_SUCCESS;

    if (options & DUPLICATE_SAME_ATTRIBUTES)
        attributes = from->attributes;
    if (!(options & DUPLICATE_SAME_ACCESS))
        status = obp_granted_access(ob, target, ob_object_type(ob, object), access, &granted);
    if (!NT_SUCCESS(status))
        return status;
    ob_reference_object(ob, object);
    status = obp_create_handle(ob, target, object, attributes, granted, handle);
    if (!NT_SUCCESS(status))
        ob_dereference_object(ob, object);
    return status;
}

NTSTATUS ob_duplicate_object(struct ob *ob, const struct ob_caller *source, uint64_t source_handle,
                             const struct ob_caller *target, uint64_t *handle, ULONG access,
                             ULONG attributes, ULONG options)
{
    struct ob_handle_information from = {0};
    void *object;
    NTSTATUS status =
        ob_reference_object_by_handle(ob, source, source_handle, 0, NULL, &object, &from);

    if (!NT_SUCCESS(status))
        return status;
    if (handle)
        status = duplicate_into(ob, target, object, &from, access, attributes, options, handle);
    if (options & DUPLICATE_CLOSE_SOURCE)
        (void)ob_close_handle(ob, source, source_handle);
    ob_dereference_object(ob, object);
    return status;
}

struct inheriting {
    struct ob *ob;
    const struct ob_inheritance *from;
};

static bool is_listed(const struct ob_inheritance *from, uint64_t handle)
{
    for (size_t i = 0; i < from->count; i++) {
        if ((from->only[i] & ~3ull) == handle)
            return true;
    }
    return !from->only;
}

/* Does a new process get this entry? Then count it already. */
static bool inherit_entry(void *context, uint64_t handle, HANDLE_TABLE_ENTRY *entry)
{
    struct inheriting *i = context;
    void *object = entry_object(i->ob, entry);

    if (!ex_handle_entry_is_inherited(entry) || !is_listed(i->from, handle))
        return false;
    ob_reference_object(i->ob, object);
    count_handle(i->ob, object);
    return true;
}

NTSTATUS ob_init_process(struct ob *ob, const struct ob_inheritance *from, EPROCESS *process)
{
    struct inheriting i = {ob, from};
    HANDLE_TABLE *parent = from && from->parent ? k2h(obp_ks(ob), from->parent->ObjectTable) : NULL;
    HANDLE_TABLE *table = parent ? ex_duplicate_handle_table(ob, process, parent, inherit_entry, &i)
                                 : ex_create_handle_table(ob, process);

    if (!table)
        return STATUS_INSUFFICIENT_RESOURCES;
    process->ObjectTable.va = h2k(obp_ks(ob), table);
    return STATUS_SUCCESS;
}

struct closing {
    struct ob *ob;
    HANDLE_TABLE *table;
    struct ob_caller caller;
};

static bool close_entry(void *context, uint64_t handle, HANDLE_TABLE_ENTRY *entry)
{
    struct closing *c = context;
    void *object = entry_object(c->ob, entry);

    ex_destroy_handle(c->ob, c->table, handle, entry);
    uncount_handle(c->ob, &c->caller, object);
    return true;
}

void ob_kill_process(struct ob *ob, EPROCESS *process)
{
    struct closing c = {.ob = ob,
                        .table = k2h(obp_ks(ob), process->ObjectTable),
                        .caller = {.process = process, .mode = KernelMode}};

    if (!c.table)
        return;
    ex_enumerate_handles(ob, c.table, close_entry, &c);
    process->ObjectTable.va = 0;
    if (c.table != ob->kernel_table)
        ex_destroy_handle_table(ob, c.table);
}
