/* guest/msvcrt/msvcrt.h: the functions and data that msvcrt exports.
 *
 * The C library as Windows' msvcrt.dll has it; documented by the C standard and the SDK. */
#pragma once

#include "crt.h"

extern char *_acmdln;
extern WCHAR *_wcmdln;
extern char **_environ;
extern WCHAR **_wenviron;
extern WCHAR **_wenviron;
extern char **__initenv;
extern WCHAR **__winitenv;
extern int __argc;
extern char **__argv;
extern WCHAR **__wargv;
extern char *_pgmptr;
extern WCHAR *_wpgmptr;
extern int _fmode;
extern int _commode;
extern unsigned int _osver;
extern unsigned int _winver;
extern unsigned int _winmajor;
extern unsigned int _winminor;
extern FILE _iob[IOB_ENTRIES];
extern USHORT _ctype[257];
extern USHORT *_pctype;
extern USHORT *_pwctype;
extern int __mb_cur_max;
extern LONG _timezone;
extern int _daylight;
extern char *_tzname[2];
extern char *_sys_errlist[];
extern int _sys_nerr;

typedef void initializer(void);
typedef int checked_initializer(void);
typedef int exit_function(void);
typedef int comparison(const void *a, const void *b);
typedef void signal_handler(int number);
typedef struct {
    int quot, rem;
} div_t;
struct _exception;
struct lconv;
struct timeb64;
struct stat64;
struct stat64i32;
struct finddata64i32;
struct finddata64;
struct wfinddata64i32;
struct wfinddata64;
struct utimbuf64;
struct utimbuf32;

/* libmingwex */
double ldexp(double x, int exponent);

/* startup.c */
int __getmainargs(int *argc, char ***argv, char ***envp, int expand, void *start_info);
int __wgetmainargs(int *argc, WCHAR ***argv, WCHAR ***envp, int expand, void *start_info);
void _initterm(initializer **first, initializer **end);
int _initterm_e(checked_initializer **first, checked_initializer **end);
void __set_app_type(int type);
int _XcptFilter(ULONG code, EXCEPTION_POINTERS *pointers);
int *__p___argc(void);
char ***__p___argv(void);
WCHAR ***__p___wargv(void);
char ***__p__environ(void);
WCHAR ***__p__wenviron(void);
char ***__p___initenv(void);
char **__p__acmdln(void);
WCHAR **__p__wcmdln(void);
int *__p__fmode(void);
int *__p__commode(void);
char **__p__pgmptr(void);
char *getenv(const char *name);
WCHAR *_wgetenv(const WCHAR *name);
int _wputenv(const WCHAR *assignment);
int _putenv(const char *assignment);
exit_function *_onexit(exit_function *function);
int atexit(void (*function)(void));
exit_function *__dllonexit(exit_function *function, exit_function ***begin, exit_function ***end);
void _cexit(void);
void _c_exit(void);
_Noreturn void _exit(int code);
_Noreturn void exit(int code);
_Noreturn void abort(void);
_Noreturn void _amsg_exit(int number);
_Noreturn void _assert(const char *expression, const char *file, unsigned line);
_Noreturn void _wassert(const WCHAR *expression, const WCHAR *file, unsigned line);
int _getpid(void);
int system(const char *command);

/* thread.c */
void _lock(int number);
void _unlock(int number);
int *_errno(void);
ULONG *__doserrno(void);
int _set_errno(int error);
int _get_errno(int *error);
ULONG64 _beginthreadex(const SECURITY_ATTRIBUTES *security, unsigned stack,
                       unsigned (*start)(void *), void *argument, unsigned flags, unsigned *id);
ULONG64 _beginthread(void (*start)(void *), unsigned stack, void *argument);
_Noreturn void _endthread(void);
_Noreturn void _endthreadex(unsigned code);

/* heap.c */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *block);
void *realloc(void *block, size_t size);
void *_recalloc(void *block, size_t count, size_t size);
size_t _msize(void *block);
int _resetstkoflw(void);
void *_expand(void *block, size_t size);
int _heapchk(void);
int _heapmin(void);
intptr_t _get_heap_handle(void);
void *_aligned_offset_malloc(size_t size, size_t alignment, size_t offset);
void *_aligned_malloc(size_t size, size_t alignment);
void _aligned_free(void *address);
void *_aligned_offset_realloc(void *address, size_t size, size_t alignment, size_t offset);
void *_aligned_realloc(void *address, size_t size, size_t alignment);

