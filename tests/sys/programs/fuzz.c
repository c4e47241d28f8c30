/* Calls every system service with arguments that mean harm, from several threads: fuzz SEED CALLS
 * [SERVICE]. The program may break itself in any way (memory, handles and stacks of its own are
 * fair game), so its exit code says nothing; what counts is that the machine under it stays whole.
 *
 * Only services that end the caller by design are left out: they would end the test, not harden it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define THREADS 4
#define SERVICES 401
#define ARGUMENTS 14
#define PAGE 0x1000

enum { /* numbers of Windows 7 x64 */
       NT_WAIT_FOR_SINGLE_OBJECT = 0x001,
       NT_TERMINATE_PROCESS = 0x029,
       NT_DELAY_EXECUTION = 0x031,
       NT_CONTINUE = 0x040,
       NT_TERMINATE_THREAD = 0x050,
};

static uint64_t seed, calls;
static unsigned only = SERVICES;
static char *pages; /* two accessible pages, then one that is not */
static HANDLE handles[24];
static unsigned handle_count;

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t some_handle(uint64_t *s)
{
    static const uint64_t odd[] = {0, (uint64_t)-1, (uint64_t)-2,
                                   3, 0x7FFFFFFC,   0xFFFFFFFF80000004u};
    return draw(s) % 3 ? (uint64_t)handles[draw(s) % handle_count] : odd[draw(s) % 6];
}

/* Structures that pointers lead to: filled anew now and then, so that calls get past the first
 * checks. */
static void fill(uint64_t *s, char *at)
{
    uint64_t *q = (uint64_t *)at;
    static WCHAR name[] = L"\\BaseNamedObjects\\fuzz", path[] = L"\\??\\C:\\work\\fuzz.tmp";
    static struct {
        USHORT length, maximum;
        WCHAR *buffer;
    } strings[2];
    WCHAR *text = draw(s) & 1 ? name : path;
    unsigned which = text == path;
    strings[which].length = (USHORT)(draw(s) % 8 ? wcslen(text) * 2 : draw(s));
    strings[which].maximum = strings[which].length + 2;
    strings[which].buffer = text;
    q[0] = draw(s) % 4 ? 0x30 : draw(s); /* OBJECT_ATTRIBUTES */
    q[1] = draw(s) % 4 ? 0 : some_handle(s);
    q[2] = (uint64_t)&strings[which];
    q[3] = draw(s) & 0xFFF;
    q[4] = q[5] = draw(s) % 4 ? 0 : draw(s);
}

static uint64_t some_pointer(uint64_t *s)
{
    char *scratch = pages + draw(s) % (2 * PAGE / 256) * 256;
    switch (draw(s) % 14) {
    case 0:
        return 0;
    case 1:
        return draw(s); /* anywhere, mostly not canonical */
    case 2:
        return 0xFFFFF80000000000u + draw(s) % 0x100000000000u; /* kernel */
    case 3:
        return (uint64_t)pages + 2 * PAGE - draw(s) % 64; /* runs into the inaccessible page */
    case 4:
        return (uint64_t)scratch + draw(s) % 64; /* not aligned */
    case 5:
        return 0x7FFFFFEFFFFu - draw(s) % 0x20000; /* the upper end of user space */
    case 6:
        return (uint64_t)pages + 2 * PAGE + draw(s) % PAGE;
    case 7:
        return 0x7FFE0000 + draw(s) % PAGE; /* KUSER_SHARED_DATA */
    case 8:
        *(int64_t *)scratch = -(int64_t)(draw(s) % 20000); /* a short timeout */
        return (uint64_t)scratch;
    case 9:
        *(uint64_t *)scratch = some_handle(s);
        return (uint64_t)scratch;
    case 10:
        *(uint64_t *)scratch = draw(s) % 0x800000;
        return (uint64_t)scratch;
    default:
        fill(s, scratch);
        return (uint64_t)scratch;
    }
}

static uint64_t some_number(uint64_t *s)
{
    static const uint64_t edges[] = {0,           1,          2,          3,
                                     4,           8,          0x10,       0x18,
                                     0x28,        0x30,       0x1000,     0x3000,
                                     0x8000,      0x40,       0x1F0003,   0x1FFFFF,
                                     0x7FFFFFFF,  0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF,
                                     (uint64_t)-1};
    return draw(s) % 4 ? edges[draw(s) % (sizeof edges / sizeof *edges)] : draw(s) >> draw(s) % 64;
}

