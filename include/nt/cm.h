/* include/nt/cm.h: Configuration manager: hives, cells, keys.
 *
 * Layout of Windows 7 SP1 x64, build 7601.17514, asserted member by member.
 * Written by tools/gen_nt_headers.py; edit that, not this. */
#pragma once

#include "nt/ex.h"
#include "nt/io.h"
#include "nt/ke.h"
#include "nt/mm.h"
#include "nt/ob.h"
#include "nt/peb.h"
#include "nt/ps.h"
#include "nt/rtl.h"
#include "nt/se.h"
#include "nt/types.h"

struct CMP_OFFSET_ARRAY;
struct _CM_CELL_REMAP_BLOCK;
struct _CM_INDEX_HINT_BLOCK;
struct _CM_KCB_UOW;
struct _CM_KEY_BODY;
struct _CM_KEY_CONTROL_BLOCK;
struct _CM_KEY_HASH;
struct _CM_KEY_HASH_TABLE_ENTRY;
struct _CM_KEY_SECURITY_CACHE;
struct _CM_KEY_SECURITY_CACHE_ENTRY;
struct _CM_NAME_CONTROL_BLOCK;
struct _CM_NAME_HASH;
struct _CM_NOTIFY_BLOCK;
struct _CM_RM;
struct _CM_TRANS;
struct _CM_VIEW_OF_FILE;
struct _CM_WORKITEM;
struct _ERESOURCE;
struct _FAST_MUTEX;
struct _FILE_OBJECT;
struct _GUID;
struct _HBASE_BLOCK;
struct _HHIVE;
struct _HMAP_DIRECTORY;
struct _HMAP_TABLE;
struct _KEVENT;
struct _KTHREAD;
struct _UNICODE_STRING;

struct _FREE_DISPLAY {
    ULONG RealVectorSize;
    struct _RTL_BITMAP Display;
};
typedef struct _FREE_DISPLAY FREE_DISPLAY;
NT_SIZE(struct _FREE_DISPLAY, 0x18);
NT_OFFSET(struct _FREE_DISPLAY, RealVectorSize, 0x0);
NT_OFFSET(struct _FREE_DISPLAY, Display, 0x8);

struct _DUAL {
    ULONG Length;
    KPTR(struct _HMAP_DIRECTORY) Map;
    KPTR(struct _HMAP_TABLE) SmallDir;
    ULONG Guard;
    struct _FREE_DISPLAY FreeDisplay[24];
    ULONG FreeSummary;
    struct _LIST_ENTRY FreeBins;
};
typedef struct _DUAL DUAL;
NT_SIZE(struct _DUAL, 0x278);
NT_OFFSET(struct _DUAL, Length, 0x0);
NT_OFFSET(struct _DUAL, Map, 0x8);
NT_OFFSET(struct _DUAL, SmallDir, 0x10);
NT_OFFSET(struct _DUAL, Guard, 0x18);
NT_OFFSET(struct _DUAL, FreeDisplay, 0x20);
NT_OFFSET(struct _DUAL, FreeSummary, 0x260);
NT_OFFSET(struct _DUAL, FreeBins, 0x268);

struct _HHIVE {
    ULONG Signature;
    KFUNC GetCellRoutine;
    KFUNC ReleaseCellRoutine;
    KFUNC Allocate;
    KFUNC Free;
    KFUNC FileSetSize;
    KFUNC FileWrite;
    KFUNC FileRead;
    KFUNC FileFlush;
    KPTR(void) HiveLoadFailure;
    KPTR(struct _HBASE_BLOCK) BaseBlock;
    struct _RTL_BITMAP DirtyVector;
    ULONG DirtyCount;
    ULONG DirtyAlloc;
    ULONG BaseBlockAlloc;
    ULONG Cluster;
    UCHAR Flat;
    UCHAR ReadOnly;
    UCHAR DirtyFlag;
    ULONG HvBinHeadersUse;
    ULONG HvFreeCellsUse;
    ULONG HvUsedCellsUse;
    ULONG CmUsedCellsUse;
    ULONG HiveFlags;
    ULONG CurrentLog;
    ULONG LogSize[2];
    ULONG RefreshCount;
    ULONG StorageTypeCount;
    ULONG Version;
    struct _DUAL Storage[2];
};
typedef struct _HHIVE HHIVE;
NT_SIZE(struct _HHIVE, 0x598);
NT_OFFSET(struct _HHIVE, Signature, 0x0);
NT_OFFSET(struct _HHIVE, GetCellRoutine, 0x8);
NT_OFFSET(struct _HHIVE, ReleaseCellRoutine, 0x10);
NT_OFFSET(struct _HHIVE, Allocate, 0x18);
NT_OFFSET(struct _HHIVE, Free, 0x20);
NT_OFFSET(struct _HHIVE, FileSetSize, 0x28);
NT_OFFSET(struct _HHIVE, FileWrite, 0x30);
NT_OFFSET(struct _HHIVE, FileRead, 0x38);
NT_OFFSET(struct _HHIVE, FileFlush, 0x40);
NT_OFFSET(struct _HHIVE, HiveLoadFailure, 0x48);
NT_OFFSET(struct _HHIVE, BaseBlock, 0x50);
NT_OFFSET(struct _HHIVE, DirtyVector, 0x58);
NT_OFFSET(struct _HHIVE, DirtyCount, 0x68);
NT_OFFSET(struct _HHIVE, DirtyAlloc, 0x6c);
NT_OFFSET(struct _HHIVE, BaseBlockAlloc, 0x70);
NT_OFFSET(struct _HHIVE, Cluster, 0x74);
NT_OFFSET(struct _HHIVE, Flat, 0x78);
NT_OFFSET(struct _HHIVE, ReadOnly, 0x79);
NT_OFFSET(struct _HHIVE, DirtyFlag, 0x7a);
NT_OFFSET(struct _HHIVE, HvBinHeadersUse, 0x7c);
NT_OFFSET(struct _HHIVE, HvFreeCellsUse, 0x80);
NT_OFFSET(struct _HHIVE, HvUsedCellsUse, 0x84);
NT_OFFSET(struct _HHIVE, CmUsedCellsUse, 0x88);
NT_OFFSET(struct _HHIVE, HiveFlags, 0x8c);
NT_OFFSET(struct _HHIVE, CurrentLog, 0x90);
NT_OFFSET(struct _HHIVE, LogSize, 0x94);
NT_OFFSET(struct _HHIVE, RefreshCount, 0x9c);
NT_OFFSET(struct _HHIVE, StorageTypeCount, 0xa0);
NT_OFFSET(struct _HHIVE, Version, 0xa4);
NT_OFFSET(struct _HHIVE, Storage, 0xa8);

