/* objects.c: makes kernel objects, each of which lives in one of the kernel's pools. See README.md.
 *
 *      objects.exe          make an event, and a section of 64 MB; say their handles
 *      objects.exe stop     the same, then break into the debugger
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

int main(int argc, char **argv)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, "LabEvent");
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0,
                                        64 << 20, "LabSection");
    if (event == NULL || section == NULL) {
        printf("error %lu\n", GetLastError());
        return 1;
    }
    printf("event %x\nsection %x\n", (unsigned)(size_t)event, (unsigned)(size_t)section);
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "stop") == 0) {
        __debugbreak();
    }
    return 0;
}
