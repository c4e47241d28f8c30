/* guest/msvcrt/misc.c: sorting, random numbers, messages, signals, non-local jumps. */
#include "crt.h"
#include "msvcrt.h"

static void swap_elements(char *a, char *b, size_t size)
{
    for (; size; size--, a++, b++) {
        char c = *a;
        *a = *b;
        *b = c;
    }
}

static void sift_down(char *base, size_t root, size_t count, size_t size, comparison *compare)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + root * size, base + child * size) >= 0)
            return;
        swap_elements(base + root * size, base + child * size, size);
    }
}

static void heap_sort(char *base, size_t count, size_t size, comparison *compare)
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(base, i, count, size, compare);
    for (size_t end = count; end-- > 1;) {
        swap_elements(base, base + end * size, size);
        sift_down(base, 0, end, size, compare);
    }
}

static void insertion_sort(char *base, size_t count, size_t size, comparison *compare)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j && compare(base + (j - 1) * size, base + j * size) > 0; j--)
            swap_elements(base + (j - 1) * size, base + j * size, size);
}

#define SMALL_SORT 12

/* Quicksort with the middle of three as pivot; heap sort once the depth says that it degenerates.
 */
static void sort(char *base, size_t count, size_t size, comparison *compare, int depth)
{
    while (count > SMALL_SORT) {
        if (depth-- == 0) {
            heap_sort(base, count, size, compare);
            return;
        }
        char *first = base, *middle = base + count / 2 * size, *last = base + (count - 1) * size;
        if (compare(first, middle) > 0)
            swap_elements(first, middle, size);
        if (compare(middle, last) > 0)
            swap_elements(middle, last, size);
        if (compare(first, middle) > 0)
            swap_elements(first, middle, size);
        swap_elements(middle, first, size); /* the pivot waits at the front */
        size_t low = 0, high = count;
        for (;;) {
            do
                low++;
            while (low < count && compare(base + low * size, base) < 0);
            do
                high--;
            while (compare(base + high * size, base) > 0);
            if (low >= high)
                break;
            swap_elements(base + low * size, base + high * size, size);
        }
        swap_elements(base, base + high * size, size);
        if (high < count - high - 1) {
            sort(base, high, size, compare, depth);
            base += (high + 1) * size;
            count -= high + 1;
        } else {
            sort(base + (high + 1) * size, count - high - 1, size, compare, depth);
            count = high;
        }
    }
    insertion_sort(base, count, size, compare);
}

void qsort(void *base, size_t count, size_t size, comparison *compare)
{
    int depth = 0;
    for (size_t n = count; n; n >>= 1)
        depth += 2;
    if (size)
        sort(base, count, size, compare, depth);
}

void *bsearch(const void *key, const void *base, size_t count, size_t size, comparison *compare)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *element = (const char *)base + middle * size;
        int order = compare(key, element);
        if (!order)
            return (void *)element;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void *_lfind(const void *key, const void *base, unsigned *count, unsigned size, comparison *compare)
{
    for (unsigned i = 0; i < *count; i++) {
        const char *element = (const char *)base + (size_t)i * size;
        if (!compare(key, element))
            return (void *)element;
    }
    return NULL;
}

/* The documented generator: 15 bits of a linear congruence, seeded with 1 in each thread. */
int rand(void)
{
    struct crt_thread *thread = crt_thread();
    thread->random = thread->random * 214013 + 2531011;
    return (int)(thread->random >> 16 & 0x7FFF);
}

void srand(unsigned seed)
{
    crt_thread()->random = seed;
}

char *_sys_errlist[] = {
    "No error",
    "Operation not permitted",
    "No such file or directory",
    "No such process",
    "Interrupted function call",
    "Input/output error",
    "No such device or address",
    "Arg list too long",
    "Exec format error",
    "Bad file descriptor",
    "No child processes",
    "Resource temporarily unavailable",
    "Not enough space",
    "Permission denied",
    "Bad address",
    "Unknown error",
    "Resource device",
    "File exists",
    "Improper link",
    "No such device",
    "Not a directory",
    "Is a directory",
    "Invalid argument",
    "Too many open files in system",
    "Too many open files",
    "Inappropriate I/O control operation",
    "Unknown error",
    "File too large",
    "No space left on device",
    "Invalid seek",
    "Read-only file system",
    "Too many links",
    "Broken pipe",
    "Domain error",
    "Result too large",
    "Unknown error",
    "Resource deadlock avoided",
    "Unknown error",
    "Filename too long",
    "No locks available",
    "Function not implemented",
    "Directory not empty",
    "Illegal byte sequence",
    "Unknown error",
};
int _sys_nerr = sizeof _sys_errlist / sizeof *_sys_errlist - 1;

