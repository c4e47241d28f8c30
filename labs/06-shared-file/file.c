/* file.c: one file, mapped by one program and read and written by the other. Compiled twice:
 * mapper.exe maps it, reader.exe uses ReadFile and WriteFile. See README.md.
 *
 *      mapper.exe           make the file, map it, write through the map; wait for the reader
 *      reader.exe           read what the mapper wrote (waiting until it is there), write beside it
 *      ... stop             the same; each breaks into the debugger once it has written
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define FILE_NAME "shared.txt"
#define FIRST "written by a store "
#define SECOND "written by WriteFile"
#define LAST (sizeof SECOND - 2) /* its last letter */

static HANDLE open_file(void)
{
    HANDLE file;
#ifdef MAPPER
    file = CreateFileA(FILE_NAME, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
#else
    while ((file = CreateFileA(FILE_NAME, GENERIC_READ | GENERIC_WRITE,
                               FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                               FILE_ATTRIBUTE_NORMAL, NULL)) == INVALID_HANDLE_VALUE &&
           GetLastError() == ERROR_FILE_NOT_FOUND) {
        Sleep(10);
    }
#endif
    return file;
}

static void stop_here(int stop)
{
    fflush(stdout);
    if (stop) {
        __debugbreak();
    }
}

#ifdef MAPPER
/* No ReadFile and no WriteFile: this program only loads and stores. */
static int use(HANDLE file, int stop)
{
    HANDLE section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 4096, NULL);
    volatile char *view = section ? MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 4096) : NULL;
    if (view == NULL) {
        return 0;
    }
    for (size_t i = 1; i < sizeof FIRST - 1; i++) {
        view[i] = FIRST[i];
    }
    printf("mapper: the file is at %p\n", (void *)view);
    stop_here(stop);
    view[0] =
        FIRST[0]; /* the reader waits for this one: nothing of its own comes before our stop */
    while (view[sizeof FIRST - 1 + LAST] == 0) {
        Sleep(10);
    }
    printf("mapper: the memory says \"%.64s\"\n", (const char *)view);
    fflush(stdout);
    UnmapViewOfFile((void *)view);
    CloseHandle(section);
    return 1;
}
#else
/* No mapping: this program only calls ReadFile and WriteFile. */
static int use(HANDLE file, int stop)
{
    char text[sizeof FIRST] = {0};
    DWORD count;
    do {
        Sleep(10);
        if (SetFilePointer(file, 0, NULL, FILE_BEGIN) == INVALID_SET_FILE_POINTER ||
            !ReadFile(file, text, sizeof FIRST - 1, &count, NULL)) {
            return 0;
        }
    } while (text[0] == 0);
    printf("reader: ReadFile says \"%s\"\n", text);
    if (!WriteFile(file, SECOND, LAST, &count, NULL)) {
        return 0;
    }
    stop_here(stop);
    /* the mapper waits for this one: it does not end before our stop */
    return WriteFile(file, SECOND + LAST, 1, &count, NULL);
}
#endif

int main(int argc, char **argv)
{
    int stop = argc > 1 && strcmp(argv[1], "stop") == 0;
    HANDLE file = open_file();
    if (file == INVALID_HANDLE_VALUE || !use(file, stop)) {
        printf("error %lu\n", GetLastError());
        return 1;
    }
    CloseHandle(file);
    return 0;
}
