/* calls.c: something to walk, step and stop in: recursion, a waiting thread, an exception that a
 * handler takes, a breakpoint of its own. */
#include <windows.h>

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

int main(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, waiter, event, 0, NULL);
    AddVectoredExceptionHandler(1, handler);
    for (int i = 0; i < 3; i++) {
        VirtualAlloc(NULL, 0x10000u << i, MEM_RESERVE, PAGE_NOACCESS);
    }
    int result = factorial(4);
    Sleep(50);
    fault();
    SetEvent(event);
    WaitForSingleObject(thread, INFINITE);
    return finish == 1 && result == 24 ? 5 : 6;
}
