/* include/nt/ke.h: Kernel: dispatcher objects, processes and threads as the scheduler sees them,
 * processors.
 *
 * Layout of Windows 7 SP1 x64, build 7601.17514, asserted member by member.
 * Written by tools/gen_nt_headers.py; edit that, not this. */
#pragma once

#include "nt/ex.h"
#include "nt/rtl.h"
#include "nt/types.h"

struct _CONTEXT;
struct _GENERAL_LOOKASIDE;
struct _KAPC_STATE;
struct _KDPC;
struct _KNODE;
struct _KPCR;
struct _KPRCB;
struct _KPROCESS;
struct _KQUEUE;
struct _KSPIN_LOCK_QUEUE;
struct _KTHREAD;
struct _KTHREAD_COUNTERS;
struct _KTIMER;
struct _KTRAP_FRAME;
struct _KTSS64;
struct _KWAIT_BLOCK;
struct _PPM_IDLE_STATES;
struct _PROC_HISTORY_ENTRY;
struct _PROC_IDLE_ACCOUNTING;
struct _PROC_PERF_CONSTRAINT;
struct _PROC_PERF_DOMAIN;
struct _PROC_PERF_LOAD;
struct _REQUEST_MAILBOX;
struct _UMS_CONTROL_BLOCK;
struct _XSAVE_AREA;
struct _XSTATE_SAVE;
union _KGDTENTRY64;
union _KIDTENTRY64;

struct _KMUTANT {
    struct _DISPATCHER_HEADER Header;
    struct _LIST_ENTRY MutantListEntry;
    KPTR(struct _KTHREAD) OwnerThread;
    UCHAR Abandoned;
    UCHAR ApcDisable;
};
typedef struct _KMUTANT KMUTANT;
NT_SIZE(struct _KMUTANT, 0x38);
NT_OFFSET(struct _KMUTANT, Header, 0x0);
NT_OFFSET(struct _KMUTANT, MutantListEntry, 0x18);
NT_OFFSET(struct _KMUTANT, OwnerThread, 0x28);
NT_OFFSET(struct _KMUTANT, Abandoned, 0x30);
NT_OFFSET(struct _KMUTANT, ApcDisable, 0x31);

struct _KSEMAPHORE {
    struct _DISPATCHER_HEADER Header;
    LONG Limit;
};
typedef struct _KSEMAPHORE KSEMAPHORE;
NT_SIZE(struct _KSEMAPHORE, 0x20);
NT_OFFSET(struct _KSEMAPHORE, Header, 0x0);
NT_OFFSET(struct _KSEMAPHORE, Limit, 0x18);

struct _KTIMER {
    struct _DISPATCHER_HEADER Header;
    union _ULARGE_INTEGER DueTime;
    struct _LIST_ENTRY TimerListEntry;
    KPTR(struct _KDPC) Dpc;
    ULONG Processor;
    ULONG Period;
};
typedef struct _KTIMER KTIMER;
NT_SIZE(struct _KTIMER, 0x40);
NT_OFFSET(struct _KTIMER, Header, 0x0);
NT_OFFSET(struct _KTIMER, DueTime, 0x18);
NT_OFFSET(struct _KTIMER, TimerListEntry, 0x20);
NT_OFFSET(struct _KTIMER, Dpc, 0x30);
NT_OFFSET(struct _KTIMER, Processor, 0x38);
NT_OFFSET(struct _KTIMER, Period, 0x3c);

struct _KQUEUE {
    struct _DISPATCHER_HEADER Header;
    struct _LIST_ENTRY EntryListHead;
    ULONG CurrentCount;
    ULONG MaximumCount;
    struct _LIST_ENTRY ThreadListHead;
};
typedef struct _KQUEUE KQUEUE;
NT_SIZE(struct _KQUEUE, 0x40);
NT_OFFSET(struct _KQUEUE, Header, 0x0);
NT_OFFSET(struct _KQUEUE, EntryListHead, 0x18);
NT_OFFSET(struct _KQUEUE, CurrentCount, 0x28);
NT_OFFSET(struct _KQUEUE, MaximumCount, 0x2c);
NT_OFFSET(struct _KQUEUE, ThreadListHead, 0x30);

struct _KWAIT_BLOCK {
    struct _LIST_ENTRY WaitListEntry;
    KPTR(struct _KTHREAD) Thread;
    KPTR(void) Object;
    KPTR(struct _KWAIT_BLOCK) NextWaitBlock;
    USHORT WaitKey;
    UCHAR WaitType;
    UCHAR BlockState;
    LONG SpareLong;
};
typedef struct _KWAIT_BLOCK KWAIT_BLOCK;
NT_SIZE(struct _KWAIT_BLOCK, 0x30);
NT_OFFSET(struct _KWAIT_BLOCK, WaitListEntry, 0x0);
NT_OFFSET(struct _KWAIT_BLOCK, Thread, 0x10);
NT_OFFSET(struct _KWAIT_BLOCK, Object, 0x18);
NT_OFFSET(struct _KWAIT_BLOCK, NextWaitBlock, 0x20);
NT_OFFSET(struct _KWAIT_BLOCK, WaitKey, 0x28);
NT_OFFSET(struct _KWAIT_BLOCK, WaitType, 0x2a);
NT_OFFSET(struct _KWAIT_BLOCK, BlockState, 0x2b);
NT_OFFSET(struct _KWAIT_BLOCK, SpareLong, 0x2c);

struct _KAPC {
    UCHAR Type;
    UCHAR SpareByte0;
    UCHAR Size;
    UCHAR SpareByte1;
    ULONG SpareLong0;
    KPTR(struct _KTHREAD) Thread;
    struct _LIST_ENTRY ApcListEntry;
    KFUNC KernelRoutine;
    KFUNC RundownRoutine;
    KFUNC NormalRoutine;
    KPTR(void) NormalContext;
    KPTR(void) SystemArgument1;
    KPTR(void) SystemArgument2;
    CHAR ApcStateIndex;
    CHAR ApcMode;
    UCHAR Inserted;
};
typedef struct _KAPC KAPC;
NT_SIZE(struct _KAPC, 0x58);
NT_OFFSET(struct _KAPC, Type, 0x0);
NT_OFFSET(struct _KAPC, SpareByte0, 0x1);
NT_OFFSET(struct _KAPC, Size, 0x2);
NT_OFFSET(struct _KAPC, SpareByte1, 0x3);
NT_OFFSET(struct _KAPC, SpareLong0, 0x4);
NT_OFFSET(struct _KAPC, Thread, 0x8);
NT_OFFSET(struct _KAPC, ApcListEntry, 0x10);
NT_OFFSET(struct _KAPC, KernelRoutine, 0x20);
NT_OFFSET(struct _KAPC, RundownRoutine, 0x28);
NT_OFFSET(struct _KAPC, NormalRoutine, 0x30);
NT_OFFSET(struct _KAPC, NormalContext, 0x38);
NT_OFFSET(struct _KAPC, SystemArgument1, 0x40);
NT_OFFSET(struct _KAPC, SystemArgument2, 0x48);
NT_OFFSET(struct _KAPC, ApcStateIndex, 0x50);
NT_OFFSET(struct _KAPC, ApcMode, 0x51);
NT_OFFSET(struct _KAPC, Inserted, 0x52);

struct _KAPC_STATE {
    struct _LIST_ENTRY ApcListHead[2];
    KPTR(struct _KPROCESS) Process;
    UCHAR KernelApcInProgress;
    UCHAR KernelApcPending;
    UCHAR UserApcPending;
};
typedef struct _KAPC_STATE KAPC_STATE;
NT_SIZE(struct _KAPC_STATE, 0x30);
NT_OFFSET(struct _KAPC_STATE, ApcListHead, 0x0);
NT_OFFSET(struct _KAPC_STATE, Process, 0x20);
NT_OFFSET(struct _KAPC_STATE, KernelApcInProgress, 0x28);
NT_OFFSET(struct _KAPC_STATE, KernelApcPending, 0x29);
NT_OFFSET(struct _KAPC_STATE, UserApcPending, 0x2a);

struct _KDPC {
    UCHAR Type;
    UCHAR Importance;
    USHORT Number;
    struct _LIST_ENTRY DpcListEntry;
    KFUNC DeferredRoutine;
    KPTR(void) DeferredContext;
    KPTR(void) SystemArgument1;
    KPTR(void) SystemArgument2;
    KPTR(void) DpcData;
};
typedef struct _KDPC KDPC;
NT_SIZE(struct _KDPC, 0x40);
NT_OFFSET(struct _KDPC, Type, 0x0);
NT_OFFSET(struct _KDPC, Importance, 0x1);
NT_OFFSET(struct _KDPC, Number, 0x2);
NT_OFFSET(struct _KDPC, DpcListEntry, 0x8);
NT_OFFSET(struct _KDPC, DeferredRoutine, 0x18);
NT_OFFSET(struct _KDPC, DeferredContext, 0x20);
NT_OFFSET(struct _KDPC, SystemArgument1, 0x28);
NT_OFFSET(struct _KDPC, SystemArgument2, 0x30);
NT_OFFSET(struct _KDPC, DpcData, 0x38);

struct _KSPIN_LOCK_QUEUE {
    KPTR(struct _KSPIN_LOCK_QUEUE) Next;
    KPTR(ULONG64) Lock;
};
typedef struct _KSPIN_LOCK_QUEUE KSPIN_LOCK_QUEUE;
NT_SIZE(struct _KSPIN_LOCK_QUEUE, 0x10);
NT_OFFSET(struct _KSPIN_LOCK_QUEUE, Next, 0x0);
NT_OFFSET(struct _KSPIN_LOCK_QUEUE, Lock, 0x8);

struct _KAFFINITY_EX {
    USHORT Count;
    USHORT Size;
    ULONG Reserved;
    ULONG64 Bitmap[4];
};
typedef struct _KAFFINITY_EX KAFFINITY_EX;
NT_SIZE(struct _KAFFINITY_EX, 0x28);
NT_OFFSET(struct _KAFFINITY_EX, Count, 0x0);
NT_OFFSET(struct _KAFFINITY_EX, Size, 0x2);
NT_OFFSET(struct _KAFFINITY_EX, Reserved, 0x4);
NT_OFFSET(struct _KAFFINITY_EX, Bitmap, 0x8);

union _KEXECUTE_OPTIONS {
    struct {
        UCHAR ExecuteDisable : 1;
        UCHAR ExecuteEnable : 1;
        UCHAR DisableThunkEmulation : 1;
        UCHAR Permanent : 1;
        UCHAR ExecuteDispatchEnable : 1;
        UCHAR ImageDispatchEnable : 1;
        UCHAR DisableExceptionChainValidation : 1;
        UCHAR Spare : 1;
    };
    UCHAR ExecuteOptions;
};
typedef union _KEXECUTE_OPTIONS KEXECUTE_OPTIONS;
NT_SIZE(union _KEXECUTE_OPTIONS, 0x1);
NT_OFFSET(union _KEXECUTE_OPTIONS, ExecuteOptions, 0x0);

union _KGDTENTRY64 {
    struct {
        ULONG64 Alignment;
        ULONG BaseUpper;
        ULONG MustBeZero;
    };
    struct {
        USHORT LimitLow;
        USHORT BaseLow;
        struct {
            ULONG BaseMiddle : 8;
            ULONG Type : 5;
            ULONG Dpl : 2;
            ULONG Present : 1;
            ULONG LimitHigh : 4;
            ULONG System : 1;
            ULONG LongMode : 1;
            ULONG DefaultBig : 1;
            ULONG Granularity : 1;
            ULONG BaseHigh : 8;
        } Bits;
    };
    struct {
        ULONG : 32;
        struct {
            UCHAR BaseMiddle;
            UCHAR Flags1;
            UCHAR Flags2;
            UCHAR BaseHigh;
        } Bytes;
    };
};
typedef union _KGDTENTRY64 KGDTENTRY64;
NT_SIZE(union _KGDTENTRY64, 0x10);
NT_OFFSET(union _KGDTENTRY64, Alignment, 0x0);
NT_OFFSET(union _KGDTENTRY64, LimitLow, 0x0);
NT_OFFSET(union _KGDTENTRY64, BaseLow, 0x2);
NT_OFFSET(union _KGDTENTRY64, Bits, 0x4);
NT_OFFSET(union _KGDTENTRY64, Bytes, 0x4);
NT_OFFSET(union _KGDTENTRY64, BaseUpper, 0x8);
NT_OFFSET(union _KGDTENTRY64, MustBeZero, 0xc);

union _KSTACK_COUNT {
    struct {
        ULONG State : 3;
        ULONG StackCount : 29;
    };
    LONG Value;
};
typedef union _KSTACK_COUNT KSTACK_COUNT;
NT_SIZE(union _KSTACK_COUNT, 0x4);
NT_OFFSET(union _KSTACK_COUNT, Value, 0x0);

struct _KPROCESS {
    struct _DISPATCHER_HEADER Header;
    struct _LIST_ENTRY ProfileListHead;
    ULONG64 DirectoryTableBase;
    struct _LIST_ENTRY ThreadListHead;
    ULONG64 ProcessLock;
    struct _KAFFINITY_EX Affinity;
    struct _LIST_ENTRY ReadyListHead;
    struct _SINGLE_LIST_ENTRY SwapListEntry;
    struct _KAFFINITY_EX ActiveProcessors;
    union {
        struct {
            LONG AutoAlignment : 1;
            LONG DisableBoost : 1;
            LONG DisableQuantum : 1;
            LONG : 4;
            LONG ReservedFlags : 25;
        };
        LONG ProcessFlags;
        struct {
            ULONG : 3;
            ULONG ActiveGroupsMask : 4;
        };
    };
    CHAR BasePriority;
    CHAR QuantumReset;
    UCHAR Visited;
    UCHAR Unused3;
    ULONG ThreadSeed[4];
    USHORT IdealNode[4];
    USHORT IdealGlobalNode;
    union _KEXECUTE_OPTIONS Flags;
    UCHAR Unused1;
    ULONG Unused2;
    ULONG Unused4;
    union _KSTACK_COUNT StackCount;
    struct _LIST_ENTRY ProcessListEntry;
    ULONG64 CycleTime;
    ULONG KernelTime;
    ULONG UserTime;
    KPTR(void) InstrumentationCallback;
    union _KGDTENTRY64 LdtSystemDescriptor;
    KPTR(void) LdtBaseAddress;
    struct _KGUARDED_MUTEX LdtProcessLock;
    USHORT LdtFreeSelectorHint;
    USHORT LdtTableLength;
};
typedef struct _KPROCESS KPROCESS;
NT_SIZE(struct _KPROCESS, 0x160);
NT_OFFSET(struct _KPROCESS, Header, 0x0);
NT_OFFSET(struct _KPROCESS, ProfileListHead, 0x18);
NT_OFFSET(struct _KPROCESS, DirectoryTableBase, 0x28);
NT_OFFSET(struct _KPROCESS, ThreadListHead, 0x30);
NT_OFFSET(struct _KPROCESS, ProcessLock, 0x40);
NT_OFFSET(struct _KPROCESS, Affinity, 0x48);
NT_OFFSET(struct _KPROCESS, ReadyListHead, 0x70);
NT_OFFSET(struct _KPROCESS, SwapListEntry, 0x80);
NT_OFFSET(struct _KPROCESS, ActiveProcessors, 0x88);
NT_OFFSET(struct _KPROCESS, ProcessFlags, 0xb0);
NT_OFFSET(struct _KPROCESS, BasePriority, 0xb4);
NT_OFFSET(struct _KPROCESS, QuantumReset, 0xb5);
NT_OFFSET(struct _KPROCESS, Visited, 0xb6);
NT_OFFSET(struct _KPROCESS, Unused3, 0xb7);
NT_OFFSET(struct _KPROCESS, ThreadSeed, 0xb8);
NT_OFFSET(struct _KPROCESS, IdealNode, 0xc8);
NT_OFFSET(struct _KPROCESS, IdealGlobalNode, 0xd0);
NT_OFFSET(struct _KPROCESS, Flags, 0xd2);
NT_OFFSET(struct _KPROCESS, Unused1, 0xd3);
NT_OFFSET(struct _KPROCESS, Unused2, 0xd4);
NT_OFFSET(struct _KPROCESS, Unused4, 0xd8);
NT_OFFSET(struct _KPROCESS, StackCount, 0xdc);
NT_OFFSET(struct _KPROCESS, ProcessListEntry, 0xe0);
NT_OFFSET(struct _KPROCESS, CycleTime, 0xf0);
NT_OFFSET(struct _KPROCESS, KernelTime, 0xf8);
NT_OFFSET(struct _KPROCESS, UserTime, 0xfc);
NT_OFFSET(struct _KPROCESS, InstrumentationCallback, 0x100);
NT_OFFSET(struct _KPROCESS, LdtSystemDescriptor, 0x108);
NT_OFFSET(struct _KPROCESS, LdtBaseAddress, 0x118);
NT_OFFSET(struct _KPROCESS, LdtProcessLock, 0x120);
NT_OFFSET(struct _KPROCESS, LdtFreeSelectorHint, 0x158);
NT_OFFSET(struct _KPROCESS, LdtTableLength, 0x15a);

