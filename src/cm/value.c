/* src/cm/value.c: the values of a key.
 *
 * A key's ValueList is a cell of cell indices, in the order in which values were made. Where the
 * data are depends on their size:
 *
 *      up to 4 bytes       in the value itself, DataLength has its top bit set
 *      up to 16344 bytes   in a cell of their own
 *      more                "db" | count | list -> segments of 16344 bytes each, and the rest
 */
#include "cm/cmi.h"

struct cmp_stored_name cmp_value_name(const CM_KEY_VALUE *value)
{
    return (struct cmp_stored_name){(const char *)value + offsetof(CM_KEY_VALUE, Name),
                                    value->NameLength, (value->Flags & CMP_VALUE_COMP_NAME) != 0};
}

ULONG cmp_value_size(const CM_KEY_VALUE *value)
{
    return value->DataLength & ~CMP_SMALL_DATA;
}

static ULONG *value_list(struct cm *cm, CMHIVE *hive, const CM_KEY_NODE *node)
{
    return node->ValueList.Count ? cmp_cell(cm, hive, node->ValueList.List) : NULL;
}

CM_KEY_VALUE *cmp_value_at(struct cm *cm, CMHIVE *hive, const CM_KEY_NODE *node, ULONG index)
{
    return index < node->ValueList.Count ? cmp_cell(cm, hive, value_list(cm, hive, node)[index])
                                         : NULL;
}

CM_KEY_VALUE *cmp_find_value(struct cm *cm, CMHIVE *hive, const CM_KEY_NODE *node,
                             struct cm_text name, ULONG *index)
{
    const ULONG *list = value_list(cm, hive, node);

    for (*index = 0; *index < node->ValueList.Count; ++*index) {
        CM_KEY_VALUE *value = cmp_cell(cm, hive, list[*index]);
        if (cmp_compare_name(name, cmp_value_name(value)) == 0)
            return value;
    }
    return NULL;
}

/* ---- data ---- */

/* Where a value keeps its data: what a new one is given, and what an old one gives back. */
struct data {
    ULONG length; /* as DataLength */
    ULONG cell;   /* as Data */
};

static ULONG segments_of(ULONG size)
{
    return (size + CMP_BIG_SEGMENT - 1) / CMP_BIG_SEGMENT;
}

static void free_big(struct cm *cm, CMHIVE *hive, ULONG cell)
{
    const CM_BIG_DATA *big = cmp_cell(cm, hive, cell);
    ULONG count = big->Count, list = big->List;
    const ULONG *segments = cmp_cell(cm, hive, list);

    for (ULONG i = 0; i < count; i++)
        cmp_free_cell(cm, hive, segments[i]);
    cmp_free_cell(cm, hive, list);
    cmp_free_cell(cm, hive, cell);
}

static void free_data(struct cm *cm, CMHIVE *hive, struct data data)
{
    if (data.length & CMP_SMALL_DATA || !data.length)
        return;
    if (data.length > CMP_BIG_SEGMENT)
        free_big(cm, hive, data.cell);
    else
        cmp_free_cell(cm, hive, data.cell);
}

/* => CMP_NIL: no pool, nothing changed */
static ULONG store_big(struct cm *cm, CMHIVE *hive, unsigned storage, const char *from, ULONG size)
{
    ULONG count = segments_of(size);
    ULONG cell = cmp_allocate_cell(cm, hive, storage, sizeof(CM_BIG_DATA));

    if (cell == CMP_NIL)
        return CMP_NIL;
    ULONG list = count > UINT16_MAX
                     ? CMP_NIL
                     : cmp_allocate_cell(cm, hive, storage, count * (ULONG)sizeof(ULONG));
    if (list == CMP_NIL) {
        cmp_free_cell(cm, hive, cell);
        return CMP_NIL;
    }
    CM_BIG_DATA *big = cmp_cell(cm, hive, cell);
    big->Signature = CMP_BIG_DATA;
    big->List = list;
    for (ULONG i = 0; i < count; i++) {
        ULONG at = i * CMP_BIG_SEGMENT, part = size - at;
        ULONG segment = cmp_allocate_cell(cm, hive, storage, CMP_BIG_SEGMENT);
        if (segment == CMP_NIL) {
            free_big(cm, hive, cell);
            return CMP_NIL;
        }
        memcpy(cmp_cell(cm, hive, segment), from + at,
               part < CMP_BIG_SEGMENT ? part : CMP_BIG_SEGMENT);
        ((ULONG *)cmp_cell(cm, hive, list))[i] = segment;
        big->Count++;
    }
    return cell;
}

/* => false: no pool, nothing changed */
static bool store_data(struct cm *cm, CMHIVE *hive, unsigned storage, const void *from, ULONG size,
                       struct data *data)
{
    *data = (struct data){size | CMP_SMALL_DATA, 0};
    if (size <= sizeof(ULONG)) {
        memcpy(&data->cell, from, size);
        return true;
    }
    data->length = size;
    if (size > CMP_BIG_SEGMENT) {
        data->cell = store_big(cm, hive, storage, from, size);
        return data->cell != CMP_NIL;
    }
    data->cell = cmp_allocate_cell(cm, hive, storage, size);
    if (data->cell == CMP_NIL)
        return false;
    memcpy(cmp_cell(cm, hive, data->cell), from, size);
    return true;
}

