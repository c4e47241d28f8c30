/* guest/include/ntservices.h: prototypes of the system services, as ntdll exports them.
 *
 * Each NtXxx has a twin ZwXxx with the same prototype (in user mode they are the same code). Only
 * services that guest modules use are declared; ntdll exports all 401. */
#pragma once

#include "nt/file.h"
#include "nt/info.h"
#include "nt/memory.h"
#include "nt/peb.h"
#include "nt/registry.h"
#include "nt/rtl.h"
#include "nt/status.h"
#include "win32.h"

#define NtCurrentProcess() CURRENT_PROCESS
#define NtCurrentThread() CURRENT_THREAD

typedef void USER_THREAD_START(void *parameter);

/* memory */
NTSTATUS NtAllocateVirtualMemory(HANDLE process, void **base, ULONG64 zero_bits, ULONG64 *size,
                                 ULONG type, ULONG protect);
NTSTATUS NtFreeVirtualMemory(HANDLE process, void **base, ULONG64 *size, ULONG type);
NTSTATUS NtProtectVirtualMemory(HANDLE process, void **base, ULONG64 *size, ULONG protect,
                                ULONG *old);
NTSTATUS NtQueryVirtualMemory(HANDLE process, const void *address, ULONG class, void *information,
                              ULONG64 length, ULONG64 *returned);
NTSTATUS NtReadVirtualMemory(HANDLE process, const void *address, void *buffer, ULONG64 size,
                             ULONG64 *read);
NTSTATUS NtWriteVirtualMemory(HANDLE process, void *address, const void *buffer, ULONG64 size,
                              ULONG64 *written);
NTSTATUS NtLockVirtualMemory(HANDLE process, void **base, ULONG64 *size, ULONG option);
NTSTATUS NtUnlockVirtualMemory(HANDLE process, void **base, ULONG64 *size, ULONG option);
NTSTATUS NtFlushVirtualMemory(HANDLE process, void **base, ULONG64 *size, IO_STATUS_BLOCK *iosb);
NTSTATUS NtFlushInstructionCache(HANDLE process, void *base, ULONG64 size);
NTSTATUS NtGetWriteWatch(HANDLE process, ULONG flags, void *base, ULONG64 size, void **addresses,
                         ULONG64 *count, ULONG *granularity);
NTSTATUS NtResetWriteWatch(HANDLE process, void *base, ULONG64 size);
NTSTATUS NtAllocateUserPhysicalPages(HANDLE process, ULONG64 *count, ULONG64 *frames);
NTSTATUS NtFreeUserPhysicalPages(HANDLE process, ULONG64 *count, ULONG64 *frames);
NTSTATUS NtMapUserPhysicalPages(void *address, ULONG64 count, ULONG64 *frames);
NTSTATUS NtMapUserPhysicalPagesScatter(void **addresses, ULONG64 count, ULONG64 *frames);
NTSTATUS NtCreateSection(HANDLE *section, ULONG access, OBJECT_ATTRIBUTES *attributes,
                         LARGE_INTEGER *maximum_size, ULONG protect, ULONG allocation, HANDLE file);
