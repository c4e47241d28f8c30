/* src/kd/cmd/paging.c: !vtop, !ptov, and the self map: page tables as they are.
 *
 * The page tables are found as the processor finds them, from the directory base of the current
 * process; the addresses at which nt sees the entries come from the self map, whose slot is looked
 * for in the directory itself:
 *
 *      PTE of va = self-map base + (va >> 9), PDE = the PTE of the PTE, and so on
 *
 * Source: debugger documentation, "!vtop", "!ptov". */
#include <inttypes.h>

#include "hw/walk.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"

#define DEFAULT_SELF_MAP_SLOT 0x1ED
#define KERNEL_HALF (HW_ENTRIES / 2)
#define PTOV_LIMIT (1u << 22) /* lines */

uint64_t kd_sign_extend(uint64_t va)
{
    return va >> (HW_VA_BITS - 1) & 1 ? va | hw_bits(HW_VA_BITS, 64 - HW_VA_BITS) : va;
}

/* ---- the self map -----------------------------------------------------------------------------
 */

uint64_t kd_self_map(struct kd *kd)
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
    return kd_sign_extend(slot << (HW_VA_BITS - HW_INDEX_BITS));
}

uint64_t kd_entry_address(uint64_t base, uint64_t va, unsigned level)
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
    uint64_t base = kd_self_map(kd);
    if (pte < base || pte - base >= KD_SELF_MAP_SIZE) {
        return 0;
    }
    return kd_sign_extend((pte - base) << HW_INDEX_BITS & hw_bits(HW_PAGE_SHIFT, 36));
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
    {"!vtop", "!vtop DIRBASE ADDRESS", "physical address of a virtual one, step by step", cmd_vtop,
     KD_NEEDS_PHYSICAL},
    {"!ptov", "!ptov DIRBASE", "every page that a page directory maps", cmd_ptov,
     KD_NEEDS_PHYSICAL},
    {0},
};