struct _GROUP_AFFINITY {
    ULONG64 Mask;
    USHORT Group;
    USHORT Reserved[3];
};
typedef struct _GROUP_AFFINITY GROUP_AFFINITY;
NT_SIZE(struct _GROUP_AFFINITY, 0x10);
NT_OFFSET(struct _GROUP_AFFINITY, Mask, 0x0);
NT_OFFSET(struct _GROUP_AFFINITY, Group, 0x8);
NT_OFFSET(struct _GROUP_AFFINITY, Reserved, 0xa);

union _KWAIT_STATUS_REGISTER {
    UCHAR Flags;
    struct {
        UCHAR State : 2;
        UCHAR Affinity : 1;
        UCHAR Priority : 1;
        UCHAR Apc : 1;
        UCHAR UserApc : 1;
        UCHAR Alert : 1;
        UCHAR Unused : 1;
    };
};
typedef union _KWAIT_STATUS_REGISTER KWAIT_STATUS_REGISTER;
NT_SIZE(union _KWAIT_STATUS_REGISTER, 0x1);
NT_OFFSET(union _KWAIT_STATUS_REGISTER, Flags, 0x0);

struct _KTHREAD {
    struct _DISPATCHER_HEADER Header;
    ULONG64 CycleTime;
    ULONG64 QuantumTarget;
    KPTR(void) InitialStack;
    KPTR(void) StackLimit;
    KPTR(void) KernelStack;
    ULONG64 ThreadLock;
    union _KWAIT_STATUS_REGISTER WaitRegister;
    UCHAR Running;
    UCHAR Alerted[2];
    union {
        struct {
            ULONG KernelStackResident : 1;
            ULONG ReadyTransition : 1;
            ULONG ProcessReadyQueue : 1;
            ULONG WaitNext : 1;
            ULONG SystemAffinityActive : 1;
            ULONG Alertable : 1;
            ULONG GdiFlushActive : 1;
            ULONG UserStackWalkActive : 1;
            ULONG ApcInterruptRequest : 1;
            ULONG ForceDeferSchedule : 1;
            ULONG QuantumEndMigrate : 1;
            ULONG UmsDirectedSwitchEnable : 1;
            ULONG TimerActive : 1;
            ULONG SystemThread : 1;
            ULONG Reserved : 18;
        };
        LONG MiscFlags;
    };
    union {
        struct _KAPC_STATE ApcState;
        struct {
            UCHAR ApcStateFill[43];
            CHAR Priority;
            ULONG NextProcessor;
        };
    };
    ULONG DeferredProcessor;
    ULONG64 ApcQueueLock;
    LONG64 WaitStatus;
    KPTR(struct _KWAIT_BLOCK) WaitBlockList;
    union {
        struct _LIST_ENTRY WaitListEntry;
        struct _SINGLE_LIST_ENTRY SwapListEntry;
    };
    KPTR(struct _KQUEUE) Queue;
    UPTR(void) Teb;
    struct _KTIMER Timer;
    union {
        struct {
            ULONG AutoAlignment : 1;
            ULONG DisableBoost : 1;
            ULONG EtwStackTraceApc1Inserted : 1;
            ULONG EtwStackTraceApc2Inserted : 1;
            ULONG CalloutActive : 1;
            ULONG ApcQueueable : 1;
            ULONG EnableStackSwap : 1;
            ULONG GuiThread : 1;
            ULONG UmsPerformingSyscall : 1;
            ULONG VdmSafe : 1;
            ULONG UmsDispatched : 1;
            ULONG ReservedFlags : 21;
        };
        LONG ThreadFlags;
    };
    ULONG Spare0;
    union {
        struct _KWAIT_BLOCK WaitBlock[4];
        struct {
            UCHAR WaitBlockFill8[188];
            ULONG CombinedApcDisable;
        };
        struct {
            UCHAR WaitBlockFill7[168];
            KPTR(void) TebMappedLowVa;
            KPTR(struct _UMS_CONTROL_BLOCK) Ucb;
            ULONG : 32;
            SHORT KernelApcDisable;
            SHORT SpecialApcDisable;
        };
        struct {
            UCHAR WaitBlockFill6[140];
            ULONG WaitTime;
        };
        struct {
            UCHAR WaitBlockFill5[92];
            UCHAR State;
            CHAR NpxState;
            UCHAR WaitIrql;
            CHAR WaitMode;
        };
        struct {
            UCHAR WaitBlockFill4[44];
            ULONG ContextSwitches;
        };
    };
    struct _LIST_ENTRY QueueListEntry;
    KPTR(struct _KTRAP_FRAME) TrapFrame;
    KPTR(void) FirstArgument;
    union {
        ULONG64 CallbackDepth;
        KPTR(void) CallbackStack;
    };
    UCHAR ApcStateIndex;
    CHAR BasePriority;
    union {
        struct {
            UCHAR ForegroundBoost : 4;
            UCHAR UnusualBoost : 4;
        };
        CHAR PriorityDecrement;
    };
    UCHAR Preempted;
    UCHAR AdjustReason;
    CHAR AdjustIncrement;
    CHAR PreviousMode;
    CHAR Saturation;
    ULONG SystemCallNumber;
    ULONG FreezeCount;
    struct _GROUP_AFFINITY UserAffinity;
    KPTR(struct _KPROCESS) Process;
    struct _GROUP_AFFINITY Affinity;
    ULONG IdealProcessor;
    ULONG UserIdealProcessor;
    KPTR(struct _KAPC_STATE) ApcStatePointer[2];
    union {
        struct _KAPC_STATE SavedApcState;
        struct {
            UCHAR SavedApcStateFill[43];
            UCHAR WaitReason;
            CHAR SuspendCount;
            CHAR Spare1;
            UCHAR CodePatchInProgress;
        };
    };
    KPTR(void) Win32Thread;
    KPTR(void) StackBase;
    union {
        struct _KAPC SuspendApc;
        struct {
            UCHAR SuspendApcFill5[83];
            UCHAR LargeStack;
            ULONG UserTime;
        };
        struct {
            UCHAR SuspendApcFill4[72];
            KPTR(void) LegoData;
        };
        struct {
            UCHAR SuspendApcFill3[64];
            KPTR(struct _KPRCB) WaitPrcb;
        };
        struct {
            UCHAR SuspendApcFill2[4];
            ULONG KernelTime;
        };
        struct {
            UCHAR SuspendApcFill1[3];
            UCHAR QuantumReset;
        };
        struct {
            UCHAR SuspendApcFill0[1];
            UCHAR ResourceIndex;
        };
    };
    union {
        struct _KSEMAPHORE SuspendSemaphore;
        struct {
            UCHAR SuspendSemaphorefill[28];
            ULONG SListFaultCount;
        };
    };
    struct _LIST_ENTRY ThreadListEntry;
    struct _LIST_ENTRY MutantListHead;
    KPTR(void) SListFaultAddress;
    LONG64 ReadOperationCount;
    LONG64 WriteOperationCount;
    LONG64 OtherOperationCount;
    LONG64 ReadTransferCount;
    LONG64 WriteTransferCount;
    LONG64 OtherTransferCount;
    KPTR(struct _KTHREAD_COUNTERS) ThreadCounters;
    KPTR(struct _XSTATE_SAVE) XStateSave;
};
typedef struct _KTHREAD KTHREAD;
NT_SIZE(struct _KTHREAD, 0x360);
NT_OFFSET(struct _KTHREAD, Header, 0x0);
NT_OFFSET(struct _KTHREAD, CycleTime, 0x18);
NT_OFFSET(struct _KTHREAD, QuantumTarget, 0x20);
NT_OFFSET(struct _KTHREAD, InitialStack, 0x28);
NT_OFFSET(struct _KTHREAD, StackLimit, 0x30);
NT_OFFSET(struct _KTHREAD, KernelStack, 0x38);
NT_OFFSET(struct _KTHREAD, ThreadLock, 0x40);
NT_OFFSET(struct _KTHREAD, WaitRegister, 0x48);
NT_OFFSET(struct _KTHREAD, Running, 0x49);
NT_OFFSET(struct _KTHREAD, Alerted, 0x4a);
NT_OFFSET(struct _KTHREAD, MiscFlags, 0x4c);
NT_OFFSET(struct _KTHREAD, ApcState, 0x50);
NT_OFFSET(struct _KTHREAD, ApcStateFill, 0x50);
NT_OFFSET(struct _KTHREAD, Priority, 0x7b);
NT_OFFSET(struct _KTHREAD, NextProcessor, 0x7c);
NT_OFFSET(struct _KTHREAD, DeferredProcessor, 0x80);
NT_OFFSET(struct _KTHREAD, ApcQueueLock, 0x88);
NT_OFFSET(struct _KTHREAD, WaitStatus, 0x90);
NT_OFFSET(struct _KTHREAD, WaitBlockList, 0x98);
NT_OFFSET(struct _KTHREAD, SwapListEntry, 0xa0);
NT_OFFSET(struct _KTHREAD, WaitListEntry, 0xa0);
NT_OFFSET(struct _KTHREAD, Queue, 0xb0);
NT_OFFSET(struct _KTHREAD, Teb, 0xb8);
NT_OFFSET(struct _KTHREAD, Timer, 0xc0);
NT_OFFSET(struct _KTHREAD, ThreadFlags, 0x100);
NT_OFFSET(struct _KTHREAD, Spare0, 0x104);
NT_OFFSET(struct _KTHREAD, WaitBlock, 0x108);
NT_OFFSET(struct _KTHREAD, WaitBlockFill4, 0x108);
NT_OFFSET(struct _KTHREAD, WaitBlockFill5, 0x108);
NT_OFFSET(struct _KTHREAD, WaitBlockFill6, 0x108);
NT_OFFSET(struct _KTHREAD, WaitBlockFill7, 0x108);
NT_OFFSET(struct _KTHREAD, WaitBlockFill8, 0x108);
NT_OFFSET(struct _KTHREAD, ContextSwitches, 0x134);
NT_OFFSET(struct _KTHREAD, State, 0x164);
NT_OFFSET(struct _KTHREAD, NpxState, 0x165);
NT_OFFSET(struct _KTHREAD, WaitIrql, 0x166);
NT_OFFSET(struct _KTHREAD, WaitMode, 0x167);
NT_OFFSET(struct _KTHREAD, WaitTime, 0x194);
NT_OFFSET(struct _KTHREAD, TebMappedLowVa, 0x1b0);
NT_OFFSET(struct _KTHREAD, Ucb, 0x1b8);
NT_OFFSET(struct _KTHREAD, CombinedApcDisable, 0x1c4);
NT_OFFSET(struct _KTHREAD, KernelApcDisable, 0x1c4);
NT_OFFSET(struct _KTHREAD, SpecialApcDisable, 0x1c6);
NT_OFFSET(struct _KTHREAD, QueueListEntry, 0x1c8);
NT_OFFSET(struct _KTHREAD, TrapFrame, 0x1d8);
NT_OFFSET(struct _KTHREAD, FirstArgument, 0x1e0);
NT_OFFSET(struct _KTHREAD, CallbackDepth, 0x1e8);
NT_OFFSET(struct _KTHREAD, CallbackStack, 0x1e8);
NT_OFFSET(struct _KTHREAD, ApcStateIndex, 0x1f0);
NT_OFFSET(struct _KTHREAD, BasePriority, 0x1f1);
NT_OFFSET(struct _KTHREAD, PriorityDecrement, 0x1f2);
NT_OFFSET(struct _KTHREAD, Preempted, 0x1f3);
NT_OFFSET(struct _KTHREAD, AdjustReason, 0x1f4);
NT_OFFSET(struct _KTHREAD, AdjustIncrement, 0x1f5);
NT_OFFSET(struct _KTHREAD, PreviousMode, 0x1f6);
NT_OFFSET(struct _KTHREAD, Saturation, 0x1f7);
NT_OFFSET(struct _KTHREAD, SystemCallNumber, 0x1f8);
NT_OFFSET(struct _KTHREAD, FreezeCount, 0x1fc);
NT_OFFSET(struct _KTHREAD, UserAffinity, 0x200);
NT_OFFSET(struct _KTHREAD, Process, 0x210);
NT_OFFSET(struct _KTHREAD, Affinity, 0x218);
NT_OFFSET(struct _KTHREAD, IdealProcessor, 0x228);
NT_OFFSET(struct _KTHREAD, UserIdealProcessor, 0x22c);
NT_OFFSET(struct _KTHREAD, ApcStatePointer, 0x230);
NT_OFFSET(struct _KTHREAD, SavedApcState, 0x240);
NT_OFFSET(struct _KTHREAD, SavedApcStateFill, 0x240);
NT_OFFSET(struct _KTHREAD, WaitReason, 0x26b);
NT_OFFSET(struct _KTHREAD, SuspendCount, 0x26c);
NT_OFFSET(struct _KTHREAD, Spare1, 0x26d);
NT_OFFSET(struct _KTHREAD, CodePatchInProgress, 0x26e);
NT_OFFSET(struct _KTHREAD, Win32Thread, 0x270);
NT_OFFSET(struct _KTHREAD, StackBase, 0x278);
NT_OFFSET(struct _KTHREAD, SuspendApc, 0x280);
NT_OFFSET(struct _KTHREAD, SuspendApcFill0, 0x280);
NT_OFFSET(struct _KTHREAD, SuspendApcFill1, 0x280);
NT_OFFSET(struct _KTHREAD, SuspendApcFill2, 0x280);
NT_OFFSET(struct _KTHREAD, SuspendApcFill3, 0x280);
NT_OFFSET(struct _KTHREAD, SuspendApcFill4, 0x280);
NT_OFFSET(struct _KTHREAD, SuspendApcFill5, 0x280);
NT_OFFSET(struct _KTHREAD, ResourceIndex, 0x281);
NT_OFFSET(struct _KTHREAD, QuantumReset, 0x283);
NT_OFFSET(struct _KTHREAD, KernelTime, 0x284);
NT_OFFSET(struct _KTHREAD, WaitPrcb, 0x2c0);
NT_OFFSET(struct _KTHREAD, LegoData, 0x2c8);
NT_OFFSET(struct _KTHREAD, LargeStack, 0x2d3);
NT_OFFSET(struct _KTHREAD, UserTime, 0x2d4);
NT_OFFSET(struct _KTHREAD, SuspendSemaphore, 0x2d8);
NT_OFFSET(struct _KTHREAD, SuspendSemaphorefill, 0x2d8);
NT_OFFSET(struct _KTHREAD, SListFaultCount, 0x2f4);
NT_OFFSET(struct _KTHREAD, ThreadListEntry, 0x2f8);
NT_OFFSET(struct _KTHREAD, MutantListHead, 0x308);
NT_OFFSET(struct _KTHREAD, SListFaultAddress, 0x318);
NT_OFFSET(struct _KTHREAD, ReadOperationCount, 0x320);
NT_OFFSET(struct _KTHREAD, WriteOperationCount, 0x328);
NT_OFFSET(struct _KTHREAD, OtherOperationCount, 0x330);
NT_OFFSET(struct _KTHREAD, ReadTransferCount, 0x338);
NT_OFFSET(struct _KTHREAD, WriteTransferCount, 0x340);
NT_OFFSET(struct _KTHREAD, OtherTransferCount, 0x348);
NT_OFFSET(struct _KTHREAD, ThreadCounters, 0x350);
NT_OFFSET(struct _KTHREAD, XStateSave, 0x358);

