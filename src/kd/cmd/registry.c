/* src/kd/cmd/registry.c: !reg: hives, keys and values, cells, and which keys are open.
 *
 * A table of its own: `!reg NAME ARGUMENTS` is the row with that name.
 *
 * Source: debugger documentation, "!reg". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kd/cmd/cmd.h"
#include "kd/hives.h"
#include "kd/kdi.h"
#include "kd/types.h"

#define DATA_SHOWN 512

/* ---- arguments ---- */

/* The hive and, behind it, another number. */
static bool take_hive(struct kd *kd, const char **args, struct kd_hive *hive)
{
    uint64_t address;
    return kd_evaluate(kd, args, &address) && kd_hive_open(kd, address, hive);
}

static bool take_address(struct kd *kd, const char *args, const char *type, const char *member,
                         uint64_t *address)
{
    uint64_t value;
    return kd_evaluate(kd, &args, address) &&
           (kd_read_nt(kd, type, *address, member, &value) ||
            kd_error(kd, "%016" PRIx64 " is not in memory", *address));
}

/* ---- hives ---- */

static bool show_hive(struct kd *kd, const struct kd_hive *hive, void *context)
{
    uint64_t at = hive->address;
    (void)context;
    kd_printf(kd,
              "| %016" PRIx64 " | %9" PRIx64 " | %016" PRIx64 " | %9" PRIx64 " | %016" PRIx64
              " | %5" PRIu64 " | %5" PRIu64 " | %016" PRIx64 " | %s\n",
              at, kd_field(kd, "_CMHIVE", at, "Hive.Storage[0].Length"),
              kd_field(kd, "_CMHIVE", at, "Hive.Storage[0].Map"),
              kd_field(kd, "_CMHIVE", at, "Hive.Storage[1].Length"),
              kd_field(kd, "_CMHIVE", at, "Hive.Storage[1].Map"),
              kd_field(kd, "_CMHIVE", at, "MappedViewCount"),
              kd_field(kd, "_CMHIVE", at, "PinnedViewCount"),
              kd_field(kd, "_CMHIVE", at, "Hive.BaseBlock"), hive->root);
    return !kd_interrupted(kd);
}

static bool hive_list(struct kd *kd, const char *args)
{
    (void)args;
    kd_printf(kd, "| %-16s | %9s | %-16s | %9s | %-16s | %5s | %5s | %-16s | %s\n", "HiveAddr",
              "Stable", "Stable Map", "Volatile", "Volatile Map", "Views", "Pins", "BaseBlock",
              "Name");
    return kd_hives_each(kd, show_hive, NULL);
}

static bool base_block(struct kd *kd, const char *args)
{
    static const char *const members[] = {"Signature", "Sequence1", "Sequence2", "Major",
                                          "Minor",     "Type",      "Format",    "RootCell",
                                          "Length",    "Cluster",   "CheckSum"};
    struct kd_hive hive;
    uint64_t value;
    if (!take_hive(kd, &args, &hive)) {
        return false;
    }
    uint64_t base = kd_field(kd, "_CMHIVE", hive.address, "Hive.BaseBlock");
    kd_printf(kd, "BaseBlock %016" PRIx64 "\n", base);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (!kd_read_nt(kd, "_HBASE_BLOCK", base, members[i], &value)) {
            return kd_error(kd, "It is not in memory");
        }
        kd_printf(kd, "  %-12s : %" PRIx64 "\n", members[i], value);
    }
    return true;
}

static bool cell_index(struct kd *kd, const char *args)
{
    struct kd_hive hive;
    struct kd_cell cell;
    uint64_t index;
    if (!take_hive(kd, &args, &hive) || !kd_evaluate(kd, &args, &index)) {
        return false;
    }
    bool found = kd_cell_find(kd, &hive, (uint32_t)index, &cell);
    kd_printf(kd, "Map = %016" PRIx64 " Type = %x Table = %x Block = %x Offset = %x\n", cell.map,
              cell.storage, cell.table, cell.block, cell.offset);
    if (!found) {
        return kd_error(kd, "No cell of the hive that is in use, or it is not in memory");
    }
    kd_printf(kd,
              "MapTable     = %016" PRIx64 "\nBlockAddress = %016" PRIx64 "\n\npcell:  %016" PRIx64
              "\n",
              cell.map_table, cell.block_address, cell.address);
    return true;
}

