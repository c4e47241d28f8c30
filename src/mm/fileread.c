/* src/mm/fileread.c: pages of files, data or images, on their way in.
 *
 *      prototype   subsection  subsection  subsection  valid   subsection
 *                  |           |           |           |       |
 *                  needed      come along              stop    its own turn
 *                  valid       standby     standby
 *
 * Who touches one page of a file mostly needs the next, and one read of several pages costs hardly
 * more than one of one. So up to MI_READ_CLUSTER of them are read at once, as from paging files
 * (inpage.c), unless frames are short. Those that nobody asked for wait on the standby list with
 * the priority of the one who read them: to touch them is a soft fault, and who needs frames takes
 * them away. When the read of all fails, because the file was cut or a part of it cannot be read,
 * the page that is needed is read by itself: what is wrong with its neighbours concerns nobody yet.
 *
 * The segment's lock is held from the look at the prototypes to their change, so nobody else brings
 * one of the pages in, cuts the file or makes it longer meanwhile; a page that was modified is not
 * read, since it keeps its frame until the file has it.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "In-Paging I/O" and "Clustered Page Faults".
 */
#include "mm/frames.h"
#include "mm/section.h"

/* Whether the page `proto` is read along with the one before it, whose prototype said `first`: it
 * is in the file, in the same subsection, nobody has it yet, and its prototype is in the same page
 * of paged pool, which the first one's frame will hold there. => (G) */
static bool comes_along(const struct mi_control *control, MMPTE first, const MMPTE *proto,
                        uint64_t page)
{
    uint64_t size = __atomic_load_n(&control->size, __ATOMIC_ACQUIRE);

    if ((uintptr_t)proto % PAGE_SIZE == 0 || MI_VA(page) >= size)
        return false;
    MMPTE value = mi_read_pte(proto);
    return !mi_pte_holds_frame(value) && value.u.Soft.Prototype &&
           mi_subsection_of_pte(control->mm, value) == mi_subsection_of_pte(control->mm, first);
}

/* Read the page of `proto` from its file, and those that follow as far as frames are plenty; what
 * cannot be read together is tried by itself. => *count: frames, from *pfn on; (G) */
static NTSTATUS read_cluster(struct mi_control *control, MMPTE *proto, MMPTE value, uint64_t *pfn,
                             size_t *count)
{
    struct mm *mm = control->mm;
    uint64_t page = mi_page_of_proto(control, proto, value);

    if (!mi_allocate_page(mm, MI_PAGE_USER, pfn))
        return STATUS_NO_MEMORY;
    for (*count = 1; *count < MI_READ_CLUSTER && mi_frames_are_plenty(mm); ++*count) {
        if (!comes_along(control, value, proto + *count, page + *count) ||
            !mi_allocate_page(mm, MI_PAGE_USER, &pfn[*count]))
            break;
    }
    NTSTATUS status = control->backing->read(control, page, pfn, *count);
    if (!NT_SUCCESS(status) && *count > 1) {
        while (*count > 1)
            mi_free_page(mm, pfn[--*count]);
        status = control->backing->read(control, page, pfn, 1);
    }
    if (!NT_SUCCESS(status))
        mi_free_page(mm, *pfn);
    return status;
}

NTSTATUS mi_proto_read(struct mi_control *control, MMPTE *proto, MMPTE value, uint64_t *pfn)
{
    struct mm *mm = control->mm;
    uint64_t frames[MI_READ_CLUSTER];
    size_t count;
    NTSTATUS status = read_cluster(control, proto, value, frames, &count);

    if (!NT_SUCCESS(status))
        return status;
    mi_proto_take(mm, proto, value, frames[0]);
    for (size_t i = 1; i < count; i++) {
        mi_proto_take(mm, proto + i, mi_read_pte(proto + i), frames[i]);
        mi_unshare_page(mm, frames[i], false);
    }
    MI_COUNT_BY(mm, MmPageReadCount, (LONG)count);
    MI_COUNT(mm, MmPageReadIoCount);
    *pfn = frames[0];
    return STATUS_SUCCESS;
}
