/* guest/msvcrt/math.c: floating point: what libmingwex lacks, and the control word.
 *
 * Most of libm is libmingwex's and is exported from here as it is. A few double functions exist
 * there only for long double; these wrap them. Compiled for the GNU target, whose long double is
 * the x87's. */
#include "crt.h"
#include "msvcrt.h"

long double tanl(long double x);
long double acosl(long double x);
long double asinl(long double x);
long double atanl(long double x);
long double coshl(long double x);
long double sinhl(long double x);
long double tanhl(long double x);
long double log10l(long double x);
long double hypotl(long double x, long double y);
char *__dtoa(double value, int mode, int count, int *point, int *sign, char **end);

int _fltused; /* what the linker wants where floating point is used */

char *crt_dtoa(double value, int mode, int count, int *point, int *negative)
{
    return __dtoa(value, mode, count, point, negative, NULL);
}

static BOOL is_nan(double x)
{
    return x != x;
}

static double domain_error(void)
{
    *_errno() = EDOM;
    return __builtin_nan("");
}

double tan(double x)
{
    return _finite(x) ? (double)tanl(x) : is_nan(x) ? x : domain_error();
}

double acos(double x)
{
    return x < -1 || x > 1 ? domain_error() : (double)acosl(x);
}

double asin(double x)
{
    return x < -1 || x > 1 ? domain_error() : (double)asinl(x);
}

double atan(double x)
{
    return (double)atanl(x);
}

static double checked_range(double result, double x)
{
    if (!_finite(result) && _finite(x))
        *_errno() = ERANGE;
    return result;
}

double cosh(double x)
{
    return checked_range((double)coshl(x), x);
}

double sinh(double x)
{
    return checked_range((double)sinhl(x), x);
}

double tanh(double x)
{
    return (double)tanhl(x);
}

double log10(double x)
{
    if (x < 0)
        return domain_error();
    if (x == 0)
        *_errno() = ERANGE;
    return (double)log10l(x);
}

