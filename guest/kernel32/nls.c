/* guest/kernel32/nls.c: code pages and the two conversions.
 *
 * Three tables cover what a US Windows knows by default: 1252 (ANSI), 437 (OEM) and the arithmetic
 * of UTF-8. A byte that a page does not define maps to the C1 control of the same value, as Windows
 * maps 0x81 of 1252. Source: the Unicode consortium's mapping tables of both pages. */
#include "k32.h"

#define PAGE_ANSI 1252u
#define PAGE_OEM 437u
#define REPLACEMENT 0xFFFD

static const WCHAR high_1252[32] = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                    0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

static const WCHAR high_437[128] = {
    0x00C7, 0x00FC, 0x00E9, 0x00E2, 0x00E4, 0x00E0, 0x00E5, 0x00E7, 0x00EA, 0x00EB, 0x00E8, 0x00EF,
    0x00EE, 0x00EC, 0x00C4, 0x00C5, 0x00C9, 0x00E6, 0x00C6, 0x00F4, 0x00F6, 0x00F2, 0x00FB, 0x00F9,
    0x00FF, 0x00D6, 0x00DC, 0x00A2, 0x00A3, 0x00A5, 0x20A7, 0x0192, 0x00E1, 0x00ED, 0x00F3, 0x00FA,
    0x00F1, 0x00D1, 0x00AA, 0x00BA, 0x00BF, 0x2310, 0x00AC, 0x00BD, 0x00BC, 0x00A1, 0x00AB, 0x00BB,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255D, 0x255C, 0x255B, 0x2510, 0x2514, 0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F,
    0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256C, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256B, 0x256A, 0x2518, 0x250C, 0x2588, 0x2584, 0x258C, 0x2590, 0x2580,
    0x03B1, 0x00DF, 0x0393, 0x03C0, 0x03A3, 0x03C3, 0x00B5, 0x03C4, 0x03A6, 0x0398, 0x03A9, 0x03B4,
    0x221E, 0x03C6, 0x03B5, 0x2229, 0x2261, 0x00B1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00F7, 0x2248,
    0x00B0, 0x2219, 0x00B7, 0x221A, 0x207F, 0x00B2, 0x25A0, 0x00A0};

static WCHAR byte_to_wide(UINT page, UCHAR byte)
{
    if (byte < 0x80)
        return byte;
    if (page == PAGE_OEM)
        return high_437[byte - 0x80];
    return byte < 0xA0 ? high_1252[byte - 0x80] : byte;
}

/* => the byte, or -1 when the page lacks the character */
static int wide_to_byte(UINT page, WCHAR c)
{
    if (c < 0x80)
        return c;
    if (page == PAGE_ANSI && c >= 0xA0 && c <= 0xFF)
        return c;
    const WCHAR *table = page == PAGE_OEM ? high_437 : high_1252;
    ULONG count = page == PAGE_OEM ? 128 : 32;
    for (ULONG i = 0; i < count; i++)
        if (table[i] == c)
            return (int)(0x80 + i);
    return -1;
}

/* The page's number for one of its symbolic names; 0 when it is not supported. */
static UINT real_page(UINT page)
{
    switch (page) {
    case CP_ACP:
    case CP_THREAD_ACP:
    case PAGE_ANSI:
        return PAGE_ANSI;
    case CP_OEMCP:
    case PAGE_OEM:
        return PAGE_OEM;
    case CP_UTF8:
        return CP_UTF8;
    default:
        return 0;
    }
}

/* One UTF-8 sequence, shortest forms only. Returns the bytes consumed; *code is REPLACEMENT for a
 * malformed one, of which the longest valid beginning is consumed. */
