/* include/nt/mm.h: Memory manager: page-table entries, PFN database, VADs, sections, working sets.
 *
 * Layout of Windows 7 SP1 x64, build 7601.17514, asserted member by member.
 * Written by tools/gen_nt_headers.py; edit that, not this. */
#pragma once

#include "nt/ex.h"
#include "nt/ke.h"
#include "nt/ob.h"
#include "nt/rtl.h"
#include "nt/se.h"
#include "nt/types.h"

struct _CACHE_MANAGER_CALLBACKS;
struct _CACHE_UNINITIALIZE_EVENT;
struct _CONTROL_AREA;
struct _EPROCESS;
struct _ETHREAD;
struct _FILE_OBJECT;
struct _KEVENT;
struct _KGATE;
struct _KGUARDED_MUTEX;
struct _KTHREAD;
struct _MBCB;
struct _MI_IMAGE_SECURITY_REFERENCE;
struct _MI_SECTION_CREATION_GATE;
struct _MI_SECTION_IMAGE_INFORMATION;
struct _MMADDRESS_NODE;
struct _MMBANKED_SECTION;
struct _MMEXTEND_INFO;
struct _MMMOD_WRITER_MDL_ENTRY;
struct _MMPTE;
struct _MMSECTION_FLAGS;
struct _MMSUBSECTION_FLAGS;
struct _MMSUBSECTION_NODE;
struct _MMSUPPORT;
struct _MMVAD;
struct _MMVIEW;
struct _MMWSL;
struct _MMWSLE;
struct _MMWSLE_HASH;
struct _MMWSLE_NONDIRECT_HASH;
struct _MM_AVL_TABLE;
struct _MM_SUBSECTION_AVL_TABLE;
struct _MSUBSECTION;
struct _PS_CPU_QUOTA_BLOCK;
struct _RTL_BITMAP;
struct _SEGMENT;
struct _SEGMENT_OBJECT;
struct _SHARED_CACHE_MAP;
struct _SUBSECTION;
struct _VACB;
struct _VACB_ARRAY_HEADER;
struct _VOLUME_CACHE_MAP;

struct _HARDWARE_PTE {
    ULONG64 Valid : 1;
    ULONG64 Write : 1;
    ULONG64 Owner : 1;
    ULONG64 WriteThrough : 1;
    ULONG64 CacheDisable : 1;
    ULONG64 Accessed : 1;
    ULONG64 Dirty : 1;
    ULONG64 LargePage : 1;
    ULONG64 Global : 1;
    ULONG64 CopyOnWrite : 1;
    ULONG64 Prototype : 1;
    ULONG64 reserved0 : 1;
    ULONG64 PageFrameNumber : 36;
    ULONG64 reserved1 : 4;
    ULONG64 SoftwareWsIndex : 11;
    ULONG64 NoExecute : 1;
};
typedef struct _HARDWARE_PTE HARDWARE_PTE;
NT_SIZE(struct _HARDWARE_PTE, 0x8);

struct _MMPTE_HARDWARE {
    ULONG64 Valid : 1;
    ULONG64 Dirty1 : 1;
    ULONG64 Owner : 1;
    ULONG64 WriteThrough : 1;
    ULONG64 CacheDisable : 1;
    ULONG64 Accessed : 1;
    ULONG64 Dirty : 1;
    ULONG64 LargePage : 1;
    ULONG64 Global : 1;
    ULONG64 CopyOnWrite : 1;
    ULONG64 Unused : 1;
    ULONG64 Write : 1;
    ULONG64 PageFrameNumber : 36;
    ULONG64 reserved1 : 4;
    ULONG64 SoftwareWsIndex : 11;
    ULONG64 NoExecute : 1;
};
typedef struct _MMPTE_HARDWARE MMPTE_HARDWARE;
NT_SIZE(struct _MMPTE_HARDWARE, 0x8);

struct _MMPTE_LIST {
    ULONG64 Valid : 1;
    ULONG64 OneEntry : 1;
    ULONG64 filler0 : 3;
    ULONG64 Protection : 5;
    ULONG64 Prototype : 1;
    ULONG64 Transition : 1;
    ULONG64 filler1 : 20;
    ULONG64 NextEntry : 32;
};
typedef struct _MMPTE_LIST MMPTE_LIST;
NT_SIZE(struct _MMPTE_LIST, 0x8);

struct _MMPTE_PROTOTYPE {
    union {
        struct {
            ULONG64 Valid : 1;
            ULONG64 Unused0 : 7;
            ULONG64 ReadOnly : 1;
            ULONG64 Unused1 : 1;
            ULONG64 Prototype : 1;
            ULONG64 Protection : 5;
        };
        struct {
            LONG64 : 16;
            LONG64 ProtoAddress : 48;
        };
    };
};
typedef struct _MMPTE_PROTOTYPE MMPTE_PROTOTYPE;
NT_SIZE(struct _MMPTE_PROTOTYPE, 0x8);

struct _MMPTE_SOFTWARE {
    ULONG64 Valid : 1;
    ULONG64 PageFileLow : 4;
    ULONG64 Protection : 5;
    ULONG64 Prototype : 1;
    ULONG64 Transition : 1;
    ULONG64 UsedPageTableEntries : 10;
    ULONG64 InStore : 1;
    ULONG64 Reserved : 9;
    ULONG64 PageFileHigh : 32;
};
typedef struct _MMPTE_SOFTWARE MMPTE_SOFTWARE;
NT_SIZE(struct _MMPTE_SOFTWARE, 0x8);

struct _MMPTE_SUBSECTION {
    union {
        struct {
            ULONG64 Valid : 1;
            ULONG64 Unused0 : 4;
            ULONG64 Protection : 5;
            ULONG64 Prototype : 1;
            ULONG64 Unused1 : 5;
        };
        struct {
            LONG64 : 16;
            LONG64 SubsectionAddress : 48;
        };
    };
};
typedef struct _MMPTE_SUBSECTION MMPTE_SUBSECTION;
NT_SIZE(struct _MMPTE_SUBSECTION, 0x8);

struct _MMPTE_TIMESTAMP {
    ULONG64 MustBeZero : 1;
    ULONG64 PageFileLow : 4;
    ULONG64 Protection : 5;
    ULONG64 Prototype : 1;
    ULONG64 Transition : 1;
    ULONG64 Reserved : 20;
    ULONG64 GlobalTimeStamp : 32;
};
typedef struct _MMPTE_TIMESTAMP MMPTE_TIMESTAMP;
NT_SIZE(struct _MMPTE_TIMESTAMP, 0x8);

struct _MMPTE_TRANSITION {
    ULONG64 Valid : 1;
    ULONG64 Write : 1;
    ULONG64 Owner : 1;
    ULONG64 WriteThrough : 1;
    ULONG64 CacheDisable : 1;
    ULONG64 Protection : 5;
    ULONG64 Prototype : 1;
    ULONG64 Transition : 1;
    ULONG64 PageFrameNumber : 36;
    ULONG64 Unused : 16;
};
typedef struct _MMPTE_TRANSITION MMPTE_TRANSITION;
NT_SIZE(struct _MMPTE_TRANSITION, 0x8);

struct _MMPTE {
    union {
        struct _HARDWARE_PTE Flush;
        struct _MMPTE_HARDWARE Hard;
        struct _MMPTE_LIST List;
        ULONG64 Long;
        struct _MMPTE_PROTOTYPE Proto;
        struct _MMPTE_SOFTWARE Soft;
        struct _MMPTE_SUBSECTION Subsect;
        struct _MMPTE_TIMESTAMP TimeStamp;
        struct _MMPTE_TRANSITION Trans;
        ULONG64 VolatileLong;
    } u;
};
typedef struct _MMPTE MMPTE;
NT_SIZE(struct _MMPTE, 0x8);
NT_OFFSET(struct _MMPTE, u, 0x0);

struct _MMPFNENTRY {
    UCHAR PageLocation : 3;
    UCHAR WriteInProgress : 1;
    UCHAR Modified : 1;
    UCHAR ReadInProgress : 1;
    UCHAR CacheAttribute : 2;
    UCHAR Priority : 3;
    UCHAR Rom : 1;
    UCHAR InPageError : 1;
    UCHAR KernelStack : 1;
    UCHAR RemovalRequested : 1;
    UCHAR ParityError : 1;
};
typedef struct _MMPFNENTRY MMPFNENTRY;
NT_SIZE(struct _MMPFNENTRY, 0x2);

struct _MMPFN {
    union {
        KPTR(struct _KEVENT) Event;
        ULONG64 Flink;
        KPTR(struct _KTHREAD) KernelStackOwner;
        KPTR(void) Next;
        struct _SINGLE_LIST_ENTRY NextStackPfn;
        KPTR(void) VolatileNext;
        ULONG WsIndex;
    } u1;
    union {
        ULONG64 Blink;
        KPTR(struct _MMPTE) ImageProtoPte;
        ULONG64 ShareCount;
    } u2;
    union {
        KPTR(struct _MMPTE) PteAddress;
        ULONG64 PteLong;
        KPTR(void) VolatilePteAddress;
        LONG Lock;
    };
    union {
        struct {
            union {
                USHORT ReferenceCount;
                SHORT VolatileReferenceCount;
            };
            USHORT ShortFlags;
        } e2;
        struct {
            USHORT ReferenceCount;
            struct _MMPFNENTRY e1;
        };
    } u3;
    USHORT UsedPageTableEntries;
    UCHAR VaType;
    UCHAR ViewCount;
    union {
        struct _MMPTE OriginalPte;
        LONG AweReferenceCount;
    };
    union {
        struct {
            ULONG64 PteFrame : 52;
            ULONG64 Unused : 3;
            ULONG64 PfnImageVerified : 1;
            ULONG64 AweAllocation : 1;
            ULONG64 PrototypePte : 1;
            ULONG64 PageColor : 6;
        };
    } u4;
};
typedef struct _MMPFN MMPFN;
NT_SIZE(struct _MMPFN, 0x30);
NT_OFFSET(struct _MMPFN, u1, 0x0);
NT_OFFSET(struct _MMPFN, u2, 0x8);
NT_OFFSET(struct _MMPFN, Lock, 0x10);
NT_OFFSET(struct _MMPFN, PteAddress, 0x10);
NT_OFFSET(struct _MMPFN, PteLong, 0x10);
NT_OFFSET(struct _MMPFN, VolatilePteAddress, 0x10);
NT_OFFSET(struct _MMPFN, u3, 0x18);
NT_OFFSET(struct _MMPFN, UsedPageTableEntries, 0x1c);
NT_OFFSET(struct _MMPFN, VaType, 0x1e);
NT_OFFSET(struct _MMPFN, ViewCount, 0x1f);
NT_OFFSET(struct _MMPFN, AweReferenceCount, 0x20);
NT_OFFSET(struct _MMPFN, OriginalPte, 0x20);
NT_OFFSET(struct _MMPFN, u4, 0x28);

