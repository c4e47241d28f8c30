/* src/cm/kcb.c: key control blocks: what is known of a key that somebody has open.
 *
 * There is one for each open key and for every key above it. A hive's hash table finds them by
 * ConvKey, a hash of the whole path; parent and name decide. Who holds a reference: each key object
 * and each child. With the last one the block goes, and its reference to the parent with it.
 *
 * Key objects are listed in their block: four in KeyBodyArray, more in KeyBodyListHead.
 */
#include "cm/cmi.h"

enum { BODIES = sizeof(((CM_KEY_CONTROL_BLOCK *)0)->KeyBodyArray) / sizeof(uint64_t) };

CMHIVE *cmp_hive_of(const struct cm *cm, const CM_KEY_CONTROL_BLOCK *kcb)
{
    HHIVE *hive = k2h(cmp_ks(cm), kcb->KeyHive);

    return (CMHIVE *)(void *)hive; /* a CMHIVE begins with its HHIVE */
}

CM_KEY_NODE *cmp_node_of(const struct cm *cm, const CM_KEY_CONTROL_BLOCK *kcb)
{
    return cmp_cell(cm, cmp_hive_of(cm, kcb), kcb->KeyCell);
}

/* ---- names ---- */

static struct cmp_stored_name block_name(const struct cm *cm, const CM_KEY_CONTROL_BLOCK *kcb)
{
    const CM_NAME_CONTROL_BLOCK *block = k2h(cmp_ks(cm), kcb->NameBlock);

    return (struct cmp_stored_name){(const char *)block + offsetof(CM_NAME_CONTROL_BLOCK, Name),
                                    block->NameLength, block->Compressed != 0};
}

/* A name block of the key's own. Windows keeps upper case here and shares blocks of equal names;
 * readers take both. */
static CM_NAME_CONTROL_BLOCK *create_name_block(struct cm *cm, struct cm_text name)
{
    size_t size = offsetof(CM_NAME_CONTROL_BLOCK, Name) + cmp_stored_size(name);
    CM_NAME_CONTROL_BLOCK *block = ex_allocate_pool(
        cm->mm, PagedPool, size < sizeof(*block) ? sizeof(*block) : size, mm_tag("CMNb"));

    if (!block)
        return NULL;
    memset(block, 0, sizeof(*block));
    block->Compressed = cmp_is_compressible(name);
    block->RefCount = 1;
    block->ConvKey = cmp_hash_name(0, name);
    block->NameLength = cmp_stored_size(name);
    cmp_store_name((char *)block + offsetof(CM_NAME_CONTROL_BLOCK, Name), name);
    return block;
}

size_t cmp_kcb_name(const struct cm *cm, const CM_KEY_CONTROL_BLOCK *kcb, WCHAR *name,
                    size_t capacity)
{
    size_t length = 0;

    for (const CM_KEY_CONTROL_BLOCK *k = kcb; k; k = k2h(cmp_ks(cm), k->ParentKcb))
        length += sizeof(WCHAR) + cmp_name_length(block_name(cm, k));
    size_t end = length;
    for (const CM_KEY_CONTROL_BLOCK *k = kcb; k; k = k2h(cmp_ks(cm), k->ParentKcb)) {
        struct cmp_stored_name part = block_name(cm, k);
        unsigned chars = (unsigned)(cmp_name_length(part) / sizeof(WCHAR));
        size_t begin = end - (chars + 1) * sizeof(WCHAR);
        for (unsigned i = 0; i <= chars; i++) {
            size_t at = begin + i * sizeof(WCHAR);
            if (at + sizeof(WCHAR) <= capacity)
                name[at / sizeof(WCHAR)] = i == 0 ? '\\' : cmp_name_char(part, i - 1);
        }
        end = begin;
    }
    return length;
}

/* ---- the table ---- */

static CM_KEY_CONTROL_BLOCK *of_hash(CM_KEY_HASH *hash)
{
    return (CM_KEY_CONTROL_BLOCK *)(void *)((char *)hash - offsetof(CM_KEY_CONTROL_BLOCK, KeyHash));
}

static CM_KEY_HASH_TABLE_ENTRY *bucket(struct cm *cm, CMHIVE *hive, ULONG conv_key)
{
    CM_KEY_HASH_TABLE_ENTRY *table = k2h(cmp_ks(cm), hive->KcbCacheTable);

    return &table[conv_key % hive->KcbCacheTableSize];
}

static CM_KEY_CONTROL_BLOCK *find(struct cm *cm, CMHIVE *hive, const CM_KEY_CONTROL_BLOCK *parent,
                                  ULONG cell, ULONG conv_key)
{
    CM_KEY_HASH *hash = k2h(cmp_ks(cm), bucket(cm, hive, conv_key)->Entry);

    for (; hash; hash = k2h(cmp_ks(cm), hash->NextHash)) {
        CM_KEY_CONTROL_BLOCK *kcb = of_hash(hash);
        if (hash->ConvKey == conv_key && kcb->KeyCell == cell &&
            k2h(cmp_ks(cm), kcb->ParentKcb) == parent)
            return kcb;
    }
    return NULL;
}

static void unlink_hash(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb)
{
    uint64_t *link = &bucket(cm, cmp_hive_of(cm, kcb), kcb->ConvKey)->Entry.va;

    while (*link != h2k(cmp_ks(cm), &kcb->KeyHash))
        link = &((CM_KEY_HASH *)kspace_host(cmp_ks(cm), *link))->NextHash.va;
    *link = kcb->NextHash.va;
}

