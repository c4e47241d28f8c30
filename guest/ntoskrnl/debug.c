/* guest/ntoskrnl/debug.c: what a debugger looks for before it has symbols.
 *
 * KdVersionBlock names the kernel's base and the list on which KdDebuggerDataBlock is; the block
 * has the address of each variable a debugger needs, and the offsets of a few members. Both are
 * complete at link time, except for what this kernel does not have: those addresses are zero, as
 * the SDK prescribes for absent variables. The block is stored plain, as on every Windows 7:
 * KdpDataBlockEncoded is zero, and KdCopyDataBlock, through which readers of newer systems get the
 * block in clear, copies it as it is. */
#include "nt/globals.h"
#include "nt/kdbg.h"

extern char __ImageBase;
void *memcpy(void *to, const void *from, size_t size);
extern const char NtBuildLab[];

#define X(type, name) extern __typeof__(type) name;
#define A(type, name, count) extern __typeof__(type) name[count];
NT_GLOBALS(X, A)
#undef X
#undef A

extern KDDEBUGGER_DATA64 KdDebuggerDataBlock;

#define ADDRESS(symbol) ((ULONG64) & (symbol))

LIST_ENTRY KdpDebuggerDataListHead = {&KdDebuggerDataBlock.Header.List,
                                      &KdDebuggerDataBlock.Header.List};
UCHAR KdpDataBlockEncoded = 0;

DBGKD_GET_VERSION64 KdVersionBlock = {
    .MajorVersion = 0xF,
    .MinorVersion = 7601,
    .ProtocolVersion = 6,
    .KdSecondaryVersion = 2, /* amd64 context */
    .Flags = 0x7,            /* multiprocessor, data blocks, 64-bit pointers */
    .MachineType = 0x8664,
    .MaxPacketType = 12,
    .MaxStateChange = 3,
    .MaxManipulate = 0x30,
    .KernBase = ADDRESS(__ImageBase),
    .PsLoadedModuleList = ADDRESS(PsLoadedModuleList),
    .DebuggerDataList = ADDRESS(KdpDebuggerDataListHead),
};

/* What Windows keeps as variables and this kernel knows as constants. */
static const ULONG64 page_size = 0x1000;

