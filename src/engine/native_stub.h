/* src/engine/native_stub.h: where things lie in a sandbox; for the stub (assembler) and the engine.
 *
 *      0 .. 0x7FFFFFFFFFF          the guest's: a shadow of its page tables
 *      STUB_BASE                   the stub's code, read and execute
 *      STUB_AREAS                  area 0: orders to the mapper (read only), and a scratch page
 *        + STUB_AREA_SIZE * (1+i)  the area of the task for processor i:
 *            control   page 0      read only: what the task is to do next, registers to load
 *            image     pages 1, 2  read only: x87/SSE/AVX state to load
 *            book      page 3      read only: mapping orders for the task
 *            mailbox   page 4      what happened
 *            stack     pages 5-15  signal frames, the kernel's own format
 *
 * Nothing else is mapped. "Read only" is for the sandbox; the engine writes there through its own
 * mapping of the same memory.
 */
#pragma once

#define STUB_BASE 0x7E0000000000
#define STUB_BASE_HIGH 0x7E00 /* upper half of every address of the stub and its areas */
#define STUB_TEXT_SIZE 0x2000
#define STUB_AREAS 0x7E0010000000
#define STUB_AREA_SIZE 0x10000
#define STUB_HOST_END 0x7FFFFFFFF000 /* end of what Linux gives to a process */

/* Offsets in the stub's code. */
#define STUB_HANDLER 0x400 /* signal handler, up to the post of its event */
#define STUB_GATE 0x5A0    /* system calls without a signal, up to the post of the event */
#define STUB_WAIT 0x6C0    /* waiting for orders */
#define STUB_RESUME 0x7E0  /* back to user code */
#define STUB_RESUME_END 0x980
#define STUB_OPEN 0xFEA    /* opening the window; its system call ends where the page does */
#define STUB_WINDOW 0x1000 /* performing mapping orders */
#define STUB_WINDOW_END 0x11C0
/* A guest task's calls that return to addresses below are exempt from dispatch: those of the first
 * page, and the one that opens the window. */
#define STUB_EXEMPT_SIZE (STUB_WINDOW + 1)

/* A book of orders: at offset 0 of area 0 for the mapper, in each task's area for the task. Its
 * first line of memory has the answers; the second has what a task looks at for new orders, and the
 * first of these. */
#define STUB_STATUS 8          /* u8: errno of the order that failed; the performer's, as are */
#define STUB_COMPLETE 12       /* u32: number of the last set that was performed */
#define STUB_RESULT 16         /* u32: what clone returned; the mapper's book only */
#define STUB_ORDERER_SLEEPS 20 /* u32: the engine wants a futex wake with COMPLETE */
#define STUB_ORDER_SET 64      /* u32: number of the set of orders that is there */
#define STUB_ORDER_COUNT 68    /* u16 */
#define STUB_LATE 70           /* u16: when the set is to be answered, a task's only: */
#define STUB_LATE_NEVER 0      /* at once */
#define STUB_LATE_ALLOWED 1    /* when the task is here next, if that set maps and nothing else */
#define STUB_LATE_ENOUGH 2     /* likewise, and now it is waited for */
#define STUB_TASK_ORDERS 72    /* struct stub_order[], to the end of the page */

/* Area 0. */
#define STUB_BYTES 128     /* the 256 byte values, to be sent from */
#define STUB_ORDERS 512    /* struct stub_order[] */
#define STUB_ORDER_SIZE 64 /* u64 number, u64 arguments[6], unused */
#define STUB_ORDERS_END 0xF000
#define STUB_SCRATCH 0xF000 /* writable; its content means nothing */

/* A task's area. Either side looks at one line of memory while the other works, so what changes
 * with each order or event is kept out of that line, or is not written when it is the same. */
#define STUB_GO 0          /* u32: number of the last order to go on */
#define STUB_BELL 4        /* u32: changes after an order of any kind; together with GO, one u64 */
#define STUB_SPIN 8        /* u32: how often to look for the order before sleeping */
#define STUB_LOAD_IMAGE 12 /* u32: load the image */
#define STUB_GS_BASE 16    /* u64 */
#define STUB_ANSWER 24     /* u64: rax behind a call through the gate, when the order is... */
#define STUB_PLAIN 32      /* u32: ... to go on with the registers of the call */
#define STUB_ENGINE_SLEEPS 48 /* u32: the engine wants a futex wake with the event */
#define STUB_TID 52           /* u32: the task's */
#define STUB_STAMP 56         /* u32: STOPPED and WENT_ON are wanted */
#define STUB_REGISTERS 64  /* u64: r15..r8, rdi, rsi, rbp, rbx, rdx, rcx, rax, then IRET's frame */
#define STUB_STACK_T 0x100 /* stack_t for sigaltstack */
#define STUB_CONTROL_SIZE 0x4000
#define STUB_IMAGE 0x1000
#define STUB_TASK_BOOK 0x3000
#define STUB_TASKS_MAX 64
#define STUB_MAILBOX 0x4000
#define STUB_EVENT 0x4000  /* u32: the order that the event ended, + STUB_BY_GATE */
#define STUB_SLEEPS 0x4004 /* u32: the task wants a futex wake with the order */
#define STUB_CALL                                                                                  \
    0x4008 /* u64: rax, rip, rsp, r10, rdx, r8, r9 of a call through the gate: with                \
              the event, one line of memory. The line beside it is left alone, as                  \
              processors fetch it along */
#define STUB_STOPPED 0x4080 /* u64: time stamp counter when the event came, */
#define STUB_WENT_ON 0x4088 /* u64: and when the task went on before it */
#define STUB_FRAME 0x4090   /* u64: ucontext */
#define STUB_INFO 0x4098    /* u64: siginfo */
#define STUB_SIGNAL 0x40A0  /* u32 */
#define STUB_KEPT                                                                                  \
    0x4100 /* u64: all that the task goes on with: rbx, rbp, rsi, rdi, r12..r15, rflags,           \
              then as in STUB_CALL rip, rsp, r10, rdx, r8, r9; */
#define STUB_PERFORMED 0x4180  /* u32: the last set that the task performed, says the task */
#define STUB_KEPT_STATE 0x4200 /* and x87/SSE/AVX state */
#define STUB_STACK 0x5000
#define STUB_STACK_MIDDLE 0xA800

/* The sandbox's descriptors; only the mapper has them. */
#define STUB_FD_RAM 0
#define STUB_FD_AREAS 1
#define STUB_FD_LINE 2
#define STUB_FD_COUNT 3

#define STUB_KICK_SIGNAL 10  /* SIGUSR1 */
#define STUB_FAULT_SIGNAL 11 /* SIGSEGV */
#define STUB_GATE_SIGNAL 0   /* no signal: a call through the gate */

#define STUB_ORDER_STEP 2 /* between orders to go on, whose numbers are even */
#define STUB_BY_GATE 1    /* in an event */
