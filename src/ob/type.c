/* src/ob/type.c: object types, which are objects of the type Type.
 *
 * A type is an OBJECT_TYPE in guest memory, found by the TypeIndex of every object through
 * ObTypeIndexTable, and a table of host procedures (struct ob_type_ops) at the same index. */
#include <string.h>

#include "ob/obi.h"

OBJECT_TYPE *ob_type_at(struct ob *ob, unsigned index)
{
    return index < OBP_TYPES ? k2h(obp_ks(ob), ob->ke->nt.ObTypeIndexTable[index]) : NULL;
}

OBJECT_TYPE *ob_object_type(struct ob *ob, const void *object)
{
    return ob_type_at(ob, ob_header(object)->TypeIndex);
}

const struct ob_type_ops *ob_type_ops_of(struct ob *ob, const OBJECT_TYPE *type)
{
    return ob->types[type->Index];
}

void *ob_wait_object(struct ob *ob, void *object)
{
    int offset = ob_type_ops_of(ob, ob_object_type(ob, object))->wait_offset;

    return offset < 0 ? NULL : (char *)object + offset;
}

ULONG ob_map_generic(const GENERIC_MAPPING *mapping, ULONG access)
{
    if (access & GENERIC_READ)
        access |= mapping->GenericRead;
    if (access & GENERIC_WRITE)
        access |= mapping->GenericWrite;
    if (access & GENERIC_EXECUTE)
        access |= mapping->GenericExecute;
    if (access & GENERIC_ALL)
        access |= mapping->GenericAll;
    return access & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
}

/* The first four letters of a type's name, padded with blanks. */
static uint32_t type_key(const char *name)
{
    char tag[5] = "    ";

    for (int i = 0; i < 4 && name[i]; i++)
        tag[i] = name[i];
    return mm_tag(tag);
}

static void fill_type(struct ob *ob, OBJECT_TYPE *type, const struct ob_type_ops *ops)
{
    OBJECT_TYPE_INITIALIZER *info = &type->TypeInfo;

    ke_list_init(obp_ks(ob), &type->TypeList);
    ke_list_init(obp_ks(ob), &type->CallbackList);
    type->Key = type_key(ops->name);
    info->Length = sizeof(*info);
    info->CaseInsensitive = ops->case_insensitive;
    info->MaintainTypeList = ops->maintain_type_list;
    info->InvalidAttributes = ops->invalid_attributes;
    info->GenericMapping = ops->mapping;
    info->ValidAccessMask = ops->valid_access;
    info->PoolType = NonPagedPool;
    info->DefaultNonPagedPoolCharge = (ULONG)ops->body_size;
}

/* The type's name is the object's: \ObjectTypes\Name. */
static void name_type(struct ob *ob, OBJECT_TYPE *type)
{
    type->Name = ob_name_info(ob, type)->Name;
}

/* A type object, in the table but not yet in the namespace. */
static NTSTATUS make_type(struct ob *ob, const struct ob_type_ops *ops, OBJECT_TYPE **out)
{
    WCHAR name[64];
    struct ob_attributes attributes = {.name = name, .flags = OBJ_PERMANENT};
    unsigned index = ob->type_count, length = (unsigned)strlen(ops->name);
    OBJECT_TYPE *type;
    void *object;
    NTSTATUS status;

    ASSERT(length < sizeof(name) / sizeof(name[0]));
    if (index == OBP_TYPES)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (unsigned i = 0; i < length; i++)
        name[i] = (WCHAR)ops->name[i];
    attributes.name_length = (USHORT)(length * sizeof(WCHAR));
    status = ob_create_object(ob, &attributes, ob->type_type, sizeof(*type), &object);
    if (!NT_SUCCESS(status))
        return status;
    type = object;
    fill_type(ob, type, ops);
    type->Index = (UCHAR)index;
    name_type(ob, type);
    ob->types[index] = ops;
    ob->ke->nt.ObTypeIndexTable[index].va = h2k(obp_ks(ob), type);
    ob->type_count = index + 1;
    *out = type;
    return STATUS_SUCCESS;
}

