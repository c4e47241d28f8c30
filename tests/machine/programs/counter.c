/* Work in memory and threads for a moment; the exit code is what the first argument says. */
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { THREADS = 3, ROUNDS = 40 };

static DWORD WINAPI work(void *argument)
{
    size_t bad = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char *p = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!p) {
            return 1;
        }
        memset(p, (int)(size_t)argument, 16384);
        if (i % 4 == 0) {
            Sleep(0);
        }
        for (int at = 0; at < 16384; at++) {
            bad += p[at] != (char)(size_t)argument;
        }
        bad += p[16384] != 0;
        VirtualFree(p, 0, MEM_RELEASE);
    }
    return bad != 0;
}

int main(int argc, char **argv)
{
    HANDLE thread[THREADS];
    int code = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 0; i < THREADS; i++) {
        thread[i] = CreateThread(NULL, 0, work, (void *)(size_t)(code + i + 1), 0, NULL);
        if (!thread[i]) {
            return 250;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        DWORD result = 1;
        WaitForSingleObject(thread[i], INFINITE);
        GetExitCodeThread(thread[i], &result);
        CloseHandle(thread[i]);
        if (result) {
            return 251;
        }
    }
    return code;
}
