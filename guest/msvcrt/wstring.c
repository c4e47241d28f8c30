/* guest/msvcrt/wstring.c: wide strings, and the C locale's conversions: one byte, one character. */
#include "crt.h"
#include "msvcrt.h"

#define TEXT WCHAR
#define UNIT WCHAR
#define CHARACTER WCHAR
#define NAME(name) wcs##name
#define NAME_(name) _wcs##name
#define TO_LOWER towlower
#define TO_UPPER towupper
#include "text.inc"
#define REJECT reject
#define APPEND append
#define CHECK check
#include "secure.inc"

/* Conversions. The C locale is the only one: bytes are the first 256 characters. */
int mbtowc(WCHAR *to, const char *s, size_t n)
{
    if (!s || !n)
        return 0;
    if (to)
        *to = (UCHAR)*s;
    return *s != 0;
}

int wctomb(char *to, WCHAR c)
{
    if (!to)
        return 0;
    if (c > 0xFF)
        return crt_fail_errno(EILSEQ);
    *to = (char)c;
    return 1;
}

int mblen(const char *s, size_t n)
{
    return mbtowc(NULL, s, n);
}

size_t mbstowcs(WCHAR *to, const char *from, size_t n)
{
    if (!to)
        return strlen(from);
    for (size_t i = 0; i < n; i++) {
        to[i] = (UCHAR)from[i];
        if (!to[i])
            return i;
    }
    return n;
}

size_t wcstombs(char *to, const WCHAR *from, size_t n)
{
    for (size_t i = 0; !to || i < n; i++) {
        if (from[i] > 0xFF)
            return (size_t)crt_fail_errno(EILSEQ);
        if (to)
            to[i] = (char)from[i];
        if (!from[i])
            return i;
    }
    return n;
}

USHORT btowc(int c)
{
    return c == EOF ? WEOF : (UCHAR)c;
}

int wctob(USHORT c)
{
    return c > 0xFF ? EOF : c;
}

size_t mbrtowc(WCHAR *to, const char *s, size_t n, int *state)
{
    (void)state;
    if (!s)
        return 0;
    if (!n)
        return (size_t)-2;
    return (size_t)mbtowc(to, s, n);
}

size_t wcrtomb(char *to, WCHAR c, int *state)
{
    (void)state;
    return to ? (size_t)wctomb(to, c) : 1;
}

size_t mbrlen(const char *s, size_t n, int *state)
{
    return mbrtowc(NULL, s, n, state);
}

size_t mbsrtowcs(WCHAR *to, const char **from, size_t n, int *state)
{
    (void)state;
    size_t length = mbstowcs(to, *from, n);
    if (to)
        *from = length < n ? NULL : *from + length;
    return length;
}

size_t wcsrtombs(char *to, const WCHAR **from, size_t n, int *state)
{
    (void)state;
    size_t length = wcstombs(to, *from, n);
    if (to && length != (size_t)-1)
        *from = length < n ? NULL : *from + length;
    return length;
}
