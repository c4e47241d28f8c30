/* src/engine/kvm_vm.h: what the files of the KVM engine share.
 *
 *      engine        a VM: RAM in memory slot 0, a page that nobody reads in slot 1
 *      engine_cpu    a vCPU, with its page of the trap area
 *      engine_space  a page directory base; KVM needs nothing else
 *
 * Fields and who may touch them:
 *   (I) immutable after creation       (R) the thread that is in `run` or `sync_context`
 *   (A) atomic                         (S) slot_lock
 *   (L) spaces_lock, which comes before slot_lock
 */
#pragma once

#include "engine/engine.h"
#include "engine/spin.h"

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define KVM_PAGE_SHIFT 12
#define KVM_PAGE_SIZE (1u << KVM_PAGE_SHIFT)

/* Segment selectors of Windows x64. `syscall` and `sysret` derive theirs from MSR_STAR, which fixes
 * the order. There is no 32-bit code segment: this engine runs 64-bit code only. */
enum kvm_selector {
    KVM_SEL_KERNEL_CODE = 0x10,
    KVM_SEL_KERNEL_DATA = 0x18,
    KVM_SEL_USER_CODE32 = 0x23, /* not present; base for STAR */
    KVM_SEL_USER_DATA = 0x2B,
    KVM_SEL_USER_CODE = 0x33,
    KVM_SEL_TSS = 0x40,
    KVM_SEL_USER_TEB32 = 0x53,
};

enum kvm_vector {
    KVM_VECTOR_DB = 1,
    KVM_VECTOR_BP = 3,
    KVM_VECTOR_OF = 4,
    KVM_VECTOR_UD = 6,
    KVM_VECTOR_DF = 8,
    KVM_VECTOR_GP = 13,
    KVM_VECTOR_PF = 14,
    KVM_VECTOR_FAST_FAIL = 0x29,
    KVM_VECTOR_ASSERTION = 0x2C,
    KVM_VECTOR_DEBUG_SERVICE = 0x2D,
    KVM_VECTOR_SYSTEM_SERVICE = 0x2E,
    KVM_VECTORS = 256,
};

/* Page-fault error code. */
enum kvm_pf {
    KVM_PF_PRESENT = 1 << 0,
    KVM_PF_WRITE = 1 << 1,
    KVM_PF_USER = 1 << 2,
    KVM_PF_FETCH = 1 << 4,
};

/* Exception frame as the CPU pushes it, behind the error code where there is one. */
struct kvm_frame {
    uint64_t rip, cs, rflags, rsp, ss;
};

struct engine {
    int kvm_fd;                /* (I) /dev/kvm */
    int vm_fd;                 /* (I) */
    char *ram;                 /* (I) KVM's own mapping of the RAM memfd */
    uint64_t ram_size;         /* (I) bytes */
    void *spare;               /* (I) the page of slot 1 */
    unsigned cpus;             /* (I) */
    size_t vcpu_mmap_size;     /* (I) */
    struct kvm_cpuid2 *cpuid;  /* (I) what guest code sees */
    uint64_t xstate;           /* (I) state components of a context, as in XCR0 */
    bool guest_xsave;          /* (I) KVM lets the guest use XSAVE: XCR0 is ours to set */
    uint64_t trap_va;          /* (I) first page of the trap area */
    void **trap_host;          /* (I) host pointer to each page of it */
    pthread_mutex_t slot_lock; /* guards slot 1 */
    unsigned spare_position;   /* (S) which of its two guest addresses slot 1 has */
    struct engine_spin spin;   /* (I) */
    uint8_t *gate;             /* (I) slot 2; NULL: there is no gate */
    size_t gate_size;          /* (I) bytes */
    uint64_t gate_pa;          /* (I) */
    pthread_mutex_t spaces_lock;
    struct engine_space *spaces; /* (L) */
    struct engine_cpu **cpu;     /* (L) [cpus] */
    unsigned blocks;             /* (L) of slot 2 that were ever used */
    uint8_t *free_blocks;        /* (L) a list of those not in use; its links are in them */
};

struct engine_space {
    struct engine *engine;     /* (I) */
    uint64_t cr3;              /* (I) the process's page directory */
    uint64_t run_cr3;          /* (I) what vCPUs get: its copy in `block` */
    uint8_t *block;            /* (I) in slot 2; NULL: none */
    atomic_uint entries_added; /* (A) to the copy, over time */
    struct engine_space *next; /* (L) */
};

struct kvm_gate_registers {
    uint64_t gpr[16], rip, rflags, gs_base, dr[8];
};

