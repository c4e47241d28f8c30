/* src/engine/native_stub.S: all the code there is in a sandbox besides the guest's own.
 *
 * It runs in three kinds of tasks, told apart by the kernel, not by anything in memory:
 *
 *   watcher  The first task. Sleeps in read() and ends the process when the engine is gone.
 *   mapper   Has the descriptors too, and may make the system calls that change the address space.
 *            Sleeps until there is a new set of orders in area 0, performs it, and says so there: in
 *            a page that the sandbox maps read-only, by writing to the file. It uses registers,
 *            its own code and memory that the sandbox cannot write; it has no stack.
 *   guest    One for each processor that the space ran on. Has no descriptors. System calls from
 *            outside of this code become SIGSYS (syscall user dispatch). For those from within, as
 *            user code may jump here, a filter of its own lets it wait and wake on words of the
 *            areas, nothing else. A signal is a trap: `handler` posts it and waits for the order
 *            to go on.
 *
 * A guest task goes back to user code with IRET, not rt_sigreturn: it needs no system call, and
 * there is none that a guest could use to change its signal mask. All handlers run with nothing
 * blocked, so the mask never changes. A kick may therefore interrupt `handler` itself:
 *
 *      interrupted            event posted for the present order?    then
 *      user code              no                                     the kick is the event
 *      handler, not posted    no                                     go on, the event is coming
 *      wait                   yes                                    go on waiting
 *      wait                   no (the order to go on has come)       the kick is the event
 *      resume                 no                                     the kick is the event
 *
 * In the last two user code was not reached, and the engine still knows what it was to run. A guest
 * that jumps into this code meets the same rules, and ends up posting an event or waiting until a
 * kick posts one.
 *
 * The stack of signals has two halves. The engine reads a posted frame at leisure while kicks come
 * and go; so the task waits in the other half. Frames never pile up: each post starts a half anew.
 *
 * x87/SSE/AVX: the kernel saves them in the frame and clears them. `handler` loads them again at
 * once, so that they are in the processor everywhere behind that, and the next signal saves them
 * again.
 */
#include "engine/native_stub.h"

#define NR_READ 0
#define NR_WRITE 1
#define NR_MMAP 9
#define NR_MUNMAP 11
#define NR_RT_SIGACTION 13
#define NR_RT_SIGPROCMASK 14
#define NR_PWRITE64 18
#define NR_CLONE 56
#define NR_SIGALTSTACK 131
#define NR_PRCTL 157
#define NR_ARCH_PRCTL 158
#define NR_FUTEX 202
#define NR_EXIT_GROUP 231
#define NR_SECCOMP 317
#define NR_CLOSE_RANGE 436

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define SIG_SETMASK 2
#define PR_SET_DUMPABLE 4
#define PR_SET_NO_NEW_PRIVS 38
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#define SECCOMP_SET_MODE_FILTER 1
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4
#define ARCH_CPUID 0x1012
#define EINTR 4
#define MAPPER_FLAGS 0x50F00 /* VM FS FILES SIGHAND THREAD SYSVSEM */
#define MAP_SHARED_FIXED 0x11

/* In the signal frame: struct ucontext. */
#define UC_R8 40
#define UC_RSP 160
#define UC_RIP 168
#define UC_EFLAGS 176
#define UC_FPSTATE 224
#define FPSTATE_FEATURES 472 /* struct _fpx_sw_bytes in the unused part of the FXSAVE image */

#define XSTATE_UP_TO_AVX512 0xE7

#define USER_CS 0x33
#define USER_SS 0x2B

#define SA_FLAGS 0x4C000004 /* SIGINFO, ONSTACK, NODEFER, RESTORER */

    .intel_syntax noprefix
    .section .text, "ax"
    .globl _start

