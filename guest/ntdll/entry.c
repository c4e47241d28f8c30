/* guest/ntdll/entry.c: where control comes in from the kernel, and what C cannot say.
 *
 * The kernel enters at LdrInitializeThunk (new thread), RtlUserThreadStart (after it),
 * KiUserExceptionDispatcher and KiUserApcDispatcher, none of them by a call: the stack pointer is
 * wherever the kernel put its arguments. The two dispatchers stand on a CONTEXT of the interrupted
 * code. So that stack walks (the debugger's, and unwinding out of a handler) find their way through
 * them to the interrupted code, they build a machine frame below the CONTEXT and describe it and
 * the CONTEXT's registers in their unwind data:
 *
 *      CONTEXT       +050   rbx +0E0, rbp +0F0 ... xmm6 +250 ...
 *      ss            +048
 *      rsp           +040
 *      eflags        +038
 *      cs            +030
 *      rip           +028   <- machine frame
 *      home area     +000   <- rsp
 */
#include "ntdllp.h"

#define CONTEXT_FRAME                                                                              \
    "cld\n"                                                                                        \
    "movq %rsp, %rbx\n"                                                                            \
    "movzwl 0x42(%rbx), %eax\n"                                                                    \
    "pushq %rax\n"                                                                                 \
    "pushq 0x98(%rbx)\n"                                                                           \
    "movl 0x44(%rbx), %eax\n"                                                                      \
    "pushq %rax\n"                                                                                 \
    "movzwl 0x38(%rbx), %eax\n"                                                                    \
    "pushq %rax\n"                                                                                 \
    "pushq 0xF8(%rbx)\n"                                                                           \
    ".seh_pushframe\n"                                                                             \
    "subq $0x28, %rsp\n"                                                                           \
    ".seh_stackalloc 0x28\n"                                                                       \
    ".seh_savereg %rbx, 0xE0\n"                                                                    \
    ".seh_savereg %rbp, 0xF0\n"                                                                    \
    ".seh_savereg %rsi, 0xF8\n"                                                                    \
    ".seh_savereg %rdi, 0x100\n"                                                                   \
    ".seh_savereg %r12, 0x128\n"                                                                   \
    ".seh_savereg %r13, 0x130\n"                                                                   \
    ".seh_savereg %r14, 0x138\n"                                                                   \
    ".seh_savereg %r15, 0x140\n"                                                                   \
    ".seh_savexmm %xmm6, 0x250\n"                                                                  \
    ".seh_savexmm %xmm7, 0x260\n"                                                                  \
    ".seh_savexmm %xmm8, 0x270\n"                                                                  \
    ".seh_savexmm %xmm9, 0x280\n"                                                                  \
    ".seh_savexmm %xmm10, 0x290\n"                                                                 \
    ".seh_savexmm %xmm11, 0x2A0\n"                                                                 \
    ".seh_savexmm %xmm12, 0x2B0\n"                                                                 \
    ".seh_savexmm %xmm13, 0x2C0\n"                                                                 \
    ".seh_savexmm %xmm14, 0x2D0\n"                                                                 \
    ".seh_savexmm %xmm15, 0x2E0\n"                                                                 \
    ".seh_endprologue\n"

#define FUNCTION(name)                                                                             \
    ".text\n"                                                                                      \
    ".p2align 4, 0xcc\n"                                                                           \
    ".globl " #name "\n"                                                                           \
    ".def " #name "; .scl 2; .type 32; .endef\n" #name ":\n"

_Static_assert(offsetof(CONTEXT, SegSs) == 0x42 && offsetof(CONTEXT, Rsp) == 0x98 &&
                   offsetof(CONTEXT, EFlags) == 0x44 && offsetof(CONTEXT, SegCs) == 0x38 &&
                   offsetof(CONTEXT, Rip) == 0xF8 && offsetof(CONTEXT, Rbx) + 0x50 == 0xE0 &&
                   offsetof(CONTEXT, Xmm6) + 0x50 == 0x250,
               "CONTEXT as the assembler code has it");

/* The record is 0x4F0 above the CONTEXT. */
__asm__(FUNCTION(KiUserExceptionDispatcher) ".seh_proc KiUserExceptionDispatcher\n" CONTEXT_FRAME
                                            "leaq 0x4F0(%rbx), %rcx\n"
                                            "movq %rbx, %rdx\n"
                                            "call RtlDispatchException\n"
                                            "testb %al, %al\n"
                                            "jz 1f\n"
                                            "movq %rbx, %rcx\n"
                                            "xorl %edx, %edx\n"
                                            "call NtContinue\n"
                                            "jmp 2f\n"
                                            "1:\n"
                                            "leaq 0x4F0(%rbx), %rcx\n"
                                            "movq %rbx, %rdx\n"
                                            "xorl %r8d, %r8d\n"
                                            "call NtRaiseException\n"
                                            "2:\n"
                                            "movl %eax, %ecx\n"
                                            "call RtlRaiseStatus\n"
                                            "int3\n"
                                            ".seh_endproc\n");

