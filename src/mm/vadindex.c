/* src/mm/vadindex.c: a short way to a VAD in a process that has many.
 *
 * The way from the top of a tree of a million VADs is 20 nodes long, and the last ten of them are
 * in no cache of the processor. So a process with many VADs has, beside the tree, a table in host
 * memory that leads from an address to a VAD that starts close to it. It is to the tree what a
 * translation buffer is to page tables: the tree, in guest memory, is the truth; an entry may be
 * missing at any time; one that is there is believed only after the VAD that it names was looked
 * at, and the rest of the way, to a neighbour or two, goes by the links of the tree (vadfind.c).
 *
 *      user space     | group: 1 MB, 16 units of 64 KB  | group            |
 *                           |-VAD A-|    |-VAD B-|
 *      line of        near: . . A . . B . .   VADs that start there, by unit
 *      hash(group)    way:  nodes above them, from the leaves upwards
 *
 * A VAD is in the entry of the unit that it starts in, so removing it clears one entry, and who
 * asks for an address looks at the entries of its unit, then of those below, then above. Groups
 * share lines, as the table has at least two entries for each VAD but not for each unit; each
 * group's entries are rotated by other bits of the hash, so that groups with a VAD at the same
 * place of each do not push out each other.
 *
 * A node that comes or goes changes the balance of those above it, up to 19 of them, and each says
 * only where the next one is. `way` is where they were last time; all are prefetched at once,
 * early. Nothing depends on it being right.
 *
 * What writes guest memory from outside (a debugger) may change the tree. mm_memory_edited then has
 * all tables forgotten: they count as empty until the next change of the tree begins them anew.
 *
 * Locks: as for the tree. Who only reads that may enter what it found, so entries are atomic.
 */
#include "mm/vad.h"

#define GROUP_UNITS 16u
#define LEAST_LINE_BITS 3u
#define MOST_LINE_BITS 24u /* 2 GB, of which the host backs what is used */
#define POOL_UNIT 16u      /* blocks start at multiples of it */
#define CACHE_LINE 64u     /* a VAD begins in one and has its gap in the next */

/* Both halves are a cache line. VADs are named by where they are in nonpaged pool, in units. */
struct mi_vad_line {
    uint32_t near[GROUP_UNITS]; /* (CW) and by who finds one, (A); 0: none */
    uint32_t way[GROUP_UNITS];  /* (CW) */
};

/* Where VADs that start in a group are. */
struct place {
    struct mi_vad_line *line;
    unsigned turn; /* by how many entries it is rotated */
};

static uint64_t group_of(uint64_t vpn)
{
    return vpn / (MI_VAD_UNIT * GROUP_UNITS);
}

static struct place place_of(const struct mi_vad_index *index, uint64_t vpn)
{
    const uint64_t golden = 0x9E3779B97F4A7C15; /* 2^64 / golden ratio: neighbours lie far apart */
    uint64_t hash = group_of(vpn) * golden;

    return (struct place){&index->line[hash >> (64 - index->line_bits)],
                          (unsigned)(hash >> (60 - index->line_bits)) % GROUP_UNITS};
}

static unsigned unit_of(uint64_t vpn)
{
    return (unsigned)(vpn / MI_VAD_UNIT % GROUP_UNITS);
}

static uint32_t *entry_at(struct place place, unsigned unit)
{
    return &place.line->near[(unit + place.turn) % GROUP_UNITS];
}

static uint32_t *entry_of(const struct mi_vad_index *index, const MMVAD_SHORT *vad)
{
    return entry_at(place_of(index, vad->StartingVpn), unit_of(vad->StartingVpn));
}

/* => 0: too far up in nonpaged pool */
static uint32_t to_entry(const struct mm_space *space, const MMVAD_SHORT *vad)
{
    uint64_t unit = (uint64_t)((const char *)vad - space->mm->nonpaged.host) / POOL_UNIT;

    return unit <= UINT32_MAX ? (uint32_t)unit : 0;
}

static MMVAD_SHORT *to_vad(const struct mm_space *space, uint32_t entry)
{
    return (MMVAD_SHORT *)(space->mm->nonpaged.host + (uint64_t)entry * POOL_UNIT);
}

static uint32_t get(const uint32_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

static void set(uint32_t *entry, uint32_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELAXED);
}

static uint64_t lines(const struct mi_vad_index *index)
{
    return 1ull << index->line_bits;
}

static uint64_t entries(const struct mi_vad_index *index)
{
    return GROUP_UNITS * lines(index);
}

/* ---- size ---- */

void mi_vad_index_free(struct mm_space *space)
{
    struct mi_vad_index *index = &space->vad_index;

    if (index->line)
        host_memory_unmap(index->line, lines(index) * sizeof(*index->line));
    *index = (struct mi_vad_index){.line = NULL};
}

/* Have one of 2^line_bits lines, with what the former one had. One that cannot be had is not
 * missed: the former one, or the tree alone, will do. */
