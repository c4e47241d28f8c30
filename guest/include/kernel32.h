/* guest/include/kernel32.h: the functions that kernel32 exports, as msvcrt and kernel32 see them.
 *
 * Names and behaviour are documented by the Windows SDK; types are spelled as in win32.h. */
#pragma once

#include "ntrtl.h"
#include "win32.h"

typedef void FLS_CALLBACK(void *value);

/* console.c */
BOOL GetConsoleMode(HANDLE handle, ULONG *mode);
BOOL SetConsoleMode(HANDLE handle, ULONG mode);
UINT GetConsoleCP(void);
UINT GetConsoleOutputCP(void);
BOOL SetConsoleCP(UINT page);
BOOL SetConsoleOutputCP(UINT page);
BOOL WriteConsoleA(HANDLE handle, const void *buffer, ULONG count, ULONG *written, void *reserved);
BOOL WriteConsoleW(HANDLE handle, const void *buffer, ULONG count, ULONG *written, void *reserved);
BOOL ReadConsoleA(HANDLE handle, void *buffer, ULONG count, ULONG *read, void *control);
BOOL ReadConsoleW(HANDLE handle, void *buffer, ULONG count, ULONG *read, void *control);
BOOL FlushConsoleInputBuffer(HANDLE handle);
BOOL GetConsoleScreenBufferInfo(HANDLE handle, void *info);
BOOL SetConsoleTextAttribute(HANDLE handle, USHORT attributes);
HANDLE GetConsoleWindow(void);
BOOL SetConsoleCtrlHandler(void *handler, BOOL add);
ULONG CtrlRoutine(void *parameter);
BOOL AllocConsole(void);
BOOL FreeConsole(void);
BOOL SetConsoleTitleW(const WCHAR *title);
BOOL SetConsoleTitleA(const char *title);

/* create.c */
struct proc_thread_list;
BOOL CreateProcessInternalW(HANDLE token, const WCHAR *application, WCHAR *command_line,
                            const SECURITY_ATTRIBUTES *process_security,
                            const SECURITY_ATTRIBUTES *thread_security, BOOL inherit, ULONG flags,
                            void *environment, const WCHAR *directory, STARTUPINFOW *startup,
                            PROCESS_INFORMATION *out, HANDLE *restricted);
BOOL CreateProcessW(const WCHAR *application, WCHAR *command_line,
                    const SECURITY_ATTRIBUTES *process_security,
                    const SECURITY_ATTRIBUTES *thread_security, BOOL inherit, ULONG flags,
                    void *environment, const WCHAR *directory, STARTUPINFOW *startup,
                    PROCESS_INFORMATION *out);
BOOL CreateProcessA(const char *application, char *command_line,
                    const SECURITY_ATTRIBUTES *process_security,
                    const SECURITY_ATTRIBUTES *thread_security, BOOL inherit, ULONG flags,
                    void *environment, const char *directory, STARTUPINFOA *startup,
                    PROCESS_INFORMATION *out);
UINT WinExec(const char *command_line, UINT show);
BOOL InitializeProcThreadAttributeList(struct proc_thread_list *list, ULONG count, ULONG flags,
                                       ULONG64 *size);
BOOL UpdateProcThreadAttribute(struct proc_thread_list *list, ULONG flags, ULONG64 attribute,
                               void *value, ULONG64 size, void *previous, ULONG64 *returned);
void DeleteProcThreadAttributeList(struct proc_thread_list *list);

/* directory.c */
BOOL DeleteFileW(const WCHAR *path);
BOOL RemoveDirectoryW(const WCHAR *path);
BOOL CreateDirectoryW(const WCHAR *path, const SECURITY_ATTRIBUTES *security);
BOOL MoveFileExW(const WCHAR *from, const WCHAR *to, ULONG flags);
BOOL MoveFileW(const WCHAR *from, const WCHAR *to);
BOOL CreateHardLinkW(const WCHAR *name, const WCHAR *existing, SECURITY_ATTRIBUTES *reserved);
BOOL CopyFileW(const WCHAR *from, const WCHAR *to, BOOL fail_if_exists);
ULONG GetFileAttributesW(const WCHAR *path);
BOOL GetFileAttributesExW(const WCHAR *path, ULONG level, WIN32_FILE_ATTRIBUTE_DATA *out);
BOOL SetFileAttributesW(const WCHAR *path, ULONG attributes);
HANDLE FindFirstFileExW(const WCHAR *path, ULONG level, void *data, ULONG op, void *filter,
                        ULONG flags);
