/* guest/ntdll/path.c: DOS paths, and the NT names they stand for.
 *
 *      C:\a\..\b   drive absolute          \\?\x  root local device: taken literally
 *      C:a         drive relative          \\.\x  local device
 *      \a          rooted                  \\s\x  UNC
 *      a           relative                NUL    device, in any folder and with any extension
 *
 * Lengths are in bytes, as in the interfaces. Source: "Naming Files, Paths, and Namespaces". */
#include "ntdllp.h"

#define PATH_CHARACTERS 0x7FF0u
#define EXTRA_CHARACTERS 16u /* "\\\\.\\", separators, the end */

static bool is_separator(WCHAR c)
{
    return c == '\\' || c == '/';
}

ULONG RtlDetermineDosPathNameType_U(const WCHAR *path)
{
    if (is_separator(path[0])) {
        if (!is_separator(path[1])) {
            return RtlPathTypeRooted;
        }
        if (path[2] != '.' && path[2] != '?') {
            return RtlPathTypeUncAbsolute;
        }
        if (is_separator(path[3])) {
            return RtlPathTypeLocalDevice;
        }
        return path[3] ? RtlPathTypeUncAbsolute : RtlPathTypeRootLocalDevice;
    }
    if (!path[0] || path[1] != ':') {
        return RtlPathTypeRelative;
    }
    return is_separator(path[2]) ? RtlPathTypeDriveAbsolute : RtlPathTypeDriveRelative;
}

/* Offset in bytes << 16 | length in bytes of a device's name at the end of the path; 0: there is
 * none. */
ULONG RtlIsDosDeviceName_U(const WCHAR *path)
{
    static const WCHAR *const names[] = {L"CON", L"PRN", L"AUX", L"NUL", L"CONIN$", L"CONOUT$"};
    ULONG type = RtlDetermineDosPathNameType_U(path);
    size_t start = wcslen(path);
    if (type == RtlPathTypeUncAbsolute || type == RtlPathTypeLocalDevice ||
        type == RtlPathTypeRootLocalDevice || !start || start > PATH_CHARACTERS) {
        return 0;
    }
    while (start && !is_separator(path[start - 1]) && !(start == 2 && path[1] == ':')) {
        start--;
    }
    const WCHAR *name = path + start;
    size_t length = 0;
    while (name[length] && name[length] != '.' && name[length] != ':') {
        length++;
    }
    while (length && name[length - 1] == ' ') {
        length--;
    }
    bool device = length == 4 && name[3] >= '1' && name[3] <= '9' &&
                  (!_wcsnicmp(name, L"COM", 3) || !_wcsnicmp(name, L"LPT", 3));
    for (ULONG i = 0; i < ARRAY_COUNT(names) && !device; i++) {
        device = wcslen(names[i]) == length && !_wcsnicmp(name, names[i], length);
    }
    return device ? (ULONG)(start * sizeof(WCHAR)) << 16 | (ULONG)(length * sizeof(WCHAR)) : 0;
}

/* A path under construction. */
struct builder {
    WCHAR *text;
    size_t room; /* characters */
    size_t length;
    size_t root; /* ".." never goes below this length */
};

static bool put(struct builder *b, const WCHAR *text, size_t length)
{
    if (length >= b->room - b->length) {
        return false;
    }
    memcpy(b->text + b->length, text, length * sizeof(WCHAR));
    b->length += length;
    return true;
}

static void drop_component(struct builder *b)
{
    while (b->length > b->root && b->text[b->length - 1] != '\\') {
        b->length--;
    }
    if (b->length > b->root) {
        b->length--;
    }
    while (b->length > b->root && b->text[b->length - 1] != '\\') {
        b->length--;
    }
}

/* Append the components of `path`, without its ".", ".." and trailing dots and spaces. */
static bool put_components(struct builder *b, const WCHAR *path)
{
    while (*path) {
        size_t length = 0;
        while (path[length] && !is_separator(path[length])) {
            length++;
        }
        const WCHAR *after = path + length;
        bool dot = length == 1 && path[0] == '.';
        bool dot_dot = length == 2 && path[0] == '.' && path[1] == '.';
        if (dot_dot) {
            drop_component(b);
        } else if (length && !dot) {
            size_t kept = length;
            while (kept && (path[kept - 1] == '.' || (path[kept - 1] == ' ' && !*after))) {
                kept--;
            }
            if (!put(b, path, kept) || (*after && kept && !put(b, L"\\", 1))) {
                return false;
            }
        }
        path = after;
        while (is_separator(*path)) {
            path++;
        }
    }
    return true;
}