struct _KTRAP_FRAME {
    ULONG64 P1Home;
    ULONG64 P2Home;
    ULONG64 P3Home;
    ULONG64 P4Home;
    ULONG64 P5;
    CHAR PreviousMode;
    UCHAR PreviousIrql;
    UCHAR FaultIndicator;
    UCHAR ExceptionActive;
    ULONG MxCsr;
    ULONG64 Rax;
    ULONG64 Rcx;
    ULONG64 Rdx;
    ULONG64 R8;
    ULONG64 R9;
    ULONG64 R10;
    ULONG64 R11;
    union {
        ULONG64 GsBase;
        ULONG64 GsSwap;
    };
    struct _M128A Xmm0;
    struct _M128A Xmm1;
    struct _M128A Xmm2;
    struct _M128A Xmm3;
    struct _M128A Xmm4;
    struct _M128A Xmm5;
    union {
        ULONG64 ContextRecord;
        ULONG64 FaultAddress;
        ULONG64 TimeStampCKCL;
    };
    ULONG64 Dr0;
    ULONG64 Dr1;
    ULONG64 Dr2;
    ULONG64 Dr3;
    ULONG64 Dr6;
    ULONG64 Dr7;
    union {
        ULONG64 DebugControl;
        ULONG64 LastBranchControl;
    };
    union {
        ULONG64 LastBranchToRip;
        ULONG LastBranchMSR;
    };
    ULONG64 LastBranchFromRip;
    ULONG64 LastExceptionToRip;
    ULONG64 LastExceptionFromRip;
    USHORT SegDs;
    USHORT SegEs;
    USHORT SegFs;
    USHORT SegGs;
    ULONG64 TrapFrame;
    ULONG64 Rbx;
    ULONG64 Rdi;
    ULONG64 Rsi;
    ULONG64 Rbp;
    union {
        ULONG64 ErrorCode;
        ULONG64 ExceptionFrame;
        ULONG64 TimeStampKlog;
    };
    ULONG64 Rip;
    USHORT SegCs;
    UCHAR Fill0;
    UCHAR Logging;
    USHORT Fill1[2];
    ULONG EFlags;
    ULONG Fill2;
    ULONG64 Rsp;
    USHORT SegSs;
    USHORT Fill3;
    LONG CodePatchCycle;
};
typedef struct _KTRAP_FRAME KTRAP_FRAME;
NT_SIZE(struct _KTRAP_FRAME, 0x190);
NT_OFFSET(struct _KTRAP_FRAME, P1Home, 0x0);
NT_OFFSET(struct _KTRAP_FRAME, P2Home, 0x8);
NT_OFFSET(struct _KTRAP_FRAME, P3Home, 0x10);
NT_OFFSET(struct _KTRAP_FRAME, P4Home, 0x18);
NT_OFFSET(struct _KTRAP_FRAME, P5, 0x20);
NT_OFFSET(struct _KTRAP_FRAME, PreviousMode, 0x28);
NT_OFFSET(struct _KTRAP_FRAME, PreviousIrql, 0x29);
NT_OFFSET(struct _KTRAP_FRAME, FaultIndicator, 0x2a);
NT_OFFSET(struct _KTRAP_FRAME, ExceptionActive, 0x2b);
NT_OFFSET(struct _KTRAP_FRAME, MxCsr, 0x2c);
NT_OFFSET(struct _KTRAP_FRAME, Rax, 0x30);
NT_OFFSET(struct _KTRAP_FRAME, Rcx, 0x38);
NT_OFFSET(struct _KTRAP_FRAME, Rdx, 0x40);
NT_OFFSET(struct _KTRAP_FRAME, R8, 0x48);
NT_OFFSET(struct _KTRAP_FRAME, R9, 0x50);
NT_OFFSET(struct _KTRAP_FRAME, R10, 0x58);
NT_OFFSET(struct _KTRAP_FRAME, R11, 0x60);
NT_OFFSET(struct _KTRAP_FRAME, GsBase, 0x68);
NT_OFFSET(struct _KTRAP_FRAME, GsSwap, 0x68);
NT_OFFSET(struct _KTRAP_FRAME, Xmm0, 0x70);
NT_OFFSET(struct _KTRAP_FRAME, Xmm1, 0x80);
NT_OFFSET(struct _KTRAP_FRAME, Xmm2, 0x90);
NT_OFFSET(struct _KTRAP_FRAME, Xmm3, 0xa0);
NT_OFFSET(struct _KTRAP_FRAME, Xmm4, 0xb0);
NT_OFFSET(struct _KTRAP_FRAME, Xmm5, 0xc0);
NT_OFFSET(struct _KTRAP_FRAME, ContextRecord, 0xd0);
NT_OFFSET(struct _KTRAP_FRAME, FaultAddress, 0xd0);
NT_OFFSET(struct _KTRAP_FRAME, TimeStampCKCL, 0xd0);
NT_OFFSET(struct _KTRAP_FRAME, Dr0, 0xd8);
NT_OFFSET(struct _KTRAP_FRAME, Dr1, 0xe0);
NT_OFFSET(struct _KTRAP_FRAME, Dr2, 0xe8);
NT_OFFSET(struct _KTRAP_FRAME, Dr3, 0xf0);
NT_OFFSET(struct _KTRAP_FRAME, Dr6, 0xf8);
NT_OFFSET(struct _KTRAP_FRAME, Dr7, 0x100);
NT_OFFSET(struct _KTRAP_FRAME, DebugControl, 0x108);
NT_OFFSET(struct _KTRAP_FRAME, LastBranchControl, 0x108);
NT_OFFSET(struct _KTRAP_FRAME, LastBranchMSR, 0x110);
NT_OFFSET(struct _KTRAP_FRAME, LastBranchToRip, 0x110);
NT_OFFSET(struct _KTRAP_FRAME, LastBranchFromRip, 0x118);
NT_OFFSET(struct _KTRAP_FRAME, LastExceptionToRip, 0x120);
NT_OFFSET(struct _KTRAP_FRAME, LastExceptionFromRip, 0x128);
NT_OFFSET(struct _KTRAP_FRAME, SegDs, 0x130);
NT_OFFSET(struct _KTRAP_FRAME, SegEs, 0x132);
NT_OFFSET(struct _KTRAP_FRAME, SegFs, 0x134);
NT_OFFSET(struct _KTRAP_FRAME, SegGs, 0x136);
NT_OFFSET(struct _KTRAP_FRAME, TrapFrame, 0x138);
NT_OFFSET(struct _KTRAP_FRAME, Rbx, 0x140);
NT_OFFSET(struct _KTRAP_FRAME, Rdi, 0x148);
NT_OFFSET(struct _KTRAP_FRAME, Rsi, 0x150);
NT_OFFSET(struct _KTRAP_FRAME, Rbp, 0x158);
NT_OFFSET(struct _KTRAP_FRAME, ErrorCode, 0x160);
NT_OFFSET(struct _KTRAP_FRAME, ExceptionFrame, 0x160);
NT_OFFSET(struct _KTRAP_FRAME, TimeStampKlog, 0x160);
NT_OFFSET(struct _KTRAP_FRAME, Rip, 0x168);
NT_OFFSET(struct _KTRAP_FRAME, SegCs, 0x170);
NT_OFFSET(struct _KTRAP_FRAME, Fill0, 0x172);
NT_OFFSET(struct _KTRAP_FRAME, Logging, 0x173);
NT_OFFSET(struct _KTRAP_FRAME, Fill1, 0x174);
NT_OFFSET(struct _KTRAP_FRAME, EFlags, 0x178);
NT_OFFSET(struct _KTRAP_FRAME, Fill2, 0x17c);
NT_OFFSET(struct _KTRAP_FRAME, Rsp, 0x180);
NT_OFFSET(struct _KTRAP_FRAME, SegSs, 0x188);
NT_OFFSET(struct _KTRAP_FRAME, Fill3, 0x18a);
NT_OFFSET(struct _KTRAP_FRAME, CodePatchCycle, 0x18c);

struct _KEXCEPTION_FRAME {
    ULONG64 P1Home;
    ULONG64 P2Home;
    ULONG64 P3Home;
    ULONG64 P4Home;
    ULONG64 P5;
    ULONG64 InitialStack;
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
    ULONG64 TrapFrame;
    ULONG64 CallbackStack;
    ULONG64 OutputBuffer;
    ULONG64 OutputLength;
    ULONG64 MxCsr;
    ULONG64 Rbp;
    ULONG64 Rbx;
    ULONG64 Rdi;
    ULONG64 Rsi;
    ULONG64 R12;
    ULONG64 R13;
    ULONG64 R14;
    ULONG64 R15;
    ULONG64 Return;
};
typedef struct _KEXCEPTION_FRAME KEXCEPTION_FRAME;
NT_SIZE(struct _KEXCEPTION_FRAME, 0x140);
NT_OFFSET(struct _KEXCEPTION_FRAME, P1Home, 0x0);
NT_OFFSET(struct _KEXCEPTION_FRAME, P2Home, 0x8);
NT_OFFSET(struct _KEXCEPTION_FRAME, P3Home, 0x10);
NT_OFFSET(struct _KEXCEPTION_FRAME, P4Home, 0x18);
NT_OFFSET(struct _KEXCEPTION_FRAME, P5, 0x20);
NT_OFFSET(struct _KEXCEPTION_FRAME, InitialStack, 0x28);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm6, 0x30);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm7, 0x40);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm8, 0x50);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm9, 0x60);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm10, 0x70);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm11, 0x80);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm12, 0x90);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm13, 0xa0);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm14, 0xb0);
NT_OFFSET(struct _KEXCEPTION_FRAME, Xmm15, 0xc0);
NT_OFFSET(struct _KEXCEPTION_FRAME, TrapFrame, 0xd0);
NT_OFFSET(struct _KEXCEPTION_FRAME, CallbackStack, 0xd8);
NT_OFFSET(struct _KEXCEPTION_FRAME, OutputBuffer, 0xe0);
NT_OFFSET(struct _KEXCEPTION_FRAME, OutputLength, 0xe8);
NT_OFFSET(struct _KEXCEPTION_FRAME, MxCsr, 0xf0);
NT_OFFSET(struct _KEXCEPTION_FRAME, Rbp, 0xf8);
NT_OFFSET(struct _KEXCEPTION_FRAME, Rbx, 0x100);
NT_OFFSET(struct _KEXCEPTION_FRAME, Rdi, 0x108);
NT_OFFSET(struct _KEXCEPTION_FRAME, Rsi, 0x110);
NT_OFFSET(struct _KEXCEPTION_FRAME, R12, 0x118);
NT_OFFSET(struct _KEXCEPTION_FRAME, R13, 0x120);
NT_OFFSET(struct _KEXCEPTION_FRAME, R14, 0x128);
NT_OFFSET(struct _KEXCEPTION_FRAME, R15, 0x130);
NT_OFFSET(struct _KEXCEPTION_FRAME, Return, 0x138);

enum _PROCESSOR_CACHE_TYPE {
    CacheUnified = 0,
    CacheInstruction = 1,
    CacheData = 2,
    CacheTrace = 3,
};
typedef enum _PROCESSOR_CACHE_TYPE PROCESSOR_CACHE_TYPE;

struct _CACHE_DESCRIPTOR {
    UCHAR Level;
    UCHAR Associativity;
    USHORT LineSize;
    ULONG Size;
    enum _PROCESSOR_CACHE_TYPE Type;
};
typedef struct _CACHE_DESCRIPTOR CACHE_DESCRIPTOR;
NT_SIZE(struct _CACHE_DESCRIPTOR, 0xc);
NT_OFFSET(struct _CACHE_DESCRIPTOR, Level, 0x0);
NT_OFFSET(struct _CACHE_DESCRIPTOR, Associativity, 0x1);
NT_OFFSET(struct _CACHE_DESCRIPTOR, LineSize, 0x2);
NT_OFFSET(struct _CACHE_DESCRIPTOR, Size, 0x4);
NT_OFFSET(struct _CACHE_DESCRIPTOR, Type, 0x8);

struct _KDPC_DATA {
    struct _LIST_ENTRY DpcListHead;
    ULONG64 DpcLock;
    LONG DpcQueueDepth;
    ULONG DpcCount;
};
typedef struct _KDPC_DATA KDPC_DATA;
NT_SIZE(struct _KDPC_DATA, 0x20);
NT_OFFSET(struct _KDPC_DATA, DpcListHead, 0x0);
NT_OFFSET(struct _KDPC_DATA, DpcLock, 0x10);
NT_OFFSET(struct _KDPC_DATA, DpcQueueDepth, 0x18);
NT_OFFSET(struct _KDPC_DATA, DpcCount, 0x1c);

