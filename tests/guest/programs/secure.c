/* Functions that know how much room there is: what they store, what they return, and what they do
 * when an argument is wrong or the room too little. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utime.h>
#include <time.h>
#include <wchar.h>
#include <windows.h>

/* As msvcrt.dll exports them; some headers leave them out. */
_CRTIMP errno_t __cdecl strncat_s(char *, size_t, const char *, size_t);
_CRTIMP errno_t __cdecl strncpy_s(char *, size_t, const char *, size_t);
_CRTIMP errno_t __cdecl wcsncpy_s(wchar_t *, size_t, const wchar_t *, size_t);
_CRTIMP char *__cdecl strtok_s(char *, const char *, char **);
_CRTIMP wchar_t *__cdecl wcstok_s(wchar_t *, const wchar_t *, wchar_t **);
_CRTIMP int __cdecl sscanf_s(const char *, const char *, ...);
_CRTIMP int __cdecl swscanf_s(const wchar_t *, const wchar_t *, ...);
_CRTIMP int __cdecl fprintf_s(FILE *, const char *, ...);
_CRTIMP int __cdecl _snprintf_s(char *, size_t, size_t, const char *, ...);
_CRTIMP int __cdecl _snwprintf_s(wchar_t *, size_t, size_t, const wchar_t *, ...);

static void strings(void)
{
    char b[6] = "xxxxx";
    wchar_t w[4];
    printf("%d %s\n", strncpy_s(b, 6, "hello", 5), b);
    printf("%d %s\n", strncpy_s(b, 6, "hello world", 3), b);
    printf("%d [%s]\n", strncpy_s(b, 6, "hello world", 9), b);
    printf("%d %s\n", strncpy_s(b, 6, "hello world", (size_t)-1), b);
    printf("%d [%s]\n", strncpy_s(b, 6, NULL, 2), b);
    printf("%d %d\n", strncpy_s(NULL, 0, "a", 0), strncpy_s(NULL, 6, "a", 1));
    strcpy(b, "ab");
    printf("%d %s\n", strncat_s(b, 6, "cdefgh", 2), b);
    printf("%d %s\n", strncat_s(b, 6, "efgh", (size_t)-1), b);
    printf("%d [%s]\n", strncat_s(b, 6, "x", 1), b);
    memset(b, 'y', 6);
    printf("%d [%s]\n", strncat_s(b, 6, "x", 1), b);
    printf("%d %ls\n", wcsncpy_s(w, 4, L"abcdef", (size_t)-1), w);
    strcpy(b, "AbC");
    printf("%d %s\n", _strlwr_s(b, 6), b);
    printf("%d %s\n", _strupr_s(b, 6), b);
    printf("%d [%s]\n", _strupr_s(b, 2), b);
    strcpy(b, "abcde");
    printf("%d %s\n", _strnset_s(b, 6, '*', 2), b);
    printf("%d %s\n", _strset_s(b, 6, '-'), b);
    char text[] = "one, two,,three", *next;
    for (char *t = strtok_s(text, ", ", &next); t; t = strtok_s(NULL, ", ", &next))
        printf("<%s>", t);
    wchar_t wide[] = L"a b", *wnext;
    for (wchar_t *t = wcstok_s(wide, L" ", &wnext); t; t = wcstok_s(NULL, L" ", &wnext))
        printf("<%ls>", t);
    printf("\n");
}

static void numbers(void)
{
    char b[12];
    wchar_t w[12];
    printf("%d %s\n", _itoa_s(-255, b, sizeof b, 10), b);
    printf("%d %s\n", _itoa_s(-255, b, sizeof b, 16), b);
    printf("%d [%s]\n", _itoa_s(12345, b, 5, 10), b);
    printf("%d [%s]\n", _itoa_s(1, b, 5, 1), b);
    printf("%d %ls\n", _ui64tow_s(123456789ull, w, 12, 10), w);
    printf("%d %s\n", _i64toa_s(-9, b, 12, 2) == ERANGE, b);
    int point, sign;
    printf("%s", _ecvt(3.14159265, 4, &point, &sign));
    printf(" %d %d\n", point, sign);
    printf("%s", _fcvt(-1234.5678, 2, &point, &sign));
    printf(" %d %d\n", point, sign);
    printf("%s", _fcvt(0.0005, 6, &point, &sign));
    printf(" %d\n", point);
    printf("%s", _ecvt(0, 3, &point, &sign));
    printf(" %d\n", point);
    printf("%s", _gcvt(3.5, 5, b));
    printf(" %s", _gcvt(100, 5, b));
    printf(" %s\n", _gcvt(1e20, 5, b));
    printf("%d", _ecvt_s(b, 12, 99.96, 3, &point, &sign));
    printf(" %s %d\n", b, point);
}

