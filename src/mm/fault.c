/* src/mm/fault.c: page faults.
 *
 *      PTE \ what to do      allowed                          not allowed
 *      valid                 spurious: run on                 access violation
 *      transition            back from its list               access violation
 *      page file             read it, and fault again         access violation
 *      demand zero           a zeroed frame                   access violation
 *      valid, CopyOnWrite    a write: a copy of its own       access violation
 *      zero, no table        as the VAD says (MemCommit)      access violation
 *      zero or lookup, view  the page of the prototype PTE    access violation
 *      names a page of a fork        that page, and as above          access violation
 *      guarded, any          take the guard off, STATUS_GUARD_PAGE_VIOLATION
 *
 * A fault is a walk down the table `stages` over one context; each stage goes on, finishes with a
 * status, or asks for a restart: after a page became valid that the access cannot be done with yet
 * (a write to a page to be copied). All of it happens under the working set lock of the process.
 *
 * Source: Windows Internals 6, part 2, ch. 10 "Page Fault Handling".
 */
#include "hw/bits.h"
#include "mm/clone.h"
#include "mm/frames.h"
#include "mm/section.h"
#include "mm/vad.h"
#include "mm/wset.h"

#define FRAMES_MOST 6u /* what one fault takes as a rule: a page, its tables, list entries */
#define ROOMS_BEFORE_MORE 8u
#define ROOMS_MOST 72u

struct fault {
    struct mm_space *space;
    uint64_t va; /* page aligned */
    bool write, fetch;
    MMPTE *pte; /* NULL: no page table */
    MMPTE value;
    MMVAD_SHORT *vad; /* only looked up when the PTE does not say enough */
    MMPTE *proto;     /* NULL: not a page of a section, or of a fork (which has no vad here) */
    unsigned protection;
    struct mi_read read; /* with FAULT_SLEEP */
    unsigned rooms;      /* how often that was not enough, or others were faster */
    unsigned waits;      /* how often there was no room at all */
};

enum outcome { FAULT_GO_ON, FAULT_DONE, FAULT_RESTART, FAULT_SLEEP };

struct fault_stage {
    const char *name;
    enum outcome (*run)(struct fault *fault, NTSTATUS *status);
};

static enum outcome done(NTSTATUS *status, NTSTATUS value)
{
    *status = value;
    return FAULT_DONE;
}

static bool allows(unsigned protection, bool write, bool fetch)
{
    return mi_protection_readable(protection) && (!write || mi_protection_writable(protection)) &&
           (!fetch || mi_protection_executable(protection));
}

/* A page that was shared is written: this process gets its own. */
static NTSTATUS copy_on_write(struct fault *fault)
{
    struct mm_space *space = fault->space;
    struct mm *mm = space->mm;
    uint64_t old = fault->value.u.Hard.PageFrameNumber, pfn;
    unsigned protection = mi_pte_caching(fault->value) |
                          (fault->value.u.Hard.NoExecute ? MM_READWRITE : MM_EXECUTE_READWRITE);
    bool fork = mi_pte_is_fork(mm, fault->value);
    struct mi_flush flush;

    if (fork && mi_clone_take_over(space, fault->pte, fault->va))
        return STATUS_SUCCESS;
    if (!mi_slist_take(space, MI_PAGE_USER, &pfn))
        return STATUS_NO_MEMORY;
    mi_copy_page(mi_frame(mm, pfn), mi_frame(mm, old));
    mi_initialize_pfn(mm, pfn, mi_pte_va(fault->va), mi_frame_of(mm, fault->pte), protection);
    mi_flush_begin(&flush, space);
    MMPTE shared = mi_change_pte(mm, fault->pte, mi_user_page_pte(pfn, protection));
    mi_flush_page(&flush, fault->va, old);
    if (fork)
        mi_flush_release(&flush, old, mi_pfn(mm, old)->PteAddress.va);
    else
        mi_flush_unshare(&flush, old, shared.u.Hard.Dirty);
    mi_wsle_make_private(space, fault->va, pfn);
    mi_flush_end(&flush);
    MI_COUNT(mm, MmCopyOnWriteCount);
    return STATUS_SUCCESS;
}