HANDLE FindFirstFileW(const WCHAR *path, WIN32_FIND_DATAW *data);
BOOL FindNextFileW(HANDLE handle, WIN32_FIND_DATAW *data);
BOOL FindClose(HANDLE handle);
UINT GetDriveTypeW(const WCHAR *root);
ULONG GetLogicalDrives(void);
BOOL GetDiskFreeSpaceExW(const WCHAR *path, LARGE_INTEGER *available, LARGE_INTEGER *total,
                         LARGE_INTEGER *free_bytes);
BOOL GetDiskFreeSpaceW(const WCHAR *path, ULONG *sectors, ULONG *bytes, ULONG *available,
                       ULONG *total);

/* directory_a.c */
BOOL DeleteFileA(const char *path);
BOOL RemoveDirectoryA(const char *path);
BOOL CreateDirectoryA(const char *path, const SECURITY_ATTRIBUTES *security);
ULONG GetFileAttributesA(const char *path);
BOOL GetFileAttributesExA(const char *path, ULONG level, WIN32_FILE_ATTRIBUTE_DATA *out);
BOOL SetFileAttributesA(const char *path, ULONG attributes);
UINT GetDriveTypeA(const char *root);
BOOL GetDiskFreeSpaceExA(const char *path, LARGE_INTEGER *available, LARGE_INTEGER *total,
                         LARGE_INTEGER *free_bytes);
BOOL GetDiskFreeSpaceA(const char *path, ULONG *sectors, ULONG *bytes, ULONG *available,
                       ULONG *total);
BOOL MoveFileExA(const char *from, const char *to, ULONG flags);
BOOL MoveFileA(const char *from, const char *to);
BOOL CreateHardLinkA(const char *name, const char *existing, SECURITY_ATTRIBUTES *reserved);
BOOL CopyFileA(const char *from, const char *to, BOOL fail_if_exists);
HANDLE FindFirstFileA(const char *path, WIN32_FIND_DATAA *data);
BOOL FindNextFileA(HANDLE handle, WIN32_FIND_DATAA *data);

/* environment.c */
ULONG GetEnvironmentVariableW(const WCHAR *name, WCHAR *buffer, ULONG size);
ULONG GetEnvironmentVariableA(const char *name, char *buffer, ULONG size);
BOOL SetEnvironmentVariableW(const WCHAR *name, const WCHAR *value);
BOOL SetEnvironmentVariableA(const char *name, const char *value);
WCHAR *GetEnvironmentStringsW(void);
char *GetEnvironmentStringsA(void);
BOOL FreeEnvironmentStringsW(WCHAR *strings);
BOOL FreeEnvironmentStringsA(char *strings);
ULONG ExpandEnvironmentStringsW(const WCHAR *source, WCHAR *buffer, ULONG size);
ULONG ExpandEnvironmentStringsA(const char *source, char *buffer, ULONG size);

/* exception.c */
TOP_LEVEL_FILTER *SetUnhandledExceptionFilter(TOP_LEVEL_FILTER *filter);
LONG UnhandledExceptionFilter(struct _EXCEPTION_POINTERS *pointers);
void RaiseException(ULONG code, ULONG flags, ULONG count, const ULONG64 *arguments);
UINT GetErrorMode(void);
UINT SetErrorMode(UINT mode);
BOOL IsDebuggerPresent(void);
BOOL CheckRemoteDebuggerPresent(HANDLE process, BOOL *present);
void DebugBreak(void);
void OutputDebugStringA(const char *text);
void OutputDebugStringW(const WCHAR *text);
void FatalAppExitA(UINT action, const char *message);

/* file.c */
HANDLE CreateFileW(const WCHAR *path, ULONG access, ULONG share,
                   const SECURITY_ATTRIBUTES *security, ULONG disposition, ULONG flags,
                   HANDLE template);
HANDLE CreateFileA(const char *path, ULONG access, ULONG share, const SECURITY_ATTRIBUTES *security,
                   ULONG disposition, ULONG flags, HANDLE template);
BOOL ReadFile(HANDLE handle, void *buffer, ULONG size, ULONG *transferred, OVERLAPPED *overlapped);
BOOL WriteFile(HANDLE handle, const void *buffer, ULONG size, ULONG *transferred,
               OVERLAPPED *overlapped);
BOOL GetOverlappedResult(HANDLE handle, OVERLAPPED *overlapped, ULONG *transferred, BOOL wait);
BOOL FlushFileBuffers(HANDLE handle);
BOOL CloseHandle(HANDLE handle);
BOOL SetFilePointerEx(HANDLE handle, LARGE_INTEGER distance, LARGE_INTEGER *new_position,
                      ULONG method);
