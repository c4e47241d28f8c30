/* guest/msvcrt/filetime.c: the times of files, in seconds since 1970. */
#include "crt.h"
#include "msvcrt.h"

#define UNIX_EPOCH 116444736000000000ll /* 1970 in units of 100 ns since 1601 */
#define TICKS_PER_SECOND 10000000

struct utimbuf64 {
    time64 actime;
    time64 modtime;
};

struct utimbuf32 {
    LONG actime;
    LONG modtime;
};

time64 crt_unix_time(const FILETIME *time)
{
    LONG64 ticks = (LONG64)((ULONG64)time->dwHighDateTime << 32 | time->dwLowDateTime);
    return ticks ? (ticks - UNIX_EPOCH) / TICKS_PER_SECOND : 0;
}

static FILETIME file_time(time64 time)
{
    ULONG64 ticks = (ULONG64)(time * TICKS_PER_SECOND + UNIX_EPOCH);
    return (FILETIME){(ULONG)ticks, (ULONG)(ticks >> 32)};
}

/* No times: now. */
static int set_times(HANDLE file, const struct utimbuf64 *times)
{
    FILETIME access, write;
    if (times) {
        access = file_time(times->actime);
        write = file_time(times->modtime);
    } else {
        GetSystemTimeAsFileTime(&access);
        write = access;
    }
    return SetFileTime(file, NULL, &access, &write) ? 0 : crt_fail(GetLastError());
}

int _futime64(int fd, const struct utimbuf64 *times)
{
    HANDLE file = (HANDLE)_get_osfhandle(fd);
    return file == INVALID_HANDLE_VALUE ? -1 : set_times(file, times);
}

int _wutime64(const WCHAR *path, const struct utimbuf64 *times)
{
    if (!path)
        return crt_invalid_parameter(EINVAL), -1;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return crt_fail(GetLastError());
    int result = set_times(file, times);
    CloseHandle(file);
    return result;
}

int _utime64(const char *path, const struct utimbuf64 *times)
{
    WCHAR *wide = path ? crt_wide_copy(path) : NULL;
    int result = _wutime64(wide, times);
    free(wide);
    return result;
}

static const struct utimbuf64 *widen(const struct utimbuf32 *times, struct utimbuf64 *storage)
{
    if (!times)
        return NULL;
    *storage = (struct utimbuf64){times->actime, times->modtime};
    return storage;
}

int _futime32(int fd, const struct utimbuf32 *times)
{
    struct utimbuf64 wide;
    return _futime64(fd, widen(times, &wide));
}

int _wutime32(const WCHAR *path, const struct utimbuf32 *times)
{
    struct utimbuf64 wide;
    return _wutime64(path, widen(times, &wide));
}

int _utime32(const char *path, const struct utimbuf32 *times)
{
    struct utimbuf64 wide;
    return _utime64(path, widen(times, &wide));
}
