/* guest/msvcrt/format.c: printf's dialect of msvcrt.
 *
 *      %[-+ #0][width][.precision][size]type
 *
 * Sizes: h, l, ll, L, w, I (pointer size), I32, I64. `%S` and `%C` have the other character width
 * than the format; h and l (or w) override. %p has 16 upper-case digits. Exponents have at least
 * three digits. Doubles are converted from their 17 significant digits, which is all msvcrt
 * computes: digits after them are zeros and halves round up. Infinities and NaNs are digit strings
 * too ("1#INF"), cut and rounded like any other. Source: "Format specification syntax",
 * documentation of VC6 to 2013. */
#include "crt.h"
#include "msvcrt.h"

#define FLAG_LEFT 0x1u
#define FLAG_PLUS 0x2u
#define FLAG_SPACE 0x4u
#define FLAG_ALTERNATE 0x8u
#define FLAG_ZERO 0x10u
#define SIGNIFICANT_DIGITS 17
#define MOST_PRECISION 512 /* more digits than any double has */

enum size { SIZE_NONE, SIZE_SHORT, SIZE_LONG, SIZE_64 };

struct spec {
    ULONG flags;
    int width;
    int precision; /* -1: not given */
    enum size size;
};

/* One character out; chunks are flushed to files, strings just stop storing. */
static void put(struct crt_sink *sink, WCHAR c)
{
    if (!sink->room && sink->flush)
        sink->flush(sink);
    if (sink->room) {
        if (sink->wide)
            *sink->wide++ = c;
        else
            *sink->narrow++ = (char)c;
        sink->room--;
    }
    sink->count++;
}

static void fill(struct crt_sink *sink, WCHAR c, int count)
{
    for (; count > 0; count--)
        put(sink, c);
}

/* The format is read one character at a time, whatever its width. */
struct reader {
    const void *at;
    BOOL wide;
};

static WCHAR peek(const struct reader *r)
{
    return r->wide ? *(const WCHAR *)r->at : *(const UCHAR *)r->at;
}

static WCHAR next(struct reader *r)
{
    WCHAR c = peek(r);
    r->at = (const char *)r->at + (r->wide ? sizeof(WCHAR) : 1);
    return c;
}

static int read_number(struct reader *r, va_list *arguments)
{
    int value = 0;
    if (peek(r) == '*') {
        next(r);
        return va_arg(*arguments, int);
    }
    while (peek(r) >= '0' && peek(r) <= '9') {
        value = value * 10 + (next(r) - '0');
        if (value > 0xFFFFFF)
            value = 0xFFFFFF;
    }
    return value;
}

static void read_flags(struct reader *r, struct spec *spec)
{
    for (;; next(r)) {
        switch (peek(r)) {
        case '-':
            spec->flags |= FLAG_LEFT;
            break;
        case '+':
            spec->flags |= FLAG_PLUS;
            break;
        case ' ':
            spec->flags |= FLAG_SPACE;
            break;
        case '#':
            spec->flags |= FLAG_ALTERNATE;
            break;
        case '0':
            spec->flags |= FLAG_ZERO;
            break;
        default:
            return;
        }
    }
}

static WCHAR ahead(const struct reader *r, int n)
{
    return r->wide ? ((const WCHAR *)r->at)[n] : ((const UCHAR *)r->at)[n];
}

static void read_size(struct reader *r, struct spec *spec)
{
    for (;; next(r)) {
        switch (peek(r)) {
        case 'h':
            spec->size = SIZE_SHORT;
            break;
        case 'l':
        case 'w':
            spec->size = spec->size == SIZE_LONG ? SIZE_64 : SIZE_LONG;
            break;
        case 'L':
            spec->size = SIZE_LONG;
            break;
        case 'I':
            spec->size = SIZE_64;
            if (ahead(r, 1) == '6' && ahead(r, 2) == '4') {
                next(r), next(r);
            } else if (ahead(r, 1) == '3' && ahead(r, 2) == '2') {
                next(r), next(r);
                spec->size = SIZE_NONE;
            }
            break;
        default:
            return;
        }
    }
}

static void read_spec(struct reader *r, struct spec *spec, va_list *arguments)
{
    *spec = (struct spec){.precision = -1};
    read_flags(r, spec);
    spec->width = read_number(r, arguments);
    if (spec->width < 0) {
        spec->flags |= FLAG_LEFT;
        spec->width = -spec->width;
    }
    if (peek(r) == '.') {
        next(r);
        spec->precision = read_number(r, arguments);
        if (spec->precision < 0)
            spec->precision = -1;
    }
    read_size(r, spec);
}

