/* guest/include/ntrtl.h: the run-time library that ntdll exports (Rtl*, Dbg*). */
#pragma once

#include <stdarg.h>

#include "nt/image.h"
#include "nt/ke.h"
#include "ntservices.h"

#define SharedUserData ((const volatile KUSER_SHARED_DATA *)0x7FFE0000)

/* ---- lists and memory ---- */
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *memory, int value, size_t size);
void RtlCopyMemory(void *to, const void *from, ULONG64 size);
void RtlMoveMemory(void *to, const void *from, ULONG64 size);
void RtlFillMemory(void *to, ULONG64 size, UCHAR value);
void RtlZeroMemory(void *to, ULONG64 size);
ULONG64 RtlCompareMemory(const void *a, const void *b, ULONG64 size);

/* ---- C strings, as ntdll exports them ---- */
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int _stricmp(const char *a, const char *b);
int _strnicmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);
char *strcpy(char *to, const char *from);
char *strncpy(char *to, const char *from, size_t n);
char *strcat(char *to, const char *from);
size_t wcslen(const WCHAR *s);
int wcscmp(const WCHAR *a, const WCHAR *b);
int wcsncmp(const WCHAR *a, const WCHAR *b, size_t n);
int _wcsicmp(const WCHAR *a, const WCHAR *b);
int _wcsnicmp(const WCHAR *a, const WCHAR *b, size_t n);
WCHAR *wcschr(const WCHAR *s, WCHAR c);
WCHAR *wcsrchr(const WCHAR *s, WCHAR c);
WCHAR *wcscpy(WCHAR *to, const WCHAR *from);
WCHAR *wcsncpy(WCHAR *to, const WCHAR *from, size_t n);
WCHAR *wcscat(WCHAR *to, const WCHAR *from);
WCHAR *wcsstr(const WCHAR *s, const WCHAR *part);
unsigned long strtoul(const char *s, char **end, int base);
long strtol(const char *s, char **end, int base);
unsigned long wcstoul(const WCHAR *s, WCHAR **end, int base);
long wcstol(const WCHAR *s, WCHAR **end, int base);
int atoi(const char *s);
int tolower(int c);
int toupper(int c);
int _snprintf(char *buffer, size_t size, const char *format, ...);
int _vsnprintf(char *buffer, size_t size, const char *format, va_list arguments);
int sprintf(char *buffer, const char *format, ...);
int _snwprintf(WCHAR *buffer, size_t size, const WCHAR *format, ...);
int _vsnwprintf(WCHAR *buffer, size_t size, const WCHAR *format, va_list arguments);
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));

/* ---- counted strings ---- */
void RtlInitString(STRING *string, const char *text);
void RtlInitAnsiString(STRING *string, const char *text);
void RtlInitUnicodeString(UNICODE_STRING *string, const WCHAR *text);
NTSTATUS RtlInitUnicodeStringEx(UNICODE_STRING *string, const WCHAR *text);
BOOLEAN RtlCreateUnicodeString(UNICODE_STRING *string, const WCHAR *text);
BOOLEAN RtlCreateUnicodeStringFromAsciiz(UNICODE_STRING *string, const char *text);
void RtlFreeUnicodeString(UNICODE_STRING *string);
void RtlFreeAnsiString(STRING *string);
void RtlCopyUnicodeString(UNICODE_STRING *to, const UNICODE_STRING *from);
NTSTATUS RtlAppendUnicodeStringToString(UNICODE_STRING *to, const UNICODE_STRING *from);
NTSTATUS RtlAppendUnicodeToString(UNICODE_STRING *to, const WCHAR *from);
LONG RtlCompareUnicodeString(const UNICODE_STRING *a, const UNICODE_STRING *b, BOOLEAN ignore_case);
BOOLEAN RtlEqualUnicodeString(const UNICODE_STRING *a, const UNICODE_STRING *b,
                              BOOLEAN ignore_case);
BOOLEAN RtlPrefixUnicodeString(const UNICODE_STRING *prefix, const UNICODE_STRING *string,
                               BOOLEAN ignore_case);
