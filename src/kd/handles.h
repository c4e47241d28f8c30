/* handles.h: the handle table of a process. => handles.c */
#pragma once

#include "kd/kdi.h"

struct kd_handle_table {
    uint64_t address; /* of the HANDLE_TABLE */
    uint64_t base;
    unsigned level;
    uint64_t entry_size;
    uint64_t entries; /* of one page */
    uint64_t count;   /* in use, as the table says */
};

/* OBJ_PROTECT_CLOSE, OBJ_INHERIT, as NtQueryObject tells them. */
enum { KD_HANDLE_PROTECTED = 1, KD_HANDLE_INHERIT = 2 };

struct kd_handle {
    uint64_t value;  /* what the process uses */
    uint64_t entry;  /* address of the HANDLE_TABLE_ENTRY */
    uint64_t header; /* address of the OBJECT_HEADER */
    uint64_t object;
    uint32_t access;     /* granted */
    uint32_t attributes; /* KD_HANDLE_* */
};

/* The table of a process, or the one at an address. => false: an error was printed */
bool kd_handle_table_open(struct kd *kd, uint64_t process, struct kd_handle_table *table);
bool kd_handle_table_at(struct kd *kd, uint64_t address, struct kd_handle_table *table);

/* Visit the handles in use, in order, until `visit` returns false. => false: not all of the table
 * is in memory */
typedef bool kd_handle_visit(struct kd *kd, const struct kd_handle *handle, void *context);
bool kd_handles_each(struct kd *kd, const struct kd_handle_table *table, kd_handle_visit *visit,
                     void *context);

/* One of them. */
enum kd_handle_state { KD_HANDLE_FREE, KD_HANDLE_IN_USE, KD_HANDLE_AWAY /* not in memory */ };
enum kd_handle_state kd_handle_get(struct kd *kd, const struct kd_handle_table *table,
                                   uint64_t value, struct kd_handle *out);