struct _CM_WORKITEM {
    struct _LIST_ENTRY ListEntry;
    ULONG Private;
    KFUNC WorkerRoutine;
    KPTR(void) Parameter;
};
typedef struct _CM_WORKITEM CM_WORKITEM;
NT_SIZE(struct _CM_WORKITEM, 0x28);
NT_OFFSET(struct _CM_WORKITEM, ListEntry, 0x0);
NT_OFFSET(struct _CM_WORKITEM, Private, 0x10);
NT_OFFSET(struct _CM_WORKITEM, WorkerRoutine, 0x18);
NT_OFFSET(struct _CM_WORKITEM, Parameter, 0x20);

struct _CMHIVE {
    struct _HHIVE Hive;
    KPTR(void) FileHandles[6];
    struct _LIST_ENTRY NotifyList;
    struct _LIST_ENTRY HiveList;
    struct _LIST_ENTRY PreloadedHiveList;
    struct _EX_RUNDOWN_REF HiveRundown;
    struct _LIST_ENTRY ParseCacheEntries;
    KPTR(struct _CM_KEY_HASH_TABLE_ENTRY) KcbCacheTable;
    ULONG KcbCacheTableSize;
    ULONG Identity;
    KPTR(struct _FAST_MUTEX) HiveLock;
    struct _EX_PUSH_LOCK ViewLock;
    KPTR(struct _KTHREAD) ViewLockOwner;
    ULONG ViewLockLast;
    ULONG ViewUnLockLast;
    KPTR(struct _FAST_MUTEX) WriterLock;
    KPTR(struct _ERESOURCE) FlusherLock;
    struct _RTL_BITMAP FlushDirtyVector;
    KPTR(struct CMP_OFFSET_ARRAY) FlushOffsetArray;
    ULONG FlushOffsetArrayCount;
    ULONG FlushHiveTruncated;
    KPTR(struct _FAST_MUTEX) FlushLock2;
    struct _EX_PUSH_LOCK SecurityLock;
    struct _LIST_ENTRY MappedViewList;
    struct _LIST_ENTRY PinnedViewList;
    struct _LIST_ENTRY FlushedViewList;
    USHORT MappedViewCount;
    USHORT PinnedViewCount;
    ULONG UseCount;
    ULONG ViewsPerHive;
    KPTR(struct _FILE_OBJECT) FileObject;
    ULONG LastShrinkHiveSize;
    union _LARGE_INTEGER ActualFileSize;
    struct _UNICODE_STRING FileFullPath;
    struct _UNICODE_STRING FileUserName;
    struct _UNICODE_STRING HiveRootPath;
    ULONG SecurityCount;
    ULONG SecurityCacheSize;
    LONG SecurityHitHint;
    KPTR(struct _CM_KEY_SECURITY_CACHE_ENTRY) SecurityCache;
    struct _LIST_ENTRY SecurityHash[64];
    ULONG UnloadEventCount;
    KPTR(KPTR(struct _KEVENT)) UnloadEventArray;
    KPTR(struct _CM_KEY_CONTROL_BLOCK) RootKcb;
    UCHAR Frozen;
    KPTR(struct _CM_WORKITEM) UnloadWorkItem;
    struct _CM_WORKITEM UnloadWorkItemHolder;
    UCHAR GrowOnlyMode;
    ULONG GrowOffset;
    struct _LIST_ENTRY KcbConvertListHead;
    struct _LIST_ENTRY KnodeConvertListHead;
    KPTR(struct _CM_CELL_REMAP_BLOCK) CellRemapArray;
    ULONG Flags;
    struct _LIST_ENTRY TrustClassEntry;
    ULONG FlushCount;
    KPTR(struct _CM_RM) CmRm;
    ULONG CmRmInitFailPoint;
    LONG CmRmInitFailStatus;
    KPTR(struct _KTHREAD) CreatorOwner;
    KPTR(struct _KTHREAD) RundownThread;
    union _LARGE_INTEGER LastWriteTime;
};
typedef struct _CMHIVE CMHIVE;
NT_SIZE(struct _CMHIVE, 0xbe8);
NT_OFFSET(struct _CMHIVE, Hive, 0x0);
NT_OFFSET(struct _CMHIVE, FileHandles, 0x598);
NT_OFFSET(struct _CMHIVE, NotifyList, 0x5c8);
NT_OFFSET(struct _CMHIVE, HiveList, 0x5d8);
NT_OFFSET(struct _CMHIVE, PreloadedHiveList, 0x5e8);
NT_OFFSET(struct _CMHIVE, HiveRundown, 0x5f8);
NT_OFFSET(struct _CMHIVE, ParseCacheEntries, 0x600);
NT_OFFSET(struct _CMHIVE, KcbCacheTable, 0x610);
NT_OFFSET(struct _CMHIVE, KcbCacheTableSize, 0x618);
NT_OFFSET(struct _CMHIVE, Identity, 0x61c);
NT_OFFSET(struct _CMHIVE, HiveLock, 0x620);
NT_OFFSET(struct _CMHIVE, ViewLock, 0x628);
NT_OFFSET(struct _CMHIVE, ViewLockOwner, 0x630);
NT_OFFSET(struct _CMHIVE, ViewLockLast, 0x638);
NT_OFFSET(struct _CMHIVE, ViewUnLockLast, 0x63c);
NT_OFFSET(struct _CMHIVE, WriterLock, 0x640);
NT_OFFSET(struct _CMHIVE, FlusherLock, 0x648);
NT_OFFSET(struct _CMHIVE, FlushDirtyVector, 0x650);
NT_OFFSET(struct _CMHIVE, FlushOffsetArray, 0x660);
NT_OFFSET(struct _CMHIVE, FlushOffsetArrayCount, 0x668);
NT_OFFSET(struct _CMHIVE, FlushHiveTruncated, 0x66c);
NT_OFFSET(struct _CMHIVE, FlushLock2, 0x670);
NT_OFFSET(struct _CMHIVE, SecurityLock, 0x678);
NT_OFFSET(struct _CMHIVE, MappedViewList, 0x680);
NT_OFFSET(struct _CMHIVE, PinnedViewList, 0x690);
NT_OFFSET(struct _CMHIVE, FlushedViewList, 0x6a0);
NT_OFFSET(struct _CMHIVE, MappedViewCount, 0x6b0);
NT_OFFSET(struct _CMHIVE, PinnedViewCount, 0x6b2);
NT_OFFSET(struct _CMHIVE, UseCount, 0x6b4);
NT_OFFSET(struct _CMHIVE, ViewsPerHive, 0x6b8);
NT_OFFSET(struct _CMHIVE, FileObject, 0x6c0);
NT_OFFSET(struct _CMHIVE, LastShrinkHiveSize, 0x6c8);
NT_OFFSET(struct _CMHIVE, ActualFileSize, 0x6d0);
NT_OFFSET(struct _CMHIVE, FileFullPath, 0x6d8);
NT_OFFSET(struct _CMHIVE, FileUserName, 0x6e8);
NT_OFFSET(struct _CMHIVE, HiveRootPath, 0x6f8);
NT_OFFSET(struct _CMHIVE, SecurityCount, 0x708);
NT_OFFSET(struct _CMHIVE, SecurityCacheSize, 0x70c);
NT_OFFSET(struct _CMHIVE, SecurityHitHint, 0x710);
NT_OFFSET(struct _CMHIVE, SecurityCache, 0x718);
NT_OFFSET(struct _CMHIVE, SecurityHash, 0x720);
NT_OFFSET(struct _CMHIVE, UnloadEventCount, 0xb20);
NT_OFFSET(struct _CMHIVE, UnloadEventArray, 0xb28);
NT_OFFSET(struct _CMHIVE, RootKcb, 0xb30);
NT_OFFSET(struct _CMHIVE, Frozen, 0xb38);
NT_OFFSET(struct _CMHIVE, UnloadWorkItem, 0xb40);
NT_OFFSET(struct _CMHIVE, UnloadWorkItemHolder, 0xb48);
NT_OFFSET(struct _CMHIVE, GrowOnlyMode, 0xb70);
NT_OFFSET(struct _CMHIVE, GrowOffset, 0xb74);
NT_OFFSET(struct _CMHIVE, KcbConvertListHead, 0xb78);
NT_OFFSET(struct _CMHIVE, KnodeConvertListHead, 0xb88);
NT_OFFSET(struct _CMHIVE, CellRemapArray, 0xb98);
NT_OFFSET(struct _CMHIVE, Flags, 0xba0);
NT_OFFSET(struct _CMHIVE, TrustClassEntry, 0xba8);
NT_OFFSET(struct _CMHIVE, FlushCount, 0xbb8);
NT_OFFSET(struct _CMHIVE, CmRm, 0xbc0);
NT_OFFSET(struct _CMHIVE, CmRmInitFailPoint, 0xbc8);
NT_OFFSET(struct _CMHIVE, CmRmInitFailStatus, 0xbcc);
NT_OFFSET(struct _CMHIVE, CreatorOwner, 0xbd0);
NT_OFFSET(struct _CMHIVE, RundownThread, 0xbd8);
NT_OFFSET(struct _CMHIVE, LastWriteTime, 0xbe0);

