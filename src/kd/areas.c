/* areas.c: what memory is used for.
 *
 * VADs say what was asked for, page-table entries what has become of it. A region is a run of pages
 * of one VAD that agree in state and protection:
 *
 *      VAD       |------------------ reserved, READWRITE ------------------|
 *      PTEs        0 0 0 0 | valid valid valid | guard | 0 0 0 0 0 0 0 0 0
 *      regions   | reserve |      commit       | commit|      reserve      |
 *
 * A zero entry means what the VAD says; where a whole page table is missing, all its pages do.
 * Views of images, and of sections whose pages are committed one by one, ask the prototype PTE
 * instead:
 *
 *      VAD  FirstPrototypePte .. LastContiguousPte | SUBSECTION | SUBSECTION ...
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Page Table Entries", "Virtual Address Descriptors";
 * VirtualQuery documentation for states and types.
 */
#include "kd/areas.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"
#include "hw/bits.h"
#include "hw/walk.h"
#include "kd/cmd/cmd.h"
#include "kd/symbols.h"
#include "kd/types.h"

#define PAGE_NOACCESS 0x01u
#define PAGE_GUARD 0x100u
#define PAGE_NOCACHE 0x200u
#define PAGE_WRITECOMBINE 0x400u

#define VAD_TYPE_IMAGE 2
#define DECOMMITTED 0x10u /* protection of a PTE */
#define THREAD_LIMIT 65536
#define HEAP_LIMIT 1024
#define SUBSECTIONS_MOST 65536
#define LOOKUP_HIGH 0xFFFFFFFF0000ull /* a prototype PTE's address that means: as the VAD says */
#define USER_SHARED_DATA 0x7FFE0000ull

/* ---- protections ------------------------------------------------------------------------------
 */

/* PAGE_* of the memory manager's 5-bit protections. */
static uint32_t page_protection(uint64_t protection)
{
    static const uint32_t names[8] = {PAGE_NOACCESS, 0x02, 0x10, 0x20, 0x04, 0x08, 0x40, 0x80};
    static const uint32_t modifiers[4] = {0, PAGE_NOCACHE, PAGE_GUARD, PAGE_WRITECOMBINE};
    uint64_t base = protection % 8, modifier = protection / 8 % 4;
    return names[base] | (base != 0 ? modifiers[modifier] : 0);
}

const char *kd_protect_name(uint32_t protect, char out[KD_PROTECT_TEXT])
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{0x01, "PAGE_NOACCESS"},          {0x02, "PAGE_READONLY"},
                 {0x04, "PAGE_READWRITE"},         {0x08, "PAGE_WRITECOPY"},
                 {0x10, "PAGE_EXECUTE"},           {0x20, "PAGE_EXECUTE_READ"},
                 {0x40, "PAGE_EXECUTE_READWRITE"}, {0x80, "PAGE_EXECUTE_WRITECOPY"},
                 {0x100, " | PAGE_GUARD"},         {0x200, " | PAGE_NOCACHE"},
                 {0x400, " | PAGE_WRITECOMBINE"}};
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (protect & names[i].bit && used < KD_PROTECT_TEXT) {
            used += (size_t)snprintf(out + used, KD_PROTECT_TEXT - used, "%s", names[i].name);
        }
    }
    return out;
}

const char *kd_state_name(uint32_t state)
{
    return state == KD_MEM_COMMIT    ? "MEM_COMMIT"
           : state == KD_MEM_RESERVE ? "MEM_RESERVE"
                                     : "MEM_FREE";
}

const char *kd_type_name(uint32_t type)
{
    return type == KD_MEM_IMAGE    ? "MEM_IMAGE"
           : type == KD_MEM_MAPPED ? "MEM_MAPPED"
                                   : "MEM_PRIVATE";
}

const char *kd_usage_name(enum kd_usage usage)
{
    static const char *const names[] = {
        [KD_USAGE_FREE] = "Free",   [KD_USAGE_UNKNOWN] = "<unknown>",
        [KD_USAGE_IMAGE] = "Image", [KD_USAGE_MAPPED] = "MappedFile",
        [KD_USAGE_STACK] = "Stack", [KD_USAGE_TEB] = "TEB",
        [KD_USAGE_PEB] = "PEB",     [KD_USAGE_HEAP] = "Heap",
        [KD_USAGE_OTHER] = "Other",
    };
    return names[usage];
}

