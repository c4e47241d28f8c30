/* Write patterns over more memory than there is, of every kind, and read them back.
 *
 *      pressure SEED PAGES
 *
 *      private     PAGES pages of the process's own
 *      shared      PAGES pages of a section backed by the paging file, seen twice: through a view
 *                  that all could share, and through one that copies what it writes
 *      file        PAGES pages of a mapped file, also read with ReadFile
 *
 * When all is written the process clones itself. The child finds every page that it looks at as it
 * was, and writes some of them anew in private memory and in the copying view, as the parent does
 * in its own; each must find what it wrote, and not what the other did.
 *
 * Pages are visited in an order that no read ahead helps with. Exit code: 0, or which byte is
 * wrong: 10 private, 20 shared, 30 copied, 40 file, 41 ReadFile; 1: a call failed; 100 and what it
 * is in the child. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define PAGE 4096u
#define STEP 7919u
#define COPIED 4u /* every so many pages of the copying view are written */
#define FORKED 8u /* and every so many again when there are two processes */
#define PROCESS_CLONED 0x129
#define VIEW_SHARE 1

enum { PRIVATE, SHARED, COPY, FILE_PAGES, KINDS };

static uint64_t seed;
static uint32_t pages;
static unsigned char *area[KINDS];
static HANDLE file;
static enum { ONE, PARENT, CHILD } process; /* what this one is by now */

/* Whether a page has what was written after the fork. */
static int is_anew(unsigned kind, uint32_t page)
{
    if (page % FORKED != 1) {
        return 0;
    }
    return (process == PARENT && kind == PRIVATE) ||
           (process == CHILD && (kind == PRIVATE || kind == COPY));
}

static uint64_t value_of(unsigned kind, uint32_t page)
{
    uint64_t x =
        seed * 0x9E3779B97F4A7C15ull + kind * 0xBF58476D1CE4E5B9ull + page * 0x94D049BB133111EBull;
    x += is_anew(kind, page) ? process : 0;
    x ^= x >> 29;
    return x * 0xD6E8FEB86659FD93ull;
}

/* Three places of each page, the last of which is its last byte's. */
static void put(unsigned kind, uint32_t page)
{
    uint64_t *at = (uint64_t *)(area[kind] + (size_t)page * PAGE), value = value_of(kind, page);
    at[0] = value;
    at[page % 510 + 1] = ~value;
    at[511] = value + 1;
}

static int is_right(const void *bytes, unsigned kind, uint32_t page)
{
    const uint64_t *at = bytes;
    uint64_t value = value_of(kind, page);
    return at[0] == value && at[page % 510 + 1] == ~value && at[511] == value + 1;
}

/* Another order of the pages: the step and their number have no common divisor. */
static uint32_t next(uint32_t page)
{
    return (uint32_t)(((uint64_t)page + STEP) % pages);
}

static void check(unsigned kind, uint32_t page)
{
    const unsigned char *at = area[kind] + (size_t)page * PAGE;
    unsigned from = kind == COPY && page % COPIED != 0 && !is_anew(kind, page) ? SHARED : kind;
    if (!is_right(at, from, page)) {
        ExitProcess(10 * (kind + 1) + (process == CHILD ? 100 : 0));
    }
}

static void check_read(uint32_t page)
{
    static unsigned char buffer[PAGE];
    LARGE_INTEGER offset = {.QuadPart = (LONGLONG)page * PAGE};
    DWORD done;
    if (!SetFilePointerEx(file, offset, NULL, FILE_BEGIN) ||
        !ReadFile(file, buffer, PAGE, &done, NULL) || done != PAGE) {
        ExitProcess(1);
    }
    if (!is_right(buffer, FILE_PAGES, page)) {
        ExitProcess(41);
    }
}

static void *map(HANDLE section, DWORD access)
{
    void *view = MapViewOfFile(section, access, 0, 0, 0);
    if (!view) {
        ExitProcess(1);
    }
    return view;
}

