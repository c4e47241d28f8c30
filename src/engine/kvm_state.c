/* src/engine/kvm_state.c: registers into and out of a vCPU.
 *
 * General and system registers travel in the page shared with KVM (KVM_CAP_SYNC_REGS) and cost no
 * call of their own. Entering ring 3 needs them all: the vCPU sits in ring 0, behind a stub's
 * `hlt`.
 *
 * x87/SSE/AVX state is large and stays in the vCPU. `owner` is the context that it belongs to;
 * another context running on the vCPU loads its own, which is why a thread must be brought up to
 * date (sync_context) before it gives up its processor. Debug registers are loaded only when they
 * differ from what the vCPU holds.
 */
#include "engine/kvm_vm.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

/* RFLAGS that user code may have set; the others are forced. */
enum {
    RFLAGS_CF = 1 << 0,
    RFLAGS_FIXED = 1 << 1,
    RFLAGS_PF = 1 << 2,
    RFLAGS_AF = 1 << 4,
    RFLAGS_ZF = 1 << 6,
    RFLAGS_SF = 1 << 7,
    RFLAGS_TF = 1 << 8,
    RFLAGS_IF = 1 << 9,
    RFLAGS_DF = 1 << 10,
    RFLAGS_OF = 1 << 11,
    RFLAGS_NT = 1 << 14,
    RFLAGS_RF = 1 << 16,
    RFLAGS_AC = 1 << 18,
    RFLAGS_ID = 1 << 21,
    RFLAGS_USER = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_TF |
                  RFLAGS_DF | RFLAGS_OF | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC | RFLAGS_ID,
    RFLAGS_FORCED = RFLAGS_FIXED | RFLAGS_IF,
};

/* Debug registers (SDM volume 3, 18.2). */
enum {
    DR_ADDRESSES = 4,
    DR6 = 6,
    DR7 = 7,
    DR7_GENERAL_DETECT = 1 << 13,
    DR7_FIXED = 1 << 10,
    DR7_RESERVED = 3 << 14 | 3 << 11, /* and RTM */
};
static const uint64_t dr6_initial = 0xFFFF0FF0;
static const uint64_t user_end = UINT64_C(0x800000000000);

/* Standard-format XSAVE image (SDM volume 1, 13.4). */
struct xsave_image {
    uint16_t fcw;
    uint8_t pad0[22];
    uint32_t mxcsr;
    uint8_t pad1[436];
    uint8_t software[48]; /* not the processor's; Linux tells of the host there */
    uint64_t xstate_bv;
    uint64_t xcomp_bv;
    uint64_t reserved[6];
    uint8_t avx[256];
};
_Static_assert(offsetof(struct xsave_image, mxcsr) == 24, "XSAVE");
_Static_assert(offsetof(struct xsave_image, xstate_bv) == 512, "XSAVE");
_Static_assert(sizeof(struct xsave_image) <= sizeof(((struct engine_context *)0)->xsave), "XSAVE");

enum {
    FCW_INITIAL = 0x27F, /* 53-bit precision, as Windows starts a thread */
    MXCSR_INITIAL = 0x1F80,
    MXCSR_VALID = 0xFFFF,
    XSTATE_LEGACY = 3,
};

void kvm_state_forget(struct engine_cpu *cpu)
{
    cpu->owner = NULL;
    cpu->debugregs = (struct kvm_debugregs){.dr6 = UINT64_MAX};
    cpu->xsave_current = false;
}

uint64_t kvm_state_flags(uint64_t rflags)
{
    return (rflags & RFLAGS_USER) | RFLAGS_FORCED;
}

static void load_registers(struct engine_cpu *cpu, const struct engine_space *space,
                           const struct engine_context *c)
{
    cpu->run->s.regs.regs = (struct kvm_regs){
        .rax = c->gpr[ENGINE_RAX],
        .rbx = c->gpr[ENGINE_RBX],
        .rcx = c->gpr[ENGINE_RCX],
        .rdx = c->gpr[ENGINE_RDX],
        .rsi = c->gpr[ENGINE_RSI],
        .rdi = c->gpr[ENGINE_RDI],
        .rsp = c->gpr[ENGINE_RSP],
        .rbp = c->gpr[ENGINE_RBP],
        .r8 = c->gpr[8],
        .r9 = c->gpr[9],
        .r10 = c->gpr[10],
        .r11 = c->gpr[11],
        .r12 = c->gpr[12],
        .r13 = c->gpr[13],
        .r14 = c->gpr[14],
        .r15 = c->gpr[15],
        .rip = c->rip,
        .rflags = kvm_state_flags(c->rflags),
    };
    struct kvm_sregs *sregs = &cpu->run->s.regs.sregs;
    *sregs = cpu->user_sregs;
    sregs->cr3 = space->run_cr3;
    sregs->gs.base = c->gs_base;
    cpu->run->kvm_dirty_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
}

