/* Memory in large pages (MEM_LARGE_PAGES): who may have it, what may be asked for, what can be done
 * with it and what cannot; code and data in it, and another process that looks at it. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <psapi.h>

#define PAGE 0x1000

static SIZE_T large;

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

static char *get(void *at, SIZE_T size, DWORD protection)
{
    return VirtualAlloc(at, size, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, protection);
}

static void tell(const char *what, BOOL result)
{
    printf("%s: %d %lu\n", what, result, result ? 0 : GetLastError());
}

static void show(const char *what, char *at)
{
    MEMORY_BASIC_INFORMATION m;
    VirtualQuery(at, &m, sizeof m);
    printf("%s: state %lx protect %lx/%lx type %lx size %lx\n", what, m.State, m.Protect,
           m.AllocationProtect, m.Type, (unsigned long)m.RegionSize);
}

/* Large, valid, shared, protection as QueryWorkingSetEx has them. */
static void attributes(const char *what, void *at)
{
    PSAPI_WORKING_SET_EX_INFORMATION item = {.VirtualAddress = at};
    QueryWorkingSetEx(GetCurrentProcess(), &item, sizeof item);
    printf("%s: large %d valid %d shared %d protection %x\n", what,
           (int)item.VirtualAttributes.LargePage, (int)item.VirtualAttributes.Valid,
           (int)item.VirtualAttributes.Shared, (unsigned)item.VirtualAttributes.Win32Protection);
}

static void wrong_requests(void)
{
    char *half = VirtualAlloc(NULL, large, MEM_RESERVE, PAGE_READWRITE);
    tell("half a page", get(NULL, large / 2, PAGE_READWRITE) != NULL);
    tell("a page and a bit", get(NULL, large + PAGE, PAGE_READWRITE) != NULL);
    tell("between pages", get((char *)0x30010000, large, PAGE_READWRITE) != NULL);
    tell("inaccessible", get(NULL, large, PAGE_NOACCESS) != NULL);
    tell("guarded", get(NULL, large, PAGE_READWRITE | PAGE_GUARD) != NULL);
    tell("reserved only",
         VirtualAlloc(NULL, large, MEM_RESERVE | MEM_LARGE_PAGES, PAGE_READWRITE) != NULL);
    tell("committed later",
         VirtualAlloc(half, large, MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE) != NULL);
    tell("more than there is", get(NULL, 1ull << 40, PAGE_READWRITE) != NULL);
    VirtualFree(half, 0, MEM_RELEASE);
}

static int wrong_bytes(const char *p, SIZE_T size, int multiply)
{
    int wrong = 0;
    for (SIZE_T i = 0; i < size; i += 64)
        wrong += p[i] != (char)(i / 64 * multiply);
    return wrong;
}

static void data(char *p)
{
    SIZE_T size = 2 * large, got = 0;
    static char copy[3 * PAGE];
    printf("not zero %d\n", wrong_bytes(p, size, 0));
    for (SIZE_T i = 0; i < size; i += 64)
        p[i] = (char)(i / 64 * 7);
    SetProcessWorkingSetSize(GetCurrentProcess(), (SIZE_T)-1, (SIZE_T)-1);
    printf("wrong %d\n", wrong_bytes(p, size, 7));
    tell("read",
         ReadProcessMemory(GetCurrentProcess(), p + large - PAGE - 64, copy, sizeof copy, &got));
    printf("%u bytes, %s\n", (unsigned)got,
           memcmp(copy, p + large - PAGE - 64, sizeof copy) ? "wrong" : "right");
    tell("write", WriteProcessMemory(GetCurrentProcess(), p + large - 100, p, 200, &got));
    printf("%s\n", memcmp(p + large - 100, p, 200) ? "wrong" : "right");
    tell("lock", VirtualLock(p, PAGE));
}

static LONG faults;
static char *writable_again;

