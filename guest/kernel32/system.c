/* guest/kernel32/system.c: what kind of machine this is, and its clocks. */
#include "k32.h"

#define PROCESSOR_ARCHITECTURE_AMD64 9
#define PROCESSOR_AMD_X8664 8664
#define TICKS_PER_MILLISECOND 10000u
#define TICKS_PER_SECOND 10000000ll

void GetSystemInfo(SYSTEM_INFO *info)
{
    SYSTEM_BASIC_INFORMATION basic;
    SYSTEM_PROCESSOR_INFORMATION processor = {0};

    zero_bytes(&basic, sizeof basic);
    NtQuerySystemInformation(SystemBasicInformation, &basic, sizeof basic, NULL);
    NtQuerySystemInformation(SystemProcessorInformation, &processor, sizeof processor, NULL);
    *info = (SYSTEM_INFO){
        .wProcessorArchitecture = PROCESSOR_ARCHITECTURE_AMD64,
        .dwPageSize = basic.PageSize,
        .lpMinimumApplicationAddress = (void *)basic.MinimumUserModeAddress,
        .lpMaximumApplicationAddress = (void *)basic.MaximumUserModeAddress,
        .dwActiveProcessorMask = basic.ActiveProcessorsAffinityMask,
        .dwNumberOfProcessors = (ULONG)(UCHAR)basic.NumberOfProcessors,
        .dwProcessorType = PROCESSOR_AMD_X8664,
        .dwAllocationGranularity = basic.AllocationGranularity,
        .wProcessorLevel = processor.ProcessorLevel,
        .wProcessorRevision = processor.ProcessorRevision,
    };
}

void GetNativeSystemInfo(SYSTEM_INFO *info)
{
    GetSystemInfo(info);
}

ULONG GetActiveProcessorCount(USHORT group)
{
    const USHORT all_groups = 0xFFFF;
    if (group != 0 && group != all_groups) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    return current_peb()->NumberOfProcessors;
}

ULONG GetCurrentProcessorNumber(void)
{
    return NtGetCurrentProcessorNumber();
}

BOOL GlobalMemoryStatusEx(MEMORYSTATUSEX *status)
{
    SYSTEM_BASIC_INFORMATION basic;
    SYSTEM_PERFORMANCE_INFORMATION performance;
    VM_COUNTERS_EX counters;

    if (!status || status->dwLength != sizeof *status)
        return fail_error(ERROR_INVALID_PARAMETER);
    if (!done(NtQuerySystemInformation(SystemBasicInformation, &basic, sizeof basic, NULL)) ||
        !done(NtQuerySystemInformation(SystemPerformanceInformation, &performance,
                                       sizeof performance, NULL)) ||
        !done(NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &counters,
                                        sizeof counters, NULL)))
        return FALSE;
    ULONG64 page = basic.PageSize;
    ULONG64 commit_left = performance.CommitLimit - performance.CommittedPages;
    status->ullTotalPhys = basic.NumberOfPhysicalPages * page;
    status->ullAvailPhys = performance.AvailablePages * page;
    status->ullTotalPageFile = performance.CommitLimit * page;
    status->ullAvailPageFile = commit_left * page;
    status->ullTotalVirtual = basic.MaximumUserModeAddress - basic.MinimumUserModeAddress + 1;
    status->ullAvailVirtual = status->ullTotalVirtual - counters.VirtualSize;
    status->ullAvailExtendedVirtual = 0;
    status->dwMemoryLoad =
        status->ullTotalPhys
            ? (ULONG)((status->ullTotalPhys - status->ullAvailPhys) * 100 / status->ullTotalPhys)
            : 0;
    return TRUE;
}

void GlobalMemoryStatus(MEMORYSTATUS *status)
{
    MEMORYSTATUSEX ex = {.dwLength = sizeof ex};
    zero_bytes(status, sizeof *status);
    status->dwLength = sizeof *status;
    if (!GlobalMemoryStatusEx(&ex))
        return;
    status->dwMemoryLoad = ex.dwMemoryLoad;
    status->dwTotalPhys = ex.ullTotalPhys;
    status->dwAvailPhys = ex.ullAvailPhys;
    status->dwTotalPageFile = ex.ullTotalPageFile;
    status->dwAvailPageFile = ex.ullAvailPageFile;
    status->dwTotalVirtual = ex.ullTotalVirtual;
    status->dwAvailVirtual = ex.ullAvailVirtual;
}

