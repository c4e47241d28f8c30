/* src/ke/apc.c: asynchronous procedure calls into user mode.
 *
 * A user APC waits in KTHREAD.ApcState until its thread is willing: in an alertable wait, in
 * NtTestAlert, or in NtContinue at the end of the one before. Then UserApcPending is set, and
 * before the thread next runs user code the machine takes the first APC and builds its frame
 * (KiUserApcDispatcher). The KAPC's memory is the caller's: it gets it back when it takes the APC
 * off. */
#include "ke/ki.h"
#include "ke/thread.h"

void ke_initialize_apc(struct ke *ke, KAPC *apc, KTHREAD *thread, uint64_t routine,
                       uint64_t context)
{
    apc->Type = ApcObject;
    apc->Size = sizeof(*apc);
    apc->Thread.va = h2k(&ke->ks, thread);
    apc->KernelRoutine.va = 0;
    apc->RundownRoutine.va = 0;
    apc->NormalRoutine.va = routine;
    apc->NormalContext.va = context;
    apc->ApcStateIndex = 0;
    apc->ApcMode = UserMode;
    apc->Inserted = 0;
}

bool ke_insert_queue_apc(struct ke *ke, KAPC *apc, uint64_t argument1, uint64_t argument2)
{
    KTHREAD *thread = k2h(&ke->ks, apc->Thread);
    bool inserted = false;

    ke_acquire_lock(&ke->dispatcher_lock);
    if (thread->ApcQueueable && !apc->Inserted) {
        apc->SystemArgument1.va = argument1;
        apc->SystemArgument2.va = argument2;
        apc->Inserted = 1;
        ke_list_insert_tail(&ke->ks, &thread->ApcState.ApcListHead[UserMode], &apc->ApcListEntry);
        inserted = true;
        if (ki_in_wait(thread) && thread->WaitMode == UserMode && thread->Alertable) {
            __atomic_store_n(&thread->ApcState.UserApcPending, 1, __ATOMIC_RELEASE);
            ki_unwait(ke, thread, STATUS_USER_APC);
        }
    }
    ke_release_lock(&ke->dispatcher_lock);
    return inserted;
}

/* The first user APC, off the list. => dispatcher lock held, list not empty */
static KAPC *take_first(struct ke *ke, KTHREAD *thread)
{
    LIST_ENTRY *head = &thread->ApcState.ApcListHead[UserMode];
    KAPC *apc = ke_list_entry(k2h(&ke->ks, head->Flink), KAPC, ApcListEntry);

    ke_list_remove(&ke->ks, &apc->ApcListEntry);
    apc->Inserted = 0;
    return apc;
}

KAPC *ke_remove_user_apc(struct ke *ke, KTHREAD *thread)
{
    KAPC *apc = NULL;

    ke_acquire_lock(&ke->dispatcher_lock);
    if (thread->ApcState.UserApcPending &&
        !ke_list_empty(&ke->ks, &thread->ApcState.ApcListHead[UserMode]))
        apc = take_first(ke, thread);
    __atomic_store_n(&thread->ApcState.UserApcPending, 0, __ATOMIC_RELEASE);
    ke_release_lock(&ke->dispatcher_lock);
    return apc;
}

void ke_flush_apcs(struct ke *ke, KTHREAD *thread, void (*release)(void *context, KAPC *apc),
                   void *context)
{
    ke_acquire_lock(&ke->dispatcher_lock);
    thread->ApcQueueable = 0;
    while (!ke_list_empty(&ke->ks, &thread->ApcState.ApcListHead[UserMode])) {
        KAPC *apc = take_first(ke, thread);

        ke_release_lock(&ke->dispatcher_lock);
        release(context, apc);
        ke_acquire_lock(&ke->dispatcher_lock);
    }
    ke_release_lock(&ke->dispatcher_lock);
}
