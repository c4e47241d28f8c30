/* calls.c: something to walk, step and stop in: recursion, a waiting thread, an exception that a
 * handler takes, a breakpoint of its own. */
#include <windows.h>
#include <winternl.h>

static volatile LONG finish;

__attribute__((noinline)) int factorial(int n)
{
    volatile int result = n <= 1 ? 1 : n * factorial(n - 1);
    return result;
}

__attribute__((noinline)) DWORD WINAPI waiter(void *event)
{
    WaitForSingleObject(event, INFINITE);
    return 0;
}

static LONG WINAPI handler(EXCEPTION_POINTERS *exception)
{
    if (exception->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    __debugbreak();
    exception->ContextRecord->Rax = (ULONG64)&finish;
    return EXCEPTION_CONTINUE_EXECUTION;
}

__attribute__((noinline)) void fault(void)
{
    __asm__ volatile("xor %%eax, %%eax\n\tmovl $1, (%%rax)" ::: "rax", "memory");
}

/* Until the program's second thread waits: what a debugger sees then is always the same. */
__attribute__((noinline)) static void let_it_wait(DWORD id)
{
    enum { WAITING = 5 };
    static UCHAR list[0x40000];
    ULONG state = 0;
    while (state != WAITING) {
        SYSTEM_PROCESS_INFORMATION *p = (void *)list;
        Sleep(1);
        if (NtQuerySystemInformation(SystemProcessInformation, list, sizeof list, NULL)) {
            ExitProcess(7);
        }
        while (p->UniqueProcessId != (HANDLE)(ULONG_PTR)GetCurrentProcessId()) {
            p = (void *)((UCHAR *)p + p->NextEntryOffset);
        }
        SYSTEM_THREAD_INFORMATION *t = (void *)(p + 1);
        while (t->ClientId.UniqueThread != (HANDLE)(ULONG_PTR)id) {
            t++;
        }
        state = t->ThreadState;
    }
}

int main(void)
{
    DWORD id;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, waiter, event, 0, &id);
    AddVectoredExceptionHandler(1, handler);
    for (int i = 0; i < 3; i++) {
        VirtualAlloc(NULL, 0x10000u << i, MEM_RESERVE, PAGE_NOACCESS);
    }
    int result = factorial(4);
    Sleep(1);
    let_it_wait(id);
    fault();
    SetEvent(event);
    WaitForSingleObject(thread, INFINITE);
    return finish == 1 && result == 24 ? 5 : 6;
}
