/* guest/include/win32.h: constants and types of the Win32 API that kernel32 and msvcrt share.
 *
 * The ABI of the API as documented; no prototypes of the API itself live here, because kernel32
 * defines those functions and msvcrt declares the few it imports (guest/include/kernel32.h). */
#pragma once

#include "nt/file.h"
#include "nt/layout.h"
#include "nt/memory.h"
#include "nt/peb.h"
#include "nt/rtl.h"
#include "nt/status.h"
#include "nt/types.h"

typedef void *HANDLE;
typedef int BOOL;

#define FALSE 0
#define TRUE 1
#define MAX_PATH 260
#define INFINITE 0xFFFFFFFFu
#define INVALID_HANDLE_VALUE ((HANDLE)(LONG64)-1)
#define CURRENT_PROCESS ((HANDLE)(LONG64)-1)
#define CURRENT_THREAD ((HANDLE)(LONG64)-2)
#define PAGE_SIZE_BYTES 0x1000u
#define ALLOCATION_GRANULARITY 0x10000u

/* Win32 error codes. Source: [MS-ERREF] 2.2. */
#define ERROR_SUCCESS 0u
#define ERROR_INVALID_FUNCTION 1u
#define ERROR_FILE_NOT_FOUND 2u
#define ERROR_PATH_NOT_FOUND 3u
#define ERROR_TOO_MANY_OPEN_FILES 4u
#define ERROR_ACCESS_DENIED 5u
#define ERROR_INVALID_HANDLE 6u
#define ERROR_ARENA_TRASHED 7u
#define ERROR_NOT_ENOUGH_MEMORY 8u
#define ERROR_INVALID_BLOCK 9u
#define ERROR_BAD_ENVIRONMENT 10u
#define ERROR_BAD_FORMAT 11u
#define ERROR_INVALID_ACCESS 12u
#define ERROR_INVALID_DATA 13u
#define ERROR_OUTOFMEMORY 14u
#define ERROR_INVALID_DRIVE 15u
#define ERROR_CURRENT_DIRECTORY 16u
#define ERROR_NOT_SAME_DEVICE 17u
#define ERROR_NO_MORE_FILES 18u
#define ERROR_WRITE_PROTECT 19u
#define ERROR_CRC 23u
#define ERROR_BAD_LENGTH 24u
#define ERROR_GEN_FAILURE 31u
#define ERROR_SHARING_VIOLATION 32u
#define ERROR_LOCK_VIOLATION 33u
#define ERROR_HANDLE_EOF 38u
#define ERROR_NOT_SUPPORTED 50u
#define ERROR_BAD_NETPATH 53u
#define ERROR_FILE_EXISTS 80u
#define ERROR_CANNOT_MAKE 82u
#define ERROR_INVALID_PARAMETER 87u
#define ERROR_NO_PROC_SLOTS 89u
#define ERROR_BROKEN_PIPE 109u
#define ERROR_BUFFER_OVERFLOW 111u
#define ERROR_DISK_FULL 112u
#define ERROR_CALL_NOT_IMPLEMENTED 120u
#define ERROR_INSUFFICIENT_BUFFER 122u
#define ERROR_INVALID_NAME 123u
#define ERROR_MOD_NOT_FOUND 126u
#define ERROR_PROC_NOT_FOUND 127u
#define ERROR_WAIT_NO_CHILDREN 128u
#define ERROR_NEGATIVE_SEEK 131u
#define ERROR_SEEK_ON_DEVICE 132u
#define ERROR_DIR_NOT_ROOT 144u
#define ERROR_DIR_NOT_EMPTY 145u
#define ERROR_NOT_LOCKED 158u
#define ERROR_BAD_PATHNAME 161u
#define ERROR_ALREADY_EXISTS 183u
#define ERROR_BAD_EXE_FORMAT 193u
#define ERROR_ENVVAR_NOT_FOUND 203u
#define ERROR_FILENAME_EXCED_RANGE 206u
#define ERROR_BAD_PIPE 230u
#define ERROR_NO_DATA 232u
#define ERROR_MORE_DATA 234u
#define WAIT_TIMEOUT 258u
#define ERROR_NO_MORE_ITEMS 259u
#define ERROR_NO_SUCH_PRIVILEGE 1313u
#define ERROR_NONE_MAPPED 1332u
#define ERROR_INVALID_SID 1337u
#define ERROR_TIMEOUT 1460u
#define ERROR_DIRECTORY 267u
#define ERROR_INVALID_ADDRESS 487u
#define ERROR_PARTIAL_COPY 299u
#define ERROR_OBJECT_NAME_EXISTS 698u
#define ERROR_IO_INCOMPLETE 996u
#define ERROR_IO_PENDING 997u
#define ERROR_NOACCESS 998u
#define ERROR_INVALID_FLAGS 1004u
#define ERROR_FILE_INVALID 1006u
#define ERROR_NO_UNICODE_TRANSLATION 1113u
#define ERROR_NOT_FOUND 1168u
#define ERROR_RESOURCE_NAME_NOT_FOUND 1814u
#define ERROR_NOT_A_REPARSE_POINT 4390u

