/* src/kd/cmd/address.c: !address, !vprot: one region, all of them, or sums.
 *
 * areas.c knows the regions of user memory; the kernel's half is told by nt's own variables.
 *
 * Source: debugger documentation, "!address", "!vprot". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/areas.h"
#include "kd/cmd/cmd.h"
#include "kd/symbols.h"

#define KERNEL_HALF 0xFFFF800000000000ull

/* ---- one address ------------------------------------------------------------------------------
 */

struct question {
    uint64_t address;
    struct kd_area answer;
    bool found;
};

static void note_answer(struct kd *kd, const struct kd_area *area, void *context)
{
    struct question *q = context;
    (void)kd;
    if (q->address >= area->start && q->address < area->end) {
        q->answer = *area;
        q->found = true;
    }
}

static bool find_area(struct kd *kd, uint64_t address, struct kd_area *area)
{
    struct question q = {.address = address};
    bool sound = kd_areas_each(kd, note_answer, &q);
    *area = q.answer;
    return q.found || (sound && kd_error(kd, "%016" PRIx64 " is no user address", address));
}

static void show_row(struct kd *kd, const char *label, uint32_t value, const char *name)
{
    kd_printf(kd, "%-24s%08" PRIx32 "          %s\n", label, value, name);
}

static void show_address_row(struct kd *kd, const char *label, uint64_t value)
{
    char text[KD_ADDRESS_TEXT];
    kd_printf(kd, "%-24s%s\n", label, kd_address_text(value, text));
}

static void show_area(struct kd *kd, const struct kd_area *area)
{
    char name[KD_PROTECT_TEXT];
    kd_printf(kd, "\n%-24s%s\n", "Usage:", kd_usage_name(area->usage));
    show_address_row(kd, "Base Address:", area->start);
    show_address_row(kd, "End Address:", area->end);
    show_address_row(kd, "Region Size:", area->end - area->start);
    show_row(kd, "State:", area->state, kd_state_name(area->state));
    if (area->state == KD_MEM_COMMIT) {
        show_row(kd, "Protect:", area->protect, kd_protect_name(area->protect, name));
    }
    if (area->state != KD_MEM_FREE) {
        show_row(kd, "Type:", area->type, kd_type_name(area->type));
        show_address_row(kd, "Allocation Base:", area->base);
        show_row(kd, "Allocation Protect:", area->base_protect,
                 kd_protect_name(area->base_protect, name));
    }
    const struct kd_module *module =
        area->usage == KD_USAGE_IMAGE ? kd_module_at(kd->symbols, area->start) : NULL;
    if (module != NULL) {
        kd_printf(kd, "%-24s%s\n%-24s%s\n", "Image Path:", module->image,
                  "Module Name:", module->name);
    }
    kd_printf(kd, "\n");
}

/* ---- the kernel's half ------------------------------------------------------------------------
 */

void kd_system_parts(struct kd *kd, struct kd_system_part parts[KD_SYSTEM_PARTS])
{
    const struct kd_system_part rows[KD_SYSTEM_PARTS] = {
        {"Page tables", 0xFFFFF68000000000, 0xFFFFF6FFFFFFFFFF},
        {"Hyperspace", 0xFFFFF70000000000, 0xFFFFF77FFFFFFFFF},
        {"Shared user data", 0xFFFFF78000000000, 0xFFFFF78000000FFF},
        {"System working sets", 0xFFFFF78000001000, 0xFFFFF7FFFFFFFFFF},
        {"Loader mappings", 0xFFFFF80000000000, 0xFFFFF87FFFFFFFFF},
        {"System PTEs", kd_nt_pointer(kd, "MmSystemPtesStart"),
         kd_nt_pointer(kd, "MmSystemPtesEnd")},
        {"Paged pool", kd_nt_pointer(kd, "MmPagedPoolStart"), kd_nt_pointer(kd, "MmPagedPoolEnd")},
        {"Nonpaged pool", kd_nt_pointer(kd, "MmNonPagedPoolStart"),
         kd_nt_pointer(kd, "MmNonPagedPoolEnd") - 1},
        {"PFN database", kd_nt_pointer(kd, "MmPfnDatabase"),
         kd_nt_pointer(kd, "MmNonPagedPoolStart") - 1},
    };
    memcpy(parts, rows, sizeof rows);
}

