/* src/ob/handle_table.h: HANDLE_TABLE, from handle values to pointers.
 *
 * A handle is an index times 4; the table is one to three levels of 4 KB pages of 16-byte entries:
 *
 *      TableCode = address | level            level 0        256 entries
 *                     |                       level 1   512 pages of them
 *                     v                       level 2   512 of those
 *      level 1: [page0][page1]...
 *                  |
 *                  v
 *               [audit entry][handle 4][handle 8] ... 255
 *
 * The first entry of every leaf page is not a handle. A used entry holds an object pointer whose
 * low bits are flags; bit 0 set means unlocked (Windows 7: a set bit is free to be taken):
 *
 *      Object: pointer | audit (4) | inherit (2) | unlocked (1)      GrantedAccess (25 bits),
 *                                                                    protect from close (bit 25)
 *      free entries: Object 0, NextFreeTableEntry = the next free handle, 0 at the end
 *
 * Looking up takes no lock of the table: it locks the entry (the bit) for as long as the entry is
 * looked at. The free list and growth are under HandleLock. Pages are never given back before the
 * table is destroyed, so a stale handle finds a free entry, never freed memory.
 *
 * What the pointer means is the caller's: object headers for a process's handles, processes and
 * threads for PspCidTable.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ke/ke.h"
#include "nt/ex.h"
#include "nt/status.h"

struct ob;

#define HANDLE_ENTRY_UNLOCKED 0x1ull
#define HANDLE_ENTRY_INHERIT 0x2ull
#define HANDLE_ENTRY_AUDIT 0x4ull
#define HANDLE_ENTRY_FLAGS 0x7ull
#define HANDLE_ENTRY_PROTECT 0x02000000u /* in GrantedAccess */
#define HANDLE_ENTRY_ACCESS 0x01FFFFFFu

#define HANDLE_LIMIT (1u << 26) /* handle values stay below: 16M handles */

/* An empty table, in HandleTableListHead. `process` (may be NULL) is its QuotaProcess.
 * => NULL: no pool */
HANDLE_TABLE *ex_create_handle_table(struct ob *ob, EPROCESS *process);
/* A table for `process` with those entries of `parent` that `copy` (entry locked) returns true for,
 * under the same handle values. => NULL: no pool; `copy` was not called */
HANDLE_TABLE *ex_duplicate_handle_table(struct ob *ob, EPROCESS *process, HANDLE_TABLE *parent,
                                        bool (*copy)(void *context, uint64_t handle,
                                                     HANDLE_TABLE_ENTRY *entry),
                                        void *context);
/* Take it off HandleTableListHead and free it. => nobody uses it any more */
void ex_destroy_handle_table(struct ob *ob, HANDLE_TABLE *table);

/* Take a free entry for `pointer` (kernel address, 8-byte aligned, | HANDLE_ENTRY_INHERIT ...) and
 * `access`. The entry is unlocked when visible.
 * => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS ex_create_handle(struct ob *ob, HANDLE_TABLE *table, uint64_t pointer, ULONG access,
                          uint64_t *handle);

/* The entry of `handle`, locked; NULL when that is not a handle in use. The low two bits of a
 * handle do not count. */
HANDLE_TABLE_ENTRY *ex_lock_handle(struct ob *ob, HANDLE_TABLE *table, uint64_t handle);
/* The entry as it is, used or free; NULL when there is none. For the checker. */
HANDLE_TABLE_ENTRY *ex_peek_handle(struct ob *ob, HANDLE_TABLE *table, uint64_t handle);
void ex_unlock_handle(HANDLE_TABLE_ENTRY *entry);
/* Free a locked entry. */
void ex_destroy_handle(struct ob *ob, HANDLE_TABLE *table, uint64_t handle,
                       HANDLE_TABLE_ENTRY *entry);

/* Pointer in a locked entry, without its flags. */
static inline uint64_t ex_handle_entry_pointer(const HANDLE_TABLE_ENTRY *entry)
{
    return __atomic_load_n(&entry->Value, __ATOMIC_RELAXED) & ~HANDLE_ENTRY_FLAGS;
}

static inline bool ex_handle_entry_is_inherited(const HANDLE_TABLE_ENTRY *entry)
{
    return __atomic_load_n(&entry->Value, __ATOMIC_RELAXED) & HANDLE_ENTRY_INHERIT;
}

/* Call `visit` with each used entry, locked, in order of handles; it may destroy the entry and then
 * returns true, else the entry is unlocked. */
void ex_enumerate_handles(struct ob *ob, HANDLE_TABLE *table,
                          bool (*visit)(void *context, uint64_t handle, HANDLE_TABLE_ENTRY *entry),
                          void *context);