/* The current folder of a drive: that of the process, or what the variable "=X:" says, or the root.
 */
static bool put_drive_folder(struct builder *b, WCHAR letter)
{
    const UNICODE_STRING *current = &current_peb()->ProcessParameters->CurrentDirectory.DosPath;
    if (current->Length >= 4 &&
        RtlUpcaseUnicodeChar(current->Buffer[0]) == RtlUpcaseUnicodeChar(letter)) {
        return put(b, current->Buffer, 2) && put(b, L"\\", 1) && (b->root = b->length) &&
               put(b, current->Buffer + 3, current->Length / sizeof(WCHAR) - 3);
    }
    WCHAR variable[] = {'=', letter, ':', 0};
    UNICODE_STRING name, value = {.Buffer = b->text, .MaximumLength = 0xFFFE};
    if (b->room * sizeof(WCHAR) < value.MaximumLength) {
        value.MaximumLength = (USHORT)(b->room * sizeof(WCHAR));
    }
    RtlInitUnicodeString(&name, variable);
    if (NT_SUCCESS(RtlQueryEnvironmentVariable_U(NULL, &name, &value)) && value.Length >= 6) {
        b->length = value.Length / sizeof(WCHAR);
    } else if (!put(b, variable + 1, 2)) {
        return false;
    }
    b->root = 3;
    return b->text[b->length - 1] == '\\' || put(b, L"\\", 1);
}

static bool build_full(struct builder *b, const WCHAR *path)
{
    const UNICODE_STRING *current = &current_peb()->ProcessParameters->CurrentDirectory.DosPath;
    switch (RtlDetermineDosPathNameType_U(path)) {
    case RtlPathTypeDriveAbsolute:
        return put(b, path, 2) && put(b, L"\\", 1) && (b->root = b->length) &&
               put_components(b, path + 3);
    case RtlPathTypeDriveRelative:
        return put_drive_folder(b, path[0]) && put_components(b, path + 2);
    case RtlPathTypeRooted:
        return put(b, current->Buffer, 2) && put(b, L"\\", 1) && (b->root = b->length) &&
               put_components(b, path + 1);
    case RtlPathTypeRelative:
        return put_drive_folder(b, current->Buffer[0]) && put_components(b, path);
    case RtlPathTypeUncAbsolute:
        return put(b, L"\\\\", 2) && (b->root = b->length) && put_components(b, path + 2);
    case RtlPathTypeLocalDevice: {
        WCHAR prefix[] = {'\\', '\\', path[2], '\\'};
        return put(b, prefix, 4) && (b->root = b->length) && put_components(b, path + 4);
    }
    default:
        return put(b, L"\\\\.", 3);
    }
}

/* The full path in characters, in `b`; false when it does not fit. */
static bool full_path(struct builder *b, const WCHAR *path)
{
    ULONG device = RtlIsDosDeviceName_U(path);
    RtlAcquirePebLock();
    bool ok;
    if (device) {
        ok = put(b, L"\\\\.\\", 4) &&
             put(b, path + (device >> 16) / sizeof(WCHAR), (device & 0xFFFF) / sizeof(WCHAR));
    } else {
        ok = build_full(b, path);
    }
    RtlReleasePebLock();
    if (ok) {
        b->text[b->length] = 0;
    }
    return ok;
}

/* The full path in characters, in b->text, which is to be freed; false when it gets too long or
 * there is no memory (text NULL). Room is made for as much as the path can become: large blocks
 * cost the heap a commit and a decommit each. */
static bool make_full_path(struct builder *b, const WCHAR *path, bool literal)
{
    RtlAcquirePebLock();
    size_t length = wcslen(path);
    b->room = current_peb()->ProcessParameters->CurrentDirectory.DosPath.Length / sizeof(WCHAR) +
              length + EXTRA_CHARACTERS;
    if (RtlDetermineDosPathNameType_U(path) == RtlPathTypeDriveRelative ||
        b->room > PATH_CHARACTERS) {
        b->room = PATH_CHARACTERS; /* a drive's own folder may be of any length */
    }
    b->text = process_alloc(b->room * sizeof(WCHAR));
    bool ok = b->text && (literal ? put(b, path, length) : full_path(b, path));
    RtlReleasePebLock();
    if (b->text) {
        b->text[ok ? b->length : 0] = 0;
    }
    return ok;
}

