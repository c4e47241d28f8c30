/* guest/kernel32/console.c: the console.
 *
 * A console handle is a file on \Device\Console, a stream of bytes; the host's terminal speaks
 * UTF-8. So wide text is converted to UTF-8 and back, narrow text passes as it is. There is no
 * screen buffer: calls about one fail with ERROR_INVALID_HANDLE, as they do for a redirected
 * handle. Modes and code pages are remembered and answered. */
#include "k32.h"

#define ENABLE_PROCESSED_INPUT 0x1u
#define ENABLE_LINE_INPUT 0x2u
#define ENABLE_ECHO_INPUT 0x4u
#define ENABLE_MOUSE_INPUT 0x10u
#define ENABLE_INSERT_QUICK_EDIT_EXTENDED 0xE0u
#define ENABLE_PROCESSED_OUTPUT 0x1u
#define ENABLE_WRAP_AT_EOL_OUTPUT 0x2u

#define INPUT_MODE_DEFAULT                                                                         \
    (ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_MOUSE_INPUT |         \
     ENABLE_INSERT_QUICK_EDIT_EXTENDED)
#define OUTPUT_MODE_DEFAULT (ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT)

static struct {
    ULONG input_mode, output_mode;
    UINT input_page, output_page;
} console = {INPUT_MODE_DEFAULT, OUTPUT_MODE_DEFAULT, 437, 437};

BOOL is_console(HANDLE handle)
{
    FILE_FS_DEVICE_INFORMATION device;
    IO_STATUS_BLOCK iosb;
    return NT_SUCCESS(NtQueryVolumeInformationFile(handle, &iosb, &device, sizeof device,
                                                   FileFsDeviceInformation)) &&
           device.DeviceType == FILE_DEVICE_CONSOLE;
}

static BOOL is_input(HANDLE handle)
{
    return handle == GetStdHandle(STD_INPUT_HANDLE);
}

BOOL GetConsoleMode(HANDLE handle, ULONG *mode)
{
    if (!is_console(handle))
        return fail_error(ERROR_INVALID_HANDLE);
    *mode = is_input(handle) ? console.input_mode : console.output_mode;
    return TRUE;
}

BOOL SetConsoleMode(HANDLE handle, ULONG mode)
{
    if (!is_console(handle))
        return fail_error(ERROR_INVALID_HANDLE);
    if (is_input(handle))
        console.input_mode = mode;
    else
        console.output_mode = mode;
    return TRUE;
}

UINT GetConsoleCP(void)
{
    return console.input_page;
}

UINT GetConsoleOutputCP(void)
{
    return console.output_page;
}

BOOL SetConsoleCP(UINT page)
{
    if (!IsValidCodePage(page))
        return fail_error(ERROR_INVALID_PARAMETER);
    console.input_page = page;
    return TRUE;
}

BOOL SetConsoleOutputCP(UINT page)
{
    if (!IsValidCodePage(page))
        return fail_error(ERROR_INVALID_PARAMETER);
    console.output_page = page;
    return TRUE;
}

BOOL WriteConsoleA(HANDLE handle, const void *buffer, ULONG count, ULONG *written, void *reserved)
{
    (void)reserved;
    if (!is_console(handle))
        return fail_error(ERROR_INVALID_HANDLE);
    return WriteFile(handle, buffer, count, written, NULL);
}

BOOL WriteConsoleW(HANDLE handle, const void *buffer, ULONG count, ULONG *written, void *reserved)
{
    (void)reserved;
    if (written)
        *written = 0;
    if (!is_console(handle))
        return fail_error(ERROR_INVALID_HANDLE);
    if (!count)
        return TRUE;
    int size = WideCharToMultiByte(CP_UTF8, 0, buffer, (int)count, NULL, 0, NULL, NULL);
    char *utf8 = heap_alloc((ULONG64)size);
    ULONG put;
    if (!utf8)
        return FALSE;
    WideCharToMultiByte(CP_UTF8, 0, buffer, (int)count, utf8, size, NULL, NULL);
    BOOL ok = WriteFile(handle, utf8, (ULONG)size, &put, NULL);
    heap_free(utf8);
    if (ok && written)
        *written = count;
    return ok;
}

