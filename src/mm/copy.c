/* src/mm/copy.c: copying to and from user memory with the rights of user mode.
 *
 * A page that is resident and allows the access is copied under the shared working set lock, so it
 * cannot go away meanwhile; else the access faults as the processor's would, and is tried again.
 * Accessed and Dirty are set in the PTE as the processor's MMU would.
 */
#include <string.h>

#include "hw/bits.h"
#include "mm/space.h"

#define BOUNCE_BYTES PAGE_SIZE

/* The entry of `va`, of a page or a large one, if it allows the access right now, marked as used.
 * => (W) shared */
static bool touch(const struct mm_space *space, uint64_t va, bool write, uint64_t *pfn)
{
    MMPTE *pte = mi_find_pte(space, va);
    uint64_t within = 0; /* the large page */
    MMPTE old, used;

    if (!pte && space->large_pages > 0) {
        pte = mi_find_large(space, va);
        within = mi_table_index(va, 1);
    }
    if (!pte)
        return false;
    old = mi_read_pte(pte);
    if (!old.u.Hard.Valid || !old.u.Hard.Owner || (write && !old.u.Hard.Dirty1))
        return false;
    *pfn = old.u.Hard.PageFrameNumber + within;
    used = old;
    used.u.Hard.Accessed = 1;
    used.u.Hard.Dirty |= write;
    if (used.u.Long != old.u.Long)
        __atomic_fetch_or(&pte->u.Long, used.u.Long & ~old.u.Long, __ATOMIC_RELAXED);
    return true;
}

enum copying {
    READ,
    WRITE,
    CAPTURE, /* read what will be written */
    RETURN   /* write what was captured, where it is another by now */
};

static void return_variable(void *page, const void *host, size_t size)
{
    char now[MM_VARIABLE_MOST];

    mi_copy_racing(now, page, size);
    if (memcmp(now, host, size) != 0)
        mi_copy_racing(page, host, size);
}

/* `size` bytes within one page. => (W) shared; false: fault and try again */
static bool copy_part(const struct mm_space *space, uint64_t va, void *host, size_t size,
                      enum copying how)
{
    uint64_t pfn;

    if (!touch(space, va, how != READ, &pfn))
        return false;
    char *page = (char *)mi_frame(space->mm, pfn) + va % PAGE_SIZE;
    if (how == WRITE)
        mi_copy_racing(page, host, size);
    else if (how == RETURN)
        return_variable(page, host, size);
    else
        mi_copy_racing(host, page, size);
    return true;
}

static bool copy_resident(struct mm_space *space, uint64_t va, void *host, size_t size,
                          enum copying how)
{
    mi_lock_working_set_shared(space);
    bool resident = copy_part(space, va, host, size, how);
    mi_unlock_working_set_shared(space);
    return resident;
}

static bool is_user(uint64_t va, size_t size)
{
    return va <= MM_HIGHEST_USER_ADDRESS && size <= MM_HIGHEST_USER_ADDRESS + 1 - va;
}

static NTSTATUS copy_user(struct mm_space *space, uint64_t va, void *host, size_t size,
                          enum copying how)
{
    hw_fault code = hw_fault_set_write(hw_fault_set_user((hw_fault){0}, 1), how != READ);

    if (size == 0)
        return STATUS_SUCCESS;
    if (!is_user(va, size))
        return STATUS_ACCESS_VIOLATION;
    while (size > 0) {
        uint64_t left = PAGE_SIZE - va % PAGE_SIZE;
        size_t part = size < left ? size : left;
        if (!copy_resident(space, va, host, part, how)) {
            NTSTATUS status = mm_access_fault(space, va, code.value);
            if (!NT_SUCCESS(status))
                return status;
            continue;
        }
        va += part;
        host = (char *)host + part;
        size -= part;
    }
    return STATUS_SUCCESS;
}

NTSTATUS mm_copy_from_user(struct mm_space *space, void *to, uint64_t from_va, size_t size)
{
    return copy_user(space, from_va, to, size, READ);
}

NTSTATUS mm_copy_to_user(struct mm_space *space, uint64_t to_va, const void *from, size_t size)
{
    return copy_user(space, to_va, (void *)from, size, WRITE);
}

/* All of them, if they are at hand. */
static bool copy_at_hand(struct mm_space *space, const struct mm_variable *variables, size_t count,
                         enum copying how)
{
    bool done = true;

    mi_lock_working_set_shared(space);
    for (size_t i = 0; i < count && done; i++) {
        const struct mm_variable *v = &variables[i];
        done = is_user(v->va, v->size) && v->va % PAGE_SIZE + v->size <= PAGE_SIZE &&
               copy_part(space, v->va, v->copy, v->size, how);
    }
    mi_unlock_working_set_shared(space);
    return done;
}

static NTSTATUS copy_variables(struct mm_space *space, const struct mm_variable *variables,
                               size_t count, enum copying how)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (copy_at_hand(space, variables, count, how))
        return STATUS_SUCCESS;
    for (size_t i = 0; i < count && NT_SUCCESS(status); i++)
        status = copy_user(space, variables[i].va, variables[i].copy, variables[i].size, how);
    return status;
}

NTSTATUS mm_capture_variables(struct mm_space *space, const struct mm_variable *variables,
                              size_t count)
{
    return copy_variables(space, variables, count, CAPTURE);
}

NTSTATUS mm_return_variables(struct mm_space *space, const struct mm_variable *variables,
                             size_t count)
{
    return copy_variables(space, variables, count, RETURN);
}

static NTSTATUS status_of(struct mm_space *space)
{
    mi_lock_working_set_shared(space);
    NTSTATUS status = mi_space_status(space);
    mi_unlock_working_set_shared(space);
    return status;
}

NTSTATUS mm_copy_virtual_memory(struct mm_space *from, uint64_t from_va, struct mm_space *to,
                                uint64_t to_va, uint64_t size, uint64_t *copied)
{
    char bounce[BOUNCE_BYTES];

    *copied = 0;
    while (*copied < size) {
        uint64_t source = from_va + *copied, target = to_va + *copied;
        uint64_t part = PAGE_SIZE - source % PAGE_SIZE;
        if (part > PAGE_SIZE - target % PAGE_SIZE)
            part = PAGE_SIZE - target % PAGE_SIZE;
        if (part > size - *copied)
            part = size - *copied;
        if (!NT_SUCCESS(mm_copy_from_user(from, bounce, source, part)) ||
            !NT_SUCCESS(mm_copy_to_user(to, target, bounce, part))) {
            NTSTATUS gone = status_of(from);
            gone = NT_SUCCESS(gone) ? status_of(to) : gone;
            return NT_SUCCESS(gone) ? STATUS_PARTIAL_COPY : gone;
        }
        *copied += part;
    }
    return STATUS_SUCCESS;
}