/* ---- states of pages --------------------------------------------------------------------------
 */

/* What a VAD says of pages that its entries say nothing of. */
struct vad_facts {
    uint32_t state, protect, type;
    bool
        asks_prototypes; /* of `pages` pages from `start` on they lie at `first`, in `subsection` */
    uint64_t start, first, pages, subsection;
    unsigned subsections; /* gone through so far: pages are asked about in order */
};

static uint64_t vad_flag(struct kd *kd, uint64_t vad, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "u.VadFlags.%s", name);
    return kd_field(kd, "_MMVAD_SHORT", vad, path);
}

/* Whether pages of a view differ in what they are before anybody touches them. */
static bool asks_prototypes(struct kd *kd, uint64_t subsection, bool image)
{
    uint64_t area;
    return subsection != 0 && kd_read_nt(kd, "_SUBSECTION", subsection, "ControlArea", &area) &&
           (image || kd_field(kd, "_CONTROL_AREA", area, "u.Flags.Reserve") != 0);
}

static struct vad_facts facts_of(struct kd *kd, const struct kd_vad *vad)
{
    bool private_memory = vad_flag(kd, vad->address, "PrivateMemory") != 0;
    bool image = vad_flag(kd, vad->address, "VadType") == VAD_TYPE_IMAGE;
    bool commit = !private_memory || vad_flag(kd, vad->address, "MemCommit") != 0;
    struct vad_facts facts = {
        .state = commit ? KD_MEM_COMMIT : KD_MEM_RESERVE,
        .protect = page_protection(vad_flag(kd, vad->address, "Protection")),
        .type = private_memory ? KD_MEM_PRIVATE
                : image        ? KD_MEM_IMAGE
                               : KD_MEM_MAPPED,
        .start = vad->start << HW_PAGE_SHIFT,
    };
    if (!private_memory) {
        facts.subsection = kd_field(kd, "_MMVAD", vad->address, "Subsection");
        facts.first = kd_field(kd, "_MMVAD", vad->address, "FirstPrototypePte");
        uint64_t last = kd_field(kd, "_MMVAD", vad->address, "LastContiguousPte");
        facts.pages = last >= facts.first ? (last - facts.first) / sizeof(uint64_t) + 1 : 0;
        facts.asks_prototypes = asks_prototypes(kd, facts.subsection, image);
    }
    return facts;
}

/* The prototype PTE of a page of a view. => 0: its subsections do not reach so far */
static uint64_t prototype_of(struct kd *kd, struct vad_facts *facts, uint64_t va)
{
    uint64_t index;
    while ((index = (va - facts->start) >> HW_PAGE_SHIFT) >= facts->pages) {
        facts->start += facts->pages << HW_PAGE_SHIFT;
        if (facts->subsections++ == SUBSECTIONS_MOST || kd_interrupted(kd) ||
            !kd_read_nt(kd, "_SUBSECTION", facts->subsection, "NextSubsection",
                        &facts->subsection) ||
            !kd_read_nt(kd, "_SUBSECTION", facts->subsection, "PtesInSubsection", &facts->pages) ||
            !kd_read_nt(kd, "_SUBSECTION", facts->subsection, "SubsectionBase", &facts->first)) {
            facts->asks_prototypes = false;
            return 0;
        }
    }
    return facts->first + index * sizeof(uint64_t);
}

