/* src/machine/shared.c: KUSER_SHARED_DATA, the page that every process can read.
 *
 * The times in it are the clock's (ke/clock.h); what never changes is set here at boot.
 * Source: KUSER_SHARED_DATA, documentation (ntddk.h) and build 7601's layout.
 */
#include <cpuid.h>
#include <string.h>

#include "machine/boot.h"
#include "nt/image.h"

#define TICK_COUNT_MULTIPLIER 0x0FA00000u /* 15.625 ms per tick, 8.24 fixed point */
#define LARGE_PAGE 0x200000u
#define NX_ALWAYS_ON 1
#define SUITE_SINGLEUSERTS_TERMINAL 0x110u

/* Indices of ProcessorFeatures, and whether this host's processor has each. */
enum {
    PF_COMPARE_EXCHANGE_DOUBLE = 2,
    PF_MMX_INSTRUCTIONS_AVAILABLE = 3,
    PF_XMMI_INSTRUCTIONS_AVAILABLE = 6,
    PF_RDTSC_INSTRUCTION_AVAILABLE = 8,
    PF_PAE_ENABLED = 9,
    PF_XMMI64_INSTRUCTIONS_AVAILABLE = 10,
    PF_NX_ENABLED = 12,
    PF_SSE3_INSTRUCTIONS_AVAILABLE = 13,
    PF_COMPARE_EXCHANGE128 = 14,
    PF_XSAVE_ENABLED = 17,
};

static void set_features(KUSER_SHARED_DATA *shared)
{
    unsigned a, b, c = 0, d;
    __get_cpuid(1, &a, &b, &c, &d);
    static const uint8_t always[] = {
        PF_COMPARE_EXCHANGE_DOUBLE,
        PF_MMX_INSTRUCTIONS_AVAILABLE,
        PF_XMMI_INSTRUCTIONS_AVAILABLE,
        PF_RDTSC_INSTRUCTION_AVAILABLE,
        PF_PAE_ENABLED,
        PF_XMMI64_INSTRUCTIONS_AVAILABLE,
        PF_NX_ENABLED,
    };
    for (size_t i = 0; i < sizeof always; i++) {
        shared->ProcessorFeatures[always[i]] = 1;
    }
    shared->ProcessorFeatures[PF_SSE3_INSTRUCTIONS_AVAILABLE] = (c & bit_SSE3) != 0;
    shared->ProcessorFeatures[PF_COMPARE_EXCHANGE128] = (c & bit_CMPXCHG16B) != 0;
    shared->ProcessorFeatures[PF_XSAVE_ENABLED] = (c & bit_OSXSAVE) != 0;
}

void shared_data_init(struct ntmm_machine *m)
{
    KUSER_SHARED_DATA *shared = kspace_host(&m->ke.ks, KI_USER_SHARED_DATA);
    static const WCHAR root[] = u"C:\\Windows";
    shared->TickCountMultiplier = TICK_COUNT_MULTIPLIER;
    shared->ImageNumberLow = shared->ImageNumberHigh = IMAGE_FILE_MACHINE_AMD64;
    memcpy(shared->NtSystemRoot, root, sizeof root);
    shared->LargePageMinimum = LARGE_PAGE;
    shared->NtProductType = NtProductWinNt;
    shared->ProductTypeIsValid = 1;
    shared->NtMajorVersion = 6;
    shared->NtMinorVersion = 1;
    shared->SuiteMask = SUITE_SINGLEUSERTS_TERMINAL;
    shared->NXSupportPolicy = NX_ALWAYS_ON;
    shared->KdDebuggerEnabled = m->options.debugger ? 3 : 0; /* enabled, present */
    shared->NumberOfPhysicalPages = (ULONG)(m->options.ram_size / PAGE_SIZE);
    shared->ActiveProcessorCount = m->cpu_count;
    shared->ActiveGroupCount = 1;
    shared->ActiveConsoleId = 1;
    set_features(shared);
    ke_set_shared_data(&m->ke, shared);
}

/* ntdll's stubs look here for a way into the kernel other than `syscall` (guest/ntdll/services.c).
 * Where somebody steps through programs, there is none, so that they look the same on all engines.
 * Source: the byte is Windows 10's; the address beside it is ours. */
void shared_data_set_gate(struct ntmm_machine *m)
{
    KUSER_SHARED_DATA *shared = kspace_host(&m->ke.ks, KI_USER_SHARED_DATA);
    uint64_t gate = m->engine_ops && !m->options.debugger ? m->engine_ops->gate : 0;
    shared->SystemCallPad[1] = gate;
    shared->SystemCallPad[0] = gate != 0;
}
