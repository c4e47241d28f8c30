/* src/kd/cmd/pte.c: !pte: the page-table entries of an address, of a range, or one by itself.
 *
 * An entry that is not valid means nothing to the processor, and one of these to nt:
 *
 *      bits    63         32 31   16 15   12 11 10  9    5 4  1 0
 *      demand zero     0        0        .    0  0  protect  0   0    a fresh zeroed page
 *      page file     offset     .        .    0  0  protect file 0    is in a page file
 *      transition    .  | frame         |     1  0  protect  .   0    still in memory, on a list
 *      prototype       address         protect . 1     .     .   0    ask the prototype PTE there:
 *                                                                     a page shared by a fork
 *        VAD         FFFFFFFF 0000      .    .  1  protect  .   0    ... whose address the VAD has
 *      subsection      address           .    .  1  protect  .   0    in a file; of prototypes
 * alone
 *
 * The bits themselves come from nt's types (_MMPTE_SOFTWARE, _MMPTE_TRANSITION, _MMPTE_PROTOTYPE,
 * _MMPTE_SUBSECTION). Only who holds the entry tells prototype and subsection apart: page tables
 * never point at subsections, and prototypes never at prototypes.
 *
 * Source: debugger documentation, "!pte" (arguments, flag letters). */
#include <inttypes.h>
#include <stdio.h>

#include "hw/walk.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"

#define COLUMN 27       /* characters of each of the four columns */
#define COPY_ON_WRITE 1 /* lowest of the bits that the processor ignores: bit 9 */

/* ---- entries ----------------------------------------------------------------------------------
 */

const char *kd_protection_text(uint64_t protection, bool vad, char *out, size_t size)
{
    static const char *const names[8][2] = {
        {"NoAccess", "NO_ACCESS"},
        {"Readonly", "READONLY"},
        {"Execute", "EXECUTE"},
        {"ExecuteRead", "EXECUTE_READ"},
        {"ReadWrite", "READWRITE"},
        {"WriteCopy", "WRITECOPY"},
        {"ExecuteReadWrite", "EXECUTE_READWRITE"},
        {"ExecuteWriteCopy", "EXECUTE_WRITECOPY"},
    };
    static const char *const modifiers[4][2] = {{"", ""},
                                                {" NoCache", " NOCACHE"},
                                                {" Guard", " GUARD"},
                                                {" WriteCombine", " WRITECOMBINE"}};
    uint64_t base = protection % 8, modifier = protection / 8 % 4;
    if (base == 0 && modifier == 2) {
        snprintf(out, size, "%s", vad ? "DECOMMITTED" : "Decommitted");
    } else {
        snprintf(out, size, "%s%s", names[base][vad],
                 base == 0 && modifier == 3 ? "" : modifiers[modifier][vad]);
    }
    return out;
}

static void flags_text(hw_entry entry, char out[12])
{
    snprintf(out, 12, "%c%c%c%c%c%c%c%c%c%c%c",
             hw_entry_software_low(entry) & COPY_ON_WRITE ? 'C' : '-',
             hw_entry_global(entry) ? 'G' : '-', hw_entry_large(entry) ? 'L' : '-',
             hw_entry_dirty(entry) ? 'D' : '-', hw_entry_accessed(entry) ? 'A' : '-',
             hw_entry_cache_disable(entry) ? 'N' : '-', hw_entry_write_through(entry) ? 'T' : '-',
             hw_entry_user(entry) ? 'U' : 'K', hw_entry_writable(entry) ? 'W' : 'R',
             hw_entry_no_execute(entry) ? '-' : 'E', hw_entry_present(entry) ? 'V' : '-');
}

static void show_protection(struct kd *kd, int indent, uint64_t protection)
{
    char text[48];
    kd_printf(kd, "%*sProtect: %" PRIx64 " - %s\n", indent, "", protection,
              kd_protection_text(protection, false, text, sizeof text));
}

