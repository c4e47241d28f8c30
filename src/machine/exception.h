/* src/machine/exception.h: from a processor trap to an exception that a program can handle. */
#pragma once

#include <stdbool.h>

#include "engine/engine.h"
#include "mm/mm.h"
#include "nt/rtl.h"
#include "nt/status.h"

#define EXCEPTION_NONCONTINUABLE 1u

/* The exception that Windows makes of this trap; for page faults `fault` is what mm_access_fault
 * said. Moves registers->rip where Windows has it (int3: to the instruction). */
void exception_from_trap(const struct engine_trap *trap, NTSTATUS fault,
                         struct engine_context *registers, EXCEPTION_RECORD *record);

/* Enter user mode at KiUserExceptionDispatcher: put context and record on the user stack and point
 * `registers` there. False when the stack cannot take them: second chance. */
bool exception_deliver(struct mm_space *space, uint64_t dispatcher, const EXCEPTION_RECORD *record,
                       const CONTEXT *context, struct engine_context *registers);

/* "Access violation", or NULL: what the one line about an unhandled exception calls it. */
const char *exception_name(NTSTATUS code);