ULONG SetFilePointer(HANDLE handle, LONG distance, LONG *distance_high, ULONG method);
BOOL SetEndOfFile(HANDLE handle);
BOOL GetFileSizeEx(HANDLE handle, LARGE_INTEGER *size);
ULONG GetFileSize(HANDLE handle, ULONG *high);
ULONG GetFileType(HANDLE handle);
BOOL GetFileInformationByHandle(HANDLE handle, BY_HANDLE_FILE_INFORMATION *out);
BOOL GetFileTime(HANDLE handle, FILETIME *creation, FILETIME *access, FILETIME *write);
BOOL SetFileTime(HANDLE handle, const FILETIME *creation, const FILETIME *access,
                 const FILETIME *write);
BOOL DuplicateHandle(HANDLE source_process, HANDLE source, HANDLE target_process, HANDLE *target,
                     ULONG access, BOOL inherit, ULONG options);
BOOL GetHandleInformation(HANDLE handle, ULONG *flags);
BOOL SetHandleInformation(HANDLE handle, ULONG mask, ULONG flags);
HANDLE GetStdHandle(ULONG number);
BOOL SetStdHandle(ULONG number, HANDLE handle);

/* heap.c */
HANDLE GetProcessHeap(void);
ULONG GetProcessHeaps(ULONG count, HANDLE *heaps);
HANDLE HeapCreate(ULONG options, ULONG64 initial, ULONG64 maximum);
BOOL HeapDestroy(HANDLE heap);
BOOL HeapFree(HANDLE heap, ULONG flags, void *block);
BOOL HeapValidate(HANDLE heap, ULONG flags, const void *block);
ULONG64 HeapCompact(HANDLE heap, ULONG flags);
BOOL HeapLock(HANDLE heap);
BOOL HeapUnlock(HANDLE heap);
BOOL HeapSetInformation(HANDLE heap, ULONG class, void *info, ULONG64 length);
HANDLE GlobalAlloc(UINT flags, ULONG64 size);
HANDLE GlobalFree(HANDLE handle);
HANDLE GlobalReAlloc(HANDLE handle, ULONG64 size, UINT flags);
void *GlobalLock(HANDLE handle);
BOOL GlobalUnlock(HANDLE handle);
ULONG64 GlobalSize(HANDLE handle);
UINT GlobalFlags(HANDLE handle);
HANDLE LocalAlloc(UINT flags, ULONG64 size);
HANDLE LocalFree(HANDLE handle);
HANDLE LocalReAlloc(HANDLE handle, ULONG64 size, UINT flags);
void *LocalLock(HANDLE handle);
BOOL LocalUnlock(HANDLE handle);
ULONG64 LocalSize(HANDLE handle);
UINT LocalFlags(HANDLE handle);

/* memory.c */
void *VirtualAllocEx(HANDLE process, void *address, ULONG64 size, ULONG type, ULONG protect);
void *VirtualAlloc(void *address, ULONG64 size, ULONG type, ULONG protect);
void *VirtualAllocExNuma(HANDLE process, void *address, ULONG64 size, ULONG type, ULONG protect,
                         ULONG node);
BOOL VirtualFreeEx(HANDLE process, void *address, ULONG64 size, ULONG type);
BOOL VirtualFree(void *address, ULONG64 size, ULONG type);
BOOL VirtualProtectEx(HANDLE process, void *address, ULONG64 size, ULONG protect, ULONG *old);
BOOL VirtualProtect(void *address, ULONG64 size, ULONG protect, ULONG *old);
ULONG64 VirtualQueryEx(HANDLE process, const void *address, MEMORY_BASIC_INFORMATION *info,
                       ULONG64 length);
ULONG64 VirtualQuery(const void *address, MEMORY_BASIC_INFORMATION *info, ULONG64 length);
BOOL VirtualLock(void *address, ULONG64 size);
BOOL VirtualUnlock(void *address, ULONG64 size);
UINT GetWriteWatch(ULONG flags, void *base, ULONG64 size, void **addresses, ULONG64 *count,
                   ULONG *granularity);
UINT ResetWriteWatch(void *base, ULONG64 size);
BOOL ReadProcessMemory(HANDLE process, const void *address, void *buffer, ULONG64 size,
                       ULONG64 *transferred);
BOOL WriteProcessMemory(HANDLE process, void *address, const void *buffer, ULONG64 size,
                        ULONG64 *transferred);
BOOL FlushInstructionCache(HANDLE process, const void *address, ULONG64 size);
ULONG64 GetLargePageMinimum(void);
BOOL IsBadReadPtr(const void *address, ULONG64 size);
BOOL IsBadWritePtr(void *address, ULONG64 size);
BOOL IsBadCodePtr(void (*address)(void));
BOOL IsBadStringPtrA(const char *text, ULONG64 limit);
HANDLE CreateFileMappingW(HANDLE file, const SECURITY_ATTRIBUTES *security, ULONG protect,
                          ULONG size_high, ULONG size_low, const WCHAR *name);
HANDLE CreateFileMappingA(HANDLE file, const SECURITY_ATTRIBUTES *security, ULONG protect,
                          ULONG size_high, ULONG size_low, const char *name);
