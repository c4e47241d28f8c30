/* guest/ntdll/nls.c: characters: case, and code pages 1252 (ANSI), 437 (OEM) and UTF-8 to and from
 * UTF-16.
 *
 * Case mapping is Windows' simple one (one character to one), for Latin, Greek, Cyrillic, Armenian
 * and full-width letters. Source: Unicode character database; code page tables as published by
 * Microsoft. */
#include "codepages.h"
#include "ntdllp.h"

#ifndef STATUS_SOME_NOT_MAPPED
#define STATUS_SOME_NOT_MAPPED ((NTSTATUS)0x00000107u)
#endif

#define REPLACEMENT 0xFFFDu

/* ---- case ---- */

enum case_kind { SHIFT, PAIR_EVEN, PAIR_ODD }; /* in pairs, upper case is the even or the odd one */

static const struct case_range {
    WCHAR first, last; /* lower-case letters, or both of the pairs */
    enum case_kind kind;
    SHORT to_upper;
} case_ranges[] = {
    {'a', 'z', SHIFT, -32},         {0xE0, 0xF6, SHIFT, -32},     {0xF8, 0xFE, SHIFT, -32},
    {0xFF, 0xFF, SHIFT, 121},       {0x100, 0x12F, PAIR_EVEN, 0}, {0x132, 0x137, PAIR_EVEN, 0},
    {0x139, 0x148, PAIR_ODD, 0},    {0x14A, 0x177, PAIR_EVEN, 0}, {0x179, 0x17E, PAIR_ODD, 0},
    {0x1CD, 0x1DC, PAIR_ODD, 0},    {0x1DE, 0x1EF, PAIR_EVEN, 0}, {0x1F8, 0x21F, PAIR_EVEN, 0},
    {0x222, 0x233, PAIR_EVEN, 0},   {0x3AC, 0x3AC, SHIFT, -38},   {0x3AD, 0x3AF, SHIFT, -37},
    {0x3B1, 0x3C1, SHIFT, -32},     {0x3C3, 0x3CB, SHIFT, -32},   {0x3CC, 0x3CC, SHIFT, -64},
    {0x3CD, 0x3CE, SHIFT, -63},     {0x430, 0x44F, SHIFT, -32},   {0x450, 0x45F, SHIFT, -80},
    {0x460, 0x481, PAIR_EVEN, 0},   {0x48A, 0x4BF, PAIR_EVEN, 0}, {0x4C1, 0x4CE, PAIR_ODD, 0},
    {0x4D0, 0x523, PAIR_EVEN, 0},   {0x561, 0x586, SHIFT, -48},   {0x1E00, 0x1E95, PAIR_EVEN, 0},
    {0x1EA0, 0x1EFF, PAIR_EVEN, 0}, {0xFF41, 0xFF5A, SHIFT, -32},
};

WCHAR RtlUpcaseUnicodeChar(WCHAR c)
{
    if (c < 0x80) {
        return c >= 'a' && c <= 'z' ? (WCHAR)(c - 32) : c;
    }
    for (ULONG i = 0; i < ARRAY_COUNT(case_ranges); i++) {
        const struct case_range *r = &case_ranges[i];
        if (c >= r->first && c <= r->last) {
            return r->kind == SHIFT       ? (WCHAR)(c + r->to_upper)
                   : r->kind == PAIR_EVEN ? (WCHAR)(c & ~1)
                                          : (WCHAR)(c - !(c & 1));
        }
    }
    return c;
}

WCHAR RtlDowncaseUnicodeChar(WCHAR c)
{
    if (c < 0x80) {
        return c >= 'A' && c <= 'Z' ? (WCHAR)(c + 32) : c;
    }
    for (ULONG i = 0; i < ARRAY_COUNT(case_ranges); i++) {
        const struct case_range *r = &case_ranges[i];
        if (r->kind == SHIFT) {
            WCHAR lower = (WCHAR)(c - r->to_upper);
            if (lower >= r->first && lower <= r->last) {
                return lower;
            }
        } else if (c >= r->first && c <= r->last) {
            return r->kind == PAIR_EVEN ? (WCHAR)(c | 1) : (WCHAR)(c + (c & 1));
        }
    }
    return c;
}

