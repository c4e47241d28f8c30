/* guest/include/ntldr.h: the loader's exports. */
#pragma once

#include "ntrtl.h"

/* Load a DLL, its dependencies and run their initialisation; each success adds a reference.
 * `search_path`: semicolon-separated folders, NULL for the process's own search order.
 * => STATUS_DLL_NOT_FOUND, STATUS_INVALID_IMAGE_FORMAT, STATUS_DLL_INIT_FAILED, ... */
NTSTATUS LdrLoadDll(const WCHAR *search_path, ULONG *characteristics, const UNICODE_STRING *name,
                    void **base);
NTSTATUS LdrUnloadDll(void *base);
/* The base of a loaded DLL, without a reference. => STATUS_DLL_NOT_FOUND */
NTSTATUS LdrGetDllHandle(const WCHAR *search_path, ULONG *characteristics,
                         const UNICODE_STRING *name, void **base);
#define LDR_GET_DLL_HANDLE_EX_UNCHANGED_REFCOUNT 1u
#define LDR_GET_DLL_HANDLE_EX_PIN 2u
NTSTATUS LdrGetDllHandleEx(ULONG flags, const WCHAR *search_path, ULONG *characteristics,
                           const UNICODE_STRING *name, void **base);
/* Address of an export by name (may be NULL) or ordinal, forwarders followed.
 * => STATUS_ENTRYPOINT_NOT_FOUND, STATUS_ORDINAL_NOT_FOUND, STATUS_DLL_NOT_FOUND */
NTSTATUS LdrGetProcedureAddress(void *base, const STRING *name, ULONG ordinal, void **address);
#define LDR_ADDREF_DLL_PIN 1u
NTSTATUS LdrAddRefDll(ULONG flags, void *base);
NTSTATUS LdrDisableThreadCalloutsForDll(void *base);
NTSTATUS LdrFindEntryForAddress(void *address, LDR_DATA_TABLE_ENTRY **entry);
NTSTATUS LdrLockLoaderLock(ULONG flags, ULONG *disposition, ULONG64 *cookie);
NTSTATUS LdrUnlockLoaderLock(ULONG flags, ULONG64 cookie);
NTSTATUS LdrEnumerateLoadedModules(ULONG flags,
                                   void (*callback)(LDR_DATA_TABLE_ENTRY *entry, void *context,
                                                    BOOLEAN *stop),
                                   void *context);
/* The end of a thread and of the process: TLS callbacks, DllMain in reverse order of
 * initialisation. */
NTSTATUS LdrShutdownThread(void);
NTSTATUS LdrShutdownProcess(void);
