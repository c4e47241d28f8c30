/* src/mm/view.c: views of sections in address spaces.
 *
 *      section      |--------|--------|--------|--------|     prototype PTEs
 *      view                  |xxxxxxxx|xxxxxxxx|              MMVAD: FirstPrototypePte ..
 * LastContiguousPte ^ offset, a multiple of 64 KB
 *
 * A view is a long VAD ('Vad '); its page table entries stay zero until they are touched. Each page
 * that is a copy, or becomes one when it is written, is charged to the process.
 *
 *      PTE                  page
 *      zero                 as the prototype and the VAD (image: the prototype alone) say
 *      lookup               as the prototype says, with the protection in the PTE
 *      valid, shared        CopyOnWrite: a write makes a copy; Write: a write changes it for all
 *      all else             the process's own copy, as in private memory
 *
 * An image goes to its preferred base. The control area's pages are made for one base, so when an
 * image that nobody has mapped yet cannot have it, the control area moves with it; when others have
 * it elsewhere, this view gets a control area of its own.
 *
 * Source: NtMapViewOfSection, MapViewOfFileEx, VirtualProtect, documentation.
 */
#include "hw/bits.h"
#include "mm/clone.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/system.h"
#include "mm/vad.h"
#include "nt/info.h"

#define ZERO_BITS_MOST 21u

struct map {
    struct mm_space *space;
    const struct mm_view *view;
    struct mi_control *control; /* of the section */
    struct mi_control *used;    /* the same, or the view's own */
    MMVAD *vad;
    uint64_t base, pages, first_page;
    unsigned protection;
    bool image, large;
};

bool mi_protection_is_compatible(unsigned wanted, unsigned granted)
{
    bool copy = mi_protection_is_copy(wanted);

    if (mi_protection_executable(wanted) && !mi_protection_executable(granted))
        return false;
    return !mi_protection_writable(wanted) || copy ||
           (mi_protection_writable(granted) && !mi_protection_is_copy(granted));
}

/* Pages of a section are cached as it was made, whatever its views may do. */
unsigned mi_view_caching(const struct mi_control *control, unsigned protection)
{
    const SEGMENT *segment = control->segment;

    if (!mi_protection_readable(protection) || mi_protection_guard(protection))
        return protection;
    return protection | (segment->SegmentFlags.NoCache         ? MM_NOCACHE
                         : segment->SegmentFlags.WriteCombined ? MM_WRITECOMBINE
                                                               : 0);
}

uint32_t mi_view_protect(const struct mm *mm, const MMVAD_SHORT *vad)
{
    unsigned protection = vad->u.VadFlags.Protection;

    return mi_page_protect(mm, protection - mi_protection_caching(protection));
}

/* What the base of a view is a multiple of. */
static uint64_t granularity(const struct map *map)
{
    return map->large ? MI_TABLE_SPAN : MM_ALLOCATION_GRANULARITY;
}

/* ---- where ---------------------------------------------------------------------------------- */

static uint64_t behind_highest(const struct map *map)
{
    uint64_t highest = MM_HIGHEST_VAD_ADDRESS, bits = map->view->zero_bits;

    if (bits > 32)
        highest = UINT64_MAX >> __builtin_clzll(bits);
    else if (bits > 0)
        highest = UINT32_MAX >> bits;
    return MI_VPN((highest < MM_HIGHEST_VAD_ADDRESS ? highest : MM_HIGHEST_VAD_ADDRESS) + 1);
}

static bool is_free_place(const struct map *map, uint64_t base)
{
    return base % granularity(map) == 0 && base >= MM_LOWEST_USER_ADDRESS &&
           base <= MM_HIGHEST_VAD_ADDRESS &&
           map->pages <= MI_VPN(MM_HIGHEST_VAD_ADDRESS + 1 - base) &&
           mi_vad_range_is_free(map->space, MI_VPN(base), MI_VPN(base) + map->pages - 1);
}

/* The place for a view. => (C) */
static NTSTATUS place(struct map *map)
{
    uint64_t wanted = map->view->base, first;
    bool top_down = map->view->type & MEM_TOP_DOWN;

    if (!wanted && map->image)
        wanted = map->control->base;
    map->base = wanted;
    if (wanted && is_free_place(map, wanted))
        return STATUS_SUCCESS;
    if (map->view->base || (map->image && !pe_is_relocatable(&map->control->image)))
        return STATUS_CONFLICTING_ADDRESSES;
    uint64_t slack = granularity(map) - MM_ALLOCATION_GRANULARITY;
    NTSTATUS status = mi_vad_find_hole(map->space, map->pages + MI_VPN(slack), behind_highest(map),
                                       top_down, &first);
    if (!NT_SUCCESS(status))
        return status;
    map->base = MI_VA(first);
    if (map->large)
        map->base = (map->base + slack) / MI_TABLE_SPAN * MI_TABLE_SPAN;
    return STATUS_SUCCESS;
}

