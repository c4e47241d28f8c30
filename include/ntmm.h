/* ntmm.h: the Windows NT memory manager as a library.
 *
 * A machine is guest RAM with an NT memory manager in it. It can be used without any engine (then
 * nothing runs; processes are address spaces to allocate, map, read and write in), or with one, and
 * then runs Windows programs. Several machines may live in one host process.
 *
 *      ntmm_machine *m;
 *      ntmm_machine_create(&(ntmm_options){.ram_size = 64 << 20, .engine = "none"}, &m, NULL, 0);
 *      ntmm_process *p;
 *      ntmm_process_create(m, NULL, &p, NULL, 0);
 *      uint64_t base = 0, size = 4096;
 *      ntmm_allocate(p, &base, 0, &size, NTMM_MEM_RESERVE | NTMM_MEM_COMMIT, NTMM_PAGE_READWRITE);
 *      ntmm_write(p, base, "hello", 5, NULL);
 *
 * Paged pool really pages: when a machine runs short of memory, parts of its kernel's memory are
 * taken from the host's address space, and come back when the library touches them. For that it
 * handles SIGSEGV, from the creation of the first machine on and for good; a signal that is not
 * about a machine's memory goes on to the handler that was there before, as if the library were
 * not. So
 *
 *   - a program with a handler of its own installs it before the first machine is created. One that
 *     comes later must pass on what it does not know to the handler that sigaction gave it; the
 *     library also takes the signal again when it finds that somebody else has it.
 *   - no thread calls the library with SIGSEGV blocked.
 *   - the handler runs on the thread's own stack, not on an alternate one: a handler that reports
 *     stack overflows has to be asked before it, and pass on the rest.
 *   - in gdb: handle SIGSEGV nostop noprint pass.
 *
 * A machine without a paging file (pagefile_size below two pages) never needs it.
 *
 * Calls return an NTSTATUS (negative: failed), the one that Windows documents for the service of
 * that name. All functions may be called from any thread unless they say otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ntmm_machine ntmm_machine;
typedef struct ntmm_process ntmm_process;
typedef struct ntmm_section ntmm_section;
typedef int32_t ntmm_status;

enum { NTMM_LOG_ERROR, NTMM_LOG_WARNING, NTMM_LOG_INFO, NTMM_LOG_DEBUG };

/* A folder of the host that the guest sees. */
typedef struct {
    const char *guest; /* "C:\\data" */
    const char *host;
    bool writable; /* else writes go to an overlay that is thrown away */
} ntmm_mount;

/* A page file: as large at first, in bytes, and as large as it may grow (0: it does not). */
typedef struct {
    uint64_t minimum, maximum;
} ntmm_pagefile;

#define NTMM_PAGEFILES 16 /* at most */

struct kd_target;

typedef struct {
    uint64_t ram_size;              /* bytes, multiple of 2 MB; 0: 512 MB */
    uint64_t pagefile_size;         /* bytes that the commit limit counts beside RAM; 0: 1 GB */
    const ntmm_pagefile *pagefiles; /* instead: several; read when the machine is made */
    size_t pagefile_count;
    unsigned maxphyaddr; /* 36..52; 0: 40 */
    unsigned cpus;       /* virtual processors; 0: those of the host, at most 8 */
    const char *engine;  /* "auto", "kvm", "none"; NULL: "none" */
    const char
        *system_root; /* folder with ntoskrnl.exe, ntdll.dll, ...; NULL: beside the command */
    const char *work; /* host folder seen as C:\work; NULL: none */
    bool work_writable;
    const ntmm_mount *mounts;
    size_t mount_count;
    bool system_processes; /* start those of a booted Windows (smss.exe ... explorer.exe), too;
                              needs an engine */
    const int *console; /* host descriptors of the programs' standard input, output and error, -1:
                           none; NULL: those of this process. They stay the caller's */
    /* The machine has bugchecked and stands still for good: called by the host thread that found it
     * broken, before the process ends or the debugger is told. May look at `target`
     * (kd/target.h), may not call anything here. NULL: nobody wants to know */
    void (*crashed)(void *context, struct kd_target *target);
    void *crashed_context;
    bool debugger; /* processes stop before their first instruction; see ntmm_debug_target */
    int log_level;
    void (*log)(void *context, int level, const char *message); /* NULL: standard error */
    void *log_context;
} ntmm_options;

/* A program of the host to run. */
typedef struct {
    const char *path;             /* of the .exe, on the host */
    const char *const *arguments; /* without the program's own name; UTF-8 */
    size_t argument_count;
    const char *command_line; /* instead of arguments: everything after the program's name */
} ntmm_program;

/* ---- machines ---- */

/* `error` (may be NULL) gets one line when it fails. */
ntmm_status ntmm_machine_create(const ntmm_options *options, ntmm_machine **machine, char *error,
                                size_t error_size);
/* A machine whose kernel finds itself inconsistent (a bugcheck) reports it on standard error and
 * ends this process with this code, unless a debugger is attached (ntmm_debug_target). */
enum { NTMM_EXIT_BUG_CHECK = 70 };
/* Ends what still runs. Every ntmm_process of it must be released before. */
void ntmm_machine_destroy(ntmm_machine *machine);
const char *ntmm_machine_engine(const ntmm_machine *machine); /* "kvm", ...; NULL: none */

/* ---- processes ---- */

