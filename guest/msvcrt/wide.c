/* guest/msvcrt/wide.c: conversions between the widths with room and state, messages and times as
 * wide text, and what the environment functions with room need. Source: mbstowcs_s, wcstombs_s,
 * strerror_s, getenv_s, documentation. */
#include "crt.h"
#include "msvcrt.h"

/* ---- whole strings ---- */

/* `got` characters without the end were converted, -1: one has no counterpart; room for one more
 * must be there. With TRUNCATE what fits stays. */
static errno_t finish(size_t got, size_t needed, size_t room, size_t count, size_t *converted)
{
    if (got == (size_t)-1)
        return *_errno();
    if (needed < room) {
        if (converted)
            *converted = needed + 1;
        return 0;
    }
    if (count != TRUNCATE)
        return crt_invalid_parameter(ERANGE);
    if (converted)
        *converted = room;
    return STRUNCATE;
}

errno_t mbstowcs_s(size_t *converted, WCHAR *to, size_t room, const char *from, size_t count)
{
    if (converted)
        *converted = 0;
    if (to && room)
        *to = 0;
    if (!to != !room || !from)
        return crt_invalid_parameter(EINVAL);
    size_t needed = strnlen(from, count);
    if (!to) {
        if (converted)
            *converted = needed + 1;
        return 0;
    }
    size_t part = needed < room ? needed : room - 1;
    size_t got = mbstowcs(to, from, part);
    errno_t error = finish(got, needed, room, count, converted);
    to[error && error != STRUNCATE ? 0 : part] = 0;
    return error;
}

errno_t wcstombs_s(size_t *converted, char *to, size_t room, const WCHAR *from, size_t count)
{
    if (converted)
        *converted = 0;
    if (to && room)
        *to = 0;
    if (!to != !room || !from)
        return crt_invalid_parameter(EINVAL);
    size_t needed = wcsnlen(from, count);
    if (!to) {
        if (converted)
            *converted = needed + 1;
        return 0;
    }
    size_t part = needed < room ? needed : room - 1;
    size_t got = wcstombs(to, from, part);
    errno_t error = finish(got, needed, room, count, converted);
    to[error && error != STRUNCATE ? 0 : part] = 0;
    return error;
}

errno_t mbsrtowcs_s(size_t *converted, WCHAR *to, size_t room, const char **from, size_t count,
                    int *state)
{
    (void)state;
    if (!from)
        return crt_invalid_parameter(EINVAL);
    errno_t error = mbstowcs_s(converted, to, room, *from, count);
    if (!error && to)
        *from = NULL;
    return error;
}

errno_t wcsrtombs_s(size_t *converted, char *to, size_t room, const WCHAR **from, size_t count,
                    int *state)
{
    (void)state;
    if (!from)
        return crt_invalid_parameter(EINVAL);
    errno_t error = wcstombs_s(converted, to, room, *from, count);
    if (!error && to)
        *from = NULL;
    return error;
}

errno_t wctomb_s(int *size, char *to, size_t room, WCHAR c)
{
    char one[2];
    if (!to && room)
        return crt_invalid_parameter(EINVAL);
    if (!to) {
        if (size)
            *size = 0; /* no shift states */
        return 0;
    }
    int length = wctomb(one, c);
    if (size)
        *size = length;
    if (length < 0)
        return *_errno();
    if ((size_t)length > room)
        return crt_invalid_parameter(ERANGE);
    *to = one[0];
    return 0;
}

errno_t wcrtomb_s(size_t *size, char *to, size_t room, WCHAR c, int *state)
{
    int length = 0;
    (void)state;
    errno_t error = wctomb_s(&length, to, room, c);
    if (size)
        *size = to ? (size_t)length : 1;
    return error;
}

/* ---- messages ---- */

errno_t strerror_s(char *buffer, size_t room, int error)
{
    if (!buffer || !room)
        return crt_invalid_parameter(EINVAL);
    strncpy_s(buffer, room, strerror(error), TRUNCATE);
    return 0;
}

errno_t _wcserror_s(WCHAR *buffer, size_t room, int error)
{
    if (!buffer || !room)
        return crt_invalid_parameter(EINVAL);
    wcsncpy_s(buffer, room, _wcserror(error), TRUNCATE);
    return 0;
}

/* "prefix: message of errno\n"; without a prefix the message alone. */
static errno_t with_prefix(char *buffer, size_t room, const char *prefix)
{
    if (!buffer || !room)
        return crt_invalid_parameter(EINVAL);
    const char *message = strerror(*_errno());
    if (prefix && *prefix)
        _snprintf(buffer, room, "%s: %s\n", prefix, message);
    else
        _snprintf(buffer, room, "%s\n", message);
    buffer[room - 1] = 0;
    return 0;
}

