/* guest/ntdll/ldrapi.c: the loader's exports. */
#include "ldr.h"

static LONG lock_cookie;

NTSTATUS LdrLoadDll(const WCHAR *search_path, ULONG *characteristics, const UNICODE_STRING *name,
                    void **base)
{
    struct ldr_module *module;
    (void)characteristics;
    RtlEnterCriticalSection(&LdrpLoaderLock);
    LdrpFailure.dll.Length = 0;
    NTSTATUS status = ldr_load(search_path, name, NULL, &module);
    if (NT_SUCCESS(status)) {
        status = ldr_run_initializers(NULL);
        if (NT_SUCCESS(status)) {
            *base = module->entry.DllBase;
        } else {
            ldr_release(module);
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return status;
}

static struct ldr_module *find_base(const void *base)
{
    struct ldr_module *module = ldr_find_address(base);
    return module && module->entry.DllBase == base ? module : NULL;
}

NTSTATUS LdrUnloadDll(void *base)
{
    NTSTATUS status = STATUS_SUCCESS;
    if (current_peb()->Ldr->ShutdownInProgress) {
        return STATUS_SUCCESS;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    struct ldr_module *module = find_base(base);
    if (module) {
        ldr_release(module);
    } else {
        status = STATUS_DLL_NOT_FOUND;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return status;
}

/* A loaded module by base name or by full path. */
static struct ldr_module *find_loaded(const UNICODE_STRING *name)
{
    WCHAR text[260], full[260];
    UNICODE_STRING wanted, path;
    if (!NT_SUCCESS(ldr_normalise_name(name, text, ARRAY_COUNT(text), &wanted))) {
        return NULL;
    }
    if (!ldr_has_path(&wanted)) {
        return ldr_find_name(&wanted);
    }
    ULONG length = RtlGetFullPathName_U(wanted.Buffer, sizeof full, full, NULL);
    if (!length || length >= sizeof full) {
        return NULL;
    }
    RtlInitUnicodeString(&path, full);
    LIST_ENTRY *head = &current_peb()->Ldr->InLoadOrderModuleList;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        LDR_DATA_TABLE_ENTRY *entry = CONTAINER(link, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);
        if (RtlEqualUnicodeString(&entry->FullDllName, &path, 1)) {
            return module_of(entry);
        }
    }
    return NULL;
}

NTSTATUS LdrGetDllHandleEx(ULONG flags, const WCHAR *search_path, ULONG *characteristics,
                           const UNICODE_STRING *name, void **base)
{
    (void)search_path;
    (void)characteristics;
    RtlEnterCriticalSection(&LdrpLoaderLock);
    struct ldr_module *module = find_loaded(name);
    if (module) {
        *base = module->entry.DllBase;
        if (flags & LDR_GET_DLL_HANDLE_EX_PIN) {
            module->entry.LoadCount = LDR_PINNED;
        } else if (!(flags & LDR_GET_DLL_HANDLE_EX_UNCHANGED_REFCOUNT) &&
                   module->entry.LoadCount != LDR_PINNED) {
            module->entry.LoadCount++;
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return module ? STATUS_SUCCESS : STATUS_DLL_NOT_FOUND;
}

NTSTATUS LdrGetDllHandle(const WCHAR *search_path, ULONG *characteristics,
                         const UNICODE_STRING *name, void **base)
{
    return LdrGetDllHandleEx(LDR_GET_DLL_HANDLE_EX_UNCHANGED_REFCOUNT, search_path, characteristics,
                             name, base);
}

NTSTATUS LdrGetProcedureAddress(void *base, const STRING *name, ULONG ordinal, void **address)
{
    char text[512];
    if (name && name->Length >= sizeof text) {
        return STATUS_ENTRYPOINT_NOT_FOUND;
    }
    if (name) {
        memcpy(text, name->Buffer, name->Length);
        text[name->Length] = 0;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    struct ldr_module *module = find_base(base);
    NTSTATUS status = STATUS_DLL_NOT_FOUND;
    if (module) {
        status = ldr_find_export(module, name ? text : NULL, 0, ordinal, 0, address);
        if (NT_SUCCESS(status)) { /* a forwarder may have brought a module */
            status = ldr_run_initializers(NULL);
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return status;
}

NTSTATUS LdrAddRefDll(ULONG flags, void *base)
{
    RtlEnterCriticalSection(&LdrpLoaderLock);
    struct ldr_module *module = find_base(base);
    if (module && (flags & LDR_ADDREF_DLL_PIN)) {
        module->entry.LoadCount = LDR_PINNED;
    } else if (module && module->entry.LoadCount != LDR_PINNED) {
        module->entry.LoadCount++;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return module ? STATUS_SUCCESS : STATUS_DLL_NOT_FOUND;
}

/* => STATUS_DLL_NOT_FOUND also for a module with TLS, whose callbacks need to be called */
NTSTATUS LdrDisableThreadCalloutsForDll(void *base)
{
    RtlEnterCriticalSection(&LdrpLoaderLock);
    struct ldr_module *module = find_base(base);
    NTSTATUS status = STATUS_DLL_NOT_FOUND;
    if (module && module->tls_index == LDR_NO_TLS) {
        module->entry.Flags |= LDRP_DONT_CALL_FOR_THREADS;
        status = STATUS_SUCCESS;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return status;
}

NTSTATUS LdrFindEntryForAddress(void *address, LDR_DATA_TABLE_ENTRY **entry)
{
    RtlEnterCriticalSection(&LdrpLoaderLock);
    struct ldr_module *module = ldr_find_address(address);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    if (!module) {
        return STATUS_NO_MORE_ENTRIES;
    }
    *entry = &module->entry;
    return STATUS_SUCCESS;
}

void *RtlPcToFileHeader(void *pc, void **base)
{
    LDR_DATA_TABLE_ENTRY *entry;
    *base = NT_SUCCESS(LdrFindEntryForAddress(pc, &entry)) ? entry->DllBase : NULL;
    return *base;
}

/* flags: 2 try only, and *disposition says 1 (locked) or 2 (not). */
NTSTATUS LdrLockLoaderLock(ULONG flags, ULONG *disposition, ULONG64 *cookie)
{
    if (flags & 2) {
        if (!disposition) {
            return STATUS_INVALID_PARAMETER_2;
        }
        if (!RtlTryEnterCriticalSection(&LdrpLoaderLock)) {
            *disposition = 2;
            *cookie = 0;
            return STATUS_SUCCESS;
        }
    } else {
        RtlEnterCriticalSection(&LdrpLoaderLock);
    }
    if (disposition) {
        *disposition = 1;
    }
    *cookie = (ULONG64)__atomic_add_fetch(&lock_cookie, 1, __ATOMIC_RELAXED);
    return STATUS_SUCCESS;
}

NTSTATUS LdrUnlockLoaderLock(ULONG flags, ULONG64 cookie)
{
    (void)flags;
    if (cookie) {
        RtlLeaveCriticalSection(&LdrpLoaderLock);
    }
    return STATUS_SUCCESS;
}

NTSTATUS LdrEnumerateLoadedModules(ULONG flags,
                                   void (*callback)(LDR_DATA_TABLE_ENTRY *entry, void *context,
                                                    BOOLEAN *stop),
                                   void *context)
{
    BOOLEAN stop = 0;
    if (flags) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    LIST_ENTRY *head = &current_peb()->Ldr->InLoadOrderModuleList;
    for (LIST_ENTRY *link = head->Flink; link != head && !stop; link = link->Flink) {
        callback(CONTAINER(link, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks), context, &stop);
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return STATUS_SUCCESS;
}
