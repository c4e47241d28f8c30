/* src/kd/cmd/wsle.c: !wsle: a process's working set list.
 *
 *      EPROCESS.Vm.VmWorkingSetList -> MMWSL, Wsle -> MMWSLE[0 .. LastInitializedWsle]
 *
 * All of it lies in the part of system space that each process has for itself, so the list of
 * another process is there once that is the current one (.process). Entries in front of
 * FirstDynamic are locked; free ones are chained from FirstFree on.
 *
 * Source: debugger documentation, "!wsle"; its output on Windows 7 as published. */
#include <inttypes.h>

#include "hw/walk.h"
#include "kd/cmd/cmd.h"
#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define CHUNK 512 /* entries read at once */
#define END_OF_FREE 0xFFFFFFFFu
#define HASH_MOST (1u << 29) /* bytes of the table that are looked for, whatever a dump says */

enum { SHOW_ENTRIES = 1, SHOW_VALID = 2, SHOW_FREE = 4, SHOW_ALL = 7 };

static uint64_t list_field(struct kd *kd, uint64_t list, const char *path)
{
    return kd_field(kd, "_MMWSL", list, path);
}

bool kd_wsles_each(struct kd *kd, uint64_t list, kd_wsle_visit *visit, void *context)
{
    uint64_t entries = list_field(kd, list, "Wsle"), entry[CHUNK];
    uint64_t count = list_field(kd, list, "LastInitializedWsle") + 1;
    for (uint64_t i = 0; i < count; i += CHUNK) {
        size_t now = count - i < CHUNK ? count - i : CHUNK;
        if (kd_interrupted(kd)) {
            return false;
        }
        if (!kd_read(kd, entries + i * sizeof *entry, entry, now * sizeof *entry)) {
            return kd_error(kd, "The working set list entries at %016" PRIx64 " are not in memory",
                            entries + i * sizeof *entry);
        }
        for (size_t k = 0; k < now; k++) {
            if (!visit(kd, i + k, entry[k], context)) {
                return true;
            }
        }
    }
    return true;
}

uint64_t kd_wsle_bits(struct kd *kd, const char *path, uint64_t entry)
{
    return kd_bits(kd, "_MMWSLE", path, entry);
}

/* ---- showing ----------------------------------------------------------------------------------
 */

static void show_list(struct kd *kd, uint64_t list)
{
    uint64_t hash = list_field(kd, list, "NonDirectHash"), size = 0;
    uint64_t slot = kd_type_size(kd->symbols, "nt", "_MMWSLE_NONDIRECT_HASH");
    uint8_t byte;
    /* As large as there are pages of it. */
    while (hash != 0 && size < HASH_MOST && kd_read_u8(kd, hash + size, &byte)) {
        size += HW_PAGE_SIZE;
    }
    kd_printf(kd, "\nWorking Set @ %16" PRIx64 "\n", list);
    kd_printf(kd, "    FirstFree %8" PRIx64 "  FirstDynamic %8" PRIx64 "\n",
              list_field(kd, list, "FirstFree"), list_field(kd, list, "FirstDynamic"));
    kd_printf(kd,
              "    LastEntry %8" PRIx64 "  NextSlot %12" PRIx64 "  LastInitialized %8" PRIx64 "\n",
              list_field(kd, list, "LastEntry"), list_field(kd, list, "NextSlot"),
              list_field(kd, list, "LastInitializedWsle"));
    kd_printf(kd,
              "    NonDirect %8" PRIx64 "  HashTable %11" PRIx64 "  HashTableSize %10" PRIx64 "\n",
              list_field(kd, list, "NonDirectCount"), hash, slot != 0 ? size / slot : 0);
}

struct walk {
    uint64_t flags, first_dynamic, database, page_size, valid, free, last;
};

static void show_entry(struct kd *kd, const struct walk *w, uint64_t index, uint64_t entry)
{
    struct hw_walk page;
    uint64_t va = kd_wsle_bits(kd, "u1.e1.VirtualPageNumber", entry) << HW_PAGE_SHIFT;
    bool locked = index < w->first_dynamic || kd_wsle_bits(kd, "u1.e1.Spare", entry) != 0;
    kd_printf(kd, "%16" PRIx64 " %10" PRIu64 " %8d", entry, kd_wsle_bits(kd, "u1.e1.Age", entry),
              locked);
    kd_walk(kd, kd->directory_base, va, &page);
    if (page.page_size == 0) {
        kd_printf(kd, "          its PTE is not valid\n");
        return;
    }
    uint64_t at = w->database + (page.pa.value >> HW_PAGE_SHIFT) * w->page_size;
    kd_printf(kd, " %8" PRIu64 "\n", kd_field(kd, "_MMPFN", at, "u3.e2.ReferenceCount"));
}

