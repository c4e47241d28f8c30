/* src/mm/free.c: decommitting and releasing private memory.
 *
 * A release may take a whole VAD or a part of it:
 *
 *      VAD            |------------------------|
 *      whole          xxxxxxxxxxxxxxxxxxxxxxxxxx
 *      front          xxxxxxxxx|---------------|      the rest starts later
 *      back           |--------|xxxxxxxxxxxxxxxx      ends earlier
 *      middle         |-----|xxxxxxxx|---------|      a second VAD for the upper part
 *
 * Decommitting leaves the VAD. In one that is committed as a whole (MemCommit) the pages' PTEs say
 * MM_DECOMMIT; elsewhere, and when all of it goes, zero PTEs say it.
 */
#include "mm/frames.h"
#include "mm/vad.h"

struct range {
    struct mm_space *space;
    MMVAD_SHORT *vad;
    uint64_t first, last; /* page numbers */
    bool partial;         /* such memory may be released in parts */
};

static bool is_whole(const struct range *r)
{
    return r->first == r->vad->StartingVpn && r->last == r->vad->EndingVpn;
}

/* Delete the pages of the range. => how many were committed; both locks held */
static uint64_t delete_range(const struct range *r)
{
    uint64_t start = MI_VA(r->first), end = MI_VA(r->last + 1);
    struct mi_flush flush;

    mi_flush_begin(&flush, r->space);
    struct mi_deleted deleted = mi_delete_pages(&flush, start, end);
    mi_flush_end(&flush);
    if (deleted.committed + deleted.decommitted > 0)
        mi_trim_tables(r->space, start, end);
    if (r->vad->u.VadFlags.VadType == MI_VAD_AWE)
        return 0; /* its pages are charged as long as they are owned */
    return r->vad->u.VadFlags.MemCommit ? r->last - r->first + 1 - deleted.decommitted
                                        : deleted.committed;
}

static void uncharge(const struct range *r, uint64_t pages)
{
    r->vad->u.VadFlags.CommitCharge -= pages;
    mi_return_process_commit(r->space, pages, MI_COMMIT_USER);
}

/* ---- decommit ------------------------------------------------------------------------------- */

/* Mark the range, whose tables exist, decommitted. => how many pages were committed */
static uint64_t mark_decommitted(const struct range *r)
{
    const MMPTE decommitted = mi_demand_zero_pte(MM_DECOMMIT);
    uint64_t end = MI_VA(r->last + 1), count = 0;
    struct mi_deleted bare = {0, 0};
    struct mi_flush flush;
    MMPTE *pte;

    mi_flush_begin(&flush, r->space);
    for (uint64_t va = MI_VA(r->first); (pte = mi_next_pte(r->space, &va, end)) != NULL;) {
        uint64_t stop = mi_table_end(va, end);
        for (size_t done = 1; va < stop; va += MI_VA(done), pte += done, done = 1) {
            if (mi_pte_is_bare(mi_read_pte(pte)))
                done =
                    mi_change_bare_ptes(r->space->mm, pte, MI_VPN(stop - va), decommitted, &bare);
            else
                mi_replace_page(&flush, pte, va, decommitted);
            count += done;
        }
    }
    mi_flush_end(&flush);
    return count - bare.decommitted;
}

/* => both locks held */
static NTSTATUS decommit(const struct range *r)
{
    MMVAD_SHORT *vad = r->vad;

    if (!vad->u.VadFlags.MemCommit || is_whole(r)) {
        uint64_t pages = delete_range(r);
        vad->u.VadFlags.MemCommit = 0;
        uncharge(r, pages);
        return STATUS_SUCCESS;
    }
    NTSTATUS status = mi_make_tables(r->space, MI_VA(r->first), MI_VA(r->last + 1));
    if (NT_SUCCESS(status))
        uncharge(r, mark_decommitted(r));
    return status;
}

/* ---- release -------------------------------------------------------------------------------- */

/* Take the range out of its VAD. `upper` is a free VAD block for the part above, used when both
 * ends stay. => both locks held; the pages are deleted and uncharged */
static void cut(const struct range *r, MMVAD_SHORT *upper)
{
    struct mm_space *space = r->space;
    MMVAD_SHORT *vad = r->vad;
    uint64_t start = vad->StartingVpn, end = vad->EndingVpn;

    if (r->first == start) {
        mi_vad_resize(space, vad, r->last + 1, end);
        return;
    }
    mi_vad_resize(space, vad, start, r->first - 1);
    if (r->last == end)
        return;
    uint64_t charge = mi_count_committed(space, vad, r->last + 1, end);
    upper->StartingVpn = r->last + 1;
    upper->EndingVpn = end;
    upper->u = vad->u;
    upper->u.VadFlags.CommitCharge = charge;
    vad->u.VadFlags.CommitCharge -= charge;
    mi_vad_insert(space, upper);
}

