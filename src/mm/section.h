/* src/mm/section.h: control areas, segments and prototype PTEs, inside mm. See section.c.
 *
 * Locks: (P) PFN lock; (G) SEGMENT.SegmentLock, under the working set lock, taken by who fills
 * prototype PTEs; (L) mm->sections_lock, likewise. (G) and (L) are never held together.
 */
#pragma once

#include "mm/space.h"
#include "pe/pe.h"

#define MI_SECTION_PAGES_MOST 0x7FFFFFFFu
#define MI_CLUSTER_PAGES 16u /* at most read or written at once: 64 KB */

struct mi_control;

/* Where the pages of a control area come from and go to. `read` is called with (W) and (G) or with
 * neither, `write` with any lock below (P); both may wait for the host, and for nothing else. */
struct mi_backing {
    /* Fill `count` frames with the pages from `page` on. => STATUS_END_OF_FILE (the file has become
     * shorter), what the host says */
    NTSTATUS (*read)(struct mi_control *control, uint64_t page, const uint64_t *pfn, size_t count);
    /* Write them back, as far as the file reaches. NULL: such pages go to a page file.
     * => STATUS_DISK_FULL, ...: some of them may not have been written */
    NTSTATUS (*write)(struct mi_control *control, uint64_t page, const uint64_t *pfn, size_t count);
};

/* Host-side companion of a control area. */
struct mi_control {
    struct list_node link; /* (L) mm->controls */
    struct mm *mm;
    CONTROL_AREA *area;
    SEGMENT *segment;
    const struct mi_backing *backing; /* NULL: a page file */
    MMPTE *ptes;    /* the prototype PTEs: a flat array; NULL: each subsection has its own */
    uint64_t pages; /* how many; of a data file (G), and only more */
    uint64_t size;  /* (A) SEGMENT.SizeOfSegment, for who may not touch paged pool */
    FILE_OBJECT *file;
    bool shared;           /* found through the file's SectionObjectPointer */
    uint64_t arrivals;     /* (L) references and views that there ever were */
    struct pe_image image; /* of an image: contents */
    uint64_t base;         /* (L) where an image's pages are relocated to */
    bool placed;           /* (L) it may have pages, so base stays */
    unsigned write_holds;  /* (P) mi_hold_writes */
};

/* What is in front of a CONTROL_AREA in its pool block: the way to its companion. Here, and not
 * with the segment, since that is in paged pool, and who writes pages or makes room may not touch
 * it. */
struct mi_area_front {
    uint64_t id; /* index into mm->control_table->by_id */
    uint64_t unused;
};
_Static_assert(sizeof(struct mi_area_front) == 16, "a control area begins like a pool block");

/* ---- section.c ---- */

/* All controls by their id. One that became too small stays until the machine ends, as others may
 * still be looking at it without a lock. */
struct mi_control_table {
    struct mi_control_table *smaller;
    uint32_t count;
    struct mi_control *by_id[]; /* (A), (L) to change; NULL: free */
};

struct mi_control *mi_control_of(struct mm *mm, const SEGMENT *segment);
struct mi_control *mi_control_of_area(struct mm *mm, const CONTROL_AREA *area);
/* The same for one that has pages, without (L). => (P); NULL: it is about to go */
struct mi_control *mi_control_of_area_with_pages(struct mm *mm, const CONTROL_AREA *area);
struct mi_control *mi_control_of_vad(struct mm *mm, const MMVAD_SHORT *vad);
/* A control area with `subsections` subsections and `pages` zero prototype PTEs, with one section
 * reference. A data file's (no PTEs) has one MSUBSECTION. => STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS mi_control_create(struct mm *mm, FILE_OBJECT *file, uint32_t subsections, uint64_t pages,
                           struct mi_control **out);
SUBSECTION *mi_subsection(const struct mi_control *control, uint32_t index);
/* One more view, one less. => no lock but (C) held */
enum mi_view_leaves { MI_VIEW_LEAVES_NOTHING, MI_VIEW_LEAVES_WRITES, MI_VIEW_LEAVES_UNUSED };
void mi_control_add_view(struct mi_control *control, MMVAD *vad);
enum mi_view_leaves mi_control_remove_view(struct mi_control *control, MMVAD *vad);
/* Do what a view that is gone left to do: write back what it wrote to a file, and with the last
 * reference delete all. => no locks */
void mi_control_view_left(struct mi_control *control, enum mi_view_leaves leaves);
/* One more reference, of somebody who is no user of the section: it is neither open nor mapped. */
void mi_control_reference(struct mi_control *control);
void mi_control_dereference(struct mi_control *control);
/* The control area that a file's pointers name, with one more reference; NULL: none. */
struct mi_control *mi_find_control(struct mm *mm, SECTION_OBJECT_POINTERS *sections, bool image,
                                   bool user);
/* Make a new control area the file's. => false: somebody else was faster */
bool mi_publish_control(struct mi_control *control);

