/* guest/kernel32/psapi.c: the functions of psapi.dll, which since Windows 7 are here with K32
 * before their names; psapi.dll forwards to them. Source: psapi.h, documentation. */
#include "psapi.h"
#include "processes.h"

#define LIST_MODULES_64BIT 2u
#define LIST_MODULES_ALL 3u

/* Store number `count` of an array of `room` entries of `size` bytes, if it fits. */
static void put(void *array, ULONG room, ULONG count, const void *value, ULONG size)
{
    if (count < room)
        copy_bytes((char *)array + (ULONG64)count * size, value, size);
}

BOOL K32EnumProcesses(ULONG *ids, ULONG size, ULONG *needed)
{
    SYSTEM_PROCESS_INFORMATION *list = process_list();
    ULONG count = 0, room = size / sizeof *ids;
    if (!list)
        return FALSE;
    for (const SYSTEM_PROCESS_INFORMATION *p = list; p; p = process_next(p), count++) {
        ULONG id = (ULONG)(ULONG64)p->UniqueProcessId;
        put(ids, room, count, &id, sizeof id);
    }
    heap_free(list);
    *needed = (count < room ? count : room) * sizeof *ids; /* as documented: what was stored */
    return TRUE;
}

BOOL K32EnumProcessModulesEx(HANDLE process, HANDLE *modules, ULONG size, ULONG *needed,
                             ULONG filter)
{
    struct module_walk walk;
    ULONG count = 0;
    if (filter > LIST_MODULES_ALL)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (!module_walk_init(&walk, process))
        return FALSE;
    while ((!filter || (filter & LIST_MODULES_64BIT)) && module_walk_next(&walk))
        put(modules, size / sizeof *modules, count++, &walk.entry.DllBase, sizeof *modules);
    *needed = count * sizeof *modules;
    return TRUE;
}

BOOL K32EnumProcessModules(HANDLE process, HANDLE *modules, ULONG size, ULONG *needed)
{
    return K32EnumProcessModulesEx(process, modules, size, needed, 0);
}

/* Walk to a module; NULL: the program. */
static BOOL find_module(struct module_walk *walk, HANDLE process, HANDLE module)
{
    if (!module_walk_init(walk, process))
        return FALSE;
    while (module_walk_next(walk))
        if (!module || walk->entry.DllBase == module)
            return TRUE;
    return fail_error(ERROR_INVALID_HANDLE);
}

ULONG K32GetModuleBaseNameW(HANDLE process, HANDLE module, WCHAR *name, ULONG size)
{
    struct module_walk walk;
    if (!find_module(&walk, process, module))
        return 0;
    ULONG length = module_walk_string(&walk, &walk.entry.BaseDllName, name, size);
    return length < size ? length : size;
}

ULONG K32GetModuleFileNameExW(HANDLE process, HANDLE module, WCHAR *name, ULONG size)
{
    struct module_walk walk;
    if (!find_module(&walk, process, module))
        return 0;
    ULONG length = module_walk_string(&walk, &walk.entry.FullDllName, name, size);
    return length < size ? length : size;
}

typedef ULONG module_name(HANDLE process, HANDLE module, WCHAR *name, ULONG size);

static ULONG module_name_ansi(module_name *ask, HANDLE process, HANDLE module, char *name,
                              ULONG size)
{
    WCHAR wide[MAX_PATH];
    ULONG length = ask(process, module, wide, MAX_PATH);
    if (!length)
        return 0;
    ULONG needed = copy_out_ansi(wide, wide_length(wide), name, size);
    if (needed < size)
        return needed;
    SetLastError(ERROR_INSUFFICIENT_BUFFER);
    return 0;
}

ULONG K32GetModuleBaseNameA(HANDLE process, HANDLE module, char *name, ULONG size)
{
    return module_name_ansi(K32GetModuleBaseNameW, process, module, name, size);
}

ULONG K32GetModuleFileNameExA(HANDLE process, HANDLE module, char *name, ULONG size)
{
    return module_name_ansi(K32GetModuleFileNameExW, process, module, name, size);
}

BOOL K32GetModuleInformation(HANDLE process, HANDLE module, MODULEINFO *info, ULONG size)
{
    struct module_walk walk;
    if (size < sizeof *info)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    if (!find_module(&walk, process, module))
        return FALSE;
    *info = (MODULEINFO){walk.entry.DllBase, walk.entry.SizeOfImage, walk.entry.EntryPoint};
    return TRUE;
}

BOOL K32GetProcessMemoryInfo(HANDLE process, PROCESS_MEMORY_COUNTERS_EX *counters, ULONG size)
{
    const ULONG least = offsetof(PROCESS_MEMORY_COUNTERS_EX, PrivateUsage);
    VM_COUNTERS_EX vm;
    if (size < least)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    if (!done(NtQueryInformationProcess(process, ProcessVmCounters, &vm, sizeof vm, NULL)))
        return FALSE;
    const PROCESS_MEMORY_COUNTERS_EX all = {
        .cb = size < sizeof all ? least : sizeof all,
        .PageFaultCount = vm.PageFaultCount,
        .PeakWorkingSetSize = vm.PeakWorkingSetSize,
        .WorkingSetSize = vm.WorkingSetSize,
        .QuotaPeakPagedPoolUsage = vm.QuotaPeakPagedPoolUsage,
        .QuotaPagedPoolUsage = vm.QuotaPagedPoolUsage,
        .QuotaPeakNonPagedPoolUsage = vm.QuotaPeakNonPagedPoolUsage,
        .QuotaNonPagedPoolUsage = vm.QuotaNonPagedPoolUsage,
        .PagefileUsage = vm.PagefileUsage,
        .PeakPagefileUsage = vm.PeakPagefileUsage,
        .PrivateUsage = vm.PrivateUsage,
    };
    copy_bytes(counters, &all, all.cb);
    return TRUE;
}

