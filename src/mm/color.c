/* src/mm/color.c: which lines of the processor's cache a page falls on.
 *
 * A cache of the second level is looked up by physical address: two frames whose numbers agree in
 * the low bits compete for the same sets. Those bits are a frame's (secondary) colour, and a
 * process whose pages have all colours in turn has the whole cache:
 *
 *      cache of 2 MB, 16 ways:  a way is 128 KB = 32 pages, so there are 32 colours
 *
 *      frame number   ...  0 1 0 1 1 | 1 0 1 1 0
 *                                      `-------' colour 16h, MmSecondaryColorMask 1Fh
 *
 *      MmFreePagesByColor[ZeroedPageList] -> MMPFNLIST of colour 0, of colour 1, ...
 *      MmFreePagesByColor[FreePageList]   -> likewise
 *
 * Zeroed and free frames are on the lists of their colours, through u1.Flink and u2.Blink as on any
 * other; MmZeroedPageListHead and MmFreePageListHead have no frames of their own, and their Total
 * counts all colours. The lists lie in the PFN database, behind its last entry.
 *
 * Colours are dealt in turn. A process has its next one in MMSUPPORT.NextPageColor: a fault takes a
 * page of that colour, or of the first after it that has one, and the next fault's is one further.
 * Each process begins somewhere else (MmProcessColorSeed), so that those that are made alike do not
 * crowd the same sets, and where a cache line of the PFN database begins (slist.c). What the system
 * itself needs goes by KPRCB.PageColor. A page that a process gave up and has still at hand
 * (slist.c) is taken again first, whatever its colour: it is in the cache already.
 *
 * Of the frames of one colour any will do, so the one is taken that follows the last one. If that
 * is not free, it is the first of the list, or rather one in front of it with nothing but free ones
 * in between: the more of them follow. An engine maps neighbours at neighbouring addresses for
 * less, and so they stay together however often they come and go; free frames are zeroed in order,
 * too (zero.c).
 *
 * MMPFN.PageColor is the other kind of colour, the NUMA node, and 0: there is one. It would come
 * above the secondary colour, at MmSecondaryColorNodeShift.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "PFN Data Structures" (colour as node), "Page List
 * Dynamics" (lists by colour); names and sizes by symbols, among them KPCR.SecondLevelCacheSize and
 * SecondLevelCacheAssociativity. That a way of the cache has each colour once follows from what
 * colours are for; bounds, and what is done when the processor says nothing, were decided here.
 */
#include "mm/color.h"

#include "host/host.h"
#include "mm/frames.h"

#define COLORS_UNKNOWN 64u /* when the processor does not say what cache it has */
#define COLORS_LEAST 2u
#define STRETCH 256u /* so many frames in front of a list's first are looked at */
#define SEED_MODULUS 0x7FFFFFFFull

uint32_t mi_color_count(uint32_t cache_size, uint32_t cache_ways)
{
    uint32_t pages = cache_ways ? cache_size / cache_ways / PAGE_SIZE : 0, count = COLORS_LEAST;

    if (cache_size == 0 || cache_ways == 0)
        return COLORS_UNKNOWN;
    while (count < MI_COLORS_MOST && count * 2 <= pages)
        count *= 2;
    return count;
}

void mi_colors_initialize(struct mm *mm, uint32_t cache_size, uint32_t cache_ways)
{
    struct host_cache cache = {cache_size, cache_ways};

    if (cache_size == 0)
        cache = host_second_level_cache();
    mm->cache_size = cache.size;
    mm->cache_ways = cache.ways;
    mm->colors = mi_color_count(cache.size, cache.ways);
}

size_t mi_color_list_bytes(const struct mm *mm)
{
    return 2 * mm->colors * sizeof(MMPFNLIST);
}

void mi_color_lists_initialize(struct mm *mm)
{
    struct nt_globals *nt = &mm->ke->nt;
    MMPFNLIST *lists = (MMPFNLIST *)(mm->pfn + mm->frames);

    *nt->MmSecondaryColors = mm->colors;
    *nt->MmSecondaryColorMask = mm->colors - 1;
    *nt->MmSecondaryColorNodeShift = (UCHAR)__builtin_ctz(mm->colors);
    *nt->MiSecondLevelCacheSize = mm->cache_size;
    for (MMLISTS name = ZeroedPageList; name <= FreePageList; name++) {
        mm->free_pages[name] = lists + name * mm->colors;
        nt->MmFreePagesByColor[name].va = h2k(&mm->ke->ks, mm->free_pages[name]);
        for (uint32_t color = 0; color < mm->colors; color++)
            mi_list_initialize(&mm->free_pages[name][color], name);
    }
}

MMPFNLIST *mi_list_with_color(const struct mm *mm, MMLISTS name, uint32_t color)
{
    for (uint32_t i = 0; i < mm->colors; i++) {
        MMPFNLIST *list = mi_color_list(mm, name, color + i);
        if (list->Flink != MI_LIST_END)
            return list;
    }
    return NULL;
}

uint64_t mi_frame_after(const struct mm *mm, MMLISTS name, const MMPFNLIST *list, uint64_t previous)
{
    uint64_t first = list->Flink, back = 0;

    if (mi_color_list(mm, name, previous + 1) == list && mi_is_listed(mm, name, previous + 1))
        return previous + 1;
    while (back < STRETCH && first > back && mi_is_listed(mm, name, first - back - 1))
        back++;
    return first - back / mm->colors * mm->colors;
}

uint32_t mi_next_system_color(const struct mm *mm)
{
    KPRCB *prcb = mi_prcb(mm);

    return prcb ? __atomic_fetch_add(&prcb->PageColor, 1, __ATOMIC_RELAXED) : 0;
}

/* The next of a row of random numbers. Source: RtlUniform, documentation, which gives the formula.
 */
static uint32_t next_seed(ULONG *seed)
{
    uint32_t old = __atomic_load_n(seed, __ATOMIC_RELAXED), next;

    do {
        next = (uint32_t)((0x7FFFFFEDull * old + 0x7FFFFFC3ull) % SEED_MODULUS);
    } while (
        !__atomic_compare_exchange_n(seed, &old, next, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return next;
}

void mi_seed_color(struct mm *mm, MMSUPPORT *vm)
{
    vm->NextPageColor =
        (USHORT)(next_seed(mm->ke->nt.MmProcessColorSeed) / MI_LINE_FRAMES * MI_LINE_FRAMES);
}

void mm_initialize_processor(struct mm *mm, KPCR *pcr)
{
    pcr->SecondLevelCacheSize = mm->cache_size;
    pcr->SecondLevelCacheAssociativity = (UCHAR)mm->cache_ways;
    pcr->Prcb.SecondaryColorMask = mm->colors - 1;
    pcr->Prcb.PageColor = next_seed(mm->ke->nt.MmProcessColorSeed);
}
