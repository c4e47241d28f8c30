/* include/nt/rtl.h: Run-time library types: lists, strings, bitmaps, trees, contexts, exceptions.
 *
 * Layout of Windows 7 SP1 x64, build 7601.17514, asserted member by member.
 * Written by tools/gen_nt_headers.py; edit that, not this. */
#pragma once

#include "nt/types.h"

struct _CONTEXT;
struct _EXCEPTION_RECORD;
struct _EXCEPTION_REGISTRATION_RECORD;
struct _LIST_ENTRY;
struct _NT_TIB;
struct _RTL_BALANCED_LINKS;
struct _RTL_CRITICAL_SECTION;
struct _RTL_CRITICAL_SECTION_DEBUG;
struct _SINGLE_LIST_ENTRY;
struct _UNICODE_STRING;

union _LARGE_INTEGER {
    LONG64 QuadPart;
    struct {
        ULONG LowPart;
        LONG HighPart;
    } u;
    struct {
        ULONG LowPart;
        LONG HighPart;
    };
};
typedef union _LARGE_INTEGER LARGE_INTEGER;
NT_SIZE(union _LARGE_INTEGER, 0x8);
NT_OFFSET(union _LARGE_INTEGER, LowPart, 0x0);
NT_OFFSET(union _LARGE_INTEGER, QuadPart, 0x0);
NT_OFFSET(union _LARGE_INTEGER, u, 0x0);
NT_OFFSET(union _LARGE_INTEGER, HighPart, 0x4);

union _ULARGE_INTEGER {
    ULONG64 QuadPart;
    struct {
        ULONG LowPart;
        ULONG HighPart;
    } u;
    struct {
        ULONG LowPart;
        ULONG HighPart;
    };
};
typedef union _ULARGE_INTEGER ULARGE_INTEGER;
NT_SIZE(union _ULARGE_INTEGER, 0x8);
NT_OFFSET(union _ULARGE_INTEGER, LowPart, 0x0);
NT_OFFSET(union _ULARGE_INTEGER, QuadPart, 0x0);
NT_OFFSET(union _ULARGE_INTEGER, u, 0x0);
NT_OFFSET(union _ULARGE_INTEGER, HighPart, 0x4);

struct _LIST_ENTRY {
    KPTR(struct _LIST_ENTRY) Flink;
    KPTR(struct _LIST_ENTRY) Blink;
};
typedef struct _LIST_ENTRY LIST_ENTRY;
NT_SIZE(struct _LIST_ENTRY, 0x10);
NT_OFFSET(struct _LIST_ENTRY, Flink, 0x0);
NT_OFFSET(struct _LIST_ENTRY, Blink, 0x8);

struct LIST_ENTRY64 {
    ULONG64 Flink;
    ULONG64 Blink;
};
NT_SIZE(struct LIST_ENTRY64, 0x10);
NT_OFFSET(struct LIST_ENTRY64, Flink, 0x0);
NT_OFFSET(struct LIST_ENTRY64, Blink, 0x8);

struct _SINGLE_LIST_ENTRY {
    KPTR(struct _SINGLE_LIST_ENTRY) Next;
};
typedef struct _SINGLE_LIST_ENTRY SINGLE_LIST_ENTRY;
NT_SIZE(struct _SINGLE_LIST_ENTRY, 0x8);
NT_OFFSET(struct _SINGLE_LIST_ENTRY, Next, 0x0);

union _SLIST_HEADER {
    struct {
        ULONG64 Depth : 16;
        ULONG64 Sequence : 48;
        ULONG64 HeaderType : 1;
        ULONG64 Init : 1;
        ULONG64 Reserved : 2;
        ULONG64 NextEntry : 60;
    } Header16;
    struct {
        ULONG64 Depth : 16;
        ULONG64 Sequence : 9;
        ULONG64 NextEntry : 39;
        ULONG64 HeaderType : 1;
        ULONG64 Init : 1;
        ULONG64 Reserved : 59;
        ULONG64 Region : 3;
    } Header8;
    struct {
        ULONG64 Depth : 16;
        ULONG64 Sequence : 48;
        ULONG64 HeaderType : 1;
        ULONG64 Reserved : 3;
        ULONG64 NextEntry : 60;
    } HeaderX64;
    struct {
        ULONG64 Alignment;
        ULONG64 Region;
    };
};
typedef union _SLIST_HEADER SLIST_HEADER;
NT_SIZE(union _SLIST_HEADER, 0x10);
NT_OFFSET(union _SLIST_HEADER, Alignment, 0x0);
NT_OFFSET(union _SLIST_HEADER, Header16, 0x0);
NT_OFFSET(union _SLIST_HEADER, Header8, 0x0);
NT_OFFSET(union _SLIST_HEADER, HeaderX64, 0x0);
NT_OFFSET(union _SLIST_HEADER, Region, 0x8);

struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    KPTR(USHORT) Buffer;
};
typedef struct _UNICODE_STRING UNICODE_STRING;
NT_SIZE(struct _UNICODE_STRING, 0x10);
NT_OFFSET(struct _UNICODE_STRING, Length, 0x0);
NT_OFFSET(struct _UNICODE_STRING, MaximumLength, 0x2);
NT_OFFSET(struct _UNICODE_STRING, Buffer, 0x8);

struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    KPTR(CHAR) Buffer;
};
typedef struct _STRING STRING;
NT_SIZE(struct _STRING, 0x10);
NT_OFFSET(struct _STRING, Length, 0x0);
NT_OFFSET(struct _STRING, MaximumLength, 0x2);
NT_OFFSET(struct _STRING, Buffer, 0x8);

struct _GUID {
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
};
typedef struct _GUID GUID;
NT_SIZE(struct _GUID, 0x10);
NT_OFFSET(struct _GUID, Data1, 0x0);
NT_OFFSET(struct _GUID, Data2, 0x4);
NT_OFFSET(struct _GUID, Data3, 0x6);
NT_OFFSET(struct _GUID, Data4, 0x8);

struct _LUID {
    ULONG LowPart;
    LONG HighPart;
};
typedef struct _LUID LUID;
NT_SIZE(struct _LUID, 0x8);
NT_OFFSET(struct _LUID, LowPart, 0x0);
NT_OFFSET(struct _LUID, HighPart, 0x4);

struct _CLIENT_ID {
    UPTR(void) UniqueProcess;
    UPTR(void) UniqueThread;
};
typedef struct _CLIENT_ID CLIENT_ID;
NT_SIZE(struct _CLIENT_ID, 0x10);
NT_OFFSET(struct _CLIENT_ID, UniqueProcess, 0x0);
NT_OFFSET(struct _CLIENT_ID, UniqueThread, 0x8);

struct _RTL_BITMAP {
    ULONG SizeOfBitMap;
    KPTR(ULONG) Buffer;
};
typedef struct _RTL_BITMAP RTL_BITMAP;
NT_SIZE(struct _RTL_BITMAP, 0x10);
NT_OFFSET(struct _RTL_BITMAP, SizeOfBitMap, 0x0);
NT_OFFSET(struct _RTL_BITMAP, Buffer, 0x8);

struct _RTL_BALANCED_LINKS {
    KPTR(struct _RTL_BALANCED_LINKS) Parent;
    KPTR(struct _RTL_BALANCED_LINKS) LeftChild;
    KPTR(struct _RTL_BALANCED_LINKS) RightChild;
    CHAR Balance;
    UCHAR Reserved[3];
};
typedef struct _RTL_BALANCED_LINKS RTL_BALANCED_LINKS;
NT_SIZE(struct _RTL_BALANCED_LINKS, 0x20);
NT_OFFSET(struct _RTL_BALANCED_LINKS, Parent, 0x0);
NT_OFFSET(struct _RTL_BALANCED_LINKS, LeftChild, 0x8);
NT_OFFSET(struct _RTL_BALANCED_LINKS, RightChild, 0x10);
NT_OFFSET(struct _RTL_BALANCED_LINKS, Balance, 0x18);
NT_OFFSET(struct _RTL_BALANCED_LINKS, Reserved, 0x19);

