/* src/kd/breakpoints.h: breakpoints; software ones are in memory only while the target runs.
 *
 *      stopped:  memory is as the program left it; `db`, `u` and `s` never see an int3 of ours
 *      running:  0xCC at every enabled breakpoint whose page is in memory
 *
 * Hardware breakpoints (ba) are given to the target as a list each time it runs; it has debug
 * registers for a few of them, or for none.
 *
 * A breakpoint at a user address belongs to one process (and may be hit by another that shares the
 * page: the debugger then steps over it in silence); one in the kernel half belongs to none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kd/target.h"

#define KD_BREAKPOINTS 64
#define KD_BREAKPOINT_TEMPORARY (KD_BREAKPOINTS - 1) /* of p and `g ADDRESS` */

struct kd;

enum kd_breakpoint_kind { KD_BREAK_SOFTWARE, KD_BREAK_HARDWARE };

struct kd_breakpoint {
    bool used;
    enum kd_breakpoint_kind kind;
    struct kd_watch watch; /* KD_BREAK_HARDWARE: access and length */
    int watch_slot;        /* of the target while it ran; -1: none */
    bool enabled;
    bool once;        /* cleared when it is hit */
    bool match;       /* /p was given */
    char *expression; /* symbol of a deferred breakpoint; NULL: address is known */
    uint64_t address;
    uint64_t process; /* EPROCESS; 0: any */
    uint64_t process_id;
    uint64_t thread; /* ETHREAD; 0: any */
    uint64_t stack;  /* counts only where rsp is above this; 0: anywhere */
    uint64_t passes; /* as asked for, at least 1 */
    uint64_t remaining;
    char *command; /* run when hit; NULL: none */

    bool inserted;
    uint8_t original;
    uint64_t physical; /* where the int3 was written */
};

struct kd_breakpoints {
    struct kd_breakpoint row[KD_BREAKPOINTS];
    bool watching; /* the target has a list of hardware breakpoints */
};

struct kd_breakpoints *kd_breakpoints_create(void);
void kd_breakpoints_destroy(struct kd *kd, struct kd_breakpoints *breakpoints);

/* A free slot, NULL when all are used; the temporary one is not among them. */
struct kd_breakpoint *kd_breakpoint_new(struct kd *kd);
void kd_breakpoint_clear(struct kd_breakpoint *breakpoint);

/* Give the target its list of hardware breakpoints but those for execution at `except`.
 * => 0 or what the target said; -ENOSPC when there are more than it can watch */
int kd_breakpoints_watch(struct kd *kd, uint64_t except);

/* Is this breakpoint met before the instruction at its address is executed? */
bool kd_breakpoint_at_instruction(const struct kd_breakpoint *breakpoint, uint64_t address);

/* Breakpoints of user addresses are those of another process from now on. */
void kd_breakpoints_rebind(struct kd *kd, uint64_t process);

/* Write all enabled breakpoints but those at `except` (0: all). Says so when one cannot be. */
void kd_breakpoints_insert(struct kd *kd, uint64_t except);
void kd_breakpoints_remove(struct kd *kd);

/* The breakpoint meant for this event: address, process, thread fit. */
struct kd_breakpoint *kd_breakpoint_for(struct kd *kd, const struct kd_event *event);
