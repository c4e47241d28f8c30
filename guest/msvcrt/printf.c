/* guest/msvcrt/printf.c: the printf family, all on crt_format. */
#include "crt.h"
#include "msvcrt.h"

#define CHUNK 512

/* A stream is written through a chunk on the stack, so that an unbuffered one sees few writes. */
struct stream_chunk {
    FILE *stream;
    union {
        char narrow[CHUNK];
        WCHAR wide[CHUNK];
    };
};

static void flush_narrow(struct crt_sink *sink)
{
    struct stream_chunk *chunk = sink->context;
    size_t count = (size_t)(sink->narrow - chunk->narrow);
    if (count && _fwrite_nolock(chunk->narrow, 1, count, chunk->stream) != count)
        sink->failed = TRUE;
    sink->narrow = chunk->narrow;
    sink->room = CHUNK;
}

static void flush_wide(struct crt_sink *sink)
{
    struct stream_chunk *chunk = sink->context;
    for (WCHAR *c = chunk->wide; c < sink->wide; c++)
        if (_fputwc_nolock(*c, chunk->stream) == WEOF)
            sink->failed = TRUE;
    sink->wide = chunk->wide;
    sink->room = CHUNK;
}

int vfprintf(FILE *stream, const char *format, va_list arguments)
{
    struct stream_chunk chunk = {.stream = stream};
    struct crt_sink sink = {
        .flush = flush_narrow, .context = &chunk, .narrow = chunk.narrow, .room = CHUNK};
    _lock_file(stream);
    int result = crt_format(&sink, format, FALSE, arguments);
    _unlock_file(stream);
    return result;
}

int vfwprintf(FILE *stream, const WCHAR *format, va_list arguments)
{
    struct stream_chunk chunk = {.stream = stream};
    struct crt_sink sink = {
        .flush = flush_wide, .context = &chunk, .wide = chunk.wide, .room = CHUNK};
    _lock_file(stream);
    int result = crt_format(&sink, format, TRUE, arguments);
    _unlock_file(stream);
    return result;
}

/* `size` characters of room. => the length, or -1 when it does not fit; a terminator is stored only
 * if there is room for it, as documented */
int _vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    char none;
    struct crt_sink sink = {.narrow = buffer ? buffer : &none, .room = size};
    int length = crt_format(&sink, format, FALSE, arguments);
    if (sink.room)
        *sink.narrow = 0;
    return length < 0 || (size_t)length > size ? -1 : length;
}

int _vsnwprintf(WCHAR *buffer, size_t size, const WCHAR *format, va_list arguments)
{
    WCHAR none;
    struct crt_sink sink = {.wide = buffer ? buffer : &none, .room = size};
    int length = crt_format(&sink, format, TRUE, arguments);
    if (sink.room)
        *sink.wide = 0;
    return length < 0 || (size_t)length > size ? -1 : length;
}

int vsprintf(char *buffer, const char *format, va_list arguments)
{
    return _vsnprintf(buffer, INT32_MAX, format, arguments);
}

int vswprintf(WCHAR *buffer, const WCHAR *format, va_list arguments)
{
    return _vsnwprintf(buffer, INT32_MAX, format, arguments);
}

int _vscprintf(const char *format, va_list arguments)
{
    char none;
    struct crt_sink sink = {.narrow = &none};
    return crt_format(&sink, format, FALSE, arguments);
}

int _vscwprintf(const WCHAR *format, va_list arguments)
{
    WCHAR none;
    struct crt_sink sink = {.wide = &none};
    return crt_format(&sink, format, TRUE, arguments);
}

int vprintf(const char *format, va_list arguments)
{
    return vfprintf(__iob_func() + 1, format, arguments);
}

int vwprintf(const WCHAR *format, va_list arguments)
{
    return vfwprintf(__iob_func() + 1, format, arguments);
}

/* => -1 with an empty string when it does not fit, as the "secure" functions do */
int vsprintf_s(char *buffer, size_t size, const char *format, va_list arguments)
{
    int length = _vsnprintf(buffer, size, format, arguments);
    if (length < 0 || (size_t)length >= size) {
        if (buffer && size)
            *buffer = 0;
        return crt_fail_errno(ERANGE);
    }
    return length;
}

int vswprintf_s(WCHAR *buffer, size_t size, const WCHAR *format, va_list arguments)
{
    int length = _vsnwprintf(buffer, size, format, arguments);
    if (length < 0 || (size_t)length >= size) {
        if (buffer && size)
            *buffer = 0;
        return crt_fail_errno(ERANGE);
    }
    return length;
}

int printf(const char *format, ...)
{
    FORWARD(vfprintf(__iob_func() + 1, format, arguments), format);
}

int fprintf(FILE *stream, const char *format, ...)
{
    FORWARD(vfprintf(stream, format, arguments), format);
}

int sprintf(char *buffer, const char *format, ...)
{
    FORWARD(vsprintf(buffer, format, arguments), format);
}

int _snprintf(char *buffer, size_t size, const char *format, ...)
{
    FORWARD(_vsnprintf(buffer, size, format, arguments), format);
}

int _scprintf(const char *format, ...)
{
    FORWARD(_vscprintf(format, arguments), format);
}

int sprintf_s(char *buffer, size_t size, const char *format, ...)
{
    FORWARD(vsprintf_s(buffer, size, format, arguments), format);
}

int wprintf(const WCHAR *format, ...)
{
    FORWARD(vfwprintf(__iob_func() + 1, format, arguments), format);
}

int fwprintf(FILE *stream, const WCHAR *format, ...)
{
    FORWARD(vfwprintf(stream, format, arguments), format);
}

int swprintf(WCHAR *buffer, const WCHAR *format, ...)
{
    FORWARD(vswprintf(buffer, format, arguments), format);
}

int _snwprintf(WCHAR *buffer, size_t size, const WCHAR *format, ...)
{
    FORWARD(_vsnwprintf(buffer, size, format, arguments), format);
}

int _scwprintf(const WCHAR *format, ...)
{
    FORWARD(_vscwprintf(format, arguments), format);
}

int swprintf_s(WCHAR *buffer, size_t size, const WCHAR *format, ...)
{
    FORWARD(vswprintf_s(buffer, size, format, arguments), format);
}
