/* stack.c: undoing prologs, call by call.
 *
 *      UNWIND_INFO of the function at rip       stack
 *        push rbx        <- undone last           | return address |  -> rip of the caller
 *        push rdi                                 | rbx            |  -> rbx of the caller
 *        sub rsp, 20h    <- undone first          | rdi            |
 *                                                 | 20h bytes      |  <- rsp
 *
 * A function without an entry is a leaf: nothing but the return address lies on the stack. A thread
 * may be inside of a prolog (what has not happened yet is not undone) or of an epilog, which has no
 * codes: the instructions that are left of it are carried out instead. Only the innermost function
 * can be in one of those.
 *
 * Everything read here is the program's: images may lie and stacks be overwritten. Each step moves
 * the stack pointer up, a walk has a limit, and what cannot be read ends it.
 *
 * Source: "x64 exception handling", documentation.
 */
#include "kd/stack.h"

#include <inttypes.h>
#include <string.h>

#include "kd/symbols.h"
#include "kd/types.h"
#include "pe/pe.h"

#define CHAIN_LIMIT 32
#define EPILOG_LONGEST 64 /* bytes: every register popped, and a return */
#define SLOT 8            /* bytes of a stack slot */
#define SHOWN_FRAMES 64

/* ---- epilogs ----------------------------------------------------------------------------------
 */

/* The rest of an epilog, as instructions are recognised. */
struct epilog {
    const uint8_t *at, *end;
    struct kd_registers registers; /* as they become */
};

static bool pop(struct kd *kd, struct kd_registers *r, uint64_t *value)
{
    if (!kd_read_u64(kd, r->gpr[KD_RSP], value)) {
        return false;
    }
    r->gpr[KD_RSP] += SLOT;
    return true;
}

/* Does the code go on with these bytes? Moves behind them. */
static bool take(struct epilog *e, const char *bytes, size_t count)
{
    if ((size_t)(e->end - e->at) < count || memcmp(e->at, bytes, count) != 0) {
        return false;
    }
    e->at += count;
    return true;
}

static bool take_number(struct epilog *e, size_t bytes, int64_t *value)
{
    if ((size_t)(e->end - e->at) < bytes) {
        return false;
    }
    int8_t narrow;
    int32_t wide;
    if (bytes == sizeof narrow) {
        memcpy(&narrow, e->at, sizeof narrow);
        *value = narrow;
    } else {
        memcpy(&wide, e->at, sizeof wide);
        *value = wide;
    }
    e->at += bytes;
    return true;
}

/* add rsp, N and lea rsp, [rbp + N]: an epilog's first instruction. */
static void epilog_release(struct epilog *e)
{
    const uint8_t *start = e->at;
    uint64_t *gpr = e->registers.gpr, base = gpr[KD_RSP];
    int64_t offset;
    size_t width = take(e, "\x48\x83\xC4", 3) ? 1 : take(e, "\x48\x81\xC4", 3) ? 4 : 0;
    if (width == 0) {
        width = take(e, "\x48\x8D\x65", 3) ? 1 : take(e, "\x48\x8D\xA5", 3) ? 4 : 0;
        base = gpr[KD_RBP];
    }
    if (width != 0 && take_number(e, width, &offset)) {
        gpr[KD_RSP] = base + (uint64_t)offset;
    } else {
        e->at = start;
    }
}

static bool epilog_pops(struct kd *kd, struct epilog *e)
{
    const uint8_t pop_first = 0x58, rex_b = 0x41;
    for (;;) {
        unsigned high = e->at < e->end && *e->at == rex_b;
        if ((size_t)(e->end - e->at) <= high || (e->at[high] & ~7u) != pop_first) {
            return true;
        }
        unsigned number = (e->at[high] & 7u) + 8 * high;
        uint64_t value;
        if (!pop(kd, &e->registers, &value)) {
            return false;
        }
        e->registers.gpr[number] = value;
        e->at += high + 1;
    }
}

/* ret, or a jump to another function. Not inside of this one: that is a loop, not an epilog. */
static bool epilog_leaves(struct epilog *e, uint64_t rip_of_at, uint64_t start, uint64_t end)
{
    int64_t distance;
    const uint8_t *from = e->at;
    if (take(e, "\xC3", 1) || take(e, "\xC2", 1) || take(e, "\xF3\xC3", 2) ||
        take(e, "\xFF\x25", 2) || take(e, "\x48\xFF\x25", 3)) {
        return true;
    }
    size_t width = take(e, "\xE9", 1) ? 4 : take(e, "\xEB", 1) ? 1 : 0;
    if (width == 0 || !take_number(e, width, &distance)) {
        return false;
    }
    uint64_t target = rip_of_at + (uint64_t)(e->at - from) + (uint64_t)distance;
    return target < start || target >= end;
}

/* When rip is in the epilog of the function [start, end), carry out what is left of it. */
static bool finish_epilog(struct kd *kd, uint64_t start, uint64_t end, struct kd_registers *r)
{
    uint8_t code[EPILOG_LONGEST];
    size_t size = kd_read_virtual(kd, r->rip, code, sizeof code);
    struct epilog e = {.at = code, .end = code + size, .registers = *r};
    epilog_release(&e);
    if (!epilog_pops(kd, &e)) {
        return false;
    }
    uint64_t at = r->rip + (uint64_t)(e.at - code);
    if (!epilog_leaves(&e, at, start, end)) {
        return false;
    }
    *r = e.registers;
    return true;
}

