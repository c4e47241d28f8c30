/* guest/ntdll/condvar.c: condition variables, over park.c. Ptr only says whether anybody waits, so
 * that waking nobody costs no lock. */
#include "ntdllp.h"

void RtlInitializeConditionVariable(RTL_CONDITION_VARIABLE *variable)
{
    variable->Ptr = NULL;
}

/* Queue up; from here on a waker finds us. */
static void enqueue(RTL_CONDITION_VARIABLE *variable, struct parked *self)
{
    struct park_bucket *bucket = park_lock(variable);
    park_enqueue(bucket, self, variable, 0);
    __atomic_store_n(&variable->Ptr, (void *)1, __ATOMIC_SEQ_CST);
    park_unlock(bucket);
}

NTSTATUS RtlSleepConditionVariableCS(RTL_CONDITION_VARIABLE *variable,
                                     RTL_CRITICAL_SECTION *section, LARGE_INTEGER *timeout)
{
    struct parked self;
    enqueue(variable, &self);
    RtlLeaveCriticalSection(section);
    bool woken = park_wait(&self, timeout);
    RtlEnterCriticalSection(section);
    return woken ? STATUS_SUCCESS : STATUS_TIMEOUT;
}

/* => STATUS_INVALID_PARAMETER_4 */
NTSTATUS RtlSleepConditionVariableSRW(RTL_CONDITION_VARIABLE *variable, RTL_SRWLOCK *lock,
                                      LARGE_INTEGER *timeout, ULONG flags)
{
    struct parked self;
    bool shared = flags & RTL_CONDITION_VARIABLE_LOCKMODE_SHARED;
    if (flags & ~RTL_CONDITION_VARIABLE_LOCKMODE_SHARED) {
        return STATUS_INVALID_PARAMETER_4;
    }
    enqueue(variable, &self);
    if (shared) {
        RtlReleaseSRWLockShared(lock);
    } else {
        RtlReleaseSRWLockExclusive(lock);
    }
    bool woken = park_wait(&self, timeout);
    if (shared) {
        RtlAcquireSRWLockShared(lock);
    } else {
        RtlAcquireSRWLockExclusive(lock);
    }
    return woken ? STATUS_SUCCESS : STATUS_TIMEOUT;
}

static void wake(RTL_CONDITION_VARIABLE *variable, bool all)
{
    struct parked *first = NULL, *last = NULL, *waiter;
    if (!__atomic_load_n(&variable->Ptr, __ATOMIC_SEQ_CST)) {
        return;
    }
    struct park_bucket *bucket = park_lock(variable);
    while ((waiter = park_dequeue(bucket, variable)) != NULL) {
        if (last) {
            last->link.Flink = &waiter->link;
        } else {
            first = waiter;
        }
        last = waiter;
        if (!all) {
            break;
        }
    }
    if (!park_first(bucket, variable)) {
        __atomic_store_n(&variable->Ptr, NULL, __ATOMIC_SEQ_CST);
    }
    park_unlock(bucket);
    park_wake(first);
}

void RtlWakeConditionVariable(RTL_CONDITION_VARIABLE *variable)
{
    wake(variable, false);
}

void RtlWakeAllConditionVariable(RTL_CONDITION_VARIABLE *variable)
{
    wake(variable, true);
}