errno_t _strerror_s(char *buffer, size_t room, const char *prefix)
{
    return with_prefix(buffer, room, prefix);
}

char *_strerror(const char *prefix)
{
    struct crt_thread *thread = crt_thread();
    with_prefix(thread->message, sizeof thread->message, prefix);
    return thread->message;
}

errno_t __wcserror_s(WCHAR *buffer, size_t room, const WCHAR *prefix)
{
    if (!buffer || !room)
        return crt_invalid_parameter(EINVAL);
    const WCHAR *message = _wcserror(*_errno());
    if (prefix && *prefix)
        _snwprintf(buffer, room, L"%s: %s\n", prefix, message);
    else
        _snwprintf(buffer, room, L"%s\n", message);
    buffer[room - 1] = 0;
    return 0;
}

WCHAR *__wcserror(const WCHAR *prefix)
{
    struct crt_thread *thread = crt_thread();
    __wcserror_s(thread->wmessage, sizeof thread->wmessage / sizeof(WCHAR), prefix);
    return thread->wmessage;
}

void _wperror(const WCHAR *message)
{
    const char *text = strerror(*_errno());
    FILE *err = __iob_func() + 2;
    if (message && *message)
        fprintf(err, "%S: ", message);
    fprintf(err, "%s\n", text);
}

/* ---- times ---- */

WCHAR *_wasctime(const struct tm *tm)
{
    WCHAR *text = crt_thread()->wasctime;
    const char *narrow = asctime(tm);
    return narrow && mbstowcs(text, narrow, 26) != (size_t)-1 ? text : NULL;
}

WCHAR *_wctime64(const time64 *time)
{
    const struct tm *tm = _localtime64(time);
    return tm ? _wasctime(tm) : NULL;
}

WCHAR *_wstrdate(WCHAR *buffer)
{
    char text[9];
    mbstowcs(buffer, _strdate(text), sizeof text);
    return buffer;
}

WCHAR *_wstrtime(WCHAR *buffer)
{
    char text[9];
    mbstowcs(buffer, _strtime(text), sizeof text);
    return buffer;
}

/* ---- the environment ---- */

errno_t getenv_s(size_t *needed, char *buffer, size_t room, const char *name)
{
    if (!needed || !buffer != !room || !name) {
        if (needed)
            *needed = 0;
        return crt_invalid_parameter(EINVAL);
    }
    const char *value = getenv(name);
    if (room)
        *buffer = 0;
    *needed = value ? strlen(value) + 1 : 0;
    if (!value || !room)
        return 0;
    if (*needed > room)
        return crt_invalid_parameter(ERANGE);
    memcpy(buffer, value, *needed);
    return 0;
}

errno_t _wgetenv_s(size_t *needed, WCHAR *buffer, size_t room, const WCHAR *name)
{
    if (!needed || !buffer != !room || !name) {
        if (needed)
            *needed = 0;
        return crt_invalid_parameter(EINVAL);
    }
    const WCHAR *value = _wgetenv(name);
    if (room)
        *buffer = 0;
    *needed = value ? wcslen(value) + 1 : 0;
    if (!value || !room)
        return 0;
    if (*needed > room)
        return crt_invalid_parameter(ERANGE);
    memcpy(buffer, value, *needed * sizeof(WCHAR));
    return 0;
}

errno_t _wputenv_s(const WCHAR *name, const WCHAR *value)
{
    if (!name || !value || !*name || wcschr(name, '='))
        return crt_invalid_parameter(EINVAL);
    size_t size = wcslen(name) + wcslen(value) + 2;
    WCHAR *assignment = malloc(size * sizeof(WCHAR));
    if (!assignment)
        return crt_invalid_parameter(ENOMEM);
    _snwprintf(assignment, size, L"%s=%s", name, value);
    int result = _wputenv(assignment);
    free(assignment);
    return result ? *_errno() : 0;
}

errno_t _putenv_s(const char *name, const char *value)
{
    if (!name || !value)
        return crt_invalid_parameter(EINVAL);
    WCHAR *wide_name = crt_wide_copy(name), *wide_value = crt_wide_copy(value);
    errno_t error = ENOMEM;
    if (wide_name && wide_value)
        error = _wputenv_s(wide_name, wide_value);
    free(wide_name);
    free(wide_value);
    return error;
}
