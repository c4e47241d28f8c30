/* guest/msvcrt/fileio.c: file descriptors.
 *
 * A descriptor is an index into a table of handles and flags. Text mode lives here: reading turns
 * CR LF into LF and stops at Ctrl-Z, writing turns LF into CR LF. The table is under LOCK_FILES;
 * the file position belongs to the handle. A read that ends between CR and LF reads one more byte,
 * and puts it back by seeking, or keeps it in `pending` when the handle cannot seek. */
#include "crt.h"
#include "msvcrt.h"

#define DESCRIPTORS 2048
#define FOPEN 0x01
#define FEOFLAG 0x02
#define FPIPE 0x08
#define FNOINHERIT 0x10
#define FAPPEND 0x20
#define FDEV 0x40
#define FTEXT 0x80
#define CTRL_Z 26
#define NO_PENDING (-1)

struct descriptor {
    HANDLE handle;
    UCHAR flags;
    short pending; /* a byte read ahead, or NO_PENDING */
    int advanced;  /* by how many bytes the last _read moved the file position */
};

static struct descriptor descriptors[DESCRIPTORS];

static struct descriptor *lookup(int fd)
{
    if (fd < 0 || fd >= DESCRIPTORS || !(descriptors[fd].flags & FOPEN)) {
        struct crt_thread *thread = crt_thread();
        thread->error = EBADF;
        thread->dos_error = 0;
        return NULL;
    }
    return &descriptors[fd];
}

static UCHAR type_flags(HANDLE handle)
{
    switch (GetFileType(handle)) {
    case FILE_TYPE_CHAR:
        return FDEV;
    case FILE_TYPE_PIPE:
        return FPIPE;
    default:
        return 0;
    }
}

