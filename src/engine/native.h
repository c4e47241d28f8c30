/* src/engine/native.h: the parts of the native engine.
 *
 *      native.c          engine, its operations
 *      native_sandbox.c  a space's Linux process: birth, tasks, end
 *      native_orders.c   having a task of it map and unmap
 *      native_shadow.c   what of the page tables is mapped there
 *      native_ahead.c    what is mapped before it is touched, closed
 *      native_cpu.c      a processor: into user code and back, kicks, x87/SSE/AVX state
 *      native_gate.c     system calls through the gate
 *      native_wait.c     waiting for a task's event
 *      native_trap.c     from a signal frame to a trap
 *      native_watch.c    hardware breakpoints, by the rights of pages
 *      native_access.c   which memory an instruction touches
 *      native_stub.S     the code inside the sandbox
 *
 * docs/native.md tells how they work together, and why the guest cannot get out.
 *
 * Locks, in this order: engine.lock, space.lock, cpu.lock.
 *   (I) immutable after creation   (E) engine.lock   (S) space.lock
 *   (C) cpu.lock                   (R) the one host thread that runs the cpu   (A) atomic
 */
#pragma once

#include "engine/engine.h"
#include "engine/native_stub.h"
#include "engine/spin.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <time.h>

enum { NATIVE_PAGE_SHIFT = 12, NATIVE_PAGE_SIZE = 1 << NATIVE_PAGE_SHIFT };

/* Where user code may jump for a system call. */
#define NATIVE_GATE (STUB_BASE + (uint64_t)STUB_GATE)

/* First address that is not the guest's. */
#define NATIVE_GUEST_END (UINT64_C(1) << 43)

enum {
    NATIVE_VECTOR_DE = 0,
    NATIVE_VECTOR_DB = 1,
    NATIVE_VECTOR_BP = 3,
    NATIVE_VECTOR_OF = 4,
    NATIVE_VECTOR_UD = 6,
    NATIVE_VECTOR_GP = 13,
    NATIVE_VECTOR_PF = 14,
};

struct engine {
    uint8_t *ram;        /* (I) */
    uint64_t ram_size;   /* (I) bytes */
    unsigned maxphyaddr; /* (I) */
    unsigned cpus;       /* (I) */
    int ram_fd;          /* (I) own duplicate */
    int stub_fd;         /* (I) the stub's executable */
    size_t pages_max;    /* (I) mapped in one sandbox; Linux limits the number of mappings */
    pthread_mutex_t lock;
    struct engine_space *spaces;        /* (E) */
    struct engine_cpu **cpu;            /* (E) [cpus] */
    struct engine_spin spin;            /* (I) how long either side looks before it sleeps */
    void (*while_waiting)(void *owner); /* (I) NULL: none */
    void *owner;                        /* (I) */
};

/* The registers that a signal frame holds, in its order (struct sigcontext). */
struct native_frame {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip,
        rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error_code, trapno, old_mask, cr2, fpstate;
};

/* Orders for one performer: the mapper, or a guest task. (S) but for what `at` points to, which the
 * performer reads, and answers in. */
struct native_book {
    uint8_t *at, *orders;     /* in the areas */
    unsigned capacity, count; /* orders; those that are not handed over yet */
    uint32_t set;             /* number of the last set that was */
    bool late;                /* that set may be answered late, and was not asked for yet */
    struct native_task *task; /* NULL: the mapper's */
};

struct native_fault {
    const struct engine_context *context; /* NULL: none */
    uint64_t rip, address;
    uint32_t error_code;
};

/* Pages that are mapped ahead, closed (native_ahead.c). */
struct native_ahead {
    uint64_t va, end;          /* those behind the last one that was opened; equal: none */
    uint64_t pa;               /* of the one at `va` */
    uint64_t next_va, next_pa; /* behind the page that was mapped last */
    size_t opened;             /* so many of them were */
};

/* A guest task of a sandbox: the processor `index` in this space. */
struct native_task {
    uint8_t *area;             /* (I) its area, as the engine maps it */
    struct native_book book;   /* (S) */
    struct native_ahead ahead; /* (S) */
    _Atomic pid_t tid;         /* (A) not 0: it is there, and `area` and `book` are valid */
    atomic_bool running;       /* (A) ordered to go on, and no event came yet */
    uint32_t order;            /* (R) number of the last order to go on */
    uint64_t frame;            /* (R) offset in the area of the last signal's; 0: none yet */
    uint64_t fpstate;          /* (R) offset in the area of the state that the last frame saved */
    uint64_t run_ticks, service_ticks; /* (R) average times in user code, and in between */
    uint64_t event_at;                 /* (R) time stamp; 0: not taken */
    uint32_t control[STUB_REGISTERS / sizeof(uint32_t)]; /* (R) what its first line was told */
    uint64_t gs_base;                                    /* (R) likewise */
    unsigned event_doubt, order_doubt; /* (R) how often waits are halved: looking did not help */
    bool image_loaded; /* (R) false: the state is still in the image, the task did not load it */
    bool is_watched;   /* (R) the last page fault was a watched access, and is... */
    struct native_fault watched; /* (R) ... this one; no context */
    uint64_t bus_va;             /* (R) the page of the last SIGBUS, */
    unsigned bus_left;           /* (R) and how many more it may have before any other event */
};