/* A processor's part in system calls that do not leave the guest; kvm_gate.c. */
struct kvm_gate {
    pthread_t runner;       /* (R) */
    bool has_runner;        /* (R) */
    bool polled;            /* (R) the runner is in KVM_RUN, `run` at the mailbox */
    bool resuming;          /* (R) the vCPU was answered, and nothing was heard since */
    atomic_bool in_service; /* (A) `run` reported what was in the mailbox */
    _Atomic(struct engine_space *) space; /* (A) which the runner was last ordered into */
    _Atomic uint32_t order, done;         /* (A) futexes: runs asked of the runner, and ended */
    atomic_bool runner_sleeps, caller_sleeps, quit; /* (A) */
    int rc;                                         /* of KVM_RUN; the runner's until `done` */
    struct kvm_gate_registers known; /* (R) what the vCPU has, if it was not forged */
    unsigned hot;                    /* (R) system calls by trap, less other traps */
    unsigned patience;               /* (R) how hot it has to be */
    unsigned failures, answers;      /* (R) */
    unsigned caller_doubt;           /* (R) */
    unsigned runner_doubt;           /* the runner's */
};

struct engine_cpu {
    struct engine *engine;          /* (I) */
    unsigned index;                 /* (I) */
    int fd;                         /* (I) */
    struct kvm_run *run;            /* (I) shared with KVM; immediate_exit is (A) */
    struct kvm_sregs user_sregs;    /* (R) ring 3, but for CR3 and GS base */
    struct engine_context *owner;   /* (R) whose x87/SSE/AVX state the vCPU holds */
    struct kvm_debugregs debugregs; /* (R) what the vCPU holds */
    bool xsave_current;             /* (R) nothing ran since */
    unsigned entries_seen;          /* (R) the space's entries_added when the guest was entered */
    _Atomic pid_t runner;           /* (A) thread inside `run`, or 0 */
    struct kvm_gate gate;
    struct kvm_xsave xsave; /* (R) last image read or written */
};

/* kvm.c */
void kvm_probe(struct engine_probe *out);

/* kvm_tables.c: descriptor tables and trap page. */

size_t kvm_trap_area_pages(unsigned cpus);
/* Fill the pages that all cpus share. */
void kvm_tables_init(struct engine *engine);
/* Fill the cpu's page and set its ring-3 sregs, starting from what KVM set up. */
void kvm_tables_init_cpu(struct engine_cpu *cpu);
/* Address of the `syscall` entry. */
uint64_t kvm_syscall_entry(const struct engine *engine);
/* Which stub of the trap page is at `rip`, before or behind its instruction? Vector number,
 * KVM_VECTORS for the `syscall` entry, -1 for neither. */
int kvm_stub_at(const struct engine *engine, uint64_t rip);
/* The exception frame that stub `vector` was entered with, given the stack pointer; NULL when that
 * is not on the cpu's own stacks. *error_code is 0 when the CPU pushed none. */
const struct kvm_frame *kvm_frame_at(const struct engine_cpu *cpu, uint64_t rsp,
                                     uint32_t *error_code);
/* May ring 3 raise `vector` with `int n`? */
bool kvm_vector_is_user(unsigned vector);

/* kvm_cpu.c: vCPUs. */

int kvm_cpu_create(struct engine *engine, unsigned index, struct engine_cpu **out);
void kvm_cpu_destroy(struct engine_cpu *cpu);
void kvm_cpu_run(struct engine_cpu *cpu, struct engine_space *space, struct engine_context *context,
                 struct engine_trap *trap);
void kvm_cpu_sync_context(struct engine_cpu *cpu, struct engine_context *context);
void kvm_cpu_kick(struct engine_cpu *cpu);
/* Enter the guest with the registers in the shared page. 0 or -errno. */
int kvm_cpu_enter(struct engine_cpu *cpu);
/* Get the vCPU out of the guest, without a kick. Any thread. */
void kvm_cpu_interrupt(struct engine_cpu *cpu);
/* The vCPU came out, by KVM_RUN's result `rc`, of code that nobody believes to run: forget it. */
void kvm_cpu_discard(struct engine_cpu *cpu, int rc);
/* Microseconds on average from entering ring 3 at `context` to the trap that its first instruction
 * raises, with nothing done but KVM_RUN: an engine_exit_meter. */
double kvm_cpu_measure_exit(struct engine_cpu *cpu, struct engine_space *space,
                            struct engine_context *context, unsigned rounds);

/* kvm_state.c: registers into and out of a vCPU. */

/* Put `context` and the space into the vCPU. 0 or -errno. */
int kvm_state_load(struct engine_cpu *cpu, const struct engine_space *space,
                   struct engine_context *context);
