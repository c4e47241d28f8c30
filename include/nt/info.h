/* include/nt/info.h: information classes of the query and set services, and their structures.
 *
 * Both sides of the system call use them: guest modules ask, the services answer. Source:
 * documentation of NtQueryInformationProcess, NtQuerySystemInformation, NtQueryInformationFile and
 * their kin ([MS-FSCC] 2.4 and 2.5 for files); sizes are those of 64-bit Windows 7. */
#pragma once

#include "nt/io.h" /* FILE_INFORMATION_CLASS, FSINFOCLASS, FILE_BASIC_INFORMATION, ... */
#include "nt/ke.h"
#include "nt/rtl.h"
#include "nt/types.h"

/* NtQueryVirtualMemory; the structure of the first class is in memory.h. */
enum {
    MemoryBasicInformation = 0,
    MemoryWorkingSetInformation = 1,
    MemorySectionName = 2,
    MemoryRegionInformation = 3,
    MemoryWorkingSetExInformation = 4,
};

/* ---- NtQuerySystemInformation ---- */
enum {
    SystemBasicInformation = 0,
    SystemProcessorInformation = 1,
    SystemPerformanceInformation = 2,
    SystemTimeOfDayInformation = 3,
    SystemProcessInformation = 5,
    SystemProcessorPerformanceInformation = 8,
    SystemPageFileInformation = 18,
    SystemTimeAdjustmentInformation = 28,
    SystemCurrentTimeZoneInformation = 44,
};

typedef struct _SYSTEM_BASIC_INFORMATION {
    ULONG Reserved;
    ULONG TimerResolution; /* 100 ns */
    ULONG PageSize;
    ULONG NumberOfPhysicalPages;
    ULONG LowestPhysicalPageNumber;
    ULONG HighestPhysicalPageNumber;
    ULONG AllocationGranularity;
    ULONG64 MinimumUserModeAddress;
    ULONG64 MaximumUserModeAddress;
    ULONG64 ActiveProcessorsAffinityMask;
    CHAR NumberOfProcessors;
} SYSTEM_BASIC_INFORMATION;
NT_SIZE(SYSTEM_BASIC_INFORMATION, 0x40);

typedef struct _SYSTEM_PROCESSOR_INFORMATION {
    USHORT ProcessorArchitecture; /* 9: AMD64 */
    USHORT ProcessorLevel;        /* family */
    USHORT ProcessorRevision;     /* model << 8 | stepping */
    USHORT MaximumProcessors;
    ULONG ProcessorFeatureBits;
} SYSTEM_PROCESSOR_INFORMATION;
NT_SIZE(SYSTEM_PROCESSOR_INFORMATION, 0xC);

typedef struct _SYSTEM_QUERY_TIME_ADJUST_INFORMATION {
    ULONG TimeAdjustment;
    ULONG TimeIncrement;
    BOOLEAN Enable;
} SYSTEM_QUERY_TIME_ADJUST_INFORMATION;
NT_SIZE(SYSTEM_QUERY_TIME_ADJUST_INFORMATION, 0xC);

typedef struct _SYSTEM_TIMEOFDAY_INFORMATION {
    LARGE_INTEGER BootTime;
    LARGE_INTEGER CurrentTime;
    LARGE_INTEGER TimeZoneBias;
    ULONG TimeZoneId;
    ULONG Reserved;
    ULONG64 BootTimeBias;
    ULONG64 SleepTimeBias;
} SYSTEM_TIMEOFDAY_INFORMATION;
NT_SIZE(SYSTEM_TIMEOFDAY_INFORMATION, 0x30);

