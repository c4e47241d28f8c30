/* guest/msvcrt/scan.c: scanf's dialect of msvcrt.
 *
 *      %[*][width][size]type      sizes h, l, ll, L, w, I64, I32; %S and %C have the other width
 *
 * White space in the format skips white space; other characters must match. => the fields stored,
 * or EOF when the input ended before the first. Source: "scanf format specification fields",
 * documentation. */
#include "crt.h"
#include "msvcrt.h"

#define NO_LIMIT 0x7FFFFFFF
#define LONGEST_NUMBER 512

enum size { SIZE_NONE, SIZE_SHORT, SIZE_LONG, SIZE_64 };

struct scan {
    struct crt_source *source;
    int consumed;
    const void *format;
    BOOL wide_format;
};

struct field {
    BOOL suppress;
    int width;
    enum size size;
};

static WCHAR format_at(const struct scan *s, int i)
{
    return s->wide_format ? ((const WCHAR *)s->format)[i] : ((const UCHAR *)s->format)[i];
}

static void advance(struct scan *s, int n)
{
    s->format = (const char *)s->format + n * (s->wide_format ? (int)sizeof(WCHAR) : 1);
}

static int get(struct scan *s)
{
    int c = s->source->get(s->source);
    if (c != EOF)
        s->consumed++;
    return c;
}

static void unget(struct scan *s, int c)
{
    if (c == EOF)
        return;
    s->consumed--;
    s->source->unget(s->source, c);
}

