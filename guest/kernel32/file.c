/* guest/kernel32/file.c: opening, reading and writing files, and the position in them. */
#include "k32.h"

FILETIME filetime_of(LARGE_INTEGER time)
{
    return (FILETIME){time.LowPart, (ULONG)time.HighPart};
}

static ULONG nt_options(ULONG access, ULONG flags)
{
    ULONG options = 0;
    if (!(flags & FILE_FLAG_OVERLAPPED))
        options |= FILE_SYNCHRONOUS_IO_NONALERT;
    if (flags & FILE_FLAG_BACKUP_SEMANTICS) {
        if (access & (GENERIC_READ | GENERIC_WRITE | GENERIC_ALL))
            options |= FILE_OPEN_FOR_BACKUP_INTENT;
    } else {
        options |= FILE_NON_DIRECTORY_FILE;
    }
    if (flags & FILE_FLAG_WRITE_THROUGH)
        options |= FILE_WRITE_THROUGH;
    if (flags & FILE_FLAG_NO_BUFFERING)
        options |= FILE_NO_INTERMEDIATE_BUFFERING;
    if (flags & FILE_FLAG_RANDOM_ACCESS)
        options |= FILE_RANDOM_ACCESS;
    if (flags & FILE_FLAG_SEQUENTIAL_SCAN)
        options |= FILE_SEQUENTIAL_ONLY;
    if (flags & FILE_FLAG_DELETE_ON_CLOSE)
        options |= FILE_DELETE_ON_CLOSE;
    return options;
}

/* Source: CreateFile documentation; its dispositions are numbered from CREATE_NEW = 1. */
static const ULONG nt_dispositions[] = {0,         FILE_CREATE,  FILE_OVERWRITE_IF,
                                        FILE_OPEN, FILE_OPEN_IF, FILE_OVERWRITE};

static void created_file(ULONG disposition, NTSTATUS status, const IO_STATUS_BLOCK *iosb)
{
    if (status == STATUS_OBJECT_NAME_COLLISION && disposition == CREATE_NEW)
        SetLastError(ERROR_FILE_EXISTS);
    else if (status == STATUS_FILE_IS_A_DIRECTORY)
        SetLastError(ERROR_ACCESS_DENIED);
    else if (!NT_SUCCESS(status))
        fail_status(status);
    else if ((disposition == CREATE_ALWAYS && iosb->Information == FILE_OVERWRITTEN) ||
             (disposition == OPEN_ALWAYS && iosb->Information == FILE_OPENED))
        SetLastError(ERROR_ALREADY_EXISTS);
    else
        SetLastError(ERROR_SUCCESS);
}

HANDLE CreateFileW(const WCHAR *path, ULONG access, ULONG share,
                   const SECURITY_ATTRIBUTES *security, ULONG disposition, ULONG flags,
                   HANDLE template)
{
    UNICODE_STRING name;
    HANDLE handle = INVALID_HANDLE_VALUE;
    IO_STATUS_BLOCK iosb = {0};

    (void)template; /* extended attributes only */
    if (disposition < CREATE_NEW || disposition > TRUNCATE_EXISTING) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    if (!nt_path(path, &name))
        return INVALID_HANDLE_VALUE;
    ULONG inherit = security && security->bInheritHandle ? OBJ_INHERIT : 0;
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .ObjectName = &name,
                                    .Attributes = OBJ_CASE_INSENSITIVE | inherit,
                                    .SecurityDescriptor =
                                        security ? security->lpSecurityDescriptor : NULL};
    if (flags & FILE_FLAG_DELETE_ON_CLOSE)
        access |= DELETE;
    BOOL trailing = name.Buffer[name.Length / sizeof(WCHAR) - 1] == '\\';
    NTSTATUS status = STATUS_OBJECT_NAME_INVALID;
    if (!trailing || flags & FILE_FLAG_BACKUP_SEMANTICS)
        status =
            NtCreateFile(&handle, access | SYNCHRONIZE | FILE_READ_ATTRIBUTES, &attributes, &iosb,
                         NULL, flags & FILE_ATTRIBUTE_VALID_FLAGS & ~FILE_ATTRIBUTE_DIRECTORY,
                         share, nt_dispositions[disposition], nt_options(access, flags), NULL, 0);
    nt_path_free(&name);
    created_file(disposition, status, &iosb);
    return NT_SUCCESS(status) ? handle : INVALID_HANDLE_VALUE;
}

HANDLE CreateFileA(const char *path, ULONG access, ULONG share, const SECURITY_ATTRIBUTES *security,
                   ULONG disposition, ULONG flags, HANDLE template)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return INVALID_HANDLE_VALUE;
    HANDLE handle = CreateFileW(arg.text, access, share, security, disposition, flags, template);
    wide_arg_deinit(&arg);
    return handle;
}

