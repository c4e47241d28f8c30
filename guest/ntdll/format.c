/* guest/ntdll/format.c: the printf family that ntdll exports, number parsing, sorting, DbgPrint.
 *
 * Conversions: d i u x X o c C s S p Z (counted string; wZ counted wide) and %; flags - + space 0
 * #; width, precision, also *; sizes h l w ll I64 I. No floating point, as in Windows' ntdll. */
#include "ntdllp.h"

struct spec {
    bool left, plus, space, zero, alternate;
    int width, precision; /* precision -1: none */
    bool narrow, wide, quad;
};

struct input { /* a format string of either width */
    const WCHAR *wide;
    const char *narrow;
};

static WCHAR peek(const struct input *in)
{
    return in->wide ? *in->wide : (UCHAR)*in->narrow;
}

static void next(struct input *in)
{
    if (in->wide) {
        in->wide++;
    } else {
        in->narrow++;
    }
}

static bool accept(struct input *in, WCHAR c)
{
    if (peek(in) != c) {
        return false;
    }
    next(in);
    return true;
}

static void pad(struct format_sink *sink, WCHAR c, long count)
{
    for (; count > 0; count--) {
        sink->put(sink, c);
    }
}

static void put_text(struct format_sink *sink, const struct spec *spec, const WCHAR *wide,
                     const char *narrow, size_t length)
{
    pad(sink, ' ', spec->left ? 0 : spec->width - (long)length);
    for (size_t i = 0; i < length; i++) {
        sink->put(sink, wide ? wide[i] : (UCHAR)narrow[i]);
    }
    pad(sink, ' ', spec->left ? spec->width - (long)length : 0);
}

static void put_number(struct format_sink *sink, const struct spec *spec, ULONG64 value, ULONG base,
                       bool upper, const char *sign)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    long count = 0, prefix = (long)strlen(sign);
    for (ULONG64 v = value; v; v /= base) {
        text[count++] = digits[v % base];
    }
    long minimum = spec->precision >= 0 ? spec->precision : 1;
    if (spec->zero && !spec->left && spec->precision < 0 && spec->width - prefix > minimum) {
        minimum = spec->width - prefix;
    }
    long zeros = minimum > count ? minimum - count : 0;
    long total = prefix + zeros + count;
    pad(sink, ' ', spec->left ? 0 : spec->width - total);
    while (*sign) {
        sink->put(sink, (UCHAR)*sign++);
    }
    pad(sink, '0', zeros);
    while (count) {
        sink->put(sink, (UCHAR)text[--count]);
    }
    pad(sink, ' ', spec->left ? spec->width - total : 0);
}

static int read_count(struct input *in, va_list *arguments)
{
    int value = 0;
    if (accept(in, '*')) {
        return va_arg(*arguments, int);
    }
    while (peek(in) >= '0' && peek(in) <= '9') {
        if (value < 100000) {
            value = value * 10 + (peek(in) - '0');
        }
        next(in);
    }
    return value;
}

static struct spec read_spec(struct input *in, va_list *arguments)
{
    struct spec spec = {.precision = -1};
    for (;;) {
        if (accept(in, '-')) {
            spec.left = true;
        } else if (accept(in, '+')) {
            spec.plus = true;
        } else if (accept(in, ' ')) {
            spec.space = true;
        } else if (accept(in, '0')) {
            spec.zero = true;
        } else if (accept(in, '#')) {
            spec.alternate = true;
        } else {
            break;
        }
    }
    spec.width = read_count(in, arguments);
    if (spec.width < 0) {
        spec.left = true;
        spec.width = -spec.width;
    }
    if (accept(in, '.')) {
        spec.precision = read_count(in, arguments);
    }
    for (;;) {
        if (accept(in, 'h')) {
            spec.narrow = true;
        } else if (accept(in, 'l')) {
            spec.quad = spec.wide; /* the second of ll */
            spec.wide = true;
        } else if (accept(in, 'w')) {
            spec.wide = true;
        } else if (accept(in, 'I')) {
            spec.quad = !(accept(in, '3') && accept(in, '2'));
            if (spec.quad && accept(in, '6')) {
                accept(in, '4');
            }
        } else {
            return spec;
        }
    }
}

static void put_string(struct format_sink *sink, const struct spec *spec, bool wide,
                       va_list *arguments)
{
    const void *text = va_arg(*arguments, const void *);
    size_t limit = spec->precision >= 0 ? (size_t)spec->precision : (size_t)-1, length = 0;
    if (!text) {
        text = "(null)";
        wide = false;
    }
    while (length < limit &&
           (wide ? ((const WCHAR *)text)[length] : (WCHAR)(UCHAR)((const char *)text)[length])) {
        length++;
    }
    put_text(sink, spec, wide ? text : NULL, text, length);
}

