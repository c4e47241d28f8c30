/* guest/kernel32/environment.c: environment variables.
 *
 * The block is ProcessParameters->Environment: NAME=value strings, each terminated, the last one
 * followed by an empty string. Reading walks it under the PEB lock; changing it is ntdll's business
 * (RtlSetEnvironmentVariable), which may move it. Names compare without case. */
#include "k32.h"

static WCHAR fold(WCHAR c)
{
    return c >= 'a' && c <= 'z' ? (WCHAR)(c - 'a' + 'A') : c;
}

static WCHAR *block(void)
{
    return current_peb()->ProcessParameters->Environment;
}

static void lock(void)
{
    RtlAcquirePebLock();
}

static void unlock(void)
{
    RtlReleasePebLock();
}

/* The value in "NAME=value" when that is the variable `name`, else NULL. The first character may be
 * '=', as in the hidden drive variables. */
static const WCHAR *match(const WCHAR *entry, const WCHAR *name, ULONG length)
{
    for (ULONG i = 0; i < length; i++)
        if (!entry[i] || fold(entry[i]) != fold(name[i]))
            return NULL;
    return length && entry[length] == '=' ? entry + length + 1 : NULL;
}

static const WCHAR *find(const WCHAR *name, ULONG length)
{
    for (const WCHAR *entry = block(); entry && *entry; entry += wide_length(entry) + 1) {
        const WCHAR *value = match(entry, name, length);
        if (value)
            return value;
    }
    return NULL;
}

static ULONG block_length(const WCHAR *environment)
{
    ULONG length = 0;
    while (environment[length])
        length += wide_length(environment + length) + 1;
    return length + 1;
}

ULONG GetEnvironmentVariableW(const WCHAR *name, WCHAR *buffer, ULONG size)
{
    ULONG result = 0;
    lock();
    const WCHAR *value = find(name, wide_length(name));
    if (value)
        result = copy_out_wide(value, wide_length(value), buffer, size);
    unlock();
    SetLastError(value ? ERROR_SUCCESS : ERROR_ENVVAR_NOT_FOUND);
    return result;
}

ULONG GetEnvironmentVariableA(const char *name, char *buffer, ULONG size)
{
    struct wide_arg arg;
    ULONG result = 0;
    if (!wide_arg_init(&arg, name))
        return 0;
    lock();
    const WCHAR *value = find(arg.text, wide_length(arg.text));
    if (value)
        result = copy_out_ansi(value, wide_length(value), buffer, size);
    unlock();
    wide_arg_deinit(&arg);
    SetLastError(value ? ERROR_SUCCESS : ERROR_ENVVAR_NOT_FOUND);
    return result;
}

BOOL SetEnvironmentVariableW(const WCHAR *name, const WCHAR *value)
{
    UNICODE_STRING name_string, value_string;
    if (!name || !name[0])
        return fail_error(ERROR_INVALID_PARAMETER);
    RtlInitUnicodeString(&name_string, name);
    RtlInitUnicodeString(&value_string, value);
    NTSTATUS status = RtlSetEnvironmentVariable(NULL, &name_string, value ? &value_string : NULL);
    if (status == STATUS_VARIABLE_NOT_FOUND)
        return fail_error(ERROR_ENVVAR_NOT_FOUND);
    return done(status);
}

BOOL SetEnvironmentVariableA(const char *name, const char *value)
{
    struct wide_arg wide_name, wide_value;
    BOOL result = FALSE;
    if (!wide_arg_init(&wide_name, name))
        return FALSE;
    if (wide_arg_init(&wide_value, value)) {
        result = SetEnvironmentVariableW(wide_name.text, wide_value.text);
        wide_arg_deinit(&wide_value);
    }
    wide_arg_deinit(&wide_name);
    return result;
}

WCHAR *GetEnvironmentStringsW(void)
{
    static const WCHAR none[2];
    lock();
    const WCHAR *from = block() ? block() : none;
    ULONG length = block_length(from);
    WCHAR *copy = heap_alloc(length * sizeof(WCHAR));
    if (copy)
        copy_bytes(copy, from, length * sizeof(WCHAR));
    unlock();
    return copy;
}

char *GetEnvironmentStringsA(void)
{
    WCHAR *wide = GetEnvironmentStringsW();
    if (!wide)
        return NULL;
    int length = (int)block_length(wide);
    int size = WideCharToMultiByte(CP_ACP, 0, wide, length, NULL, 0, NULL, NULL);
    char *copy = heap_alloc((ULONG64)size);
    if (copy)
        WideCharToMultiByte(CP_ACP, 0, wide, length, copy, size, NULL, NULL);
    heap_free(wide);
    return copy;
}

BOOL FreeEnvironmentStringsW(WCHAR *strings)
{
    heap_free(strings);
    return TRUE;
}

BOOL FreeEnvironmentStringsA(char *strings)
{
    heap_free(strings);
    return TRUE;
}

/* Replace %NAME% by its value; a name that does not exist stays as it is, percent signs included.
 * => the characters needed with the terminator, of which at most `size` were stored */
ULONG ExpandEnvironmentStringsW(const WCHAR *source, WCHAR *buffer, ULONG size)
{
    ULONG count = 0;
    lock();
    while (*source) {
        const WCHAR *text = source;
        ULONG length = 1;
        if (*source == '%') {
            ULONG n = 0;
            while (source[1 + n] && source[1 + n] != '%')
                n++;
            const WCHAR *value = source[1 + n] ? find(source + 1, n) : NULL;
            if (value) {
                text = value;
                length = wide_length(value);
                source += n + 1;
            }
        }
        for (ULONG i = 0; i < length; i++, count++)
            if (count < size)
                buffer[count] = text[i];
        source++;
    }
    unlock();
    if (count < size)
        buffer[count] = 0;
    return count + 1;
}

ULONG ExpandEnvironmentStringsA(const char *source, char *buffer, ULONG size)
{
    struct wide_arg arg;
    ULONG result = 0;
    if (!wide_arg_init(&arg, source))
        return 0;
    ULONG needed = ExpandEnvironmentStringsW(arg.text, NULL, 0);
    WCHAR *wide = heap_alloc(needed * sizeof(WCHAR));
    if (wide) {
        ExpandEnvironmentStringsW(arg.text, wide, needed);
        result = copy_out_ansi(wide, needed - 1, buffer, size);
        result += result < size; /* the terminator counts in both cases here */
    }
    heap_free(wide);
    wide_arg_deinit(&arg);
    return result;
}
