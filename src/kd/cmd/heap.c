/* src/kd/cmd/heap.c: !heap: the NT heaps of the current process.
 *
 *      PEB.ProcessHeaps[] -> HEAP, itself the first of its segments
 *      HEAP.SegmentList <-> HEAP_SEGMENT.SegmentListEntry
 *      segment: FirstEntry | block | block | ... | uncommitted range | ... LastValidEntry
 *
 * Blocks lie back to back, counted in units of 16 bytes; each header says how long its block and
 * the one before are, which have to agree. Headers may be encoded by exclusive or with
 * HEAP.Encoding.
 *
 * Source: debugger documentation, "!heap"; Windows Internals 6, part 2, ch. 10 "Heap Manager". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/types.h"

#define HEAPS_MOST 1024
#define SEGMENTS_MOST 4096
#define BLOCKS_MOST (1u << 24)
#define RANGES_MOST 65536
#define UNIT 16u
#define PAGE_KB 4
#define SIGNATURE 0xEEFFEEFFu

enum { BUSY = 1, LAST = 16 }; /* of HEAP_ENTRY.Flags */

struct block {
    uint64_t at;
    unsigned units, previous, flags, unused;
};

/* What a walk over a heap does with its blocks. */
struct visitor {
    void (*segment)(struct kd *kd, uint64_t segment, void *context);
    void (*block)(struct kd *kd, const struct block *block, void *context);
    void *context;
};

struct walk {
    uint64_t heap;
    const struct visitor *visitor;
    unsigned blocks;
    bool sound;
};

static uint64_t heap_field(struct kd *kd, uint64_t heap, const char *path)
{
    return kd_field(kd, "_HEAP", heap, path);
}

/* ---- walking ----------------------------------------------------------------------------------
 */

static bool read_block(struct kd *kd, uint64_t heap, uint64_t at, struct block *block)
{
    uint64_t offset, raw;
    if (!kd_offset(kd, "_HEAP_ENTRY", "AgregateCode", &offset) ||
        !kd_read_u64(kd, at + offset, &raw)) {
        return false;
    }
    if (heap_field(kd, heap, "EncodeFlagMask") != 0) {
        raw ^= heap_field(kd, heap, "Encoding.AgregateCode");
    }
    *block = (struct block){
        .at = at,
        .units = (unsigned)(raw & UINT16_MAX),
        .flags = (unsigned)(raw >> 16 & UINT8_MAX),
        .previous = (unsigned)(raw >> 32 & UINT16_MAX),
        .unused = (unsigned)(raw >> 56 & UINT8_MAX),
    };
    return true;
}

/* Where the uncommitted range that begins at `at` ends; `at` when there is none. */
struct hole {
    uint64_t at, end;
};

static bool find_hole(struct kd *kd, uint64_t range, void *context)
{
    struct hole *hole = context;
    if (kd_field(kd, "_HEAP_UCR_DESCRIPTOR", range, "Address") == hole->at) {
        hole->end = hole->at + kd_field(kd, "_HEAP_UCR_DESCRIPTOR", range, "Size");
        return false;
    }
    return true;
}

static uint64_t behind_hole(struct kd *kd, uint64_t segment, uint64_t at)
{
    struct hole hole = {at, at};
    uint64_t list, link;
    if (kd_offset(kd, "_HEAP_SEGMENT", "UCRSegmentList", &list) &&
        kd_offset(kd, "_HEAP_UCR_DESCRIPTOR", "SegmentEntry", &link)) {
        kd_list_each(kd, segment + list, link, RANGES_MOST, find_hole, &hole);
    }
    return hole.end > at ? hole.end : at;
}

