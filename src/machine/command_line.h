/* src/machine/command_line.h: text for a new process: command line, environment; command_line.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nt/types.h"

/* What the machine calls itself. */
#define MACHINE_COMPUTER_NAME "NTMM"

/* UTF-8 to a terminated UTF-16 string (invalid bytes become U+FFFD); NULL: out of memory. */
WCHAR *text_to_utf16(const char *utf8);

/* `program` and its arguments, quoted so that Windows' rules take them apart again; or, with
 * `rest`, the program's name and that text as it is. */
char *command_line_build(const char *program, const char *const *arguments, size_t count,
                         const char *rest);

/* NAME=value strings sorted by name, an empty one at the end. *length in characters. */
WCHAR *environment_build(unsigned processors, size_t *length);
