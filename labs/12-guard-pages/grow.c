/* A stack that grows, overflows, and is used again. int3 wherever there is something to be seen. */
#include <malloc.h>
#include <stdio.h>
#include <windows.h>

static CONTEXT saved;
static volatile int recovered;

/* One kilobyte of stack for every call. */
static __attribute__((noinline)) int deeper(int calls)
{
    volatile char frame[0x400 - 0x30];
    frame[0] = 1;
    return calls <= 1 ? frame[0] : deeper(calls - 1) + frame[0];
}

/* Runs on what the guard pages left of the stack. */
static LONG CALLBACK on_exception(EXCEPTION_POINTERS *e)
{
    if (e->ExceptionRecord->ExceptionCode != EXCEPTION_STACK_OVERFLOW)
        return EXCEPTION_CONTINUE_SEARCH;
    recovered = 1;
    *e->ContextRecord = saved; /* back to main, with the stack of then */
    return EXCEPTION_CONTINUE_EXECUTION;
}

int main(void)
{
    AddVectoredExceptionHandler(1, on_exception);
    __debugbreak(); /* first stop: a fresh stack */
    deeper(100);
    __debugbreak(); /* second stop: 100 KB deeper, and back */
    RtlCaptureContext(&saved);
    if (!recovered)
        deeper(1 << 20); /* third stop: the exception itself */
    printf("the stack overflowed, and the program goes on: %d\n", _resetstkoflw());
    fflush(stdout);
    __debugbreak(); /* fourth stop: guard pages again */
    return 0;
}
