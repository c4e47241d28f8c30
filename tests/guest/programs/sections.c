/* Memory that two processes share by name, copies of it, and a DLL's page that one of them changes.
 * The other process is the same program with the argument "peer"; they take turns by a counter in
 * the shared memory. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define NAME "Local\\ntmm-test-sections"
#define SIZE 0x20000

struct shared {
    volatile LONG turn;
    volatile LONG answer;
    char text[64];
};

static void wait_for(struct shared *s, LONG turn)
{
    while (s->turn != turn)
        Sleep(1);
}

static unsigned char *hooked(void)
{
    return (unsigned char *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "LoadLibraryA");
}

static int peer(void)
{
    HANDLE section;
    while (!(section = OpenFileMappingA(FILE_MAP_WRITE | FILE_MAP_READ, FALSE, NAME)))
        Sleep(1);
    struct shared *s = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    unsigned char *far_away = (unsigned char *)s + 0x10000;
    wait_for(s, 1);
    strcat(s->text, " and peer");
    far_away[0x123] = 99;
    s->turn = 2;
    wait_for(s, 3);
    s->answer = hooked()[0];
    s->turn = 4;
    wait_for(s, 5);
    s->answer = far_away[0];
    s->turn = 6;
    return 0;
}

static void share(struct shared *s)
{
    strcpy(s->text, "first");
    s->turn = 1;
    wait_for(s, 2);
    printf("text: %s, byte %d\n", s->text, ((unsigned char *)s)[0x10123]);
}

static void hook(struct shared *s)
{
    unsigned char *code = hooked(), was = code[0];
    DWORD old;
    printf("protect %d", VirtualProtect(code, 1, PAGE_EXECUTE_READWRITE, &old));
    printf(", was 0x%lx\n", old);
    code[0] = (unsigned char)~was;
    s->turn = 3;
    wait_for(s, 4);
    printf("changed here %d, in the other process %d\n", code[0] != was, s->answer != was);
    code[0] = was;
    MEMORY_BASIC_INFORMATION q;
    VirtualQuery(code, &q, sizeof q);
    printf("image page: type 0x%lx, allocated 0x%lx\n", q.Type, q.AllocationProtect);
}

static void copy(struct shared *s, HANDLE section)
{
    unsigned char *copy = MapViewOfFile(section, FILE_MAP_COPY, 0, 0x10000, 0x1000);
    printf("copy sees %d\n", copy[0x123]);
    copy[0] = 55;
    s->turn = 5;
    wait_for(s, 6);
    printf("copy %d, original %ld\n", copy[0], s->answer);
    MEMORY_BASIC_INFORMATION q;
    VirtualQuery(copy, &q, sizeof q);
    printf("view: type 0x%lx, allocated 0x%lx, size 0x%llx\n", q.Type, q.AllocationProtect,
           (unsigned long long)q.RegionSize);
    printf("unmap %d\n", UnmapViewOfFile(copy));
}

/* The error is asked for after the call that fails. */
static void report(const char *what, BOOL result)
{
    DWORD error = GetLastError();
    printf("%s: %d %lu\n", what, result, error);
}

static HANDLE make(DWORD protect, DWORD size, const char *name)
{
    return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, protect, 0, size, name);
}

static void errors(HANDLE section)
{
    report("offset", MapViewOfFile(section, FILE_MAP_READ, 0, 0x1000, 0) != NULL);
    report("too large", MapViewOfFile(section, FILE_MAP_READ, 0, 0, SIZE + 1) != NULL);
    report("no size", make(PAGE_READWRITE, 0, NULL) != NULL);
    report("no such name", OpenFileMappingA(FILE_MAP_READ, FALSE, NAME "-none") != NULL);
    report("again", make(PAGE_READWRITE, SIZE, NAME) != NULL);
    HANDLE only = make(PAGE_READONLY, SIZE, NULL);
    report("write to read-only", MapViewOfFile(only, FILE_MAP_WRITE, 0, 0, 0) != NULL);
    report("nothing to unmap", UnmapViewOfFile((void *)0x10));
}

static void reserved(void)
{
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0,
                                        0x100000, NULL);
    char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    MEMORY_BASIC_INFORMATION q;
    VirtualQuery(view, &q, sizeof q);
    printf("reserved: state 0x%lx\n", q.State);
    printf("commit %d\n",
           VirtualAlloc(view + 0x4000, 0x2000, MEM_COMMIT, PAGE_READWRITE) == view + 0x4000);
    view[0x5000] = 1;
    VirtualQuery(view + 0x4000, &q, sizeof q);
    printf("committed: state 0x%lx, size 0x%llx\n", q.State, (unsigned long long)q.RegionSize);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "peer") == 0)
        return peer();
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, SIZE, NAME);
    struct shared *s = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    printf("made %d\n", s != NULL);
    share(s);
    hook(s);
    copy(s, section);
    errors(section);
    reserved();
    return 0;
}
