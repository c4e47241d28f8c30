/* src/kd/cmd/memusage.c: !memusage: what every page frame is used for.
 *
 * One pass over the PFN database. An entry tells the state of its page and the entry that maps it:
 *
 *      PteAddress in the self map, user half     a process: the page directory that PteFrame leads
 *                                                to, from table to table, says which
 *      PteAddress in the self map, kernel half   a part of system space, by the address
 *      PrototypePte                              a section: the control area among whose prototypes
 *                                                PteAddress is, as the VADs of all processes tell;
 *                                                or a fork, as their clone descriptors do
 *
 * Rows are kept by control area, process and part, and shown with the largest first.
 *
 * Source: debugger documentation, "!memusage"; Windows Internals 6, part 2, ch. 10 "PFN Data
 * Structures". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/pfns.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define PAGE_KB 4
#define ROWS_MOST 65536u
#define FAST_REF_BITS 15ull
#define FIRST_KERNEL_ADDRESS 0xFFFF800000000000ull

/* None that a page says of itself: active, but nobody's. */
#define AT_HAND KD_PAGE_LOCATIONS

/* What pages are counted for. `key`: control area, EPROCESS, or a number of a part of the system.
 */
struct row {
    uint64_t key;
    enum { ROW_AREA, ROW_PROCESS, ROW_PART } kind;
    const char *name; /* of a part */
    uint64_t valid, standby, dirty, shared, locked, tables;
};

#define SHARED_BY_FORKS UINT64_MAX /* in place of a control area */
#define TREE_DEPTH_MOST 32
#define DESCRIPTORS_MOST 65536

/* The prototype PTEs of a subsection, or of a fork. */
struct prototypes {
    uint64_t start, end, area;
};

struct process {
    uint64_t directory, address; /* frame of the page directory, EPROCESS */
};

struct usage {
    struct kd_pfns pfns;
    uint64_t self_map;
    struct kd_system_part parts[KD_SYSTEM_PARTS];
    uint64_t counts[AT_HAND + 1];
    struct row *rows;
    size_t row_count;
    struct prototypes *prototypes;
    size_t prototype_count;
    struct process *processes;
    size_t process_count;
    unsigned descriptors;  /* met in the process's tree of clone descriptors */
    uint64_t table, owner; /* the page table looked up last, and whose it is */
    bool failed;           /* no memory of the host's */
    bool damaged;          /* an error was printed */
};

/* One more element at the end of a list whose room doubles. */
static void *append(struct usage *u, void *list, size_t *count, size_t size)
{
    void *grown = list;
    if ((*count & (*count - 1)) == 0) { /* full at powers of two */
        grown = *count < ROWS_MOST ? realloc(list, (*count ? 2 * *count : 1) * size) : NULL;
        u->failed |= grown == NULL;
    }
    *count += grown != NULL;
    return grown;
}

/* ---- what there is ----------------------------------------------------------------------------
 */

static bool add_subsection(struct kd *kd, uint64_t subsection, void *context)
{
    struct usage *u = context;
    struct prototypes *grown = append(u, u->prototypes, &u->prototype_count, sizeof *u->prototypes);
    if (grown == NULL) {
        return false;
    }
    u->prototypes = grown;
    uint64_t base = kd_field(kd, "_SUBSECTION", subsection, "SubsectionBase");
    uint64_t count = kd_field(kd, "_SUBSECTION", subsection, "PtesInSubsection");
    u->prototypes[u->prototype_count - 1] =
        (struct prototypes){base, base + count * sizeof(uint64_t),
                            kd_field(kd, "_SUBSECTION", subsection, "ControlArea")};
    return true;
}

/* What is damaged is told, and what could be found before that is used. */
static bool add_view(struct kd *kd, const struct kd_vad *vad, void *context)
{
    struct usage *u = context;
    uint64_t area, subsection;
    if (kd_field(kd, "_MMVAD_SHORT", vad->address, "u.VadFlags.PrivateMemory") != 0 ||
        !kd_read_nt(kd, "_MMVAD", vad->address, "Subsection", &subsection) || subsection == 0 ||
        !kd_read_nt(kd, "_SUBSECTION", subsection, "ControlArea", &area)) {
        return !kd_interrupted(kd);
    }
    for (size_t i = 0; i < u->prototype_count; i++) {
        if (u->prototypes[i].area == area) {
            return true;
        }
    }
    u->damaged |= !kd_subsections_each(kd, area, add_subsection, u);
    return !u->failed && !kd_interrupted(kd);
}

/* The clone blocks that a process shares, by its tree of descriptors. Public symbols have no type
 * for those: then there is nothing to see. */