static void walk_blocks(struct kd *kd, uint64_t segment, struct walk *w)
{
    uint64_t at = kd_field(kd, "_HEAP_SEGMENT", segment, "FirstEntry");
    uint64_t end = kd_field(kd, "_HEAP_SEGMENT", segment, "LastValidEntry");
    unsigned previous = 0;
    bool first = true;
    while (at < end && !kd_interrupted(kd)) {
        struct block block;
        bool there = w->blocks++ < BLOCKS_MOST && read_block(kd, w->heap, at, &block);
        if (!there || block.units == 0 || block.units > (end - at) / UNIT ||
            (!first && block.previous != previous)) {
            w->sound = kd_error(kd,
                                "Heap %016" PRIx64 " is damaged: the header of the block at "
                                "%016" PRIx64 " contradicts its neighbours",
                                w->heap, at);
            return;
        }
        if (w->visitor->block != NULL) {
            w->visitor->block(kd, &block, w->visitor->context);
        }
        at += (uint64_t)block.units * UNIT;
        previous = block.units;
        first = false;
        if (block.flags & LAST) {
            uint64_t next = behind_hole(kd, segment, at);
            if (next == at) {
                return;
            }
            at = next;
            first = true;
        }
    }
}

static bool walk_segment(struct kd *kd, uint64_t segment, void *context)
{
    struct walk *w = context;
    if (w->visitor->segment != NULL) {
        w->visitor->segment(kd, segment, w->visitor->context);
    }
    if (w->visitor->block != NULL) {
        walk_blocks(kd, segment, w);
    }
    return w->sound && !kd_interrupted(kd);
}

static bool walk_heap(struct kd *kd, uint64_t heap, const struct visitor *visitor)
{
    struct walk w = {.heap = heap, .visitor = visitor, .sound = true};
    uint64_t list, link;
    if (heap_field(kd, heap, "Signature") != SIGNATURE) {
        return kd_error(kd, "%016" PRIx64 " is no heap", heap);
    }
    if (!kd_offset(kd, "_HEAP", "SegmentList", &list) ||
        !kd_offset(kd, "_HEAP_SEGMENT", "SegmentListEntry", &link)) {
        return kd_error(kd, "The symbols have no heaps");
    }
    bool sound = kd_list_each(kd, heap + list, link, SEGMENTS_MOST, walk_segment, &w);
    return w.sound && (sound || kd_interrupted(kd) ||
                       kd_error(kd, "Heap %016" PRIx64 ": the list of segments is damaged", heap));
}

/* The heaps of the process, as its PEB lists them; freed by the caller. */
static uint64_t *list_heaps(struct kd *kd, size_t *count)
{
    uint64_t peb = kd_current_peb(kd);
    uint64_t number = kd_field(kd, "_PEB", peb, "NumberOfHeaps");
    uint64_t list = kd_field(kd, "_PEB", peb, "ProcessHeaps");
    uint64_t *heaps = calloc(HEAPS_MOST, sizeof *heaps);
    *count = 0;
    number = number < HEAPS_MOST ? number : HEAPS_MOST;
    for (uint64_t i = 0; heaps != NULL && i < number; i++) {
        if (!kd_read_u64(kd, list + i * sizeof *heaps, &heaps[*count])) {
            break;
        }
        ++*count;
    }
    if (heaps != NULL && *count == 0) {
        heaps[0] = kd_field(kd, "_PEB", peb, "ProcessHeap");
        *count = heaps[0] != 0;
    }
    return heaps;
}

/* ---- sums -------------------------------------------------------------------------------------
 */

struct sums {
    uint64_t pages, uncommitted, ranges; /* pages, pages, number */
};

static void sum_segment(struct kd *kd, uint64_t segment, void *context)
{
    struct sums *s = context;
    s->pages += kd_field(kd, "_HEAP_SEGMENT", segment, "NumberOfPages");
    s->uncommitted += kd_field(kd, "_HEAP_SEGMENT", segment, "NumberOfUnCommittedPages");
    s->ranges += kd_field(kd, "_HEAP_SEGMENT", segment, "NumberOfUnCommittedRanges");
}

static bool count_element(struct kd *kd, uint64_t element, void *context)
{
    unsigned *count = context;
    (void)kd, (void)element;
    ++*count;
    return true;
}

