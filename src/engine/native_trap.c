/* src/engine/native_trap.c: from a signal frame to a trap.
 *
 * Linux keeps the CPU's vector, error code and CR2 in the frame, so most of it is copying. What it
 * changed on the way is undone here:
 *
 *      user code                Linux                              becomes
 *      syscall                  SIGSYS, rip behind it              system call
 *      jump to the gate         nothing: the stub posts it         system call
 *      int 80h                  SIGSYS with the 32-bit ABI         #GP(80h * 8 + 2) at it
 *      sysenter                 the same, rip and rsp are lost     #GP(0), rip unknown
 *      call into vsyscall page  SIGSYS, after an emulated `ret`    fetch fault there
 *      int n                    #GP(n * 8 + 2)                     vector n, for those Windows has
 *      cpuid                    #GP(0), made to fault              executed for it, restricted
 *      jump into the stub       whatever the stub then does        fetch fault there
 *      page not in the shadow   SIGSEGV                            filled, or a page fault
 *
 * All of a frame comes from memory that the guest may write: it is copied once and anything in it
 * is accepted, as it says no more than what registers the guest has.
 */
#define _GNU_SOURCE
#include "engine/native.h"

#include <cpuid.h>
#include <linux/audit.h>
#include <string.h>

enum { ERROR_CODE_IDT = 2, INT_LENGTH = 2, CPUID_LENGTH = 2, OPCODE_INT = 0xCD };
enum { USER_CS = 0x33, PF_FETCH = 0x10, PF_USER_WRITE_FETCH = 0x12 };
#define VSYSCALL_PAGE UINT64_C(0xFFFFFFFFFF600000)
#define LINUX_SYSCALL_VECTOR 0x80
static const uint64_t dr6_initial = 0xFFFF0FF0, dr6_single_step = 0x4000;

/* What Windows lets `int n` reach. */
static bool vector_is_user(unsigned vector)
{
    static const uint8_t vectors[] = {NATIVE_VECTOR_BP, NATIVE_VECTOR_OF, 0x29, 0x2C, 0x2D, 0x2E};
    return memchr(vectors, (int)vector, sizeof(vectors)) != NULL;
}

static void exception(struct engine_trap *trap, unsigned vector, uint32_t error_code)
{
    trap->kind = ENGINE_TRAP_EXCEPTION;
    trap->vector = (uint8_t)vector;
    trap->error_code = error_code;
}

bool native_page_fault(struct engine_space *space, struct native_task *task, uint64_t va,
                       uint32_t error_code, struct engine_trap *trap)
{
    uint32_t fault_code = 0;
    switch (native_shadow_fill(space, task, va, error_code & PF_USER_WRITE_FETCH, &fault_code)) {
    case NATIVE_FILL_DONE:
        return false;
    case NATIVE_FILL_WATCHED:
        task->is_watched = true;
        task->watched = (struct native_fault){.address = va, .error_code = error_code};
        return false;
    case NATIVE_FILL_FAULT:
        trap->kind = ENGINE_TRAP_PAGE_FAULT;
        trap->address = va;
        trap->error_code = fault_code;
        return true;
    default:
        trap->kind = ENGINE_TRAP_FAILED;
        trap->reason = "a page table maps memory beyond RAM, or the sandbox failed to map a page";
        return true;
    }
}

void native_decode_bad_rip(struct engine_space *space, struct native_task *task,
                           struct engine_context *context, struct engine_trap *trap)
{
    native_page_fault(space, task, context->rip, PF_FETCH, trap);
}

/* ---- SIGSYS ---- */

static bool decode_syscall(struct engine_space *space, struct native_task *task,
                           const struct native_event *event, struct engine_context *context,
                           struct engine_trap *trap)
{
    const uint64_t page_mask = NATIVE_PAGE_SIZE - 1;
    if ((event->call & ~page_mask) == VSYSCALL_PAGE) {
        context->rip = event->call;
        context->gpr[ENGINE_RSP] -= sizeof(uint64_t);
        native_decode_bad_rip(space, task, context, trap);
        return true;
    }
    if (event->call_arch == AUDIT_ARCH_X86_64) {
        trap->kind = ENGINE_TRAP_SYSCALL;
        return true;
    }
    uint64_t at = context->rip - INT_LENGTH;
    if (native_shadow_read_byte(space, at) == OPCODE_INT &&
        native_shadow_read_byte(space, at + 1) == LINUX_SYSCALL_VECTOR) {
        context->rip = at;
        exception(trap, NATIVE_VECTOR_GP, LINUX_SYSCALL_VECTOR << 3 | ERROR_CODE_IDT);
    } else {
        exception(trap, NATIVE_VECTOR_GP, 0);
    }
    return true;
}

/* ---- #GP ---- */

/* Leaves of CPUID (SDM volume 2, CPUID). */
enum {
    CPUID_FEATURES = 1,
    CPUID_FEATURES_ECX_HYPERVISOR = 1u << 31,
    CPUID_EXTENDED_FEATURES = 7,
    CPUID_7_EBX_FSGSBASE = 1 << 0,
    CPUID_7_EBX_AVX512 =
        1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31,
    CPUID_7_ECX_AVX512 = 1 << 1 | 1 << 6 | 1 << 11 | 1 << 12 | 1 << 14,
    CPUID_7_ECX_OSPKE = 1 << 4,
    CPUID_7_EDX_AVX512_AMX = 1 << 2 | 1 << 3 | 1 << 8 | 1 << 22 | 1 << 23 | 1 << 24 | 1 << 25,
    CPUID_XSTATE = 0xD,
    CPUID_HYPERVISOR = 0x40000000,
    CPUID_HYPERVISOR_END = 0x50000000,
    XSTATE_X87_SSE_AVX = 7,
};

