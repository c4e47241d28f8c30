/* guest/advapi32/regvalue.c: values of keys: asking, setting, deleting. */
#include "nt/access.h"
#include "reg.h"

/* All of a value, in memory to be given back. Another thread may make it longer meanwhile. */
static NTSTATUS read_value(HANDLE key, UNICODE_STRING *name, KEY_VALUE_PARTIAL_INFORMATION **out)
{
    ULONG size = 256;

    for (;;) {
        *out = take_memory(size);
        if (!*out)
            return STATUS_NO_MEMORY;
        NTSTATUS status = NtQueryValueKey(key, name, KeyValuePartialInformation, *out, size, &size);
        if (NT_SUCCESS(status))
            return status;
        give_memory(*out);
        *out = NULL;
        if (status != STATUS_BUFFER_OVERFLOW && status != STATUS_BUFFER_TOO_SMALL)
            return status;
    }
}

static ULONG query(HKEY key, const WCHAR *name, KEY_VALUE_PARTIAL_INFORMATION **out)
{
    UNICODE_STRING string;
    struct key root;
    ULONG error = open_with_name(key, name, &root, &string);

    *out = NULL;
    if (error)
        return error;
    error = error_of(read_value(root.handle, &string, out));
    close_key(&root);
    return error;
}

/* Data and their size to who asked for them. */
static ULONG put_data(const void *from, ULONG length, UCHAR *data, ULONG *size)
{
    ULONG room = data && size ? *size : 0;

    if (size)
        *size = length;
    if (!data)
        return 0;
    if (room < length)
        return ERROR_MORE_DATA;
    __builtin_memcpy(data, from, length);
    return 0;
}

LONG RegQueryValueExW(HKEY key, const WCHAR *name, ULONG *reserved, ULONG *type, UCHAR *data,
                      ULONG *size)
{
    KEY_VALUE_PARTIAL_INFORMATION *value;

    if (reserved || (data && !size))
        return ERROR_INVALID_PARAMETER;
    ULONG error = query(key, name, &value);
    if (error)
        return (LONG)error;
    if (type)
        *type = value->Type;
    error = put_data(value->Data, value->DataLength, data, size);
    give_memory(value);
    return (LONG)error;
}

/* Texts come back in the ANSI code page, and so does their size. */
LONG RegQueryValueExA(HKEY key, const char *name, ULONG *reserved, ULONG *type, UCHAR *data,
                      ULONG *size)
{
    KEY_VALUE_PARTIAL_INFORMATION *value = NULL;
    WCHAR *wide;
    char *text = NULL;

    if (reserved || (data && !size))
        return ERROR_INVALID_PARAMETER;
    ULONG error = widen(name, &wide);
    if (!error)
        error = query(key, wide, &value);
    free_wide(wide);
    if (error)
        return (LONG)error;
    if (type)
        *type = value->Type;
    ULONG length = value->DataLength;
    if (is_text(value->Type)) {
        const WCHAR *from = (const WCHAR *)value->Data;
        int chars = (int)(length / sizeof(WCHAR));
        length =
            chars ? (ULONG)WideCharToMultiByte(CP_ACP, 0, from, chars, NULL, 0, NULL, NULL) : 0;
        text = take_memory(length + 1);
        error = text ? 0 : ERROR_NOT_ENOUGH_MEMORY;
        if (text && chars)
            WideCharToMultiByte(CP_ACP, 0, from, chars, text, (int)length, NULL, NULL);
    }
    if (!error)
        error = put_data(text ? (const void *)text : value->Data, length, data, size);
    give_memory(text);
    give_memory(value);
    return (LONG)error;
}

LONG RegSetValueExW(HKEY key, const WCHAR *name, ULONG reserved, ULONG type, const UCHAR *data,
                    ULONG size)
{
    UNICODE_STRING string;
    struct key root;

    if (reserved)
        return ERROR_INVALID_PARAMETER;
    ULONG error = open_with_name(key, name, &root, &string);
    if (error)
        return (LONG)error;
    error = error_of(NtSetValueKey(root.handle, &string, 0, type, data, size));
    close_key(&root);
    return (LONG)error;
}

LONG RegSetValueExA(HKEY key, const char *name, ULONG reserved, ULONG type, const UCHAR *data,
                    ULONG size)
{
    WCHAR *wide, *text = NULL;
    LONG error = (LONG)widen(name, &wide);

    if (!error && is_text(type) && data && size) {
        int chars = MultiByteToWideChar(CP_ACP, 0, (const char *)data, (int)size, NULL, 0);
        text = take_memory((ULONG64)chars * sizeof(WCHAR));
        error = text ? 0 : ERROR_NOT_ENOUGH_MEMORY;
        if (text) {
            MultiByteToWideChar(CP_ACP, 0, (const char *)data, (int)size, text, chars);
            data = (const UCHAR *)text;
            size = (ULONG)chars * sizeof(WCHAR);
        }
    }
    if (!error)
        error = RegSetValueExW(key, wide, reserved, type, data, size);
    free_wide(wide);
    free_wide(text);
    return error;
}

LONG RegDeleteValueW(HKEY key, const WCHAR *name)
{
    UNICODE_STRING string;
    struct key root;
    ULONG error = open_with_name(key, name, &root, &string);

    if (error)
        return (LONG)error;
    error = error_of(NtDeleteValueKey(root.handle, &string));
    close_key(&root);
    return (LONG)error;
}

LONG RegDeleteValueA(HKEY key, const char *name)
{
    WCHAR *wide;
    LONG error = (LONG)widen(name, &wide);

    if (!error)
        error = RegDeleteValueW(key, wide);
    free_wide(wide);
    return error;
}
