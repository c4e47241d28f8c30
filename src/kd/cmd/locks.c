/* src/kd/cmd/locks.c: !locks: executive resources, and who has them.
 *
 *      nt!ExpSystemResourcesList <-> ERESOURCE.SystemResourcesList
 *                                    ERESOURCE.OwnerEntry, OwnerTable[1 .. TableSize of entry 0]
 *
 * Source: debugger documentation, "!locks (!kdext*.locks)"; "Introduction to ERESOURCE Routines",
 * driver documentation.
 */
#include <inttypes.h>
#include <string.h>

#include "kd/kdi.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define LIST_LIMIT 100000
#define OWNERS_MOST 65536u /* of one resource */

struct locks {
    unsigned total, held;
    bool all; /* -v */
};

/* An owner and how often it has it. Low bits say that it is no thread: see
 * ExSetResourceOwnerPointer. */
static void show_owner(struct kd *kd, uint64_t entry, unsigned *shown)
{
    const uint64_t pointer_bits = 3;
    uint64_t owner = kd_field(kd, "_OWNER_ENTRY", entry, "OwnerThread");
    if (owner == 0) {
        return;
    }
    kd_printf(kd, "%s%016" PRIx64 "-%02" PRIx64 "<*> ", *shown % 4 == 0 ? "\n     Threads: " : "",
              owner, kd_field(kd, "_OWNER_ENTRY", entry, "OwnerCount"));
    if (owner & pointer_bits) {
        kd_printf(kd, "*** No thread: owner %" PRIx64 " ", owner >> 2);
    }
    ++*shown;
}

/* OwnerEntry, and the table whose first entry tells its size. */
static void show_owners(struct kd *kd, uint64_t resource)
{
    uint64_t table = kd_field(kd, "_ERESOURCE", resource, "OwnerTable"), first = 0;
    uint64_t size = kd_type_size(kd->symbols, "nt", "_OWNER_ENTRY");
    uint64_t count = table != 0 ? kd_field(kd, "_OWNER_ENTRY", table, "TableSize") : 0;
    unsigned shown = 0;
    kd_offset(kd, "_ERESOURCE", "OwnerEntry", &first);
    show_owner(kd, resource + first, &shown);
    for (uint64_t i = 1; i < count && i < OWNERS_MOST && !kd_interrupted(kd); i++) {
        show_owner(kd, table + i * size, &shown);
    }
}

static void show_count(struct kd *kd, uint64_t resource, const char *member, const char *name)
{
    uint64_t count = kd_field(kd, "_ERESOURCE", resource, member);
    if (count != 0) {
        kd_printf(kd, "\n    %s = %" PRIu64, name, count);
    }
}

static void show_resource(struct kd *kd, uint64_t resource)
{
    const uint64_t exclusive = 0x80; /* ResourceOwnedExclusive */
    uint64_t active = kd_field(kd, "_ERESOURCE", resource, "ActiveEntries");
    char name[512];
    if (kd_symbol_name(kd->symbols, resource, name, sizeof name)) {
        kd_printf(kd, "\nResource @ %s (0x%016" PRIx64 ")", name, resource);
    } else {
        kd_printf(kd, "\nResource @ 0x%016" PRIx64, resource);
    }
    if (active == 0) {
        kd_printf(kd, "    Available");
    } else if (kd_field(kd, "_ERESOURCE", resource, "Flag") & exclusive) {
        kd_printf(kd, "    Exclusively owned");
    } else {
        kd_printf(kd, "    Shared %" PRIu64 " owning threads", active);
    }
    show_count(kd, resource, "ContentionCount", "Contention Count");
    show_count(kd, resource, "NumberOfSharedWaiters", "NumberOfSharedWaiters");
    show_count(kd, resource, "NumberOfExclusiveWaiters", "NumberOfExclusiveWaiters");
    show_owners(kd, resource);
    kd_printf(kd, "\n");
}

static bool show_lock(struct kd *kd, uint64_t resource, void *context)
{
    struct locks *l = context;
    bool held = kd_field(kd, "_ERESOURCE", resource, "ActiveEntries") != 0;
    l->total++;
    l->held += held;
    if (held || l->all) {
        show_resource(kd, resource);
    }
    return !kd_interrupted(kd);
}

static bool cmd_locks(struct kd *kd, const char *args)
{
    struct locks l = {.all = strncmp(args, "-v", 2) == 0};
    uint64_t head, link, address, value;
    bool given;
    args = l.all ? kd_skip(args + 2) : args;
    if (!kd_evaluate_optional(kd, &args, &address, &given) || !kd_need_symbols(kd)) {
        return false;
    }
    if (given) {
        if (!kd_read_nt(kd, "_ERESOURCE", address, "ActiveEntries", &value)) {
            return kd_error(kd, "The resource at %016" PRIx64 " is not in memory", address);
        }
        show_resource(kd, address);
        return true;
    }
    head = kd_nt_address(kd, "ExpSystemResourcesList");
    if (head == 0 || !kd_offset(kd, "_ERESOURCE", "SystemResourcesList", &link)) {
        return kd_error(kd, "This kernel has no executive resources: there is no "
                            "nt!ExpSystemResourcesList");
    }
    kd_printf(kd, "**** DUMP OF ALL RESOURCE OBJECTS ****\n");
    bool sound = kd_list_each(kd, head, link, LIST_LIMIT, show_lock, &l);
    if (!sound) {
        return kd_error(kd, "The list of resources is damaged or not in memory");
    }
    kd_printf(kd, "\n%u total locks, %u locks currently held\n", l.total, l.held);
    return true;
}

const struct kd_command kd_commands_locks[] = {
    {"!locks", "!locks [-v] [ADDRESS]", "executive resources that are held; -v: all of them",
     cmd_locks, KD_NEEDS_MACHINE},
    {0},
};
