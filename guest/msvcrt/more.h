/* guest/msvcrt/more.h: the functions of msvcrt beyond the C standard and POSIX names: with room, of
 * multibyte strings, for the wide twins, of DOS heritage. Documented by the SDK. */
#pragma once

#include "crt.h"

typedef int context_comparison(void *context, const void *a, const void *b);
typedef int comparison(const void *a, const void *b);
struct complex {
    double x, y;
};
struct diskfree;
struct timeb32;

/* string.c, wstring.c: secure.inc */
errno_t strncpy_s(char *to, size_t room, const char *from, size_t count);
errno_t strncat_s(char *to, size_t room, const char *from, size_t count);
char *strtok_s(char *s, const char *set, char **next);
errno_t _strlwr_s(char *s, size_t room);
errno_t _strupr_s(char *s, size_t room);
char *_strnset(char *s, int c, size_t n);
char *_strset(char *s, int c);
errno_t _strnset_s(char *s, size_t room, int c, size_t n);
errno_t _strset_s(char *s, size_t room, int c);
int _strncoll(const char *a, const char *b, size_t n);
int _strnicoll(const char *a, const char *b, size_t n);
errno_t wcsncpy_s(WCHAR *to, size_t room, const WCHAR *from, size_t count);
errno_t wcsncat_s(WCHAR *to, size_t room, const WCHAR *from, size_t count);
WCHAR *wcstok_s(WCHAR *s, const WCHAR *set, WCHAR **next);
errno_t _wcslwr_s(WCHAR *s, size_t room);
errno_t _wcsupr_s(WCHAR *s, size_t room);
WCHAR *_wcsnset(WCHAR *s, WCHAR c, size_t n);
WCHAR *_wcsset(WCHAR *s, WCHAR c);
errno_t _wcsnset_s(WCHAR *s, size_t room, WCHAR c, size_t n);
errno_t _wcsset_s(WCHAR *s, size_t room, WCHAR c);
int _wcsncoll(const WCHAR *a, const WCHAR *b, size_t n);
int _wcsnicoll(const WCHAR *a, const WCHAR *b, size_t n);

/* floats.c */
float _copysignf(float x, float y);
float _chgsignf(float x);
int _finitef(float x);
int _isnanf(float x);
float _hypotf(float x, float y);
float _logbf(float x);
float _scalbf(float x, LONG n);
float _nextafterf(float x, float y);
int _fpclassf(float x);
double _cabs(struct complex z);
ULONG _lrotl(ULONG x, int n);
ULONG _lrotr(ULONG x, int n);

/* drives.c */
int _chdrive(int drive);
ULONG _getdrives(void);
WCHAR *_wgetdcwd(int drive, WCHAR *buffer, int size);
char *_getdcwd(int drive, char *buffer, int size);
unsigned _getdiskfree(unsigned drive, struct diskfree *out);
unsigned _getsystime(struct tm *tm);
unsigned _setsystime(struct tm *tm, unsigned milliseconds);
void _sleep(ULONG milliseconds);
void _seterrormode(int mode);
intptr_t _loaddll(char *name);
int _unloaddll(intptr_t module);
void *_getdllprocaddr(intptr_t module, char *name, intptr_t ordinal);
int _set_error_mode(int mode);
_Noreturn void _purecall(void);
int _callnewh(size_t size);
int *__fpecode(void);
int __iscsymf(int c);
int __iscsym(int c);
int isleadbyte(int c);
ULONG __threadid(void);
intptr_t __threadhandle(void);

/* numbers.c */
errno_t _itoa_s(int value, char *buffer, size_t room, int radix);
errno_t _ltoa_s(LONG value, char *buffer, size_t room, int radix);
errno_t _ultoa_s(ULONG value, char *buffer, size_t room, int radix);
errno_t _i64toa_s(LONG64 value, char *buffer, size_t room, int radix);
errno_t _ui64toa_s(ULONG64 value, char *buffer, size_t room, int radix);
errno_t _itow_s(int value, WCHAR *buffer, size_t room, int radix);
errno_t _ltow_s(LONG value, WCHAR *buffer, size_t room, int radix);
errno_t _ultow_s(ULONG value, WCHAR *buffer, size_t room, int radix);
errno_t _i64tow_s(LONG64 value, WCHAR *buffer, size_t room, int radix);
errno_t _ui64tow_s(ULONG64 value, WCHAR *buffer, size_t room, int radix);
errno_t _ecvt_s(char *buffer, size_t room, double value, int count, int *point, int *negative);
errno_t _fcvt_s(char *buffer, size_t room, double value, int count, int *point, int *negative);
char *_ecvt(double value, int count, int *point, int *negative);
char *_fcvt(double value, int count, int *point, int *negative);
errno_t _gcvt_s(char *buffer, size_t room, double value, int count);
char *_gcvt(double value, int count, char *buffer);