struct _HBASE_BLOCK {
    ULONG Signature;
    ULONG Sequence1;
    ULONG Sequence2;
    union _LARGE_INTEGER TimeStamp;
    ULONG Major;
    ULONG Minor;
    ULONG Type;
    ULONG Format;
    ULONG RootCell;
    ULONG Length;
    ULONG Cluster;
    UCHAR FileName[64];
    struct _GUID RmId;
    struct _GUID LogId;
    ULONG Flags;
    struct _GUID TmId;
    ULONG GuidSignature;
    ULONG Reserved1[85];
    ULONG CheckSum;
    ULONG Reserved2[882];
    struct _GUID ThawTmId;
    struct _GUID ThawRmId;
    struct _GUID ThawLogId;
    ULONG BootType;
    ULONG BootRecover;
} __attribute__((packed));
typedef struct _HBASE_BLOCK HBASE_BLOCK;
NT_SIZE(struct _HBASE_BLOCK, 0x1000);
NT_OFFSET(struct _HBASE_BLOCK, Signature, 0x0);
NT_OFFSET(struct _HBASE_BLOCK, Sequence1, 0x4);
NT_OFFSET(struct _HBASE_BLOCK, Sequence2, 0x8);
NT_OFFSET(struct _HBASE_BLOCK, TimeStamp, 0xc);
NT_OFFSET(struct _HBASE_BLOCK, Major, 0x14);
NT_OFFSET(struct _HBASE_BLOCK, Minor, 0x18);
NT_OFFSET(struct _HBASE_BLOCK, Type, 0x1c);
NT_OFFSET(struct _HBASE_BLOCK, Format, 0x20);
NT_OFFSET(struct _HBASE_BLOCK, RootCell, 0x24);
NT_OFFSET(struct _HBASE_BLOCK, Length, 0x28);
NT_OFFSET(struct _HBASE_BLOCK, Cluster, 0x2c);
NT_OFFSET(struct _HBASE_BLOCK, FileName, 0x30);
NT_OFFSET(struct _HBASE_BLOCK, RmId, 0x70);
NT_OFFSET(struct _HBASE_BLOCK, LogId, 0x80);
NT_OFFSET(struct _HBASE_BLOCK, Flags, 0x90);
NT_OFFSET(struct _HBASE_BLOCK, TmId, 0x94);
NT_OFFSET(struct _HBASE_BLOCK, GuidSignature, 0xa4);
NT_OFFSET(struct _HBASE_BLOCK, Reserved1, 0xa8);
NT_OFFSET(struct _HBASE_BLOCK, CheckSum, 0x1fc);
NT_OFFSET(struct _HBASE_BLOCK, Reserved2, 0x200);
NT_OFFSET(struct _HBASE_BLOCK, ThawTmId, 0xfc8);
NT_OFFSET(struct _HBASE_BLOCK, ThawRmId, 0xfd8);
NT_OFFSET(struct _HBASE_BLOCK, ThawLogId, 0xfe8);
NT_OFFSET(struct _HBASE_BLOCK, BootType, 0xff8);
NT_OFFSET(struct _HBASE_BLOCK, BootRecover, 0xffc);

