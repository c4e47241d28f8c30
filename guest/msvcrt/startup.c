/* guest/msvcrt/startup.c: from DllMain to main's arguments, and from exit to the end.
 *
 * A program's start-up code (crt2.o of mingw) calls __getmainargs, runs its own initialisers, main,
 * and exit. exit runs the functions registered with _onexit, last first, flushes every stream and
 * ends the process. */
#include "crt.h"
#include "msvcrt.h"

char *_acmdln;
WCHAR *_wcmdln;
char **_environ;
WCHAR **_wenviron;
char **__initenv;
WCHAR **__winitenv;
int __argc;
char **__argv;
WCHAR **__wargv;
char *_pgmptr;
WCHAR *_wpgmptr;
int _fmode;
int _commode;
unsigned int _osver;
unsigned int _winver;
unsigned int _winmajor;
unsigned int _winminor;
static int application_type;

BOOL DllMain(void *module, ULONG reason, void *reserved)
{
    (void)module, (void)reserved;
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        return crt_threads_init() && crt_locks_init() && crt_files_init() && crt_streams_init() &&
               crt_arguments_init();
    case DLL_PROCESS_DETACH:
        crt_flush_at_exit();
        break;
    }
    return TRUE;
}

static char *program_name(void)
{
    static char name[MAX_PATH];
    GetModuleFileNameA(NULL, name, sizeof name);
    name[sizeof name - 1] = 0;
    return name;
}

static WCHAR *wide_program_name(void)
{
    static WCHAR name[MAX_PATH];
    GetModuleFileNameW(NULL, name, MAX_PATH);
    name[MAX_PATH - 1] = 0;
    return name;
}

BOOL crt_arguments_init(void)
{
    OSVERSIONINFOEXW version = {.dwOSVersionInfoSize = sizeof version};
    GetVersionExW(&version);
    _winmajor = version.dwMajorVersion;
    _winminor = version.dwMinorVersion;
    _winver = _winmajor << 8 | _winminor;
    _osver = version.dwBuildNumber;
    _acmdln = GetCommandLineA();
    _wcmdln = GetCommandLineW();
    _pgmptr = program_name();
    _wpgmptr = wide_program_name();
    return _acmdln && _wcmdln;
}

/* The arguments as wide strings in one block: vector, then text. NULL when memory runs out. */
static WCHAR **split_arguments(int *count)
{
    ULONG64 characters = 0;
    crt_parse_command_line(_wcmdln, count, NULL, NULL, &characters);
    ULONG64 vector_bytes = (ULONG64)(*count + 1) * sizeof(WCHAR *);
    WCHAR **vector = malloc(vector_bytes + characters * sizeof(WCHAR));
    if (vector)
        crt_parse_command_line(_wcmdln, count, vector, (WCHAR *)((char *)vector + vector_bytes),
                               &characters);
    return vector;
}

static BOOL has_wildcard(const WCHAR *text)
{
    for (; *text; text++)
        if (*text == '*' || *text == '?')
            return TRUE;
    return FALSE;
}

struct argument_list {
    WCHAR **items;
    int count, room;
};

