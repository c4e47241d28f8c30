/* disasm.c: one instruction in WinDbg's spelling.
 *
 * Zydis decodes; the text is ours, because WinDbg's dialect of MASM is its own: `je` and not `jz`,
 * numbers with an h behind them, no blank between operands, the size of string instructions in
 * their operands, and addresses by name with the number in brackets behind it:
 *
 *      fffff800`02812340 488b05b91c0000  mov     rax,qword ptr [nt!MmHighestUserAddress
 * (fffff800`...)]
 */
#include "kd/disasm.h"

#include <Zydis/Zydis.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kd/kdi.h"
#include "kd/symbols.h"

#define BYTES_COLUMN 15 /* characters of code bytes before the mnemonic */
#define MNEMONIC_COLUMN 7

struct decoded {
    uint64_t address;
    uint8_t bytes[KD_INSTRUCTION_MOST];
    size_t read; /* bytes that could be read */
    bool valid;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
};

static void decode(struct kd *kd, uint64_t address, struct decoded *d)
{
    ZydisDecoder decoder;
    *d = (struct decoded){.address = address};
    d->read = kd_read_virtual(kd, address, d->bytes, sizeof d->bytes);
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    d->valid = d->read && ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, d->bytes, d->read,
                                                              &d->instruction, d->operand));
}

/* ---- text ---- */

struct text {
    char at[512];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(t->at + t->length, sizeof t->at - t->length, format, list);
    va_end(list);
    if (n > 0)
        t->length += (size_t)n;
    if (t->length >= sizeof t->at)
        t->length = sizeof t->at - 1;
}

/* A number: 9, 0Ah, 28h, 0FFFFFFFFh. */
static void put_number(struct text *t, uint64_t value)
{
    char digits[20];
    snprintf(digits, sizeof digits, "%" PRIX64, value);
    put(t, "%s%s%s", digits[0] > '9' ? "0" : "", digits, value > 9 ? "h" : "");
}

/* "nt!Name+0x4 (fffff800`02812340)", or the number alone where nothing has a name. */
static void put_address(struct kd *kd, struct text *t, uint64_t address)
{
    char name[256];
    char number[KD_ADDRESS_TEXT];
    kd_address_text(address, number);
    if (kd->symbols && kd_symbol_name(kd->symbols, address, name, sizeof name))
        put(t, "%s (%s)", name, number);
    else
        put(t, "%s", number);
}

/* Conditions in Zydis' spelling and WinDbg's, longest first. */
static const char *const conditions[][2] = {
    {"nbe", "a"}, {"nle", "g"}, {"nb", "ae"}, {"nl", "ge"}, {"nz", "ne"}, {"z", "e"},
};

static const struct {
    const char *from, *to;
} string_instructions[] = {
    {"movsb", "movs"}, {"movsw", "movs"}, {"movsd", "movs"}, {"movsq", "movs"}, {"stosb", "stos"},
    {"stosw", "stos"}, {"stosd", "stos"}, {"stosq", "stos"}, {"lodsb", "lods"}, {"lodsw", "lods"},
    {"lodsd", "lods"}, {"lodsq", "lods"}, {"scasb", "scas"}, {"scasw", "scas"}, {"scasd", "scas"},
    {"scasq", "scas"}, {"cmpsb", "cmps"}, {"cmpsw", "cmps"}, {"cmpsd", "cmps"}, {"cmpsq", "cmps"},
};

/* movsd and cmpsd are also names of SSE instructions. */
static const char *string_mnemonic(const ZydisDecodedInstruction *i, const char *name)
{
    if (i->meta.category != ZYDIS_CATEGORY_STRINGOP)
        return NULL;
    for (size_t k = 0; k < sizeof string_instructions / sizeof *string_instructions; k++) {
        if (strcmp(name, string_instructions[k].from) == 0)
            return string_instructions[k].to;
    }
    return NULL;
}

static size_t condition_prefix(const ZydisDecodedInstruction *i, const char *name)
{
    if (i->meta.category == ZYDIS_CATEGORY_COND_BR && name[0] == 'j')
        return 1;
    if (i->meta.category == ZYDIS_CATEGORY_CMOV)
        return strlen("cmov");
    if (i->meta.category == ZYDIS_CATEGORY_SETCC)
        return strlen("set");
    return 0;
}

