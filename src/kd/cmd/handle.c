/* src/kd/cmd/handle.c: !handle: open handles of processes, and what they lead to.
 *
 *      !handle [HANDLE [FLAGS [PROCESS [TYPE]]]]
 *
 * HANDLE 0: all. FLAGS: 2 objects too (without flags: yes), 4 free entries, 10 the kernel's table.
 * PROCESS: an EPROCESS or an id; 0 all processes, -1 the current one. TYPE: only objects of this
 * type. The body of an object follows its header; the name, when InfoMask says that there is one,
 * lies before it at the distance that ObpInfoMaskToOffset gives.
 *
 * Source: debugger documentation, "!handle"; Windows Internals 6, part 1, ch. 3 "Object Handles".
 */
#include <inttypes.h>
#include <string.h>

#include "kd/cmd/cmd.h"
#include "kd/handles.h"
#include "kd/kdi.h"

#define HANDLE_UNIT 4
#define CID_LIMIT 0x100000ull /* smaller arguments are process ids, not addresses */
#define CURRENT_PROCESS UINT64_MAX

enum handle_flags { OBJECTS = 2, FREE = 4, KERNEL_TABLE = 0x10 };

struct request {
    uint64_t handle; /* 0: all */
    uint64_t flags;
    uint64_t process;
    char type[64]; /* "": any */
    unsigned shown;
    uint64_t next; /* the first value that no handle was met for */
    uint64_t id;   /* of the process that is looked for */
    const struct kd_handle_table *table;
};

static void show_object(struct kd *kd, const struct kd_handle *handle)
{
    char name[512];
    uint64_t count;
    if (!kd_read_nt(kd, "_OBJECT_HEADER", handle->header, "PointerCount", &count)) {
        kd_printf(kd, "Object: %016" PRIx64 "  is not in memory\n\n", handle->object);
        return;
    }
    kd_printf(kd, "Object: %016" PRIx64, handle->object);
    kd_show_object_type(kd, handle->header);
    kd_printf(kd,
              "    ObjectHeader: %016" PRIx64 " (new version)\n        HandleCount: %" PRId64
              "  PointerCount: %" PRId64 "\n",
              handle->header, kd_field(kd, "_OBJECT_HEADER", handle->header, "HandleCount"), count);
    if (kd_object_name(kd, handle->header, name, sizeof name)) {
        kd_printf(kd, "        Name: %s\n", name);
    }
    kd_printf(kd, "\n");
}

static void show_free(struct kd *kd, const struct request *request, uint64_t to)
{
    struct kd_handle handle;
    for (uint64_t value = request->next; value < to && !kd_interrupted(kd); value += HANDLE_UNIT) {
        if (kd_handle_get(kd, request->table, value, &handle) == KD_HANDLE_FREE) {
            kd_printf(kd, "%04" PRIx64 ": free handle\n", value);
        }
    }
}

static bool show_handle(struct kd *kd, const struct kd_handle *handle, void *context)
{
    struct request *request = context;
    char type[64];
    kd_object_type_name(kd, handle->header, type, sizeof type);
    if (request->type[0] != '\0' && strcmp(request->type, type) != 0) {
        return true;
    }
    if (request->flags & FREE && request->type[0] == '\0') {
        show_free(kd, request, handle->value);
        request->next = handle->value + HANDLE_UNIT;
    }
    kd_printf(kd,
              "%04" PRIx64 ": Object: %016" PRIx64 "  GrantedAccess: %08" PRIx32
              "%s%s Entry: %016" PRIx64 "\n",
              handle->value, handle->object, handle->access,
              handle->attributes & KD_HANDLE_PROTECTED ? " (Protected)" : "",
              handle->attributes & KD_HANDLE_INHERIT ? " (Inherit)" : "", handle->entry);
    if (request->flags & OBJECTS) {
        show_object(kd, handle);
    }
    request->shown++;
    return true;
}

