/* guest/ntdll/string.c: counted strings. Lengths are in bytes; a terminator is added when there is
 * room. */
#include "ntdllp.h"

#define MAXIMUM_CHARACTERS 0x7FFEu

void RtlInitString(STRING *string, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    if (length > 0xFFFE) {
        length = 0xFFFE;
    }
    string->Buffer = (CHAR *)text;
    string->Length = (USHORT)length;
    string->MaximumLength = text ? (USHORT)(length + 1) : 0;
}

void RtlInitAnsiString(STRING *string, const char *text)
{
    RtlInitString(string, text);
}

void RtlInitUnicodeString(UNICODE_STRING *string, const WCHAR *text)
{
    size_t length = text ? wcslen(text) : 0;
    if (length > MAXIMUM_CHARACTERS) {
        length = MAXIMUM_CHARACTERS;
    }
    string->Buffer = (WCHAR *)text;
    string->Length = (USHORT)(length * sizeof(WCHAR));
    string->MaximumLength = text ? (USHORT)((length + 1) * sizeof(WCHAR)) : 0;
}

/* => STATUS_NAME_TOO_LONG */
NTSTATUS RtlInitUnicodeStringEx(UNICODE_STRING *string, const WCHAR *text)
{
    if (text && wcslen(text) > MAXIMUM_CHARACTERS) {
        return STATUS_NAME_TOO_LONG;
    }
    RtlInitUnicodeString(string, text);
    return STATUS_SUCCESS;
}

BOOLEAN RtlCreateUnicodeString(UNICODE_STRING *string, const WCHAR *text)
{
    size_t length = wcslen(text);
    if (length > MAXIMUM_CHARACTERS) {
        return 0;
    }
    WCHAR *copy = RtlAllocateHeap(current_peb()->ProcessHeap, 0, (length + 1) * sizeof(WCHAR));
    if (!copy) {
        return 0;
    }
    memcpy(copy, text, (length + 1) * sizeof(WCHAR));
    RtlInitUnicodeString(string, copy);
    return 1;
}

BOOLEAN RtlCreateUnicodeStringFromAsciiz(UNICODE_STRING *string, const char *text)
{
    STRING ansi;
    RtlInitString(&ansi, text);
    return NT_SUCCESS(RtlAnsiStringToUnicodeString(string, &ansi, 1));
}

void RtlFreeUnicodeString(UNICODE_STRING *string)
{
    if (string->Buffer) {
        RtlFreeHeap(current_peb()->ProcessHeap, 0, string->Buffer);
    }
    memset(string, 0, sizeof *string);
}

void RtlFreeAnsiString(STRING *string)
{
    if (string->Buffer) {
        RtlFreeHeap(current_peb()->ProcessHeap, 0, string->Buffer);
    }
    memset(string, 0, sizeof *string);
}

static void terminate(UNICODE_STRING *string)
{
    if (string->Length + sizeof(WCHAR) <= string->MaximumLength) {
        string->Buffer[string->Length / sizeof(WCHAR)] = 0;
    }
}

void RtlCopyUnicodeString(UNICODE_STRING *to, const UNICODE_STRING *from)
{
    USHORT length = from ? from->Length : 0;
    if (length > to->MaximumLength) {
        length = to->MaximumLength & ~1;
    }
    if (length) {
        memmove(to->Buffer, from->Buffer, length);
    }
    to->Length = length;
    terminate(to);
}

NTSTATUS RtlAppendUnicodeStringToString(UNICODE_STRING *to, const UNICODE_STRING *from)
{
    if ((ULONG)to->Length + from->Length > to->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memmove((char *)to->Buffer + to->Length, from->Buffer, from->Length);
    to->Length = (USHORT)(to->Length + from->Length);
    terminate(to);
    return STATUS_SUCCESS;
}

NTSTATUS RtlAppendUnicodeToString(UNICODE_STRING *to, const WCHAR *from)
{
    UNICODE_STRING string;
    if (!from) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = RtlInitUnicodeStringEx(&string, from);
    return NT_SUCCESS(status) ? RtlAppendUnicodeStringToString(to, &string) : status;
}

LONG RtlCompareUnicodeString(const UNICODE_STRING *a, const UNICODE_STRING *b, BOOLEAN ignore_case)
{
    ULONG shorter = (a->Length < b->Length ? a->Length : b->Length) / sizeof(WCHAR);
    for (ULONG i = 0; i < shorter; i++) {
        WCHAR x = a->Buffer[i], y = b->Buffer[i];
        if (ignore_case && x != y) {
            x = RtlUpcaseUnicodeChar(x);
            y = RtlUpcaseUnicodeChar(y);
        }
        if (x != y) {
            return (LONG)x - (LONG)y;
        }
    }
    return (LONG)a->Length - (LONG)b->Length;
}

BOOLEAN RtlEqualUnicodeString(const UNICODE_STRING *a, const UNICODE_STRING *b, BOOLEAN ignore_case)
{
    return a->Length == b->Length && !RtlCompareUnicodeString(a, b, ignore_case);
}

BOOLEAN RtlPrefixUnicodeString(const UNICODE_STRING *prefix, const UNICODE_STRING *string,
                               BOOLEAN ignore_case)
{
    UNICODE_STRING start = {prefix->Length, prefix->Length, string->Buffer};
    return string->Length >= prefix->Length && RtlEqualUnicodeString(prefix, &start, ignore_case);
}

/* flags: 1 terminate the copy, 2 also give an empty string a buffer. */
NTSTATUS RtlDuplicateUnicodeString(ULONG flags, const UNICODE_STRING *from, UNICODE_STRING *to)
{
    ULONG size = from->Length + (flags & 1 ? sizeof(WCHAR) : 0);
    *to = (UNICODE_STRING){.Length = 0};
    if (flags > 3 || size > 0xFFFE) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!from->Length && !(flags & 2)) {
        return STATUS_SUCCESS;
    }
    to->Buffer = RtlAllocateHeap(current_peb()->ProcessHeap, 0, size);
    if (!to->Buffer) {
        return STATUS_NO_MEMORY;
    }
    to->MaximumLength = (USHORT)size;
    RtlCopyUnicodeString(to, from);
    return STATUS_SUCCESS;
}

