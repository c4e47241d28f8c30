/* bench/memory.h: memory calls of include/ntmm.h, and Linux's that do the same, as the benchmarks
 * make them. What fails ends the benchmark. */
#pragma once

#include <stdint.h>

#include "ntmm.h"

#define PAGE 4096ull
#define KB 1024ull
#define MB (1024 * KB)

void must(int ok, const char *what);

/* A machine without an engine. */
ntmm_machine *our_machine(uint64_t ram_size);
ntmm_process *our_process(ntmm_machine *machine);

/* `type` is NTMM_MEM_*; readable and writable. => the base */
uint64_t our_allocate(ntmm_process *process, uint64_t size, uint32_t type);
uint64_t our_allocate_at(ntmm_process *process, uint64_t base, uint64_t size, uint32_t type);
void our_release(ntmm_process *process, uint64_t base);
void our_decommit(ntmm_process *process, uint64_t base, uint64_t size);
void our_touch(ntmm_process *process, uint64_t base, uint64_t size);
void our_protect(ntmm_process *process, uint64_t base, uint64_t size, uint32_t protect);
void our_query(ntmm_process *process, uint64_t address);

char *linux_map(uint64_t size, int protection);
void linux_touch(char *p, uint64_t size);
