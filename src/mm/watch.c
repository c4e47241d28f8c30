/* src/mm/watch.c: which pages of an allocation were written (MEM_WRITE_WATCH), and contents that
 * are of no more use (MEM_RESET).
 *
 *      MMVAD_SHORT, VadType VadWriteWatch | gap | RTL_BITMAP --> one bit for each page
 *
 * A page was written since the watch began, or since it was last reset, when the processor set
 * Dirty in its valid PTE, or when its bit is set: it gets that when the PTE goes, or loses its
 * Dirty bit, while it says so. So watching costs the program nothing when it writes. A reset clears
 * both, and has every processor forget the PTE, so that the next write sets Dirty again; the page
 * is marked as changed before that, since its copy in a paging file is as old as it was.
 *
 * MEM_RESET leaves pages where they are, but makes them clean without a copy anywhere: while they
 * stay in memory they have their contents, and when they leave they are as if never touched. What
 * is in a paging file or on its way there goes at once.
 *
 * Source: GetWriteWatch, ResetWriteWatch, VirtualAlloc, documentation.
 */
#include <string.h>

#include "mm/check.h"
#include "mm/clone.h"
#include "mm/section.h"
#include "mm/vad.h"

static const MMPTE dirty_bit = {.u.Hard = {.Dirty = 1}};

/* ---- watches --------------------------------------------------------------------------------- */

/* The block of such a VAD. */
struct watched_vad {
    MMVAD_SHORT vad;
    struct mi_vad_gap gap; /* as every VAD has it */
    RTL_BITMAP written;    /* (W) */
};

static RTL_BITMAP *bitmap_of(const MMVAD_SHORT *vad)
{
    return &((struct watched_vad *)(uintptr_t)vad)->written;
}

static struct bitmap written_pages(const struct mm *mm, const MMVAD_SHORT *vad)
{
    const RTL_BITMAP *written = bitmap_of(vad);

    return (struct bitmap){(uint64_t *)(void *)k2h(&mm->ke->ks, written->Buffer),
                           written->SizeOfBitMap};
}

MMVAD_SHORT *mi_watch_allocate_vad(struct mm *mm, uint64_t pages)
{
    size_t size = BITMAP_WORDS(pages) * sizeof(uint64_t);
    struct watched_vad *block = ex_allocate_pool(mm, NonPagedPool, sizeof(*block), mm_tag("VadS"));
    uint64_t *words = block ? ex_allocate_pool(mm, NonPagedPool, size, mm_tag("Mmww")) : NULL;

    if (!words) {
        if (block)
            ex_free_pool(mm, block);
        return NULL;
    }
    memset(words, 0, size);
    memset(block, 0, sizeof(*block));
    block->written.SizeOfBitMap = (ULONG)pages;
    block->written.Buffer.va = h2k(&mm->ke->ks, words);
    block->vad.u.VadFlags.PrivateMemory = 1;
    block->vad.u.VadFlags.VadType = MI_VAD_WRITE_WATCH;
    return &block->vad;
}

void mi_watch_free(struct mm *mm, MMVAD_SHORT *vad)
{
    ex_free_pool(mm, k2h(&mm->ke->ks, bitmap_of(vad)->Buffer));
}

void mi_watch_begin(struct mm_space *space)
{
    static const EPROCESS watching = {.WriteWatch = 1};

    space->watched = true;
    __atomic_fetch_or(&space->process->Flags, watching.Flags, __ATOMIC_RELAXED);
}

void mi_watch_note(struct mm_space *space, uint64_t va)
{
    MMVAD_SHORT *vad = mi_vad_find(space, MI_VPN(va));

    if (vad && vad->u.VadFlags.VadType == MI_VAD_WRITE_WATCH) {
        struct bitmap written = written_pages(space->mm, vad);
        bitmap_set(&written, MI_VPN(va) - vad->StartingVpn);
    }
}

MMVAD_SHORT *mi_watch_copy_vad(struct mm *mm, const MMVAD_SHORT *vad)
{
    MMVAD_SHORT *copy = mi_watch_allocate_vad(mm, mi_vad_pages(vad));

    if (!copy)
        return NULL;
    struct bitmap to = written_pages(mm, copy), from = written_pages(mm, vad);
    memcpy(to.words, from.words, BITMAP_WORDS(from.bits) * sizeof(uint64_t));
    return copy;
}

/* Have in the bitmap what PTEs of start .. end say. => (W) */
static void collect(const struct mm_space *space, struct bitmap *written, const MMVAD_SHORT *vad,
                    uint64_t start, uint64_t end)
{
    MMPTE *pte;

    for (uint64_t va = start; (pte = mi_next_pte(space, &va, end)) != NULL; va += PAGE_SIZE) {
        MMPTE value = mi_read_pte(pte);
        if (value.u.Hard.Valid && value.u.Hard.Dirty)
            bitmap_set(written, MI_VPN(va) - vad->StartingVpn);
    }
}

