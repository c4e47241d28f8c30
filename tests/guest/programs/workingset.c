/* Working sets by the documented calls: VirtualLock, VirtualUnlock, SetProcessWorkingSetSize,
 * EmptyWorkingSet, QueryWorkingSet, QueryWorkingSetEx, GetProcessMemoryInfo. */
#define PSAPI_VERSION 1
#include <windows.h>

#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <winternl.h>

#define PAGE 4096

static char *pages;

static void say(const char *what, BOOL ok)
{
    printf("%-52s %s", what, ok ? "ok" : "fails, error ");
    if (!ok)
        printf("%lu", GetLastError());
    printf("\n");
}

static PSAPI_WORKING_SET_EX_BLOCK look(void *at)
{
    PSAPI_WORKING_SET_EX_INFORMATION item = {.VirtualAddress = at};
    if (!QueryWorkingSetEx(GetCurrentProcess(), &item, sizeof item))
        say("QueryWorkingSetEx", FALSE);
    return item.VirtualAttributes;
}

static int resident(int first, int count)
{
    int n = 0;
    for (int i = first; i < first + count; i++)
        n += look(pages + i * PAGE).Valid;
    return n;
}

static void touch(int first, int count)
{
    for (int i = first; i < first + count; i++)
        ((volatile char *)pages)[i * PAGE] = (char)i;
}

static SIZE_T working_set(void)
{
    PROCESS_MEMORY_COUNTERS counters;
    GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters);
    return counters.WorkingSetSize;
}

