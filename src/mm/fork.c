/* src/mm/fork.c: a new process gets a copy of another's address space.
 *
 *      the parent's PTE         is then                   the child's
 *      zero                     zero                      zero: as the VAD says
 *      demand zero, decommitted the same                  the same
 *      valid, private           valid, CopyOnWrite        names the block of the page (clone.c)
 *      transition, page file    names the block           names the block
 *      of a fork before         the same                  names the block
 *      of a section             the same                  zero, or lookup with its protection
 *
 * So no page is copied here, and the child has none in its working set. Its ranges:
 *
 *      private memory           as in the parent, with its charge; a write watch with what it saw
 *      images                   as in the parent, relocated or hooked as they are there
 *      views, ViewShare         as in the parent; copies of write-copy views are copied
 *      views, ViewUnmap         left out
 *      large private pages, AWE left out: they cannot be shared page by page
 *
 * The parent's locks are held while its pages are shared, so the copy is of one moment; what the
 * child is to have is noted down, and entered under the child's locks after that. The two
 * processes' locks are never held together. What fails on the way is undone by releasing what was
 * noted; pages that were shared already belong to the parent alone again.
 *
 * Source: Windows Internals 6, part 1, ch. 5, on process cloning; NtMapViewOfSection,
 * documentation, parameter InheritDisposition.
 */
#include <stdlib.h>

#include "mm/clone.h"
#include "mm/frames.h"
#include "mm/system.h"
#include "mm/vad.h"
#include "mm/wset.h"
#include "nt/info.h"

#define TABLES_MOST 3u /* that one PTE may need */

struct copied_vad {
    MMVAD_SHORT *vad;           /* the child's */
    struct mi_control *control; /* referenced; NULL: private memory */
};

struct copied_pte {
    uint64_t va;
    MMPTE value;
};

/* A fork in progress. */
struct fork {
    struct mm *mm;
    struct mm_space *parent, *child;
    struct mi_flush flush;     /* the parent's */
    MMCLONE_DESCRIPTOR *fresh; /* the parent's for this fork; NULL: no page needs a block */
    MMCLONE_BLOCK *block;      /* the next that is free */
    MMCLONE_DESCRIPTOR **child_descriptor;
    size_t descriptors;
    struct copied_vad *vad;
    size_t vads, vads_entered;
    struct copied_pte *pte;
    size_t ptes, ptes_entered;
};

/* ---- what is copied -------------------------------------------------------------------------- */

static bool is_copied(const MMVAD_SHORT *vad)
{
    if (mi_vad_is_view(vad))
        return vad->u.VadFlags.VadType == MI_VAD_IMAGE_MAP ||
               ((const MMVAD *)vad)->u2.VadFlags2.Inherit;
    return vad->u.VadFlags.VadType != MI_VAD_AWE && !mi_vad_is_large(vad) &&
           vad->StartingVpn != MI_VPN(MM_SHARED_USER_DATA_VA); /* every process has that */
}

/* A page that has no block yet, and is to have one. */
static bool needs_block(const struct mm *mm, MMPTE pte)
{
    if (pte.u.Hard.Valid)
        return !mi_pte_is_shared(mm, pte);
    return mi_pte_holds_frame(pte) || mi_pte_in_page_file(pte);
}