/* stream.c */
FILE *__iob_func(void);
void _lock_file(FILE *stream);
void _unlock_file(FILE *stream);
int _filbuf(FILE *stream);
int _flsbuf(int character, FILE *stream);
size_t _fwrite_nolock(const void *data, size_t size, size_t count, FILE *stream);
size_t _fread_nolock(void *data, size_t size, size_t count, FILE *stream);
int fflush(FILE *stream);
int _flushall(void);
int setvbuf(FILE *stream, char *buffer, int mode, size_t size);
void setbuf(FILE *stream, char *buffer);
FILE *_wfsopen(const WCHAR *path, const WCHAR *mode, int share);
FILE *_wfopen(const WCHAR *path, const WCHAR *mode);
FILE *_fsopen(const char *path, const char *mode, int share);
FILE *fopen(const char *path, const char *mode);
errno_t fopen_s(FILE **stream, const char *path, const char *mode);
FILE *_wfdopen(int fd, const WCHAR *mode);
FILE *_fdopen(int fd, const char *mode);
int fclose(FILE *stream);
int _fcloseall(void);
FILE *_wfreopen(const WCHAR *path, const WCHAR *mode, FILE *stream);
FILE *freopen(const char *path, const char *mode, FILE *stream);
LONG64 _ftelli64(FILE *stream);
LONG ftell(FILE *stream);
int _fseeki64(FILE *stream, LONG64 offset, int origin);
int fseek(FILE *stream, LONG offset, int origin);
void rewind(FILE *stream);
int fgetpos(FILE *stream, LONG64 *position);
int fsetpos(FILE *stream, const LONG64 *position);
FILE *tmpfile(void);

/* stdio.c */
int _getc_nolock(FILE *stream);
int _putc_nolock(int c, FILE *stream);
int fgetc(FILE *stream);
int getc(FILE *stream);
int getchar(void);
int _fgetchar(void);
int fputc(int c, FILE *stream);
int putc(int c, FILE *stream);
int putchar(int c);
int _fputchar(int c);
int ungetc(int c, FILE *stream);
char *fgets(char *buffer, int size, FILE *stream);
char *gets(char *buffer);
int fputs(const char *text, FILE *stream);
int puts(const char *text);
size_t fread(void *data, size_t size, size_t count, FILE *stream);
size_t fwrite(const void *data, size_t size, size_t count, FILE *stream);
int feof(FILE *stream);
int ferror(FILE *stream);
void clearerr(FILE *stream);
int _fileno(FILE *stream);
void perror(const char *message);
USHORT _fputwc_nolock(WCHAR c, FILE *stream);
USHORT fputwc(WCHAR c, FILE *stream);
USHORT putwc(WCHAR c, FILE *stream);
USHORT putwchar(WCHAR c);
USHORT fgetwc(FILE *stream);
USHORT getwc(FILE *stream);
USHORT getwchar(void);
USHORT ungetwc(USHORT c, FILE *stream);
WCHAR *fgetws(WCHAR *buffer, int size, FILE *stream);
int fputws(const WCHAR *text, FILE *stream);
int _putws(const WCHAR *text);

/* printf.c */
int vfprintf(FILE *stream, const char *format, va_list arguments);
int vfwprintf(FILE *stream, const WCHAR *format, va_list arguments);
int _vsnprintf(char *buffer, size_t size, const char *format, va_list arguments);
int _vsnwprintf(WCHAR *buffer, size_t size, const WCHAR *format, va_list arguments);
int vsprintf(char *buffer, const char *format, va_list arguments);
int vswprintf(WCHAR *buffer, const WCHAR *format, va_list arguments);
int _vscprintf(const char *format, va_list arguments);
int _vscwprintf(const WCHAR *format, va_list arguments);
int vprintf(const char *format, va_list arguments);
int vwprintf(const WCHAR *format, va_list arguments);
int vsprintf_s(char *buffer, size_t size, const char *format, va_list arguments);
int vswprintf_s(WCHAR *buffer, size_t size, const WCHAR *format, va_list arguments);
int printf(const char *format, ...);
int fprintf(FILE *stream, const char *format, ...);
int sprintf(char *buffer, const char *format, ...);
int _snprintf(char *buffer, size_t size, const char *format, ...);
int _scprintf(const char *format, ...);
int sprintf_s(char *buffer, size_t size, const char *format, ...);
int wprintf(const WCHAR *format, ...);
int fwprintf(FILE *stream, const WCHAR *format, ...);
int swprintf(WCHAR *buffer, const WCHAR *format, ...);
int _snwprintf(WCHAR *buffer, size_t size, const WCHAR *format, ...);
int _scwprintf(const WCHAR *format, ...);
int swprintf_s(WCHAR *buffer, size_t size, const WCHAR *format, ...);