/* What the prototype PTE says of a page that no entry speaks of. => false: it is not in memory */
static bool ask_prototype(struct kd *kd, uint64_t va, struct vad_facts *facts, uint32_t *state,
                          uint32_t *protect)
{
    uint64_t at = prototype_of(kd, facts, va), value;
    if (at == 0 || !kd_read_u64(kd, at, &value)) {
        return false;
    }
    *state = value == 0 ? KD_MEM_RESERVE : KD_MEM_COMMIT;
    if (facts->type != KD_MEM_IMAGE) {
        return true;
    }
    if (kd_bits(kd, "_MMPTE_HARDWARE", "Valid", value) != 0) {
        uint64_t page = kd_nt_pointer(kd, "MmPfnDatabase") +
                        kd_bits(kd, "_MMPTE_HARDWARE", "PageFrameNumber", value) *
                            kd_type_size(kd->symbols, "nt", "_MMPFN");
        value = kd_field(kd, "_MMPFN", page, "OriginalPte.u.Long");
    }
    *protect = page_protection(kd_bits(kd, "_MMPTE_SOFTWARE", "Protection", value));
    return true;
}

/* PAGE_* of a valid page: rights of all levels, whether a write makes a copy, and caching. A page
 * that a fork shares is copied too, whatever it may be used for: its entry has the protection. */
static uint32_t valid_protection(struct kd *kd, const struct hw_walk *walk)
{
    uint64_t pte = walk->step[walk->step_count - 1].entry.value;
    bool copy = kd_bits(kd, "_MMPTE_HARDWARE", "CopyOnWrite", pte) != 0;
    uint64_t of_fork = kd_bits(kd, "_MMPTE_HARDWARE", "SoftwareWsIndex", pte);
    if (copy && of_fork != 0 && kd_type_size(kd->symbols, "nt", "_MMCLONE_DESCRIPTOR") != 0) {
        return page_protection(of_fork);
    }
    bool write = walk->writable || kd_bits(kd, "_MMPTE_HARDWARE", "Write", pte) != 0;
    uint32_t data = copy ? 0x08 : write ? 0x04 : 0x02, code = copy ? 0x80 : write ? 0x40 : 0x20;
    uint32_t caching = kd_bits(kd, "_MMPTE_HARDWARE", "CacheDisable", pte)   ? PAGE_NOCACHE
                       : kd_bits(kd, "_MMPTE_HARDWARE", "WriteThrough", pte) ? PAGE_WRITECOMBINE
                                                                             : 0;
    return (walk->executable ? code : data) | caching;
}

/* The protection in an entry that is not valid: pages of forks have it elsewhere. */
static uint64_t software_protection(struct kd *kd, uint64_t pte)
{
    bool fork = kd_bits(kd, "_MMPTE_PROTOTYPE", "Prototype", pte) != 0 &&
                kd_bits(kd, "_MMPTE_PROTOTYPE", "ProtoAddress", pte) != LOOKUP_HIGH;
    return kd_bits(kd, fork ? "_MMPTE_PROTOTYPE" : "_MMPTE_SOFTWARE", "Protection", pte);
}

/* State and protection of the page at `va`; how many bytes on it is surely the same. */
static uint64_t page_state(struct kd *kd, uint64_t va, struct vad_facts *facts, uint32_t *state,
                           uint32_t *protect)
{
    struct hw_walk walk;
    kd_walk(kd, kd->directory_base, va, &walk);
    *state = facts->state;
    *protect = facts->protect;
    if (walk.page_size != 0) {
        *state = KD_MEM_COMMIT;
        *protect = valid_protection(kd, &walk);
        return HW_PAGE_SIZE;
    }
    unsigned level = walk.step_count > 0 ? walk.step[walk.step_count - 1].level : HW_LEVELS;
    uint64_t pte = level == 1 ? walk.step[walk.step_count - 1].entry.value : 0;
    if (pte != 0) {
        uint64_t protection = software_protection(kd, pte);
        *state = protection == DECOMMITTED ? KD_MEM_RESERVE : KD_MEM_COMMIT;
        *protect = page_protection(protection);
    } else if (!(facts->asks_prototypes && ask_prototype(kd, va, facts, state, protect)) &&
               level > 1) { /* no table: the rest of what it would map */
        uint64_t span = 1ull << (HW_PAGE_SHIFT + HW_INDEX_BITS * (level - 1));
        return span - va % span;
    }
    return HW_PAGE_SIZE;
}

/* ---- usage ------------------------------------------------------------------------------------
 */