static void put_counted(struct format_sink *sink, const struct spec *spec, va_list *arguments)
{
    const STRING *string = va_arg(*arguments, const STRING *);
    if (!string || !string->Buffer) {
        put_text(sink, spec, NULL, "(null)", 6);
    } else if (spec->wide) {
        put_text(sink, spec, (const WCHAR *)string->Buffer, NULL, string->Length / sizeof(WCHAR));
    } else {
        put_text(sink, spec, NULL, string->Buffer, string->Length);
    }
}

static void convert(struct format_sink *sink, struct spec spec, WCHAR type, bool wide_format,
                    va_list *arguments)
{
    bool wide = spec.wide ||
                (wide_format && !spec.narrow); /* of s and c; S and C are the other way round */
    LONG64 value;
    WCHAR c;
    switch (type) {
    case 'd':
    case 'i':
        value = spec.quad ? va_arg(*arguments, LONG64) : va_arg(*arguments, int);
        put_number(sink, &spec, value < 0 ? 0 - (ULONG64)value : (ULONG64)value, 10, false,
                   value < 0    ? "-"
                   : spec.plus  ? "+"
                   : spec.space ? " "
                                : "");
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o': {
        ULONG64 number = spec.quad ? va_arg(*arguments, ULONG64) : va_arg(*arguments, UINT);
        const char *sign = !spec.alternate || !number ? ""
                           : type == 'x'              ? "0x"
                           : type == 'X'              ? "0X"
                           : type == 'o'              ? "0"
                                                      : "";
        put_number(sink, &spec, number, type == 'u' ? 10 : type == 'o' ? 8 : 16, type == 'X', sign);
        break;
    }
    case 'p':
        spec.precision = 16;
        put_number(sink, &spec, va_arg(*arguments, ULONG64), 16, true, "");
        break;
    case 'c':
    case 'C':
        c = (WCHAR)va_arg(*arguments, int);
        put_text(sink, &spec, &c, NULL, 1);
        break;
    case 's':
        put_string(sink, &spec, wide, arguments);
        break;
    case 'S':
        put_string(sink, &spec, spec.wide || (!wide_format && !spec.narrow), arguments);
        break;
    case 'Z':
        put_counted(sink, &spec, arguments);
        break;
    default:
        sink->put(sink, type);
    }
}

void format_text(struct format_sink *sink, const WCHAR *wide, const char *narrow, va_list arguments)
{
    struct input in = {wide, narrow};
    va_list copy;
    va_copy(copy, arguments);
    for (WCHAR c; (c = peek(&in)) != 0;) {
        next(&in);
        if (c != '%') {
            sink->put(sink, c);
            continue;
        }
        struct spec spec = read_spec(&in, &copy);
        WCHAR type = peek(&in);
        if (!type) {
            break;
        }
        next(&in);
        convert(sink, spec, type, wide != NULL, &copy);
    }
    va_end(copy);
}

static void put_narrow(struct format_sink *sink, WCHAR c)
{
    if (sink->used < sink->size) {
        char *at = (char *)sink->buffer + sink->used;
        if (c < 0x80) {
            *at = (char)c;
        } else {
            RtlUnicodeToMultiByteN(at, 1, NULL, &c, sizeof c);
        }
    }
    sink->used++;
}

static void put_wide(struct format_sink *sink, WCHAR c)
{
    if (sink->used < sink->size) {
        ((WCHAR *)sink->buffer)[sink->used] = c;
    }
    sink->used++;
}

/* Characters written without the terminator; -1, and no terminator, when they do not fit. */
int _vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct format_sink sink = {.put = put_narrow, .buffer = buffer, .size = size};
    format_text(&sink, NULL, format, arguments);
    if (sink.used < size) {
        buffer[sink.used] = 0;
    }
    return sink.used <= size ? (int)sink.used : -1;
}

int _vsnwprintf(WCHAR *buffer, size_t size, const WCHAR *format, va_list arguments)
{
    struct format_sink sink = {.put = put_wide, .buffer = buffer, .size = size};
    format_text(&sink, format, NULL, arguments);
    if (sink.used < size) {
        buffer[sink.used] = 0;
    }
    return sink.used <= size ? (int)sink.used : -1;
}

int _snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = _vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return result;
}

int _snwprintf(WCHAR *buffer, size_t size, const WCHAR *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = _vsnwprintf(buffer, size, format, arguments);
    va_end(arguments);
    return result;
}

int sprintf(char *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = _vsnprintf(buffer, 0x7FFFFFFF, format, arguments);
    va_end(arguments);
    return result;
}

