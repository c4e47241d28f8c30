/* src/ke/thread.c: kernel threads and processes: set up, alerted, suspended, ended. */
#include "ke/thread.h"

#include <sys/eventfd.h>

#include "ke/ki.h"
#include "nt/ps.h"

enum {
    DEFAULT_PRIORITY = 8,
    DEFAULT_QUANTUM_RESET = 6,
    CROSS_THREAD_TERMINATED = 1, /* ETHREAD.CrossThreadFlags.Terminated */
};

_Static_assert(offsetof(ETHREAD, Tcb) == 0 && offsetof(EPROCESS, Pcb) == 0,
               "kernel part comes first");

void ke_initialize_process(struct ke *ke, KPROCESS *process, uint64_t directory_table_base)
{
    ki_initialize_header(ke, &process->Header, ProcessObject, sizeof(*process), 0);
    process->DirectoryTableBase = directory_table_base;
    process->BasePriority = DEFAULT_PRIORITY;
    process->QuantumReset = DEFAULT_QUANTUM_RESET;
    process->Affinity.Count = 1;
    process->Affinity.Size = 4;
    process->Affinity.Bitmap[0] =
        ke->processors.count ? UINT64_MAX >> (64 - ke->processors.count) : 1;
    ke_list_init(&ke->ks, &process->ProfileListHead);
    ke_list_init(&ke->ks, &process->ThreadListHead);
    ke_list_init(&ke->ks, &process->ReadyListHead);
}

LONG ke_set_process(struct ke *ke, KPROCESS *process)
{
    LONG previous;

    ke_acquire_lock(&ke->dispatcher_lock);
    previous = process->Header.SignalState;
    __atomic_store_n(&process->Header.SignalState, 1, __ATOMIC_RELAXED);
    ki_wait_test(ke, &process->Header);
    ke_release_lock(&ke->dispatcher_lock);
    return previous;
}

static void initialize_apc_state(struct ke *ke, KTHREAD *thread, const KPROCESS *process)
{
    ke_list_init(&ke->ks, &thread->ApcState.ApcListHead[KernelMode]);
    ke_list_init(&ke->ks, &thread->ApcState.ApcListHead[UserMode]);
    thread->ApcState.Process.va = h2k(&ke->ks, process);
    thread->ApcStatePointer[0].va = h2k(&ke->ks, &thread->ApcState);
    thread->ApcStatePointer[1].va = h2k(&ke->ks, &thread->SavedApcState);
    thread->ApcQueueable = 1;
}

void ke_initialize_thread(struct ke *ke, KTHREAD *thread, KPROCESS *process, uint64_t teb)
{
    ki_initialize_header(ke, &thread->Header, ThreadObject, sizeof(*thread), 0);
    ki_initialize_header(ke, &thread->SuspendSemaphore.Header, SemaphoreObject,
                         sizeof(thread->SuspendSemaphore), 0);
    thread->SuspendSemaphore.Limit = 2;
    ke_initialize_timer(ke, &thread->Timer, false);
    ke_list_init(&ke->ks, &thread->MutantListHead);
    initialize_apc_state(ke, thread, process);
    thread->Teb.va = teb;
    thread->Process.va = h2k(&ke->ks, process);
    thread->BasePriority = process->BasePriority;
    thread->Priority = process->BasePriority;
    thread->QuantumReset = (UCHAR)process->QuantumReset;
    thread->Affinity.Mask = process->Affinity.Bitmap[0];
    thread->UserAffinity = thread->Affinity;
    thread->PreviousMode = UserMode;
    if (ke->processors.count) {
        thread->IdealProcessor = process->ThreadSeed[0]++ % ke->processors.count;
        thread->UserIdealProcessor = thread->IdealProcessor;
        thread->NextProcessor = thread->IdealProcessor;
    }
    ki_set_state(thread, KE_THREAD_INITIALIZED);
    ke_acquire_lock(&ke->dispatcher_lock);
    ke_list_insert_tail(&ke->ks, &process->ThreadListHead, &thread->ThreadListEntry);
    ke_release_lock(&ke->dispatcher_lock);
}

void ke_exit_thread(struct ke *ke, KTHREAD *thread)
{
    bool owned = ke_owns_processor(thread);

    ke_lock_order_none_held();
    ke_acquire_lock(&ke->dispatcher_lock);
    ki_abandon_mutants(ke, thread);
    ke_list_remove(&ke->ks, &thread->ThreadListEntry);
    ki_set_state(thread, KE_THREAD_TERMINATED);
    __atomic_store_n(&thread->Header.SignalState, 1, __ATOMIC_RELAXED);
    ki_wait_test(ke, &thread->Header);
    ke_release_lock(&ke->dispatcher_lock);
    if (owned)
        ke_release_processor(ke, thread);
}

/* ---- before user mode ---- */

static bool is_suspended(const KTHREAD *thread)
{
    return __atomic_load_n(&thread->SuspendCount, __ATOMIC_ACQUIRE) != 0;
}

/* Stop until resumed, or told to end. */
static void stay_suspended(struct ke *ke, KTHREAD *thread)
{
    const struct ke_wait wait = {.reason = Suspended, .mode = KernelMode};

    while (is_suspended(thread) && !ke_is_terminating(thread)) {
        NTSTATUS status = ke_wait_for_single_object(ke, thread, &thread->SuspendSemaphore, &wait);

        ASSERT(status == STATUS_WAIT_0);
    }
}

