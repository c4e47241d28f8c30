/* src/engine/kvm_decode.c: from an exit of KVM_RUN to a trap.
 *
 * The vCPU stands in a stub of the trap page (the trap arrived), or in user code (it was only
 * interrupted), or KVM was about to deliver an exception when it was interrupted.
 *
 * What arrives is made architectural. Hosts that run guest rings 0 and 3 both in the CPU's ring 3
 * (paravirtual, nested) differ in two ways, and any host may be taken for such a one:
 *
 *      user executes   architecture                  also seen
 *      syscall         LSTAR in ring 0               user fetch #PF at the LSTAR address; rcx and
 *                                                    r11 hold the return address and the flags
 *      int n           vector n, or #GP(n * 8 + 2)   #UD at the instruction
 *
 * An interruption may come before that fetch: ring 3 at the LSTAR address, and no exception yet.
 *
 * User code that jumps to the LSTAR address itself looks like the former: it gets a system call
 * that returns where its own rcx says, which it could have had with `syscall` anyway.
 */
#include "engine/kvm_gate.h"
#include "engine/kvm_vm.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

enum { RPL_MASK = 3, OPCODE_INT = 0xCD, INT_LENGTH = 2, ERROR_CODE_IDT = 2 };

static void fail(struct engine_trap *trap, const char *reason)
{
    trap->kind = ENGINE_TRAP_FAILED;
    trap->reason = reason;
}

static void decode_syscall(struct engine_cpu *cpu, struct engine_context *context, uint64_t rsp,
                           struct engine_trap *trap)
{
    const struct kvm_regs *regs = &cpu->run->s.regs.regs;
    trap->kind = ENGINE_TRAP_SYSCALL;
    context->rip = regs->rcx;
    context->rflags = regs->r11;
    context->gpr[ENGINE_RSP] = rsp;
}

/* The byte of the current address space at `va`, or -1. */
static int read_code_byte(struct engine_cpu *cpu, uint64_t va)
{
    struct kvm_translation t = {.linear_address = va};
    if (ioctl(cpu->fd, KVM_TRANSLATE, &t) || !t.valid ||
        t.physical_address >= cpu->engine->ram_size) {
        return -1;
    }
    return (unsigned char)cpu->engine->ram[t.physical_address];
}

/* #UD at `int n`: what should have happened. */
static void decode_software_interrupt(struct engine_cpu *cpu, struct engine_context *context,
                                      struct engine_trap *trap)
{
    if (read_code_byte(cpu, context->rip) != OPCODE_INT) {
        return;
    }
    int vector = read_code_byte(cpu, context->rip + 1);
    if (vector < 0) {
        return;
    }
    if (kvm_vector_is_user((unsigned)vector)) {
        trap->vector = (uint8_t)vector;
        context->rip += INT_LENGTH;
    } else {
        trap->vector = KVM_VECTOR_GP;
        trap->error_code = (uint32_t)vector << 3 | ERROR_CODE_IDT;
    }
}

/* Drop all events of the vCPU. 0 or -errno. */
static int clear_events(struct engine_cpu *cpu)
{
    /* No NMI, SMI or interrupt ever comes here: the rest is as after a reset. */
    const struct kvm_vcpu_events none = {0};
    return ioctl(cpu->fd, KVM_SET_VCPU_EVENTS, &none) ? -errno : 0;
}

static void decode_exception(struct engine_cpu *cpu, struct engine_context *context, int vector,
                             uint32_t error_code, uint64_t cr2, struct engine_trap *trap)
{
    uint64_t entry = kvm_syscall_entry(cpu->engine);
    if (context->rip == entry &&
        (vector == KVM_VECTOR_DB ||
         (vector == KVM_VECTOR_PF && cr2 == entry && error_code & KVM_PF_USER))) {
        decode_syscall(cpu, context, context->gpr[ENGINE_RSP], trap);
        return;
    }
    trap->kind = ENGINE_TRAP_EXCEPTION;
    trap->vector = (uint8_t)vector;
    trap->error_code = error_code;
    switch (vector) {
    case KVM_VECTOR_PF:
        trap->kind = ENGINE_TRAP_PAGE_FAULT;
        trap->address = cr2;
        break;
    case KVM_VECTOR_DB:
        trap->dr6 = kvm_state_take_dr6(cpu);
        break;
    case KVM_VECTOR_BP:
    case KVM_VECTOR_OF:
        if (clear_events(cpu)) { /* so that decode_undelivered never meets an old one */
            fail(trap, "KVM_SET_VCPU_EVENTS failed");
        }
        break;
    case KVM_VECTOR_UD:
        if (context->rip - KVM_GATE_BASE >= KVM_PAGE_SIZE) { /* there it means something else */
            decode_software_interrupt(cpu, context, trap);
        }
        break;
    default:
        break;
    }
}

