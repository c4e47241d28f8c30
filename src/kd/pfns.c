/* pfns.c: the PFN database, entry by entry.
 *
 * nt!MmPfnDatabase leads to an array of MMPFN, one for each page of RAM up to
 * MmHighestPhysicalPage. Where there is no RAM the array itself has holes. Entries are read in
 * pieces and their members taken out by offset, since looking up a name for each member of each
 * page takes long.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "PFN Data Structures". */
#include "kd/pfns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hw/bits.h"
#include "kd/symbols.h"

#define PIECE 4096u /* entries read at once */

/* What every kernel has comes first; what is missing of the rest reads as 0. */
static const char *const paths[KD_PFN_FIELDS] = {
    [KD_PFN_PTE] = "PteAddress",
    [KD_PFN_TABLE] = "u4.PteFrame",
    [KD_PFN_LOCATION] = "u3.e1.PageLocation",
    [KD_PFN_PROTOTYPE] = "u4.PrototypePte",
    [KD_PFN_SHARES] = "u2.ShareCount",
    [KD_PFN_REFERENCES] = "u3.ReferenceCount",
    [KD_PFN_USED] = "UsedPageTableEntries",
    [KD_PFN_AWE] = "u4.AweAllocation",
    [KD_PFN_READING] = "u3.e1.ReadInProgress",
    [KD_PFN_WRITING] = "u3.e1.WriteInProgress",
};

static bool find_field(struct kd *kd, struct kd_pfns *pfns, unsigned i)
{
    struct kd_field *field = &pfns->field[i];
    bool found = kd_type_field_get(kd->symbols, "nt", "_MMPFN", paths[i], field) &&
                 field->offset + field->size <= pfns->entry_size;
    if (!found) {
        *field = (struct kd_field){.size = 0};
    }
    return found || i > KD_PFN_REFERENCES;
}

bool kd_pfns_init(struct kd *kd, struct kd_pfns *pfns)
{
    *pfns = (struct kd_pfns){
        .database = kd_nt_pointer(kd, "MmPfnDatabase"),
        .entry_size = kd_type_size(kd->symbols, "nt", "_MMPFN"),
        .lowest = kd_nt_pointer(kd, "MmLowestPhysicalPage"),
        .highest = kd_nt_pointer(kd, "MmHighestPhysicalPage"),
    };
    bool found = pfns->database != 0 && pfns->entry_size != 0;
    for (unsigned i = 0; found && i < KD_PFN_FIELDS; i++) {
        found = find_field(kd, pfns, i);
    }
    if (!found) {
        return kd_error(kd, "nt!MmPfnDatabase cannot be read");
    }
    return pfns->highest <= kd->target->physical_size >> HW_PAGE_SHIFT ||
           kd_error(kd, "nt!MmHighestPhysicalPage is %" PRIx64 ": beyond physical memory",
                    pfns->highest);
}

static uint64_t member(const struct kd_pfns *pfns, const uint8_t *raw, unsigned i)
{
    const struct kd_field *field = &pfns->field[i];
    uint64_t value = 0;
    memcpy(&value, raw + field->offset, field->size < sizeof value ? field->size : sizeof value);
    return field->bit_count != 0 ? value >> field->bit_position & hw_bits(0, field->bit_count)
                                 : value;
}

static struct kd_pfn decode(const struct kd_pfns *pfns, const uint8_t *raw)
{
    return (struct kd_pfn){
        .pte = member(pfns, raw, KD_PFN_PTE),
        .table = member(pfns, raw, KD_PFN_TABLE),
        .shares = member(pfns, raw, KD_PFN_SHARES),
        .references = member(pfns, raw, KD_PFN_REFERENCES),
        .used = member(pfns, raw, KD_PFN_USED),
        .location = member(pfns, raw, KD_PFN_LOCATION) % KD_PAGE_LOCATIONS,
        .prototype = member(pfns, raw, KD_PFN_PROTOTYPE) != 0,
        .awe = member(pfns, raw, KD_PFN_AWE) != 0,
        .busy = (member(pfns, raw, KD_PFN_READING) | member(pfns, raw, KD_PFN_WRITING)) != 0,
    };
}

/* The first entry behind `page`'s page of the database that is in memory. */
static bool next_entry(struct kd *kd, const struct kd_pfns *pfns, uint64_t *page)
{
    uint64_t at = pfns->database + *page * pfns->entry_size, found;
    uint64_t end = pfns->database + (pfns->highest + 1) * pfns->entry_size - 1;
    if (!kd_next_present(kd, (at | (HW_PAGE_SIZE - 1)) + 1, end, &found)) {
        return false;
    }
    *page = (found - pfns->database + pfns->entry_size - 1) / pfns->entry_size;
    return true;
}

bool kd_pfns_each(struct kd *kd, const struct kd_pfns *pfns, kd_pfn_visit *visit, void *context)
{
    uint8_t *piece = malloc(PIECE * pfns->entry_size);
    uint64_t visited = 0;
    bool go_on = piece != NULL;
    for (uint64_t page = pfns->lowest; go_on && page <= pfns->highest && !kd_interrupted(kd);) {
        uint64_t left = pfns->highest - page + 1, count = left < PIECE ? left : PIECE;
        size_t got = kd_read_virtual(kd, pfns->database + page * pfns->entry_size, piece,
                                     count * pfns->entry_size) /
                     pfns->entry_size;
        for (size_t i = 0; go_on && i < got; i++) {
            struct kd_pfn entry = decode(pfns, piece + i * pfns->entry_size);
            go_on = visit(kd, page + i, &entry, context);
        }
        kd_progress(kd, page, pfns->highest);
        visited += got;
        page += got;
        if (got == 0 && !next_entry(kd, pfns, &page)) {
            break;
        }
    }
    if (piece == NULL) {
        return kd_error(kd, "Out of memory");
    }
    free(piece);
    return visited != 0 || kd_interrupted(kd) ||
           kd_error(kd, "The PFN database at %016" PRIx64 " is not in memory", pfns->database);
}
