/* Ends by an exception nobody handles; the argument says which. Its status is the exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static LONG WINAPI last_filter(EXCEPTION_POINTERS *p)
{
    printf("filter saw %08lx\n", p->ExceptionRecord->ExceptionCode);
    fflush(stdout);
    return EXCEPTION_EXECUTE_HANDLER;
}

int main(int argc, char **argv)
{
    int which = argc > 1 ? atoi(argv[1]) : 0;
    volatile int zero = 0;
    printf("case %d\n", which);
    fflush(stdout);
    switch (which) {
    case 0:
        *(volatile int *)(UINT_PTR)zero = 1;
        break;
    case 1:
        which = 1000 / zero;
        break;
    case 2:
        RaiseException(0xE0000042, 0, 0, NULL);
        break;
    case 3:
        SetUnhandledExceptionFilter(last_filter);
        *(volatile int *)(UINT_PTR)zero = 1;
        break;
    case 4:
        abort();
    }
    puts("not reached");
    return which;
}