char *strerror(int error)
{
    struct crt_thread *thread = crt_thread();
    unsigned index = (unsigned)error < (unsigned)_sys_nerr ? (unsigned)error : (unsigned)_sys_nerr;
    return strcpy(thread->strerror, _sys_errlist[index]);
}

WCHAR *_wcserror(int error)
{
    struct crt_thread *thread = crt_thread();
    mbstowcs(thread->wcserror, strerror(error), sizeof thread->wcserror / sizeof(WCHAR));
    return thread->wcserror;
}

/* Signals. SIGFPE, SIGILL and SIGSEGV come from exceptions and belong to a thread; the others
 * belong to the process and are raised by raise() or the console. A handler is reset before it
 * runs. */
#define SIGINT 2
#define SIGILL 4
#define SIGFPE 8
#define SIGSEGV 11
#define SIGTERM 15
#define SIGBREAK 21
#define SIGABRT 22
#define SIGABRT_COMPAT 6
#define SIG_DFL ((signal_handler *)0)
#define SIG_IGN ((signal_handler *)1)
#define SIG_ERR ((signal_handler *)-1)
#define SIGNAL_EXIT_CODE 3

static signal_handler *process_handlers[4]; /* SIGINT, SIGTERM, SIGBREAK, SIGABRT */

/* Where the handler of a signal is kept; NULL for a number that is none. */
static signal_handler **handler_slot(int number)
{
    struct crt_thread *thread = crt_thread();
    switch (number) {
    case SIGFPE:
        return (signal_handler **)&thread->signal_handlers[0];
    case SIGILL:
        return (signal_handler **)&thread->signal_handlers[1];
    case SIGSEGV:
        return (signal_handler **)&thread->signal_handlers[2];
    case SIGINT:
        return &process_handlers[0];
    case SIGTERM:
        return &process_handlers[1];
    case SIGBREAK:
        return &process_handlers[2];
    case SIGABRT:
    case SIGABRT_COMPAT:
        return &process_handlers[3];
    default:
        return NULL;
    }
}

signal_handler *signal(int number, signal_handler *handler)
{
    signal_handler **slot = handler_slot(number);
    if (!slot) {
        *_errno() = EINVAL;
        return SIG_ERR;
    }
    _lock(LOCK_SIGNAL);
    signal_handler *old = *slot;
    *slot = handler;
    _unlock(LOCK_SIGNAL);
    return old;
}

int raise(int number)
{
    signal_handler **slot = handler_slot(number);
    if (!slot)
        return crt_fail_errno(EINVAL);
    _lock(LOCK_SIGNAL);
    signal_handler *handler = *slot;
    if (handler != SIG_IGN)
        *slot = SIG_DFL;
    _unlock(LOCK_SIGNAL);
    if (handler == SIG_IGN)
        return 0;
    if (handler == SIG_DFL)
        _exit(SIGNAL_EXIT_CODE);
    handler(number);
    return 0;
}

