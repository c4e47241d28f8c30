/* guest/kernel32/path.c: full names, the current directory, names for temporary files.
 *
 * What a path means is ntdll's business (RtlGetFullPathName_U, RtlDosPathNameToNtPathName_U); here
 * its byte counts become the character counts and error codes of the API. */
#include "k32.h"

#define LONGEST_PATH 32767u

ULONG GetFullPathNameW(const WCHAR *path, ULONG size, WCHAR *buffer, WCHAR **file_part)
{
    WCHAR *part = NULL;
    ULONG bytes = path ? RtlGetFullPathName_U(path, size * sizeof(WCHAR), buffer, &part) : 0;
    if (!bytes)
        SetLastError(ERROR_INVALID_NAME);
    if (file_part)
        *file_part = part;
    return bytes / sizeof(WCHAR);
}

ULONG GetFullPathNameA(const char *path, ULONG size, char *buffer, char **file_part)
{
    struct wide_arg arg;
    WCHAR *wide = heap_alloc((LONGEST_PATH + 1) * sizeof(WCHAR));
    ULONG result = 0;
    if (!wide)
        return 0;
    if (wide_arg_init(&arg, path)) {
        ULONG length = GetFullPathNameW(arg.text, LONGEST_PATH + 1, wide, NULL);
        result = length ? copy_out_ansi(wide, length, buffer, size) : 0;
        wide_arg_deinit(&arg);
    }
    heap_free(wide);
    if (file_part)
        *file_part = NULL;
    if (file_part && result && result < size) {
        char *last = buffer;
        for (char *p = buffer; *p; p++)
            if (*p == '\\')
                last = p + 1;
        *file_part = *last ? last : NULL;
    }
    return result;
}

/* The NT name of a Win32 path; nt_path_free gives it back.
 * => FALSE with ERROR_PATH_NOT_FOUND for an empty or impossible name */
BOOL nt_path(const WCHAR *dos, UNICODE_STRING *nt)
{
    if (!dos || !dos[0])
        return fail_error(ERROR_PATH_NOT_FOUND);
    if (!RtlDosPathNameToNtPathName_U(dos, nt, NULL, NULL))
        return fail_error(ERROR_PATH_NOT_FOUND);
    return TRUE;
}

void nt_path_free(UNICODE_STRING *nt)
{
    RtlFreeUnicodeString(nt);
}

ULONG GetCurrentDirectoryW(ULONG size, WCHAR *buffer)
{
    return RtlGetCurrentDirectory_U(size * sizeof(WCHAR), buffer) / sizeof(WCHAR);
}

ULONG GetCurrentDirectoryA(ULONG size, char *buffer)
{
    WCHAR wide[MAX_PATH + 2];
    ULONG length = GetCurrentDirectoryW(sizeof wide / sizeof *wide, wide);
    return copy_out_ansi(wide, length, buffer, size);
}

BOOL SetCurrentDirectoryW(const WCHAR *path)
{
    UNICODE_STRING name;
    if (!path || !path[0])
        return fail_error(ERROR_INVALID_NAME);
    RtlInitUnicodeString(&name, path);
    return done(RtlSetCurrentDirectory_U(&name));
}

BOOL SetCurrentDirectoryA(const char *path)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return FALSE;
    BOOL result = SetCurrentDirectoryW(arg.text);
    wide_arg_deinit(&arg);
    return result;
}

ULONG GetTempPathW(ULONG size, WCHAR *buffer)
{
    static const WCHAR *const variables[] = {L"TMP", L"TEMP", L"USERPROFILE"};
    WCHAR path[MAX_PATH + 1];
    ULONG length = 0;
    for (ULONG i = 0; !length && i < 3; i++)
        length = GetEnvironmentVariableW(variables[i], path, MAX_PATH);
    if (!length || length >= MAX_PATH)
        length = GetWindowsDirectoryW(path, MAX_PATH);
    if (path[length - 1] != '\\')
        path[length++] = '\\';
    path[length] = 0;
    return copy_out_wide(path, length, buffer, size);
}

ULONG GetTempPathA(ULONG size, char *buffer)
{
    WCHAR path[MAX_PATH + 1];
    ULONG length = GetTempPathW(MAX_PATH + 1, path);
    return copy_out_ansi(path, length, buffer, size);
}

/* One attempt of GetTempFileName: directory\preXXXX.tmp. */
static ULONG temp_name(const WCHAR *directory, const WCHAR *prefix, USHORT unique, WCHAR *buffer)
{
    static const WCHAR digits[] = L"0123456789ABCDEF";
    ULONG n = wide_length(directory);
    copy_bytes(buffer, directory, n * sizeof(WCHAR));
    if (n && buffer[n - 1] != '\\')
        buffer[n++] = '\\';
    for (ULONG i = 0; i < 3 && prefix && prefix[i]; i++)
        buffer[n++] = prefix[i];
    int shift = 12;
    while (shift && !(unique >> shift))
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        buffer[n++] = digits[unique >> shift & 0xF];
    copy_bytes(buffer + n, L".tmp", 5 * sizeof(WCHAR));
    return n + 4;
}

UINT GetTempFileNameW(const WCHAR *directory, const WCHAR *prefix, UINT unique, WCHAR *buffer)
{
    if (wide_length(directory) > MAX_PATH - 14) {
        SetLastError(ERROR_BUFFER_OVERFLOW);
        return 0;
    }
    if (unique & 0xFFFF) {
        temp_name(directory, prefix, (USHORT)unique, buffer);
        return unique & 0xFFFF;
    }
    USHORT number = (USHORT)GetTickCount();
    for (ULONG attempt = 0; attempt < 0x10000; attempt++) {
        if (++number == 0)
            number = 1;
        temp_name(directory, prefix, number, buffer);
        HANDLE file =
            CreateFileW(buffer, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        if (file != INVALID_HANDLE_VALUE) {
            CloseHandle(file);
            return number;
        }
        if (GetLastError() != ERROR_FILE_EXISTS)
            return 0;
    }
    SetLastError(ERROR_FILE_EXISTS);
    return 0;
}

UINT GetTempFileNameA(const char *directory, const char *prefix, UINT unique, char *buffer)
{
    struct wide_arg dir, pre;
    WCHAR wide[MAX_PATH];
    UINT result = 0;
    if (!wide_arg_init(&dir, directory))
        return 0;
    if (wide_arg_init(&pre, prefix)) {
        result = GetTempFileNameW(dir.text, pre.text, unique, wide);
        if (result)
            copy_out_ansi(wide, wide_length(wide), buffer, MAX_PATH);
        wide_arg_deinit(&pre);
    }
    wide_arg_deinit(&dir);
    return result;
}
