/* guest/system/csrss.c: the Windows subsystem of a session. One thread would take requests of
 * programs, another those of the session manager. */
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    hold_session(peb);
    hold_directory(L"\\Windows");
    start_worker(hold_event(NULL));
    HANDLE requests = hold_event(NULL);
    serve(&requests, 1);
}
