/* ask.c: asks the kernel for a page whenever the debugger says so. See README.md.
 *
 *      ask.exe              ask once
 *      ask.exe stop         break into the debugger; then ask each time that somebody has written 1
 *                           to `go`, and end with 2
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

volatile int go;

static void ask(void)
{
    void *page = VirtualAlloc(NULL, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (page == NULL) {
        printf("no page: error %lu\n", GetLastError());
    } else {
        printf("a page\n");
        VirtualFree(page, 0, MEM_RELEASE);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "stop") != 0) {
        ask();
        return 0;
    }
    while (go != 2) {
        __debugbreak();
        while (go == 0) {
            Sleep(10);
        }
        if (go == 1) {
            ask();
            go = 0;
        }
    }
    return 0;
}
