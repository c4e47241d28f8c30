/* src/base/upcase.h: upper case of a character, as names of objects and files compare. */
#pragma once

#include "nt/types.h"

/* Latin, Greek and Cyrillic letters in which case is a matter of arithmetic; others are their own
 * upper case. */
static inline WCHAR upcase(WCHAR c)
{
    if (c >= 'a' && c <= 'z')
        return c - 0x20;
    if (c < 0xE0)
        return c;
    if ((c <= 0xFE && c != 0xF7) || (c >= 0x3B1 && c <= 0x3C9 && c != 0x3C2) ||
        (c >= 0x430 && c <= 0x44F))
        return c - 0x20;
    return c >= 0x450 && c <= 0x45F ? c - 0x50 : c;
}