ULONG RtlGetFullPathName_U(const WCHAR *path, ULONG size, WCHAR *buffer, WCHAR **file_part)
{
    struct builder b = {0};
    ULONG result = 0;
    if (file_part) {
        *file_part = NULL;
    }
    if (!path || !path[0]) {
        return 0;
    }
    if (make_full_path(&b, path, false)) {
        result = (ULONG)(b.length * sizeof(WCHAR));
        if (result + sizeof(WCHAR) > size) {
            result += sizeof(WCHAR);
        } else {
            memcpy(buffer, b.text, result + sizeof(WCHAR));
            WCHAR *last = wcsrchr(buffer, '\\');
            if (file_part && last && last[1]) {
                *file_part = last + 1;
            }
        }
    }
    process_free(b.text);
    return result;
}

/* => STATUS_OBJECT_NAME_INVALID, STATUS_NO_MEMORY, STATUS_NAME_TOO_LONG. *nt is to be freed with
 *    RtlFreeUnicodeString; *file_part points into it. `relative` is not supported: NULL, or zeroed
 */
NTSTATUS RtlDosPathNameToNtPathName_U_WithStatus(const WCHAR *dos, UNICODE_STRING *nt,
                                                 WCHAR **file_part, void *relative)
{
    static const WCHAR prefix[] = L"\\??\\", unc[] = L"\\??\\UNC\\";
    struct builder b = {0};
    if (relative) {
        memset(relative, 0,
               4 * sizeof(void *)); /* RTL_RELATIVE_NAME_U: name and folder handle: none */
    }
    if (!dos || !dos[0]) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    bool ok = make_full_path(&b, dos, !wcsncmp(dos, L"\\\\?\\", 4));
    if (!b.text) {
        return STATUS_NO_MEMORY;
    }
    ULONG type = RtlDetermineDosPathNameType_U(b.text);
    const WCHAR *head = type == RtlPathTypeUncAbsolute ? unc : prefix;
    size_t skip = type == RtlPathTypeUncAbsolute ? 2 : type == RtlPathTypeLocalDevice ? 4 : 0;
    size_t head_length = wcslen(head);
    size_t total = ok ? head_length + b.length - skip : 0;
    NTSTATUS status = ok ? STATUS_SUCCESS : STATUS_NAME_TOO_LONG;
    if (ok) {
        nt->Buffer = RtlAllocateHeap(current_peb()->ProcessHeap, 0, (total + 1) * sizeof(WCHAR));
        status = nt->Buffer ? STATUS_SUCCESS : STATUS_NO_MEMORY;
    }
    if (NT_SUCCESS(status)) {
        memcpy(nt->Buffer, head, head_length * sizeof(WCHAR));
        memcpy(nt->Buffer + head_length, b.text + skip, (b.length - skip + 1) * sizeof(WCHAR));
        nt->Length = (USHORT)(total * sizeof(WCHAR));
        nt->MaximumLength = (USHORT)(nt->Length + sizeof(WCHAR));
        if (file_part) {
            WCHAR *last = wcsrchr(nt->Buffer, '\\');
            *file_part = last && last[1] ? last + 1 : NULL;
        }
    }
    process_free(b.text);
    return status;
}

BOOLEAN RtlDosPathNameToNtPathName_U(const WCHAR *dos, UNICODE_STRING *nt, WCHAR **file_part,
                                     void *relative)
{
    return NT_SUCCESS(RtlDosPathNameToNtPathName_U_WithStatus(dos, nt, file_part, relative));
}

ULONG RtlGetCurrentDirectory_U(ULONG size, WCHAR *buffer)
{
    RtlAcquirePebLock();
    const UNICODE_STRING *current = &current_peb()->ProcessParameters->CurrentDirectory.DosPath;
    ULONG length = current->Length;
    if (length > 3 * sizeof(WCHAR) && current->Buffer[length / sizeof(WCHAR) - 1] == '\\') {
        length -= sizeof(WCHAR); /* only a root keeps its backslash */
    }
    if (length + sizeof(WCHAR) <= size) {
        memcpy(buffer, current->Buffer, length);
        buffer[length / sizeof(WCHAR)] = 0;
    } else {
        length += sizeof(WCHAR);
    }
    RtlReleasePebLock();
    return length;
}

