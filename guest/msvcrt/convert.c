/* guest/msvcrt/convert.c: numbers from text and text from numbers. */
#include "crt.h"
#include "msvcrt.h"

static int digit_of(WCHAR c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    return 99;
}

static BOOL isspace_wide(WCHAR c)
{
    return c == 0x20 || (c >= 9 && c <= 13);
}

/* Text of either width, by index. */
struct text {
    const void *s;
    BOOL wide;
};

static WCHAR at(const struct text *t, size_t i)
{
    return t->wide ? ((const WCHAR *)t->s)[i] : ((const UCHAR *)t->s)[i];
}

struct parsed {
    ULONG64 value;
    BOOL negative;
    BOOL overflow; /* of 64 bits */
    size_t end;    /* 0: nothing was converted */
};

static struct parsed parse_integer(struct text t, int base)
{
    struct parsed p = {0};
    size_t i = 0;
    if (base < 0 || base == 1 || base > 36) {
        *_errno() = EINVAL;
        return p;
    }
    while (isspace_wide(at(&t, i)))
        i++;
    if (at(&t, i) == '+' || at(&t, i) == '-')
        p.negative = at(&t, i++) == '-';
    BOOL prefix = at(&t, i) == '0' && (at(&t, i + 1) | 0x20) == 'x' && digit_of(at(&t, i + 2)) < 16;
    if ((base == 0 || base == 16) && prefix) {
        base = 16;
        i += 2;
    } else if (base == 0) {
        base = at(&t, i) == '0' ? 8 : 10;
    }
    size_t start = i;
    for (; digit_of(at(&t, i)) < base; i++) {
        ULONG64 digit = (ULONG64)digit_of(at(&t, i));
        p.overflow |= __builtin_mul_overflow(p.value, (ULONG64)base, &p.value);
        p.overflow |= __builtin_add_overflow(p.value, digit, &p.value);
    }
    p.end = i > start ? i : 0;
    return p;
}

/* Limit a parsed number to [-max-1, max] (signed) or [0, max]; ERANGE outside. */
static ULONG64 limit(const struct parsed *p, ULONG64 max, BOOL is_signed)
{
    ULONG64 bound = is_signed && p->negative ? max + 1 : max;
    if (p->overflow || p->value > bound) {
        *_errno() = ERANGE;
        return is_signed && p->negative ? 0 - bound : max;
    }
    return p->negative ? 0 - p->value : p->value;
}

#define DEFINE_STRTO(name, result, type, max, is_signed, width)                                    \
    result name(const type *s, type **end, int base)                                               \
    {                                                                                              \
        struct parsed p = parse_integer((struct text){s, width}, base);                            \
        if (end)                                                                                   \
            *end = (type *)s + p.end;                                                              \
        return (result)limit(&p, max, is_signed);                                                  \
    }

DEFINE_STRTO(strtol, LONG, char, INT32_MAX, TRUE, FALSE)
DEFINE_STRTO(strtoul, ULONG, char, UINT32_MAX, FALSE, FALSE)
DEFINE_STRTO(_strtoi64, LONG64, char, INT64_MAX, TRUE, FALSE)
DEFINE_STRTO(_strtoui64, ULONG64, char, UINT64_MAX, FALSE, FALSE)
DEFINE_STRTO(wcstol, LONG, WCHAR, INT32_MAX, TRUE, TRUE)
DEFINE_STRTO(wcstoul, ULONG, WCHAR, UINT32_MAX, FALSE, TRUE)
DEFINE_STRTO(_wcstoi64, LONG64, WCHAR, INT64_MAX, TRUE, TRUE)
DEFINE_STRTO(_wcstoui64, ULONG64, WCHAR, UINT64_MAX, FALSE, TRUE)

int atoi(const char *s)
{
    return strtol(s, NULL, 10);
}

LONG atol(const char *s)
{
    return strtol(s, NULL, 10);
}