static bool quantum_ended(struct ke *ke, const KTHREAD *thread)
{
    KPRCB *prcb = ke->processors.prcb[ke_processor_number(thread)];

    return __atomic_load_n(&prcb->QuantumEnd, __ATOMIC_ACQUIRE) != 0;
}

enum ke_user_action ke_prepare_user_mode(struct ke *ke, KTHREAD *thread)
{
    ASSERT(ke_owns_processor(thread));
    for (;;) {
        if (ke_is_terminating(thread))
            return KE_EXIT_THREAD;
        if (ke_freeze_requested(&ke->processors))
            ke_safe_point(ke, thread);
        else if (is_suspended(thread))
            stay_suspended(ke, thread);
        else if (quantum_ended(ke, thread))
            ke_yield_processor(ke, thread);
        else
            break;
    }
    if (__atomic_load_n(&thread->ApcState.UserApcPending, __ATOMIC_ACQUIRE))
        return KE_DELIVER_APC;
    return KE_RUN_USER;
}

/* ---- alerts ---- */

bool ke_alert_thread(struct ke *ke, KTHREAD *thread, enum _MODE mode)
{
    bool alerted;

    ke_acquire_lock(&ke->dispatcher_lock);
    alerted = thread->Alerted[mode];
    if (!alerted) {
        if (ki_in_wait(thread) && thread->Alertable && (int)mode <= thread->WaitMode)
            ki_unwait(ke, thread, STATUS_ALERTED);
        else
            thread->Alerted[mode] = 1;
    }
    ke_release_lock(&ke->dispatcher_lock);
    return alerted;
}

bool ke_test_alert_thread(struct ke *ke, KTHREAD *thread, enum _MODE mode)
{
    bool alerted;

    ke_acquire_lock(&ke->dispatcher_lock);
    alerted = thread->Alerted[mode];
    if (alerted)
        thread->Alerted[mode] = 0;
    else if (mode == UserMode && !ke_list_empty(&ke->ks, &thread->ApcState.ApcListHead[UserMode]))
        __atomic_store_n(&thread->ApcState.UserApcPending, 1, __ATOMIC_RELEASE);
    ke_release_lock(&ke->dispatcher_lock);
    return alerted;
}

/* ---- suspension and the end ---- */

NTSTATUS ke_suspend_thread(struct ke *ke, KTHREAD *thread, ULONG *previous)
{
    NTSTATUS status = STATUS_SUCCESS;
    bool first = false;

    ke_acquire_lock(&ke->dispatcher_lock);
    if (ke_is_terminating(thread) || ki_state(thread) == KE_THREAD_TERMINATED) {
        status = STATUS_THREAD_IS_TERMINATING;
    } else if (thread->SuspendCount == MAXIMUM_SUSPEND_COUNT) {
        status = STATUS_SUSPEND_COUNT_EXCEEDED;
    } else {
        if (previous)
            *previous = (ULONG)thread->SuspendCount;
        first = thread->SuspendCount == 0;
        __atomic_store_n(&thread->SuspendCount, (CHAR)(thread->SuspendCount + 1), __ATOMIC_RELEASE);
    }
    ke_release_lock(&ke->dispatcher_lock);
    if (first)
        ki_kick(ke, thread);
    return status;
}

ULONG ke_resume_thread(struct ke *ke, KTHREAD *thread)
{
    ULONG previous;

    ke_acquire_lock(&ke->dispatcher_lock);
    previous = (ULONG)thread->SuspendCount;
    if (previous > 0)
        __atomic_store_n(&thread->SuspendCount, (CHAR)(thread->SuspendCount - 1), __ATOMIC_RELEASE);
    /* Release it only if it is there already: it looks at the count before it waits. */
    if (previous == 1 && ki_in_wait(thread) && thread->WaitReason == Suspended)
        ki_unwait(ke, thread, STATUS_WAIT_0);
    ke_release_lock(&ke->dispatcher_lock);
    return previous;
}

bool ke_is_terminating(const KTHREAD *thread)
{
    const ETHREAD *ethread = (const ETHREAD *)thread;

    return __atomic_load_n(&ethread->CrossThreadFlags, __ATOMIC_ACQUIRE) & CROSS_THREAD_TERMINATED;
}

void ke_terminate_thread(struct ke *ke, KTHREAD *thread)
{
    ETHREAD *ethread = (ETHREAD *)thread;

    ke_acquire_lock(&ke->dispatcher_lock);
    __atomic_or_fetch(&ethread->CrossThreadFlags, CROSS_THREAD_TERMINATED, __ATOMIC_ACQ_REL);
    if (ki_in_wait(thread) && thread->WaitReason == Suspended)
        ki_unwait(ke, thread, STATUS_WAIT_0);
    else if (ki_in_wait(thread) && thread->WaitMode == UserMode)
        ki_unwait(ke, thread, STATUS_THREAD_IS_TERMINATING);
    for (struct ke_host_wait *wait = ke->host_waits; wait; wait = wait->next) {
        if (wait->thread == thread)
            eventfd_write(wait->event, 1);
    }
    ke_release_lock(&ke->dispatcher_lock);
    ki_kick(ke, thread);
}
