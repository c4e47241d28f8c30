/* include/nt/io.h: I/O manager: files, drivers, devices.
 *
 * Layout of Windows 7 SP1 x64, build 7601.17514, asserted member by member.
 * Written by tools/gen_nt_headers.py; edit that, not this. */
#pragma once

#include "nt/ex.h"
#include "nt/ke.h"
#include "nt/mm.h"
#include "nt/ob.h"
#include "nt/rtl.h"
#include "nt/se.h"
#include "nt/types.h"

struct _CM_RESOURCE_LIST;
struct _DEVICE_CAPABILITIES;
struct _DEVICE_OBJECT;
struct _DEVICE_OBJECT_POWER_EXTENSION;
struct _DEVOBJ_EXTENSION;
struct _DRIVER_EXTENSION;
struct _DRIVER_OBJECT;
struct _EPROCESS;
struct _ETHREAD;
struct _FAST_IO_DISPATCH;
struct _FILE_GET_QUOTA_INFORMATION;
struct _FILE_OBJECT;
struct _FS_FILTER_CALLBACKS;
struct _GUID;
struct _INTERFACE;
struct _IO_CLIENT_EXTENSION;
struct _IO_COMPLETION_CONTEXT;
struct _IO_RESOURCE_REQUIREMENTS_LIST;
struct _IO_SECURITY_CONTEXT;
struct _IO_STACK_LOCATION;
struct _IO_STATUS_BLOCK;
struct _IO_TIMER;
struct _IRP;
struct _KDPC;
struct _KEVENT;
struct _MAILSLOT_CREATE_PARAMETERS;
struct _MDL;
struct _NAMED_PIPE_CREATE_PARAMETERS;
struct _POWER_SEQUENCE;
struct _SCSI_REQUEST_BLOCK;
struct _SECTION_OBJECT_POINTERS;
struct _UNICODE_STRING;
struct _VPB;
union _LARGE_INTEGER;

struct _FILE_OBJECT {
    SHORT Type;
    SHORT Size;
    KPTR(struct _DEVICE_OBJECT) DeviceObject;
    KPTR(struct _VPB) Vpb;
    KPTR(void) FsContext;
    KPTR(void) FsContext2;
    KPTR(struct _SECTION_OBJECT_POINTERS) SectionObjectPointer;
    KPTR(void) PrivateCacheMap;
    LONG FinalStatus;
    KPTR(struct _FILE_OBJECT) RelatedFileObject;
    UCHAR LockOperation;
    UCHAR DeletePending;
    UCHAR ReadAccess;
    UCHAR WriteAccess;
    UCHAR DeleteAccess;
    UCHAR SharedRead;
    UCHAR SharedWrite;
    UCHAR SharedDelete;
    ULONG Flags;
    struct _UNICODE_STRING FileName;
    union _LARGE_INTEGER CurrentByteOffset;
    ULONG Waiters;
    ULONG Busy;
    KPTR(void) LastLock;
    struct _KEVENT Lock;
    struct _KEVENT Event;
    KPTR(struct _IO_COMPLETION_CONTEXT) CompletionContext;
    ULONG64 IrpListLock;
    struct _LIST_ENTRY IrpList;
    KPTR(void) FileObjectExtension;
};
typedef struct _FILE_OBJECT FILE_OBJECT;
NT_SIZE(struct _FILE_OBJECT, 0xd8);
NT_OFFSET(struct _FILE_OBJECT, Type, 0x0);
NT_OFFSET(struct _FILE_OBJECT, Size, 0x2);
NT_OFFSET(struct _FILE_OBJECT, DeviceObject, 0x8);
NT_OFFSET(struct _FILE_OBJECT, Vpb, 0x10);
NT_OFFSET(struct _FILE_OBJECT, FsContext, 0x18);
NT_OFFSET(struct _FILE_OBJECT, FsContext2, 0x20);
NT_OFFSET(struct _FILE_OBJECT, SectionObjectPointer, 0x28);
NT_OFFSET(struct _FILE_OBJECT, PrivateCacheMap, 0x30);
NT_OFFSET(struct _FILE_OBJECT, FinalStatus, 0x38);
NT_OFFSET(struct _FILE_OBJECT, RelatedFileObject, 0x40);
NT_OFFSET(struct _FILE_OBJECT, LockOperation, 0x48);
NT_OFFSET(struct _FILE_OBJECT, DeletePending, 0x49);
NT_OFFSET(struct _FILE_OBJECT, ReadAccess, 0x4a);
NT_OFFSET(struct _FILE_OBJECT, WriteAccess, 0x4b);
NT_OFFSET(struct _FILE_OBJECT, DeleteAccess, 0x4c);
NT_OFFSET(struct _FILE_OBJECT, SharedRead, 0x4d);
NT_OFFSET(struct _FILE_OBJECT, SharedWrite, 0x4e);
NT_OFFSET(struct _FILE_OBJECT, SharedDelete, 0x4f);
NT_OFFSET(struct _FILE_OBJECT, Flags, 0x50);
NT_OFFSET(struct _FILE_OBJECT, FileName, 0x58);
NT_OFFSET(struct _FILE_OBJECT, CurrentByteOffset, 0x68);
NT_OFFSET(struct _FILE_OBJECT, Waiters, 0x70);
NT_OFFSET(struct _FILE_OBJECT, Busy, 0x74);
NT_OFFSET(struct _FILE_OBJECT, LastLock, 0x78);
NT_OFFSET(struct _FILE_OBJECT, Lock, 0x80);
NT_OFFSET(struct _FILE_OBJECT, Event, 0x98);
NT_OFFSET(struct _FILE_OBJECT, CompletionContext, 0xb0);
NT_OFFSET(struct _FILE_OBJECT, IrpListLock, 0xb8);
NT_OFFSET(struct _FILE_OBJECT, IrpList, 0xc0);
NT_OFFSET(struct _FILE_OBJECT, FileObjectExtension, 0xd0);

