/* bench/bench_kd.c: the debugger over images of memory.
 *
 *      1 GB, 100 processes      a machine without an engine, kept by .dump /f
 *        !search                against memcpy of the same bytes into a buffer that stays in the
 *                               cache, the cheapest thing that can be done with all of them
 *        lists                  !process 0 0, then !vad and !pte of every process
 *      4 GB, mostly holes       the same files, with more address space than they have data
 *        opening                against the dump of 64 MB that they were made of
 *
 * Output goes to a function that counts it. The files are in the page cache: disks are not
 * measured.
 */
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "dump/layout.h"
#include "kd/kd.h"
#include "kd/target_dump.h"
#include "ntmm.h"

#define PAGE 4096ull
#define MB (1ull << 20)
#define GB (1ull << 30)
#define PROCESSES 100
#define VIEWS 24         /* allocations of a process */
#define TOUCHED (7 * MB) /* of them, per process */
#define PIECE MB         /* of memcpy */
#define SPARSE_SIZE (4 * GB)
#define SMALL_SIZE (64 * MB)

struct bench {
    char folder[64];
    char path[PATH_MAX]; /* of the dump that is open */
    struct kd_target *target;
    struct kd *kd;
    uint64_t printed; /* bytes */
    const uint8_t *map;
    size_t map_size;
    uint8_t *buffer;
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_kd: %s failed\n", what);
        exit(1);
    }
}

/* ---- a machine, and a dump of it ---- */

/* Allocations of growing size, every second page of a part of them touched. */
static void fill_process(ntmm_process *process)
{
    uint64_t left = TOUCHED;
    for (unsigned i = 0; i < VIEWS; i++) {
        uint64_t base = 0, size = (i + 1) * 64 * 1024;
        must(ntmm_allocate(process, &base, 0, &size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT,
                           NTMM_PAGE_READWRITE) >= 0,
             "ntmm_allocate");
        for (uint64_t at = 0; at < size && left > 0; at += PAGE, left -= PAGE) {
            uint64_t value = base + at;
            must(ntmm_write(process, base + at, &value, sizeof value, NULL) >= 0, "ntmm_write");
        }
    }
}

static void ignore(void *owner, const char *text, size_t length)
{
    (void)text;
    *(uint64_t *)owner += length;
}

/* `.dump OPTION path` of a machine with this RAM and so many processes. */
static void make_dump(const char *path, const char *option, uint64_t ram, unsigned processes)
{
    char error[256], command[PATH_MAX + 32];
    ntmm_machine *machine;
    ntmm_process *process[PROCESSES];
    struct kd *kd = NULL;
    uint64_t printed = 0;
    const ntmm_options options = {.ram_size = ram,
                                  .pagefile_size = 2 * GB,
                                  .engine = "none",
                                  .debugger = true,
                                  .log_level = NTMM_LOG_WARNING,
                                  .system_root = getenv("NTMM_SYSTEM")};
    if (ntmm_machine_create(&options, &machine, error, sizeof error) < 0) {
        fprintf(stderr, "bench_kd: %s\n", error);
        exit(1);
    }
    for (unsigned i = 0; i < processes; i++) {
        must(ntmm_process_create(machine, NULL, &process[i], NULL, 0) >= 0, "a process");
        fill_process(process[i]);
    }
    ntmm_settle(machine);
    const struct kd_config config = {
        .target = ntmm_debug_target(machine), .output = ignore, .owner = &printed};
    must(config.target && kd_create(&config, &kd) == 0, "the debugger");
    snprintf(command, sizeof command, ".dump /o %s %s", option, path);
    kd_execute(kd, command);
    must(kd_failed(kd) == 0, command);
    kd_destroy(kd);
    ntmm_debug_end(machine);
    for (unsigned i = 0; i < processes; i++) {
        ntmm_process_release(process[i]);
    }
    ntmm_machine_destroy(machine);
}

/* ---- the debugger over it ---- */

