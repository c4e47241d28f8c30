/* stack.h: which calls led to where a thread is.
 *
 * Programs of x64 Windows keep no chain of frame pointers: what a function's prolog did to the
 * stack is described in its image's exception directory, and undoing it gives the caller's
 * registers. => stack.c
 */
#pragma once

#include "kd/kdi.h"

/* One call. The return address lies at `slot`, the home area of its arguments behind it. */
struct kd_frame {
    uint64_t ip;
    uint64_t sp;             /* of this function at ip: WinDbg's Child-SP */
    uint64_t return_address; /* 0: the outermost, or not readable */
    uint64_t slot;
};

/* Turn the registers of a function into those of its caller, through the current address space.
 * => false: the stack or the unwind data is not readable; `registers` is then undefined */
bool kd_unwind(struct kd *kd, struct kd_registers *registers, uint64_t *slot, bool innermost);

/* The calls from `registers` outwards, at most `most`. => how many */
size_t kd_stack_walk(struct kd *kd, const struct kd_registers *registers, struct kd_frame *frames,
                     size_t most);

/* The user registers of a thread that does not run: what its last trap left on its kernel stack
 * (ETHREAD.Tcb.TrapFrame). => false: it has no trap frame */
bool kd_thread_registers(struct kd *kd, uint64_t thread, struct kd_registers *out);

/* Print the calls of a thread (an ETHREAD) as `k` does, seen through its own process, each line
 * indented by so many blanks. */
void kd_show_stack(struct kd *kd, uint64_t thread, int indent);