struct _DRIVER_OBJECT {
    SHORT Type;
    SHORT Size;
    KPTR(struct _DEVICE_OBJECT) DeviceObject;
    ULONG Flags;
    KPTR(void) DriverStart;
    ULONG DriverSize;
    KPTR(void) DriverSection;
    KPTR(struct _DRIVER_EXTENSION) DriverExtension;
    struct _UNICODE_STRING DriverName;
    KPTR(struct _UNICODE_STRING) HardwareDatabase;
    KPTR(struct _FAST_IO_DISPATCH) FastIoDispatch;
    KFUNC DriverInit;
    KFUNC DriverStartIo;
    KFUNC DriverUnload;
    KFUNC MajorFunction[28];
};
typedef struct _DRIVER_OBJECT DRIVER_OBJECT;
NT_SIZE(struct _DRIVER_OBJECT, 0x150);
NT_OFFSET(struct _DRIVER_OBJECT, Type, 0x0);
NT_OFFSET(struct _DRIVER_OBJECT, Size, 0x2);
NT_OFFSET(struct _DRIVER_OBJECT, DeviceObject, 0x8);
NT_OFFSET(struct _DRIVER_OBJECT, Flags, 0x10);
NT_OFFSET(struct _DRIVER_OBJECT, DriverStart, 0x18);
NT_OFFSET(struct _DRIVER_OBJECT, DriverSize, 0x20);
NT_OFFSET(struct _DRIVER_OBJECT, DriverSection, 0x28);
NT_OFFSET(struct _DRIVER_OBJECT, DriverExtension, 0x30);
NT_OFFSET(struct _DRIVER_OBJECT, DriverName, 0x38);
NT_OFFSET(struct _DRIVER_OBJECT, HardwareDatabase, 0x48);
NT_OFFSET(struct _DRIVER_OBJECT, FastIoDispatch, 0x50);
NT_OFFSET(struct _DRIVER_OBJECT, DriverInit, 0x58);
NT_OFFSET(struct _DRIVER_OBJECT, DriverStartIo, 0x60);
NT_OFFSET(struct _DRIVER_OBJECT, DriverUnload, 0x68);
NT_OFFSET(struct _DRIVER_OBJECT, MajorFunction, 0x70);

struct _KDEVICE_QUEUE {
    SHORT Type;
    SHORT Size;
    struct _LIST_ENTRY DeviceListHead;
    ULONG64 Lock;
    union {
        struct {
            LONG64 Reserved : 8;
            LONG64 Hint : 56;
        };
        UCHAR Busy;
    };
};
typedef struct _KDEVICE_QUEUE KDEVICE_QUEUE;
NT_SIZE(struct _KDEVICE_QUEUE, 0x28);
NT_OFFSET(struct _KDEVICE_QUEUE, Type, 0x0);
NT_OFFSET(struct _KDEVICE_QUEUE, Size, 0x2);
NT_OFFSET(struct _KDEVICE_QUEUE, DeviceListHead, 0x8);
NT_OFFSET(struct _KDEVICE_QUEUE, Lock, 0x18);
NT_OFFSET(struct _KDEVICE_QUEUE, Busy, 0x20);

struct _KDEVICE_QUEUE_ENTRY {
    struct _LIST_ENTRY DeviceListEntry;
    ULONG SortKey;
    UCHAR Inserted;
};
typedef struct _KDEVICE_QUEUE_ENTRY KDEVICE_QUEUE_ENTRY;
NT_SIZE(struct _KDEVICE_QUEUE_ENTRY, 0x18);
NT_OFFSET(struct _KDEVICE_QUEUE_ENTRY, DeviceListEntry, 0x0);
NT_OFFSET(struct _KDEVICE_QUEUE_ENTRY, SortKey, 0x10);
NT_OFFSET(struct _KDEVICE_QUEUE_ENTRY, Inserted, 0x14);

struct _WAIT_CONTEXT_BLOCK {
    struct _KDEVICE_QUEUE_ENTRY WaitQueueEntry;
    KFUNC DeviceRoutine;
    KPTR(void) DeviceContext;
    ULONG NumberOfMapRegisters;
    KPTR(void) DeviceObject;
    KPTR(void) CurrentIrp;
    KPTR(struct _KDPC) BufferChainingDpc;
};
typedef struct _WAIT_CONTEXT_BLOCK WAIT_CONTEXT_BLOCK;
NT_SIZE(struct _WAIT_CONTEXT_BLOCK, 0x48);
NT_OFFSET(struct _WAIT_CONTEXT_BLOCK, WaitQueueEntry, 0x0);
NT_OFFSET(struct _WAIT_CONTEXT_BLOCK, DeviceRoutine, 0x18);
NT_OFFSET(struct _WAIT_CONTEXT_BLOCK, DeviceContext, 0x20);
NT_OFFSET(struct _WAIT_CONTEXT_BLOCK, NumberOfMapRegisters, 0x28);
NT_OFFSET(struct _WAIT_CONTEXT_BLOCK, DeviceObject, 0x30);
NT_OFFSET(struct _WAIT_CONTEXT_BLOCK, CurrentIrp, 0x38);
NT_OFFSET(struct _WAIT_CONTEXT_BLOCK, BufferChainingDpc, 0x40);

