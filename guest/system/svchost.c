/* guest/system/svchost.c: the host of a group of services, `svchost.exe -k GROUP`. One thread takes
 * the service control manager's requests, another one is the services'. */
#include "serve.h"

NTSTATUS NtProcessStartup(PEB *peb)
{
    (void)peb;
    start_worker(hold_event(NULL));
    announce_host();
    HANDLE control = hold_event(NULL);
    serve(&control, 1);
}
