/* A program built with mingw's own C99 printf: only characters and blocks pass through msvcrt. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char text[64];
    printf("%zu %td %jd %hhd\n", sizeof text, (ptrdiff_t)-3, (intmax_t)5, 0x1ff);
    printf("%.3f %g %a %e\n", 3.14159, 1e20, 1.5, 12345.678);
    printf("%Lf %5.1Lf\n", 2.5L, 0.25L);
    int n = snprintf(text, 5, "%s", "truncated");
    printf("%d [%s]\n", n, text);
    double d;
    sscanf("6.25", "%lf", &d);
    printf("%g %d\n", d, (int)strlen(text));
    return 0;
}
