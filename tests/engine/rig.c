/* tests/engine/rig.c: see rig.h. */
#define _GNU_SOURCE
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRAP_VA UINT64_C(0xFFFFF80000000000)
enum { MAXPHYADDR = 40, PHYSICAL_SHIFT = 12 };

uint64_t rig_alloc(struct rig *rig)
{
    if (rig->next_frame == RIG_FRAMES) {
        abort(); /* the test is too large for the rig */
    }
    uint64_t frame = rig->next_frame++;
    memset(rig_frame(rig, frame), 0, RIG_PAGE);
    return frame;
}

void *rig_frame(struct rig *rig, uint64_t frame)
{
    return rig->ram + frame * RIG_PAGE;
}

static volatile uint64_t *entry_at(struct rig *rig, uint64_t table, uint64_t va, int level)
{
    return (volatile uint64_t *)rig_frame(rig, table) + (va >> (PHYSICAL_SHIFT + 9 * level) & 511);
}

/* The entry of `va` at level `target` (0: PTE) under the tables whose root is at `level`. */
static volatile uint64_t *entry_of(struct rig *rig, uint64_t table, uint64_t va, int level,
                                   int target, uint64_t rights)
{
    for (; level > target; level--) {
        volatile uint64_t *entry = entry_at(rig, table, va, level);
        if (!(*entry & RIG_VALID)) {
            *entry = rig_alloc(rig) << PHYSICAL_SHIFT | rights;
        }
        table = *entry >> PHYSICAL_SHIFT;
    }
    return entry_at(rig, table, va, target);
}

static int create_engine(struct rig *rig)
{
    size_t pages = rig->ops->trap_area_pages(RIG_CPUS);
    uint64_t pa[64];
    void *host[64];
    if (pages > sizeof(pa) / sizeof(pa[0])) {
        return -E2BIG;
    }
    rig->kernel_pdpt = rig_alloc(rig);
    for (size_t i = 0; i < pages; i++) {
        uint64_t frame = rig_alloc(rig);
        *entry_of(rig, rig->kernel_pdpt, TRAP_VA + i * RIG_PAGE, 2, 0, RIG_VALID | RIG_WRITE) =
            frame << PHYSICAL_SHIFT | RIG_VALID | RIG_WRITE;
        pa[i] = frame << PHYSICAL_SHIFT;
        host[i] = rig_frame(rig, frame);
    }
    const struct engine_config config = {
        .ram_fd = rig->fd,
        .ram_size = (uint64_t)RIG_FRAMES * RIG_PAGE,
        .cpus = RIG_CPUS,
        .maxphyaddr = MAXPHYADDR,
        .trap_area_va = TRAP_VA,
        .trap_area_pa = pa,
        .trap_area_host = host,
        .trap_area_pages = pages,
    };
    int rc = rig->ops->create(&config, &rig->engine);
    for (unsigned i = 0; !rc && i < RIG_CPUS; i++) {
        rc = rig->ops->cpu_create(rig->engine, i, &rig->cpu[i]);
    }
    return rc;
}

int rig_init(struct rig *rig, const struct engine_ops *ops)
{
    *rig = (struct rig){.ops = ops, .fd = memfd_create("rig", MFD_CLOEXEC)};
    const size_t size = (size_t)RIG_FRAMES * RIG_PAGE;
    if (rig->fd < 0 || ftruncate(rig->fd, (off_t)size)) {
        return -errno;
    }
    rig->ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, rig->fd, 0);
    if (rig->ram == MAP_FAILED) {
        return -errno;
    }
    int rc = create_engine(rig);
    if (rc) {
        rig_deinit(rig);
    }
    return rc;
}

void rig_deinit(struct rig *rig)
{
    for (unsigned i = 0; i < RIG_CPUS; i++) {
        if (rig->cpu[i]) {
            rig->ops->cpu_destroy(rig->cpu[i]);
        }
    }
    if (rig->engine) {
        rig->ops->destroy(rig->engine);
    }
    munmap(rig->ram, (size_t)RIG_FRAMES * RIG_PAGE);
    close(rig->fd);
}

