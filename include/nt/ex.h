/* include/nt/ex.h: Executive: push locks, rundown, fast references, resources, pool, handle tables.
 *
 * Layout of Windows 7 SP1 x64, build 7601.17514, asserted member by member.
 * Written by tools/gen_nt_headers.py; edit that, not this. */
#pragma once

#include "nt/rtl.h"
#include "nt/types.h"

struct _EPROCESS;
struct _HANDLE_TABLE_ENTRY;
struct _HANDLE_TABLE_ENTRY_INFO;
struct _HANDLE_TRACE_DEBUG_INFO;
struct _KEVENT;
struct _KSEMAPHORE;
struct _KTHREAD;
struct _OWNER_ENTRY;

struct _EX_PUSH_LOCK {
    union {
        struct {
            ULONG64 Locked : 1;
            ULONG64 Waiting : 1;
            ULONG64 Waking : 1;
            ULONG64 MultipleShared : 1;
            ULONG64 Shared : 60;
        };
        KPTR(void) Ptr;
        ULONG64 Value;
    };
};
typedef struct _EX_PUSH_LOCK EX_PUSH_LOCK;
NT_SIZE(struct _EX_PUSH_LOCK, 0x8);
NT_OFFSET(struct _EX_PUSH_LOCK, Ptr, 0x0);
NT_OFFSET(struct _EX_PUSH_LOCK, Value, 0x0);

struct _EX_RUNDOWN_REF {
    union {
        ULONG64 Count;
        KPTR(void) Ptr;
    };
};
typedef struct _EX_RUNDOWN_REF EX_RUNDOWN_REF;
NT_SIZE(struct _EX_RUNDOWN_REF, 0x8);
NT_OFFSET(struct _EX_RUNDOWN_REF, Count, 0x0);
NT_OFFSET(struct _EX_RUNDOWN_REF, Ptr, 0x0);

struct _EX_FAST_REF {
    union {
        KPTR(void) Object;
        ULONG64 RefCnt : 4;
        ULONG64 Value;
    };
};
typedef struct _EX_FAST_REF EX_FAST_REF;
NT_SIZE(struct _EX_FAST_REF, 0x8);
NT_OFFSET(struct _EX_FAST_REF, Object, 0x0);
NT_OFFSET(struct _EX_FAST_REF, Value, 0x0);

struct _OWNER_ENTRY {
    ULONG64 OwnerThread;
    union {
        struct {
            ULONG IoPriorityBoosted : 1;
            ULONG OwnerReferenced : 1;
            ULONG OwnerCount : 30;
        };
        ULONG TableSize;
    };
};
typedef struct _OWNER_ENTRY OWNER_ENTRY;
NT_SIZE(struct _OWNER_ENTRY, 0x10);
NT_OFFSET(struct _OWNER_ENTRY, OwnerThread, 0x0);
NT_OFFSET(struct _OWNER_ENTRY, TableSize, 0x8);

struct _ERESOURCE {
    struct _LIST_ENTRY SystemResourcesList;
    KPTR(struct _OWNER_ENTRY) OwnerTable;
    SHORT ActiveCount;
    USHORT Flag;
    KPTR(struct _KSEMAPHORE) SharedWaiters;
    KPTR(struct _KEVENT) ExclusiveWaiters;
    struct _OWNER_ENTRY OwnerEntry;
    ULONG ActiveEntries;
    ULONG ContentionCount;
    ULONG NumberOfSharedWaiters;
    ULONG NumberOfExclusiveWaiters;
    KPTR(void) Reserved2;
    union {
        KPTR(void) Address;
        ULONG64 CreatorBackTraceIndex;
    };
    ULONG64 SpinLock;
};
typedef struct _ERESOURCE ERESOURCE;
NT_SIZE(struct _ERESOURCE, 0x68);
NT_OFFSET(struct _ERESOURCE, SystemResourcesList, 0x0);
NT_OFFSET(struct _ERESOURCE, OwnerTable, 0x10);
NT_OFFSET(struct _ERESOURCE, ActiveCount, 0x18);
NT_OFFSET(struct _ERESOURCE, Flag, 0x1a);
NT_OFFSET(struct _ERESOURCE, SharedWaiters, 0x20);
NT_OFFSET(struct _ERESOURCE, ExclusiveWaiters, 0x28);
NT_OFFSET(struct _ERESOURCE, OwnerEntry, 0x30);
NT_OFFSET(struct _ERESOURCE, ActiveEntries, 0x40);
NT_OFFSET(struct _ERESOURCE, ContentionCount, 0x44);
NT_OFFSET(struct _ERESOURCE, NumberOfSharedWaiters, 0x48);
NT_OFFSET(struct _ERESOURCE, NumberOfExclusiveWaiters, 0x4c);
NT_OFFSET(struct _ERESOURCE, Reserved2, 0x50);
NT_OFFSET(struct _ERESOURCE, Address, 0x58);
NT_OFFSET(struct _ERESOURCE, CreatorBackTraceIndex, 0x58);
NT_OFFSET(struct _ERESOURCE, SpinLock, 0x60);