struct native_sandbox {
    pid_t pid;     /* 0: none (yet) */
    int line;      /* to the watcher, which ends when this is closed */
    int userfault; /* (S) the process's userfaultfd; -1: none; see native_sandbox_userfault */
    bool asked_userfault; /* (S) */
    uint8_t *areas;
    int areas_fd;
    size_t areas_size;
    struct native_book mapper;
    struct native_birth *birth; /* what the process needs until it has executed the stub */
    unsigned task_begun;        /* (S) the task that the mapper was told to make last */
};

#define NATIVE_NO_TASK UINT32_MAX /* no task was begun that is not finished */

struct native_shadow {
    uint64_t ***directories; /* [va / 1 GB][va / 2 MB % 512][va / 4 KB % 512] */
    size_t pages;            /* mapped */
};

struct engine_space {
    struct engine *engine;     /* (I) */
    uint64_t cr3;              /* (I) */
    struct engine_space *next; /* (E) */
    pthread_mutex_t lock;
    struct native_sandbox sandbox;    /* (S), but for pid and areas: (I) once it is started */
    struct native_shadow shadow;      /* (S) */
    struct native_task *tasks;        /* (I) [engine->cpus] */
    _Atomic unsigned last_stopped;    /* (A) task that had the last event */
    atomic_bool dead;                 /* (A) the sandbox failed, and with it the space */
    struct engine_cpu **watchers;     /* (S) [engine->cpus] those whose context watches memory */
    unsigned inside_or_held;          /* (S) their number */
    unsigned inside;                  /* (S) of them, those that may be in user code */
    const struct native_task *window; /* (S) it executes an instruction alone; NULL: none does */
    pthread_cond_t watch_changed;     /* (S) */
};

enum { NATIVE_WATCHES = 4 };

/* What a debug register watches: no bytes, if no right is withheld. */
struct native_watch {
    uint64_t va;
    unsigned length; /* bytes; never more than one page's */
    int withheld;    /* PROT_* that its page is mapped without */
    bool execute;
};

/* What a call through the gate brings at once; in the order of STUB_CALL. */
struct native_call {
    uint64_t rax, rip, rsp, r10, rdx, r8, r9;
};

struct engine_cpu {
    struct engine *engine; /* (I) */
    unsigned index;        /* (I) */
    atomic_bool kicked;    /* (A) a kick waits to be reported */
    pthread_mutex_t lock;
    pid_t running_pid, running_tid;            /* (C) the task that runs user code; 0: none */
    const struct engine_context *owner;        /* (R) whose x87/SSE/AVX state is in owner_task */
    struct engine_space *owner_space;          /* (R) */
    bool in_call;                              /* (R) the owner's context has but `call`, */
    struct native_call call;                   /* (R) its other registers lie in the mailbox */
    struct native_fault faulted;               /* (R) the last trap, when it was a page fault */
    bool after_fault;                          /* (R) this run goes on after a page fault */
    bool watching;                             /* (R) its context watches memory */
    struct native_watch watch[NATIVE_WATCHES]; /* (S) of the space where it is a watcher */
};

/* What the signal frame and siginfo say. */
struct native_event {
    int signal; /* STUB_GATE_SIGNAL: `gate` and `fpstate` are all there is */
    struct native_call gate;
    uint64_t fpstate; /* offset in the area */
    struct native_frame frame;
    int code;           /* si_code */
    uint64_t call;      /* SIGSYS: address of the instruction, as far as Linux knows it */
    uint32_t call_arch; /* SIGSYS */
};

/* ---- sandbox ---- => space.lock held, but for destroy */

/* Start the space's process, without waiting for it. 0 or -errno. */
int native_sandbox_start(struct engine_space *space);
/* Kill it and free what it had. */
void native_sandbox_stop(struct engine_space *space);
/* Have the sandbox a task for the processor. 0 or -errno. */
int native_sandbox_add_task(struct engine_space *space, unsigned index);
/* End the process, and for `kill` wait until none of its tasks runs. The space is dead from then
 * on.
 * => any lock */
void native_sandbox_kill(struct engine_space *space);
void native_sandbox_retire(struct engine_space *space);
/* The process's userfaultfd, for its shared memory; -1: there is none on this host.
 * => space.lock held, and the process has a task */