static void show_prototype(struct kd *kd, int indent, uint64_t pte)
{
    uint64_t prototype = kd_sign_extend(kd_bits(kd, "_MMPTE_PROTOTYPE", "ProtoAddress", pte));
    bool in_vad = (uint32_t)(prototype >> 16) == UINT32_MAX && (uint16_t)prototype == 0;
    if (in_vad) { /* FFFFFFFF`FFFF0000: the prototype through the VAD */
        kd_printf(kd, "%*sProto: VAD\n", indent, "");
        show_protection(kd, indent, kd_bits(kd, "_MMPTE_SOFTWARE", "Protection", pte));
    } else {
        kd_printf(kd, "%*sProto: %016" PRIX64 "\n", indent, "", prototype);
        show_protection(kd, indent, kd_bits(kd, "_MMPTE_PROTOTYPE", "Protection", pte));
    }
}

/* What an entry that is not valid says to the memory manager. `of_prototype`: it is a prototype. */
static void show_software(struct kd *kd, int indent, uint64_t pte, bool of_prototype)
{
    kd_printf(kd, "not valid\n");
    if (pte == 0 || kd->symbols == NULL) {
        return;
    }
    if (kd_bits(kd, "_MMPTE_SOFTWARE", "Prototype", pte)) {
        if (!of_prototype) {
            show_prototype(kd, indent, pte);
            return;
        }
        kd_printf(kd, "%*sSubsection: %016" PRIX64 "\n", indent, "",
                  kd_sign_extend(kd_bits(kd, "_MMPTE_SUBSECTION", "SubsectionAddress", pte)));
    } else if (kd_bits(kd, "_MMPTE_SOFTWARE", "Transition", pte)) {
        kd_printf(kd, "%*sTransition: %" PRIx64 "\n", indent, "",
                  kd_bits(kd, "_MMPTE_TRANSITION", "PageFrameNumber", pte));
    } else if (kd_bits(kd, "_MMPTE_SOFTWARE", "PageFileHigh", pte)) {
        kd_printf(kd, "%*sPageFile:  %" PRIx64 "\n", indent, "",
                  kd_bits(kd, "_MMPTE_SOFTWARE", "PageFileLow", pte));
        kd_printf(kd, "%*sOffset: %" PRIx64 "\n", indent, "",
                  kd_bits(kd, "_MMPTE_SOFTWARE", "PageFileHigh", pte));
    } else {
        kd_printf(kd, "%*sDemandZero\n", indent, "");
    }
    show_protection(kd, indent, kd_bits(kd, "_MMPTE_SOFTWARE", "Protection", pte));
}

static void show_contents(struct kd *kd, const struct hw_walk *walk, bool large)
{
    for (unsigned i = 0; i < walk->step_count; i++) {
        kd_printf(kd, "%scontains %016" PRIX64, i > 0 ? "  " : "", walk->step[i].entry.value);
    }
    for (unsigned i = walk->step_count; large && i < HW_LEVELS; i++) {
        kd_printf(kd, "  contains %016" PRIX64, (uint64_t)0);
    }
    kd_printf(kd, "\n");
}

static void show_frames(struct kd *kd, const struct hw_walk *walk, bool large)
{
    for (unsigned i = 0; i < walk->step_count; i++) {
        hw_entry entry = walk->step[i].entry;
        char flags[12];
        if (!hw_entry_present(entry)) {
            show_software(kd, (int)i * COLUMN + 1, entry.value, false);
            return;
        }
        flags_text(entry, flags);
        kd_printf(kd, "pfn %-10" PRIx64 "%s  ", hw_entry_pfn(entry), flags);
    }
    if (large) {
        kd_printf(kd, "LARGE PAGE pfn %-11" PRIx64, hw_pa_pfn(walk->pa).value);
    }
    kd_printf(kd, "\n");
}

static void show_walk(struct kd *kd, uint64_t va, uint64_t base, const struct hw_walk *walk)
{
    kd_printf(kd, "%43sVA %016" PRIx64 "\n", "", va);
    kd_printf(kd,
              "PXE at %016" PRIX64 "    PPE at %016" PRIX64 "    PDE at %016" PRIX64
              "    PTE at %016" PRIX64 "\n",
              kd_entry_address(base, va, 4), kd_entry_address(base, va, 3),
              kd_entry_address(base, va, 2), kd_entry_address(base, va, 1));
    bool large = walk->page_size > HW_PAGE_SIZE;
    show_contents(kd, walk, large);
    show_frames(kd, walk, large);
    if (walk->result == HW_PAGE_FAULT && hw_fault_reserved(walk->fault)) {
        kd_printf(kd, "reserved bits are set in the last entry\n");
    } else if (walk->result == HW_NO_MEMORY) {
        kd_printf(kd, "the next table is not in physical memory\n");
    }
    kd_printf(kd, "\n");
}