struct _POOL_HEADER {
    union {
        struct {
            ULONG PreviousSize : 8;
            ULONG PoolIndex : 8;
            ULONG BlockSize : 8;
            ULONG PoolType : 8;
        };
        ULONG Ulong1;
    };
    ULONG PoolTag;
    union {
        KPTR(struct _EPROCESS) ProcessBilled;
        struct {
            USHORT AllocatorBackTraceIndex;
            USHORT PoolTagHash;
        };
    };
};
typedef struct _POOL_HEADER POOL_HEADER;
NT_SIZE(struct _POOL_HEADER, 0x10);
NT_OFFSET(struct _POOL_HEADER, Ulong1, 0x0);
NT_OFFSET(struct _POOL_HEADER, PoolTag, 0x4);
NT_OFFSET(struct _POOL_HEADER, AllocatorBackTraceIndex, 0x8);
NT_OFFSET(struct _POOL_HEADER, ProcessBilled, 0x8);
NT_OFFSET(struct _POOL_HEADER, PoolTagHash, 0xa);

enum _POOL_TYPE {
    NonPagedPool = 0,
    PagedPool = 1,
    NonPagedPoolMustSucceed = 2,
    DontUseThisType = 3,
    NonPagedPoolCacheAligned = 4,
    PagedPoolCacheAligned = 5,
    NonPagedPoolCacheAlignedMustS = 6,
    MaxPoolType = 7,
    NonPagedPoolSession = 32,
    PagedPoolSession = 33,
    NonPagedPoolMustSucceedSession = 34,
    DontUseThisTypeSession = 35,
    NonPagedPoolCacheAlignedSession = 36,
    PagedPoolCacheAlignedSession = 37,
    NonPagedPoolCacheAlignedMustSSession = 38,
};
typedef enum _POOL_TYPE POOL_TYPE;

