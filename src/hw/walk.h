/* src/hw/walk.h: what the processor's MMU does with an address.
 *
 * A pure function of physical memory and a few control bits: nothing is cached, and no A or D bit
 * is set. It serves the debugger (which entries map this address), the kernel's own checks, and
 * tests that compare it with a real CPU.
 *
 *      CR3 -> PML4E -> PDPTE -> PDE -> PTE -> 4 KB page
 *                        |        '---------> 2 MB page (PS)
 *                        '------------------> 1 GB page (PS)
 *
 * At each level: not present, then reserved bits; rights are the intersection over all levels and
 * are judged at the end. Source: Intel SDM volume 3, 4.5 to 4.7.
 */
#pragma once

#include <stddef.h>

#include "hw/bits.h"

/* The state of the processor that a walk depends on. */
struct hw_mmu {
    hw_pa cr3;              /* bits below 12 (PCID, PWT, PCD) are ignored */
    unsigned maxphyaddr;    /* 36..52 */
    bool nx;                /* EFER.NXE: bit 63 means no-execute; else it is reserved */
    bool wp;                /* CR0.WP: supervisor writes respect read-only pages */
    bool smep, smap;        /* CR4: supervisor may not fetch, or touch, user pages */
    bool no_gigabyte_pages; /* CPUID says that 1 GB pages do not exist: PS is reserved in PDPTEs */
    /* Read the 8 aligned bytes at `pa`; false when there is no memory. */
    bool (*read_physical)(void *context, hw_pa pa, uint64_t *value);
    void *context;
};

struct hw_access {
    bool user; /* at CPL 3 */
    bool write;
    bool fetch; /* of an instruction */
};

enum hw_result {
    HW_OK,
    HW_PAGE_FAULT,    /* `fault` is the error code */
    HW_NOT_CANONICAL, /* #GP(0), or #SS(0) for stack references */
    HW_NO_MEMORY,     /* a table lies outside physical memory */
};

struct hw_step {
    unsigned level; /* 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE */
    hw_pa address;  /* of the entry */
    hw_entry entry;
};

struct hw_walk {
    enum hw_result result;
    hw_fault fault;
    /* The entries that were read, from PML4E down: step_count of them. */
    unsigned step_count;
    struct hw_step step[HW_LEVELS];
    /* The rest needs the walk to have reached a page: page_size is not 0. That is so for HW_OK, and
     * for faults about rights. */
    uint64_t page_size;              /* bytes */
    hw_pa pa;                        /* of the very byte */
    bool user, writable, executable; /* rights that all levels grant together */
    bool global;
};

/* Translate `va` for one access. The whole of `walk` is set. */
void hw_walk(const struct hw_mmu *mmu, hw_va va, struct hw_access access, struct hw_walk *walk);

/* The bits that must be zero in an entry at `level` for this processor. */
uint64_t hw_reserved_bits(const struct hw_mmu *mmu, unsigned level, hw_entry entry);
