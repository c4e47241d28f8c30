/* src/engine/native_access.c: which memory an instruction touches, for hardware breakpoints.
 *
 * A page tells that it was touched, not which of its bytes. The operands of the instruction do.
 */
#include "engine/native.h"

#include <Zydis/Zydis.h>

static unsigned fetch(struct engine_space *space, uint64_t va, uint8_t bytes[])
{
    unsigned n = 0;
    for (int byte; n < ZYDIS_MAX_INSTRUCTION_LENGTH; n++) {
        byte = native_shadow_read_byte(space, va + n);
        if (byte < 0) {
            break;
        }
        bytes[n] = (uint8_t)byte;
    }
    return n;
}

/* The value of an address register, as wide as the register is. */
static uint64_t value_of(const struct engine_context *c, ZydisRegister reg, uint64_t next)
{
    enum { ID_MASK = 15 };
    if (reg == ZYDIS_REGISTER_NONE) {
        return 0;
    }
    ZydisRegisterClass class = ZydisRegisterGetClass(reg);
    if (class == ZYDIS_REGCLASS_IP) {
        return next;
    }
    uint64_t value = c->gpr[(unsigned)ZydisRegisterGetId(reg) & ID_MASK];
    return class == ZYDIS_REGCLASS_GPR32 ? (uint32_t)value : value;
}

/* What `push` writes lies below the stack pointer that it starts with. */
static bool is_push(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *o)
{
    return o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && o->mem.base == ZYDIS_REGISTER_RSP &&
           o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE && i->meta.category != ZYDIS_CATEGORY_POP;
}

static uint64_t address_of(const struct engine_context *c, const ZydisDecodedInstruction *i,
                           const ZydisDecodedOperand *o)
{
    enum { BITS_IN_BYTE = 8, NARROW_ADDRESS = 32 };
    uint64_t next = c->rip + i->length;
    uint64_t address = value_of(c, o->mem.base, next) +
                       value_of(c, o->mem.index, next) * o->mem.scale + (uint64_t)o->mem.disp.value;
    if (i->address_width == NARROW_ADDRESS) {
        address = (uint32_t)address;
    }
    if (o->mem.segment == ZYDIS_REGISTER_GS) {
        address += c->gs_base;
    }
    return is_push(i, o) ? address - o->size / BITS_IN_BYTE : address;
}

void native_accesses(struct engine_space *space, const struct engine_context *context,
                     struct native_accesses *out)
{
    enum { BITS_IN_BYTE = 8 };
    uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];
    ZydisDecoder decoder;
    ZydisDecodedInstruction i;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    unsigned n = fetch(space, context->rip, bytes);
    *out = (struct native_accesses){0};
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (!n || !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, n, &i, operands))) {
        return;
    }
    out->pushes_flags = i.mnemonic == ZYDIS_MNEMONIC_PUSHFQ || i.mnemonic == ZYDIS_MNEMONIC_PUSHF;
    out->loads_flags = i.mnemonic == ZYDIS_MNEMONIC_POPFQ || i.mnemonic == ZYDIS_MNEMONIC_POPF ||
                       i.mnemonic == ZYDIS_MNEMONIC_IRETQ || i.mnemonic == ZYDIS_MNEMONIC_IRETD;
    for (unsigned k = 0; k < i.operand_count; k++) {
        const ZydisDecodedOperand *o = &operands[k];
        if (o->type == ZYDIS_OPERAND_TYPE_MEMORY && o->mem.type == ZYDIS_MEMOP_TYPE_MEM &&
            out->count < NATIVE_ACCESSES_MAX) {
            out->access[out->count++] = (struct native_access){
                .va = address_of(context, &i, o),
                .size = o->size / BITS_IN_BYTE,
                .write = (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0,
            };
        }
    }
}
