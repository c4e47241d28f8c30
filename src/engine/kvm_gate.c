/* src/engine/kvm_gate.c: system calls that do not leave the guest.
 *
 * An exit costs 2 microseconds on bare metal and 65 on a nested host. A thread that makes many
 * calls is therefore left in the guest: the code at KVM_GATE_BASE, to which ntdll's stubs jump
 * instead of `syscall`, puts its registers in the processor's mailbox, and looks at a word for the
 * answer. The kernel's side is the same as ever: `run` comes back with a system call, and the next
 * `run` of the context is the answer.
 *
 *      host thread in `run`            runner                  guest
 *      order = n            ------->   KVM_RUN       ------->  user code
 *      looks at the mailbox                                    jumps to the gate
 *      sees event == go     <--------------------------------  registers, event = go
 *      reports a system call                                   looks at go
 *      `run` again: go += 1 -------------------------------->  loads the answer, user code
 *
 * For that somebody else has to be in KVM_RUN: the runner, a host thread of each processor, made
 * when it is first needed. As long as calls are rare there is nobody at the mailbox (POLLED is 0):
 * the gate then leaves the guest by a trap, which costs no more than `syscall`, and the host thread
 * is in KVM_RUN itself. So is it again when looking does not help: each time that one side waited
 * in vain counts against it, and it takes twice as many calls to try again.
 *
 * Only a plain return is answered this way: the same context, no register changed but rax. All else
 * takes the thread out of the guest (`kvm_gate_stop`) and loads its registers anew: another thread
 * for the processor, x87/SSE/AVX state that somebody asks for, a kick, an exception to deliver. So
 * nothing depends on the mailbox once the call was read from it, and a page that its program
 * scribbles over says no more than which registers the program has.
 *
 * Who forges a request runs on beside the kernel's work for it, until the next of those events. The
 * engine waits for nobody's good will there: taking a vCPU out of the guest is a signal.
 */
#define _GNU_SOURCE
#include "engine/kvm_gate.h"
#include "engine/kvm_vm.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern const uint8_t kvm_gate_code[], kvm_gate_stacked[], kvm_gate_unstacked[], kvm_gate_post[],
    kvm_gate_posted[], kvm_gate_end[];

enum {
    PATIENCE_LEAST = 8, /* calls in a row before somebody looks at the mailbox */
    PATIENCE_MOST = 4096,
    FAILURE = 8, /* a wait in vain weighs as much as so many that were not */
    FAILURES_MOST = 3 * FAILURE,
    ANSWERS_FOR_TRUST = 1024,
};
enum { RFLAGS_TF = 1 << 8 };
enum { FETCH_FROM_GATE = KVM_PF_PRESENT | KVM_PF_USER | KVM_PF_FETCH };

static _Atomic uint32_t *word(uint8_t *control, size_t offset)
{
    return (_Atomic uint32_t *)(control + offset);
}

static void put(uint8_t *control, size_t offset, uint64_t value)
{
    memcpy(control + offset, &value, sizeof(value));
}

