/* src/cm/node.c: key nodes and their security.
 *
 * Every node refers to a security cell ("sk"), which counts who does; the security cells of a
 * storage form a ring. Keys here all have one descriptor, since nobody is denied anything yet, so
 * the ring of a storage has one cell, which the first node of the storage makes.
 */
#include "cm/cmi.h"

#include "ke/clock.h"

/* O:BAG:SYD:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU), self-relative: who Windows lets at the
 * machine's keys. Source: SECURITY_DESCRIPTOR, ACL, ACE, SID, documentation. */
#define U32(x) (x) & 0xFF, (x) >> 8 & 0xFF, (x) >> 16 & 0xFF, (x) >> 24 & 0xFF
#define SID_BUILTIN(rid) 1, 2, 0, 0, 0, 0, 0, 5, U32(32), U32(rid)
#define SID_LOCAL_SYSTEM 1, 1, 0, 0, 0, 0, 0, 5, U32(18)
#define ACE_ALLOW(size, mask) 0, 2, (size), 0, U32(mask)
static const UCHAR descriptor[] = {
    1,
    0,
    4,
    0x80,
    U32(20),
    U32(36),
    U32(0),
    U32(48), /* header: owner, group, no SACL, DACL */
    SID_BUILTIN(544),
    SID_LOCAL_SYSTEM,
    2,
    0,
    76,
    0,
    3,
    0,
    0,
    0, /* ACL of three */
    ACE_ALLOW(20, 0xF003F),
    SID_LOCAL_SYSTEM,
    ACE_ALLOW(24, 0xF003F),
    SID_BUILTIN(544),
    ACE_ALLOW(24, 0x20019),
    SID_BUILTIN(545),
};
_Static_assert(sizeof(descriptor) == 48 + 76, "the parts are where the header says");

/* The security cell of a storage: the root's for stable nodes, the first volatile node's otherwise.
 */
static ULONG find_security(struct cm *cm, CMHIVE *hive, unsigned storage)
{
    for (ULONG i = 0; i < hive->SecurityCount; i++) {
        CM_KEY_SECURITY_CACHE_ENTRY *cache = k2h(cmp_ks(cm), hive->SecurityCache);
        if (cmp_storage_of(cache[i].Cell) == storage)
            return cache[i].Cell;
    }
    return CMP_NIL;
}

/* A security cell, and the cache's entry that leads to a copy of its descriptor. */
static ULONG create_security(struct cm *cm, CMHIVE *hive, unsigned storage)
{
    const size_t cached_size = offsetof(CM_KEY_SECURITY_CACHE, Descriptor) + sizeof(descriptor);
    CM_KEY_SECURITY_CACHE_ENTRY *cache = k2h(cmp_ks(cm), hive->SecurityCache);
    if (!cache) {
        cache = ex_allocate_pool(cm->mm, PagedPool, CMP_STORAGES * sizeof(*cache), mm_tag("CMSc"));
        if (!cache)
            return CMP_NIL;
        hive->SecurityCache.va = h2k(cmp_ks(cm), cache);
        hive->SecurityCacheSize = CMP_STORAGES;
    }
    CM_KEY_SECURITY_CACHE *cached =
        ex_allocate_pool(cm->mm, PagedPool, cached_size, mm_tag("CMSc"));
    if (!cached)
        return CMP_NIL;
    ULONG cell = cmp_allocate_cell(cm, hive, storage,
                                   offsetof(CM_KEY_SECURITY, Descriptor) + sizeof(descriptor));
    if (cell == CMP_NIL) {
        ex_free_pool(cm->mm, cached);
        return CMP_NIL;
    }
    CM_KEY_SECURITY *security = cmp_cell(cm, hive, cell);
    security->Signature = CMP_SECURITY;
    security->Flink = security->Blink = cell;
    security->DescriptorLength = sizeof(descriptor);
    memcpy((char *)security + offsetof(CM_KEY_SECURITY, Descriptor), descriptor,
           sizeof(descriptor));
    memset(cached, 0, cached_size);
    cached->Cell = cell;
    cached->DescriptorLength = sizeof(descriptor);
    memcpy((char *)cached + offsetof(CM_KEY_SECURITY_CACHE, Descriptor), descriptor,
           sizeof(descriptor));
    ke_list_insert_tail(cmp_ks(cm), &hive->SecurityHash[0], &cached->List);
    cache[hive->SecurityCount++] =
        (CM_KEY_SECURITY_CACHE_ENTRY){.Cell = cell, .CachedSecurity.va = h2k(cmp_ks(cm), cached)};
    return cell;
}

ULONG cmp_subkey_count(const CM_KEY_NODE *node)
{
    return node->Flags & CMP_KEY_HIVE_EXIT ? 0 : node->SubKeyCounts[0] + node->SubKeyCounts[1];
}

