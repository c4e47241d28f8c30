/* guest/msvcrt/secureio.c: opening and formatted output with the parameter checks of the "secure"
 * functions, and a few old functions of streams.
 * Source: fprintf_s, _snprintf_s, freopen_s, _setmaxstdio, _locking, documentation. */
#include "crt.h"
#include "msvcrt.h"

static BOOL missing(const void *a, const void *b)
{
    if (a && b)
        return FALSE;
    crt_invalid_parameter(EINVAL);
    return TRUE;
}

int vfprintf_s(FILE *stream, const char *format, va_list arguments)
{
    return missing(stream, format) ? -1 : vfprintf(stream, format, arguments);
}

int vfwprintf_s(FILE *stream, const WCHAR *format, va_list arguments)
{
    return missing(stream, format) ? -1 : vfwprintf(stream, format, arguments);
}

int vprintf_s(const char *format, va_list arguments)
{
    return vfprintf_s(__iob_func() + 1, format, arguments);
}

int vwprintf_s(const WCHAR *format, va_list arguments)
{
    return vfwprintf_s(__iob_func() + 1, format, arguments);
}

/* At most `count` characters, or with TRUNCATE as many as fit; the end is always put. => the
 * length; -1 when not all was put, and when there was too little room without TRUNCATE nothing at
 * all */
#define DEFINE_BOUNDED(name, type, format_text)                                                    \
    int name(type *buffer, size_t room, size_t count, const type *format, va_list arguments)       \
    {                                                                                              \
        if (!count && !buffer && !room)                                                            \
            return 0;                                                                              \
        if (missing(buffer, format) || !room)                                                      \
            return crt_fail_errno(EINVAL);                                                         \
        size_t most = count < room ? count : room - 1;                                             \
        int length = format_text(buffer, most, format, arguments);                                 \
        if (length >= 0) {                                                                         \
            buffer[length] = 0;                                                                    \
            return length;                                                                         \
        }                                                                                          \
        buffer[most] = 0;                                                                          \
        if (count == TRUNCATE || count < room)                                                     \
            return -1;                                                                             \
        *buffer = 0;                                                                               \
        return crt_fail_errno(ERANGE);                                                             \
    }
DEFINE_BOUNDED(_vsnprintf_s, char, _vsnprintf)
DEFINE_BOUNDED(_vsnwprintf_s, WCHAR, _vsnwprintf)

int printf_s(const char *format, ...)
{
    FORWARD(vprintf_s(format, arguments), format);
}

int wprintf_s(const WCHAR *format, ...)
{
    FORWARD(vwprintf_s(format, arguments), format);
}

int fprintf_s(FILE *stream, const char *format, ...)
{
    FORWARD(vfprintf_s(stream, format, arguments), format);
}

int fwprintf_s(FILE *stream, const WCHAR *format, ...)
{
    FORWARD(vfwprintf_s(stream, format, arguments), format);
}

int _snprintf_s(char *buffer, size_t room, size_t count, const char *format, ...)
{
    FORWARD(_vsnprintf_s(buffer, room, count, format, arguments), format);
}

int _snwprintf_s(WCHAR *buffer, size_t room, size_t count, const WCHAR *format, ...)
{
    FORWARD(_vsnwprintf_s(buffer, room, count, format, arguments), format);
}

/* ---- opening ---- */

errno_t _wfopen_s(FILE **stream, const WCHAR *path, const WCHAR *mode)
{
    if (!stream)
        return crt_invalid_parameter(EINVAL);
    *stream = NULL;
    if (missing(path, mode))
        return EINVAL;
    *stream = _wfopen(path, mode);
    return *stream ? 0 : *_errno();
}

errno_t freopen_s(FILE **result, const char *path, const char *mode, FILE *stream)
{
    if (!result)
        return crt_invalid_parameter(EINVAL);
    *result = NULL;
    if (missing(path, mode) || missing(stream, stream))
        return EINVAL;
    *result = freopen(path, mode, stream);
    return *result ? 0 : *_errno();
}

errno_t _wfreopen_s(FILE **result, const WCHAR *path, const WCHAR *mode, FILE *stream)
{
    if (!result)
        return crt_invalid_parameter(EINVAL);
    *result = NULL;
    if (missing(path, mode) || missing(stream, stream))
        return EINVAL;
    *result = _wfreopen(path, mode, stream);
    return *result ? 0 : *_errno();
}

errno_t _wsopen_s(int *fd, const WCHAR *path, int flags, int share, int mode)
{
    const int permissions = 0x180; /* _S_IREAD, _S_IWRITE */
    if (!fd)
        return crt_invalid_parameter(EINVAL);
    *fd = -1;
    if (missing(path, path) || (flags & _O_CREAT && mode & ~permissions))
        return crt_invalid_parameter(EINVAL);
    *fd = _wsopen(path, flags, share, mode);
    return *fd < 0 ? *_errno() : 0;
}

int _wcreat(const WCHAR *path, int mode)
{
    return _wopen(path, _O_CREAT | _O_TRUNC | _O_RDWR, mode);
}

errno_t clearerr_s(FILE *stream)
{
    if (missing(stream, stream))
        return EINVAL;
    clearerr(stream);
    return 0;
}

/* ---- old functions ---- */

int _getw(FILE *stream)
{
    int word;
    return fread(&word, sizeof word, 1, stream) == 1 ? word : EOF;
}

int _putw(int word, FILE *stream)
{
    return fwrite(&word, sizeof word, 1, stream) == 1 ? word : EOF;
}

WCHAR *_getws(WCHAR *buffer)
{
    size_t n = 0;
    USHORT c;
    while ((c = getwchar()) != WEOF && c != '\n')
        buffer[n++] = c;
    buffer[n] = 0;
    return c == WEOF && !n ? NULL : buffer;
}
