/* guest/ntdll/params.c: the parameters of a process to be.
 *
 * One block of the process heap: the structure, the text of its strings, the environment. Pointers
 * are real (normalised), or distances from the block when that is wanted. The kernel gives the new
 * process a copy of its own. */
#include "ntdllp.h"

#define STRINGS 8

/* The strings of the structure, in the order of the arguments. */
static void list_strings(RTL_USER_PROCESS_PARAMETERS *p, UNICODE_STRING *list[STRINGS])
{
    UNICODE_STRING *const all[STRINGS] = {
        &p->ImagePathName, &p->DllPath,     &p->CurrentDirectory.DosPath,
        &p->CommandLine,   &p->WindowTitle, &p->DesktopInfo,
        &p->ShellInfo,     &p->RuntimeData};
    memcpy(list, all, sizeof all);
}

static ULONG64 environment_size(const WCHAR *environment)
{
    const WCHAR *end = environment;
    while (*end) {
        end += wcslen(end) + 1;
    }
    /* An empty block is two terminators. */
    return (ULONG64)(end + 1 + (end == environment) - environment) * sizeof(WCHAR);
}

static char *put(char *at, UNICODE_STRING *to, const UNICODE_STRING *from)
{
    *to = *from;
    to->MaximumLength = (USHORT)(from->Length + (from->Length < 0xFFFE ? sizeof(WCHAR) : 0));
    to->Buffer = (WCHAR *)at;
    memcpy(at, from->Buffer, from->Length);
    return at + (from->Length + sizeof(WCHAR) + 7) / 8 * 8;
}

/* Fill a zeroed block of `size` bytes. => PEB lock held */
static void fill(RTL_USER_PROCESS_PARAMETERS *p, ULONG size,
                 const UNICODE_STRING *const from[STRINGS], const WCHAR *environment,
                 ULONG64 environment_bytes)
{
    UNICODE_STRING *to[STRINGS];
    char *at = (char *)(p + 1);
    list_strings(p, to);
    for (ULONG i = 0; i < STRINGS; i++) {
        at = put(at, to[i], from[i]);
    }
    p->Length = p->MaximumLength = size;
    p->Flags = RTL_USER_PROC_PARAMS_NORMALIZED;
    p->Environment = at;
    p->EnvironmentSize = environment_bytes;
    if (environment && *environment) {
        memcpy(at, environment, environment_bytes);
    }
}

/* Make the parameters of a new process. Strings left out: DLL path and current folder are the
 * caller's, the command line is the image's path, the others empty. No environment: the caller's.
 * => STATUS_NO_MEMORY; RtlDestroyProcessParameters gives it back */
NTSTATUS RtlCreateProcessParametersEx(RTL_USER_PROCESS_PARAMETERS **out,
                                      const UNICODE_STRING *image, const UNICODE_STRING *dll_path,
                                      const UNICODE_STRING *directory,
                                      const UNICODE_STRING *command_line, const WCHAR *environment,
                                      const UNICODE_STRING *title, const UNICODE_STRING *desktop,
                                      const UNICODE_STRING *shell, const UNICODE_STRING *runtime,
                                      ULONG flags)
{
    static const UNICODE_STRING empty;
    const RTL_USER_PROCESS_PARAMETERS *own = current_peb()->ProcessParameters;
    RtlAcquirePebLock(); /* its own may change */
    const UNICODE_STRING *from[STRINGS] = {image,
                                           dll_path ? dll_path : &own->DllPath,
                                           directory ? directory : &own->CurrentDirectory.DosPath,
                                           command_line ? command_line : image,
                                           title ? title : &empty,
                                           desktop ? desktop : &empty,
                                           shell ? shell : &empty,
                                           runtime ? runtime : &empty};
    environment = environment ? environment : own->Environment;
    ULONG64 environment_bytes = environment_size(environment ? environment : L"");
    ULONG64 size = sizeof(RTL_USER_PROCESS_PARAMETERS) + environment_bytes;
    for (ULONG i = 0; i < STRINGS; i++) {
        size += (from[i]->Length + sizeof(WCHAR) + 7) / 8 * 8;
    }
    RTL_USER_PROCESS_PARAMETERS *p =
        RtlAllocateHeap(current_peb()->ProcessHeap, HEAP_ZERO_MEMORY, size);
    if (p) {
        fill(p, (ULONG)size, from, environment, environment_bytes);
    }
    RtlReleasePebLock();
    if (!p) {
        return STATUS_NO_MEMORY;
    }
    *out = flags & RTL_USER_PROC_PARAMS_NORMALIZED ? p : RtlDeNormalizeProcessParams(p);
    return STATUS_SUCCESS;
}

NTSTATUS RtlDestroyProcessParameters(RTL_USER_PROCESS_PARAMETERS *parameters)
{
    RtlFreeHeap(current_peb()->ProcessHeap, 0, parameters);
    return STATUS_SUCCESS;
}

static void shift_strings(RTL_USER_PROCESS_PARAMETERS *p, ULONG64 distance)
{
    UNICODE_STRING *strings[STRINGS];
    list_strings(p, strings);
    for (ULONG i = 0; i < STRINGS; i++) {
        if (strings[i]->Buffer) {
            strings[i]->Buffer = (WCHAR *)((ULONG64)strings[i]->Buffer + distance);
        }
    }
}

/* Turn distances into pointers, and back. */
RTL_USER_PROCESS_PARAMETERS *RtlNormalizeProcessParams(RTL_USER_PROCESS_PARAMETERS *p)
{
    if (p && !(p->Flags & RTL_USER_PROC_PARAMS_NORMALIZED)) {
        shift_strings(p, (ULONG64)p);
        p->Flags |= RTL_USER_PROC_PARAMS_NORMALIZED;
    }
    return p;
}

RTL_USER_PROCESS_PARAMETERS *RtlDeNormalizeProcessParams(RTL_USER_PROCESS_PARAMETERS *p)
{
    if (p && (p->Flags & RTL_USER_PROC_PARAMS_NORMALIZED)) {
        shift_strings(p, -(ULONG64)p);
        p->Flags &= ~RTL_USER_PROC_PARAMS_NORMALIZED;
    }
    return p;
}