struct _DEVICE_OBJECT {
    SHORT Type;
    USHORT Size;
    LONG ReferenceCount;
    KPTR(struct _DRIVER_OBJECT) DriverObject;
    KPTR(struct _DEVICE_OBJECT) NextDevice;
    KPTR(struct _DEVICE_OBJECT) AttachedDevice;
    KPTR(struct _IRP) CurrentIrp;
    KPTR(struct _IO_TIMER) Timer;
    ULONG Flags;
    ULONG Characteristics;
    KPTR(struct _VPB) Vpb;
    KPTR(void) DeviceExtension;
    ULONG DeviceType;
    CHAR StackSize;
    union {
        struct _WAIT_CONTEXT_BLOCK Wcb;
        struct _LIST_ENTRY ListEntry;
    } Queue;
    ULONG AlignmentRequirement;
    struct _KDEVICE_QUEUE DeviceQueue;
    struct _KDPC Dpc;
    ULONG ActiveThreadCount;
    KPTR(void) SecurityDescriptor;
    struct _KEVENT DeviceLock;
    USHORT SectorSize;
    USHORT Spare1;
    KPTR(struct _DEVOBJ_EXTENSION) DeviceObjectExtension;
    KPTR(void) Reserved;
    ULONG64 : 64;
};
typedef struct _DEVICE_OBJECT DEVICE_OBJECT;
NT_SIZE(struct _DEVICE_OBJECT, 0x150);
NT_OFFSET(struct _DEVICE_OBJECT, Type, 0x0);
NT_OFFSET(struct _DEVICE_OBJECT, Size, 0x2);
NT_OFFSET(struct _DEVICE_OBJECT, ReferenceCount, 0x4);
NT_OFFSET(struct _DEVICE_OBJECT, DriverObject, 0x8);
NT_OFFSET(struct _DEVICE_OBJECT, NextDevice, 0x10);
NT_OFFSET(struct _DEVICE_OBJECT, AttachedDevice, 0x18);
NT_OFFSET(struct _DEVICE_OBJECT, CurrentIrp, 0x20);
NT_OFFSET(struct _DEVICE_OBJECT, Timer, 0x28);
NT_OFFSET(struct _DEVICE_OBJECT, Flags, 0x30);
NT_OFFSET(struct _DEVICE_OBJECT, Characteristics, 0x34);
NT_OFFSET(struct _DEVICE_OBJECT, Vpb, 0x38);
NT_OFFSET(struct _DEVICE_OBJECT, DeviceExtension, 0x40);
NT_OFFSET(struct _DEVICE_OBJECT, DeviceType, 0x48);
NT_OFFSET(struct _DEVICE_OBJECT, StackSize, 0x4c);
NT_OFFSET(struct _DEVICE_OBJECT, Queue, 0x50);
NT_OFFSET(struct _DEVICE_OBJECT, AlignmentRequirement, 0x98);
NT_OFFSET(struct _DEVICE_OBJECT, DeviceQueue, 0xa0);
NT_OFFSET(struct _DEVICE_OBJECT, Dpc, 0xc8);
NT_OFFSET(struct _DEVICE_OBJECT, ActiveThreadCount, 0x108);
NT_OFFSET(struct _DEVICE_OBJECT, SecurityDescriptor, 0x110);
NT_OFFSET(struct _DEVICE_OBJECT, DeviceLock, 0x118);
NT_OFFSET(struct _DEVICE_OBJECT, SectorSize, 0x130);
NT_OFFSET(struct _DEVICE_OBJECT, Spare1, 0x132);
NT_OFFSET(struct _DEVICE_OBJECT, DeviceObjectExtension, 0x138);
NT_OFFSET(struct _DEVICE_OBJECT, Reserved, 0x140);

struct _VPB {
    SHORT Type;
    SHORT Size;
    USHORT Flags;
    USHORT VolumeLabelLength;
    KPTR(struct _DEVICE_OBJECT) DeviceObject;
    KPTR(struct _DEVICE_OBJECT) RealDevice;
    ULONG SerialNumber;
    ULONG ReferenceCount;
    WCHAR VolumeLabel[32];
};
typedef struct _VPB VPB;
NT_SIZE(struct _VPB, 0x60);
NT_OFFSET(struct _VPB, Type, 0x0);
NT_OFFSET(struct _VPB, Size, 0x2);
NT_OFFSET(struct _VPB, Flags, 0x4);
NT_OFFSET(struct _VPB, VolumeLabelLength, 0x6);
NT_OFFSET(struct _VPB, DeviceObject, 0x8);
NT_OFFSET(struct _VPB, RealDevice, 0x10);
NT_OFFSET(struct _VPB, SerialNumber, 0x18);
NT_OFFSET(struct _VPB, ReferenceCount, 0x1c);
NT_OFFSET(struct _VPB, VolumeLabel, 0x20);

