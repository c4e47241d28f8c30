/* guest/kernel32/exception.c: the last filter, raising, and debug output.
 *
 * ntdll calls the registered unhandled filter when no handler of a thread took an exception. Ours
 * is UnhandledExceptionFilter: a debugger is given its chance, then the program's own filter;
 * without one the process ends with the exception's code. Source: UnhandledExceptionFilter
 * documentation. */
#include "k32.h"

static TOP_LEVEL_FILTER *top_level_filter;
static ULONG error_mode;

TOP_LEVEL_FILTER *SetUnhandledExceptionFilter(TOP_LEVEL_FILTER *filter)
{
    return __atomic_exchange_n(&top_level_filter, filter, __ATOMIC_SEQ_CST);
}

LONG UnhandledExceptionFilter(struct _EXCEPTION_POINTERS *pointers)
{
    TOP_LEVEL_FILTER *filter = __atomic_load_n(&top_level_filter, __ATOMIC_SEQ_CST);
    if (current_peb()->BeingDebugged)
        return EXCEPTION_CONTINUE_SEARCH;
    if (filter) {
        LONG result = filter(pointers);
        if (result == EXCEPTION_CONTINUE_EXECUTION)
            return result;
        if (result == EXCEPTION_EXECUTE_HANDLER)
            NtTerminateProcess(CURRENT_PROCESS, pointers->ExceptionRecord->ExceptionCode);
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

void RaiseException(ULONG code, ULONG flags, ULONG count, const ULONG64 *arguments)
{
    EXCEPTION_RECORD record = {.ExceptionCode = (LONG)code,
                               .ExceptionFlags = flags & EXCEPTION_NONCONTINUABLE,
                               .ExceptionAddress = (void *)RaiseException};
    if (arguments) {
        if (count > EXCEPTION_MAXIMUM_PARAMETERS)
            count = EXCEPTION_MAXIMUM_PARAMETERS;
        record.NumberParameters = count;
        for (ULONG i = 0; i < count; i++)
            record.ExceptionInformation[i] = arguments[i];
    }
    RtlRaiseException(&record);
}

UINT GetErrorMode(void)
{
    return __atomic_load_n(&error_mode, __ATOMIC_SEQ_CST);
}

UINT SetErrorMode(UINT mode)
{
    return __atomic_exchange_n(&error_mode, mode, __ATOMIC_SEQ_CST);
}

BOOL IsDebuggerPresent(void)
{
    return current_peb()->BeingDebugged;
}

BOOL CheckRemoteDebuggerPresent(HANDLE process, BOOL *present)
{
    ULONG64 port = 0;
    if (!done(NtQueryInformationProcess(process, ProcessDebugPort, &port, sizeof port, NULL)))
        return FALSE;
    *present = port != 0;
    return TRUE;
}

void DebugBreak(void)
{
    DbgBreakPoint();
}

/* Text reaches a debugger through DbgPrint; there is no DBWIN listener to hand it to otherwise. */
void OutputDebugStringA(const char *text)
{
    if (text)
        DbgPrint("%s", text);
}

void OutputDebugStringW(const WCHAR *text)
{
    if (!text)
        return;
    int size = WideCharToMultiByte(CP_ACP, 0, text, -1, NULL, 0, NULL, NULL);
    char *narrow = heap_alloc((ULONG64)size);
    if (!narrow)
        return;
    WideCharToMultiByte(CP_ACP, 0, text, -1, narrow, size, NULL, NULL);
    OutputDebugStringA(narrow);
    heap_free(narrow);
}

void FatalAppExitA(UINT action, const char *message)
{
    (void)action;
    OutputDebugStringA(message);
    ExitProcess(1);
}