struct _DISPATCHER_HEADER {
    union {
        LONG Lock;
        struct {
            UCHAR Type;
            UCHAR Abandoned;
            UCHAR CpuThrottled : 1;
            UCHAR CycleProfiling : 1;
            UCHAR CounterProfiling : 1;
            UCHAR Reserved : 5;
            UCHAR ActiveDR7 : 1;
            UCHAR Instrumented : 1;
            UCHAR Reserved2 : 4;
            UCHAR Inserted : 1;
            UCHAR Expired : 1;
        };
        struct {
            UCHAR : 8;
            UCHAR Absolute : 1;
            UCHAR Coalescable : 1;
            UCHAR KeepShifting : 1;
            UCHAR EncodedTolerableDelay : 5;
            UCHAR Hand;
            UCHAR DebugActive;
        };
        struct {
            UCHAR : 8;
            UCHAR Signalling;
            UCHAR Size;
            UCHAR DpcActive;
        };
        struct {
            UCHAR : 8;
            UCHAR TimerControlFlags;
            UCHAR ThreadControlFlags;
            UCHAR Index : 6;
            UCHAR UmsScheduled : 1;
            UCHAR UmsPrimary : 1;
        };
        struct {
            USHORT : 16;
            UCHAR : 8;
            UCHAR TimerMiscFlags;
        };
    };
    LONG SignalState;
    struct _LIST_ENTRY WaitListHead;
};
typedef struct _DISPATCHER_HEADER DISPATCHER_HEADER;
NT_SIZE(struct _DISPATCHER_HEADER, 0x18);
NT_OFFSET(struct _DISPATCHER_HEADER, Lock, 0x0);
NT_OFFSET(struct _DISPATCHER_HEADER, Type, 0x0);
NT_OFFSET(struct _DISPATCHER_HEADER, Abandoned, 0x1);
NT_OFFSET(struct _DISPATCHER_HEADER, Signalling, 0x1);
NT_OFFSET(struct _DISPATCHER_HEADER, TimerControlFlags, 0x1);
NT_OFFSET(struct _DISPATCHER_HEADER, Hand, 0x2);
NT_OFFSET(struct _DISPATCHER_HEADER, Size, 0x2);
NT_OFFSET(struct _DISPATCHER_HEADER, ThreadControlFlags, 0x2);
NT_OFFSET(struct _DISPATCHER_HEADER, DebugActive, 0x3);
NT_OFFSET(struct _DISPATCHER_HEADER, DpcActive, 0x3);
NT_OFFSET(struct _DISPATCHER_HEADER, TimerMiscFlags, 0x3);
NT_OFFSET(struct _DISPATCHER_HEADER, SignalState, 0x4);
NT_OFFSET(struct _DISPATCHER_HEADER, WaitListHead, 0x8);

struct _KGATE {
    struct _DISPATCHER_HEADER Header;
};
typedef struct _KGATE KGATE;
NT_SIZE(struct _KGATE, 0x18);
NT_OFFSET(struct _KGATE, Header, 0x0);

struct _KGUARDED_MUTEX {
    LONG Count;
    KPTR(struct _KTHREAD) Owner;
    ULONG Contention;
    struct _KGATE Gate;
    union {
        ULONG CombinedApcDisable;
        struct {
            SHORT KernelApcDisable;
            SHORT SpecialApcDisable;
        };
    };
};
typedef struct _KGUARDED_MUTEX KGUARDED_MUTEX;
NT_SIZE(struct _KGUARDED_MUTEX, 0x38);
NT_OFFSET(struct _KGUARDED_MUTEX, Count, 0x0);
NT_OFFSET(struct _KGUARDED_MUTEX, Owner, 0x8);
NT_OFFSET(struct _KGUARDED_MUTEX, Contention, 0x10);
NT_OFFSET(struct _KGUARDED_MUTEX, Gate, 0x18);
NT_OFFSET(struct _KGUARDED_MUTEX, CombinedApcDisable, 0x30);
NT_OFFSET(struct _KGUARDED_MUTEX, KernelApcDisable, 0x30);
NT_OFFSET(struct _KGUARDED_MUTEX, SpecialApcDisable, 0x32);

