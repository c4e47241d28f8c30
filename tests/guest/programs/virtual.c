/* VirtualAlloc and its kin: what they return and which errors they give. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static void show(const char *what, const void *base, const void *at)
{
    MEMORY_BASIC_INFORMATION m;
    SIZE_T n = VirtualQuery(at, &m, sizeof m);
    printf("%s: %d offset %x size %x state %lx protect %lx type %lx\n", what, (int)n,
           (unsigned)((char *)m.BaseAddress - (const char *)base), (unsigned)m.RegionSize, m.State,
           m.Protect, m.Type);
}

static void failed(const char *what, int failure)
{
    printf("%s: %s %lu\n", what, failure ? "error" : "no error", failure ? GetLastError() : 0);
}

int main(void)
{
    DWORD old = 0;
    char *base = VirtualAlloc((void *)0x40000000, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    printf("base %p\n", base);
    show("reserved", base, base);
    char *page = VirtualAlloc(base + 0x2100, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    printf("commit rounds to %x\n", (unsigned)(page - base));
    show("committed", base, page);
    show("rest", base, base + 0x5000);
    printf("zero %d\n", page[0] + page[0x1fff]);
    memset(page, 'a', 0x2000);
    printf("protect %d", VirtualProtect(page, 0x1000, PAGE_READONLY, &old));
    printf(" old %lx\n", old);
    show("split", base, page);
    printf("decommit %d\n", VirtualFree(page + 0x1000, 0x1000, MEM_DECOMMIT));
    show("decommitted", base, page + 0x1000);
    VirtualAlloc(page + 0x1000, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    printf("fresh again %d\n", page[0x1000]);

    failed("occupied", !VirtualAlloc(base, 0x1000, MEM_RESERVE, PAGE_READWRITE));
    failed("not reserved", !VirtualAlloc((void *)0x50000000, 0x1000, MEM_COMMIT, PAGE_READWRITE));
    failed("no size", !VirtualAlloc(NULL, 0, MEM_COMMIT, PAGE_READWRITE));
    failed("no protection", !VirtualAlloc(NULL, 4096, MEM_COMMIT, 0));
    failed("two protections", !VirtualAlloc(NULL, 4096, MEM_COMMIT, 6));
    failed("bad type", !VirtualAlloc(NULL, 4096, 0, PAGE_READWRITE));
    failed("kernel address",
           !VirtualAlloc((void *)0xFFFFF80000000000ull, 4096, MEM_RESERVE, PAGE_READWRITE));
    failed("first 64 KB", !VirtualAlloc((void *)0x1000, 4096, MEM_RESERVE, PAGE_READWRITE));
    failed("release with size", !VirtualFree(base, 0x1000, MEM_RELEASE));
    failed("release not at base", !VirtualFree(base + 0x1000, 0, MEM_RELEASE));
    failed("protect uncommitted", !VirtualProtect(base, 0x1000, PAGE_READONLY, &old));
    failed("release", !VirtualFree(base, 0, MEM_RELEASE));
    MEMORY_BASIC_INFORMATION m;
    VirtualQuery(base, &m, sizeof m);
    printf("free: state %lx protect %lx type %lx\n", m.State, m.Protect, m.Type);
    failed("release again", !VirtualFree(base, 0, MEM_RELEASE));

    char from[64] = "through the kernel", to[64] = "";
    SIZE_T n = 0;
    printf("read %d", ReadProcessMemory(GetCurrentProcess(), from, to, sizeof to, &n));
    printf(" %d %s\n", (int)n, to);
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    printf("page %lu granularity %lu minimum %p maximum %p\n", info.dwPageSize,
           info.dwAllocationGranularity, info.lpMinimumApplicationAddress,
           info.lpMaximumApplicationAddress);
    return 0;
}
