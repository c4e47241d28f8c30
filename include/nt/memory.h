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
