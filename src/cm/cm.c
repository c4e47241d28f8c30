/* src/cm/cm.c: the registry's birth, key objects, and changes that are asked for. */
#include "cm/cm.h"

#include <stdlib.h>

#include "cm/cmi.h"

#define KEY_EXECUTE KEY_READ

/* ---- the type Key ---- */

static void delete_key_object(struct ob *ob, void *object)
{
    struct cm *cm = ob_type_ops_of(ob, ob_object_type(ob, object))->owner;
    CM_KEY_BODY *body = object;

    cmp_lock(cm);
    if (body->KeyControlBlock.va)
        cmp_delist_body(cm, body);
    cmp_unlock(cm);
}

static size_t query_key_name(struct ob *ob, void *object, WCHAR *name, size_t capacity)
{
    struct cm *cm = ob_type_ops_of(ob, ob_object_type(ob, object))->owner;
    const CM_KEY_BODY *body = object;
    size_t length = 0;

    cmp_lock(cm);
    if (body->KeyControlBlock.va)
        length = cmp_kcb_name(cm, k2h(cmp_ks(cm), body->KeyControlBlock), name, capacity);
    cmp_unlock(cm);
    return length;
}

OBJECT_TYPE *cm_key_type(struct cm *cm)
{
    return cm->key_type;
}

/* \REGISTRY in the namespace: a key object that has no key until the registry is filled. */
static NTSTATUS create_root_object(struct cm *cm)
{
    static const WCHAR name[] = u"\\REGISTRY";
    const struct ob_attributes attributes = {
        .name = name, .name_length = sizeof(name) - sizeof(WCHAR), .flags = OBJ_PERMANENT};
    const struct ob_caller kernel = {.mode = KernelMode};
    NTSTATUS status = ob_create_object(cm->ob, &attributes, cm->key_type, 0, &cm->root_object);

    if (!NT_SUCCESS(status))
        return status;
    ((CM_KEY_BODY *)cm->root_object)->Type = CMP_KEY_BODY;
    status = ob_insert_object(cm->ob, &kernel, cm->root_object, &attributes, 0, NULL, NULL);
    if (NT_SUCCESS(status))
        cm->ke->nt.CmpRegistryRootObject->va = h2k(cmp_ks(cm), cm->root_object);
    return status;
}

NTSTATUS cm_create(const struct cm_config *config, struct cm **out)
{
    struct cm *cm = calloc(1, sizeof(*cm));

    *out = NULL;
    if (!cm)
        return STATUS_INSUFFICIENT_RESOURCES;
    cm->ob = config->ob;
    cm->ke = ob_ke(cm->ob);
    cm->mm = ob_mm(cm->ob);
    cm->fill = config->fill;
    cm->fill_owner = config->owner;
    cm->key_ops = (struct ob_type_ops){
        .name = "Key",
        .body_size = sizeof(CM_KEY_BODY),
        .mapping = {KEY_READ, KEY_WRITE, KEY_EXECUTE, KEY_ALL_ACCESS},
        .valid_access = KEY_ALL_ACCESS | KEY_WOW64_32KEY | KEY_WOW64_64KEY,
        .wait_offset = -1,
        .delete = delete_key_object,
        .parse = cmp_parse,
        .query_name = query_key_name,
        .owner = cm,
    };
    ke_list_init(cmp_ks(cm), cm->ke->nt.CmpHiveListHead);
    NTSTATUS status = ob_create_type(cm->ob, &cm->key_ops, &cm->key_type);
    if (NT_SUCCESS(status)) {
        cm->ke->nt.CmKeyObjectType->va = h2k(cmp_ks(cm), cm->key_type);
        status = create_root_object(cm);
    }
    if (!NT_SUCCESS(status)) {
        free(cm);
        return status;
    }
    *out = cm;
    return STATUS_SUCCESS;
}

void cm_destroy(struct cm *cm)
{
    free(cm);
}

/* ---- filling ---- */

CM_KEY_CONTROL_BLOCK *cmp_root_kcb(struct cm *cm)
{
    CM_KEY_CONTROL_BLOCK *kcb = k2h(cmp_ks(cm), ((CM_KEY_BODY *)cm->root_object)->KeyControlBlock);

    kcb->RefCount++;
    return kcb;
}

