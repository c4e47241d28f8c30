/* src/cm/index.c: the subkeys of a key, in the order of their names.
 *
 * Each storage of a key has a list of its own (SubKeyLists). Up to 507 subkeys are in one leaf; a
 * leaf that is full is cut in two under a root index, which keeps leaves in order:
 *
 *      lh | count | cell, hash | cell, hash | ...          ri | count | leaf | leaf | ...
 *
 * A leaf's hash is that of the name in upper case, so that a reader who looks for one name seldom
 * has to read others. A leaf below a root index is never empty. */
#include "cm/cmi.h"

struct cmp_stored_name cmp_node_name(const CM_KEY_NODE *node)
{
    return (struct cmp_stored_name){(const char *)node + offsetof(CM_KEY_NODE, Name),
                                    node->NameLength, (node->Flags & CMP_KEY_COMP_NAME) != 0};
}

struct element {
    ULONG cell;
    ULONG hash;
};

static struct element *elements(CM_KEY_INDEX *leaf)
{
    return (struct element *)(void *)leaf->List;
}

static ULONG leaf_size(ULONG count)
{
    return (ULONG)(offsetof(CM_KEY_INDEX, List) + count * sizeof(struct element));
}

static ULONG root_size(ULONG count)
{
    return (ULONG)(offsetof(CM_KEY_INDEX, List) + count * sizeof(ULONG));
}

static CM_KEY_INDEX *index_at(struct cm *cm, CMHIVE *hive, ULONG cell)
{
    return cmp_cell(cm, hive, cell);
}

static int compare_with(struct cm *cm, CMHIVE *hive, struct cm_text name, ULONG cell)
{
    return cmp_compare_name(name, cmp_node_name(cmp_cell(cm, hive, cell)));
}

