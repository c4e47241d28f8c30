/* src/ke/inside.h: how many host threads are inside, that is, may touch guest kernel memory.
 *
 * Every call into the executive from outside of a guest thread begins and ends with a count, so it
 * has to be cheap, and two threads that both count in one place would do little but pass its cache
 * line to and fro. A thread that comes through ke_enter therefore counts in a slot that only it
 * writes. Guest threads, which others may count in and out when they hand over processors, count in
 * a slot of the processor of the host that this happens on: who enters in one may leave in another.
 * Only the sum of all slots means something, and only while the machine is frozen.
 *
 *      who enters                         who freezes
 *      slot++                             frozen = 1
 *      (order)                            order: by the kernel, for all threads of the program
 *      frozen? slot--, wait, again        sum of slots == 0? else wait for somebody to leave
 *
 * Both sides must write before they read, else neither might see the other. An instruction for that
 * costs several nanoseconds, four times for a call. Who enters a slot of its own only keeps the
 * compiler from exchanging the two; who freezes has the kernel interrupt every thread that runs
 * (membarrier), after which each either had counted before, and the sum has it, or sees that the
 * machine is frozen. Leaving is the same: slot--, frozen? then tell who freezes. Where the kernel
 * does not offer that, or more threads come than there are slots, a locked instruction on the
 * processor's slot does it.
 *
 * Who takes a count back because the machine is frozen does so in the same slot: a sum never lacks
 * a thread that is inside.
 *
 * Source: membarrier(2), MEMBARRIER_CMD_PRIVATE_EXPEDITED.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#define KE_INSIDE_SLOTS 16u
#define KE_INSIDE_THREADS 32u /* threads with a slot of their own */
#define KE_INSIDE_APART 4096u /* thread pointers of two threads lie at least so far apart */

/* Two counts never share a cache line, nor the pair of lines that processors fetch together. */
struct ke_inside_slot {
    uint64_t thread; /* (A) whose it is, by its thread pointer; 0: any thread's */
    int32_t count;   /* (A) may be negative if it is any thread's */
    char apart[116];
};

struct ke_inside {
    struct ke_inside_slot slot[KE_INSIDE_SLOTS];
    struct ke_inside_slot own[KE_INSIDE_THREADS]; /* `thread` is set once, by the thread itself */
    bool asymmetric;                              /* (I) who freezes orders what all threads do */
    uint32_t frozen;                              /* (A) futex: nobody may enter */
    uint32_t left; /* (A) futex: goes up whenever somebody leaves a frozen machine */
};

/* Ask the kernel whether it helps. => all is zero */
void ke_inside_init(struct ke_inside *inside);

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
static inline struct ke_inside_slot *ke_inside_shared_slot(struct ke_inside *inside)
{
    return &inside->slot[ke_host_processor() % KE_INSIDE_SLOTS];
}

/* The slot of the calling thread, whose thread pointer is `thread`, or its processor's. A thread
 * that is gone leaves its slot, with a count of 0, to the next with the same thread pointer. */
struct ke_inside_slot *ke_inside_find_slot(struct ke_inside *inside, uint64_t thread);
static inline struct ke_inside_slot *ke_inside_slot(struct ke_inside *inside)
{
    uint64_t thread = (uint64_t)(uintptr_t)__builtin_thread_pointer();
    struct ke_inside_slot *own = &inside->own[thread / KE_INSIDE_APART % KE_INSIDE_THREADS];

    if (__builtin_expect(__atomic_load_n(&own->thread, __ATOMIC_RELAXED) == thread, 1))
        return own;
    return ke_inside_find_slot(inside, thread);
}

static inline void ke_inside_count_in_slot(struct ke_inside_slot *slot, int32_t by)
{
    if (__builtin_expect(slot->thread == 0, 0)) {
        __atomic_fetch_add(&slot->count, by, __ATOMIC_SEQ_CST);
        return;
    }
    __atomic_store_n(&slot->count, slot->count + by, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

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

/* Let nobody in any more. */
void ke_inside_freeze(struct ke_inside *inside);
/* Let those in who wait. */
void ke_inside_thaw(struct ke_inside *inside);

/* ---- guest threads: counted by whoever hands over processors ---- */

/* Count in. => the machine is not frozen, which the caller's lock keeps so */
void ke_inside_add(struct ke_inside *inside);
/* Count out. */
void ke_inside_remove(struct ke_inside *inside);

/* ---- other threads: in and out by themselves ---- */

/* What is left to do for who found the machine frozen: counted in in `slot`, which is taken back
 * until it is not; or counted out. */
void ke_inside_enter_frozen(struct ke_inside *inside, struct ke_inside_slot *slot);
void ke_inside_left_frozen(struct ke_inside *inside);

/* Wait until the machine is not frozen, and count in. */
static inline void ke_inside_enter(struct ke_inside *inside)
{
    struct ke_inside_slot *slot = ke_inside_slot(inside);

    ke_inside_count_in_slot(slot, 1);
    if (__builtin_expect(ke_inside_is_frozen(inside), 0))
        ke_inside_enter_frozen(inside, slot);
}

/* Count out. => the thread entered */
static inline void ke_inside_leave(struct ke_inside *inside)
{
    ke_inside_count_in_slot(ke_inside_slot(inside), -1);
    if (__builtin_expect(ke_inside_is_frozen(inside), 0))
        ke_inside_left_frozen(inside);
}