enum _MMLISTS {
    ZeroedPageList = 0,
    FreePageList = 1,
    StandbyPageList = 2,
    ModifiedPageList = 3,
    ModifiedNoWritePageList = 4,
    BadPageList = 5,
    ActiveAndValid = 6,
    TransitionPage = 7,
};
typedef enum _MMLISTS MMLISTS;

struct _MMPFNLIST {
    ULONG64 Total;
    enum _MMLISTS ListName;
    ULONG64 Flink;
    ULONG64 Blink;
    ULONG64 Lock;
};
typedef struct _MMPFNLIST MMPFNLIST;
NT_SIZE(struct _MMPFNLIST, 0x28);
NT_OFFSET(struct _MMPFNLIST, Total, 0x0);
NT_OFFSET(struct _MMPFNLIST, ListName, 0x8);
NT_OFFSET(struct _MMPFNLIST, Flink, 0x10);
NT_OFFSET(struct _MMPFNLIST, Blink, 0x18);
NT_OFFSET(struct _MMPFNLIST, Lock, 0x20);

struct _MMADDRESS_NODE {
    union {
        LONG64 Balance : 2;
        KPTR(struct _MMADDRESS_NODE) Parent;
    } u1;
    KPTR(struct _MMADDRESS_NODE) LeftChild;
    KPTR(struct _MMADDRESS_NODE) RightChild;
    ULONG64 StartingVpn;
    ULONG64 EndingVpn;
};
typedef struct _MMADDRESS_NODE MMADDRESS_NODE;
NT_SIZE(struct _MMADDRESS_NODE, 0x28);
NT_OFFSET(struct _MMADDRESS_NODE, u1, 0x0);
NT_OFFSET(struct _MMADDRESS_NODE, LeftChild, 0x8);
NT_OFFSET(struct _MMADDRESS_NODE, RightChild, 0x10);
NT_OFFSET(struct _MMADDRESS_NODE, StartingVpn, 0x18);
NT_OFFSET(struct _MMADDRESS_NODE, EndingVpn, 0x20);

struct _MM_AVL_TABLE {
    struct _MMADDRESS_NODE BalancedRoot;
    ULONG64 DepthOfTree : 5;
    ULONG64 Unused : 3;
    ULONG64 NumberGenericTableElements : 56;
    KPTR(void) NodeHint;
    KPTR(void) NodeFreeHint;
};
typedef struct _MM_AVL_TABLE MM_AVL_TABLE;
NT_SIZE(struct _MM_AVL_TABLE, 0x40);
NT_OFFSET(struct _MM_AVL_TABLE, BalancedRoot, 0x0);
NT_OFFSET(struct _MM_AVL_TABLE, NodeHint, 0x30);
NT_OFFSET(struct _MM_AVL_TABLE, NodeFreeHint, 0x38);

struct _MMVAD_FLAGS {
    ULONG64 CommitCharge : 51;
    ULONG64 NoChange : 1;
    ULONG64 VadType : 3;
    ULONG64 MemCommit : 1;
    ULONG64 Protection : 5;
    ULONG64 Spare : 2;
    ULONG64 PrivateMemory : 1;
};
typedef struct _MMVAD_FLAGS MMVAD_FLAGS;
NT_SIZE(struct _MMVAD_FLAGS, 0x8);

struct _MMVAD_FLAGS2 {
    UINT FileOffset : 24;
    UINT SecNoChange : 1;
    UINT OneSecured : 1;
    UINT MultipleSecured : 1;
    UINT Spare : 1;
    UINT LongVad : 1;
    UINT ExtendableFile : 1;
    UINT Inherit : 1;
    UINT CopyOnWrite : 1;
};
typedef struct _MMVAD_FLAGS2 MMVAD_FLAGS2;
NT_SIZE(struct _MMVAD_FLAGS2, 0x4);

struct _MMVAD_FLAGS3 {
    ULONG64 PreferredNode : 6;
    ULONG64 Teb : 1;
    ULONG64 Spare : 1;
    ULONG64 SequentialAccess : 1;
    ULONG64 LastSequentialTrim : 15;
    ULONG64 Spare2 : 8;
    ULONG64 LargePageCreating : 1;
    ULONG64 Spare3 : 31;
};
typedef struct _MMVAD_FLAGS3 MMVAD_FLAGS3;
NT_SIZE(struct _MMVAD_FLAGS3, 0x8);

struct _MMVAD {
    union {
        LONG64 Balance : 2;
        KPTR(struct _MMVAD) Parent;
    } u1;
    KPTR(struct _MMVAD) LeftChild;
    KPTR(struct _MMVAD) RightChild;
    ULONG64 StartingVpn;
    ULONG64 EndingVpn;
    union {
        ULONG64 LongFlags;
        struct _MMVAD_FLAGS VadFlags;
    } u;
    struct _EX_PUSH_LOCK PushLock;
    union {
        ULONG64 LongFlags3;
        struct _MMVAD_FLAGS3 VadFlags3;
    } u5;
    union {
        ULONG LongFlags2;
        struct _MMVAD_FLAGS2 VadFlags2;
    } u2;
    union {
        KPTR(struct _MSUBSECTION) MappedSubsection;
        KPTR(struct _SUBSECTION) Subsection;
    };
    KPTR(struct _MMPTE) FirstPrototypePte;
    KPTR(struct _MMPTE) LastContiguousPte;
    struct _LIST_ENTRY ViewLinks;
    KPTR(struct _EPROCESS) VadsProcess;
};
typedef struct _MMVAD MMVAD;
NT_SIZE(struct _MMVAD, 0x78);
NT_OFFSET(struct _MMVAD, u1, 0x0);
NT_OFFSET(struct _MMVAD, LeftChild, 0x8);
NT_OFFSET(struct _MMVAD, RightChild, 0x10);
NT_OFFSET(struct _MMVAD, StartingVpn, 0x18);
NT_OFFSET(struct _MMVAD, EndingVpn, 0x20);
NT_OFFSET(struct _MMVAD, u, 0x28);
NT_OFFSET(struct _MMVAD, PushLock, 0x30);
NT_OFFSET(struct _MMVAD, u5, 0x38);
NT_OFFSET(struct _MMVAD, u2, 0x40);
NT_OFFSET(struct _MMVAD, MappedSubsection, 0x48);
NT_OFFSET(struct _MMVAD, Subsection, 0x48);
NT_OFFSET(struct _MMVAD, FirstPrototypePte, 0x50);
NT_OFFSET(struct _MMVAD, LastContiguousPte, 0x58);
NT_OFFSET(struct _MMVAD, ViewLinks, 0x60);
NT_OFFSET(struct _MMVAD, VadsProcess, 0x70);

struct _MMVAD_SHORT {
    union {
        LONG64 Balance : 2;
        KPTR(struct _MMVAD) Parent;
    } u1;
    KPTR(struct _MMVAD) LeftChild;
    KPTR(struct _MMVAD) RightChild;
    ULONG64 StartingVpn;
    ULONG64 EndingVpn;
    union {
        ULONG64 LongFlags;
        struct _MMVAD_FLAGS VadFlags;
    } u;
    struct _EX_PUSH_LOCK PushLock;
    union {
        ULONG64 LongFlags3;
        struct _MMVAD_FLAGS3 VadFlags3;
    } u5;
};
typedef struct _MMVAD_SHORT MMVAD_SHORT;
NT_SIZE(struct _MMVAD_SHORT, 0x40);
NT_OFFSET(struct _MMVAD_SHORT, u1, 0x0);
NT_OFFSET(struct _MMVAD_SHORT, LeftChild, 0x8);
NT_OFFSET(struct _MMVAD_SHORT, RightChild, 0x10);
NT_OFFSET(struct _MMVAD_SHORT, StartingVpn, 0x18);
NT_OFFSET(struct _MMVAD_SHORT, EndingVpn, 0x20);
NT_OFFSET(struct _MMVAD_SHORT, u, 0x28);
NT_OFFSET(struct _MMVAD_SHORT, PushLock, 0x30);
NT_OFFSET(struct _MMVAD_SHORT, u5, 0x38);

struct _MMSECURE_FLAGS {
    ULONG ReadOnly : 1;
    ULONG NoWrite : 1;
    ULONG Spare : 10;
};
typedef struct _MMSECURE_FLAGS MMSECURE_FLAGS;
NT_SIZE(struct _MMSECURE_FLAGS, 0x4);

