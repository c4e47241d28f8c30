/* guest/msvcrt/multibyte.c: the multibyte functions (_mbs*, _ismb*).
 *
 * They go by the multibyte code page, which at the start is the system's ANSI page, 1252: a
 * character is one byte, nothing is a lead byte, and most of these functions are those for narrow
 * strings under another name (msvcrt.def says which). What is left knows case beyond ASCII, or
 * answers as documented for code pages without double-byte characters. Source: "_mbsinc" and its
 * kin, documentation. */
#include "crt.h"
#include "msvcrt.h"

#define MB_CP_OEM (-2)
#define MB_CP_ANSI (-3)
#define MB_CP_LOCALE (-4)
#define MBC_SINGLE 0
#define MBC_ILLEGAL (-1)

/* 0: the code page in force has single bytes only. */
int _getmbcp(void)
{
    return 0;
}

int _setmbcp(int page)
{
    switch (page) {
    case 0:
    case MB_CP_OEM:
    case MB_CP_ANSI:
    case MB_CP_LOCALE:
    case 1252:
        return 0;
    default: /* there is no other table */
        return crt_fail_errno(EINVAL);
    }
}

static WCHAR wide_of(unsigned c)
{
    char narrow = (char)c;
    WCHAR wide = 0;
    MultiByteToWideChar(CP_ACP, 0, &narrow, 1, &wide, 1);
    return wide;
}

/* A letter in the other case, if the code page has it. */
static unsigned narrow_of(WCHAR wide, unsigned otherwise)
{
    char narrow;
    BOOL replaced = FALSE;
    if (WideCharToMultiByte(CP_ACP, WC_NO_BEST_FIT_CHARS, &wide, 1, &narrow, 1, NULL, &replaced) !=
            1 ||
        replaced)
        return otherwise;
    return (UCHAR)narrow;
}

unsigned _mbctolower(unsigned c)
{
    return c > 0xFF ? c : narrow_of(towlower(wide_of(c)), c);
}

unsigned _mbctoupper(unsigned c)
{
    return c > 0xFF ? c : narrow_of(towupper(wide_of(c)), c);
}

UCHAR *_mbslwr(UCHAR *s)
{
    for (UCHAR *p = s; *p; p++)
        *p = (UCHAR)_mbctolower(*p);
    return s;
}

UCHAR *_mbsupr(UCHAR *s)
{
    for (UCHAR *p = s; *p; p++)
        *p = (UCHAR)_mbctoupper(*p);
    return s;
}

static errno_t check(UCHAR *s, size_t room)
{
    if (s && room && strnlen((char *)s, room) < room)
        return 0;
    if (s && room)
        *s = 0;
    return crt_invalid_parameter(EINVAL);
}

errno_t _mbslwr_s(UCHAR *s, size_t room)
{
    errno_t error = check(s, room);
    if (!error)
        _mbslwr(s);
    return error;
}

errno_t _mbsupr_s(UCHAR *s, size_t room)
{
    errno_t error = check(s, room);
    if (!error)
        _mbsupr(s);
    return error;
}

int _mbsnicmp(const UCHAR *a, const UCHAR *b, size_t n)
{
    for (; n; n--, a++, b++) {
        unsigned x = _mbctolower(*a), y = _mbctolower(*b);
        if (x != y || !x)
            return x < y ? -1 : x > y;
    }
    return 0;
}

int _mbsicmp(const UCHAR *a, const UCHAR *b)
{
    return _mbsnicmp(a, b, SIZE_MAX);
}

/* ---- steps of one byte ---- */

UCHAR *_mbsinc(const UCHAR *s)
{
    return (UCHAR *)s + 1;
}

UCHAR *_mbsdec(const UCHAR *start, const UCHAR *s)
{
    return s > start ? (UCHAR *)s - 1 : NULL;
}

UCHAR *_mbsninc(const UCHAR *s, size_t n)
{
    return s ? (UCHAR *)s + strnlen((const char *)s, n) : NULL;
}