static LONG CALLBACK handler(EXCEPTION_POINTERS *e)
{
    DWORD old;
    if (e->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION)
        return EXCEPTION_CONTINUE_SEARCH;
    faults++;
    printf(
        "fault %d at +%lx\n", (int)e->ExceptionRecord->ExceptionInformation[0],
        (unsigned long)(e->ExceptionRecord->ExceptionInformation[1] - (ULONG_PTR)writable_again));
    VirtualProtect(writable_again, large, PAGE_EXECUTE_READWRITE, &old);
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void protection(char *p)
{
    DWORD old = 0;
    tell("a small page", VirtualProtect(p, PAGE, PAGE_READONLY, &old));
    tell("across", VirtualProtect(p + PAGE, large, PAGE_READONLY, &old));
    tell("no access", VirtualProtect(p, large, PAGE_NOACCESS, &old));
    tell("second read-only", VirtualProtect(p + large, large, PAGE_READONLY, &old));
    printf("was %lx\n", old);
    show("first", p);
    show("second", p + large);
    writable_again = p + large;
    void *vectored = AddVectoredExceptionHandler(1, handler);
    p[large - 1] = 1;
    p[large + 0x12345] = 2;
    printf("%d faults, %d\n", (int)faults, p[large + 0x12345]);
    /* mov eax, imm32; ret: code that changes under way */
    unsigned char code[] = {0xB8, 42, 0, 0, 0, 0xC3};
    memcpy(p + large + 0x777, code, sizeof code);
    int (*f)(void) = (int (*)(void))(p + large + 0x777);
    int first = f();
    p[large + 0x778] = 43;
    printf("code: %d %d\n", first, f());
    writable_again = p;
    memcpy(p + 0x1000, code, sizeof code);
    f = (int (*)(void))(p + 0x1000);
    printf("code: %d\n", f());
    printf("%d faults\n", (int)faults);
    RemoveVectoredExceptionHandler(vectored);
}

static void ending(char *p)
{
    PROCESS_MEMORY_COUNTERS_EX before = {.cb = sizeof before}, after = {.cb = sizeof after};
    tell("decommit", VirtualFree(p, large, MEM_DECOMMIT));
    tell("release a part", VirtualFree(p, large, MEM_RELEASE));
    tell("commit again", VirtualAlloc(p, PAGE, MEM_COMMIT, PAGE_READWRITE) != NULL);
    GetProcessMemoryInfo(GetCurrentProcess(), (PROCESS_MEMORY_COUNTERS *)&before, sizeof before);
    tell("release", VirtualFree(p, 0, MEM_RELEASE));
    GetProcessMemoryInfo(GetCurrentProcess(), (PROCESS_MEMORY_COUNTERS *)&after, sizeof after);
    SIZE_T less = before.PrivateUsage - after.PrivateUsage;
    printf("private bytes: %s\n",
           less >= 2 * large && less < 2 * large + 16 * PAGE ? "2 pages less" : "wrong");
    attributes("after", p);
    char *small = VirtualAlloc(p, large, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    printf("small pages there: %d\n", small == p);
    for (SIZE_T i = 0; i < large; i += PAGE)
        small[i] = (char)(i / PAGE);
    attributes("small", small);
    VirtualFree(small, 0, MEM_RELEASE);
    char *again = get(p, large, PAGE_READWRITE);
    printf("large pages there: %d, not zero %d\n", again == p, wrong_bytes(again, large, 0));
    VirtualFree(again, 0, MEM_RELEASE);
    for (int i = 0; i < 40; i++) { /* as many as there is RAM for, one after the other */
        char *one = get(NULL, large, PAGE_READWRITE);
        if (one == NULL)
            printf("none left after %d\n", i);
        if (one != NULL && wrong_bytes(one, large, 0))
            printf("%d is not zero\n", i);
        memset(one, i + 1, large);
        VirtualFree(one, 0, MEM_RELEASE);
    }
}

static HANDLE section(SIZE_T size, DWORD protection, DWORD flags, const char *name)
{
    return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, protection | flags, 0, (DWORD)size, name);
}

static void sections(void)
{
    const DWORD flags = SEC_COMMIT | SEC_LARGE_PAGES;
    tell("section of half a page", section(large / 2, PAGE_READWRITE, flags, NULL) != NULL);
    tell("reserved section",
         section(large, PAGE_READWRITE, SEC_RESERVE | SEC_LARGE_PAGES, NULL) != NULL);
    HANDLE two = section(2 * large, PAGE_READWRITE, flags, "Local\\large");
    tell("section", two != NULL);
    HANDLE again = OpenFileMappingA(FILE_MAP_READ, FALSE, "Local\\large");
    char *all = MapViewOfFile(two, FILE_MAP_WRITE, 0, 0, 0);
    char *second = MapViewOfFile(again, FILE_MAP_READ, 0, (DWORD)large, large);
    tell("view", all != NULL);
    tell("view of the second", second != NULL);
    printf("misplaced by %lx, %lx\n", (unsigned long)((ULONG_PTR)all % large),
           (unsigned long)((ULONG_PTR)second % large));
    tell("view of a part", MapViewOfFile(two, FILE_MAP_READ, 0, 0, PAGE) != NULL);
    tell("view between", MapViewOfFile(two, FILE_MAP_READ, 0, 0x10000, large) != NULL);
    tell("copying view", MapViewOfFile(two, FILE_MAP_COPY, 0, 0, 0) != NULL);
    attributes("all", all);
    attributes("second", second);
    show("all", all);
    show("second", second);
    printf("not zero %d\n", wrong_bytes(all, 2 * large, 0));
    for (SIZE_T i = 0; i < large; i += 64)
        all[large + i] = (char)(i / 64 * 5);
    printf("wrong %d\n", wrong_bytes(second, large, 5));
    CloseHandle(two);
    CloseHandle(again);
    tell("unmap", UnmapViewOfFile(all));
    printf("wrong %d\n", wrong_bytes(second, large, 5));
    tell("unmap second", UnmapViewOfFile(second));
    tell("it is gone", OpenFileMappingA(FILE_MAP_READ, FALSE, "Local\\large") != NULL);
}

int main(void)
{
    large = GetLargePageMinimum();
    printf("minimum %lx\n", (unsigned long)large);
    tell("without the privilege", get(NULL, large, PAGE_READWRITE) != NULL);
    tell("privilege", enable_privilege());
    wrong_requests();
    char *p = get(NULL, 2 * large, PAGE_READWRITE);
    tell("two pages", p != NULL);
    printf("misplaced by %lx\n", (unsigned long)((ULONG_PTR)p % large));
    show("all", p);
    attributes("first", p);
    attributes("last", p + 2 * large - 1);
    data(p);
    protection(p);
    ending(p);
    sections();
    char *left = get((void *)0x7000000000, large, PAGE_READWRITE);
    printf("at its place: %d\n", left == (char *)0x7000000000);
    strcpy(left + large - PAGE, "there at the end");
    puts(left + large - PAGE);
    return 0;
}
