/* src/mm/pagedpool.c: which pages of paged pool are in memory.
 *
 * Pages of paged pool belong to a working set, MmPagedPoolWs, and leave and come as a process's do:
 *
 *      PTE                        the host's window shows     a touch by the host
 *      valid, Accessed, Dirty     the page                    -
 *      valid, Accessed            the page, read-only         a write: Dirty, shown for writing
 *      valid                      nothing                     Accessed, shown
 *      transition                 nothing                     soft fault: valid, shown
 *      page file                  nothing                     read, then soft fault
 *      zero                       nothing                     STOP 50: nobody's address
 *
 * The executive is host code, so it is the host's own access that faults: host/window.c catches the
 * signal, and here is what KeAccessFault is on Windows. The host does not mark PTEs as a processor
 * does. So Accessed says that the window shows the page: who takes the mark away, to see whether it
 * is used, hides the page as well. And Dirty says that the window lets the host write.
 *
 * Held in memory. A page with prototype PTEs that hold frames (valid or in transition) is held by
 * them, in its ShareCount: it is neither trimmed nor hidden. All other prototypes of a page that
 * has left say nothing that anybody could come across: who looks at one begins there.
 *
 * Locks. Who changes a PTE of paged pool holds (Q), the working set lock, which any fault needs. So
 * while a thread holds that or a lock of a higher rank (ke_raised: on Windows, its IRQL is too
 * high) it may not touch pool that could be away: STOP A. What is touched under the PFN lock was
 * brought in before it was taken (mi_lock_pfn_with): a page leaves memory, or the window, only
 * under both.
 *
 * Without a paging file, there is nowhere to go, and pages stay.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "System Working Sets", "Kernel-Mode Heaps"; bug check
 * code reference for 0xA, 0x4D, 0x50 and 0x7A.
 */
#include <sys/mman.h>
#include <time.h>

#include "mm/frames.h"
#include "mm/space.h"
#include "mm/system.h"
#include "mm/wset.h"

#define IRQL_NOT_LESS_OR_EQUAL 0x0Au
#define NO_PAGES_AVAILABLE 0x4Du
#define PAGE_FAULT_IN_NONPAGED_AREA 0x50u
#define KERNEL_DATA_INPAGE_ERROR 0x7Au
#define DISPATCH_LEVEL 2u

#define ROOM_PAGES 8u     /* a page, and what its entry may need */
#define WAITS_MOST 3000u  /* of 10 milliseconds, for a page to bring one in */
#define PAGED_POOL_TYPE 3 /* WorkingSetType: a number of our own, as symbols have none */

static MMPTE *pte_at(const struct mm *mm, size_t index)
{
    return &mm->paged.ptes[index];
}

static uint64_t va_at(const struct mm *mm, size_t index)
{
    return mm->paged.start + MI_VA(index);
}

static size_t index_of(const struct mm *mm, uint64_t va)
{
    return MI_VPN(va - mm->paged.start);
}

/* ---- the window ------------------------------------------------------------------------------ */

static const MMPTE accessed = {.u.Hard = {.Accessed = 1}};
static const MMPTE dirty = {.u.Hard = {.Dirty = 1}};

static void set_bits(MMPTE *pte, MMPTE bits)
{
    __atomic_fetch_or(&pte->u.Long, bits.u.Long, __ATOMIC_RELEASE);
}

/* => false: the host cannot have more mappings; (Q), (P) */
static bool hide(struct mm *mm, MMPTE *pte, uint64_t va)
{
    __atomic_fetch_and(&pte->u.Long, ~accessed.u.Long, __ATOMIC_RELAXED);
    if (mprotect(mi_region_host(&mm->paged, index_of(mm, va)), PAGE_SIZE, PROT_NONE) == 0)
        return true;
    set_bits(pte, accessed);
    return false;
}

/* Nothing is said in the PTE before it is so. => (Q) */
static void show(struct mm *mm, size_t index, bool writable)
{
    MMPTE *pte = pte_at(mm, index);
    int rights = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    uint64_t pfn = mi_read_pte(pte).u.Hard.PageFrameNumber;

    if (!mi_region_map_host_as(&mm->paged, (int64_t)index, pfn, 1, rights))
        ke_bug_check(mm->ke, KERNEL_DATA_INPAGE_ERROR, mi_pte_va(va_at(mm, index)),
                     (uint32_t)STATUS_INSUFFICIENT_RESOURCES, mi_read_pte(pte).u.Long,
                     va_at(mm, index));
    set_bits(pte, accessed);
}

