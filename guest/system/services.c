/* guest/system/services.c: the service control manager. */
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    (void)peb;
    hold_event(L"\\BaseNamedObjects\\SC_AutoStartComplete");
    HANDLE events[] = {hold_event(L"\\BaseNamedObjects\\SvcctrlStartEvent_A3752DX"),
                       hold_event(NULL)};
    serve(events, sizeof events / sizeof *events);
}
