/* guest/msvcrt/string.c: memory and narrow strings. */
#include "crt.h"
#include "msvcrt.h"

void *memcpy(void *to, const void *from, size_t size)
{
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return result;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((ULONG64)to - (ULONG64)from >= size)
        return memcpy(to, from, size);
    char *d = to;
    const char *s = from;
    while (size && ((ULONG64)(d + size) & 7)) {
        size--;
        d[size] = s[size];
    }
    for (; size >= 8; size -= 8) {
        ULONG64 word;
        __builtin_memcpy(&word, s + size - 8, 8);
        __builtin_memcpy(d + size - 8, &word, 8);
    }
    while (size--)
        d[size] = s[size];
    return to;
}

void *memset(void *to, int value, size_t size)
{
    void *result = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return result;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const UCHAR *x = a, *y = b;
    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

void *memchr(const void *memory, int value, size_t size)
{
    const UCHAR *p = memory;
    for (size_t i = 0; i < size; i++)
        if (p[i] == (UCHAR)value)
            return (void *)(p + i);
    return NULL;
}

void *_memccpy(void *to, const void *from, int stop, size_t size)
{
    char *d = to;
    const char *s = from;
    while (size--) {
        *d++ = *s;
        if (*s++ == (char)stop)
            return d;
    }
    return NULL;
}

int _memicmp(const void *a, const void *b, size_t size)
{
    const UCHAR *x = a, *y = b;
    for (size_t i = 0; i < size; i++) {
        int difference = tolower(x[i]) - tolower(y[i]);
        if (difference)
            return difference;
    }
    return 0;
}

errno_t memcpy_s(void *to, size_t room, const void *from, size_t size)
{
    if (!size)
        return 0;
    if (!to || !from || room < size) {
        if (to)
            memset(to, 0, room);
        *_errno() = !to || !from ? EINVAL : ERANGE;
        return *_errno();
    }
    memcpy(to, from, size);
    return 0;
}

errno_t memmove_s(void *to, size_t room, const void *from, size_t size)
{
    if (!size)
        return 0;
    if (!to || !from || room < size) {
        *_errno() = !to || !from ? EINVAL : ERANGE;
        return *_errno();
    }
    memmove(to, from, size);
    return 0;
}

size_t strlen(const char *s)
{
    const char *p = s;
    while (*p)
        p++;
    return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t limit)
{
    size_t n = 0;
    while (n < limit && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return ((UCHAR)*a > (UCHAR)*b) - ((UCHAR)*a < (UCHAR)*b);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++)
        if (*a != *b || !*a)
            return (UCHAR)*a - (UCHAR)*b;
    return 0;
}

int strcoll(const char *a, const char *b)
{
    return strcmp(a, b);
}

size_t strxfrm(char *to, const char *from, size_t n)
{
    size_t length = strlen(from);
    if (n)
        strncpy(to, from, n);
    return length;
}

int _stricmp(const char *a, const char *b)
{
    int x, y;
    do {
        x = tolower((UCHAR)*a++);
        y = tolower((UCHAR)*b++);
    } while (x && x == y);
    return x - y;
}

int _strcmpi(const char *a, const char *b)
{
    return _stricmp(a, b);
}

int _stricoll(const char *a, const char *b)
{
    return _stricmp(a, b);
}

int _strnicmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        int x = tolower((UCHAR)*a), y = tolower((UCHAR)*b);
        if (x != y || !x)
            return x - y;
    }
    return 0;
}

char *strcpy(char *to, const char *from)
{
    memcpy(to, from, strlen(from) + 1);
    return to;
}

char *strncpy(char *to, const char *from, size_t n)
{
    size_t i = 0;
    for (; i < n && from[i]; i++)
        to[i] = from[i];
    for (; i < n; i++)
        to[i] = 0;
    return to;
}

char *strcat(char *to, const char *from)
{
    strcpy(to + strlen(to), from);
    return to;
}

char *strncat(char *to, const char *from, size_t n)
{
    char *end = to + strlen(to);
    size_t length = strnlen(from, n);
    memcpy(end, from, length);
    end[length] = 0;
    return to;
}

errno_t strcpy_s(char *to, size_t room, const char *from)
{
    if (!to || !room || !from || strlen(from) >= room) {
        if (to && room)
            *to = 0;
        *_errno() = to && room && from ? ERANGE : EINVAL;
        return *_errno();
    }
    strcpy(to, from);
    return 0;
}

errno_t strcat_s(char *to, size_t room, const char *from)
{
    size_t used = to ? strnlen(to, room) : 0;
    if (!to || used >= room || !from) {
        *_errno() = EINVAL;
        return EINVAL;
    }
    errno_t error = strcpy_s(to + used, room - used, from);
    if (error)
        *to = 0;
    return error;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;
    for (;; s++) {
        if (*s == (char)c)
            found = s;
        if (!*s)
            return (char *)found;
    }
}

size_t strspn(const char *s, const char *set)
{
    size_t n = 0;
    while (s[n] && strchr(set, s[n]))
        n++;
    return n;
}

size_t strcspn(const char *s, const char *set)
{
    size_t n = 0;
    while (s[n] && !strchr(set, s[n]))
        n++;
    return n;
}

char *strpbrk(const char *s, const char *set)
{
    s += strcspn(s, set);
    return *s ? (char *)s : NULL;
}

char *strstr(const char *s, const char *part)
{
    size_t length = strlen(part);
    for (; *s || !length; s++)
        if (!strncmp(s, part, length))
            return (char *)s;
    return NULL;
}

char *strtok_s(char *s, const char *set, char **next)
{
    if (!s)
        s = *next;
    if (!s)
        return NULL;
    s += strspn(s, set);
    if (!*s) {
        *next = NULL;
        return NULL;
    }
    char *token = s;
    s += strcspn(s, set);
    if (*s)
        *s++ = 0;
    *next = s;
    return token;
}

char *strtok(char *s, const char *set)
{
    return strtok_s(s, set, &crt_thread()->strtok_next);
}

char *_strdup(const char *s)
{
    size_t size = s ? strlen(s) + 1 : 0;
    char *copy = s ? malloc(size) : NULL;
    if (copy)
        memcpy(copy, s, size);
    return copy;
}

char *_strlwr(char *s)
{
    for (char *p = s; *p; p++)
        *p = (char)tolower((UCHAR)*p);
    return s;
}

char *_strupr(char *s)
{
    for (char *p = s; *p; p++)
        *p = (char)toupper((UCHAR)*p);
    return s;
}

char *_strrev(char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n / 2; i++) {
        char c = s[i];
        s[i] = s[n - 1 - i];
        s[n - 1 - i] = c;
    }
    return s;
}

char *_strset(char *s, int c)
{
    for (char *p = s; *p; p++)
        *p = (char)c;
    return s;
}

char *_strnset(char *s, int c, size_t n)
{
    for (char *p = s; n && *p; p++, n--)
        *p = (char)c;
    return s;
}

void _swab(char *from, char *to, int count)
{
    for (; count > 1; count -= 2, from += 2, to += 2) {
        char c = from[0];
        to[0] = from[1];
        to[1] = c;
    }
}
