/* guest/system/smss.c: the session manager, the first process. */
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    (void)peb;
    hold_directory(L"\\KnownDlls");
    HANDLE events[] = {hold_event(L"\\UniqueSessionIdEvent"), hold_event(NULL)};
    serve(events, sizeof events / sizeof *events);
}