static void initialize(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb, CM_KEY_CONTROL_BLOCK *parent)
{
    ke_list_init(cmp_ks(cm), &kcb->KeyBodyListHead);
    ke_list_init(cmp_ks(cm), &kcb->KCBUoWListHead);
    ke_list_init(cmp_ks(cm), &kcb->DelayQueueEntry);
    kcb->RefCount = 1;
    kcb->TotalLevels = parent ? parent->TotalLevels + 1u : 1;
    if (parent) {
        kcb->ParentKcb.va = h2k(cmp_ks(cm), parent);
        parent->RefCount++;
    }
}

CM_KEY_CONTROL_BLOCK *cmp_reference_kcb(struct cm *cm, CM_KEY_CONTROL_BLOCK *parent, CMHIVE *hive,
                                        ULONG cell, struct cm_text name)
{
    ULONG conv_key = cmp_hash_name(parent ? parent->ConvKey : 0, name);
    CM_KEY_CONTROL_BLOCK *kcb = find(cm, hive, parent, cell, conv_key);

    if (kcb) {
        kcb->RefCount++;
        return kcb;
    }
    kcb = ex_allocate_pool(cm->mm, PagedPool, sizeof(*kcb), mm_tag("CMkb"));
    CM_NAME_CONTROL_BLOCK *block = kcb ? create_name_block(cm, name) : NULL;
    if (!block) {
        if (kcb)
            ex_free_pool(cm->mm, kcb);
        return NULL;
    }
    memset(kcb, 0, sizeof(*kcb));
    initialize(cm, kcb, parent);
    kcb->NameBlock.va = h2k(cmp_ks(cm), block);
    kcb->ConvKey = conv_key;
    kcb->KeyHive.va = h2k(cmp_ks(cm), &hive->Hive);
    kcb->KeyCell = cell;
    CM_KEY_HASH_TABLE_ENTRY *chain = bucket(cm, hive, conv_key);
    kcb->NextHash.va = chain->Entry.va;
    chain->Entry.va = h2k(cmp_ks(cm), &kcb->KeyHash);
    cmp_refresh_kcb(cm, kcb);
    return kcb;
}

void cmp_refresh_kcb(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb)
{
    CMHIVE *hive = cmp_hive_of(cm, kcb);
    const CM_KEY_NODE *node = cmp_node_of(cm, kcb);
    const CM_KEY_SECURITY_CACHE_ENTRY *cache = k2h(cmp_ks(cm), hive->SecurityCache);

    kcb->Flags = node->Flags;
    kcb->KcbLastWriteTime = node->LastWriteTime;
    kcb->KcbMaxNameLen = node->MaxNameLen;
    kcb->KcbMaxValueNameLen = (USHORT)node->MaxValueNameLen;
    kcb->KcbMaxValueDataLen = node->MaxValueDataLen;
    kcb->SubKeyCount = cmp_subkey_count(node);
    kcb->ValueCache.Count = node->ValueList.Count;
    kcb->ValueCache.ValueList = node->ValueList.List;
    for (ULONG i = 0; i < hive->SecurityCount; i++) {
        if (cache[i].Cell == node->Security)
            kcb->CachedSecurity.va = cache[i].CachedSecurity.va;
    }
}

void cmp_mark_deleted(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb)
{
    unlink_hash(cm, kcb);
    kcb->NextHash.va = 0;
    kcb->Delete = 1;
    kcb->KeyCell = CMP_NIL;
    kcb->ValueCache.Count = 0;
    kcb->ValueCache.ValueList = CMP_NIL;
}

void cmp_dereference_kcb(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb)
{
    while (kcb && --kcb->RefCount == 0) {
        CM_KEY_CONTROL_BLOCK *parent = k2h(cmp_ks(cm), kcb->ParentKcb);

        ASSERT(ke_list_empty(cmp_ks(cm), &kcb->KeyBodyListHead));
        if (!kcb->Delete)
            unlink_hash(cm, kcb);
        ex_free_pool(cm->mm, k2h(cmp_ks(cm), kcb->NameBlock));
        ex_free_pool(cm->mm, kcb);
        kcb = parent;
    }
}

/* ---- key objects ---- */

void cmp_enlist_body(struct cm *cm, CM_KEY_BODY *body, CM_KEY_CONTROL_BLOCK *kcb)
{
    body->Type = CMP_KEY_BODY;
    body->KeyControlBlock.va = h2k(cmp_ks(cm), kcb);
    ke_list_init(cmp_ks(cm), &body->KeyBodyList);
    ke_list_init(cmp_ks(cm), &body->ContextListHead);
    for (int i = 0; i < BODIES; i++) {
        if (!kcb->KeyBodyArray[i].va) {
            kcb->KeyBodyArray[i].va = h2k(cmp_ks(cm), body);
            return;
        }
    }
    ke_list_insert_tail(cmp_ks(cm), &kcb->KeyBodyListHead, &body->KeyBodyList);
}

void cmp_delist_body(struct cm *cm, CM_KEY_BODY *body)
{
    CM_KEY_CONTROL_BLOCK *kcb = k2h(cmp_ks(cm), body->KeyControlBlock);
    uint64_t va = h2k(cmp_ks(cm), body);
    int i = 0;

    while (i < BODIES && kcb->KeyBodyArray[i].va != va)
        i++;
    if (i < BODIES)
        kcb->KeyBodyArray[i].va = 0;
    else
        ke_list_remove(cmp_ks(cm), &body->KeyBodyList);
    body->KeyControlBlock.va = 0;
    cmp_dereference_kcb(cm, kcb);
}