static void add_clones(struct kd *kd, struct usage *u, uint64_t at, unsigned depth)
{
    struct prototypes blocks = {.area = SHARED_BY_FORKS};
    uint64_t left, right;
    if (at == 0 || depth == 0 || u->descriptors++ == DESCRIPTORS_MOST || u->failed ||
        kd_interrupted(kd) ||
        !kd_read_nt(kd, "_MMCLONE_DESCRIPTOR", at, "StartingCloneBlock", &blocks.start) ||
        !kd_read_nt(kd, "_MMCLONE_DESCRIPTOR", at, "EndingCloneBlock", &blocks.end) ||
        !kd_read_nt(kd, "_MMCLONE_DESCRIPTOR", at, "LeftChild", &left) ||
        !kd_read_nt(kd, "_MMCLONE_DESCRIPTOR", at, "RightChild", &right)) {
        return;
    }
    bool known = false;
    for (size_t i = 0; i < u->prototype_count && !known; i++) {
        known = u->prototypes[i].start == blocks.start;
    }
    struct prototypes *grown =
        known ? NULL : append(u, u->prototypes, &u->prototype_count, sizeof *u->prototypes);
    if (grown != NULL) {
        u->prototypes = grown;
        u->prototypes[u->prototype_count - 1] = blocks;
    }
    add_clones(kd, u, left, depth - 1);
    add_clones(kd, u, right, depth - 1);
}

static bool add_process(struct kd *kd, uint64_t process, void *context)
{
    struct usage *u = context;
    struct process *grown = append(u, u->processes, &u->process_count, sizeof *u->processes);
    if (grown == NULL) {
        return false;
    }
    u->processes = grown;
    uint64_t directory = kd_field(kd, "_EPROCESS", process, "Pcb.DirectoryTableBase");
    u->processes[u->process_count - 1] = (struct process){directory >> HW_PAGE_SHIFT, process};
    kd_vads_each(kd, kd_vad_root(kd, process), add_view, u);
    uint64_t clones = kd_field(kd, "_EPROCESS", process, "CloneRoot"), top;
    if (clones != 0 && kd_type_size(kd->symbols, "nt", "_MMCLONE_DESCRIPTOR") != 0 &&
        kd_read_nt(kd, "_MM_AVL_TABLE", clones, "BalancedRoot.RightChild", &top)) {
        u->descriptors = 0;
        add_clones(kd, u, top, TREE_DEPTH_MOST);
    }
    return !u->failed && !kd_interrupted(kd);
}

