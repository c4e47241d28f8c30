/* guest/kernel32/memory.c: virtual memory, other processes' memory, and views of sections. */
#include "k32.h"

void *VirtualAllocEx(HANDLE process, void *address, ULONG64 size, ULONG type, ULONG protect)
{
    void *base = address;
    ULONG64 bytes = size;
    /* An address in the first 64 KB would mean "anywhere" after rounding down to NULL. */
    if (address && (ULONG64)address < ALLOCATION_GRANULARITY) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    NTSTATUS status = NtAllocateVirtualMemory(process, &base, 0, &bytes, type, protect);
    return done(status) ? base : NULL;
}

void *VirtualAlloc(void *address, ULONG64 size, ULONG type, ULONG protect)
{
    return VirtualAllocEx(CURRENT_PROCESS, address, size, type, protect);
}

#define NUMA_NO_PREFERRED_NODE 0xFFFFFFFFu

void *VirtualAllocExNuma(HANDLE process, void *address, ULONG64 size, ULONG type, ULONG protect,
                         ULONG node)
{
    if (node != 0 && node != NUMA_NO_PREFERRED_NODE) { /* there is one */
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return VirtualAllocEx(process, address, size, type, protect);
}

BOOL VirtualFreeEx(HANDLE process, void *address, ULONG64 size, ULONG type)
{
    if (type & MEM_RELEASE && size)
        return fail_error(ERROR_INVALID_PARAMETER);
    return done(NtFreeVirtualMemory(process, &address, &size, type));
}

BOOL VirtualFree(void *address, ULONG64 size, ULONG type)
{
    return VirtualFreeEx(CURRENT_PROCESS, address, size, type);
}

BOOL VirtualProtectEx(HANDLE process, void *address, ULONG64 size, ULONG protect, ULONG *old)
{
    return done(NtProtectVirtualMemory(process, &address, &size, protect, old));
}

BOOL VirtualProtect(void *address, ULONG64 size, ULONG protect, ULONG *old)
{
    return VirtualProtectEx(CURRENT_PROCESS, address, size, protect, old);
}

ULONG64 VirtualQueryEx(HANDLE process, const void *address, MEMORY_BASIC_INFORMATION *info,
                       ULONG64 length)
{
    NTSTATUS status =
        NtQueryVirtualMemory(process, (void *)address, MemoryBasicInformation, info, length, NULL);
    return done(status) ? sizeof *info : 0; /* an answer is never shorter */
}

ULONG64 VirtualQuery(const void *address, MEMORY_BASIC_INFORMATION *info, ULONG64 length)
{
    return VirtualQueryEx(CURRENT_PROCESS, address, info, length);
}

#define VM_LOCK_1 1u /* lock in the working set */

BOOL VirtualLock(void *address, ULONG64 size)
{
    return done(NtLockVirtualMemory(CURRENT_PROCESS, &address, &size, VM_LOCK_1));
}

BOOL VirtualUnlock(void *address, ULONG64 size)
{
    return done(NtUnlockVirtualMemory(CURRENT_PROCESS, &address, &size, VM_LOCK_1));
}

UINT GetWriteWatch(ULONG flags, void *base, ULONG64 size, void **addresses, ULONG64 *count,
                   ULONG *granularity)
{
    NTSTATUS status =
        NtGetWriteWatch(CURRENT_PROCESS, flags, base, size, addresses, count, granularity);
    return done(status) ? 0 : (UINT)-1;
}

UINT ResetWriteWatch(void *base, ULONG64 size)
{
    return done(NtResetWriteWatch(CURRENT_PROCESS, base, size)) ? 0 : (UINT)-1;
}

BOOL AllocateUserPhysicalPages(HANDLE process, ULONG64 *count, ULONG64 *frames)
{
    return done(NtAllocateUserPhysicalPages(process, count, frames));
}

BOOL FreeUserPhysicalPages(HANDLE process, ULONG64 *count, ULONG64 *frames)
{
    return done(NtFreeUserPhysicalPages(process, count, frames));
}

BOOL MapUserPhysicalPages(void *address, ULONG64 count, ULONG64 *frames)
{
    return done(NtMapUserPhysicalPages(address, count, frames));
}

BOOL MapUserPhysicalPagesScatter(void **addresses, ULONG64 count, ULONG64 *frames)
{
    return done(NtMapUserPhysicalPagesScatter(addresses, count, frames));
}

BOOL ReadProcessMemory(HANDLE process, const void *address, void *buffer, ULONG64 size,
                       ULONG64 *transferred)
{
    ULONG64 bytes = 0;
    NTSTATUS status = NtReadVirtualMemory(process, (void *)address, buffer, size, &bytes);
    if (transferred)
        *transferred = bytes;
    return done(status);
}

/* A debugger may write to code: pages that are readable but not writable are opened for the write
 * and closed again, as documented by what WriteProcessMemory does to PAGE_EXECUTE_READ. */
BOOL WriteProcessMemory(HANDLE process, void *address, const void *buffer, ULONG64 size,
                        ULONG64 *transferred)
{
    void *base = address;
    ULONG64 span = size, bytes = 0;
    ULONG old = 0, ignored;
    NTSTATUS opened = NtProtectVirtualMemory(process, &base, &span, PAGE_EXECUTE_READWRITE, &old);
    BOOL refused = NT_SUCCESS(opened) && old & (PAGE_NOACCESS | PAGE_READONLY | PAGE_GUARD);
    NTSTATUS status = STATUS_ACCESS_VIOLATION;

    if (NT_SUCCESS(opened) && (refused || old & (PAGE_READWRITE | PAGE_WRITECOPY)))
        NtProtectVirtualMemory(process, &base, &span, old, &ignored);
    if (!refused)
        status = NtWriteVirtualMemory(process, address, (void *)buffer, size, &bytes);
    if (NT_SUCCESS(opened) && !refused && !(old & (PAGE_READWRITE | PAGE_WRITECOPY))) {
        NtProtectVirtualMemory(process, &base, &span, old, &ignored);
        NtFlushInstructionCache(process, address, size);
    }
    if (transferred)
        *transferred = bytes;
    return status == STATUS_ACCESS_VIOLATION ? fail_error(ERROR_NOACCESS) : done(status);
}

BOOL FlushInstructionCache(HANDLE process, const void *address, ULONG64 size)
{
    return done(NtFlushInstructionCache(process, (void *)address, size));
}

ULONG64 GetLargePageMinimum(void)
{
    return SharedUserData->LargePageMinimum;
}

/* The IsBad family asks the memory manager instead of touching: the answer is the same, and no
 * guard page loses its guard. */
static BOOL lacks_access(const void *address, ULONG64 size, ULONG wanted)
{
    ULONG64 at = (ULONG64)address, end = at + size;
    if (!size)
        return FALSE;
    if (!address || end < at)
        return TRUE;
    while (at < end) {
        MEMORY_BASIC_INFORMATION info;
        if (!VirtualQuery((void *)at, &info, sizeof info))
            return TRUE;
        if (info.State != MEM_COMMIT || info.Protect & PAGE_GUARD || !(info.Protect & wanted))
            return TRUE;
        at = (ULONG64)info.BaseAddress + info.RegionSize;
    }
    return FALSE;
}

#define ANY_WRITE                                                                                  \
    (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)
#define ANY_READ (ANY_WRITE | PAGE_READONLY | PAGE_EXECUTE_READ | PAGE_EXECUTE)

BOOL IsBadReadPtr(const void *address, ULONG64 size)
{
    return lacks_access(address, size, ANY_READ);
}

BOOL IsBadWritePtr(void *address, ULONG64 size)
{
    return lacks_access(address, size, ANY_WRITE);
}

BOOL IsBadCodePtr(void (*address)(void))
{
    return lacks_access((const void *)address, 1, ANY_READ);
}

BOOL IsBadStringPtrA(const char *text, ULONG64 limit)
{
    for (ULONG64 i = 0; i < limit; i++) {
        if ((i == 0 || ((ULONG64)(text + i) & (PAGE_SIZE_BYTES - 1)) == 0) &&
            IsBadReadPtr(text + i, 1))
            return TRUE;
        if (!text[i])
            break;
    }
    return FALSE;
}

/* Source: CreateFileMapping and MapViewOfFile documentation. */
static ULONG section_access(ULONG protect)
{
    ULONG access = SECTION_QUERY | SECTION_MAP_READ | 0xF0000u;
    if (protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE))
        access |= SECTION_MAP_WRITE;
    if (protect & (PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY))
        access |= SECTION_MAP_EXECUTE;
    return access;
}