int native_sandbox_userfault(struct engine_space *space);
/* Did the process end? */
bool native_sandbox_ended(const struct engine_space *space);

/* ---- orders ---- => space.lock held */

enum { NATIVE_ARGUMENTS = 6 };

/* Queue a system call for the book's performer. 0 or -errno: the space is dead. */
int native_order(struct engine_space *space, struct native_book *book, uint64_t number,
                 const uint64_t arguments[NATIVE_ARGUMENTS]);
/* Queue mmap of RAM, or munmap. Likewise. */
int native_order_map(struct engine_space *space, struct native_book *book, uint64_t va, size_t size,
                     int protection, uint64_t pa);
int native_order_unmap(struct engine_space *space, struct native_book *book, uint64_t va,
                       size_t size);
/* Hand over what is queued. A task performs it before it goes on to user code. */
void native_orders_post(struct native_book *book);
/* The same for a task's set that maps and nothing else: when no other task of the space runs, the
 * answer may come late. */
void native_orders_post_maps(struct engine_space *space, struct native_book *book);
/* Hand it over and wait until it was performed. 0 or -errno: the space is dead. */
int native_orders_flush(struct engine_space *space, struct native_book *book);
/* Wait until all tasks have performed what was handed over. Likewise. */
int native_orders_settle(struct engine_space *space);
/* The book of who can unmap soonest: a guest task that waits, else the mapper. */
struct native_book *native_orders_idle(struct engine_space *space);
/* Did an order fail? 0 or -errno: the space is dead. */
int native_orders_check(struct engine_space *space, const struct native_book *book);

/* Ring the task's bell, after an order of any kind. */
void native_task_wake(const struct native_task *task);
/* The next order to go on, and its bell. */
void native_task_go_on(const struct native_task *task);
long native_futex(_Atomic uint32_t *at, int operation, uint32_t value,
                  const struct timespec *timeout);

/* A word of the task's area. */
static inline _Atomic uint32_t *native_word(const struct native_task *task, size_t offset)
{
    return (_Atomic uint32_t *)(task->area + offset);
}

/* Words beside the one that the task looks at: to write or read them would take the line away from
 * it, so the engine knows them by heart. */
static inline uint32_t native_control(const struct native_task *task, size_t offset)
{
    return task->control[offset / sizeof(uint32_t)];
}
static inline void native_set_control(struct native_task *task, size_t offset, uint32_t value)
{
    if (native_control(task, offset) != value) {
        task->control[offset / sizeof(uint32_t)] = value;
        atomic_store(native_word(task, offset), value);
    }
}

/* RFLAGS as user code may have them: those that it may set, and IF. */
static inline uint64_t native_user_flags(uint64_t rflags)
{
    const uint64_t user = 0x255DD5, forced = 0x202; /* CF PF AF ZF SF TF DF OF NT RF AC ID; IF */
    return (rflags & user) | forced;
}

/* ---- the gate ---- => the caller runs the cpu */

/* The call that the task has posted. */
void native_gate_read(const struct native_task *task, struct native_call *call);
/* Bring it into `context`, which has no other registers until native_gate_complete. */
void native_gate_take(struct engine_cpu *cpu, const struct native_call *call,
                      struct engine_context *context);
/* Bring in what `context` lacks, if it lacks anything. */
void native_gate_complete(struct engine_cpu *cpu, struct engine_context *context);
/* With the next order to go on, answer a call. false: it was none, or other registers are to be
 * loaded; now `context` has all. */
bool native_gate_answer(struct engine_cpu *cpu, struct native_task *task,
                        struct engine_context *context);

/* ---- waiting ---- */

/* Order the task to go on, after a call with that answer (else it does not matter). */
void native_wait_order(struct native_task *task, uint64_t answer);
/* Until the task has posted its event. false: it died. */
bool native_wait_for_event(struct engine_cpu *cpu, struct engine_space *space,
                           struct native_task *task);
/* Before that: how long the task is to look for the next order after its next event, and whether to
 * measure how long it runs. */
void native_wait_advise(const struct engine *engine, struct native_task *task);

/* ---- shadow ---- */

/* The entry of `va`, 0 in it: not mapped; NULL: nothing near it is. */
uint64_t *native_shadow_find(const struct native_shadow *shadow, uint64_t va);
int native_shadow_init(struct native_shadow *shadow);
void native_shadow_deinit(struct native_shadow *shadow);

enum native_fill {
    NATIVE_FILL_DONE,    /* mapped: go on */
    NATIVE_FILL_FAULT,   /* the page tables do not allow it: *fault_code */
    NATIVE_FILL_WATCHED, /* they do, but the access is watched: native_watch_step */
    NATIVE_FILL_ERROR,   /* the sandbox failed */
};
/* User code on `task` touched `va` (error_code: its W and I bits) and the sandbox did not let it.
 */
