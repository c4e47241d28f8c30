/* src/mm/query.c: what is at an address, as VirtualQuery tells it.
 *
 * The answer covers the pages from the one asked about on that belong to the same allocation and
 * are alike in state and protection. Where page tables are missing the VAD says it for a whole
 * stretch, so the cost goes with the tables that exist, not with the size.
 */
#include <string.h>

#include "mm/section.h"
#include "mm/vad.h"

/* What makes pages alike. */
struct look {
    bool committed;
    unsigned protection; /* of committed pages */
};

static struct look look_at(const struct mm *mm, MMPTE pte, const MMVAD_SHORT *vad)
{
    struct look look = {.committed = mi_pte_is_committed(pte, vad)};

    if (look.committed)
        look.protection = mi_pte_protection(mm, pte, vad);
    return look;
}

static bool alike(struct look a, struct look b)
{
    return a.committed == b.committed && a.protection == b.protection;
}

static struct look look_at_view(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t va)
{
    struct look look = {.protection = 0};

    look.committed = mi_view_page(space, vad, va, mi_pte_or_zero(space, va), &look.protection);
    if (!look.committed)
        look.protection = 0;
    return look;
}

static uint64_t end_of_alike_view(const struct mm_space *space, const MMVAD_SHORT *vad,
                                  uint64_t start, uint64_t end, struct look *look)
{
    uint64_t va = start + PAGE_SIZE;

    *look = look_at_view(space, vad, start);
    while (va < end && alike(look_at_view(space, vad, va), *look))
        va += PAGE_SIZE;
    return va;
}

/* The end of the pages of start .. end that are alike; *look is what they are. */
static uint64_t end_of_alike(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t start,
                             uint64_t end, struct look *look)
{
    const struct look untouched = look_at(space->mm, (MMPTE){.u.Long = 0}, vad);
    uint64_t va = start;
    MMPTE *pte = mi_next_pte(space, &va, end);

    *look = va == start && pte ? look_at(space->mm, mi_read_pte(pte), vad) : untouched;
    for (uint64_t at = start; at < end; at = va) {
        va = at;
        pte = mi_next_pte(space, &va, end);
        if (va > at && !alike(untouched, *look))
            return at;
        if (!pte)
            return end;
        uint64_t stop = mi_table_end(va, end);
        for (; va < stop; va += PAGE_SIZE, pte++) {
            if (!alike(look_at(space->mm, mi_read_pte(pte), vad), *look))
                return va;
        }
    }
    return end;
}

/* The same in large pages, which are alike as a whole. */
static uint64_t end_of_alike_large(const struct mm_space *space, const MMVAD_SHORT *vad,
                                   uint64_t start, uint64_t end, struct look *look)
{
    uint64_t va = start;

    *look = (struct look){true, mi_large_protection(space, vad, start)};
    do
        va = (va / MI_TABLE_SPAN + 1) * MI_TABLE_SPAN;
    while (va < end && mi_large_protection(space, vad, va) == look->protection);
    return va;
}

static struct mi_control *file_control(struct mm *mm, const MMVAD_SHORT *vad)
{
    struct mi_control *control = mi_control_of_vad(mm, vad);

    return control->file ? control : NULL;
}

static void describe_vad(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t start,
                         MEMORY_BASIC_INFORMATION *information)
{
    struct look look;
    uint64_t end = MI_VA(vad->EndingVpn + 1);
    bool image = vad->u.VadFlags.VadType == MI_VAD_IMAGE_MAP;

    end = mi_vad_is_large(vad)  ? end_of_alike_large(space, vad, start, end, &look)
          : mi_vad_is_view(vad) ? end_of_alike_view(space, vad, start, end, &look)
                                : end_of_alike(space, vad, start, end, &look);

    information->AllocationBase.va = MI_VA(vad->StartingVpn);
    information->AllocationProtect = mi_page_protect(space->mm, vad->u.VadFlags.Protection);
    information->RegionSize = end - start;
    information->State = look.committed ? MEM_COMMIT : MEM_RESERVE;
    information->Protect = look.committed ? mi_page_protect(space->mm, look.protection) : 0;
    information->Type = !mi_vad_is_view(vad) ? MEM_PRIVATE : image ? MEM_IMAGE : MEM_MAPPED;
}

/* What is at an address that a VAD may have. => (W), shared will do */
static void describe(const struct mm_space *space, uint64_t start,
                     MEMORY_BASIC_INFORMATION *information)
{
    MMVAD_SHORT *vad = mi_vad_find_from(space, MI_VPN(start));

    if (vad && vad->StartingVpn <= MI_VPN(start)) {
        describe_vad(space, vad, start, information);
        return;
    }
    information->RegionSize = (vad ? MI_VA(vad->StartingVpn) : MM_HIGHEST_VAD_ADDRESS + 1) - start;
    information->State = MEM_FREE;
    information->Protect = PAGE_NOACCESS;
}

/* NtQueryVirtualMemory, MemoryBasicInformation.
 * => STATUS_INVALID_PARAMETER: not an address of user space; STATUS_PROCESS_IS_TERMINATING
 * Source: VirtualQuery and MEMORY_BASIC_INFORMATION, documentation. */