LONG64 _atoi64(const char *s)
{
    return _strtoi64(s, NULL, 10);
}

int _wtoi(const WCHAR *s)
{
    return wcstol(s, NULL, 10);
}

LONG _wtol(const WCHAR *s)
{
    return wcstol(s, NULL, 10);
}

LONG64 _wtoi64(const WCHAR *s)
{
    return _wcstoi64(s, NULL, 10);
}

double strtod(const char *s, char **end)
{
    return __mingw_strtod(s, end);
}

double atof(const char *s)
{
    return strtod(s, NULL);
}

/* A wide number has only ASCII characters: the longest prefix that could be one is copied. */
double wcstod(const WCHAR *s, WCHAR **end)
{
    size_t skip = 0, n = 0;
    while (isspace_wide(s[skip]))
        skip++;
    while (s[skip + n] > 0x20 && s[skip + n] < 0x7F)
        n++;
    char *copy = malloc(n + 1);
    double value = 0;
    size_t used = 0;
    if (copy) {
        char *stop;
        for (size_t i = 0; i < n; i++)
            copy[i] = (char)s[skip + i];
        copy[n] = 0;
        value = strtod(copy, &stop);
        used = (size_t)(stop - copy);
        free(copy);
    }
    if (end)
        *end = (WCHAR *)s + (used ? skip + used : 0);
    return value;
}

double _wtof(const WCHAR *s)
{
    return wcstod(s, NULL);
}

/* Digits of a number, last first, into the end of `text`. => where they begin */
static char *digits(ULONG64 value, int radix, char text[66])
{
    char *p = text + 65;
    *p = 0;
    do {
        *--p = "0123456789abcdefghijklmnopqrstuvwxyz"[value % (unsigned)radix];
        value /= (unsigned)radix;
    } while (value);
    return p;
}

char *_ui64toa(ULONG64 value, char *buffer, int radix)
{
    char text[66];
    if (radix < 2 || radix > 36) {
        *_errno() = EINVAL;
        *buffer = 0;
        return buffer;
    }
    return strcpy(buffer, digits(value, radix, text));
}

static char *signed_text(LONG64 value, ULONG64 as_unsigned, char *buffer, int radix)
{
    if (radix == 10 && value < 0) {
        *buffer = '-';
        _ui64toa(0 - (ULONG64)value, buffer + 1, radix);
        return buffer;
    }
    return _ui64toa(as_unsigned, buffer, radix);
}

char *_i64toa(LONG64 value, char *buffer, int radix)
{
    return signed_text(value, (ULONG64)value, buffer, radix);
}

char *_itoa(int value, char *buffer, int radix)
{
    return signed_text(value, (ULONG)value, buffer, radix);
}

char *_ltoa(LONG value, char *buffer, int radix)
{
    return _itoa(value, buffer, radix);
}

char *_ultoa(ULONG value, char *buffer, int radix)
{
    return _ui64toa(value, buffer, radix);
}

static WCHAR *widen(const char *text, WCHAR *buffer)
{
    size_t i = 0;
    do
        buffer[i] = (UCHAR)text[i];
    while (text[i++]);
    return buffer;
}

WCHAR *_i64tow(LONG64 value, WCHAR *buffer, int radix)
{
    char text[68];
    return widen(_i64toa(value, text, radix), buffer);
}

WCHAR *_ui64tow(ULONG64 value, WCHAR *buffer, int radix)
{
    char text[68];
    return widen(_ui64toa(value, text, radix), buffer);
}

WCHAR *_itow(int value, WCHAR *buffer, int radix)
{
    char text[68];
    return widen(_itoa(value, text, radix), buffer);
}

WCHAR *_ltow(LONG value, WCHAR *buffer, int radix)
{
    return _itow(value, buffer, radix);
}

WCHAR *_ultow(ULONG value, WCHAR *buffer, int radix)
{
    return _ui64tow(value, buffer, radix);
}