/* scan.c */
int vsscanf(const char *text, const char *format, va_list arguments);
int vswscanf(const WCHAR *text, const WCHAR *format, va_list arguments);
int vfscanf(FILE *stream, const char *format, va_list arguments);
int vfwscanf(FILE *stream, const WCHAR *format, va_list arguments);
int sscanf(const char *text, const char *format, ...);
int swscanf(const WCHAR *text, const WCHAR *format, ...);
int fscanf(FILE *stream, const char *format, ...);
int fwscanf(FILE *stream, const WCHAR *format, ...);
int scanf(const char *format, ...);
int wscanf(const WCHAR *format, ...);

/* fileio.c */
int _open_osfhandle(intptr_t handle, int flags);
intptr_t _get_osfhandle(int fd);
int _umask(int mask);
int _wsopen(const WCHAR *path, int flags, int share, ...);
int _sopen(const char *path, int flags, int share, ...);
int _open(const char *path, int flags, ...);
int _wopen(const WCHAR *path, int flags, ...);
int _creat(const char *path, int mode);
int _close(int fd);
LONG64 _lseeki64(int fd, LONG64 offset, int origin);
LONG _lseek(int fd, LONG offset, int origin);
LONG64 _telli64(int fd);
LONG _tell(int fd);
int _read(int fd, void *buffer, unsigned size);
int _write(int fd, const void *buffer, unsigned size);
int _setmode(int fd, int mode);
int _isatty(int fd);
int _commit(int fd);
int _dup(int fd);
int _dup2(int from, int to);
LONG64 _filelengthi64(int fd);
LONG _filelength(int fd);
int _eof(int fd);
int _chsize(int fd, LONG size);

/* directory.c */
int _wstat64(const WCHAR *path, struct stat64 *out);
int _stat64(const char *path, struct stat64 *out);
int _fstat64(int fd, struct stat64 *out);
int _stat(const char *path, struct stat64i32 *out);
int _wstat(const WCHAR *path, struct stat64i32 *out);
int _fstat(int fd, struct stat64i32 *out);
int _waccess(const WCHAR *path, int mode);
int _access(const char *path, int mode);
int _wchmod(const WCHAR *path, int mode);
int _chmod(const char *path, int mode);
int _unlink(const char *path);
int remove(const char *path);
int _wunlink(const WCHAR *path);
int _wremove(const WCHAR *path);
int rename(const char *from, const char *to);
int _wrename(const WCHAR *from, const WCHAR *to);
int _mkdir(const char *path);
int _wmkdir(const WCHAR *path);
int _rmdir(const char *path);
int _wrmdir(const WCHAR *path);
int _chdir(const char *path);
int _wchdir(const WCHAR *path);
char *_getcwd(char *buffer, int size);
WCHAR *_wgetcwd(WCHAR *buffer, int size);
int _getdrive(void);

/* find.c */
intptr_t _findfirst64(const char *pattern, struct finddata64 *out);
int _findnext64(intptr_t handle, struct finddata64 *out);
intptr_t _findfirst(const char *pattern, struct finddata64i32 *out);
int _findnext(intptr_t handle, struct finddata64i32 *out);
intptr_t _wfindfirst64(const WCHAR *pattern, struct wfinddata64 *out);
int _wfindnext64(intptr_t handle, struct wfinddata64 *out);
intptr_t _wfindfirst(const WCHAR *pattern, struct wfinddata64i32 *out);
int _wfindnext(intptr_t handle, struct wfinddata64i32 *out);
int _findclose(intptr_t handle);

