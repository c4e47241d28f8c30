/* Thread stacks: how much is reserved and committed, growth by guard pages, the overflow at the end
 * and what is left then, and how a thread goes on after one. Linked with a stack of 2 MB, 32 KB of
 * it committed. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

#define PAGE 0x1000

static NT_TIB *tib(void)
{
    return (NT_TIB *)NtCurrentTeb();
}

static char *allocation(void)
{
    MEMORY_BASIC_INFORMATION m;
    VirtualQuery(&m, &m, sizeof m);
    return m.AllocationBase;
}

/* The regions of a stack, from its top down. */
static void show(const char *what)
{
    MEMORY_BASIC_INFORMATION m;
    char *base = allocation(), *top = tib()->StackBase;
    printf("%s: reserve %x, committed %x", what, (unsigned)(top - base),
           (unsigned)(top - (char *)tib()->StackLimit));
    for (char *at = base; at < top; at += m.RegionSize) {
        VirtualQuery(at, &m, sizeof m);
        printf(", %x of %s", (unsigned)m.RegionSize,
               m.State == MEM_RESERVE        ? "reserve"
               : m.Protect & PAGE_GUARD      ? "guard"
               : m.Protect == PAGE_READWRITE ? "pages"
                                             : "?");
    }
    printf("\n");
}

/* Use `bytes` of stack, touching every page on the way. */
static __attribute__((noinline)) int use(size_t bytes)
{
    volatile char *p = _alloca(bytes);
    p[0] = 1;
    return p[0] + p[bytes - 1];
}

static DWORD WINAPI grow(void *unused)
{
    show("fresh");
    use(0x20000);
    show("128 KB deeper");
    use(0x1000);
    show("nothing more");
    return 0;
}

/* ---- overflow ---- */

static CONTEXT saved;
static volatile int overflows, recovered;
static volatile ULONG_PTR left; /* for who handles it */

static LONG CALLBACK on_overflow(EXCEPTION_POINTERS *e)
{
    if (e->ExceptionRecord->ExceptionCode != EXCEPTION_STACK_OVERFLOW)
        return EXCEPTION_CONTINUE_SEARCH;
    overflows++;
    recovered = 1;
    left = e->ContextRecord->Rsp - (ULONG_PTR)tib()->StackLimit;
    *e->ContextRecord = saved;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static __attribute__((noinline)) int sink(int depth)
{
    volatile char frame[0x400];
    frame[0] = depth;
    return depth < 0 ? 0 : sink(depth + 1) + frame[0];
}

/* Use the stack up, and come back here from the exception. */
static __attribute__((noinline)) void overflow(void)
{
    recovered = 0;
    RtlCaptureContext(&saved);
    if (!recovered)
        sink(0);
}

static DWORD WINAPI overflowing(void *unused)
{
    overflow();
    printf("overflows %d, two pages left %d\n", overflows, left >= 2 * PAGE);
    show("overflowed");
    printf("reset %d\n", _resetstkoflw());
    show("guarded again");
    overflow();
    printf("overflows %d, two pages left %d\n", overflows, left >= 2 * PAGE);
    printf("reset %d\n", _resetstkoflw());
    return 0;
}

static DWORD WINAPI guaranteed(void *unused)
{
    ULONG size = 0;
    printf("guarantee %d", SetThreadStackGuarantee(&size));
    printf(" was %lx", size);
    size = 0x7001;
    printf(", more %d", SetThreadStackGuarantee(&size));
    printf(" was %lx", size);
    size = 0x1000;
    printf(", less %d", SetThreadStackGuarantee(&size));
    printf(" is %lx", size);
    size = 0x1000000;
    SetLastError(0);
    printf(", too much %d", SetThreadStackGuarantee(&size));
    printf(" error %lu\n", GetLastError());
    show("guaranteed");
    use(0x10000);
    show("64 KB deeper");
    overflow();
    printf("overflows %d, eight pages left %d\n", overflows, left >= 8 * PAGE - 0x800);
    printf("reset %d\n", _resetstkoflw());
    show("guarded again");
    overflow();
    printf("overflows %d, eight pages left %d\n", overflows, left >= 8 * PAGE - 0x800);
    return 0;
}

/* ---- what happens to a process ---- */

/* All that a process may commit is gone before its stack needs more. */
static int without_commit(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags =
                                                       JOB_OBJECT_LIMIT_PROCESS_MEMORY,
                                                   .ProcessMemoryLimit = 0x800000};
    HANDLE job = CreateJobObjectA(NULL, NULL);
    if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) ||
        !AssignProcessToJobObject(job, GetCurrentProcess()))
        return 1;
    while (VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE))
        ;
    AddVectoredExceptionHandler(1, on_overflow);
    overflow();
    SIZE_T used = (char *)tib()->StackBase - (char *)tib()->StackLimit;
    if (overflows != 1 || left < 0x1000 || used > 0x20000)
        return 2;
    overflow(); /* no guard is left: whatever comes then comes outside of the stack */
    return 3;
}

static int child(const char *how)
{
    if (strcmp(how, "poor") == 0)
        return without_commit();
    if (strcmp(how, "twice") == 0) {
        AddVectoredExceptionHandler(1, on_overflow);
        overflow();
        overflow(); /* there is no guard any more */
    }
    return sink(0) & 1;
}

static void run_child(const char *self, const char *how)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info;
    DWORD status = 99;
    char line[MAX_PATH + 16];
    snprintf(line, sizeof line, "%s %s", self, how);
    fflush(stdout);
    if (CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info)) {
        WaitForSingleObject(info.hProcess, INFINITE);
        GetExitCodeProcess(info.hProcess, &status);
    }
    printf("%s: ended with %lx\n", how, status);
}

static void run_thread(LPTHREAD_START_ROUTINE start, SIZE_T size, DWORD flags)
{
    overflows = 0;
    HANDLE thread = CreateThread(NULL, size, start, NULL, flags, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return child(argv[1]);
    printf("main: reserve %x\n", (unsigned)((char *)tib()->StackBase - allocation()));
    run_thread(grow, 0, 0);
    run_thread(grow, 0x40000, 0);
    run_thread(grow, 0x80000, STACK_SIZE_PARAM_IS_A_RESERVATION);
    run_thread(grow, 0x300000, 0);
    AddVectoredExceptionHandler(1, on_overflow);
    run_thread(overflowing, 0x40000, STACK_SIZE_PARAM_IS_A_RESERVATION);
    run_thread(guaranteed, 0x40000, STACK_SIZE_PARAM_IS_A_RESERVATION);
    run_child(argv[0], "once");
    run_child(argv[0], "twice");
    run_child(argv[0], "poor");
    return 0;
}