/* Nothing that the kernel was handed by user code may make KVM_SET_XSAVE fail. */
static void sanitise_xsave(const struct engine_cpu *cpu, struct xsave_image *image)
{
    image->mxcsr &= MXCSR_VALID;
    memset(image->software, 0, sizeof(image->software));
    image->xstate_bv &= cpu->engine->xstate;
    image->xcomp_bv = 0;
    memset(image->reserved, 0, sizeof(image->reserved));
}

static int load_xsave(struct engine_cpu *cpu, struct engine_context *context)
{
    struct xsave_image image;
    bool live = cpu->owner == context && context->engine_private == cpu;
    if (!context->xsave_valid) {
        if (live) {
            return 0;
        }
        if (context->engine_private) {
            return -ESTALE; /* its state is in another vCPU: sync_context was forgotten */
        }
        memset(&image, 0, sizeof(image));
        image.fcw = FCW_INITIAL;
        image.mxcsr = MXCSR_INITIAL;
        image.xstate_bv = XSTATE_LEGACY;
    } else {
        memcpy(&image, context->xsave, sizeof(image));
        sanitise_xsave(cpu, &image);
    }
    if (!live || !cpu->xsave_current || memcmp(cpu->xsave.region, &image, sizeof(image))) {
        memset(&cpu->xsave, 0, sizeof(cpu->xsave));
        memcpy(cpu->xsave.region, &image, sizeof(image));
        if (ioctl(cpu->fd, KVM_SET_XSAVE, &cpu->xsave)) {
            return -errno;
        }
    }
    cpu->owner = context;
    context->engine_private = cpu;
    context->xsave_valid = false;
    return 0;
}

static int load_debug_registers(struct engine_cpu *cpu, const struct engine_context *context)
{
    struct kvm_debugregs want = {
        .dr6 = dr6_initial,
        .dr7 = (uint32_t)(context->dr[DR7] & ~(uint64_t)(DR7_GENERAL_DETECT | DR7_RESERVED)) |
               DR7_FIXED,
    };
    for (int i = 0; i < DR_ADDRESSES; i++) {
        want.db[i] = context->dr[i] < user_end ? context->dr[i] : 0;
    }
    if (!memcmp(&want, &cpu->debugregs, sizeof(want))) {
        return 0;
    }
    if (ioctl(cpu->fd, KVM_SET_DEBUGREGS, &want)) {
        return -errno;
    }
    cpu->debugregs = want;
    return 0;
}

int kvm_state_load(struct engine_cpu *cpu, const struct engine_space *space,
                   struct engine_context *context)
{
    load_registers(cpu, space, context);
    int rc = load_debug_registers(cpu, context);
    if (!rc) {
        rc = load_xsave(cpu, context);
    }
    if (!rc) {
        cpu->xsave_current = false; /* user code is about to run */
    }
    return rc;
}

void kvm_cpu_sync_context(struct engine_cpu *cpu, struct engine_context *context)
{
    if (context->xsave_valid || cpu->owner != context || context->engine_private != cpu) {
        return;
    }
    kvm_gate_stop(cpu);
    if (ioctl(cpu->fd, KVM_GET_XSAVE, &cpu->xsave)) {
        return; /* the vCPU is gone; `xsave_valid` stays false and the next run fails */
    }
    struct xsave_image image;
    memcpy(&image, cpu->xsave.region, sizeof(image));
    sanitise_xsave(cpu, &image);
    memcpy(cpu->xsave.region, &image, sizeof(image));
    memcpy(context->xsave, &image, sizeof(image));
    cpu->xsave_current = true;
    context->xsave_valid = true;
}

void kvm_state_store_gprs(const struct engine_cpu *cpu, struct engine_context *context)
{
    const struct kvm_regs *regs = &cpu->run->s.regs.regs;
    const uint64_t gpr[16] = {regs->rax, regs->rcx, regs->rdx, regs->rbx, regs->rsp, regs->rbp,
                              regs->rsi, regs->rdi, regs->r8,  regs->r9,  regs->r10, regs->r11,
                              regs->r12, regs->r13, regs->r14, regs->r15};
    memcpy(context->gpr, gpr, sizeof(gpr));
}

uint64_t kvm_state_take_dr6(struct engine_cpu *cpu)
{
    struct kvm_debugregs now = {0};
    if (ioctl(cpu->fd, KVM_GET_DEBUGREGS, &now)) {
        return dr6_initial;
    }
    cpu->debugregs.dr6 = now.dr6; /* differs from what `load` wants, which resets it */
    return now.dr6;
}
