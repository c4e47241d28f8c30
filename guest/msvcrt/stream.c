/* guest/msvcrt/stream.c: FILE objects: their buffers, positions and lives.
 *
 * A stream is neither reading nor writing until its first operation; with _IORW it may change sides
 * at a flush or seek. While reading, [_ptr, _ptr + _cnt) is what was read and not consumed. While
 * writing,
 * [_base, _ptr) waits to be written and _cnt is the room behind it. Between operations of a writing
 * stream after a flush _cnt is 0, so that the next putc comes through _flsbuf.
 *
 * The first 20 are _iob[], whose addresses programs know; others are allocated. Locks: LOCK_STREAMS
 * for the table, a lock of its own for each stream. */
#include "crt.h"
#include "msvcrt.h"

#define STREAMS 512

/* A stream that is not in _iob. */
struct extra_stream {
    FILE file;
    RTL_CRITICAL_SECTION lock;
};

FILE _iob[IOB_ENTRIES];
static struct extra_stream *extras[STREAMS - IOB_ENTRIES];

static BOOL is_iob(const FILE *stream)
{
    return stream >= _iob && stream < _iob + IOB_ENTRIES;
}

static BOOL in_use(const FILE *stream)
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

static FILE *stream_at(int i)
{
    if (i < IOB_ENTRIES)
        return &_iob[i];
    return extras[i - IOB_ENTRIES] ? &extras[i - IOB_ENTRIES]->file : NULL;
}

