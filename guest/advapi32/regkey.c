/* guest/advapi32/regkey.c: opening, making, closing and deleting keys. */
#include "nt/access.h"
#include "reg.h"

enum { PATH_MOST = 512 };
#define FIRST_PREDEFINED 0x80000000u

/* ---- predefined keys ---- */

/* \Registry\User\SID of who runs this. */
static ULONG user_path(WCHAR path[PATH_MOST])
{
    ULONG64 token_user[16]; /* TOKEN_USER and the SID that it points to */
    WCHAR *sid;
    HANDLE token;

    NTSTATUS status = NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &token);
    if (!NT_SUCCESS(status))
        return error_of(status);
    ULONG length;
    status = NtQueryInformationToken(token, TokenUserClass, token_user, sizeof token_user, &length);
    NtClose(token);
    if (!NT_SUCCESS(status))
        return error_of(status);
    if (!ConvertSidToStringSidW((const SID *)token_user[0], &sid))
        return ERROR_NOT_ENOUGH_MEMORY;
    _snwprintf(path, PATH_MOST, L"\\Registry\\User\\%s", sid);
    LocalFree(sid);
    return 0;
}

/* => FALSE: it is not one */
static BOOL predefined_path(HKEY key, WCHAR path[PATH_MOST], ULONG *error)
{
    static const WCHAR *const paths[] = {
        L"\\Registry\\Machine\\Software\\Classes",
        NULL, /* the user's */
        L"\\Registry\\Machine",
        L"\\Registry\\User",
        NULL, /* performance data: not there */
        L"\\Registry\\Machine\\System\\CurrentControlSet\\Hardware Profiles\\Current",
    };
    ULONG64 index = (ULONG)(ULONG64)key - FIRST_PREDEFINED;

    *error = 0;
    if ((ULONG64)key != (ULONG64)(LONG64)(LONG)(ULONG)(ULONG64)key ||
        index >= sizeof paths / sizeof *paths)
        return FALSE;
    if (index == 1)
        *error = user_path(path);
    else if (paths[index])
        _snwprintf(path, PATH_MOST, L"%s", paths[index]);
    else
        *error = ERROR_INVALID_HANDLE;
    return TRUE;
}

ULONG open_key(HKEY key, ULONG access, struct key *out)
{
    WCHAR path[PATH_MOST];
    UNICODE_STRING name;
    ULONG error;

    *out = (struct key){.handle = key};
    if (!predefined_path(key, path, &error) || error)
        return error;
    RtlInitUnicodeString(&name, path);
    OBJECT_ATTRIBUTES attributes = {
        .Length = sizeof attributes, .ObjectName = &name, .Attributes = OBJ_CASE_INSENSITIVE};
    error = error_of(NtOpenKey(&out->handle, access, &attributes));
    out->opened = !error;
    return error;
}

void close_key(struct key *key)
{
    if (key->opened)
        NtClose(key->handle);
}

/* ---- texts ---- */

void *take_memory(ULONG64 size)
{
    return RtlAllocateHeap(GetProcessHeap(), 0, size);
}

void give_memory(void *block)
{
    if (block)
        RtlFreeHeap(GetProcessHeap(), 0, block);
}

/* A UNICODE_STRING of a text, empty for NULL. => ERROR_INVALID_PARAMETER: too long for one */
static ULONG string_of(const WCHAR *text, UNICODE_STRING *string)
{
    const ULONG64 most = 0xFFFE;
    ULONG64 bytes = text ? wcslen(text) * sizeof(WCHAR) : 0;

    if (bytes > most)
        return ERROR_INVALID_PARAMETER;
    *string = (UNICODE_STRING){
        .Length = (USHORT)bytes, .MaximumLength = (USHORT)bytes, .Buffer = (WCHAR *)text};
    return 0;
}

