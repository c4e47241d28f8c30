/* src/mm/color.h: page colours: which list a zeroed or free frame is on. See color.c. */
#pragma once

#include "mm/mi.h"

/* A power of two, and so few that boot's late frames have all colours equally often. */
#define MI_COLORS_MOST 512u

/* How many colours there are with such a cache of the second level; `cache_size` in bytes, 0: what
 * it is like is not known. => a power of two */
uint32_t mi_color_count(uint32_t cache_size, uint32_t cache_ways);
/* Decide how many there are. `cache_size` 0: go by the processor this runs on. */
void mi_colors_initialize(struct mm *mm, uint32_t cache_size, uint32_t cache_ways);
/* What the lists take behind the last entry of the PFN database. */
size_t mi_color_list_bytes(const struct mm *mm);
/* Empty lists, and nt's variables about them. => the PFN database is mapped */
void mi_color_lists_initialize(struct mm *mm);

/* ZeroedPageList or FreePageList of a colour; bits above those of a colour do not matter, so that
 * of a frame is mi_color_list(mm, name, pfn). */
static inline MMPFNLIST *mi_color_list(const struct mm *mm, MMLISTS name, uint64_t color)
{
    return &mm->free_pages[name][color & (mm->colors - 1)];
}

/* The list of `colour`, or of the first after it that has a frame. NULL: none has any. => (P) */
MMPFNLIST *mi_list_with_color(const struct mm *mm, MMLISTS name, uint32_t color);

/* Is the frame on a list of this kind (zeroed or free), of any colour? => (P) */
static inline bool mi_is_listed(const struct mm *mm, MMLISTS name, uint64_t pfn)
{
    if (pfn >= mm->listed_frames)
        return false;
    const MMPFN *page = mi_pfn(mm, pfn);
    return page->u3.e1.PageLocation == name && page->u3.e2.ReferenceCount == 0;
}

/* Which frame of `list`, one that has some, to take after `previous`: the next one, if that is on
 * it; else one that many follow. => (P) */
uint64_t mi_frame_after(const struct mm *mm, MMLISTS name, const MMPFNLIST *list,
                        uint64_t previous);

/* The colour of what the system takes next, which counts as taken. */
uint32_t mi_next_system_color(const struct mm *mm);
/* Let a new process begin with some colour. */
void mi_seed_color(struct mm *mm, MMSUPPORT *vm);

/* The process got this frame: the next has the colour after its. => (W) */
static inline void mi_color_dealt(MMSUPPORT *vm, uint64_t pfn)
{
    vm->NextPageColor = (USHORT)(pfn + 1);
}
