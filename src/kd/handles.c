/* src/kd/handles.c: the handle table of a process.
 *
 *      TableCode & 3 = 0:  entries          | 1: pointers to tables of entries | 2: one level more
 *
 * A handle's value is 4 times its index. The low bits of an entry's object pointer are flags, so is
 * one bit of its access mask.
 *
 * Source: Windows Internals 6, part 1, ch. 3 "Object Handles". */
#include "kd/handles.h"

#include <inttypes.h>

#include "hw/bits.h"
#include "kd/types.h"

#define HANDLE_UNIT 4
#define HANDLE_LIMIT 0x1000000u /* indices: what a process may have */
#define LEVEL_BITS 3ull
#define OBJECT_FLAGS 15ull       /* of an entry: lock, inherit, audit */
#define ENTRY_PROTECT (1u << 25) /* of the access mask: the handle cannot be closed */

/* The address of the entry with this index; false when a page of the table is not in memory. */
static bool entry_address(struct kd *kd, const struct kd_handle_table *table, uint64_t index,
                          uint64_t *entry)
{
    uint64_t at = table->base, pointers = HW_PAGE_SIZE / sizeof(uint64_t);
    uint64_t page = index / table->entries;
    if (table->level == 2) {
        if (page / pointers >= pointers ||
            !kd_read_u64(kd, at + page / pointers * sizeof at, &at) || at == 0) {
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

bool kd_handle_table_open(struct kd *kd, uint64_t process, struct kd_handle_table *table)
{
    uint64_t address = kd_field(kd, "_EPROCESS", process, "ObjectTable");
    *table = (struct kd_handle_table){.address = 0};
    return address != 0 ? kd_handle_table_at(kd, address, table)
                        : kd_error(kd, "Process %016" PRIx64 " has no handle table", process);
}

bool kd_handle_table_at(struct kd *kd, uint64_t address, struct kd_handle_table *table)
{
    uint64_t code;
    *table = (struct kd_handle_table){.address = address};
    table->entry_size = kd_type_size(kd->symbols, "nt", "_HANDLE_TABLE_ENTRY");
    if (table->entry_size == 0 || !kd_read_nt(kd, "_HANDLE_TABLE", address, "TableCode", &code)) {
        return kd_error(kd, "The handle table at %016" PRIx64 " is not in memory", address);
    }
    table->entries = HW_PAGE_SIZE / table->entry_size;
    table->level = (unsigned)(code & LEVEL_BITS);
    table->base = code & ~LEVEL_BITS;
    table->count = kd_field(kd, "_HANDLE_TABLE", address, "HandleCount");
    if (table->level > 2) {
        return kd_error(kd, "The handle table at %016" PRIx64 " is damaged", address);
    }
    uint64_t entry, value;
    return (entry_address(kd, table, 0, &entry) && kd_read_u64(kd, entry, &value)) ||
           kd_error(kd, "The entries of the handle table at %016" PRIx64 " are not in memory",
                    address);
}

/* => false: the entry is free or not in memory */
static bool read_entry(struct kd *kd, uint64_t index, uint64_t entry, struct kd_handle *out)
{
    uint64_t object, body = 0;
    if (!kd_read_nt(kd, "_HANDLE_TABLE_ENTRY", entry, "Object", &object) || object == 0) {
        return false;
    }
    uint32_t access = (uint32_t)kd_field(kd, "_HANDLE_TABLE_ENTRY", entry, "GrantedAccess");
    kd_offset(kd, "_OBJECT_HEADER", "Body", &body);
    *out = (struct kd_handle){
        .value = index * HANDLE_UNIT,
        .entry = entry,
        .header = object & ~OBJECT_FLAGS,
        .object = (object & ~OBJECT_FLAGS) + body,
        .access = access & ~ENTRY_PROTECT,
        .attributes = (uint32_t)(object & KD_HANDLE_INHERIT) |
                      (access & ENTRY_PROTECT ? KD_HANDLE_PROTECTED : 0),
    };
    return true;
}

void kd_handles_each(struct kd *kd, const struct kd_handle_table *table, kd_handle_visit *visit,
                     void *context)
{
    struct kd_handle handle;
    uint64_t entry;
    /* A page's first entry is not a handle. */
    for (uint64_t i = 1; i < HANDLE_LIMIT && !kd_interrupted(kd); i++) {
        if (!entry_address(kd, table, i, &entry)) {
            break;
        }
        if (i % table->entries != 0 && read_entry(kd, i, entry, &handle) &&
            !visit(kd, &handle, context)) {
            break;
        }
    }
}

bool kd_handle_get(struct kd *kd, const struct kd_handle_table *table, uint64_t value,
                   struct kd_handle *out)
{
    uint64_t entry, index = value / HANDLE_UNIT;
    return index != 0 && index < HANDLE_LIMIT && entry_address(kd, table, index, &entry) &&
           read_entry(kd, index, entry, out);
}