/* Set up the sandbox. No guest code exists yet. */
_start:
    mov edi, STUB_FD_COUNT
    mov esi, -1
    xor edx, edx
    mov eax, NR_CLOSE_RANGE
    syscall
    mov edi, PR_SET_NO_NEW_PRIVS
    mov esi, 1
    xor edx, edx
    xor r10d, r10d
    xor r8d, r8d
    mov eax, NR_PRCTL
    syscall
    test eax, eax
    jnz give_up
    mov edi, PR_SET_DUMPABLE
    xor esi, esi
    mov eax, NR_PRCTL
    syscall
    mov edi, SIG_SETMASK
    lea rsi, [rip + only_kicks]
    xor edx, edx
    mov r10d, 8
    mov eax, NR_RT_SIGPROCMASK
    syscall
    test eax, eax
    jnz give_up

    xor edi, edi                 /* all but the stub's code goes */
    movabs rsi, STUB_BASE
    mov eax, NR_MUNMAP
    syscall
    test eax, eax
    jnz give_up
    movabs rdi, STUB_BASE + STUB_TEXT_SIZE
    movabs rsi, STUB_HOST_END - STUB_BASE - STUB_TEXT_SIZE
    mov eax, NR_MUNMAP
    syscall
    test eax, eax
    jnz give_up

    movabs r15, STUB_AREAS
    mov rdi, r15
    mov esi, STUB_SCRATCH
    mov edx, 1                   /* PROT_READ */
    mov r10d, MAP_SHARED_FIXED
    mov r8d, STUB_FD_AREAS
    xor r9d, r9d
    mov eax, NR_MMAP
    syscall
    cmp rax, r15
    jne give_up
    lea rdi, [r15 + STUB_SCRATCH]
    mov esi, STUB_AREA_SIZE - STUB_SCRATCH
    mov edx, 3                   /* PROT_READ, PROT_WRITE */
    mov r9d, STUB_SCRATCH
    mov eax, NR_MMAP
    syscall
    test rax, rax
    js give_up

    lea r12, [rip + trap_signals]
1:  movzx edi, byte ptr [r12]
    test edi, edi
    jz 2f
    lea rsi, [rip + action]
    xor edx, edx
    mov r10d, 8
    mov eax, NR_RT_SIGACTION
    syscall
    test eax, eax
    jnz give_up
    inc r12
    jmp 1b
2:  lea rdx, [rip + mapper_program]
    mov edi, SECCOMP_SET_MODE_FILTER
    mov esi, SECCOMP_FILTER_FLAG_SPEC_ALLOW
    mov eax, NR_SECCOMP
    syscall
    test eax, eax
    jnz give_up
    mov edi, MAPPER_FLAGS
    xor esi, esi
    xor edx, edx
    xor r10d, r10d
    xor r8d, r8d
    mov eax, NR_CLONE
    syscall
    test rax, rax
    js give_up
    jz mapper
    mov edi, STUB_FD_LINE        /* ready */
    lea rsi, [r15 + STUB_BYTES]
    mov edx, 1
    mov eax, NR_WRITE
    syscall

/* ---- watcher: nothing but to end when the engine does ---- */

watcher:
    mov edi, STUB_FD_LINE
    lea rsi, [r15 + STUB_SCRATCH]
    mov edx, 1
    mov eax, NR_READ
    syscall
    cmp rax, -EINTR
    je watcher

give_up:
    mov edi, 1
    mov eax, NR_EXIT_GROUP
    syscall
    ud2

/* ---- mapper: r15 area 0, rbx set, r12 order, r13 orders left, r14 status, rbp result ---- */

mapper:
    mov ebx, [r15 + STUB_COMPLETE]
    cmp [r15 + STUB_ORDER_SET], ebx
    jne perform
    lea rdi, [r15 + STUB_ORDER_SET]
    mov esi, FUTEX_WAIT
    mov edx, ebx
    xor r10d, r10d
    mov eax, NR_FUTEX
    syscall
    jmp mapper
perform:
    mov r13d, [r15 + STUB_ORDER_COUNT]
    lea r12, [r15 + STUB_ORDERS]
next_order:
    test r13d, r13d
    jz complete
    mov rdi, [r12 + 8]
    mov rsi, [r12 + 16]
    mov rdx, [r12 + 24]
    mov r10, [r12 + 32]
    mov r8, [r12 + 40]
    mov r9, [r12 + 48]
    mov rax, [r12]
    syscall
    mov rbp, rax
    cmp qword ptr [r12], NR_CLONE
    jne 1f
    test rax, rax
    jz guest_start
1:  cmp rbp, -4096
    ja order_failed
    cmp qword ptr [r12], NR_CLONE
    jne 3f
    mov r14d, STUB_RESULT        /* a clone's result, byte by byte */
