/* guest/kernel32/directory.c: files by name: deleting, moving, copying, attributes, listing. */
#include "k32.h"

/* Open a file by its Win32 name for one purpose. => NULL with the last error set */
static HANDLE open_path(const WCHAR *path, ULONG access, ULONG options)
{
    UNICODE_STRING name;
    HANDLE handle = NULL;
    IO_STATUS_BLOCK iosb;
    if (!nt_path(path, &name))
        return NULL;
    OBJECT_ATTRIBUTES attributes = {
        .Length = sizeof attributes, .ObjectName = &name, .Attributes = OBJ_CASE_INSENSITIVE};
    NTSTATUS status =
        NtOpenFile(&handle, access | SYNCHRONIZE, &attributes, &iosb,
                   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                   options | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT);
    nt_path_free(&name);
    if (status == STATUS_FILE_IS_A_DIRECTORY) {
        SetLastError(ERROR_ACCESS_DENIED);
        return NULL;
    }
    return done(status) ? handle : NULL;
}

static BOOL delete_path(const WCHAR *path, ULONG options)
{
    FILE_DISPOSITION_INFORMATION disposition = {.DeleteFile = TRUE};
    IO_STATUS_BLOCK iosb;
    HANDLE handle = open_path(path, DELETE | FILE_READ_ATTRIBUTES, options);
    if (!handle)
        return FALSE;
    NTSTATUS status = NtSetInformationFile(handle, &iosb, &disposition, sizeof disposition,
                                           FileDispositionInformation);
    NtClose(handle);
    return status == STATUS_CANNOT_DELETE ? fail_error(ERROR_ACCESS_DENIED) : done(status);
}

BOOL DeleteFileW(const WCHAR *path)
{
    return delete_path(path, FILE_NON_DIRECTORY_FILE);
}

BOOL RemoveDirectoryW(const WCHAR *path)
{
    return delete_path(path, FILE_DIRECTORY_FILE);
}

BOOL CreateDirectoryW(const WCHAR *path, const SECURITY_ATTRIBUTES *security)
{
    UNICODE_STRING name;
    HANDLE handle = NULL;
    IO_STATUS_BLOCK iosb;
    if (!nt_path(path, &name))
        return FALSE;
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .ObjectName = &name,
                                    .Attributes = OBJ_CASE_INSENSITIVE,
                                    .SecurityDescriptor =
                                        security ? security->lpSecurityDescriptor : NULL};
    NTSTATUS status =
        NtCreateFile(&handle, FILE_LIST_DIRECTORY | SYNCHRONIZE, &attributes, &iosb, NULL,
                     FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE,
                     FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    nt_path_free(&name);
    if (NT_SUCCESS(status))
        NtClose(handle);
    return status == STATUS_OBJECT_NAME_COLLISION ? fail_error(ERROR_ALREADY_EXISTS) : done(status);
}

/* Give a file another name on its volume, as well or instead: the name travels behind
 * FILE_RENAME_INFORMATION, whose layout FILE_LINK_INFORMATION shares. */
static NTSTATUS name_open(HANDLE handle, const UNICODE_STRING *to, BOOL replace, ULONG class)
{
    ULONG size = (ULONG)offsetof(FILE_RENAME_INFORMATION, FileName) + to->Length + sizeof(WCHAR);
    FILE_RENAME_INFORMATION *info = heap_alloc(size);
    IO_STATUS_BLOCK iosb;
    if (!info)
        return STATUS_NO_MEMORY;
    *info = (FILE_RENAME_INFORMATION){.ReplaceIfExists = (BOOLEAN)replace,
                                      .FileNameLength = to->Length};
    copy_bytes(info->FileName, to->Buffer, to->Length);
    NTSTATUS status = NtSetInformationFile(handle, &iosb, info, size, class);
    heap_free(info);
    return status;
}

BOOL MoveFileExW(const WCHAR *from, const WCHAR *to, ULONG flags)
{
    UNICODE_STRING target;
    HANDLE handle = open_path(from, DELETE | FILE_READ_ATTRIBUTES, 0);
    if (!handle)
        return FALSE;
    if (!nt_path(to, &target)) {
        NtClose(handle);
        return FALSE;
    }
    NTSTATUS status =
        name_open(handle, &target, (flags & MOVEFILE_REPLACE_EXISTING) != 0, FileRenameInformation);
    NtClose(handle);
    nt_path_free(&target);
    if (status == STATUS_NOT_SAME_DEVICE && flags & MOVEFILE_COPY_ALLOWED)
        return CopyFileW(from, to, !(flags & MOVEFILE_REPLACE_EXISTING)) && DeleteFileW(from);
    return status == STATUS_OBJECT_NAME_COLLISION ? fail_error(ERROR_ALREADY_EXISTS) : done(status);
}

