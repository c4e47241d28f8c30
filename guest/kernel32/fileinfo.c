/* guest/kernel32/fileinfo.c: what an open file is, by classes; names in other forms; searching a
 * path. There are no short (8.3) names: the short form of a name is the name itself, as on volumes
 * where they are switched off. Source: GetFileInformationByHandleEx, GetFinalPathNameByHandle,
 * SearchPath, documentation. */
#include "k32.h"

#define VOLUME_NAME_NONE 4u
#define VOLUME_NAME_NT 2u
#define FILE_NAME_OPENED 8u
#define LONGEST_PATH 32767u

/* FILE_INFO_BY_HANDLE_CLASS and NT's classes; the structures are the same. */
static const struct {
    ULONG class, size; /* least size */
    BOOL settable;
} classes[] = {
    [0] = {FileBasicInformation, sizeof(FILE_BASIC_INFORMATION), TRUE},
    [1] = {FileStandardInformation, sizeof(FILE_STANDARD_INFORMATION), FALSE},
    [2] = {FileNameInformation, sizeof(FILE_NAME_INFORMATION), FALSE},
    [3] = {FileRenameInformation, sizeof(FILE_RENAME_INFORMATION), TRUE},
    [4] = {FileDispositionInformation, sizeof(FILE_DISPOSITION_INFORMATION), TRUE},
    [5] = {FileAllocationInformation, sizeof(FILE_ALLOCATION_INFORMATION), TRUE},
    [6] = {FileEndOfFileInformation, sizeof(FILE_END_OF_FILE_INFORMATION), TRUE},
};

#define CLASSES (sizeof classes / sizeof *classes)
#define LAST_CLASS_OF_WINDOWS_7 13u
#define FIRST_CLASS_TO_SET_ONLY 3u

BOOL GetFileInformationByHandleEx(HANDLE file, ULONG class, void *info, ULONG size)
{
    IO_STATUS_BLOCK iosb;
    if (class >= CLASSES || class >= FIRST_CLASS_TO_SET_ONLY)
        return fail_error(class < CLASSES || class > LAST_CLASS_OF_WINDOWS_7
                              ? ERROR_INVALID_PARAMETER
                              : ERROR_NOT_SUPPORTED);
    if (size < classes[class].size)
        return fail_error(ERROR_BAD_LENGTH);
    return done(NtQueryInformationFile(file, &iosb, info, size, classes[class].class));
}

BOOL SetFileInformationByHandle(HANDLE file, ULONG class, void *info, ULONG size)
{
    IO_STATUS_BLOCK iosb;
    if (class >= CLASSES || !classes[class].settable)
        return fail_error(class <= LAST_CLASS_OF_WINDOWS_7 && class >= CLASSES
                              ? ERROR_NOT_SUPPORTED
                              : ERROR_INVALID_PARAMETER);
    if (size < classes[class].size)
        return fail_error(ERROR_BAD_LENGTH);
    return done(NtSetInformationFile(file, &iosb, info, size, classes[class].class));
}

/* The path as it is on the volume, behind \\?\C: or nothing. => characters, the end not included,
 * or the room needed with it; 0 with the last error */