/* The pages of an image are made for `base` from now on. => (L) */
void mi_place_image(struct mi_control *control, uint64_t base);

/* What a prototype PTE says of a page that is to be had from the file. */
MMPTE mi_subsection_pte(struct mm *mm, const SUBSECTION *subsection, unsigned protection);
/* The way back. => it is such a PTE */
SUBSECTION *mi_subsection_of_pte(struct mm *mm, MMPTE pte);
/* The control area of a prototype PTE that says or said `original`; NULL: of a page-file backed
 * section. => not (G) */
struct mi_control *mi_control_of_pte(struct mm *mm, MMPTE original);
/* Which page of its section such a prototype PTE stands for. */
uint64_t mi_page_of_proto(const struct mi_control *control, const MMPTE *proto, MMPTE original);

/* The subsection behind another; a data file's are added while others look. */
static inline SUBSECTION *mi_next_subsection(const struct kspace *ks, const SUBSECTION *subsection)
{
    uint64_t va = __atomic_load_n(&subsection->NextSubsection.va, __ATOMIC_ACQUIRE);

    return va ? kspace_host(ks, va) : NULL;
}

/* Prototype PTEs that follow one another. */
struct mi_run {
    SUBSECTION *subsection;
    MMPTE *ptes;
    uint64_t first, count; /* pages of the section */
};
/* The run at or behind page `from` of the section. => false: there are no more */
bool mi_next_run(const struct mi_control *control, uint64_t from, struct mi_run *run);

/* At the end of the machine. */
void mi_free_control_table(struct mm *mm);

/* ---- filesec.c ---- */

/* Have prototype PTEs for first .. first + count - 1 of a section. => no locks but (C)
 * STATUS_INSUFFICIENT_RESOURCES */
NTSTATUS mi_make_file_ptes(struct mi_control *control, uint64_t first, uint64_t count);
/* The subsections of a data file and their prototypes go. */
void mi_free_file_subsections(struct mi_control *control);

/* ---- flush.c ---- */

/* Write the modified pages of first .. first + count - 1 that are a data file's.
 * => the first error; what could not be written is still modified. No locks held */
NTSTATUS mi_flush_control(struct mi_control *control, uint64_t first, uint64_t count);

/* ---- imagesec.c ---- */

/* The prototype PTEs of an image at `base`. => STATUS_INVALID_IMAGE_FORMAT, ... */
NTSTATUS mi_create_image_control(struct mm *mm, const struct pe_image *image, uint64_t base,
                                 FILE_OBJECT *file, struct mi_control **out);

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

/* Others with Prototype name a page of a fork (clone.h). */
static inline bool mi_pte_is_lookup(MMPTE pte)
{
    return !pte.u.Hard.Valid && pte.u.Soft.Prototype &&
           pte.u.Soft.PageFileHigh == MI_PTE_LOOKUP_NEEDED;
}

static inline bool mi_vad_is_view(const MMVAD_SHORT *vad)
{
    return !vad->u.VadFlags.PrivateMemory;
}

static inline bool mi_protection_is_copy(unsigned protection)
{
    unsigned base = mi_protection_rights(protection);

    return base == MM_WRITECOPY || base == MM_EXECUTE_WRITECOPY;
}

/* What a page that is the process's own may do: a copy is written freely. */
unsigned mi_protection_of_copy(unsigned protection);

/* The prototype PTE of `va`. */
MMPTE *mi_proto_of(const struct mm *mm, const MMVAD_SHORT *vad, uint64_t va);
/* Which page of its section a view begins with. */
uint64_t mi_view_first_page(struct mm *mm, const MMVAD_SHORT *vad);
/* A page of a view. => false: not committed */
bool mi_view_page(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t va, MMPTE pte,
                  unsigned *protection);
/* The same, given what the prototype says. => (P), or nobody changes anything */
bool mi_view_page_by(const struct mm *mm, const MMVAD_SHORT *vad, MMPTE pte, MMPTE proto,
                     unsigned *protection);
/* Whether such a page, with that protection, counts towards the charge of the view. A reserved page
 * does as well: who commits it need not be this process. */
bool mi_view_page_is_charged(const struct mm *mm, MMPTE pte, unsigned protection);
/* Whether a valid PTE maps a page through a prototype. */
bool mi_pte_is_shared(const struct mm *mm, MMPTE pte);
/* Have the page of a prototype in memory, and count one more PTE that maps it. When it has to be
 * read first, *read says so, and the fault is to be tried again after that.
 * => STATUS_NO_MEMORY, STATUS_IN_PAGE_ERROR, ...; (W) */
NTSTATUS mi_proto_fault(struct mm_space *space, const MMVAD_SHORT *vad, MMPTE *proto, uint64_t *pfn,
                        struct mi_read *read);
/* The page of a prototype, which says `value` and is nobody's, is in the frame from now on; one PTE
 * maps it. => (G), or nobody else knows of the prototype */
