/* Ends the process whose id is given (hexadecimal), whatever it is, once the system has come up:
 * when every other process does nothing but wait. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <winternl.h>

enum { WAITING = 5 };

static BOOL process_waits(const SYSTEM_PROCESS_INFORMATION *process)
{
    const SYSTEM_THREAD_INFORMATION *thread = (const void *)(process + 1);
    for (ULONG i = 0; i < process->NumberOfThreads; i++)
        if (thread[i].ThreadState != WAITING)
            return FALSE;
    return TRUE;
}

static BOOL others_wait(void)
{
    static __attribute__((aligned(8))) char list[1 << 18];
    const SYSTEM_PROCESS_INFORMATION *process = (const void *)list;
    if (NtQuerySystemInformation(SystemProcessInformation, list, sizeof list, NULL) < 0)
        return TRUE;
    for (;;) {
        ULONG_PTR id = (ULONG_PTR)process->UniqueProcessId;
        if (id > 4 && id != GetCurrentProcessId() && !process_waits(process))
            return FALSE;
        if (!process->NextEntryOffset)
            return TRUE;
        process = (const void *)((const char *)process + process->NextEntryOffset);
    }
}

int main(int argc, char **argv)
{
    DWORD id = argc > 1 ? strtoul(argv[1], NULL, 16) : 0;
    while (!others_wait())
        Sleep(1);
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, id);
    printf("%lx: %s\n", (unsigned long)id, process ? "opened" : "not opened");
    fflush(stdout);
    return TerminateProcess(process, 1) ? 0 : 1;
}
