/* guest/kernel32/nls.c: the two conversions between wide strings and code pages.
 *
 * What a US Windows knows by default: 1252 (ANSI), 437 (OEM), and UTF-8. */
#include "codepages.h"
#include "k32.h"

#define REPLACEMENT 0xFFFD

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