/* What the current process has told of its memory. */
struct known {
    uint64_t peb;
    uint64_t *tebs, *stacks; /* per thread: address, allocation of its stack */
    size_t thread_count;
    uint64_t *heaps;
    size_t heap_count;
};

static bool note_teb(struct kd *kd, uint64_t teb, struct known *known)
{
    size_t size = (known->thread_count + 1) * sizeof(uint64_t);
    uint64_t *tebs = realloc(known->tebs, size), *stacks = realloc(known->stacks, size);
    known->tebs = tebs != NULL ? tebs : known->tebs;
    known->stacks = stacks != NULL ? stacks : known->stacks;
    if (tebs == NULL || stacks == NULL) {
        return false;
    }
    tebs[known->thread_count] = teb;
    stacks[known->thread_count] = kd_field(kd, "_TEB", teb, "DeallocationStack");
    known->thread_count++;
    return true;
}

static bool note_thread(struct kd *kd, uint64_t thread, void *context)
{
    return note_teb(kd, kd_field(kd, "_ETHREAD", thread, "Tcb.Teb"), context);
}

static void note_heaps(struct kd *kd, struct known *known)
{
    uint64_t count = kd_field(kd, "_PEB", known->peb, "NumberOfHeaps");
    uint64_t list = kd_field(kd, "_PEB", known->peb, "ProcessHeaps");
    count = count <= HEAP_LIMIT ? count : 0;
    known->heaps = calloc(count + 1, sizeof *known->heaps);
    if (known->heaps == NULL) {
        return;
    }
    known->heaps[0] = kd_field(kd, "_PEB", known->peb, "ProcessHeap");
    known->heap_count = known->heaps[0] != 0;
    for (uint64_t i = 0; i < count && known->heap_count <= count; i++) {
        if (kd_read_u64(kd, list + i * sizeof list, &known->heaps[known->heap_count])) {
            known->heap_count++;
        }
    }
}

static void known_init(struct kd *kd, struct known *known)
{
    uint64_t process = kd_current_process(kd), list, link;
    struct kd_target_thread thread;
    *known = (struct known){.peb = kd_current_peb(kd)};
    if (kd_target_is_process(kd->target)) {
        for (unsigned i = 0;
             kd->target->ops->get_thread(kd->target, i, &thread) && note_teb(kd, thread.teb, known);
             i++) {
        }
    } else if (kd_offset(kd, "_EPROCESS", "ThreadListHead", &list) &&
               kd_offset(kd, "_ETHREAD", "ThreadListEntry", &link)) {
        kd_list_each(kd, process + list, link, THREAD_LIMIT, note_thread, known);
    }
    note_heaps(kd, known);
}

static void known_deinit(struct known *known)
{
    free(known->tebs);
    free(known->stacks);
    free(known->heaps);
}

static bool holds_any(const uint64_t *addresses, size_t count, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < count; i++) {
        if (addresses[i] >= start && addresses[i] < end && addresses[i] != 0) {
            return true;
        }
    }
    return false;
}

static enum kd_usage usage_of(const struct known *known, uint32_t type, uint64_t start,
                              uint64_t end)
{
    if (type != KD_MEM_PRIVATE) {
        return type == KD_MEM_IMAGE ? KD_USAGE_IMAGE : KD_USAGE_MAPPED;
    }
    if (holds_any(known->stacks, known->thread_count, start, end)) {
        return KD_USAGE_STACK;
    }
    if (holds_any(known->tebs, known->thread_count, start, end)) {
        return KD_USAGE_TEB;
    }
    if (holds_any(&known->peb, 1, start, end)) {
        return KD_USAGE_PEB;
    }
    if (holds_any(known->heaps, known->heap_count, start, end)) {
        return KD_USAGE_HEAP;
    }
    return start == USER_SHARED_DATA ? KD_USAGE_OTHER : KD_USAGE_UNKNOWN;
}

/* ---- regions ----------------------------------------------------------------------------------
 */

struct walker {
    struct known known;
    kd_area_visit *visit;
    void *context;
    uint64_t next; /* where the last VAD ended */
};