static int64_t __attribute__((naked, noinline)) service(uint64_t number, const uint64_t *arguments)
{
    __asm__(
        "pushq %rsi\n\tpushq %rdi\n\tmovq %rdx, %rsi\n\tmovq %rcx, %rax\n\t"
        "subq $0x98, %rsp\n\t"
        "leaq 0x28(%rsp), %rdi\n\taddq $32, %rsi\n\tmovl $10, %ecx\n\tcld\n\trep movsq\n\t"
        "subq $112, %rsi\n\t"
        "movq (%rsi), %r10\n\tmovq 8(%rsi), %rdx\n\tmovq 16(%rsi), %r8\n\tmovq 24(%rsi), %r9\n\t"
        "syscall\n\taddq $0x98, %rsp\n\tpopq %rdi\n\tpopq %rsi\n\tret");
}

static int is_left_out(unsigned number)
{
    return number == NT_TERMINATE_PROCESS || number == NT_TERMINATE_THREAD || number == NT_CONTINUE;
}

static void one_call(uint64_t *s)
{
    uint64_t arguments[ARGUMENTS];
    unsigned number = only < SERVICES ? only : (unsigned)(draw(s) % SERVICES);
    for (unsigned i = 0; i < ARGUMENTS; i++) {
        unsigned kind = (unsigned)(draw(s) % 8);
        arguments[i] = kind < 3 ? some_pointer(s) : kind < 5 ? some_handle(s) : some_number(s);
    }
    if (number == NT_WAIT_FOR_SINGLE_OBJECT || number == NT_DELAY_EXECUTION) {
        static const int64_t soon = -1000;
        arguments[number == NT_DELAY_EXECUTION ? 1 : 2] = (uint64_t)&soon;
    }
    if (!is_left_out(number)) {
        service(number, arguments);
    }
}

static DWORD WINAPI attack(void *argument)
{
    uint64_t s = (seed + (uintptr_t)argument) * 0x9E3779B97F4A7C15u | 1;
    for (uint64_t i = 0; i < calls; i++) {
        one_call(&s);
    }
    return 0;
}

/* What broke is the program's own; end it before it does anything that takes time. */
static LONG CALLBACK give_up(EXCEPTION_POINTERS *p)
{
    (void)p;
    TerminateProcess(GetCurrentProcess(), 0);
    return EXCEPTION_CONTINUE_SEARCH;
}

static DWORD WINAPI end_it(void *argument)
{
    (void)argument;
    Sleep(3000); /* waits without an end, threads suspended for good */
    TerminateProcess(GetCurrentProcess(), 0);
    return 0;
}

static void make_handles(void)
{
    handles[handle_count++] = CreateEventA(NULL, TRUE, TRUE, NULL);
    handles[handle_count++] = CreateEventA(NULL, FALSE, FALSE, "named");
    handles[handle_count++] = CreateMutexA(NULL, FALSE, NULL);
    handles[handle_count++] = CreateSemaphoreA(NULL, 1, 5, NULL);
    handles[handle_count++] =
        CreateFileA("fuzz.tmp", GENERIC_READ | GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL);
    handles[handle_count++] =
        CreateFileA("C:\\Windows\\System32\\ntdll.dll", GENERIC_READ | GENERIC_EXECUTE, 7, NULL,
                    OPEN_EXISTING, 0, NULL);
    handles[handle_count++] = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId());
    handles[handle_count++] = OpenThread(THREAD_ALL_ACCESS, FALSE, GetCurrentThreadId());
    for (uint64_t value = 4; value < 0x30; value += 4) {
        handles[handle_count++] = (HANDLE)value; /* whatever is there, standard handles too */
    }
}

int main(int argc, char **argv)
{
    HANDLE threads[THREADS];
    DWORD old, id;
    if (argc < 3) {
        return 2;
    }
    seed = strtoull(argv[1], NULL, 0);
    calls = strtoull(argv[2], NULL, 0);
    only = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 0) : SERVICES;
    fprintf(stderr, "seed %llu, %llu calls by each of %d threads\n", (unsigned long long)seed,
            (unsigned long long)calls, THREADS);
    pages = VirtualAlloc(NULL, 3 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    VirtualProtect(pages + 2 * PAGE, PAGE, PAGE_NOACCESS, &old);
    AddVectoredExceptionHandler(1, give_up);
    make_handles();
    CreateThread(NULL, 0, end_it, NULL, 0, &id);
    for (uintptr_t i = 0; i < THREADS; i++) {
        threads[i] = CreateThread(NULL, 0, attack, (void *)i, 0, &id);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        WaitForSingleObject(threads[i], INFINITE);
    }
    TerminateProcess(GetCurrentProcess(), 0);
    return 0;
}
