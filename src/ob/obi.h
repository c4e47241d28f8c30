/* src/ob/obi.h: the inside of ob. */
#pragma once

#include "ke/dispatcher.h"
#include "ke/list.h"
#include "ob/handle_table.h"
#include "ob/ob.h"

/* OBJECT_HEADER.Flags. Source: layout of Windows 7 as debuggers decode it (!object). */
enum {
    OBP_FLAG_NEW = 0x01,
    OBP_FLAG_KERNEL = 0x02,
    OBP_FLAG_EXCLUSIVE = 0x08,
    OBP_FLAG_PERMANENT = 0x10,
};

/* OBJECT_HEADER.InfoMask, in order of distance from the header. */
enum {
    OBP_INFO_CREATOR = 0x01,
    OBP_INFO_NAME = 0x02,
    OBP_INFO_HANDLE = 0x04,
    OBP_INFO_QUOTA = 0x08,
    OBP_INFO_PROCESS = 0x10,
    OBP_INFO_COMBINATIONS = 0x20,
};

enum {
    OBP_FIRST_TYPE = 2, /* ObTypeIndexTable[0] is unused, [1] marks deleted objects */
    OBP_TYPES = 256,
    OBP_MAX_LINKS = 32, /* symbolic links on one way */
    OBP_BUCKETS = 37,
    OBP_PROTECTED_TAG = (int)0x80000000u, /* Windows' PROTECTED_POOL */
};

#define KERNEL_HANDLE_FLAG 0xFFFFFFFF80000000ull

struct ob {
    struct mm *mm;
    struct ke *ke;
    const struct ob_type_ops *types[OBP_TYPES]; /* by index (I) */
    unsigned type_count;                        /* next index */
    EX_PUSH_LOCK type_creation;
    EX_PUSH_LOCK table_list; /* HandleTableListHead */
    HANDLE_TABLE *kernel_table;
    EPROCESS *system;
    OBJECT_TYPE *directory_type, *link_type, *type_type;
    OBJECT_DIRECTORY *root;
    void *(*resolve_pseudo)(void *owner, const struct ob_caller *caller, uint64_t handle);
    void *pseudo_owner;
};

static inline const struct kspace *obp_ks(const struct ob *ob)
{
    return &ob->ke->ks;
}

/* Where the table of optional headers says that of `bit` is; NULL when there is none. */
void *obp_info(struct ob *ob, OBJECT_HEADER *header, unsigned bit);

/* ---- objects and types ---- */

void obp_fill_offset_table(struct ob *ob);
/* The pool block of an object with the optional headers `mask`, zeroed; `key` is the type's tag.
 * NULL: no pool */
OBJECT_HEADER *obp_allocate_object(struct ob *ob, unsigned mask, size_t body_size, uint32_t key);
/* The object's own copy of the last part of a name, in its name header.
 * => STATUS_OBJECT_NAME_INVALID (empty), STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS obp_capture_name(struct ob *ob, OBJECT_HEADER_NAME_INFO *info,
                          const struct ob_attributes *attributes);
/* One more object of the type. */
void obp_count_object(struct ob *ob, OBJECT_TYPE *type, OBJECT_HEADER *header);
/* Boot, in this order, with the root directory made after the first. */
NTSTATUS obp_create_first_types(struct ob *ob);
NTSTATUS obp_publish_first_types(struct ob *ob);
NTSTATUS obp_create_dispatcher_types(struct ob *ob);

/* ---- names ---- */

bool obp_names_equal(const WCHAR *a, const WCHAR *b, unsigned length);

struct obp_lookup {
    const struct ob_caller *caller;
    const struct ob_attributes *attributes;
    OBJECT_TYPE *type; /* expected, or NULL */
    ULONG access;      /* generic rights are mapped already or will be by parse procedures */
    void *context;
    void *insert; /* a new object to enter under that name, or NULL */
};

/* Follow a name. => *object referenced. With `insert`: STATUS_SUCCESS, entered (*object is it,
 * referenced); STATUS_OBJECT_NAME_EXISTS, *object is what stands there, referenced */
NTSTATUS obp_lookup_name(struct ob *ob, const struct obp_lookup *lookup, void **object);
/* The last handle was closed: the name goes, unless the object is permanent. */
void obp_delete_name(struct ob *ob, void *object);
/* Free what a directory or link body owns (delete procedures). */
void obp_delete_directory(struct ob *ob, void *object);
void obp_delete_link(struct ob *ob, void *object);

/* ---- handles ---- */

/* Make a handle and count it. => the caller's reference is used up on success */
NTSTATUS obp_create_handle(struct ob *ob, const struct ob_caller *caller, void *object,
                           ULONG attributes, ULONG access, uint64_t *handle);
/* Rights that `access` asks of `type`, generic ones mapped. => STATUS_ACCESS_DENIED */
NTSTATUS obp_granted_access(struct ob *ob, const struct ob_caller *caller, OBJECT_TYPE *type,
                            ULONG access, ULONG *granted);