2:  movzx eax, bpl
    lea rsi, [r15 + rax + STUB_BYTES]
    mov edx, 1
    mov r10d, r14d
    mov edi, STUB_FD_AREAS
    mov eax, NR_PWRITE64
    syscall
    shr rbp, 8
    inc r14d
    cmp r14d, STUB_RESULT + 4
    jb 2b
3:  add r12, STUB_ORDER_SIZE
    dec r13d
    jmp next_order
order_failed:
    neg rbp
    movzx eax, bpl
    lea rsi, [r15 + rax + STUB_BYTES]
    mov edx, 1
    mov r10d, STUB_STATUS
    mov edi, STUB_FD_AREAS
    mov eax, NR_PWRITE64
    syscall
complete:
    lea rsi, [r15 + STUB_ORDER_SET]
    mov edx, 4
    mov r10d, STUB_COMPLETE
    mov edi, STUB_FD_AREAS
    mov eax, NR_PWRITE64
    syscall
    cmp rax, 4
    jne give_up
    lea rdi, [r15 + STUB_COMPLETE]
    mov esi, FUTEX_WAKE
    mov edx, 0x7FFFFFFF
    mov eax, NR_FUTEX
    syscall
    jmp mapper

/* ---- a new guest task: rsp is its area ----
 *
 * Kicks are blocked until the filter is there: a handler uses memory that other guest tasks can
 * write. Unblocking is the one more call that the filter allows, with exactly these arguments. */

guest_start:
    xor edi, edi
    mov esi, -1
    xor edx, edx
    mov eax, NR_CLOSE_RANGE
    syscall
    test eax, eax
    jnz give_up
    lea rdi, [rsp + STUB_STACK_T]
    xor esi, esi
    mov eax, NR_SIGALTSTACK
    syscall
    test eax, eax
    jnz give_up
    mov edi, ARCH_CPUID          /* CPUID faults, where the processor can do that */
    xor esi, esi
    mov eax, NR_ARCH_PRCTL
    syscall
    mov edi, PR_SET_SYSCALL_USER_DISPATCH /* for all code but the stub's, always */
    mov esi, PR_SYS_DISPATCH_ON
    movabs rdx, STUB_BASE
    mov r10d, STUB_TEXT_SIZE
    xor r8d, r8d
    mov eax, NR_PRCTL
    syscall
    test eax, eax
    jnz give_up
    lea rdx, [rip + guest_program]
    mov edi, SECCOMP_SET_MODE_FILTER
    mov esi, SECCOMP_FILTER_FLAG_SPEC_ALLOW
    mov eax, NR_SECCOMP
    syscall
    test eax, eax
    jnz give_up
    mov r12, rsp
    add rsp, STUB_AREA_SIZE
    xor ebp, ebp                 /* the order before the first */
    mov edi, SIG_SETMASK
    lea rsi, [rip + no_signals]
    xor edx, edx
    mov r10d, 8
    mov eax, NR_RT_SIGPROCMASK
    syscall
unblock_return:
    jmp wait

/* ---- guest task: rdi signal, rsi siginfo, rdx ucontext; r12 area, rbp order ---- */

    .org STUB_HANDLER
handler:
    mov r13d, edi
    mov rbx, rdx
    mov r12, rsp
    and r12, -STUB_AREA_SIZE
    mov rcx, [rbx + UC_FPSTATE]
    mov eax, [rcx + FPSTATE_FEATURES] /* what the frame has room for */
    mov edx, [rcx + FPSTATE_FEATURES + 4]
    xrstor64 [rcx]
    mov ebp, [r12 + STUB_GO]
    cmp r13d, STUB_KICK_SIGNAL
    jne post
    mov rcx, [rbx + UC_RIP]
    movabs rax, STUB_BASE + STUB_HANDLER
    sub rcx, rax
    cmp rcx, STUB_WAIT - STUB_HANDLER
    jb leave_kick
    cmp rcx, STUB_RESUME - STUB_HANDLER
    jae post
    cmp [r12 + STUB_EVENT], ebp
    jne post
leave_kick:                      /* make IRET's frame of the end of the sigcontext, and go back */
    mov rax, [rbx + UC_EFLAGS]
    mov rcx, [rbx + UC_RSP]
    mov qword ptr [rbx + UC_RIP + 8], USER_CS
    mov [rbx + UC_RIP + 16], rax
    mov [rbx + UC_RIP + 24], rcx
    mov qword ptr [rbx + UC_RIP + 32], USER_SS
    lea rsp, [rbx + UC_R8]
    pop r8
    pop r9
    pop r10
    pop r11
    pop r12
    pop r13
    pop r14
    pop r15
    pop rdi
    pop rsi
    pop rbp
    pop rbx
    pop rdx
    pop rax
    pop rcx
    lea rsp, [rsp + 8]
    iretq

