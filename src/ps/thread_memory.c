/* src/ps/thread_memory.c: the user memory of a thread: its stack and its TEB.
 *
 *      allocation                                    limit               base
 *         | reserved ...........................| guard | committed ......|
 *         | last page: never given                               grows <---
 *
 * Touching a guard page moves the guard down. When it has come to the last page of the reservation,
 * the guard itself is given to the program, so that it has room to handle the stack overflow: three
 * pages, or what the thread has asked for.
 * Source: "Thread Stack Size", documentation; Windows Internals 6, part 2, ch. 10 "User Stacks".
 */
#include <string.h>

#include "ps/psi.h"

#define DEFAULT_STACK_RESERVE 0x100000ull
#define DEFAULT_STACK_COMMIT 0x1000ull
#define DEFAULT_LOCALE 0x409

static uint64_t round_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

void psp_free_user_pages(struct mm_space *space, uint64_t base)
{
    uint64_t size = 0;
    /* The program may have freed it itself; then there is nothing left to do. */
    NTSTATUS status = mm_free_virtual_memory(space, &base, &size, MEM_RELEASE);
    (void)status;
}

NTSTATUS psp_create_stack(struct mm_space *space, uint64_t reserve, uint64_t commit,
                          struct psp_stack *stack)
{
    reserve = reserve ? reserve : DEFAULT_STACK_RESERVE;
    commit = round_up(commit ? commit : DEFAULT_STACK_COMMIT, PAGE_SIZE);
    if (reserve > MM_HIGHEST_USER_ADDRESS || commit > MM_HIGHEST_USER_ADDRESS) {
        return STATUS_NO_MEMORY;
    }
    if (commit + STACK_GUARD_SIZE >= reserve) {
        reserve = round_up(commit + STACK_GUARD_SIZE + PAGE_SIZE, DEFAULT_STACK_RESERVE);
    }
    reserve = round_up(reserve, MM_ALLOCATION_GRANULARITY);

    uint64_t base = 0;
    NTSTATUS status =
        mm_allocate_virtual_memory(space, &base, 0, &reserve, MEM_RESERVE, PAGE_READWRITE);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint64_t guard = base + reserve - commit - STACK_GUARD_SIZE, size = commit + STACK_GUARD_SIZE;
    status = mm_allocate_virtual_memory(space, &guard, 0, &size, MEM_COMMIT, PAGE_READWRITE);
    uint32_t old;
    if (NT_SUCCESS(status)) {
        size = STACK_GUARD_SIZE;
        status = mm_protect_virtual_memory(space, &guard, &size, PAGE_READWRITE | PAGE_GUARD, &old);
    }
    if (!NT_SUCCESS(status)) {
        psp_free_user_pages(space, base);
        return status;
    }
    *stack = (struct psp_stack){
        .allocation = base, .limit = base + reserve - commit, .base = base + reserve};
    return STATUS_SUCCESS;
}

NTSTATUS psp_create_teb(struct ps_process *process, const CLIENT_ID *id,
                        const struct psp_stack *stack, uint64_t *teb_va)
{
    NTSTATUS status = mm_create_peb_or_teb(process->space, sizeof(TEB), teb_va);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    TEB teb;
    memset(&teb, 0, sizeof teb);
    teb.NtTib.StackBase.va = stack->base;
    teb.NtTib.StackLimit.va = stack->limit;
    teb.NtTib.Self.va = *teb_va;
    teb.ClientId = *id;
    teb.RealClientId = *id;
    teb.ProcessEnvironmentBlock.va = process->process->Peb.va;
    teb.CurrentLocale = DEFAULT_LOCALE;
    teb.DeallocationStack.va = stack->allocation;
    teb.StaticUnicodeString.MaximumLength = sizeof teb.StaticUnicodeBuffer;
    teb.StaticUnicodeString.Buffer.va = *teb_va + offsetof(TEB, StaticUnicodeBuffer);
    status = mm_copy_to_user(process->space, *teb_va, &teb, sizeof teb);
    if (!NT_SUCCESS(status)) {
        psp_free_user_pages(process->space, *teb_va);
    }
    return status;
}

/* A TEB could not be read or written. A program that took it away has a guard page; but when there
 * was no page for it, the stack cannot grow, and nearly all guard pages are stacks'. */
static NTSTATUS without_teb(NTSTATUS why)
{
    return why == STATUS_ACCESS_VIOLATION || why == STATUS_GUARD_PAGE_VIOLATION
               ? STATUS_GUARD_PAGE_VIOLATION
               : STATUS_STACK_OVERFLOW;
}

/* Does `va` lie in the stack that this TEB describes? Fills `tib` and the lowest address.
 * => STATUS_GUARD_PAGE_VIOLATION: no; STATUS_STACK_OVERFLOW: there is no memory to look */
