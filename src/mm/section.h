/* src/mm/section.h: control areas, segments and prototype PTEs, inside mm. See section.c.
 *
 * Locks: (P) PFN lock; (G) SEGMENT.SegmentLock, under the working set lock, taken by who fills
 * prototype PTEs; (L) mm->sections_lock, likewise. (G) and (L) are never held together.
 */
#pragma once

#include "mm/mi.h"
#include "pe/pe.h"

/* Host-side companion of a control area. */
struct mi_control {
    struct list_node link; /* (L) mm->controls */
    struct mm *mm;
    CONTROL_AREA *area;
    SEGMENT *segment;
    MMPTE *ptes;    /* the prototype PTEs: a flat array; written under (P) */
    uint64_t pages; /* how many */
    FILE_OBJECT *file;
    bool shared;           /* found through the file's SectionObjectPointer */
    struct pe_image image; /* of an image: contents */
    uint64_t base;         /* (L) where an image's pages are relocated to */
    bool placed;           /* (L) it may have pages, so base stays */
};

/* What follows the prototype PTEs in a segment's pool block: the way to its companion. */
struct mi_segment_tail {
    uint32_t id; /* index into mm->control_by_id */
};

/* ---- section.c ---- */

struct mi_control *mi_control_of(struct mm *mm, const SEGMENT *segment);
struct mi_control *mi_control_of_vad(struct mm *mm, const MMVAD_SHORT *vad);
/* A control area with `subsections` subsections and `pages` zero prototype PTEs, with one section
 * reference. => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS mi_control_create(struct mm *mm, FILE_OBJECT *file, uint32_t subsections, uint64_t pages,
                           struct mi_control **out);
SUBSECTION *mi_subsection(const struct mi_control *control, uint32_t index);
/* One more view; the last that goes with the last reference deletes all. => no lock but (C) held
 * for the first, none for the second */
void mi_control_add_view(struct mi_control *control, MMVAD *vad);
void mi_control_remove_view(struct mi_control *control, MMVAD *vad);

/* The pages of an image are made for `base` from now on. => (L) */
void mi_place_image(struct mi_control *control, uint64_t base);

/* ---- imagesec.c ---- */

/* The prototype PTEs of an image at `base`. => STATUS_INVALID_IMAGE_FORMAT, ... */
NTSTATUS mi_create_image_control(struct mm *mm, const struct pe_image *image, uint64_t base,
                                 FILE_OBJECT *file, struct mi_control **out);
/* The contents of page `index`. */
NTSTATUS mi_read_image_page(const struct mi_control *control, uint64_t index, void *page);

/* ---- proto.c ---- */

/* A process PTE that says: look at the prototype, with this protection. */
#define MI_PTE_LOOKUP_NEEDED 0xFFFFFFFFu

static inline MMPTE mi_lookup_pte(unsigned protection)
{
    return (MMPTE){
        .u.Soft = {.Protection = protection, .Prototype = 1, .PageFileHigh = MI_PTE_LOOKUP_NEEDED}};
}

/* The PTE of a user address; zero, which means the same, when it has no page table. => (W) */
static inline MMPTE mi_pte_or_zero(const struct mm_space *space, uint64_t va)
{
    MMPTE *pte = mi_find_pte(space, va);

    return pte ? mi_read_pte(pte) : (MMPTE){.u.Long = 0};
}

static inline bool mi_pte_is_lookup(MMPTE pte)
{
    return !pte.u.Hard.Valid && pte.u.Soft.Prototype;
}

static inline bool mi_vad_is_view(const MMVAD_SHORT *vad)
{
    return !vad->u.VadFlags.PrivateMemory;
}

static inline bool mi_protection_is_copy(unsigned protection)
{
    unsigned base = mi_protection_without_guard(protection);

    return base == MM_WRITECOPY || base == MM_EXECUTE_WRITECOPY;
}

/* What a page that is the process's own may do: a copy is written freely. */
unsigned mi_protection_of_copy(unsigned protection);

/* The prototype PTE of `va`. */
MMPTE *mi_proto_of(const struct mm *mm, const MMVAD_SHORT *vad, uint64_t va);
/* A page of a view. => false: not committed */
bool mi_view_page(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t va, MMPTE pte,
                  unsigned *protection);
/* Whether a valid PTE maps a page through a prototype. */
bool mi_pte_is_shared(const struct mm *mm, MMPTE pte);
/* Have the page of a prototype in memory, and count one more PTE that maps it.
 * => STATUS_NO_MEMORY, STATUS_IN_PAGE_ERROR, ...; (W) */
NTSTATUS mi_proto_fault(struct mm_space *space, const MMVAD_SHORT *vad, MMPTE *proto,
                        uint64_t *pfn);
/* One PTE less maps `pfn`; with the last, it leaves for the standby or modified list. */
void mi_unshare_page(struct mm *mm, uint64_t pfn);
/* Its pages are to be lost when written: mark `pfn` as changed. */
void mi_note_dirty(struct mm *mm, uint64_t pfn);
/* Take a standby page away from its prototype. => (P); it is on no list any more */
void mi_repurpose(struct mm *mm, uint64_t pfn);
/* Free the page of a prototype that nothing maps. */
void mi_proto_delete(struct mm *mm, MMPTE *proto);
/* The valid PTE for a page of a view. */
MMPTE mi_shared_page_pte(uint64_t pfn, unsigned protection);

/* ---- view.c ---- */

/* How many pages of first..last count towards the charge: those with copies, or that get one when
 * written. => (W) */
uint64_t mi_view_charge(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t first,
                        uint64_t last);
/* The view's pages, VAD and charge go; the VAD's block and the control area are the caller's.
 * => (CW) */
void mi_view_remove(struct mm_space *space, struct mi_flush *flush, MMVAD_SHORT *vad);
/* What remains after mi_view_remove. => no locks */
void mi_view_release(struct mm *mm, MMVAD_SHORT *vad);
/* NtAllocateVirtualMemory with MEM_COMMIT in a view. => (C)
 * STATUS_ALREADY_COMMITTED: not of a section that was reserved */
NTSTATUS mi_commit_view(struct mm_space *space, MMVAD_SHORT *vad, uint64_t first, uint64_t last,
                        unsigned protection);
/* One page of a view gets another protection. => (W) */
void mi_protect_view_page(struct mi_flush *flush, MMPTE *pte, uint64_t va, unsigned protection);
/* NtProtectVirtualMemory in a view. => (CW), tables exist */
NTSTATUS mi_protect_view(struct mm_space *space, MMVAD_SHORT *vad, uint64_t first, uint64_t last,
                         unsigned protection);
/* Whether a view (or page of one) may have `wanted` when `granted` is what it comes from. */
bool mi_protection_is_compatible(unsigned wanted, unsigned granted);
