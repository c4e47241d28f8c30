/* src/mm/large.c: memory in large pages (MEM_LARGE_PAGES, SEC_LARGE_PAGES).
 *
 * A page directory entry maps 2 MB at once, so the processor needs one translation where it needed
 * 512, and there is no page table:
 *
 *      PML4 -> PDPT -> PD --(LargePage)--> 512 frames that follow one another, on a 2 MB boundary
 *
 *      VAD       type VadLargePages, MemCommit; whole large pages only
 *      MMPFN     of each of the 512: PteAddress is the directory entry, as the self map shows it,
 *                PteFrame the directory, ShareCount 1, OriginalPte the protection of them all
 *
 *      view      VAD of type VadLargePageSection, of a section whose prototype PTEs are valid from
 *                its creation to its end (SEGMENT.SegmentFlags.LargePages)
 *      MMPFN     PteAddress is the prototype, ShareCount the views and one for the section
 *
 * Such memory is there as a whole from the beginning and never paged: it is in no working set, and
 * no entry of it is ever in transition. It is charged to the process, but against no limit of a
 * job. What maps it changes only as a whole.
 *
 * An engine on a host that shadows page tables keeps different shadows for a directory entry that
 * leads to a table and one that maps a page. So all that is derived from tables is forgotten when
 * an entry stops being one and may become the other.
 *
 * Lock: the working set lock of the process, except for taking and giving back frames.
 * Source: "Large-Page Support", VirtualAlloc, documentation; Windows Internals 6, part 2, ch. 10
 * "Large and Small Pages". What is not documented, and was decided: a part of a large page cannot
 * be protected by itself (STATUS_CONFLICTING_ADDRESSES), nor can large pages be guarded or made
 * inaccessible (STATUS_INVALID_PAGE_PROTECTION).
 */
#include <string.h>

#include "mm/color.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/vad.h"

#define ROOMS_MOST 4u
#define SHARE_THAT_STAYS 8u /* of RAM, whoever asks for large pages */
#define SPARE_FRAMES 256u   /* that others keep when a large page is taken */

/* ---- finding 2 MB -----------------------------------------------------------------------------
 */

/* Whether all frames of a large page can be had without waiting. => (P) */
static bool is_available(const struct mm *mm, uint64_t first, MMLISTS last_list)
{
    for (uint64_t i = 0; i < MI_LARGE_FRAMES; i++) {
        if (mm->pfn[first + i].u3.e1.PageLocation > last_list ||
            mi_frame_is_bad(&mm->pfn[first + i]))
            return false;
    }
    return true;
}

/* From above, since frames for other purposes are taken from below at first. => (P) */
static uint64_t find_large(const struct mm *mm, MMLISTS last_list)
{
    for (uint64_t first = mm->frames; first >= 2 * MI_LARGE_FRAMES;) {
        first -= MI_LARGE_FRAMES;
        if (is_available(mm, first, last_list))
            return first;
    }
    return MI_LIST_END;
}

/* Take a frame off its list. => whether it needs zeroing; (P) */
static bool take_frame(struct mm *mm, uint64_t pfn)
{
    unsigned location = mi_pfn(mm, pfn)->u3.e1.PageLocation;

    if (location == StandbyPageList)
        mi_repurpose(mm, pfn);
    else
        mi_list_remove(mm, mi_color_list(mm, location, pfn), pfn);
    mi_page_taken(mi_pfn(mm, pfn));
    return location != ZeroedPageList;
}

static bool take_large_page(struct mm *mm, uint64_t *page)
{
    bool dirty[MI_LARGE_FRAMES];
    uint64_t first = MI_LIST_END;

    ke_acquire_lock(&mm->pfn_lock);
    if (*mm->ke->nt.MmAvailablePages > MI_LARGE_FRAMES + SPARE_FRAMES) {
        first = find_large(mm, FreePageList);
        if (first == MI_LIST_END)
            first = find_large(mm, StandbyPageList);
    }
    for (uint64_t i = 0; first != MI_LIST_END && i < MI_LARGE_FRAMES; i++)
        dirty[i] = take_frame(mm, first + i);
    ke_release_lock(&mm->pfn_lock);
    if (first == MI_LIST_END)
        return false;
    for (uint64_t i = 0; i < MI_LARGE_FRAMES; i++) {
        if (dirty[i])
            memset(mi_frame(mm, first + i), 0, PAGE_SIZE);
    }
    *page = first;
    return true;
}

/* Frames that are in use between others stand in the way: have more and more of them go, which may
 * be more than can go. */
