/* src/mm/clone.c: pages that processes share after a fork.
 *
 *      parent's PTE  --valid, CopyOnWrite--.        .--> frame; MMPFN.PteAddress = the ProtoPte
 *      child's PTE   --prototype format----+- MMCLONE_BLOCK: ProtoPte, CloneRefCount
 *      grandchild's  --prototype format----'   (paged pool, one array for each fork)
 *
 *      EPROCESS.CloneRoot -> MMCLONE_DESCRIPTOR -> MMCLONE_HEADER -> MMCLONE_BLOCK[]
 *                            (of each process)     (of each fork)
 *
 * A private page that was there when its process forked (fork.c) has a block since, and is shared
 * like a page of a section: its prototype PTE is in the block, the MMPFN names that, and ShareCount
 * counts the valid PTEs (proto.c). But who refers to it is counted too, valid or not:
 *
 *      CloneRefCount               PTEs of all processes that lead to the block; 0: no page
 *      NumberOfReferences          of a descriptor: PTEs of its process that lead to its blocks
 *      NumberOfProcessReferences   of a header: descriptors; with the last the array is freed
 *
 * Each process keeps the commit charge of its private memory, so a copy is always paid for, and
 * blocks are charged nothing (CloneCommitCharge is 0).
 *
 * A write makes a copy, or takes the page over when nobody else refers to it. No process writes to
 * the page itself. Protections are each process's own: a valid PTE keeps its in SoftwareWsIndex,
 * which the processor ignores and pages of sections leave 0, so that says which of the two it maps.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Prototype PTEs", and ch. 5 of part 1 on fork for
 * POSIX programs; the members' names from kernel debuggers.
 */
#include "mm/clone.h"

#include <string.h>

#include "mm/frames.h"
#include "mm/system.h"
#include "mm/vad.h"
#include "mm/wset.h"

static MM_AVL_TABLE *root_of(const struct mm_space *space)
{
    uint64_t va = space->process->CloneRoot.va;

    return va ? kspace_host(&space->mm->ke->ks, va) : NULL;
}

static MMCLONE_HEADER *header_of(const struct mm *mm, const MMCLONE_DESCRIPTOR *descriptor)
{
    return k2h(&mm->ke->ks, descriptor->CloneHeader);
}

/* ---- forms of PTEs --------------------------------------------------------------------------- */

MMPTE mi_fork_page_pte(uint64_t pfn, unsigned protection)
{
    MMPTE pte = mi_user_page_pte(pfn, protection);

    if (pte.u.Hard.Write) {
        pte.u.Hard.Write = 0;
        pte.u.Hard.Dirty1 = 0;
        pte.u.Hard.CopyOnWrite = 1;
    }
    pte.u.Hard.SoftwareWsIndex = protection;
    return pte;
}

bool mi_pte_is_fork(const struct mm *mm, MMPTE pte)
{
    if (pte.u.Hard.Valid)
        return pte.u.Hard.SoftwareWsIndex != 0 && mi_pte_is_shared(mm, pte);
    return mi_pte_is_away_fork(pte);
}

uint64_t mi_clone_block_va(const struct mm *mm, MMPTE pte)
{
    return pte.u.Hard.Valid ? mi_pfn(mm, pte.u.Hard.PageFrameNumber)->PteAddress.va
                            : mi_away_fork_block_va(pte);
}

/* ---- headers and descriptors ----------------------------------------------------------------- */

static MMCLONE_DESCRIPTOR *allocate_descriptor(struct mm *mm)
{
    MMCLONE_DESCRIPTOR *descriptor =
        ex_allocate_pool(mm, NonPagedPool, sizeof(*descriptor), mm_tag("MmCd"));

    if (descriptor)
        memset(descriptor, 0, sizeof(*descriptor));
    return descriptor;
}

/* The blocks, and an empty one more, so that reads of neighbours from a paging file end there. */
static MMCLONE_HEADER *allocate_header(struct mm *mm, uint64_t count)
{
    size_t size = (count + 1) * sizeof(MMCLONE_BLOCK);
    MMCLONE_HEADER *header = ex_allocate_pool(mm, NonPagedPool, sizeof(*header), mm_tag("MmCh"));
    MMCLONE_BLOCK *blocks = header ? ex_allocate_pool(mm, PagedPool, size, mm_tag("MmCl")) : NULL;

    if (!blocks) {
        if (header)
            ex_free_pool(mm, header);
        return NULL;
    }
    memset(blocks, 0, size);
    header->NumberOfPtes = count;
    header->NumberOfProcessReferences = 1;
    header->ClonePtes.va = h2k(&mm->ke->ks, blocks);
    return header;
}

MMCLONE_DESCRIPTOR *mi_clone_create(struct mm *mm, uint64_t count)
{
    MMCLONE_DESCRIPTOR *descriptor = allocate_descriptor(mm);
    MMCLONE_HEADER *header = descriptor ? allocate_header(mm, count) : NULL;

    if (!header) {
        if (descriptor)
            ex_free_pool(mm, descriptor);
        return NULL;
    }
    descriptor->StartingCloneBlock = header->ClonePtes.va;
    descriptor->EndingCloneBlock = header->ClonePtes.va + count * sizeof(MMCLONE_BLOCK) - 1;
    descriptor->NumberOfPtes = count;
    descriptor->CloneHeader.va = h2k(&mm->ke->ks, header);
    return descriptor;
}