__asm__(FUNCTION(KiUserApcDispatcher) ".seh_proc KiUserApcDispatcher\n" CONTEXT_FRAME
                                      "movq 0x00(%rbx), %rcx\n" /* P1Home: ApcContext, then the two
                                                                   arguments and the routine */
                                      "movq 0x08(%rbx), %rdx\n"
                                      "movq 0x10(%rbx), %r8\n"
                                      "movq %rbx, %r9\n"
                                      "call *0x18(%rbx)\n"
                                      "movq %rbx, %rcx\n"
                                      "movb $1, %dl\n"
                                      "call NtContinue\n"
                                      "movl %eax, %ecx\n"
                                      "call RtlRaiseStatus\n"
                                      "int3\n"
                                      ".seh_endproc\n");

/* The kernel asks for an exception with the code that TEB.ExceptionCode has. */
__asm__(FUNCTION(KiRaiseUserExceptionDispatcher) ".seh_proc KiRaiseUserExceptionDispatcher\n"
                                                 "subq $0x28, %rsp\n"
                                                 ".seh_stackalloc 0x28\n"
                                                 ".seh_endprologue\n"
                                                 "movq %gs:0x30, %rax\n"
                                                 "movl 0x2C0(%rax), %ecx\n"
                                                 "call RtlRaiseStatus\n"
                                                 "addq $0x28, %rsp\n"
                                                 "ret\n"
                                                 ".seh_endproc\n");
NT_OFFSET(TEB, ExceptionCode, 0x2C0);

/* rcx = CONTEXT, rdx = ntdll; nothing lies below. The zero ends stack walks. */
__asm__(FUNCTION(LdrInitializeThunk) ".seh_proc LdrInitializeThunk\n"
                                     "andq $-16, %rsp\n"
                                     "pushq $0\n"
                                     "subq $0x28, %rsp\n"
                                     ".seh_stackalloc 0x28\n"
                                     ".seh_endprologue\n"
                                     "call LdrpInitialize\n"
                                     "int3\n"
                                     ".seh_endproc\n");

__asm__(FUNCTION(RtlUserThreadStart) ".seh_proc RtlUserThreadStart\n"
                                     "andq $-16, %rsp\n"
                                     "pushq $0\n"
                                     "subq $0x28, %rsp\n"
                                     ".seh_stackalloc 0x28\n"
                                     ".seh_endprologue\n"
                                     "call RtlpUserThreadStart\n"
                                     "int3\n"
                                     ".seh_endproc\n");

/* Entered by the jump of an unresolved import's stub (ldrsnap.c), rax = its record, so that the
 * frame above is the caller's. */
__asm__(FUNCTION(LdrpMissingExportThunk) ".seh_proc LdrpMissingExportThunk\n"
                                         "subq $0x28, %rsp\n"
                                         ".seh_stackalloc 0x28\n"
                                         ".seh_endprologue\n"
                                         "movq %rax, %rcx\n"
                                         "movq 0x28(%rsp), %rdx\n"
                                         "call LdrpMissingExport\n"
                                         "int3\n"
                                         ".seh_endproc\n");

/* Call the language handler of a dispatcher context (its member LanguageHandler, +0x30), such that
 * an exception or an unwind inside the handler meets RtlpExceptionHandler or RtlpUnwindHandler.
 * Those find the dispatcher context at +0x20 of the frame. */
NT_OFFSET(DISPATCHER_CONTEXT, LanguageHandler, 0x30);
#define EXECUTE_HANDLER(name, handler, kinds)                                                      \
    __asm__(FUNCTION(name) ".seh_proc " #name "\n"                                                 \
                           ".seh_handler " #handler ", " kinds "\n"                                \
                           "subq $0x28, %rsp\n"                                                    \
                           ".seh_stackalloc 0x28\n"                                                \
                           ".seh_endprologue\n"                                                    \
                           "movq %r9, 0x20(%rsp)\n"                                                \
                           "call *0x30(%r9)\n"                                                     \
                           "nop\n"                                                                 \
                           "addq $0x28, %rsp\n"                                                    \
                           "ret\n"                                                                 \
                           ".seh_endproc\n")
EXECUTE_HANDLER(RtlpExecuteHandlerForException, RtlpExceptionHandler, "@except, @unwind");
EXECUTE_HANDLER(RtlpExecuteHandlerForUnwind, RtlpUnwindHandler, "@except, @unwind");