BOOL CreateHardLinkW(const WCHAR *name, const WCHAR *existing, SECURITY_ATTRIBUTES *reserved)
{
    UNICODE_STRING target;
    if (reserved)
        return fail_error(ERROR_INVALID_PARAMETER);
    HANDLE handle = open_path(existing, FILE_WRITE_ATTRIBUTES, FILE_NON_DIRECTORY_FILE);
    if (!handle)
        return FALSE;
    NTSTATUS status = STATUS_OBJECT_NAME_INVALID;
    if (nt_path(name, &target)) {
        status = name_open(handle, &target, FALSE, FileLinkInformation);
        nt_path_free(&target);
    }
    NtClose(handle);
    return status == STATUS_OBJECT_NAME_COLLISION ? fail_error(ERROR_ALREADY_EXISTS) : done(status);
}

BOOL MoveFileW(const WCHAR *from, const WCHAR *to)
{
    return MoveFileExW(from, to, MOVEFILE_COPY_ALLOWED);
}

#define COPY_CHUNK 0x10000u

static BOOL copy_contents(HANDLE source, HANDLE target)
{
    void *buffer = heap_alloc(COPY_CHUNK);
    ULONG got, put;
    BOOL ok = buffer != NULL;
    while (ok && (ok = ReadFile(source, buffer, COPY_CHUNK, &got, NULL)) && got)
        ok = WriteFile(target, buffer, got, &put, NULL) && put == got;
    heap_free(buffer);
    return ok;
}

/* Copy contents, attributes and the time of the last write. A half-made copy is deleted. */
BOOL CopyFileW(const WCHAR *from, const WCHAR *to, BOOL fail_if_exists)
{
    HANDLE source = CreateFileW(from, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                OPEN_EXISTING, 0, NULL);
    if (source == INVALID_HANDLE_VALUE)
        return FALSE;
    HANDLE target =
        CreateFileW(to, GENERIC_WRITE, 0, NULL, fail_if_exists ? CREATE_NEW : CREATE_ALWAYS,
                    FILE_ATTRIBUTE_NORMAL, NULL);
    if (target == INVALID_HANDLE_VALUE) {
        ULONG error = GetLastError();
        CloseHandle(source);
        return fail_error(error);
    }
    FILETIME written;
    BOOL ok = copy_contents(source, target);
    ULONG error = GetLastError();
    if (ok && GetFileTime(source, NULL, NULL, &written))
        SetFileTime(target, NULL, NULL, &written);
    CloseHandle(source);
    CloseHandle(target);
    if (ok)
        return TRUE;
    DeleteFileW(to);
    return fail_error(error);
}

static BOOL query_path(const WCHAR *path, FILE_NETWORK_OPEN_INFORMATION *info)
{
    UNICODE_STRING name;
    if (!nt_path(path, &name))
        return FALSE;
    OBJECT_ATTRIBUTES attributes = {
        .Length = sizeof attributes, .ObjectName = &name, .Attributes = OBJ_CASE_INSENSITIVE};
    NTSTATUS status = NtQueryFullAttributesFile(&attributes, info);
    nt_path_free(&name);
    return done(status);
}

ULONG GetFileAttributesW(const WCHAR *path)
{
    FILE_NETWORK_OPEN_INFORMATION info;
    return query_path(path, &info) ? info.FileAttributes : INVALID_FILE_ATTRIBUTES;
}

BOOL GetFileAttributesExW(const WCHAR *path, ULONG level, WIN32_FILE_ATTRIBUTE_DATA *out)
{
    FILE_NETWORK_OPEN_INFORMATION info;
    if (level != 0)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (!query_path(path, &info))
        return FALSE;
    *out = (WIN32_FILE_ATTRIBUTE_DATA){
        .dwFileAttributes = info.FileAttributes,
        .ftCreationTime = filetime_of(info.CreationTime),
        .ftLastAccessTime = filetime_of(info.LastAccessTime),
        .ftLastWriteTime = filetime_of(info.LastWriteTime),
        .nFileSizeHigh = (ULONG)info.EndOfFile.HighPart,
        .nFileSizeLow = info.EndOfFile.LowPart,
    };
    return TRUE;
}