/* A valid PTE: somebody else was faster, or the access is forbidden. */
static enum outcome check_valid(struct fault *fault, NTSTATUS *status)
{
    fault->vad = NULL;
    fault->proto = NULL;
    fault->pte = mi_find_pte(fault->space, fault->va);
    fault->value = fault->pte ? mi_read_pte(fault->pte) : mi_large_or_zero(fault->space, fault->va);
    if (!fault->value.u.Hard.Valid)
        return FAULT_GO_ON;
    if (fault->write && fault->value.u.Hard.Owner && fault->value.u.Hard.CopyOnWrite &&
        !fault->value.u.Hard.Dirty1)
        return done(status, copy_on_write(fault));
    bool forbidden = !fault->value.u.Hard.Owner || (fault->write && !fault->value.u.Hard.Write) ||
                     (fault->fetch && fault->value.u.Hard.NoExecute);
    return done(status, forbidden ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS);
}

/* The PTE names a page of a fork, which somebody may have changed it to. */
static enum outcome classify_fork(struct fault *fault)
{
    struct mm *mm = fault->space->mm;
    uint64_t block_va = mi_away_fork_block_va(fault->value);

    if (!mi_clone_find(fault->space, block_va))
        mi_corrupt_pte(mm, mi_pte_va(fault->va), fault->value);
    fault->proto = kspace_host(&mm->ke->ks, block_va); /* the first member of the block */
    fault->protection = fault->value.u.Proto.Protection;
    return FAULT_GO_ON;
}

/* Is a page committed here, and with which protection? */
static enum outcome classify(struct fault *fault, NTSTATUS *status)
{
    if (mi_pte_is_away_fork(fault->value))
        return classify_fork(fault);
    if (fault->value.u.Long != 0 && !mi_pte_is_lookup(fault->value)) {
        if (mi_pte_is_decommitted(fault->value))
            return done(status, STATUS_ACCESS_VIOLATION);
        fault->protection = fault->value.u.Soft.Protection;
        return FAULT_GO_ON;
    }
    fault->vad = mi_vad_find(fault->space, MI_VPN(fault->va));
    if (fault->vad && mi_vad_is_view(fault->vad)) {
        fault->proto = mi_proto_of(fault->space->mm, fault->vad, fault->va);
        return mi_view_page(fault->space, fault->vad, fault->va, fault->value, &fault->protection)
                   ? FAULT_GO_ON
                   : done(status, STATUS_ACCESS_VIOLATION);
    }
    if (!fault->vad || !fault->vad->u.VadFlags.MemCommit)
        return done(status, STATUS_ACCESS_VIOLATION);
    fault->protection = fault->vad->u.VadFlags.Protection;
    return FAULT_GO_ON;
}

/* The first touch of a guarded page, whatever it wants, is reported, once.
 * Source: "Creating Guard Pages", documentation. */
static enum outcome check_guard(struct fault *fault, NTSTATUS *status)
{
    unsigned open = mi_protection_without_guard(fault->protection);
    struct mi_flush flush;

    if (!mi_protection_guard(fault->protection))
        return FAULT_GO_ON;
    if (!fault->pte) {
        *status = mi_make_pte(fault->space, fault->va, &fault->pte);
        if (!NT_SUCCESS(*status))
            return FAULT_DONE;
    }
    mi_flush_begin(&flush, fault->space);
    if (fault->proto)
        mi_protect_view_page(&flush, fault->pte, fault->va, open);
    else
        mi_set_page_protection(&flush, fault->pte, fault->va, open);
    mi_flush_end(&flush);
    return done(status, STATUS_GUARD_PAGE_VIOLATION);
}

static enum outcome check_access(struct fault *fault, NTSTATUS *status)
{
    if (allows(fault->protection, fault->write, fault->fetch))
        return FAULT_GO_ON;
    return done(status, STATUS_ACCESS_VIOLATION);
}

/* The page will be one more of the working set. */
static enum outcome grow_working_set(struct fault *fault, NTSTATUS *status)
{
    *status = mi_grow_working_set(fault->space, fault->proto != NULL);
    return NT_SUCCESS(*status) ? FAULT_GO_ON : FAULT_DONE;
}

