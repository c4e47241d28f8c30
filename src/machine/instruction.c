/* src/machine/instruction.c: a look at the instruction that trapped.
 *
 * The processor has one vector for several of Windows' exceptions, and Windows looks at the code to
 * tell them apart: #GP is a privileged instruction or a bad address, #DE a zero divisor or a
 * quotient that does not fit. Only that much is decoded here.
 *
 *      prefixes (66 67 F0 F2 F3, segments) | REX | opcode, 0F opcode | ModRM | SIB | displacement
 *
 * Another thread may change the code meanwhile; then the answer is about some other instruction,
 * and no harm is done. Source: Intel SDM 2, 2.1 and 2.2.1; SDM 3, 5.9 "Privileged Instructions".
 */
#include "machine/instruction.h"

#include <string.h>

#define LONGEST_INSTRUCTION 15
#define ESCAPE 0x0F
#define MODRM_REGISTER 3 /* mod: the operand is a register */
#define RM_SIB 4
#define RM_NO_BASE 5
#define NO_INDEX 4
#define GROUP3_DIV 6 /* F6 and F7 with /6 div, /7 idiv */
#define LEAST_HIGH_BYTE 4

enum { REX_B = 1, REX_X = 2, REX_W = 8 };

struct instruction {
    uint8_t bytes[LONGEST_INSTRUCTION + 1]; /* zeros behind the readable ones */
    unsigned at;                            /* what was decoded */
    uint8_t rex;
    bool operand_size, address_size, gs;
};

static uint8_t next(struct instruction *i)
{
    return i->at < LONGEST_INSTRUCTION ? i->bytes[i->at++] : 0;
}

static bool take_prefix(struct instruction *i)
{
    uint8_t byte = i->bytes[i->at];
    switch (byte) {
    case 0x66:
        i->operand_size = true;
        break;
    case 0x67:
        i->address_size = true;
        break;
    case 0x65:
        i->gs = true;
        break;
    case 0x26:
    case 0x2E:
    case 0x36:
    case 0x3E:
    case 0x64:
    case 0xF0:
    case 0xF2:
    case 0xF3:
        break;
    default:
        return false;
    }
    i->at++;
    return true;
}

/* Fetch the code at rip, as far as it can be read, and step over its prefixes. */
static void begin(struct instruction *i, struct mm_space *space, uint64_t rip)
{
    memset(i, 0, sizeof *i);
    for (unsigned n = 0; n < LONGEST_INSTRUCTION; n++) {
        if (!NT_SUCCESS(mm_copy_from_user(space, &i->bytes[n], rip + n, 1))) {
            break;
        }
    }
    while (i->at < LONGEST_INSTRUCTION && take_prefix(i)) {
    }
    if ((i->bytes[i->at] & 0xF0) == 0x40) {
        i->rex = next(i);
    }
}

/* ---- privileged instructions --------------------------------------------------------------------
 */

static bool is_privileged_escape(uint8_t opcode, uint8_t modrm)
{
    unsigned reg = modrm >> 3 & 7;
    switch (opcode) {
    case 0x00: /* lldt, ltr */
        return reg == 2 || reg == 3;
    case 0x01: /* lgdt, lidt, lmsw, invlpg and swapgs */
        return (modrm >> 6 != MODRM_REGISTER && (reg == 2 || reg == 3)) || reg == 6 || reg == 7;
    case 0x06: /* clts */
    case 0x07: /* sysret */
    case 0x08: /* invd */
    case 0x09: /* wbinvd */
    case 0x20: /* mov of control and debug registers */
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x30: /* wrmsr */
    case 0x31: /* rdtsc */
    case 0x32: /* rdmsr */
    case 0x33: /* rdpmc */
    case 0x35: /* sysexit */
        return true;
    default:
        return false;
    }
}

bool instruction_is_privileged(struct mm_space *space, const struct engine_context *registers)
{
    struct instruction i;
    begin(&i, space, registers->rip);
    uint8_t opcode = next(&i);
    switch (opcode) {
    case ESCAPE:
        opcode = next(&i);
        return is_privileged_escape(opcode, next(&i));
    case 0xF4: /* hlt */
    case 0xFA: /* cli */
    case 0xFB: /* sti */
        return true;
    default:
        return (opcode >= 0x6C && opcode <= 0x6F) || /* ins, outs */
               (opcode >= 0xE4 && opcode <= 0xE7) || /* in, out with a port in the code */
               (opcode >= 0xEC && opcode <= 0xEF);   /* in, out with a port in dx */
    }
}

/* ---- the divisor --------------------------------------------------------------------------------
 */

static int32_t displacement(struct instruction *i, unsigned size)
{
    uint32_t value = 0;
    for (unsigned n = 0; n < size; n++) {
        value |= (uint32_t)next(i) << (8 * n);
    }
    return size == 1 ? (int8_t)value : (int32_t)value;
}

/* The address of a memory operand whose ModRM byte was just taken. */
static uint64_t operand_address(struct instruction *i, uint8_t modrm,
                                const struct engine_context *r)
{
    unsigned mod = modrm >> 6, rm = modrm & 7;
    uint64_t address = 0;
    bool relative = false, no_base = mod == 0 && rm == RM_NO_BASE;
    if (rm == RM_SIB) {
        uint8_t sib = next(i);
        unsigned base = sib & 7, index = (sib >> 3 & 7) | (i->rex & REX_X ? 8 : 0);
        no_base = mod == 0 && base == RM_NO_BASE;
        address = no_base ? 0 : r->gpr[base | (i->rex & REX_B ? 8 : 0)];
        address += index == NO_INDEX ? 0 : r->gpr[index] << (sib >> 6);
    } else if (no_base) {
        relative = true;
    } else {
        address = r->gpr[rm | (i->rex & REX_B ? 8 : 0)];
    }
    int64_t offset = no_base || mod == 2 ? displacement(i, 4) : mod == 1 ? displacement(i, 1) : 0;
    address += (uint64_t)offset + (relative ? r->rip + i->at : 0);
    address = i->address_size ? (uint32_t)address : address;
    return address + (i->gs ? r->gs_base : 0);
}

static uint64_t register_operand(const struct instruction *i, uint8_t modrm, unsigned size,
                                 const struct engine_context *r)
{
    unsigned number = (modrm & 7) | (i->rex & REX_B ? 8 : 0);
    if (size == 1 && !i->rex && number >= LEAST_HIGH_BYTE) {
        return r->gpr[number - LEAST_HIGH_BYTE] >> 8; /* ah, ch, dh, bh */
    }
    return r->gpr[number];
}

bool instruction_divides_by_nonzero(struct mm_space *space, const struct engine_context *registers)
{
    struct instruction i;
    begin(&i, space, registers->rip);
    uint8_t opcode = next(&i), modrm = next(&i);
    if ((opcode & ~1u) != 0xF6 || (modrm >> 3 & 7) < GROUP3_DIV) {
        return false;
    }
    unsigned size = !(opcode & 1) ? 1 : i.rex & REX_W ? 8 : i.operand_size ? 2 : 4;
    uint64_t divisor = 0;
    if (modrm >> 6 == MODRM_REGISTER) {
        divisor = register_operand(&i, modrm, size, registers);
    } else if (!NT_SUCCESS(mm_copy_from_user(space, &divisor, operand_address(&i, modrm, registers),
                                             size))) {
        return false;
    }
    return (divisor & (UINT64_MAX >> (64 - 8 * size))) != 0;
}
