/* src/kd/cmd/vm.c: !vm, !sysptes: how memory is used as a whole.
 *
 * Source: debugger documentation, "!vm", "!sysptes". */
#include <inttypes.h>
#include <stdlib.h>

#include "hw/bits.h"
#include "kd/kdi.h"
#include "kd/types.h"

#define PROCESS_LIMIT 65536
#define PAGE_KB ((uint64_t)HW_PAGE_SIZE / 1024)

/* ---- system PTEs ------------------------------------------------------------------------------
 */

struct pte_usage {
    uint64_t total, free, blocks, largest;
};

/* The self map shows all PTEs as one array at nt!MmPteBase, or where Windows 7 has it. */
static uint64_t pte_address(uint64_t va)
{
    const uint64_t base = 0xFFFFF68000000000ull;
    const unsigned entry_shift = 3;
    return base + ((va & hw_bits(0, HW_VA_BITS)) >> HW_PAGE_SHIFT << entry_shift);
}

static bool count_system_ptes(struct kd *kd, uint64_t start, uint64_t end, struct pte_usage *usage)
{
    uint64_t run = 0, ptes[HW_PAGE_SIZE / sizeof(uint64_t)];
    *usage = (struct pte_usage){.total = (end - start + 1) >> HW_PAGE_SHIFT};
    for (uint64_t i = 0; i < usage->total && !kd_interrupted(kd);) {
        size_t count = sizeof ptes / sizeof *ptes;
        count = usage->total - i < count ? usage->total - i : count;
        uint64_t at = pte_address(start + (i << HW_PAGE_SHIFT));
        if (!kd_read(kd, at, ptes, count * sizeof *ptes)) {
            return kd_error(kd, "The PTEs at %016" PRIx64 " are not in memory", at);
        }
        for (size_t k = 0; k < count; k++) {
            run = ptes[k] == 0 ? run + 1 : 0;
            usage->free += ptes[k] == 0;
            usage->blocks += run == 1;
            usage->largest = run > usage->largest ? run : usage->largest;
        }
        i += count;
    }
    return true;
}

static bool system_pte_limits(struct kd *kd, uint64_t *start, uint64_t *end)
{
    const uint64_t most = 1ull << 40;
    *start = kd_nt_pointer(kd, "MmSystemPtesStart");
    *end = kd_nt_pointer(kd, "MmSystemPtesEnd");
    return (*start != 0 && *end > *start && *end - *start < most) ||
           kd_error(kd, "nt!MmSystemPtesStart and nt!MmSystemPtesEnd cannot be read");
}

static bool cmd_sysptes(struct kd *kd, const char *args)
{
    uint64_t start, end;
    struct pte_usage usage;
    (void)args;
    if (!kd_need_symbols(kd) || !system_pte_limits(kd, &start, &end) ||
        !count_system_ptes(kd, start, end, &usage)) {
        return false;
    }
    kd_printf(
        kd,
        "System PTE Information\n"
        "  Total System Ptes %" PRIu64 "\n"
        "     starting PTE: %016" PRIx64 "\n"
        "     ending PTE:   %016" PRIx64 "\n"
        "  free blocks: %" PRIu64 "   total free: %" PRIu64 "    largest free block: %" PRIu64 "\n",
        usage.total, pte_address(start), pte_address(end), usage.blocks, usage.free, usage.largest);
    return true;
}

/* ---- !vm --------------------------------------------------------------------------------------
 */

struct process_row {
    uint64_t id, pages;
    char name[16];
};

struct process_rows {
    struct process_row *row;
    size_t count;
    uint64_t total;
};

