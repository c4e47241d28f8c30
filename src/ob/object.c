/* src/ob/object.c: objects: made, counted, deleted.
 *
 * PointerCount is the one truth about life: it starts at 1, every handle, directory entry and user
 * adds one, and who brings it to 0 deletes the object there and then. An object in the namespace
 * has a count from its directory entry, so it cannot get there before its name is gone. */
#include <string.h>

#include "ob/obi.h"

static const size_t info_sizes[] = {
    sizeof(OBJECT_HEADER_CREATOR_INFO), sizeof(OBJECT_HEADER_NAME_INFO),
    sizeof(OBJECT_HEADER_HANDLE_INFO),  sizeof(OBJECT_HEADER_QUOTA_INFO),
    sizeof(OBJECT_HEADER_PROCESS_INFO),
};

/* Bytes of all optional headers in `mask`. */
static size_t info_size(unsigned mask)
{
    size_t size = 0;

    for (size_t i = 0; i < sizeof(info_sizes) / sizeof(info_sizes[0]); i++)
        size += mask >> i & 1 ? info_sizes[i] : 0;
    return size;
}

void obp_fill_offset_table(struct ob *ob)
{
    for (unsigned mask = 0; mask < OBP_INFO_COMBINATIONS; mask++)
        ob->ke->nt.ObpInfoMaskToOffset[mask] = (UCHAR)info_size(mask);
}

void *obp_info(struct ob *ob, OBJECT_HEADER *header, unsigned bit)
{
    if (!(header->InfoMask & bit))
        return NULL;
    return (char *)header - ob->ke->nt.ObpInfoMaskToOffset[header->InfoMask & (bit | (bit - 1))];
}

OBJECT_HEADER_NAME_INFO *ob_name_info(struct ob *ob, const void *object)
{
    return obp_info(ob, ob_header(object), OBP_INFO_NAME);
}

OBJECT_HEADER_CREATOR_INFO *ob_creator_info(struct ob *ob, const void *object)
{
    return obp_info(ob, ob_header(object), OBP_INFO_CREATOR);
}

/* ---- objects ---- */

NTSTATUS obp_capture_name(struct ob *ob, OBJECT_HEADER_NAME_INFO *info,
                          const struct ob_attributes *attributes)
{
    unsigned chars = attributes->name_length / sizeof(WCHAR), begin = chars;
    size_t size;
    WCHAR *buffer;

    while (begin > 0 && attributes->name[begin - 1] != '\\')
        begin--;
    size = (chars - begin) * sizeof(WCHAR);
    if (size == 0)
        return STATUS_OBJECT_NAME_INVALID;
    buffer = ex_allocate_pool(ob->mm, PagedPool, size + sizeof(WCHAR), mm_tag("ObNm"));
    if (!buffer)
        return STATUS_INSUFFICIENT_RESOURCES;
    memcpy(buffer, attributes->name + begin, size);
    buffer[chars - begin] = 0;
    info->Name.Length = (USHORT)size;
    info->Name.MaximumLength = (USHORT)(size + sizeof(WCHAR));
    info->Name.Buffer.va = h2k(obp_ks(ob), buffer);
    info->ReferenceCount = 1;
    return STATUS_SUCCESS;
}

void obp_count_object(struct ob *ob, OBJECT_TYPE *type, OBJECT_HEADER *header)
{
    OBJECT_HEADER_CREATOR_INFO *creator = obp_info(ob, header, OBP_INFO_CREATOR);

    ex_acquire_push_lock_exclusive(&type->TypeLock, KE_RANK_OBJECT_TYPE);
    if (++type->TotalNumberOfObjects > type->HighWaterNumberOfObjects)
        type->HighWaterNumberOfObjects = type->TotalNumberOfObjects;
    if (creator)
        ke_list_insert_tail(obp_ks(ob), &type->TypeList, &creator->TypeList);
    ex_release_push_lock_exclusive(&type->TypeLock, KE_RANK_OBJECT_TYPE);
}

static void uncount_object(struct ob *ob, OBJECT_TYPE *type, OBJECT_HEADER *header)
{
    OBJECT_HEADER_CREATOR_INFO *creator = obp_info(ob, header, OBP_INFO_CREATOR);

    ex_acquire_push_lock_exclusive(&type->TypeLock, KE_RANK_OBJECT_TYPE);
    type->TotalNumberOfObjects--;
    if (creator)
        ke_list_remove(obp_ks(ob), &creator->TypeList);
    ex_release_push_lock_exclusive(&type->TypeLock, KE_RANK_OBJECT_TYPE);
}

