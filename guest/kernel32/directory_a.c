/* guest/kernel32/directory_a.c: the ANSI twins of directory.c. */
#include "k32.h"

BOOL DeleteFileA(const char *path)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return FALSE;
    BOOL result = DeleteFileW(arg.text);
    wide_arg_deinit(&arg);
    return result;
}

BOOL RemoveDirectoryA(const char *path)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return FALSE;
    BOOL result = RemoveDirectoryW(arg.text);
    wide_arg_deinit(&arg);
    return result;
}

BOOL CreateDirectoryA(const char *path, const SECURITY_ATTRIBUTES *security)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return FALSE;
    BOOL result = CreateDirectoryW(arg.text, security);
    wide_arg_deinit(&arg);
    return result;
}

ULONG GetFileAttributesA(const char *path)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return INVALID_FILE_ATTRIBUTES;
    ULONG result = GetFileAttributesW(arg.text);
    wide_arg_deinit(&arg);
    return result;
}

BOOL GetFileAttributesExA(const char *path, ULONG level, WIN32_FILE_ATTRIBUTE_DATA *out)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return FALSE;
    BOOL result = GetFileAttributesExW(arg.text, level, out);
    wide_arg_deinit(&arg);
    return result;
}

BOOL SetFileAttributesA(const char *path, ULONG attributes)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return FALSE;
    BOOL result = SetFileAttributesW(arg.text, attributes);
    wide_arg_deinit(&arg);
    return result;
}

UINT GetDriveTypeA(const char *root)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, root))
        return 0;
    UINT result = GetDriveTypeW(arg.text);
    wide_arg_deinit(&arg);
    return result;
}

BOOL GetDiskFreeSpaceExA(const char *path, LARGE_INTEGER *available, LARGE_INTEGER *total,
                         LARGE_INTEGER *free_bytes)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return FALSE;
    BOOL result = GetDiskFreeSpaceExW(arg.text, available, total, free_bytes);
    wide_arg_deinit(&arg);
    return result;
}

BOOL GetDiskFreeSpaceA(const char *path, ULONG *sectors, ULONG *bytes, ULONG *available,
                       ULONG *total)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return FALSE;
    BOOL result = GetDiskFreeSpaceW(arg.text, sectors, bytes, available, total);
    wide_arg_deinit(&arg);
    return result;
}

/* Two names at once. */
struct wide_pair {
    struct wide_arg from, to;
};

static BOOL wide_pair_init(struct wide_pair *pair, const char *from, const char *to)
{
    if (!wide_arg_init(&pair->from, from))
        return FALSE;
    if (wide_arg_init(&pair->to, to))
        return TRUE;
    wide_arg_deinit(&pair->from);
    return FALSE;
}

static void wide_pair_deinit(struct wide_pair *pair)
{
    wide_arg_deinit(&pair->from);
    wide_arg_deinit(&pair->to);
}

BOOL MoveFileExA(const char *from, const char *to, ULONG flags)
{
    struct wide_pair pair;
    if (!wide_pair_init(&pair, from, to))
        return FALSE;
    BOOL result = MoveFileExW(pair.from.text, pair.to.text, flags);
    wide_pair_deinit(&pair);
    return result;
}

BOOL MoveFileA(const char *from, const char *to)
{
    return MoveFileExA(from, to, MOVEFILE_COPY_ALLOWED);
}

BOOL CreateHardLinkA(const char *name, const char *existing, SECURITY_ATTRIBUTES *reserved)
{
    struct wide_pair pair;
    if (!wide_pair_init(&pair, name, existing))
        return FALSE;
    BOOL result = CreateHardLinkW(pair.from.text, pair.to.text, reserved);
    wide_pair_deinit(&pair);
    return result;
}

BOOL CopyFileA(const char *from, const char *to, BOOL fail_if_exists)
{
    struct wide_pair pair;
    if (!wide_pair_init(&pair, from, to))
        return FALSE;
    BOOL result = CopyFileW(pair.from.text, pair.to.text, fail_if_exists);
    wide_pair_deinit(&pair);
    return result;
}

static void narrow_data(const WIN32_FIND_DATAW *wide, WIN32_FIND_DATAA *out)
{
    copy_bytes(out, wide, offsetof(WIN32_FIND_DATAA, cFileName));
    copy_out_ansi(wide->cFileName, wide_length(wide->cFileName), out->cFileName, MAX_PATH);
    copy_out_ansi(wide->cAlternateFileName, wide_length(wide->cAlternateFileName),
                  out->cAlternateFileName, sizeof out->cAlternateFileName);
}

HANDLE FindFirstFileA(const char *path, WIN32_FIND_DATAA *data)
{
    struct wide_arg arg;
    WIN32_FIND_DATAW wide;
    if (!wide_arg_init(&arg, path))
        return INVALID_HANDLE_VALUE;
    HANDLE handle = FindFirstFileW(arg.text, &wide);
    wide_arg_deinit(&arg);
    if (handle != INVALID_HANDLE_VALUE)
        narrow_data(&wide, data);
    return handle;
}

BOOL FindNextFileA(HANDLE handle, WIN32_FIND_DATAA *data)
{
    WIN32_FIND_DATAW wide;
    if (!FindNextFileW(handle, &wide))
        return FALSE;
    narrow_data(&wide, data);
    return TRUE;
}
