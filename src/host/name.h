/* src/host/name.h: names as Windows' file systems compare them. Private to host. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether the `length` bytes at `a` name the same as the string `b`. */
bool name_equal(const char *a, size_t length, const char *b);
