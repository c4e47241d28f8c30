/* src/machine/context.c: CONTEXT to engine registers and back. See context.h.
 *
 * CONTEXT names each register; the engine numbers the general ones as instructions do. Both keep
 * x87 and SSE in the FXSAVE format, which is also the legacy area of an XSAVE image. What lies
 * behind it (AVX) is not part of CONTEXT and stays with the thread.
 */
#include "machine/context.h"

#include <stddef.h>
#include <string.h>

#define INITIAL_FPU_CONTROL 0x27F /* Windows x64: 53-bit precision */
#define MXCSR_MASK 0xFFFF
#define XSTATE_LEGACY 3ull /* x87 and SSE in XSTATE_BV */
#define XSTATE_BV_OFFSET 512

/* Where each general register, by its hardware number, stands in a CONTEXT. */
static const uint16_t gpr_offset[16] = {
    offsetof(CONTEXT, Rax), offsetof(CONTEXT, Rcx), offsetof(CONTEXT, Rdx), offsetof(CONTEXT, Rbx),
    offsetof(CONTEXT, Rsp), offsetof(CONTEXT, Rbp), offsetof(CONTEXT, Rsi), offsetof(CONTEXT, Rdi),
    offsetof(CONTEXT, R8),  offsetof(CONTEXT, R9),  offsetof(CONTEXT, R10), offsetof(CONTEXT, R11),
    offsetof(CONTEXT, R12), offsetof(CONTEXT, R13), offsetof(CONTEXT, R14), offsetof(CONTEXT, R15),
};

static bool has(const CONTEXT *context, uint32_t part)
{
    return (context->ContextFlags & part) == part;
}

static uint64_t *gpr_of(CONTEXT *context, unsigned number)
{
    return (uint64_t *)((char *)context + gpr_offset[number]);
}

void context_init(struct engine_context *registers)
{
    memset(registers, 0, sizeof *registers);
    registers->rflags = EFLAGS_ALWAYS;
    XSAVE_FORMAT *legacy = (XSAVE_FORMAT *)registers->xsave;
    legacy->ControlWord = INITIAL_FPU_CONTROL;
    legacy->MxCsr = INITIAL_MXCSR;
    legacy->MxCsr_Mask = MXCSR_MASK;
    uint64_t present = XSTATE_LEGACY;
    memcpy(registers->xsave + XSTATE_BV_OFFSET, &present, sizeof present);
    registers->xsave_valid = true;
}

void context_from_engine(CONTEXT *context, const struct engine_context *registers)
{
    if (has(context, CONTEXT_CONTROL)) {
        context->SegCs = KGDT64_R3_CODE;
        context->SegSs = KGDT64_R3_DATA;
        context->EFlags = (uint32_t)registers->rflags;
        context->Rip = registers->rip;
        context->Rsp = registers->gpr[ENGINE_RSP];
    }
    if (has(context, CONTEXT_INTEGER)) {
        for (unsigned i = 0; i < 16; i++) {
            if (i != ENGINE_RSP) {
                *gpr_of(context, i) = registers->gpr[i];
            }
        }
    }
    if (has(context, CONTEXT_SEGMENTS)) {
        context->SegDs = context->SegEs = context->SegGs = KGDT64_R3_DATA;
        context->SegFs = KGDT64_R3_CMTEB;
    }
    if (has(context, CONTEXT_FLOATING_POINT)) {
        memcpy(&context->FltSave, registers->xsave, sizeof context->FltSave);
        context->MxCsr = context->FltSave.MxCsr;
    }
    if (has(context, CONTEXT_DEBUG_REGISTERS)) {
        context->Dr0 = registers->dr[0];
        context->Dr1 = registers->dr[1];
        context->Dr2 = registers->dr[2];
        context->Dr3 = registers->dr[3];
        context->Dr6 = registers->dr[6];
        context->Dr7 = registers->dr[7];
    }
}

void context_to_engine(struct engine_context *registers, const CONTEXT *context)
{
    CONTEXT copy = *context;
    if (has(context, CONTEXT_CONTROL)) {
        registers->rip = context->Rip;
        registers->rflags = (context->EFlags & EFLAGS_USER_MASK) | EFLAGS_ALWAYS;
        registers->gpr[ENGINE_RSP] = context->Rsp;
    }
    if (has(context, CONTEXT_INTEGER)) {
        for (unsigned i = 0; i < 16; i++) {
            if (i != ENGINE_RSP) {
                registers->gpr[i] = *gpr_of(&copy, i);
            }
        }
    }
    if (has(context, CONTEXT_FLOATING_POINT)) {
        XSAVE_FORMAT *legacy = (XSAVE_FORMAT *)registers->xsave;
        memcpy(legacy, &context->FltSave, offsetof(XSAVE_FORMAT, Reserved4));
        legacy->MxCsr = context->MxCsr & MXCSR_MASK;
        legacy->MxCsr_Mask = MXCSR_MASK;
        uint64_t present;
        memcpy(&present, registers->xsave + XSTATE_BV_OFFSET, sizeof present);
        present |= XSTATE_LEGACY;
        memcpy(registers->xsave + XSTATE_BV_OFFSET, &present, sizeof present);
        registers->xsave_valid = true;
    }
    if (has(context, CONTEXT_DEBUG_REGISTERS)) {
        registers->dr[0] = context->Dr0;
        registers->dr[1] = context->Dr1;
        registers->dr[2] = context->Dr2;
        registers->dr[3] = context->Dr3;
        registers->dr[6] = context->Dr6;
        registers->dr[7] = context->Dr7;
    }
}
