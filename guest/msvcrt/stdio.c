/* guest/msvcrt/stdio.c: characters, lines and blocks through streams. */
#include "crt.h"
#include "msvcrt.h"

int _getc_nolock(FILE *stream)
{
    if (!(stream->_flag & _IOREAD) || --stream->_cnt < 0)
        return _filbuf(stream);
    return (UCHAR)*stream->_ptr++;
}

int _putc_nolock(int c, FILE *stream)
{
    if (!(stream->_flag & _IOWRT) || stream->_flag & _IONBF || --stream->_cnt < 0)
        return _flsbuf(c, stream);
    *stream->_ptr++ = (char)c;
    return (UCHAR)c;
}

int fgetc(FILE *stream)
{
    _lock_file(stream);
    int c = _getc_nolock(stream);
    _unlock_file(stream);
    return c;
}

int getc(FILE *stream)
{
    return fgetc(stream);
}

int getchar(void)
{
    return fgetc(__iob_func());
}

int _fgetchar(void)
{
    return getchar();
}

int fputc(int c, FILE *stream)
{
    _lock_file(stream);
    int result = _putc_nolock(c, stream);
    _unlock_file(stream);
    return result;
}

int putc(int c, FILE *stream)
{
    return fputc(c, stream);
}

int putchar(int c)
{
    return fputc(c, __iob_func() + 1);
}

int _fputchar(int c)
{
    return putchar(c);
}

/* One character may always be pushed back; before the first read there is a buffer for it too. */
static int unget_nolock(int c, FILE *stream)
{
    if (c == EOF || !(stream->_flag & (_IOREAD | _IORW)) || stream->_flag & _IOWRT)
        return EOF;
    if (!stream->_base) {
        if (setvbuf(stream, NULL, 0, STREAM_BUFFER))
            return EOF;
    }
    if (stream->_ptr == stream->_base) {
        if (stream->_cnt)
            return EOF;
        stream->_ptr++;
    }
    *--stream->_ptr = (char)c;
    stream->_cnt++;
    stream->_flag = (stream->_flag & ~_IOEOF) | _IOREAD;
    return (UCHAR)c;
}

int ungetc(int c, FILE *stream)
{
    _lock_file(stream);
    int result = unget_nolock(c, stream);
    _unlock_file(stream);
    return result;
}

char *fgets(char *buffer, int size, FILE *stream)
{
    int count = 0;
    if (!buffer || size <= 0)
        return NULL;
    _lock_file(stream);
    while (count < size - 1) {
        int c = _getc_nolock(stream);
        if (c == EOF)
            break;
        buffer[count++] = (char)c;
        if (c == '\n')
            break;
    }
    _unlock_file(stream);
    if (!count && size > 1)
        return NULL;
    buffer[count] = 0;
    return buffer;
}

char *gets(char *buffer)
{
    char *to = buffer;
    FILE *stream = __iob_func();
    _lock_file(stream);
    int c = _getc_nolock(stream);
    if (c == EOF)
        buffer = NULL;
    for (; c != EOF && c != '\n'; c = _getc_nolock(stream))
        *to++ = (char)c;
    _unlock_file(stream);
    if (buffer)
        *to = 0;
    return buffer;
}

int fputs(const char *text, FILE *stream)
{
    size_t length = strlen(text);
    _lock_file(stream);
    BOOL ok = !length || _fwrite_nolock(text, 1, length, stream) == length;
    _unlock_file(stream);
    return ok ? 0 : EOF;
}

int puts(const char *text)
{
    FILE *stream = __iob_func() + 1;
    size_t length = strlen(text);
    _lock_file(stream);
    BOOL ok = !length || _fwrite_nolock(text, 1, length, stream) == length;
    ok = ok && _putc_nolock('\n', stream) != EOF;
    _unlock_file(stream);
    return ok ? 0 : EOF;
}