static unsigned count_list(struct kd *kd, uint64_t heap, const char *member)
{
    unsigned count = 0;
    uint64_t offset;
    if (kd_offset(kd, "_HEAP", member, &offset)) {
        kd_list_each(kd, heap + offset, 0, BLOCKS_MOST, count_element, &count);
    }
    return count;
}

static bool show_sums(struct kd *kd, const uint64_t *heaps, size_t count)
{
    bool sound = true;
    kd_printf(kd, "  Heap             Flags     Reserv  Commit    Free   List  UCR   Virt\n"
                  "                               (k)     (k)     (k) length       blocks\n"
                  "---------------------------------------------------------------------\n");
    for (size_t i = 0; i < count && !kd_interrupted(kd); i++) {
        struct sums s = {0};
        const struct visitor visitor = {.segment = sum_segment, .context = &s};
        if (!walk_heap(kd, heaps[i], &visitor)) {
            sound = false;
            continue;
        }
        kd_printf(kd,
                  "%016" PRIx64 " %08" PRIx64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64
                  " %6u %4" PRIu64 " %6u\n",
                  heaps[i], heap_field(kd, heaps[i], "Flags"), s.pages * PAGE_KB,
                  (s.pages - s.uncommitted) * PAGE_KB,
                  heap_field(kd, heaps[i], "TotalFreeSize") * UNIT / 1024,
                  count_list(kd, heaps[i], "FreeLists"), s.ranges,
                  count_list(kd, heaps[i], "VirtualAllocdBlocks"));
    }
    return sound;
}

/* ---- blocks -----------------------------------------------------------------------------------
 */

struct show {
    unsigned segments;
    uint64_t heap;
    uint64_t wanted; /* -x: the block that holds this address alone; 0: all */
    bool found;
};

static void show_segment(struct kd *kd, uint64_t segment, void *context)
{
    struct show *s = context;
    uint64_t pages = kd_field(kd, "_HEAP_SEGMENT", segment, "NumberOfPages");
    uint64_t uncommitted = kd_field(kd, "_HEAP_SEGMENT", segment, "NumberOfUnCommittedPages");
    uint64_t base = kd_field(kd, "_HEAP_SEGMENT", segment, "BaseAddress");
    kd_printf(
        kd,
        "    Segment%02u at %016" PRIx64 " to %016" PRIx64 " (%08" PRIx64 " bytes committed)\n"
        "        address          : psize . size   flags   state (requested size)\n",
        s->segments++, base, base + pages * PAGE_KB * 1024, (pages - uncommitted) * PAGE_KB * 1024);
}

static void show_block(struct kd *kd, const struct block *block, void *context)
{
    struct show *s = context;
    uint64_t bytes = (uint64_t)block->units * UNIT;
    bool busy = (block->flags & BUSY) != 0;
    if (s->wanted != 0 && s->wanted - block->at >= bytes) {
        return;
    }
    s->found = true;
    kd_printf(kd, "        %016" PRIx64 ": %05x . %05" PRIx64 " [%02x]%s - ", block->at,
              block->previous * UNIT, bytes, block->flags, block->flags & LAST ? "L" : " ");
    if (busy && block->unused <= bytes) {
        kd_printf(kd, "busy (%" PRIx64 ")\n", bytes - block->unused);
    } else {
        kd_printf(kd, "%s\n", busy ? "busy" : "free");
    }
}

static bool show_large(struct kd *kd, uint64_t entry, void *context)
{
    struct show *s = context;
    uint64_t reserve = kd_field(kd, "_HEAP_VIRTUAL_ALLOC_ENTRY", entry, "ReserveSize");
    uint64_t commit = kd_field(kd, "_HEAP_VIRTUAL_ALLOC_ENTRY", entry, "CommitSize");
    if (s->wanted == 0 || s->wanted - entry < reserve) {
        kd_printf(
            kd, "        %016" PRIx64 ": virtual block, %" PRIx64 " bytes, %" PRIx64 " committed\n",
            entry, reserve, commit);
        s->found = true;
    }
    return !kd_interrupted(kd);
}

