/* src/host/cache.c: what the processor says about its caches.
 *
 * Intel's describe one cache per value of ecx in leaf 4 of cpuid, AMD's in the same form in leaf
 * 8000001D. Where neither is there, nothing is known.
 */
#include <cpuid.h>

#include "host/host.h"

#define LEAF_INTEL 4u
#define LEAF_AMD 0x8000001Du
#define CACHES_MOST 8u

/* => whether the leaf is about caches at all */
static bool find_in_leaf(unsigned leaf, struct host_cache *cache)
{
    for (unsigned i = 0; i < CACHES_MOST; i++) {
        unsigned a = 0, b = 0, c = 0, d = 0;
        if (!__get_cpuid_count(leaf, i, &a, &b, &c, &d))
            return false;
        unsigned type = a & 31, level = a >> 5 & 7;
        if (type == 0)
            return i > 0;
        if (level != 2)
            continue;
        uint32_t line = (b & 0xFFF) + 1, partitions = (b >> 12 & 0x3FF) + 1, sets = c + 1;
        cache->ways = (b >> 22) + 1;
        cache->size = cache->ways * partitions * line * sets;
        return true;
    }
    return true;
}

struct host_cache host_second_level_cache(void)
{
    struct host_cache cache = {0};

    if (!find_in_leaf(LEAF_INTEL, &cache))
        (void)find_in_leaf(LEAF_AMD, &cache);
    return cache;
}