/* ---- keys ---- */

static bool show_subkey(struct kd *kd, uint32_t cell, uint64_t node, void *context)
{
    char name[KD_HIVE_NAME];
    unsigned *count = context;
    (void)cell;
    if ((*count)++ == 0) {
        kd_printf(kd, "\n[SubKeyAddr]         [SubKeyName]\n");
    }
    kd_key_name(kd, node, name);
    kd_printf(kd, "%016" PRIx64 "     %s\n", node, name);
    return true;
}

static const char *type_name(uint64_t type, char out[20])
{
    static const char *const names[] = {"REG_NONE",   "REG_SZ",      "REG_EXPAND_SZ",
                                        "REG_BINARY", "REG_DWORD",   "REG_DWORD_BIG_ENDIAN",
                                        "REG_LINK",   "REG_MULTI_SZ"};
    if (type < sizeof names / sizeof names[0]) {
        return names[type];
    }
    if (type == 11) {
        return "REG_QWORD";
    }
    snprintf(out, 20, "%" PRIx64, type);
    return out;
}

/* Texts up to their null, the strings of REG_MULTI_SZ apart by blanks; numbers; bytes. */
static void show_data(struct kd *kd, uint64_t type, const uint8_t *data, size_t size)
{
    if (type == 1 || type == 2 || type == 6 || type == 7) {
        uint16_t wide[DATA_SHOWN / 2];
        char text[2 * DATA_SHOWN];
        memcpy(wide, data, size / 2 * 2);
        for (size_t i = 0; type == 7 && i < size / 2; i++) {
            bool last = i + 1 >= size / 2 || wide[i + 1] == 0;
            wide[i] = wide[i] == 0 && !last ? ' ' : wide[i];
        }
        kd_utf16_text(wide, size / 2, text, sizeof text);
        kd_printf(kd, "%s", text);
    } else if ((type == 4 && size == 4) || (type == 11 && size == 8)) {
        uint64_t number = 0;
        memcpy(&number, data, size);
        kd_printf(kd, "0x%" PRIx64, number);
    } else {
        for (size_t i = 0; i < size && i < 16; i++) {
            kd_printf(kd, "%02x ", data[i]);
        }
    }
}

struct value_list {
    const struct kd_hive *hive;
    unsigned count;
};

static bool show_value(struct kd *kd, uint64_t value, void *context)
{
    struct value_list *list = context;
    char name[KD_HIVE_NAME], number[20];
    uint8_t data[DATA_SHOWN];
    uint32_t size;
    uint64_t type = kd_field(kd, "_CM_KEY_VALUE", value, "Type");
    if (list->count++ == 0) {
        kd_printf(kd, "\n[ValueType]         [ValueName]                   [ValueData]\n");
    }
    kd_value_name(kd, value, name);
    kd_printf(kd, "%-19s %-29s ", type_name(type, number), name[0] ? name : "<default>");
    size_t read = kd_value_data(kd, list->hive, value, data, sizeof data, &size);
    if (read == 0 && size != 0) {
        kd_printf(kd, "????????");
    } else {
        show_data(kd, type, data, read);
    }
    kd_printf(kd, "%s\n", read < size ? " ..." : "");
    return true;
}

static bool show_subkeys(struct kd *kd, const struct kd_hive *hive, uint64_t node)
{
    unsigned count = 0;
    if (!kd_subkeys_each(kd, hive, node, show_subkey, &count)) {
        return kd_error(kd, "The list of subkeys is damaged, or not in memory");
    }
    if (count == 0) {
        kd_printf(kd, "\n Key has no SubKeys\n");
    }
    return true;
}

