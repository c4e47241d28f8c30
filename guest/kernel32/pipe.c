/* guest/kernel32/pipe.c: anonymous pipes, which are named pipes with a name of their own: the
 * server end reads, the client end writes. Source: CreatePipe, PeekNamedPipe, documentation; the
 * form of the name is the one that handle listings of Windows show. */
#include "k32.h"

#define DEFAULT_SIZE 4096u
#define NAME_CHARS 64
#define TIMEOUT_TICKS (-1200000000ll) /* two minutes, as CreatePipe sets it */

static LONG pipes_made;

static WCHAR *put_hex(WCHAR *to, ULONG number)
{
    static const WCHAR digits[] = L"0123456789abcdef";
    for (int shift = 28; shift >= 0; shift -= 4)
        *to++ = digits[number >> shift & 0xF];
    return to;
}

/* "\Device\NamedPipe\Win32Pipes.<process>.<number>" */
static void name_pipe(WCHAR name[NAME_CHARS], UNICODE_STRING *string)
{
    static const WCHAR prefix[] = L"\\Device\\NamedPipe\\Win32Pipes.";
    copy_bytes(name, prefix, sizeof prefix);
    WCHAR *to = put_hex(name + sizeof prefix / sizeof *prefix - 1, GetCurrentProcessId());
    *to++ = '.';
    to = put_hex(to, (ULONG)__atomic_add_fetch(&pipes_made, 1, __ATOMIC_RELAXED));
    *to = 0;
    RtlInitUnicodeString(string, name);
}

BOOL CreatePipe(HANDLE *read, HANDLE *write, const SECURITY_ATTRIBUTES *security, ULONG size)
{
    WCHAR text[NAME_CHARS];
    UNICODE_STRING name;
    HANDLE reader, writer;
    IO_STATUS_BLOCK iosb;
    LARGE_INTEGER timeout = {.QuadPart = TIMEOUT_TICKS};
    OBJECT_ATTRIBUTES attributes = {
        .Length = sizeof attributes,
        .ObjectName = &name,
        .Attributes =
            OBJ_CASE_INSENSITIVE | (security && security->bInheritHandle ? OBJ_INHERIT : 0),
        .SecurityDescriptor = security ? security->lpSecurityDescriptor : NULL,
    };
    if (!size)
        size = DEFAULT_SIZE;
    name_pipe(text, &name);
    NTSTATUS status = NtCreateNamedPipeFile(
        &reader, GENERIC_READ | FILE_WRITE_ATTRIBUTES | SYNCHRONIZE, &attributes, &iosb,
        FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT,
        FILE_PIPE_BYTE_STREAM_TYPE, FILE_PIPE_BYTE_STREAM_TYPE, 0, 1, size, size, &timeout);
    if (!NT_SUCCESS(status))
        return fail_status(status);
    status =
        NtOpenFile(&writer, GENERIC_WRITE | FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &iosb,
                   FILE_SHARE_READ, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(status)) {
        NtClose(reader);
        return fail_status(status);
    }
    *read = reader;
    *write = writer;
    return TRUE;
}

/* Look without taking. Each of the results may be left out. */
BOOL PeekNamedPipe(HANDLE pipe, void *buffer, ULONG size, ULONG *copied, ULONG *available,
                   ULONG *left)
{
    const ULONG fixed = (ULONG)offsetof(FILE_PIPE_PEEK_BUFFER, Data);
    IO_STATUS_BLOCK iosb;
    if (!buffer)
        size = 0;
    if (size > INT32_MAX)
        return fail_error(ERROR_INVALID_PARAMETER);
    FILE_PIPE_PEEK_BUFFER *answer = heap_alloc((ULONG64)fixed + size);
    if (!answer)
        return FALSE;
    NTSTATUS status = NtFsControlFile(pipe, NULL, NULL, NULL, &iosb, FSCTL_PIPE_PEEK, NULL, 0,
                                      answer, fixed + size);
    if (status == STATUS_BUFFER_OVERFLOW)
        status = STATUS_SUCCESS; /* there is more than was asked for */
    if (NT_SUCCESS(status)) {
        ULONG got = (ULONG)iosb.Information - fixed;
        copy_bytes(buffer, answer->Data, got);
        if (copied)
            *copied = got;
        if (available)
            *available = answer->ReadDataAvailable;
        if (left)
            *left = answer->MessageLength > got ? answer->MessageLength - got : 0;
    }
    heap_free(answer);
    return done(status);
}
