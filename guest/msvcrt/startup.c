/* guest/msvcrt/startup.c: from DllMain to main's arguments. The way back is exit.c.
 *
 * A program's start-up code (crt2.o of mingw) calls __getmainargs, runs its own initialisers, main,
 * and exit. */
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
    __argv = crt_narrow_vector(vector, count);
    return __argv && (_environ || crt_environment_init());
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