/* multibyte.c */
int _getmbcp(void);
int _setmbcp(int page);
unsigned _mbctolower(unsigned c);
unsigned _mbctoupper(unsigned c);
UCHAR *_mbslwr(UCHAR *s);
UCHAR *_mbsupr(UCHAR *s);
errno_t _mbslwr_s(UCHAR *s, size_t room);
errno_t _mbsupr_s(UCHAR *s, size_t room);
int _mbsnicmp(const UCHAR *a, const UCHAR *b, size_t n);
int _mbsicmp(const UCHAR *a, const UCHAR *b);
UCHAR *_mbsinc(const UCHAR *s);
UCHAR *_mbsdec(const UCHAR *start, const UCHAR *s);
UCHAR *_mbsninc(const UCHAR *s, size_t n);
unsigned _mbsnextc(const UCHAR *s);
size_t _mbclen(const UCHAR *s);
void _mbccpy(UCHAR *to, const UCHAR *from);
errno_t _mbccpy_s(UCHAR *to, size_t room, int *copied, const UCHAR *from);
size_t _mbsnbcnt(const UCHAR *s, size_t n);
UCHAR *_mbsspnp(const UCHAR *s, const UCHAR *set);
int _mbbtype(UCHAR byte, int previous);
int _mbsbtype(const UCHAR *s, size_t n);
int _ismbblead(unsigned c);
int _ismbslead(const UCHAR *start, const UCHAR *s);
int _ismbcalpha(unsigned c);
int _ismbcalnum(unsigned c);
int _ismbcdigit(unsigned c);
int _ismbcspace(unsigned c);
int _ismbcpunct(unsigned c);
int _ismbcgraph(unsigned c);
int _ismbcprint(unsigned c);
int _ismbclower(unsigned c);
int _ismbcupper(unsigned c);
int _ismbclegal(unsigned c);
unsigned _mbctombb(unsigned c);
unsigned _mbcjistojms(unsigned c);

/* search.c */
void qsort_s(void *base, size_t count, size_t size, context_comparison *compare, void *context);
void *bsearch_s(const void *key, const void *base, size_t count, size_t size,
                context_comparison *compare, void *context);
void *_lfind_s(const void *key, const void *base, unsigned *count, size_t size,
               context_comparison *compare, void *context);
void *_lsearch(const void *key, void *base, unsigned *count, unsigned size, comparison *compare);
void *_lsearch_s(const void *key, void *base, unsigned *count, size_t size,
                 context_comparison *compare, void *context);

/* bessel.c */
double _jn(int order, double x);
double _yn(int order, double x);
double _j0(double x);
double _j1(double x);
double _y0(double x);
double _y1(double x);

/* wide.c */
errno_t mbstowcs_s(size_t *converted, WCHAR *to, size_t room, const char *from, size_t count);
errno_t wcstombs_s(size_t *converted, char *to, size_t room, const WCHAR *from, size_t count);
errno_t mbsrtowcs_s(size_t *converted, WCHAR *to, size_t room, const char **from, size_t count,
                    int *state);
errno_t wcsrtombs_s(size_t *converted, char *to, size_t room, const WCHAR **from, size_t count,
                    int *state);
errno_t wctomb_s(int *size, char *to, size_t room, WCHAR c);
errno_t wcrtomb_s(size_t *size, char *to, size_t room, WCHAR c, int *state);
errno_t strerror_s(char *buffer, size_t room, int error);
errno_t _wcserror_s(WCHAR *buffer, size_t room, int error);
errno_t _strerror_s(char *buffer, size_t room, const char *prefix);
char *_strerror(const char *prefix);
errno_t __wcserror_s(WCHAR *buffer, size_t room, const WCHAR *prefix);
WCHAR *__wcserror(const WCHAR *prefix);
void _wperror(const WCHAR *message);
WCHAR *_wasctime(const struct tm *tm);
WCHAR *_wctime64(const time64 *time);
WCHAR *_wstrdate(WCHAR *buffer);
WCHAR *_wstrtime(WCHAR *buffer);
errno_t getenv_s(size_t *needed, char *buffer, size_t room, const char *name);
errno_t _wgetenv_s(size_t *needed, WCHAR *buffer, size_t room, const WCHAR *name);
errno_t _wputenv_s(const WCHAR *name, const WCHAR *value);
errno_t _putenv_s(const char *name, const char *value);

/* tempname.c */
errno_t _wtmpnam_s(WCHAR *buffer, size_t room);
errno_t tmpnam_s(char *buffer, size_t room);
WCHAR *_wtmpnam(WCHAR *buffer);
char *tmpnam(char *buffer);
errno_t tmpfile_s(FILE **stream);
WCHAR *_wtempnam(const WCHAR *folder, const WCHAR *prefix);
char *_tempnam(const char *folder, const char *prefix);
WCHAR *_wmktemp(WCHAR *template);
char *_mktemp(char *template);