static void open_dump(struct bench *b)
{
    char reason[DUMP_REASON_SIZE];
    if (kd_dump_open(b->path, &b->target, reason)) {
        fprintf(stderr, "bench_kd: %s: %s\n", b->path, reason);
        exit(1);
    }
    static char guest[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", guest, sizeof guest - sizeof "/guest");
    must(length > 0, "/proc/self/exe");
    guest[length] = 0;
    strcpy(strrchr(guest, '/'), "/guest");
    b->target->symbol_path = guest;
    const struct kd_config config = {.target = b->target, .output = ignore, .owner = &b->printed};
    must(kd_create(&config, &b->kd) == 0, "the debugger");
}

static void close_dump(struct bench *b)
{
    kd_destroy(b->kd);
    kd_dump_close(b->target);
}

static double execute(struct bench *b, const char *command)
{
    double from = bench_seconds(CLOCK_MONOTONIC);
    kd_execute(b->kd, command);
    must(kd_failed(b->kd) == 0, command);
    return bench_seconds(CLOCK_MONOTONIC) - from;
}

static double search(void *context, unsigned rounds)
{
    double seconds = 0;
    for (unsigned i = 0; i < rounds; i++) {
        seconds += execute(context, "!search deadbeefcafe0123");
    }
    return seconds;
}

static double copy(void *context, unsigned rounds)
{
    struct bench *b = context;
    double from = bench_seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < rounds; i++) {
        for (size_t at = 0; at + PIECE <= b->map_size; at += PIECE) {
            memcpy(b->buffer, b->map + at, PIECE);
            __asm__ volatile("" : : "r"(b->buffer) : "memory");
        }
    }
    return bench_seconds(CLOCK_MONOTONIC) - from;
}

