/* src/mm/awe.c: physical pages that a program owns and maps where it likes (AWE).
 *
 *      EPROCESS.AweInfo --> frames that the process owns: a count and a bit for each frame of RAM
 *      VAD of type VadAwe   addresses made for them (MEM_PHYSICAL); no charge, no other pages
 *
 *      owned, not mapped      ShareCount 1, PteAddress 0
 *      mapped                 ShareCount 2, PteAddress and PteFrame: its one PTE
 *
 * Such a page is never paged: it is in no working set, and no PTE of it is ever in transition. It
 * is charged to the process's commit as long as it is owned. MMPFN.u4.AweAllocation tells them.
 *
 * Lock: the working set lock of the process, for everything here.
 * Source: AllocateUserPhysicalPages, MapUserPhysicalPages, documentation.
 */
#include <string.h>

#include "mm/check.h"
#include "mm/frames.h"
#include "mm/vad.h"

#define ROOMS_MOST 8u

/* Behind EPROCESS.AweInfo. */
struct awe_info {
    ULONG64 pages;
    RTL_BITMAP frames;
};

static struct awe_info *info_of(const struct mm_space *space)
{
    return k2h(&space->mm->ke->ks, space->process->AweInfo);
}

static struct bitmap frames_of(const struct mm *mm, const struct awe_info *info)
{
    return (struct bitmap){(uint64_t *)(void *)k2h(&mm->ke->ks, info->frames.Buffer),
                           info->frames.SizeOfBitMap};
}

uint64_t mi_awe_pages(const struct mm_space *space)
{
    const struct awe_info *info = info_of(space);

    return info ? info->pages : 0;
}

/* Have the place to note frames in. => (W) */
static NTSTATUS make_info(struct mm_space *space)
{
    struct mm *mm = space->mm;
    size_t size = BITMAP_WORDS(mm->frames) * sizeof(uint64_t);

    if (info_of(space))
        return STATUS_SUCCESS;
    struct awe_info *info =
        ex_allocate_pool(mm, NonPagedPool, sizeof(*info) + size, mm_tag("AweI"));
    if (!info)
        return STATUS_INSUFFICIENT_RESOURCES;
    memset(info, 0, sizeof(*info) + size);
    info->frames.SizeOfBitMap = (ULONG)mm->frames;
    info->frames.Buffer.va = h2k(&mm->ke->ks, info + 1);
    space->process->AweInfo.va = h2k(&mm->ke->ks, info);
    return STATUS_SUCCESS;
}

static bool is_owned(const struct mm_space *space, uint64_t pfn)
{
    const struct awe_info *info = info_of(space);

    if (!info || pfn >= space->mm->frames)
        return false;
    struct bitmap frames = frames_of(space->mm, info);
    return bitmap_test(&frames, pfn);
}

void mi_awe_unmapped(struct mm *mm, uint64_t pfn)
{
    MMPFN *page = mi_pfn(mm, pfn);

    page->PteAddress.va = 0;
    page->u4.PteFrame = 0;
    page->u2.ShareCount = 1;
}

/* ---- owning ---------------------------------------------------------------------------------- */

/* Take frames as long as others keep enough. => how many; (W) */
static size_t take_frames(struct mm_space *space, uint64_t *pfn, size_t count)
{
    struct mm *mm = space->mm;
    struct awe_info *info = info_of(space);
    struct bitmap frames = frames_of(mm, info);
    size_t taken = 0;

    for (; taken < count && mi_frames_are_plenty(mm) && mi_charge_resident(mm, 1); taken++) {
        if (!mi_allocate_page(mm, MI_PAGE_USER_ZEROED, &pfn[taken])) {
            mi_return_resident(mm, 1);
            break;
        }
        mi_initialize_pfn(mm, pfn[taken], 0, 0, MM_READWRITE);
        mi_pfn(mm, pfn[taken])->u4.AweAllocation = 1;
        bitmap_set(&frames, pfn[taken]);
    }
    info->pages += taken;
    return taken;
}

