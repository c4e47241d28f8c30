/* guest/kernel32/process.c: this process, other processes, start-up information. */
#include "k32.h"

HANDLE GetCurrentProcess(void)
{
    return CURRENT_PROCESS;
}

ULONG GetCurrentProcessId(void)
{
    return (ULONG)(ULONG64)current_teb()->ClientId.UniqueProcess;
}

/* End the process: DLLs hear of it first, as documented. */
void ExitProcess(UINT code)
{
    RtlExitUserProcess((NTSTATUS)code);
}

BOOL TerminateProcess(HANDLE process, UINT code)
{
    if (!process)
        return fail_error(ERROR_INVALID_HANDLE);
    return done(NtTerminateProcess(process, (NTSTATUS)code));
}

static BOOL query_process(HANDLE process, PROCESS_BASIC_INFORMATION *info)
{
    return done(
        NtQueryInformationProcess(process, ProcessBasicInformation, info, sizeof *info, NULL));
}

BOOL GetExitCodeProcess(HANDLE process, ULONG *code)
{
    PROCESS_BASIC_INFORMATION info;
    if (!query_process(process, &info))
        return FALSE;
    *code = (ULONG)info.ExitStatus;
    return TRUE;
}

ULONG GetProcessId(HANDLE process)
{
    PROCESS_BASIC_INFORMATION info;
    return query_process(process, &info) ? (ULONG)(ULONG64)info.UniqueProcessId : 0;
}

HANDLE OpenProcess(ULONG access, BOOL inherit, ULONG id)
{
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .Attributes = inherit ? OBJ_INHERIT : 0};
    CLIENT_ID client = {.UniqueProcess = (void *)(ULONG64)id};
    HANDLE process = NULL;
    NTSTATUS status = NtOpenProcess(&process, access, &attributes, &client);
    if (status == STATUS_INVALID_CID) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return done(status) ? process : NULL;
}

BOOL GetProcessAffinityMask(HANDLE process, ULONG64 *mask, ULONG64 *system)
{
    PROCESS_BASIC_INFORMATION info;
    if (!query_process(process, &info))
        return FALSE;
    *mask = info.AffinityMask;
    *system = (1ull << current_peb()->NumberOfProcessors) - 1;
    return TRUE;
}

BOOL SetProcessAffinityMask(HANDLE process, ULONG64 mask)
{
    return done(NtSetInformationProcess(process, ProcessAffinityMask, &mask, sizeof mask));
}

/* Priority classes in the order of NT's numbers 1 to 6. Source: SetPriorityClass documentation. */
static const ULONG priority_classes[] = {0, 0x40, 0x20, 0x80, 0x100, 0x4000, 0x8000};

UCHAR priority_class_of(ULONG flags)
{
    for (UCHAR i = 1; i < sizeof priority_classes / sizeof *priority_classes; i++)
        if (flags & priority_classes[i])
            return i;
    return 0;
}

ULONG GetPriorityClass(HANDLE process)
{
    PROCESS_PRIORITY_CLASS class;
    if (!done(NtQueryInformationProcess(process, ProcessPriorityClass, &class, sizeof class, NULL)))
        return 0;
    return class.PriorityClass < sizeof priority_classes / sizeof *priority_classes
               ? priority_classes[class.PriorityClass]
               : 0;
}

BOOL SetPriorityClass(HANDLE process, ULONG priority)
{
    for (UCHAR i = 1; i < sizeof priority_classes / sizeof *priority_classes; i++)
        if (priority_classes[i] == priority) {
            PROCESS_PRIORITY_CLASS class = {.Foreground = 0, .PriorityClass = i};
            return done(
                NtSetInformationProcess(process, ProcessPriorityClass, &class, sizeof class));
        }
    return fail_error(ERROR_INVALID_PARAMETER);
}

BOOL GetProcessTimes(HANDLE process, FILETIME *creation, FILETIME *exit, FILETIME *kernel,
                     FILETIME *user)
{
    KERNEL_USER_TIMES times;
    if (!done(NtQueryInformationProcess(process, ProcessTimes, &times, sizeof times, NULL)))
        return FALSE;
    *creation = filetime_of(times.CreateTime);
    *exit = filetime_of(times.ExitTime);
    *kernel = filetime_of(times.KernelTime);
    *user = filetime_of(times.UserTime);
    return TRUE;
}

