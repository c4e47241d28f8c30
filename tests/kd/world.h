/* tests/kd/world.h: a small Windows in a byte array, for the debugger to look at.
 *
 * Built from the layouts of include/nt, which the debugger never sees: it has to come to the same
 * offsets through the PDB of nt. 32 MB of RAM:
 *
 *      00187000   System's page directory, then page tables in the order in which they are needed
 *      00800000   nt, on large pages at MM_BOOT_IMAGE_START
 *      01000000   pool: processes, threads, VADs
 *      01800000   user pages, KUSER_SHARED_DATA, PFN database
 *
 * Processes: System, alpha.exe (pages described in world.c), beta.exe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kd/target.h"

#define WORLD_RAM (32u << 20)

#define WORLD_SYSTEM 0xFFFFFA8001000060ull
#define WORLD_ALPHA 0xFFFFFA8001001060ull
#define WORLD_BETA 0xFFFFFA8001002060ull
#define WORLD_THREAD 0xFFFFFA8001003060ull
#define WORLD_CODE 0x401000ull /* in alpha.exe: what the fake processor executes */

struct world {
    struct kd_target target; /* first: the ops get back from it */
    uint8_t *ram;
    uint64_t next_table;
    uint64_t alpha_directory, beta_directory;
    struct kd_registers registers;
    bool break_requested;
    struct kd_watch watch[KD_WATCHES];
    size_t watch_count;
    bool no_watches;                    /* as a host without debug registers */
    uint64_t accessed, access_is_write; /* of the last instruction: address of data; 0: none */
    unsigned resumes;
};

/* `guest`: folder with ntoskrnl.exe and its PDB. Fails the test program when it is not usable. */
struct world *world_create(const char *guest);
void world_destroy(struct world *world);

/* Host pointer to physical memory; inside RAM. */
void *world_physical(struct world *world, uint64_t pa);
void world_put(struct world *world, uint64_t pa, uint64_t value, unsigned size);
/* Physical address of a pool address. */
uint64_t world_pool(uint64_t va);
