/* Ends the process whose id is given (hexadecimal), whatever it is. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

int main(int argc, char **argv)
{
    DWORD id = argc > 1 ? strtoul(argv[1], NULL, 16) : 0;
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, id);
    printf("%lx: %s\n", (unsigned long)id, process ? "opened" : "not opened");
    fflush(stdout);
    return TerminateProcess(process, 1) ? 0 : 1;
}
