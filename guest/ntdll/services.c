/* guest/ntdll/services.c: the system service stubs, in the shape they have on Windows 10 x64, which
 * look at a byte of KUSER_SHARED_DATA before they choose their way into the kernel:
 *
 *      ntdll!NtClose:
 *          mov     r10, rcx        ; syscall destroys rcx
 *          mov     eax, 0Ch        ; number
 *          lea     rcx, [back]     ; as syscall leaves it
 *          test    byte ptr [SharedUserData+308h], 1
 *          jne     gate            ; jmp qword ptr [SharedUserData+310h]
 *          syscall
 *      back:
 *          ret
 *
 * Engines have a gate that costs less than `syscall`. It takes the same registers and goes on
 * at rcx, so a thread in a service is at the same address whichever way it took.
 *
 * Each is exported as NtXxx and ZwXxx; the export directives stand beside the code, so that
 * include/nt/services.h is the only list (services.inc is made from it). */
__asm__(".macro SERVICE number, name\n"
        ".text\n"
        ".p2align 4, 0x90\n"
        ".globl Nt\\name\n"
        ".globl Zw\\name\n"
        ".def Nt\\name; .scl 2; .type 32; .endef\n"
        ".def Zw\\name; .scl 2; .type 32; .endef\n"
        "Nt\\name:\n"
        "Zw\\name:\n"
        "movq %rcx, %r10\n"
        "movl $\\number, %eax\n"
        "leaq 1f(%rip), %rcx\n"
        "testb $1, 0x7FFE0308\n"
        "jne NtdllGate\n"
        "syscall\n"
        "1:\n"
        "ret\n"
        ".section .drectve, \"yn\"\n"
        ".ascii \" -export:Nt\\name -export:Zw\\name\"\n"
        ".text\n"
        ".endm\n");
__asm__(".text\n"
        ".p2align 4, 0x90\n"
        "NtdllGate:\n"
        "jmpq *0x7FFE0310\n");
#define SERVICE(number, name) __asm__("SERVICE " #number ", " #name "\n");
#include "services.inc"
