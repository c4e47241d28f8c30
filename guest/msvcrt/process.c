/* guest/msvcrt/process.c: child processes: _spawn*, _exec*, _cwait, and pipes to talk to them.
 *
 * Every form ends in one call: a program, its command line, its environment. Arguments are put
 * together with blanks as they are, without quotes, which is documented; the "p" forms look along
 * PATH, the "e" forms bring an environment. Descriptors 0, 1 and 2 are the child's standard
 * handles; further descriptors are inherited as handles only, since a child is not told their
 * numbers. Source: "_spawn, _wspawn functions", "_exec", _cwait, _pipe, documentation. */
#include "crt.h"
#include "msvcrt.h"

#define P_WAIT 0
#define P_OVERLAY 2
#define P_DETACH 4
#define CREATE_UNICODE_ENVIRONMENT 0x400u
#define DETACHED_PROCESS 0x8u
#define STARTF_USESTDHANDLES 0x100u
#define MOST_ARGUMENTS 256 /* of the forms with a list */

/* Strings joined, with `separator` between them and one 0 more at the end. => to be freed */
static WCHAR *join(const WCHAR *const *strings, WCHAR separator)
{
    size_t size = 2, at = 0;
    for (size_t i = 0; strings[i]; i++)
        size += wcslen(strings[i]) + 1;
    WCHAR *text = malloc(size * sizeof(WCHAR));
    if (!text) {
        *_errno() = ENOMEM;
        return NULL;
    }
    for (size_t i = 0; strings[i]; i++) {
        size_t length = wcslen(strings[i]);
        memcpy(text + at, strings[i], length * sizeof(WCHAR));
        at += length;
        text[at++] = separator;
    }
    if (at && separator)
        at--;
    text[at] = 0;
    text[at + 1] = 0;
    return text;
}

/* Start a program that is there. => its handle, -1 with errno */
static intptr_t start(int mode, const WCHAR *program, WCHAR *line, WCHAR *environment)
{
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION info;
    ULONG flags = CREATE_UNICODE_ENVIRONMENT | (mode == P_DETACH ? DETACHED_PROCESS : 0);
    _flushall();
    startup.hStdInput = (HANDLE)_get_osfhandle(0);
    startup.hStdOutput = (HANDLE)_get_osfhandle(1);
    startup.hStdError = (HANDLE)_get_osfhandle(2);
    if (!CreateProcessW(program, line, NULL, NULL, TRUE, flags, environment, NULL, &startup, &info))
        return crt_fail(GetLastError());
    CloseHandle(info.hThread);
    if (mode == P_OVERLAY)
        _exit(0); /* the caller is gone; its child runs on under another id */
    if (mode == P_WAIT) {
        ULONG code = 0;
        WaitForSingleObject(info.hProcess, INFINITE);
        GetExitCodeProcess(info.hProcess, &code);
        CloseHandle(info.hProcess);
        return (int)code;
    }
    if (mode == P_DETACH) {
        CloseHandle(info.hProcess);
        return 0;
    }
    return (intptr_t)info.hProcess;
}

/* The file that a name means: as it is, or with an extension that programs have. => FALSE: none */
static BOOL find_file(const WCHAR *name, WCHAR found[MAX_PATH])
{
    static const WCHAR *const extensions[] = {L"", L".com", L".exe", L".bat", L".cmd"};
    const WCHAR *dot = wcsrchr(name, '.');
    BOOL has_extension = dot && !wcspbrk(dot, L"\\/");
    for (ULONG i = has_extension ? 0 : 1;
         i < (has_extension ? 1 : sizeof extensions / sizeof *extensions); i++) {
        ULONG attributes;
        if (wcslen(name) + wcslen(extensions[i]) >= MAX_PATH)
            return FALSE;
        wcscpy(found, name);
        wcscat(found, extensions[i]);
        attributes = GetFileAttributesW(found);
        if (attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY))
            return TRUE;
    }
    return FALSE;
}