/* ---- names of files ----
 */

/* A UNICODE_STRING with its text behind it, as NT answers names. */
struct name_answer {
    UNICODE_STRING string;
    WCHAR text[1024];
};

static ULONG answer_name(NTSTATUS status, const struct name_answer *answer, WCHAR *name, ULONG size)
{
    if (!done(status))
        return 0;
    ULONG length = answer->string.Length / sizeof(WCHAR);
    if (copy_out_wide(answer->string.Buffer, length, name, size) != length) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    return length;
}

/* The same for an ANSI buffer, from a wide one. */
static ULONG answer_ansi(const WCHAR *wide, ULONG length, char *name, ULONG size)
{
    if (!length)
        return 0;
    ULONG needed = copy_out_ansi(wide, length, name, size);
    if (needed < size)
        return needed;
    SetLastError(ERROR_INSUFFICIENT_BUFFER);
    return 0;
}

ULONG K32GetProcessImageFileNameW(HANDLE process, WCHAR *name, ULONG size)
{
    struct name_answer answer;
    return answer_name(
        NtQueryInformationProcess(process, ProcessImageFileName, &answer, sizeof answer, NULL),
        &answer, name, size);
}

ULONG K32GetProcessImageFileNameA(HANDLE process, char *name, ULONG size)
{
    WCHAR wide[1024];
    return answer_ansi(wide, K32GetProcessImageFileNameW(process, wide, 1024), name, size);
}

ULONG K32GetMappedFileNameW(HANDLE process, void *address, WCHAR *name, ULONG size)
{
    struct name_answer answer;
    return answer_name(
        NtQueryVirtualMemory(process, address, MemorySectionName, &answer, sizeof answer, NULL),
        &answer, name, size);
}

ULONG K32GetMappedFileNameA(HANDLE process, void *address, char *name, ULONG size)
{
    WCHAR wide[1024];
    return answer_ansi(wide, K32GetMappedFileNameW(process, address, wide, 1024), name, size);
}

/* => the kind of name asked for: native (\Device\...) or of Win32 */
BOOL QueryFullProcessImageNameW(HANDLE process, ULONG flags, WCHAR *name, ULONG *size)
{
    const ULONG native = 1;
    struct name_answer answer;
    if (flags & ~native)
        return fail_error(ERROR_INVALID_PARAMETER);
    NTSTATUS status = NtQueryInformationProcess(
        process, flags & native ? ProcessImageFileName : ProcessImageFileNameWin32, &answer,
        sizeof answer, NULL);
    ULONG length = answer_name(status, &answer, name, *size);
    if (!length)
        return FALSE;
    *size = length;
    return TRUE;
}

BOOL QueryFullProcessImageNameA(HANDLE process, ULONG flags, char *name, ULONG *size)
{
    WCHAR wide[1024];
    ULONG length = 1024;
    if (!QueryFullProcessImageNameW(process, flags, wide, &length))
        return FALSE;
    length = answer_ansi(wide, length, name, *size);
    if (!length)
        return FALSE;
    *size = length;
    return TRUE;
}

/* ---- the whole system ----
 */

BOOL K32GetPerformanceInfo(PERFORMANCE_INFORMATION *info, ULONG size)
{
    SYSTEM_BASIC_INFORMATION basic;
    SYSTEM_PERFORMANCE_INFORMATION performance;
    if (size < sizeof *info)
        return fail_error(ERROR_BAD_LENGTH);
    if (!done(NtQuerySystemInformation(SystemBasicInformation, &basic, sizeof basic, NULL)) ||
        !done(NtQuerySystemInformation(SystemPerformanceInformation, &performance,
                                       sizeof performance, NULL)))
        return FALSE;
    SYSTEM_PROCESS_INFORMATION *list = process_list();
    if (!list)
        return FALSE;
    *info = (PERFORMANCE_INFORMATION){
        .cb = sizeof *info,
        .CommitTotal = performance.CommittedPages,
        .CommitLimit = performance.CommitLimit,
        .CommitPeak = performance.PeakCommitment,
        .PhysicalTotal = basic.NumberOfPhysicalPages,
        .PhysicalAvailable = performance.AvailablePages,
        .SystemCache = performance.ResidentSystemCachePage,
        .KernelTotal = performance.PagedPoolPages + performance.NonPagedPoolPages,
        .KernelPaged = performance.PagedPoolPages,
        .KernelNonpaged = performance.NonPagedPoolPages,
        .PageSize = basic.PageSize,
    };
    for (const SYSTEM_PROCESS_INFORMATION *p = list; p; p = process_next(p)) {
        info->ProcessCount++;
        info->ThreadCount += p->NumberOfThreads;
        info->HandleCount += p->HandleCount;
    }
    heap_free(list);
    return TRUE;
}

BOOL GetProcessHandleCount(HANDLE process, ULONG *count)
{
    return done(NtQueryInformationProcess(process, ProcessHandleCount, count, sizeof *count, NULL));
}

BOOL GetProcessIoCounters(HANDLE process, IO_COUNTERS *counters)
{
    return done(
        NtQueryInformationProcess(process, ProcessIoCounters, counters, sizeof *counters, NULL));
}

BOOL ProcessIdToSessionId(ULONG id, ULONG *session)
{
    const ULONG limited = 0x1000; /* PROCESS_QUERY_LIMITED_INFORMATION */
    HANDLE process = OpenProcess(limited, FALSE, id);
    if (!process)
        return FALSE;
    BOOL ok = done(NtQueryInformationProcess(process, ProcessSessionInformation, session,
                                             sizeof *session, NULL));
    NtClose(process);
    return ok;
}