static bool show_table(struct kd *kd, const struct kd_handle_table *table, struct request *request)
{
    struct kd_handle handle;
    kd_printf(kd, "Handle table at %016" PRIx64 " with %" PRIu64 " entries in use\n\n",
              table->address, table->count);
    request->next = HANDLE_UNIT;
    request->table = table;
    if (request->handle == 0) {
        return kd_handles_each(kd, table, show_handle, request) ||
               kd_error(kd, "Not all of the table is in memory");
    }
    switch (kd_handle_get(kd, table, request->handle, &handle)) {
    case KD_HANDLE_FREE:
        return kd_error(kd, "%04" PRIx64 ": free handle", request->handle);
    case KD_HANDLE_AWAY:
        return kd_error(kd, "%04" PRIx64 ": its entry is not in memory", request->handle);
    case KD_HANDLE_IN_USE:
        break;
    }
    request->flags &= ~(uint64_t)FREE;
    return show_handle(kd, &handle, request);
}

static bool show_process(struct kd *kd, uint64_t process, struct request *request)
{
    struct kd_handle_table table;
    kd_show_process_summary(kd, process);
    kd_printf(kd, "\n");
    return kd_handle_table_open(kd, process, &table) && show_table(kd, &table, request);
}

static bool show_each(struct kd *kd, uint64_t process, void *context)
{
    if (kd_field(kd, "_EPROCESS", process, "ObjectTable") != 0) {
        show_process(kd, process, context);
    }
    return !kd_interrupted(kd);
}

static bool find_id(struct kd *kd, uint64_t process, void *context)
{
    struct request *request = context;
    bool found = kd_field(kd, "_EPROCESS", process, "UniqueProcessId") == request->id;
    request->process = found ? process : request->process;
    return !found;
}

static bool show_wanted(struct kd *kd, struct request *request)
{
    struct kd_handle_table table;
    if (request->flags & KERNEL_TABLE) {
        return kd_handle_table_at(kd, kd_nt_pointer(kd, "ObpKernelHandleTable"), &table) &&
               show_table(kd, &table, request);
    }
    if (request->process == 0) {
        return kd_processes_each(kd, show_each, request);
    }
    if (request->process < CID_LIMIT) {
        request->id = request->process;
        request->process = 0;
        if (!kd_processes_each(kd, find_id, request)) {
            return false;
        }
        if (request->process == 0) {
            return kd_error(kd, "There is no process with id %" PRIx64, request->id);
        }
    }
    uint64_t process =
        request->process == CURRENT_PROCESS ? kd_current_process(kd) : request->process;
    if (kd_field(kd, "_EPROCESS", process, "Pcb.Header.Type") != KD_PROCESS_OBJECT) {
        return kd_error(kd, "%016" PRIx64 " has invalid type: no process there", process);
    }
    return show_process(kd, process, request);
}

bool kd_take_number(struct kd *kd, const char **args, uint64_t *value)
{
    char word[128];
    const char *at = word;
    return !kd_word(args, word, sizeof word) ||
           (kd_evaluate(kd, &at, value) &&
            (kd_at_end(at) || kd_error(kd, "Extra character error in '%s'", at)));
}

static bool cmd_handle(struct kd *kd, const char *args)
{
    if (kd_target_is_process(kd->target)) {
        return kd_show_listed_handles(kd, args);
    }
    struct request request = {.flags = OBJECTS, .process = CURRENT_PROCESS};
    if (!kd_take_number(kd, &args, &request.handle) || !kd_take_number(kd, &args, &request.flags) ||
        !kd_take_number(kd, &args, &request.process) || !kd_need_symbols(kd)) {
        return false;
    }
    kd_word(&args, request.type, sizeof request.type);
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    return show_wanted(kd, &request);
}

const struct kd_command kd_commands_handle[] = {
    {"!handle", "!handle [HANDLE [FLAGS [PROCESS [TYPE]]]]",
     "handles; flags 2 their objects 4 free ones 10 the kernel's; process 0: all", cmd_handle,
     KD_NEEDS_NOTHING},
    {0},
};
