/* src/ke/pushlock.h: the locks of the executive.
 *
 * EX_PUSH_LOCK lives in guest structures: one quadword, exclusive or shared, not recursive, taken
 * by one compare-and-swap when nobody is in the way. The bits read as on Windows while nobody
 * waits:
 *
 *      63                         4   3   2   1   0
 *      |        Shared count      |   |   | W | L |       0               free
 *                                                         L               exclusive
 *                                                         count << 4 | L  shared by `count`
 *
 * W says that somebody sleeps on the low half (a futex, known by its address, as a lock may lie in
 * paged pool and come back in another frame); it is only ever set together with L. Who
 * frees the lock clears both and wakes all sleepers, who compete again. While W is set new sharers
 * queue up too, so that a stream of them cannot starve a writer. (Windows keeps a list of wait
 * blocks in the upper bits then; ours sleep in the host.)
 *
 * EX_RUNDOWN_REF keeps an object from being torn down while it is in use: references count in steps
 * of two, bit 0 says that rundown began and no more may be taken.
 *
 * EX_FAST_REF is an object pointer whose low four bits count references that were taken in advance,
 * so that a reader gets one with a single compare-and-swap.
 *
 * struct ke_lock is for locks that Windows does not keep in a structure (or keeps as a spin lock):
 * a host word, spinning shortly, then sleeping.
 *
 * Every function names the lock's rank (lock_order.h). All of them are safe from any host thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ke/lock_order.h"
#include "nt/ex.h"

enum {
    EX_PUSH_LOCK_LOCKED = 1,
    EX_PUSH_LOCK_WAITING = 2,
    EX_PUSH_LOCK_SHARE_INC = 16,
};

/* Slow halves; see the inline functions. */
void ex_push_lock_wait_exclusive(EX_PUSH_LOCK *lock);
void ex_push_lock_wait_shared(EX_PUSH_LOCK *lock);
void ex_push_lock_wake(EX_PUSH_LOCK *lock);

static inline void ex_initialize_push_lock(EX_PUSH_LOCK *lock)
{
    __atomic_store_n(&lock->Value, 0, __ATOMIC_RELAXED);
}