/* The page is still in memory, or on its way in. */
static enum outcome resolve_transition(struct fault *fault, NTSTATUS *status)
{
    struct mm *mm = fault->space->mm;

    if (!mi_pte_is_transition(fault->value))
        return FAULT_GO_ON;
    ke_acquire_lock(&mm->pfn_lock);
    MMPTE value = mi_read_pte(fault->pte);
    uint64_t pfn = value.u.Trans.PageFrameNumber;
    bool still = mi_pte_is_transition(value);
    if (still && mi_pfn(mm, pfn)->u3.e1.ReadInProgress)
        fault->read = mi_inpage_join(mm, mi_pfn(mm, pfn));
    else if (still)
        mi_activate_user_page(mm, pfn);
    if (still && !fault->read.inpage && fault->write)
        mi_page_changed(mm, mi_pfn(mm, pfn)); /* so a slot it has is free for others */
    ke_release_lock(&mm->pfn_lock);
    if (!still)
        return FAULT_RESTART;
    if (fault->read.inpage)
        return FAULT_SLEEP;
    mi_change_pte(mm, fault->pte, mi_user_page_pte(pfn, fault->protection));
    mi_wsle_add(fault->space, fault->va, pfn);
    MI_COUNT(mm, MmTransitionCount);
    return done(status, STATUS_SUCCESS);
}

/* The page is in a paging file. */
static enum outcome resolve_page_file(struct fault *fault, NTSTATUS *status)
{
    struct mm *mm = fault->space->mm;

    if (!mi_pte_in_page_file(fault->value))
        return FAULT_GO_ON;
    ke_acquire_lock(&mm->pfn_lock);
    fault->read = mi_inpage_begin(mm, fault->pte, mi_pte_va(fault->va), 0);
    ke_release_lock(&mm->pfn_lock);
    return fault->read.inpage ? FAULT_SLEEP : done(status, STATUS_NO_MEMORY);
}

/* A page of a section, or of a fork: shared for now, and copied at once if that is what a write
 * wants. */
static enum outcome resolve_prototype(struct fault *fault, NTSTATUS *status)
{
    struct mm_space *space = fault->space;
    bool fork = !fault->vad;
    uint64_t pfn;

    if (!fault->proto)
        return FAULT_GO_ON;
    *status = fault->pte ? STATUS_SUCCESS : mi_make_pte(space, fault->va, &fault->pte);
    if (NT_SUCCESS(*status)) {
        *status = fork ? mi_proto_fault_fork(space->mm, fault->proto, &pfn, &fault->read)
                       : mi_proto_fault(space, fault->vad, fault->proto, &pfn, &fault->read);
        if (!NT_SUCCESS(*status) || fault->read.inpage)
            mi_trim_tables(space, fault->va, fault->va + PAGE_SIZE);
    }
    if (!NT_SUCCESS(*status))
        return FAULT_DONE;
    if (fault->read.inpage)
        return FAULT_SLEEP;
    mi_change_pte(space->mm, fault->pte,
                  fork ? mi_fork_page_pte(pfn, fault->protection)
                       : mi_shared_page_pte(pfn, fault->protection));
    mi_wsle_add_shared(space, fault->va);
    bool copies = fork || mi_protection_is_copy(fault->protection);
    return fault->write && copies ? FAULT_RESTART : FAULT_DONE;
}

static enum outcome resolve_demand_zero(struct fault *fault, NTSTATUS *status)
{
    struct mm *mm = fault->space->mm;
    uint64_t pfn;

    if (!fault->pte) {
        *status = mi_make_pte(fault->space, fault->va, &fault->pte);
        if (!NT_SUCCESS(*status))
            return FAULT_DONE;
    }
    if (!mi_slist_take(fault->space, MI_PAGE_USER_ZEROED, &pfn)) {
        mi_trim_tables(fault->space, fault->va, fault->va + PAGE_SIZE);
        return done(status, STATUS_NO_MEMORY);
    }
    mi_initialize_pfn(mm, pfn, mi_pte_va(fault->va), mi_frame_of(mm, fault->pte),
                      fault->protection);
    mi_change_pte(mm, fault->pte, mi_user_page_pte(pfn, fault->protection));
    mi_wsle_add(fault->space, fault->va, pfn);
    MI_COUNT(mm, MmDemandZeroCount);
    return done(status, STATUS_SUCCESS);
}