/* Standard handles may be named by their small numbers, as Windows' console does. */
static HANDLE file_handle(HANDLE handle)
{
    ULONG number = (ULONG)(ULONG64)handle;
    if (number == STD_INPUT_HANDLE || number == STD_OUTPUT_HANDLE || number == STD_ERROR_HANDLE)
        return GetStdHandle(number);
    return handle;
}

/* Finish a transfer: a synchronous caller waits, an overlapped one learns ERROR_IO_PENDING. */
static NTSTATUS settle(HANDLE handle, NTSTATUS status, IO_STATUS_BLOCK *iosb)
{
    if (status != STATUS_PENDING)
        return status;
    status = NtWaitForSingleObject(handle, FALSE, NULL);
    return NT_SUCCESS(status) ? iosb->Status : status;
}

static LARGE_INTEGER offset_of(const OVERLAPPED *overlapped)
{
    return (LARGE_INTEGER){
        .QuadPart = (LONG64)((ULONG64)overlapped->OffsetHigh << 32 | overlapped->Offset)};
}

BOOL ReadFile(HANDLE handle, void *buffer, ULONG size, ULONG *transferred, OVERLAPPED *overlapped)
{
    IO_STATUS_BLOCK local = {0};
    NTSTATUS status;

    handle = file_handle(handle);
    if (transferred)
        *transferred = 0;
    if (overlapped) {
        IO_STATUS_BLOCK *iosb = (IO_STATUS_BLOCK *)overlapped;
        LARGE_INTEGER offset = offset_of(overlapped);
        iosb->Status = STATUS_PENDING;
        status =
            NtReadFile(handle, overlapped->hEvent, NULL, NULL, iosb, buffer, size, &offset, NULL);
        if (NT_SUCCESS(status) && status != STATUS_PENDING && transferred)
            *transferred = (ULONG)iosb->Information;
        if (status == STATUS_PENDING)
            return fail_error(ERROR_IO_PENDING);
        return done(status);
    }
    status = NtReadFile(handle, NULL, NULL, NULL, &local, buffer, size, NULL, NULL);
    status = settle(handle, status, &local);
    if (status == STATUS_END_OF_FILE)
        return TRUE; /* no bytes, no error: the documented end of a file */
    if (transferred)
        *transferred = (ULONG)local.Information;
    return done(status);
}

BOOL WriteFile(HANDLE handle, const void *buffer, ULONG size, ULONG *transferred,
               OVERLAPPED *overlapped)
{
    IO_STATUS_BLOCK local = {0};
    NTSTATUS status;

    handle = file_handle(handle);
    if (transferred)
        *transferred = 0;
    if (overlapped) {
        IO_STATUS_BLOCK *iosb = (IO_STATUS_BLOCK *)overlapped;
        LARGE_INTEGER offset = offset_of(overlapped);
        iosb->Status = STATUS_PENDING;
        status = NtWriteFile(handle, overlapped->hEvent, NULL, NULL, iosb, (void *)buffer, size,
                             &offset, NULL);
        if (NT_SUCCESS(status) && status != STATUS_PENDING && transferred)
            *transferred = (ULONG)iosb->Information;
        if (status == STATUS_PENDING)
            return fail_error(ERROR_IO_PENDING);
        return done(status);
    }
    status = NtWriteFile(handle, NULL, NULL, NULL, &local, (void *)buffer, size, NULL, NULL);
    status = settle(handle, status, &local);
    if (transferred)
        *transferred = (ULONG)local.Information;
    return done(status);
}

BOOL GetOverlappedResult(HANDLE handle, OVERLAPPED *overlapped, ULONG *transferred, BOOL wait)
{
    if ((NTSTATUS)overlapped->Internal == STATUS_PENDING) {
        if (!wait)
            return fail_error(ERROR_IO_INCOMPLETE);
        HANDLE object = overlapped->hEvent ? overlapped->hEvent : handle;
        if (WaitForSingleObject(object, INFINITE) == WAIT_FAILED)
            return FALSE;
    }
    *transferred = (ULONG)overlapped->InternalHigh;
    return done((NTSTATUS)overlapped->Internal);
}

BOOL FlushFileBuffers(HANDLE handle)
{
    IO_STATUS_BLOCK iosb;
    return done(NtFlushBuffersFile(file_handle(handle), &iosb));
}

BOOL CloseHandle(HANDLE handle)
{
    return done(NtClose(file_handle(handle)));
}

static BOOL query_file(HANDLE handle, ULONG class, void *info, ULONG size)
{
    IO_STATUS_BLOCK iosb;
    return done(NtQueryInformationFile(handle, &iosb, info, size, class));
}