/* Forget what the vCPU holds: everything is loaded anew next time. */
void kvm_state_forget(struct engine_cpu *cpu);
/* RFLAGS as user code may have them. */
uint64_t kvm_state_flags(uint64_t rflags);
/* General registers of the vCPU, but for rip, rsp and flags, into `context`. */
void kvm_state_store_gprs(const struct engine_cpu *cpu, struct engine_context *context);
/* DR6 of the vCPU; it is reset for the next trap. */
uint64_t kvm_state_take_dr6(struct engine_cpu *cpu);

/* kvm_decode.c: from an exit to a trap.
 * => KVM_RUN just ended with a HLT exit or was interrupted; registers are in cpu->run->s.regs
 * => false when user code was merely interrupted; `context` has its registers either way */
bool kvm_decode(struct engine_cpu *cpu, struct engine_context *context, struct engine_trap *trap);
/* An exception that KVM was about to deliver when it was interrupted, or a system call that stands
 * at its entry, becomes the trap. */
enum kvm_undelivered {
    KVM_UNDELIVERED_NONE,
    KVM_UNDELIVERED_TRAP,   /* in *trap */
    KVM_UNDELIVERED_HIDDEN, /* there is one that KVM does not describe: run on to get it */
};
enum kvm_undelivered kvm_decode_undelivered(struct engine_cpu *cpu, struct engine_context *context,
                                            struct engine_trap *trap);

/* kvm_invalidate.c */

/* Set slot 1 up. 0 or -errno. */
int kvm_spare_slot_init(struct engine *engine);
void kvm_invalidate(struct engine *engine, struct engine_space *space,
                    const struct engine_page *pages, size_t count);
void kvm_invalidate_tables(struct engine *engine);
/* Forget all translations of all spaces. */
void kvm_forget_all(struct engine *engine);

/* kvm_gate_pages.c: the gate's pages, and the page directories that vCPUs get. */

/* Set slot 2 up. 0 or -errno; 0 also where there is no room for it. */
int kvm_gate_slot_init(struct engine *engine, unsigned maxphyaddr);
void kvm_gate_slot_deinit(struct engine *engine);
/* A new space, its cr3 and engine set: give it a page directory to run on. */
void kvm_gate_add_space(struct engine_space *space);
void kvm_gate_remove_space(struct engine_space *space);
/* Page directories may have lost entries: bring all copies up to date. */
void kvm_gate_follow_all(struct engine *engine);
/* The cpu had a page fault at `va`: was it, perhaps, that the copy lacked an entry? It has it now.
 */
bool kvm_gate_follow_fault(const struct engine_cpu *cpu, struct engine_space *space, uint64_t va);
/* The control page of a processor, as the guest sees it and as we do. NULL: the space has none. */
uint64_t kvm_gate_control_va(unsigned cpu);
uint8_t *kvm_gate_control(const struct engine_space *space, unsigned cpu);

/* kvm_gate.c: see there. */

void kvm_gate_init_cpu(struct engine_cpu *cpu);
void kvm_gate_deinit_cpu(struct engine_cpu *cpu);

enum kvm_gate_outcome {
    KVM_GATE_EXITED,    /* KVM_RUN came back: *rc */
    KVM_GATE_REQUESTED, /* a system call lies in the mailbox */
};
/* Run what is loaded. */
enum kvm_gate_outcome kvm_gate_enter(struct engine_cpu *cpu, struct engine_space *space, int *rc);
/* Read the system call from the mailbox. */
void kvm_gate_request(struct engine_cpu *cpu, struct engine_space *space,
                      struct engine_context *context, struct engine_trap *trap);
/* Answer the vCPU that waits in the gate, if that will do to have `context` go on; kvm_gate_await
 * then tells what comes next. */
bool kvm_gate_resume(struct engine_cpu *cpu, struct engine_space *space,
                     const struct engine_context *context);
enum kvm_gate_outcome kvm_gate_await(struct engine_cpu *cpu, struct engine_space *space, int *rc);
/* Have the vCPU leave the guest, so that something else can be loaded. */
void kvm_gate_stop(struct engine_cpu *cpu);
/* Wait until the runner is not in KVM_RUN. Any thread. => nobody is in `run` */
void kvm_gate_expel(struct engine_cpu *cpu);
/* No vCPU stays in the space. */
void kvm_gate_retire_space(struct engine_space *space);

/* User code trapped or was kicked at context->rip: what if that is the gate's code? */
enum kvm_gate_verdict {
    KVM_GATE_NOT_CONCERNED, /* *trap says what to report */
    KVM_GATE_SYSCALL,       /* it is a system call, `context` is as `syscall` leaves it */
    KVM_GATE_AGAIN,         /* nothing to report: load `context` and run it */
};
enum kvm_gate_verdict kvm_gate_judge(struct engine_cpu *cpu, struct engine_space *space,
                                     struct engine_context *context, struct engine_trap *trap);