static void scans(void)
{
    char a[4], b[8], c;
    wchar_t w[8];
    int n = 0;
    printf("%d", sscanf_s("12 abc xyz", "%d %s %c", &n, a, (unsigned)sizeof a, &c, 1));
    printf(" %d %s %c\n", n, a, c);
    strcpy(a, "???");
    printf("%d", sscanf_s("12 abcd", "%d %s", &n, a, (unsigned)sizeof a));
    printf(" [%s]\n", a);
    printf("%d", sscanf_s("key=value", "%7[a-z]=%[a-z]", b, (unsigned)sizeof b, w, 1u));
    printf(" %s\n", b);
    printf("%d", swscanf_s(L"7 wide", L"%d %s", &n, w, 8u));
    printf(" %d %ls\n", n, w);
}

static void formats(void)
{
    char b[8];
    wchar_t w[6];
    printf("%d", _snprintf_s(b, 8, 8, "%d-%s", 5, "abc"));
    printf(" %s\n", b);
    printf("%d", _snprintf_s(b, 8, (size_t)-1, "%s", "too long for it"));
    printf(" %s\n", b);
    printf("%d", _snprintf_s(b, 8, 3, "%s", "cut here"));
    printf(" %s\n", b);
    errno = 0;
    printf("%d", _snprintf_s(b, 8, 20, "%s", "too long for it"));
    printf(" [%s] %d\n", b, errno == ERANGE);
    printf("%d", _snwprintf_s(w, 6, (size_t)-1, L"%d %s", 42, L"wide"));
    printf(" %ls\n", w);
    printf("%d %d\n", fprintf_s(stdout, "%s", "xyz\n"), fprintf_s(stdout, NULL));
}

static void conversions(void)
{
    size_t n;
    wchar_t w[6];
    char b[6];
    printf("%d", mbstowcs_s(&n, w, 6, "abc", 10));
    printf(" %u %ls\n", (unsigned)n, w);
    printf("%d", mbstowcs_s(&n, w, 6, "abcdefgh", (size_t)-1));
    printf(" %u %ls\n", (unsigned)n, w);
    printf("%d", mbstowcs_s(&n, w, 6, "abcdefgh", 8));
    printf(" [%ls]\n", w);
    printf("%d", wcstombs_s(&n, NULL, 0, L"abcdefgh", 0x7FFF));
    printf(" %u\n", (unsigned)n);
    printf("%d", wcstombs_s(&n, b, 6, L"hello", (size_t)-1));
    printf(" %u %s\n", (unsigned)n, b);
}

static void environment(void)
{
    size_t n;
    char b[8];
    printf("%d", _putenv_s("NTMM_T", "value"));
    printf(" %d\n", _putenv_s("", "x"));
    printf("%d", getenv_s(&n, b, sizeof b, "NTMM_T"));
    printf(" %u %s\n", (unsigned)n, b);
    printf("%d", getenv_s(&n, b, 3, "NTMM_T"));
    printf(" %u [%s]\n", (unsigned)n, b);
    printf("%d", getenv_s(&n, NULL, 0, "NTMM_T"));
    printf(" %u\n", (unsigned)n);
    _putenv_s("NTMM_T", "");
    printf("%d", getenv_s(&n, b, sizeof b, "NTMM_T"));
    printf(" %u [%s]\n", (unsigned)n, b);
}

static void paths(void)
{
    char drive[4], folder[32], name[16], extension[8], path[64];
    wchar_t wide[64], *full;
    printf("%d", _splitpath_s("C:\\dir.x\\sub/file.tar.gz", drive, 4, folder, 32, name, 16,
                              extension, 8));
    printf(" %s|%s|%s|%s\n", drive, folder, name, extension);
    printf("%d", _splitpath_s("file.longext", NULL, 0, NULL, 0, name, 16, extension, 4));
    printf(" [%s] [%s]\n", name, extension);
    printf("%d", _splitpath_s("file", drive, 0, NULL, 0, NULL, 0, NULL, 0));
    printf("\n%d", _makepath_s(path, 64, "d", "x/y", "name", "ext"));
    printf(" %s\n", path);
    printf("%d", _makepath_s(path, 8, "d", "x/y", "name", "ext"));
    printf(" [%s]\n", path);
    _wmakepath(wide, L"c:", L"\\a\\", L"b", L".c");
    printf("%ls\n", wide);
    full = _wfullpath(NULL, L"C:\\a\\..\\b\\.\\c", 0);
    printf("%ls\n", full);
    free(full);
    _putenv("NTMM_PATH=C:\\nowhere;C:\\Windows\\system32");
    printf("%d", _searchenv_s("msvcrt.dll", "NTMM_PATH", path, sizeof path));
    printf(" %d\n", !_stricmp(path, "C:\\Windows\\system32\\msvcrt.dll"));
    printf("%d", _searchenv_s("no such file", "NTMM_PATH", path, sizeof path));
    printf(" [%s]\n", path);
}

