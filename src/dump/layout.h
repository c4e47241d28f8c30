/* src/dump/layout.h: the layout of kernel crash dumps of 64-bit Windows.
 *
 *      0x0000  DUMP_HEADER64 (8 KB; bytes that mean nothing repeat PAGE)
 *      0x2000  type 1           pages of the runs named in the header
 *              type 2, 5, 6     SUMMARY_DUMP64: a bitmap of the pages that follow
 *              type 8, 9, 0xA   RDMP_HEADER64: ranges of the pages that follow
 *              type 4           TRIAGE_DUMP64: offsets of a few structures and blocks
 *
 * Source: layouts as published readers of dumps restate them, checked with a genuine triage dump.
 */
#pragma once

#include "nt/rtl.h"
#include "nt/types.h"

#define DUMP_SIGNATURE64 0x45474150u       /* the bytes PAGE */
#define DUMP_VALID_DUMP64 0x34365544u      /* DU64 */
#define DUMP_SUMMARY_SIGNATURE 0x504D4453u /* SDMP: a selection of pages */
#define DUMP_FULL_SIGNATURE 0x504D4446u    /* FDMP: all pages */
#define DUMP_RANGE_SIGNATURE 0x504D4452u   /* RDMP */
#define DUMP_VALID_SUMMARY 0x504D5544u     /* DUMP */
#define DUMP_RANGE_MARKER 0x40u
#define DUMP_HEADER64_SIZE 0x2000u
#define DUMP_MOST_RUNS 42u

enum dump_type {
    DUMP_TYPE_FULL = 1,
    DUMP_TYPE_KERNEL = 2,
    DUMP_TYPE_TRIAGE = 4,
    DUMP_TYPE_BITMAP_FULL = 5,
    DUMP_TYPE_BITMAP_KERNEL = 6,
    DUMP_TYPE_RANGE_KERNEL = 8,
    DUMP_TYPE_RANGE_KERNEL_AND_USER = 9,
    DUMP_TYPE_RANGE_COMPLETE = 10,
};

struct _PHYSICAL_MEMORY_RUN64 {
    ULONG64 BasePage;
    ULONG64 PageCount;
};
NT_SIZE(struct _PHYSICAL_MEMORY_RUN64, 0x10);

struct _PHYSICAL_MEMORY_DESCRIPTOR64 {
    ULONG NumberOfRuns;
    ULONG Reserved;
    ULONG64 NumberOfPages;
    struct _PHYSICAL_MEMORY_RUN64 Run[DUMP_MOST_RUNS];
};

struct _EXCEPTION_RECORD64 {
    ULONG ExceptionCode;
    ULONG ExceptionFlags;
    ULONG64 ExceptionRecord;
    ULONG64 ExceptionAddress;
    ULONG NumberParameters;
    ULONG Reserved;
    ULONG64 ExceptionInformation[15];
};
NT_SIZE(struct _EXCEPTION_RECORD64, 0x98);

struct _DUMP_HEADER64 {
    ULONG Signature;
    ULONG ValidDump;
    ULONG MajorVersion; /* 15 free, 12 checked */
    ULONG MinorVersion; /* build */
    ULONG64 DirectoryTableBase;
    ULONG64 PfnDataBase;
    ULONG64 PsLoadedModuleList;
    ULONG64 PsActiveProcessHead;
    ULONG MachineImageType;
    ULONG NumberProcessors;
    ULONG BugCheckCode;
    ULONG Reserved0;
    ULONG64 BugCheckParameter[4];
    UCHAR VersionUser[32];
    ULONG64 KdDebuggerDataBlock;
    union {
        struct _PHYSICAL_MEMORY_DESCRIPTOR64 PhysicalMemoryBlock;
        UCHAR PhysicalMemoryBlockBuffer[704];
    };
    UCHAR ContextRecord[3000]; /* a CONTEXT; not aligned as one */
    struct _EXCEPTION_RECORD64 Exception;
    ULONG DumpType;
    ULONG Reserved1;
    ULONG64 RequiredDumpSpace;
    ULONG64 SystemTime; /* 100 ns since 1601 */
    UCHAR Comment[128];
    ULONG64 SystemUpTime; /* 100 ns */
    ULONG MiniDumpFields;
    ULONG SecondaryDataState;
    ULONG ProductType;
    ULONG SuiteMask;
    ULONG WriterStatus;
    UCHAR Unused[0xFB4];
};
NT_SIZE(struct _DUMP_HEADER64, 0x2000);
NT_OFFSET(struct _DUMP_HEADER64, KdDebuggerDataBlock, 0x80);
NT_OFFSET(struct _DUMP_HEADER64, PhysicalMemoryBlock, 0x88);
NT_OFFSET(struct _DUMP_HEADER64, ContextRecord, 0x348);
NT_OFFSET(struct _DUMP_HEADER64, Exception, 0xf00);
NT_OFFSET(struct _DUMP_HEADER64, DumpType, 0xf98);
NT_OFFSET(struct _DUMP_HEADER64, SystemTime, 0xfa8);
NT_OFFSET(struct _DUMP_HEADER64, Comment, 0xfb0);
NT_OFFSET(struct _DUMP_HEADER64, SystemUpTime, 0x1030);