/* ---- prologs ----------------------------------------------------------------------------------
 */

/* One fragment of a function being undone. */
struct undo {
    struct kd_registers *registers;
    const struct pe_unwind *unwind;
    uint32_t reached; /* bytes of the prolog that were executed */
    bool machine_frame;
};

/* Where saved registers are counted from. */
static uint64_t frame_base(const struct undo *u)
{
    const struct pe_unwind *unwind = u->unwind;
    if (unwind->frame_register == 0) {
        return u->registers->gpr[KD_RSP];
    }
    for (unsigned i = 0; i < unwind->code_count; i++) {
        if (unwind->code[i].operation == UWOP_SET_FPREG &&
            unwind->code[i].prolog_offset <= u->reached) {
            return u->registers->gpr[unwind->frame_register] - unwind->frame_offset;
        }
    }
    return unwind->chained || u->reached >= unwind->prolog_size
               ? u->registers->gpr[unwind->frame_register] - unwind->frame_offset
               : u->registers->gpr[KD_RSP];
}

/* rip, cs, eflags, rsp, ss, as the processor pushes them; an error code may lie below. */
static bool undo_machine_frame(struct kd *kd, struct undo *u, bool error_code)
{
    struct kd_registers *r = u->registers;
    uint64_t frame = r->gpr[KD_RSP] + (error_code ? SLOT : 0);
    u->machine_frame = true;
    return kd_read_u64(kd, frame, &r->rip) && kd_read_u64(kd, frame + 3 * SLOT, &r->gpr[KD_RSP]);
}

static bool undo_code(struct kd *kd, struct undo *u, const struct pe_unwind_code *code,
                      uint64_t base)
{
    struct kd_registers *r = u->registers;
    switch (code->operation) {
    case UWOP_PUSH_NONVOL: {
        uint64_t value;
        if (!pop(kd, r, &value)) {
            return false;
        }
        r->gpr[code->info] = value;
        return true;
    }
    case UWOP_ALLOC_LARGE:
    case UWOP_ALLOC_SMALL:
        r->gpr[KD_RSP] += code->operand;
        return true;
    case UWOP_SET_FPREG:
        r->gpr[KD_RSP] = r->gpr[u->unwind->frame_register] - u->unwind->frame_offset;
        return true;
    case UWOP_SAVE_NONVOL:
    case UWOP_SAVE_NONVOL_FAR:
        return kd_read_u64(kd, base + code->operand, &r->gpr[code->info]);
    case UWOP_PUSH_MACHFRAME:
        return undo_machine_frame(kd, u, code->info != 0);
    default: /* vector registers are not followed */
        return true;
    }
}

static bool undo_fragment(struct kd *kd, struct undo *u)
{
    uint64_t base = frame_base(u);
    for (unsigned i = 0; i < u->unwind->code_count; i++) {
        const struct pe_unwind_code *code = &u->unwind->code[i];
        if (code->prolog_offset <= u->reached && !undo_code(kd, u, code, base)) {
            return false;
        }
    }
    return true;
}

/* Undo the function and those that it is a part of, up to the return address. */
static bool undo_function(struct kd *kd, const struct pe_image *image,
                          const IMAGE_RUNTIME_FUNCTION_ENTRY *function, uint32_t reached,
                          struct undo *u)
{
    struct pe_unwind unwind;
    uint32_t info = function->UnwindInfoAddress;
    u->unwind = &unwind;
    u->reached = reached;
    for (unsigned i = 0; i < CHAIN_LIMIT; i++) {
        if (pe_read_unwind(image, info, &unwind) != PE_OK || !undo_fragment(kd, u)) {
            return false;
        }
        if (!unwind.chained) {
            return true;
        }
        info = unwind.chain.UnwindInfoAddress;
        u->reached = UINT32_MAX;
    }
    return false;
}

bool kd_unwind(struct kd *kd, struct kd_registers *r, uint64_t *slot, bool innermost)
{
    const struct kd_module *module = kd->symbols ? kd_module_at(kd->symbols, r->rip) : NULL;
    struct pe_image image;
    IMAGE_RUNTIME_FUNCTION_ENTRY function;
    uint64_t before = r->gpr[KD_RSP];
    struct undo undo = {.registers = r};
    uint32_t rva = module ? (uint32_t)(r->rip - module->base) : 0;
    if (module && kd_module_image(kd->symbols, module, &image) &&
        pe_find_function(&image, rva, &function) == PE_OK) {
        uint64_t start = module->base + function.BeginAddress,
                 end = module->base + function.EndAddress;
        bool left = innermost && finish_epilog(kd, start, end, r);
        /* An entry may stand for the fragment of another: nothing of that one's prolog is open. */
        bool inside = rva >= function.BeginAddress && rva < function.EndAddress;
        uint32_t reached = inside ? rva - function.BeginAddress : UINT32_MAX;
        if (!left && !undo_function(kd, &image, &function, reached, &undo)) {
            return false;
        }
    }
    *slot = r->gpr[KD_RSP];
    if (!undo.machine_frame && !pop(kd, r, &r->rip)) {
        return false;
    }
    return r->gpr[KD_RSP] > before;
}

