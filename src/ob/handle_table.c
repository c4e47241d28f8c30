/* src/ob/handle_table.c: handle tables; handle_table.h has the drawing. */
#include "ob/handle_table.h"

#include <sched.h>
#include <string.h>

#include "ob/obi.h"

enum {
    LEAF_ENTRIES = 4096 / sizeof(HANDLE_TABLE_ENTRY),
    PAGE_POINTERS = 4096 / sizeof(uint64_t),
    LEVEL_BITS = 3, /* low bits of TableCode that hold the level */
    TABLE_PAGE = 4096,
    AUDIT_ENTRY = -2, /* NextFreeTableEntry of the first entry of a leaf */
};

static const uint64_t level_mask = (1u << LEVEL_BITS) - 1;

static uint64_t table_code(const HANDLE_TABLE *table)
{
    return __atomic_load_n(&table->TableCode, __ATOMIC_ACQUIRE);
}

/* The `index`th pointer of a page of pointers at kernel address `page`. */
static uint64_t *pointer_at(struct ob *ob, uint64_t page, unsigned index)
{
    return (uint64_t *)kspace_host(obp_ks(ob), page) + index;
}

static HANDLE_TABLE_ENTRY *leaf_entry(struct ob *ob, uint64_t leaf, unsigned index)
{
    return (HANDLE_TABLE_ENTRY *)kspace_host(obp_ks(ob), leaf) + index;
}

/* Kernel address of the leaf page number `leaf`. => below what is allocated */
static uint64_t leaf_page(struct ob *ob, uint64_t code, unsigned leaf)
{
    uint64_t page = code & ~level_mask;

    switch (code & level_mask) {
    case 0:
        return page;
    case 1:
        return __atomic_load_n(pointer_at(ob, page, leaf), __ATOMIC_RELAXED);
    default:
        page = __atomic_load_n(pointer_at(ob, page, leaf / PAGE_POINTERS), __ATOMIC_RELAXED);
        return __atomic_load_n(pointer_at(ob, page, leaf % PAGE_POINTERS), __ATOMIC_RELAXED);
    }
}

/* The entry of a handle value; NULL when there is none, whatever the value. */
static HANDLE_TABLE_ENTRY *entry_of(struct ob *ob, HANDLE_TABLE *table, uint64_t handle)
{
    /* Read before TableCode, which growth stores first. */
    ULONG limit = __atomic_load_n(&table->NextHandleNeedingPool, __ATOMIC_ACQUIRE);
    uint64_t index = handle >> 2;

    if (handle >= limit || index % LEAF_ENTRIES == 0)
        return NULL;
    return leaf_entry(ob, leaf_page(ob, table_code(table), (unsigned)(index / LEAF_ENTRIES)),
                      index % LEAF_ENTRIES);
}

/* ---- growth: => HandleLock held exclusively ---- */

static void *new_page(struct ob *ob)
{
    void *page = ex_allocate_pool(ob->mm, PagedPool, TABLE_PAGE, mm_tag("Obtb"));

    if (page)
        memset(page, 0, TABLE_PAGE);
    return page;
}

/* Make room for leaf number `leaf` in the upper levels. => false: no pool */
static bool make_room(struct ob *ob, HANDLE_TABLE *table, unsigned leaf)
{
    uint64_t code = table->TableCode, level = code & level_mask, *top;
    bool full = level == 0 ? leaf == 1 : level == 1 && leaf == PAGE_POINTERS;

    if (full) { /* one more level on top of what there is */
        if (!(top = new_page(ob)))
            return false;
        top[0] = code & ~level_mask;
        code = h2k(obp_ks(ob), top) | ++level;
        __atomic_store_n(&table->TableCode, code, __ATOMIC_RELEASE);
    }
    if (level == 2 && leaf % PAGE_POINTERS == 0) {
        uint64_t *middle = new_page(ob);

        if (!middle)
            return false;
        __atomic_store_n(pointer_at(ob, code & ~level_mask, leaf / PAGE_POINTERS),
                         h2k(obp_ks(ob), middle), __ATOMIC_RELEASE);
    }
    return true;
}

static void hang_leaf(struct ob *ob, HANDLE_TABLE *table, unsigned leaf, uint64_t page)
{
    uint64_t code = table->TableCode, top = code & ~level_mask;

    if ((code & level_mask) == 2)
        top = *pointer_at(ob, top, leaf / PAGE_POINTERS);
    __atomic_store_n(pointer_at(ob, top, leaf % PAGE_POINTERS), page, __ATOMIC_RELEASE);
}