NTSTATUS mm_query_virtual_memory(struct mm_space *space, uint64_t address,
                                 MEMORY_BASIC_INFORMATION *information)
{
    uint64_t start = MI_VA(MI_VPN(address));

    if (address > MM_HIGHEST_USER_ADDRESS)
        return STATUS_INVALID_PARAMETER;
    memset(information, 0, sizeof(*information));
    information->BaseAddress.va = start;
    if (address > MM_HIGHEST_VAD_ADDRESS) { /* the last 64 KB: nobody's, and not to be had */
        information->AllocationBase.va = MM_HIGHEST_VAD_ADDRESS + 1;
        information->AllocationProtect = PAGE_READONLY;
        information->RegionSize = MM_HIGHEST_USER_ADDRESS + 1 - start;
        information->State = MEM_RESERVE;
        information->Protect = PAGE_NOACCESS;
        information->Type = MEM_PRIVATE;
        return STATUS_SUCCESS;
    }
    mi_lock_working_set_shared(space);
    NTSTATUS status = mi_space_status(space);
    if (NT_SUCCESS(status))
        describe(space, start, information);
    mi_unlock_working_set_shared(space);
    return status;
}

/* The VAD of an address. => (C) */
static NTSTATUS find_vad(const struct mm_space *space, uint64_t address, MMVAD_SHORT **vad)
{
    NTSTATUS status = mi_space_status(space);

    *vad = address <= MM_HIGHEST_VAD_ADDRESS ? mi_vad_find(space, MI_VPN(address)) : NULL;
    return NT_SUCCESS(status) && !*vad ? STATUS_INVALID_ADDRESS : status;
}

static void describe_region(struct mm *mm, const MMVAD_SHORT *vad,
                            MEMORY_REGION_INFORMATION *information)
{
    bool view = mi_vad_is_view(vad), image = vad->u.VadFlags.VadType == MI_VAD_IMAGE_MAP;
    bool file = view && !image && file_control(mm, vad);

    information->AllocationBase.va = MI_VA(vad->StartingVpn);
    information->AllocationProtect = mi_page_protect(mm, vad->u.VadFlags.Protection);
    information->Private = !view;
    information->MappedImage = view && image;
    information->MappedDataFile = file;
    information->MappedPageFile = view && !image && !file;
    information->RegionSize = MI_VA(mi_vad_pages(vad));
}

NTSTATUS mm_query_region(struct mm_space *space, uint64_t address,
                         MEMORY_REGION_INFORMATION *information)
{
    MMVAD_SHORT *vad;

    memset(information, 0, sizeof(*information));
    if (address > MM_HIGHEST_USER_ADDRESS)
        return STATUS_INVALID_PARAMETER;
    mi_lock_address_space(space);
    NTSTATUS status = find_vad(space, address, &vad);
    if (NT_SUCCESS(status))
        describe_region(space->mm, vad, information);
    mi_unlock_address_space(space);
    return status;
}

NTSTATUS mm_reference_mapped_file(struct mm_space *space, uint64_t address, FILE_OBJECT **file)
{
    struct mm *mm = space->mm;
    MMVAD_SHORT *vad;

    if (address > MM_HIGHEST_USER_ADDRESS)
        return STATUS_INVALID_PARAMETER;
    mi_lock_address_space(space);
    NTSTATUS status = find_vad(space, address, &vad);
    if (NT_SUCCESS(status) && !mi_vad_is_view(vad))
        status = STATUS_INVALID_ADDRESS;
    if (NT_SUCCESS(status)) {
        const struct mi_control *control = file_control(mm, vad);
        if (control) {
            *file = control->file;
            mm->ops->reference_file(mm->owner, *file);
        } else {
            status = STATUS_FILE_INVALID;
        }
    }
    mi_unlock_address_space(space);
    return status;
}

/* Views of one control area, or images of one file, which may have several. */
static bool is_same_file(struct mm *mm, const MMVAD_SHORT *a, const MMVAD_SHORT *b)
{
    const struct mi_control *first = mi_control_of_vad(mm, a), *second = mi_control_of_vad(mm, b);

    return first == second ||
           (first->file && second->file && first->area->u.Flags.Image &&
            second->area->u.Flags.Image &&
            first->file->SectionObjectPointer.va == second->file->SectionObjectPointer.va);
}

NTSTATUS mm_are_mapped_files_the_same(struct mm_space *space, uint64_t a, uint64_t b)
{
    MMVAD_SHORT *first, *second;

    mi_lock_address_space(space);
    NTSTATUS status = find_vad(space, a, &first);
    if (NT_SUCCESS(status))
        status = find_vad(space, b, &second);
    if (NT_SUCCESS(status) && (!mi_vad_is_view(first) || !mi_vad_is_view(second)))
        status = STATUS_CONFLICTING_ADDRESSES;
    if (NT_SUCCESS(status) && !is_same_file(space->mm, first, second))
        status = STATUS_NOT_SAME_DEVICE;
    mi_unlock_address_space(space);
    return status;
}
