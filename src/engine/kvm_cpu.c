/* src/engine/kvm_cpu.c: vCPUs and the way in and out of KVM_RUN.
 *
 * Kicking. `immediate_exit` in the page shared with KVM makes KVM_RUN return at once; a signal to
 * the thread inside gets it out when it is already running. The kicker sets the flag, then looks
 * for a runner; the runner announces itself, then enters KVM_RUN, which looks at the flag.
 * Whichever comes second sees the other, so no kick is lost:
 *
 *      kick:  immediate_exit = 1;  if (runner) signal(runner)
 *      run:   runner = me;  KVM_RUN (immediate_exit? back at once);  runner = 0
 *
 * Only the run that reports KICKED clears the flag; a trap that came first is reported first, and
 * the next run is kicked. The signal may reach its thread when that has just left: the handler does
 * nothing, and interrupted system calls are restarted.
 */
#include "engine/kvm_vm.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Control register bits and MSRs (SDM volume 3, 2.5 and volume 4). */
enum {
    CR0_PE = 1 << 0,
    CR0_MP = 1 << 1,
    CR0_ET = 1 << 4,
    CR0_NE = 1 << 5,
    CR0_WP = 1 << 16,
    CR0_AM = 1 << 18,
    CR0_PG_SHIFT = 31,
    CR4_DE = 1 << 3,
    CR4_PAE = 1 << 5,
    CR4_OSFXSR = 1 << 9,
    CR4_OSXMMEXCPT = 1 << 10,
    CR4_OSXSAVE = 1 << 18,
    EFER_SCE = 1 << 0,
    EFER_LME = 1 << 8,
    EFER_LMA = 1 << 10,
    EFER_NXE = 1 << 11,
};

static const uint32_t msr_star = 0xC0000081;
static const uint32_t msr_lstar = 0xC0000082;
static const uint32_t msr_cstar = 0xC0000083;
static const uint32_t msr_fmask = 0xC0000084;
enum { STAR_SYSCALL_SHIFT = 32, STAR_SYSRET_SHIFT = 48 };
static const uint64_t fmask_windows = 0x4700; /* TF, IF, DF, NT */

enum { VIRTUAL_ADDRESS_BITS = 48 };

static void ignore_signal(int signal)
{
    (void)signal;
}

static int kick_signal(void)
{
    return SIGRTMIN + ENGINE_KICK_SIGNAL_OFFSET;
}

static void install_kick_handler(void)
{
    struct sigaction action = {.sa_handler = ignore_signal, .sa_flags = SA_RESTART};
    sigaction(kick_signal(), &action, NULL);
}

/* The calling thread's id, ready to be kicked. Asked once per thread. */
static pid_t kickable_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local pid_t id;
    if (!id) {
        pthread_once(&once, install_kick_handler);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, kick_signal());
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        id = (pid_t)syscall(SYS_gettid);
    }
    return id;
}

static atomic_uchar *kick_flag(struct engine_cpu *cpu)
{
    return (atomic_uchar *)&cpu->run->immediate_exit;
}

void kvm_cpu_interrupt(struct engine_cpu *cpu)
{
    pid_t runner = atomic_load(&cpu->runner);
    if (runner) {
        syscall(SYS_tgkill, getpid(), runner, kick_signal());
    }
}

void kvm_cpu_kick(struct engine_cpu *cpu)
{
    atomic_store(kick_flag(cpu), 1);
    kvm_cpu_interrupt(cpu);
}

static int set_msrs(struct engine_cpu *cpu)
{
    struct { /* struct kvm_msrs with its entries */
        uint32_t count, pad;
        struct kvm_msr_entry entries[4];
    } msrs = {
        .count = 4,
        .entries = {{.index = msr_star,
                     .data = (uint64_t)KVM_SEL_KERNEL_CODE << STAR_SYSCALL_SHIFT |
                             (uint64_t)KVM_SEL_USER_CODE32 << STAR_SYSRET_SHIFT},
                    {.index = msr_lstar, .data = kvm_syscall_entry(cpu->engine)},
                    {.index = msr_cstar, .data = kvm_syscall_entry(cpu->engine)},
                    {.index = msr_fmask, .data = fmask_windows}},
    };
    int set = ioctl(cpu->fd, KVM_SET_MSRS, &msrs);
    return set < 0 ? -errno : set == (int)msrs.count ? 0 : -EOPNOTSUPP;
}

static int set_control_registers(struct engine_cpu *cpu)
{
    struct kvm_sregs *s = &cpu->user_sregs;
    if (ioctl(cpu->fd, KVM_GET_SREGS, s)) {
        return -errno;
    }
    s->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | UINT64_C(1) << CR0_PG_SHIFT;
    s->cr4 = CR4_DE | CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    s->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
    if (!cpu->engine->guest_xsave) {
        return 0;
    }
    s->cr4 |= CR4_OSXSAVE;
    struct kvm_xcrs xcrs = {.nr_xcrs = 1, .xcrs = {{.xcr = 0, .value = cpu->engine->xstate}}};
    return ioctl(cpu->fd, KVM_SET_XCRS, &xcrs) ? -errno : 0;
}

