/* guest/system/lsm.c: the local session manager. */
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    (void)peb;
    HANDLE events[] = {hold_event(L"\\BaseNamedObjects\\TermSrvReadyEvent"), hold_event(NULL)};
    serve(events, sizeof events / sizeof *events);
}
