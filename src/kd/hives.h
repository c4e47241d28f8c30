/* hives.h: the registry as memory holds it: hives, cells, keys, values, key control blocks.
 *
 * Nothing is believed: cell indices are held against the length of their storage, counts against
 * what a cell holds, and every walk has an end. => hives.c */
#pragma once

#include "kd/kdi.h"

#define KD_HIVE_NAME 512 /* bytes of UTF-8 for a name; longer ones are cut */
#define KD_HIVE_PATH 2048
#define KD_CELL_NONE 0xFFFFFFFFu

enum { KD_KEY_HIVE_EXIT = 0x02, KD_KEY_SYM_LINK = 0x10, KD_KEY_COMP_NAME = 0x20 };

struct kd_hive {
    uint64_t address; /* of the CMHIVE */
    char root[KD_HIVE_NAME];
};

/* Visit the hives of CmpHiveListHead until `visit` returns false. => false: an error was printed */
typedef bool kd_hive_visit(struct kd *kd, const struct kd_hive *hive, void *context);
bool kd_hives_each(struct kd *kd, kd_hive_visit *visit, void *context);
/* The hive at an address. => false: there is none, which was printed */
bool kd_hive_open(struct kd *kd, uint64_t address, struct kd_hive *hive);

/* The way of a cell index through the map of its storage. */
struct kd_cell {
    uint32_t storage, table, block, offset;
    uint64_t map, map_table, block_address;
    uint64_t address; /* of the contents */
    uint32_t size;    /* bytes of the contents */
};
/* => false: it is outside of the storage, not in memory, or free */
bool kd_cell_find(struct kd *kd, const struct kd_hive *hive, uint32_t index, struct kd_cell *cell);

/* The name in a key node, a value or a name block, as UTF-8. */
void kd_key_name(struct kd *kd, uint64_t node, char name[KD_HIVE_NAME]);
void kd_value_name(struct kd *kd, uint64_t value, char name[KD_HIVE_NAME]);

/* Visit the subkeys of a key node, stable ones first; `cell` is as stored: of a link node to
 * another hive too. => false: the index is damaged */
typedef bool kd_subkey_visit(struct kd *kd, uint32_t cell, uint64_t node, void *context);
bool kd_subkeys_each(struct kd *kd, const struct kd_hive *hive, uint64_t node,
                     kd_subkey_visit *visit, void *context);

/* Visit the values of a key node. => false: the list is damaged */
typedef bool kd_value_visit(struct kd *kd, uint64_t value, void *context);
bool kd_values_each(struct kd *kd, const struct kd_hive *hive, uint64_t node, kd_value_visit *visit,
                    void *context);
/* Copy the first bytes of a value's data. => how many; *size: how many there are */
size_t kd_value_data(struct kd *kd, const struct kd_hive *hive, uint64_t value, void *buffer,
                     size_t capacity, uint32_t *size);

/* The key that a full path names; links and mounted hives are followed. */
struct kd_key {
    struct kd_hive hive;
    uint32_t cell;
    uint64_t node;
};
/* => false: there is none, or it is not in memory */
bool kd_key_find(struct kd *kd, const char *path, struct kd_key *key);

/* Visit the key control blocks of a hive with the bucket that they are in. */
typedef bool kd_kcb_visit(struct kd *kd, uint64_t kcb, unsigned bucket, void *context);
void kd_kcbs_each(struct kd *kd, const struct kd_hive *hive, kd_kcb_visit *visit, void *context);
/* The full path of a control block. */
void kd_kcb_name(struct kd *kd, uint64_t kcb, char path[KD_HIVE_PATH]);
