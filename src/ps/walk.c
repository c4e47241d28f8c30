/* src/ps/walk.c: from process to process, from thread to thread, and ending them all.
 *
 * The lists are those of guest memory. What is on them may be on its way out: its last reference is
 * gone and its deletion waits for the lock. A walk passes over it, and what it gives out is
 * referenced and thus stays on its list until the next step.
 */
#include "ke/list.h"
#include "ke/thread.h"
#include "ps/psi.h"

struct ps_process *ps_next_process(struct ps *ps, struct ps_process *after)
{
    const struct kspace *ks = &ps->ke->ks;
    const LIST_ENTRY *head = ps->ke->nt.PsActiveProcessHead;
    struct ps_process *next = NULL;
    pthread_mutex_lock(&ps->lock);
    const LIST_ENTRY *entry = after ? &after->process->ActiveProcessLinks : head;
    while (!next && (entry = k2h(ks, entry->Flink)) != head) {
        EPROCESS *process = ke_list_entry(entry, EPROCESS, ActiveProcessLinks);
        struct ps_process *p = psp_process_at(ps, process);
        if (p && p->findable && ob_reference_object_safe(ps->ob, process)) {
            next = p;
        }
    }
    pthread_mutex_unlock(&ps->lock);
    if (after) {
        ps_dereference_process(after);
    }
    return next;
}

struct ps_thread *ps_next_thread(struct ps_process *process, struct ps_thread *after)
{
    struct ps *ps = process->ps;
    const struct kspace *ks = &ps->ke->ks;
    const LIST_ENTRY *head = &process->process->ThreadListHead;
    struct ps_thread *next = NULL;
    pthread_mutex_lock(&ps->lock);
    const LIST_ENTRY *entry = after ? &after->thread->ThreadListEntry : head;
    while (!next && (entry = k2h(ks, entry->Flink)) != head) {
        ETHREAD *thread = ke_list_entry(entry, ETHREAD, ThreadListEntry);
        struct ps_thread *t = psp_thread_at(ps, thread);
        if (t && ps_thread_is_alive(t) && ob_reference_object_safe(ps->ob, thread)) {
            next = t;
        }
    }
    pthread_mutex_unlock(&ps->lock);
    if (after) {
        ps_dereference_thread(after);
    }
    return next;
}

/* => ps->lock held */
static void terminate_threads(struct ps_process *p, NTSTATUS status)
{
    struct ps *ps = p->ps;
    ke_list_for_each(&ps->ke->ks, entry, &p->process->ThreadListHead)
    {
        ETHREAD *thread = ke_list_entry(entry, ETHREAD, ThreadListEntry);
        struct ps_thread *t = psp_thread_at(ps, thread);
        if (t && ps_thread_is_alive(t) && !ke_is_terminating(&thread->Tcb)) {
            __atomic_store_n(&t->exit_status, status, __ATOMIC_RELEASE);
            ke_terminate_thread(ps->ke, &thread->Tcb);
        }
    }
}

NTSTATUS ps_terminate_process(struct ps_process *p, struct ps_thread *self, NTSTATUS status)
{
    struct ps *ps = p->ps;
    psp_check_critical(p);
    pthread_mutex_lock(&ps->lock);
    bool was_exiting = p->exiting;
    p->exiting = true;
    if (p->process->ExitStatus == STATUS_PENDING) {
        p->process->ExitStatus = status;
    }
    bool threads = p->process->ActiveThreads != 0;
    terminate_threads(p, status);
    pthread_mutex_unlock(&ps->lock);
    if (!threads) {
        psp_exit_process(p, status);
    }
    return was_exiting && !self ? STATUS_PROCESS_IS_TERMINATING : STATUS_SUCCESS;
}

void ps_end_all(struct ps *ps, NTSTATUS status)
{
    pthread_mutex_lock(&ps->lock);
    ps->ending = true;
    pthread_mutex_unlock(&ps->lock);
    for (struct ps_process *p = NULL; (p = ps_next_process(ps, p)) != NULL;) {
        if (p->program) {
            p->process->BreakOnTermination = 0; /* it is the machine that ends */
            NTSTATUS ended = ps_terminate_process(p, NULL, status);
            (void)ended; /* by itself, perhaps */
        }
    }
}