void GetStartupInfoW(STARTUPINFOW *info)
{
    const RTL_USER_PROCESS_PARAMETERS *p = current_peb()->ProcessParameters;
    *info = (STARTUPINFOW){
        .cb = sizeof *info,
        .lpReserved = p->ShellInfo.Buffer,
        .lpDesktop = p->DesktopInfo.Buffer,
        .lpTitle = p->WindowTitle.Buffer,
        .dwX = p->StartingX,
        .dwY = p->StartingY,
        .dwXSize = p->CountX,
        .dwYSize = p->CountY,
        .dwXCountChars = p->CountCharsX,
        .dwYCountChars = p->CountCharsY,
        .dwFillAttribute = p->FillAttribute,
        .dwFlags = p->WindowFlags,
        .wShowWindow = (USHORT)p->ShowWindowFlags,
        .cbReserved2 = p->RuntimeData.Length,
        .lpReserved2 = (UCHAR *)p->RuntimeData.Buffer,
        .hStdInput = p->StandardInput,
        .hStdOutput = p->StandardOutput,
        .hStdError = p->StandardError,
    };
}

/* The ANSI strings are made once and live as long as the process. */
static char *ansi_copy(const UNICODE_STRING *string)
{
    if (!string->Buffer)
        return NULL;
    ULONG length = string->Length / sizeof(WCHAR);
    ULONG size = copy_out_ansi(string->Buffer, length, NULL, 0);
    char *text = heap_alloc(size);
    if (text)
        copy_out_ansi(string->Buffer, length, text, size);
    return text;
}

struct ansi_startup {
    char *desktop, *title, *reserved, *command_line;
};

/* The strings of this process in ANSI; NULL members where the wide one is NULL or memory ran out.
 */
static const struct ansi_startup *ansi_strings(void)
{
    static struct ansi_startup *shared;
    static struct ansi_startup none;
    struct ansi_startup *ready = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
    if (ready)
        return ready;
    const RTL_USER_PROCESS_PARAMETERS *p = current_peb()->ProcessParameters;
    struct ansi_startup *made = heap_alloc(sizeof *made);
    if (!made)
        return &none;
    *made = (struct ansi_startup){ansi_copy(&p->DesktopInfo), ansi_copy(&p->WindowTitle),
                                  ansi_copy(&p->ShellInfo), ansi_copy(&p->CommandLine)};
    if (__atomic_compare_exchange_n(&shared, &ready, made, FALSE, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return made;
    heap_free(made->desktop);
    heap_free(made->title);
    heap_free(made->reserved);
    heap_free(made->command_line);
    heap_free(made);
    return ready;
}

void GetStartupInfoA(STARTUPINFOA *info)
{
    const struct ansi_startup *strings = ansi_strings();
    _Static_assert(sizeof(STARTUPINFOA) == sizeof(STARTUPINFOW), "same layout but for the strings");
    GetStartupInfoW((STARTUPINFOW *)info);
    info->lpDesktop = strings->desktop;
    info->lpTitle = strings->title;
    info->lpReserved = strings->reserved;
}

WCHAR *GetCommandLineW(void)
{
    return current_peb()->ProcessParameters->CommandLine.Buffer;
}

char *GetCommandLineA(void)
{
    return ansi_strings()->command_line;
}

/* kernel32 has no start-up work of its own; it hooks the end of threads for FLS. */
BOOL DllMain(void *module, ULONG reason, void *reserved)
{
    (void)module;
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        RtlSetUnhandledExceptionFilter((void *)UnhandledExceptionFilter);
        break;
    case DLL_THREAD_DETACH:
        fls_thread_detach();
        break;
    case DLL_PROCESS_DETACH:
        if (reserved) /* the process ends: the last thread's values are called back too */
            fls_thread_detach();
        break;
    }
    return TRUE;
}
