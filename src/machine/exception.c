/* src/machine/exception.c: processor traps become Windows exceptions. See exception.h.
 *
 * What lies on the user stack when KiUserExceptionDispatcher runs, as on Windows 7 x64:
 *
 *      rsp + 0x000  CONTEXT                      at the moment of the exception
 *            0x4D0  CONTEXT_EX (zero)
 *            0x4F0  EXCEPTION_RECORD
 *            0x590  machine frame                rip cs eflags rsp ss: lets the unwinder go on
 *
 * Source: exception codes: "EXCEPTION_RECORD", documentation; frame: public unwind information of
 * KiUserExceptionDispatcher as debuggers show it.
 */
#include "machine/exception.h"

#include <string.h>

#include "machine/context.h"
#include "machine/instruction.h"

#define FAULT_WRITE 2u /* page-fault error code bits */
#define FAULT_FETCH 16u

#define ACCESS_READ 0 /* ExceptionInformation[0] */
#define ACCESS_WRITE 1
#define ACCESS_EXECUTE 8

#define TRAP_FLAG 0x100u
#define INT_LENGTH 2 /* of `int n` */

#define FRAME_RECORD 0x4F0
#define FRAME_MACHINE 0x590
#define FRAME_SIZE 0x5C0

struct user_frame {
    CONTEXT context;
    uint8_t context_ex[FRAME_RECORD - sizeof(CONTEXT)];
    EXCEPTION_RECORD record;
    uint8_t gap[FRAME_MACHINE - FRAME_RECORD - sizeof(EXCEPTION_RECORD)];
    uint64_t machine[5];
    uint64_t align;
};
_Static_assert(offsetof(struct user_frame, record) == FRAME_RECORD, "record");
_Static_assert(offsetof(struct user_frame, machine) == FRAME_MACHINE, "machine frame");
_Static_assert(sizeof(struct user_frame) == FRAME_SIZE, "frame");

/* Whatever keeps a page from being there is an in-page error, and its third parameter. */
static void memory_record(const struct engine_trap *trap, NTSTATUS fault, EXCEPTION_RECORD *record)
{
    bool in_page = fault != STATUS_ACCESS_VIOLATION && fault != STATUS_GUARD_PAGE_VIOLATION &&
                   fault != STATUS_STACK_OVERFLOW;
    record->ExceptionCode = in_page ? STATUS_IN_PAGE_ERROR : fault;
    record->NumberParameters = in_page ? 3 : 2;
    record->ExceptionInformation[0] = trap->error_code & FAULT_FETCH   ? ACCESS_EXECUTE
                                      : trap->error_code & FAULT_WRITE ? ACCESS_WRITE
                                                                       : ACCESS_READ;
    record->ExceptionInformation[1] = trap->address;
    if (in_page) {
        record->ExceptionInformation[2] = (uint32_t)fault;
    }
}

/* The status for the lowest condition that is flagged and not masked. Flags and masks have the same
 * order in x87 and SSE: invalid, denormal, zero divide, overflow, underflow, precision. */
static NTSTATUS float_status(unsigned flags, unsigned masks)
{
    static const NTSTATUS by_bit[6] = {
        STATUS_FLOAT_INVALID_OPERATION, STATUS_FLOAT_DENORMAL_OPERAND, STATUS_FLOAT_DIVIDE_BY_ZERO,
        STATUS_FLOAT_OVERFLOW,          STATUS_FLOAT_UNDERFLOW,        STATUS_FLOAT_INEXACT_RESULT,
    };
    unsigned active = flags & ~masks & 0x3F;
    return active ? by_bit[__builtin_ctz(active)] : STATUS_FLOAT_INVALID_OPERATION;
}

static NTSTATUS x87_status(const struct engine_context *registers)
{
    const XSAVE_FORMAT *state = (const XSAVE_FORMAT *)registers->xsave;
    const unsigned stack_fault = 0x40;
    if (state->StatusWord & stack_fault) {
        return STATUS_FLOAT_STACK_CHECK;
    }
    return float_status(state->StatusWord, state->ControlWord);
}

static NTSTATUS simd_status(const struct engine_context *registers)
{
    const XSAVE_FORMAT *state = (const XSAVE_FORMAT *)registers->xsave;
    const unsigned mask_shift = 7;
    return float_status(state->MxCsr, state->MxCsr >> mask_shift);
}

/* General protection and its like. A non-canonical access is one at -1: the processor does not say
 * where it was. */
static void protection_record(struct mm_space *space, const struct engine_context *registers,
                              EXCEPTION_RECORD *record)
{
    if (instruction_is_privileged(space, registers)) {
        record->ExceptionCode = STATUS_PRIVILEGED_INSTRUCTION;
        return;
    }
    record->ExceptionCode = STATUS_ACCESS_VIOLATION;
    record->NumberParameters = 2;
    record->ExceptionInformation[0] = ACCESS_READ;
    record->ExceptionInformation[1] = UINT64_MAX;
}