struct _MDL {
    KPTR(struct _MDL) Next;
    SHORT Size;
    SHORT MdlFlags;
    KPTR(struct _EPROCESS) Process;
    KPTR(void) MappedSystemVa;
    KPTR(void) StartVa;
    ULONG ByteCount;
    ULONG ByteOffset;
};
typedef struct _MDL MDL;
NT_SIZE(struct _MDL, 0x30);
NT_OFFSET(struct _MDL, Next, 0x0);
NT_OFFSET(struct _MDL, Size, 0x8);
NT_OFFSET(struct _MDL, MdlFlags, 0xa);
NT_OFFSET(struct _MDL, Process, 0x10);
NT_OFFSET(struct _MDL, MappedSystemVa, 0x18);
NT_OFFSET(struct _MDL, StartVa, 0x20);
NT_OFFSET(struct _MDL, ByteCount, 0x28);
NT_OFFSET(struct _MDL, ByteOffset, 0x2c);

struct _IRP {
    SHORT Type;
    USHORT Size;
    KPTR(struct _MDL) MdlAddress;
    ULONG Flags;
    union {
        KPTR(struct _IRP) MasterIrp;
        KPTR(void) SystemBuffer;
        LONG IrpCount;
    } AssociatedIrp;
    struct _LIST_ENTRY ThreadListEntry;
    struct _IO_STATUS_BLOCK IoStatus;
    CHAR RequestorMode;
    UCHAR PendingReturned;
    CHAR StackCount;
    CHAR CurrentLocation;
    UCHAR Cancel;
    UCHAR CancelIrql;
    CHAR ApcEnvironment;
    UCHAR AllocationFlags;
    UPTR(struct _IO_STATUS_BLOCK) UserIosb;
    KPTR(struct _KEVENT) UserEvent;
    union {
        struct {
            union {
                KPTR(void) IssuingProcess;
                KFUNC UserApcRoutine;
            };
            KPTR(void) UserApcContext;
        } AsynchronousParameters;
        union _LARGE_INTEGER AllocationSize;
    } Overlay;
    KFUNC CancelRoutine;
    KPTR(void) UserBuffer;
    union {
        struct _KAPC Apc;
        struct {
            union {
                KPTR(void) DriverContext[4];
                struct _KDEVICE_QUEUE_ENTRY DeviceQueueEntry;
            };
            KPTR(struct _ETHREAD) Thread;
            KPTR(CHAR) AuxiliaryBuffer;
            struct _LIST_ENTRY ListEntry;
            union {
                KPTR(struct _IO_STACK_LOCATION) CurrentStackLocation;
                ULONG PacketType;
            };
            KPTR(struct _FILE_OBJECT) OriginalFileObject;
        } Overlay;
        KPTR(void) CompletionKey;
    } Tail;
};
typedef struct _IRP IRP;
NT_SIZE(struct _IRP, 0xd0);
NT_OFFSET(struct _IRP, Type, 0x0);
NT_OFFSET(struct _IRP, Size, 0x2);
NT_OFFSET(struct _IRP, MdlAddress, 0x8);
NT_OFFSET(struct _IRP, Flags, 0x10);
NT_OFFSET(struct _IRP, AssociatedIrp, 0x18);
NT_OFFSET(struct _IRP, ThreadListEntry, 0x20);
NT_OFFSET(struct _IRP, IoStatus, 0x30);
NT_OFFSET(struct _IRP, RequestorMode, 0x40);
NT_OFFSET(struct _IRP, PendingReturned, 0x41);
NT_OFFSET(struct _IRP, StackCount, 0x42);
NT_OFFSET(struct _IRP, CurrentLocation, 0x43);
NT_OFFSET(struct _IRP, Cancel, 0x44);
NT_OFFSET(struct _IRP, CancelIrql, 0x45);
NT_OFFSET(struct _IRP, ApcEnvironment, 0x46);
NT_OFFSET(struct _IRP, AllocationFlags, 0x47);
NT_OFFSET(struct _IRP, UserIosb, 0x48);
NT_OFFSET(struct _IRP, UserEvent, 0x50);
NT_OFFSET(struct _IRP, Overlay, 0x58);
NT_OFFSET(struct _IRP, CancelRoutine, 0x68);
NT_OFFSET(struct _IRP, UserBuffer, 0x70);
NT_OFFSET(struct _IRP, Tail, 0x78);

enum POWER_ACTION {
    PowerActionNone = 0,
    PowerActionReserved = 1,
    PowerActionSleep = 2,
    PowerActionHibernate = 3,
    PowerActionShutdown = 4,
    PowerActionShutdownReset = 5,
    PowerActionShutdownOff = 6,
    PowerActionWarmEject = 7,
};
typedef enum POWER_ACTION POWER_ACTION;

enum _DEVICE_POWER_STATE {
    PowerDeviceUnspecified = 0,
    PowerDeviceD0 = 1,
    PowerDeviceD1 = 2,
    PowerDeviceD2 = 3,
    PowerDeviceD3 = 4,
    PowerDeviceMaximum = 5,
};
typedef enum _DEVICE_POWER_STATE DEVICE_POWER_STATE;

