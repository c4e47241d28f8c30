/* fill.c: a page at 40000000 filled with a letter, and a string to be found; then a break, and a
 * wait for somebody who changes the first byte. */
#include <wchar.h>
#include <windows.h>

int main(int argc, char **argv)
{
    char letter = argc > 1 ? argv[1][0] : '?';
    char *page = VirtualAlloc((void *)0x40000000, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!page) {
        return 1;
    }
    for (unsigned i = 0; i < 0x1000; i++) {
        page[i] = letter;
    }
    wchar_t *note =
        VirtualAlloc((void *)0x40010000, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    wcscpy(note, L"helloworld");
    VirtualAlloc((void *)0x40020000, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    DWORD old;
    VirtualProtect(note, 0x1000, PAGE_READONLY, &old);
    __debugbreak();
    while (*(volatile char *)page == letter) {
        Sleep(1);
    }
    return letter;
}