size_t fread(void *data, size_t size, size_t count, FILE *stream)
{
    _lock_file(stream);
    size_t done = _fread_nolock(data, size, count, stream);
    _unlock_file(stream);
    return done;
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *stream)
{
    _lock_file(stream);
    size_t done = _fwrite_nolock(data, size, count, stream);
    _unlock_file(stream);
    return done;
}

int feof(FILE *stream)
{
    return stream->_flag & _IOEOF;
}

int ferror(FILE *stream)
{
    return stream->_flag & _IOERR;
}

void clearerr(FILE *stream)
{
    stream->_flag &= ~(_IOERR | _IOEOF);
}

int _fileno(FILE *stream)
{
    return stream->_file;
}

void perror(const char *message)
{
    const char *text = strerror(*_errno());
    FILE *stream = __iob_func() + 2;
    if (message && *message)
        fprintf(stream, "%s: %s\n", message, text);
    else
        fprintf(stream, "%s\n", text);
}

/* Wide streams: text streams hold single bytes in the C locale, binary ones two-byte characters. */
USHORT _fputwc_nolock(WCHAR c, FILE *stream)
{
    if (!crt_fd_is_text(stream->_file))
        return _fwrite_nolock(&c, sizeof c, 1, stream) == 1 ? c : WEOF;
    if (c > 0xFF) {
        *_errno() = EILSEQ;
        return WEOF;
    }
    return _putc_nolock(c, stream) == EOF ? WEOF : c;
}

static USHORT getwc_nolock(FILE *stream)
{
    if (!crt_fd_is_text(stream->_file)) {
        WCHAR c;
        return _fread_nolock(&c, sizeof c, 1, stream) == 1 ? c : WEOF;
    }
    int c = _getc_nolock(stream);
    return c == EOF ? WEOF : (USHORT)c;
}

USHORT fputwc(WCHAR c, FILE *stream)
{
    _lock_file(stream);
    USHORT result = _fputwc_nolock(c, stream);
    _unlock_file(stream);
    return result;
}

USHORT putwc(WCHAR c, FILE *stream)
{
    return fputwc(c, stream);
}

USHORT putwchar(WCHAR c)
{
    return fputwc(c, __iob_func() + 1);
}

USHORT fgetwc(FILE *stream)
{
    _lock_file(stream);
    USHORT result = getwc_nolock(stream);
    _unlock_file(stream);
    return result;
}

USHORT getwc(FILE *stream)
{
    return fgetwc(stream);
}

USHORT getwchar(void)
{
    return fgetwc(__iob_func());
}

USHORT ungetwc(USHORT c, FILE *stream)
{
    if (c == WEOF)
        return WEOF;
    _lock_file(stream);
    BOOL ok;
    if (crt_fd_is_text(stream->_file))
        ok = c <= 0xFF && unget_nolock(c, stream) != EOF;
    else
        ok = unget_nolock(c >> 8, stream) != EOF && unget_nolock(c & 0xFF, stream) != EOF;
    _unlock_file(stream);
    return ok ? c : WEOF;
}

WCHAR *fgetws(WCHAR *buffer, int size, FILE *stream)
{
    int count = 0;
    _lock_file(stream);
    while (count < size - 1) {
        USHORT c = getwc_nolock(stream);
        if (c == WEOF)
            break;
        buffer[count++] = c;
        if (c == '\n')
            break;
    }
    _unlock_file(stream);
    if (!count)
        return NULL;
    buffer[count] = 0;
    return buffer;
}

int fputws(const WCHAR *text, FILE *stream)
{
    BOOL ok = TRUE;
    _lock_file(stream);
    for (; ok && *text; text++)
        ok = _fputwc_nolock(*text, stream) != WEOF;
    _unlock_file(stream);
    return ok ? 0 : EOF;
}

int _putws(const WCHAR *text)
{
    FILE *stream = __iob_func() + 1;
    return fputws(text, stream) == EOF || fputwc('\n', stream) == WEOF ? EOF : 0;
}
