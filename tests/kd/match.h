/* tests/kd/match.h: expected output of golden tests.
 *
 *      <hex>   one or more hexadecimal digits and backticks: addresses that differ from build to
 * build <any>   whatever stands up to the end of the line
 *
 * All else is literal.
 */
#pragma once

#include <stdbool.h>

/* Does the whole of `text` match? */
bool golden_match(const char *pattern, const char *text);
