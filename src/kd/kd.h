/* src/kd/kd.h: the debugger as a library.
 *
 * One struct kd debugs one target. Commands are lines of text, answers go to a callback. Nothing is
 * global: a process may have several debuggers. The inside (context, command table) is kdi.h.
 *
 * => functions that take a struct kd: one thread at a time, kd_interrupt excepted
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kd/target.h"

struct kd;

/* Output of commands, in pieces of any size; not zero-terminated. */
typedef void kd_output_fn(void *owner, const char *text, size_t length);

struct kd_config {
    struct kd_target *target; /* outlives the debugger */
    kd_output_fn *output;
    void *owner; /* handed to output and restart */
    /* Make the target anew, with the same programs, and destroy the one before; NULL when it cannot
     * be done: the debugger then quits. Without this there is no `.restart`. */
    struct kd_target *(*restart)(void *owner);
    const char *history;      /* file that keeps typed lines between sessions, or NULL; outlives the
                                 debugger */
    const char *symbol_path;  /* a symbol path (sympath.h), or NULL. The target's own folders are
                                 searched after it */
    const char *symbol_store; /* folder for what symbol servers deliver, unless the path names one;
                                 NULL: none. It is made when it is needed */
    const char *symbol_proxy; /* host:port through which servers are reached; NULL: as libcurl finds
                                 in the environment */
};

/* 0, or a negative errno value. An image without a recognisable kernel is no error: memory commands
 * work, the others say what they miss. */
int kd_create(const struct kd_config *config, struct kd **out);
void kd_destroy(struct kd *kd);

enum kd_verdict {
    KD_NEXT, /* ready for the next command */
    KD_QUIT, /* `q`: leave */
};

/* Run a line: commands separated by `;`, `*` starts a comment. Errors of commands are part of the
 * output; kd_failed counts them. */
enum kd_verdict kd_execute(struct kd *kd, const char *line);

/* How many commands have failed so far (unknown, bad argument, not supported). */
unsigned kd_failed(const struct kd *kd);

/* Prompt for the current processor, as in `0: kd> `. Valid until the next call. */
const char *kd_prompt(struct kd *kd);

/* Show why the target is stopped (event line, registers, instruction), as after `g`. */
void kd_show_event(struct kd *kd);

/* Keep the machine in a file, as `.dump /o KIND PATH` does: "/f", "/ka", "/m". What there is to say
 * goes to the output. => false: it could not be written */
bool kd_write_dump(struct kd *kd, const char *kind, const char *path);

/* Stop the running command at its next step; when it is letting the target run, ask that to break
 * in. => any thread; async-signal-safe */
void kd_interrupt(struct kd *kd);

/* Read lines from `in` and execute them until `q` or end of file. With a terminal on both sides:
 * line editing, history, completion, colours (unless NO_COLOR is set), pages. Else: the prompt goes
 * to the output callback before each line is read, `out` is flushed before and after each command,
 * and nothing is echoed. The output callback must write to `out`. Returns true after `q`, false at
 * end of file. */
bool kd_interact(struct kd *kd, FILE *in, FILE *out);
