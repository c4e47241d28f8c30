/* src/kd/memory.c: virtual memory, from physical memory and page tables alone.
 *
 *      va -> hw_walk through kd->directory_base -> valid:      the page
 *                                               -> transition: the page too: it waits on a list
 *                                                              and its frame is still in the PTE
 *                                               -> prototype:  the prototype PTE says where it is
 *                                               -> else:       not in memory
 *
 * A target that has no page tables (a triage dump) reads by virtual address itself.
 *
 * What a not-valid PTE means is taken from the kernel's types (_MMPTE_TRANSITION,
 * _MMPTE_PROTOTYPE), so it is looked at only once symbols are there. */
#include "kd/kdi.h"

#include <string.h>

#include "hw/walk.h"

#define CANONICAL_HIGH 0xFFFF800000000000ull

bool kd_read_physical(struct kd *kd, uint64_t pa, void *buffer, size_t size)
{
    return kd->target->ops->read_physical(kd->target, pa, buffer, size) == 0;
}

bool kd_next_physical(struct kd *kd, uint64_t pa, uint64_t *found)
{
    *found = pa;
    return kd->target->ops->next_physical != NULL
               ? kd->target->ops->next_physical(kd->target, pa, found)
               : pa < kd->target->physical_size;
}

static bool read_entry(void *context, hw_pa pa, uint64_t *value)
{
    return kd_read_physical(context, pa.value, value, sizeof *value);
}

void kd_walk(struct kd *kd, uint64_t directory_base, uint64_t va, struct hw_walk *walk)
{
    const struct hw_mmu mmu = {
        .cr3 = {directory_base},
        .maxphyaddr = kd->target->maxphyaddr,
        .nx = true,
        .read_physical = read_entry,
        .context = kd,
    };
    hw_walk(&mmu, (hw_va){va}, (struct hw_access){0}, walk);
}

/* The frame of a not-valid PTE that still has one. */
static bool transition_frame(struct kd *kd, uint64_t pte, uint64_t *pfn)
{
    if (kd_bits(kd, "_MMPTE_TRANSITION", "Transition", pte) == 0 ||
        kd_bits(kd, "_MMPTE_TRANSITION", "Prototype", pte) != 0) {
        return false;
    }
    *pfn = kd_bits(kd, "_MMPTE_TRANSITION", "PageFrameNumber", pte);
    return true;
}

/* Frame behind the software PTE of a page that the processor would fault on. `depth` lets one
 * prototype PTE lead on, not a chain of them. */
static bool software_frame(struct kd *kd, uint64_t pte, unsigned depth, uint64_t *pfn)
{
    if (kd->symbols == NULL || pte == 0) {
        return false;
    }
    if (transition_frame(kd, pte, pfn)) {
        return true;
    }
    if (depth == 0 || kd_bits(kd, "_MMPTE_PROTOTYPE", "Prototype", pte) == 0) {
        return false;
    }
    /* A sign-extended 48-bit field; the value that stands for "ask the VAD" is not mapped. */
    uint64_t prototype_va = kd_bits(kd, "_MMPTE_PROTOTYPE", "ProtoAddress", pte);
    if (prototype_va & 1ull << 47) {
        prototype_va |= hw_bits(48, 16);
    }
    struct hw_walk walk;
    uint64_t prototype;
    kd_walk(kd, kd->directory_base, prototype_va, &walk);
    if (walk.result != HW_OK || !kd_read_physical(kd, walk.pa.value, &prototype, 8)) {
        return false;
    }
    hw_entry entry = {prototype};
    if (hw_entry_present(entry)) {
        *pfn = hw_entry_pfn(entry);
        return true;
    }
    return software_frame(kd, prototype, depth - 1, pfn);
}

bool kd_translate(struct kd *kd, uint64_t va, uint64_t *pa)
{
    struct hw_walk walk;
    kd_walk(kd, kd->directory_base, va, &walk);
    if (walk.page_size != 0) {
        *pa = walk.pa.value;
        return true;
    }
    if (walk.result != HW_PAGE_FAULT || walk.step_count != HW_LEVELS) {
        return false;
    }
    hw_entry entry = walk.step[HW_LEVELS - 1].entry;
    uint64_t pfn;
    if (hw_entry_present(entry) || !software_frame(kd, entry.value, 1, &pfn)) {
        return false;
    }
    *pa = (pfn << HW_PAGE_SHIFT) + va % HW_PAGE_SIZE;
    return true;
}