static BOOL set_file(HANDLE handle, ULONG class, void *info, ULONG size)
{
    IO_STATUS_BLOCK iosb;
    return done(NtSetInformationFile(handle, &iosb, info, size, class));
}

BOOL SetFilePointerEx(HANDLE handle, LARGE_INTEGER distance, LARGE_INTEGER *new_position,
                      ULONG method)
{
    LARGE_INTEGER position = {.QuadPart = 0};
    FILE_STANDARD_INFORMATION standard;

    if (method == FILE_CURRENT) {
        if (!query_file(handle, FilePositionInformation, &position, sizeof position))
            return FALSE;
    } else if (method == FILE_END) {
        if (!query_file(handle, FileStandardInformation, &standard, sizeof standard))
            return FALSE;
        position = standard.EndOfFile;
    } else if (method != FILE_BEGIN) {
        return fail_error(ERROR_INVALID_PARAMETER);
    }
    if (__builtin_add_overflow(position.QuadPart, distance.QuadPart, &position.QuadPart))
        return fail_error(ERROR_INVALID_PARAMETER);
    if (position.QuadPart < 0)
        return fail_error(ERROR_NEGATIVE_SEEK);
    if (!set_file(handle, FilePositionInformation, &position, sizeof position))
        return FALSE;
    if (new_position)
        *new_position = position;
    return TRUE;
}

ULONG SetFilePointer(HANDLE handle, LONG distance, LONG *distance_high, ULONG method)
{
    LARGE_INTEGER move = {.QuadPart = distance};
    LARGE_INTEGER position;
    if (distance_high) {
        move.LowPart = (ULONG)distance;
        move.HighPart = *distance_high;
    }
    if (!SetFilePointerEx(handle, move, &position, method))
        return INVALID_SET_FILE_POINTER;
    if (!distance_high && position.HighPart) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_SET_FILE_POINTER;
    }
    if (distance_high)
        *distance_high = position.HighPart;
    if (position.LowPart == INVALID_SET_FILE_POINTER)
        SetLastError(ERROR_SUCCESS);
    return position.LowPart;
}

BOOL SetEndOfFile(HANDLE handle)
{
    LARGE_INTEGER position;
    return query_file(handle, FilePositionInformation, &position, sizeof position) &&
           set_file(handle, FileEndOfFileInformation, &position, sizeof position);
}

BOOL GetFileSizeEx(HANDLE handle, LARGE_INTEGER *size)
{
    FILE_STANDARD_INFORMATION standard;
    if (!query_file(handle, FileStandardInformation, &standard, sizeof standard))
        return FALSE;
    *size = standard.EndOfFile;
    return TRUE;
}

ULONG GetFileSize(HANDLE handle, ULONG *high)
{
    LARGE_INTEGER size;
    if (!GetFileSizeEx(handle, &size))
        return INVALID_FILE_SIZE;
    if (high)
        *high = (ULONG)size.HighPart;
    if (size.LowPart == INVALID_FILE_SIZE)
        SetLastError(ERROR_SUCCESS);
    return size.LowPart;
}

ULONG GetFileType(HANDLE handle)
{
    FILE_FS_DEVICE_INFORMATION device;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtQueryVolumeInformationFile(file_handle(handle), &iosb, &device,
                                                   sizeof device, FileFsDeviceInformation);
    if (!NT_SUCCESS(status)) {
        fail_status(status);
        return FILE_TYPE_UNKNOWN;
    }
    SetLastError(ERROR_SUCCESS);
    switch (device.DeviceType) {
    case FILE_DEVICE_CONSOLE:
    case FILE_DEVICE_NULL:
        return FILE_TYPE_CHAR;
    case FILE_DEVICE_NAMED_PIPE:
        return FILE_TYPE_PIPE;
    case FILE_DEVICE_DISK:
    case FILE_DEVICE_CD_ROM:
        return FILE_TYPE_DISK;
    default:
        return FILE_TYPE_UNKNOWN;
    }
}

