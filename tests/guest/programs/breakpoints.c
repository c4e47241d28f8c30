/* breakpoints.c: a program that sets its own debug registers. Each thread has its own; a data
 * breakpoint traps behind the access, one for execution before the instruction. */
#include <stdio.h>
#include <windows.h>

#define FLAG_RESUME 0x10000

static volatile LONG watched[4];
static volatile int hits;
static DWORD64 last_dr6;

__attribute__((noinline)) static int twice(int n)
{
    return 2 * n;
}

static LONG WINAPI handler(EXCEPTION_POINTERS *exception)
{
    CONTEXT *c = exception->ContextRecord;
    if (exception->ExceptionRecord->ExceptionCode != EXCEPTION_SINGLE_STEP) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    hits++;
    last_dr6 = c->Dr6 & 0xF;
    if (c->Rip == (DWORD64)twice) {
        c->EFlags |= FLAG_RESUME;
    }
    return EXCEPTION_CONTINUE_EXECUTION;
}

static BOOL set(HANDLE thread, DWORD64 dr0, DWORD64 dr1, DWORD64 dr7)
{
    CONTEXT c = {.ContextFlags = CONTEXT_DEBUG_REGISTERS};
    c.Dr0 = dr0;
    c.Dr1 = dr1;
    c.Dr7 = dr7;
    return SetThreadContext(thread, &c);
}

static DWORD WINAPI writer(void *unused)
{
    watched[0] = 7;
    watched[1] = 7;
    return 0;
}

static void report(const char *what)
{
    printf("%s: %d, dr6 %x\n", what, hits, (unsigned)last_dr6);
    hits = 0;
    last_dr6 = 0;
}

static void run_writer(BOOL with_breakpoint)
{
    HANDLE thread = CreateThread(NULL, 0, writer, NULL, CREATE_SUSPENDED, NULL);
    if (with_breakpoint) {
        CONTEXT c = {.ContextFlags = CONTEXT_DEBUG_REGISTERS};
        printf("set: %d\n", set(thread, (DWORD64)&watched[1], 0, 0xD0001));
        GetThreadContext(thread, &c);
        printf("read back: %d %d\n", c.Dr0 == (DWORD64)&watched[1], (c.Dr7 & 0xD0001) == 0xD0001);
    }
    ResumeThread(thread);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

int main(void)
{
    AddVectoredExceptionHandler(1, handler);
    /* dr0: writes, 4 bytes; dr1: execution */
    printf("set: %d\n", set(GetCurrentThread(), (DWORD64)&watched[0], (DWORD64)twice, 0xD0005));
    watched[1] = 1;
    report("a write beside it");
    watched[0] = 1;
    report("a write");
    LONG sum = watched[0];
    report("a read");
    printf("called: %d\n", twice(sum));
    report("execution");
    ReadProcessMemory(GetCurrentProcess(), (void *)&watched[1], (void *)&watched[0], 4, NULL);
    report("written by a system service");
    run_writer(FALSE);
    report("another thread");
    printf("cleared: %d\n", set(GetCurrentThread(), 0, 0, 0));
    watched[0] = 2;
    report("without breakpoints");
    run_writer(TRUE);
    report("another thread with its own");
    printf("%d %d\n", (int)watched[0], (int)watched[1]);
    return 7;
}
