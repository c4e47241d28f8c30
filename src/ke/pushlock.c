/* src/ke/pushlock.c: the waiting halves of push locks, rundown references and host locks.
 *
 * A waiter spins shortly, since holders are short, and then sleeps on the word it last saw. With a
 * processor to itself a holder is gone within the spin; without, sleeping lets it run.
 *
 * The executive reaches a guest's lock at one address only, the window's, so the futex is known by
 * that. If its page has left meanwhile (paged pool), sleeping fails with EFAULT, and looking at the
 * lock again brings it back. */
#include "ke/pushlock.h"

#include "ke/futex.h"

enum { SPINS = 100 };

/* The half of a guest quadword that holds the flag bits (little endian). */
static const uint32_t *low_half(const ULONG64 *word)
{
    return (const uint32_t *)(const void *)word;
}

/* Sleep on a held push lock that was seen as `value`, having said so in it. */
static void push_lock_sleep(EX_PUSH_LOCK *lock, ULONG64 value)
{
    if (!(value & EX_PUSH_LOCK_WAITING)) {
        if (!__atomic_compare_exchange_n(&lock->Value, &value, value | EX_PUSH_LOCK_WAITING, false,
                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return;
        value |= EX_PUSH_LOCK_WAITING;
    }
    ke_futex_wait(low_half(&lock->Value), (uint32_t)value, KE_FUTEX_HOST, NULL);
}

void ex_push_lock_wait_exclusive(EX_PUSH_LOCK *lock)
{
    for (unsigned spins = 0;; spins++) {
        ULONG64 value = __atomic_load_n(&lock->Value, __ATOMIC_RELAXED);

        if (value == 0) {
            if (__atomic_compare_exchange_n(&lock->Value, &value, EX_PUSH_LOCK_LOCKED, false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
                return;
        } else if (spins < SPINS) {
            ke_spin_pause();
        } else {
            push_lock_sleep(lock, value);
        }
    }
}

void ex_push_lock_wait_shared(EX_PUSH_LOCK *lock)
{
    for (unsigned spins = 0;; spins++) {
        ULONG64 value = __atomic_load_n(&lock->Value, __ATOMIC_RELAXED);

        if (ex_push_lock_share_once(lock, &value))
            return;
        if (spins < SPINS)
            ke_spin_pause();
        else if (value == EX_PUSH_LOCK_LOCKED || (value & EX_PUSH_LOCK_WAITING))
            push_lock_sleep(lock, value);
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