/* ---- leaving --------------------------------------------------------------------------------- */

/* Whether no prototype PTE in it holds a frame. => (P) */
static bool is_free_to_go(const struct mm *mm, MMPTE value)
{
    return mi_pfn(mm, value.u.Hard.PageFrameNumber)->u2.ShareCount == 1;
}

bool mi_paged_pool_take_accessed(struct mm *mm, MMPTE *pte, uint64_t va)
{
    MMPTE value = mi_read_pte(pte);

    if (!value.u.Hard.Accessed)
        return false;
    ke_acquire_lock(&mm->pfn_lock);
    if (is_free_to_go(mm, value))
        (void)hide(mm, pte, va);
    ke_release_lock(&mm->pfn_lock);
    return true;
}

bool mi_paged_pool_trim(struct mm *mm, MMPTE *pte, uint64_t va)
{
    ke_acquire_lock(&mm->pfn_lock);
    MMPTE value = mi_read_pte(pte);
    uint64_t pfn = value.u.Hard.PageFrameNumber;
    bool goes = is_free_to_go(mm, value) && (!value.u.Hard.Accessed || hide(mm, pte, va));
    if (goes) {
        MMPTE transition = mi_transition_pte(pfn, MM_READWRITE);
        transition.u.Trans.Owner = 0;
        mi_wsle_remove(&mm->pool_space, pfn);
        mi_change_pte(mm, pte, transition);
        mi_unmap_page_locked(mm, pfn, value.u.Hard.Dirty);
    }
    ke_release_lock(&mm->pfn_lock);
    return goes;
}

size_t mi_trim_paged_pool(struct mm *mm, size_t most, bool all, bool *busy)
{
    struct mm_space *space = &mm->pool_space;

    if (__atomic_load_n(&mm->paging_files.count, __ATOMIC_ACQUIRE) == 0 || !host_windows_ready())
        return 0;
    if (!mi_try_lock_working_set(space)) {
        *busy = true;
        return 0;
    }
    size_t trimmed = mi_trim_working_set(space, most, all ? MI_TRIM_ANY : MI_TRIM_OLD);
    mi_unlock_working_set(space);
    mi_balance(mm);
    return trimmed;
}

/* ---- coming back ----------------------------------------------------------------------------- */

enum outcome { CAME, NOBODYS, NO_ROOM, TO_READ };

/* A page that is not valid becomes so, if it is in memory; else *read says what is to be done
 * first. => (Q) */
static enum outcome make_valid(struct mm *mm, size_t index, struct mi_read *read)
{
    struct mm_space *space = &mm->pool_space;
    MMPTE *pte = pte_at(mm, index);
    bool room = true;

    if (!NT_SUCCESS(mi_grow_working_set(space, false)))
        return NO_ROOM;
    ke_acquire_lock(&mm->pfn_lock);
    MMPTE value = mi_read_pte(pte);
    uint64_t pfn = value.u.Trans.PageFrameNumber;
    if (mi_pte_in_page_file(value)) {
        *read = mi_inpage_begin(mm, pte, mi_pte_va(va_at(mm, index)), 0);
        room = read->inpage != NULL;
    } else if (mi_pfn(mm, pfn)->u3.e1.ReadInProgress) {
        *read = mi_inpage_join(mm, mi_pfn(mm, pfn));
    } else {
        mi_activate_page(mm, pfn);
    }
    ke_release_lock(&mm->pfn_lock);
    if (!room)
        return NO_ROOM;
    if (read->inpage)
        return TO_READ;
    value = mi_kernel_page_pte(pfn, false);
    value.u.Hard.Accessed = 0;
    value.u.Hard.Dirty = 0;
    mi_change_pte(mm, pte, value);
    mi_wsle_add(space, va_at(mm, index), pfn);
    MI_COUNT(mm, MmTransitionCount);
    return CAME;
}

/* A write to a page that is as its slot has it. => (Q) */
static void make_dirty(struct mm *mm, size_t index)
{
    MMPTE *pte = pte_at(mm, index);

    if (mi_read_pte(pte).u.Hard.Dirty)
        return;
    ke_acquire_lock(&mm->pfn_lock);
    mi_page_changed(mm, mi_pfn(mm, mi_read_pte(pte).u.Hard.PageFrameNumber));
    ke_release_lock(&mm->pfn_lock);
    set_bits(pte, dirty);
}

