/* src/mm/filesec.c: the control area of a data file, which is the one cached copy of its pages.
 *
 *      CONTROL_AREA, MSUBSECTION --> MSUBSECTION --> MSUBSECTION        'MmCi', 'MmSb'
 *                      |                 |               |
 *                      v SubsectionBase  v               0: no view or copy reached it yet
 *                 prototype PTEs    prototype PTEs              'MmPp'
 *      file   |-------- 32 MB -------|---- 32 MB ----|--- .. SizeOfSegment
 *
 * Each subsection stands for the pages from StartingSector on (a sector of a data file is a page)
 * and gets its prototype PTEs when a view or a copy first reaches it, so that a large file costs
 * what is used of it. A section that grows uses up what the last subsection's array has left
 * (UnusedPtes), and gets more subsections after that; prototype PTEs never move, since frames and
 * VADs name them. It never gets fewer.
 *
 * SizeOfSegment is how many bytes of the file the control area covers, and where writing back
 * stops: what a program writes behind the end of the file, in the last page, is nobody's. It
 * changes under the segment's lock.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Section Objects"; layouts by symbols.
 */
#include <string.h>
#include <sys/uio.h>

#include "mm/section.h"

#define SUBSECTION_PAGES_MOST 0x2000u /* prototype PTEs for 32 MB in 64 KB of pool */
#define SUBSECTION_PAGES_LEAST 16u

/* ---- subsections ------------------------------------------------------------------------------
 */

static MSUBSECTION *first_subsection(const struct mi_control *control)
{
    return (MSUBSECTION *)(control->area + 1);
}

static MSUBSECTION *last_subsection(const struct mi_control *control)
{
    const struct kspace *ks = &control->mm->ke->ks;
    SUBSECTION *last = mi_subsection(control, 0), *next;

    while ((next = mi_next_subsection(ks, last)) != NULL)
        last = next;
    return (MSUBSECTION *)last;
}

/* The prototype PTEs from..to of a subsection may be touched from now on. */
static void fill_ptes(const struct mi_control *control, const MSUBSECTION *subsection, MMPTE *ptes,
                      uint64_t from, uint64_t to)
{
    MMPTE pte = mi_subsection_pte(control->mm, (const SUBSECTION *)subsection,
                                  subsection->u.SubsectionFlags.Protection);

    for (uint64_t i = from; i < to; i++)
        mi_write_pte(&ptes[i], pte);
}

static void initialize_subsection(const struct mi_control *control, MSUBSECTION *subsection,
                                  uint64_t first)
{
    const struct kspace *ks = &control->mm->ke->ks;

    memset(subsection, 0, sizeof(*subsection));
    subsection->ControlArea.va = h2k(ks, control->area);
    subsection->StartingSector = (ULONG)first;
    subsection->u.SubsectionFlags.Protection = MM_EXECUTE_READWRITE;
}

/* Use up to `pages` more of what the last subsection can take. => how many; (G) */
static uint64_t grow_subsection(const struct mi_control *control, MSUBSECTION *subsection,
                                uint64_t pages)
{
    const struct kspace *ks = &control->mm->ke->ks;
    MMPTE *ptes = k2h(ks, subsection->SubsectionBase);
    uint64_t has = subsection->PtesInSubsection;
    uint64_t room = ptes ? subsection->UnusedPtes : SUBSECTION_PAGES_MOST - has;
    uint64_t more = pages < room ? pages : room;

    if (ptes) {
        fill_ptes(control, subsection, ptes, has, has + more);
        subsection->UnusedPtes -= (ULONG)more;
    }
    __atomic_store_n(&subsection->PtesInSubsection, (ULONG)(has + more), __ATOMIC_RELEASE);
    return more;
}