static bool show_values(struct kd *kd, const struct kd_hive *hive, uint64_t node)
{
    struct value_list list = {hive, 0};
    if (!kd_values_each(kd, hive, node, show_value, &list)) {
        return kd_error(kd, "The list of values is damaged, or not in memory");
    }
    if (list.count == 0) {
        kd_printf(kd, "\n Key has no Values\n");
    }
    return true;
}

static bool show_key(struct kd *kd, const struct kd_hive *hive, uint64_t node)
{
    kd_printf(kd, "Hive         %016" PRIx64 "\nKeyNode      %016" PRIx64 "\n", hive->address,
              node);
    return show_subkeys(kd, hive, node) && show_values(kd, hive, node);
}

/* HIVE NODE */
static bool take_node(struct kd *kd, const char *args, struct kd_hive *hive, uint64_t *node)
{
    return take_hive(kd, &args, hive) && take_address(kd, args, "_CM_KEY_NODE", "Signature", node);
}

static bool key_info(struct kd *kd, const char *args)
{
    struct kd_hive hive;
    uint64_t node;
    return take_node(kd, args, &hive, &node) && show_key(kd, &hive, node);
}

static bool subkey_list(struct kd *kd, const char *args)
{
    struct kd_hive hive;
    uint64_t node;
    return take_node(kd, args, &hive, &node) && show_subkeys(kd, &hive, node);
}

static bool value_list(struct kd *kd, const char *args)
{
    struct kd_hive hive;
    uint64_t node;
    return take_node(kd, args, &hive, &node) && show_values(kd, &hive, node);
}

struct kcb_search {
    uint32_t cell;
    uint64_t kcb;
};

static bool compare_kcb(struct kd *kd, uint64_t kcb, unsigned bucket, void *context)
{
    struct kcb_search *search = context;
    (void)bucket;
    if (kd_field(kd, "_CM_KEY_CONTROL_BLOCK", kcb, "KeyCell") == search->cell) {
        search->kcb = kcb;
    }
    return search->kcb == 0;
}

/* The key of a path and its control block; 0: nobody has it or a key below it open. */
static bool find_key(struct kd *kd, const char *path, struct kd_key *key, uint64_t *kcb)
{
    char trimmed[KD_HIVE_PATH];
    struct kcb_search search = {0, 0};
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == ' ') {
        length--;
    }
    snprintf(trimmed, sizeof trimmed, "%.*s", (int)length, path);
    if (!kd_key_find(kd, trimmed, key)) {
        return kd_error(kd, "There is no key %s, or it is not in memory", trimmed);
    }
    search.cell = key->cell;
    kd_kcbs_each(kd, &key->hive, compare_kcb, &search);
    *kcb = search.kcb;
    return true;
}

static bool query_key(struct kd *kd, const char *args)
{
    struct kd_key key;
    uint64_t kcb;
    char name[KD_HIVE_PATH];
    if (!find_key(kd, args, &key, &kcb)) {
        return false;
    }
    if (kcb != 0) {
        kd_kcb_name(kd, kcb, name);
        kd_printf(kd, "Found KCB = %016" PRIx64 " :: %s\n\n", kcb, name);
    }
    return show_key(kd, &key.hive, key.node);
}

static bool find_kcb(struct kd *kd, const char *args)
{
    struct kd_key key;
    uint64_t kcb;
    char name[KD_HIVE_PATH];
    if (!find_key(kd, args, &key, &kcb)) {
        return false;
    }
    if (kcb == 0) {
        return kd_error(kd, "Nobody has that key open, or one below it");
    }
    kd_kcb_name(kd, kcb, name);
    kd_printf(kd, "Found KCB = %016" PRIx64 " :: %s\n", kcb, name);
    return true;
}

/* ---- structures ---- */

static const struct {
    uint32_t bit;
    const char *name;
} key_flags[] = {{0x01, "Volatile"},  {0x02, "HiveExit"}, {0x04, "HiveEntry"},
                 {0x08, "NoDelete"},  {0x10, "SymLink"},  {0x20, "CompressedName"},
                 {0x40, "Predefined"}};

