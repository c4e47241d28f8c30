/* Ends the process whose id is given (hexadecimal), whatever it is; but first it waits until the
 * system has come up, so that what is seen of it does not depend on how busy the host is. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

/* The last of the system's processes, explorer.exe, has made its mutex. Without them: not for ever.
 */
static void wait_for_system(void)
{
    HANDLE mutex = NULL;
    for (int i = 0; i < 500 && !mutex; i++) {
        Sleep(10);
        mutex = OpenMutexA(SYNCHRONIZE, FALSE, "_SHuassist.mtx");
    }
    if (mutex) {
        CloseHandle(mutex);
    }
}

int main(int argc, char **argv)
{
    DWORD id = argc > 1 ? strtoul(argv[1], NULL, 16) : 0;
    wait_for_system();
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, id);
    printf("%lx: %s\n", (unsigned long)id, process ? "opened" : "not opened");
    fflush(stdout);
    return TerminateProcess(process, 1) ? 0 : 1;
}
