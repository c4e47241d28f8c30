/* src/cm/cm.h: the configuration manager: the registry.
 *
 * The registry is a tree of keys below \REGISTRY, kept in hives. A hive is a heap of cells in paged
 * pool, in the layout of a registry file; cells refer to each other by index, not by address:
 *
 *      CMHIVE ── Storage[0] stable   ── Map ── HMAP_TABLE ──> bin | hbin | cell | cell | free ...
 *             └─ Storage[1] volatile ── Map ── HMAP_TABLE ──> bin | hbin | cell | ...
 *
 * Who opens a key gets a key object (CM_KEY_BODY). All objects of one key share its key control
 * block, which knows hive and cell and keeps its parent's control block alive:
 *
 *      handle ─> CM_KEY_BODY ─> CM_KEY_CONTROL_BLOCK ─ParentKcb─> ... ─> \REGISTRY
 *                                    │KeyHive, KeyCell
 *                                    └──────────────> CM_KEY_NODE ─> subkeys, values, security
 *
 * Hives live in memory only; nothing is read from or written to a file. The tree is made when it is
 * first wanted (cm_ready), so a program that never looks at the registry does not pay for it.
 *
 * Lock: one push lock for everything (KE_RANK_REGISTRY), taken by every function here; callers hold
 * none of the same or a higher rank.
 * Source: Windows Internals 6, part 1, ch. 4 "The Registry"; NtCreateKey and its kin,
 * documentation; the layout of registry files as published.
 */
#pragma once

#include "nt/cm.h"
#include "nt/registry.h"
#include "ob/ob.h"

struct cm;

struct cm_config {
    struct ob *ob;
    /* Write what the registry holds from the start (cm_boot_*), once. May be NULL. */
    NTSTATUS (*fill)(void *owner, struct cm *cm);
    void *owner;
};

/* Make the type Key and \REGISTRY. => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS cm_create(const struct cm_config *config, struct cm **out);
/* => no key object is used any more. Guest memory goes with the machine */
void cm_destroy(struct cm *cm);

/* Make the hives and what they begin with, unless that was done.
 * => STATUS_INSUFFICIENT_RESOURCES, now and for everybody who asks later */
NTSTATUS cm_ready(struct cm *cm);

OBJECT_TYPE *cm_key_type(struct cm *cm);

/* ---- from the start: for the fill procedure ---- */

enum cm_hive_kind { CM_HIVE_STABLE, CM_HIVE_VOLATILE };

/* An empty hive whose root is the key at `path`, such as "\\REGISTRY\\MACHINE\\SYSTEM" (ASCII).
 * Keys that are made in it are volatile when the hive is. => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS cm_boot_hive(struct cm *cm, const char *path, enum cm_hive_kind kind);
/* The value `name` of the key at `path` (both ASCII), which is made with all above it. `name` NULL:
 * only the key. => STATUS_INSUFFICIENT_RESOURCES, STATUS_OBJECT_PATH_NOT_FOUND (no such hive) */
NTSTATUS cm_boot_value(struct cm *cm, const char *path, const char *name, ULONG type,
                       const void *data, ULONG size);
/* The same with text, stored as UTF-16 with its null: REG_SZ, REG_EXPAND_SZ. REG_MULTI_SZ: each
 * line of the text is a string. */
NTSTATUS cm_boot_text(struct cm *cm, const char *path, const char *name, ULONG type,
                      const char *text);
NTSTATUS cm_boot_number(struct cm *cm, const char *path, const char *name, ULONG value);
/* A volatile symbolic link at `path` that leads to `target`. */
NTSTATUS cm_boot_link(struct cm *cm, const char *path, const char *target);

/* ---- services ---- */

/* A name of the caller's that was captured: UTF-16, bytes, not terminated. */
struct cm_text {
    const WCHAR *text;
    ULONG length;
};

/* Open the key that `attributes` name, or make it with `create`.
 * => STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_NAME_INVALID,
 *    STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED, STATUS_INVALID_PARAMETER (a name of more
 *    than 255 characters, more than 512 levels, or a new child of \REGISTRY, \REGISTRY\MACHINE or
 *    \REGISTRY\USER), STATUS_CHILD_MUST_BE_VOLATILE,
 *    STATUS_KEY_DELETED, STATUS_INSUFFICIENT_RESOURCES */
struct cm_open {
    bool create;
    ULONG options; /* REG_OPTION_* */
    struct cm_text class_name;
    ULONG disposition; /* out: REG_CREATED_NEW_KEY, REG_OPENED_EXISTING_KEY */
};
NTSTATUS cm_open_key(struct cm *cm, const struct ob_caller *caller,
                     const struct ob_attributes *attributes, ULONG access, struct cm_open *open,
                     uint64_t *handle);

/* An answer in host memory: what fits into `size` bytes is written, `needed` is the whole length.
 * => STATUS_BUFFER_TOO_SMALL: not even the fixed part fits, nothing was written;
 *    STATUS_BUFFER_OVERFLOW (a warning): `size` bytes were */
struct cm_answer {
    void *buffer;
    ULONG size;
    ULONG needed;
};

/* What a key is. => STATUS_INVALID_PARAMETER (class), STATUS_KEY_DELETED, those of an answer */
NTSTATUS cm_query_key(struct cm *cm, CM_KEY_BODY *key, ULONG class, struct cm_answer *answer);
/* The same of subkey number `index`. => also STATUS_NO_MORE_ENTRIES */
NTSTATUS cm_enumerate_key(struct cm *cm, CM_KEY_BODY *key, ULONG index, ULONG class,
                          struct cm_answer *answer);
/* => STATUS_OBJECT_NAME_NOT_FOUND, STATUS_INVALID_PARAMETER (class), STATUS_KEY_DELETED, those of
 * an answer */
NTSTATUS cm_query_value(struct cm *cm, CM_KEY_BODY *key, struct cm_text name, ULONG class,
                        struct cm_answer *answer);
/* => STATUS_NO_MORE_ENTRIES, as above */
NTSTATUS cm_enumerate_value(struct cm *cm, CM_KEY_BODY *key, ULONG index, ULONG class,
                            struct cm_answer *answer);
/* => STATUS_INVALID_PARAMETER (name too long), STATUS_KEY_DELETED, STATUS_INSUFFICIENT_RESOURCES;
 *    on failure the value is as it was */
NTSTATUS cm_set_value(struct cm *cm, CM_KEY_BODY *key, struct cm_text name, ULONG type,
                      const void *data, ULONG size);
/* => STATUS_OBJECT_NAME_NOT_FOUND, STATUS_KEY_DELETED */
NTSTATUS cm_delete_value(struct cm *cm, CM_KEY_BODY *key, struct cm_text name);
/* The key goes at once; objects that are open for it only say STATUS_KEY_DELETED from now on.
 * One that went before is no error. => STATUS_CANNOT_DELETE (it has subkeys, or is the root of a
 * hive) */
NTSTATUS cm_delete_key(struct cm *cm, CM_KEY_BODY *key);
/* There is no file that a hive would be written to. => STATUS_KEY_DELETED */
NTSTATUS cm_flush_key(struct cm *cm, CM_KEY_BODY *key);

/* Whole-state checker: bins are tiled by cells, every cell in use is reached exactly once from the
 * root, indices are sorted and counted, control blocks agree with their nodes. Logs each violation
 * to standard error; returns how many. */
size_t cm_check(struct cm *cm);
