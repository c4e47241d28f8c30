/* guest/msvcrt/streamopen.c: how streams come to be, and end. */
#include "crt.h"
#include "msvcrt.h"

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
    FILE *stream = crt_take_stream(_IORW);
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

FILE *_fsopen(const char *path, const char *mode, int share)
{
    WCHAR wmode[32];
    if (!path || !mode || !wide_mode(mode, wmode)) {
        *_errno() = EINVAL;
        return NULL;
    }
    WCHAR *wpath = crt_wide_copy(path);
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
    FILE *stream = crt_take_stream(stream_flags);
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
    int result = crt_flush_nolock(stream);
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
    if (!stream || !crt_stream_in_use(stream)) {
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
        FILE *stream = crt_stream_at(i);
        if (stream && crt_stream_in_use(stream) && fclose(stream) == 0)
            count++;
    }
    return count;
}

FILE *_wfreopen(const WCHAR *path, const WCHAR *mode, FILE *stream)
{
    _lock_file(stream);
    int fd = stream->_file;
    if (crt_stream_in_use(stream))
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
    WCHAR *wpath = crt_wide_copy(path);
    FILE *result = wpath ? _wfreopen(wpath, wmode, stream) : NULL;
    free(wpath);
    return result;
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
