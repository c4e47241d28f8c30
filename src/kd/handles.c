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

/* Go down a level of the table: from a page of pointers to what number `index` of them names. */
static enum kd_handle_state descend(struct kd *kd, uint64_t index, uint64_t *at)
{
    if (index >= HW_PAGE_SIZE / sizeof *at) {
        return KD_HANDLE_FREE;
    }
    if (!kd_read_u64(kd, *at + index * sizeof *at, at)) {
        return KD_HANDLE_AWAY;
    }
    return *at == 0 ? KD_HANDLE_FREE : KD_HANDLE_IN_USE;
}

/* The address of the entry with this index. => KD_HANDLE_FREE: the table does not reach so far */
static enum kd_handle_state entry_at(struct kd *kd, const struct kd_handle_table *table,
                                     uint64_t index, uint64_t *entry)
{
    const uint64_t pointers = HW_PAGE_SIZE / sizeof(uint64_t);
    uint64_t at = table->base, page = index / table->entries;
    enum kd_handle_state state = table->level == 0 && page != 0 ? KD_HANDLE_FREE : KD_HANDLE_IN_USE;
    if (table->level == 2) {
        state = descend(kd, page / pointers, &at);
        page %= pointers;
    }
    if (state == KD_HANDLE_IN_USE && table->level >= 1) {
        state = descend(kd, page, &at);
    }
    *entry = at + index % table->entries * table->entry_size;
    return state;
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
    if (table->entry_size == 0 || table->entry_size > HW_PAGE_SIZE ||
        !kd_read_nt(kd, "_HANDLE_TABLE", address, "TableCode", &code)) {
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
    return (entry_at(kd, table, 0, &entry) == KD_HANDLE_IN_USE && kd_read_u64(kd, entry, &value)) ||
           kd_error(kd, "The entries of the handle table at %016" PRIx64 " are not in memory",
                    address);
}

static enum kd_handle_state read_entry(struct kd *kd, uint64_t index, uint64_t entry,
                                       struct kd_handle *out)
{
    uint64_t object, body = 0;
    if (!kd_read_nt(kd, "_HANDLE_TABLE_ENTRY", entry, "Object", &object)) {
        return KD_HANDLE_AWAY;
    }
    if (object == 0) {
        return KD_HANDLE_FREE;
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
    return KD_HANDLE_IN_USE;
}

bool kd_handles_each(struct kd *kd, const struct kd_handle_table *table, kd_handle_visit *visit,
                     void *context)
{
    bool whole = true;
    /* A page's first entry is not a handle. */
    for (uint64_t i = 1; i < HANDLE_LIMIT && !kd_interrupted(kd); i++) {
        struct kd_handle handle;
        uint64_t entry;
        enum kd_handle_state state = entry_at(kd, table, i, &entry);
        if (state == KD_HANDLE_FREE) {
            break;
        }
        if (state == KD_HANDLE_IN_USE && i % table->entries != 0) {
            state = read_entry(kd, i, entry, &handle);
        }
        if (state == KD_HANDLE_AWAY) {
            whole = false;
            i += table->entries - 1 - i % table->entries; /* nor is the rest of the page */
        } else if (state == KD_HANDLE_IN_USE && i % table->entries != 0 &&
                   !visit(kd, &handle, context)) {
            break;
        }
    }
    return whole;
}

enum kd_handle_state kd_handle_get(struct kd *kd, const struct kd_handle_table *table,
                                   uint64_t value, struct kd_handle *out)
{
    uint64_t entry, index = value / HANDLE_UNIT;
    if (index % table->entries == 0 || index >= HANDLE_LIMIT) {
        return KD_HANDLE_FREE;
    }
    enum kd_handle_state state = entry_at(kd, table, index, &entry);
    return state == KD_HANDLE_IN_USE ? read_entry(kd, index, entry, out) : state;
}
