/* What GetLastError says after each Windows call on memory, sections and the objects shared between
 * processes has failed, as the documentation of the calls names it or [MS-ERREF] translates their
 * status. */
#include <stdio.h>
#include <windows.h>

#include <psapi.h>

#define SIZE 0x10000
#define RW PAGE_READWRITE
#define BOTH (MEM_RESERVE | MEM_COMMIT)
#define NOWHERE ((void *)0x50000000) /* nothing is there */
#define KERNEL ((void *)0xFFFFF80000000000)
#define CLOSED ((HANDLE)0x7FF0) /* never a handle here */
#define SELF GetCurrentProcess()

static unsigned calls;

static void failed(int line, BOOL did, DWORD error)
{
    calls++;
    if (!did)
        printf("line %d: no failure\n", line);
    else if (GetLastError() != error)
        printf("line %d: error %lu, expected %lu\n", line, GetLastError(), error);
}
/* The call gives 0; or, with WRONG, what is not 0. */
#define FAILS(error, call) (SetLastError(0), failed(__LINE__, !(call), error))
#define WRONG(error, call) (SetLastError(0), failed(__LINE__, (call) != 0, error))
#define SECTION(title) (printf("%s: %u calls\n", title, calls), calls = 0)

static char *reserved, *committed, *view, *guarded;
static HANDLE limited, section, read_section, event, file, read_file, empty_file;
static DWORD old;

static HANDLE duplicate(HANDLE handle, DWORD access)
{
    HANDLE copy = NULL;
    DuplicateHandle(SELF, handle, SELF, &copy, access, FALSE, 0);
    return copy;
}

static HANDLE open_file(const char *name, DWORD access, DWORD how)
{
    return CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, how, 0, NULL);
}

static void allocate(void)
{
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(NULL, 0, BOTH, RW));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(NULL, SIZE, 0, RW));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(NULL, SIZE, MEM_DECOMMIT, RW));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(NULL, SIZE, BOTH | MEM_RESET, RW));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(NULL, SIZE, BOTH, 0));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(NULL, SIZE, BOTH, PAGE_WRITECOPY));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(NULL, SIZE, BOTH, RW | PAGE_READONLY));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc((void *)0x1000, SIZE, MEM_RESERVE, RW));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(KERNEL, SIZE, MEM_RESERVE, RW));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(NOWHERE, (SIZE_T)-SIZE, MEM_RESERVE, RW));
    FAILS(ERROR_INVALID_PARAMETER, VirtualAlloc(NULL, SIZE, MEM_PHYSICAL | BOTH, RW));
    FAILS(ERROR_INVALID_PARAMETER,
          VirtualAlloc(NULL, SIZE, MEM_PHYSICAL | MEM_RESERVE, PAGE_READONLY));
    FAILS(ERROR_INVALID_ADDRESS, VirtualAlloc(reserved, SIZE, MEM_RESERVE, RW));
    FAILS(ERROR_INVALID_ADDRESS, VirtualAlloc(NOWHERE, SIZE, MEM_COMMIT, RW));
    FAILS(ERROR_INVALID_ADDRESS, VirtualAlloc(reserved + SIZE - 0x1000, 0x2000, MEM_COMMIT, RW));
    FAILS(ERROR_NOT_ENOUGH_MEMORY, VirtualAlloc(NULL, (SIZE_T)0x7FFFFFD0000, MEM_RESERVE, RW));
    FAILS(ERROR_COMMITMENT_LIMIT, VirtualAlloc(NULL, (SIZE_T)1 << 40, BOTH, RW));
    FAILS(ERROR_PRIVILEGE_NOT_HELD, VirtualAlloc(NULL, 0x200000, BOTH | MEM_LARGE_PAGES, RW));
    FAILS(ERROR_INVALID_HANDLE, VirtualAllocEx(CLOSED, NULL, SIZE, BOTH, RW));
    FAILS(ERROR_INVALID_HANDLE, VirtualAllocEx(event, NULL, SIZE, BOTH, RW));
    FAILS(ERROR_ACCESS_DENIED, VirtualAllocEx(limited, NULL, SIZE, BOTH, RW));
    SECTION("VirtualAlloc");
}