/* An image's control area whose pages are made for the place: the section's, if nobody needs it
 * elsewhere, or else the view's own. => (C) */
static NTSTATUS choose_control(struct map *map)
{
    struct mi_control *control = map->control;
    struct mm *mm = map->space->mm;

    map->used = control;
    if (!map->image)
        return STATUS_SUCCESS;
    if (map->base != control->image.base && !pe_is_relocatable(&control->image))
        return STATUS_CONFLICTING_ADDRESSES;
    ke_acquire_lock(&mm->sections_lock);
    if (!control->placed)
        mi_place_image(control, map->base);
    bool same = control->base == map->base;
    ke_release_lock(&mm->sections_lock);
    if (same)
        return STATUS_SUCCESS;
    return mi_create_image_control(mm, &control->image, map->base, control->file, &map->used);
}

/* ---- mapping --------------------------------------------------------------------------------- */

/* => the arguments are right otherwise
 * Source: MapViewOfFileEx, documentation: offset, size and base are multiples of a large page. */
static NTSTATUS check_large(const struct map *map)
{
    if (!mi_large_may_have(map->protection) || mi_protection_is_copy(map->protection))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (map->view->base % MI_TABLE_SPAN != 0 || map->view->offset % MI_TABLE_SPAN != 0)
        return STATUS_MAPPED_ALIGNMENT;
    return map->pages % MI_LARGE_FRAMES == 0 ? STATUS_SUCCESS : STATUS_INVALID_VIEW_SIZE;
}

static NTSTATUS check_arguments(struct map *map)
{
    const struct mm_view *view = map->view;

    if (view->base > MM_HIGHEST_VAD_ADDRESS)
        return STATUS_INVALID_PARAMETER_3;
    if (view->zero_bits > ZERO_BITS_MOST && view->zero_bits <= 32)
        return STATUS_INVALID_PARAMETER_4;
    if (view->type & ~(MEM_TOP_DOWN | MEM_RESERVE | MEM_LARGE_PAGES))
        return STATUS_INVALID_PARAMETER_9;
    NTSTATUS status = mi_make_protection(view->protect, true, &map->protection);
    if (!NT_SUCCESS(status))
        return status;
    if (view->base % MM_ALLOCATION_GRANULARITY != 0 ||
        (!map->image && view->offset % MM_ALLOCATION_GRANULARITY != 0))
        return STATUS_MAPPED_ALIGNMENT;
    if (map->image) {
        map->protection = MM_EXECUTE_WRITECOPY;
        map->pages = map->control->pages;
        return STATUS_SUCCESS;
    }
    if (mi_protection_guard(map->protection) || mi_protection_caching(map->protection))
        return STATUS_INVALID_PAGE_PROTECTION;
    unsigned granted = map->control->segment->SegmentFlags.DefaultProtectionMask;
    if (view->section_protect)
        status = mi_make_protection(view->section_protect, true, &granted);
    if (!NT_SUCCESS(status))
        return status;
    if (!mi_protection_is_compatible(map->protection, granted))
        return STATUS_SECTION_PROTECTION;
    uint64_t total = view->section_size ? view->section_size : MI_VA(map->control->pages);
    if (view->offset >= total || view->size > MI_VA(MI_VPN(total - 1) + 1) - view->offset)
        return STATUS_INVALID_VIEW_SIZE;
    map->protection = mi_view_caching(map->control, map->protection);
    map->first_page = MI_VPN(view->offset);
    map->pages = MI_VPN((view->size ? view->size : total - view->offset) - 1) + 1;
    if (map->pages > MI_VPN(MM_HIGHEST_VAD_ADDRESS + 1 - view->base))
        return STATUS_INVALID_PARAMETER_3;
    return map->large ? check_large(map) : STATUS_SUCCESS;
}

