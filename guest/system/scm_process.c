/* guest/system/scm_process.c: in which process does a service run?
 *
 * On Windows the service control manager starts the processes. Here they are started beside it, so
 * it looks for them: a service runs in the process whose command line is the service's ImagePath. A
 * process that hosts services says that it is there (announce_host), and all are looked at again.
 */
#include "nt/access.h"
#include "scm.h"

enum { FIRST_LIST = 0x10000, LINE_BYTES = 1024 };

static BOOLEAN copy_from(HANDLE process, const void *address, void *to, ULONG64 size)
{
    ULONG64 read;

    return NT_SUCCESS(NtReadVirtualMemory(process, address, to, size, &read)) && read == size;
}

/* The command line of a process. => FALSE: it has none yet, or one that is no service's */
static BOOLEAN command_line(HANDLE process, WCHAR line[LINE_BYTES / sizeof(WCHAR)])
{
    PROCESS_BASIC_INFORMATION information;
    RTL_USER_PROCESS_PARAMETERS parameters;
    PEB peb;

    if (!NT_SUCCESS(NtQueryInformationProcess(process, ProcessBasicInformation, &information,
                                              sizeof information, NULL)) ||
        !information.PebBaseAddress ||
        !copy_from(process, (void *)information.PebBaseAddress, &peb, sizeof peb) ||
        !copy_from(process, peb.ProcessParameters, &parameters, sizeof parameters) ||
        parameters.CommandLine.Length >= LINE_BYTES ||
        !copy_from(process, parameters.CommandLine.Buffer, line, parameters.CommandLine.Length))
        return FALSE;
    line[parameters.CommandLine.Length / sizeof(WCHAR)] = 0;
    return TRUE;
}

static SERVICE_PROCESS *add_process(ULONG id, const WCHAR *line)
{
    SERVICE_PROCESS *process = scm_allocate(sizeof *process), *head = &ServiceDatabase.Processes;

    if (!process)
        return NULL;
    process->ImageName = scm_copy(line, (ULONG)wcslen(line) * sizeof(WCHAR));
    process->ProcessId = id;
    process->Prev = head->Prev;
    process->Next = head;
    head->Prev->Next = process;
    head->Prev = process;
    return process;
}

/* Whoever starts a service keeps it open. */
static void run(SERVICE_RECORD *record, SERVICE_PROCESS *process)
{
    SERVICE_HANDLE *handle = scm_allocate(sizeof *handle);

    if (handle) {
        handle->Tag = SCM_HANDLE_TAG;
        handle->AccessGranted = SERVICE_ALL_ACCESS;
        handle->ServiceRecord = record;
    }
    record->ServiceProcess = process;
    record->Status.dwWin32ExitCode = 0;
    record->Status.dwControlsAccepted = SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN;
    record->Status.dwCurrentState = SERVICE_RUNNING;
}

static void look_at(ULONG id, const WCHAR *line)
{
    SERVICE_PROCESS *process = NULL;

    for (SERVICE_RECORD *record = ServiceDatabase.First; record; record = record->ListNext) {
        if (record->Status.dwCurrentState != SERVICE_STOPPED || !record->ImagePath ||
            _wcsicmp(record->ImagePath, line))
            continue;
        if (!process)
            process = add_process(id, line);
        if (process)
            run(record, process);
    }
}

static void look_at_process(const SYSTEM_PROCESS_INFORMATION *entry)
{
    WCHAR line[LINE_BYTES / sizeof(WCHAR)];
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes};
    CLIENT_ID id = {.UniqueProcess = entry->UniqueProcessId};
    HANDLE process;

    if (!NT_SUCCESS(
            NtOpenProcess(&process, PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, &attributes, &id)))
        return;
    if (command_line(process, line))
        look_at((ULONG)(ULONG64)entry->UniqueProcessId, line);
    NtClose(process);
}

/* All processes of the machine; free with the heap. NULL: no memory */
static SYSTEM_PROCESS_INFORMATION *list_processes(void)
{
    for (ULONG size = FIRST_LIST;; size *= 2) {
        void *list = scm_allocate(size);
        if (!list)
            return NULL;
        NTSTATUS status = NtQuerySystemInformation(SystemProcessInformation, list, size, NULL);
        if (NT_SUCCESS(status))
            return list;
        RtlFreeHeap(ServiceDatabase.heap, 0, list);
        if (status != STATUS_INFO_LENGTH_MISMATCH)
            return NULL;
    }
}

static BOOLEAN all_started(void)
{
    for (const SERVICE_RECORD *record = ServiceDatabase.First; record; record = record->ListNext) {
        if (record->Start <= SERVICE_AUTO_START && record->Status.dwCurrentState != SERVICE_RUNNING)
            return FALSE;
    }
    return TRUE;
}

BOOLEAN scm_find_processes(void)
{
    SYSTEM_PROCESS_INFORMATION *list = list_processes(), *entry = list;

    while (entry) {
        look_at_process(entry);
        entry = entry->NextEntryOffset ? (void *)((char *)entry + entry->NextEntryOffset) : NULL;
    }
    if (list)
        RtlFreeHeap(ServiceDatabase.heap, 0, list);
    return all_started();
}