/* At 0x2000 of types 2, 5 and 6; the bitmap follows, page 0 first. */
struct _SUMMARY_DUMP64 {
    ULONG Signature;
    ULONG ValidDump;
    UCHAR Reserved[0x18];
    ULONG64 FirstPage; /* file offset */
    ULONG64 TotalPresentPages;
    ULONG64 BitmapPages; /* bits */
};
NT_SIZE(struct _SUMMARY_DUMP64, 0x38);

/* At 0x2000 of types 8, 9 and 0xA. */
struct _RDMP_HEADER64 {
    ULONG Marker;
    ULONG Signature;
    ULONG ValidDump;
    ULONG Reserved;
    ULONG64 MetadataSize;
    ULONG64 FirstPage; /* file offset */
};
NT_SIZE(struct _RDMP_HEADER64, 0x20);

/* At 0x2000 of type 4. Offsets count from the start of the file. */
struct _TRIAGE_DUMP64 {
    ULONG ServicePackBuild;
    ULONG SizeOfDump;
    ULONG ValidOffset;
    ULONG ContextOffset;
    ULONG ExceptionOffset;
    ULONG MmOffset;
    ULONG UnloadedDriversOffset;
    ULONG PrcbOffset;
    ULONG ProcessOffset;
    ULONG ThreadOffset;
    ULONG CallStackOffset;
    ULONG SizeOfCallStack;
    ULONG DriverListOffset;
    ULONG DriverCount;
    ULONG StringPoolOffset;
    ULONG StringPoolSize;
    ULONG BrokenDriverOffset;
    ULONG TriageOptions;
    ULONG64 TopOfStack;
    UCHAR ArchitectureSpecific[0x20];
    ULONG DebuggerDataOffset;
    ULONG DebuggerDataSize;
    ULONG DataBlocksOffset;
    ULONG DataBlocksCount;
};
NT_SIZE(struct _TRIAGE_DUMP64, 0x80);
NT_OFFSET(struct _TRIAGE_DUMP64, DriverListOffset, 0x30);
NT_OFFSET(struct _TRIAGE_DUMP64, TopOfStack, 0x48);
NT_OFFSET(struct _TRIAGE_DUMP64, DebuggerDataOffset, 0x70);
NT_OFFSET(struct _TRIAGE_DUMP64, DataBlocksOffset, 0x78);

#define DUMP_TRIAGE_VALID 0x44475254u /* the bytes TRGD, at ValidOffset */

struct _TRIAGE_DATA_BLOCK {
    ULONG64 Address;
    ULONG Offset;
    ULONG Size;
};
NT_SIZE(struct _TRIAGE_DATA_BLOCK, 0x10);

/* One driver: where its name is, then its loader entry. */
struct _TRIAGE_DRIVER64 {
    ULONG DriverNameOffset; /* of a ULONG (characters) and that many of UTF-16 */
    ULONG Reserved;
    UCHAR LoaderLists[0x30];
    ULONG64 DllBase;
    ULONG64 EntryPoint;
    ULONG SizeOfImage;
    UCHAR LoaderNames[0x34];
    ULONG CheckSum;
    ULONG Reserved1;
    ULONG TimeDateStamp;
    ULONG Reserved2;
};
NT_SIZE(struct _TRIAGE_DRIVER64, 0x90);
NT_OFFSET(struct _TRIAGE_DRIVER64, DllBase, 0x38);
NT_OFFSET(struct _TRIAGE_DRIVER64, SizeOfImage, 0x48);
NT_OFFSET(struct _TRIAGE_DRIVER64, CheckSum, 0x80);
