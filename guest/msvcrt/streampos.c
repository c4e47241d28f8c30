/* guest/msvcrt/streampos.c: where a stream stands in its file.
 *
 * The descriptor is ahead of the stream by what is in the buffer; in text mode by more, since the
 * buffer has lost its CRs. */
#include "crt.h"
#include "msvcrt.h"

/* How many bytes of the file are `count` characters from position `start`, in text mode? The bytes
 * are read again: the buffer has lost its CRs. The position is left at the end of what was read. */
static LONG64 raw_length(int fd, LONG64 start, int raw, int count)
{
    char *bytes = malloc((size_t)raw);
    LONG64 used = 0;
    if (!bytes)
        return crt_fail_errno(ENOMEM);
    _lseeki64(fd, start, SEEK_SET);
    int mode = _setmode(fd, _O_BINARY);
    int got = _read(fd, bytes, (unsigned)raw);
    _setmode(fd, mode);
    for (; count > 0 && used < got; count--)
        used += bytes[used] == '\r' && used + 1 < got && bytes[used + 1] == '\n' ? 2 : 1;
    free(bytes);
    return used;
}

static LONG64 tell_nolock(FILE *stream)
{
    LONG64 position = _telli64(stream->_file);
    if (position < 0 || !stream->_base || stream->_flag & _IONBF)
        return position;
    BOOL text = crt_fd_is_text(stream->_file);
    if (stream->_flag & _IOWRT) {
        position += stream->_ptr - stream->_base;
        for (const char *p = stream->_base; text && p < stream->_ptr; p++)
            position += *p == '\n';
        return position;
    }
    if (stream->_cnt <= 0)
        return position;
    int consumed = (int)(stream->_ptr - stream->_base);
    int raw = crt_fd_advanced(stream->_file);
    if (!text || raw == consumed + stream->_cnt)
        return position - stream->_cnt;
    LONG64 used = raw_length(stream->_file, position - raw, raw, consumed);
    _lseeki64(stream->_file, position, SEEK_SET);
    return used < 0 ? -1 : position - raw + used;
}

LONG64 _ftelli64(FILE *stream)
{
    _lock_file(stream);
    LONG64 position = tell_nolock(stream);
    _unlock_file(stream);
    return position;
}

LONG ftell(FILE *stream)
{
    return (LONG)_ftelli64(stream);
}

int _fseeki64(FILE *stream, LONG64 offset, int origin)
{
    if (!crt_stream_in_use(stream) || origin < SEEK_SET || origin > SEEK_END)
        return crt_fail_errno(EINVAL);
    _lock_file(stream);
    if (origin == SEEK_CUR) {
        offset += tell_nolock(stream);
        origin = SEEK_SET;
    }
    crt_flush_nolock(stream);
    if (stream->_flag & _IORW)
        stream->_flag &= ~(_IOREAD | _IOWRT);
    stream->_flag &= ~_IOEOF;
    int result = _lseeki64(stream->_file, offset, origin) < 0 ? -1 : 0;
    _unlock_file(stream);
    return result;
}

int fseek(FILE *stream, LONG offset, int origin)
{
    return _fseeki64(stream, offset, origin);
}

void rewind(FILE *stream)
{
    _fseeki64(stream, 0, SEEK_SET);
    stream->_flag &= ~_IOERR;
}

int fgetpos(FILE *stream, LONG64 *position)
{
    *position = _ftelli64(stream);
    return *position < 0 ? -1 : 0;
}

int fsetpos(FILE *stream, const LONG64 *position)
{
    return _fseeki64(stream, *position, SEEK_SET);
}