#define SECTION_ATTRIBUTES 0xFF000000u /* the SEC_* bits of flProtect */

HANDLE CreateFileMappingW(HANDLE file, const SECURITY_ATTRIBUTES *security, ULONG protect,
                          ULONG size_high, ULONG size_low, const WCHAR *name)
{
    struct named_object object;
    LARGE_INTEGER size = {.QuadPart = (LONG64)((ULONG64)size_high << 32 | size_low)};
    ULONG attributes = protect & SECTION_ATTRIBUTES;
    HANDLE section = NULL;

    if (file == INVALID_HANDLE_VALUE) {
        file = NULL;
        if (size.QuadPart == 0) {
            SetLastError(ERROR_INVALID_PARAMETER);
            return NULL;
        }
    }
    if (!named_object_init(&object, security, name))
        return NULL;
    protect &= ~SECTION_ATTRIBUTES;
    if (!attributes || attributes == SEC_NOCACHE)
        attributes |= SEC_COMMIT;
    NTSTATUS status = NtCreateSection(&section, section_access(protect), &object.attributes,
                                      size.QuadPart ? &size : NULL, protect, attributes, file);
    if (status == STATUS_MAPPED_FILE_SIZE_ZERO) {
        SetLastError(ERROR_FILE_INVALID);
        return NULL;
    }
    return created(status, section);
}

