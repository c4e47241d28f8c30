/* guest/advapi32/advapi.h: what the files of advapi32 share.
 *
 * As kernel32: check, one or two Nt calls, the status as the thread's last error. */
#pragma once

#include "advapi32.h"
#include "kernel32.h"
#include "nt/security.h"
#include "ntdll.h"
#include "win32.h"

/* TRUE for success; otherwise the last error is set and the result is FALSE. */
BOOL done(NTSTATUS status);
BOOL fail_error(ULONG error);

BOOL DllMain(void *module, ULONG reason, void *reserved);