static void release(void)
{
    FAILS(ERROR_INVALID_PARAMETER, VirtualFree(reserved, SIZE, MEM_RELEASE));
    FAILS(ERROR_INVALID_PARAMETER, VirtualFree(reserved, 0, MEM_RELEASE | MEM_DECOMMIT));
    FAILS(ERROR_INVALID_PARAMETER, VirtualFree(reserved, 0, 0));
    FAILS(ERROR_INVALID_PARAMETER, VirtualFree(reserved, (SIZE_T)-0x1000, MEM_DECOMMIT));
    FAILS(ERROR_INVALID_PARAMETER, VirtualFree(KERNEL, 0, MEM_RELEASE));
    FAILS(ERROR_INVALID_ADDRESS, VirtualFree(NOWHERE, 0, MEM_RELEASE));
    FAILS(ERROR_INVALID_ADDRESS, VirtualFree(NOWHERE, SIZE, MEM_DECOMMIT));
    FAILS(ERROR_INVALID_ADDRESS, VirtualFree(reserved + 0x1000, 0, MEM_RELEASE));
    FAILS(ERROR_INVALID_PARAMETER, VirtualFree(reserved, 2 * SIZE, MEM_DECOMMIT));
    FAILS(ERROR_INVALID_PARAMETER, VirtualFree(view, 0, MEM_RELEASE));
    FAILS(ERROR_INVALID_HANDLE, VirtualFreeEx(CLOSED, reserved, 0, MEM_RELEASE));
    FAILS(ERROR_ACCESS_DENIED, VirtualFreeEx(limited, reserved, 0, MEM_RELEASE));
    SECTION("VirtualFree");
}

static void protect(void)
{
    FAILS(ERROR_INVALID_PARAMETER, VirtualProtect(committed, SIZE, 0, &old));
    FAILS(ERROR_INVALID_PARAMETER, VirtualProtect(committed, SIZE, PAGE_WRITECOPY, &old));
    FAILS(ERROR_INVALID_PARAMETER, VirtualProtect(committed, SIZE, RW | PAGE_EXECUTE, &old));
    FAILS(ERROR_INVALID_PARAMETER, VirtualProtect(committed, 0, RW, &old));
    FAILS(ERROR_INVALID_PARAMETER, VirtualProtect(KERNEL, SIZE, RW, &old));
    FAILS(ERROR_INVALID_PARAMETER, VirtualProtect(view, SIZE, PAGE_EXECUTE_READ, &old));
    FAILS(ERROR_INVALID_ADDRESS, VirtualProtect(NOWHERE, SIZE, RW, &old));
    FAILS(ERROR_INVALID_ADDRESS, VirtualProtect(reserved, SIZE, RW, &old));
    FAILS(ERROR_INVALID_ADDRESS, VirtualProtect(committed, 2 * SIZE, RW, &old));
    FAILS(ERROR_NOACCESS, VirtualProtect(committed, SIZE, RW, NULL));
    FAILS(ERROR_INVALID_HANDLE, VirtualProtectEx(CLOSED, committed, SIZE, RW, &old));
    FAILS(ERROR_ACCESS_DENIED, VirtualProtectEx(limited, committed, SIZE, RW, &old));
    SECTION("VirtualProtect");
}

static void look(void)
{
    MEMORY_BASIC_INFORMATION info;
    char byte;
    SIZE_T done;
    FAILS(ERROR_BAD_LENGTH, VirtualQuery(committed, &info, sizeof info - 1));
    FAILS(ERROR_INVALID_PARAMETER, VirtualQuery(KERNEL, &info, sizeof info));
    FAILS(ERROR_NOACCESS, VirtualQuery(committed, KERNEL, sizeof info));
    FAILS(ERROR_INVALID_HANDLE, VirtualQueryEx(CLOSED, committed, &info, sizeof info));
    FAILS(ERROR_ACCESS_DENIED, VirtualQueryEx(limited, committed, &info, sizeof info));
    FAILS(ERROR_PARTIAL_COPY, ReadProcessMemory(SELF, NOWHERE, &byte, 1, &done));
    FAILS(ERROR_INVALID_HANDLE, ReadProcessMemory(CLOSED, committed, &byte, 1, &done));
    FAILS(ERROR_ACCESS_DENIED, ReadProcessMemory(limited, committed, &byte, 1, &done));
    FAILS(ERROR_INVALID_HANDLE, WriteProcessMemory(CLOSED, committed, &byte, 1, &done));
    FAILS(ERROR_ACCESS_DENIED, WriteProcessMemory(limited, committed, &byte, 1, &done));
    SECTION("VirtualQuery, ReadProcessMemory, WriteProcessMemory");
}

