/* src/cm/check.c: the registry as a whole: does everything that was promised hold?
 *
 * First every bin is walked cell by cell, and where a cell in use begins is marked. Then the tree
 * is walked from the root, and each cell that is reached is unmarked: one that has no mark is no
 * cell or was reached before; a mark that stays is a cell that nobody refers to.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bitmap.h"
#include "cm/cmi.h"

struct check {
    struct cm *cm;
    CMHIVE *hive;
    struct bitmap used[CMP_STORAGES]; /* a bit for each 8 bytes */
    size_t violations;
};

__attribute__((format(printf, 3, 4))) static bool holds(struct check *c, bool what,
                                                        const char *format, ...)
{
    va_list arguments;

    if (what)
        return true;
    c->violations++;
    va_start(arguments, format);
    fputs("cm_check: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

/* ---- bins ---- */

static void check_bin(struct check *c, unsigned storage, const HBIN *bin, ULONG expected)
{
    bool was_free = false;

    if (!holds(c,
               bin->Signature == CMP_HBIN && bin->FileOffset == expected && bin->Size &&
                   bin->Size % CMP_BLOCK == 0,
               "bin at %x: header", expected))
        return;
    for (ULONG at = sizeof(*bin); at < bin->Size;) {
        LONG size = *(const LONG *)(const void *)((const char *)bin + at);
        ULONG bytes = (ULONG)(size < 0 ? -size : size);
        if (!holds(c, bytes && bytes % CMP_CELL_UNIT == 0 && bytes <= bin->Size - at,
                   "cell %x: size %d", expected + at, size))
            return;
        holds(c, !(was_free && size > 0), "cell %x: two free ones in a row", expected + at);
        was_free = size > 0;
        if (size < 0)
            bitmap_set(&c->used[storage], (expected + at) / CMP_CELL_UNIT);
        at += bytes;
    }
}

static void check_bins(struct check *c, unsigned storage)
{
    ULONG length = c->hive->Hive.Storage[storage].Length;
    ULONG bit = storage == CMP_VOLATILE ? CMP_VOLATILE_BIT : 0;

    for (ULONG at = 0; at < length;) {
        const HMAP_ENTRY *entry = cmp_map_entry(c->cm, c->hive, at | bit);
        const HBIN *bin = kspace_host(cmp_ks(c->cm), entry->BlockAddress);
        if (!holds(c, entry->MemAlloc && entry->BlockAddress == (entry->BinAddress & ~1ull),
                   "block %x: no bin begins there", at))
            return;
        check_bin(c, storage, bin, at);
        if (!bin->Size)
            return;
        at += bin->Size;
    }
}

/* ---- the tree ---- */

/* A cell that something refers to. => its contents, NULL: it is none, or reached twice */
static void *reach(struct check *c, ULONG cell, const char *what)
{
    struct bitmap *used = &c->used[cmp_storage_of(cell)];
    ULONG at = (cell & ~CMP_VOLATILE_BIT) / CMP_CELL_UNIT;

    if (!holds(c, cell % CMP_CELL_UNIT == 0 && at < used->bits && bitmap_test(used, at),
               "%s: cell %x is none, or is somebody else's", what, cell))
        return NULL;
    bitmap_clear(used, at);
    return cmp_cell(c->cm, c->hive, cell);
}

static void check_data(struct check *c, const CM_KEY_VALUE *value)
{
    ULONG size = value->DataLength;

    if (size & CMP_SMALL_DATA) {
        holds(c, cmp_value_size(value) <= sizeof(ULONG), "small data of %x bytes", size);
    } else if (size <= CMP_BIG_SEGMENT) {
        if (size && reach(c, value->Data, "data"))
            holds(c, cmp_cell_capacity(c->cm, c->hive, value->Data) >= size, "data: cell");
    } else {
        const CM_BIG_DATA *big = reach(c, value->Data, "big data");
        const ULONG *list = big ? reach(c, big->List, "segments") : NULL;
        holds(c, !big || big->Signature == CMP_BIG_DATA, "big data: signature");
        for (ULONG i = 0; list && i < big->Count; i++)
            reach(c, list[i], "segment");
    }
}

static void check_values(struct check *c, const CM_KEY_NODE *node)
{
    const ULONG *list = node->ValueList.Count ? reach(c, node->ValueList.List, "value list") : NULL;

    for (ULONG i = 0; list && i < node->ValueList.Count; i++) {
        const CM_KEY_VALUE *value = reach(c, list[i], "value");
        if (!value || !holds(c, value->Signature == CMP_VALUE, "value %x: signature", list[i]))
            continue;
        holds(c, cmp_name_length(cmp_value_name(value)) <= node->MaxValueNameLen,
              "value %x: MaxValueNameLen", list[i]);
        holds(c, cmp_value_size(value) <= node->MaxValueDataLen, "value %x: MaxValueDataLen",
              list[i]);
        check_data(c, value);
    }
}

/* The cells of an index, leaves included. => subkeys in it */
static ULONG check_index(struct check *c, ULONG cell)
{
    const CM_KEY_INDEX *index = reach(c, cell, "index");
    ULONG count = 0;

    if (!index)
        return 0;
    if (index->Signature == CMP_HASH_LEAF)
        return index->Count;
    holds(c, index->Signature == CMP_ROOT_INDEX, "index %x: signature", cell);
    for (ULONG i = 0; i < index->Count; i++) {
        const CM_KEY_INDEX *leaf = reach(c, index->List[i], "leaf");
        if (leaf)
            holds(c, leaf->Signature == CMP_HASH_LEAF && leaf->Count, "leaf %x", index->List[i]);
        count += leaf ? leaf->Count : 0;
    }
    return count;
}

static void check_node(struct check *c, ULONG cell, ULONG parent, unsigned level);

static void check_subkeys(struct check *c, const CM_KEY_NODE *node, ULONG cell, unsigned level)
{
    WCHAR before_text[CMP_MAX_NAME / sizeof(WCHAR)];
    struct cm_text before = {NULL, 0};

    for (int s = 0; s < CMP_STORAGES; s++) {
        if (node->SubKeyCounts[s])
            holds(c, check_index(c, node->SubKeyLists[s]) == node->SubKeyCounts[s],
                  "key %x: subkeys in storage %d", cell, s);
    }
    for (ULONG i = 0; i < cmp_subkey_count(node); i++) {
        ULONG child = cmp_subkey_at(c->cm, c->hive, node, i);
        if (!holds(c, child != CMP_NIL, "key %x: subkey %u is missing", cell, i))
            return;
        check_node(c, child, cell, level + 1);
        struct cmp_stored_name name = cmp_node_name(cmp_cell(c->cm, c->hive, child));
        holds(c, i == 0 || i == node->SubKeyCounts[0] || cmp_compare_name(before, name) < 0,
              "key %x: subkey %u is out of order", cell, i);
        before = cmp_widen_name(name, before_text);
        holds(c, cmp_find_subkey(c->cm, c->hive, node, before) == child,
              "key %x: subkey %u is not found by its name", cell, i);
    }
}

static void check_node(struct check *c, ULONG cell, ULONG parent, unsigned level)
{
    const CM_KEY_NODE *node = reach(c, cell, "key");

    if (!node || !holds(c, node->Signature == CMP_NODE && level < CMP_MAX_LEVELS, "key %x", cell))
        return;
    holds(c, parent == CMP_NIL || node->Parent == parent, "key %x: parent", cell);
    holds(c, (cmp_storage_of(cell) == CMP_VOLATILE) == ((node->Flags & CMP_KEY_VOLATILE) != 0),
          "key %x: storage", cell);
    if (node->Class != CMP_NIL)
        reach(c, node->Class, "class");
    const CM_KEY_SECURITY *security = cmp_cell(c->cm, c->hive, node->Security);
    holds(c, security->Signature == CMP_SECURITY, "key %x: security", cell);
    if (node->Flags & CMP_KEY_HIVE_EXIT)
        return;
    check_values(c, node);
    check_subkeys(c, node, cell, level);
}

static void check_security(struct check *c)
{
    const CM_KEY_SECURITY_CACHE_ENTRY *cache = k2h(cmp_ks(c->cm), c->hive->SecurityCache);

    for (ULONG i = 0; i < c->hive->SecurityCount; i++)
        reach(c, cache[i].Cell, "security");
}

/* ---- control blocks ---- */

static void check_kcb(struct check *c, CM_KEY_CONTROL_BLOCK *kcb)
{
    const CM_KEY_NODE *node = cmp_node_of(c->cm, kcb);
    unsigned bodies = 0;

    holds(c, kcb->RefCount && !kcb->Delete && cmp_hive_of(c->cm, kcb) == c->hive,
          "control block of %x", kcb->KeyCell);
    holds(c,
          node->Signature == CMP_NODE && kcb->SubKeyCount == cmp_subkey_count(node) &&
              kcb->ValueCache.Count == node->ValueList.Count && kcb->Flags == node->Flags &&
              kcb->KcbLastWriteTime.QuadPart == node->LastWriteTime.QuadPart,
          "control block of %x: does not agree with its key", kcb->KeyCell);
    for (size_t i = 0; i < sizeof(kcb->KeyBodyArray) / sizeof(*kcb->KeyBodyArray); i++)
        bodies += kcb->KeyBodyArray[i].va != 0;
    ke_list_for_each(cmp_ks(c->cm), entry, &kcb->KeyBodyListHead) bodies++;
    holds(c, bodies <= kcb->RefCount, "control block of %x: references", kcb->KeyCell);
}

static void check_kcbs(struct check *c)
{
    const CM_KEY_HASH_TABLE_ENTRY *table = k2h(cmp_ks(c->cm), c->hive->KcbCacheTable);

    for (ULONG i = 0; i < c->hive->KcbCacheTableSize; i++) {
        CM_KEY_HASH *hash = k2h(cmp_ks(c->cm), table[i].Entry);
        for (; hash; hash = k2h(cmp_ks(c->cm), hash->NextHash)) {
            holds(c, hash->ConvKey % c->hive->KcbCacheTableSize == i, "bucket %u", i);
            check_kcb(c, (CM_KEY_CONTROL_BLOCK *)(void *)((char *)hash -
                                                          offsetof(CM_KEY_CONTROL_BLOCK, KeyHash)));
        }
    }
}

static void check_hive(struct check *c)
{
    const HHIVE *hive = &c->hive->Hive;
    const HBASE_BLOCK *base = k2h(cmp_ks(c->cm), hive->BaseBlock);

    holds(c,
          hive->Signature == CMP_HIVE_SIGNATURE && base->Signature == CMP_REGF &&
              base->Length == hive->Storage[CMP_STABLE].Length,
          "hive %llx: header", (unsigned long long)h2k(cmp_ks(c->cm), hive));
    for (unsigned s = 0; s < CMP_STORAGES; s++) {
        c->used[s].bits = hive->Storage[s].Length / CMP_CELL_UNIT;
        c->used[s].words = calloc(BITMAP_WORDS(c->used[s].bits) + 1, sizeof(*c->used[s].words));
        ASSERT(c->used[s].words);
        check_bins(c, s);
    }
    check_node(c, base->RootCell, CMP_NIL, 0);
    check_security(c);
    for (unsigned s = 0; s < CMP_STORAGES; s++) {
        size_t left = bitmap_next_set(&c->used[s], 0);
        holds(c, left == BITMAP_NONE, "cell %zx of storage %u: nobody refers to it",
              left * CMP_CELL_UNIT, s);
        free(c->used[s].words);
    }
    check_kcbs(c);
}

size_t cm_check(struct cm *cm)
{
    struct check c = {.cm = cm};

    cmp_lock(cm);
    ke_list_for_each(cmp_ks(cm), entry, cm->ke->nt.CmpHiveListHead)
    {
        c.hive = ke_list_entry(entry, CMHIVE, HiveList);
        check_hive(&c);
    }
    cmp_unlock(cm);
    return c.violations;
}