ULONG widen(const char *text, WCHAR **wide)
{
    *wide = NULL;
    if (!text)
        return 0;
    int length = MultiByteToWideChar(CP_ACP, 0, text, -1, NULL, 0);
    *wide = take_memory((ULONG64)length * sizeof(WCHAR));
    if (!*wide)
        return ERROR_NOT_ENOUGH_MEMORY;
    MultiByteToWideChar(CP_ACP, 0, text, -1, *wide, length);
    return 0;
}

void free_wide(WCHAR *wide)
{
    give_memory(wide);
}

ULONG put_wide(const WCHAR *text, ULONG length, WCHAR *to, ULONG *size)
{
    if (*size <= length)
        return ERROR_MORE_DATA;
    __builtin_memcpy(to, text, length * sizeof(WCHAR));
    to[length] = 0;
    *size = length;
    return 0;
}

ULONG put_ansi(const WCHAR *text, ULONG length, char *to, ULONG *size)
{
    ULONG bytes = (ULONG)WideCharToMultiByte(CP_ACP, 0, text, (int)length, NULL, 0, NULL, NULL);

    if (*size <= bytes)
        return ERROR_MORE_DATA;
    WideCharToMultiByte(CP_ACP, 0, text, (int)length, to, (int)bytes, NULL, NULL);
    to[bytes] = 0;
    *size = bytes;
    return 0;
}

ULONG open_with_name(HKEY key, const WCHAR *name, struct key *root, UNICODE_STRING *string)
{
    ULONG error = string_of(name, string);

    return error ? error : open_key(key, MAXIMUM_ALLOWED, root);
}

/* ---- opening ---- */

LONG RegOpenKeyExW(HKEY key, const WCHAR *name, ULONG options, ULONG access, HKEY *result)
{
    UNICODE_STRING string;
    struct key root;

    if (!result)
        return ERROR_INVALID_PARAMETER;
    ULONG error = open_with_name(key, name, &root, &string);
    if (error)
        return (LONG)error;
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .RootDirectory = root.handle,
                                    .ObjectName = &string,
                                    .Attributes = OBJ_CASE_INSENSITIVE};
    error = error_of(NtOpenKeyEx(result, access, &attributes, options));
    close_key(&root);
    return (LONG)error;
}

LONG RegOpenKeyExA(HKEY key, const char *name, ULONG options, ULONG access, HKEY *result)
{
    WCHAR *wide;
    LONG error = (LONG)widen(name, &wide);

    if (!error)
        error = RegOpenKeyExW(key, wide, options, access, result);
    free_wide(wide);
    return error;
}

LONG RegOpenKeyW(HKEY key, const WCHAR *name, HKEY *result)
{
    return RegOpenKeyExW(key, name, 0, MAXIMUM_ALLOWED, result);
}

LONG RegOpenKeyA(HKEY key, const char *name, HKEY *result)
{
    return RegOpenKeyExA(key, name, 0, MAXIMUM_ALLOWED, result);
}

LONG RegCloseKey(HKEY key)
{
    WCHAR path[PATH_MOST];
    ULONG error;

    return predefined_path(key, path, &error) ? 0 : (LONG)error_of(NtClose(key));
}

LONG RegFlushKey(HKEY key)
{
    struct key root;
    ULONG error = open_key(key, MAXIMUM_ALLOWED, &root);

    if (error)
        return (LONG)error;
    error = error_of(NtFlushKey(root.handle));
    close_key(&root);
    return (LONG)error;
}

/* ---- making ---- */

struct creation {
    ULONG options, access, disposition;
    UNICODE_STRING class_name;
};

static NTSTATUS create_one(HANDLE root, UNICODE_STRING *name, struct creation *creation,
                           ULONG access, HANDLE *result)
{
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .RootDirectory = root,
                                    .ObjectName = name,
                                    .Attributes = OBJ_CASE_INSENSITIVE};

    return NtCreateKey(result, access, &attributes, 0,
                       creation->class_name.Length ? &creation->class_name : NULL,
                       creation->options, &creation->disposition);
}