static int init_cpu(struct engine_cpu *cpu)
{
    struct engine *engine = cpu->engine;
    cpu->fd = ioctl(engine->vm_fd, KVM_CREATE_VCPU, (unsigned long)cpu->index);
    if (cpu->fd < 0) {
        return -errno;
    }
    void *run = mmap(NULL, engine->vcpu_mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
    if (run == MAP_FAILED) {
        return -errno;
    }
    cpu->run = run;
    cpu->run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    if (ioctl(cpu->fd, KVM_SET_CPUID2, engine->cpuid)) {
        return -errno;
    }
    int rc = set_control_registers(cpu);
    if (!rc) {
        rc = set_msrs(cpu);
    }
    if (!rc) {
        kvm_tables_init_cpu(cpu);
        kvm_state_forget(cpu);
    }
    return rc;
}

/* Have the engine know the cpu as `as`; NULL: not any more. */
static void enlist(struct engine_cpu *cpu, struct engine_cpu *as)
{
    struct engine *engine = cpu->engine;
    pthread_mutex_lock(&engine->spaces_lock);
    if (as || engine->cpu[cpu->index] == cpu) {
        engine->cpu[cpu->index] = as;
    }
    pthread_mutex_unlock(&engine->spaces_lock);
}

int kvm_cpu_create(struct engine *engine, unsigned index, struct engine_cpu **out)
{
    if (index >= engine->cpus) {
        return -EINVAL;
    }
    struct engine_cpu *cpu = calloc(1, sizeof(*cpu));
    if (!cpu) {
        return -ENOMEM;
    }
    cpu->engine = engine;
    cpu->index = index;
    kvm_gate_init_cpu(cpu);
    int rc = init_cpu(cpu);
    if (rc) {
        kvm_cpu_destroy(cpu);
        return rc;
    }
    enlist(cpu, cpu);
    *out = cpu;
    return 0;
}

void kvm_cpu_destroy(struct engine_cpu *cpu)
{
    enlist(cpu, NULL);
    kvm_gate_deinit_cpu(cpu);
    if (cpu->run) {
        munmap(cpu->run, cpu->engine->vcpu_mmap_size);
    }
    if (cpu->fd >= 0) {
        close(cpu->fd);
    }
    free(cpu);
}

static void fail(struct engine_trap *trap, const char *reason)
{
    trap->kind = ENGINE_TRAP_FAILED;
    trap->reason = reason;
}

static void decode_exit(struct engine_cpu *cpu, struct engine_context *context,
                        struct engine_trap *trap)
{
    switch (cpu->run->exit_reason) {
    case KVM_EXIT_HLT:
        if (!kvm_decode(cpu, context, trap)) {
            fail(trap, "KVM let user code halt the processor");
        }
        break;
    case KVM_EXIT_SHUTDOWN:
        fail(trap, "triple fault: descriptor tables or trap area are not mapped");
        break;
    case KVM_EXIT_INTERNAL_ERROR:
        fail(trap, cpu->run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION
                       ? "KVM could not emulate an instruction"
                       : "KVM internal error");
        break;
    case KVM_EXIT_FAIL_ENTRY:
        fail(trap, "the hardware refused to enter the guest");
        break;
    case KVM_EXIT_MMIO:
        fail(trap, "a page table maps memory beyond RAM");
        break;
    default:
        fail(trap, "unexpected KVM exit");
        break;
    }
    if (trap->kind == ENGINE_TRAP_FAILED) {
        kvm_state_forget(cpu);
    }
}

int kvm_cpu_enter(struct engine_cpu *cpu)
{
    atomic_store(&cpu->runner, kickable_thread());
    int rc = ioctl(cpu->fd, KVM_RUN, 0) ? -errno : 0;
    atomic_store(&cpu->runner, 0);
    return rc;
}

static bool was_interrupted(int rc)
{
    return rc == -EINTR || rc == -EAGAIN;
}

/* => the vCPU was interrupted
 * => false when it has to go on before anything can be reported */
static bool decode_interrupted(struct engine_cpu *cpu, struct engine_context *context,
                               struct engine_trap *trap)
{
    if (kvm_decode(cpu, context, trap)) {
        return true;
    }
    switch (kvm_decode_undelivered(cpu, context, trap)) {
    case KVM_UNDELIVERED_HIDDEN:
        return false;
    case KVM_UNDELIVERED_NONE:
        atomic_store(kick_flag(cpu), 0);
        trap->kind = ENGINE_TRAP_KICKED;
        return true;
    default:
        return true;
    }
}

/* A page directory entry would hold no such address: the CPU raises #GP where it is loaded. */
static bool is_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << (64 - VIRTUAL_ADDRESS_BITS)) >>
                      (64 - VIRTUAL_ADDRESS_BITS)) == va;
}