static void put_mnemonic(struct text *t, const ZydisDecodedInstruction *i)
{
    const char *name = ZydisMnemonicGetString(i->mnemonic);
    const char *string = string_mnemonic(i, name);
    size_t prefix = condition_prefix(i, name);
    struct text m = {.length = 0};
    if (i->attributes & ZYDIS_ATTRIB_HAS_LOCK)
        put(&m, "lock ");
    if (i->attributes & ZYDIS_ATTRIB_HAS_REPNE)
        put(&m, "repne ");
    else if (i->attributes & ZYDIS_ATTRIB_HAS_REPE)
        put(&m, "repe ");
    else if (i->attributes & ZYDIS_ATTRIB_HAS_REP)
        put(&m, "rep ");
    for (size_t k = 0; prefix && k < sizeof conditions / sizeof *conditions; k++) {
        if (strcmp(name + prefix, conditions[k][0]) == 0) {
            put(&m, "%.*s%s", (int)prefix, name, conditions[k][1]);
            prefix = 0;
            name = "";
        }
    }
    if (i->mnemonic == ZYDIS_MNEMONIC_INT3)
        put(&m, "%-*s 3", MNEMONIC_COLUMN, "int");
    else
        put(&m, "%s", string ? string : name);
    put(t, "%-*s ", MNEMONIC_COLUMN, m.at);
}

static const char *size_text(unsigned bits)
{
    switch (bits) {
    case 8:
        return "byte ptr ";
    case 16:
        return "word ptr ";
    case 32:
        return "dword ptr ";
    case 48:
        return "fword ptr ";
    case 64:
        return "qword ptr ";
    case 80:
        return "tbyte ptr ";
    case 128:
        return "xmmword ptr ";
    case 256:
        return "ymmword ptr ";
    default:
        return "";
    }
}

static void put_index(struct text *t, const ZydisDecodedOperand *o)
{
    const char *plus = "";
    if (o->mem.base != ZYDIS_REGISTER_NONE) {
        put(t, "%s", ZydisRegisterGetString(o->mem.base));
        plus = "+";
    }
    if (o->mem.index != ZYDIS_REGISTER_NONE) {
        put(t, "%s%s", plus, ZydisRegisterGetString(o->mem.index));
        if (o->mem.scale > 1)
            put(t, "*%u", o->mem.scale);
        plus = "+";
    }
    int64_t displacement = o->mem.disp.value;
    if (!*plus) {
        put_number(t, (uint64_t)displacement);
    } else if (displacement) {
        put(t, "%s", displacement < 0 ? "-" : plus);
        put_number(t, displacement < 0 ? -(uint64_t)displacement : (uint64_t)displacement);
    }
}

static void put_memory(struct kd *kd, struct text *t, const struct decoded *d,
                       const ZydisDecodedOperand *o)
{
    uint64_t address;
    bool sized = o->mem.type == ZYDIS_MEMOP_TYPE_MEM && o->size;
    bool segment = o->mem.segment == ZYDIS_REGISTER_FS || o->mem.segment == ZYDIS_REGISTER_GS;
    put(t, "%s", sized ? size_text(o->size) : "");
    if (segment)
        put(t, "%s:", ZydisRegisterGetString(o->mem.segment));
    put(t, "[");
    bool fixed = o->mem.base == ZYDIS_REGISTER_RIP ||
                 (o->mem.base == ZYDIS_REGISTER_NONE && o->mem.index == ZYDIS_REGISTER_NONE);
    if (fixed && !segment &&
        ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&d->instruction, o, d->address, &address)))
        put_address(kd, t, address);
    else
        put_index(t, o);
    put(t, "]");
}

/* Immediates are as wide as what they act on: or eax,0FFFFFFFFh. */
static void put_immediate(struct text *t, const struct decoded *d, const ZydisDecodedOperand *o)
{
    uint64_t value = o->imm.value.u;
    unsigned width = d->instruction.operand_width;
    if (o->id > 0 && d->operand[0].size)
        width = d->operand[0].size;
    if (width < 64 && width)
        value &= (1ull << width) - 1;
    put_number(t, value);
}