static BOOL find_program(const WCHAR *name, BOOL along_path, WCHAR found[MAX_PATH])
{
    const WCHAR *path = along_path && !wcspbrk(name, L"\\/:") ? _wgetenv(L"PATH") : NULL;
    WCHAR candidate[MAX_PATH];
    if (find_file(name, found))
        return TRUE;
    while (path && *path) {
        size_t length = wcscspn(path, L";");
        if (length && length + wcslen(name) + 2 < MAX_PATH) {
            _snwprintf(candidate, MAX_PATH, L"%.*s\\%s", (int)length, path, name);
            if (find_file(candidate, found))
                return TRUE;
        }
        path += length + (path[length] == ';');
    }
    return FALSE;
}

static intptr_t spawn(int mode, const WCHAR *name, const WCHAR *const *arguments,
                      const WCHAR *const *environment, BOOL along_path)
{
    WCHAR program[MAX_PATH];
    if (!name || !arguments || !*arguments || !**arguments || mode < P_WAIT || mode > P_DETACH)
        return crt_fail_errno(EINVAL);
    if (!find_program(name, along_path, program))
        return crt_fail_errno(ENOENT);
    WCHAR *line = join(arguments, ' '), *block = environment ? join(environment, 0) : NULL;
    intptr_t result = -1;
    if (line && (block || !environment))
        result = start(mode, program, line, block);
    free(line);
    free(block);
    return result;
}

/* ---- narrow arguments ---- */

static void free_vector(WCHAR **vector)
{
    for (size_t i = 0; vector && vector[i]; i++)
        free(vector[i]);
    free(vector);
}

static WCHAR **widen(const char *const *narrow)
{
    size_t count = 0;
    while (narrow[count])
        count++;
    WCHAR **vector = calloc(count + 1, sizeof *vector);
    for (size_t i = 0; vector && i < count; i++)
        if (!(vector[i] = crt_wide_copy(narrow[i]))) {
            free_vector(vector);
            return NULL;
        }
    return vector;
}

static intptr_t spawn_narrow(int mode, const char *name, const char *const *arguments,
                             const char *const *environment, BOOL along_path)
{
    if (!name || !arguments)
        return crt_fail_errno(EINVAL);
    WCHAR *program = crt_wide_copy(name), **vector = widen(arguments);
    WCHAR **block = environment ? widen(environment) : NULL;
    intptr_t result = -1;
    if (program && vector && (block || !environment))
        result = spawn(mode, program, (const WCHAR *const *)vector, (const WCHAR *const *)block,
                       along_path);
    else
        *_errno() = ENOMEM;
    free(program);
    free_vector(vector);
    free_vector(block);
    return result;
}

/* ---- the eight forms of each: v or l, with e, with p ---- */

#define DEFINE_VECTOR(suffix, TEXT, prefix, call, ENVIRONMENT_PARAMETER, environment, path)        \
    intptr_t prefix##spawn##suffix(int mode, const TEXT *name,                                     \
                                   const TEXT *const *arguments ENVIRONMENT_PARAMETER)             \
    {                                                                                              \
        return call(mode, name, arguments, environment, path);                                     \
    }                                                                                              \
    intptr_t prefix##exec##suffix(const TEXT *name,                                                \
                                  const TEXT *const *arguments ENVIRONMENT_PARAMETER)              \
    {                                                                                              \
        return call(P_OVERLAY, name, arguments, environment, path);                                \
    }
#define NOTHING
#define WITH(TEXT) , const TEXT *const *environment

DEFINE_VECTOR(v, char, _, spawn_narrow, NOTHING, NULL, FALSE)
DEFINE_VECTOR(vp, char, _, spawn_narrow, NOTHING, NULL, TRUE)
DEFINE_VECTOR(ve, char, _, spawn_narrow, WITH(char), environment, FALSE)
DEFINE_VECTOR(vpe, char, _, spawn_narrow, WITH(char), environment, TRUE)
DEFINE_VECTOR(v, WCHAR, _w, spawn, NOTHING, NULL, FALSE)
DEFINE_VECTOR(vp, WCHAR, _w, spawn, NOTHING, NULL, TRUE)
DEFINE_VECTOR(ve, WCHAR, _w, spawn, WITH(WCHAR), environment, FALSE)
DEFINE_VECTOR(vpe, WCHAR, _w, spawn, WITH(WCHAR), environment, TRUE)

