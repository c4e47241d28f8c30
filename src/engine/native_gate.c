/* src/engine/native_gate.c: a system call through the gate, and its answer.
 *
 * What such a call costs is cache lines that go from one processor to the other, 0.1 us each and
 * more. So one line brings it, and one takes the answer back:
 *
 *      task                                     engine
 *      KEPT: the other registers, all state     (stays with the task's processor)
 *      CALL and event: one line     -------->   arguments, rip and rsp: the context of the trap
 *      go on with CALL and KEPT     <--------   ANSWER and order: one line
 *
 * Until somebody asks for the rest (`complete`), a context whose thread is in a call has but the
 * registers of CALL. When it goes on, nobody did, and only rax is another, the task takes its own
 * registers again; else it gets all of them as after any other trap.
 *
 * The mailbox is the guest's to scribble over. CALL is copied once, and what the kernel saw of it
 * stays in the context; KEPT is copied once, when it is asked for. A task that forges what it goes
 * on with has registers of its choice, as it could have had by itself.
 */
#include "engine/native.h"

#include <string.h>

/* As the task leaves them at STUB_KEPT. */
struct kept_registers {
    uint64_t rbx, rbp, rsi, rdi, r12, r13, r14, r15, rflags;
};
_Static_assert(sizeof(struct native_call) == STUB_MAILBOX + 64 - STUB_CALL, "one line");

void native_gate_read(const struct native_task *task, struct native_call *call)
{
    memcpy(call, task->area + STUB_CALL, sizeof(*call));
}

void native_gate_take(struct engine_cpu *cpu, const struct native_call *call,
                      struct engine_context *context)
{
    uint64_t *gpr = context->gpr;
    context->rip = gpr[ENGINE_RCX] = call->rip;
    gpr[ENGINE_RAX] = call->rax;
    gpr[ENGINE_RSP] = call->rsp;
    gpr[ENGINE_RDX] = call->rdx;
    gpr[10] = call->r10;
    gpr[8] = call->r8;
    gpr[9] = call->r9;
    context->rflags = native_user_flags(0); /* until it is known */
    cpu->call = *call;
    cpu->in_call = true;
}

void native_gate_complete(struct engine_cpu *cpu, struct engine_context *context)
{
    if (!cpu->in_call || cpu->owner != context) {
        return;
    }
    struct kept_registers kept;
    memcpy(&kept, cpu->owner_space->tasks[cpu->index].area + STUB_KEPT, sizeof(kept));
    uint64_t *gpr = context->gpr;
    gpr[ENGINE_RBX] = kept.rbx;
    gpr[ENGINE_RBP] = kept.rbp;
    gpr[ENGINE_RSI] = kept.rsi;
    gpr[ENGINE_RDI] = kept.rdi;
    gpr[12] = kept.r12;
    gpr[13] = kept.r13;
    gpr[14] = kept.r14;
    gpr[15] = kept.r15;
    context->rflags = native_user_flags(kept.rflags);
    gpr[11] = context->rflags;
    cpu->in_call = false;
}

/* Has `context` still the registers that its call had, but for rax? */
static bool is_unchanged(const struct engine_cpu *cpu, const struct native_task *task,
                         const struct engine_context *c)
{
    const struct native_call *call = &cpu->call;
    return cpu->owner == c && cpu->owner_space->tasks + cpu->index == task && task->image_loaded &&
           c->rip == call->rip && c->gpr[ENGINE_RCX] == call->rip &&
           c->gpr[ENGINE_RSP] == call->rsp && c->gpr[ENGINE_RDX] == call->rdx &&
           c->gpr[10] == call->r10 && c->gpr[8] == call->r8 && c->gpr[9] == call->r9 &&
           c->gs_base == task->gs_base;
}

bool native_gate_answer(struct engine_cpu *cpu, struct native_task *task,
                        struct engine_context *context)
{
    bool plain = cpu->in_call && is_unchanged(cpu, task, context);
    if (!plain) {
        native_gate_complete(cpu, context);
    }
    native_set_control(task, STUB_PLAIN, plain);
    return plain;
}
