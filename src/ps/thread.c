/* src/ps/thread.c: threads from creation to their last reference.
 *
 * A new thread enters user mode at ntdll!LdrInitializeThunk. On its stack lies the CONTEXT with
 * which it is to go on when the loader is done with it: RtlUserThreadStart(start routine,
 * argument).
 *
 *      base  ->  | CONTEXT { rip = RtlUserThreadStart, rcx = start, rdx = argument, rsp = base -
 * 28h } rsp   ->  | home slots, return address 0           rcx = the CONTEXT, rdx = ntdll
 *
 * The end: a thread takes itself down, on its own host thread, in ps_exit_thread; whoever wants
 * another thread gone marks it (ke_terminate_thread) and it finds its way there.
 * Source: Windows Internals 6, part 1, ch. 5 "Thread Internals"; CONTEXT, documentation.
 */
#include <stdlib.h>
#include <string.h>

#include "ke/list.h"
#include "ke/thread.h"
#include "nt/info.h"
#include "ps/psi.h"

#define KERNEL_STACK_PAGES 6
#define HOME_AREA 0x28 /* four home slots and a return address */
#define CONTEXT_FULL_AMD64 0x10000Bu
#define INITIAL_MXCSR 0x1F80
#define INITIAL_FPU_CONTROL 0x27F
#define EFLAGS_INTERRUPTS 0x200

static CONTEXT start_context(const struct ps *ps, const struct psp_stack *stack, uint64_t start,
                             uint64_t argument)
{
    CONTEXT context;
    memset(&context, 0, sizeof context);
    context.ContextFlags = CONTEXT_FULL_AMD64;
    context.Rip = ps->entry.RtlUserThreadStart;
    context.Rcx = start;
    context.Rdx = argument;
    context.Rsp = stack->base - HOME_AREA;
    context.EFlags = EFLAGS_INTERRUPTS;
    context.MxCsr = context.FltSave.MxCsr = INITIAL_MXCSR;
    context.FltSave.ControlWord = INITIAL_FPU_CONTROL;
    return context;
}

/* Put the start context on the stack; *entry gets the registers with which the loader is entered.
 */
static NTSTATUS prepare_user_entry(struct ps_thread *t, const struct psp_stack *stack,
                                   uint64_t start, uint64_t argument, CONTEXT *entry)
{
    const struct ps *ps = t->ps;
    const uint64_t alignment = 16;
    CONTEXT context = start_context(ps, stack, start, argument);
    uint64_t va = (context.Rsp - sizeof context) / alignment * alignment;
    NTSTATUS status = mm_copy_to_user(t->process->space, va, &context, sizeof context);
    *entry = context;
    entry->Rip = ps->entry.LdrInitializeThunk;
    entry->Rcx = va;
    entry->Rdx = ps->ntdll_base;
    entry->Rsp = va - HOME_AREA;
    return status;
}

static NTSTATUS create_user_part(struct ps_thread *t, const struct ps_thread_parameters *wanted,
                                 CONTEXT *entry)
{
    struct ps_process *p = t->process;
    struct psp_stack stack;
    uint64_t reserve = wanted->stack_reserve ? wanted->stack_reserve : p->stack_reserve;
    uint64_t commit = wanted->stack_commit ? wanted->stack_commit : p->stack_commit;
    NTSTATUS status = psp_create_stack(p->space, reserve, commit, &stack);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    t->stack = stack.allocation;
    status = psp_create_teb(p, &t->thread->Cid, &stack, &t->teb);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    uint64_t start = wanted->first ? p->entry : wanted->start_address;
    uint64_t argument = wanted->first ? p->process->Peb.va : wanted->argument;
    t->thread->StartAddress.va = t->ps->entry.RtlUserThreadStart;
    t->thread->Win32StartAddress.va = start;
    return prepare_user_entry(t, &stack, start, argument, entry);
}

static NTSTATUS create_kernel_part(struct ps_thread *t)
{
    struct ps *ps = t->ps;
    ETHREAD *thread = t->thread;
    const struct kspace *ks = &ps->ke->ks;
    t->kernel_stack = mm_allocate_system_pages(ps->mm, KERNEL_STACK_PAGES, false);
    if (!t->kernel_stack) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ke_initialize_thread(ps->ke, &thread->Tcb, &t->process->process->Pcb, t->teb);
    uint64_t top = t->kernel_stack + KERNEL_STACK_PAGES * PAGE_SIZE;
    thread->Tcb.StackBase.va = thread->Tcb.InitialStack.va = thread->Tcb.KernelStack.va = top;
    thread->Tcb.StackLimit.va = t->kernel_stack;
    thread->CreateTime.QuadPart = ke_query_system_time(ps->ke);
    thread->ExitStatus = STATUS_PENDING;
    thread->ThreadPagePriority = MEMORY_PRIORITY_NORMAL;
    ke_list_init(ks, &thread->IrpList);
    ke_list_init(ks, &thread->ActiveTimerListHead);
    return STATUS_SUCCESS;
}