void cmp_touch_node(struct cm *cm, CM_KEY_NODE *node)
{
    node->LastWriteTime.QuadPart = ke_query_system_time(cm->ke);
}

static ULONG store_class(struct cm *cm, CMHIVE *hive, const struct cmp_new_node *new_node)
{
    ULONG cell = cmp_allocate_cell(cm, hive, new_node->storage, new_node->class_name.length);

    if (cell != CMP_NIL)
        memcpy(cmp_cell(cm, hive, cell), new_node->class_name.text, new_node->class_name.length);
    return cell;
}

static void fill_node(struct cm *cm, CM_KEY_NODE *node, const struct cmp_new_node *new_node)
{
    bool compressed = cmp_is_compressible(new_node->name);

    node->Signature = CMP_NODE;
    node->Flags = new_node->flags;
    node->Flags |= compressed ? CMP_KEY_COMP_NAME : 0;
    node->Flags |= new_node->storage == CMP_VOLATILE ? CMP_KEY_VOLATILE : 0;
    node->Parent = new_node->parent;
    node->SubKeyLists[0] = node->SubKeyLists[1] = CMP_NIL;
    node->ValueList.List = CMP_NIL;
    node->Class = CMP_NIL;
    node->NameLength = cmp_stored_size(new_node->name);
    cmp_store_name((char *)node + offsetof(CM_KEY_NODE, Name), new_node->name);
    cmp_touch_node(cm, node);
}

ULONG cmp_create_node(struct cm *cm, CMHIVE *hive, const struct cmp_new_node *new_node)
{
    ULONG class = CMP_NIL, security = find_security(cm, hive, new_node->storage);
    ULONG size = (ULONG)offsetof(CM_KEY_NODE, Name) + cmp_stored_size(new_node->name);
    ULONG cell = cmp_allocate_cell(cm, hive, new_node->storage, size);

    if (cell == CMP_NIL)
        return CMP_NIL;
    if (new_node->class_name.length)
        class = store_class(cm, hive, new_node);
    if (security == CMP_NIL)
        security = create_security(cm, hive, new_node->storage);
    if (security == CMP_NIL || (new_node->class_name.length && class == CMP_NIL)) {
        if (class != CMP_NIL)
            cmp_free_cell(cm, hive, class);
        cmp_free_cell(cm, hive, cell);
        return CMP_NIL;
    }
    CM_KEY_NODE *node = cmp_cell(cm, hive, cell);
    fill_node(cm, node, new_node);
    node->Class = class;
    node->ClassLength = (USHORT)new_node->class_name.length;
    node->Security = security;
    ((CM_KEY_SECURITY *)cmp_cell(cm, hive, security))->ReferenceCount++;
    return cell;
}

NTSTATUS cmp_create_root(struct cm *cm, CMHIVE *hive, struct cm_text name)
{
    const struct cmp_new_node root = {
        .name = name,
        .storage = CMP_STABLE,
        .parent = CMP_NIL,
        .flags = CMP_KEY_HIVE_ENTRY | CMP_KEY_NO_DELETE,
    };
    ULONG cell = cmp_create_node(cm, hive, &root);

    if (cell == CMP_NIL)
        return STATUS_INSUFFICIENT_RESOURCES;
    HBASE_BLOCK *base = k2h(cmp_ks(cm), hive->Hive.BaseBlock);
    base->RootCell = cell;
    cmp_update_base_block(cm, hive);
    return STATUS_SUCCESS;
}

ULONG cmp_create_subkey(struct cm *cm, CMHIVE *hive, ULONG parent_cell,
                        const struct cmp_new_node *new_node)
{
    ULONG cell = cmp_create_node(cm, hive, new_node);

    if (cell == CMP_NIL)
        return CMP_NIL;
    CM_KEY_NODE *parent = cmp_cell(cm, hive, parent_cell);
    if (!cmp_add_subkey(cm, hive, parent, cell)) {
        cmp_delete_node(cm, hive, cell);
        return CMP_NIL;
    }
    if (new_node->name.length > parent->MaxNameLen)
        parent->MaxNameLen = (USHORT)new_node->name.length;
    if (new_node->class_name.length > parent->MaxClassLen)
        parent->MaxClassLen = new_node->class_name.length;
    cmp_touch_node(cm, parent);
    return cell;
}

void cmp_delete_node(struct cm *cm, CMHIVE *hive, ULONG cell)
{
    CM_KEY_NODE *node = cmp_cell(cm, hive, cell);
    CM_KEY_SECURITY *security = cmp_cell(cm, hive, node->Security);

    ASSERT(!cmp_subkey_count(node) && security->ReferenceCount);
    cmp_remove_values(cm, hive, node);
    if (node->Class != CMP_NIL)
        cmp_free_cell(cm, hive, node->Class);
    security->ReferenceCount--; /* the storage's only one: it stays */
    cmp_free_cell(cm, hive, cell);
}
