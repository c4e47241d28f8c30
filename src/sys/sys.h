/* src/sys/sys.h: the system services, the one way into the executive.
 *
 * A service gets its arguments as the caller's registers and stack held them. It captures what they
 * point to, resolves handles, validates everything, and then calls down. User memory is only ever
 * touched through the copies below, with the caller's rights.
 *
 *      ring 3 -> machine: trap -> sys_dispatch(number)
 *                                   KiServiceTable[number] in guest memory -> nt!NtXxx stub
 *                                   stub -> handler of that service -> mm, ob, io, ps
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nt/info.h"
#include "nt/services.h"
#include "nt/status.h"
#include "ps/ps.h"

#define SYS_MAX_ARGUMENTS 16

struct cm;
struct sys_call;
typedef NTSTATUS (*sys_handler)(struct sys_call *call);

struct sys {
    struct ke *ke;
    struct mm *mm;
    struct ob *ob;
    struct io *io;
    struct ps *ps;
    struct cm *cm;
    const LONG *table; /* KiServiceTable, in guest memory */
    uint64_t table_va;
    uint64_t stubs_va; /* KiServiceStubs: 16 bytes per service, in order */
    struct ob_type_ops section_ops;
    OBJECT_TYPE *section_type;
    sys_handler handler[NT_SERVICE_COUNT];
    atomic_bool reported[NT_SERVICE_COUNT]; /* "not implemented" was said */
};

struct sys_call {
    struct sys *sys;
    struct ps_thread *thread;
    struct ps_process *process;
    struct mm_space *space; /* the caller's */
    unsigned number;
    uint64_t arg[SYS_MAX_ARGUMENTS];
};

/* One row of a family of services; each sys/FAMILY.c has a table of them. */
struct sys_entry {
    unsigned number;
    sys_handler handler;
};
struct sys_family {
    const struct sys_entry *entries;
    size_t count;
};
extern const struct sys_family sys_memory_family, sys_section_family, sys_file_family,
    sys_process_family, sys_process_info_family, sys_create_family, sys_clone_family,
    sys_thread_family, sys_sync_family, sys_object_family, sys_system_family, sys_exception_family,
    sys_token_family, sys_watch_family, sys_job_family, sys_awe_family, sys_working_set_family,
    sys_registry_family, sys_paging_file_family;

/* Fill the handler table. => nt is mapped; STATUS_INVALID_IMAGE_FORMAT when nt lacks the tables */
NTSTATUS sys_init(struct sys *sys);

NTSTATUS sys_create_section_type(struct sys *sys);
/* A section object of an image file, without a handle; *out is referenced.
 * => as io_create_image_section */
NTSTATUS sys_create_image_section(struct sys *sys, FILE_OBJECT *file, SECTION_OBJECT **out);
/* The file of a program, opened to be run, and its section; both referenced. *state says how far
 * that came. => as io_open_file and sys_create_image_section */
NTSTATUS sys_open_program(struct sys *sys, const struct ob_caller *caller, struct ps_text path,
                          PS_CREATE_STATE *state, FILE_OBJECT **file, SECTION_OBJECT **section);

/* Serve one call. `first_four` are r10, rdx, r8, r9; more arguments are fetched from user_rsp +
 * 0x28.
 * => on the caller's host thread, no locks held. Returns what goes into rax. */
NTSTATUS sys_dispatch(struct sys *sys, struct ps_thread *thread, uint32_t number,
                      const uint64_t first_four[4], uint64_t user_rsp);

/* ---- capture (sys/capture.c)
 * ---------------------------------------------------------------------- */

NTSTATUS sys_get(struct sys_call *call, void *to, uint64_t from_va, size_t size);
NTSTATUS sys_put(struct sys_call *call, uint64_t to_va, const void *from, size_t size);
/* As sys_put, but a null address is left out. */
NTSTATUS sys_put_optional(struct sys_call *call, uint64_t to_va, const void *from, size_t size);
#define SYS_GET(call, lvalue, va) sys_get((call), &(lvalue), (va), sizeof(lvalue))
#define SYS_PUT(call, va, lvalue) sys_put((call), (va), &(lvalue), sizeof(lvalue))

/* Could the caller write all of this buffer? For services that must not act when it could not.
 * => STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION, ... */
NTSTATUS sys_probe_write(struct sys_call *call, uint64_t va, size_t size);

/* A UNICODE_STRING with its text in host memory; free() the text. */
struct sys_string {
    WCHAR *text;   /* NULL when the string was absent */
    size_t length; /* characters */
};
NTSTATUS sys_get_string(struct sys_call *call, uint64_t unicode_string_va, struct sys_string *out);
void sys_free_string(struct sys_string *string);

