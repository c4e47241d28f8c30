/* guest/system/explorer.c: the shell of a logged-on user. */
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    hold_session_mutant(peb, L"_SHuassist.mtx");
    HANDLE events[] = {hold_session_event(peb, L"ShellDesktopSwitchEvent"), hold_event(NULL)};
    serve(events, sizeof events / sizeof *events);
}
