/* guest/kernel32/volume.c: volumes: what they are called and what they can do.
 *
 * A volume is known by its drive letter and by its object id, which is the GUID in its name
 * \\?\Volume{...}\. Volumes are found by asking the drives that open, each once.
 * Source: GetVolumeInformation, "Naming a Volume", documentation. */
#include "k32.h"

#define VOLUME_NAME_CHARS 49 /* \\?\Volume{8-4-4-4-12}\ */
#define LETTERS 26u

/* The root folder of a volume by a path that ends in a backslash. => NULL with the last error */
static HANDLE open_root(const WCHAR *root)
{
    UNICODE_STRING name;
    HANDLE handle = NULL;
    IO_STATUS_BLOCK iosb;
    WCHAR current[MAX_PATH];
    if (!root) {
        ULONG length = GetCurrentDirectoryW(MAX_PATH, current);
        if (length < 3 || length >= MAX_PATH) {
            fail_error(ERROR_INVALID_NAME);
            return NULL;
        }
        current[3] = 0;
        root = current;
    }
    ULONG length = wide_length(root);
    if (!length || (root[length - 1] != '\\' && root[length - 1] != '/')) {
        fail_error(ERROR_INVALID_NAME);
        return NULL;
    }
    if (!nt_path(root, &name))
        return NULL;
    OBJECT_ATTRIBUTES attributes = {
        .Length = sizeof attributes, .ObjectName = &name, .Attributes = OBJ_CASE_INSENSITIVE};
    NTSTATUS status = NtOpenFile(&handle, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &iosb,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                 FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
    nt_path_free(&name);
    return done(status) ? handle : NULL;
}

/* Is this open folder the root of its volume? */
static BOOL is_root(HANDLE handle)
{
    union {
        FILE_NAME_INFORMATION info;
        UCHAR room[sizeof(FILE_NAME_INFORMATION) + MAX_PATH * sizeof(WCHAR)];
    } name;
    IO_STATUS_BLOCK iosb;
    return NT_SUCCESS(
               NtQueryInformationFile(handle, &iosb, &name, sizeof name, FileNameInformation)) &&
           name.info.FileNameLength <= sizeof(WCHAR);
}

/* A volume's label or the name of its file system, from the end of a query's answer. */
static BOOL copy_name(const WCHAR *text, ULONG bytes, WCHAR *buffer, ULONG size)
{
    ULONG length = bytes / sizeof(WCHAR);
    if (!buffer)
        return TRUE;
    if (length >= size)
        return fail_error(size ? ERROR_MORE_DATA : ERROR_BAD_LENGTH);
    copy_bytes(buffer, text, bytes);
    buffer[length] = 0;
    return TRUE;
}

#define NAME_BYTES 256u

static BOOL query_volume(HANDLE handle, WCHAR *label, ULONG label_size, ULONG *serial)
{
    union {
        FILE_FS_VOLUME_INFORMATION info;
        UCHAR room[sizeof(FILE_FS_VOLUME_INFORMATION) + NAME_BYTES];
    } volume;
    IO_STATUS_BLOCK iosb;
    if (!done(NtQueryVolumeInformationFile(handle, &iosb, &volume, sizeof volume,
                                           FileFsVolumeInformation)))
        return FALSE;
    if (serial)
        *serial = volume.info.VolumeSerialNumber;
    return copy_name(volume.info.VolumeLabel, volume.info.VolumeLabelLength, label, label_size);
}

static BOOL query_file_system(HANDLE handle, ULONG *longest, ULONG *flags, WCHAR *name, ULONG size)
{
    union {
        FILE_FS_ATTRIBUTE_INFORMATION info;
        UCHAR room[sizeof(FILE_FS_ATTRIBUTE_INFORMATION) + NAME_BYTES];
    } system;
    IO_STATUS_BLOCK iosb;
    if (!done(NtQueryVolumeInformationFile(handle, &iosb, &system, sizeof system,
                                           FileFsAttributeInformation)))
        return FALSE;
    if (longest)
        *longest = (ULONG)system.info.MaximumComponentNameLength;
    if (flags)
        *flags = system.info.FileSystemAttributes;
    return copy_name(system.info.FileSystemName, system.info.FileSystemNameLength, name, size);
}

BOOL GetVolumeInformationByHandleW(HANDLE file, WCHAR *label, ULONG label_size, ULONG *serial,
                                   ULONG *longest, ULONG *flags, WCHAR *system, ULONG system_size)
{
    return query_volume(file, label, label_size, serial) &&
           query_file_system(file, longest, flags, system, system_size);
}

BOOL GetVolumeInformationW(const WCHAR *root, WCHAR *label, ULONG label_size, ULONG *serial,
                           ULONG *longest, ULONG *flags, WCHAR *system, ULONG system_size)
{
    HANDLE handle = open_root(root);
    if (!handle)
        return FALSE;
    BOOL ok = is_root(handle) ? GetVolumeInformationByHandleW(handle, label, label_size, serial,
                                                              longest, flags, system, system_size)
                              : fail_error(ERROR_DIR_NOT_ROOT);
    ULONG error = GetLastError();
    NtClose(handle);
    SetLastError(error);
    return ok;
}

BOOL GetVolumeInformationA(const char *root, char *label, ULONG label_size, ULONG *serial,
                           ULONG *longest, ULONG *flags, char *system, ULONG system_size)
{
    WCHAR wide_label[NAME_BYTES], wide_system[NAME_BYTES];
    struct wide_arg arg;
    if (!wide_arg_init(&arg, root))
        return FALSE;
    BOOL ok = GetVolumeInformationW(arg.text, wide_label, NAME_BYTES, serial, longest, flags,
                                    wide_system, NAME_BYTES);
    wide_arg_deinit(&arg);
    if (!ok)
        return FALSE;
    if ((label &&
         copy_out_ansi(wide_label, wide_length(wide_label), label, label_size) >= label_size) ||
        (system &&
         copy_out_ansi(wide_system, wide_length(wide_system), system, system_size) >= system_size))
        return fail_error(ERROR_MORE_DATA);
    return TRUE;
}

/* ---- names of volumes ---- */

static WCHAR *put_hex(WCHAR *to, const UCHAR *bytes, int count, int step)
{
    static const WCHAR digits[] = L"0123456789abcdef";
    for (; count; count--, bytes += step) {
        *to++ = digits[*bytes >> 4];
        *to++ = digits[*bytes & 0xF];
    }
    return to;
}

/* The name by the object id; the first three fields of a GUID are little-endian numbers. */
static BOOL volume_name(HANDLE root, WCHAR name[VOLUME_NAME_CHARS])
{
    static const WCHAR prefix[] = L"\\\\?\\Volume{";
    FILE_FS_OBJECTID_INFORMATION id;
    IO_STATUS_BLOCK iosb;
    if (!done(NtQueryVolumeInformationFile(root, &iosb, &id, sizeof id, FileFsObjectIdInformation)))
        return FALSE;
    copy_bytes(name, prefix, sizeof prefix);
    WCHAR *to = name + sizeof prefix / sizeof *prefix - 1;
    to = put_hex(to, id.ObjectId + 3, 4, -1);
    *to++ = '-';
    to = put_hex(to, id.ObjectId + 5, 2, -1);
    *to++ = '-';
    to = put_hex(to, id.ObjectId + 7, 2, -1);
    *to++ = '-';
    to = put_hex(to, id.ObjectId + 8, 2, 1);
    *to++ = '-';
    to = put_hex(to, id.ObjectId + 10, 6, 1);
    copy_bytes(to, L"}\\", 3 * sizeof(WCHAR));
    return TRUE;
}

BOOL GetVolumeNameForVolumeMountPointW(const WCHAR *root, WCHAR *name, ULONG size)
{
    WCHAR found[VOLUME_NAME_CHARS + 1];
    HANDLE handle = root ? open_root(root) : NULL;
    if (!handle)
        return root ? FALSE : fail_error(ERROR_INVALID_NAME);
    BOOL ok = is_root(handle) ? volume_name(handle, found) : fail_error(ERROR_NOT_A_REPARSE_POINT);
    ULONG error = GetLastError();
    NtClose(handle);
    if (!ok)
        return fail_error(error);
    if (copy_out_wide(found, wide_length(found), name, size) >= size)
        return fail_error(ERROR_FILENAME_EXCED_RANGE);
    return TRUE;
}

BOOL GetVolumePathNameW(const WCHAR *path, WCHAR *root, ULONG size)
{
    WCHAR full[MAX_PATH];
    ULONG length = path && *path ? GetFullPathNameW(path, MAX_PATH, full, NULL) : 0;
    if (length < 3 || length >= MAX_PATH || full[1] != ':')
        return fail_error(ERROR_INVALID_NAME);
    if (copy_out_wide(full, 3, root, size) >= size) /* folders are not mount points here */
        return fail_error(ERROR_FILENAME_EXCED_RANGE);
    return TRUE;
}

BOOL GetVolumePathNameA(const char *path, char *root, ULONG size)
{
    WCHAR wide[MAX_PATH];
    struct wide_arg arg;
    if (!wide_arg_init(&arg, path))
        return FALSE;
    BOOL ok = GetVolumePathNameW(arg.text, wide, MAX_PATH);
    wide_arg_deinit(&arg);
    if (ok && copy_out_ansi(wide, wide_length(wide), root, size) >= size)
        return fail_error(ERROR_FILENAME_EXCED_RANGE);
    return ok;
}

/* A search: the names that were found, each once, and which comes next. */
struct volume_search {
    ULONG count, next;
    WCHAR names[LETTERS][VOLUME_NAME_CHARS + 1];
};

static void add_volume(struct volume_search *search, WCHAR letter)
{
    WCHAR root[] = {letter, ':', '\\', 0}, *name = search->names[search->count];
    if (!GetVolumeNameForVolumeMountPointW(root, name, VOLUME_NAME_CHARS + 1))
        return;
    for (ULONG i = 0; i < search->count; i++)
        if (CompareStringOrdinal(name, -1, search->names[i], -1, TRUE) == CSTR_EQUAL)
            return;
    search->count++;
}

static struct volume_search *find_volumes(void)
{
    struct volume_search *search = heap_alloc(sizeof *search);
    if (!search)
        return NULL;
    zero_bytes(search, sizeof *search);
    ULONG drives = GetLogicalDrives();
    for (ULONG i = 0; i < LETTERS; i++)
        if (drives >> i & 1)
            add_volume(search, (WCHAR)('A' + i));
    return search;
}

HANDLE FindFirstVolumeW(WCHAR *name, ULONG size)
{
    struct volume_search *search = find_volumes();
    if (!search)
        return INVALID_HANDLE_VALUE;
    if (FindNextVolumeW(search, name, size))
        return search;
    ULONG error = GetLastError();
    heap_free(search);
    SetLastError(error);
    return INVALID_HANDLE_VALUE;
}

BOOL FindNextVolumeW(HANDLE handle, WCHAR *name, ULONG size)
{
    struct volume_search *search = handle;
    if (!handle || handle == INVALID_HANDLE_VALUE)
        return fail_error(ERROR_INVALID_HANDLE);
    if (search->next == search->count)
        return fail_error(ERROR_NO_MORE_FILES);
    const WCHAR *found = search->names[search->next];
    if (copy_out_wide(found, wide_length(found), name, size) >= size)
        return fail_error(ERROR_FILENAME_EXCED_RANGE);
    search->next++;
    return TRUE;
}

BOOL FindVolumeClose(HANDLE handle)
{
    if (!handle || handle == INVALID_HANDLE_VALUE)
        return fail_error(ERROR_INVALID_HANDLE);
    heap_free(handle);
    return TRUE;
}

/* "C:\", 0 ..., 0. => characters without the last 0, or the room needed with it */
ULONG GetLogicalDriveStringsW(ULONG size, WCHAR *buffer)
{
    ULONG drives = GetLogicalDrives(), at = 0;
    ULONG needed = 4 * (ULONG)__builtin_popcount(drives);
    if (size < needed + 1)
        return needed + 1;
    for (ULONG i = 0; i < LETTERS; i++) {
        if (!(drives >> i & 1))
            continue;
        const WCHAR root[] = {(WCHAR)('A' + i), ':', '\\', 0};
        copy_bytes(buffer + at, root, sizeof root);
        at += 4;
    }
    buffer[at] = 0;
    return at;
}

ULONG GetLogicalDriveStringsA(ULONG size, char *buffer)
{
    WCHAR wide[4 * LETTERS + 1];
    ULONG length = GetLogicalDriveStringsW(4 * LETTERS + 1, wide);
    if (size < length + 1)
        return length + 1;
    for (ULONG i = 0; i <= length; i++)
        buffer[i] = (char)wide[i];
    return length;
}