static void put_operand(struct kd *kd, struct text *t, const struct decoded *d,
                        const ZydisDecodedOperand *o)
{
    uint64_t address;
    switch (o->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        put(t, "%s", ZydisRegisterGetString(o->reg.value));
        break;
    case ZYDIS_OPERAND_TYPE_MEMORY:
        put_memory(kd, t, d, o);
        break;
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        if (o->imm.is_relative &&
            ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&d->instruction, o, d->address, &address)))
            put_address(kd, t, address);
        else
            put_immediate(t, d, o);
        break;
    case ZYDIS_OPERAND_TYPE_POINTER:
        put_number(t, o->ptr.segment);
        put(t, ":");
        put_number(t, o->ptr.offset);
        break;
    case ZYDIS_OPERAND_TYPE_UNUSED:
        break;
    }
}

/* String instructions name their memory operands, which Zydis hides. */
static bool shown(const struct decoded *d, const ZydisDecodedOperand *o)
{
    if (string_mnemonic(&d->instruction, ZydisMnemonicGetString(d->instruction.mnemonic)))
        return o->type == ZYDIS_OPERAND_TYPE_MEMORY;
    return o->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
           !(d->instruction.mnemonic == ZYDIS_MNEMONIC_INT3);
}

static void put_instruction(struct kd *kd, struct text *t, const struct decoded *d)
{
    bool first = true;
    put_mnemonic(t, &d->instruction);
    for (unsigned i = 0; i < d->instruction.operand_count; i++) {
        if (!shown(d, &d->operand[i]) || (!first && d->instruction.mnemonic == ZYDIS_MNEMONIC_NOP))
            continue;
        put(t, "%s", first ? "" : ",");
        put_operand(kd, t, d, &d->operand[i]);
        first = false;
    }
    while (t->length && t->at[t->length - 1] == ' ')
        t->at[--t->length] = 0;
}

/* ---- what others use ---- */

bool kd_instruction_at(struct kd *kd, uint64_t address, struct kd_instruction *out)
{
    struct decoded d;
    *out = (struct kd_instruction){0};
    decode(kd, address, &d);
    if (!d.valid)
        return false;
    const ZydisDecodedInstruction *i = &d.instruction;
    out->length = i->length;
    out->call = i->meta.category == ZYDIS_CATEGORY_CALL;
    out->ret = i->meta.category == ZYDIS_CATEGORY_RET;
    out->system_call = i->mnemonic == ZYDIS_MNEMONIC_SYSCALL;
    out->conditional = i->meta.category == ZYDIS_CATEGORY_COND_BR;
    out->branch = out->conditional || i->meta.category == ZYDIS_CATEGORY_UNCOND_BR;
    out->ends = out->ret || i->meta.category == ZYDIS_CATEGORY_UNCOND_BR ||
                i->mnemonic == ZYDIS_MNEMONIC_UD2;
    if ((out->call || out->branch) && i->operand_count &&
        d.operand[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && d.operand[0].imm.is_relative)
        out->has_target =
            ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(i, &d.operand[0], address, &out->target));
    return true;
}

unsigned kd_show_instruction(struct kd *kd, uint64_t address)
{
    struct decoded d;
    struct text t = {.length = 0};
    char bytes[2 * KD_INSTRUCTION_MOST + 1] = "";
    char number[KD_ADDRESS_TEXT];
    decode(kd, address, &d);
    kd_address_text(address, number);
    if (!d.read) {
        kd_printf(kd, "%s %-*s %s\n", number, BYTES_COLUMN, "??", "???");
        return 0;
    }
    unsigned length = d.valid ? d.instruction.length : 1;
    for (unsigned i = 0; i < length; i++)
        snprintf(bytes + 2 * i, sizeof bytes - 2 * i, "%02x", d.bytes[i]);
    if (d.valid)
        put_instruction(kd, &t, &d);
    else
        put(&t, "???");
    kd_printf(kd, "%s %-*s %s\n", number, BYTES_COLUMN, bytes, t.at);
    return length;
}