struct _POOL_DESCRIPTOR {
    enum _POOL_TYPE PoolType;
    union {
        struct _KGUARDED_MUTEX PagedLock;
        ULONG64 NonPagedLock;
    };
    LONG RunningAllocs;
    LONG RunningDeAllocs;
    LONG TotalBigPages;
    LONG ThreadsProcessingDeferrals;
    ULONG64 TotalBytes;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG PoolIndex;
    ULONG : 32;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    LONG TotalPages;
    ULONG : 32;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    KPTR(KPTR(void)) PendingFrees;
    LONG PendingFreeDepth;
    ULONG : 32;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    struct _LIST_ENTRY ListHeads[256];
};
typedef struct _POOL_DESCRIPTOR POOL_DESCRIPTOR;
NT_SIZE(struct _POOL_DESCRIPTOR, 0x1140);
NT_OFFSET(struct _POOL_DESCRIPTOR, PoolType, 0x0);
NT_OFFSET(struct _POOL_DESCRIPTOR, NonPagedLock, 0x8);
NT_OFFSET(struct _POOL_DESCRIPTOR, PagedLock, 0x8);
NT_OFFSET(struct _POOL_DESCRIPTOR, RunningAllocs, 0x40);
NT_OFFSET(struct _POOL_DESCRIPTOR, RunningDeAllocs, 0x44);
NT_OFFSET(struct _POOL_DESCRIPTOR, TotalBigPages, 0x48);
NT_OFFSET(struct _POOL_DESCRIPTOR, ThreadsProcessingDeferrals, 0x4c);
NT_OFFSET(struct _POOL_DESCRIPTOR, TotalBytes, 0x50);
NT_OFFSET(struct _POOL_DESCRIPTOR, PoolIndex, 0x80);
NT_OFFSET(struct _POOL_DESCRIPTOR, TotalPages, 0xc0);
NT_OFFSET(struct _POOL_DESCRIPTOR, PendingFrees, 0x100);
NT_OFFSET(struct _POOL_DESCRIPTOR, PendingFreeDepth, 0x108);
NT_OFFSET(struct _POOL_DESCRIPTOR, ListHeads, 0x140);

struct _POOL_TRACKER_TABLE {
    LONG Key;
    LONG NonPagedAllocs;
    LONG NonPagedFrees;
    ULONG64 NonPagedBytes;
    ULONG PagedAllocs;
    ULONG PagedFrees;
    ULONG64 PagedBytes;
};
typedef struct _POOL_TRACKER_TABLE POOL_TRACKER_TABLE;
NT_SIZE(struct _POOL_TRACKER_TABLE, 0x28);
NT_OFFSET(struct _POOL_TRACKER_TABLE, Key, 0x0);
NT_OFFSET(struct _POOL_TRACKER_TABLE, NonPagedAllocs, 0x4);
NT_OFFSET(struct _POOL_TRACKER_TABLE, NonPagedFrees, 0x8);
NT_OFFSET(struct _POOL_TRACKER_TABLE, NonPagedBytes, 0x10);
NT_OFFSET(struct _POOL_TRACKER_TABLE, PagedAllocs, 0x18);
NT_OFFSET(struct _POOL_TRACKER_TABLE, PagedFrees, 0x1c);
NT_OFFSET(struct _POOL_TRACKER_TABLE, PagedBytes, 0x20);

struct _POOL_TRACKER_BIG_PAGES {
    KPTR(void) Va;
    ULONG Key;
    ULONG PoolType;
    ULONG64 NumberOfBytes;
};
typedef struct _POOL_TRACKER_BIG_PAGES POOL_TRACKER_BIG_PAGES;
NT_SIZE(struct _POOL_TRACKER_BIG_PAGES, 0x18);
NT_OFFSET(struct _POOL_TRACKER_BIG_PAGES, Va, 0x0);
NT_OFFSET(struct _POOL_TRACKER_BIG_PAGES, Key, 0x8);
NT_OFFSET(struct _POOL_TRACKER_BIG_PAGES, PoolType, 0xc);
NT_OFFSET(struct _POOL_TRACKER_BIG_PAGES, NumberOfBytes, 0x10);

