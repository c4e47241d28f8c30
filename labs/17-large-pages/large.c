/* Two large pages of memory, and as much in small pages; the debugger looks at both. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define LARGE 0x200000

static BOOL enable_lock_memory(void)
{
    HANDLE token;
    TOKEN_PRIVILEGES one = {.PrivilegeCount = 1};
    one.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    LookupPrivilegeValueA(NULL, SE_LOCK_MEMORY_NAME, &one.Privileges[0].Luid);
    return OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token) &&
           AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL);
}

static char *allocate(ULONG_PTR at, DWORD kind)
{
    return VirtualAlloc((void *)at, 2 * LARGE, MEM_RESERVE | MEM_COMMIT | kind, PAGE_READWRITE);
}

int main(void)
{
    DWORD old;
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!allocate(0x40000000, MEM_LARGE_PAGES))
        printf("without the privilege: error %lu\n", GetLastError());
    if (!enable_lock_memory())
        return 1;
    char *large = allocate(0x40000000, MEM_LARGE_PAGES), *small = allocate(0x50000000, 0);
    if (!large || !small)
        return 2;
    strcpy(large + 0x123456, "in a large page");
    strcpy(small + 0x123456, "in a small page");
    __debugbreak(); /* here the debugger looks */
    BOOL part = VirtualProtect(large, 0x1000, PAGE_READONLY, &old);
    printf("protect 4 KB of it: %d, error %lu\n", part, GetLastError());
    printf("protect 2 MB of it: %d\n", VirtualProtect(large + LARGE, LARGE, PAGE_READONLY, &old));
    __debugbreak();
    return 0;
}
