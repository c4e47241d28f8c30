/* guest/msvcrt/directory.c: files by name: status, listing, folders, removing and renaming. */
#include "crt.h"
#include "msvcrt.h"

#define UNIX_EPOCH 116444736000000000ll
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

static time64 unix_time(const FILETIME *time)
{
    LONG64 ticks = (LONG64)((ULONG64)time->dwHighDateTime << 32 | time->dwLowDateTime);
    return ticks ? (ticks - UNIX_EPOCH) / 10000000 : 0;
}

static WCHAR *wide_path(const char *path)
{
    int size = MultiByteToWideChar(CP_ACP, 0, path, -1, NULL, 0);
    WCHAR *wide = malloc((size_t)size * sizeof(WCHAR));
    if (wide)
        MultiByteToWideChar(CP_ACP, 0, path, -1, wide, size);
    return wide;
}

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
        .st_atime = unix_time(&data.ftLastAccessTime),
        .st_mtime = unix_time(&data.ftLastWriteTime),
        .st_ctime = unix_time(&data.ftCreationTime),
    };
    return 0;
}

int _stat64(const char *path, struct stat64 *out)
{
    WCHAR *wide = wide_path(path);
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
    out->st_atime = unix_time(&info.ftLastAccessTime);
    out->st_mtime = unix_time(&info.ftLastWriteTime);
    out->st_ctime = unix_time(&info.ftCreationTime);
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
    WCHAR *wide = wide_path(path);
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
    WCHAR *wide = wide_path(path);
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

char *_fullpath(char *buffer, const char *path, size_t size)
{
    if (!path || !*path)
        return _getcwd(buffer, (int)size);
    ULONG needed = GetFullPathNameA(path, 0, NULL, NULL);
    if (!needed || (buffer && needed > size)) {
        *_errno() = needed ? ERANGE : EINVAL;
        return NULL;
    }
    if (!buffer) {
        size = needed > MAX_PATH ? needed : MAX_PATH;
        buffer = malloc(size);
    }
    if (buffer)
        GetFullPathNameA(path, (ULONG)size, buffer, NULL);
    return buffer;
}

/* struct __finddata64_t and _finddata64i32_t: the size differs. */
struct finddata64 {
    unsigned attrib;
    time64 time_create;
    time64 time_access;
    time64 time_write;
    LONG64 size;
    char name[MAX_PATH];
};

struct finddata64i32 {
    unsigned attrib;
    time64 time_create;
    time64 time_access;
    time64 time_write;
    ULONG size;
    char name[MAX_PATH];
};

static void fill(struct finddata64 *out, const WIN32_FIND_DATAA *data)
{
    const unsigned shown = FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |
                           FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_ARCHIVE;
    out->attrib = data->dwFileAttributes & shown;
    out->time_create = unix_time(&data->ftCreationTime);
    out->time_access = unix_time(&data->ftLastAccessTime);
    out->time_write = unix_time(&data->ftLastWriteTime);
    out->size = (LONG64)((ULONG64)data->nFileSizeHigh << 32 | data->nFileSizeLow);
    strcpy(out->name, data->cFileName);
}

intptr_t _findfirst64(const char *pattern, struct finddata64 *out)
{
    WIN32_FIND_DATAA data;
    HANDLE handle = FindFirstFileA(pattern, &data);
    if (handle == INVALID_HANDLE_VALUE)
        return crt_fail(GetLastError());
    fill(out, &data);
    return (intptr_t)handle;
}

int _findnext64(intptr_t handle, struct finddata64 *out)
{
    WIN32_FIND_DATAA data;
    if (!FindNextFileA((HANDLE)handle, &data))
        return crt_fail(GetLastError());
    fill(out, &data);
    return 0;
}

static void narrow_find(const struct finddata64 *from, struct finddata64i32 *to)
{
    to->attrib = from->attrib;
    to->time_create = from->time_create;
    to->time_access = from->time_access;
    to->time_write = from->time_write;
    to->size = (ULONG)from->size;
    strcpy(to->name, from->name);
}

intptr_t _findfirst(const char *pattern, struct finddata64i32 *out)
{
    struct finddata64 wide;
    intptr_t handle = _findfirst64(pattern, &wide);
    if (handle != -1)
        narrow_find(&wide, out);
    return handle;
}

int _findnext(intptr_t handle, struct finddata64i32 *out)
{
    struct finddata64 wide;
    int result = _findnext64(handle, &wide);
    if (!result)
        narrow_find(&wide, out);
    return result;
}

int _findclose(intptr_t handle)
{
    return FindClose((HANDLE)handle) ? 0 : crt_fail_errno(EINVAL);
}

/* drive, folder, name and extension of a path; any may be NULL. */
void _splitpath(const char *path, char *drive, char *folder, char *name, char *extension)
{
    if (drive)
        *drive = 0;
    if (path[0] && path[1] == ':') {
        if (drive) {
            memcpy(drive, path, 2);
            drive[2] = 0;
        }
        path += 2;
    }
    const char *base = path, *dot = NULL;
    for (const char *p = path; *p; p++)
        if (*p == '\\' || *p == '/')
            base = p + 1;
    for (const char *p = base; *p; p++)
        if (*p == '.')
            dot = p;
    size_t length = dot ? (size_t)(dot - base) : strlen(base);
    if (folder) {
        memcpy(folder, path, (size_t)(base - path));
        folder[base - path] = 0;
    }
    if (name) {
        memcpy(name, base, length);
        name[length] = 0;
    }
    if (extension)
        strcpy(extension, base + length);
}

void _makepath(char *path, const char *drive, const char *folder, const char *name,
               const char *extension)
{
    *path = 0;
    if (drive && *drive)
        sprintf(path, "%c:", *drive);
    if (folder && *folder) {
        strcat(path, folder);
        char last = folder[strlen(folder) - 1];
        if (last != '\\' && last != '/')
            strcat(path, "\\");
    }
    if (name)
        strcat(path, name);
    if (extension && *extension) {
        if (*extension != '.')
            strcat(path, ".");
        strcat(path, extension);
    }
}