/* => (Q) */
static enum outcome resolve(struct mm *mm, size_t index, bool write, struct mi_read *read)
{
    MMPTE value = mi_read_pte(pte_at(mm, index));

    if (value.u.Long == 0)
        return NOBODYS;
    enum outcome outcome = value.u.Hard.Valid ? CAME : make_valid(mm, index, read);
    if (outcome == CAME) {
        show(mm, index, write || mi_read_pte(pte_at(mm, index)).u.Hard.Dirty);
        if (write)
            make_dirty(mm, index);
    }
    return outcome;
}

static void read_page(struct mm *mm, size_t index, struct mi_read read)
{
    if (!read.mine) {
        mi_inpage_wait(mm, read.inpage);
        return;
    }
    NTSTATUS status = mi_inpage_read(mm, read.inpage);
    if (!NT_SUCCESS(status))
        ke_bug_check(mm->ke, KERNEL_DATA_INPAGE_ERROR, mi_pte_va(va_at(mm, index)),
                     (uint32_t)status, mi_read_pte(pte_at(mm, index)).u.Long, va_at(mm, index));
    __atomic_fetch_add(&mm->pool_space.vm->HardFaultCount, 1, __ATOMIC_RELAXED);
}

/* The kernel cannot be told that there is no memory: it waits. */
static void find_room(struct mm *mm, unsigned waits)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    const struct nt_globals *nt = &mm->ke->nt;

    if (mi_make_room(mm, ROOM_PAGES) && waits < WAITS_MOST)
        return;
    if (waits == WAITS_MOST)
        ke_bug_check(mm->ke, NO_PAGES_AVAILABLE,
                     __atomic_load_n(&nt->MmModifiedPageListHead->Total, __ATOMIC_RELAXED),
                     __atomic_load_n(&nt->MmModifiedPageListByColor->Total, __ATOMIC_RELAXED),
                     __atomic_load_n(nt->MmAvailablePages, __ATOMIC_RELAXED), 0);
    nanosleep(&moment, NULL);
}

/* Have a page in memory and in the window, for writing if that is wanted.
 * => false: there is none; no lock of KE_RANK_SYSTEM_WORKING_SET or above */
static bool bring(struct mm *mm, size_t index, bool write)
{
    struct mm_space *space = &mm->pool_space;
    enum outcome outcome;
    unsigned waits = 0;

    MI_COUNT(mm, MmPageFaultCount);
    do {
        struct mi_read read = {.inpage = NULL};
        mi_lock_working_set(space);
        space->vm->PageFaultCount++;
        outcome = resolve(mm, index, write, &read);
        mi_unlock_working_set(space);
        if (outcome == TO_READ)
            read_page(mm, index, read);
        else if (outcome == NO_ROOM)
            find_room(mm, waits++);
    } while (outcome == TO_READ || outcome == NO_ROOM);
    mi_balance(mm);
    return outcome == CAME;
}

/* A page fault in kernel mode. */
static bool on_touch(void *owner, void *address, bool write)
{
    struct mm *mm = owner;
    uint64_t va = h2k(&mm->ke->ks, address);

    if (ke_raised > 0)
        ke_bug_check(mm->ke, IRQL_NOT_LESS_OR_EQUAL, va, DISPATCH_LEVEL, write, 0);
    if (!bring(mm, index_of(mm, va), write))
        ke_bug_check(mm->ke, PAGE_FAULT_IN_NONPAGED_AREA, va, write, 0, 0);
    return true;
}

bool mi_paged_pool_is_there(const struct mm *mm, const void *p)
{
    MMPTE value = mi_read_pte(pte_at(mm, mi_region_index(&mm->paged, p)));

    return value.u.Hard.Valid && value.u.Hard.Accessed && value.u.Hard.Dirty;
}

void mi_lock_pfn_with(struct mm *mm, const void *p)
{
    for (;;) {
        ke_acquire_lock(&mm->pfn_lock);
        if (mi_paged_pool_is_there(mm, p))
            return;
        ke_release_lock(&mm->pfn_lock);
        bool came = bring(mm, mi_region_index(&mm->paged, p), true);
        ASSERT(came);
    }
}