NTSTATUS RtlDuplicateUnicodeString(ULONG flags, const UNICODE_STRING *from, UNICODE_STRING *to);
NTSTATUS RtlHashUnicodeString(const UNICODE_STRING *string, BOOLEAN ignore_case, ULONG algorithm,
                              ULONG *hash);
NTSTATUS RtlUpcaseUnicodeString(UNICODE_STRING *to, const UNICODE_STRING *from, BOOLEAN allocate);
NTSTATUS RtlDowncaseUnicodeString(UNICODE_STRING *to, const UNICODE_STRING *from, BOOLEAN allocate);
WCHAR RtlUpcaseUnicodeChar(WCHAR c);
WCHAR RtlDowncaseUnicodeChar(WCHAR c);
NTSTATUS RtlUnicodeStringToInteger(const UNICODE_STRING *string, ULONG base, ULONG *value);
NTSTATUS RtlIntegerToUnicodeString(ULONG value, ULONG base, UNICODE_STRING *string);

/* ---- conversions; sizes in bytes. ANSI is code page 1252, OEM 437 ---- */
NTSTATUS RtlMultiByteToUnicodeN(WCHAR *to, ULONG to_size, ULONG *written, const char *from,
                                ULONG from_size);
NTSTATUS RtlMultiByteToUnicodeSize(ULONG *size, const char *from, ULONG from_size);
NTSTATUS RtlUnicodeToMultiByteN(char *to, ULONG to_size, ULONG *written, const WCHAR *from,
                                ULONG from_size);
NTSTATUS RtlUnicodeToMultiByteSize(ULONG *size, const WCHAR *from, ULONG from_size);
NTSTATUS RtlOemToUnicodeN(WCHAR *to, ULONG to_size, ULONG *written, const char *from,
                          ULONG from_size);
NTSTATUS RtlUnicodeToOemN(char *to, ULONG to_size, ULONG *written, const WCHAR *from,
                          ULONG from_size);
NTSTATUS RtlUTF8ToUnicodeN(WCHAR *to, ULONG to_size, ULONG *written, const char *from,
                           ULONG from_size);
NTSTATUS RtlUnicodeToUTF8N(char *to, ULONG to_size, ULONG *written, const WCHAR *from,
                           ULONG from_size);
NTSTATUS RtlAnsiStringToUnicodeString(UNICODE_STRING *to, const STRING *from, BOOLEAN allocate);
NTSTATUS RtlUnicodeStringToAnsiString(STRING *to, const UNICODE_STRING *from, BOOLEAN allocate);
ULONG RtlxAnsiStringToUnicodeSize(const STRING *string);
ULONG RtlxUnicodeStringToAnsiSize(const UNICODE_STRING *string);

/* ---- heaps ---- */
void *RtlCreateHeap(ULONG flags, void *base, ULONG64 reserve, ULONG64 commit, void *lock,
                    void *parameters);
void *RtlDestroyHeap(void *heap);
void *RtlAllocateHeap(void *heap, ULONG flags, ULONG64 size);
void *RtlReAllocateHeap(void *heap, ULONG flags, void *block, ULONG64 size);
BOOLEAN RtlFreeHeap(void *heap, ULONG flags, void *block);
ULONG64 RtlSizeHeap(void *heap, ULONG flags, const void *block);
BOOLEAN RtlValidateHeap(void *heap, ULONG flags, const void *block);
ULONG64 RtlCompactHeap(void *heap, ULONG flags);
BOOLEAN RtlLockHeap(void *heap);
BOOLEAN RtlUnlockHeap(void *heap);
ULONG RtlGetProcessHeaps(ULONG count, void **heaps);
NTSTATUS RtlSetHeapInformation(void *heap, ULONG class, void *information, ULONG64 length);
NTSTATUS RtlQueryHeapInformation(void *heap, ULONG class, void *information, ULONG64 length,
                                 ULONG64 *returned);

