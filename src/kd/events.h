/* events.h: what the debugger does about an event: stop, tell, or let it pass. => events.c */
#pragma once

#include "kd/kdi.h"

#define KD_FILTER_CODES 32 /* exceptions that sx* was told by number */

/* sxe, sxd, sxn, sxi. */
enum kd_filter_mode {
    KD_FILTER_BREAK,  /* stop at once */
    KD_FILTER_SECOND, /* exceptions: stop when nobody handles it; other events: do not stop */
    KD_FILTER_NOTIFY, /* one line, and on */
    KD_FILTER_IGNORE,
};

/* One row: an exception by code, or another event. */
struct kd_filter {
    const char *name; /* "av", "ld"; NULL: set by number */
    const char *text;
    uint32_t code; /* 0: an event, not an exception */
    enum kd_filter_mode mode;
    char *command; /* -c; NULL: none */
};

struct kd_filters;
struct kd_filters *kd_filters_create(void);
void kd_filters_destroy(struct kd_filters *filters);

/* The row that `name` (letters or a hexadecimal code; `*`: all other exceptions) means; made when
 * it is a new code. NULL: unknown, or no room. */
struct kd_filter *kd_filter_find(struct kd *kd, const char *name);
/* In order of the list; NULL behind the last. */
struct kd_filter *kd_filter_get(struct kd *kd, size_t i);
void kd_filters_reset(struct kd *kd);

/* Only modules called so stop the target ("sxe ld:NAME"); "" for all. */
void kd_filters_module(struct kd *kd, const char *name);

/* Tell the target which events have to come. */
void kd_filters_apply(struct kd *kd);

/* Stop at the last event? What is let pass is told when it should be, and *how says how to go on. A
 * row's command is left in kd->pending. */
bool kd_filters_stop(struct kd *kd, enum kd_resume *how);

/* "Access violation - code c0000005 (first chance)"; with what that means, on lines of its own. */
void kd_show_exception_name(struct kd *kd, uint32_t code, bool first_chance);
void kd_show_exception(struct kd *kd, uint32_t code, bool first_chance);