struct _HBIN {
    ULONG Signature;
    ULONG FileOffset;
    ULONG Size;
    ULONG Reserved1[2];
    union _LARGE_INTEGER TimeStamp;
    ULONG Spare;
} __attribute__((packed));
typedef struct _HBIN HBIN;
NT_SIZE(struct _HBIN, 0x20);
NT_OFFSET(struct _HBIN, Signature, 0x0);
NT_OFFSET(struct _HBIN, FileOffset, 0x4);
NT_OFFSET(struct _HBIN, Size, 0x8);
NT_OFFSET(struct _HBIN, Reserved1, 0xc);
NT_OFFSET(struct _HBIN, TimeStamp, 0x14);
NT_OFFSET(struct _HBIN, Spare, 0x1c);

struct _HMAP_DIRECTORY {
    KPTR(struct _HMAP_TABLE) Directory[1024];
};
typedef struct _HMAP_DIRECTORY HMAP_DIRECTORY;
NT_SIZE(struct _HMAP_DIRECTORY, 0x2000);
NT_OFFSET(struct _HMAP_DIRECTORY, Directory, 0x0);

struct _HMAP_ENTRY {
    ULONG64 BlockAddress;
    ULONG64 BinAddress;
    KPTR(struct _CM_VIEW_OF_FILE) CmView;
    ULONG MemAlloc;
};
typedef struct _HMAP_ENTRY HMAP_ENTRY;
NT_SIZE(struct _HMAP_ENTRY, 0x20);
NT_OFFSET(struct _HMAP_ENTRY, BlockAddress, 0x0);
NT_OFFSET(struct _HMAP_ENTRY, BinAddress, 0x8);
NT_OFFSET(struct _HMAP_ENTRY, CmView, 0x10);
NT_OFFSET(struct _HMAP_ENTRY, MemAlloc, 0x18);

