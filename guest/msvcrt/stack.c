/* guest/msvcrt/stack.c: _resetstkoflw, which gives a thread whose stack overflowed its guard pages
 * back. Source: _resetstkoflw documentation: 0 when there is not enough room between them and the
 * caller's frame. */
#include "crt.h"
#include "msvcrt.h"

#define ROOM_LEAST 0x4000u /* for the caller to go on with */

int _resetstkoflw(void)
{
    TEB *teb = current_teb();
    ULONG64 size = stack_guard_bytes(teb->GuaranteedStackBytes);
    /* The lowest page of the reservation is never given out. */
    char *guard = (char *)teb->DeallocationStack + PAGE_SIZE_BYTES;
    ULONG old;

    if ((char *)__builtin_frame_address(0) < guard + size + ROOM_LEAST)
        return 0;
    if (!VirtualAlloc(guard, size, MEM_COMMIT, PAGE_READWRITE) ||
        !VirtualProtect(guard, size, PAGE_READWRITE | PAGE_GUARD, &old))
        return 0;
    teb->NtTib.StackLimit = guard + size;
    return 1;
}