BOOL SetFileAttributesW(const WCHAR *path, ULONG attributes)
{
    FILE_BASIC_INFORMATION basic = {0};
    IO_STATUS_BLOCK iosb;
    HANDLE handle = open_path(path, FILE_WRITE_ATTRIBUTES, 0);
    if (!handle)
        return FALSE;
    basic.FileAttributes = (attributes & FILE_ATTRIBUTE_VALID_FLAGS) | FILE_ATTRIBUTE_NORMAL;
    NTSTATUS status =
        NtSetInformationFile(handle, &iosb, &basic, sizeof basic, FileBasicInformation);
    NtClose(handle);
    return done(status);
}

/* Listing. A search is a directory handle and one buffer of entries. */
#define SEARCH_BUFFER 4096u

struct search {
    HANDLE directory;
    const FILE_BOTH_DIR_INFORMATION *next; /* NULL: ask for more */
    _Alignas(8) UCHAR buffer[SEARCH_BUFFER];
};

static NTSTATUS read_entries(struct search *search, UNICODE_STRING *pattern)
{
    IO_STATUS_BLOCK iosb;
    NTSTATUS status =
        NtQueryDirectoryFile(search->directory, NULL, NULL, NULL, &iosb, search->buffer,
                             SEARCH_BUFFER, FileBothDirectoryInformation, FALSE, pattern, FALSE);
    if (NT_SUCCESS(status))
        search->next = (const FILE_BOTH_DIR_INFORMATION *)search->buffer;
    return status;
}

static void take_entry(struct search *search, WIN32_FIND_DATAW *out)
{
    const FILE_BOTH_DIR_INFORMATION *entry = search->next;
    ULONG length = entry->FileNameLength / sizeof(WCHAR);
    if (length >= MAX_PATH)
        length = MAX_PATH - 1;
    *out = (WIN32_FIND_DATAW){
        .dwFileAttributes = entry->FileAttributes,
        .ftCreationTime = filetime_of((LARGE_INTEGER){.QuadPart = entry->CreationTime}),
        .ftLastAccessTime = filetime_of((LARGE_INTEGER){.QuadPart = entry->LastAccessTime}),
        .ftLastWriteTime = filetime_of((LARGE_INTEGER){.QuadPart = entry->LastWriteTime}),
        .nFileSizeHigh = (ULONG)(entry->EndOfFile >> 32),
        .nFileSizeLow = (ULONG)entry->EndOfFile,
    };
    copy_bytes(out->cFileName, entry->FileName, length * sizeof(WCHAR));
    if (entry->ShortNameLength > 0 &&
        (ULONG)entry->ShortNameLength < sizeof out->cAlternateFileName)
        copy_bytes(out->cAlternateFileName, entry->ShortName, (ULONG)entry->ShortNameLength);
    search->next =
        entry->NextEntryOffset
            ? (const FILE_BOTH_DIR_INFORMATION *)((const UCHAR *)entry + entry->NextEntryOffset)
            : NULL;
}

/* Split "folder\pattern"; the folder keeps its backslash, and is "." when there is none. */
static ULONG split_pattern(const WCHAR *path, WCHAR folder[MAX_PATH + 2])
{
    ULONG last = 0, length = wide_length(path);
    if (length > MAX_PATH)
        return length + 1;
    for (ULONG i = 0; i < length; i++)
        if (path[i] == '\\' || path[i] == '/' || path[i] == ':')
            last = i + 1;
    copy_bytes(folder, path, last * sizeof(WCHAR));
    if (!last)
        folder[last++] = '.';
    folder[last] = 0;
    return last == 1 && folder[0] == '.' ? 0 : last;
}