struct _HMAP_TABLE {
    struct _HMAP_ENTRY Table[512];
};
typedef struct _HMAP_TABLE HMAP_TABLE;
NT_SIZE(struct _HMAP_TABLE, 0x4000);
NT_OFFSET(struct _HMAP_TABLE, Table, 0x0);

struct _CM_KEY_REFERENCE {
    ULONG KeyCell;
    KPTR(struct _HHIVE) KeyHive;
};
typedef struct _CM_KEY_REFERENCE CM_KEY_REFERENCE;
NT_SIZE(struct _CM_KEY_REFERENCE, 0x10);
NT_OFFSET(struct _CM_KEY_REFERENCE, KeyCell, 0x0);
NT_OFFSET(struct _CM_KEY_REFERENCE, KeyHive, 0x8);

struct _CHILD_LIST {
    ULONG Count;
    ULONG List;
};
typedef struct _CHILD_LIST CHILD_LIST;
NT_SIZE(struct _CHILD_LIST, 0x8);
NT_OFFSET(struct _CHILD_LIST, Count, 0x0);
NT_OFFSET(struct _CHILD_LIST, List, 0x4);

struct _CM_KEY_NODE {
    USHORT Signature;
    USHORT Flags;
    union _LARGE_INTEGER LastWriteTime;
    ULONG Spare;
    ULONG Parent;
    ULONG SubKeyCounts[2];
    union {
        struct {
            struct _CM_KEY_REFERENCE ChildHiveReference;
            ULONG Security;
        } __attribute__((packed));
        struct {
            ULONG SubKeyLists[2];
            struct _CHILD_LIST ValueList;
        } __attribute__((packed));
    };
    ULONG Class;
    ULONG MaxNameLen : 16;
    ULONG UserFlags : 4;
    ULONG VirtControlFlags : 4;
    ULONG Debug : 8;
    ULONG MaxClassLen;
    ULONG MaxValueNameLen;
    ULONG MaxValueDataLen;
    ULONG WorkVar;
    USHORT NameLength;
    USHORT ClassLength;
    WCHAR Name[1];
    USHORT : 16;
} __attribute__((packed));
typedef struct _CM_KEY_NODE CM_KEY_NODE;
NT_SIZE(struct _CM_KEY_NODE, 0x50);
NT_OFFSET(struct _CM_KEY_NODE, Signature, 0x0);
NT_OFFSET(struct _CM_KEY_NODE, Flags, 0x2);
NT_OFFSET(struct _CM_KEY_NODE, LastWriteTime, 0x4);
NT_OFFSET(struct _CM_KEY_NODE, Spare, 0xc);
NT_OFFSET(struct _CM_KEY_NODE, Parent, 0x10);
NT_OFFSET(struct _CM_KEY_NODE, SubKeyCounts, 0x14);
NT_OFFSET(struct _CM_KEY_NODE, ChildHiveReference, 0x1c);
NT_OFFSET(struct _CM_KEY_NODE, SubKeyLists, 0x1c);
NT_OFFSET(struct _CM_KEY_NODE, ValueList, 0x24);
NT_OFFSET(struct _CM_KEY_NODE, Security, 0x2c);
NT_OFFSET(struct _CM_KEY_NODE, Class, 0x30);
NT_OFFSET(struct _CM_KEY_NODE, MaxClassLen, 0x38);
NT_OFFSET(struct _CM_KEY_NODE, MaxValueNameLen, 0x3c);
NT_OFFSET(struct _CM_KEY_NODE, MaxValueDataLen, 0x40);
NT_OFFSET(struct _CM_KEY_NODE, WorkVar, 0x44);
NT_OFFSET(struct _CM_KEY_NODE, NameLength, 0x48);
NT_OFFSET(struct _CM_KEY_NODE, ClassLength, 0x4a);
NT_OFFSET(struct _CM_KEY_NODE, Name, 0x4c);

struct _CM_KEY_VALUE {
    USHORT Signature;
    USHORT NameLength;
    ULONG DataLength;
    ULONG Data;
    ULONG Type;
    USHORT Flags;
    USHORT Spare;
    WCHAR Name[1];
};
typedef struct _CM_KEY_VALUE CM_KEY_VALUE;
NT_SIZE(struct _CM_KEY_VALUE, 0x18);
NT_OFFSET(struct _CM_KEY_VALUE, Signature, 0x0);
NT_OFFSET(struct _CM_KEY_VALUE, NameLength, 0x2);
NT_OFFSET(struct _CM_KEY_VALUE, DataLength, 0x4);
NT_OFFSET(struct _CM_KEY_VALUE, Data, 0x8);
NT_OFFSET(struct _CM_KEY_VALUE, Type, 0xc);
NT_OFFSET(struct _CM_KEY_VALUE, Flags, 0x10);
NT_OFFSET(struct _CM_KEY_VALUE, Spare, 0x12);
NT_OFFSET(struct _CM_KEY_VALUE, Name, 0x14);

