/* src/machine/trapframe.c: where threads were in user mode, for those who look at memory.
 *
 * On Windows every trap leaves a KTRAP_FRAME at the top of the thread's kernel stack, and
 * KTHREAD.TrapFrame leads to it; debuggers and dumps find a thread's user registers there. Here the
 * registers live in the host's struct engine_context, where traps cost nothing to take; while the
 * machine stands still they are written down where Windows has them.
 *
 *      kernel stack    StackLimit                          InitialStack
 *                          |            ...  | KTRAP_FRAME |
 *                                            ^ KTHREAD.TrapFrame
 */
#include "machine/boot.h"

#include <string.h>

#include "base/kspace.h"
#include "machine/context.h"
#include "machine/run.h"

static void store(struct ntmm_machine *m, struct machine_thread *t)
{
    KTHREAD *thread = &t->thread->thread->Tcb;
    const struct engine_context *r = &t->registers;
    run_collect_registers(m, t);
    thread->TrapFrame.va = thread->InitialStack.va - sizeof(KTRAP_FRAME);
    KTRAP_FRAME *frame = k2h(&m->ke.ks, thread->TrapFrame);
    *frame = (KTRAP_FRAME){
        .PreviousMode = UserMode,
        .Rax = r->gpr[ENGINE_RAX],
        .Rcx = r->gpr[ENGINE_RCX],
        .Rdx = r->gpr[ENGINE_RDX],
        .Rbx = r->gpr[ENGINE_RBX],
        .Rsp = r->gpr[ENGINE_RSP],
        .Rbp = r->gpr[ENGINE_RBP],
        .Rsi = r->gpr[ENGINE_RSI],
        .Rdi = r->gpr[ENGINE_RDI],
        .R8 = r->gpr[8],
        .R9 = r->gpr[9],
        .R10 = r->gpr[10],
        .R11 = r->gpr[11],
        .Rip = r->rip,
        .EFlags = (uint32_t)r->rflags,
        .SegCs = KGDT64_R3_CODE,
        .SegSs = KGDT64_R3_DATA,
        .SegDs = KGDT64_R3_DATA,
        .SegEs = KGDT64_R3_DATA,
        .SegFs = KGDT64_R3_CMTEB,
        .SegGs = KGDT64_R3_DATA,
    };
}

/* What a processor would save of itself when it is stopped (KPRCB.ProcessorState): the registers of
 * who runs there, or nothing but the control registers when it is idle. */
static void store_processor(struct ntmm_machine *m, unsigned number, struct machine_thread *t)
{
    KPRCB *prcb = m->ke.processors.prcb[number];
    KPROCESSOR_STATE *state = &prcb->ProcessorState;
    memset(state, 0, sizeof *state);
    state->SpecialRegisters.Cr0 = SYSTEM_CR0;
    state->SpecialRegisters.Cr3 =
        t ? mm_space_directory(t->thread->process->space) : MM_SYSTEM_PAGE_DIRECTORY;
    state->SpecialRegisters.Cr4 = SYSTEM_CR4;
    state->SpecialRegisters.MxCsr = INITIAL_MXCSR;
    state->SpecialRegisters.MsrGsSwap = h2k(&m->ke.ks, prcb) - offsetof(KPCR, Prcb);
    if (t) {
        state->ContextFrame.ContextFlags = CONTEXT_ALL;
        context_from_engine(&state->ContextFrame, &t->registers);
        state->SpecialRegisters.MsrGsBase = t->registers.gs_base;
    }
    prcb->Context.va = h2k(&m->ke.ks, &state->ContextFrame);
    prcb->ContextFlags = state->ContextFrame.ContextFlags;
}

void machine_store_trap_frames(struct ntmm_machine *m)
{
    struct machine_thread *running[KE_MAXIMUM_PROCESSORS] = {NULL};
    bool lock = !atomic_load(&m->crashed);
    if (lock) {
        pthread_mutex_lock(&m->ps.lock);
    }
    for (size_t i = 0; i < m->ps.id_slots; i++) {
        const struct ps_thread *t = m->ps.thread_by_id[i];
        if (t && t->owner && t->kernel_stack && ps_thread_is_alive(t)) {
            store(m, t->owner);
            if (ke_owns_processor(&t->thread->Tcb)) {
                running[ke_processor_number(&t->thread->Tcb)] = t->owner;
            }
        }
    }
    for (unsigned i = 0; i < m->cpu_count; i++) {
        store_processor(m, i, running[i]);
    }
    if (lock) {
        pthread_mutex_unlock(&m->ps.lock);
    }
}
