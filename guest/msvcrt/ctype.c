/* guest/msvcrt/ctype.c: character classes, and the C locale.
 *
 * _pctype points at entry 0 of a table that also answers for EOF (-1). Only the C locale exists;
 * setlocale knows its names and refuses others. */
#include "crt.h"
#include "msvcrt.h"

#define C _CONTROL
#define S (_CONTROL | _SPACE)
#define P _PUNCT
#define D (_DIGIT | _HEX)
#define U (0x100 | _UPPER)
#define L (0x100 | _LOWER)
#define ROW16(x) x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x

USHORT _ctype[257] = {0, /* EOF */
                      /* 00 */ C,
                      C,
                      C,
                      C,
                      C,
                      C,
                      C,
                      C,
                      C,
                      S | _BLANK,
                      S,
                      S,
                      S,
                      S,
                      C,
                      C,
                      /* 10 */ ROW16(C),
                      /* 20 */ _SPACE | _BLANK,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      /* 30 */ D,
                      D,
                      D,
                      D,
                      D,
                      D,
                      D,
                      D,
                      D,
                      D,
                      P,
                      P,
                      P,
                      P,
                      P,
                      P,
                      /* 40 */ P,
                      U | _HEX,
                      U | _HEX,
                      U | _HEX,
                      U | _HEX,
                      U | _HEX,
                      U | _HEX,
                      U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      /* 50 */ U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      U,
                      P,
                      P,
                      P,
                      P,
                      P,
                      /* 60 */ P,
                      L | _HEX,
                      L | _HEX,
                      L | _HEX,
                      L | _HEX,
                      L | _HEX,
                      L | _HEX,
                      L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      /* 70 */ L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      L,
                      P,
                      P,
                      P,
                      P,
                      C};

USHORT *_pctype = _ctype + 1;
USHORT *_pwctype = _ctype + 1;
int __mb_cur_max = 1;

USHORT *__pctype_func(void)
{
    return _pctype;
}

USHORT *__pwctype_func(void)
{
    return _pwctype;
}

int ___mb_cur_max_func(void)
{
    return __mb_cur_max;
}

unsigned ___lc_codepage_func(void)
{
    return 0; /* the C locale has none */
}

static int is(int c, int class)
{
    return c >= -1 && c <= 255 ? _pctype[c] & class : 0;
}

int _isctype(int c, int class)
{
    return is(c, class);
}

int isalpha(int c)
{
    return is(c, _ALPHA);
}

int isupper(int c)
{
    return is(c, _UPPER);
}

int islower(int c)
{
    return is(c, _LOWER);
}

int isdigit(int c)
{
    return is(c, _DIGIT);
}

int isxdigit(int c)
{
    return is(c, _HEX);
}

int isspace(int c)
{
    return is(c, _SPACE);
}

int ispunct(int c)
{
    return is(c, _PUNCT);
}

int isalnum(int c)
{
    return is(c, _ALPHA | _DIGIT);
}

int isprint(int c)
{
    return c == '\t' ? 0 : is(c, _BLANK | _PUNCT | _ALPHA | _DIGIT);
}

int isgraph(int c)
{
    return is(c, _PUNCT | _ALPHA | _DIGIT);
}

int iscntrl(int c)
{
    return is(c, _CONTROL);
}

int __isascii(int c)
{
    return (unsigned)c < 0x80;
}

int __toascii(int c)
{
    return c & 0x7F;
}

int tolower(int c)
{
    return isupper(c) ? c - 'A' + 'a' : c;
}

int toupper(int c)
{
    return islower(c) ? c - 'a' + 'A' : c;
}

int _tolower(int c)
{
    return c - 'A' + 'a';
}

int _toupper(int c)
{
    return c - 'a' + 'A';
}

int iswctype(USHORT c, USHORT class)
{
    return c == WEOF ? 0 : is(c, class);
}

int iswalpha(USHORT c)
{
    return iswctype(c, _ALPHA);
}

int iswupper(USHORT c)
{
    return iswctype(c, _UPPER);
}

int iswlower(USHORT c)
{
    return iswctype(c, _LOWER);
}

int iswdigit(USHORT c)
{
    return iswctype(c, _DIGIT);
}

int iswxdigit(USHORT c)
{
    return iswctype(c, _HEX);
}

int iswspace(USHORT c)
{
    return iswctype(c, _SPACE);
}

int iswpunct(USHORT c)
{
    return iswctype(c, _PUNCT);
}

int iswalnum(USHORT c)
{
    return iswctype(c, _ALPHA | _DIGIT);
}

int iswprint(USHORT c)
{
    return c != '\t' && iswctype(c, _BLANK | _PUNCT | _ALPHA | _DIGIT);
}

int iswgraph(USHORT c)
{
    return iswctype(c, _PUNCT | _ALPHA | _DIGIT);
}

int iswcntrl(USHORT c)
{
    return iswctype(c, _CONTROL);
}

int iswascii(USHORT c)
{
    return c < 0x80;
}

USHORT towlower(USHORT c)
{
    return RtlDowncaseUnicodeChar(c);
}

USHORT towupper(USHORT c)
{
    return RtlUpcaseUnicodeChar(c);
}

/* struct lconv of the C locale. */
struct lconv {
    char *decimal_point, *thousands_sep, *grouping, *int_curr_symbol, *currency_symbol;
    char *mon_decimal_point, *mon_thousands_sep, *mon_grouping, *positive_sign, *negative_sign;
    char int_frac_digits, frac_digits, p_cs_precedes, p_sep_by_space, n_cs_precedes;
    char n_sep_by_space, p_sign_posn, n_sign_posn;
};

#define NOT_AVAILABLE 127
#define UNSIGNED_NOT_AVAILABLE 255

static char no_text[] = "", decimal_point[] = ".";
static struct lconv c_locale = {
    decimal_point, no_text,       no_text,       no_text,       no_text,       no_text,
    no_text,       no_text,       no_text,       no_text,       NOT_AVAILABLE, NOT_AVAILABLE,
    NOT_AVAILABLE, NOT_AVAILABLE, NOT_AVAILABLE, NOT_AVAILABLE, NOT_AVAILABLE, NOT_AVAILABLE};

struct lconv *localeconv(void)
{
    return &c_locale;
}

/* The start-up code of programs whose plain char is unsigned: CHAR_MAX, which says "not available",
 * is 255 to them. */
int __lconv_init(void)
{
    memset(&c_locale.int_frac_digits, UNSIGNED_NOT_AVAILABLE,
           sizeof c_locale - offsetof(struct lconv, int_frac_digits));
    return 0;
}

#define LC_MAX 5

char *setlocale(int category, const char *locale)
{
    static char name[] = "C";
    if (category < 0 || category > LC_MAX)
        return NULL;
    if (locale && *locale && strcmp(locale, "C") && strcmp(locale, "POSIX"))
        return NULL;
    return name;
}

WCHAR *_wsetlocale(int category, const WCHAR *locale)
{
    static WCHAR name[] = L"C";
    if (category < 0 || category > LC_MAX)
        return NULL;
    return !locale || !*locale || !wcscmp(locale, L"C") ? name : NULL;
}

int _configthreadlocale(int type)
{
    const int disabled = 2;
    return type >= -1 && type <= 2 ? disabled : -1;
}