struct _RTL_AVL_TABLE {
    struct _RTL_BALANCED_LINKS BalancedRoot;
    KPTR(void) OrderedPointer;
    ULONG WhichOrderedElement;
    ULONG NumberGenericTableElements;
    ULONG DepthOfTree;
    KPTR(struct _RTL_BALANCED_LINKS) RestartKey;
    ULONG DeleteCount;
    KFUNC CompareRoutine;
    KFUNC AllocateRoutine;
    KFUNC FreeRoutine;
    KPTR(void) TableContext;
};
typedef struct _RTL_AVL_TABLE RTL_AVL_TABLE;
NT_SIZE(struct _RTL_AVL_TABLE, 0x68);
NT_OFFSET(struct _RTL_AVL_TABLE, BalancedRoot, 0x0);
NT_OFFSET(struct _RTL_AVL_TABLE, OrderedPointer, 0x20);
NT_OFFSET(struct _RTL_AVL_TABLE, WhichOrderedElement, 0x28);
NT_OFFSET(struct _RTL_AVL_TABLE, NumberGenericTableElements, 0x2c);
NT_OFFSET(struct _RTL_AVL_TABLE, DepthOfTree, 0x30);
NT_OFFSET(struct _RTL_AVL_TABLE, RestartKey, 0x38);
NT_OFFSET(struct _RTL_AVL_TABLE, DeleteCount, 0x40);
NT_OFFSET(struct _RTL_AVL_TABLE, CompareRoutine, 0x48);
NT_OFFSET(struct _RTL_AVL_TABLE, AllocateRoutine, 0x50);
NT_OFFSET(struct _RTL_AVL_TABLE, FreeRoutine, 0x58);
NT_OFFSET(struct _RTL_AVL_TABLE, TableContext, 0x60);

struct _M128A {
    ULONG64 Low;
    LONG64 High;
};
typedef struct _M128A M128A;
NT_SIZE(struct _M128A, 0x10);
NT_OFFSET(struct _M128A, Low, 0x0);
NT_OFFSET(struct _M128A, High, 0x8);

struct _XSAVE_FORMAT {
    USHORT ControlWord;
    USHORT StatusWord;
    UCHAR TagWord;
    UCHAR Reserved1;
    USHORT ErrorOpcode;
    ULONG ErrorOffset;
    USHORT ErrorSelector;
    USHORT Reserved2;
    ULONG DataOffset;
    USHORT DataSelector;
    USHORT Reserved3;
    ULONG MxCsr;
    ULONG MxCsr_Mask;
    struct _M128A FloatRegisters[8];
    struct _M128A XmmRegisters[16];
    UCHAR Reserved4[96];
};
typedef struct _XSAVE_FORMAT XSAVE_FORMAT;
NT_SIZE(struct _XSAVE_FORMAT, 0x200);
NT_OFFSET(struct _XSAVE_FORMAT, ControlWord, 0x0);
NT_OFFSET(struct _XSAVE_FORMAT, StatusWord, 0x2);
NT_OFFSET(struct _XSAVE_FORMAT, TagWord, 0x4);
NT_OFFSET(struct _XSAVE_FORMAT, Reserved1, 0x5);
NT_OFFSET(struct _XSAVE_FORMAT, ErrorOpcode, 0x6);
NT_OFFSET(struct _XSAVE_FORMAT, ErrorOffset, 0x8);
NT_OFFSET(struct _XSAVE_FORMAT, ErrorSelector, 0xc);
NT_OFFSET(struct _XSAVE_FORMAT, Reserved2, 0xe);
NT_OFFSET(struct _XSAVE_FORMAT, DataOffset, 0x10);
NT_OFFSET(struct _XSAVE_FORMAT, DataSelector, 0x14);
NT_OFFSET(struct _XSAVE_FORMAT, Reserved3, 0x16);
NT_OFFSET(struct _XSAVE_FORMAT, MxCsr, 0x18);
NT_OFFSET(struct _XSAVE_FORMAT, MxCsr_Mask, 0x1c);
NT_OFFSET(struct _XSAVE_FORMAT, FloatRegisters, 0x20);
NT_OFFSET(struct _XSAVE_FORMAT, XmmRegisters, 0xa0);
NT_OFFSET(struct _XSAVE_FORMAT, Reserved4, 0x1a0);

