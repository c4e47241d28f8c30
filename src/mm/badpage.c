/* src/mm/badpage.c: frames that nobody is to have.
 *
 *      MMPFN.u3.e1.ParityError or RemovalRequested
 *
 *      active, standby, modified ... --freed, or found where frames are taken--> bad, for good
 *
 * Memory that is known to fail, or that is to be taken away, is marked in its MMPFN; on real
 * machines by who handles machine checks, here by a debugger or a test. Whoever has the frame keeps
 * it, since what is in it is all there is. The next time that it would be free it goes to
 * MmBadPageListHead instead, and a marked frame that waits on a list of available ones goes there
 * when it is its turn to be taken. It is no memory any more: commit limit and resident available
 * pages are one less.
 *
 * Source: "bad" in Windows Internals 6, part 2, ch. 10 "PFN State"; the bits by symbols.
 */
#include "mm/frames.h"

void mi_retire_frame(struct mm *mm, uint64_t pfn)
{
    struct nt_globals *nt = &mm->ke->nt;
    MMPFN *page = mi_pfn(mm, pfn);

    page->PteAddress.va = 0;
    page->OriginalPte.u.Long = 0;
    page->UsedPageTableEntries = 0;
    page->u4.PteFrame = 0;
    page->u4.PrototypePte = 0;
    page->u3.e1.Modified = 0;
    page->u3.e2.ReferenceCount = 0;
    mi_list_insert_tail(mm, nt->MmBadPageListHead, pfn);
    __atomic_fetch_sub(nt->MmResidentAvailablePages, 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(nt->MmTotalCommitLimit, 1, __ATOMIC_RELAXED);
}
