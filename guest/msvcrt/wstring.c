/* guest/msvcrt/wstring.c: wide strings, and the C locale's conversions: one byte, one character. */
#include "crt.h"
#include "msvcrt.h"

size_t wcslen(const WCHAR *s)
{
    const WCHAR *p = s;
    while (*p)
        p++;
    return (size_t)(p - s);
}

size_t wcsnlen(const WCHAR *s, size_t limit)
{
    size_t n = 0;
    while (n < limit && s[n])
        n++;
    return n;
}

int wcscmp(const WCHAR *a, const WCHAR *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (*a > *b) - (*a < *b);
}

int wcsncmp(const WCHAR *a, const WCHAR *b, size_t n)
{
    for (; n; n--, a++, b++)
        if (*a != *b || !*a)
            return *a - *b;
    return 0;
}

int wcscoll(const WCHAR *a, const WCHAR *b)
{
    return wcscmp(a, b);
}

int _wcsicmp(const WCHAR *a, const WCHAR *b)
{
    int x, y;
    do {
        x = towlower(*a++);
        y = towlower(*b++);
    } while (x && x == y);
    return x - y;
}

int _wcsicoll(const WCHAR *a, const WCHAR *b)
{
    return _wcsicmp(a, b);
}

int _wcsnicmp(const WCHAR *a, const WCHAR *b, size_t n)
{
    for (; n; n--, a++, b++) {
        int x = towlower(*a), y = towlower(*b);
        if (x != y || !x)
            return x - y;
    }
    return 0;
}

WCHAR *wcscpy(WCHAR *to, const WCHAR *from)
{
    memcpy(to, from, (wcslen(from) + 1) * sizeof(WCHAR));
    return to;
}

WCHAR *wcsncpy(WCHAR *to, const WCHAR *from, size_t n)
{
    size_t i = 0;
    for (; i < n && from[i]; i++)
        to[i] = from[i];
    for (; i < n; i++)
        to[i] = 0;
    return to;
}

WCHAR *wcscat(WCHAR *to, const WCHAR *from)
{
    wcscpy(to + wcslen(to), from);
    return to;
}

WCHAR *wcsncat(WCHAR *to, const WCHAR *from, size_t n)
{
    WCHAR *end = to + wcslen(to);
    size_t length = wcsnlen(from, n);
    memcpy(end, from, length * sizeof(WCHAR));
    end[length] = 0;
    return to;
}

errno_t wcscpy_s(WCHAR *to, size_t room, const WCHAR *from)
{
    if (!to || !room || !from || wcslen(from) >= room) {
        if (to && room)
            *to = 0;
        *_errno() = to && room && from ? ERANGE : EINVAL;
        return *_errno();
    }
    wcscpy(to, from);
    return 0;
}

errno_t wcscat_s(WCHAR *to, size_t room, const WCHAR *from)
{
    size_t used = to ? wcsnlen(to, room) : 0;
    if (!to || used >= room || !from) {
        *_errno() = EINVAL;
        return EINVAL;
    }
    errno_t error = wcscpy_s(to + used, room - used, from);
    if (error)
        *to = 0;
    return error;
}

WCHAR *wcschr(const WCHAR *s, WCHAR c)
{
    for (;; s++) {
        if (*s == c)
            return (WCHAR *)s;
        if (!*s)
            return NULL;
    }
}

WCHAR *wcsrchr(const WCHAR *s, WCHAR c)
{
    const WCHAR *found = NULL;
    for (;; s++) {
        if (*s == c)
            found = s;
        if (!*s)
            return (WCHAR *)found;
    }
}

size_t wcsspn(const WCHAR *s, const WCHAR *set)
{
    size_t n = 0;
    while (s[n] && wcschr(set, s[n]))
        n++;
    return n;
}

size_t wcscspn(const WCHAR *s, const WCHAR *set)
{
    size_t n = 0;
    while (s[n] && !wcschr(set, s[n]))
        n++;
    return n;
}

WCHAR *wcspbrk(const WCHAR *s, const WCHAR *set)
{
    s += wcscspn(s, set);
    return *s ? (WCHAR *)s : NULL;
}

WCHAR *wcsstr(const WCHAR *s, const WCHAR *part)
{
    size_t length = wcslen(part);
    for (; *s || !length; s++)
        if (!wcsncmp(s, part, length))
            return (WCHAR *)s;
    return NULL;
}

WCHAR *wcstok(WCHAR *s, const WCHAR *set)
{
    struct crt_thread *thread = crt_thread();
    if (!s)
        s = thread->wcstok_next;
    if (!s)
        return NULL;
    s += wcsspn(s, set);
    if (!*s) {
        thread->wcstok_next = NULL;
        return NULL;
    }
    WCHAR *token = s;
    s += wcscspn(s, set);
    if (*s)
        *s++ = 0;
    thread->wcstok_next = s;
    return token;
}

WCHAR *_wcsdup(const WCHAR *s)
{
    size_t size = s ? (wcslen(s) + 1) * sizeof(WCHAR) : 0;
    WCHAR *copy = s ? malloc(size) : NULL;
    if (copy)
        memcpy(copy, s, size);
    return copy;
}

WCHAR *_wcslwr(WCHAR *s)
{
    for (WCHAR *p = s; *p; p++)
        *p = towlower(*p);
    return s;
}

WCHAR *_wcsupr(WCHAR *s)
{
    for (WCHAR *p = s; *p; p++)
        *p = towupper(*p);
    return s;
}

WCHAR *_wcsrev(WCHAR *s)
{
    size_t n = wcslen(s);
    for (size_t i = 0; i < n / 2; i++) {
        WCHAR c = s[i];
        s[i] = s[n - 1 - i];
        s[n - 1 - i] = c;
    }
    return s;
}

size_t wcsxfrm(WCHAR *to, const WCHAR *from, size_t n)
{
    size_t length = wcslen(from);
    if (n)
        wcsncpy(to, from, n);
    return length;
}

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
