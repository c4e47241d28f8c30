/* What each processor trap is to a program: the exception's code, its parameters, and where the
 * program counter stands. Expectations: EXCEPTION_RECORD, documentation, and the vectors of Windows
 * 7 x64. Each case runs between two labels; the handler goes on at the second. */
#include <stdint.h>
#include <stdio.h>
#include <windows.h>

static DWORD code;
static uint64_t parameters, information[2], at, resume_at;

static LONG CALLBACK handler(EXCEPTION_POINTERS *p)
{
    code = p->ExceptionRecord->ExceptionCode;
    parameters = p->ExceptionRecord->NumberParameters;
    information[0] = p->ExceptionRecord->ExceptionInformation[0];
    information[1] = p->ExceptionRecord->ExceptionInformation[1];
    at = p->ContextRecord->Rip;
    p->ContextRecord->Rip = resume_at;
    p->ContextRecord->MxCsr = 0x1F80;
    p->ContextRecord->EFlags &= ~0x40000; /* AC */
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void show(const char *name, uint64_t start)
{
    printf("%-22s %08lx", name, code);
    if (code == EXCEPTION_ACCESS_VIOLATION) {
        printf(" %llx %llx", (unsigned long long)information[0],
               (unsigned long long)information[1]);
    }
    printf(" +%d\n", (int)(at - start));
    code = 0;
    at = 0;
}

#define CASE(name, text, ...)                                                                      \
    do {                                                                                           \
        uint64_t start;                                                                            \
        __asm__ volatile("leaq 2f(%%rip), %%r11\n\tmovq %%r11, %0\n\tleaq 1f(%%rip), %1\n"         \
                         "1:\n\t" text "\n\tnop\n2:"                                               \
                         : "=m"(resume_at), "=&r"(start)                                           \
                         : __VA_ARGS__                                                             \
                         : "rax", "rcx", "rdx", "r8", "r9", "r11", "xmm0", "xmm1", "memory",       \
                           "cc");                                                                  \
        show(name, start);                                                                         \
    } while (0)

int main(void)
{
    static _Alignas(16) float data[8] = {1};
    static const uint64_t away = 0x8000000000000000u;
    static int64_t minus_one[2] = {-1, 0};
    setvbuf(stdout, NULL, _IONBF, 0);
    AddVectoredExceptionHandler(1, handler);
    CASE("cli", "cli", );
    CASE("hlt", "hlt", );
    CASE("in", "inb %%dx, %%al", );
    CASE("out", "outb %%al, $0x80", );
    CASE("mov cr3", "movq %%cr3, %%rax", );
    CASE("mov dr7", "movq %%dr7, %%rax", );
    CASE("wrmsr", "wrmsr", );
    CASE("invd", "invd", );
    CASE("ud2", "ud2", );
    CASE("int3", "int3", );
    CASE("int 2c", "int $0x2c", );
    CASE("non-canonical read", "movb (%2), %%al", "r"(away));
    CASE("kernel read", "movq $0xfffff80000000000, %%rax\n\t.byte 0x8a, 0x00", );
    CASE("divide by zero", "xorl %%ecx, %%ecx\n\tdivl %%ecx", );
    CASE("idiv overflow", "movl $0x80000000, %%eax\n\tcltd\n\tmovl $-1, %%ecx\n\tidivl %%ecx", );
    CASE("idiv memory overflow",
         "movq $1, %%rax\n\tshlq $63, %%rax\n\tcqto\n\tmovl $1, %%ecx\n\tidivq -8(%2,%%rcx,8)",
         "r"(minus_one));
    CASE("div memory zero", "xorl %%edx, %%edx\n\tdivq 8(%2)", "r"(minus_one));
    CASE("misaligned movaps", "movaps 4(%2), %%xmm0", "r"(data));
    CASE("sse divide by zero",
         "movl $0x1d80, -4(%%rsp)\n\tldmxcsr -4(%%rsp)\n\txorps %%xmm1, %%xmm1\n\t"
         "movss (%2), %%xmm0\n\tdivss %%xmm1, %%xmm0",
         "r"(data));
    CASE("sse invalid",
         "movl $0x1f00, -4(%%rsp)\n\tldmxcsr -4(%%rsp)\n\txorps %%xmm0, %%xmm0\n\t"
         "divss %%xmm0, %%xmm0", );
    CASE("single step", "pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop", );
    puts("done");
    return 0;
}