/* ASCII to UTF-16 on the way in. => NULL: no memory; free() it */
static WCHAR *widen(const char *text, ULONG *length)
{
    size_t chars = strlen(text);
    WCHAR *wide = malloc((chars + 1) * sizeof(*wide));

    if (!wide)
        return NULL;
    for (size_t i = 0; i <= chars; i++)
        wide[i] = (UCHAR)text[i];
    *length = (ULONG)(chars * sizeof(*wide));
    return wide;
}

/* A hive with its root, at `path`. NULL: no pool */
static CMHIVE *create_rooted_hive(struct cm *cm, const char *path, enum cm_hive_kind kind)
{
    ULONG length;
    CMHIVE *hive = cmp_create_hive(cm, path);
    WCHAR *name = hive ? widen(strrchr(path, '\\') + 1, &length) : NULL;

    if (!name)
        return NULL;
    hive->Hive.HiveFlags = kind == CM_HIVE_VOLATILE ? CMP_HIVE_VOLATILE : 0;
    NTSTATUS status = cmp_create_root(cm, hive, cmp_text(name, length));
    free(name);
    return NT_SUCCESS(status) ? hive : NULL;
}

/* The hive of \REGISTRY itself, in which others are mounted, and the key object's key. */
static NTSTATUS create_master_hive(struct cm *cm)
{
    static const WCHAR name[] = u"REGISTRY";
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    cmp_lock(cm);
    CMHIVE *hive = create_rooted_hive(cm, "\\REGISTRY", CM_HIVE_STABLE);
    if (hive) {
        const HBASE_BLOCK *base = k2h(cmp_ks(cm), hive->Hive.BaseBlock);
        CM_KEY_CONTROL_BLOCK *kcb = cmp_reference_kcb(cm, NULL, hive, base->RootCell,
                                                      cmp_text(name, sizeof(name) - sizeof(WCHAR)));
        cm->ke->nt.CmpMasterHive->va = h2k(cmp_ks(cm), hive);
        if (kcb) {
            cmp_enlist_body(cm, cm->root_object, kcb);
            hive->RootKcb.va = h2k(cmp_ks(cm), kcb);
            status = STATUS_SUCCESS;
        }
    }
    cmp_unlock(cm);
    return status;
}

NTSTATUS cm_ready(struct cm *cm)
{
    if (__atomic_load_n(&cm->filled, __ATOMIC_ACQUIRE))
        return cm->fill_status;
    ex_acquire_push_lock_exclusive(&cm->fill_lock, KE_RANK_UNCHECKED);
    if (!__atomic_load_n(&cm->filled, __ATOMIC_ACQUIRE)) {
        NTSTATUS status = create_master_hive(cm);
        if (NT_SUCCESS(status) && cm->fill)
            status = cm->fill(cm->fill_owner, cm);
        cm->fill_status = status;
        __atomic_store_n(&cm->filled, true, __ATOMIC_RELEASE);
    }
    ex_release_push_lock_exclusive(&cm->fill_lock, KE_RANK_UNCHECKED);
    return cm->fill_status;
}

/* The control block of the key at `path`, which is made with all above it; referenced. */
static NTSTATUS boot_key(struct cm *cm, const char *path, ULONG options, CM_KEY_CONTROL_BLOCK **kcb)
{
    struct cm_open open = {.create = true, .options = options};
    ULONG length;
    WCHAR *wide = widen(path, &length);

    if (!wide)
        return STATUS_INSUFFICIENT_RESOURCES;
    CM_KEY_CONTROL_BLOCK *root = cmp_root_kcb(cm);
    ULONG prefix = sizeof(u"\\REGISTRY") - sizeof(WCHAR);
    const struct cmp_walk walk = {
        .from = root,
        .path = {wide + prefix / sizeof(WCHAR), length - prefix},
        .open_link = options & REG_OPTION_CREATE_LINK,
        .open = &open,
        .all = true,
    };
    NTSTATUS status = cmp_walk(cm, &walk, kcb);
    cmp_dereference_kcb(cm, root);
    free(wide);
    return status;
}

