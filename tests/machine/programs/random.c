/* A random sequence of memory calls and touches: random.exe SEED STEPS. All that it sees (results,
 * errors, exceptions, bytes) goes into `seen`, so its own memory tells whether two runs saw the
 * same. It breaks into the debugger now and then, and before it ends.
 *
 * No C library: that would keep clock readings in memory. */
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

enum { PAGE = 4096, AREAS = 24, ARENA_SLOTS = 64, CHECKPOINT = 60, RET = 0xC3 };
#define ARENA ((char *)0x10000000000)
#define ARENA_SLOT ((size_t)64 * 1024)

struct area {
    char *base;
    size_t pages;
    int view;
};

static struct area areas[AREAS];
static uint64_t state;
static volatile uint64_t seen, exceptions;
static HANDLE sections[3];

static uint32_t below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 20) % limit;
}

static void note(uint64_t value)
{
    seen = (seen ^ value) * 0x100000001B3u;
}

/* Nothing below touches memory but in these three, which have no frame: a fault returns from them.
 */
char touch_read(const char *at);
void touch_write(char *at, char value);
void touch_execute(const char *at);
__asm__("touch_read: movb (%rcx), %al; ret\n"
        "touch_write: movb %dl, (%rcx); ret\n"
        "touch_execute: jmp *%rcx\n");