/* Enter a type under \ObjectTypes. */
static NTSTATUS publish_type(struct ob *ob, OBJECT_TYPE *type)
{
    WCHAR path[80] = u"\\ObjectTypes\\";
    const unsigned prefix = 13;
    struct ob_attributes attributes = {.name = path, .flags = OBJ_PERMANENT};
    struct ob_caller kernel = {.mode = KernelMode};

    memcpy(path + prefix, kspace_host(obp_ks(ob), type->Name.Buffer.va), type->Name.Length);
    attributes.name_length = (USHORT)(prefix * sizeof(WCHAR) + type->Name.Length);
    return ob_insert_object(ob, &kernel, type, &attributes, 0, NULL, NULL);
}

NTSTATUS ob_create_type(struct ob *ob, const struct ob_type_ops *ops, OBJECT_TYPE **type)
{
    NTSTATUS status;

    ex_acquire_push_lock_exclusive(&ob->type_creation, KE_RANK_UNCHECKED);
    status = make_type(ob, ops, type);
    if (NT_SUCCESS(status))
        status = publish_type(ob, *type);
    ex_release_push_lock_exclusive(&ob->type_creation, KE_RANK_UNCHECKED);
    return status;
}

/* ---- birth ---- */

/* The type of types describes itself: made by hand, then filled in as any other. */
static NTSTATUS make_type_of_types(struct ob *ob, const struct ob_type_ops *ops)
{
    static const char name[] = "Type";
    WCHAR wide[] = u"Type";
    struct ob_attributes attributes = {.name = wide, .name_length = sizeof(wide) - sizeof(WCHAR)};
    const unsigned mask = OBP_INFO_CREATOR | OBP_INFO_NAME;
    OBJECT_HEADER *header = obp_allocate_object(ob, mask, sizeof(OBJECT_TYPE), type_key(name));
    OBJECT_TYPE *type;

    if (!header)
        return STATUS_INSUFFICIENT_RESOURCES;
    type = (OBJECT_TYPE *)(void *)&header->Body;
    header->PointerCount = 1;
    header->TypeIndex = OBP_FIRST_TYPE;
    header->InfoMask = (UCHAR)mask;
    header->Flags = OBP_FLAG_NEW | OBP_FLAG_PERMANENT;
    fill_type(ob, type, ops);
    type->Index = OBP_FIRST_TYPE;
    ob->type_type = type;
    ob->types[OBP_FIRST_TYPE] = ops;
    ob->type_count = OBP_FIRST_TYPE + 1;
    ob->ke->nt.ObTypeIndexTable[OBP_FIRST_TYPE].va = h2k(obp_ks(ob), type);
    ob->ke->nt.ObpTypeObjectType->va = h2k(obp_ks(ob), type);
    obp_count_object(ob, type, header);
    if (obp_capture_name(ob, ob_name_info(ob, type), &attributes) != STATUS_SUCCESS)
        return STATUS_INSUFFICIENT_RESOURCES;
    name_type(ob, type);
    return STATUS_SUCCESS;
}

static void delete_mutant(struct ob *ob, void *object)
{
    ke_disown_mutant(ob->ke, object);
}

static void delete_timer(struct ob *ob, void *object)
{
    ke_cancel_timer(ob->ke, object);
}

#define READ_MAPPING(r, w, x, all)                                                                 \
    {                                                                                              \
        READ_CONTROL | (r), READ_CONTROL | (w), READ_CONTROL | (x), (all)                          \
    }

