/* src/ke/inside.h: how many host threads are inside, that is, may touch guest kernel memory.
 *
 * Every call into the executive from outside of a guest thread begins and ends with a count, so two
 * processors of the host that both count in one place would do little but pass its cache line to
 * and fro. Each counts in a slot of its own. Who enters in one slot may leave in another: only the
 * sum means something, and only while the machine is frozen.
 *
 *      who enters                         who freezes
 *      slot++                             frozen = 1
 *      frozen? slot--, wait, again        sum of slots == 0? else wait for somebody to leave
 *
 * Both sides write before they read, and these accesses have one order, so either who freezes sees
 * the count or who enters sees that the machine is frozen. Who then takes the count back does so in
 * the same slot: a sum never lacks a thread that is inside.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#define KE_INSIDE_SLOTS 16u

/* Two counts never share a cache line, nor the pair of lines that processors fetch together. */
struct ke_inside_slot {
    int32_t count; /* (A) may be negative */
    char apart[124];
};

struct ke_inside {
    struct ke_inside_slot slot[KE_INSIDE_SLOTS];
    uint32_t frozen; /* (A) futex: nobody may enter */
    uint32_t left;   /* (A) futex: goes up whenever somebody leaves a frozen machine */
};

/* The processor of the host that the caller is on, for the moment: to choose among places of which
 * each will do. */
unsigned ke_ask_host_processor(void);
static inline unsigned ke_host_processor(void)
{
#if defined(RSEQ_SIG) /* Linux writes it where the thread can read it */
    const char *thread = (const char *)__builtin_thread_pointer();
    const struct rseq *rseq = (const struct rseq *)(const void *)(thread + __rseq_offset);
    uint32_t processor = __atomic_load_n(&rseq->cpu_id, __ATOMIC_RELAXED);

    if (__builtin_expect(processor <= INT32_MAX, 1))
        return processor;
#endif
    return ke_ask_host_processor();
}

/* The slot of that processor. */
static inline int32_t *ke_inside_slot(struct ke_inside *inside)
{
    return &inside->slot[ke_host_processor() % KE_INSIDE_SLOTS].count;
}

/* Count in. => the machine is not frozen, which the caller's lock keeps so */
void ke_inside_add(struct ke_inside *inside);
/* How many there are. => frozen, or somebody may come and go meanwhile */
uint32_t ke_inside_count(const struct ke_inside *inside);
/* Sleep until nobody is. => frozen */
void ke_inside_await_none(struct ke_inside *inside);
/* Sleep while it is frozen. */
void ke_inside_await_thaw(struct ke_inside *inside);

static inline bool ke_inside_is_frozen(const struct ke_inside *inside)
{
    return __atomic_load_n(&inside->frozen, __ATOMIC_SEQ_CST) != 0;
}

static inline void ke_inside_freeze(struct ke_inside *inside)
{
    __atomic_store_n(&inside->frozen, 1, __ATOMIC_SEQ_CST);
}

/* Let those in who wait. */
void ke_inside_thaw(struct ke_inside *inside);

/* ---- in and out ---- */

/* What is left to do for who found the machine frozen: counted in in `slot`, which is taken back
 * until it is not; or counted out. */
void ke_inside_enter_frozen(struct ke_inside *inside, int32_t *slot);
void ke_inside_left_frozen(struct ke_inside *inside);

/* Wait until the machine is not frozen, and count in. */
static inline void ke_inside_enter(struct ke_inside *inside)
{
    int32_t *slot = ke_inside_slot(inside);

    __atomic_fetch_add(slot, 1, __ATOMIC_SEQ_CST);
    if (__builtin_expect(ke_inside_is_frozen(inside), 0))
        ke_inside_enter_frozen(inside, slot);
}

/* Count out. */
static inline void ke_inside_leave(struct ke_inside *inside)
{
    __atomic_fetch_sub(ke_inside_slot(inside), 1, __ATOMIC_SEQ_CST);
    if (__builtin_expect(ke_inside_is_frozen(inside), 0))
        ke_inside_left_frozen(inside);
}