unsigned _mbsnextc(const UCHAR *s)
{
    return *s;
}

size_t _mbclen(const UCHAR *s)
{
    (void)s;
    return 1;
}

void _mbccpy(UCHAR *to, const UCHAR *from)
{
    *to = *from;
}

errno_t _mbccpy_s(UCHAR *to, size_t room, int *copied, const UCHAR *from)
{
    if (copied)
        *copied = 0;
    if (!to || !room || !from) {
        if (to && room)
            *to = 0;
        return crt_invalid_parameter(EINVAL);
    }
    *to = *from;
    if (copied)
        *copied = 1;
    return 0;
}

/* Bytes in n characters, characters in n bytes. */
size_t _mbsnbcnt(const UCHAR *s, size_t n)
{
    return strnlen((const char *)s, n);
}

UCHAR *_mbsspnp(const UCHAR *s, const UCHAR *set)
{
    s += strspn((const char *)s, (const char *)set);
    return *s ? (UCHAR *)s : NULL;
}

/* ---- what kind of byte or character ---- */

int _mbbtype(UCHAR byte, int previous)
{
    (void)previous;
    return iscntrl(byte) && byte < 0x20 && !isspace(byte) ? MBC_ILLEGAL : MBC_SINGLE;
}

int _mbsbtype(const UCHAR *s, size_t n)
{
    return strnlen((const char *)s, n + 1) <= n ? MBC_ILLEGAL : MBC_SINGLE;
}

/* For all that only a double-byte code page has. */
int _ismbblead(unsigned c)
{
    (void)c;
    return 0;
}

int _ismbslead(const UCHAR *start, const UCHAR *s)
{
    (void)start, (void)s;
    return 0;
}

/* The ctype flags of a byte beyond ASCII in code page 1252. */
static int high_type(unsigned c)
{
    const WCHAR wide = wide_of(c);
    if (wide < 0xA0)
        return _CONTROL; /* the code page has nothing there */
    if (c == 0xA0)
        return _SPACE | _BLANK;
    if (towlower(wide) != wide)
        return _ALPHA & ~_LOWER;
    /* ordinal indicators, sharp s and micro have no upper case but are letters */
    if (towupper(wide) != wide || c == 0xAA || c == 0xB5 || c == 0xBA || c == 0xDF)
        return _ALPHA & ~_UPPER;
    return _PUNCT;
}

static int has_type(unsigned c, int type)
{
    if (c > 0xFF)
        return 0;
    return c < 0x80 ? _isctype((int)c, type) != 0 : (high_type(c) & type) != 0;
}

int _ismbcalpha(unsigned c)
{
    return has_type(c, _ALPHA);
}

int _ismbcalnum(unsigned c)
{
    return has_type(c, _ALPHA | _DIGIT);
}

int _ismbcdigit(unsigned c)
{
    return has_type(c, _DIGIT);
}

int _ismbcspace(unsigned c)
{
    return has_type(c, _SPACE);
}

int _ismbcpunct(unsigned c)
{
    return has_type(c, _PUNCT);
}

int _ismbcgraph(unsigned c)
{
    return has_type(c, _PUNCT | _ALPHA | _DIGIT);
}

int _ismbcprint(unsigned c)
{
    return has_type(c, _BLANK | _PUNCT | _ALPHA | _DIGIT);
}

int _ismbclower(unsigned c)
{
    return has_type(c, _LOWER);
}

int _ismbcupper(unsigned c)
{
    return has_type(c, _UPPER);
}

int _ismbclegal(unsigned c)
{
    return c <= 0xFF;
}

/* Kanji, kana and their conversions: a character of this code page stays what it is. */
unsigned _mbctombb(unsigned c)
{
    return c;
}

unsigned _mbcjistojms(unsigned c)
{
    (void)c; /* documented: 0 where the code page is not Japanese */
    return 0;
}