#define WAIT_OBJECT_0 0u
#define WAIT_ABANDONED 0x80u
#define WAIT_FAILED 0xFFFFFFFFu
#define MAXIMUM_WAIT_OBJECTS 64u

#define INVALID_FILE_SIZE 0xFFFFFFFFu
#define CSTR_EQUAL 2 /* what the comparing functions say */
#define INVALID_SET_FILE_POINTER 0xFFFFFFFFu
#define INVALID_FILE_ATTRIBUTES 0xFFFFFFFFu

#define STD_INPUT_HANDLE ((ULONG)-10)
#define STD_OUTPUT_HANDLE ((ULONG)-11)
#define STD_ERROR_HANDLE ((ULONG)-12)

/* Files. */
#define CREATE_NEW 1u
#define CREATE_ALWAYS 2u
#define OPEN_EXISTING 3u
#define OPEN_ALWAYS 4u
#define TRUNCATE_EXISTING 5u
#define FILE_ATTRIBUTE_VALID_FLAGS 0x7FB7u
#define FILE_FLAG_WRITE_THROUGH 0x80000000u
#define FILE_FLAG_OVERLAPPED 0x40000000u
#define FILE_FLAG_NO_BUFFERING 0x20000000u
#define FILE_FLAG_RANDOM_ACCESS 0x10000000u
#define FILE_FLAG_SEQUENTIAL_SCAN 0x08000000u
#define FILE_FLAG_DELETE_ON_CLOSE 0x04000000u
#define FILE_FLAG_BACKUP_SEMANTICS 0x02000000u
#define FILE_BEGIN 0u
#define FILE_CURRENT 1u
#define FILE_END 2u
#define FILE_TYPE_UNKNOWN 0u
#define FILE_TYPE_DISK 1u
#define FILE_TYPE_CHAR 2u
#define FILE_TYPE_PIPE 3u
#define MOVEFILE_REPLACE_EXISTING 1u
#define MOVEFILE_COPY_ALLOWED 2u

/* FileFsDeviceInformation.DeviceType. */
#define FILE_DEVICE_CD_ROM 0x02u

#define SEC_IMAGE 0x1000000u
#define SEC_RESERVE 0x4000000u
#define SEC_COMMIT 0x8000000u
#define SEC_NOCACHE 0x10000000u
#define FILE_MAP_COPY 0x1u
#define FILE_MAP_WRITE 0x2u
#define FILE_MAP_READ 0x4u
#define FILE_MAP_EXECUTE 0x20u

#define CREATE_SUSPENDED 0x4u
#define STACK_SIZE_PARAM_IS_A_RESERVATION 0x10000u
#define THREAD_CREATE_FLAGS_SUSPENDED 1u
#define STILL_ACTIVE 259u
#define TLS_MINIMUM_AVAILABLE 64u
#define TLS_EXPANSION_SLOTS 1024u
#define TLS_OUT_OF_INDEXES 0xFFFFFFFFu
#define FLS_MAXIMUM_AVAILABLE 128u
#define FLS_OUT_OF_INDEXES 0xFFFFFFFFu

#define HEAP_NO_SERIALIZE 0x1u
#define HEAP_GROWABLE 0x2u
#define HEAP_GENERATE_EXCEPTIONS 0x4u
#define HEAP_ZERO_MEMORY 0x8u
#define HEAP_REALLOC_IN_PLACE_ONLY 0x10u
#define HEAP_CREATE_ENABLE_EXECUTE 0x40000u

#define EXCEPTION_EXECUTE_HANDLER 1
#define EXCEPTION_CONTINUE_SEARCH 0
#define EXCEPTION_CONTINUE_EXECUTION (-1)
#define EXCEPTION_NONCONTINUABLE 1u
#define EXCEPTION_MAXIMUM_PARAMETERS 15u

#define CP_ACP 0u
#define CP_OEMCP 1u
#define CP_THREAD_ACP 3u
#define CP_UTF7 65000u
#define CP_UTF8 65001u
#define MB_PRECOMPOSED 1u
#define MB_ERR_INVALID_CHARS 8u
#define WC_NO_BEST_FIT_CHARS 0x400u
#define WC_ERR_INVALID_CHARS 0x80u

