/* bench/calls.c: what calls into the system cost a program, told by the program itself.
 *
 * Prints lines "NAME NANOSECONDS", each figure the median of several trials. The same executable
 * runs on ntmm and on Wine; bench_calls puts the two beside each other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

enum { TRIALS = 5, CALLS = 4000, LIVES = 1000, TOUCHED_PAGES = 20000, PAGE = 4096 };
enum { ALLOCATION = 64 << 10, SECTION = 1 << 20 };

typedef LONG WINAPI null_service(void);

static null_service *NtTestAlert;
static HANDLE section;

static void fail(const char *what)
{
    fprintf(stderr, "calls: %s failed: %lu\n", what, GetLastError());
    exit(1);
}

static double seconds(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&count);
    return (double)count.QuadPart / (double)frequency.QuadPart;
}

/* Nothing is asked for and nothing is done: the way in and out. */
static double null_calls(void)
{
    double from = seconds();
    for (int i = 0; i < CALLS; i++) {
        NtTestAlert();
    }
    return (seconds() - from) / CALLS;
}

static double events(void)
{
    double from = seconds();
    for (int i = 0; i < LIVES; i++) {
        HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
        if (!event) {
            fail("CreateEvent");
        }
        CloseHandle(event);
    }
    return (seconds() - from) / LIVES;
}

static double allocations(void)
{
    double from = seconds();
    for (int i = 0; i < LIVES; i++) {
        void *p = VirtualAlloc(NULL, ALLOCATION, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!p || !VirtualFree(p, 0, MEM_RELEASE)) {
            fail("VirtualAlloc");
        }
    }
    return (seconds() - from) / LIVES;
}

static char *allocate(DWORD type)
{
    char *p = VirtualAlloc(NULL, ALLOCATION, type, PAGE_READWRITE);
    if (!p) {
        fail("VirtualAlloc");
    }
    return p;
}

static double reservations(void)
{
    double from = seconds();
    for (int i = 0; i < LIVES; i++) {
        VirtualFree(allocate(MEM_RESERVE), 0, MEM_RELEASE);
    }
    return (seconds() - from) / LIVES;
}

static double commits(void)
{
    char *p = allocate(MEM_RESERVE);
    double from = seconds();
    for (int i = 0; i < LIVES; i++) {
        if (!VirtualAlloc(p, ALLOCATION, MEM_COMMIT, PAGE_READWRITE) ||
            !VirtualFree(p, ALLOCATION, MEM_DECOMMIT)) {
            fail("committing");
        }
    }
    double each = (seconds() - from) / LIVES;
    VirtualFree(p, 0, MEM_RELEASE);
    return each;
}

/* Of pages that are in use. */
static double protections(void)
{
    char *p = allocate(MEM_RESERVE | MEM_COMMIT);
    for (int i = 0; i < ALLOCATION; i += PAGE) {
        ((volatile char *)p)[i] = 1;
    }
    double from = seconds();
    for (int i = 0; i < LIVES; i++) {
        DWORD old;
        if (!VirtualProtect(p, ALLOCATION, i % 2 ? PAGE_READWRITE : PAGE_READONLY, &old)) {
            fail("VirtualProtect");
        }
    }
    double each = (seconds() - from) / LIVES;
    VirtualFree(p, 0, MEM_RELEASE);
    return each;
}

static double queries(void)
{
    char *p = allocate(MEM_RESERVE | MEM_COMMIT);
    double from = seconds();
    for (int i = 0; i < LIVES; i++) {
        MEMORY_BASIC_INFORMATION information;
        if (VirtualQuery(p, &information, sizeof information) != sizeof information) {
            fail("VirtualQuery");
        }
    }
    double each = (seconds() - from) / LIVES;
    VirtualFree(p, 0, MEM_RELEASE);
    return each;
}

static double views(void)
{
    double from = seconds();
    for (int i = 0; i < LIVES; i++) {
        void *p = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
        if (!p || !UnmapViewOfFile(p)) {
            fail("MapViewOfFile");
        }
    }
    return (seconds() - from) / LIVES;
}

static double touches(void)
{
    const size_t size = (size_t)TOUCHED_PAGES * PAGE;
    volatile char *p = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!p) {
        fail("VirtualAlloc");
    }
    double from = seconds();
    for (size_t i = 0; i < TOUCHED_PAGES; i++) {
        p[i * PAGE] = 1;
    }
    double per_page = (seconds() - from) / TOUCHED_PAGES;
    VirtualFree((void *)p, 0, MEM_RELEASE);
    return per_page;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, double (*trial)(void))
{
    double values[TRIALS];
    for (int i = 0; i < TRIALS; i++) {
        values[i] = trial();
    }
    qsort(values, TRIALS, sizeof *values, by_value);
    printf("%s %.1f\n", name, values[TRIALS / 2] * 1e9);
}

int main(void)
{
    NtTestAlert =
        (null_service *)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtTestAlert");
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, SECTION, NULL);
    if (!NtTestAlert || !section) {
        fail("starting");
    }
    report("null", null_calls);
    report("event", events);
    report("alloc", allocations);
    report("reserve", reservations);
    report("commit", commits);
    report("protect", protections);
    report("query", queries);
    report("view", views);
    report("touch", touches);
    return 0;
}
