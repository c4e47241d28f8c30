/* src/kd/registers.c: registers and pseudo-registers by name.
 *
 * Every name is a row: which 64-bit register it is part of, and which bits of it. Pseudo-registers
 * ($proc, $peb ...) are computed. Writing 32-bit parts clears the upper half, as the CPU does. */
#include "kd/kdi.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hw/bits.h"
#include "kd/cmd/cmd.h"
#include "kd/stack.h"

#define GPR(name, index, bits)                                                                     \
    {                                                                                              \
        name, offsetof(struct kd_registers, gpr) + 8 * (index), 8, 0, bits                         \
    }
#define REG(name, member)                                                                          \
    {                                                                                              \
        name, offsetof(struct kd_registers, member), sizeof((struct kd_registers *)0)->member, 0,  \
            8 * sizeof((struct kd_registers *)0)->member                                           \
    }
#define DR(n)                                                                                      \
    {                                                                                              \
        "dr" #n, offsetof(struct kd_registers, dr) + 8 * (n), 8, 0, 64                             \
    }
#define FLAG(name, bit)                                                                            \
    {                                                                                              \
        name, offsetof(struct kd_registers, rflags), 8, bit, 1                                     \
    }
#define LEGACY(name, index) GPR("r" name, index, 64), GPR("e" name, index, 32), GPR(name, index, 16)
#define BYTES(letter, index)                                                                       \
    GPR(letter "l", index, 8),                                                                     \
    {                                                                                              \
        letter "h", offsetof(struct kd_registers, gpr) + 8 * (index), 8, 8, 8                      \
    }
#define EXTENDED(name, index)                                                                      \
    GPR(name, index, 64), GPR(name "d", index, 32), GPR(name "w", index, 16),                      \
        GPR(name "b", index, 8)

struct register_row {
    const char *name;
    size_t offset;
    unsigned storage; /* bytes */
    unsigned first, bits;
};

static const struct register_row rows[] = {
    LEGACY("ax", KD_RAX),
    LEGACY("cx", KD_RCX),
    LEGACY("dx", KD_RDX),
    LEGACY("bx", KD_RBX),
    LEGACY("sp", KD_RSP),
    LEGACY("bp", KD_RBP),
    LEGACY("si", KD_RSI),
    LEGACY("di", KD_RDI),
    BYTES("a", KD_RAX),
    BYTES("c", KD_RCX),
    BYTES("d", KD_RDX),
    BYTES("b", KD_RBX),
    GPR("spl", KD_RSP, 8),
    GPR("bpl", KD_RBP, 8),
    GPR("sil", KD_RSI, 8),
    GPR("dil", KD_RDI, 8),
    EXTENDED("r8", KD_R8),
    EXTENDED("r9", KD_R9),
    EXTENDED("r10", KD_R10),
    EXTENDED("r11", KD_R11),
    EXTENDED("r12", KD_R12),
    EXTENDED("r13", KD_R13),
    EXTENDED("r14", KD_R14),
    EXTENDED("r15", KD_R15),
    REG("rip", rip),
    {"eip", offsetof(struct kd_registers, rip), 8, 0, 32},
    REG("rflags", rflags),
    {"efl", offsetof(struct kd_registers, rflags), 8, 0, 32},
    REG("cs", cs),
    REG("ds", ds),
    REG("es", es),
    REG("fs", fs),
    REG("gs", gs),
    REG("ss", ss),
    REG("fsbase", fs_base),
    REG("gsbase", gs_base),
    REG("cr0", cr0),
    REG("cr2", cr2),
    REG("cr3", cr3),
    REG("cr4", cr4),
    REG("cr8", cr8),
    DR(0),
    DR(1),
    DR(2),
    DR(3),
    DR(6),
    DR(7),
    FLAG("cf", 0),
    FLAG("pf", 2),
    FLAG("af", 4),
    FLAG("zf", 6),
    FLAG("sf", 7),
    FLAG("tf", 8),
    FLAG("if", 9),
    FLAG("df", 10),
    FLAG("of", 11),
    {"iopl", offsetof(struct kd_registers, rflags), 8, 12, 2},
};

static const struct register_row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcasecmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* What the processor of a dump or an image had in its control registers: KPRCB.ProcessorState. */
static void add_special(struct kd *kd, uint64_t prcb, struct kd_registers *out)
{
    static const struct {
        const char *path;
        size_t offset;
    } specials[] = {
        {"ProcessorState.SpecialRegisters.Cr0", offsetof(struct kd_registers, cr0)},
        {"ProcessorState.SpecialRegisters.Cr2", offsetof(struct kd_registers, cr2)},
        {"ProcessorState.SpecialRegisters.Cr3", offsetof(struct kd_registers, cr3)},
        {"ProcessorState.SpecialRegisters.Cr4", offsetof(struct kd_registers, cr4)},
        {"ProcessorState.SpecialRegisters.Cr8", offsetof(struct kd_registers, cr8)},
        {"ProcessorState.SpecialRegisters.MsrGsBase", offsetof(struct kd_registers, gs_base)},
    };
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        uint64_t value;
        if (kd_read_nt(kd, "_KPRCB", prcb, specials[i].path, &value)) {
            memcpy((char *)out + specials[i].offset, &value, sizeof value);
        }
    }
}