void exception_from_trap(struct mm_space *space, const struct engine_trap *trap, NTSTATUS fault,
                         struct engine_context *registers, EXCEPTION_RECORD *record)
{
    memset(record, 0, sizeof *record);
    if (trap->kind == ENGINE_TRAP_PAGE_FAULT) {
        memory_record(trap, fault, record);
        record->ExceptionAddress.va = registers->rip;
        return;
    }
    switch (trap->vector) {
    case VECTOR_DIVIDE:
        record->ExceptionCode = instruction_divides_by_nonzero(space, registers)
                                    ? STATUS_INTEGER_OVERFLOW
                                    : STATUS_INTEGER_DIVIDE_BY_ZERO;
        break;
    case VECTOR_DEBUG:
        /* One step: who wants another says so in the context. */
        registers->rflags &= ~(uint64_t)TRAP_FLAG;
        record->ExceptionCode = STATUS_SINGLE_STEP;
        break;
    case VECTOR_BREAKPOINT:
        registers->rip -= 1;
        record->ExceptionCode = STATUS_BREAKPOINT;
        record->NumberParameters = 1;
        break;
    case VECTOR_OVERFLOW:
        record->ExceptionCode = STATUS_INTEGER_OVERFLOW;
        break;
    case VECTOR_BOUND:
        record->ExceptionCode = STATUS_ARRAY_BOUNDS_EXCEEDED;
        break;
    case VECTOR_INVALID_OPCODE:
        record->ExceptionCode = STATUS_ILLEGAL_INSTRUCTION;
        break;
    case VECTOR_X87:
        record->ExceptionCode = x87_status(registers);
        break;
    case VECTOR_SIMD:
        record->ExceptionCode = simd_status(registers);
        break;
    case VECTOR_ALIGNMENT:
        record->ExceptionCode = STATUS_DATATYPE_MISALIGNMENT;
        break;
    case VECTOR_ASSERT:
        registers->rip -= INT_LENGTH; /* at the instruction, as debuggers show it */
        record->ExceptionCode = STATUS_ASSERTION_FAILURE;
        break;
    case VECTOR_DEBUG_SERVICE:
        record->ExceptionCode = STATUS_BREAKPOINT;
        record->NumberParameters = 1;
        record->ExceptionInformation[0] = registers->gpr[ENGINE_RAX];
        break;
    default: /* general protection, stack and segment faults */
        protection_record(space, registers, record);
        break;
    }
    record->ExceptionAddress.va = registers->rip;
}

bool exception_deliver(struct mm_space *space, uint64_t dispatcher, const EXCEPTION_RECORD *record,
                       const CONTEXT *context, struct engine_context *registers)
{
    struct user_frame frame;
    memset(&frame, 0, sizeof frame);
    frame.context = *context;
    frame.record = *record;
    frame.machine[0] = context->Rip;
    frame.machine[1] = KGDT64_R3_CODE;
    frame.machine[2] = context->EFlags;
    frame.machine[3] = context->Rsp;
    frame.machine[4] = KGDT64_R3_DATA;

    const uint64_t stack_alignment = 16;
    uint64_t rsp = (context->Rsp - sizeof frame) / stack_alignment * stack_alignment;
    if (!NT_SUCCESS(mm_copy_to_user(space, rsp, &frame, sizeof frame))) {
        return false;
    }
    registers->gpr[ENGINE_RSP] = rsp;
    registers->rip = dispatcher;
    registers->rflags &= ~(uint64_t)TRAP_FLAG;
    return true;
}

const char *exception_name(NTSTATUS code)
{
    switch (code) {
    case STATUS_ACCESS_VIOLATION:
        return "Access violation";
    case STATUS_GUARD_PAGE_VIOLATION:
        return "Guard page violation";
    case STATUS_IN_PAGE_ERROR:
        return "In-page I/O error";
    case STATUS_STACK_OVERFLOW:
        return "Stack overflow";
    case STATUS_BREAKPOINT:
        return "Break instruction exception";
    case STATUS_SINGLE_STEP:
        return "Single step exception";
    case STATUS_ILLEGAL_INSTRUCTION:
        return "Illegal instruction";
    case STATUS_PRIVILEGED_INSTRUCTION:
        return "Privileged instruction";
    case STATUS_INTEGER_DIVIDE_BY_ZERO:
        return "Integer divide-by-zero";
    case STATUS_INTEGER_OVERFLOW:
        return "Integer overflow";
    case STATUS_ASSERTION_FAILURE:
        return "Assertion failure";
    case STATUS_NONCONTINUABLE_EXCEPTION:
        return "Noncontinuable exception";
    case STATUS_HEAP_CORRUPTION:
        return "Heap corruption";
    default:
        return NULL;
    }
}