struct _MMADDRESS_LIST {
    union {
        KPTR(void) StartVa;
        struct _MMSECURE_FLAGS Flags;
    } u1;
    KPTR(void) EndVa;
};
typedef struct _MMADDRESS_LIST MMADDRESS_LIST;
NT_SIZE(struct _MMADDRESS_LIST, 0x10);
NT_OFFSET(struct _MMADDRESS_LIST, u1, 0x0);
NT_OFFSET(struct _MMADDRESS_LIST, EndVa, 0x8);

struct _MMVAD_LONG {
    union {
        LONG64 Balance : 2;
        KPTR(struct _MMVAD) Parent;
    } u1;
    KPTR(struct _MMVAD) LeftChild;
    KPTR(struct _MMVAD) RightChild;
    ULONG64 StartingVpn;
    ULONG64 EndingVpn;
    union {
        ULONG64 LongFlags;
        struct _MMVAD_FLAGS VadFlags;
    } u;
    struct _EX_PUSH_LOCK PushLock;
    union {
        ULONG64 LongFlags3;
        struct _MMVAD_FLAGS3 VadFlags3;
    } u5;
    union {
        ULONG LongFlags2;
        struct _MMVAD_FLAGS2 VadFlags2;
    } u2;
    KPTR(struct _SUBSECTION) Subsection;
    KPTR(struct _MMPTE) FirstPrototypePte;
    KPTR(struct _MMPTE) LastContiguousPte;
    struct _LIST_ENTRY ViewLinks;
    KPTR(struct _EPROCESS) VadsProcess;
    union {
        struct _LIST_ENTRY List;
        struct _MMADDRESS_LIST Secured;
    } u3;
    union {
        KPTR(struct _MMBANKED_SECTION) Banked;
        KPTR(struct _MMEXTEND_INFO) ExtendedInfo;
    } u4;
};
typedef struct _MMVAD_LONG MMVAD_LONG;
NT_SIZE(struct _MMVAD_LONG, 0x90);
NT_OFFSET(struct _MMVAD_LONG, u1, 0x0);
NT_OFFSET(struct _MMVAD_LONG, LeftChild, 0x8);
NT_OFFSET(struct _MMVAD_LONG, RightChild, 0x10);
NT_OFFSET(struct _MMVAD_LONG, StartingVpn, 0x18);
NT_OFFSET(struct _MMVAD_LONG, EndingVpn, 0x20);
NT_OFFSET(struct _MMVAD_LONG, u, 0x28);
NT_OFFSET(struct _MMVAD_LONG, PushLock, 0x30);
NT_OFFSET(struct _MMVAD_LONG, u5, 0x38);
NT_OFFSET(struct _MMVAD_LONG, u2, 0x40);
NT_OFFSET(struct _MMVAD_LONG, Subsection, 0x48);
NT_OFFSET(struct _MMVAD_LONG, FirstPrototypePte, 0x50);
NT_OFFSET(struct _MMVAD_LONG, LastContiguousPte, 0x58);
NT_OFFSET(struct _MMVAD_LONG, ViewLinks, 0x60);
NT_OFFSET(struct _MMVAD_LONG, VadsProcess, 0x70);
NT_OFFSET(struct _MMVAD_LONG, u3, 0x78);
NT_OFFSET(struct _MMVAD_LONG, u4, 0x88);

struct _MMSECTION_FLAGS {
    UINT BeingDeleted : 1;
    UINT BeingCreated : 1;
    UINT BeingPurged : 1;
    UINT NoModifiedWriting : 1;
    UINT FailAllIo : 1;
    UINT Image : 1;
    UINT Based : 1;
    UINT File : 1;
    UINT Networked : 1;
    UINT Rom : 1;
    UINT PhysicalMemory : 1;
    UINT CopyOnWrite : 1;
    UINT Reserve : 1;
    UINT Commit : 1;
    UINT Accessed : 1;
    UINT WasPurged : 1;
    UINT UserReference : 1;
    UINT GlobalMemory : 1;
    UINT DeleteOnClose : 1;
    UINT FilePointerNull : 1;
    UINT GlobalOnlyPerSession : 1;
    UINT SetMappedFileIoComplete : 1;
    UINT CollidedFlush : 1;
    UINT NoChange : 1;
    UINT Spare : 1;
    UINT UserWritable : 1;
    UINT PreferredNode : 6;
};
typedef struct _MMSECTION_FLAGS MMSECTION_FLAGS;
NT_SIZE(struct _MMSECTION_FLAGS, 0x4);

struct _MMWSL {
    ULONG FirstFree;
    ULONG FirstDynamic;
    ULONG LastEntry;
    ULONG NextSlot;
    KPTR(struct _MMWSLE) Wsle;
    KPTR(void) LowestPagableAddress;
    ULONG LastInitializedWsle;
    ULONG NextAgingSlot;
    ULONG NumberOfCommittedPageTables;
    ULONG VadBitMapHint;
    ULONG NonDirectCount;
    ULONG LastVadBit;
    ULONG MaximumLastVadBit;
    ULONG LastAllocationSizeHint;
    ULONG LastAllocationSize;
    KPTR(struct _MMWSLE_NONDIRECT_HASH) NonDirectHash;
    KPTR(struct _MMWSLE_HASH) HashTableStart;
    KPTR(struct _MMWSLE_HASH) HighestPermittedHashAddress;
    ULONG MaximumUserPageTablePages;
    ULONG MaximumUserPageDirectoryPages;
    KPTR(ULONG) CommittedPageTables;
    ULONG NumberOfCommittedPageDirectories;
    ULONG64 CommittedPageDirectories[128];
    ULONG NumberOfCommittedPageDirectoryParents;
    ULONG64 CommittedPageDirectoryParents[1];
};
typedef struct _MMWSL MMWSL;
NT_SIZE(struct _MMWSL, 0x488);
NT_OFFSET(struct _MMWSL, FirstFree, 0x0);
NT_OFFSET(struct _MMWSL, FirstDynamic, 0x4);
NT_OFFSET(struct _MMWSL, LastEntry, 0x8);
NT_OFFSET(struct _MMWSL, NextSlot, 0xc);
NT_OFFSET(struct _MMWSL, Wsle, 0x10);
NT_OFFSET(struct _MMWSL, LowestPagableAddress, 0x18);
NT_OFFSET(struct _MMWSL, LastInitializedWsle, 0x20);
NT_OFFSET(struct _MMWSL, NextAgingSlot, 0x24);
NT_OFFSET(struct _MMWSL, NumberOfCommittedPageTables, 0x28);
NT_OFFSET(struct _MMWSL, VadBitMapHint, 0x2c);
NT_OFFSET(struct _MMWSL, NonDirectCount, 0x30);
NT_OFFSET(struct _MMWSL, LastVadBit, 0x34);
NT_OFFSET(struct _MMWSL, MaximumLastVadBit, 0x38);
NT_OFFSET(struct _MMWSL, LastAllocationSizeHint, 0x3c);
NT_OFFSET(struct _MMWSL, LastAllocationSize, 0x40);
NT_OFFSET(struct _MMWSL, NonDirectHash, 0x48);
NT_OFFSET(struct _MMWSL, HashTableStart, 0x50);
NT_OFFSET(struct _MMWSL, HighestPermittedHashAddress, 0x58);
NT_OFFSET(struct _MMWSL, MaximumUserPageTablePages, 0x60);
NT_OFFSET(struct _MMWSL, MaximumUserPageDirectoryPages, 0x64);
NT_OFFSET(struct _MMWSL, CommittedPageTables, 0x68);
NT_OFFSET(struct _MMWSL, NumberOfCommittedPageDirectories, 0x70);
NT_OFFSET(struct _MMWSL, CommittedPageDirectories, 0x78);
NT_OFFSET(struct _MMWSL, NumberOfCommittedPageDirectoryParents, 0x478);
NT_OFFSET(struct _MMWSL, CommittedPageDirectoryParents, 0x480);

struct _MMWSLENTRY {
    ULONG64 Valid : 1;
    ULONG64 Spare : 1;
    ULONG64 Hashed : 1;
    ULONG64 Direct : 1;
    ULONG64 Protection : 5;
    ULONG64 Age : 3;
    ULONG64 VirtualPageNumber : 52;
};
typedef struct _MMWSLENTRY MMWSLENTRY;
NT_SIZE(struct _MMWSLENTRY, 0x8);

struct _MMWSLE_FREE_ENTRY {
    ULONG64 MustBeZero : 1;
    ULONG64 PreviousFree : 31;
    ULONG64 NextFree : 32;
};
typedef struct _MMWSLE_FREE_ENTRY MMWSLE_FREE_ENTRY;
NT_SIZE(struct _MMWSLE_FREE_ENTRY, 0x8);

struct _MMWSLE {
    union {
        ULONG64 Long;
        KPTR(void) VirtualAddress;
        struct _MMWSLENTRY e1;
        struct _MMWSLE_FREE_ENTRY e2;
    } u1;
};
typedef struct _MMWSLE MMWSLE;
NT_SIZE(struct _MMWSLE, 0x8);
NT_OFFSET(struct _MMWSLE, u1, 0x0);

struct _MMWSLE_HASH {
    ULONG Index;
};
typedef struct _MMWSLE_HASH MMWSLE_HASH;
NT_SIZE(struct _MMWSLE_HASH, 0x4);
NT_OFFSET(struct _MMWSLE_HASH, Index, 0x0);

struct _MMWSLE_NONDIRECT_HASH {
    KPTR(void) Key;
    ULONG Index;
};
typedef struct _MMWSLE_NONDIRECT_HASH MMWSLE_NONDIRECT_HASH;
NT_SIZE(struct _MMWSLE_NONDIRECT_HASH, 0x10);
NT_OFFSET(struct _MMWSLE_NONDIRECT_HASH, Key, 0x0);
NT_OFFSET(struct _MMWSLE_NONDIRECT_HASH, Index, 0x8);