/* The subsection that holds a page. */
static SUBSECTION *subsection_at(const struct mi_control *control, uint64_t page)
{
    const struct kspace *ks = &control->mm->ke->ks;
    SUBSECTION *at = mi_subsection(control, 0), *next;
    uint64_t left = page;

    for (ULONG pages; left >= (pages = __atomic_load_n(&at->PtesInSubsection, __ATOMIC_ACQUIRE)) &&
                      (next = mi_next_subsection(ks, at)) != NULL;
         at = next)
        left -= pages;
    return at;
}

static void fill_vad(const struct map *map)
{
    const struct kspace *ks = &map->space->mm->ke->ks;
    struct mi_run run;
    bool found = mi_next_run(map->used, map->first_page, &run);
    ASSERT(found);
    MMPTE *first = run.ptes + (map->first_page - run.first);
    uint64_t here = run.count - (map->first_page - run.first);
    MMVAD *vad = map->vad;

    vad->StartingVpn = MI_VPN(map->base);
    vad->EndingVpn = vad->StartingVpn + map->pages - 1;
    vad->u.VadFlags.Protection = map->protection;
    vad->u.VadFlags.VadType = map->image ? MI_VAD_IMAGE_MAP : map->large ? MI_VAD_LARGE_SECTION : 0;
    vad->u2.VadFlags2.FileOffset = (UINT)(MI_VA(map->first_page) / MM_ALLOCATION_GRANULARITY);
    vad->u2.VadFlags2.LongVad = 1;
    vad->u2.VadFlags2.Inherit = map->view->inherit == ViewShare;
    vad->u2.VadFlags2.CopyOnWrite = mi_protection_is_copy(map->protection);
    vad->Subsection.va = h2k(ks, subsection_at(map->used, map->first_page));
    vad->FirstPrototypePte.va = h2k(ks, first);
    vad->LastContiguousPte.va =
        vad->FirstPrototypePte.va + ((map->pages < here ? map->pages : here) - 1) * sizeof(MMPTE);
    vad->VadsProcess.va = h2k(ks, map->space->process);
}

/* What a copy of each page takes that may be written as one. => (C) */
static bool charge_copies(const struct map *map)
{
    struct mm_space *space = map->space;
    uint64_t charge = mi_protection_is_copy(map->protection) ? map->pages : 0;

    if (map->image)
        charge = map->used->segment->u1.ImageCommitment;
    map->vad->u.VadFlags.CommitCharge = charge;
    if (charge == 0)
        return true;
    mi_lock_working_set(space);
    bool charged = mi_charge_process_commit(space, charge, MI_COMMIT_USER);
    mi_unlock_working_set(space);
    return charged;
}

/* => (C) */
static NTSTATUS map_locked(struct map *map)
{
    struct mm_space *space = map->space;
    MMVAD_SHORT *vad = (MMVAD_SHORT *)map->vad;
    NTSTATUS status = mi_space_status(space);

    if (NT_SUCCESS(status))
        status = place(map);
    if (NT_SUCCESS(status))
        status = choose_control(map);
    if (!NT_SUCCESS(status))
        return status;
    fill_vad(map);
    if (!charge_copies(map))
        return STATUS_COMMITMENT_LIMIT;
    if (map->large) { /* its pages are the section's, so there is no charge */
        status = mi_enter_large(space, vad, NULL);
        if (!NT_SUCCESS(status))
            return status;
        mi_control_add_view(map->used, map->vad);
        return STATUS_SUCCESS;
    }
    mi_control_add_view(map->used, map->vad);
    return mi_vad_enter(space, vad, 0);
}

/* Read from the pages whose contents come from the file, or are in memory already, as the process
 * itself would: they come into its working set, marked as accessed. */
static void prefetch(const struct map *map)
{
    char byte;

    for (uint64_t i = 0; i < map->pages; i++) {
        MMPTE proto = mi_read_pte(&map->used->ptes[map->first_page + i]);
        bool zero = !mi_pte_holds_frame(proto) && !proto.u.Soft.Prototype;
        if (!zero && mm_copy_from_user(map->space, &byte, map->base + MI_VA(i), sizeof byte) ==
                         STATUS_NO_MEMORY)
            return;
    }
}

