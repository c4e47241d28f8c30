/* hives.c: the registry as memory holds it. See hives.h.
 *
 * Source: the layout of registry files as published; nt's own types through its PDB. */
#include "kd/hives.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "kd/types.h"

#define HIVE_SIGNATURE 0xBEE0BEE0u
#define HIVES_MOST 4096
#define NAME_BYTES_MOST 1024u
#define SUBKEYS_MOST 1000000u
#define VALUES_MOST 65536u
#define LEVELS_MOST 512
#define LINKS_MOST 32
#define BUCKETS_MOST 65536
#define CHAIN_MOST 4096 /* control blocks of one bucket */
#define BIG_SEGMENT 16344u
#define SMALL_DATA 0x80000000u
#define LINK_BYTES 1024

/* ---- hives ---- */

static bool read_hive(struct kd *kd, uint64_t address, struct kd_hive *hive)
{
    uint64_t offset;
    hive->address = address;
    if (kd_field(kd, "_CMHIVE", address, "Hive.Signature") != HIVE_SIGNATURE ||
        !kd_offset(kd, "_CMHIVE", "HiveRootPath", &offset)) {
        return false;
    }
    if (!kd_read_unicode_string(kd->symbols, address + offset, hive->root, sizeof hive->root)) {
        strcpy(hive->root, "????????");
    }
    return true;
}

bool kd_hive_open(struct kd *kd, uint64_t address, struct kd_hive *hive)
{
    return read_hive(kd, address, hive) ||
           kd_error(kd, "%016" PRIx64 " is not a hive in memory", address);
}

struct each {
    kd_hive_visit *visit;
    void *context;
    bool damaged;
};

static bool visit_hive(struct kd *kd, uint64_t element, void *context)
{
    struct each *each = context;
    struct kd_hive hive;
    if (!read_hive(kd, element, &hive)) {
        each->damaged = true;
        return false;
    }
    return each->visit(kd, &hive, each->context);
}

bool kd_hives_each(struct kd *kd, kd_hive_visit *visit, void *context)
{
    uint64_t head = kd_nt_address(kd, "CmpHiveListHead"), link;
    struct each each = {visit, context, false};
    if (head == 0 || !kd_offset(kd, "_CMHIVE", "HiveList", &link)) {
        return kd_error(kd, "nt's symbols do not know the registry");
    }
    return (kd_list_each(kd, head, link, HIVES_MOST, visit_hive, &each) && !each.damaged) ||
           kd_error(kd, "The list of hives is not in memory, or damaged");
}

/* ---- cells ---- */

bool kd_cell_find(struct kd *kd, const struct kd_hive *hive, uint32_t index, struct kd_cell *cell)
{
    char path[64];
    uint64_t length, block;
    uint32_t size;
    *cell = (struct kd_cell){
        .storage = index >> 31,
        .table = index >> 21 & 0x3FF,
        .block = index >> 12 & 0x1FF,
        .offset = index & 0xFFF,
    };
    uint64_t entry_size = kd_type_size(kd->symbols, "nt", "_HMAP_ENTRY");
    snprintf(path, sizeof path, "Hive.Storage[%u].Length", cell->storage);
    if (!kd_read_nt(kd, "_CMHIVE", hive->address, path, &length) ||
        (index & ~SMALL_DATA) >= length) {
        return false;
    }
    snprintf(path, sizeof path, "Hive.Storage[%u].Map", cell->storage);
    cell->map = kd_field(kd, "_CMHIVE", hive->address, path);
    if (!kd_read_u64(kd, cell->map + 8 * cell->table, &cell->map_table) ||
        !kd_read_nt(kd, "_HMAP_ENTRY", cell->map_table + cell->block * entry_size, "BlockAddress",
                    &block)) {
        return false;
    }
    cell->block_address = block;
    cell->address = block + cell->offset + sizeof size;
    if (block == 0 || !kd_read_u32(kd, cell->address - sizeof size, &size) ||
        (int32_t)size > -(int32_t)sizeof size || (int32_t)size == INT32_MIN) {
        return false;
    }
    cell->size = 0u - size - (uint32_t)sizeof size;
    return true;
}

/* The first `size` bytes of a cell. => false: it has fewer, or is not in memory */
static bool read_cell(struct kd *kd, const struct kd_hive *hive, uint32_t index, void *buffer,
                      size_t size)
{
    struct kd_cell cell;
    return kd_cell_find(kd, hive, index, &cell) && size <= cell.size &&
           kd_read(kd, cell.address, buffer, size);
}