/* ---- synchronisation ---- */
typedef struct _RTL_CONDITION_VARIABLE {
    void *Ptr;
} RTL_CONDITION_VARIABLE;
typedef union _RTL_RUN_ONCE {
    void *Ptr;
} RTL_RUN_ONCE;
#define RTL_CONDITION_VARIABLE_LOCKMODE_SHARED 1u
#define RTL_RUN_ONCE_CHECK_ONLY 1u
#define RTL_RUN_ONCE_ASYNC 2u
#define RTL_RUN_ONCE_INIT_FAILED 4u

NTSTATUS RtlInitializeCriticalSection(RTL_CRITICAL_SECTION *section);
NTSTATUS RtlInitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION *section, ULONG spin_count);
NTSTATUS RtlInitializeCriticalSectionEx(RTL_CRITICAL_SECTION *section, ULONG spin_count,
                                        ULONG flags);
ULONG RtlSetCriticalSectionSpinCount(RTL_CRITICAL_SECTION *section, ULONG spin_count);
NTSTATUS RtlDeleteCriticalSection(RTL_CRITICAL_SECTION *section);
NTSTATUS RtlEnterCriticalSection(RTL_CRITICAL_SECTION *section);
BOOLEAN RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION *section);
NTSTATUS RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *section);
BOOLEAN RtlIsCriticalSectionLocked(RTL_CRITICAL_SECTION *section);
BOOLEAN RtlIsCriticalSectionLockedByThread(RTL_CRITICAL_SECTION *section);
void RtlInitializeSRWLock(RTL_SRWLOCK *lock);
void RtlAcquireSRWLockExclusive(RTL_SRWLOCK *lock);
void RtlAcquireSRWLockShared(RTL_SRWLOCK *lock);
BOOLEAN RtlTryAcquireSRWLockExclusive(RTL_SRWLOCK *lock);
BOOLEAN RtlTryAcquireSRWLockShared(RTL_SRWLOCK *lock);
void RtlReleaseSRWLockExclusive(RTL_SRWLOCK *lock);
void RtlReleaseSRWLockShared(RTL_SRWLOCK *lock);
void RtlInitializeConditionVariable(RTL_CONDITION_VARIABLE *variable);
NTSTATUS RtlSleepConditionVariableCS(RTL_CONDITION_VARIABLE *variable,
                                     RTL_CRITICAL_SECTION *section, LARGE_INTEGER *timeout);
NTSTATUS RtlSleepConditionVariableSRW(RTL_CONDITION_VARIABLE *variable, RTL_SRWLOCK *lock,
                                      LARGE_INTEGER *timeout, ULONG flags);
void RtlWakeConditionVariable(RTL_CONDITION_VARIABLE *variable);
void RtlWakeAllConditionVariable(RTL_CONDITION_VARIABLE *variable);
void RtlRunOnceInitialize(RTL_RUN_ONCE *once);
NTSTATUS RtlRunOnceExecuteOnce(RTL_RUN_ONCE *once, void *function, void *parameter, void **context);
NTSTATUS RtlRunOnceBeginInitialize(RTL_RUN_ONCE *once, ULONG flags, void **context);
NTSTATUS RtlRunOnceComplete(RTL_RUN_ONCE *once, ULONG flags, void *context);

/* ---- exceptions and unwinding ---- */
typedef LONG VECTORED_HANDLER(EXCEPTION_POINTERS *pointers);
typedef struct _DISPATCHER_CONTEXT DISPATCHER_CONTEXT;
typedef int EXCEPTION_ROUTINE(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                              DISPATCHER_CONTEXT *dispatcher);
enum {
    ExceptionContinueExecution = 0,
    ExceptionContinueSearch = 1,
    ExceptionNestedException = 2,
    ExceptionCollidedUnwind = 3,
};
#define EXCEPTION_UNWINDING 0x2u
#define EXCEPTION_EXIT_UNWIND 0x4u
#define EXCEPTION_STACK_INVALID 0x8u
#define EXCEPTION_NESTED_CALL 0x10u
#define EXCEPTION_TARGET_UNWIND 0x20u
#define EXCEPTION_COLLIDED_UNWIND 0x40u
#define EXCEPTION_UNWIND (EXCEPTION_UNWINDING | EXCEPTION_EXIT_UNWIND)

