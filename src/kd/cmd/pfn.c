/* src/kd/cmd/pfn.c: !pfn: one entry of the PFN database.
 *
 * Source: debugger documentation, "!pfn"; Windows Internals 6, part 2, ch. 10 "PFN Data
 * Structures".
 */
#include <inttypes.h>

#include "hw/bits.h"
#include "kd/kdi.h"
#include "kd/types.h"

static uint64_t pfn_field(struct kd *kd, uint64_t at, const char *path)
{
    return kd_field(kd, "_MMPFN", at, path);
}

static const char *location_name(uint64_t location)
{
    static const char *const names[] = {"Zeroed",     "Free", "Standby", "Modified",
                                        "ModNoWrite", "Bad",  "Active",  "Transition"};
    return names[location % 8];
}

/* Flag letters of the last line but one, and their names on the last. */
static const struct {
    const char *path;
    char letter;
    const char *name;
} flags[] = {
    {"u3.e1.Modified", 'M', "Modified"},
    {"u4.PrototypePte", 'P', "Shared"},
    {"u3.e1.ReadInProgress", 'R', "ReadInProgress"},
    {"u3.e1.WriteInProgress", 'W', "WriteInProgress"},
    {"u3.e1.InPageError", 'E', "InPageError"},
    {"u3.e1.Rom", 'X', "Rom"},
    {"u3.e1.RemovalRequested", 'Y', "RemovalRequested"},
    {"u3.e1.ParityError", 'Q', "ParityError"},
};

#define FLAGS (sizeof flags / sizeof flags[0])

static void show_flags(struct kd *kd, uint64_t at)
{
    bool set[FLAGS];
    for (size_t i = 0; i < FLAGS; i++) {
        set[i] = pfn_field(kd, at, flags[i].path) != 0;
        kd_printf(kd, "%c", set[i] ? flags[i].letter : ' ');
    }
    kd_printf(kd, "\n    ");
    for (size_t i = 0; i < FLAGS; i++) {
        if (set[i]) {
            kd_printf(kd, "%s ", flags[i].name);
        }
    }
    kd_printf(kd, "\n");
}

static void show_pfn(struct kd *kd, uint64_t pfn, uint64_t at)
{
    static const char *const caching[] = {"NonCached", "Cached", "WriteComb", "NotMapped"};
    kd_printf(kd, "    PFN %08" PRIX64 " at address %016" PRIX64 "\n", pfn, at);
    kd_printf(kd,
              "    flink       %08" PRIX64 "  blink / share count %08" PRIX64
              "  pteaddress %016" PRIX64 "\n",
              pfn_field(kd, at, "u1.Flink"), pfn_field(kd, at, "u2.Blink"),
              pfn_field(kd, at, "PteAddress"));
    kd_printf(kd,
              "    reference count %04" PRIX64 "    used entry count  %04" PRIX64
              "      %-9s color %" PRIu64 "   Priority %" PRIu64 "\n",
              pfn_field(kd, at, "u3.ReferenceCount"), pfn_field(kd, at, "UsedPageTableEntries"),
              caching[pfn_field(kd, at, "u3.e1.CacheAttribute") % 4],
              pfn_field(kd, at, "u4.PageColor"), pfn_field(kd, at, "u3.e1.Priority"));
    kd_printf(kd, "    restore pte %08" PRIX64 "  containing page %06" PRIX64 "  %-10s ",
              pfn_field(kd, at, "OriginalPte.u.Long"), pfn_field(kd, at, "u4.PteFrame"),
              location_name(pfn_field(kd, at, "u3.e1.PageLocation")));
    show_flags(kd, at);
}

static bool cmd_pfn(struct kd *kd, const char *args)
{
    uint64_t pfn, location;
    if (!kd_evaluate(kd, &args, &pfn) || !kd_need_symbols(kd)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    uint64_t size = kd_type_size(kd->symbols, "nt", "_MMPFN");
    uint64_t database = kd_nt_pointer(kd, "MmPfnDatabase");
    if (size == 0 || database == 0) {
        return kd_error(kd, "nt!MmPfnDatabase cannot be read");
    }
    if (pfn >= kd->target->physical_size >> HW_PAGE_SHIFT) {
        return kd_error(kd, "There is no page %" PRIx64 ": physical memory ends at page %" PRIx64,
                        pfn, kd->target->physical_size >> HW_PAGE_SHIFT);
    }
    uint64_t at = database + pfn * size;
    if (!kd_read_nt(kd, "_MMPFN", at, "u3.e1.PageLocation", &location)) {
        return kd_error(kd, "The PFN entry at %016" PRIx64 " is not in memory", at);
    }
    show_pfn(kd, pfn, at);
    return true;
}

const struct kd_command kd_commands_pfn[] = {
    {"!pfn", "!pfn PFN", "one entry of the PFN database", cmd_pfn, KD_NEEDS_PHYSICAL},
    {0},
};