/* ---- single-byte code pages ---- */

static NTSTATUS widen(WCHAR *to, ULONG to_size, ULONG *written, const char *from, ULONG from_size,
                      unsigned page)
{
    ULONG count = to_size / sizeof(WCHAR);
    if (count > from_size) {
        count = from_size;
    }
    for (ULONG i = 0; i < count; i++) {
        to[i] = byte_to_wide(page, (UCHAR)from[i]);
    }
    if (written) {
        *written = count * sizeof(WCHAR);
    }
    return count < from_size ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS narrow(char *to, ULONG to_size, ULONG *written, const WCHAR *from, ULONG from_size,
                       unsigned page)
{
    ULONG length = from_size / sizeof(WCHAR), count = length < to_size ? length : to_size;
    for (ULONG i = 0; i < count; i++) {
        int byte = wide_to_byte(page, from[i]);
        to[i] = byte < 0 ? '?' : (char)byte;
    }
    if (written) {
        *written = count;
    }
    return count < length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS RtlMultiByteToUnicodeN(WCHAR *to, ULONG to_size, ULONG *written, const char *from,
                                ULONG from_size)
{
    widen(to, to_size, written, from, from_size, PAGE_ANSI);
    return STATUS_SUCCESS; /* documented to truncate silently */
}

NTSTATUS RtlMultiByteToUnicodeSize(ULONG *size, const char *from, ULONG from_size)
{
    (void)from;
    *size = from_size * sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS RtlUnicodeToMultiByteN(char *to, ULONG to_size, ULONG *written, const WCHAR *from,
                                ULONG from_size)
{
    return narrow(to, to_size, written, from, from_size, PAGE_ANSI);
}

NTSTATUS RtlUnicodeToMultiByteSize(ULONG *size, const WCHAR *from, ULONG from_size)
{
    (void)from;
    *size = from_size / sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS RtlOemToUnicodeN(WCHAR *to, ULONG to_size, ULONG *written, const char *from,
                          ULONG from_size)
{
    return widen(to, to_size, written, from, from_size, PAGE_OEM);
}

NTSTATUS RtlUnicodeToOemN(char *to, ULONG to_size, ULONG *written, const WCHAR *from,
                          ULONG from_size)
{
    return narrow(to, to_size, written, from, from_size, PAGE_OEM);
}

/* ---- UTF-8 ---- */

/* Decode one character; `*s` moves behind it. Broken sequences give REPLACEMENT, one per maximal
 * part. */
static ULONG decode(const UCHAR **s, const UCHAR *end)
{
    const UCHAR *p = *s;
    ULONG c = *p++;
    ULONG more = c < 0x80                ? 0
                 : c >= 0xC2 && c < 0xE0 ? 1
                 : (c & 0xF0) == 0xE0    ? 2
                 : c >= 0xF0 && c < 0xF5 ? 3
                                         : 4;
    if (more == 4) {
        *s = p;
        return REPLACEMENT;
    }
    ULONG lead = c;
    c &= more ? 0x3Fu >> more : 0x7F;
    for (ULONG i = 0; i < more; i++, p++) {
        ULONG low = i == 0 && lead == 0xE0 ? 0xA0 : i == 0 && lead == 0xF0 ? 0x90 : 0x80;
        ULONG high = i == 0 && lead == 0xED ? 0x9F : i == 0 && lead == 0xF4 ? 0x8F : 0xBF;
        if (p == end || *p < low || *p > high) {
            *s = p;
            return REPLACEMENT;
        }
        c = c << 6 | (*p & 0x3F);
    }
    *s = p;
    return c;
}

/* to NULL: count only. => STATUS_SOME_NOT_MAPPED: something was broken; STATUS_BUFFER_TOO_SMALL */
NTSTATUS RtlUTF8ToUnicodeN(WCHAR *to, ULONG to_size, ULONG *written, const char *from,
                           ULONG from_size)
{
    const UCHAR *s = (const UCHAR *)from, *end = s + from_size;
    ULONG room = to ? to_size / sizeof(WCHAR) : 0, count = 0;
    NTSTATUS status = STATUS_SUCCESS;
    while (s < end) {
        const UCHAR *start = s;
        ULONG c = decode(&s, end);
        ULONG units = c >= 0x10000 ? 2 : 1;
        bool broken = c == REPLACEMENT && !(s - start == 3 && start[0] == 0xEF && start[2] == 0xBD);
        if (broken) {
            status = STATUS_SOME_NOT_MAPPED;
        }
        if (to) {
            if (count + units > room) {
                status = STATUS_BUFFER_TOO_SMALL;
                break;
            }
            if (units == 2) {
                to[count] = (WCHAR)(0xD7C0 + (c >> 10));
                to[count + 1] = (WCHAR)(0xDC00 | (c & 0x3FF));
            } else {
                to[count] = (WCHAR)c;
            }
        }
        count += units;
    }
    if (written) {
        *written = count * sizeof(WCHAR);
    }
    return status;
}

static ULONG encode(ULONG c, char *out)
{
    static const UCHAR lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    ULONG length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (ULONG i = length; i-- > 1; c >>= 6) {
        out[i] = (char)(0x80 | (c & 0x3F));
    }
    out[0] = (char)(length == 1 ? c : lead[length] | c);
    return length;
}

/* As RtlUTF8ToUnicodeN; lone surrogates are what is broken. */
NTSTATUS RtlUnicodeToUTF8N(char *to, ULONG to_size, ULONG *written, const WCHAR *from,
                           ULONG from_size)
{
    ULONG length = from_size / sizeof(WCHAR), count = 0;
    NTSTATUS status = STATUS_SUCCESS;
    for (ULONG i = 0; i < length; i++) {
        ULONG c = from[i];
        char bytes[4];
        if ((c & 0xFC00) == 0xD800 && i + 1 < length && (from[i + 1] & 0xFC00) == 0xDC00) {
            c = 0x10000 + ((c & 0x3FF) << 10) + (from[++i] & 0x3FF);
        } else if ((c & 0xF800) == 0xD800) {
            c = REPLACEMENT;
            status = STATUS_SOME_NOT_MAPPED;
        }
        ULONG size = encode(c, bytes);
        if (to) {
            if (count + size > to_size) {
                status = STATUS_BUFFER_TOO_SMALL;
                break;
            }
            memcpy(to + count, bytes, size);
        }
        count += size;
    }
    if (written) {
        *written = count;
    }
    return status;
}

/* ---- counted strings ---- */

ULONG RtlxAnsiStringToUnicodeSize(const STRING *string)
{
    return (string->Length + 1u) * sizeof(WCHAR);
}

ULONG RtlxUnicodeStringToAnsiSize(const UNICODE_STRING *string)
{
    return string->Length / sizeof(WCHAR) + 1u;
}

NTSTATUS RtlAnsiStringToUnicodeString(UNICODE_STRING *to, const STRING *from, BOOLEAN allocate)
{
    ULONG size = RtlxAnsiStringToUnicodeSize(from), written;
    if (size > 0xFFFE) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (allocate) {
        to->MaximumLength = (USHORT)size;
        to->Buffer = RtlAllocateHeap(current_peb()->ProcessHeap, 0, size);
        if (!to->Buffer) {
            return STATUS_NO_MEMORY;
        }
    } else if (size > to->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    RtlMultiByteToUnicodeN(to->Buffer, size, &written, from->Buffer, from->Length);
    to->Length = (USHORT)written;
    to->Buffer[written / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS RtlUnicodeStringToAnsiString(STRING *to, const UNICODE_STRING *from, BOOLEAN allocate)
{
    ULONG size = RtlxUnicodeStringToAnsiSize(from), written;
    if (allocate) {
        to->MaximumLength = (USHORT)size;
        to->Buffer = RtlAllocateHeap(current_peb()->ProcessHeap, 0, size);
        if (!to->Buffer) {
            return STATUS_NO_MEMORY;
        }
    } else if (size > to->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    RtlUnicodeToMultiByteN(to->Buffer, size, &written, from->Buffer, from->Length);
    to->Length = (USHORT)written;
    to->Buffer[written] = 0;
    return STATUS_SUCCESS;
}