struct _CONTEXT {
    ULONG64 P1Home;
    ULONG64 P2Home;
    ULONG64 P3Home;
    ULONG64 P4Home;
    ULONG64 P5Home;
    ULONG64 P6Home;
    ULONG ContextFlags;
    ULONG MxCsr;
    USHORT SegCs;
    USHORT SegDs;
    USHORT SegEs;
    USHORT SegFs;
    USHORT SegGs;
    USHORT SegSs;
    ULONG EFlags;
    ULONG64 Dr0;
    ULONG64 Dr1;
    ULONG64 Dr2;
    ULONG64 Dr3;
    ULONG64 Dr6;
    ULONG64 Dr7;
    ULONG64 Rax;
    ULONG64 Rcx;
    ULONG64 Rdx;
    ULONG64 Rbx;
    ULONG64 Rsp;
    ULONG64 Rbp;
    ULONG64 Rsi;
    ULONG64 Rdi;
    ULONG64 R8;
    ULONG64 R9;
    ULONG64 R10;
    ULONG64 R11;
    ULONG64 R12;
    ULONG64 R13;
    ULONG64 R14;
    ULONG64 R15;
    ULONG64 Rip;
    union {
        struct _XSAVE_FORMAT FltSave;
        struct {
            struct _M128A Header[2];
            struct _M128A Legacy[8];
            struct _M128A Xmm0;
            struct _M128A Xmm1;
            struct _M128A Xmm2;
            struct _M128A Xmm3;
            struct _M128A Xmm4;
            struct _M128A Xmm5;
            struct _M128A Xmm6;
            struct _M128A Xmm7;
            struct _M128A Xmm8;
            struct _M128A Xmm9;
            struct _M128A Xmm10;
            struct _M128A Xmm11;
            struct _M128A Xmm12;
            struct _M128A Xmm13;
            struct _M128A Xmm14;
            struct _M128A Xmm15;
        };
    };
    struct _M128A VectorRegister[26];
    ULONG64 VectorControl;
    ULONG64 DebugControl;
    ULONG64 LastBranchToRip;
    ULONG64 LastBranchFromRip;
    ULONG64 LastExceptionToRip;
    ULONG64 LastExceptionFromRip;
};
typedef struct _CONTEXT CONTEXT;
NT_SIZE(struct _CONTEXT, 0x4d0);
NT_OFFSET(struct _CONTEXT, P1Home, 0x0);
NT_OFFSET(struct _CONTEXT, P2Home, 0x8);
NT_OFFSET(struct _CONTEXT, P3Home, 0x10);
NT_OFFSET(struct _CONTEXT, P4Home, 0x18);
NT_OFFSET(struct _CONTEXT, P5Home, 0x20);
NT_OFFSET(struct _CONTEXT, P6Home, 0x28);
NT_OFFSET(struct _CONTEXT, ContextFlags, 0x30);
NT_OFFSET(struct _CONTEXT, MxCsr, 0x34);
NT_OFFSET(struct _CONTEXT, SegCs, 0x38);
NT_OFFSET(struct _CONTEXT, SegDs, 0x3a);
NT_OFFSET(struct _CONTEXT, SegEs, 0x3c);
NT_OFFSET(struct _CONTEXT, SegFs, 0x3e);
NT_OFFSET(struct _CONTEXT, SegGs, 0x40);
NT_OFFSET(struct _CONTEXT, SegSs, 0x42);
NT_OFFSET(struct _CONTEXT, EFlags, 0x44);
NT_OFFSET(struct _CONTEXT, Dr0, 0x48);
NT_OFFSET(struct _CONTEXT, Dr1, 0x50);
NT_OFFSET(struct _CONTEXT, Dr2, 0x58);
NT_OFFSET(struct _CONTEXT, Dr3, 0x60);
NT_OFFSET(struct _CONTEXT, Dr6, 0x68);
NT_OFFSET(struct _CONTEXT, Dr7, 0x70);
NT_OFFSET(struct _CONTEXT, Rax, 0x78);
NT_OFFSET(struct _CONTEXT, Rcx, 0x80);
NT_OFFSET(struct _CONTEXT, Rdx, 0x88);
NT_OFFSET(struct _CONTEXT, Rbx, 0x90);
NT_OFFSET(struct _CONTEXT, Rsp, 0x98);
NT_OFFSET(struct _CONTEXT, Rbp, 0xa0);
NT_OFFSET(struct _CONTEXT, Rsi, 0xa8);
NT_OFFSET(struct _CONTEXT, Rdi, 0xb0);
NT_OFFSET(struct _CONTEXT, R8, 0xb8);
NT_OFFSET(struct _CONTEXT, R9, 0xc0);
NT_OFFSET(struct _CONTEXT, R10, 0xc8);
NT_OFFSET(struct _CONTEXT, R11, 0xd0);
NT_OFFSET(struct _CONTEXT, R12, 0xd8);
NT_OFFSET(struct _CONTEXT, R13, 0xe0);
NT_OFFSET(struct _CONTEXT, R14, 0xe8);
NT_OFFSET(struct _CONTEXT, R15, 0xf0);
NT_OFFSET(struct _CONTEXT, Rip, 0xf8);
NT_OFFSET(struct _CONTEXT, FltSave, 0x100);
NT_OFFSET(struct _CONTEXT, Header, 0x100);
NT_OFFSET(struct _CONTEXT, Legacy, 0x120);
NT_OFFSET(struct _CONTEXT, Xmm0, 0x1a0);
NT_OFFSET(struct _CONTEXT, Xmm1, 0x1b0);
NT_OFFSET(struct _CONTEXT, Xmm2, 0x1c0);
NT_OFFSET(struct _CONTEXT, Xmm3, 0x1d0);
NT_OFFSET(struct _CONTEXT, Xmm4, 0x1e0);
NT_OFFSET(struct _CONTEXT, Xmm5, 0x1f0);
NT_OFFSET(struct _CONTEXT, Xmm6, 0x200);
NT_OFFSET(struct _CONTEXT, Xmm7, 0x210);
NT_OFFSET(struct _CONTEXT, Xmm8, 0x220);
NT_OFFSET(struct _CONTEXT, Xmm9, 0x230);
NT_OFFSET(struct _CONTEXT, Xmm10, 0x240);
NT_OFFSET(struct _CONTEXT, Xmm11, 0x250);
NT_OFFSET(struct _CONTEXT, Xmm12, 0x260);
NT_OFFSET(struct _CONTEXT, Xmm13, 0x270);
NT_OFFSET(struct _CONTEXT, Xmm14, 0x280);
NT_OFFSET(struct _CONTEXT, Xmm15, 0x290);
NT_OFFSET(struct _CONTEXT, VectorRegister, 0x300);
NT_OFFSET(struct _CONTEXT, VectorControl, 0x4a0);
NT_OFFSET(struct _CONTEXT, DebugControl, 0x4a8);
NT_OFFSET(struct _CONTEXT, LastBranchToRip, 0x4b0);
NT_OFFSET(struct _CONTEXT, LastBranchFromRip, 0x4b8);
NT_OFFSET(struct _CONTEXT, LastExceptionToRip, 0x4c0);
NT_OFFSET(struct _CONTEXT, LastExceptionFromRip, 0x4c8);