/* Say in the subsections how far the file reaches into them. => (G) */
static void describe_end(struct mi_control *control, uint64_t size)
{
    const struct kspace *ks = &control->mm->ke->ks;

    for (SUBSECTION *s = mi_subsection(control, 0); s; s = mi_next_subsection(ks, s)) {
        uint64_t start = MI_VA(s->StartingSector), end = start + MI_VA(s->PtesInSubsection);
        uint64_t bytes = size <= start ? 0 : (size < end ? size : end) - start;
        s->NumberOfFullSectors = (ULONG)MI_VPN(bytes);
        s->u.SubsectionFlags.SectorEndOffset = bytes % PAGE_SIZE;
    }
    __atomic_store_n(&control->segment->SizeOfSegment, size, __ATOMIC_RELEASE);
    __atomic_store_n(&control->size, size, __ATOMIC_RELEASE);
}

/* => (G); the pages that there could be subsections for are there also when it fails */
static NTSTATUS add_pages(struct mi_control *control, uint64_t pages)
{
    struct mm *mm = control->mm;
    MSUBSECTION *last = last_subsection(control);

    for (;;) {
        uint64_t more = grow_subsection(control, last, pages);
        control->segment->TotalNumberOfPtes += (ULONG)more;
        __atomic_store_n(&control->pages, control->pages + more, __ATOMIC_RELEASE);
        pages -= more;
        if (pages == 0)
            return STATUS_SUCCESS;
        MSUBSECTION *next = ex_allocate_pool(mm, NonPagedPool, sizeof(*next), mm_tag("MmSb"));
        if (!next)
            return STATUS_INSUFFICIENT_RESOURCES;
        initialize_subsection(control, next, control->pages);
        __atomic_store_n(&last->NextSubsection.va, h2k(&mm->ke->ks, next), __ATOMIC_RELEASE);
        last = next;
    }
}

static uint64_t array_size(const MSUBSECTION *subsection)
{
    uint64_t size = SUBSECTION_PAGES_LEAST;

    while (size < subsection->PtesInSubsection)
        size *= 2;
    return size;
}

/* => (G) */
static NTSTATUS make_ptes(struct mi_control *control, MSUBSECTION *subsection)
{
    struct mm *mm = control->mm;
    uint64_t size = array_size(subsection), used = subsection->PtesInSubsection;
    MMPTE *ptes = ex_allocate_pool(mm, PagedPool, size * sizeof(*ptes), mm_tag("MmPp"));

    if (!ptes)
        return STATUS_INSUFFICIENT_RESOURCES;
    memset(ptes, 0, size * sizeof(*ptes));
    fill_ptes(control, subsection, ptes, 0, used);
    subsection->UnusedPtes = (ULONG)(size - used);
    __atomic_store_n(&subsection->SubsectionBase.va, h2k(&mm->ke->ks, ptes), __ATOMIC_RELEASE);
    if (subsection == first_subsection(control))
        __atomic_store_n(&control->segment->PrototypePte.va, subsection->SubsectionBase.va,
                         __ATOMIC_RELAXED);
    return STATUS_SUCCESS;
}

NTSTATUS mi_make_file_ptes(struct mi_control *control, uint64_t first, uint64_t count)
{
    const struct kspace *ks = &control->mm->ke->ks;
    NTSTATUS status = STATUS_SUCCESS;

    ex_acquire_push_lock_exclusive(&control->segment->SegmentLock, KE_RANK_SECTION);
    for (SUBSECTION *s = mi_subsection(control, 0); s && NT_SUCCESS(status);
         s = mi_next_subsection(ks, s)) {
        bool wanted = s->StartingSector < first + count &&
                      first < (uint64_t)s->StartingSector + s->PtesInSubsection;
        if (wanted && !s->SubsectionBase.va)
            status = make_ptes(control, (MSUBSECTION *)s);
    }
    ex_release_push_lock_exclusive(&control->segment->SegmentLock, KE_RANK_SECTION);
    return status;
}