/* Prefix (sign, 0x), zeros and body, padded to the width. */
static void put_number(struct crt_sink *sink, const struct spec *spec, const char *prefix,
                       int zeros, const char *body, int length)
{
    int prefix_length = (int)strlen(prefix);
    int padding = spec->width - prefix_length - zeros - length;
    if (!(spec->flags & (FLAG_LEFT | FLAG_ZERO)))
        fill(sink, ' ', padding);
    for (int i = 0; i < prefix_length; i++)
        put(sink, (UCHAR)prefix[i]);
    if (spec->flags & FLAG_ZERO && !(spec->flags & FLAG_LEFT))
        fill(sink, '0', padding);
    fill(sink, '0', zeros);
    for (int i = 0; i < length; i++)
        put(sink, (UCHAR)body[i]);
    if (spec->flags & FLAG_LEFT)
        fill(sink, ' ', padding);
}

static const char *sign_prefix(const struct spec *spec, BOOL negative)
{
    if (negative)
        return "-";
    return spec->flags & FLAG_PLUS ? "+" : spec->flags & FLAG_SPACE ? " " : "";
}

static ULONG64 fetch_integer(const struct spec *spec, BOOL is_signed, va_list *arguments)
{
    if (spec->size == SIZE_64)
        return va_arg(*arguments, ULONG64);
    int value = va_arg(*arguments, int);
    if (spec->size == SIZE_SHORT)
        return is_signed ? (ULONG64)(LONG64)(short)value : (USHORT)value;
    return is_signed ? (ULONG64)(LONG64)value : (unsigned)value;
}

static void put_integer(struct crt_sink *sink, struct spec *spec, WCHAR type, va_list *arguments)
{
    BOOL is_signed = type == 'd' || type == 'i';
    const char *digits = type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
    ULONG64 value = fetch_integer(spec, is_signed, arguments);
    const char *prefix = "";
    char text[32];
    int at = sizeof text;

    if (is_signed) {
        prefix = sign_prefix(spec, (LONG64)value < 0);
        if ((LONG64)value < 0)
            value = 0 - value;
    } else if (spec->flags & FLAG_ALTERNATE && base == 16 && value) {
        prefix = type == 'X' ? "0X" : "0x";
    }
    for (ULONG64 v = value; v; v /= base)
        text[--at] = digits[v % base];
    if (!value && spec->precision != 0)
        text[--at] = '0';
    int length = (int)sizeof text - at;
    int zeros = spec->precision > length ? spec->precision - length : 0;
    if (base == 8 && spec->flags & FLAG_ALTERNATE && !zeros && (!length || text[at] != '0'))
        zeros = 1;
    if (spec->precision >= 0)
        spec->flags &= ~FLAG_ZERO;
    put_number(sink, spec, prefix, zeros, text + at, length);
}

static void put_pointer(struct crt_sink *sink, struct spec *spec, va_list *arguments)
{
    ULONG64 value = va_arg(*arguments, ULONG64);
    char text[16];
    for (int i = 0; i < 16; i++)
        text[i] = "0123456789ABCDEF"[value >> (60 - 4 * i) & 0xF];
    spec->flags &= ~(FLAG_ZERO | FLAG_PLUS | FLAG_SPACE);
    put_number(sink, spec, spec->flags & FLAG_ALTERNATE ? "0X" : "", 0, text, 16);
}

/* Decimal digits of a finite or special value: d[0].d[1]d[2]... times 10 to the exponent. */
struct decimal {
    char digits[SIGNIFICANT_DIGITS + 8];
    int count;
    int exponent;
    int negative;
};

static void decompose(double value, struct decimal *out)
{
    ULONG64 bits;
    memcpy(&bits, &value, sizeof bits);
    const ULONG64 fraction = bits & 0xFFFFFFFFFFFFFull;
    const ULONG64 quiet = 0x8000000000000ull;
    out->negative = (int)(bits >> 63);
    out->exponent = 0;
    if ((bits >> 52 & 0x7FF) == 0x7FF) {
        const char *name = "1#INF";
        if (fraction)
            name = out->negative && fraction == quiet ? "1#IND"
                   : fraction & quiet                 ? "1#QNAN"
                                                      : "1#SNAN";
        out->count = (int)strlen(name);
        memcpy(out->digits, name, (ULONG64)out->count);
        return;
    }
    int point, sign;
    char *digits = crt_dtoa(value, 2, SIGNIFICANT_DIGITS, &point, &sign);
    out->count = (int)strlen(digits);
    if (out->count > SIGNIFICANT_DIGITS)
        out->count = SIGNIFICANT_DIGITS;
    memcpy(out->digits, digits, (ULONG64)out->count);
    out->exponent = value == 0 ? 0 : point - 1;
    __freedtoa(digits);
}