/* Text for a debugger: the exception DBG_PRINTEXCEPTION_C, when there is one to take it. */
ULONG DbgPrint(const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (!current_peb()->BeingDebugged) {
        return STATUS_SUCCESS;
    }
    va_start(arguments, format);
    int length = _vsnprintf(text, sizeof text - 1, format, arguments);
    va_end(arguments);
    text[sizeof text - 1] = 0;
    EXCEPTION_RECORD record = {.ExceptionCode = (LONG)0x40010006u, .NumberParameters = 2};
    record.ExceptionInformation[0] = length < 0 ? sizeof text : (ULONG64)length + 1;
    record.ExceptionInformation[1] = (ULONG64)text;
    __try {
        RtlRaiseException(&record);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return STATUS_SUCCESS;
    }
    return STATUS_SUCCESS;
}

/* ---- numbers from text ---- */

static ULONG digit(WCHAR c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'z' ? c - 'a' + 10u
           : c >= 'A' && c <= 'Z' ? c - 'A' + 10u
                                  : 99;
}

/* Saturates at 2^32 - 1. => *negative; `in` behind the number, or where it was without one */
static ULONG parse(struct input *in, ULONG base, bool *negative, bool *overflow)
{
    struct input start = *in;
    ULONG64 value = 0;
    bool any = false;
    while (peek(in) == ' ' || (peek(in) >= 9 && peek(in) <= 13)) {
        next(in);
    }
    *negative = peek(in) == '-';
    *overflow = false;
    if (peek(in) == '-' || peek(in) == '+') {
        next(in);
    }
    if ((base == 0 || base == 16) && peek(in) == '0') {
        struct input ahead = *in;
        next(&ahead);
        if (accept(&ahead, 'x') || accept(&ahead, 'X')) {
            if (digit(peek(&ahead)) < 16) {
                *in = ahead;
            }
            base = 16;
        } else {
            base = base ? base : 8;
        }
    }
    base = base ? base : 10;
    for (; digit(peek(in)) < base; next(in)) {
        any = true;
        value = value * base + digit(peek(in));
        if (value > 0xFFFFFFFF) {
            value = 0xFFFFFFFF;
            *overflow = true;
        }
    }
    if (!any) {
        *in = start;
    }
    return (ULONG)value;
}

static ULONG to_unsigned(struct input *in, int base)
{
    bool negative, overflow;
    ULONG value = parse(in, (ULONG)base, &negative, &overflow);
    return negative && !overflow ? 0 - value : value;
}

static LONG to_signed(struct input *in, int base)
{
    bool negative, overflow;
    ULONG value = parse(in, (ULONG)base, &negative, &overflow);
    if (value > 0x7FFFFFFFu + negative) {
        return negative ? (LONG)0x80000000u : 0x7FFFFFFF;
    }
    return negative ? (LONG)(0 - value) : (LONG)value;
}

unsigned long strtoul(const char *s, char **end, int base)
{
    struct input in = {.narrow = s};
    ULONG value = to_unsigned(&in, base);
    if (end) {
        *end = (char *)in.narrow;
    }
    return value;
}

long strtol(const char *s, char **end, int base)
{
    struct input in = {.narrow = s};
    LONG value = to_signed(&in, base);
    if (end) {
        *end = (char *)in.narrow;
    }
    return value;
}

unsigned long wcstoul(const WCHAR *s, WCHAR **end, int base)
{
    struct input in = {.wide = s};
    ULONG value = to_unsigned(&in, base);
    if (end) {
        *end = (WCHAR *)in.wide;
    }
    return value;
}

long wcstol(const WCHAR *s, WCHAR **end, int base)
{
    struct input in = {.wide = s};
    LONG value = to_signed(&in, base);
    if (end) {
        *end = (WCHAR *)in.wide;
    }
    return value;
}

int atoi(const char *s)
{
    return (int)strtol(s, NULL, 10);
}

/* ---- sorting: heap sort; no memory, no bad case ---- */

static void swap(char *a, char *b, size_t size)
{
    for (; size; size--, a++, b++) {
        char t = *a;
        *a = *b;
        *b = t;
    }
}

static void sift_down(char *base, size_t root, size_t count, size_t size,
                      int (*compare)(const void *, const void *))
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0) {
            child++;
        }
        if (compare(base + root * size, base + child * size) >= 0) {
            return;
        }
        swap(base + root * size, base + child * size, size);
    }
}

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    for (size_t root = count / 2; root-- > 0;) {
        sift_down(base, root, count, size, compare);
    }
    while (count > 1) {
        swap(base, (char *)base + --count * size, size);
        sift_down(base, 0, count, size, compare);
    }
}
