/* setjmp and longjmp, signals, exit inside a function. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf target;

static void deep(int n)
{
    if (n == 0)
        longjmp(target, 3);
    deep(n - 1);
}

static void on_signal(int number)
{
    printf("signal %d\n", number);
}

int main(void)
{
    volatile int rounds = 0;
    int value = setjmp(target);
    printf("setjmp gave %d in round %d\n", value, rounds);
    if (rounds++ < 2)
        deep(10);
    if (value == 3 && setjmp(target) == 0)
        longjmp(target, 0);
    signal(SIGTERM, on_signal);
    printf("raise %d\n", raise(SIGTERM));
    signal(SIGINT, SIG_IGN);
    printf("ignored %d\n", raise(SIGINT));
    fflush(stdout);
    exit(300);
}