/* Cut to `keep` digits (may be 0 or less), rounding half up; a carry out of the top moves the
 * exponent. */
static void round_digits(struct decimal *d, int keep)
{
    if (keep >= d->count)
        return;
    BOOL up = keep >= 0 && d->digits[keep] >= '5';
    d->count = keep > 0 ? keep : 0;
    if (!up)
        return;
    int i = d->count - 1;
    for (; i >= 0 && d->digits[i] == '9'; i--)
        d->digits[i] = '0';
    if (i >= 0) {
        d->digits[i]++;
        return;
    }
    d->digits[0] = '1';
    if (d->count == 0)
        d->count = 1;
    d->exponent++;
}

static char digit_at(const struct decimal *d, int i)
{
    return i >= 0 && i < d->count ? d->digits[i] : '0';
}

/* A number under construction: at most 309 digits, a point, MOST_PRECISION more, an exponent. */
struct text {
    char buffer[MOST_PRECISION + 400];
    int length;
};

static void add(struct text *t, char c)
{
    if (t->length < (int)sizeof t->buffer)
        t->buffer[t->length++] = c;
}

static void fixed(struct text *t, const struct decimal *d, int precision, BOOL point)
{
    if (d->exponent < 0 || !d->count)
        add(t, '0');
    else
        for (int i = 0; i <= d->exponent; i++)
            add(t, digit_at(d, i));
    if (precision > 0 || point)
        add(t, '.');
    for (int i = 1; i <= precision; i++)
        add(t, d->count ? digit_at(d, d->exponent + i) : '0');
}

static void scientific(struct text *t, const struct decimal *d, int precision, BOOL point,
                       char letter)
{
    int exponent = d->exponent < 0 ? -d->exponent : d->exponent;
    add(t, digit_at(d, 0));
    if (precision > 0 || point)
        add(t, '.');
    for (int i = 1; i <= precision; i++)
        add(t, digit_at(d, i));
    add(t, letter);
    add(t, d->exponent < 0 ? '-' : '+');
    add(t, (char)('0' + exponent / 100));
    add(t, (char)('0' + exponent / 10 % 10));
    add(t, (char)('0' + exponent % 10));
}

static void general(struct text *t, struct decimal *d, int precision, BOOL alternate, char letter)
{
    if (precision == 0)
        precision = 1;
    round_digits(d, precision);
    int digits = precision;
    if (!alternate) {
        digits = d->count < precision ? d->count : precision;
        while (digits > 1 && digit_at(d, digits - 1) == '0')
            digits--;
    }
    if (d->exponent < -4 || d->exponent >= precision) {
        scientific(t, d, digits - 1, alternate, letter);
        return;
    }
    int after = digits - 1 - d->exponent;
    fixed(t, d, after > 0 ? after : 0, alternate);
}

/* %a: sign, 0x1.hhh, p and the binary exponent; six digits unless told otherwise. */
static void hexadecimal(struct text *t, double value, int precision, BOOL point, BOOL upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    ULONG64 bits;
    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7FF);
    ULONG64 fraction = bits & 0xFFFFFFFFFFFFFull;
    ULONG64 lead = exponent != 0;
    if (precision < 13) {
        ULONG64 whole = lead << 52 | fraction;
        int drop = 4 * (13 - precision);
        whole += 1ull << (drop - 1);
        whole = whole >> drop << drop;
        lead = whole >> 52;
        fraction = whole & 0xFFFFFFFFFFFFFull;
    }
    exponent = exponent ? exponent - 1023 : bits << 1 ? -1022 : 0;
    add(t, (char)('0' + lead));
    if (precision > 0 || point)
        add(t, '.');
    for (int i = 0; i < precision; i++)
        add(t, i < 13 ? digits[fraction >> (48 - 4 * i) & 0xF] : '0');
    add(t, upper ? 'P' : 'p');
    add(t, exponent < 0 ? '-' : '+');
    char number[8];
    int length = _snprintf(number, sizeof number, "%d", exponent < 0 ? -exponent : exponent);
    for (int i = 0; i < length; i++)
        add(t, number[i]);
}