typedef struct _SYSTEM_PERFORMANCE_INFORMATION {
    LARGE_INTEGER IdleProcessTime;
    LARGE_INTEGER IoReadTransferCount;
    LARGE_INTEGER IoWriteTransferCount;
    LARGE_INTEGER IoOtherTransferCount;
    ULONG IoReadOperationCount;
    ULONG IoWriteOperationCount;
    ULONG IoOtherOperationCount;
    ULONG AvailablePages;
    ULONG CommittedPages;
    ULONG CommitLimit;
    ULONG PeakCommitment;
    ULONG PageFaultCount;
    ULONG CopyOnWriteCount;
    ULONG TransitionCount;
    ULONG CacheTransitionCount;
    ULONG DemandZeroCount;
    ULONG PageReadCount;
    ULONG PageReadIoCount;
    ULONG CacheReadCount;
    ULONG CacheIoCount;
    ULONG DirtyPagesWriteCount;
    ULONG DirtyWriteIoCount;
    ULONG MappedPagesWriteCount;
    ULONG MappedWriteIoCount;
    ULONG PagedPoolPages;
    ULONG NonPagedPoolPages;
    ULONG PagedPoolAllocs;
    ULONG PagedPoolFrees;
    ULONG NonPagedPoolAllocs;
    ULONG NonPagedPoolFrees;
    ULONG FreeSystemPtes;
    ULONG ResidentSystemCodePage;
    ULONG TotalSystemDriverPages;
    ULONG TotalSystemCodePages;
    ULONG NonPagedPoolLookasideHits;
    ULONG PagedPoolLookasideHits;
    ULONG AvailablePagedPoolPages;
    ULONG ResidentSystemCachePage;
    ULONG ResidentPagedPoolPage;
    ULONG ResidentSystemDriverPage;
    ULONG CacheManagerCounters[36];
    ULONG ContextSwitches;
    ULONG FirstLevelTbFills;
    ULONG SecondLevelTbFills;
    ULONG SystemCalls;
} SYSTEM_PERFORMANCE_INFORMATION;
NT_OFFSET(SYSTEM_PERFORMANCE_INFORMATION, AvailablePages, 0x2C);

/* SystemPageFileInformation: one after the other, each followed by its name. Sizes are in pages. */
typedef struct _SYSTEM_PAGEFILE_INFORMATION {
    ULONG NextEntryOffset; /* 0: the last */
    ULONG TotalSize;
    ULONG TotalInUse;
    ULONG PeakUsage;
    struct _UNICODE_STRING PageFileName;
} SYSTEM_PAGEFILE_INFORMATION;
NT_SIZE(SYSTEM_PAGEFILE_INFORMATION, 0x20);

/* SystemProcessInformation: one after the other, each followed by its threads and its name. */
typedef struct _SYSTEM_THREAD_INFORMATION {
    LARGE_INTEGER KernelTime;
    LARGE_INTEGER UserTime;
    LARGE_INTEGER CreateTime;
    ULONG WaitTime;
    UPTR(void) StartAddress;
    struct _CLIENT_ID ClientId;
    LONG Priority;
    LONG BasePriority;
    ULONG ContextSwitches;
    ULONG ThreadState;
    ULONG WaitReason;
} SYSTEM_THREAD_INFORMATION;
NT_SIZE(SYSTEM_THREAD_INFORMATION, 0x50);

typedef struct _SYSTEM_PROCESS_INFORMATION {
    ULONG NextEntryOffset; /* 0: the last */
    ULONG NumberOfThreads;
    LARGE_INTEGER WorkingSetPrivateSize;
    ULONG HardFaultCount;
    ULONG NumberOfThreadsHighWatermark;
    ULONG64 CycleTime;
    LARGE_INTEGER CreateTime;
    LARGE_INTEGER UserTime;
    LARGE_INTEGER KernelTime;
    struct _UNICODE_STRING ImageName;
    LONG BasePriority;
    UPTR(void) UniqueProcessId;
    UPTR(void) InheritedFromUniqueProcessId;
    ULONG HandleCount;
    ULONG SessionId;
    ULONG64 UniqueProcessKey;
    ULONG64 PeakVirtualSize;
    ULONG64 VirtualSize;
    ULONG PageFaultCount;
    ULONG64 PeakWorkingSetSize;
    ULONG64 WorkingSetSize;
    ULONG64 QuotaPeakPagedPoolUsage;
    ULONG64 QuotaPagedPoolUsage;
    ULONG64 QuotaPeakNonPagedPoolUsage;
    ULONG64 QuotaNonPagedPoolUsage;
    ULONG64 PagefileUsage;
    ULONG64 PeakPagefileUsage;
    ULONG64 PrivatePageCount; /* bytes */
    LARGE_INTEGER ReadOperationCount;
    LARGE_INTEGER WriteOperationCount;
    LARGE_INTEGER OtherOperationCount;
    LARGE_INTEGER ReadTransferCount;
    LARGE_INTEGER WriteTransferCount;
    LARGE_INTEGER OtherTransferCount;
    SYSTEM_THREAD_INFORMATION Threads[0];
} SYSTEM_PROCESS_INFORMATION;
NT_SIZE(SYSTEM_PROCESS_INFORMATION, 0x100);
NT_OFFSET(SYSTEM_PROCESS_INFORMATION, UniqueProcessId, 0x50);
NT_OFFSET(SYSTEM_PROCESS_INFORMATION, PagefileUsage, 0xB8);

