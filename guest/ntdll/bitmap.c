/* guest/ntdll/bitmap.c: RTL_BITMAP. */
#include "ntdllp.h"

#define BITS_PER_WORD 32u

void RtlInitializeBitMap(RTL_BITMAP *map, ULONG *bits, ULONG count)
{
    map->SizeOfBitMap = count;
    map->Buffer = bits;
}

BOOLEAN RtlTestBit(RTL_BITMAP *map, ULONG bit)
{
    return map->Buffer[bit / BITS_PER_WORD] >> bit % BITS_PER_WORD & 1;
}

void RtlSetBits(RTL_BITMAP *map, ULONG start, ULONG count)
{
    for (ULONG i = start; i < start + count; i++) {
        map->Buffer[i / BITS_PER_WORD] |= 1u << i % BITS_PER_WORD;
    }
}

void RtlClearBits(RTL_BITMAP *map, ULONG start, ULONG count)
{
    for (ULONG i = start; i < start + count; i++) {
        map->Buffer[i / BITS_PER_WORD] &= ~(1u << i % BITS_PER_WORD);
    }
}

static bool all(RTL_BITMAP *map, ULONG start, ULONG count, bool set)
{
    if (start > map->SizeOfBitMap || count > map->SizeOfBitMap - start) {
        return false;
    }
    for (ULONG i = start; i < start + count; i++) {
        if (RtlTestBit(map, i) != set) {
            return false;
        }
    }
    return true;
}

BOOLEAN RtlAreBitsSet(RTL_BITMAP *map, ULONG start, ULONG count)
{
    return count && all(map, start, count, true);
}

BOOLEAN RtlAreBitsClear(RTL_BITMAP *map, ULONG start, ULONG count)
{
    return count && all(map, start, count, false);
}

/* The first run of `count` clear bits at or after `hint`, then from the start; -1 when there is
 * none. */
ULONG RtlFindClearBits(RTL_BITMAP *map, ULONG count, ULONG hint)
{
    if (hint >= map->SizeOfBitMap) {
        hint = 0;
    }
    for (ULONG i = hint; i < map->SizeOfBitMap; i++) {
        if (all(map, i, count, false)) {
            return i;
        }
    }
    for (ULONG i = 0; i < hint; i++) {
        if (all(map, i, count, false)) {
            return i;
        }
    }
    return (ULONG)-1;
}

ULONG RtlFindClearBitsAndSet(RTL_BITMAP *map, ULONG count, ULONG hint)
{
    ULONG found = RtlFindClearBits(map, count, hint);
    if (found != (ULONG)-1) {
        RtlSetBits(map, found, count);
    }
    return found;
}