/* The list of arguments up to NULL, and behind it the environment if there is one. */
#define COLLECT(TEXT, first, with_environment)                                                     \
    const TEXT *list[MOST_ARGUMENTS + 1], *const *environment = NULL, *next = first;               \
    size_t count = 0;                                                                              \
    va_list rest;                                                                                  \
    va_start(rest, first);                                                                         \
    for (; next && count < MOST_ARGUMENTS; next = va_arg(rest, const TEXT *))                      \
        list[count++] = next;                                                                      \
    list[count] = NULL;                                                                            \
    if (with_environment)                                                                          \
        environment = va_arg(rest, const TEXT *const *);                                           \
    va_end(rest);                                                                                  \
    if (next)                                                                                      \
    return crt_fail_errno(E2BIG)

#define DEFINE_LIST(suffix, TEXT, prefix, call, with_environment, path)                            \
    intptr_t prefix##spawn##suffix(int mode, const TEXT *name, const TEXT *first, ...)             \
    {                                                                                              \
        COLLECT(TEXT, first, with_environment);                                                    \
        return call(mode, name, list, environment, path);                                          \
    }                                                                                              \
    intptr_t prefix##exec##suffix(const TEXT *name, const TEXT *first, ...)                        \
    {                                                                                              \
        COLLECT(TEXT, first, with_environment);                                                    \
        return call(P_OVERLAY, name, list, environment, path);                                     \
    }

DEFINE_LIST(l, char, _, spawn_narrow, FALSE, FALSE)
DEFINE_LIST(lp, char, _, spawn_narrow, FALSE, TRUE)
DEFINE_LIST(le, char, _, spawn_narrow, TRUE, FALSE)
DEFINE_LIST(lpe, char, _, spawn_narrow, TRUE, TRUE)
DEFINE_LIST(l, WCHAR, _w, spawn, FALSE, FALSE)
DEFINE_LIST(lp, WCHAR, _w, spawn, FALSE, TRUE)
DEFINE_LIST(le, WCHAR, _w, spawn, TRUE, FALSE)
DEFINE_LIST(lpe, WCHAR, _w, spawn, TRUE, TRUE)

/* ---- waiting, pipes ---- */

intptr_t _cwait(int *status, intptr_t process, int action)
{
    ULONG code;
    (void)action; /* WAIT_CHILD is all there is */
    if (WaitForSingleObject((HANDLE)process, INFINITE) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess((HANDLE)process, &code)) {
        if (status)
            *status = -1;
        return crt_fail_errno(ECHILD);
    }
    CloseHandle((HANDLE)process);
    if (status)
        *status = (int)code;
    return process;
}

int _pipe(int *fds, unsigned size, int mode)
{
    HANDLE read, write;
    SECURITY_ATTRIBUTES security = {.nLength = sizeof security,
                                    .bInheritHandle = !(mode & _O_NOINHERIT)};
    if (!fds || mode & ~(_O_NOINHERIT | _O_BINARY | _O_TEXT))
        return crt_fail_errno(EINVAL);
    fds[0] = fds[1] = -1;
    if (!(mode & (_O_BINARY | _O_TEXT)))
        mode |= _fmode & _O_BINARY ? _O_BINARY : _O_TEXT;
    if (!CreatePipe(&read, &write, &security, size))
        return crt_fail(GetLastError());
    fds[0] = _open_osfhandle((intptr_t)read, mode);
    fds[1] = fds[0] < 0 ? -1 : _open_osfhandle((intptr_t)write, mode);
    if (fds[1] >= 0)
        return 0;
    if (fds[0] >= 0)
        _close(fds[0]);
    else
        CloseHandle(read);
    CloseHandle(write);
    return -1;
}
