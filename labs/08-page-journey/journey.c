/* journey.c: one page, and what can happen to it. See README.md.
 *
 *      journey.exe              read and write the page once
 *      journey.exe stop         break into the debugger; then follow the orders that it writes to
 *                               `order`:
 *              c  close the page (PAGE_NOACCESS); it leaves the working set
 *              o  open it again (PAGE_READWRITE)
 *              r  read it                  w  write to it
 *              p  put the machine under pressure: fill other memory, more than there is RAM
 *              d  decommit it              q  end
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define PAGE ((volatile char *)0x40000000)

enum { PAGE_BYTES = 0x1000, PRESSURE_MB = 40, ROUNDS = 3 };

volatile char order;

static void protect(DWORD protection)
{
    DWORD old;
    if (!VirtualProtect((void *)PAGE, PAGE_BYTES, protection, &old)) {
        printf("VirtualProtect: error %lu\n", GetLastError());
    }
}

/* Touch each page of more memory than the machine has (--ram 32M), several times, so that
 * all else must make room. */
static void press(void)
{
    size_t size = (size_t)PRESSURE_MB << 20;
    volatile char *memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (memory == NULL) {
        printf("no memory: error %lu\n", GetLastError());
        return;
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < size; i += PAGE_BYTES) {
            memory[i]++;
        }
    }
    VirtualFree((void *)memory, 0, MEM_RELEASE);
}

static void follow(char what)
{
    switch (what) {
    case 'c':
        protect(PAGE_NOACCESS);
        break;
    case 'o':
        protect(PAGE_READWRITE);
        break;
    case 'r':
        printf("the page begins with '%c'\n", PAGE[0]);
        fflush(stdout);
        break;
    case 'w':
        memset((void *)PAGE, 'j', PAGE_BYTES);
        break;
    case 'p':
        press();
        break;
    case 'd':
        VirtualFree((void *)PAGE, PAGE_BYTES, MEM_DECOMMIT);
        break;
    default:
        break;
    }
}

int main(int argc, char **argv)
{
    int stop = argc > 1 && strcmp(argv[1], "stop") == 0;
    if (VirtualAlloc((void *)PAGE, PAGE_BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) != PAGE) {
        printf("no page: error %lu\n", GetLastError());
        return 1;
    }
    if (!stop) {
        follow('w');
        follow('r');
        return 0;
    }
    while (order != 'q') {
        order = 0;
        __debugbreak();
        while (order == 0) {
            Sleep(10);
        }
        follow(order);
    }
    return 0;
}
