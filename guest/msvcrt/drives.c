/* guest/msvcrt/drives.c: drives and their current folders, the clock, and what is left of the days
 * of DOS. Source: _chdrive, _getdcwd, _getdiskfree, _getsystime, documentation. */
#include "crt.h"
#include "msvcrt.h"

#define DRIVES 26

struct diskfree {
    ULONG total_clusters, avail_clusters, sectors_per_cluster, bytes_per_sector;
};

int _chdrive(int drive)
{
    if (drive < 1 || drive > DRIVES)
        return crt_fail_errno(EACCES);
    const WCHAR path[] = {(WCHAR)('A' + drive - 1), ':', 0};
    return SetCurrentDirectoryW(path) ? 0 : crt_fail(GetLastError());
}

ULONG _getdrives(void)
{
    return GetLogicalDrives();
}

/* The current folder of a drive, 0 being the current one. */
WCHAR *_wgetdcwd(int drive, WCHAR *buffer, int size)
{
    const WCHAR path[] = {(WCHAR)('A' + drive - 1), ':', '.', 0};
    WCHAR full[MAX_PATH];
    if (!drive)
        return _wgetcwd(buffer, size);
    if (drive < 0 || drive > DRIVES || !(GetLogicalDrives() >> (drive - 1) & 1)) {
        crt_fail(ERROR_INVALID_DRIVE);
        crt_invalid_parameter(EACCES);
        return NULL;
    }
    ULONG length = GetFullPathNameW(path, MAX_PATH, full, NULL);
    if (!length || length >= MAX_PATH || (buffer && (int)length >= size)) {
        *_errno() = ERANGE;
        return NULL;
    }
    if (!buffer)
        buffer = malloc((size > (int)length ? (size_t)size : length + 1) * sizeof(WCHAR));
    return buffer ? wcscpy(buffer, full) : NULL;
}

char *_getdcwd(int drive, char *buffer, int size)
{
    WCHAR *wide = _wgetdcwd(drive, NULL, 0);
    char *narrow = wide ? crt_narrow_copy(wide) : NULL;
    free(wide);
    if (!narrow)
        return NULL;
    size_t length = strlen(narrow);
    if (buffer && (int)length >= size) {
        *_errno() = ERANGE;
        free(narrow);
        return NULL;
    }
    if (!buffer)
        buffer = malloc(size > (int)length ? (size_t)size : length + 1);
    if (buffer)
        strcpy(buffer, narrow);
    free(narrow);
    return buffer;
}

/* => 0 or a Win32 error */
unsigned _getdiskfree(unsigned drive, struct diskfree *out)
{
    const WCHAR root[] = {(WCHAR)('A' + drive - 1), ':', '\\', 0};
    if (!out || drive > DRIVES) {
        crt_invalid_parameter(EINVAL);
        return ERROR_INVALID_PARAMETER;
    }
    return GetDiskFreeSpaceW(drive ? root : NULL, &out->sectors_per_cluster, &out->bytes_per_sector,
                             &out->avail_clusters, &out->total_clusters)
               ? 0
               : GetLastError();
}

/* Local time. => milliseconds */
unsigned _getsystime(struct tm *tm)
{
    SYSTEMTIME now;
    GetLocalTime(&now);
    *tm = (struct tm){now.wSecond,      now.wMinute,    now.wHour, now.wDay, now.wMonth - 1,
                      now.wYear - 1900, now.wDayOfWeek, 0,         -1};
    _mktime64(tm);
    return now.wMilliseconds;
}

/* => 0 or a Win32 error */
unsigned _setsystime(struct tm *tm, unsigned milliseconds)
{
    _mktime64(tm);
    const SYSTEMTIME time = {
        .wYear = (USHORT)(tm->tm_year + 1900),
        .wMonth = (USHORT)(tm->tm_mon + 1),
        .wDay = (USHORT)tm->tm_mday,
        .wHour = (USHORT)tm->tm_hour,
        .wMinute = (USHORT)tm->tm_min,
        .wSecond = (USHORT)tm->tm_sec,
        .wMilliseconds = (USHORT)milliseconds,
    };
    return SetLocalTime(&time) ? 0 : GetLastError();
}

void _sleep(ULONG milliseconds)
{
    Sleep(milliseconds ? milliseconds : 1);
}

void _seterrormode(int mode)
{
    SetErrorMode((UINT)mode);
}

intptr_t _loaddll(char *name)
{
    return (intptr_t)LoadLibraryA(name);
}

/* => 0 or a Win32 error */
int _unloaddll(intptr_t module)
{
    return FreeLibrary((HANDLE)module) ? 0 : (int)GetLastError();
}

void *_getdllprocaddr(intptr_t module, char *name, intptr_t ordinal)
{
    return GetProcAddress((HANDLE)module, name ? name : (const char *)(ordinal & 0xFFFF));
}

/* ---- errors and hooks ---- */

#define OUT_TO_DEFAULT 0
#define REPORT_ERRMODE 3

static int error_mode = OUT_TO_DEFAULT;

/* Where errors are told: there are no message boxes, so they go to stderr whatever is set. */
int _set_error_mode(int mode)
{
    int old = error_mode;
    if (mode == REPORT_ERRMODE)
        return old;
    if (mode < OUT_TO_DEFAULT || mode > REPORT_ERRMODE)
        return crt_fail_errno(EINVAL);
    error_mode = mode;
    return old;
}

/* A virtual function without a body was called. */
_Noreturn void _purecall(void)
{
    const int pure_virtual_call = 25;
    _amsg_exit(pure_virtual_call);
}

/* No new-handler was set: memory that is not there stays so. */
int _callnewh(size_t size)
{
    (void)size;
    return 0;
}

int *__fpecode(void)
{
    return &crt_thread()->fp_code;
}

int __iscsymf(int c)
{
    return isalpha(c) || c == '_';
}

int __iscsym(int c)
{
    return isalnum(c) || c == '_';
}

int isleadbyte(int c)
{
    (void)c;
    return 0;
}

ULONG __threadid(void)
{
    return GetCurrentThreadId();
}

intptr_t __threadhandle(void)
{
    return (intptr_t)GetCurrentThread();
}