struct _GENERAL_LOOKASIDE {
    union {
        union _SLIST_HEADER ListHead;
        struct _SINGLE_LIST_ENTRY SingleListHead;
    };
    USHORT Depth;
    USHORT MaximumDepth;
    ULONG TotalAllocates;
    union {
        ULONG AllocateHits;
        ULONG AllocateMisses;
    };
    ULONG TotalFrees;
    union {
        ULONG FreeHits;
        ULONG FreeMisses;
    };
    enum _POOL_TYPE Type;
    ULONG Tag;
    ULONG Size;
    union {
        KFUNC Allocate;
        KFUNC AllocateEx;
    };
    union {
        KFUNC Free;
        KFUNC FreeEx;
    };
    struct _LIST_ENTRY ListEntry;
    ULONG LastTotalAllocates;
    union {
        ULONG LastAllocateHits;
        ULONG LastAllocateMisses;
    };
    ULONG Future[2];
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
};
typedef struct _GENERAL_LOOKASIDE GENERAL_LOOKASIDE;
NT_SIZE(struct _GENERAL_LOOKASIDE, 0x80);
NT_OFFSET(struct _GENERAL_LOOKASIDE, ListHead, 0x0);
NT_OFFSET(struct _GENERAL_LOOKASIDE, SingleListHead, 0x0);
NT_OFFSET(struct _GENERAL_LOOKASIDE, Depth, 0x10);
NT_OFFSET(struct _GENERAL_LOOKASIDE, MaximumDepth, 0x12);
NT_OFFSET(struct _GENERAL_LOOKASIDE, TotalAllocates, 0x14);
NT_OFFSET(struct _GENERAL_LOOKASIDE, AllocateHits, 0x18);
NT_OFFSET(struct _GENERAL_LOOKASIDE, AllocateMisses, 0x18);
NT_OFFSET(struct _GENERAL_LOOKASIDE, TotalFrees, 0x1c);
NT_OFFSET(struct _GENERAL_LOOKASIDE, FreeHits, 0x20);
NT_OFFSET(struct _GENERAL_LOOKASIDE, FreeMisses, 0x20);
NT_OFFSET(struct _GENERAL_LOOKASIDE, Type, 0x24);
NT_OFFSET(struct _GENERAL_LOOKASIDE, Tag, 0x28);
NT_OFFSET(struct _GENERAL_LOOKASIDE, Size, 0x2c);
NT_OFFSET(struct _GENERAL_LOOKASIDE, Allocate, 0x30);
NT_OFFSET(struct _GENERAL_LOOKASIDE, AllocateEx, 0x30);
NT_OFFSET(struct _GENERAL_LOOKASIDE, Free, 0x38);
NT_OFFSET(struct _GENERAL_LOOKASIDE, FreeEx, 0x38);
NT_OFFSET(struct _GENERAL_LOOKASIDE, ListEntry, 0x40);
NT_OFFSET(struct _GENERAL_LOOKASIDE, LastTotalAllocates, 0x50);
NT_OFFSET(struct _GENERAL_LOOKASIDE, LastAllocateHits, 0x54);
NT_OFFSET(struct _GENERAL_LOOKASIDE, LastAllocateMisses, 0x54);
NT_OFFSET(struct _GENERAL_LOOKASIDE, Future, 0x58);

struct _GENERAL_LOOKASIDE_POOL {
    union {
        union _SLIST_HEADER ListHead;
        struct _SINGLE_LIST_ENTRY SingleListHead;
    };
    USHORT Depth;
    USHORT MaximumDepth;
    ULONG TotalAllocates;
    union {
        ULONG AllocateHits;
        ULONG AllocateMisses;
    };
    ULONG TotalFrees;
    union {
        ULONG FreeHits;
        ULONG FreeMisses;
    };
    enum _POOL_TYPE Type;
    ULONG Tag;
    ULONG Size;
    union {
        KFUNC Allocate;
        KFUNC AllocateEx;
    };
    union {
        KFUNC Free;
        KFUNC FreeEx;
    };
    struct _LIST_ENTRY ListEntry;
    ULONG LastTotalAllocates;
    union {
        ULONG LastAllocateHits;
        ULONG LastAllocateMisses;
    };
    ULONG Future[2];
};
typedef struct _GENERAL_LOOKASIDE_POOL GENERAL_LOOKASIDE_POOL;
NT_SIZE(struct _GENERAL_LOOKASIDE_POOL, 0x60);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, ListHead, 0x0);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, SingleListHead, 0x0);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, Depth, 0x10);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, MaximumDepth, 0x12);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, TotalAllocates, 0x14);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, AllocateHits, 0x18);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, AllocateMisses, 0x18);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, TotalFrees, 0x1c);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, FreeHits, 0x20);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, FreeMisses, 0x20);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, Type, 0x24);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, Tag, 0x28);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, Size, 0x2c);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, Allocate, 0x30);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, AllocateEx, 0x30);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, Free, 0x38);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, FreeEx, 0x38);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, ListEntry, 0x40);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, LastTotalAllocates, 0x50);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, LastAllocateHits, 0x54);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, LastAllocateMisses, 0x54);
NT_OFFSET(struct _GENERAL_LOOKASIDE_POOL, Future, 0x58);