/* ---- NtQueryInformationProcess, NtSetInformationProcess ---- */
enum {
    ProcessBasicInformation = 0,
    ProcessQuotaLimits = 1,
    ProcessIoCounters = 2,
    ProcessVmCounters = 3,
    ProcessTimes = 4,
    ProcessBasePriority = 5,
    ProcessDebugPort = 7,
    ProcessExceptionPort = 8,
    ProcessDefaultHardErrorMode = 12,
    ProcessPriorityClass = 18,
    ProcessHandleCount = 20,
    ProcessAffinityMask = 21,
    ProcessSessionInformation = 24,
    ProcessWow64Information = 26,
    ProcessImageFileName = 27,
    ProcessExecuteFlags = 34,
    ProcessTlsInformation = 35,
    ProcessCookie = 36,
    ProcessImageInformation = 37,
    ProcessPagePriority = 39,
    ProcessImageFileNameWin32 = 43,
};

/* ProcessQuotaLimits; the older structure ends with TimeLimit. */
typedef struct _QUOTA_LIMITS {
    ULONG64 PagedPoolLimit;
    ULONG64 NonPagedPoolLimit;
    ULONG64 MinimumWorkingSetSize;
    ULONG64 MaximumWorkingSetSize;
    ULONG64 PagefileLimit;
    LARGE_INTEGER TimeLimit;
} QUOTA_LIMITS;
NT_SIZE(QUOTA_LIMITS, 0x30);

typedef struct _QUOTA_LIMITS_EX {
    ULONG64 PagedPoolLimit;
    ULONG64 NonPagedPoolLimit;
    ULONG64 MinimumWorkingSetSize;
    ULONG64 MaximumWorkingSetSize;
    ULONG64 PagefileLimit;
    LARGE_INTEGER TimeLimit;
    ULONG64 WorkingSetLimit;
    ULONG64 Reserved2;
    ULONG64 Reserved3;
    ULONG64 Reserved4;
    ULONG Flags; /* QUOTA_LIMITS_HARDWS_* */
    ULONG CpuRateLimit;
} QUOTA_LIMITS_EX;
NT_SIZE(QUOTA_LIMITS_EX, 0x58);

typedef struct _PROCESS_PRIORITY_CLASS {
    BOOLEAN Foreground;
    UCHAR PriorityClass;
} PROCESS_PRIORITY_CLASS;
enum {
    PROCESS_PRIORITY_CLASS_IDLE = 1,
    PROCESS_PRIORITY_CLASS_NORMAL = 2,
    PROCESS_PRIORITY_CLASS_HIGH = 3,
    PROCESS_PRIORITY_CLASS_REALTIME = 4,
    PROCESS_PRIORITY_CLASS_BELOW_NORMAL = 5,
    PROCESS_PRIORITY_CLASS_ABOVE_NORMAL = 6,
};

typedef struct _PROCESS_BASIC_INFORMATION {
    NTSTATUS ExitStatus;
    UPTR(struct _PEB) PebBaseAddress;
    ULONG64 AffinityMask;
    LONG BasePriority;
    ULONG64 UniqueProcessId;
    ULONG64 InheritedFromUniqueProcessId;
} PROCESS_BASIC_INFORMATION;
NT_SIZE(PROCESS_BASIC_INFORMATION, 0x30);

typedef struct _IO_COUNTERS {
    ULONG64 ReadOperationCount;
    ULONG64 WriteOperationCount;
    ULONG64 OtherOperationCount;
    ULONG64 ReadTransferCount;
    ULONG64 WriteTransferCount;
    ULONG64 OtherTransferCount;
} IO_COUNTERS;
NT_SIZE(IO_COUNTERS, 0x30);

