/* The multibyte functions with a code page of single bytes (1252), the float functions, Bessel
 * functions, and drives. */
#include <direct.h>
#include <float.h>
#include <math.h>
#include <mbctype.h>
#include <mbstring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

_CRTIMP float __cdecl _hypotf(float, float);
_CRTIMP float __cdecl _nextafterf(float, float);
_CRTIMP float __cdecl _logbf(float);
_CRTIMP float __cdecl _copysignf(float, float);
_CRTIMP int __cdecl _fpclassf(float);

static void multibyte(void)
{
    unsigned char text[] = "\xC4pfel und B\xC4ren", copy[32];
    printf("code page %d, set %d %d\n", _getmbcp(), _setmbcp(1252), _setmbcp(932));
    printf("%u %u\n", (unsigned)_mbslen(text), (unsigned)_mbsnccnt(text, 5));
    _mbslwr(text);
    for (unsigned char *p = text; *p; p = _mbsinc(p))
        printf(*p < 0x80 ? "%c" : "<%02x>", _mbsnextc(p));
    printf("\n%d %d\n", _mbsicmp(text, (unsigned char *)"\xE4PFEL UND B\xE4REN"),
           _mbscmp((unsigned char *)"a", (unsigned char *)"b"));
    printf("%x %x %x\n", _mbctoupper(0xE4), _mbctolower('Q'), _mbctoupper(0xDF));
    _mbscpy(copy, (unsigned char *)"abc");
    _mbscat(copy, (unsigned char *)"def");
    printf("%s %s %s\n", copy, _mbschr(copy, 'd'), _mbsstr(copy, (unsigned char *)"ef"));
    printf("%d %d %d %d\n", _ismbblead(0x81), _ismbcalpha(0xC4) != 0, _ismbcdigit('4') != 0,
           _ismbcupper('q') != 0);
    printf("%d %d\n", _mbsdec(copy, copy) == NULL, (int)(_mbsdec(copy, copy + 2) - copy));
    printf("%d\n", (int)(_mbsspnp(copy, (unsigned char *)"abc") - copy));
}

static void floats(void)
{
    printf("%g %g %g\n", _hypotf(3, 4), _logbf(10), _copysignf(2, -0.0f));
    printf("%d %d %d\n", _nextafterf(1, 2) > 1 && _nextafterf(_nextafterf(1, 2), 0) == 1,
           _nextafterf(0, -1) < 0, _fpclassf(1e-40f) == _FPCLASS_PD);
    printf("%lx %lx\n", _lrotl(0x80000001, 4), _lrotr(0x80000001, 4));
    struct _complex z = {5, -12};
    printf("%g\n", _cabs(z));
}

/* Tables: Abramowitz and Stegun, 9.1 and 9.2, and the Wronskian. */
static void bessel(void)
{
    static const double points[] = {0.1, 1, 2.404825557695773, 10, 31.9, 32.1, 100, 1e5};
    printf("%.12f %.12f %.12f\n", _j0(1), _j1(1), _jn(2, 1));
    printf("%.12f %.12f %.12f\n", _y0(1), _y1(1), _yn(2, 1));
    printf("%.12f %.12f %.12f\n", _j0(10), _y0(10), _jn(5, 10));
    printf("%.12f %.12f %.12e\n", _j0(50), _y1(50), _jn(60, 50));
    printf("%.6e %.6e\n", _jn(20, 1), _yn(20, 1));
    printf("%d %d %d\n", _j0(-3) == _j0(3), _j1(-3) == -_j1(3), _jn(-3, 2) == -_jn(3, 2));
    for (int i = 0; i < 8; i++) {
        double x = points[i], wronskian = _j1(x) * _y0(x) - _j0(x) * _y1(x);
        printf("%d", fabs(wronskian * 3.14159265358979323846 * x / 2 - 1) < 1e-12);
    }
    printf("\n%d %d\n", _y0(0) == -HUGE_VAL, isnan(_y1(-1)) != 0);
}

static void drives(void)
{
    char here[MAX_PATH], there[MAX_PATH];
    struct _diskfree_t space;
    printf("%d %d\n", _getdrive(), (_getdrives() >> 2 & 1) != 0);
    printf("%d\n",
           _getcwd(here, sizeof here) && _getdcwd(3, there, sizeof there) && !strcmp(here, there));
    printf("%d", _getdiskfree(3, &space));
    printf(" %d\n", space.total_clusters > 0 && space.avail_clusters <= space.total_clusters);
    printf("%d %d\n", _chdrive(3), _chdrive(99));
    printf("%d\n", _getdcwd(3, NULL, 0) != NULL);
}

int main(void)
{
    multibyte();
    floats();
    bessel();
    drives();
    return 0;
}