/* pathname.c */
char *_fullpath(char *buffer, const char *path, size_t size);
errno_t _splitpath_s(const char *path, char *drive, size_t drive_room, char *folder,
                     size_t folder_room, char *name, size_t name_room, char *extension,
                     size_t extension_room);
void _splitpath(const char *path, char *drive, char *folder, char *name, char *extension);
errno_t _makepath_s(char *path, size_t room, const char *drive, const char *folder,
                    const char *name, const char *extension);
void _makepath(char *path, const char *drive, const char *folder, const char *name,
               const char *extension);
errno_t _searchenv_s(const char *file, const char *variable, char *path, size_t room);
void _searchenv(const char *file, const char *variable, char *path);
WCHAR *_wfullpath(WCHAR *buffer, const WCHAR *path, size_t size);
errno_t _wsplitpath_s(const WCHAR *path, WCHAR *drive, size_t drive_room, WCHAR *folder,
                      size_t folder_room, WCHAR *name, size_t name_room, WCHAR *extension,
                      size_t extension_room);
void _wsplitpath(const WCHAR *path, WCHAR *drive, WCHAR *folder, WCHAR *name, WCHAR *extension);
errno_t _wmakepath_s(WCHAR *path, size_t room, const WCHAR *drive, const WCHAR *folder,
                     const WCHAR *name, const WCHAR *extension);
void _wmakepath(WCHAR *path, const WCHAR *drive, const WCHAR *folder, const WCHAR *name,
                const WCHAR *extension);
errno_t _wsearchenv_s(const WCHAR *file, const WCHAR *variable, WCHAR *path, size_t room);
void _wsearchenv(const WCHAR *file, const WCHAR *variable, WCHAR *path);

/* filetime.c */
int _futime64(int fd, const struct utimbuf64 *times);
int _wutime64(const WCHAR *path, const struct utimbuf64 *times);
int _utime64(const char *path, const struct utimbuf64 *times);
int _futime32(int fd, const struct utimbuf32 *times);
int _wutime32(const WCHAR *path, const struct utimbuf32 *times);
int _utime32(const char *path, const struct utimbuf32 *times);