static void lock(void)
{
    FAILS(ERROR_NOACCESS, VirtualLock(NOWHERE, SIZE));
    FAILS(ERROR_NOACCESS, VirtualLock(reserved, SIZE));
    FAILS(ERROR_INVALID_PARAMETER, VirtualLock(committed, 0));
    FAILS(ERROR_INVALID_PARAMETER, VirtualLock(KERNEL, SIZE));
    FAILS(STATUS_GUARD_PAGE_VIOLATION, VirtualLock(guarded, 0x1000));
    FAILS(ERROR_WORKING_SET_QUOTA, VirtualLock(committed, 16 * SIZE));
    FAILS(ERROR_NOT_LOCKED, VirtualUnlock(committed, 0x1000));
    FAILS(ERROR_NOT_LOCKED, VirtualUnlock(NOWHERE, 0x1000));
    SECTION("VirtualLock, VirtualUnlock");
}

static void mapping(void)
{
    const HANDLE memory = INVALID_HANDLE_VALUE;
    FAILS(ERROR_INVALID_PARAMETER, CreateFileMappingA(memory, NULL, RW, 0, 0, NULL));
    FAILS(ERROR_INVALID_PARAMETER, CreateFileMappingA(memory, NULL, 0, 0, SIZE, NULL));
    FAILS(ERROR_INVALID_PARAMETER,
          CreateFileMappingA(memory, NULL, RW | PAGE_GUARD, 0, SIZE, NULL));
    FAILS(ERROR_INVALID_PARAMETER,
          CreateFileMappingA(memory, NULL, RW | SEC_COMMIT | SEC_RESERVE, 0, SIZE, NULL));
    FAILS(ERROR_BAD_EXE_FORMAT,
          CreateFileMappingA(memory, NULL, PAGE_READONLY | SEC_IMAGE, 0, SIZE, NULL));
    FAILS(ERROR_COMMITMENT_LIMIT, CreateFileMappingA(memory, NULL, RW, 0x100, 0, NULL));
    FAILS(ERROR_PRIVILEGE_NOT_HELD,
          CreateFileMappingA(memory, NULL, RW | SEC_COMMIT | SEC_LARGE_PAGES, 0, 0x200000, NULL));
    FAILS(ERROR_INVALID_HANDLE, CreateFileMappingA(CLOSED, NULL, RW, 0, 0, NULL));
    FAILS(ERROR_INVALID_HANDLE, CreateFileMappingA(event, NULL, RW, 0, 0, NULL));
    FAILS(ERROR_ACCESS_DENIED, CreateFileMappingA(read_file, NULL, RW, 0, 0, NULL));
    FAILS(ERROR_NOT_ENOUGH_MEMORY,
          CreateFileMappingA(read_file, NULL, PAGE_READONLY, 0, 0x100000, NULL));
    FAILS(ERROR_FILE_INVALID, CreateFileMappingA(empty_file, NULL, RW, 0, 0, NULL));
    FAILS(ERROR_BAD_EXE_FORMAT,
          CreateFileMappingA(read_file, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL));
    FAILS(ERROR_INVALID_HANDLE,
          CreateFileMappingA(memory, NULL, RW, 0, SIZE, "Local\\lasterrors-event"));
    FAILS(ERROR_PATH_NOT_FOUND, CreateFileMappingA(memory, NULL, RW, 0, SIZE, "Local\\no\\such"));
    FAILS(ERROR_FILE_NOT_FOUND, OpenFileMappingA(FILE_MAP_READ, FALSE, "Local\\lasterrors-nobody"));
    FAILS(ERROR_INVALID_HANDLE, OpenFileMappingA(FILE_MAP_READ, FALSE, "Local\\lasterrors-event"));
    FAILS(ERROR_INVALID_PARAMETER, OpenFileMappingA(FILE_MAP_READ, FALSE, NULL));
    FAILS(ERROR_INVALID_HANDLE, MapViewOfFile(CLOSED, FILE_MAP_READ, 0, 0, 0));
    FAILS(ERROR_INVALID_HANDLE, MapViewOfFile(event, FILE_MAP_READ, 0, 0, 0));
    FAILS(ERROR_ACCESS_DENIED, MapViewOfFile(read_section, FILE_MAP_WRITE, 0, 0, 0));
    FAILS(ERROR_ACCESS_DENIED, MapViewOfFile(section, FILE_MAP_READ, 0, 0, 2 * SIZE));
    FAILS(ERROR_ACCESS_DENIED, MapViewOfFile(section, FILE_MAP_READ, 0, SIZE, 0));
    FAILS(ERROR_MAPPED_ALIGNMENT, MapViewOfFile(section, FILE_MAP_READ, 0, 0x1000, 0));
    FAILS(ERROR_MAPPED_ALIGNMENT,
          MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, (char *)NOWHERE + 1));
    FAILS(ERROR_INVALID_ADDRESS, MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, reserved));
    FAILS(ERROR_INVALID_ADDRESS, UnmapViewOfFile(NOWHERE));
    FAILS(ERROR_INVALID_ADDRESS, UnmapViewOfFile(reserved));
    FAILS(ERROR_INVALID_ADDRESS, FlushViewOfFile(NOWHERE, 0));
    FAILS(ERROR_INVALID_PARAMETER, FlushViewOfFile(KERNEL, 0));
    SECTION("sections");
}

