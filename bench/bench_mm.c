/* bench/bench_mm.c: the memory manager without an engine against Linux's, call for call.
 *
 *      ours                                  Linux
 *      reserve + release                     mmap(PROT_NONE) + munmap
 *      reserve and commit + release          mmap(read/write) + munmap
 *      commit + decommit                     the same
 *      protect                               mprotect
 *      query                                 reading /proc/self/maps, which is open
 *      map + unmap of a section              mmap + munmap of a memfd
 *      first touch of a committed page       first touch of a mapped page (4 KB pages)
 *      commit, touch all, release            mmap, touch all, munmap
 *
 * Ours are calls of include/ntmm.h; each takes the locks and makes the VADs, PTEs and PFN entries
 * in guest memory that the same service makes for a running program. Linux's include what the
 * processor spends on entering and leaving its kernel; that is what a program on Linux pays.
 *
 * Freed frames may be zeroed by the zero-page thread, beside the caller when there is a second
 * processor. The lines "all threads" count processor time of the whole process instead of the
 * clock, so that its work is in there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "memory.h"

struct bench {
    ntmm_machine *machine;
    ntmm_process *process;
    uint64_t size; /* bytes of one allocation */
    clockid_t clock;
    /* Made for a line, on either side. */
    uint64_t base;
    char *mapping;
    ntmm_section *section;
    int file;
};

/* ---- trials ---- */

static double our_reserve(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        our_release(b->process, our_allocate(b->process, b->size, NTMM_MEM_RESERVE));
    }
    return bench_seconds(b->clock) - from;
}

static double linux_reserve(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        munmap(linux_map(b->size, PROT_NONE), b->size);
    }
    return bench_seconds(b->clock) - from;
}

static double our_commit(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        our_release(b->process,
                    our_allocate(b->process, b->size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT));
    }
    return bench_seconds(b->clock) - from;
}

static double linux_commit(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        munmap(linux_map(b->size, PROT_READ | PROT_WRITE), b->size);
    }
    return bench_seconds(b->clock) - from;
}

/* => b->base is reserved */
static double our_recommit(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        our_allocate_at(b->process, b->base, b->size, NTMM_MEM_COMMIT);
        our_decommit(b->process, b->base, b->size);
    }
    return bench_seconds(b->clock) - from;
}

/* => b->base is committed */
static double our_protection(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        our_protect(b->process, b->base, b->size, i % 2 ? NTMM_PAGE_READWRITE : NTMM_PAGE_READONLY);
    }
    return bench_seconds(b->clock) - from;
}

static double linux_protection(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        must(mprotect(b->mapping, b->size, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ) == 0,
             "mprotect");
    }
    return bench_seconds(b->clock) - from;
}

static double our_queries(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        our_query(b->process, b->base);
    }
    return bench_seconds(b->clock) - from;
}

static double linux_queries(void *context, unsigned rounds)
{
    static char text[64 * 1024];
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        must(pread(b->file, text, sizeof text, 0) > 0, "read of /proc/self/maps");
    }
    return bench_seconds(b->clock) - from;
}

static double our_views(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t base = 0, size = b->size;
        must(ntmm_map_view(b->process, b->section, &base, 0, &size, NTMM_PAGE_READWRITE) >= 0,
             "map");
        must(ntmm_unmap_view(b->process, base) >= 0, "unmap");
    }
    return bench_seconds(b->clock) - from;
}

static double linux_views(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        char *p = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, b->file, 0);
        must(p != MAP_FAILED && munmap(p, b->size) == 0, "mmap of a memfd");
    }
    return bench_seconds(b->clock) - from;
}

/* Only the touches count. */
static double our_first_touch(void *context, unsigned rounds)
{
    struct bench *b = context;
    uint64_t size = rounds * PAGE;
    uint64_t base = our_allocate(b->process, size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT);
    double from = bench_seconds(b->clock);
    our_touch(b->process, base, size);
    double seconds = bench_seconds(b->clock) - from;
    our_release(b->process, base);
    return seconds;
}

static double linux_first_touch(void *context, unsigned rounds)
{
    struct bench *b = context;
    uint64_t size = rounds * PAGE;
    char *p = linux_map(size, PROT_READ | PROT_WRITE);
    madvise(p, size, MADV_NOHUGEPAGE);
    double from = bench_seconds(b->clock);
    linux_touch(p, size);
    double seconds = bench_seconds(b->clock) - from;
    munmap(p, size);
    return seconds;
}