HANDLE OpenFileMappingW(ULONG access, BOOL inherit, const WCHAR *name);
HANDLE OpenFileMappingA(ULONG access, BOOL inherit, const char *name);
void *MapViewOfFileEx(HANDLE section, ULONG access, ULONG offset_high, ULONG offset_low,
                      ULONG64 size, void *address);
void *MapViewOfFile(HANDLE section, ULONG access, ULONG offset_high, ULONG offset_low,
                    ULONG64 size);
BOOL UnmapViewOfFile(const void *address);
BOOL FlushViewOfFile(const void *address, ULONG64 size);

/* message.c */
ULONG FormatMessageW(ULONG flags, const void *source, ULONG code, ULONG language, WCHAR *buffer,
                     ULONG size, void *arguments);
ULONG FormatMessageA(ULONG flags, const void *source, ULONG code, ULONG language, char *buffer,
                     ULONG size, void *arguments);

/* module.c */
HANDLE LoadLibraryExW(const WCHAR *name, HANDLE file, ULONG flags);
HANDLE LoadLibraryW(const WCHAR *name);
HANDLE LoadLibraryExA(const char *name, HANDLE file, ULONG flags);
HANDLE LoadLibraryA(const char *name);
BOOL FreeLibrary(HANDLE module);
void FreeLibraryAndExitThread(HANDLE module, ULONG code);
void *GetProcAddress(HANDLE module, const char *name);
HANDLE GetModuleHandleW(const WCHAR *name);
HANDLE GetModuleHandleA(const char *name);
BOOL GetModuleHandleExW(ULONG flags, const WCHAR *name, HANDLE *module);
BOOL GetModuleHandleExA(ULONG flags, const char *name, HANDLE *module);
ULONG GetModuleFileNameW(HANDLE module, WCHAR *buffer, ULONG size);
ULONG GetModuleFileNameA(HANDLE module, char *buffer, ULONG size);

/* nls.c */
int MultiByteToWideChar(UINT page, ULONG flags, const char *text, int length, WCHAR *buffer,
                        int size);
int WideCharToMultiByte(UINT page, ULONG flags, const WCHAR *text, int length, char *buffer,
                        int size, const char *replacement, BOOL *replaced);
BOOL IsDBCSLeadByte(UCHAR byte);
BOOL IsDBCSLeadByteEx(UINT page, UCHAR byte);
BOOL IsValidCodePage(UINT page);
UINT GetACP(void);
UINT GetOEMCP(void);
BOOL GetCPInfo(UINT page, CPINFO *info);

/* path.c */
ULONG GetFullPathNameW(const WCHAR *path, ULONG size, WCHAR *buffer, WCHAR **file_part);
ULONG GetFullPathNameA(const char *path, ULONG size, char *buffer, char **file_part);
ULONG GetCurrentDirectoryW(ULONG size, WCHAR *buffer);
ULONG GetCurrentDirectoryA(ULONG size, char *buffer);
BOOL SetCurrentDirectoryW(const WCHAR *path);
BOOL SetCurrentDirectoryA(const char *path);
ULONG GetTempPathW(ULONG size, WCHAR *buffer);
ULONG GetTempPathA(ULONG size, char *buffer);
UINT GetTempFileNameW(const WCHAR *directory, const WCHAR *prefix, UINT unique, WCHAR *buffer);
UINT GetTempFileNameA(const char *directory, const char *prefix, UINT unique, char *buffer);

/* process.c */
HANDLE GetCurrentProcess(void);
ULONG GetCurrentProcessId(void);
void ExitProcess(UINT code);
BOOL TerminateProcess(HANDLE process, UINT code);
BOOL GetExitCodeProcess(HANDLE process, ULONG *code);
ULONG GetProcessId(HANDLE process);
HANDLE OpenProcess(ULONG access, BOOL inherit, ULONG id);
BOOL GetProcessAffinityMask(HANDLE process, ULONG64 *mask, ULONG64 *system);
BOOL SetProcessAffinityMask(HANDLE process, ULONG64 mask);
ULONG GetPriorityClass(HANDLE process);
BOOL SetPriorityClass(HANDLE process, ULONG priority);
BOOL GetProcessTimes(HANDLE process, FILETIME *creation, FILETIME *exit, FILETIME *kernel,
                     FILETIME *user);
void GetStartupInfoW(STARTUPINFOW *info);
void GetStartupInfoA(STARTUPINFOA *info);
WCHAR *GetCommandLineW(void);
char *GetCommandLineA(void);

