/* printf as msvcrt does it. */
#include <limits.h>
#include <stdio.h>
#include <wchar.h>

int main(void)
{
    char text[64];
    int n;

    printf("[%d] [%5d] [%-5d] [%05d] [%+d] [% d]\n", 42, 42, 42, 42, 42, 42);
    printf("[%d] [%u] [%x] [%X] [%#x] [%o] [%#o]\n", INT_MIN, UINT_MAX, 255, 255, 255, 8, 8);
    printf("[%.3d] [%8.3d] [%-8.3d] [%.0d] [%#x]\n", 7, 7, 7, 0, 0);
    printf("[%I64d] [%I64x] [%lld] [%I32u]\n", -1234567890123LL, 0xFEDCBA9876543210ULL, LLONG_MIN,
           4000000000u);
    printf("[%hd] [%hu] [%ld]\n", 0x12345678, 0x12345678, 123456L);
    printf("[%c] [%3c] [%-3c] [%lc] [%C]\n", 'a', 'b', 'c', L'd', L'e');
    printf("[%s] [%10s] [%-10s] [%.2s] [%10.3s] [%s]\n", "text", "text", "text", "text", "text",
           (char *)NULL);
    printf("[%ls] [%S] [%ws] [%hs] [%.2S]\n", L"wide", L"Wide", L"WIDE", "narrow", L"cut");
    printf("[%p] [%p]\n", (void *)0x1234ABCD, (void *)0);
    printf("[%f] [%.2f] [%10.3f] [%-10.1f] [%+.1f] [%010.2f]\n", 3.14159265, 2.675, 1.0, -1.25, 0.5,
           -12.5);
    printf("[%e] [%E] [%.3e] [%.0e] [%#.0e]\n", 12345.678, 0.00012, 9.9996, 5.0, 5.0);
    printf("[%g] [%g] [%g] [%g] [%#g] [%G]\n", 100000.0, 1000000.0, 0.0001, 0.00001, 1.5, 1e-10);
    printf("[%.10g] [%.17g] [%.3g]\n", 0.1, 0.1, 1234.0);
    printf("[%f] [%e] [%g]\n", 1e300, 1e-300, 1e100);
    printf("[%.0f] [%.0f] [%.0f] [%.1f]\n", 0.5, 1.5, 2.5, 0.25);
    printf("[%*d] [%-*d] [%.*f]\n", 6, 1, 6, 2, 3, 3.0);
    printf("100%%\n");
    printf("abc%n", &n);
    printf(" %d\n", n);
    n = _snprintf(text, 4, "%s", "abcdef");
    printf("%d %.4s\n", n, text);
    n = _snprintf(text, sizeof text, "%s", "abcdef");
    printf("%d %s\n", n, text);
    n = sprintf(text, "%d-%s", 5, "x");
    printf("%d %s\n", n, text);
    wchar_t wide[64];
    n = _snwprintf(wide, 64, L"[%s] [%S] [%hs] [%d] [%c]", L"wide", "narrow", "short", 9, L'z');
    printf("%d %ls\n", n, wide);
    return 0;
}
