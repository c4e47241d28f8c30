/* guest/kernel32/module.c: modules by name and address. The loader itself is ntdll's. */
#include "k32.h"

#define LOAD_LIBRARY_AS_DATAFILE 0x2u
#define GET_MODULE_HANDLE_EX_FLAG_PIN 1u
#define GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT 2u
#define GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS 4u

static UNICODE_STRING unicode_of(const WCHAR *text)
{
    USHORT bytes = (USHORT)(wide_length(text) * sizeof(WCHAR));
    return (UNICODE_STRING){bytes, (USHORT)(bytes + sizeof(WCHAR)), (WCHAR *)text};
}

/* Load a module. Flags that change how it is searched for are accepted; data files are not loaded
 * as such yet and say so. */
HANDLE LoadLibraryExW(const WCHAR *name, HANDLE file, ULONG flags)
{
    void *base = NULL;
    if (!name || file) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (flags & LOAD_LIBRARY_AS_DATAFILE) {
        SetLastError(ERROR_NOT_SUPPORTED);
        return NULL;
    }
    UNICODE_STRING string = unicode_of(name);
    NTSTATUS status = LdrLoadDll(NULL, NULL, &string, &base);
    if (status == STATUS_DLL_NOT_FOUND) {
        SetLastError(ERROR_MOD_NOT_FOUND);
        return NULL;
    }
    return done(status) ? base : NULL;
}

HANDLE LoadLibraryW(const WCHAR *name)
{
    return LoadLibraryExW(name, NULL, 0);
}

HANDLE LoadLibraryExA(const char *name, HANDLE file, ULONG flags)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, name))
        return NULL;
    HANDLE module = LoadLibraryExW(arg.text, file, flags);
    wide_arg_deinit(&arg);
    return module;
}

HANDLE LoadLibraryA(const char *name)
{
    return LoadLibraryExA(name, NULL, 0);
}

BOOL FreeLibrary(HANDLE module)
{
    return done(LdrUnloadDll(module));
}

void FreeLibraryAndExitThread(HANDLE module, ULONG code)
{
    FreeLibrary(module);
    ExitThread(code);
}

#define HIGHEST_ORDINAL 0xFFFFu

void *GetProcAddress(HANDLE module, const char *name)
{
    void *address = NULL;
    NTSTATUS status;
    if (!module)
        module = current_peb()->ImageBaseAddress;
    if ((ULONG64)name <= HIGHEST_ORDINAL) {
        status = LdrGetProcedureAddress(module, NULL, (ULONG)(ULONG64)name, &address);
    } else {
        USHORT length = (USHORT)__builtin_strlen(name);
        STRING string = {length, (USHORT)(length + 1), (char *)name};
        status = LdrGetProcedureAddress(module, &string, 0, &address);
    }
    if (status == STATUS_ENTRYPOINT_NOT_FOUND || status == STATUS_ORDINAL_NOT_FOUND) {
        SetLastError(ERROR_PROC_NOT_FOUND);
        return NULL;
    }
    return done(status) ? address : NULL;
}

HANDLE GetModuleHandleW(const WCHAR *name)
{
    void *base = NULL;
    if (!name)
        return current_peb()->ImageBaseAddress;
    UNICODE_STRING string = unicode_of(name);
    NTSTATUS status = LdrGetDllHandle(NULL, NULL, &string, &base);
    if (status == STATUS_DLL_NOT_FOUND) {
        SetLastError(ERROR_MOD_NOT_FOUND);
        return NULL;
    }
    return done(status) ? base : NULL;
}

HANDLE GetModuleHandleA(const char *name)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, name))
        return NULL;
    HANDLE module = GetModuleHandleW(arg.text);
    wide_arg_deinit(&arg);
    return module;
}

BOOL GetModuleHandleExW(ULONG flags, const WCHAR *name, HANDLE *module)
{
    void *base = NULL;
    if (!module)
        return fail_error(ERROR_INVALID_PARAMETER);
    *module = NULL;
    if ((flags & GET_MODULE_HANDLE_EX_FLAG_PIN &&
         flags & GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT) ||
        flags > 7)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS) {
        if (!RtlPcToFileHeader((void *)name, &base))
            return fail_error(ERROR_MOD_NOT_FOUND);
    } else {
        base = GetModuleHandleW(name);
        if (!base)
            return FALSE;
    }
    if (!(flags & GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT)) {
        BOOL pin = (flags & GET_MODULE_HANDLE_EX_FLAG_PIN) != 0;
        if (!done(LdrAddRefDll(pin ? LDR_ADDREF_DLL_PIN : 0, base)))
            return FALSE;
    }
    *module = base;
    return TRUE;
}

BOOL GetModuleHandleExA(ULONG flags, const char *name, HANDLE *module)
{
    struct wide_arg arg;
    if (flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS)
        return GetModuleHandleExW(flags, (const WCHAR *)name, module);
    if (!wide_arg_init(&arg, name))
        return FALSE;
    BOOL result = GetModuleHandleExW(flags, arg.text, module);
    wide_arg_deinit(&arg);
    return result;
}

/* => loader lock held */
static const LDR_DATA_TABLE_ENTRY *find_entry(HANDLE module)
{
    PEB *peb = current_peb();
    LIST_ENTRY *head = &peb->Ldr->InLoadOrderModuleList;
    if (!module)
        module = peb->ImageBaseAddress;
    for (LIST_ENTRY *e = head->Flink; e != head; e = e->Flink) {
        const LDR_DATA_TABLE_ENTRY *entry =
            (const LDR_DATA_TABLE_ENTRY *)((char *)e -
                                           offsetof(LDR_DATA_TABLE_ENTRY, InLoadOrderLinks));
        if (entry->DllBase == module)
            return entry;
    }
    return NULL;
}

/* Windows 7 truncates to the buffer and sets ERROR_INSUFFICIENT_BUFFER, terminated. */
ULONG GetModuleFileNameW(HANDLE module, WCHAR *buffer, ULONG size)
{
    ULONG length = 0;
    ULONG64 cookie = 0;
    LdrLockLoaderLock(0, NULL, &cookie);
    const LDR_DATA_TABLE_ENTRY *entry = find_entry(module);
    if (!entry) {
        SetLastError(ERROR_MOD_NOT_FOUND);
    } else if (size == 0) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
    } else {
        length = entry->FullDllName.Length / sizeof(WCHAR);
        BOOL fits = length < size;
        ULONG copied = fits ? length : size - 1;
        copy_bytes(buffer, entry->FullDllName.Buffer, copied * sizeof(WCHAR));
        buffer[copied] = 0;
        SetLastError(fits ? ERROR_SUCCESS : ERROR_INSUFFICIENT_BUFFER);
        if (!fits)
            length = size;
    }
    LdrUnlockLoaderLock(0, cookie);
    return length;
}

ULONG GetModuleFileNameA(HANDLE module, char *buffer, ULONG size)
{
    WCHAR wide[1024];
    ULONG length = GetModuleFileNameW(module, wide, sizeof wide / sizeof *wide);
    if (!length)
        return 0;
    if (!size) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    ULONG needed = copy_out_ansi(wide, length, buffer, size);
    if (needed < size)
        return needed;
    for (ULONG i = 0; i + 1 < size; i++)
        WideCharToMultiByte(CP_ACP, 0, wide + i, 1, buffer + i, 1, NULL, NULL);
    buffer[size - 1] = 0;
    SetLastError(ERROR_INSUFFICIENT_BUFFER);
    return size;
}
