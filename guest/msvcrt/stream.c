/* guest/msvcrt/stream.c: FILE objects: the table of them, and their buffers.
 *
 * A stream is neither reading nor writing until its first operation; with _IORW it may change sides
 * at a flush or seek. While reading, [_ptr, _ptr + _cnt) is what was read and not consumed. While
 * writing, [_base, _ptr) waits to be written and _cnt is the room behind it. Between operations of
 * a writing stream after a flush _cnt is 0, so that the next putc comes through _flsbuf.
 *
 * The first 20 are _iob[], whose addresses programs know; others are allocated. Locks: LOCK_STREAMS
 * for the table, a lock of its own for each stream. */
#include "crt.h"
#include "msvcrt.h"

/* A stream that is not in _iob. */
struct extra_stream {
    FILE file;
    RTL_CRITICAL_SECTION lock;
};

FILE _iob[IOB_ENTRIES];
static int most_streams = 512; /* as it is at the start */
static struct extra_stream *extras[STREAMS - IOB_ENTRIES];

static BOOL is_iob(const FILE *stream)
{
    return stream >= _iob && stream < _iob + IOB_ENTRIES;
}

BOOL crt_stream_in_use(const FILE *stream)
{
    return (stream->_flag & (_IOREAD | _IOWRT | _IORW)) != 0;
}

BOOL crt_streams_init(void)
{
    _iob[0] = (FILE){._flag = _IOREAD, ._file = 0};
    _iob[1] = (FILE){._flag = _IOWRT, ._file = 1};
    _iob[2] = (FILE){._flag = _IOWRT | _IONBF, ._file = 2};
    return TRUE;
}

FILE *__iob_func(void)
{
    return _iob;
}

void _lock_file(FILE *stream)
{
    if (is_iob(stream))
        _lock(LOCK_STREAM_0 + (int)(stream - _iob));
    else
        RtlEnterCriticalSection(&((struct extra_stream *)stream)->lock);
}

void _unlock_file(FILE *stream)
{
    if (is_iob(stream))
        _unlock(LOCK_STREAM_0 + (int)(stream - _iob));
    else
        RtlLeaveCriticalSection(&((struct extra_stream *)stream)->lock);
}

FILE *crt_stream_at(int i)
{
    if (i < IOB_ENTRIES)
        return &_iob[i];
    return extras[i - IOB_ENTRIES] ? &extras[i - IOB_ENTRIES]->file : NULL;
}

int _getmaxstdio(void)
{
    return most_streams;
}

/* => -1: fewer than _iob has or are open beyond it, or more than there can be */
int _setmaxstdio(int count)
{
    BOOL possible = count >= IOB_ENTRIES && count <= STREAMS;
    _lock(LOCK_STREAMS);
    for (int i = count; possible && i < most_streams; i++) {
        const FILE *stream = crt_stream_at(i);
        possible = !stream || !crt_stream_in_use(stream);
    }
    if (possible)
        most_streams = count;
    _unlock(LOCK_STREAMS);
    return possible ? count : crt_fail_errno(EINVAL);
}

FILE *crt_take_stream(int flags)
{
    for (int i = 0; i < most_streams; i++) {
        FILE *stream = crt_stream_at(i);
        if (stream && crt_stream_in_use(stream))
            continue;
        if (!stream) {
            struct extra_stream *fresh = calloc(1, sizeof *fresh);
            if (!fresh)
                return NULL;
            InitializeCriticalSection(&fresh->lock);
            extras[i - IOB_ENTRIES] = fresh;
            stream = &fresh->file;
        }
        *stream = (FILE){._flag = flags, ._file = -1};
        return stream;
    }
    *_errno() = EMFILE;
    return NULL;
}

