/* swap.c: two pages, '1' and '2'. It breaks in, waits until the first one has become another page,
 * breaks in again, and waits until it is the old one. */
#include <windows.h>

int main(void)
{
    enum { PAGE = 0x1000 };
    volatile char *pages =
        VirtualAlloc((void *)0x40000000, 2 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!pages) {
        return 1;
    }
    pages[0] = '1';
    pages[PAGE] = '2';
    __debugbreak();
    while (pages[0] == '1') {
        Sleep(1);
    }
    __debugbreak();
    while (pages[0] == '2') {
        Sleep(1);
    }
    return pages[PAGE];
}
