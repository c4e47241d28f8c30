/* src/mm/image.c: executable images in an address space.
 *
 * The one place where images enter. Every process gets copies of its own for now; section objects
 * will replace the inside: prototype PTEs instead of the filled pages, the same VAD.
 *
 *      range of the file       pages
 *      headers                 filled, read-only
 *      section, file data      filled, relocated, protection of the section
 *      section, behind it      demand zero
 *
 * The VAD is a view of an image (VadImageMap) with protection EXECUTE_WRITECOPY; each of its pages
 * has a PTE that is not zero and is charged. Writable sections are READWRITE, which is what a
 * write-copy page is once it has been written.
 */
#include <stdlib.h>
#include <string.h>

#include "mm/mi.h"
#include "nt/image.h"
#include "pe/pe.h"

struct view {
    struct mm_space *space;
    const struct pe_image *image;
    MMVAD_SHORT *vad;
    uint64_t base;
    uint64_t pages;
    struct mi_flush flush;
};

static unsigned section_protection(uint32_t characteristics)
{
    static const unsigned protection[2][2][2] = {
        /* execute, write, read */
        {{MM_NOACCESS, MM_READONLY}, {MM_READWRITE, MM_READWRITE}},
        {{MM_EXECUTE, MM_EXECUTE_READ}, {MM_EXECUTE_READWRITE, MM_EXECUTE_READWRITE}}};

    return protection[(characteristics & IMAGE_SCN_MEM_EXECUTE) != 0]
                     [(characteristics & IMAGE_SCN_MEM_WRITE) != 0]
                     [(characteristics & IMAGE_SCN_MEM_READ) != 0];
}

/* ---- where ---------------------------------------------------------------------------------- */

static bool is_usable_base(uint64_t base, uint64_t pages)
{
    return base % MM_ALLOCATION_GRANULARITY == 0 && base >= MM_LOWEST_USER_ADDRESS &&
           base <= MM_HIGHEST_VAD_ADDRESS && pages <= MI_VPN(MM_HIGHEST_VAD_ADDRESS + 1 - base);
}

/* => address creation lock held */
static NTSTATUS place(struct view *view, uint64_t wanted)
{
    uint64_t base = wanted ? wanted : view->image->base, first;

    if (is_usable_base(base, view->pages) &&
        mi_vad_range_is_free(view->space, MI_VPN(base), MI_VPN(base) + view->pages - 1)) {
        view->base = base;
    } else {
        if (wanted || !pe_is_relocatable(view->image))
            return STATUS_CONFLICTING_ADDRESSES;
        NTSTATUS status = mi_vad_find_hole(view->space, view->pages,
                                           MI_VPN(MM_HIGHEST_VAD_ADDRESS + 1), false, &first);
        if (!NT_SUCCESS(status))
            return status;
        view->base = MI_VA(first);
    }
    return view->base == view->image->base || pe_is_relocatable(view->image)
               ? STATUS_SUCCESS
               : STATUS_CONFLICTING_ADDRESSES;
}

/* ---- contents ------------------------------------------------------------------------------- */

static NTSTATUS fill_page(struct view *view, uint64_t va, const void *bytes, unsigned protection)
{
    struct mm_space *space = view->space;
    struct mm *mm = space->mm;
    MMPTE *pte = mi_find_pte(space, va);
    uint64_t pfn;

    if (!mi_allocate_page(mm, MI_PAGE_ANY, &pfn))
        return STATUS_NO_MEMORY;
    memcpy(mi_frame(mm, pfn), bytes, PAGE_SIZE);
    mi_initialize_pfn(mm, pfn, mi_pte_va(va), mi_frame_of(mm, pte), protection);
    bool accessible = mi_protection_readable(protection);
    mi_change_pte(mm, pte, mi_user_page_pte(pfn, accessible ? protection : MM_READONLY));
    mi_working_set_add(space);
    if (!accessible)
        mi_set_page_protection(&view->flush, pte, va, protection);
    return STATUS_SUCCESS;
}