struct _MMSUPPORT_FLAGS {
    UCHAR WorkingSetType : 3;
    UCHAR ModwriterAttached : 1;
    UCHAR TrimHard : 1;
    UCHAR MaximumWorkingSetHard : 1;
    UCHAR ForceTrim : 1;
    UCHAR MinimumWorkingSetHard : 1;
    UCHAR SessionMaster : 1;
    UCHAR TrimmerState : 2;
    UCHAR Reserved : 1;
    UCHAR PageStealers : 4;
    UCHAR MemoryPriority : 8;
    UCHAR WsleDeleted : 1;
    UCHAR VmExiting : 1;
    UCHAR ExpansionFailed : 1;
    UCHAR Available : 5;
};
typedef struct _MMSUPPORT_FLAGS MMSUPPORT_FLAGS;
NT_SIZE(struct _MMSUPPORT_FLAGS, 0x4);

struct _MMSUPPORT {
    struct _EX_PUSH_LOCK WorkingSetMutex;
    KPTR(struct _KGATE) ExitGate;
    KPTR(void) AccessLog;
    struct _LIST_ENTRY WorkingSetExpansionLinks;
    ULONG AgeDistribution[7];
    ULONG MinimumWorkingSetSize;
    ULONG WorkingSetSize;
    ULONG WorkingSetPrivateSize;
    ULONG MaximumWorkingSetSize;
    ULONG ChargedWslePages;
    ULONG ActualWslePages;
    ULONG WorkingSetSizeOverhead;
    ULONG PeakWorkingSetSize;
    ULONG HardFaultCount;
    KPTR(struct _MMWSL) VmWorkingSetList;
    USHORT NextPageColor;
    USHORT LastTrimStamp;
    ULONG PageFaultCount;
    ULONG RepurposeCount;
    ULONG Spare[2];
    struct _MMSUPPORT_FLAGS Flags;
};
typedef struct _MMSUPPORT MMSUPPORT;
NT_SIZE(struct _MMSUPPORT, 0x88);
NT_OFFSET(struct _MMSUPPORT, WorkingSetMutex, 0x0);
NT_OFFSET(struct _MMSUPPORT, ExitGate, 0x8);
NT_OFFSET(struct _MMSUPPORT, AccessLog, 0x10);
NT_OFFSET(struct _MMSUPPORT, WorkingSetExpansionLinks, 0x18);
NT_OFFSET(struct _MMSUPPORT, AgeDistribution, 0x28);
NT_OFFSET(struct _MMSUPPORT, MinimumWorkingSetSize, 0x44);
NT_OFFSET(struct _MMSUPPORT, WorkingSetSize, 0x48);
NT_OFFSET(struct _MMSUPPORT, WorkingSetPrivateSize, 0x4c);
NT_OFFSET(struct _MMSUPPORT, MaximumWorkingSetSize, 0x50);
NT_OFFSET(struct _MMSUPPORT, ChargedWslePages, 0x54);
NT_OFFSET(struct _MMSUPPORT, ActualWslePages, 0x58);
NT_OFFSET(struct _MMSUPPORT, WorkingSetSizeOverhead, 0x5c);
NT_OFFSET(struct _MMSUPPORT, PeakWorkingSetSize, 0x60);
NT_OFFSET(struct _MMSUPPORT, HardFaultCount, 0x64);
NT_OFFSET(struct _MMSUPPORT, VmWorkingSetList, 0x68);
NT_OFFSET(struct _MMSUPPORT, NextPageColor, 0x70);
NT_OFFSET(struct _MMSUPPORT, LastTrimStamp, 0x72);
NT_OFFSET(struct _MMSUPPORT, PageFaultCount, 0x74);
NT_OFFSET(struct _MMSUPPORT, RepurposeCount, 0x78);
NT_OFFSET(struct _MMSUPPORT, Spare, 0x7c);
NT_OFFSET(struct _MMSUPPORT, Flags, 0x84);

struct _MMPAGING_FILE {
    ULONG64 Size;
    ULONG64 MaximumSize;
    ULONG64 MinimumSize;
    ULONG64 FreeSpace;
    ULONG64 PeakUsage;
    ULONG64 HighestPage;
    KPTR(struct _FILE_OBJECT) File;
    KPTR(struct _MMMOD_WRITER_MDL_ENTRY) Entry[2];
    struct _UNICODE_STRING PageFileName;
    KPTR(struct _RTL_BITMAP) Bitmap;
    KPTR(struct _RTL_BITMAP) EvictStoreBitmap;
    ULONG BitmapHint;
    ULONG LastAllocationSize;
    ULONG ToBeEvictedCount;
    USHORT PageFileNumber : 4;
    USHORT BootPartition : 1;
    USHORT Spare0 : 11;
    USHORT AdriftMdls : 1;
    USHORT Spare1 : 15;
    KPTR(void) FileHandle;
    ULONG64 Lock;
    KPTR(struct _ETHREAD) LockOwner;
};
typedef struct _MMPAGING_FILE MMPAGING_FILE;
NT_SIZE(struct _MMPAGING_FILE, 0x90);
NT_OFFSET(struct _MMPAGING_FILE, Size, 0x0);
NT_OFFSET(struct _MMPAGING_FILE, MaximumSize, 0x8);
NT_OFFSET(struct _MMPAGING_FILE, MinimumSize, 0x10);
NT_OFFSET(struct _MMPAGING_FILE, FreeSpace, 0x18);
NT_OFFSET(struct _MMPAGING_FILE, PeakUsage, 0x20);
NT_OFFSET(struct _MMPAGING_FILE, HighestPage, 0x28);
NT_OFFSET(struct _MMPAGING_FILE, File, 0x30);
NT_OFFSET(struct _MMPAGING_FILE, Entry, 0x38);
NT_OFFSET(struct _MMPAGING_FILE, PageFileName, 0x48);
NT_OFFSET(struct _MMPAGING_FILE, Bitmap, 0x58);
NT_OFFSET(struct _MMPAGING_FILE, EvictStoreBitmap, 0x60);
NT_OFFSET(struct _MMPAGING_FILE, BitmapHint, 0x68);
NT_OFFSET(struct _MMPAGING_FILE, LastAllocationSize, 0x6c);
NT_OFFSET(struct _MMPAGING_FILE, ToBeEvictedCount, 0x70);
NT_OFFSET(struct _MMPAGING_FILE, FileHandle, 0x78);
NT_OFFSET(struct _MMPAGING_FILE, Lock, 0x80);
NT_OFFSET(struct _MMPAGING_FILE, LockOwner, 0x88);

struct _SEGMENT_FLAGS {
    ULONG TotalNumberOfPtes4132 : 10;
    ULONG ExtraSharedWowSubsections : 1;
    ULONG LargePages : 1;
    ULONG WatchProto : 1;
    ULONG DebugSymbolsLoaded : 1;
    ULONG WriteCombined : 1;
    ULONG NoCache : 1;
    ULONG FloppyMedia : 1;
    ULONG DefaultProtectionMask : 5;
    ULONG Binary32 : 1;
    ULONG ContainsDebug : 1;
    ULONG Spare : 8;
};
typedef struct _SEGMENT_FLAGS SEGMENT_FLAGS;
NT_SIZE(struct _SEGMENT_FLAGS, 0x4);

struct _SEGMENT {
    KPTR(struct _CONTROL_AREA) ControlArea;
    ULONG TotalNumberOfPtes;
    struct _SEGMENT_FLAGS SegmentFlags;
    ULONG64 NumberOfCommittedPages;
    ULONG64 SizeOfSegment;
    union {
        KPTR(void) BasedAddress;
        KPTR(struct _MMEXTEND_INFO) ExtendInfo;
    };
    struct _EX_PUSH_LOCK SegmentLock;
    union {
        KPTR(struct _EPROCESS) CreatingProcess;
        ULONG64 ImageCommitment;
    } u1;
    union {
        KPTR(void) FirstMappedVa;
        KPTR(struct _MI_SECTION_IMAGE_INFORMATION) ImageInformation;
    } u2;
    KPTR(struct _MMPTE) PrototypePte;
    struct _MMPTE ThePtes[1];
};
typedef struct _SEGMENT SEGMENT;
NT_SIZE(struct _SEGMENT, 0x50);
NT_OFFSET(struct _SEGMENT, ControlArea, 0x0);
NT_OFFSET(struct _SEGMENT, TotalNumberOfPtes, 0x8);
NT_OFFSET(struct _SEGMENT, SegmentFlags, 0xc);
NT_OFFSET(struct _SEGMENT, NumberOfCommittedPages, 0x10);
NT_OFFSET(struct _SEGMENT, SizeOfSegment, 0x18);
NT_OFFSET(struct _SEGMENT, BasedAddress, 0x20);
NT_OFFSET(struct _SEGMENT, ExtendInfo, 0x20);
NT_OFFSET(struct _SEGMENT, SegmentLock, 0x28);
NT_OFFSET(struct _SEGMENT, u1, 0x30);
NT_OFFSET(struct _SEGMENT, u2, 0x38);
NT_OFFSET(struct _SEGMENT, PrototypePte, 0x40);
NT_OFFSET(struct _SEGMENT, ThePtes, 0x48);