void rig_space_init(struct rig *rig, struct rig_space *s)
{
    *s = (struct rig_space){.rig = rig, .cr3_frame = rig_alloc(rig)};
    *entry_at(rig, s->cr3_frame, TRAP_VA, 3) =
        rig->kernel_pdpt << PHYSICAL_SHIFT | RIG_VALID | RIG_WRITE;
    if (rig->ops->space_create(rig->engine, s->cr3_frame * RIG_PAGE, &s->space)) {
        abort();
    }
}

void rig_space_deinit(struct rig_space *s)
{
    s->rig->ops->space_destroy(s->space);
}

volatile uint64_t *rig_pte(struct rig_space *s, uint64_t va)
{
    return entry_of(s->rig, s->cr3_frame, va, 3, 0, RIG_RW);
}

volatile uint64_t *rig_pde(struct rig_space *s, uint64_t va)
{
    return entry_of(s->rig, s->cr3_frame, va, 3, 1, RIG_RW);
}

uint64_t rig_map(struct rig_space *s, uint64_t va, uint64_t flags)
{
    uint64_t frame = rig_alloc(s->rig);
    *rig_pte(s, va) = frame << PHYSICAL_SHIFT | flags;
    return frame;
}

void rig_code(struct rig_space *s, uint64_t offset, const void *code, size_t size)
{
    volatile uint64_t *pte = rig_pte(s, RIG_CODE + offset);
    if (!(*pte & RIG_VALID)) {
        rig_map(s, RIG_CODE + offset, RIG_RO);
    }
    memcpy((char *)rig_frame(s->rig, *pte >> PHYSICAL_SHIFT) + offset % RIG_PAGE, code, size);
}

struct engine_context rig_context(uint64_t offset)
{
    struct engine_context context = {.rip = RIG_CODE + offset};
    context.gpr[ENGINE_RSP] = RIG_STACK_TOP;
    return context;
}

struct engine_trap rig_enter(struct rig_space *s, unsigned cpu, struct engine_context *context)
{
    struct engine_trap trap;
    s->rig->ops->run(s->rig->cpu[cpu], s->space, context, &trap);
    return trap;
}

struct engine_trap rig_run_on(struct rig_space *s, unsigned cpu, struct engine_context *context)
{
    struct engine_trap trap;
    do {
        trap = rig_enter(s, cpu, context);
    } while (trap.kind == ENGINE_TRAP_KICKED);
    return trap;
}

struct engine_trap rig_run(struct rig_space *s, struct engine_context *context)
{
    return rig_run_on(s, 0, context);
}

static const struct engine_ops *engine_in_turn;

const struct engine_ops *rig_engine(void)
{
    return engine_in_turn;
}

int rig_setup(void **state, void *fixture, struct rig *rig, struct rig_space *space)
{
    struct engine_probe probe;
    *state = NULL;
    rig_engine()->probe(&probe);
    if (!probe.usable) {
        print_message("engine %s is not usable here: %s\n", rig_engine()->name, probe.why);
        return 0;
    }
    if (rig_init(rig, rig_engine())) {
        return -1;
    }
    rig_space_init(rig, space);
    *state = fixture;
    return 0;
}

void rig_teardown(struct rig *rig, struct rig_space *space)
{
    rig_space_deinit(space);
    rig_deinit(rig);
}

void *rig_fixture(void **state)
{
    if (!*state) {
        skip();
    }
    return *state;
}

int rig_each_engine(int argc, char **argv, int (*run_group)(void))
{
    int failed = 0, turns = 0;
    for (const struct engine_ops *const *e = engine_list; *e; e++) {
        if (argc < 2 || !strcmp(argv[1], (*e)->name)) {
            printf("engine %s\n", (*e)->name);
            engine_in_turn = *e;
            failed += run_group();
            turns++;
        }
    }
    return turns ? failed : 1;
}