static bool add_process(struct kd *kd, uint64_t process, void *context)
{
    struct process_rows *rows = context;
    uint64_t offset;
    struct process_row *grown = realloc(rows->row, (rows->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    rows->row = grown;
    struct process_row *row = &rows->row[rows->count++];
    *row = (struct process_row){.id = kd_field(kd, "_EPROCESS", process, "UniqueProcessId"),
                                .pages = kd_field(kd, "_EPROCESS", process, "CommitCharge")};
    if (kd_offset(kd, "_EPROCESS", "ImageFileName", &offset)) {
        kd_read_virtual(kd, process + offset, row->name, sizeof row->name - 1);
    }
    rows->total += row->pages;
    return true;
}

static int most_first(const void *a, const void *b)
{
    const struct process_row *x = a, *y = b;
    if (x->pages != y->pages) {
        return x->pages < y->pages ? 1 : -1;
    }
    return x->id < y->id ? -1 : x->id > y->id;
}

static void show_pages(struct kd *kd, const char *label, uint64_t pages)
{
    kd_printf(kd, "\t%-20s%9" PRIu64 " (%10" PRIu64 " Kb)\n", label, pages, pages * PAGE_KB);
}

static void show_processes(struct kd *kd)
{
    struct process_rows rows = {.count = 0};
    uint64_t link;
    if (kd_offset(kd, "_EPROCESS", "ActiveProcessLinks", &link)) {
        kd_list_each(kd, kd_nt_address(kd, "PsActiveProcessHead"), link, PROCESS_LIMIT, add_process,
                     &rows);
    }
    qsort(rows.row, rows.count, sizeof *rows.row, most_first);
    kd_printf(kd, "\n");
    show_pages(kd, "Total Private:", rows.total);
    for (size_t i = 0; i < rows.count && !kd_interrupted(kd); i++) {
        kd_printf(kd, "         %04" PRIx64 " %-15s %8" PRIu64 " (%10" PRIu64 " Kb)\n",
                  rows.row[i].id, rows.row[i].name, rows.row[i].pages, rows.row[i].pages * PAGE_KB);
    }
    free(rows.row);
}

/* Name, size and room of each; sizes are kept in pages. */
static void show_paging_files(struct kd *kd)
{
    const uint64_t most = 16;
    uint64_t files = kd_nt_address(kd, "MmPagingFile"), count, file, name;
    count = kd_nt_pointer(kd, "MmNumberOfPagingFiles") & UINT32_MAX;
    for (uint64_t i = 0; i < count && i < most; i++) {
        char text[128];
        if (!kd_read(kd, files + i * sizeof file, &file, sizeof file) ||
            !kd_offset(kd, "_MMPAGING_FILE", "PageFileName", &name) ||
            !kd_read_unicode_string(kd->symbols, file + name, text, sizeof text)) {
            kd_printf(kd, "\tPage file %" PRIu64 " is not in memory\n", i);
            continue;
        }
        kd_printf(kd, "\tPage File: %s\n", text);
        static const char *const rows[2][4] = {
            {"Current", "Size", "Free Space:", "FreeSpace"},
            {"Minimum", "MinimumSize", "Maximum:", "MaximumSize"},
        };
        for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
            kd_printf(kd, "\t  %s: %9" PRIu64 " Kb  %-11s %9" PRIu64 " Kb\n", rows[row][0],
                      kd_field(kd, "_MMPAGING_FILE", file, rows[row][1]) * PAGE_KB, rows[row][2],
                      kd_field(kd, "_MMPAGING_FILE", file, rows[row][3]) * PAGE_KB);
        }
    }
}

static uint64_t pool_pages(struct kd *kd, const char *descriptor)
{
    uint64_t at = kd_nt_address(kd, descriptor);
    return kd_field(kd, "_POOL_DESCRIPTOR", at, "TotalPages") +
           kd_field(kd, "_POOL_DESCRIPTOR", at, "TotalBigPages");
}

static uint64_t list_total(struct kd *kd, const char *list)
{
    return kd_field(kd, "_MMPFNLIST", kd_nt_address(kd, list), "Total");
}

static bool cmd_vm(struct kd *kd, const char *args)
{
    uint64_t flags = 0, start, end;
    bool given;
    struct pte_usage ptes = {0};
    if (!kd_evaluate_optional(kd, &args, &flags, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    kd_printf(kd, "\n*** Virtual Memory Usage ***\n");
    show_pages(kd, "Physical Memory:", kd_nt_pointer(kd, "MmNumberOfPhysicalPages"));
    show_paging_files(kd);
    show_pages(kd, "Available Pages:", kd_nt_pointer(kd, "MmAvailablePages"));
    show_pages(kd, "ResAvail Pages:", kd_nt_pointer(kd, "MmResidentAvailablePages"));
    if (system_pte_limits(kd, &start, &end) && count_system_ptes(kd, start, end, &ptes)) {
        show_pages(kd, "Free System PTEs:", ptes.free);
    }
    show_pages(kd, "Modified Pages:", list_total(kd, "MmModifiedPageListHead"));
    show_pages(kd, "NonPagedPool Usage:", pool_pages(kd, "NonPagedPoolDescriptor"));
    show_pages(kd, "NonPagedPool Max:",
               kd_nt_pointer(kd, "MmMaximumNonPagedPoolInBytes") >> HW_PAGE_SHIFT);
    show_pages(kd, "PagedPool Usage:", pool_pages(kd, "ExpPagedPoolDescriptor"));
    show_pages(
        kd, "PagedPool Maximum:", kd_nt_pointer(kd, "MmSizeOfPagedPoolInBytes") >> HW_PAGE_SHIFT);
    show_pages(kd, "Committed pages:", kd_nt_pointer(kd, "MmTotalCommittedPages"));
    show_pages(kd, "Commit limit:", kd_nt_pointer(kd, "MmTotalCommitLimit"));
    const uint64_t no_processes = 2;
    if ((flags & no_processes) == 0) {
        show_processes(kd);
    }
    return true;
}

const struct kd_command kd_commands_vm[] = {
    {"!vm", "!vm [FLAGS]", "memory of the whole system; flag 2 leaves processes out", cmd_vm,
     KD_NEEDS_MACHINE},
    {"!sysptes", "!sysptes", "page-table entries of the system's own mappings", cmd_sysptes,
     KD_NEEDS_PHYSICAL},
    {0},
};
