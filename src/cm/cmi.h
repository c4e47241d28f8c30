/* src/cm/cmi.h: the inside of cm. All functions here: => the registry lock is held. */
#pragma once

#include <string.h>

#include "base/assert.h"
#include "cm/cm.h"
#include "ke/list.h"
#include "ke/pushlock.h"

/* Signatures, as the bytes of their letters. Source: layout of registry files. */
enum {
    CMP_REGF = 0x66676572,
    CMP_HBIN = 0x6E696268,
    CMP_NODE = 0x6B6E,         /* "nk" */
    CMP_VALUE = 0x6B76,        /* "vk" */
    CMP_SECURITY = 0x6B73,     /* "sk" */
    CMP_HASH_LEAF = 0x686C,    /* "lh" */
    CMP_ROOT_INDEX = 0x6972,   /* "ri" */
    CMP_BIG_DATA = 0x6264,     /* "db" */
    CMP_KEY_BODY = 0x6B793032, /* CM_KEY_BODY.Type */
};
#define CMP_HIVE_SIGNATURE 0xBEE0BEE0u

/* CM_KEY_NODE.Flags; a control block has a copy. */
enum {
    CMP_KEY_VOLATILE = 0x01,
    CMP_KEY_HIVE_EXIT = 0x02,  /* stands for the root of another hive */
    CMP_KEY_HIVE_ENTRY = 0x04, /* the root of a hive */
    CMP_KEY_NO_DELETE = 0x08,
    CMP_KEY_SYM_LINK = 0x10,
    CMP_KEY_COMP_NAME = 0x20, /* the name has a byte for each character */
};
enum { CMP_HIVE_VOLATILE = 0x01 }; /* HHIVE.HiveFlags */
enum { CMP_VALUE_COMP_NAME = 0x01 };

enum {
    CMP_STABLE = 0,
    CMP_VOLATILE = 1,
    CMP_STORAGES = 2,
};

#define CMP_NIL 0xFFFFFFFFu
#define CMP_VOLATILE_BIT 0x80000000u /* of a cell index */
#define CMP_SMALL_DATA 0x80000000u   /* of CM_KEY_VALUE.DataLength: the data stand in Data */

enum {
    CMP_BLOCK = 4096,            /* unit of the cell map */
    CMP_TABLE_BLOCKS = 512,      /* HMAP_TABLE */
    CMP_DIRECTORY_TABLES = 1024, /* HMAP_DIRECTORY */
    CMP_CELL_UNIT = 8,
    CMP_FREE_CLASSES = 24,
    CMP_MAX_NAME = 255 * 2,         /* bytes of a key's name */
    CMP_MAX_VALUE_NAME = 16383 * 2, /* bytes */
    CMP_MAX_LEVELS = 512,
    CMP_MAX_LINKS = 64,
    CMP_MAX_LEAF = 507,      /* elements: what a block holds */
    CMP_BIG_SEGMENT = 16344, /* bytes: larger data are cut into cells of this size */
    CMP_KCB_BUCKETS = 64,
};

struct cm {
    struct ke *ke;
    struct mm *mm;
    struct ob *ob;
    EX_PUSH_LOCK lock;
    struct ob_type_ops key_ops;
    OBJECT_TYPE *key_type;
    void *root_object; /* \REGISTRY in the namespace: its names lead here */
    NTSTATUS (*fill)(void *owner, struct cm *cm);
    void *fill_owner;
    EX_PUSH_LOCK fill_lock;
    bool filled; /* (atomic) what follows is decided */
    NTSTATUS fill_status;
};

static inline const struct kspace *cmp_ks(const struct cm *cm)
{
    return &cm->ke->ks;
}

static inline void cmp_lock(struct cm *cm)
{
    ex_acquire_push_lock_exclusive(&cm->lock, KE_RANK_REGISTRY);
}

static inline void cmp_unlock(struct cm *cm)
{
    ex_release_push_lock_exclusive(&cm->lock, KE_RANK_REGISTRY);
}

static inline unsigned cmp_storage_of(ULONG cell)
{
    return cell & CMP_VOLATILE_BIT ? CMP_VOLATILE : CMP_STABLE;
}

/* ---- hives: bins and cells (hive.c) ---- */