enum _SYSTEM_POWER_STATE {
    PowerSystemUnspecified = 0,
    PowerSystemWorking = 1,
    PowerSystemSleeping1 = 2,
    PowerSystemSleeping2 = 3,
    PowerSystemSleeping3 = 4,
    PowerSystemHibernate = 5,
    PowerSystemShutdown = 6,
    PowerSystemMaximum = 7,
};
typedef enum _SYSTEM_POWER_STATE SYSTEM_POWER_STATE;

union _POWER_STATE {
    enum _DEVICE_POWER_STATE DeviceState;
    enum _SYSTEM_POWER_STATE SystemState;
};
typedef union _POWER_STATE POWER_STATE;
NT_SIZE(union _POWER_STATE, 0x4);
NT_OFFSET(union _POWER_STATE, DeviceState, 0x0);
NT_OFFSET(union _POWER_STATE, SystemState, 0x0);

struct _SYSTEM_POWER_STATE_CONTEXT {
    union {
        ULONG ContextAsUlong;
        struct {
            ULONG Reserved1 : 8;
            ULONG TargetSystemState : 4;
            ULONG EffectiveSystemState : 4;
            ULONG CurrentSystemState : 4;
            ULONG IgnoreHibernationPath : 1;
            ULONG PseudoTransition : 1;
            ULONG Reserved2 : 10;
        };
    };
};
typedef struct _SYSTEM_POWER_STATE_CONTEXT SYSTEM_POWER_STATE_CONTEXT;
NT_SIZE(struct _SYSTEM_POWER_STATE_CONTEXT, 0x4);
NT_OFFSET(struct _SYSTEM_POWER_STATE_CONTEXT, ContextAsUlong, 0x0);

enum _POWER_STATE_TYPE {
    SystemPowerState = 0,
    DevicePowerState = 1,
};
typedef enum _POWER_STATE_TYPE POWER_STATE_TYPE;

enum _DEVICE_RELATION_TYPE {
    BusRelations = 0,
    EjectionRelations = 1,
    PowerRelations = 2,
    RemovalRelations = 3,
    TargetDeviceRelation = 4,
    SingleBusRelations = 5,
    TransportRelations = 6,
};
typedef enum _DEVICE_RELATION_TYPE DEVICE_RELATION_TYPE;

enum DEVICE_TEXT_TYPE {
    DeviceTextDescription = 0,
    DeviceTextLocationInformation = 1,
};
typedef enum DEVICE_TEXT_TYPE DEVICE_TEXT_TYPE;

enum _FILE_INFORMATION_CLASS {
    FileDirectoryInformation = 1,
    FileFullDirectoryInformation = 2,
    FileBothDirectoryInformation = 3,
    FileBasicInformation = 4,
    FileStandardInformation = 5,
    FileInternalInformation = 6,
    FileEaInformation = 7,
    FileAccessInformation = 8,
    FileNameInformation = 9,
    FileRenameInformation = 10,
    FileLinkInformation = 11,
    FileNamesInformation = 12,
    FileDispositionInformation = 13,
    FilePositionInformation = 14,
    FileFullEaInformation = 15,
    FileModeInformation = 16,
    FileAlignmentInformation = 17,
    FileAllInformation = 18,
    FileAllocationInformation = 19,
    FileEndOfFileInformation = 20,
    FileAlternateNameInformation = 21,
    FileStreamInformation = 22,
    FilePipeInformation = 23,
    FilePipeLocalInformation = 24,
    FilePipeRemoteInformation = 25,
    FileMailslotQueryInformation = 26,
    FileMailslotSetInformation = 27,
    FileCompressionInformation = 28,
    FileObjectIdInformation = 29,
    FileCompletionInformation = 30,
    FileMoveClusterInformation = 31,
    FileQuotaInformation = 32,
    FileReparsePointInformation = 33,
    FileNetworkOpenInformation = 34,
    FileAttributeTagInformation = 35,
    FileTrackingInformation = 36,
    FileIdBothDirectoryInformation = 37,
    FileIdFullDirectoryInformation = 38,
    FileValidDataLengthInformation = 39,
    FileShortNameInformation = 40,
    FileIoCompletionNotificationInformation = 41,
    FileIoStatusBlockRangeInformation = 42,
    FileIoPriorityHintInformation = 43,
    FileSfioReserveInformation = 44,
    FileSfioVolumeInformation = 45,
    FileHardLinkInformation = 46,
    FileProcessIdsUsingFileInformation = 47,
    FileNormalizedNameInformation = 48,
    FileNetworkPhysicalNameInformation = 49,
    FileIdGlobalTxDirectoryInformation = 50,
    FileIsRemoteDeviceInformation = 51,
    FileAttributeCacheInformation = 52,
    FileNumaNodeInformation = 53,
    FileStandardLinkInformation = 54,
    FileRemoteProtocolInformation = 55,
    FileMaximumInformation = 56,
};
typedef enum _FILE_INFORMATION_CLASS FILE_INFORMATION_CLASS;

enum BUS_QUERY_ID_TYPE {
    BusQueryDeviceID = 0,
    BusQueryHardwareIDs = 1,
    BusQueryCompatibleIDs = 2,
    BusQueryInstanceID = 3,
    BusQueryDeviceSerialNumber = 4,
    BusQueryContainerID = 5,
};
typedef enum BUS_QUERY_ID_TYPE BUS_QUERY_ID_TYPE;