typedef struct _VM_COUNTERS_EX {
    ULONG64 PeakVirtualSize;
    ULONG64 VirtualSize;
    ULONG PageFaultCount;
    ULONG64 PeakWorkingSetSize;
    ULONG64 WorkingSetSize;
    ULONG64 QuotaPeakPagedPoolUsage;
    ULONG64 QuotaPagedPoolUsage;
    ULONG64 QuotaPeakNonPagedPoolUsage;
    ULONG64 QuotaNonPagedPoolUsage;
    ULONG64 PagefileUsage;
    ULONG64 PeakPagefileUsage;
    ULONG64 PrivateUsage; /* absent in VM_COUNTERS, which ends here (0x58) */
} VM_COUNTERS_EX;
NT_SIZE(VM_COUNTERS_EX, 0x60);

typedef struct _KERNEL_USER_TIMES {
    LARGE_INTEGER CreateTime;
    LARGE_INTEGER ExitTime;
    LARGE_INTEGER KernelTime;
    LARGE_INTEGER UserTime;
} KERNEL_USER_TIMES;
NT_SIZE(KERNEL_USER_TIMES, 0x20);

/* ---- NtQueryInformationJobObject, NtSetInformationJobObject ---- */
enum {
    JobObjectBasicAccountingInformation = 1,
    JobObjectBasicLimitInformation = 2,
    JobObjectBasicProcessIdList = 3,
    JobObjectBasicUIRestrictions = 4,
    JobObjectBasicAndIoAccountingInformation = 8,
    JobObjectExtendedLimitInformation = 9,
};

/* LimitFlags. Source: JOBOBJECT_BASIC_LIMIT_INFORMATION, documentation. */
#define JOB_OBJECT_LIMIT_WORKINGSET 0x0001u
#define JOB_OBJECT_LIMIT_PROCESS_TIME 0x0002u
#define JOB_OBJECT_LIMIT_JOB_TIME 0x0004u
#define JOB_OBJECT_LIMIT_ACTIVE_PROCESS 0x0008u
#define JOB_OBJECT_LIMIT_AFFINITY 0x0010u
#define JOB_OBJECT_LIMIT_PRIORITY_CLASS 0x0020u
#define JOB_OBJECT_LIMIT_PRESERVE_JOB_TIME 0x0040u
#define JOB_OBJECT_LIMIT_SCHEDULING_CLASS 0x0080u
#define JOB_OBJECT_LIMIT_PROCESS_MEMORY 0x0100u
#define JOB_OBJECT_LIMIT_JOB_MEMORY 0x0200u
#define JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION 0x0400u
#define JOB_OBJECT_LIMIT_BREAKAWAY_OK 0x0800u
#define JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK 0x1000u
#define JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE 0x2000u
#define JOB_OBJECT_BASIC_LIMIT_VALID_FLAGS 0x00FFu
#define JOB_OBJECT_EXTENDED_LIMIT_VALID_FLAGS 0x3FFFu
#define JOB_OBJECT_UI_VALID_FLAGS 0x00FFu

typedef struct _JOBOBJECT_BASIC_ACCOUNTING_INFORMATION {
    LARGE_INTEGER TotalUserTime;
    LARGE_INTEGER TotalKernelTime;
    LARGE_INTEGER ThisPeriodTotalUserTime;
    LARGE_INTEGER ThisPeriodTotalKernelTime;
    ULONG TotalPageFaultCount;
    ULONG TotalProcesses;
    ULONG ActiveProcesses;
    ULONG TotalTerminatedProcesses;
} JOBOBJECT_BASIC_ACCOUNTING_INFORMATION;
NT_SIZE(JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, 0x30);

typedef struct _JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION {
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION BasicInfo;
    IO_COUNTERS IoInfo;
} JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION;
NT_SIZE(JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION, 0x60);

typedef struct _JOBOBJECT_BASIC_LIMIT_INFORMATION {
    LARGE_INTEGER PerProcessUserTimeLimit;
    LARGE_INTEGER PerJobUserTimeLimit;
    ULONG LimitFlags;
    ULONG64 MinimumWorkingSetSize;
    ULONG64 MaximumWorkingSetSize;
    ULONG ActiveProcessLimit;
    ULONG64 Affinity;
    ULONG PriorityClass;
    ULONG SchedulingClass;
} JOBOBJECT_BASIC_LIMIT_INFORMATION;
NT_SIZE(JOBOBJECT_BASIC_LIMIT_INFORMATION, 0x40);

