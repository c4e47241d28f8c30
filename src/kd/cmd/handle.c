/* src/kd/cmd/handle.c: !handle: the handle table of a process, and what the handles lead to.
 *
 *      TableCode & 3 = 0:  entries          | 1: pointers to tables of entries | 2: one level more
 *
 * A handle's value is 4 times its index. The body of an object follows its header; the name, when
 * InfoMask says that there is one, lies before it at the distance that ObpInfoMaskToOffset gives.
 *
 * Source: debugger documentation, "!handle"; Windows Internals 6, part 1, ch. 3 "Object Handles".
 */
#include <inttypes.h>

#include "hw/bits.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define HANDLE_UNIT 4
#define HANDLE_LIMIT 0x10000u /* indices looked at */
#define LEVEL_BITS 3ull
#define OBJECT_FLAGS 15ull /* of an entry: lock, inherit, audit */

struct table {
    uint64_t base;
    unsigned level;
    uint64_t entry_size;
    uint64_t entries; /* of one page */
};

/* The address of the entry with this index; false when a page of the table is not in memory. */
static bool entry_address(struct kd *kd, const struct table *table, uint64_t index, uint64_t *entry)
{
    uint64_t at = table->base, pointers = HW_PAGE_SIZE / sizeof(uint64_t);
    uint64_t page = index / table->entries;
    if (table->level == 2) {
        if (!kd_read_u64(kd, at + page / pointers * sizeof at, &at) || at == 0) {
            return false;
        }
        page %= pointers;
    }
    if (table->level >= 1) {
        if (page >= pointers || !kd_read_u64(kd, at + page * sizeof at, &at) || at == 0) {
            return false;
        }
    } else if (page != 0) {
        return false;
    }
    *entry = at + index % table->entries * table->entry_size;
    return true;
}

static void show_handle(struct kd *kd, uint64_t handle, uint64_t entry, uint64_t header)
{
    uint64_t body = 0, count;
    char name[512];
    kd_offset(kd, "_OBJECT_HEADER", "Body", &body);
    uint64_t object = header + body;
    kd_printf(kd,
              "%04" PRIx64 ": Object: %016" PRIx64 "  GrantedAccess: %08" PRIx64
              " Entry: %016" PRIx64 "\n",
              handle, object, kd_field(kd, "_HANDLE_TABLE_ENTRY", entry, "GrantedAccess"), entry);
    if (!kd_read_nt(kd, "_OBJECT_HEADER", header, "PointerCount", &count)) {
        kd_printf(kd, "Object: %016" PRIx64 "  is not in memory\n\n", object);
        return;
    }
    kd_printf(kd, "Object: %016" PRIx64, object);
    kd_show_object_type(kd, header);
    kd_printf(kd,
              "    ObjectHeader: %016" PRIx64 " (new version)\n        HandleCount: %" PRId64
              "  PointerCount: %" PRId64 "\n",
              header, kd_field(kd, "_OBJECT_HEADER", header, "HandleCount"), count);
    if (kd_object_name(kd, header, name, sizeof name)) {
        kd_printf(kd, "        Name: %s\n", name);
    }
    kd_printf(kd, "\n");
}

static bool open_table(struct kd *kd, uint64_t process, struct table *table)
{
    uint64_t code, address = kd_field(kd, "_EPROCESS", process, "ObjectTable");
    if (address == 0) {
        return kd_error(kd, "Process %016" PRIx64 " has no handle table", process);
    }
    table->entry_size = kd_type_size(kd->symbols, "nt", "_HANDLE_TABLE_ENTRY");
    if (table->entry_size == 0 || !kd_read_nt(kd, "_HANDLE_TABLE", address, "TableCode", &code)) {
        return kd_error(kd, "The handle table at %016" PRIx64 " is not in memory", address);
    }
    table->entries = HW_PAGE_SIZE / table->entry_size;
    table->level = (unsigned)(code & LEVEL_BITS);
    table->base = code & ~LEVEL_BITS;
    if (table->level > 2) {
        return kd_error(kd, "The handle table at %016" PRIx64 " is damaged", address);
    }
    kd_printf(kd, "Handle table at %016" PRIx64 " with %" PRIu64 " entries in use\n\n", address,
              kd_field(kd, "_HANDLE_TABLE", address, "HandleCount"));
    return true;
}

/* !handle [HANDLE [FLAGS [PROCESS]]]; flags are accepted and mean everything. */
static bool cmd_handle(struct kd *kd, const char *args)
{
    uint64_t wanted = 0, flags = 0, process = 0, entry, object;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &wanted, &given) ||
        !kd_evaluate_optional(kd, &args, &flags, &given) ||
        !kd_evaluate_optional(kd, &args, &process, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    struct table table = {.level = 0};
    if (!open_table(kd, process != 0 ? process : kd_current_process(kd), &table)) {
        return false;
    }
    unsigned shown = 0;
    for (uint64_t i = 1; i < HANDLE_LIMIT && !kd_interrupted(kd); i++) {
        if (wanted != 0 && wanted / HANDLE_UNIT != i) {
            continue;
        }
        if (!entry_address(kd, &table, i, &entry)) {
            break;
        }
        if (kd_read_nt(kd, "_HANDLE_TABLE_ENTRY", entry, "Object", &object) && object != 0) {
            show_handle(kd, i * HANDLE_UNIT, entry, object & ~OBJECT_FLAGS);
            shown++;
        }
    }
    if (wanted != 0 && shown == 0) {
        return kd_error(kd, "%04" PRIx64 ": free handle", wanted);
    }
    return true;
}

const struct kd_command kd_commands_handle[] = {
    {"!handle", "!handle [HANDLE [FLAGS [PROCESS]]]", "handles of a process and their objects",
     cmd_handle},
    {NULL, NULL, NULL, NULL},
};
