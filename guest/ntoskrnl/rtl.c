/* guest/ntoskrnl/rtl.c: exports of nt that are pure functions, as drivers know them. */
#include "nt/rtl.h"

void RtlInitUnicodeString(UNICODE_STRING *destination, const WCHAR *source);
BOOLEAN RtlEqualString(const STRING *a, const STRING *b, BOOLEAN ignore_case);
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

/* Make `destination` describe the null-terminated `source` (NULL: an empty string). */
void RtlInitUnicodeString(UNICODE_STRING *destination, const WCHAR *source)
{
    size_t length = 0;
    while (source && source[length] && length < 0x7FFE) {
        length++;
    }
    destination->Buffer = (WCHAR *)source;
    destination->Length = (USHORT)(length * sizeof(WCHAR));
    destination->MaximumLength = source ? (USHORT)((length + 1) * sizeof(WCHAR)) : 0;
}

static CHAR upper(CHAR c)
{
    return c >= 'a' && c <= 'z' ? (CHAR)(c - ('a' - 'A')) : c;
}

BOOLEAN RtlEqualString(const STRING *a, const STRING *b, BOOLEAN ignore_case)
{
    if (a->Length != b->Length) {
        return 0;
    }
    for (USHORT i = 0; i < a->Length; i++) {
        CHAR x = a->Buffer[i], y = b->Buffer[i];
        if (ignore_case ? upper(x) != upper(y) : x != y) {
            return 0;
        }
    }
    return 1;
}

void *memcpy(void *to, const void *from, size_t size)
{
    void *start = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return start;
}

void *memset(void *to, int value, size_t size)
{
    void *start = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return start;
}
