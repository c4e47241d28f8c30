/* work.c: three programs that do the same work; two of them forget something. See README.md.
 * Compiled as sound.exe, heapleak.exe (-DHEAP_LEAK) and pageleak.exe (-DPAGE_LEAK).
 *
 *      X.exe                do a round of work
 *      X.exe stop           break into the debugger; then a round of work each time that somebody
 *                           has written 1 to `go`; 2 ends it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { ROUND = 1000, ITEM = 500, ITEM_PAGES = 64 };

volatile int go;

/* A thousand small pieces of the heap, ... */
static int use_heap(void)
{
    char *item[ROUND];
    for (int i = 0; i < ROUND; i++) {
        item[i] = malloc(ITEM);
        if (item[i] == NULL) {
            return 0;
        }
        memset(item[i], 'h', ITEM);
    }
#ifndef HEAP_LEAK
    for (int i = 0; i < ROUND; i++) {
        free(item[i]);
    }
#endif
    return 1;
}

/* ... and a large piece of memory of its own. */
static int use_pages(void)
{
    char *pages = VirtualAlloc(NULL, ITEM_PAGES * 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (pages == NULL) {
        return 0;
    }
    memset(pages, 'p', ITEM_PAGES * 0x1000);
#ifndef PAGE_LEAK
    VirtualFree(pages, 0, MEM_RELEASE);
#endif
    return 1;
}

int main(int argc, char **argv)
{
    int stop = argc > 1 && strcmp(argv[1], "stop") == 0;
    do {
        if (!use_heap() || !use_pages()) {
            printf("out of memory\n");
            return 1;
        }
        if (stop) {
            go = 0;
            __debugbreak();
            while (go == 0) {
                Sleep(10);
            }
        }
    } while (go == 1);
    return 0;
}
