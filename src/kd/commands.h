/* src/kd/commands.h: the table of all commands. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct kd_command;

/* The command called exactly the first `length` characters of `name`; NULL: none. Letters of `!`
 * and `.` commands compare without case; of the others exactly, since dd and dD differ. */
const struct kd_command *kd_command_find(const char *name, size_t length);

/* Up to three commands that are spelled nearly like that, as text. */
bool kd_command_near(const char *name, size_t length, char *out, size_t size);

/* The i-th command in order of the tables; NULL behind the last. */
const struct kd_command *kd_command_get(size_t i);
