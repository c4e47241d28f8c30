/* guest/ntdll/version.c: what system this is, as the PEB says. */
#include "ntdllp.h"

/* Fills as much as dwOSVersionInfoSize says: the plain (0x114) or the extended form. */
NTSTATUS RtlGetVersion(RTL_OSVERSIONINFOEXW *information)
{
    const PEB *peb = current_peb();
    information->dwMajorVersion = peb->OSMajorVersion;
    information->dwMinorVersion = peb->OSMinorVersion;
    information->dwBuildNumber = peb->OSBuildNumber;
    information->dwPlatformId = peb->OSPlatformId;
    UNICODE_STRING pack = {.Buffer = information->szCSDVersion,
                           .MaximumLength = sizeof information->szCSDVersion};
    information->szCSDVersion[0] = 0;
    RtlCopyUnicodeString(&pack, &peb->CSDVersion);
    if (information->dwOSVersionInfoSize == sizeof *information) {
        information->wServicePackMajor = peb->OSCSDVersion >> 8;
        information->wServicePackMinor = peb->OSCSDVersion & 0xFF;
        information->wSuiteMask = (USHORT)SharedUserData->SuiteMask;
        information->wProductType = (UCHAR)SharedUserData->NtProductType;
        information->wReserved = 0;
    }
    return STATUS_SUCCESS;
}

/* The build number has 0xF0000000 of free builds added. */
void RtlGetNtVersionNumbers(ULONG *major, ULONG *minor, ULONG *build)
{
    const PEB *peb = current_peb();
    if (major) {
        *major = peb->OSMajorVersion;
    }
    if (minor) {
        *minor = peb->OSMinorVersion;
    }
    if (build) {
        *build = 0xF0000000u | peb->OSBuildNumber;
    }
}