/* Call `copy` for each piece of at most a page; how many bytes went well. */
static size_t each_page(struct kd *kd, uint64_t va, size_t size, void *buffer,
                        bool (*copy)(struct kd *kd, uint64_t pa, void *piece, size_t size))
{
    size_t done = 0;
    while (done < size) {
        uint64_t at = va + done, pa;
        size_t piece = HW_PAGE_SIZE - at % HW_PAGE_SIZE;
        if (piece > size - done) {
            piece = size - done;
        }
        if (at < va || !kd_translate(kd, at, &pa) || !copy(kd, pa, (char *)buffer + done, piece)) {
            break;
        }
        done += piece;
    }
    return done;
}

static bool copy_out(struct kd *kd, uint64_t pa, void *piece, size_t size)
{
    return kd_read_physical(kd, pa, piece, size);
}

static bool copy_in(struct kd *kd, uint64_t pa, void *piece, size_t size)
{
    return kd->target->ops->write_physical(kd->target, pa, piece, size) == 0;
}

/* A target by virtual address has the user memory of one process: that of the last event. */
static bool is_of_other_process(const struct kd *kd, uint64_t va)
{
    return va < CANONICAL_HIGH && kd->saved_directory != 0 &&
           kd->directory_base != kd->saved_directory;
}

size_t kd_read_virtual(struct kd *kd, uint64_t va, void *buffer, size_t size)
{
    if (kd->target->ops->read_virtual != NULL) {
        if (is_of_other_process(kd, va)) {
            return 0;
        }
        return kd->target->ops->read_virtual(kd->target, va, buffer, size);
    }
    return each_page(kd, va, size, buffer, copy_out);
}

size_t kd_write_virtual(struct kd *kd, uint64_t va, const void *buffer, size_t size)
{
    /* copy_in only reads from the buffer. */
    return each_page(kd, va, size, (void *)(uintptr_t)buffer, copy_in);
}

bool kd_read(struct kd *kd, uint64_t va, void *buffer, size_t size)
{
    return kd_read_virtual(kd, va, buffer, size) == size;
}

bool kd_read_u8(struct kd *kd, uint64_t va, uint8_t *out)
{
    return kd_read(kd, va, out, sizeof *out);
}

bool kd_read_u16(struct kd *kd, uint64_t va, uint16_t *out)
{
    return kd_read(kd, va, out, sizeof *out);
}

bool kd_read_u32(struct kd *kd, uint64_t va, uint32_t *out)
{
    return kd_read(kd, va, out, sizeof *out);
}

bool kd_read_u64(struct kd *kd, uint64_t va, uint64_t *out)
{
    return kd_read(kd, va, out, sizeof *out);
}

uint64_t kd_use_directory(struct kd *kd, uint64_t directory_base)
{
    uint64_t before = kd->directory_base;
    kd->directory_base = directory_base;
    return before;
}

uint64_t kd_behind_walk(uint64_t va, const struct hw_walk *walk)
{
    if (walk->result == HW_NOT_CANONICAL) {
        return CANONICAL_HIGH;
    }
    unsigned level = walk->step_count > 0 ? walk->step[walk->step_count - 1].level : HW_LEVELS;
    uint64_t span = 1ull << (HW_PAGE_SHIFT + HW_INDEX_BITS * (level - 1));
    return (va & ~(span - 1)) + span;
}

bool kd_next_present(struct kd *kd, uint64_t va, uint64_t end, uint64_t *found)
{
    if (kd->target->ops->next_virtual != NULL) {
        if (is_of_other_process(kd, va)) {
            va = CANONICAL_HIGH;
        }
        return kd->target->ops->next_virtual(kd->target, va, found) && *found <= end;
    }
    while (va <= end && !kd_interrupted(kd)) {
        struct hw_walk walk;
        kd_walk(kd, kd->directory_base, va, &walk);
        uint64_t pa;
        uint8_t byte;
        if ((walk.page_size != 0 || (walk.step_count == HW_LEVELS && kd_translate(kd, va, &pa))) &&
            kd_read_virtual(kd, va, &byte, 1) == 1) {
            *found = va;
            return true;
        }
        uint64_t next = kd_behind_walk(va, &walk);
        if (next <= va) {
            break;
        }
        va = next;
    }
    return false;
}
