/* src/kd/cmd/pool.c: !pool, !poolused, !poolfind: the kernel's heaps.
 *
 *      page of small blocks   header|block  header|block  header|free ...   sizes in units of 16
 * bytes whole pages            no header; nt!PoolBigPageTable knows tag and size nt!PoolTrackTable
 * allocations, frees and bytes of each tag
 *
 * A page is walked block by block; each header's PreviousSize has to be the BlockSize before it, so
 * that a damaged page is seen where the damage is.
 *
 * Source: debugger documentation, "!pool", "!poolused", "!poolfind"; Windows Internals 6, part 2,
 * ch. 10 "Kernel-Mode Heaps".
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define UNIT 16u
#define PAGE_UNITS (HW_PAGE_SIZE / UNIT)
#define IN_USE 2u /* of POOL_HEADER.PoolType */
#define TABLE_MOST (1u << 22)
#define TAG_SIZE 5

struct block {
    uint64_t at;
    unsigned units, previous, type;
    uint32_t tag;
};

static void tag_text(uint32_t tag, char out[TAG_SIZE])
{
    const uint32_t protected_bit = 0x80000000u;
    tag &= ~protected_bit;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)(tag >> (8 * i));
        out[i] = isprint(c) ? (char)c : c == 0 ? ' ' : '.';
    }
    out[4] = '\0';
}

static bool read_block(struct kd *kd, uint64_t at, struct block *block)
{
    uint64_t raw;
    if (!kd_read_u64(kd, at, &raw)) {
        return false;
    }
    *block = (struct block){
        .at = at,
        .units = (unsigned)kd_bits(kd, "_POOL_HEADER", "BlockSize", raw),
        .previous = (unsigned)kd_bits(kd, "_POOL_HEADER", "PreviousSize", raw),
        .type = (unsigned)kd_bits(kd, "_POOL_HEADER", "PoolType", raw),
        .tag = (uint32_t)kd_bits(kd, "_POOL_HEADER", "PoolTag", raw),
    };
    return true;
}

/* Visit the blocks of a page of small blocks; false where a header contradicts its neighbour. */
static bool each_block(struct kd *kd, uint64_t page,
                       void (*visit)(struct kd *kd, const struct block *block, void *context),
                       void *context)
{
    struct block block;
    unsigned previous = 0, at = 0;
    while (at < PAGE_UNITS) {
        if (!read_block(kd, page + at * UNIT, &block) || block.units == 0 ||
            block.units > PAGE_UNITS - at || block.previous != previous) {
            return false;
        }
        visit(kd, &block, context);
        previous = block.units;
        at += block.units;
    }
    return true;
}

/* ---- regions and big blocks -------------------------------------------------------------------
 */

struct region {
    const char *name;
    uint64_t start, end; /* `end` is the last byte */
    bool paged;
};

static size_t pool_regions(struct kd *kd, struct region out[2])
{
    out[0] = (struct region){"Nonpaged pool", kd_nt_pointer(kd, "MmNonPagedPoolStart"),
                             kd_nt_pointer(kd, "MmNonPagedPoolEnd") - 1, false};
    out[1] = (struct region){"Paged pool", kd_nt_pointer(kd, "MmPagedPoolStart"),
                             kd_nt_pointer(kd, "MmPagedPoolEnd"), true};
    return 2;
}

static const struct region *region_of(const struct region regions[2], uint64_t address)
{
    for (size_t i = 0; i < 2; i++) {
        if (regions[i].start != 0 && address >= regions[i].start && address <= regions[i].end) {
            return &regions[i];
        }
    }
    return NULL;
}

struct big_block {
    uint64_t va, size;
    uint32_t tag;
};