/* => address creation lock held */
static NTSTATUS release(const struct range *r)
{
    struct mm_space *space = r->space;
    bool whole = is_whole(r);
    bool middle = r->first > r->vad->StartingVpn && r->last < r->vad->EndingVpn;
    MMVAD_SHORT *upper = middle ? mi_vad_allocate(space->mm, false) : NULL;

    if (middle && !upper)
        return STATUS_INSUFFICIENT_RESOURCES;
    mi_lock_working_set(space);
    uncharge(r, delete_range(r));
    mi_virtual_size_add(space, -(int64_t)MI_VA(r->last - r->first + 1));
    if (whole)
        mi_vad_remove(space, r->vad);
    else
        cut(r, upper);
    mi_unlock_working_set(space);
    if (whole)
        mi_vad_give(space, r->vad);
    return STATUS_SUCCESS;
}

/* Which pages are meant. => address creation lock held */
static NTSTATUS find_range(struct range *r, uint64_t base, uint64_t size)
{
    NTSTATUS status = mi_space_status(r->space);

    if (!NT_SUCCESS(status))
        return status;
    r->vad = mi_vad_find(r->space, MI_VPN(base));
    if (!r->vad)
        return STATUS_MEMORY_NOT_ALLOCATED;
    if (!r->vad->u.VadFlags.PrivateMemory)
        return STATUS_UNABLE_TO_DELETE_SECTION;
    if (r->vad->u.VadFlags.NoChange)
        return STATUS_INVALID_PAGE_PROTECTION;
    r->first = MI_VPN(base);
    r->partial = r->vad->u.VadFlags.VadType == 0;
    if (size == 0) {
        if (r->first != r->vad->StartingVpn)
            return STATUS_FREE_VM_NOT_AT_BASE;
        r->last = r->vad->EndingVpn;
        return STATUS_SUCCESS;
    }
    r->last = MI_VPN(base + size - 1);
    return r->last > r->vad->EndingVpn ? STATUS_UNABLE_TO_FREE_VM : STATUS_SUCCESS;
}

/* NtFreeVirtualMemory. Size 0 means the whole allocation that starts at base.
 * => STATUS_INVALID_PARAMETER_2, _3  base or end outside of user space
 *    STATUS_INVALID_PARAMETER_4      neither or both of MEM_DECOMMIT and MEM_RELEASE, or more
 *    STATUS_MEMORY_NOT_ALLOCATED     nothing there, or nothing that can be decommitted: physical
 *                                    and large pages
 *    STATUS_UNABLE_TO_DELETE_SECTION a view of an image
 *    STATUS_FREE_VM_NOT_AT_BASE      size 0, but base is not the allocation's; or part of memory
 *                                    with a write watch, physical or large pages is to be released
 *    STATUS_UNABLE_TO_FREE_VM        reaches beyond the allocation
 *    STATUS_INVALID_PAGE_PROTECTION  memory that may not be changed
 *    STATUS_PROCESS_IS_TERMINATING   its memory was deleted already
 *    STATUS_INSUFFICIENT_RESOURCES   no VAD for the upper part, or no page tables
 * Source: VirtualFree, NtFreeVirtualMemory, documentation. */
NTSTATUS mm_free_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size,
                                uint32_t type)
{
    struct range r = {.space = space};

    if (type != MEM_DECOMMIT && type != MEM_RELEASE)
        return STATUS_INVALID_PARAMETER_4;
    if (*base > MM_HIGHEST_VAD_ADDRESS)
        return STATUS_INVALID_PARAMETER_2;
    if (*size > MM_HIGHEST_VAD_ADDRESS + 1 - *base)
        return STATUS_INVALID_PARAMETER_3;
    mi_lock_address_space(space);
    NTSTATUS status = find_range(&r, *base, *size);
    if (NT_SUCCESS(status) && type == MEM_DECOMMIT && r.vad->u.VadFlags.VadType == MI_VAD_AWE)
        status = STATUS_MEMORY_NOT_ALLOCATED; /* nothing there is committed */
    if (NT_SUCCESS(status) && type == MEM_DECOMMIT && mi_vad_is_large(r.vad))
        status = STATUS_MEMORY_NOT_ALLOCATED; /* it is not committed page by page */
    if (NT_SUCCESS(status) && type == MEM_DECOMMIT) {
        mi_lock_working_set(space);
        status = decommit(&r);
        mi_unlock_working_set(space);
    } else if (NT_SUCCESS(status)) {
        status = r.partial || is_whole(&r) ? release(&r) : STATUS_FREE_VM_NOT_AT_BASE;
    }
    mi_unlock_address_space(space);
    if (!NT_SUCCESS(status))
        return status;
    *base = MI_VA(r.first);
    *size = MI_VA(r.last - r.first + 1);
    return STATUS_SUCCESS;
}