/* string.c */
int lstrlenW(const WCHAR *text);
int lstrlenA(const char *text);
WCHAR *lstrcpyW(WCHAR *to, const WCHAR *from);
char *lstrcpyA(char *to, const char *from);
WCHAR *lstrcpynW(WCHAR *to, const WCHAR *from, int size);
char *lstrcpynA(char *to, const char *from, int size);
WCHAR *lstrcatW(WCHAR *to, const WCHAR *from);
char *lstrcatA(char *to, const char *from);
int CompareStringW(ULONG locale, ULONG flags, const WCHAR *a, int a_length, const WCHAR *b,
                   int b_length);
int CompareStringOrdinal(const WCHAR *a, int a_length, const WCHAR *b, int b_length, BOOL fold);
int CompareStringA(ULONG locale, ULONG flags, const char *a, int a_length, const char *b,
                   int b_length);
int lstrcmpW(const WCHAR *a, const WCHAR *b);
int lstrcmpiW(const WCHAR *a, const WCHAR *b);
int lstrcmpA(const char *a, const char *b);
int lstrcmpiA(const char *a, const char *b);
int LCMapStringW(ULONG locale, ULONG flags, const WCHAR *source, int length, WCHAR *buffer,
                 int size);
ULONG GetUserDefaultLCID(void);
ULONG GetSystemDefaultLCID(void);
ULONG GetThreadLocale(void);
USHORT GetUserDefaultLangID(void);
USHORT GetSystemDefaultLangID(void);

/* support.c */
ULONG GetLastError(void);
void SetLastError(ULONG error);

/* sync.c */
HANDLE CreateEventW(const SECURITY_ATTRIBUTES *security, BOOL manual, BOOL signaled,
                    const WCHAR *name);
HANDLE CreateMutexW(const SECURITY_ATTRIBUTES *security, BOOL owned, const WCHAR *name);
HANDLE CreateSemaphoreW(const SECURITY_ATTRIBUTES *security, LONG initial, LONG maximum,
                        const WCHAR *name);
HANDLE CreateWaitableTimerW(const SECURITY_ATTRIBUTES *security, BOOL manual, const WCHAR *name);
HANDLE CreateEventA(const SECURITY_ATTRIBUTES *security, BOOL manual, BOOL signaled,
                    const char *name);
HANDLE CreateMutexA(const SECURITY_ATTRIBUTES *security, BOOL owned, const char *name);
HANDLE CreateSemaphoreA(const SECURITY_ATTRIBUTES *security, LONG initial, LONG maximum,
                        const char *name);
HANDLE CreateWaitableTimerA(const SECURITY_ATTRIBUTES *security, BOOL manual, const char *name);
HANDLE OpenEventW(ULONG access, BOOL inherit, const WCHAR *name);
HANDLE OpenEventA(ULONG access, BOOL inherit, const char *name);
HANDLE OpenMutexW(ULONG access, BOOL inherit, const WCHAR *name);
HANDLE OpenMutexA(ULONG access, BOOL inherit, const char *name);
HANDLE OpenSemaphoreW(ULONG access, BOOL inherit, const WCHAR *name);
HANDLE OpenSemaphoreA(ULONG access, BOOL inherit, const char *name);
HANDLE OpenWaitableTimerW(ULONG access, BOOL inherit, const WCHAR *name);
HANDLE OpenWaitableTimerA(ULONG access, BOOL inherit, const char *name);
BOOL SetEvent(HANDLE event);
BOOL ResetEvent(HANDLE event);
BOOL PulseEvent(HANDLE event);
BOOL ReleaseMutex(HANDLE mutex);
BOOL ReleaseSemaphore(HANDLE semaphore, LONG count, LONG *previous);
BOOL SetWaitableTimer(HANDLE timer, const LARGE_INTEGER *due, LONG period,
                      void (*routine)(void *, ULONG, ULONG), void *argument, BOOL resume);
BOOL CancelWaitableTimer(HANDLE timer);
ULONG WaitForSingleObjectEx(HANDLE handle, ULONG milliseconds, BOOL alertable);
ULONG WaitForSingleObject(HANDLE handle, ULONG milliseconds);
ULONG WaitForMultipleObjectsEx(ULONG count, const HANDLE *handles, BOOL all, ULONG milliseconds,
                               BOOL alertable);
ULONG WaitForMultipleObjects(ULONG count, const HANDLE *handles, BOOL all, ULONG milliseconds);
ULONG SignalObjectAndWait(HANDLE signal, HANDLE handle, ULONG milliseconds, BOOL alertable);
void InitializeCriticalSection(RTL_CRITICAL_SECTION *section);
BOOL InitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION *section, ULONG spins);
BOOL InitializeCriticalSectionEx(RTL_CRITICAL_SECTION *section, ULONG spins, ULONG flags);
BOOL SleepConditionVariableCS(void *variable, RTL_CRITICAL_SECTION *section, ULONG milliseconds);
BOOL SleepConditionVariableSRW(void *variable, RTL_SRWLOCK *lock, ULONG milliseconds, ULONG flags);
BOOL InitOnceExecuteOnce(void *once, BOOL (*initialize)(void *, void *, void **), void *parameter,
                         void **context);