static void resize(struct mm_space *space, unsigned line_bits)
{
    struct mi_vad_index old = space->vad_index, new = {.line_bits = line_bits};
    uint64_t count = mi_vad_index_is_good(space) ? lines(&old) : 0;
    void *memory;

    if (!NT_SUCCESS(host_memory_allocate(lines(&new) * sizeof(*new.line), &memory)))
        return;
    new.line = memory;
    new.edits = __atomic_load_n(&space->mm->edits, __ATOMIC_RELAXED);
    for (uint64_t i = 0; i < count; i++) {
        for (unsigned unit = 0; unit < GROUP_UNITS; unit++) {
            uint32_t entry = get(&old.line[i].near[unit]);
            if (entry)
                set(entry_of(&new, to_vad(space, entry)), entry);
        }
    }
    mi_vad_index_free(space);
    space->vad_index = new;
}

/* The size for so many VADs. */
static unsigned good_size(uint64_t count)
{
    struct mi_vad_index index = {.line_bits = LEAST_LINE_BITS};

    while (index.line_bits < MOST_LINE_BITS && entries(&index) < 2 * count)
        index.line_bits++;
    return index.line_bits;
}

/* The tree changes: from now on there is a good one that is neither much too small nor too large,
 * or none. => there is */
static bool keep(struct mm_space *space)
{
    struct mi_vad_index *index = &space->vad_index;
    uint64_t count = space->process->VadRoot.NumberGenericTableElements;

    if (index->line && count < space->mm->vad_index_from / 2) {
        mi_vad_index_free(space);
    } else if (index->line) {
        if (entries(index) < 2 * count || entries(index) > 16 * count ||
            !mi_vad_index_is_good(space)) {
            unsigned size = good_size(count);
            if (size != index->line_bits || !mi_vad_index_is_good(space))
                resize(space, size);
        }
    } else if (count >= space->mm->vad_index_from) {
        resize(space, good_size(count));
    }
    return mi_vad_index_is_good(space);
}

/* ---- use ---- */

void mi_vad_index_enter(struct mm_space *space, const MMVAD_SHORT *vad)
{
    if (keep(space))
        set(entry_of(&space->vad_index, vad), to_entry(space, vad));
}

void mi_vad_index_forget(struct mm_space *space, const MMVAD_SHORT *vad)
{
    uint32_t *entry = keep(space) ? entry_of(&space->vad_index, vad) : NULL;

    if (entry && get(entry) == to_entry(space, vad))
        set(entry, 0);
}

void mi_vad_index_note(const struct mm_space *space, const MMVAD_SHORT *vad)
{
    set(entry_of(&space->vad_index, vad), to_entry(space, vad));
}

/* The VAD of the entry of a unit, if it starts in the same group as `vpn` does. */
static MMVAD_SHORT *vad_of(const struct mm_space *space, struct place place, unsigned unit,
                           uint64_t vpn)
{
    uint32_t entry = get(entry_at(place, unit));
    MMVAD_SHORT *vad = entry ? to_vad(space, entry) : NULL;

    return vad && group_of(vad->StartingVpn) == group_of(vpn) ? vad : NULL;
}

MMVAD_SHORT *mi_vad_index_near(const struct mm_space *space, uint64_t vpn)
{
    struct place place = place_of(&space->vad_index, vpn);
    MMVAD_SHORT *vad = NULL;
    for (unsigned unit = unit_of(vpn) + 1; unit-- > 0 && !vad;)
        vad = vad_of(space, place, unit, vpn);
    for (unsigned unit = unit_of(vpn) + 1; unit < GROUP_UNITS && !vad; unit++)
        vad = vad_of(space, place, unit, vpn);
    return vad;
}

void mi_vad_index_note_way(const struct mm_space *space, const MMVAD_SHORT *vad)
{
    uint32_t *way = place_of(&space->vad_index, vad->StartingVpn).line->way;
    bool known = false;

    for (unsigned i = 0; i < GROUP_UNITS && !known; i++) {
        vad = mi_vad_parent(space, vad);
        uint32_t entry = to_entry(space, vad);
        known = vad->u1.Balance == 0 && way[i] == entry;
        way[i] = entry;
    }
}

void mi_vad_index_prefetch_way(const struct mm_space *space, uint64_t vpn, unsigned gaps)
{
    const uint32_t *way = place_of(&space->vad_index, vpn).line->way;
    for (unsigned i = 0; i < GROUP_UNITS; i++) {
        const char *node = (const char *)to_vad(space, way[i]);
        __builtin_prefetch(node, 1);
        if (i < gaps)
            __builtin_prefetch(node + CACHE_LINE, 1);
    }
}

/* ---- for the checker ---- */

bool mi_vad_index_has(const struct mm_space *space, const MMVAD_SHORT *vad)
{
    return mi_vad_index_is_good(space) &&
           get(entry_of(&space->vad_index, vad)) == to_entry(space, vad);
}

uint64_t mi_vad_index_count(const struct mm_space *space)
{
    uint64_t count = 0;

    for (uint64_t i = 0; mi_vad_index_is_good(space) && i < lines(&space->vad_index); i++) {
        for (unsigned unit = 0; unit < GROUP_UNITS; unit++)
            count += get(&space->vad_index.line[i].near[unit]) != 0;
    }
    return count;
}

void mm_memory_edited(struct mm *mm)
{
    __atomic_fetch_add(&mm->edits, 1, __ATOMIC_RELAXED);
}
