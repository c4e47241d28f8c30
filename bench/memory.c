/* bench/memory.c: see memory.h. */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

ntmm_machine *our_machine(uint64_t ram_size)
{
    char error[256];
    ntmm_machine *machine;
    const ntmm_options options = {.ram_size = ram_size,
                                  .engine = "none",
                                  .log_level = NTMM_LOG_WARNING,
                                  .system_root = getenv("NTMM_SYSTEM")};
    if (ntmm_machine_create(&options, &machine, error, sizeof error) < 0) {
        fprintf(stderr, "bench: %s\n", error);
        exit(1);
    }
    return machine;
}

ntmm_process *our_process(ntmm_machine *machine)
{
    ntmm_process *process;
    must(ntmm_process_create(machine, NULL, &process, NULL, 0) >= 0, "process");
    return process;
}

uint64_t our_allocate_at(ntmm_process *process, uint64_t base, uint64_t size, uint32_t type)
{
    must(ntmm_allocate(process, &base, 0, &size, type, NTMM_PAGE_READWRITE) >= 0, "allocate");
    return base;
}

uint64_t our_allocate(ntmm_process *process, uint64_t size, uint32_t type)
{
    return our_allocate_at(process, 0, size, type);
}

void our_release(ntmm_process *process, uint64_t base)
{
    uint64_t size = 0;
    must(ntmm_free(process, &base, &size, NTMM_MEM_RELEASE) >= 0, "free");
}

void our_decommit(ntmm_process *process, uint64_t base, uint64_t size)
{
    must(ntmm_free(process, &base, &size, NTMM_MEM_DECOMMIT) >= 0, "decommit");
}

void our_touch(ntmm_process *process, uint64_t base, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += PAGE) {
        must(ntmm_touch(process, base + at, NTMM_WRITE) >= 0, "touch");
    }
}

void our_protect(ntmm_process *process, uint64_t base, uint64_t size, uint32_t protect)
{
    uint32_t old;
    must(ntmm_protect(process, &base, &size, protect, &old) >= 0, "protect");
}

void our_query(ntmm_process *process, uint64_t address)
{
    ntmm_region region;
    must(ntmm_query(process, address, &region) >= 0, "query");
}

char *linux_map(uint64_t size, int protection)
{
    char *p = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(p != MAP_FAILED, "mmap");
    return p;
}

void linux_touch(char *p, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += PAGE) {
        ((volatile char *)p)[at] = 1;
    }
}