BOOL InitOnceBeginInitialize(void *once, ULONG flags, BOOL *pending, void **context);
BOOL InitOnceComplete(void *once, ULONG flags, void *context);

/* chartype.c */
BOOL GetStringTypeW(ULONG kind, const WCHAR *text, int length, USHORT *types);
BOOL GetStringTypeExW(ULONG locale, ULONG kind, const WCHAR *text, int length, USHORT *types);
BOOL GetStringTypeA(ULONG locale, ULONG kind, const char *text, int length, USHORT *types);
int LCMapStringA(ULONG locale, ULONG flags, const char *source, int length, char *buffer, int size);
int MulDiv(int a, int b, int c);
UINT SetHandleCount(UINT count);
UINT GetSystemWow64DirectoryW(WCHAR *buffer, UINT size);
UINT GetSystemWow64DirectoryA(char *buffer, UINT size);
ULONG64 VerSetConditionMask(ULONG64 mask, ULONG type, UCHAR condition);
BOOL VerifyVersionInfoW(OSVERSIONINFOEXW *want, ULONG types, ULONG64 mask);
BOOL VerifyVersionInfoA(OSVERSIONINFOEXA *want, ULONG types, ULONG64 mask);

/* fileinfo.c */
BOOL GetFileInformationByHandleEx(HANDLE file, ULONG class, void *info, ULONG size);
BOOL SetFileInformationByHandle(HANDLE file, ULONG class, void *info, ULONG size);
ULONG GetFinalPathNameByHandleW(HANDLE file, WCHAR *path, ULONG size, ULONG flags);
ULONG GetFinalPathNameByHandleA(HANDLE file, char *path, ULONG size, ULONG flags);
ULONG GetLongPathNameW(const WCHAR *path, WCHAR *buffer, ULONG size);
ULONG GetShortPathNameW(const WCHAR *path, WCHAR *buffer, ULONG size);
ULONG GetLongPathNameA(const char *path, char *buffer, ULONG size);
ULONG GetShortPathNameA(const char *path, char *buffer, ULONG size);
ULONG SearchPathW(const WCHAR *path, const WCHAR *name, const WCHAR *extension, ULONG size,
                  WCHAR *buffer, WCHAR **file_part);
ULONG SearchPathA(const char *path, const char *name, const char *extension, ULONG size,
                  char *buffer, char **file_part);
HANDLE FindFirstFileExA(const char *path, ULONG level, void *data, ULONG op, void *filter,
                        ULONG flags);

/* pipe.c */
BOOL CreatePipe(HANDLE *read, HANDLE *write, const SECURITY_ATTRIBUTES *security, ULONG size);
BOOL PeekNamedPipe(HANDLE pipe, void *buffer, ULONG size, ULONG *copied, ULONG *available,
                   ULONG *left);

/* screen.c; a COORD is an ULONG here */
BOOL SetConsoleCursorPosition(HANDLE handle, ULONG position);
BOOL SetConsoleScreenBufferSize(HANDLE handle, ULONG size);
BOOL SetConsoleWindowInfo(HANDLE handle, BOOL absolute, const void *window);
BOOL GetConsoleCursorInfo(HANDLE handle, void *info);
BOOL SetConsoleCursorInfo(HANDLE handle, const void *info);
BOOL GetConsoleScreenBufferInfoEx(HANDLE handle, void *info);
BOOL FillConsoleOutputCharacterA(HANDLE handle, char c, ULONG count, ULONG at, ULONG *written);
BOOL FillConsoleOutputCharacterW(HANDLE handle, WCHAR c, ULONG count, ULONG at, ULONG *written);
BOOL FillConsoleOutputAttribute(HANDLE handle, USHORT attribute, ULONG count, ULONG at,
                                ULONG *written);
BOOL ScrollConsoleScreenBufferA(HANDLE handle, const void *rectangle, const void *clip, ULONG to,
                                const void *fill);
BOOL ScrollConsoleScreenBufferW(HANDLE handle, const void *rectangle, const void *clip, ULONG to,
                                const void *fill);
BOOL WriteConsoleOutputA(HANDLE handle, const void *cells, ULONG size, ULONG from, void *region);
BOOL WriteConsoleOutputW(HANDLE handle, const void *cells, ULONG size, ULONG from, void *region);
BOOL WriteConsoleOutputCharacterA(HANDLE handle, const char *text, ULONG count, ULONG at,
                                  ULONG *written);
BOOL WriteConsoleOutputCharacterW(HANDLE handle, const WCHAR *text, ULONG count, ULONG at,
                                  ULONG *written);
