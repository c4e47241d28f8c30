/* guest/msvcrt/tempname.c: names for temporary files. tmpnam's are in the root folder of the drive
 * and count up from the process id, "\s1a4.1"; _tempnam's are in TMP's folder and of the form
 * prefix123; _mktemp fills in XXXXXX with a letter and the process id.
 * Source: tmpnam, _tempnam, _mktemp, documentation. */
#include "crt.h"
#include "msvcrt.h"

#define NAME_ROOM 16 /* L_tmpnam is 14, and 16 with sizes */
#define NAMES_MOST 32767
#define SUFFIX_CHARS 6

static LONG counter;

/* The next name that no file has. => FALSE: all are taken */
static BOOL next_name(WCHAR name[NAME_ROOM])
{
    for (int i = 0; i < NAMES_MOST; i++) {
        ULONG number = (ULONG)__atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED) % NAMES_MOST;
        _snwprintf(name, NAME_ROOM, L"\\s%x.%x", GetCurrentProcessId(), number);
        if (GetFileAttributesW(name) == INVALID_FILE_ATTRIBUTES)
            return TRUE;
    }
    return FALSE;
}

errno_t _wtmpnam_s(WCHAR *buffer, size_t room)
{
    WCHAR name[NAME_ROOM];
    if (!buffer || !room)
        return crt_invalid_parameter(EINVAL);
    *buffer = 0;
    if (!next_name(name))
        return crt_invalid_parameter(ENOENT);
    if (wcslen(name) >= room)
        return crt_invalid_parameter(ERANGE);
    wcscpy(buffer, name);
    return 0;
}

errno_t tmpnam_s(char *buffer, size_t room)
{
    WCHAR name[NAME_ROOM];
    if (!buffer || !room)
        return crt_invalid_parameter(EINVAL);
    *buffer = 0;
    errno_t error = _wtmpnam_s(name, NAME_ROOM);
    if (!error && wcslen(name) >= room)
        error = crt_invalid_parameter(ERANGE);
    if (!error)
        wcstombs(buffer, name, room);
    return error;
}

WCHAR *_wtmpnam(WCHAR *buffer)
{
    if (!buffer)
        buffer = crt_thread()->wtmpnam;
    return _wtmpnam_s(buffer, NAME_ROOM) ? NULL : buffer;
}

char *tmpnam(char *buffer)
{
    if (!buffer)
        buffer = crt_thread()->tmpnam;
    return tmpnam_s(buffer, NAME_ROOM) ? NULL : buffer;
}

errno_t tmpfile_s(FILE **stream)
{
    if (!stream)
        return crt_invalid_parameter(EINVAL);
    *stream = tmpfile();
    return *stream ? 0 : *_errno();
}

/* TMP's folder if it exists, else the one given, else the current one. */
WCHAR *_wtempnam(const WCHAR *folder, const WCHAR *prefix)
{
    const WCHAR *tmp = _wgetenv(L"TMP");
    WCHAR name[MAX_PATH + 32];
    if (!tmp || _waccess(tmp, 0))
        tmp = folder && !_waccess(folder, 0) ? folder : L".";
    size_t length = wcslen(tmp);
    if (length + (prefix ? wcslen(prefix) : 0) > MAX_PATH) {
        *_errno() = ERANGE;
        return NULL;
    }
    BOOL separated = length && (tmp[length - 1] == '\\' || tmp[length - 1] == '/');
    for (unsigned i = 2; i < NAMES_MOST; i++) {
        _snwprintf(name, MAX_PATH + 32, L"%s%s%s%u", tmp, separated ? L"" : L"\\",
                   prefix ? prefix : L"", i);
        if (GetFileAttributesW(name) == INVALID_FILE_ATTRIBUTES)
            return _wcsdup(name);
    }
    *_errno() = EEXIST;
    return NULL;
}

char *_tempnam(const char *folder, const char *prefix)
{
    WCHAR *wide_folder = folder ? crt_wide_copy(folder) : NULL;
    WCHAR *wide_prefix = prefix ? crt_wide_copy(prefix) : NULL;
    WCHAR *wide = _wtempnam(wide_folder, wide_prefix);
    char *name = wide ? crt_narrow_copy(wide) : NULL;
    free(wide_folder);
    free(wide_prefix);
    free(wide);
    return name;
}

WCHAR *_wmktemp(WCHAR *template)
{
    WCHAR digits[SUFFIX_CHARS];
    size_t length = template ? wcslen(template) : 0;
    if (length < SUFFIX_CHARS || wcscmp(template + length - SUFFIX_CHARS, L"XXXXXX")) {
        crt_invalid_parameter(EINVAL);
        return NULL;
    }
    WCHAR *suffix = template + length - SUFFIX_CHARS;
    _snwprintf(digits, SUFFIX_CHARS, L"%05u", GetCurrentProcessId() % 100000);
    memcpy(suffix + 1, digits, (SUFFIX_CHARS - 1) * sizeof(WCHAR));
    for (*suffix = 'a'; *suffix <= 'z'; ++*suffix)
        if (GetFileAttributesW(template) == INVALID_FILE_ATTRIBUTES)
            return template;
    *template = 0;
    *_errno() = EEXIST;
    return NULL;
}

char *_mktemp(char *template)
{
    WCHAR *wide = template ? crt_wide_copy(template) : NULL;
    BOOL found = _wmktemp(wide) != NULL;
    if (wide && template)
        wcstombs(template, wide, strlen(template) + 1);
    free(wide);
    return found ? template : NULL;
}
