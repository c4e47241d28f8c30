/* src/machine/instruction.h: what an instruction that trapped was; instruction.c. */
#pragma once

#include <stdbool.h>

#include "engine/engine.h"
#include "mm/mm.h"

/* Is there a privileged instruction at rip? */
bool instruction_is_privileged(struct mm_space *space, const struct engine_context *registers);

/* Is there a div or idiv at rip whose divisor is not zero? Then its quotient does not fit. */
bool instruction_divides_by_nonzero(struct mm_space *space, const struct engine_context *registers);
