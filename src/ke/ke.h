/* src/ke/ke.h: the kernel context that every part of one machine's executive shares.
 *
 * No mutable globals: whoever needs kernel memory, nt's variables or a bugcheck is handed a
 * struct ke, directly or through its own context.
 */
#pragma once

#include "base/kspace.h"
#include "nt/globals.h"

struct ke {
    struct kspace ks;     /* kernel addresses <-> host pointers */
    struct nt_globals nt; /* nt's variables, in guest memory */
    uint64_t nt_base;     /* kernel address of the nt image */
    /* What the machine does on a bugcheck; must not return. */
    void (*bug_check)(void *owner, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                      uint64_t p4);
    void *owner;
};

/* Stop the machine: an invariant of the executive is broken. p1 is unique to the call site.
 * Source: bugcheck code reference. */
_Noreturn void ke_bug_check(struct ke *ke, uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3,
                            uint64_t p4);
