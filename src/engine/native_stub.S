/* src/engine/native_stub.S: all the code there is in a sandbox besides the guest's own.
 *
 * It runs in three kinds of tasks, told apart by the kernel, not by anything in memory:
 *
 *   watcher  The first task. Sleeps in read() and ends the process when the engine is gone.
 *   mapper   May make the system calls that change the address space or make tasks. Sleeps until
 *            there is a new set of orders in area 0, performs it, and says so there: in a page that
 *            the sandbox maps read-only, by writing to the file. It uses registers, its own code
 *            and memory that the sandbox cannot write; it has no stack.
 *   guest    One for each processor that the space ran on. System calls from outside of this code,
 *            and from its window, become SIGSYS (syscall user dispatch). For those from elsewhere
 *            in it, as user code may jump here, a filter of its own lets it wait and wake on words
 *            of the areas, nothing else. A signal is a trap: `handler` posts it and waits for the
 *            order to go on.
 *
 *      native_stub_birth.inc    setting up, the watcher, the mapper, the birth of a guest task
 *      native_stub_task.inc     a guest task: handler, waiting, the window, back to user code
 *      native_stub_filter.inc   constants and seccomp filters
 */
#include "engine/native_stub.h"

#define NR_READ 0
#define NR_MMAP 9
#define NR_MPROTECT 10
#define NR_MUNMAP 11
#define NR_RT_SIGACTION 13
#define NR_RT_SIGPROCMASK 14
#define NR_PWRITE64 18
#define NR_SENDMSG 46
#define NR_CLONE 56
#define NR_SIGALTSTACK 131
#define NR_PRCTL 157
#define NR_ARCH_PRCTL 158
#define NR_GETTID 186
#define NR_FUTEX 202
#define NR_EXIT_GROUP 231
#define NR_SECCOMP 317
#define NR_USERFAULTFD 323
#define NR_CLOSE_RANGE 436

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define SIG_SETMASK 2
#define PR_SET_DUMPABLE 4
#define PR_SET_NO_NEW_PRIVS 38
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#define SECCOMP_SET_MODE_FILTER 1
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4
#define ARCH_CPUID 0x1012
#define EINTR 4
#define UFFD_USER_MODE_ONLY 1
#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define CMSG_SIZE 20           /* with one descriptor */
#define CMSG_SPACE 24
#define MAPPER_FLAGS 0x50F00 /* VM FS FILES SIGHAND THREAD SYSVSEM */
#define MAP_SHARED_FIXED 0x11

/* In the signal frame: struct ucontext. */
#define UC_R8 40
#define UC_RSP 160
#define UC_RIP 168
#define UC_EFLAGS 176
#define UC_FPSTATE 224
#define FPSTATE_FEATURES 472 /* struct _fpx_sw_bytes in the unused part of the FXSAVE image */

#define XSTATE_UP_TO_AVX 7
#define XSTATE_UP_TO_AVX512 0xE7

#define USER_CS 0x33
#define USER_SS 0x2B

#define SA_FLAGS 0x4C000004 /* SIGINFO, ONSTACK, NODEFER, RESTORER */

    .intel_syntax noprefix
    .section .text, "ax"
    .globl _start

/* From now on, system calls of this task from outside of the first page of the stub are SIGSYS.
 * => clobbers rax, rcx, rdx, rdi, rsi, r8, r10, r11; eax 0: it is so */
.macro dispatch_on
    mov edi, PR_SET_SYSCALL_USER_DISPATCH
    mov esi, PR_SYS_DISPATCH_ON
    movabs rdx, STUB_BASE
    mov r10d, STUB_EXEMPT_SIZE
    xor r8d, r8d
    mov eax, NR_PRCTL
    syscall
.endm

#include "engine/native_stub_birth.inc"

#include "engine/native_stub_task.inc"

#include "engine/native_stub_filter.inc"

    .org STUB_TEXT_SIZE
