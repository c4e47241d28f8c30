/* guest/ntdll/srwlock.c: slim reader/writer locks and one-time initialisation.
 *
 * RTL_SRWLOCK.Value: bit 0 (Locked) says owned; bit 1 (Waiting) that somebody is parked; from bit 4
 * on (Shared) stands the number of readers, 0 for a writer. Waiters are served in order of arrival,
 * readers in a row together; who finds the lock free may take it before them.
 *
 * RTL_RUN_ONCE.Ptr: 0 not begun, 1 being initialised, else the caller's context with 2 in the low
 * bits; 3 is an asynchronous initialisation, which several threads may do at once. */
#include "ntdllp.h"

#define LOCKED 1ull
#define WAITING 2ull
#define READER 16ull

enum { EXCLUSIVE, SHARED };

static ULONG64 load(RTL_SRWLOCK *lock)
{
    return __atomic_load_n(&lock->Value, __ATOMIC_RELAXED);
}

static bool change(RTL_SRWLOCK *lock, ULONG64 from, ULONG64 to)
{
    return __atomic_compare_exchange_n(&lock->Value, &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

void RtlInitializeSRWLock(RTL_SRWLOCK *lock)
{
    lock->Value = 0;
}

BOOLEAN RtlTryAcquireSRWLockExclusive(RTL_SRWLOCK *lock)
{
    ULONG64 seen = load(lock);
    return !(seen & LOCKED) && change(lock, seen, seen | LOCKED);
}

/* Readers join readers unless somebody waits: a waiting writer would never come to its turn. */
static bool reader_may_enter(ULONG64 seen)
{
    return !(seen & LOCKED) || (seen >= READER && !(seen & WAITING));
}

BOOLEAN RtlTryAcquireSRWLockShared(RTL_SRWLOCK *lock)
{
    for (;;) {
        ULONG64 seen = load(lock);
        if (!reader_may_enter(seen)) {
            return 0;
        }
        if (change(lock, seen, (seen | LOCKED) + READER)) {
            return 1;
        }
    }
}

/* Park until a releaser says to try again. */
static void wait_for_release(RTL_SRWLOCK *lock, ULONG kind)
{
    struct parked self;
    struct park_bucket *bucket = park_lock(lock);
    for (;;) {
        ULONG64 seen = load(lock);
        if (kind == EXCLUSIVE ? !(seen & LOCKED) : reader_may_enter(seen)) {
            park_unlock(bucket);
            return;
        }
        if ((seen & WAITING) || change(lock, seen, seen | WAITING)) {
            break;
        }
    }
    park_enqueue(bucket, &self, lock, kind);
    park_unlock(bucket);
    park_wait(&self, NULL);
}

void RtlAcquireSRWLockExclusive(RTL_SRWLOCK *lock)
{
    while (!RtlTryAcquireSRWLockExclusive(lock)) {
        wait_for_release(lock, EXCLUSIVE);
    }
}

void RtlAcquireSRWLockShared(RTL_SRWLOCK *lock)
{
    while (!RtlTryAcquireSRWLockShared(lock)) {
        wait_for_release(lock, SHARED);
    }
}

/* The lock is free and Waiting is set: let the first waiter, or the readers in front, try. */
static void wake_waiters(RTL_SRWLOCK *lock)
{
    struct parked *list = NULL, **end = &list;
    struct park_bucket *bucket = park_lock(lock);
    struct parked *waiter = park_dequeue(bucket, lock);
    ULONG kind = waiter ? waiter->tag : EXCLUSIVE;
    LIST_ENTRY *last = NULL;
    while (waiter) {
        if (last) {
            last->Flink = &waiter->link;
        } else {
            *end = waiter;
        }
        last = &waiter->link;
        struct parked *next = park_first(bucket, lock);
        waiter = kind == SHARED && next && next->tag == SHARED ? park_dequeue(bucket, lock) : NULL;
    }
    if (!park_first(bucket, lock)) {
        __atomic_fetch_and(&lock->Value, ~WAITING, __ATOMIC_ACQ_REL);
    }
    park_unlock(bucket);
    park_wake(list);
}

void RtlReleaseSRWLockExclusive(RTL_SRWLOCK *lock)
{
    if (__atomic_fetch_and(&lock->Value, ~LOCKED, __ATOMIC_RELEASE) & WAITING) {
        wake_waiters(lock);
    }
}

void RtlReleaseSRWLockShared(RTL_SRWLOCK *lock)
{
    for (;;) {
        ULONG64 seen = load(lock), left = seen - READER;
        if (left < READER) {
            left &= ~LOCKED;
        }
        if (change(lock, seen, left)) {
            if (!(left & LOCKED) && (left & WAITING)) {
                wake_waiters(lock);
            }
            return;
        }
    }
}

/* ---- one-time initialisation ---- */

#define ONCE_STATE 3ull
#define ONCE_RUNNING 1ull
#define ONCE_DONE 2ull
#define ONCE_ASYNC 3ull

void RtlRunOnceInitialize(RTL_RUN_ONCE *once)
{
    once->Ptr = NULL;
}

static bool once_change(RTL_RUN_ONCE *once, ULONG64 from, ULONG64 to)
{
    void *expected = (void *)from;
    return __atomic_compare_exchange_n(&once->Ptr, &expected, (void *)to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static ULONG64 once_value(RTL_RUN_ONCE *once)
{
    return (ULONG64)__atomic_load_n(&once->Ptr, __ATOMIC_ACQUIRE);
}

static void once_wait(RTL_RUN_ONCE *once)
{
    struct parked self;
    struct park_bucket *bucket = park_lock(once);
    if (once_value(once) != ONCE_RUNNING) {
        park_unlock(bucket);
        return;
    }
    park_enqueue(bucket, &self, once, 0);
    park_unlock(bucket);
    park_wait(&self, NULL);
}

static void once_wake(RTL_RUN_ONCE *once)
{
    struct parked *list = NULL, *waiter;
    struct park_bucket *bucket = park_lock(once);
    while ((waiter = park_dequeue(bucket, once)) != NULL) {
        waiter->link.Flink = list ? &list->link : NULL;
        list = waiter;
    }
    park_unlock(bucket);
    park_wake(list);
}

/* => STATUS_SUCCESS: done, *context set. STATUS_PENDING: the caller is to initialise.
 *    STATUS_UNSUCCESSFUL: check only, and not done. STATUS_INVALID_PARAMETER(_2) */
NTSTATUS RtlRunOnceBeginInitialize(RTL_RUN_ONCE *once, ULONG flags, void **context)
{
    if (flags & ~(RTL_RUN_ONCE_CHECK_ONLY | RTL_RUN_ONCE_ASYNC)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    for (;;) {
        ULONG64 seen = once_value(once);
        if ((seen & ONCE_STATE) == ONCE_DONE) {
            if (context) {
                *context = (void *)(seen & ~ONCE_STATE);
            }
            return STATUS_SUCCESS;
        }
        if (flags & RTL_RUN_ONCE_CHECK_ONLY) {
            return flags & RTL_RUN_ONCE_ASYNC ? STATUS_INVALID_PARAMETER_2 : STATUS_UNSUCCESSFUL;
        }
        ULONG64 wanted = flags & RTL_RUN_ONCE_ASYNC ? ONCE_ASYNC : ONCE_RUNNING;
        if (!seen) {
            if (once_change(once, 0, wanted)) {
                return STATUS_PENDING;
            }
        } else if (seen != wanted) {
            return STATUS_INVALID_PARAMETER;
        } else if (wanted == ONCE_ASYNC) {
            return STATUS_PENDING;
        } else {
            once_wait(once);
        }
    }
}

/* => STATUS_OBJECT_NAME_COLLISION: another thread finished an asynchronous initialisation first */
NTSTATUS RtlRunOnceComplete(RTL_RUN_ONCE *once, ULONG flags, void *context)
{
    bool failed = flags & RTL_RUN_ONCE_INIT_FAILED;
    bool async = flags & RTL_RUN_ONCE_ASYNC;
    if ((flags & ~(RTL_RUN_ONCE_INIT_FAILED | RTL_RUN_ONCE_ASYNC)) || (failed && async)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if ((failed && context) || ((ULONG64)context & ONCE_STATE)) {
        return STATUS_INVALID_PARAMETER_3;
    }
    ULONG64 done = failed ? 0 : (ULONG64)context | ONCE_DONE;
    if (!once_change(once, async ? ONCE_ASYNC : ONCE_RUNNING, done)) {
        return async && (once_value(once) & ONCE_STATE) == ONCE_DONE ? STATUS_OBJECT_NAME_COLLISION
                                                                     : STATUS_UNSUCCESSFUL;
    }
    if (!async) {
        once_wake(once);
    }
    return STATUS_SUCCESS;
}

NTSTATUS RtlRunOnceExecuteOnce(RTL_RUN_ONCE *once, void *function, void *parameter, void **context)
{
    ULONG(*initialise)
    (RTL_RUN_ONCE *, void *, void **) = (ULONG(*)(RTL_RUN_ONCE *, void *, void **))function;
    void *made = NULL;
    NTSTATUS status = RtlRunOnceBeginInitialize(once, 0, context);
    if (status != STATUS_PENDING) {
        return status;
    }
    if (!initialise(once, parameter, &made)) {
        RtlRunOnceComplete(once, RTL_RUN_ONCE_INIT_FAILED, NULL);
        return STATUS_UNSUCCESSFUL;
    }
    if (context) {
        *context = made;
    }
    return RtlRunOnceComplete(once, 0, made);
}