struct _SEGMENT_OBJECT {
    KPTR(void) BaseAddress;
    ULONG TotalNumberOfPtes;
    union _LARGE_INTEGER SizeOfSegment;
    ULONG NonExtendedPtes;
    ULONG ImageCommitment;
    KPTR(struct _CONTROL_AREA) ControlArea;
    KPTR(struct _SUBSECTION) Subsection;
    KPTR(struct _MMSECTION_FLAGS) MmSectionFlags;
    KPTR(struct _MMSUBSECTION_FLAGS) MmSubSectionFlags;
};
typedef struct _SEGMENT_OBJECT SEGMENT_OBJECT;
NT_SIZE(struct _SEGMENT_OBJECT, 0x40);
NT_OFFSET(struct _SEGMENT_OBJECT, BaseAddress, 0x0);
NT_OFFSET(struct _SEGMENT_OBJECT, TotalNumberOfPtes, 0x8);
NT_OFFSET(struct _SEGMENT_OBJECT, SizeOfSegment, 0x10);
NT_OFFSET(struct _SEGMENT_OBJECT, NonExtendedPtes, 0x18);
NT_OFFSET(struct _SEGMENT_OBJECT, ImageCommitment, 0x1c);
NT_OFFSET(struct _SEGMENT_OBJECT, ControlArea, 0x20);
NT_OFFSET(struct _SEGMENT_OBJECT, Subsection, 0x28);
NT_OFFSET(struct _SEGMENT_OBJECT, MmSectionFlags, 0x30);
NT_OFFSET(struct _SEGMENT_OBJECT, MmSubSectionFlags, 0x38);

struct _CONTROL_AREA {
    KPTR(struct _SEGMENT) Segment;
    struct _LIST_ENTRY DereferenceList;
    ULONG64 NumberOfSectionReferences;
    ULONG64 NumberOfPfnReferences;
    ULONG64 NumberOfMappedViews;
    ULONG64 NumberOfUserReferences;
    union {
        struct _MMSECTION_FLAGS Flags;
        ULONG LongFlags;
    } u;
    ULONG FlushInProgressCount;
    struct _EX_FAST_REF FilePointer;
    LONG ControlAreaLock;
    union {
        ULONG ModifiedWriteCount;
        ULONG StartingFrame;
    };
    KPTR(struct _MI_SECTION_CREATION_GATE) WaitingForDeletion;
    union {
        struct {
            union {
                ULONG ImageRelocationStartBit;
                ULONG NumberOfSystemCacheViews;
            };
            union {
                struct {
                    ULONG ImageRelocationSizeIn64k : 16;
                    ULONG Unused : 14;
                    ULONG BitMap64 : 1;
                    ULONG ImageActive : 1;
                };
                LONG WritableUserReferences;
            };
            union {
                KPTR(struct _MI_IMAGE_SECURITY_REFERENCE) SeImageStub;
                KPTR(struct _MM_SUBSECTION_AVL_TABLE) SubsectionRoot;
            };
        } e2;
    } u2;
    LONG64 LockedPages;
    struct _LIST_ENTRY ViewList;
};
typedef struct _CONTROL_AREA CONTROL_AREA;
NT_SIZE(struct _CONTROL_AREA, 0x80);
NT_OFFSET(struct _CONTROL_AREA, Segment, 0x0);
NT_OFFSET(struct _CONTROL_AREA, DereferenceList, 0x8);
NT_OFFSET(struct _CONTROL_AREA, NumberOfSectionReferences, 0x18);
NT_OFFSET(struct _CONTROL_AREA, NumberOfPfnReferences, 0x20);
NT_OFFSET(struct _CONTROL_AREA, NumberOfMappedViews, 0x28);
NT_OFFSET(struct _CONTROL_AREA, NumberOfUserReferences, 0x30);
NT_OFFSET(struct _CONTROL_AREA, u, 0x38);
NT_OFFSET(struct _CONTROL_AREA, FlushInProgressCount, 0x3c);
NT_OFFSET(struct _CONTROL_AREA, FilePointer, 0x40);
NT_OFFSET(struct _CONTROL_AREA, ControlAreaLock, 0x48);
NT_OFFSET(struct _CONTROL_AREA, ModifiedWriteCount, 0x4c);
NT_OFFSET(struct _CONTROL_AREA, StartingFrame, 0x4c);
NT_OFFSET(struct _CONTROL_AREA, WaitingForDeletion, 0x50);
NT_OFFSET(struct _CONTROL_AREA, u2, 0x58);
NT_OFFSET(struct _CONTROL_AREA, LockedPages, 0x68);
NT_OFFSET(struct _CONTROL_AREA, ViewList, 0x70);

struct _MMSUBSECTION_FLAGS {
    USHORT SubsectionAccessed : 1;
    USHORT Protection : 5;
    USHORT StartingSector4132 : 10;
    USHORT SubsectionStatic : 1;
    USHORT GlobalMemory : 1;
    USHORT DirtyPages : 1;
    USHORT Spare : 1;
    USHORT SectorEndOffset : 12;
};
typedef struct _MMSUBSECTION_FLAGS MMSUBSECTION_FLAGS;
NT_SIZE(struct _MMSUBSECTION_FLAGS, 0x4);

struct _SUBSECTION {
    KPTR(struct _CONTROL_AREA) ControlArea;
    KPTR(struct _MMPTE) SubsectionBase;
    KPTR(struct _SUBSECTION) NextSubsection;
    ULONG PtesInSubsection;
    union {
        KPTR(struct _MM_AVL_TABLE) GlobalPerSessionHead;
        ULONG UnusedPtes;
    };
    union {
        ULONG LongFlags;
        struct _MMSUBSECTION_FLAGS SubsectionFlags;
    } u;
    ULONG StartingSector;
    ULONG NumberOfFullSectors;
};
typedef struct _SUBSECTION SUBSECTION;
NT_SIZE(struct _SUBSECTION, 0x38);
NT_OFFSET(struct _SUBSECTION, ControlArea, 0x0);
NT_OFFSET(struct _SUBSECTION, SubsectionBase, 0x8);
NT_OFFSET(struct _SUBSECTION, NextSubsection, 0x10);
NT_OFFSET(struct _SUBSECTION, PtesInSubsection, 0x18);
NT_OFFSET(struct _SUBSECTION, GlobalPerSessionHead, 0x20);
NT_OFFSET(struct _SUBSECTION, UnusedPtes, 0x20);
NT_OFFSET(struct _SUBSECTION, u, 0x28);
NT_OFFSET(struct _SUBSECTION, StartingSector, 0x2c);
NT_OFFSET(struct _SUBSECTION, NumberOfFullSectors, 0x30);

struct _MSUBSECTION {
    KPTR(struct _CONTROL_AREA) ControlArea;
    KPTR(struct _MMPTE) SubsectionBase;
    union {
        KPTR(struct _MSUBSECTION) NextMappedSubsection;
        KPTR(struct _SUBSECTION) NextSubsection;
    };
    ULONG PtesInSubsection;
    union {
        KPTR(struct _MM_AVL_TABLE) GlobalPerSessionHead;
        ULONG UnusedPtes;
    };
    union {
        ULONG LongFlags;
        struct _MMSUBSECTION_FLAGS SubsectionFlags;
    } u;
    ULONG StartingSector;
    ULONG NumberOfFullSectors;
    union {
        LONG64 Balance : 2;
        KPTR(struct _MMSUBSECTION_NODE) Parent;
    } u1;
    KPTR(struct _MMSUBSECTION_NODE) LeftChild;
    KPTR(struct _MMSUBSECTION_NODE) RightChild;
    struct _LIST_ENTRY DereferenceList;
    ULONG64 NumberOfMappedViews;
};
typedef struct _MSUBSECTION MSUBSECTION;
NT_SIZE(struct _MSUBSECTION, 0x68);
NT_OFFSET(struct _MSUBSECTION, ControlArea, 0x0);
NT_OFFSET(struct _MSUBSECTION, SubsectionBase, 0x8);
NT_OFFSET(struct _MSUBSECTION, NextMappedSubsection, 0x10);
NT_OFFSET(struct _MSUBSECTION, NextSubsection, 0x10);
NT_OFFSET(struct _MSUBSECTION, PtesInSubsection, 0x18);
NT_OFFSET(struct _MSUBSECTION, GlobalPerSessionHead, 0x20);
NT_OFFSET(struct _MSUBSECTION, UnusedPtes, 0x20);
NT_OFFSET(struct _MSUBSECTION, u, 0x28);
NT_OFFSET(struct _MSUBSECTION, StartingSector, 0x2c);
NT_OFFSET(struct _MSUBSECTION, NumberOfFullSectors, 0x30);
NT_OFFSET(struct _MSUBSECTION, u1, 0x38);
NT_OFFSET(struct _MSUBSECTION, LeftChild, 0x40);
NT_OFFSET(struct _MSUBSECTION, RightChild, 0x48);
NT_OFFSET(struct _MSUBSECTION, DereferenceList, 0x50);
NT_OFFSET(struct _MSUBSECTION, NumberOfMappedViews, 0x60);

struct _MMSUBSECTION_NODE {
    union {
        ULONG LongFlags;
        struct _MMSUBSECTION_FLAGS SubsectionFlags;
    } u;
    ULONG StartingSector;
    ULONG NumberOfFullSectors;
    union {
        LONG64 Balance : 2;
        KPTR(struct _MMSUBSECTION_NODE) Parent;
    } u1;
    KPTR(struct _MMSUBSECTION_NODE) LeftChild;
    KPTR(struct _MMSUBSECTION_NODE) RightChild;
};
typedef struct _MMSUBSECTION_NODE MMSUBSECTION_NODE;
NT_SIZE(struct _MMSUBSECTION_NODE, 0x28);
NT_OFFSET(struct _MMSUBSECTION_NODE, u, 0x0);
NT_OFFSET(struct _MMSUBSECTION_NODE, StartingSector, 0x4);
NT_OFFSET(struct _MMSUBSECTION_NODE, NumberOfFullSectors, 0x8);
NT_OFFSET(struct _MMSUBSECTION_NODE, u1, 0x10);
NT_OFFSET(struct _MMSUBSECTION_NODE, LeftChild, 0x18);
NT_OFFSET(struct _MMSUBSECTION_NODE, RightChild, 0x20);