#define DLL_PROCESS_DETACH 0u
#define DLL_PROCESS_ATTACH 1u
#define DLL_THREAD_ATTACH 2u
#define DLL_THREAD_DETACH 3u

typedef struct _FILETIME {
    ULONG dwLowDateTime;
    ULONG dwHighDateTime;
} FILETIME;

typedef struct _SYSTEMTIME {
    USHORT wYear;
    USHORT wMonth;
    USHORT wDayOfWeek;
    USHORT wDay;
    USHORT wHour;
    USHORT wMinute;
    USHORT wSecond;
    USHORT wMilliseconds;
} SYSTEMTIME;

typedef struct _TIME_ZONE_INFORMATION {
    LONG Bias;
    WCHAR StandardName[32];
    SYSTEMTIME StandardDate;
    LONG StandardBias;
    WCHAR DaylightName[32];
    SYSTEMTIME DaylightDate;
    LONG DaylightBias;
} TIME_ZONE_INFORMATION;

typedef struct _SECURITY_ATTRIBUTES {
    ULONG nLength;
    void *lpSecurityDescriptor;
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES;

typedef struct _OVERLAPPED {
    ULONG64 Internal;
    ULONG64 InternalHigh;
    ULONG Offset;
    ULONG OffsetHigh;
    HANDLE hEvent;
} OVERLAPPED;

typedef struct _WIN32_FIND_DATAW {
    ULONG dwFileAttributes;
    FILETIME ftCreationTime;
    FILETIME ftLastAccessTime;
    FILETIME ftLastWriteTime;
    ULONG nFileSizeHigh;
    ULONG nFileSizeLow;
    ULONG dwReserved0;
    ULONG dwReserved1;
    WCHAR cFileName[MAX_PATH];
    WCHAR cAlternateFileName[14];
} WIN32_FIND_DATAW;
NT_SIZE(WIN32_FIND_DATAW, 0x250);

typedef struct _WIN32_FIND_DATAA {
    ULONG dwFileAttributes;
    FILETIME ftCreationTime;
    FILETIME ftLastAccessTime;
    FILETIME ftLastWriteTime;
    ULONG nFileSizeHigh;
    ULONG nFileSizeLow;
    ULONG dwReserved0;
    ULONG dwReserved1;
    char cFileName[MAX_PATH];
    char cAlternateFileName[14];
} WIN32_FIND_DATAA;
NT_SIZE(WIN32_FIND_DATAA, 0x140);

typedef struct _WIN32_FILE_ATTRIBUTE_DATA {
    ULONG dwFileAttributes;
    FILETIME ftCreationTime;
    FILETIME ftLastAccessTime;
    FILETIME ftLastWriteTime;
    ULONG nFileSizeHigh;
    ULONG nFileSizeLow;
} WIN32_FILE_ATTRIBUTE_DATA;

typedef struct _BY_HANDLE_FILE_INFORMATION {
    ULONG dwFileAttributes;
    FILETIME ftCreationTime;
    FILETIME ftLastAccessTime;
    FILETIME ftLastWriteTime;
    ULONG dwVolumeSerialNumber;
    ULONG nFileSizeHigh;
    ULONG nFileSizeLow;
    ULONG nNumberOfLinks;
    ULONG nFileIndexHigh;
    ULONG nFileIndexLow;
} BY_HANDLE_FILE_INFORMATION;
NT_SIZE(BY_HANDLE_FILE_INFORMATION, 0x34);

typedef struct _STARTUPINFOW {
    ULONG cb;
    WCHAR *lpReserved;
    WCHAR *lpDesktop;
    WCHAR *lpTitle;
    ULONG dwX;
    ULONG dwY;
    ULONG dwXSize;
    ULONG dwYSize;
    ULONG dwXCountChars;
    ULONG dwYCountChars;
    ULONG dwFillAttribute;
    ULONG dwFlags;
    USHORT wShowWindow;
    USHORT cbReserved2;
    UCHAR *lpReserved2;
    HANDLE hStdInput;
    HANDLE hStdOutput;
    HANDLE hStdError;
} STARTUPINFOW;
NT_SIZE(STARTUPINFOW, 0x68);

typedef struct _STARTUPINFOEXW {
    STARTUPINFOW StartupInfo;
    struct proc_thread_list *lpAttributeList;
} STARTUPINFOEXW;
NT_SIZE(STARTUPINFOEXW, 0x70);

typedef struct _STARTUPINFOA {
    ULONG cb;
    char *lpReserved;
    char *lpDesktop;
    char *lpTitle;
    ULONG dwX;
    ULONG dwY;
    ULONG dwXSize;
    ULONG dwYSize;
    ULONG dwXCountChars;
    ULONG dwYCountChars;
    ULONG dwFillAttribute;
    ULONG dwFlags;
    USHORT wShowWindow;
    USHORT cbReserved2;
    UCHAR *lpReserved2;
    HANDLE hStdInput;
    HANDLE hStdOutput;
    HANDLE hStdError;
} STARTUPINFOA;
NT_SIZE(STARTUPINFOA, 0x68);

typedef struct _PROCESS_INFORMATION {
    HANDLE hProcess;
    HANDLE hThread;
    ULONG dwProcessId;
    ULONG dwThreadId;
} PROCESS_INFORMATION;

typedef struct _SYSTEM_INFO {
    USHORT wProcessorArchitecture;
    USHORT wReserved;
    ULONG dwPageSize;
    void *lpMinimumApplicationAddress;
    void *lpMaximumApplicationAddress;
    ULONG64 dwActiveProcessorMask;
    ULONG dwNumberOfProcessors;
    ULONG dwProcessorType;
    ULONG dwAllocationGranularity;
    USHORT wProcessorLevel;
    USHORT wProcessorRevision;
} SYSTEM_INFO;
NT_SIZE(SYSTEM_INFO, 0x30);

typedef struct _MEMORYSTATUSEX {
    ULONG dwLength;
    ULONG dwMemoryLoad;
    ULONG64 ullTotalPhys;
    ULONG64 ullAvailPhys;
    ULONG64 ullTotalPageFile;
    ULONG64 ullAvailPageFile;
    ULONG64 ullTotalVirtual;
    ULONG64 ullAvailVirtual;
    ULONG64 ullAvailExtendedVirtual;
} MEMORYSTATUSEX;

typedef struct _MEMORYSTATUS {
    ULONG dwLength;
    ULONG dwMemoryLoad;
    ULONG64 dwTotalPhys;
    ULONG64 dwAvailPhys;
    ULONG64 dwTotalPageFile;
    ULONG64 dwAvailPageFile;
    ULONG64 dwTotalVirtual;
    ULONG64 dwAvailVirtual;
} MEMORYSTATUS;

typedef struct _OSVERSIONINFOEXW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
    USHORT wServicePackMajor;
    USHORT wServicePackMinor;
    USHORT wSuiteMask;
    UCHAR wProductType;
    UCHAR wReserved;
} OSVERSIONINFOEXW;
NT_SIZE(OSVERSIONINFOEXW, 0x11C);
#define OSVERSIONINFOW_SIZE 0x114u

