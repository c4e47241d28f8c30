/* tests/machine/support.h: machines that run programs, and the programs; see programs/. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chance.h"
#include "nt/status.h"
#include "ntmm.h"

#define MB (1ull << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* What the machine logged. */
struct log_lines {
    size_t count;
    char last[256];
};

/* A machine with the engine that NTMM_ENGINE names (without it, the one that suits the host), or,
 * when it cannot be used here, the end of the test as skipped. `pagefile` 0 is the default; 1 is as
 * good as none. */
ntmm_machine *machine_create(unsigned cpus, uint64_t ram, uint64_t pagefile,
                             struct log_lines *lines);
/* The same with a folder of the host as C:\work; unless it is writable, what is written is thrown
 * away. */
ntmm_machine *machine_create_in(const char *work, bool writable, unsigned cpus, uint64_t ram,
                                uint64_t pagefile);
/* The same without an engine: programs can be mapped, not run. */
ntmm_machine *machine_create_idle(uint64_t ram);
/* Checks every invariant first. */
void machine_destroy(ntmm_machine *machine);

#define PROGRAM(name) NTMM_PROGRAMS "/" name ".exe"

/* A process with one argument or none, not started. */
ntmm_process *create(ntmm_machine *machine, const char *path, const char *argument);
ntmm_process *start(ntmm_machine *machine, const char *path, const char *argument);
/* Wait for it, release it. => its exit status */
ntmm_status finish(ntmm_process *process);

/* Statistics once nothing is deferred any more. */
ntmm_statistics settled(ntmm_machine *machine);
void assert_same_counts(const ntmm_statistics *a, const ntmm_statistics *b);

#define assert_status(expected, call) assert_int_equal((uint32_t)(expected), (uint32_t)(call))
#define assert_ok(call) assert_status(STATUS_SUCCESS, call)