static LONG CALLBACK handler(EXCEPTION_POINTERS *p)
{
    const EXCEPTION_RECORD *r = p->ExceptionRecord;
    CONTEXT *c = p->ContextRecord;
    if (r->ExceptionCode == EXCEPTION_BREAKPOINT) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    exceptions++;
    note(r->ExceptionCode);
    note(r->ExceptionInformation[0]);
    note(r->ExceptionInformation[1]);
    c->Rip = *(const uint64_t *)c->Rsp;
    c->Rsp += 8;
    c->Rax = 0x55;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static DWORD any_protection(void)
{
    static const DWORD all[] = {PAGE_NOACCESS,         PAGE_READONLY,          PAGE_READWRITE,
                                PAGE_READWRITE,        PAGE_READWRITE,         PAGE_EXECUTE,
                                PAGE_EXECUTE_READ,     PAGE_EXECUTE_READWRITE, PAGE_WRITECOPY,
                                PAGE_EXECUTE_WRITECOPY};
    DWORD p = all[below(sizeof all / sizeof *all)];
    return below(8) == 0 && p != PAGE_NOACCESS ? p | PAGE_GUARD : p;
}

/* An area that is in use, or any. */
static struct area *any_area(void)
{
    struct area *a = &areas[below(AREAS)];
    for (unsigned i = 0; i < AREAS && !a->base; i++) {
        a = &areas[below(AREAS)];
    }
    return a;
}

static char *any_page(const struct area *a, size_t *pages)
{
    size_t first = a->pages ? below((uint32_t)a->pages) : 0;
    *pages = 1 + below((uint32_t)(a->pages - first) + 1); /* now and then one too many */
    return a->base + first * PAGE;
}

/* ---- steps ---- */

static void allocate(void)
{
    struct area *a = &areas[below(AREAS)];
    if (a->base) {
        return;
    }
    size_t pages = 1 + below(below(4) ? 12 : 600);
    char *at = below(2) ? ARENA + below(ARENA_SLOTS) * ARENA_SLOT : NULL;
    DWORD type = below(3) ? MEM_RESERVE | MEM_COMMIT : MEM_RESERVE;
    type |= below(4) ? 0 : MEM_TOP_DOWN;
    a->base = VirtualAlloc(at, pages * PAGE, type, any_protection());
    a->pages = a->base ? pages : 0;
    a->view = 0;
    note((uintptr_t)a->base);
    note(GetLastError());
}

static void commit(void)
{
    size_t pages;
    char *at = any_page(any_area(), &pages);
    note((uintptr_t)VirtualAlloc(at, pages * PAGE, MEM_COMMIT, any_protection()));
}

static void decommit(void)
{
    size_t pages;
    char *at = any_page(any_area(), &pages);
    note((uint64_t)VirtualFree(at, pages * PAGE, MEM_DECOMMIT));
}

static void release(void)
{
    struct area *a = any_area();
    int done = a->view ? UnmapViewOfFile(a->base) : VirtualFree(a->base, 0, MEM_RELEASE);
    note((uint64_t)done);
    if (done) {
        *a = (struct area){0};
    }
}

static void protect(void)
{
    size_t pages;
    DWORD old = 0;
    char *at = any_page(any_area(), &pages);
    note((uint64_t)VirtualProtect(at, pages * PAGE, any_protection(), &old));
    note(old);
}

static void query(void)
{
    size_t pages;
    MEMORY_BASIC_INFORMATION i = {0};
    note(VirtualQuery(any_page(any_area(), &pages), &i, sizeof i));
    note((uintptr_t)i.BaseAddress);
    note(i.RegionSize);
    note(i.Protect);
    note(i.State);
}

static void map(void)
{
    static const DWORD access[] = {FILE_MAP_READ, FILE_MAP_WRITE, FILE_MAP_COPY,
                                   FILE_MAP_READ | FILE_MAP_EXECUTE};
    struct area *a = &areas[below(AREAS)];
    unsigned which = below(3);
    if (a->base) {
        return;
    }
    a->base = MapViewOfFileEx(sections[which], access[below(4)], 0, 0, 0,
                              below(2) ? ARENA + below(ARENA_SLOTS) * ARENA_SLOT : NULL);
    a->pages = a->base ? which == 2 ? 2 : 32 : 0;
    a->view = 1;
    note((uintptr_t)a->base);
    note(GetLastError());
}

static void touch(char *at)
{
    switch (below(5)) {
    case 0:
        note((unsigned char)touch_read(at));
        break;
    case 1:
        touch_write(at, RET); /* code that returns, if it may run */
        if ((unsigned char)touch_read(at) == RET) {
            touch_execute(at);
        }
        break;
    default:
        touch_write(at, (char)below(256));
    }
}

static void touch_some(void)
{
    size_t pages;
    char *at = any_page(any_area(), &pages);
    for (size_t i = 0; i < pages && i < 40; i++) {
        touch(at + i * PAGE + below(PAGE));
    }
}

/* The kernel touches for us. */
static void copy(void)
{
    size_t pages, done = 0;
    char buffer[64];
    char *at = any_page(any_area(), &pages) + below(PAGE);
    if (below(2)) {
        note((uint64_t)ReadProcessMemory(GetCurrentProcess(), at, buffer, sizeof buffer, &done));
    } else {
        note((uint64_t)WriteProcessMemory(GetCurrentProcess(), at, areas, sizeof buffer, &done));
    }
    note(done);
}

static void lock(void)
{
    size_t pages;
    char *at = any_page(any_area(), &pages);
    note((uint64_t)(below(2) ? VirtualLock(at, pages * PAGE) : VirtualUnlock(at, pages * PAGE)));
}

static void step(void)
{
    static void (*const steps[])(void) = {allocate,   allocate,   map,        commit, decommit,
                                          release,    protect,    protect,    query,  touch_some,
                                          touch_some, touch_some, touch_some, copy,   lock};
    steps[below(sizeof steps / sizeof *steps)]();
}

static uint64_t number(const char **text)
{
    uint64_t value = 0;
    while (**text == ' ') {
        ++*text;
    }
    for (; **text >= '0' && **text <= '9'; ++*text) {
        value = value * 10 + (uint64_t)(**text - '0');
    }
    return value;
}

static void make_sections(void)
{
    static char path[MAX_PATH];
    GetModuleFileNameA(NULL, path, sizeof path);
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_EXECUTE, FILE_SHARE_READ, NULL,
                              OPEN_EXISTING, 0, NULL);
    sections[0] =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_EXECUTE_READWRITE, 0, 32 * PAGE, NULL);
    sections[1] = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0,
                                     32 * PAGE, NULL);
    sections[2] = CreateFileMappingA(file, NULL, PAGE_WRITECOPY, 0, 0, NULL);
    note(sections[0] != NULL);
    note(sections[1] != NULL);
    note(sections[2] != NULL);
}

void start(void)
{
    const char *text = GetCommandLineA();
    const char *space = text;
    while (*space && *space != ' ') { /* the program's name has no blank */
        space++;
    }
    state = number(&space) * 0x9E3779B97F4A7C15u + 1;
    uint64_t count = number(&space);
    AddVectoredExceptionHandler(1, handler);
    make_sections();
    for (uint64_t i = 1; i <= count; i++) {
        step();
        if (i % CHECKPOINT == 0) {
            __debugbreak();
        }
    }
    ExitProcess((UINT)exceptions); /* says that there were some */
}