static bool show_kernel_address(struct kd *kd, uint64_t address)
{
    struct kd_system_part rows[KD_SYSTEM_PARTS];
    kd_system_parts(kd, rows);
    const struct kd_module *module = kd_module_at(kd->symbols, address);
    const char *name = module != NULL ? "Image" : "Unused system space";
    uint64_t start = module != NULL ? module->base : 0;
    uint64_t end = module != NULL ? module->base + module->size - 1 : 0;
    for (size_t i = 0; i < KD_SYSTEM_PARTS && module == NULL; i++) {
        if (rows[i].start != 0 && address >= rows[i].start && address <= rows[i].end) {
            name = rows[i].name;
            start = rows[i].start;
            end = rows[i].end;
        }
    }
    kd_printf(kd, "\n%-24s%s\n", "Usage:", name);
    if (start != 0) {
        show_address_row(kd, "Base Address:", start);
        show_address_row(kd, "End Address:", end + 1);
        show_address_row(kd, "Region Size:", end - start + 1);
    }
    if (module != NULL) {
        kd_printf(kd, "%-24s%s\n", "Module Name:", module->name);
    }
    kd_printf(kd, "\n");
    return true;
}

/* ---- !address -summary ------------------------------------------------------------------------
 */

#define MOST_ROWS 40

struct sum {
    char name[KD_PROTECT_TEXT];
    uint64_t count, bytes, largest, largest_at;
};

struct summary {
    struct sum usage[MOST_ROWS], type[MOST_ROWS], state[MOST_ROWS], protect[MOST_ROWS];
    uint64_t busy, total;
};

static void add(struct sum rows[MOST_ROWS], const char *name, const struct kd_area *area)
{
    for (size_t i = 0; i < MOST_ROWS; i++) {
        if (rows[i].count == 0) {
            snprintf(rows[i].name, sizeof rows[i].name, "%s", name);
        }
        if (strcmp(rows[i].name, name) == 0) {
            uint64_t size = area->end - area->start;
            rows[i].count++;
            rows[i].bytes += size;
            if (size > rows[i].largest) {
                rows[i].largest = size;
                rows[i].largest_at = area->start;
            }
            return;
        }
    }
}

static void sum_area(struct kd *kd, const struct kd_area *area, void *context)
{
    struct summary *s = context;
    char name[KD_PROTECT_TEXT];
    (void)kd;
    s->total += area->end - area->start;
    add(s->usage, kd_usage_name(area->usage), area);
    add(s->state, kd_state_name(area->state), area);
    if (area->state != KD_MEM_FREE) {
        s->busy += area->end - area->start;
        add(s->type, kd_type_name(area->type), area);
    }
    if (area->state == KD_MEM_COMMIT) {
        add(s->protect, kd_protect_name(area->protect, name), area);
    }
}

static int larger_first(const void *a, const void *b)
{
    const struct sum *x = a, *y = b;
    if (x->bytes != y->bytes) {
        return x->bytes < y->bytes ? 1 : -1;
    }
    return strcmp(x->name, y->name);
}

static const char *size_text(uint64_t bytes, char out[24])
{
    static const char *const units[] = {"kb", "Mb", "Gb", "Tb"};
    double size = (double)bytes / 1024;
    size_t unit = 0;
    while (size >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        size /= 1024;
        unit++;
    }
    snprintf(out, 24, "%8.3f %s", size, units[unit]);
    return out;
}

/* "7ff`ffff0000" without leading zeros, as !address writes sizes. */
static const char *short_address(uint64_t value, char out[KD_ADDRESS_TEXT])
{
    snprintf(out, KD_ADDRESS_TEXT, "%" PRIx64 "`%08" PRIx64, value >> 32, value & UINT32_MAX);
    return out;
}

static void show_sums(struct kd *kd, const char *title, struct sum rows[MOST_ROWS],
                      const struct summary *s)
{
    char address[KD_ADDRESS_TEXT], size[24], busy[16];
    qsort(rows, MOST_ROWS, sizeof *rows, larger_first);
    kd_printf(kd, "\n--- %s RgnCount ----------- Total Size -------- %%ofBusy %%ofTotal\n", title);
    for (size_t i = 0; i < MOST_ROWS && rows[i].count != 0; i++) {
        bool is_free = strcmp(rows[i].name, "Free") == 0 || strcmp(rows[i].name, "MEM_FREE") == 0;
        snprintf(busy, sizeof busy, "%6.2f%%", 100.0 * (double)rows[i].bytes / (double)s->busy);
        kd_printf(kd, "%-34s %8" PRIu64 " %17s (%s) %7s %7.2f%%\n", rows[i].name, rows[i].count,
                  short_address(rows[i].bytes, address), size_text(rows[i].bytes, size),
                  is_free ? "" : busy, 100.0 * (double)rows[i].bytes / (double)s->total);
    }
}