static const struct fault_stage stages[] = {
    {"valid", check_valid},
    {"classify", classify},
    {"guard", check_guard},
    {"access", check_access},
    {"working set", grow_working_set},
    {"transition", resolve_transition},
    {"page file", resolve_page_file},
    {"prototype", resolve_prototype},
    {"demand zero", resolve_demand_zero},
};

/* => (W) */
static enum outcome run_stages(struct fault *fault, NTSTATUS *status)
{
    enum outcome outcome;
    size_t i = 0;

    do { /* the last stage never goes on */
        outcome = stages[i].run(fault, status);
        i = outcome == FAULT_RESTART ? 0 : i + 1;
    } while (outcome == FAULT_GO_ON || outcome == FAULT_RESTART);
    return outcome;
}

/* => false: there is none, and will not be any soon */
static bool find_memory(struct fault *fault)
{
    /* Had it been enough, we would not be here again: the working set's own tables may need more.
     */
    uint64_t pages = FRAMES_MOST << fault->rooms / ROOMS_BEFORE_MORE;

    if (mi_make_room(fault->space->mm, pages))
        return fault->rooms++ < ROOMS_MOST;
    return mi_wait_for_room(fault->space, fault->waits++);
}

/* What cannot be done with the working set locked: read, wait, find memory.
 * => whether the fault is to be tried again */
static bool sleep_outside(struct fault *fault, enum outcome outcome, NTSTATUS *status)
{
    struct mm *mm = fault->space->mm;
    struct mi_read read = fault->read;

    fault->read = (struct mi_read){.inpage = NULL};
    if (outcome != FAULT_SLEEP)
        return *status == STATUS_NO_MEMORY && find_memory(fault);
    if (!read.mine) {
        mi_inpage_wait(mm, read.inpage);
        return true;
    }
    __atomic_fetch_add(&fault->space->process->Vm.HardFaultCount, 1, __ATOMIC_RELAXED);
    *status = mi_inpage_read(mm, read.inpage);
    return NT_SUCCESS(*status);
}

NTSTATUS mm_page_fault(struct mm_space *space, uint64_t va, uint32_t error_code)
{
    hw_fault code = {error_code};
    struct fault fault = {.space = space,
                          .va = MI_VA(MI_VPN(va)),
                          .write = hw_fault_write(code),
                          .fetch = hw_fault_fetch(code)};
    NTSTATUS status = STATUS_ACCESS_VIOLATION;
    enum outcome outcome;

    MI_COUNT(space->mm, MmPageFaultCount);
    if (va > MM_HIGHEST_USER_ADDRESS)
        return STATUS_ACCESS_VIOLATION;
    mi_lock_working_set(space);
    space->process->Vm.PageFaultCount++;
    outcome = run_stages(&fault, &status);
    mi_unlock_working_set(space);
    while (sleep_outside(&fault, outcome, &status)) {
        mi_lock_working_set(space);
        outcome = run_stages(&fault, &status);
        mi_unlock_working_set(space);
    }
    mi_balance(space->mm);
    const struct mm_ops *ops = space->mm->ops;
    if (status == STATUS_GUARD_PAGE_VIOLATION && ops->guard_page)
        status = ops->guard_page(space->mm->owner, space, va);
    return status;
}

NTSTATUS mm_access_fault(struct mm_space *space, uint64_t va, uint32_t error_code)
{
    NTSTATUS status = mm_page_fault(space, va, error_code);

    switch (status) {
    case STATUS_SUCCESS:
    case STATUS_ACCESS_VIOLATION:
    case STATUS_GUARD_PAGE_VIOLATION:
    case STATUS_STACK_OVERFLOW:
    case STATUS_NO_MEMORY:
    case STATUS_COMMITMENT_LIMIT:
        return status;
    default:
        return NT_SUCCESS(status) ? STATUS_SUCCESS : STATUS_IN_PAGE_ERROR;
    }
}
