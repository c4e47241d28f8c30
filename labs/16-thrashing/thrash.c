/* labs/16-thrashing/thrash.c: more memory than there is RAM, then ever less working set.
 *
 * With the argument `stop` it stops (int3) after each part, for a debugger to look. */
#define PSAPI_VERSION 2
#include <windows.h>

#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096u
#define MB (1024u * 1024u)
#define CHUNKS 4 /* of 64 MB */
#define CHUNK (64u * MB)

#define PAGES 512u /* of the second experiment */
#define HOT 48u    /* of them, that get nine of ten accesses */
#define ROUNDS 3u

static int stops;

static void stop(void)
{
    fflush(stdout);
    if (stops)
        __debugbreak();
}

static PROCESS_MEMORY_COUNTERS counters(void)
{
    PROCESS_MEMORY_COUNTERS now;
    GetProcessMemoryInfo(GetCurrentProcess(), &now, sizeof now);
    return now;
}

/* ---- 256 MB ---- */

/* What each page is to hold, so that no page can stand in for another. */
static unsigned long long mark(size_t page)
{
    return page * 0x9E3779B97F4A7C15ull + 1;
}

static void more_than_ram(void)
{
    char *memory =
        VirtualAlloc(NULL, CHUNKS * (size_t)CHUNK, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    const size_t each = CHUNK / PAGE;
    size_t wrong = 0;
    if (!memory) {
        printf("no memory: error %lu\n", GetLastError());
        exit(1);
    }
    for (size_t i = 0; i < CHUNKS * each; i++) {
        *(volatile unsigned long long *)(memory + i * PAGE) = mark(i);
        if ((i + 1) % each == 0) {
            printf("wrote %3u MB, working set %3u MB, committed %3u MB\n",
                   (unsigned)((i + 1) / each * 64), (unsigned)(counters().WorkingSetSize / MB),
                   (unsigned)(counters().PagefileUsage / MB));
            stop();
        }
    }
    for (size_t i = 0; i < CHUNKS * each; i++) {
        wrong += *(volatile unsigned long long *)(memory + i * PAGE) != mark(i);
        if ((i + 1) % each == 0) {
            printf("read %3u MB, %u pages wrong\n", (unsigned)((i + 1) / each * 64),
                   (unsigned)wrong);
            stop();
        }
    }
    VirtualFree(memory, 0, MEM_RELEASE);
}

/* ---- faults against the size of the working set ---- */

static unsigned random_below(unsigned limit)
{
    static unsigned state = 12345;
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

/* One access: all pages one after the other, or mostly the hot ones. */
static unsigned next_page(int loop, unsigned i)
{
    if (loop)
        return i % PAGES;
    return random_below(10) ? random_below(HOT) : random_below(PAGES);
}

static unsigned faults_of(volatile char *memory, int loop)
{
    DWORD before = 0;
    for (unsigned i = 0; i < (1 + ROUNDS) * PAGES; i++) {
        if (i == PAGES) /* the first round only warms up */
            before = counters().PageFaultCount;
        memory[next_page(loop, i) * PAGE]++;
    }
    return counters().PageFaultCount - before;
}

static void bar(unsigned faults)
{
    static const char full[] = "########################################";
    unsigned length = faults * (sizeof full - 1) / (ROUNDS * PAGES);
    printf("%-40.*s", length < sizeof full ? length : (unsigned)sizeof full - 1, full);
}

static void curve(void)
{
    char *memory = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    printf("faults for %u accesses to %u pages\n", ROUNDS * PAGES, PAGES);
    printf("working set   loop   hot\n");
    for (unsigned limit = 128; limit <= 704; limit += 64) {
        if (!SetProcessWorkingSetSizeEx(GetCurrentProcess(), 50 * PAGE, limit * PAGE,
                                        QUOTA_LIMITS_HARDWS_MAX_ENABLE)) {
            printf("no limit: error %lu\n", GetLastError());
            exit(1);
        }
        unsigned loop = faults_of(memory, 1), hot = faults_of(memory, 0);
        printf("%5u pages  %5u %5u  loop |", limit, loop, hot);
        bar(loop);
        printf("|\n                          hot  |");
        bar(hot);
        printf("|\n");
    }
    stop();
}

int main(int argc, char **argv)
{
    stops = argc > 1 && strcmp(argv[1], "stop") == 0;
    stop();
    more_than_ram();
    curve();
    return 0;
}
