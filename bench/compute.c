/* bench/compute.c: work that asks the system for nothing; prints the nanoseconds it took.
 *
 * Compiled for Windows and for Linux by the same compiler with the same options: what differs in
 * time is what running on ntmm costs a program that only computes. Integers, floating point and
 * memory in the caches.
 */
#include <stdint.h>
#include <stdio.h>
#ifdef _WIN32
#include <windows.h>

static double seconds(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&count);
    return (double)count.QuadPart / (double)frequency.QuadPart;
}
#else
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
#endif

enum { WORDS = 1 << 14, PASSES = 1500 };

static uint32_t table[WORDS];

/* What the loops come to must be used, or the compiler would drop them. */
static uint64_t work(void)
{
    uint32_t x = 2463534242u; /* Marsaglia's xorshift */
    double sum = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        for (int i = 0; i < WORDS; i++) {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            table[x % WORDS] += (uint32_t)i;
            sum = sum * 0.999 + x;
        }
    }
    return table[x % WORDS] + (uint64_t)sum;
}

int main(void)
{
    double from = seconds();
    uint64_t result = work();
    double to = seconds();
    printf("compute %.1f\nresult %llu\n", (to - from) * 1e9, (unsigned long long)result);
    return 0;
}