struct _MMEXTEND_INFO {
    ULONG64 CommittedSize;
    ULONG ReferenceCount;
};
typedef struct _MMEXTEND_INFO MMEXTEND_INFO;
NT_SIZE(struct _MMEXTEND_INFO, 0x10);
NT_OFFSET(struct _MMEXTEND_INFO, CommittedSize, 0x0);
NT_OFFSET(struct _MMEXTEND_INFO, ReferenceCount, 0x8);

struct _SECTION_OBJECT {
    KPTR(void) StartingVa;
    KPTR(void) EndingVa;
    KPTR(void) Parent;
    KPTR(void) LeftChild;
    KPTR(void) RightChild;
    KPTR(struct _SEGMENT_OBJECT) Segment;
};
typedef struct _SECTION_OBJECT SECTION_OBJECT;
NT_SIZE(struct _SECTION_OBJECT, 0x30);
NT_OFFSET(struct _SECTION_OBJECT, StartingVa, 0x0);
NT_OFFSET(struct _SECTION_OBJECT, EndingVa, 0x8);
NT_OFFSET(struct _SECTION_OBJECT, Parent, 0x10);
NT_OFFSET(struct _SECTION_OBJECT, LeftChild, 0x18);
NT_OFFSET(struct _SECTION_OBJECT, RightChild, 0x20);
NT_OFFSET(struct _SECTION_OBJECT, Segment, 0x28);

struct _SECTION_OBJECT_POINTERS {
    KPTR(void) DataSectionObject;
    KPTR(void) SharedCacheMap;
    KPTR(void) ImageSectionObject;
};
typedef struct _SECTION_OBJECT_POINTERS SECTION_OBJECT_POINTERS;
NT_SIZE(struct _SECTION_OBJECT_POINTERS, 0x18);
NT_OFFSET(struct _SECTION_OBJECT_POINTERS, DataSectionObject, 0x0);
NT_OFFSET(struct _SECTION_OBJECT_POINTERS, SharedCacheMap, 0x8);
NT_OFFSET(struct _SECTION_OBJECT_POINTERS, ImageSectionObject, 0x10);

struct _SECTION_IMAGE_INFORMATION {
    UPTR(void) TransferAddress;
    ULONG ZeroBits;
    ULONG64 MaximumStackSize;
    ULONG64 CommittedStackSize;
    ULONG SubSystemType;
    union {
        ULONG SubSystemVersion;
        struct {
            USHORT SubSystemMinorVersion;
            USHORT SubSystemMajorVersion;
        };
    };
    ULONG GpValue;
    USHORT ImageCharacteristics;
    USHORT DllCharacteristics;
    USHORT Machine;
    UCHAR ImageContainsCode;
    union {
        struct {
            UCHAR ComPlusNativeReady : 1;
            UCHAR ComPlusILOnly : 1;
            UCHAR ImageDynamicallyRelocated : 1;
            UCHAR ImageMappedFlat : 1;
            UCHAR Reserved : 4;
        };
        UCHAR ImageFlags;
    };
    ULONG LoaderFlags;
    ULONG ImageFileSize;
    ULONG CheckSum;
};
typedef struct _SECTION_IMAGE_INFORMATION SECTION_IMAGE_INFORMATION;
NT_SIZE(struct _SECTION_IMAGE_INFORMATION, 0x40);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, TransferAddress, 0x0);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, ZeroBits, 0x8);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, MaximumStackSize, 0x10);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, CommittedStackSize, 0x18);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, SubSystemType, 0x20);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, SubSystemMinorVersion, 0x24);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, SubSystemVersion, 0x24);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, SubSystemMajorVersion, 0x26);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, GpValue, 0x28);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, ImageCharacteristics, 0x2c);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, DllCharacteristics, 0x2e);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, Machine, 0x30);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, ImageContainsCode, 0x32);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, ImageFlags, 0x33);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, LoaderFlags, 0x34);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, ImageFileSize, 0x38);
NT_OFFSET(struct _SECTION_IMAGE_INFORMATION, CheckSum, 0x3c);

enum _IO_SESSION_STATE {
    IoSessionStateCreated = 1,
    IoSessionStateInitialized = 2,
    IoSessionStateConnected = 3,
    IoSessionStateDisconnected = 4,
    IoSessionStateDisconnectedLoggedOn = 5,
    IoSessionStateLoggedOn = 6,
    IoSessionStateLoggedOff = 7,
    IoSessionStateTerminated = 8,
    IoSessionStateMax = 9,
};
typedef enum _IO_SESSION_STATE IO_SESSION_STATE;

struct _MM_PAGED_POOL_INFO {
    struct _KGUARDED_MUTEX Mutex;
    struct _RTL_BITMAP PagedPoolAllocationMap;
    KPTR(struct _MMPTE) FirstPteForPagedPool;
    ULONG PagedPoolHint;
    ULONG64 PagedPoolCommit;
    ULONG64 AllocatedPagedPool;
};
typedef struct _MM_PAGED_POOL_INFO MM_PAGED_POOL_INFO;
NT_SIZE(struct _MM_PAGED_POOL_INFO, 0x68);
NT_OFFSET(struct _MM_PAGED_POOL_INFO, Mutex, 0x0);
NT_OFFSET(struct _MM_PAGED_POOL_INFO, PagedPoolAllocationMap, 0x38);
NT_OFFSET(struct _MM_PAGED_POOL_INFO, FirstPteForPagedPool, 0x48);
NT_OFFSET(struct _MM_PAGED_POOL_INFO, PagedPoolHint, 0x50);
NT_OFFSET(struct _MM_PAGED_POOL_INFO, PagedPoolCommit, 0x58);
NT_OFFSET(struct _MM_PAGED_POOL_INFO, AllocatedPagedPool, 0x60);

struct _MMSESSION {
    struct _KGUARDED_MUTEX SystemSpaceViewLock;
    KPTR(struct _KGUARDED_MUTEX) SystemSpaceViewLockPointer;
    KPTR(struct _MMVIEW) SystemSpaceViewTable;
    ULONG SystemSpaceHashSize;
    ULONG SystemSpaceHashEntries;
    ULONG SystemSpaceHashKey;
    ULONG BitmapFailures;
};
typedef struct _MMSESSION MMSESSION;
NT_SIZE(struct _MMSESSION, 0x58);
NT_OFFSET(struct _MMSESSION, SystemSpaceViewLock, 0x0);
NT_OFFSET(struct _MMSESSION, SystemSpaceViewLockPointer, 0x38);
NT_OFFSET(struct _MMSESSION, SystemSpaceViewTable, 0x40);
NT_OFFSET(struct _MMSESSION, SystemSpaceHashSize, 0x48);
NT_OFFSET(struct _MMSESSION, SystemSpaceHashEntries, 0x4c);
NT_OFFSET(struct _MMSESSION, SystemSpaceHashKey, 0x50);
NT_OFFSET(struct _MMSESSION, BitmapFailures, 0x54);

struct _MI_SPECIAL_POOL_PTE_LIST {
    struct _MMPTE FreePteHead;
    struct _MMPTE FreePteTail;
};
typedef struct _MI_SPECIAL_POOL_PTE_LIST MI_SPECIAL_POOL_PTE_LIST;
NT_SIZE(struct _MI_SPECIAL_POOL_PTE_LIST, 0x10);
NT_OFFSET(struct _MI_SPECIAL_POOL_PTE_LIST, FreePteHead, 0x0);
NT_OFFSET(struct _MI_SPECIAL_POOL_PTE_LIST, FreePteTail, 0x8);

struct _MI_SPECIAL_POOL {
    KPTR(struct _MMPTE) PteBase;
    ULONG64 Lock;
    struct _MI_SPECIAL_POOL_PTE_LIST Paged;
    struct _MI_SPECIAL_POOL_PTE_LIST NonPaged;
    LONG64 PagesInUse;
    struct _RTL_BITMAP SpecialPoolPdes;
};
typedef struct _MI_SPECIAL_POOL MI_SPECIAL_POOL;
NT_SIZE(struct _MI_SPECIAL_POOL, 0x48);
NT_OFFSET(struct _MI_SPECIAL_POOL, PteBase, 0x0);
NT_OFFSET(struct _MI_SPECIAL_POOL, Lock, 0x8);
NT_OFFSET(struct _MI_SPECIAL_POOL, Paged, 0x10);
NT_OFFSET(struct _MI_SPECIAL_POOL, NonPaged, 0x20);
NT_OFFSET(struct _MI_SPECIAL_POOL, PagesInUse, 0x30);
NT_OFFSET(struct _MI_SPECIAL_POOL, SpecialPoolPdes, 0x38);

struct _MI_SYSTEM_PTE_TYPE {
    struct _RTL_BITMAP Bitmap;
    ULONG Flags;
    ULONG Hint;
    KPTR(struct _MMPTE) BasePte;
    KPTR(ULONG) FailureCount;
    KPTR(struct _MMSUPPORT) Vm;
    LONG TotalSystemPtes;
    LONG TotalFreeSystemPtes;
    LONG CachedPteCount;
    ULONG PteFailures;
    union {
        KPTR(struct _KGUARDED_MUTEX) GlobalMutex;
        ULONG64 SpinLock;
    };
};
typedef struct _MI_SYSTEM_PTE_TYPE MI_SYSTEM_PTE_TYPE;
NT_SIZE(struct _MI_SYSTEM_PTE_TYPE, 0x48);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, Bitmap, 0x0);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, Flags, 0x10);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, Hint, 0x14);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, BasePte, 0x18);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, FailureCount, 0x20);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, Vm, 0x28);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, TotalSystemPtes, 0x30);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, TotalFreeSystemPtes, 0x34);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, CachedPteCount, 0x38);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, PteFailures, 0x3c);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, GlobalMutex, 0x40);
NT_OFFSET(struct _MI_SYSTEM_PTE_TYPE, SpinLock, 0x40);