struct _SECURITY_DESCRIPTOR_RELATIVE {
    UCHAR Revision;
    UCHAR Sbz1;
    USHORT Control;
    ULONG Owner;
    ULONG Group;
    ULONG Sacl;
    ULONG Dacl;
};
typedef struct _SECURITY_DESCRIPTOR_RELATIVE SECURITY_DESCRIPTOR_RELATIVE;
NT_SIZE(struct _SECURITY_DESCRIPTOR_RELATIVE, 0x14);
NT_OFFSET(struct _SECURITY_DESCRIPTOR_RELATIVE, Revision, 0x0);
NT_OFFSET(struct _SECURITY_DESCRIPTOR_RELATIVE, Sbz1, 0x1);
NT_OFFSET(struct _SECURITY_DESCRIPTOR_RELATIVE, Control, 0x2);
NT_OFFSET(struct _SECURITY_DESCRIPTOR_RELATIVE, Owner, 0x4);
NT_OFFSET(struct _SECURITY_DESCRIPTOR_RELATIVE, Group, 0x8);
NT_OFFSET(struct _SECURITY_DESCRIPTOR_RELATIVE, Sacl, 0xc);
NT_OFFSET(struct _SECURITY_DESCRIPTOR_RELATIVE, Dacl, 0x10);

struct _CM_KEY_SECURITY {
    USHORT Signature;
    USHORT Reserved;
    ULONG Flink;
    ULONG Blink;
    ULONG ReferenceCount;
    ULONG DescriptorLength;
    struct _SECURITY_DESCRIPTOR_RELATIVE Descriptor;
};
typedef struct _CM_KEY_SECURITY CM_KEY_SECURITY;
NT_SIZE(struct _CM_KEY_SECURITY, 0x28);
NT_OFFSET(struct _CM_KEY_SECURITY, Signature, 0x0);
NT_OFFSET(struct _CM_KEY_SECURITY, Reserved, 0x2);
NT_OFFSET(struct _CM_KEY_SECURITY, Flink, 0x4);
NT_OFFSET(struct _CM_KEY_SECURITY, Blink, 0x8);
NT_OFFSET(struct _CM_KEY_SECURITY, ReferenceCount, 0xc);
NT_OFFSET(struct _CM_KEY_SECURITY, DescriptorLength, 0x10);
NT_OFFSET(struct _CM_KEY_SECURITY, Descriptor, 0x14);

struct _CM_KEY_INDEX {
    USHORT Signature;
    USHORT Count;
    ULONG List[1];
};
typedef struct _CM_KEY_INDEX CM_KEY_INDEX;
NT_SIZE(struct _CM_KEY_INDEX, 0x8);
NT_OFFSET(struct _CM_KEY_INDEX, Signature, 0x0);
NT_OFFSET(struct _CM_KEY_INDEX, Count, 0x2);
NT_OFFSET(struct _CM_KEY_INDEX, List, 0x4);

struct _CM_BIG_DATA {
    USHORT Signature;
    USHORT Count;
    ULONG List;
};
typedef struct _CM_BIG_DATA CM_BIG_DATA;
NT_SIZE(struct _CM_BIG_DATA, 0x8);
NT_OFFSET(struct _CM_BIG_DATA, Signature, 0x0);
NT_OFFSET(struct _CM_BIG_DATA, Count, 0x2);
NT_OFFSET(struct _CM_BIG_DATA, List, 0x4);

struct _CM_KEY_BODY {
    ULONG Type;
    KPTR(struct _CM_KEY_CONTROL_BLOCK) KeyControlBlock;
    KPTR(struct _CM_NOTIFY_BLOCK) NotifyBlock;
    KPTR(void) ProcessID;
    struct _LIST_ENTRY KeyBodyList;
    ULONG Flags : 16;
    ULONG HandleTags : 16;
    KPTR(void) KtmTrans;
    KPTR(struct _GUID) KtmUow;
    struct _LIST_ENTRY ContextListHead;
};
typedef struct _CM_KEY_BODY CM_KEY_BODY;
NT_SIZE(struct _CM_KEY_BODY, 0x58);
NT_OFFSET(struct _CM_KEY_BODY, Type, 0x0);
NT_OFFSET(struct _CM_KEY_BODY, KeyControlBlock, 0x8);
NT_OFFSET(struct _CM_KEY_BODY, NotifyBlock, 0x10);
NT_OFFSET(struct _CM_KEY_BODY, ProcessID, 0x18);
NT_OFFSET(struct _CM_KEY_BODY, KeyBodyList, 0x20);
NT_OFFSET(struct _CM_KEY_BODY, KtmTrans, 0x38);
NT_OFFSET(struct _CM_KEY_BODY, KtmUow, 0x40);
NT_OFFSET(struct _CM_KEY_BODY, ContextListHead, 0x48);

struct _CM_INTENT_LOCK {
    ULONG OwnerCount;
    KPTR(KPTR(struct _CM_KCB_UOW)) OwnerTable;
};
typedef struct _CM_INTENT_LOCK CM_INTENT_LOCK;
NT_SIZE(struct _CM_INTENT_LOCK, 0x10);
NT_OFFSET(struct _CM_INTENT_LOCK, OwnerCount, 0x0);
NT_OFFSET(struct _CM_INTENT_LOCK, OwnerTable, 0x8);