post:
    mov [r12 + STUB_FRAME], rbx
    mov [r12 + STUB_INFO], rsi
    mov [r12 + STUB_SIGNAL], r13d
    mov eax, ebp
    lea rcx, [r12 + STUB_STACK_MIDDLE]
    mov rsp, rcx                 /* to the half of the stack where the frame is not */
    cmp rbx, rcx
    jae 1f
    lea rsp, [r12 + STUB_AREA_SIZE]
1:  xchg [r12 + STUB_EVENT], eax
    cmp dword ptr [r12 + STUB_ENGINE_SLEEPS], 0
    je wait
    lea rdi, [r12 + STUB_EVENT]
    mov esi, FUTEX_WAKE
    mov edx, 1
    mov eax, NR_FUTEX
    syscall
futex_wake_return:
    jmp wait

    .org STUB_WAIT
wait:
    mov ecx, [r12 + STUB_SPIN]
1:  cmp [r12 + STUB_GO], ebp
    jne resume
    pause
    dec ecx
    jg 1b
    mov eax, 1
    xchg [r12 + STUB_SLEEPS], eax
    lea rdi, [r12 + STUB_GO]
    mov esi, FUTEX_WAIT
    mov edx, ebp
    xor r10d, r10d
    mov eax, NR_FUTEX
    syscall
futex_wait_return:
    mov dword ptr [r12 + STUB_SLEEPS], 0
    jmp wait

    .org STUB_RESUME
resume:
    movabs r15, STUB_AREAS
    mov ebx, [r12 + STUB_NEEDS]
1:  mov edx, [r15 + STUB_COMPLETE]
    mov eax, edx
    sub eax, ebx
    jns 2f
    mov r14d, edx
    lea rdi, [r15 + STUB_ORDER_SET]
    mov esi, FUTEX_WAKE
    mov edx, 1
    mov eax, NR_FUTEX
    syscall
ring_return:
    lea rdi, [r15 + STUB_COMPLETE]
    mov esi, FUTEX_WAIT
    mov edx, r14d
    xor r10d, r10d
    mov eax, NR_FUTEX
    syscall
needs_return:
    jmp 1b
2:
    lea rsp, [r12 + STUB_AREA_SIZE]
    push 2                       /* no NT, no AC: IRET would fault */
    popfq
    cmp dword ptr [r12 + STUB_LOAD_IMAGE], 0
    je 1f
    mov eax, XSTATE_UP_TO_AVX512 /* what the image does not have becomes initial */
    xor edx, edx
    xrstor64 [r12 + STUB_IMAGE]
1:  mov rax, [r12 + STUB_GS_BASE]
    wrgsbase rax
    lea rsp, [r12 + STUB_REGISTERS]
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rbp
    pop rbx
    pop rdx
    pop rcx
    pop rax
    iretq

restorer:
    ud2

/* ---- constants ---- */

no_signals:
    .quad 0
only_kicks:
    .quad 1 << (STUB_KICK_SIGNAL - 1)
action:
    .quad handler, SA_FLAGS, restorer, 0
trap_signals:                    /* ILL TRAP BUS FPE SEGV SYS and the kick */
    .byte 4, 5, 7, 8, 11, 31, STUB_KICK_SIGNAL, 0

/* Filters. Offsets into struct seccomp_data. */
#define DATA_NR 0
#define DATA_ARCH 4
#define DATA_IP_LOW 8
#define DATA_IP_HIGH 12
#define DATA_ARG0_LOW 16
#define DATA_ARG0_HIGH 20
#define DATA_ARG1_LOW 24
#define DATA_ARG1_HIGH 28
#define DATA_ARG2_LOW 32
#define DATA_ARG2_HIGH 36
#define DATA_ARG3_LOW 40
#define DATA_ARG3_HIGH 44

#define AUDIT_ARCH_X86_64 0xC000003E
#define RET_TRAP 0x00030000
#define RET_ALLOW 0x7FFF0000

.macro filter_load offset
    .short 0x20
    .byte 0, 0
    .long \offset
