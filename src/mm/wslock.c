/* src/mm/wslock.c: pages that stay: NtLockVirtualMemory, NtUnlockVirtualMemory.
 *
 * There are two locks, and a page may have both:
 *
 *      MAP_PROCESS   in the working set (VirtualLock): its entry stands in front of FirstDynamic
 *      MAP_SYSTEM    in memory, for who has SeLockMemoryPrivilege: its entry's Spare bit. Windows
 *                    lets such a page leave the working set, and keeps it in memory; here it stays
 *
 * A call locks all its pages or none: they are brought in first, which may take time and memory;
 * then, under the working set lock, it is looked whether all are there and may be locked, and after
 * that nothing can fail. When some were trimmed meanwhile it is done again.
 *
 * Source: VirtualLock, VirtualUnlock, "Creating Guard Pages", documentation; MAP_* as
 * NtLockVirtualMemory's interface is known.
 */
#include "hw/bits.h"
#include "mm/section.h"
#include "mm/vad.h"
#include "mm/wset.h"

#define ATTEMPTS_MOST 100u /* against others that trim */

struct lock {
    struct mm_space *space;
    uint64_t start, end; /* bytes, page aligned */
    uint32_t type;
};

/* => STATUS_INVALID_PARAMETER, _2, _3 */
static NTSTATUS check_arguments(struct lock *lock, uint64_t base, uint64_t size)
{
    if (lock->type == 0 || lock->type & ~(MAP_PROCESS | MAP_SYSTEM))
        return STATUS_INVALID_PARAMETER;
    if (base > MM_HIGHEST_VAD_ADDRESS)
        return STATUS_INVALID_PARAMETER_2;
    if (size == 0 || size > MM_HIGHEST_VAD_ADDRESS + 1 - base)
        return STATUS_INVALID_PARAMETER_3;
    lock->start = MI_VA(MI_VPN(base));
    lock->end = MI_VA(MI_VPN(base + size - 1) + 1);
    return STATUS_SUCCESS;
}

/* The entry of a page, MI_WSLE_NONE for what has none: KUSER_SHARED_DATA, pages that the process
 * owns (AWE), large pages. => false: it is not in memory */
static bool find_entry(const struct mm_space *space, uint64_t va, uint32_t *index)
{
    MMPTE pte = mi_pte_or_zero(space, va);

    *index = MI_WSLE_NONE;
    if (mi_large_or_zero(space, va).u.Hard.Valid)
        return true;
    if (pte.u.Hard.Valid && pte.u.Hard.PageFrameNumber != space->mm->shared_user_data_pfn &&
        !mi_pte_is_awe(space->mm, pte))
        *index = mi_wsle_find(space, va, pte);
    return pte.u.Hard.Valid;
}

static bool is_in_front(const struct mm_space *space, uint32_t index)
{
    return index < mi_wsl(space)->FirstDynamic;
}

/* Which locks a page has. */
static uint32_t locks_of(const struct mm_space *space, uint32_t index)
{
    if (index == MI_WSLE_NONE)
        return 0;
    return (is_in_front(space, index) ? MAP_PROCESS : 0) |
           (mi_wsle(space, index)->u1.e1.Spare ? MAP_SYSTEM : 0);
}

bool mi_page_is_locked(const struct mm_space *space, uint64_t va)
{
    uint32_t index;

    return find_entry(space, va, &index) && locks_of(space, index) != 0;
}

bool mi_any_page_is_locked(const struct mm_space *space, uint64_t start, uint64_t end)
{
    if (mi_wsl(space)->FirstDynamic == MI_FIXED_WSLES && space->process->NumberOfLockedPages == 0)
        return false;
    for (uint64_t va = start; mi_next_pte(space, &va, end) != NULL; va += PAGE_SIZE) {
        if (mi_page_is_locked(space, va))
            return true;
    }
    return false;
}

static void set_memory_lock(struct mm_space *space, uint32_t index, unsigned locked)
{
    MMWSLE *entry = mi_wsle(space, index);

    space->process->NumberOfLockedPages += locked - (ULONG64)entry->u1.e1.Spare;
    entry->u1.e1.Spare = locked;
}

/* ---- locking ----------------------------------------------------------------------------------
 */

/* Have every page in memory, for a moment. => no locks */
static NTSTATUS touch(const struct lock *lock)
{
    const hw_fault read = hw_fault_set_user((hw_fault){0}, 1);
    NTSTATUS status = STATUS_SUCCESS;

    for (uint64_t va = lock->start; va < lock->end && NT_SUCCESS(status); va += PAGE_SIZE)
        status = mm_access_fault(lock->space, va, read.value);
    return status;
}

/* Before pages are brought in: whether there are not too many in any case. => no locks */
static NTSTATUS check_count(const struct lock *lock)
{
    mi_lock_working_set_shared(lock->space);
    NTSTATUS status = mi_space_status(lock->space);
    uint64_t most = lock->space->process->Vm.MinimumWorkingSetSize;
    mi_unlock_working_set_shared(lock->space);
    bool too_many = lock->type & MAP_PROCESS && MI_VPN(lock->end - lock->start) > most;
    return NT_SUCCESS(status) && too_many ? STATUS_WORKING_SET_QUOTA : status;
}