struct _EXCEPTION_RECORD {
    LONG ExceptionCode;
    ULONG ExceptionFlags;
    UPTR(struct _EXCEPTION_RECORD) ExceptionRecord;
    UPTR(void) ExceptionAddress;
    ULONG NumberParameters;
    ULONG64 ExceptionInformation[15];
};
typedef struct _EXCEPTION_RECORD EXCEPTION_RECORD;
NT_SIZE(struct _EXCEPTION_RECORD, 0x98);
NT_OFFSET(struct _EXCEPTION_RECORD, ExceptionCode, 0x0);
NT_OFFSET(struct _EXCEPTION_RECORD, ExceptionFlags, 0x4);
NT_OFFSET(struct _EXCEPTION_RECORD, ExceptionRecord, 0x8);
NT_OFFSET(struct _EXCEPTION_RECORD, ExceptionAddress, 0x10);
NT_OFFSET(struct _EXCEPTION_RECORD, NumberParameters, 0x18);
NT_OFFSET(struct _EXCEPTION_RECORD, ExceptionInformation, 0x20);

struct _EXCEPTION_POINTERS {
    UPTR(struct _EXCEPTION_RECORD) ExceptionRecord;
    UPTR(struct _CONTEXT) ContextRecord;
};
typedef struct _EXCEPTION_POINTERS EXCEPTION_POINTERS;
NT_SIZE(struct _EXCEPTION_POINTERS, 0x10);
NT_OFFSET(struct _EXCEPTION_POINTERS, ExceptionRecord, 0x0);
NT_OFFSET(struct _EXCEPTION_POINTERS, ContextRecord, 0x8);