/* ---- names ---- */

static void read_name(struct kd *kd, uint64_t at, uint64_t length, bool compressed,
                      char name[KD_HIVE_NAME])
{
    uint8_t bytes[NAME_BYTES_MOST];
    uint16_t wide[NAME_BYTES_MOST];
    size_t size = length < sizeof bytes ? (size_t)length : sizeof bytes;
    if (!kd_read(kd, at, bytes, size)) {
        strcpy(name, "????????");
        return;
    }
    size_t count = compressed ? size : size / 2;
    for (size_t i = 0; i < count; i++) {
        wide[i] = compressed ? bytes[i] : (uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    }
    kd_utf16_text(wide, count, name, KD_HIVE_NAME);
}

static void member_name(struct kd *kd, const char *type, uint64_t address, bool compressed,
                        char name[KD_HIVE_NAME])
{
    uint64_t offset, length;
    strcpy(name, "????????");
    if (kd_offset(kd, type, "Name", &offset) &&
        kd_read_nt(kd, type, address, "NameLength", &length)) {
        read_name(kd, address + offset, length, compressed, name);
    }
}

void kd_key_name(struct kd *kd, uint64_t node, char name[KD_HIVE_NAME])
{
    bool compressed = kd_field(kd, "_CM_KEY_NODE", node, "Flags") & KD_KEY_COMP_NAME;
    member_name(kd, "_CM_KEY_NODE", node, compressed, name);
}

void kd_value_name(struct kd *kd, uint64_t value, char name[KD_HIVE_NAME])
{
    member_name(kd, "_CM_KEY_VALUE", value, kd_field(kd, "_CM_KEY_VALUE", value, "Flags") & 1,
                name);
}

/* ---- subkeys ---- */

struct index_walk {
    const struct kd_hive *hive;
    kd_subkey_visit *visit;
    void *context;
    uint32_t left; /* subkeys that may still come */
    bool stopped;
};

static bool visit_element(struct kd *kd, struct index_walk *w, uint32_t cell)
{
    struct kd_cell found;
    if (w->left-- == 0 || !kd_cell_find(kd, w->hive, cell, &found)) {
        return false;
    }
    w->stopped = kd_interrupted(kd) || !w->visit(kd, cell, found.address, w->context);
    return true;
}

/* Leaves with hashes (lh), with the first letters (lf), without either (li), roots of them (ri). */
static bool walk_index(struct kd *kd, struct index_walk *w, uint32_t index, bool leaves_only)
{
    struct kd_cell cell;
    uint8_t head[4];
    if (!kd_cell_find(kd, w->hive, index, &cell) || !kd_read(kd, cell.address, head, sizeof head)) {
        return false;
    }
    bool root = !memcmp(head, "ri", 2), plain = !memcmp(head, "li", 2);
    uint32_t count = head[2] | (uint32_t)head[3] << 8, step = root || plain ? 4 : 8, element;
    if ((!root && !plain && memcmp(head, "lh", 2) && memcmp(head, "lf", 2)) ||
        (root && leaves_only) || sizeof head + (uint64_t)count * step > cell.size) {
        return false;
    }
    for (uint32_t i = 0; i < count && !w->stopped; i++) {
        if (!kd_read_u32(kd, cell.address + sizeof head + i * step, &element) ||
            !(root ? walk_index(kd, w, element, true) : visit_element(kd, w, element))) {
            return false;
        }
    }
    return true;
}

bool kd_subkeys_each(struct kd *kd, const struct kd_hive *hive, uint64_t node,
                     kd_subkey_visit *visit, void *context)
{
    static const char *const counts[] = {"SubKeyCounts[0]", "SubKeyCounts[1]"};
    static const char *const lists[] = {"SubKeyLists[0]", "SubKeyLists[1]"};
    struct index_walk walk = {.hive = hive, .visit = visit, .context = context};
    if (kd_field(kd, "_CM_KEY_NODE", node, "Flags") & KD_KEY_HIVE_EXIT) {
        return true;
    }
    for (int i = 0; i < 2 && !walk.stopped; i++) {
        uint64_t count, list;
        if (!kd_read_nt(kd, "_CM_KEY_NODE", node, counts[i], &count) ||
            !kd_read_nt(kd, "_CM_KEY_NODE", node, lists[i], &list) || count > SUBKEYS_MOST) {
            return false;
        }
        walk.left = (uint32_t)count;
        if (count != 0 && !walk_index(kd, &walk, (uint32_t)list, false)) {
            return false;
        }
    }
    return true;
}

/* ---- values ---- */

bool kd_values_each(struct kd *kd, const struct kd_hive *hive, uint64_t node, kd_value_visit *visit,
                    void *context)
{
    uint64_t count, list;
    struct kd_cell cell, value;
    uint32_t index;
    if (!kd_read_nt(kd, "_CM_KEY_NODE", node, "ValueList.Count", &count) ||
        !kd_read_nt(kd, "_CM_KEY_NODE", node, "ValueList.List", &list)) {
        return false;
    }
    if (count == 0 || kd_field(kd, "_CM_KEY_NODE", node, "Flags") & KD_KEY_HIVE_EXIT) {
        return true;
    }
    if (count > VALUES_MOST || !kd_cell_find(kd, hive, (uint32_t)list, &cell) ||
        count * sizeof index > cell.size) {
        return false;
    }
    for (uint64_t i = 0; i < count && !kd_interrupted(kd); i++) {
        if (!kd_read_u32(kd, cell.address + i * sizeof index, &index) ||
            !kd_cell_find(kd, hive, index, &value)) {
            return false;
        }
        if (!visit(kd, value.address, context)) {
            break;
        }
    }
    return true;
}

size_t kd_value_data(struct kd *kd, const struct kd_hive *hive, uint64_t value, void *buffer,
                     size_t capacity, uint32_t *size)
{
    uint32_t length = (uint32_t)kd_field(kd, "_CM_KEY_VALUE", value, "DataLength");
    uint32_t data = (uint32_t)kd_field(kd, "_CM_KEY_VALUE", value, "Data"), first;
    struct {
        uint16_t signature, count;
        uint32_t list;
    } big;
    *size = length & ~SMALL_DATA;
    size_t wanted = *size < capacity ? *size : capacity;
    if (length & SMALL_DATA) {
        wanted = wanted < sizeof data ? wanted : sizeof data;
        memcpy(buffer, &data, wanted);
        return wanted;
    }
    if (length > BIG_SEGMENT && read_cell(kd, hive, data, &big, sizeof big) &&
        !memcmp(&big.signature, "db", 2) && read_cell(kd, hive, big.list, &first, sizeof first)) {
        data = first; /* as much as is shown lies in the first segment */
        wanted = wanted < BIG_SEGMENT ? wanted : BIG_SEGMENT;
    }
    return wanted != 0 && read_cell(kd, hive, data, buffer, wanted) ? wanted : 0;
}

/* ---- paths ---- */

struct by_name {
    const char *name;
    uint32_t cell;
    uint64_t node;
};

static bool compare_subkey(struct kd *kd, uint32_t cell, uint64_t node, void *context)
{
    struct by_name *search = context;
    char name[KD_HIVE_NAME];
    kd_key_name(kd, node, name);
    if (strcasecmp(name, search->name)) {
        return true;
    }
    search->cell = cell;
    search->node = node;
    return false;
}

static bool enter_root(struct kd *kd, uint64_t address, struct kd_key *key)
{
    struct kd_cell cell;
    if (!read_hive(kd, address, &key->hive)) {
        return false;
    }
    uint64_t base = kd_field(kd, "_CMHIVE", address, "Hive.BaseBlock");
    key->cell = (uint32_t)kd_field(kd, "_HBASE_BLOCK", base, "RootCell");
    if (!kd_cell_find(kd, &key->hive, key->cell, &cell)) {
        return false;
    }
    key->node = cell.address;
    return true;
}

/* One component further, and into the hive that a link node stands for. */
static bool step(struct kd *kd, const char *name, struct kd_key *key)
{
    struct by_name search = {.name = name, .node = 0};
    if (!kd_subkeys_each(kd, &key->hive, key->node, compare_subkey, &search) || search.node == 0) {
        return false;
    }
    key->cell = search.cell;
    key->node = search.node;
    if (kd_field(kd, "_CM_KEY_NODE", key->node, "Flags") & KD_KEY_HIVE_EXIT) {
        uint64_t hive = kd_field(kd, "_CM_KEY_NODE", key->node, "ChildHiveReference.KeyHive");
        return enter_root(kd, hive, key);
    }
    return true;
}

struct link_target {
    const struct kd_hive *hive;
    char *text;
    size_t size;
    bool found;
};

static bool read_link(struct kd *kd, uint64_t value, void *context)
{
    struct link_target *target = context;
    char name[KD_HIVE_NAME];
    uint16_t wide[LINK_BYTES / 2];
    uint32_t size;
    kd_value_name(kd, value, name);
    if (strcasecmp(name, "SymbolicLinkValue")) {
        return true;
    }
    size_t bytes = kd_value_data(kd, target->hive, value, wide, sizeof wide, &size);
    kd_utf16_text(wide, bytes / 2, target->text, target->size);
    target->found = bytes != 0;
    return false;
}

static bool find_key(struct kd *kd, const char *path, struct kd_key *key, unsigned links)
{
    char name[KD_HIVE_NAME];
    uint64_t master = kd_nt_pointer(kd, "CmpMasterHive");
    const char *at = path + strspn(path, "\\");
    size_t length = strcspn(at, "\\");
    if (length != strlen("REGISTRY") || strncasecmp(at, "REGISTRY", length) || links > LINKS_MOST ||
        !enter_root(kd, master, key)) {
        return false;
    }
    for (at += length; *(at += strspn(at, "\\")) != 0; at += length) {
        length = strcspn(at, "\\");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        if (!step(kd, name, key)) {
            return false;
        }
        if (kd_field(kd, "_CM_KEY_NODE", key->node, "Flags") & KD_KEY_SYM_LINK &&
            at[length] == '\\') {
            char whole[KD_HIVE_PATH], text[KD_HIVE_NAME];
            struct kd_hive hive = key->hive;
            struct link_target target = {&hive, text, sizeof text, false};
            kd_values_each(kd, &hive, key->node, read_link, &target);
            int size = snprintf(whole, sizeof whole, "%s%s", text, at + length);
            return target.found && size < (int)sizeof whole && find_key(kd, whole, key, links + 1);
        }
    }
    return true;
}

bool kd_key_find(struct kd *kd, const char *path, struct kd_key *key)
{
    return find_key(kd, path, key, 0);
}

/* ---- key control blocks ---- */

void kd_kcbs_each(struct kd *kd, const struct kd_hive *hive, kd_kcb_visit *visit, void *context)
{
    uint64_t table = kd_field(kd, "_CMHIVE", hive->address, "KcbCacheTable");
    uint64_t size = kd_field(kd, "_CMHIVE", hive->address, "KcbCacheTableSize"), offset;
    uint64_t entry_size = kd_type_size(kd->symbols, "nt", "_CM_KEY_HASH_TABLE_ENTRY");
    if (size > BUCKETS_MOST || !kd_offset(kd, "_CM_KEY_CONTROL_BLOCK", "KeyHash", &offset)) {
        return;
    }
    for (unsigned i = 0; i < size && !kd_interrupted(kd); i++) {
        uint64_t at = table + i * entry_size;
        uint64_t hash = kd_field(kd, "_CM_KEY_HASH_TABLE_ENTRY", at, "Entry");
        for (unsigned n = 0; hash != 0 && n < CHAIN_MOST; n++) {
            if (!visit(kd, hash - offset, i, context)) {
                return;
            }
            hash = kd_field(kd, "_CM_KEY_HASH", hash, "NextHash");
        }
    }
}

void kd_kcb_name(struct kd *kd, uint64_t kcb, char path[KD_HIVE_PATH])
{
    char name[KD_HIVE_NAME];
    size_t at = KD_HIVE_PATH - 1;
    path[at] = 0;
    for (int level = 0; kcb != 0 && level < LEVELS_MOST; level++) {
        uint64_t block = kd_field(kd, "_CM_KEY_CONTROL_BLOCK", kcb, "NameBlock");
        bool compressed = kd_field(kd, "_CM_NAME_CONTROL_BLOCK", block, "Compressed");
        member_name(kd, "_CM_NAME_CONTROL_BLOCK", block, compressed, name);
        size_t length = strlen(name);
        if (length + 1 > at) {
            break;
        }
        at -= length;
        memcpy(path + at, name, length);
        path[--at] = '\\';
        kcb = kd_field(kd, "_CM_KEY_CONTROL_BLOCK", kcb, "ParentKcb");
    }
    memmove(path, path + at, KD_HIVE_PATH - at);
}