typedef struct _JOBOBJECT_EXTENDED_LIMIT_INFORMATION {
    JOBOBJECT_BASIC_LIMIT_INFORMATION BasicLimitInformation;
    IO_COUNTERS IoInfo;
    ULONG64 ProcessMemoryLimit; /* bytes, as all that follow */
    ULONG64 JobMemoryLimit;
    ULONG64 PeakProcessMemoryUsed;
    ULONG64 PeakJobMemoryUsed;
} JOBOBJECT_EXTENDED_LIMIT_INFORMATION;
NT_SIZE(JOBOBJECT_EXTENDED_LIMIT_INFORMATION, 0x90);

typedef struct _JOBOBJECT_BASIC_PROCESS_ID_LIST {
    ULONG NumberOfAssignedProcesses;
    ULONG NumberOfProcessIdsInList;
    ULONG64 ProcessIdList[0];
} JOBOBJECT_BASIC_PROCESS_ID_LIST;
NT_SIZE(JOBOBJECT_BASIC_PROCESS_ID_LIST, 0x8);

/* ---- NtQueryInformationThread, NtSetInformationThread ---- */
enum {
    ThreadBasicInformation = 0,
    ThreadTimes = 1,
    ThreadPriority = 2,
    ThreadBasePriority = 3,
    ThreadAffinityMask = 4,
    ThreadQuerySetWin32StartAddress = 9,
    ThreadZeroTlsCell = 10,
    ThreadAmILastThread = 12,
    ThreadIdealProcessor = 13,
    ThreadPriorityBoost = 14,
    ThreadIsIoPending = 16,
    ThreadHideFromDebugger = 17,
    ThreadIsTerminated = 20,
    ThreadPagePriority = 24,
};

/* ThreadPagePriority, ProcessPagePriority: MEMORY_PRIORITY_*.
 * Source: MEMORY_PRIORITY_INFORMATION, documentation. */
#define MEMORY_PRIORITY_LOWEST 0
#define MEMORY_PRIORITY_VERY_LOW 1
#define MEMORY_PRIORITY_LOW 2
#define MEMORY_PRIORITY_MEDIUM 3
#define MEMORY_PRIORITY_BELOW_NORMAL 4
#define MEMORY_PRIORITY_NORMAL 5

typedef struct _PAGE_PRIORITY_INFORMATION {
    ULONG PagePriority;
} PAGE_PRIORITY_INFORMATION;
NT_SIZE(PAGE_PRIORITY_INFORMATION, 0x4);

typedef struct _THREAD_BASIC_INFORMATION {
    NTSTATUS ExitStatus;
    UPTR(struct _TEB) TebBaseAddress;
    struct _CLIENT_ID ClientId;
    ULONG64 AffinityMask;
    LONG Priority;
    LONG BasePriority;
} THREAD_BASIC_INFORMATION;
NT_SIZE(THREAD_BASIC_INFORMATION, 0x30);

/* Attributes of NtCreateThreadEx and NtCreateUserProcess. The number's low 16 bits say which; the
 * others: of the thread (0x10000), input (0x20000), may be left out (0x40000).
 * Source: names in public symbols of Windows 7 (PS_ATTRIBUTE_NUM). */
enum {
    PS_ATTRIBUTE_PARENT_PROCESS = 0x60000, /* handle */
    PS_ATTRIBUTE_CLIENT_ID = 0x10003,
    PS_ATTRIBUTE_TEB_ADDRESS = 0x10004,
    PS_ATTRIBUTE_IMAGE_NAME = 0x20005, /* NT path, Size bytes */
    PS_ATTRIBUTE_IMAGE_INFO = 0x00006, /* SECTION_IMAGE_INFORMATION */
    PS_ATTRIBUTE_PRIORITY_CLASS = 0x20008,
    PS_ATTRIBUTE_ERROR_MODE = 0x20009,
    PS_ATTRIBUTE_STD_HANDLE_INFO = 0x2000A,
    PS_ATTRIBUTE_HANDLE_LIST = 0x2000B, /* these alone are inherited */
};

typedef struct _PS_ATTRIBUTE {
    ULONG64 Attribute;
    ULONG64 Size;
    union {
        ULONG64 Value;
        UPTR(void) ValuePtr;
    };
    UPTR(ULONG64) ReturnLength;
} PS_ATTRIBUTE;
NT_SIZE(PS_ATTRIBUTE, 0x20);