/* Give a stream its buffer. Terminals are not buffered for writing. */
static void ensure_buffer(FILE *stream)
{
    if (stream->_base)
        return;
    BOOL terminal = (stream == _iob + 1 || stream == _iob + 2) && _isatty(stream->_file);
    if (!(stream->_flag & _IONBF) && !terminal) {
        stream->_base = malloc(STREAM_BUFFER);
        stream->_bufsiz = STREAM_BUFFER;
        if (stream->_base)
            stream->_flag |= _IOMYBUF;
    }
    if (!stream->_base) {
        stream->_flag |= _IONBF;
        stream->_base = (char *)&stream->_charbuf;
        stream->_bufsiz = 1;
    }
    stream->_ptr = stream->_base;
    stream->_cnt = 0;
}

static int stream_error(FILE *stream)
{
    stream->_flag |= _IOERR;
    return EOF;
}

/* Get ready to read. => FALSE when the stream is writing or for writing only */
static BOOL begin_reading(FILE *stream)
{
    if (stream->_flag & _IOWRT || !crt_stream_in_use(stream)) {
        *_errno() = EBADF;
        stream_error(stream);
        return FALSE;
    }
    stream->_flag |= _IOREAD;
    ensure_buffer(stream);
    return TRUE;
}

/* The buffer is empty: read more and return the first character. */
int _filbuf(FILE *stream)
{
    if (!begin_reading(stream))
        return EOF;
    stream->_ptr = stream->_base;
    int count = _read(stream->_file, stream->_base, (unsigned)stream->_bufsiz);
    if (count <= 0) {
        stream->_flag |= count ? _IOERR : _IOEOF;
        stream->_cnt = 0;
        return EOF;
    }
    stream->_cnt = count - 1;
    return (UCHAR)*stream->_ptr++;
}

/* Write out what waits. => 0 or EOF */
static int drain(FILE *stream)
{
    int waiting = stream->_flag & _IOWRT && stream->_base ? (int)(stream->_ptr - stream->_base) : 0;
    if (stream->_base) {
        stream->_ptr = stream->_base;
        stream->_cnt = 0;
    }
    if (waiting > 0 && !(stream->_flag & _IONBF) &&
        _write(stream->_file, stream->_base, (unsigned)waiting) != waiting)
        return stream_error(stream);
    return 0;
}

static BOOL begin_writing(FILE *stream)
{
    if (!(stream->_flag & (_IOWRT | _IORW))) {
        *_errno() = EBADF;
        stream_error(stream);
        return FALSE;
    }
    if (stream->_flag & _IOREAD) {
        /* Only at the end of the file may reading turn into writing without a seek. */
        stream->_cnt = 0;
        if (!(stream->_flag & _IOEOF)) {
            stream_error(stream);
            return FALSE;
        }
        stream->_ptr = stream->_base;
        stream->_flag &= ~_IOREAD;
    }
    if (!(stream->_flag & _IOWRT)) {
        stream->_ptr = stream->_base;
        stream->_cnt = 0;
    }
    stream->_flag = (stream->_flag | _IOWRT) & ~_IOEOF;
    ensure_buffer(stream);
    return TRUE;
}

/* There is no room: write what waits, then put one character. */
int _flsbuf(int character, FILE *stream)
{
    char c = (char)character;
    if (!begin_writing(stream))
        return EOF;
    if (stream->_flag & _IONBF) {
        stream->_cnt = 0;
        return _write(stream->_file, &c, 1) == 1 ? (UCHAR)c : stream_error(stream);
    }
    if (drain(stream) == EOF)
        return EOF;
    *stream->_ptr++ = c;
    stream->_cnt = stream->_bufsiz - 1;
    return (UCHAR)c;
}