BOOL WriteConsoleOutputAttribute(HANDLE handle, const USHORT *attributes, ULONG count, ULONG at,
                                 ULONG *written);
BOOL ReadConsoleOutputA(HANDLE handle, void *cells, ULONG size, ULONG to, void *region);
BOOL ReadConsoleOutputW(HANDLE handle, void *cells, ULONG size, ULONG to, void *region);
BOOL ReadConsoleOutputCharacterA(HANDLE handle, char *text, ULONG count, ULONG at, ULONG *read);
BOOL ReadConsoleOutputCharacterW(HANDLE handle, WCHAR *text, ULONG count, ULONG at, ULONG *read);
BOOL ReadConsoleInputA(HANDLE handle, void *records, ULONG count, ULONG *read);
BOOL ReadConsoleInputW(HANDLE handle, void *records, ULONG count, ULONG *read);
BOOL PeekConsoleInputA(HANDLE handle, void *records, ULONG count, ULONG *read);
BOOL PeekConsoleInputW(HANDLE handle, void *records, ULONG count, ULONG *read);
BOOL WriteConsoleInputA(HANDLE handle, const void *records, ULONG count, ULONG *written);
BOOL WriteConsoleInputW(HANDLE handle, const void *records, ULONG count, ULONG *written);
BOOL GetNumberOfConsoleInputEvents(HANDLE handle, ULONG *count);
BOOL SetConsoleActiveScreenBuffer(HANDLE handle);
ULONG GetLargestConsoleWindowSize(HANDLE handle);

/* clock.c */
BOOL SetSystemTime(const SYSTEMTIME *time);
BOOL SetLocalTime(const SYSTEMTIME *time);
BOOL GetSystemTimeAdjustment(ULONG *adjustment, ULONG *increment, BOOL *disabled);
BOOL DosDateTimeToFileTime(USHORT date, USHORT clock, FILETIME *time);
BOOL SystemTimeToTzSpecificLocalTime(const TIME_ZONE_INFORMATION *zone, const SYSTEMTIME *utc,
                                     SYSTEMTIME *local);
BOOL TzSpecificLocalTimeToSystemTime(const TIME_ZONE_INFORMATION *zone, const SYSTEMTIME *local,
                                     SYSTEMTIME *utc);

/* volume.c */
BOOL GetVolumeInformationByHandleW(HANDLE file, WCHAR *label, ULONG label_size, ULONG *serial,
                                   ULONG *longest, ULONG *flags, WCHAR *system, ULONG system_size);
BOOL GetVolumeInformationW(const WCHAR *root, WCHAR *label, ULONG label_size, ULONG *serial,
                           ULONG *longest, ULONG *flags, WCHAR *system, ULONG system_size);
BOOL GetVolumeInformationA(const char *root, char *label, ULONG label_size, ULONG *serial,
                           ULONG *longest, ULONG *flags, char *system, ULONG system_size);
BOOL GetVolumeNameForVolumeMountPointW(const WCHAR *root, WCHAR *name, ULONG size);
BOOL GetVolumePathNameW(const WCHAR *path, WCHAR *root, ULONG size);
BOOL GetVolumePathNameA(const char *path, char *root, ULONG size);
HANDLE FindFirstVolumeW(WCHAR *name, ULONG size);
BOOL FindNextVolumeW(HANDLE handle, WCHAR *name, ULONG size);
BOOL FindVolumeClose(HANDLE handle);
ULONG GetLogicalDriveStringsW(ULONG size, WCHAR *buffer);
ULONG GetLogicalDriveStringsA(ULONG size, char *buffer);

/* system.c */
void GetSystemInfo(SYSTEM_INFO *info);
void GetNativeSystemInfo(SYSTEM_INFO *info);
ULONG GetActiveProcessorCount(USHORT group);
ULONG GetCurrentProcessorNumber(void);
BOOL GlobalMemoryStatusEx(MEMORYSTATUSEX *status);
void GlobalMemoryStatus(MEMORYSTATUS *status);
ULONG GetVersion(void);
BOOL GetVersionExW(OSVERSIONINFOEXW *info);
BOOL GetVersionExA(OSVERSIONINFOEXA *info);
BOOL IsProcessorFeaturePresent(ULONG feature);
BOOL IsWow64Process(HANDLE process, BOOL *wow64);
UINT GetWindowsDirectoryW(WCHAR *buffer, UINT size);
UINT GetWindowsDirectoryA(char *buffer, UINT size);
UINT GetSystemDirectoryW(WCHAR *buffer, UINT size);
UINT GetSystemDirectoryA(char *buffer, UINT size);
BOOL GetComputerNameW(WCHAR *buffer, ULONG *size);
BOOL GetComputerNameA(char *buffer, ULONG *size);
ULONG64 GetTickCount64(void);
ULONG GetTickCount(void);
void GetSystemTimeAsFileTime(FILETIME *time);
BOOL QueryUnbiasedInterruptTime(ULONG64 *time);
BOOL QueryPerformanceCounter(LARGE_INTEGER *count);
BOOL QueryPerformanceFrequency(LARGE_INTEGER *frequency);
BOOL FileTimeToSystemTime(const FILETIME *time, SYSTEMTIME *out);
BOOL SystemTimeToFileTime(const SYSTEMTIME *time, FILETIME *out);
BOOL FileTimeToLocalFileTime(const FILETIME *time, FILETIME *out);
BOOL LocalFileTimeToFileTime(const FILETIME *time, FILETIME *out);
void GetSystemTime(SYSTEMTIME *time);
void GetLocalTime(SYSTEMTIME *time);
LONG CompareFileTime(const FILETIME *a, const FILETIME *b);
ULONG GetTimeZoneInformation(TIME_ZONE_INFORMATION *info);
BOOL FileTimeToDosDateTime(const FILETIME *time, USHORT *date, USHORT *clock);

