/* fill.c: one page at a fixed address, filled with one letter. Compiled twice: a.exe with 'a',
 * b.exe with 'b'. See README.md.
 *
 *      a.exe            allocate, fill, read back, release
 *      a.exe stop       the same, but with the page full it breaks into the debugger, and keeps the
 *                       page until somebody changes its first byte (kd: eb 40000000 21)
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define ADDRESS ((void *)0x40000000)

/* How many bytes of the page are the letter. */
static size_t count_letters(const volatile char *page, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += page[i] == LETTER;
    }
    return count;
}

int main(int argc, char **argv)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    size_t size = system.dwPageSize;

    volatile char *page = VirtualAlloc(ADDRESS, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (page == NULL) {
        printf("%c: VirtualAlloc at %p failed, error %lu\n", LETTER, ADDRESS, GetLastError());
        return 1;
    }
    for (size_t i = 0; i < size; i++) {
        page[i] = LETTER;
    }
    printf("%c: %lu of %lu bytes at %p are '%c'\n", LETTER,
           (unsigned long)count_letters(page, size), (unsigned long)size, (void *)page, LETTER);
    fflush(stdout);

    if (argc > 1 && strcmp(argv[1], "stop") == 0) {
        __debugbreak();
        while (page[0] == LETTER) {
            Sleep(10);
        }
        printf("%c: the first byte is now '%c', %lu are still '%c'\n", LETTER, page[0],
               (unsigned long)count_letters(page, size), LETTER);
    }

    if (!VirtualFree((void *)page, 0, MEM_RELEASE)) {
        printf("%c: VirtualFree failed, error %lu\n", LETTER, GetLastError());
        return 1;
    }
    return 0;
}