struct _PP_LOOKASIDE_LIST {
    KPTR(struct _GENERAL_LOOKASIDE) P;
    KPTR(struct _GENERAL_LOOKASIDE) L;
};
typedef struct _PP_LOOKASIDE_LIST PP_LOOKASIDE_LIST;
NT_SIZE(struct _PP_LOOKASIDE_LIST, 0x10);
NT_OFFSET(struct _PP_LOOKASIDE_LIST, P, 0x0);
NT_OFFSET(struct _PP_LOOKASIDE_LIST, L, 0x8);

struct _PPM_FFH_THROTTLE_STATE_INFO {
    UCHAR EnableLogging;
    ULONG MismatchCount;
    UCHAR Initialized;
    ULONG64 LastValue;
    union _LARGE_INTEGER LastLogTickCount;
};
typedef struct _PPM_FFH_THROTTLE_STATE_INFO PPM_FFH_THROTTLE_STATE_INFO;
NT_SIZE(struct _PPM_FFH_THROTTLE_STATE_INFO, 0x20);
NT_OFFSET(struct _PPM_FFH_THROTTLE_STATE_INFO, EnableLogging, 0x0);
NT_OFFSET(struct _PPM_FFH_THROTTLE_STATE_INFO, MismatchCount, 0x4);
NT_OFFSET(struct _PPM_FFH_THROTTLE_STATE_INFO, Initialized, 0x8);
NT_OFFSET(struct _PPM_FFH_THROTTLE_STATE_INFO, LastValue, 0x10);
NT_OFFSET(struct _PPM_FFH_THROTTLE_STATE_INFO, LastLogTickCount, 0x18);

enum _PROC_HYPERVISOR_STATE {
    ProcHypervisorNone = 0,
    ProcHypervisorPresent = 1,
    ProcHypervisorPower = 2,
};
typedef enum _PROC_HYPERVISOR_STATE PROC_HYPERVISOR_STATE;

struct _PROC_IDLE_SNAP {
    ULONG64 Time;
    ULONG64 Idle;
};
typedef struct _PROC_IDLE_SNAP PROC_IDLE_SNAP;
NT_SIZE(struct _PROC_IDLE_SNAP, 0x10);
NT_OFFSET(struct _PROC_IDLE_SNAP, Time, 0x0);
NT_OFFSET(struct _PROC_IDLE_SNAP, Idle, 0x8);

struct _PROCESSOR_POWER_STATE {
    KPTR(struct _PPM_IDLE_STATES) IdleStates;
    ULONG64 IdleTimeLast;
    ULONG64 IdleTimeTotal;
    ULONG64 IdleTimeEntry;
    KPTR(struct _PROC_IDLE_ACCOUNTING) IdleAccounting;
    enum _PROC_HYPERVISOR_STATE Hypervisor;
    ULONG PerfHistoryTotal;
    UCHAR ThermalConstraint;
    UCHAR PerfHistoryCount;
    UCHAR PerfHistorySlot;
    UCHAR Reserved;
    ULONG LastSysTime;
    ULONG64 WmiDispatchPtr;
    LONG WmiInterfaceEnabled;
    struct _PPM_FFH_THROTTLE_STATE_INFO FFHThrottleStateInfo;
    struct _KDPC PerfActionDpc;
    LONG PerfActionMask;
    struct _PROC_IDLE_SNAP IdleCheck;
    struct _PROC_IDLE_SNAP PerfCheck;
    KPTR(struct _PROC_PERF_DOMAIN) Domain;
    KPTR(struct _PROC_PERF_CONSTRAINT) PerfConstraint;
    KPTR(struct _PROC_PERF_LOAD) Load;
    KPTR(struct _PROC_HISTORY_ENTRY) PerfHistory;
    ULONG Utility;
    ULONG OverUtilizedHistory;
    ULONG AffinityCount;
    ULONG AffinityHistory;
};
typedef struct _PROCESSOR_POWER_STATE PROCESSOR_POWER_STATE;
NT_SIZE(struct _PROCESSOR_POWER_STATE, 0x100);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, IdleStates, 0x0);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, IdleTimeLast, 0x8);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, IdleTimeTotal, 0x10);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, IdleTimeEntry, 0x18);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, IdleAccounting, 0x20);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, Hypervisor, 0x28);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, PerfHistoryTotal, 0x2c);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, ThermalConstraint, 0x30);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, PerfHistoryCount, 0x31);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, PerfHistorySlot, 0x32);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, Reserved, 0x33);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, LastSysTime, 0x34);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, WmiDispatchPtr, 0x38);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, WmiInterfaceEnabled, 0x40);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, FFHThrottleStateInfo, 0x48);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, PerfActionDpc, 0x68);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, PerfActionMask, 0xa8);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, IdleCheck, 0xb0);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, PerfCheck, 0xc0);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, Domain, 0xd0);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, PerfConstraint, 0xd8);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, Load, 0xe0);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, PerfHistory, 0xe8);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, Utility, 0xf0);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, OverUtilizedHistory, 0xf4);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, AffinityCount, 0xf8);
NT_OFFSET(struct _PROCESSOR_POWER_STATE, AffinityHistory, 0xfc);

struct _KDESCRIPTOR {
    USHORT Pad[3];
    USHORT Limit;
    KPTR(void) Base;
};
typedef struct _KDESCRIPTOR KDESCRIPTOR;
NT_SIZE(struct _KDESCRIPTOR, 0x10);
NT_OFFSET(struct _KDESCRIPTOR, Pad, 0x0);
NT_OFFSET(struct _KDESCRIPTOR, Limit, 0x6);
NT_OFFSET(struct _KDESCRIPTOR, Base, 0x8);

struct _KSPECIAL_REGISTERS {
    ULONG64 Cr0;
    ULONG64 Cr2;
    ULONG64 Cr3;
    ULONG64 Cr4;
    ULONG64 KernelDr0;
    ULONG64 KernelDr1;
    ULONG64 KernelDr2;
    ULONG64 KernelDr3;
    ULONG64 KernelDr6;
    ULONG64 KernelDr7;
    struct _KDESCRIPTOR Gdtr;
    struct _KDESCRIPTOR Idtr;
    USHORT Tr;
    USHORT Ldtr;
    ULONG MxCsr;
    ULONG64 DebugControl;
    ULONG64 LastBranchToRip;
    ULONG64 LastBranchFromRip;
    ULONG64 LastExceptionToRip;
    ULONG64 LastExceptionFromRip;
    ULONG64 Cr8;
    ULONG64 MsrGsBase;
    ULONG64 MsrGsSwap;
    ULONG64 MsrStar;
    ULONG64 MsrLStar;
    ULONG64 MsrCStar;
    ULONG64 MsrSyscallMask;
};
typedef struct _KSPECIAL_REGISTERS KSPECIAL_REGISTERS;
NT_SIZE(struct _KSPECIAL_REGISTERS, 0xd8);
NT_OFFSET(struct _KSPECIAL_REGISTERS, Cr0, 0x0);
NT_OFFSET(struct _KSPECIAL_REGISTERS, Cr2, 0x8);
NT_OFFSET(struct _KSPECIAL_REGISTERS, Cr3, 0x10);
NT_OFFSET(struct _KSPECIAL_REGISTERS, Cr4, 0x18);
NT_OFFSET(struct _KSPECIAL_REGISTERS, KernelDr0, 0x20);
NT_OFFSET(struct _KSPECIAL_REGISTERS, KernelDr1, 0x28);
NT_OFFSET(struct _KSPECIAL_REGISTERS, KernelDr2, 0x30);
NT_OFFSET(struct _KSPECIAL_REGISTERS, KernelDr3, 0x38);
NT_OFFSET(struct _KSPECIAL_REGISTERS, KernelDr6, 0x40);
NT_OFFSET(struct _KSPECIAL_REGISTERS, KernelDr7, 0x48);
NT_OFFSET(struct _KSPECIAL_REGISTERS, Gdtr, 0x50);
NT_OFFSET(struct _KSPECIAL_REGISTERS, Idtr, 0x60);
NT_OFFSET(struct _KSPECIAL_REGISTERS, Tr, 0x70);
NT_OFFSET(struct _KSPECIAL_REGISTERS, Ldtr, 0x72);
NT_OFFSET(struct _KSPECIAL_REGISTERS, MxCsr, 0x74);
NT_OFFSET(struct _KSPECIAL_REGISTERS, DebugControl, 0x78);
NT_OFFSET(struct _KSPECIAL_REGISTERS, LastBranchToRip, 0x80);
NT_OFFSET(struct _KSPECIAL_REGISTERS, LastBranchFromRip, 0x88);
NT_OFFSET(struct _KSPECIAL_REGISTERS, LastExceptionToRip, 0x90);
NT_OFFSET(struct _KSPECIAL_REGISTERS, LastExceptionFromRip, 0x98);
NT_OFFSET(struct _KSPECIAL_REGISTERS, Cr8, 0xa0);
NT_OFFSET(struct _KSPECIAL_REGISTERS, MsrGsBase, 0xa8);
NT_OFFSET(struct _KSPECIAL_REGISTERS, MsrGsSwap, 0xb0);
NT_OFFSET(struct _KSPECIAL_REGISTERS, MsrStar, 0xb8);
NT_OFFSET(struct _KSPECIAL_REGISTERS, MsrLStar, 0xc0);
NT_OFFSET(struct _KSPECIAL_REGISTERS, MsrCStar, 0xc8);
NT_OFFSET(struct _KSPECIAL_REGISTERS, MsrSyscallMask, 0xd0);

struct _KPROCESSOR_STATE {
    struct _KSPECIAL_REGISTERS SpecialRegisters;
    ULONG64 : 64;
    struct _CONTEXT ContextFrame;
};
typedef struct _KPROCESSOR_STATE KPROCESSOR_STATE;
NT_SIZE(struct _KPROCESSOR_STATE, 0x5b0);
NT_OFFSET(struct _KPROCESSOR_STATE, SpecialRegisters, 0x0);
NT_OFFSET(struct _KPROCESSOR_STATE, ContextFrame, 0xe0);

struct _KREQUEST_PACKET {
    KPTR(void) CurrentPacket[3];
    KFUNC WorkerRoutine;
};
typedef struct _KREQUEST_PACKET KREQUEST_PACKET;
NT_SIZE(struct _KREQUEST_PACKET, 0x20);
NT_OFFSET(struct _KREQUEST_PACKET, CurrentPacket, 0x0);
NT_OFFSET(struct _KREQUEST_PACKET, WorkerRoutine, 0x18);

struct _REQUEST_MAILBOX {
    KPTR(struct _REQUEST_MAILBOX) Next;
    LONG64 RequestSummary;
    struct _KREQUEST_PACKET RequestPacket;
    ULONG64 : 64;
    ULONG64 : 64;
};
typedef struct _REQUEST_MAILBOX REQUEST_MAILBOX;
NT_SIZE(struct _REQUEST_MAILBOX, 0x40);
NT_OFFSET(struct _REQUEST_MAILBOX, Next, 0x0);
NT_OFFSET(struct _REQUEST_MAILBOX, RequestSummary, 0x8);
NT_OFFSET(struct _REQUEST_MAILBOX, RequestPacket, 0x10);

struct _KTIMER_TABLE_ENTRY {
    ULONG64 Lock;
    struct _LIST_ENTRY Entry;
    union _ULARGE_INTEGER Time;
};
typedef struct _KTIMER_TABLE_ENTRY KTIMER_TABLE_ENTRY;
NT_SIZE(struct _KTIMER_TABLE_ENTRY, 0x20);
NT_OFFSET(struct _KTIMER_TABLE_ENTRY, Lock, 0x0);
NT_OFFSET(struct _KTIMER_TABLE_ENTRY, Entry, 0x8);
NT_OFFSET(struct _KTIMER_TABLE_ENTRY, Time, 0x18);

struct _KTIMER_TABLE {
    KPTR(struct _KTIMER) TimerExpiry[64];
    struct _KTIMER_TABLE_ENTRY TimerEntries[256];
};
typedef struct _KTIMER_TABLE KTIMER_TABLE;
NT_SIZE(struct _KTIMER_TABLE, 0x2200);
NT_OFFSET(struct _KTIMER_TABLE, TimerExpiry, 0x0);
NT_OFFSET(struct _KTIMER_TABLE, TimerEntries, 0x200);