static void put_double(struct crt_sink *sink, struct spec *spec, WCHAR type, va_list *arguments)
{
    double value = va_arg(*arguments, double);
    struct decimal d;
    struct text t = {.length = 0};
    BOOL alternate = (spec->flags & FLAG_ALTERNATE) != 0;
    int precision = spec->precision < 0 ? 6 : spec->precision;
    const char *hex = "";

    if (precision > MOST_PRECISION)
        precision = MOST_PRECISION;
    decompose(value, &d);
    BOOL special = d.count > 1 && d.digits[1] == '#';
    switch (type) {
    case 'f':
        round_digits(&d, d.exponent + 1 + precision);
        fixed(&t, &d, precision, alternate);
        break;
    case 'e':
    case 'E':
        round_digits(&d, precision + 1);
        scientific(&t, &d, precision, alternate, (char)type);
        break;
    case 'g':
    case 'G':
        general(&t, &d, precision, alternate, type == 'g' ? 'e' : 'E');
        break;
    default:
        if (special) {
            round_digits(&d, precision + 1);
            fixed(&t, &d, precision, alternate);
            break;
        }
        hex = type == 'a' ? "0x" : "0X";
        hexadecimal(&t, value, precision, alternate, type == 'A');
        break;
    }
    char prefix[4];
    strcpy(prefix, sign_prefix(spec, d.negative));
    strcat(prefix, hex);
    put_number(sink, spec, prefix, 0, t.buffer, t.length);
}

/* A wide character on a narrow sink: the C locale has only the first 256. */
static void put_converted(struct crt_sink *sink, WCHAR c, BOOL from_wide)
{
    if (from_wide && !sink->wide && c > 0xFF) {
        sink->failed = TRUE;
        *_errno() = EILSEQ;
    }
    put(sink, c);
}

static void put_text(struct crt_sink *sink, const struct spec *spec, const void *text, BOOL wide,
                     int length)
{
    WCHAR pad = spec->flags & FLAG_ZERO ? '0' : ' ';
    if (!(spec->flags & FLAG_LEFT))
        fill(sink, pad, spec->width - length);
    for (int i = 0; i < length; i++)
        put_converted(sink, wide ? ((const WCHAR *)text)[i] : ((const UCHAR *)text)[i], wide);
    if (spec->flags & FLAG_LEFT)
        fill(sink, ' ', spec->width - length);
}

static void put_string(struct crt_sink *sink, const struct spec *spec, BOOL wide,
                       va_list *arguments)
{
    const void *text = va_arg(*arguments, const void *);
    int length = 0;
    if (!text)
        text = wide ? (const void *)L"(null)" : (const void *)"(null)";
    while ((spec->precision < 0 || length < spec->precision) &&
           (wide ? ((const WCHAR *)text)[length] : ((const UCHAR *)text)[length]))
        length++;
    put_text(sink, spec, text, wide, length);
}

static void store_count(const struct crt_sink *sink, const struct spec *spec, va_list *arguments)
{
    void *target = va_arg(*arguments, void *);
    if (spec->size == SIZE_SHORT)
        *(short *)target = (short)sink->count;
    else if (spec->size == SIZE_64)
        *(LONG64 *)target = (LONG64)sink->count;
    else
        *(int *)target = (int)sink->count;
}

/* Format to the sink. => the number of characters, or -1 */
int crt_format(struct crt_sink *sink, const void *format, BOOL wide_format, va_list arguments)
{
    struct reader r = {format, wide_format};
    struct spec spec;
    va_list list;
    WCHAR c;

    va_copy(list, arguments);
    while ((c = next(&r)) != 0) {
        if (c != '%') {
            put(sink, c);
            continue;
        }
        read_spec(&r, &spec, &list);
        WCHAR type = peek(&r);
        BOOL wide = spec.size == SIZE_LONG    ? TRUE
                    : spec.size == SIZE_SHORT ? FALSE
                                              : (type == 's' || type == 'c') == wide_format;
        if (!type)
            break;
        next(&r);
        switch (type) {
        case 'd':
        case 'i':
        case 'u':
        case 'x':
        case 'X':
        case 'o':
            put_integer(sink, &spec, type, &list);
            break;
        case 'p':
            put_pointer(sink, &spec, &list);
            break;
        case 'e':
        case 'E':
        case 'f':
        case 'g':
        case 'G':
        case 'a':
        case 'A':
            put_double(sink, &spec, type, &list);
            break;
        case 'c':
        case 'C': {
            WCHAR character = (WCHAR)va_arg(list, int);
            UCHAR byte = (UCHAR)character;
            put_text(sink, &spec, wide ? (void *)&character : (void *)&byte, wide, 1);
            break;
        }
        case 's':
        case 'S':
            put_string(sink, &spec, wide, &list);
            break;
        case 'n':
            store_count(sink, &spec, &list);
            break;
        default: /* '%' and everything unknown stand for themselves */
            put(sink, type);
            break;
        }
    }
    va_end(list);
    if (sink->flush)
        sink->flush(sink);
    return sink->failed ? -1 : (int)sink->count;
}
