/* src/hw/walk.c: one step per level, then rights. */
#include "hw/walk.h"

#define LEVEL_PTE 1
#define LEVEL_PDE 2
#define LEVEL_PDPTE 3
#define LEVEL_PML4E 4

/* Bytes that one entry at `level` spans. */
static uint64_t level_span(unsigned level)
{
    return HW_PAGE_SIZE << (HW_INDEX_BITS * (level - 1));
}

static bool maps_page(unsigned level, hw_entry entry)
{
    return level == LEVEL_PTE || (level != LEVEL_PML4E && hw_entry_large(entry));
}

uint64_t hw_reserved_bits(const struct hw_mmu *mmu, unsigned level, hw_entry entry)
{
    const unsigned large_bit = 7, pat_bit = 12, nx_bit = 63;
    uint64_t reserved = 0;

    if (mmu->maxphyaddr < HW_MAXPHYADDR_MOST)
        reserved |= hw_bits(mmu->maxphyaddr, HW_MAXPHYADDR_MOST - mmu->maxphyaddr);
    if (!mmu->nx)
        reserved |= hw_bits(nx_bit, 1);
    if (level == LEVEL_PML4E || (level == LEVEL_PDPTE && mmu->no_gigabyte_pages))
        reserved |= hw_bits(large_bit, 1);
    else if (level != LEVEL_PTE && hw_entry_large(entry))
        /* Frame bits below the page size, except PAT. */
        reserved |= (level_span(level) - 1) & ~hw_bits(0, pat_bit + 1);
    return reserved;
}

static void page_fault(struct hw_walk *walk, const struct hw_mmu *mmu, struct hw_access access,
                       bool protection, bool reserved)
{
    hw_fault fault = {0};
    fault = hw_fault_set_protection(fault, protection);
    fault = hw_fault_set_write(fault, access.write);
    fault = hw_fault_set_user(fault, access.user);
    fault = hw_fault_set_reserved(fault, reserved);
    fault = hw_fault_set_fetch(fault, access.fetch && (mmu->nx || mmu->smep));
    walk->result = HW_PAGE_FAULT;
    walk->fault = fault;
}

static bool access_allowed(const struct hw_mmu *mmu, const struct hw_walk *walk,
                           struct hw_access access)
{
    if (access.user) {
        if (!walk->user)
            return false;
    } else if (walk->user && (access.fetch ? mmu->smep : mmu->smap)) {
        return false;
    }
    if (access.write && !walk->writable && (access.user || mmu->wp))
        return false;
    return !access.fetch || walk->executable;
}

/* Read and judge the entry at `level`. => false: the walk ends here, walk->result says why */
static bool take_step(const struct hw_mmu *mmu, hw_va va, unsigned level, hw_pa table,
                      struct hw_access access, struct hw_walk *walk)
{
    struct hw_step *step = &walk->step[walk->step_count];
    step->level = level;
    step->address.value = table.value + hw_va_index(va, level) * sizeof(hw_entry);
    if (!mmu->read_physical(mmu->context, step->address, &step->entry.value)) {
        walk->result = HW_NO_MEMORY;
        return false;
    }
    walk->step_count++;
    if (!hw_entry_present(step->entry)) {
        page_fault(walk, mmu, access, false, false);
        return false;
    }
    if (step->entry.value & hw_reserved_bits(mmu, level, step->entry)) {
        page_fault(walk, mmu, access, true, true);
        return false;
    }
    walk->user &= hw_entry_user(step->entry);
    walk->writable &= hw_entry_writable(step->entry);
    walk->executable &= !hw_entry_no_execute(step->entry);
    return true;
}

void hw_walk(const struct hw_mmu *mmu, hw_va va, struct hw_access access, struct hw_walk *walk)
{
    *walk = (struct hw_walk){.user = true, .writable = true, .executable = true};
    if (!hw_va_canonical(va)) {
        walk->result = HW_NOT_CANONICAL;
        return;
    }
    hw_pa table = hw_pfn_pa((hw_pfn){hw_entry_pfn((hw_entry){mmu->cr3.value})});
    table.value &= hw_bits(0, mmu->maxphyaddr);
    for (unsigned level = LEVEL_PML4E;; level--) {
        if (!take_step(mmu, va, level, table, access, walk))
            return;
        hw_entry entry = walk->step[walk->step_count - 1].entry;
        table = hw_pfn_pa((hw_pfn){hw_entry_pfn(entry)});
        if (maps_page(level, entry)) {
            uint64_t offset_mask = level_span(level) - 1;
            walk->page_size = level_span(level);
            walk->pa.value = (table.value & ~offset_mask) | (va.value & offset_mask);
            walk->global = hw_entry_global(entry);
            break;
        }
    }
    if (access_allowed(mmu, walk, access))
        walk->result = HW_OK;
    else
        page_fault(walk, mmu, access, true, false);
}
