/* include/nt/ob.h: Object manager: headers, types, directories.
 *
 * Layout of Windows 7 SP1 x64, build 7601.17514, asserted member by member.
 * Written by tools/gen_nt_headers.py; edit that, not this. */
#pragma once

#include "nt/ex.h"
#include "nt/ke.h"
#include "nt/rtl.h"
#include "nt/se.h"
#include "nt/types.h"

struct _DEVICE_MAP;
struct _EPROCESS;
struct _OBJECT_CREATE_INFORMATION;
struct _OBJECT_DIRECTORY;
struct _OBJECT_DIRECTORY_ENTRY;
struct _OBJECT_HANDLE_COUNT_DATABASE;
struct _SECURITY_QUALITY_OF_SERVICE;

struct _QUAD {
    union {
        DOUBLE DoNotUseThisField;
        LONG64 UseThisFieldToCopy;
    };
};
typedef struct _QUAD QUAD;
NT_SIZE(struct _QUAD, 0x8);
NT_OFFSET(struct _QUAD, DoNotUseThisField, 0x0);
NT_OFFSET(struct _QUAD, UseThisFieldToCopy, 0x0);

struct _OBJECT_HEADER {
    LONG64 PointerCount;
    union {
        LONG64 HandleCount;
        KPTR(void) NextToFree;
    };
    struct _EX_PUSH_LOCK Lock;
    UCHAR TypeIndex;
    UCHAR TraceFlags;
    UCHAR InfoMask;
    UCHAR Flags;
    union {
        KPTR(struct _OBJECT_CREATE_INFORMATION) ObjectCreateInfo;
        KPTR(void) QuotaBlockCharged;
    };
    KPTR(void) SecurityDescriptor;
    struct _QUAD Body;
};
typedef struct _OBJECT_HEADER OBJECT_HEADER;
NT_SIZE(struct _OBJECT_HEADER, 0x38);
NT_OFFSET(struct _OBJECT_HEADER, PointerCount, 0x0);
NT_OFFSET(struct _OBJECT_HEADER, HandleCount, 0x8);
NT_OFFSET(struct _OBJECT_HEADER, NextToFree, 0x8);
NT_OFFSET(struct _OBJECT_HEADER, Lock, 0x10);
NT_OFFSET(struct _OBJECT_HEADER, TypeIndex, 0x18);
NT_OFFSET(struct _OBJECT_HEADER, TraceFlags, 0x19);
NT_OFFSET(struct _OBJECT_HEADER, InfoMask, 0x1a);
NT_OFFSET(struct _OBJECT_HEADER, Flags, 0x1b);
NT_OFFSET(struct _OBJECT_HEADER, ObjectCreateInfo, 0x20);
NT_OFFSET(struct _OBJECT_HEADER, QuotaBlockCharged, 0x20);
NT_OFFSET(struct _OBJECT_HEADER, SecurityDescriptor, 0x28);
NT_OFFSET(struct _OBJECT_HEADER, Body, 0x30);

struct _OBJECT_HEADER_NAME_INFO {
    KPTR(struct _OBJECT_DIRECTORY) Directory;
    struct _UNICODE_STRING Name;
    LONG ReferenceCount;
};
typedef struct _OBJECT_HEADER_NAME_INFO OBJECT_HEADER_NAME_INFO;
NT_SIZE(struct _OBJECT_HEADER_NAME_INFO, 0x20);
NT_OFFSET(struct _OBJECT_HEADER_NAME_INFO, Directory, 0x0);
NT_OFFSET(struct _OBJECT_HEADER_NAME_INFO, Name, 0x8);
NT_OFFSET(struct _OBJECT_HEADER_NAME_INFO, ReferenceCount, 0x18);

struct _OBJECT_HEADER_QUOTA_INFO {
    ULONG PagedPoolCharge;
    ULONG NonPagedPoolCharge;
    ULONG SecurityDescriptorCharge;
    KPTR(void) SecurityDescriptorQuotaBlock;
    ULONG64 Reserved;
};
typedef struct _OBJECT_HEADER_QUOTA_INFO OBJECT_HEADER_QUOTA_INFO;
NT_SIZE(struct _OBJECT_HEADER_QUOTA_INFO, 0x20);
NT_OFFSET(struct _OBJECT_HEADER_QUOTA_INFO, PagedPoolCharge, 0x0);
NT_OFFSET(struct _OBJECT_HEADER_QUOTA_INFO, NonPagedPoolCharge, 0x4);
NT_OFFSET(struct _OBJECT_HEADER_QUOTA_INFO, SecurityDescriptorCharge, 0x8);
NT_OFFSET(struct _OBJECT_HEADER_QUOTA_INFO, SecurityDescriptorQuotaBlock, 0x10);
NT_OFFSET(struct _OBJECT_HEADER_QUOTA_INFO, Reserved, 0x18);

