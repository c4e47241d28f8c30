/* guest/system/wininit.c: starts what session 0 needs, and stays until the system goes down. */
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    HANDLE events[] = {hold_session_event(peb, L"WinInitShutdown"), hold_event(NULL)};
    serve(events, sizeof events / sizeof *events);
}
