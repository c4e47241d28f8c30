/* guest/advapi32/regenum.c: what a key has: subkeys, values, and how many. */
#include "nt/access.h"
#include "reg.h"

/* ---- one of many ---- */

typedef NTSTATUS enumerate(HANDLE key, ULONG index, ULONG class, void *information, ULONG length,
                           ULONG *returned);

/* All of subkey or value number `index`, in memory to be given back. */
static ULONG read_entry(HKEY key, ULONG index, ULONG class, enumerate *next, void **out)
{
    struct key root;
    ULONG size = 512, error = open_key(key, MAXIMUM_ALLOWED, &root);
    NTSTATUS status = STATUS_BUFFER_OVERFLOW;

    *out = NULL;
    if (error)
        return error;
    while (status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL) {
        give_memory(*out);
        *out = take_memory(size);
        status = *out ? next(root.handle, index, class, *out, size, &size) : STATUS_NO_MEMORY;
    }
    close_key(&root);
    if (!NT_SUCCESS(status)) {
        give_memory(*out);
        *out = NULL;
    }
    return error_of(status);
}

static void put_time(const LARGE_INTEGER *time, FILETIME *to)
{
    if (to)
        *to = (FILETIME){(ULONG)time->QuadPart, (ULONG)((ULONG64)time->QuadPart >> 32)};
}

/* Text to a caller of either kind, as put_wide and put_ansi do. */
static ULONG put_text(const WCHAR *from, ULONG bytes, BOOL ansi, void *to, ULONG *size)
{
    ULONG chars = bytes / sizeof(WCHAR);

    return ansi ? put_ansi(from, chars, to, size) : put_wide(from, chars, to, size);
}

static const WCHAR *class_of(const KEY_NODE_INFORMATION *node)
{
    return (const WCHAR *)((const char *)node + node->ClassOffset);
}

static LONG enum_key(HKEY key, ULONG index, BOOL ansi, void *name, ULONG *name_size,
                     const ULONG *reserved, void *class_name, ULONG *class_size, FILETIME *time)
{
    void *entry;

    if (!name || !name_size || reserved || (class_name && !class_size))
        return ERROR_INVALID_PARAMETER;
    ULONG error = read_entry(key, index, KeyNodeInformation, NtEnumerateKey, &entry);
    if (error)
        return (LONG)error;
    const KEY_NODE_INFORMATION *node = entry;
    error = put_text(node->Name, node->NameLength, ansi, name, name_size);
    if (!error && class_name)
        error = put_text(class_of(node), node->ClassLength, ansi, class_name, class_size);
    put_time(&node->LastWriteTime, time);
    give_memory(entry);
    return (LONG)error;
}

LONG RegEnumKeyExW(HKEY key, ULONG index, WCHAR *name, ULONG *name_size, ULONG *reserved,
                   WCHAR *class_name, ULONG *class_size, FILETIME *time)
{
    return enum_key(key, index, FALSE, name, name_size, reserved, class_name, class_size, time);
}

LONG RegEnumKeyExA(HKEY key, ULONG index, char *name, ULONG *name_size, ULONG *reserved,
                   char *class_name, ULONG *class_size, FILETIME *time)
{
    return enum_key(key, index, TRUE, name, name_size, reserved, class_name, class_size, time);
}

LONG RegEnumKeyW(HKEY key, ULONG index, WCHAR *name, ULONG size)
{
    return RegEnumKeyExW(key, index, name, &size, NULL, NULL, NULL, NULL);
}

LONG RegEnumKeyA(HKEY key, ULONG index, char *name, ULONG size)
{
    return RegEnumKeyExA(key, index, name, &size, NULL, NULL, NULL, NULL);
}

/* ---- values ---- */

/* Data of a value as it stands, or of a text in the ANSI code page. */
static ULONG put_value_data(const KEY_VALUE_FULL_INFORMATION *value, BOOL ansi, UCHAR *data,
                            ULONG *size)
{
    const UCHAR *from = (const UCHAR *)value + value->DataOffset;
    ULONG room = data ? *size : 0, length = value->DataLength;
    int chars = (int)(length / sizeof(WCHAR));
    BOOL text = ansi && is_text(value->Type) && chars;

    if (text)
        length =
            (ULONG)WideCharToMultiByte(CP_ACP, 0, (const WCHAR *)from, chars, NULL, 0, NULL, NULL);
    if (size)
        *size = length;
    if (!data)
        return 0;
    if (room < length)
        return ERROR_MORE_DATA;
    if (text)
        WideCharToMultiByte(CP_ACP, 0, (const WCHAR *)from, chars, (char *)data, (int)length, NULL,
                            NULL);
    else if (length)
        __builtin_memcpy(data, from, length);
    return 0;
}