BOOL crt_files_init(void)
{
    static const ULONG numbers[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    for (int fd = 0; fd < 3; fd++) {
        HANDLE handle = GetStdHandle(numbers[fd]);
        descriptors[fd] = (struct descriptor){handle, FOPEN | FTEXT, NO_PENDING, 0};
        if (handle && handle != INVALID_HANDLE_VALUE)
            descriptors[fd].flags |= type_flags(handle);
        else
            descriptors[fd].flags |= FDEV;
    }
    return TRUE;
}

/* Take the lowest free descriptor. => -1 with EMFILE */
static int take(HANDLE handle, UCHAR flags)
{
    _lock(LOCK_FILES);
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        if (!(descriptors[fd].flags & FOPEN)) {
            descriptors[fd] = (struct descriptor){handle, flags | FOPEN, NO_PENDING, 0};
            _unlock(LOCK_FILES);
            return fd;
        }
    _unlock(LOCK_FILES);
    return crt_fail(ERROR_TOO_MANY_OPEN_FILES);
}

int _open_osfhandle(intptr_t handle, int flags)
{
    UCHAR own = type_flags((HANDLE)handle);
    if (flags & _O_APPEND)
        own |= FAPPEND;
    if (flags & _O_TEXT)
        own |= FTEXT;
    if (flags & _O_NOINHERIT)
        own |= FNOINHERIT;
    return take((HANDLE)handle, own);
}

intptr_t _get_osfhandle(int fd)
{
    struct descriptor *d = lookup(fd);
    return d ? (intptr_t)d->handle : -1;
}

#define _S_IWRITE 0x80
#define _SH_DENYRW 0x10
#define _SH_DENYWR 0x20
#define _SH_DENYRD 0x30
#define _SH_DENYNO 0x40

static ULONG share_of(int share)
{
    switch (share) {
    case _SH_DENYRW:
        return 0;
    case _SH_DENYWR:
        return FILE_SHARE_READ;
    case _SH_DENYRD:
        return FILE_SHARE_WRITE;
    default:
        return FILE_SHARE_READ | FILE_SHARE_WRITE;
    }
}

static ULONG disposition_of(int flags)
{
    switch (flags & (_O_CREAT | _O_EXCL | _O_TRUNC)) {
    case 0:
    case _O_EXCL:
        return OPEN_EXISTING;
    case _O_CREAT:
        return OPEN_ALWAYS;
    case _O_TRUNC:
    case _O_TRUNC | _O_EXCL:
        return TRUNCATE_EXISTING;
    case _O_CREAT | _O_TRUNC:
        return CREATE_ALWAYS;
    default:
        return CREATE_NEW;
    }
}

static int umask_bits;

int _umask(int mask)
{
    int old = umask_bits;
    umask_bits = mask & (_S_IWRITE | 0x100);
    return old;
}

/* A file opened for append and updating in text mode loses a trailing Ctrl-Z; msvcrt does so to let
 * text follow. It concerns files of DOS heritage only and is not done here. */
int _wsopen(const WCHAR *path, int flags, int share, ...)
{
    static const ULONG accesses[] = {GENERIC_READ, GENERIC_WRITE, GENERIC_READ | GENERIC_WRITE};
    int mode = _S_IWRITE;
    if (flags & _O_CREAT) {
        va_list arguments;
        va_start(arguments, share);
        mode = va_arg(arguments, int) & ~umask_bits;
        va_end(arguments);
    }
    if ((flags & 3) == 3)
        return crt_fail_errno(EINVAL);
    ULONG attributes = FILE_ATTRIBUTE_NORMAL;
    if (flags & _O_CREAT && !(mode & _S_IWRITE))
        attributes = FILE_ATTRIBUTE_READONLY;
    if (flags & _O_TEMPORARY)
        attributes |= FILE_FLAG_DELETE_ON_CLOSE;
    SECURITY_ATTRIBUTES security = {.nLength = sizeof security,
                                    .bInheritHandle = !(flags & _O_NOINHERIT)};
    ULONG share_mode = share_of(share) | (flags & _O_TEMPORARY ? FILE_SHARE_DELETE : 0);
    HANDLE handle = CreateFileW(path, accesses[flags & 3], share_mode, &security,
                                disposition_of(flags), attributes, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return crt_fail(GetLastError());
    if (!(flags & (_O_TEXT | _O_BINARY)))
        flags |= _fmode & _O_BINARY ? _O_BINARY : _O_TEXT;
    int fd = _open_osfhandle((intptr_t)handle, flags);
    if (fd < 0)
        CloseHandle(handle);
    return fd;
}

static int optional_mode(int flags, va_list arguments)
{
    return flags & _O_CREAT ? va_arg(arguments, int) : 0;
}

static int open_narrow(const char *path, int flags, int share, int mode)
{
    WCHAR *wide = path ? crt_wide_copy(path) : NULL;
    if (!wide)
        return crt_fail_errno(path ? ENOMEM : EINVAL);
    int fd = _wsopen(wide, flags, share, mode);
    free(wide);
    return fd;
}

int _sopen(const char *path, int flags, int share, ...)
{
    va_list arguments;
    va_start(arguments, share);
    int mode = optional_mode(flags, arguments);
    va_end(arguments);
    return open_narrow(path, flags, share, mode);
}

int _open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = optional_mode(flags, arguments);
    va_end(arguments);
    return open_narrow(path, flags, _SH_DENYNO, mode);
}

int _wopen(const WCHAR *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = optional_mode(flags, arguments);
    va_end(arguments);
    return _wsopen(path, flags, _SH_DENYNO, mode);
}

int _creat(const char *path, int mode)
{
    return _open(path, _O_CREAT | _O_TRUNC | _O_RDWR, mode);
}

int _close(int fd)
{
    struct descriptor *d = lookup(fd);
    if (!d)
        return -1;
    _lock(LOCK_FILES);
    HANDLE handle = d->handle;
    BOOL shared = FALSE;
    for (int other = 0; other < 3; other++) /* stdout and stderr may share one handle */
        shared |= other != fd && fd < 3 && descriptors[other].flags & FOPEN &&
                  descriptors[other].handle == handle;
    *d = (struct descriptor){0};
    _unlock(LOCK_FILES);
    return shared || CloseHandle(handle) ? 0 : crt_fail(GetLastError());
}

LONG64 _lseeki64(int fd, LONG64 offset, int origin)
{
    struct descriptor *d = lookup(fd);
    LARGE_INTEGER distance = {.QuadPart = offset}, position;
    if (!d)
        return -1;
    if (origin < SEEK_SET || origin > SEEK_END)
        return crt_fail_errno(EINVAL);
    if (d->flags & (FDEV | FPIPE))
        return crt_fail_errno(ESPIPE);
    if (!SetFilePointerEx(d->handle, distance, &position, (ULONG)origin))
        return crt_fail(GetLastError());
    d->flags &= (UCHAR)~FEOFLAG;
    return position.QuadPart;
}

LONG _lseek(int fd, LONG offset, int origin)
{
    return (LONG)_lseeki64(fd, offset, origin);
}

LONG64 _telli64(int fd)
{
    return _lseeki64(fd, 0, SEEK_CUR);
}

LONG _tell(int fd)
{
    return (LONG)_telli64(fd);
}

/* Read bytes as they are. => count, 0 at the end, -1 with errno */
static int read_raw(struct descriptor *d, char *buffer, unsigned size)
{
    ULONG count = 0, head = 0;
    if (size && d->pending != NO_PENDING) {
        *buffer++ = (char)d->pending;
        d->pending = NO_PENDING;
        head = 1;
        size--;
        if (d->flags & (FDEV | FPIPE))
            return 1; /* what is known now; the next call may wait */
    }
    if (!ReadFile(d->handle, buffer, size, &count, NULL)) {
        ULONG error = GetLastError();
        if (error == ERROR_BROKEN_PIPE)
            return (int)head;
        if (error == ERROR_ACCESS_DENIED)
            return crt_fail_errno(EBADF);
        return crt_fail(error);
    }
    return (int)(count + head);
}

/* A CR was the last byte: is the next one LF? If not, it is put back. */
static BOOL lf_follows(struct descriptor *d)
{
    char c;
    if (read_raw(d, &c, 1) != 1)
        return FALSE;
    if (c == '\n') {
        d->advanced++;
        return TRUE;
    }
    LARGE_INTEGER back = {.QuadPart = -1};
    if (d->flags & (FDEV | FPIPE) || !SetFilePointerEx(d->handle, back, NULL, FILE_CURRENT))
        d->pending = (UCHAR)c;
    return FALSE;
}

/* Translate in place. => the characters that remain */
static int translate(struct descriptor *d, char *buffer, int count)
{
    int out = 0;
    for (int in = 0; in < count; in++) {
        char c = buffer[in];
        if (c == CTRL_Z) {
            if (!(d->flags & FDEV))
                d->flags |= FEOFLAG;
            break;
        }
        if (c == '\r') {
            BOOL lf = in + 1 < count ? buffer[in + 1] == '\n' : lf_follows(d);
            if (lf) {
                c = '\n';
                in += in + 1 < count;
            }
        }
        buffer[out++] = c;
    }
    return out;
}

int _read(int fd, void *buffer, unsigned size)
{
    struct descriptor *d = lookup(fd);
    if (!d)
        return -1;
    if (!size || d->flags & FEOFLAG)
        return 0;
    int count = read_raw(d, buffer, size);
    d->advanced = count > 0 ? count : 0;
    if (count > 0 && d->flags & FTEXT)
        count = translate(d, buffer, count);
    return count;
}

static BOOL write_all(HANDLE handle, const char *buffer, unsigned size, unsigned *written)
{
    *written = 0;
    while (*written < size) {
        ULONG count = 0;
        if (!WriteFile(handle, buffer + *written, size - *written, &count, NULL))
            return FALSE;
        if (!count)
            break;
        *written += count;
    }
    return TRUE;
}

#define TEXT_CHUNK 2048

/* Write with LF as CR LF, through a chunk. => characters of the caller's buffer that went out */
static int write_text(struct descriptor *d, const char *buffer, unsigned size)
{
    char chunk[TEXT_CHUNK];
    unsigned at = 0;
    while (at < size) {
        unsigned n = 0, written, start = at;
        while (at < size && n + 1 < sizeof chunk) {
            if (buffer[at] == '\n')
                chunk[n++] = '\r';
            chunk[n++] = buffer[at++];
        }
        if (!write_all(d->handle, chunk, n, &written))
            return start ? (int)start : crt_fail(GetLastError());
        if (written < n)
            return (int)start;
    }
    return (int)size;
}

int _write(int fd, const void *buffer, unsigned size)
{
    struct descriptor *d = lookup(fd);
    unsigned written;
    if (!d)
        return -1;
    if (d->flags & FAPPEND)
        _lseeki64(fd, 0, SEEK_END);
    if (!size)
        return 0;
    int result;
    if (d->flags & FTEXT) {
        result = write_text(d, buffer, size);
    } else {
        if (!write_all(d->handle, buffer, size, &written) && !written)
            result = crt_fail(GetLastError());
        else
            result = (int)written;
    }
    if (result < 0 && GetLastError() == ERROR_ACCESS_DENIED)
        return crt_fail_errno(EBADF);
    if (result == 0)
        return crt_fail_errno(ENOSPC);
    return result;
}

int _setmode(int fd, int mode)
{
    struct descriptor *d = lookup(fd);
    if (!d)
        return -1;
    if (mode != _O_TEXT && mode != _O_BINARY)
        return crt_fail_errno(EINVAL);
    int old = d->flags & FTEXT ? _O_TEXT : _O_BINARY;
    if (mode == _O_TEXT)
        d->flags |= FTEXT;
    else
        d->flags &= (UCHAR)~FTEXT;
    return old;
}

int _isatty(int fd)
{
    struct descriptor *d = lookup(fd);
    return d ? d->flags & FDEV : 0;
}

int _commit(int fd)
{
    struct descriptor *d = lookup(fd);
    if (!d)
        return -1;
    return FlushFileBuffers(d->handle) ? 0 : crt_fail_errno(EBADF);
}

int _dup(int fd)
{
    struct descriptor *d = lookup(fd);
    HANDLE copy;
    const ULONG same_access = 2;
    if (!d)
        return -1;
    if (!DuplicateHandle(CURRENT_PROCESS, d->handle, CURRENT_PROCESS, &copy, 0, TRUE, same_access))
        return crt_fail(GetLastError());
    int result = take(copy, d->flags & (UCHAR)~FNOINHERIT);
    if (result < 0)
        CloseHandle(copy);
    return result;
}

int _dup2(int from, int to)
{
    struct descriptor *d = lookup(from);
    HANDLE copy;
    const ULONG same_access = 2;
    if (!d)
        return -1;
    if (to < 0 || to >= DESCRIPTORS)
        return crt_fail_errno(EBADF);
    if (from == to)
        return 0;
    if (!DuplicateHandle(CURRENT_PROCESS, d->handle, CURRENT_PROCESS, &copy, 0, TRUE, same_access))
        return crt_fail(GetLastError());
    if (descriptors[to].flags & FOPEN)
        _close(to);
    descriptors[to] = (struct descriptor){copy, d->flags & (UCHAR)~FNOINHERIT, NO_PENDING, 0};
    if (to < 3) {
        static const ULONG numbers[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
        SetStdHandle(numbers[to], copy);
    }
    return 0;
}

LONG64 _filelengthi64(int fd)
{
    struct descriptor *d = lookup(fd);
    LARGE_INTEGER size;
    if (!d)
        return -1;
    return GetFileSizeEx(d->handle, &size) ? size.QuadPart : crt_fail(GetLastError());
}

LONG _filelength(int fd)
{
    return (LONG)_filelengthi64(fd);
}

int _eof(int fd)
{
    LONG64 position = _telli64(fd);
    LONG64 length = position < 0 ? -1 : _filelengthi64(fd);
    return length < 0 ? -1 : position >= length;
}

int _chsize(int fd, LONG size)
{
    struct descriptor *d = lookup(fd);
    LARGE_INTEGER zero = {.QuadPart = 0}, end = {.QuadPart = size}, old;
    if (!d)
        return -1;
    if (!SetFilePointerEx(d->handle, zero, &old, FILE_CURRENT) ||
        !SetFilePointerEx(d->handle, end, NULL, FILE_BEGIN))
        return crt_fail(GetLastError());
    BOOL ok = SetEndOfFile(d->handle);
    ULONG error = GetLastError();
    SetFilePointerEx(d->handle, old, NULL, FILE_BEGIN);
    return ok ? 0 : crt_fail(error);
}

/* For streams: is it text, and by how much did the last _read move the position? */
BOOL crt_fd_is_text(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS && descriptors[fd].flags & FTEXT;
}

int crt_fd_advanced(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS ? descriptors[fd].advanced : 0;
}