#define CONTEXT_AMD64 0x100000u
#define CONTEXT_CONTROL (CONTEXT_AMD64 | 0x1u)
#define CONTEXT_INTEGER (CONTEXT_AMD64 | 0x2u)
#define CONTEXT_SEGMENTS (CONTEXT_AMD64 | 0x4u)
#define CONTEXT_FLOATING_POINT (CONTEXT_AMD64 | 0x8u)
#define CONTEXT_DEBUG_REGISTERS (CONTEXT_AMD64 | 0x10u)
#define CONTEXT_FULL (CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_FLOATING_POINT)
#define CONTEXT_ALL (CONTEXT_FULL | CONTEXT_SEGMENTS | CONTEXT_DEBUG_REGISTERS)

struct _DISPATCHER_CONTEXT {
    ULONG64 ControlPc;
    ULONG64 ImageBase;
    IMAGE_RUNTIME_FUNCTION_ENTRY *FunctionEntry;
    ULONG64 EstablisherFrame;
    ULONG64 TargetIp;
    CONTEXT *ContextRecord;
    EXCEPTION_ROUTINE *LanguageHandler;
    void *HandlerData;
    void *HistoryTable;
    ULONG ScopeIndex;
    ULONG Fill0;
};

void *RtlAddVectoredExceptionHandler(ULONG first, VECTORED_HANDLER *handler);
ULONG RtlRemoveVectoredExceptionHandler(void *cookie);
void *RtlAddVectoredContinueHandler(ULONG first, VECTORED_HANDLER *handler);
ULONG RtlRemoveVectoredContinueHandler(void *cookie);
BOOLEAN RtlDispatchException(EXCEPTION_RECORD *record, CONTEXT *context);
void RtlRaiseException(EXCEPTION_RECORD *record);
void RtlRaiseStatus(NTSTATUS status);
void RtlCaptureContext(CONTEXT *context);
void RtlRestoreContext(CONTEXT *context, EXCEPTION_RECORD *record);
IMAGE_RUNTIME_FUNCTION_ENTRY *RtlLookupFunctionEntry(ULONG64 pc, ULONG64 *image_base,
                                                     void *history);
EXCEPTION_ROUTINE *RtlVirtualUnwind(ULONG handler_type, ULONG64 image_base, ULONG64 pc,
                                    IMAGE_RUNTIME_FUNCTION_ENTRY *function, CONTEXT *context,
                                    void **handler_data, ULONG64 *establisher_frame,
                                    void *pointers);
void RtlUnwind(void *target_frame, void *target_ip, EXCEPTION_RECORD *record, void *value);
void RtlUnwindEx(void *target_frame, void *target_ip, EXCEPTION_RECORD *record, void *value,
                 CONTEXT *context, void *history);
BOOLEAN RtlAddFunctionTable(IMAGE_RUNTIME_FUNCTION_ENTRY *table, ULONG count, ULONG64 base);
BOOLEAN RtlInstallFunctionTableCallback(ULONG64 id, ULONG64 base, ULONG length, void *callback,
                                        void *context, const WCHAR *dll);
BOOLEAN RtlDeleteFunctionTable(IMAGE_RUNTIME_FUNCTION_ENTRY *table);
USHORT RtlCaptureStackBackTrace(ULONG skip, ULONG count, void **addresses, ULONG *hash);
void *RtlPcToFileHeader(void *pc, void **base);
int __C_specific_handler(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                         DISPATCHER_CONTEXT *dispatcher);
/* The filter that runs when no handler took an exception (kernel32's UnhandledExceptionFilter);
 * returns as an exception filter does. NULL: none. */
void RtlSetUnhandledExceptionFilter(VECTORED_HANDLER *filter);
void *RtlEncodePointer(void *pointer);
void *RtlDecodePointer(void *pointer);
void *RtlEncodeSystemPointer(void *pointer);
void *RtlDecodeSystemPointer(void *pointer);

/* ---- processes, threads ---- */
NTSTATUS RtlCreateUserThread(HANDLE process, void *descriptor, BOOLEAN suspended, ULONG zero_bits,
                             ULONG64 reserve, ULONG64 commit, void *start, void *parameter,
                             HANDLE *thread, CLIENT_ID *id);