struct _CM_KEY_HASH {
    ULONG ConvKey;
    KPTR(struct _CM_KEY_HASH) NextHash;
    KPTR(struct _HHIVE) KeyHive;
    ULONG KeyCell;
};
typedef struct _CM_KEY_HASH CM_KEY_HASH;
NT_SIZE(struct _CM_KEY_HASH, 0x20);
NT_OFFSET(struct _CM_KEY_HASH, ConvKey, 0x0);
NT_OFFSET(struct _CM_KEY_HASH, NextHash, 0x8);
NT_OFFSET(struct _CM_KEY_HASH, KeyHive, 0x10);
NT_OFFSET(struct _CM_KEY_HASH, KeyCell, 0x18);

struct _CACHED_CHILD_LIST {
    ULONG Count;
    union {
        KPTR(struct _CM_KEY_CONTROL_BLOCK) RealKcb;
        ULONG64 ValueList;
    };
};
typedef struct _CACHED_CHILD_LIST CACHED_CHILD_LIST;
NT_SIZE(struct _CACHED_CHILD_LIST, 0x10);
NT_OFFSET(struct _CACHED_CHILD_LIST, Count, 0x0);
NT_OFFSET(struct _CACHED_CHILD_LIST, RealKcb, 0x8);
NT_OFFSET(struct _CACHED_CHILD_LIST, ValueList, 0x8);

struct _CM_KEY_CONTROL_BLOCK {
    ULONG RefCount;
    ULONG ExtFlags : 16;
    ULONG PrivateAlloc : 1;
    ULONG Delete : 1;
    ULONG HiveUnloaded : 1;
    ULONG Decommissioned : 1;
    ULONG LockTablePresent : 1;
    ULONG TotalLevels : 10;
    ULONG : 1;
    ULONG DelayedDeref : 1;
    ULONG DelayedClose : 1;
    ULONG Parking : 1;
    union {
        struct _CM_KEY_HASH KeyHash;
        struct {
            ULONG ConvKey;
            KPTR(struct _CM_KEY_HASH) NextHash;
            KPTR(struct _HHIVE) KeyHive;
            ULONG KeyCell;
        };
    };
    struct _EX_PUSH_LOCK KcbPushlock;
    union {
        KPTR(struct _KTHREAD) Owner;
        LONG SharedCount;
    };
    ULONG SlotHint;
    KPTR(struct _CM_KEY_CONTROL_BLOCK) ParentKcb;
    KPTR(struct _CM_NAME_CONTROL_BLOCK) NameBlock;
    KPTR(struct _CM_KEY_SECURITY_CACHE) CachedSecurity;
    struct _CACHED_CHILD_LIST ValueCache;
    union {
        KPTR(struct _CM_INDEX_HINT_BLOCK) IndexHint;
        ULONG HashKey;
        ULONG SubKeyCount;
    };
    union {
        struct _LIST_ENTRY FreeListEntry;
        struct _LIST_ENTRY KeyBodyListHead;
    };
    KPTR(struct _CM_KEY_BODY) KeyBodyArray[4];
    union _LARGE_INTEGER KcbLastWriteTime;
    USHORT KcbMaxNameLen;
    USHORT KcbMaxValueNameLen;
    ULONG KcbMaxValueDataLen;
    ULONG KcbUserFlags : 4;
    ULONG KcbVirtControlFlags : 4;
    ULONG KcbDebug : 8;
    ULONG Flags : 16;
    KPTR(CHAR) RealKeyName;
    struct _LIST_ENTRY KCBUoWListHead;
    union {
        struct _LIST_ENTRY DelayQueueEntry;
        KPTR(UCHAR) Stolen;
    };
    KPTR(struct _CM_TRANS) TransKCBOwner;
    struct _CM_INTENT_LOCK KCBLock;
    struct _CM_INTENT_LOCK KeyLock;
    struct _CHILD_LIST TransValueCache;
    KPTR(struct _CM_TRANS) TransValueListOwner;
    KPTR(struct _UNICODE_STRING) FullKCBName;
};
typedef struct _CM_KEY_CONTROL_BLOCK CM_KEY_CONTROL_BLOCK;
NT_SIZE(struct _CM_KEY_CONTROL_BLOCK, 0x128);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, RefCount, 0x0);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, ConvKey, 0x10);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KeyHash, 0x10);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, NextHash, 0x18);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KeyHive, 0x20);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KeyCell, 0x28);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KcbPushlock, 0x30);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, Owner, 0x38);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, SharedCount, 0x38);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, SlotHint, 0x40);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, ParentKcb, 0x48);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, NameBlock, 0x50);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, CachedSecurity, 0x58);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, ValueCache, 0x60);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, HashKey, 0x70);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, IndexHint, 0x70);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, SubKeyCount, 0x70);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, FreeListEntry, 0x78);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KeyBodyListHead, 0x78);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KeyBodyArray, 0x88);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KcbLastWriteTime, 0xa8);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KcbMaxNameLen, 0xb0);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KcbMaxValueNameLen, 0xb2);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KcbMaxValueDataLen, 0xb4);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, RealKeyName, 0xc0);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KCBUoWListHead, 0xc8);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, DelayQueueEntry, 0xd8);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, Stolen, 0xd8);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, TransKCBOwner, 0xe8);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KCBLock, 0xf0);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, KeyLock, 0x100);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, TransValueCache, 0x110);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, TransValueListOwner, 0x118);
NT_OFFSET(struct _CM_KEY_CONTROL_BLOCK, FullKCBName, 0x120);