enum _FSINFOCLASS {
    FileFsVolumeInformation = 1,
    FileFsLabelInformation = 2,
    FileFsSizeInformation = 3,
    FileFsDeviceInformation = 4,
    FileFsAttributeInformation = 5,
    FileFsControlInformation = 6,
    FileFsFullSizeInformation = 7,
    FileFsObjectIdInformation = 8,
    FileFsDriverPathInformation = 9,
    FileFsVolumeFlagsInformation = 10,
    FileFsMaximumInformation = 11,
};
typedef enum _FSINFOCLASS FSINFOCLASS;

enum _DEVICE_USAGE_NOTIFICATION_TYPE {
    DeviceUsageTypeUndefined = 0,
    DeviceUsageTypePaging = 1,
    DeviceUsageTypeHibernation = 2,
    DeviceUsageTypeDumpFile = 3,
};
typedef enum _DEVICE_USAGE_NOTIFICATION_TYPE DEVICE_USAGE_NOTIFICATION_TYPE;

struct _IO_STACK_LOCATION {
    UCHAR MajorFunction;
    UCHAR MinorFunction;
    UCHAR Flags;
    UCHAR Control;
    union {
        struct {
            KPTR(struct _IO_SECURITY_CONTEXT) SecurityContext;
            ULONG Options;
            ULONG : 32;
            USHORT FileAttributes;
            USHORT ShareAccess;
            ULONG : 32;
            ULONG EaLength;
        } Create;
        struct {
            KPTR(struct _IO_SECURITY_CONTEXT) SecurityContext;
            ULONG Options;
            ULONG : 32;
            USHORT Reserved;
            USHORT ShareAccess;
            KPTR(struct _MAILSLOT_CREATE_PARAMETERS) Parameters;
        } CreateMailslot;
        struct {
            KPTR(struct _IO_SECURITY_CONTEXT) SecurityContext;
            ULONG Options;
            ULONG : 32;
            USHORT Reserved;
            USHORT ShareAccess;
            KPTR(struct _NAMED_PIPE_CREATE_PARAMETERS) Parameters;
        } CreatePipe;
        struct {
            ULONG OutputBufferLength;
            ULONG : 32;
            ULONG InputBufferLength;
            ULONG : 32;
            ULONG IoControlCode;
            KPTR(void) Type3InputBuffer;
        } DeviceIoControl;
        struct {
            ULONG OutputBufferLength;
            ULONG : 32;
            ULONG InputBufferLength;
            ULONG : 32;
            ULONG FsControlCode;
            KPTR(void) Type3InputBuffer;
        } FileSystemControl;
        struct {
            KPTR(void) Argument1;
            KPTR(void) Argument2;
            KPTR(void) Argument3;
            KPTR(void) Argument4;
        } Others;
        struct {
            union {
                ULONG SystemContext;
                struct _SYSTEM_POWER_STATE_CONTEXT SystemPowerStateContext;
            };
            ULONG : 32;
            enum _POWER_STATE_TYPE Type;
            ULONG : 32;
            union _POWER_STATE State;
            ULONG : 32;
            enum POWER_ACTION ShutdownType;
            ULONG : 32;
        } Power;
        struct {
            ULONG Length;
            KPTR(struct _UNICODE_STRING) FileName;
            enum _FILE_INFORMATION_CLASS FileInformationClass;
            ULONG : 32;
            ULONG FileIndex;
        } QueryDirectory;
        struct {
            ULONG Length;
            KPTR(void) EaList;
            ULONG EaListLength;
            ULONG : 32;
            ULONG EaIndex;
        } QueryEa;
        struct {
            KPTR(struct _GUID) InterfaceType;
            USHORT Size;
            USHORT Version;
            KPTR(struct _INTERFACE) Interface;
            KPTR(void) InterfaceSpecificData;
        } QueryInterface;
        struct {
            ULONG Length;
            KPTR(void) StartSid;
            KPTR(struct _FILE_GET_QUOTA_INFORMATION) SidList;
            ULONG SidListLength;
        } QueryQuota;
        struct {
            ULONG WhichSpace;
            KPTR(void) Buffer;
            ULONG Offset;
            ULONG : 32;
            ULONG Length;
        } ReadWriteConfig;
        struct {
            ULONG Length;
            ULONG : 32;
            enum _FILE_INFORMATION_CLASS FileInformationClass;
            KPTR(struct _FILE_OBJECT) FileObject;
            union {
                KPTR(void) DeleteHandle;
                ULONG ClusterCount;
                struct {
                    UCHAR ReplaceIfExists;
                    UCHAR AdvanceOnly;
                };
            };
        } SetFile;
        struct {
            ULONG64 ProviderId;
            KPTR(void) DataPath;
            ULONG BufferSize;
            KPTR(void) Buffer;
        } WMI;
        struct {
            KPTR(union _LARGE_INTEGER) Length;
            ULONG Key;
            union _LARGE_INTEGER ByteOffset;
        } LockControl;
        struct {
            ULONG Length;
            ULONG : 32;
            ULONG Key;
            union _LARGE_INTEGER ByteOffset;
        } Read;
        struct {
            ULONG Length;
            ULONG : 32;
            ULONG Key;
            union _LARGE_INTEGER ByteOffset;
        } Write;
        struct {
            KPTR(struct _VPB) Vpb;
            KPTR(struct _DEVICE_OBJECT) DeviceObject;
        } MountVolume;
        struct {
            ULONG Length;
            ULONG : 32;
            ULONG CompletionFilter;
            ULONG : 32;
        } NotifyDirectory;
        struct {
            enum DEVICE_TEXT_TYPE DeviceTextType;
            ULONG : 32;
            ULONG LocaleId;
            ULONG : 32;
        } QueryDeviceText;
        struct {
            ULONG Length;
            ULONG : 32;
            enum _FILE_INFORMATION_CLASS FileInformationClass;
            ULONG : 32;
        } QueryFile;
        struct {
            ULONG SecurityInformation;
            ULONG : 32;
            ULONG Length;
            ULONG : 32;
        } QuerySecurity;
        struct {
            ULONG Length;
            ULONG : 32;
            enum _FSINFOCLASS FsInformationClass;
            ULONG : 32;
        } QueryVolume;
        struct {
            ULONG SecurityInformation;
            KPTR(void) SecurityDescriptor;
        } SetSecurity;
        struct {
            ULONG Length;
            ULONG : 32;
            enum _FSINFOCLASS FsInformationClass;
            ULONG : 32;
        } SetVolume;
        struct {
            KPTR(struct _CM_RESOURCE_LIST) AllocatedResources;
            KPTR(struct _CM_RESOURCE_LIST) AllocatedResourcesTranslated;
        } StartDevice;
        struct {
            UCHAR InPath;
            UCHAR Reserved[3];
            ULONG : 32;
            enum _DEVICE_USAGE_NOTIFICATION_TYPE Type;
            ULONG : 32;
        } UsageNotification;
        struct {
            KPTR(struct _VPB) Vpb;
            KPTR(struct _DEVICE_OBJECT) DeviceObject;
        } VerifyVolume;
        struct {
            KPTR(struct _DEVICE_CAPABILITIES) Capabilities;
        } DeviceCapabilities;
        struct {
            KPTR(struct _IO_RESOURCE_REQUIREMENTS_LIST) IoResourceRequirementList;
        } FilterResourceRequirements;
        struct {
            KPTR(struct _POWER_SEQUENCE) PowerSequence;
        } PowerSequence;
        struct {
            KPTR(struct _SCSI_REQUEST_BLOCK) Srb;
        } Scsi;
        struct {
            enum _DEVICE_RELATION_TYPE Type;
        } QueryDeviceRelations;
        struct {
            enum BUS_QUERY_ID_TYPE IdType;
        } QueryId;
        struct {
            ULONG Length;
        } SetEa;
        struct {
            ULONG Length;
        } SetQuota;
        struct {
            enum _SYSTEM_POWER_STATE PowerState;
        } WaitWake;
        struct {
            UCHAR Lock;
        } SetLock;
    } Parameters;
    KPTR(struct _DEVICE_OBJECT) DeviceObject;
    KPTR(struct _FILE_OBJECT) FileObject;
    KFUNC CompletionRoutine;
    KPTR(void) Context;
};
typedef struct _IO_STACK_LOCATION IO_STACK_LOCATION;
NT_SIZE(struct _IO_STACK_LOCATION, 0x48);
NT_OFFSET(struct _IO_STACK_LOCATION, MajorFunction, 0x0);
NT_OFFSET(struct _IO_STACK_LOCATION, MinorFunction, 0x1);
NT_OFFSET(struct _IO_STACK_LOCATION, Flags, 0x2);
NT_OFFSET(struct _IO_STACK_LOCATION, Control, 0x3);
NT_OFFSET(struct _IO_STACK_LOCATION, Parameters, 0x8);
NT_OFFSET(struct _IO_STACK_LOCATION, DeviceObject, 0x28);
NT_OFFSET(struct _IO_STACK_LOCATION, FileObject, 0x30);
NT_OFFSET(struct _IO_STACK_LOCATION, CompletionRoutine, 0x38);
NT_OFFSET(struct _IO_STACK_LOCATION, Context, 0x40);

