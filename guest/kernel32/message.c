/* guest/kernel32/message.c: FormatMessage.
 *
 * A message is text with inserts: %1 to %99, %n!format!, %0 (ends without a newline), %n, %r, %t,
 * %b and %% (documentation). System messages come from a table of the errors that programs meet;
 * others have no text, as on a system without that message (ERROR_MR_MID_NOT_FOUND). */
#include "k32.h"

#define FORMAT_MESSAGE_ALLOCATE_BUFFER 0x100u
#define FORMAT_MESSAGE_IGNORE_INSERTS 0x200u
#define FORMAT_MESSAGE_FROM_STRING 0x400u
#define FORMAT_MESSAGE_FROM_HMODULE 0x800u
#define FORMAT_MESSAGE_FROM_SYSTEM 0x1000u
#define FORMAT_MESSAGE_ARGUMENT_ARRAY 0x2000u
#define ERROR_MR_MID_NOT_FOUND 317u
#define LONGEST_MESSAGE 0xFFFFu

static const struct {
    ULONG code;
    const WCHAR *text;
} messages[] = {
    {ERROR_SUCCESS, L"The operation completed successfully."},
    {ERROR_INVALID_FUNCTION, L"Incorrect function."},
    {ERROR_FILE_NOT_FOUND, L"The system cannot find the file specified."},
    {ERROR_PATH_NOT_FOUND, L"The system cannot find the path specified."},
    {ERROR_TOO_MANY_OPEN_FILES, L"The system cannot open the file."},
    {ERROR_ACCESS_DENIED, L"Access is denied."},
    {ERROR_INVALID_HANDLE, L"The handle is invalid."},
    {ERROR_NOT_ENOUGH_MEMORY, L"Not enough storage is available to process this command."},
    {ERROR_BAD_ENVIRONMENT, L"The environment is incorrect."},
    {ERROR_BAD_FORMAT, L"An attempt was made to load a program with an incorrect format."},
    {ERROR_INVALID_ACCESS, L"The access code is invalid."},
    {ERROR_INVALID_DATA, L"The data is invalid."},
    {ERROR_OUTOFMEMORY, L"Not enough storage is available to complete this operation."},
    {ERROR_INVALID_DRIVE, L"The system cannot find the drive specified."},
    {ERROR_NO_MORE_FILES, L"There are no more files."},
    {ERROR_WRITE_PROTECT, L"The media is write protected."},
    {ERROR_GEN_FAILURE, L"A device attached to the system is not functioning."},
    {ERROR_SHARING_VIOLATION,
     L"The process cannot access the file because it is being used by another process."},
    {ERROR_HANDLE_EOF, L"Reached the end of the file."},
    {ERROR_NOT_SUPPORTED, L"The request is not supported."},
    {ERROR_FILE_EXISTS, L"The file exists."},
    {ERROR_INVALID_PARAMETER, L"The parameter is incorrect."},
    {ERROR_BROKEN_PIPE, L"The pipe has been ended."},
    {ERROR_DISK_FULL, L"There is not enough space on the disk."},
    {ERROR_CALL_NOT_IMPLEMENTED, L"This function is not supported on this system."},
    {ERROR_INSUFFICIENT_BUFFER, L"The data area passed to a system call is too small."},
    {ERROR_INVALID_NAME, L"The filename, directory name, or volume label syntax is incorrect."},
    {ERROR_MOD_NOT_FOUND, L"The specified module could not be found."},
    {ERROR_PROC_NOT_FOUND, L"The specified procedure could not be found."},
    {ERROR_NEGATIVE_SEEK,
     L"An attempt was made to move the file pointer before the beginning of the file."},
    {ERROR_DIR_NOT_EMPTY, L"The directory is not empty."},
    {ERROR_NOT_LOCKED, L"The segment is already unlocked."},
    {ERROR_ALREADY_EXISTS, L"Cannot create a file when that file already exists."},
    {ERROR_BAD_EXE_FORMAT, L"%1 is not a valid Win32 application."},
    {ERROR_ENVVAR_NOT_FOUND, L"The system could not find the environment option that was entered."},
    {ERROR_FILENAME_EXCED_RANGE, L"The filename or extension is too long."},
    {ERROR_MORE_DATA, L"More data is available."},
    {WAIT_TIMEOUT, L"The wait operation timed out."},
    {ERROR_NO_MORE_ITEMS, L"No more data is available."},
    {ERROR_DIRECTORY, L"The directory name is invalid."},
    {ERROR_INVALID_ADDRESS, L"Attempt to access invalid address."},
    {ERROR_NOACCESS, L"Invalid access to memory location."},
    {ERROR_INVALID_FLAGS, L"Invalid flags."},
    {ERROR_NO_UNICODE_TRANSLATION,
     L"No mapping for the Unicode character exists in the target multi-byte code page."},
    {ERROR_NOT_FOUND, L"Element not found."},
    {ERROR_TIMEOUT, L"This operation returned because the timeout period expired."},
};

