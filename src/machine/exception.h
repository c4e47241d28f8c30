/* src/machine/exception.h: from a processor trap to an exception that a program can handle. */
#pragma once

#include <stdbool.h>

#include "engine/engine.h"
#include "mm/mm.h"
#include "nt/rtl.h"
#include "nt/status.h"

#define EXCEPTION_NONCONTINUABLE 1u

enum exception_vector { /* Intel SDM 3, 6.3.1, and Windows' own above 31 */
                        VECTOR_DIVIDE = 0,
                        VECTOR_DEBUG = 1,
                        VECTOR_BREAKPOINT = 3,
                        VECTOR_OVERFLOW = 4,
                        VECTOR_BOUND = 5,
                        VECTOR_INVALID_OPCODE = 6,
                        VECTOR_X87 = 16,
                        VECTOR_ALIGNMENT = 17,
                        VECTOR_SIMD = 19,
                        VECTOR_ASSERT = 0x2C,
                        VECTOR_DEBUG_SERVICE = 0x2D,
};

/* The exception that Windows makes of this trap; for page faults `fault` is what mm_page_fault
 * said. Moves registers->rip where Windows has it (int3: to the instruction). */
void exception_from_trap(struct mm_space *space, const struct engine_trap *trap, NTSTATUS fault,
                         struct engine_context *registers, EXCEPTION_RECORD *record);

/* Enter user mode at KiUserExceptionDispatcher: put context and record on the user stack and point
 * `registers` there. False when the stack cannot take them: second chance. */
bool exception_deliver(struct mm_space *space, uint64_t dispatcher, const EXCEPTION_RECORD *record,
                       const CONTEXT *context, struct engine_context *registers);

/* "Access violation", or NULL: what the one line about an unhandled exception calls it. */
const char *exception_name(NTSTATUS code);
