/* A thread that waits in a service is asked for its registers, in every other round: all are those
 * that it called with, and it has them again when it comes back. */
#include <stdio.h>
#include <windows.h>

enum { ROUNDS = 200, CALLER = 0x1000 };

/* Calls `service`(ready, go, FALSE, NULL) with seed + N in each register N that a call leaves
 * alone, and in xmm6; returns the sum of what is in them afterwards. */
ULONG64 call_marked(void *service, HANDLE ready, HANDLE go, ULONG64 seed);
__asm__(".globl call_marked\n"
        "call_marked:\n"
        "push %rbx\n push %rbp\n push %rsi\n push %rdi\n push %r12\n push %r13\n push %r14\n"
        "push %r15\n sub $0x38, %rsp\n movups %xmm6, 0x20(%rsp)\n"
        "mov %rcx, %rax\n mov %rdx, %rcx\n mov %r8, %rdx\n"
        "lea 3(%r9), %rbx\n lea 5(%r9), %rbp\n lea 6(%r9), %rsi\n lea 7(%r9), %rdi\n"
        "lea 12(%r9), %r12\n lea 13(%r9), %r13\n lea 14(%r9), %r14\n lea 15(%r9), %r15\n"
        "movq %r9, %xmm6\n xor %r8d, %r8d\n xor %r9d, %r9d\n"
        "call *%rax\n"
        "movq %xmm6, %rax\n add %rbx, %rax\n add %rbp, %rax\n add %rsi, %rax\n add %rdi, %rax\n"
        "add %r12, %rax\n add %r13, %rax\n add %r14, %rax\n add %r15, %rax\n"
        "movups 0x20(%rsp), %xmm6\n add $0x38, %rsp\n"
        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rdi\n pop %rsi\n pop %rbp\n pop %rbx\n"
        "ret\n");

static HANDLE ready, go;

static ULONG64 seed_of(int round)
{
    return (ULONG64)(round + 1) * CALLER;
}

static DWORD WINAPI caller(void *service)
{
    const ULONG64 numbers = 3 + 5 + 6 + 7 + 12 + 13 + 14 + 15;
    DWORD right = 0;

    for (int i = 0; i < ROUNDS; i++)
        right += call_marked(service, ready, go, seed_of(i)) == 9 * seed_of(i) + numbers;
    return right;
}

static int is_complete(const CONTEXT *c, ULONG64 seed)
{
    return c->Rbx == seed + 3 && c->Rbp == seed + 5 && c->Rsi == seed + 6 && c->Rdi == seed + 7 &&
           c->R12 == seed + 12 && c->R13 == seed + 13 && c->R14 == seed + 14 &&
           c->R15 == seed + 15 && c->Xmm6.Low == seed && c->Xmm6.High == 0;
}

int main(void)
{
    void *service =
        (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtSignalAndWaitForSingleObject");
    DWORD id, right = 0;
    int looked = 0, complete = 0;

    ready = CreateEventA(NULL, FALSE, FALSE, NULL);
    go = CreateEventA(NULL, FALSE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, caller, service, 0, &id);
    for (int i = 0; i < ROUNDS; i++) {
        WaitForSingleObject(ready, INFINITE);
        if (i % 2) {
            CONTEXT c = {.ContextFlags = CONTEXT_FULL};
            SuspendThread(thread);
            looked += GetThreadContext(thread, &c) != 0;
            complete += is_complete(&c, seed_of(i));
            ResumeThread(thread);
        }
        SetEvent(go);
    }
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &right);
    printf("looked %d times, complete %d times\n", looked, complete);
    printf("%lu of %d calls came back with all registers\n", right, ROUNDS);
    return 0;
}