struct _OBJECT_HANDLE_COUNT_ENTRY {
    KPTR(struct _EPROCESS) Process;
    ULONG HandleCount : 24;
    ULONG LockCount : 8;
};
typedef struct _OBJECT_HANDLE_COUNT_ENTRY OBJECT_HANDLE_COUNT_ENTRY;
NT_SIZE(struct _OBJECT_HANDLE_COUNT_ENTRY, 0x10);
NT_OFFSET(struct _OBJECT_HANDLE_COUNT_ENTRY, Process, 0x0);

struct _OBJECT_HEADER_HANDLE_INFO {
    union {
        struct _OBJECT_HANDLE_COUNT_ENTRY SingleEntry;
        KPTR(struct _OBJECT_HANDLE_COUNT_DATABASE) HandleCountDataBase;
    };
};
typedef struct _OBJECT_HEADER_HANDLE_INFO OBJECT_HEADER_HANDLE_INFO;
NT_SIZE(struct _OBJECT_HEADER_HANDLE_INFO, 0x10);
NT_OFFSET(struct _OBJECT_HEADER_HANDLE_INFO, HandleCountDataBase, 0x0);
NT_OFFSET(struct _OBJECT_HEADER_HANDLE_INFO, SingleEntry, 0x0);

struct _OBJECT_HEADER_CREATOR_INFO {
    struct _LIST_ENTRY TypeList;
    KPTR(void) CreatorUniqueProcess;
    USHORT CreatorBackTraceIndex;
    USHORT Reserved;
};
typedef struct _OBJECT_HEADER_CREATOR_INFO OBJECT_HEADER_CREATOR_INFO;
NT_SIZE(struct _OBJECT_HEADER_CREATOR_INFO, 0x20);
NT_OFFSET(struct _OBJECT_HEADER_CREATOR_INFO, TypeList, 0x0);
NT_OFFSET(struct _OBJECT_HEADER_CREATOR_INFO, CreatorUniqueProcess, 0x10);
NT_OFFSET(struct _OBJECT_HEADER_CREATOR_INFO, CreatorBackTraceIndex, 0x18);
NT_OFFSET(struct _OBJECT_HEADER_CREATOR_INFO, Reserved, 0x1a);

struct _OBJECT_HEADER_PROCESS_INFO {
    KPTR(struct _EPROCESS) ExclusiveProcess;
    ULONG64 Reserved;
};
typedef struct _OBJECT_HEADER_PROCESS_INFO OBJECT_HEADER_PROCESS_INFO;
NT_SIZE(struct _OBJECT_HEADER_PROCESS_INFO, 0x10);
NT_OFFSET(struct _OBJECT_HEADER_PROCESS_INFO, ExclusiveProcess, 0x0);
NT_OFFSET(struct _OBJECT_HEADER_PROCESS_INFO, Reserved, 0x8);

struct _OBJECT_TYPE_INITIALIZER {
    USHORT Length;
    union {
        struct {
            UCHAR CaseInsensitive : 1;
            UCHAR UnnamedObjectsOnly : 1;
            UCHAR UseDefaultObject : 1;
            UCHAR SecurityRequired : 1;
            UCHAR MaintainHandleCount : 1;
            UCHAR MaintainTypeList : 1;
            UCHAR SupportsObjectCallbacks : 1;
        };
        UCHAR ObjectTypeFlags;
    };
    ULONG ObjectTypeCode;
    ULONG InvalidAttributes;
    struct _GENERIC_MAPPING GenericMapping;
    ULONG ValidAccessMask;
    ULONG RetainAccess;
    enum _POOL_TYPE PoolType;
    ULONG DefaultPagedPoolCharge;
    ULONG DefaultNonPagedPoolCharge;
    KFUNC DumpProcedure;
    KFUNC OpenProcedure;
    KFUNC CloseProcedure;
    KFUNC DeleteProcedure;
    KFUNC ParseProcedure;
    KFUNC SecurityProcedure;
    KFUNC QueryNameProcedure;
    KFUNC OkayToCloseProcedure;
};
typedef struct _OBJECT_TYPE_INITIALIZER OBJECT_TYPE_INITIALIZER;
NT_SIZE(struct _OBJECT_TYPE_INITIALIZER, 0x70);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, Length, 0x0);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, ObjectTypeFlags, 0x2);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, ObjectTypeCode, 0x4);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, InvalidAttributes, 0x8);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, GenericMapping, 0xc);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, ValidAccessMask, 0x1c);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, RetainAccess, 0x20);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, PoolType, 0x24);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, DefaultPagedPoolCharge, 0x28);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, DefaultNonPagedPoolCharge, 0x2c);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, DumpProcedure, 0x30);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, OpenProcedure, 0x38);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, CloseProcedure, 0x40);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, DeleteProcedure, 0x48);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, ParseProcedure, 0x50);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, SecurityProcedure, 0x58);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, QueryNameProcedure, 0x60);
NT_OFFSET(struct _OBJECT_TYPE_INITIALIZER, OkayToCloseProcedure, 0x68);

