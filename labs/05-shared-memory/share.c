/* share.c: memory with a name. Compiled twice: maker.exe makes the section, opener.exe opens it by
 * its name. See README.md.
 *
 *      maker.exe            make it, write a question to it, wait for the answer
 *      opener.exe           open it (waiting until it is there), read the question, answer
 *      ... stop             the same; each breaks into the debugger once it has written
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define NAME "SharedMemory"

#define QUESTION 0x12345678
#define ANSWER 0x87654321

struct shared {
    volatile DWORD word;
    volatile DWORD asked; /* the question is there to be read */
};

#ifdef MAKER
static HANDLE get_section(void)
{
    return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, BUFSIZ, NAME);
}
#else
static HANDLE get_section(void)
{
    HANDLE section;
    while ((section = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, NAME)) == NULL &&
           GetLastError() == ERROR_FILE_NOT_FOUND) {
        Sleep(10);
    }
    return section;
}
#endif

int main(int argc, char **argv)
{
    int stop = argc > 1 && strcmp(argv[1], "stop") == 0;
    HANDLE section = get_section();
    struct shared *shared =
        section ? MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, BUFSIZ) : NULL;
    if (shared == NULL) {
        printf("no shared memory: error %lu\n", GetLastError());
        return 1;
    }
#ifdef MAKER
    shared->word = QUESTION;
    printf("maker: wrote %08lx at %p\n", shared->word, (void *)shared);
    fflush(stdout);
    if (stop) {
        __debugbreak();
    }
    shared->asked = 1;
    while (shared->word != ANSWER) {
        Sleep(10);
    }
    printf("maker: the answer is %08lx\n", shared->word);
#else
    while (!shared->asked) {
        Sleep(10);
    }
    printf("opener: read %08lx at %p\n", shared->word, (void *)shared);
    fflush(stdout);
    if (stop) {
        __debugbreak();
    }
    shared->word = ANSWER;
#endif
    UnmapViewOfFile(shared);
    CloseHandle(section);
    return 0;
}
