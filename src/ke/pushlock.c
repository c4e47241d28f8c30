/* src/ke/pushlock.c: the waiting halves of push locks, rundown references and host locks.
 *
 * A waiter spins shortly, since holders are short, and then sleeps on the word it last saw. With a
 * processor to itself a holder is gone within the spin; without, sleeping lets it run.
 *
 * The executive reaches a guest's lock at one address only, the window's, so the futex is known by
 * that. If its page has left meanwhile (paged pool), sleeping fails with EFAULT, and looking at the
 * lock again brings it back. */
#include "ke/pushlock.h"

#include <linux/membarrier.h>

#include "ke/futex.h"

enum { SPINS = 100, SHORT_SLEEP_NS = 1000000, NS_PER_S = 1000000000 };

/* The half of a guest quadword that holds the flag bits (little endian). */
static const uint32_t *low_half(const ULONG64 *word)
{
    return (const uint32_t *)(const void *)word;
}

/* Count as somebody who waits, and have whoever gives the lock back from now on see it.
 * => false: who does so may not */
static bool announce(EX_PUSH_LOCK *lock, ULONG64 waits)
{
    __atomic_fetch_add(&lock->Value, waits, __ATOMIC_SEQ_CST);
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* Sleep on a held push lock that was seen as `state`, briefly unless who gives it back will see
 * that. */
static void push_lock_sleep(EX_PUSH_LOCK *lock, uint32_t state, bool announced)
{
    struct timespec soon;

    if (!announced) {
        clock_gettime(CLOCK_MONOTONIC, &soon);
        soon.tv_nsec += SHORT_SLEEP_NS;
        soon.tv_sec += soon.tv_nsec / NS_PER_S;
        soon.tv_nsec %= NS_PER_S;
    }
    ke_futex_wait(low_half(&lock->Value), state, KE_FUTEX_HOST, announced ? NULL : &soon);
}

/* One attempt, with `waits` taken off who waits. *value is what the lock was seen as. */
static bool take_once(EX_PUSH_LOCK *lock, union ex_push_lock_value *value, ULONG64 waits)
{
    union ex_push_lock_value next = *value;

    if (value->state != 0)
        return false;
    next.all -= waits;
    next.state = EX_PUSH_LOCK_LOCKED;
    return __atomic_compare_exchange_n(&lock->Value, &value->all, next.all, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

void ex_push_lock_wait_exclusive(EX_PUSH_LOCK *lock)
{
    union ex_push_lock_value value;

    for (unsigned spins = 0; spins < SPINS; spins++) {
        value = ex_push_lock_value(lock);
        if (take_once(lock, &value, 0))
            return;
        ke_spin_pause();
    }
    bool announced = announce(lock, EX_PUSH_LOCK_WRITER_INC);
    for (;;) {
        value = ex_push_lock_value(lock);
        if (take_once(lock, &value, EX_PUSH_LOCK_WRITER_INC))
            return;
        if (value.state != 0)
            push_lock_sleep(lock, value.state, announced);
    }
}

void ex_push_lock_wait_shared(EX_PUSH_LOCK *lock)
{
    union ex_push_lock_value value;

    for (unsigned spins = 0; spins < SPINS; spins++) {
        value = ex_push_lock_value(lock);
        if (ex_push_lock_share_once(lock, &value, 0))
            return;
        ke_spin_pause();
    }
    bool announced = announce(lock, EX_PUSH_LOCK_SHARER_INC);
    for (;;) {
        value = ex_push_lock_value(lock);
        if (ex_push_lock_share_once(lock, &value, EX_PUSH_LOCK_SHARER_INC))
            return;
        if (!ex_push_lock_may_share(value))
            push_lock_sleep(lock, value.state, announced);
    }
}

void ex_push_lock_wake(EX_PUSH_LOCK *lock)
{
    ke_futex_wake(low_half(&lock->Value), INT_MAX, KE_FUTEX_HOST);
}

void ex_rundown_wake(EX_RUNDOWN_REF *ref)
{
    ke_futex_wake(low_half(&ref->Count), INT_MAX, KE_FUTEX_HOST);
}

void ex_wait_for_rundown_protection_release(EX_RUNDOWN_REF *ref)
{
    ULONG64 count = __atomic_or_fetch(&ref->Count, (ULONG64)EX_RUNDOWN_ACTIVE, __ATOMIC_ACQ_REL);

    while (count != EX_RUNDOWN_ACTIVE) {
        ke_futex_wait(low_half(&ref->Count), (uint32_t)count, KE_FUTEX_HOST, NULL);
        count = __atomic_load_n(&ref->Count, __ATOMIC_ACQUIRE);
    }
}

void ke_lock_wait(struct ke_lock *lock)
{
    for (unsigned spins = 0; spins < SPINS; spins++) {
        uint32_t word = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);

        if (word == 0 && __atomic_compare_exchange_n(&lock->word, &word, 1, false, __ATOMIC_ACQUIRE,
                                                     __ATOMIC_RELAXED))
            return;
        ke_spin_pause();
    }
    /* From here the word is taken as 2: others may sleep, so the release has to wake. */
    while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE) != 0)
        ke_futex_wait(&lock->word, 2, KE_FUTEX_HOST, NULL);
}

void ke_lock_wake(struct ke_lock *lock)
{
    ke_futex_wake(&lock->word, 1, KE_FUTEX_HOST);
}