/* Source: phnt, RtlCloneUserProcess. */
#define RTL_CLONE_PROCESS_FLAGS_CREATE_SUSPENDED 0x1u
#define RTL_CLONE_PROCESS_FLAGS_INHERIT_HANDLES 0x2u
#define RTL_CLONE_PROCESS_FLAGS_NO_SYNCHRONIZE 0x4u
typedef struct {
    ULONG Length;
    HANDLE ProcessHandle, ThreadHandle;
    CLIENT_ID ClientId;
    SECTION_IMAGE_INFORMATION ImageInformation;
} RTL_USER_PROCESS_INFORMATION;
NTSTATUS RtlCloneUserProcess(ULONG flags, void *process_security, void *thread_security,
                             HANDLE debug_port, RTL_USER_PROCESS_INFORMATION *out);
NTSTATUS RtlUpdateClonedCriticalSection(RTL_CRITICAL_SECTION *section);
NTSTATUS RtlCreateProcessParametersEx(RTL_USER_PROCESS_PARAMETERS **out,
                                      const UNICODE_STRING *image, const UNICODE_STRING *dll_path,
                                      const UNICODE_STRING *directory,
                                      const UNICODE_STRING *command_line, const WCHAR *environment,
                                      const UNICODE_STRING *title, const UNICODE_STRING *desktop,
                                      const UNICODE_STRING *shell, const UNICODE_STRING *runtime,
                                      ULONG flags);
NTSTATUS RtlDestroyProcessParameters(RTL_USER_PROCESS_PARAMETERS *parameters);
RTL_USER_PROCESS_PARAMETERS *RtlNormalizeProcessParams(RTL_USER_PROCESS_PARAMETERS *p);
RTL_USER_PROCESS_PARAMETERS *RtlDeNormalizeProcessParams(RTL_USER_PROCESS_PARAMETERS *p);
_Noreturn void RtlExitUserThread(NTSTATUS status);
_Noreturn void RtlExitUserProcess(NTSTATUS status);
void RtlUserThreadStart(void *start, void *parameter);
PEB *RtlGetCurrentPeb(void);
void RtlAcquirePebLock(void);
void RtlReleasePebLock(void);
ULONG RtlGetLastWin32Error(void);
void RtlSetLastWin32Error(ULONG error);
void RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS status);
ULONG RtlNtStatusToDosError(NTSTATUS status);
ULONG RtlNtStatusToDosErrorNoTeb(NTSTATUS status);
NTSTATUS RtlGetLastNtStatus(void);

/* ---- environment: a block of NAME=value strings, ended by an empty one ---- */
NTSTATUS RtlCreateEnvironment(BOOLEAN copy_current, WCHAR **environment);
NTSTATUS RtlDestroyEnvironment(WCHAR *environment);
NTSTATUS RtlQueryEnvironmentVariable_U(WCHAR *environment, const UNICODE_STRING *name,
                                       UNICODE_STRING *value);
NTSTATUS RtlSetEnvironmentVariable(WCHAR **environment, const UNICODE_STRING *name,
                                   const UNICODE_STRING *value);
NTSTATUS RtlExpandEnvironmentStrings_U(WCHAR *environment, const UNICODE_STRING *from,
                                       UNICODE_STRING *to, ULONG *returned);

/* ---- paths ---- */
enum { /* RtlDetermineDosPathNameType_U */
       RtlPathTypeUnknown = 0,
       RtlPathTypeUncAbsolute = 1,
       RtlPathTypeDriveAbsolute = 2,
       RtlPathTypeDriveRelative = 3,
       RtlPathTypeRooted = 4,
       RtlPathTypeRelative = 5,
       RtlPathTypeLocalDevice = 6,
       RtlPathTypeRootLocalDevice = 7,
};
ULONG RtlDetermineDosPathNameType_U(const WCHAR *path);
ULONG RtlIsDosDeviceName_U(const WCHAR *path);
/* Bytes without the terminator, or the size needed with it; 0 for an invalid name. */
ULONG RtlGetFullPathName_U(const WCHAR *path, ULONG size, WCHAR *buffer, WCHAR **file_part);
BOOLEAN RtlDosPathNameToNtPathName_U(const WCHAR *dos, UNICODE_STRING *nt, WCHAR **file_part,
                                     void *relative);