struct _OBJECT_TYPE {
    struct _LIST_ENTRY TypeList;
    struct _UNICODE_STRING Name;
    KPTR(void) DefaultObject;
    UCHAR Index;
    ULONG TotalNumberOfObjects;
    ULONG TotalNumberOfHandles;
    ULONG HighWaterNumberOfObjects;
    ULONG HighWaterNumberOfHandles;
    struct _OBJECT_TYPE_INITIALIZER TypeInfo;
    struct _EX_PUSH_LOCK TypeLock;
    ULONG Key;
    struct _LIST_ENTRY CallbackList;
};
typedef struct _OBJECT_TYPE OBJECT_TYPE;
NT_SIZE(struct _OBJECT_TYPE, 0xd0);
NT_OFFSET(struct _OBJECT_TYPE, TypeList, 0x0);
NT_OFFSET(struct _OBJECT_TYPE, Name, 0x10);
NT_OFFSET(struct _OBJECT_TYPE, DefaultObject, 0x20);
NT_OFFSET(struct _OBJECT_TYPE, Index, 0x28);
NT_OFFSET(struct _OBJECT_TYPE, TotalNumberOfObjects, 0x2c);
NT_OFFSET(struct _OBJECT_TYPE, TotalNumberOfHandles, 0x30);
NT_OFFSET(struct _OBJECT_TYPE, HighWaterNumberOfObjects, 0x34);
NT_OFFSET(struct _OBJECT_TYPE, HighWaterNumberOfHandles, 0x38);
NT_OFFSET(struct _OBJECT_TYPE, TypeInfo, 0x40);
NT_OFFSET(struct _OBJECT_TYPE, TypeLock, 0xb0);
NT_OFFSET(struct _OBJECT_TYPE, Key, 0xb8);
NT_OFFSET(struct _OBJECT_TYPE, CallbackList, 0xc0);

struct _OBJECT_DIRECTORY {
    KPTR(struct _OBJECT_DIRECTORY_ENTRY) HashBuckets[37];
    struct _EX_PUSH_LOCK Lock;
    KPTR(struct _DEVICE_MAP) DeviceMap;
    ULONG SessionId;
    KPTR(void) NamespaceEntry;
    ULONG Flags;
};
typedef struct _OBJECT_DIRECTORY OBJECT_DIRECTORY;
NT_SIZE(struct _OBJECT_DIRECTORY, 0x150);
NT_OFFSET(struct _OBJECT_DIRECTORY, HashBuckets, 0x0);
NT_OFFSET(struct _OBJECT_DIRECTORY, Lock, 0x128);
NT_OFFSET(struct _OBJECT_DIRECTORY, DeviceMap, 0x130);
NT_OFFSET(struct _OBJECT_DIRECTORY, SessionId, 0x138);
NT_OFFSET(struct _OBJECT_DIRECTORY, NamespaceEntry, 0x140);
NT_OFFSET(struct _OBJECT_DIRECTORY, Flags, 0x148);

struct _OBJECT_DIRECTORY_ENTRY {
    KPTR(struct _OBJECT_DIRECTORY_ENTRY) ChainLink;
    KPTR(void) Object;
    ULONG HashValue;
};
typedef struct _OBJECT_DIRECTORY_ENTRY OBJECT_DIRECTORY_ENTRY;
NT_SIZE(struct _OBJECT_DIRECTORY_ENTRY, 0x18);
NT_OFFSET(struct _OBJECT_DIRECTORY_ENTRY, ChainLink, 0x0);
NT_OFFSET(struct _OBJECT_DIRECTORY_ENTRY, Object, 0x8);
NT_OFFSET(struct _OBJECT_DIRECTORY_ENTRY, HashValue, 0x10);

struct _OBJECT_SYMBOLIC_LINK {
    union _LARGE_INTEGER CreationTime;
    struct _UNICODE_STRING LinkTarget;
    ULONG DosDeviceDriveIndex;
};
typedef struct _OBJECT_SYMBOLIC_LINK OBJECT_SYMBOLIC_LINK;
NT_SIZE(struct _OBJECT_SYMBOLIC_LINK, 0x20);
NT_OFFSET(struct _OBJECT_SYMBOLIC_LINK, CreationTime, 0x0);
NT_OFFSET(struct _OBJECT_SYMBOLIC_LINK, LinkTarget, 0x8);
NT_OFFSET(struct _OBJECT_SYMBOLIC_LINK, DosDeviceDriveIndex, 0x18);

