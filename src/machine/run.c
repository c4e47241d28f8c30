/* src/machine/run.c: the life of a guest thread on its host thread.
 *
 *      acquire a processor
 *      loop:  before user mode:   freeze, suspension, APCs, the end        (ke_prepare_user_mode)
 *             user mode:          engine->run until a trap
 *             trap:               system service | page fault | exception | nothing (kicked)
 *      leave: ps_exit_thread
 *
 * While a thread runs in the kernel (here, in C) it keeps its processor; it gives it back when it
 * waits. x87, SSE and AVX registers are moved lazily: they stay on the engine's processor where the
 * thread last ran, until another thread is to run there, or the thread itself elsewhere. In a
 * service that was called through the gate so do all that carry no argument: whoever looks at them
 * or changes any register collects them first.
 *
 *      T1 on cpu 0 --waits--> cpu 0 still holds T1's      T2 comes to cpu 0: T1's are saved first
 *                                                         T1 goes to cpu 1: fetched from cpu 0
 * first
 */
#include "machine/run.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ke/thread.h"

#include "machine/context.h"
#include "machine/debug.h"
#include "machine/exception.h"

enum { DR6 = 6, DR7 = 7, DR7_ENABLED = 0xFF };

static KTHREAD *kthread(const struct machine_thread *t)
{
    return &t->thread->thread->Tcb;
}

static struct ntmm_machine *machine_of(const struct machine_thread *t)
{
    return t->thread->ps->owner;
}

/* ---- costly registers ---------------------------------------------------------------------------
 */

/* Have `t`'s registers complete in t->registers, and no processor holding any of them.
 * => `t` is not in user mode */