/* An empty hive without a root. `path` is the key that it is mounted at, ASCII. NULL: no pool */
CMHIVE *cmp_create_hive(struct cm *cm, const char *path);
/* The contents of a cell; bins never move, so the pointer stays good until the cell is freed. */
void *cmp_cell(const struct cm *cm, CMHIVE *hive, ULONG cell);
/* Bytes that fit into the cell. */
ULONG cmp_cell_capacity(const struct cm *cm, CMHIVE *hive, ULONG cell);
/* A zeroed cell of at least `size` bytes. CMP_NIL: no pool, or the storage is full */
ULONG cmp_allocate_cell(struct cm *cm, CMHIVE *hive, unsigned storage, ULONG size);
void cmp_free_cell(struct cm *cm, CMHIVE *hive, ULONG cell);
/* A copy of the cell in one of at least `size` bytes, the old one freed; the same cell when it is
 * large enough. CMP_NIL: no pool, nothing changed */
ULONG cmp_grow_cell(struct cm *cm, CMHIVE *hive, ULONG cell, ULONG size);
/* The header's length, root and checksum have changed. */
void cmp_update_base_block(struct cm *cm, CMHIVE *hive);
/* The map's entry for the block of a cell. */
HMAP_ENTRY *cmp_map_entry(const struct cm *cm, CMHIVE *hive, ULONG cell);

/* ---- names (name.c) ---- */

static inline struct cm_text cmp_text(const WCHAR *text, ULONG length)
{
    return (struct cm_text){text, length};
}

/* Names in cells: with a byte or two for each character. */
struct cmp_stored_name {
    const void *text;
    USHORT length; /* bytes as stored */
    bool compressed;
};
ULONG cmp_name_length(struct cmp_stored_name name); /* bytes as UTF-16 */
WCHAR cmp_name_char(struct cmp_stored_name name, unsigned i);
/* A key's name as UTF-16, in `text`. */
struct cm_text cmp_widen_name(struct cmp_stored_name name,
                              WCHAR text[CMP_MAX_NAME / sizeof(WCHAR)]);
/* <0, 0, >0 as `a` comes before, is, or comes after `b`; without case. */
int cmp_compare_name(struct cm_text a, struct cmp_stored_name b);
/* Can it be stored with a byte for each character? */
bool cmp_is_compressible(struct cm_text name);
/* Bytes that it takes when stored; and store it. */
USHORT cmp_stored_size(struct cm_text name);
void cmp_store_name(void *to, struct cm_text name);
/* One more component of a path in its hash. */
ULONG cmp_hash_name(ULONG hash, struct cm_text name);

/* ---- subkeys of a key (index.c) ---- */

struct cmp_stored_name cmp_node_name(const CM_KEY_NODE *node);
/* CMP_NIL: there is none of that name */
ULONG cmp_find_subkey(struct cm *cm, CMHIVE *hive, const CM_KEY_NODE *parent, struct cm_text name);
/* Number `index`, stable ones first. CMP_NIL: there are fewer */
ULONG cmp_subkey_at(struct cm *cm, CMHIVE *hive, const CM_KEY_NODE *parent, ULONG index);
/* Enter or remove a cell whose node has its name. => false: no pool, nothing changed */
bool cmp_add_subkey(struct cm *cm, CMHIVE *hive, CM_KEY_NODE *parent, ULONG child);
void cmp_remove_subkey(struct cm *cm, CMHIVE *hive, CM_KEY_NODE *parent, ULONG child);

/* ---- key nodes (node.c) ---- */

struct cmp_new_node {
    struct cm_text name, class_name;
    unsigned storage;
    ULONG parent; /* cell, CMP_NIL: the root of the hive */
    USHORT flags;
};
/* A node that is in no index yet, with a security cell. CMP_NIL: no pool, nothing changed */
ULONG cmp_create_node(struct cm *cm, CMHIVE *hive, const struct cmp_new_node *new_node);
/* Make the root of an empty hive. => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS cmp_create_root(struct cm *cm, CMHIVE *hive, struct cm_text name);
/* A new subkey of the key at `parent`. CMP_NIL: no pool, nothing changed */
ULONG cmp_create_subkey(struct cm *cm, CMHIVE *hive, ULONG parent,
                        const struct cmp_new_node *new_node);