/* A link node for the root of `hive` below the key of `kcb`. */
static NTSTATUS mount_hive(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb, CMHIVE *hive)
{
    WCHAR text[CMP_MAX_NAME / sizeof(WCHAR)];
    const HBASE_BLOCK *base = k2h(cmp_ks(cm), hive->Hive.BaseBlock);
    CM_KEY_NODE *root = cmp_cell(cm, hive, base->RootCell);
    const struct cmp_new_node link = {
        .name = cmp_widen_name(cmp_node_name(root), text),
        .storage = CMP_STABLE,
        .parent = kcb->KeyCell,
        .flags = CMP_KEY_HIVE_EXIT | CMP_KEY_NO_DELETE,
    };
    CMHIVE *master = cmp_hive_of(cm, kcb);
    ULONG cell = cmp_create_subkey(cm, master, kcb->KeyCell, &link);

    if (cell == CMP_NIL)
        return STATUS_INSUFFICIENT_RESOURCES;
    CM_KEY_NODE *node = cmp_cell(cm, master, cell);
    node->ChildHiveReference.KeyCell = base->RootCell;
    node->ChildHiveReference.KeyHive.va = h2k(cmp_ks(cm), &hive->Hive);
    root->Parent = cell;
    cmp_refresh_kcb(cm, kcb);
    return STATUS_SUCCESS;
}

NTSTATUS cm_boot_hive(struct cm *cm, const char *path, enum cm_hive_kind kind)
{
    char parent[256];
    CM_KEY_CONTROL_BLOCK *kcb;
    size_t length = (size_t)(strrchr(path, '\\') - path);

    ASSERT(length < sizeof(parent));
    memcpy(parent, path, length);
    parent[length] = 0;
    cmp_lock(cm);
    NTSTATUS status = boot_key(cm, parent, 0, &kcb);
    if (NT_SUCCESS(status)) {
        CMHIVE *hive = create_rooted_hive(cm, path, kind);
        status = hive ? mount_hive(cm, kcb, hive) : STATUS_INSUFFICIENT_RESOURCES;
        cmp_dereference_kcb(cm, kcb);
    }
    cmp_unlock(cm);
    return status;
}

/* The value `name` (UTF-16) of the key at `path`; without a name, the key alone. */
static NTSTATUS boot_set(struct cm *cm, const char *path, ULONG options, const char *name,
                         ULONG type, const void *data, ULONG size)
{
    ULONG length = 0;
    WCHAR *wide = name ? widen(name, &length) : NULL;
    CM_KEY_CONTROL_BLOCK *kcb;

    if (name && !wide)
        return STATUS_INSUFFICIENT_RESOURCES;
    cmp_lock(cm);
    NTSTATUS status = boot_key(cm, path, options, &kcb);
    if (NT_SUCCESS(status)) {
        if (name)
            status = cmp_write_value(cm, cmp_hive_of(cm, kcb), kcb->KeyCell, cmp_text(wide, length),
                                     type, data, size);
        cmp_refresh_kcb(cm, kcb);
        cmp_dereference_kcb(cm, kcb);
    }
    cmp_unlock(cm);
    free(wide);
    return status;
}

NTSTATUS cm_boot_value(struct cm *cm, const char *path, const char *name, ULONG type,
                       const void *data, ULONG size)
{
    return boot_set(cm, path, 0, name, type, data, size);
}

NTSTATUS cm_boot_number(struct cm *cm, const char *path, const char *name, ULONG value)
{
    return boot_set(cm, path, 0, name, REG_DWORD, &value, sizeof(value));
}

NTSTATUS cm_boot_text(struct cm *cm, const char *path, const char *name, ULONG type,
                      const char *text)
{
    ULONG length;
    WCHAR *wide = widen(text, &length);

    if (!wide)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG i = 0; type == REG_MULTI_SZ && i < length / sizeof(WCHAR); i++)
        wide[i] = wide[i] == '\n' ? 0 : wide[i];
    NTSTATUS status = boot_set(cm, path, 0, name, type, wide, length + (ULONG)sizeof(WCHAR));
    free(wide);
    return status;
}

