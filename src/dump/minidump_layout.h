/* src/dump/minidump_layout.h: the layout of minidumps: dumps of one process.
 *
 *      header -> directory of streams {type, size, offset} -> each stream anywhere in the file
 *
 * Offsets ("Rva") count from the start of the file. Structures have a packing of 4.
 * Source: documentation of minidumpapiset.h.
 */
#pragma once

#include "dump/layout.h"

#define MINIDUMP_SIGNATURE 0x504D444Du /* the bytes MDMP */
#define MINIDUMP_VERSION 0xA793u       /* low 16 bits of Version */
#define MINIDUMP_RSDS 0x53445352u      /* a CodeView record with GUID and age */

enum minidump_stream {
    MINIDUMP_THREADS = 3,
    MINIDUMP_MODULES = 4,
    MINIDUMP_MEMORY = 5,
    MINIDUMP_EXCEPTION_OF = 6,
    MINIDUMP_SYSTEM = 7,
    MINIDUMP_MEMORY64 = 9,
    MINIDUMP_HANDLES = 12,
    MINIDUMP_MISC = 15,
    MINIDUMP_REGIONS = 16,
    MINIDUMP_THREAD_TIMES = 17,
};

enum {
    MINIDUMP_AMD64 = 9, /* ProcessorArchitecture */
    MINIDUMP_MISC_PROCESS_ID = 1,
    MINIDUMP_MISC_TIMES = 2,
    MINIDUMP_WITH_FULL_MEMORY = 2, /* of the header's Flags, from here on */
    MINIDUMP_WITH_HANDLES = 4,
    MINIDUMP_WITH_REFERENCED = 0x40,
    MINIDUMP_WITH_PROCESS_BLOCKS = 0x100,
    MINIDUMP_WITH_REGIONS = 0x800,
    MINIDUMP_WITH_THREAD_TIMES = 0x1000,
};

struct _MINIDUMP_HEADER {
    ULONG Signature;
    ULONG Version;
    ULONG NumberOfStreams;
    ULONG StreamDirectoryRva;
    ULONG CheckSum;
    ULONG TimeDateStamp;
    ULONG64 Flags;
};
NT_SIZE(struct _MINIDUMP_HEADER, 0x20);

struct _MINIDUMP_LOCATION {
    ULONG DataSize;
    ULONG Rva;
};

struct _MINIDUMP_DIRECTORY {
    ULONG StreamType;
    struct _MINIDUMP_LOCATION Location;
};
NT_SIZE(struct _MINIDUMP_DIRECTORY, 0xc);

struct _MINIDUMP_MEMORY_DESCRIPTOR {
    ULONG64 StartOfMemoryRange;
    struct _MINIDUMP_LOCATION Memory;
};
NT_SIZE(struct _MINIDUMP_MEMORY_DESCRIPTOR, 0x10);

/* At the start of the Memory64 stream; descriptors follow, their bytes from BaseRva on in order. */
struct _MINIDUMP_MEMORY64_LIST {
    ULONG64 NumberOfMemoryRanges;
    ULONG64 BaseRva;
};

struct _MINIDUMP_MEMORY_DESCRIPTOR64 {
    ULONG64 StartOfMemoryRange;
    ULONG64 DataSize;
};

struct _MINIDUMP_THREAD {
    ULONG ThreadId;
    ULONG SuspendCount;
    ULONG PriorityClass;
    ULONG Priority;
    ULONG64 Teb;
    struct _MINIDUMP_MEMORY_DESCRIPTOR Stack;
    struct _MINIDUMP_LOCATION ThreadContext;
};
NT_SIZE(struct _MINIDUMP_THREAD, 0x30);

struct _MINIDUMP_MODULE {
    ULONG64 BaseOfImage;
    ULONG SizeOfImage;
    ULONG CheckSum;
    ULONG TimeDateStamp;
    ULONG ModuleNameRva; /* a ULONG (bytes), UTF-16 */
    ULONG VersionInfo[13];
    struct _MINIDUMP_LOCATION CvRecord;
    struct _MINIDUMP_LOCATION MiscRecord;
    ULONG Reserved[4];
} __attribute__((packed, aligned(4)));
NT_SIZE(struct _MINIDUMP_MODULE, 0x6c);

