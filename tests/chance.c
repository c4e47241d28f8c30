/* tests/chance.c: seeds and numbers of random tests (xorshift64 of Marsaglia). */
#include "chance.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t random_seed(void)
{
    const char *given = getenv("NTMM_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec * 2654435761u + 1;
    printf("NTMM_SEED=%llu\n", (unsigned long long)seed);
    return seed ? seed : 1;
}

uint32_t random_below(uint64_t *state, uint32_t limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 20) % limit;
}

unsigned random_steps(unsigned usual)
{
    const char *longer = getenv("NTMM_LONGER");
    unsigned long times = longer ? strtoul(longer, NULL, 10) : 1;

    return usual * (unsigned)(times ? times : 1);
}

void random_report(uint64_t operations, const char *of_what, unsigned processes, unsigned threads,
                   uint64_t seed)
{
    printf("%llu operations, checked after each%s, %u processes, %u thread%s, seed %llu\n",
           (unsigned long long)operations, of_what, processes, threads, threads > 1 ? "s" : "",
           (unsigned long long)seed);
}
