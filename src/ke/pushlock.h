/* src/ke/pushlock.h: the locks of the executive.
 *
 * EX_PUSH_LOCK lives in guest structures: one quadword, exclusive or shared, not recursive, taken
 * by one compare-and-swap when nobody is in the way. The bits read as on Windows while nobody
 * waits:
 *
 *      63          48          32                     4   3   2   1   0
 *      |  sharers   |  writers  |     Shared count    |           | L |       0    free
 *      |        that wait       |                                             L    exclusive
 *                                                             count << 4 | L  shared by `count`
 *
 * Who waits counts in the upper half and sleeps on the lower one (a futex, known by its address, as
 * a lock may lie in paged pool and come back in another frame). Who frees the lock wakes all when
 * anybody waits, and they compete again. While a writer waits new sharers queue up too, so that a
 * stream of them cannot starve it. (Windows keeps a list of wait blocks in the upper bits then;
 * ours sleep in the host.)
 *
 * Giving back what one holds alone takes a locked instruction, since the lock's memory may be
 * somebody else's right afterwards: one that both frees the lock and says whether anybody waits. Of
 * a lock that is known to stay ("kept") the lower half is written first, plainly, and the upper one
 * read after that. Processors exchange such two; so who is about to sleep, having counted itself,
 * first has the kernel interrupt every thread that runs (membarrier). Whoever gave the lock back
 * before that is seen to have, and whoever does after it sees who waits:
 *
 *      who gives back                     who waits
 *      lower half = 0                     upper half++
 *      upper half? wake                   (order, for all threads of the program)
 *                                         lower half still held? sleep
 *
 * Without the kernel's help sleeps are short instead.
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
    EX_PUSH_LOCK_SHARE_INC = 16,
};

/* One more who waits. */
#define EX_PUSH_LOCK_WRITER_INC (1ull << 32)
#define EX_PUSH_LOCK_SHARER_INC (1ull << 48)

/* A push lock, taken apart. */
union ex_push_lock_value {
    ULONG64 all;
    struct {
        uint32_t state;
        uint16_t writers, sharers; /* that wait */
    };
};
typedef uint32_t ex_push_lock_half __attribute__((may_alias));
enum { EX_PUSH_LOCK_STATE, EX_PUSH_LOCK_WAITERS };

static inline ex_push_lock_half *ex_push_lock_halves(EX_PUSH_LOCK *lock)
{
    return (ex_push_lock_half *)(void *)&lock->Value;
}

static inline union ex_push_lock_value ex_push_lock_value(const EX_PUSH_LOCK *lock)
{
    return (union ex_push_lock_value){.all = __atomic_load_n(&lock->Value, __ATOMIC_RELAXED)};
}

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
    if (__builtin_expect(__atomic_fetch_sub(&lock->Value, EX_PUSH_LOCK_LOCKED, __ATOMIC_RELEASE) !=
                             EX_PUSH_LOCK_LOCKED,
                         0))
        ex_push_lock_wake(lock);
}

/* The same for a lock that stays where it is: its structure is kept by more than the lock. */
static inline void ex_release_kept_push_lock_exclusive(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    ex_push_lock_half *halves = ex_push_lock_halves(lock);

    ke_lock_order_gave(rank);
    ke_lower(rank);
    __atomic_store_n(&halves[EX_PUSH_LOCK_STATE], 0, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (__builtin_expect(__atomic_load_n(&halves[EX_PUSH_LOCK_WAITERS], __ATOMIC_RELAXED) != 0, 0))
        ex_push_lock_wake(lock);
}

/* Whether a share may be had now. */
static inline bool ex_push_lock_may_share(union ex_push_lock_value value)
{
    return value.state == 0 || (value.state >= EX_PUSH_LOCK_SHARE_INC && value.writers == 0);
}

/* One attempt at a share; *value is what the lock was seen as. `waits` is taken off who waits. */
static inline bool ex_push_lock_share_once(EX_PUSH_LOCK *lock, union ex_push_lock_value *value,
                                           ULONG64 waits)
{
    union ex_push_lock_value next = *value;

    if (!ex_push_lock_may_share(*value))
        return false;
    next.all -= waits;
    next.state = (next.state + EX_PUSH_LOCK_SHARE_INC) | EX_PUSH_LOCK_LOCKED;
    return __atomic_compare_exchange_n(&lock->Value, &value->all, next.all, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static inline bool ex_try_push_lock_shared(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    union ex_push_lock_value value = ex_push_lock_value(lock);

    if (!ex_push_lock_share_once(lock, &value, 0))
        return false;
    ke_lock_order_took(rank);
    return true;
}

static inline void ex_acquire_push_lock_shared(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    union ex_push_lock_value value = {.all = 0};

    ke_lock_order_check(rank);
    if (__builtin_expect(!ex_push_lock_share_once(lock, &value, 0), 0))
        ex_push_lock_wait_shared(lock);
    ke_lock_order_took(rank);
}

static inline void ex_release_push_lock_shared(EX_PUSH_LOCK *lock, enum ke_lock_rank rank)
{
    union ex_push_lock_value value = ex_push_lock_value(lock), next;

    ke_lock_order_gave(rank);
    do {
        next = value;
        next.state -= EX_PUSH_LOCK_SHARE_INC;
        if (next.state < EX_PUSH_LOCK_SHARE_INC)
            next.state = 0;
    } while (!__atomic_compare_exchange_n(&lock->Value, &value.all, next.all, true,
                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    if (__builtin_expect(next.state == 0 && next.all != 0, 0))
        ex_push_lock_wake(lock);
}

/* Is it held, by whomever? For assertions. */
static inline bool ex_push_lock_is_held(const EX_PUSH_LOCK *lock)
{
    return ex_push_lock_value(lock).state != 0;
}

/* Held exclusively, by whomever? For assertions. */
static inline bool ex_push_lock_is_held_exclusive(const EX_PUSH_LOCK *lock)
{
    return ex_push_lock_value(lock).state == EX_PUSH_LOCK_LOCKED;
}

/* How many wait for it. */
static inline unsigned ex_push_lock_waiters(const EX_PUSH_LOCK *lock)
{
    union ex_push_lock_value value = ex_push_lock_value(lock);

    return (unsigned)value.writers + value.sharers;
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