.endm
/* Go on with the next when equal, else skip to `label`. */
.macro filter_need value, label
    .short 0x15
    .byte 0, (\label - . - 5) / 8
    .long \value
.endm
/* Skip to `label` when equal. */
.macro filter_if value, label
    .short 0x15
    .byte (\label - . - 6) / 8, 0
    .long \value
.endm
.macro filter_return value
    .short 0x06
    .byte 0, 0
    .long \value
.endm

    .balign 8
mapper_filter:
    filter_load DATA_IP_HIGH
    filter_need STUB_BASE_HIGH, mapper_trap
    filter_load DATA_ARCH
    filter_need AUDIT_ARCH_X86_64, mapper_trap
    filter_load DATA_NR
    filter_if NR_MMAP, mapper_allow
    filter_if NR_MUNMAP, mapper_allow
    filter_if NR_READ, mapper_allow
    filter_if NR_WRITE, mapper_allow
    filter_if NR_FUTEX, mapper_allow
    filter_if NR_PWRITE64, mapper_allow
    filter_if NR_CLONE, mapper_allow
    filter_if NR_CLOSE_RANGE, mapper_allow
    filter_if NR_SIGALTSTACK, mapper_allow
    filter_if NR_ARCH_PRCTL, mapper_allow
    filter_if NR_PRCTL, mapper_allow
    filter_if NR_SECCOMP, mapper_allow
    filter_if NR_RT_SIGPROCMASK, mapper_allow
    filter_if NR_EXIT_GROUP, mapper_allow
mapper_trap:
    filter_return RET_TRAP
mapper_allow:
    filter_return RET_ALLOW
mapper_filter_end:

    .set WAIT_CALL_LOW, futex_wait_return - _start
    .set NEEDS_CALL_LOW, needs_return - _start
    .set RING_CALL_LOW, ring_return - _start
    .set WAKE_CALL_LOW, futex_wake_return - _start
    .set UNBLOCK_CALL_LOW, unblock_return - _start
    .set NO_SIGNALS_LOW, no_signals - _start
/* Futex WAKE and WAIT (without a timeout) on a word of the areas, and only from the places above. */
guest_filter:
    filter_load DATA_IP_HIGH
    filter_need STUB_BASE_HIGH, guest_trap
    filter_load DATA_ARCH
    filter_need AUDIT_ARCH_X86_64, guest_trap
    filter_load DATA_NR
    filter_if NR_RT_SIGPROCMASK, guest_unblock
    filter_need NR_FUTEX, guest_trap
    filter_load DATA_ARG0_HIGH
    filter_need STUB_BASE_HIGH, guest_trap
    filter_load DATA_IP_LOW
    filter_if WAIT_CALL_LOW, guest_wait
    filter_if NEEDS_CALL_LOW, guest_wait
    filter_if RING_CALL_LOW, guest_wake
    filter_need WAKE_CALL_LOW, guest_trap
guest_wake:
    filter_load DATA_ARG1_LOW
    filter_need FUTEX_WAKE, guest_trap
    filter_return RET_ALLOW
guest_wait:
    filter_load DATA_ARG1_LOW
    filter_need FUTEX_WAIT, guest_trap
    filter_load DATA_ARG3_LOW
    filter_need 0, guest_trap
    filter_load DATA_ARG3_HIGH
    filter_need 0, guest_trap
    filter_return RET_ALLOW
guest_unblock:
    filter_load DATA_IP_LOW
    filter_need UNBLOCK_CALL_LOW, guest_trap
    filter_load DATA_ARG0_LOW
    filter_need SIG_SETMASK, guest_trap
    filter_load DATA_ARG1_LOW
    filter_need NO_SIGNALS_LOW, guest_trap
    filter_load DATA_ARG1_HIGH
    filter_need STUB_BASE_HIGH, guest_trap
    filter_load DATA_ARG2_LOW
    filter_need 0, guest_trap
    filter_load DATA_ARG2_HIGH
    filter_need 0, guest_trap
    filter_return RET_ALLOW
guest_trap:
    filter_return RET_TRAP
guest_filter_end:

    .balign 8
mapper_program:
    .quad (mapper_filter_end - mapper_filter) / 8, mapper_filter
guest_program:
    .quad (guest_filter_end - guest_filter) / 8, guest_filter

    .org STUB_TEXT_SIZE
