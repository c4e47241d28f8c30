/* Numbers from text, scanf, integer and floating-point functions. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    char *end, word[16], set[16], buffer[40];
    int a = 0, b = 0, n;
    unsigned x = 0;
    double d = 0;
    float f = 0;
    short s = 0;
    long long ll = 0;

    printf("%ld %ld %ld %lu\n", strtol("  -42abc", &end, 10), strtol("0x1F", NULL, 0),
           strtol("077", NULL, 0), strtoul("ffffffff", NULL, 16));
    printf("[%s]\n", end);
    errno = 0;
    n = strtol("99999999999", NULL, 10);
    printf("%d %d\n", n, errno == ERANGE);
    printf("%I64d %d %g\n", _strtoi64("-9223372036854775808", NULL, 10), atoi("12 monkeys"),
           atof("2.5e3x"));
    printf("%s %s\n", _itoa(-255, buffer, 10), _ultoa(255, word, 16));
    n = sscanf("12 -7 ff 3.5 1e2 word", "%d %d %x %f %lf %s", &a, &b, &x, &f, &d, word);
    printf("%d: %d %d %u %g %g %s\n", n, a, b, x, f, d, word);
    n = sscanf("key=value;rest", "%[^=]=%[a-z];%n", word, set, &a);
    printf("%d: %s %s %d\n", n, word, set, a);
    n = sscanf("99 123456789012 xyz", "%hd %I64d %2c", &s, &ll, word);
    printf("%d: %d %I64d %.2s\n", n, s, ll, word);
    printf("%d %d\n", sscanf("", "%d", &a), sscanf("abc", "%d", &a));
    printf("%.6f %.6f %.6f %.6f\n", sin(1), cos(1), exp(1), log(10));
    printf("%.6f %.6f %.6f %.6f\n", sqrt(2), pow(2, 0.5), atan2(1, -1), fmod(7.5, 2));
    printf("%g %g %g %g\n", floor(-1.5), ceil(-1.5), fabs(-2), ldexp(3, 4));
    d = frexp(48, &n);
    printf("%g %d %g\n", d, n, modf(3.25, &d));
    div_t q = div(-7, 2);
    printf("%d %d %ld\n", q.quot, q.rem, labs(-5));
    srand(1);
    a = rand();
    b = rand();
    printf("%d %d %d\n", a, b, RAND_MAX);
    printf("%s|%s|%d\n", strpbrk("hello", "lo"), strstr("haystack", "st"),
           (int)strcspn("abc,d", ","));
    printf("%d %d %d\n", stricmp("Hello", "hELLO"), strncmp("abc", "abd", 2), memcmp("a", "b", 1));
    return 0;
}