/* Registers of the caller, as they are when the call returns. rcx: 16-byte aligned CONTEXT. */
__asm__(FUNCTION(RtlCaptureContext) "pushfq\n"
                                    "movl $0x10000F, 0x30(%rcx)\n" /* CONTEXT_FULL, segments */
                                    "movw %cs, 0x38(%rcx)\n"
                                    "movw %ds, 0x3A(%rcx)\n"
                                    "movw %es, 0x3C(%rcx)\n"
                                    "movw %fs, 0x3E(%rcx)\n"
                                    "movw %gs, 0x40(%rcx)\n"
                                    "movw %ss, 0x42(%rcx)\n"
                                    "movq %rax, 0x78(%rcx)\n"
                                    "movq %rcx, 0x80(%rcx)\n"
                                    "movq %rdx, 0x88(%rcx)\n"
                                    "movq %rbx, 0x90(%rcx)\n"
                                    "leaq 0x10(%rsp), %rax\n"
                                    "movq %rax, 0x98(%rcx)\n"
                                    "movq %rbp, 0xA0(%rcx)\n"
                                    "movq %rsi, 0xA8(%rcx)\n"
                                    "movq %rdi, 0xB0(%rcx)\n"
                                    "movq %r8, 0xB8(%rcx)\n"
                                    "movq %r9, 0xC0(%rcx)\n"
                                    "movq %r10, 0xC8(%rcx)\n"
                                    "movq %r11, 0xD0(%rcx)\n"
                                    "movq %r12, 0xD8(%rcx)\n"
                                    "movq %r13, 0xE0(%rcx)\n"
                                    "movq %r14, 0xE8(%rcx)\n"
                                    "movq %r15, 0xF0(%rcx)\n"
                                    "fxsave64 0x100(%rcx)\n"
                                    "stmxcsr 0x34(%rcx)\n"
                                    "movl (%rsp), %eax\n"
                                    "movl %eax, 0x44(%rcx)\n"
                                    "movq 8(%rsp), %rax\n"
                                    "movq %rax, 0xF8(%rcx)\n"
                                    "movq 0x78(%rcx), %rax\n"
                                    "popfq\n"
                                    "ret\n");

/* Go on with the registers of the CONTEXT in rcx (16-byte aligned), which is further up the stack.
 */
__asm__(FUNCTION(RtlpRestoreContext) "fxrstor64 0x100(%rcx)\n"
                                     "ldmxcsr 0x34(%rcx)\n"
                                     "movzwl 0x42(%rcx), %eax\n"
                                     "pushq %rax\n"
                                     "pushq 0x98(%rcx)\n"
                                     "movl 0x44(%rcx), %eax\n"
                                     "pushq %rax\n"
                                     "movzwl 0x38(%rcx), %eax\n"
                                     "pushq %rax\n"
                                     "pushq 0xF8(%rcx)\n"
                                     "movq 0x78(%rcx), %rax\n"
                                     "movq 0x88(%rcx), %rdx\n"
                                     "movq 0x90(%rcx), %rbx\n"
                                     "movq 0xA0(%rcx), %rbp\n"
                                     "movq 0xA8(%rcx), %rsi\n"
                                     "movq 0xB0(%rcx), %rdi\n"
                                     "movq 0xB8(%rcx), %r8\n"
                                     "movq 0xC0(%rcx), %r9\n"
                                     "movq 0xC8(%rcx), %r10\n"
                                     "movq 0xD0(%rcx), %r11\n"
                                     "movq 0xD8(%rcx), %r12\n"
                                     "movq 0xE0(%rcx), %r13\n"
                                     "movq 0xE8(%rcx), %r14\n"
                                     "movq 0xF0(%rcx), %r15\n"
                                     "movq 0x80(%rcx), %rcx\n"
                                     "iretq\n");

__asm__(FUNCTION(DbgBreakPoint) "int3\n"
                                "ret\n");

/* Touch each page of a large frame (rax bytes) in order, so that the guard page moves down. All
 * registers survive. The compiler calls it. */
__asm__(FUNCTION(__chkstk) "pushq %rcx\n"
                           "pushq %rax\n"
                           "cmpq $0x1000, %rax\n"
                           "leaq 0x18(%rsp), %rcx\n"
                           "jb 2f\n"
                           "1:\n"
                           "subq $0x1000, %rcx\n"
                           "orl $0, (%rcx)\n"
                           "subq $0x1000, %rax\n"
                           "cmpq $0x1000, %rax\n"
                           "ja 1b\n"
                           "2:\n"
                           "subq %rax, %rcx\n"
                           "orl $0, (%rcx)\n"
                           "popq %rax\n"
                           "popq %rcx\n"
                           "ret\n");