static void show_flags(struct kd *kd, uint64_t flags)
{
    for (size_t i = 0; i < sizeof key_flags / sizeof key_flags[0]; i++) {
        if (flags & key_flags[i].bit) {
            kd_printf(kd, "%s, ", key_flags[i].name);
        }
    }
    kd_printf(kd, "\n");
}

struct row {
    const char *label, *path;
};

static void show_rows(struct kd *kd, const char *type, uint64_t address, const struct row *rows,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kd_printf(kd, "%-17s: %" PRIx64 "\n", rows[i].label,
                  kd_field(kd, type, address, rows[i].path));
    }
}

static bool show_kcb(struct kd *kd, const char *args)
{
    static const struct row rows[] = {
        {"Parent", "ParentKcb"},
        {"KeyHive", "KeyHive"},
        {"KeyCell", "KeyCell"},
        {"TotalLevels", "TotalLevels"},
        {"MaxNameLen", "KcbMaxNameLen"},
        {"MaxValueNameLen", "KcbMaxValueNameLen"},
        {"MaxValueDataLen", "KcbMaxValueDataLen"},
        {"LastWriteTime", "KcbLastWriteTime"},
        {"SubKeyCount", "SubKeyCount"},
        {"ValueCache.Count", "ValueCache.Count"},
        {"KeyBodyArray[0]", "KeyBodyArray[0]"},
    };
    const char *type = "_CM_KEY_CONTROL_BLOCK";
    char name[KD_HIVE_PATH];
    uint64_t kcb;
    if (!take_address(kd, args, type, "RefCount", &kcb)) {
        return false;
    }
    kd_kcb_name(kd, kcb, name);
    kd_printf(kd, "%-17s: %s\n%-17s: %" PRIx64 "\n%-17s: ", "Key", name, "RefCount",
              kd_field(kd, type, kcb, "RefCount"), "Flags");
    show_flags(kd, kd_field(kd, type, kcb, "Flags"));
    if (kd_field(kd, type, kcb, "Delete") != 0) {
        kd_printf(kd, "%-17s: yes\n", "Deleted");
    }
    show_rows(kd, type, kcb, rows, sizeof rows / sizeof rows[0]);
    return true;
}

static bool show_knode(struct kd *kd, const char *args)
{
    static const struct row rows[] = {
        {"Parent", "Parent"},
        {"Security", "Security"},
        {"Class", "Class"},
        {"MaxNameLen", "MaxNameLen"},
        {"MaxValueNameLen", "MaxValueNameLen"},
        {"MaxValueDataLen", "MaxValueDataLen"},
        {"LastWriteTime", "LastWriteTime"},
        {"SubKeyCount[Stb]", "SubKeyCounts[0]"},
        {"SubKeyLists[Stb]", "SubKeyLists[0]"},
        {"SubKeyCount[Vol]", "SubKeyCounts[1]"},
        {"SubKeyLists[Vol]", "SubKeyLists[1]"},
        {"ValueList.Count", "ValueList.Count"},
        {"ValueList.List", "ValueList.List"},
    };
    const char *type = "_CM_KEY_NODE";
    const uint64_t signature = 0x6B6E; /* nk */
    char name[KD_HIVE_NAME];
    uint64_t node;
    if (!take_address(kd, args, type, "Signature", &node)) {
        return false;
    }
    if (kd_field(kd, type, node, "Signature") != signature) {
        return kd_error(kd, "%016" PRIx64 " is not a key node", node);
    }
    kd_key_name(kd, node, name);
    kd_printf(kd, "%-17s: CM_KEY_NODE_SIGNATURE (nk)\n%-17s: %s\n%-17s: ", "Signature", "Name",
              name, "Flags");
    show_flags(kd, kd_field(kd, type, node, "Flags"));
    show_rows(kd, type, node, rows, sizeof rows / sizeof rows[0]);
    return true;
}