static BOOL is_white(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* => the first character that is not white space, put back; EOF at the end */
static int skip_white(struct scan *s)
{
    int c;
    do
        c = get(s);
    while (c != EOF && is_white(c));
    unget(s, c);
    return c;
}

static void read_field(struct scan *s, struct field *f)
{
    *f = (struct field){.width = NO_LIMIT};
    if (format_at(s, 0) == '*') {
        f->suppress = TRUE;
        advance(s, 1);
    }
    if (format_at(s, 0) >= '0' && format_at(s, 0) <= '9') {
        f->width = 0;
        for (; format_at(s, 0) >= '0' && format_at(s, 0) <= '9'; advance(s, 1))
            if (f->width < 100000000)
                f->width = f->width * 10 + (format_at(s, 0) - '0');
        if (!f->width)
            f->width = NO_LIMIT;
    }
    for (;; advance(s, 1)) {
        switch (format_at(s, 0)) {
        case 'h':
            f->size = SIZE_SHORT;
            break;
        case 'l':
        case 'w':
            f->size = f->size == SIZE_LONG ? SIZE_64 : SIZE_LONG;
            break;
        case 'L':
            f->size = SIZE_LONG;
            break;
        case 'I':
            f->size = SIZE_64;
            if (format_at(s, 1) == '6' && format_at(s, 2) == '4') {
                advance(s, 2);
            } else if (format_at(s, 1) == '3' && format_at(s, 2) == '2') {
                advance(s, 2);
                f->size = SIZE_NONE;
            }
            break;
        default:
            return;
        }
    }
}

/* Characters of a number, as long as they can be part of one. */
struct number {
    char text[LONGEST_NUMBER];
    int length;
    int left; /* of the field's width */
};

static BOOL accept(struct scan *s, struct number *n, const char *set)
{
    if (n->left <= 0 || n->length >= LONGEST_NUMBER - 1)
        return FALSE;
    int c = get(s);
    if (c == EOF || c == 0 || c > 0x7F || !strchr(set, c)) {
        unget(s, c);
        return FALSE;
    }
    n->text[n->length++] = (char)c;
    n->left--;
    return TRUE;
}

static int scan_digits(struct scan *s, struct number *n, const char *set)
{
    int count = 0;
    while (accept(s, n, set))
        count++;
    return count;
}

static void store_integer(const struct field *f, ULONG64 value, va_list *arguments)
{
    void *target = va_arg(*arguments, void *);
    if (f->size == SIZE_SHORT)
        *(short *)target = (short)value;
    else if (f->size == SIZE_64)
        *(ULONG64 *)target = value;
    else
        *(int *)target = (int)value;
}

/* => -1 end of input, 0 no match, 1 matched */
static int scan_integer(struct scan *s, struct field *f, int base, va_list *arguments)
{
    static const char *const sets[] = {"01234567", "0123456789", "0123456789abcdefABCDEF"};
    struct number n = {.left = f->width};
    int digits = 0;
    if (skip_white(s) == EOF)
        return -1;
    accept(s, &n, "+-");
    if ((base == 0 || base == 16) && accept(s, &n, "0")) {
        digits = 1;
        if (accept(s, &n, "xX")) {
            base = 16;
            digits = 0;
        } else if (base == 0) {
            base = 8;
        }
    }
    if (base == 0)
        base = 10;
    digits += scan_digits(s, &n, sets[base == 8 ? 0 : base == 10 ? 1 : 2]);
    n.text[n.length] = 0;
    if (!digits)
        return 0;
    ULONG64 value =
        n.text[0] == '-' ? (ULONG64)_strtoi64(n.text, NULL, base) : _strtoui64(n.text, NULL, base);
    if (!f->suppress)
        store_integer(f, value, arguments);
    return 1;
}

static int scan_double(struct scan *s, const struct field *f, va_list *arguments)
{
    static const char decimal[] = "0123456789";
    struct number n = {.left = f->width};
    if (skip_white(s) == EOF)
        return -1;
    accept(s, &n, "+-");
    int digits = scan_digits(s, &n, decimal);
    if (accept(s, &n, "."))
        digits += scan_digits(s, &n, decimal);
    if (!digits)
        return 0;
    if (accept(s, &n, "eE")) {
        accept(s, &n, "+-");
        scan_digits(s, &n, decimal);
    }
    n.text[n.length] = 0;
    double value = strtod(n.text, NULL);
    if (f->suppress)
        return 1;
    void *target = va_arg(*arguments, void *);
    if (f->size == SIZE_LONG || f->size == SIZE_64)
        *(double *)target = value;
    else
        *(float *)target = (float)value;
    return 1;
}

/* Where %s, %c and %[ put their characters. */
struct text_target {
    void *at; /* NULL: suppressed */
    BOOL wide;
    unsigned room; /* characters, the end included */
};

static void store_character(struct text_target *t, int c)
{
    if (!t->at)
        return;
    if (t->wide)
        *(WCHAR *)t->at = (WCHAR)c;
    else
        *(char *)t->at = (char)c;
    t->at = (char *)t->at + (t->wide ? sizeof(WCHAR) : 1);
}

/* One bit for each of the first 256 characters; later ones are in no set but a negated one. */
struct set {
    UCHAR bits[32];
    BOOL negated;
};

static BOOL in_set(const struct set *set, int c)
{
    BOOL in = c < 256 && set->bits[c / 8] >> (c % 8) & 1;
    return in != set->negated;
}

/* Parse "[^]a-z]" after the '['; the format ends behind the ']'. */
static void read_set(struct scan *s, struct set *set)
{
    *set = (struct set){0};
    if (format_at(s, 0) == '^') {
        set->negated = TRUE;
        advance(s, 1);
    }
    for (BOOL first = TRUE; format_at(s, 0) && (first || format_at(s, 0) != ']'); first = FALSE) {
        WCHAR low = format_at(s, 0), high = low;
        if (format_at(s, 1) == '-' && format_at(s, 2) && format_at(s, 2) != ']') {
            high = format_at(s, 2);
            advance(s, 2);
        }
        if (high < low) {
            WCHAR swap = low;
            low = high;
            high = swap;
        }
        for (unsigned c = low; c <= high && c < 256; c++)
            set->bits[c / 8] |= (UCHAR)(1u << (c % 8));
        advance(s, 1);
    }
    if (format_at(s, 0) == ']')
        advance(s, 1);
}

static int scan_text(struct scan *s, const struct field *f, WCHAR type, const struct set *set,
                     va_list *arguments)
{
    BOOL same_width = type != 'S' && type != 'C';
    struct text_target t = {.wide = f->size == SIZE_LONG    ? TRUE
                                    : f->size == SIZE_SHORT ? FALSE
                                                            : same_width == s->wide_format};
    int limit = f->width, count = 0, c = 0;
    BOOL characters = type == 'c' || type == 'C';
    if (characters && limit == NO_LIMIT)
        limit = 1;
    if ((type == 's' || type == 'S') && skip_white(s) == EOF)
        return -1;
    if (!f->suppress) {
        t.at = va_arg(*arguments, void *);
        t.room = s->source->secure ? va_arg(*arguments, unsigned) : UINT32_MAX;
    }
    void *start = t.at;
    for (; count < limit; count++) {
        c = get(s);
        BOOL stop = c == EOF || (!characters && (set ? !in_set(set, c) : is_white(c)));
        if (stop) {
            unget(s, c);
            break;
        }
        if (start && (unsigned)count + !characters >= t.room) {
            t.at = start;
            if (t.room)
                store_character(&t, 0);
            *_errno() = ENOMEM;
            return 0;
        }
        store_character(&t, c);
    }
    if (!count)
        return c == EOF ? -1 : 0;
    if (!characters)
        store_character(&t, 0);
    return characters && count < limit ? -1 : 1;
}

static int scan_one(struct scan *s, struct field *f, va_list *arguments)
{
    struct set set;
    WCHAR type = format_at(s, 0);
    advance(s, type != 0);
    switch (type) {
    case 'd':
    case 'u':
        return scan_integer(s, f, 10, arguments);
    case 'i':
        return scan_integer(s, f, 0, arguments);
    case 'o':
        return scan_integer(s, f, 8, arguments);
    case 'p':
        f->size = SIZE_64;
        return scan_integer(s, f, 16, arguments);
    case 'x':
    case 'X':
        return scan_integer(s, f, 16, arguments);
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
        return scan_double(s, f, arguments);
    case 's':
    case 'S':
    case 'c':
    case 'C':
        return scan_text(s, f, type, NULL, arguments);
    case '[':
        read_set(s, &set);
        return scan_text(s, f, type, &set, arguments);
    default:
        return 0;
    }
}

int crt_scan(struct crt_source *source, const void *format, BOOL wide_format, va_list arguments)
{
    struct scan s = {.source = source, .format = format, .wide_format = wide_format};
    struct field field;
    int stored = 0, result = 1;
    va_list list;
    va_copy(list, arguments);
    while (result > 0 && format_at(&s, 0)) {
        WCHAR c = format_at(&s, 0);
        advance(&s, 1);
        if (is_white(c)) {
            skip_white(&s);
        } else if (c != '%' || format_at(&s, 0) == '%') {
            if (c == '%')
                advance(&s, 1);
            int input = get(&s);
            if (input != c) {
                unget(&s, input);
                result = input == EOF ? -1 : 0;
            }
        } else {
            read_field(&s, &field);
            if (format_at(&s, 0) == 'n') {
                advance(&s, 1);
                if (!field.suppress)
                    store_integer(&field, (ULONG64)s.consumed, &list);
                continue;
            }
            result = scan_one(&s, &field, &list);
            if (result > 0 && !field.suppress)
                stored++;
        }
    }
    va_end(list);
    return result < 0 && !stored ? EOF : stored;
}

/* Sources. */
static int get_narrow(struct crt_source *source)
{
    const UCHAR *at = source->context;
    if (!*at)
        return EOF;
    source->context = (void *)(at + 1);
    return *at;
}

static void unget_narrow(struct crt_source *source, int c)
{
    (void)c;
    source->context = (char *)source->context - 1;
}

static int get_wide(struct crt_source *source)
{
    const WCHAR *at = source->context;
    if (!*at)
        return EOF;
    source->context = (void *)(at + 1);
    return *at;
}

static void unget_wide(struct crt_source *source, int c)
{
    (void)c;
    source->context = (WCHAR *)source->context - 1;
}

static int get_stream(struct crt_source *source)
{
    return _getc_nolock(source->context);
}

static void unget_stream(struct crt_source *source, int c)
{
    ungetc(c, source->context);
}

static int get_wide_stream(struct crt_source *source)
{
    USHORT c = fgetwc(source->context);
    return c == WEOF ? EOF : c;
}

static void unget_wide_stream(struct crt_source *source, int c)
{
    ungetwc((USHORT)c, source->context);
}

static int scan_string(const char *text, const char *format, BOOL secure, va_list arguments)
{
    struct crt_source source = {get_narrow, unget_narrow, (void *)text, FALSE, secure};
    return crt_scan(&source, format, FALSE, arguments);
}

static int scan_wide_string(const WCHAR *text, const WCHAR *format, BOOL secure, va_list arguments)
{
    struct crt_source source = {get_wide, unget_wide, (void *)text, TRUE, secure};
    return crt_scan(&source, format, TRUE, arguments);
}

static int scan_stream(FILE *stream, const char *format, BOOL secure, va_list arguments)
{
    struct crt_source source = {get_stream, unget_stream, stream, FALSE, secure};
    _lock_file(stream);
    int result = crt_scan(&source, format, FALSE, arguments);
    _unlock_file(stream);
    return result;
}

static int scan_wide_stream(FILE *stream, const WCHAR *format, BOOL secure, va_list arguments)
{
    struct crt_source source = {get_wide_stream, unget_wide_stream, stream, TRUE, secure};
    _lock_file(stream);
    int result = crt_scan(&source, format, TRUE, arguments);
    _unlock_file(stream);
    return result;
}

int vsscanf(const char *text, const char *format, va_list arguments)
{
    return scan_string(text, format, FALSE, arguments);
}

int vswscanf(const WCHAR *text, const WCHAR *format, va_list arguments)
{
    return scan_wide_string(text, format, FALSE, arguments);
}

int vfscanf(FILE *stream, const char *format, va_list arguments)
{
    return scan_stream(stream, format, FALSE, arguments);
}

int vfwscanf(FILE *stream, const WCHAR *format, va_list arguments)
{
    return scan_wide_stream(stream, format, FALSE, arguments);
}

int sscanf(const char *text, const char *format, ...)
{
    FORWARD(vsscanf(text, format, arguments), format);
}

int swscanf(const WCHAR *text, const WCHAR *format, ...)
{
    FORWARD(vswscanf(text, format, arguments), format);
}

int fscanf(FILE *stream, const char *format, ...)
{
    FORWARD(vfscanf(stream, format, arguments), format);
}

int fwscanf(FILE *stream, const WCHAR *format, ...)
{
    FORWARD(vfwscanf(stream, format, arguments), format);
}

int scanf(const char *format, ...)
{
    FORWARD(vfscanf(__iob_func(), format, arguments), format);
}

int wscanf(const WCHAR *format, ...)
{
    FORWARD(vfwscanf(__iob_func(), format, arguments), format);
}

/* With the room behind each text and character. */
#define FORWARD_CHECKED(scan, from, last)                                                          \
    if (!(from) || !(last))                                                                        \
        return crt_invalid_parameter(EINVAL), EOF;                                                 \
    FORWARD(scan(from, last, TRUE, arguments), last)

int sscanf_s(const char *text, const char *format, ...)
{
    FORWARD_CHECKED(scan_string, text, format);
}

int swscanf_s(const WCHAR *text, const WCHAR *format, ...)
{
    FORWARD_CHECKED(scan_wide_string, text, format);
}

int fscanf_s(FILE *stream, const char *format, ...)
{
    FORWARD_CHECKED(scan_stream, stream, format);
}

int fwscanf_s(FILE *stream, const WCHAR *format, ...)
{
    FORWARD_CHECKED(scan_wide_stream, stream, format);
}

int scanf_s(const char *format, ...)
{
    FORWARD_CHECKED(scan_stream, __iob_func(), format);
}

int wscanf_s(const WCHAR *format, ...)
{
    FORWARD_CHECKED(scan_wide_stream, __iob_func(), format);
}
