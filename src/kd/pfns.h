/* pfns.h: the PFN database, entry by entry. => pfns.c */
#pragma once

#include "kd/kdi.h"
#include "kd/types.h"

/* MMPFN.u3.e1.PageLocation. */
enum kd_page_location {
    KD_PAGE_ZEROED,
    KD_PAGE_FREE,
    KD_PAGE_STANDBY,
    KD_PAGE_MODIFIED,
    KD_PAGE_NO_WRITE,
    KD_PAGE_BAD,
    KD_PAGE_ACTIVE,
    KD_PAGE_TRANSITION,
    KD_PAGE_LOCATIONS
};

/* What an MMPFN says. */
struct kd_pfn {
    uint64_t pte;   /* PteAddress: the entry that holds the page, or its prototype */
    uint64_t table; /* u4.PteFrame: the page that this entry lies in */
    uint64_t shares, references;
    uint64_t used; /* UsedPageTableEntries */
    enum kd_page_location location;
    bool prototype, awe;
    bool busy; /* it is being read or written */
};

enum {
    KD_PFN_PTE,
    KD_PFN_TABLE,
    KD_PFN_LOCATION,
    KD_PFN_PROTOTYPE,
    KD_PFN_SHARES,
    KD_PFN_REFERENCES,
    KD_PFN_USED,
    KD_PFN_AWE,
    KD_PFN_READING,
    KD_PFN_WRITING,
    KD_PFN_FIELDS
};

struct kd_pfns {
    uint64_t database, entry_size;
    uint64_t lowest, highest; /* pages */
    struct kd_field field[KD_PFN_FIELDS];
};

/* Find the database and the layout of its entries. => false: an error was printed */
bool kd_pfns_init(struct kd *kd, struct kd_pfns *pfns);

/* Visit the entries that are in memory, in order, until `visit` returns false: there are holes
 * where there is no RAM. => false: an error was printed */
typedef bool kd_pfn_visit(struct kd *kd, uint64_t page, const struct kd_pfn *entry, void *context);
bool kd_pfns_each(struct kd *kd, const struct kd_pfns *pfns, kd_pfn_visit *visit, void *context);