struct _KPRCB {
    ULONG MxCsr;
    UCHAR LegacyNumber;
    UCHAR ReservedMustBeZero;
    UCHAR InterruptRequest;
    UCHAR IdleHalt;
    KPTR(struct _KTHREAD) CurrentThread;
    KPTR(struct _KTHREAD) NextThread;
    KPTR(struct _KTHREAD) IdleThread;
    UCHAR NestingLevel;
    UCHAR PrcbPad00[3];
    ULONG Number;
    ULONG64 RspBase;
    ULONG64 PrcbLock;
    ULONG64 PrcbPad01;
    struct _KPROCESSOR_STATE ProcessorState;
    CHAR CpuType;
    CHAR CpuID;
    union {
        USHORT CpuStep;
        struct {
            UCHAR CpuStepping;
            UCHAR CpuModel;
        };
    };
    ULONG MHz;
    ULONG64 HalReserved[8];
    USHORT MinorVersion;
    USHORT MajorVersion;
    UCHAR BuildType;
    UCHAR CpuVendor;
    UCHAR CoresPerPhysicalProcessor;
    UCHAR LogicalProcessorsPerCore;
    ULONG ApicMask;
    ULONG CFlushSize;
    KPTR(void) AcpiReserved;
    ULONG InitialApicId;
    ULONG Stride;
    USHORT Group;
    ULONG64 GroupSetMember;
    UCHAR GroupIndex;
    struct _KSPIN_LOCK_QUEUE LockQueue[17];
    struct _PP_LOOKASIDE_LIST PPLookasideList[16];
    struct _GENERAL_LOOKASIDE_POOL PPNPagedLookasideList[32];
    struct _GENERAL_LOOKASIDE_POOL PPPagedLookasideList[32];
    LONG PacketBarrier;
    struct _SINGLE_LIST_ENTRY DeferredReadyListHead;
    LONG MmPageFaultCount;
    LONG MmCopyOnWriteCount;
    LONG MmTransitionCount;
    LONG MmDemandZeroCount;
    LONG MmPageReadCount;
    LONG MmPageReadIoCount;
    LONG MmDirtyPagesWriteCount;
    LONG MmDirtyWriteIoCount;
    LONG MmMappedPagesWriteCount;
    LONG MmMappedWriteIoCount;
    ULONG KeSystemCalls;
    ULONG KeContextSwitches;
    ULONG CcFastReadNoWait;
    ULONG CcFastReadWait;
    ULONG CcFastReadNotPossible;
    ULONG CcCopyReadNoWait;
    ULONG CcCopyReadWait;
    ULONG CcCopyReadNoWaitMiss;
    LONG LookasideIrpFloat;
    LONG IoReadOperationCount;
    LONG IoWriteOperationCount;
    LONG IoOtherOperationCount;
    union _LARGE_INTEGER IoReadTransferCount;
    union _LARGE_INTEGER IoWriteTransferCount;
    union _LARGE_INTEGER IoOtherTransferCount;
    LONG TargetCount;
    ULONG IpiFrozen;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    struct _KDPC_DATA DpcData[2];
    KPTR(void) DpcStack;
    LONG MaximumDpcQueueDepth;
    ULONG DpcRequestRate;
    ULONG MinimumDpcRate;
    ULONG DpcLastCount;
    UCHAR ThreadDpcEnable;
    UCHAR QuantumEnd;
    UCHAR DpcRoutineActive;
    UCHAR IdleSchedule;
    union {
        SHORT DpcRequestSlot[2];
        LONG DpcRequestSummary;
        struct {
            SHORT NormalDpcState;
            USHORT DpcThreadActive : 1;
        };
        struct {
            USHORT : 16;
            SHORT ThreadDpcState;
        };
    };
    ULONG TimerHand;
    LONG MasterOffset;
    ULONG LastTick;
    ULONG UnusedPad;
    ULONG64 PrcbPad50[2];
    struct _KTIMER_TABLE TimerTable;
    struct _KGATE DpcGate;
    KPTR(void) PrcbPad52;
    struct _KDPC CallDpc;
    LONG ClockKeepAlive;
    UCHAR ClockCheckSlot;
    UCHAR ClockPollCycle;
    USHORT NmiActive;
    LONG DpcWatchdogPeriod;
    LONG DpcWatchdogCount;
    ULONG64 TickOffset;
    LONG KeSpinLockOrdering;
    ULONG PrcbPad70;
    struct _LIST_ENTRY WaitListHead;
    ULONG64 WaitLock;
    ULONG ReadySummary;
    ULONG QueueIndex;
    struct _KDPC TimerExpirationDpc;
    ULONG64 PrcbPad72[4];
    struct _LIST_ENTRY DispatcherReadyListHead[32];
    ULONG InterruptCount;
    ULONG KernelTime;
    ULONG UserTime;
    ULONG DpcTime;
    ULONG InterruptTime;
    ULONG AdjustDpcThreshold;
    UCHAR DebuggerSavedIRQL;
    UCHAR PrcbPad80[7];
    ULONG DpcTimeCount;
    ULONG DpcTimeLimit;
    ULONG PeriodicCount;
    ULONG PeriodicBias;
    ULONG AvailableTime;
    ULONG KeExceptionDispatchCount;
    KPTR(struct _KNODE) ParentNode;
    ULONG64 StartCycles;
    ULONG64 PrcbPad82[3];
    LONG MmSpinLockOrdering;
    ULONG PageColor;
    ULONG NodeColor;
    ULONG NodeShiftedColor;
    ULONG SecondaryColorMask;
    ULONG PrcbPad83;
    ULONG64 CycleTime;
    ULONG CcFastMdlReadNoWait;
    ULONG CcFastMdlReadWait;
    ULONG CcFastMdlReadNotPossible;
    ULONG CcMapDataNoWait;
    ULONG CcMapDataWait;
    ULONG CcPinMappedDataCount;
    ULONG CcPinReadNoWait;
    ULONG CcPinReadWait;
    ULONG CcMdlReadNoWait;
    ULONG CcMdlReadWait;
    ULONG CcLazyWriteHotSpots;
    ULONG CcLazyWriteIos;
    ULONG CcLazyWritePages;
    ULONG CcDataFlushes;
    ULONG CcDataPages;
    ULONG CcLostDelayedWrites;
    ULONG CcFastReadResourceMiss;
    ULONG CcCopyReadWaitMiss;
    ULONG CcFastMdlReadResourceMiss;
    ULONG CcMapDataNoWaitMiss;
    ULONG CcMapDataWaitMiss;
    ULONG CcPinReadNoWaitMiss;
    ULONG CcPinReadWaitMiss;
    ULONG CcMdlReadNoWaitMiss;
    ULONG CcMdlReadWaitMiss;
    ULONG CcReadAheadIos;
    LONG MmCacheTransitionCount;
    LONG MmCacheReadCount;
    LONG MmCacheIoCount;
    ULONG PrcbPad91[1];
    ULONG64 RuntimeAccumulation;
    struct _PROCESSOR_POWER_STATE PowerState;
    UCHAR PrcbPad92[16];
    ULONG KeAlignmentFixupCount;
    struct _KDPC DpcWatchdogDpc;
    struct _KTIMER DpcWatchdogTimer;
    struct _CACHE_DESCRIPTOR Cache[5];
    ULONG CacheCount;
    ULONG CachedCommit;
    ULONG CachedResidentAvailable;
    KPTR(void) HyperPte;
    KPTR(void) WheaInfo;
    KPTR(void) EtwSupport;
    ULONG64 : 64;
    union _SLIST_HEADER InterruptObjectPool;
    union _SLIST_HEADER HypercallPageList;
    KPTR(void) HypercallPageVirtual;
    KPTR(void) VirtualApicAssist;
    KPTR(ULONG64) StatisticsPage;
    KPTR(void) RateControl;
    ULONG64 CacheProcessorMask[5];
    struct _KAFFINITY_EX PackageProcessorSet;
    ULONG64 CoreProcessorSet;
    KPTR(void) PebsIndexAddress;
    ULONG64 PrcbPad93[12];
    ULONG SpinLockAcquireCount;
    ULONG SpinLockContentionCount;
    ULONG SpinLockSpinCount;
    ULONG IpiSendRequestBroadcastCount;
    ULONG IpiSendRequestRoutineCount;
    ULONG IpiSendSoftwareInterruptCount;
    ULONG ExInitializeResourceCount;
    ULONG ExReInitializeResourceCount;
    ULONG ExDeleteResourceCount;
    ULONG ExecutiveResourceAcquiresCount;
    ULONG ExecutiveResourceContentionsCount;
    ULONG ExecutiveResourceReleaseExclusiveCount;
    ULONG ExecutiveResourceReleaseSharedCount;
    ULONG ExecutiveResourceConvertsCount;
    ULONG ExAcqResExclusiveAttempts;
    ULONG ExAcqResExclusiveAcquiresExclusive;
    ULONG ExAcqResExclusiveAcquiresExclusiveRecursive;
    ULONG ExAcqResExclusiveWaits;
    ULONG ExAcqResExclusiveNotAcquires;
    ULONG ExAcqResSharedAttempts;
    ULONG ExAcqResSharedAcquiresExclusive;
    ULONG ExAcqResSharedAcquiresShared;
    ULONG ExAcqResSharedAcquiresSharedRecursive;
    ULONG ExAcqResSharedWaits;
    ULONG ExAcqResSharedNotAcquires;
    ULONG ExAcqResSharedStarveExclusiveAttempts;
    ULONG ExAcqResSharedStarveExclusiveAcquiresExclusive;
    ULONG ExAcqResSharedStarveExclusiveAcquiresShared;
    ULONG ExAcqResSharedStarveExclusiveAcquiresSharedRecursive;
    ULONG ExAcqResSharedStarveExclusiveWaits;
    ULONG ExAcqResSharedStarveExclusiveNotAcquires;
    ULONG ExAcqResSharedWaitForExclusiveAttempts;
    ULONG ExAcqResSharedWaitForExclusiveAcquiresExclusive;
    ULONG ExAcqResSharedWaitForExclusiveAcquiresShared;
    ULONG ExAcqResSharedWaitForExclusiveAcquiresSharedRecursive;
    ULONG ExAcqResSharedWaitForExclusiveWaits;
    ULONG ExAcqResSharedWaitForExclusiveNotAcquires;
    ULONG ExSetResOwnerPointerExclusive;
    ULONG ExSetResOwnerPointerSharedNew;
    ULONG ExSetResOwnerPointerSharedOld;
    ULONG ExTryToAcqExclusiveAttempts;
    ULONG ExTryToAcqExclusiveAcquires;
    ULONG ExBoostExclusiveOwner;
    ULONG ExBoostSharedOwners;
    ULONG ExEtwSynchTrackingNotificationsCount;
    ULONG ExEtwSynchTrackingNotificationsAccountedCount;
    UCHAR VendorString[13];
    UCHAR PrcbPad10[3];
    ULONG FeatureBits;
    union _LARGE_INTEGER UpdateSignature;
    UPTR(struct _CONTEXT) Context;
    ULONG ContextFlags;
    KPTR(struct _XSAVE_AREA) ExtendedState;
    ULONG64 : 64;
    ULONG64 : 64;
    KPTR(struct _REQUEST_MAILBOX) Mailbox;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    struct _REQUEST_MAILBOX RequestMailbox[1];
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
};
typedef struct _KPRCB KPRCB;
NT_SIZE(struct _KPRCB, 0x4d00);
NT_OFFSET(struct _KPRCB, MxCsr, 0x0);
NT_OFFSET(struct _KPRCB, LegacyNumber, 0x4);
NT_OFFSET(struct _KPRCB, ReservedMustBeZero, 0x5);
NT_OFFSET(struct _KPRCB, InterruptRequest, 0x6);
NT_OFFSET(struct _KPRCB, IdleHalt, 0x7);
NT_OFFSET(struct _KPRCB, CurrentThread, 0x8);
NT_OFFSET(struct _KPRCB, NextThread, 0x10);
NT_OFFSET(struct _KPRCB, IdleThread, 0x18);
NT_OFFSET(struct _KPRCB, NestingLevel, 0x20);
NT_OFFSET(struct _KPRCB, PrcbPad00, 0x21);
NT_OFFSET(struct _KPRCB, Number, 0x24);
NT_OFFSET(struct _KPRCB, RspBase, 0x28);
NT_OFFSET(struct _KPRCB, PrcbLock, 0x30);
NT_OFFSET(struct _KPRCB, PrcbPad01, 0x38);
NT_OFFSET(struct _KPRCB, ProcessorState, 0x40);
NT_OFFSET(struct _KPRCB, CpuType, 0x5f0);
NT_OFFSET(struct _KPRCB, CpuID, 0x5f1);
NT_OFFSET(struct _KPRCB, CpuStep, 0x5f2);
NT_OFFSET(struct _KPRCB, CpuStepping, 0x5f2);
NT_OFFSET(struct _KPRCB, CpuModel, 0x5f3);
NT_OFFSET(struct _KPRCB, MHz, 0x5f4);
NT_OFFSET(struct _KPRCB, HalReserved, 0x5f8);
NT_OFFSET(struct _KPRCB, MinorVersion, 0x638);
NT_OFFSET(struct _KPRCB, MajorVersion, 0x63a);
NT_OFFSET(struct _KPRCB, BuildType, 0x63c);
NT_OFFSET(struct _KPRCB, CpuVendor, 0x63d);
NT_OFFSET(struct _KPRCB, CoresPerPhysicalProcessor, 0x63e);
NT_OFFSET(struct _KPRCB, LogicalProcessorsPerCore, 0x63f);
NT_OFFSET(struct _KPRCB, ApicMask, 0x640);
NT_OFFSET(struct _KPRCB, CFlushSize, 0x644);
NT_OFFSET(struct _KPRCB, AcpiReserved, 0x648);
NT_OFFSET(struct _KPRCB, InitialApicId, 0x650);
NT_OFFSET(struct _KPRCB, Stride, 0x654);
NT_OFFSET(struct _KPRCB, Group, 0x658);
NT_OFFSET(struct _KPRCB, GroupSetMember, 0x660);
NT_OFFSET(struct _KPRCB, GroupIndex, 0x668);
NT_OFFSET(struct _KPRCB, LockQueue, 0x670);
NT_OFFSET(struct _KPRCB, PPLookasideList, 0x780);
NT_OFFSET(struct _KPRCB, PPNPagedLookasideList, 0x880);
NT_OFFSET(struct _KPRCB, PPPagedLookasideList, 0x1480);
NT_OFFSET(struct _KPRCB, PacketBarrier, 0x2080);
NT_OFFSET(struct _KPRCB, DeferredReadyListHead, 0x2088);
NT_OFFSET(struct _KPRCB, MmPageFaultCount, 0x2090);
NT_OFFSET(struct _KPRCB, MmCopyOnWriteCount, 0x2094);
NT_OFFSET(struct _KPRCB, MmTransitionCount, 0x2098);
NT_OFFSET(struct _KPRCB, MmDemandZeroCount, 0x209c);
NT_OFFSET(struct _KPRCB, MmPageReadCount, 0x20a0);
NT_OFFSET(struct _KPRCB, MmPageReadIoCount, 0x20a4);
NT_OFFSET(struct _KPRCB, MmDirtyPagesWriteCount, 0x20a8);
NT_OFFSET(struct _KPRCB, MmDirtyWriteIoCount, 0x20ac);
NT_OFFSET(struct _KPRCB, MmMappedPagesWriteCount, 0x20b0);
NT_OFFSET(struct _KPRCB, MmMappedWriteIoCount, 0x20b4);
NT_OFFSET(struct _KPRCB, KeSystemCalls, 0x20b8);
NT_OFFSET(struct _KPRCB, KeContextSwitches, 0x20bc);
NT_OFFSET(struct _KPRCB, CcFastReadNoWait, 0x20c0);
NT_OFFSET(struct _KPRCB, CcFastReadWait, 0x20c4);
NT_OFFSET(struct _KPRCB, CcFastReadNotPossible, 0x20c8);
NT_OFFSET(struct _KPRCB, CcCopyReadNoWait, 0x20cc);
NT_OFFSET(struct _KPRCB, CcCopyReadWait, 0x20d0);
NT_OFFSET(struct _KPRCB, CcCopyReadNoWaitMiss, 0x20d4);
NT_OFFSET(struct _KPRCB, LookasideIrpFloat, 0x20d8);
NT_OFFSET(struct _KPRCB, IoReadOperationCount, 0x20dc);
NT_OFFSET(struct _KPRCB, IoWriteOperationCount, 0x20e0);
NT_OFFSET(struct _KPRCB, IoOtherOperationCount, 0x20e4);
NT_OFFSET(struct _KPRCB, IoReadTransferCount, 0x20e8);
NT_OFFSET(struct _KPRCB, IoWriteTransferCount, 0x20f0);
NT_OFFSET(struct _KPRCB, IoOtherTransferCount, 0x20f8);
NT_OFFSET(struct _KPRCB, TargetCount, 0x2100);
NT_OFFSET(struct _KPRCB, IpiFrozen, 0x2104);
NT_OFFSET(struct _KPRCB, DpcData, 0x2180);
NT_OFFSET(struct _KPRCB, DpcStack, 0x21c0);
NT_OFFSET(struct _KPRCB, MaximumDpcQueueDepth, 0x21c8);
NT_OFFSET(struct _KPRCB, DpcRequestRate, 0x21cc);
NT_OFFSET(struct _KPRCB, MinimumDpcRate, 0x21d0);
NT_OFFSET(struct _KPRCB, DpcLastCount, 0x21d4);
NT_OFFSET(struct _KPRCB, ThreadDpcEnable, 0x21d8);
NT_OFFSET(struct _KPRCB, QuantumEnd, 0x21d9);
NT_OFFSET(struct _KPRCB, DpcRoutineActive, 0x21da);
NT_OFFSET(struct _KPRCB, IdleSchedule, 0x21db);
NT_OFFSET(struct _KPRCB, DpcRequestSlot, 0x21dc);
NT_OFFSET(struct _KPRCB, DpcRequestSummary, 0x21dc);
NT_OFFSET(struct _KPRCB, NormalDpcState, 0x21dc);
NT_OFFSET(struct _KPRCB, ThreadDpcState, 0x21de);
NT_OFFSET(struct _KPRCB, TimerHand, 0x21e0);
NT_OFFSET(struct _KPRCB, MasterOffset, 0x21e4);
NT_OFFSET(struct _KPRCB, LastTick, 0x21e8);
NT_OFFSET(struct _KPRCB, UnusedPad, 0x21ec);
NT_OFFSET(struct _KPRCB, PrcbPad50, 0x21f0);
NT_OFFSET(struct _KPRCB, TimerTable, 0x2200);
NT_OFFSET(struct _KPRCB, DpcGate, 0x4400);
NT_OFFSET(struct _KPRCB, PrcbPad52, 0x4418);
NT_OFFSET(struct _KPRCB, CallDpc, 0x4420);
NT_OFFSET(struct _KPRCB, ClockKeepAlive, 0x4460);
NT_OFFSET(struct _KPRCB, ClockCheckSlot, 0x4464);
NT_OFFSET(struct _KPRCB, ClockPollCycle, 0x4465);
NT_OFFSET(struct _KPRCB, NmiActive, 0x4466);
NT_OFFSET(struct _KPRCB, DpcWatchdogPeriod, 0x4468);
NT_OFFSET(struct _KPRCB, DpcWatchdogCount, 0x446c);
NT_OFFSET(struct _KPRCB, TickOffset, 0x4470);
NT_OFFSET(struct _KPRCB, KeSpinLockOrdering, 0x4478);
NT_OFFSET(struct _KPRCB, PrcbPad70, 0x447c);
NT_OFFSET(struct _KPRCB, WaitListHead, 0x4480);
NT_OFFSET(struct _KPRCB, WaitLock, 0x4490);
NT_OFFSET(struct _KPRCB, ReadySummary, 0x4498);
NT_OFFSET(struct _KPRCB, QueueIndex, 0x449c);
NT_OFFSET(struct _KPRCB, TimerExpirationDpc, 0x44a0);
NT_OFFSET(struct _KPRCB, PrcbPad72, 0x44e0);
NT_OFFSET(struct _KPRCB, DispatcherReadyListHead, 0x4500);
NT_OFFSET(struct _KPRCB, InterruptCount, 0x4700);
NT_OFFSET(struct _KPRCB, KernelTime, 0x4704);
NT_OFFSET(struct _KPRCB, UserTime, 0x4708);
NT_OFFSET(struct _KPRCB, DpcTime, 0x470c);
NT_OFFSET(struct _KPRCB, InterruptTime, 0x4710);
NT_OFFSET(struct _KPRCB, AdjustDpcThreshold, 0x4714);
NT_OFFSET(struct _KPRCB, DebuggerSavedIRQL, 0x4718);
NT_OFFSET(struct _KPRCB, PrcbPad80, 0x4719);
NT_OFFSET(struct _KPRCB, DpcTimeCount, 0x4720);
NT_OFFSET(struct _KPRCB, DpcTimeLimit, 0x4724);
NT_OFFSET(struct _KPRCB, PeriodicCount, 0x4728);
NT_OFFSET(struct _KPRCB, PeriodicBias, 0x472c);
NT_OFFSET(struct _KPRCB, AvailableTime, 0x4730);
NT_OFFSET(struct _KPRCB, KeExceptionDispatchCount, 0x4734);
NT_OFFSET(struct _KPRCB, ParentNode, 0x4738);
NT_OFFSET(struct _KPRCB, StartCycles, 0x4740);
NT_OFFSET(struct _KPRCB, PrcbPad82, 0x4748);
NT_OFFSET(struct _KPRCB, MmSpinLockOrdering, 0x4760);
NT_OFFSET(struct _KPRCB, PageColor, 0x4764);
NT_OFFSET(struct _KPRCB, NodeColor, 0x4768);
NT_OFFSET(struct _KPRCB, NodeShiftedColor, 0x476c);
NT_OFFSET(struct _KPRCB, SecondaryColorMask, 0x4770);
NT_OFFSET(struct _KPRCB, PrcbPad83, 0x4774);
NT_OFFSET(struct _KPRCB, CycleTime, 0x4778);
NT_OFFSET(struct _KPRCB, CcFastMdlReadNoWait, 0x4780);
NT_OFFSET(struct _KPRCB, CcFastMdlReadWait, 0x4784);
NT_OFFSET(struct _KPRCB, CcFastMdlReadNotPossible, 0x4788);
NT_OFFSET(struct _KPRCB, CcMapDataNoWait, 0x478c);
NT_OFFSET(struct _KPRCB, CcMapDataWait, 0x4790);
NT_OFFSET(struct _KPRCB, CcPinMappedDataCount, 0x4794);
NT_OFFSET(struct _KPRCB, CcPinReadNoWait, 0x4798);
NT_OFFSET(struct _KPRCB, CcPinReadWait, 0x479c);
NT_OFFSET(struct _KPRCB, CcMdlReadNoWait, 0x47a0);
NT_OFFSET(struct _KPRCB, CcMdlReadWait, 0x47a4);
NT_OFFSET(struct _KPRCB, CcLazyWriteHotSpots, 0x47a8);
NT_OFFSET(struct _KPRCB, CcLazyWriteIos, 0x47ac);
NT_OFFSET(struct _KPRCB, CcLazyWritePages, 0x47b0);
NT_OFFSET(struct _KPRCB, CcDataFlushes, 0x47b4);
NT_OFFSET(struct _KPRCB, CcDataPages, 0x47b8);
NT_OFFSET(struct _KPRCB, CcLostDelayedWrites, 0x47bc);
NT_OFFSET(struct _KPRCB, CcFastReadResourceMiss, 0x47c0);
NT_OFFSET(struct _KPRCB, CcCopyReadWaitMiss, 0x47c4);
NT_OFFSET(struct _KPRCB, CcFastMdlReadResourceMiss, 0x47c8);
NT_OFFSET(struct _KPRCB, CcMapDataNoWaitMiss, 0x47cc);
NT_OFFSET(struct _KPRCB, CcMapDataWaitMiss, 0x47d0);
NT_OFFSET(struct _KPRCB, CcPinReadNoWaitMiss, 0x47d4);
NT_OFFSET(struct _KPRCB, CcPinReadWaitMiss, 0x47d8);
NT_OFFSET(struct _KPRCB, CcMdlReadNoWaitMiss, 0x47dc);
NT_OFFSET(struct _KPRCB, CcMdlReadWaitMiss, 0x47e0);
NT_OFFSET(struct _KPRCB, CcReadAheadIos, 0x47e4);
NT_OFFSET(struct _KPRCB, MmCacheTransitionCount, 0x47e8);
NT_OFFSET(struct _KPRCB, MmCacheReadCount, 0x47ec);
NT_OFFSET(struct _KPRCB, MmCacheIoCount, 0x47f0);
NT_OFFSET(struct _KPRCB, PrcbPad91, 0x47f4);
NT_OFFSET(struct _KPRCB, RuntimeAccumulation, 0x47f8);
NT_OFFSET(struct _KPRCB, PowerState, 0x4800);
NT_OFFSET(struct _KPRCB, PrcbPad92, 0x4900);
NT_OFFSET(struct _KPRCB, KeAlignmentFixupCount, 0x4910);
NT_OFFSET(struct _KPRCB, DpcWatchdogDpc, 0x4918);
NT_OFFSET(struct _KPRCB, DpcWatchdogTimer, 0x4958);
NT_OFFSET(struct _KPRCB, Cache, 0x4998);
NT_OFFSET(struct _KPRCB, CacheCount, 0x49d4);
NT_OFFSET(struct _KPRCB, CachedCommit, 0x49d8);
NT_OFFSET(struct _KPRCB, CachedResidentAvailable, 0x49dc);
NT_OFFSET(struct _KPRCB, HyperPte, 0x49e0);
NT_OFFSET(struct _KPRCB, WheaInfo, 0x49e8);
NT_OFFSET(struct _KPRCB, EtwSupport, 0x49f0);
NT_OFFSET(struct _KPRCB, InterruptObjectPool, 0x4a00);
NT_OFFSET(struct _KPRCB, HypercallPageList, 0x4a10);
NT_OFFSET(struct _KPRCB, HypercallPageVirtual, 0x4a20);
NT_OFFSET(struct _KPRCB, VirtualApicAssist, 0x4a28);
NT_OFFSET(struct _KPRCB, StatisticsPage, 0x4a30);
NT_OFFSET(struct _KPRCB, RateControl, 0x4a38);
NT_OFFSET(struct _KPRCB, CacheProcessorMask, 0x4a40);
NT_OFFSET(struct _KPRCB, PackageProcessorSet, 0x4a68);
NT_OFFSET(struct _KPRCB, CoreProcessorSet, 0x4a90);
NT_OFFSET(struct _KPRCB, PebsIndexAddress, 0x4a98);
NT_OFFSET(struct _KPRCB, PrcbPad93, 0x4aa0);
NT_OFFSET(struct _KPRCB, SpinLockAcquireCount, 0x4b00);
NT_OFFSET(struct _KPRCB, SpinLockContentionCount, 0x4b04);
NT_OFFSET(struct _KPRCB, SpinLockSpinCount, 0x4b08);
NT_OFFSET(struct _KPRCB, IpiSendRequestBroadcastCount, 0x4b0c);
NT_OFFSET(struct _KPRCB, IpiSendRequestRoutineCount, 0x4b10);
NT_OFFSET(struct _KPRCB, IpiSendSoftwareInterruptCount, 0x4b14);
NT_OFFSET(struct _KPRCB, ExInitializeResourceCount, 0x4b18);
NT_OFFSET(struct _KPRCB, ExReInitializeResourceCount, 0x4b1c);
NT_OFFSET(struct _KPRCB, ExDeleteResourceCount, 0x4b20);
NT_OFFSET(struct _KPRCB, ExecutiveResourceAcquiresCount, 0x4b24);
NT_OFFSET(struct _KPRCB, ExecutiveResourceContentionsCount, 0x4b28);
NT_OFFSET(struct _KPRCB, ExecutiveResourceReleaseExclusiveCount, 0x4b2c);
NT_OFFSET(struct _KPRCB, ExecutiveResourceReleaseSharedCount, 0x4b30);
NT_OFFSET(struct _KPRCB, ExecutiveResourceConvertsCount, 0x4b34);
NT_OFFSET(struct _KPRCB, ExAcqResExclusiveAttempts, 0x4b38);
NT_OFFSET(struct _KPRCB, ExAcqResExclusiveAcquiresExclusive, 0x4b3c);
NT_OFFSET(struct _KPRCB, ExAcqResExclusiveAcquiresExclusiveRecursive, 0x4b40);
NT_OFFSET(struct _KPRCB, ExAcqResExclusiveWaits, 0x4b44);
NT_OFFSET(struct _KPRCB, ExAcqResExclusiveNotAcquires, 0x4b48);
NT_OFFSET(struct _KPRCB, ExAcqResSharedAttempts, 0x4b4c);
NT_OFFSET(struct _KPRCB, ExAcqResSharedAcquiresExclusive, 0x4b50);
NT_OFFSET(struct _KPRCB, ExAcqResSharedAcquiresShared, 0x4b54);
NT_OFFSET(struct _KPRCB, ExAcqResSharedAcquiresSharedRecursive, 0x4b58);
NT_OFFSET(struct _KPRCB, ExAcqResSharedWaits, 0x4b5c);
NT_OFFSET(struct _KPRCB, ExAcqResSharedNotAcquires, 0x4b60);
NT_OFFSET(struct _KPRCB, ExAcqResSharedStarveExclusiveAttempts, 0x4b64);
NT_OFFSET(struct _KPRCB, ExAcqResSharedStarveExclusiveAcquiresExclusive, 0x4b68);
NT_OFFSET(struct _KPRCB, ExAcqResSharedStarveExclusiveAcquiresShared, 0x4b6c);
NT_OFFSET(struct _KPRCB, ExAcqResSharedStarveExclusiveAcquiresSharedRecursive, 0x4b70);
NT_OFFSET(struct _KPRCB, ExAcqResSharedStarveExclusiveWaits, 0x4b74);
NT_OFFSET(struct _KPRCB, ExAcqResSharedStarveExclusiveNotAcquires, 0x4b78);
NT_OFFSET(struct _KPRCB, ExAcqResSharedWaitForExclusiveAttempts, 0x4b7c);
NT_OFFSET(struct _KPRCB, ExAcqResSharedWaitForExclusiveAcquiresExclusive, 0x4b80);
NT_OFFSET(struct _KPRCB, ExAcqResSharedWaitForExclusiveAcquiresShared, 0x4b84);
NT_OFFSET(struct _KPRCB, ExAcqResSharedWaitForExclusiveAcquiresSharedRecursive, 0x4b88);
NT_OFFSET(struct _KPRCB, ExAcqResSharedWaitForExclusiveWaits, 0x4b8c);
NT_OFFSET(struct _KPRCB, ExAcqResSharedWaitForExclusiveNotAcquires, 0x4b90);
NT_OFFSET(struct _KPRCB, ExSetResOwnerPointerExclusive, 0x4b94);
NT_OFFSET(struct _KPRCB, ExSetResOwnerPointerSharedNew, 0x4b98);
NT_OFFSET(struct _KPRCB, ExSetResOwnerPointerSharedOld, 0x4b9c);
NT_OFFSET(struct _KPRCB, ExTryToAcqExclusiveAttempts, 0x4ba0);
NT_OFFSET(struct _KPRCB, ExTryToAcqExclusiveAcquires, 0x4ba4);
NT_OFFSET(struct _KPRCB, ExBoostExclusiveOwner, 0x4ba8);
NT_OFFSET(struct _KPRCB, ExBoostSharedOwners, 0x4bac);
NT_OFFSET(struct _KPRCB, ExEtwSynchTrackingNotificationsCount, 0x4bb0);
NT_OFFSET(struct _KPRCB, ExEtwSynchTrackingNotificationsAccountedCount, 0x4bb4);
NT_OFFSET(struct _KPRCB, VendorString, 0x4bb8);
NT_OFFSET(struct _KPRCB, PrcbPad10, 0x4bc5);
NT_OFFSET(struct _KPRCB, FeatureBits, 0x4bc8);
NT_OFFSET(struct _KPRCB, UpdateSignature, 0x4bd0);
NT_OFFSET(struct _KPRCB, Context, 0x4bd8);
NT_OFFSET(struct _KPRCB, ContextFlags, 0x4be0);
NT_OFFSET(struct _KPRCB, ExtendedState, 0x4be8);
NT_OFFSET(struct _KPRCB, Mailbox, 0x4c00);
NT_OFFSET(struct _KPRCB, RequestMailbox, 0x4c80);

