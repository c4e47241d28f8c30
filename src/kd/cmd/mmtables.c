/* mmtables.c: !mmcheck: page tables against the PFN database.
 *
 * The tables of each process, and those of the system once, are walked from the top, and it is
 * counted how often entries hold each frame. Then each frame must have told the same:
 *
 *      active      ShareCount entries map it. PteAddress and PteFrame are the entry that does, or
 *                  its prototype, which is valid and has this frame
 *      a table     is shared once more for each of its entries that holds a frame, and
 *                  UsedPageTableEntries of its entries are not zero. Paged pool's pages are tables
 *                  in this sense: of prototypes
 *      standby,    one entry in transition holds it
 *      modified,
 *      no write
 *      others      nobody holds it
 *
 *      PML4 --> PDPT --> PD --> PT --> frame          paged pool: prototype PTE --> frame
 *        '--------- each entry: one share ---------'               '-- one share of the pool page
 *
 * Large pages are 512 frames that name the directory's entry; a section made of them has one more
 * share of each. Physical pages that a program owns (AWE) have one share for the owner. A table
 * that is not in memory (a dump without user space) leaves the counts unknown: then only the
 * entries that are there are looked at.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "PFN Data Structures". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hw/bits.h"
#include "hw/walk.h"
#include "kd/cmd/cmd.h"
#include "kd/cmd/mmcheck.h"
#include "kd/pfns.h"

#define KERNEL_HALF (HW_ENTRIES / 2)
#define SHARED_USER_DATA 0xFFFFF78000000000ull

/* What is known of a page: what it says, and what was found. */
struct frame {
    struct kd_pfn says;
    uint32_t held; /* by so many entries */
    uint16_t used; /* of its own entries are not zero */
    bool present;  /* has an entry in the PFN database that can be read */
    bool table;    /* a page table, which has been walked */
};

struct tables {
    struct kd_mm_check *check;
    struct frame *frames;
    uint64_t count, self_slot, base, user_data; /* base: of the self map; user_data: a frame */
    struct kd_field transition, prototype;      /* of entries that are not valid */
    unsigned walked;
    bool incomplete;
};

/* ---- entries ----------------------------------------------------------------------------------
 */

static bool bit(const struct kd_field *field, uint64_t pte)
{
    return pte >> field->bit_position & 1;
}

/* Whether an entry holds a frame: it is valid, or in transition. */
static bool holds_frame(const struct tables *t, hw_entry entry)
{
    return hw_entry_present(entry) ||
           (bit(&t->transition, entry.value) && !bit(&t->prototype, entry.value));
}

/* What the entry that nt sees at `va` maps. */
static uint64_t target_of(const struct tables *t, uint64_t va)
{
    return kd_sign_extend((va - t->base) << HW_INDEX_BITS);
}

static bool is_listed(const struct frame *frame)
{
    return frame->says.location == KD_PAGE_STANDBY || frame->says.location == KD_PAGE_MODIFIED ||
           frame->says.location == KD_PAGE_NO_WRITE;
}

/* The entry at `va`, in page `table`, holds a frame that is nobody else's. */
static void check_holder(struct kd *kd, struct tables *t, uint64_t pfn, bool valid, uint64_t va,
                         uint64_t table)
{
    const struct frame *frame = &t->frames[pfn];
    if (!valid && !is_listed(frame) && !frame->says.busy) {
        kd_mm_problem(kd, t->check, "Page tables", "entry in transition of a frame on no list", pfn,
                      0, va);
    }
    if (frame->says.pte != va) {
        kd_mm_problem(kd, t->check, "Page tables", "entry of a frame that names another one", pfn,
                      frame->says.pte, va);
    } else if (frame->says.table != table) {
        kd_mm_problem(kd, t->check, "Page tables", "table of a frame's entry", pfn,
                      frame->says.table, table);
    }
}

/* => false: it leads out of memory */
static bool count_entry(struct kd *kd, struct tables *t, hw_entry entry, uint64_t va,
                        uint64_t table, bool large)
{
    uint64_t pfn = hw_entry_pfn(entry), frames = large ? HW_ENTRIES : 1;
    if (pfn >= t->count || frames > t->count - pfn) {
        kd_mm_problem(kd, t->check, "Page tables", "entry leads out of memory", va, t->count, pfn);
        return false;
    }
    for (uint64_t i = pfn; i < pfn + frames; i++) {
        struct frame *frame = &t->frames[i];
        frame->held++;
        bool lent = i == t->user_data && target_of(t, va) < SHARED_USER_DATA; /* to a process */
        if (frame->present && !frame->says.prototype && !lent) {
            check_holder(kd, t, i, hw_entry_present(entry), va, table);
        }
    }
    return true;
}