/* => (W) of the parent */
static void count_pages(const struct fork *fork, const MMVAD_SHORT *vad, size_t *ptes,
                        uint64_t *blocks)
{
    uint64_t end = MI_VA(vad->EndingVpn + 1);
    MMPTE *pte;

    for (uint64_t va = MI_VA(vad->StartingVpn); (pte = mi_next_pte(fork->parent, &va, end)) != NULL;
         va += PAGE_SIZE) {
        MMPTE value = mi_read_pte(pte);
        *ptes += value.u.Long != 0;
        *blocks += needs_block(fork->mm, value);
    }
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* The child refers to all that the parent refers to. */
static NTSTATUS refer(struct fork *fork)
{
    const MMCLONE_DESCRIPTOR *from = mi_clone_find_from(fork->parent, 0);
    size_t count = 0;

    for (const MMCLONE_DESCRIPTOR *at = from; at;
         at = mi_clone_find_from(fork->parent, at->EndingCloneBlock + 1))
        count++;
    fork->child_descriptor = calloc(count + 1, sizeof(*fork->child_descriptor));
    if (!fork->child_descriptor)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (; from; from = mi_clone_find_from(fork->parent, from->EndingCloneBlock + 1)) {
        MMCLONE_DESCRIPTOR *same = mi_clone_refer(fork->mm, from);
        if (!same)
            return STATUS_INSUFFICIENT_RESOURCES;
        fork->child_descriptor[fork->descriptors++] = same;
    }
    return STATUS_SUCCESS;
}

/* Blocks for `count` pages that have none. */
static NTSTATUS make_blocks(struct fork *fork, uint64_t count)
{
    if (count == 0)
        return STATUS_SUCCESS;
    NTSTATUS status = mi_clone_make_root(fork->parent);
    if (NT_SUCCESS(status)) {
        fork->fresh = mi_clone_create(fork->mm, count);
        status = fork->fresh ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!NT_SUCCESS(status))
        return status;
    fork->block = kspace_host(&fork->mm->ke->ks, fork->fresh->StartingCloneBlock);
    mi_clone_insert(fork->parent, fork->fresh);
    return STATUS_SUCCESS;
}

static MMCLONE_DESCRIPTOR *child_descriptor_of(const struct fork *fork, uint64_t block_va)
{
    size_t i = 0;

    while (block_va < fork->child_descriptor[i]->StartingCloneBlock ||
           block_va > fork->child_descriptor[i]->EndingCloneBlock)
        i++;
    return fork->child_descriptor[i];
}

/* ---- the parent's pages: => (CW) of the parent ------------------------------------------------
 */

static void note_pte(struct fork *fork, uint64_t va, MMPTE value)
{
    fork->pte[fork->ptes++] = (struct copied_pte){va, value};
}

/* The child will have a PTE that names the block; it is counted already. */
static void note_reference(struct fork *fork, uint64_t va, uint64_t block_va, unsigned protection)
{
    child_descriptor_of(fork, block_va)->NumberOfReferences++;
    note_pte(fork, va, mi_away_fork_pte(block_va, protection));
}

/* A page of a fork before: one process more refers to it. */
static void share_again(struct fork *fork, uint64_t va, MMPTE value)
{
    uint64_t block_va = mi_clone_block_va(fork->mm, value);
    MMCLONE_BLOCK *block = kspace_host(&fork->mm->ke->ks, block_va);

    mi_lock_pfn_with(fork->mm, block);
    block->CloneRefCount++;
    ke_release_lock(&fork->mm->pfn_lock);
    note_reference(fork, va, block_va, mi_pte_protection(fork->mm, value, NULL));
}

/* The next block gets the page that a private PTE had. A page without a copy in a paging file is
 * modified from now on: it is no longer one that a page of zeroes will do for. => (P), with it */
static MMCLONE_BLOCK *fill_block(struct fork *fork, MMPTE value)
{
    MMCLONE_BLOCK *block = fork->block++;

    if (mi_pte_holds_frame(value)) {
        MMPFN *page = mi_pfn(fork->mm, value.u.Hard.PageFrameNumber);
        if ((value.u.Hard.Valid && value.u.Hard.Dirty) || !mi_pte_in_page_file(page->OriginalPte))
            mi_page_changed(fork->mm, page);
    }
    mi_proto_adopt(fork->mm, &block->ProtoPte, value);
    block->CloneRefCount = 2;
    return block;
}

static void note_block(struct fork *fork, uint64_t va, const MMCLONE_BLOCK *block,
                       unsigned protection)
{
    fork->fresh->NumberOfReferences++;
    note_reference(fork, va, h2k(&fork->mm->ke->ks, block), protection);
}

/* A private page that is not valid. What it is may change until the lock is held. */
static void share_away(struct fork *fork, MMPTE *pte, uint64_t va)
{
    struct mm *mm = fork->mm;
    const MMCLONE_BLOCK *block = NULL;

    mi_lock_pfn_with(mm, fork->block);
    MMPTE value = mi_read_pte(pte);
    unsigned protection = value.u.Soft.Protection;
    if (needs_block(mm, value)) {
        block = fill_block(fork, value);
        mi_change_pte(mm, pte, mi_away_fork_pte(h2k(&mm->ke->ks, block), protection));
    }
    ke_release_lock(&mm->pfn_lock);
    if (block)
        note_block(fork, va, block, protection);
    else
        note_pte(fork, va, value);
}

/* A private page in the working set: it stays there, without the right to be written. */
static void share_valid(struct fork *fork, MMPTE *pte, uint64_t va)
{
    struct mm *mm = fork->mm;
    MMPTE value = mi_read_pte(pte);
    uint64_t pfn = value.u.Hard.PageFrameNumber;
    unsigned protection = mi_pte_protection(mm, value, NULL);
    MMPTE now = mi_fork_page_pte(pfn, protection);

    now.u.Hard.Accessed = value.u.Hard.Accessed;
    value = mi_change_pte(mm, pte, now);
    if (value.u.Hard.Dirty1)
        mi_flush_page(&fork->flush, va, pfn);
    mi_note_written(fork->parent, va, value);
    mi_wsle_make_shared(fork->parent, va, pfn);
    mi_lock_pfn_with(mm, fork->block);
    const MMCLONE_BLOCK *block = fill_block(fork, value);
    ke_release_lock(&mm->pfn_lock);
    note_block(fork, va, block, protection);
}

/* A page that is the process's own. Without room in the hash table it leaves the working set.
 * => STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT: it may not, as it is locked */
static NTSTATUS share_private(struct fork *fork, MMPTE *pte, uint64_t va)
{
    if (mi_read_pte(pte).u.Hard.Valid) {
        NTSTATUS status = mi_wshash_reserve(fork->parent);
        if (NT_SUCCESS(status)) {
            share_valid(fork, pte, va);
            return status;
        }
        if (mi_page_is_locked(fork->parent, va))
            return status;
        mi_trim_page(&fork->flush, pte, va);
        mi_flush_end(&fork->flush);
    }
    share_away(fork, pte, va);
    return STATUS_SUCCESS;
}

/* A page of a section: the child's view says it all, unless its protection was changed. */
static void copy_section_page(struct fork *fork, const MMVAD_SHORT *vad, uint64_t va, MMPTE value)
{
    unsigned usual, protection;

    (void)mi_view_page(fork->parent, vad, va, (MMPTE){.u.Long = 0}, &usual);
    (void)mi_view_page(fork->parent, vad, va, value, &protection);
    if (protection != usual)
        note_pte(fork, va, mi_lookup_pte(protection));
}

static NTSTATUS copy_page(struct fork *fork, const MMVAD_SHORT *vad, MMPTE *pte, uint64_t va)
{
    MMPTE value = mi_read_pte(pte);

    if (value.u.Long == 0)
        return STATUS_SUCCESS;
    if (needs_block(fork->mm, value))
        return share_private(fork, pte, va);
    if (mi_pte_is_fork(fork->mm, value))
        share_again(fork, va, value);
    else if (value.u.Hard.Valid)
        copy_section_page(fork, vad, va, value);
    else
        note_pte(fork, va, value);
    return STATUS_SUCCESS;
}

static NTSTATUS copy_pages(struct fork *fork, const MMVAD_SHORT *vad)
{
    uint64_t end = MI_VA(vad->EndingVpn + 1);
    NTSTATUS status = STATUS_SUCCESS;
    MMPTE *pte;

    for (uint64_t va = MI_VA(vad->StartingVpn);
         NT_SUCCESS(status) && (pte = mi_next_pte(fork->parent, &va, end)) != NULL; va += PAGE_SIZE)
        status = copy_page(fork, vad, pte, va);
    return status;
}

/* ---- the parent's ranges --------------------------------------------------------------------- */

static MMVAD_SHORT *new_vad(struct mm *mm, const MMVAD_SHORT *vad)
{
    return vad->u.VadFlags.VadType == MI_VAD_WRITE_WATCH ? mi_watch_copy_vad(mm, vad)
                                                         : mi_vad_allocate(mm, mi_vad_is_view(vad));
}

static NTSTATUS copy_vad(struct fork *fork, const MMVAD_SHORT *vad)
{
    MMVAD_SHORT *copy = new_vad(fork->mm, vad);
    struct mi_control *control = NULL;

    if (!copy)
        return STATUS_INSUFFICIENT_RESOURCES;
    copy->StartingVpn = vad->StartingVpn;
    copy->EndingVpn = vad->EndingVpn;
    copy->u = vad->u;
    if (mi_vad_is_view(vad)) {
        const MMVAD *from = (const MMVAD *)vad;
        MMVAD *to = (MMVAD *)copy;
        to->u2 = from->u2;
        to->Subsection = from->Subsection;
        to->FirstPrototypePte = from->FirstPrototypePte;
        to->LastContiguousPte = from->LastContiguousPte;
        to->VadsProcess.va = h2k(&fork->mm->ke->ks, fork->child->process);
        control = mi_control_of_vad(fork->mm, vad);
        mi_control_reference(control);
    }
    fork->vad[fork->vads++] = (struct copied_vad){copy, control};
    return STATUS_SUCCESS;
}

static NTSTATUS prepare(struct fork *fork)
{
    uint64_t blocks = 0;
    size_t ptes = 0, vads = 0;

    for (MMVAD_SHORT *vad = mi_vad_first(fork->parent); vad; vad = mi_vad_next(fork->parent, vad)) {
        if (!is_copied(vad))
            continue;
        vads++;
        count_pages(fork, vad, &ptes, &blocks);
    }
    fork->vad = calloc(vads + 1, sizeof(*fork->vad));
    fork->pte = calloc(ptes + 1, sizeof(*fork->pte));
    NTSTATUS status =
        fork->vad && fork->pte ? make_blocks(fork, blocks) : STATUS_INSUFFICIENT_RESOURCES;
    return NT_SUCCESS(status) ? refer(fork) : status; /* to the new blocks as well */
}

/* What this fork made for the parent, and nothing came of. */
static void drop_unused(struct fork *fork)
{
    if (fork->fresh && fork->fresh->NumberOfReferences == 0) {
        mi_clone_remove(fork->parent, fork->fresh);
        mi_clone_dereference(fork->mm, fork->fresh);
    }
    mi_clone_trim_root(fork->parent);
}

static NTSTATUS copy_parent(struct fork *fork)
{
    struct mm_space *parent = fork->parent;

    mi_lock_address_space(parent);
    NTSTATUS status = mi_space_status(parent);
    if (NT_SUCCESS(status)) {
        mi_lock_working_set(parent);
        mi_flush_begin(&fork->flush, parent);
        status = prepare(fork);
        for (MMVAD_SHORT *vad = mi_vad_first(parent); vad && NT_SUCCESS(status);
             vad = mi_vad_next(parent, vad)) {
            if (!is_copied(vad))
                continue;
            status = copy_pages(fork, vad);
            if (NT_SUCCESS(status))
                status = copy_vad(fork, vad); /* with what was written until now */
        }
        mi_flush_end(&fork->flush);
        drop_unused(fork);
        mi_unlock_working_set(parent);
    }
    mi_unlock_address_space(parent);
    return status;
}

/* ---- the child ------------------------------------------------------------------------------- */

/* => (W) of the child, which has a root */
static void enter_descriptors(struct fork *fork)
{
    for (size_t i = 0; i < fork->descriptors; i++) {
        MMCLONE_DESCRIPTOR *descriptor = fork->child_descriptor[i];
        if (descriptor->NumberOfReferences > 0)
            mi_clone_insert(fork->child, descriptor);
        else
            mi_clone_dereference(fork->mm, descriptor);
    }
}

/* => (C) of the child */
static NTSTATUS enter_vad(struct fork *fork, const struct copied_vad *copied)
{
    struct mm_space *child = fork->child;
    MMVAD_SHORT *vad = copied->vad;
    NTSTATUS status = mi_vad_is_large(vad) ? mi_enter_large(child, vad, NULL)
                                           : mi_vad_enter(child, vad, mi_vad_commit(vad));

    if (!NT_SUCCESS(status))
        return status;
    if (copied->control)
        mi_control_add_view(copied->control, (MMVAD *)vad);
    fork->vads_entered++;
    return STATUS_SUCCESS;
}

/* Write PTEs until there is no memory for a page table. */
static NTSTATUS enter_some_ptes(struct fork *fork)
{
    NTSTATUS status = STATUS_SUCCESS;
    MMPTE *pte;

    mi_lock_working_set(fork->child);
    while (fork->ptes_entered < fork->ptes) {
        const struct copied_pte *copied = &fork->pte[fork->ptes_entered];
        status = mi_make_pte(fork->child, copied->va, &pte);
        if (!NT_SUCCESS(status))
            break;
        mi_change_pte(fork->mm, pte, copied->value);
        fork->ptes_entered++;
    }
    mi_unlock_working_set(fork->child);
    return status;
}

/* => (C) of the child */
static NTSTATUS enter_ptes(struct fork *fork)
{
    unsigned waits = 0;
    NTSTATUS status;

    while ((status = enter_some_ptes(fork)) == STATUS_NO_MEMORY) {
        if (!mi_make_room(fork->mm, TABLES_MOST) && !mi_wait_for_room(fork->child, waits++))
            break;
    }
    return status;
}

static NTSTATUS enter_child(struct fork *fork)
{
    NTSTATUS status = STATUS_SUCCESS;

    for (size_t i = 0; i < fork->vads && NT_SUCCESS(status); i++)
        status = enter_vad(fork, &fork->vad[i]);
    return NT_SUCCESS(status) ? enter_ptes(fork) : status;
}

/* References that were counted, and that no PTE of the child has. => (W) of the child */
static void release_ptes(struct fork *fork)
{
    for (size_t i = fork->ptes_entered; i < fork->ptes; i++) {
        if (mi_pte_is_away_fork(fork->pte[i].value))
            mi_clone_release(fork->child, mi_away_fork_block_va(fork->pte[i].value));
    }
}

static void free_vads(struct fork *fork)
{
    for (size_t i = 0; i < fork->vads; i++) {
        if (i >= fork->vads_entered)
            mi_vad_free(fork->mm, fork->vad[i].vad);
        if (fork->vad[i].control)
            mi_control_dereference(fork->vad[i].control);
    }
}

NTSTATUS mm_clone_address_space(struct mm_space *parent, struct mm_space *child)
{
    struct fork fork = {.mm = parent->mm, .parent = parent, .child = child};

    mi_lock_working_set(child);
    NTSTATUS status = mi_clone_make_root(child);
    mi_unlock_working_set(child);
    if (NT_SUCCESS(status))
        status = copy_parent(&fork);
    mi_lock_address_space(child);
    mi_lock_working_set(child);
    enter_descriptors(&fork);
    mi_unlock_working_set(child);
    if (NT_SUCCESS(status))
        status = enter_child(&fork);
    mi_lock_working_set(child);
    release_ptes(&fork);
    mi_clone_trim_root(child);
    mi_unlock_working_set(child);
    mi_unlock_address_space(child);
    free_vads(&fork);
    free(fork.vad);
    free(fork.pte);
    free(fork.child_descriptor);
    return status;
}
