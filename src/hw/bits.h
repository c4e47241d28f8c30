/* src/hw/bits.h: bit layouts of x86-64 paging as data, and accessors made from them.
 *
 * Each table below is the layout as the processor manual draws it; every row becomes a getter and a
 * setter, so that no mask is written by hand anywhere:
 *
 *      HW_ENTRY_FIELDS: present, 0, 1   ->   hw_entry_present(e), hw_entry_set_present(e, 1)
 *
 * Addresses of the four kinds, and page-table entries, are different types: none can be taken for
 * another. Source: Intel SDM volume 3, 4.5 (4-level paging) and 4.7 (page-fault exceptions).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t value;
} hw_va; /* virtual (linear) address */

typedef struct {
    uint64_t value;
} hw_pa; /* physical address */

typedef struct {
    uint64_t value;
} hw_pfn; /* physical address / 4096 */

typedef struct {
    uint64_t value;
} hw_entry; /* PML4E, PDPTE, PDE or PTE */

typedef struct {
    uint32_t value;
} hw_fault; /* error code of a page fault */

#define HW_PAGE_SHIFT 12
#define HW_PAGE_SIZE (1ull << HW_PAGE_SHIFT)
#define HW_LEVELS 4
#define HW_INDEX_BITS 9
#define HW_ENTRIES (1u << HW_INDEX_BITS)
#define HW_VA_BITS 48
#define HW_MAXPHYADDR_LEAST 36
#define HW_MAXPHYADDR_MOST 52

/* X(field, first bit, number of bits) */
#define HW_ENTRY_FIELDS(X)                                                                         \
    X(present, 0, 1)                                                                               \
    X(writable, 1, 1)                                                                              \
    X(user, 2, 1)                                                                                  \
    X(write_through, 3, 1)                                                                         \
    X(cache_disable, 4, 1)                                                                         \
    X(accessed, 5, 1)                                                                              \
    X(dirty, 6, 1) /* of entries that map a page */                                                \
    X(large, 7, 1) /* PDPTE and PDE: maps a page */                                                \
    X(global, 8, 1)                                                                                \
    X(software_low, 9, 3) /* ignored by the processor */                                           \
    X(pfn, 12, 40)                                                                                 \
    X(large_pat, 12, 1)     /* of entries with `large` */                                          \
    X(large_2m_pfn, 21, 31) /* in units of 2 MB */                                                 \
    X(large_1g_pfn, 30, 22) /* in units of 1 GB */                                                 \
    X(software_high, 52, 11)                                                                       \
    X(no_execute, 63, 1)

#define HW_VA_FIELDS(X)                                                                            \
    X(offset_4k, 0, 12)                                                                            \
    X(offset_2m, 0, 21)                                                                            \
    X(offset_1g, 0, 30)                                                                            \
    X(pte_index, 12, 9)                                                                            \
    X(pde_index, 21, 9)                                                                            \
    X(pdpte_index, 30, 9)                                                                          \
    X(pml4e_index, 39, 9)                                                                          \
    X(sign, 47, 17) /* canonical: all equal */

#define HW_FAULT_FIELDS(X)                                                                         \
    X(protection, 0, 1) /* else: not present */                                                    \
    X(write, 1, 1)                                                                                 \
    X(user, 2, 1)                                                                                  \
    X(reserved, 3, 1) /* a reserved bit was set in an entry */                                     \
    X(fetch, 4, 1)    /* only with NX or SMEP */

/* `count` ones from bit `first` up. */
static inline uint64_t hw_bits(unsigned first, unsigned count)
{
    uint64_t ones = count >= 64 ? UINT64_MAX : (1ull << count) - 1;
    return ones << first;
}

#define HW_ACCESSORS(type, prefix, name, first, count)                                             \
    static inline uint64_t prefix##_##name(type v)                                                 \
    {                                                                                              \
        return (v.value & hw_bits(first, count)) >> (first);                                       \
    }                                                                                              \
    static inline type prefix##_set_##name(type v, uint64_t field)                                 \
    {                                                                                              \
        v.value = (__typeof__(v.value))((v.value & ~hw_bits(first, count)) |                       \
                                        ((field << (first)) & hw_bits(first, count)));             \
        return v;                                                                                  \
    }

#define HW_ENTRY_ROW(name, first, count) HW_ACCESSORS(hw_entry, hw_entry, name, first, count)
#define HW_VA_ROW(name, first, count) HW_ACCESSORS(hw_va, hw_va, name, first, count)
#define HW_FAULT_ROW(name, first, count) HW_ACCESSORS(hw_fault, hw_fault, name, first, count)
HW_ENTRY_FIELDS(HW_ENTRY_ROW)
HW_VA_FIELDS(HW_VA_ROW)
HW_FAULT_FIELDS(HW_FAULT_ROW)
#undef HW_ENTRY_ROW
#undef HW_VA_ROW
#undef HW_FAULT_ROW

static inline bool hw_va_canonical(hw_va va)
{
    return hw_va_sign(va) == 0 || hw_va_sign(va) == hw_bits(0, 17);
}

/* Index into the table of `level`: 4 PML4 .. 1 page table. */
static inline unsigned hw_va_index(hw_va va, unsigned level)
{
    unsigned first = HW_PAGE_SHIFT + HW_INDEX_BITS * (level - 1);
    return (unsigned)(va.value >> first) % HW_ENTRIES;
}

static inline hw_pfn hw_pa_pfn(hw_pa pa)
{
    return (hw_pfn){pa.value >> HW_PAGE_SHIFT};
}

static inline hw_pa hw_pfn_pa(hw_pfn pfn)
{
    return (hw_pa){pfn.value << HW_PAGE_SHIFT};
}
