/* src/kd/cmd/mmcheck.c: !mmcheck: does the memory manager's state agree with itself?
 *
 * The same promises that the kernel checks for itself, looked at from outside and from memory
 * alone, so that dumps can be checked too:
 *
 *      page lists     each page of a list says that it is on it, links go both ways, Total is right
 *      page tables    frames against the entries that hold them: mmtables.c
 *      counters       MmAvailablePages is what is zeroed, free and on standby
 *      working sets   entries are of pages in memory, and as many as WorkingSetSize says
 *      address space  VADs of every process are in order, do not overlap, and are as many as told;
 *                     the subsections behind views are sound lists
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Page Frame Number Database". */
#include <inttypes.h>
#include <stdio.h>

#include "hw/bits.h"
#include "hw/walk.h"
#include "kd/cmd/cmd.h"
#include "kd/cmd/mmcheck.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define PROCESS_LIMIT 65536
#define STANDBY_LISTS 8
#define COLORS_MOST 4096 /* more would be damage */
#define END_OF_LIST UINT64_MAX

void kd_mm_problem(struct kd *kd, struct kd_mm_check *c, const char *subject, const char *text,
                   uint64_t where, uint64_t expected, uint64_t found)
{
    const unsigned shown = 50;
    c->problems++;
    if (c->problems <= shown) {
        kd_printf(kd, "*** %s: %s at %" PRIx64 ": expected %" PRIx64 ", found %" PRIx64 "\n",
                  subject, text, where, expected, found);
    }
}

/* ---- page lists -------------------------------------------------------------------------------
 */

/* `elsewhere` pages of its Total are on other lists. => how many are on this one */
static uint64_t check_links(struct kd *kd, struct kd_mm_check *c, const char *name, uint64_t head,
                            uint64_t location, uint64_t elsewhere)
{
    uint64_t total, page, previous = END_OF_LIST, count = 0;
    if (!kd_read_nt(kd, "_MMPFNLIST", head, "Total", &total) ||
        !kd_read_nt(kd, "_MMPFNLIST", head, "Flink", &page)) {
        kd_mm_problem(kd, c, name, "list head is not in memory", head, 0, 0);
        return 0;
    }
    while (page != END_OF_LIST && count <= total && !kd_interrupted(kd)) {
        uint64_t at = c->database + page * c->entry_size;
        if (page >= c->pages) {
            kd_mm_problem(kd, c, name, "a link leads out of memory, from page", previous, c->pages,
                          page);
            return count;
        }
        uint64_t is = kd_field(kd, "_MMPFN", at, "u3.e1.PageLocation");
        uint64_t blink = kd_field(kd, "_MMPFN", at, "u2.Blink");
        if (is != location) {
            kd_mm_problem(kd, c, name, "page says another list", page, location, is);
        }
        if (blink != previous) {
            kd_mm_problem(kd, c, name, "page's backward link", page, previous, blink);
        }
        previous = page;
        page = kd_field(kd, "_MMPFN", at, "u1.Flink");
        count++;
    }
    if (count + elsewhere != total && !kd_interrupted(kd)) {
        kd_mm_problem(kd, c, name, "number of pages", head, total, count + elsewhere);
    }
    return count;
}

static void show_count(struct kd *kd, const char *name, uint64_t count)
{
    if (!kd_interrupted(kd)) {
        kd_printf(kd, "%-24s %8" PRIu64 " pages\n", name, count);
    }
}

static void check_list(struct kd *kd, struct kd_mm_check *c, const char *name, uint64_t head,
                       uint64_t location, uint64_t elsewhere)
{
    show_count(kd, name, check_links(kd, c, name, head, location, elsewhere));
}

enum location { ZEROED, FREE, STANDBY, MODIFIED, MODIFIED_NO_WRITE, BAD };

/* Those that go to files; those that go to paging files have a list of their own, but are counted
 * here as well. */
static void check_modified(struct kd *kd, struct kd_mm_check *c)
{
    uint64_t paging = kd_nt_address(kd, "MmModifiedPageListByColor");
    uint64_t of_paging = kd_field(kd, "_MMPFNLIST", paging, "Total");
    check_list(kd, c, "Modified, paging files", paging, MODIFIED, 0);
    check_list(kd, c, "Modified, files", kd_nt_address(kd, "MmModifiedPageListHead"), MODIFIED,
               of_paging);
}