static int decode_utf8(const UCHAR *text, int length, ULONG *code)
{
    UCHAR lead = text[0];
    int more = lead < 0x80                    ? 0
               : lead >= 0xC2 && lead < 0xE0  ? 1
               : (lead & 0xF0) == 0xE0        ? 2
               : lead >= 0xF0 && lead <= 0xF4 ? 3
                                              : -1;
    if (more <= 0) {
        *code = more == 0 ? lead : REPLACEMENT;
        return 1;
    }
    ULONG value = lead & (0x3F >> more);
    for (int i = 1; i <= more; i++) {
        UCHAR low = 0x80, high = 0xBF;
        if (i == 1 && lead == 0xE0)
            low = 0xA0;
        else if (i == 1 && lead == 0xED)
            high = 0x9F;
        else if (i == 1 && lead == 0xF0)
            low = 0x90;
        else if (i == 1 && lead == 0xF4)
            high = 0x8F;
        if (i >= length || text[i] < low || text[i] > high) {
            *code = REPLACEMENT;
            return i;
        }
        value = value << 6 | (text[i] & 0x3F);
    }
    *code = value;
    return more + 1;
}

/* An output that counts, and stores while there is room. */
struct wide_sink {
    WCHAR *buffer;
    int size; /* 0: only count */
    int count;
    BOOL overflow;
};

static void put_wide(struct wide_sink *sink, WCHAR c)
{
    if (sink->size && sink->count >= sink->size)
        sink->overflow = TRUE;
    else if (sink->size)
        sink->buffer[sink->count] = c;
    sink->count++;
}

static BOOL utf8_to_wide(ULONG flags, const UCHAR *text, int length, struct wide_sink *sink)
{
    int at = 0;
    while (at < length) {
        ULONG code;
        int used = decode_utf8(text + at, length - at, &code);
        BOOL literal = used == 3 && text[at] == 0xEF; /* U+FFFD itself, spelled out */
        if (code == REPLACEMENT && !literal && flags & MB_ERR_INVALID_CHARS)
            return FALSE;
        if (code >= 0x10000) {
            put_wide(sink, (WCHAR)(0xD800 + ((code - 0x10000) >> 10)));
            put_wide(sink, (WCHAR)(0xDC00 + ((code - 0x10000) & 0x3FF)));
        } else {
            put_wide(sink, (WCHAR)code);
        }
        at += used;
    }
    return TRUE;
}

static int fail_count(ULONG error)
{
    SetLastError(error);
    return 0;
}

int MultiByteToWideChar(UINT page, ULONG flags, const char *text, int length, WCHAR *buffer,
                        int size)
{
    struct wide_sink sink = {buffer, size, 0, FALSE};
    UINT real = real_page(page);

    if (!real || !text || !length || length < -1 || size < 0 || (size && !buffer) ||
        (const void *)text == buffer)
        return fail_count(ERROR_INVALID_PARAMETER);
    if (length == -1)
        length = (int)__builtin_strlen(text) + 1;
    if (real == CP_UTF8) {
        if (flags & ~MB_ERR_INVALID_CHARS)
            return fail_count(ERROR_INVALID_FLAGS);
        if (!utf8_to_wide(flags, (const UCHAR *)text, length, &sink))
            return fail_count(ERROR_NO_UNICODE_TRANSLATION);
    } else {
        for (int i = 0; i < length; i++)
            put_wide(&sink, byte_to_wide(real, (UCHAR)text[i]));
    }
    return sink.overflow ? fail_count(ERROR_INSUFFICIENT_BUFFER) : sink.count;
}

struct byte_sink {
    char *buffer;
    int size;
    int count;
    BOOL overflow;
};

/* A sequence is stored whole or not at all. */
static void put_bytes(struct byte_sink *sink, const UCHAR *bytes, int count)
{
    if (sink->size && sink->count + count > sink->size)
        sink->overflow = TRUE;
    else if (sink->size)
        copy_bytes(sink->buffer + sink->count, bytes, (ULONG64)count);
    sink->count += count;
}

