/* stop.h: how the programs of this experiment show themselves to the debugger.
 *
 * int3 breaks into a debugger that watches the machine. rcx and rdx carry the first two arguments
 * of a function on 64-bit Windows, and the programs keep to that: at the stop rcx is the address
 * of the data to look at, rdx that of the code.
 */
#include <windows.h>

static inline void stop(const volatile void *data, const void *code)
{
    __asm__ volatile("int3" : : "c"(data), "d"(code) : "memory");
}

/* A process that has ended has no memory left to look at, so both programs stay alive. */
static inline void stay(void)
{
    Sleep(INFINITE);
}
