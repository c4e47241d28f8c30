/* guest/system/services.c: the service control manager. It keeps the database of services
 * (scm.h) and marks those as running whose processes it finds. */
#include "scm.h"
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    (void)peb;
    HANDLE complete = hold_event(L"\\BaseNamedObjects\\SC_AutoStartComplete");
    HANDLE started = hold_event(L"\\BaseNamedObjects\\SvcctrlStartEvent_A3752DX");
    HANDLE events[] = {hold_event(HOST_EVENT), hold_event(NULL)};
    need(scm_load());
    NtSetEvent(started, NULL);
    if (scm_find_processes())
        NtSetEvent(complete, NULL);
    for (;;) {
        wait_for(events, sizeof events / sizeof *events);
        if (scm_find_processes())
            NtSetEvent(complete, NULL);
    }
}