static bool show_summary(struct kd *kd)
{
    struct summary *s = calloc(1, sizeof *s);
    char at[KD_ADDRESS_TEXT], size[KD_ADDRESS_TEXT], text[24];
    if (s == NULL) {
        return kd_error(kd, "Out of memory");
    }
    bool sound = kd_areas_each(kd, sum_area, s);
    if (s->total == 0) { /* nothing is known */
        free(s);
        return sound;
    }
    show_sums(kd, "Usage Summary ----------------", s->usage, s);
    show_sums(kd, "Type Summary (for busy) ------", s->type, s);
    show_sums(kd, "State Summary ----------------", s->state, s);
    show_sums(kd, "Protect Summary (for commit) -", s->protect, s);
    kd_printf(kd, "\n--- Largest Region by Usage ----------- Base Address -------- Region Size "
                  "----------\n");
    for (size_t i = 0; i < MOST_ROWS && s->usage[i].count != 0; i++) {
        kd_printf(kd, "%-34s %17s %17s (%s)\n", s->usage[i].name,
                  short_address(s->usage[i].largest_at, at),
                  short_address(s->usage[i].largest, size), size_text(s->usage[i].largest, text));
    }
    kd_printf(kd, "\n");
    free(s);
    return sound;
}

static void show_line(struct kd *kd, const struct kd_area *area, void *context)
{
    char start[KD_ADDRESS_TEXT], end[KD_ADDRESS_TEXT], size[KD_ADDRESS_TEXT],
        protect[KD_PROTECT_TEXT];
    (void)context;
    kd_printf(kd, "%c %17s %17s %17s %-11s %-11s %-33s %s\n", area->start == area->base ? '+' : ' ',
              short_address(area->start, start), short_address(area->end, end),
              short_address(area->end - area->start, size),
              area->state == KD_MEM_FREE ? "" : kd_type_name(area->type),
              kd_state_name(area->state),
              kd_protect_name(area->state == KD_MEM_COMMIT ? area->protect : 0, protect),
              kd_usage_name(area->usage));
}

static bool cmd_address(struct kd *kd, const char *args)
{
    uint64_t address;
    struct kd_area area;
    if (!kd_need_symbols(kd)) {
        return false;
    }
    if (strncmp(args, "-summary", strlen("-summary")) == 0) {
        return show_summary(kd);
    }
    if (kd_at_end(args)) {
        kd_printf(kd, "  %17s %17s %17s %-11s %-11s %-33s %s\n", "BaseAddress", "EndAddress+1",
                  "RegionSize", "Type", "State", "Protect", "Usage");
        return kd_areas_each(kd, show_line, NULL);
    }
    if (!kd_evaluate(kd, &args, &address)) {
        return false;
    }
    if (address >= KERNEL_HALF) {
        return show_kernel_address(kd, address);
    }
    if (!find_area(kd, address, &area)) {
        return false;
    }
    show_area(kd, &area);
    return true;
}

static bool cmd_vprot(struct kd *kd, const char *args)
{
    uint64_t address = 0;
    struct kd_area area;
    char name[KD_PROTECT_TEXT];
    if (!kd_evaluate(kd, &args, &address) || !kd_need_symbols(kd) ||
        !find_area(kd, address, &area)) {
        return false;
    }
    kd_printf(kd, "BaseAddress:       %016" PRIx64 "\n", area.start);
    if (area.state != KD_MEM_FREE) {
        kd_printf(kd, "AllocationBase:    %016" PRIx64 "\nAllocationProtect: %08" PRIx32 "  %s\n",
                  area.base, area.base_protect, kd_protect_name(area.base_protect, name));
    }
    kd_printf(kd, "RegionSize:        %016" PRIx64 "\nState:             %08" PRIx32 "  %s\n",
              area.end - area.start, area.state, kd_state_name(area.state));
    if (area.state == KD_MEM_COMMIT) {
        kd_printf(kd, "Protect:           %08" PRIx32 "  %s\n", area.protect,
                  kd_protect_name(area.protect, name));
    }
    if (area.state != KD_MEM_FREE) {
        kd_printf(kd, "Type:              %08" PRIx32 "  %s\n", area.type, kd_type_name(area.type));
    }
    return true;
}

const struct kd_command kd_commands_address[] = {
    {"!address", "!address [ADDRESS | -summary]", "what memory is used for", cmd_address,
     KD_NEEDS_NOTHING},
    {"!vprot", "!vprot ADDRESS", "state and protection of a user address", cmd_vprot,
     KD_NEEDS_NOTHING},
    {0},
};
