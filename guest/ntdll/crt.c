/* guest/ntdll/crt.c: memory and C string functions, also those that the compiler calls.
 *
 * Copies use pairs of overlapping unaligned loads for short lengths, 16-byte vectors up to 2 KB and
 * the processor's string instructions beyond, where those win on every processor since 2013. */
#include "ntdllp.h"

#define STRING_INSTRUCTION_MINIMUM 2048u

typedef long long vector __attribute__((vector_size(16), aligned(1), may_alias));
typedef ULONG64 word64 __attribute__((aligned(1), may_alias));
typedef ULONG word32 __attribute__((aligned(1), may_alias));
typedef USHORT word16 __attribute__((aligned(1), may_alias));

static void copy_short(char *to, const char *from, size_t size)
{
    if (size >= 8) {
        word64 a = *(const word64 *)from, b = *(const word64 *)(from + size - 8);
        *(word64 *)to = a;
        *(word64 *)(to + size - 8) = b;
    } else if (size >= 4) {
        word32 a = *(const word32 *)from, b = *(const word32 *)(from + size - 4);
        *(word32 *)to = a;
        *(word32 *)(to + size - 4) = b;
    } else if (size) {
        char a = from[0], b = from[size / 2], c = from[size - 1];
        to[0] = a;
        to[size / 2] = b;
        to[size - 1] = c;
    }
}

/* Upwards; right for overlapping ranges when to < from. */
static void copy_up(char *to, const char *from, size_t size)
{
    vector last = *(const vector *)(from + size - 16);
    char *last_to = to + size - 16;
    for (; size > 16; size -= 16, to += 16, from += 16) {
        *(vector *)to = *(const vector *)from;
    }
    *(vector *)last_to = last;
}

static void copy_down(char *to, const char *from, size_t size)
{
    vector first = *(const vector *)from;
    char *first_to = to;
    for (; size > 16; size -= 16) {
        *(vector *)(to + size - 16) = *(const vector *)(from + size - 16);
    }
    *(vector *)first_to = first;
}

void *memmove(void *to, const void *from, size_t size)
{
    if (size <= 16) {
        copy_short(to, from, size);
    } else if ((ULONG64)to - (ULONG64)from >= size) {
        if (size >= STRING_INSTRUCTION_MINIMUM && (ULONG64)from - (ULONG64)to >= 64) {
            void *d = to;
            __asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(size) : : "memory");
        } else {
            copy_up(to, from, size);
        }
    } else {
        copy_down(to, from, size);
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    return memmove(to, from, size);
}

void *memset(void *to, int value, size_t size)
{
    char *d = to;
    ULONG64 pattern = (UCHAR)value * 0x0101010101010101ull;
    if (size < 16) {
        if (size >= 8) {
            *(word64 *)d = *(word64 *)(d + size - 8) = pattern;
        } else if (size >= 4) {
            *(word32 *)d = *(word32 *)(d + size - 4) = (ULONG)pattern;
        } else if (size >= 2) {
            *(word16 *)d = *(word16 *)(d + size - 2) = (USHORT)pattern;
        } else if (size) {
            *d = (char)value;
        }
    } else if (size >= STRING_INSTRUCTION_MINIMUM) {
        __asm__ volatile("rep stosb" : "+D"(d), "+c"(size) : "a"(value) : "memory");
    } else {
        vector v = {(long long)pattern, (long long)pattern};
        *(vector *)(d + size - 16) = v;
        for (; size > 16; size -= 16, d += 16) {
            *(vector *)d = v;
        }
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const UCHAR *x = a, *y = b;
    for (; size >= 8 && *(const word64 *)x == *(const word64 *)y; size -= 8) {
        x += 8;
        y += 8;
    }
    for (; size; size--, x++, y++) {
        if (*x != *y) {
            return *x < *y ? -1 : 1;
        }
    }
    return 0;
}

void *memchr(const void *memory, int value, size_t size)
{
    for (const UCHAR *p = memory; size; size--, p++) {
        if (*p == (UCHAR)value) {
            return (void *)p;
        }
    }
    return NULL;
}

void RtlCopyMemory(void *to, const void *from, ULONG64 size)
{
    memmove(to, from, size);
}

void RtlMoveMemory(void *to, const void *from, ULONG64 size)
{
    memmove(to, from, size);
}

void RtlFillMemory(void *to, ULONG64 size, UCHAR value)
{
    memset(to, value, size);
}

void RtlZeroMemory(void *to, ULONG64 size)
{
    memset(to, 0, size);
}

/* How many bytes are equal before the first difference. */
ULONG64 RtlCompareMemory(const void *a, const void *b, ULONG64 size)
{
    const UCHAR *x = a, *y = b;
    ULONG64 equal = 0;
    while (equal < size && x[equal] == y[equal]) {
        equal++;
    }
    return equal;
}

/* ---- characters ---- */

int tolower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int toupper(int c)
{
    return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

size_t wcslen(const WCHAR *s)
{
    size_t n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, (size_t)-1);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        if (*a != *b) {
            return (UCHAR)*a < (UCHAR)*b ? -1 : 1;
        }
        if (!*a) {
            break;
        }
    }
    return 0;
}

