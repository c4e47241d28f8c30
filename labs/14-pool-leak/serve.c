/* serve.c: answers requests, with an event for each. Compiled as sound.exe, which closes it, and
 * leak.exe (-DLEAK), which does not. See README.md.
 *
 *      X.exe                answer a thousand requests
 *      X.exe stop           break into the debugger; then a thousand requests each time that
 * somebody has written 1 to `go`; 2 ends it
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

enum { REQUESTS = 1000 };

volatile int go;

static int answer(void)
{
    HANDLE done = CreateEventA(NULL, TRUE, FALSE, NULL);
    if (done == NULL) {
        return 0;
    }
    SetEvent(done);
#ifndef LEAK
    CloseHandle(done);
#endif
    return 1;
}

int main(int argc, char **argv)
{
    int stop = argc > 1 && strcmp(argv[1], "stop") == 0;
    do {
        for (int i = 0; i < REQUESTS; i++) {
            if (!answer()) {
                printf("no event: error %lu\n", GetLastError());
                return 1;
            }
        }
        if (stop) {
            go = 0;
            __debugbreak();
            while (go == 0) {
                Sleep(10);
            }
        }
    } while (go == 1);
    return 0;
}