void kvm_cpu_discard(struct engine_cpu *cpu, int rc)
{
    struct engine_context context;
    struct engine_trap trap;
    while (was_interrupted(rc) && !kvm_decode(cpu, &context, &trap) &&
           kvm_decode_undelivered(cpu, &context, &trap) == KVM_UNDELIVERED_HIDDEN) {
        rc = kvm_cpu_enter(cpu);
    }
    if (rc == 0 && cpu->run->exit_reason == KVM_EXIT_HLT) {
        kvm_decode(cpu, &context, &trap); /* it leaves no event behind */
    } else if (!was_interrupted(rc)) {
        kvm_state_forget(cpu);
    }
}

/* Make a trap of how KVM_RUN came back. */
static void decode(struct engine_cpu *cpu, int rc, struct engine_context *context,
                   struct engine_trap *trap)
{
    bool kicked = false;
    while (was_interrupted(rc) && !decode_interrupted(cpu, context, trap)) {
        kicked |= atomic_exchange(kick_flag(cpu), 0); /* it is due after the trap */
        rc = kvm_cpu_enter(cpu);
    }
    if (kicked) {
        atomic_store(kick_flag(cpu), 1);
    }
    if (rc == 0) {
        decode_exit(cpu, context, trap);
    } else if (!was_interrupted(rc)) {
        fail(trap, rc == -EFAULT ? "KVM could not reach guest memory" : "KVM_RUN failed");
        kvm_state_forget(cpu);
    }
}

/* Is there nothing to report, so that `context` is to run on? */
static bool runs_on(struct engine_cpu *cpu, struct engine_space *space,
                    struct engine_context *context, struct engine_trap *trap)
{
    if (trap->kind == ENGINE_TRAP_PAGE_FAULT && kvm_gate_follow_fault(cpu, space, trap->address)) {
        return true;
    }
    bool kicked = trap->kind == ENGINE_TRAP_KICKED;
    switch (kvm_gate_judge(cpu, space, context, trap)) {
    case KVM_GATE_AGAIN:
        return true;
    case KVM_GATE_SYSCALL:
        if (kicked) {
            atomic_store(kick_flag(cpu), 1); /* it is due after the trap */
        }
        *trap = (struct engine_trap){.kind = ENGINE_TRAP_SYSCALL};
        return false;
    default:
        return false;
    }
}

/* Run once. => false: there is nothing to report */
static bool run_once(struct engine_cpu *cpu, struct engine_space *space,
                     struct engine_context *context, struct engine_trap *trap)
{
    enum kvm_gate_outcome outcome;
    int rc = 0;
    *trap = (struct engine_trap){.kind = ENGINE_TRAP_KICKED};
    if (kvm_gate_resume(cpu, space, context)) {
        outcome = kvm_gate_await(cpu, space, &rc);
    } else {
        kvm_gate_stop(cpu);
        cpu->entries_seen = atomic_load(&space->entries_added);
        rc = kvm_state_load(cpu, space, context);
        if (rc) {
            fail(trap, rc == -ESTALE ? "context left another processor without sync_context"
                                     : "KVM refused the thread's registers");
            return true;
        }
        outcome = kvm_gate_enter(cpu, space, &rc);
    }
    if (outcome == KVM_GATE_REQUESTED) {
        kvm_gate_request(cpu, space, context, trap);
        return true;
    }
    decode(cpu, rc, context, trap);
    return !runs_on(cpu, space, context, trap);
}

void kvm_cpu_run(struct engine_cpu *cpu, struct engine_space *space, struct engine_context *context,
                 struct engine_trap *trap)
{
    *trap = (struct engine_trap){.kind = ENGINE_TRAP_KICKED};
    if (atomic_exchange(kick_flag(cpu), 0)) {
        return;
    }
    do {
        if (!is_canonical(context->rip)) {
            *trap = (struct engine_trap){.kind = ENGINE_TRAP_EXCEPTION, .vector = KVM_VECTOR_GP};
            return;
        }
    } while (!run_once(cpu, space, context, trap));
}

double kvm_cpu_measure_exit(struct engine_cpu *cpu, struct engine_space *space,
                            struct engine_context *context, unsigned rounds)
{
    int rc = kvm_state_load(cpu, space, context);
    if (rc) {
        return rc;
    }
    struct timespec from, to;
    const struct kvm_sync_regs entry = cpu->run->s.regs;
    int error = 0;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (unsigned i = 0; i < rounds && !error; i++) {
        cpu->run->s.regs = entry;
        cpu->run->kvm_dirty_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
        error = ioctl(cpu->fd, KVM_RUN, 0)              ? errno
                : cpu->run->exit_reason != KVM_EXIT_HLT ? EPROTO
                                                        : 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (error) {
        return -error;
    }
    return ((double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3) /
           rounds;
}