/* Output: counted on the first pass, stored on the second. */
struct output {
    WCHAR *text;
    ULONG length;
    ULONG room;
};

static void emit(struct output *out, WCHAR c)
{
    if (out->text && out->length < out->room)
        out->text[out->length] = c;
    out->length++;
}

/* The arguments: an array of 64-bit values, or a va_list, which on x64 is a pointer to one. */
struct inserts {
    const ULONG64 *values;
    BOOL ansi; /* plain %n is a char string */
};

static void emit_text(struct output *out, const void *text, BOOL ansi)
{
    if (!text)
        text = ansi ? (const void *)"(null)" : (const void *)L"(null)";
    for (ULONG i = 0;; i++) {
        WCHAR c = ansi ? ((const UCHAR *)text)[i] : ((const WCHAR *)text)[i];
        if (!c)
            break;
        emit(out, c);
    }
}

#define LONGEST_SPEC 32

/* One insert with its "!spec!" (or none: a string). Numbers are left to ntdll's formatter. */
static const WCHAR *insert(struct output *out, const struct inserts *inserts, ULONG number,
                           const WCHAR *at)
{
    ULONG64 value = inserts->values ? inserts->values[number - 1] : 0;
    char spec[LONGEST_SPEC] = "%";
    ULONG n = 1;
    if (*at != '!') {
        emit_text(out, (const void *)value, inserts->ansi);
        return at;
    }
    for (at++; *at && *at != '!'; at++)
        if (n < LONGEST_SPEC - 1)
            spec[n++] = (char)*at;
    spec[n] = 0;
    char kind = spec[n - 1];
    if (kind == 's' || kind == 'S') {
        BOOL ansi = inserts->ansi != (kind == 'S');
        for (ULONG i = 1; i < n; i++)
            ansi = spec[i] == 'h' ? TRUE : spec[i] == 'l' || spec[i] == 'w' ? FALSE : ansi;
        emit_text(out, (const void *)value, ansi);
    } else {
        char text[128];
        _snprintf(text, sizeof text - 1, spec, value);
        text[sizeof text - 1] = 0;
        emit_text(out, text, TRUE);
    }
    return *at == '!' ? at + 1 : at;
}

static void expand(struct output *out, const WCHAR *at, ULONG flags, const struct inserts *inserts)
{
    while (*at) {
        if (*at != '%' || !at[1]) {
            emit(out, *at++);
            continue;
        }
        WCHAR c = at[1];
        if (c >= '1' && c <= '9') {
            const WCHAR *start = at;
            ULONG number = (ULONG)(c - '0');
            at += 2;
            if (*at >= '0' && *at <= '9')
                number = number * 10 + (ULONG)(*at++ - '0');
            if (flags & FORMAT_MESSAGE_IGNORE_INSERTS)
                while (start < at)
                    emit(out, *start++);
            else
                at = insert(out, inserts, number, at);
            continue;
        }
        at += 2;
        if (c == '0')
            return;
        if (c == 'n')
            emit(out, '\r');
        emit(out, c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c == 'b' ? ' ' : c);
    }
}