/* ---- the forms of the command -----------------------------------------------------------------
 */

static void show_address(struct kd *kd, uint64_t va, uint64_t base)
{
    struct hw_walk walk;
    kd_walk(kd, kd->directory_base, va, &walk);
    show_walk(kd, va, base, &walk);
}

/* Is the walk's last entry one that means something? */
static bool says_something(const struct hw_walk *walk)
{
    return walk->step_count > 0 && walk->step[walk->step_count - 1].entry.value != 0;
}

/* Every page of first..last whose entry is not zero. Zero entries of upper levels are passed over
 * with all that they cover. */
static bool show_range(struct kd *kd, uint64_t first, uint64_t last, uint64_t base)
{
    uint64_t va = first & ~(uint64_t)(HW_PAGE_SIZE - 1), shown = 0;
    while (!kd_interrupted(kd)) {
        struct hw_walk walk;
        kd_walk(kd, kd->directory_base, va, &walk);
        if (says_something(&walk)) {
            show_walk(kd, va, base, &walk);
            shown++;
        }
        uint64_t next = kd_behind_walk(va, &walk);
        if (next <= va || next > last) {
            break;
        }
        kd_progress(kd, va - first, last - first);
        va = next;
    }
    if (shown == 0) {
        kd_printf(kd, "All page-table entries of this range are zero\n");
    }
    return true;
}

/* The eight bytes at `pte` as an entry, whatever it belongs to. */
static bool show_literal(struct kd *kd, uint64_t pte, uint64_t base)
{
    hw_entry entry;
    char flags[12], text[KD_ADDRESS_TEXT];
    if (!kd_read_u64(kd, pte, &entry.value)) {
        return kd_error(kd, "Memory access error at '%s'", kd_address_text(pte, text));
    }
    kd_printf(kd, "%43sVA %016" PRIx64 "\n", "", pte);
    kd_printf(kd,
              "PXE at %016" PRIX64 "    PPE at %016" PRIX64 "    PDE at %016" PRIX64
              "    PTE at %016" PRIX64 "\ncontains %016" PRIX64 "\n",
              pte, pte, pte, pte, entry.value);
    if (hw_entry_present(entry)) {
        flags_text(entry, flags);
        kd_printf(kd, "pfn %-10" PRIx64 "%s\n", hw_entry_pfn(entry), flags);
    } else {
        bool in_page_table = pte >= base && pte - base < KD_SELF_MAP_SIZE;
        show_software(kd, 1, entry.value, !in_page_table);
    }
    kd_printf(kd, "\n");
    return true;
}

static bool need_canonical(struct kd *kd, uint64_t va)
{
    return hw_va_canonical((hw_va){va}) ||
           kd_error(kd, "%016" PRIx64 " is not a canonical address", va);
}

static bool cmd_pte(struct kd *kd, const char *args)
{
    uint64_t va, second = 0;
    bool two;
    if (!kd_evaluate(kd, &args, &va) || !kd_evaluate_optional(kd, &args, &second, &two)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (!need_canonical(kd, va)) {
        return false;
    }
    uint64_t base = kd_self_map(kd);
    if (two && second == 1) {
        return show_literal(kd, va, base);
    }
    if (two) {
        return second < va ? kd_error(kd, "Range error: the end is below the start")
                           : need_canonical(kd, second) && show_range(kd, va, second, base);
    }
    if (va >= base && va - base < KD_SELF_MAP_SIZE) {
        va = kd_pte_target(kd, va); /* the address of a PTE: show what it maps */
    }
    show_address(kd, va, base);
    return true;
}

const struct kd_command kd_commands_pte[] = {
    {"!pte", "!pte ADDRESS|PTE | FIRST LAST | PTE 1",
     "page-table entries that map an address or a range; 1: the entry that lies at PTE", cmd_pte,
     KD_NEEDS_PHYSICAL},
    {0},
};
