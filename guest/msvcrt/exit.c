/* guest/msvcrt/exit.c: how a program ends.
 *
 * exit runs the functions registered with _onexit, last first, flushes every stream and ends the
 * process. A DLL has a table of its own (__dllonexit), which its own start-up code runs. */
#include "crt.h"
#include "msvcrt.h"

static exit_function **exit_functions;
static ULONG64 exit_count, exit_room;

static BOOL grow(exit_function ***table, ULONG64 count, ULONG64 *room)
{
    if (count < *room)
        return TRUE;
    ULONG64 wanted = *room ? *room * 2 : 32;
    exit_function **grown = realloc(*table, wanted * sizeof *grown);
    if (!grown)
        return FALSE;
    *table = grown;
    *room = wanted;
    return TRUE;
}

exit_function *_onexit(exit_function *function)
{
    _lock(LOCK_EXIT);
    BOOL ok = grow(&exit_functions, exit_count, &exit_room);
    if (ok)
        exit_functions[exit_count++] = function;
    _unlock(LOCK_EXIT);
    return ok ? function : NULL;
}

int atexit(void (*function)(void))
{
    return _onexit((exit_function *)function) ? 0 : -1;
}

/* The same for a DLL's own table between *begin and *end. */
exit_function *__dllonexit(exit_function *function, exit_function ***begin, exit_function ***end)
{
    _lock(LOCK_EXIT);
    ULONG64 count = (ULONG64)(*end - *begin);
    exit_function **grown = realloc(*begin, (count + 1) * sizeof *grown);
    if (grown) {
        grown[count] = function;
        *begin = grown;
        *end = grown + count + 1;
    }
    _unlock(LOCK_EXIT);
    return grown ? function : NULL;
}

static void run_exit_functions(void)
{
    for (;;) {
        exit_function *function = NULL;
        _lock(LOCK_EXIT);
        if (exit_count)
            function = exit_functions[--exit_count];
        _unlock(LOCK_EXIT);
        if (!function)
            return;
        function();
    }
}

void _cexit(void)
{
    run_exit_functions();
    crt_flush_at_exit();
}

void _c_exit(void)
{
    crt_flush_at_exit();
}

void _exit(int code)
{
    ExitProcess((UINT)code);
    __builtin_unreachable();
}

void exit(int code)
{
    _cexit();
    _exit(code);
}

#define SIGABRT 22
#define ABORT_EXIT_CODE 3

void abort(void)
{
    static const char message[] =
        "\r\nThis application has requested the Runtime to terminate it in an unusual way.\n"
        "Please contact the application's support team for more information.\n";
    _write(2, message, (unsigned)strlen(message));
    raise(SIGABRT);
    _exit(ABORT_EXIT_CODE);
}

#define RUNTIME_ERROR_EXIT_CODE 255

void _amsg_exit(int number)
{
    char text[64];
    _snprintf(text, sizeof text, "\nruntime error R60%02d\n", number);
    _write(2, text, (unsigned)strlen(text));
    _exit(RUNTIME_ERROR_EXIT_CODE);
}

void _assert(const char *expression, const char *file, unsigned line)
{
    fprintf(__iob_func() + 2, "Assertion failed: %s, file %s, line %u\n", expression, file, line);
    fflush(__iob_func() + 2);
    abort();
}

void _wassert(const WCHAR *expression, const WCHAR *file, unsigned line)
{
    fprintf(__iob_func() + 2, "Assertion failed: %ls, file %ls, line %u\n", expression, file, line);
    fflush(__iob_func() + 2);
    abort();
}
