/* src/ke/inside.c: see inside.h. */
#include "ke/inside.h"

#include <limits.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ke/futex.h"

void ke_inside_init(struct ke_inside *inside)
{
    inside->asymmetric =
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

unsigned ke_ask_host_processor(void)
{
    return (unsigned)sched_getcpu();
}

struct ke_inside_slot *ke_inside_find_slot(struct ke_inside *inside, uint64_t thread)
{
    for (uint64_t i = 0; inside->asymmetric && i < KE_INSIDE_THREADS; i++) {
        struct ke_inside_slot *slot =
            &inside->own[(thread / KE_INSIDE_APART + i) % KE_INSIDE_THREADS];
        uint64_t owner = __atomic_load_n(&slot->thread, __ATOMIC_RELAXED);

        if (owner == thread ||
            (owner == 0 && __atomic_compare_exchange_n(&slot->thread, &owner, thread, false,
                                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
            return slot;
    }
    return ke_inside_shared_slot(inside);
}

/* ---- guest threads ---- */

void ke_inside_add(struct ke_inside *inside)
{
    __atomic_fetch_add(&ke_inside_shared_slot(inside)->count, 1, __ATOMIC_SEQ_CST);
}

void ke_inside_remove(struct ke_inside *inside)
{
    __atomic_fetch_sub(&ke_inside_shared_slot(inside)->count, 1, __ATOMIC_SEQ_CST);
    if (ke_inside_is_frozen(inside))
        ke_inside_left_frozen(inside);
}

/* ---- other threads ---- */

void ke_inside_left_frozen(struct ke_inside *inside)
{
    __atomic_fetch_add(&inside->left, 1, __ATOMIC_SEQ_CST);
    ke_futex_wake(&inside->left, INT_MAX, KE_FUTEX_HOST);
}

void ke_inside_enter_frozen(struct ke_inside *inside, struct ke_inside_slot *slot)
{
    do {
        ke_inside_count_in_slot(slot, -1);
        ke_inside_left_frozen(inside);
        ke_inside_await_thaw(inside);
        slot = ke_inside_slot(inside);
        ke_inside_count_in_slot(slot, 1);
    } while (ke_inside_is_frozen(inside));
}

/* ---- who freezes ---- */

static int32_t sum(const struct ke_inside_slot *slots, unsigned count)
{
    int32_t all = 0;

    for (unsigned i = 0; i < count; i++)
        all += __atomic_load_n(&slots[i].count, __ATOMIC_SEQ_CST);
    return all;
}

uint32_t ke_inside_count(const struct ke_inside *inside)
{
    int32_t all = sum(inside->slot, KE_INSIDE_SLOTS) + sum(inside->own, KE_INSIDE_THREADS);

    return all > 0 ? (uint32_t)all : 0;
}

void ke_inside_await_none(struct ke_inside *inside)
{
    for (;;) {
        uint32_t left = __atomic_load_n(&inside->left, __ATOMIC_SEQ_CST);
        if (ke_inside_count(inside) == 0)
            return;
        ke_futex_wait(&inside->left, left, KE_FUTEX_HOST, NULL);
    }
}

void ke_inside_await_thaw(struct ke_inside *inside)
{
    while (ke_inside_is_frozen(inside))
        ke_futex_wait(&inside->frozen, 1, KE_FUTEX_HOST, NULL);
}

void ke_inside_freeze(struct ke_inside *inside)
{
    __atomic_store_n(&inside->frozen, 1, __ATOMIC_SEQ_CST);
    if (inside->asymmetric) /* cannot fail: the program is registered */
        (void)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

void ke_inside_thaw(struct ke_inside *inside)
{
    __atomic_store_n(&inside->frozen, 0, __ATOMIC_SEQ_CST);
    ke_futex_wake(&inside->frozen, INT_MAX, KE_FUTEX_HOST);
}