static void working_set(void)
{
    const HANDLE looking = duplicate(SELF, PROCESS_QUERY_INFORMATION);
    SIZE_T least, most;
    DWORD flags;
    FAILS(ERROR_INVALID_PARAMETER, SetProcessWorkingSetSize(SELF, 0x200000, 0x100000));
    FAILS(ERROR_INVALID_PARAMETER, SetProcessWorkingSetSize(SELF, 0, 0x100000));
    FAILS(ERROR_INVALID_PARAMETER, SetProcessWorkingSetSizeEx(SELF, 0x100000, 0x200000, 0x80));
    FAILS(ERROR_INVALID_PARAMETER, SetProcessWorkingSetSizeEx(SELF, 0x100000, 0x200000,
                                                              QUOTA_LIMITS_HARDWS_MIN_ENABLE |
                                                                  QUOTA_LIMITS_HARDWS_MIN_DISABLE));
    FAILS(ERROR_INVALID_HANDLE, SetProcessWorkingSetSize(CLOSED, 0x100000, 0x200000));
    FAILS(ERROR_ACCESS_DENIED, SetProcessWorkingSetSize(looking, 0x100000, 0x200000));
    FAILS(ERROR_INVALID_HANDLE, GetProcessWorkingSetSize(CLOSED, &least, &most));
    FAILS(ERROR_ACCESS_DENIED, GetProcessWorkingSetSizeEx(limited, &least, &most, &flags));
    FAILS(ERROR_INVALID_HANDLE, EmptyWorkingSet(CLOSED));
    FAILS(ERROR_ACCESS_DENIED, EmptyWorkingSet(limited));
    SECTION("working sets");
}

static void physical(void)
{
    ULONG_PTR count = 1, frame = 1, more = 16;
    void *pages[16];
    ULONG unit;
    FAILS(ERROR_PRIVILEGE_NOT_HELD, AllocateUserPhysicalPages(SELF, &count, &frame));
    FAILS(ERROR_INVALID_ADDRESS, FreeUserPhysicalPages(SELF, &count, &frame));
    FAILS(ERROR_INVALID_HANDLE, FreeUserPhysicalPages(CLOSED, &count, &frame));
    FAILS(ERROR_INVALID_PARAMETER, MapUserPhysicalPages(committed, 1, &frame));
    WRONG(ERROR_INVALID_PARAMETER, GetWriteWatch(0, committed, SIZE, pages, &more, &unit));
    WRONG(ERROR_INVALID_PARAMETER, GetWriteWatch(2, committed, SIZE, pages, &more, &unit));
    WRONG(ERROR_INVALID_PARAMETER, ResetWriteWatch(committed, SIZE));
    SECTION("physical pages, write watches");
}

