/* screen.h: what a person at a terminal gets and a pipe does not. => screen.c
 *
 *      colours       errors, the prompt, why the target stopped
 *      progress      how far a command is that takes longer than a second
 *      pages         output longer than the screen waits for a key
 *
 * kd_interact turns it on while it reads from a terminal; everywhere else output is plain.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kd;

enum kd_style { KD_STYLE_ERROR, KD_STYLE_PROMPT, KD_STYLE_EVENT };

/* What the person wants after a full screen. */
enum kd_more { KD_MORE_PAGE, KD_MORE_LINE, KD_MORE_ALL, KD_MORE_STOP };

struct kd_screen {
    bool on, colours;
    unsigned rows; /* 0: output is never held */
    enum kd_more (*more)(void *context);
    void *context;

    bool stopped;            /* the rest of this command's output is not wanted */
    unsigned lines;          /* printed since the command began, or since the last page */
    uint64_t started, told;  /* nanoseconds: the command, the last word on its progress */
    bool progress_on_screen; /* a line that the next output must wipe */
};

/* A command begins: a new page, a new second. */
void kd_screen_begin(struct kd *kd);
/* Wipe what a command's progress has left. */
void kd_screen_end(struct kd *kd);

/* The escape sequences around text of a style; "" without colours. */
const char *kd_style_on(const struct kd *kd, enum kd_style style);
const char *kd_style_off(const struct kd *kd);

/* What is printed from here on has this style, up to the end; logs get none of it. */
void kd_style_begin(struct kd *kd, enum kd_style style);
void kd_style_end(struct kd *kd);

/* Print `length` bytes, held at full pages. => false: the person wants no more of it */
bool kd_screen_write(struct kd *kd, const char *text, size_t length);