/* Whether all pages are in memory, and may be locked. => (W) */
static NTSTATUS check_pages(const struct lock *lock, bool *missing)
{
    const struct mm_space *space = lock->space;
    uint64_t fresh = 0, locked = mi_wsl(space)->FirstDynamic;
    NTSTATUS status = STATUS_SUCCESS;
    uint32_t index;

    *missing = false;
    for (uint64_t va = lock->start; va < lock->end; va += PAGE_SIZE) {
        *missing = *missing || !find_entry(space, va, &index);
        if (*missing || index == MI_WSLE_NONE)
            continue;
        fresh += lock->type & MAP_PROCESS && !is_in_front(space, index);
        if (locks_of(space, index) & lock->type)
            status = STATUS_WAS_LOCKED;
    }
    if (fresh > 0 && locked + fresh + MI_FLUID_PAGES > space->process->Vm.MinimumWorkingSetSize)
        return STATUS_WORKING_SET_QUOTA;
    return status;
}

/* => (W); they were checked */
static void lock_pages(const struct lock *lock)
{
    struct mm_space *space = lock->space;
    uint32_t index;

    for (uint64_t va = lock->start; va < lock->end; va += PAGE_SIZE) {
        (void)find_entry(space, va, &index);
        if (index == MI_WSLE_NONE)
            continue;
        if (lock->type & MAP_SYSTEM)
            set_memory_lock(space, index, 1);
        if (lock->type & MAP_PROCESS && !is_in_front(space, index))
            mi_wsle_lock(space, index);
    }
}

/* NtLockVirtualMemory. *base and *size become whole pages.
 * => STATUS_WAS_LOCKED (a success)   some page was locked already
 *    STATUS_INVALID_PARAMETER        no lock, or an unknown one
 *    STATUS_INVALID_PARAMETER_2, _3  base or end outside of user space, size 0
 *    STATUS_ACCESS_VIOLATION         some page is not committed, or may not be read
 *    STATUS_GUARD_PAGE_VIOLATION     some page was guarded; it is not any more
 *    STATUS_WORKING_SET_QUOTA        the minimum working set is too small for so many
 *    STATUS_PROCESS_IS_TERMINATING   its memory was deleted already
 *    what brings pages in: STATUS_NO_MEMORY, STATUS_IN_PAGE_ERROR, ...
 * Nothing is locked then. */
NTSTATUS mm_lock_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size,
                                uint32_t type)
{
    struct lock lock = {.space = space, .type = type};
    NTSTATUS status = check_arguments(&lock, *base, *size);

    if (NT_SUCCESS(status))
        status = check_count(&lock);
    bool missing = NT_SUCCESS(status);
    for (unsigned attempt = 0; missing; attempt++) {
        if (attempt == ATTEMPTS_MOST)
            return STATUS_WORKING_SET_QUOTA;
        status = touch(&lock);
        if (!NT_SUCCESS(status))
            return status;
        mi_lock_working_set(space);
        status = check_pages(&lock, &missing);
        if (NT_SUCCESS(status) && !missing)
            lock_pages(&lock);
        mi_unlock_working_set(space);
        if (!NT_SUCCESS(status))
            return status;
    }
    if (NT_SUCCESS(status)) {
        *base = lock.start;
        *size = lock.end - lock.start;
    }
    return status;
}

/* ---- unlocking --------------------------------------------------------------------------------
 */

/* Every page that does not have the locks leaves the working set. => (W); STATUS_NOT_LOCKED */
static NTSTATUS release_unlocked(const struct lock *lock)
{
    struct mm_space *space = lock->space;
    NTSTATUS status = STATUS_SUCCESS;
    struct mi_flush flush;
    uint32_t index;

    mi_flush_begin(&flush, space);
    for (uint64_t va = lock->start; va < lock->end; va += PAGE_SIZE) {
        bool there = find_entry(space, va, &index);
        uint32_t locks = locks_of(space, index);
        if (there && (locks & lock->type) == lock->type)
            continue;
        status = STATUS_NOT_LOCKED;
        if (there && index != MI_WSLE_NONE && locks == 0)
            mi_trim_page(&flush, mi_find_pte(space, va), va);
    }
    mi_flush_end(&flush);
    return status;
}

static void unlock_pages(const struct lock *lock)
{
    struct mm_space *space = lock->space;
    uint32_t index;

    for (uint64_t va = lock->start; va < lock->end; va += PAGE_SIZE) {
        (void)find_entry(space, va, &index);
        if (lock->type & MAP_SYSTEM)
            set_memory_lock(space, index, 0);
        if (lock->type & MAP_PROCESS)
            mi_wsle_unlock(space, index);
    }
}

/* NtUnlockVirtualMemory.
 * => STATUS_NOT_LOCKED  some page was not; such pages leave the working set, the others stay locked
 *    STATUS_INVALID_PARAMETER, _2, _3, STATUS_PROCESS_IS_TERMINATING  as above */
NTSTATUS mm_unlock_virtual_memory(struct mm_space *space, uint64_t *base, uint64_t *size,
                                  uint32_t type)
{
    struct lock lock = {.space = space, .type = type};
    NTSTATUS status = check_arguments(&lock, *base, *size);

    if (!NT_SUCCESS(status))
        return status;
    mi_lock_working_set(space);
    status = mi_space_status(space);
    if (NT_SUCCESS(status))
        status = release_unlocked(&lock);
    if (NT_SUCCESS(status))
        unlock_pages(&lock);
    mi_unlock_working_set(space);
    if (!NT_SUCCESS(status))
        return status;
    *base = lock.start;
    *size = lock.end - lock.start;
    return STATUS_SUCCESS;
}