OBJECT_HEADER *obp_allocate_object(struct ob *ob, unsigned mask, size_t body_size, uint32_t key)
{
    size_t front = info_size(mask), size;
    char *block;

    body_size = (body_size + 15) & ~(size_t)15; /* the object ends where its block ends */
    size = front + offsetof(OBJECT_HEADER, Body) + body_size;
    block = ex_allocate_pool(ob->mm, NonPagedPool, size, key | (uint32_t)OBP_PROTECTED_TAG);
    if (!block)
        return NULL;
    memset(block, 0, size);
    return (OBJECT_HEADER *)(void *)(block + front);
}

static void free_object(struct ob *ob, OBJECT_HEADER *header)
{
    ex_free_pool(ob->mm, (char *)header - info_size(header->InfoMask));
}

NTSTATUS ob_create_object(struct ob *ob, const struct ob_attributes *attributes, OBJECT_TYPE *type,
                          size_t body_size, void **object)
{
    const struct ob_type_ops *ops = ob_type_ops_of(ob, type);
    bool named = attributes && attributes->name && attributes->name_length > 0;
    unsigned mask =
        (ops->maintain_type_list ? OBP_INFO_CREATOR : 0u) | (named ? OBP_INFO_NAME : 0u);
    OBJECT_HEADER *header;

    if (attributes && (attributes->flags & ops->invalid_attributes))
        return STATUS_INVALID_PARAMETER;
    header = obp_allocate_object(ob, mask, body_size ? body_size : ops->body_size, type->Key);
    if (!header)
        return STATUS_INSUFFICIENT_RESOURCES;
    header->PointerCount = 1;
    header->TypeIndex = type->Index;
    header->InfoMask = (UCHAR)mask;
    header->Flags = OBP_FLAG_NEW;
    if (attributes && (attributes->flags & OBJ_PERMANENT))
        header->Flags |= OBP_FLAG_PERMANENT;
    if (named) {
        NTSTATUS status = obp_capture_name(ob, obp_info(ob, header, OBP_INFO_NAME), attributes);

        if (!NT_SUCCESS(status)) {
            free_object(ob, header);
            return status;
        }
    }
    obp_count_object(ob, type, header);
    *object = &header->Body;
    return STATUS_SUCCESS;
}

void ob_reference_object(struct ob *ob, void *object)
{
    LONG64 count = __atomic_add_fetch(&ob_header(object)->PointerCount, 1, __ATOMIC_RELAXED);

    (void)ob;
    ASSERT(count > 1);
}

bool ob_reference_object_safe(struct ob *ob, void *object)
{
    OBJECT_HEADER *header = ob_header(object);
    LONG64 count = __atomic_load_n(&header->PointerCount, __ATOMIC_RELAXED);

    (void)ob;
    do {
        if (count == 0)
            return false;
    } while (!__atomic_compare_exchange_n(&header->PointerCount, &count, count + 1, true,
                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return true;
}

static void delete_object(struct ob *ob, void *object)
{
    OBJECT_HEADER *header = ob_header(object);
    OBJECT_TYPE *type = ob_object_type(ob, object);
    const struct ob_type_ops *ops = ob_type_ops_of(ob, type);
    OBJECT_HEADER_NAME_INFO *name = obp_info(ob, header, OBP_INFO_NAME);

    ASSERT(header->HandleCount == 0 && !(name && name->Directory.va));
    if (ops->delete)
        ops->delete (ob, object);
    uncount_object(ob, type, header);
    if (name)
        ex_free_pool(ob->mm, k2h(obp_ks(ob), name->Name.Buffer));
    free_object(ob, header);
}

void ob_dereference_object(struct ob *ob, void *object)
{
    LONG64 count = __atomic_sub_fetch(&ob_header(object)->PointerCount, 1, __ATOMIC_ACQ_REL);

    ke_lock_order_none_held();
    if (count < 0)
        ke_bug_check(ob->ke, 0x18 /* REFERENCE_BY_POINTER */, 0, h2k(obp_ks(ob), object), 1,
                     (uint64_t)count);
    if (count == 0)
        delete_object(ob, object);
}

void ob_make_permanent_object(void *object)
{
    __atomic_or_fetch(&ob_header(object)->Flags, OBP_FLAG_PERMANENT, __ATOMIC_ACQ_REL);
}

void ob_make_temporary_object(struct ob *ob, void *object)
{
    OBJECT_HEADER *header = ob_header(object);

    __atomic_and_fetch(&header->Flags, (UCHAR)~OBP_FLAG_PERMANENT, __ATOMIC_ACQ_REL);
    if (__atomic_load_n(&header->HandleCount, __ATOMIC_ACQUIRE) == 0)
        obp_delete_name(ob, object);
}
