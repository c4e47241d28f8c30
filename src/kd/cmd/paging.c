/* src/kd/cmd/paging.c: !pte, !vtop, !ptov: page tables as they are.
 *
 * The page tables are found as the processor finds them, from the directory base of the current
 * process; the addresses at which nt sees the entries come from the self map, whose slot is looked
 * for in the directory itself:
 *
 *      PTE of va = self-map base + (va >> 9), PDE = the PTE of the PTE, and so on
 *
 * Source: debugger documentation, "!pte" (flag letters), "!vtop", "!ptov". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hw/walk.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"

#define COLUMN 27 /* characters of each of the four columns of !pte */
#define DEFAULT_SELF_MAP_SLOT 0x1ED
#define COPY_ON_WRITE 1 /* lowest of the bits that the processor ignores: bit 9 */
#define KERNEL_HALF (HW_ENTRIES / 2)
#define PTOV_LIMIT (1u << 22) /* lines */

static uint64_t sign_extend(uint64_t va)
{
    return va >> (HW_VA_BITS - 1) & 1 ? va | hw_bits(HW_VA_BITS, 64 - HW_VA_BITS) : va;
}

/* ---- the self map -----------------------------------------------------------------------------
 */

static uint64_t self_map_base(struct kd *kd)
{
    uint64_t slot = DEFAULT_SELF_MAP_SLOT;
    hw_pa directory = hw_pfn_pa(hw_pa_pfn((hw_pa){kd->directory_base}));
    for (uint64_t i = KERNEL_HALF; i < HW_ENTRIES; i++) {
        hw_entry entry;
        if (kd_read_physical(kd, directory.value + i * sizeof entry, &entry, sizeof entry) &&
            hw_entry_present(entry) && hw_entry_pfn(entry) == hw_pa_pfn(directory).value) {
            slot = i;
            break;
        }
    }
    return sign_extend(slot << (HW_VA_BITS - HW_INDEX_BITS));
}

/* The address at which nt sees the entry of `va` at `level` (1 PTE .. 4 PXE). */
static uint64_t entry_address(uint64_t base, uint64_t va, unsigned level)
{
    uint64_t at = va;
    for (unsigned i = 0; i < level; i++) {
        uint64_t offset = (at & hw_bits(0, HW_VA_BITS)) >> HW_INDEX_BITS;
        at = base + (offset & ~(uint64_t)7);
    }
    return at;
}

uint64_t kd_pte_target(struct kd *kd, uint64_t pte)
{
    uint64_t base = self_map_base(kd);
    if (pte < base || pte - base >= 1ull << (HW_VA_BITS - HW_INDEX_BITS)) {
        return 0;
    }
    return sign_extend((pte - base) << HW_INDEX_BITS & hw_bits(HW_PAGE_SHIFT, 36));
}

/* ---- !pte -------------------------------------------------------------------------------------
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
    uint64_t prototype = sign_extend(kd_bits(kd, "_MMPTE_PROTOTYPE", "ProtoAddress", pte));
    bool in_vad = (uint32_t)(prototype >> 16) == UINT32_MAX && (uint16_t)prototype == 0;
    if (in_vad) { /* FFFFFFFF`FFFF0000: protection here, the prototype through the VAD */
        kd_printf(kd, "%*sProto: VAD\n", indent, "");
        show_protection(kd, indent, kd_bits(kd, "_MMPTE_PROTOTYPE", "Protection", pte));
    } else {
        kd_printf(kd, "%*sProto: %016" PRIX64 "\n", indent, "", prototype);
    }
}

