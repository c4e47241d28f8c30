/* guest/msvcrt/crt.h: what the files of msvcrt share.
 *
 * msvcrt is the C library that mingw-w64 programs are built against. Its observable surface (FILE,
 * ctype flags, errno numbers, printf's dialect) is that of Windows' msvcrt.dll; how it works inside
 * is ours. Floating-point conversion and most of libm come from mingw-w64's own libmingwex (public
 * domain), linked in. */
#pragma once

#include <stdarg.h>

#include "kernel32.h"
#include "win32.h"

typedef int errno_t;
typedef LONG64 time64;

/* The body of a function with "..." behind `last`: what `call` returns, which names `arguments`. */
#define FORWARD(call, last)                                                                        \
    va_list arguments;                                                                             \
    va_start(arguments, last);                                                                     \
    int forwarded = call;                                                                          \
    va_end(arguments);                                                                             \
    return forwarded

/* errno values that msvcrt uses. */
#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define E2BIG 7
#define ENOEXEC 8
#define EBADF 9
#define ECHILD 10
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EEXIST 17
#define EXDEV 18
#define ENOTDIR 20
#define EISDIR 21
#define EINVAL 22
#define EMFILE 24
#define ENOSPC 28
#define ESPIPE 29
#define EPIPE 32
#define EDOM 33
#define ERANGE 34
#define ENOTEMPTY 41
#define EILSEQ 42
#define STRUNCATE 80
#define TRUNCATE SIZE_MAX /* _TRUNCATE: as much as fits */

#define EOF (-1)
#define WEOF ((USHORT)0xFFFF)

/* FILE: the layout that mingw's inline getc and putc know. `_cnt` is what is left to read, or the
 * room left to write; both go through _ptr. Source: stdio.h of the SDK and of mingw-w64. */
typedef struct _iobuf {
    char *_ptr;
    int _cnt;
    char *_base;
    int _flag;
    int _file;
    int _charbuf;
    int _bufsiz;
    char *_tmpfname;
} FILE;
NT_SIZE(FILE, 48);

#define _IOREAD 0x1
#define _IOWRT 0x2
#define _IONBF 0x4
#define _IOMYBUF 0x8
#define _IOEOF 0x10
#define _IOERR 0x20
#define _IOLBF 0x40
#define _IORW 0x80

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define BUFSIZ 512
#define STREAM_BUFFER 4096
#define IOB_ENTRIES 20

#define _O_RDONLY 0x0
#define _O_WRONLY 0x1
#define _O_RDWR 0x2
#define _O_APPEND 0x8
#define _O_RANDOM 0x10
#define _O_SEQUENTIAL 0x20
#define _O_TEMPORARY 0x40
#define _O_NOINHERIT 0x80
#define _O_CREAT 0x100
#define _O_TRUNC 0x200
#define _O_EXCL 0x400
#define _O_TEXT 0x4000
#define _O_BINARY 0x8000

/* ctype flags, as _pctype's table has them. */
#define _UPPER 0x1
#define _LOWER 0x2
#define _DIGIT 0x4
#define _SPACE 0x8
#define _PUNCT 0x10
#define _CONTROL 0x20
#define _BLANK 0x40
#define _HEX 0x80
#define _ALPHA (0x100 | _UPPER | _LOWER)

struct tm {
    int tm_sec;
    int tm_min;
    int tm_hour;
    int tm_mday;
    int tm_mon;
    int tm_year;
    int tm_wday;
    int tm_yday;
    int tm_isdst;
};

struct comparison_context;

/* What the library keeps for each thread. */
struct crt_thread {
    int error;
    ULONG dos_error;
    ULONG random;
    char *strtok_next;
    WCHAR *wcstok_next;
    struct tm tm;
    char asctime[26];
    WCHAR wasctime[26];
    char strerror[64];
    WCHAR wcserror[64];
    char message[136]; /* of _strerror: a prefix of 94 characters and a message, or less */
    WCHAR wmessage[136];
    char tmpnam[16];
    WCHAR wtmpnam[16];
    char digits[344];                      /* of _ecvt and _fcvt */
    struct comparison_context *comparison; /* of qsort_s and its kin */
    EXCEPTION_POINTERS *exception;
    int fp_code;
    void *signal_handlers[3]; /* SIGFPE, SIGILL, SIGSEGV are per thread */
};