typedef struct _OSVERSIONINFOEXA {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    char szCSDVersion[128];
    USHORT wServicePackMajor;
    USHORT wServicePackMinor;
    USHORT wSuiteMask;
    UCHAR wProductType;
    UCHAR wReserved;
} OSVERSIONINFOEXA;
NT_SIZE(OSVERSIONINFOEXA, 0x9C);
#define OSVERSIONINFOA_SIZE 0x94u

typedef struct _CPINFO {
    UINT MaxCharSize;
    UCHAR DefaultChar[2];
    UCHAR LeadByte[12];
} CPINFO;

typedef struct _PROCESS_HEAP_ENTRY {
    void *lpData;
    ULONG cbData;
    UCHAR cbOverhead;
    UCHAR iRegionIndex;
    USHORT wFlags;
    ULONG64 Reserved[3];
} PROCESS_HEAP_ENTRY;

typedef ULONG THREAD_START(void *parameter);
typedef LONG TOP_LEVEL_FILTER(struct _EXCEPTION_POINTERS *pointers);

/* What every user-mode module may read of its own thread and process. */
static inline TEB *current_teb(void)
{
    TEB *teb;
    __asm__("movq %%gs:0x30, %0" : "=r"(teb));
    return teb;
}

static inline PEB *current_peb(void)
{
    PEB *peb;
    __asm__("movq %%gs:0x60, %0" : "=r"(peb));
    return peb;
}

/* The guard pages below a thread's stack, in bytes, by what its TEB says is guaranteed to whoever
 * handles an overflow. The kernel makes them so as well (ps_grow_stack). */
static inline ULONG64 stack_guard_bytes(ULONG guaranteed)
{
    ULONG64 pages = (guaranteed + (ULONG64)PAGE_SIZE_BYTES - 1) / PAGE_SIZE_BYTES + 1;
    return pages * PAGE_SIZE_BYTES > STACK_GUARD_SIZE ? pages * PAGE_SIZE_BYTES : STACK_GUARD_SIZE;
}
