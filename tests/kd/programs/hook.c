/* hook.c: calls a function that all programs share, breaks, waits for an order of the debugger and
 * breaks again, and waits for the order to end. Ordered to hook, it does so in its own process:
 * VirtualProtect, overwrite. */
#include <string.h>
#include <windows.h>

volatile char order;

#define HOOKED 0x1111

int main(void)
{
    static const unsigned char hook[] = {0xB8, 0x11, 0x11,
                                         0x00, 0x00, 0xC3}; /* mov eax, ...; ret */
    void *function = (void *)GetProcAddress(GetModuleHandleA("kernel32"), "GetCurrentProcessId");
    DWORD old;
    GetCurrentProcessId();
    __debugbreak();
    while (!order) {
        Sleep(1);
    }
    if (order == 'h') {
        if (!VirtualProtect(function, sizeof hook, PAGE_EXECUTE_READWRITE, &old))
            return 2;
        memcpy(function, hook, sizeof hook);
        VirtualProtect(function, sizeof hook, old, &old);
    }
    DWORD result = GetCurrentProcessId();
    __debugbreak();
    while (order != 'e') {
        Sleep(1);
    }
    return result == HOOKED;
}