static bool note_relocation(void *context, uint32_t rva, unsigned type)
{
    (void)rva;
    (void)type;
    *(bool *)context = true;
    return false;
}

/* How many bytes of the range have contents: its file data, or all of it when relocations reach
 * behind them. */
static uint64_t contents_of(const struct view *view, const struct pe_section *range)
{
    bool found = false;
    uint64_t size = range->virtual_size - range->raw_size;

    if (view->base == view->image->base || range->raw_size >= range->virtual_size)
        return range->raw_size;
    (void)pe_foreach_relocation(view->image, range->rva + range->raw_size, size, note_relocation,
                                &found);
    return found ? range->virtual_size : range->raw_size;
}

/* The bytes of a range as they are in memory, in whole pages; NULL in *out when it has none. */
static NTSTATUS read_range(const struct view *view, const struct pe_section *range, char **out,
                           uint64_t *size)
{
    uint64_t delta = view->base - view->image->base, contents = contents_of(view, range);

    *out = NULL;
    *size = MI_VA(MI_VPN(contents + PAGE_SIZE - 1));
    if (contents == 0)
        return STATUS_SUCCESS;
    char *bytes = calloc(1, *size);
    if (!bytes)
        return STATUS_NO_MEMORY;
    if ((range->raw_size && pe_read(view->image, range->rva, bytes, range->raw_size) != PE_OK) ||
        (delta != 0 && pe_relocate_range(view->image, delta, range->rva, bytes, *size) != PE_OK)) {
        free(bytes);
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    *out = bytes;
    return STATUS_SUCCESS;
}

/* A relocated image says in its header where it is. Source: observed on Vista and later. */
static void patch_image_base(const struct view *view, char *headers, uint64_t size)
{
    uint64_t offset = view->image->headers_offset + offsetof(IMAGE_NT_HEADERS64, OptionalHeader) +
                      offsetof(IMAGE_OPTIONAL_HEADER64, ImageBase);

    if (offset <= size && size - offset >= sizeof(view->base))
        memcpy(headers + offset, &view->base, sizeof(view->base));
}

/* => tables exist; (W) */
static NTSTATUS map_range(struct view *view, uint32_t index)
{
    struct mm *mm = view->space->mm;
    struct pe_section range;
    char *bytes;
    uint64_t size, pages;

    if (pe_range(view->image, index, &range) != PE_OK)
        return STATUS_INVALID_IMAGE_FORMAT;
    pages = MI_VPN((uint64_t)range.virtual_size + PAGE_SIZE - 1);
    if (range.rva % PAGE_SIZE != 0 || MI_VPN(range.rva) + pages > view->pages)
        return STATUS_INVALID_IMAGE_FORMAT;
    unsigned protection = index == 0 && !view->image->single_range
                              ? MM_READONLY
                              : section_protection(range.characteristics);
    NTSTATUS status = read_range(view, &range, &bytes, &size);
    if (bytes && index == 0)
        patch_image_base(view, bytes, size);
    for (uint64_t i = 0; NT_SUCCESS(status) && i < pages; i++) {
        uint64_t va = view->base + range.rva + MI_VA(i);
        if (MI_VA(i) < size)
            status = fill_page(view, va, bytes + MI_VA(i), protection);
        else
            mi_change_pte(mm, mi_find_pte(view->space, va), mi_demand_zero_pte(protection));
    }
    free(bytes);
    return status;
}

/* => (W) */
static NTSTATUS map_ranges(struct view *view)
{
    uint64_t end = view->base + MI_VA(view->pages);
    NTSTATUS status = mi_make_tables(view->space, view->base, end);

    for (uint32_t i = 0; NT_SUCCESS(status) && i < pe_range_count(view->image); i++)
        status = map_range(view, i);
    /* What no range covers is part of the view, but cannot be touched. */
    for (uint64_t va = view->base; NT_SUCCESS(status) && va < end; va += PAGE_SIZE) {
        MMPTE *pte = mi_find_pte(view->space, va);
        if (mi_read_pte(pte).u.Long == 0)
            mi_change_pte(view->space->mm, pte, mi_demand_zero_pte(MM_NOACCESS));
    }
    return status;
}

/* Take the view out again. => both locks held */
static void remove_view(struct view *view)
{
    struct mm_space *space = view->space;
    uint64_t end = view->base + MI_VA(view->pages);

    mi_delete_pages(&view->flush, view->base, end);
    mi_flush_end(&view->flush);
    mi_trim_tables(space, view->base, end);
    mi_vad_remove(space, view->vad);
    mi_virtual_size_add(space, -(int64_t)MI_VA(view->pages));
    mi_return_process_commit(space, view->pages, MI_COMMIT_USER);
}

/* => address creation lock held */
static NTSTATUS map_view(struct view *view, uint64_t wanted)
{
    struct mm_space *space = view->space;
    NTSTATUS status = place(view, wanted);

    if (!NT_SUCCESS(status))
        return status;
    if (!mi_charge_process_commit(space, view->pages, MI_COMMIT_USER))
        return STATUS_COMMITMENT_LIMIT;
    view->vad->StartingVpn = MI_VPN(view->base);
    view->vad->EndingVpn = view->vad->StartingVpn + view->pages - 1;
    view->vad->u.VadFlags.Protection = MM_EXECUTE_WRITECOPY;
    view->vad->u.VadFlags.CommitCharge = view->pages;
    mi_vad_enter(space, view->vad);
    mi_lock_working_set(space);
    mi_flush_begin(&view->flush, space);
    status = map_ranges(view);
    if (NT_SUCCESS(status))
        mi_flush_end(&view->flush);
    else
        remove_view(view);
    mi_unlock_working_set(space);
    return status;
}

NTSTATUS mm_map_image(struct mm_space *space, const struct pe_image *image, uint64_t *base,
                      uint64_t *size)
{
    struct view view = {.space = space,
                        .image = image,
                        .pages = MI_VPN((uint64_t)pe_size_of_image(image) + PAGE_SIZE - 1)};

    if (view.pages == 0 || image->base % MM_ALLOCATION_GRANULARITY != 0)
        return STATUS_INVALID_IMAGE_FORMAT;
    view.vad = mi_vad_allocate(space->mm, true);
    if (!view.vad)
        return STATUS_INSUFFICIENT_RESOURCES;
    mi_lock_address_space(space);
    NTSTATUS status = mi_space_status(space);
    if (NT_SUCCESS(status))
        status = map_view(&view, *base);
    mi_unlock_address_space(space);
    if (!NT_SUCCESS(status)) {
        mi_vad_free(space->mm, view.vad);
        return status;
    }
    *base = view.base;
    *size = MI_VA(view.pages);
    return view.base == image->base ? STATUS_SUCCESS : STATUS_IMAGE_NOT_AT_BASE;
}

/* NtUnmapViewOfSection: `base` may be any address in the view.
 * => STATUS_NOT_MAPPED_VIEW */
NTSTATUS mm_unmap_image(struct mm_space *space, uint64_t base)
{
    struct view view = {.space = space};

    if (base > MM_HIGHEST_VAD_ADDRESS)
        return STATUS_NOT_MAPPED_VIEW;
    mi_lock_address_space(space);
    view.vad = mi_vad_find(space, MI_VPN(base));
    if (!view.vad || view.vad->u.VadFlags.PrivateMemory) {
        mi_unlock_address_space(space);
        return STATUS_NOT_MAPPED_VIEW;
    }
    view.base = MI_VA(view.vad->StartingVpn);
    view.pages = mi_vad_pages(view.vad);
    mi_lock_working_set(space);
    mi_flush_begin(&view.flush, space);
    remove_view(&view);
    mi_unlock_working_set(space);
    mi_unlock_address_space(space);
    mi_vad_free(space->mm, view.vad);
    return STATUS_SUCCESS;
}