int _stricmp(const char *a, const char *b)
{
    return _strnicmp(a, b, (size_t)-1);
}

int _strnicmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        int x = tolower((UCHAR)*a), y = tolower((UCHAR)*b);
        if (x != y) {
            return x < y ? -1 : 1;
        }
        if (!x) {
            break;
        }
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c) {
            return (char *)s;
        }
        if (!*s) {
            return NULL;
        }
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;
    do {
        if (*s == (char)c) {
            found = s;
        }
    } while (*s++);
    return (char *)found;
}

char *strstr(const char *s, const char *part)
{
    size_t length = strlen(part);
    for (;; s++) {
        if (!strncmp(s, part, length)) {
            return (char *)s;
        }
        if (!*s) {
            return NULL;
        }
    }
}

char *strcpy(char *to, const char *from)
{
    memcpy(to, from, strlen(from) + 1);
    return to;
}

char *strncpy(char *to, const char *from, size_t n)
{
    size_t length = 0;
    while (length < n && from[length]) {
        length++;
    }
    memcpy(to, from, length);
    memset(to + length, 0, n - length);
    return to;
}

char *strcat(char *to, const char *from)
{
    strcpy(to + strlen(to), from);
    return to;
}

int wcscmp(const WCHAR *a, const WCHAR *b)
{
    return wcsncmp(a, b, (size_t)-1);
}

int wcsncmp(const WCHAR *a, const WCHAR *b, size_t n)
{
    for (; n; n--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
        if (!*a) {
            break;
        }
    }
    return 0;
}

int _wcsicmp(const WCHAR *a, const WCHAR *b)
{
    return _wcsnicmp(a, b, (size_t)-1);
}

int _wcsnicmp(const WCHAR *a, const WCHAR *b, size_t n)
{
    for (; n; n--, a++, b++) {
        WCHAR x = RtlDowncaseUnicodeChar(*a), y = RtlDowncaseUnicodeChar(*b);
        if (x != y) {
            return x < y ? -1 : 1;
        }
        if (!x) {
            break;
        }
    }
    return 0;
}

WCHAR *wcschr(const WCHAR *s, WCHAR c)
{
    for (;; s++) {
        if (*s == c) {
            return (WCHAR *)s;
        }
        if (!*s) {
            return NULL;
        }
    }
}

WCHAR *wcsrchr(const WCHAR *s, WCHAR c)
{
    const WCHAR *found = NULL;
    do {
        if (*s == c) {
            found = s;
        }
    } while (*s++);
    return (WCHAR *)found;
}

WCHAR *wcsstr(const WCHAR *s, const WCHAR *part)
{
    size_t length = wcslen(part);
    for (;; s++) {
        if (!wcsncmp(s, part, length)) {
            return (WCHAR *)s;
        }
        if (!*s) {
            return NULL;
        }
    }
}

WCHAR *wcscpy(WCHAR *to, const WCHAR *from)
{
    memcpy(to, from, (wcslen(from) + 1) * sizeof(WCHAR));
    return to;
}

WCHAR *wcsncpy(WCHAR *to, const WCHAR *from, size_t n)
{
    size_t length = 0;
    while (length < n && from[length]) {
        length++;
    }
    memcpy(to, from, length * sizeof(WCHAR));
    memset(to + length, 0, (n - length) * sizeof(WCHAR));
    return to;
}

WCHAR *wcscat(WCHAR *to, const WCHAR *from)
{
    wcscpy(to + wcslen(to), from);
    return to;
}
