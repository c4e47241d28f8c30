/* guest/ntdll/services.c: the system service stubs, in the shape they have on Windows 7 x64:
 *
 *      ntdll!NtClose:
 *          mov     r10, rcx        ; syscall destroys rcx
 *          mov     eax, 0Ch        ; number
 *          syscall
 *          ret
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
        "syscall\n"
        "ret\n"
        ".section .drectve, \"yn\"\n"
        ".ascii \" -export:Nt\\name -export:Zw\\name\"\n"
        ".text\n"
        ".endm\n");
#define SERVICE(number, name) __asm__("SERVICE " #number ", " #name "\n");
#include "services.inc"