/* Where `name` stands in a leaf, or would: the first element that is not before it. */
static ULONG position(struct cm *cm, CMHIVE *hive, CM_KEY_INDEX *leaf, struct cm_text name,
                      bool *found)
{
    ULONG low = 0, high = leaf->Count;

    *found = false;
    while (low < high && !*found) {
        ULONG middle = low + (high - low) / 2;
        int order = compare_with(cm, hive, name, elements(leaf)[middle].cell);
        if (order == 0) {
            low = middle;
            *found = true;
        } else if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* The leaf of a root index in which `name` is, if it is anywhere: the last one that begins with it
 * or before it. */
static ULONG leaf_for(struct cm *cm, CMHIVE *hive, const CM_KEY_INDEX *root, struct cm_text name)
{
    ULONG low = 0, high = root->Count;

    while (high - low > 1) {
        ULONG middle = low + (high - low) / 2;
        CM_KEY_INDEX *leaf = index_at(cm, hive, root->List[middle]);
        if (compare_with(cm, hive, name, elements(leaf)[0].cell) < 0)
            high = middle;
        else
            low = middle;
    }
    return low;
}

ULONG cmp_find_subkey(struct cm *cm, CMHIVE *hive, const CM_KEY_NODE *parent, struct cm_text name)
{
    for (int storage = 0; storage < CMP_STORAGES; storage++) {
        bool found;

        if (!parent->SubKeyCounts[storage])
            continue;
        CM_KEY_INDEX *leaf = index_at(cm, hive, parent->SubKeyLists[storage]);
        if (leaf->Signature == CMP_ROOT_INDEX)
            leaf = index_at(cm, hive, leaf->List[leaf_for(cm, hive, leaf, name)]);
        ULONG at = position(cm, hive, leaf, name, &found);
        if (found)
            return elements(leaf)[at].cell;
    }
    return CMP_NIL;
}

ULONG cmp_subkey_at(struct cm *cm, CMHIVE *hive, const CM_KEY_NODE *parent, ULONG index)
{
    for (int storage = 0; storage < CMP_STORAGES; storage++) {
        if (index >= parent->SubKeyCounts[storage]) {
            index -= parent->SubKeyCounts[storage];
            continue;
        }
        CM_KEY_INDEX *list = index_at(cm, hive, parent->SubKeyLists[storage]);
        if (list->Signature != CMP_ROOT_INDEX)
            return elements(list)[index].cell;
        for (ULONG i = 0; i < list->Count; i++) {
            CM_KEY_INDEX *leaf = index_at(cm, hive, list->List[i]);
            if (index < leaf->Count)
                return elements(leaf)[index].cell;
            index -= leaf->Count;
        }
        break;
    }
    return CMP_NIL;
}

/* ---- changing ---- */

static ULONG new_leaf(struct cm *cm, CMHIVE *hive, unsigned storage, ULONG count)
{
    ULONG cell = cmp_allocate_cell(cm, hive, storage, leaf_size(count));

    if (cell != CMP_NIL)
        index_at(cm, hive, cell)->Signature = CMP_HASH_LEAF;
    return cell;
}

/* Cut leaf number `at` of a root index in two halves. => false: no pool, nothing changed */
static bool split_leaf(struct cm *cm, CMHIVE *hive, ULONG *root_cell, ULONG at)
{
    CM_KEY_INDEX *root = index_at(cm, hive, *root_cell);
    CM_KEY_INDEX *leaf = index_at(cm, hive, root->List[at]);
    ULONG keep = leaf->Count / 2u, moved = leaf->Count - keep;
    ULONG right_cell = new_leaf(cm, hive, cmp_storage_of(*root_cell), moved);

    if (right_cell == CMP_NIL)
        return false;
    ULONG grown = cmp_grow_cell(cm, hive, *root_cell, root_size(root->Count + 1u));
    if (grown == CMP_NIL) {
        cmp_free_cell(cm, hive, right_cell);
        return false;
    }
    *root_cell = grown;
    root = index_at(cm, hive, grown);
    CM_KEY_INDEX *right = index_at(cm, hive, right_cell);
    memcpy(elements(right), elements(leaf) + keep, moved * sizeof(struct element));
    right->Count = (USHORT)moved;
    leaf->Count = (USHORT)keep;
    memmove(&root->List[at + 2], &root->List[at + 1], (root->Count - at - 1) * sizeof(ULONG));
    root->List[at + 1] = right_cell;
    root->Count++;
    return true;
}

/* Put a full leaf below a new root index. */
static bool make_root(struct cm *cm, CMHIVE *hive, ULONG *list)
{
    ULONG cell = cmp_allocate_cell(cm, hive, cmp_storage_of(*list), root_size(2));

    if (cell == CMP_NIL)
        return false;
    CM_KEY_INDEX *root = index_at(cm, hive, cell);
    root->Signature = CMP_ROOT_INDEX;
    root->Count = 1;
    root->List[0] = *list;
    *list = cell;
    return true;
}

/* Enter an element into the leaf at *leaf_cell, which may move. => it is not full */
static bool insert_in_leaf(struct cm *cm, CMHIVE *hive, ULONG *leaf_cell, struct cm_text name,
                           ULONG child)
{
    CM_KEY_INDEX *leaf = index_at(cm, hive, *leaf_cell);
    bool found;
    ULONG at = position(cm, hive, leaf, name, &found), count = leaf->Count;

    ASSERT(!found);
    if (leaf_size(count + 1) > cmp_cell_capacity(cm, hive, *leaf_cell)) {
        ULONG room = count + count / 2 + 1;
        ULONG grown = cmp_grow_cell(cm, hive, *leaf_cell,
                                    leaf_size(room < CMP_MAX_LEAF ? room : CMP_MAX_LEAF));
        if (grown == CMP_NIL)
            return false;
        *leaf_cell = grown;
        leaf = index_at(cm, hive, grown);
    }
    struct element *all = elements(leaf);
    memmove(all + at + 1, all + at, (count - at) * sizeof(*all));
    all[at] = (struct element){child, cmp_hash_name(0, name)};
    leaf->Count++;
    return true;
}

/* Enter an element into a list, which may move and change its form. => false: no pool */
static bool insert(struct cm *cm, CMHIVE *hive, ULONG *list, struct cm_text name, ULONG child)
{
    CM_KEY_INDEX *index = index_at(cm, hive, *list);

    if (index->Signature == CMP_HASH_LEAF && index->Count < CMP_MAX_LEAF)
        return insert_in_leaf(cm, hive, list, name, child);
    if (index->Signature == CMP_HASH_LEAF && !make_root(cm, hive, list))
        return false;
    index = index_at(cm, hive, *list);
    ULONG at = leaf_for(cm, hive, index, name);
    if (index_at(cm, hive, index->List[at])->Count == CMP_MAX_LEAF) {
        if (!split_leaf(cm, hive, list, at))
            return false;
        index = index_at(cm, hive, *list);
        at = leaf_for(cm, hive, index, name);
    }
    return insert_in_leaf(cm, hive, &index->List[at], name, child);
}

bool cmp_add_subkey(struct cm *cm, CMHIVE *hive, CM_KEY_NODE *parent, ULONG child)
{
    WCHAR text[CMP_MAX_NAME / sizeof(WCHAR)];
    struct cm_text name = cmp_widen_name(cmp_node_name(cmp_cell(cm, hive, child)), text);
    unsigned storage = cmp_storage_of(child);
    bool first = !parent->SubKeyCounts[storage];
    ULONG list = first ? new_leaf(cm, hive, storage, 1) : parent->SubKeyLists[storage];

    if (list == CMP_NIL)
        return false;
    bool added = insert(cm, hive, &list, name, child);
    if (first && !added) {
        cmp_free_cell(cm, hive, list);
        list = CMP_NIL;
    }
    parent->SubKeyLists[storage] = list;
    parent->SubKeyCounts[storage] += added;
    return added;
}

static void remove_from_leaf(struct cm *cm, CMHIVE *hive, CM_KEY_INDEX *leaf, struct cm_text name)
{
    bool found;
    ULONG at = position(cm, hive, leaf, name, &found);
    struct element *all = elements(leaf);

    ASSERT(found);
    leaf->Count--;
    memmove(all + at, all + at + 1, (leaf->Count - at) * sizeof(*all));
}

void cmp_remove_subkey(struct cm *cm, CMHIVE *hive, CM_KEY_NODE *parent, ULONG child)
{
    WCHAR text[CMP_MAX_NAME / sizeof(WCHAR)];
    struct cm_text name = cmp_widen_name(cmp_node_name(cmp_cell(cm, hive, child)), text);
    unsigned storage = cmp_storage_of(child);
    CM_KEY_INDEX *index = index_at(cm, hive, parent->SubKeyLists[storage]);

    if (index->Signature == CMP_ROOT_INDEX) {
        ULONG at = leaf_for(cm, hive, index, name), leaf = index->List[at];
        remove_from_leaf(cm, hive, index_at(cm, hive, leaf), name);
        if (!index_at(cm, hive, leaf)->Count) {
            cmp_free_cell(cm, hive, leaf);
            index->Count--;
            memmove(&index->List[at], &index->List[at + 1], (index->Count - at) * sizeof(ULONG));
        }
    } else {
        remove_from_leaf(cm, hive, index, name);
    }
    if (--parent->SubKeyCounts[storage] == 0) {
        cmp_free_cell(cm, hive, parent->SubKeyLists[storage]);
        parent->SubKeyLists[storage] = CMP_NIL;
    }
}