static LONG enum_value(HKEY key, ULONG index, BOOL ansi, void *name, ULONG *name_size,
                       const ULONG *reserved, ULONG *type, UCHAR *data, ULONG *size)
{
    void *entry;

    if (!name || !name_size || reserved || (data && !size))
        return ERROR_INVALID_PARAMETER;
    ULONG error = read_entry(key, index, KeyValueFullInformation, NtEnumerateValueKey, &entry);
    if (error)
        return (LONG)error;
    const KEY_VALUE_FULL_INFORMATION *value = entry;
    error = put_text(value->Name, value->NameLength, ansi, name, name_size);
    if (!error)
        error = put_value_data(value, ansi, data, size);
    if (type)
        *type = value->Type;
    give_memory(entry);
    return (LONG)error;
}

LONG RegEnumValueW(HKEY key, ULONG index, WCHAR *name, ULONG *name_size, ULONG *reserved,
                   ULONG *type, UCHAR *data, ULONG *size)
{
    return enum_value(key, index, FALSE, name, name_size, reserved, type, data, size);
}

LONG RegEnumValueA(HKEY key, ULONG index, char *name, ULONG *name_size, ULONG *reserved,
                   ULONG *type, UCHAR *data, ULONG *size)
{
    return enum_value(key, index, TRUE, name, name_size, reserved, type, data, size);
}

/* ---- how many ---- */

static NTSTATUS query_full(HANDLE key, ULONG index, ULONG class, void *information, ULONG length,
                           ULONG *returned)
{
    (void)index; /* the key itself */
    return NtQueryKey(key, class, information, length, returned);
}

static void put_number(ULONG number, ULONG *to)
{
    if (to)
        *to = number;
}

static LONG query_info(HKEY key, BOOL ansi, void *class_name, ULONG *class_size,
                       const ULONG *reserved, ULONG *subkeys, ULONG *longest_subkey,
                       ULONG *longest_class, ULONG *values, ULONG *longest_name,
                       ULONG *longest_data, ULONG *descriptor, FILETIME *time)
{
    void *entry;

    if (reserved || (class_name && !class_size))
        return ERROR_INVALID_PARAMETER;
    ULONG error = read_entry(key, 0, KeyFullInformation, query_full, &entry);
    if (error)
        return (LONG)error;
    const KEY_FULL_INFORMATION *full = entry;
    put_number(full->SubKeys, subkeys);
    put_number(full->MaxNameLen / sizeof(WCHAR), longest_subkey);
    put_number(full->MaxClassLen / sizeof(WCHAR), longest_class);
    put_number(full->Values, values);
    put_number(full->MaxValueNameLen / sizeof(WCHAR), longest_name);
    put_number(full->MaxValueDataLen, longest_data);
    put_time(&full->LastWriteTime, time);
    put_number(0, descriptor); /* nobody can ask for one */
    if (class_name)
        error = put_text(full->Class, full->ClassLength, ansi, class_name, class_size);
    give_memory(entry);
    return (LONG)error;
}

LONG RegQueryInfoKeyW(HKEY key, WCHAR *class_name, ULONG *class_size, ULONG *reserved,
                      ULONG *subkeys, ULONG *longest_subkey, ULONG *longest_class, ULONG *values,
                      ULONG *longest_name, ULONG *longest_data, ULONG *descriptor, FILETIME *time)
{
    return query_info(key, FALSE, class_name, class_size, reserved, subkeys, longest_subkey,
                      longest_class, values, longest_name, longest_data, descriptor, time);
}

LONG RegQueryInfoKeyA(HKEY key, char *class_name, ULONG *class_size, ULONG *reserved,
                      ULONG *subkeys, ULONG *longest_subkey, ULONG *longest_class, ULONG *values,
                      ULONG *longest_name, ULONG *longest_data, ULONG *descriptor, FILETIME *time)
{
    return query_info(key, TRUE, class_name, class_size, reserved, subkeys, longest_subkey,
                      longest_class, values, longest_name, longest_data, descriptor, time);
}