NTSTATUS RtlDosPathNameToNtPathName_U_WithStatus(const WCHAR *dos, UNICODE_STRING *nt,
                                                 WCHAR **file_part, void *relative);
ULONG RtlGetCurrentDirectory_U(ULONG size, WCHAR *buffer);
NTSTATUS RtlSetCurrentDirectory_U(const UNICODE_STRING *path);
BOOLEAN RtlDoesFileExists_U(const WCHAR *path);
ULONG RtlDosSearchPath_U(const WCHAR *path, const WCHAR *name, const WCHAR *extension, ULONG size,
                         WCHAR *buffer, WCHAR **file_part);

/* ---- time ---- */
typedef struct _TIME_FIELDS {
    SHORT Year;
    SHORT Month;
    SHORT Day;
    SHORT Hour;
    SHORT Minute;
    SHORT Second;
    SHORT Milliseconds;
    SHORT Weekday;
} TIME_FIELDS;
void RtlTimeToTimeFields(const LARGE_INTEGER *time, TIME_FIELDS *fields);
BOOLEAN RtlTimeFieldsToTime(const TIME_FIELDS *fields, LARGE_INTEGER *time);
BOOLEAN RtlTimeToSecondsSince1970(const LARGE_INTEGER *time, ULONG *seconds);
void RtlSecondsSince1970ToTime(ULONG seconds, LARGE_INTEGER *time);
NTSTATUS RtlSystemTimeToLocalTime(const LARGE_INTEGER *system, LARGE_INTEGER *local);
NTSTATUS RtlLocalTimeToSystemTime(const LARGE_INTEGER *local, LARGE_INTEGER *system);
BOOLEAN RtlQueryPerformanceCounter(LARGE_INTEGER *counter);
BOOLEAN RtlQueryPerformanceFrequency(LARGE_INTEGER *frequency);
/* Current system time, read from KUSER_SHARED_DATA without a system call (100 ns since 1601). */
void RtlpGetSystemTime(LARGE_INTEGER *time);

/* ---- images ---- */
IMAGE_NT_HEADERS64 *RtlImageNtHeader(void *base);
void *RtlImageDirectoryEntryToData(void *base, BOOLEAN mapped, USHORT entry, ULONG *size);

/* ---- bit maps ---- */
void RtlInitializeBitMap(RTL_BITMAP *map, ULONG *bits, ULONG count);
ULONG RtlFindClearBitsAndSet(RTL_BITMAP *map, ULONG count, ULONG hint);
ULONG RtlFindClearBits(RTL_BITMAP *map, ULONG count, ULONG hint);
void RtlSetBits(RTL_BITMAP *map, ULONG start, ULONG count);
void RtlClearBits(RTL_BITMAP *map, ULONG start, ULONG count);
BOOLEAN RtlAreBitsSet(RTL_BITMAP *map, ULONG start, ULONG count);
BOOLEAN RtlAreBitsClear(RTL_BITMAP *map, ULONG start, ULONG count);
BOOLEAN RtlTestBit(RTL_BITMAP *map, ULONG bit);

/* ---- version and debugging ---- */
typedef struct _RTL_OSVERSIONINFOEXW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
    USHORT wServicePackMajor; /* this and the rest only in the EX form */
    USHORT wServicePackMinor;
    USHORT wSuiteMask;
    UCHAR wProductType;
    UCHAR wReserved;
} RTL_OSVERSIONINFOEXW;
NTSTATUS RtlGetVersion(RTL_OSVERSIONINFOEXW *information);
void RtlGetNtVersionNumbers(ULONG *major, ULONG *minor, ULONG *build);
ULONG DbgPrint(const char *format, ...);
void DbgBreakPoint(void);
ULONG RtlRandomEx(ULONG *seed);