void mi_free_file_subsections(struct mi_control *control)
{
    struct mm *mm = control->mm;
    const struct kspace *ks = &mm->ke->ks;
    SUBSECTION *next = control->ptes ? NULL : mi_subsection(control, 0);

    while (next) {
        SUBSECTION *s = next;
        next = mi_next_subsection(ks, s);
        if (s->SubsectionBase.va)
            ex_free_pool(mm, k2h(ks, s->SubsectionBase));
        if (s != mi_subsection(control, 0))
            ex_free_pool(mm, s);
    }
}

/* ---- the file ---------------------------------------------------------------------------------
 */

/* The frames of a run of pages as host memory, at most `size` bytes of them. => parts filled */
static size_t gather(const struct mm *mm, const uint64_t *pfn, size_t count, uint64_t size,
                     struct iovec *parts)
{
    size_t used = 0;

    for (; used < count && MI_VA(used) < size; used++) {
        uint64_t left = size - MI_VA(used);
        parts[used].iov_base = mi_frame(mm, pfn[used]);
        parts[used].iov_len = left < PAGE_SIZE ? left : PAGE_SIZE;
    }
    return used;
}

/* What the host has of the pages; behind its end they are zero. A page of which it has nothing,
 * though it should, was cut off behind our back. */
static NTSTATUS read_run(struct mi_control *control, uint64_t page, const uint64_t *pfn,
                         size_t count)
{
    struct mm *mm = control->mm;
    struct iovec parts[MI_CLUSTER_PAGES];
    size_t done = 0;
    uint64_t end = __atomic_load_n(&control->size, __ATOMIC_ACQUIRE);

    ASSERT(count > 0 && count <= MI_CLUSTER_PAGES);
    size_t used = gather(mm, pfn, count, MI_VA(count), parts);
    NTSTATUS status = mm->ops->read_file(mm->owner, control->file, MI_VA(page), parts, used, &done);
    if (!NT_SUCCESS(status))
        return status;
    if (MI_VA(MI_VPN(done + PAGE_SIZE - 1)) < MI_VA(count) &&
        MI_VA(page) + MI_VA(MI_VPN(done + PAGE_SIZE - 1)) < end)
        return STATUS_END_OF_FILE;
    for (size_t i = 0; i < count; i++) {
        uint64_t has = done <= MI_VA(i) ? 0 : done - MI_VA(i);
        if (has < PAGE_SIZE)
            memset((char *)mi_frame(mm, pfn[i]) + has, 0, PAGE_SIZE - has);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS write_run(struct mi_control *control, uint64_t page, const uint64_t *pfn,
                          size_t count)
{
    struct mm *mm = control->mm;
    struct iovec parts[MI_CLUSTER_PAGES];
    uint64_t end = __atomic_load_n(&control->size, __ATOMIC_ACQUIRE);

    ASSERT(count > 0 && count <= MI_CLUSTER_PAGES);
    if (MI_VA(page) >= end)
        return STATUS_SUCCESS;
    size_t used = gather(mm, pfn, count, end - MI_VA(page), parts);
    return mm->ops->write_file(mm->owner, control->file, MI_VA(page), parts, used);
}

static const struct mi_backing file_backing = {.read = read_run, .write = write_run};

/* ---- size -------------------------------------------------------------------------------------
 */

/* Zero what a cached page has behind `end`, so that it is not seen when the file grows. A page that
 * is not in memory has zeroes there. => (G) */
static void clear_tail(struct mi_control *control, uint64_t end)
{
    struct mi_run run;
    uint64_t page = MI_VPN(end), pfn;

    if (end % PAGE_SIZE == 0 || !mi_next_run(control, page, &run) || page < run.first)
        return;
    if (!mi_proto_share_resident(control->mm, &run.ptes[page - run.first], &pfn))
        return;
    memset((char *)mi_frame(control->mm, pfn) + end % PAGE_SIZE, 0, PAGE_SIZE - end % PAGE_SIZE);
    mi_unshare_page(control->mm, pfn, false);
}

/* Forget the pages behind `size`, which nobody maps. => (G) */
static void purge(struct mi_control *control, uint64_t size)
{
    struct mm *mm = control->mm;
    struct mi_run run;
    uint64_t page = MI_VPN(size + PAGE_SIZE - 1);

    while (mi_next_run(control, page, &run)) {
        MMPTE pte =
            mi_subsection_pte(mm, run.subsection, run.subsection->u.SubsectionFlags.Protection);
        for (uint64_t i = page > run.first ? page - run.first : 0; i < run.count; i++) {
            if (mi_pte_holds_frame(mi_read_pte(&run.ptes[i])))
                mi_proto_delete(mm, &run.ptes[i], pte);
        }
        page = run.first + run.count;
    }
}

/* The file is `size` bytes long. => no locks */
static NTSTATUS set_size(struct mi_control *control, uint64_t size, bool may_shrink)
{
    NTSTATUS status = STATUS_SUCCESS;
    uint64_t pages = MI_VPN(size + PAGE_SIZE - 1);

    ex_acquire_push_lock_exclusive(&control->segment->SegmentLock, KE_RANK_SECTION);
    uint64_t before = control->segment->SizeOfSegment;
    if (size < before && may_shrink) {
        mi_hold_writes(control); /* none may bring back what is cut off */
        purge(control, size);
        clear_tail(control, size);
        describe_end(control, size);
        mi_release_writes(control);
    } else if (size > before) {
        clear_tail(control, before);
        if (pages > control->pages)
            status = add_pages(control, pages - control->pages);
        describe_end(control, size < MI_VA(control->pages) ? size : MI_VA(control->pages));
    }
    ex_release_push_lock_exclusive(&control->segment->SegmentLock, KE_RANK_SECTION);
    return status;
}

/* => STATUS_INSUFFICIENT_RESOURCES */
static NTSTATUS create_control(struct mm *mm, FILE_OBJECT *file, uint64_t size,
                               struct mi_control **out)
{
    struct mi_control *control;
    NTSTATUS status = mi_control_create(mm, file, 1, 0, &control);

    if (!NT_SUCCESS(status))
        return status;
    control->backing = &file_backing;
    control->area->u.Flags.File = 1;
    control->area->u.Flags.Commit = 1;
    control->segment->SegmentFlags.DefaultProtectionMask = MM_EXECUTE_READWRITE;
    initialize_subsection(control, first_subsection(control), 0);
    status = set_size(control, size, false);
    if (!NT_SUCCESS(status)) {
        mm_close_section(mm, control->segment);
        return status;
    }
    *out = control;
    return STATUS_SUCCESS;
}

NTSTATUS mm_create_file_section(struct mm *mm, FILE_OBJECT *file, uint64_t size, SEGMENT **out)
{
    struct mi_control *control;
    NTSTATUS status;

    if (size == 0)
        return STATUS_MAPPED_FILE_SIZE_ZERO;
    if (size > MI_VA(MI_SECTION_PAGES_MOST))
        return STATUS_SECTION_TOO_BIG;
    for (;;) {
        control = mi_find_control(mm, k2h(&mm->ke->ks, file->SectionObjectPointer), false, true);
        if (control) {
            status = set_size(control, size, false);
            break;
        }
        status = create_control(mm, file, size, &control);
        if (!NT_SUCCESS(status))
            return status;
        if (mi_publish_control(control))
            break;
        mm_close_section(mm, control->segment);
    }
    if (!NT_SUCCESS(status)) {
        mm_close_section(mm, control->segment);
        return status;
    }
    *out = control->segment;
    return STATUS_SUCCESS;
}

void mm_set_file_size(struct mm *mm, SECTION_OBJECT_POINTERS *sections, uint64_t size)
{
    struct mi_control *control = mi_find_control(mm, sections, false, false);

    if (!control)
        return;
    uint64_t most = MI_VA(__atomic_load_n(&control->pages, __ATOMIC_ACQUIRE));
    (void)set_size(control, size < most ? size : most, true); /* needs no new pages */
    mi_control_dereference(control);
}

/* => (L) */
static const CONTROL_AREA *data_area(const struct kspace *ks,
                                     const SECTION_OBJECT_POINTERS *sections)
{
    uint64_t va = sections->DataSectionObject.va;

    return va ? kspace_host(ks, va) : NULL;
}

bool mm_can_file_be_truncated(struct mm *mm, SECTION_OBJECT_POINTERS *sections, uint64_t size)
{
    const struct kspace *ks = &mm->ke->ks;

    ke_acquire_lock(&mm->sections_lock);
    const CONTROL_AREA *data = data_area(ks, sections);
    bool can = !sections->ImageSectionObject.va;
    if (data && data->NumberOfUserReferences > 0)
        can = can && size >= ((const SEGMENT *)k2h(ks, data->Segment))->SizeOfSegment;
    ke_release_lock(&mm->sections_lock);
    return can;
}

bool mm_flush_image_section(struct mm *mm, SECTION_OBJECT_POINTERS *sections,
                            enum mm_flush_type why)
{
    const struct kspace *ks = &mm->ke->ks;

    ke_acquire_lock(&mm->sections_lock);
    const CONTROL_AREA *data = data_area(ks, sections);
    bool can = !sections->ImageSectionObject.va &&
               (why == MM_FLUSH_FOR_WRITE || !data || data->NumberOfUserReferences == 0);
    ke_release_lock(&mm->sections_lock);
    return can;
}

/* ---- copies: NtReadFile, NtWriteFile -----------------------------------------------------------
 */

/* One page's part of a copy. */
static NTSTATUS copy_page(struct mi_control *control, uint64_t offset, void *buffer, size_t size,
                          bool write)
{
    struct mm *mm = control->mm;
    struct mi_run run;
    uint64_t page = MI_VPN(offset), pfn;

    bool found = mi_next_run(control, page, &run) && page >= run.first;
    ASSERT(found);
    NTSTATUS status = mi_proto_have(control, &run.ptes[page - run.first], &pfn);
    if (!NT_SUCCESS(status))
        return status;
    char *at = (char *)mi_frame(mm, pfn) + offset % PAGE_SIZE;
    if (write)
        mi_copy_racing(at, buffer, size);
    else
        mi_copy_racing(buffer, at, size);
    mi_unshare_page(mm, pfn, write);
    return STATUS_SUCCESS;
}

NTSTATUS mm_copy_file(struct mm *mm, SECTION_OBJECT_POINTERS *sections, uint64_t offset,
                      void *buffer, size_t size, bool write, size_t *done)
{
    struct mi_control *control = mi_find_control(mm, sections, false, false);
    NTSTATUS status = STATUS_SUCCESS;

    *done = 0;
    if (!control)
        return STATUS_SUCCESS;
    uint64_t end = __atomic_load_n(&control->segment->SizeOfSegment, __ATOMIC_ACQUIRE);
    uint64_t most = offset < end ? end - offset : 0;
    if (size > most)
        size = most;
    if (size > 0)
        status = mi_make_file_ptes(control, MI_VPN(offset),
                                   MI_VPN(offset + size - 1) - MI_VPN(offset) + 1);
    while (*done < size && NT_SUCCESS(status)) {
        size_t part = PAGE_SIZE - (offset + *done) % PAGE_SIZE;
        if (part > size - *done)
            part = size - *done;
        status = copy_page(control, offset + *done, (char *)buffer + *done, part, write);
        if (NT_SUCCESS(status))
            *done += part;
    }
    mi_control_dereference(control);
    if (*done > 0 || NT_SUCCESS(status))
        return STATUS_SUCCESS;
    return status == STATUS_NO_MEMORY || status == STATUS_INSUFFICIENT_RESOURCES
               ? status
               : STATUS_IN_PAGE_ERROR;
}
