/* src/engine/kvm_tables.c: the trap area, all that the guest has in ring 0.
 *
 *      page 0      IDT: 256 gates
 *      page 1      256 stubs of 8 bytes, then the `syscall` entry: `hlt`, and nothing but `hlt`
 *      page 2 + i  processor i:   0x000 GDT   0x080 TSS
 *                                 ..0x600 stack of all vectors but two
 *                                 ..0x700 stack of #DB
 *                                 ..0x800 stack of #DF
 *
 * Without an interrupt controller in KVM, HLT ends KVM_RUN. The stub's address says which vector it
 * was, the frame on the stack says where user code was.
 *
 * Each vector enters on a fixed stack (IST), never on the one the stack pointer names: `mov ss`
 * followed by `syscall` or `int3` lets user code defer a data breakpoint into the entry, where the
 * stack pointer still is the user's. #DB has a stack of its own so that such a #DB leaves the
 * int3's frame alone.
 */
#include "engine/kvm_vm.h"

#include <string.h>

enum {
    IDT_PAGE,
    STUB_PAGE,
    FIRST_CPU_PAGE,
};

enum {
    STUB_SIZE = 8,
    SYSCALL_STUB = KVM_VECTORS * STUB_SIZE,
    OPCODE_HLT = 0xF4,
};

/* Offsets in a processor's page. */
enum {
    CPU_GDT = 0,
    CPU_TSS = 0x80,
    CPU_STACK_TOP = 0x600,
    CPU_DB_STACK_TOP = 0x700,
    CPU_DF_STACK_TOP = 0x800,
    STACK_SIZE = 0x100,
};

/* Interrupt stack table slots. */
enum { IST_COMMON = 1, IST_DB = 2, IST_DF = 3 };

/* System descriptor and gate types, descriptor bits (SDM volume 3, 3.4.5, 6.14, 7.7). */
enum {
    SEG_DATA = 0x3, /* writable, accessed */
    SEG_CODE = 0xB, /* readable, accessed */
    SEG_TSS_BUSY = 0xB,
    SEG_LDT = 0x2,
    GATE_INTERRUPT = 0xE,
};

enum {
    GDT_ENTRIES = 12,
    USER_DPL = 3,
    TEB32_LIMIT = 0xFFF, /* 4 KB, in bytes */
};

struct idt_gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type : 4, zero : 1, dpl : 2, present : 1;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct idt_gate) * KVM_VECTORS == KVM_PAGE_SIZE, "the IDT is one page");

struct gdt_entry {
    uint64_t limit_low : 16, base_low : 24, type : 4, s : 1, dpl : 2, present : 1;
    uint64_t limit_high : 4, avl : 1, l : 1, db : 1, g : 1, base_high : 8;
};
_Static_assert(sizeof(struct gdt_entry) == 8, "descriptor");

struct tss64 {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t ist[8]; /* numbered from 1; [0] is reserved */
    uint64_t reserved1;
    uint16_t reserved2;
    uint16_t iomap_base;
} __attribute__((packed));
_Static_assert(sizeof(struct tss64) == 104, "SDM volume 3, figure 8-11");

size_t kvm_trap_area_pages(unsigned cpus)
{
    return FIRST_CPU_PAGE + cpus;
}

static uint64_t page_va(const struct engine *engine, size_t page)
{
    return engine->trap_va + page * KVM_PAGE_SIZE;
}

static uint64_t cpu_va(const struct engine_cpu *cpu)
{
    return page_va(cpu->engine, FIRST_CPU_PAGE + cpu->index);
}

static char *cpu_page(const struct engine_cpu *cpu)
{
    return cpu->engine->trap_host[FIRST_CPU_PAGE + cpu->index];
}

bool kvm_vector_is_user(unsigned vector)
{
    switch (vector) {
    case KVM_VECTOR_BP:
    case KVM_VECTOR_OF:
    case KVM_VECTOR_FAST_FAIL:
    case KVM_VECTOR_ASSERTION:
    case KVM_VECTOR_DEBUG_SERVICE:
    case KVM_VECTOR_SYSTEM_SERVICE:
        return true;
    default:
        return false;
    }
}

static uint8_t ist_of(unsigned vector)
{
    return vector == KVM_VECTOR_DB ? IST_DB : vector == KVM_VECTOR_DF ? IST_DF : IST_COMMON;
}

void kvm_tables_init(struct engine *engine)
{
    struct idt_gate *idt = engine->trap_host[IDT_PAGE];
    for (unsigned vector = 0; vector < KVM_VECTORS; vector++) {
        uint64_t stub = page_va(engine, STUB_PAGE) + vector * STUB_SIZE;
        idt[vector] = (struct idt_gate){
            .offset_low = (uint16_t)stub,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
            .selector = KVM_SEL_KERNEL_CODE,
            .ist = ist_of(vector),
            .type = GATE_INTERRUPT,
            .dpl = kvm_vector_is_user(vector) ? USER_DPL : 0,
            .present = 1,
        };
    }
    memset(engine->trap_host[STUB_PAGE], OPCODE_HLT, KVM_PAGE_SIZE);
}

uint64_t kvm_syscall_entry(const struct engine *engine)
{
    return page_va(engine, STUB_PAGE) + SYSCALL_STUB;
}