void mi_proto_take(struct mm *mm, MMPTE *proto, MMPTE value, uint64_t pfn);
/* The same for the prototype of a page of a fork (clone.c). => STATUS_NO_MEMORY; (W) */
NTSTATUS mi_proto_fault_fork(struct mm *mm, MMPTE *proto, uint64_t *pfn, struct mi_read *read);
/* mi_proto_fault for who is no process: pages of files. => no locks, or (W) */
NTSTATUS mi_proto_have(struct mi_control *control, MMPTE *proto, uint64_t *pfn);
/* Read the page of a prototype, which says `value`, from the control area's file, with neighbours
 * (fileread.c); one PTE maps it. => STATUS_NO_MEMORY, STATUS_IN_PAGE_ERROR, ...; (G) */
NTSTATUS mi_proto_read(struct mi_control *control, MMPTE *proto, MMPTE value, uint64_t *pfn);
/* The same if it is in memory. => false: it is not */
bool mi_proto_share_resident(struct mm *mm, MMPTE *proto, uint64_t *pfn);
/* The same for a page that is in memory and was modified, which it is not any more. => MI_CLEAN: it
 * is not such a page; MI_BEING_WRITTEN: one that somebody is writing */
enum mi_modified { MI_CLEAN, MI_TAKEN, MI_BEING_WRITTEN };
enum mi_modified mi_proto_take_modified(struct mm *mm, MMPTE *proto, uint64_t *pfn);
/* One PTE less maps `pfn`; with the last, it leaves for the standby or modified list. */
void mi_unshare_pages(struct mm *mm, const struct mi_unshare *pages, size_t count);
static inline void mi_unshare_page(struct mm *mm, uint64_t pfn, bool dirty)
{
    mi_unshare_pages(mm, &(struct mi_unshare){pfn, dirty, 0}, 1);
}
/* Its pages are to be lost when written: mark `pfn` as changed. */
void mi_note_dirty(struct mm *mm, uint64_t pfn);
/* One page more (or less) of a file is in memory, by its OriginalPte. => (P) */
void mi_count_file_page(struct mm *mm, MMPTE original, int by);
/* Free the page of a prototype that nothing maps; it says `replacement` then. */
void mi_proto_delete(struct mm *mm, MMPTE *proto, MMPTE replacement);
void mi_proto_delete_locked(struct mm *mm, MMPTE *proto, MMPTE replacement); /* => (P), with it */
/* The prototype, which is zero, gets the page of a private PTE, which said `value`: valid, in
 * transition, or in a paging file. => (P), with it */
void mi_proto_adopt(struct mm *mm, MMPTE *proto, MMPTE value);
/* The other way: its page, which one valid PTE maps, belongs to that, at `pte_va` in `table`.
 * => (P), with it */
void mi_proto_give(struct mm *mm, MMPTE *proto, uint64_t pte_va, uint64_t table,
                   unsigned protection);
/* The valid PTE for a page of a view. */
MMPTE mi_shared_page_pte(uint64_t pfn, unsigned protection);

/* ---- view.c ---- */

/* PAGE_* that a view was mapped with. */
uint32_t mi_view_protect(const struct mm *mm, const MMVAD_SHORT *vad);
/* How many pages of first..last count towards the charge: those with copies, or that get one when
 * written. => (W) */
uint64_t mi_view_charge(const struct mm_space *space, const MMVAD_SHORT *vad, uint64_t first,
                        uint64_t last);
/* The view's pages, VAD and charge go; the VAD's block and the control area are the caller's.
 * => whether there may be page tables for it that became empty; (CW) */
bool mi_view_remove(struct mm_space *space, struct mi_flush *flush, MMVAD_SHORT *vad);
/* What remains after mi_view_remove; the block is freed. => no locks */
void mi_view_release(struct mm_space *space, MMVAD_SHORT *vad);
/* NtAllocateVirtualMemory with MEM_COMMIT in a view. => (C)
 * STATUS_ALREADY_COMMITTED: not of a section that was reserved */
NTSTATUS mi_commit_view(struct mm_space *space, MMVAD_SHORT *vad, uint64_t first, uint64_t last,
                        unsigned protection);
/* One page of a view gets another protection. => (W) */
void mi_protect_view_page(struct mi_flush *flush, MMPTE *pte, uint64_t va, unsigned protection);
/* NtProtectVirtualMemory in a view. => (CW), tables exist */
NTSTATUS mi_protect_view(struct mm_space *space, MMVAD_SHORT *vad, uint64_t first, uint64_t last,
                         unsigned protection);
/* A protection with the caching that all pages of the section have. */
unsigned mi_view_caching(const struct mi_control *control, unsigned protection);
/* Whether a view (or page of one) may have `wanted` when `granted` is what it comes from. */
bool mi_protection_is_compatible(unsigned wanted, unsigned granted);