/* Count it in and link it, unless its process is ending. With the first thread a program is there
 * to be found. */
static NTSTATUS insert_thread(struct ps_thread *t)
{
    struct ps *ps = t->ps;
    struct ps_process *p = t->process;
    NTSTATUS status = STATUS_PROCESS_IS_TERMINATING;
    pthread_mutex_lock(&ps->lock);
    if (!p->exiting && (p->findable || !ps->ending)) {
        p->findable = true;
        p->process->ActiveThreads++;
        ke_list_insert_tail(&ps->ke->ks, &p->process->ThreadListHead, &t->thread->ThreadListEntry);
        t->thread->ThreadInserted = 1;
        t->findable = true;
        status = STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&ps->lock);
    return status;
}

static NTSTATUS build_thread(struct ps_thread *t, const struct ps_thread_parameters *parameters)
{
    struct ps *ps = t->ps;
    t->thread->Cid.UniqueProcess.va = t->process->process->UniqueProcessId.va;
    CONTEXT entry;
    NTSTATUS status = parameters->clone_of ? psp_clone_user_part(t, parameters, &entry)
                                           : create_user_part(t, parameters, &entry);
    if (NT_SUCCESS(status)) {
        status = create_kernel_part(t);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ps->ops->thread_created(ps->owner, t, &entry);
    if (NT_SUCCESS(status) && parameters->suspended) {
        status = ke_suspend_thread(ps->ke, &t->thread->Tcb, NULL);
    }
    if (NT_SUCCESS(status)) {
        status = insert_thread(t); /* nobody could find it before */
    }
    if (!NT_SUCCESS(status)) {
        ke_exit_thread(ps->ke, &t->thread->Tcb);
    }
    return status;
}

NTSTATUS ps_create_thread(struct ps_process *process, const struct ps_thread_parameters *parameters,
                          struct ps_thread **out)
{
    struct ps *ps = process->ps;
    if (!ps->ops->thread_created || (parameters->first && !process->entry)) {
        return STATUS_INVALID_PARAMETER;
    }
    struct ps_thread *t = calloc(1, sizeof *t);
    if (!t) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    void *object;
    NTSTATUS status = ob_create_object(ps->ob, NULL, ps->thread_type, 0, &object);
    if (!NT_SUCCESS(status)) {
        free(t);
        return status;
    }
    *t = (struct ps_thread){
        .ps = ps, .thread = object, .va = h2k(&ps->ke->ks, object), .process = process};
    status = psp_allocate_id(ps, t->va, NULL, t, &t->thread->Cid.UniqueThread.va);
    if (!NT_SUCCESS(status)) {
        free(t);
        ob_dereference_object(ps->ob, object);
        return status;
    }
    ps_reference_process(process);
    status = build_thread(t, parameters);
    if (!NT_SUCCESS(status)) {
        psp_free_thread_memory(t);
        ps_dereference_thread(t);
        return status;
    }
    *out = t;
    return STATUS_SUCCESS;
}

/* The end of a thread that never ran, by somebody else. Takes a reference. */
static void end_unstarted(struct ps_thread *thread, NTSTATUS status)
{
    psp_retire_thread(thread, status);
    ke_exit_thread(thread->ps->ke, &thread->thread->Tcb);
    ps_dereference_thread(thread);
}

NTSTATUS ps_start_thread(struct ps_thread *thread)
{
    ps_reference_thread(thread); /* the running thread's own */
    NTSTATUS status = thread->ps->ops->start_thread(thread->ps->owner, thread);
    if (!NT_SUCCESS(status)) {
        end_unstarted(thread, status); /* with that reference */
    }
    return status;
}

void ps_abandon_thread(struct ps_thread *thread)
{
    end_unstarted(thread, STATUS_UNSUCCESSFUL);
}

NTSTATUS ps_finish_thread(struct ps_thread *thread, NTSTATUS status)
{
    if (!NT_SUCCESS(status)) {
        ps_abandon_thread(thread);
        return status;
    }
    status = ps_start_thread(thread);
    ps_dereference_thread(thread);
    return status;
}

NTSTATUS ps_terminate_thread(struct ps_thread *thread, NTSTATUS status)
{
    if (ke_is_terminating(&thread->thread->Tcb)) {
        return STATUS_THREAD_IS_TERMINATING;
    }
    __atomic_store_n(&thread->exit_status, status, __ATOMIC_RELEASE);
    ke_terminate_thread(thread->ps->ke, &thread->thread->Tcb);
    return STATUS_SUCCESS;
}

NTSTATUS ps_terminate_other_threads(struct ps_thread *self, NTSTATUS exit_status)
{
    struct ps_process *process = self->process;
    const struct ke_wait wait = {.reason = UserRequest, .mode = UserMode};
    for (struct ps_thread *t = NULL; (t = ps_next_thread(process, t)) != NULL;) {
        if (t != self) {
            NTSTATUS status = ps_terminate_thread(t, exit_status);
            (void)status; /* it may be ending by itself */
        }
    }
    for (struct ps_thread *t = NULL; (t = ps_next_thread(process, t)) != NULL;) {
        if (t == self) {
            continue;
        }
        NTSTATUS status =
            ke_wait_for_single_object(self->ps->ke, &self->thread->Tcb, &t->thread->Tcb, &wait);
        if (status == STATUS_THREAD_IS_TERMINATING) {
            ps_dereference_thread(t);
            return status;
        }
    }
    return STATUS_SUCCESS;
}

/* User stack and TEB, while the process still has its memory; the kernel stack goes with the
 * object. */
void psp_free_thread_memory(struct ps_thread *t)
{
    pthread_mutex_lock(&t->ps->lock);
    bool memory = !t->process->gone;
    pthread_mutex_unlock(&t->ps->lock);
    uint64_t teb = t->teb, stack = t->stack;
    t->teb = t->stack = 0;
    if (memory && teb) {
        psp_free_user_pages(t->process->space, teb);
    }
    if (memory && stack) {
        psp_free_user_pages(t->process->space, stack);
    }
}

static void release_apc(void *context, KAPC *apc)
{
    struct ps *ps = context;
    ex_free_pool(ps->mm, apc);
}

/* Everything about the end of a thread but the KTHREAD's own. */
static void leave_process(struct ps_thread *t, NTSTATUS status)
{
    struct ps *ps = t->ps;
    struct ps_process *p = t->process;
    t->thread->ExitStatus = status;
    t->thread->ExitTime.QuadPart = ke_query_system_time(ps->ke);
    pthread_mutex_lock(&ps->lock);
    bool last = --p->process->ActiveThreads == 0;
    p->exiting |= last;
    p->process->LastThreadExitStatus = status;
    t->left = true;
    pthread_mutex_unlock(&ps->lock);
    if (last) {
        psp_exit_process(p, status);
    } else {
        psp_free_thread_memory(t);
    }
}

void psp_retire_thread(struct ps_thread *t, NTSTATUS status)
{
    ke_flush_apcs(t->ps->ke, &t->thread->Tcb, release_apc, t->ps);
    leave_process(t, status);
}

void ps_exit_thread(struct ps_thread *t, NTSTATUS status)
{
    struct ps *ps = t->ps;
    psp_retire_thread(t, status);
    ke_exit_thread(ps->ke, &t->thread->Tcb);
    ke_enter(ps->ke);
    ps_dereference_thread(t);
    ke_leave(ps->ke);
}

void psp_delete_thread(struct ps *ps, ETHREAD *thread)
{
    struct ps_thread *t = psp_thread_of(ps, thread);
    if (!t) {
        return;
    }
    if (ps->ops->thread_deleted) {
        ps->ops->thread_deleted(ps->owner, t);
    }
    pthread_mutex_lock(&ps->lock);
    if (thread->ThreadInserted) {
        ke_list_remove(&ps->ke->ks, &thread->ThreadListEntry);
        thread->ThreadInserted = 0;
    }
    pthread_mutex_unlock(&ps->lock);
    psp_free_id(ps, thread->Cid.UniqueThread.va);
    if (t->kernel_stack) {
        mm_free_system_pages(ps->mm, t->kernel_stack, KERNEL_STACK_PAGES);
    }
    ps_dereference_process(t->process);
    free(t);
}
