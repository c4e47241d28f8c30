/* script.h: lines of commands, blocks, loops, aliases, logs. => script.c */
#pragma once

#include "kd/kdi.h"

/* Run one command, without blocks: its name is looked up here (kd.c). */
void kd_run_command(struct kd *kd, char *text);

/* Run a line or a block of lines; aliases are replaced first. */
void kd_run_text(struct kd *kd, const char *text);

/* The end of a string that begins at the quote `text`: its closing quote, or the end of the text. A
 * backslash takes the meaning of the next character. */
const char *kd_string_end(const char *text);

/* The contents of the string at *text, \" in it unescaped; moves behind it. Freed by the caller.
 * NULL: no string, or no end of it, or out of memory. */
char *kd_take_string(const char **text);

/* ---- aliases (alias.c) ---- */

bool kd_alias_set(struct kd *kd, const char *name, const char *value);
bool kd_alias_remove(struct kd *kd, const char *name); /* "*": all */
void kd_aliases_deinit(struct kd *kd);

/* `text` with ${NAME}, and NAME where it is a word of its own, replaced; freed by the caller. NULL:
 * out of memory, or longer than any line should become. */
char *kd_alias_replace(const struct kd_alias *aliases, size_t count, const char *text);