/* Entries of nt!PoolBigPageTable in use; freed by the caller. */
static struct big_block *read_big_blocks(struct kd *kd, size_t *count)
{
    const char type[] = "_POOL_TRACKER_BIG_PAGES";
    uint64_t table = kd_nt_pointer(kd, "PoolBigPageTable");
    uint64_t entries = kd_nt_pointer(kd, "PoolBigPageTableSize");
    uint64_t size = kd_type_size(kd->symbols, "nt", type), va, bytes, key;
    *count = 0;
    entries = table != 0 && entries <= TABLE_MOST ? entries : 0;
    struct big_block *blocks = calloc(entries + 1, sizeof *blocks);
    for (uint64_t i = 0; blocks != NULL && i < entries && !kd_interrupted(kd); i++) {
        if (kd_read_nt(kd, type, table + i * size, "Va", &va) && va % 2 == 0 && va != 0 &&
            kd_read_nt(kd, type, table + i * size, "NumberOfBytes", &bytes) &&
            kd_read_nt(kd, type, table + i * size, "Key", &key)) {
            blocks[(*count)++] = (struct big_block){va, bytes, (uint32_t)key};
        }
    }
    return blocks;
}

static const struct big_block *big_block_at(const struct big_block *blocks, size_t count,
                                            uint64_t address)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t size = (blocks[i].size + HW_PAGE_SIZE - 1) & ~(HW_PAGE_SIZE - 1);
        if (address - blocks[i].va < size) {
            return &blocks[i];
        }
    }
    return NULL;
}

/* ---- !pool ------------------------------------------------------------------------------------
 */

struct pool_page {
    uint64_t wanted;
    uint64_t end; /* of the blocks met so far */
    bool only;    /* flag 2: just the block that holds the address */
    uint32_t tag; /* of that block */
    bool tag_known;
};

static void show_block(struct kd *kd, const struct block *block, void *context)
{
    struct pool_page *page = context;
    char tag[TAG_SIZE];
    page->end = block->at + (uint64_t)block->units * UNIT;
    bool here = page->wanted - block->at < (uint64_t)block->units * UNIT;
    if (here) {
        page->tag = block->tag;
        page->tag_known = true;
    }
    if (page->only && !here) {
        return;
    }
    tag_text(block->tag, tag);
    kd_printf(kd, "%c%016" PRIx64 " size: %4x previous size: %4x  (%s)  %s\n", here ? '*' : ' ',
              block->at, block->units * UNIT, block->previous * UNIT,
              block->type & IN_USE ? "Allocated" : "Free", tag);
}

static bool show_small(struct kd *kd, uint64_t address, uint64_t flags)
{
    const uint64_t only_this = 2;
    struct pool_page page = {
        .wanted = address, .end = address & ~(HW_PAGE_SIZE - 1), .only = (flags & only_this) != 0};
    char tag[TAG_SIZE];
    bool sound = each_block(kd, address & ~(HW_PAGE_SIZE - 1), show_block, &page);
    if (page.tag_known) {
        tag_text(page.tag, tag);
        kd_printf(kd, "\t\tPooltag %s\n", tag);
    }
    uint64_t header;
    if (!sound && !kd_read_u64(kd, page.end, &header)) {
        return kd_error(kd, "The block at %016" PRIx64 " is not in memory", page.end);
    }
    return sound ||
           kd_error(kd, "The headers of this page contradict each other: it is damaged, or "
                        "no pool page");
}

static bool cmd_pool(struct kd *kd, const char *args)
{
    uint64_t address, flags = 0;
    bool given;
    struct region regions[2];
    uint8_t byte;
    if (!kd_evaluate(kd, &args, &address) || !kd_evaluate_optional(kd, &args, &flags, &given) ||
        !kd_need_symbols(kd)) {
        return false;
    }
    pool_regions(kd, regions);
    const struct region *region = region_of(regions, address);
    if (region == NULL) {
        return kd_error(kd, "%016" PRIx64 " is in no pool", address);
    }
    kd_printf(kd, "Pool page %016" PRIx64 " region is %s\n", address, region->name);
    size_t count;
    struct big_block *blocks = read_big_blocks(kd, &count);
    const struct big_block *big = blocks ? big_block_at(blocks, count, address) : NULL;
    bool ok = true;
    if (big != NULL) {
        char tag[TAG_SIZE];
        tag_text(big->tag, tag);
        kd_printf(
            kd, "*%016" PRIx64 " : large page allocation, tag is %s, size is 0x%" PRIx64 " bytes\n",
            big->va, tag, big->size);
    } else if (!kd_read_u8(kd, address, &byte)) {
        ok = kd_error(kd, "%016" PRIx64 " is not in memory: free, or paged out", address);
    } else {
        ok = show_small(kd, address, flags);
    }
    free(blocks);
    return ok;
}

