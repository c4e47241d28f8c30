/* bench/touch.c: commit as many pages as the first argument says and write to each once. */
#include <stdlib.h>
#include <windows.h>

int main(int argc, char **argv)
{
    size_t pages = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    volatile char *p = VirtualAlloc(NULL, (pages + 1) * 4096, MEM_COMMIT, PAGE_READWRITE);
    if (!p) {
        return 1;
    }
    for (size_t i = 0; i < pages; i++) {
        p[i * 4096] = 1;
    }
    return 0;
}