static void visit_hole(struct kd *kd, struct walker *w, uint64_t end)
{
    if (end > w->next) {
        const struct kd_area hole = {.start = w->next,
                                     .end = end,
                                     .base = w->next,
                                     .state = KD_MEM_FREE,
                                     .protect = PAGE_NOACCESS,
                                     .usage = KD_USAGE_FREE};
        w->visit(kd, &hole, w->context);
    }
}

static bool visit_vad(struct kd *kd, const struct kd_vad *vad, void *context)
{
    struct walker *w = context;
    uint64_t start = vad->start << HW_PAGE_SHIFT, end = (vad->end + 1) << HW_PAGE_SHIFT;
    struct vad_facts facts = facts_of(kd, vad);
    struct kd_area area = {.start = start,
                           .end = start,
                           .base = start,
                           .type = facts.type,
                           .base_protect = facts.protect,
                           .usage = usage_of(&w->known, facts.type, start, end)};
    visit_hole(kd, w, start);
    w->next = end;
    while (area.end < end && !kd_interrupted(kd)) {
        uint32_t state, protect;
        uint64_t span = page_state(kd, area.end, &facts, &state, &protect);
        protect = state == KD_MEM_RESERVE ? 0 : protect;
        if (area.end > area.start && (state != area.state || protect != area.protect)) {
            w->visit(kd, &area, w->context);
            area.start = area.end;
        }
        area.state = state;
        area.protect = protect;
        area.end = span < end - area.end ? area.end + span : end;
    }
    w->visit(kd, &area, w->context);
    return true;
}

/* ---- of a dump of one process -----------------------------------------------------------------
 */

/* Where the allocation ends that region `i`, the first of it, begins. */
static uint64_t allocation_end(struct kd_target *target, size_t i, const struct dump_region *first)
{
    uint64_t end = first->base + first->size;
    struct dump_region next;
    while (target->ops->get_region(target, ++i, &next) && next.base == end &&
           next.allocation_base == first->allocation_base && next.state != KD_MEM_FREE &&
           end + next.size > end) {
        end += next.size;
    }
    return end;
}

/* The file's list says what areas there are; what they are used for is found out as elsewhere. */
static bool listed_areas_each(struct kd *kd, const struct known *known, kd_area_visit *visit,
                              void *context)
{
    struct kd_target *target = kd->target;
    struct dump_region region;
    struct kd_area area = {0};
    uint64_t end = 0; /* of the allocation that `area` is of */
    if (!target->ops->get_region(target, 0, &region)) {
        return kd_error(kd, "This dump does not say what its regions of memory are");
    }
    for (size_t i = 0; target->ops->get_region(target, i, &region) && !kd_interrupted(kd); i++) {
        bool is_free = region.state == KD_MEM_FREE;
        if (region.size == 0 || region.base < area.end || region.base + region.size < region.base) {
            return kd_error(kd, "The list of regions is damaged at %016" PRIx64, region.base);
        }
        if (!is_free && region.base >= end) {
            end = allocation_end(target, i, &region);
        }
        area = (struct kd_area){
            .start = region.base,
            .end = region.base + region.size,
            .base = is_free ? region.base : region.allocation_base,
            .state = region.state,
            .type = region.type,
            .protect = region.protect,
            .base_protect = region.allocation_protect,
            .usage =
                is_free ? KD_USAGE_FREE : usage_of(known, region.type, region.allocation_base, end),
        };
        visit(kd, &area, context);
    }
    return true;
}

bool kd_areas_each(struct kd *kd, kd_area_visit *visit, void *context)
{
    struct walker w = {.visit = visit, .context = context};
    bool sound;
    known_init(kd, &w.known);
    if (kd_target_is_process(kd->target)) {
        sound = listed_areas_each(kd, &w.known, visit, context);
    } else {
        sound = kd_vads_each(kd, kd_vad_root(kd, kd_current_process(kd)), visit_vad, &w);
        if (sound) {
            visit_hole(kd, &w, kd_nt_pointer(kd, "MmHighestUserAddress") + 1);
        }
    }
    known_deinit(&w.known);
    return sound;
}
