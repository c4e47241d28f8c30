/* guest/msvcrt/string.c: memory and narrow strings; what these share with wide ones is text.inc. */
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

#define TEXT char
#define UNIT UCHAR
#define CHARACTER int
#define NAME(name) str##name
#define NAME_(name) _str##name
#define TO_LOWER tolower
#define TO_UPPER toupper
#include "text.inc"
#define REJECT reject
#define APPEND append
#define CHECK check
#include "secure.inc"

int _strcmpi(const char *a, const char *b)
{
    return _stricmp(a, b);
}

void _swab(char *from, char *to, int count)
{
    for (; count > 1; count -= 2, from += 2, to += 2) {
        char c = from[0];
        to[0] = from[1];
        to[1] = c;
    }
}
