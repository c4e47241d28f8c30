/* src/mm/wsquery.c: what programs are told of their working sets.
 *
 * Source: PSAPI_WORKING_SET_BLOCK, PSAPI_WORKING_SET_EX_BLOCK, documentation.
 */
#include <string.h>

#include "mm/clone.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/vad.h"
#include "mm/wset.h"

#define SHARE_COUNT_MOST 7u

/* A page of user space that is in memory for this process. */
struct page {
    unsigned protection; /* MM_* */
    unsigned sharers;    /* as far as it is told */
    bool shared;
};

/* => (W), shared will do; `pte` is valid */
static struct page look_at(const struct mm_space *space, uint64_t va, MMPTE pte)
{
    struct mm *mm = space->mm;
    struct page page = {.shared = mi_pte_is_shared(mm, pte)};
    const MMVAD_SHORT *vad = mi_vad_find(space, MI_VPN(va));

    if (!page.shared || mi_pte_is_fork(mm, pte))
        page.protection = mi_pte_protection(mm, pte, vad);
    else
        (void)mi_view_page(space, vad, va, pte, &page.protection);
    if (!page.shared)
        return page;
    uint64_t sharers = mi_share_count(mm, pte.u.Hard.PageFrameNumber);
    sharers -= pte.u.Hard.LargePage; /* the section itself */
    page.sharers = sharers < SHARE_COUNT_MOST ? (unsigned)sharers : SHARE_COUNT_MOST;
    return page;
}

NTSTATUS mm_query_working_set(struct mm_space *space, MEMORY_WORKING_SET_BLOCK *blocks,
                              uint64_t most, uint64_t *count)
{
    *count = 0;
    mi_lock_working_set_shared(space);
    NTSTATUS status = mi_space_status(space);
    for (uint32_t i = MI_FIXED_WSLES; NT_SUCCESS(status) && i <= mi_wsl(space)->LastEntry; i++) {
        MMWSLE entry = *mi_wsle(space, i);
        if (!entry.u1.e1.Valid)
            continue;
        uint64_t va = mi_wsle_va(entry);
        if (*count < most) {
            struct page page = look_at(space, va, mi_read_pte(mi_find_pte(space, va)));
            blocks[*count] = (MEMORY_WORKING_SET_BLOCK){.Protection = page.protection,
                                                        .ShareCount = page.sharers,
                                                        .Shared = page.shared,
                                                        .VirtualPage = MI_VPN(va)};
        }
        ++*count;
    }
    mi_unlock_working_set_shared(space);
    return status;
}

/* A page that is not in memory: only whether it would be shared. */
static bool would_be_shared(const struct mm_space *space, uint64_t va, MMPTE pte)
{
    const MMVAD_SHORT *vad = mi_vad_find(space, MI_VPN(va));

    if (mi_pte_is_away_fork(pte))
        return true;
    return vad && mi_vad_is_view(vad) && (pte.u.Long == 0 || mi_pte_is_lookup(pte));
}

NTSTATUS mm_query_working_set_ex(struct mm_space *space, MEMORY_WORKING_SET_EX_INFORMATION *items,
                                 size_t count)
{
    mi_lock_working_set_shared(space);
    NTSTATUS status = mi_space_status(space);
    for (size_t i = 0; NT_SUCCESS(status) && i < count; i++) {
        MEMORY_WORKING_SET_EX_BLOCK *block = &items[i].VirtualAttributes;
        uint64_t va = MI_VA(MI_VPN(items[i].VirtualAddress.va));
        memset(block, 0, sizeof *block);
        if (va > MM_HIGHEST_USER_ADDRESS)
            continue;
        MMPTE pte = mi_pte_or_zero(space, va), large = mi_large_or_zero(space, va);
        if (large.u.Hard.Valid)
            pte = large;
        if (!pte.u.Hard.Valid) {
            block->Shared = would_be_shared(space, va, pte);
            continue;
        }
        struct page page = look_at(space, va, pte);
        block->Valid = 1;
        block->ShareCount = page.sharers;
        block->Win32Protection = mi_page_protect(space->mm, page.protection);
        block->Shared = page.shared;
        block->Locked = mi_page_is_locked(space, va);
        block->LargePage = large.u.Hard.Valid;
    }
    mi_unlock_working_set_shared(space);
    return status;
}
