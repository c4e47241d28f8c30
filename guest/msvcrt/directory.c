/* guest/msvcrt/directory.c: files by name: status, folders, removing and renaming. */
#include "crt.h"
#include "msvcrt.h"

#define S_IFDIR 0x4000
#define S_IFCHR 0x2000
#define S_IFREG 0x8000
#define S_IFIFO 0x1000
#define S_READ 0x124 /* for user, group, others */
#define S_WRITE 0x92
#define S_EXECUTE 0x49

/* struct _stat64. The 32-bit-size variant differs in st_size alone, see below. */
struct stat64 {
    unsigned st_dev;
    USHORT st_ino;
    USHORT st_mode;
    short st_nlink;
    short st_uid;
    short st_gid;
    unsigned st_rdev;
    LONG64 st_size;
    time64 st_atime;
    time64 st_mtime;
    time64 st_ctime;
};
NT_SIZE(struct stat64, 56);

/* struct _stat64i32, which msvcrt's plain _stat and _fstat fill on x64. */
struct stat64i32 {
    unsigned st_dev;
    USHORT st_ino;
    USHORT st_mode;
    short st_nlink;
    short st_uid;
    short st_gid;
    unsigned st_rdev;
    LONG st_size;
    time64 st_atime;
    time64 st_mtime;
    time64 st_ctime;
};
NT_SIZE(struct stat64i32, 48);

static BOOL is_program(const WCHAR *path)
{
    static const WCHAR *const extensions[] = {L".exe", L".com", L".bat", L".cmd"};
    const WCHAR *dot = wcsrchr(path, '.');
    for (int i = 0; dot && i < 4; i++)
        if (!_wcsicmp(dot, extensions[i]))
            return TRUE;
    return FALSE;
}

static USHORT mode_of(ULONG attributes, const WCHAR *path)
{
    USHORT mode = S_READ;
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        mode |= S_IFDIR | S_EXECUTE;
    else
        mode |= S_IFREG;
    if (!(attributes & FILE_ATTRIBUTE_READONLY))
        mode |= S_WRITE;
    if (path && is_program(path))
        mode |= S_EXECUTE;
    return mode;
}

int _wstat64(const WCHAR *path, struct stat64 *out)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    if (!GetFileAttributesExW(path, 0, &data))
        return crt_fail(GetLastError() == ERROR_INVALID_NAME ? ERROR_FILE_NOT_FOUND
                                                             : GetLastError());
    /* The device is the drive's number: C: is 2, and so is the working folder's. */
    unsigned drive = path[0] && path[1] == ':' ? (unsigned)(towlower(path[0]) - 'a') : 2;
    *out = (struct stat64){
        .st_dev = drive,
        .st_rdev = drive,
        .st_mode = mode_of(data.dwFileAttributes, path),
        .st_nlink = 1,
        .st_size = (LONG64)((ULONG64)data.nFileSizeHigh << 32 | data.nFileSizeLow),
        .st_atime = crt_unix_time(&data.ftLastAccessTime),
        .st_mtime = crt_unix_time(&data.ftLastWriteTime),
        .st_ctime = crt_unix_time(&data.ftCreationTime),
    };
    return 0;
}

int _stat64(const char *path, struct stat64 *out)
{
    WCHAR *wide = crt_wide_copy(path);
    int result = wide ? _wstat64(wide, out) : -1;
    free(wide);
    return result;
}

int _fstat64(int fd, struct stat64 *out)
{
    HANDLE handle = (HANDLE)_get_osfhandle(fd);
    BY_HANDLE_FILE_INFORMATION info;
    if (handle == INVALID_HANDLE_VALUE)
        return crt_fail_errno(EBADF);
    *out = (struct stat64){.st_nlink = 1};
    ULONG type = GetFileType(handle);
    if (type == FILE_TYPE_CHAR || type == FILE_TYPE_PIPE) {
        out->st_mode = type == FILE_TYPE_CHAR ? S_IFCHR : S_IFIFO;
        out->st_dev = out->st_rdev = (unsigned)fd;
        return 0;
    }
    if (!GetFileInformationByHandle(handle, &info))
        return crt_fail(GetLastError());
    out->st_mode = mode_of(info.dwFileAttributes, NULL);
    out->st_size = (LONG64)((ULONG64)info.nFileSizeHigh << 32 | info.nFileSizeLow);
    out->st_atime = crt_unix_time(&info.ftLastAccessTime);
    out->st_mtime = crt_unix_time(&info.ftLastWriteTime);
    out->st_ctime = crt_unix_time(&info.ftCreationTime);
    return 0;
}