static void make_room(struct mm *mm, size_t count, unsigned rooms)
{
    uint64_t wanted = SPARE_FRAMES + ((uint64_t)count * MI_LARGE_FRAMES << rooms);
    uint64_t most = mm->frames - mm->frames / SHARE_THAT_STAYS;

    (void)mi_make_room(mm, wanted < most ? wanted : most);
}

NTSTATUS mi_take_large_pages(struct mm *mm, uint64_t *pages, size_t count)
{
    size_t taken = 0;

    if (!mi_charge_resident(mm, count * MI_LARGE_FRAMES))
        return STATUS_INSUFFICIENT_RESOURCES;
    mi_list_all_frames(mm);
    mi_release_quarantine(mm);
    mi_slist_drain_all(mm);
    for (unsigned rooms = 0; taken < count && rooms <= ROOMS_MOST;) {
        if (take_large_page(mm, &pages[taken]))
            taken++;
        else if (rooms++ < ROOMS_MOST)
            make_room(mm, count - taken, rooms);
    }
    if (taken == count)
        return STATUS_SUCCESS;
    mi_return_resident(mm, (count - taken) * MI_LARGE_FRAMES);
    mi_give_large_pages(mm, pages, taken);
    return STATUS_INSUFFICIENT_RESOURCES;
}

void mi_give_large_pages(struct mm *mm, const uint64_t *pages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (uint64_t frame = 0; frame < MI_LARGE_FRAMES; frame++)
            mi_free_page(mm, pages[i] + frame);
    }
    mi_return_resident(mm, count * MI_LARGE_FRAMES);
}

/* ---- mapping --------------------------------------------------------------------------------- */

bool mi_large_may_have(unsigned protection)
{
    return mi_protection_readable(protection) && !mi_protection_guard(protection);
}

static MMPTE large_pde(uint64_t first, unsigned protection)
{
    MMPTE pde = mi_user_page_pte(first, protection);

    pde.u.Hard.LargePage = 1;
    return pde;
}

/* One more view maps the page of a section at `va`. => its first frame */
static uint64_t share_page(struct mm *mm, const MMVAD_SHORT *vad, uint64_t va)
{
    uint64_t first = mi_read_pte(mi_proto_of(mm, vad, va)).u.Hard.PageFrameNumber;

    ke_acquire_lock(&mm->pfn_lock);
    for (uint64_t i = 0; i < MI_LARGE_FRAMES; i++)
        mi_pfn(mm, first + i)->u2.ShareCount++;
    ke_release_lock(&mm->pfn_lock);
    return first;
}

/* => (W); the page directory exists, and what was a table there is gone */
static void map_page(struct mm_space *space, const MMVAD_SHORT *vad, uint64_t va,
                     const uint64_t *page)
{
    struct mm *mm = space->mm;
    unsigned protection = vad->u.VadFlags.Protection;
    uint64_t first = page ? *page : share_page(mm, vad, va);
    MMPTE *pde;
    NTSTATUS status = mi_make_pde(space, va, &pde);

    ASSERT(NT_SUCCESS(status) && mi_read_pte(pde).u.Long == 0);
    for (uint64_t i = 0; page && i < MI_LARGE_FRAMES; i++)
        mi_initialize_pfn(mm, first + i, mi_pte_va(mi_pte_va(va)), mi_frame_of(mm, pde),
                          protection);
    mi_change_pte(mm, pde, large_pde(first, protection));
    space->large_pages++;
}

NTSTATUS mi_enter_large(struct mm_space *space, MMVAD_SHORT *vad, const uint64_t *pages)
{
    uint64_t start = MI_VA(vad->StartingVpn), end = MI_VA(vad->EndingVpn + 1);
    uint64_t charge = mi_vad_commit(vad);
    NTSTATUS status = STATUS_SUCCESS;
    MMPTE *pde;

    mi_lock_working_set(space);
    if (!mi_charge_process_commit(space, charge, MI_COMMIT_LARGE)) {
        mi_unlock_working_set(space);
        return STATUS_COMMITMENT_LIMIT;
    }
    mi_release_quarantine(space->mm);
    for (uint64_t va = start; va < end && NT_SUCCESS(status); va += MI_TABLE_SPAN)
        status = mi_make_pde(space, va, &pde);
    if (NT_SUCCESS(status)) {
        for (uint64_t va = start; va < end; va += MI_TABLE_SPAN)
            map_page(space, vad, va, pages ? &pages[(va - start) / MI_TABLE_SPAN] : NULL);
        mi_vad_insert(space, vad);
        mi_virtual_size_add(space, (int64_t)(end - start));
    } else {
        mi_trim_tables(space, start, end);
        mi_return_process_commit(space, charge, MI_COMMIT_LARGE);
    }
    mi_unlock_working_set(space);
    return status;
}