ULONG GetFinalPathNameByHandleW(HANDLE file, WCHAR *path, ULONG size, ULONG flags)
{
    static const WCHAR drive[] = L"\\\\?\\C:", device[] = L"\\Device\\HarddiskVolume1";
    union {
        FILE_NAME_INFORMATION info;
        UCHAR room[sizeof(FILE_NAME_INFORMATION) + MAX_PATH * 4];
    } name;
    IO_STATUS_BLOCK iosb;
    const WCHAR *prefix = flags & VOLUME_NAME_NT ? device : flags & VOLUME_NAME_NONE ? L"" : drive;
    if (flags & ~(VOLUME_NAME_NT | VOLUME_NAME_NONE | FILE_NAME_OPENED)) {
        fail_error(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (GetFileType(file) != FILE_TYPE_DISK) {
        fail_error(ERROR_INVALID_HANDLE);
        return 0;
    }
    if (!done(NtQueryInformationFile(file, &iosb, &name, sizeof name, FileNameInformation)))
        return 0;
    ULONG start = wide_length(prefix), length = name.info.FileNameLength / sizeof(WCHAR);
    if (start + length >= size) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return start + length + 1;
    }
    copy_bytes(path, prefix, start * sizeof(WCHAR));
    copy_bytes(path + start, name.info.FileName, length * sizeof(WCHAR));
    path[start + length] = 0;
    return start + length;
}

ULONG GetFinalPathNameByHandleA(HANDLE file, char *path, ULONG size, ULONG flags)
{
    WCHAR wide[2 * MAX_PATH];
    ULONG length = GetFinalPathNameByHandleW(file, wide, 2 * MAX_PATH, flags);
    return length ? copy_out_ansi(wide, length, path, size) : 0;
}

/* Each name of a path as the folder has it. => as GetFullPathName */
ULONG GetLongPathNameW(const WCHAR *path, WCHAR *buffer, ULONG size)
{
    WCHAR text[MAX_PATH], found[MAX_PATH * 2];
    ULONG length = path ? wide_length(path) : 0, out = 0;
    if (!length || length >= MAX_PATH || GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) {
        if (!length || length >= MAX_PATH)
            fail_error(length ? ERROR_FILENAME_EXCED_RANGE : ERROR_INVALID_PARAMETER);
        return 0;
    }
    for (ULONG at = 0; at < length;) {
        ULONG end = at;
        while (end < length && path[end] != '\\' && path[end] != '/')
            end++;
        BOOL dots = path[at] == '.' && (end == at + 1 || (end == at + 2 && path[at + 1] == '.'));
        WIN32_FIND_DATAW data;
        HANDLE search = INVALID_HANDLE_VALUE;
        if (end > at && path[end - 1] != ':' && !dots) {
            copy_bytes(text, path, end * sizeof(WCHAR));
            text[end] = 0;
            search = FindFirstFileW(text, &data);
        }
        const WCHAR *part = search == INVALID_HANDLE_VALUE ? path + at : data.cFileName;
        ULONG count = search == INVALID_HANDLE_VALUE ? end - at : wide_length(part);
        if (out + count + 1 >= MAX_PATH * 2)
            break;
        copy_bytes(found + out, part, count * sizeof(WCHAR));
        out += count;
        if (end < length)
            found[out++] = path[end++];
        if (search != INVALID_HANDLE_VALUE)
            FindClose(search);
        at = end;
    }
    return copy_out_wide(found, out, buffer, size);
}

ULONG GetShortPathNameW(const WCHAR *path, WCHAR *buffer, ULONG size)
{
    if (!path || !*path) {
        fail_error(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES)
        return 0;
    return copy_out_wide(path, wide_length(path), buffer, size);
}

typedef ULONG name_function(const WCHAR *path, WCHAR *buffer, ULONG size);

static ULONG name_ansi(name_function *function, const char *path, char *buffer, ULONG size)
{
    WCHAR wide[MAX_PATH * 2];
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return 0;
    ULONG length = function(arg.text, wide, MAX_PATH * 2);
    wide_arg_deinit(&arg);
    return length && length < MAX_PATH * 2 ? copy_out_ansi(wide, length, buffer, size) : length;
}

ULONG GetLongPathNameA(const char *path, char *buffer, ULONG size)
{
    return name_ansi(GetLongPathNameW, path, buffer, size);
}

ULONG GetShortPathNameA(const char *path, char *buffer, ULONG size)
{
    return name_ansi(GetShortPathNameW, path, buffer, size);
}

/* The folders that are searched when no path is given: as for DLLs, of which the process was told.
 */
static ULONG default_path(WCHAR *path, ULONG size)
{
    WCHAR folder[MAX_PATH];
    ULONG length = GetModuleFileNameW(NULL, path, MAX_PATH);
    while (length && path[length - 1] != '\\')
        length--;
    path[length++] = ';';
    path[length++] = '.';
    path[length++] = ';';
    ULONG part = GetSystemDirectoryW(folder, MAX_PATH);
    copy_bytes(path + length, folder, part * sizeof(WCHAR));
    length += part;
    path[length++] = ';';
    part = GetWindowsDirectoryW(folder, MAX_PATH);
    copy_bytes(path + length, folder, part * sizeof(WCHAR));
    length += part;
    path[length++] = ';';
    part = GetEnvironmentVariableW(L"PATH", path + length, size - length);
    length += part < size - length ? part : 0;
    path[length] = 0;
    return length;
}

ULONG SearchPathW(const WCHAR *path, const WCHAR *name, const WCHAR *extension, ULONG size,
                  WCHAR *buffer, WCHAR **file_part)
{
    WCHAR *found = NULL, *folders = NULL, *part = NULL;
    ULONG result = 0;
    if (!name || !*name) {
        fail_error(ERROR_INVALID_PARAMETER);
        return 0;
    }
    found = heap_alloc((LONGEST_PATH + 1) * sizeof(WCHAR));
    folders = path ? NULL : heap_alloc((LONGEST_PATH + 1) * sizeof(WCHAR));
    if (found && (path || folders)) {
        if (folders)
            default_path(folders, LONGEST_PATH);
        ULONG bytes = RtlDosSearchPath_U(path ? path : folders, name, extension,
                                         LONGEST_PATH * sizeof(WCHAR), found, &part);
        if (bytes)
            result = copy_out_wide(found, bytes / sizeof(WCHAR), buffer, size);
        else
            fail_error(ERROR_FILE_NOT_FOUND);
    }
    if (file_part)
        *file_part = result && result < size && part ? buffer + (part - found) : NULL;
    heap_free(found);
    heap_free(folders);
    return result;
}

ULONG SearchPathA(const char *path, const char *name, const char *extension, ULONG size,
                  char *buffer, char **file_part)
{
    struct wide_arg a = {0}, b = {0}, c = {0};
    WCHAR found[MAX_PATH * 2];
    ULONG result = 0;
    if (wide_arg_init(&a, path) && wide_arg_init(&b, name) && wide_arg_init(&c, extension)) {
        result = SearchPathW(a.text, b.text, c.text, MAX_PATH * 2, found, NULL);
        if (result && result < MAX_PATH * 2)
            result = copy_out_ansi(found, result, buffer, size);
    }
    if (file_part) {
        *file_part = NULL;
        for (char *p = buffer; result && result < size && *p; p++)
            if (*p == '\\')
                *file_part = p + 1;
    }
    wide_arg_deinit(&a);
    wide_arg_deinit(&b);
    wide_arg_deinit(&c);
    return result;
}

HANDLE FindFirstFileExA(const char *path, ULONG level, void *data, ULONG op, void *filter,
                        ULONG flags)
{
    const ULONG levels = 2, operations = 2; /* device searches are not supported, as documented */
    (void)filter, (void)flags;
    if (level >= levels || op >= operations) {
        SetLastError(op == operations ? ERROR_NOT_SUPPORTED : ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    return FindFirstFileA(path, data);
}