struct _MM_SESSION_SPACE_FLAGS {
    ULONG Initialized : 1;
    ULONG DeletePending : 1;
    ULONG PoolInitialized : 1;
    ULONG DynamicVaInitialized : 1;
    ULONG WsInitialized : 1;
    ULONG PoolDestroyed : 1;
    ULONG ObjectInitialized : 1;
    ULONG Filler : 25;
};
typedef struct _MM_SESSION_SPACE_FLAGS MM_SESSION_SPACE_FLAGS;
NT_SIZE(struct _MM_SESSION_SPACE_FLAGS, 0x4);

struct _MM_SESSION_SPACE {
    LONG ReferenceCount;
    union {
        struct _MM_SESSION_SPACE_FLAGS Flags;
        ULONG LongFlags;
    } u;
    ULONG SessionId;
    LONG ProcessReferenceToSession;
    struct _LIST_ENTRY ProcessList;
    union _LARGE_INTEGER LastProcessSwappedOutTime;
    ULONG64 SessionPageDirectoryIndex;
    ULONG64 NonPagablePages;
    ULONG64 CommittedPages;
    KPTR(void) PagedPoolStart;
    KPTR(void) PagedPoolEnd;
    KPTR(void) SessionObject;
    KPTR(void) SessionObjectHandle;
    LONG ResidentProcessCount;
    ULONG SessionPoolAllocationFailures[4];
    struct _LIST_ENTRY ImageList;
    ULONG LocaleId;
    ULONG AttachCount;
    struct _KGATE AttachGate;
    struct _LIST_ENTRY WsListEntry;
    ULONG64 : 64;
    struct _GENERAL_LOOKASIDE Lookaside[21];
    struct _MMSESSION Session;
    struct _MM_PAGED_POOL_INFO PagedPoolInfo;
    struct _MMSUPPORT Vm;
    KPTR(struct _MMWSLE) Wsle;
    KFUNC DriverUnload;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    struct _POOL_DESCRIPTOR PagedPool;
    struct _MMPTE PageDirectory;
    struct _KGUARDED_MUTEX SessionVaLock;
    struct _RTL_BITMAP DynamicVaBitMap;
    ULONG DynamicVaHint;
    struct _MI_SPECIAL_POOL SpecialPool;
    struct _KGUARDED_MUTEX SessionPteLock;
    LONG PoolBigEntriesInUse;
    ULONG PagedPoolPdeCount;
    ULONG SpecialPoolPdeCount;
    ULONG DynamicSessionPdeCount;
    struct _MI_SYSTEM_PTE_TYPE SystemPteInfo;
    KPTR(void) PoolTrackTableExpansion;
    ULONG64 PoolTrackTableExpansionSize;
    KPTR(void) PoolTrackBigPages;
    ULONG64 PoolTrackBigPagesSize;
    enum _IO_SESSION_STATE IoState;
    ULONG IoStateSequence;
    struct _KEVENT IoNotificationEvent;
    KPTR(struct _PS_CPU_QUOTA_BLOCK) CpuQuotaBlock;
    ULONG64 : 64;
};
typedef struct _MM_SESSION_SPACE MM_SESSION_SPACE;
NT_SIZE(struct _MM_SESSION_SPACE, 0x1f80);
NT_OFFSET(struct _MM_SESSION_SPACE, ReferenceCount, 0x0);
NT_OFFSET(struct _MM_SESSION_SPACE, u, 0x4);
NT_OFFSET(struct _MM_SESSION_SPACE, SessionId, 0x8);
NT_OFFSET(struct _MM_SESSION_SPACE, ProcessReferenceToSession, 0xc);
NT_OFFSET(struct _MM_SESSION_SPACE, ProcessList, 0x10);
NT_OFFSET(struct _MM_SESSION_SPACE, LastProcessSwappedOutTime, 0x20);
NT_OFFSET(struct _MM_SESSION_SPACE, SessionPageDirectoryIndex, 0x28);
NT_OFFSET(struct _MM_SESSION_SPACE, NonPagablePages, 0x30);
NT_OFFSET(struct _MM_SESSION_SPACE, CommittedPages, 0x38);
NT_OFFSET(struct _MM_SESSION_SPACE, PagedPoolStart, 0x40);
NT_OFFSET(struct _MM_SESSION_SPACE, PagedPoolEnd, 0x48);
NT_OFFSET(struct _MM_SESSION_SPACE, SessionObject, 0x50);
NT_OFFSET(struct _MM_SESSION_SPACE, SessionObjectHandle, 0x58);
NT_OFFSET(struct _MM_SESSION_SPACE, ResidentProcessCount, 0x60);
NT_OFFSET(struct _MM_SESSION_SPACE, SessionPoolAllocationFailures, 0x64);
NT_OFFSET(struct _MM_SESSION_SPACE, ImageList, 0x78);
NT_OFFSET(struct _MM_SESSION_SPACE, LocaleId, 0x88);
NT_OFFSET(struct _MM_SESSION_SPACE, AttachCount, 0x8c);
NT_OFFSET(struct _MM_SESSION_SPACE, AttachGate, 0x90);
NT_OFFSET(struct _MM_SESSION_SPACE, WsListEntry, 0xa8);
NT_OFFSET(struct _MM_SESSION_SPACE, Lookaside, 0xc0);
NT_OFFSET(struct _MM_SESSION_SPACE, Session, 0xb40);
NT_OFFSET(struct _MM_SESSION_SPACE, PagedPoolInfo, 0xb98);
NT_OFFSET(struct _MM_SESSION_SPACE, Vm, 0xc00);
NT_OFFSET(struct _MM_SESSION_SPACE, Wsle, 0xc88);
NT_OFFSET(struct _MM_SESSION_SPACE, DriverUnload, 0xc90);
NT_OFFSET(struct _MM_SESSION_SPACE, PagedPool, 0xcc0);
NT_OFFSET(struct _MM_SESSION_SPACE, PageDirectory, 0x1e00);
NT_OFFSET(struct _MM_SESSION_SPACE, SessionVaLock, 0x1e08);
NT_OFFSET(struct _MM_SESSION_SPACE, DynamicVaBitMap, 0x1e40);
NT_OFFSET(struct _MM_SESSION_SPACE, DynamicVaHint, 0x1e50);
NT_OFFSET(struct _MM_SESSION_SPACE, SpecialPool, 0x1e58);
NT_OFFSET(struct _MM_SESSION_SPACE, SessionPteLock, 0x1ea0);
NT_OFFSET(struct _MM_SESSION_SPACE, PoolBigEntriesInUse, 0x1ed8);
NT_OFFSET(struct _MM_SESSION_SPACE, PagedPoolPdeCount, 0x1edc);
NT_OFFSET(struct _MM_SESSION_SPACE, SpecialPoolPdeCount, 0x1ee0);
NT_OFFSET(struct _MM_SESSION_SPACE, DynamicSessionPdeCount, 0x1ee4);
NT_OFFSET(struct _MM_SESSION_SPACE, SystemPteInfo, 0x1ee8);
NT_OFFSET(struct _MM_SESSION_SPACE, PoolTrackTableExpansion, 0x1f30);
NT_OFFSET(struct _MM_SESSION_SPACE, PoolTrackTableExpansionSize, 0x1f38);
NT_OFFSET(struct _MM_SESSION_SPACE, PoolTrackBigPages, 0x1f40);
NT_OFFSET(struct _MM_SESSION_SPACE, PoolTrackBigPagesSize, 0x1f48);
NT_OFFSET(struct _MM_SESSION_SPACE, IoState, 0x1f50);
NT_OFFSET(struct _MM_SESSION_SPACE, IoStateSequence, 0x1f54);
NT_OFFSET(struct _MM_SESSION_SPACE, IoNotificationEvent, 0x1f58);
NT_OFFSET(struct _MM_SESSION_SPACE, CpuQuotaBlock, 0x1f70);

enum _MI_SYSTEM_VA_TYPE {
    MiVaUnused = 0,
    MiVaSessionSpace = 1,
    MiVaProcessSpace = 2,
    MiVaBootLoaded = 3,
    MiVaPfnDatabase = 4,
    MiVaNonPagedPool = 5,
    MiVaPagedPool = 6,
    MiVaSpecialPoolPaged = 7,
    MiVaSystemCache = 8,
    MiVaSystemPtes = 9,
    MiVaHal = 10,
    MiVaSessionGlobalSpace = 11,
    MiVaDriverImages = 12,
    MiVaSpecialPoolNonPaged = 13,
    MiVaMaximumType = 14,
};
typedef enum _MI_SYSTEM_VA_TYPE MI_SYSTEM_VA_TYPE;

enum _MEMORY_CACHING_TYPE {
    MmNonCached = 0,
    MmCached = 1,
    MmWriteCombined = 2,
    MmHardwareCoherentCached = 3,
    MmNonCachedUnordered = 4,
    MmUSWCCached = 5,
    MmMaximumCacheType = 6,
};
typedef enum _MEMORY_CACHING_TYPE MEMORY_CACHING_TYPE;

enum _MI_PFN_CACHE_ATTRIBUTE {
    MiNonCached = 0,
    MiCached = 1,
    MiWriteCombined = 2,
    MiNotMapped = 3,
};
typedef enum _MI_PFN_CACHE_ATTRIBUTE MI_PFN_CACHE_ATTRIBUTE;