/* The same for a view that children have as well. */
static void *map_for_all(HANDLE section, ULONG protection)
{
    LONG(NTAPI * map_view)
    (HANDLE, HANDLE, void **, ULONG_PTR, SIZE_T, LARGE_INTEGER *, SIZE_T *, ULONG, ULONG, ULONG) =
        (void *)GetProcAddress(GetModuleHandleA("ntdll"), "NtMapViewOfSection");
    void *base = NULL;
    SIZE_T size = 0;
    if (map_view(section, GetCurrentProcess(), &base, 0, 0, NULL, &size, VIEW_SHARE, 0,
                 protection)) {
        ExitProcess(1);
    }
    return base;
}

static void make_areas(void)
{
    const uint64_t size = (uint64_t)pages * PAGE;
    char name[64];
    snprintf(name, sizeof name, "pressure%llu.bin", (unsigned long long)seed);
    area[PRIVATE] = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    HANDLE memory = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, size >> 32,
                                       (DWORD)size, NULL);
    file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    HANDLE mapped = CreateFileMappingA(file, NULL, PAGE_READWRITE, size >> 32, (DWORD)size, NULL);
    if (!area[PRIVATE] || !memory || file == INVALID_HANDLE_VALUE || !mapped) {
        ExitProcess(1);
    }
    area[SHARED] = map_for_all(memory, PAGE_READWRITE);
    area[COPY] = map_for_all(memory, PAGE_WRITECOPY);
    area[FILE_PAGES] = map(mapped, FILE_MAP_WRITE);
    CloseHandle(memory);
    CloseHandle(mapped);
}

/* => its process; NULL: this is the child */
static HANDLE clone_process(void)
{
    struct {
        ULONG length;
        HANDLE process, thread;
        char rest[128];
    } out;
    LONG(NTAPI * clone)
    (ULONG, void *, void *, HANDLE, void *) =
        (void *)GetProcAddress(GetModuleHandleA("ntdll"), "RtlCloneUserProcess");
    LONG status = clone(0, NULL, NULL, NULL, &out);
    if (status != 0 && status != PROCESS_CLONED) {
        ExitProcess(1);
    }
    process = status == PROCESS_CLONED ? CHILD : PARENT;
    return process == CHILD ? NULL : out.process;
}

/* What both do once they are two. */
static void write_anew(void)
{
    for (uint32_t i = 0, page = 0; i < pages; i++, page = next(page)) {
        if (page % FORKED == 1) {
            for (unsigned kind = 0; kind <= COPY; kind++) {
                if (is_anew(kind, page)) {
                    put(kind, page);
                }
            }
        }
    }
}

static int child(void)
{
    process = ONE; /* as it was */
    for (uint32_t i = 0, page = 0; i < pages; i++, page = next(page)) {
        if (page % FORKED <= 1 && !is_right(area[SHARED] + (size_t)page * PAGE, SHARED, page)) {
            return 120;
        }
        if (page % FORKED == 1 && !is_right(area[PRIVATE] + (size_t)page * PAGE, PRIVATE, page)) {
            return 110;
        }
    }
    process = CHILD;
    write_anew();
    for (uint32_t i = 0, page = 0; i < pages; i++, page = next(page)) {
        if (page % FORKED <= 1) {
            check(PRIVATE, page);
            check(COPY, page);
        }
    }
    return 0;
}

static void wait_for(HANDLE other)
{
    DWORD code = 1;
    WaitForSingleObject(other, INFINITE);
    GetExitCodeProcess(other, &code);
    if (code != 0) {
        ExitProcess(code);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 1;
    }
    seed = strtoull(argv[1], NULL, 0);
    pages = (uint32_t)strtoul(argv[2], NULL, 0) | 1; /* no common divisor with a large prime */
    make_areas();
    for (uint32_t i = 0, page = 0; i < pages; i++, page = next(page)) {
        put(PRIVATE, page);
        put(SHARED, page);
        put(FILE_PAGES, page);
        if (page % COPIED == 0) {
            put(COPY, page);
        }
    }
    HANDLE other = clone_process();
    if (!other) {
        ExitProcess(child());
    }
    write_anew();
    for (uint32_t i = 0, page = 0; i < pages; i++, page = next(page)) {
        for (unsigned kind = 0; kind < KINDS; kind++) {
            check(kind, page);
        }
        if (page % 16 == 3) {
            check_read(page);
        }
    }
    wait_for(other);
    return 0;
}