/* secureio.c */
int vfprintf_s(FILE *stream, const char *format, va_list arguments);
int vfwprintf_s(FILE *stream, const WCHAR *format, va_list arguments);
int vprintf_s(const char *format, va_list arguments);
int vwprintf_s(const WCHAR *format, va_list arguments);
int _vsnprintf_s(char *buffer, size_t room, size_t count, const char *format, va_list arguments);
int _vsnwprintf_s(WCHAR *buffer, size_t room, size_t count, const WCHAR *format, va_list arguments);
int printf_s(const char *format, ...);
int wprintf_s(const WCHAR *format, ...);
int fprintf_s(FILE *stream, const char *format, ...);
int fwprintf_s(FILE *stream, const WCHAR *format, ...);
int _snprintf_s(char *buffer, size_t room, size_t count, const char *format, ...);
int _snwprintf_s(WCHAR *buffer, size_t room, size_t count, const WCHAR *format, ...);
errno_t _wfopen_s(FILE **stream, const WCHAR *path, const WCHAR *mode);
errno_t freopen_s(FILE **result, const char *path, const char *mode, FILE *stream);
errno_t _wfreopen_s(FILE **result, const WCHAR *path, const WCHAR *mode, FILE *stream);
errno_t _wsopen_s(int *fd, const WCHAR *path, int flags, int share, int mode);
int _wcreat(const WCHAR *path, int mode);
errno_t clearerr_s(FILE *stream);
int _getw(FILE *stream);
int _putw(int word, FILE *stream);
WCHAR *_getws(WCHAR *buffer);

/* scan.c */
int sscanf_s(const char *text, const char *format, ...);
int swscanf_s(const WCHAR *text, const WCHAR *format, ...);
int fscanf_s(FILE *stream, const char *format, ...);
int fwscanf_s(FILE *stream, const WCHAR *format, ...);
int scanf_s(const char *format, ...);
int wscanf_s(const WCHAR *format, ...);

/* stream.c */
int _getmaxstdio(void);
int _setmaxstdio(int count);

/* time.c */
struct timeb64;
errno_t _ftime64_s(struct timeb64 *out);
errno_t _ftime32_s(struct timeb32 *out);
void _ftime32(struct timeb32 *out);
double _difftime32(LONG end, LONG start);
LONG _mkgmtime32(struct tm *tm);

/* process.c */
intptr_t _spawnv(int mode, const char *name, const char *const *arguments);
intptr_t _spawnvp(int mode, const char *name, const char *const *arguments);
intptr_t _spawnve(int mode, const char *name, const char *const *arguments,
                  const char *const *environment);
intptr_t _spawnvpe(int mode, const char *name, const char *const *arguments,
                   const char *const *environment);
intptr_t _spawnl(int mode, const char *name, const char *first, ...);
intptr_t _spawnlp(int mode, const char *name, const char *first, ...);
intptr_t _spawnle(int mode, const char *name, const char *first, ...);
intptr_t _spawnlpe(int mode, const char *name, const char *first, ...);
intptr_t _execv(const char *name, const char *const *arguments);
intptr_t _execvp(const char *name, const char *const *arguments);
intptr_t _execve(const char *name, const char *const *arguments, const char *const *environment);
intptr_t _execvpe(const char *name, const char *const *arguments, const char *const *environment);
intptr_t _execl(const char *name, const char *first, ...);
intptr_t _execlp(const char *name, const char *first, ...);
intptr_t _execle(const char *name, const char *first, ...);
intptr_t _execlpe(const char *name, const char *first, ...);
intptr_t _wspawnv(int mode, const WCHAR *name, const WCHAR *const *arguments);
intptr_t _wspawnvp(int mode, const WCHAR *name, const WCHAR *const *arguments);
intptr_t _wspawnve(int mode, const WCHAR *name, const WCHAR *const *arguments,
                   const WCHAR *const *environment);
intptr_t _wspawnvpe(int mode, const WCHAR *name, const WCHAR *const *arguments,
                    const WCHAR *const *environment);
intptr_t _wspawnl(int mode, const WCHAR *name, const WCHAR *first, ...);
intptr_t _wspawnlp(int mode, const WCHAR *name, const WCHAR *first, ...);
intptr_t _wspawnle(int mode, const WCHAR *name, const WCHAR *first, ...);
intptr_t _wspawnlpe(int mode, const WCHAR *name, const WCHAR *first, ...);
intptr_t _wexecv(const WCHAR *name, const WCHAR *const *arguments);
intptr_t _wexecvp(const WCHAR *name, const WCHAR *const *arguments);
intptr_t _wexecve(const WCHAR *name, const WCHAR *const *arguments,
                  const WCHAR *const *environment);
intptr_t _wexecvpe(const WCHAR *name, const WCHAR *const *arguments,
                   const WCHAR *const *environment);
intptr_t _wexecl(const WCHAR *name, const WCHAR *first, ...);
intptr_t _wexeclp(const WCHAR *name, const WCHAR *first, ...);
intptr_t _wexecle(const WCHAR *name, const WCHAR *first, ...);
intptr_t _wexeclpe(const WCHAR *name, const WCHAR *first, ...);
intptr_t _cwait(int *status, intptr_t process, int action);
int _pipe(int *fds, unsigned size, int mode);