static void objects(void)
{
    const char *taken = "Local\\lasterrors-section", *nobody = "Local\\lasterrors-nobody";
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL), semaphore = CreateSemaphoreA(NULL, 1, 1, NULL);
    HANDLE copy, waits_only = duplicate(event, SYNCHRONIZE);
    FAILS(ERROR_INVALID_HANDLE, CreateEventA(NULL, FALSE, FALSE, taken));
    FAILS(ERROR_INVALID_HANDLE, CreateMutexA(NULL, FALSE, taken));
    FAILS(ERROR_INVALID_HANDLE, CreateSemaphoreA(NULL, 0, 1, taken));
    FAILS(ERROR_INVALID_PARAMETER, CreateSemaphoreA(NULL, 0, 0, NULL));
    FAILS(ERROR_INVALID_PARAMETER, CreateSemaphoreA(NULL, 2, 1, NULL));
    FAILS(ERROR_INVALID_PARAMETER, CreateSemaphoreA(NULL, -1, 1, NULL));
    FAILS(ERROR_FILE_NOT_FOUND, OpenEventA(SYNCHRONIZE, FALSE, nobody));
    FAILS(ERROR_FILE_NOT_FOUND, OpenMutexA(SYNCHRONIZE, FALSE, nobody));
    FAILS(ERROR_FILE_NOT_FOUND, OpenSemaphoreA(SYNCHRONIZE, FALSE, nobody));
    FAILS(ERROR_INVALID_HANDLE, OpenEventA(SYNCHRONIZE, FALSE, taken));
    FAILS(ERROR_INVALID_PARAMETER, OpenMutexA(SYNCHRONIZE, FALSE, NULL));
    FAILS(ERROR_INVALID_HANDLE, OpenEventA(SYNCHRONIZE, FALSE, ""));
    FAILS(ERROR_INVALID_HANDLE, SetEvent(CLOSED));
    FAILS(ERROR_INVALID_HANDLE, SetEvent(mutex));
    FAILS(ERROR_ACCESS_DENIED, SetEvent(waits_only));
    FAILS(ERROR_NOT_OWNER, ReleaseMutex(mutex));
    FAILS(ERROR_TOO_MANY_POSTS, ReleaseSemaphore(semaphore, 1, NULL));
    FAILS(ERROR_INVALID_PARAMETER, ReleaseSemaphore(semaphore, 0, NULL));
    FAILS(ERROR_INVALID_HANDLE, CloseHandle(CLOSED));
    FAILS(ERROR_INVALID_HANDLE, DuplicateHandle(SELF, CLOSED, SELF, &copy, 0, FALSE, 2));
    FAILS(ERROR_INVALID_HANDLE, DuplicateHandle(CLOSED, event, SELF, &copy, 0, FALSE, 2));
    FAILS(ERROR_INVALID_HANDLE, DuplicateHandle(event, event, SELF, &copy, 0, FALSE, 2));
    FAILS(ERROR_ACCESS_DENIED, DuplicateHandle(limited, event, SELF, &copy, 0, FALSE, 2));
    FAILS(ERROR_ACCESS_DENIED, DuplicateHandle(SELF, event, limited, &copy, 0, FALSE, 2));
    FAILS(ERROR_INVALID_PARAMETER, OpenProcess(PROCESS_VM_READ, FALSE, 0x7FFFFFF0));
    FAILS(ERROR_INVALID_PARAMETER, OpenThread(THREAD_SUSPEND_RESUME, FALSE, 0x7FFFFFF0));
    SECTION("handles");
    /* what is there already is opened, and said so */
    WRONG(ERROR_ALREADY_EXISTS, CreateEventA(NULL, FALSE, FALSE, "Local\\lasterrors-event"));
    WRONG(ERROR_ALREADY_EXISTS, CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, RW, 0, SIZE, taken));
    SECTION("already there");
    /* an empty name is none */
    WRONG(ERROR_SUCCESS, CreateEventA(NULL, FALSE, FALSE, ""));
    WRONG(ERROR_SUCCESS, CreateEventA(NULL, FALSE, FALSE, ""));
    WRONG(ERROR_SUCCESS, CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, RW, 0, SIZE, ""));
    SECTION("empty names");
}

int main(void)
{
    DWORD done;
    reserved = VirtualAlloc((void *)0x40000000, SIZE, MEM_RESERVE, RW);
    committed = VirtualAlloc((void *)0x41000000, SIZE, BOTH, RW);
    VirtualAlloc((void *)0x41010000, 15 * SIZE, BOTH, RW); /* an allocation of its own */
    guarded = VirtualAlloc(NULL, 0x1000, BOTH, RW | PAGE_GUARD);
    event = CreateEventA(NULL, FALSE, FALSE, "Local\\lasterrors-event");
    limited = duplicate(SELF, SYNCHRONIZE);
    section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, RW, 0, SIZE, "Local\\lasterrors-section");
    read_section = duplicate(section, SECTION_MAP_READ);
    view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    file = open_file("data", GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS);
    WriteFile(file, "some bytes", 10, &done, NULL);
    read_file = open_file("data", GENERIC_READ, OPEN_EXISTING);
    empty_file = open_file("empty", GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS);
    if (!reserved || !committed || !guarded || !view || read_file == INVALID_HANDLE_VALUE)
        printf("nothing to try with\n");
    allocate();
    release();
    protect();
    look();
    lock();
    mapping();
    working_set();
    physical();
    objects();
    return 0;
}
