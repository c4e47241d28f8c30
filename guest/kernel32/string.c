/* guest/kernel32/string.c: lstr*, comparing and mapping strings.
 *
 * Comparison is ordinal after case folding; word and symbol weights of real locales are not
 * modelled, so "co-op" sorts by its hyphen. */
#include "k32.h"

#define CSTR_EQUAL 2
#define NORM_IGNORECASE 0x1u
#define LCMAP_LOWERCASE 0x100u
#define LCMAP_UPPERCASE 0x200u

int lstrlenW(const WCHAR *text)
{
    return text ? (int)wide_length(text) : 0;
}

int lstrlenA(const char *text)
{
    return text ? (int)__builtin_strlen(text) : 0;
}

WCHAR *lstrcpyW(WCHAR *to, const WCHAR *from)
{
    copy_bytes(to, from, ((ULONG64)wide_length(from) + 1) * sizeof(WCHAR));
    return to;
}

char *lstrcpyA(char *to, const char *from)
{
    copy_bytes(to, from, __builtin_strlen(from) + 1);
    return to;
}

WCHAR *lstrcpynW(WCHAR *to, const WCHAR *from, int size)
{
    int i = 0;
    for (; i + 1 < size && from[i]; i++)
        to[i] = from[i];
    if (size > 0)
        to[i] = 0;
    return to;
}

char *lstrcpynA(char *to, const char *from, int size)
{
    int i = 0;
    for (; i + 1 < size && from[i]; i++)
        to[i] = from[i];
    if (size > 0)
        to[i] = 0;
    return to;
}

WCHAR *lstrcatW(WCHAR *to, const WCHAR *from)
{
    lstrcpyW(to + wide_length(to), from);
    return to;
}

char *lstrcatA(char *to, const char *from)
{
    lstrcpyA(to + __builtin_strlen(to), from);
    return to;
}

static WCHAR folded(WCHAR c, BOOL fold)
{
    return fold ? RtlUpcaseUnicodeChar(c) : c;
}

static int compare(const WCHAR *a, int a_length, const WCHAR *b, int b_length, BOOL fold)
{
    for (int i = 0; i < a_length && i < b_length; i++) {
        WCHAR x = folded(a[i], fold), y = folded(b[i], fold);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return a_length < b_length ? -1 : a_length > b_length;
}

int CompareStringW(ULONG locale, ULONG flags, const WCHAR *a, int a_length, const WCHAR *b,
                   int b_length)
{
    (void)locale;
    if (!a || !b) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (a_length < 0)
        a_length = (int)wide_length(a);
    if (b_length < 0)
        b_length = (int)wide_length(b);
    return CSTR_EQUAL + compare(a, a_length, b, b_length, (flags & NORM_IGNORECASE) != 0);
}

int CompareStringOrdinal(const WCHAR *a, int a_length, const WCHAR *b, int b_length, BOOL fold)
{
    return CompareStringW(0, fold ? NORM_IGNORECASE : 0, a, a_length, b, b_length);
}

int CompareStringA(ULONG locale, ULONG flags, const char *a, int a_length, const char *b,
                   int b_length)
{
    int result = 0;
    if (!a || !b) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (a_length < 0)
        a_length = lstrlenA(a);
    if (b_length < 0)
        b_length = lstrlenA(b);
    WCHAR *wide = heap_alloc(((ULONG64)a_length + (ULONG64)b_length + 1) * sizeof(WCHAR));
    if (!wide)
        return 0;
    if (a_length)
        MultiByteToWideChar(CP_ACP, 0, a, a_length, wide, a_length);
    if (b_length)
        MultiByteToWideChar(CP_ACP, 0, b, b_length, wide + a_length, b_length);
    result = CompareStringW(locale, flags, wide, a_length, wide + a_length, b_length);
    heap_free(wide);
    return result;
}

int lstrcmpW(const WCHAR *a, const WCHAR *b)
{
    return a && b ? CompareStringW(0, 0, a, -1, b, -1) - CSTR_EQUAL : (a != NULL) - (b != NULL);
}

int lstrcmpiW(const WCHAR *a, const WCHAR *b)
{
    return a && b ? CompareStringW(0, NORM_IGNORECASE, a, -1, b, -1) - CSTR_EQUAL
                  : (a != NULL) - (b != NULL);
}

int lstrcmpA(const char *a, const char *b)
{
    return a && b ? CompareStringA(0, 0, a, -1, b, -1) - CSTR_EQUAL : (a != NULL) - (b != NULL);
}

int lstrcmpiA(const char *a, const char *b)
{
    return a && b ? CompareStringA(0, NORM_IGNORECASE, a, -1, b, -1) - CSTR_EQUAL
                  : (a != NULL) - (b != NULL);
}

/* Case mapping. Sort keys (LCMAP_SORTKEY) are not made and say so. */
int LCMapStringW(ULONG locale, ULONG flags, const WCHAR *source, int length, WCHAR *buffer,
                 int size)
{
    (void)locale;
    const ULONG known = LCMAP_LOWERCASE | LCMAP_UPPERCASE;
    if (!source || !length || size < 0 || (flags & known) == known) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (flags & ~known) {
        SetLastError(ERROR_INVALID_FLAGS);
        return 0;
    }
    if (length < 0)
        length = (int)wide_length(source) + 1;
    if (!size)
        return length;
    if (size < length) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    for (int i = 0; i < length; i++)
        buffer[i] = flags & LCMAP_UPPERCASE   ? RtlUpcaseUnicodeChar(source[i])
                    : flags & LCMAP_LOWERCASE ? RtlDowncaseUnicodeChar(source[i])
                                              : source[i];
    return length;
}

#define LOCALE_ENGLISH_US 0x409u

ULONG GetUserDefaultLCID(void)
{
    return LOCALE_ENGLISH_US;
}

ULONG GetSystemDefaultLCID(void)
{
    return LOCALE_ENGLISH_US;
}

ULONG GetThreadLocale(void)
{
    return LOCALE_ENGLISH_US;
}

USHORT GetUserDefaultLangID(void)
{
    return LOCALE_ENGLISH_US;
}

USHORT GetSystemDefaultLangID(void)
{
    return LOCALE_ENGLISH_US;
}