/* Put an opened folder in the process parameters; the old handle and text are given up. */
static NTSTATUS enter_folder(WCHAR *full, ULONG length, HANDLE folder)
{
    CURDIR *current = &current_peb()->ProcessParameters->CurrentDirectory;
    UNICODE_STRING path;
    if (full[length / sizeof(WCHAR) - 1] != '\\') {
        full[length / sizeof(WCHAR)] = '\\';
        full[length / sizeof(WCHAR) + 1] = 0;
    }
    RtlInitUnicodeString(&path, full);
    RtlAcquirePebLock();
    if (path.Length + sizeof(WCHAR) > current->DosPath.MaximumLength) {
        WCHAR *grown = process_alloc(path.Length + sizeof(WCHAR));
        if (!grown) {
            RtlReleasePebLock();
            return STATUS_NO_MEMORY;
        }
        current->DosPath.Buffer = grown; /* the old text is part of the parameters' block */
        current->DosPath.MaximumLength = (USHORT)(path.Length + sizeof(WCHAR));
    }
    RtlCopyUnicodeString(&current->DosPath, &path);
    HANDLE old = current->Handle;
    current->Handle = folder;
    RtlReleasePebLock();
    if (old) {
        NtClose(old);
    }
    return STATUS_SUCCESS;
}

NTSTATUS RtlSetCurrentDirectory_U(const UNICODE_STRING *path)
{
    WCHAR full[262];
    UNICODE_STRING name, nt;
    HANDLE folder;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = RtlDuplicateUnicodeString(1 | 2, path, &name);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    ULONG length = RtlGetFullPathName_U(name.Buffer, sizeof full - sizeof(WCHAR), full, NULL);
    RtlFreeUnicodeString(&name);
    if (!length || length >= sizeof full - sizeof(WCHAR)) {
        return length ? STATUS_NAME_TOO_LONG : STATUS_OBJECT_NAME_INVALID;
    }
    status = RtlDosPathNameToNtPathName_U_WithStatus(full, &nt, NULL, NULL);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .ObjectName = &nt,
                                    .Attributes = OBJ_CASE_INSENSITIVE | OBJ_INHERIT};
    status = NtOpenFile(&folder, FILE_TRAVERSE | SYNCHRONIZE, &attributes, &iosb,
                        FILE_SHARE_READ | FILE_SHARE_WRITE,
                        FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
    RtlFreeUnicodeString(&nt);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = enter_folder(full, length, folder);
    if (!NT_SUCCESS(status)) {
        NtClose(folder);
    }
    return status;
}

/* A file, not a folder, of this name. */
BOOLEAN RtlDoesFileExists_U(const WCHAR *path)
{
    UNICODE_STRING nt;
    FILE_BASIC_INFORMATION information;
    if (!RtlDosPathNameToNtPathName_U(path, &nt, NULL, NULL)) {
        return 0;
    }
    OBJECT_ATTRIBUTES attributes = {
        .Length = sizeof attributes, .ObjectName = &nt, .Attributes = OBJ_CASE_INSENSITIVE};
    NTSTATUS status = NtQueryAttributesFile(&attributes, &information);
    RtlFreeUnicodeString(&nt);
    return NT_SUCCESS(status) && !(information.FileAttributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* Look for `name` (with `extension` when it has none) in the folders of `path`, ';' between them.
 * => as RtlGetFullPathName_U; 0: not found */
ULONG RtlDosSearchPath_U(const WCHAR *path, const WCHAR *name, const WCHAR *extension, ULONG size,
                         WCHAR *buffer, WCHAR **file_part)
{
    WCHAR candidate[520];
    const WCHAR *dot = wcsrchr(name, '.');
    while (*path) {
        size_t length = 0;
        while (path[length] && path[length] != ';') {
            length++;
        }
        struct builder b = {.text = candidate, .room = ARRAY_COUNT(candidate)};
        bool fits = length && put(&b, path, length) &&
                    (is_separator(path[length - 1]) || put(&b, L"\\", 1)) &&
                    put(&b, name, wcslen(name)) &&
                    (dot || !extension || put(&b, extension, wcslen(extension)));
        if (fits) {
            candidate[b.length] = 0;
            if (RtlDoesFileExists_U(candidate)) {
                return RtlGetFullPathName_U(candidate, size, buffer, file_part);
            }
        }
        path += length + (path[length] == ';');
    }
    return 0;
}
