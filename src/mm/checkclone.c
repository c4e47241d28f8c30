/* src/mm/checkclone.c: pages that processes share after a fork. See check.c and clone.c.
 *
 * Each header is met through the descriptors of processes, and each block through the PTEs that
 * lead to it: both must be as many as they say. A block that nobody refers to has no page; the page
 * of any other is where its prototype PTE says.
 */
#include <stdlib.h>

#include "mm/check.h"
#include "mm/clone.h"

struct mi_checked_clone {
    struct mi_checked_clone *next;
    const MMCLONE_HEADER *header;
    uint64_t descriptors;
    uint32_t references[]; /* of each block */
};

static struct mi_checked_clone *enter(struct mi_check *check, const MMCLONE_HEADER *header)
{
    struct mi_checked_clone *clone = check->clones;

    while (clone && clone->header != header)
        clone = clone->next;
    if (clone)
        return clone;
    clone = calloc(1, sizeof(*clone) + header->NumberOfPtes * sizeof(clone->references[0]));
    if (!clone) {
        mi_check_failed(check, "no memory to check with");
        return NULL;
    }
    clone->header = header;
    clone->next = check->clones;
    check->clones = clone;
    return clone;
}

uint64_t mi_check_clone_root(struct mi_check *check, const struct mm_space *space)
{
    const struct kspace *ks = &check->mm->ke->ks;
    uint64_t references = 0;

    for (const MMCLONE_DESCRIPTOR *at = mi_clone_find_from(space, 0); at;
         at = mi_clone_find_from(space, at->EndingCloneBlock + 1)) {
        const MMCLONE_HEADER *header = k2h(ks, at->CloneHeader);
        uint64_t end = header->ClonePtes.va + header->NumberOfPtes * sizeof(MMCLONE_BLOCK);
        MI_CHECK(check,
                 at->NumberOfPtes == header->NumberOfPtes &&
                     at->StartingCloneBlock == header->ClonePtes.va &&
                     at->EndingCloneBlock == end - 1 && at->NumberOfReferences > 0,
                 "process %p: clone descriptor %p is not that of header %p",
                 (const void *)space->process, (const void *)at, (const void *)header);
        struct mi_checked_clone *clone = enter(check, header);
        if (clone)
            clone->descriptors++;
        references += at->NumberOfReferences;
    }
    MI_CHECK(check, references > 0 || space->process->CloneRoot.va == 0,
             "process %p: an empty CloneRoot", (const void *)space->process);
    return references;
}

void mi_check_clone_pte(struct mi_check *check, const struct mm_space *space, MMPTE pte)
{
    const struct mm *mm = check->mm;
    uint64_t block_va = mi_clone_block_va(mm, pte);
    const MMCLONE_DESCRIPTOR *descriptor = mi_clone_find(space, block_va);

    if (!descriptor || (block_va - descriptor->StartingCloneBlock) % sizeof(MMCLONE_BLOCK) != 0) {
        mi_check_failed(check, "process %p: PTE %llx leads to %llx, which is no clone block",
                        (const void *)space->process, (unsigned long long)pte.u.Long,
                        (unsigned long long)block_va);
        return;
    }
    struct mi_checked_clone *clone = enter(check, k2h(&mm->ke->ks, descriptor->CloneHeader));
    if (clone)
        clone->references[(block_va - descriptor->StartingCloneBlock) / sizeof(MMCLONE_BLOCK)]++;
}

static void check_block(struct mi_check *check, const MMCLONE_BLOCK *at, uint32_t references)
{
    const MMCLONE_BLOCK *block = MI_CHECK_AT(check, at);
    MMPTE value = mi_read_pte(&block->ProtoPte);

    MI_CHECK(check, block->CloneRefCount == (LONG)references,
             "clone block %p: CloneRefCount %d, found %u", (const void *)at,
             (int)block->CloneRefCount, references);
    MI_CHECK(check,
             references > 0 ? mi_pte_holds_frame(value) || mi_pte_in_page_file(value)
                            : value.u.Long == 0,
             "clone block %p: %u references, but its prototype is %llx", (const void *)at,
             references, (unsigned long long)value.u.Long);
    if (mi_pte_in_page_file(value))
        mi_check_slot(check, value);
    else if (mi_pte_holds_frame(value))
        (void)mi_check_held_proto(check, &at->ProtoPte, 0);
}

void mi_check_clones(struct mi_check *check)
{
    struct mi_checked_clone *clone;

    while ((clone = check->clones) != NULL) {
        const MMCLONE_HEADER *header = clone->header;
        const MMCLONE_BLOCK *block = k2h(&check->mm->ke->ks, header->ClonePtes);
        MI_CHECK(check, header->NumberOfProcessReferences == (LONG64)clone->descriptors,
                 "clone header %p: NumberOfProcessReferences %lld, found %llu",
                 (const void *)header, (long long)header->NumberOfProcessReferences,
                 (unsigned long long)clone->descriptors);
        for (uint64_t i = 0; i < header->NumberOfPtes; i++)
            check_block(check, &block[i], clone->references[i]);
        check->clones = clone->next;
        free(clone);
    }
}
