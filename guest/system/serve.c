/* guest/system/serve.c: see serve.h. */
#include "serve.h"

enum { NAME_CHARACTERS = 96 };

void need(NTSTATUS status)
{
    if (!NT_SUCCESS(status)) {
        RtlExitUserProcess(status);
    }
}

/* OBJECT_ATTRIBUTES of a name, the object to be opened when it exists. */
static OBJECT_ATTRIBUTES *named(const WCHAR *name, OBJECT_ATTRIBUTES *attributes,
                                UNICODE_STRING *string)
{
    RtlInitUnicodeString(string, name);
    *attributes = (OBJECT_ATTRIBUTES){.Length = sizeof *attributes,
                                      .ObjectName = name ? string : NULL,
                                      .Attributes = OBJ_CASE_INSENSITIVE | OBJ_OPENIF};
    return attributes;
}

HANDLE hold_event(const WCHAR *name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE event;
    need(NtCreateEvent(&event, EVENT_ALL_ACCESS, named(name, &attributes, &string),
                       NotificationEvent, 0));
    return event;
}

HANDLE hold_directory(const WCHAR *name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE directory;
    need(NtCreateDirectoryObject(&directory, DIRECTORY_TRAVERSE | DIRECTORY_QUERY,
                                 named(name, &attributes, &string)));
    return directory;
}

void hold_session(const PEB *peb)
{
    WCHAR name[NAME_CHARACTERS];
    _snwprintf(name, NAME_CHARACTERS, L"\\Sessions\\%u", peb->SessionId);
    hold_directory(name);
    wcscat(name, L"\\BaseNamedObjects");
    hold_directory(name);
}

HANDLE hold_mutant(const WCHAR *name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE mutant;
    need(NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, named(name, &attributes, &string), 0));
    return mutant;
}

/* The name of an object of this process's session. */
static const WCHAR *in_session(const PEB *peb, const WCHAR *name, WCHAR path[NAME_CHARACTERS])
{
    if (peb->SessionId) {
        hold_session(peb);
        _snwprintf(path, NAME_CHARACTERS, L"\\Sessions\\%u\\BaseNamedObjects\\%s", peb->SessionId,
                   name);
    } else {
        _snwprintf(path, NAME_CHARACTERS, L"\\BaseNamedObjects\\%s", name);
    }
    return path;
}

HANDLE hold_session_event(const PEB *peb, const WCHAR *name)
{
    WCHAR path[NAME_CHARACTERS];
    return hold_event(in_session(peb, name, path));
}

HANDLE hold_session_mutant(const PEB *peb, const WCHAR *name)
{
    WCHAR path[NAME_CHARACTERS];
    return hold_mutant(in_session(peb, name, path));
}

static void work(void *event)
{
    serve(&event, 1);
}

void start_worker(HANDLE event)
{
    HANDLE thread;
    need(RtlCreateUserThread(NtCurrentProcess(), NULL, 0, 0, 0, 0, (void *)work, event, &thread,
                             NULL));
}

void announce_host(void)
{
    HANDLE event = hold_event(HOST_EVENT);

    NtSetEvent(event, NULL);
    NtClose(event);
}

void wait_for(HANDLE *events, ULONG count)
{
    NTSTATUS status = NtWaitForMultipleObjects(count, events, WaitAny, 0, NULL);

    need(status);
    NtResetEvent(events[status - STATUS_WAIT_0], NULL);
}

void serve(HANDLE *events, ULONG count)
{
    for (;;)
        wait_for(events, count);
}