/* ---- tables -----------------------------------------------------------------------------------
 */

/* Entries first .. last - 1 of a table whose entries nt sees from `va` on; level 4 is the top. */
static void walk_table(struct kd *kd, struct tables *t, uint64_t table, unsigned level, uint64_t va,
                       unsigned first, unsigned last)
{
    hw_entry entries[HW_ENTRIES];
    if (!kd_read_physical(kd, hw_pfn_pa((hw_pfn){table}).value, entries, sizeof entries)) {
        t->incomplete = true;
        return;
    }
    t->walked++;
    t->frames[table].table = true;
    for (unsigned i = first; i < last && !kd_interrupted(kd); i++) {
        uint64_t at = va + i * sizeof *entries;
        bool valid = hw_entry_present(entries[i]);
        bool large = valid && level > 1 && level < HW_LEVELS && hw_entry_large(entries[i]);
        if (entries[i].value == 0) {
            continue;
        }
        t->frames[table].used++;
        if (!holds_frame(t, entries[i])) {
            continue;
        }
        t->frames[table].held++;
        uint64_t next = hw_entry_pfn(entries[i]);
        if (!count_entry(kd, t, entries[i], at, table, large) || level == 1 || large || !valid) {
            continue;
        }
        if (t->frames[next].table) {
            kd_mm_problem(kd, t->check, "Page tables", "table that is used twice, by the entry", at,
                          1, 2);
            continue;
        }
        walk_table(kd, t, next, level - 1, target_of(t, at), 0, HW_ENTRIES);
    }
}

static uint64_t directory_of(struct kd *kd, const struct tables *t, uint64_t process)
{
    uint64_t frame = kd_field(kd, "_EPROCESS", process, "Pcb.DirectoryTableBase") >> HW_PAGE_SHIFT;
    return frame < t->count ? frame : 0;
}

/* The kernel half of System's directory, which all share but for the self map and hyperspace. Its
 * entries are no shares of the directory. */
static void walk_system(struct kd *kd, struct tables *t)
{
    uint64_t top = kd_entry_address(t->base, 0, HW_LEVELS);
    uint64_t directory = directory_of(kd, t, kd_nt_pointer(kd, "PsInitialSystemProcess"));
    walk_table(kd, t, directory, HW_LEVELS, top, KERNEL_HALF, t->self_slot);
    walk_table(kd, t, directory, HW_LEVELS, top, t->self_slot + 2, HW_ENTRIES);
    t->frames[directory].held = t->frames[directory].used = 0;
    t->frames[directory].table = false;
}

static bool walk_process(struct kd *kd, uint64_t process, void *context)
{
    struct tables *t = context;
    uint64_t top = kd_entry_address(t->base, 0, HW_LEVELS),
             directory = directory_of(kd, t, process);
    if (directory == 0) {
        return true; /* it is gone already */
    }
    if (t->frames[directory].table) {
        kd_mm_problem(kd, t->check, "Page tables", "directory of a process is a table already",
                      process, 0, directory);
        return true;
    }
    walk_table(kd, t, directory, HW_LEVELS, top, 0, KERNEL_HALF);
    walk_table(kd, t, directory, HW_LEVELS, top, t->self_slot + 1, t->self_slot + 2);
    t->frames[directory].held++; /* by itself */
    if (t->frames[directory].present) {
        check_holder(kd, t, directory, true, top + t->self_slot * sizeof(uint64_t), directory);
    }
    return !kd_interrupted(kd);
}

/* ---- frames -----------------------------------------------------------------------------------
 */

/* The prototype that a frame names, which holds it. */
static void check_prototype(struct kd *kd, struct tables *t, uint64_t pfn)
{
    struct frame *frame = &t->frames[pfn];
    hw_entry entry;
    if (!kd_read_u64(kd, frame->says.pte, &entry.value) || frame->says.table >= t->count) {
        kd_mm_problem(kd, t->check, "Prototypes", "prototype that is not in memory, of frame", pfn,
                      frame->says.table, frame->says.pte);
        return;
    }
    t->frames[frame->says.table].held++;
    frame->held += is_listed(frame);
    if (!holds_frame(t, entry) || hw_entry_pfn(entry) != pfn ||
        hw_entry_present(entry) == is_listed(frame)) {
        kd_mm_problem(kd, t->check, "Prototypes", "prototype that says otherwise than frame", pfn,
                      frame->says.pte, entry.value);
    }
}

