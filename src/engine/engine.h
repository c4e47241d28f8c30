/* src/engine/engine.h: what runs ring-3 code.
 *
 * An engine executes user instructions on the page tables found at a page directory base, and comes
 * back with a trap whenever the kernel has to act. It knows nothing of NT: no processes, no
 * handles, no statuses. Errors are negative errno values.
 *
 *      engine        one per machine; knows the RAM
 *      engine_space  one address space: a page directory base (CR3)
 *      engine_cpu    one virtual processor; runs one context at a time, on one host thread at a
 *                    time
 *      context       registers of one thread, owned by the caller
 *
 * A thread that gives up its processor calls sync_context first: the processor may hold part of its
 * registers. A thread should get the processor back that it had: engines keep what they can there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct engine_space;
struct engine_cpu;

/* User-mode registers of a thread. GPRs in hardware encoding order: rax rcx rdx rbx rsp rbp rsi rdi
 * r8..r15. `xsave` is a standard-format (not compacted) XSAVE image of x87, SSE and AVX state. */
enum {
    ENGINE_RAX,
    ENGINE_RCX,
    ENGINE_RDX,
    ENGINE_RBX,
    ENGINE_RSP,
    ENGINE_RBP,
    ENGINE_RSI,
    ENGINE_RDI
};

struct engine_context {
    uint64_t gpr[16];
    uint64_t rip;
    uint64_t rflags;  /* only user-changeable flags are honoured; IF and bit 1 are always set */
    uint64_t gs_base; /* TEB */
    uint64_t dr[8];   /* dr0-3, dr6, dr7; 4 and 5 unused */
    uint8_t xsave[1024] __attribute__((aligned(64)));
    bool xsave_valid;     /* in: `xsave` is to be loaded (else the engine keeps what it has or the
                             initial state). Out: `xsave` is current */
    void *engine_private; /* the engine's; NULL at first */
};

enum engine_trap_kind {
    ENGINE_TRAP_SYSCALL, /* `syscall` with the number in rax; rip is behind it, r10 = 1st arg. When
                            it came by the gate, only rip, rax, rcx, rdx, rsp, r8, r9 and r10
                            are there, until sync_context or another kind of trap */
    ENGINE_TRAP_PAGE_FAULT, /* address, error_code; rip at the instruction */
    ENGINE_TRAP_EXCEPTION,  /* vector, error_code; rip as the CPU leaves it (int3: behind it) */
    ENGINE_TRAP_KICKED,     /* engine_kick, or a signal: nothing happened */
    ENGINE_TRAP_FAILED,     /* the engine broke: `reason` says how */
};

struct engine_trap {
    enum engine_trap_kind kind;
    uint8_t vector;      /* EXCEPTION: 0-31, or N of `int N` that the CPU let through */
    uint32_t error_code; /* PAGE_FAULT and exceptions that have one: the CPU's */
    uint64_t address;    /* PAGE_FAULT: CR2 */
    uint64_t dr6;        /* vector 1: which condition */
    const char *reason;
};

/* Memory that the engine needs inside the guest's kernel half (descriptor tables, trap page,
 * stacks): supervisor pages, identical in every address space, contiguous in kernel VA. */
struct engine_config {
    int ram_fd;                   /* memfd with guest RAM */
    uint64_t ram_size;            /* bytes */
    unsigned cpus;                /* virtual processors that will be created */
    unsigned maxphyaddr;          /* 36..52 */
    uint64_t trap_area_va;        /* kernel VA of the first page, writable and executable */
    const uint64_t *trap_area_pa; /* physical address of each page */
    void *const *trap_area_host;  /* host pointer to each page */
    size_t trap_area_pages;       /* at least ops->trap_area_pages(cpus) */
    /* Optional. Called from `run` while user code goes on after a page fault and the host thread
     * would only wait: time for a microsecond of work that makes the next fault cheaper. */
    void (*while_waiting)(void *owner);
    void *owner;
};

/* What a quick trial on this host found; shown by `ntmm doctor`. */
struct engine_probe {
    bool usable;
    bool debug_registers; /* dr0-dr3 of a context stop it; some nested hosts ignore them */
    char why[160];        /* why not, or what was found */
    double syscall_us;    /* one system call there and back */
    double fault_us;      /* one page fault there and back, nothing being mapped */
    double touch_us;      /* first touch of a page: fault, its PTE made valid, touched again */
    double forget_us;     /* `invalidate` of one page, several at once */
    double exit_us; /* that fault with nothing done about it but leave and enter; 0: no such */
};