struct _DRIVER_EXTENSION {
    KPTR(struct _DRIVER_OBJECT) DriverObject;
    KFUNC AddDevice;
    ULONG Count;
    struct _UNICODE_STRING ServiceKeyName;
    KPTR(struct _IO_CLIENT_EXTENSION) ClientDriverExtension;
    KPTR(struct _FS_FILTER_CALLBACKS) FsFilterCallbacks;
};
typedef struct _DRIVER_EXTENSION DRIVER_EXTENSION;
NT_SIZE(struct _DRIVER_EXTENSION, 0x38);
NT_OFFSET(struct _DRIVER_EXTENSION, DriverObject, 0x0);
NT_OFFSET(struct _DRIVER_EXTENSION, AddDevice, 0x8);
NT_OFFSET(struct _DRIVER_EXTENSION, Count, 0x10);
NT_OFFSET(struct _DRIVER_EXTENSION, ServiceKeyName, 0x18);
NT_OFFSET(struct _DRIVER_EXTENSION, ClientDriverExtension, 0x28);
NT_OFFSET(struct _DRIVER_EXTENSION, FsFilterCallbacks, 0x30);

struct _DEVOBJ_EXTENSION {
    SHORT Type;
    USHORT Size;
    KPTR(struct _DEVICE_OBJECT) DeviceObject;
    ULONG PowerFlags;
    KPTR(struct _DEVICE_OBJECT_POWER_EXTENSION) Dope;
    ULONG ExtensionFlags;
    KPTR(void) DeviceNode;
    KPTR(struct _DEVICE_OBJECT) AttachedTo;
    LONG StartIoCount;
    LONG StartIoKey;
    ULONG StartIoFlags;
    KPTR(struct _VPB) Vpb;
    struct _LIST_ENTRY DependentList;
    struct _LIST_ENTRY ProviderList;
};
typedef struct _DEVOBJ_EXTENSION DEVOBJ_EXTENSION;
NT_SIZE(struct _DEVOBJ_EXTENSION, 0x70);
NT_OFFSET(struct _DEVOBJ_EXTENSION, Type, 0x0);
NT_OFFSET(struct _DEVOBJ_EXTENSION, Size, 0x2);
NT_OFFSET(struct _DEVOBJ_EXTENSION, DeviceObject, 0x8);
NT_OFFSET(struct _DEVOBJ_EXTENSION, PowerFlags, 0x10);
NT_OFFSET(struct _DEVOBJ_EXTENSION, Dope, 0x18);
NT_OFFSET(struct _DEVOBJ_EXTENSION, ExtensionFlags, 0x20);
NT_OFFSET(struct _DEVOBJ_EXTENSION, DeviceNode, 0x28);
NT_OFFSET(struct _DEVOBJ_EXTENSION, AttachedTo, 0x30);
NT_OFFSET(struct _DEVOBJ_EXTENSION, StartIoCount, 0x38);
NT_OFFSET(struct _DEVOBJ_EXTENSION, StartIoKey, 0x3c);
NT_OFFSET(struct _DEVOBJ_EXTENSION, StartIoFlags, 0x40);
NT_OFFSET(struct _DEVOBJ_EXTENSION, Vpb, 0x48);
NT_OFFSET(struct _DEVOBJ_EXTENSION, DependentList, 0x50);
NT_OFFSET(struct _DEVOBJ_EXTENSION, ProviderList, 0x60);