#define PS_ATTRIBUTES_MOST 16

typedef struct _PS_ATTRIBUTE_LIST {
    ULONG64 TotalLength; /* bytes, this member included */
    PS_ATTRIBUTE Attributes[PS_ATTRIBUTES_MOST];
} PS_ATTRIBUTE_LIST;

/* What becomes of the creator's standard handles that are not inherited. */
enum { PsNeverDuplicate = 0, PsRequestDuplicate = 1, PsAlwaysDuplicate = 2 };
typedef struct _PS_STD_HANDLE_INFO {
    union {
        ULONG Flags;
        struct {
            ULONG StdHandleState : 2; /* PsRequestDuplicate: if the program is of that subsystem */
            ULONG PseudoHandleMask : 3;
        };
    };
    ULONG StdHandleSubsystemType;
} PS_STD_HANDLE_INFO;
NT_SIZE(PS_STD_HANDLE_INFO, 0x8);

/* How far NtCreateUserProcess came. */
typedef enum _PS_CREATE_STATE {
    PsCreateInitialState = 0,
    PsCreateFailOnFileOpen = 1,
    PsCreateFailOnSectionCreate = 2,
    PsCreateFailExeFormat = 3,
    PsCreateFailMachineMismatch = 4,
    PsCreateFailExeName = 5,
    PsCreateSuccess = 6,
} PS_CREATE_STATE;

typedef struct _PS_CREATE_INFO {
    ULONG64 Size;
    PS_CREATE_STATE State;
    union {
        struct {
            ULONG InitFlags; /* high half: image characteristics that are not wanted */
            ULONG AdditionalFileAccess;
        } InitState;
        struct {
            UPTR(void) FileHandle;
        } FailSection;
        struct {
            USHORT DllCharacteristics;
        } ExeFormat;
        struct {
            ULONG OutputFlags;
            UPTR(void) FileHandle;
            UPTR(void) SectionHandle;
            ULONG64 UserProcessParametersNative;
            ULONG UserProcessParametersWow64;
            ULONG CurrentParameterFlags;
            ULONG64 PebAddressNative;
            ULONG PebAddressWow64;
            ULONG64 ManifestAddress;
            ULONG ManifestSize;
        } SuccessState;
    };
} PS_CREATE_INFO;
NT_SIZE(PS_CREATE_INFO, 0x58);

/* RTL_USER_PROCESS_PARAMETERS.Flags: pointers are pointers, not distances from the block. */
#define RTL_USER_PROC_PARAMS_NORMALIZED 0x1u

/* Flags of NtCreateUserProcess. */
#define PROCESS_CREATE_FLAGS_BREAKAWAY 0x1u
#define PROCESS_CREATE_FLAGS_NO_DEBUG_INHERIT 0x2u
#define PROCESS_CREATE_FLAGS_INHERIT_HANDLES 0x4u

/* Flags of NtCreateThreadEx. */
#define THREAD_CREATE_FLAGS_CREATE_SUSPENDED 0x1u
#define THREAD_CREATE_FLAGS_SKIP_THREAD_ATTACH 0x2u

/* ---- NtQuerySection ---- */
enum { SectionBasicInformation = 0, SectionImageInformation = 1 };

typedef struct _SECTION_BASIC_INFORMATION {
    UPTR(void) BaseAddress;
    ULONG AllocationAttributes;
    LARGE_INTEGER MaximumSize;
} SECTION_BASIC_INFORMATION;
NT_SIZE(SECTION_BASIC_INFORMATION, 0x18);

enum { ViewShare = 1, ViewUnmap = 2 };

/* ---- events, timers, waits ---- */
enum { NotificationTimer = 0, SynchronizationTimer = 1 };
enum _WAIT_TYPE { WaitAll, WaitAny };

typedef struct _EVENT_BASIC_INFORMATION {
    LONG EventType;
    LONG EventState;
} EVENT_BASIC_INFORMATION;
enum { EventBasicInformation = 0 };

/* ---- NtRaiseHardError: Parameters[i] points to a UNICODE_STRING where bit i of the mask is set
 * ---- */
enum { OptionAbortRetryIgnore = 0, OptionOk = 1 };
