/* tests/kd/match.h: expected output of golden tests.
 *
 *      <hex>        one or more hexadecimal digits and backticks: addresses that differ from build
 *      <hex:NAME>   to build; the same, kept as a value: later, ${NAME} stands for exactly these
 *                   digits, in expected output and in commands
 *      <pad>        one or more blanks
 *      <any>        whatever stands up to the end of the line
 *      <lines>      at the start of a line: any number of whole lines
 *
 * All else is literal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { GOLDEN_VALUES = 32, GOLDEN_TEXT = 32 };

/* Values that were kept, newest last; empty: all zero. */
struct golden_values {
    size_t count;
    struct golden_value {
        char name[GOLDEN_TEXT], text[GOLDEN_TEXT];
    } value[GOLDEN_VALUES];
};

/* Does the whole of `text` match? Values are kept only then. */
bool golden_match(const char *pattern, const char *text, struct golden_values *values);

/* `text` with every ${NAME} of a kept value replaced, to be freed; NULL: out of memory. */
char *golden_expand(const char *text, const struct golden_values *values);