static bool show_heap(struct kd *kd, size_t index, uint64_t heap, uint64_t wanted, bool *found)
{
    struct show s = {.heap = heap, .wanted = wanted};
    const struct visitor visitor = {
        .segment = wanted == 0 ? show_segment : NULL, .block = show_block, .context = &s};
    uint64_t list;
    if (wanted == 0) {
        kd_printf(kd,
                  "Index   Address  Name      Debugging options enabled\n%3zu:   %016" PRIx64 "\n",
                  index + 1, heap);
    }
    bool sound = walk_heap(kd, heap, &visitor);
    if (kd_offset(kd, "_HEAP", "VirtualAllocdBlocks", &list)) {
        kd_list_each(kd, heap + list, 0, SEGMENTS_MOST, show_large, &s);
    }
    *found = s.found;
    return sound;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static void show_list(struct kd *kd, const uint64_t *heaps, size_t count)
{
    kd_printf(kd, "Index   Address  Name      Debugging options enabled\n");
    for (size_t i = 0; i < count; i++) {
        kd_printf(kd, "%3zu:   %016" PRIx64 "\n", i + 1, heaps[i]);
    }
}

/* -a, -h [HEAP]: blocks; -x ADDRESS: the block that holds it. */
static bool show_some(struct kd *kd, const char *args, bool find, const uint64_t *heaps,
                      size_t count)
{
    uint64_t address = 0;
    bool given, sound = true, found = false, any = false;
    if (!kd_evaluate_optional(kd, &args, &address, &given)) {
        return false;
    }
    if (find && !given) {
        return kd_error(kd, "Which address? !heap -x ADDRESS");
    }
    for (size_t i = 0; i < count && !kd_interrupted(kd); i++) {
        if (find || !given || address == 0 || heaps[i] == address || i + 1 == address) {
            sound = show_heap(kd, i, heaps[i], find ? address : 0, &found) && sound;
            any = any || found || !find;
        }
    }
    return any ? sound
               : kd_error(kd,
                          find ? "%016" PRIx64 " is in no block of this process's heaps"
                               : "%016" PRIx64 " is no heap of this process",
                          address);
}

static bool cmd_heap(struct kd *kd, const char *args)
{
    char option[8] = "";
    size_t count;
    bool ok = true;
    if (!kd_need_symbols(kd)) {
        return false;
    }
    uint64_t *heaps = list_heaps(kd, &count);
    if (heaps == NULL) {
        return kd_error(kd, "Out of memory");
    }
    if (*args == '-') {
        kd_word(&args, option, sizeof option);
    }
    if (count == 0) {
        ok = kd_error(kd, "Process %016" PRIx64 " has no heaps that are in memory",
                      kd_current_process(kd));
    } else if (strcmp(option, "") == 0 && kd_at_end(args)) {
        show_list(kd, heaps, count);
    } else if (strcmp(option, "-s") == 0) {
        ok = show_sums(kd, heaps, count);
    } else if (strcmp(option, "-a") == 0 || strcmp(option, "-h") == 0 || *option == '\0') {
        ok = show_some(kd, args, false, heaps, count);
    } else if (strcmp(option, "-x") == 0) {
        ok = show_some(kd, args, true, heaps, count);
    } else {
        ok = kd_error(kd, "!heap: option '%s' is not known (-s -a -h -x)", option);
    }
    free(heaps);
    return ok;
}

const struct kd_command kd_commands_heap[] = {
    {"!heap", "!heap [-s | -a|-h [HEAP] | -x ADDRESS]",
     "heaps of the process: sums (-s), blocks (-a, -h), the block of an address (-x)", cmd_heap,
     KD_NEEDS_NOTHING},
    {0},
};