NTSTATUS mm_map_view(struct mm_space *space, struct mm_view *view)
{
    struct mm *mm = space->mm;
    struct map map = {.space = space, .view = view, .control = mi_control_of(mm, view->segment)};

    map.image = map.control->area->u.Flags.Image;
    map.large = map.control->segment->SegmentFlags.LargePages;
    NTSTATUS status = check_arguments(&map);
    if (NT_SUCCESS(status) && !map.control->ptes)
        status = mi_make_file_ptes(map.control, map.first_page, map.pages);
    if (!NT_SUCCESS(status))
        return status;
    mi_lock_address_space(space);
    map.vad = (MMVAD *)mi_vad_take_view(space);
    status = map.vad ? map_locked(&map) : STATUS_INSUFFICIENT_RESOURCES;
    if (map.vad && !NT_SUCCESS(status))
        mi_vad_give_view(space, (MMVAD_SHORT *)map.vad);
    mi_unlock_address_space(space);
    if (NT_SUCCESS(status) && view->prefetch)
        prefetch(&map);
    if (map.used && map.used != map.control)
        mm_close_section(mm, map.used->segment); /* the view alone keeps it */
    if (!NT_SUCCESS(status))
        return status;
    view->base = map.base;
    view->size = MI_VA(map.pages);
    view->offset = MI_VA(map.first_page);
    return map.image && map.base != map.control->image.base ? STATUS_IMAGE_NOT_AT_BASE
                                                            : STATUS_SUCCESS;
}

/* ---- unmapping ------------------------------------------------------------------------------- */

bool mi_view_remove(struct mm_space *space, struct mi_flush *flush, MMVAD_SHORT *vad)
{
    struct mi_deleted deleted =
        mi_delete_pages(flush, MI_VA(vad->StartingVpn), MI_VA(vad->EndingVpn + 1));
    mi_flush_end(flush); /* its pages refer to the control area */
    mi_vad_remove(space, vad);
    mi_virtual_size_add(space, -(int64_t)MI_VA(mi_vad_pages(vad)));
    mi_return_process_commit(space, mi_vad_commit(vad), MI_COMMIT_USER);
    return deleted.committed + deleted.decommitted > 0;
}

void mi_view_release(struct mm_space *space, MMVAD_SHORT *vad)
{
    struct mi_control *control = mi_control_of_vad(space->mm, vad);
    enum mi_view_leaves leaves = mi_control_remove_view(control, (MMVAD *)vad);

    mi_vad_free(space->mm, vad);
    mi_control_view_left(control, leaves);
}

NTSTATUS mm_unmap_view(struct mm_space *space, uint64_t base)
{
    struct mi_flush flush;

    if (base > MM_HIGHEST_VAD_ADDRESS)
        return STATUS_NOT_MAPPED_VIEW;
    mi_lock_address_space(space);
    NTSTATUS status = mi_space_status(space);
    MMVAD_SHORT *vad = mi_vad_find(space, MI_VPN(base));
    if (NT_SUCCESS(status) && (!vad || !mi_vad_is_view(vad)))
        status = STATUS_NOT_MAPPED_VIEW;
    if (!NT_SUCCESS(status)) {
        mi_unlock_address_space(space);
        return status;
    }
    mi_lock_working_set(space);
    mi_flush_begin(&flush, space);
    if (mi_view_remove(space, &flush, vad))
        mi_trim_tables(space, MI_VA(vad->StartingVpn), MI_VA(vad->EndingVpn + 1));
    mi_unlock_working_set(space);
    struct mi_control *control = mi_control_of_vad(space->mm, vad);
    enum mi_view_leaves leaves = mi_control_remove_view(control, (MMVAD *)vad);
    mi_vad_give_view(space, vad);
    mi_unlock_address_space(space);
    mi_control_view_left(control, leaves);
    return STATUS_SUCCESS;
}

/* ---- charges, protection, commit --------------------------------------------------------------
 */

static bool is_charged(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t va, MMPTE pte)
{
    unsigned protection;

    (void)mi_view_page(space, vad, va, pte, &protection);
    return mi_view_page_is_charged(space->mm, pte, protection);
}

uint64_t mi_view_charge(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t first,
                        uint64_t last)
{
    uint64_t charge = 0;

    for (uint64_t vpn = first; vpn <= last; vpn++) {
        charge += is_charged(space, vad, MI_VA(vpn), mi_pte_or_zero(space, MI_VA(vpn)));
    }
    return charge;
}