MMCLONE_DESCRIPTOR *mi_clone_refer(struct mm *mm, const MMCLONE_DESCRIPTOR *to)
{
    MMCLONE_DESCRIPTOR *descriptor = allocate_descriptor(mm);

    if (!descriptor)
        return NULL;
    descriptor->StartingCloneBlock = to->StartingCloneBlock;
    descriptor->EndingCloneBlock = to->EndingCloneBlock;
    descriptor->NumberOfPtes = to->NumberOfPtes;
    descriptor->CloneHeader = to->CloneHeader;
    __atomic_fetch_add(&header_of(mm, to)->NumberOfProcessReferences, 1, __ATOMIC_RELAXED);
    return descriptor;
}

void mi_clone_dereference(struct mm *mm, MMCLONE_DESCRIPTOR *descriptor)
{
    MMCLONE_HEADER *header = header_of(mm, descriptor);

    ASSERT(descriptor->NumberOfReferences == 0);
    ex_free_pool(mm, descriptor);
    if (__atomic_sub_fetch(&header->NumberOfProcessReferences, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    ex_free_pool(mm, k2h(&mm->ke->ks, header->ClonePtes));
    ex_free_pool(mm, header);
}

/* ---- a process's tree ------------------------------------------------------------------------ */

NTSTATUS mi_clone_make_root(struct mm_space *space)
{
    struct mm *mm = space->mm;

    if (root_of(space))
        return STATUS_SUCCESS;
    MM_AVL_TABLE *table = ex_allocate_pool(mm, NonPagedPool, sizeof(*table), mm_tag("MmCr"));
    if (!table)
        return STATUS_INSUFFICIENT_RESOURCES;
    mi_avl_initialize(mm, table);
    space->process->CloneRoot.va = h2k(&mm->ke->ks, table);
    return STATUS_SUCCESS;
}

void mi_clone_trim_root(struct mm_space *space)
{
    MM_AVL_TABLE *table = root_of(space);

    if (!table || table->NumberGenericTableElements > 0)
        return;
    space->process->CloneRoot.va = 0;
    ex_free_pool(space->mm, table);
}

void mi_clone_insert(struct mm_space *space, MMCLONE_DESCRIPTOR *descriptor)
{
    mi_avl_insert(space->mm, root_of(space), (MMADDRESS_NODE *)descriptor);
}

void mi_clone_remove(struct mm_space *space, MMCLONE_DESCRIPTOR *descriptor)
{
    mi_avl_remove(space->mm, root_of(space), (MMADDRESS_NODE *)descriptor);
}

MMCLONE_DESCRIPTOR *mi_clone_find_from(const struct mm_space *space, uint64_t block_va)
{
    MM_AVL_TABLE *table = root_of(space);
    MMADDRESS_NODE *before;

    return table ? (MMCLONE_DESCRIPTOR *)mi_avl_find_between(space->mm, table, block_va, &before)
                 : NULL;
}

MMCLONE_DESCRIPTOR *mi_clone_find(const struct mm_space *space, uint64_t block_va)
{
    MMCLONE_DESCRIPTOR *found = mi_clone_find_from(space, block_va);

    return found && found->StartingCloneBlock <= block_va ? found : NULL;
}

static void forget_reference(struct mm_space *space, MMCLONE_DESCRIPTOR *descriptor)
{
    ASSERT(descriptor->NumberOfReferences > 0);
    if (--descriptor->NumberOfReferences > 0)
        return;
    mi_clone_remove(space, descriptor);
    mi_clone_dereference(space->mm, descriptor);
    mi_clone_trim_root(space);
}

/* ---- pages ----------------------------------------------------------------------------------- */

void mi_clone_release(struct mm_space *space, uint64_t block_va)
{
    struct mm *mm = space->mm;
    MMCLONE_BLOCK *block = kspace_host(&mm->ke->ks, block_va);
    MMCLONE_DESCRIPTOR *descriptor = mi_clone_find(space, block_va);

    ASSERT(descriptor);
    mi_lock_pfn_with(mm, block);
    ASSERT(block->CloneRefCount > 0);
    if (--block->CloneRefCount == 0)
        mi_proto_delete_locked(mm, &block->ProtoPte, (MMPTE){.u.Long = 0});
    ke_release_lock(&mm->pfn_lock);
    forget_reference(space, descriptor);
}

bool mi_clone_take_over(struct mm_space *space, MMPTE *pte, uint64_t va)
{
    struct mm *mm = space->mm;
    MMPTE value = mi_read_pte(pte);
    uint64_t pfn = value.u.Hard.PageFrameNumber;
    unsigned protection = mi_pte_protection(mm, value, NULL);
    uint64_t block_va = mi_clone_block_va(mm, value);
    MMCLONE_BLOCK *block = kspace_host(&mm->ke->ks, block_va);

    mi_lock_pfn_with(mm, block);
    bool alone = block->CloneRefCount == 1;
    if (alone) {
        block->CloneRefCount = 0;
        mi_proto_give(mm, &block->ProtoPte, mi_pte_va(va), mi_frame_of(mm, pte), protection);
        mi_page_changed(mm, mi_pfn(mm, pfn));
    }
    ke_release_lock(&mm->pfn_lock);
    if (!alone)
        return false;
    MMPTE own = mi_user_page_pte(pfn, protection);
    own.u.Hard.Accessed = value.u.Hard.Accessed;
    mi_change_pte(mm, pte, own);
    mi_wsle_make_private(space, va, pfn);
    forget_reference(space, mi_clone_find(space, block_va));
    return true;
}