struct _EXCEPTION_REGISTRATION_RECORD {
    UPTR(struct _EXCEPTION_REGISTRATION_RECORD) Next;
    UFUNC Handler;
};
typedef struct _EXCEPTION_REGISTRATION_RECORD EXCEPTION_REGISTRATION_RECORD;
NT_SIZE(struct _EXCEPTION_REGISTRATION_RECORD, 0x10);
NT_OFFSET(struct _EXCEPTION_REGISTRATION_RECORD, Next, 0x0);
NT_OFFSET(struct _EXCEPTION_REGISTRATION_RECORD, Handler, 0x8);

struct _NT_TIB {
    UPTR(struct _EXCEPTION_REGISTRATION_RECORD) ExceptionList;
    UPTR(void) StackBase;
    UPTR(void) StackLimit;
    UPTR(void) SubSystemTib;
    union {
        UPTR(void) FiberData;
        ULONG Version;
    };
    UPTR(void) ArbitraryUserPointer;
    UPTR(struct _NT_TIB) Self;
};
typedef struct _NT_TIB NT_TIB;
NT_SIZE(struct _NT_TIB, 0x38);
NT_OFFSET(struct _NT_TIB, ExceptionList, 0x0);
NT_OFFSET(struct _NT_TIB, StackBase, 0x8);
NT_OFFSET(struct _NT_TIB, StackLimit, 0x10);
NT_OFFSET(struct _NT_TIB, SubSystemTib, 0x18);
NT_OFFSET(struct _NT_TIB, FiberData, 0x20);
NT_OFFSET(struct _NT_TIB, Version, 0x20);
NT_OFFSET(struct _NT_TIB, ArbitraryUserPointer, 0x28);
NT_OFFSET(struct _NT_TIB, Self, 0x30);

struct _RTL_CRITICAL_SECTION {
    UPTR(struct _RTL_CRITICAL_SECTION_DEBUG) DebugInfo;
    LONG LockCount;
    LONG RecursionCount;
    UPTR(void) OwningThread;
    UPTR(void) LockSemaphore;
    ULONG64 SpinCount;
};
typedef struct _RTL_CRITICAL_SECTION RTL_CRITICAL_SECTION;
NT_SIZE(struct _RTL_CRITICAL_SECTION, 0x28);
NT_OFFSET(struct _RTL_CRITICAL_SECTION, DebugInfo, 0x0);
NT_OFFSET(struct _RTL_CRITICAL_SECTION, LockCount, 0x8);
NT_OFFSET(struct _RTL_CRITICAL_SECTION, RecursionCount, 0xc);
NT_OFFSET(struct _RTL_CRITICAL_SECTION, OwningThread, 0x10);
NT_OFFSET(struct _RTL_CRITICAL_SECTION, LockSemaphore, 0x18);
NT_OFFSET(struct _RTL_CRITICAL_SECTION, SpinCount, 0x20);

struct _RTL_CRITICAL_SECTION_DEBUG {
    USHORT Type;
    USHORT CreatorBackTraceIndex;
    UPTR(struct _RTL_CRITICAL_SECTION) CriticalSection;
    struct _LIST_ENTRY ProcessLocksList;
    ULONG EntryCount;
    ULONG ContentionCount;
    ULONG Flags;
    USHORT CreatorBackTraceIndexHigh;
    USHORT SpareUSHORT;
};
typedef struct _RTL_CRITICAL_SECTION_DEBUG RTL_CRITICAL_SECTION_DEBUG;
NT_SIZE(struct _RTL_CRITICAL_SECTION_DEBUG, 0x30);
NT_OFFSET(struct _RTL_CRITICAL_SECTION_DEBUG, Type, 0x0);
NT_OFFSET(struct _RTL_CRITICAL_SECTION_DEBUG, CreatorBackTraceIndex, 0x2);
NT_OFFSET(struct _RTL_CRITICAL_SECTION_DEBUG, CriticalSection, 0x8);
NT_OFFSET(struct _RTL_CRITICAL_SECTION_DEBUG, ProcessLocksList, 0x10);
NT_OFFSET(struct _RTL_CRITICAL_SECTION_DEBUG, EntryCount, 0x20);
NT_OFFSET(struct _RTL_CRITICAL_SECTION_DEBUG, ContentionCount, 0x24);
NT_OFFSET(struct _RTL_CRITICAL_SECTION_DEBUG, Flags, 0x28);
NT_OFFSET(struct _RTL_CRITICAL_SECTION_DEBUG, CreatorBackTraceIndexHigh, 0x2c);
NT_OFFSET(struct _RTL_CRITICAL_SECTION_DEBUG, SpareUSHORT, 0x2e);

