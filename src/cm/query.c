/* src/cm/query.c: what the services say about keys and values.
 *
 * An answer is a fixed part, built on our side, and after it texts and data. What of it fits is
 * written; a buffer that cannot even hold the fixed part gets nothing.
 * Source: ZwQueryKey, ZwEnumerateKey, ZwQueryValueKey, ZwEnumerateValueKey, documentation.
 */
#include "cm/cmi.h"

/* The fixed part of an answer that has `variable` bytes after it. => false: it does not fit */
static bool begin(struct cm_answer *answer, const void *fixed, size_t size, size_t needed)
{
    answer->needed = (ULONG)needed;
    if (answer->size < size)
        return false;
    memcpy(answer->buffer, fixed, size);
    return true;
}

static NTSTATUS end(const struct cm_answer *answer)
{
    return answer->size < answer->needed ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* What fits of `size` bytes at offset `at`. */
static ULONG room(const struct cm_answer *answer, ULONG at, ULONG size)
{
    ULONG left = answer->size > at ? answer->size - at : 0;

    return left < size ? left : size;
}

static void put_name(struct cm_answer *answer, ULONG at, struct cmp_stored_name name)
{
    ULONG fits = room(answer, at, cmp_name_length(name)) / sizeof(WCHAR);

    for (ULONG i = 0; i < fits; i++) {
        WCHAR c = cmp_name_char(name, i);
        memcpy((char *)answer->buffer + at + i * sizeof(c), &c, sizeof(c));
    }
}

/* ---- keys ---- */

/* Who a query is about: its node, and the name it goes by. */
struct subject {
    CMHIVE *hive;
    const CM_KEY_NODE *node;
    struct cmp_stored_name name;
};

static NTSTATUS basic(const struct subject *s, struct cm_answer *answer)
{
    const ULONG fixed = offsetof(KEY_BASIC_INFORMATION, Name);
    KEY_BASIC_INFORMATION information = {.LastWriteTime = s->node->LastWriteTime,
                                         .NameLength = cmp_name_length(s->name)};

    if (!begin(answer, &information, fixed, fixed + information.NameLength))
        return STATUS_BUFFER_TOO_SMALL;
    put_name(answer, fixed, s->name);
    return end(answer);
}

static void put_class(struct cm *cm, const struct subject *s, struct cm_answer *answer, ULONG at)
{
    ULONG fits = room(answer, at, s->node->ClassLength);

    if (fits)
        memcpy((char *)answer->buffer + at, cmp_cell(cm, s->hive, s->node->Class), fits);
}

static NTSTATUS node(struct cm *cm, const struct subject *s, struct cm_answer *answer)
{
    const ULONG fixed = offsetof(KEY_NODE_INFORMATION, Name);
    ULONG name = cmp_name_length(s->name);
    ULONG class_at = (fixed + name + 3) / 4 * 4;
    KEY_NODE_INFORMATION information = {
        .LastWriteTime = s->node->LastWriteTime,
        .ClassOffset = s->node->ClassLength ? class_at : UINT32_MAX,
        .ClassLength = s->node->ClassLength,
        .NameLength = name,
    };
    ULONG needed = s->node->ClassLength ? class_at + s->node->ClassLength : fixed + name;

    if (!begin(answer, &information, fixed, needed))
        return STATUS_BUFFER_TOO_SMALL;
    put_name(answer, fixed, s->name);
    put_class(cm, s, answer, class_at);
    return end(answer);
}

static NTSTATUS full(struct cm *cm, const struct subject *s, struct cm_answer *answer)
{
    const ULONG fixed = offsetof(KEY_FULL_INFORMATION, Class);
    KEY_FULL_INFORMATION information = {
        .LastWriteTime = s->node->LastWriteTime,
        .ClassOffset = s->node->ClassLength ? fixed : UINT32_MAX,
        .ClassLength = s->node->ClassLength,
        .SubKeys = cmp_subkey_count(s->node),
        .MaxNameLen = s->node->MaxNameLen,
        .MaxClassLen = s->node->MaxClassLen,
        .Values = s->node->ValueList.Count,
        .MaxValueNameLen = s->node->MaxValueNameLen,
        .MaxValueDataLen = s->node->MaxValueDataLen,
    };

    if (!begin(answer, &information, fixed, fixed + s->node->ClassLength))
        return STATUS_BUFFER_TOO_SMALL;
    put_class(cm, s, answer, fixed);
    return end(answer);
}

static NTSTATUS cached(const struct subject *s, struct cm_answer *answer)
{
    KEY_CACHED_INFORMATION information = {
        .LastWriteTime = s->node->LastWriteTime,
        .SubKeys = cmp_subkey_count(s->node),
        .MaxNameLen = s->node->MaxNameLen,
        .Values = s->node->ValueList.Count,
        .MaxValueNameLen = s->node->MaxValueNameLen,
        .MaxValueDataLen = s->node->MaxValueDataLen,
        .NameLength = cmp_name_length(s->name),
    };

    return begin(answer, &information, sizeof(information), sizeof(information))
               ? STATUS_SUCCESS
               : STATUS_BUFFER_TOO_SMALL;
}

static NTSTATUS full_name(struct cm *cm, const CM_KEY_CONTROL_BLOCK *kcb, struct cm_answer *answer)
{
    const ULONG fixed = offsetof(KEY_NAME_INFORMATION, Name);
    KEY_NAME_INFORMATION information = {.NameLength = (ULONG)cmp_kcb_name(cm, kcb, NULL, 0)};

    if (!begin(answer, &information, fixed, fixed + information.NameLength))
        return STATUS_BUFFER_TOO_SMALL;
    cmp_kcb_name(cm, kcb, (WCHAR *)(void *)((char *)answer->buffer + fixed),
                 room(answer, fixed, information.NameLength));
    return end(answer);
}

static NTSTATUS answer_key(struct cm *cm, const struct subject *s, ULONG class,
                           struct cm_answer *answer)
{
    switch (class) {
    case KeyBasicInformation:
        return basic(s, answer);
    case KeyNodeInformation:
        return node(cm, s, answer);
    case KeyFullInformation:
        return full(cm, s, answer);
    case KeyCachedInformation:
        return cached(s, answer);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS cm_query_key(struct cm *cm, CM_KEY_BODY *key, ULONG class, struct cm_answer *answer)
{
    NTSTATUS status = STATUS_KEY_DELETED;

    cmp_lock(cm);
    const CM_KEY_CONTROL_BLOCK *kcb = k2h(cmp_ks(cm), key->KeyControlBlock);
    if (!kcb->Delete && class == KeyNameInformation) {
        status = full_name(cm, kcb, answer);
    } else if (!kcb->Delete) {
        const CM_KEY_NODE *own = cmp_node_of(cm, kcb);
        struct subject s = {cmp_hive_of(cm, kcb), own, cmp_node_name(own)};
        status = answer_key(cm, &s, class, answer);
    }
    cmp_unlock(cm);
    return status;
}

NTSTATUS cm_enumerate_key(struct cm *cm, CM_KEY_BODY *key, ULONG index, ULONG class,
                          struct cm_answer *answer)
{
    NTSTATUS status = STATUS_KEY_DELETED;

    cmp_lock(cm);
    const CM_KEY_CONTROL_BLOCK *kcb = k2h(cmp_ks(cm), key->KeyControlBlock);
    if (!kcb->Delete) {
        CMHIVE *hive = cmp_hive_of(cm, kcb);
        ULONG cell = cmp_subkey_at(cm, hive, cmp_node_of(cm, kcb), index);
        status = STATUS_NO_MORE_ENTRIES;
        if (cell != CMP_NIL) {
            const CM_KEY_NODE *child = cmp_cell(cm, hive, cell);
            struct subject s = {.name = cmp_node_name(child)};
            cmp_follow_hive(cm, &hive, &cell);
            s.hive = hive;
            s.node = cmp_cell(cm, hive, cell);
            status = answer_key(cm, &s, class, answer);
        }
    }
    cmp_unlock(cm);
    return status;
}

/* ---- values ---- */

static void put_data(struct cm *cm, CMHIVE *hive, const CM_KEY_VALUE *value,
                     struct cm_answer *answer, ULONG at)
{
    ULONG fits = room(answer, at, cmp_value_size(value));

    if (fits)
        cmp_read_value(cm, hive, value, (char *)answer->buffer + at, fits);
}

static NTSTATUS value_basic(const CM_KEY_VALUE *value, struct cm_answer *answer)
{
    const ULONG fixed = offsetof(KEY_VALUE_BASIC_INFORMATION, Name);
    KEY_VALUE_BASIC_INFORMATION information = {
        .Type = value->Type, .NameLength = cmp_name_length(cmp_value_name(value))};

    if (!begin(answer, &information, fixed, fixed + information.NameLength))
        return STATUS_BUFFER_TOO_SMALL;
    put_name(answer, fixed, cmp_value_name(value));
    return end(answer);
}

static NTSTATUS value_full(struct cm *cm, CMHIVE *hive, const CM_KEY_VALUE *value,
                           struct cm_answer *answer)
{
    const ULONG fixed = offsetof(KEY_VALUE_FULL_INFORMATION, Name);
    ULONG name = cmp_name_length(cmp_value_name(value));
    KEY_VALUE_FULL_INFORMATION information = {
        .Type = value->Type,
        .DataOffset = (fixed + name + 3) / 4 * 4,
        .DataLength = cmp_value_size(value),
        .NameLength = name,
    };
    ULONG needed =
        information.DataLength ? information.DataOffset + information.DataLength : fixed + name;

    if (!begin(answer, &information, fixed, needed))
        return STATUS_BUFFER_TOO_SMALL;
    put_name(answer, fixed, cmp_value_name(value));
    put_data(cm, hive, value, answer, information.DataOffset);
    return end(answer);
}

static NTSTATUS value_partial(struct cm *cm, CMHIVE *hive, const CM_KEY_VALUE *value,
                              struct cm_answer *answer)
{
    const ULONG fixed = offsetof(KEY_VALUE_PARTIAL_INFORMATION, Data);
    KEY_VALUE_PARTIAL_INFORMATION information = {.Type = value->Type,
                                                 .DataLength = cmp_value_size(value)};

    if (!begin(answer, &information, fixed, fixed + information.DataLength))
        return STATUS_BUFFER_TOO_SMALL;
    put_data(cm, hive, value, answer, fixed);
    return end(answer);
}

static NTSTATUS answer_value(struct cm *cm, CMHIVE *hive, const CM_KEY_VALUE *value, ULONG class,
                             struct cm_answer *answer)
{
    switch (class) {
    case KeyValueBasicInformation:
        return value_basic(value, answer);
    case KeyValueFullInformation:
        return value_full(cm, hive, value, answer);
    case KeyValuePartialInformation:
        return value_partial(cm, hive, value, answer);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS cm_query_value(struct cm *cm, CM_KEY_BODY *key, struct cm_text name, ULONG class,
                        struct cm_answer *answer)
{
    NTSTATUS status = STATUS_KEY_DELETED;

    cmp_lock(cm);
    const CM_KEY_CONTROL_BLOCK *kcb = k2h(cmp_ks(cm), key->KeyControlBlock);
    if (!kcb->Delete) {
        ULONG index;
        CMHIVE *hive = cmp_hive_of(cm, kcb);
        const CM_KEY_VALUE *value = cmp_find_value(cm, hive, cmp_node_of(cm, kcb), name, &index);
        status =
            value ? answer_value(cm, hive, value, class, answer) : STATUS_OBJECT_NAME_NOT_FOUND;
    }
    cmp_unlock(cm);
    return status;
}

NTSTATUS cm_enumerate_value(struct cm *cm, CM_KEY_BODY *key, ULONG index, ULONG class,
                            struct cm_answer *answer)
{
    NTSTATUS status = STATUS_KEY_DELETED;

    cmp_lock(cm);
    const CM_KEY_CONTROL_BLOCK *kcb = k2h(cmp_ks(cm), key->KeyControlBlock);
    if (!kcb->Delete) {
        CMHIVE *hive = cmp_hive_of(cm, kcb);
        const CM_KEY_VALUE *value = cmp_value_at(cm, hive, cmp_node_of(cm, kcb), index);
        status = value ? answer_value(cm, hive, value, class, answer) : STATUS_NO_MORE_ENTRIES;
    }
    cmp_unlock(cm);
    return status;
}