static int narrow_stat(int result, const struct stat64 *from, struct stat64i32 *to)
{
    if (result)
        return result;
    *to = (struct stat64i32){from->st_dev,   from->st_ino,   from->st_mode, from->st_nlink,
                             from->st_uid,   from->st_gid,   from->st_rdev, (LONG)from->st_size,
                             from->st_atime, from->st_mtime, from->st_ctime};
    return 0;
}

int _stat(const char *path, struct stat64i32 *out)
{
    struct stat64 wide;
    return narrow_stat(_stat64(path, &wide), &wide, out);
}

int _wstat(const WCHAR *path, struct stat64i32 *out)
{
    struct stat64 wide;
    return narrow_stat(_wstat64(path, &wide), &wide, out);
}

int _fstat(int fd, struct stat64i32 *out)
{
    struct stat64 wide;
    return narrow_stat(_fstat64(fd, &wide), &wide, out);
}

#define WANT_WRITE 2

int _waccess(const WCHAR *path, int mode)
{
    ULONG attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return crt_fail(GetLastError());
    if (mode & WANT_WRITE && attributes & FILE_ATTRIBUTE_READONLY &&
        !(attributes & FILE_ATTRIBUTE_DIRECTORY))
        return crt_fail_errno(EACCES);
    return 0;
}

int _access(const char *path, int mode)
{
    WCHAR *wide = crt_wide_copy(path);
    int result = wide ? _waccess(wide, mode) : -1;
    free(wide);
    return result;
}

int _wchmod(const WCHAR *path, int mode)
{
    const int owner_write = 0x80;
    ULONG attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return crt_fail(GetLastError());
    if (mode & owner_write)
        attributes &= ~FILE_ATTRIBUTE_READONLY;
    else
        attributes |= FILE_ATTRIBUTE_READONLY;
    return SetFileAttributesW(path, attributes) ? 0 : crt_fail(GetLastError());
}

int _chmod(const char *path, int mode)
{
    WCHAR *wide = crt_wide_copy(path);
    int result = wide ? _wchmod(wide, mode) : -1;
    free(wide);
    return result;
}

static int outcome(BOOL ok)
{
    return ok ? 0 : crt_fail(GetLastError());
}

int _unlink(const char *path)
{
    return outcome(DeleteFileA(path));
}

int remove(const char *path)
{
    return _unlink(path);
}

int _wunlink(const WCHAR *path)
{
    return outcome(DeleteFileW(path));
}

int _wremove(const WCHAR *path)
{
    return _wunlink(path);
}

int rename(const char *from, const char *to)
{
    return outcome(MoveFileA(from, to));
}

int _wrename(const WCHAR *from, const WCHAR *to)
{
    return outcome(MoveFileW(from, to));
}

int _mkdir(const char *path)
{
    return outcome(CreateDirectoryA(path, NULL));
}

int _wmkdir(const WCHAR *path)
{
    return outcome(CreateDirectoryW(path, NULL));
}

int _rmdir(const char *path)
{
    return outcome(RemoveDirectoryA(path));
}

int _wrmdir(const WCHAR *path)
{
    return outcome(RemoveDirectoryW(path));
}

int _chdir(const char *path)
{
    return outcome(SetCurrentDirectoryA(path));
}

int _wchdir(const WCHAR *path)
{
    return outcome(SetCurrentDirectoryW(path));
}

char *_getcwd(char *buffer, int size)
{
    char path[MAX_PATH];
    ULONG length = GetCurrentDirectoryA(sizeof path, path);
    if (!length || length >= sizeof path || (buffer && (int)length >= size)) {
        *_errno() = ERANGE;
        return NULL;
    }
    if (!buffer)
        buffer = malloc(size > (int)length ? (size_t)size : length + 1);
    return buffer ? strcpy(buffer, path) : NULL;
}

WCHAR *_wgetcwd(WCHAR *buffer, int size)
{
    WCHAR path[MAX_PATH];
    ULONG length = GetCurrentDirectoryW(MAX_PATH, path);
    if (!length || length >= MAX_PATH || (buffer && (int)length >= size)) {
        *_errno() = ERANGE;
        return NULL;
    }
    if (!buffer)
        buffer = malloc((size > (int)length ? (size_t)size : length + 1) * sizeof(WCHAR));
    return buffer ? wcscpy(buffer, path) : NULL;
}

/* The current drive: A: is 1. */
int _getdrive(void)
{
    WCHAR path[MAX_PATH];
    ULONG length = GetCurrentDirectoryW(MAX_PATH, path);
    return length > 1 && length < MAX_PATH && path[1] == ':' ? towupper(path[0]) - 'A' + 1 : 0;
}