BOOL GetFileInformationByHandle(HANDLE handle, BY_HANDLE_FILE_INFORMATION *out)
{
    FILE_BASIC_INFORMATION basic;
    FILE_STANDARD_INFORMATION standard;
    LARGE_INTEGER index = {.QuadPart = 0};
    IO_STATUS_BLOCK iosb;

    if (!query_file(handle, FileBasicInformation, &basic, sizeof basic) ||
        !query_file(handle, FileStandardInformation, &standard, sizeof standard))
        return FALSE;
    /* Not every file system has indexes: 0 then. */
    NtQueryInformationFile(handle, &iosb, &index, sizeof index, FileInternalInformation);
    *out = (BY_HANDLE_FILE_INFORMATION){
        .dwFileAttributes = basic.FileAttributes,
        .ftCreationTime = filetime_of(basic.CreationTime),
        .ftLastAccessTime = filetime_of(basic.LastAccessTime),
        .ftLastWriteTime = filetime_of(basic.LastWriteTime),
        .nFileSizeHigh = (ULONG)standard.EndOfFile.HighPart,
        .nFileSizeLow = standard.EndOfFile.LowPart,
        .nNumberOfLinks = standard.NumberOfLinks,
        .nFileIndexHigh = (ULONG)index.HighPart,
        .nFileIndexLow = index.LowPart,
    };
    return TRUE;
}

BOOL GetFileTime(HANDLE handle, FILETIME *creation, FILETIME *access, FILETIME *write)
{
    FILE_BASIC_INFORMATION basic;
    if (!query_file(handle, FileBasicInformation, &basic, sizeof basic))
        return FALSE;
    if (creation)
        *creation = filetime_of(basic.CreationTime);
    if (access)
        *access = filetime_of(basic.LastAccessTime);
    if (write)
        *write = filetime_of(basic.LastWriteTime);
    return TRUE;
}

static LARGE_INTEGER time_of(const FILETIME *time)
{
    LARGE_INTEGER result = {.QuadPart = 0}; /* 0: leave as it is */
    if (time) {
        result.LowPart = time->dwLowDateTime;
        result.HighPart = (LONG)time->dwHighDateTime;
    }
    return result;
}

BOOL SetFileTime(HANDLE handle, const FILETIME *creation, const FILETIME *access,
                 const FILETIME *write)
{
    FILE_BASIC_INFORMATION basic = {.CreationTime = time_of(creation),
                                    .LastAccessTime = time_of(access),
                                    .LastWriteTime = time_of(write)};
    return set_file(handle, FileBasicInformation, &basic, sizeof basic);
}

/* Handles. */
BOOL DuplicateHandle(HANDLE source_process, HANDLE source, HANDLE target_process, HANDLE *target,
                     ULONG access, BOOL inherit, ULONG options)
{
    return done(NtDuplicateObject(source_process, file_handle(source), target_process, target,
                                  access, inherit ? OBJ_INHERIT : 0, options));
}

#define HANDLE_FLAG_INHERIT 1u
#define HANDLE_FLAG_PROTECT_FROM_CLOSE 2u

BOOL GetHandleInformation(HANDLE handle, ULONG *flags)
{
    OBJECT_HANDLE_FLAG_INFORMATION info;
    if (!done(NtQueryObject(handle, ObjectHandleFlagInformation, &info, sizeof info, NULL)))
        return FALSE;
    *flags = (info.Inherit ? HANDLE_FLAG_INHERIT : 0) |
             (info.ProtectFromClose ? HANDLE_FLAG_PROTECT_FROM_CLOSE : 0);
    return TRUE;
}

BOOL SetHandleInformation(HANDLE handle, ULONG mask, ULONG flags)
{
    OBJECT_HANDLE_FLAG_INFORMATION info;
    if (mask & ~(HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE))
        return fail_error(ERROR_INVALID_PARAMETER);
    if (!done(NtQueryObject(handle, ObjectHandleFlagInformation, &info, sizeof info, NULL)))
        return FALSE;
    if (mask & HANDLE_FLAG_INHERIT)
        info.Inherit = (flags & HANDLE_FLAG_INHERIT) != 0;
    if (mask & HANDLE_FLAG_PROTECT_FROM_CLOSE)
        info.ProtectFromClose = (flags & HANDLE_FLAG_PROTECT_FROM_CLOSE) != 0;
    return done(NtSetInformationObject(handle, ObjectHandleFlagInformation, &info, sizeof info));
}

static HANDLE *standard_slot(ULONG number)
{
    RTL_USER_PROCESS_PARAMETERS *parameters = current_peb()->ProcessParameters;
    switch (number) {
    case STD_INPUT_HANDLE:
        return &parameters->StandardInput;
    case STD_OUTPUT_HANDLE:
        return &parameters->StandardOutput;
    case STD_ERROR_HANDLE:
        return &parameters->StandardError;
    default:
        SetLastError(ERROR_INVALID_HANDLE);
        return NULL;
    }
}

HANDLE GetStdHandle(ULONG number)
{
    HANDLE *slot = standard_slot(number);
    return slot ? *slot : INVALID_HANDLE_VALUE;
}

BOOL SetStdHandle(ULONG number, HANDLE handle)
{
    HANDLE *slot = standard_slot(number);
    if (slot)
        *slot = handle;
    return slot != NULL;
}