struct _CM_NAME_HASH {
    ULONG ConvKey;
    KPTR(struct _CM_NAME_HASH) NextHash;
    USHORT NameLength;
    WCHAR Name[1];
};
typedef struct _CM_NAME_HASH CM_NAME_HASH;
NT_SIZE(struct _CM_NAME_HASH, 0x18);
NT_OFFSET(struct _CM_NAME_HASH, ConvKey, 0x0);
NT_OFFSET(struct _CM_NAME_HASH, NextHash, 0x8);
NT_OFFSET(struct _CM_NAME_HASH, NameLength, 0x10);
NT_OFFSET(struct _CM_NAME_HASH, Name, 0x12);

struct _CM_NAME_CONTROL_BLOCK {
    UCHAR Compressed;
    USHORT RefCount;
    union {
        struct _CM_NAME_HASH NameHash;
        struct {
            ULONG ConvKey;
            KPTR(struct _CM_KEY_HASH) NextHash;
            USHORT NameLength;
            WCHAR Name[1];
        };
    };
};
typedef struct _CM_NAME_CONTROL_BLOCK CM_NAME_CONTROL_BLOCK;
NT_SIZE(struct _CM_NAME_CONTROL_BLOCK, 0x20);
NT_OFFSET(struct _CM_NAME_CONTROL_BLOCK, Compressed, 0x0);
NT_OFFSET(struct _CM_NAME_CONTROL_BLOCK, RefCount, 0x2);
NT_OFFSET(struct _CM_NAME_CONTROL_BLOCK, ConvKey, 0x8);
NT_OFFSET(struct _CM_NAME_CONTROL_BLOCK, NameHash, 0x8);
NT_OFFSET(struct _CM_NAME_CONTROL_BLOCK, NextHash, 0x10);
NT_OFFSET(struct _CM_NAME_CONTROL_BLOCK, NameLength, 0x18);
NT_OFFSET(struct _CM_NAME_CONTROL_BLOCK, Name, 0x1a);

struct _CM_KEY_HASH_TABLE_ENTRY {
    struct _EX_PUSH_LOCK Lock;
    KPTR(struct _KTHREAD) Owner;
    KPTR(struct _CM_KEY_HASH) Entry;
};
typedef struct _CM_KEY_HASH_TABLE_ENTRY CM_KEY_HASH_TABLE_ENTRY;
NT_SIZE(struct _CM_KEY_HASH_TABLE_ENTRY, 0x18);
NT_OFFSET(struct _CM_KEY_HASH_TABLE_ENTRY, Lock, 0x0);
NT_OFFSET(struct _CM_KEY_HASH_TABLE_ENTRY, Owner, 0x8);
NT_OFFSET(struct _CM_KEY_HASH_TABLE_ENTRY, Entry, 0x10);

struct _CM_INDEX_HINT_BLOCK {
    ULONG Count;
    ULONG HashKey[1];
};
typedef struct _CM_INDEX_HINT_BLOCK CM_INDEX_HINT_BLOCK;
NT_SIZE(struct _CM_INDEX_HINT_BLOCK, 0x8);
NT_OFFSET(struct _CM_INDEX_HINT_BLOCK, Count, 0x0);
NT_OFFSET(struct _CM_INDEX_HINT_BLOCK, HashKey, 0x4);

struct _CM_KEY_SECURITY_CACHE {
    ULONG Cell;
    ULONG ConvKey;
    struct _LIST_ENTRY List;
    ULONG DescriptorLength;
    ULONG RealRefCount;
    struct _SECURITY_DESCRIPTOR_RELATIVE Descriptor;
};
typedef struct _CM_KEY_SECURITY_CACHE CM_KEY_SECURITY_CACHE;
NT_SIZE(struct _CM_KEY_SECURITY_CACHE, 0x38);
NT_OFFSET(struct _CM_KEY_SECURITY_CACHE, Cell, 0x0);
NT_OFFSET(struct _CM_KEY_SECURITY_CACHE, ConvKey, 0x4);
NT_OFFSET(struct _CM_KEY_SECURITY_CACHE, List, 0x8);
NT_OFFSET(struct _CM_KEY_SECURITY_CACHE, DescriptorLength, 0x18);
NT_OFFSET(struct _CM_KEY_SECURITY_CACHE, RealRefCount, 0x1c);
NT_OFFSET(struct _CM_KEY_SECURITY_CACHE, Descriptor, 0x20);

struct _CM_KEY_SECURITY_CACHE_ENTRY {
    ULONG Cell;
    KPTR(struct _CM_KEY_SECURITY_CACHE) CachedSecurity;
};
typedef struct _CM_KEY_SECURITY_CACHE_ENTRY CM_KEY_SECURITY_CACHE_ENTRY;
NT_SIZE(struct _CM_KEY_SECURITY_CACHE_ENTRY, 0x10);
NT_OFFSET(struct _CM_KEY_SECURITY_CACHE_ENTRY, Cell, 0x0);
NT_OFFSET(struct _CM_KEY_SECURITY_CACHE_ENTRY, CachedSecurity, 0x8);
