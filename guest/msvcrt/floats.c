/* guest/msvcrt/floats.c: the float twins of the recommended IEEE functions, and absolute values and
 * rotations by their long names. Source: "_copysign, _copysignf" and so on, documentation. */
#include "crt.h"
#include "msvcrt.h"

float _copysignf(float x, float y)
{
    return (float)_copysign(x, y);
}

float _chgsignf(float x)
{
    return -x;
}

int _finitef(float x)
{
    return _finite(x);
}

int _isnanf(float x)
{
    return x != x;
}

float _hypotf(float x, float y)
{
    return (float)_hypot(x, y);
}

float _logbf(float x)
{
    return (float)_logb(x);
}

float _scalbf(float x, LONG n)
{
    return (float)_scalb(x, n);
}

static unsigned bits_of(float x)
{
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

float _nextafterf(float x, float y)
{
    unsigned bits = bits_of(x);
    if (x != x || y != y)
        return x + y;
    if (x == y)
        return y;
    if (x == 0)
        bits = (bits_of(y) & 0x80000000u) | 1; /* the smallest there is, towards y */
    else
        bits += (x < y) == (x > 0) ? 1u : ~0u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define FPCLASS_NEGATIVE_DENORMAL 0x10
#define FPCLASS_POSITIVE_DENORMAL 0x80

/* A float that is denormal is an ordinary double. */
int _fpclassf(float x)
{
    const unsigned exponent = 0x7F800000u, fraction = 0x007FFFFFu;
    unsigned bits = bits_of(x);
    if (!(bits & exponent) && bits & fraction)
        return bits >> 31 ? FPCLASS_NEGATIVE_DENORMAL : FPCLASS_POSITIVE_DENORMAL;
    return _fpclass(x);
}

double _cabs(struct complex z)
{
    return _hypot(z.x, z.y);
}

ULONG _lrotl(ULONG x, int n)
{
    return _rotl(x, n);
}

ULONG _lrotr(ULONG x, int n)
{
    return _rotr(x, n);
}