/* thread.c */
HANDLE GetCurrentThread(void);
ULONG GetCurrentThreadId(void);
HANDLE CreateRemoteThread(HANDLE process, const SECURITY_ATTRIBUTES *security, ULONG64 stack,
                          THREAD_START *start, void *parameter, ULONG flags, ULONG *id);
HANDLE CreateThread(const SECURITY_ATTRIBUTES *security, ULONG64 stack, THREAD_START *start,
                    void *parameter, ULONG flags, ULONG *id);
void ExitThread(ULONG code);
void BaseThreadInitThunk(ULONG unused, THREAD_START *start, void *parameter);
BOOL TerminateThread(HANDLE thread, ULONG code);
BOOL GetExitCodeThread(HANDLE thread, ULONG *code);
ULONG GetThreadId(HANDLE thread);
ULONG GetProcessIdOfThread(HANDLE thread);
ULONG ResumeThread(HANDLE thread);
ULONG SuspendThread(HANDLE thread);
HANDLE OpenThread(ULONG access, BOOL inherit, ULONG id);
BOOL GetThreadContext(HANDLE thread, CONTEXT *context);
BOOL SetThreadContext(HANDLE thread, const CONTEXT *context);
BOOL SwitchToThread(void);
ULONG SleepEx(ULONG milliseconds, BOOL alertable);
void Sleep(ULONG milliseconds);
ULONG QueueUserAPC(void (*routine)(ULONG64), HANDLE thread, ULONG64 argument);
BOOL SetThreadPriority(HANDLE thread, int priority);
BOOL SetThreadStackGuarantee(ULONG *size);
int GetThreadPriority(HANDLE thread);
ULONG64 SetThreadAffinityMask(HANDLE thread, ULONG64 mask);
BOOL GetThreadTimes(HANDLE thread, FILETIME *creation, FILETIME *exit, FILETIME *kernel,
                    FILETIME *user);
BOOL DisableThreadLibraryCalls(HANDLE module);

/* tls.c */
ULONG TlsAlloc(void);
BOOL TlsFree(ULONG index);
void *TlsGetValue(ULONG index);
BOOL TlsSetValue(ULONG index, void *value);
ULONG FlsAlloc(FLS_CALLBACK *callback);
BOOL FlsFree(ULONG index);
void *FlsGetValue(ULONG index);
BOOL FlsSetValue(ULONG index, void *value);

BOOL AllocateUserPhysicalPages(HANDLE process, ULONG64 *count, ULONG64 *frames);
BOOL FreeUserPhysicalPages(HANDLE process, ULONG64 *count, ULONG64 *frames);
BOOL MapUserPhysicalPages(void *address, ULONG64 count, ULONG64 *frames);
BOOL MapUserPhysicalPagesScatter(void **addresses, ULONG64 count, ULONG64 *frames);

/* jobs */
HANDLE CreateJobObjectW(const SECURITY_ATTRIBUTES *security, const WCHAR *name);
HANDLE CreateJobObjectA(const SECURITY_ATTRIBUTES *security, const char *name);
HANDLE OpenJobObjectW(ULONG access, BOOL inherit, const WCHAR *name);
HANDLE OpenJobObjectA(ULONG access, BOOL inherit, const char *name);
BOOL AssignProcessToJobObject(HANDLE job, HANDLE process);
BOOL TerminateJobObject(HANDLE job, ULONG code);
BOOL IsProcessInJob(HANDLE process, HANDLE job, BOOL *result);
BOOL QueryInformationJobObject(HANDLE job, ULONG class, void *information, ULONG length,
                               ULONG *returned);
BOOL SetInformationJobObject(HANDLE job, ULONG class, void *information, ULONG length);
