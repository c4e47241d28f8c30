/* guest/system/winlogon.c: logs a user on to a session, and off. */
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    HANDLE events[] = {hold_session_event(peb, L"WinlogonLogoff"), hold_event(NULL)};
    serve(events, sizeof events / sizeof *events);
}