struct sys_attributes {
    uint64_t root;
    uint32_t attributes;
    struct sys_string name;
};
/* OBJECT_ATTRIBUTES; a null address gives empty ones. */
NTSTATUS sys_get_attributes(struct sys_call *call, uint64_t va, struct sys_attributes *out);
void sys_free_attributes(struct sys_attributes *attributes);

/* The same for ob; points into `attributes`. */
struct ob_attributes sys_ob_attributes(const struct sys_attributes *attributes);

/* What NtOpenProcess and NtOpenThread are told: (*handle, access, attributes, *client id).
 * => STATUS_INVALID_PARAMETER_MIX: a name, or no client id. Source: NtOpenProcess, documentation.
 */
NTSTATUS sys_get_client_id(struct sys_call *call, CLIENT_ID *id, uint32_t *handle_flags);

/* NtOpenX(*handle, access, attributes): a handle to the object of `type` that has the name.
 * => also what ob_open_object_by_name says */
NTSTATUS sys_open_named(struct sys_call *call, OBJECT_TYPE *type);

/* Insert a new object (ob_insert_object; the reference is used up) and store the handle at
 * `handle_va`; when that fails the handle is closed again. */
NTSTATUS sys_insert(struct sys_call *call, void *object, const struct ob_attributes *attributes,
                    uint32_t access, uint64_t handle_va);
/* Store a handle that was opened with `status`; close it again when that fails. */
NTSTATUS sys_put_handle(struct sys_call *call, uint64_t handle_va, uint64_t handle,
                        NTSTATUS status);
/* The answer of a query service whose arguments buffer, length, *return length are numbers `buffer`
 * and up. => STATUS_INFO_LENGTH_MISMATCH: does not fit */
NTSTATUS sys_answer(struct sys_call *call, unsigned buffer, const void *answer, size_t size);

/* An object's name as UNICODE_STRING with the text behind it, at `buffer` of `size` bytes.
 * => *needed: bytes of the whole answer; STATUS_BUFFER_OVERFLOW: does not fit, nothing was written;
 *    STATUS_NAME_TOO_LONG */
NTSTATUS sys_put_name(struct sys_call *call, void *object, uint64_t buffer, size_t size,
                      size_t *needed);

/* Base and size of a region, from two user variables that can also be written, and back to them. */
struct sys_region {
    uint64_t base;
    uint64_t size;
};
NTSTATUS sys_get_region(struct sys_call *call, uint64_t base_va, uint64_t size_va,
                        struct sys_region *region);
NTSTATUS sys_put_region(struct sys_call *call, uint64_t base_va, uint64_t size_va,
                        struct sys_region *region);

/* What is asked about working sets (workingset.c): classes of NtQueryVirtualMemory, and of
 * Nt{Query,Set}InformationProcess. */
NTSTATUS sys_query_working_set(struct sys_call *call, struct ps_process *process);
NTSTATUS sys_query_working_set_ex(struct sys_call *call, struct ps_process *process);
NTSTATUS sys_query_quota_limits(struct sys_call *call, struct ps_process *process);
NTSTATUS sys_set_quota_limits(struct sys_call *call, struct ps_process *process);

/* The file behind a handle, referenced, and what the handle grants. */
NTSTATUS sys_get_file(struct sys_call *call, uint64_t handle, uint32_t access, FILE_OBJECT **file,
                      uint32_t *granted);

/* What is told of a process: its memory (bytes), how many handles it has. */
VM_COUNTERS_EX sys_vm_counters(const EPROCESS *process);
uint32_t sys_handle_count(struct sys *sys, struct ps_process *process);
/* SystemProcessInformation, SystemPageFileInformation (class, buffer, length, *return length). */
NTSTATUS sys_process_list(struct sys_call *call);
NTSTATUS sys_query_paging_files(struct sys_call *call);

/* The object behind a handle, of that type or with NULL of any, referenced; release with
 * ob_dereference_object. On failure *object is NULL. */
NTSTATUS sys_get_object(struct sys_call *call, uint64_t handle, uint32_t access, OBJECT_TYPE *type,
                        void **object);
/* Process or thread behind a handle, -1 and -2 included, referenced; release with ps_dereference_*.
 */
NTSTATUS sys_get_process(struct sys_call *call, uint64_t handle, uint32_t access,
                         struct ps_process **out);
NTSTATUS sys_get_thread(struct sys_call *call, uint64_t handle, uint32_t access,
                        struct ps_thread **out);