/* ---- !poolused --------------------------------------------------------------------------------
 */

enum sort_key { BY_TAG = 0, BY_NONPAGED = 2, BY_PAGED = 4 };

struct usage {
    char tag[TAG_SIZE];
    uint64_t nonpaged_count, nonpaged_bytes, paged_count, paged_bytes;
};

static int by_tag(const void *a, const void *b)
{
    return strcmp(((const struct usage *)a)->tag, ((const struct usage *)b)->tag);
}

static int descending(uint64_t a, uint64_t b)
{
    return a < b ? 1 : a > b ? -1 : 0;
}

static int by_nonpaged(const void *a, const void *b)
{
    const struct usage *x = a, *y = b;
    int order = descending(x->nonpaged_bytes, y->nonpaged_bytes);
    return order != 0 ? order : by_tag(a, b);
}

static int by_paged(const void *a, const void *b)
{
    const struct usage *x = a, *y = b;
    int order = descending(x->paged_bytes, y->paged_bytes);
    return order != 0 ? order : by_tag(a, b);
}

static bool read_usage(struct kd *kd, uint64_t at, struct usage *usage)
{
    const char type[] = "_POOL_TRACKER_TABLE";
    uint64_t key;
    if (!kd_read_nt(kd, type, at, "Key", &key) || key == 0) {
        return false;
    }
    tag_text((uint32_t)key, usage->tag);
    usage->nonpaged_count = (uint32_t)(kd_field(kd, type, at, "NonPagedAllocs") -
                                       kd_field(kd, type, at, "NonPagedFrees"));
    usage->paged_count =
        (uint32_t)(kd_field(kd, type, at, "PagedAllocs") - kd_field(kd, type, at, "PagedFrees"));
    usage->nonpaged_bytes = kd_field(kd, type, at, "NonPagedBytes");
    usage->paged_bytes = kd_field(kd, type, at, "PagedBytes");
    return usage->nonpaged_count != 0 || usage->paged_count != 0;
}

static struct usage *read_all_usage(struct kd *kd, const char *pattern, size_t *count)
{
    uint64_t table = kd_nt_pointer(kd, "PoolTrackTable");
    uint64_t entries = kd_nt_pointer(kd, "PoolTrackTableSize");
    uint64_t size = kd_type_size(kd->symbols, "nt", "_POOL_TRACKER_TABLE");
    *count = 0;
    if (table == 0 || size == 0 || entries > TABLE_MOST) {
        kd_error(kd, "nt!PoolTrackTable cannot be read");
        return NULL;
    }
    uint64_t word;
    if (!kd_read_u64(kd, table, &word)) {
        kd_error(kd, "nt!PoolTrackTable at %016" PRIx64 " is not in memory", table);
        return NULL;
    }
    struct usage *all = calloc(entries + 1, sizeof *all);
    for (uint64_t i = 0; all != NULL && i < entries && !kd_interrupted(kd); i++) {
        if (read_usage(kd, table + i * size, &all[*count]) &&
            (*pattern == '\0' || kd_wildcard_match(pattern, all[*count].tag))) {
            ++*count;
        }
    }
    return all;
}

static void show_usage(struct kd *kd, const struct usage *usage)
{
    kd_printf(kd, " %-6s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "\n", usage->tag,
              usage->nonpaged_count, usage->nonpaged_bytes, usage->paged_count, usage->paged_bytes);
}