void cmp_read_value(struct cm *cm, CMHIVE *hive, const CM_KEY_VALUE *value, void *to, ULONG size)
{
    if (value->DataLength & CMP_SMALL_DATA) {
        memcpy(to, &value->Data, size);
    } else if (value->DataLength > CMP_BIG_SEGMENT) {
        const CM_BIG_DATA *big = cmp_cell(cm, hive, value->Data);
        const ULONG *segments = cmp_cell(cm, hive, big->List);
        for (ULONG at = 0; at < size; at += CMP_BIG_SEGMENT) {
            ULONG part = size - at < CMP_BIG_SEGMENT ? size - at : CMP_BIG_SEGMENT;
            memcpy((char *)to + at, cmp_cell(cm, hive, segments[at / CMP_BIG_SEGMENT]), part);
        }
    } else if (size) {
        memcpy(to, cmp_cell(cm, hive, value->Data), size);
    }
}

/* ---- changing ---- */

/* A value without data, in no list. CMP_NIL: no pool */
static ULONG create_value(struct cm *cm, CMHIVE *hive, unsigned storage, struct cm_text name)
{
    ULONG cell = cmp_allocate_cell(cm, hive, storage,
                                   (ULONG)offsetof(CM_KEY_VALUE, Name) + cmp_stored_size(name));

    if (cell == CMP_NIL)
        return CMP_NIL;
    CM_KEY_VALUE *value = cmp_cell(cm, hive, cell);
    value->Signature = CMP_VALUE;
    value->Flags = cmp_is_compressible(name) ? CMP_VALUE_COMP_NAME : 0;
    value->NameLength = cmp_stored_size(name);
    value->DataLength = CMP_SMALL_DATA;
    cmp_store_name((char *)value + offsetof(CM_KEY_VALUE, Name), name);
    return cell;
}

/* => false: no pool, nothing changed */
static bool add_to_list(struct cm *cm, CMHIVE *hive, CM_KEY_NODE *node, unsigned storage,
                        ULONG cell)
{
    ULONG count = node->ValueList.Count, size = (count + 1) * (ULONG)sizeof(ULONG);
    ULONG list = count ? cmp_grow_cell(cm, hive, node->ValueList.List, size)
                       : cmp_allocate_cell(cm, hive, storage, size);

    if (list == CMP_NIL)
        return false;
    ((ULONG *)cmp_cell(cm, hive, list))[count] = cell;
    node->ValueList.List = list;
    node->ValueList.Count = count + 1;
    return true;
}

NTSTATUS cmp_write_value(struct cm *cm, CMHIVE *hive, ULONG node_cell, struct cm_text name,
                         ULONG type, const void *from, ULONG size)
{
    unsigned storage = cmp_storage_of(node_cell);
    CM_KEY_NODE *node = cmp_cell(cm, hive, node_cell);
    struct data data;
    ULONG index, cell;

    if (!store_data(cm, hive, storage, from, size, &data))
        return STATUS_INSUFFICIENT_RESOURCES;
    CM_KEY_VALUE *value = cmp_find_value(cm, hive, node, name, &index);
    if (!value) {
        cell = create_value(cm, hive, storage, name);
        if (cell == CMP_NIL || !add_to_list(cm, hive, node, storage, cell)) {
            if (cell != CMP_NIL)
                cmp_free_cell(cm, hive, cell);
            free_data(cm, hive, data);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        value = cmp_cell(cm, hive, cell);
        if (name.length > node->MaxValueNameLen)
            node->MaxValueNameLen = name.length;
    }
    struct data old = {value->DataLength, value->Data};
    value->DataLength = data.length;
    value->Data = data.cell;
    value->Type = type;
    free_data(cm, hive, old);
    if (size > node->MaxValueDataLen)
        node->MaxValueDataLen = size;
    cmp_touch_node(cm, node);
    return STATUS_SUCCESS;
}

static void free_value(struct cm *cm, CMHIVE *hive, ULONG cell)
{
    const CM_KEY_VALUE *value = cmp_cell(cm, hive, cell);
    struct data data = {value->DataLength, value->Data};

    free_data(cm, hive, data);
    cmp_free_cell(cm, hive, cell);
}

void cmp_remove_value(struct cm *cm, CMHIVE *hive, CM_KEY_NODE *node, ULONG index)
{
    ULONG *list = value_list(cm, hive, node);

    free_value(cm, hive, list[index]);
    node->ValueList.Count--;
    memmove(list + index, list + index + 1, (node->ValueList.Count - index) * sizeof(*list));
    if (!node->ValueList.Count) {
        cmp_free_cell(cm, hive, node->ValueList.List);
        node->ValueList.List = CMP_NIL;
        node->MaxValueNameLen = node->MaxValueDataLen = 0;
    }
    cmp_touch_node(cm, node);
}

void cmp_remove_values(struct cm *cm, CMHIVE *hive, CM_KEY_NODE *node)
{
    if (node->Flags & CMP_KEY_HIVE_EXIT)
        return;
    while (node->ValueList.Count)
        cmp_remove_value(cm, hive, node, node->ValueList.Count - 1);
}