/* What it saved of its general registers. */
static bool add_context(struct kd *kd, uint64_t prcb, struct kd_registers *out)
{
    static const struct {
        const char *path, *name;
    } members[] = {
        {"Rax", "rax"},  {"Rcx", "rcx"},  {"Rdx", "rdx"},  {"Rbx", "rbx"},  {"Rsp", "rsp"},
        {"Rbp", "rbp"},  {"Rsi", "rsi"},  {"Rdi", "rdi"},  {"R8", "r8"},    {"R9", "r9"},
        {"R10", "r10"},  {"R11", "r11"},  {"R12", "r12"},  {"R13", "r13"},  {"R14", "r14"},
        {"R15", "r15"},  {"Rip", "rip"},  {"Dr0", "dr0"},  {"Dr1", "dr1"},  {"Dr2", "dr2"},
        {"Dr3", "dr3"},  {"Dr6", "dr6"},  {"Dr7", "dr7"},  {"SegCs", "cs"}, {"SegDs", "ds"},
        {"SegEs", "es"}, {"SegFs", "fs"}, {"SegGs", "gs"}, {"SegSs", "ss"}, {"EFlags", "rflags"},
    };
    uint64_t context = kd_field(kd, "_KPRCB", prcb, "Context"), value;
    if (context == 0 || !kd_read_nt(kd, "_CONTEXT", context, "ContextFlags", &value)) {
        return false;
    }
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const struct register_row *row = find_row(members[i].name);
        value = kd_field(kd, "_CONTEXT", context, members[i].path);
        memcpy((char *)out + row->offset, &value, row->storage);
    }
    return true;
}

bool kd_processor_registers(struct kd *kd, unsigned processor, struct kd_registers *out)
{
    struct kd_target *target = kd->target;
    *out = (struct kd_registers){0};
    bool told = target->ops->get_registers(target, processor, out) == 0;
    uint64_t prcb = kd_target_is_process(target) ? 0 : kd_prcb_of(kd, processor);
    if (prcb != 0 && target->from_file) {
        told = told || add_context(kd, prcb, out);
        add_special(kd, prcb, out);
    }
    return told;
}

static bool is_context_chosen(const struct kd *kd)
{
    return kd->context_stop == kd->stops + 1 && kd->context_thread == kd->implicit_thread &&
           kd->context_processor == kd->processor;
}

void kd_choose_registers(struct kd *kd, const struct kd_registers *registers)
{
    kd->context_stop = registers != NULL ? kd->stops + 1 : 0;
    kd->context_thread = kd->implicit_thread;
    kd->context_processor = kd->processor;
    if (registers != NULL) {
        kd->context = *registers;
    }
}

bool kd_get_registers(struct kd *kd, struct kd_registers *out)
{
    if (is_context_chosen(kd)) {
        *out = kd->context;
        return true;
    }
    if (kd->implicit_thread != 0 && kd->implicit_thread != kd->target->last_event.thread) {
        return kd_thread_registers(kd, kd->implicit_thread, out);
    }
    return kd_processor_registers(kd, kd->processor, out);
}

static uint64_t load(const struct kd_registers *registers, const struct register_row *row)
{
    uint64_t value = 0;
    memcpy(&value, (const char *)registers + row->offset, row->storage);
    return value;
}

/* $t0..$t19: the index, or -1. */
static int pseudo_index(const char *name)
{
    if (strncasecmp(name, "$t", 2) != 0 || name[2] < '0' || name[2] > '9') {
        return -1;
    }
    char *end;
    unsigned long index = strtoul(name + 2, &end, 10);
    return *end == '\0' && index < KD_PSEUDO_REGISTERS ? (int)index : -1;
}

static bool pseudo_process(struct kd *kd, uint64_t *value)
{
    *value = kd_current_process(kd);
    return *value != 0;
}

static bool pseudo_thread(struct kd *kd, uint64_t *value)
{
    *value = kd_current_thread(kd);
    return *value != 0;
}

/* The current thread of a target that is one process. => false: it is a machine */
static bool get_target_thread(struct kd *kd, struct kd_target_thread *out)
{
    return kd_target_is_process(kd->target) &&
           kd->target->ops->get_thread(kd->target, kd->processor, out);
}

