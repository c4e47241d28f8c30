/* include/nt/globals.h: the variables of nt that the executive keeps in guest memory.
 *
 * Each row is one global of ntoskrnl under Windows' own name: guest/ntoskrnl/globals.c defines it,
 * its PDB names it for `x nt!...`, and the host reaches it through struct nt_globals, which boot
 * fills from the image's table NtmmGlobals (same order). To add one, add a row.
 */
#pragma once

#include "nt/cm.h"
#include "nt/ex.h"
#include "nt/io.h"
#include "nt/ke.h"
#include "nt/mm.h"
#include "nt/ob.h"
#include "nt/ps.h"
#include "nt/rtl.h"
#include "nt/types.h"

/* X(type, name) for scalars and structures, A(type, name, count) for arrays. */
#define NT_GLOBALS(X, A)                                                                           \
    /* memory manager */                                                                           \
    X(KPTR(MMPFN), MmPfnDatabase)                                                                  \
    X(ULONG64, MmNumberOfPhysicalPages)                                                            \
    X(ULONG64, MmLowestPhysicalPage)                                                               \
    X(ULONG64, MmHighestPhysicalPage)                                                              \
    X(ULONG64, MmAvailablePages)                                                                   \
    X(ULONG64, MmResidentAvailablePages)                                                           \
    X(ULONG64, MmTotalCommittedPages)                                                              \
    X(ULONG64, MmTotalCommitLimit)                                                                 \
    X(ULONG64, MmPeakCommitment)                                                                   \
    X(MMPFNLIST, MmZeroedPageListHead)                                                             \
    X(MMPFNLIST, MmFreePageListHead)                                                               \
    A(KPTR(MMPFNLIST), MmFreePagesByColor, 2)                                                      \
    X(ULONG, MmSecondaryColors)                                                                    \
    X(ULONG, MmSecondaryColorMask)                                                                 \
    X(UCHAR, MmSecondaryColorNodeShift)                                                            \
    X(ULONG, MmProcessColorSeed)                                                                   \
    X(ULONG, MiSecondLevelCacheSize)                                                               \
    A(MMPFNLIST, MmStandbyPageListByPriority, 8)                                                   \
    X(MMPFNLIST, MmModifiedPageListHead)                                                           \
    A(MMPFNLIST, MmModifiedPageListByColor, 1)                                                     \
    X(MMPFNLIST, MmModifiedNoWritePageListHead)                                                    \
    X(MMPFNLIST, MmBadPageListHead)                                                                \
    X(ULONG, MmNumberOfPagingFiles)                                                                \
    A(KPTR(MMPAGING_FILE), MmPagingFile, 16)                                                       \
    X(KPTR(void), MmSystemRangeStart)                                                              \
    X(KPTR(void), MmUserProbeAddress)                                                              \
    X(KPTR(void), MmHighestUserAddress)                                                            \
    X(KPTR(void), MmNonPagedPoolStart)                                                             \
    X(KPTR(void), MmNonPagedPoolEnd)                                                               \
    X(ULONG64, MmMaximumNonPagedPoolInBytes)                                                       \
    X(KPTR(void), MmPagedPoolStart)                                                                \
    X(KPTR(void), MmPagedPoolEnd)                                                                  \
    X(ULONG64, MmSizeOfPagedPoolInBytes)                                                           \
    X(MMSUPPORT, MmPagedPoolWs)                                                                    \
    X(KPTR(void), MmSystemPtesStart)                                                               \
    X(KPTR(void), MmSystemPtesEnd)                                                                 \
    A(ULONG, MmProtectToValue, 32)                                                                 \
    X(POOL_DESCRIPTOR, NonPagedPoolDescriptor)                                                     \
    X(POOL_DESCRIPTOR, ExpPagedPoolDescriptor)                                                     \
    X(KPTR(POOL_TRACKER_TABLE), PoolTrackTable)                                                    \
    X(ULONG64, PoolTrackTableSize)                                                                 \
    X(KPTR(POOL_TRACKER_BIG_PAGES), PoolBigPageTable)                                              \
    X(ULONG64, PoolBigPageTableSize)                                                               \
    X(LIST_ENTRY, MiSessionWsList)                                                                 \
    /* kernel */                                                                                   \
    X(ULONG, KeNumberProcessors)                                                                   \
    A(KPTR(KPRCB), KiProcessorBlock, 64)                                                           \
    X(KPCR, KiInitialPCR)                                                                          \
    X(ULONG, KiServiceLimit)                                                                       \
    A(ULONG64, KiBugCheckData, 5)                                                                  \
    X(ULONG, NtBuildNumber)                                                                        \
    X(ULONG, CmNtCSDVersion)                                                                       \
    X(LIST_ENTRY, PsLoadedModuleList)                                                              \
    /* objects */                                                                                  \
    A(KPTR(OBJECT_TYPE), ObTypeIndexTable, 256)                                                    \
    X(KPTR(OBJECT_DIRECTORY), ObpRootDirectoryObject)                                              \
    X(KPTR(OBJECT_TYPE), ObpTypeObjectType)                                                        \
    X(KPTR(OBJECT_TYPE), ObpDirectoryObjectType)                                                   \
    X(KPTR(OBJECT_TYPE), ObpSymbolicLinkObjectType)                                                \
    A(UCHAR, ObpInfoMaskToOffset, 64)                                                              \
    X(KPTR(OBJECT_TYPE), PsProcessType)                                                            \
    X(KPTR(OBJECT_TYPE), PsThreadType)                                                             \
    X(KPTR(OBJECT_TYPE), PsJobType)                                                                \
    X(KPTR(OBJECT_TYPE), SeTokenObjectType)                                                        \
    X(KPTR(OBJECT_TYPE), ExEventObjectType)                                                        \
    X(KPTR(OBJECT_TYPE), ExMutantObjectType)                                                       \
    X(KPTR(OBJECT_TYPE), ExSemaphoreObjectType)                                                    \
    X(KPTR(OBJECT_TYPE), ExTimerObjectType)                                                        \
    X(KPTR(OBJECT_TYPE), IoFileObjectType)                                                         \
    X(KPTR(OBJECT_TYPE), IoDeviceObjectType)                                                       \
    X(KPTR(OBJECT_TYPE), IoDriverObjectType)                                                       \
    X(KPTR(OBJECT_TYPE), MmSectionObjectType)                                                      \
    X(LIST_ENTRY, HandleTableListHead)                                                             \
    X(ULONG64, ExpLuid)                                                                            \
    X(LIST_ENTRY, ExpSystemResourcesList)                                                          \
    X(ULONG64, ExpResourceSpinLock)                                                                \
    /* registry */                                                                                 \
    X(LIST_ENTRY, CmpHiveListHead)                                                                 \
    X(KPTR(CMHIVE), CmpMasterHive)                                                                 \
    X(KPTR(void), CmpRegistryRootObject)                                                           \
    X(KPTR(OBJECT_TYPE), CmKeyObjectType)                                                          \
    /* processes */                                                                                \
    X(LIST_ENTRY, PsActiveProcessHead)                                                             \
    X(KPTR(EPROCESS), PsInitialSystemProcess)                                                      \
    X(KPTR(EPROCESS), PsIdleProcess)                                                               \
    X(KPTR(HANDLE_TABLE), PspCidTable)

#if !defined(_WIN32)
struct nt_globals {
#define X(type, name) __typeof__(type) *name;
#define A(type, name, count) __typeof__(type) *name;
    NT_GLOBALS(X, A)
#undef X
#undef A
};

enum nt_global_index {
#define X(type, name) NT_GLOBAL_##name,
#define A(type, name, count) NT_GLOBAL_##name,
    NT_GLOBALS(X, A)
#undef X
#undef A
        NT_GLOBAL_COUNT
};
#endif