/* algorithm: 0 or 1, the polynomial with factor 65599 (HASH_STRING_ALGORITHM_X65599). */
NTSTATUS RtlHashUnicodeString(const UNICODE_STRING *string, BOOLEAN ignore_case, ULONG algorithm,
                              ULONG *hash)
{
    if (algorithm > 1) {
        return STATUS_INVALID_PARAMETER;
    }
    ULONG value = 0;
    for (ULONG i = 0; i < string->Length / sizeof(WCHAR); i++) {
        WCHAR c = string->Buffer[i];
        value = value * 65599 + (ignore_case ? RtlUpcaseUnicodeChar(c) : c);
    }
    *hash = value;
    return STATUS_SUCCESS;
}

static NTSTATUS map_case(UNICODE_STRING *to, const UNICODE_STRING *from, BOOLEAN allocate,
                         WCHAR (*map)(WCHAR))
{
    if (allocate) {
        NTSTATUS status = RtlDuplicateUnicodeString(2, from, to);
        if (!NT_SUCCESS(status)) {
            return status;
        }
    } else if (to->MaximumLength < from->Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (ULONG i = 0; i < from->Length / sizeof(WCHAR); i++) {
        to->Buffer[i] = map(from->Buffer[i]);
    }
    to->Length = from->Length;
    return STATUS_SUCCESS;
}

NTSTATUS RtlUpcaseUnicodeString(UNICODE_STRING *to, const UNICODE_STRING *from, BOOLEAN allocate)
{
    return map_case(to, from, allocate, RtlUpcaseUnicodeChar);
}

NTSTATUS RtlDowncaseUnicodeString(UNICODE_STRING *to, const UNICODE_STRING *from, BOOLEAN allocate)
{
    return map_case(to, from, allocate, RtlDowncaseUnicodeChar);
}

static int digit_of(WCHAR c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = RtlDowncaseUnicodeChar(c);
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* base 0: from the prefix 0x, 0o or 0b, else 10. */
NTSTATUS RtlUnicodeStringToInteger(const UNICODE_STRING *string, ULONG base, ULONG *value)
{
    const WCHAR *s = string->Buffer, *end = s + string->Length / sizeof(WCHAR);
    bool negative = false;
    ULONG result = 0;
    while (s < end && *s <= ' ') {
        s++;
    }
    if (s < end && (*s == '-' || *s == '+')) {
        negative = *s++ == '-';
    }
    if (!base) {
        base = 10;
        if (end - s > 1 && s[0] == '0') {
            WCHAR kind = s[1];
            base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
            s += base == 10 ? 0 : 2;
        }
    } else if (base != 2 && base != 8 && base != 10 && base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    for (; s < end && digit_of(*s) < (int)base; s++) {
        result = result * base + (ULONG)digit_of(*s);
    }
    *value = negative ? 0 - result : result;
    return STATUS_SUCCESS;
}

NTSTATUS RtlIntegerToUnicodeString(ULONG value, ULONG base, UNICODE_STRING *string)
{
    WCHAR text[33];
    ULONG i = ARRAY_COUNT(text);
    if (!base) {
        base = 10;
    }
    if (base != 2 && base != 8 && base != 10 && base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    do {
        ULONG digit = value % base;
        text[--i] = (WCHAR)(digit < 10 ? '0' + digit : 'A' + digit - 10);
        value /= base;
    } while (value);
    UNICODE_STRING number = {.Length = (USHORT)((ARRAY_COUNT(text) - i) * sizeof(WCHAR)),
                             .Buffer = text + i};
    if (number.Length > string->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    RtlCopyUnicodeString(string, &number);
    return STATUS_SUCCESS;
}