static void compare_search(struct bench *b)
{
    struct stat status;
    int fd = open(b->path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && fstat(fd, &status) == 0, "opening the dump");
    b->map_size = (size_t)status.st_size;
    b->map = mmap(NULL, b->map_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    b->buffer = malloc(PIECE);
    close(fd);
    must(b->map != MAP_FAILED && b->buffer, "mapping the dump");
    struct bench_pair pair = bench_compare(search, copy, b, 1);
    bench_title("1 GB of physical memory", "!search", "memcpy");
    bench_line("a quadword that is nowhere", pair, 0.5);
    printf("  %.1f and %.1f GB/s\n", 1 / pair.ours, 1 / pair.peers);
    munmap((void *)(uintptr_t)b->map, b->map_size);
    free(b->buffer);
}

/* ---- lists ---- */

static void time_lists(struct bench *b)
{
    static const struct {
        const char *what, *command;
    } rows[] = {
        {"processes", "!process 0 0"},
        {"VADs of all", "!for_each_process \"!vad @#Process\""},
        {"PTEs of all, user half", "!for_each_process \".process @#Process; !pte 0 7fffffeffff\""},
    };
    enum { ROWS = sizeof rows / sizeof *rows, TRIALS = 5 };
    double seconds[ROWS + 1][TRIALS], all[TRIALS];
    uint64_t printed[ROWS + 1];
    for (unsigned t = 0; t < TRIALS; t++) {
        double from = bench_seconds(CLOCK_MONOTONIC);
        open_dump(b);
        seconds[ROWS][t] = all[t] = bench_seconds(CLOCK_MONOTONIC) - from;
        for (unsigned i = 0; i < ROWS; i++) {
            b->printed = 0;
            all[t] += seconds[i][t] = execute(b, rows[i].command);
            printed[i] = b->printed;
        }
        close_dump(b);
    }
    printf("1 GB, %d processes, each time from a closed file\n", PROCESSES);
    printf("  %-38s %9.1f ms\n", "opening, with symbols",
           bench_median(seconds[ROWS], TRIALS) * 1e3);
    for (unsigned i = 0; i < ROWS; i++) {
        printf("  %-38s %9.1f ms %12.1f MB of text\n", rows[i].what,
               bench_median(seconds[i], TRIALS) * 1e3, (double)printed[i] / 1e6);
    }
    double total = bench_median(all, TRIALS);
    printf("  %-38s %9.1f ms   aim 1000 ms: %s\n", "all together", total * 1e3,
           total < 1 ? "met" : "MISSED");
}

/* ---- opening ---- */

/* Make the full dump at `path` one of SPARSE_SIZE, by a header that says so and a hole. */
static void grow_full(const char *path)
{
    static struct _DUMP_HEADER64 header;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    must(fd >= 0 && pread(fd, &header, sizeof header, 0) == sizeof header, "reading the header");
    struct _PHYSICAL_MEMORY_RUN64 *last =
        &header.PhysicalMemoryBlock.Run[header.PhysicalMemoryBlock.NumberOfRuns - 1];
    uint64_t more = SPARSE_SIZE / PAGE - (last->BasePage + last->PageCount);
    last->PageCount += more;
    header.PhysicalMemoryBlock.NumberOfPages += more;
    off_t size = (off_t)(sizeof header + header.PhysicalMemoryBlock.NumberOfPages * PAGE);
    must(pwrite(fd, &header, sizeof header, 0) == sizeof header && ftruncate(fd, size) == 0,
         "growing the dump");
    close(fd);
}

/* The same for a dump with a bitmap: a longer one, and the pages behind it. */
static void grow_bitmap(const char *path)
{
    struct _SUMMARY_DUMP64 summary;
    const off_t at = sizeof(struct _DUMP_HEADER64);
    const uint64_t bits = SPARSE_SIZE / PAGE;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    must(fd >= 0 && pread(fd, &summary, sizeof summary, at) == sizeof summary,
         "reading the header");
    size_t old_bytes = summary.BitmapPages / 8, old_pages = summary.TotalPresentPages * PAGE;
    uint8_t *bitmap = malloc(bits / 8), *pages = malloc(old_pages);
    must(bitmap && pages && pread(fd, bitmap, old_bytes, at + (off_t)sizeof summary) > 0 &&
             pread(fd, pages, old_pages, (off_t)summary.FirstPage) == (ssize_t)old_pages,
         "reading the dump");
    memset(bitmap + old_bytes, 0xFF, bits / 8 - old_bytes);
    summary.TotalPresentPages += bits - summary.BitmapPages;
    summary.BitmapPages = bits;
    summary.FirstPage = ((uint64_t)at + sizeof summary + bits / 8 + PAGE - 1) / PAGE * PAGE;
    must(pwrite(fd, &summary, sizeof summary, at) == sizeof summary &&
             pwrite(fd, bitmap, bits / 8, at + (off_t)sizeof summary) == (ssize_t)(bits / 8) &&
             pwrite(fd, pages, old_pages, (off_t)summary.FirstPage) == (ssize_t)old_pages &&
             ftruncate(fd, (off_t)(summary.FirstPage + summary.TotalPresentPages * PAGE)) == 0,
         "growing the dump");
    free(bitmap);
    free(pages);
    close(fd);
}

struct opening {
    double file, symbols;       /* seconds: the file alone; the kernel and its symbols too */
    size_t file_memory, memory; /* bytes of heap meanwhile */
};

static size_t heap(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static struct opening measure_opening(struct bench *b)
{
    enum { TRIALS = 25 };
    double file[TRIALS], symbols[TRIALS];
    char reason[DUMP_REASON_SIZE];
    struct opening o = {0};
    for (unsigned i = 0; i < TRIALS; i++) {
        struct dump_file *opened;
        size_t before = heap();
        double from = bench_seconds(CLOCK_MONOTONIC);
        must(dump_open(b->path, &opened, reason) == 0, reason);
        file[i] = bench_seconds(CLOCK_MONOTONIC) - from;
        o.file_memory = heap() - before;
        dump_close(opened);
        before = heap();
        from = bench_seconds(CLOCK_MONOTONIC);
        open_dump(b);
        symbols[i] = bench_seconds(CLOCK_MONOTONIC) - from;
        o.memory = heap() - before;
        close_dump(b);
    }
    o.file = bench_median(file, TRIALS);
    o.symbols = bench_median(symbols, TRIALS);
    return o;
}

static void show_opening(const char *what, const struct opening *o)
{
    printf("  %-20s %8.2f ms %8.1f KB   %8.2f ms %9.1f KB\n", what, o->file * 1e3,
           (double)o->file_memory / 1024, o->symbols * 1e3, (double)o->memory / 1024);
}

static void time_opening(struct bench *b)
{
    static const struct {
        const char *name, *option;
        void (*grow)(const char *path);
    } kinds[] = {{"full", "/f", grow_full}, {"bitmap", "/ka", grow_bitmap}};
    char what[32];
    printf("%-22s %11s %11s   %11s %12s\n", "opening a dump", "file", "memory", "kernel, PDB",
           "memory");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(b->path, sizeof b->path, "%s/%s.dmp", b->folder, kinds[i].name);
        make_dump(b->path, kinds[i].option, SMALL_SIZE, 0);
        struct opening small = measure_opening(b);
        kinds[i].grow(b->path);
        struct opening large = measure_opening(b);
        unlink(b->path);
        snprintf(what, sizeof what, "%s, 64 MB", kinds[i].name);
        show_opening(what, &small);
        snprintf(what, sizeof what, "%s, 4 GB", kinds[i].name);
        show_opening(what, &large);
    }
}

int main(void)
{
    static struct bench b;
    const char *temporary = getenv("TMPDIR");
    snprintf(b.folder, sizeof b.folder, "%s/ntmm-bench-XXXXXX", temporary ? temporary : "/tmp");
    must(mkdtemp(b.folder) != NULL, "a temporary folder");
    snprintf(b.path, sizeof b.path, "%s/large.dmp", b.folder);
    make_dump(b.path, "/f", GB, PROCESSES);
    time_lists(&b);
    open_dump(&b);
    compare_search(&b);
    close_dump(&b);
    unlink(b.path);
    time_opening(&b);
    rmdir(b.folder);
    return 0;
}
