/* guest/ntoskrnl/services.c: the system service table and its stubs.
 *
 *      KiServiceTable[n]  = (stub of n - KiServiceTable) << 4 | arguments on the stack
 *      KiArgumentTable[n] = 4 * arguments on the stack
 *      KiServiceStubs + 16 * n:   mov eax, n ; ud2 ; ret ; int3 ...        (public name NtXxx)
 *
 * Both tables and the stubs are one 4 KB-aligned stretch of .text, the stubs 0x800 after the table,
 * so the entries are constants to the assembler. The machine reads the entry of the number in eax
 * on every system call and dispatches by the stub that it leads to, so that patching the table does
 * what it does on Windows. The stubs themselves are never executed: the executive is host code, and
 * there is no ring 0 to run them; ud2 says so if something jumps there. */
#include "nt/services.h"
#include "nt/ke.h"

/* Arguments beyond the four that travel in registers. */
#define STACK_0 "0"
#define STACK_1 "0"
#define STACK_2 "0"
#define STACK_3 "0"
#define STACK_4 "0"
#define STACK_5 "1"
#define STACK_6 "2"
#define STACK_7 "3"
#define STACK_8 "4"
#define STACK_9 "5"
#define STACK_10 "6"
#define STACK_11 "7"
#define STACK_12 "8"
#define STACK_13 "9"
#define STACK_14 "10"
#define STACK_15 "11"
#define STACK_16 "12"
#define STACK_17 "13"

#define COUNT(number, name, arguments) +1
enum { SERVICES = 0 NT_SERVICES(COUNT), STUBS_OFFSET = 0x800 };
#undef COUNT
_Static_assert(SERVICES *(sizeof(LONG) + sizeof(UCHAR)) <= STUBS_OFFSET, "tables overlap stubs");

__asm__(".section .text\n"
        ".globl KiServiceTable\n"
        ".p2align 12, 0xcc\n"
        "KiServiceTable:\n");
#define X(number, name, arguments)                                                                 \
    __asm__(".long ((0x800 + 16 * " #number ") << 4) | " STACK_##arguments "\n");
NT_SERVICES(X)
#undef X

__asm__(".globl KiArgumentTable\n"
        "KiArgumentTable:\n");
#define X(number, name, arguments) __asm__(".byte 4 * " STACK_##arguments "\n");
NT_SERVICES(X)
#undef X

__asm__(".globl KiServiceStubs\n"
        ".p2align 11, 0xcc\n"
        "KiServiceStubs:\n");
#define X(number, name, arguments)                                                                 \
    __asm__(".globl " #name "\n"                                                                   \
            ".def " #name "; .scl 2; .type 32; .endef\n"                                           \
            ".p2align 4, 0xcc\n" #name ":\n"                                                       \
            "movl $" #number ", %eax\n"                                                            \
            "ud2\n"                                                                                \
            "ret\n");
NT_SERVICES(X)
#undef X
__asm__(".p2align 4, 0xcc\n");

extern LONG KiServiceTable[];
extern UCHAR KiArgumentTable[];

extern const UCHAR KiServiceStubs[];

/* Where the machine finds table and stubs (exported; not Windows'). */
const void *const NtmmServices[2] = {KiServiceTable, KiServiceStubs};

/* Layout of KeServiceDescriptorTable's entries; not in the public symbols. */
struct _KSERVICE_TABLE_DESCRIPTOR {
    LONG *Base;
    ULONG *Count; /* per-service counters of checked builds */
    ULONG64 Limit;
    UCHAR *Number;
};
typedef struct _KSERVICE_TABLE_DESCRIPTOR KSERVICE_TABLE_DESCRIPTOR;

/* Slot 1 of the shadow table is win32k's, which this system does not have. */
KSERVICE_TABLE_DESCRIPTOR KeServiceDescriptorTable[2] = {
    {KiServiceTable, NULL, SERVICES, KiArgumentTable},
};
KSERVICE_TABLE_DESCRIPTOR KeServiceDescriptorTableShadow[2] = {
    {KiServiceTable, NULL, SERVICES, KiArgumentTable},
};

/* The entry point of the image. The host boots the machine; a processor that comes here stops. */
void KiSystemStartup(void);
void KiSystemStartup(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}
