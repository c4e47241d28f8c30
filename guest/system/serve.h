/* guest/system/serve.h: what the programs of the system have in common.
 *
 * Each makes the objects that it is known for and then waits for work that nobody brings. They are
 * native programs: they import ntdll alone, and begin at NtProcessStartup with their PEB. */
#pragma once

#include "ntdll.h"

NTSTATUS NtProcessStartup(PEB *peb);

/* Handles to objects of these names, made if they are not there yet; a name of NULL makes an
 * unnamed one. A program of the system that cannot have what it needs ends with the status. */
HANDLE hold_event(const WCHAR *name);
HANDLE hold_directory(const WCHAR *name);
HANDLE hold_mutant(const WCHAR *name);

/* Directories \Sessions\N and \Sessions\N\BaseNamedObjects of this process's session. */
void hold_session(const PEB *peb);
/* "\Sessions\1\BaseNamedObjects\NAME" in session 1, "\BaseNamedObjects\NAME" in session 0. */
HANDLE hold_session_event(const PEB *peb, const WCHAR *name);
HANDLE hold_session_mutant(const PEB *peb, const WCHAR *name);

/* A second thread that waits for `event`. */
void start_worker(HANDLE event);

/* What a process that hosts services sets when it is there, for the service control manager. */
#define HOST_EVENT L"\\BaseNamedObjects\\ServiceHostStarted"
void announce_host(void);

/* End the process unless the status is a success. */
void need(NTSTATUS status);

/* Wait for one of these, and reset it. */
void wait_for(HANDLE *events, ULONG count);
/* Wait for any of these, for good. */
_Noreturn void serve(HANDLE *events, ULONG count);
