/* src/ob/ob.h: the object manager: what can be named, shared and counted.
 *
 * An object is a pool block: optional headers, OBJECT_HEADER, body. The body pointer is what
 * everybody passes around; headers are found in front of it:
 *
 *      pool header | name? | creator? | OBJECT_HEADER | body        |
 *                                                          InfoMask says   ^           ^ end of
 * block which           object
 *
 * ObpInfoMaskToOffset[InfoMask & (bit | bit - 1)] is how far in front of OBJECT_HEADER the optional
 * header of `bit` begins. The block's tag is the type's, with the protected bit (Pro\xe3, Fil\xe5).
 *
 * Two counts: PointerCount keeps the object in memory, HandleCount (each handle has one of the
 * pointers as well) tells the type when it is closed. The object goes when PointerCount reaches 0.
 * A name keeps its object from going only when the object is permanent; otherwise the name goes
 * with the last handle.
 *
 * Everything is in guest memory, under Windows' names. What Windows keeps in OBJECT_TYPE's
 * procedure pointers is host code here: struct ob_type_ops.
 *
 * Locks: OBJECT_DIRECTORY.Lock (names), HANDLE_TABLE (handle_table.h), OBJECT_TYPE.TypeLock (list
 * of objects). No function here may be called with one of them held. Procedures of types are called
 * without any lock.
 * Source: Windows Internals 6, part 1, ch. 3 "Object Manager".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ke/ke.h"
#include "ke/wait.h"
#include "mm/mm.h"
#include "nt/access.h"
#include "nt/ob.h"
#include "nt/status.h"

struct ob;

/* Who asks. Kernel callers may use kernel handles and are not checked for access. */
struct ob_caller {
    EPROCESS *process; /* whose handle table: user handles; NULL: System's */
    KTHREAD *thread;   /* or NULL */
    enum _MODE mode;
};

/* OBJECT_ATTRIBUTES after capture. */
struct ob_attributes {
    uint64_t root;      /* RootDirectory handle, or 0 */
    const WCHAR *name;  /* host memory, not terminated; NULL: none */
    USHORT name_length; /* bytes */
    ULONG flags;        /* OBJ_* */
};

/* ---- types ---- */

/* A name that leads into an object: what its type's parse procedure gets. */
struct ob_parse {
    const struct ob_caller *caller;
    const WCHAR *rest; /* what remains of the name, beginning with a backslash, or empty */
    USHORT rest_length;
    ULONG attributes; /* OBJ_* */
    ULONG *access;    /* desired; generic rights are mapped; the procedure may change it */
    void *context;    /* handed to ob_open_object_by_name */
    /* Out, with STATUS_SUCCESS: a referenced object (no handle counted). */
    void *object;
};

struct ob_type_ops {
    const char *name; /* "Event"; the first four letters, padded with blanks, are the tag */
    size_t body_size; /* least size of a body */
    GENERIC_MAPPING mapping;
    ULONG valid_access;
    ULONG wide_right, implied_right; /* who is granted the first has the second as well; 0: none */
    ULONG invalid_attributes;        /* OBJ_* that may not be asked for */
    bool case_insensitive;           /* names in directories compare so */
    bool maintain_type_list; /* its objects have creator headers and hang in OBJECT_TYPE.TypeList */
    /* Where a wait for the object waits: offset of a dispatcher header in the body, or -1: cannot
     * be waited for. (Windows: OBJECT_TYPE.DefaultObject.) */
    int wait_offset;
    /* A handle was closed; `handles` are left to the object. May be NULL. */
    void (*close)(struct ob *ob, const struct ob_caller *caller, void *object, LONG64 handles);
    /* The last reference went: release what the body owns. May be NULL. */
    void (*delete)(struct ob *ob, void *object);
    /* A name leads into the object. NULL: names end here. => see struct ob_parse */
    NTSTATUS (*parse)(struct ob *ob, void *object, struct ob_parse *parse);
    /* The object's full name, for types whose objects' names the namespace does not hold (files).
     * May be NULL. => bytes of the whole text, of which `capacity` were written at most */
    size_t (*query_name)(struct ob *ob, void *object, WCHAR *name, size_t capacity);
    void *owner; /* for the procedures: ob_type_owner() */
};

/* Make a type: an OBJECT_TYPE object in \ObjectTypes, the next index of ObTypeIndexTable. `ops`
 * stays the caller's and must live as long as the machine.
 * => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS ob_create_type(struct ob *ob, const struct ob_type_ops *ops, OBJECT_TYPE **type);
/* Type with that Index; NULL when there is none. */
OBJECT_TYPE *ob_type_at(struct ob *ob, unsigned index);