static int by_context(void *context, const void *a, const void *b)
{
    return (*(const int *)a - *(const int *)b) * *(int *)context;
}

typedef int compare_s(void *, const void *, const void *);
_CRTIMP void __cdecl qsort_s(void *, size_t, size_t, compare_s *, void *);
_CRTIMP void *__cdecl bsearch_s(const void *, const void *, size_t, size_t, compare_s *, void *);
_CRTIMP void *__cdecl _lfind_s(const void *, const void *, unsigned *, size_t, compare_s *, void *);

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void searches(void)
{
    int numbers[20] = {5, 1, 9, 3, 7}, down = -1, key = 3, absent = 4;
    unsigned count = 5;
    qsort_s(numbers, 5, sizeof *numbers, by_context, &down);
    printf("%d %d %d %d %d\n", numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
    printf("%d\n",
           (int)((int *)bsearch_s(&key, numbers, 5, sizeof *numbers, by_context, &down) - numbers));
    printf("%d\n", _lfind_s(&absent, numbers, &count, sizeof *numbers, by_context, &down) == NULL);
    int *added = _lsearch(&absent, numbers, &count, sizeof *numbers, by_value);
    printf("%u %d %d\n", count, *added,
           _lsearch(&key, numbers, &count, sizeof *numbers, by_value) == numbers + 3);
}

static void files(void)
{
    FILE *file;
    char name[L_tmpnam], template[] = "fileXXXXXX", again[] = "wrong";
    printf("%d %d\n", _wfopen_s(&file, L"no such file", L"r"), file == NULL);
    printf("%d", tmpfile_s(&file));
    fputs("kept", file), rewind(file);
    char line[8] = "";
    fgets(line, sizeof line, file);
    printf(" %s\n", line);
    fclose(file);
    printf("%d %d\n", tmpnam(name) != NULL && strcmp(name, tmpnam(NULL)) != 0, tmpnam_s(name, 2));
    printf("%d %d\n", _mktemp(template) != NULL && strncmp(template, "filea", 5) == 0,
           _mktemp(again) == NULL);
    char *temporary = _tempnam("C:\\nowhere", "pre");
    printf("%d\n", temporary && strstr(temporary, "\\pre") != NULL);
    free(temporary);
    printf("%d", _getmaxstdio());
    printf(" %d", _setmaxstdio(1000));
    printf(" %d", _setmaxstdio(5));
    printf(" %d\n", _getmaxstdio());
    struct _utimbuf times = {1000000000, 1100000000};
    struct _stat64 st;
    fclose(fopen("times.txt", "w"));
    printf("%d", _utime64("times.txt", (struct __utimbuf64 *)&times));
    _stat64("times.txt", &st);
    printf(" %d %d\n", (int)st.st_mtime, (int)st.st_atime);
    printf("%d", _wutime64(L"no such file", NULL));
    printf(" %d\n", errno == ENOENT);
    struct _wfinddata64_t found;
    intptr_t search = _wfindfirst64(L"times.*", &found);
    printf("%ls %d", found.name, (int)found.time_write);
    printf(" %d\n", _wfindnext64(search, &found));
    _findclose(search);
    remove("times.txt");
}

_CRTIMP errno_t __cdecl _strerror_s(char *, size_t, const char *);

static void texts(void)
{
    char b[64];
    wchar_t w[10];
    struct tm tm = {5, 4, 13, 22, 1, 111, 2};
    errno = ENOENT;
    printf("%s", _strerror("open"));
    printf("%d", _wcserror_s(w, 10, EACCES));
    printf(" %ls\n", w);
    printf("%ls", _wasctime(&tm));
    __time64_t zero = 86400;
    printf("%d\n", wcslen(_wctime64(&zero)) == 25);
    printf("%d %d\n", (int)_mkgmtime64(&tm), (int)_mkgmtime32(&tm));
    SYSTEMTIME now;
    struct tm local;
    GetLocalTime(&now);
    printf("%d\n", _getsystime(&local) < 1000 && local.tm_year + 1900 >= now.wYear);
    printf("%d %d\n", _set_error_mode(1), _set_error_mode(3));
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    strings();
    numbers();
    scans();
    formats();
    conversions();
    environment();
    paths();
    searches();
    files();
    texts();
    return 0;
}