/* A user page whose leaf PTE was cleared, weakened or pointed elsewhere. */
struct engine_page {
    uint64_t va;
    uint64_t pfn; /* the frame it mapped before */
};

struct engine_ops {
    const char *name;
    /* User code that jumps to this address, outside of its own half, makes a system call as
     * `syscall` does, and goes on where rcx says; for less than `syscall` costs here. 0: no such */
    uint64_t gate;
    void (*probe)(struct engine_probe *out);
    size_t (*trap_area_pages)(unsigned cpus);
    int (*create)(const struct engine_config *config, struct engine **out);
    void (*destroy)(struct engine *engine);

    int (*space_create)(struct engine *engine, uint64_t cr3, struct engine_space **out);
    void (*space_destroy)(struct engine_space *space);
    /* No context will run in the space any more, so the engine may begin to take it apart;
     * space_destroy is still to come. Optional (NULL); any thread. */
    void (*space_retire)(struct engine_space *space);

    /* Each index (below config->cpus) once in the life of an engine. */
    int (*cpu_create)(struct engine *engine, unsigned index, struct engine_cpu **out);
    void (*cpu_destroy)(struct engine_cpu *cpu);

    /* Run `context` until a trap. => called by one host thread at a time per cpu */
    void (*run)(struct engine_cpu *cpu, struct engine_space *space, struct engine_context *context,
                struct engine_trap *trap);
    /* Bring lazily kept parts of `context` (xsave; other registers in a call by the gate) up to
     * date; what `run` returned stays valid until another context runs on the cpu, so call it
     * before that, before reading them, and before changing any register but those of a call. */
    void (*sync_context)(struct engine_cpu *cpu, struct engine_context *context);
    /* Make the cpu's present or next `run` return KICKED. Any thread. */
    void (*kick)(struct engine_cpu *cpu);

    /* Leaf PTEs of `space` changed: forget the translations of these pages, on all cpus, before
     * returning. A PTE that only became valid needs no call. Any thread, also while cpus run. */
    void (*invalidate)(struct engine *engine, struct engine_space *space,
                       const struct engine_page *pages, size_t count);
    /* Page-table pages are about to be reused for something else: forget everything derived from
     * them. Dearer; callers batch. */
    void (*invalidate_tables)(struct engine *engine);
};

/* Real-time signal (SIGRTMIN + this) that gets a host thread out of an engine. The handler does
 * nothing; it is installed, and the signal unblocked for the calling thread, by the first `run`. */
#define ENGINE_KICK_SIGNAL_OFFSET 5

extern const struct engine_ops engine_kvm, engine_native;

/* The engines that were built; NULL-terminated. */
enum { ENGINE_COUNT = 2 };
extern const struct engine_ops *const engine_list[];

/* The engine of that name; NULL: there is none. */
const struct engine_ops *engine_named(const char *name);

/* ---- which one to take ----
 *
 * "auto" is the engine on which a program's system calls, first touches and given back pages cost
 * least, by a trial of all of them on this host; for a debugger, one that has hardware breakpoints
 * comes first. A trial takes milliseconds, so its figures are kept for the next starts (recall.h).
 */

/* What a program's mix of traps costs, in microseconds for each system call. */
double engine_cost(const struct engine_probe *probe);
/* Index in engine_list; ENGINE_COUNT: none is usable. */
unsigned engine_best(const struct engine_probe probes[ENGINE_COUNT], bool debugger);
/* Try all engines now. */
void engine_measure(struct engine_probe probes[ENGINE_COUNT]);
/* "auto" by figures of a trial that may be some minutes old; without such, by a new one. NULL: none
 * is usable. What it says may be out of date: when that engine does not start, use engine_choose.
 */
const struct engine_ops *engine_guess(bool debugger);
/* Find the engine `name`, or with "auto" the best one, by a trial now. What it found goes to
 * *probe, also on failure.
 * => 0, -ENOENT (no such name), -ENODEV (not usable on this host: probe->why) */
int engine_choose(const char *name, bool debugger, const struct engine_ops **out,
                  struct engine_probe *probe);