static const WCHAR *system_message(ULONG code)
{
    for (ULONG i = 0; i < sizeof messages / sizeof *messages; i++)
        if (messages[i].code == code)
            return messages[i].text;
    return NULL;
}

/* The message's text on the heap, terminated. => NULL with the last error set */
static WCHAR *build(ULONG flags, const WCHAR *source, ULONG code, const struct inserts *inserts,
                    ULONG *length)
{
    BOOL system = !(flags & FORMAT_MESSAGE_FROM_STRING);
    if (system)
        source = flags & FORMAT_MESSAGE_FROM_SYSTEM ? system_message(code) : NULL;
    if (!source) {
        SetLastError(system ? ERROR_MR_MID_NOT_FOUND : ERROR_INVALID_PARAMETER);
        return NULL;
    }
    struct output out = {0};
    for (int pass = 0; pass < 2; pass++) {
        out.length = 0;
        expand(&out, source, flags, inserts);
        if (system) {
            emit(&out, '\r');
            emit(&out, '\n');
        }
        if (pass)
            break;
        if (out.length > LONGEST_MESSAGE) {
            SetLastError(ERROR_MORE_DATA);
            return NULL;
        }
        out.room = out.length;
        out.text = heap_alloc((out.room + 1ull) * sizeof(WCHAR));
        if (!out.text)
            return NULL;
    }
    *length = out.length < out.room ? out.length : out.room;
    out.text[*length] = 0;
    return out.text;
}

static struct inserts inserts_of(ULONG flags, void *arguments, BOOL ansi)
{
    struct inserts inserts = {.ansi = ansi};
    if (arguments)
        inserts.values = flags & FORMAT_MESSAGE_ARGUMENT_ARRAY ? arguments : *(ULONG64 **)arguments;
    return inserts;
}

ULONG FormatMessageW(ULONG flags, const void *source, ULONG code, ULONG language, WCHAR *buffer,
                     ULONG size, void *arguments)
{
    struct inserts inserts = inserts_of(flags, arguments, FALSE);
    ULONG length;
    (void)language; /* one language */
    WCHAR *text = build(flags, source, code, &inserts, &length);
    if (!text)
        return 0;
    if (flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) {
        *(WCHAR **)(void *)buffer = text; /* the caller frees it with LocalFree */
        return length;
    }
    ULONG result = copy_out_wide(text, length, buffer, size);
    heap_free(text);
    if (result == length)
        return length;
    SetLastError(ERROR_INSUFFICIENT_BUFFER);
    return 0;
}

ULONG FormatMessageA(ULONG flags, const void *source, ULONG code, ULONG language, char *buffer,
                     ULONG size, void *arguments)
{
    struct inserts inserts = inserts_of(flags, arguments, TRUE);
    struct wide_arg arg = {0};
    ULONG length, result = 0;
    (void)language;
    if (flags & FORMAT_MESSAGE_FROM_STRING && !wide_arg_init(&arg, source))
        return 0;
    WCHAR *text = build(flags, arg.text, code, &inserts, &length);
    if (flags & FORMAT_MESSAGE_FROM_STRING)
        wide_arg_deinit(&arg);
    if (!text)
        return 0;
    if (flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) {
        ULONG needed = copy_out_ansi(text, length, NULL, 0);
        char *narrow = heap_alloc(needed);
        if (narrow)
            result = copy_out_ansi(text, length, narrow, needed);
        *(char **)(void *)buffer = narrow;
    } else {
        result = copy_out_ansi(text, length, buffer, size);
        if (result >= size) {
            SetLastError(ERROR_INSUFFICIENT_BUFFER);
            result = 0;
        }
    }
    heap_free(text);
    return result;
}