/* Only what `struct engine_context` keeps may be seen: nothing above AVX. */
static void restrict_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t r[4])
{
    if (leaf == CPUID_FEATURES) {
        r[2] &= ~CPUID_FEATURES_ECX_HYPERVISOR;
    } else if (leaf == CPUID_EXTENDED_FEATURES && subleaf == 0) {
        r[1] &= ~(CPUID_7_EBX_AVX512 | CPUID_7_EBX_FSGSBASE);
        r[2] &= ~(uint32_t)(CPUID_7_ECX_AVX512 | CPUID_7_ECX_OSPKE);
        r[3] &= ~(uint32_t)CPUID_7_EDX_AVX512_AMX;
    } else if (leaf == CPUID_EXTENDED_FEATURES) {
        memset(r, 0, 4 * sizeof(*r));
    } else if (leaf == CPUID_XSTATE && subleaf == 0) {
        r[0] &= XSTATE_X87_SSE_AVX;
        r[3] = 0;
    } else if (leaf >= CPUID_HYPERVISOR && leaf < CPUID_HYPERVISOR_END) {
        memset(r, 0, 4 * sizeof(*r));
    }
}

static bool execute_cpuid(struct engine_space *space, struct engine_context *context)
{
    if (native_shadow_read_byte(space, context->rip) != 0x0F ||
        native_shadow_read_byte(space, context->rip + 1) != 0xA2) {
        return false;
    }
    uint32_t leaf = (uint32_t)context->gpr[ENGINE_RAX], r[4];
    uint32_t subleaf = (uint32_t)context->gpr[ENGINE_RCX];
    __cpuid_count(leaf, subleaf, r[0], r[1], r[2], r[3]);
    restrict_cpuid(leaf, subleaf, r);
    context->gpr[ENGINE_RAX] = r[0];
    context->gpr[ENGINE_RBX] = r[1];
    context->gpr[ENGINE_RCX] = r[2];
    context->gpr[ENGINE_RDX] = r[3];
    context->rip += CPUID_LENGTH;
    return true;
}

static bool decode_general_protection(struct engine_space *space, const struct native_event *event,
                                      struct engine_context *context, struct engine_trap *trap)
{
    uint32_t code = (uint32_t)event->frame.error_code;
    if (code & ERROR_CODE_IDT && vector_is_user(code >> 3)) {
        exception(trap, code >> 3, 0);
        context->rip += INT_LENGTH;
        return true;
    }
    if (code == 0 && execute_cpuid(space, context)) {
        return false;
    }
    exception(trap, NATIVE_VECTOR_GP, code);
    return true;
}

/* ---- all ---- */

/* SIGBUS is for a page that is mapped ahead and closed, or that was opened and Linux took away.
 * When it comes again and again though the page was mapped, the host has no memory for it. */
static bool comes_again(struct native_task *task, uint64_t va)
{
    enum { SIGBUS_MOST = 8 };
    const uint64_t page = va & ~(uint64_t)(NATIVE_PAGE_SIZE - 1);
    if (task->bus_va != page || !task->bus_left) {
        task->bus_va = page;
        task->bus_left = SIGBUS_MOST;
    }
    return --task->bus_left == 0;
}

static bool decode_page_fault(struct engine_space *space, struct native_task *task,
                              const struct native_event *event, struct engine_trap *trap)
{
    const struct native_frame *f = &event->frame;
    bool reported = native_page_fault(space, task, f->cr2, (uint32_t)f->error_code, trap);
    if (reported) {
        task->bus_left = 0;
    } else if (event->signal == SIGBUS && comes_again(task, f->cr2)) {
        trap->kind = ENGINE_TRAP_FAILED;
        trap->reason = "the host has no memory for a page of RAM";
        return true;
    }
    return reported;
}

static bool decode_exception(struct engine_space *space, struct native_task *task,
                             const struct native_event *event, struct engine_context *context,
                             struct engine_trap *trap)
{
    const struct native_frame *f = &event->frame;
    switch (f->trapno) {
    case NATIVE_VECTOR_PF:
        return decode_page_fault(space, task, event, trap);
    case NATIVE_VECTOR_GP:
        return decode_general_protection(space, event, context, trap);
    case NATIVE_VECTOR_DB:
        exception(trap, NATIVE_VECTOR_DB, 0);
        trap->dr6 = dr6_initial | (event->code == TRAP_TRACE ? dr6_single_step : 0);
        return true;
    default:
        exception(trap, (unsigned)f->trapno & 31, (uint32_t)f->error_code);
        return true;
    }
}

bool native_decode(struct engine_space *space, struct native_task *task,
                   const struct native_event *event, struct engine_context *context,
                   struct engine_trap *trap)
{
    if (event->signal == SIGSYS) {
        return decode_syscall(space, task, event, context, trap);
    }
    if (event->frame.cs != USER_CS) {
        /* 32-bit code, which does not exist for the guest: the far jump into it is what failed. */
        exception(trap, NATIVE_VECTOR_GP, event->frame.cs & 0xFFFCu);
        return true;
    }
    if (context->rip == NATIVE_GATE && event->frame.trapno == NATIVE_VECTOR_DB) {
        /* A step to the gate: what is behind it is no code of the guest's. */
        context->rip = context->gpr[ENGINE_RCX];
        trap->kind = ENGINE_TRAP_SYSCALL;
        return true;
    }
    if (context->rip >= NATIVE_GUEST_END) {
        native_decode_bad_rip(space, task, context, trap);
        return true;
    }
    return decode_exception(space, task, event, context, trap);
}
