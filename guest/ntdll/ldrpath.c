/* guest/ntdll/ldrpath.c: which file a DLL name means.
 *
 * Order, as documented for safe search: the folder of the program, C:\Windows\System32, C:\Windows,
 * the current folder, the folders of PATH. A name with a path is that file. API-set names
 * (contracts that Windows maps to hosts) lead to the module here that has the functions. */
#include "ldr.h"

static const struct {
    const WCHAR *prefix;
    const WCHAR *host;
} api_sets[] = {
    {L"api-ms-win-crt-", L"msvcrt.dll"},
    {L"api-ms-win-core-rtlsupport-", L"ntdll.dll"},
    {L"api-ms-win-", L"kernel32.dll"},
    {L"ext-ms-win-", L"kernel32.dll"},
};

bool ldr_has_path(const UNICODE_STRING *name)
{
    for (ULONG i = 0; i < name->Length / sizeof(WCHAR); i++) {
        WCHAR c = name->Buffer[i];
        if (c == '\\' || c == '/' || c == ':') {
            return true;
        }
    }
    return false;
}

static bool has_extension(const UNICODE_STRING *name)
{
    for (ULONG i = name->Length / sizeof(WCHAR); i-- > 0;) {
        if (name->Buffer[i] == '.') {
            return true;
        }
        if (name->Buffer[i] == '\\' || name->Buffer[i] == '/') {
            return false;
        }
    }
    return false;
}

NTSTATUS ldr_normalise_name(const UNICODE_STRING *name, WCHAR *buffer, size_t room,
                            UNICODE_STRING *out)
{
    out->Buffer = buffer;
    out->Length = 0;
    out->MaximumLength = (USHORT)(room * sizeof(WCHAR));
    for (ULONG i = 0; i < ARRAY_COUNT(api_sets); i++) {
        UNICODE_STRING prefix;
        RtlInitUnicodeString(&prefix, api_sets[i].prefix);
        if (RtlPrefixUnicodeString(&prefix, name, 1)) {
            return RtlAppendUnicodeToString(out, api_sets[i].host);
        }
    }
    if (!name->Length || name->Length + 5 * sizeof(WCHAR) > out->MaximumLength) {
        return STATUS_DLL_NOT_FOUND;
    }
    RtlCopyUnicodeString(out, name);
    if (!has_extension(out)) {
        return RtlAppendUnicodeToString(out, L".dll");
    }
    if (out->Buffer[out->Length / sizeof(WCHAR) - 1] ==
        '.') { /* "name." has no extension, by request */
        out->Length -= sizeof(WCHAR);
    }
    buffer[out->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

/* "folder\" of the program, from its path. */
static UNICODE_STRING program_folder(void)
{
    UNICODE_STRING folder = current_peb()->ProcessParameters->ImagePathName;
    while (folder.Length && folder.Buffer[folder.Length / sizeof(WCHAR) - 1] != '\\') {
        folder.Length -= sizeof(WCHAR);
    }
    return folder;
}

/* The default search path, ';' between folders, in memory of the process heap. */
NTSTATUS ldr_default_path(UNICODE_STRING *out)
{
    RTL_USER_PROCESS_PARAMETERS *parameters = current_peb()->ProcessParameters;
    UNICODE_STRING folder = program_folder();
    UNICODE_STRING name, value = {.MaximumLength = 0};
    RtlInitUnicodeString(&name, L"PATH");
    RtlAcquirePebLock();
    NTSTATUS status = RtlQueryEnvironmentVariable_U(NULL, &name, &value);
    ULONG path_size = status == STATUS_BUFFER_TOO_SMALL ? value.Length + 2u : 0;
    ULONG64 size = folder.Length + parameters->CurrentDirectory.DosPath.Length + path_size + 128;
    *out = (UNICODE_STRING){.MaximumLength = (USHORT)(size < 0xFFFE ? size : 0xFFFE)};
    out->Buffer = process_alloc(out->MaximumLength);
    if (!out->Buffer) {
        RtlReleasePebLock();
        return STATUS_NO_MEMORY;
    }
    RtlAppendUnicodeStringToString(out, &folder);
    RtlAppendUnicodeToString(out, L";C:\\Windows\\System32;C:\\Windows;");
    RtlAppendUnicodeStringToString(out, &parameters->CurrentDirectory.DosPath);
    RtlAppendUnicodeToString(out, L";");
    value.Buffer = out->Buffer + out->Length / sizeof(WCHAR);
    value.MaximumLength = (USHORT)(out->MaximumLength - out->Length);
    if (path_size && NT_SUCCESS(RtlQueryEnvironmentVariable_U(NULL, &name, &value))) {
        out->Length += value.Length;
    }
    RtlReleasePebLock();
    out->Buffer[out->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

static NTSTATUS found(const WCHAR *full, UNICODE_STRING *path)
{
    return RtlCreateUnicodeString(path, full) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

NTSTATUS ldr_search(const WCHAR *search_path, const UNICODE_STRING *name, UNICODE_STRING *path)
{
    WCHAR full[260];
    if (ldr_has_path(name)) {
        ULONG length = RtlGetFullPathName_U(name->Buffer, sizeof full, full, NULL);
        if (!length || length >= sizeof full || !RtlDoesFileExists_U(full)) {
            return STATUS_DLL_NOT_FOUND;
        }
        return found(full, path);
    }
    UNICODE_STRING folders = {.Length = 0};
    if (search_path) {
        RtlInitUnicodeString(&folders, search_path);
    } else {
        NTSTATUS status = ldr_default_path(&folders);
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    ULONG length = RtlDosSearchPath_U(folders.Buffer, name->Buffer, NULL, sizeof full, full, NULL);
    if (!search_path) {
        process_free(folders.Buffer);
    }
    return length && length < sizeof full ? found(full, path) : STATUS_DLL_NOT_FOUND;
}