/* The types of ob itself and of the dispatcher objects. Index order is that of Windows. */
static const struct ob_type_ops standard_types[] = {
    {.name = "Type",
     .body_size = sizeof(OBJECT_TYPE),
     .mapping = READ_MAPPING(0, 0, 0, OBJECT_TYPE_ALL_ACCESS),
     .valid_access = OBJECT_TYPE_ALL_ACCESS,
     .invalid_attributes = OBJ_OPENLINK,
     .maintain_type_list = true,
     .wait_offset = -1},
    {.name = "Directory",
     .body_size = sizeof(OBJECT_DIRECTORY),
     .mapping = READ_MAPPING(DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
                             DIRECTORY_CREATE_OBJECT | DIRECTORY_CREATE_SUBDIRECTORY,
                             DIRECTORY_QUERY | DIRECTORY_TRAVERSE, DIRECTORY_ALL_ACCESS),
     .valid_access = DIRECTORY_ALL_ACCESS,
     .case_insensitive = true,
     .wait_offset = -1,
     .delete = obp_delete_directory},
    {.name = "SymbolicLink",
     .body_size = sizeof(OBJECT_SYMBOLIC_LINK),
     .mapping = READ_MAPPING(SYMBOLIC_LINK_QUERY, 0, SYMBOLIC_LINK_QUERY, SYMBOLIC_LINK_ALL_ACCESS),
     .valid_access = SYMBOLIC_LINK_ALL_ACCESS,
     .case_insensitive = true,
     .wait_offset = -1,
     .delete = obp_delete_link},
    {.name = "Event",
     .body_size = sizeof(KEVENT),
     .mapping = READ_MAPPING(EVENT_QUERY_STATE, EVENT_MODIFY_STATE, SYNCHRONIZE, EVENT_ALL_ACCESS),
     .valid_access = EVENT_ALL_ACCESS},
    {.name = "Mutant",
     .body_size = sizeof(KMUTANT),
     .mapping = READ_MAPPING(MUTANT_QUERY_STATE, 0, SYNCHRONIZE, MUTANT_ALL_ACCESS),
     .valid_access = MUTANT_ALL_ACCESS,
     .delete = delete_mutant},
    {.name = "Semaphore",
     .body_size = sizeof(KSEMAPHORE),
     .mapping = READ_MAPPING(SEMAPHORE_QUERY_STATE, SEMAPHORE_MODIFY_STATE, SYNCHRONIZE,
                             SEMAPHORE_ALL_ACCESS),
     .valid_access = SEMAPHORE_ALL_ACCESS},
    {.name = "Timer",
     .body_size = sizeof(KTIMER),
     .mapping = READ_MAPPING(TIMER_QUERY_STATE, TIMER_MODIFY_STATE, SYNCHRONIZE, TIMER_ALL_ACCESS),
     .valid_access = TIMER_ALL_ACCESS,
     .delete = delete_timer},
};
enum { STANDARD_TYPES = sizeof(standard_types) / sizeof(standard_types[0]) };

/* Types 2 to 4 come before there is a namespace; obp_publish_first_types enters them later. */
NTSTATUS obp_create_first_types(struct ob *ob)
{
    NTSTATUS status = make_type_of_types(ob, &standard_types[0]);

    if (NT_SUCCESS(status))
        status = make_type(ob, &standard_types[1], &ob->directory_type);
    if (NT_SUCCESS(status))
        status = make_type(ob, &standard_types[2], &ob->link_type);
    if (!NT_SUCCESS(status))
        return status;
    ob->ke->nt.ObpDirectoryObjectType->va = h2k(obp_ks(ob), ob->directory_type);
    ob->ke->nt.ObpSymbolicLinkObjectType->va = h2k(obp_ks(ob), ob->link_type);
    return STATUS_SUCCESS;
}

NTSTATUS obp_publish_first_types(struct ob *ob)
{
    OBJECT_TYPE *first[] = {ob->type_type, ob->directory_type, ob->link_type};
    NTSTATUS status = STATUS_SUCCESS;

    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]) && NT_SUCCESS(status); i++)
        status = publish_type(ob, first[i]);
    return status;
}

/* The dispatcher objects' types, and nt's pointers to them. */
NTSTATUS obp_create_dispatcher_types(struct ob *ob)
{
    struct nt_globals *nt = &ob->ke->nt;
    uint64_t *const globals[STANDARD_TYPES] = {
        [3] = &nt->ExEventObjectType->va,
        [4] = &nt->ExMutantObjectType->va,
        [5] = &nt->ExSemaphoreObjectType->va,
        [6] = &nt->ExTimerObjectType->va,
    };

    for (int i = 3; i < STANDARD_TYPES; i++) {
        OBJECT_TYPE *type;
        NTSTATUS status = ob_create_type(ob, &standard_types[i], &type);

        if (!NT_SUCCESS(status))
            return status;
        *globals[i] = h2k(obp_ks(ob), type);
    }
    return STATUS_SUCCESS;
}
