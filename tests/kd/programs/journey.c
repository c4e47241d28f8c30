/* One page's way through the page lists, with a break at each station: written, taken out of the
 * working set, pushed out of memory by others, read back, taken out again unchanged. */
#include <windows.h>

#define AT ((volatile unsigned char *)0x40000000)

static void leave_working_set(void)
{
    DWORD old;
    VirtualProtect((void *)AT, 4096, PAGE_NOACCESS, &old); /* which no page in it may be */
    VirtualProtect((void *)AT, 4096, PAGE_READWRITE, &old);
}

/* More memory than the machine has, so that what is not in use has to make room. */
static void need_memory(void)
{
    const SIZE_T size = 96u << 20;
    volatile char *at = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    for (SIZE_T i = 0; at && i < size; i += 4096) {
        at[i] = 1;
    }
    VirtualFree((void *)at, 0, MEM_RELEASE);
}

int main(void)
{
    if (!VirtualAlloc((void *)AT, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)) {
        return 1;
    }
    AT[0] = 77;
    __asm__ volatile("int3");
    leave_working_set();
    __asm__ volatile("int3");
    need_memory();
    __asm__ volatile("int3");
    unsigned char back = AT[0];
    __asm__ volatile("int3");
    leave_working_set();
    __asm__ volatile("int3");
    return back;
}
