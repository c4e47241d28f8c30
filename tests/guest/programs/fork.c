/* A process clones itself: what both have, what each has for itself, and who waits for whom. The
 * child speaks through its exit code and a section that both map: nothing is printed twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

#define PAGE 4096
#define PAGES 60
#define PROCESS_CLONED 0x129
#define VIEW_SHARE 1
#define VIEW_UNMAP 2
#define INHERIT 2
#define NO_SYNCHRONIZE 4
#define ALL_GOOD 77

typedef struct {
    ULONG length;
    HANDLE process, thread;
    CLIENT_ID id;
    char image[64];
} CLONE;

static NTSTATUS(NTAPI *clone)(ULONG, void *, void *, HANDLE, CLONE *);
static NTSTATUS(NTAPI *create_process)(HANDLE *, ULONG, void *, HANDLE, ULONG, HANDLE, HANDLE,
                                       HANDLE, ULONG);

static NTSTATUS(NTAPI *map_view)(HANDLE, HANDLE, void **, ULONG_PTR, SIZE_T, LARGE_INTEGER *,
                                 SIZE_T *, ULONG, ULONG, ULONG);

static volatile LONG *shared; /* a view of a section */
static void *unmapped;        /* one that children do not get */
static unsigned char *heap, *view, *pages;
static unsigned char data[20 * PAGE] = {1};
static __thread int in_thread = 5;
static CRITICAL_SECTION section;

static void *mapped(HANDLE section, ULONG inherit, ULONG protection)
{
    void *base = NULL;
    SIZE_T size = 0;
    map_view(section, GetCurrentProcess(), &base, 0, 0, NULL, &size, inherit, 0, protection);
    return base;
}

/* => 0 in the child; else its handle */
static HANDLE forked(ULONG flags)
{
    CLONE out;
    NTSTATUS status = clone(flags, NULL, NULL, NULL, &out);
    if (status == PROCESS_CLONED)
        return NULL;
    if (status != 0) {
        printf("clone: %08lx\n", status);
        ExitProcess(1);
    }
    CloseHandle(out.thread);
    return out.process;
}

static DWORD end_of(HANDLE process)
{
    DWORD code = 0;
    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &code);
    CloseHandle(process);
    return code;
}

/* ---- patterns: each page says whose it is ---- */

static void write_all(unsigned char *at, unsigned count, unsigned seed)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < PAGE; j += 64)
            at[i * PAGE + j] = (unsigned char)(seed + i * 7 + j / 64);
    }
}

static int is_right(const unsigned char *at, unsigned count, unsigned seed)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < PAGE; j += 64) {
            if (at[i * PAGE + j] != (unsigned char)(seed + i * 7 + j / 64))
                return 0;
        }
    }
    return 1;
}

static void everything_is(unsigned seed)
{
    write_all(heap, PAGES, seed);
    write_all(pages, PAGES, seed + 1);
    write_all(data, 20, seed + 2);
    write_all(view, 16, seed + 3);
}

static int is_everything(unsigned seed)
{
    return is_right(heap, PAGES, seed) && is_right(pages, PAGES, seed + 1) &&
           is_right(data, 20, seed + 2) && is_right(view, 16, seed + 3);
}

static DWORD child_of_patterns(unsigned seed)
{
    unsigned local = 1234;
    if (!is_everything(seed))
        return 1;
    everything_is(seed + 100);
    if (!is_everything(seed + 100))
        return 2;
    shared[1] = 1; /* seen by the parent */
    if (VirtualFree(unmapped, 0, MEM_RELEASE) ||
        VirtualAlloc(unmapped, 1, MEM_RESERVE, 4) != unmapped)
        return 4;
    return local == 1234 ? ALL_GOOD : 3;
}

static void patterns(void)
{
    everything_is(10);
    shared[1] = 0;
    HANDLE child = forked(0);
    if (!child)
        ExitProcess(child_of_patterns(10));
    everything_is(60); /* while the child looks at what was there */
    int right = is_everything(60);
    printf("patterns: child %lu, parent %d\n", end_of(child), right && is_everything(60));
    printf("the shared view says %ld\n", shared[1]);
}

static void child_first(void)
{
    everything_is(20);
    HANDLE child = forked(0);
    if (!child)
        ExitProcess(child_of_patterns(20));
    DWORD code = end_of(child);
    printf("child first: child %lu, parent %d", code, is_everything(20));
    everything_is(21);
    printf(" %d\n", is_everything(21));
}