struct _OBJECT_CREATE_INFORMATION {
    ULONG Attributes;
    KPTR(void) RootDirectory;
    CHAR ProbeMode;
    ULONG PagedPoolCharge;
    ULONG NonPagedPoolCharge;
    ULONG SecurityDescriptorCharge;
    KPTR(void) SecurityDescriptor;
    KPTR(struct _SECURITY_QUALITY_OF_SERVICE) SecurityQos;
    struct _SECURITY_QUALITY_OF_SERVICE SecurityQualityOfService;
};
typedef struct _OBJECT_CREATE_INFORMATION OBJECT_CREATE_INFORMATION;
NT_SIZE(struct _OBJECT_CREATE_INFORMATION, 0x40);
NT_OFFSET(struct _OBJECT_CREATE_INFORMATION, Attributes, 0x0);
NT_OFFSET(struct _OBJECT_CREATE_INFORMATION, RootDirectory, 0x8);
NT_OFFSET(struct _OBJECT_CREATE_INFORMATION, ProbeMode, 0x10);
NT_OFFSET(struct _OBJECT_CREATE_INFORMATION, PagedPoolCharge, 0x14);
NT_OFFSET(struct _OBJECT_CREATE_INFORMATION, NonPagedPoolCharge, 0x18);
NT_OFFSET(struct _OBJECT_CREATE_INFORMATION, SecurityDescriptorCharge, 0x1c);
NT_OFFSET(struct _OBJECT_CREATE_INFORMATION, SecurityDescriptor, 0x20);
NT_OFFSET(struct _OBJECT_CREATE_INFORMATION, SecurityQos, 0x28);
NT_OFFSET(struct _OBJECT_CREATE_INFORMATION, SecurityQualityOfService, 0x30);

enum _OBJECT_INFORMATION_CLASS {
    ObjectBasicInformation = 0,
    ObjectNameInformation = 1,
    ObjectTypeInformation = 2,
    ObjectTypesInformation = 3,
    ObjectHandleFlagInformation = 4,
    ObjectSessionInformation = 5,
    MaxObjectInfoClass = 6,
};
typedef enum _OBJECT_INFORMATION_CLASS OBJECT_INFORMATION_CLASS;

struct _OBJECT_HANDLE_COUNT_DATABASE {
    ULONG CountEntries;
    struct _OBJECT_HANDLE_COUNT_ENTRY HandleCountEntries[1];
};
typedef struct _OBJECT_HANDLE_COUNT_DATABASE OBJECT_HANDLE_COUNT_DATABASE;
NT_SIZE(struct _OBJECT_HANDLE_COUNT_DATABASE, 0x18);
NT_OFFSET(struct _OBJECT_HANDLE_COUNT_DATABASE, CountEntries, 0x0);
NT_OFFSET(struct _OBJECT_HANDLE_COUNT_DATABASE, HandleCountEntries, 0x8);

struct _DEVICE_MAP {
    KPTR(struct _OBJECT_DIRECTORY) DosDevicesDirectory;
    KPTR(struct _OBJECT_DIRECTORY) GlobalDosDevicesDirectory;
    KPTR(void) DosDevicesDirectoryHandle;
    ULONG ReferenceCount;
    ULONG DriveMap;
    UCHAR DriveType[32];
};
typedef struct _DEVICE_MAP DEVICE_MAP;
NT_SIZE(struct _DEVICE_MAP, 0x40);
NT_OFFSET(struct _DEVICE_MAP, DosDevicesDirectory, 0x0);
NT_OFFSET(struct _DEVICE_MAP, GlobalDosDevicesDirectory, 0x8);
NT_OFFSET(struct _DEVICE_MAP, DosDevicesDirectoryHandle, 0x10);
NT_OFFSET(struct _DEVICE_MAP, ReferenceCount, 0x18);
NT_OFFSET(struct _DEVICE_MAP, DriveMap, 0x1c);
NT_OFFSET(struct _DEVICE_MAP, DriveType, 0x20);

enum _OB_OPEN_REASON {
    ObCreateHandle = 0,
    ObOpenHandle = 1,
    ObDuplicateHandle = 2,
    ObInheritHandle = 3,
    ObMaxOpenReason = 4,
};
typedef enum _OB_OPEN_REASON OB_OPEN_REASON;

struct _OBJECT_DUMP_CONTROL {
    KPTR(void) Stream;
    ULONG Detail;
};
typedef struct _OBJECT_DUMP_CONTROL OBJECT_DUMP_CONTROL;
NT_SIZE(struct _OBJECT_DUMP_CONTROL, 0x10);
NT_OFFSET(struct _OBJECT_DUMP_CONTROL, Stream, 0x0);
NT_OFFSET(struct _OBJECT_DUMP_CONTROL, Detail, 0x8);