/* ---- life of the object manager ---- */

/* Make the types Type, Directory, SymbolicLink, Event, Mutant, Semaphore, Timer; the namespace (\,
 * \ObjectTypes, \BaseNamedObjects, \Device, \GLOBAL??, \??, \KernelObjects, \Sessions, \KnownDlls,
 * \RPC Control, \Windows, \Driver, \FileSystem, \Callback, \Security, \NLS); and a handle table for
 * kernel handles.
 * => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS ob_create(struct mm *mm, struct ke *ke, struct ob **out);
/* => no process, no thread, no handle of theirs is left. Guest memory is not given back: it goes
 * with the machine */
void ob_destroy(struct ob *ob);

struct ke *ob_ke(const struct ob *ob);
struct mm *ob_mm(const struct ob *ob);

/* Pseudo handles (-1, -2) are resolved by `resolve`, which returns a referenced object of their
 * type, NULL when the handle is none of them. Set once at boot. */
void ob_set_pseudo_handles(struct ob *ob,
                           void *(*resolve)(void *owner, const struct ob_caller *, uint64_t handle),
                           void *owner);

/* The System process exists: kernel handles live in its table from now on. */
void ob_set_system_process(struct ob *ob, EPROCESS *system);

/* ---- objects ---- */

/* Make an object with one reference; nobody can find it yet. The body is zeroed. `name` of
 * `attributes` (may be NULL) gives it a name header. `body_size` 0: the type's.
 * => STATUS_INSUFFICIENT_RESOURCES, STATUS_OBJECT_NAME_INVALID, STATUS_INVALID_PARAMETER */
NTSTATUS ob_create_object(struct ob *ob, const struct ob_attributes *attributes, OBJECT_TYPE *type,
                          size_t body_size, void **object);

/* Give a new object its name in the namespace and a handle to it. In every case the caller's
 * reference is used up: on failure the object is gone. With OBJ_OPENIF and an existing object of
 * the same name and type, the handle is to that one, and the status STATUS_OBJECT_NAME_EXISTS (a
 * success). `handle` NULL: no handle, and the caller's reference stays (on success). `found` (may
 * be NULL) gets the object the name or handle stands for, not referenced.
 * => STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND,
 *    STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED,
 *    STATUS_INVALID_HANDLE (root), STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS ob_insert_object(struct ob *ob, const struct ob_caller *caller, void *object,
                          const struct ob_attributes *attributes, ULONG access, uint64_t *handle,
                          void **found);

void ob_reference_object(struct ob *ob, void *object);
/* A reference, unless the last one went already: for weak pointers (PspCidTable, directories). */
bool ob_reference_object_safe(struct ob *ob, void *object);
/* Give a reference back; the last one deletes the object. */
void ob_dereference_object(struct ob *ob, void *object);
/* Permanent objects lose their permanence, and their name with their last handle. */
void ob_make_temporary_object(struct ob *ob, void *object);
/* A named object stays, with no handle left. */
void ob_make_permanent_object(void *object);

OBJECT_TYPE *ob_object_type(struct ob *ob, const void *object);
const struct ob_type_ops *ob_type_ops_of(struct ob *ob, const OBJECT_TYPE *type);
static inline OBJECT_HEADER *ob_header(const void *object)
{
    return (OBJECT_HEADER *)(void *)((char *)object - offsetof(OBJECT_HEADER, Body));
}
/* Optional headers; NULL when the object has none. */
OBJECT_HEADER_NAME_INFO *ob_name_info(struct ob *ob, const void *object);
OBJECT_HEADER_CREATOR_INFO *ob_creator_info(struct ob *ob, const void *object);
/* Dispatcher header to wait on; NULL when the type cannot be waited for. */
void *ob_wait_object(struct ob *ob, void *object);

/* ---- handles ---- */

struct ob_handle_information {
    ULONG attributes; /* OBJ_INHERIT, OBJ_PROTECT_CLOSE */
    ULONG access;     /* granted */
};

/* The object behind a handle, referenced. `type` NULL: any. `information` may be NULL.
 * => STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED (UserMode and the
 * handle lacks a right of `access`) */
NTSTATUS ob_reference_object_by_handle(struct ob *ob, const struct ob_caller *caller,
                                       uint64_t handle, ULONG access, OBJECT_TYPE *type,
                                       void **object, struct ob_handle_information *information);