NTSTATUS cm_boot_link(struct cm *cm, const char *path, const char *target)
{
    ULONG length;
    WCHAR *wide = widen(target, &length);

    if (!wide)
        return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = boot_set(cm, path, REG_OPTION_CREATE_LINK | REG_OPTION_VOLATILE,
                               "SymbolicLinkValue", REG_LINK, wide, length);
    free(wide);
    return status;
}

/* ---- services ---- */

NTSTATUS cm_open_key(struct cm *cm, const struct ob_caller *caller,
                     const struct ob_attributes *attributes, ULONG access, struct cm_open *open,
                     uint64_t *handle)
{
    return ob_open_object_by_name(cm->ob, caller, attributes, cm->key_type,
                                  access & ~(KEY_WOW64_32KEY | KEY_WOW64_64KEY), open, handle);
}

NTSTATUS cm_set_value(struct cm *cm, CM_KEY_BODY *key, struct cm_text name, ULONG type,
                      const void *data, ULONG size)
{
    if (name.length > CMP_MAX_VALUE_NAME)
        return STATUS_INVALID_PARAMETER;
    NTSTATUS status = STATUS_KEY_DELETED;
    cmp_lock(cm);
    CM_KEY_CONTROL_BLOCK *kcb = k2h(cmp_ks(cm), key->KeyControlBlock);
    if (!kcb->Delete) {
        status = cmp_write_value(cm, cmp_hive_of(cm, kcb), kcb->KeyCell, name, type, data, size);
        cmp_refresh_kcb(cm, kcb);
    }
    cmp_unlock(cm);
    return status;
}

NTSTATUS cm_delete_value(struct cm *cm, CM_KEY_BODY *key, struct cm_text name)
{
    NTSTATUS status = STATUS_KEY_DELETED;

    cmp_lock(cm);
    CM_KEY_CONTROL_BLOCK *kcb = k2h(cmp_ks(cm), key->KeyControlBlock);
    if (!kcb->Delete) {
        CMHIVE *hive = cmp_hive_of(cm, kcb);
        CM_KEY_NODE *node = cmp_node_of(cm, kcb);
        ULONG index;
        status = STATUS_OBJECT_NAME_NOT_FOUND;
        if (cmp_find_value(cm, hive, node, name, &index)) {
            cmp_remove_value(cm, hive, node, index);
            cmp_refresh_kcb(cm, kcb);
            status = STATUS_SUCCESS;
        }
    }
    cmp_unlock(cm);
    return status;
}

static NTSTATUS delete_key(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb)
{
    CM_KEY_CONTROL_BLOCK *above = k2h(cmp_ks(cm), kcb->ParentKcb);
    CMHIVE *hive = cmp_hive_of(cm, kcb);
    CM_KEY_NODE *node;

    if (kcb->Delete)
        return STATUS_KEY_DELETED;
    node = cmp_node_of(cm, kcb);
    if (node->Flags & CMP_KEY_NO_DELETE || cmp_subkey_count(node))
        return STATUS_CANNOT_DELETE;
    CM_KEY_NODE *parent = cmp_cell(cm, hive, node->Parent);
    cmp_remove_subkey(cm, hive, parent, kcb->KeyCell);
    cmp_touch_node(cm, parent);
    cmp_delete_node(cm, hive, kcb->KeyCell);
    cmp_mark_deleted(cm, kcb);
    cmp_refresh_kcb(cm, above);
    return STATUS_SUCCESS;
}

NTSTATUS cm_delete_key(struct cm *cm, CM_KEY_BODY *key)
{
    cmp_lock(cm);
    NTSTATUS status = delete_key(cm, k2h(cmp_ks(cm), key->KeyControlBlock));
    cmp_unlock(cm);
    return status;
}

NTSTATUS cm_flush_key(struct cm *cm, CM_KEY_BODY *key)
{
    cmp_lock(cm);
    const CM_KEY_CONTROL_BLOCK *kcb = k2h(cmp_ks(cm), key->KeyControlBlock);
    NTSTATUS status = kcb->Delete ? STATUS_KEY_DELETED : STATUS_SUCCESS;
    cmp_unlock(cm);
    return status;
}
