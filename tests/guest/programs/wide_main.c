/* A program with wmain: the wide start-up. */
#include <stdio.h>
#include <wchar.h>

int wmain(int argc, wchar_t **argv)
{
    for (int i = 1; i < argc; i++)
        wprintf(L"%d [%ls] %d\n", i, argv[i], (int)wcslen(argv[i]));
    return argc;
}