/* A handle to an object that the caller has a reference to (and keeps).
 * => STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED, STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS ob_open_object_by_pointer(struct ob *ob, const struct ob_caller *caller, void *object,
                                   ULONG attributes, ULONG access, OBJECT_TYPE *type,
                                   uint64_t *handle);

/* => STATUS_INVALID_HANDLE, STATUS_HANDLE_NOT_CLOSABLE (protected) */
NTSTATUS ob_close_handle(struct ob *ob, const struct ob_caller *caller, uint64_t handle);

/* Copy a handle of `source`'s process into `target`'s. DUPLICATE_* in `options`. `handle` may be
 * NULL (only close the source).
 * => STATUS_INVALID_HANDLE, STATUS_ACCESS_DENIED, STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS ob_duplicate_object(struct ob *ob, const struct ob_caller *source, uint64_t source_handle,
                             const struct ob_caller *target, uint64_t *handle, ULONG access,
                             ULONG attributes, ULONG options);

/* NtSetInformationObject (ObjectHandleFlagInformation). => STATUS_INVALID_HANDLE */
NTSTATUS ob_set_handle_attributes(struct ob *ob, const struct ob_caller *caller, uint64_t handle,
                                  bool inherit, bool protect);

/* What a new process's handle table begins with: copies of the parent's inheritable handles. */
struct ob_inheritance {
    EPROCESS *parent;     /* keeps its table meanwhile; NULL: nothing is inherited */
    const uint64_t *only; /* of those handles alone; NULL: of all */
    size_t count;
};

/* Give `process` (ObjectTable empty) a handle table. => STATUS_INSUFFICIENT_RESOURCES: it has none
 */
NTSTATUS ob_init_process(struct ob *ob, const struct ob_inheritance *from, EPROCESS *process);
/* Close everything and free the table. => no thread of the process uses handles any more */
void ob_kill_process(struct ob *ob, EPROCESS *process);

/* ---- names ---- */

/* Open by name. `context` is for parse procedures. `type` NULL: any.
 * => the statuses of ob_reference_object_by_name, STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS ob_open_object_by_name(struct ob *ob, const struct ob_caller *caller,
                                const struct ob_attributes *attributes, OBJECT_TYPE *type,
                                ULONG access, void *context, uint64_t *handle);

/* The named object, referenced. With UserMode the rights are checked as for a handle.
 * => STATUS_OBJECT_NAME_INVALID (empty), STATUS_OBJECT_PATH_SYNTAX_BAD,
 * STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_TYPE_MISMATCH,
 * STATUS_ACCESS_DENIED, what a parse procedure returns */
NTSTATUS ob_reference_object_by_name(struct ob *ob, const struct ob_caller *caller,
                                     const struct ob_attributes *attributes, OBJECT_TYPE *type,
                                     ULONG access, void *context, void **object);

/* The object's full name into `name` (`capacity` bytes), as `\Device\HarddiskVolume1\work\a.txt`.
 * => length in bytes of the whole name (0: it has none); what fits was written */
size_t ob_query_name(struct ob *ob, void *object, WCHAR *name, size_t capacity);

/* A directory or symbolic link at a full path, permanent: for boot. The path and target are ASCII.
 * => STATUS_OBJECT_NAME_COLLISION, STATUS_INSUFFICIENT_RESOURCES, ... */
NTSTATUS ob_create_directory(struct ob *ob, const char *path);
NTSTATUS ob_create_symbolic_link(struct ob *ob, const char *path, const char *target);

/* Services NtCreateDirectoryObject and NtCreateSymbolicLinkObject. */
NTSTATUS ob_create_directory_object(struct ob *ob, const struct ob_caller *caller, ULONG access,
                                    const struct ob_attributes *attributes, uint64_t *handle);
NTSTATUS ob_create_symbolic_link_object(struct ob *ob, const struct ob_caller *caller, ULONG access,
                                        const struct ob_attributes *attributes, const WCHAR *target,
                                        USHORT target_length, uint64_t *handle);
/* Entry number `index` of a directory, in bucket order: referenced, or NULL at the end. */
void *ob_directory_entry(struct ob *ob, OBJECT_DIRECTORY *directory, unsigned index);

/* ---- access ---- */

/* Turn generic rights into the type's. */
ULONG ob_map_generic(const GENERIC_MAPPING *mapping, ULONG access);

/* ---- checking ---- */

/* Whole-state checker: every handle's object has a valid header, counts are not below what handles
 * and names account for, free lists are complete, type totals match the type lists. Logs each
 * violation to standard error; returns how many. => nobody changes anything meanwhile */
size_t ob_check(struct ob *ob);