/* Take the node, its values and class away. => it has no subkeys */
void cmp_delete_node(struct cm *cm, CMHIVE *hive, ULONG cell);
/* A key was written to now. */
void cmp_touch_node(struct cm *cm, CM_KEY_NODE *node);
ULONG cmp_subkey_count(const CM_KEY_NODE *node);

/* ---- values (value.c) ---- */

struct cmp_stored_name cmp_value_name(const CM_KEY_VALUE *value);
ULONG cmp_value_size(const CM_KEY_VALUE *value);
/* The value of that name, NULL: there is none; *index: where it stands. */
CM_KEY_VALUE *cmp_find_value(struct cm *cm, CMHIVE *hive, const CM_KEY_NODE *node,
                             struct cm_text name, ULONG *index);
CM_KEY_VALUE *cmp_value_at(struct cm *cm, CMHIVE *hive, const CM_KEY_NODE *node, ULONG index);
/* Copy the first `size` bytes of a value's data, which has as many. */
void cmp_read_value(struct cm *cm, CMHIVE *hive, const CM_KEY_VALUE *value, void *to, ULONG size);
NTSTATUS cmp_write_value(struct cm *cm, CMHIVE *hive, ULONG node_cell, struct cm_text name,
                         ULONG type, const void *data, ULONG size);
void cmp_remove_value(struct cm *cm, CMHIVE *hive, CM_KEY_NODE *node, ULONG index);
/* All of a node's values. */
void cmp_remove_values(struct cm *cm, CMHIVE *hive, CM_KEY_NODE *node);

/* ---- key control blocks (kcb.c) ---- */

CMHIVE *cmp_hive_of(const struct cm *cm, const CM_KEY_CONTROL_BLOCK *kcb);
CM_KEY_NODE *cmp_node_of(const struct cm *cm, const CM_KEY_CONTROL_BLOCK *kcb);
/* The control block of the key at `cell` of `hive`, a child of `parent` (NULL: \REGISTRY),
 * referenced. NULL: no pool */
CM_KEY_CONTROL_BLOCK *cmp_reference_kcb(struct cm *cm, CM_KEY_CONTROL_BLOCK *parent, CMHIVE *hive,
                                        ULONG cell, struct cm_text name);
void cmp_dereference_kcb(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb);
/* Copy what a control block keeps of its node. */
void cmp_refresh_kcb(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb);
/* The node is gone. */
void cmp_mark_deleted(struct cm *cm, CM_KEY_CONTROL_BLOCK *kcb);
/* The key's full path; => bytes of all of it, of which `capacity` were written at most. */
size_t cmp_kcb_name(const struct cm *cm, const CM_KEY_CONTROL_BLOCK *kcb, WCHAR *name,
                    size_t capacity);
/* Join a key object to its control block, whose reference it takes, and part them. */
void cmp_enlist_body(struct cm *cm, CM_KEY_BODY *body, CM_KEY_CONTROL_BLOCK *kcb);
void cmp_delist_body(struct cm *cm, CM_KEY_BODY *body);

/* ---- following names (parse.c) ---- */

/* From `from` along `path` (components with backslashes between them), *kcb gets the key's control
 * block, referenced. => as cm_open_key */
struct cmp_walk {
    CM_KEY_CONTROL_BLOCK *from;
    struct cm_text path;
    bool open_link;       /* a symbolic link at the end is the key itself */
    struct cm_open *open; /* NULL: only existing keys */
    bool all;             /* make every key that is missing, not the last alone */
};
NTSTATUS cmp_walk(struct cm *cm, const struct cmp_walk *walk, CM_KEY_CONTROL_BLOCK **kcb);
/* Through a link node to the root of the hive that it stands for; other cells stay. */
void cmp_follow_hive(struct cm *cm, CMHIVE **hive, ULONG *cell);
/* That of \REGISTRY, referenced. => the registry is filled or being filled */
CM_KEY_CONTROL_BLOCK *cmp_root_kcb(struct cm *cm);
/* Type procedure: a name leads into a key object. => registry lock not held */
NTSTATUS cmp_parse(struct ob *ob, void *object, struct ob_parse *parse);