/* Children of children; each sees what its parent wrote last. */
static DWORD generation(unsigned depth)
{
    if (!is_everything(depth))
        return 1000;
    if (depth == 3)
        return 1;
    everything_is(depth + 1);
    HANDLE a = forked(0);
    if (!a)
        ExitProcess(generation(depth + 1));
    HANDLE b = forked(0);
    if (!b)
        ExitProcess(generation(depth + 1));
    DWORD sum = end_of(a) + end_of(b);
    return is_everything(depth + 1) ? sum : 2000;
}

/* ---- what a child can do ---- */

static DWORD WINAPI in_a_thread(void *argument)
{
    return in_thread == 5 ? *(DWORD *)argument : 0;
}

static LONG CALLBACK skip(EXCEPTION_POINTERS *exception)
{
    if (exception->ExceptionRecord->ExceptionCode != 0xE0001234)
        return EXCEPTION_CONTINUE_SEARCH;
    shared[2]++;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static DWORD child_at_work(DWORD parent_id, DWORD parent_thread, int slot)
{
    DWORD code, wanted = 99;
    char text[100];
    if (GetCurrentProcessId() == parent_id || GetCurrentThreadId() == parent_thread)
        return 1;
    if (GetLastError() != 4321 || in_thread != 6 || TlsGetValue(slot) != (void *)0x1234)
        return 2;
    for (int i = 0; i < 1000; i++) {
        char *block = malloc(i * 10 + 1);
        if (!block)
            return 3;
        memset(block, i, i * 10 + 1);
        if (i % 2)
            free(block);
    }
    EnterCriticalSection(&section);
    LeaveCriticalSection(&section);
    HANDLE thread = CreateThread(NULL, 0, in_a_thread, &wanted, 0, NULL);
    if (!thread)
        return 4;
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    if (code != 99)
        return 5;
    RaiseException(0xE0001234, 0, 0, NULL);
    if (shared[2] != 1)
        return 6;
    snprintf(text, sizeof text, "%d %s", 17, "text");
    HMODULE module = LoadLibraryA("advapi32.dll");
    return module && strcmp(text, "17 text") == 0 ? ALL_GOOD : 7;
}

static void work(ULONG flags)
{
    DWORD id = GetCurrentProcessId(), thread = GetCurrentThreadId();
    int slot = TlsAlloc();
    TlsSetValue(slot, (void *)0x1234);
    in_thread = 6;
    shared[2] = 0;
    SetLastError(4321);
    HANDLE child = forked(flags);
    if (!child)
        ExitProcess(child_at_work(id, thread, slot));
    printf("a child at work: %lu\n", end_of(child));
    TlsFree(slot);
}

static void handles(void)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    HANDLE yes = CreateEventA(&inherit, TRUE, FALSE, NULL),
           no = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (ULONG flags = 0; flags <= INHERIT; flags += INHERIT) {
        HANDLE child = forked(flags);
        if (!child)
            ExitProcess(2 * SetEvent(yes) + SetEvent(no));
        DWORD code = end_of(child);
        printf("handles with flags %lu: %lu, set %d\n", flags, code,
               WaitForSingleObject(yes, 0) == WAIT_OBJECT_0);
    }
    CloseHandle(yes);
    CloseHandle(no);
}

/* ---- kinds of pages ---- */

static DWORD protection_of(const void *at)
{
    MEMORY_BASIC_INFORMATION info = {0};
    VirtualQuery(at, &info, sizeof info);
    return info.State == MEM_COMMIT ? info.Protect : info.State;
}