static bool cmd_poolused(struct kd *kd, const char *args)
{
    uint64_t flags = 0;
    bool given;
    char pattern[16] = "";
    if (!kd_evaluate_optional(kd, &args, &flags, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    kd_word(&args, pattern, sizeof pattern);
    size_t count;
    struct usage *all = read_all_usage(kd, pattern, &count);
    if (all == NULL) {
        return false;
    }
    bool nonpaged = (flags & BY_NONPAGED) != 0, paged = (flags & BY_PAGED) != 0;
    qsort(all, count, sizeof *all, nonpaged ? by_nonpaged : paged ? by_paged : by_tag);
    kd_printf(kd, "   Sorting by %s\n\n  Pool Used:\n            NonPaged            Paged\n",
              nonpaged ? "NonPaged Pool Consumed"
              : paged  ? "Paged Pool Consumed"
                       : "Tag");
    kd_printf(kd, " Tag       Allocs      Used    Allocs      Used\n");
    struct usage total = {.tag = ""};
    for (size_t i = 0; i < count && !kd_interrupted(kd); i++) {
        show_usage(kd, &all[i]);
        total.nonpaged_count += all[i].nonpaged_count;
        total.nonpaged_bytes += all[i].nonpaged_bytes;
        total.paged_count += all[i].paged_count;
        total.paged_bytes += all[i].paged_bytes;
    }
    kd_printf(kd, " TOTAL  %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "\n",
              total.nonpaged_count, total.nonpaged_bytes, total.paged_count, total.paged_bytes);
    free(all);
    return true;
}

/* ---- !poolfind --------------------------------------------------------------------------------
 */

struct search {
    const char *pattern;
    unsigned found;
};

static void show_found(struct kd *kd, const struct block *block, void *context)
{
    struct search *search = context;
    char tag[TAG_SIZE];
    tag_text(block->tag, tag);
    if ((block->type & IN_USE) && kd_wildcard_match(search->pattern, tag)) {
        kd_printf(kd, "*%016" PRIx64 " size: %4x previous size: %4x  (Allocated)  %s\n", block->at,
                  block->units * UNIT, block->previous * UNIT, tag);
        search->found++;
    }
}

static void find_in_region(struct kd *kd, const struct region *region,
                           const struct big_block *blocks, size_t count, struct search *search)
{
    uint64_t page = region->start;
    while (kd_next_present(kd, page, region->end, &page) && !kd_interrupted(kd)) {
        struct block first;
        /* A page of small blocks begins with a block that has none before it. */
        if (big_block_at(blocks, count, page) == NULL && read_block(kd, page, &first) &&
            first.units != 0 && first.previous == 0) {
            each_block(kd, page, show_found, search);
        }
        page += HW_PAGE_SIZE;
    }
    for (size_t i = 0; i < count; i++) {
        char tag[TAG_SIZE];
        tag_text(blocks[i].tag, tag);
        if (blocks[i].va >= region->start && blocks[i].va <= region->end &&
            kd_wildcard_match(search->pattern, tag)) {
            kd_printf(kd, "*%016" PRIx64 " size: %4" PRIx64 " (large page allocation)  %s\n",
                      blocks[i].va, blocks[i].size, tag);
            search->found++;
        }
    }
}

static bool cmd_poolfind(struct kd *kd, const char *args)
{
    char pattern[16];
    uint64_t type = 0;
    bool given;
    struct region regions[2];
    size_t count;
    if (!kd_word(&args, pattern, sizeof pattern)) {
        return kd_error(kd, "Which tag? !poolfind TAG [0|1]");
    }
    if (!kd_evaluate_optional(kd, &args, &type, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    pool_regions(kd, regions);
    const struct region *region = &regions[type != 0];
    struct big_block *blocks = read_big_blocks(kd, &count);
    if (region->start == 0 || blocks == NULL) {
        free(blocks);
        return kd_error(kd, "The limits of this pool cannot be read");
    }
    struct search search = {.pattern = pattern};
    kd_printf(kd, "Scanning %s (%016" PRIx64 " : %016" PRIx64 ") for Tag: %s\n\n",
              region->paged ? "paged pool" : "nonpaged pool", region->start, region->end, pattern);
    find_in_region(kd, region, blocks, count, &search);
    kd_printf(kd, "\n%u found\n", search.found);
    free(blocks);
    return true;
}

const struct kd_command kd_commands_pool[] = {
    {"!pool", "!pool ADDRESS [2]", "the pool page that holds an address; 2: just its block",
     cmd_pool, KD_NEEDS_MACHINE},
    {"!poolused", "!poolused [FLAGS [TAG]]", "pool by tag; flags 2 and 4 sort by nonpaged, paged",
     cmd_poolused, KD_NEEDS_MACHINE},
    {"!poolfind", "!poolfind TAG [0|1]", "blocks with a tag in nonpaged (0) or paged (1) pool",
     cmd_poolfind, KD_NEEDS_PHYSICAL},
    {0},
};