struct _HANDLE_TABLE {
    ULONG64 TableCode;
    KPTR(struct _EPROCESS) QuotaProcess;
    KPTR(void) UniqueProcessId;
    struct _EX_PUSH_LOCK HandleLock;
    struct _LIST_ENTRY HandleTableList;
    struct _EX_PUSH_LOCK HandleContentionEvent;
    KPTR(struct _HANDLE_TRACE_DEBUG_INFO) DebugInfo;
    LONG ExtraInfoPages;
    union {
        ULONG Flags;
        UCHAR StrictFIFO : 1;
    };
    ULONG FirstFreeHandle;
    KPTR(struct _HANDLE_TABLE_ENTRY) LastFreeHandleEntry;
    ULONG HandleCount;
    ULONG NextHandleNeedingPool;
    ULONG HandleCountHighWatermark;
};
typedef struct _HANDLE_TABLE HANDLE_TABLE;
NT_SIZE(struct _HANDLE_TABLE, 0x68);
NT_OFFSET(struct _HANDLE_TABLE, TableCode, 0x0);
NT_OFFSET(struct _HANDLE_TABLE, QuotaProcess, 0x8);
NT_OFFSET(struct _HANDLE_TABLE, UniqueProcessId, 0x10);
NT_OFFSET(struct _HANDLE_TABLE, HandleLock, 0x18);
NT_OFFSET(struct _HANDLE_TABLE, HandleTableList, 0x20);
NT_OFFSET(struct _HANDLE_TABLE, HandleContentionEvent, 0x30);
NT_OFFSET(struct _HANDLE_TABLE, DebugInfo, 0x38);
NT_OFFSET(struct _HANDLE_TABLE, ExtraInfoPages, 0x40);
NT_OFFSET(struct _HANDLE_TABLE, Flags, 0x44);
NT_OFFSET(struct _HANDLE_TABLE, FirstFreeHandle, 0x48);
NT_OFFSET(struct _HANDLE_TABLE, LastFreeHandleEntry, 0x50);
NT_OFFSET(struct _HANDLE_TABLE, HandleCount, 0x58);
NT_OFFSET(struct _HANDLE_TABLE, NextHandleNeedingPool, 0x5c);
NT_OFFSET(struct _HANDLE_TABLE, HandleCountHighWatermark, 0x60);

struct _HANDLE_TABLE_ENTRY {
    union {
        KPTR(struct _HANDLE_TABLE_ENTRY_INFO) InfoTable;
        KPTR(void) Object;
        ULONG64 Value;
        ULONG ObAttributes;
    };
    union {
        ULONG GrantedAccess;
        ULONG NextFreeTableEntry;
        struct {
            USHORT GrantedAccessIndex;
            USHORT CreatorBackTraceIndex;
        };
    };
};
typedef struct _HANDLE_TABLE_ENTRY HANDLE_TABLE_ENTRY;
NT_SIZE(struct _HANDLE_TABLE_ENTRY, 0x10);
NT_OFFSET(struct _HANDLE_TABLE_ENTRY, InfoTable, 0x0);
NT_OFFSET(struct _HANDLE_TABLE_ENTRY, ObAttributes, 0x0);
NT_OFFSET(struct _HANDLE_TABLE_ENTRY, Object, 0x0);
NT_OFFSET(struct _HANDLE_TABLE_ENTRY, Value, 0x0);
NT_OFFSET(struct _HANDLE_TABLE_ENTRY, GrantedAccess, 0x8);
NT_OFFSET(struct _HANDLE_TABLE_ENTRY, GrantedAccessIndex, 0x8);
NT_OFFSET(struct _HANDLE_TABLE_ENTRY, NextFreeTableEntry, 0x8);
NT_OFFSET(struct _HANDLE_TABLE_ENTRY, CreatorBackTraceIndex, 0xa);