static NTSTATUS check_stack(struct mm_space *space, uint64_t teb, uint64_t va, NT_TIB *tib,
                            uint64_t *lowest)
{
    NTSTATUS status = mm_copy_from_user(space, tib, teb, sizeof *tib);
    if (NT_SUCCESS(status)) {
        status = mm_copy_from_user(space, lowest, teb + offsetof(TEB, DeallocationStack),
                                   sizeof *lowest);
    }
    if (!NT_SUCCESS(status)) {
        return without_teb(status);
    }
    return va >= *lowest && va < tib->StackBase.va ? STATUS_SUCCESS : STATUS_GUARD_PAGE_VIOLATION;
}

/* Commit start .. end, and give it this protection. */
static NTSTATUS set_stack_pages(struct mm_space *space, uint64_t start, uint64_t end,
                                uint32_t protection)
{
    uint64_t base = start, size = end - start;
    uint32_t old;
    if (start >= end) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status =
        mm_allocate_virtual_memory(space, &base, 0, &size, MEM_COMMIT, PAGE_READWRITE);
    return NT_SUCCESS(status) ? mm_protect_virtual_memory(space, &base, &size, protection, &old)
                              : status;
}

/* How large the guard of a thread's stack is: STACK_GUARD_SIZE, or what it wants guaranteed
 * and a page. Source: SetThreadStackGuarantee, documentation. */
static NTSTATUS guard_size(struct mm_space *space, uint64_t teb, uint64_t *size)
{
    ULONG guaranteed;
    NTSTATUS status = mm_copy_from_user(
        space, &guaranteed, teb + offsetof(TEB, GuaranteedStackBytes), sizeof guaranteed);
    if (NT_SUCCESS(status)) {
        *size = round_up(guaranteed, PAGE_SIZE) + PAGE_SIZE;
        *size = *size > STACK_GUARD_SIZE ? *size : STACK_GUARD_SIZE;
    }
    return NT_SUCCESS(status) ? status : without_teb(status);
}

/* What the fault was about: the stack of a thread, whose page at `hit` is open now. */
struct growth {
    struct mm_space *space;
    uint64_t lowest, hit, limit; /* of the reservation, the page, StackLimit */
    uint64_t size;               /* of a guard */
};

/* Pages from `guard` up to the stack's old limit are the program's, without a guard: they are there
 * to handle the overflow in. => the new limit */
static uint64_t give_guard(const struct growth *g, uint64_t guard)
{
    uint64_t base = guard, size = g->limit - guard;
    uint32_t old;
    NTSTATUS status = mm_protect_virtual_memory(g->space, &base, &size, PAGE_READWRITE, &old);
    return NT_SUCCESS(status) ? guard : g->hit;
}

/* Move the guard down, or give it to the program when it has no room, or no memory is left for
 * another. => STATUS_STACK_OVERFLOW: so it was; *limit is the new one in any case */
static NTSTATUS move_guard(const struct growth *g, uint64_t *limit)
{
    bool room = g->hit > g->lowest + PAGE_SIZE + g->size;
    uint64_t guard = room ? g->hit - g->size : g->lowest + PAGE_SIZE;
    /* Pages that were jumped over are the stack's as well. */
    NTSTATUS status = set_stack_pages(g->space, g->hit, g->limit, PAGE_READWRITE);
    if (NT_SUCCESS(status)) {
        status = set_stack_pages(g->space, guard, g->hit,
                                 room ? PAGE_READWRITE | PAGE_GUARD : PAGE_READWRITE);
    }
    *limit = room ? g->hit : guard;
    if (!NT_SUCCESS(status)) {
        *limit = give_guard(g, g->limit - g->size);
    }
    return NT_SUCCESS(status) && room ? STATUS_SUCCESS : STATUS_STACK_OVERFLOW;
}

/* Source: "Thread Stack Size", documentation: a stack grows by its guard page until that would be
 * the last page reserved, or there is no memory, which raises a stack overflow instead. */
NTSTATUS ps_grow_stack(struct ps_thread *thread, uint64_t va)
{
    struct mm_space *space = thread->process->space;
    struct growth growth = {.space = space, .hit = va / PAGE_SIZE * PAGE_SIZE};
    uint64_t teb = thread->teb, limit;
    NT_TIB tib;
    if (!teb) {
        return STATUS_GUARD_PAGE_VIOLATION;
    }
    NTSTATUS status = check_stack(space, teb, va, &tib, &growth.lowest);
    if (NT_SUCCESS(status)) {
        status = guard_size(space, teb, &growth.size);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    growth.limit = tib.StackLimit.va;
    status = move_guard(&growth, &limit);
    NTSTATUS said =
        mm_copy_to_user(space, teb + offsetof(NT_TIB, StackLimit), &limit, sizeof limit);
    return NT_SUCCESS(said) ? status : without_teb(said);
}