static bool pseudo_peb(struct kd *kd, uint64_t *value)
{
    struct kd_target_thread thread;
    if (get_target_thread(kd, &thread)) {
        return kd_read_nt(kd, "_TEB", thread.teb, "ProcessEnvironmentBlock", value);
    }
    return kd_read_nt(kd, "_EPROCESS", kd_current_process(kd), "Peb", value);
}

static bool pseudo_teb(struct kd *kd, uint64_t *value)
{
    struct kd_target_thread thread;
    if (get_target_thread(kd, &thread)) {
        *value = thread.teb;
        return true;
    }
    return kd_read_nt(kd, "_ETHREAD", kd_current_thread(kd), "Tcb.Teb", value);
}

static bool pseudo_pid(struct kd *kd, uint64_t *value)
{
    if (kd_target_is_process(kd->target)) {
        *value = kd->target->process_id;
        return true;
    }
    return kd_read_nt(kd, "_EPROCESS", kd_current_process(kd), "UniqueProcessId", value);
}

static bool pseudo_tid(struct kd *kd, uint64_t *value)
{
    struct kd_target_thread thread;
    if (get_target_thread(kd, &thread)) {
        *value = thread.id;
        return true;
    }
    return kd_read_nt(kd, "_ETHREAD", kd_current_thread(kd), "Cid.UniqueThread", value);
}

static bool pseudo_ip(struct kd *kd, uint64_t *value)
{
    return kd_register_value(kd, "rip", value);
}

static bool pseudo_sp(struct kd *kd, uint64_t *value)
{
    return kd_register_value(kd, "rsp", value);
}

static bool pseudo_ret(struct kd *kd, uint64_t *value)
{
    return kd_register_value(kd, "rax", value);
}

static bool pseudo_exp(struct kd *kd, uint64_t *value)
{
    *value = kd->last_value;
    return true;
}

static bool pseudo_pagesize(struct kd *kd, uint64_t *value)
{
    (void)kd;
    *value = HW_PAGE_SIZE;
    return true;
}

static bool pseudo_ptrsize(struct kd *kd, uint64_t *value)
{
    (void)kd;
    *value = sizeof(uint64_t);
    return true;
}

static const struct {
    const char *name;
    bool (*get)(struct kd *kd, uint64_t *value);
} computed[] = {
    {"$proc", pseudo_process},
    {"$thread", pseudo_thread},
    {"$peb", pseudo_peb},
    {"$teb", pseudo_teb},
    {"$tpid", pseudo_pid},
    {"$tid", pseudo_tid},
    {"$ip", pseudo_ip},
    {"$csp", pseudo_sp},
    {"$retreg", pseudo_ret},
    {"$exp", pseudo_exp},
    {"$pagesize", pseudo_pagesize},
    {"$ptrsize", pseudo_ptrsize},
};

bool kd_register_value(struct kd *kd, const char *name, uint64_t *value)
{
    if (name[0] == '$') {
        int index = pseudo_index(name);
        if (index >= 0) {
            *value = kd->pseudo[index];
            return true;
        }
        for (size_t i = 0; i < sizeof computed / sizeof computed[0]; i++) {
            if (strcasecmp(computed[i].name, name) == 0) {
                return computed[i].get(kd, value);
            }
        }
        return false;
    }
    const struct register_row *row = find_row(name);
    struct kd_registers registers;
    if (row == NULL || !kd_get_registers(kd, &registers)) {
        return false;
    }
    *value = load(&registers, row) >> row->first & hw_bits(0, row->bits);
    return true;
}

bool kd_register_assign(struct kd *kd, const char *name, uint64_t value)
{
    int index = name[0] == '$' ? pseudo_index(name) : -1;
    if (index >= 0) {
        kd->pseudo[index] = value;
        return true;
    }
    const struct register_row *row = find_row(name);
    struct kd_registers registers;
    if (row == NULL) {
        return kd_error(kd, "Bad register error: there is no register '%s'", name);
    }
    if (!kd_get_registers(kd, &registers)) {
        return kd_error(kd, "This target has no registers");
    }
    uint64_t mask = row->bits == 32 ? UINT64_MAX : hw_bits(row->first, row->bits);
    uint64_t field = row->bits == 32 ? value & UINT32_MAX : value << row->first;
    uint64_t merged = (load(&registers, row) & ~mask) | (field & mask);
    memcpy((char *)&registers + row->offset, &merged, row->storage);
    if (is_context_chosen(kd) ||
        (kd->implicit_thread != 0 && kd->implicit_thread != kd->target->last_event.thread)) {
        return kd_error(kd, "Only the registers of what runs on a processor can be changed");
    }
    if (kd->target->ops->set_registers(kd->target, kd->processor, &registers) != 0) {
        return kd_error(kd, "This target's registers cannot be changed");
    }
    return true;
}