/* A return address leads into an image, or at least to memory: else the stack was overwritten. */
static bool is_code(struct kd *kd, uint64_t address)
{
    uint8_t byte;
    return (kd->symbols != NULL && kd_module_at(kd->symbols, address) != NULL) ||
           kd_read_u8(kd, address, &byte);
}

size_t kd_stack_walk(struct kd *kd, const struct kd_registers *registers, struct kd_frame *frames,
                     size_t most)
{
    struct kd_registers r = *registers;
    size_t count = 0;
    while (count < most && r.rip != 0 && !kd_interrupted(kd)) {
        struct kd_frame *frame = &frames[count];
        *frame = (struct kd_frame){.ip = r.rip, .sp = r.gpr[KD_RSP]};
        count++;
        if (count > 1 && !is_code(kd, r.rip)) {
            break;
        }
        if (!kd_unwind(kd, &r, &frame->slot, count == 1)) {
            break;
        }
        frame->return_address = r.rip;
    }
    return count;
}

/* ---- threads ----------------------------------------------------------------------------------
 */

bool kd_thread_registers(struct kd *kd, uint64_t thread, struct kd_registers *out)
{
    static const struct {
        const char *path;
        enum kd_gpr number;
    } rows[] = {{"Rax", KD_RAX}, {"Rcx", KD_RCX}, {"Rdx", KD_RDX}, {"Rbx", KD_RBX},
                {"Rsp", KD_RSP}, {"Rbp", KD_RBP}, {"Rsi", KD_RSI}, {"Rdi", KD_RDI},
                {"R8", KD_R8},   {"R9", KD_R9},   {"R10", KD_R10}, {"R11", KD_R11}};
    uint64_t frame = kd_field(kd, "_ETHREAD", thread, "Tcb.TrapFrame");
    uint64_t process = kd_field(kd, "_ETHREAD", thread, "Tcb.Process");
    *out = (struct kd_registers){0};
    if (frame == 0 || !kd_read_nt(kd, "_KTRAP_FRAME", frame, "Rip", &out->rip)) {
        return false;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        out->gpr[rows[i].number] = kd_field(kd, "_KTRAP_FRAME", frame, rows[i].path);
    }
    out->rflags = kd_field(kd, "_KTRAP_FRAME", frame, "EFlags");
    out->cs = (uint16_t)kd_field(kd, "_KTRAP_FRAME", frame, "SegCs");
    out->ss = (uint16_t)kd_field(kd, "_KTRAP_FRAME", frame, "SegSs");
    out->ds = (uint16_t)kd_field(kd, "_KTRAP_FRAME", frame, "SegDs");
    out->es = (uint16_t)kd_field(kd, "_KTRAP_FRAME", frame, "SegEs");
    out->fs = (uint16_t)kd_field(kd, "_KTRAP_FRAME", frame, "SegFs");
    out->gs = (uint16_t)kd_field(kd, "_KTRAP_FRAME", frame, "SegGs");
    out->gs_base = kd_field(kd, "_ETHREAD", thread, "Tcb.Teb");
    out->cr3 = kd_field(kd, "_EPROCESS", process, "Pcb.DirectoryTableBase");
    return true;
}

static void show_calls(struct kd *kd, const struct kd_frame *frames, size_t count, int indent)
{
    char sp[KD_ADDRESS_TEXT], back[KD_ADDRESS_TEXT], name[512];
    kd_printf(kd, "%*sChild-SP          RetAddr           Call Site\n", indent, "");
    for (size_t i = 0; i < count; i++) {
        if (!kd_symbol_name(kd->symbols, frames[i].ip, name, sizeof name)) {
            snprintf(name, sizeof name, "0x%s", kd_address_text(frames[i].ip, sp));
        }
        kd_printf(kd, "%*s%s %s %s\n", indent, "", kd_address_text(frames[i].sp, sp),
                  kd_address_text(frames[i].return_address, back), name);
    }
}

void kd_show_stack(struct kd *kd, uint64_t thread, int indent)
{
    struct kd_registers registers;
    struct kd_frame frames[SHOWN_FRAMES];
    uint64_t before = kd->implicit_process;
    uint64_t process = kd_field(kd, "_ETHREAD", thread, "Tcb.Process");
    bool switched = process != kd_current_process(kd) && kd_set_process(kd, process);
    const struct kd_event *event = &kd->target->last_event;
    bool live = thread == event->thread && kd_processor_registers(kd, event->processor, &registers);
    if (live || kd_thread_registers(kd, thread, &registers)) {
        size_t count = kd_stack_walk(kd, &registers, frames, SHOWN_FRAMES);
        show_calls(kd, frames, count, indent);
    }
    if (switched) {
        kd_set_process(kd, before != 0 ? before : kd->target->last_event.process);
        kd->implicit_process = before;
    }
}
