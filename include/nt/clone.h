/* include/nt/clone.h: what a fork leaves behind: pages that processes share until one writes.
 *
 * Public symbols of build 7601 do not have these types (EPROCESS.CloneRoot is a plain pointer
 * there); names and members are those that kernel debuggers showed of earlier builds, the order is
 * ours. CloneRoot leads to an MM_AVL_TABLE of MMCLONE_DESCRIPTORs.
 */
#pragma once

#include "nt/mm.h"

/* A page, and how many process PTEs lead to it. Its prototype PTE lies in paged pool. */
struct _MMCLONE_BLOCK {
    MMPTE ProtoPte;
    LONG CloneCommitCharge;
    LONG CloneRefCount;
};
typedef struct _MMCLONE_BLOCK MMCLONE_BLOCK;
NT_SIZE(struct _MMCLONE_BLOCK, 0x10);

/* The pages of one fork. */
struct _MMCLONE_HEADER {
    ULONG64 NumberOfPtes;
    LONG64 NumberOfProcessReferences; /* descriptors that lead here */
    KPTR(MMCLONE_BLOCK) ClonePtes;
};
typedef struct _MMCLONE_HEADER MMCLONE_HEADER;
NT_SIZE(struct _MMCLONE_HEADER, 0x18);

/* That a process has PTEs that lead to them: a node like MMADDRESS_NODE, ordered by the addresses
 * of the blocks. */
struct _MMCLONE_DESCRIPTOR {
    union {
        LONG64 Balance : 2;
        KPTR(struct _MMADDRESS_NODE) Parent;
    } u1;
    KPTR(struct _MMADDRESS_NODE) LeftChild;
    KPTR(struct _MMADDRESS_NODE) RightChild;
    ULONG64 StartingCloneBlock;
    ULONG64 EndingCloneBlock; /* the last byte */
    ULONG64 NumberOfPtes;
    KPTR(MMCLONE_HEADER) CloneHeader;
    ULONG64 NumberOfReferences; /* PTEs of the process */
};
typedef struct _MMCLONE_DESCRIPTOR MMCLONE_DESCRIPTOR;
NT_SIZE(struct _MMCLONE_DESCRIPTOR, 0x40);
NT_OFFSET(struct _MMCLONE_DESCRIPTOR, StartingCloneBlock, 0x18);