HANDLE FindFirstFileExW(const WCHAR *path, ULONG level, void *data, ULONG op, void *filter,
                        ULONG flags)
{
    WCHAR folder[MAX_PATH + 2];
    (void)level, (void)op, (void)filter, (void)flags; /* each only narrows what is returned */
    ULONG name_at = path ? split_pattern(path, folder) : 0;
    if (!path || name_at > wide_length(path) || !path[name_at]) {
        SetLastError(path && name_at <= wide_length(path) ? ERROR_FILE_NOT_FOUND
                                                          : ERROR_PATH_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    struct search *search = heap_alloc(sizeof *search);
    if (!search)
        return INVALID_HANDLE_VALUE;
    search->directory = open_path(folder, FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE);
    if (!search->directory) {
        if (GetLastError() == ERROR_FILE_NOT_FOUND)
            SetLastError(ERROR_PATH_NOT_FOUND);
        heap_free(search);
        return INVALID_HANDLE_VALUE;
    }
    UNICODE_STRING pattern;
    const WCHAR *name = path + name_at;
    BOOL everything = name[0] == '*' && name[1] == '.' && name[2] == '*' && !name[3];
    RtlInitUnicodeString(&pattern, everything ? L"*" : name);
    NTSTATUS status = read_entries(search, &pattern);
    if (!NT_SUCCESS(status)) {
        NtClose(search->directory);
        heap_free(search);
        if (status == STATUS_NO_SUCH_FILE || status == STATUS_NO_MORE_FILES)
            SetLastError(ERROR_FILE_NOT_FOUND);
        else
            fail_status(status);
        return INVALID_HANDLE_VALUE;
    }
    take_entry(search, data);
    return search;
}

HANDLE FindFirstFileW(const WCHAR *path, WIN32_FIND_DATAW *data)
{
    return FindFirstFileExW(path, 0, data, 0, NULL, 0);
}

BOOL FindNextFileW(HANDLE handle, WIN32_FIND_DATAW *data)
{
    struct search *search = handle;
    if (!handle || handle == INVALID_HANDLE_VALUE)
        return fail_error(ERROR_INVALID_HANDLE);
    if (!search->next && !done(read_entries(search, NULL)))
        return FALSE;
    take_entry(search, data);
    return TRUE;
}

BOOL FindClose(HANDLE handle)
{
    struct search *search = handle;
    if (!handle || handle == INVALID_HANDLE_VALUE)
        return fail_error(ERROR_INVALID_HANDLE);
    NtClose(search->directory);
    heap_free(search);
    return TRUE;
}

#define DRIVE_UNKNOWN 0u
#define DRIVE_NO_ROOT_DIR 1u
#define DRIVE_FIXED 3u

UINT GetDriveTypeW(const WCHAR *root)
{
    HANDLE handle = open_path(root ? root : L"\\", FILE_READ_ATTRIBUTES, FILE_DIRECTORY_FILE);
    if (!handle)
        return DRIVE_NO_ROOT_DIR;
    ULONG type = GetFileType(handle);
    NtClose(handle);
    return type == FILE_TYPE_DISK ? DRIVE_FIXED : DRIVE_UNKNOWN;
}

/* Drive letters that open. */
ULONG GetLogicalDrives(void)
{
    ULONG mask = 0;
    for (WCHAR letter = 'A'; letter <= 'Z'; letter++) {
        WCHAR root[] = {letter, ':', '\\', 0};
        if (GetDriveTypeW(root) != DRIVE_NO_ROOT_DIR)
            mask |= 1u << (letter - 'A');
    }
    return mask;
}

static BOOL volume_size(const WCHAR *path, FILE_FS_SIZE_INFORMATION *size)
{
    IO_STATUS_BLOCK iosb;
    HANDLE handle = open_path(path ? path : L"\\", FILE_READ_ATTRIBUTES, FILE_DIRECTORY_FILE);
    if (!handle)
        return FALSE;
    NTSTATUS status =
        NtQueryVolumeInformationFile(handle, &iosb, size, sizeof *size, FileFsSizeInformation);
    NtClose(handle);
    return done(status);
}

BOOL GetDiskFreeSpaceExW(const WCHAR *path, LARGE_INTEGER *available, LARGE_INTEGER *total,
                         LARGE_INTEGER *free_bytes)
{
    FILE_FS_SIZE_INFORMATION size;
    if (!volume_size(path, &size))
        return FALSE;
    LONG64 unit = (LONG64)size.SectorsPerAllocationUnit * size.BytesPerSector;
    if (available)
        available->QuadPart = size.AvailableAllocationUnits * unit;
    if (total)
        total->QuadPart = size.TotalAllocationUnits * unit;
    if (free_bytes)
        free_bytes->QuadPart = size.AvailableAllocationUnits * unit;
    return TRUE;
}

BOOL GetDiskFreeSpaceW(const WCHAR *path, ULONG *sectors, ULONG *bytes, ULONG *available,
                       ULONG *total)
{
    FILE_FS_SIZE_INFORMATION size;
    if (!volume_size(path, &size))
        return FALSE;
    *sectors = size.SectorsPerAllocationUnit;
    *bytes = size.BytesPerSector;
    *available = (ULONG)size.AvailableAllocationUnits;
    *total = (ULONG)size.TotalAllocationUnits;
    return TRUE;
}