static void put_utf8(struct byte_sink *sink, ULONG code)
{
    UCHAR b[4];
    if (code < 0x80) {
        b[0] = (UCHAR)code;
        put_bytes(sink, b, 1);
    } else if (code < 0x800) {
        b[0] = (UCHAR)(0xC0 | code >> 6);
        b[1] = (UCHAR)(0x80 | (code & 0x3F));
        put_bytes(sink, b, 2);
    } else if (code < 0x10000) {
        b[0] = (UCHAR)(0xE0 | code >> 12);
        b[1] = (UCHAR)(0x80 | (code >> 6 & 0x3F));
        b[2] = (UCHAR)(0x80 | (code & 0x3F));
        put_bytes(sink, b, 3);
    } else {
        b[0] = (UCHAR)(0xF0 | code >> 18);
        b[1] = (UCHAR)(0x80 | (code >> 12 & 0x3F));
        b[2] = (UCHAR)(0x80 | (code >> 6 & 0x3F));
        b[3] = (UCHAR)(0x80 | (code & 0x3F));
        put_bytes(sink, b, 4);
    }
}

static BOOL wide_to_utf8(ULONG flags, const WCHAR *text, int length, struct byte_sink *sink)
{
    for (int i = 0; i < length; i++) {
        ULONG code = text[i];
        if (code >= 0xD800 && code < 0xDC00 && i + 1 < length && text[i + 1] >= 0xDC00 &&
            text[i + 1] < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (text[i + 1] - 0xDC00u);
            i++;
        } else if (code >= 0xD800 && code < 0xE000) {
            if (flags & WC_ERR_INVALID_CHARS)
                return FALSE;
            code = REPLACEMENT;
        }
        put_utf8(sink, code);
    }
    return TRUE;
}

int WideCharToMultiByte(UINT page, ULONG flags, const WCHAR *text, int length, char *buffer,
                        int size, const char *replacement, BOOL *replaced)
{
    struct byte_sink sink = {buffer, size, 0, FALSE};
    UINT real = real_page(page);

    if (!real || !text || !length || length < -1 || size < 0 || (size && !buffer) ||
        (const void *)text == buffer)
        return fail_count(ERROR_INVALID_PARAMETER);
    if (length == -1)
        length = (int)wide_length(text) + 1;
    if (real == CP_UTF8) {
        if (replacement || replaced)
            return fail_count(ERROR_INVALID_PARAMETER);
        if (!wide_to_utf8(flags, text, length, &sink))
            return fail_count(ERROR_NO_UNICODE_TRANSLATION);
        return sink.overflow ? fail_count(ERROR_INSUFFICIENT_BUFFER) : sink.count;
    }
    if (replaced)
        *replaced = FALSE;
    for (int i = 0; i < length; i++) {
        int byte = wide_to_byte(real, text[i]);
        if (byte < 0 && replaced)
            *replaced = TRUE;
        UCHAR b = (UCHAR)(byte >= 0 ? byte : replacement ? *replacement : '?');
        put_bytes(&sink, &b, 1);
    }
    return sink.overflow ? fail_count(ERROR_INSUFFICIENT_BUFFER) : sink.count;
}

/* Neither page has double-byte characters, and neither has UTF-8 by this definition. */
BOOL IsDBCSLeadByte(UCHAR byte)
{
    (void)byte;
    return FALSE;
}

BOOL IsDBCSLeadByteEx(UINT page, UCHAR byte)
{
    (void)byte;
    return real_page(page) ? FALSE : fail_error(ERROR_INVALID_PARAMETER);
}

BOOL IsValidCodePage(UINT page)
{
    return page == PAGE_ANSI || page == PAGE_OEM || page == CP_UTF8;
}

UINT GetACP(void)
{
    return PAGE_ANSI;
}

UINT GetOEMCP(void)
{
    return PAGE_OEM;
}

BOOL GetCPInfo(UINT page, CPINFO *info)
{
    UINT real = real_page(page);
    if (!real || !info)
        return fail_error(ERROR_INVALID_PARAMETER);
    *info = (CPINFO){.MaxCharSize = real == CP_UTF8 ? 4 : 1, .DefaultChar = {'?', 0}};
    return TRUE;
}