/* string.c */
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *memory, int value, size_t size);
void *_memccpy(void *to, const void *from, int stop, size_t size);
int _memicmp(const void *a, const void *b, size_t size);
errno_t memcpy_s(void *to, size_t room, const void *from, size_t size);
errno_t memmove_s(void *to, size_t room, const void *from, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcoll(const char *a, const char *b);
size_t strxfrm(char *to, const char *from, size_t n);
int _stricmp(const char *a, const char *b);
int _strcmpi(const char *a, const char *b);
int _stricoll(const char *a, const char *b);
int _strnicmp(const char *a, const char *b, size_t n);
char *strcpy(char *to, const char *from);
char *strncpy(char *to, const char *from, size_t n);
char *strcat(char *to, const char *from);
char *strncat(char *to, const char *from, size_t n);
errno_t strcpy_s(char *to, size_t room, const char *from);
errno_t strcat_s(char *to, size_t room, const char *from);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
size_t strspn(const char *s, const char *set);
size_t strcspn(const char *s, const char *set);
char *strpbrk(const char *s, const char *set);
char *strstr(const char *s, const char *part);
char *strtok_s(char *s, const char *set, char **next);
char *strtok(char *s, const char *set);
char *_strdup(const char *s);
char *_strlwr(char *s);
char *_strupr(char *s);
char *_strrev(char *s);
char *_strset(char *s, int c);
char *_strnset(char *s, int c, size_t n);
void _swab(char *from, char *to, int count);

/* wstring.c */
size_t wcslen(const WCHAR *s);
size_t wcsnlen(const WCHAR *s, size_t limit);
int wcscmp(const WCHAR *a, const WCHAR *b);
int wcsncmp(const WCHAR *a, const WCHAR *b, size_t n);
int wcscoll(const WCHAR *a, const WCHAR *b);
int _wcsicmp(const WCHAR *a, const WCHAR *b);
int _wcsicoll(const WCHAR *a, const WCHAR *b);
int _wcsnicmp(const WCHAR *a, const WCHAR *b, size_t n);
WCHAR *wcscpy(WCHAR *to, const WCHAR *from);
WCHAR *wcsncpy(WCHAR *to, const WCHAR *from, size_t n);
WCHAR *wcscat(WCHAR *to, const WCHAR *from);
WCHAR *wcsncat(WCHAR *to, const WCHAR *from, size_t n);
errno_t wcscpy_s(WCHAR *to, size_t room, const WCHAR *from);
errno_t wcscat_s(WCHAR *to, size_t room, const WCHAR *from);
WCHAR *wcschr(const WCHAR *s, WCHAR c);
WCHAR *wcsrchr(const WCHAR *s, WCHAR c);
size_t wcsspn(const WCHAR *s, const WCHAR *set);
size_t wcscspn(const WCHAR *s, const WCHAR *set);
WCHAR *wcspbrk(const WCHAR *s, const WCHAR *set);
WCHAR *wcsstr(const WCHAR *s, const WCHAR *part);
WCHAR *wcstok(WCHAR *s, const WCHAR *set);
WCHAR *_wcsdup(const WCHAR *s);
WCHAR *_wcslwr(WCHAR *s);
WCHAR *_wcsupr(WCHAR *s);
WCHAR *_wcsrev(WCHAR *s);
size_t wcsxfrm(WCHAR *to, const WCHAR *from, size_t n);
int mbtowc(WCHAR *to, const char *s, size_t n);
int wctomb(char *to, WCHAR c);
int mblen(const char *s, size_t n);
size_t mbstowcs(WCHAR *to, const char *from, size_t n);
size_t wcstombs(char *to, const WCHAR *from, size_t n);
USHORT btowc(int c);
int wctob(USHORT c);
size_t mbrtowc(WCHAR *to, const char *s, size_t n, int *state);
size_t wcrtomb(char *to, WCHAR c, int *state);
size_t mbrlen(const char *s, size_t n, int *state);
size_t mbsrtowcs(WCHAR *to, const char **from, size_t n, int *state);
size_t wcsrtombs(char *to, const WCHAR **from, size_t n, int *state);

/* ctype.c */
USHORT *__pctype_func(void);
USHORT *__pwctype_func(void);
int ___mb_cur_max_func(void);
unsigned ___lc_codepage_func(void);
int _isctype(int c, int class);
int isalpha(int c);
int isupper(int c);
int islower(int c);
int isdigit(int c);
int isxdigit(int c);
int isspace(int c);
int ispunct(int c);
int isalnum(int c);
int isprint(int c);
int isgraph(int c);
int iscntrl(int c);
int __isascii(int c);
int __toascii(int c);
int tolower(int c);
int toupper(int c);
int _tolower(int c);
int _toupper(int c);
int iswctype(USHORT c, USHORT class);
int iswalpha(USHORT c);
int iswupper(USHORT c);
int iswlower(USHORT c);
int iswdigit(USHORT c);
int iswxdigit(USHORT c);
int iswspace(USHORT c);
int iswpunct(USHORT c);
int iswalnum(USHORT c);
int iswprint(USHORT c);
int iswgraph(USHORT c);
int iswcntrl(USHORT c);
int iswascii(USHORT c);
USHORT towlower(USHORT c);
USHORT towupper(USHORT c);
struct lconv *localeconv(void);
int __lconv_init(void);
char *setlocale(int category, const char *locale);
WCHAR *_wsetlocale(int category, const WCHAR *locale);
int _configthreadlocale(int type);

/* convert.c */
int atoi(const char *s);
LONG atol(const char *s);
LONG64 _atoi64(const char *s);
int _wtoi(const WCHAR *s);
LONG _wtol(const WCHAR *s);
LONG64 _wtoi64(const WCHAR *s);
double strtod(const char *s, char **end);
double atof(const char *s);
double wcstod(const WCHAR *s, WCHAR **end);
double _wtof(const WCHAR *s);
char *_ui64toa(ULONG64 value, char *buffer, int radix);
char *_i64toa(LONG64 value, char *buffer, int radix);
char *_itoa(int value, char *buffer, int radix);
char *_ltoa(LONG value, char *buffer, int radix);
char *_ultoa(ULONG value, char *buffer, int radix);
WCHAR *_i64tow(LONG64 value, WCHAR *buffer, int radix);
WCHAR *_ui64tow(ULONG64 value, WCHAR *buffer, int radix);
WCHAR *_itow(int value, WCHAR *buffer, int radix);
WCHAR *_ltow(LONG value, WCHAR *buffer, int radix);
WCHAR *_ultow(ULONG value, WCHAR *buffer, int radix);
LONG strtol(const char *s, char **end, int base);
ULONG strtoul(const char *s, char **end, int base);
LONG64 _strtoi64(const char *s, char **end, int base);
ULONG64 _strtoui64(const char *s, char **end, int base);
LONG wcstol(const WCHAR *s, WCHAR **end, int base);
ULONG wcstoul(const WCHAR *s, WCHAR **end, int base);
LONG64 _wcstoi64(const WCHAR *s, WCHAR **end, int base);
ULONG64 _wcstoui64(const WCHAR *s, WCHAR **end, int base);

/* math.c */
double tan(double x);
double acos(double x);
double asin(double x);
double atan(double x);
double cosh(double x);
double sinh(double x);
double tanh(double x);
double log10(double x);
double frexp(double x, int *exponent);
int _finite(double x);
int _isnan(double x);
double _copysign(double x, double y);
double _chgsign(double x);
double _hypot(double x, double y);
double _scalb(double x, LONG n);
double _logb(double x);
double _nextafter(double x, double y);
int _fpclass(double x);
unsigned _control87(unsigned value, unsigned mask);
unsigned _controlfp(unsigned value, unsigned mask);
errno_t _controlfp_s(unsigned *current, unsigned value, unsigned mask);
unsigned _statusfp(void);
unsigned _clearfp(void);
void _fpreset(void);
void __setusermatherr(int (*handler)(struct _exception *));
int abs(int x);
LONG labs(LONG x);
LONG64 _abs64(LONG64 x);
div_t div(int a, int b);
div_t ldiv(LONG a, LONG b);
unsigned _rotl(unsigned x, int n);
unsigned _rotr(unsigned x, int n);
ULONG64 _rotl64(ULONG64 x, int n);
ULONG64 _rotr64(ULONG64 x, int n);
USHORT _byteswap_ushort(USHORT x);
ULONG _byteswap_ulong(ULONG x);
ULONG64 _byteswap_uint64(ULONG64 x);

/* time.c */
void _tzset(void);
time64 _time64(time64 *out);
time64 time(time64 *out);
LONG _time32(LONG *out);
double _difftime64(time64 end, time64 start);
double difftime(time64 end, time64 start);
LONG clock(void);
struct tm *_gmtime64(const time64 *time);
struct tm *gmtime(const time64 *time);
struct tm *_gmtime32(const LONG *time);
struct tm *_localtime64(const time64 *time);
struct tm *localtime(const time64 *time);
struct tm *_localtime32(const LONG *time);
errno_t _gmtime64_s(struct tm *tm, const time64 *time);
errno_t _localtime64_s(struct tm *tm, const time64 *time);
time64 _mktime64(struct tm *tm);
time64 mktime(struct tm *tm);
time64 _mkgmtime64(struct tm *tm);
LONG _mktime32(struct tm *tm);
char *asctime(const struct tm *tm);
char *_ctime64(const time64 *time);
char *ctime(const time64 *time);
size_t strftime(char *buffer, size_t size, const char *format, const struct tm *tm);
size_t wcsftime(WCHAR *buffer, size_t size, const WCHAR *format, const struct tm *tm);
void _ftime64(struct timeb64 *out);
void _ftime(struct timeb64 *out);
char *_strdate(char *buffer);
char *_strtime(char *buffer);

/* misc.c */
void qsort(void *base, size_t count, size_t size, comparison *compare);
void *bsearch(const void *key, const void *base, size_t count, size_t size, comparison *compare);
void *_lfind(const void *key, const void *base, unsigned *count, unsigned size,
             comparison *compare);
int rand(void);
void srand(unsigned seed);
char *strerror(int error);
WCHAR *_wcserror(int error);
signal_handler *signal(int number, signal_handler *handler);
int raise(int number);
EXCEPTION_POINTERS **__pxcptinfoptrs(void);
int _setjmp(void *buffer, void *frame);
int _setjmpex(void *buffer, void *frame);
_Noreturn void longjmp(void *buffer, int value);