HANDLE CreateFileMappingA(HANDLE file, const SECURITY_ATTRIBUTES *security, ULONG protect,
                          ULONG size_high, ULONG size_low, const char *name)
{
    struct wide_arg arg;
    if (!wide_arg_init(&arg, name))
        return NULL;
    HANDLE section = CreateFileMappingW(file, security, protect, size_high, size_low, arg.text);
    wide_arg_deinit(&arg);
    return section;
}

static ULONG mapping_access(ULONG access)
{
    if (access == FILE_MAP_COPY)
        return FILE_MAP_READ;
    if (access & FILE_MAP_EXECUTE)
        return (access & ~FILE_MAP_EXECUTE) | SECTION_MAP_EXECUTE;
    return access;
}

HANDLE OpenFileMappingW(ULONG access, BOOL inherit, const WCHAR *name)
{
    return open_named(NtOpenSection, mapping_access(access), inherit, name);
}

HANDLE OpenFileMappingA(ULONG access, BOOL inherit, const char *name)
{
    return open_named_ansi(NtOpenSection, mapping_access(access), inherit, name);
}

static ULONG view_protection(ULONG access)
{
    BOOL execute = (access & FILE_MAP_EXECUTE) != 0;
    if ((access & ~FILE_MAP_EXECUTE) == FILE_MAP_COPY)
        return execute ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY;
    if (access & FILE_MAP_WRITE)
        return execute ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
    if (access & FILE_MAP_READ)
        return execute ? PAGE_EXECUTE_READ : PAGE_READONLY;
    return PAGE_NOACCESS;
}

void *MapViewOfFileEx(HANDLE section, ULONG access, ULONG offset_high, ULONG offset_low,
                      ULONG64 size, void *address)
{
    LARGE_INTEGER offset = {.QuadPart = (LONG64)((ULONG64)offset_high << 32 | offset_low)};
    void *base = address;
    ULONG64 bytes = size;
    const ULONG view_unmap = 2; /* children do not inherit the view */
    NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, &offset, &bytes,
                                         view_unmap, 0, view_protection(access));
    return done(status) ? base : NULL;
}

void *MapViewOfFile(HANDLE section, ULONG access, ULONG offset_high, ULONG offset_low, ULONG64 size)
{
    return MapViewOfFileEx(section, access, offset_high, offset_low, size, NULL);
}

BOOL UnmapViewOfFile(const void *address)
{
    return done(NtUnmapViewOfSection(CURRENT_PROCESS, (void *)address));
}

BOOL FlushViewOfFile(const void *address, ULONG64 size)
{
    void *base = (void *)address;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtFlushVirtualMemory(CURRENT_PROCESS, &base, &size, &iosb);
    return status == STATUS_NOT_MAPPED_DATA ? TRUE : done(status);
}
