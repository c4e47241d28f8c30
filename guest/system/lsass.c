/* guest/system/lsass.c: the local security authority. */
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    (void)peb;
    hold_event(L"\\SAM_SERVICE_STARTED");
    hold_event(L"\\BaseNamedObjects\\LSA_RPC_SERVER_ACTIVE");
    announce_host();
    HANDLE logons = hold_event(NULL);
    serve(&logons, 1);
}