static void futex_wait(_Atomic uint32_t *at, uint32_t value)
{
    syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *at)
{
    syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static bool has_exited(struct kvm_gate *g)
{
    return atomic_load(&g->done) == atomic_load(&g->order);
}

/* ---- the runner ---- */

/* Until there is something to do. It was asked a moment ago, as a rule, or else rests. */
static void wait_for_order(struct engine_cpu *cpu, uint32_t seen)
{
    struct kvm_gate *g = &cpu->gate;
    const uint64_t most = cpu->engine->spin.ticks >> g->runner_doubt;
    const uint64_t start = __builtin_ia32_rdtsc();
    while (!atomic_load(&g->in_service) && __builtin_ia32_rdtsc() - start < most) {
        if (atomic_load(&g->order) != seen) {
            engine_spin_learn(&g->runner_doubt, true);
            return;
        }
        __builtin_ia32_pause();
    }
    engine_spin_learn(&g->runner_doubt, false);
    atomic_store(&g->runner_sleeps, true);
    while (atomic_load(&g->order) == seen) {
        futex_wait(&g->order, seen);
    }
    atomic_store(&g->runner_sleeps, false);
}

static void *runner(void *argument)
{
    struct engine_cpu *cpu = argument;
    struct kvm_gate *g = &cpu->gate;
    uint32_t seen = 0;
    for (;;) {
        wait_for_order(cpu, seen);
        seen = atomic_load(&g->order);
        if (atomic_load(&g->quit)) {
            return NULL;
        }
        g->rc = kvm_cpu_enter(cpu);
        atomic_store(&g->done, seen);
        if (atomic_load(&g->caller_sleeps)) {
            futex_wake(&g->done);
        }
    }
}

static void order_runner(struct kvm_gate *g)
{
    atomic_fetch_add(&g->order, 1);
    if (atomic_load(&g->runner_sleeps)) {
        futex_wake(&g->order);
    }
}

/* No signal of the process's own is for it; the one that kicks it unblocks itself. */
static bool has_runner(struct engine_cpu *cpu)
{
    struct kvm_gate *g = &cpu->gate;
    if (!g->has_runner) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        g->has_runner = pthread_create(&g->runner, NULL, runner, cpu) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return g->has_runner;
}

void kvm_gate_init_cpu(struct engine_cpu *cpu)
{
    cpu->gate.patience = PATIENCE_LEAST;
}

void kvm_gate_deinit_cpu(struct engine_cpu *cpu)
{
    struct kvm_gate *g = &cpu->gate;
    if (g->has_runner) {
        kvm_gate_expel(cpu);
        atomic_store(&g->quit, true);
        order_runner(g);
        pthread_join(g->runner, NULL);
    }
}

/* ---- whether to look at the mailbox ---- */

static void note_failure(struct kvm_gate *g)
{
    g->failures += FAILURE;
}

static void note_answer(struct kvm_gate *g)
{
    g->failures -= g->failures > 0;
    if (++g->answers == ANSWERS_FOR_TRUST) {
        g->answers = 0;
        g->patience = g->patience / 2 < PATIENCE_LEAST ? PATIENCE_LEAST : g->patience / 2;
    }
}

/* Decide it for the next run. */
static bool is_polled(struct engine_cpu *cpu)
{
    struct kvm_gate *g = &cpu->gate;
    if (g->polled && g->failures > FAILURES_MOST) {
        g->polled = false;
        g->hot = g->failures = g->answers = 0;
        g->patience = g->patience * 2 > PATIENCE_MOST ? PATIENCE_MOST : g->patience * 2;
    } else if (!g->polled && g->hot >= g->patience && cpu->engine->spin.pauses) {
        g->polled = has_runner(cpu);
    }
    return g->polled;
}

/* ---- going in ---- */

static bool has_request(uint8_t *control)
{
    return atomic_load(word(control, KVM_GATE_EVENT)) == atomic_load(word(control, KVM_GATE_GO));
}

/* Look for as long as a sleep would cost, less each time that it did not help. To enter the guest
 * takes as long on some hosts: that comes on top, the first time. */
static bool look(struct engine_cpu *cpu, uint8_t *control, bool entering)
{
    struct kvm_gate *g = &cpu->gate;
    const uint64_t start = __builtin_ia32_rdtsc(), full = cpu->engine->spin.ticks;
    const uint64_t most = (full >> g->caller_doubt) + (entering ? full : 0);
    bool arrived;
    do {
        arrived = has_request(control) || has_exited(g);
        __builtin_ia32_pause();
    } while (!arrived && __builtin_ia32_rdtsc() - start < most);
    if (!entering) {
        engine_spin_learn(&g->caller_doubt, arrived);
    }
    return arrived;
}

/* The guest is told first that nobody looks any more: its next request is an exit. */
static void sleep_until_exit(struct kvm_gate *g, uint8_t *control)
{
    atomic_store(word(control, KVM_GATE_POLLED), 0);
    atomic_store(&g->caller_sleeps, true);
    while (!has_request(control) && !has_exited(g)) {
        futex_wait(&g->done, atomic_load(&g->order) - 1);
    }
    atomic_store(&g->caller_sleeps, false);
    note_failure(g);
}

enum kvm_gate_outcome kvm_gate_await(struct engine_cpu *cpu, struct engine_space *space, int *rc)
{
    struct kvm_gate *g = &cpu->gate;
    uint8_t *control = kvm_gate_control(space, cpu->index);
    if (!look(cpu, control, !g->resuming)) {
        sleep_until_exit(g, control);
    }
    if (has_request(control)) {
        return KVM_GATE_REQUESTED;
    }
    *rc = g->rc;
    return KVM_GATE_EXITED;
}

enum kvm_gate_outcome kvm_gate_enter(struct engine_cpu *cpu, struct engine_space *space, int *rc)
{
    struct kvm_gate *g = &cpu->gate;
    uint8_t *control = kvm_gate_control(space, cpu->index);
    bool polled = control && is_polled(cpu);
    if (control) {
        atomic_store(word(control, KVM_GATE_POLLED), polled);
    }
    if (!polled) {
        *rc = kvm_cpu_enter(cpu);
        return KVM_GATE_EXITED;
    }
    atomic_store(word(control, KVM_GATE_SPIN), cpu->engine->spin.pauses);
    atomic_fetch_add(word(control, KVM_GATE_GO), 1);
    atomic_store(&g->space, space);
    order_runner(g);
    return kvm_gate_await(cpu, space, rc);
}

/* ---- a request and its answer ---- */

static void keep_registers(struct kvm_gate *g, const struct engine_context *c)
{
    g->known =
        (struct kvm_gate_registers){.rip = c->rip, .rflags = c->rflags, .gs_base = c->gs_base};
    memcpy(g->known.gpr, c->gpr, sizeof(g->known.gpr));
    memcpy(g->known.dr, c->dr, sizeof(g->known.dr));
}

void kvm_gate_request(struct engine_cpu *cpu, struct engine_space *space,
                      struct engine_context *context, struct engine_trap *trap)
{
    struct kvm_gate *g = &cpu->gate;
    memcpy(context->gpr, kvm_gate_control(space, cpu->index) + KVM_GATE_REGISTERS,
           sizeof(context->gpr));
    context->rip = context->gpr[ENGINE_RCX];
    context->rflags = kvm_state_flags(context->gpr[11]);
    trap->kind = ENGINE_TRAP_SYSCALL;
    keep_registers(g, context);
    g->resuming = false;
    atomic_store(&g->in_service, true);
    note_answer(g);
}

/* Did nothing change but rax? */
static bool is_plain_return(const struct engine_cpu *cpu, const struct engine_context *c)
{
    const struct kvm_gate_registers *known = &cpu->gate.known;
    bool same = c->rip == known->rip && c->rflags == known->rflags && c->gs_base == known->gs_base;
    for (unsigned i = ENGINE_RAX + 1; i < 16; i++) {
        same &= c->gpr[i] == known->gpr[i];
    }
    return same && !(c->rflags & RFLAGS_TF) && c->gpr[ENGINE_RCX] == c->rip && !c->xsave_valid &&
           cpu->owner == c && memcmp(c->dr, known->dr, sizeof(known->dr)) == 0;
}

bool kvm_gate_resume(struct engine_cpu *cpu, struct engine_space *space,
                     const struct engine_context *context)
{
    struct kvm_gate *g = &cpu->gate;
    if (!atomic_load(&g->in_service)) {
        return false;
    }
    if (has_exited(g)) {
        note_failure(g); /* it waited in vain */
        return false;
    }
    if (atomic_load(&g->space) != space || !is_plain_return(cpu, context)) {
        return false;
    }
    uint8_t *control = kvm_gate_control(space, cpu->index);
    put(control, KVM_GATE_RAX, context->gpr[ENGINE_RAX]);
    put(control, KVM_GATE_R11, context->gpr[11]);
    put(control, KVM_GATE_RIP, context->rip);
    put(control, KVM_GATE_FLAGS, context->rflags);
    g->known.gpr[ENGINE_RAX] = context->gpr[ENGINE_RAX];
    g->resuming = true;
    atomic_store(&g->in_service, false);
    atomic_store(word(control, KVM_GATE_POLLED), 1);
    atomic_fetch_add(word(control, KVM_GATE_GO), 1);
    return true;
}

/* ---- coming out ---- */

void kvm_gate_expel(struct engine_cpu *cpu)
{
    const struct timespec moment = {.tv_nsec = 20 * 1000};
    while (!has_exited(&cpu->gate)) {
        kvm_cpu_interrupt(cpu);
        nanosleep(&moment, NULL);
    }
}

void kvm_gate_stop(struct engine_cpu *cpu)
{
    struct kvm_gate *g = &cpu->gate;
    if (atomic_load(&g->in_service)) {
        kvm_gate_expel(cpu);
        kvm_cpu_discard(cpu, g->rc);
        atomic_store(&g->in_service, false);
    }
}

void kvm_gate_retire_space(struct engine_space *space)
{
    struct engine *engine = space->engine;
    pthread_mutex_lock(&engine->spaces_lock);
    for (unsigned i = 0; i < engine->cpus; i++) {
        struct engine_cpu *cpu = engine->cpu[i];
        if (cpu && atomic_load(&cpu->gate.in_service) && atomic_load(&cpu->gate.space) == space) {
            kvm_gate_expel(cpu);
        }
    }
    pthread_mutex_unlock(&engine->spaces_lock);
}

/* Interrupted before the request was there: make of it what `syscall` would have. */
static void roll_back(const uint8_t *control, uint64_t offset, struct engine_context *c)
{
    uint64_t flags = c->rflags;
    if (offset >= (uint64_t)(kvm_gate_post - kvm_gate_code)) {
        memcpy(&flags, control + KVM_GATE_REGISTERS + 11 * sizeof(flags), sizeof(flags));
    } else if (offset >= (uint64_t)(kvm_gate_unstacked - kvm_gate_code)) {
        flags = c->gpr[11];
    } else if (offset >= (uint64_t)(kvm_gate_stacked - kvm_gate_code)) {
        memcpy(&c->gpr[ENGINE_RSP], control + KVM_GATE_REGISTERS + ENGINE_RSP * sizeof(flags),
               sizeof(flags));
    }
    c->rip = c->gpr[ENGINE_RCX];
    c->rflags = kvm_state_flags(flags);
    c->gpr[11] = c->rflags;
}

static void restore_registers(const struct kvm_gate *g, struct engine_context *c)
{
    memcpy(c->gpr, g->known.gpr, sizeof(c->gpr));
    c->rip = g->known.rip;
    c->rflags = g->known.rflags;
}

enum kvm_gate_verdict kvm_gate_judge(struct engine_cpu *cpu, struct engine_space *space,
                                     struct engine_context *context, struct engine_trap *trap)
{
    struct kvm_gate *g = &cpu->gate;
    const uint64_t offset = context->rip - KVM_GATE_BASE;
    bool resuming = g->resuming;
    g->resuming = false;
    if (offset >= (uint64_t)(kvm_gate_end - kvm_gate_code) || trap->kind == ENGINE_TRAP_FAILED ||
        trap->kind == ENGINE_TRAP_SYSCALL) {
        g->hot -= g->hot > 0;
        return KVM_GATE_NOT_CONCERNED;
    }
    if (offset < (uint64_t)(kvm_gate_posted - kvm_gate_code)) {
        roll_back(kvm_gate_control(space, cpu->index), offset, context);
        g->hot++;
        return KVM_GATE_SYSCALL;
    }
    if (resuming) {
        restore_registers(g, context);
        return trap->kind == ENGINE_TRAP_KICKED ? KVM_GATE_NOT_CONCERNED : KVM_GATE_AGAIN;
    }
    if (trap->kind != ENGINE_TRAP_KICKED) { /* user code jumped there: nothing is there for it */
        *trap = (struct engine_trap){
            .kind = ENGINE_TRAP_PAGE_FAULT, .error_code = FETCH_FROM_GATE, .address = context->rip};
    }
    return KVM_GATE_NOT_CONCERNED;
}