/* A key may be asked for whose parents are missing: each component is made in turn. */
static NTSTATUS create_path(HANDLE root, UNICODE_STRING path, struct creation *creation,
                            HANDLE *result)
{
    HANDLE at = root;
    NTSTATUS status = STATUS_SUCCESS;

    while (NT_SUCCESS(status)) {
        ULONG length = 0, chars = path.Length / sizeof(WCHAR);
        while (length < chars && path.Buffer[length] != '\\')
            length++;
        ULONG next = length;
        while (next < chars && path.Buffer[next] == '\\')
            next++;
        UNICODE_STRING name = {.Length = (USHORT)(length * sizeof(WCHAR)), .Buffer = path.Buffer};
        BOOL last = next == chars;
        status =
            create_one(at, &name, creation, last ? creation->access : KEY_CREATE_SUB_KEY, result);
        if (at != root)
            NtClose(at);
        if (last)
            break;
        at = *result;
        path.Buffer += next;
        path.Length -= (USHORT)(next * sizeof(WCHAR));
    }
    return status;
}

LONG RegCreateKeyExW(HKEY key, const WCHAR *name, ULONG reserved, WCHAR *class_name, ULONG options,
                     ULONG access, const SECURITY_ATTRIBUTES *security, HKEY *result,
                     ULONG *disposition)
{
    struct creation creation = {.options = options, .access = access};
    UNICODE_STRING string;
    struct key root;

    (void)security; /* no key has a descriptor of its own */
    if (!result || !name || reserved)
        return ERROR_INVALID_PARAMETER;
    ULONG error = string_of(class_name, &creation.class_name);
    if (!error)
        error = open_with_name(key, name, &root, &string);
    if (error)
        return (LONG)error;
    NTSTATUS status = create_one(root.handle, &string, &creation, access, result);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND)
        status = create_path(root.handle, string, &creation, result);
    close_key(&root);
    if (NT_SUCCESS(status) && disposition)
        *disposition = creation.disposition;
    return (LONG)error_of(status);
}

LONG RegCreateKeyExA(HKEY key, const char *name, ULONG reserved, char *class_name, ULONG options,
                     ULONG access, const SECURITY_ATTRIBUTES *security, HKEY *result,
                     ULONG *disposition)
{
    WCHAR *wide, *wide_class = NULL;
    LONG error = (LONG)widen(name, &wide);

    if (!error)
        error = (LONG)widen(class_name, &wide_class);
    if (!error)
        error = RegCreateKeyExW(key, wide, reserved, wide_class, options, access, security, result,
                                disposition);
    free_wide(wide);
    free_wide(wide_class);
    return error;
}

LONG RegCreateKeyW(HKEY key, const WCHAR *name, HKEY *result)
{
    return RegCreateKeyExW(key, name ? name : L"", 0, NULL, 0, MAXIMUM_ALLOWED, NULL, result, NULL);
}

LONG RegCreateKeyA(HKEY key, const char *name, HKEY *result)
{
    return RegCreateKeyExA(key, name ? name : "", 0, NULL, 0, MAXIMUM_ALLOWED, NULL, result, NULL);
}

/* ---- deleting ---- */

LONG RegDeleteKeyExW(HKEY key, const WCHAR *name, ULONG view, ULONG reserved)
{
    HKEY handle;

    if (!name || reserved)
        return ERROR_INVALID_PARAMETER;
    LONG error = RegOpenKeyExW(key, name, REG_OPTION_OPEN_LINK, DELETE | view, &handle);
    if (error)
        return error;
    error = (LONG)error_of(NtDeleteKey(handle));
    NtClose(handle);
    return error;
}

LONG RegDeleteKeyExA(HKEY key, const char *name, ULONG view, ULONG reserved)
{
    WCHAR *wide;
    LONG error = (LONG)widen(name, &wide);

    if (!error)
        error = RegDeleteKeyExW(key, wide, view, reserved);
    free_wide(wide);
    return error;
}

LONG RegDeleteKeyW(HKEY key, const WCHAR *name)
{
    return RegDeleteKeyExW(key, name, 0, 0);
}

LONG RegDeleteKeyA(HKEY key, const char *name)
{
    return RegDeleteKeyExA(key, name, 0, 0);
}