static int by_start(const void *left, const void *right)
{
    const struct prototypes *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

/* ---- whose page -------------------------------------------------------------------------------
 */

static struct row *row_of(struct usage *u, int kind, uint64_t key, const char *name)
{
    for (size_t i = 0; i < u->row_count; i++) {
        if (u->rows[i].key == key && (int)u->rows[i].kind == kind) {
            return &u->rows[i];
        }
    }
    struct row *grown = append(u, u->rows, &u->row_count, sizeof *u->rows);
    if (grown == NULL) {
        return NULL;
    }
    u->rows = grown;
    u->rows[u->row_count - 1] = (struct row){.key = key, .name = name};
    u->rows[u->row_count - 1].kind = kind;
    return &u->rows[u->row_count - 1];
}

static uint64_t area_of(const struct usage *u, uint64_t pte)
{
    size_t low = 0, high = u->prototype_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (u->prototypes[middle].start <= pte) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && pte < u->prototypes[low - 1].end ? u->prototypes[low - 1].area : 0;
}

/* From the page that holds the PTE up to the page directory, whose own entry leads to itself. */
static uint64_t process_of(struct kd *kd, struct usage *u, uint64_t table)
{
    uint64_t frame = table, next;
    if (table == u->table) {
        return u->owner;
    }
    for (unsigned i = 0; i < HW_LEVELS; i++) {
        if (!kd_read_nt(kd, "_MMPFN", u->pfns.database + frame * u->pfns.entry_size, "u4.PteFrame",
                        &next) ||
            next == frame) {
            break;
        }
        frame = next;
    }
    u->table = table;
    u->owner = 0;
    for (size_t i = 0; i < u->process_count; i++) {
        u->owner = u->processes[i].directory == frame ? u->processes[i].address : u->owner;
    }
    return u->owner;
}

/* The part of the system that an address is in: an image, or a row of the table. */
static struct row *row_of_address(struct kd *kd, struct usage *u, uint64_t va)
{
    const struct kd_module *module = kd_module_at(kd->symbols, va);
    if (module != NULL) {
        return row_of(u, ROW_PART, module->base, module->name);
    }
    for (size_t i = 0; i < KD_SYSTEM_PARTS; i++) {
        if (u->parts[i].start != 0 && va >= u->parts[i].start && va <= u->parts[i].end) {
            return row_of(u, ROW_PART, i + 1, u->parts[i].name);
        }
    }
    return row_of(u, ROW_PART, 0, "other");
}

static bool in_self_map(const struct usage *u, uint64_t va)
{
    return va >= u->self_map && va - u->self_map < KD_SELF_MAP_SIZE;
}

/* What the entry at `pte`, in the self map, maps. */
static uint64_t target_of(const struct usage *u, uint64_t pte)
{
    return kd_sign_extend((pte - u->self_map) << HW_INDEX_BITS & hw_bits(0, HW_VA_BITS));
}

/* The page is mapped by the directory entry at `pte`: a table of any level, at `va` in the self
 * map, or a part of a large page. What a table serves is some steps further; the top one leads to
 * itself for ever. */
static struct row *owner_of_table(struct kd *kd, struct usage *u, uint64_t pte, uint64_t va,
                                  uint64_t frame, bool *table)
{
    uint64_t maps = va;
    for (unsigned i = 0; i < HW_LEVELS && in_self_map(u, maps); i++) {
        maps = target_of(u, maps);
    }
    hw_pa at = {(frame << HW_PAGE_SHIFT) + (pte & hw_bits(0, HW_PAGE_SHIFT))};
    hw_entry entry; /* read where it is: the self map shows the current process's */
    bool large = kd_read_physical(kd, at.value, &entry.value, sizeof entry.value) &&
                 hw_entry_present(entry) && hw_entry_large(entry);
    if (large && maps >= FIRST_KERNEL_ADDRESS) {
        return row_of_address(kd, u, maps);
    }
    bool own = maps < FIRST_KERNEL_ADDRESS || in_self_map(u, maps);
    uint64_t process = own ? process_of(kd, u, frame) : 0;
    *table = process != 0 && !large;
    return process != 0 ? row_of(u, ROW_PROCESS, process, NULL)
                        : row_of(u, ROW_PART, 1, u->parts[0].name);
}

/* Whose page it is; *table: it is a page table of a process. */
static struct row *owner_of(struct kd *kd, struct usage *u, const struct kd_pfn *entry, bool *table)
{
    uint64_t pte = entry->pte, frame = entry->table;
    *table = false;
    if (entry->prototype) {
        uint64_t area = area_of(u, pte);
        if (area == SHARED_BY_FORKS) {
            return row_of(u, ROW_PART, SHARED_BY_FORKS - 2, "pages shared by forks");
        }
        return area != 0 ? row_of(u, ROW_AREA, area, NULL)
                         : row_of(u, ROW_PART, UINT64_MAX, "sections that no process maps");
    }
    if (entry->awe && pte == 0) {
        return row_of(u, ROW_PART, UINT64_MAX - 3, "AWE, mapped nowhere");
    }
    if (!in_self_map(u, pte)) {
        return row_of(u, ROW_PART, 0, "other");
    }
    uint64_t va = target_of(u, pte);
    if (in_self_map(u, va)) {
        return owner_of_table(kd, u, pte, va, frame, table);
    }
    if (va < FIRST_KERNEL_ADDRESS) {
        uint64_t process = process_of(kd, u, frame);
        return process != 0 ? row_of(u, ROW_PROCESS, process, NULL)
                            : row_of(u, ROW_PART, UINT64_MAX - 1, "processes that have ended");
    }
    return row_of_address(kd, u, va);
}

static bool count_page(struct kd *kd, uint64_t page, const struct kd_pfn *entry, void *context)
{
    struct usage *u = context;
    unsigned location = entry->location;
    bool table, active = location == KD_PAGE_ACTIVE;
    (void)page;
    if (active && entry->shares == 0 && entry->pte == 0) {
        location = AT_HAND;
    }
    u->counts[location]++;
    if (location == KD_PAGE_ZEROED || location == KD_PAGE_FREE || location == KD_PAGE_BAD ||
        location == AT_HAND) {
        return true;
    }
    struct row *row = owner_of(kd, u, entry, &table);
    if (row == NULL) {
        return false;
    }
    row->tables += active && table;
    row->valid += active && !table;
    row->standby += location == KD_PAGE_STANDBY;
    row->dirty += location == KD_PAGE_MODIFIED || location == KD_PAGE_NO_WRITE ||
                  location == KD_PAGE_TRANSITION;
    row->shared += active && entry->prototype && entry->shares > 1;
    row->locked += active && entry->references > 1;
    return true;
}

/* ---- what is shown ----------------------------------------------------------------------------
 */

static void show_counts(struct kd *kd, const struct usage *u)
{
    static const struct {
        const char *label;
        unsigned location;
    } rows[] = {{"Zeroed", KD_PAGE_ZEROED},
                {"Free", KD_PAGE_FREE},
                {"Standby", KD_PAGE_STANDBY},
                {"Modified", KD_PAGE_MODIFIED},
                {"ModifiedNoWrite", KD_PAGE_NO_WRITE},
                {"Active/Valid", KD_PAGE_ACTIVE},
                {"Transition", KD_PAGE_TRANSITION},
                {"SLIST/Temp", AT_HAND},
                {"Bad", KD_PAGE_BAD}};
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t pages = u->counts[rows[i].location];
        kd_printf(kd, "%20s: %8" PRIu64 " (%8" PRIu64 " kb)\n", rows[i].label, pages,
                  pages * PAGE_KB);
        total += pages;
    }
    kd_printf(kd, "%20s: %8" PRIu64 " (%8" PRIu64 " kb)\n", "TOTAL", total, total * PAGE_KB);
}