/* Whether a page may be one of a large page of a section: they follow one another as their
 * prototypes do. */
static bool may_be_large(const struct tables *t, uint64_t pfn)
{
    uint64_t first = pfn - pfn % HW_ENTRIES;
    return t->frames[pfn].says.prototype && t->frames[first].says.prototype &&
           t->frames[pfn].says.pte - t->frames[first].says.pte == (pfn - first) * sizeof(uint64_t);
}

static void check_counts(struct kd *kd, struct tables *t, uint64_t pfn)
{
    const struct frame *frame = &t->frames[pfn];
    uint64_t found = frame->held + frame->says.awe;
    switch (frame->says.location) {
    case KD_PAGE_ACTIVE:
        if (frame->says.shares != found &&
            !(may_be_large(t, pfn) && frame->says.shares == found + 1)) {
            kd_mm_problem(kd, t->check, "Frames", "share count", pfn, frame->says.shares, found);
        }
        if (frame->table && frame->says.used != frame->used) {
            kd_mm_problem(kd, t->check, "Frames", "used entries of a table", pfn, frame->says.used,
                          frame->used);
        }
        break;
    case KD_PAGE_STANDBY:
    case KD_PAGE_MODIFIED:
    case KD_PAGE_NO_WRITE:
        if (frame->held != 1) {
            kd_mm_problem(kd, t->check, "Frames", "entries in transition", pfn, 1, frame->held);
        }
        break;
    case KD_PAGE_ZEROED:
    case KD_PAGE_FREE:
    case KD_PAGE_BAD:
        if (frame->held != 0) {
            kd_mm_problem(kd, t->check, "Frames", "entries that hold an unused one", pfn, 0,
                          frame->held);
        }
        break;
    default: /* on its way from one state to another */
        break;
    }
}

static void check_frames(struct kd *kd, struct tables *t)
{
    for (uint64_t pfn = 0; pfn < t->count && !kd_interrupted(kd); pfn++) {
        const struct frame *frame = &t->frames[pfn];
        if (frame->present && frame->says.prototype && !frame->says.busy &&
            (frame->says.location == KD_PAGE_ACTIVE || is_listed(frame))) {
            check_prototype(kd, t, pfn);
        }
    }
    for (uint64_t pfn = 0; pfn < t->count && !kd_interrupted(kd); pfn++) {
        if (t->frames[pfn].present && !t->frames[pfn].says.busy) {
            check_counts(kd, t, pfn);
        }
    }
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static bool note_frame(struct kd *kd, uint64_t page, const struct kd_pfn *entry, void *context)
{
    struct tables *t = context;
    (void)kd;
    t->frames[page].says = *entry;
    t->frames[page].present = true;
    return true;
}

/* Everything that the walk needs to know. => false: an error was printed */
static bool tables_init(struct kd *kd, struct tables *t)
{
    struct kd_pfns pfns;
    struct hw_walk walk;
    if (!kd_pfns_init(kd, &pfns)) {
        return false;
    }
    if (!kd_type_field_get(kd->symbols, "nt", "_MMPTE_SOFTWARE", "Transition", &t->transition) ||
        !kd_type_field_get(kd->symbols, "nt", "_MMPTE_SOFTWARE", "Prototype", &t->prototype)) {
        return kd_error(kd, "nt!_MMPTE_SOFTWARE is not known");
    }
    t->count = pfns.highest + 1;
    t->base = kd_self_map(kd);
    t->self_slot = (t->base & hw_bits(0, HW_VA_BITS)) >> (HW_VA_BITS - HW_INDEX_BITS);
    kd_walk(kd, kd->directory_base, SHARED_USER_DATA, &walk);
    t->user_data = walk.page_size != 0 ? hw_pa_pfn(walk.pa).value : 0;
    t->frames = calloc(t->count, sizeof *t->frames);
    if (t->frames == NULL) {
        return kd_error(kd, "Out of memory");
    }
    return kd_pfns_each(kd, &pfns, note_frame, t);
}

void kd_mm_check_tables(struct kd *kd, struct kd_mm_check *check)
{
    struct tables t = {.check = check};
    if (tables_init(kd, &t)) {
        walk_system(kd, &t);
        kd_processes_each(kd, walk_process, &t);
        if (!t.incomplete) {
            check_frames(kd, &t);
        }
        if (!kd_interrupted(kd)) {
            kd_printf(kd, "%-24s %8u pages%s\n", "Page tables", t.walked,
                      t.incomplete ? ", others are not in memory" : "");
        }
    } else {
        check->problems++;
    }
    free(t.frames);
}
