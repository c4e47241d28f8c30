/* src/kd/cmd/handle_list.c: !handle over a dump of one process.
 *
 *      !handle [HANDLE [FLAGS [TYPE]]]
 *
 * There is no kernel to look the objects up in; the file has a list of them instead, with what
 * NtQueryObject told when it was written. FLAGS: 1 types (so without flags), 2 attributes, access
 * and counts, 4 names. HANDLE 0 or -1: all, with their number by type at the end.
 *
 * Source: debugger documentation, "!handle", user mode; access rights of each type of object.
 */
#include <inttypes.h>
#include <string.h>

#include "dump/dump.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"

#define MOST_TYPES 64
#define RIGHTS 16 /* of each kind: bits 0 to 15 of the access mask, and from 16 on */

enum list_flags { TYPES = 1, BASICS = 2, NAMES = 4 };

struct type_count {
    char name[64];
    unsigned count;
};

/* Names of the rights that every object has, from bit 16 on. */
static const char *const standard_rights[RIGHTS] = {"Delete", "ReadControl", "WriteDac",
                                                    "WriteOwner", "Synch"};

static const struct {
    const char *type;
    const char *rights[RIGHTS];
} own_rights[] = {
    {"Directory", {"Query", "Traverse", "CreateObject", "CreateSubdir"}},
    {"Event", {"QueryState", "ModifyState"}},
    {"File",
     {"Read/List", "Write/Add", "Append/SubDir/CreatePipe", "ReadEA", "WriteEA", "Execute/Traverse",
      "DeleteChild", "ReadAttr", "WriteAttr"}},
    {"Key", {"QueryValue", "SetValue", "CreateSubKey", "EnumSubKey", "Notify", "CreateLink"}},
    {"Mutant", {"QueryState"}},
    {"Process",
     {"Terminate", "CreateThread", "SetSessionID", "VMOp", "VMRead", "VMWrite", "DupHandle",
      "CreateProcess", "SetQuota", "SetInfo", "QueryInfo", "SuspendResume"}},
    {"Section", {"Query", "MapWrite", "MapRead", "MapExecute", "Extend"}},
    {"Semaphore", {"QueryState", "ModifyState"}},
    {"SymbolicLink", {"Query"}},
    {"Thread",
     {"Terminate", "Suspend", "Alert", "GetContext", "SetContext", "SetInfo", "QueryInfo",
      "SetToken", "Impersonate", "DirectImpersonate"}},
    {"Timer", {"QueryState", "ModifyState"}},
};

static void show_rights(struct kd *kd, uint32_t bits, const char *const *names)
{
    const char *before = "";
    kd_printf(kd, "         ");
    for (unsigned i = 0; i < RIGHTS; i++) {
        if (bits >> i & 1 && names[i] != NULL) {
            kd_printf(kd, "%s%s", before, names[i]);
            before = ",";
        }
    }
    kd_printf(kd, "%s\n", *before == '\0' ? "None" : "");
}

static void show_basics(struct kd *kd, const struct dump_handle *handle)
{
    kd_printf(kd, "  Attributes    \t%#" PRIx32 "%s%s\n  GrantedAccess \t%#" PRIx32 ":\n",
              handle->attributes, handle->attributes & 2 ? " Inherit" : "",
              handle->attributes & 1 ? " ProtectFromClose" : "", handle->access);
    show_rights(kd, handle->access >> RIGHTS, standard_rights);
    for (size_t i = 0; i < sizeof own_rights / sizeof own_rights[0]; i++) {
        if (strcmp(own_rights[i].type, handle->type) == 0) {
            show_rights(kd, handle->access & UINT16_MAX, own_rights[i].rights);
        }
    }
    kd_printf(kd, "  HandleCount   \t%" PRIu32 "\n  PointerCount  \t%" PRIu32 "\n", handle->handles,
              handle->pointers);
}

static void show(struct kd *kd, const struct dump_handle *handle, uint64_t flags)
{
    kd_printf(kd, "Handle %" PRIx64 "\n", handle->handle);
    if (flags & TYPES) {
        kd_printf(kd, "  Type          \t%s\n", handle->type);
    }
    if (flags & BASICS) {
        show_basics(kd, handle);
    }
    if (flags & NAMES) {
        kd_printf(kd, "  Name          \t%s\n", handle->name[0] != '\0' ? handle->name : "<none>");
    }
}

static void count_type(struct type_count types[MOST_TYPES], const char *name)
{
    for (size_t i = 0; i < MOST_TYPES; i++) {
        if (types[i].count == 0) {
            snprintf(types[i].name, sizeof types[i].name, "%s", name);
        }
        if (strcmp(types[i].name, name) == 0) {
            types[i].count++;
            return;
        }
    }
}

static void show_counts(struct kd *kd, unsigned all, const struct type_count types[MOST_TYPES])
{
    kd_printf(kd, "%u Handles\nType           \tCount\n", all);
    for (size_t i = 0; i < MOST_TYPES && types[i].count != 0; i++) {
        kd_printf(kd, "%-15s\t%u\n", types[i].name, types[i].count);
    }
}

bool kd_show_listed_handles(struct kd *kd, const char *args)
{
    uint64_t wanted = 0, flags = TYPES;
    struct type_count types[MOST_TYPES] = {0};
    struct dump_handle handle;
    char type[64] = "";
    unsigned shown = 0;
    if (!kd_take_number(kd, &args, &wanted) || !kd_take_number(kd, &args, &flags)) {
        return false;
    }
    kd_word(&args, type, sizeof type);
    if (!kd->target->ops->get_handle(kd->target, 0, &handle)) {
        return kd_error(kd, "This dump does not list handles");
    }
    bool all = wanted == 0 || wanted == UINT64_MAX;
    for (size_t i = 0; kd->target->ops->get_handle(kd->target, i, &handle); i++) {
        if (kd_interrupted(kd)) {
            return false;
        }
        if ((all || handle.handle == wanted) && (!*type || strcmp(type, handle.type) == 0)) {
            show(kd, &handle, flags);
            count_type(types, handle.type);
            shown++;
        }
    }
    if (!all) {
        return shown != 0 || kd_error(kd, "%04" PRIx64 ": free handle", wanted);
    }
    show_counts(kd, shown, types);
    return true;
}
