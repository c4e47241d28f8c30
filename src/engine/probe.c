/* src/engine/probe.c: a machine of a few pages, to find out whether an engine works here and how
 * fast.
 *
 *      frame   0      1      2     3      4      5     6     7      8      9 ..
 *              PML4   PDPT   PD    PT     PDPT   PD    PT    code   data   trap area
 *                     (user half)         (kernel half)
 *
 * The data frame is mapped at many pages, one after the other, as a program's memory becomes valid
 * when it is first touched, and is taken away again.
 */
#define _GNU_SOURCE
#include "engine/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE_SHIFT = 12,
    PAGE_SIZE = 1 << PAGE_SHIFT,
    TABLE_ENTRIES = 512,
    USER_TABLES = 1,
    KERNEL_TABLES = 4,
    CODE_FRAME = 7,
    DATA_FRAME = 8,
    TRAP_FRAME = 9,
    MAXPHYADDR = 36,
    ROUNDS = 12,
    DATA_PAGES = ROUNDS + 1,
    DR7_LOCAL_0 = 1,
    VECTOR_DEBUG = 1,
};

enum { PTE_VALID = 1 << 0, PTE_WRITE = 1 << 1, PTE_USER = 1 << 2 };

#define CODE_VA UINT64_C(0x10000)
#define DATA_VA UINT64_C(0x40000)
#define TRAP_VA UINT64_C(0xFFFFF80000000000)

/* syscall; jmp to it */
static const unsigned char code_syscall[] = {0x0F, 0x05, 0xEB, 0xFC};
/* xor eax, eax; mov [rax], al */
static const unsigned char code_fault[] = {0x31, 0xC0, 0x88, 0x00};
enum { FAULT_CODE_OFFSET = 0x10, FAULT_INSTRUCTION_OFFSET = 0x12 };
/* mov [rbx], al; add rbx, 0x1000; jmp to the mov */
static const unsigned char code_touch[] = {0x88, 0x03, 0x48, 0x81, 0xC3, 0x00,
                                           0x10, 0x00, 0x00, 0xEB, 0xF5};
enum { TOUCH_CODE_OFFSET = 0x20 };

struct trial {
    const struct engine_ops *ops;
    int fd;
    size_t size;
    uint8_t *ram;
    void **trap_host;
    uint64_t *trap_pa;
    size_t trap_pages;
    struct engine *engine;
    struct engine_space *space;
    struct engine_cpu *cpu;
    struct engine_context context;
};

static size_t index_at(uint64_t va, int level)
{
    return va >> (PAGE_SHIFT + 9 * level) & (TABLE_ENTRIES - 1);
}

/* Map `frame` at `va` through the three tables that start at frame `tables`. */
static void map(struct trial *t, uint64_t va, size_t tables, size_t frame, unsigned rights)
{
    size_t table = 0;
    for (int level = 3; level >= 0; level--) {
        size_t next = level ? tables + (size_t)(3 - level) : frame;
        uint64_t entry = (uint64_t)next << PAGE_SHIFT | PTE_VALID | rights;
        memcpy(t->ram + table * PAGE_SIZE + index_at(va, level) * sizeof(entry), &entry,
               sizeof(entry));
        table = next;
    }
}

