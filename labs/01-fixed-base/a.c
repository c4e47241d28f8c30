/* a.c: the first of two programs at one base address. See README.md. */
#include "stop.h"
#include <stdio.h>
#include <string.h>

volatile char data[32] = "This is program A";

__attribute__((noinline)) int code(int x)
{
    return x + 1;
}

int main(int argc, char **argv)
{
    printf("A: data at %p is \"%s\", code at %p: code(10) = %d\n", (void *)data, (char *)data,
           (void *)code, code(10));
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "stop") == 0) {
        stop(data, (void *)code);
        stay();
    }
    return 0;
}