/* Zeroed and free pages have a list for each colour: the low bits of the page's number. `head`
 * counts them all. */
static void check_colors(struct kd *kd, struct kd_mm_check *c, const char *name, uint64_t head,
                         enum location location)
{
    uint64_t size = kd_type_size(kd->symbols, "nt", "_MMPFNLIST"), lists = 0, count = 0;
    uint64_t colors = kd_nt_pointer(kd, "MmSecondaryColors") & UINT32_MAX;
    (void)kd_read(kd, kd_nt_address(kd, "MmFreePagesByColor") + location * sizeof lists, &lists,
                  sizeof lists);
    if (colors == 0 || colors > COLORS_MOST) {
        kd_mm_problem(kd, c, name, "number of page colours", kd_nt_address(kd, "MmSecondaryColors"),
                      0, colors);
        return;
    }
    for (uint64_t color = 0; color < colors && !kd_interrupted(kd); color++) {
        uint64_t list = lists + color * size;
        uint64_t first = kd_field(kd, "_MMPFNLIST", list, "Flink");
        if (first != END_OF_LIST && first % colors != color) {
            kd_mm_problem(kd, c, name, "page on the list of another colour", list, color,
                          first % colors);
        }
        count += check_links(kd, c, name, list, location, 0);
    }
    show_count(kd, name, count + check_links(kd, c, name, head, location, count));
    c->available += kd_field(kd, "_MMPFNLIST", head, "Total");
}

static void check_lists(struct kd *kd, struct kd_mm_check *c)
{
    check_colors(kd, c, "Zeroed", kd_nt_address(kd, "MmZeroedPageListHead"), ZEROED);
    check_colors(kd, c, "Free", kd_nt_address(kd, "MmFreePageListHead"), FREE);
    check_list(kd, c, "ModifiedNoWrite", kd_nt_address(kd, "MmModifiedNoWritePageListHead"),
               MODIFIED_NO_WRITE, 0);
    check_list(kd, c, "Bad", kd_nt_address(kd, "MmBadPageListHead"), BAD, 0);
    check_modified(kd, c);
    uint64_t standby = kd_nt_address(kd, "MmStandbyPageListByPriority");
    uint64_t size = kd_type_size(kd->symbols, "nt", "_MMPFNLIST");
    for (unsigned i = 0; i < STANDBY_LISTS; i++) {
        char name[32];
        snprintf(name, sizeof name, "Standby, priority %u", i);
        check_list(kd, c, name, standby + i * size, STANDBY, 0);
        c->available += kd_field(kd, "_MMPFNLIST", standby + i * size, "Total");
    }
    uint64_t told = kd_nt_pointer(kd, "MmAvailablePages");
    if (told != c->available) {
        kd_mm_problem(kd, c, "MmAvailablePages", "sum of the lists",
                      kd_nt_address(kd, "MmAvailablePages"), c->available, told);
    }
}

/* ---- processes --------------------------------------------------------------------------------
 */

struct address_space {
    struct kd_mm_check *check;
    uint64_t vads;
};

static bool pass(struct kd *kd, uint64_t element, void *context)
{
    (void)kd, (void)element, (void)context;
    return true;
}

/* A view leads to a control area whose subsections are a sound list. */
static bool check_vad(struct kd *kd, const struct kd_vad *vad, void *context)
{
    struct address_space *space = context;
    uint64_t subsection, area;
    space->vads++;
    if (kd_field(kd, "_MMVAD_SHORT", vad->address, "u.VadFlags.PrivateMemory") == 0 &&
        kd_read_nt(kd, "_MMVAD", vad->address, "Subsection", &subsection) && subsection != 0 &&
        kd_read_nt(kd, "_SUBSECTION", subsection, "ControlArea", &area)) {
        space->check->problems += !kd_subsections_each(kd, area, pass, NULL);
    }
    return !kd_interrupted(kd);
}

struct working_set {
    struct kd_mm_check *check;
    uint64_t process, valid;
};

