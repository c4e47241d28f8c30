/* ranges.c: one address range of each kind, for the VAD tree to show. See README.md.
 *
 *      ranges.exe           make them and say where they are
 *      ranges.exe stop      the same, then break into the debugger
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define PAGE 0x1000

static int made = 1;

static void *say(const char *what, void *address)
{
    printf("%-8s %p\n", what, address);
    made = made && address != NULL;
    return address;
}

/* 1 MB of addresses, of which two pages may be used. */
static void make_private(void)
{
    char *base = VirtualAlloc((void *)0x40000000, 0x100 * PAGE, MEM_RESERVE, PAGE_READWRITE);
    say("private", base ? VirtualAlloc(base, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE) : NULL);
}

static void make_guarded(void)
{
    say("guard", VirtualAlloc((void *)0x40200000, PAGE, MEM_RESERVE | MEM_COMMIT,
                              PAGE_READWRITE | PAGE_GUARD));
}

/* Three pages that a paging file stands behind, seen once as they are and once copy-on-write. */
static void make_section(void)
{
    HANDLE section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 3 * PAGE, NULL);
    say("section", MapViewOfFileEx(section, FILE_MAP_WRITE, 0, 0, 0, (void *)0x40300000));
    say("copy", MapViewOfFileEx(section, FILE_MAP_COPY, 0, 0, 0, (void *)0x40400000));
}

static void make_file(const char *name)
{
    HANDLE file = CreateFileA(name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE section = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 0, NULL);
    say("file", MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, (void *)0x40500000));
}

int main(int argc, char **argv)
{
    make_private();
    make_guarded();
    make_section();
    make_file("README.md");
    say("image", (void *)GetModuleHandleA(NULL));
    say("malloc", malloc(100));
    int local;
    say("stack", &local);
    fflush(stdout);
    if (!made) {
        printf("something could not be made, error %lu\n", GetLastError());
        return 1;
    }
    if (argc > 1 && strcmp(argv[1], "stop") == 0) {
        __debugbreak();
    }
    return 0;
}
