/* include/nt/memory.h: constants and structures of the memory calls.
 * Source: VirtualAlloc, NtAllocateVirtualMemory and memory protection constants, documentation. */
#pragma once

#include "nt/types.h"

#define MEM_COMMIT 0x1000u
#define MEM_RESERVE 0x2000u
#define MEM_DECOMMIT 0x4000u
#define MEM_RELEASE 0x8000u
#define MEM_FREE 0x10000u
#define MEM_PRIVATE 0x20000u
#define MEM_MAPPED 0x40000u
#define MEM_RESET 0x80000u
#define MEM_TOP_DOWN 0x100000u
#define MEM_WRITE_WATCH 0x200000u
#define MEM_PHYSICAL 0x400000u
#define MEM_ROTATE 0x800000u
#define MEM_IMAGE 0x1000000u
#define MEM_LARGE_PAGES 0x20000000u
#define MEM_4MB_PAGES 0x80000000u

/* NtLockVirtualMemory: in the working set, in memory. */
#define MAP_PROCESS 1u
#define MAP_SYSTEM 2u

#define PAGE_NOACCESS 0x01u
#define PAGE_READONLY 0x02u
#define PAGE_READWRITE 0x04u
#define PAGE_WRITECOPY 0x08u
#define PAGE_EXECUTE 0x10u
#define PAGE_EXECUTE_READ 0x20u
#define PAGE_EXECUTE_READWRITE 0x40u
#define PAGE_EXECUTE_WRITECOPY 0x80u
#define PAGE_GUARD 0x100u
#define PAGE_NOCACHE 0x200u
#define PAGE_WRITECOMBINE 0x400u

/* Section attributes. Source: CreateFileMapping, NtCreateSection, documentation. */
#define SEC_FILE 0x800000u
#define SEC_IMAGE 0x1000000u
#define SEC_RESERVE 0x4000000u
#define SEC_COMMIT 0x8000000u
#define SEC_NOCACHE 0x10000000u
#define SEC_WRITECOMBINE 0x40000000u
#define SEC_LARGE_PAGES 0x80000000u

/* The 5-bit protection of VADs and software PTEs: a base protection and two modifier bits. */
#define MM_ZERO_ACCESS 0u
#define MM_READONLY 1u
#define MM_EXECUTE 2u
#define MM_EXECUTE_READ 3u
#define MM_READWRITE 4u
#define MM_WRITECOPY 5u
#define MM_EXECUTE_READWRITE 6u
#define MM_EXECUTE_WRITECOPY 7u
#define MM_NOCACHE 0x08u
#define MM_GUARD_PAGE 0x10u
#define MM_WRITECOMBINE 0x18u
#define MM_NOACCESS 0x18u /* with MM_ZERO_ACCESS */
#define MM_DECOMMIT 0x10u /* with MM_ZERO_ACCESS: a page decommitted in a committed range */

typedef struct _MEMORY_BASIC_INFORMATION {
    UPTR(void) BaseAddress;
    UPTR(void) AllocationBase;
    ULONG AllocationProtect;
    ULONG64 RegionSize;
    ULONG State;
    ULONG Protect;
    ULONG Type;
} MEMORY_BASIC_INFORMATION;
NT_SIZE(MEMORY_BASIC_INFORMATION, 0x30);

/* NtQueryVirtualMemory, MemoryWorkingSetInformation: the pages of a working set. Source:
 * PSAPI_WORKING_SET_BLOCK, PSAPI_WORKING_SET_EX_BLOCK, documentation. */
typedef struct _MEMORY_WORKING_SET_BLOCK {
    ULONG64 Protection : 5; /* MM_* */
    ULONG64 ShareCount : 3;
    ULONG64 Shared : 1;
    ULONG64 Node : 3;
    ULONG64 VirtualPage : 52;
} MEMORY_WORKING_SET_BLOCK;
NT_SIZE(MEMORY_WORKING_SET_BLOCK, 0x8);

typedef struct _MEMORY_WORKING_SET_INFORMATION {
    ULONG64 NumberOfEntries;
    MEMORY_WORKING_SET_BLOCK WorkingSetInfo[1];
} MEMORY_WORKING_SET_INFORMATION;
NT_SIZE(MEMORY_WORKING_SET_INFORMATION, 0x10);

/* MemoryWorkingSetExInformation: of each address that the caller gives. */
typedef struct _MEMORY_WORKING_SET_EX_BLOCK {
    ULONG64 Valid : 1;
    ULONG64 ShareCount : 3;
    ULONG64 Win32Protection : 11; /* PAGE_* */
    ULONG64 Shared : 1;
    ULONG64 Node : 6;
    ULONG64 Locked : 1;
    ULONG64 LargePage : 1;
    ULONG64 Reserved : 7;
    ULONG64 Bad : 1;
    ULONG64 ReservedUlong : 32;
} MEMORY_WORKING_SET_EX_BLOCK;
NT_SIZE(MEMORY_WORKING_SET_EX_BLOCK, 0x8);

typedef struct _MEMORY_WORKING_SET_EX_INFORMATION {
    UPTR(void) VirtualAddress;
    MEMORY_WORKING_SET_EX_BLOCK VirtualAttributes;
} MEMORY_WORKING_SET_EX_INFORMATION;
NT_SIZE(MEMORY_WORKING_SET_EX_INFORMATION, 0x10);

/* Whether the limits of a working set are hard. Source: SetProcessWorkingSetSizeEx. */
#define QUOTA_LIMITS_HARDWS_MIN_ENABLE 1u
#define QUOTA_LIMITS_HARDWS_MIN_DISABLE 2u
#define QUOTA_LIMITS_HARDWS_MAX_ENABLE 4u
#define QUOTA_LIMITS_HARDWS_MAX_DISABLE 8u

/* NtQueryVirtualMemory, MemoryRegionInformation: the whole allocation. */
typedef struct _MEMORY_REGION_INFORMATION {
    UPTR(void) AllocationBase;
    ULONG AllocationProtect;
    union {
        ULONG RegionType;
        struct {
            ULONG Private : 1;
            ULONG MappedDataFile : 1;
            ULONG MappedImage : 1;
            ULONG MappedPageFile : 1;
            ULONG MappedPhysical : 1;
            ULONG DirectMapped : 1;
            ULONG Reserved : 26;
        };
    };
    ULONG64 RegionSize;
} MEMORY_REGION_INFORMATION;
NT_SIZE(MEMORY_REGION_INFORMATION, 0x18);