static void kinds(void)
{
    static const DWORD kind[] = {PAGE_READWRITE, PAGE_READONLY,
                                 PAGE_NOACCESS,  PAGE_READWRITE | PAGE_GUARD,
                                 PAGE_EXECUTE,   PAGE_EXECUTE_READWRITE};
    enum { KINDS = sizeof kind / sizeof *kind };
    unsigned char *at = VirtualAlloc(NULL, 16 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    DWORD old;
    write_all(at, 16, 5);
    for (int i = 0; i < KINDS; i++)
        VirtualProtect(at + i * PAGE, PAGE, kind[i], &old);
    VirtualFree(at + KINDS * PAGE, PAGE, MEM_DECOMMIT);
    HANDLE child = forked(0);
    if (!child) {
        for (int i = 0; i < KINDS; i++) {
            if (protection_of(at + i * PAGE) != kind[i])
                ExitProcess(100 + i);
        }
        if (protection_of(at + KINDS * PAGE) != MEM_RESERVE)
            ExitProcess(1);
        for (int i = 0; i < KINDS; i++)
            VirtualProtect(at + i * PAGE, PAGE, PAGE_READWRITE, &old);
        if (!VirtualAlloc(at + KINDS * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE) ||
            !is_right(at, KINDS, 5) || at[KINDS * PAGE])
            ExitProcess(2);
        write_all(at, 16, 9);
        ExitProcess(is_right(at, 16, 9) ? ALL_GOOD : 3);
    }
    printf("kinds: child %lu, parent", end_of(child));
    for (int i = 0; i <= KINDS; i++)
        printf(" %lx", protection_of(at + i * PAGE));
    VirtualProtect(at, KINDS * PAGE, PAGE_READWRITE, &old);
    printf(", %d\n", is_right(at, KINDS, 5));
    VirtualFree(at, 0, MEM_RELEASE);
}

/* ---- a clone without a thread ---- */

static void snapshot(void)
{
    HANDLE process = NULL, weak;
    unsigned char there = 0;
    SIZE_T n = 0;
    everything_is(40);
    NTSTATUS status = create_process(&process, PROCESS_ALL_ACCESS, NULL, GetCurrentProcess(), 0,
                                     NULL, NULL, NULL, 0);
    printf("NtCreateProcessEx: %08lx\n", status);
    everything_is(41);
    BOOL read = ReadProcessMemory(process, heap + 3 * PAGE, &there, 1, &n);
    printf("it has %d, we have %d (%d)\n", there == (unsigned char)(40 + 21),
           heap[3 * PAGE] == (unsigned char)(41 + 21), read);
    TerminateProcess(process, 3);
    printf("ended: %lu\n", end_of(process));

    printf("no process: %08lx\n", create_process(&process, PROCESS_ALL_ACCESS, NULL, (HANDLE)0x5550,
                                                 0, NULL, NULL, NULL, 0));
    printf("unknown flags: %08lx\n",
           create_process(&process, PROCESS_ALL_ACCESS, NULL, GetCurrentProcess(), 0x80000000, NULL,
                          NULL, NULL, 0));
    printf("nowhere to: %08lx\n", create_process((HANDLE *)16, PROCESS_ALL_ACCESS, NULL,
                                                 GetCurrentProcess(), 0, NULL, NULL, NULL, 0));
    DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &weak,
                    PROCESS_VM_READ, FALSE, 0);
    printf("without PROCESS_CREATE_PROCESS: %08lx\n",
           create_process(&process, PROCESS_ALL_ACCESS, NULL, weak, 0, NULL, NULL, NULL, 0));
    CloseHandle(weak);
    printf("a thread is no process: %08lx\n",
           create_process(&process, PROCESS_ALL_ACCESS, NULL, GetCurrentThread(), 0, NULL, NULL,
                          NULL, 0));
}

int main(void)
{
    HMODULE ntdll = GetModuleHandleA("ntdll");
    clone = (void *)GetProcAddress(ntdll, "RtlCloneUserProcess");
    create_process = (void *)GetProcAddress(ntdll, "NtCreateProcessEx");
    HANDLE file = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x10000, NULL);
    map_view = (void *)GetProcAddress(ntdll, "NtMapViewOfSection");
    shared = mapped(file, VIEW_SHARE, PAGE_READWRITE);
    view = mapped(file, VIEW_SHARE, PAGE_WRITECOPY);
    unmapped = mapped(file, VIEW_UNMAP, PAGE_READWRITE);
    setvbuf(stdout, NULL, _IONBF, 0); /* or the child would print what waits there */
    heap = malloc(PAGES * PAGE);
    pages = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    InitializeCriticalSection(&section);
    AddVectoredExceptionHandler(1, skip);

    patterns();
    child_first();
    everything_is(0);
    printf("generations: %lu\n", generation(0));
    work(0);
    work(NO_SYNCHRONIZE);
    handles();
    kinds();
    snapshot();
    return 0;
}
