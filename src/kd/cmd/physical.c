/* src/kd/cmd/physical.c: !search: a value in all of physical memory.
 *
 * Every page frame is read once and compared quadword by quadword; whose page it is, its entry of
 * the PFN database tells. A page whose frame is not described there is shown without.
 *
 *      Pfn      Offset   Hit              Va               Pte
 *
 * Source: debugger documentation, "!search". */
#include <inttypes.h>
#include <stdlib.h>

#include "hw/bits.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/types.h"

#define PIECE_PAGES 64u
#define PAGE_UNITS (HW_PAGE_SIZE / sizeof(uint64_t))

struct search {
    uint64_t lowest, span; /* a hit is at most `span` above `lowest` */
    uint64_t first, last;  /* page frames */
    uint64_t database, entry_size;
    uint64_t hits;
};

static void show_hit(struct kd *kd, struct search *s, uint64_t pfn, size_t offset, uint64_t value)
{
    uint64_t pte = 0, va = 0, entry = s->database + pfn * s->entry_size;
    if (s->database != 0 && kd_read_nt(kd, "_MMPFN", entry, "PteAddress", &pte)) {
        va = kd_pte_target(kd, pte);
    }
    kd_printf(kd, "%08" PRIX64 " %08zX %016" PRIX64 " %016" PRIX64 " %016" PRIX64 "\n", pfn, offset,
              value, va, pte);
    s->hits++;
}

/* Is there any hit in the page? Written so that the compiler takes several quadwords at once. */
static bool has_hit(const struct search *s, const uint64_t page[PAGE_UNITS])
{
    uint64_t found = 0;
    for (size_t i = 0; i < PAGE_UNITS; i++) {
        found |= page[i] - s->lowest <= s->span;
    }
    return found != 0;
}

static void search_page(struct kd *kd, struct search *s, uint64_t pfn, const uint64_t *page)
{
    for (size_t i = 0; i < PAGE_UNITS && !kd_interrupted(kd); i++) {
        if (page[i] - s->lowest <= s->span) {
            show_hit(kd, s, pfn, i * sizeof *page, page[i]);
        }
    }
}

/* By pieces of many pages, from one stretch of RAM to the next; page by page where a piece has
 * holes. */
static void search_frames(struct kd *kd, struct search *s, uint64_t *buffer)
{
    uint64_t pfn = s->first, found;
    while (pfn <= s->last && !kd_interrupted(kd) &&
           kd_next_physical(kd, pfn << HW_PAGE_SHIFT, &found) &&
           (pfn = found >> HW_PAGE_SHIFT) <= s->last) {
        uint64_t count = s->last - pfn + 1 < PIECE_PAGES ? s->last - pfn + 1 : PIECE_PAGES;
        bool whole = kd_read_physical(kd, pfn << HW_PAGE_SHIFT, buffer, count << HW_PAGE_SHIFT);
        for (uint64_t i = 0; i < count; i++) {
            const uint64_t *page = buffer + i * PAGE_UNITS;
            bool there = whole || kd_read_physical(kd, (pfn + i) << HW_PAGE_SHIFT,
                                                   buffer + i * PAGE_UNITS, HW_PAGE_SIZE);
            if (there && has_hit(s, page)) {
                search_page(kd, s, pfn + i, page);
            }
        }
        pfn += count;
        kd_progress(kd, pfn - s->first, s->last - s->first + 1);
    }
}

static bool parse(struct kd *kd, const char *args, struct search *s)
{
    uint64_t value, delta = 0;
    bool given, ranged;
    s->first = 0;
    s->last = (kd->target->physical_size >> HW_PAGE_SHIFT) - 1;
    if (!kd_evaluate(kd, &args, &value) || !kd_evaluate_optional(kd, &args, &delta, &given) ||
        !kd_evaluate_optional(kd, &args, &s->first, &ranged)) {
        return false;
    }
    if (ranged && !kd_evaluate(kd, &args, &s->last)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    uint64_t highest = value > UINT64_MAX - delta ? UINT64_MAX : value + delta;
    s->lowest = value > delta ? value - delta : 0;
    s->span = highest - s->lowest;
    uint64_t frames = kd->target->physical_size >> HW_PAGE_SHIFT;
    s->last = s->last < frames ? s->last : frames - 1;
    return frames != 0 || kd_error(kd, "This target has no physical memory");
}

static bool cmd_search(struct kd *kd, const char *args)
{
    struct search s = {0};
    if (!parse(kd, args, &s)) {
        return false;
    }
    s.database = kd_nt_pointer(kd, "MmPfnDatabase");
    s.entry_size = s.database ? kd_type_size(kd->symbols, "nt", "_MMPFN") : 0;
    uint64_t *buffer = malloc((size_t)PIECE_PAGES << HW_PAGE_SHIFT);
    if (buffer == NULL) {
        return kd_error(kd, "Out of memory");
    }
    kd_printf(kd,
              "Searching PFNs in range %08" PRIX64 " - %08" PRIX64 " for [%016" PRIX64
              " - %016" PRIX64 "]\n\n"
              "Pfn      Offset   Hit              Va               Pte\n"
              "- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -\n",
              s.first, s.last, s.lowest, s.lowest + s.span);
    search_frames(kd, &s, buffer);
    free(buffer);
    kd_printf(kd, "\nSearch done, %" PRIu64 " hits\n", s.hits);
    return true;
}

const struct kd_command kd_commands_physical[] = {
    {"!search", "!search VALUE [DELTA [FIRST-PFN LAST-PFN]]",
     "a quadword in all of physical memory, or what is within DELTA of it", cmd_search,
     KD_NEEDS_PHYSICAL},
    {0},
};
