/* guest/ntoskrnl/pool.c: the section POOLCODE.
 *
 * Windows keeps its pool code in a section of that name, and tools recognise nt by it. Allocation
 * is the host's; what can be answered from a block's header alone is here. */
#include "nt/ex.h"

#define QUOTA_CHARGED 8u /* bit of PoolType: the last quadword of the block names the process */

/* Usable bytes of a pool block; *quota_charged says whether a process was charged for it.
 * Source: documented behaviour of ExQueryPoolBlockSize; large blocks report their pages. */
ULONG64 ExQueryPoolBlockSize(void *block, BOOLEAN *quota_charged);
__attribute__((section("POOLCODE"))) ULONG64 ExQueryPoolBlockSize(void *block,
                                                                  BOOLEAN *quota_charged)
{
    if (((ULONG64)block & 0xFFF) == 0) {
        *quota_charged = 0;
        return 0x1000;
    }
    const POOL_HEADER *header = (const POOL_HEADER *)block - 1;
    *quota_charged = (header->PoolType & QUOTA_CHARGED) != 0;
    return (ULONG64)header->BlockSize * sizeof(POOL_HEADER) - sizeof(POOL_HEADER) -
           (*quota_charged ? sizeof(void *) : 0);
}