struct _FILE_BASIC_INFORMATION {
    union _LARGE_INTEGER CreationTime;
    union _LARGE_INTEGER LastAccessTime;
    union _LARGE_INTEGER LastWriteTime;
    union _LARGE_INTEGER ChangeTime;
    ULONG FileAttributes;
};
typedef struct _FILE_BASIC_INFORMATION FILE_BASIC_INFORMATION;
NT_SIZE(struct _FILE_BASIC_INFORMATION, 0x28);
NT_OFFSET(struct _FILE_BASIC_INFORMATION, CreationTime, 0x0);
NT_OFFSET(struct _FILE_BASIC_INFORMATION, LastAccessTime, 0x8);
NT_OFFSET(struct _FILE_BASIC_INFORMATION, LastWriteTime, 0x10);
NT_OFFSET(struct _FILE_BASIC_INFORMATION, ChangeTime, 0x18);
NT_OFFSET(struct _FILE_BASIC_INFORMATION, FileAttributes, 0x20);

struct _FILE_STANDARD_INFORMATION {
    union _LARGE_INTEGER AllocationSize;
    union _LARGE_INTEGER EndOfFile;
    ULONG NumberOfLinks;
    UCHAR DeletePending;
    UCHAR Directory;
};
typedef struct _FILE_STANDARD_INFORMATION FILE_STANDARD_INFORMATION;
NT_SIZE(struct _FILE_STANDARD_INFORMATION, 0x18);
NT_OFFSET(struct _FILE_STANDARD_INFORMATION, AllocationSize, 0x0);
NT_OFFSET(struct _FILE_STANDARD_INFORMATION, EndOfFile, 0x8);
NT_OFFSET(struct _FILE_STANDARD_INFORMATION, NumberOfLinks, 0x10);
NT_OFFSET(struct _FILE_STANDARD_INFORMATION, DeletePending, 0x14);
NT_OFFSET(struct _FILE_STANDARD_INFORMATION, Directory, 0x15);

struct _FILE_NETWORK_OPEN_INFORMATION {
    union _LARGE_INTEGER CreationTime;
    union _LARGE_INTEGER LastAccessTime;
    union _LARGE_INTEGER LastWriteTime;
    union _LARGE_INTEGER ChangeTime;
    union _LARGE_INTEGER AllocationSize;
    union _LARGE_INTEGER EndOfFile;
    ULONG FileAttributes;
};
typedef struct _FILE_NETWORK_OPEN_INFORMATION FILE_NETWORK_OPEN_INFORMATION;
NT_SIZE(struct _FILE_NETWORK_OPEN_INFORMATION, 0x38);
NT_OFFSET(struct _FILE_NETWORK_OPEN_INFORMATION, CreationTime, 0x0);
NT_OFFSET(struct _FILE_NETWORK_OPEN_INFORMATION, LastAccessTime, 0x8);
NT_OFFSET(struct _FILE_NETWORK_OPEN_INFORMATION, LastWriteTime, 0x10);
NT_OFFSET(struct _FILE_NETWORK_OPEN_INFORMATION, ChangeTime, 0x18);
NT_OFFSET(struct _FILE_NETWORK_OPEN_INFORMATION, AllocationSize, 0x20);
NT_OFFSET(struct _FILE_NETWORK_OPEN_INFORMATION, EndOfFile, 0x28);
NT_OFFSET(struct _FILE_NETWORK_OPEN_INFORMATION, FileAttributes, 0x30);
