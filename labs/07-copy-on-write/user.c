/* user.c: a program that uses answer.dll and does what it is told. Compiled three times: a.exe,
 * b.exe, c.exe. See README.md.
 *
 *      a.exe [ORDER...]     follow the orders, then those that the debugger gives: it breaks in,
 * and waits until somebody has written an order to `order`
 *
 * Orders: c  call answer() and say what it returned
 *         h  hook: make the function's page writable, overwrite the function
 *         w  overwrite the function without asking for anything
 *         q  end
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

typedef int function(void);

volatile char order;

static function *find_answer(void)
{
    HMODULE dll = LoadLibraryA("answer.dll");
    return dll ? (function *)(void *)GetProcAddress(dll, "answer") : NULL;
}

/* mov eax, VALUE; ret */
static void overwrite(function *answer)
{
    static const unsigned char patch[] = {0xb8, VALUE & 0xff, VALUE >> 8, 0, 0, 0xc3};
    memcpy((void *)answer, patch, sizeof patch);
    FlushInstructionCache(GetCurrentProcess(), (void *)answer, sizeof patch);
}

static int hook(function *answer)
{
    DWORD old;
    if (!VirtualProtect((void *)answer, 1, PAGE_EXECUTE_READWRITE, &old)) {
        return 0;
    }
    overwrite(answer);
    return VirtualProtect((void *)answer, 1, old, &old);
}

static void follow(const char *name, function *answer, char what)
{
    if (what == 'h' && !hook(answer)) {
        printf("%s: the code cannot be made writable: error %lu\n", name, GetLastError());
    } else if (what == 'w') {
        overwrite(answer);
    }
    printf("%s: answer() = %x\n", name, answer());
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '\\') ? strrchr(argv[0], '\\') + 1 : argv[0];
    function *answer = find_answer();
    if (answer == NULL) {
        printf("%s: no answer.dll: error %lu\n", name, GetLastError());
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        follow(name, answer, argv[i][0]);
    }
    if (argc > 1) {
        return 0;
    }
    while (order != 'q') {
        __debugbreak();
        while (order == 0) {
            Sleep(10);
        }
        if (order != 'q') {
            follow(name, answer, order);
            order = 0;
        }
    }
    return 0;
}
