/* guest/kernel32/psapi.h: structures and functions of PSAPI. Source: psapi.h, documentation. */
#pragma once

#include "k32.h"

typedef struct _MODULEINFO {
    void *lpBaseOfDll;
    ULONG SizeOfImage;
    void *EntryPoint;
} MODULEINFO;
NT_SIZE(MODULEINFO, 0x18);

typedef struct _PROCESS_MEMORY_COUNTERS_EX {
    ULONG cb;
    ULONG PageFaultCount;
    ULONG64 PeakWorkingSetSize;
    ULONG64 WorkingSetSize;
    ULONG64 QuotaPeakPagedPoolUsage;
    ULONG64 QuotaPagedPoolUsage;
    ULONG64 QuotaPeakNonPagedPoolUsage;
    ULONG64 QuotaNonPagedPoolUsage;
    ULONG64 PagefileUsage;
    ULONG64 PeakPagefileUsage;
    ULONG64 PrivateUsage; /* absent in PROCESS_MEMORY_COUNTERS */
} PROCESS_MEMORY_COUNTERS_EX;
NT_SIZE(PROCESS_MEMORY_COUNTERS_EX, 0x50);

typedef struct _PERFORMANCE_INFORMATION {
    ULONG cb;
    ULONG64 CommitTotal; /* pages, up to KernelNonpaged */
    ULONG64 CommitLimit;
    ULONG64 CommitPeak;
    ULONG64 PhysicalTotal;
    ULONG64 PhysicalAvailable;
    ULONG64 SystemCache;
    ULONG64 KernelTotal;
    ULONG64 KernelPaged;
    ULONG64 KernelNonpaged;
    ULONG64 PageSize; /* bytes */
    ULONG HandleCount;
    ULONG ProcessCount;
    ULONG ThreadCount;
} PERFORMANCE_INFORMATION;
NT_SIZE(PERFORMANCE_INFORMATION, 0x68);

typedef struct _ENUM_PAGE_FILE_INFORMATION {
    ULONG cb;
    ULONG Reserved;
    ULONG64 TotalSize; /* pages */
    ULONG64 TotalInUse;
    ULONG64 PeakUsage;
} ENUM_PAGE_FILE_INFORMATION;
NT_SIZE(ENUM_PAGE_FILE_INFORMATION, 0x20);

/* => FALSE: no further one */
typedef BOOL enum_page_files_w(void *context, ENUM_PAGE_FILE_INFORMATION *info, const WCHAR *name);
typedef BOOL enum_page_files_a(void *context, ENUM_PAGE_FILE_INFORMATION *info, const char *name);

/* pagefiles.c */
BOOL K32EnumPageFilesW(enum_page_files_w *visit, void *context);
BOOL K32EnumPageFilesA(enum_page_files_a *visit, void *context);

BOOL K32EnumProcesses(ULONG *ids, ULONG size, ULONG *needed);
BOOL K32EnumProcessModules(HANDLE process, HANDLE *modules, ULONG size, ULONG *needed);
BOOL K32EnumProcessModulesEx(HANDLE process, HANDLE *modules, ULONG size, ULONG *needed,
                             ULONG filter);
ULONG K32GetModuleBaseNameW(HANDLE process, HANDLE module, WCHAR *name, ULONG size);
ULONG K32GetModuleBaseNameA(HANDLE process, HANDLE module, char *name, ULONG size);
ULONG K32GetModuleFileNameExW(HANDLE process, HANDLE module, WCHAR *name, ULONG size);
ULONG K32GetModuleFileNameExA(HANDLE process, HANDLE module, char *name, ULONG size);
BOOL K32GetModuleInformation(HANDLE process, HANDLE module, MODULEINFO *info, ULONG size);
BOOL K32GetProcessMemoryInfo(HANDLE process, PROCESS_MEMORY_COUNTERS_EX *counters, ULONG size);
ULONG K32GetProcessImageFileNameW(HANDLE process, WCHAR *name, ULONG size);
ULONG K32GetProcessImageFileNameA(HANDLE process, char *name, ULONG size);
ULONG K32GetMappedFileNameW(HANDLE process, void *address, WCHAR *name, ULONG size);
ULONG K32GetMappedFileNameA(HANDLE process, void *address, char *name, ULONG size);
BOOL K32GetPerformanceInfo(PERFORMANCE_INFORMATION *info, ULONG size);
BOOL QueryFullProcessImageNameW(HANDLE process, ULONG flags, WCHAR *name, ULONG *size);
BOOL QueryFullProcessImageNameA(HANDLE process, ULONG flags, char *name, ULONG *size);
BOOL GetProcessHandleCount(HANDLE process, ULONG *count);
BOOL GetProcessIoCounters(HANDLE process, IO_COUNTERS *counters);
BOOL ProcessIdToSessionId(ULONG id, ULONG *session);

/* workingset.c */
BOOL SetProcessWorkingSetSizeEx(HANDLE process, ULONG64 minimum, ULONG64 maximum, ULONG flags);
BOOL SetProcessWorkingSetSize(HANDLE process, ULONG64 minimum, ULONG64 maximum);
BOOL GetProcessWorkingSetSizeEx(HANDLE process, ULONG64 *minimum, ULONG64 *maximum, ULONG *flags);
BOOL GetProcessWorkingSetSize(HANDLE process, ULONG64 *minimum, ULONG64 *maximum);
BOOL K32EmptyWorkingSet(HANDLE process);
BOOL K32QueryWorkingSet(HANDLE process, void *buffer, ULONG size);
BOOL K32QueryWorkingSetEx(HANDLE process, void *buffer, ULONG size);