static ULONG64 bits_of(double x)
{
    ULONG64 bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double double_of(ULONG64 bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define SIGN_BIT (1ull << 63)
#define EXPONENT_BITS (0x7FFull << 52)
#define HALF_EXPONENT 1022

double frexp(double x, int *exponent)
{
    *exponent = 0;
    if (x == 0 || !_finite(x))
        return x;
    ULONG64 bits = bits_of(x);
    if (!(bits & EXPONENT_BITS)) { /* denormal: scale up first */
        bits = bits_of(x * 0x1p54);
        *exponent = -54;
    }
    *exponent += (int)(bits >> 52 & 0x7FF) - HALF_EXPONENT;
    return double_of((bits & ~EXPONENT_BITS) | (ULONG64)HALF_EXPONENT << 52);
}

int _finite(double x)
{
    return (bits_of(x) & EXPONENT_BITS) != EXPONENT_BITS;
}

int _isnan(double x)
{
    return is_nan(x);
}

double _copysign(double x, double y)
{
    return double_of((bits_of(x) & ~SIGN_BIT) | (bits_of(y) & SIGN_BIT));
}

double _chgsign(double x)
{
    return double_of(bits_of(x) ^ SIGN_BIT);
}

double _hypot(double x, double y)
{
    return (double)hypotl(x, y);
}

double _scalb(double x, LONG n)
{
    return ldexp(x, (int)n);
}

double _logb(double x)
{
    int exponent;
    if (x == 0 || !_finite(x))
        return x == 0 ? -__builtin_inf() : x * x;
    frexp(x, &exponent);
    return exponent - 1;
}

double _nextafter(double x, double y)
{
    if (is_nan(x) || is_nan(y))
        return x + y;
    if (x == y)
        return y;
    if (x == 0)
        return _copysign(double_of(1), y);
    return double_of(bits_of(x) + ((x < y) == (x > 0) ? 1 : (ULONG64)-1));
}

#define _FPCLASS_SNAN 0x1
#define _FPCLASS_QNAN 0x2
#define _FPCLASS_NINF 0x4
#define _FPCLASS_NN 0x8
#define _FPCLASS_ND 0x10
#define _FPCLASS_NZ 0x20
#define _FPCLASS_PZ 0x40
#define _FPCLASS_PD 0x80
#define _FPCLASS_PN 0x100
#define _FPCLASS_PINF 0x200

int _fpclass(double x)
{
    ULONG64 bits = bits_of(x);
    BOOL negative = bits >> 63;
    if (is_nan(x))
        return bits & 1ull << 51 ? _FPCLASS_QNAN : _FPCLASS_SNAN;
    if (!_finite(x))
        return negative ? _FPCLASS_NINF : _FPCLASS_PINF;
    if (x == 0)
        return negative ? _FPCLASS_NZ : _FPCLASS_PZ;
    if (!(bits & EXPONENT_BITS))
        return negative ? _FPCLASS_ND : _FPCLASS_PD;
    return negative ? _FPCLASS_NN : _FPCLASS_PN;
}

/* The control word of the API is abstract; MXCSR holds the truth. Exceptions and rounding are
 * translated, precision has no meaning for SSE. Source: _controlfp documentation. */
#define _MCW_EM 0x8001Fu
#define _MCW_RC 0x300u
#define _MCW_DN 0x3000000u
#define MXCSR_DAZ_FTZ 0x8040u

static const struct {
    unsigned control, mxcsr, status;
} exceptions[] = {
    {0x10, 1u << 7, 1u << 0},    /* invalid */
    {0x80000, 1u << 8, 1u << 1}, /* denormal */
    {0x8, 1u << 9, 1u << 2},     /* zero divide */
    {0x4, 1u << 10, 1u << 3},    /* overflow */
    {0x2, 1u << 11, 1u << 4},    /* underflow */
    {0x1, 1u << 12, 1u << 5},    /* inexact */
};
#define EXCEPTIONS (sizeof exceptions / sizeof *exceptions)

static unsigned read_mxcsr(void)
{
    unsigned value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

static void write_mxcsr(unsigned value)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(value));
}

unsigned _control87(unsigned value, unsigned mask)
{
    /* Rounding: near, down, up, chop in both; the bits sit at 8 here and at 13 there. */
    unsigned mxcsr = read_mxcsr(), control = (mxcsr >> 13 & 3) << 8;
    for (ULONG i = 0; i < EXCEPTIONS; i++)
        if (mxcsr & exceptions[i].mxcsr)
            control |= exceptions[i].control;
    if (mxcsr & MXCSR_DAZ_FTZ)
        control |= 0x1000000u;
    mask &= _MCW_EM | _MCW_RC | _MCW_DN;
    if (!mask)
        return control;
    control = (control & ~mask) | (value & mask);
    mxcsr &= ~(3u << 13 | MXCSR_DAZ_FTZ);
    mxcsr |= (control >> 8 & 3) << 13;
    if (control & 0x1000000u)
        mxcsr |= MXCSR_DAZ_FTZ;
    for (ULONG i = 0; i < EXCEPTIONS; i++)
        mxcsr = control & exceptions[i].control ? mxcsr | exceptions[i].mxcsr
                                                : mxcsr & ~exceptions[i].mxcsr;
    write_mxcsr(mxcsr);
    return control;
}

unsigned _controlfp(unsigned value, unsigned mask)
{
    return _control87(value, mask & ~0x80000u); /* the denormal mask stays */
}

errno_t _controlfp_s(unsigned *current, unsigned value, unsigned mask)
{
    unsigned control = _controlfp(value, mask);
    if (current)
        *current = control;
    return 0;
}

unsigned _statusfp(void)
{
    unsigned mxcsr = read_mxcsr(), status = 0;
    for (ULONG i = 0; i < EXCEPTIONS; i++)
        if (mxcsr & exceptions[i].status)
            status |= exceptions[i].control;
    return status;
}

unsigned _clearfp(void)
{
    unsigned status = _statusfp();
    write_mxcsr(read_mxcsr() & ~0x3Fu);
    return status;
}

#define MXCSR_DEFAULT 0x1F80u

void _fpreset(void)
{
    write_mxcsr(MXCSR_DEFAULT);
    __asm__ volatile("fninit");
}

/* matherr: libmingwex tells of errors through this; a handler of the program's may hear them. */
struct _exception {
    int type;
    char *name;
    double arg1, arg2, retval;
};

static int (*user_matherr)(struct _exception *);

void __setusermatherr(int (*handler)(struct _exception *))
{
    user_matherr = handler;
}

void __mingw_raise_matherr(int type, const char *name, double a, double b, double result)
{
    struct _exception exception = {type, (char *)name, a, b, result};
    if (user_matherr)
        user_matherr(&exception);
}

/* Integers. */
int abs(int x)
{
    return x < 0 ? -x : x;
}

LONG labs(LONG x)
{
    return x < 0 ? -x : x;
}

LONG64 _abs64(LONG64 x)
{
    return x < 0 ? -x : x;
}

div_t div(int a, int b)
{
    return (div_t){a / b, a % b};
}

div_t ldiv(LONG a, LONG b)
{
    return (div_t){a / b, a % b};
}

unsigned _rotl(unsigned x, int n)
{
    return x << (n & 31) | x >> (-n & 31);
}

unsigned _rotr(unsigned x, int n)
{
    return x >> (n & 31) | x << (-n & 31);
}

ULONG64 _rotl64(ULONG64 x, int n)
{
    return x << (n & 63) | x >> (-n & 63);
}

ULONG64 _rotr64(ULONG64 x, int n)
{
    return x >> (n & 63) | x << (-n & 63);
}

USHORT _byteswap_ushort(USHORT x)
{
    return __builtin_bswap16(x);
}

ULONG _byteswap_ulong(ULONG x)
{
    return __builtin_bswap32(x);
}

ULONG64 _byteswap_uint64(ULONG64 x)
{
    return __builtin_bswap64(x);
}