/* The version is the PEB's: the kernel says what it is. */
ULONG GetVersion(void)
{
    const PEB *peb = current_peb();
    return peb->OSMajorVersion | peb->OSMinorVersion << 8 | (ULONG)peb->OSBuildNumber << 16;
}

#define VER_PLATFORM_WIN32_NT 2u
#define VER_NT_WORKSTATION 1

BOOL GetVersionExW(OSVERSIONINFOEXW *info)
{
    const PEB *peb = current_peb();
    ULONG size = info->dwOSVersionInfoSize;
    if (size != OSVERSIONINFOW_SIZE && size != sizeof *info)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    info->dwMajorVersion = peb->OSMajorVersion;
    info->dwMinorVersion = peb->OSMinorVersion;
    info->dwBuildNumber = peb->OSBuildNumber;
    info->dwPlatformId = VER_PLATFORM_WIN32_NT;
    zero_bytes(info->szCSDVersion, sizeof info->szCSDVersion);
    if (peb->CSDVersion.Buffer && peb->CSDVersion.Length < sizeof info->szCSDVersion)
        copy_bytes(info->szCSDVersion, peb->CSDVersion.Buffer, peb->CSDVersion.Length);
    if (size == sizeof *info) {
        info->wServicePackMajor = peb->OSCSDVersion >> 8;
        info->wServicePackMinor = peb->OSCSDVersion & 0xFF;
        info->wSuiteMask = (USHORT)SharedUserData->SuiteMask;
        info->wProductType = VER_NT_WORKSTATION;
        info->wReserved = 0;
    }
    return TRUE;
}

BOOL GetVersionExA(OSVERSIONINFOEXA *info)
{
    OSVERSIONINFOEXW wide = {.dwOSVersionInfoSize = sizeof wide};
    ULONG size = info->dwOSVersionInfoSize;
    if (size != OSVERSIONINFOA_SIZE && size != sizeof *info)
        return fail_error(ERROR_INSUFFICIENT_BUFFER);
    GetVersionExW(&wide);
    info->dwMajorVersion = wide.dwMajorVersion;
    info->dwMinorVersion = wide.dwMinorVersion;
    info->dwBuildNumber = wide.dwBuildNumber;
    info->dwPlatformId = wide.dwPlatformId;
    copy_out_ansi(wide.szCSDVersion, wide_length(wide.szCSDVersion), info->szCSDVersion,
                  sizeof info->szCSDVersion);
    if (size == sizeof *info) {
        info->wServicePackMajor = wide.wServicePackMajor;
        info->wServicePackMinor = wide.wServicePackMinor;
        info->wSuiteMask = wide.wSuiteMask;
        info->wProductType = wide.wProductType;
        info->wReserved = 0;
    }
    return TRUE;
}

BOOL IsProcessorFeaturePresent(ULONG feature)
{
    return feature < sizeof SharedUserData->ProcessorFeatures &&
           SharedUserData->ProcessorFeatures[feature];
}

BOOL IsWow64Process(HANDLE process, BOOL *wow64)
{
    ULONG64 peb32 = 0;
    if (!done(NtQueryInformationProcess(process, ProcessWow64Information, &peb32, sizeof peb32,
                                        NULL)))
        return FALSE;
    *wow64 = peb32 != 0;
    return TRUE;
}

UINT GetWindowsDirectoryW(WCHAR *buffer, UINT size)
{
    WCHAR root[MAX_PATH];
    ULONG n = 0;
    while (n < MAX_PATH - 1 && SharedUserData->NtSystemRoot[n]) {
        root[n] = SharedUserData->NtSystemRoot[n];
        n++;
    }
    return copy_out_wide(root, n, buffer, size);
}

UINT GetWindowsDirectoryA(char *buffer, UINT size)
{
    WCHAR wide[MAX_PATH];
    return copy_out_ansi(wide, GetWindowsDirectoryW(wide, MAX_PATH), buffer, size);
}

UINT GetSystemDirectoryW(WCHAR *buffer, UINT size)
{
    static const WCHAR tail[] = L"\\system32";
    WCHAR path[MAX_PATH + 16];
    UINT length = GetWindowsDirectoryW(path, MAX_PATH);
    copy_bytes(path + length, tail, sizeof tail);
    return copy_out_wide(path, length + sizeof tail / sizeof *tail - 1, buffer, size);
}