size_t _fwrite_nolock(const void *data, size_t size, size_t count, FILE *stream)
{
    const char *from = data;
    size_t total, left;
    if (!size || !count)
        return 0;
    if (__builtin_mul_overflow(size, count, &total))
        return 0;
    if (!begin_writing(stream))
        return 0;
    for (left = total; left;) {
        BOOL empty = stream->_ptr == stream->_base;
        if (stream->_flag & _IONBF || (empty && left >= (size_t)stream->_bufsiz)) {
            unsigned chunk = left > INT32_MAX ? INT32_MAX : (unsigned)left;
            int written = _write(stream->_file, from, chunk);
            if (written <= 0) {
                stream_error(stream);
                break;
            }
            from += written;
            left -= (size_t)written;
            continue;
        }
        size_t room = (size_t)(stream->_base + stream->_bufsiz - stream->_ptr);
        size_t part = left < room ? left : room;
        memcpy(stream->_ptr, from, part);
        stream->_ptr += part;
        stream->_cnt = (int)(room - part);
        from += part;
        left -= part;
        if (!stream->_cnt && drain(stream) == EOF)
            break;
    }
    return (total - left) / size;
}

size_t _fread_nolock(void *data, size_t size, size_t count, FILE *stream)
{
    char *to = data;
    size_t total, left;
    if (!size || !count || __builtin_mul_overflow(size, count, &total))
        return 0;
    for (left = total; left;) {
        if (stream->_cnt > 0 && stream->_flag & _IOREAD) {
            size_t part = left < (size_t)stream->_cnt ? left : (size_t)stream->_cnt;
            memcpy(to, stream->_ptr, part);
            stream->_ptr += part;
            stream->_cnt -= (int)part;
            to += part;
            left -= part;
            continue;
        }
        int c = _filbuf(stream);
        if (c == EOF)
            break;
        *to++ = (char)c;
        left--;
    }
    return (total - left) / size;
}

int crt_flush_nolock(FILE *stream)
{
    int result = drain(stream);
    if (stream->_flag & _IORW)
        stream->_flag &= ~_IOWRT;
    return result;
}

int fflush(FILE *stream)
{
    if (!stream)
        return _flushall() < 0 ? EOF : 0;
    _lock_file(stream);
    int result = crt_flush_nolock(stream);
    _unlock_file(stream);
    return result;
}

/* Flush every stream. => how many are open */
int _flushall(void)
{
    int count = 0;
    _lock(LOCK_STREAMS);
    for (int i = 0; i < STREAMS; i++) {
        FILE *stream = crt_stream_at(i);
        if (stream && crt_stream_in_use(stream)) {
            count++;
            if (stream->_flag & _IOWRT)
                fflush(stream);
        }
    }
    _unlock(LOCK_STREAMS);
    return count;
}

/* At the end other threads are gone, perhaps with a lock held: nothing is waited for. */
void crt_flush_at_exit(void)
{
    for (int i = 0; i < STREAMS; i++) {
        FILE *stream = crt_stream_at(i);
        if (stream && stream->_flag & _IOWRT)
            crt_flush_nolock(stream);
    }
}

int setvbuf(FILE *stream, char *buffer, int mode, size_t size)
{
    if (mode != _IONBF && ((mode != 0 && mode != _IOLBF) || size < 2 || size > INT32_MAX))
        return -1;
    _lock_file(stream);
    crt_flush_nolock(stream);
    if (stream->_flag & _IOMYBUF)
        free(stream->_base);
    stream->_flag &= ~(_IOMYBUF | _IONBF | _IOLBF);
    stream->_base = stream->_ptr = NULL;
    stream->_cnt = 0;
    if (mode == _IONBF) {
        stream->_flag |= _IONBF;
    } else {
        stream->_base = buffer ? buffer : malloc(size);
        stream->_bufsiz = (int)size;
        if (!buffer && stream->_base)
            stream->_flag |= _IOMYBUF;
        stream->_ptr = stream->_base;
    }
    int result = mode == _IONBF || stream->_base ? 0 : -1;
    _unlock_file(stream);
    return result;
}

void setbuf(FILE *stream, char *buffer)
{
    setvbuf(stream, buffer, buffer ? 0 : _IONBF, BUFSIZ);
}
