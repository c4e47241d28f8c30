/* src/machine/context.h: a thread's registers as Windows' CONTEXT and as the engine keeps them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "nt/rtl.h"

/* CONTEXT.ContextFlags of AMD64. Source: CONTEXT structure, documentation. */
#define CONTEXT_AMD64 0x00100000u
#define CONTEXT_CONTROL (CONTEXT_AMD64 | 0x01u)
#define CONTEXT_INTEGER (CONTEXT_AMD64 | 0x02u)
#define CONTEXT_SEGMENTS (CONTEXT_AMD64 | 0x04u)
#define CONTEXT_FLOATING_POINT (CONTEXT_AMD64 | 0x08u)
#define CONTEXT_DEBUG_REGISTERS (CONTEXT_AMD64 | 0x10u)
#define CONTEXT_FULL (CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_FLOATING_POINT)
#define CONTEXT_ALL (CONTEXT_FULL | CONTEXT_SEGMENTS | CONTEXT_DEBUG_REGISTERS)

/* Selectors of 64-bit user mode. */
#define KGDT64_R3_CODE 0x33
#define KGDT64_R3_DATA 0x2B
#define KGDT64_R3_CMTEB 0x53

/* Control registers while Windows runs. */
#define SYSTEM_CR0 0x80050031ull /* PG AM WP NE ET MP PE */
#define SYSTEM_CR4 0x6F8ull
#define INITIAL_MXCSR 0x1F80u /* all exceptions masked */

/* Flags that user mode may set; IF always reads as one. */
#define EFLAGS_USER_MASK 0x210DD5u
#define EFLAGS_ALWAYS 0x202u

/* The state of a thread that has run nothing yet: x87 and SSE as the processor's FNINIT leaves
 * them with Windows' MXCSR. */
void context_init(struct engine_context *registers);

/* Fill the parts of `context` that context->ContextFlags asks for. => registers are in sync */
void context_from_engine(CONTEXT *context, const struct engine_context *registers);

/* Take over the parts that context->ContextFlags names, with everything user mode must not
 * choose (selectors, system flags, kernel addresses in RIP) put right. */
void context_to_engine(struct engine_context *registers, const CONTEXT *context);