struct crt_thread *crt_thread(void);
BOOL crt_threads_init(void);

/* Set errno (and return -1) from a Win32 error. */
int crt_fail(ULONG dos_error);
int crt_fail_errno(int error);
/* What a function with documented parameter checks does when one fails: errno. msvcrt.dll exports
 * no way to set an invalid-parameter handler, so there is none to call. => the error */
errno_t crt_invalid_parameter(int error);
/* A file's time in seconds since 1970; 0 for none. */
time64 crt_unix_time(const FILETIME *time);

BOOL DllMain(void *module, ULONG reason, void *reserved);
void __mingw_raise_matherr(int type, const char *name, double a, double b, double result);

BOOL crt_locks_init(void);
BOOL crt_files_init(void);
BOOL crt_streams_init(void);
BOOL crt_arguments_init(void);
/* Make _environ and _wenviron. => FALSE when memory runs out */
BOOL crt_environment_init(void);
/* Copies in the other width, and of a vector; NULL when memory runs out. */
char *crt_narrow_copy(const WCHAR *text);
WCHAR *crt_wide_copy(const char *text);
char **crt_narrow_vector(WCHAR *const *wide, int count);
void crt_flush_at_exit(void);
/* The streams there may be; one of them, or NULL; whether it is open. */
#define STREAMS 2048
FILE *crt_stream_at(int i);
BOOL crt_stream_in_use(const FILE *stream);
/* A free stream, marked as used. => LOCK_STREAMS held; NULL when there is none */
FILE *crt_take_stream(int flags);
/* Write what waits. => the stream's lock held; EOF: not all could be */
int crt_flush_nolock(FILE *stream);
BOOL crt_fd_is_text(int fd);
int crt_fd_advanced(int fd);
int crt_signal_filter(ULONG code, EXCEPTION_POINTERS *pointers);
void crt_parse_command_line(const WCHAR *line, int *count, WCHAR **vector, WCHAR *text,
                            ULONG64 *text_size);

#define LOCK_EXIT 0
#define LOCK_STREAMS 1
#define LOCK_FILES 2
#define LOCK_ENVIRONMENT 3
#define LOCK_SIGNAL 4
#define LOCK_STREAM_0 16 /* _iob[0..19] */
#define LOCK_COUNT (LOCK_STREAM_0 + IOB_ENTRIES)

/* Formatting: one engine for narrow and wide, files and strings (format.c). */
struct crt_sink {
    void (*flush)(struct crt_sink *sink); /* empty the chunk; NULL for strings */
    void *context;
    char *narrow; /* where the next character goes, one of the two */
    WCHAR *wide;
    ULONG64 room;  /* characters that still fit */
    ULONG64 count; /* characters produced in all */
    BOOL failed;
};
int crt_format(struct crt_sink *sink, const void *format, BOOL wide_format, va_list arguments);

/* Scanning: one engine as well (scan.c). */
struct crt_source {
    int (*get)(struct crt_source *source); /* next character or EOF */
    void (*unget)(struct crt_source *source, int c);
    void *context;
    BOOL wide;
    BOOL secure; /* texts and characters come with the room for them, as scanf_s has it */
};
int crt_scan(struct crt_source *source, const void *format, BOOL wide_format, va_list arguments);

/* Digits of a double: "12345" with the point after `*point` of them; mode and count as of David
 * Gay's dtoa (2: `count` significant digits). Freed with __freedtoa. */
char *crt_dtoa(double value, int mode, int count, int *point, int *negative);
void __freedtoa(char *digits);
double __mingw_strtod(const char *text, char **end);
double __mingw_wcstod(const WCHAR *text, WCHAR **end);
