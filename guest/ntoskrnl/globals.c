/* guest/ntoskrnl/globals.c: nt's variables.
 *
 * The executive is host code, but its variables live here, in the image of nt in guest memory, so
 * that a debugger finds each under Windows' name. include/nt/globals.h lists them; this file
 * defines every row, gives those that are constant from the build on their values, and exports
 * NtmmGlobals: the address of each row in the order of the list, which is how the host finds them
 * at boot. Null bytes elsewhere are filled by the host as it boots. */
#include "nt/globals.h"

#include "nt/layout.h"
#include "nt/memory.h"
#include "nt/services.h"

#define X(type, name) __typeof__(type) name;
#define A(type, name, count) __typeof__(type) name[count];
NT_GLOBALS(X, A)
#undef X
#undef A

void *const NtmmGlobals[] = {
#define X(type, name) &name,
#define A(type, name, count) name,
    NT_GLOBALS(X, A)
#undef X
#undef A
};

/* Free build (0xF) 7601 of Windows 7, Service Pack 1. */
ULONG NtBuildNumber = 0xF0000000u | 7601u;
ULONG CmNtCSDVersion = 0x100;
const char NtBuildLab[] = "7601.17514.amd64fre.win7sp1_rtm.101119-1850";

#define COUNT(number, name, arguments) +1
ULONG KiServiceLimit = 0 NT_SERVICES(COUNT);
#undef COUNT

KPTR(void) MmSystemRangeStart = (void *)MM_SYSTEM_RANGE_START;
KPTR(void) MmUserProbeAddress = (void *)MM_USER_PROBE_ADDRESS;
KPTR(void) MmHighestUserAddress = (void *)MM_HIGHEST_USER_ADDRESS;

/* The PAGE_* value of each 5-bit MM_* protection: the base protection in bits 0-2, its modifier
 * (no cache, guard, write combined) in bits 3-4. Modifiers of "no access" keep plain PAGE_NOACCESS.
 */
#define WITH(modifier)                                                                             \
    PAGE_NOACCESS, PAGE_READONLY | (modifier), PAGE_EXECUTE | (modifier),                          \
        PAGE_EXECUTE_READ | (modifier), PAGE_READWRITE | (modifier), PAGE_WRITECOPY | (modifier),  \
        PAGE_EXECUTE_READWRITE | (modifier), PAGE_EXECUTE_WRITECOPY | (modifier)
ULONG MmProtectToValue[32] = {WITH(0), WITH(PAGE_NOCACHE), WITH(PAGE_GUARD),
                              WITH(PAGE_WRITECOMBINE)};
#undef WITH

/* How far before an OBJECT_HEADER an optional header lies: entry m, for the InfoMask bits up to and
 * including the wanted header's, is the sum of the sizes of the headers in m. Bit 0 is nearest to
 * the object. Source: InfoMask and ObpInfoMaskToOffset, "Windows 7 object headers" (published
 * analyses). */
#define BIT(m, bit, type) (((m) >> (bit)&1) * sizeof(type))
#define AT(m)                                                                                      \
    BIT(m, 0, OBJECT_HEADER_CREATOR_INFO) + BIT(m, 1, OBJECT_HEADER_NAME_INFO) +                   \
        BIT(m, 2, OBJECT_HEADER_HANDLE_INFO) + BIT(m, 3, OBJECT_HEADER_QUOTA_INFO) +               \
        BIT(m, 4, OBJECT_HEADER_PROCESS_INFO)
#define AT4(m) AT(m), AT((m) + 1), AT((m) + 2), AT((m) + 3)
#define AT16(m) AT4(m), AT4((m) + 4), AT4((m) + 8), AT4((m) + 12)
UCHAR ObpInfoMaskToOffset[64] = {AT16(0), AT16(16), AT16(32), AT16(48)};
#undef BIT
#undef AT
#undef AT4
#undef AT16