struct _HANDLE_TABLE_ENTRY_INFO {
    ULONG AuditMask;
};
typedef struct _HANDLE_TABLE_ENTRY_INFO HANDLE_TABLE_ENTRY_INFO;
NT_SIZE(struct _HANDLE_TABLE_ENTRY_INFO, 0x4);
NT_OFFSET(struct _HANDLE_TABLE_ENTRY_INFO, AuditMask, 0x0);

struct _KEVENT {
    struct _DISPATCHER_HEADER Header;
};
typedef struct _KEVENT KEVENT;
NT_SIZE(struct _KEVENT, 0x18);
NT_OFFSET(struct _KEVENT, Header, 0x0);

struct _FAST_MUTEX {
    LONG Count;
    KPTR(struct _KTHREAD) Owner;
    ULONG Contention;
    struct _KEVENT Event;
    ULONG OldIrql;
};
typedef struct _FAST_MUTEX FAST_MUTEX;
NT_SIZE(struct _FAST_MUTEX, 0x38);
NT_OFFSET(struct _FAST_MUTEX, Count, 0x0);
NT_OFFSET(struct _FAST_MUTEX, Owner, 0x8);
NT_OFFSET(struct _FAST_MUTEX, Contention, 0x10);
NT_OFFSET(struct _FAST_MUTEX, Event, 0x18);
NT_OFFSET(struct _FAST_MUTEX, OldIrql, 0x30);

struct _HANDLE_TRACE_DB_ENTRY {
    struct _CLIENT_ID ClientId;
    KPTR(void) Handle;
    ULONG Type;
    KPTR(void) StackTrace[16];
};
typedef struct _HANDLE_TRACE_DB_ENTRY HANDLE_TRACE_DB_ENTRY;
NT_SIZE(struct _HANDLE_TRACE_DB_ENTRY, 0xa0);
NT_OFFSET(struct _HANDLE_TRACE_DB_ENTRY, ClientId, 0x0);
NT_OFFSET(struct _HANDLE_TRACE_DB_ENTRY, Handle, 0x10);
NT_OFFSET(struct _HANDLE_TRACE_DB_ENTRY, Type, 0x18);
NT_OFFSET(struct _HANDLE_TRACE_DB_ENTRY, StackTrace, 0x20);

struct _HANDLE_TRACE_DEBUG_INFO {
    LONG RefCount;
    ULONG TableSize;
    ULONG BitMaskFlags;
    struct _FAST_MUTEX CloseCompactionLock;
    ULONG CurrentStackIndex;
    struct _HANDLE_TRACE_DB_ENTRY TraceDb[1];
};
typedef struct _HANDLE_TRACE_DEBUG_INFO HANDLE_TRACE_DEBUG_INFO;
NT_SIZE(struct _HANDLE_TRACE_DEBUG_INFO, 0xf0);
NT_OFFSET(struct _HANDLE_TRACE_DEBUG_INFO, RefCount, 0x0);
NT_OFFSET(struct _HANDLE_TRACE_DEBUG_INFO, TableSize, 0x4);
NT_OFFSET(struct _HANDLE_TRACE_DEBUG_INFO, BitMaskFlags, 0x8);
NT_OFFSET(struct _HANDLE_TRACE_DEBUG_INFO, CloseCompactionLock, 0x10);
NT_OFFSET(struct _HANDLE_TRACE_DEBUG_INFO, CurrentStackIndex, 0x48);
NT_OFFSET(struct _HANDLE_TRACE_DEBUG_INFO, TraceDb, 0x50);

struct _LOOKASIDE_LIST_EX {
    struct _GENERAL_LOOKASIDE_POOL L;
};
typedef struct _LOOKASIDE_LIST_EX LOOKASIDE_LIST_EX;
NT_SIZE(struct _LOOKASIDE_LIST_EX, 0x60);
NT_OFFSET(struct _LOOKASIDE_LIST_EX, L, 0x0);