/* What a PTE that is not valid says to the memory manager. */
static void show_software(struct kd *kd, int column, hw_entry entry)
{
    uint64_t pte = entry.value;
    int indent = column * COLUMN + 1;
    kd_printf(kd, "not valid\n");
    if (pte == 0 || kd->symbols == NULL) {
        return;
    }
    if (kd_bits(kd, "_MMPTE_SOFTWARE", "Prototype", pte)) {
        show_prototype(kd, indent, pte);
        return;
    }
    if (kd_bits(kd, "_MMPTE_SOFTWARE", "Transition", pte)) {
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
            show_software(kd, (int)i, entry);
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

static void show_pte(struct kd *kd, uint64_t va, uint64_t base)
{
    struct hw_walk walk;
    kd_walk(kd, kd->directory_base, va, &walk);
    kd_printf(kd, "%43sVA %016" PRIx64 "\n", "", va);
    kd_printf(kd,
              "PXE at %016" PRIX64 "    PPE at %016" PRIX64 "    PDE at %016" PRIX64
              "    PTE at %016" PRIX64 "\n",
              entry_address(base, va, 4), entry_address(base, va, 3), entry_address(base, va, 2),
              entry_address(base, va, 1));
    bool large = walk.page_size > HW_PAGE_SIZE;
    show_contents(kd, &walk, large);
    show_frames(kd, &walk, large);
    if (walk.result == HW_PAGE_FAULT && hw_fault_reserved(walk.fault)) {
        kd_printf(kd, "reserved bits are set in the last entry\n");
    } else if (walk.result == HW_NO_MEMORY) {
        kd_printf(kd, "the next table is not in physical memory\n");
    }
    kd_printf(kd, "\n");
}

static bool cmd_pte(struct kd *kd, const char *args)
{
    uint64_t va;
    if (!kd_evaluate(kd, &args, &va)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (!hw_va_canonical((hw_va){va})) {
        return kd_error(kd, "%016" PRIx64 " is not a canonical address", va);
    }
    uint64_t base = self_map_base(kd);
    if (va >= base && va - base < 1ull << (HW_VA_BITS - HW_INDEX_BITS)) {
        /* The address of a PTE: show what it maps. */
        va = kd_pte_target(kd, va);
    }
    show_pte(kd, va, base);
    return true;
}

/* ---- !vtop ------------------------------------------------------------------------------------
 */

/* A directory base, or its page frame number as older habits have it. */
static uint64_t directory_argument(struct kd *kd, uint64_t value)
{
    if (value == 0) {
        return kd->directory_base;
    }
    bool frame = value % HW_PAGE_SIZE != 0 && value < kd->target->physical_size / HW_PAGE_SIZE;
    return frame ? hw_pfn_pa((hw_pfn){value}).value : value;
}

static void show_steps(struct kd *kd, const struct hw_walk *walk)
{
    static const char *const names[] = {"PML4E", "PDPE", "PDE", "PTE"};
    for (unsigned i = 0; i < walk->step_count; i++) {
        kd_printf(kd, "Amd64VtoP: %s %08" PRIx64 "\n", names[i], walk->step[i].address.value);
    }
}

static bool show_no_mapping(struct kd *kd, const struct hw_walk *walk)
{
    static const char *const names[] = {"PML4E", "PDPE", "PDE", "PTE"};
    if (walk->result == HW_NOT_CANONICAL) {
        kd_printf(kd, "Amd64VtoP: not a canonical address\n");
    } else if (walk->step_count > 0) {
        const struct hw_step *last = &walk->step[walk->step_count - 1];
        bool zero = last->entry.value == 0;
        kd_printf(kd, "Amd64VtoP: %s %s\n", zero ? "zero" : "invalid", names[walk->step_count - 1]);
    }
    return kd_error(kd, "Virtual address translation fails, error 0xD0000147.");
}

static bool cmd_vtop(struct kd *kd, const char *args)
{
    uint64_t directory = 0, va;
    struct hw_walk walk;
    char text[KD_ADDRESS_TEXT];
    if (!kd_evaluate(kd, &args, &va)) {
        return false;
    }
    if (!kd_at_end(args)) {
        directory = va;
        if (!kd_evaluate(kd, &args, &va)) {
            return false;
        }
    }
    directory = directory_argument(kd, directory);
    kd_walk(kd, directory, va, &walk);
    kd_printf(kd, "Amd64VtoP: Virt %s, pagedir %08" PRIx64 "\n", kd_address_text(va, text),
              directory);
    show_steps(kd, &walk);
    uint64_t pa = walk.pa.value, before = kd_use_directory(kd, directory);
    bool present = walk.page_size != 0, found = present || kd_translate(kd, va, &pa);
    kd_use_directory(kd, before);
    if (!found) {
        return show_no_mapping(kd, &walk);
    }
    kd_printf(kd, "Amd64VtoP: %s phys %08" PRIx64 "\n",
              walk.page_size > HW_PAGE_SIZE ? "Large page mapped"
              : present                     ? "Mapped"
                                            : "Transition",
              pa);
    kd_printf(kd, "Virtual address %" PRIx64 " translates to physical address %" PRIx64 ".\n", va,
              pa);
    return true;
}

/* ---- !ptov ------------------------------------------------------------------------------------
 */

static bool cmd_ptov(struct kd *kd, const char *args)
{
    uint64_t directory, va = 0;
    if (!kd_evaluate(kd, &args, &directory)) {
        return false;
    }
    directory = directory_argument(kd, directory);
    uint64_t before = kd_use_directory(kd, directory);
    kd_printf(kd, "Amd64PtoV: pagedir %08" PRIx64 "\n", directory);
    for (unsigned lines = 0; lines < PTOV_LIMIT && kd_next_present(kd, va, UINT64_MAX, &va);
         lines++) {
        struct hw_walk walk;
        uint64_t pa, size = HW_PAGE_SIZE;
        kd_walk(kd, directory, va, &walk);
        if (walk.page_size != 0) {
            size = walk.page_size;
        }
        if (kd_translate(kd, va, &pa)) {
            kd_printf(kd, "%" PRIx64 " %" PRIx64 "%s\n", pa, va,
                      size > HW_PAGE_SIZE ? " (large page)" : "");
        }
        va += size;
        if (va == 0) {
            break;
        }
    }
    kd_use_directory(kd, before);
    return true;
}

const struct kd_command kd_commands_paging[] = {
    {"!pte", "!pte ADDRESS", "page-table entries that map an address", cmd_pte},
    {"!vtop", "!vtop DIRBASE ADDRESS", "physical address of a virtual one, step by step", cmd_vtop},
    {"!ptov", "!ptov DIRBASE", "every page that a page directory maps", cmd_ptov},
    {NULL, NULL, NULL, NULL},
};