UINT GetSystemDirectoryA(char *buffer, UINT size)
{
    WCHAR wide[MAX_PATH + 16];
    return copy_out_ansi(wide, GetSystemDirectoryW(wide, MAX_PATH + 16), buffer, size);
}

BOOL GetComputerNameW(WCHAR *buffer, ULONG *size)
{
    WCHAR name[64];
    ULONG length = GetEnvironmentVariableW(L"COMPUTERNAME", name, 64);
    if (!length || length >= 64)
        return fail_error(ERROR_ENVVAR_NOT_FOUND);
    if (length >= *size) {
        *size = length + 1;
        return fail_error(ERROR_BUFFER_OVERFLOW);
    }
    *size = copy_out_wide(name, length, buffer, *size);
    return TRUE;
}

BOOL GetComputerNameA(char *buffer, ULONG *size)
{
    WCHAR name[64];
    ULONG length = 64;
    if (!GetComputerNameW(name, &length))
        return FALSE;
    if (length >= *size) {
        *size = length + 1;
        return fail_error(ERROR_BUFFER_OVERFLOW);
    }
    *size = copy_out_ansi(name, length, buffer, *size);
    return TRUE;
}

/* A KSYSTEM_TIME is written High2, Low, High1 and read High1, Low, High2 until both agree. */
static ULONG64 read_system_time(const volatile KSYSTEM_TIME *time)
{
    for (;;) {
        LONG high = time->High1Time;
        ULONG low = time->LowPart;
        if (high == time->High2Time)
            return (ULONG64)(ULONG)high << 32 | low;
    }
}

/* Milliseconds since boot: tick count times the multiplier, a fixed-point number of 24 bits. */
ULONG64 GetTickCount64(void)
{
    ULONG64 ticks = read_system_time(&SharedUserData->TickCount);
    ULONG64 multiplier = SharedUserData->TickCountMultiplier;
    return ((ticks & 0xFFFFFFFF) * multiplier >> 24) + ((ticks >> 32) * multiplier << 8);
}

ULONG GetTickCount(void)
{
    return (ULONG)GetTickCount64();
}

void GetSystemTimeAsFileTime(FILETIME *time)
{
    ULONG64 now = read_system_time(&SharedUserData->SystemTime);
    *time = (FILETIME){(ULONG)now, (ULONG)(now >> 32)};
}

BOOL QueryUnbiasedInterruptTime(ULONG64 *time)
{
    *time = read_system_time(&SharedUserData->InterruptTime) - SharedUserData->InterruptTimeBias;
    return TRUE;
}

BOOL QueryPerformanceCounter(LARGE_INTEGER *count)
{
    return done(NtQueryPerformanceCounter(count, NULL));
}

BOOL QueryPerformanceFrequency(LARGE_INTEGER *frequency)
{
    LARGE_INTEGER count;
    return done(NtQueryPerformanceCounter(&count, frequency));
}

/* Calendar arithmetic: days since 1601-01-01, a Monday, by 400-year eras that begin in March. */
#define DAYS_PER_ERA 146097
#define DAYS_TO_1601 584694 /* 0000-03-01 to 1601-01-01 */

static LONG64 days_of(LONG year, LONG month, LONG day)
{
    year -= month <= 2;
    LONG64 era = year / 400, year_of_era = year % 400;
    LONG64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - DAYS_TO_1601;
}

static void date_of(LONG64 days, SYSTEMTIME *out)
{
    days += DAYS_TO_1601;
    LONG64 era = days / DAYS_PER_ERA, doe = days % DAYS_PER_ERA;
    LONG64 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    LONG64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    LONG64 mp = (5 * doy + 2) / 153;
    out->wDay = (USHORT)(doy - (153 * mp + 2) / 5 + 1);
    out->wMonth = (USHORT)(mp < 10 ? mp + 3 : mp - 9);
    out->wYear = (USHORT)(era * 400 + yoe + (out->wMonth <= 2));
}