/* Chain a fresh leaf's entries and put them on the (empty) free list. */
static void chain_leaf(HANDLE_TABLE *table, HANDLE_TABLE_ENTRY *entries, ULONG first_handle)
{
    entries[0].NextFreeTableEntry = (ULONG)AUDIT_ENTRY;
    for (unsigned i = 1; i < LEAF_ENTRIES; i++)
        entries[i].NextFreeTableEntry = i + 1 < LEAF_ENTRIES ? first_handle + 4 * (i + 1) : 0;
    table->FirstFreeHandle = first_handle + 4;
}

/* => FirstFreeHandle is 0. false: no pool, or too many handles */
static bool grow(struct ob *ob, HANDLE_TABLE *table)
{
    ULONG first = table->NextHandleNeedingPool;
    unsigned leaf = first / (4 * LEAF_ENTRIES);
    HANDLE_TABLE_ENTRY *entries;

    if (first >= HANDLE_LIMIT || !(entries = new_page(ob)))
        return false;
    chain_leaf(table, entries, first);
    if (table->TableCode == 0) {
        __atomic_store_n(&table->TableCode, h2k(obp_ks(ob), entries), __ATOMIC_RELEASE);
    } else if (make_room(ob, table, leaf)) {
        hang_leaf(ob, table, leaf, h2k(obp_ks(ob), entries));
    } else {
        table->FirstFreeHandle = 0;
        ex_free_pool(ob->mm, entries);
        return false;
    }
    __atomic_store_n(&table->NextHandleNeedingPool, first + 4 * LEAF_ENTRIES, __ATOMIC_RELEASE);
    return true;
}

/* ---- tables ---- */

/* Put all unused entries on the free list, lowest handle first. */
static void rebuild_free_list(struct ob *ob, HANDLE_TABLE *table)
{
    ULONG next = 0;

    for (ULONG handle = table->NextHandleNeedingPool; handle > 4;) {
        HANDLE_TABLE_ENTRY *entry = entry_of(ob, table, handle -= 4);

        if (entry && entry->Value == 0) {
            entry->NextFreeTableEntry = next;
            next = handle;
        }
    }
    table->FirstFreeHandle = next;
}

HANDLE_TABLE *ex_create_handle_table(struct ob *ob, EPROCESS *process)
{
    HANDLE_TABLE *table = ex_allocate_pool(ob->mm, PagedPool, sizeof(*table), mm_tag("Obtb"));

    if (!table)
        return NULL;
    memset(table, 0, sizeof(*table));
    if (!grow(ob, table)) {
        ex_free_pool(ob->mm, table);
        return NULL;
    }
    if (process) {
        table->QuotaProcess.va = h2k(obp_ks(ob), process);
        table->UniqueProcessId.va = process->UniqueProcessId.va;
    }
    ex_acquire_push_lock_exclusive(&ob->table_list, KE_RANK_HANDLE_TABLE_LIST);
    ke_list_insert_tail(obp_ks(ob), ob->ke->nt.HandleTableListHead, &table->HandleTableList);
    ex_release_push_lock_exclusive(&ob->table_list, KE_RANK_HANDLE_TABLE_LIST);
    return table;
}

HANDLE_TABLE *ex_duplicate_handle_table(struct ob *ob, EPROCESS *process, HANDLE_TABLE *parent,
                                        bool (*copy)(void *context, uint64_t handle,
                                                     HANDLE_TABLE_ENTRY *entry),
                                        void *context)
{
    HANDLE_TABLE *table = ex_create_handle_table(ob, process);
    ULONG limit = __atomic_load_n(&parent->NextHandleNeedingPool, __ATOMIC_ACQUIRE);

    while (table && table->NextHandleNeedingPool < limit) {
        if (!grow(ob, table)) {
            ex_destroy_handle_table(ob, table);
            return NULL;
        }
    }
    for (ULONG handle = 4; table && handle < limit; handle += 4) {
        HANDLE_TABLE_ENTRY *from = ex_lock_handle(ob, parent, handle), *to;

        if (!from)
            continue;
        if (copy(context, handle, from)) {
            to = entry_of(ob, table, handle);
            to->GrantedAccess = from->GrantedAccess;
            to->Value = __atomic_load_n(&from->Value, __ATOMIC_RELAXED) | HANDLE_ENTRY_UNLOCKED;
            table->HandleCount++;
        }
        ex_unlock_handle(from);
    }
    if (table) {
        table->HandleCountHighWatermark = table->HandleCount;
        rebuild_free_list(ob, table);
    }
    return table;
}