static BOOL add_argument(struct argument_list *list, WCHAR *text)
{
    if (list->count + 1 >= list->room) {
        int room = list->room ? list->room * 2 : 16;
        WCHAR **items = realloc(list->items, (ULONG64)room * sizeof *items);
        if (!items)
            return FALSE;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
    return TRUE;
}

/* Add the files that match, with the pattern's folder before their names; the pattern itself when
 * nothing matches. */
static BOOL add_matches(struct argument_list *list, WCHAR *pattern)
{
    WIN32_FIND_DATAW found;
    ULONG64 folder = 0;
    HANDLE search = FindFirstFileW(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return add_argument(list, pattern);
    for (ULONG64 i = 0; pattern[i]; i++)
        if (pattern[i] == '\\' || pattern[i] == '/' || pattern[i] == ':')
            folder = i + 1;
    BOOL ok = TRUE;
    do {
        if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
            continue;
        WCHAR *name = malloc((folder + wcslen(found.cFileName) + 1) * sizeof(WCHAR));
        ok = name != NULL;
        if (ok) {
            memcpy(name, pattern, folder * sizeof(WCHAR));
            wcscpy(name + folder, found.cFileName);
            ok = add_argument(list, name);
        }
    } while (ok && FindNextFileW(search, &found));
    FindClose(search);
    return ok;
}

static WCHAR **expand_wildcards(WCHAR **vector, int *count)
{
    struct argument_list list = {0};
    for (int i = 0; i < *count; i++) {
        BOOL ok = i && has_wildcard(vector[i]) ? add_matches(&list, vector[i])
                                               : add_argument(&list, vector[i]);
        if (!ok)
            return NULL;
    }
    *count = list.count;
    return list.items;
}

static char *narrow_copy(const WCHAR *text)
{
    int size = WideCharToMultiByte(CP_ACP, 0, text, -1, NULL, 0, NULL, NULL);
    char *copy = malloc((ULONG64)size);
    if (copy)
        WideCharToMultiByte(CP_ACP, 0, text, -1, copy, size, NULL, NULL);
    return copy;
}

static WCHAR *wide_copy(const char *text)
{
    int size = MultiByteToWideChar(CP_ACP, 0, text, -1, NULL, 0);
    WCHAR *copy = malloc((ULONG64)size * sizeof(WCHAR));
    if (copy)
        MultiByteToWideChar(CP_ACP, 0, text, -1, copy, size);
    return copy;
}

static char **narrow_vector(WCHAR *const *wide, int count)
{
    char **vector = calloc((ULONG64)count + 1, sizeof *vector);
    for (int i = 0; vector && i < count; i++) {
        vector[i] = narrow_copy(wide[i]);
        if (!vector[i])
            return NULL;
    }
    return vector;
}

/* The environment as vectors. Hidden variables ("=C:=...") are left out. */
static BOOL environment_init(void)
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
    _environ = narrow_vector(_wenviron, (int)count);
    __winitenv = _wenviron;
    __initenv = _environ;
    return _environ != NULL;
}

static BOOL arguments(BOOL expand)
{
    int count = 0;
    WCHAR **vector = split_arguments(&count);
    if (vector && expand)
        vector = expand_wildcards(vector, &count);
    if (!vector)
        return FALSE;
    __argc = count;
    __wargv = vector;
    __argv = narrow_vector(vector, count);
    return __argv && (_environ || environment_init());
}

#define _RT_SPACEARG 8

int __getmainargs(int *argc, char ***argv, char ***envp, int expand, void *start_info)
{
    (void)start_info; /* only chooses the new-handler mode of C++ */
    if (!arguments(expand != 0))
        _amsg_exit(_RT_SPACEARG);
    *argc = __argc;
    *argv = __argv;
    *envp = _environ;
    return 0;
}

int __wgetmainargs(int *argc, WCHAR ***argv, WCHAR ***envp, int expand, void *start_info)
{
    (void)start_info;
    if (!arguments(expand != 0))
        _amsg_exit(_RT_SPACEARG);
    *argc = __argc;
    *argv = __wargv;
    *envp = _wenviron;
    return 0;
}

void _initterm(initializer **first, initializer **end)
{
    for (; first < end; first++)
        if (*first)
            (*first)();
}

int _initterm_e(checked_initializer **first, checked_initializer **end)
{
    for (; first < end; first++) {
        int result = *first ? (*first)() : 0;
        if (result)
            return result;
    }
    return 0;
}

void __set_app_type(int type)
{
    application_type = type;
}

int _XcptFilter(ULONG code, EXCEPTION_POINTERS *pointers)
{
    return crt_signal_filter(code, pointers);
}

int *__p___argc(void)
{
    return &__argc;
}

char ***__p___argv(void)
{
    return &__argv;
}

WCHAR ***__p___wargv(void)
{
    return &__wargv;
}

char ***__p__environ(void)
{
    return &_environ;
}

WCHAR ***__p__wenviron(void)
{
    return &_wenviron;
}

char ***__p___initenv(void)
{
    return &__initenv;
}

char **__p__acmdln(void)
{
    return &_acmdln;
}

WCHAR **__p__wcmdln(void)
{
    return &_wcmdln;
}

int *__p__fmode(void)
{
    return &_fmode;
}

int *__p__commode(void)
{
    return &_commode;
}

char **__p__pgmptr(void)
{
    return &_pgmptr;
}

/* The environment after start-up: the process's block is the truth, the vectors follow it. */
char *getenv(const char *name)
{
    char *result = NULL;
    ULONG64 length = strlen(name);
    _lock(LOCK_ENVIRONMENT);
    if (_environ || environment_init())
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
    if (_wenviron || environment_init())
        for (WCHAR **e = _wenviron; *e && !result; e++)
            if (!_wcsnicmp(*e, name, length) && (*e)[length] == '=')
                result = *e + length + 1;
    _unlock(LOCK_ENVIRONMENT);
    return result;
}

/* Store "name=value" (or remove it when the value is empty) in a vector of strings.
 * => FALSE when memory runs out */
static BOOL put_in_vector(char ***vector, char *entry, ULONG64 name_length, BOOL remove_it)
{
    ULONG64 i = 0;
    char **v = *vector;
    while (v[i] && !(!_strnicmp(v[i], entry, name_length) && v[i][name_length] == '='))
        i++;
    if (remove_it) {
        for (; v[i]; i++)
            v[i] = v[i + 1];
        return TRUE;
    }
    if (!v[i]) {
        char **grown = malloc((i + 2) * sizeof *grown);
        if (!grown)
            return FALSE;
        memcpy(grown, v, i * sizeof *grown);
        grown[i + 1] = NULL;
        *vector = v = grown; /* the old vector stays: envp of main may point to it */
    }
    v[i] = entry;
    return TRUE;
}

static BOOL put_in_wide_vector(WCHAR ***vector, WCHAR *entry, ULONG64 name_length, BOOL remove_it)
{
    ULONG64 i = 0;
    WCHAR **v = *vector;
    while (v[i] && !(!_wcsnicmp(v[i], entry, name_length) && v[i][name_length] == '='))
        i++;
    if (remove_it) {
        for (; v[i]; i++)
            v[i] = v[i + 1];
        return TRUE;
    }
    if (!v[i]) {
        WCHAR **grown = malloc((i + 2) * sizeof *grown);
        if (!grown)
            return FALSE;
        memcpy(grown, v, i * sizeof *grown);
        grown[i + 1] = NULL;
        *vector = v = grown;
    }
    v[i] = entry;
    return TRUE;
}

int _wputenv(const WCHAR *assignment)
{
    const WCHAR *equals = wcschr(assignment, '=');
    if (!equals || equals == assignment)
        return crt_fail_errno(EINVAL);
    ULONG64 name_length = (ULONG64)(equals - assignment);
    BOOL remove_it = !equals[1];
    WCHAR *wide = _wcsdup(assignment);
    char *narrow = narrow_copy(assignment);
    if (!wide || !narrow)
        return crt_fail_errno(ENOMEM);
    _lock(LOCK_ENVIRONMENT);
    BOOL ok = (_environ || environment_init()) &&
              put_in_wide_vector(&_wenviron, wide, name_length, remove_it) &&
              put_in_vector(&_environ, narrow, name_length, remove_it);
    _unlock(LOCK_ENVIRONMENT);
    WCHAR *name = _wcsdup(assignment);
    if (!ok || !name)
        return crt_fail_errno(ENOMEM);
    name[name_length] = 0;
    SetEnvironmentVariableW(name, remove_it ? NULL : equals + 1);
    free(name);
    return 0;
}

int _putenv(const char *assignment)
{
    WCHAR *wide = wide_copy(assignment);
    if (!wide)
        return crt_fail_errno(ENOMEM);
    int result = _wputenv(wide);
    free(wide);
    return result;
}

/* Exit. */
static exit_function **exit_functions;
static ULONG64 exit_count, exit_room;

static BOOL grow(exit_function ***table, ULONG64 count, ULONG64 *room)
{
    if (count < *room)
        return TRUE;
    ULONG64 wanted = *room ? *room * 2 : 32;
    exit_function **grown = realloc(*table, wanted * sizeof *grown);
    if (!grown)
        return FALSE;
    *table = grown;
    *room = wanted;
    return TRUE;
}

exit_function *_onexit(exit_function *function)
{
    _lock(LOCK_EXIT);
    BOOL ok = grow(&exit_functions, exit_count, &exit_room);
    if (ok)
        exit_functions[exit_count++] = function;
    _unlock(LOCK_EXIT);
    return ok ? function : NULL;
}

int atexit(void (*function)(void))
{
    return _onexit((exit_function *)function) ? 0 : -1;
}

/* The same for a DLL's own table between *begin and *end. */
exit_function *__dllonexit(exit_function *function, exit_function ***begin, exit_function ***end)
{
    _lock(LOCK_EXIT);
    ULONG64 count = (ULONG64)(*end - *begin);
    exit_function **grown = realloc(*begin, (count + 1) * sizeof *grown);
    if (grown) {
        grown[count] = function;
        *begin = grown;
        *end = grown + count + 1;
    }
    _unlock(LOCK_EXIT);
    return grown ? function : NULL;
}

static void run_exit_functions(void)
{
    for (;;) {
        exit_function *function = NULL;
        _lock(LOCK_EXIT);
        if (exit_count)
            function = exit_functions[--exit_count];
        _unlock(LOCK_EXIT);
        if (!function)
            return;
        function();
    }
}

void _cexit(void)
{
    run_exit_functions();
    crt_flush_at_exit();
}

void _c_exit(void)
{
    crt_flush_at_exit();
}

void _exit(int code)
{
    ExitProcess((UINT)code);
    __builtin_unreachable();
}

void exit(int code)
{
    _cexit();
    _exit(code);
}

#define SIGABRT 22
#define ABORT_EXIT_CODE 3

void abort(void)
{
    static const char message[] =
        "\r\nThis application has requested the Runtime to terminate it in an unusual way.\n"
        "Please contact the application's support team for more information.\n";
    _write(2, message, (unsigned)strlen(message));
    raise(SIGABRT);
    _exit(ABORT_EXIT_CODE);
}

#define RUNTIME_ERROR_EXIT_CODE 255

void _amsg_exit(int number)
{
    char text[64];
    _snprintf(text, sizeof text, "\nruntime error R60%02d\n", number);
    _write(2, text, (unsigned)strlen(text));
    _exit(RUNTIME_ERROR_EXIT_CODE);
}

void _assert(const char *expression, const char *file, unsigned line)
{
    fprintf(__iob_func() + 2, "Assertion failed: %s, file %s, line %u\n", expression, file, line);
    fflush(__iob_func() + 2);
    abort();
}

void _wassert(const WCHAR *expression, const WCHAR *file, unsigned line)
{
    fprintf(__iob_func() + 2, "Assertion failed: %ls, file %ls, line %u\n", expression, file, line);
    fflush(__iob_func() + 2);
    abort();
}

int _getpid(void)
{
    return (int)GetCurrentProcessId();
}

/* There is no command interpreter in the machine: `system(NULL)` says so, commands fail. */
int system(const char *command)
{
    return command ? crt_fail_errno(ENOENT) : 0;
}