static bool visit(struct kd *kd, uint64_t index, uint64_t entry, void *context)
{
    struct walk *w = context;
    bool valid = kd_wsle_bits(kd, "u1.e1.Valid", entry) != 0;
    w->valid += valid;
    w->free += !valid;
    if (valid) {
        w->last = index;
    }
    if (valid && w->flags & SHOW_ENTRIES) {
        show_entry(kd, w, index, entry);
    }
    return !kd_interrupted(kd);
}

/* The chain of free entries, which may be damaged. => how many there are in it */
static uint64_t show_free(struct kd *kd, uint64_t list, uint64_t most)
{
    uint64_t entries = list_field(kd, list, "Wsle"), index = list_field(kd, list, "FirstFree");
    uint64_t count = 0, entry;
    kd_printf(kd, "\nFree WSLEs:");
    while (index != END_OF_FREE && count < most && !kd_interrupted(kd) &&
           kd_read_u64(kd, entries + index * sizeof entry, &entry)) {
        kd_printf(kd, "%s%8" PRIx64, count % 8 == 0 ? "\n   " : " ", index);
        index = kd_wsle_bits(kd, "u1.e2.NextFree", entry);
        count++;
    }
    kd_printf(kd, "\n%" PRIx64 " free\n", count);
    return count;
}

static bool show_entries(struct kd *kd, uint64_t list, uint64_t flags)
{
    struct walk w = {.flags = flags,
                     .first_dynamic = list_field(kd, list, "FirstDynamic"),
                     .database = kd_nt_pointer(kd, "MmPfnDatabase"),
                     .page_size = kd_type_size(kd->symbols, "nt", "_MMPFN")};
    uint64_t free = 0;
    kd_printf(kd, "\nReading the WSLE data...\n");
    if (flags & SHOW_ENTRIES) {
        kd_printf(kd, "\nVirtual Address           Age  Locked  ReferenceCount\n");
    }
    if (!kd_wsles_each(kd, list, visit, &w)) {
        return false;
    }
    if (flags & SHOW_VALID) {
        kd_printf(kd,
                  "\n%" PRIx64 " valid, the last is %" PRIx64 ", the first free one %" PRIx64 "\n",
                  w.valid, w.last, list_field(kd, list, "FirstFree"));
    }
    if (flags & SHOW_FREE) {
        free = show_free(kd, list, w.valid + w.free);
    }
    if (flags & SHOW_FREE && flags & SHOW_VALID && free + w.valid != w.valid + w.free) {
        return kd_error(kd, "%" PRIx64 " free and %" PRIx64 " valid entries are not all %" PRIx64,
                        free, w.valid, w.valid + w.free);
    }
    return true;
}

static bool cmd_wsle(struct kd *kd, const char *args)
{
    uint64_t flags = 0, list = 0, size;
    bool present;
    if (!kd_evaluate_optional(kd, &args, &flags, &present) ||
        !kd_evaluate_optional(kd, &args, &list, &present) || !kd_need_symbols(kd)) {
        return false;
    }
    if (!kd_at_end(args)) {
        return kd_error(kd, "Extra character error in '%s'", args);
    }
    if (flags & ~(uint64_t)SHOW_ALL) {
        return kd_error(kd, "Flags are a sum of 1 (entries), 2 (valid ones) and 4 (free ones)");
    }
    if (list == 0) {
        list = kd_field(kd, "_EPROCESS", kd_current_process(kd), "Vm.VmWorkingSetList");
    }
    if (!kd_read_nt(kd, "_MMWSL", list, "LastInitializedWsle", &size)) {
        return kd_error(kd, "The working set list at %016" PRIx64 " is not in memory", list);
    }
    show_list(kd, list);
    return flags == 0 || show_entries(kd, list, flags);
}

const struct kd_command kd_commands_wsle[] = {
    {"!wsle", "!wsle [FLAGS [ADDRESS]]",
     "working set list; flags: 1 each entry, 2 valid ones, 4 free ones", cmd_wsle,
     KD_NEEDS_PHYSICAL},
    {0},
};