/* `program` NULL: an empty process without threads. Else a stopped one, to be started. */
ntmm_status ntmm_process_create(ntmm_machine *machine, const ntmm_program *program,
                                ntmm_process **process, char *error, size_t error_size);
/* Let a program's first thread run. */
ntmm_status ntmm_process_start(ntmm_process *process);
/* Wait until the process has ended. */
ntmm_status ntmm_process_wait(ntmm_process *process, ntmm_status *exit_status);
ntmm_status ntmm_process_terminate(ntmm_process *process, ntmm_status exit_status);
/* The caller is done with it. A process without threads ends with that. */
void ntmm_process_release(ntmm_process *process);
uint64_t ntmm_process_id(const ntmm_process *process);
/* Wait until every program has ended: those that were created here, and those that they created. */
void ntmm_wait_all(ntmm_machine *machine);
/* End every program; none begins any more. */
void ntmm_terminate_all(ntmm_machine *machine, ntmm_status exit_status);

/* ---- virtual memory of a process ---- */

enum {
    NTMM_MEM_COMMIT = 0x1000,
    NTMM_MEM_RESERVE = 0x2000,
    NTMM_MEM_DECOMMIT = 0x4000,
    NTMM_MEM_RELEASE = 0x8000,
    NTMM_MEM_TOP_DOWN = 0x100000,
    NTMM_PAGE_NOACCESS = 0x01,
    NTMM_PAGE_READONLY = 0x02,
    NTMM_PAGE_READWRITE = 0x04,
    NTMM_PAGE_EXECUTE = 0x10,
    NTMM_PAGE_EXECUTE_READ = 0x20,
    NTMM_PAGE_EXECUTE_READWRITE = 0x40,
    NTMM_PAGE_GUARD = 0x100,
};

/* What VirtualQuery tells. */
typedef struct {
    uint64_t base, allocation_base;
    uint32_t allocation_protect;
    uint64_t size;
    uint32_t state, protect, type;
} ntmm_region;

ntmm_status ntmm_allocate(ntmm_process *process, uint64_t *base, uint64_t zero_bits, uint64_t *size,
                          uint32_t type, uint32_t protect);
ntmm_status ntmm_free(ntmm_process *process, uint64_t *base, uint64_t *size, uint32_t type);
ntmm_status ntmm_protect(ntmm_process *process, uint64_t *base, uint64_t *size, uint32_t protect,
                         uint32_t *old_protect);
ntmm_status ntmm_query(ntmm_process *process, uint64_t address, ntmm_region *region);
/* As the program itself would access it: faults pages in, honours protections. *done (may be NULL)
 * is how many bytes were copied; STATUS_PARTIAL_COPY when not all. */
ntmm_status ntmm_read(ntmm_process *process, uint64_t address, void *buffer, size_t size,
                      size_t *done);
ntmm_status ntmm_write(ntmm_process *process, uint64_t address, const void *buffer, size_t size,
                       size_t *done);
/* One access of user code: NTMM_READ, _WRITE or _EXECUTE; the status of the exception it raises. */
enum { NTMM_READ, NTMM_WRITE, NTMM_EXECUTE };
ntmm_status ntmm_touch(ntmm_process *process, uint64_t address, int access);
/* The physical address behind a virtual one, without faulting; false when no page is there. */
bool ntmm_translate(ntmm_process *process, uint64_t address, uint64_t *physical);

/* ---- sections: memory that processes share ---- */

/* `size` bytes, all of it committed; `protect` is the most that a view may be mapped with. */
ntmm_status ntmm_section_create(ntmm_machine *machine, uint64_t size, uint32_t protect,
                                ntmm_section **section);
/* The caller is done with it. Views that are still mapped keep its memory. */
void ntmm_section_release(ntmm_section *section);
/* Map `*size` bytes (0: up to the end) from `offset` on at `*base` (0: where there is room). */
ntmm_status ntmm_map_view(ntmm_process *process, ntmm_section *section, uint64_t *base,
                          uint64_t offset, uint64_t *size, uint32_t protect);
/* `base` may be any address in the view. */
ntmm_status ntmm_unmap_view(ntmm_process *process, uint64_t base);

/* ---- the whole machine ---- */

/* Guest RAM, physical address 0 first. */
const uint8_t *ntmm_ram(const ntmm_machine *machine, uint64_t *size);

typedef struct {
    uint64_t total_pages, available_pages;
    uint64_t zeroed, free, standby, modified, modified_no_write, bad, active;
    uint64_t committed_pages, commit_limit;
    uint64_t nonpaged_pool_bytes, paged_pool_bytes, page_table_pages;
    uint64_t faults, demand_zero_faults;
} ntmm_statistics;
void ntmm_get_statistics(ntmm_machine *machine, ntmm_statistics *statistics);
/* Finish what is deferred: threads of ended programs have left, frames waiting for the engine and
 * pool pages kept for growth are released, free pages zeroed. Statistics before some work and after
 * it was undone then agree. */
void ntmm_settle(ntmm_machine *machine);

/* Check every invariant of the whole state; the number of violations, each of them logged. Programs
 * that run stand still meanwhile (with a debugger: only if it stopped them). */
size_t ntmm_check(ntmm_machine *machine);

/* The machine as the debugger sees it (kd/target.h). => options.debugger was set */
struct kd_target *ntmm_debug_target(ntmm_machine *machine);
/* The debugger is done: all programs end, without running on. */
void ntmm_debug_end(ntmm_machine *machine);

#ifdef __cplusplus
}
#endif