NTSTATUS mm_allocate_physical_pages(struct mm_space *space, uint64_t *pfn, size_t *count)
{
    size_t taken = 0, wanted = *count;

    for (unsigned rooms = 0; taken < wanted; rooms++) {
        mi_lock_address_space(space);
        mi_lock_working_set(space);
        NTSTATUS status = mi_space_status(space);
        if (NT_SUCCESS(status))
            status = make_info(space);
        uint64_t charge = wanted - taken;
        if (NT_SUCCESS(status) && !mi_charge_process_commit(space, charge, MI_COMMIT_USER))
            status = STATUS_COMMITMENT_LIMIT;
        if (NT_SUCCESS(status)) {
            size_t more = take_frames(space, pfn + taken, wanted - taken);
            mi_return_process_commit(space, charge - more, MI_COMMIT_USER);
            taken += more;
        }
        mi_unlock_working_set(space);
        mi_unlock_address_space(space);
        if (!NT_SUCCESS(status) && taken == 0)
            return status;
        if (!NT_SUCCESS(status) || taken == wanted || rooms == ROOMS_MOST ||
            !mi_make_room(space->mm, wanted - taken))
            break;
    }
    *count = taken;
    return taken > 0 || wanted == 0 ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/* The PTE that maps an owned page; NULL: none does. */
static MMPTE *pte_of(const struct mm_space *space, uint64_t pfn, uint64_t *va)
{
    uint64_t pte_va = mi_pfn(space->mm, pfn)->PteAddress.va;

    if (!pte_va)
        return NULL;
    *va = mi_va_of_pte(pte_va);
    return mi_find_pte(space, *va);
}

/* => (W), owned */
static void give_up(struct mi_flush *flush, uint64_t pfn)
{
    struct mm_space *space = flush->space;
    struct awe_info *info = info_of(space);
    struct bitmap frames = frames_of(space->mm, info);
    uint64_t va;
    MMPTE *pte = pte_of(space, pfn, &va);

    if (pte) {
        mi_change_pte(space->mm, pte, (MMPTE){.u.Long = 0});
        mi_flush_page(flush, va, pfn);
        mi_awe_unmapped(space->mm, pfn);
    }
    mi_pfn(space->mm, pfn)->u4.AweAllocation = 0;
    bitmap_clear(&frames, pfn);
    info->pages--;
    mi_flush_free(flush, pfn);
    if (pte)
        mi_trim_tables(space, va, va + PAGE_SIZE);
    mi_return_process_commit(space, 1, MI_COMMIT_USER);
    mi_return_resident(space->mm, 1);
}

NTSTATUS mm_free_physical_pages(struct mm_space *space, const uint64_t *pfn, size_t *count)
{
    struct mi_flush flush;
    size_t freed = 0;

    mi_lock_working_set(space);
    mi_flush_begin(&flush, space);
    while (freed < *count && is_owned(space, pfn[freed]))
        give_up(&flush, pfn[freed++]);
    mi_flush_end(&flush);
    mi_unlock_working_set(space);
    NTSTATUS status = freed == *count ? STATUS_SUCCESS : STATUS_CONFLICTING_ADDRESSES;
    *count = freed;
    return status;
}

void mi_awe_clean(struct mm_space *space)
{
    struct mm *mm = space->mm;
    struct awe_info *info = info_of(space);
    struct mi_flush flush;

    if (!info)
        return;
    struct bitmap frames = frames_of(mm, info);
    mi_flush_begin(&flush, space);
    for (size_t pfn = bitmap_next_set(&frames, 0); pfn != BITMAP_NONE;
         pfn = bitmap_next_set(&frames, pfn + 1))
        give_up(&flush, pfn);
    mi_flush_end(&flush);
    space->process->AweInfo.va = 0;
    ex_free_pool(mm, info);
}

/* ---- mapping --------------------------------------------------------------------------------- */

struct mapping {
    struct mm_space *space;
    const uint64_t *va;
    const uint64_t *pfn; /* NULL: unmap */
    size_t count;
};

static bool is_awe_address(const struct mm_space *space, uint64_t va)
{
    const MMVAD_SHORT *vad = va <= MM_HIGHEST_VAD_ADDRESS ? mi_vad_find(space, MI_VPN(va)) : NULL;

    return vad && vad->u.VadFlags.VadType == MI_VAD_AWE;
}

/* Every page is owned, mapped nowhere, and wanted once; each is marked with its PTE to be. => (W);
 * *marked are */
static NTSTATUS mark_frames(const struct mapping *m, size_t *marked)
{
    for (*marked = 0; *marked < m->count; ++*marked) {
        uint64_t pfn = m->pfn[*marked];
        if (!is_owned(m->space, pfn))
            return STATUS_CONFLICTING_ADDRESSES;
        MMPFN *page = mi_pfn(m->space->mm, pfn);
        if (page->PteAddress.va)
            return STATUS_INVALID_PARAMETER_3;
        page->PteAddress.va = mi_pte_va(m->va[*marked]);
    }
    return STATUS_SUCCESS;
}

static void unmark_frames(const struct mapping *m, size_t marked)
{
    for (size_t i = 0; i < marked; i++)
        mi_pfn(m->space->mm, m->pfn[i])->PteAddress.va = 0;
}

/* Addresses are right, and have page tables. => (W); tables may have been made */
static NTSTATUS make_ready(const struct mapping *m)
{
    NTSTATUS status = STATUS_SUCCESS;
    MMPTE *pte;

    for (size_t i = 0; i < m->count && NT_SUCCESS(status); i++) {
        if (!is_awe_address(m->space, m->va[i]))
            return STATUS_INVALID_PARAMETER_1;
        if (m->pfn)
            status = mi_make_pte(m->space, m->va[i], &pte);
    }
    return status;
}

/* => (W); cannot fail */
static void map_pages(const struct mapping *m)
{
    struct mm_space *space = m->space;
    struct mm *mm = space->mm;
    struct mi_flush flush;

    mi_flush_begin(&flush, space);
    for (size_t i = 0; i < m->count; i++) {
        uint64_t va = MI_VA(MI_VPN(m->va[i]));
        MMPTE *pte = mi_find_pte(space, va);
        MMPTE made = m->pfn ? mi_user_page_pte(m->pfn[i], MM_READWRITE) : (MMPTE){.u.Long = 0};
        if (!pte)
            continue;
        MMPTE old = mi_change_pte(mm, pte, made);
        if (old.u.Hard.Valid) {
            mi_flush_page(&flush, va, old.u.Hard.PageFrameNumber);
            mi_awe_unmapped(mm, old.u.Hard.PageFrameNumber);
        }
        if (m->pfn) {
            MMPFN *page = mi_pfn(mm, m->pfn[i]);
            page->PteAddress.va = mi_pte_va(va);
            page->u4.PteFrame = mi_frame_of(mm, pte);
            page->u2.ShareCount = 2;
        }
    }
    mi_flush_end(&flush);
}

static void trim_tables(const struct mapping *m)
{
    for (size_t i = 0; i < m->count; i++) {
        uint64_t va = MI_VA(MI_VPN(m->va[i]));
        if (va <= MM_HIGHEST_VAD_ADDRESS)
            mi_trim_tables(m->space, va, va + PAGE_SIZE);
    }
}

NTSTATUS mm_map_physical_pages(struct mm_space *space, const uint64_t *va, const uint64_t *pfn,
                               size_t count)
{
    const struct mapping m = {space, va, pfn, count};
    size_t marked = 0;

    mi_lock_working_set(space);
    NTSTATUS status = make_ready(&m);
    if (NT_SUCCESS(status) && pfn)
        status = mark_frames(&m, &marked);
    if (NT_SUCCESS(status))
        map_pages(&m);
    else
        unmark_frames(&m, marked);
    trim_tables(&m);
    mi_unlock_working_set(space);
    return status;
}

/* ---- checking -------------------------------------------------------------------------------- */

void mi_check_awe(struct mi_check *check, const struct mm_space *space)
{
    const struct awe_info *info = info_of(space);
    uint64_t found = 0;

    if (!info)
        return;
    struct bitmap frames = frames_of(space->mm, info);
    for (size_t pfn = bitmap_next_set(&frames, 0); pfn != BITMAP_NONE;
         pfn = bitmap_next_set(&frames, pfn + 1)) {
        const MMPFN *page = mi_pfn(space->mm, pfn);
        MI_CHECK(check, page->u4.AweAllocation, "frame %llx is owned, but says otherwise",
                 (unsigned long long)pfn);
        MI_CHECK(check, (page->PteAddress.va != 0) == (page->u2.ShareCount == 2),
                 "frame %llx is owned and shared %llu times", (unsigned long long)pfn,
                 (unsigned long long)page->u2.ShareCount);
        check->share[pfn]++;
        found++;
    }
    MI_CHECK(check, info->pages == found, "process %p owns %llu pages, found %llu",
             (const void *)space->process, (unsigned long long)info->pages,
             (unsigned long long)found);
    check->user_commit += found;
    check->resident += found;
}
