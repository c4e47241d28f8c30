/* Physical pages that the program owns and maps itself (AWE): more of them than there are addresses
 * for, kept while they are mapped nowhere; what can be done with such memory and what cannot. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define PAGE 0x1000
#define PAGES 64
#define WINDOW 16

static BOOL enable_privilege(void)
{
    HANDLE token;
    TOKEN_PRIVILEGES one = {.PrivilegeCount = 1,
                            .Privileges = {{.Attributes = SE_PRIVILEGE_ENABLED}}};
    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token);
    LookupPrivilegeValueA(NULL, "SeLockMemoryPrivilege", &one.Privileges[0].Luid);
    return AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL) &&
           GetLastError() == ERROR_SUCCESS;
}

static void tell(const char *what, BOOL result)
{
    printf("%s: %d %lu\n", what, result, result ? 0 : GetLastError());
}

static void show(const char *what, char *at)
{
    MEMORY_BASIC_INFORMATION m;
    VirtualQuery(at, &m, sizeof m);
    printf("%s: state %lx protect %lx/%lx type %lx size %x\n", what, m.State, m.Protect,
           m.AllocationProtect, m.Type, (unsigned)m.RegionSize);
}

/* Every page through one window, a part at a time. */
static void use_all(char *window, ULONG_PTR *frames)
{
    int wrong = 0, dirty = 0;
    for (int i = 0; i < PAGES; i += WINDOW) {
        wrong += !MapUserPhysicalPages(window, WINDOW, frames + i);
        for (int j = 0; j < WINDOW * PAGE; j++)
            dirty += window[j] != 0;
        for (int j = 0; j < WINDOW; j++)
            memset(window + j * PAGE, i + j + 1, PAGE);
    }
    printf("windows not mapped %d, bytes not zero %d\n", wrong, dirty);
    wrong = 0;
    MapUserPhysicalPages(window, WINDOW, NULL);
    for (int i = PAGES - WINDOW; i >= 0; i -= WINDOW) {
        wrong += !MapUserPhysicalPages(window, WINDOW, frames + i);
        for (int j = 0; j < WINDOW; j++)
            wrong += window[j * PAGE] != i + j + 1 || window[j * PAGE + PAGE - 1] != i + j + 1;
    }
    printf("wrong pages %d\n", wrong);
}

static void scatter(char *window, ULONG_PTR *frames)
{
    void *places[3] = {window + 5 * PAGE, window, window + 9 * PAGE};
    ULONG_PTR three[3] = {frames[7], frames[40], frames[2]};
    MapUserPhysicalPages(window, WINDOW, NULL);
    tell("scatter", MapUserPhysicalPagesScatter(places, 3, three));
    printf("%d %d %d\n", window[5 * PAGE], window[0], window[9 * PAGE]);
    show("first", window);
    show("second", window + PAGE);
    tell("one away", MapUserPhysicalPagesScatter(places, 1, NULL));
    show("fifth", window + 5 * PAGE);
    tell("mapped twice", MapUserPhysicalPages(window + PAGE, 1, &three[1]));
    ULONG_PTR same[2] = {frames[10], frames[10]};
    tell("named twice", MapUserPhysicalPages(window + PAGE, 2, same));
    show("second", window + PAGE);
    tell("in place of another", MapUserPhysicalPages(window, 1, same));
    printf("%d\n", window[0]);
}

static void misuse(char *window, ULONG_PTR *frames)
{
    char *other = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    ULONG_PTR no_frame = 1, count = 1;
    DWORD old;
    tell("other memory", MapUserPhysicalPages(other, 1, frames));
    tell("beyond the window", MapUserPhysicalPages(window + 15 * PAGE, 2, frames + 20));
    tell("somebody else's page", MapUserPhysicalPages(window + PAGE, 1, &no_frame));
    tell("free somebody else's", FreeUserPhysicalPages(GetCurrentProcess(), &count, &no_frame));
    printf("freed %d\n", (int)count);
    tell("protect", VirtualProtect(window, PAGE, PAGE_READONLY, &old));
    tell("commit", VirtualAlloc(window, PAGE, MEM_COMMIT, PAGE_READWRITE) != NULL);
    tell("decommit", VirtualFree(window, PAGE, MEM_DECOMMIT));
    tell("read-only", VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_PHYSICAL, PAGE_READONLY) != NULL);
    tell("committed",
         VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT | MEM_PHYSICAL, PAGE_READWRITE) != NULL);
}

int main(void)
{
    static ULONG_PTR frames[PAGES];
    ULONG_PTR count = PAGES;
    SetLastError(0);
    tell("without the privilege", AllocateUserPhysicalPages(GetCurrentProcess(), &count, frames));
    tell("privilege", enable_privilege());
    tell("with it", AllocateUserPhysicalPages(GetCurrentProcess(), &count, frames));
    printf("%d pages\n", (int)count);
    char *window = VirtualAlloc(NULL, WINDOW * PAGE, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    show("window", window);
    use_all(window, frames);
    show("mapped", window);
    scatter(window, frames);
    misuse(window, frames);
    tell("release", VirtualFree(window, 0, MEM_RELEASE));
    window = VirtualAlloc(NULL, WINDOW * PAGE, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    tell("map again", MapUserPhysicalPages(window, WINDOW, frames + 16));
    printf("%d %d\n", window[0], window[15 * PAGE]);
    tell("free", FreeUserPhysicalPages(GetCurrentProcess(), &count, frames));
    printf("%d pages\n", (int)count);
    show("nothing there", window);
    count = 8;
    tell("some for the end", AllocateUserPhysicalPages(GetCurrentProcess(), &count, frames));
    tell("mapped", MapUserPhysicalPages(window, 4, frames));
    return window[0];
}
