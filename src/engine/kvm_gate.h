/* src/engine/kvm_gate.h: where things lie in the gate's pages; for its code (assembler) and the
 * engine. kvm_gate.c tells what they are for.
 *
 *      KVM_GATE_BASE               the code, read and execute
 *        + (1 + 2 * i) pages       control page of processor i, read only: the engine's answers
 *        + (2 + 2 * i) pages       its mailbox, writable: the thread's requests
 *
 * Processor i's FS base is its control page.
 */
#pragma once

#define KVM_GATE_BASE 0x7E0000000000
#define KVM_GATE_PXE 252 /* its entry in a page directory */

/* Control page: one line, which the guest looks at. */
#define KVM_GATE_GO 0        /* u32: number of the run; changes when the answer is there */
#define KVM_GATE_POLLED 4    /* u32: somebody looks at the mailbox */
#define KVM_GATE_SPIN 8      /* u32: how often to look for the answer */
#define KVM_GATE_STACK 16    /* u64: end of the mailbox */
#define KVM_GATE_FLAGS_AT 24 /* u64: address of FLAGS */
#define KVM_GATE_RAX 32      /* u64: the answer: registers to go on with */
#define KVM_GATE_R11 40
#define KVM_GATE_RIP 48
#define KVM_GATE_FLAGS 56

/* Mailbox, from the control page's beginning. */
#define KVM_GATE_MAILBOX 0x1000
#define KVM_GATE_EVENT 0x1000     /* u32: the run whose request is there */
#define KVM_GATE_REGISTERS 0x1040 /* u64[16], as in struct engine_context; r11 is the flags */
#define KVM_GATE_MAILBOX_END 0x2000
