/* What a view is, beyond its bytes: which file it shows, what the whole allocation is like, whether
 * two are of the same section, how it is cached, and whether a child has it. With an argument the
 * program is the child. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <psapi.h>

typedef LONG status;
#define SELF ((HANDLE)-1)
#define SHARED ((char *)0x50000000)
#define COPIED ((char *)0x51000000)
#define KEPT ((char *)0x52000000)
enum { VIEW_SHARE = 1, VIEW_UNMAP = 2 };

struct region {
    void *base;
    ULONG protect, type;
    SIZE_T size;
};

static status (*map)(HANDLE, HANDLE, void **, SIZE_T, SIZE_T, LARGE_INTEGER *, SIZE_T *, ULONG,
                     ULONG, ULONG);
static status (*query)(HANDLE, void *, int, void *, SIZE_T, SIZE_T *);
static status (*same)(void *, void *);

static char *view(HANDLE section, void *at, ULONG inherit, ULONG protection, LONGLONG offset)
{
    SIZE_T size = 0;
    LARGE_INTEGER from = {.QuadPart = offset};
    return map(section, SELF, &at, 0, 0, &from, &size, inherit, 0, protection) < 0 ? NULL : at;
}

static void show(const char *what, char *at)
{
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery(at, &info, sizeof info);
    printf("%s: state %lx protect %lx/%lx type %lx size %x\n", what, info.State, info.Protect,
           info.AllocationProtect, info.Type, (unsigned)info.RegionSize);
}

static int child(void)
{
    MEMORY_BASIC_INFORMATION info;
    show("child shared", SHARED);
    show("child copied", COPIED);
    VirtualQuery(KEPT, &info, sizeof info);
    printf("child kept: state %lx\n", info.State);
    printf("child reads %s, %s\n", SHARED, COPIED);
    strcpy(SHARED, "child's");
    strcpy(COPIED, "child's copy");
    return 0;
}

static void run_child(const char *self)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info;
    DWORD code = 99;
    char line[MAX_PATH + 8];
    snprintf(line, sizeof line, "%s child", self);
    fflush(stdout);
    if (CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info)) {
        WaitForSingleObject(info.hProcess, INFINITE);
        GetExitCodeProcess(info.hProcess, &code);
    }
    printf("child ended with %lu\n", code);
}

static void inheritance(const char *self)
{
    HANDLE section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x30000, NULL);
    char *first = view(section, NULL, VIEW_UNMAP, PAGE_READWRITE, 0);
    view(section, SHARED, VIEW_SHARE, PAGE_READWRITE, 0x10000);
    view(section, COPIED, VIEW_SHARE, PAGE_WRITECOPY, 0x20000);
    view(section, KEPT, VIEW_UNMAP, PAGE_READWRITE, 0);
    strcpy(SHARED, "parent's");
    strcpy(first + 0x20000, "section's");
    strcpy(COPIED, "parent's copy");
    run_child(self);
    printf("parent reads %s, %s, %s\n", SHARED, COPIED, first + 0x20000);
}

static void files(void)
{
    char name[MAX_PATH] = "";
    DWORD done;
    HANDLE file =
        CreateFileA("mapped.txt", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(file, name, sizeof name, &done, NULL);
    HANDLE section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *at = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    CloseHandle(file);
    CloseHandle(section);
    DWORD length = GetMappedFileNameA(SELF, at + 10, name, sizeof name);
    printf("%s %d\n", name, length == strlen(name));
    GetMappedFileNameA(SELF, GetModuleHandleA("kernel32"), name, sizeof name);
    printf("%s\n", strrchr(name, '\\'));
    printf("short buffer %lu\n", GetMappedFileNameA(SELF, at, name, 4));
    printf("no view %lu\n", GetMappedFileNameA(SELF, name, name, sizeof name));
    UnmapViewOfFile(at);
    printf("unmapped %lu\n", GetMappedFileNameA(SELF, at, name, sizeof name));
}

static void region(const char *what, void *at)
{
    struct region r;
    SIZE_T size = 0;
    status s = query(SELF, at, 3, &r, sizeof r, &size);
    printf("%s: %lx %u offset %x protect %lx type %lx size %x\n", what, s, (unsigned)size,
           (unsigned)((char *)at - (char *)r.base), r.protect, r.type,
           r.type == 4 ? 0 : (unsigned)r.size);
}

static void regions(void)
{
    char *private = VirtualAlloc(NULL, 0x100000, MEM_RESERVE, PAGE_READWRITE);
    VirtualAlloc(private + 0x8000, 0x1000, MEM_COMMIT, PAGE_READONLY);
    region("private", private + 0x8123);
    region("memory", SHARED + 0x1000);
    region("image", (char *)GetModuleHandleA("ntdll") + 0x1000);
    HANDLE file = CreateFileA("mapped.txt", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE section = CreateFileMappingA(file, NULL, PAGE_WRITECOPY, 0, 0, NULL);
    char *at = MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0);
    region("file", at);
    char *again = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    printf("same file %lx, other %lx, private %lx\n", same(at, again), same(at, SHARED),
           same(at, private));
    printf("same section %lx\n", same(SHARED, KEPT));
}

static void caching(void)
{
    DWORD old;
    HANDLE section = CreateFileMappingA(
        INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_COMMIT | SEC_NOCACHE, 0, 0x10000, NULL);
    char *at = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0),
         *copy = MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0);
    show("not cached", at);
    strcpy(at, "text");
    show("written", at);
    printf("protect %d", VirtualProtect(at, 0x1000, PAGE_READONLY, &old));
    printf(" old %lx\n", old);
    show("read-only", at);
    copy[4] = 's';
    copy[5] = 0;
    show("copy", copy);
    printf("%s %s\n", at, copy);
    char *private =
        VirtualAlloc(NULL, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_WRITECOMBINE);
    private[0x1000] = 7;
    show("combined", private);
    printf("protect %d", VirtualProtect(private, 0x1000, PAGE_READWRITE | PAGE_NOCACHE, &old));
    printf(" old %lx\n", old);
    show("first page", private);
    show("second page", private + 0x1000);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return child();
    HMODULE ntdll = GetModuleHandleA("ntdll");
    map = (void *)GetProcAddress(ntdll, "NtMapViewOfSection");
    query = (void *)GetProcAddress(ntdll, "NtQueryVirtualMemory");
    same = (void *)GetProcAddress(ntdll, "NtAreMappedFilesTheSame");
    inheritance(argv[0]);
    files();
    regions();
    caching();
    return 0;
}
