/* src/mm/inpage.c: reading pages back from a paging file.
 *
 *      who faults                                   who faults on the same page meanwhile
 *      (P) frames; PTEs say transition,             (P) transition, ReadInProgress:
 *          pages ReadInProgress, u1.Event               a reference to the read
 *      locks dropped                                locks dropped
 *      read                                         wait until it is done
 *      (P) pages to the standby list, event set     fault again
 *      fault again: a soft fault
 *
 * A read takes the page that is needed and its neighbours in the same page table whose slots follow
 * in the file, since the writer puts neighbours together; not when frames are short. A page whose
 * PTE goes during the read is given up, and freed at its end. When the read fails the PTEs get back
 * what they said before; the one who needed a page gets the status, all others try for themselves.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "In-Paging I/O", "Collided Page Faults".
 */
#include <string.h>

#include "ke/futex.h"
#include "mm/frames.h"

NTSTATUS mi_inpage_boot(struct mm *mm)
{
    struct mi_inpages *all = &mm->inpages;
    KEVENT *events =
        ex_allocate_pool(mm, NonPagedPool, MI_INPAGES * sizeof(KEVENT), mm_tag("MmIn"));

    if (!events)
        return STATUS_INSUFFICIENT_RESOURCES;
    memset(events, 0, MI_INPAGES * sizeof(KEVENT));
    for (size_t i = 0; i < MI_INPAGES; i++) {
        uint64_t head = h2k(&mm->ke->ks, &events[i].Header.WaitListHead);
        events[i].Header.Size = sizeof(KEVENT) / sizeof(LONG);
        events[i].Header.WaitListHead.Flink.va = head;
        events[i].Header.WaitListHead.Blink.va = head;
        all->inpage[i].event = &events[i];
    }
    all->events = events;
    return STATUS_SUCCESS;
}

/* => (P) */
static struct mi_inpage *take_inpage(struct mm *mm)
{
    for (size_t i = 0; i < MI_INPAGES; i++) {
        struct mi_inpage *inpage = &mm->inpages.inpage[i];
        if (inpage->references > 0)
            continue;
        inpage->references = 1;
        inpage->event->Header.SignalState = 0;
        __atomic_store_n(&inpage->done, 0, __ATOMIC_RELAXED);
        return inpage;
    }
    return NULL;
}

/* => (P) */
static void give_inpage(struct mi_inpage *inpage)
{
    ASSERT(inpage->references > 0);
    inpage->references--;
}

/* A frame for the page of `pte`, on its way in. => (P) */
static void enter_page(struct mm *mm, struct mi_inpage *inpage, MMPTE *pte, uint64_t pte_va,
                       uint64_t pfn, bool prototype)
{
    MMPFN *page = mi_pfn(mm, pfn);
    MMPTE original = mi_read_pte(pte), transition;

    page->u1.Event.va = h2k(&mm->ke->ks, inpage->event);
    page->u2.ShareCount = 0;
    page->PteAddress.va = pte_va;
    page->OriginalPte = original;
    page->u4.PteFrame = mi_frame_of(mm, pte);
    page->u4.PrototypePte = prototype;
    page->u3.e1.PageLocation = TransitionPage;
    page->u3.e1.ReadInProgress = 1;
    page->u3.e1.Modified = 0;
    transition = mi_transition_pte(pfn, original.u.Soft.Protection);
    transition.u.Trans.Owner = mi_pte_va_is_user(pte_va);
    mi_write_pte(pte, transition);
    __atomic_fetch_add(&mi_pfn(mm, page->u4.PteFrame)->u2.ShareCount, 1, __ATOMIC_RELAXED);
    inpage->pfn[inpage->slots.count++] = pfn;
}

/* Whether the page after the ones that are being read may come along. */
static bool is_next(const struct mi_inpage *inpage, MMPTE *next)
{
    MMPTE value = mi_read_pte(next);

    return (uintptr_t)next % PAGE_SIZE != 0 && mi_pte_in_page_file(value) &&
           value.u.Soft.PageFileLow == inpage->slots.file &&
           value.u.Soft.PageFileHigh == inpage->slots.first + inpage->slots.count;
}

struct mi_read mi_inpage_begin(struct mm *mm, MMPTE *pte, uint64_t pte_va, unsigned step)
{
    MMPTE value = mi_read_pte(pte);
    struct mi_inpage *inpage = take_inpage(mm);
    const struct mi_read none = {.inpage = NULL};
    bool prototype = step > 0, user = prototype || mi_pte_va_is_user(pte_va);
    uint64_t pfn;

    if (!inpage)
        return none;
    if (!mi_take_page_locked(mm, user ? MI_PAGE_USER : MI_PAGE_ANY, &pfn)) {
        give_inpage(inpage);
        return none;
    }
    inpage->slots =
        (struct mi_slots){.file = value.u.Soft.PageFileLow, .first = value.u.Soft.PageFileHigh};
    enter_page(mm, inpage, pte, pte_va, pfn, prototype);
    while (inpage->slots.count < MI_READ_CLUSTER && mi_frames_are_plenty(mm)) {
        size_t i = inpage->slots.count * (prototype ? step : 1);
        if (!is_next(inpage, pte + i) || !mi_take_page_locked(mm, MI_PAGE_USER, &pfn))
            break;
        enter_page(mm, inpage, pte + i, pte_va + i * sizeof(MMPTE), pfn, prototype);
    }
    return (struct mi_read){inpage, true};
}

NTSTATUS mi_inpage_read(struct mm *mm, struct mi_inpage *inpage)
{
    NTSTATUS status = mi_read_slots(mm, &inpage->slots, inpage->pfn);

    if (NT_SUCCESS(status)) {
        MI_COUNT_BY(mm, MmPageReadCount, (LONG)inpage->slots.count);
        MI_COUNT(mm, MmPageReadIoCount);
    }
    ke_acquire_lock(&mm->pfn_lock);
    for (size_t i = 0; i < inpage->slots.count; i++) {
        MMPFN *page = mi_pfn(mm, inpage->pfn[i]);
        page->u1.Flink = 0;
        page->u3.e1.ReadInProgress = 0;
        if (NT_SUCCESS(status))
            mi_dereference_page(mm, inpage->pfn[i]);
        else
            mi_page_not_read(mm, inpage->pfn[i]);
    }
    inpage->event->Header.SignalState = 1;
    __atomic_store_n(&inpage->done, 1, __ATOMIC_RELEASE);
    bool awaited = inpage->references > 1;
    give_inpage(inpage);
    ke_release_lock(&mm->pfn_lock);
    if (awaited)
        ke_futex_wake(&inpage->done, INT_MAX, KE_FUTEX_HOST);
    return status;
}

struct mi_read mi_inpage_join(struct mm *mm, const MMPFN *page)
{
    KEVENT *event = k2h(&mm->ke->ks, page->u1.Event);
    struct mi_inpage *inpage = &mm->inpages.inpage[event - mm->inpages.events];

    ASSERT(page->u3.e1.ReadInProgress && inpage->references > 0);
    inpage->references++;
    return (struct mi_read){inpage, false};
}

void mi_inpage_wait(struct mm *mm, struct mi_inpage *inpage)
{
    while (!__atomic_load_n(&inpage->done, __ATOMIC_ACQUIRE))
        (void)ke_futex_wait(&inpage->done, 0, KE_FUTEX_HOST, NULL);
    ke_acquire_lock(&mm->pfn_lock);
    give_inpage(inpage);
    ke_release_lock(&mm->pfn_lock);
}