static bool show_kbody(struct kd *kd, const char *args)
{
    static const struct row rows[] = {
        {"Type", "Type"},
        {"KCB", "KeyControlBlock"},
        {"NotifyBlock", "NotifyBlock"},
        {"ProcessID", "ProcessID"},
    };
    const char *type = "_CM_KEY_BODY";
    char name[KD_HIVE_PATH];
    uint64_t body;
    if (!take_address(kd, args, type, "Type", &body)) {
        return false;
    }
    show_rows(kd, type, body, rows, sizeof rows / sizeof rows[0]);
    kd_kcb_name(kd, kd_field(kd, type, body, "KeyControlBlock"), name);
    kd_printf(kd, "%-17s: %s\n", "Key", name);
    return true;
}

/* ---- open keys ---- */

static bool show_open_key(struct kd *kd, uint64_t kcb, unsigned bucket, void *context)
{
    char name[KD_HIVE_PATH];
    unsigned *count = context;
    ++*count;
    kd_kcb_name(kd, kcb, name);
    kd_printf(
        kd, "Index %x: \t%08" PRIx64 " kcb=%016" PRIx64 " cell=%08" PRIx64 " f=%08" PRIx64 " %s\n",
        bucket, kd_field(kd, "_CM_KEY_CONTROL_BLOCK", kcb, "ConvKey"), kcb,
        kd_field(kd, "_CM_KEY_CONTROL_BLOCK", kcb, "KeyCell"),
        kd_field(kd, "_CM_KEY_CONTROL_BLOCK", kcb, "Flags"), name);
    return !kd_interrupted(kd);
}

static bool open_keys_of(struct kd *kd, const struct kd_hive *hive, void *context)
{
    unsigned count = 0;
    (void)context;
    kd_printf(kd, "\nHive: %s\n===========================================\n", hive->root);
    kd_kcbs_each(kd, hive, show_open_key, &count);
    kd_printf(kd, "0x%x keys found\n", count);
    return !kd_interrupted(kd);
}

static bool open_keys(struct kd *kd, const char *args)
{
    uint64_t address = 0;
    bool given;
    struct kd_hive hive;
    if (!kd_evaluate_optional(kd, &args, &address, &given)) {
        return false;
    }
    if (address == 0) {
        return kd_hives_each(kd, open_keys_of, NULL);
    }
    return kd_hive_open(kd, address, &hive) && open_keys_of(kd, &hive, NULL);
}

/* ---- the command ---- */

static const struct {
    const char *name, *usage;
    kd_command_fn *function;
} rows[] = {
    {"hivelist", "hivelist", hive_list},
    {"querykey", "{querykey|q} FULLKEYPATH", query_key},
    {"q", NULL, query_key},
    {"keyinfo", "keyinfo HIVE KEYNODE", key_info},
    {"subkeylist", "subkeylist HIVE KEYNODE", subkey_list},
    {"valuelist", "valuelist HIVE KEYNODE", value_list},
    {"kcb", "kcb ADDRESS", show_kcb},
    {"knode", "knode ADDRESS", show_knode},
    {"kbody", "kbody ADDRESS", show_kbody},
    {"findkcb", "findkcb FULLKEYPATH", find_kcb},
    {"openkeys", "openkeys {HIVE|0}", open_keys},
    {"cellindex", "cellindex HIVE INDEX", cell_index},
    {"baseblock", "baseblock HIVE", base_block},
};

static bool cmd_reg(struct kd *kd, const char *args)
{
    char name[32];
    if (!kd_word(&args, name, sizeof name)) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            if (rows[i].usage != NULL) {
                kd_printf(kd, "!reg %s\n", rows[i].usage);
            }
        }
        return true;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!strcasecmp(name, rows[i].name)) {
            return kd_need_symbols(kd) && rows[i].function(kd, kd_skip(args));
        }
    }
    return kd_error(kd, "!reg has no '%s'; !reg alone lists what there is", name);
}

const struct kd_command kd_commands_registry[] = {
    {"!reg", "!reg [hivelist|querykey PATH|kcb ADDRESS|openkeys HIVE|...]",
     "the registry: hives, keys, values, cells", cmd_reg, KD_NEEDS_MACHINE},
    {NULL, NULL, NULL, NULL, KD_NEEDS_NOTHING},
};