struct _KPCR {
    union {
        struct _NT_TIB NtTib;
        struct {
            KPTR(union _KGDTENTRY64) GdtBase;
            KPTR(struct _KTSS64) TssBase;
            ULONG64 UserRsp;
            KPTR(struct _KPCR) Self;
            KPTR(struct _KPRCB) CurrentPrcb;
            KPTR(struct _KSPIN_LOCK_QUEUE) LockArray;
            KPTR(void) Used_Self;
        };
    };
    KPTR(union _KIDTENTRY64) IdtBase;
    ULONG64 Unused[2];
    UCHAR Irql;
    UCHAR SecondLevelCacheAssociativity;
    UCHAR ObsoleteNumber;
    UCHAR Fill0;
    ULONG Unused0[3];
    USHORT MajorVersion;
    USHORT MinorVersion;
    ULONG StallScaleFactor;
    KPTR(void) Unused1[3];
    ULONG KernelReserved[15];
    ULONG SecondLevelCacheSize;
    ULONG HalReserved[16];
    ULONG Unused2;
    KPTR(void) KdVersionBlock;
    KPTR(void) Unused3;
    ULONG PcrAlign1[24];
    ULONG64 : 64;
    struct _KPRCB Prcb;
};
typedef struct _KPCR KPCR;
NT_SIZE(struct _KPCR, 0x4e80);
NT_OFFSET(struct _KPCR, GdtBase, 0x0);
NT_OFFSET(struct _KPCR, NtTib, 0x0);
NT_OFFSET(struct _KPCR, TssBase, 0x8);
NT_OFFSET(struct _KPCR, UserRsp, 0x10);
NT_OFFSET(struct _KPCR, Self, 0x18);
NT_OFFSET(struct _KPCR, CurrentPrcb, 0x20);
NT_OFFSET(struct _KPCR, LockArray, 0x28);
NT_OFFSET(struct _KPCR, Used_Self, 0x30);
NT_OFFSET(struct _KPCR, IdtBase, 0x38);
NT_OFFSET(struct _KPCR, Unused, 0x40);
NT_OFFSET(struct _KPCR, Irql, 0x50);
NT_OFFSET(struct _KPCR, SecondLevelCacheAssociativity, 0x51);
NT_OFFSET(struct _KPCR, ObsoleteNumber, 0x52);
NT_OFFSET(struct _KPCR, Fill0, 0x53);
NT_OFFSET(struct _KPCR, Unused0, 0x54);
NT_OFFSET(struct _KPCR, MajorVersion, 0x60);
NT_OFFSET(struct _KPCR, MinorVersion, 0x62);
NT_OFFSET(struct _KPCR, StallScaleFactor, 0x64);
NT_OFFSET(struct _KPCR, Unused1, 0x68);
NT_OFFSET(struct _KPCR, KernelReserved, 0x80);
NT_OFFSET(struct _KPCR, SecondLevelCacheSize, 0xbc);
NT_OFFSET(struct _KPCR, HalReserved, 0xc0);
NT_OFFSET(struct _KPCR, Unused2, 0x100);
NT_OFFSET(struct _KPCR, KdVersionBlock, 0x108);
NT_OFFSET(struct _KPCR, Unused3, 0x110);
NT_OFFSET(struct _KPCR, PcrAlign1, 0x118);
NT_OFFSET(struct _KPCR, Prcb, 0x180);

