/* tests/engine/rig.h: a machine of 4 MB without an operating system, for tests of engines.
 *
 * Page tables are built by hand in the RAM memfd. A space has its own user half; the kernel half
 * (the trap area) is one set of tables that all spaces share.
 */
#pragma once

#include "engine/engine.h"

enum { RIG_PAGE = 4096, RIG_FRAMES = 1024, RIG_CPUS = 2 };

enum rig_pte {
    RIG_VALID = 1 << 0,
    RIG_WRITE = 1 << 1,
    RIG_USER = 1 << 2,
    RIG_ACCESSED = 1 << 5,
    RIG_DIRTY = 1 << 6,
};
#define RIG_NX (UINT64_C(1) << 63)
#define RIG_RW (RIG_VALID | RIG_WRITE | RIG_USER)
#define RIG_RO (RIG_VALID | RIG_USER)

#define RIG_CODE UINT64_C(0x10000)
#define RIG_DATA UINT64_C(0x40000000)
#define RIG_STACK_TOP UINT64_C(0x7FF00000)

struct rig {
    const struct engine_ops *ops;
    int fd;
    uint8_t *ram;
    uint64_t next_frame;
    uint64_t kernel_pdpt; /* frame */
    struct engine *engine;
    struct engine_cpu *cpu[RIG_CPUS];
};

struct rig_space {
    struct rig *rig;
    uint64_t cr3_frame;
    struct engine_space *space;
};

/* 0 or -errno. */
int rig_init(struct rig *rig, const struct engine_ops *ops);
void rig_deinit(struct rig *rig);

uint64_t rig_alloc(struct rig *rig); /* a zeroed frame */
void *rig_frame(struct rig *rig, uint64_t frame);

void rig_space_init(struct rig *rig, struct rig_space *s);
void rig_space_deinit(struct rig_space *s);
/* The leaf PTE of `va`, its tables made as needed. */
volatile uint64_t *rig_pte(struct rig_space *s, uint64_t va);
/* The page directory entry of `va`, likewise (without the table below it). */
volatile uint64_t *rig_pde(struct rig_space *s, uint64_t va);
/* Map a new frame at `va`; returns the frame. */
uint64_t rig_map(struct rig_space *s, uint64_t va, uint64_t flags);
/* Put code at RIG_CODE + offset, mapped readable. */
void rig_code(struct rig_space *s, uint64_t offset, const void *code, size_t size);

/* Registers of a new thread at RIG_CODE + offset. */
struct engine_context rig_context(uint64_t offset);
/* Run on a cpu until a trap of whatever kind. */
struct engine_trap rig_enter(struct rig_space *s, unsigned cpu, struct engine_context *context);
/* Run on a cpu until something other than a stray kick; on cpu 0. */
struct engine_trap rig_run_on(struct rig_space *s, unsigned cpu, struct engine_context *context);
struct engine_trap rig_run(struct rig_space *s, struct engine_context *context);

/* What most fixtures begin with: `rig` and one space, and *state is `fixture`. Where the engine
 * cannot be used it says so and *state is NULL, which rig_fixture takes for "skip". 0 or -1. */
int rig_setup(void **state, void *fixture, struct rig *rig, struct rig_space *space);
void rig_teardown(struct rig *rig, struct rig_space *space);
/* *state, or the test is skipped. */
void *rig_fixture(void **state);

/* Call `run_group` with each engine that was built in turn, or with the one named by the only
 * argument. Returns the sum of the results; 1 when there is no such engine. */
int rig_each_engine(int argc, char **argv, int (*run_group)(void));
/* The engine whose turn it is. */
const struct engine_ops *rig_engine(void);