NTSTATUS NtOpenSection(HANDLE *section, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtMapViewOfSection(HANDLE section, HANDLE process, void **base, ULONG64 zero_bits,
                            ULONG64 commit, LARGE_INTEGER *offset, ULONG64 *size, ULONG inherit,
                            ULONG type, ULONG protect);
NTSTATUS NtUnmapViewOfSection(HANDLE process, void *base);
NTSTATUS NtQuerySection(HANDLE section, ULONG class, void *information, ULONG64 length,
                        ULONG64 *returned);
NTSTATUS NtExtendSection(HANDLE section, LARGE_INTEGER *size);
NTSTATUS NtAreMappedFilesTheSame(void *a, void *b);

/* jobs */
NTSTATUS NtCreateJobObject(HANDLE *job, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtOpenJobObject(HANDLE *job, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtAssignProcessToJobObject(HANDLE job, HANDLE process);
NTSTATUS NtTerminateJobObject(HANDLE job, NTSTATUS status);
NTSTATUS NtIsProcessInJob(HANDLE process, HANDLE job);
NTSTATUS NtQueryInformationJobObject(HANDLE job, ULONG class, void *information, ULONG length,
                                     ULONG *returned);
NTSTATUS NtSetInformationJobObject(HANDLE job, ULONG class, void *information, ULONG length);

/* objects */
NTSTATUS NtClose(HANDLE handle);
NTSTATUS NtDuplicateObject(HANDLE from_process, HANDLE from, HANDLE to_process, HANDLE *to,
                           ULONG access, ULONG attributes, ULONG options);
NTSTATUS NtQueryObject(HANDLE handle, ULONG class, void *information, ULONG length,
                       ULONG *returned);
NTSTATUS NtSetInformationObject(HANDLE handle, ULONG class, void *information, ULONG length);
NTSTATUS NtCreateDirectoryObject(HANDLE *directory, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtOpenDirectoryObject(HANDLE *directory, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtQueryDirectoryObject(HANDLE directory, void *buffer, ULONG length, BOOLEAN single,
                                BOOLEAN restart, ULONG *context, ULONG *returned);
NTSTATUS NtOpenSymbolicLinkObject(HANDLE *link, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtQuerySymbolicLinkObject(HANDLE link, UNICODE_STRING *target, ULONG *returned);

/* waiting */
NTSTATUS NtWaitForSingleObject(HANDLE handle, BOOLEAN alertable, LARGE_INTEGER *timeout);
NTSTATUS NtWaitForMultipleObjects(ULONG count, HANDLE *handles, ULONG type, BOOLEAN alertable,
                                  LARGE_INTEGER *timeout);
NTSTATUS NtSignalAndWaitForSingleObject(HANDLE signal, HANDLE wait, BOOLEAN alertable,
                                        LARGE_INTEGER *timeout);
NTSTATUS NtDelayExecution(BOOLEAN alertable, LARGE_INTEGER *interval);
NTSTATUS NtYieldExecution(void);
NTSTATUS NtCreateEvent(HANDLE *event, ULONG access, OBJECT_ATTRIBUTES *attributes, ULONG type,
                       BOOLEAN state);
NTSTATUS NtOpenEvent(HANDLE *event, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtSetEvent(HANDLE event, LONG *previous);
NTSTATUS NtResetEvent(HANDLE event, LONG *previous);
NTSTATUS NtClearEvent(HANDLE event);
NTSTATUS NtPulseEvent(HANDLE event, LONG *previous);
NTSTATUS NtQueryEvent(HANDLE event, ULONG class, void *information, ULONG length, ULONG *returned);
NTSTATUS NtCreateMutant(HANDLE *mutant, ULONG access, OBJECT_ATTRIBUTES *attributes, BOOLEAN owned);
NTSTATUS NtOpenMutant(HANDLE *mutant, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtReleaseMutant(HANDLE mutant, LONG *previous);
NTSTATUS NtCreateSemaphore(HANDLE *semaphore, ULONG access, OBJECT_ATTRIBUTES *attributes,
                           LONG initial, LONG maximum);
NTSTATUS NtOpenSemaphore(HANDLE *semaphore, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtReleaseSemaphore(HANDLE semaphore, LONG count, LONG *previous);
NTSTATUS NtCreateTimer(HANDLE *timer, ULONG access, OBJECT_ATTRIBUTES *attributes, ULONG type);
NTSTATUS NtOpenTimer(HANDLE *timer, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtSetTimer(HANDLE timer, LARGE_INTEGER *due, void *apc, void *context, BOOLEAN resume,
                    LONG period, BOOLEAN *previous);
NTSTATUS NtCancelTimer(HANDLE timer, BOOLEAN *state);

/* threads and processes */
NTSTATUS NtCreateThreadEx(HANDLE *thread, ULONG access, OBJECT_ATTRIBUTES *attributes,
                          HANDLE process, void *start, void *parameter, ULONG flags,
                          ULONG64 zero_bits, ULONG64 stack_commit, ULONG64 stack_reserve,
                          PS_ATTRIBUTE_LIST *list);
NTSTATUS NtOpenThread(HANDLE *thread, ULONG access, OBJECT_ATTRIBUTES *attributes, CLIENT_ID *id);
NTSTATUS NtTerminateThread(HANDLE thread, NTSTATUS status);
NTSTATUS NtSuspendThread(HANDLE thread, ULONG *previous);
NTSTATUS NtResumeThread(HANDLE thread, ULONG *previous);
NTSTATUS NtGetContextThread(HANDLE thread, CONTEXT *context);
NTSTATUS NtSetContextThread(HANDLE thread, CONTEXT *context);
NTSTATUS NtQueryInformationThread(HANDLE thread, ULONG class, void *information, ULONG length,
                                  ULONG *returned);
NTSTATUS NtSetInformationThread(HANDLE thread, ULONG class, void *information, ULONG length);
NTSTATUS NtQueueApcThread(HANDLE thread, void *routine, void *context, void *argument1,
                          void *argument2);
NTSTATUS NtTestAlert(void);
NTSTATUS NtAlertThread(HANDLE thread);
NTSTATUS NtContinue(CONTEXT *context, BOOLEAN alert);
NTSTATUS NtRaiseException(EXCEPTION_RECORD *record, CONTEXT *context, BOOLEAN first_chance);
NTSTATUS NtRaiseHardError(NTSTATUS status, ULONG count, ULONG unicode_mask, ULONG64 *parameters,
                          ULONG option, ULONG *response);
NTSTATUS NtGetCurrentProcessorNumber(void);
NTSTATUS NtOpenProcess(HANDLE *process, ULONG access, OBJECT_ATTRIBUTES *attributes, CLIENT_ID *id);
NTSTATUS NtTerminateProcess(HANDLE process, NTSTATUS status);
NTSTATUS NtSuspendProcess(HANDLE process);
NTSTATUS NtResumeProcess(HANDLE process);
NTSTATUS NtQueryInformationProcess(HANDLE process, ULONG class, void *information, ULONG length,
                                   ULONG *returned);
NTSTATUS NtSetInformationProcess(HANDLE process, ULONG class, void *information, ULONG length);
NTSTATUS NtCreateUserProcess(HANDLE *process, HANDLE *thread, ULONG process_access,
                             ULONG thread_access, OBJECT_ATTRIBUTES *process_attributes,
                             OBJECT_ATTRIBUTES *thread_attributes, ULONG process_flags,
                             ULONG thread_flags, RTL_USER_PROCESS_PARAMETERS *parameters,
                             PS_CREATE_INFO *create_info, PS_ATTRIBUTE_LIST *list);

/* tokens */
NTSTATUS NtOpenProcessToken(HANDLE process, ULONG access, HANDLE *token);
NTSTATUS NtOpenThreadToken(HANDLE thread, ULONG access, BOOLEAN as_self, HANDLE *token);
NTSTATUS NtQueryInformationToken(HANDLE token, ULONG class, void *information, ULONG length,
                                 ULONG *returned);
NTSTATUS NtAdjustPrivilegesToken(HANDLE token, BOOLEAN disable_all, void *state, ULONG length,
                                 void *previous, ULONG *returned);
NTSTATUS NtPrivilegeCheck(HANDLE token, void *privileges, BOOLEAN *result);
NTSTATUS NtDuplicateToken(HANDLE token, ULONG access, OBJECT_ATTRIBUTES *attributes,
                          BOOLEAN effective_only, ULONG type, HANDLE *copy);
NTSTATUS NtAllocateLocallyUniqueId(LUID *luid);

/* files */
NTSTATUS NtCreateFile(HANDLE *file, ULONG access, OBJECT_ATTRIBUTES *attributes,
                      IO_STATUS_BLOCK *iosb, LARGE_INTEGER *allocation, ULONG file_attributes,
                      ULONG share, ULONG disposition, ULONG options, void *ea, ULONG ea_length);
NTSTATUS NtOpenFile(HANDLE *file, ULONG access, OBJECT_ATTRIBUTES *attributes,
                    IO_STATUS_BLOCK *iosb, ULONG share, ULONG options);
NTSTATUS NtReadFile(HANDLE file, HANDLE event, void *apc, void *apc_context, IO_STATUS_BLOCK *iosb,
                    void *buffer, ULONG length, LARGE_INTEGER *offset, ULONG *key);
NTSTATUS NtWriteFile(HANDLE file, HANDLE event, void *apc, void *apc_context, IO_STATUS_BLOCK *iosb,
                     const void *buffer, ULONG length, LARGE_INTEGER *offset, ULONG *key);
NTSTATUS NtFlushBuffersFile(HANDLE file, IO_STATUS_BLOCK *iosb);
NTSTATUS NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *iosb, void *information, ULONG length,
                                ULONG class);
NTSTATUS NtSetInformationFile(HANDLE file, IO_STATUS_BLOCK *iosb, void *information, ULONG length,
                              ULONG class);
NTSTATUS NtQueryVolumeInformationFile(HANDLE file, IO_STATUS_BLOCK *iosb, void *information,
                                      ULONG length, ULONG class);
NTSTATUS NtQueryDirectoryFile(HANDLE file, HANDLE event, void *apc, void *apc_context,
                              IO_STATUS_BLOCK *iosb, void *information, ULONG length, ULONG class,
                              BOOLEAN single, UNICODE_STRING *pattern, BOOLEAN restart);
NTSTATUS NtQueryAttributesFile(OBJECT_ATTRIBUTES *attributes, FILE_BASIC_INFORMATION *information);
NTSTATUS NtQueryFullAttributesFile(OBJECT_ATTRIBUTES *attributes,
                                   FILE_NETWORK_OPEN_INFORMATION *information);
NTSTATUS NtDeleteFile(OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtLockFile(HANDLE file, HANDLE event, void *apc, void *apc_context, IO_STATUS_BLOCK *iosb,
                    LARGE_INTEGER *offset, LARGE_INTEGER *length, ULONG key, BOOLEAN fail,
                    BOOLEAN exclusive);
NTSTATUS NtUnlockFile(HANDLE file, IO_STATUS_BLOCK *iosb, LARGE_INTEGER *offset,
                      LARGE_INTEGER *length, ULONG key);
NTSTATUS NtCancelIoFile(HANDLE file, IO_STATUS_BLOCK *iosb);
NTSTATUS NtDeviceIoControlFile(HANDLE file, HANDLE event, void *apc, void *apc_context,
                               IO_STATUS_BLOCK *iosb, ULONG code, void *in, ULONG in_length,
                               void *out, ULONG out_length);

/* system */
NTSTATUS NtQuerySystemInformation(ULONG class, void *information, ULONG length, ULONG *returned);
NTSTATUS NtCreateNamedPipeFile(HANDLE *file, ULONG access, OBJECT_ATTRIBUTES *attributes,
                               IO_STATUS_BLOCK *iosb, ULONG share, ULONG disposition, ULONG options,
                               ULONG type, ULONG read_mode, ULONG completion, ULONG most,
                               ULONG inbound, ULONG outbound, LARGE_INTEGER *timeout);
NTSTATUS NtFsControlFile(HANDLE file, HANDLE event, void *routine, void *context,
                         IO_STATUS_BLOCK *iosb, ULONG code, const void *input, ULONG input_size,
                         void *output, ULONG output_size);
NTSTATUS NtQuerySystemTime(LARGE_INTEGER *time);
NTSTATUS NtSetSystemTime(const LARGE_INTEGER *time, LARGE_INTEGER *previous);
NTSTATUS NtQueryPerformanceCounter(LARGE_INTEGER *counter, LARGE_INTEGER *frequency);
NTSTATUS NtQueryTimerResolution(ULONG *coarsest, ULONG *finest, ULONG *actual);
NTSTATUS NtDisplayString(UNICODE_STRING *text);

/* registry */
NTSTATUS NtOpenKey(HANDLE *key, ULONG access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NtOpenKeyEx(HANDLE *key, ULONG access, OBJECT_ATTRIBUTES *attributes, ULONG options);
NTSTATUS NtCreateKey(HANDLE *key, ULONG access, OBJECT_ATTRIBUTES *attributes, ULONG title_index,
                     UNICODE_STRING *class_name, ULONG options, ULONG *disposition);
NTSTATUS NtQueryKey(HANDLE key, ULONG class, void *information, ULONG length, ULONG *returned);
NTSTATUS NtEnumerateKey(HANDLE key, ULONG index, ULONG class, void *information, ULONG length,
                        ULONG *returned);
NTSTATUS NtQueryValueKey(HANDLE key, UNICODE_STRING *name, ULONG class, void *information,
                         ULONG length, ULONG *returned);
NTSTATUS NtEnumerateValueKey(HANDLE key, ULONG index, ULONG class, void *information, ULONG length,
                             ULONG *returned);
NTSTATUS NtSetValueKey(HANDLE key, UNICODE_STRING *name, ULONG title_index, ULONG type,
                       const void *data, ULONG length);
NTSTATUS NtDeleteKey(HANDLE key);
NTSTATUS NtDeleteValueKey(HANDLE key, UNICODE_STRING *name);
NTSTATUS NtFlushKey(HANDLE key);