/* Every valid entry is that of a page that is in memory. */
static bool count_wsle(struct kd *kd, uint64_t index, uint64_t entry, void *context)
{
    struct working_set *set = context;
    struct hw_walk walk;
    if (!kd_wsle_bits(kd, "u1.e1.Valid", entry)) {
        return true;
    }
    uint64_t va = kd_wsle_bits(kd, "u1.e1.VirtualPageNumber", entry) << HW_PAGE_SHIFT;
    set->valid++;
    kd_walk(kd, kd->directory_base, va, &walk);
    if (walk.page_size == 0) {
        kd_mm_problem(kd, set->check, "Working set", "entry of a page that is not in memory", va,
                      set->process, index);
    }
    return true;
}

static void check_working_set(struct kd *kd, struct kd_mm_check *c, uint64_t process)
{
    struct working_set set = {.check = c, .process = process};
    uint64_t list = kd_field(kd, "_EPROCESS", process, "Vm.VmWorkingSetList");
    uint64_t told = kd_field(kd, "_EPROCESS", process, "Vm.WorkingSetSize"), last;
    uint64_t directory = kd_field(kd, "_EPROCESS", process, "Pcb.DirectoryTableBase");
    if (list == 0 || directory == 0) {
        return; /* it is gone already */
    }
    uint64_t before = kd_use_directory(kd, directory);
    if (kd_read_nt(kd, "_MMWSL", list, "LastInitializedWsle", &last)) { /* small dumps lack it */
        if (!kd_wsles_each(kd, list, count_wsle, &set)) {
            c->problems++;
        } else if (set.valid != told && !kd_interrupted(kd)) {
            kd_mm_problem(kd, c, "Process", "working set entries", process, told, set.valid);
        }
    }
    kd_use_directory(kd, before);
}

static bool check_process(struct kd *kd, uint64_t process, void *context)
{
    struct kd_mm_check *c = context;
    struct address_space space = {.check = c};
    uint64_t told;
    bool sound = kd_vads_each(kd, kd_vad_root(kd, process), check_vad, &space);
    c->processes++;
    if (!sound) {
        c->problems++;
    } else if (kd_read_nt(kd, "_EPROCESS", process, "VadRoot.NumberGenericTableElements", &told) &&
               told != space.vads && !kd_interrupted(kd)) {
        kd_mm_problem(kd, c, "Process", "number of VADs", process, told, space.vads);
    }
    check_working_set(kd, c, process);
    return !kd_interrupted(kd);
}

static bool cmd_mmcheck(struct kd *kd, const char *args)
{
    struct kd_mm_check c = {.problems = 0};
    uint64_t link;
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (!kd_need_symbols(kd)) {
        return false;
    }
    c.database = kd_nt_pointer(kd, "MmPfnDatabase");
    c.entry_size = kd_type_size(kd->symbols, "nt", "_MMPFN");
    c.pages = kd_nt_pointer(kd, "MmHighestPhysicalPage") + 1;
    if (c.database == 0 || c.pages > (kd->target->physical_size >> HW_PAGE_SHIFT) + 1) {
        return kd_error(kd, "nt!MmPfnDatabase cannot be read");
    }
    check_lists(kd, &c);
    if (!kd_offset(kd, "_EPROCESS", "ActiveProcessLinks", &link) ||
        !kd_list_each(kd, kd_nt_address(kd, "PsActiveProcessHead"), link, PROCESS_LIMIT,
                      check_process, &c)) {
        kd_mm_problem(kd, &c, "PsActiveProcessHead", "list of processes is damaged", 0, 0,
                      c.processes);
    }
    kd_mm_check_tables(kd, &c);
    kd_printf(kd, "%-24s %8u\n", "Processes", c.processes);
    if (kd_interrupted(kd)) {
        return kd_error(kd, "Interrupted: not everything was looked at");
    }
    if (c.problems != 0) {
        return kd_error(kd, "%u problems", c.problems);
    }
    kd_printf(kd, "No problems\n");
    return true;
}

const struct kd_command kd_commands_mmcheck[] = {
    {"!mmcheck", "!mmcheck", "does the memory manager's state agree with itself?", cmd_mmcheck,
     KD_NEEDS_PHYSICAL},
    {0},
};