/* The engine forgets the translations of a large page. */
static void flush_pages(struct mi_flush *flush, uint64_t va, uint64_t first)
{
    for (uint64_t i = 0; i < MI_LARGE_FRAMES; i++)
        mi_flush_page(flush, va + MI_VA(i), first + i);
}

static void forget_tables(struct mi_flush *flush)
{
    struct mm *mm = flush->space->mm;

    mi_flush_end(flush);
    if (mm->ops->invalidate_tables && !flush->space->cleaned)
        mm->ops->invalidate_tables(mm->owner);
}

/* Nothing maps the large page at `va` any more: `old` did. => (W) */
static void delete_page(struct mi_flush *flush, uint64_t va, MMPTE old)
{
    struct mm *mm = flush->space->mm;
    uint64_t first = old.u.Hard.PageFrameNumber;
    bool shared = mi_pte_is_shared(mm, old);

    if (!shared && mi_pfn(mm, first)->PteAddress.va != mi_pte_va(mi_pte_va(va)))
        mi_corrupt_pte(mm, mi_pte_va(mi_pte_va(va)), old);
    flush_pages(flush, va, first);
    for (uint64_t i = 0; i < MI_LARGE_FRAMES; i++) {
        if (shared)
            mi_flush_unshare(flush, first + i, false);
        else
            mi_flush_free(flush, first + i);
    }
    if (!shared)
        mi_return_resident(mm, MI_LARGE_FRAMES);
}

uint64_t mi_delete_large(struct mi_flush *flush, uint64_t start, uint64_t end)
{
    struct mm_space *space = flush->space;
    uint64_t deleted = 0;

    for (uint64_t va = start; va < end; va = (va / MI_TABLE_SPAN + 1) * MI_TABLE_SPAN) {
        MMPTE *pde = mi_find_large(space, va);
        if (!pde)
            continue;
        delete_page(flush, va, mi_change_pte(space->mm, pde, (MMPTE){.u.Long = 0}));
        space->large_pages--;
        deleted += MI_LARGE_FRAMES;
    }
    if (deleted > 0)
        forget_tables(flush);
    return deleted;
}

/* ---- protection -------------------------------------------------------------------------------
 */

unsigned mi_large_protection(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t va)
{
    MMPTE pde = mi_large_or_zero(space, va);
    unsigned protection;

    if (!mi_vad_is_view(vad))
        return mi_pte_protection(space->mm, pde, vad);
    (void)mi_view_page(space, vad, va, pde, &protection);
    return protection;
}

/* => whether a processor may know more rights than there are now */
static bool protect_page(struct mm_space *space, MMPTE *pde, unsigned protection)
{
    MMPTE value = mi_read_pte(pde);
    uint64_t first = value.u.Hard.PageFrameNumber;
    bool own = !mi_pte_is_shared(space->mm, value);

    for (uint64_t i = 0; own && i < MI_LARGE_FRAMES; i++)
        mi_write_pte(&mi_pfn(space->mm, first + i)->OriginalPte, mi_demand_zero_pte(protection));
    return mi_change_rights(pde, protection);
}

NTSTATUS mi_protect_large(struct mm_space *space, const MMVAD_SHORT *vad, uint64_t start,
                          uint64_t end, unsigned protection)
{
    struct mi_flush flush;
    bool weaker = false;

    ASSERT(mi_vad_is_large(vad));
    if (!mi_large_may_have(protection) || mi_protection_is_copy(protection))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (mi_vad_is_view(vad)) {
        if (!mi_protection_is_compatible(protection, vad->u.VadFlags.Protection))
            return STATUS_SECTION_PROTECTION;
        protection = mi_view_caching(mi_control_of_vad(space->mm, vad), protection);
    }
    if (start % MI_TABLE_SPAN != 0 || end % MI_TABLE_SPAN != 0)
        return STATUS_CONFLICTING_ADDRESSES;
    mi_flush_begin(&flush, space);
    for (uint64_t va = start; va < end; va += MI_TABLE_SPAN) {
        MMPTE *pde = mi_find_large(space, va);
        if (!protect_page(space, pde, protection))
            continue;
        flush_pages(&flush, va, mi_read_pte(pde).u.Hard.PageFrameNumber);
        weaker = true;
    }
    if (weaker)
        forget_tables(&flush);
    return STATUS_SUCCESS;
}