/* From now on a page was not written. => (W) */
static void watch_again(struct mi_flush *flush, struct bitmap *written, uint64_t bit, uint64_t va)
{
    MMPTE *pte = mi_find_pte(flush->space, va);
    MMPTE value = pte ? mi_read_pte(pte) : (MMPTE){.u.Long = 0};

    bitmap_clear(written, bit);
    if (!value.u.Hard.Valid || !value.u.Hard.Dirty)
        return;
    mi_note_dirty(flush->space->mm, value.u.Hard.PageFrameNumber);
    __atomic_fetch_and(&pte->u.Long, ~dirty_bit.u.Long, __ATOMIC_RELAXED);
    mi_flush_page(flush, va, value.u.Hard.PageFrameNumber);
}

/* The watched VAD that holds all of start .. end. => (W) */
static NTSTATUS find_watched(const struct mm_space *space, uint64_t start, uint64_t end,
                             MMVAD_SHORT **vad)
{
    NTSTATUS status = mi_space_status(space);

    *vad = mi_vad_find(space, MI_VPN(start));
    if (!NT_SUCCESS(status))
        return status;
    if (!*vad || (*vad)->u.VadFlags.VadType != MI_VAD_WRITE_WATCH ||
        (*vad)->EndingVpn < MI_VPN(end - 1))
        return STATUS_INVALID_PARAMETER_1;
    return STATUS_SUCCESS;
}

NTSTATUS mm_get_write_watch(struct mm_space *space, uint64_t start, uint64_t end, bool reset,
                            uint64_t *addresses, size_t room, size_t *count)
{
    struct mi_flush flush;
    MMVAD_SHORT *vad;

    *count = 0;
    mi_lock_working_set(space);
    NTSTATUS status = find_watched(space, start, end, &vad);
    if (NT_SUCCESS(status) && room > 0) {
        struct bitmap written = written_pages(space->mm, vad);
        size_t last = MI_VPN(end - 1) - vad->StartingVpn;
        collect(space, &written, vad, MI_VA(MI_VPN(start)), end);
        mi_flush_begin(&flush, space);
        for (size_t bit = bitmap_next_set(&written, MI_VPN(start) - vad->StartingVpn);
             bit != BITMAP_NONE && bit <= last && *count < room;
             bit = bitmap_next_set(&written, bit + 1)) {
            addresses[*count] = MI_VA(vad->StartingVpn + bit);
            if (reset)
                watch_again(&flush, &written, bit, addresses[*count]);
            ++*count;
        }
        mi_flush_end(&flush);
    }
    mi_unlock_working_set(space);
    return status;
}

NTSTATUS mm_reset_write_watch(struct mm_space *space, uint64_t start, uint64_t end)
{
    struct mi_flush flush;
    MMVAD_SHORT *vad;

    mi_lock_working_set(space);
    NTSTATUS status = find_watched(space, start, end, &vad);
    if (NT_SUCCESS(status)) {
        struct bitmap written = written_pages(space->mm, vad);
        size_t last = MI_VPN(end - 1) - vad->StartingVpn;
        collect(space, &written, vad, MI_VA(MI_VPN(start)), end);
        mi_flush_begin(&flush, space);
        for (size_t bit = bitmap_next_set(&written, MI_VPN(start) - vad->StartingVpn);
             bit != BITMAP_NONE && bit <= last; bit = bitmap_next_set(&written, bit + 1))
            watch_again(&flush, &written, bit, MI_VA(vad->StartingVpn + bit));
        mi_flush_end(&flush);
    }
    mi_unlock_working_set(space);
    return status;
}

void mi_check_watch(struct mi_check *check, const MMVAD_SHORT *vad)
{
    MI_CHECK(check, bitmap_of(vad)->SizeOfBitMap == mi_vad_pages(vad),
             "VAD %llx: %llu pages, %u of them watched", (unsigned long long)vad->StartingVpn,
             (unsigned long long)mi_vad_pages(vad), (unsigned)bitmap_of(vad)->SizeOfBitMap);
}

/* ---- MEM_RESET ------------------------------------------------------------------------------- */

static void reset_page(struct mi_flush *flush, MMPTE *pte, uint64_t va)
{
    struct mm_space *space = flush->space;
    MMPTE value = mi_read_pte(pte);

    if (mi_pte_is_fork(space->mm, value))
        return; /* the others still need it */
    if (value.u.Hard.Valid) {
        mi_note_written(space, va, value);
        __atomic_fetch_and(&pte->u.Long, ~dirty_bit.u.Long, __ATOMIC_RELAXED);
        mi_flush_page(flush, va, value.u.Hard.PageFrameNumber);
        mi_page_useless(space->mm, value.u.Hard.PageFrameNumber);
    } else if (mi_pte_holds_frame(value) || mi_pte_in_page_file(value)) {
        mi_replace_page(flush, pte, va, mi_demand_zero_pte(value.u.Soft.Protection));
    }
}

void mi_reset_pages(struct mm_space *space, uint64_t first, uint64_t last)
{
    uint64_t end = MI_VA(last + 1);
    struct mi_flush flush;
    MMPTE *pte;

    mi_flush_begin(&flush, space);
    for (uint64_t va = MI_VA(first); (pte = mi_next_pte(space, &va, end)) != NULL; va += PAGE_SIZE)
        reset_page(&flush, pte, va);
    mi_flush_end(&flush);
}