void run_collect_registers(struct ntmm_machine *m, struct machine_thread *t)
{
    struct machine_cpu *cpu = __atomic_load_n(&t->loaded_on, __ATOMIC_ACQUIRE);
    if (!cpu) {
        return;
    }
    pthread_mutex_lock(&cpu->lock);
    if (cpu->loaded == t) {
        m->engine_ops->sync_context(cpu->engine, &t->registers);
        cpu->loaded = NULL;
        __atomic_store_n(&t->loaded_on, NULL, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&cpu->lock);
}

/* Make `cpu`, which `t` owns, the place of t's registers. */
static void load_registers(struct ntmm_machine *m, struct machine_cpu *cpu,
                           struct machine_thread *t)
{
    if (__atomic_load_n(&t->loaded_on, __ATOMIC_ACQUIRE) == cpu) {
        return; /* nobody takes them away: who could waits for t->user, or for the processor */
    }
    run_collect_registers(m, t);
    pthread_mutex_lock(&cpu->lock);
    if (cpu->loaded && cpu->loaded != t) {
        m->engine_ops->sync_context(cpu->engine, &cpu->loaded->registers);
        __atomic_store_n(&cpu->loaded->loaded_on, NULL, __ATOMIC_RELEASE);
    }
    cpu->loaded = t;
    __atomic_store_n(&t->loaded_on, cpu, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&cpu->lock);
}

/* Have `t` stay out of user mode until run_let_go, so that its registers can be read and changed. A
 * thread that is only asked to leave may still be there: as on Windows, who asks for its context
 * gets the one it has left with. => `t` may be the caller's own */
void run_hold_out_of_user_mode(struct ntmm_machine *m, struct machine_thread *t)
{
    const long millisecond = 1000000, second = 1000000000;
    atomic_fetch_add(&t->visitors, 1);
    while (pthread_mutex_trylock(&t->user)) {
        if (ke_owns_processor(kthread(t))) {
            m->engine_ops->kick(m->cpus[ke_processor_number(kthread(t))].engine);
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += millisecond;
        until.tv_sec += until.tv_nsec / second;
        until.tv_nsec %= second;
        if (pthread_mutex_timedlock(&t->user, &until) == 0) {
            break; /* else it may have got another processor meanwhile */
        }
    }
}

void run_let_go(struct machine_thread *t)
{
    pthread_mutex_unlock(&t->user);
    atomic_fetch_sub(&t->visitors, 1);
}

/* ---- exceptions ---------------------------------------------------------------------------------
 */

/* Hand an exception to the debugger, then to the program, then to the debugger again; end the
 * process with its code when nobody took it. => t's registers are at the exception */
static void dispatch_exception(struct ntmm_machine *m, struct machine_thread *t,
                               const EXCEPTION_RECORD *record, const CONTEXT *given)
{
    CONTEXT context;
    run_collect_registers(m, t);
    if (given) {
        context = *given;
        context_to_engine(&t->registers, given);
    } else {
        memset(&context, 0, sizeof context);
        context.ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS | CONTEXT_DEBUG_REGISTERS;
        context_from_engine(&context, &t->registers);
    }
    if (debug_exception(m, t, record, true)) {
        return;
    }
    /* The debugger may have changed registers. */
    context_from_engine(&context, &t->registers);
    if (!exception_deliver(t->thread->process->space, m->ps.entry.KiUserExceptionDispatcher, record,
                           &context, &t->registers)) {
        run_second_chance(m, t, record);
    }
}

void run_raise_exception(struct ntmm_machine *m, struct machine_thread *t,
                         const EXCEPTION_RECORD *record, const CONTEXT *context, bool first_chance)
{
    if (first_chance) {
        dispatch_exception(m, t, record, context);
        return;
    }
    run_collect_registers(m, t);
    context_to_engine(&t->registers, context);
    run_second_chance(m, t, record);
}

void run_second_chance(struct ntmm_machine *m, struct machine_thread *t,
                       const EXCEPTION_RECORD *record)
{
    if (debug_exception(m, t, record, false)) {
        return;
    }
    struct ps_process *process = t->thread->process;
    const char *name = exception_name(record->ExceptionCode);
    char detail[96] = "";
    if (record->NumberParameters >= 2 && (record->ExceptionCode == STATUS_ACCESS_VIOLATION ||
                                          record->ExceptionCode == STATUS_GUARD_PAGE_VIOLATION ||
                                          record->ExceptionCode == STATUS_IN_PAGE_ERROR)) {
        const char *access = record->ExceptionInformation[0] == 0   ? "reading"
                             : record->ExceptionInformation[0] == 1 ? "writing"
                                                                    : "executing";
        snprintf(detail, sizeof detail, " %s %016llx", access,
                 (unsigned long long)record->ExceptionInformation[1]);
    }
    log_error(&m->log, "%s: unhandled exception 0x%08x%s%s%s at %016llx%s",
              process->process->ImageFileName, (unsigned)record->ExceptionCode, name ? " (" : "",
              name ? name : "", name ? ")" : "", (unsigned long long)record->ExceptionAddress.va,
              detail);
    NTSTATUS status = ps_terminate_process(process, t->thread, record->ExceptionCode);
    (void)status; /* already terminating: this thread leaves all the same */
}

/* ---- traps --------------------------------------------------------------------------------------
 */

static void serve(struct ntmm_machine *m, struct machine_thread *t)
{
    struct engine_context *r = &t->registers;
    const uint64_t arguments[4] = {r->gpr[10], r->gpr[ENGINE_RDX], r->gpr[8], r->gpr[9]};
    KTHREAD *thread = kthread(t);
    thread->SystemCallNumber = (uint32_t)r->gpr[ENGINE_RAX];
    thread->PreviousMode = UserMode;
    t->registers_replaced = false;
    NTSTATUS status =
        sys_dispatch(&m->sys, t->thread, thread->SystemCallNumber, arguments, r->gpr[ENGINE_RSP]);
    if (!t->registers_replaced) {
        r->gpr[ENGINE_RAX] = (uint64_t)(int64_t)status;
    }
    debug_service_done(m, t, arguments, status);
}

static void fault(struct ntmm_machine *m, struct machine_thread *t, const struct engine_trap *trap)
{
    NTSTATUS status = mm_page_fault(t->thread->process->space, trap->address, trap->error_code);
    if (NT_SUCCESS(status)) {
        return;
    }
    EXCEPTION_RECORD record;
    exception_from_trap(t->thread->process->space, trap, status, &t->registers, &record);
    dispatch_exception(m, t, &record, NULL);
}

static void exception(struct ntmm_machine *m, struct machine_thread *t,
                      const struct engine_trap *trap)
{
    EXCEPTION_RECORD record;
    if (trap->vector == VECTOR_X87 || trap->vector == VECTOR_SIMD) {
        run_collect_registers(m, t);
    }
    if (trap->vector == VECTOR_DEBUG && t->registers.dr[DR7] & DR7_ENABLED) {
        t->registers.dr[DR6] = trap->dr6; /* which breakpoint: the program finds it in CONTEXT */
    }
    exception_from_trap(t->thread->process->space, trap, STATUS_SUCCESS, &t->registers, &record);
    dispatch_exception(m, t, &record, NULL);
}

static void engine_failed(struct ntmm_machine *m, struct machine_thread *t, const char *reason)
{
    log_error(&m->log, "%s: the engine cannot run this program any further: %s",
              t->thread->process->process->ImageFileName, reason ? reason : "unknown reason");
    NTSTATUS status = ps_terminate_process(t->thread->process, t->thread, STATUS_UNSUCCESSFUL);
    (void)status;
}

static void run_user(struct ntmm_machine *m, struct machine_thread *t)
{
    struct machine_cpu *cpu = &m->cpus[ke_processor_number(kthread(t))];
    struct engine_trap trap;
    struct debug_watching watching;
    unsigned watch;
    while (atomic_load(&t->visitors)) {
        sched_yield(); /* they take microseconds, and a fair chance */
    }
    pthread_mutex_lock(&t->user);
    load_registers(m, cpu, t);
    debug_watch_begin(m, t, &watching);
    ke_set_user_mode(&m->ke.processors, (unsigned)(cpu - m->cpus), true);
    m->engine_ops->run(cpu->engine, t->thread->process->owner, &t->registers, &trap);
    ke_set_user_mode(&m->ke.processors, (unsigned)(cpu - m->cpus), false);
    bool watched = debug_watch_end(m, t, &watching, &trap, &watch);
    pthread_mutex_unlock(&t->user);
    if (watched) {
        debug_watch_report(m, t, watch);
        return;
    }
    switch (trap.kind) {
    case ENGINE_TRAP_SYSCALL:
        serve(m, t);
        break;
    case ENGINE_TRAP_PAGE_FAULT:
        fault(m, t, &trap);
        break;
    case ENGINE_TRAP_EXCEPTION:
        exception(m, t, &trap);
        break;
    case ENGINE_TRAP_KICKED:
        break;
    case ENGINE_TRAP_FAILED:
        engine_failed(m, t, trap.reason);
        break;
    }
}

/* ---- APCs ---------------------------------------------------------------------------------------
 */

/* Enter user mode at KiUserApcDispatcher with the next APC; the interrupted context lies on the
 * stack and NtContinue goes back to it. Its home slots carry what to call. */
static void deliver_apc(struct ntmm_machine *m, struct machine_thread *t)
{
    KAPC *apc = ke_remove_user_apc(&m->ke, kthread(t));
    if (!apc) {
        return;
    }
    CONTEXT context;
    memset(&context, 0, sizeof context);
    context.ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS;
    run_collect_registers(m, t);
    context_from_engine(&context, &t->registers);
    context.P1Home = apc->NormalContext.va;
    context.P2Home = apc->SystemArgument1.va;
    context.P3Home = apc->SystemArgument2.va;
    context.P4Home = apc->NormalRoutine.va;
    ex_free_pool(m->mm, apc);

    const uint64_t stack_alignment = 16;
    uint64_t rsp = (context.Rsp - sizeof context) / stack_alignment * stack_alignment;
    if (!NT_SUCCESS(mm_copy_to_user(t->thread->process->space, rsp, &context, sizeof context))) {
        EXCEPTION_RECORD record = {.ExceptionCode = STATUS_STACK_OVERFLOW};
        record.ExceptionAddress.va = context.Rip;
        run_second_chance(m, t, &record);
        return;
    }
    t->registers.gpr[ENGINE_RSP] = rsp;
    t->registers.rip = m->ps.entry.KiUserApcDispatcher;
}

/* ---- the thread ---------------------------------------------------------------------------------
 */

void *run_thread(void *argument)
{
    struct machine_thread *t = argument;
    struct ntmm_machine *m = machine_of(t);
    KTHREAD *thread = kthread(t);
    pthread_setspecific(m->current_thread, t->thread);
    ke_acquire_processor(&m->ke, thread);
    for (;;) {
        enum ke_user_action action = ke_prepare_user_mode(&m->ke, thread);
        if (action == KE_EXIT_THREAD) {
            break;
        }
        if (action == KE_DELIVER_APC) {
            deliver_apc(m, t);
        } else if (!debug_before_user_mode(m, t)) {
            run_user(m, t);
        }
    }
    debug_before_exit(m, t);
    run_forget_registers(t);
    pthread_mutex_lock(&m->lock);
    m->leaving_threads++;
    pthread_mutex_unlock(&m->lock);
    ps_exit_thread(t->thread, t->thread->exit_status);
    return NULL;
}

/* The thread ends: nobody needs what a processor still holds of it. */
void run_forget_registers(struct machine_thread *t)
{
    struct machine_cpu *cpu = __atomic_load_n(&t->loaded_on, __ATOMIC_ACQUIRE);
    if (cpu) {
        pthread_mutex_lock(&cpu->lock);
        if (cpu->loaded == t) {
            cpu->loaded = NULL;
        }
        pthread_mutex_unlock(&cpu->lock);
    }
}