int kvm_stub_at(const struct engine *engine, uint64_t rip)
{
    uint64_t offset = rip - page_va(engine, STUB_PAGE);
    if (offset >= SYSCALL_STUB + STUB_SIZE || offset % STUB_SIZE > 1) {
        return -1;
    }
    return (int)(offset / STUB_SIZE);
}

const struct kvm_frame *kvm_frame_at(const struct engine_cpu *cpu, uint64_t rsp,
                                     uint32_t *error_code)
{
    uint64_t offset = rsp - cpu_va(cpu);
    if (offset >= CPU_DF_STACK_TOP || offset % sizeof(uint64_t)) {
        return NULL;
    }
    *error_code = 0;
    size_t depth = STACK_SIZE - offset % STACK_SIZE;
    if (depth == sizeof(struct kvm_frame) + sizeof(uint64_t)) {
        memcpy(error_code, cpu_page(cpu) + offset, sizeof(*error_code));
        offset += sizeof(uint64_t);
    } else if (depth != sizeof(struct kvm_frame)) {
        return NULL;
    }
    return (const struct kvm_frame *)(cpu_page(cpu) + offset);
}

static struct gdt_entry flat_segment(unsigned type, unsigned dpl)
{
    return (struct gdt_entry){
        .limit_low = 0xFFFF,
        .limit_high = 0xF,
        .type = type,
        .s = 1,
        .dpl = dpl,
        .present = 1,
        .l = type == SEG_CODE,
        .db = type != SEG_CODE,
        .g = 1,
    };
}

static void fill_gdt(struct gdt_entry *gdt, uint64_t tss_va)
{
    memset(gdt, 0, GDT_ENTRIES * sizeof(*gdt));
    gdt[KVM_SEL_KERNEL_CODE >> 3] = flat_segment(SEG_CODE, 0);
    gdt[KVM_SEL_KERNEL_DATA >> 3] = flat_segment(SEG_DATA, 0);
    gdt[KVM_SEL_USER_DATA >> 3] = flat_segment(SEG_DATA, USER_DPL);
    gdt[KVM_SEL_USER_CODE >> 3] = flat_segment(SEG_CODE, USER_DPL);
    gdt[KVM_SEL_USER_TEB32 >> 3] = (struct gdt_entry){
        .limit_low = TEB32_LIMIT, .type = SEG_DATA, .s = 1, .dpl = USER_DPL, .present = 1, .db = 1};
    gdt[KVM_SEL_TSS >> 3] = (struct gdt_entry){.limit_low = sizeof(struct tss64) - 1,
                                               .base_low = tss_va & 0xFFFFFF,
                                               .base_high = (tss_va >> 24) & 0xFF,
                                               .type = SEG_TSS_BUSY,
                                               .present = 1};
    uint64_t high = tss_va >> 32; /* a TSS descriptor takes two entries in long mode */
    memcpy(&gdt[(KVM_SEL_TSS >> 3) + 1], &high, sizeof(high));
}

static void fill_tss(struct tss64 *tss, uint64_t page)
{
    *tss = (struct tss64){
        .rsp = {page + CPU_STACK_TOP},
        .ist = {[IST_COMMON] = page + CPU_STACK_TOP,
                [IST_DB] = page + CPU_DB_STACK_TOP,
                [IST_DF] = page + CPU_DF_STACK_TOP},
        .iomap_base = sizeof(*tss), /* beyond the limit: no port is allowed */
    };
}

static struct kvm_segment user_segment(uint16_t selector, uint8_t type)
{
    return (struct kvm_segment){
        .limit = UINT32_MAX,
        .selector = selector,
        .type = type,
        .present = 1,
        .dpl = USER_DPL,
        .s = 1,
        .l = type == SEG_CODE,
        .db = type != SEG_CODE,
        .g = 1,
    };
}

void kvm_tables_init_cpu(struct engine_cpu *cpu)
{
    uint64_t page = cpu_va(cpu);
    fill_gdt((struct gdt_entry *)(cpu_page(cpu) + CPU_GDT), page + CPU_TSS);
    fill_tss((struct tss64 *)(cpu_page(cpu) + CPU_TSS), page);

    struct kvm_sregs *s = &cpu->user_sregs;
    s->cs = user_segment(KVM_SEL_USER_CODE, SEG_CODE);
    s->ss = s->ds = s->es = s->gs = user_segment(KVM_SEL_USER_DATA, SEG_DATA);
    s->fs = user_segment(KVM_SEL_USER_TEB32, SEG_DATA);
    s->fs.limit = TEB32_LIMIT;
    s->fs.base = cpu->engine->gate ? kvm_gate_control_va(cpu->index) : 0;
    s->fs.g = 0;
    s->tr = (struct kvm_segment){.base = page + CPU_TSS,
                                 .limit = sizeof(struct tss64) - 1,
                                 .selector = KVM_SEL_TSS,
                                 .type = SEG_TSS_BUSY,
                                 .present = 1};
    s->ldt = (struct kvm_segment){.type = SEG_LDT, .unusable = 1};
    s->gdt = (struct kvm_dtable){.base = page + CPU_GDT,
                                 .limit = GDT_ENTRIES * sizeof(struct gdt_entry) - 1};
    s->idt =
        (struct kvm_dtable){.base = page_va(cpu->engine, IDT_PAGE), .limit = KVM_PAGE_SIZE - 1};
}
