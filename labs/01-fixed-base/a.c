/* a.c: the first of two programs at one base address. See README.md.
 *
 *      a.exe            say what is where
 *      a.exe stop       the same, then break into the debugger, and stay: a process that has ended
 *                       has no memory left to look at
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

char data[32] = "This is program A";

__attribute__((noinline)) int code(int x)
{
    return x + 1;
}

int main(int argc, char **argv)
{
    printf("A: data at %p is \"%s\", code at %p: code(10) = %d\n", (void *)data, data, (void *)code,
           code(10));
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "stop") == 0) {
        __debugbreak();
        Sleep(INFINITE);
    }
    return 0;
}