/* A free stream, marked as used. => LOCK_STREAMS held; NULL when there is none */
static FILE *take_stream(int flags)
{
    for (int i = 0; i < STREAMS; i++) {
        FILE *stream = stream_at(i);
        if (stream && in_use(stream))
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
    if (stream->_flag & _IOWRT || !in_use(stream)) {
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

static int flush_nolock(FILE *stream)
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
    int result = flush_nolock(stream);
    _unlock_file(stream);
    return result;
}

/* Flush every stream. => how many are open */
int _flushall(void)
{
    int count = 0;
    _lock(LOCK_STREAMS);
    for (int i = 0; i < STREAMS; i++) {
        FILE *stream = stream_at(i);
        if (stream && in_use(stream)) {
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
        FILE *stream = stream_at(i);
        if (stream && stream->_flag & _IOWRT)
            flush_nolock(stream);
    }
}

int setvbuf(FILE *stream, char *buffer, int mode, size_t size)
{
    if (mode != _IONBF && ((mode != 0 && mode != _IOLBF) || size < 2 || size > INT32_MAX))
        return -1;
    _lock_file(stream);
    flush_nolock(stream);
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

/* Translate fopen's mode. => FALSE for one that is not valid */
static BOOL parse_mode(const WCHAR *mode, int *open_flags, int *stream_flags)
{
    switch (*mode) {
    case 'r':
        *open_flags = _O_RDONLY;
        *stream_flags = _IOREAD;
        break;
    case 'w':
        *open_flags = _O_WRONLY | _O_CREAT | _O_TRUNC;
        *stream_flags = _IOWRT;
        break;
    case 'a':
        *open_flags = _O_WRONLY | _O_CREAT | _O_APPEND;
        *stream_flags = _IOWRT;
        break;
    default:
        return FALSE;
    }
    while (*++mode && *mode != ',') {
        switch (*mode) {
        case '+':
            *open_flags = (*open_flags & ~3) | _O_RDWR;
            *stream_flags = _IORW;
            break;
        case 'b':
            *open_flags |= _O_BINARY;
            break;
        case 't':
            *open_flags |= _O_TEXT;
            break;
        case 'S':
            *open_flags |= _O_SEQUENTIAL;
            break;
        case 'R':
            *open_flags |= _O_RANDOM;
            break;
        case 'D':
            *open_flags |= _O_TEMPORARY;
            break;
        case 'N':
            *open_flags |= _O_NOINHERIT;
            break;
        case 'T':
        case 'c':
        case 'n':
        case ' ':
            break;
        default:
            return FALSE;
        }
    }
    return TRUE;
}

#define DEFAULT_FILE_MODE 0x180 /* _S_IREAD | _S_IWRITE */

/* Open into `stream`, which is in use. => FALSE with errno set */
static BOOL open_into(FILE *stream, const WCHAR *path, const WCHAR *mode, int share)
{
    int open_flags, stream_flags;
    if (!parse_mode(mode, &open_flags, &stream_flags)) {
        *_errno() = EINVAL;
        return FALSE;
    }
    int fd = _wsopen(path, open_flags, share, DEFAULT_FILE_MODE);
    if (fd < 0)
        return FALSE;
    *stream = (FILE){._flag = stream_flags, ._file = fd};
    return TRUE;
}

#define SHARE_ALL 0x40

FILE *_wfsopen(const WCHAR *path, const WCHAR *mode, int share)
{
    _lock(LOCK_STREAMS);
    FILE *stream = take_stream(_IORW);
    _unlock(LOCK_STREAMS);
    if (stream && !open_into(stream, path, mode, share)) {
        stream->_flag = 0;
        return NULL;
    }
    return stream;
}

FILE *_wfopen(const WCHAR *path, const WCHAR *mode)
{
    return _wfsopen(path, mode, SHARE_ALL);
}

static BOOL wide_mode(const char *mode, WCHAR out[32])
{
    for (int i = 0; i < 32; i++) {
        out[i] = (UCHAR)mode[i];
        if (!out[i])
            return TRUE;
    }
    return FALSE;
}

static WCHAR *wide_string(const char *text)
{
    int size = MultiByteToWideChar(CP_ACP, 0, text, -1, NULL, 0);
    WCHAR *wide = malloc((size_t)size * sizeof(WCHAR));
    if (wide)
        MultiByteToWideChar(CP_ACP, 0, text, -1, wide, size);
    return wide;
}

FILE *_fsopen(const char *path, const char *mode, int share)
{
    WCHAR wmode[32];
    if (!path || !mode || !wide_mode(mode, wmode)) {
        *_errno() = EINVAL;
        return NULL;
    }
    WCHAR *wpath = wide_string(path);
    FILE *stream = wpath ? _wfsopen(wpath, wmode, share) : NULL;
    free(wpath);
    return stream;
}

FILE *fopen(const char *path, const char *mode)
{
    return _fsopen(path, mode, SHARE_ALL);
}

errno_t fopen_s(FILE **stream, const char *path, const char *mode)
{
    if (!stream)
        return EINVAL;
    *stream = fopen(path, mode);
    return *stream ? 0 : *_errno();
}

FILE *_wfdopen(int fd, const WCHAR *mode)
{
    int open_flags, stream_flags;
    if (_get_osfhandle(fd) == -1)
        return NULL;
    if (!parse_mode(mode, &open_flags, &stream_flags)) {
        *_errno() = EINVAL;
        return NULL;
    }
    _lock(LOCK_STREAMS);
    FILE *stream = take_stream(stream_flags);
    if (stream)
        stream->_file = fd;
    _unlock(LOCK_STREAMS);
    return stream;
}

FILE *_fdopen(int fd, const char *mode)
{
    WCHAR wmode[32];
    if (!wide_mode(mode, wmode)) {
        *_errno() = EINVAL;
        return NULL;
    }
    return _wfdopen(fd, wmode);
}

static int close_nolock(FILE *stream)
{
    int result = flush_nolock(stream);
    if (stream->_flag & _IOMYBUF)
        free(stream->_base);
    if (_close(stream->_file) < 0)
        result = EOF;
    stream->_base = stream->_ptr = NULL;
    stream->_cnt = 0;
    return result;
}

int fclose(FILE *stream)
{
    if (!stream || !in_use(stream)) {
        *_errno() = EINVAL;
        return EOF;
    }
    _lock_file(stream);
    int result = close_nolock(stream);
    stream->_flag = 0;
    _unlock_file(stream);
    return result;
}

int _fcloseall(void)
{
    int count = 0;
    for (int i = 3; i < STREAMS; i++) {
        FILE *stream = stream_at(i);
        if (stream && in_use(stream) && fclose(stream) == 0)
            count++;
    }
    return count;
}

FILE *_wfreopen(const WCHAR *path, const WCHAR *mode, FILE *stream)
{
    _lock_file(stream);
    int fd = stream->_file;
    if (in_use(stream))
        close_nolock(stream);
    BOOL ok = open_into(stream, path, mode, SHARE_ALL);
    if (!ok)
        stream->_flag = 0;
    if (ok && fd >= 0 && fd < 3 && stream->_file != fd && _dup2(stream->_file, fd) == 0) {
        /* stdin, stdout and stderr keep their descriptors */
        int mode_flag = crt_fd_is_text(stream->_file) ? _O_TEXT : _O_BINARY;
        _close(stream->_file);
        stream->_file = fd;
        _setmode(fd, mode_flag);
    }
    _unlock_file(stream);
    return ok ? stream : NULL;
}

FILE *freopen(const char *path, const char *mode, FILE *stream)
{
    WCHAR wmode[32];
    if (!path || !mode || !wide_mode(mode, wmode)) {
        *_errno() = EINVAL;
        return NULL;
    }
    WCHAR *wpath = wide_string(path);
    FILE *result = wpath ? _wfreopen(wpath, wmode, stream) : NULL;
    free(wpath);
    return result;
}

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
    if (!in_use(stream) || origin < SEEK_SET || origin > SEEK_END)
        return crt_fail_errno(EINVAL);
    _lock_file(stream);
    if (origin == SEEK_CUR) {
        offset += tell_nolock(stream);
        origin = SEEK_SET;
    }
    flush_nolock(stream);
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

FILE *tmpfile(void)
{
    WCHAR folder[MAX_PATH + 1], name[MAX_PATH];
    if (!GetTempPathW(MAX_PATH + 1, folder) || !GetTempFileNameW(folder, L"t", 0, name)) {
        crt_fail(GetLastError());
        return NULL;
    }
    return _wfopen(name, L"w+bD");
}
