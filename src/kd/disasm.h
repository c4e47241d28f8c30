/* disasm.h: instructions as WinDbg shows them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kd;

/* The longest x86 instruction, bytes. */
#define KD_INSTRUCTION_MOST 15

/* What a command needs to know of an instruction without its text. */
struct kd_instruction {
    unsigned length;  /* bytes */
    bool call;        /* p steps over it */
    bool branch;      /* jmp, jcc */
    bool conditional; /* goes on behind it too */
    bool ends;        /* nothing goes on behind it: ret, jmp, int3 at the end of a function */
    bool ret;
    bool system_call;
    bool has_target; /* of a direct call or branch */
    uint64_t target;
};

/* Decode the instruction at `address`; false when it is not readable or not an instruction. */
bool kd_instruction_at(struct kd *kd, uint64_t address, struct kd_instruction *out);

/* Print one line as `u` does: address, bytes, mnemonic, operands with names. Returns the length of
 * the instruction, 1 for bytes that are none, 0 when nothing is readable (a line of `???` then). */
unsigned kd_show_instruction(struct kd *kd, uint64_t address);