enum _MI_STORE_BIT_TYPE {
    MiStoreBitTypeInStore = 0,
    MiStoreBitTypeEvicted = 1,
    MiStoreBitTypeMax = 2,
};
typedef enum _MI_STORE_BIT_TYPE MI_STORE_BIT_TYPE;

struct _PRIVATE_CACHE_MAP_FLAGS {
    ULONG DontUse : 16;
    ULONG ReadAheadActive : 1;
    ULONG ReadAheadEnabled : 1;
    ULONG PagePriority : 3;
    ULONG Available : 11;
};
typedef struct _PRIVATE_CACHE_MAP_FLAGS PRIVATE_CACHE_MAP_FLAGS;
NT_SIZE(struct _PRIVATE_CACHE_MAP_FLAGS, 0x4);

struct _PRIVATE_CACHE_MAP {
    union {
        struct _PRIVATE_CACHE_MAP_FLAGS Flags;
        ULONG UlongFlags;
        SHORT NodeTypeCode;
    };
    ULONG ReadAheadMask;
    KPTR(struct _FILE_OBJECT) FileObject;
    union _LARGE_INTEGER FileOffset1;
    union _LARGE_INTEGER BeyondLastByte1;
    union _LARGE_INTEGER FileOffset2;
    union _LARGE_INTEGER BeyondLastByte2;
    ULONG SequentialReadCount;
    ULONG ReadAheadLength;
    union _LARGE_INTEGER ReadAheadOffset;
    union _LARGE_INTEGER ReadAheadBeyondLastByte;
    ULONG64 ReadAheadSpinLock;
    struct _LIST_ENTRY PrivateLinks;
    KPTR(void) ReadAheadWorkItem;
};
typedef struct _PRIVATE_CACHE_MAP PRIVATE_CACHE_MAP;
NT_SIZE(struct _PRIVATE_CACHE_MAP, 0x68);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, Flags, 0x0);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, NodeTypeCode, 0x0);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, UlongFlags, 0x0);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, ReadAheadMask, 0x4);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, FileObject, 0x8);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, FileOffset1, 0x10);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, BeyondLastByte1, 0x18);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, FileOffset2, 0x20);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, BeyondLastByte2, 0x28);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, SequentialReadCount, 0x30);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, ReadAheadLength, 0x34);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, ReadAheadOffset, 0x38);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, ReadAheadBeyondLastByte, 0x40);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, ReadAheadSpinLock, 0x48);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, PrivateLinks, 0x50);
NT_OFFSET(struct _PRIVATE_CACHE_MAP, ReadAheadWorkItem, 0x60);

struct _SHARED_CACHE_MAP {
    SHORT NodeTypeCode;
    SHORT NodeByteSize;
    ULONG OpenCount;
    union _LARGE_INTEGER FileSize;
    struct _LIST_ENTRY BcbList;
    union _LARGE_INTEGER SectionSize;
    union _LARGE_INTEGER ValidDataLength;
    union _LARGE_INTEGER ValidDataGoal;
    KPTR(struct _VACB) InitialVacbs[4];
    KPTR(KPTR(struct _VACB)) Vacbs;
    struct _EX_FAST_REF FileObjectFastRef;
    struct _EX_PUSH_LOCK VacbLock;
    ULONG DirtyPages;
    struct _LIST_ENTRY LoggedStreamLinks;
    struct _LIST_ENTRY SharedCacheMapLinks;
    ULONG Flags;
    LONG Status;
    KPTR(struct _MBCB) Mbcb;
    KPTR(void) Section;
    KPTR(struct _KEVENT) CreateEvent;
    KPTR(struct _KEVENT) WaitOnActiveCount;
    ULONG PagesToWrite;
    LONG64 BeyondLastFlush;
    KPTR(struct _CACHE_MANAGER_CALLBACKS) Callbacks;
    KPTR(void) LazyWriteContext;
    struct _LIST_ENTRY PrivateList;
    KPTR(void) LogHandle;
    KFUNC FlushToLsnRoutine;
    ULONG DirtyPageThreshold;
    ULONG LazyWritePassCount;
    KPTR(struct _CACHE_UNINITIALIZE_EVENT) UninitializeEvent;
    struct _KGUARDED_MUTEX BcbLock;
    union _LARGE_INTEGER LastUnmapBehindOffset;
    struct _KEVENT Event;
    union _LARGE_INTEGER HighWaterMappingOffset;
    struct _PRIVATE_CACHE_MAP PrivateCacheMap;
    KPTR(void) WriteBehindWorkQueueEntry;
    KPTR(struct _VOLUME_CACHE_MAP) VolumeCacheMap;
    ULONG ProcImagePathHash;
    ULONG WritesInProgress;
    ULONG PipelinedReadAheadSize;
};
typedef struct _SHARED_CACHE_MAP SHARED_CACHE_MAP;
NT_SIZE(struct _SHARED_CACHE_MAP, 0x1f8);
NT_OFFSET(struct _SHARED_CACHE_MAP, NodeTypeCode, 0x0);
NT_OFFSET(struct _SHARED_CACHE_MAP, NodeByteSize, 0x2);
NT_OFFSET(struct _SHARED_CACHE_MAP, OpenCount, 0x4);
NT_OFFSET(struct _SHARED_CACHE_MAP, FileSize, 0x8);
NT_OFFSET(struct _SHARED_CACHE_MAP, BcbList, 0x10);
NT_OFFSET(struct _SHARED_CACHE_MAP, SectionSize, 0x20);
NT_OFFSET(struct _SHARED_CACHE_MAP, ValidDataLength, 0x28);
NT_OFFSET(struct _SHARED_CACHE_MAP, ValidDataGoal, 0x30);
NT_OFFSET(struct _SHARED_CACHE_MAP, InitialVacbs, 0x38);
NT_OFFSET(struct _SHARED_CACHE_MAP, Vacbs, 0x58);
NT_OFFSET(struct _SHARED_CACHE_MAP, FileObjectFastRef, 0x60);
NT_OFFSET(struct _SHARED_CACHE_MAP, VacbLock, 0x68);
NT_OFFSET(struct _SHARED_CACHE_MAP, DirtyPages, 0x70);
NT_OFFSET(struct _SHARED_CACHE_MAP, LoggedStreamLinks, 0x78);
NT_OFFSET(struct _SHARED_CACHE_MAP, SharedCacheMapLinks, 0x88);
NT_OFFSET(struct _SHARED_CACHE_MAP, Flags, 0x98);
NT_OFFSET(struct _SHARED_CACHE_MAP, Status, 0x9c);
NT_OFFSET(struct _SHARED_CACHE_MAP, Mbcb, 0xa0);
NT_OFFSET(struct _SHARED_CACHE_MAP, Section, 0xa8);
NT_OFFSET(struct _SHARED_CACHE_MAP, CreateEvent, 0xb0);
NT_OFFSET(struct _SHARED_CACHE_MAP, WaitOnActiveCount, 0xb8);
NT_OFFSET(struct _SHARED_CACHE_MAP, PagesToWrite, 0xc0);
NT_OFFSET(struct _SHARED_CACHE_MAP, BeyondLastFlush, 0xc8);
NT_OFFSET(struct _SHARED_CACHE_MAP, Callbacks, 0xd0);
NT_OFFSET(struct _SHARED_CACHE_MAP, LazyWriteContext, 0xd8);
NT_OFFSET(struct _SHARED_CACHE_MAP, PrivateList, 0xe0);
NT_OFFSET(struct _SHARED_CACHE_MAP, LogHandle, 0xf0);
NT_OFFSET(struct _SHARED_CACHE_MAP, FlushToLsnRoutine, 0xf8);
NT_OFFSET(struct _SHARED_CACHE_MAP, DirtyPageThreshold, 0x100);
NT_OFFSET(struct _SHARED_CACHE_MAP, LazyWritePassCount, 0x104);
NT_OFFSET(struct _SHARED_CACHE_MAP, UninitializeEvent, 0x108);
NT_OFFSET(struct _SHARED_CACHE_MAP, BcbLock, 0x110);
NT_OFFSET(struct _SHARED_CACHE_MAP, LastUnmapBehindOffset, 0x148);
NT_OFFSET(struct _SHARED_CACHE_MAP, Event, 0x150);
NT_OFFSET(struct _SHARED_CACHE_MAP, HighWaterMappingOffset, 0x168);
NT_OFFSET(struct _SHARED_CACHE_MAP, PrivateCacheMap, 0x170);
NT_OFFSET(struct _SHARED_CACHE_MAP, WriteBehindWorkQueueEntry, 0x1d8);
NT_OFFSET(struct _SHARED_CACHE_MAP, VolumeCacheMap, 0x1e0);
NT_OFFSET(struct _SHARED_CACHE_MAP, ProcImagePathHash, 0x1e8);
NT_OFFSET(struct _SHARED_CACHE_MAP, WritesInProgress, 0x1ec);
NT_OFFSET(struct _SHARED_CACHE_MAP, PipelinedReadAheadSize, 0x1f0);

struct _VACB {
    KPTR(void) BaseAddress;
    KPTR(struct _SHARED_CACHE_MAP) SharedCacheMap;
    union {
        union _LARGE_INTEGER FileOffset;
        USHORT ActiveCount;
    } Overlay;
    struct _LIST_ENTRY Links;
    KPTR(struct _VACB_ARRAY_HEADER) ArrayHead;
};
typedef struct _VACB VACB;
NT_SIZE(struct _VACB, 0x30);
NT_OFFSET(struct _VACB, BaseAddress, 0x0);
NT_OFFSET(struct _VACB, SharedCacheMap, 0x8);
NT_OFFSET(struct _VACB, Overlay, 0x10);
NT_OFFSET(struct _VACB, Links, 0x18);
NT_OFFSET(struct _VACB, ArrayHead, 0x28);