enum _ALTERNATIVE_ARCHITECTURE_TYPE {
    StandardDesign = 0,
    NEC98x86 = 1,
    EndAlternatives = 2,
};
typedef enum _ALTERNATIVE_ARCHITECTURE_TYPE ALTERNATIVE_ARCHITECTURE_TYPE;

struct _XSTATE_FEATURE {
    ULONG Offset;
    ULONG Size;
};
typedef struct _XSTATE_FEATURE XSTATE_FEATURE;
NT_SIZE(struct _XSTATE_FEATURE, 0x8);
NT_OFFSET(struct _XSTATE_FEATURE, Offset, 0x0);
NT_OFFSET(struct _XSTATE_FEATURE, Size, 0x4);

struct _XSTATE_CONFIGURATION {
    ULONG64 EnabledFeatures;
    ULONG Size;
    ULONG OptimizedSave : 1;
    struct _XSTATE_FEATURE Features[64];
};
typedef struct _XSTATE_CONFIGURATION XSTATE_CONFIGURATION;
NT_SIZE(struct _XSTATE_CONFIGURATION, 0x210);
NT_OFFSET(struct _XSTATE_CONFIGURATION, EnabledFeatures, 0x0);
NT_OFFSET(struct _XSTATE_CONFIGURATION, Size, 0x8);
NT_OFFSET(struct _XSTATE_CONFIGURATION, Features, 0x10);

struct _KUSER_SHARED_DATA {
    ULONG TickCountLowDeprecated;
    ULONG TickCountMultiplier;
    struct _KSYSTEM_TIME InterruptTime;
    struct _KSYSTEM_TIME SystemTime;
    struct _KSYSTEM_TIME TimeZoneBias;
    USHORT ImageNumberLow;
    USHORT ImageNumberHigh;
    WCHAR NtSystemRoot[260];
    ULONG MaxStackTraceDepth;
    ULONG CryptoExponent;
    ULONG TimeZoneId;
    ULONG LargePageMinimum;
    ULONG Reserved2[7];
    enum _NT_PRODUCT_TYPE NtProductType;
    UCHAR ProductTypeIsValid;
    ULONG NtMajorVersion;
    ULONG NtMinorVersion;
    UCHAR ProcessorFeatures[64];
    ULONG Reserved1;
    ULONG Reserved3;
    ULONG TimeSlip;
    enum _ALTERNATIVE_ARCHITECTURE_TYPE AlternativeArchitecture;
    ULONG AltArchitecturePad[1];
    union _LARGE_INTEGER SystemExpirationDate;
    ULONG SuiteMask;
    UCHAR KdDebuggerEnabled;
    UCHAR NXSupportPolicy;
    ULONG ActiveConsoleId;
    ULONG DismountCount;
    ULONG ComPlusPackage;
    ULONG LastSystemRITEventTickCount;
    ULONG NumberOfPhysicalPages;
    UCHAR SafeBootMode;
    union {
        UCHAR TscQpcData;
        struct {
            UCHAR TscQpcEnabled : 1;
            UCHAR TscQpcSpareFlag : 1;
            UCHAR TscQpcShift : 6;
        };
    };
    UCHAR TscQpcPad[2];
    union {
        struct {
            ULONG DbgErrorPortPresent : 1;
            ULONG DbgElevationEnabled : 1;
            ULONG DbgVirtEnabled : 1;
            ULONG DbgInstallerDetectEnabled : 1;
            ULONG DbgSystemDllRelocated : 1;
            ULONG DbgDynProcessorEnabled : 1;
            ULONG DbgSEHValidationEnabled : 1;
            ULONG SpareBits : 25;
        };
        ULONG SharedDataFlags;
    };
    ULONG DataFlagsPad[1];
    ULONG64 TestRetInstruction;
    ULONG SystemCall;
    ULONG SystemCallReturn;
    ULONG64 SystemCallPad[3];
    union {
        struct {
            ULONG ReservedTickCountOverlay[3];
            ULONG TickCountPad[1];
        };
        struct _KSYSTEM_TIME TickCount;
        ULONG64 TickCountQuad;
    };
    ULONG Cookie;
    ULONG CookiePad[1];
    LONG64 ConsoleSessionForegroundProcessId;
    ULONG Wow64SharedInformation[16];
    USHORT UserModeGlobalLogger[16];
    ULONG ImageFileExecutionOptions;
    ULONG LangGenerationCount;
    ULONG64 Reserved5;
    ULONG64 InterruptTimeBias;
    ULONG64 TscQpcBias;
    ULONG ActiveProcessorCount;
    USHORT ActiveGroupCount;
    USHORT Reserved4;
    ULONG AitSamplingValue;
    ULONG AppCompatFlag;
    ULONG64 SystemDllNativeRelocation;
    ULONG SystemDllWowRelocation;
    ULONG XStatePad[1];
    struct _XSTATE_CONFIGURATION XState;
};
typedef struct _KUSER_SHARED_DATA KUSER_SHARED_DATA;
NT_SIZE(struct _KUSER_SHARED_DATA, 0x5f0);
NT_OFFSET(struct _KUSER_SHARED_DATA, TickCountLowDeprecated, 0x0);
NT_OFFSET(struct _KUSER_SHARED_DATA, TickCountMultiplier, 0x4);
NT_OFFSET(struct _KUSER_SHARED_DATA, InterruptTime, 0x8);
NT_OFFSET(struct _KUSER_SHARED_DATA, SystemTime, 0x14);
NT_OFFSET(struct _KUSER_SHARED_DATA, TimeZoneBias, 0x20);
NT_OFFSET(struct _KUSER_SHARED_DATA, ImageNumberLow, 0x2c);
NT_OFFSET(struct _KUSER_SHARED_DATA, ImageNumberHigh, 0x2e);
NT_OFFSET(struct _KUSER_SHARED_DATA, NtSystemRoot, 0x30);
NT_OFFSET(struct _KUSER_SHARED_DATA, MaxStackTraceDepth, 0x238);
NT_OFFSET(struct _KUSER_SHARED_DATA, CryptoExponent, 0x23c);
NT_OFFSET(struct _KUSER_SHARED_DATA, TimeZoneId, 0x240);
NT_OFFSET(struct _KUSER_SHARED_DATA, LargePageMinimum, 0x244);
NT_OFFSET(struct _KUSER_SHARED_DATA, Reserved2, 0x248);
NT_OFFSET(struct _KUSER_SHARED_DATA, NtProductType, 0x264);
NT_OFFSET(struct _KUSER_SHARED_DATA, ProductTypeIsValid, 0x268);
NT_OFFSET(struct _KUSER_SHARED_DATA, NtMajorVersion, 0x26c);
NT_OFFSET(struct _KUSER_SHARED_DATA, NtMinorVersion, 0x270);
NT_OFFSET(struct _KUSER_SHARED_DATA, ProcessorFeatures, 0x274);
NT_OFFSET(struct _KUSER_SHARED_DATA, Reserved1, 0x2b4);
NT_OFFSET(struct _KUSER_SHARED_DATA, Reserved3, 0x2b8);
NT_OFFSET(struct _KUSER_SHARED_DATA, TimeSlip, 0x2bc);
NT_OFFSET(struct _KUSER_SHARED_DATA, AlternativeArchitecture, 0x2c0);
NT_OFFSET(struct _KUSER_SHARED_DATA, AltArchitecturePad, 0x2c4);
NT_OFFSET(struct _KUSER_SHARED_DATA, SystemExpirationDate, 0x2c8);
NT_OFFSET(struct _KUSER_SHARED_DATA, SuiteMask, 0x2d0);
NT_OFFSET(struct _KUSER_SHARED_DATA, KdDebuggerEnabled, 0x2d4);
NT_OFFSET(struct _KUSER_SHARED_DATA, NXSupportPolicy, 0x2d5);
NT_OFFSET(struct _KUSER_SHARED_DATA, ActiveConsoleId, 0x2d8);
NT_OFFSET(struct _KUSER_SHARED_DATA, DismountCount, 0x2dc);
NT_OFFSET(struct _KUSER_SHARED_DATA, ComPlusPackage, 0x2e0);
NT_OFFSET(struct _KUSER_SHARED_DATA, LastSystemRITEventTickCount, 0x2e4);
NT_OFFSET(struct _KUSER_SHARED_DATA, NumberOfPhysicalPages, 0x2e8);
NT_OFFSET(struct _KUSER_SHARED_DATA, SafeBootMode, 0x2ec);
NT_OFFSET(struct _KUSER_SHARED_DATA, TscQpcData, 0x2ed);
NT_OFFSET(struct _KUSER_SHARED_DATA, TscQpcPad, 0x2ee);
NT_OFFSET(struct _KUSER_SHARED_DATA, SharedDataFlags, 0x2f0);
NT_OFFSET(struct _KUSER_SHARED_DATA, DataFlagsPad, 0x2f4);
NT_OFFSET(struct _KUSER_SHARED_DATA, TestRetInstruction, 0x2f8);
NT_OFFSET(struct _KUSER_SHARED_DATA, SystemCall, 0x300);
NT_OFFSET(struct _KUSER_SHARED_DATA, SystemCallReturn, 0x304);
NT_OFFSET(struct _KUSER_SHARED_DATA, SystemCallPad, 0x308);
NT_OFFSET(struct _KUSER_SHARED_DATA, ReservedTickCountOverlay, 0x320);
NT_OFFSET(struct _KUSER_SHARED_DATA, TickCount, 0x320);
NT_OFFSET(struct _KUSER_SHARED_DATA, TickCountQuad, 0x320);
NT_OFFSET(struct _KUSER_SHARED_DATA, TickCountPad, 0x32c);
NT_OFFSET(struct _KUSER_SHARED_DATA, Cookie, 0x330);
NT_OFFSET(struct _KUSER_SHARED_DATA, CookiePad, 0x334);
NT_OFFSET(struct _KUSER_SHARED_DATA, ConsoleSessionForegroundProcessId, 0x338);
NT_OFFSET(struct _KUSER_SHARED_DATA, Wow64SharedInformation, 0x340);
NT_OFFSET(struct _KUSER_SHARED_DATA, UserModeGlobalLogger, 0x380);
NT_OFFSET(struct _KUSER_SHARED_DATA, ImageFileExecutionOptions, 0x3a0);
NT_OFFSET(struct _KUSER_SHARED_DATA, LangGenerationCount, 0x3a4);
NT_OFFSET(struct _KUSER_SHARED_DATA, Reserved5, 0x3a8);
NT_OFFSET(struct _KUSER_SHARED_DATA, InterruptTimeBias, 0x3b0);
NT_OFFSET(struct _KUSER_SHARED_DATA, TscQpcBias, 0x3b8);
NT_OFFSET(struct _KUSER_SHARED_DATA, ActiveProcessorCount, 0x3c0);
NT_OFFSET(struct _KUSER_SHARED_DATA, ActiveGroupCount, 0x3c4);
NT_OFFSET(struct _KUSER_SHARED_DATA, Reserved4, 0x3c6);
NT_OFFSET(struct _KUSER_SHARED_DATA, AitSamplingValue, 0x3c8);
NT_OFFSET(struct _KUSER_SHARED_DATA, AppCompatFlag, 0x3cc);
NT_OFFSET(struct _KUSER_SHARED_DATA, SystemDllNativeRelocation, 0x3d0);
NT_OFFSET(struct _KUSER_SHARED_DATA, SystemDllWowRelocation, 0x3d8);
NT_OFFSET(struct _KUSER_SHARED_DATA, XStatePad, 0x3dc);
NT_OFFSET(struct _KUSER_SHARED_DATA, XState, 0x3e0);