void mi_protect_view_page(struct mi_flush *flush, MMPTE *pte, uint64_t va, unsigned protection)
{
    struct mm *mm = flush->space->mm;
    MMPTE old = mi_read_pte(pte);
    bool accessible = mi_protection_readable(protection) && !mi_protection_guard(protection);

    if (mi_pte_is_shared(mm, old) && !mi_pte_is_fork(mm, old)) {
        uint64_t pfn = old.u.Hard.PageFrameNumber;
        if (accessible) {
            MMPTE made = mi_shared_page_pte(pfn, protection);
            old = mi_change_pte(mm, pte, made);
            made.u.Long = 0;
            made.u.Hard.Dirty = old.u.Hard.Dirty; /* what was written stays to be written back */
            __atomic_fetch_or(&pte->u.Long, made.u.Long, __ATOMIC_RELAXED);
            mi_flush_page(flush, va, pfn);
        } else {
            mi_replace_page(flush, pte, va, mi_lookup_pte(protection));
        }
    } else if (old.u.Long == 0 || mi_pte_is_lookup(old)) {
        mi_change_pte(mm, pte, mi_lookup_pte(protection));
    } else {
        mi_set_page_protection(flush, pte, va, mi_protection_of_copy(protection));
    }
}

/* In an image a page that may be written is written as a copy. */
static unsigned image_protection(unsigned protection)
{
    unsigned base = mi_protection_rights(protection);

    if (base == MM_READWRITE || base == MM_EXECUTE_READWRITE)
        return protection - MM_READWRITE + MM_WRITECOPY;
    return protection;
}

NTSTATUS mi_protect_view(struct mm_space *space, MMVAD_SHORT *vad, uint64_t first, uint64_t last,
                         unsigned protection)
{
    bool image = vad->u.VadFlags.VadType == MI_VAD_IMAGE_MAP;
    uint64_t before = mi_view_charge(space, vad, first, last);
    struct mi_flush flush;

    if (image)
        protection = image_protection(protection);
    else if (!mi_protection_is_compatible(protection, vad->u.VadFlags.Protection))
        return STATUS_SECTION_PROTECTION;
    protection = mi_view_caching(mi_control_of_vad(space->mm, vad), protection);
    uint64_t most = mi_protection_is_copy(protection) ? last - first + 1 : before;
    if (most > before && !mi_charge_process_commit(space, most - before, MI_COMMIT_USER))
        return STATUS_COMMITMENT_LIMIT;
    mi_flush_begin(&flush, space);
    for (uint64_t vpn = first; vpn <= last; vpn++)
        mi_protect_view_page(&flush, mi_find_pte(space, MI_VA(vpn)), MI_VA(vpn), protection);
    mi_flush_end(&flush);
    uint64_t after = mi_view_charge(space, vad, first, last);
    mi_return_process_commit(space, (most > before ? most : before) - after, MI_COMMIT_USER);
    vad->u.VadFlags.CommitCharge += after - before;
    return STATUS_SUCCESS;
}

/* Commit the pages of a reserved section. => how many were not yet; (G) */
static uint64_t commit_protos(struct mm *mm, MMPTE *proto, uint64_t pages, unsigned protection,
                              bool count_only)
{
    uint64_t fresh = 0;

    for (uint64_t i = 0; i < pages; i++) {
        if (mi_read_pte(&proto[i]).u.Long != 0)
            continue;
        fresh++;
        if (count_only)
            continue;
        mi_lock_pfn_with(mm, &proto[i]);
        mi_write_pte(&proto[i], mi_demand_zero_pte(protection));
        ke_release_lock(&mm->pfn_lock);
    }
    return fresh;
}

NTSTATUS mi_commit_view(struct mm_space *space, MMVAD_SHORT *vad, uint64_t first, uint64_t last,
                        unsigned protection)
{
    struct mm *mm = space->mm;
    struct mi_control *control = mi_control_of_vad(mm, vad);
    SEGMENT *segment = control->segment;
    MMPTE *proto = mi_proto_of(mm, vad, MI_VA(first));
    uint64_t pages = last - first + 1;

    if (!control->area->u.Flags.Reserve)
        return STATUS_ALREADY_COMMITTED;
    if (!mi_protection_is_compatible(protection, vad->u.VadFlags.Protection))
        return STATUS_SECTION_PROTECTION;
    ex_acquire_push_lock_exclusive(&segment->SegmentLock, KE_RANK_SECTION);
    uint64_t fresh = commit_protos(mm, proto, pages, 0, true);
    bool charged = mi_charge_commit(mm, fresh, MI_COMMIT_USER);
    if (charged) {
        commit_protos(mm, proto, pages, segment->SegmentFlags.DefaultProtectionMask, false);
        segment->NumberOfCommittedPages += fresh;
    }
    ex_release_push_lock_exclusive(&segment->SegmentLock, KE_RANK_SECTION);
    return charged ? STATUS_SUCCESS : STATUS_COMMITMENT_LIMIT;
}