struct _RTL_SRWLOCK {
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
typedef struct _RTL_SRWLOCK RTL_SRWLOCK;
NT_SIZE(struct _RTL_SRWLOCK, 0x8);
NT_OFFSET(struct _RTL_SRWLOCK, Ptr, 0x0);
NT_OFFSET(struct _RTL_SRWLOCK, Value, 0x0);

struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    UPTR(void) RootDirectory;
    UPTR(struct _UNICODE_STRING) ObjectName;
    ULONG Attributes;
    UPTR(void) SecurityDescriptor;
    UPTR(void) SecurityQualityOfService;
};
typedef struct _OBJECT_ATTRIBUTES OBJECT_ATTRIBUTES;
NT_SIZE(struct _OBJECT_ATTRIBUTES, 0x30);
NT_OFFSET(struct _OBJECT_ATTRIBUTES, Length, 0x0);
NT_OFFSET(struct _OBJECT_ATTRIBUTES, RootDirectory, 0x8);
NT_OFFSET(struct _OBJECT_ATTRIBUTES, ObjectName, 0x10);
NT_OFFSET(struct _OBJECT_ATTRIBUTES, Attributes, 0x18);
NT_OFFSET(struct _OBJECT_ATTRIBUTES, SecurityDescriptor, 0x20);
NT_OFFSET(struct _OBJECT_ATTRIBUTES, SecurityQualityOfService, 0x28);

struct _IO_STATUS_BLOCK {
    union {
        UPTR(void) Pointer;
        LONG Status;
    };
    ULONG64 Information;
};
typedef struct _IO_STATUS_BLOCK IO_STATUS_BLOCK;
NT_SIZE(struct _IO_STATUS_BLOCK, 0x10);
NT_OFFSET(struct _IO_STATUS_BLOCK, Pointer, 0x0);
NT_OFFSET(struct _IO_STATUS_BLOCK, Status, 0x0);
NT_OFFSET(struct _IO_STATUS_BLOCK, Information, 0x8);

struct _KSYSTEM_TIME {
    ULONG LowPart;
    LONG High1Time;
    LONG High2Time;
};
typedef struct _KSYSTEM_TIME KSYSTEM_TIME;
NT_SIZE(struct _KSYSTEM_TIME, 0xc);
NT_OFFSET(struct _KSYSTEM_TIME, LowPart, 0x0);
NT_OFFSET(struct _KSYSTEM_TIME, High1Time, 0x4);
NT_OFFSET(struct _KSYSTEM_TIME, High2Time, 0x8);

struct _GENERIC_MAPPING {
    ULONG GenericRead;
    ULONG GenericWrite;
    ULONG GenericExecute;
    ULONG GenericAll;
};
typedef struct _GENERIC_MAPPING GENERIC_MAPPING;
NT_SIZE(struct _GENERIC_MAPPING, 0x10);
NT_OFFSET(struct _GENERIC_MAPPING, GenericRead, 0x0);
NT_OFFSET(struct _GENERIC_MAPPING, GenericWrite, 0x4);
NT_OFFSET(struct _GENERIC_MAPPING, GenericExecute, 0x8);
NT_OFFSET(struct _GENERIC_MAPPING, GenericAll, 0xc);

enum _NT_PRODUCT_TYPE {
    NtProductWinNt = 1,
    NtProductLanManNt = 2,
    NtProductServer = 3,
};
typedef enum _NT_PRODUCT_TYPE NT_PRODUCT_TYPE;