enum native_fill native_shadow_fill(struct engine_space *space, struct native_task *task,
                                    uint64_t va, uint32_t error_code, uint32_t *fault_code);
/* Unmap the page at `va` if it is mapped with one of these rights. => space.lock held */
void native_shadow_withhold(struct engine_space *space, uint64_t va, int withheld);
/* Clear these bits of the byte of user memory at `va`, if that can be written. */
void native_shadow_clear_bits(struct engine_space *space, uint64_t va, uint8_t bits);
/* The byte of user memory at `va`, or -1. */
int native_shadow_read_byte(struct engine_space *space, uint64_t va);
void native_invalidate(struct engine *engine, struct engine_space *space,
                       const struct engine_page *pages, size_t count);
void native_invalidate_tables(struct engine *engine);

/* ---- ahead ---- => space.lock held */

/* The page at `va` is not mapped, and is to be as `pa` with the rights to read and write: open it
 * if it is mapped ahead like that, or if pages are mapped ahead from it on, since the program goes
 * on like this. *opened false: it is to be mapped by an order. Queues orders in the task's book.
 * => 0 or -errno: the space is dead */
int native_ahead_map(struct engine_space *space, struct native_task *task, uint64_t va, uint64_t pa,
                     bool *opened);
/* Everything was unmapped. */
void native_ahead_forget(struct engine_space *space);

/* ---- traps ---- */

/* User code touched a page that is not in the shadow. false: now it is, or task->watched says what
 * was touched that is watched. */
bool native_page_fault(struct engine_space *space, struct native_task *task, uint64_t va,
                       uint32_t error_code, struct engine_trap *trap);
/* Make a trap of an event, and complete `context`. false: nothing to report, go on. */
bool native_decode(struct engine_space *space, struct native_task *task,
                   const struct native_event *event, struct engine_context *context,
                   struct engine_trap *trap);
/* What a jump to `context->rip`, outside of the guest's half, leads to. */
void native_decode_bad_rip(struct engine_space *space, struct native_task *task,
                           struct engine_context *context, struct engine_trap *trap);

/* ---- watching ---- */

/* Which rights must the page at `va` be mapped without? => space.lock held */
int native_watch_withheld(const struct engine_space *space, uint64_t va);
/* The cpu is about to run `context`, and did. */
void native_watch_begin(struct engine_cpu *cpu, struct engine_space *space,
                        const struct engine_context *context);
void native_watch_end(struct engine_cpu *cpu, struct engine_space *space);
/* Before each order to go on: stay out while another thread executes an instruction alone. */
void native_watch_pause(struct engine_cpu *cpu, struct engine_space *space);
/* `context` was stopped by `fault`, a watched access: execute the instruction, or report that it is
 * about to be. false: nothing to report, go on. */
bool native_watch_step(struct engine_cpu *cpu, struct engine_space *space, struct native_task *task,
                       struct engine_context *context, const struct native_fault *fault,
                       struct engine_trap *trap);

enum { NATIVE_ACCESSES_MAX = 4 };

struct native_access {
    uint64_t va;
    unsigned size; /* bytes */
    bool write;
};

struct native_accesses {
    struct native_access access[NATIVE_ACCESSES_MAX];
    unsigned count;
    bool pushes_flags, loads_flags;
};

/* What the instruction at context->rip is going to touch, besides itself. */
void native_accesses(struct engine_space *space, const struct engine_context *context,
                     struct native_accesses *out);

/* ---- cpu ---- */

/* Let the task run `context` until an event. false: *trap says why not. */
bool native_cpu_run_task(struct engine_cpu *cpu, struct engine_space *space,
                         struct native_task *task, struct engine_context *context,
                         struct native_event *event, struct engine_trap *trap);
/* Bring the event into `context`. false: nothing to report, run on. */
bool native_cpu_take_event(struct engine_cpu *cpu, struct engine_space *space,
                           struct native_task *task, const struct native_event *event,
                           struct engine_context *context, struct engine_trap *trap);
/* Get what runs there out of user code, without a kick. Any thread. */
void native_cpu_interrupt(struct engine_cpu *cpu);

int native_cpu_create(struct engine *engine, unsigned index, struct engine_cpu **out);
void native_cpu_destroy(struct engine_cpu *cpu);
void native_cpu_run(struct engine_cpu *cpu, struct engine_space *space,
                    struct engine_context *context, struct engine_trap *trap);
void native_cpu_sync_context(struct engine_cpu *cpu, struct engine_context *context);
void native_cpu_kick(struct engine_cpu *cpu);
/* A space goes: no cpu may remember it. */
void native_cpu_forget_space(struct engine *engine, struct engine_space *space);