union _KIDTENTRY64 {
    struct {
        ULONG64 Alignment;
        ULONG OffsetHigh;
        ULONG Reserved1;
    };
    struct {
        USHORT OffsetLow;
        USHORT Selector;
        USHORT IstIndex : 3;
        USHORT Reserved0 : 5;
        USHORT Type : 5;
        USHORT Dpl : 2;
        USHORT Present : 1;
        USHORT OffsetMiddle;
    };
};
typedef union _KIDTENTRY64 KIDTENTRY64;
NT_SIZE(union _KIDTENTRY64, 0x10);
NT_OFFSET(union _KIDTENTRY64, Alignment, 0x0);
NT_OFFSET(union _KIDTENTRY64, OffsetLow, 0x0);
NT_OFFSET(union _KIDTENTRY64, Selector, 0x2);
NT_OFFSET(union _KIDTENTRY64, OffsetMiddle, 0x6);
NT_OFFSET(union _KIDTENTRY64, OffsetHigh, 0x8);
NT_OFFSET(union _KIDTENTRY64, Reserved1, 0xc);

struct _KTSS64 {
    ULONG Reserved0;
    ULONG64 Rsp0;
    ULONG64 Rsp1;
    ULONG64 Rsp2;
    ULONG64 Ist[8];
    ULONG64 Reserved1;
    USHORT Reserved2;
    USHORT IoMapBase;
} __attribute__((packed));
typedef struct _KTSS64 KTSS64;
NT_SIZE(struct _KTSS64, 0x68);
NT_OFFSET(struct _KTSS64, Reserved0, 0x0);
NT_OFFSET(struct _KTSS64, Rsp0, 0x4);
NT_OFFSET(struct _KTSS64, Rsp1, 0xc);
NT_OFFSET(struct _KTSS64, Rsp2, 0x14);
NT_OFFSET(struct _KTSS64, Ist, 0x1c);
NT_OFFSET(struct _KTSS64, Reserved1, 0x5c);
NT_OFFSET(struct _KTSS64, Reserved2, 0x64);
NT_OFFSET(struct _KTSS64, IoMapBase, 0x66);

enum _KOBJECTS {
    EventNotificationObject = 0,
    EventSynchronizationObject = 1,
    MutantObject = 2,
    ProcessObject = 3,
    QueueObject = 4,
    SemaphoreObject = 5,
    ThreadObject = 6,
    GateObject = 7,
    TimerNotificationObject = 8,
    TimerSynchronizationObject = 9,
    Spare2Object = 10,
    Spare3Object = 11,
    Spare4Object = 12,
    Spare5Object = 13,
    Spare6Object = 14,
    Spare7Object = 15,
    Spare8Object = 16,
    Spare9Object = 17,
    ApcObject = 18,
    DpcObject = 19,
    DeviceQueueObject = 20,
    EventPairObject = 21,
    InterruptObject = 22,
    ProfileObject = 23,
    ThreadedDpcObject = 24,
    MaximumKernelObject = 25,
};
typedef enum _KOBJECTS KOBJECTS;

enum _KWAIT_REASON {
    Executive = 0,
    FreePage = 1,
    PageIn = 2,
    PoolAllocation = 3,
    DelayExecution = 4,
    Suspended = 5,
    UserRequest = 6,
    WrExecutive = 7,
    WrFreePage = 8,
    WrPageIn = 9,
    WrPoolAllocation = 10,
    WrDelayExecution = 11,
    WrSuspended = 12,
    WrUserRequest = 13,
    WrEventPair = 14,
    WrQueue = 15,
    WrLpcReceive = 16,
    WrLpcReply = 17,
    WrVirtualMemory = 18,
    WrPageOut = 19,
    WrRendezvous = 20,
    WrKeyedEvent = 21,
    WrTerminated = 22,
    WrProcessInSwap = 23,
    WrCpuRateControl = 24,
    WrCalloutStack = 25,
    WrKernel = 26,
    WrResource = 27,
    WrPushLock = 28,
    WrMutex = 29,
    WrQuantumEnd = 30,
    WrDispatchInt = 31,
    WrPreempted = 32,
    WrYieldExecution = 33,
    WrFastMutex = 34,
    WrGuardedMutex = 35,
    WrRundown = 36,
    MaximumWaitReason = 37,
};
typedef enum _KWAIT_REASON KWAIT_REASON;

enum _KPROCESS_STATE {
    ProcessInMemory = 0,
    ProcessOutOfMemory = 1,
    ProcessInTransition = 2,
    ProcessOutTransition = 3,
    ProcessInSwap = 4,
    ProcessOutSwap = 5,
    ProcessAllSwapStates = 6,
};
typedef enum _KPROCESS_STATE KPROCESS_STATE;

enum _EVENT_TYPE {
    NotificationEvent = 0,
    SynchronizationEvent = 1,
};
typedef enum _EVENT_TYPE EVENT_TYPE;

enum _KINTERRUPT_MODE {
    LevelSensitive = 0,
    Latched = 1,
};
typedef enum _KINTERRUPT_MODE KINTERRUPT_MODE;

enum _KINTERRUPT_POLARITY {
    InterruptPolarityUnknown = 0,
    InterruptActiveHigh = 1,
    InterruptActiveLow = 2,
};
typedef enum _KINTERRUPT_POLARITY KINTERRUPT_POLARITY;

struct _KINTERRUPT {
    SHORT Type;
    SHORT Size;
    struct _LIST_ENTRY InterruptListEntry;
    KFUNC ServiceRoutine;
    KFUNC MessageServiceRoutine;
    ULONG MessageIndex;
    KPTR(void) ServiceContext;
    ULONG64 SpinLock;
    ULONG TickCount;
    KPTR(ULONG64) ActualLock;
    KFUNC DispatchAddress;
    ULONG Vector;
    UCHAR Irql;
    UCHAR SynchronizeIrql;
    UCHAR FloatingSave;
    UCHAR Connected;
    ULONG Number;
    UCHAR ShareVector;
    CHAR Pad[3];
    enum _KINTERRUPT_MODE Mode;
    enum _KINTERRUPT_POLARITY Polarity;
    ULONG ServiceCount;
    ULONG DispatchCount;
    ULONG64 Rsvd1;
    KPTR(struct _KTRAP_FRAME) TrapFrame;
    KPTR(void) Reserved;
    ULONG DispatchCode[4];
};
typedef struct _KINTERRUPT KINTERRUPT;
NT_SIZE(struct _KINTERRUPT, 0xa0);
NT_OFFSET(struct _KINTERRUPT, Type, 0x0);
NT_OFFSET(struct _KINTERRUPT, Size, 0x2);
NT_OFFSET(struct _KINTERRUPT, InterruptListEntry, 0x8);
NT_OFFSET(struct _KINTERRUPT, ServiceRoutine, 0x18);
NT_OFFSET(struct _KINTERRUPT, MessageServiceRoutine, 0x20);
NT_OFFSET(struct _KINTERRUPT, MessageIndex, 0x28);
NT_OFFSET(struct _KINTERRUPT, ServiceContext, 0x30);
NT_OFFSET(struct _KINTERRUPT, SpinLock, 0x38);
NT_OFFSET(struct _KINTERRUPT, TickCount, 0x40);
NT_OFFSET(struct _KINTERRUPT, ActualLock, 0x48);
NT_OFFSET(struct _KINTERRUPT, DispatchAddress, 0x50);
NT_OFFSET(struct _KINTERRUPT, Vector, 0x58);
NT_OFFSET(struct _KINTERRUPT, Irql, 0x5c);
NT_OFFSET(struct _KINTERRUPT, SynchronizeIrql, 0x5d);
NT_OFFSET(struct _KINTERRUPT, FloatingSave, 0x5e);
NT_OFFSET(struct _KINTERRUPT, Connected, 0x5f);
NT_OFFSET(struct _KINTERRUPT, Number, 0x60);
NT_OFFSET(struct _KINTERRUPT, ShareVector, 0x64);
NT_OFFSET(struct _KINTERRUPT, Pad, 0x65);
NT_OFFSET(struct _KINTERRUPT, Mode, 0x68);
NT_OFFSET(struct _KINTERRUPT, Polarity, 0x6c);
NT_OFFSET(struct _KINTERRUPT, ServiceCount, 0x70);
NT_OFFSET(struct _KINTERRUPT, DispatchCount, 0x74);
NT_OFFSET(struct _KINTERRUPT, Rsvd1, 0x78);
NT_OFFSET(struct _KINTERRUPT, TrapFrame, 0x80);
NT_OFFSET(struct _KINTERRUPT, Reserved, 0x88);
NT_OFFSET(struct _KINTERRUPT, DispatchCode, 0x90);

struct _CACHED_KSTACK_LIST {
    union _SLIST_HEADER SListHead;
    LONG MinimumFree;
    ULONG Misses;
    ULONG MissesLast;
    ULONG Pad0;
};
typedef struct _CACHED_KSTACK_LIST CACHED_KSTACK_LIST;
NT_SIZE(struct _CACHED_KSTACK_LIST, 0x20);
NT_OFFSET(struct _CACHED_KSTACK_LIST, SListHead, 0x0);
NT_OFFSET(struct _CACHED_KSTACK_LIST, MinimumFree, 0x10);
NT_OFFSET(struct _CACHED_KSTACK_LIST, Misses, 0x14);
NT_OFFSET(struct _CACHED_KSTACK_LIST, MissesLast, 0x18);
NT_OFFSET(struct _CACHED_KSTACK_LIST, Pad0, 0x1c);

struct _flags {
    UCHAR Removable : 1;
    UCHAR GroupAssigned : 1;
    UCHAR GroupCommitted : 1;
    UCHAR GroupAssignmentFixed : 1;
    UCHAR Fill : 4;
};
NT_SIZE(struct _flags, 0x1);

struct _KNODE {
    union _SLIST_HEADER PagedPoolSListHead;
    union _SLIST_HEADER NonPagedPoolSListHead[3];
    struct _GROUP_AFFINITY Affinity;
    ULONG ProximityId;
    USHORT NodeNumber;
    USHORT PrimaryNodeNumber;
    UCHAR MaximumProcessors;
    UCHAR Color;
    struct _flags Flags;
    UCHAR NodePad0;
    ULONG Seed;
    ULONG MmShiftedColor;
    ULONG64 FreeCount[2];
    ULONG Right;
    ULONG Left;
    struct _CACHED_KSTACK_LIST CachedKernelStacks;
    LONG ParkLock;
    ULONG NodePad1;
    ULONG64 : 64;
    ULONG64 : 64;
    ULONG64 : 64;
};
typedef struct _KNODE KNODE;
NT_SIZE(struct _KNODE, 0xc0);
NT_OFFSET(struct _KNODE, PagedPoolSListHead, 0x0);
NT_OFFSET(struct _KNODE, NonPagedPoolSListHead, 0x10);
NT_OFFSET(struct _KNODE, Affinity, 0x40);
NT_OFFSET(struct _KNODE, ProximityId, 0x50);
NT_OFFSET(struct _KNODE, NodeNumber, 0x54);
NT_OFFSET(struct _KNODE, PrimaryNodeNumber, 0x56);
NT_OFFSET(struct _KNODE, MaximumProcessors, 0x58);
NT_OFFSET(struct _KNODE, Color, 0x59);
NT_OFFSET(struct _KNODE, Flags, 0x5a);
NT_OFFSET(struct _KNODE, NodePad0, 0x5b);
NT_OFFSET(struct _KNODE, Seed, 0x5c);
NT_OFFSET(struct _KNODE, MmShiftedColor, 0x60);
NT_OFFSET(struct _KNODE, FreeCount, 0x68);
NT_OFFSET(struct _KNODE, Right, 0x78);
NT_OFFSET(struct _KNODE, Left, 0x7c);
NT_OFFSET(struct _KNODE, CachedKernelStacks, 0x80);
NT_OFFSET(struct _KNODE, ParkLock, 0xa0);
NT_OFFSET(struct _KNODE, NodePad1, 0xa4);

struct _DBGKD_GET_VERSION64 {
    USHORT MajorVersion;
    USHORT MinorVersion;
    UCHAR ProtocolVersion;
    UCHAR KdSecondaryVersion;
    USHORT Flags;
    USHORT MachineType;
    UCHAR MaxPacketType;
    UCHAR MaxStateChange;
    UCHAR MaxManipulate;
    UCHAR Simulation;
    USHORT Unused[1];
    ULONG64 KernBase;
    ULONG64 PsLoadedModuleList;
    ULONG64 DebuggerDataList;
};
typedef struct _DBGKD_GET_VERSION64 DBGKD_GET_VERSION64;
NT_SIZE(struct _DBGKD_GET_VERSION64, 0x28);
NT_OFFSET(struct _DBGKD_GET_VERSION64, MajorVersion, 0x0);
NT_OFFSET(struct _DBGKD_GET_VERSION64, MinorVersion, 0x2);
NT_OFFSET(struct _DBGKD_GET_VERSION64, ProtocolVersion, 0x4);
NT_OFFSET(struct _DBGKD_GET_VERSION64, KdSecondaryVersion, 0x5);
NT_OFFSET(struct _DBGKD_GET_VERSION64, Flags, 0x6);
NT_OFFSET(struct _DBGKD_GET_VERSION64, MachineType, 0x8);
NT_OFFSET(struct _DBGKD_GET_VERSION64, MaxPacketType, 0xa);
NT_OFFSET(struct _DBGKD_GET_VERSION64, MaxStateChange, 0xb);
NT_OFFSET(struct _DBGKD_GET_VERSION64, MaxManipulate, 0xc);
NT_OFFSET(struct _DBGKD_GET_VERSION64, Simulation, 0xd);
NT_OFFSET(struct _DBGKD_GET_VERSION64, Unused, 0xe);
NT_OFFSET(struct _DBGKD_GET_VERSION64, KernBase, 0x10);
NT_OFFSET(struct _DBGKD_GET_VERSION64, PsLoadedModuleList, 0x18);
NT_OFFSET(struct _DBGKD_GET_VERSION64, DebuggerDataList, 0x20);

struct _PHYSICAL_MEMORY_RUN {
    ULONG64 BasePage;
    ULONG64 PageCount;
};
typedef struct _PHYSICAL_MEMORY_RUN PHYSICAL_MEMORY_RUN;
NT_SIZE(struct _PHYSICAL_MEMORY_RUN, 0x10);
NT_OFFSET(struct _PHYSICAL_MEMORY_RUN, BasePage, 0x0);
NT_OFFSET(struct _PHYSICAL_MEMORY_RUN, PageCount, 0x8);

struct _PHYSICAL_MEMORY_DESCRIPTOR {
    ULONG NumberOfRuns;
    ULONG64 NumberOfPages;
    struct _PHYSICAL_MEMORY_RUN Run[1];
};
typedef struct _PHYSICAL_MEMORY_DESCRIPTOR PHYSICAL_MEMORY_DESCRIPTOR;
NT_SIZE(struct _PHYSICAL_MEMORY_DESCRIPTOR, 0x20);
NT_OFFSET(struct _PHYSICAL_MEMORY_DESCRIPTOR, NumberOfRuns, 0x0);
NT_OFFSET(struct _PHYSICAL_MEMORY_DESCRIPTOR, NumberOfPages, 0x8);
NT_OFFSET(struct _PHYSICAL_MEMORY_DESCRIPTOR, Run, 0x10);
