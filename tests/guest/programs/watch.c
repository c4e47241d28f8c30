/* Write watches, and memory whose contents are of no more use. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define PAGE 0x1000
#define PAGES 1024

static void show(const char *what, char *base, SIZE_T size, ULONG flags, ULONG_PTR room)
{
    void *pages[64];
    ULONG_PTR count = room;
    ULONG granularity = 0;
    UINT failed = GetWriteWatch(flags, base, size, pages, &count, &granularity);
    printf("%s: %d, %u of %u bytes:", what, (int)failed, (unsigned)count, (unsigned)granularity);
    for (ULONG_PTR i = 0; !failed && i < count; i++)
        printf(" %x", (unsigned)((char *)pages[i] - base) / PAGE);
    printf("\n");
}

static void watch(void)
{
    char *base = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_WRITE_WATCH, PAGE_READWRITE);
    DWORD old;
    SIZE_T n;
    show("reserved", base, PAGES * PAGE, 0, 64);
    VirtualAlloc(base, PAGES * PAGE, MEM_COMMIT, PAGE_READWRITE);
    volatile char *p = base;
    int sum = 0;
    for (int i = 0; i < PAGES; i++)
        sum += p[i * PAGE];
    show("read only", base, PAGES * PAGE, 0, 64);
    p[3 * PAGE] = 1;
    p[700 * PAGE + 5] = 2;
    p[9 * PAGE - 1] = 3;
    WriteProcessMemory(GetCurrentProcess(), base + 20 * PAGE - 2, "four", 4, &n);
    show("written", base, PAGES * PAGE, 0, 64);
    show("a part", base + 4 * PAGE, 16 * PAGE, 0, 64);
    show("two", base, PAGES * PAGE, WRITE_WATCH_FLAG_RESET, 2);
    show("the others", base, PAGES * PAGE, 0, 64);
    p[3 * PAGE] = 4;
    show("again", base, PAGES * PAGE, 0, 64);
    printf("reset %u\n", ResetWriteWatch(base, 500 * PAGE));
    show("reset", base, PAGES * PAGE, 0, 64);
    p[3 * PAGE] = 5;
    VirtualProtect(base, 4 * PAGE, PAGE_NOACCESS, &old);
    show("no access", base, PAGES * PAGE, 0, 64);
    VirtualProtect(base, 4 * PAGE, PAGE_READWRITE, &old);
    show("accessible", base, PAGES * PAGE, WRITE_WATCH_FLAG_RESET, 64);
    printf("contents %d %d %d %.4s\n", p[3 * PAGE], p[700 * PAGE + 5], p[9 * PAGE - 1],
           base + 20 * PAGE - 2);
    show("only read", base, PAGES * PAGE, 0, 64);
    printf("release %d", VirtualFree(base, 0, MEM_RELEASE));
    printf(", gone %d\n", (int)ResetWriteWatch(base, PAGE));
}

static void not_watched(void)
{
    char *base = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    SetLastError(0);
    show("no watch", base, PAGE, 0, 1);
    printf("error %lu\n", GetLastError());
    SetLastError(0);
    printf("reset %d", (int)ResetWriteWatch(base, PAGE));
    printf(" error %lu\n", GetLastError());
    printf("commit alone: %p",
           VirtualAlloc(base, PAGE, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE));
    printf(" error %lu\n", GetLastError());
}

/* What is not read after it was written may be gone, and what is written later may not. */
static void reset(void)
{
    char *base = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    int lost = 0, kept = 0, wrong = 0;
    memset(base, 'a', PAGES * PAGE);
    printf("reset %d\n", VirtualAlloc(base, PAGES * PAGE, MEM_RESET, PAGE_NOACCESS) == base);
    for (int i = 0; i < PAGES; i += 2)
        memset(base + i * PAGE, 'b', PAGE);
    for (int i = 0; i < PAGES; i++) {
        char first = base[i * PAGE], last = base[i * PAGE + PAGE - 1];
        wrong += first != last || (i % 2 == 0 && first != 'b') || (first && first != 'a' && i % 2);
    }
    printf("wrong pages %d\n", wrong);
    MEMORY_BASIC_INFORMATION m;
    VirtualQuery(base, &m, sizeof m);
    printf("state %lx protect %lx size %x\n", m.State, m.Protect, (unsigned)m.RegionSize);
}

int main(void)
{
    watch();
    not_watched();
    reset();
    return 0;
}