BOOL ReadConsoleA(HANDLE handle, void *buffer, ULONG count, ULONG *read, void *control)
{
    (void)control;
    if (!is_console(handle))
        return fail_error(ERROR_INVALID_HANDLE);
    return ReadFile(handle, buffer, count, read, NULL);
}

/* Reads at most as many bytes as characters are wanted, so that the result always fits. */
BOOL ReadConsoleW(HANDLE handle, void *buffer, ULONG count, ULONG *read, void *control)
{
    ULONG got = 0;
    (void)control;
    *read = 0;
    if (!is_console(handle))
        return fail_error(ERROR_INVALID_HANDLE);
    char *utf8 = heap_alloc(count ? count : 1);
    if (!utf8)
        return FALSE;
    BOOL ok = ReadFile(handle, utf8, count, &got, NULL);
    if (ok && got)
        *read = (ULONG)MultiByteToWideChar(CP_UTF8, 0, utf8, (int)got, buffer, (int)count);
    heap_free(utf8);
    return ok;
}

BOOL FlushConsoleInputBuffer(HANDLE handle)
{
    return is_console(handle) ? TRUE : fail_error(ERROR_INVALID_HANDLE);
}

BOOL GetConsoleScreenBufferInfo(HANDLE handle, void *info)
{
    (void)handle, (void)info;
    return fail_error(ERROR_INVALID_HANDLE);
}

BOOL SetConsoleTextAttribute(HANDLE handle, USHORT attributes)
{
    (void)handle, (void)attributes;
    return fail_error(ERROR_INVALID_HANDLE);
}

HANDLE GetConsoleWindow(void)
{
    return NULL;
}

/* Control handlers, last added first called. Ctrl-C reaches them through CtrlRoutine. */
typedef BOOL control_handler(ULONG type);
#define CONTROL_HANDLERS 32

static control_handler *control_handlers[CONTROL_HANDLERS];
static ULONG control_count;
static BOOL ignore_control_c;

BOOL SetConsoleCtrlHandler(void *handler, BOOL add)
{
    BOOL ok = FALSE;
    if (!handler) {
        ignore_control_c = add;
        return TRUE;
    }
    RtlAcquirePebLock();
    if (add && control_count < CONTROL_HANDLERS) {
        control_handlers[control_count++] = (control_handler *)handler;
        ok = TRUE;
    }
    for (ULONG i = control_count; !add && !ok && i-- > 0;) {
        if (control_handlers[i] != (control_handler *)handler)
            continue;
        for (; i + 1 < control_count; i++)
            control_handlers[i] = control_handlers[i + 1];
        control_count--;
        ok = TRUE;
    }
    RtlReleasePebLock();
    return ok ? TRUE : fail_error(ERROR_INVALID_PARAMETER);
}

/* The thread that the kernel starts for Ctrl-C and its like. Source: kernel32!CtrlRoutine of public
 * stack traces. */
ULONG CtrlRoutine(void *parameter)
{
    ULONG type = (ULONG)(ULONG64)parameter;
    if (type == 0 && ignore_control_c)
        return 0;
    for (ULONG i = control_count; i-- > 0;)
        if (control_handlers[i](type))
            return 0;
    ExitProcess((UINT)STATUS_CONTROL_C_EXIT);
    return 0;
}

BOOL AllocConsole(void)
{
    return fail_error(ERROR_ACCESS_DENIED); /* there is one already */
}

BOOL FreeConsole(void)
{
    return TRUE;
}

BOOL SetConsoleTitleW(const WCHAR *title)
{
    (void)title; /* the host's window is not ours to name */
    return TRUE;
}

BOOL SetConsoleTitleA(const char *title)
{
    (void)title;
    return TRUE;
}