static void locking(void)
{
    DWORD old;
    say("lock two pages that are not there yet", VirtualLock(pages + 5, PAGE));
    printf("locked %d %d %d\n", look(pages).Locked, look(pages + PAGE).Locked,
           look(pages + 2 * PAGE).Locked);
    say("lock one of them again", VirtualLock(pages, PAGE));
    say("unlock both", VirtualUnlock(pages, 2 * PAGE));
    printf("resident %d, locked %d\n", resident(0, 2), look(pages).Locked);
    say("unlock what is not locked", VirtualUnlock(pages, 2 * PAGE));
    printf("resident %d\n", resident(0, 2));
    say("lock more than the minimum working set", VirtualLock(pages, 100 * PAGE));
    say("lock nothing", VirtualLock(pages, 0));
    say("lock what is reserved",
        VirtualLock(VirtualAlloc(NULL, PAGE, MEM_RESERVE, PAGE_NOACCESS), PAGE));
    say("lock what is nobody's", VirtualLock((void *)0x123450000, PAGE));
    VirtualProtect(pages, PAGE, PAGE_NOACCESS, &old);
    say("lock what may not be touched", VirtualLock(pages, PAGE));
    VirtualProtect(pages, PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
    BOOL ok = VirtualLock(pages, PAGE);
    printf("lock a guarded page: %d, error %#lx\n", ok, GetLastError());
    say("lock it again", VirtualLock(pages, PAGE));
    say("make it inaccessible", VirtualProtect(pages, PAGE, PAGE_NOACCESS, &old));
    VirtualProtect(pages, PAGE, PAGE_READWRITE, &old);
    say("unlock it, which that did already", VirtualUnlock(pages, PAGE));
}

static void limits(void)
{
    HANDLE me = GetCurrentProcess();
    SIZE_T least, most;
    DWORD flags;
    GetProcessWorkingSetSizeEx(me, &least, &most, &flags);
    printf("limits %u..%u KB, flags %lx\n", (unsigned)least / 1024, (unsigned)most / 1024, flags);
    say("a minimum of 0", SetProcessWorkingSetSize(me, 0, 100 * PAGE));
    say("a minimum above the maximum", SetProcessWorkingSetSize(me, 101 * PAGE, 100 * PAGE));
    say("a maximum of 12 pages", SetProcessWorkingSetSize(me, PAGE, 12 * PAGE));
    say("hard and not", SetProcessWorkingSetSizeEx(me, 50 * PAGE, 100 * PAGE,
                                                   QUOTA_LIMITS_HARDWS_MAX_ENABLE |
                                                       QUOTA_LIMITS_HARDWS_MAX_DISABLE));
    say("room for locks", SetProcessWorkingSetSize(me, 200 * PAGE, 400 * PAGE));
    say("lock 100 pages", VirtualLock(pages, 100 * PAGE));
    say("empty the working set", EmptyWorkingSet(me));
    printf("resident %d of the locked\n", resident(0, 100));
    say("less than is locked", SetProcessWorkingSetSize(me, 50 * PAGE, 400 * PAGE));
    say("unlock", VirtualUnlock(pages, 100 * PAGE));
    touch(0, 200);
    say("empty it by the limits", SetProcessWorkingSetSize(me, (SIZE_T)-1, (SIZE_T)-1));
    printf("resident %d\n", resident(0, 200));
    say("a hard maximum of 300 pages",
        SetProcessWorkingSetSizeEx(me, 50 * PAGE, 300 * PAGE, QUOTA_LIMITS_HARDWS_MAX_ENABLE));
    touch(0, 2000);
    GetProcessWorkingSetSizeEx(me, &least, &most, &flags);
    printf("limits %u..%u KB, flags %lx; within them: %d\n", (unsigned)least / 1024,
           (unsigned)most / 1024, flags, working_set() <= most);
    int wrong = 0;
    for (int i = 0; i < 2000; i++)
        wrong += pages[i * PAGE] != (char)i;
    printf("wrong pages: %d\n", wrong);
    say("a soft one",
        SetProcessWorkingSetSizeEx(me, 50 * PAGE, 300 * PAGE, QUOTA_LIMITS_HARDWS_MAX_DISABLE));
    touch(0, 2000);
    printf("above it: %d\n", working_set() > 300 * PAGE);
}

static void queries(void)
{
    PSAPI_WORKING_SET_INFORMATION *all, few;
    HANDLE me = GetCurrentProcess();
    say("query into a buffer for one", QueryWorkingSet(me, &few, sizeof few));
    say("query into a smaller one", QueryWorkingSet(me, &few, sizeof few / 2));
    ULONG size = sizeof few + (few.NumberOfEntries + 100) * sizeof few.WorkingSetInfo[0];
    all = malloc(size);
    say("query all", QueryWorkingSet(me, all, size));
    int mine = 0, code = 0;
    for (ULONG_PTR i = 0; i < all->NumberOfEntries; i++) {
        PSAPI_WORKING_SET_BLOCK block = all->WorkingSetInfo[i];
        ULONG_PTR page = (ULONG_PTR)block.VirtualPage;
        if (page - (ULONG_PTR)pages / PAGE < 2000)
            mine += block.Protection == 4 && !block.Shared && block.ShareCount == 0;
        if (page == (ULONG_PTR)queries / PAGE)
            code = block.Protection == 3 && block.Shared && block.ShareCount >= 1;
    }
    printf("private pages %d, a page of code %d\n", mine, code);
    PSAPI_WORKING_SET_EX_BLOCK b = look(queries);
    printf("code: valid %d, shared %d, protection %x\n", b.Valid, b.Shared, b.Win32Protection);
    b = look(pages);
    printf("data: valid %d, shared %d, protection %x\n", b.Valid, b.Shared, b.Win32Protection);
    b = look(NULL);
    printf("null: valid %d, shared %d\n", b.Valid, b.Shared);
    say("ask about half an item", QueryWorkingSetEx(me, all, 24));
    say("ask a foreign handle", QueryWorkingSet(NULL, all, size));
}

static void counters(void)
{
    PROCESS_MEMORY_COUNTERS_EX before, after;
    HANDLE me = GetCurrentProcess();
    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    GetProcessMemoryInfo(me, (PROCESS_MEMORY_COUNTERS *)&before, sizeof before);
    char *more = VirtualAlloc(NULL, 64 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    for (int i = 0; i < 64; i++)
        more[i * PAGE] = 1;
    GetProcessMemoryInfo(me, (PROCESS_MEMORY_COUNTERS *)&after, sizeof after);
    printf("64 faults more: %d, 64 pages more: %d, committed: %d\n",
           after.PageFaultCount - before.PageFaultCount >= 64,
           after.WorkingSetSize - before.WorkingSetSize >= 64 * PAGE,
           after.PrivateUsage - before.PrivateUsage >= 64 * PAGE);
    printf("peak above now: %d\n", after.PeakWorkingSetSize >= after.WorkingSetSize);
    say("memory status", GlobalMemoryStatusEx(&memory));
    printf("%d %d %d\n", memory.ullAvailPhys < memory.ullTotalPhys,
           memory.ullAvailPageFile < memory.ullTotalPageFile, memory.dwMemoryLoad <= 100);
    VirtualFree(more, 0, MEM_RELEASE);
}

int main(void)
{
    pages = VirtualAlloc(NULL, 2000 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    locking();
    limits();
    queries();
    counters();
    return 0;
}