/* Take the lock if nobody has it, without waiting. => true: held */
static inline bool ex_try_push_lock_exclusive(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    ULONG64 value = 0;

    if (!__atomic_compare_exchange_n(&lock->Value, &value, EX_PUSH_LOCK_LOCKED, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    ke_lock_order_took(rank);
    ke_raise(rank);
    return true;
}

static inline void ex_acquire_push_lock_exclusive(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    ULONG64 value = 0;

    ke_lock_order_check(rank);
    if (__builtin_expect(!__atomic_compare_exchange_n(&lock->Value, &value, EX_PUSH_LOCK_LOCKED,
                                                      false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
                         0))
        ex_push_lock_wait_exclusive(lock);
    ke_lock_order_took(rank);
    ke_raise(rank);
}

static inline void ex_release_push_lock_exclusive(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    ke_lock_order_gave(rank);
    ke_lower(rank);
    if (__builtin_expect(
            __atomic_exchange_n(&lock->Value, 0, __ATOMIC_RELEASE) & EX_PUSH_LOCK_WAITING, 0))
        ex_push_lock_wake(lock);
}

/* One attempt at a share; *value is what the lock was seen as. */
static inline bool ex_push_lock_share_once(EX_PUSH_LOCK *lock, ULONG64 *value)
{
    /* Free, or shared with nobody waiting. */
    if (*value != 0 && (*value < EX_PUSH_LOCK_SHARE_INC || (*value & EX_PUSH_LOCK_WAITING)))
        return false;
    return __atomic_compare_exchange_n(&lock->Value, value,
                                       (*value + EX_PUSH_LOCK_SHARE_INC) | EX_PUSH_LOCK_LOCKED,
                                       false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline bool ex_try_push_lock_shared(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    ULONG64 value = __atomic_load_n(&lock->Value, __ATOMIC_RELAXED);

    if (!ex_push_lock_share_once(lock, &value))
        return false;
    ke_lock_order_took(rank);
    return true;
}

static inline void ex_acquire_push_lock_shared(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    ULONG64 value = 0;

    ke_lock_order_check(rank);
    if (__builtin_expect(!ex_push_lock_share_once(lock, &value), 0))
        ex_push_lock_wait_shared(lock);
    ke_lock_order_took(rank);
}

static inline void ex_release_push_lock_shared(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    ULONG64 value = __atomic_load_n(&lock->Value, __ATOMIC_RELAXED);
    ULONG64 next;

    ke_lock_order_gave(rank);
    do {
        next = value - EX_PUSH_LOCK_SHARE_INC;
        if (next < EX_PUSH_LOCK_SHARE_INC)
            next = 0;
    } while (!__atomic_compare_exchange_n(&lock->Value, &value, next, true, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
    if (__builtin_expect(next == 0 && (value & EX_PUSH_LOCK_WAITING), 0))
        ex_push_lock_wake(lock);
}

/* Is it held, by whomever? For assertions. */
static inline bool ex_push_lock_is_held(const EX_PUSH_LOCK *lock)
{
    return __atomic_load_n(&lock->Value, __ATOMIC_RELAXED) & EX_PUSH_LOCK_LOCKED;
}

/* Held exclusively, by whomever? For assertions. */
static inline bool ex_push_lock_is_held_exclusive(const EX_PUSH_LOCK *lock)
{
    ULONG64 value = __atomic_load_n(&lock->Value, __ATOMIC_RELAXED);

    return (value & EX_PUSH_LOCK_LOCKED) && value < EX_PUSH_LOCK_SHARE_INC;
}

/* ---- rundown protection ---- */

enum {
    EX_RUNDOWN_ACTIVE = 1,
    EX_RUNDOWN_COUNT_INC = 2,
};

void ex_rundown_wake(EX_RUNDOWN_REF *ref);

static inline void ex_initialize_rundown_protection(EX_RUNDOWN_REF *ref)
{
    __atomic_store_n(&ref->Count, 0, __ATOMIC_RELAXED);
}

/* => false: rundown began; the object may not be used */
static inline bool ex_acquire_rundown_protection(EX_RUNDOWN_REF *ref)
{
    ULONG64 count = __atomic_load_n(&ref->Count, __ATOMIC_RELAXED);

    do {
        if (count & EX_RUNDOWN_ACTIVE)
            return false;
    } while (!__atomic_compare_exchange_n(&ref->Count, &count, count + EX_RUNDOWN_COUNT_INC, true,
                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return true;
}

static inline void ex_release_rundown_protection(EX_RUNDOWN_REF *ref)
{
    ULONG64 before = __atomic_fetch_sub(&ref->Count, EX_RUNDOWN_COUNT_INC, __ATOMIC_RELEASE);

    if (before == (EX_RUNDOWN_COUNT_INC | EX_RUNDOWN_ACTIVE))
        ex_rundown_wake(ref);
}

/* Begin rundown and wait until every reference was given back. Also right when it began before. */
void ex_wait_for_rundown_protection_release(EX_RUNDOWN_REF *ref);

/* ---- fast references ---- */

#define EX_FAST_REF_MAX 15u /* references kept in the pointer; objects are 16-byte aligned */

/* The object, without a reference: for owners and for the debugger's view. */
static inline uint64_t ex_fast_ref_object(const EX_FAST_REF *ref)
{
    return __atomic_load_n(&ref->Value, __ATOMIC_ACQUIRE) & ~(uint64_t)EX_FAST_REF_MAX;
}

/* => the caller gave the object EX_FAST_REF_MAX references for the cache and one for the pointer;
 *    `object` may be 0 */
static inline void ex_initialize_fast_reference(EX_FAST_REF *ref, uint64_t object)
{
    __atomic_store_n(&ref->Value, object ? object | EX_FAST_REF_MAX : 0, __ATOMIC_RELEASE);
}

/* Take one of the cached references. => the object, 0 when there is none. *cached is how many were
 * there: at 0 the caller got no reference and has to take one under its lock. */
static inline uint64_t ex_fast_reference(EX_FAST_REF *ref, unsigned *cached)
{
    ULONG64 value = __atomic_load_n(&ref->Value, __ATOMIC_RELAXED);

    do {
        *cached = (unsigned)(value & EX_FAST_REF_MAX);
        if (*cached == 0)
            break;
    } while (!__atomic_compare_exchange_n(&ref->Value, &value, value - 1, true, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return value & ~(ULONG64)EX_FAST_REF_MAX;
}

/* Put a reference back into the cache. => false: it does not belong there (another object by now,
 * or full); the caller dereferences the object itself */
static inline bool ex_fast_dereference(EX_FAST_REF *ref, uint64_t object)
{
    ULONG64 value = __atomic_load_n(&ref->Value, __ATOMIC_RELAXED);

    do {
        if ((value & ~(ULONG64)EX_FAST_REF_MAX) != object ||
            (value & EX_FAST_REF_MAX) == EX_FAST_REF_MAX)
            return false;
    } while (!__atomic_compare_exchange_n(&ref->Value, &value, value + 1, true, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
    return true;
}

/* Store another object (rules as for initialising). => the old one; *unused of its references were
 * still cached and are the caller's to give back, besides the pointer's own */
static inline uint64_t ex_swap_fast_reference(EX_FAST_REF *ref, uint64_t object, unsigned *unused)
{
    ULONG64 old =
        __atomic_exchange_n(&ref->Value, object ? object | EX_FAST_REF_MAX : 0, __ATOMIC_ACQ_REL);

    *unused = (unsigned)(old & EX_FAST_REF_MAX);
    return old & ~(ULONG64)EX_FAST_REF_MAX;
}

/* ---- machine-wide host locks ---- */

struct ke_lock {
    uint32_t word; /* 0 free, 1 held, 2 held and somebody may sleep */
    enum ke_lock_rank rank;
};

#define KE_LOCK_INIT(lock_rank)                                                                    \
    {                                                                                              \
        .word = 0, .rank = (lock_rank)                                                             \
    }

void ke_lock_wait(struct ke_lock *lock);
void ke_lock_wake(struct ke_lock *lock);

static inline void ke_lock_init(struct ke_lock *lock, enum ke_lock_rank rank)
{
    lock->word = 0;
    lock->rank = rank;
}

static inline bool ke_try_lock(struct ke_lock *lock)
{
    uint32_t word = 0;

    if (!__atomic_compare_exchange_n(&lock->word, &word, 1, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        return false;
    ke_lock_order_took(lock->rank);
    ke_raise(lock->rank);
    return true;
}

static inline void ke_acquire_lock(struct ke_lock *lock)
{
    uint32_t word = 0;

    ke_lock_order_check(lock->rank);
    if (__builtin_expect(!__atomic_compare_exchange_n(&lock->word, &word, 1, false,
                                                      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
                         0))
        ke_lock_wait(lock);
    ke_lock_order_took(lock->rank);
    ke_raise(lock->rank);
}

static inline void ke_release_lock(struct ke_lock *lock)
{
    ke_lock_order_gave(lock->rank);
    ke_lower(lock->rank);
    if (__builtin_expect(__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2, 0))
        ke_lock_wake(lock);
}

static inline bool ke_lock_is_held(const struct ke_lock *lock)
{
    return __atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0;
}
