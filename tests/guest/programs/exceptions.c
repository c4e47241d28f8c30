/* Hardware exceptions as a vectored handler sees them. The handler repairs the cause, or moves the
 * program counter behind the access, and the program goes on. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static char *page;
static DWORD code, access_kind;
static ULONG_PTR address;
static DWORD64 resume_at;
static int repair;

static LONG CALLBACK handler(EXCEPTION_POINTERS *p)
{
    DWORD old;
    code = p->ExceptionRecord->ExceptionCode;
    access_kind = (DWORD)p->ExceptionRecord->ExceptionInformation[0];
    address = p->ExceptionRecord->ExceptionInformation[1];
    if (code == STATUS_GUARD_PAGE_VIOLATION)
        return EXCEPTION_CONTINUE_EXECUTION;
    if (repair) {
        VirtualProtect(page, 4096, PAGE_EXECUTE_READWRITE, &old);
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    p->ContextRecord->Rip = resume_at;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Reads or writes one byte; the handler may continue behind the instruction. */
static void touch(volatile char *at, int write)
{
    if (write) {
        __asm__ volatile("leaq 1f(%%rip), %%rax\n\tmovq %%rax, %0\n\tmovb $7, (%1)\n1:"
                         : "=m"(resume_at)
                         : "r"(at)
                         : "rax", "memory");
    } else {
        __asm__ volatile("leaq 1f(%%rip), %%rax\n\tmovq %%rax, %0\n\tmovb (%1), %%al\n1:"
                         : "=m"(resume_at)
                         : "r"(at)
                         : "rax", "memory");
    }
}

static void report(const char *what, const void *base)
{
    printf("%s: code %08lx kind %lu offset %d\n", what, code, access_kind,
           (int)(address - (ULONG_PTR)base));
    code = 0;
}

int main(void)
{
    DWORD old;
    setvbuf(stdout, NULL, _IOFBF, 4096);
    AddVectoredExceptionHandler(1, handler);
    page = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);

    touch(NULL, 0);
    report("read of NULL", NULL);
    touch((char *)16, 1);
    report("write near NULL", NULL);

    page[100] = 1;
    VirtualProtect(page, 4096, PAGE_READONLY, &old);
    touch(page + 100, 1);
    report("write to a read-only page", page);
    repair = 1;
    touch(page + 101, 1);
    report("repaired write", page);
    printf("now %d\n", page[101]);

    static const char returns[] = "\xb8\x2a\x00\x00\x00\xc3"; /* mov eax, 42; ret */
    memcpy(page, returns, sizeof returns);
    VirtualProtect(page, 4096, PAGE_READWRITE, &old);
    int (*function)(void) = (int (*)(void))(void *)page;
    int result = function();
    report("execution of data", page);
    printf("returned %d\n", result);
    repair = 0;

    VirtualProtect(page, 4096, PAGE_READWRITE | PAGE_GUARD, &old);
    touch(page + 8, 0);
    report("guard page", page);
    touch(page + 8, 0);
    printf("second touch: code %lx\n", code);

    VirtualFree(page, 0, MEM_RELEASE);
    touch(page, 0);
    report("freed page", page);

    touch((char *)0x8000000000000000ull, 0);
    printf("non-canonical: code %08lx kind %lu address %I64x\n", code, access_kind,
           (ULONG64)address);
    code = 0;

    repair = 1; /* continue where it was raised */
    page = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    RaiseException(0xE0001234, 0, 2, (ULONG_PTR[]){11, 22});
    printf("raised: code %08lx arguments %lu %d\n", code, access_kind, (int)address);
    return 0;
}