struct _MINIDUMP_EXCEPTION_STREAM {
    ULONG ThreadId;
    ULONG Alignment;
    struct _EXCEPTION_RECORD64 ExceptionRecord;
    struct _MINIDUMP_LOCATION ThreadContext;
};
NT_SIZE(struct _MINIDUMP_EXCEPTION_STREAM, 0xa8);

struct _MINIDUMP_SYSTEM_INFO {
    USHORT ProcessorArchitecture;
    USHORT ProcessorLevel;
    USHORT ProcessorRevision;
    UCHAR NumberOfProcessors;
    UCHAR ProductType;
    ULONG MajorVersion;
    ULONG MinorVersion;
    ULONG BuildNumber;
    ULONG PlatformId; /* 2: NT */
    ULONG CSDVersionRva;
    USHORT SuiteMask;
    USHORT Reserved;
    ULONG Cpu[6];
};
NT_SIZE(struct _MINIDUMP_SYSTEM_INFO, 0x38);

struct _MINIDUMP_MISC_INFO {
    ULONG SizeOfInfo;
    ULONG Flags1;
    ULONG ProcessId;
    ULONG ProcessCreateTime;
    ULONG ProcessUserTime;
    ULONG ProcessKernelTime;
};
NT_SIZE(struct _MINIDUMP_MISC_INFO, 0x18);

/* At the start of the handle stream; the handles follow. */
struct _MINIDUMP_HANDLE_LIST {
    ULONG SizeOfHeader;
    ULONG SizeOfDescriptor;
    ULONG NumberOfDescriptors;
    ULONG Reserved;
};
NT_SIZE(struct _MINIDUMP_HANDLE_LIST, 0x10);

struct _MINIDUMP_HANDLE {
    ULONG64 Handle;
    ULONG TypeNameRva; /* strings as those of modules; 0: none */
    ULONG ObjectNameRva;
    ULONG Attributes;
    ULONG GrantedAccess;
    ULONG HandleCount;
    ULONG PointerCount;
};
NT_SIZE(struct _MINIDUMP_HANDLE, 0x20);

/* At the start of the stream of regions; the regions follow. */
struct _MINIDUMP_MEMORY_INFO_LIST {
    ULONG SizeOfHeader;
    ULONG SizeOfEntry;
    ULONG64 NumberOfEntries;
};
NT_SIZE(struct _MINIDUMP_MEMORY_INFO_LIST, 0x10);

/* MEMORY_BASIC_INFORMATION, as it were. */
struct _MINIDUMP_MEMORY_INFO {
    ULONG64 BaseAddress;
    ULONG64 AllocationBase;
    ULONG AllocationProtect;
    ULONG Alignment1;
    ULONG64 RegionSize;
    ULONG State;
    ULONG Protect;
    ULONG Type;
    ULONG Alignment2;
};
NT_SIZE(struct _MINIDUMP_MEMORY_INFO, 0x30);

/* At the start of the stream of thread times; one entry for each thread follows. */
struct _MINIDUMP_THREAD_INFO_LIST {
    ULONG SizeOfHeader;
    ULONG SizeOfEntry;
    ULONG NumberOfEntries;
};
NT_SIZE(struct _MINIDUMP_THREAD_INFO_LIST, 0xc);

struct _MINIDUMP_THREAD_INFO {
    ULONG ThreadId;
    ULONG DumpFlags;
    ULONG DumpError;
    ULONG ExitStatus;
    ULONG64 CreateTime;
    ULONG64 ExitTime;
    ULONG64 KernelTime; /* 100 ns */
    ULONG64 UserTime;
    ULONG64 StartAddress;
    ULONG64 Affinity;
};
NT_SIZE(struct _MINIDUMP_THREAD_INFO, 0x40);

/* A CodeView record; the name of the PDB follows, zero-terminated. */
struct _MINIDUMP_CODEVIEW {
    ULONG Signature;
    UCHAR Guid[16];
    ULONG Age;
};
NT_SIZE(struct _MINIDUMP_CODEVIEW, 0x18);
