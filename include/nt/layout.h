/* include/nt/layout.h: the address space of Windows 7 x64 as this system keeps it.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "x64 Address Space Layouts"; values are those that
 * a kernel debugger shows on build 7601.17514. */
#pragma once

#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE 0x1000ull
#define MM_ALLOCATION_GRANULARITY 0x10000ull

#define MM_LOWEST_USER_ADDRESS 0x10000ull
#define MM_HIGHEST_USER_ADDRESS 0x7FFFFFEFFFFull /* below the 64 KB no-access guard */
#define MM_HIGHEST_VAD_ADDRESS 0x7FFFFFDFFFFull  /* the last 64 KB are always reserved */
#define MM_USER_PROBE_ADDRESS 0x7FFFFFF0000ull
#define MM_SYSTEM_RANGE_START 0xFFFF080000000000ull
#define MM_SHARED_USER_DATA_VA 0x7FFE0000ull

/* Below a thread's stack, on 64-bit Windows, unless the thread wants more guaranteed. */
#define STACK_GUARD_SIZE (3 * PAGE_SIZE)

#define PTE_BASE 0xFFFFF68000000000ull
#define PDE_BASE 0xFFFFF6FB40000000ull
#define PPE_BASE 0xFFFFF6FB7DA00000ull
#define PXE_BASE 0xFFFFF6FB7DBED000ull
#define PXE_SELFMAP_SLOT 0x1EDu

#define HYPER_SPACE 0xFFFFF70000000000ull
#define KI_USER_SHARED_DATA 0xFFFFF78000000000ull
#define MM_BOOT_IMAGE_START 0xFFFFF80002800000ull /* nt, on large pages */
#define MM_BOOT_IMAGE_SIZE 0x800000ull            /* four of them */
#define MM_SYSTEM_PTE_START 0xFFFFF88000000000ull
#define MM_PAGED_POOL_START 0xFFFFF8A000000000ull
#define MM_SESSION_SPACE_START 0xFFFFF90000000000ull
#define MM_SYSTEM_CACHE_START 0xFFFFF98000000000ull
#define MM_PFN_DATABASE 0xFFFFFA8000000000ull /* nonpaged pool follows at the next 2 MB */

#define MM_SYSTEM_PAGE_DIRECTORY 0x187000ull /* physical; below that of every process */
