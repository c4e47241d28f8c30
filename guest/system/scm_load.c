/* guest/system/scm_load.c: records of services from SYSTEM\CurrentControlSet\Services. */
#include "nt/access.h"
#include "scm.h"

enum { VALUE_BYTES = 1024, HEAP_RESERVE = 0x100000, HEAP_COMMIT = 0x20000 };

static const WCHAR services_path[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services";

struct scm_database ServiceDatabase;

void *scm_allocate(ULONG64 size)
{
    return RtlAllocateHeap(ServiceDatabase.heap, HEAP_ZERO_MEMORY, size);
}

WCHAR *scm_copy(const WCHAR *text, ULONG bytes)
{
    WCHAR *copy = scm_allocate(bytes + sizeof(WCHAR));

    if (copy)
        __builtin_memcpy(copy, text, bytes);
    return copy;
}

static NTSTATUS open_key(HANDLE root, const WCHAR *name, HANDLE *key)
{
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .RootDirectory = root,
                                    .ObjectName = &string,
                                    .Attributes = OBJ_CASE_INSENSITIVE};

    return NtOpenKey(key, KEY_READ, &attributes);
}

/* A value of at most VALUE_BYTES. => bytes; 0: there is none */
static ULONG read_value(HANDLE key, const WCHAR *name, void *data)
{
    union {
        KEY_VALUE_PARTIAL_INFORMATION information;
        UCHAR bytes[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + VALUE_BYTES];
    } buffer;
    UNICODE_STRING string;
    ULONG length;

    RtlInitUnicodeString(&string, name);
    if (!NT_SUCCESS(NtQueryValueKey(key, &string, KeyValuePartialInformation, &buffer,
                                    sizeof buffer, &length)) ||
        buffer.information.DataLength > VALUE_BYTES)
        return 0;
    __builtin_memcpy(data, buffer.information.Data, buffer.information.DataLength);
    return buffer.information.DataLength;
}

static ULONG read_number(HANDLE key, const WCHAR *name)
{
    ULONG number[VALUE_BYTES / sizeof(ULONG)];

    return read_value(key, name, number) == sizeof *number ? *number : 0;
}

/* A copy of a text, environment variables replaced; NULL: there is none. */
static WCHAR *read_text(HANDLE key, const WCHAR *name)
{
    WCHAR raw[VALUE_BYTES / sizeof(WCHAR) + 1], expanded[VALUE_BYTES];
    ULONG bytes = read_value(key, name, raw);
    UNICODE_STRING from, to = {.MaximumLength = sizeof expanded, .Buffer = expanded};

    if (!bytes)
        return NULL;
    raw[bytes / sizeof(WCHAR)] = 0;
    RtlInitUnicodeString(&from, raw);
    if (!NT_SUCCESS(RtlExpandEnvironmentStrings_U(NULL, &from, &to, NULL)))
        return NULL;
    return scm_copy(expanded, to.Length);
}

/* "\FileSystem\Ntfs" */
static WCHAR *driver_name(const SERVICE_RECORD *record)
{
    WCHAR name[VALUE_BYTES];
    int length = _snwprintf(
        name, VALUE_BYTES, L"%s%s",
        record->Status.dwServiceType == SERVICE_KERNEL_DRIVER ? L"\\Driver\\" : L"\\FileSystem\\",
        record->ServiceName);

    return length > 0 ? scm_copy(name, (ULONG)length * sizeof(WCHAR)) : NULL;
}

static void link_record(SERVICE_RECORD *record)
{
    SERVICE_RECORD *last = ServiceDatabase.Last;

    record->PrevEntry = record->ListPrev = last;
    if (last)
        last->ListNext = record;
    else
        ServiceDatabase.First = record;
    ServiceDatabase.Last = record;
    record->Order = (ULONG)++ServiceDatabase.Count;
}

static NTSTATUS add_service(const WCHAR *name, ULONG bytes)
{
    SERVICE_RECORD *record = scm_allocate(sizeof *record);
    HANDLE key;

    if (!record)
        return STATUS_NO_MEMORY;
    record->Tag = SCM_RECORD_TAG;
    record->ServiceName = scm_copy(name, bytes);
    NTSTATUS status = record->ServiceName ? open_key(ServiceDatabase.key, record->ServiceName, &key)
                                          : STATUS_NO_MEMORY;
    if (!NT_SUCCESS(status))
        return status;
    record->DisplayName = read_text(key, L"DisplayName");
    record->ImagePath = read_text(key, L"ImagePath");
    record->Start = read_number(key, L"Start");
    record->ErrorControl = read_number(key, L"ErrorControl");
    record->Status.dwServiceType = read_number(key, L"Type");
    record->Status.dwCurrentState = SERVICE_STOPPED;
    record->Status.dwWin32ExitCode = ERROR_SERVICE_NEVER_STARTED;
    NtClose(key);
    if (record->Status.dwServiceType & (SERVICE_KERNEL_DRIVER | SERVICE_FILE_SYSTEM_DRIVER)) {
        record->DriverName = driver_name(record);
        record->Status.dwCurrentState = SERVICE_RUNNING;
        record->Status.dwWin32ExitCode = 0;
    }
    link_record(record);
    return STATUS_SUCCESS;
}

NTSTATUS scm_load(void)
{
    union {
        KEY_BASIC_INFORMATION information;
        UCHAR bytes[sizeof(KEY_BASIC_INFORMATION) + VALUE_BYTES];
    } buffer;
    ULONG length;

    ServiceDatabase.Processes.Prev = ServiceDatabase.Processes.Next = &ServiceDatabase.Processes;
    ServiceDatabase.heap =
        RtlCreateHeap(HEAP_GROWABLE, NULL, HEAP_RESERVE, HEAP_COMMIT, NULL, NULL);
    if (!ServiceDatabase.heap)
        return STATUS_NO_MEMORY;
    NTSTATUS status = open_key(NULL, services_path, &ServiceDatabase.key);
    for (ULONG i = 0; NT_SUCCESS(status); i++) {
        status = NtEnumerateKey(ServiceDatabase.key, i, KeyBasicInformation, &buffer, sizeof buffer,
                                &length);
        if (NT_SUCCESS(status))
            status = add_service(buffer.information.Name, buffer.information.NameLength);
    }
    return status == STATUS_NO_MORE_ENTRIES ? STATUS_SUCCESS : status;
}