/* The filter around main: an exception that has a signal goes to the signal's handler. */
int crt_signal_filter(ULONG code, EXCEPTION_POINTERS *pointers)
{
    static const struct {
        NTSTATUS status;
        int signal;
    } map[] = {
        {STATUS_ACCESS_VIOLATION, SIGSEGV},       {STATUS_ILLEGAL_INSTRUCTION, SIGILL},
        {STATUS_PRIVILEGED_INSTRUCTION, SIGILL},  {STATUS_FLOAT_DENORMAL_OPERAND, SIGFPE},
        {STATUS_FLOAT_DIVIDE_BY_ZERO, SIGFPE},    {STATUS_FLOAT_INEXACT_RESULT, SIGFPE},
        {STATUS_FLOAT_INVALID_OPERATION, SIGFPE}, {STATUS_FLOAT_OVERFLOW, SIGFPE},
        {STATUS_FLOAT_STACK_CHECK, SIGFPE},       {STATUS_FLOAT_UNDERFLOW, SIGFPE},
    };
    for (ULONG i = 0; i < sizeof map / sizeof *map; i++) {
        if (map[i].status != (NTSTATUS)code)
            continue;
        signal_handler **slot = handler_slot(map[i].signal);
        signal_handler *handler = *slot;
        if (handler == SIG_DFL)
            return UnhandledExceptionFilter(pointers);
        if (handler != SIG_IGN) {
            struct crt_thread *thread = crt_thread();
            EXCEPTION_POINTERS *outer = thread->exception;
            thread->exception = pointers;
            *slot = SIG_DFL;
            handler(map[i].signal);
            thread->exception = outer;
        }
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    return UnhandledExceptionFilter(pointers);
}

EXCEPTION_POINTERS **__pxcptinfoptrs(void)
{
    return &crt_thread()->exception;
}

/* setjmp and longjmp. The buffer is the _JUMP_BUFFER of the SDK: Frame, then the registers a call
 * preserves. longjmp restores them directly: C frames have nothing to unwind. */
__asm__(".globl _setjmp\n"
        ".globl _setjmpex\n"
        "_setjmpex:\n"
        "_setjmp:\n"
        "    movq %rdx, 0x00(%rcx)\n"
        "    movq %rbx, 0x08(%rcx)\n"
        "    leaq 8(%rsp), %rax\n"
        "    movq %rax, 0x10(%rcx)\n"
        "    movq %rbp, 0x18(%rcx)\n"
        "    movq %rsi, 0x20(%rcx)\n"
        "    movq %rdi, 0x28(%rcx)\n"
        "    movq %r12, 0x30(%rcx)\n"
        "    movq %r13, 0x38(%rcx)\n"
        "    movq %r14, 0x40(%rcx)\n"
        "    movq %r15, 0x48(%rcx)\n"
        "    movq (%rsp), %rax\n"
        "    movq %rax, 0x50(%rcx)\n"
        "    stmxcsr 0x58(%rcx)\n"
        "    fnstcw 0x5c(%rcx)\n"
        "    movdqa %xmm6, 0x60(%rcx)\n"
        "    movdqa %xmm7, 0x70(%rcx)\n"
        "    movdqa %xmm8, 0x80(%rcx)\n"
        "    movdqa %xmm9, 0x90(%rcx)\n"
        "    movdqa %xmm10, 0xa0(%rcx)\n"
        "    movdqa %xmm11, 0xb0(%rcx)\n"
        "    movdqa %xmm12, 0xc0(%rcx)\n"
        "    movdqa %xmm13, 0xd0(%rcx)\n"
        "    movdqa %xmm14, 0xe0(%rcx)\n"
        "    movdqa %xmm15, 0xf0(%rcx)\n"
        "    xorl %eax, %eax\n"
        "    retq\n"
        ".globl longjmp\n"
        "longjmp:\n"
        "    movl %edx, %eax\n"
        "    testl %eax, %eax\n"
        "    jne 1f\n"
        "    incl %eax\n"
        "1:  movdqa 0xf0(%rcx), %xmm15\n"
        "    movdqa 0xe0(%rcx), %xmm14\n"
        "    movdqa 0xd0(%rcx), %xmm13\n"
        "    movdqa 0xc0(%rcx), %xmm12\n"
        "    movdqa 0xb0(%rcx), %xmm11\n"
        "    movdqa 0xa0(%rcx), %xmm10\n"
        "    movdqa 0x90(%rcx), %xmm9\n"
        "    movdqa 0x80(%rcx), %xmm8\n"
        "    movdqa 0x70(%rcx), %xmm7\n"
        "    movdqa 0x60(%rcx), %xmm6\n"
        "    fldcw 0x5c(%rcx)\n"
        "    ldmxcsr 0x58(%rcx)\n"
        "    movq 0x48(%rcx), %r15\n"
        "    movq 0x40(%rcx), %r14\n"
        "    movq 0x38(%rcx), %r13\n"
        "    movq 0x30(%rcx), %r12\n"
        "    movq 0x28(%rcx), %rdi\n"
        "    movq 0x20(%rcx), %rsi\n"
        "    movq 0x18(%rcx), %rbp\n"
        "    movq 0x08(%rcx), %rbx\n"
        "    movq 0x10(%rcx), %rsp\n"
        "    jmpq *0x50(%rcx)\n");

int _getpid(void)
{
    return (int)GetCurrentProcessId();
}

/* There is no command interpreter in the machine: `system(NULL)` says so, commands fail. */
int system(const char *command)
{
    return command ? crt_fail_errno(ENOENT) : 0;
}