static bool allocate(struct trial *t)
{
    t->trap_pages = t->ops->trap_area_pages(1);
    t->size = (TRAP_FRAME + t->trap_pages) * PAGE_SIZE;
    t->trap_host = calloc(t->trap_pages, sizeof(*t->trap_host));
    t->trap_pa = calloc(t->trap_pages, sizeof(*t->trap_pa));
    t->fd = memfd_create("engine-trial", MFD_CLOEXEC);
    if (!t->trap_host || !t->trap_pa || t->fd < 0 || ftruncate(t->fd, (off_t)t->size)) {
        return false;
    }
    void *ram = mmap(NULL, t->size, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
    if (ram == MAP_FAILED) {
        return false;
    }
    t->ram = ram;
    map(t, CODE_VA, USER_TABLES, CODE_FRAME, PTE_WRITE | PTE_USER);
    for (size_t i = 0; i < t->trap_pages; i++) {
        map(t, TRAP_VA + i * PAGE_SIZE, KERNEL_TABLES, TRAP_FRAME + i, PTE_WRITE);
        t->trap_host[i] = t->ram + (TRAP_FRAME + i) * PAGE_SIZE;
        t->trap_pa[i] = (TRAP_FRAME + i) * PAGE_SIZE;
    }
    uint8_t *code = t->ram + CODE_FRAME * PAGE_SIZE;
    memcpy(code, code_syscall, sizeof(code_syscall));
    memcpy(code + FAULT_CODE_OFFSET, code_fault, sizeof(code_fault));
    memcpy(code + TOUCH_CODE_OFFSET, code_touch, sizeof(code_touch));
    return true;
}

static int start(struct trial *t)
{
    const struct engine_config config = {
        .ram_fd = t->fd,
        .ram_size = t->size,
        .cpus = 1,
        .maxphyaddr = MAXPHYADDR,
        .trap_area_va = TRAP_VA,
        .trap_area_pa = t->trap_pa,
        .trap_area_host = t->trap_host,
        .trap_area_pages = t->trap_pages,
    };
    int rc = t->ops->create(&config, &t->engine);
    if (!rc) {
        rc = t->ops->space_create(t->engine, 0, &t->space);
    }
    return rc ? rc : t->ops->cpu_create(t->engine, 0, &t->cpu);
}

static void stop(struct trial *t)
{
    if (t->cpu) {
        t->ops->cpu_destroy(t->cpu);
    }
    if (t->space) {
        t->ops->space_destroy(t->space);
    }
    if (t->engine) {
        t->ops->destroy(t->engine);
    }
    if (t->ram) {
        munmap(t->ram, t->size);
    }
    if (t->fd >= 0) {
        close(t->fd);
    }
    free(t->trap_host);
    free(t->trap_pa);
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The lower quartile: other work on the host makes rounds longer, never shorter. */
static double undisturbed(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof(*values), by_value);
    return values[ROUNDS / 4];
}

/* Run until a trap, which must be `kind` with rip at `offset` of the code. */
static bool run(struct trial *t, enum engine_trap_kind kind, unsigned offset,
                struct engine_trap *trap, struct engine_probe *out)
{
    do {
        t->ops->run(t->cpu, t->space, &t->context, trap);
    } while (trap->kind == ENGINE_TRAP_KICKED);
    if (trap->kind == kind && t->context.rip == CODE_VA + offset) {
        return true;
    }
    snprintf(out->why, sizeof(out->why), "trial: trap %d (vector %u) at %#llx: %s", (int)trap->kind,
             trap->vector, (unsigned long long)t->context.rip,
             trap->reason ? trap->reason : "not what the code does");
    return false;
}

/* Run from `offset` on for ROUNDS traps, each of which must be `kind` with rip at `stop_offset`.
 * Returns microseconds per trap; negative, with out->why set, when something else came. */
static double time_traps(struct trial *t, unsigned offset, enum engine_trap_kind kind,
                         unsigned stop_offset, struct engine_probe *out)
{
    double us[ROUNDS];
    struct engine_trap trap;
    t->context.rip = CODE_VA + offset;
    if (!run(t, kind, stop_offset, &trap, out)) { /* the first one warms up */
        return -1;
    }
    for (int i = 0; i < ROUNDS; i++) {
        double from = now_us();
        if (!run(t, kind, stop_offset, &trap, out)) {
            return -1;
        }
        us[i] = now_us() - from;
    }
    return undisturbed(us);
}

static void set_data_pages(struct trial *t, uint64_t entry)
{
    uint8_t *table = t->ram + (USER_TABLES + 2) * PAGE_SIZE;
    for (unsigned i = 0; i < DATA_PAGES; i++) {
        memcpy(table + (index_at(DATA_VA, 0) + i) * sizeof(entry), &entry, sizeof(entry));
    }
}

/* Touch one page after the other, each of which becomes valid when it faults. Microseconds for
 * each; negative, with out->why set. */
static double time_touches(struct trial *t, struct engine_probe *out)
{
    double us[ROUNDS], from = 0;
    struct engine_trap trap;
    t->context.rip = CODE_VA + TOUCH_CODE_OFFSET;
    t->context.gpr[ENGINE_RBX] = DATA_VA;
    for (int i = 0; i <= ROUNDS; i++) {
        uint64_t va = DATA_VA + (uint64_t)i * PAGE_SIZE;
        if (!run(t, ENGINE_TRAP_PAGE_FAULT, TOUCH_CODE_OFFSET, &trap, out)) {
            return -1;
        }
        if (trap.address != va) {
            snprintf(out->why, sizeof(out->why), "trial: page fault at %#llx instead of %#llx",
                     (unsigned long long)trap.address, (unsigned long long)va);
            return -1;
        }
        if (i) {
            us[i - 1] = now_us() - from;
        }
        from = now_us();
        map(t, va, USER_TABLES, DATA_FRAME, PTE_WRITE | PTE_USER);
    }
    return undisturbed(us);
}

/* Take the touched pages away. Microseconds for each; negative, with out->why set, when they can
 * still be touched. */
static double time_forgetting(struct trial *t, struct engine_probe *out)
{
    struct engine_page pages[DATA_PAGES];
    struct engine_trap trap;
    for (unsigned i = 0; i < DATA_PAGES; i++) {
        pages[i] = (struct engine_page){DATA_VA + i * (uint64_t)PAGE_SIZE, DATA_FRAME};
    }
    double from = now_us();
    set_data_pages(t, 0);
    t->ops->invalidate(t->engine, t->space, pages, DATA_PAGES);
    double us = (now_us() - from) / DATA_PAGES;
    t->context.gpr[ENGINE_RBX] = DATA_VA;
    if (!run(t, ENGINE_TRAP_PAGE_FAULT, TOUCH_CODE_OFFSET, &trap, out)) {
        return -1;
    }
    if (trap.address != DATA_VA) {
        snprintf(out->why, sizeof(out->why), "trial: a page that was taken away is still there");
        return -1;
    }
    return us;
}

/* Does an execution breakpoint on the first instruction stop it? The last page fault has left RF
 * set, which would take us past it. */
static bool try_debug_registers(struct trial *t)
{
    struct engine_trap trap;
    t->context.rflags = 0;
    t->context.rip = t->context.dr[0] = CODE_VA + FAULT_CODE_OFFSET;
    t->context.dr[7] = DR7_LOCAL_0;
    t->ops->run(t->cpu, t->space, &t->context, &trap);
    t->context.dr[7] = 0;
    return trap.kind == ENGINE_TRAP_EXCEPTION && trap.vector == VECTOR_DEBUG;
}

/* => false: something came that the code does not do; out->why says what */
static bool time_all(struct trial *t, engine_exit_meter *meter, struct engine_probe *out)
{
    out->syscall_us = time_traps(t, 0, ENGINE_TRAP_SYSCALL, 2, out);
    if (out->syscall_us < 0) {
        return false;
    }
    out->fault_us =
        time_traps(t, FAULT_CODE_OFFSET, ENGINE_TRAP_PAGE_FAULT, FAULT_INSTRUCTION_OFFSET, out);
    if (out->fault_us < 0) {
        return false;
    }
    out->exit_us = meter ? meter(t->cpu, t->space, &t->context, ROUNDS) : 0;
    if (out->exit_us < 0) {
        snprintf(out->why, sizeof(out->why), "trial: bare exit: %s", strerror(-(int)out->exit_us));
        return false;
    }
    out->touch_us = time_touches(t, out);
    if (out->touch_us < 0) {
        return false;
    }
    out->forget_us = time_forgetting(t, out);
    return out->forget_us >= 0;
}

static void measure(struct trial *t, engine_exit_meter *meter, struct engine_probe *out)
{
    if (!time_all(t, meter, out)) {
        return;
    }
    out->debug_registers = try_debug_registers(t);
    out->usable = true;
    snprintf(out->why, sizeof(out->why),
             "system call %.1f us, page fault %.1f, first touch %.1f, taking a page away %.1f%s",
             out->syscall_us, out->fault_us, out->touch_us, out->forget_us,
             out->debug_registers ? "" : "; no hardware breakpoints");
}

void engine_trial(const struct engine_ops *ops, engine_exit_meter *meter, struct engine_probe *out)
{
    struct trial t = {.ops = ops, .fd = -1};
    *out = (struct engine_probe){0};
    int rc = allocate(&t) ? start(&t) : -ENOMEM;
    if (rc) {
        snprintf(out->why, sizeof(out->why), "trial machine: %s", strerror(-rc));
    } else {
        measure(&t, meter, out);
    }
    stop(&t);
}
