/* views.c: one page at two addresses. See README.md.
 *
 *      views.exe            map a section twice, write through one view, read through the other
 *      views.exe stop       then break into the debugger, and wait until the first character is
 *                           another one
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define NOTE "helloworld"

int main(int argc, char **argv)
{
    HANDLE section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, NULL);
    char *first = MapViewOfFileEx(section, FILE_MAP_WRITE, 0, 0, 0, (void *)0x40000000);
    const volatile char *second =
        MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, (void *)0x50000000);
    if (first == NULL || second == NULL) {
        printf("no views: error %lu\n", GetLastError());
        return 1;
    }
    strcpy(first, NOTE);
    printf("written at %p, read at %p: %s\n", (void *)first, (void *)second, (const char *)second);
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "stop") == 0) {
        __debugbreak();
        while (second[0] == NOTE[0]) {
            Sleep(10);
        }
        printf("now it says %s\n", (const char *)second);
    }
    return 0;
}