/* A stub was entered. */
static void decode_stub(struct engine_cpu *cpu, struct engine_context *context, int vector,
                        struct engine_trap *trap)
{
    const struct kvm_regs *regs = &cpu->run->s.regs.regs;
    uint64_t rsp = regs->rsp;
    uint32_t error_code = 0;
    const struct kvm_frame *frame = NULL;

    if (vector == KVM_VECTOR_DB) {
        frame = kvm_frame_at(cpu, rsp, &error_code);
        if (frame && !(frame->cs & RPL_MASK)) {
            /* A data breakpoint that user code deferred into the entry: take the entry itself. */
            kvm_state_take_dr6(cpu);
            vector = kvm_stub_at(cpu->engine, frame->rip);
            rsp = frame->rsp;
        }
    }
    if (vector == KVM_VECTORS) {
        decode_syscall(cpu, context, rsp, trap);
        return;
    }
    frame = vector < 0 ? NULL : kvm_frame_at(cpu, rsp, &error_code);
    if (!frame || (frame->cs & RPL_MASK) != RPL_MASK || vector == KVM_VECTOR_DF) {
        fail(trap, "the guest's trap page faulted");
        return;
    }
    context->rip = frame->rip;
    context->rflags = frame->rflags;
    context->gpr[ENGINE_RSP] = frame->rsp;
    decode_exception(cpu, context, vector, error_code, cpu->run->s.regs.sregs.cr2, trap);
}

bool kvm_decode(struct engine_cpu *cpu, struct engine_context *context, struct engine_trap *trap)
{
    const struct kvm_regs *regs = &cpu->run->s.regs.regs;
    kvm_state_store_gprs(cpu, context);
    context->rip = regs->rip;
    context->rflags = regs->rflags;
    if (cpu->run->s.regs.sregs.cs.selector & RPL_MASK) {
        return false;
    }
    int vector = kvm_stub_at(cpu->engine, regs->rip);
    if (vector < 0) {
        fail(trap, "the guest left its trap page in ring 0");
    } else {
        decode_stub(cpu, context, vector, trap);
    }
    return true;
}

/* KVM keeps what it could not deliver, and it must not hit whoever runs here next. An `int n` is
 * executed again and may be dropped. An `int3` may have been left behind already, and KVM shows of
 * it nothing but the number. */
enum kvm_undelivered kvm_decode_undelivered(struct engine_cpu *cpu, struct engine_context *context,
                                            struct engine_trap *trap)
{
    struct kvm_vcpu_events events;
    if (ioctl(cpu->fd, KVM_GET_VCPU_EVENTS, &events)) {
        fail(trap, "KVM_GET_VCPU_EVENTS failed");
        return KVM_UNDELIVERED_TRAP;
    }
    bool found = events.exception.injected || events.exception.pending;
    if (!found && (events.exception.nr == KVM_VECTOR_BP || events.exception.nr == KVM_VECTOR_OF)) {
        return KVM_UNDELIVERED_HIDDEN;
    }
    if (found) {
        struct kvm_sregs sregs = {0};
        ioctl(cpu->fd, KVM_GET_SREGS, &sregs); /* asking for events may have moved a CR2 there */
        decode_exception(cpu, context, events.exception.nr,
                         events.exception.has_error_code ? events.exception.error_code : 0,
                         sregs.cr2, trap);
    }
    if (clear_events(cpu)) {
        fail(trap, "KVM_SET_VCPU_EVENTS failed");
        return KVM_UNDELIVERED_TRAP;
    }
    if (!found && context->rip == kvm_syscall_entry(cpu->engine)) {
        decode_syscall(cpu, context, context->gpr[ENGINE_RSP], trap);
        return KVM_UNDELIVERED_TRAP;
    }
    return found ? KVM_UNDELIVERED_TRAP : KVM_UNDELIVERED_NONE;
}