void ex_destroy_handle_table(struct ob *ob, HANDLE_TABLE *table)
{
    uint64_t code = table->TableCode, level = code & level_mask, top = code & ~level_mask;
    unsigned leaves = table->NextHandleNeedingPool / (4 * LEAF_ENTRIES);

    ex_acquire_push_lock_exclusive(&ob->table_list, KE_RANK_HANDLE_TABLE_LIST);
    ke_list_remove(obp_ks(ob), &table->HandleTableList);
    ex_release_push_lock_exclusive(&ob->table_list, KE_RANK_HANDLE_TABLE_LIST);
    for (unsigned leaf = 0; leaf < leaves; leaf++)
        ex_free_pool(ob->mm, kspace_host(obp_ks(ob), leaf_page(ob, code, leaf)));
    for (unsigned i = 0; level == 2 && i < PAGE_POINTERS && *pointer_at(ob, top, i); i++)
        ex_free_pool(ob->mm, kspace_host(obp_ks(ob), *pointer_at(ob, top, i)));
    if (level > 0)
        ex_free_pool(ob->mm, kspace_host(obp_ks(ob), top));
    ex_free_pool(ob->mm, table);
}

/* ---- entries ---- */

NTSTATUS ex_create_handle(struct ob *ob, HANDLE_TABLE *table, uint64_t pointer, ULONG access,
                          uint64_t *handle)
{
    HANDLE_TABLE_ENTRY *entry;

    ASSERT(pointer != 0 && !(pointer & HANDLE_ENTRY_UNLOCKED));
    ex_acquire_push_lock_exclusive(&table->HandleLock, KE_RANK_HANDLE_TABLE);
    if (table->FirstFreeHandle == 0 && !grow(ob, table)) {
        ex_release_push_lock_exclusive(&table->HandleLock, KE_RANK_HANDLE_TABLE);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *handle = table->FirstFreeHandle;
    entry = entry_of(ob, table, *handle);
    table->FirstFreeHandle = entry->NextFreeTableEntry;
    entry->GrantedAccess = access;
    if (++table->HandleCount > table->HandleCountHighWatermark)
        table->HandleCountHighWatermark = table->HandleCount;
    __atomic_store_n(&entry->Value, pointer | HANDLE_ENTRY_UNLOCKED, __ATOMIC_RELEASE);
    ex_release_push_lock_exclusive(&table->HandleLock, KE_RANK_HANDLE_TABLE);
    return STATUS_SUCCESS;
}

HANDLE_TABLE_ENTRY *ex_lock_handle(struct ob *ob, HANDLE_TABLE *table, uint64_t handle)
{
    HANDLE_TABLE_ENTRY *entry = entry_of(ob, table, handle);
    ULONG64 value;

    if (!entry)
        return NULL;
    value = __atomic_load_n(&entry->Value, __ATOMIC_RELAXED);
    for (;;) {
        if (value == 0)
            return NULL;
        if ((value & HANDLE_ENTRY_UNLOCKED) &&
            __atomic_compare_exchange_n(&entry->Value, &value, value & ~HANDLE_ENTRY_UNLOCKED,
                                        false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return entry;
        if (!(value & HANDLE_ENTRY_UNLOCKED)) {
            sched_yield();
            value = __atomic_load_n(&entry->Value, __ATOMIC_RELAXED);
        }
    }
}

HANDLE_TABLE_ENTRY *ex_peek_handle(struct ob *ob, HANDLE_TABLE *table, uint64_t handle)
{
    return entry_of(ob, table, handle);
}

void ex_unlock_handle(HANDLE_TABLE_ENTRY *entry)
{
    __atomic_or_fetch(&entry->Value, HANDLE_ENTRY_UNLOCKED, __ATOMIC_RELEASE);
}

void ex_destroy_handle(struct ob *ob, HANDLE_TABLE *table, uint64_t handle,
                       HANDLE_TABLE_ENTRY *entry)
{
    (void)ob;
    ex_acquire_push_lock_exclusive(&table->HandleLock, KE_RANK_HANDLE_TABLE);
    entry->NextFreeTableEntry = table->FirstFreeHandle;
    __atomic_store_n(&entry->Value, 0, __ATOMIC_RELEASE);
    table->FirstFreeHandle = (ULONG)handle & ~3u;
    table->HandleCount--;
    ex_release_push_lock_exclusive(&table->HandleLock, KE_RANK_HANDLE_TABLE);
}

void ex_enumerate_handles(struct ob *ob, HANDLE_TABLE *table,
                          bool (*visit)(void *context, uint64_t handle, HANDLE_TABLE_ENTRY *entry),
                          void *context)
{
    ULONG limit = __atomic_load_n(&table->NextHandleNeedingPool, __ATOMIC_ACQUIRE);

    for (uint64_t handle = 4; handle < limit; handle += 4) {
        HANDLE_TABLE_ENTRY *entry = ex_lock_handle(ob, table, handle);

        if (entry && !visit(context, handle, entry))
            ex_unlock_handle(entry);
    }
}
