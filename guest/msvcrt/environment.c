/* guest/msvcrt/environment.c: the environment as the C library has it: two vectors of "NAME=value",
 * narrow and wide, in the same order, which are made when they are first asked for. */
#include "crt.h"
#include "msvcrt.h"

char *crt_narrow_copy(const WCHAR *text)
{
    int size = WideCharToMultiByte(CP_ACP, 0, text, -1, NULL, 0, NULL, NULL);
    char *copy = malloc((ULONG64)size);
    if (copy)
        WideCharToMultiByte(CP_ACP, 0, text, -1, copy, size, NULL, NULL);
    return copy;
}

WCHAR *crt_wide_copy(const char *text)
{
    int size = MultiByteToWideChar(CP_ACP, 0, text, -1, NULL, 0);
    WCHAR *copy = malloc((ULONG64)size * sizeof(WCHAR));
    if (copy)
        MultiByteToWideChar(CP_ACP, 0, text, -1, copy, size);
    return copy;
}

char **crt_narrow_vector(WCHAR *const *wide, int count)
{
    char **vector = calloc((ULONG64)count + 1, sizeof *vector);
    for (int i = 0; vector && i < count; i++) {
        vector[i] = crt_narrow_copy(wide[i]);
        if (!vector[i])
            return NULL;
    }
    return vector;
}

/* The environment as vectors. Hidden variables ("=C:=...") are left out. */
BOOL crt_environment_init(void)
{
    WCHAR *strings = GetEnvironmentStringsW();
    ULONG64 count = 0, i = 0;
    if (!strings)
        return FALSE;
    for (WCHAR *s = strings; *s; s += wcslen(s) + 1)
        count += *s != '=';
    _wenviron = calloc(count + 1, sizeof *_wenviron);
    for (WCHAR *s = strings; _wenviron && *s; s += wcslen(s) + 1)
        if (*s != '=' && !(_wenviron[i++] = _wcsdup(s)))
            return FALSE;
    FreeEnvironmentStringsW(strings);
    if (!_wenviron)
        return FALSE;
    _environ = crt_narrow_vector(_wenviron, (int)count);
    __winitenv = _wenviron;
    __initenv = _environ;
    return _environ != NULL;
}

/* Which entry of a vector has this name; the count of all when none has. */
static ULONG64 find_entry(WCHAR *const *vector, const WCHAR *name, ULONG64 length)
{
    ULONG64 i = 0;
    while (vector[i] && !(!_wcsnicmp(vector[i], name, length) && vector[i][length] == '='))
        i++;
    return i;
}

/* The environment after start-up: the process's block is the truth, the vectors follow it. */
char *getenv(const char *name)
{
    char *result = NULL;
    ULONG64 length = strlen(name);
    _lock(LOCK_ENVIRONMENT);
    if (_environ || crt_environment_init())
        for (char **e = _environ; *e && !result; e++)
            if (!_strnicmp(*e, name, length) && (*e)[length] == '=')
                result = *e + length + 1;
    _unlock(LOCK_ENVIRONMENT);
    return result;
}

WCHAR *_wgetenv(const WCHAR *name)
{
    WCHAR *result = NULL;
    ULONG64 length = wcslen(name);
    _lock(LOCK_ENVIRONMENT);
    if (_wenviron || crt_environment_init())
        result = _wenviron[find_entry(_wenviron, name, length)];
    _unlock(LOCK_ENVIRONMENT);
    return result ? result + length + 1 : NULL;
}

/* Make room for entry i, whose place may be that of the terminating NULL, in a vector of pointers.
 * The old vector stays: envp of main may point to it. => FALSE when memory runs out */
static BOOL have_entry(void ***vector, ULONG64 i)
{
    void **grown;
    if ((*vector)[i])
        return TRUE;
    grown = malloc((i + 2) * sizeof *grown);
    if (!grown)
        return FALSE;
    memcpy(grown, *vector, i * sizeof *grown);
    grown[i] = grown[i + 1] = NULL;
    *vector = grown;
    return TRUE;
}

static void remove_entry(void **vector, ULONG64 i)
{
    for (; vector[i]; i++)
        vector[i] = vector[i + 1];
}

/* The vectors run in parallel. => LOCK_ENVIRONMENT; FALSE when memory runs out */
static BOOL put_entry(const WCHAR *assignment, ULONG64 name_length)
{
    ULONG64 i;
    WCHAR *wide;
    char *narrow;
    if (!_environ && !crt_environment_init())
        return FALSE;
    i = find_entry(_wenviron, assignment, name_length);
    if (!assignment[name_length + 1]) {
        remove_entry((void **)_wenviron, i);
        remove_entry((void **)_environ, i);
        return TRUE;
    }
    wide = _wcsdup(assignment);
    narrow = crt_narrow_copy(assignment);
    if (!wide || !narrow || !have_entry((void ***)&_wenviron, i) ||
        !have_entry((void ***)&_environ, i)) {
        free(wide);
        free(narrow);
        return FALSE;
    }
    _wenviron[i] = wide;
    _environ[i] = narrow;
    return TRUE;
}

int _wputenv(const WCHAR *assignment)
{
    const WCHAR *equals = wcschr(assignment, '=');
    if (!equals || equals == assignment)
        return crt_fail_errno(EINVAL);
    WCHAR *name = _wcsdup(assignment);
    if (!name)
        return crt_fail_errno(ENOMEM);
    _lock(LOCK_ENVIRONMENT);
    BOOL ok = put_entry(assignment, (ULONG64)(equals - assignment));
    _unlock(LOCK_ENVIRONMENT);
    name[equals - assignment] = 0;
    if (ok)
        SetEnvironmentVariableW(name, equals[1] ? equals + 1 : NULL);
    free(name);
    return ok ? 0 : crt_fail_errno(ENOMEM);
}

int _putenv(const char *assignment)
{
    WCHAR *wide = crt_wide_copy(assignment);
    if (!wide)
        return crt_fail_errno(ENOMEM);
    int result = _wputenv(wide);
    free(wide);
    return result;
}
