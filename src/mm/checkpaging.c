/* src/mm/checkpaging.c: slots of paging files against who owns them. See check.c.
 *
 * A slot in use has one owner: a PTE or prototype PTE in page-file form, or the OriginalPte of a
 * page that is in memory as well.
 */
#include <stdlib.h>

#include "mm/check.h"

static const MMPAGING_FILE *paging_file(const struct mi_check *check, unsigned number)
{
    return check->mm->paging_files.files[number].file;
}

bool mi_check_paging_begin(struct mi_check *check)
{
    for (unsigned i = 0; i < check->mm->paging_files.count; i++) {
        check->slot[i] = calloc(paging_file(check, i)->Size, 1);
        if (!check->slot[i])
            return false;
    }
    return true;
}

void mi_check_paging_end(struct mi_check *check)
{
    for (unsigned i = 0; i < MI_PAGING_FILES; i++)
        free(check->slot[i]);
}

void mi_check_slot(struct mi_check *check, MMPTE pte)
{
    unsigned number = pte.u.Soft.PageFileLow;
    uint64_t slot = pte.u.Soft.PageFileHigh;

    if (!mi_slot_is_used(check->mm, pte)) {
        mi_check_failed(check, "slot %llx of paging file %u has an owner, but is not in use",
                        (unsigned long long)slot, number);
        return;
    }
    check->slot[number][slot]++;
    MI_CHECK(check, check->slot[number][slot] == 1, "slot %llx of paging file %u has %u owners",
             (unsigned long long)slot, number, check->slot[number][slot]);
}

void mi_check_paging_files(struct mi_check *check)
{
    const struct mi_paging *paging = &check->mm->paging_files;
    uint64_t total = 0;

    for (unsigned i = 0; i < check->mm->paging_files.count; i++) {
        const MMPAGING_FILE *file = paging_file(check, i);
        uint64_t used = 0;
        total += file->Size;
        MI_CHECK(check, file->Size >= file->MinimumSize && file->Size <= file->MaximumSize,
                 "paging file %u: Size is %llu", i, (unsigned long long)file->Size);
        for (uint64_t slot = 1; slot < file->Size; slot++) {
            bool in_use = mi_slot_is_used(check->mm, mi_page_file_pte(i, slot, 0));
            used += in_use;
            MI_CHECK(check, !in_use || check->slot[i][slot] > 0,
                     "slot %llx of paging file %u is in use, but has no owner",
                     (unsigned long long)slot, i);
        }
        MI_CHECK(check, file->FreeSpace == file->Size - 1 - used,
                 "paging file %u: FreeSpace is %llu, found %llu", i,
                 (unsigned long long)file->FreeSpace, (unsigned long long)(file->Size - 1 - used));
    }
    MI_CHECK(check, total <= paging->limit, "paging files have %llu slots, allowed are %llu",
             (unsigned long long)total, (unsigned long long)paging->limit);
}