BOOL FileTimeToSystemTime(const FILETIME *time, SYSTEMTIME *out)
{
    LONG64 ticks = (LONG64)((ULONG64)time->dwHighDateTime << 32 | time->dwLowDateTime);
    if (ticks < 0)
        return fail_error(ERROR_INVALID_PARAMETER);
    LONG64 days = ticks / TICKS_PER_SECOND / 86400;
    LONG64 seconds = ticks / TICKS_PER_SECOND % 86400;
    date_of(days, out);
    out->wDayOfWeek = (USHORT)((days + 1) % 7);
    out->wHour = (USHORT)(seconds / 3600);
    out->wMinute = (USHORT)(seconds / 60 % 60);
    out->wSecond = (USHORT)(seconds % 60);
    out->wMilliseconds = (USHORT)(ticks / TICKS_PER_MILLISECOND % 1000);
    return TRUE;
}

static LONG days_in_month(LONG year, LONG month)
{
    static const UCHAR days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    BOOL leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

BOOL SystemTimeToFileTime(const SYSTEMTIME *time, FILETIME *out)
{
    if (time->wYear < 1601 || time->wYear > 30827 || time->wMonth < 1 || time->wMonth > 12 ||
        time->wDay < 1 || time->wDay > days_in_month(time->wYear, time->wMonth) ||
        time->wHour > 23 || time->wMinute > 59 || time->wSecond > 59 || time->wMilliseconds > 999)
        return fail_error(ERROR_INVALID_PARAMETER);
    LONG64 seconds = days_of(time->wYear, time->wMonth, time->wDay) * 86400 + time->wHour * 3600 +
                     time->wMinute * 60 + time->wSecond;
    ULONG64 ticks = (ULONG64)(seconds * TICKS_PER_SECOND) +
                    (ULONG64)time->wMilliseconds * TICKS_PER_MILLISECOND;
    *out = (FILETIME){(ULONG)ticks, (ULONG)(ticks >> 32)};
    return TRUE;
}

/* Local time is UTC plus the bias that the shared page carries; 0 for a machine set to UTC. */
static LONG64 local_bias(void)
{
    return (LONG64)read_system_time(&SharedUserData->TimeZoneBias);
}

static FILETIME shifted(const FILETIME *time, LONG64 by)
{
    LONG64 ticks = (LONG64)((ULONG64)time->dwHighDateTime << 32 | time->dwLowDateTime) + by;
    return (FILETIME){(ULONG)ticks, (ULONG)((ULONG64)ticks >> 32)};
}

BOOL FileTimeToLocalFileTime(const FILETIME *time, FILETIME *out)
{
    *out = shifted(time, -local_bias());
    return TRUE;
}

BOOL LocalFileTimeToFileTime(const FILETIME *time, FILETIME *out)
{
    *out = shifted(time, local_bias());
    return TRUE;
}

void GetSystemTime(SYSTEMTIME *time)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    FileTimeToSystemTime(&now, time);
}

void GetLocalTime(SYSTEMTIME *time)
{
    FILETIME now, local;
    GetSystemTimeAsFileTime(&now);
    FileTimeToLocalFileTime(&now, &local);
    FileTimeToSystemTime(&local, time);
}

LONG CompareFileTime(const FILETIME *a, const FILETIME *b)
{
    ULONG64 x = (ULONG64)a->dwHighDateTime << 32 | a->dwLowDateTime;
    ULONG64 y = (ULONG64)b->dwHighDateTime << 32 | b->dwLowDateTime;
    return x < y ? -1 : x > y;
}

#define TIME_ZONE_ID_UNKNOWN 0u

ULONG GetTimeZoneInformation(TIME_ZONE_INFORMATION *info)
{
    static const WCHAR name[] = L"Coordinated Universal Time";
    zero_bytes(info, sizeof *info);
    info->Bias = (LONG)(local_bias() / (60 * TICKS_PER_SECOND));
    copy_bytes(info->StandardName, name, sizeof name);
    copy_bytes(info->DaylightName, name, sizeof name);
    return TIME_ZONE_ID_UNKNOWN;
}

BOOL FileTimeToDosDateTime(const FILETIME *time, USHORT *date, USHORT *clock)
{
    SYSTEMTIME s;
    if (!FileTimeToSystemTime(time, &s))
        return FALSE;
    if (s.wYear < 1980 || s.wYear > 2107)
        return fail_error(ERROR_INVALID_PARAMETER);
    *date = (USHORT)((s.wYear - 1980) << 9 | s.wMonth << 5 | s.wDay);
    *clock = (USHORT)(s.wHour << 11 | s.wMinute << 5 | s.wSecond / 2);
    return TRUE;
}