KDDEBUGGER_DATA64 KdDebuggerDataBlock = {
    .Header = {{&KdpDebuggerDataListHead, &KdpDebuggerDataListHead},
               KDBG_TAG,
               sizeof(KDDEBUGGER_DATA64)},
    .KernBase = ADDRESS(__ImageBase),
    .PaeEnabled = 1, /* long mode has PAE-sized entries */
    .PsLoadedModuleList = ADDRESS(PsLoadedModuleList),
    .PsActiveProcessHead = ADDRESS(PsActiveProcessHead),
    .PspCidTable = ADDRESS(PspCidTable),
    .ExpPagedPoolDescriptor = ADDRESS(ExpPagedPoolDescriptor),
    .KiBugcheckData = ADDRESS(KiBugCheckData),
    .ObpRootDirectoryObject = ADDRESS(ObpRootDirectoryObject),
    .ObpTypeObjectType = ADDRESS(ObpTypeObjectType),
    .MmPfnDatabase = ADDRESS(MmPfnDatabase),
    .MmSystemPtesStart = ADDRESS(MmSystemPtesStart),
    .MmSystemPtesEnd = ADDRESS(MmSystemPtesEnd),
    .MmLowestPhysicalPage = ADDRESS(MmLowestPhysicalPage),
    .MmHighestPhysicalPage = ADDRESS(MmHighestPhysicalPage),
    .MmNumberOfPhysicalPages = ADDRESS(MmNumberOfPhysicalPages),
    .MmMaximumNonPagedPoolInBytes = ADDRESS(MmMaximumNonPagedPoolInBytes),
    .MmNonPagedPoolStart = ADDRESS(MmNonPagedPoolStart),
    .MmNonPagedPoolEnd = ADDRESS(MmNonPagedPoolEnd),
    .MmPagedPoolStart = ADDRESS(MmPagedPoolStart),
    .MmPagedPoolEnd = ADDRESS(MmPagedPoolEnd),
    .MmPageSize = ADDRESS(page_size),
    .MmSizeOfPagedPoolInBytes = ADDRESS(MmSizeOfPagedPoolInBytes),
    .MmTotalCommitLimit = ADDRESS(MmTotalCommitLimit),
    .MmTotalCommittedPages = ADDRESS(MmTotalCommittedPages),
    .MmZeroedPageListHead = ADDRESS(MmZeroedPageListHead),
    .MmFreePageListHead = ADDRESS(MmFreePageListHead),
    .MmStandbyPageListHead = ADDRESS(MmStandbyPageListByPriority),
    .MmModifiedPageListHead = ADDRESS(MmModifiedPageListHead),
    .MmModifiedNoWritePageListHead = ADDRESS(MmModifiedNoWritePageListHead),
    .MmAvailablePages = ADDRESS(MmAvailablePages),
    .MmResidentAvailablePages = ADDRESS(MmResidentAvailablePages),
    .PoolTrackTable = ADDRESS(PoolTrackTable),
    .NonPagedPoolDescriptor = ADDRESS(NonPagedPoolDescriptor),
    .MmHighestUserAddress = ADDRESS(MmHighestUserAddress),
    .MmSystemRangeStart = ADDRESS(MmSystemRangeStart),
    .MmUserProbeAddress = ADDRESS(MmUserProbeAddress),
    .NtBuildLab = ADDRESS(NtBuildLab),
    .KiProcessorBlock = ADDRESS(KiProcessorBlock),
    .MmPeakCommitment = ADDRESS(MmPeakCommitment),
    .CmNtCSDVersion = ADDRESS(CmNtCSDVersion),
    .OffsetKThreadNextProcessor = offsetof(KTHREAD, NextProcessor),
    .OffsetKThreadTeb = offsetof(KTHREAD, Teb),
    .OffsetKThreadKernelStack = offsetof(KTHREAD, KernelStack),
    .OffsetKThreadInitialStack = offsetof(KTHREAD, InitialStack),
    .OffsetKThreadApcProcess = offsetof(KTHREAD, ApcState.Process),
    .OffsetKThreadState = offsetof(KTHREAD, State),
    .SizeEProcess = sizeof(EPROCESS),
    .OffsetEprocessPeb = offsetof(EPROCESS, Peb),
    .OffsetEprocessParentCID = offsetof(EPROCESS, InheritedFromUniqueProcessId),
    .OffsetEprocessDirectoryTableBase = offsetof(EPROCESS, Pcb.DirectoryTableBase),
    .SizePrcb = sizeof(KPRCB),
    .OffsetPrcbCurrentThread = offsetof(KPRCB, CurrentThread),
    .OffsetPrcbMhz = offsetof(KPRCB, MHz),
    .OffsetPrcbCpuType = offsetof(KPRCB, CpuType),
    .OffsetPrcbVendorString = offsetof(KPRCB, VendorString),
    .OffsetPrcbProcStateContext = offsetof(KPRCB, ProcessorState.ContextFrame),
    .OffsetPrcbNumber = offsetof(KPRCB, Number),
    .SizeEThread = sizeof(ETHREAD),
    .SizePcr = sizeof(KPCR),
    .OffsetPcrSelfPcr = offsetof(KPCR, Self),
    .OffsetPcrCurrentPrcb = offsetof(KPCR, CurrentPrcb),
    .OffsetPcrContainedPrcb = offsetof(KPCR, Prcb),
    .OffsetPrcbProcStateSpecialReg = offsetof(KPRCB, ProcessorState.SpecialRegisters),
    .GdtR0Code = 0x10,
    .GdtR0Data = 0x18,
    .GdtR0Pcr = 0x18,
    .GdtR3Code = 0x33,
    .GdtR3Data = 0x2B,
    .GdtR3Teb = 0x53,
    .GdtTss = 0x40,
    .Gdt64R3CmCode = 0x23,
    .Gdt64R3CmTeb = 0x53,
    .OffsetPrcbContext = offsetof(KPRCB, Context),
};

void KdCopyDataBlock(KDDEBUGGER_DATA64 *to);
/* The debugger data block in clear. */
void KdCopyDataBlock(KDDEBUGGER_DATA64 *to)
{
    memcpy(to, &KdDebuggerDataBlock, sizeof *to);
}