static double our_life(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t base = our_allocate(b->process, b->size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT);
        our_touch(b->process, base, b->size);
        our_release(b->process, base);
    }
    return bench_seconds(b->clock) - from;
}

static double linux_life(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(b->clock);
    for (unsigned i = 0; i < rounds; i++) {
        char *p = linux_map(b->size, PROT_READ | PROT_WRITE);
        madvise(p, b->size, MADV_NOHUGEPAGE);
        linux_touch(p, b->size);
        munmap(p, b->size);
    }
    return bench_seconds(b->clock) - from;
}

/* ---- the table ---- */

enum { CALLS = 2000 };

static void whole_ranges(struct bench *b)
{
    static const uint64_t sizes[] = {64 * KB, MB, 16 * MB};
    char what[64];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        b->size = sizes[i];
        snprintf(what, sizeof what, "reserve + release, %llu KB", (unsigned long long)b->size / KB);
        bench_line(what, bench_compare(our_reserve, linux_reserve, b, CALLS), 10);
        snprintf(what, sizeof what, "commit + release, %llu KB", (unsigned long long)b->size / KB);
        bench_line(what, bench_compare(our_commit, linux_commit, b, CALLS), 10);
    }
    b->size = 64 * KB;
}

static void inside_of_ranges(struct bench *b)
{
    b->base = our_allocate(b->process, b->size, NTMM_MEM_RESERVE);
    bench_line("commit + decommit, 64 KB", bench_compare(our_recommit, linux_commit, b, CALLS), 10);
    our_release(b->process, b->base);
    b->base = our_allocate(b->process, MB, NTMM_MEM_RESERVE);
    bench_line("the same within 1 MB reserved", bench_compare(our_recommit, linux_commit, b, CALLS),
               10);
    our_release(b->process, b->base);

    b->base = our_allocate(b->process, b->size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT);
    b->mapping = linux_map(b->size, PROT_READ | PROT_WRITE);
    bench_line("protect, 64 KB", bench_compare(our_protection, linux_protection, b, CALLS), 10);
    our_touch(b->process, b->base, b->size);
    linux_touch(b->mapping, b->size);
    bench_line("the same, touched", bench_compare(our_protection, linux_protection, b, CALLS), 10);
    b->file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    must(b->file >= 0, "open of /proc/self/maps");
    bench_line("query", bench_compare(our_queries, linux_queries, b, CALLS), 10);
    close(b->file);
    our_release(b->process, b->base);
    munmap(b->mapping, b->size);
}

static void views(struct bench *b)
{
    must(ntmm_section_create(b->machine, b->size, NTMM_PAGE_READWRITE, &b->section) >= 0,
         "section");
    b->file = memfd_create("section", MFD_CLOEXEC);
    must(b->file >= 0 && ftruncate(b->file, (off_t)b->size) == 0, "memfd");
    bench_line("map + unmap of a section, 64 KB", bench_compare(our_views, linux_views, b, CALLS),
               8);
    close(b->file);
    ntmm_section_release(b->section);
}

static void pages(struct bench *b)
{
    bench_line("demand-zero first touch of a page",
               bench_compare(our_first_touch, linux_first_touch, b, 1024), 5);
    bench_line("commit, touch all, release, 64 KB", bench_compare(our_life, linux_life, b, 200), 0);
    b->clock = CLOCK_PROCESS_CPUTIME_ID;
    bench_line("demand-zero first touch, all threads",
               bench_compare(our_first_touch, linux_first_touch, b, 1024), 0);
    bench_line("the same 64 KB, all threads", bench_compare(our_life, linux_life, b, 200), 0);
    b->clock = CLOCK_MONOTONIC;
}

int main(void)
{
    struct bench b = {.clock = CLOCK_MONOTONIC};
    b.machine = our_machine(256 * MB);
    b.process = our_process(b.machine);
    bench_title("memory calls without an engine", "ntmm", "Linux");
    whole_ranges(&b);
    inside_of_ranges(&b);
    views(&b);
    pages(&b);
    ntmm_process_release(b.process);
    ntmm_machine_destroy(b.machine);
    return 0;
}