static uint64_t pages_of(const struct row *row)
{
    return row->valid + row->standby + row->dirty + row->tables;
}

static int by_size(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    if (pages_of(a) != pages_of(b)) {
        return pages_of(a) > pages_of(b) ? -1 : 1;
    }
    return a->key < b->key ? -1 : a->key > b->key;
}

static void show_name(struct kd *kd, const struct row *row)
{
    char name[512] = "", image[16] = "";
    uint64_t offset, file;
    switch (row->kind) {
    case ROW_PROCESS:
        if (kd_offset(kd, "_EPROCESS", "ImageFileName", &offset)) {
            kd_read_virtual(kd, row->key + offset, image, sizeof image - 1);
        }
        kd_printf(kd, "process ( %s )\n", image);
        break;
    case ROW_AREA:
        file = kd_field(kd, "_CONTROL_AREA", row->key, "FilePointer.Object") & ~FAST_REF_BITS;
        if (file == 0) {
            kd_printf(kd, "Page File Section\n");
        } else if (kd_offset(kd, "_FILE_OBJECT", "FileName", &offset) &&
                   kd_read_unicode_string(kd->symbols, file + offset, name, sizeof name)) {
            kd_printf(kd, "mapped_file( %s )\n", name);
        } else {
            kd_printf(kd, "No Name for File\n");
        }
        break;
    default:
        kd_printf(kd, "( %s )\n", row->name);
    }
}

static void show_rows(struct kd *kd, struct usage *u)
{
    kd_printf(kd, "\n  Usage Summary (in Kb):\n"
                  "Control             Valid Standby   Dirty  Shared  Locked PageTables  name\n");
    if (u->row_count > 0) {
        qsort(u->rows, u->row_count, sizeof *u->rows, by_size);
    }
    for (size_t i = 0; i < u->row_count && !kd_interrupted(kd); i++) {
        const struct row *r = &u->rows[i];
        if (r->kind == ROW_PART) {
            kd_printf(kd, "%-16s", "--------");
        } else {
            kd_printf(kd, "%016" PRIx64, r->key);
        }
        kd_printf(
            kd, " %8" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %10" PRIu64 "  ",
            r->valid * PAGE_KB, r->standby * PAGE_KB, r->dirty * PAGE_KB, r->shared * PAGE_KB,
            r->locked * PAGE_KB, r->tables * PAGE_KB);
        show_name(kd, r);
    }
}

static void usage_deinit(struct usage *u)
{
    free(u->rows);
    free(u->prototypes);
    free(u->processes);
}

static bool cmd_memusage(struct kd *kd, const char *args)
{
    const uint64_t counts_alone = 8;
    struct usage u = {.table = UINT64_MAX};
    uint64_t flags = 0;
    bool given;
    if (!kd_evaluate_optional(kd, &args, &flags, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (!kd_pfns_init(kd, &u.pfns)) {
        return false;
    }
    u.self_map = kd_self_map(kd);
    kd_system_parts(kd, u.parts);
    bool ok = kd_processes_each(kd, add_process, &u);
    if (u.prototype_count > 0) {
        qsort(u.prototypes, u.prototype_count, sizeof *u.prototypes, by_start);
    }
    bool counted = kd_pfns_each(kd, &u.pfns, count_page, &u);
    if (u.failed) {
        counted = kd_error(kd, "Out of memory");
    }
    if (counted) {
        show_counts(kd, &u);
        if ((flags & counts_alone) == 0) {
            show_rows(kd, &u);
        }
    } else {
        ok = false;
    }
    usage_deinit(&u);
    return ok && !u.damaged;
}

const struct kd_command kd_commands_memusage[] = {
    {"!memusage", "!memusage [FLAGS]",
     "page frames by state, and what they are used for; flag 8: the states alone", cmd_memusage,
     KD_NEEDS_PHYSICAL},
    {0},
};