void mi_paged_pool_settle(struct mm *mm)
{
    struct mm_space *space = &mm->pool_space;

    for (size_t i = 0; i < mm->paged.pages; i++) {
        if (mi_read_pte(pte_at(mm, i)).u.Long != 0 &&
            !mi_paged_pool_is_there(mm, mi_region_host(&mm->paged, i)))
            (void)bring(mm, i, true);
    }
    mi_lock_working_set(space);
    mi_wsle_fit(space);
    mi_unlock_working_set(space);
}

/* ---- pages that are made and freed ----------------------------------------------------------- */

size_t mi_paged_pool_enter(struct mm *mm, size_t index, uint64_t pfn, size_t count)
{
    struct mm_space *space = &mm->pool_space;
    size_t i = 0;

    mi_lock_working_set(space);
    for (; i < count && NT_SUCCESS(mi_wsle_reserve(space, false)); i++) {
        MMPTE *pte = pte_at(mm, index + i);
        uint64_t va = va_at(mm, index + i);
        mi_initialize_pfn(mm, pfn + i, mi_pte_va(va), mi_frame_of(mm, pte), MM_READWRITE);
        mi_change_pte(mm, pte, mi_kernel_page_pte(pfn + i, false));
        mi_wsle_add(space, va, pfn + i);
    }
    mi_unlock_working_set(space);
    return i;
}

size_t mi_paged_pool_remove(struct mm *mm, size_t index, size_t count)
{
    struct mm_space *space = &mm->pool_space;
    uint64_t freed[MI_GROUP_PAGES];
    size_t total = 0, n = 0;

    mi_lock_working_set(space);
    for (size_t i = index; i < index + count; i++) {
        MMPTE *pte = pte_at(mm, i), value = mi_read_pte(pte);
        if (value.u.Long == 0)
            continue;
        total++;
        if (!value.u.Hard.Valid) {
            mi_delete_invalid_pte(mm, pte, (MMPTE){.u.Long = 0});
            continue;
        }
        mi_wsle_remove(space, value.u.Hard.PageFrameNumber);
        mi_change_pte(mm, pte, (MMPTE){.u.Long = 0});
        freed[n++] = value.u.Hard.PageFrameNumber;
        if (n == MI_GROUP_PAGES) {
            mi_free_pages(mm, freed, n);
            n = 0;
        }
    }
    mi_free_pages(mm, freed, n);
    mi_wsle_shrink(space);
    mi_unlock_working_set(space);
    return total;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* The page directory that KUSER_SHARED_DATA is below, too. */
static MMPTE *list_directory(const struct mm *mm)
{
    MMPTE *table = mi_frame(mm, MI_VPN(MM_SYSTEM_PAGE_DIRECTORY));

    for (unsigned level = 4; level > 2; level--) {
        MMPTE entry = mi_read_pte(&table[mi_table_index(MI_PAGED_POOL_LIST, level)]);
        ASSERT(entry.u.Hard.Valid);
        table = mi_frame(mm, entry.u.Hard.PageFrameNumber);
    }
    return table;
}

NTSTATUS mi_paged_pool_boot(struct mm *mm)
{
    struct mm_space *space = &mm->pool_space;

    *space = (struct mm_space){.mm = mm,
                               .vm = mm->ke->nt.MmPagedPoolWs,
                               .system = true,
                               .directory = MI_VPN(MM_SYSTEM_PAGE_DIRECTORY),
                               .pml4 = mi_frame(mm, MI_VPN(MM_SYSTEM_PAGE_DIRECTORY)),
                               .hyperspace = list_directory(mm)};
    NTSTATUS status = mi_hyperspace_add(space, MI_WORKING_SET_LIST);
    if (!NT_SUCCESS(status))
        return status;
    space->working_set_list = mi_hyperspace(space, MI_WORKING_SET_LIST);
    space->vm->VmWorkingSetList.va = MI_PAGED_POOL_LIST;
    space->vm->Flags.WorkingSetType = PAGED_POOL_TYPE;
    space->vm->MaximumWorkingSetSize = (ULONG)mm->paged.pages;
    ex_initialize_push_lock(&space->vm->WorkingSetMutex);
    mi_wsle_initialize(space);
    mm->paged_window = (struct host_window){
        .start = mm->paged.host, .size = MI_VA(mm->paged.pages), .owner = mm, .touched = on_touch};
    return host_window_open(&mm->paged_window);
}

void mi_paged_pool_close(struct mm *mm)
{
    host_window_close(&mm->paged_window);
}
