/* Memory of the less common kinds, at addresses that a script knows. */
#include <windows.h>

char spare[0x4000] = {1}; /* data of the image that nothing touches */

static char *at(unsigned number)
{
    return (char *)0x50000000 + number * (ULONG_PTR)0x1000000;
}

static int lock_pages(void)
{
    HANDLE token;
    TOKEN_PRIVILEGES lock = {1, {{{0, 0}, SE_PRIVILEGE_ENABLED}}};
    return OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token) &&
           LookupPrivilegeValueA(NULL, "SeLockMemoryPrivilege", &lock.Privileges[0].Luid) &&
           AdjustTokenPrivileges(token, FALSE, &lock, 0, NULL, NULL);
}

int main(void)
{
    const DWORD both = MEM_RESERVE | MEM_COMMIT;
    ULONG_PTR frames[2], count = 2;
    DWORD old;
    char *uncached = VirtualAlloc(at(0), 0x4000, both, PAGE_READWRITE);
    uncached[0x1000] = 1;
    VirtualProtect(uncached + 0x1000, 0x1000, PAGE_READWRITE | PAGE_NOCACHE, &old);
    char *combined = VirtualAlloc(at(1), 0x1000, both, PAGE_READWRITE | PAGE_WRITECOMBINE);
    combined[0] = 1;
    char *watched = VirtualAlloc(at(2), 0x2000, both | MEM_WRITE_WATCH, PAGE_READWRITE);
    watched[0] = 1;
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0,
                                        0x8000, NULL);
    char *view = MapViewOfFileEx(section, FILE_MAP_ALL_ACCESS, 0, 0, 0, at(3));
    VirtualAlloc(view + 0x3000, 0x2000, MEM_COMMIT, PAGE_READWRITE);
    view[0x3000] = 1;
    if (!lock_pages() || !AllocateUserPhysicalPages(GetCurrentProcess(), &count, frames))
        return 1;
    char *window = VirtualAlloc(at(4), 0x3000, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    MapUserPhysicalPages(window, 1, frames);
    window[0] = 1;
    char *large = VirtualAlloc(at(5), 0x200000, both | MEM_LARGE_PAGES, PAGE_READWRITE);
    large[0] = 1;
    __debugbreak();
    return 0;
}
